#include "tools/atp/cli.h"

#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance: letters to insert, delete or replace. Long words count as far. */
static unsigned distance(const char *a, const char *b)
{
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    unsigned row[WORD_MAX + 1];

    if (a_size > WORD_MAX || b_size > WORD_MAX) {
        return WORD_MAX;
    }
    for (unsigned k = 0; k <= b_size; k++) {
        row[k] = k;
    }
    for (unsigned i = 1; i <= a_size; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned k = 1; k <= b_size; k++) {
            unsigned replaced = diagonal + (a[i - 1] != b[k - 1]);
            diagonal = row[k];
            row[k] = least(replaced, least(row[k - 1], row[k]) + 1);
        }
    }
    return row[b_size];
}

const char *atp_suggest(const char *word, const char *const *names, unsigned count)
{
    size_t size = strlen(word);
    unsigned best = size <= 3 ? 2 : 3; /* below this is near */
    const char *ret = NULL;

    for (unsigned i = 0; i < count; i++) {
        if (size >= 3 && strncmp(names[i], word, size) == 0) {
            return names[i];
        }
        unsigned far = distance(word, names[i]);
        if (far < best) {
            best = far;
            ret = names[i];
        }
    }
    return ret;
}

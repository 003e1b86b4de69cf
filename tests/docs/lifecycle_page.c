/* The table of the lifecycle in docs/domain.md is that of engine/ledger/lifecycle/lifecycle.c.
 *
 * Usage: lifecycle_page PAGE [--update]
 *
 * Between the lines <!-- lifecycle --> and <!-- /lifecycle --> of the page stands what this program writes; with --update it
 * writes it there, without it says so if the page has anything else and ends with 1. */
#include "engine/ledger/lifecycle/lifecycle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN "<!-- lifecycle -->\n"
#define END   "<!-- /lifecycle -->\n"

static void print_change(FILE *out, int change)
{
    if (change == 0) {
        fprintf(out, " |");
    } else {
        fprintf(out, " %+d |", change);
    }
}

static void print_steps(FILE *out)
{
    fprintf(out, "| step | from | to | reserved | allocated | on-hand |\n|---|---|---|---|---|---|\n");
    for (unsigned step = 0; step < ATP_STEP_COUNT; step++) {
        const atp_step_rule_t *rule = &atp_steps[step];
        for (unsigned i = 0; i < rule->row_count; i++) {
            const atp_transition_t *row = &rule->rows[i];
            fprintf(out, "| `%s` | %s | %s |", rule->name, atp_line_state_name(row->from),
                    atp_line_state_name(row->to));
            print_change(out, row->reserved);
            print_change(out, row->allocated);
            print_change(out, row->on_hand);
            fputc('\n', out);
        }
    }
}

static void print_dispositions(FILE *out)
{
    fprintf(out, "\n| units that come back as | on-hand | unavailable |\n|---|---|---|\n");
    for (unsigned i = 0; i < ATP_DISPOSITION_COUNT; i++) {
        fprintf(out, "| `%s` |", atp_dispositions[i].name);
        print_change(out, atp_dispositions[i].on_hand);
        print_change(out, atp_dispositions[i].unavailable);
        fputc('\n', out);
    }
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = file != NULL ? calloc(1, 4u << 20) : NULL;

    if (text == NULL || fread(text, 1, (4u << 20) - 1, file) == 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    fclose(file);
    return text;
}

static char *render(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL) {
        exit(2);
    }
    print_steps(out);
    print_dispositions(out);
    fclose(out);
    return text;
}

static int update(const char *path, const char *page, const char *begin, const char *end, const char *table)
{
    FILE *out = fopen(path, "wb");

    if (out == NULL) {
        return 2;
    }
    fwrite(page, 1, (size_t)(begin - page), out);
    fputs(table, out);
    fputs(end, out);
    return fclose(out) == 0 ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: lifecycle_page PAGE [--update]\n");
        return 2;
    }
    char *page = read_file(argv[1]);
    char *table = render();
    const char *begin = strstr(page, BEGIN);
    const char *end = begin != NULL ? strstr(begin, END) : NULL;
    int status = 1;

    if (end == NULL) {
        fprintf(stderr, "%s: the lines %s and %s are missing\n", argv[1], "<!-- lifecycle -->",
                "<!-- /lifecycle -->");
    } else if (argc > 2 && strcmp(argv[2], "--update") == 0) {
        status = update(argv[1], page, begin + strlen(BEGIN), end, table);
    } else if ((size_t)(end - begin) - strlen(BEGIN) != strlen(table) ||
               memcmp(begin + strlen(BEGIN), table, strlen(table)) != 0) {
        fprintf(stderr, "%s: the lifecycle has changed; it should say (--update writes it):\n%s", argv[1],
                table);
    } else {
        status = 0;
    }
    free(table);
    free(page);
    return status;
}

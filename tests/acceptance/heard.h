/* What atpd tells of availability: all of it, from one moment to the next. The moments are marks, changes of a position of their own:
 * events come in the order of the changes, so that what is heard before the event of a mark was told before it, and nothing of
 * that is still to come. Nothing waits for time to pass.
 *
 * A failure anywhere in here fails the test that runs. */
#ifndef ATP_TESTS_ACCEPTANCE_HEARD_H
#define ATP_TESTS_ACCEPTANCE_HEARD_H

#include "tests/acceptance/acceptance.h"

typedef struct heard {
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    int64_t atp;
    int64_t promisable;
    uint64_t version;
    bool is_out_of_stock;
} heard_t;

/* Begins to hear: what was told before is passed over. The caller closes the watch. */
atp_watch_t *hear(acceptance_t *a);

/* All that is told of what has been done since the last call: returns how many events, but those of marks. Fails if there are more than
 * `capacity`. */
size_t hear_all(acceptance_t *a, atp_watch_t *watch, heard_t *ret_heard, size_t capacity);

/* The same: one event, of that position, which says what can be promised there now. Returns it. */
heard_t hear_one(acceptance_t *a, atp_watch_t *watch, const char *sku, const char *node, int64_t promisable);
/* The same: none. */
void hear_none(acceptance_t *a, atp_watch_t *watch);

#endif

/* The newest number heard of each source that publishes: to tell of gaps at once, and of a source that went back to an epoch it has left.
 * The ledger keeps the truth, which batch was applied; a batch of an earlier epoch it ignores as one that comes late. That is right of
 * one that was heard under that epoch. What was never heard is news of a source whose epoch went back (a clock that was put right, an
 * image of last week): nobody else would say it, and nobody else has its facts.
 *
 * Of a source the epoch before its current one is known as well, as far as it was heard since atpd started.
 *
 * Threads     one.   Memory  40 KiB; two sources of one slot forget each other. */
#ifndef ATP_ATPD_HEARD_H
#define ATP_ATPD_HEARD_H

#include <stdbool.h>
#include <stdint.h>

#define ATP_HEARD_MAX 1024

typedef struct atp_heard {
    struct {
        uint64_t source; /* its hash */
        uint64_t epoch;
        uint64_t sequence; /* the highest */
        uint64_t epoch_before;
        uint64_t sequence_before;
    } slots[ATP_HEARD_MAX];
} atp_heard_t;

/* True for a batch of an earlier epoch of the source that was not heard before. */
bool atp_heard_went_back(const atp_heard_t *heard, uint64_t source, uint64_t epoch, uint64_t sequence);

/* Notes a batch. Returns the number after which some were skipped; 0: none was. */
uint64_t atp_heard_note(atp_heard_t *heard, uint64_t source, uint64_t epoch, uint64_t sequence);

#endif

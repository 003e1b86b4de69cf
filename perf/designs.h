/* Two small ledgers that decide the same requests, for the question "one writer, or a compare-and-swap a position?"
 * (docs/decisions/0001-one-writer.md). Each keeps the least that a reserve needs: what is available at each position, the
 * answers by id, and a record of 64 bytes for each grant. None expires anything, keeps strings, or orders the lines of a
 * position: that would be more work in either, and much harder in the second.
 *
 *     plain   one thread applies; nothing is atomic
 *     cas     any thread applies: the id is claimed with a compare-and-swap, then each line is taken with one. A line
 *             that is refused gives the lines before it back, so that others may be refused meanwhile although there is
 *             enough; with `locks` the positions are locked in order instead. With `numbered` each op takes a number from
 *             one shared counter, which a journal needs.
 *
 * Threads     plain: one.   cas: any number.
 * Memory      all taken at create. */
#ifndef ATP_PERF_DESIGNS_H
#define ATP_PERF_DESIGNS_H

#include "engine/base/assert.h"
#include "engine/base/atomics.h"
#include "engine/base/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define DESIGN_LINES_MAX 4

/* A request after intake. */
typedef struct ask {
    atp_fingerprint_t id;
    uint64_t digest;
    uint32_t line_count;
    struct {
        uint32_t position;
        int32_t qty;
    } lines[DESIGN_LINES_MAX];
    uint64_t answer; /* op number << 2 | verdict */
} ask_t;

typedef enum design_verdict { DESIGN_GRANTED = 1, DESIGN_REFUSED = 2, DESIGN_CONFLICT = 3 } design_verdict_t;

static inline design_verdict_t ask_verdict(const ask_t *ask)
{
    return (design_verdict_t)(ask->answer & 3);
}

typedef struct design_slot {
    _Atomic uint64_t key; /* 0 = free */
    _Atomic uint64_t answer;
    uint64_t digest;
    uint64_t id_high;
} design_slot_t;

typedef struct design_position {
    _Alignas(ATP_CACHE_LINE) _Atomic int64_t available;
    _Atomic uint32_t is_locked;
} design_position_t;

typedef struct design_grant {
    uint64_t number;
    uint64_t id_low;
    uint64_t digest;
    uint64_t line_count;
    struct {
        uint32_t position;
        int32_t qty;
    } lines[DESIGN_LINES_MAX];
} design_grant_t;

_Static_assert(sizeof(design_grant_t) == 64, "one record, one cache line");

typedef struct design {
    /* set at create, read-only after */
    design_position_t *positions;
    design_slot_t *slots;
    design_grant_t *grants;
    uint64_t position_count;
    uint64_t slot_mask;
    uint64_t grant_capacity;
    bool is_locking;
    bool is_numbered;
    /* stored by all */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t next_number;
} design_t;

/* Room for `asks` different ids. */
design_t *design_create(uint64_t positions, uint64_t asks);
void design_destroy(design_t *design);
/* Back to the beginning: `qty` at each position, nothing remembered. */
void design_reset(design_t *design, int64_t qty);

static inline design_slot_t *design_slot_of(const design_t *design, const ask_t *ask)
{
    return &design->slots[ask->id.low & design->slot_mask];
}

static inline void design_prefetch(const design_t *design, const ask_t *ask)
{
    __builtin_prefetch(design_slot_of(design, ask), 1);
    for (uint32_t i = 0; i < ask->line_count; i++) {
        __builtin_prefetch(&design->positions[ask->lines[i].position], 1);
    }
}

/* Answers in ask->answer. */
void design_apply_plain(design_t *design, ask_t *ask);
/* `grant`: where this thread puts its next record, when the ops are not numbered. */
void design_apply_cas(design_t *design, ask_t *ask, design_grant_t *grant);

/* Gives the lines back. */
void design_release_plain(design_t *design, const ask_t *ask);
void design_release_cas(design_t *design, const ask_t *ask);

/* A sum over what is available where; and how much is gone since the reset to `qty`. */
uint64_t design_hash(const design_t *design);
int64_t design_taken(const design_t *design, int64_t qty);

#endif

/* The ops of a batch or a frame, one after the other, while the memory of those to come is on its way: each time one is
 * handed out, the ones behind it are a step further in atp_ledger_prefetch. Nothing is applied ahead of time.
 *
 *     atp_ahead_begin(&ahead, ledger, first, count);
 *     while ((op = atp_ahead_next(&ahead)) != NULL) { apply it }
 *
 * Threads     the ledger thread, or the one thread of a recovery.
 * Memory      about 1 KiB; the records stay the caller's, well-formed and readable to the last one. */
#ifndef ATP_ENGINE_AHEAD_H
#define ATP_ENGINE_AHEAD_H

#include "engine/ledger/ledger.h"

#define ATP_AHEAD_GAP  3 /* ops between two steps of one op: about the time a cache line takes to come */
#define ATP_AHEAD_OPS  (ATP_PREFETCH_STEPS * ATP_AHEAD_GAP)
#define ATP_AHEAD_RING 64 /* a power of two above ATP_AHEAD_OPS */
#define ATP_AHEAD_FROM 4  /* fewer ops are done before it would help */

_Static_assert(ATP_AHEAD_RING > ATP_AHEAD_OPS, "an op is not overwritten before it is handed out");

typedef struct atp_ahead {
    const atp_ledger_t *ledger;
    const atp_op_t *next; /* the first one not looked at */
    uint32_t count;
    uint32_t turn;
    uint32_t handed_out;
    uint32_t ahead; /* ops looked at before one is handed out */
    const atp_op_t *ops[ATP_AHEAD_RING];
    atp_prefetch_t hints[ATP_AHEAD_RING];
} atp_ahead_t;

static inline void atp_ahead_begin(atp_ahead_t *ahead, const atp_ledger_t *ledger, const atp_op_t *first,
                                   uint32_t count)
{
    ahead->ledger = ledger;
    ahead->next = first;
    ahead->count = count;
    ahead->turn = 0;
    ahead->handed_out = 0;
    ahead->ahead = count < ATP_AHEAD_FROM ? 0 : ATP_AHEAD_OPS;
}

/* Looks at one more op and brings those behind it a step further. */
static inline void atp_ahead_step(atp_ahead_t *ahead)
{
    uint32_t turn = ahead->turn++;

    if (turn < ahead->count) {
        ahead->ops[turn % ATP_AHEAD_RING] = ahead->next;
        ahead->next = atp_op_next(ahead->next);
    }
    for (uint32_t step = 0; ahead->ahead > 0 && step < ATP_PREFETCH_STEPS; step++) {
        uint32_t i = turn - step * ATP_AHEAD_GAP; /* before its turn it is a huge number */
        if (i < ahead->count) {
            atp_ledger_prefetch(ahead->ledger, ahead->ops[i % ATP_AHEAD_RING], (atp_prefetch_step_t)step,
                                &ahead->hints[i % ATP_AHEAD_RING]);
        }
    }
}

/* The next op to apply; NULL after the last. */
static inline const atp_op_t *atp_ahead_next(atp_ahead_t *ahead)
{
    if (ahead->handed_out == ahead->count) {
        return NULL;
    }
    while (ahead->turn <= ahead->handed_out + ahead->ahead) {
        atp_ahead_step(ahead);
    }
    return ahead->ops[ahead->handed_out++ % ATP_AHEAD_RING];
}

#endif

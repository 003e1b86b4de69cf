/* The wheel: all reservations that can expire, by time, so that each pulse finds what is due.
 *
 * 65,536 slots of 32 ms: one turn is about 35 minutes; a reservation further ahead stays in its slot and is
 * passed over until its turn. A slot is swept once its time is fully over, so a sweep lags its deadlines by up
 * to 32 ms; exactness does not rest on the wheel but on the deadline order of each position (an op and a reader first
 * settle what is due where they look). Work is bounded by the limit of each pulse.
 *
 * Threads     ledger thread only.
 * Memory      one primary table of 65,536 heads; links are in the reservations.
 * Invariants  W1  a reservation in the wheel stands in the slot of its deadline.
 *             W2  a reservation of a slot before the sweep position is met again before ledger time: there are such
 *                 only after the sweep fell behind by more than a turn and skipped what it meets anyway. */
#ifndef ATP_LEDGER_WHEEL_H
#define ATP_LEDGER_WHEEL_H

#include "engine/ledger/reservations/reservations.h"

#define ATP_WHEEL_SLOTS   65536u
#define ATP_WHEEL_SLOT_MS 32

/* The part of the root record that belongs to the wheel. */
typedef struct atp_wheel_heads {
    int64_t sweep_slot;    /* number of the next slot to sweep, counted from 1970 */
    uint32_t sweep_resume; /* where a pulse stopped inside it: reservation + 1; 0 = at the head */
    uint32_t unused;
} atp_wheel_heads_t;

typedef struct atp_wheel {
    atp_table_t slots; /* u32: first reservation + 1 */
    /* borrowed */
    atp_reservations_t *reservations;
    atp_wheel_heads_t *heads;
    /* not state: every slot below was seen without anything due */
    int64_t quiet_until_slot;
    int64_t clear_ms;           /* not state: nothing is due at that time, nor was before */
    int64_t uncrowded_until_ms; /* not state: see is_crowded */
} atp_wheel_t;

#define ATP_WHEEL_LOOKS                                                                                      \
    65536 /* reservations of a slot that is not over that are looked at to find those due */

/* Enters a reservation by its deadline; it is not in the wheel (asserted). */
void atp_wheel_insert(atp_wheel_t *wheel, uint32_t number);

/* Takes a reservation out; it is in the wheel (asserted). */
void atp_wheel_remove(atp_wheel_t *wheel, uint32_t number);

/* True if a pulse at `now_ms` would find something to expire. Changes no state. */
bool atp_wheel_is_due(atp_wheel_t *wheel, int64_t now_ms);

/* No deadline in the wheel is before that time, except those it has not swept yet: then a time that has come. Looks at few slots, so
 * that it may be earlier than the soonest deadline. */
int64_t atp_wheel_quiet_until(const atp_wheel_t *wheel, int64_t now_ms);

/* Visits up to `limit` reservations of the slots that are over at `now_ms` and calls `expire` for each that is
 * due; `expire` takes it out of the wheel. */
void atp_wheel_sweep(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit,
                     void (*expire)(void *context, uint32_t reservation), void *context);

/* As atp_wheel_sweep, and then the slot that `now_ms` is in: after it nothing that is due is left in the wheel, unless
 * `limit` ended it. Of that slot up to `limit` expire, and ATP_WHEEL_LOOKS are looked at, or as many as `limit` says. */
void atp_wheel_settle(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit,
                      void (*expire)(void *context, uint32_t reservation), void *context);

/* True if a reservation is due at `now_ms`, or may be: it looks at ATP_WHEEL_LOOKS at most. */
bool atp_wheel_has_due(const atp_wheel_t *wheel, int64_t now_ms);

/* True if more than `limit` reservations are due at `now_ms`, or may be: it looks at ATP_WHEEL_LOOKS at most. Changes no state.
 * What it finds out holds until more can be due: what is made meanwhile, to live shorter than a slot, it does not see. */
bool atp_wheel_is_crowded(atp_wheel_t *wheel, int64_t now_ms, uint64_t limit);

#endif

/* What happened to reservations: a ring of the newest steps, linked for each reservation, newest first.
 *
 * Every step of a line is kept with the op that made it, its time and its cause. When the ring is full the oldest go; a
 * chain then ends earlier, and says so. That a reservation was granted is in the ring too, as the step reserve.
 *
 * Threads     ledger thread only.
 * Memory      56 bytes a step, 8 bytes a reservation.
 * Invariants  Y1  a chain leads from newer numbers to older ones, all of one reservation. */
#ifndef ATP_LEDGER_HISTORY_H
#define ATP_LEDGER_HISTORY_H

#include "engine/base/qty.h"
#include "engine/ledger/lifecycle.h"
#include "engine/ledger/table.h"

#include <stdint.h>

typedef struct atp_history_step {
    uint64_t number;   /* from 1, dense */
    uint64_t previous; /* of the same reservation; 0 = it is the first */
    uint64_t op;
    int64_t time_ms;
    atp_qty_t qty;
    uint32_t row; /* of the position it was at */
    uint32_t unused;
    uint32_t client; /* who asked; 0 = the engine itself */
    uint16_t line;   /* which line of the request it served, from 0 */
    uint8_t step;    /* atp_step_t */
    uint8_t op_kind; /* the op that caused it; an expiry may be met by any */
} atp_history_step_t;

_Static_assert(sizeof(atp_history_step_t) == 56, "stored: no padding");

/* The part of the root record that belongs to the history. */
typedef struct atp_history_heads {
    uint64_t newest; /* number of the newest step; 0 = none yet */
} atp_history_heads_t;

typedef struct atp_history {
    atp_table_t steps;
    atp_table_t last;           /* u64 a reservation: number of its newest step */
    atp_history_heads_t *heads; /* borrowed */
} atp_history_t;

/* Adds a step of a reservation; number and link are filled in. */
void atp_history_add(atp_history_t *history, uint32_t reservation, const atp_history_step_t *step);

/* A reservation's number is used again: it has no history yet. */
void atp_history_forget(atp_history_t *history, uint32_t reservation);

/* The newest step of a reservation, and the one before a step; NULL if there is none, or it is gone. */
const atp_history_step_t *atp_history_newest(const atp_history_t *history, uint32_t reservation);
const atp_history_step_t *atp_history_before(const atp_history_t *history, const atp_history_step_t *step);

#endif

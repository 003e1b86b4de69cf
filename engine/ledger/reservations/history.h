/* What happened to reservations: a ring of the newest steps, linked for each reservation, newest first.
 *
 * Every step of a line is kept with the op that made it, its time and its cause. When the ring is full the oldest go; a
 * chain then ends earlier, and says so. That a reservation was granted is in the ring too, as the step reserve.
 *
 * The correlation id of an op that made steps is kept once, in a ring of its own. That has as many places as there are
 * steps, so that an id is there as long as a step that refers to it.
 *
 * Threads     ledger thread only.
 * Memory      56 bytes a step, 8 bytes a reservation; 80 bytes an op with a correlation id.
 * Invariants  Y1  a chain leads from newer numbers to older ones, all of one reservation.
 *             Y2  a step refers to no correlation id, or to one that is kept, of its own op. */
#ifndef ATP_LEDGER_HISTORY_H
#define ATP_LEDGER_HISTORY_H

#include "engine/base/qty.h"
#include "engine/ledger/lifecycle/lifecycle.h"
#include "engine/ledger/tables/table.h"

#include <stdint.h>

typedef struct atp_history_step {
    uint64_t number;   /* from 1, dense */
    uint64_t previous; /* of the same reservation; 0 = it is the first */
    uint64_t op;
    int64_t time_ms;
    atp_qty_t qty;
    uint32_t row;         /* of the position it was at */
    uint32_t correlation; /* place of its op's correlation id + 1; 0 = it has none */
    uint32_t client;      /* who asked; 0 = the engine itself */
    uint16_t line;        /* which line of the request it served, from 0 */
    uint8_t step;         /* atp_step_t */
    uint8_t op_kind;      /* the op that caused it; an expiry may be met by any */
} atp_history_step_t;

_Static_assert(sizeof(atp_history_step_t) == 56, "stored: no padding");

typedef struct atp_correlation {
    uint64_t op;
    uint8_t size;
    uint8_t unused[7];
    char text[ATP_ID_SIZE_MAX];
} atp_correlation_t;

_Static_assert(sizeof(atp_correlation_t) == 80, "stored: no padding");

/* The part of the root record that belongs to the history. */
typedef struct atp_history_heads {
    uint64_t newest;       /* number of the newest step; 0 = none yet */
    uint64_t correlations; /* how many ever were kept: the next goes to this, modulo the places */
} atp_history_heads_t;

typedef struct atp_history {
    atp_table_t steps;
    atp_table_t last;           /* u64 a reservation: number of its newest step */
    atp_table_t correlations;   /* as many places as steps */
    atp_history_heads_t *heads; /* borrowed */
} atp_history_t;

/* Adds a step of a reservation, with its number and link; the caller writes all other fields: an older step may have had the place. */
atp_history_step_t *atp_history_add(atp_history_t *history, uint32_t reservation);

/* Keeps the correlation id of the op that makes steps now, once for all its steps, and returns its place + 1. */
uint32_t atp_history_correlate(atp_history_t *history, uint64_t op, atp_text_t correlation);

/* The correlation id of a step; "" if it has none. */
atp_text_t atp_history_correlation(const atp_history_t *history, const atp_history_step_t *step);

/* A reservation's number is used again: it has no history yet. */
void atp_history_forget(atp_history_t *history, uint32_t reservation);

/* The step of that number; NULL if there is none, or it is gone. */
const atp_history_step_t *atp_history_step(const atp_history_t *history, uint64_t number);

/* The newest step of a reservation, and the one before a step; NULL if there is none, or it is gone. */
const atp_history_step_t *atp_history_newest(const atp_history_t *history, uint32_t reservation);
const atp_history_step_t *atp_history_before(const atp_history_t *history, const atp_history_step_t *step);

#endif

/* Fates: what was decided of facts, so that a trace can tell it.
 *
 * Nobody waits for the answer to a fact that came in a numbered batch, and it has no id that an answer would be remembered under. So
 * the verdict is kept by the number of its op, in a ring of the newest, with the exception that keeps the fact or that it raised:
 * what became of that one since, stands there. A fact with an id has an outcome (outcomes.h); of one that was refused the exception
 * is kept here as well. Kept is what a trace can find: facts with a correlation id, and what is told of a reservation. All others
 * cost nothing.
 *
 * A batch that was applied before, or has to wait, makes no ops, and has no fate.
 *
 * Threads     ledger thread only.
 * Memory      24 bytes a fact; as many as steps of reservations are kept (capacity.history).
 * Invariants  F7  fates stand in the order of their ops, one for an op.
 *             F8  none names an exception that there never was; one that was refused names the exception that keeps it. */
#ifndef ATP_LEDGER_FATES_H
#define ATP_LEDGER_FATES_H

#include "engine/ledger/ops/op.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_fate {
    uint64_t op;
    uint64_t exception; /* the number of the newest that its op raised; 0 = it raised none */
    uint8_t verdict;
    uint8_t unused[7];
} atp_fate_t;

_Static_assert(sizeof(atp_fate_t) == 24, "stored: no padding");

/* The part of the root record that belongs to the fates. */
typedef struct atp_fate_heads {
    uint64_t newest; /* how many were ever kept */
} atp_fate_heads_t;

typedef struct atp_fates {
    atp_table_t ring;
    atp_fate_heads_t *heads; /* borrowed */
} atp_fates_t;

/* True for an op that is asked, or told, of one reservation: a trace finds it by that. */
static inline bool atp_op_is_of_reservation(const atp_op_t *op)
{
    return op->kind >= ATP_OP_RESERVE && op->kind < ATP_OP_RECEIVE;
}

/* True for an op that a trace can find. */
static inline bool atp_op_is_traced(const atp_op_t *op)
{
    return (op->flags & ATP_OP_CORRELATED) != 0 || atp_op_is_of_reservation(op);
}

/* True for an op whose fate is kept whatever it is. */
static inline bool atp_op_has_fate(const atp_op_t *op)
{
    return (op->flags & ATP_OP_IN_SOURCE) != 0 && atp_op_is_traced(op);
}

/* Keeps the fate of an op that is newer than all before; when the ring is full the oldest goes. */
void atp_fates_keep(atp_fates_t *fates, const atp_fate_t *fate);

/* How many are kept, and the one number `i` of them, oldest first. */
uint64_t atp_fates_kept(const atp_fates_t *fates);
const atp_fate_t *atp_fates_at(const atp_fates_t *fates, uint64_t i);

/* The fate of that op; NULL: none was kept, or it had to make room. */
const atp_fate_t *atp_fates_find(const atp_fates_t *fates, uint64_t op);

#endif

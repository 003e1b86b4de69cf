/* A fact told anew: an op record with other lines, in other units, or of another reservation.
 *
 * Threads     pure. */
#ifndef ATP_LEDGER_OP_EDIT_H
#define ATP_LEDGER_OP_EDIT_H

#include "engine/ledger/ops/op.h"

/* Writes `fact` to `buffer` (8-byte aligned): with the lines of `told` where it has some, in the units that it
 * tells where it tells some, and of the reservation that its attribute names where it has one; all else as it was. False: it has no room, or is no record that can be applied
 * (a kind that takes no such lines, a quantity out of its range, attributes of lines that are no more). */
ATP_MUST_USE bool atp_op_with(const atp_op_t *fact, const atp_op_t *told, uint64_t seed, void *buffer,
                              size_t capacity);

#endif

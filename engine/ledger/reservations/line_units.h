/* The units of a line by state: where each state's are kept, in the line and in the record beside it.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LINE_UNITS_H
#define ATP_LEDGER_LINE_UNITS_H

#include "engine/ledger/reservations/reservations.h"

/* Units of the line in `state`. Of those that were released, cancelled or expired no count is kept: 0. */
atp_qty_t atp_line_units(const atp_reservations_t *reservations, uint32_t number, atp_line_state_t state);

/* Units of the line that the step may move. */
atp_qty_t atp_line_units_for(const atp_reservations_t *reservations, uint32_t number, atp_step_t step);

/* Units of the line that have made the step already. */
atp_qty_t atp_line_units_past(const atp_reservations_t *reservations, uint32_t number, atp_step_t step);

/* True if something of the line has left, or come back, and the ERP has not confirmed that yet. */
bool atp_line_has_open_postings(const atp_reservations_t *reservations, uint32_t number);

/* True if the step needs a record beside a plain line: there must be room for it before the step is made. */
bool atp_step_needs_progress(atp_step_t step);

/* Moves `qty` units of the line, a row of it, by one row of the table. They are there, and so is room (asserted). */
void atp_line_shift(atp_reservations_t *reservations, uint32_t number, const atp_transition_t *row,
                    atp_qty_t qty);

/* The first state, in the order of life, that the line has units in; when it has none, how the last of them ended. A
 * reserved line whose deadline has passed counts as expired, although no op has settled it yet. */
atp_line_state_t atp_line_state(const atp_reservations_t *reservations, uint32_t number, int64_t now_ms);

#endif

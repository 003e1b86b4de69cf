/* Dated supply inside the ledger: what the files ledger_supply.c, ledger_pegs.c and ledger_transfer.c share with each other
 * and give to the rest. The records are in engine/ledger/supply/supplies.h.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LEDGER_SUPPLY_H
#define ATP_LEDGER_LEDGER_SUPPLY_H

#include "engine/ledger/ledger_priv.h"

/* ---- the ops: ledger_supply.c, ledger_transfer.c ---- */

atp_verdict_t atp_ledger_put_supply(apply_t *apply);
/* Of a supply, and of a transfer. */
atp_verdict_t atp_ledger_receive_supply(apply_t *apply);
atp_verdict_t atp_ledger_put_transfer(apply_t *apply);
atp_verdict_t atp_ledger_ship_transfer(apply_t *apply);
atp_verdict_t atp_ledger_cancel_transfer(apply_t *apply);

/* Tells of supply that became overdue, after looking at up to `limit` positions with supply. */
void atp_ledger_tell_overdue(apply_t *apply, uint64_t limit);

/* What transfers have under way to the position of a supply is not what it was `before`: feeds may have counted that. */
void atp_ledger_note_inbound(atp_ledger_t *ledger, uint32_t number, atp_qty_t before);

/* The reservation line of a transfer changed: `shipped` units have left, or, when that is 0, `given_back` will never. */
void atp_ledger_transfer_moved(atp_ledger_t *ledger, const atp_reservation_t *reservation, atp_qty_t shipped,
                               atp_qty_t given_back);

/* `qty` units of a transfer that has not left its source in whole come in: what came has left. The last receipt gives back what
 * never will. */
void atp_ledger_transfer_arrived(apply_t *apply, uint32_t number, atp_qty_t qty, bool is_final);

/* Finds the supply that is the op's subject. */
bool atp_ledger_find_supply(const apply_t *apply, uint32_t *ret_number);
/* Ends an open supply: what is still open of it will not come; its pegs lose it. */
void atp_ledger_close_supply(atp_ledger_t *ledger, uint32_t number, atp_supply_status_t status);
/* Lowers what is open of a supply; pegs beyond it lose it, the youngest first. */
void atp_ledger_lower_supply(atp_ledger_t *ledger, uint32_t number, atp_qty_t by);

/* ---- reserving against a date: ledger_pegs.c ---- */

/* Notes on a line of a reserve the day by which it is needed, if the request says so and supply may serve it. */
atp_verdict_t atp_ledger_note_needed_by(apply_t *apply, resolved_line_t *line);
/* What a reserve needed by that day may take of a row in all, `taken` by earlier lines of the op: atp(d), signed. */
atp_qty_t atp_ledger_promisable_by(const apply_t *apply, uint32_t row, uint16_t needed_by, atp_qty_t taken);
/* Whether there is room for the pegs of the plan; PEGS_FULL otherwise. */
atp_verdict_t atp_ledger_look_for_pegs(apply_t *apply);
/* How many of `granted` the row can give from what is here; the rest is to be pegged. */
atp_qty_t atp_ledger_here_of(const atp_ledger_t *ledger, uint32_t row, atp_qty_t granted);
/* Pegs `qty` units of line `number` to supply due by that day. There is as much, and room (look_for_pegs). */
void atp_ledger_peg(apply_t *apply, uint32_t number, uint16_t needed_by, atp_qty_t qty);
/* Gives `qty` pegged units of line `number` back to their supply. */
void atp_ledger_unpeg(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty);

/* Pegged units of line `number` of a reservation that the op replaces, that count for each of its lines: of supply due by the first
 * of the days its lines are needed by. 0 if a line may be served from what is here alone. */
atp_qty_t atp_ledger_pegs_given_back(const apply_t *apply, uint32_t number);

/* Pegged units of a line no longer expire, and are allocated as they come (ledger_lines.c). Returns how many became so. */
atp_qty_t atp_ledger_firm(atp_ledger_t *ledger, uint32_t number);
/* The same for all lines of a reservation. */
atp_qty_t atp_ledger_firm_all(atp_ledger_t *ledger, uint32_t reservation);

/* Priority or firmness of a line has changed: where its pegs stand. */
void atp_ledger_rank_pegs(atp_ledger_t *ledger, uint32_t number);
void atp_ledger_rank_all_pegs(atp_ledger_t *ledger, uint32_t reservation);

/* Answers an allocation that made `firm` units firm, whether they are here or not. */
void atp_ledger_answer_firm(apply_t *apply, uint32_t reservation, atp_qty_t firm);

/* ---- when supply changes ---- */

/* Pegs of a supply that is due too late for them lose it. */
void atp_ledger_drop_late_pegs(atp_ledger_t *ledger, uint32_t number);
/* Takes `qty` pegged units off a supply, the youngest first: they are unbacked. */
void atp_ledger_unback(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty);
/* Other supply in time for one unbacked peg of the row. True: none of it is unbacked any more. */
bool atp_ledger_back_peg(apply_t *apply, uint32_t row, uint32_t number);

#define ATP_PEGS_LOOKED_AT                                                                                   \
    1024 /* promises that look for other supply, or are named, in one op: bounds its work */

/* ---- ledger_at_risk.c: units that come, and promises at risk ---- */

/* Turns up to `most` units pegged to a supply into reserved ones, in their order, as far as there is stock. */
void atp_ledger_fill_supply(apply_t *apply, uint32_t number, atp_qty_t most);
/* Serves unbacked promises of a row from what is here, then from other supply in time, in their order; what finds none is told
 * in an exception, once. Those that one op does not come to do so by pulses. */
void atp_ledger_back(apply_t *apply, uint32_t row);
/* Promises of the row are at risk from now on. */
void atp_ledger_note_at_risk(atp_ledger_t *ledger, uint32_t row);
/* A row that is flagged so changes: when the op is done they are looked at. */
void atp_ledger_note_at_risk_due(atp_ledger_t *ledger, uint32_t row);
/* Gives what is free to the promises at risk of all rows that are due, as far as the op goes. */
void atp_ledger_serve_due(apply_t *apply);

#endif

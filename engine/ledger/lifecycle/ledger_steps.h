/* What the files of steps share: ledger_steps.c (asked for), ledger_step_facts.c (told), ledger_returns.c (come back).
 *
 * Choosing comes before moving: a step that is refused has changed nothing but what expired. */
#ifndef ATP_LEDGER_LEDGER_STEPS_H
#define ATP_LEDGER_LEDGER_STEPS_H

#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/reservations/line_units.h"

/* The reservation that the op names; false if it names none, or one that is not there. */
bool atp_steps_find_reservation(apply_t *apply, uint32_t *ret_number);

/* What is due of it expires before the step: it is never revived. */
void atp_steps_settle(apply_t *apply, uint32_t number);

/* Puts all lines that have units for the step into ledger->lines; the verdict says why there is none. */
atp_verdict_t atp_steps_choose_all_lines(apply_t *apply, const atp_reservation_t *reservation,
                                         atp_step_t step, uint32_t *ret_count);

/* The same, behind the `count` lines chosen before. TOO_MANY_LINES: no op moves so many. */
atp_verdict_t atp_steps_add_all_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                      uint32_t *count);

/* Units of a line that the step may be asked for: those it moves; of an allocation also those that wait, which become firm. */
atp_qty_t atp_steps_units_for(const apply_t *apply, uint32_t number, atp_step_t step);

/* Chooses the line of a reservation that `chosen`, line `i` of the op, means; its units count as taken. */
atp_verdict_t atp_steps_choose_line(apply_t *apply, uint32_t number, atp_step_t step, uint32_t i,
                                    resolved_line_t *chosen);

/* A step of a whole order: ledger_order_steps.c. */
atp_verdict_t atp_ledger_step_order(apply_t *apply, atp_step_t step);

/* Whether on-hand stays in range (P2) when the chosen lines leave. */
atp_verdict_t atp_steps_look_at_on_hand(apply_t *apply, uint32_t count);

/* Makes room for the records that the chosen lines need for the step; PROGRESS_FULL if there is none. */
atp_verdict_t atp_steps_need_progress(apply_t *apply, uint32_t reservation, atp_step_t step, uint32_t count);

/* Keeps an exception for a row that names the reservation. */
void atp_steps_raise(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty, uint32_t number);
/* The same, that names a reservation which need not be there. */
void atp_steps_raise_for(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty,
                         atp_text_t reservation);

/* The node cannot fulfil `qty` units of a line: other nodes serve them, if that is the policy; what is left is short, and an exception
 * tells it. Where they should be they are missing, unless the op says that they are there. */
void atp_steps_short(apply_t *apply, uint32_t number, uint32_t line, atp_qty_t qty);

/* The units of the first `count` of ledger->lines, into the answer. */
void atp_steps_answer(apply_t *apply, uint32_t count);

/* ---- ledger_kit_steps.c ---- */

/* Chooses for a line of the op that names a kit: its own units, then its components in proportion, and those that went there from
 * another node. False if the reservation has no components of it there: it is a line like any other. */
bool atp_steps_choose_kit(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                          resolved_line_t wanted, uint32_t *ret_count, atp_verdict_t *ret_verdict);
/* The component after the kit's line, or after another of its components, + 1; 0 = no more. */
uint32_t atp_steps_next_component(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t number);
/* Kits of the line whose components are all promised and not firm. */
int64_t atp_steps_soft_kits(const atp_ledger_t *ledger, uint32_t kit_line);
/* How many such units of a component are not needed to keep so many of the kits whole. */
atp_qty_t atp_steps_beyond_kits(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t number, int64_t kits);
/* How many units of each component go with `kits` of the `left` kits that their kit's line has in the state they leave. Asked of
 * all its components in their order: a component of which units went to other nodes has several lines, one behind the other. */
typedef struct atp_kit_share {
    uint32_t kit_line;
    uint32_t sku; /* of the line before; as of the beginning none is */
    bool has_begun;
    int64_t left;
    int64_t kits;
    atp_qty_t rest; /* of the component, that its lines before did not have */
} atp_kit_share_t;
/* Of the next line, which has `units` that can go. */
atp_qty_t atp_steps_share_next(const atp_ledger_t *ledger, atp_kit_share_t *share, uint32_t number,
                               atp_qty_t units);
/* The arithmetic of kits: the head of ledger_kit_steps.c. Units of `granted` that go with `kits` of the `left` of all `all`. */
atp_qty_t atp_steps_share_of(atp_qty_t granted, int64_t all, int64_t left, int64_t kits);
/* The greatest number of kits, up to `all`, whose units of a component are at most `units` of `granted`. */
int64_t atp_steps_kits_in(atp_qty_t units, atp_qty_t granted, int64_t all);
/* Whether `told`, a kit at a node, means kits of line `number`: those of a line at that position, wherever their parts are (then
 * *ret_node is NO_NODE), or those whose parts all went to that node from the one where the line is. */
bool atp_steps_means_kits_of(apply_t *apply, const resolved_line_t *told, uint32_t number,
                             uint16_t *ret_node);
/* The first component of the kit's line that stands at `node` (NO_NODE: wherever), + 1; 0 = nothing was put together. */
uint32_t atp_steps_first_component(const atp_ledger_t *ledger, uint32_t kit_line, uint16_t node);
/* Kits of the line whose components, of those that stand at `node` (NO_NODE: wherever), can all make the step, or (past) have. */
int64_t atp_steps_kits_for(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node);
int64_t atp_steps_kits_past(apply_t *apply, uint32_t kit_line, atp_step_t step, uint16_t node);
/* Units of a line that can make the step; 0 if they stand elsewhere. */
atp_qty_t atp_steps_units_told_at(apply_t *apply, uint32_t number, atp_step_t step, uint16_t node);
/* Ships up to `qty` of a kit that has left from the components of the reservation's kits, allocated ones first; returns what is
 * left. */
atp_qty_t atp_steps_ship_kits(apply_t *apply, uint32_t reservation, const resolved_line_t *shipped,
                              atp_qty_t qty);

#endif

/* What the files of edits share: ledger_edit_plan.c decides, ledger_edit.c applies.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LEDGER_EDIT_H
#define ATP_LEDGER_LEDGER_EDIT_H

#include "engine/ledger/lifecycle/ledger_steps.h"

/* Units of a line that are promised but not firm: reserved, backordered or pegged. */
atp_qty_t atp_edit_soft_units(const atp_reservations_t *reservations, uint32_t number);

/* What the reservation has of a SKU at a node (NO_NODE: anywhere) that is not firm, put-together kits counted as kits. What is a
 * component of a kit belongs to the kit. */
atp_qty_t atp_edit_units_of(apply_t *apply, const atp_reservation_t *reservation, uint32_t sku,
                            uint16_t node);

/* Decides the edit as a whole, into ledger->lines: what is given back (granted below 0, of the reservation's line `line`), then
 * what comes in. Nothing but expiry has changed after it. */
atp_verdict_t atp_edit_plan(apply_t *apply, uint32_t number);

/* The reservation's line that takes in more of the row, + 1; 0: a new one has to. */
uint32_t atp_edit_growing_line(const atp_ledger_t *ledger, const atp_reservation_t *reservation,
                               uint32_t row);

#endif

/* Capacity of nodes inside the ledger: what the files that plan and book share. See ledger_capacity.c.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LEDGER_CAPACITY_H
#define ATP_LEDGER_LEDGER_CAPACITY_H

#include "engine/ledger/channels/ledger_accounts.h"

/* How much the op may still book at a node, what its plan takes there counted; ATP_UNITS_NO_LIMIT where nothing limits it.
 * Less than `wanted`: only after what is due has expired, and ret_why says why. */
atp_units_t atp_ledger_capacity_at(apply_t *apply, uint16_t node, atp_units_t wanted, atp_verdict_t *ret_why);

/* What is due expires, once an op and so many at most: it counts in no decision about capacity. */
void atp_ledger_settle_capacity(apply_t *apply);

/* The plan's lines have changed: what they take is counted anew. */
void atp_ledger_recount_capacity(atp_ledger_t *ledger);

/* Chooses the day for each node of the plan that has a calendar, and makes room for the bookings; else a verdict. What a reservation
 * that is edited or moved has booked at a node stays on its day, and so does what comes to it there; once that day is over all of it
 * is for a day to come. Nothing but expiry and forgotten reservations has changed. */
atp_verdict_t atp_ledger_plan_bookings(apply_t *apply);

/* Bookings of the reservation that are for another day by the plan go there; before its units change. */
void atp_ledger_move_bookings(apply_t *apply, uint32_t reservation);

/* The booking of a reservation at a node with a calendar, if it has none there: on the day that the plan chose. */
void atp_ledger_need_booking(atp_ledger_t *ledger, uint32_t reservation, uint16_t node);

/* The account of a reservation flagged ATP_RESERVATION_ACCOUNTED_CAPACITY. */
void atp_ledger_account_capacity(atp_ledger_t *ledger, const account_change_t *change);

/* Brings what is published of a node up to that time. */
void atp_ledger_refresh_node(atp_ledger_t *ledger, uint16_t node, int64_t now_ms);
/* The same after what is due has expired, where that may have capacity there. */
void atp_ledger_settle_node(atp_ledger_t *ledger, uint16_t node, int64_t now_ms);

/* The calendar that a node op tells (node NULL: of a new one), checked; then keeping it. */
atp_verdict_t atp_ledger_look_at_calendar(apply_t *apply, const uint16_t *node,
                                          atp_node_calendar_t *ret_told);
void atp_ledger_put_calendar(apply_t *apply, uint16_t node, const atp_node_calendar_t *told);

/* A node was closed: what is stranded there is looked for, and told by an exception if something is. */
void atp_ledger_note_stranded(apply_t *apply, uint16_t node);
/* Goes on with that as far as one op goes. */
void atp_ledger_look_at_closed(atp_ledger_t *ledger);

#endif

/* How many of a kit an op may have: between ledger_kits.c, which looks at a node, and ledger_kit_rules.c, which looks at all of them
 * for what the channel's rules leave.
 *
 * The rules of each component say what the channel may have of it; the rules of the kit itself say how many kits, whether they
 * come off a shelf or are put together. A kit in the kit is bound by its own rules likewise, wherever it comes from.
 *
 * Threads     ledger thread. */
#ifndef ATP_LEDGER_LEDGER_KITS_H
#define ATP_LEDGER_LEDGER_KITS_H

#include "engine/ledger/sourcing/ledger_plan.h"

/* What the rules for a kit leave the channel of it, wherever it is. */
typedef struct atp_kit_rules {
    bool is_bound;           /* else they say nothing, and the view is not read */
    atp_channel_view_t view; /* of all kits, those that can be put together among them */
} atp_kit_rules_t;

/* Reads them, less what the op has taken, and lays the bounds of the kits in it into the bill. */
void atp_ledger_read_kit_rules(apply_t *apply, uint32_t sku, atp_kit_rules_t *ret_rules);

/* Of what nodes give, as much as the rules leave. */
atp_bill_given_t atp_ledger_within_kit_rules(const atp_kit_rules_t *rules, const atp_bill_t *bill,
                                             atp_bill_given_t given);

/* The kit laid out as of this op: once, whatever the number of nodes that are looked at for it. */
atp_bill_t *atp_ledger_bill_of(apply_t *apply, uint32_t sku);

/* A kit at one node, for this op, whatever the rules for the kit itself say. */
typedef struct kit_at {
    atp_bill_t *bill;
    atp_units_t room;
    uint32_t row;     /* NO_ROW: none is on a shelf there */
    atp_qty_t here;   /* on the shelf */
    int64_t most;     /* whole ones, by what is free of the components */
    atp_qty_t beyond; /* that may be promised beyond stock */
} kit_at_t;

kit_at_t atp_ledger_look_at_node(apply_t *apply, uint32_t sku, uint16_t node);

/* Notes that a line is component `component`, from 1, of so many kits of `kit_line`; `made` of it, if it is a kit itself, are put
 * together for each of them. */
void atp_ledger_note_component(atp_ledger_t *ledger, uint32_t number, uint32_t kit_line, uint32_t kits,
                               unsigned component, uint32_t made);
/* The same of a line that units of the component at line `from` go to: no channel counts them anew. */
void atp_ledger_note_moved_component(atp_ledger_t *ledger, uint32_t number, uint32_t from);

#endif

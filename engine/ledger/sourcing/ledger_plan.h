/* Choosing the nodes of lines that leave them open: the scratch of one op, and what ledger_plan.c does for ledger_source.c. */
#ifndef ATP_LEDGER_LEDGER_PLAN_H
#define ATP_LEDGER_LEDGER_PLAN_H

#include "engine/ledger/ledger_priv.h"

/* What a plan leaves out of account (apply_t unheeded). */
#define UNHEEDED_CAPACITY   1u  /* of nodes */
#define UNHEEDED_CHANNEL    2u  /* what its rules leave */
#define UNHEEDED_COMPONENTS 4u  /* what its rules leave of the components of kits */
#define UNHEEDED_SHELF      8u  /* kits that are there as such: what is put together alone */
#define UNHEEDED_KIT        16u /* what its rules leave of the kit itself */
#define UNHEEDED_STALE      32u /* what it keeps back at nodes whose source is silent */

/* How the op wants its open lines served; refused if the least quantity of a split is no quantity of the SKU. */
atp_verdict_t atp_ledger_sourcing_of(apply_t *apply, const resolved_line_t *wanted,
                                     atp_sourcing_t *ret_sourcing);

/* The nodes that may serve the line and have something, into ledger->plan.candidates. */
atp_verdict_t atp_ledger_gather(apply_t *apply, const resolved_line_t *wanted,
                                const atp_sourcing_t *sourcing);

/* Decides a reserve for a question, and leaves what it takes in the scratch; what an op left there is forgotten first. */
atp_verdict_t atp_ledger_plan_asked(apply_t *apply);
/* The same of its first `count` lines only, without an answer. */
atp_verdict_t atp_ledger_plan_first_lines(apply_t *apply, uint32_t count);

/* A set of nodes. */
typedef struct node_set {
    uint64_t bits[(UINT16_MAX + 1) / 64];
} node_set_t;

static inline bool node_set_has(const node_set_t *set, uint16_t node)
{
    return (set->bits[node / 64] >> (node % 64) & 1) != 0;
}

/* The nodes that the op asks for an open line, by name or by group, as far as its channel sees them. False: it says nothing of them. */
bool atp_ledger_asks_some(apply_t *apply, const resolved_line_t *wanted, node_set_t *ret_nodes);

/* What one reservation may have of the SKU by the caps of the channel's rules. */
atp_qty_t atp_ledger_cap_of(apply_t *apply, uint32_t sku);

/* How much the op may still have made ready at the node; ATP_UNITS_NO_LIMIT. ret_why: why not more. */
atp_units_t atp_ledger_room_at(apply_t *apply, uint16_t node, atp_units_t wanted, atp_verdict_t *ret_why);

/* How many of a kit the op may have wherever its channel sees it, its nodes one after the other. */
atp_qty_t atp_ledger_kit_free_anywhere(apply_t *apply, uint32_t sku);
/* The component of a kit that the channel's rules leave least of, by what one kit takes; one that it does not sell first. False: its
 * rules say nothing of any. */
bool atp_ledger_scarce_component(apply_t *apply, uint32_t sku, uint32_t *ret_sku);

/* What the plan takes of a SKU at a node. */
atp_qty_t atp_ledger_planned_at(const atp_ledger_t *ledger, uint32_t sku, uint16_t node);

/* Who serves the line with how much: all of it, or, if the op takes parts, as much as there is. So many nodes serve it already. */
atp_verdict_t atp_ledger_choose_nodes(apply_t *apply, const resolved_line_t *wanted, uint32_t serving,
                                      atp_pick_t *ret_picks, uint32_t *ret_count);

/* Adds a node's part to the plan of the answer. */
void atp_ledger_add_to_plan(apply_t *apply, const atp_grant_t *grant);

/* Plans a line that leaves its node open: from stock, and only if that is too little, beyond it. */
atp_verdict_t atp_ledger_plan_anywhere(apply_t *apply, const resolved_line_t *wanted);

/* atp_ledger_kit_free_at for an op that wants `wanted`: a kit in decimals is put together whole, so that of enough for more fewer
 * may come. */
atp_qty_t atp_ledger_kit_free_of(apply_t *apply, uint32_t sku, uint16_t node, atp_qty_t wanted,
                                 uint32_t *ret_row);
/* True if it is a kit that may be put together. What is moved is not: a kit on a shelf goes to where there are such on a shelf. */
bool atp_ledger_is_put_together(const apply_t *apply, uint32_t sku);
/* True if it is put together whole, while of those on the shelf any part can be had. */
bool atp_ledger_is_kit_in_decimals(const apply_t *apply, uint32_t sku);

#endif

#include "engine/ledger/ledger_explain.h"

#include "engine/ledger/ledger_priv.h"

#include <string.h>

/* One line being explained, and its sums over the nodes considered so far. */
typedef struct telling {
    apply_t apply;
    const atp_ledger_explain_ask_t *ask;
    atp_explain_room_t *room;
    uint8_t scale;
    uint32_t nodes;
    atp_qty_t free;
    atp_qty_t sums[ATP_EXPLAIN_CODE_LIMIT];
} telling_t;

static void tell(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_text_t node,
                 const char *detail)
{
    atp_explain_room_t *room = telling->room;

    telling->sums[code] += qty;
    if (room->count == room->capacity) {
        room->is_cut = true;
        return;
    }
    room->parts[room->count++] = (atp_explanation_t){.line = telling->ask->line,
                                                     .code = (uint8_t)code,
                                                     .scale = telling->scale,
                                                     .qty = qty,
                                                     .node = node,
                                                     .detail = atp_text_of(detail)};
}

/* A part that only some have: nothing is said of none. */
static void tell_some(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_text_t node,
                      const char *detail)
{
    if (qty != 0) {
        tell(telling, code, qty, node, detail);
    }
}

/* From what the buckets leave to what the deciding function gives. */
static void tell_limits(telling_t *telling, uint16_t node, atp_text_t name, atp_qty_t atp, atp_qty_t free)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    atp_node_state_t state = atp_catalog_node_state(&ledger->catalog, node);
    atp_qty_t left = atp > 0 ? atp : 0;

    tell_some(telling, ATP_EXPLAIN_CODE_BELOW_ZERO, left - atp, name, "");
    if (state != ATP_NODE_OPEN) {
        tell(telling, ATP_EXPLAIN_CODE_NODE_NOT_OPEN, left, name, atp_node_state_name(state));
        left = 0;
    }
    tell_some(telling, ATP_EXPLAIN_CODE_OTHER_ROOM, free > left ? free - left : 0, name, "");
    tell_some(telling, ATP_EXPLAIN_CODE_OTHER_LIMIT, left > free ? left - free : 0, name, "");
    tell(telling, ATP_EXPLAIN_CODE_FREE, free, name, "");
    telling->free += free;
}

static void tell_node(telling_t *telling, uint16_t node)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    atp_text_t name = atp_catalog_node_id(&ledger->catalog, node);
    atp_position_view_t view = {.sku = telling->ask->sku, .node = node};
    uint32_t row;

    atp_qty_t free = atp_ledger_free_at(&telling->apply, telling->ask->sku, node, &row);
    if (row != NO_ROW) {
        atp_positions_read(&ledger->positions, row, &view);
    }
    telling->nodes++;
    tell(telling, ATP_EXPLAIN_CODE_ON_HAND, view.on_hand, name, "");
    tell_some(telling, ATP_EXPLAIN_CODE_UNAVAILABLE, view.unavailable, name, "");
    tell_some(telling, ATP_EXPLAIN_CODE_RESERVED, view.reserved, name, "");
    tell_some(telling, ATP_EXPLAIN_CODE_ALLOCATED, view.allocated, name, "");
    tell_some(telling, ATP_EXPLAIN_CODE_SAFETY, view.safety, name, "");
    tell(telling, ATP_EXPLAIN_CODE_ATP, atp_view_atp(&view), name, "");
    tell_limits(telling, node, name, atp_view_atp(&view), free);
}

/* All nodes that have the SKU, or give something of it. */
static void tell_nodes(telling_t *telling)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
    uint32_t row;

    for (uint64_t node = 0; node < nodes; node++) {
        if (atp_positions_find(&ledger->positions, telling->ask->sku, (uint16_t)node, &row) ||
            atp_ledger_free_at(&telling->apply, telling->ask->sku, (uint16_t)node, &row) > 0) {
            tell_node(telling, (uint16_t)node);
        }
    }
}

/* The part at which what there is fell below what was asked for, in the order of reckoning. */
static const char *deciding_part(const telling_t *telling)
{
    atp_qty_t left = telling->sums[ATP_EXPLAIN_CODE_ON_HAND] + telling->sums[ATP_EXPLAIN_CODE_OTHER_ROOM] +
                     telling->sums[ATP_EXPLAIN_CODE_ASSEMBLABLE] + telling->sums[ATP_EXPLAIN_CODE_BELOW_ZERO];
    unsigned decided = ATP_EXPLAIN_CODE_ON_HAND;

    for (unsigned code = 1; code < ATP_EXPLAIN_CODE_LIMIT && left >= telling->ask->qty; code++) {
        unsigned effect = atp_explain_effect(code);
        if (effect == ATP_EXPLAIN_MINUS || effect == ATP_EXPLAIN_LIMIT) {
            left -= telling->sums[code];
            decided = code;
        }
    }
    return atp_explain_name(decided);
}

static void tell_decision(telling_t *telling, atp_qty_t left)
{
    const atp_text_t line = {"", 0};
    atp_qty_t qty = telling->ask->qty;

    if (left >= qty) {
        tell(telling, ATP_EXPLAIN_CODE_ENOUGH, left - qty, line, "");
    } else {
        tell(telling, ATP_EXPLAIN_CODE_NOT_ENOUGH, qty - left, line, deciding_part(telling));
    }
}

void atp_ledger_explain(const atp_ledger_t *ledger, const atp_ledger_explain_ask_t *ask, int64_t now_ms,
                        atp_explain_room_t *room)
{
    static const atp_op_t no_op = {.size = sizeof no_op, .kind = ATP_OP_RESERVE};
    /* The deciding functions work in the scratch of an op, which is no state. What they would settle is left as it is: that
     * would be a change (see is_asking). */
    atp_ledger_t *scratch = (atp_ledger_t *)(uintptr_t)ledger;
    atp_result_t result = {0};
    telling_t telling = {.apply = {.ledger = scratch, .op = &no_op, .now_ms = now_ms, .result = &result},
                         .ask = ask,
                         .room = room,
                         .scale = atp_positions_scale(&ledger->positions, ask->sku)};

    scratch->is_asking = true;
    memset(scratch->taken, 0, sizeof scratch->taken);
    if (ask->node == ATP_EXPLAIN_ALL_NODES) {
        tell_nodes(&telling);
    } else {
        tell_node(&telling, ask->node);
    }
    scratch->is_asking = false;
    if (telling.nodes != 1) {
        tell(&telling, ATP_EXPLAIN_CODE_ALL_NODES, telling.free, (atp_text_t){"", 0}, "");
    }
    if (ask->qty > 0) {
        tell_decision(&telling, telling.free);
    }
}

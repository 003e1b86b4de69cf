#include "engine/ledger/explain/ledger_explain.h"

#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/sourcing/ledger_plan.h"
#include "engine/ledger/supply/ledger_supply.h"
#include "engine/ledger/supply/supplies.h"

#include <string.h>

/* One line being explained, and its sums over the nodes considered so far. */
typedef struct telling {
    apply_t apply;
    const atp_ledger_explain_ask_t *ask;
    atp_explain_room_t *room;
    uint8_t scale;
    bool is_kit;
    bool has_verdict; /* of the reserve that is asked about */
    atp_verdict_t verdict;
    uint32_t nodes;
    atp_qty_t free;   /* over the nodes */
    atp_qty_t beyond; /* of that, beyond stock; not of kits */
    atp_qty_t left;   /* of the running account */
    atp_qty_t sums[ATP_EXPLAIN_CODE_LIMIT];
} telling_t;

static const atp_text_t no_node = {"", 0};

static void tell_of(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_text_t node,
                    atp_text_t detail)
{
    atp_explain_room_t *room = telling->room;
    unsigned effect = atp_explain_effect(code);

    telling->sums[code] += qty;
    telling->left += effect == ATP_EXPLAIN_PLUS                                   ? qty
                     : effect == ATP_EXPLAIN_MINUS || effect == ATP_EXPLAIN_LIMIT ? -qty
                                                                                  : 0;
    if (room->count == room->capacity) {
        room->is_cut = true;
        return;
    }
    room->parts[room->count++] = (atp_explanation_t){.line = telling->ask->line,
                                                     .code = (uint8_t)code,
                                                     .scale = telling->scale,
                                                     .qty = qty,
                                                     .node = node,
                                                     .detail = detail};
}

static void tell(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_text_t node,
                 const char *detail)
{
    tell_of(telling, code, qty, node, atp_text_of(detail));
}

/* A part that only some have: nothing is said of none. */
static void tell_some(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_text_t node)
{
    if (qty != 0) {
        tell(telling, code, qty, node, "");
    }
}

/* ---- a node ---- */

/* Promises beyond stock, or none at all: what stands beside the row. */
static void tell_position_limits(telling_t *telling, uint32_t row, atp_text_t name, atp_qty_t atp)
{
    apply_t *apply = &telling->apply;
    const atp_limits_t *limits = &apply->ledger->positions.limits;
    const atp_position_t *position = atp_positions_at(&apply->ledger->positions, row);
    uint32_t record;

    if (!atp_position_has(position, ATP_POSITION_HAS_LIMITS) ||
        !atp_limits_find(limits, ATP_LIMIT_POSITION, position->sku, position->node, &record)) {
        return;
    }
    if (atp_load_relaxed(&atp_limits_at(limits, record)->is_withdrawn)) {
        tell(telling, ATP_EXPLAIN_CODE_NOT_FOR_SALE, telling->left, name, "");
        return;
    }
    atp_qty_t with = atp_ledger_beyond_stock(apply, row, atp);
    tell_some(telling, ATP_EXPLAIN_CODE_BEYOND_STOCK, with > telling->left ? with - telling->left : 0, name);
}

/* `of_rows`: what there would be if the node could make any quantity ready. */
static void tell_capacity(telling_t *telling, uint16_t node, atp_text_t name, atp_qty_t of_rows,
                          atp_qty_t free)
{
    atp_verdict_t why;
    atp_qty_t most = telling->left < of_rows ? telling->left : of_rows;

    if (free < most) {
        (void)atp_ledger_room_at(&telling->apply, node, ATP_UNITS_NO_LIMIT, &why);
        tell(telling, ATP_EXPLAIN_CODE_CAPACITY, most - free, name, atp_verdict_name(why));
    }
}

static bool is_seen(telling_t *telling, uint16_t node)
{
    return telling->ask->channel == ATP_EXPLAIN_NO_CHANNEL || atp_ledger_channel_sees(&telling->apply, node);
}

static bool is_asked(const telling_t *telling, uint16_t node)
{
    return telling->ask->nodes == NULL || node_set_has(telling->ask->nodes, node);
}

/* What a reserve may take at the node, the rules of the channel left out; `*ret_of_rows`: the same, if the node could make any
 * quantity ready. */
static atp_qty_t free_at(telling_t *telling, uint16_t node, atp_qty_t *ret_of_rows)
{
    apply_t *apply = &telling->apply;
    uint32_t row;

    apply->unheeded = UNHEEDED_CHANNEL;
    atp_qty_t free = atp_ledger_free_at(apply, telling->ask->sku, node, &row);
    apply->unheeded |= UNHEEDED_CAPACITY;
    *ret_of_rows = atp_ledger_free_at(apply, telling->ask->sku, node, &row);
    apply->unheeded = 0;
    return free;
}

/* What the channel keeps back at a stale node: told also where it is nothing, for the answer rests on old counts. */
static atp_qty_t tell_stale(telling_t *telling, uint16_t node, uint32_t row, atp_text_t name, atp_qty_t atp)
{
    if (!atp_catalog_is_stale(&telling->apply.ledger->catalog, node)) {
        return 0;
    }
    atp_qty_t kept = atp_ledger_kept_back(&telling->apply, row, atp);
    tell(telling, ATP_EXPLAIN_CODE_STALE, kept, name, "");
    return kept;
}

/* From what the buckets leave to what the deciding function gives; what has no name of its own is told too. */
static void tell_limits(telling_t *telling, uint16_t node, uint32_t row)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    atp_text_t name = atp_catalog_node_id(&ledger->catalog, node);
    atp_node_state_t state = atp_catalog_node_state(&ledger->catalog, node);
    atp_qty_t taken = row == NO_ROW ? 0 : atp_ledger_taken_qty(&telling->apply, row);
    atp_qty_t of_rows;
    atp_qty_t free = free_at(telling, node, &of_rows);

    tell_some(telling, taken < 0 ? ATP_EXPLAIN_CODE_GIVEN_BACK : ATP_EXPLAIN_CODE_TAKEN_BEFORE,
              taken < 0 ? -taken : taken, name);
    atp_qty_t atp = telling->left;
    tell_some(telling, ATP_EXPLAIN_CODE_BELOW_ZERO, atp < 0 ? -atp : 0, name);
    if (state != ATP_NODE_OPEN) {
        tell(telling, ATP_EXPLAIN_CODE_NODE_NOT_OPEN, telling->left, name, atp_node_state_name(state));
    } else if (row != NO_ROW) {
        atp_qty_t kept = tell_stale(telling, node, row, name, atp);
        tell_position_limits(telling, row, name, atp - kept);
    }
    if (telling->is_kit) {
        tell_some(telling, ATP_EXPLAIN_CODE_ASSEMBLABLE,
                  of_rows > telling->left ? of_rows - telling->left : 0, name);
    }
    tell_capacity(telling, node, name, of_rows, free);
    if (!is_seen(telling, node)) {
        uint16_t group = atp_ledger_view_group(&telling->apply);
        tell_of(telling, ATP_EXPLAIN_CODE_NOT_SEEN, telling->left, name,
                atp_catalog_group_id(&ledger->catalog, group));
        free = 0;
    }
    tell_some(telling, ATP_EXPLAIN_CODE_OTHER_ROOM, free > telling->left ? free - telling->left : 0, name);
    tell_some(telling, ATP_EXPLAIN_CODE_OTHER_LIMIT, telling->left > free ? telling->left - free : 0, name);
    tell(telling, ATP_EXPLAIN_CODE_FREE, free, name, "");
    telling->free += free;
    telling->beyond += telling->is_kit ? 0 : atp_ledger_allowance(&telling->apply, row, free);
}

/* From what is here to what may be promised for the day asked for. */
static void tell_supply(telling_t *telling, uint32_t row, const atp_position_view_t *view, atp_text_t name)
{
    uint16_t day = telling->ask->needed_by;

    if (day == 0) {
        return;
    }
    if (row != NO_ROW) {
        atp_supply_parts_t parts =
            atp_supply_parts(&telling->apply.ledger->supplies, row, atp_day_of(telling->apply.now_ms), day);
        tell_some(telling, ATP_EXPLAIN_CODE_SUPPLY_DUE, parts.due, name);
        tell_some(telling, ATP_EXPLAIN_CODE_PEGGED, parts.pegged, name);
        tell_some(telling, ATP_EXPLAIN_CODE_AT_RISK, parts.unbacked, name);
        tell_some(telling, ATP_EXPLAIN_CODE_BACKORDERED, view->backordered, name);
    }
    tell(telling, ATP_EXPLAIN_CODE_ATP_BY_DATE, telling->left, name, "");
}

static void tell_node(telling_t *telling, uint16_t node)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    atp_text_t name = atp_catalog_node_id(&ledger->catalog, node);
    atp_position_view_t view = {.sku = telling->ask->sku, .node = node};
    uint32_t row;

    if (atp_positions_find(&ledger->positions, telling->ask->sku, node, &row)) {
        atp_positions_read(&ledger->positions, row, &view);
    } else {
        row = NO_ROW;
    }
    telling->nodes++;
    telling->left = 0;
    tell(telling, ATP_EXPLAIN_CODE_ON_HAND, view.on_hand, name, "");
    atp_qty_t missing = row == NO_ROW ? 0 : atp_ledger_missing(ledger, row);
    tell_some(telling, ATP_EXPLAIN_CODE_UNAVAILABLE, view.unavailable - missing, name);
    tell_some(telling, ATP_EXPLAIN_CODE_MISSING, missing, name);
    tell_some(telling, ATP_EXPLAIN_CODE_RESERVED, view.reserved, name);
    tell_some(telling, ATP_EXPLAIN_CODE_ALLOCATED, view.allocated, name);
    tell_some(telling, ATP_EXPLAIN_CODE_SAFETY, view.safety, name);
    tell(telling, ATP_EXPLAIN_CODE_ATP, telling->left, name, "");
    tell_supply(telling, row, &view, name);
    tell_limits(telling, node, row);
}

/* All nodes that the channel sees and that have the SKU, or give something of it. */
static void tell_nodes(telling_t *telling)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
    atp_qty_t of_rows;
    uint32_t row;

    for (uint64_t i = 0; i < nodes; i++) {
        uint16_t node = (uint16_t)i;
        if (is_asked(telling, node) && is_seen(telling, node) &&
            (atp_positions_find(&ledger->positions, telling->ask->sku, node, &row) ||
             (telling->is_kit && free_at(telling, node, &of_rows) > 0))) {
            tell_node(telling, node);
        }
    }
}

/* What the nodes cannot give together, though each could: caps of what may wait are for all of them. */
static void tell_together(telling_t *telling)
{
    apply_t *apply = &telling->apply;
    atp_qty_t most = telling->free;

    if (telling->ask->node != ATP_EXPLAIN_ALL_NODES) {
        return;
    }
    if (telling->is_kit) {
        apply->unheeded = UNHEEDED_CHANNEL;
        most = atp_ledger_kit_free_anywhere(apply, telling->ask->sku);
        apply->unheeded = 0;
    } else if (telling->beyond > 0) {
        atp_qty_t together = atp_ledger_beyond_anywhere(apply, telling->ask->sku);
        most = together < telling->beyond ? telling->free - (telling->beyond - together) : most;
        telling->beyond = together < telling->beyond ? together : telling->beyond;
    }
    tell_some(telling, ATP_EXPLAIN_CODE_BEYOND_CAP, most < telling->left ? telling->left - most : 0, no_node);
}

/* ---- the channel ---- */

/* Everything above `most`. */
static void tell_above_of(telling_t *telling, atp_explain_code_t code, atp_qty_t most, atp_text_t detail)
{
    atp_qty_t least = most > 0 ? most : 0;

    if (telling->left > least) {
        tell_of(telling, code, telling->left - least, no_node, detail);
    }
}

static void tell_above(telling_t *telling, atp_explain_code_t code, atp_qty_t most)
{
    tell_above_of(telling, code, most, no_node);
}

/* Nothing is promised, whatever there is. */
static void tell_closed(telling_t *telling, const atp_channel_view_t *view)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    uint32_t rule;

    if (view->is_paused) {
        tell_above(telling, ATP_EXPLAIN_CODE_CHANNEL_PAUSED, 0);
    }
    if (view->is_excluded &&
        atp_channel_excluded_by(ledger, telling->apply.channel, telling->ask->sku, &rule)) {
        const atp_rule_record_t *record = atp_rule_at(&ledger->rulebook, rule);
        tell_above_of(telling, ATP_EXPLAIN_CODE_EXCLUDED, 0,
                      atp_strings_get(&ledger->catalog.strings, record->id_ref));
    }
}

/* What a rule of the channel takes off its stock. `*unseen` of that is not in the account, because of the nodes that were asked
 * about and what they can make ready: that goes first. What stands above `floor` in the account is its stock. */
static void tell_rule(telling_t *telling, atp_explain_code_t code, atp_qty_t qty, atp_qty_t *unseen,
                      atp_qty_t floor)
{
    atp_qty_t elsewhere = qty < *unseen ? qty : *unseen;
    atp_qty_t most = telling->left > floor ? telling->left - floor : 0;

    *unseen -= elsewhere;
    qty -= elsewhere;
    tell_some(telling, code, qty < most ? qty : most, no_node);
}

static void tell_rules(telling_t *telling, const atp_channel_view_t *view, atp_qty_t unseen, atp_qty_t floor)
{
    tell_rule(telling, ATP_EXPLAIN_CODE_SHORT_NODES, view->short_units, &unseen, floor);
    tell_rule(telling, ATP_EXPLAIN_CODE_GUARANTEED, view->held, &unseen, floor);
    tell_rule(telling, ATP_EXPLAIN_CODE_BUFFER, view->buffer, &unseen, floor);
    tell_rule(telling, ATP_EXPLAIN_CODE_THRESHOLD, view->threshold, &unseen, floor);
}

/* From what the nodes have to what the view of the channel leaves: the function that decides a reserve says both. What may be
 * promised beyond stock is not taken off but by quotas. */
static void tell_stock_rules(telling_t *telling, const atp_channel_view_t *view, atp_qty_t taken)
{
    atp_qty_t beyond = telling->beyond < telling->left ? telling->beyond : telling->left;
    atp_qty_t stock = telling->left - beyond;
    atp_qty_t in_view = view->stock - taken;

    tell_rules(telling, view, in_view > stock ? in_view - stock : 0, beyond);
    stock = telling->left > beyond ? telling->left - beyond : 0;
    atp_qty_t of_quota = stock < view->quota_left ? stock : view->quota_left;
    of_quota = (of_quota > 0 ? of_quota : 0) + (telling->left < beyond ? telling->left : beyond);
    tell_above(telling, ATP_EXPLAIN_CODE_QUOTA, of_quota < view->quota_told ? of_quota : view->quota_told);
    tell_above(telling, ATP_EXPLAIN_CODE_CHANNEL_OTHER, atp_channel_view_with(view, beyond));
}

/* How many of the kit the op may have. */
static atp_qty_t kits_with(telling_t *telling, unsigned unheeded)
{
    apply_t *apply = &telling->apply;
    uint32_t row;

    apply->unheeded = (uint8_t)unheeded;
    atp_qty_t kits = telling->ask->node == ATP_EXPLAIN_ALL_NODES
                         ? atp_ledger_kit_free_anywhere(apply, telling->ask->sku)
                         : atp_ledger_kit_free_at(apply, telling->ask->sku, telling->ask->node, &row);
    apply->unheeded = 0;
    return kits;
}

/* The same of what is there. */
static atp_qty_t kits_here_with(telling_t *telling, unsigned unheeded)
{
    telling->apply.may_backorder = false;
    atp_qty_t kits = kits_with(telling, unheeded);
    telling->apply.may_backorder = true;
    return kits;
}

/* What the channel leaves of the components, then what its rules for the kit leave of the kits. */
static void tell_kit_rules(telling_t *telling, const atp_channel_view_t *view, atp_qty_t taken)
{
    const atp_ledger_t *ledger = telling->apply.ledger;
    atp_qty_t by_components = kits_with(telling, UNHEEDED_KIT);
    uint32_t component;

    if (telling->left > by_components &&
        atp_ledger_scarce_component(&telling->apply, telling->ask->sku, &component)) {
        bool is_sold = atp_channel_sells(ledger, telling->apply.channel, component);
        tell_above_of(telling, is_sold ? ATP_EXPLAIN_CODE_COMPONENT : ATP_EXPLAIN_CODE_COMPONENT_EXCLUDED,
                      by_components, atp_catalog_sku_id(&ledger->catalog, component));
    }
    tell_above(telling, ATP_EXPLAIN_CODE_CHANNEL_OTHER, by_components);
    telling->beyond = by_components - kits_here_with(telling, UNHEEDED_KIT);
    if (view->is_bound) {
        tell_stock_rules(telling, view, taken);
    }
    tell_above(telling, ATP_EXPLAIN_CODE_CHANNEL_OTHER, kits_with(telling, 0));
}

/* The level goes by all there is of a kit. */
static atp_level_t level_of(telling_t *telling, atp_channel_view_t *view)
{
    apply_t *apply = &telling->apply;

    if (telling->is_kit) {
        apply->may_backorder = false;
        view->available = atp_ledger_kit_free_anywhere(apply, telling->ask->sku);
        apply->may_backorder = true;
    }
    return atp_channel_level(apply->ledger, telling->ask->channel, telling->ask->sku, view);
}

static void tell_channel(telling_t *telling)
{
    atp_ledger_t *ledger = telling->apply.ledger;
    uint16_t channel = telling->ask->channel;
    uint32_t sku = telling->ask->sku;
    atp_channel_view_t view;

    atp_qty_t taken = atp_ledger_read_view(&telling->apply, sku, &view);
    tell_closed(telling, &view);
    if (telling->is_kit && !view.is_paused && !view.is_excluded) {
        tell_kit_rules(telling, &view, taken);
    } else if (atp_channel_view_is_limited(ledger, channel, sku)) {
        tell_stock_rules(telling, &view, taken);
    }
    tell_above(telling, ATP_EXPLAIN_CODE_CAP, atp_ledger_cap_left(&telling->apply, sku));
    if (telling->has_verdict && telling->verdict == ATP_APPLIED && telling->left < telling->ask->qty) {
        tell(telling, ATP_EXPLAIN_CODE_OTHER_ROOM, telling->ask->qty - telling->left, no_node, "");
    }
    bool has_level = view.has_levels && telling->ask->needed_by == 0; /* levels are of what is here */
    tell(telling, ATP_EXPLAIN_CODE_CHANNEL_LEFT, telling->left, no_node,
         has_level ? atp_level_name(level_of(telling, &view)) : "");
}

/* ---- the decision ---- */

/* The codes in the order of reckoning: what the channel leaves of components comes before its rules for what is asked for. */
static unsigned reckoned_at(unsigned place)
{
    if (place == ATP_EXPLAIN_CODE_SHORT_NODES || place == ATP_EXPLAIN_CODE_SHORT_NODES + 1) {
        return place + (ATP_EXPLAIN_CODE_COMPONENT - ATP_EXPLAIN_CODE_SHORT_NODES);
    }
    return place > ATP_EXPLAIN_CODE_SHORT_NODES && place <= ATP_EXPLAIN_CODE_COMPONENT_EXCLUDED ? place - 2
                                                                                                : place;
}

/* The part at which what there is fell below what was asked for, in the order of reckoning. */
static const char *deciding_part(const telling_t *telling)
{
    atp_qty_t left = 0;
    unsigned decided = ATP_EXPLAIN_CODE_ON_HAND;

    for (unsigned code = 1; code < ATP_EXPLAIN_CODE_LIMIT; code++) {
        left += atp_explain_effect(code) == ATP_EXPLAIN_PLUS ? telling->sums[code] : 0;
    }
    for (unsigned place = 1; place < ATP_EXPLAIN_CODE_LIMIT && left >= telling->ask->qty; place++) {
        unsigned code = reckoned_at(place);
        unsigned effect = atp_explain_effect(code);
        if ((effect == ATP_EXPLAIN_MINUS || effect == ATP_EXPLAIN_LIMIT) && telling->sums[code] != 0) {
            left -= telling->sums[code];
            decided = code;
        }
    }
    return atp_explain_name(decided);
}

static void tell_decision(telling_t *telling)
{
    atp_qty_t left = telling->left;
    atp_qty_t qty = telling->ask->qty;

    if (left >= qty && telling->has_verdict && telling->verdict != ATP_APPLIED) {
        tell(telling, ATP_EXPLAIN_CODE_NOT_GRANTED, 0, no_node, atp_verdict_name(telling->verdict));
    } else if (left >= qty) {
        tell(telling, ATP_EXPLAIN_CODE_ENOUGH, left - qty, no_node, "");
    } else {
        tell(telling, ATP_EXPLAIN_CODE_NOT_ENOUGH, qty - left, no_node, deciding_part(telling));
    }
}

static void tell_line(telling_t *telling)
{
    if (telling->ask->node == ATP_EXPLAIN_ALL_NODES) {
        tell_nodes(telling);
    } else {
        tell_node(telling, telling->ask->node);
    }
    telling->left = telling->free;
    if (telling->nodes != 1) {
        tell(telling, ATP_EXPLAIN_CODE_ALL_NODES, telling->free, no_node, "");
    }
    tell_together(telling);
    if (telling->ask->channel != ATP_EXPLAIN_NO_CHANNEL) {
        tell_channel(telling);
    }
    if (telling->ask->qty > 0) {
        tell_decision(telling);
    }
}

/* A reserve without lines, of an empty id and owner. */
static const struct {
    atp_op_t op;
    unsigned char texts[8];
} nothing = {.op = {.size = sizeof nothing, .kind = ATP_OP_RESERVE}};

/* Tells of a line, with what the scratch says the lines before it take. `op`: how it is asked for; `verdict`: on the reserve of it.
 * NULL if that is not known. Returns what the account comes to. */
static atp_qty_t tell_after(atp_ledger_t *scratch, const atp_ledger_explain_ask_t *ask, const atp_op_t *op,
                            int64_t now_ms, const atp_verdict_t *verdict, atp_explain_room_t *room)
{
    atp_result_t result = {0};
    telling_t telling = {.apply = {.ledger = scratch,
                                   .op = op != NULL ? op : &nothing.op,
                                   .now_ms = now_ms,
                                   .result = &result,
                                   .channel = ask->channel == ATP_EXPLAIN_NO_CHANNEL ? 0 : ask->channel,
                                   .needed_by = ask->needed_by,
                                   .may_backorder = true},
                         .ask = ask,
                         .room = room,
                         .has_verdict = verdict != NULL,
                         .verdict = verdict != NULL ? *verdict : ATP_APPLIED,
                         .is_kit = atp_positions_sku_has(&scratch->positions, ask->sku, ATP_SKU_IS_KIT),
                         .scale = atp_positions_scale(&scratch->positions, ask->sku)};

    atp_ledger_recount_capacity(scratch);
    tell_line(&telling);
    return telling.left;
}

/* The deciding functions work in the scratch of an op, which is no state. What they would settle is left as it is: that would be a
 * change (see is_asking). */
static atp_ledger_t *begin_asking(const atp_ledger_t *ledger)
{
    atp_ledger_t *scratch = (atp_ledger_t *)(uintptr_t)ledger;

    scratch->is_asking = true;
    atp_ledger_forget_scratch(scratch);
    scratch->plan_count = 0;
    return scratch;
}

static void end_asking(atp_ledger_t *scratch)
{
    scratch->is_asking = false;
    atp_ledger_forget_scratch(scratch);
}

/* Plans an op of the question; what it takes is left in the scratch. */
static atp_result_t plan(atp_ledger_t *scratch, const atp_op_t *op, int64_t now_ms, atp_grant_t *grants)
{
    atp_result_t result = {0};
    apply_t apply = {.ledger = scratch, .op = op, .now_ms = now_ms, .result = &result, .grants = grants};

    result.verdict = (uint8_t)atp_ledger_plan_asked(&apply);
    return result;
}

void atp_ledger_explain(const atp_ledger_t *ledger, const atp_ledger_explain_ask_t *ask, int64_t now_ms,
                        atp_explain_room_t *room)
{
    atp_ledger_t *scratch = begin_asking(ledger);
    atp_verdict_t verdict = ATP_APPLIED;

    now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms;
    bool is_decided = ask->reserve != NULL && ask->qty > 0;
    if (is_decided) {
        verdict = plan(scratch, ask->reserve, now_ms, ask->grants).verdict;
        (void)begin_asking(ledger);
    }
    (void)tell_after(scratch, ask, ask->reserve, now_ms, is_decided ? &verdict : NULL, room);
    end_asking(scratch);
}

atp_qty_t atp_ledger_explain_sum(const atp_ledger_t *ledger, const atp_ledger_explain_ask_t *ask,
                                 int64_t now_ms)
{
    atp_ledger_t *scratch = begin_asking(ledger);
    atp_explain_room_t no_room = {0};

    ATP_ASSERT(ask->qty == 0); /* there is no decision in it */
    now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms;
    atp_qty_t sum = tell_after(scratch, ask, ask->reserve, now_ms, NULL, &no_room);
    end_asking(scratch);
    return sum;
}

/* ---- a reserve of several lines ---- */

void atp_ledger_explain_reserve(const atp_ledger_t *ledger, const atp_ledger_explain_reserve_t *reserve,
                                int64_t now_ms, atp_explain_room_t *room)
{
    atp_ledger_t *scratch = begin_asking(ledger);

    now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms;
    ATP_ASSERT(room->capacity > room->count);
    room->capacity--; /* the last part has its place */
    for (uint32_t i = 0; i < reserve->count; i++) {
        if (i > 0) {
            (void)plan(scratch, reserve->before[i], now_ms, reserve->grants);
        }
        (void)tell_after(scratch, &reserve->lines[i], reserve->whole, now_ms, NULL, room);
    }
    atp_result_t result = plan(scratch, reserve->whole, now_ms, reserve->grants);
    end_asking(scratch);
    room->capacity++;
    bool is_granted = result.verdict == ATP_APPLIED;
    uint32_t line = !is_granted && result.line < reserve->count ? result.line : 0;
    telling_t telling = {.ask = &reserve->lines[line],
                         .room = room,
                         .scale = atp_positions_scale(&ledger->positions, reserve->lines[line].sku)};
    tell(&telling, is_granted ? ATP_EXPLAIN_CODE_GRANTED : ATP_EXPLAIN_CODE_REFUSED, 0, no_node,
         is_granted ? "" : atp_verdict_name(result.verdict));
}

/* ---- an op in its turn ---- */

/* An op that is told of just before it is applied. */
typedef struct telling_op {
    atp_ledger_t *scratch;
    const atp_op_t *op;
    const atp_op_t *parts; /* the same, but of each line it takes as many as there are */
    int64_t now_ms;
    bool is_refused; /* at a line before */
    node_set_t nodes;
} telling_op_t;

/* Plans the first lines and leaves what they take in the scratch. */
static atp_verdict_t plan_first(const telling_op_t *told, const atp_op_t *op, uint32_t count,
                                apply_t *ret_apply, atp_result_t *result)
{
    *result = (atp_result_t){0};
    *ret_apply = (apply_t){.ledger = told->scratch, .op = op, .now_ms = told->now_ms, .result = result};
    told->scratch->plan_count = 0;
    return atp_ledger_plan_first_lines(ret_apply, count);
}

/* The verdict on a line, where its account alone does not say it: of lines that take what there is, only that they are refused. */
static const atp_verdict_t *verdict_on(telling_op_t *told, uint32_t i, atp_verdict_t *room)
{
    atp_result_t result;
    apply_t apply;

    if (told->is_refused) {
        return NULL;
    }
    *room = plan_first(told, told->op, i + 1, &apply, &result);
    told->is_refused = *room != ATP_APPLIED;
    return told->is_refused || told->op->option == ATP_RESERVE_ALL_OR_NOTHING ? room : NULL;
}

/* False: nothing is told of this line, nor of those behind it. */
static bool tell_op_line(telling_op_t *told, line_names_t *names, uint32_t i, atp_explain_room_t *room)
{
    resolved_line_t line;
    atp_verdict_t verdict;
    atp_result_t result;
    apply_t apply;

    const atp_op_t *before = told->is_refused ? told->parts : told->op;
    const atp_verdict_t *known = verdict_on(told, i, &verdict);
    if (plan_first(told, before, i, &apply, &result) != ATP_APPLIED ||
        atp_ledger_resolve_line(&apply, names, i, &line) != ATP_APPLIED ||
        atp_ledger_note_needed_by(&apply, &line) != ATP_APPLIED) {
        return false;
    }
    bool is_open = line.node == NO_NODE;
    bool is_sold = told->op->option == ATP_RESERVE_TRACK_ONLY; /* whatever there is */
    const atp_ledger_explain_ask_t ask = {
        .sku = line.sku,
        .node = is_open ? ATP_EXPLAIN_ALL_NODES : line.node,
        .channel = apply.channel,
        .line = (uint16_t)i,
        .needed_by = line.needed_by,
        .qty = is_sold ? 0 : line.qty,
        .nodes = is_open && atp_ledger_asks_some(&apply, &line, &told->nodes) ? &told->nodes : NULL};
    (void)tell_after(told->scratch, &ask, told->op, told->now_ms, known, room);
    return true;
}

bool atp_ledger_has_account(const atp_ledger_t *ledger, const atp_op_t *op)
{
    atp_result_t known;

    return op->kind == ATP_OP_RESERVE && !atp_ledger_find_answer(ledger, op->id, &known);
}

void atp_ledger_explain_op(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms,
                           atp_explain_room_t *room)
{
    atp_ledger_t *scratch = begin_asking(ledger);
    atp_op_t *parts = (atp_op_t *)(void *)scratch->replayed; /* nothing is replayed between two ops */
    uint32_t count = atp_explain_told(op->line_count);
    telling_op_t told = {.scratch = scratch,
                         .op = op,
                         .parts = parts,
                         .now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms};

    ATP_ASSERT(op->kind == ATP_OP_RESERVE && op->size <= sizeof scratch->replayed);
    memcpy(parts, op, op->size);
    if (parts->option == ATP_RESERVE_ALL_OR_NOTHING) {
        parts->option = ATP_RESERVE_PARTIAL;
    }
    line_names_t names = atp_ledger_line_names(parts);
    for (uint32_t i = 0; i < count && !room->is_cut; i++) {
        if (!tell_op_line(&told, &names, i, room)) {
            break;
        }
    }
    room->is_cut = room->is_cut || count < op->line_count;
    end_asking(scratch);
}

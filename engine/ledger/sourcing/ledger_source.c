/* Sourcing: a line that leaves its node open is served in the same op that reserves, by the nodes that ledger_plan.c
 * chooses. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/sourcing/ledger_plan.h"
#include "engine/ledger/supply/ledger_supply.h"

resolved_line_t *atp_ledger_plan_next(atp_ledger_t *ledger)
{
    return ledger->plan_count < ledger->root->config.lines_per_reservation
               ? &ledger->lines[ledger->plan_count]
               : NULL;
}

bool atp_ledger_is_put_together(const apply_t *apply, uint32_t sku)
{
    return atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_IS_KIT) && apply->moving == 0;
}

bool atp_ledger_is_kit_in_decimals(const apply_t *apply, uint32_t sku)
{
    return atp_ledger_is_put_together(apply, sku) && atp_positions_scale(&apply->ledger->positions, sku) > 0;
}

atp_qty_t atp_ledger_planned_at(const atp_ledger_t *ledger, uint32_t sku, uint16_t node)
{
    atp_qty_t planned = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        planned += line->sku == sku && line->node == node ? line->granted : 0;
    }
    return planned;
}

atp_qty_t atp_ledger_free_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    return ATP_UNLIKELY(atp_ledger_is_put_together(apply, sku))
               ? atp_ledger_kit_free_at(apply, sku, node, ret_row)
               : atp_ledger_stock_at(apply, sku, node, ret_row);
}

/* What the row can give, whatever the node can pick. */
static atp_qty_t row_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    atp_ledger_t *ledger = apply->ledger;

    if (!atp_positions_find(&ledger->positions, sku, node, ret_row)) {
        *ret_row = NO_ROW;
        return 0;
    }
    if (atp_catalog_node_state(&ledger->catalog, node) != ATP_NODE_OPEN) {
        return 0;
    }
    atp_ledger_settle_row(ledger, *ret_row, apply->now_ms);
    atp_qty_t free = atp_ledger_promisable(ledger, *ret_row) - atp_ledger_taken_qty(apply, *ret_row);
    if (ATP_UNLIKELY(apply->needed_by != 0)) {
        free = atp_ledger_promisable_by(apply, *ret_row, apply->needed_by,
                                        atp_ledger_taken_qty(apply, *ret_row));
    }
    if (ATP_UNLIKELY(atp_catalog_is_stale(&ledger->catalog, node)) &&
        (apply->unheeded & UNHEEDED_STALE) == 0) {
        if (apply->result != NULL) { /* a question may want none */
            apply->result->is_stale = 1;
        }
        if (atp_ledger_stops_at(apply, node)) {
            return 0;
        }
        free -= atp_ledger_kept_back(apply, *ret_row, free);
    }
    if (ATP_UNLIKELY(
            atp_position_has(atp_positions_at(&ledger->positions, *ret_row), ATP_POSITION_HAS_LIMITS))) {
        free = atp_ledger_beyond_stock(apply, *ret_row, free);
    }
    return free > 0 ? free : 0;
}

static bool has_capacity(const apply_t *apply, uint16_t node)
{
    return (!apply->is_plain || !atp_catalog_is_plain_node(&apply->ledger->catalog, node)) &&
           (apply->unheeded & UNHEEDED_CAPACITY) == 0;
}

atp_units_t atp_ledger_room_at(apply_t *apply, uint16_t node, atp_units_t wanted, atp_verdict_t *ret_why)
{
    *ret_why = ATP_NOT_ENOUGH_AVAILABLE;
    return has_capacity(apply, node) ? atp_ledger_capacity_at(apply, node, wanted, ret_why)
                                     : ATP_UNITS_NO_LIMIT;
}

/* `free` units of a SKU at a node, or as many of them as it can make ready; ret_why: why fewer. */
static atp_qty_t within_capacity(apply_t *apply, uint32_t sku, uint16_t node, atp_qty_t free,
                                 atp_verdict_t *ret_why)
{
    uint8_t scale = atp_positions_scale(&apply->ledger->positions, sku);
    atp_units_t room = atp_ledger_capacity_at(apply, node, atp_capacity_units(free, scale), ret_why);
    atp_qty_t capacity = atp_capacity_qty(room, scale);

    return capacity < free ? capacity : free;
}

atp_qty_t atp_ledger_stock_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    atp_qty_t free = row_at(apply, sku, node, ret_row);
    atp_verdict_t why;

    return free > 0 && ATP_UNLIKELY(has_capacity(apply, node)) ? within_capacity(apply, sku, node, free, &why)
                                                               : free;
}

/* One line being served: what it still wants, and how many nodes serve it. */
typedef struct serving {
    resolved_line_t wanted;
    atp_qty_t left;
    uint32_t nodes;
} serving_t;

/* Takes what `node` has for the line. */
static atp_verdict_t take_from(apply_t *apply, serving_t *serving, uint16_t node)
{
    uint32_t row;
    atp_qty_t free = atp_ledger_free_at(apply, serving->wanted.sku, node, &row);

    if (free == 0 || serving->left == 0 || serving->nodes == ATP_SPLITS_PER_LINE_MAX) {
        return ATP_APPLIED;
    }
    if (ATP_UNLIKELY(atp_ledger_is_put_together(apply, serving->wanted.sku))) {
        atp_qty_t given;
        atp_verdict_t verdict = atp_ledger_plan_kit(apply, &serving->wanted, node, serving->left, &given);
        apply->ledger->plan_count -= verdict == ATP_APPLIED && given == 0; /* it gives none: no line */
        serving->left -= given;
        serving->nodes += given > 0;
        return verdict;
    }
    resolved_line_t *line = atp_ledger_plan_next(apply->ledger);
    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, serving->wanted.asked);
    }
    *line = serving->wanted;
    line->node = node;
    line->row = row;
    line->granted = free < serving->left ? free : serving->left;
    line->qty = line->granted;
    atp_ledger_taken(apply, row)->qty += line->granted;
    apply->ledger->plan_count++;
    serving->left -= line->granted;
    serving->nodes++;
    return ATP_APPLIED;
}

/* Takes what was picked there, or what it has if that is less. */
static atp_verdict_t take_pick(apply_t *apply, serving_t *serving, const atp_pick_t *pick)
{
    atp_qty_t rest = serving->left - pick->qty;

    serving->left = pick->qty;
    atp_verdict_t verdict = take_from(apply, serving, pick->node);
    serving->left += rest;
    return verdict;
}

atp_verdict_t atp_ledger_plan_picks(apply_t *apply, const resolved_line_t *wanted, const atp_pick_t *picks,
                                    uint32_t count, atp_qty_t *ret_left, uint32_t *ret_nodes)
{
    serving_t serving = {*wanted, wanted->qty, 0};
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < count; i++) {
        verdict = take_pick(apply, &serving, &picks[i]);
    }
    *ret_left = serving.left;
    *ret_nodes = serving.nodes;
    return verdict;
}

/* True if the nodes share what they may give: rules for what kits are made of, caps of what may wait. What was picked at one may
 * then not be there, and the rest is looked for at others. */
static bool shares_limits(const apply_t *apply, uint32_t sku)
{
    return atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_IS_KIT | ATP_SKU_HAS_BACKORDERS);
}

/* Has nodes serve what is left. */
static atp_verdict_t serve(apply_t *apply, serving_t *serving)
{
    atp_pick_t picks[ATP_SPLITS_PER_LINE_MAX];
    resolved_line_t wanted = serving->wanted;
    uint32_t count;

    wanted.qty = serving->left;
    atp_verdict_t verdict = atp_ledger_choose_nodes(apply, &wanted, serving->nodes, picks, &count);
    for (uint32_t i = 0; verdict == ATP_APPLIED && i < count; i++) {
        verdict = take_pick(apply, serving, &picks[i]);
    }
    return verdict;
}

/* ---- a kit in decimals: any part of those on the shelf, and whole ones that are put together ---- */

/* Kits on the shelf that the plan's lines from `first` on take for the line. */
static atp_qty_t taken_from_shelf(const atp_ledger_t *ledger, uint32_t first)
{
    atp_qty_t qty = 0;

    for (uint32_t i = first; i < ledger->plan_count; i++) {
        qty += ledger->lines[i].is_component ? 0 : ledger->lines[i].granted;
    }
    return qty;
}

/* Leaves `qty` of them on the shelf after all, those of the last lines first. */
static void put_back(apply_t *apply, uint32_t first, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = ledger->plan_count; qty > 0 && i > first; i--) {
        resolved_line_t *line = &ledger->lines[i - 1];
        atp_qty_t part = line->granted < qty ? line->granted : qty;
        if (line->is_component || part == 0) {
            continue;
        }
        line->granted -= part;
        line->qty -= part;
        atp_ledger_taken(apply, line->row)->qty -= part;
        qty -= part;
    }
}

/* Less than a whole one is left, and that is on no shelf: one more is put together, if there are components, and as much of those on
 * the shelf is left there. NOT_IN_INCREMENTS: there are enough, but the part of one that is asked for is on no shelf. */
static atp_verdict_t build_one_more(apply_t *apply, serving_t *serving, uint32_t first)
{
    atp_qty_t unit = atp_kit_unit(serving->wanted.scale);
    atp_qty_t too_many = unit - serving->left;
    atp_qty_t left = serving->left;
    bool is_on_shelf = taken_from_shelf(apply->ledger, first) >= too_many;

    if (too_many <= 0 || (!is_on_shelf && atp_ledger_takes_parts(apply))) {
        return ATP_APPLIED;
    }
    serving->left = unit;
    apply->unheeded |= UNHEEDED_SHELF;
    atp_verdict_t verdict = serve(apply, serving);
    apply->unheeded &= (uint8_t)~UNHEEDED_SHELF;
    if (verdict != ATP_APPLIED || serving->left > 0) { /* all of it or nothing */
        serving->left = left;
        return verdict;
    }
    if (!is_on_shelf) {
        return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, serving->wanted.asked);
    }
    put_back(apply, first, too_many);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_plan_open_line(apply_t *apply, resolved_line_t wanted)
{
    serving_t serving = {wanted, wanted.qty, 0};
    uint32_t first = apply->ledger->plan_count;

    atp_verdict_t verdict = serve(apply, &serving);
    while (ATP_UNLIKELY(verdict == ATP_APPLIED && serving.left > 0 && serving.left < wanted.qty &&
                        shares_limits(apply, wanted.sku))) {
        wanted.qty = serving.left;
        verdict = serve(apply, &serving);
    }
    if (ATP_UNLIKELY(verdict == ATP_APPLIED && serving.left > 0 &&
                     atp_ledger_is_kit_in_decimals(apply, wanted.sku))) {
        verdict = build_one_more(apply, &serving, first);
    }
    if (verdict != ATP_APPLIED || serving.left == 0) {
        return verdict;
    }
    if (!atp_ledger_takes_parts(apply)) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, wanted.asked);
    }
    if (serving.nodes > 0) {
        resolved_line_t *last = &apply->ledger->lines[apply->ledger->plan_count - 1];
        while (last->is_component) {
            last--; /* to the kit's own line */
        }
        last->qty += serving.left; /* asked for, not granted */
    } else {
        apply->is_short = true; /* no line of the plan says so */
    }
    return ATP_APPLIED;
}

/* ---- lines that name their node ---- */

/* Sold already, wherever that was: all of it, whatever there is. */
static atp_verdict_t plan_track_only(apply_t *apply, resolved_line_t *line)
{
    atp_ledger_t *ledger = apply->ledger;

    if (line->node == NO_NODE) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_NODE, ATP_FIELD_NODE, line->asked);
    }
    if (line->row != NO_ROW) {
        atp_ledger_settle_row(ledger, line->row, apply->now_ms);
        taken_t *taken = atp_ledger_taken(apply, line->row);
        taken->qty += line->qty;
        if (atp_load_relaxed(&atp_positions_at(&ledger->positions, line->row)->reserved) + taken->qty >
            ATP_QTY_MAX) {
            return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, line->asked); /* P2 */
        }
    } else if (atp_ledger_planned_at(ledger, line->sku, line->node) + line->qty > ATP_QTY_MAX) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, line->asked);
    }
    line->granted = line->qty;
    return ATP_APPLIED;
}

/* Too little stock, or, if that would do, too little capacity. */
static atp_verdict_t refuse_named_line(apply_t *apply, const resolved_line_t *line)
{
    atp_verdict_t why;
    uint32_t row;

    if (row_at(apply, line->sku, line->node, &row) >= line->qty && has_capacity(apply, line->node) &&
        within_capacity(apply, line->sku, line->node, line->qty, &why) < line->qty) {
        return atp_ledger_refuse(apply, why, ATP_FIELD_NODE, line->asked);
    }
    return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, line->asked);
}

static bool is_withdrawn(const atp_ledger_t *ledger, uint32_t row)
{
    atp_position_view_t view;

    if (row == NO_ROW ||
        !atp_position_has(atp_positions_at(&ledger->positions, row), ATP_POSITION_HAS_LIMITS)) {
        return false;
    }
    atp_positions_read(&ledger->positions, row, &view);
    return view.is_withdrawn;
}

atp_verdict_t atp_ledger_plan_named_line(apply_t *apply, resolved_line_t *line)
{
    if (apply->is_track_only) {
        return plan_track_only(apply, line);
    }
    if (atp_catalog_node_state(&apply->ledger->catalog, line->node) != ATP_NODE_OPEN) {
        return atp_ledger_refuse(apply, ATP_NODE_NOT_OPEN, ATP_FIELD_NODE, line->asked);
    }
    if (is_withdrawn(apply->ledger, line->row)) {
        return atp_ledger_refuse(apply, ATP_NOT_FOR_SALE, ATP_FIELD_SKU, line->asked);
    }
    apply->may_backorder = true;
    atp_qty_t free = atp_ledger_free_at(apply, line->sku, line->node, &line->row);
    free = atp_ledger_within_channel(apply, line->sku, line->node, line->row, free);
    if (line->qty > free && apply->op->option != ATP_RESERVE_PARTIAL) {
        return refuse_named_line(apply, line);
    }
    line->granted = line->qty < free ? line->qty : free;
    if (line->row != NO_ROW) {
        atp_ledger_taken(apply, line->row)->qty += line->granted;
    }
    return ATP_APPLIED;
}

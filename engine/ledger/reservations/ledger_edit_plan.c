/* Deciding an edit.
 *
 * Each line says how much the reservation is to have: of a SKU at a node, or of a SKU wherever it is. First what becomes less is
 * given back: what waits before what is here, kits that were put together before those stocked as such, the last line
 * first. Then what becomes more is decided as a reserve would decide it, with what is given back counted as free.
 *
 * More of a line without a node comes from the nodes where the reservation has that SKU; what they lack, from others, as
 * the strategy says and as many as the allowed splits leave. If no split allows it so, the lines without a node are sourced
 * anew, all of each, and what they have moves. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/reservations/ledger_edit.h"
#include "engine/ledger/sourcing/ledger_plan.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

/* ---- what the reservation has ---- */

atp_qty_t atp_edit_soft_units(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_line_units(reservations, number, ATP_LINE_RESERVED) + atp_line_waiting(reservations, number);
}

/* True if the line is what an edit of that SKU and node speaks of. */
static bool is_line_of(const atp_ledger_t *ledger, uint32_t number, uint32_t sku, uint16_t node)
{
    const atp_position_t *position =
        atp_positions_at(&ledger->positions, atp_line_at(&ledger->reservations, number)->row);

    return position->sku == sku && (node == NO_NODE || position->node == node) &&
           !atp_ledger_is_component(ledger, number);
}

/* Parts of what a line has, in the order in which they are given back. */
typedef enum part { PART_BACKORDERED, PART_PEGGED, PART_KITS, PART_HERE, PART_COUNT } part_t;

static atp_qty_t units_in_part(apply_t *apply, uint32_t number, part_t part, atp_qty_t unit)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;

    switch (part) {
    case PART_BACKORDERED:
        return atp_line_units(reservations, number, ATP_LINE_BACKORDERED);
    case PART_PEGGED:
        return atp_line_units(reservations, number, ATP_LINE_PEGGED);
    case PART_KITS:
        return atp_steps_soft_kits(apply->ledger, number) * unit;
    case PART_HERE:
    case PART_COUNT:
        break;
    }
    return atp_line_units(reservations, number, ATP_LINE_RESERVED);
}

static atp_qty_t all_in_part(apply_t *apply, const atp_reservation_t *reservation, uint32_t sku,
                             uint16_t node, part_t part)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t unit = atp_kit_unit(atp_positions_scale(&ledger->positions, sku));
    atp_qty_t units = 0;

    for (uint32_t at = reservation->first_line; at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        units += is_line_of(ledger, at - 1, sku, node) ? units_in_part(apply, at - 1, part, unit) : 0;
    }
    return units;
}

atp_qty_t atp_edit_units_of(apply_t *apply, const atp_reservation_t *reservation, uint32_t sku, uint16_t node)
{
    atp_qty_t units = 0;

    for (part_t part = 0; part < PART_COUNT; part++) {
        units += all_in_part(apply, reservation, sku, node, part);
    }
    return units;
}

uint32_t atp_edit_growing_line(const atp_ledger_t *ledger, const atp_reservation_t *reservation, uint32_t row)
{
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->row == row && line->allocated == 0 && !atp_ledger_is_component(ledger, at - 1)) {
            return at;
        }
        at = line->next;
    }
    return 0;
}

/* ---- giving back ---- */

/* `qty` units of a line come free, `credit` of them as stock. */
static atp_verdict_t add_back(apply_t *apply, const resolved_line_t *told, uint32_t number, atp_qty_t qty,
                              atp_qty_t credit, bool is_component)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);

    if (ledger->plan_count == ATP_LINES_PER_OP_MAX) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, told->asked);
    }
    ledger->lines[ledger->plan_count++] =
        (resolved_line_t){.sku = position->sku,
                          .row = line->row,
                          .line = number,
                          .node = position->node,
                          .asked = told->asked,
                          .scale = atp_positions_scale(&ledger->positions, position->sku),
                          .is_component = is_component,
                          .qty = -qty,
                          .granted = -qty};
    atp_ledger_taken(apply, line->row)->qty -= credit;
    return ATP_APPLIED;
}

/* Of a line's kits `keep` stay whole; what else their components have comes free. */
static atp_verdict_t add_kits_back(apply_t *apply, const resolved_line_t *told, uint32_t kit_line,
                                   int64_t keep)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t at = atp_steps_next_component(apply->ledger, kit_line, kit_line);
         verdict == ATP_APPLIED && at != 0; at = atp_steps_next_component(apply->ledger, kit_line, at - 1)) {
        atp_qty_t qty = atp_steps_beyond_kits(apply->ledger, kit_line, at - 1, keep);
        atp_qty_t pegged = atp_line_units(reservations, at - 1, ATP_LINE_PEGGED);
        atp_qty_t supplied = qty - atp_line_units(reservations, at - 1, ATP_LINE_BACKORDERED);
        supplied = supplied < 0 ? 0 : supplied < pegged ? supplied : pegged;
        verdict = qty > 0 ? add_back(apply, told, at - 1, qty, qty - supplied, true) : ATP_APPLIED;
    }
    return verdict;
}

/* One part of what a line has, but for what it keeps. */
static atp_verdict_t add_part_back(apply_t *apply, const resolved_line_t *told, uint32_t number, part_t part,
                                   atp_qty_t units, atp_qty_t keep)
{
    if (part == PART_KITS) {
        bool loses_some = units > keep || told->qty == 0; /* out with it: odd units, too */
        return loses_some ? add_kits_back(apply, told, number, keep / atp_kit_unit(told->scale))
                          : ATP_APPLIED;
    }
    if (units == keep) {
        return ATP_APPLIED;
    }
    /* What was pegged comes free of its supply, not as stock. */
    return add_back(apply, told, number, units - keep, part == PART_PEGGED ? 0 : units - keep, false);
}

/* One part of what the lines have: the first ones keep theirs. */
static atp_verdict_t give_part_back(apply_t *apply, const atp_reservation_t *reservation,
                                    const resolved_line_t *told, part_t part, atp_qty_t keep)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t at = reservation->first_line; verdict == ATP_APPLIED && at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        if (is_line_of(ledger, at - 1, told->sku, told->node)) {
            atp_qty_t units = units_in_part(apply, at - 1, part, atp_kit_unit(told->scale));
            atp_qty_t kept = keep < units ? keep : units;
            keep -= kept;
            verdict = add_part_back(apply, told, at - 1, part, units, kept);
        }
    }
    return verdict;
}

static atp_verdict_t give_back(apply_t *apply, const atp_reservation_t *reservation,
                               const resolved_line_t *told, atp_qty_t qty)
{
    atp_verdict_t verdict = ATP_APPLIED;

    for (part_t part = 0; verdict == ATP_APPLIED && qty > 0 && part < PART_COUNT; part++) {
        atp_qty_t all = all_in_part(apply, reservation, told->sku, told->node, part);
        atp_qty_t back = qty < all ? qty : all;
        back -= part == PART_KITS ? back % atp_kit_unit(told->scale) : 0;
        verdict = give_part_back(apply, reservation, told, part, all - back);
        qty -= back;
    }
    return verdict == ATP_APPLIED && qty > 0 /* a part of a kit that was put together */
               ? atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, told->asked)
               : verdict;
}

/* ---- more, at a node ---- */

static bool is_kit(const apply_t *apply, uint32_t sku)
{
    return atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_IS_KIT);
}

static atp_verdict_t add_at_node(apply_t *apply, resolved_line_t wanted)
{
    atp_ledger_t *ledger = apply->ledger;

    if (is_kit(apply, wanted.sku)) {
        return apply->is_track_only ? atp_ledger_plan_sold_kit(apply, wanted)
                                    : atp_ledger_plan_named_kit(apply, wanted);
    }
    resolved_line_t *line = atp_ledger_plan_next(ledger);
    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, wanted.asked);
    }
    *line = wanted;
    atp_verdict_t verdict = atp_ledger_plan_named_line(apply, line);
    ledger->plan_count += verdict == ATP_APPLIED;
    return verdict;
}

/* ---- more, wherever ---- */

/* True if the reservation has, or the edit adds, something at the node that counts when it is to come from few nodes: of the
 * SKU, or, where all has to come from one node, of anything. */
static bool is_own_node(apply_t *apply, const atp_reservation_t *reservation, const atp_sourcing_t *sourcing,
                        uint32_t sku, uint16_t node)
{
    const atp_ledger_t *ledger = apply->ledger;
    bool is_any = sourcing->split == ATP_SPLIT_TOGETHER;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        bool is_of_sku = line->sku == sku && !line->is_component;
        if (line->node == node && (line->granted > 0 || line->kits > 0) && (is_any || is_of_sku)) {
            return true;
        }
    }
    for (uint32_t at = reservation->first_line; at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        const atp_position_t *position =
            atp_positions_at(&ledger->positions, atp_line_at(&ledger->reservations, at - 1)->row);
        if (position->node == node && (is_any || position->sku == sku) &&
            atp_edit_units_of(apply, reservation, position->sku, node) > 0) {
            return true;
        }
    }
    return false;
}

/* How many nodes the reservation has something of the line at already. */
static uint32_t own_nodes(apply_t *apply, const atp_reservation_t *reservation,
                          const atp_sourcing_t *sourcing, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t count = 0;

    for (uint32_t at = reservation->first_line; at != 0 && count <= ATP_SPLITS_PER_LINE_MAX;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        bool is_first = sourcing->split == ATP_SPLIT_TOGETHER || position->sku == sku;
        for (uint32_t before = reservation->first_line; is_first && before != at;) {
            const atp_line_t *earlier = atp_line_at(&ledger->reservations, before - 1);
            const atp_position_t *other = atp_positions_at(&ledger->positions, earlier->row);
            is_first =
                other->node != position->node || (sourcing->split != ATP_SPLIT_TOGETHER && other->sku != sku);
            before = earlier->next;
        }
        count += is_first && is_own_node(apply, reservation, sourcing, sku, position->node);
        at = line->next;
    }
    return count;
}

/* Brings the candidates where the reservation is already to the front; returns how many. */
static uint32_t put_own_first(apply_t *apply, const atp_reservation_t *reservation,
                              const atp_sourcing_t *sourcing, uint32_t sku)
{
    plan_t *plan = &apply->ledger->plan;
    uint32_t own = 0;

    for (uint32_t i = 0; i < plan->count; i++) {
        plan->candidates[i].tier = 0;
        if (is_own_node(apply, reservation, sourcing, sku, plan->candidates[i].node)) {
            atp_candidate_t candidate = plan->candidates[i];
            plan->candidates[i] = plan->candidates[own];
            plan->candidates[own++] = candidate;
        }
    }
    return own;
}

static atp_qty_t sum_of(const plan_t *plan, atp_qty_t enough)
{
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < plan->count && sum < enough; i++) {
        sum += plan->candidates[i].free;
    }
    return sum;
}

/* Takes what some of the candidates give, as the strategy orders them; *left goes down. */
static atp_verdict_t take_from_some(apply_t *apply, const resolved_line_t *wanted,
                                    atp_candidate_t *candidates, uint32_t count,
                                    const atp_sourcing_t *sourcing, atp_qty_t *left)
{
    atp_pick_t picks[ATP_SPLITS_PER_LINE_MAX];
    resolved_line_t part = *wanted;
    uint32_t nodes;
    bool is_whole;

    if (count == 0 || *left == 0 || sourcing->splits == 0) {
        return ATP_APPLIED;
    }
    part.qty = *left;
    uint32_t picked = atp_sourcing_choose(candidates, count, sourcing, *left, picks, &is_whole);
    return atp_ledger_plan_picks(apply, &part, picks, picked, left, &nodes);
}

/* True if the node is to have none of the `all` units of the SKU that the reservation is to have, all, or at least `least`. */
static bool gives_least_at(apply_t *apply, const atp_reservation_t *reservation, uint32_t sku, uint16_t node,
                           atp_qty_t all, atp_qty_t least)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t units = atp_edit_units_of(apply, reservation, sku, node);

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        bool is_of_it = line->sku == sku && line->node == node && !line->is_component;
        units += is_of_it ? atp_ledger_granted(line) : 0;
    }
    return units == 0 || units == all || units >= least;
}

/* Whether each of several nodes gives the least that the edit asks for, what the reservation has there already counted. */
static bool gives_least(apply_t *apply, const atp_reservation_t *reservation, const resolved_line_t *wanted,
                        atp_qty_t least)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t sku = wanted->sku;
    atp_qty_t all = atp_edit_units_of(apply, reservation, sku, NO_NODE) + wanted->qty;
    bool is_enough = true;

    for (uint32_t i = 0; is_enough && i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        is_enough = line->sku != sku || line->is_component ||
                    gives_least_at(apply, reservation, sku, line->node, all, least);
    }
    for (uint32_t at = reservation->first_line; is_enough && at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        is_enough =
            position->sku != sku || gives_least_at(apply, reservation, sku, position->node, all, least);
        at = line->next;
    }
    return is_enough;
}

/* From the first `own` of the candidates, where the reservation is already, and then from the others; *left goes down. */
static atp_verdict_t take_own_first(apply_t *apply, const atp_reservation_t *reservation,
                                    const resolved_line_t *wanted, uint32_t own,
                                    const atp_sourcing_t *sourcing, atp_qty_t *left)
{
    plan_t *plan = &apply->ledger->plan;
    uint32_t has = own_nodes(apply, reservation, sourcing, wanted->sku);
    atp_sourcing_t of_own = *sourcing;
    atp_sourcing_t of_others = *sourcing;

    if (sourcing->splits == 1 && has > 1) {
        return atp_ledger_refuse(apply, ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY, wanted->asked);
    }
    of_own.least = 0; /* with what it has there it may be enough */
    of_own.splits = own < ATP_SPLITS_PER_LINE_MAX ? own : ATP_SPLITS_PER_LINE_MAX;
    of_others.splits = sourcing->splits > has ? sourcing->splits - has : 0;
    atp_verdict_t verdict = take_from_some(apply, wanted, plan->candidates, own, &of_own, left);
    if (verdict == ATP_APPLIED) {
        verdict = take_from_some(apply, wanted, plan->candidates + own, plan->count - own, &of_others, left);
    }
    return verdict;
}

/* The nodes it has first, then others. */
static atp_verdict_t source_more(apply_t *apply, const atp_reservation_t *reservation,
                                 const resolved_line_t *wanted)
{
    plan_t *plan = &apply->ledger->plan;
    atp_sourcing_t sourcing;
    atp_qty_t left = wanted->qty;

    atp_verdict_t verdict = atp_ledger_sourcing_of(apply, wanted, &sourcing);
    verdict = verdict == ATP_APPLIED ? atp_ledger_gather(apply, wanted, &sourcing) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    uint32_t own = put_own_first(apply, reservation, &sourcing, wanted->sku);
    bool is_enough = sum_of(plan, left) >= left;
    verdict = take_own_first(apply, reservation, wanted, own, &sourcing, &left);
    if (verdict != ATP_APPLIED ||
        (left == 0 && (sourcing.least == 0 || gives_least(apply, reservation, wanted, sourcing.least)))) {
        return verdict;
    }
    return atp_ledger_refuse(apply, is_enough ? ATP_SPLIT_NOT_ALLOWED : ATP_NOT_ENOUGH_AVAILABLE,
                             ATP_FIELD_QTY, wanted->asked);
}

/* From stock, and only if that is too little, beyond it. */
static atp_verdict_t source_stock_first(apply_t *apply, const atp_reservation_t *reservation,
                                        const resolved_line_t *wanted)
{
    uint32_t first = apply->ledger->plan_count;

    apply->may_backorder = false;
    atp_verdict_t verdict = source_more(apply, reservation, wanted);
    if (verdict == ATP_NOT_ENOUGH_AVAILABLE &&
        atp_positions_sku_has(&apply->ledger->positions, wanted->sku, ATP_SKU_HAS_BACKORDERS)) {
        atp_ledger_unplan(apply, first);
        atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
        apply->may_backorder = true;
        verdict = source_more(apply, reservation, wanted);
    }
    return verdict;
}

static atp_verdict_t add_anywhere(apply_t *apply, const atp_reservation_t *reservation,
                                  resolved_line_t wanted, bool is_anew)
{
    if (apply->is_track_only) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_NODE, ATP_FIELD_NODE, wanted.asked);
    }
    if (atp_ledger_channel_left_anywhere(apply, wanted.sku) < wanted.qty) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, wanted.asked);
    }
    return is_anew ? atp_ledger_plan_anywhere(apply, &wanted)
                   : source_stock_first(apply, reservation, &wanted);
}

/* ---- the lines ---- */

/* True if an earlier line of the edit speaks of the same units. */
static bool is_named_before(const resolved_line_t *told, uint32_t i)
{
    for (uint32_t before = 0; before < i; before++) {
        if (told[before].sku == told[i].sku &&
            (told[before].node == told[i].node || told[before].node == NO_NODE || told[i].node == NO_NODE)) {
            return true;
        }
    }
    return false;
}

static atp_verdict_t read_lines(apply_t *apply)
{
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
        verdict = atp_ledger_resolve_line(apply, &names, i, &apply->ledger->told[i]);
        if (verdict == ATP_APPLIED && is_named_before(apply->ledger->told, i)) {
            verdict = atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_LINES, i);
        }
    }
    return verdict;
}

/* What the reservation has of a SKU after the edit. */
static atp_qty_t units_after(apply_t *apply, const atp_reservation_t *reservation, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t units = atp_edit_units_of(apply, reservation, sku, NO_NODE);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *told = &ledger->told[i];
        units += told->sku == sku ? told->qty - atp_edit_units_of(apply, reservation, sku, told->node) : 0;
    }
    return units;
}

/* Whether the reservation may have more of the line at all: its channel, its cap. */
static atp_verdict_t look_at_more(apply_t *apply, const atp_reservation_t *reservation,
                                  const resolved_line_t *told)
{
    atp_channel_record_t *channel = atp_table_at(&apply->ledger->catalog.channels, apply->channel);

    if (apply->is_track_only) {
        return ATP_APPLIED;
    }
    if (atp_load_relaxed(&channel->state) != ATP_CHANNEL_OPEN) {
        return atp_ledger_refuse(apply, ATP_CHANNEL_NOT_OPEN, ATP_FIELD_CHANNEL, told->asked);
    }
    atp_qty_t cap = atp_ledger_cap_of(apply, told->sku);
    if (cap != ATP_NO_LIMIT && units_after(apply, reservation, told->sku) > cap) {
        return atp_ledger_refuse(apply, ATP_ABOVE_CAP, ATP_FIELD_QTY, told->asked);
    }
    return ATP_APPLIED;
}

/* What the lines give back; with `is_anew` those without a node give back all. */
static atp_verdict_t plan_less(apply_t *apply, const atp_reservation_t *reservation, bool is_anew)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;
    atp_bounds_t bounds;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
        const resolved_line_t *told = &ledger->told[i];
        atp_qty_t now = atp_edit_units_of(apply, reservation, told->sku, told->node);
        bool moves = is_anew && told->node == NO_NODE;
        if (told->qty != now && !apply->is_track_only) {
            verdict = atp_ledger_look_at_quantity(apply, told, &bounds);
        }
        if (verdict == ATP_APPLIED && (told->qty < now || moves)) {
            verdict = give_back(apply, reservation, told, moves ? now : now - told->qty);
        }
    }
    return verdict;
}

static atp_verdict_t plan_more(apply_t *apply, const atp_reservation_t *reservation, bool is_anew)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
        resolved_line_t wanted = ledger->told[i];
        bool moves = is_anew && wanted.node == NO_NODE;
        atp_qty_t now = atp_edit_units_of(apply, reservation, wanted.sku, wanted.node);
        if (wanted.qty <= (moves ? 0 : now)) {
            continue;
        }
        wanted.qty -= moves ? 0 : now;
        verdict = look_at_more(apply, reservation, &ledger->told[i]);
        verdict = verdict == ATP_APPLIED ? atp_ledger_note_needed_by(apply, &wanted) : verdict;
        if (verdict == ATP_APPLIED) {
            verdict = wanted.node == NO_NODE ? add_anywhere(apply, reservation, wanted, is_anew)
                                             : add_at_node(apply, wanted);
        }
    }
    return verdict;
}

/* Nothing has been decided yet. */
static void forget_plan(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        if (ledger->lines[i].row != NO_ROW) {
            atp_ledger_taken(apply, ledger->lines[i].row)->qty = 0;
        }
    }
    ledger->plan_count = 0;
    ledger->plan_components = 0;
    ledger->plan.op = 0;
    atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
    apply->result->line = 0;
    atp_ledger_recount_capacity(ledger);
}

static atp_verdict_t plan_lines(apply_t *apply, const atp_reservation_t *reservation, bool is_anew)
{
    forget_plan(apply);
    atp_verdict_t verdict = plan_less(apply, reservation, is_anew);

    return verdict == ATP_APPLIED ? plan_more(apply, reservation, is_anew) : verdict;
}

atp_verdict_t atp_edit_plan(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);

    ledger->plan_count = 0;
    atp_verdict_t verdict = read_lines(apply);
    verdict = verdict == ATP_APPLIED ? plan_lines(apply, reservation, false) : verdict;
    if (verdict == ATP_SPLIT_NOT_ALLOWED) {
        const atp_result_t refused = *apply->result;
        verdict = plan_lines(apply, reservation, true);
        if (verdict ==
            ATP_NOT_ENOUGH_AVAILABLE) { /* but for the splits, and with what it has, there would be */
            *apply->result = refused;
            verdict = ATP_SPLIT_NOT_ALLOWED;
        }
    }
    return verdict == ATP_APPLIED ? atp_ledger_plan_bookings(apply) : verdict;
}

/* Kits in the ledger: how many of a kit an op may have, where, and what of. */
#include "engine/ledger/kits/ledger_kits.h"
#include "engine/ledger/channels/ledger_accounts.h"

/* ---- reserving ---- */

atp_bill_t *atp_ledger_bill_of(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_bill_t *bill = &ledger->bill;

    if (ledger->bill_op != ledger->root->op || ledger->bill_ms != apply->now_ms ||
        bill->parts[0].sku != sku) {
        (void)atp_bill_lay_out(bill, &ledger->kits, &ledger->positions, sku, apply->now_ms);
        ledger->bill_op = ledger->root->op;
        ledger->bill_ms = apply->now_ms;
    }
    return bill;
}

/* `free` units, where the channel sees the node. */
static atp_qty_t seen_of(apply_t *apply, uint16_t node, atp_qty_t free)
{
    bool is_heeded = !apply->is_track_only && (apply->unheeded & UNHEEDED_CHANNEL) == 0;

    return is_heeded && !atp_ledger_channel_sees(apply, node) ? 0 : free;
}

/* What is there of part `i` at the node, as far as the channel may have it: components do not wait for a kit, nor the kit for them. What
 * is put together itself is bound by its rules wherever it comes from: here it only has to be seen. */
static atp_qty_t here_for(apply_t *apply, const atp_bill_t *bill, uint32_t i, uint16_t node,
                          uint32_t *ret_row)
{
    uint32_t sku = bill->parts[i].sku;
    bool may_backorder = apply->may_backorder;

    apply->may_backorder = false;
    atp_qty_t free = atp_ledger_stock_at(apply, sku, node, ret_row);
    apply->may_backorder = may_backorder;
    if (free == 0 ||
        (apply->is_plain && !atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_IS_RATIONED))) {
        return free;
    }
    return i == 0 || bill->parts[i].edge_count > 0
               ? seen_of(apply, node, free)
               : atp_ledger_within_channel(apply, sku, node, *ret_row, free);
}

/* How many kits that come as such may be promised beyond the `here` that are there. */
static atp_qty_t beyond_for(apply_t *apply, uint32_t sku, uint16_t node, atp_qty_t here)
{
    uint32_t row;

    return apply->may_backorder &&
                   atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_HAS_BACKORDERS)
               ? seen_of(apply, node, atp_ledger_stock_at(apply, sku, node, &row)) - here
               : 0;
}

/* Looks at what is free of the components at the node. Returns how many whole kits they may make at most: 0 where there is
 * too little of one. */
static int64_t look_at_parts(apply_t *apply, atp_bill_t *bill, uint16_t node)
{
    uint8_t unheeded = apply->unheeded;
    int64_t most = bill->parts[0].edge_count > 0 ? UINT32_MAX : 0;
    uint32_t row;

    apply->unheeded |= (unheeded & UNHEEDED_COMPONENTS) != 0 ? UNHEEDED_CHANNEL : 0;
    for (uint32_t i = 1; most > 0 && i < bill->part_count; i++) {
        atp_qty_t here = here_for(apply, bill, i, node, &row);
        bill->parts[i].free = here < bill->parts[i].limit ? here : bill->parts[i].limit;
        most = atp_bill_is_short(bill, i) ? 0 : most;
    }
    apply->unheeded = unheeded;
    return most;
}

kit_at_t atp_ledger_look_at_node(apply_t *apply, uint32_t sku, uint16_t node)
{
    kit_at_t at = {.bill = atp_ledger_bill_of(apply, sku)};
    atp_verdict_t why;

    at.here = here_for(apply, at.bill, 0, node, &at.row);
    at.beyond = beyond_for(apply, sku, node, at.here);
    if (ATP_UNLIKELY((apply->unheeded & UNHEEDED_SHELF) != 0)) {
        at.here = 0;
        at.beyond = 0;
    }
    at.most = look_at_parts(apply, at.bill, node);
    at.most = at.most == 0 ? 0 : atp_bill_most(at.bill, at.most, ATP_UNITS_NO_LIMIT);
    bool gives_some = at.here > 0 || at.most > 0 || at.beyond > 0;
    at.room = gives_some ? atp_ledger_room_at(apply, node, ATP_UNITS_NO_LIMIT, &why) : ATP_UNITS_NO_LIMIT;
    return at;
}

/* The same with what the rules for the kit leave. What they were read for before counts while nothing more is taken. */
static kit_at_t look_at_kit(apply_t *apply, uint32_t sku, uint16_t node, atp_kit_rules_t *ret_rules)
{
    if (apply->ledger->kit_rules != NULL) {
        *ret_rules = *apply->ledger->kit_rules;
    } else {
        atp_ledger_read_kit_rules(apply, sku, ret_rules);
    }
    return atp_ledger_look_at_node(apply, sku, node);
}

atp_qty_t atp_ledger_kit_free_at(apply_t *apply, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    atp_kit_rules_t rules;
    kit_at_t at = look_at_kit(apply, sku, node, &rules);
    atp_bill_given_t given = atp_bill_give(at.bill, at.here, at.most, at.beyond, at.room);

    given = atp_ledger_within_kit_rules(&rules, at.bill, given);
    *ret_row = at.row;
    return atp_bill_given(at.bill, &given);
}

/* How a quantity of a kit is served: stocked ones first, the rest put together in whole kits. */
typedef struct kit_split {
    atp_qty_t stocked;
    int64_t built;
} kit_split_t;

static kit_split_t split(atp_qty_t wanted, atp_qty_t stocked, int64_t most, atp_qty_t unit)
{
    atp_qty_t taken = stocked < wanted ? stocked : wanted;
    int64_t built = (wanted - taken + unit - 1) / unit;

    if (built <= most && built * unit <= wanted) {
        return (kit_split_t){wanted - built * unit, built};
    }
    built = (wanted - taken) / unit; /* not in whole: what there is, in whole kits */
    return (kit_split_t){taken, built < most ? built : most};
}

/* The same at a node, as far as its capacity and the rules for the kit go; what no whole kit makes up may come from beyond stock. */
static kit_split_t split_at(const kit_at_t *at, const atp_kit_rules_t *rules, atp_qty_t qty)
{
    atp_qty_t unit = atp_kit_unit(at->bill->parts[0].scale);
    atp_qty_t in_stock = rules->is_bound && rules->view.available < qty ? rules->view.available : qty;
    atp_qty_t here = at->here < in_stock ? at->here : in_stock;
    atp_bill_given_t most = atp_bill_give(at->bill, here, at->most, 0, at->room);
    kit_split_t given = split(in_stock, most.here, most.built, unit);
    atp_qty_t rest = qty - given.stocked - given.built * unit;

    if (rest > 0 && at->beyond > 0) {
        atp_qty_t beyond = rest < at->beyond ? rest : at->beyond;
        atp_bill_given_t all = {given.stocked, given.built, beyond};
        beyond = atp_ledger_within_kit_rules(rules, at->bill, all).beyond;
        given.stocked += atp_bill_give(at->bill, given.stocked, given.built, beyond, at->room).beyond;
    }
    return given;
}

atp_qty_t atp_ledger_kit_free_of(apply_t *apply, uint32_t sku, uint16_t node, atp_qty_t wanted,
                                 uint32_t *ret_row)
{
    atp_kit_rules_t rules;
    kit_at_t at = look_at_kit(apply, sku, node, &rules);
    atp_bill_given_t all = atp_bill_give(at.bill, at.here, at.most, at.beyond, at.room);

    all = atp_ledger_within_kit_rules(&rules, at.bill, all);
    atp_qty_t free = atp_bill_given(at.bill, &all);
    *ret_row = at.row;
    if (free <= wanted) {
        return free;
    }
    kit_split_t given = split_at(&at, &rules, wanted);
    atp_qty_t some = given.stocked + given.built * atp_kit_unit(at.bill->parts[0].scale);
    return some < wanted ? some : free;
}

/* Whole ones of the part that the kit that was taken makes of the part's own components. */
static int64_t made_of(const atp_bill_part_t *part)
{
    atp_qty_t unit = atp_kit_unit(part->scale);

    return part->edge_count == 0 ? 0 : (part->need - part->taken + unit - 1) / unit;
}

/* How many of `most` kits are put together of the same as the one that was taken: until a nested kit on the shelf runs out. */
static int64_t alike(const atp_bill_t *bill, int64_t most)
{
    for (uint32_t i = 1; i < bill->part_count; i++) {
        const atp_bill_part_t *part = &bill->parts[i];
        if (part->edge_count == 0 || part->taken == 0) {
            continue;
        }
        if (part->taken < part->need) {
            return 1;
        }
        most = part->free / part->need < most ? part->free / part->need : most;
    }
    return most;
}

/* So many units of a part for each of `kits` kits as a line of the plan after the kit's; they are free no more. */
static atp_verdict_t plan_component(apply_t *apply, const resolved_line_t *kit, atp_bill_part_t *part,
                                    int64_t kits)
{
    atp_ledger_t *ledger = apply->ledger;
    resolved_line_t *line = atp_ledger_plan_next(ledger);
    int64_t made = made_of(part) * kits;

    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, kit->asked);
    }
    if (made > UINT32_MAX) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, kit->asked);
    }
    *line = (resolved_line_t){.sku = part->sku,
                              .node = kit->node,
                              .asked = kit->asked,
                              .scale = part->scale,
                              .is_component = true,
                              .needed_by = kit->needed_by,
                              .kits = (uint32_t)made,
                              .qty = part->taken * kits,
                              .granted = part->taken * kits};
    part->free -= line->granted;
    if (!atp_positions_find(&ledger->positions, part->sku, kit->node, &line->row)) {
        line->row = NO_ROW; /* sold all the same, or all of it is put together */
    } else if (line->granted > 0) {
        atp_ledger_taken(apply, line->row)->qty += line->granted;
    }
    ledger->plan_count++;
    ledger->plan_components++;
    return ATP_APPLIED;
}

/* What `kits` kits like the one that was taken are made of. A kit in the kit that is put together of its own components has a line
 * too: its rules count it. */
static atp_verdict_t plan_alike(apply_t *apply, const resolved_line_t *kit, atp_bill_t *bill, int64_t kits)
{
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 1; verdict == ATP_APPLIED && i < bill->part_count; i++) {
        atp_bill_part_t *part = &bill->parts[bill->order[i]];
        if (part->taken > 0 || made_of(part) > 0) {
            verdict = plan_component(apply, kit, part, kits);
        }
    }
    return verdict;
}

/* Puts so many kits together. The plan's line `place` is the kit's; kits that are not like those before have a line of their
 * own, so that the kits of one line are the same, and what one of them takes is known. */
static atp_verdict_t plan_components(apply_t *apply, uint32_t place, atp_bill_t *bill, int64_t built)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t unit = atp_kit_unit(bill->parts[0].scale);
    resolved_line_t *line = &ledger->lines[place];

    line->qty = line->granted;
    for (;;) {
        bool is_there = atp_bill_take(bill, 1);
        ATP_ASSERT(is_there); /* as many were counted */
        int64_t kits = alike(bill, built);
        line->kits = (uint32_t)kits;
        line->qty += kits * unit;
        atp_verdict_t verdict = plan_alike(apply, line, bill, kits);
        built -= kits;
        if (verdict != ATP_APPLIED || built == 0) {
            return verdict;
        }
        resolved_line_t next = *line;
        line = atp_ledger_plan_next(ledger);
        if (line == NULL) {
            return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, next.asked);
        }
        next.granted = 0;
        next.qty = 0;
        *line = next;
        ledger->plan_count++;
    }
}

atp_verdict_t atp_ledger_plan_kit(apply_t *apply, const resolved_line_t *wanted, uint16_t node, atp_qty_t qty,
                                  atp_qty_t *ret_given)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_kit_rules_t rules;
    kit_at_t at = look_at_kit(apply, wanted->sku, node, &rules);
    kit_split_t given = split_at(&at, &rules, qty);
    resolved_line_t *line = atp_ledger_plan_next(ledger);

    *ret_given = 0;
    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, wanted->asked);
    }
    *ret_given = given.stocked + given.built * atp_kit_unit(at.bill->parts[0].scale);
    *line = *wanted;
    line->node = node;
    line->row = at.row;
    line->qty = *ret_given;
    line->granted = given.stocked;
    line->kits = 0;
    if (given.stocked > 0) {
        atp_ledger_taken(apply, at.row)->qty += given.stocked;
    }
    ledger->plan_count++;
    return given.built == 0 ? ATP_APPLIED
                            : plan_components(apply, ledger->plan_count - 1, at.bill, given.built);
}

/* Too few, or, if there are enough, part of one that nothing on the shelf makes up, or too little capacity. */
static atp_verdict_t refuse_named_kit(apply_t *apply, const resolved_line_t *wanted, uint32_t first)
{
    atp_verdict_t why;
    uint32_t row;

    atp_ledger_unplan(apply, first);
    if (atp_ledger_kit_free_at(apply, wanted->sku, wanted->node, &row) >= wanted->qty) {
        return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, wanted->asked);
    }
    atp_units_t room = atp_ledger_room_at(apply, wanted->node, ATP_UNITS_NO_LIMIT, &why);
    apply->unheeded |= UNHEEDED_CAPACITY;
    bool is_enough = atp_ledger_kit_free_at(apply, wanted->sku, wanted->node, &row) >= wanted->qty;
    apply->unheeded &= (uint8_t)~UNHEEDED_CAPACITY;
    return is_enough && room != ATP_UNITS_NO_LIMIT
               ? atp_ledger_refuse(apply, why, ATP_FIELD_NODE, wanted->asked)
               : atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, wanted->asked);
}

atp_verdict_t atp_ledger_plan_named_kit(apply_t *apply, resolved_line_t wanted)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t place = ledger->plan_count;
    atp_qty_t given;

    if (atp_catalog_node_state(&ledger->catalog, wanted.node) != ATP_NODE_OPEN) {
        return atp_ledger_refuse(apply, ATP_NODE_NOT_OPEN, ATP_FIELD_NODE, wanted.asked);
    }
    apply->may_backorder = true;
    atp_verdict_t verdict = atp_ledger_plan_kit(apply, &wanted, wanted.node, wanted.qty, &given);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (given < wanted.qty && apply->op->option != ATP_RESERVE_PARTIAL) {
        return refuse_named_kit(apply, &wanted, place);
    }
    ledger->lines[place].qty += wanted.qty - given; /* asked for, not granted */
    return ATP_APPLIED;
}

/* ---- sold already: whatever there is ---- */

/* What is there of a SKU and of nobody: on the shelf, whoever it is promised to, or not promised to anybody. */
static atp_qty_t rest_at(apply_t *apply, uint32_t sku, uint16_t node, bool is_from_shelf, uint32_t *ret_row)
{
    atp_ledger_t *ledger = apply->ledger;

    if (!atp_positions_find(&ledger->positions, sku, node, ret_row)) {
        *ret_row = NO_ROW;
        return 0;
    }
    atp_ledger_settle_row(ledger, *ret_row, apply->now_ms);
    atp_position_t *position = atp_positions_at(&ledger->positions, *ret_row);
    atp_qty_t rest = is_from_shelf
                         ? atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable)
                         : atp_ledger_promisable(ledger, *ret_row) - atp_ledger_taken_qty(apply, *ret_row);
    return rest > 0 ? rest : 0;
}

/* How a quantity of a kit that was sold is served: stocked kits, then whole kits of their components, nested kits that are stocked
 * before theirs. What is no whole kit, and a kit without a recipe, is the kit's own. False: out of range. */
static bool split_sold(apply_t *apply, const resolved_line_t *sold, bool is_from_shelf, atp_bill_t *bill,
                       kit_split_t *ret_split)
{
    atp_qty_t unit = atp_kit_unit(bill->parts[0].scale);
    uint32_t row;

    atp_bill_forget_limits(bill); /* no rule has a say in what is sold */
    atp_qty_t stocked = rest_at(apply, sold->sku, sold->node, is_from_shelf, &row);
    atp_qty_t taken = stocked < sold->qty ? stocked : sold->qty;
    int64_t built = bill->parts[0].edge_count == 0 ? 0 : (sold->qty - taken) / unit;

    for (uint32_t i = 1; built > 0 && i < bill->part_count; i++) {
        bill->parts[i].free = bill->parts[i].edge_count == 0
                                  ? ATP_QTY_MAX
                                  : rest_at(apply, bill->parts[i].sku, sold->node, is_from_shelf, &row);
    }
    *ret_split = (kit_split_t){sold->qty - built * unit, built};
    return built <= UINT32_MAX && atp_bill_take(bill, built);
}

/* True if what the plan's lines from `first` on take stays in range. */
static bool is_in_range(apply_t *apply, uint32_t first)
{
    const atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = first; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        atp_qty_t reserved =
            line->row == NO_ROW
                ? 0
                : atp_load_relaxed(&atp_positions_at(&ledger->positions, line->row)->reserved);
        atp_qty_t taken = line->row == NO_ROW ? atp_ledger_planned_at(ledger, line->sku, line->node)
                                              : atp_ledger_taken_qty(apply, line->row);
        if (reserved + taken > ATP_QTY_MAX) {
            return false; /* P2 */
        }
    }
    return true;
}

atp_verdict_t atp_ledger_plan_sold_kit(apply_t *apply, resolved_line_t wanted)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_bill_t *bill = atp_ledger_bill_of(apply, wanted.sku);
    uint32_t first = ledger->plan_count;
    resolved_line_t *line = atp_ledger_plan_next(ledger);
    kit_split_t given;

    if (wanted.node == NO_NODE) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_NODE, ATP_FIELD_NODE, wanted.asked);
    }
    if (line == NULL) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, wanted.asked);
    }
    if (!split_sold(apply, &wanted, false, bill, &given)) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, wanted.asked);
    }
    *line = wanted;
    line->granted = given.stocked;
    if (line->row != NO_ROW) {
        atp_ledger_taken(apply, line->row)->qty += given.stocked;
    }
    ledger->plan_count++;
    atp_verdict_t verdict = given.built == 0 ? ATP_APPLIED : plan_components(apply, first, bill, given.built);
    return verdict == ATP_APPLIED && !is_in_range(apply, first)
               ? atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, wanted.asked)
               : verdict;
}

atp_verdict_t atp_ledger_lay_out_sale(apply_t *apply, const resolved_line_t *sold, uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_bill_t *bill = atp_ledger_bill_of(apply, sold->sku);
    resolved_line_t line = *sold; /* may be the first of those that are written */
    kit_split_t given;

    if (!split_sold(apply, &line, true, bill, &given)) {
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, line.asked);
    }
    *ret_count = 0;
    line.granted = given.stocked;
    if (given.stocked > 0) {
        ledger->lines[(*ret_count)++] = line;
    }
    for (uint32_t i = 1; given.built > 0 && i < bill->part_count; i++) {
        const atp_bill_part_t *part = &bill->parts[bill->order[i]];
        if (part->taken > 0) {
            line.sku = part->sku;
            line.scale = part->scale;
            line.granted = part->taken;
            if (!atp_positions_find(&ledger->positions, line.sku, line.node, &line.row)) {
                line.row = NO_ROW;
            }
            ledger->lines[(*ret_count)++] = line;
        }
    }
    return ATP_APPLIED;
}

/* Whether all that the bill has taken at the node can go, besides what the op's lines name there. */
static bool can_take(apply_t *apply, const atp_bill_t *bill, uint16_t node)
{
    const atp_positions_t *positions = &apply->ledger->positions;
    uint64_t missing = 0;

    for (uint32_t i = 1; i < bill->part_count; i++) {
        const atp_bill_part_t *part = &bill->parts[i];
        atp_qty_t on_hand = 0;
        uint32_t row;
        if (part->taken == 0) {
            continue;
        }
        if (atp_positions_find(positions, part->sku, node, &row)) {
            on_hand = atp_load_relaxed(&atp_positions_at(positions, row)->on_hand) -
                      atp_ledger_taken_qty(apply, row);
        } else {
            missing++;
        }
        if (!atp_qty_in_range(on_hand - part->taken)) {
            return false;
        }
    }
    return atp_table_has_room(&positions->rows, missing);
}

static void take_from_shelf(apply_t *apply, resolved_line_t *line, atp_qty_t qty)
{
    atp_ledger_need_row(apply, line);
    atp_ledger_settle_row(apply->ledger, line->row, apply->now_ms);
    atp_ledger_change_bucket(apply, line->row, ATP_BUCKET_ON_HAND, -qty);
    atp_ledger_note_over_commitment(apply, line->row);
}

void atp_ledger_take_sold_kits(apply_t *apply, const resolved_line_t *sold)
{
    atp_bill_t *bill = atp_ledger_bill_of(apply, sold->sku);
    resolved_line_t kit = *sold;
    kit_split_t given;

    if (!split_sold(apply, sold, true, bill, &given) || !can_take(apply, bill, sold->node)) {
        given = (kit_split_t){sold->qty, 0};
    }
    if (given.stocked > 0) {
        take_from_shelf(apply, &kit, given.stocked);
    }
    for (uint32_t i = 1; given.built > 0 && i < bill->part_count; i++) {
        const atp_bill_part_t *part = &bill->parts[bill->order[i]];
        if (part->taken > 0) {
            resolved_line_t line = {
                .sku = part->sku, .node = sold->node, .row = NO_ROW, .scale = part->scale};
            take_from_shelf(apply, &line, part->taken);
        }
    }
}

void atp_ledger_note_component(atp_ledger_t *ledger, uint32_t number, uint32_t kit_line, uint32_t kits,
                               unsigned component, uint32_t made)
{
    atp_progress_t *progress = atp_line_change_progress(&ledger->reservations, number);

    progress->kit_parent = kit_line + 1;
    progress->kits = kits;
    progress->component = (uint16_t)component;
    progress->made = made;
    atp_ledger_account_component(ledger, number);
}

void atp_ledger_note_moved_component(atp_ledger_t *ledger, uint32_t number, uint32_t from)
{
    atp_progress_t *progress = atp_line_change_progress(&ledger->reservations, number);
    atp_progress_t *before = atp_line_change_progress(&ledger->reservations, from);

    progress->kit_parent = before->kit_parent;
    progress->kits = before->kits;
    progress->component = before->component;
    progress->made = before->made; /* that line may be no more */
    before->made = 0;
}

/* ---- what a reservation has of kits ---- */

bool atp_ledger_is_component(const atp_ledger_t *ledger, uint32_t number)
{
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);

    return progress != NULL && progress->kit_parent != 0;
}

int64_t atp_ledger_kits_of(const atp_ledger_t *ledger, uint32_t number)
{
    uint32_t next = atp_line_at(&ledger->reservations, number)->next;
    const atp_progress_t *progress = next == 0 ? NULL : atp_line_progress(&ledger->reservations, next - 1);

    /* The components stand right after the kit's line. */
    return progress != NULL && progress->kit_parent == number + 1 ? progress->kits : 0;
}

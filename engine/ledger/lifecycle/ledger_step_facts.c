/* Steps told as facts: they have been made, whatever the ledger thinks. What cannot be booked is an exception. */
#include "engine/ledger/lifecycle/ledger_steps.h"

/* ---- a shipment told as a fact: it has left, whatever the reservations say ---- */

/* Takes up to `qty` units of one line by one step; returns what is left. */
static atp_qty_t take_from_line(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty)
{
    atp_qty_t units = atp_line_units_for(&ledger->reservations, number, step);
    atp_qty_t moved = qty < units ? qty : units;

    if (moved > 0) {
        atp_ledger_move(ledger, number, step, moved);
    }
    return qty - moved;
}

/* Allocated units of the reservation at the row first, then reserved ones; returns what is left. */
static atp_qty_t ship_from_reservation(apply_t *apply, uint32_t reservation, const resolved_line_t *shipped)
{
    static const atp_step_t order[] = {ATP_STEP_SHIP, ATP_STEP_SHIP_RESERVED};
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t left = shipped->qty;

    for (unsigned i = 0; i < 2; i++) {
        uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line;
        while (at != 0 && left > 0) {
            const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
            uint32_t next = line->next;
            if (line->row == shipped->row) {
                left = take_from_line(ledger, at - 1, order[i], left);
            }
            at = next;
        }
    }
    return left;
}

/* Resolves all lines and makes sure that each can be booked, before the first one is. */
static atp_verdict_t prepare_shipment(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
        verdict = atp_ledger_resolve_line(apply, &names, i, &ledger->lines[i]);
    }
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, apply->op->line_count) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *line = &ledger->lines[i];
        atp_ledger_need_row(apply, line);
        taken_t *taken = atp_ledger_taken(apply, line->row);
        taken->qty += line->qty;
        atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        if (taken->qty > ATP_QTY_MAX ||
            !atp_qty_in_range(atp_load_relaxed(&position->on_hand) - taken->qty)) {
            return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
        }
        atp_ledger_settle_row(ledger, line->row, apply->now_ms);
    }
    return ATP_APPLIED;
}

static void ship_line(apply_t *apply, bool has_reservation, uint32_t reservation, const resolved_line_t *line)
{
    atp_qty_t excess = has_reservation ? ship_from_reservation(apply, reservation, line) : line->qty;
    bool is_kit = atp_positions_sku_has(&apply->ledger->positions, line->sku, ATP_SKU_IS_KIT);

    if (has_reservation && excess > 0 && is_kit) {
        excess = atp_steps_ship_kits(apply, reservation, line, excess);
    }
    if (excess == 0) {
        return;
    }
    if (is_kit) {
        resolved_line_t sold = *line;
        sold.qty = excess;
        atp_ledger_raise(apply, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION, line->row, excess);
        atp_ledger_take_sold_kits(apply, &sold);
        return;
    }
    atp_ledger_change_bucket(apply, line->row, ATP_BUCKET_ON_HAND, -excess); /* prepare_shipment looked */
    atp_ledger_raise(apply, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION, line->row, excess);
    atp_ledger_note_over_commitment(apply, line->row);
}

/* True if the first line of the reservation that has any state made the step before: this is the second who says so. A line
 * that ended otherwise is not confirmed but told. */
static bool is_confirmed(const apply_t *apply, uint32_t number, atp_step_t step)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    atp_line_state_t state = ATP_LINE_ACCEPTED;

    for (uint32_t at = atp_reservation_at(reservations, number)->first_line;
         at != 0 && state == ATP_LINE_ACCEPTED;) {
        state = atp_line_state(reservations, at - 1, apply->now_ms);
        at = atp_line_at(reservations, at - 1)->next;
    }
    return atp_lifecycle_is_past(step, state);
}

/* "All of it has made the step": what can; if all of it had, this only confirms. */
static atp_verdict_t choose_all(apply_t *apply, uint32_t number, atp_step_t step, uint32_t *ret_count)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);
    atp_verdict_t verdict = atp_steps_choose_all_lines(apply, reservation, step, ret_count);

    if (verdict != ATP_APPLIED && is_confirmed(apply, number, step)) {
        return atp_ledger_refuse(apply, ATP_CONFIRMED, ATP_FIELD_NONE, 0);
    }
    return verdict;
}

/* "All of it has left": what is allocated; if nothing is, what is reserved. */
static atp_verdict_t choose_all_shipped(apply_t *apply, uint32_t number, uint32_t *ret_count)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);
    atp_verdict_t verdict = atp_steps_choose_all_lines(apply, reservation, ATP_STEP_SHIP, ret_count);

    if (verdict != ATP_APPLIED) {
        verdict = choose_all(apply, number, ATP_STEP_SHIP_RESERVED, ret_count);
    }
    if (verdict == ATP_APPLIED) {
        atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
        verdict = atp_steps_look_at_on_hand(apply, *ret_count);
    }
    return verdict;
}

atp_verdict_t atp_ledger_ship_fact(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = 0;
    bool has_reservation = atp_steps_find_reservation(apply, &number);
    uint32_t count = apply->op->line_count;

    if (count == 0 && !has_reservation) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    if (has_reservation) {
        atp_steps_settle(apply, number);
    }
    atp_verdict_t verdict = count == 0 ? choose_all_shipped(apply, number, &count) : prepare_shipment(apply);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        ship_line(apply, has_reservation, number, &ledger->lines[i]);
    }
    if (has_reservation) {
        atp_ledger_tidy(ledger, number);
    }
    atp_steps_answer(apply, count);
    return ATP_APPLIED;
}

/* ---- the other steps: pick, pack, deliver, reconcile, short ---- */

/* How many units the lines of the reservation at the row have that made the step; of a kit with those put together. */
static atp_qty_t units_past(apply_t *apply, uint32_t reservation, const resolved_line_t *told,
                            atp_step_t step)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_qty_t units = 0;
    uint16_t node;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        bool is_at_row = line->row == told->row;
        units += is_at_row ? atp_line_units_past(&ledger->reservations, at - 1, step) : 0;
        if (is_at_row || atp_steps_means_kits_of(apply, told, at - 1, &node)) {
            units += atp_steps_kits_past(apply, at - 1, step, is_at_row ? NO_NODE : node) *
                     atp_kit_unit(told->scale);
        }
        at = line->next;
    }
    return units;
}

/* Up to `qty` units of one line that the node cannot fulfil; returns what is left. */
static atp_qty_t short_of_line(apply_t *apply, uint32_t reservation, uint32_t number, atp_qty_t qty)
{
    atp_qty_t units = atp_line_units_for(&apply->ledger->reservations, number, ATP_STEP_SHORT);
    atp_qty_t taken = qty < units ? qty : units;

    if (taken > 0) {
        atp_steps_short(apply, reservation, number, taken);
    }
    return qty - taken;
}

/* The components of up to `qty` of a kit, of those that stand at `node`; returns what is left. */
static atp_qty_t step_some_kits(apply_t *apply, uint32_t reservation, atp_step_t step,
                                const resolved_line_t *told, uint32_t kit_line, uint16_t node, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t unit = atp_kit_unit(told->scale);
    int64_t left = qty < unit ? 0 : atp_steps_kits_for(apply, kit_line, step, node);
    int64_t kits = left < qty / unit ? left : qty / unit;
    atp_kit_share_t next = {.kit_line = kit_line, .left = left, .kits = kits};

    for (uint32_t at = kits == 0 ? 0 : atp_steps_next_component(ledger, kit_line, kit_line), behind = 0;
         at != 0; at = behind) {
        atp_qty_t units = atp_steps_units_told_at(apply, at - 1, step, node);
        atp_qty_t share = atp_steps_share_next(ledger, &next, at - 1, units);
        behind = atp_steps_next_component(ledger, kit_line, at - 1); /* what is short may leave no line */
        if (step == ATP_STEP_SHORT) {
            (void)short_of_line(apply, reservation, at - 1, share);
        } else {
            (void)take_from_line(ledger, at - 1, step, share);
        }
    }
    return qty - kits * unit;
}

/* Moves up to `qty` of a kit whose parts went to the node told from another one; returns what is left. */
static atp_qty_t step_kits_elsewhere(apply_t *apply, uint32_t reservation, atp_step_t step,
                                     const resolved_line_t *told, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    uint16_t node;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0 && qty > 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        if (atp_steps_means_kits_of(apply, told, at - 1, &node) && node != NO_NODE) {
            qty = step_some_kits(apply, reservation, step, told, at - 1, node, qty);
        }
    }
    return qty;
}

/* Moves up to `told->qty` units of the reservation's lines at the row; returns how many are left over. */
static atp_qty_t step_some(apply_t *apply, uint32_t reservation, atp_step_t step, const resolved_line_t *told)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t left = told->qty;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line;
         at != 0 && left > 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        bool is_kit = atp_ledger_kits_of(ledger, at - 1) > 0;
        uint32_t next = line->next;
        if (line->row == told->row) {
            left = step == ATP_STEP_SHORT ? short_of_line(apply, reservation, at - 1, left)
                                          : take_from_line(ledger, at - 1, step, left);
            left = step_some_kits(apply, reservation, step, told, at - 1, NO_NODE, left);
        }
        at = is_kit ? line->next : next; /* what is short may leave no line, but that of a kit */
    }
    return step_kits_elsewhere(apply, reservation, step, told, left);
}

/* The first line of the reservation at the row told, else the first of a kit of which some are there, + 1; 0 = it has none. */
static uint32_t line_told(apply_t *apply, uint32_t reservation, const resolved_line_t *told)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t elsewhere = 0;
    uint16_t node;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->row == told->row) {
            return at;
        }
        if (elsewhere == 0 && atp_steps_means_kits_of(apply, told, at - 1, &node)) {
            elsewhere = at;
        }
        at = line->next;
    }
    return elsewhere;
}

static bool is_told(const atp_ledger_t *ledger, uint32_t row, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (ledger->lines[i].row == row) {
            return true;
        }
    }
    return false;
}

/* Room for a record beside every plain line told that has units for the step: at most so many are needed (a component
 * has one). A fact that will be refused needs none, and nothing is forgotten for it. */
static atp_verdict_t need_records(apply_t *apply, uint32_t number, atp_step_t step, uint32_t count)
{
    atp_reservations_t *reservations = &apply->ledger->reservations;
    uint32_t records = 0;

    for (uint32_t at = atp_reservation_at(reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        records += !line->has_progress && is_told(apply->ledger, line->row, count) &&
                   atp_line_units_for(reservations, at - 1, step) > 0;
        at = line->next;
    }
    return atp_reservations_make_progress_room(reservations, records, number)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
}

/* Finds the lines that the op names; each must be one of the reservation. A kit may be told where there never was one on a shelf. */
static atp_verdict_t choose_told_lines(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *told = &ledger->lines[i];
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, told);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        uint32_t found = line_told(apply, number, told);
        if (found == 0) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
        }
        told->line = found - 1;
    }
    return atp_ledger_look_for_rows(apply, apply->op->line_count);
}

/* Books what can be booked of each line told; `granted` is then what is neither booked nor a second report. Returns how
 * many units were booked. */
static atp_qty_t book_told_lines(apply_t *apply, uint32_t number, atp_step_t step, uint32_t count)
{
    atp_qty_t booked = 0;

    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *told = &apply->ledger->lines[i];
        atp_qty_t past = units_past(apply, number, told, step);
        atp_qty_t left = step_some(apply, number, step, told);
        told->qty -= left;
        told->granted = left > past ? left : 0;
        booked += told->qty;
    }
    return booked;
}

/* What the units told are now: of a kit, the parts that stand where it is told. */
static atp_line_state_t state_of_told(apply_t *apply, const resolved_line_t *told)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint16_t node;
    bool is_kit = atp_steps_means_kits_of(apply, told, told->line, &node);
    uint32_t component = is_kit ? atp_steps_first_component(ledger, told->line, node) : 0;

    return atp_line_state(&ledger->reservations, component == 0 ? told->line : component - 1, apply->now_ms);
}

/* What was told and cannot be: an exception for each line, or, where nothing at all could be booked, the refusal. */
static atp_verdict_t tell_left_over(apply_t *apply, uint32_t number, atp_step_t step, uint32_t count,
                                    atp_qty_t booked)
{
    atp_ledger_t *ledger = apply->ledger;
    bool is_whole = true;

    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *told = &ledger->lines[i];
        if (told->granted == 0) {
            continue;
        }
        if (booked == 0) {
            atp_line_state_t state = state_of_told(apply, told);
            return atp_ledger_refuse(apply, atp_lifecycle_refusal(step, state), ATP_FIELD_LINES, i);
        }
        is_whole = false;
        atp_ledger_need_row(apply, told);
        atp_steps_raise(apply, ATP_EXCEPTION_STEP_NOT_POSSIBLE, told->row, told->granted, number);
    }
    return booked == 0 ? ATP_CONFIRMED : is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

atp_verdict_t atp_ledger_step_fact(apply_t *apply, atp_step_t step)
{
    uint32_t number;
    uint32_t count = apply->op->line_count;

    if (!atp_steps_find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    atp_steps_settle(apply, number);
    atp_verdict_t verdict =
        count == 0 ? choose_all(apply, number, step, &count) : choose_told_lines(apply, number);
    verdict = verdict == ATP_APPLIED ? need_records(apply, number, step, count) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_qty_t booked = book_told_lines(apply, number, step, count);
    atp_ledger_tidy(apply->ledger, number);
    verdict = tell_left_over(apply, number, step, count, booked);
    if (atp_verdict_is_success(verdict)) {
        atp_steps_answer(apply, count);
    }
    return verdict;
}

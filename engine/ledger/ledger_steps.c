/* Steps of a reservation: allocate, release, cancel, ship, extend; and the shipment told as a fact. */
#include "engine/ledger/ledger_priv.h"

/* ---- finding reservation and lines ---- */

static bool find_reservation(apply_t *apply, uint32_t *ret_number)
{
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);

    return id.size > 0 &&
           atp_reservations_find(&apply->ledger->reservations, id, apply->op->subject_hash, ret_number);
}

/* What is due has expired before the step: it is never revived. */
static void settle(apply_t *apply, uint32_t number)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);

    if (reservation->is_in_wheel && reservation->deadline_ms <= apply->now_ms) {
        atp_ledger_expire(apply->ledger, number);
    }
}

static atp_qty_t units_in(const atp_line_t *line, atp_step_t step)
{
    return atp_transitions[step].from == ATP_LINE_RESERVED ? line->reserved : line->allocated;
}

/* Finds the reservation's line at the row of `wanted` that has as many units left for the step, looking from `hint` on
 * and then from the first; else one that has some, else any line at the row. 0 if the reservation has none there. */
static uint32_t find_line(apply_t *apply, const atp_reservation_t *reservation, uint32_t hint,
                          const resolved_line_t *wanted, atp_step_t step)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    uint32_t any = 0;
    uint32_t some = 0;
    uint32_t at = hint != 0 ? hint : reservation->first_line;

    for (uint32_t seen = 0; seen < reservation->line_count; seen++) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (line->row == wanted->row) {
            atp_qty_t left = units_in(line, step) - atp_ledger_taken(apply, at - 1)->qty;
            if (left >= wanted->qty) {
                return at;
            }
            some = some == 0 && left > 0 ? at : some;
            any = any == 0 ? at : any;
        }
        at = line->next != 0 ? line->next : reservation->first_line;
    }
    return some != 0 ? some : any;
}

/* ---- choosing what to move: nothing changes yet ---- */

static atp_verdict_t choose_named_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                        uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);
    uint32_t hint = 0;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *chosen = &ledger->lines[i];
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, chosen);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        uint32_t found = chosen->row == NO_ROW ? 0 : find_line(apply, reservation, hint, chosen, step);
        if (found == 0) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
        }
        const atp_line_t *line = atp_line_at(&ledger->reservations, found - 1);
        taken_t *taken = atp_ledger_taken(apply, found - 1);
        if (units_in(line, step) == 0) {
            return atp_ledger_refuse(apply, atp_lifecycle_refusal(atp_ledger_line_state(line, apply->now_ms)),
                                     ATP_FIELD_LINES, i);
        }
        if (chosen->qty > units_in(line, step) - taken->qty) {
            return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, i);
        }
        taken->qty += chosen->qty;
        chosen->line = found - 1;
        hint = line->next;
    }
    *ret_count = apply->op->line_count;
    return ATP_APPLIED;
}

static atp_verdict_t choose_all_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                      uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_line_state_t found = ATP_LINE_NOTHING;
    uint32_t count = 0;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        if (units_in(line, step) > 0) {
            ledger->lines[count++] =
                (resolved_line_t){.line = at - 1,
                                  .row = line->row,
                                  .scale = atp_positions_scale(&ledger->positions, position->sku),
                                  .qty = units_in(line, step)};
        } else if (found == ATP_LINE_NOTHING) {
            found = atp_ledger_line_state(line, apply->now_ms);
        }
        at = line->next;
    }
    if (count == 0) {
        return atp_ledger_refuse(apply, atp_lifecycle_refusal(found), ATP_FIELD_RESERVATION, 0);
    }
    *ret_count = count;
    return ATP_APPLIED;
}

static void answer(apply_t *apply, uint32_t count)
{
    const resolved_line_t *lines = apply->ledger->lines;
    atp_result_t *result = apply->result;
    bool is_one_scale = true;

    for (uint32_t i = 0; i < count; i++) {
        is_one_scale = is_one_scale && lines[i].scale == lines[0].scale;
        result->qty += lines[i].qty;
    }
    result->qty = is_one_scale ? result->qty : 0;
    result->scale = is_one_scale ? lines[0].scale : 0;
}

/* ---- the steps ---- */

/* Whether on-hand stays in range (P2) when the chosen lines leave. Far from the edge nothing has to be added up by
 * row. */
static atp_verdict_t look_at_on_hand(apply_t *apply, uint32_t count)
{
    const resolved_line_t *lines = apply->ledger->lines;
    atp_qty_t total = 0;

    for (uint32_t i = 0; i < count; i++) {
        total += lines[i].qty;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_position_t *position = atp_positions_at(&apply->ledger->positions, lines[i].row);
        atp_qty_t left = atp_load_relaxed(&position->on_hand) - total;
        for (uint32_t other = 0; left < -ATP_QTY_MAX && other < count; other++) {
            left += lines[other].row != lines[i].row ? lines[other].qty : 0;
        }
        if (left < -ATP_QTY_MAX) {
            return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
        }
    }
    return ATP_APPLIED;
}

/* A line allocated in part gives its rest back at once. */
static void release_rests(atp_ledger_t *ledger, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, ledger->lines[i].line);
        if (line->reserved > 0) {
            atp_ledger_move(ledger, ledger->lines[i].line, ATP_STEP_RELEASE, line->reserved);
        }
    }
}

atp_verdict_t atp_ledger_step(apply_t *apply, atp_step_t step)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number;
    uint32_t count = 0;

    if (!find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    settle(apply, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    atp_verdict_t verdict = apply->op->line_count > 0 ? choose_named_lines(apply, reservation, step, &count)
                                                      : choose_all_lines(apply, reservation, step, &count);
    if (verdict == ATP_APPLIED && step == ATP_STEP_SHIP) {
        verdict = look_at_on_hand(apply, count);
    }
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_ledger_move(ledger, ledger->lines[i].line, step, ledger->lines[i].qty);
    }
    if (step == ATP_STEP_ALLOCATE) {
        release_rests(ledger, count);
    }
    atp_ledger_tidy(ledger, number);
    answer(apply, count);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_extend(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_ledger_config_t *config = &ledger->root->config;
    uint32_t number;
    uint32_t count;

    if (apply->op->value > config->ttl_max_ms) {
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    if (!find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    settle(apply, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    atp_verdict_t verdict = choose_all_lines(apply, reservation, ATP_STEP_EXPIRE, &count);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    const atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, reservation->channel);
    int64_t ttl = apply->op->value > 0  ? apply->op->value
                  : channel->ttl_ms > 0 ? channel->ttl_ms
                                        : config->ttl_default_ms;
    if (ttl > config->ttl_max_ms) { /* the channel's, from before the limit was lowered */
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    atp_ledger_reschedule(ledger, number, apply->now_ms + ttl);
    apply->result->deadline_ms = apply->now_ms + ttl;
    return ATP_APPLIED;
}

/* ---- a shipment told as a fact: it has left, whatever the reservations say ---- */

/* Takes up to `qty` units of one line by one step; returns what is left. */
static atp_qty_t ship_from_line(atp_ledger_t *ledger, uint32_t number, atp_step_t step, atp_qty_t qty)
{
    atp_qty_t units = units_in(atp_line_at(&ledger->reservations, number), step);
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
                left = ship_from_line(ledger, at - 1, order[i], left);
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

    if (excess == 0) {
        return;
    }
    atp_ledger_change_bucket(apply, line->row, ATP_BUCKET_ON_HAND, -excess); /* prepare_shipment looked */
    atp_ledger_raise(apply, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION, line->row, excess);
    atp_ledger_note_over_commitment(apply, line->row);
}

/* "All of it has left": what is allocated; if nothing is, what is reserved; if all had left, this is the second who
 * says so. */
static atp_verdict_t choose_all_shipped(apply_t *apply, uint32_t number, uint32_t *ret_count)
{
    const atp_reservation_t *reservation = atp_reservation_at(&apply->ledger->reservations, number);
    atp_verdict_t verdict = choose_all_lines(apply, reservation, ATP_STEP_SHIP, ret_count);

    if (verdict != ATP_APPLIED) {
        verdict = choose_all_lines(apply, reservation, ATP_STEP_SHIP_RESERVED, ret_count);
    }
    if (verdict == ATP_APPLIED) {
        verdict = look_at_on_hand(apply, *ret_count);
    }
    if (verdict == ATP_APPLIED || verdict == ATP_ALREADY_SHIPPED) {
        apply->result->field = ATP_FIELD_NONE;
    }
    return verdict == ATP_ALREADY_SHIPPED ? ATP_CONFIRMED : verdict;
}

atp_verdict_t atp_ledger_ship_fact(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = 0;
    bool has_reservation = find_reservation(apply, &number);
    uint32_t count = apply->op->line_count;

    if (count == 0 && !has_reservation) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    if (has_reservation) {
        settle(apply, number);
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
    answer(apply, count);
    return ATP_APPLIED;
}

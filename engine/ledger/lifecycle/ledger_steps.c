/* Steps of a reservation that a client asks for: allocate, pick, pack, ship, deliver, reconcile, release, cancel, short,
 * extend. What is told as a fact is in ledger_step_facts.c, what comes back in ledger_returns.c. */
#include "engine/ledger/lifecycle/ledger_steps.h"
#include "engine/base/attribute.h"
#include "engine/ledger/catalog/ledger_merge.h"
#include "engine/ledger/supply/ledger_supply.h"

/* ---- finding reservation and lines ---- */

bool atp_steps_find_reservation(apply_t *apply, uint32_t *ret_number)
{
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);

    bool is_found = id.size > 0 && atp_reservations_find(&apply->ledger->reservations, id,
                                                         apply->op->subject_hash, ret_number);
    if (ATP_UNLIKELY(apply->ledger->has_merged) && is_found) {
        atp_ledger_rehome(apply->ledger, *ret_number);
    }
    return is_found;
}

/* What is due has expired before the step: it is never revived, and who waits for its units has them. */
void atp_steps_settle(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);

    if (reservation->is_in_wheel && reservation->deadline_ms <= apply->now_ms) {
        atp_ledger_expire(ledger, number);
    }
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (ATP_UNLIKELY(atp_line_waiting(&ledger->reservations, at - 1) > 0)) {
            atp_ledger_settle_row(ledger, line->row, apply->now_ms);
        }
        at = line->next;
    }
}

atp_qty_t atp_steps_units_for(const apply_t *apply, uint32_t number, atp_step_t step)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    bool becomes_firm = step == ATP_STEP_ALLOCATE && !atp_line_at(reservations, number)->is_firm;

    return atp_line_units_for(reservations, number, step) +
           (becomes_firm ? atp_line_waiting(reservations, number) : 0);
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
            atp_qty_t left = atp_steps_units_for(apply, at - 1, step) - atp_ledger_taken(apply, at - 1)->qty;
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

/* Chooses the line of the reservation that `chosen`, line `i` of the op, means; looks from `hint` on. */
static atp_verdict_t choose_line(apply_t *apply, const atp_reservation_t *reservation, uint32_t hint,
                                 atp_step_t step, uint32_t i, resolved_line_t *chosen)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    uint32_t found = chosen->row == NO_ROW ? 0 : find_line(apply, reservation, hint, chosen, step);

    if (found == 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_LINE, ATP_FIELD_LINES, i);
    }
    taken_t *taken = atp_ledger_taken(apply, found - 1);
    atp_qty_t units = atp_steps_units_for(apply, found - 1, step);
    if (units == 0) {
        atp_line_state_t state = atp_line_state(reservations, found - 1, apply->now_ms);
        return atp_ledger_refuse(apply, atp_lifecycle_refusal(step, state), ATP_FIELD_LINES, i);
    }
    if (chosen->qty > units - taken->qty) {
        return atp_ledger_refuse(apply, ATP_NOT_THAT_MANY, ATP_FIELD_QTY, i);
    }
    taken->qty += chosen->qty;
    chosen->line = found - 1;
    return ATP_APPLIED;
}

atp_verdict_t atp_steps_choose_line(apply_t *apply, uint32_t number, atp_step_t step, uint32_t i,
                                    resolved_line_t *chosen)
{
    return choose_line(apply, atp_reservation_at(&apply->ledger->reservations, number), 0, step, i, chosen);
}

static atp_verdict_t choose_named_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                        uint32_t *ret_count)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);
    bool may_be_kits = atp_table_count(&ledger->kits.records) > 0;
    uint32_t hint = 0;

    *ret_count = 0;
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t chosen;
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, &chosen);
        if (verdict == ATP_APPLIED && ATP_UNLIKELY(may_be_kits) &&
            atp_steps_choose_kit(apply, reservation, step, chosen, ret_count, &verdict)) {
            hint = 0;
        } else if (verdict == ATP_APPLIED && *ret_count == ATP_LINES_PER_OP_MAX) {
            verdict = atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, i);
        } else if (verdict == ATP_APPLIED) {
            verdict = choose_line(apply, reservation, hint, step, i, &chosen);
            hint = verdict == ATP_APPLIED ? atp_line_at(&ledger->reservations, chosen.line)->next : 0;
            ledger->lines[(*ret_count)++] = chosen;
        }
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_steps_add_all_lines(apply_t *apply, const atp_reservation_t *reservation, atp_step_t step,
                                      uint32_t *count)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_line_state_t found = ATP_LINE_ACCEPTED;
    uint32_t before = *count;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        atp_qty_t units = atp_line_units_for(&ledger->reservations, at - 1, step);
        if (units > 0 && *count == ATP_LINES_PER_OP_MAX) {
            return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
        }
        if (units > 0) {
            ledger->lines[(*count)++] =
                (resolved_line_t){.line = at - 1,
                                  .row = line->row,
                                  .scale = atp_positions_scale(&ledger->positions, position->sku),
                                  .qty = units};
        } else if (found == ATP_LINE_ACCEPTED) {
            found = atp_line_state(&ledger->reservations, at - 1, apply->now_ms);
        }
        at = line->next;
    }
    return *count > before
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, atp_lifecycle_refusal(step, found), ATP_FIELD_RESERVATION, 0);
}

atp_verdict_t atp_steps_choose_all_lines(apply_t *apply, const atp_reservation_t *reservation,
                                         atp_step_t step, uint32_t *ret_count)
{
    *ret_count = 0;
    return atp_steps_add_all_lines(apply, reservation, step, ret_count);
}

void atp_steps_answer(apply_t *apply, uint32_t count)
{
    const resolved_line_t *lines = apply->ledger->lines;
    atp_result_t *result = apply->result;
    bool is_one_scale = true;

    for (uint32_t i = 0; i < count; i++) {
        if (lines[i].is_component) {
            continue; /* of a kit that the op names: the kit counts */
        }
        is_one_scale = is_one_scale && lines[i].scale == lines[0].scale;
        result->qty += lines[i].qty + lines[i].kits * atp_kit_unit(lines[i].scale);
    }
    result->qty = is_one_scale ? result->qty : 0;
    result->scale = is_one_scale ? lines[0].scale : 0;
}

/* ---- the steps ---- */

/* Whether on-hand stays in range (P2) when the chosen lines leave. Far from the edge nothing has to be added up by
 * row. */
atp_verdict_t atp_steps_look_at_on_hand(apply_t *apply, uint32_t count)
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

/* Whether there is a record for each chosen line that the step needs one for. */
atp_verdict_t atp_steps_need_progress(apply_t *apply, uint32_t reservation, atp_step_t step, uint32_t count)
{
    atp_reservations_t *reservations = &apply->ledger->reservations;
    uint32_t records = 0;

    if (!atp_step_needs_progress(step)) {
        return ATP_APPLIED;
    }
    for (uint32_t i = 0; i < count; i++) {
        records += !atp_line_at(reservations, apply->ledger->lines[i].line)->has_progress;
    }
    return atp_reservations_make_progress_room(reservations, records, reservation)
               ? ATP_APPLIED
               : atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
}

void atp_steps_raise_for(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty,
                         atp_text_t reservation)
{
    atp_exception_t *exception = atp_ledger_raise(apply, kind, row, qty);

    exception->reservation_count = 1;
    exception->reservation_total = 1;
    atp_exception_name(exception->reservations[0], &exception->reservation_sizes[0], reservation);
}

void atp_steps_raise(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty, uint32_t number)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);

    atp_steps_raise_for(apply, kind, row, qty, atp_strings_get(reservations->strings, reservation->id_ref));
}

/* What becomes of units that a node cannot fulfil: as their channel says, else the node, else the channel "default". */
static bool may_re_source(const atp_ledger_t *ledger, uint32_t number, uint32_t row)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    const atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, reservation->channel);
    const atp_node_record_t *node =
        atp_table_at(&ledger->catalog.nodes, atp_positions_at(&ledger->positions, row)->node);
    const atp_channel_record_t *ledgers = atp_table_at(&ledger->catalog.channels, 0);
    uint8_t policy = channel->on_short != 0 ? channel->on_short
                     : node->on_short != 0  ? node->on_short
                                            : ledgers->on_short;

    return policy == ATP_ON_SHORT_RE_SOURCE && (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) == 0;
}

void atp_steps_short(apply_t *apply, uint32_t number, uint32_t line, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *goods = atp_op_attribute(apply->op, ATP_KEY_GOODS, ATP_WHOLE_OP);
    uint32_t row = atp_line_at(&ledger->reservations, line)->row;
    atp_qty_t moved =
        may_re_source(ledger, number, row) ? atp_ledger_re_source(apply, line, ATP_STEP_RE_SOURCE, qty) : 0;

    if (moved < qty) {
        atp_ledger_move(ledger, line, ATP_STEP_SHORT, qty - moved);
        atp_steps_raise(apply, ATP_EXCEPTION_SHORT, row, qty - moved, number);
    }
    if (goods == NULL || goods->number == ATP_GOODS_MISSING) {
        atp_ledger_miss(apply, row, qty);
    }
}

/* Allocates what is here of the lines that the op names; taken keeps what is asked beyond that: units that wait. */
static void allocate_here(apply_t *apply, uint32_t count)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < count; i++) {
        const resolved_line_t *chosen = &ledger->lines[i];
        atp_qty_t reserved = atp_line_at(&ledger->reservations, chosen->line)->reserved;
        atp_qty_t here = chosen->qty < reserved ? chosen->qty : reserved;
        if (here > 0) {
            atp_ledger_move(ledger, chosen->line, ATP_STEP_ALLOCATE, here);
            atp_ledger_taken(apply, chosen->line)->qty -= here;
        }
    }
}

/* A line allocated in part gives its rest back at once, of what waits too; what is asked of that becomes firm. */
static void release_rests(apply_t *apply, uint32_t count)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = ledger->lines[i].line;
        const atp_line_t *line = atp_line_at(&ledger->reservations, number);
        if (atp_positions_at(&ledger->positions, line->row)->node != ledger->lines[i].node) {
            continue; /* a kit of which parts went to the node told: what it has here was not spoken of */
        }
        if (line->reserved > 0) {
            atp_ledger_move(ledger, number, ATP_STEP_RELEASE, line->reserved);
        }
        atp_qty_t waiting = atp_line_waiting(&ledger->reservations, number);
        atp_qty_t firm = ATP_UNLIKELY(waiting > 0) ? atp_ledger_taken(apply, number)->qty : 0;
        if (ATP_UNLIKELY(waiting > firm) && !line->is_firm) {
            atp_ledger_move(ledger, number, ATP_STEP_RELEASE, waiting - firm);
        }
        (void)atp_ledger_firm(ledger, number);
    }
}

atp_verdict_t atp_ledger_step(apply_t *apply, atp_step_t step)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number;
    uint32_t count = 0;

    if (ATP_UNLIKELY(atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP) != NULL)) {
        return atp_ledger_step_order(apply, step);
    }
    if (!atp_steps_find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    atp_steps_settle(apply, number);
    /* What waits for supply becomes firm with what is here. */
    atp_qty_t firm =
        step == ATP_STEP_ALLOCATE && apply->op->line_count == 0 ? atp_ledger_firm_all(ledger, number) : 0;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    atp_verdict_t verdict = apply->op->line_count > 0
                                ? choose_named_lines(apply, reservation, step, &count)
                                : atp_steps_choose_all_lines(apply, reservation, step, &count);
    if (verdict != ATP_APPLIED && firm > 0) { /* nothing is here yet */
        atp_ledger_tidy(ledger, number);      /* it no longer expires */
        atp_ledger_answer_firm(apply, number, firm);
        return ATP_APPLIED;
    }
    if (verdict == ATP_APPLIED && step == ATP_STEP_SHIP) {
        verdict = atp_steps_look_at_on_hand(apply, count);
    }
    verdict = verdict == ATP_APPLIED ? atp_steps_need_progress(apply, number, step, count) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    bool is_named_allocate = step == ATP_STEP_ALLOCATE && apply->op->line_count > 0;
    if (is_named_allocate) {
        allocate_here(apply, count);
    }
    for (uint32_t i = 0; i < count && !is_named_allocate; i++) {
        if (ledger->lines[i].qty == 0) {
            continue; /* of a kit: all of its lines are chosen */
        }
        if (step == ATP_STEP_SHORT) {
            atp_steps_short(apply, number, ledger->lines[i].line, ledger->lines[i].qty);
        } else {
            atp_ledger_move(ledger, ledger->lines[i].line, step, ledger->lines[i].qty);
        }
    }
    if (is_named_allocate) {
        release_rests(apply, count);
    }
    atp_ledger_tidy(ledger, number);
    if (ATP_UNLIKELY(firm > 0)) {
        for (uint32_t i = 0; i < count; i++) {
            firm += ledger->lines[i].qty;
        }
        atp_ledger_answer_firm(apply, number, firm);
    } else {
        atp_steps_answer(apply, count);
    }
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
    if (!atp_steps_find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    atp_steps_settle(apply, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    atp_verdict_t verdict = atp_steps_choose_all_lines(apply, reservation, ATP_STEP_EXPIRE, &count);
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

/* Reserve: where "yes, you can have it" is decided. decide_line is the never-oversell check.
 *
 * First the plan: for each line of the op which positions serve it, with how much. Then, if the whole op stands, the plan is
 * granted. Lines of one op share what there is. */
#include "engine/ledger/ledger_priv.h"

/* ---- deciding ---- */

/* How many of a line that names its node can be granted: all, a part if the mode allows it, or the verdict that says
 * why not. */
static atp_verdict_t decide_line(apply_t *apply, resolved_line_t *line)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t promisable = 0;
    taken_t *taken = NULL;

    if (atp_catalog_node_state(&ledger->catalog, line->node) != ATP_NODE_OPEN) {
        return atp_ledger_refuse(apply, ATP_NODE_NOT_OPEN, ATP_FIELD_NODE, line->asked);
    }
    if (line->row != NO_ROW) {
        atp_ledger_settle_row(ledger, line->row, apply->now_ms);
        promisable = atp_ledger_promisable(ledger, line->row);
        if (apply->op->line_count > 1) {
            taken = atp_ledger_taken(apply, line->row);
            promisable -= taken->qty; /* lines of one op share what there is */
        }
    }
    if (line->qty > promisable) { /* L3 */
        if (apply->op->option != ATP_RESERVE_PARTIAL) {
            return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, line->asked);
        }
        line->granted = promisable > 0 ? promisable : 0;
    } else {
        line->granted = line->qty;
    }
    if (taken != NULL) {
        taken->qty += line->granted;
    }
    return ATP_APPLIED;
}

static atp_verdict_t decide_deadline(apply_t *apply, uint16_t *ret_channel, int64_t *ret_deadline_ms)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    uint16_t channel = op->channel;

    if (op->flags & ATP_OP_CHANNEL_NAMED) {
        const char *cursor = atp_op_text_begin(op);
        atp_op_text_next(&cursor);
        atp_op_text_next(&cursor);
        atp_text_t name = atp_op_text_next(&cursor);
        if (!atp_catalog_find_channel(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                      &channel)) {
            return atp_ledger_refuse(apply, ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL, 0);
        }
    }
    if (channel >= atp_table_count(&ledger->catalog.channels)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL, 0);
    }
    const atp_channel_record_t *record = atp_table_at(&ledger->catalog.channels, channel);
    int64_t ttl = op->value > 0        ? op->value
                  : record->ttl_ms > 0 ? record->ttl_ms
                                       : ledger->root->config.ttl_default_ms;
    if (ttl > ledger->root->config.ttl_max_ms) {
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    *ret_channel = channel;
    *ret_deadline_ms = apply->now_ms + ttl;
    return ATP_APPLIED;
}

/* Resolves and decides every line, which makes the plan; nothing but expiry has changed after it. */
static atp_verdict_t decide_lines(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);

    ledger->plan_count = 0;
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *line = atp_ledger_plan_next(ledger);
        if (line == NULL) {
            return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, i);
        }
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, line);
        if (verdict == ATP_APPLIED && line->node == NO_NODE) {
            verdict = atp_ledger_plan_open_line(apply, *line);
        } else if (verdict == ATP_APPLIED) {
            verdict = decide_line(apply, line);
            ledger->plan_count++;
        }
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

/* What the plan grants to each line, into the answer, and whether that is all that was asked for. */
static atp_verdict_t add_up(apply_t *apply, bool *ret_is_whole)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_result_t *result = apply->result;
    atp_qty_t asked = 0;
    bool is_one_scale = true;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        is_one_scale = is_one_scale && line->scale == ledger->lines[0].scale;
        result->qty += line->granted;
        asked += line->qty;
    }
    if (result->qty == 0) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, 0);
    }
    *ret_is_whole = result->qty == asked;
    result->qty = is_one_scale ? result->qty : 0;
    result->scale = is_one_scale ? ledger->lines[0].scale : 0;
    return ATP_APPLIED;
}

/* ---- granting ---- */

static void grant_lines(apply_t *apply, uint32_t reservation, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t last = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *decided = &ledger->lines[i];
        uint32_t number = atp_reservations_take_line(&ledger->reservations, reservation, last);
        atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
        line->row = decided->row;
        line->number = decided->asked & ((1u << ATP_LINE_NUMBER_BITS) - 1);
        line->granted = decided->granted;
        line->reserved = decided->granted;
        atp_line_set_deadline_ms(line, decided->granted > 0 ? deadline_ms : ATP_NEVER_MS);
        if (decided->granted > 0) {
            atp_ledger_attach(ledger, number);
        }
        last = number + 1;
    }
}

/* A line that got nothing at a place where there never was a position still names one: make it. */
static void need_rows(apply_t *apply)
{
    for (uint32_t i = 0; i < apply->ledger->plan_count; i++) {
        atp_ledger_need_row(apply, &apply->ledger->lines[i]);
    }
}

/* Grants of the lines in their order, where there are several, then the plan, where nodes were chosen. */
static void answer(apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    atp_result_t *result = apply->result;
    bool has_plan = op->flags & ATP_OP_CHOOSES;

    if (op->line_count == 1 && !has_plan) {
        return; /* the sum says it */
    }
    for (uint32_t i = 0; i < op->line_count; i++) {
        apply->grants[i] = (atp_grant_t){0};
    }
    result->line_count = op->line_count;
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        apply->grants[line->asked].qty += line->granted;
        apply->grants[line->asked].scale = line->scale;
        if (has_plan && line->granted > 0) {
            apply->grants[op->line_count + result->plan_count++] = (atp_grant_t){.qty = line->granted,
                                                                                 .scale = line->scale,
                                                                                 .line = line->asked,
                                                                                 .node = line->node,
                                                                                 .sku = line->sku};
        }
    }
}

atp_verdict_t atp_ledger_reserve(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    const char *cursor = atp_op_text_begin(op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_text_t owner = atp_op_text_next(&cursor);
    uint16_t channel = 0;
    int64_t deadline_ms = 0;
    bool is_whole;
    uint32_t number;

    if (atp_reservations_find(&ledger->reservations, id, op->subject_hash, &number)) {
        return atp_ledger_refuse(apply, ATP_CONFLICT, ATP_FIELD_ID,
                                 0); /* its outcome is forgotten, itself not */
    }
    if (op->line_count > ledger->root->config.lines_per_reservation) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = decide_deadline(apply, &channel, &deadline_ms);
    verdict = verdict == ATP_APPLIED ? decide_lines(apply) : verdict;
    verdict = verdict == ATP_APPLIED ? add_up(apply, &is_whole) : verdict;
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, ledger->plan_count) : verdict;
    if (verdict == ATP_APPLIED) {
        verdict = atp_reservations_make_room(&ledger->reservations, ledger->plan_count, id.size, owner.size);
    }
    if (verdict != ATP_APPLIED) {
        apply->result->qty = 0;
        apply->result->scale = 0;
        return verdict;
    }
    need_rows(apply);
    number = atp_reservations_take(&ledger->reservations, id, op->subject_hash, owner);
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);
    reservation->channel = channel;
    reservation->client = op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client;
    reservation->created_op = ledger->root->op;
    reservation->created_ms = apply->now_ms;
    reservation->deadline_ms = deadline_ms;
    grant_lines(apply, number, deadline_ms);
    atp_wheel_insert(&ledger->wheel, number);
    apply->result->deadline_ms = deadline_ms;
    answer(apply);
    return is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

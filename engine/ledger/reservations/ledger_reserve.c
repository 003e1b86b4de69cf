/* Reserve: where "yes, you can have it" is decided. decide_line is the never-oversell check.
 *
 * First the plan: for each line of the op which positions serve it, with how much. Then, if the whole op stands, the plan is
 * granted. Lines of one op share what there is. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/kits/ledger_kits.h"
#include "engine/ledger/sourcing/ledger_plan.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

#include <string.h>

/* ---- deciding ---- */

/* What is said of SKUs, but not the scale. */
#define SKU_HAS_ANY (0xffu & ~ATP_SKU_SCALE_MASK)

/* True if nothing beyond the buckets of its row has a say in the line: no attribute, nothing said of channel and SKU, an open
 * node without calendar, a row without limits. */
static bool is_plain_line(const apply_t *apply, const resolved_line_t *line)
{
    const atp_ledger_t *ledger = apply->ledger;

    return apply->is_plain && line->row != NO_ROW &&
           !atp_positions_sku_has(&ledger->positions, line->sku, SKU_HAS_ANY) &&
           !atp_position_has(atp_positions_at(&ledger->positions, line->row), ATP_POSITION_HAS_LIMITS) &&
           atp_catalog_is_plain_node(&ledger->catalog, line->node);
}

/* How many of a plain line can be granted: all, a part if the mode allows it, or the verdict that says why not. */
static atp_verdict_t decide_line(apply_t *apply, resolved_line_t *line)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t promisable = 0;
    taken_t *taken = NULL;

    ledger->plan_count++;
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
        apply->is_plain_plan = apply->is_plain_plan && promisable > 0;
    } else {
        line->granted = line->qty;
    }
    if (taken != NULL) {
        taken->qty += line->granted;
    }
    return ATP_APPLIED;
}

/* True if something beyond the buckets of its row has a say in a line that names its node. */
static bool is_looked_at(const apply_t *apply, const resolved_line_t *line)
{
    const atp_ledger_t *ledger = apply->ledger;

    return !apply->is_plain || atp_positions_sku_has(&ledger->positions, line->sku, ATP_SKU_IS_RATIONED) ||
           (line->row != NO_ROW &&
            atp_position_has(atp_positions_at(&ledger->positions, line->row), ATP_POSITION_HAS_LIMITS)) ||
           !atp_catalog_is_plain_node(&ledger->catalog, line->node); /* not open, or with a calendar */
}

/* True if nothing is said of the channel that has a say in its reserves. */
static bool is_plain_channel(atp_channel_record_t *record)
{
    unsigned said = record->has_quantities | atp_load_relaxed(&record->is_accounted) |
                    atp_load_relaxed(&record->may_re_source) | atp_load_relaxed(&record->on_stale);

    for (unsigned method = 0; method < ATP_METHOD_COUNT; method++) {
        said |= atp_load_relaxed(&record->groups[method]);
    }
    return said == 0;
}

#define NO_CHANNEL UINT32_MAX /* more than any has */

/* The channel that the op names. */
static __attribute__((noinline)) uint32_t named_channel(const apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    uint16_t channel;

    atp_op_text_next(&cursor);
    atp_op_text_next(&cursor);
    atp_text_t name = atp_op_text_next(&cursor);
    bool is_found = atp_catalog_find_channel(&ledger->catalog, name,
                                             atp_hash_text(name, atp_ledger_seed(ledger)), &channel);
    return is_found ? channel : NO_CHANNEL;
}

static inline uint32_t channel_of(const apply_t *apply)
{
    return ATP_UNLIKELY((apply->op->flags & ATP_OP_CHANNEL_NAMED) != 0) ? named_channel(apply)
                                                                        : apply->op->channel;
}

/* The deadline, and whether anything is said of the request or its channel. */
static atp_verdict_t decide_deadline(apply_t *apply, uint32_t channel, int64_t *ret_deadline_ms)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;

    if (channel >= atp_table_count(&ledger->catalog.channels)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL, 0);
    }
    atp_channel_record_t *record = atp_table_at(&ledger->catalog.channels, channel);
    int64_t ttl = op->value > 0        ? op->value
                  : record->ttl_ms > 0 ? record->ttl_ms
                                       : ledger->root->config.ttl_default_ms;
    if (ttl > ledger->root->config.ttl_max_ms) {
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    *ret_deadline_ms = apply->now_ms + ttl;
    apply->channel = (uint16_t)channel;
    apply->is_track_only = op->option == ATP_RESERVE_TRACK_ONLY;
    apply->is_plain =
        !apply->is_track_only && (op->flags & ATP_OP_HAS_ATTRIBUTES) == 0 && is_plain_channel(record);
    if (!apply->is_track_only && atp_load_relaxed(&record->state) != ATP_CHANNEL_OPEN) {
        return atp_ledger_refuse(apply, ATP_CHANNEL_NOT_OPEN, ATP_FIELD_CHANNEL, 0);
    }
    return ATP_APPLIED;
}

void atp_ledger_unplan(apply_t *apply, uint32_t first)
{
    atp_ledger_t *ledger = apply->ledger;

    while (ledger->plan_count > first) {
        const resolved_line_t *line = &ledger->lines[--ledger->plan_count];
        atp_ledger_taken(apply, line->row)->qty -= line->granted;
    }
}

static atp_verdict_t plan_stock_first(apply_t *apply, const resolved_line_t *line)
{
    const resolved_line_t wanted = *line;
    uint32_t first = apply->ledger->plan_count;
    atp_qty_t granted = 0;

    atp_verdict_t verdict = atp_ledger_plan_open_line(apply, wanted);
    for (uint32_t i = first; i < apply->ledger->plan_count; i++) {
        const resolved_line_t *planned = &apply->ledger->lines[i];
        granted += planned->is_component ? 0 : atp_ledger_granted(planned);
    }
    if ((verdict == ATP_APPLIED && granted == wanted.qty) ||
        (verdict != ATP_APPLIED && verdict != ATP_NOT_ENOUGH_AVAILABLE && verdict != ATP_NOT_IN_INCREMENTS)) {
        return verdict;
    }
    atp_ledger_unplan(apply, first);
    atp_ledger_refuse(apply, ATP_APPLIED, ATP_FIELD_NONE, 0);
    apply->may_backorder = true;
    return atp_ledger_plan_open_line(apply, wanted);
}

atp_verdict_t atp_ledger_plan_anywhere(apply_t *apply, const resolved_line_t *wanted)
{
    apply->may_backorder = false;
    return ATP_UNLIKELY(atp_positions_sku_has(&apply->ledger->positions, wanted->sku, ATP_SKU_HAS_BACKORDERS))
               ? plan_stock_first(apply, wanted)
               : atp_ledger_plan_open_line(apply, *wanted);
}

static atp_verdict_t plan_line(apply_t *apply, resolved_line_t *line)
{
    atp_ledger_t *ledger = apply->ledger;

    apply->may_backorder = false;
    if (line->node == NO_NODE && !apply->is_track_only) {
        return atp_ledger_plan_anywhere(apply, line);
    }
    if (ATP_UNLIKELY(atp_positions_sku_has(&ledger->positions, line->sku, ATP_SKU_IS_KIT))) {
        return apply->is_track_only ? atp_ledger_plan_sold_kit(apply, *line)
                                    : atp_ledger_plan_named_kit(apply, *line);
    }
    if (is_looked_at(apply, line)) {
        atp_verdict_t verdict = atp_ledger_plan_named_line(apply, line);
        ledger->plan_count++;
        return verdict;
    }
    return decide_line(apply, line);
}

/* Plans a line of which the channel lets the op have so much only, and one reservation no more than `cap`. */
static atp_verdict_t plan_within(apply_t *apply, resolved_line_t *line, atp_qty_t cap)
{
    atp_qty_t wanted = line->qty;
    /* A line that names its node is looked at where it is planned. */
    atp_qty_t left =
        line->node != NO_NODE ? ATP_NO_LIMIT : atp_ledger_channel_left_anywhere(apply, line->sku);
    uint32_t asked = line->asked;

    if (apply->op->option == ATP_RESERVE_PARTIAL) {
        left = left < cap ? left : cap;
        apply->is_short = apply->is_short || wanted > left;
        line->qty = wanted < left ? wanted : left;
        return line->qty > 0 ? plan_line(apply, line) : ATP_APPLIED;
    }
    if (wanted > left) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, asked);
    }
    atp_verdict_t verdict = plan_line(apply, line);
    return verdict == ATP_APPLIED && wanted > cap
               ? atp_ledger_refuse(apply, ATP_ABOVE_CAP, ATP_FIELD_QTY, asked)
               : verdict;
}

/* A line whose quantity someone has a say in: its SKU, its channel, or the request. */
static atp_verdict_t plan_bounded_line(apply_t *apply, resolved_line_t *line)
{
    uint32_t first = apply->ledger->plan_count;
    atp_bounds_t bounds;
    atp_qty_t cap = atp_ledger_cap_left(apply, line->sku);

    atp_verdict_t verdict = atp_ledger_look_at_quantity(apply, line, &bounds);
    verdict = verdict == ATP_APPLIED ? atp_ledger_note_needed_by(apply, line) : verdict;
    verdict = verdict == ATP_APPLIED ? plan_within(apply, line, cap) : verdict;
    if (verdict == ATP_APPLIED) {
        atp_ledger_round_plan(apply, first, &bounds);
    }
    return verdict;
}

static bool is_bounded(const apply_t *apply, const resolved_line_t *line)
{
    return !apply->is_track_only &&
           (!apply->is_plain || atp_positions_sku_has(&apply->ledger->positions, line->sku,
                                                      ATP_SKU_HAS_QUANTITIES | ATP_SKU_IS_RATIONED));
}

static atp_verdict_t plan_other_line(apply_t *apply, resolved_line_t *line)
{
    apply->is_plain_plan = false;
    return is_bounded(apply, line) ? plan_bounded_line(apply, line) : plan_line(apply, line);
}

/* Resolves and decides the first `count` lines, which makes the plan; nothing but expiry has changed after it. */
static inline atp_verdict_t decide_first_lines(apply_t *apply, uint32_t count)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);

    ledger->plan_count = 0;
    ledger->plan_components = 0;
    apply->is_plain_plan = apply->is_plain;
    for (uint32_t i = 0; i < count; i++) {
        resolved_line_t *line = atp_ledger_plan_next(ledger);
        if (line == NULL) {
            return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, i);
        }
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, line);
        if (verdict == ATP_APPLIED) {
            verdict = ATP_LIKELY(is_plain_line(apply, line)) ? decide_line(apply, line)
                                                             : plan_other_line(apply, line);
        }
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

static inline atp_verdict_t decide_lines(apply_t *apply)
{
    return decide_first_lines(apply, apply->op->line_count);
}

/* What the plan grants to each of its lines, into the answer, and whether that is all that was asked for. */
static __attribute__((noinline)) atp_verdict_t add_up_lines(apply_t *apply, bool *ret_is_whole)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_result_t *result = apply->result;
    atp_qty_t asked = 0;
    bool is_one_scale = true;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->is_component) {
            continue; /* its kit counts */
        }
        is_one_scale = is_one_scale && line->scale == ledger->lines[0].scale;
        result->qty += atp_ledger_granted(line);
        asked += line->qty;
    }
    if (result->qty == 0) {
        return atp_ledger_refuse(apply, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY, 0);
    }
    *ret_is_whole = result->qty == asked && !apply->is_short;
    result->qty = is_one_scale ? result->qty : 0;
    result->scale = is_one_scale ? ledger->lines[0].scale : 0;
    return ATP_APPLIED;
}

static inline atp_verdict_t add_up(apply_t *apply, bool *ret_is_whole)
{
    const resolved_line_t *line = &apply->ledger->lines[0];

    if (ATP_UNLIKELY(!apply->is_plain_plan || apply->ledger->plan_count != 1 || line->granted == 0)) {
        return add_up_lines(apply, ret_is_whole);
    }
    apply->result->qty = line->granted;
    apply->result->scale = line->scale;
    *ret_is_whole = line->granted == line->qty;
    return ATP_APPLIED;
}

/* ---- granting ---- */

/* True if not all that is granted may be there. */
static bool is_beyond_stock(const apply_t *apply, const resolved_line_t *decided)
{
    return decided->granted > 0 && decided->needed_by == 0 && !apply->is_track_only &&
           atp_position_has(atp_positions_at(&apply->ledger->positions, decided->row),
                            ATP_POSITION_HAS_LIMITS);
}

uint32_t atp_ledger_grant_line(apply_t *apply, uint32_t reservation, uint32_t after,
                               const resolved_line_t *decided, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = atp_reservations_take_line(&ledger->reservations, reservation, after);
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);

    line->row = decided->row;
    line->number = decided->asked & ((1u << ATP_LINE_NUMBER_BITS) - 1);
    line->granted = decided->granted;
    line->reserved = decided->granted;
    if (ATP_UNLIKELY(decided->needed_by != 0)) {
        line->reserved = atp_ledger_here_of(ledger, decided->row, decided->granted);
        atp_ledger_peg(apply, number, decided->needed_by, decided->granted - line->reserved);
    }
    atp_line_set_deadline_ms(line, decided->granted > 0 ? deadline_ms : ATP_NEVER_MS);
    if (ATP_UNLIKELY(is_beyond_stock(apply, decided))) {
        line->reserved = atp_ledger_here_of(ledger, decided->row, decided->granted);
    }
    if (decided->granted > 0) {
        atp_ledger_attach(ledger, number);
    }
    if (ATP_UNLIKELY(is_beyond_stock(apply, decided)) && line->reserved < decided->granted) {
        atp_ledger_backorder(ledger, number, decided->granted - line->reserved);
    }
    return number;
}

static void grant_lines(apply_t *apply, uint32_t reservation, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t last = 0;
    uint32_t kit_line = 0;
    uint32_t kits = 0;
    unsigned component = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *decided = &ledger->lines[i];
        uint32_t number = atp_ledger_grant_line(apply, reservation, last, decided, deadline_ms);
        if (ATP_UNLIKELY(decided->is_component)) {
            if (kits > 0) { /* none: given back by rounding */
                atp_ledger_note_component(ledger, number, kit_line, kits, ++component, decided->kits / kits);
            }
        } else {
            component = 0;
            kit_line = number;
            kits = decided->kits;
        }
        last = number + 1;
    }
}

/* A line of a plan in which nothing but rows has a say: all that it is granted is there, and it is the next that was asked for. */
static inline uint32_t grant_plain_line(apply_t *apply, uint32_t reservation, uint32_t after,
                                        const resolved_line_t *decided, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = atp_reservations_take_line(&ledger->reservations, reservation, after);
    atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);

    line->row = decided->row;
    line->granted = decided->granted;
    line->reserved = decided->granted;
    atp_line_set_deadline_ms(line, deadline_ms);
    atp_ledger_attach_plain(ledger, number);
    return number;
}

static void grant_plain_lines(apply_t *apply, uint32_t reservation, int64_t deadline_ms)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t last = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        last = grant_plain_line(apply, reservation, last, &ledger->lines[i], deadline_ms) + 1;
    }
}

/* A line that got nothing at a place where there never was a position still names one: make it. */
static void need_rows(apply_t *apply)
{
    for (uint32_t i = 0; i < apply->ledger->plan_count; i++) {
        atp_ledger_need_row(apply, &apply->ledger->lines[i]);
    }
}

/* Grants of the lines in their order, then the plan, where nodes were chosen. */
static __attribute__((noinline)) void answer_lines(apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    atp_result_t *result = apply->result;
    bool has_plan = op->flags & ATP_OP_CHOOSES;

    for (uint32_t i = 0; i < op->line_count; i++) {
        apply->grants[i] = (atp_grant_t){0};
    }
    result->line_count = op->line_count;
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        atp_qty_t granted = atp_ledger_granted(line);
        if (line->is_component) {
            continue;
        }
        apply->grants[line->asked].qty += granted;
        apply->grants[line->asked].scale = line->scale;
        if (has_plan && granted > 0) {
            atp_ledger_add_to_plan(apply, &(atp_grant_t){.qty = granted,
                                                         .scale = line->scale,
                                                         .line = line->asked,
                                                         .node = line->node,
                                                         .sku = line->sku});
        }
    }
}

static inline void answer(apply_t *apply)
{
    if (ATP_UNLIKELY(apply->op->line_count != 1 || (apply->op->flags & ATP_OP_CHOOSES) != 0)) {
        answer_lines(apply); /* else the sum says it */
    }
}

static void note_terms(const apply_t *apply, atp_reservation_t *reservation)
{
    const atp_op_attribute_t *priority = atp_op_attribute(apply->op, ATP_KEY_PRIORITY, ATP_WHOLE_OP);

    reservation->is_track_only = apply->is_track_only;
    if (priority != NULL) {
        reservation->priority = (unsigned)priority->number & 7u;
    }
}

/* Whether there is room for all that the plan adds, made at the cost of ended reservations; nothing else has changed. */
static atp_verdict_t look_for_room(apply_t *apply, atp_text_t id, atp_text_t owner)
{
    atp_ledger_t *ledger = apply->ledger;

    if (ATP_LIKELY(apply->is_plain_plan)) { /* all lines have rows, and nothing else is counted */
        return atp_reservations_make_room(&ledger->reservations, ledger->plan_count, id.size, owner.size);
    }
    atp_verdict_t verdict = ATP_UNLIKELY(apply->has_calendar) ? atp_ledger_plan_bookings(apply) : ATP_APPLIED;

    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, ledger->plan_count) : verdict;
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_accounts(apply, ledger->plan_count) : verdict;
    if (verdict == ATP_APPLIED) {
        verdict = atp_reservations_make_room(&ledger->reservations, ledger->plan_count, id.size, owner.size);
    }
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_waiting(apply) : verdict;
    if (verdict == ATP_APPLIED && ATP_UNLIKELY(ledger->plan_components > 0) &&
        !atp_reservations_make_progress_room(&ledger->reservations, ledger->plan_count, UINT32_MAX)) {
        verdict = atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
    }
    if (verdict == ATP_APPLIED && ATP_UNLIKELY(!apply->is_plain)) {
        verdict = atp_ledger_look_for_pegs(apply);
    }
    return verdict;
}

/* What attributes say of the reservation. */
static void note_attributes(const apply_t *apply, uint32_t number, atp_reservation_t *reservation)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *order = atp_op_attribute(apply->op, ATP_KEY_ORDER_ID, ATP_WHOLE_OP);

    note_terms(apply, reservation);
    if (order != NULL) {
        atp_text_t order_id = atp_op_attribute_text(apply->op, order);
        atp_orders_add(&ledger->reservations.orders, number, order_id,
                       atp_hash_text(order_id, atp_ledger_seed(ledger)));
        reservation->has_order = 1;
    }
}

/* The reservation, without lines yet. */
static uint32_t open_reservation(apply_t *apply, atp_text_t id, atp_text_t owner, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    uint32_t number = atp_reservations_take(&ledger->reservations, id, op->subject_hash, owner);
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);

    reservation->channel = apply->channel;
    reservation->client = op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client;
    reservation->version = ledger->root->op;
    reservation->created_ms = apply->now_ms;
    reservation->deadline_ms = deadline_ms;
    reservation->priority = ATP_PRIORITY_DEFAULT;
    if (ATP_UNLIKELY(!apply->is_plain)) {
        atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, apply->channel);
        if (atp_load_relaxed(&channel->is_accounted) != 0) {
            reservation->flags |= ATP_RESERVATION_ACCOUNTED_CHANNEL;
        }
        note_attributes(apply, number, reservation);
    }
    return number;
}

/* Grants the plan. There is room for all of it. */
static void grant(apply_t *apply, atp_text_t id, atp_text_t owner, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t number = open_reservation(apply, id, owner, deadline_ms);

    apply->result->deadline_ms = deadline_ms;
    if (ATP_LIKELY(apply->is_plain_plan)) {
        grant_plain_lines(apply, number, deadline_ms);
        atp_wheel_insert(&ledger->wheel, number);
        return;
    }
    grant_lines(apply, number, deadline_ms);
    atp_wheel_insert(&ledger->wheel, number);
    for (uint32_t i = 0; apply->is_track_only && i < ledger->plan_count; i++) {
        atp_ledger_note_over_commitment(apply, ledger->lines[i].row);
    }
    apply->result->ready_ms = atp_ledger_ready_ms(ledger, number);
}

atp_verdict_t atp_ledger_reserve(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    const char *cursor = atp_op_text_begin(op);
    atp_text_t id = atp_op_text_next(&cursor);
    atp_text_t owner = atp_op_text_next(&cursor);
    int64_t deadline_ms = 0;
    bool is_whole = false;
    uint32_t replaced = NO_ROW;
    uint32_t number;

    if (ATP_UNLIKELY(!atp_index_has_none(&ledger->reservations.index, op->subject_hash)) &&
        atp_reservations_find(&ledger->reservations, id, op->subject_hash, &number)) {
        return atp_ledger_refuse(apply, ATP_CONFLICT, ATP_FIELD_ID,
                                 0); /* its outcome is forgotten, itself not */
    }
    if (op->line_count > ledger->root->config.lines_per_reservation) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = decide_deadline(apply, channel_of(apply), &deadline_ms);
    if (verdict == ATP_APPLIED && ATP_UNLIKELY(!apply->is_plain)) {
        verdict = atp_ledger_look_at_replaced(apply, &replaced);
    }
    verdict = verdict == ATP_APPLIED ? decide_lines(apply) : verdict;
    verdict = verdict == ATP_APPLIED ? add_up(apply, &is_whole) : verdict;
    verdict = verdict == ATP_APPLIED ? look_for_room(apply, id, owner) : verdict;
    if (ATP_UNLIKELY(verdict != ATP_APPLIED || !is_whole)) {
        atp_ledger_count_unmet(apply, verdict);
    }
    if (verdict != ATP_APPLIED) {
        apply->result->qty = 0;
        apply->result->scale = 0;
        return verdict;
    }
    if (ATP_UNLIKELY(!apply->is_plain_plan)) {
        need_rows(apply);
    }
    if (ATP_UNLIKELY(replaced != NO_ROW)) {
        atp_ledger_release_all(ledger, replaced);
    }
    grant(apply, id, owner, deadline_ms);
    answer(apply);
    return is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

/* ---- what would be granted ---- */

/* Decides the first `count` lines as atp_ledger_reserve does, and, if they are all, the whole, up to where that would begin to change
 * something. */
static atp_verdict_t decide_first(apply_t *apply, uint32_t count, bool *ret_is_whole)
{
    int64_t deadline_ms;
    uint32_t replaced;

    *ret_is_whole = false;
    if (apply->op->line_count > apply->ledger->root->config.lines_per_reservation) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = decide_deadline(apply, channel_of(apply), &deadline_ms);
    if (verdict == ATP_APPLIED && !apply->is_plain) {
        verdict = atp_ledger_look_at_replaced(apply, &replaced);
    }
    verdict = verdict == ATP_APPLIED ? decide_first_lines(apply, count) : verdict;
    if (count < apply->op->line_count) {
        return verdict;
    }
    verdict = verdict == ATP_APPLIED ? add_up(apply, ret_is_whole) : verdict;
    return verdict == ATP_APPLIED && apply->has_calendar ? atp_ledger_plan_bookings(apply) : verdict;
}

static atp_verdict_t decide_promise(apply_t *apply)
{
    bool is_whole;
    atp_verdict_t verdict = decide_first(apply, apply->op->line_count, &is_whole);

    if (verdict != ATP_APPLIED) {
        apply->result->qty = 0;
        apply->result->scale = 0;
        return verdict;
    }
    answer(apply);
    return is_whole ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

void atp_ledger_forget_scratch(atp_ledger_t *ledger)
{
    memset(ledger->taken, 0, sizeof ledger->taken);
    ledger->plan.op = 0;
    ledger->bill_op = 0;
    ledger->capacity_scratch.op = 0;
    ledger->capacity_scratch.settled_op = 0;
}

atp_verdict_t atp_ledger_plan_asked(apply_t *apply)
{
    atp_ledger_forget_scratch(apply->ledger);
    return decide_promise(apply);
}

atp_verdict_t atp_ledger_plan_first_lines(apply_t *apply, uint32_t count)
{
    bool is_whole;

    atp_ledger_forget_scratch(apply->ledger);
    return decide_first(apply, count, &is_whole);
}

void atp_ledger_promise(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms,
                        atp_result_t *ret_result, atp_grant_t *ret_grants)
{
    /* The deciding functions work in the scratch of an op, which is no state. */
    atp_ledger_t *scratch = (atp_ledger_t *)(uintptr_t)ledger;
    apply_t apply = {.ledger = scratch,
                     .op = op,
                     .now_ms = now_ms > ledger->root->time_ms ? now_ms : ledger->root->time_ms,
                     .result = ret_result,
                     .grants = ret_grants};

    memset(ret_result, 0, sizeof *ret_result);
    ATP_ASSERT(op->kind == ATP_OP_RESERVE && ledger->root->op > 0);
    scratch->is_asking = true;
    ret_result->verdict = (uint8_t)atp_ledger_plan_asked(&apply);
    scratch->is_asking = false;
    atp_ledger_forget_scratch(scratch);
    ret_result->op = ledger->root->op;
}

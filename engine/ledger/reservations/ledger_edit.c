/* Reservations that change in place, and those that take the place of others.
 *
 * An edit says of what it names how many units that are not firm (reserved or waiting) the reservation is to have: at a node, or
 * of a SKU wherever it is. 0 takes the line out, what it had nothing of comes in, what it does not name stays. Only what is more
 * than before is decided, by what is free: what the reservation has already is not counted against it. All or nothing.
 * ledger_edit_plan.c decides, this file applies.
 *
 * A reservation that replaces another one is decided as if the soft units of that one were free; then they are. */
#include "engine/ledger/reservations/ledger_edit.h"
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/kits/ledger_kits.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

/* ---- replacing ---- */

/* What the reservation has is left out of what is counted against this op. */
static void credit(apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        atp_qty_t units = atp_line_units(reservations, at - 1, ATP_LINE_RESERVED) +
                          atp_line_units(reservations, at - 1, ATP_LINE_BACKORDERED) +
                          atp_ledger_pegs_given_back(apply, at - 1);
        if (units > 0) {
            atp_ledger_taken(apply, line->row)->qty -= units;
        }
        at = line->next;
    }
}

atp_verdict_t atp_ledger_look_at_replaced(apply_t *apply, uint32_t *ret_number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *replaces = atp_op_attribute(apply->op, ATP_KEY_REPLACES, ATP_WHOLE_OP);
    uint32_t number;

    *ret_number = NO_ROW;
    if (replaces == NULL) {
        return ATP_APPLIED;
    }
    atp_text_t id = atp_op_attribute_text(apply->op, replaces);
    if (!atp_reservations_find(&ledger->reservations, id, atp_hash_text(id, atp_ledger_seed(ledger)),
                               &number)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_RESERVATION, ATP_KEY_REPLACES, 0);
    }
    atp_steps_settle(apply, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->allocated > 0 || (line->is_firm && atp_line_waiting(&ledger->reservations, at - 1) > 0)) {
            return atp_ledger_refuse_key(apply, ATP_ALREADY_ALLOCATED, ATP_KEY_REPLACES, 0);
        }
        at = line->next;
    }
    credit(apply, reservation);
    *ret_number =
        reservation->status == ATP_RESERVATION_LIVE ? number : NO_ROW; /* else it has nothing to give */
    return ATP_APPLIED;
}

void atp_ledger_release_all(atp_ledger_t *ledger, uint32_t number)
{
    for (uint32_t at = atp_reservation_at(&ledger->reservations, number)->first_line; at != 0;) {
        uint32_t next = atp_line_at(&ledger->reservations, at - 1)->next;
        atp_qty_t units = atp_line_expiring(&ledger->reservations, at - 1);
        if (units > 0) {
            atp_ledger_move(ledger, at - 1, ATP_STEP_RELEASE, units);
        }
        at = next;
    }
    atp_ledger_tidy(ledger, number);
}

/* ---- editing: deciding ---- */

/* The reservation has something soft; else the verdict that says what became of it. */
static atp_verdict_t look_at_soft(apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;

    for (uint32_t at = reservation->first_line; at != 0;) {
        if (atp_edit_soft_units(reservations, at - 1) > 0) {
            return ATP_APPLIED;
        }
        at = atp_line_at(reservations, at - 1)->next;
    }
    atp_line_state_t state = atp_line_state(reservations, reservation->first_line - 1, apply->now_ms);
    return atp_ledger_refuse(apply, atp_lifecycle_refusal(ATP_STEP_EXPIRE, state), ATP_FIELD_RESERVATION, 0);
}

static atp_verdict_t look_at_version(apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_op_attribute_t *version = atp_op_attribute(apply->op, ATP_KEY_EXPECTED_VERSION, ATP_WHOLE_OP);

    if (version != NULL && (uint64_t)version->number != reservation->version) {
        return atp_ledger_refuse_key(apply, ATP_VERSION_DIFFERS, ATP_KEY_EXPECTED_VERSION, 0);
    }
    return ATP_APPLIED;
}

/* When the reservation ends after the edit: as it says; else as before, or, where nothing of it would have ended, as its channel
 * has it. */
static atp_verdict_t look_at_ttl(apply_t *apply, const atp_reservation_t *reservation,
                                 int64_t *ret_deadline_ms)
{
    const atp_ledger_config_t *config = &apply->ledger->root->config;
    const atp_op_attribute_t *told = atp_op_attribute(apply->op, ATP_KEY_TTL, ATP_WHOLE_OP);
    const atp_channel_record_t *channel =
        atp_table_at(&apply->ledger->catalog.channels, reservation->channel);
    int64_t ttl_ms = told != NULL ? told->number : channel->ttl_ms;

    if (told == NULL && reservation->is_in_wheel) {
        *ret_deadline_ms = reservation->deadline_ms;
        return ATP_APPLIED;
    }
    if (ttl_ms > config->ttl_max_ms) {
        return atp_ledger_refuse_key(apply, ATP_TTL_OUT_OF_RANGE, ATP_KEY_TTL, 0);
    }
    *ret_deadline_ms = apply->now_ms + (ttl_ms > 0 ? ttl_ms : config->ttl_default_ms);
    return ATP_APPLIED;
}

/* Room for the lines that the edit adds, and for what stands beside them. */
static atp_verdict_t look_for_room(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    uint32_t added = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        bool is_added = line->is_component || line->kits > 0 || line->needed_by != 0 || line->row == NO_ROW ||
                        atp_edit_growing_line(ledger, reservation, line->row) == 0;
        added += line->granted >= 0 && is_added;
    }
    if (added > 0 && reservation->line_count + added > ledger->root->config.lines_per_reservation) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = atp_ledger_look_for_rows(apply, ledger->plan_count);
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_accounts(apply, ledger->plan_count) : verdict;
    if (verdict == ATP_APPLIED && added > 0) {
        verdict = atp_reservations_make_room(&ledger->reservations, added, 0, 0);
    }
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_waiting(apply) : verdict;
    if (verdict == ATP_APPLIED && ledger->plan_components > 0 &&
        !atp_reservations_make_progress_room(&ledger->reservations, ledger->plan_count, number)) {
        verdict = atp_ledger_refuse(apply, ATP_PROGRESS_FULL, ATP_FIELD_LINES, 0);
    }
    return verdict == ATP_APPLIED ? atp_ledger_look_for_pegs(apply) : verdict;
}

/* Whether the edit can be made as a whole; nothing but expiry has changed after it. */
static atp_verdict_t decide(apply_t *apply, uint32_t number, int64_t *ret_deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    atp_verdict_t verdict = look_at_soft(apply, reservation);

    apply->channel = reservation->channel;
    apply->is_track_only = reservation->is_track_only;
    verdict = verdict == ATP_APPLIED ? look_at_version(apply, reservation) : verdict;
    verdict = verdict == ATP_APPLIED ? look_at_ttl(apply, reservation, ret_deadline_ms) : verdict;
    if (verdict == ATP_APPLIED && apply->op->line_count > ledger->root->config.lines_per_reservation) {
        verdict = atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    verdict = verdict == ATP_APPLIED ? atp_edit_plan(apply, number) : verdict;
    return verdict == ATP_APPLIED ? look_for_room(apply, number) : verdict;
}

/* ---- editing: applying ---- */

/* What waits comes free before what is here. */
static void take_back(atp_ledger_t *ledger, uint32_t number, atp_qty_t qty)
{
    static const atp_line_state_t order[] = {ATP_LINE_BACKORDERED, ATP_LINE_PEGGED, ATP_LINE_RESERVED};

    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
        atp_qty_t units = atp_line_units(&ledger->reservations, number, order[i]);
        atp_qty_t taken = qty < units ? qty : units;
        if (taken > 0) {
            atp_ledger_move_from(ledger, number, ATP_STEP_RELEASE, order[i], taken);
        }
        qty -= taken;
    }
    ATP_ASSERT(qty == 0);
}

/* The reservation's last line, + 1, and the line of the request that it serves. */
static uint32_t last_line(const atp_reservations_t *reservations, uint32_t number, unsigned *ret_asked)
{
    uint32_t last = atp_reservation_at(reservations, number)->first_line;

    while (last != 0 && atp_line_at(reservations, last - 1)->next != 0) {
        last = atp_line_at(reservations, last - 1)->next;
    }
    *ret_asked = last == 0 ? 0 : (unsigned)atp_line_at(reservations, last - 1)->number;
    return last;
}

static uint32_t add_line(apply_t *apply, uint32_t number, const resolved_line_t *more, int64_t deadline_ms)
{
    atp_reservations_t *reservations = &apply->ledger->reservations;
    unsigned asked;
    uint32_t last = last_line(reservations, number, &asked);
    uint32_t added = atp_ledger_grant_line(apply, number, last, more, deadline_ms);
    atp_line_t *line = atp_table_change(&reservations->lines, added);

    line->number = asked & ((1u << ATP_LINE_NUMBER_BITS) - 1);
    return added;
}

/* More units of a line that the reservation has, or had. */
static void grow_line(apply_t *apply, uint32_t number, const resolved_line_t *more, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t here = more->granted;

    if (!apply->is_track_only &&
        atp_position_has(atp_positions_at(&ledger->positions, more->row), ATP_POSITION_HAS_LIMITS)) {
        here = atp_ledger_here_of(ledger, more->row, more->granted); /* the rest waits */
    }
    if (atp_line_at(&ledger->reservations, number)->is_in_tree) {
        atp_ledger_grow(ledger, number, here, more->granted - here);
    } else {
        atp_line_t *line = atp_table_change(&ledger->reservations.lines, number);
        line->granted += more->granted;
        line->reserved = here;
        atp_line_set_deadline_ms(line, deadline_ms);
        atp_ledger_attach(ledger, number);
    }
    if (here < more->granted) {
        atp_ledger_backorder(ledger, number, more->granted - here);
    }
}

static void add_units(apply_t *apply, uint32_t number, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t kit_line = 0;
    uint32_t kits = 0;
    unsigned component = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        resolved_line_t *more = &ledger->lines[i];
        if (more->granted < 0 || (more->granted == 0 && more->kits == 0)) {
            continue;
        }
        atp_ledger_need_row(apply, more);
        uint32_t at =
            more->is_component || more->kits > 0 || more->needed_by != 0
                ? 0
                : atp_edit_growing_line(ledger, atp_reservation_at(&ledger->reservations, number), more->row);
        if (at != 0) {
            grow_line(apply, at - 1, more, deadline_ms);
            continue;
        }
        uint32_t added = add_line(apply, number, more, deadline_ms);
        if (more->is_component) {
            atp_ledger_note_component(ledger, added, kit_line, kits, ++component, more->kits / kits);
        } else {
            component = 0;
            kit_line = added;
            kits = more->kits;
        }
    }
}

static void change_lines(apply_t *apply, uint32_t number, int64_t deadline_ms)
{
    atp_ledger_t *ledger = apply->ledger;

    if (!atp_reservation_at(&ledger->reservations, number)->is_in_wheel) {
        atp_reservation_t *changed = atp_table_change(&ledger->reservations.records, number);
        changed->deadline_ms = deadline_ms; /* of what comes in */
    }
    if (ATP_UNLIKELY(apply->has_calendar)) {
        atp_ledger_move_bookings(apply, number);
    }
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        if (ledger->lines[i].granted < 0) {
            take_back(ledger, ledger->lines[i].line, -ledger->lines[i].granted);
        }
    }
    add_units(apply, number, deadline_ms);
}

/* The reservation ends when the edit says; what it has may end now that did not before. */
static void change_deadline(atp_ledger_t *ledger, uint32_t number, int64_t deadline_ms)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    bool must_expire = false;

    for (uint32_t at = reservation->first_line; at != 0;) {
        must_expire = must_expire || atp_line_expiring(&ledger->reservations, at - 1) > 0;
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
    if (must_expire && !reservation->is_in_wheel) {
        atp_wheel_insert(&ledger->wheel, number);
    }
    if (reservation->is_in_wheel && reservation->deadline_ms != deadline_ms) {
        atp_ledger_reschedule(ledger, number, deadline_ms);
    }
}

/* The answer says what the reservation has now. */
static void answer(apply_t *apply, uint32_t number)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    bool is_one_scale = true;
    uint8_t scale = 0;
    atp_qty_t sum = 0;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        uint8_t own = atp_positions_scale(&ledger->positions, position->sku);
        atp_qty_t units = atp_ledger_is_component(ledger, at - 1)
                              ? 0
                              : atp_edit_soft_units(&ledger->reservations, at - 1) +
                                    atp_steps_soft_kits(ledger, at - 1) * atp_kit_unit(own);
        is_one_scale = is_one_scale && (units == 0 || sum == 0 || own == scale);
        scale = units > 0 ? own : scale;
        sum += units;
        at = line->next;
    }
    apply->result->qty = is_one_scale ? sum : 0;
    apply->result->scale = is_one_scale ? scale : 0;
    apply->result->deadline_ms = reservation->status == ATP_RESERVATION_LIVE ? reservation->deadline_ms : 0;
    apply->result->ready_ms = atp_ledger_ready_ms(ledger, number);
}

atp_verdict_t atp_ledger_edit(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *priority = atp_op_attribute(apply->op, ATP_KEY_PRIORITY, ATP_WHOLE_OP);
    int64_t deadline_ms = 0;
    uint32_t number;

    if (!atp_steps_find_reservation(apply, &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION, 0);
    }
    atp_steps_settle(apply, number);
    atp_verdict_t verdict = decide(apply, number, &deadline_ms);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);
    reservation->version = ledger->root->op;
    if (priority != NULL) {
        reservation->priority = (unsigned)priority->number & 7u;
        atp_ledger_requeue(ledger, number);
        atp_ledger_rank_all_pegs(ledger, number);
    }
    change_lines(apply, number, deadline_ms);
    change_deadline(ledger, number, deadline_ms);
    atp_ledger_tidy(ledger, number);
    for (uint32_t i = 0; reservation->is_track_only && i < ledger->plan_count; i++) {
        if (ledger->lines[i].granted > 0) {
            atp_ledger_note_over_commitment(apply, ledger->lines[i].row);
        }
    }
    answer(apply, number);
    return ATP_APPLIED;
}

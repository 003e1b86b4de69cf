/* Reservations that change in place, and those that take the place of others.
 *
 * An edit says for each position it names how many soft units (reserved or waiting, not allocated) the reservation is to have there:
 * 0 takes the line out, a position it had nothing at comes in, what it does not name stays. Only what is more than
 * before is decided, by what is free: what the reservation has already is not counted against it. All or nothing.
 *
 * A reservation that replaces another one is decided as if the soft units of that one were free; then they are. */
#include "engine/ledger/ledger_accounts.h"
#include "engine/ledger/ledger_capacity.h"
#include "engine/ledger/ledger_steps.h"
#include "engine/ledger/ledger_supply.h"

#include "engine/base/attribute.h"

/* Units of a line that are promised but not firm. */
static atp_qty_t soft_units(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_line_units(reservations, number, ATP_LINE_RESERVED) +
           atp_line_units(reservations, number, ATP_LINE_BACKORDERED);
}

static atp_qty_t soft_units_at(const atp_reservations_t *reservations, const atp_reservation_t *reservation,
                               uint32_t row)
{
    atp_qty_t units = 0;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        units += line->row == row ? soft_units(reservations, at - 1) : 0;
        at = line->next;
    }
    return units;
}

/* ---- replacing ---- */

/* What the reservation has is left out of what is counted against this op. */
static void credit(apply_t *apply, const atp_reservation_t *reservation)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        atp_qty_t units = soft_units(reservations, at - 1);
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
        return atp_ledger_refuse(apply, ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE, 0);
    }
    atp_steps_settle(apply, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (line->allocated > 0) {
            return atp_ledger_refuse(apply, ATP_ALREADY_ALLOCATED, ATP_FIELD_ATTRIBUTE, 0);
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
        atp_qty_t units = soft_units(&ledger->reservations, at - 1);
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
        if (soft_units(reservations, at - 1) > 0) {
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
        return atp_ledger_refuse(apply, ATP_VERSION_DIFFERS, ATP_FIELD_ATTRIBUTE, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t look_at_ttl(apply_t *apply, int64_t *ret_deadline_ms)
{
    const atp_op_attribute_t *ttl = atp_op_attribute(apply->op, ATP_KEY_TTL, ATP_WHOLE_OP);

    *ret_deadline_ms = 0;
    if (ttl == NULL) {
        return ATP_APPLIED;
    }
    if (ttl->number > apply->ledger->root->config.ttl_max_ms) {
        return atp_ledger_refuse(apply, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE, 0);
    }
    *ret_deadline_ms = apply->now_ms + ttl->number;
    return ATP_APPLIED;
}

/* True if an earlier line of the edit names the same position. */
static bool is_named_before(const apply_t *apply, uint32_t i)
{
    const resolved_line_t *lines = apply->ledger->lines;

    for (uint32_t before = 0; before < i; before++) {
        if (lines[before].sku == lines[i].sku && lines[before].node == lines[i].node) {
            return true;
        }
    }
    return false;
}

/* How many more units than now the line asks for, to line->granted; fewer: below 0. What is more is decided as a line of a
 * reserve would be. */
static atp_verdict_t decide_line(apply_t *apply, const atp_reservation_t *reservation, resolved_line_t *line)
{
    atp_bounds_t bounds;
    atp_qty_t now =
        line->row == NO_ROW ? 0 : soft_units_at(&apply->ledger->reservations, reservation, line->row);
    resolved_line_t more = *line;

    line->granted = line->qty - now;
    if (line->granted == 0) {
        return ATP_APPLIED;
    }
    more.qty = line->granted;
    atp_verdict_t verdict =
        reservation->is_track_only ? ATP_APPLIED : atp_ledger_look_at_quantity(apply, line, &bounds);
    if (verdict == ATP_APPLIED && line->granted < 0) {
        atp_ledger_taken(apply, line->row)->qty += line->granted;
        return ATP_APPLIED;
    }
    return verdict == ATP_APPLIED ? atp_ledger_plan_named_line(apply, &more) : verdict;
}

static atp_verdict_t decide_lines(apply_t *apply, const atp_reservation_t *reservation)
{
    atp_ledger_t *ledger = apply->ledger;
    ledger->plan_count = 0;
    line_names_t names = atp_ledger_line_names(apply->op);
    atp_verdict_t verdict = ATP_APPLIED;

    for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
        verdict = atp_ledger_resolve_line(apply, &names, i, &ledger->lines[i]);
        if (verdict == ATP_APPLIED && is_named_before(apply, i)) {
            verdict = atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_LINES, i);
        }
    }
    /* What comes free first, so that units may move from one node to another. */
    for (int is_more = 0; verdict == ATP_APPLIED && is_more <= 1; is_more++) {
        for (uint32_t i = 0; verdict == ATP_APPLIED && i < apply->op->line_count; i++) {
            resolved_line_t *line = &ledger->lines[i];
            atp_qty_t now =
                line->row == NO_ROW ? 0 : soft_units_at(&ledger->reservations, reservation, line->row);
            if ((line->qty > now) == (is_more == 1)) {
                verdict = decide_line(apply, reservation, line);
            }
        }
    }
    return verdict == ATP_APPLIED ? atp_ledger_look_at_edit(apply) : verdict;
}

/* A line of the reservation at the row that grows with it: one that has soft units. 0: there is none. */
static uint32_t growing_line(const atp_reservations_t *reservations, const atp_reservation_t *reservation,
                             uint32_t row)
{
    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (line->row == row && soft_units(reservations, at - 1) > 0) {
            return at;
        }
        at = line->next;
    }
    return 0;
}

/* Room for the lines that the edit adds. */
static atp_verdict_t look_for_lines(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, number);
    uint32_t added = 0;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        added += line->granted > 0 &&
                 (line->row == NO_ROW || growing_line(&ledger->reservations, reservation, line->row) == 0);
    }
    if (added > 0 && reservation->line_count + added > ledger->root->config.lines_per_reservation) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict =
        added > 0 ? atp_reservations_make_room(&ledger->reservations, added, 0, 0) : ATP_APPLIED;
    ledger->plan_count = apply->op->line_count; /* the lines are the plan */
    return verdict == ATP_APPLIED ? atp_ledger_look_for_waiting(apply) : verdict;
}

/* ---- editing: applying ---- */

/* Takes units back from the lines at the row, the last one first. */
static void take_back(atp_ledger_t *ledger, uint32_t number, uint32_t row, atp_qty_t qty)
{
    while (qty > 0) {
        uint32_t last = 0;
        for (uint32_t at = atp_reservation_at(&ledger->reservations, number)->first_line; at != 0;) {
            const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
            last = line->row == row && soft_units(&ledger->reservations, at - 1) > 0 ? at : last;
            at = line->next;
        }
        ATP_ASSERT(last != 0);
        atp_qty_t units = soft_units(&ledger->reservations, last - 1);
        atp_qty_t taken = qty < units ? qty : units;
        atp_ledger_move(ledger, last - 1, ATP_STEP_RELEASE, taken);
        qty -= taken;
    }
}

static uint32_t last_line(const atp_reservations_t *reservations, const atp_reservation_t *reservation)
{
    uint32_t last = reservation->first_line;

    while (last != 0 && atp_line_at(reservations, last - 1)->next != 0) {
        last = atp_line_at(reservations, last - 1)->next;
    }
    return last;
}

static uint32_t add_line(apply_t *apply, uint32_t number, const resolved_line_t *more, atp_qty_t here)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_reservations_t *reservations = &ledger->reservations;
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
    uint32_t last = last_line(reservations, reservation);
    uint32_t last_number = last == 0 ? 0 : (uint32_t)atp_line_at(reservations, last - 1)->number;
    uint32_t at = atp_reservations_take_line(reservations, number, last);
    atp_line_t *line = atp_table_change(&reservations->lines, at);

    line->row = more->row;
    line->number = last_number & ((1u << ATP_LINE_NUMBER_BITS) - 1);
    line->granted = more->granted;
    line->reserved = here;
    atp_line_set_deadline_ms(line, reservation->deadline_ms);
    atp_ledger_attach(ledger, at);
    return at;
}

static void add_units(apply_t *apply, uint32_t number, const resolved_line_t *more)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_reservations_t *reservations = &ledger->reservations;
    const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
    uint32_t at = growing_line(reservations, reservation, more->row);
    atp_qty_t here = more->granted;

    if (!apply->is_track_only &&
        atp_position_has(atp_positions_at(&ledger->positions, more->row), ATP_POSITION_HAS_LIMITS)) {
        here = atp_ledger_here_of(ledger, more->row, more->granted); /* the rest waits */
    }
    if (at != 0) {
        atp_ledger_grow(ledger, at - 1, here, more->granted - here);
    } else {
        at = add_line(apply, number, more, here) + 1;
    }
    if (here < more->granted) {
        atp_ledger_backorder(ledger, at - 1, more->granted - here);
    }
}

static void change_lines(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        if (ledger->lines[i].granted < 0) {
            take_back(ledger, number, ledger->lines[i].row, -ledger->lines[i].granted);
        }
    }
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        if (ledger->lines[i].granted > 0) {
            atp_ledger_need_row(apply, &ledger->lines[i]);
            add_units(apply, number, &ledger->lines[i]);
        }
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
        atp_qty_t units = soft_units(&ledger->reservations, at - 1);
        uint8_t own = atp_positions_scale(&ledger->positions, position->sku);
        is_one_scale = is_one_scale && (units == 0 || sum == 0 || own == scale);
        scale = units > 0 ? own : scale;
        sum += units;
        at = line->next;
    }
    apply->result->qty = is_one_scale ? sum : 0;
    apply->result->scale = is_one_scale ? scale : 0;
    apply->result->deadline_ms = reservation->status == ATP_RESERVATION_LIVE ? reservation->deadline_ms : 0;
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
    verdict = verdict == ATP_APPLIED ? look_at_ttl(apply, ret_deadline_ms) : verdict;
    if (verdict == ATP_APPLIED && apply->op->line_count > ledger->root->config.lines_per_reservation) {
        verdict = atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    verdict = verdict == ATP_APPLIED ? decide_lines(apply, reservation) : verdict;
    verdict = verdict == ATP_APPLIED ? atp_ledger_look_for_rows(apply, apply->op->line_count) : verdict;
    return verdict == ATP_APPLIED ? look_for_lines(apply, number) : verdict;
}

atp_verdict_t atp_ledger_edit(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *priority = atp_op_attribute(apply->op, ATP_KEY_PRIORITY, ATP_WHOLE_OP);
    int64_t deadline_ms;
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
    }
    if (priority != NULL) {
        atp_ledger_requeue(ledger, number);
    }
    change_lines(apply, number);
    if (deadline_ms != 0 && reservation->is_in_wheel) {
        atp_ledger_reschedule(ledger, number, deadline_ms);
    }
    atp_ledger_tidy(ledger, number);
    for (uint32_t i = 0; reservation->is_track_only && i < apply->op->line_count; i++) {
        atp_ledger_note_over_commitment(apply, ledger->lines[i].row);
    }
    answer(apply, number);
    return ATP_APPLIED;
}

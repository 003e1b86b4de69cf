/* Capacity of nodes: what may still be booked there, and the booking.
 *
 * Decided with the stock, in the same op: what a node can give is the least of what it has and what it can make ready on
 * one day. That day is the one on which an order placed now is ready; if the request says `ready_by`, a later working day
 * too, the first that has room for all that the op takes from the node. One order is made ready on one day at a node.
 *
 * What is left for an order placed now is published in the record of the node, for readers. */
#include "engine/ledger/capacity/ledger_capacity.h"

#include "engine/base/attribute.h"

#include <string.h>

#define SWEPT_PER_OP 16384 /* reservations that expire before a node is said to be full */

static atp_node_record_t *node_record(const atp_ledger_t *ledger, uint16_t node)
{
    return atp_table_at(&ledger->catalog.nodes, node);
}

static const atp_node_calendar_t *calendar_of(const atp_ledger_t *ledger, uint16_t node)
{
    return atp_capacity_node(&ledger->reservations.capacity, node_record(ledger, node)->calendar - 1);
}

static bool has_limits(const atp_node_calendar_t *node)
{
    return node->units_a_day > 0 || node->orders_a_day > 0 || node->own_count > 0;
}

/* ---- what is published of a node ---- */

/* What is left for an order placed now, as it is published. */
static int64_t left_now(const atp_ledger_t *ledger, const atp_node_calendar_t *node, int32_t ready_day)
{
    if (ready_day == ATP_READY_NEVER) {
        return 0;
    }
    atp_capacity_left_t left = atp_capacity_left(&ledger->reservations.capacity, node, ready_day);
    return left.orders <= 0 || left.units < 0 ? 0 : atp_units_told(left.units);
}

/* Until when nothing that is booked can have expired: a reader that comes later has the node settled first. */
static void note_quiet(const atp_ledger_t *ledger, atp_node_record_t *record,
                       const atp_node_calendar_t *calendar)
{
    atp_store_relaxed(&record->quiet_until_ms,
                      has_limits(calendar) ? atp_wheel_quiet_until(&ledger->wheel, ledger->root->time_ms)
                                           : ATP_NEVER_MS);
}

/* A place in the record changes when the day there does; `left` with each booking. */
static void publish(atp_ledger_t *ledger, uint16_t node, const atp_calendar_now_t *now)
{
    const atp_node_calendar_t *calendar = calendar_of(ledger, node);
    atp_node_record_t *record = atp_table_change(&ledger->catalog.nodes, node);
    bool is_never = now->ready_day == ATP_READY_NEVER;

    atp_store_relaxed(&record->ready_ms,
                      is_never ? 0 : atp_calendar_ready_ms(&calendar->calendar, now->ready_day));
    atp_store_relaxed(&record->ready_day, now->ready_day);
    atp_store_relaxed(&record->capacity_left, left_now(ledger, calendar, now->ready_day));
    atp_store_relaxed(&record->ready_until_ms, now->until_ms);
    note_quiet(ledger, record, calendar);
    atp_ledger_note_all_views(ledger);
}

void atp_ledger_refresh_node(atp_ledger_t *ledger, uint16_t node, int64_t now_ms)
{
    atp_node_record_t *record = node_record(ledger, node);

    if (record->calendar != 0 && atp_load_relaxed(&record->ready_until_ms) <= now_ms && !ledger->is_asking) {
        atp_calendar_now_t now = atp_calendar_look(&calendar_of(ledger, node)->calendar, now_ms);
        publish(ledger, node, &now);
    }
}

bool atp_ledger_outdated_node(const atp_ledger_t *ledger, int64_t now_ms, uint16_t *ret_node)
{
    bool has_calendars = atp_table_count(&ledger->reservations.capacity.nodes) > 0;
    uint64_t nodes = has_calendars ? atp_table_count(&ledger->catalog.nodes) : 0;

    for (uint64_t node = 0; node < nodes; node++) {
        atp_node_record_t *record = atp_table_at(&ledger->catalog.nodes, node);
        if (record->calendar != 0 && atp_load_relaxed(&record->ready_until_ms) <= now_ms) {
            *ret_node = (uint16_t)node;
            return true;
        }
    }
    return false;
}

void atp_ledger_settle_node(atp_ledger_t *ledger, uint16_t node, int64_t now_ms)
{
    atp_node_record_t *record = node_record(ledger, node);

    atp_ledger_refresh_node(ledger, node, now_ms);
    if (record->calendar != 0 && atp_load_relaxed(&record->quiet_until_ms) <= now_ms) {
        atp_ledger_settle_due(ledger, now_ms, SWEPT_PER_OP);
        note_quiet(ledger, atp_table_change(&ledger->catalog.nodes, node), calendar_of(ledger, node));
    }
}

static void publish_left(atp_ledger_t *ledger, uint16_t node)
{
    atp_node_record_t *record = atp_table_change(&ledger->catalog.nodes, node);

    atp_store_relaxed(&record->capacity_left,
                      left_now(ledger, calendar_of(ledger, node), atp_load_relaxed(&record->ready_day)));
    if (has_limits(calendar_of(ledger, node))) {
        atp_ledger_note_all_views(ledger); /* of whatever stands there */
    }
}

/* ---- what this op has taken so far ---- */

void atp_ledger_recount_capacity(atp_ledger_t *ledger)
{
    ledger->capacity_scratch.op = 0;
}

static booked_node_t *place_in_scratch(capacity_scratch_t *scratch, uint16_t node)
{
    uint32_t at = atp_mix32(node) % BOOKED_NODES_MAX;

    scratch->round += scratch->round == 0; /* before anything was counted all places are of round 0 */
    while (scratch->nodes[at].round == scratch->round && scratch->nodes[at].node != node) {
        at = (at + 1) % BOOKED_NODES_MAX;
    }
    return &scratch->nodes[at];
}

/* The nodes with a calendar that the plan takes from, and how much: lines that came since the last look are added. */
static void count_plan(atp_ledger_t *ledger)
{
    capacity_scratch_t *scratch = &ledger->capacity_scratch;

    if (scratch->op != ledger->root->op || scratch->counted > ledger->plan_count) {
        scratch->op = ledger->root->op;
        scratch->round++;
        scratch->counted = 0;
    }
    for (; scratch->counted < ledger->plan_count; scratch->counted++) {
        const resolved_line_t *line = &ledger->lines[scratch->counted];
        if (line->granted == 0 || !atp_catalog_has_calendar(&ledger->catalog, line->node)) {
            continue;
        }
        booked_node_t *booked = place_in_scratch(scratch, line->node);
        if (booked->round != scratch->round) {
            *booked = (booked_node_t){.round = scratch->round, .node = line->node, .day = ATP_READY_NEVER};
        }
        booked->units += atp_capacity_units(line->granted, line->scale);
    }
}

/* What the reservation that is edited has booked at the node: it stays, but for what the plan gives back. */
static atp_units_t booked_of_edited(const apply_t *apply, uint16_t node)
{
    const char *cursor = atp_op_text_begin(apply->op);
    const atp_booking_t *booking = NULL;
    uint32_t number;

    if (atp_ledger_find_reservation(apply->ledger, atp_op_text_next(&cursor), &number)) {
        booking = atp_capacity_find(&apply->ledger->reservations.capacity, number, node);
    }
    return booking == NULL ? 0 : booking->units;
}

/* ---- what may be booked ---- */

/* What the op already holds at a node, and gets back or adds to: of the reservation that is edited, replaced or moved. */
typedef struct own {
    const atp_booking_t *booking; /* NULL = nothing */
    bool is_same;                 /* it stays where it is: on its day */
    atp_units_t given_back;
} own_t;

/* Of the reservation whose units go to other nodes: what leaves this one is given back, whatever comes. */
static own_t moved_booking(const apply_t *apply, uint16_t node)
{
    const atp_ledger_t *ledger = apply->ledger;
    own_t own = {atp_capacity_find(&ledger->reservations.capacity, apply->moving - 1, node), true, 0};

    for (uint32_t i = 0; own.booking != NULL && i < ledger->move_count; i++) {
        const resolved_line_t *move = &ledger->moves[i];
        own.given_back += move->node == node ? atp_capacity_units(move->qty, move->scale) : 0;
    }
    return own;
}

static own_t booking_of(const atp_ledger_t *ledger, atp_text_t id, uint16_t node, bool is_same)
{
    own_t own = {NULL, false, 0};
    uint32_t number;

    if (atp_ledger_find_reservation(ledger, id, &number)) {
        own.booking = atp_capacity_find(&ledger->reservations.capacity, number, node);
        own.is_same = is_same;
        own.given_back = own.booking == NULL ? 0 : own.booking->units;
    }
    return own;
}

static own_t own_booking(apply_t *apply, uint16_t node)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;

    if (apply->moving != 0) { /* by whatever op: it may have no text */
        return moved_booking(apply, node);
    }
    if (op->kind == ATP_OP_EDIT) {
        const char *cursor = atp_op_text_begin(op);
        return booking_of(ledger, atp_op_text_next(&cursor), node, true);
    }
    const atp_op_attribute_t *replaces = atp_op_attribute(op, ATP_KEY_REPLACES, ATP_WHOLE_OP);
    if (op->kind != ATP_OP_RESERVE || replaces == NULL) {
        return (own_t){NULL, false, 0};
    }
    return booking_of(ledger, atp_op_attribute_text(op, replaces), node, false);
}

/* True if the booking is on a day that can still be kept. */
static bool has_day(const apply_t *apply, const own_t *own)
{
    return own->booking != NULL && own->is_same && own->booking->ready_ms > apply->now_ms &&
           (own->booking->units > 0 || own->booking->has_left);
}

/* What is booked already, and has to fit on the same day as what the plan takes of the node. */
static atp_units_t booked_beside(apply_t *apply, uint16_t node)
{
    if (apply->moving == 0) {
        return apply->op->kind == ATP_OP_EDIT ? booked_of_edited(apply, node) : 0;
    }
    own_t own = moved_booking(apply, node);
    return own.booking == NULL || has_day(apply, &own) ? 0 : own.booking->units - own.given_back;
}

static atp_units_t taken_at(apply_t *apply, uint16_t node)
{
    bool is_edit = apply->op->kind == ATP_OP_EDIT;

    if (apply->op->kind != ATP_OP_RESERVE && !is_edit && apply->moving == 0) {
        return 0; /* the others have no plan of several nodes */
    }
    count_plan(apply->ledger);
    const booked_node_t *booked = place_in_scratch(&apply->ledger->capacity_scratch, node);
    atp_units_t planned = booked->round == apply->ledger->capacity_scratch.round ? booked->units : 0;
    return planned + booked_beside(apply, node);
}

/* The most that can be booked on a day for this op; 0 if no further order is taken. */
static atp_units_t room_on(const atp_ledger_t *ledger, const atp_node_calendar_t *node, int32_t day,
                           own_t own)
{
    atp_capacity_left_t left = atp_capacity_left(&ledger->reservations.capacity, node, day);
    bool is_own_day = own.booking != NULL && own.booking->day == day;

    if (is_own_day && own.booking->units > 0 && left.orders != ATP_CAPACITY_NO_LIMIT) {
        left.orders++; /* it is counted among them */
    }
    if (is_own_day && left.units != ATP_UNITS_NO_LIMIT) {
        left.units += own.given_back;
    }
    return left.orders <= 0 || left.units < 0 ? 0 : left.units;
}

/* Looks at the days on which the op may be ready at the node, first to last, until one has room for `wanted`. The most that
 * one of them has room for, and its number; ATP_READY_NEVER if there is no such day. */
static atp_units_t look_for_day(apply_t *apply, uint16_t node, atp_units_t wanted, int32_t *ret_day)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_node_calendar_t *calendar = calendar_of(ledger, node);
    const atp_op_attribute_t *ready_by = atp_op_attribute(apply->op, ATP_KEY_READY_BY, ATP_WHOLE_OP);
    own_t own = own_booking(apply, node);
    int32_t first = atp_load_relaxed(&node_record(ledger, node)->ready_day);
    int32_t last = ready_by == NULL ? first : first + ATP_CAPACITY_AHEAD_DAYS;
    atp_units_t most = 0;

    *ret_day = ATP_READY_NEVER;
    if (has_day(apply, &own)) {
        if (ready_by != NULL && own.booking->ready_ms > ready_by->number) {
            return 0; /* what comes is ready with the rest of the order: too late */
        }
        *ret_day = own.booking->day;
        return room_on(ledger, calendar, own.booking->day, own);
    }
    for (int32_t day = first; first != ATP_READY_NEVER && day <= last && (most < wanted || day == first);
         day++) {
        if (!atp_calendar_is_working_day(&calendar->calendar, day)) {
            continue;
        }
        if (ready_by != NULL && atp_calendar_ready_ms(&calendar->calendar, day) > ready_by->number) {
            break;
        }
        atp_units_t room = room_on(ledger, calendar, day, own);
        if (*ret_day == ATP_READY_NEVER || room > most) {
            *ret_day = day;
            most = room;
        }
        last = has_limits(calendar) ? last : day; /* no later day has more */
    }
    return most;
}

/* What is due counts in no decision; beyond the rows that the op touches it matters only where capacity is short. */
void atp_ledger_settle_capacity(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;

    if (ledger->capacity_scratch.settled_op != ledger->root->op) {
        ledger->capacity_scratch.settled_op = ledger->root->op;
        atp_ledger_settle_due(ledger, apply->now_ms, SWEPT_PER_OP);
    }
}

static bool is_in_time(const apply_t *apply)
{
    const atp_op_attribute_t *ready_by = atp_op_attribute(apply->op, ATP_KEY_READY_BY, ATP_WHOLE_OP);

    return ready_by == NULL || ready_by->number >= apply->now_ms;
}

/* ret_day says whether there is a day at all. */
static atp_units_t room_at(apply_t *apply, uint16_t node, int32_t *ret_day)
{
    atp_units_t room = look_for_day(apply, node, ATP_UNITS_NO_LIMIT, ret_day);

    return room == ATP_UNITS_NO_LIMIT ? room : room - taken_at(apply, node);
}

atp_units_t atp_ledger_capacity_at(apply_t *apply, uint16_t node, atp_units_t wanted, atp_verdict_t *ret_why)
{
    atp_ledger_t *ledger = apply->ledger;
    int32_t day;

    *ret_why = ATP_NODE_AT_CAPACITY;
    if (!atp_catalog_has_calendar(&ledger->catalog, node)) {
        *ret_why = ATP_NOT_READY_IN_TIME;
        return is_in_time(apply) ? ATP_UNITS_NO_LIMIT : 0; /* without a calendar it is ready at once */
    }
    apply->has_calendar = true;
    atp_ledger_refresh_node(ledger, node, apply->now_ms);
    atp_units_t room = room_at(apply, node, &day);
    if (day == ATP_READY_NEVER) {
        *ret_why = ATP_NOT_READY_IN_TIME;
        return 0;
    }
    if (room < wanted && !ledger->is_asking) {
        atp_ledger_settle_capacity(apply);
        room = room_at(apply, node, &day);
    }
    return room > 0 ? room : 0;
}

/* ---- booking ---- */

/* Chooses the day for what the plan takes of a node. False: there is none with room. */
static bool plan_booking(apply_t *apply, booked_node_t *booked)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_units_t units = booked->units + booked_beside(apply, booked->node);

    atp_ledger_refresh_node(ledger, booked->node, apply->now_ms);
    atp_units_t room = look_for_day(apply, booked->node, units, &booked->day);
    if (booked->day != atp_load_relaxed(&node_record(ledger, booked->node)->ready_day)) {
        atp_ledger_settle_capacity(apply); /* an earlier day may have been full of what is due */
        room = look_for_day(apply, booked->node, units, &booked->day);
    }
    return room >= units;
}

atp_verdict_t atp_ledger_plan_bookings(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t count = 0;

    atp_ledger_recount_capacity(ledger);
    count_plan(ledger);
    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->granted <= 0 || !atp_catalog_has_calendar(&ledger->catalog, line->node)) {
            continue;
        }
        booked_node_t *booked = place_in_scratch(&ledger->capacity_scratch, line->node);
        if (booked->day != ATP_READY_NEVER) {
            continue; /* an earlier line is of the same node */
        }
        if (!plan_booking(apply, booked) && !apply->is_track_only) {
            return atp_ledger_refuse(apply, ATP_NODE_AT_CAPACITY, ATP_FIELD_NODE, line->asked);
        }
        own_t own = own_booking(apply, line->node);
        count += own.booking == NULL || !own.is_same;
    }
    if (count > 0 && !ledger->is_asking &&
        !atp_reservations_make_booking_room(&ledger->reservations, count)) {
        return atp_ledger_refuse(apply, ATP_BOOKINGS_FULL, ATP_FIELD_LINES, 0);
    }
    return ATP_APPLIED;
}

void atp_ledger_move_bookings(apply_t *apply, uint32_t reservation)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_capacity_t *capacity = &ledger->reservations.capacity;
    const capacity_scratch_t *scratch = &ledger->capacity_scratch;

    for (uint32_t i = 0; scratch->op == ledger->root->op && i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->granted <= 0 || !atp_catalog_has_calendar(&ledger->catalog, line->node)) {
            continue;
        }
        const booked_node_t *booked = place_in_scratch(&ledger->capacity_scratch, line->node);
        const atp_booking_t *booking = atp_capacity_find(capacity, reservation, line->node);
        if (booking != NULL && booked->round == scratch->round && booked->day != ATP_READY_NEVER &&
            booked->day != booking->day) {
            const atp_node_calendar_t *node = calendar_of(ledger, line->node);
            atp_capacity_move(capacity, node_record(ledger, line->node)->calendar - 1, booking, booked->day,
                              atp_calendar_ready_ms(&node->calendar, booked->day));
            publish_left(ledger, line->node);
        }
    }
}

/* The day that the plan chose; of an op without a plan, that on which an order placed now is ready. */
static int32_t day_to_book(atp_ledger_t *ledger, uint16_t node)
{
    const capacity_scratch_t *scratch = &ledger->capacity_scratch;
    const booked_node_t *booked = place_in_scratch(&ledger->capacity_scratch, node);

    if (scratch->op == ledger->root->op && booked->round == scratch->round &&
        booked->day != ATP_READY_NEVER) {
        return booked->day;
    }
    atp_ledger_refresh_node(ledger, node, ledger->root->time_ms);
    int32_t ready = atp_load_relaxed(&node_record(ledger, node)->ready_day);
    return ready != ATP_READY_NEVER
               ? ready
               : atp_calendar_day(&calendar_of(ledger, node)->calendar, ledger->root->time_ms);
}

/* True if several lines of the reservation have units at the node. */
static bool has_several_at(const atp_ledger_t *ledger, const atp_reservation_t *reservation, uint16_t node)
{
    unsigned count = 0;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        count += line->is_in_tree && atp_positions_at(&ledger->positions, line->row)->node == node;
        at = line->next;
    }
    return count > 1;
}

void atp_ledger_need_booking(atp_ledger_t *ledger, uint32_t reservation, uint16_t node)
{
    atp_capacity_t *capacity = &ledger->reservations.capacity;
    atp_reservation_t *record = atp_table_change(&ledger->reservations.records, reservation);

    if (record->flags & ATP_RESERVATION_ACCOUNTED_CAPACITY &&
        atp_capacity_find(capacity, reservation, node) != NULL) {
        return;
    }
    record->flags |= ATP_RESERVATION_ACCOUNTED_CAPACITY;
    if (has_several_at(ledger, record, node)) { /* promised before the node had a calendar: not booked */
        record->flags |= ATP_RESERVATION_UNBOOKED;
    }
    if (!atp_capacity_has_room(capacity, 1)) {
        record->flags |= ATP_RESERVATION_UNBOOKED;
        return;
    }
    int32_t day = day_to_book(ledger, node);
    atp_node_record_t *published = atp_table_change(&ledger->catalog.nodes, node);
    if (has_limits(calendar_of(ledger, node)) &&
        record->deadline_ms < atp_load_relaxed(&published->quiet_until_ms)) {
        atp_store_relaxed(&published->quiet_until_ms, record->deadline_ms);
    }
    atp_capacity_book(capacity, reservation, node, day,
                      atp_calendar_ready_ms(&calendar_of(ledger, node)->calendar, day));
}

void atp_ledger_account_capacity(atp_ledger_t *ledger, const account_change_t *change)
{
    atp_capacity_t *capacity = &ledger->reservations.capacity;
    uint32_t reservation = change->line->reservation;

    if (!atp_catalog_has_calendar(&ledger->catalog, change->node)) {
        return;
    }
    const atp_booking_t *booking = atp_capacity_find(capacity, reservation, change->node);
    if (booking == NULL) {
        return; /* there was no room for it, or it was promised before the node had a calendar */
    }
    uint8_t scale = atp_positions_scale(&ledger->positions, change->sku);
    atp_capacity_change(capacity, node_record(ledger, change->node)->calendar - 1, booking,
                        atp_capacity_units(change->promised, scale),
                        atp_capacity_units(change->shipped, scale));
    publish_left(ledger, change->node);
}

int64_t atp_ledger_ready_ms(const atp_ledger_t *ledger, uint32_t reservation)
{
    const atp_capacity_t *capacity = &ledger->reservations.capacity;
    int64_t ready_ms = 0;

    if ((atp_reservation_at(&ledger->reservations, reservation)->flags &
         ATP_RESERVATION_ACCOUNTED_CAPACITY) == 0) {
        return 0;
    }
    for (const atp_booking_t *booking = atp_capacity_first(capacity, reservation); booking != NULL;
         booking = atp_capacity_next(capacity, booking)) {
        ready_ms = booking->ready_ms > ready_ms ? booking->ready_ms : ready_ms;
    }
    return ready_ms;
}

const atp_node_calendar_t *atp_ledger_node_calendar(const atp_ledger_t *ledger, uint16_t node)
{
    return atp_catalog_has_calendar(&ledger->catalog, node) ? calendar_of(ledger, node) : NULL;
}

/* ---- changing a node ---- */

/* Replaces the closed days by those that the op tells; a single 0 tells that there are none. */
static bool read_closed_days(apply_t *apply, atp_calendar_t *calendar)
{
    const atp_op_t *op = apply->op;
    const atp_op_attribute_t *at = atp_op_attribute(op, ATP_KEY_CLOSED_DAY, ATP_WHOLE_OP);
    int32_t today = atp_calendar_day(calendar, apply->now_ms);
    int32_t day;

    if (at == NULL) {
        return true;
    }
    memset(calendar->closed, 0, sizeof calendar->closed);
    calendar->closed_count = 0;
    while (at != NULL) {
        if (at->number != 0 &&
            (!atp_day_of_number(at->number, &day) || !atp_calendar_close_day(calendar, day, today - 1))) {
            return false;
        }
        uint32_t next = (uint32_t)(at - atp_op_attributes(op)) + 1;
        at = atp_op_attribute_from(op, next, ATP_KEY_CLOSED_DAY, ATP_WHOLE_OP);
    }
    return true;
}

/* What the op tells in one number, else what it was. */
static int64_t told_number(const apply_t *apply, unsigned key, int64_t was)
{
    const atp_op_attribute_t *at = atp_op_attribute(apply->op, key, ATP_WHOLE_OP);

    return at == NULL ? was : at->number;
}

static bool read_units(const apply_t *apply, int64_t *units)
{
    const atp_op_attribute_t *at = atp_op_attribute(apply->op, ATP_KEY_CAPACITY_UNITS, ATP_WHOLE_OP);

    atp_units_t told = at == NULL ? *units : atp_capacity_units(at->number, at->detail);
    if (told > (atp_units_t)ATP_CAPACITY_UNITS_MAX * 1000000) {
        return false;
    }
    *units = (int64_t)told;
    return true;
}

static bool has_calendar_attribute(const apply_t *apply)
{
    for (unsigned key = ATP_KEY_TIME_ZONE; key <= ATP_KEY_CAPACITY_ORDERS; key++) {
        if (atp_op_attribute(apply->op, key, ATP_WHOLE_OP) != NULL) {
            return true;
        }
    }
    return atp_op_attribute(apply->op, ATP_KEY_CAPACITY_DAY, ATP_WHOLE_OP) != NULL;
}

/* What it can make ready: every day, or on the one day that the op names. */
static bool read_capacity(const apply_t *apply, atp_node_calendar_t *told)
{
    const atp_op_attribute_t *at = atp_op_attribute(apply->op, ATP_KEY_CAPACITY_DAY, ATP_WHOLE_OP);
    atp_own_day_t own = {0, {ATP_LIMIT_AS_USUAL, ATP_LIMIT_AS_USUAL}};
    int32_t day;

    if (at == NULL) {
        told->orders_a_day = (uint32_t)told_number(apply, ATP_KEY_CAPACITY_ORDERS, told->orders_a_day);
        return read_units(apply, &told->units_a_day);
    }
    own.limits.orders = told_number(apply, ATP_KEY_CAPACITY_ORDERS, ATP_LIMIT_AS_USUAL);
    if (!atp_day_of_number(at->number, &day) || !read_units(apply, &own.limits.units)) {
        return false;
    }
    own.day = day;
    return atp_capacity_put_day(told, &own, atp_calendar_day(&told->calendar, apply->now_ms) - 1);
}

/* The calendar of the node as the op would have it. */
static atp_verdict_t read_calendar(apply_t *apply, atp_node_calendar_t *told)
{
    const atp_op_attribute_t *zone = atp_op_attribute(apply->op, ATP_KEY_TIME_ZONE, ATP_WHOLE_OP);
    atp_calendar_t *calendar = &told->calendar;

    if (zone != NULL && !atp_calendar_set_zone(calendar, atp_op_attribute_text(apply->op, zone))) {
        return atp_ledger_refuse_key(apply, ATP_TIME_ZONE_INVALID, ATP_KEY_TIME_ZONE, 0);
    }
    calendar->cut_off = (uint16_t)told_number(apply, ATP_KEY_CUT_OFF, calendar->cut_off);
    calendar->ready_minute = (uint16_t)told_number(apply, ATP_KEY_READY_MINUTE, calendar->ready_minute);
    calendar->working_days = (uint8_t)told_number(apply, ATP_KEY_WORKING_DAYS, calendar->working_days);
    calendar->handling_days = (uint8_t)told_number(apply, ATP_KEY_HANDLING_DAYS, calendar->handling_days);
    if (!read_closed_days(apply, calendar)) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_CLOSED_DAY, 0);
    }
    bool is_of_day = atp_op_attribute(apply->op, ATP_KEY_CAPACITY_DAY, ATP_WHOLE_OP) != NULL;
    return read_capacity(apply, told)
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE,
                                       is_of_day ? ATP_KEY_CAPACITY_DAY : ATP_KEY_CAPACITY_UNITS, 0);
}

atp_verdict_t atp_ledger_look_at_calendar(apply_t *apply, const uint16_t *node, atp_node_calendar_t *ret_told)
{
    *ret_told = (atp_node_calendar_t){.calendar = atp_calendar_default()};
    if (node != NULL && atp_catalog_has_calendar(&apply->ledger->catalog, *node)) {
        *ret_told = *calendar_of(apply->ledger, *node);
    }
    return has_calendar_attribute(apply) ? read_calendar(apply, ret_told) : ATP_APPLIED;
}

void atp_ledger_put_calendar(apply_t *apply, uint16_t node, const atp_node_calendar_t *told)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_capacity_t *capacity = &ledger->reservations.capacity;
    atp_node_record_t *record = atp_table_change(&ledger->catalog.nodes, node);

    if (!has_calendar_attribute(apply)) {
        return;
    }
    if (record->calendar == 0) {
        record->calendar = atp_capacity_add_node(capacity, node) + 1;
    }
    uint32_t number = record->calendar - 1;
    atp_node_calendar_t *kept = atp_table_change(&capacity->nodes, number);
    uint32_t days = kept->days;
    *kept = *told;
    kept->node = node;
    kept->days = days;
    atp_calendar_now_t now = atp_calendar_look(&kept->calendar, apply->now_ms);
    publish(ledger, node, &now);
    /* Last: a reader that sees the flag finds what is published. */
    atp_store_relaxed(&record->state, (uint8_t)(atp_load_relaxed(&record->state) | ATP_NODE_HAS_CALENDAR));
}

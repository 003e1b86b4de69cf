#include "engine/ledger/capacity/capacity.h"

#include <string.h>

/* ---- units ---- */

static int64_t millionths_of(uint8_t scale)
{
    static const int64_t factors[] = {1000000, 100000, 10000, 1000, 100, 10, 1};

    ATP_ASSERT(scale <= ATP_CAPACITY_SCALE);
    return factors[scale];
}

atp_units_t atp_capacity_units(atp_qty_t qty, uint8_t scale)
{
    return (atp_units_t)qty * millionths_of(scale);
}

atp_qty_t atp_capacity_qty(atp_units_t units, uint8_t scale)
{
    return units >= INT64_MAX ? ATP_CAPACITY_NO_LIMIT /* no day has so many */
           : units <= 0       ? 0
                              : (atp_qty_t)units / millionths_of(scale);
}

/* ---- days ---- */

uint32_t atp_capacity_add_node(atp_capacity_t *capacity, uint16_t node)
{
    uint32_t first = (uint32_t)atp_table_append(&capacity->days, ATP_CAPACITY_DAYS);
    uint32_t number = (uint32_t)atp_table_append(&capacity->nodes, 1);
    atp_node_calendar_t *record = atp_table_change(&capacity->nodes, number);

    record->days = first;
    record->node = node;
    return number;
}

static uint64_t place_of(const atp_node_calendar_t *node, int32_t day)
{
    return node->days + (uint64_t)((uint32_t)day % ATP_CAPACITY_DAYS);
}

/* The day, if the ring has it. */
static const atp_capacity_day_t *find_day(const atp_capacity_t *capacity, const atp_node_calendar_t *node,
                                          int32_t day)
{
    const atp_capacity_day_t *at = atp_table_at(&capacity->days, place_of(node, day));

    return at->day == day ? at : NULL;
}

/* The day for writing; an earlier one gives way to it. NULL: a later one is there. */
static atp_capacity_day_t *change_day(atp_capacity_t *capacity, const atp_node_calendar_t *node, int32_t day)
{
    atp_capacity_day_t *at = atp_table_change(&capacity->days, place_of(node, day));
    if (at->day < day) {
        *at = (atp_capacity_day_t){.day = day};
    }
    return at->day == day ? at : NULL;
}

/* Where `day` stands among the days with limits of their own, or would. */
static uint64_t own_place(const atp_node_calendar_t *node, int64_t day)
{
    uint64_t at = 0;

    while (at < node->own_count && node->own[at].day < day) {
        at++;
    }
    return at;
}

/* Takes `count` days out from place `at` on. */
static void drop_own(atp_node_calendar_t *node, uint64_t at, uint64_t count)
{
    uint64_t kept = node->own_count - count;

    memmove(node->own + at, node->own + at + count, (kept - at) * sizeof node->own[0]);
    memset(node->own + kept, 0, count * sizeof node->own[0]);
    node->own_count = kept;
}

bool atp_capacity_put_day(atp_node_calendar_t *node, const atp_own_day_t *own, int32_t oldest)
{
    drop_own(node, 0, own_place(node, oldest));
    uint64_t at = own_place(node, own->day);
    bool is_there = at < node->own_count && node->own[at].day == own->day;
    bool is_usual = own->limits.units == ATP_LIMIT_AS_USUAL && own->limits.orders == ATP_LIMIT_AS_USUAL;

    if (own->day < oldest || is_usual) {
        drop_own(node, at, is_there);
        return true;
    }
    if (!is_there && node->own_count == ATP_OWN_DAYS_MAX) {
        return false;
    }
    if (!is_there) {
        memmove(node->own + at + 1, node->own + at, (node->own_count - at) * sizeof node->own[0]);
        node->own_count++;
    }
    node->own[at] = *own;
    return true;
}

atp_capacity_limits_t atp_capacity_limits(const atp_node_calendar_t *node, int32_t day)
{
    atp_capacity_limits_t limits = {node->units_a_day, node->orders_a_day};
    uint64_t at = node->own_count > 0 ? own_place(node, day) : 0;

    if (at < node->own_count && node->own[at].day == day) {
        const atp_capacity_limits_t *own = &node->own[at].limits;
        limits.units = own->units == ATP_LIMIT_AS_USUAL ? limits.units : own->units;
        limits.orders = own->orders == ATP_LIMIT_AS_USUAL ? limits.orders : own->orders;
    }
    return limits;
}

atp_capacity_left_t atp_capacity_left(const atp_capacity_t *capacity, const atp_node_calendar_t *node,
                                      int32_t day)
{
    const atp_capacity_day_t *booked = find_day(capacity, node, day);
    atp_capacity_limits_t limits = atp_capacity_limits(node, day);
    atp_capacity_left_t left = {ATP_UNITS_NO_LIMIT, ATP_CAPACITY_NO_LIMIT};

    if (limits.units > 0) {
        left.units = limits.units - (booked == NULL ? 0 : booked->units + booked->units_done);
    }
    if (limits.orders > 0) {
        left.orders = limits.orders - (booked == NULL ? 0 : (int64_t)booked->orders + booked->orders_done);
    }
    return left;
}

atp_capacity_day_t atp_capacity_booked(const atp_capacity_t *capacity, const atp_node_calendar_t *node,
                                       int32_t day)
{
    const atp_capacity_day_t *booked = find_day(capacity, node, day);

    return booked == NULL ? (atp_capacity_day_t){.day = day} : *booked;
}

/* ---- bookings ---- */

bool atp_capacity_has_room(const atp_capacity_t *capacity, uint64_t bookings)
{
    uint64_t fresh = capacity->bookings.capacity - atp_table_count(&capacity->bookings);

    return capacity->heads->free_count + fresh >= bookings;
}

/* The newest booking of a reservation; the others follow it. */
static uint32_t first_of(const atp_capacity_t *capacity, uint32_t reservation)
{
    atp_index_probe_t probe = atp_index_probe(&capacity->index, atp_mix32(reservation));
    uint32_t record;

    while (atp_index_next(&probe, &record)) {
        const atp_booking_t *booking = atp_table_at(&capacity->bookings, record);
        if (booking->reservation == reservation + 1) {
            return record + 1;
        }
    }
    return 0;
}

const atp_booking_t *atp_capacity_first(const atp_capacity_t *capacity, uint32_t reservation)
{
    uint32_t first = first_of(capacity, reservation);

    return first == 0 ? NULL : atp_table_at(&capacity->bookings, first - 1);
}

const atp_booking_t *atp_capacity_next(const atp_capacity_t *capacity, const atp_booking_t *booking)
{
    return booking->next == 0 ? NULL : atp_table_at(&capacity->bookings, booking->next - 1);
}

const atp_booking_t *atp_capacity_find(const atp_capacity_t *capacity, uint32_t reservation, uint16_t node)
{
    const atp_booking_t *booking = atp_capacity_first(capacity, reservation);

    while (booking != NULL && booking->node != node) {
        booking = atp_capacity_next(capacity, booking);
    }
    return booking;
}

static uint32_t take_record(atp_capacity_t *capacity)
{
    atp_capacity_heads_t *heads = capacity->heads;

    if (heads->free == 0) {
        return (uint32_t)atp_table_append(&capacity->bookings, 1);
    }
    uint32_t record = heads->free - 1;
    const atp_booking_t *booking = atp_table_at(&capacity->bookings, record);
    heads->free = booking->next;
    heads->free_count--;
    return record;
}

void atp_capacity_book(atp_capacity_t *capacity, uint32_t reservation, uint16_t node, int32_t day,
                       int64_t ready_ms)
{
    uint32_t first = first_of(capacity, reservation);
    uint32_t record = take_record(capacity);
    atp_booking_t *booking = atp_table_change(&capacity->bookings, record);

    *booking = (atp_booking_t){.reservation = reservation + 1,
                               .next = first,
                               .day = day,
                               .node = node,
                               .is_first = 1,
                               .ready_ms = ready_ms};
    if (first != 0) {
        atp_booking_t *before = atp_table_change(&capacity->bookings, first - 1);
        before->is_first = 0;
        atp_index_remove(&capacity->index, atp_mix32(reservation), first - 1);
    }
    atp_index_insert(&capacity->index, atp_mix32(reservation), record);
}

/* An order counts while it has units; one that ends after some have left has been picked, and stays. */
static void count_order(atp_capacity_day_t *day, const atp_booking_t *booking, int sign)
{
    if (booking->units > 0) {
        day->orders += (uint32_t)sign;
    } else if (booking->has_left) {
        day->orders_done += (uint32_t)sign;
    }
}

void atp_capacity_change(atp_capacity_t *capacity, uint32_t record, const atp_booking_t *booking,
                         atp_units_t units, atp_units_t done)
{
    const atp_node_calendar_t *node = atp_capacity_node(capacity, record);
    uint64_t number = (uint64_t)(booking - (const atp_booking_t *)atp_table_at(&capacity->bookings, 0));
    atp_booking_t *changed = atp_table_change(&capacity->bookings, number);
    atp_capacity_day_t *day = change_day(capacity, node, booking->day);
    atp_units_t change = units < -changed->units ? -changed->units : units;
    atp_units_t left = done < -change ? done : -change; /* of an order that is not booked in whole, what is */

    if (day != NULL) {
        count_order(day, changed, -1);
    }
    changed->units += change;
    changed->has_left |= left > 0;
    if (day != NULL) {
        count_order(day, changed, +1);
        day->units += change;
        day->units_done += left > 0 ? left : 0;
        ATP_ASSERT(day->units >= 0); /* Y1 */
    }
}

void atp_capacity_move(atp_capacity_t *capacity, uint32_t record, const atp_booking_t *booking, int32_t day,
                       int64_t ready_ms)
{
    const atp_node_calendar_t *node = atp_capacity_node(capacity, record);
    uint64_t number = (uint64_t)(booking - (const atp_booking_t *)atp_table_at(&capacity->bookings, 0));
    atp_booking_t *changed = atp_table_change(&capacity->bookings, number);
    atp_capacity_day_t *from = change_day(capacity, node, changed->day);

    if (from != NULL) {
        count_order(from, changed, -1);
        from->units -= changed->units;
        ATP_ASSERT(from->units >= 0); /* Y1 */
    }
    changed->day = day;
    changed->ready_ms = ready_ms;
    atp_capacity_day_t *to = change_day(capacity, node, day);
    if (to != NULL) {
        count_order(to, changed, +1);
        to->units += changed->units;
    }
}

void atp_capacity_forget(atp_capacity_t *capacity, uint32_t reservation)
{
    atp_capacity_heads_t *heads = capacity->heads;
    uint32_t at = first_of(capacity, reservation);

    if (at != 0) {
        atp_index_remove(&capacity->index, atp_mix32(reservation), at - 1);
    }
    while (at != 0) {
        atp_booking_t *booking = atp_table_change(&capacity->bookings, at - 1);
        uint32_t next = booking->next;
        ATP_ASSERT(booking->units == 0); /* Y2 */
        memset(booking, 0, sizeof *booking);
        booking->next = heads->free;
        heads->free = at;
        heads->free_count++;
        at = next;
    }
}

void atp_capacity_rebuild(atp_capacity_t *capacity)
{
    uint64_t count = atp_table_count(&capacity->bookings);

    for (uint64_t i = 0; i < count; i++) {
        const atp_booking_t *booking = atp_table_at(&capacity->bookings, i);
        if (booking->reservation != 0 && booking->is_first) {
            atp_index_insert(&capacity->index, atp_mix32(booking->reservation - 1), (uint32_t)i);
        }
    }
}

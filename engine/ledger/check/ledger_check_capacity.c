/* K2, Y1, Y2, Y3: calendars, what is booked of nodes, and what is published of them. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/check/ledger_check_priv.h"
#include "engine/ledger/reservations/line_units.h"

#include <stdlib.h>
#include <string.h>

static const atp_node_calendar_t *calendar_of(const atp_ledger_t *ledger, uint16_t node)
{
    const atp_node_record_t *record = atp_table_at(&ledger->catalog.nodes, node);

    const atp_capacity_t *capacity = &ledger->reservations.capacity;
    bool is_there = record->calendar != 0 && record->calendar <= atp_table_count(&capacity->nodes);
    return is_there ? atp_capacity_node(capacity, record->calendar - 1) : NULL;
}

static atp_err_t check_calendar(const atp_ledger_t *ledger, uint16_t node, atp_why_t *ret_why)
{
    const atp_node_calendar_t *kept = calendar_of(ledger, node);
    bool has_flag = atp_catalog_has_calendar(&ledger->catalog, node);
    atp_zone_t zone;

    if (has_flag != (kept != NULL) || (kept != NULL && kept->node != node)) {
        return ATP_BROKEN(ret_why, "K2", "node %u and its calendar do not know each other", node);
    }
    if (kept == NULL) {
        return ATP_OK;
    }
    const atp_calendar_t *calendar = &kept->calendar;
    if (!atp_zone_parse((atp_text_t){calendar->rule, calendar->rule_size}, &zone) ||
        memcmp(&zone, &calendar->zone, sizeof zone) != 0) {
        return ATP_BROKEN(ret_why, "K2", "the time zone of node %u is not that of its rule", node);
    }
    for (unsigned i = 1; i < calendar->closed_count; i++) {
        if (calendar->closed[i - 1] >= calendar->closed[i]) {
            return ATP_BROKEN(ret_why, "K2", "the closed days of node %u are not in order", node);
        }
    }
    return ATP_OK;
}

/* Y3. What is published is good until a stated time. */
static atp_err_t check_published(const atp_ledger_t *ledger, uint16_t node, atp_why_t *ret_why)
{
    atp_node_record_t *record = atp_table_at(&ledger->catalog.nodes, node);
    const atp_node_calendar_t *kept = calendar_of(ledger, node);
    int32_t day = atp_load_relaxed(&record->ready_day);

    if (kept == NULL) {
        return ATP_OK;
    }
    if (atp_load_relaxed(&record->ready_until_ms) > ledger->root->time_ms) {
        atp_calendar_now_t now = atp_calendar_look(&kept->calendar, ledger->root->time_ms);
        if (now.ready_day != day || now.until_ms != atp_load_relaxed(&record->ready_until_ms)) {
            return ATP_BROKEN(ret_why, "Y3", "node %u tells ready day %d, it is %d", node, day,
                              now.ready_day);
        }
    }
    int64_t left = 0;
    if (day != ATP_READY_NEVER) {
        atp_capacity_left_t room = atp_capacity_left(&ledger->reservations.capacity, kept, day);
        left = room.orders <= 0 || room.units < 0 ? 0 : atp_units_told(room.units);
    }
    if (left != atp_load_relaxed(&record->capacity_left)) {
        return ATP_BROKEN(ret_why, "Y3", "node %u tells %lld millionths left, there are %lld", node,
                          (long long)atp_load_relaxed(&record->capacity_left), (long long)left);
    }
    return ATP_OK;
}

/* ---- Y2 ---- */

static atp_units_t promised_at(const atp_ledger_t *ledger, uint32_t reservation, uint16_t node)
{
    atp_units_t units = 0;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
        if (position->node == node) {
            units += atp_capacity_units(line->reserved + line->allocated +
                                            atp_line_units(&ledger->reservations, at - 1, ATP_LINE_PEGGED),
                                        atp_positions_scale(&ledger->positions, position->sku));
        }
        at = line->next;
    }
    return units;
}

static atp_err_t check_booking(const atp_ledger_t *ledger, const atp_booking_t *booking, atp_why_t *ret_why)
{
    uint32_t number = booking->reservation - 1;
    const atp_reservation_t *reservation;

    if (number >= atp_table_count(&ledger->reservations.records) ||
        booking->node >= atp_table_count(&ledger->catalog.nodes) ||
        calendar_of(ledger, booking->node) == NULL) {
        return ATP_BROKEN(ret_why, "Y2", "a booking names reservation %u at node %u", number, booking->node);
    }
    reservation = atp_reservation_at(&ledger->reservations, number);
    if ((reservation->flags & ATP_RESERVATION_ACCOUNTED_CAPACITY) == 0 ||
        atp_capacity_find(&ledger->reservations.capacity, number, booking->node) != booking) {
        return ATP_BROKEN(ret_why, "Y2", "a booking of reservation %u at node %u is not found", number,
                          booking->node);
    }
    atp_units_t promised = promised_at(ledger, number, booking->node);
    bool may_be_less = (reservation->flags & ATP_RESERVATION_UNBOOKED) != 0;
    if (booking->units > promised || (booking->units < promised && !may_be_less)) {
        return ATP_BROKEN(
            ret_why, "Y2", "reservation %u promises %lld millionths at node %u, %lld are booked", number,
            (long long)atp_units_told(promised), booking->node, (long long)atp_units_told(booking->units));
    }
    return ATP_OK;
}

/* ---- Y1 ---- */

/* Takes from `sums` (one for each record of a day) what the bookings have; nothing must be left. */
static void add_booking(const atp_ledger_t *ledger, const atp_booking_t *booking, atp_capacity_day_t *sums)
{
    const atp_node_calendar_t *node = calendar_of(ledger, booking->node);
    uint64_t place = node->days + (uint64_t)((uint32_t)booking->day % ATP_CAPACITY_DAYS);
    const atp_capacity_day_t *day = atp_table_at(&ledger->reservations.capacity.days, place);

    if (day->day == booking->day) {
        sums[place].units += booking->units;
        sums[place].orders += booking->units > 0;
        sums[place].orders_done += booking->units == 0 && booking->has_left;
    }
}

static atp_err_t check_days(const atp_ledger_t *ledger, const atp_capacity_day_t *sums, atp_why_t *ret_why)
{
    const atp_capacity_t *capacity = &ledger->reservations.capacity;
    uint64_t count = atp_table_count(&capacity->days);

    for (uint64_t i = 0; i < count; i++) {
        const atp_capacity_day_t *day = atp_table_at(&capacity->days, i);
        /* What left of reservations that are forgotten stays counted: orders_done is at least the sum. */
        if (day->units != sums[i].units || day->orders != sums[i].orders || day->units_done < 0 ||
            day->orders_done < sums[i].orders_done) {
            return ATP_BROKEN(ret_why, "Y1",
                              "day %d counts %lld millionths and %u orders, booked are %lld and %u", day->day,
                              (long long)atp_units_told(day->units), day->orders,
                              (long long)atp_units_told(sums[i].units), sums[i].orders);
        }
    }
    return ATP_OK;
}

static atp_err_t check_bookings(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_capacity_t *capacity = &ledger->reservations.capacity;
    uint64_t count = atp_table_count(&capacity->bookings);
    uint64_t free_count = 0;
    uint64_t first_count = 0;
    atp_capacity_day_t *sums = calloc(atp_table_count(&capacity->days) + 1, sizeof *sums);
    atp_err_t err = ATP_OK;

    if (sums == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to add up the bookings");
    }
    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_booking_t *booking = atp_table_at(&capacity->bookings, i);
        free_count += booking->reservation == 0;
        first_count += booking->is_first;
        if (booking->reservation != 0) {
            err = check_booking(ledger, booking, ret_why);
            if (err == ATP_OK) {
                add_booking(ledger, booking, sums);
            }
        }
    }
    if (err == ATP_OK && free_count != capacity->heads->free_count) {
        err = ATP_BROKEN(ret_why, "Y2", "%llu bookings are free, %llu are counted", (ull_t)free_count,
                         (ull_t)capacity->heads->free_count);
    }
    err = err == ATP_OK ? check_days(ledger, sums, ret_why) : err;
    free(sums);
    return err == ATP_OK ? atp_check_index(&capacity->index, "bookings", first_count, ret_why) : err;
}

/* V1. */
static atp_err_t check_closings(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_closings_t *closings = &ledger->closings;
    uint64_t count = atp_table_count(&closings->nodes);
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    uint64_t listed = 0;
    uint64_t noted = 0;
    uint32_t last = 0;

    for (uint32_t at = closings->heads->first; at != 0 && listed <= count; listed++) {
        const atp_closing_t *closing = at <= count ? atp_closing_at(closings, (uint16_t)(at - 1)) : NULL;
        if (closing == NULL || closing->is_listed != 1 || closing->end_row > rows ||
            closing->next_row > closing->end_row) {
            return ATP_BROKEN(ret_why, "V1", "node %u is listed as closed and is not", at - 1);
        }
        last = at;
        at = closing->next;
    }
    for (uint64_t node = 0; node < count; node++) {
        noted += atp_closing_at(closings, (uint16_t)node)->is_listed;
    }
    return listed == noted && last == closings->heads->last
               ? ATP_OK
               : ATP_BROKEN(ret_why, "V1", "%llu closed nodes are listed, %llu are looked at", (ull_t)listed,
                            (ull_t)noted);
}

atp_err_t atp_check_capacity(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
    atp_err_t err = ATP_OK;

    for (uint64_t node = 0; err == ATP_OK && node < nodes; node++) {
        err = check_calendar(ledger, (uint16_t)node, ret_why);
        err = err == ATP_OK ? check_published(ledger, (uint16_t)node, ret_why) : err;
    }
    err = err == ATP_OK ? check_closings(ledger, ret_why) : err;
    return err == ATP_OK ? check_bookings(ledger, ret_why) : err;
}

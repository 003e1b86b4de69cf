/* atp_ledger_check on calendars and capacity (K2, Y) and closed nodes (V1): each record broken a field at a time. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "engine/ledger/capacity/ledger_capacity.h"

#define set(field, value) (atp_store_relaxed(&(field), (value)), 0)

static atp_result_t node_with(fixture_t *f, const char *node, const char *words)
{
    const atp_command_line_t line = line_of("", node, 0);

    return do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words);
}

/* N makes ready 20 units a day and is closed on two days; 5 units of two reservations are booked. */
static fixture_t booked(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "S", "M", 100);
    assert_verdict(node_with(&f, "N",
                             "capacity_units=20 capacity_orders=9 time_zone=CET-1CEST,M3.5.0,M10.5.0/3 "
                             "closed_day=20231225 closed_day=20240101"),
                   ATP_APPLIED);
    assert_verdict(reserve(&f, "a", "S", "N", 3), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "c", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "c"), ATP_APPLIED);
    assert_verdict(reserve(&f, "elsewhere", "S", "M", 2), ATP_APPLIED);
    return f;
}

static void a_calendar_that_is_not_that_of_its_node_is_named(void **state)
{
    (void)state;
    fixture_t f = booked();
    atp_node_record_t *node = atp_table_at(&f.ledger->catalog.nodes, 0);
    atp_node_record_t *without = atp_table_at(&f.ledger->catalog.nodes, 1);
    atp_node_calendar_t *kept = atp_table_at(&f.ledger->reservations.capacity.nodes, node->calendar - 1);

    expect_broken(&f, atp_check_capacity, "K2", *node, node->calendar = 0);
    expect_broken(&f, atp_check_capacity, "K2", *node, node->calendar = NOWHERE);
    expect_broken(&f, atp_check_capacity, "K2", *without, without->calendar = 1);
    expect_broken(&f, atp_check_capacity, "K2", *kept, kept->node = 1);
    expect_broken(&f, atp_check_capacity, "K2", *kept, kept->calendar.rule[0] = '?');
    expect_broken(&f, atp_check_capacity, "K2", *kept, kept->calendar.zone.standard_s++);
    expect_broken(&f, atp_check_capacity, "K2", *kept, kept->calendar.closed[0] = kept->calendar.closed[1]);
    fixture_close(&f);
}

static void what_a_node_publishes_is_reckoned_again(void **state)
{
    (void)state;
    fixture_t f = booked();
    atp_node_record_t *node = atp_table_at(&f.ledger->catalog.nodes, 0);

    expect_broken(&f, atp_check_capacity, "Y3", *node, set(node->ready_day, 1));
    expect_broken(&f, atp_check_capacity, "Y3", *node, set(node->ready_day, ATP_READY_NEVER));
    expect_broken(&f, atp_check_capacity, "Y3", *node,
                  set(node->ready_until_ms, atp_load_relaxed(&node->ready_until_ms) + 1));
    expect_broken(&f, atp_check_capacity, "Y3", *node, set(node->capacity_left, 1));
    fixture_close(&f);
}

static void bookings_of_no_promise_are_named(void **state)
{
    (void)state;
    fixture_t f = booked();
    atp_capacity_t *capacity = &f.ledger->reservations.capacity;
    atp_booking_t *booking = atp_table_at(&capacity->bookings, 0);
    atp_reservation_t *reservation = record_of(&f, "a");

    assert_int_equal(booking->reservation, reservation_of(&f, "a") + 1);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->reservation = NOWHERE);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->node = UINT16_MAX);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->node = 1);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->reservation = reservation_of(&f, "b") + 1);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->units++);
    expect_broken(&f, atp_check_capacity, "Y2", *booking, booking->units--);
    expect_broken(&f, atp_check_capacity, "Y2", *reservation,
                  reservation->flags &= (uint8_t)~ATP_RESERVATION_ACCOUNTED_CAPACITY);
    expect_both_broken(&f, atp_check_capacity, "Y2", *reservation,
                       reservation->flags |= ATP_RESERVATION_UNBOOKED, *booking, booking->units++);
    expect_broken(&f, atp_check_capacity, "Y2", *capacity->heads, capacity->heads->free_count++);
    expect_broken(&f, atp_check_capacity, "X1", *booking, booking->is_first = 0);
    fixture_close(&f);
}

static void days_that_count_other_bookings_are_named(void **state)
{
    (void)state;
    fixture_t f = booked();
    atp_capacity_t *capacity = &f.ledger->reservations.capacity;
    atp_booking_t *booking = atp_table_at(&capacity->bookings, 0);
    atp_node_record_t *node = atp_table_at(&f.ledger->catalog.nodes, 0);
    const atp_node_calendar_t *kept = atp_table_at(&capacity->nodes, node->calendar - 1);
    uint64_t place = kept->days + (uint64_t)((uint32_t)booking->day % ATP_CAPACITY_DAYS);
    atp_capacity_day_t *day = atp_table_at(&capacity->days, place);
    /* What is published follows from the days: it is asked last, and told so that it fits. */
    int64_t left = atp_load_relaxed(&node->capacity_left);

    expect_both_broken(&f, atp_check_capacity, "Y1", *day, day->units += 1, *node,
                       set(node->capacity_left, left - 1));
    expect_broken(&f, atp_check_capacity, "Y1", *day, day->orders++);
    expect_both_broken(&f, atp_check_capacity, "Y1", *day, day->units_done = -1, *node,
                       set(node->capacity_left, left + 1));
    expect_broken(&f, atp_check_capacity, "Y1", *booking, booking->day++);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "a"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "a"), ATP_APPLIED);
    assert_int_equal(day->orders_done, 1);
    expect_broken(&f, atp_check_capacity, "Y1", *day, day->orders_done = 0);
    fixture_close(&f);
}

static void a_list_of_closed_nodes_that_is_wrong_is_named(void **state)
{
    (void)state;
    fixture_t f = booked();
    assert_verdict(put_node(&f, "M", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_verdict(pulse(&f, 1000), ATP_APPLIED); /* all of it has been looked at */
    atp_closings_t *closings = &f.ledger->closings;
    assert_int_equal(closings->heads->first, 0);
    atp_closing_t *closing = (atp_closing_t *)(uintptr_t)atp_closing_at(closings, 0);

    expect_broken(&f, atp_check_capacity, "V1", *closings->heads, closings->heads->first = NOWHERE);
    expect_broken(&f, atp_check_capacity, "V1", *closings->heads, closings->heads->first = 1);
    expect_broken(&f, atp_check_capacity, "V1", *closings->heads, closings->heads->last = 1);
    expect_broken(&f, atp_check_capacity, "V1", *closing, closing->is_listed = 1);
    expect_both_broken(&f, atp_check_capacity, "V1", *closings->heads,
                       (closings->heads->first = 1, closings->heads->last = 1), *closing,
                       (closing->is_listed = 1, closing->end_row = NOWHERE));
    expect_both_broken(&f, atp_check_capacity, "V1", *closings->heads,
                       (closings->heads->first = 1, closings->heads->last = 1), *closing,
                       (closing->is_listed = 1, closing->end_row = 1, closing->next_row = 2));
    expect_both_broken(&f, atp_check_capacity, "V1", *closings->heads,
                       (closings->heads->first = 1, closings->heads->last = 1), *closing,
                       (closing->is_listed = 1, closing->next = 1)); /* it does not end */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_that_is_not_that_of_its_node_is_named),
        cmocka_unit_test(what_a_node_publishes_is_reckoned_again),
        cmocka_unit_test(bookings_of_no_promise_are_named),
        cmocka_unit_test(days_that_count_other_bookings_are_named),
        cmocka_unit_test(a_list_of_closed_nodes_that_is_wrong_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The steps of a reservation: allocate, release, cancel, ship, extend; asked and told. Acceptance C3, C5, C8 to C10, D3,
 * D5. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>

static void expect_row(const fixture_t *f, atp_qty_t on_hand, atp_qty_t reserved, atp_qty_t allocated)
{
    atp_position_view_t view = view_of(f, "S", "N");

    assert_int_equal(view.on_hand, on_hand);
    assert_int_equal(view.reserved, reserved);
    assert_int_equal(view.allocated, allocated);
}

static fixture_t with_reservation(atp_qty_t on_hand, atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", on_hand);
    assert_verdict(reserve(&f, "r", "S", "N", qty), ATP_APPLIED);
    return f;
}

static void the_straight_way_goes_from_reserved_to_shipped(void **state)
{
    (void)state;
    fixture_t f = with_reservation(10, 4);

    expect_row(&f, 10, 4, 0);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 4);
    expect_row(&f, 10, 0, 4);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 4);
    expect_row(&f, 6, 0, 0);
    assert_int_equal(counts_of(&f).reservations_ended, 1);
    fixture_close(&f);
}

static void steps_out_of_order_are_refused_by_name_and_change_nothing(void **state) /* C3 */
{
    (void)state;
    fixture_t f = with_reservation(10, 4);

    assert_refused(step_all(&f, ATP_OP_CANCEL, "r"), ATP_NOT_ALLOCATED, ATP_FIELD_RESERVATION);
    assert_refused(step_all(&f, ATP_OP_SHIP, "r"), ATP_NOT_ALLOCATED, ATP_FIELD_RESERVATION);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_refused(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_ALREADY_ALLOCATED, ATP_FIELD_RESERVATION);
    assert_refused(step_all(&f, ATP_OP_RELEASE, "r"), ATP_ALREADY_ALLOCATED, ATP_FIELD_RESERVATION);
    assert_refused(extend(&f, "r", 1000), ATP_ALREADY_ALLOCATED, ATP_FIELD_RESERVATION);
    expect_row(&f, 10, 0, 4);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_ALREADY_SHIPPED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_ALREADY_SHIPPED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_ALREADY_SHIPPED);
    expect_row(&f, 6, 0, 0);
    fixture_close(&f);
}

static void what_is_released_or_cancelled_is_over(void **state)
{
    (void)state;
    static const atp_op_kind_t steps[] = {ATP_OP_ALLOCATE, ATP_OP_RELEASE, ATP_OP_CANCEL, ATP_OP_SHIP};
    fixture_t f = with_reservation(10, 4);

    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_verdict(reserve(&f, "c", "S", "N", 4), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "c"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "c"), ATP_APPLIED);
    for (unsigned i = 0; i < 4; i++) {
        assert_verdict(step_all(&f, steps[i], "r"), ATP_ALREADY_RELEASED);
        assert_verdict(step_all(&f, steps[i], "c"), ATP_ALREADY_CANCELLED);
        assert_verdict(step_line(&f, steps[i], "r", "S", "N", 1), ATP_ALREADY_RELEASED);
        assert_verdict(step_line(&f, steps[i], "c", "S", "N", 1), ATP_ALREADY_CANCELLED);
    }
    assert_verdict(extend(&f, "r", 100), ATP_ALREADY_RELEASED);
    expect_row(&f, 10, 0, 0);
    fixture_close(&f);
}

static void allocating_thirteen_of_fifteen_frees_two_at_once(void **state) /* C8 */
{
    (void)state;
    fixture_t f = with_reservation(15, 15);

    assert_int_equal(atp_of(&f, "S", "N"), 0);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "S", "N", 13), ATP_APPLIED);
    assert_int_equal(f.result.qty, 13);
    assert_int_equal(atp_of(&f, "S", "N"), 2);
    expect_row(&f, 15, 0, 13);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "S", "N", 2), ATP_ALREADY_ALLOCATED);
    fixture_close(&f);
}

static void reserve_and_release_a_hundred_times_leaves_nothing_behind(void **state) /* C9 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 3);
    for (unsigned i = 0; i < 100; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve(&f, id, "S", "N", 3), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
        expect_row(&f, 3, 0, 0); /* and fixture_check has recomputed it */
    }
    fixture_close(&f);
}

static void after_a_partial_shipment_the_rest_can_be_cancelled_and_is_free(void **state) /* C10 */
{
    (void)state;
    fixture_t f = with_reservation(10, 10);

    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 6), ATP_APPLIED);
    expect_row(&f, 4, 0, 4);
    assert_verdict(step_line(&f, ATP_OP_CANCEL, "r", "S", "N", 5), ATP_NOT_THAT_MANY);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 4);
    expect_row(&f, 4, 0, 0);
    assert_int_equal(atp_of(&f, "S", "N"), 4);
    assert_int_equal(line_at(&f, "r", 0)->shipped, 6);
    fixture_close(&f);
}

static void cancelling_what_has_left_is_refused_by_name(void **state) /* C5, asked */
{
    (void)state;
    fixture_t f = with_reservation(100, 5);

    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_all(&f, ATP_OP_SHIP, "r");
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_ALREADY_SHIPPED);
    assert_verdict(step_line(&f, ATP_OP_CANCEL, "r", "S", "N", 5), ATP_ALREADY_SHIPPED);
    expect_row(&f, 95, 0, 0);
    fixture_close(&f);
}

static void what_left_after_a_cancel_is_booked_and_told(void **state) /* C5, told */
{
    (void)state;
    fixture_t f = with_reservation(100, 5);

    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_all(&f, ATP_OP_CANCEL, "r");
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 5), ATP_ALREADY_CANCELLED);
    expect_row(&f, 100, 0, 0);
    assert_verdict(ship_fact(&f, "r", "S", "N", 5), ATP_APPLIED);
    expect_row(&f, 95, 0, 0);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION);
    assert_int_equal(newest_exception(&f)->qty, 5);
    assert_memory_equal(newest_exception(&f)->sku, "S", 1);
    assert_memory_equal(newest_exception(&f)->node, "N", 1);
    fixture_close(&f);
}

static void a_fact_ships_what_is_allocated_then_what_is_reserved_then_anything(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("S", "N", 3)};

    stock(&f, "S", "N", 20);
    reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    step_line(&f, ATP_OP_ALLOCATE, "r", "S", "N", 3); /* the second line: the first has not as many */
    expect_row(&f, 20, 2, 3);
    assert_verdict(ship_fact(&f, "r", "S", "N", 4), ATP_APPLIED);
    expect_row(&f, 16, 1, 0);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(ship_fact(&f, "r", "S", "N", 4), ATP_APPLIED);
    expect_row(&f, 12, 0, 0);
    assert_int_equal(newest_exception(&f)->qty, 3);
    fixture_close(&f);
}

static void a_shipment_of_nobodys_reservation_is_booked_and_told(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 3);
    put_node(&f, "M", ATP_NODE_OPEN);
    assert_verdict(ship_fact(&f, "", "S", "N", 1), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "never-heard-of", "S", "M", 2), ATP_APPLIED);
    expect_row(&f, 2, 0, 0);
    assert_int_equal(view_of(&f, "S", "M").on_hand, -2);
    assert_int_equal(counts_of(&f).exceptions, 2);
    fixture_close(&f);
}

static void that_all_has_left_needs_no_lines_and_is_confirmed_the_second_time(void **state)
{
    (void)state;
    fixture_t f = with_reservation(9, 4);
    atp_command_t all = {.kind = ATP_OP_SHIP, .is_fact = true, .reservation = ATP_TEXT("r")};

    assert_verdict(fixture_do(&f, all), ATP_APPLIED); /* merely reserved: it has left nevertheless */
    assert_int_equal(f.result.qty, 4);
    expect_row(&f, 5, 0, 0);
    assert_refused(fixture_do(&f, all), ATP_CONFIRMED, ATP_FIELD_NONE);
    expect_row(&f, 5, 0, 0);
    assert_int_equal(counts_of(&f).exceptions, 0);
    all.reservation = ATP_TEXT("unknown");
    assert_verdict(fixture_do(&f, all), ATP_UNKNOWN_RESERVATION);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    assert_memory_equal(newest_exception(&f)->reservations[0], "unknown", 7);
    fixture_close(&f);
}

static void a_refused_shipment_moves_none_of_its_lines(void **state)
{
    (void)state;
    fixture_t f = with_reservation(9, 4);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "M", 1), line_of("T", "N", 1)};

    put_node(&f, "M", ATP_NODE_OPEN);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SHIP,
                                                  .is_fact = true,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 3,
                                                  .lines = lines}),
                   ATP_UNKNOWN_SKU);
    assert_int_equal(f.result.line, 2);
    expect_row(&f, 9, 4, 0);
    assert_false(has_position(&f, "S", "M"));
    assert_int_equal(newest_exception(&f)->verdict, ATP_UNKNOWN_SKU);
    assert_memory_equal(newest_exception(&f)->sku, "T", 1);
    fixture_close(&f);
}

static void on_hand_never_leaves_its_range(void **state)
{
    (void)state;
    fixture_t f = with_reservation(4, 4);

    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(fact(&f, ATP_OP_ADJUST, "S", "N", -ATP_QTY_MAX), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_QTY_OUT_OF_RANGE);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_QTY_OUT_OF_RANGE);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 2), ATP_QTY_OUT_OF_RANGE);
    assert_verdict(ship_fact(&f, "r", "S", "N", 2), ATP_QTY_OUT_OF_RANGE);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, -ATP_QTY_MAX);
    fixture_close(&f);
}

static void a_line_named_twice_is_taken_twice(void **state)
{
    (void)state;
    fixture_t f = with_reservation(10, 5);
    atp_command_line_t three_and_three[] = {line_of("S", "N", 3), line_of("S", "N", 3)};
    atp_command_line_t two_and_three[] = {line_of("S", "N", 2), line_of("S", "N", 3)};
    atp_command_t release = {.kind = ATP_OP_RELEASE, .reservation = ATP_TEXT("r"), .line_count = 2};

    release.lines = three_and_three;
    assert_refused(fixture_do(&f, release), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    expect_row(&f, 10, 5, 0);
    release.lines = two_and_three;
    assert_verdict(fixture_do(&f, release), ATP_APPLIED);
    expect_row(&f, 10, 0, 0);
    fixture_close(&f);
}

static void two_lines_at_one_position_are_told_apart_by_what_they_have_left(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "N", 3)};

    stock(&f, "S", "N", 6);
    reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 2), ATP_APPLIED); /* the first has one left */
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 3), ATP_APPLIED); /* the second */
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 2), ATP_NOT_THAT_MANY);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 1), ATP_APPLIED);
    expect_row(&f, 6, 0, 0);
    fixture_close(&f);
}

static void steps_of_some_lines_leave_the_others_as_they_are(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("T", "N", 2)};

    stock(&f, "S", "N", 6);
    stock(&f, "T", "N", 6);
    reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "T", "N", 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_int_equal(view_of(&f, "T", "N").allocated, 2);
    assert_int_equal(counts_of(&f).lines_reserved, 1);
    assert_int_equal(counts_of(&f).lines_allocated, 1);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED); /* what is left */
    assert_int_equal(f.result.qty, 2);
    fixture_close(&f);
}

static void what_the_reservation_does_not_have_is_an_unknown_line(void **state)
{
    (void)state;
    fixture_t f = with_reservation(10, 5);

    stock(&f, "T", "N", 5);
    put_node(&f, "M", ATP_NODE_OPEN);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "r", "T", "N", 1), ATP_UNKNOWN_LINE, ATP_FIELD_LINES);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "r", "S", "M", 1), ATP_UNKNOWN_LINE, ATP_FIELD_LINES);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "r", "U", "N", 1), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "x", "S", "N", 1), ATP_UNKNOWN_RESERVATION,
                   ATP_FIELD_RESERVATION);
    assert_refused(extend(&f, "x", 1), ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void extending_a_live_reservation_moves_its_deadline(void **state) /* D3 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 1000);
    f.now_ms += 999;
    assert_verdict(extend(&f, "r", 500), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, f.now_ms + 500);
    f.now_ms += 499;
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    f.now_ms += 1;
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void extending_an_expired_reservation_is_refused_though_the_unit_is_free(void **state) /* D3 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 1000);
    f.now_ms += 1000;
    assert_refused(extend(&f, "r", 500), ATP_ALREADY_EXPIRED, ATP_FIELD_RESERVATION);
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void an_extension_may_be_shorter_and_has_the_same_limits_as_a_reserve(void **state)
{
    (void)state;
    fixture_t f = with_reservation(5, 1);
    const atp_ledger_config_t *config = atp_ledger_config(f.ledger);

    assert_verdict(extend(&f, "r", 1), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, f.now_ms + 1);
    assert_refused(extend(&f, "r", config->ttl_max_ms + 1), ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL);
    assert_verdict(extend(&f, "r", 0), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, f.now_ms + config->ttl_default_ms);
    fixture_close(&f);
}

static void allocate_at_the_deadline_loses_and_before_it_wins(void **state) /* D5 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 2);
    reserve_for(&f, "early", "S", "N", 1, 1000);
    reserve_for(&f, "late", "S", "N", 1, 1000);
    f.now_ms += 999;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "early"), ATP_APPLIED);
    f.now_ms += 1;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "late"), ATP_ALREADY_EXPIRED);
    pulse(&f, 100);
    f.now_ms += 100000;
    pulse(&f, 100);
    expect_row(&f, 2, 0, 1); /* what is allocated does not expire */
    assert_verdict(step_all(&f, ATP_OP_SHIP, "early"), ATP_APPLIED);
    fixture_close(&f);
}

static void an_ended_reservation_is_still_answered_for(void **state)
{
    (void)state;
    fixture_t f = with_reservation(5, 5);

    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_all(&f, ATP_OP_SHIP, "r");
    assert_int_equal(line_state(&f, "r", 0), ATP_LINE_SHIPPED);
    assert_int_equal(line_at(&f, "r", 0)->shipped, 5);
    f.now_ms += 1000000;
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r"), ATP_ALREADY_SHIPPED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_straight_way_goes_from_reserved_to_shipped),
        cmocka_unit_test(steps_out_of_order_are_refused_by_name_and_change_nothing),
        cmocka_unit_test(what_is_released_or_cancelled_is_over),
        cmocka_unit_test(allocating_thirteen_of_fifteen_frees_two_at_once),
        cmocka_unit_test(reserve_and_release_a_hundred_times_leaves_nothing_behind),
        cmocka_unit_test(after_a_partial_shipment_the_rest_can_be_cancelled_and_is_free),
        cmocka_unit_test(cancelling_what_has_left_is_refused_by_name),
        cmocka_unit_test(what_left_after_a_cancel_is_booked_and_told),
        cmocka_unit_test(a_fact_ships_what_is_allocated_then_what_is_reserved_then_anything),
        cmocka_unit_test(a_shipment_of_nobodys_reservation_is_booked_and_told),
        cmocka_unit_test(that_all_has_left_needs_no_lines_and_is_confirmed_the_second_time),
        cmocka_unit_test(a_refused_shipment_moves_none_of_its_lines),
        cmocka_unit_test(on_hand_never_leaves_its_range),
        cmocka_unit_test(a_line_named_twice_is_taken_twice),
        cmocka_unit_test(two_lines_at_one_position_are_told_apart_by_what_they_have_left),
        cmocka_unit_test(steps_of_some_lines_leave_the_others_as_they_are),
        cmocka_unit_test(what_the_reservation_does_not_have_is_an_unknown_line),
        cmocka_unit_test(extending_a_live_reservation_moves_its_deadline),
        cmocka_unit_test(extending_an_expired_reservation_is_refused_though_the_unit_is_free),
        cmocka_unit_test(an_extension_may_be_shorter_and_has_the_same_limits_as_a_reserve),
        cmocka_unit_test(allocate_at_the_deadline_loses_and_before_it_wins),
        cmocka_unit_test(an_ended_reservation_is_still_answered_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

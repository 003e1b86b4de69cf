/* Expiry, exact to the millisecond and in bounded steps. Acceptance D1, D2, D4. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>

static void at_its_deadline_a_reservation_counts_no_more_though_no_op_came(void **state) /* D1 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 1000);
    f.now_ms += 999;
    assert_true(view_of(&f, "S", "N").soonest_deadline_ms > f.now_ms);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    f.now_ms += 1;
    assert_true(view_of(&f, "S", "N").soonest_deadline_ms <=
                f.now_ms); /* a reader knows to ask for a settle */
    assert_int_equal(line_state(&f, "r", 0), ATP_LINE_EXPIRED);
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void at_its_deadline_a_reservation_counts_in_no_decision(void **state) /* D1 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "first", "S", "N", 1, 1000);
    f.now_ms += 999;
    assert_verdict(reserve(&f, "second", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE);
    f.now_ms += 1;
    assert_verdict(reserve(&f, "third", "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "first"), ATP_ALREADY_EXPIRED);
    fixture_close(&f);
}

static void a_reservation_of_one_millisecond_lives_one(void **state) /* D4 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 1);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    f.now_ms++;
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void all_lines_of_a_reservation_expire_together(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("T", "N", 2), line_of("S", "N", 1)};
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("r"), .ttl_ms = 70, .line_count = 3, .lines = lines};

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    f.now_ms += 70;
    settle(&f, "S", "N"); /* whoever meets one line ends them all */
    assert_int_equal(view_of(&f, "T", "N").reserved, 0);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_int_equal(counts_of(&f).reservations_ended, 1);
    fixture_close(&f);
}

static void the_allocated_lines_of_a_reservation_outlive_its_deadline(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("T", "N", 2)};

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    step_line(&f, ATP_OP_ALLOCATE, "r", "T", "N", 2);
    f.now_ms += atp_ledger_config(f.ledger)->ttl_default_ms + 100;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    pulse(&f, 100);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_int_equal(view_of(&f, "T", "N").allocated, 2);
    assert_int_equal(counts_of(&f).reservations_live, 1);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 10000000));
    fixture_close(&f);
}

static void a_pulse_expires_at_most_its_limit_and_the_next_goes_on(void **state) /* D2, small */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    unsigned pulses = 0;

    stock(&f, "S", "N", 200);
    for (unsigned i = 0; i < 100; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        reserve_for(&f, id, "S", "N", 1, 500 + i / 50);
    }
    f.now_ms += 600;
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        uint64_t live = counts_of(&f).reservations_live;
        pulse(&f, 7);
        pulses++;
        assert_true(live - counts_of(&f).reservations_live <= 7);
        assert_true(pulses < 40);
    }
    assert_int_equal(counts_of(&f).reservations_live, 0);
    assert_true(pulses >= 15);
    fixture_close(&f);
}

static void an_unsettled_deadline_makes_the_pulse_due_once_its_slot_is_over(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 64);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 63));
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 64 + 32));
    fixture_close(&f);
}

static void a_deadline_behind_the_last_look_is_found_again(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 100000)); /* somebody looked far ahead */
    reserve_for(&f, "r", "S", "N", 1, 50);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 200));
    fixture_close(&f);
}

static void time_that_jumps_more_than_a_turn_of_the_wheel_misses_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const int64_t hour_ms = 3600 * 1000;

    stock(&f, "S", "N", 50);
    for (unsigned i = 0; i < 40; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        reserve_for(&f, id, "S", "N", 1, hour_ms * i / 10 + 1);
    }
    f.now_ms += 2 * hour_ms;
    for (unsigned i = 0; i < 100 && atp_ledger_is_pulse_due(f.ledger, f.now_ms); i++) {
        pulse(&f, 3);
    }
    assert_int_equal(counts_of(&f).reservations_live,
                     20); /* those of more than two hours; one is due this moment */
    assert_int_equal(view_of(&f, "S", "N").reserved, 20);
    f.now_ms += 100 * hour_ms;
    pulse(&f, 1000);
    assert_int_equal(counts_of(&f).reservations_live, 0);
    fixture_close(&f);
}

static void time_that_goes_back_is_ignored(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    reserve_for(&f, "r", "S", "N", 1, 1000);
    f.now_ms += 1000;
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    f.now_ms -= 500;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_ALREADY_EXPIRED);
    assert_int_equal(counts_of(&f).time_ms, FIXTURE_START_MS + 1000);
    assert_verdict(reserve_for(&f, "r2", "S", "N", 1, 10), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, FIXTURE_START_MS + 1010); /* of ledger time */
    fixture_close(&f);
}

static void settling_what_does_not_exist_is_harmless(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    atp_op_encode_settle(f.record, 77, 0);
    assert_verdict(fixture_apply(&f, f.record), ATP_UNKNOWN_SKU);
    atp_op_encode_settle(f.record, 0, 500);
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    fixture_close(&f);
}

static void thousands_that_expire_at_once_free_the_position_in_one_op(void **state) /* D2 */
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 20000;
    config.lines = 20000;
    config.outcomes = 20100;
    config.ids_per_client = 20100;
    fixture_t f = fixture_open(&config);

    f.is_unchecked = true;
    stock(&f, "S", "N", 20000);
    for (unsigned i = 0; i < 20000; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve_for(&f, id, "S", "N", 1, 1000), ATP_APPLIED);
    }
    fixture_check(&f);
    f.now_ms += 1000;
    assert_verdict(reserve(&f, "big", "S", "N", 20000), ATP_APPLIED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_its_deadline_a_reservation_counts_no_more_though_no_op_came),
        cmocka_unit_test(at_its_deadline_a_reservation_counts_in_no_decision),
        cmocka_unit_test(a_reservation_of_one_millisecond_lives_one),
        cmocka_unit_test(all_lines_of_a_reservation_expire_together),
        cmocka_unit_test(the_allocated_lines_of_a_reservation_outlive_its_deadline),
        cmocka_unit_test(a_pulse_expires_at_most_its_limit_and_the_next_goes_on),
        cmocka_unit_test(an_unsettled_deadline_makes_the_pulse_due_once_its_slot_is_over),
        cmocka_unit_test(a_deadline_behind_the_last_look_is_found_again),
        cmocka_unit_test(time_that_jumps_more_than_a_turn_of_the_wheel_misses_nothing),
        cmocka_unit_test(time_that_goes_back_is_ignored),
        cmocka_unit_test(settling_what_does_not_exist_is_harmless),
        cmocka_unit_test(thousands_that_expire_at_once_free_the_position_in_one_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

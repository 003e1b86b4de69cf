/* Ledger time: never back, never a leap, and in the end where the wall clock is. */
#include "tests/test.h"

#include "tests/sim/sim_clock.h"

static int64_t begin(atp_ledger_time_t *time, sim_clock_t *clock, int64_t last_ms)
{
    sim_clock_init(clock);
    atp_ledger_time_begin(time, &clock->clock, last_ms);
    return atp_ledger_time_advance(time);
}

static void it_begins_with_the_wall_clock(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;

    (void)state;
    assert_int_equal(begin(&time, &clock, 0), SIM_CLOCK_START_MS);
    assert_false(atp_ledger_time_is_slewing(&time));
}

static void it_begins_with_the_last_journaled_time_if_that_is_later(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;

    (void)state;
    assert_int_equal(begin(&time, &clock, SIM_CLOCK_START_MS + 90000), SIM_CLOCK_START_MS + 90000);
}

static void it_goes_with_the_clock(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t now_ms = begin(&time, &clock, 0);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        sim_clock_pass(&clock, 7);
        assert_int_equal(atp_ledger_time_advance(&time), now_ms + 7);
        assert_int_equal(atp_ledger_time_now(&time), now_ms + 7);
        now_ms += 7;
    }
}

static void a_reader_sees_time_pass_between_two_advances(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t now_ms = begin(&time, &clock, 0);

    (void)state;
    sim_clock_pass(&clock, 250);
    assert_int_equal(atp_ledger_time_now(&time), now_ms + 250);
}

static void small_corrections_forward_are_followed_at_once(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t now_ms = begin(&time, &clock, 0);

    (void)state;
    clock.wall_ms += ATP_TIME_LEAP_MS;
    assert_int_equal(atp_ledger_time_advance(&time), now_ms + ATP_TIME_LEAP_MS);
    assert_false(atp_ledger_time_is_slewing(&time));
}

/* Runs until the two have met; no step of 10 ms may be longer than 11 ms or shorter than 9. Returns the ms it took. */
static int64_t meet(atp_ledger_time_t *time, sim_clock_t *clock)
{
    int64_t last_ms = atp_ledger_time_advance(time);
    int64_t took_ms = 0;

    while (atp_ledger_time_is_slewing(time)) {
        sim_clock_pass(clock, 10);
        int64_t now_ms = atp_ledger_time_advance(time);
        assert_in_range(now_ms - last_ms, 9, 11);
        last_ms = now_ms;
        took_ms += 10;
        assert_true(took_ms < INT64_C(100) * 3600 * 1000);
    }
    assert_int_equal(last_ms, clock->wall_ms);
    return took_ms;
}

static void a_leap_forwards_is_slewed_until_they_meet(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t now_ms = begin(&time, &clock, 0);

    (void)state;
    clock.wall_ms += 3600 * 1000;
    assert_int_equal(atp_ledger_time_advance(&time), now_ms);
    assert_true(atp_ledger_time_is_slewing(&time));
    assert_in_range(meet(&time, &clock), INT64_C(10) * 3600 * 1000 - 1000, INT64_C(10) * 3600 * 1000 + 1000);
}

/* It used to stop slewing at 5 s apart and leap the rest. */
static void the_end_of_a_slew_is_no_leap(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;

    (void)state;
    begin(&time, &clock, 0);
    clock.wall_ms += ATP_TIME_LEAP_MS + 1000;
    (void)atp_ledger_time_advance(&time);
    assert_true(meet(&time, &clock) >= 10 * ATP_TIME_LEAP_MS);
}

static void a_leap_backwards_slows_time_down_but_never_turns_it(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t now_ms = begin(&time, &clock, 0);

    (void)state;
    clock.wall_ms -= 60000;
    assert_int_equal(atp_ledger_time_advance(&time), now_ms);
    assert_true(atp_ledger_time_is_slewing(&time));
    assert_in_range(meet(&time, &clock), 599000, 601000);
}

static void a_small_step_backwards_never_turns_it_either(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t last_ms = begin(&time, &clock, 0);

    (void)state;
    clock.wall_ms -= 800;
    for (int i = 0; i < 2000; i++) {
        sim_clock_pass(&clock, 10);
        int64_t now_ms = atp_ledger_time_advance(&time);
        assert_in_range(now_ms - last_ms, 9, 10);
        last_ms = now_ms;
    }
    assert_int_equal(last_ms, clock.wall_ms);
}

static void a_frozen_wall_clock_does_not_stop_time(void **state)
{
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t begun_ms = begin(&time, &clock, 0);

    (void)state;
    for (int i = 0; i < 6000; i++) {
        clock.monotonic_ns += 10u * 1000000u;
        (void)atp_ledger_time_advance(&time);
    }
    assert_in_range(atp_ledger_time_now(&time) - begun_ms, 54000, 60000);
}

static void whatever_the_clocks_do_it_never_goes_back_and_never_leaps(void **state)
{
    uint64_t random = 20261121;
    atp_ledger_time_t time;
    sim_clock_t clock;
    int64_t last_ms = begin(&time, &clock, 0);

    (void)state;
    for (int i = 0; i < 200000; i++) {
        int64_t step_ms = (int64_t)(test_random(&random) % 200);
        sim_clock_pass(&clock, step_ms);
        if (test_random(&random) % 1000 == 0) {
            clock.wall_ms += (int64_t)(test_random(&random) % 7200000) - 3600000;
        }
        int64_t now_ms = atp_ledger_time_advance(&time);
        assert_true(now_ms >= last_ms);
        assert_true(now_ms - last_ms <= step_ms + step_ms / 10 + 1 + ATP_TIME_LEAP_MS);
        assert_true(atp_ledger_time_now(&time) >= now_ms);
        last_ms = now_ms;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_the_wall_clock),
        cmocka_unit_test(it_begins_with_the_last_journaled_time_if_that_is_later),
        cmocka_unit_test(it_goes_with_the_clock),
        cmocka_unit_test(a_reader_sees_time_pass_between_two_advances),
        cmocka_unit_test(small_corrections_forward_are_followed_at_once),
        cmocka_unit_test(a_leap_forwards_is_slewed_until_they_meet),
        cmocka_unit_test(the_end_of_a_slew_is_no_leap),
        cmocka_unit_test(a_leap_backwards_slows_time_down_but_never_turns_it),
        cmocka_unit_test(a_small_step_backwards_never_turns_it_either),
        cmocka_unit_test(a_frozen_wall_clock_does_not_stop_time),
        cmocka_unit_test(whatever_the_clocks_do_it_never_goes_back_and_never_leaps),
    };
    return cmocka_run_group_tests_name("engine.clock", tests, NULL, NULL);
}

#include "tests/test.h"

#include "engine/ledger/capacity/calendar.h"

#define WEEK 0x3eu /* Monday to Friday */

static int32_t day_of(int64_t number)
{
    int32_t day = 0;

    assert_true(atp_day_of_number(number, &day));
    return day;
}

/* A moment of UTC, in milliseconds. */
static int64_t utc(int64_t number, int hour, int minute)
{
    return (day_of(number) * ATP_DAY_S + hour * 3600 + minute * 60) * 1000;
}

static atp_calendar_t calendar_of(const char *rule)
{
    atp_calendar_t calendar = atp_calendar_default();

    assert_true(atp_calendar_set_zone(&calendar, atp_text_of(rule)));
    return calendar;
}

static int64_t ready_at(const atp_calendar_t *calendar, int64_t now_ms)
{
    atp_calendar_now_t now = atp_calendar_look(calendar, now_ms);

    return now.ready_day == ATP_READY_NEVER ? 0 : atp_number_of_day(now.ready_day);
}

static void without_a_calendar_the_day_is_utc_and_ready_is_today(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();
    atp_calendar_now_t now = atp_calendar_look(&calendar, utc(20261121, 23, 59));

    (void)state;
    assert_int_equal(now.today, day_of(20261121));
    assert_int_equal(now.ready_day, day_of(20261121));
    assert_int_equal(now.until_ms, utc(20261122, 0, 0));
    assert_int_equal(atp_calendar_ready_ms(&calendar, now.ready_day), utc(20261122, 0, 0));
}

static void the_day_is_the_nodes_own(void **state)
{
    atp_calendar_t berlin = calendar_of("CET-1CEST,M3.5.0,M10.5.0/3");
    atp_calendar_t los_angeles = calendar_of("PST8PDT,M3.2.0,M11.1.0");

    (void)state;
    assert_int_equal(atp_calendar_day(&berlin, utc(20261121, 22, 59)), day_of(20261121));
    assert_int_equal(atp_calendar_day(&berlin, utc(20261121, 23, 0)), day_of(20261122));
    assert_int_equal(atp_calendar_day(&berlin, utc(20261121, 23, 0) - 1), day_of(20261121));
    assert_int_equal(atp_calendar_day(&los_angeles, utc(20261121, 7, 59)), day_of(20261120));
    assert_int_equal(atp_calendar_day(&los_angeles, utc(20261121, 8, 0)), day_of(20261121));
}

static void the_day_before_1970_is_a_day(void **state)
{
    atp_calendar_t calendar = calendar_of("EST5EDT,M3.2.0,M11.1.0");

    (void)state;
    assert_int_equal(atp_calendar_day(&calendar, 0), -1);
    assert_int_equal(atp_calendar_day(&calendar, -1), -1);
}

static void from_the_cut_off_on_an_order_counts_for_the_next_day(void **state)
{
    atp_calendar_t calendar = calendar_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    calendar.cut_off = 14 * 60;
    assert_int_equal(ready_at(&calendar, utc(20261118, 13, 0) - 1), 20261118); /* 14:00 in Berlin */
    assert_int_equal(ready_at(&calendar, utc(20261118, 13, 0)), 20261119);
    assert_int_equal(atp_calendar_look(&calendar, utc(20261118, 12, 0)).until_ms, utc(20261118, 13, 0));
    assert_int_equal(atp_calendar_look(&calendar, utc(20261118, 13, 0)).until_ms, utc(20261118, 23, 0));
    /* in summer it is an hour earlier */
    assert_int_equal(ready_at(&calendar, utc(20260715, 12, 0) - 1), 20260715);
    assert_int_equal(ready_at(&calendar, utc(20260715, 12, 0)), 20260716);
}

static void a_cut_off_at_midnight_makes_every_order_one_of_the_next_day(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();

    (void)state;
    calendar.cut_off = 0;
    assert_int_equal(ready_at(&calendar, utc(20261121, 0, 0)), 20261122);
    assert_int_equal(ready_at(&calendar, utc(20261121, 23, 59)), 20261122);
}

static void a_cut_off_in_the_skipped_hour_is_when_the_clock_jumps(void **state)
{
    atp_calendar_t calendar = calendar_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    calendar.cut_off = 150; /* 2:30 */
    assert_int_equal(ready_at(&calendar, utc(20260329, 1, 0) - 1), 20260329);
    assert_int_equal(ready_at(&calendar, utc(20260329, 1, 0)), 20260330);
    /* shown twice: the first time counts, and it does not open again */
    assert_int_equal(ready_at(&calendar, utc(20261025, 0, 30) - 1), 20261025);
    assert_int_equal(ready_at(&calendar, utc(20261025, 0, 30)), 20261026);
    assert_int_equal(ready_at(&calendar, utc(20261025, 1, 15)), 20261026);
}

static void days_that_are_not_worked_are_skipped(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();

    (void)state;
    calendar.working_days = WEEK;
    calendar.cut_off = 12 * 60;
    assert_int_equal(ready_at(&calendar, utc(20261120, 11, 0)), 20261120); /* Friday */
    assert_int_equal(ready_at(&calendar, utc(20261120, 12, 0)), 20261123); /* Monday */
    assert_int_equal(ready_at(&calendar, utc(20261121, 9, 0)), 20261123);
    assert_int_equal(ready_at(&calendar, utc(20261121, 13, 0)),
                     20261123); /* late on a Saturday is not late */
    assert_int_equal(ready_at(&calendar, utc(20261122, 23, 0)), 20261123);
    assert_int_equal(ready_at(&calendar, utc(20261123, 12, 0)), 20261124);
}

static void closed_days_are_skipped_and_handling_counts_working_days(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();

    (void)state;
    calendar.working_days = WEEK;
    assert_true(atp_calendar_close_day(&calendar, day_of(20261225), 0)); /* a Friday */
    assert_int_equal(ready_at(&calendar, utc(20261225, 9, 0)), 20261228);
    calendar.handling_days = 1;
    assert_int_equal(ready_at(&calendar, utc(20261224, 9, 0)), 20261228);
    calendar.handling_days = 3;
    assert_int_equal(ready_at(&calendar, utc(20261223, 9, 0)), 20261229);
    assert_int_equal(ready_at(&calendar, utc(20261229, 9, 0)), 20270101); /* over the year's end */
}

static void leap_day_is_a_day(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();

    (void)state;
    calendar.handling_days = 1;
    assert_int_equal(ready_at(&calendar, utc(20280228, 9, 0)), 20280229);
    assert_int_equal(ready_at(&calendar, utc(20280229, 9, 0)), 20280301);
    assert_int_equal(ready_at(&calendar, utc(20270228, 9, 0)), 20270301);
}

static void what_is_never_ready_is_said_so(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();
    int32_t monday = day_of(20261123);

    (void)state;
    calendar.working_days = 1u << 1;
    for (int32_t week = 0; week < 12; week++) {
        assert_true(atp_calendar_close_day(&calendar, monday + 7 * week, 0));
    }
    assert_int_equal(ready_at(&calendar, utc(20261123, 0, 0)),
                     20270215); /* the 13th Monday, within 90 days */
    assert_true(atp_calendar_close_day(&calendar, monday + 7 * 12, 0));
    assert_int_equal(ready_at(&calendar, utc(20261123, 0, 0)), 0);
    assert_int_equal(ready_at(&calendar, utc(20261124, 0, 0)),
                     20270222); /* a day later it comes into reach */
}

static void a_day_has_23_or_25_hours_when_the_clock_is_changed(void **state)
{
    atp_calendar_t calendar = calendar_of("CET-1CEST,M3.5.0,M10.5.0/3");
    const struct {
        int64_t day;
        int hours;
    } days[] = {{20260328, 24}, {20260329, 23}, {20260330, 24},
                {20261024, 24}, {20261025, 25}, {20261231, 24}};

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        int32_t day = day_of(days[i].day);
        int64_t length = atp_calendar_day_end_ms(&calendar, day) - atp_calendar_day_begin_ms(&calendar, day);
        assert_int_equal(length, days[i].hours * INT64_C(3600000));
        assert_int_equal(atp_calendar_day_end_ms(&calendar, day),
                         atp_calendar_day_begin_ms(&calendar, day + 1));
    }
}

static void closed_days_stay_in_order_and_old_ones_make_room(void **state)
{
    atp_calendar_t calendar = atp_calendar_default();

    (void)state;
    for (int32_t i = 0; i < ATP_CLOSED_DAYS_MAX; i++) {
        assert_true(atp_calendar_close_day(&calendar, 1000 + (i * 37) % ATP_CLOSED_DAYS_MAX, 0));
    }
    for (int32_t i = 0; i < ATP_CLOSED_DAYS_MAX; i++) {
        assert_int_equal(calendar.closed[i], 1000 + i); /* K2 */
    }
    assert_true(atp_calendar_close_day(&calendar, 1005, 0)); /* there already */
    assert_false(atp_calendar_close_day(&calendar, 5000, 1000));
    assert_int_equal(calendar.closed_count, ATP_CLOSED_DAYS_MAX);
    assert_true(atp_calendar_close_day(&calendar, 5000, 1002));
    assert_int_equal(calendar.closed_count, ATP_CLOSED_DAYS_MAX - 1);
    assert_int_equal(calendar.closed[0], 1002);
    assert_int_equal(calendar.closed[ATP_CLOSED_DAYS_MAX - 2], 5000);
    assert_int_equal(calendar.closed[ATP_CLOSED_DAYS_MAX - 1], 0);
    assert_true(atp_calendar_close_day(&calendar, 900, 1002)); /* over: no place needed */
    assert_int_equal(calendar.closed_count, ATP_CLOSED_DAYS_MAX - 1);
}

static void a_zone_that_is_none_leaves_the_calendar_as_it_was(void **state)
{
    atp_calendar_t calendar = calendar_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_false(atp_calendar_set_zone(&calendar, atp_text_of("Europe/Berlin")));
    assert_int_equal(calendar.rule_size, 26);
    assert_memory_equal(calendar.rule, "CET-1CEST,M3.5.0,M10.5.0/3", 26);
    assert_int_equal(calendar.zone.standard_s, 3600);
    assert_true(atp_calendar_set_zone(&calendar, atp_text_of("")));
    assert_int_equal(calendar.rule_size, 0);
    assert_int_equal(calendar.rule[0], 0);
    assert_int_equal(calendar.zone.standard_s, 0);
}

/* K1, and until_ms: what a look says holds until then and not beyond, over a year in any zone. */
static void ready_days_only_go_on_and_hold_until_they_say(void **state)
{
    static const char *const rules[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3",
                                        "<-04>4<-03>,M9.1.6/24,M4.1.6/24", "AAA0BBB,M3.1.0/0,M10.1.0/0:30",
                                        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};
    uint64_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        atp_calendar_t calendar = calendar_of(rules[test_random(&seed) % 5]);
        calendar.cut_off = (uint16_t)(test_random(&seed) % (ATP_MINUTES_A_DAY + 1));
        calendar.working_days = (uint8_t)(test_random(&seed) % 127 + 1);
        calendar.handling_days = (uint8_t)(test_random(&seed) % 4);
        for (unsigned k = 0; k < 20; k++) {
            assert_true(
                atp_calendar_close_day(&calendar, day_of(20260101) + (int32_t)(test_random(&seed) % 400), 0));
        }
        atp_calendar_now_t before = atp_calendar_look(&calendar, utc(20260101, 0, 0));
        for (int64_t now = utc(20260101, 0, 0); now < utc(20270201, 0, 0); now += 1000 * 2557) {
            atp_calendar_now_t look = atp_calendar_look(&calendar, now);
            assert_true(look.ready_day >= before.ready_day && look.today >= before.today);
            assert_true(look.until_ms > now);
            if (now < before.until_ms) {
                assert_true(look.ready_day == before.ready_day && look.today == before.today);
                assert_true(look.until_ms == before.until_ms);
            }
            assert_true(look.ready_day == ATP_READY_NEVER ||
                        atp_calendar_is_working_day(&calendar, look.ready_day));
            before = look;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_calendar_the_day_is_utc_and_ready_is_today),
        cmocka_unit_test(the_day_is_the_nodes_own),
        cmocka_unit_test(the_day_before_1970_is_a_day),
        cmocka_unit_test(from_the_cut_off_on_an_order_counts_for_the_next_day),
        cmocka_unit_test(a_cut_off_at_midnight_makes_every_order_one_of_the_next_day),
        cmocka_unit_test(a_cut_off_in_the_skipped_hour_is_when_the_clock_jumps),
        cmocka_unit_test(days_that_are_not_worked_are_skipped),
        cmocka_unit_test(closed_days_are_skipped_and_handling_counts_working_days),
        cmocka_unit_test(leap_day_is_a_day),
        cmocka_unit_test(what_is_never_ready_is_said_so),
        cmocka_unit_test(a_day_has_23_or_25_hours_when_the_clock_is_changed),
        cmocka_unit_test(closed_days_stay_in_order_and_old_ones_make_room),
        cmocka_unit_test(a_zone_that_is_none_leaves_the_calendar_as_it_was),
        cmocka_unit_test(ready_days_only_go_on_and_hold_until_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

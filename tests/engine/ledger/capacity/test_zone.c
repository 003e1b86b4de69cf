#include "tests/test.h"

#include "engine/ledger/capacity/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atp_zone_t zone_of(const char *rule)
{
    atp_zone_t zone;

    if (!atp_zone_parse(atp_text_of(rule), &zone)) {
        fail_msg("\"%s\" is refused", rule);
    }
    return zone;
}

/* Seconds of a wall clock or of UTC. */
static int64_t at(int64_t year, unsigned month, unsigned day, int hour, int minute, int second)
{
    return atp_day_of_date(year, month, day) * ATP_DAY_S + hour * 3600 + minute * 60 + second;
}

/* ---- dates ---- */

static void every_day_of_a_thousand_years_follows_the_one_before(void **state)
{
    int32_t last = atp_day_of_date(2600, 12, 31);
    int64_t year = 1599;
    unsigned month = 12;
    unsigned day_of_month = 31;

    (void)state;
    for (int32_t day = atp_day_of_date(1600, 1, 1); day <= last; day++) {
        if (++day_of_month > atp_days_in_month(year, month)) {
            day_of_month = 1;
            year += month == 12;
            month = month == 12 ? 1 : month + 1;
        }
        int64_t got_year;
        unsigned got_month;
        unsigned got_day;
        atp_date_of_day(day, &got_year, &got_month, &got_day);
        assert_int_equal(got_year, year);
        assert_int_equal(got_month, month);
        assert_int_equal(got_day, day_of_month);
        assert_int_equal(atp_day_of_date(year, month, day_of_month), day);
        assert_int_equal(atp_weekday_of_day(day + 1), (atp_weekday_of_day(day) + 1) % 7);
    }
}

static void days_are_those_of_the_c_library(void **state)
{
    (void)state;
    assert_int_equal(atp_day_of_date(1970, 1, 1), 0);
    for (int32_t day = -40000; day < 800000; day += 37) {
        time_t seconds = (time_t)(day * ATP_DAY_S);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        assert_int_equal(atp_day_of_date(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday),
                         day);
        assert_int_equal(atp_weekday_of_day(day), tm.tm_wday);
    }
}

static void leap_years_are_those_of_the_gregorian_calendar(void **state)
{
    (void)state;
    assert_true(atp_is_leap_year(2024));
    assert_true(atp_is_leap_year(2000));
    assert_false(atp_is_leap_year(1900));
    assert_false(atp_is_leap_year(2100));
    assert_false(atp_is_leap_year(2026));
}

static void a_number_is_a_date_only_if_there_is_such_a_day(void **state)
{
    static const int64_t wrong[] = {0,        -1,       20260001, 20261301, 20260230,           20250229,
                                    21000229, 20260431, 20260600, 19691231, INT64_C(100000101), INT64_MIN,
                                    INT64_MAX};
    int32_t day = 77;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(atp_day_of_number(wrong[i], &day));
        assert_int_equal(day, 77);
    }
    assert_true(atp_day_of_number(20240229, &day));
    assert_int_equal(day, atp_day_of_date(2024, 2, 29));
    assert_int_equal(atp_number_of_day(day), 20240229);
    assert_true(atp_day_of_number(19700101, &day) && day == 0);
    assert_true(atp_day_of_number(99991231, &day) && atp_number_of_day(day) == 99991231);
}

/* ---- rules ---- */

static void a_rule_that_is_none_is_refused_and_changes_nothing(void **state)
{
    static const char *const wrong[] = {
        "U",
        "UTC",
        "UT0",
        "UTC0x",
        "UTC25",
        "UTC-25",
        "UTC+-1",
        "UTC0:60",
        "UTC0:00:60",
        "UTC0:",
        "<+03-3",
        "<+0>-3",
        "<+03>",
        "<a b>3",
        "<>3",
        "5EST",
        "E5T5",
        "EST5EDT",
        "EST5EDT,",
        "EST5EDT,M3.2.0",
        "EST5EDT,M3.2.0,",
        "EST5EDT,M3.2.0,M11.1.0,",
        "EST5EDT,M3.2.0,M11.1.0x",
        "EST5EDT,M0.2.0,M11.1.0",
        "EST5EDT,M13.2.0,M11.1.0",
        "EST5EDT,M3.0.0,M11.1.0",
        "EST5EDT,M3.6.0,M11.1.0",
        "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,M3.2,M11.1.0",
        "EST5EDT,M3..0,M11.1.0",
        "EST5EDT,M3.2.0/168,M11.1.0",
        "EST5EDT,M3.2.0/-168,M11.1.0",
        "EST5EDT,M3.2.0/,M11.1.0",
        "EST5EDT,J0,M11.1.0",
        "EST5EDT,J366,M11.1.0",
        "EST5EDT,366,M11.1.0",
        "EST5EDT,-1,M11.1.0",
        "EST5EDT,99999999999999999999,M11.1.0",
        "EST5EDT4:,M3.2.0,M11.1.0",
        "EST5ED,M3.2.0,M11.1.0",
        "EST5 EDT,M3.2.0,M11.1.0",
        ":Europe/Berlin",
        "Europe/Berlin",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMN0",
    };
    atp_zone_t untouched;
    atp_zone_t zone;

    (void)state;
    memset(&untouched, 0x5a, sizeof untouched);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(&zone, &untouched, sizeof zone);
        if (atp_zone_parse(atp_text_of(wrong[i]), &zone)) {
            fail_msg("\"%s\" is taken", wrong[i]);
        }
        assert_memory_equal(&zone, &untouched, sizeof zone);
    }
}

/* Every rule cut short at every byte is refused or is a rule of its own; nothing is read behind its end. */
static void a_rule_is_never_read_behind_its_end(void **state)
{
    const char *rule = "<-0330>3:30:15<-02>2,M10.1.0/24,J365/-167:59:59";
    size_t size = strlen(rule);

    (void)state;
    for (size_t cut = 0; cut <= size; cut++) {
        char *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, rule, cut);
        atp_zone_t zone;
        bool is_rule = atp_zone_parse((atp_text_t){copy, (uint32_t)cut}, &zone);
        bool is_whole_name_and_time = cut == 8 || cut == 10 || cut == 11 || cut == 13 || cut == 14;
        if (is_rule != (cut == 0 || is_whole_name_and_time) && cut < 34) {
            fail_msg("cut to %zu", cut);
        }
        assert_true(is_rule || cut < size);
        free(copy);
    }
}

static void no_rule_is_utc(void **state)
{
    atp_zone_t zone = zone_of("");

    (void)state;
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 7, 1, 12, 0, 0)), 0);
    assert_int_equal(atp_zone_day(&zone, at(2026, 7, 1, 23, 59, 59)), atp_day_of_date(2026, 7, 1));
    assert_int_equal(atp_zone_day(&zone, -1), -1);
}

static void summer_time_begins_and_ends_at_the_second(void **state)
{
    atp_zone_t zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 3, 29, 0, 59, 59)), 3600);
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 3, 29, 1, 0, 0)), 7200);
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 10, 25, 0, 59, 59)), 7200);
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 10, 25, 1, 0, 0)), 3600);
}

/* Southern summers go over the year's end. */
static void a_summer_over_new_year_is_one_summer(void **state)
{
    atp_zone_t zone = zone_of("AEST-10AEDT,M10.1.0,M4.1.0/3");

    (void)state;
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 12, 31, 12, 59, 59)), 11 * 3600);
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 12, 31, 13, 0, 0)), 11 * 3600);
    assert_int_equal(atp_zone_offset_s(&zone, at(2026, 7, 1, 0, 0, 0)), 10 * 3600);
    assert_int_equal(atp_zone_day(&zone, at(2026, 12, 31, 12, 59, 59)), atp_day_of_date(2026, 12, 31));
    assert_int_equal(atp_zone_day(&zone, at(2026, 12, 31, 13, 0, 0)), atp_day_of_date(2027, 1, 1));
}

static void summer_all_year_is_told_by_an_end_where_it_begins(void **state)
{
    atp_zone_t zone = zone_of("EST3EDT4,0/0,J365/23"); /* RFC 9636, 3.3.1 */

    (void)state;
    for (int64_t day = 0; day < 800; day++) {
        assert_int_equal(atp_zone_offset_s(&zone, at(2026, 1, 1, 0, 0, 0) + day * ATP_DAY_S), -4 * 3600);
    }
    assert_int_equal(atp_zone_offset_s(&zone, at(2027, 1, 1, 4, 0, 0)), -4 * 3600);
}

/* ---- moments that are skipped, or shown twice ---- */

static void a_moment_that_is_skipped_comes_when_the_clock_has_jumped(void **state)
{
    atp_zone_t zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 3, 29, 1, 59, 59)), at(2026, 3, 29, 0, 59, 59));
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 3, 29, 2, 0, 0)), at(2026, 3, 29, 1, 0, 0));
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 3, 29, 2, 30, 0)), at(2026, 3, 29, 1, 0, 0));
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 3, 29, 3, 0, 0)), at(2026, 3, 29, 1, 0, 0));
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 3, 29, 3, 0, 1)), at(2026, 3, 29, 1, 0, 1));
}

static void a_moment_that_is_shown_twice_is_the_first(void **state)
{
    atp_zone_t zone = zone_of("CET-1CEST,M3.5.0,M10.5.0/3");

    (void)state;
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 10, 25, 2, 30, 0)), at(2026, 10, 25, 0, 30, 0));
    assert_int_equal(atp_zone_first_at(&zone, at(2026, 10, 25, 3, 0, 0)), at(2026, 10, 25, 2, 0, 0));
}

/* In Chile and Paraguay midnight itself is skipped: the day begins at one. */
static void a_day_whose_midnight_is_skipped_begins_later(void **state)
{
    atp_zone_t zone = zone_of("<-04>4<-03>,M9.1.6/24,M4.1.6/24");
    int32_t day = atp_day_of_date(2026, 9, 6);
    int64_t begin = atp_zone_first_at(&zone, day * ATP_DAY_S);

    (void)state;
    assert_int_equal(begin, at(2026, 9, 6, 4, 0, 0));
    assert_int_equal(atp_zone_day(&zone, begin - 1), day - 1);
    assert_int_equal(atp_zone_day(&zone, begin), day);
    assert_int_equal(begin + atp_zone_offset_s(&zone, begin), at(2026, 9, 6, 1, 0, 0));
    /* and the day after the summer has its last hour twice */
    int32_t last = atp_day_of_date(2026, 4, 4);
    int64_t length =
        atp_zone_first_at(&zone, (last + 1) * ATP_DAY_S) - atp_zone_first_at(&zone, last * ATP_DAY_S);
    assert_int_equal(length, 25 * 3600);
}

/* A clock set back from 0:30 to 23:30 shows the day before again: the day that had begun goes on. */
static void a_day_that_has_begun_is_not_taken_back(void **state)
{
    atp_zone_t zone = zone_of("AAA0BBB,M3.1.0/0,M10.1.0/0:30");
    int32_t day = atp_day_of_date(2026, 10, 4);
    int64_t begin = atp_zone_first_at(&zone, day * ATP_DAY_S);

    (void)state;
    assert_int_equal(begin, at(2026, 10, 3, 23, 0, 0));
    for (int64_t t = begin; t < begin + ATP_DAY_S; t += 600) {
        assert_int_equal(atp_zone_day(&zone, t), day);
    }
    assert_int_equal(atp_zone_day(&zone, begin - 1), day - 1);
}

/* ---- against the C library, and against themselves ---- */

static const char *const known_rules[] = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "GMT0BST,M3.5.0/1,M10.5.0",
    "EST5EDT,M3.2.0,M11.1.0",
    "PST8PDT,M3.2.0,M11.1.0",
    "NST3:30NDT,M3.2.0,M11.1.0",
    "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "IST-1GMT0,M10.5.0,M3.5.0/1", /* Dublin: the winter time is the odd one */
    "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3",
    "EET-2EEST,M3.4.4/50,M10.4.4/50",
    "IST-2IDT,M3.4.4/26,M10.5.0",
    "CST5CDT,M3.2.0/0,M11.1.0/1",
    "<+0545>-5:45",
    "AAA-3BBB,J60,J300/4:05:06",
    "AAA-3BBB,59,299/-3",
    "<-12>12",
    "<+14>-14",
};
#define RULES (sizeof known_rules / sizeof known_rules[0])

static void offsets_are_those_of_the_c_library(void **state)
{
    (void)state;
    for (size_t i = 0; i < RULES; i++) {
        atp_zone_t zone = zone_of(known_rules[i]);
        assert_int_equal(setenv("TZ", known_rules[i], 1), 0);
        tzset();
        for (int64_t t = at(2023, 1, 5, 0, 0, 0); t < at(2027, 1, 1, 0, 0, 0); t += 3599) {
            time_t seconds = (time_t)t;
            struct tm tm;
            assert_non_null(localtime_r(&seconds, &tm));
            if (tm.tm_gmtoff != atp_zone_offset_s(&zone, t)) {
                fail_msg("%s at %lld: %ld, not %d", known_rules[i], (long long)t, tm.tm_gmtoff,
                         (int)atp_zone_offset_s(&zone, t));
            }
        }
    }
    assert_int_equal(unsetenv("TZ"), 0);
    tzset();
}

/* Z1, by looking at every minute of three years: the first at which the clock shows a time is what first_at says. */
static void the_first_moment_is_found_as_by_looking_at_every_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < RULES; i++) {
        atp_zone_t zone = zone_of(known_rules[i]);
        int64_t begin = at(2023, 12, 20, 0, 0, 0);
        int64_t shown = begin + atp_zone_offset_s(&zone, begin); /* the most the clock has shown so far */
        int32_t day = atp_zone_day(&zone, begin);
        for (int64_t t = begin; t < at(2025, 1, 10, 0, 0, 0); t += 900) {
            int64_t local = t + atp_zone_offset_s(&zone, t);
            if (local > shown) {
                for (int64_t wanted = shown + 900; wanted <= local; wanted += 900) {
                    assert_int_equal(atp_zone_first_at(&zone, wanted), t);
                }
                shown = local;
            }
            int32_t next = atp_zone_day(&zone, t);
            assert_true(next == day || next == day + 1);
            assert_true(atp_zone_first_at(&zone, next * ATP_DAY_S) <= t);
            assert_true(atp_zone_first_at(&zone, (next + 1) * ATP_DAY_S) > t);
            day = next;
        }
    }
}

/* Whatever a hostile rule says: days only go on, and begin before they end. */
static void days_go_on_under_any_rule(void **state)
{
    uint64_t seed = 20261121;

    (void)state;
    for (unsigned i = 0; i < 120; i++) {
        char rule[ATP_ZONE_RULE_SIZE_MAX + 1];
        (void)snprintf(rule, sizeof rule, "AAA%dBBB%d,M%d.%d.%d/%d,%d/%d",
                       (int)(test_random(&seed) % 49) - 24, (int)(test_random(&seed) % 49) - 24,
                       (int)(test_random(&seed) % 12) + 1, (int)(test_random(&seed) % 5) + 1,
                       (int)(test_random(&seed) % 7), (int)(test_random(&seed) % 335) - 167,
                       (int)(test_random(&seed) % 366), (int)(test_random(&seed) % 335) - 167);
        atp_zone_t zone = zone_of(rule);
        int32_t day = INT32_MIN;
        for (int64_t t = at(2025, 12, 1, 0, 0, 0); t < at(2027, 2, 1, 0, 0, 0); t += 7201) {
            int32_t next = atp_zone_day(&zone, t);
            if (next < day || atp_zone_first_at(&zone, next * ATP_DAY_S) > t ||
                atp_zone_first_at(&zone, (next + 1) * ATP_DAY_S) <= t) {
                fail_msg("%s at %lld: day %d after %d (case %u)", rule, (long long)t, next, day, i);
            }
            day = next;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_a_thousand_years_follows_the_one_before),
        cmocka_unit_test(days_are_those_of_the_c_library),
        cmocka_unit_test(leap_years_are_those_of_the_gregorian_calendar),
        cmocka_unit_test(a_number_is_a_date_only_if_there_is_such_a_day),
        cmocka_unit_test(a_rule_that_is_none_is_refused_and_changes_nothing),
        cmocka_unit_test(a_rule_is_never_read_behind_its_end),
        cmocka_unit_test(no_rule_is_utc),
        cmocka_unit_test(summer_time_begins_and_ends_at_the_second),
        cmocka_unit_test(a_summer_over_new_year_is_one_summer),
        cmocka_unit_test(summer_all_year_is_told_by_an_end_where_it_begins),
        cmocka_unit_test(a_moment_that_is_skipped_comes_when_the_clock_has_jumped),
        cmocka_unit_test(a_moment_that_is_shown_twice_is_the_first),
        cmocka_unit_test(a_day_whose_midnight_is_skipped_begins_later),
        cmocka_unit_test(a_day_that_has_begun_is_not_taken_back),
        cmocka_unit_test(offsets_are_those_of_the_c_library),
        cmocka_unit_test(the_first_moment_is_found_as_by_looking_at_every_one),
        cmocka_unit_test(days_go_on_under_any_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

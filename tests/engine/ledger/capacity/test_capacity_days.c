/* Days of a node that are not as others: limits of one date, beside those of all days. */
#include "tests/engine/ledger/capacity/capacity_fixture.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

static void a_day_has_limits_of_its_own(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=10 capacity_orders=2");

    assert_verdict(node_with(&f, "N", "capacity_day=20231114 capacity_units=30"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 30); /* at once */
    assert_verdict(reserve(&f, "a", "S", "N", 20), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_NODE_AT_CAPACITY); /* orders are as on other days */
    f.now_ms = today_end_ms;
    assert_verdict(reserve(&f, "d", "S", "N", 11), ATP_NODE_AT_CAPACITY);
    assert_verdict(reserve(&f, "e", "S", "N", 10), ATP_APPLIED);
    fixture_close(&f);
}

static void without_limits_told_it_is_as_others_again(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=10");

    assert_verdict(node_with(&f, "N", "capacity_day=20231114 capacity_units=0"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), -1); /* no limit */
    assert_verdict(reserve(&f, "a", "S", "N", 15), ATP_APPLIED);
    assert_verdict(node_with(&f, "N", "capacity_day=20231114"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 0); /* what is booked stays */
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_NODE_AT_CAPACITY);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "a"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 10);
    fixture_close(&f);
}

static void only_that_day_may_have_a_limit(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_day=20231115 capacity_units=1 capacity_orders=5");

    assert_verdict(reserve(&f, "a", "S", "N", 50), ATP_APPLIED);
    f.now_ms = today_end_ms;
    assert_verdict(reserve_for(&f, "b", "S", "N", 1, 1000), ATP_APPLIED);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_NODE_AT_CAPACITY);
    f.now_ms += 1000; /* what is due is given back here too */
    assert_verdict(reserve(&f, "d", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void who_can_wait_is_promised_the_peak_day(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=5");
    char words[64];

    assert_verdict(node_with(&f, "N", "capacity_day=20231117 capacity_units=40"), ATP_APPLIED);
    snprintf(words, sizeof words, "ready_by=%lld", (long long)(today_end_ms + 5 * DAY_MS));
    assert_verdict(reserve_with(&f, "a", "S", "N", 40, ATP_RESERVE_ALL_OR_NOTHING, words), ATP_APPLIED);
    assert_int_equal(f.result.ready_ms, today_end_ms + 3 * DAY_MS);
    fixture_close(&f);
}

static void so_many_days_are_kept_and_those_that_are_over_make_room(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=5");
    char words[64];

    for (unsigned i = 0; i < ATP_OWN_DAYS_MAX; i++) {
        snprintf(words, sizeof words, "capacity_day=%u capacity_units=9",
                 i % 2 == 0 ? 20240101 + i / 2 * 100 % 1200 + i / 24
                            : 20240115 + i / 2 * 100 % 1200 + i / 24);
        assert_verdict(node_with(&f, "N", words), ATP_APPLIED);
    }
    assert_refused(node_with(&f, "N", "capacity_day=20241231 capacity_units=9"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_verdict(node_with(&f, "N", "capacity_day=20240101 capacity_units=8"), ATP_APPLIED); /* known */
    assert_verdict(node_with(&f, "N", "capacity_day=20231001 capacity_units=9"), ATP_APPLIED); /* over */
    assert_verdict(node_with(&f, "N", "capacity_day=20240101"), ATP_APPLIED);                  /* as others */
    assert_verdict(node_with(&f, "N", "capacity_day=20241231 capacity_units=9"), ATP_APPLIED);
    f.now_ms += 100 * DAY_MS;
    assert_verdict(node_with(&f, "N", "capacity_day=20250101 capacity_units=9"), ATP_APPLIED);
    fixture_close(&f);
}

static void a_day_that_is_none_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=10");

    assert_refused(node_with(&f, "N", "capacity_day=20230229 capacity_units=1"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_verdict(node_with(&f, "N", "capacity_day=20231114 capacity_units=1000000000001"),
                   ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_verdict(reserve(&f, "a", "S", "N", 11), ATP_NODE_AT_CAPACITY);
    assert_verdict(reserve(&f, "b", "S", "N", 10), ATP_APPLIED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_has_limits_of_its_own),
        cmocka_unit_test(without_limits_told_it_is_as_others_again),
        cmocka_unit_test(only_that_day_may_have_a_limit),
        cmocka_unit_test(who_can_wait_is_promised_the_peak_day),
        cmocka_unit_test(so_many_days_are_kept_and_those_that_are_over_make_room),
        cmocka_unit_test(a_day_that_is_none_is_refused_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

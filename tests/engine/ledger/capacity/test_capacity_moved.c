/* On which day it is ready what comes to a reservation that has, or had, something at the node. */
#include "tests/engine/ledger/capacity/capacity_fixture.h"

#define DAY_MS INT64_C(86400000)

static atp_result_t reassign_to(fixture_t *f, const char *id, const char *node)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_REASSIGN, .reservation = atp_text_of(id)}, node);
}

/* N can make ten a day; a of them three, with no end. */
static fixture_t open_with_order(void)
{
    fixture_t f = open_with("capacity_units=10");

    assert_verdict(reserve(&f, "a", "S", "N", 3), ATP_APPLIED);
    assert_verdict(extend(&f, "a", 30 * DAY_MS), ATP_APPLIED);
    return f;
}

static void a_day_that_is_over_has_room_for_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_order();

    f.now_ms += 3 * DAY_MS;
    assert_verdict(reserve(&f, "b", "T", "N", 6), ATP_APPLIED);
    assert_refused(edit(&f, "a", "S", "N", 5, ""), ATP_NODE_AT_CAPACITY, ATP_FIELD_NODE);
    assert_int_equal(left_at(&f, "N"), 4);
    assert_verdict(edit(&f, "a", "S", "N", 4, ""), ATP_APPLIED); /* all of it is for today now */
    assert_int_equal(left_at(&f, "N"), 0);
    assert_true(f.result.ready_ms > f.now_ms);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "a"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 4);
    fixture_close(&f);
}

static void what_comes_back_to_a_node_takes_of_the_day_that_is(void **state)
{
    (void)state;
    fixture_t f = open_with_order();

    stock(&f, "S", "M", 10);
    assert_verdict(reassign_to(&f, "a", "M"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 10);
    f.now_ms += 3 * DAY_MS;
    assert_verdict(reserve(&f, "b", "T", "N", 8), ATP_APPLIED);
    assert_verdict(reassign_to(&f, "a", "N"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "b", "T", "N", 2), ATP_APPLIED);
    assert_verdict(reassign_to(&f, "a", "N"), ATP_APPLIED);
    assert_int_equal(left_at(&f, "N"), 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_that_is_over_has_room_for_nothing),
        cmocka_unit_test(what_comes_back_to_a_node_takes_of_the_day_that_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

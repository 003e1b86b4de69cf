/* Over-commitment: whom it hits first, and what becomes of them. Acceptance E3, and issue item 9. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <string.h>

static void node_with(fixture_t *f, const char *node, const char *words)
{
    const atp_command_line_t line = line_of("", node, 0);

    assert_verdict(do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words),
                   ATP_APPLIED);
}

static void named(const atp_exception_t *exception, unsigned i, const char *id)
{
    assert_true(i < exception->reservation_count);
    assert_int_equal(exception->reservation_sizes[i], strlen(id));
    assert_memory_equal(exception->reservations[i], id, strlen(id));
}

/* Three reservations of two, the last with the highest priority. */
static fixture_t three_promises(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 6);
    assert_verdict(reserve(&f, "a", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "c", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING, "priority=7"), ATP_APPLIED);
    return f;
}

static void the_lowest_priority_is_named_first_then_the_newest(void **state)
{
    (void)state;
    fixture_t f = three_promises();

    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 3), ATP_APPLIED);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_int_equal(exception->qty, -3);
    assert_int_equal(exception->reservation_total, 3);
    named(exception, 0, "b");
    named(exception, 1, "a");
    named(exception, 2, "c");
    assert_int_equal(view_of(&f, "S", "N").reserved, 6); /* left to a person */
    fixture_close(&f);
}

static void a_node_that_cancels_takes_no_more_than_is_missing(void **state)
{
    (void)state;
    fixture_t f = three_promises();

    node_with(&f, "N", "over_commitment=cancel");
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "a"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(line_at(&f, "b", 0)->reserved, 0);
    assert_int_equal(line_at(&f, "a", 0)->allocated, 1);
    assert_int_equal(line_at(&f, "c", 0)->reserved, 2);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 1), ATP_APPLIED); /* told again: it was mended */
    assert_int_equal(newest_exception(&f)->qty, -2);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    fixture_close(&f);
}

static void a_node_that_backorders_lets_them_wait(void **state)
{
    (void)state;
    fixture_t f = three_promises();

    node_with(&f, "N", "over_commitment=backorder");
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(line_at(&f, "b", 0)->reserved, 0);
    assert_int_equal(line_at(&f, "a", 0)->reserved, 1);
    assert_int_equal(view_of(&f, "S", "N").backordered, 3);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    assert_refused(reserve(&f, "d", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 6);
    fixture_close(&f);
}

static void the_channel_says_first_then_the_node_then_the_default_channel(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t one = line_of("S", "N", 1);

    stock(&f, "S", "N", 2);
    assert_verdict(put_channel_with(&f, "default", "over_commitment=cancel"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "b2b", "over_commitment=person"), ATP_APPLIED);
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("b"),
                                                  .channel = ATP_TEXT("b2b"),
                                                  .line_count = 1,
                                                  .lines = &one}),
                   ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 1), ATP_APPLIED); /* the newest is left to a person */
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 0), ATP_APPLIED);
    assert_int_equal(line_at(&f, "a", 0)->reserved, 0);
    assert_int_equal(line_at(&f, "b", 0)->reserved, 1);
    fixture_close(&f);
}

static void what_was_sold_elsewhere_is_not_cancelled(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    node_with(&f, "N", "over_commitment=cancel");
    assert_verdict(reserve(&f, "cart", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "market", "S", "N", 1, ATP_RESERVE_TRACK_ONLY, ""), ATP_APPLIED);
    assert_int_equal(line_at(&f, "market", 0)->reserved, 1);
    assert_int_equal(line_at(&f, "cart", 0)->reserved, 0);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_priority_is_named_first_then_the_newest),
        cmocka_unit_test(a_node_that_cancels_takes_no_more_than_is_missing),
        cmocka_unit_test(a_node_that_backorders_lets_them_wait),
        cmocka_unit_test(the_channel_says_first_then_the_node_then_the_default_channel),
        cmocka_unit_test(what_was_sold_elsewhere_is_not_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

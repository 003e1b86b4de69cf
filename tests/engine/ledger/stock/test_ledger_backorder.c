/* Promises beyond stock: limits, caps, who waits, and how stock finds them. Acceptance F3, F5, F6, F8, F9. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>

static atp_result_t limit(fixture_t *f, const char *sku, const char *node, atp_qty_t qty, const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    return do_with(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, words);
}

static atp_result_t reserve_by(fixture_t *f, const char *id, const char *channel, const char *node,
                               atp_qty_t qty, const char *words)
{
    const atp_command_line_t line = line_of("S", node, qty);

    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .channel = atp_text_of(channel),
                                   .line_count = 1,
                                   .lines = &line},
                   words);
}

static atp_qty_t waiting_of(const fixture_t *f, const char *id)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(f->ledger);
    uint32_t at = atp_reservation_at(reservations, reservation_of(f, id))->first_line;
    return atp_line_waiting(reservations, at - 1);
}

static void three_are_granted_beyond_nothing_and_no_more(void **state) /* F5 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(limit(&f, "S", "N", 3, ""), ATP_APPLIED);
    assert_int_equal(atp_view_promisable(&(atp_position_view_t){.backorder_limit = 3}), 3);
    for (unsigned i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve(&f, id, "S", "N", 1), ATP_APPLIED);
        assert_int_equal(waiting_of(&f, id), 1);
    }
    assert_refused(reserve(&f, "r3", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(limit(&f, "S", "N", 0, "unlimited=yes"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r4", "S", "N", 1000), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_int_equal(view_of(&f, "S", "N").backordered, 1003);
    fixture_close(&f);
}

static void the_limit_counts_from_zero_exactly(void **state) /* F3 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t sku = line_of("S", "", 0);
    atp_command_line_t half = {ATP_TEXT("S"), ATP_TEXT("N"), 850, 2};

    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(
        fixture_do(&f, (atp_command_t){.kind = ATP_OP_SKU, .option = 2, .line_count = 1, .lines = &sku}),
        ATP_APPLIED);
    assert_verdict(
        fixture_do(&f,
                   (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &half}),
        ATP_APPLIED);
    assert_verdict(limit(&f, "S", "N", 1, ""), ATP_APPLIED);
    half.mantissa = 933;
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_RESERVE, .id = ATP_TEXT("a"), .line_count = 1, .lines = &half}),
        ATP_APPLIED);
    half.mantissa = 18;
    assert_refused(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_RESERVE, .id = ATP_TEXT("b"), .line_count = 1, .lines = &half}),
        ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    half.mantissa = 17;
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_RESERVE, .id = ATP_TEXT("c"), .line_count = 1, .lines = &half}),
        ATP_APPLIED);
    assert_int_equal(atp_view_promisable(&(atp_position_view_t){0}), 0);
    assert_int_equal(view_of(&f, "S", "N").reserved, 850);
    assert_int_equal(view_of(&f, "S", "N").backordered, 100);
    fixture_close(&f);
}

static void one_that_comes_fills_the_oldest_and_three_fill_two(void **state) /* F9 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(limit(&f, "S", "N", 5, ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "old", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "new", "S", "N", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_int_equal(line_at(&f, "old", 0)->reserved, 1);
    assert_int_equal(line_at(&f, "new", 0)->reserved, 0);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_BACKORDER_FILLED);
    assert_int_equal(newest_exception(&f)->qty, 1);
    assert_verdict(reserve(&f, "third", "S", "N", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(line_at(&f, "new", 0)->reserved, 1);
    assert_int_equal(line_at(&f, "third", 0)->reserved, 1);
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void priority_comes_before_age(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(limit(&f, "S", "N", 9, ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "plain", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "low", "", "N", 2, "priority=0"), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "high", "", "N", 2, "priority=7"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(line_at(&f, "high", 0)->reserved, 2);
    assert_int_equal(line_at(&f, "plain", 0)->reserved, 1);
    assert_verdict(edit(&f, "low", "", "", 0, "priority=6"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_int_equal(line_at(&f, "low", 0)->reserved, 1);
    assert_int_equal(line_at(&f, "plain", 0)->reserved, 1);
    fixture_close(&f);
}

static void whatever_makes_stock_free_fills(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 4);
    assert_verdict(limit(&f, "S", "N", 9, ""), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "short", "S", "N", 1, 1000), ATP_APPLIED);
    assert_verdict(reserve(&f, "gone", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "firm", "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "S", "N", 6), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "waits"), 6);
    f.now_ms += 1100;
    assert_verdict(pulse(&f, 1000), ATP_APPLIED); /* an expiry */
    assert_int_equal(waiting_of(&f, "waits"), 5);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "gone"), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "waits"), 3);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "firm"), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "waits"), 2);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 5), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "waits"), 1);
    assert_verdict(fact(&f, ATP_OP_ADJUST, "S", "N", 1), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "waits"), 0);
    assert_int_equal(line_at(&f, "waits", 0)->reserved, 6);
    fixture_close(&f);
}

static void a_lower_safety_stock_fills(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 3);
    assert_verdict(limit(&f, "S", "N", 9, ""), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 3), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "r"), 2);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 1), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "r"), 0);
    fixture_close(&f);
}

static void who_waits_comes_before_who_asks_when_something_expires(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(limit(&f, "S", "N", 1, ""), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "first", "S", "N", 1, 1000), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "S", "N", 1), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(reserve(&f, "asks", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(line_at(&f, "waits", 0)->reserved, 1);
    assert_int_equal(waiting_of(&f, "asks"), 1);
    fixture_close(&f);
}

static void what_waits_expires_unless_it_is_firm(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(limit(&f, "S", "N", 5, ""), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "soft", "S", "N", 1, 1000), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "firm", "S", "N", 1, 1000), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2), ATP_APPLIED);
    assert_int_equal(line_at(&f, "soft", 0)->reserved, 0);
    assert_int_equal(line_at(&f, "firm", 0)->allocated, 1);
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void what_waits_can_be_released(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(limit(&f, "S", "N", 2, ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(waiting_of(&f, "r"), 0);
    assert_int_equal(line_at(&f, "r", 0)->reserved, 1);
    assert_verdict(reserve(&f, "q", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "q"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").backordered, 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), 1);
    fixture_close(&f);
}

static void caps_of_channel_and_of_all_hold_together(void **state) /* F6 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "app", 0), ATP_APPLIED);
    assert_verdict(limit(&f, "S", "N", 0, "unlimited=yes"), ATP_APPLIED);
    assert_verdict(limit(&f, "S", "", 10, "channel=web"), ATP_APPLIED);
    assert_verdict(limit(&f, "S", "", 12, ""), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "other", "app", "N", 5, ""), ATP_APPLIED);
    assert_refused(reserve_by(&f, "a", "web", "N", 8, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_by(&f, "b", "web", "N", 7, ""), ATP_APPLIED);
    assert_refused(reserve_by(&f, "c", "app", "N", 1, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5),
                   ATP_APPLIED); /* fills "other": caps have room again */
    assert_refused(reserve_by(&f, "d", "web", "N", 4, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_by(&f, "e", "web", "N", 3, ""), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "g", "app", "N", 2, ""), ATP_APPLIED);
    fixture_close(&f);
}

static void a_position_not_for_sale_promises_nothing(void **state) /* F8 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    stock(&f, "S", "M", 1);
    assert_verdict(limit(&f, "S", "N", 5, "for_sale=no"), ATP_APPLIED);
    assert_refused(reserve(&f, "a", "S", "N", 1), ATP_NOT_FOR_SALE, ATP_FIELD_SKU);
    assert_refused(reserve(&f, "b", "S", "", 2), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve(&f, "c", "S", "", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").reserved, 1);
    assert_verdict(limit(&f, "S", "N", 0, "for_sale=yes"), ATP_APPLIED);
    assert_verdict(reserve(&f, "d", "S", "N", 10), ATP_APPLIED);
    fixture_close(&f);
}

static void stock_comes_before_promises_beyond_it_where_the_ledger_chooses(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "A", 0);
    stock(&f, "S", "B", 5);
    assert_verdict(limit(&f, "S", "A", 10, ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "B").reserved, 5);
    assert_int_equal(view_of(&f, "S", "A").backordered, 0);
    assert_verdict(reserve(&f, "q", "S", "", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").backordered, 5);
    assert_refused(reserve(&f, "p", "S", "", 6), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void an_edit_may_go_beyond_stock_and_come_back(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 2);
    assert_verdict(limit(&f, "S", "N", 3, ""), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "N", 5, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_int_equal(waiting_of(&f, "r"), 3);
    assert_refused(edit(&f, "r", "S", "N", 6, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "r", "S", "N", 1, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 1);
    assert_int_equal(waiting_of(&f, "r"), 0);
    assert_verdict(reserve_by(&f, "q", "", "N", 4, "replaces=r"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_int_equal(waiting_of(&f, "q"), 2);
    fixture_close(&f);
}

/* What it replaces set free is its own first, though others wait: a bound on what one op fills once gave it to the queue. */
static void a_replacement_keeps_the_units_it_replaces_though_others_wait(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(limit(&f, "S", "N", 9, ""), ATP_APPLIED);
    assert_verdict(limit(&f, "S", "", 3, ""), ATP_APPLIED); /* a cap: its own units count for it */
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "w", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "q", "", "N", 2, "replaces=r"), ATP_APPLIED);
    assert_int_equal(line_at(&f, "q", 0)->reserved, 1);
    assert_int_equal(waiting_of(&f, "w"), 2);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_are_granted_beyond_nothing_and_no_more),
        cmocka_unit_test(the_limit_counts_from_zero_exactly),
        cmocka_unit_test(one_that_comes_fills_the_oldest_and_three_fill_two),
        cmocka_unit_test(priority_comes_before_age),
        cmocka_unit_test(whatever_makes_stock_free_fills),
        cmocka_unit_test(a_lower_safety_stock_fills),
        cmocka_unit_test(who_waits_comes_before_who_asks_when_something_expires),
        cmocka_unit_test(what_waits_expires_unless_it_is_firm),
        cmocka_unit_test(what_waits_can_be_released),
        cmocka_unit_test(caps_of_channel_and_of_all_hold_together),
        cmocka_unit_test(a_position_not_for_sale_promises_nothing),
        cmocka_unit_test(stock_comes_before_promises_beyond_it_where_the_ledger_chooses),
        cmocka_unit_test(an_edit_may_go_beyond_stock_and_come_back),
        cmocka_unit_test(a_replacement_keeps_the_units_it_replaces_though_others_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

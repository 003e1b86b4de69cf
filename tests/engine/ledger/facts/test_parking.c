/* engine/ledger/facts/ledger_parking.c: facts that name what is not there wait for it, in their order, or make it. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

static fixture_t open_with(atp_unknown_names_t policy)
{
    atp_ledger_config_t config = fixture_config();

    config.unknown_names = policy;
    return fixture_open_journaled(&config);
}

static const atp_exception_t *exception_of(const fixture_t *f, uint64_t number)
{
    const atp_exception_t *found = atp_exceptions_get(atp_ledger_exceptions(f->ledger), number);

    assert_non_null(found);
    return found;
}

static uint64_t parked(const fixture_t *f)
{
    return counts_of(f).exceptions_parked;
}

static void a_fact_of_an_unknown_sku_is_an_exception_where_nothing_else_is_said(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_REFUSE);

    put_node(&f, "N", ATP_NODE_OPEN);
    assert_refused(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_int_equal(newest_exception(&f)->state, ATP_EXCEPTION_OPEN);
    put_sku(&f, "S", 0);
    assert_false(has_position(&f, "S", "N"));
    fixture_close(&f);
}

static void a_parked_fact_is_applied_by_itself_and_once_when_its_sku_arrives(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    put_node(&f, "N", ATP_NODE_OPEN);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_PARKED);
    assert_int_equal(newest_exception(&f)->state, ATP_EXCEPTION_PARKED);
    assert_int_equal(newest_exception(&f)->verdict, ATP_UNKNOWN_SKU);
    assert_int_equal(parked(&f), 1);
    assert_int_equal(counts_of(&f).exceptions_open, 0);
    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    assert_int_equal(exception_of(&f, 1)->state, ATP_EXCEPTION_REPLAYED);
    assert_int_equal(parked(&f), 0);
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    fixture_close(&f);
}

static void a_fact_that_lacks_both_waits_for_one_then_for_the_other(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_PARKED);
    put_sku(&f, "S", 0);
    assert_int_equal(parked(&f), 1);
    assert_int_equal(newest_exception(&f)->verdict, ATP_UNKNOWN_NODE);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 2), ATP_PARKED);
    put_node(&f, "N", ATP_NODE_OPEN);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 3);
    assert_int_equal(parked(&f), 0);
    fixture_close(&f);
}

/* A count after a receipt is not the receipt after the count. */
static void what_waits_is_applied_in_the_order_it_was_told(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    put_node(&f, "N", ATP_NODE_OPEN);
    fact(&f, ATP_OP_RECEIVE, "S", "N", 50);
    fact(&f, ATP_OP_COUNT, "S", "N", 7);
    fact(&f, ATP_OP_RECEIVE, "S", "N", 1);
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 8);
    fixture_close(&f);
}

static void more_than_one_op_applies_goes_on_with_pulses_and_nothing_overtakes(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.unknown_names = ATP_UNKNOWN_PARK;
    config.exceptions = 300;
    fixture_t f = fixture_open_journaled(&config);

    put_node(&f, "N", ATP_NODE_OPEN);
    stock(&f, "other", "N", 1);
    for (unsigned i = 0; i < 200; i++) {
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_PARKED);
    }
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 64);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 7), ATP_PARKED); /* its turn comes after them */
    assert_int_equal(view_of(&f, "S", "N").on_hand, 128);
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        pulse(&f, 10);
    }
    assert_int_equal(view_of(&f, "S", "N").on_hand, 7);
    assert_int_equal(parked(&f), 0);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void a_request_is_refused_and_does_not_wait(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    put_node(&f, "N", ATP_NODE_OPEN);
    assert_refused(reserve(&f, "r", "S", "N", 1), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_int_equal(parked(&f), 0);
    fixture_close(&f);
}

static void a_parked_fact_does_not_hold_up_its_batch(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    stock(&f, "A", "N", 1);
    open_batch(&f, "wms", 1, 1);
    f.in_source = true;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_PARKED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "A", "N", 5), ATP_APPLIED);
    f.in_source = false;
    fixture_end_frame(&f);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 6);
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    assert_int_equal(exception_of(&f, 1)->sequence, 1);
    fixture_close(&f);
}

static void what_is_refused_for_another_reason_is_left_to_a_person(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);

    put_node(&f, "N", ATP_NODE_OPEN);
    atp_command_line_t line = line_of("S", "N", 25);
    line.decimals = 1;
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &line});
    fact(&f, ATP_OP_RECEIVE, "S", "N", 4);
    assert_int_equal(parked(&f), 2);
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 4);
    assert_int_equal(exception_of(&f, 1)->state, ATP_EXCEPTION_OPEN);
    assert_int_equal(exception_of(&f, 1)->verdict, ATP_QTY_TOO_PRECISE);
    assert_int_equal(parked(&f), 0);
    fixture_close(&f);
}

static void a_person_may_settle_what_waits(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_PARK);
    const atp_command_t settle_it = {.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("2")};
    atp_command_line_t line = line_of("A", "N", 3);

    stock(&f, "A", "N", 1);
    for (unsigned i = 0; i < 3; i++) {
        fact(&f, ATP_OP_RECEIVE, "S", "N", 5);
    }
    assert_verdict(do_with(&f, settle_it, "settle=discard cause=no"), ATP_APPLIED);
    atp_command_t edited = settle_it;
    edited.subject = ATP_TEXT("3");
    edited.line_count = 1;
    edited.lines = &line;
    assert_verdict(do_with(&f, edited, "settle=replay"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 4);
    assert_int_equal(parked(&f), 1);
    put_sku(&f, "S", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    fixture_close(&f);
}

static void what_waits_may_have_to_make_room_and_that_is_counted(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.unknown_names = ATP_UNKNOWN_PARK;
    config.exceptions = 3;
    fixture_t f = fixture_open_journaled(&config);

    put_node(&f, "N", ATP_NODE_OPEN);
    for (unsigned i = 0; i < 5; i++) {
        fact(&f, ATP_OP_RECEIVE, i % 2 == 0 ? "S" : "T", "N", 1);
    }
    assert_int_equal(parked(&f), 3);
    assert_int_equal(atp_ledger_exceptions(f.ledger)->heads->lost, 2);
    put_sku(&f, "S", 0);
    put_sku(&f, "T", 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 2);
    assert_int_equal(view_of(&f, "T", "N").on_hand, 1);
    fixture_close(&f);
}

static void a_fact_makes_the_sku_and_the_node_that_it_names_where_that_is_wanted(void **state)
{
    (void)state;
    fixture_t f = open_with(ATP_UNKNOWN_CREATE);
    atp_command_line_t line = line_of("S", "N", 250);

    line.decimals = 2;
    assert_verdict(
        fixture_do(&f,
                   (atp_command_t){.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &line}),
        ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 25); /* 2.5: of scale 1 */
    assert_int_equal(counts_of(&f).exceptions, 2);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_CREATED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, 2);
    assert_refused(reserve(&f, "r", "T", "N", 1), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    fixture_close(&f);
}

static void what_has_no_room_to_be_made_waits_for_a_person(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.unknown_names = ATP_UNKNOWN_CREATE;
    config.skus = 1;
    fixture_t f = fixture_open_journaled(&config);

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "T", "N", 1), ATP_PARKED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_of_an_unknown_sku_is_an_exception_where_nothing_else_is_said),
        cmocka_unit_test(a_parked_fact_is_applied_by_itself_and_once_when_its_sku_arrives),
        cmocka_unit_test(a_fact_that_lacks_both_waits_for_one_then_for_the_other),
        cmocka_unit_test(what_waits_is_applied_in_the_order_it_was_told),
        cmocka_unit_test(more_than_one_op_applies_goes_on_with_pulses_and_nothing_overtakes),
        cmocka_unit_test(a_request_is_refused_and_does_not_wait),
        cmocka_unit_test(a_parked_fact_does_not_hold_up_its_batch),
        cmocka_unit_test(what_is_refused_for_another_reason_is_left_to_a_person),
        cmocka_unit_test(a_person_may_settle_what_waits),
        cmocka_unit_test(what_waits_may_have_to_make_room_and_that_is_counted),
        cmocka_unit_test(a_fact_makes_the_sku_and_the_node_that_it_names_where_that_is_wanted),
        cmocka_unit_test(what_has_no_room_to_be_made_waits_for_a_person),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

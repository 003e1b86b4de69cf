/* Returns: at any node, by disposition, against a reservation or blind; and what becomes of stock set aside. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

static fixture_t shipped(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    stock(&f, "S", "M", 0);
    assert_verdict(reserve(&f, "r", "S", "N", qty), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    return f;
}

static atp_result_t give_back(fixture_t *f, bool is_fact, const char *reservation, const char *node,
                              atp_qty_t qty, const char *disposition)
{
    return step_with(f, ATP_OP_RETURN, is_fact, reservation, "S", node, qty, disposition);
}

static void each_disposition_does_to_the_stock_what_it_says(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        atp_qty_t on_hand, unavailable;
    } cases[] = {{"disposition=restock", 8, 0},
                 {"disposition=quarantine", 8, 1},
                 {"disposition=damaged", 8, 1},
                 {"disposition=scrap", 7, 0},
                 {"", 8, 1}}; /* nothing said: nothing is sold unseen */

    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_t f = shipped(3);
        assert_verdict(give_back(&f, false, "r", "N", 1, cases[i].words), ATP_APPLIED);
        assert_int_equal(view_of(&f, "S", "N").on_hand, cases[i].on_hand);
        assert_int_equal(view_of(&f, "S", "N").unavailable, cases[i].unavailable);
        assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURNED), 1);
        assert_int_equal(line_units(&f, "r", 0, ATP_LINE_SHIPPED), 2);
        fixture_close(&f);
    }
}

static void units_come_back_to_another_node_than_they_left(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(give_back(&f, false, "r", "M", 2, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 7);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 2);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURNED), 2);
    fixture_close(&f);
}

static void lines_of_one_op_have_dispositions_of_their_own(void **state)
{
    (void)state;
    fixture_t f = shipped(3);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "N", 2)};
    atp_attribute_t attributes[] = {
        {.key = ATP_KEY_DISPOSITION, .line = ATP_WHOLE_OP, .number = ATP_DISPOSITION_RESTOCK},
        {.key = ATP_KEY_DISPOSITION, .line = 1, .number = ATP_DISPOSITION_DAMAGED},
    };

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RETURN,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 2,
                                                  .lines = lines,
                                                  .attribute_count = 2,
                                                  .attributes = attributes}),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 2);
    fixture_close(&f);
}

static void a_request_gets_no_more_back_than_has_left(void **state)
{
    (void)state;
    fixture_t f = shipped(3);
    atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("S", "M", 2)};

    assert_refused(give_back(&f, false, "r", "N", 4, ""), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RETURN,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 2,
                                                  .lines = lines}),
                   ATP_NOT_THAT_MANY, ATP_FIELD_QTY); /* the lines share what left */
    assert_int_equal(view_of(&f, "S", "N").on_hand, 7);
    assert_verdict(give_back(&f, false, "r", "N", 3, ""), ATP_APPLIED);
    assert_refused(give_back(&f, false, "r", "N", 1, ""), ATP_ALREADY_RETURNED, ATP_FIELD_LINES);
    assert_refused(give_back(&f, false, "unknown", "N", 1, ""), ATP_UNKNOWN_RESERVATION,
                   ATP_FIELD_RESERVATION);
    put_sku(&f, "other", 0);
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "other", "N", 1, ""), ATP_UNKNOWN_LINE,
                   ATP_FIELD_LINES);
    fixture_close(&f);
}

static void a_second_report_of_a_return_only_confirms(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(give_back(&f, true, "r", "N", 3, "disposition=restock"), ATP_APPLIED);
    assert_verdict(give_back(&f, true, "r", "N", 3, "disposition=restock"), ATP_CONFIRMED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, true, "r", "S", "N", 0, ""), ATP_CONFIRMED); /* all of it */
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void more_than_had_left_is_taken_in_with_an_exception(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(give_back(&f, true, "r", "N", 5, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 12); /* it is there, whatever the books say */
    assert_int_equal(counts_of(&f).exceptions, 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT);
    assert_int_equal(newest_exception(&f)->qty, 2);
    fixture_close(&f);
}

static void a_blind_return_is_stock_and_nothing_else(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(give_back(&f, false, "", "M", 2, "disposition=quarantine"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 2);
    assert_int_equal(atp_of(&f, "S", "M"), 0);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURNED), 0);
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "", "S", "N", 0, ""), ATP_LINES_MISSING,
                   ATP_FIELD_LINES);
    fixture_close(&f);
}

static void a_return_to_a_node_without_the_sku_makes_a_position(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    put_node(&f, "new", ATP_NODE_OPEN);
    assert_verdict(give_back(&f, true, "r", "new", 1, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "new").on_hand, 1);
    fixture_close(&f);
}

static void a_return_mends_an_over_commitment(void **state)
{
    (void)state;
    fixture_t f = shipped(8);

    assert_verdict(reserve(&f, "other", "S", "N", 2), ATP_APPLIED);
    fact(&f, ATP_OP_COUNT, "S", "N", 1);
    assert_int_equal(view_of(&f, "S", "N").flags & ATP_POSITION_OVER_COMMITTED, ATP_POSITION_OVER_COMMITTED);
    assert_verdict(give_back(&f, false, "r", "N", 1, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").flags & ATP_POSITION_OVER_COMMITTED, 0);
    fixture_close(&f);
}

static void quantities_at_the_edge_are_refused(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    fact(&f, ATP_OP_COUNT, "S", "M", ATP_QTY_MAX);
    assert_refused(give_back(&f, false, "", "M", 1, ""), ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    assert_refused(give_back(&f, true, "r", "M", 1, ""), ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_SHIPPED), 3);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    fixture_close(&f);
}

static void stock_set_aside_is_restocked_or_scrapped(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    give_back(&f, false, "r", "N", 3, "disposition=quarantine");
    assert_int_equal(atp_of(&f, "S", "N"), 7);
    assert_verdict(step_with(&f, ATP_OP_DISPOSE, false, "", "S", "N", 2, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), 9);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    assert_refused(step_with(&f, ATP_OP_DISPOSE, false, "", "S", "N", 2, "disposition=scrap"),
                   ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_verdict(step_with(&f, ATP_OP_DISPOSE, false, "", "S", "N", 1, "disposition=scrap"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 9);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 0);
    assert_refused(step_with(&f, ATP_OP_DISPOSE, false, "", "S", "N", 1, "disposition=damaged"),
                   ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    assert_refused(step_with(&f, ATP_OP_DISPOSE, false, "", "S", "N", 1, ""), ATP_ATTRIBUTE_MISSING,
                   ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_unit_comes_back_once_though_it_was_reconciled(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RECONCILED), 3);
    assert_verdict(give_back(&f, false, "r", "N", 1, ""), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_RECONCILE, "r", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURN_RECONCILED), 1);
    assert_refused(step_line(&f, ATP_OP_RECONCILE, "r", "S", "N", 1), ATP_ALREADY_RECONCILED,
                   ATP_FIELD_LINES);
    assert_verdict(give_back(&f, false, "r", "N", 2, ""), ATP_APPLIED);
    assert_refused(give_back(&f, false, "r", "N", 1, ""), ATP_ALREADY_RETURNED, ATP_FIELD_LINES);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_disposition_does_to_the_stock_what_it_says),
        cmocka_unit_test(units_come_back_to_another_node_than_they_left),
        cmocka_unit_test(lines_of_one_op_have_dispositions_of_their_own),
        cmocka_unit_test(a_request_gets_no_more_back_than_has_left),
        cmocka_unit_test(a_second_report_of_a_return_only_confirms),
        cmocka_unit_test(more_than_had_left_is_taken_in_with_an_exception),
        cmocka_unit_test(a_blind_return_is_stock_and_nothing_else),
        cmocka_unit_test(a_return_to_a_node_without_the_sku_makes_a_position),
        cmocka_unit_test(a_return_mends_an_over_commitment),
        cmocka_unit_test(quantities_at_the_edge_are_refused),
        cmocka_unit_test(stock_set_aside_is_restocked_or_scrapped),
        cmocka_unit_test(a_unit_comes_back_once_though_it_was_reconciled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A5, A6: a reservation is not counted against its own change.   F3, F5, F9: promises beyond stock.   Sold elsewhere. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <stdio.h>

static atp_result_t edit(acceptance_t *a, const char *reservation, const char *sku, int64_t qty,
                         uint64_t version)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_attribute_t expected = {
        .key = ATP_KEY_EXPECTED_VERSION, .line = ATP_WHOLE_OP, .number = (int64_t)version};
    const atp_command_t command = {.kind = ATP_OP_EDIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .reservation = atp_text_of(reservation),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = version != 0,
                                   .attributes = &expected};
    return call(a, &command, NULL);
}

static atp_result_t replace(acceptance_t *a, const char *id, const char *replaced, const char *sku,
                            int64_t qty)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_attribute_t replaces = {
        .key = ATP_KEY_REPLACES, .line = ATP_WHOLE_OP, .text = atp_text_of(replaced)};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .owner = ATP_TEXT("anna"),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &replaces};
    return call(a, &command, NULL);
}

static atp_result_t limit(acceptance_t *a, const char *sku, int64_t qty, bool is_unlimited)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_attribute_t unlimited = {
        .key = ATP_KEY_UNLIMITED, .line = ATP_WHOLE_OP, .number = is_unlimited};
    const atp_command_t command = {.kind = ATP_OP_LIMIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &unlimited};
    return call(a, &command, NULL);
}

/* A reservation of a named owner. */
static atp_result_t own(acceptance_t *a, const char *id, const char *owner, const char *sku, int64_t qty)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .owner = atp_text_of(owner),
                                   .line_count = 1,
                                   .lines = &line};
    return call(a, &command, NULL);
}

/* Op of the newest step of a reservation; asserts what step that is. */
static uint64_t newest_step(acceptance_t *a, const char *id, const char *name)
{
    atp_answer_t *answer;

    assert_int_equal(atp_client_history(a->client, atp_text_of(id), &answer), ATP_OK);
    assert_true(atp_answer_head(answer).row_count > 0);
    const atp_step_row_t *row = atp_answer_steps(answer);
    assert_true(atp_text_equal(row->step, atp_text_of(name)));
    uint64_t op = row->op;
    atp_answer_free(answer);
    return op;
}

static void a5_an_edited_reservation_is_not_counted_against_itself(void **state)
{
    acceptance_t *a = *state;

    stock(a, "A5", "N", "5");
    atp_result_t first = own(a, "a5-x", "anna", "A5", 4);
    assert_verdict(first, ATP_APPLIED);
    assert_verdict(own(a, "a5-y", "anna", "A5", 3), ATP_NOT_ENOUGH_AVAILABLE);
    atp_result_t second = edit(a, "a5-x", "A5", 5, first.op);
    assert_verdict(second, ATP_APPLIED);
    assert_int_equal(second.qty, 5);
    assert_verdict(edit(a, "a5-x", "A5", 2, first.op), ATP_VERSION_DIFFERS);
    assert_verdict(edit(a, "a5-x", "A5", 3, second.op), ATP_APPLIED);
    assert_verdict(own(a, "a5-z", "anna", "A5", 2), ATP_APPLIED);
    assert_verdict(edit(a, "a5-x", "A5", 4, 0), ATP_NOT_ENOUGH_AVAILABLE); /* another of hers is counted */
    assert_int_equal(components(a, "A5", "N").reserved, 5);
}

static void a6_a_cart_replaces_its_reservation_of_the_last_unit(void **state)
{
    acceptance_t *a = *state;

    stock(a, "A6", "N", "1");
    assert_verdict(own(a, "a6-x", "anna", "A6", 1), ATP_APPLIED);
    assert_verdict(own(a, "a6-y", "anna", "A6", 1), ATP_NOT_ENOUGH_AVAILABLE); /* it names none */
    atp_result_t replaced = replace(a, "a6-z", "a6-x", "A6", 1);
    assert_verdict(replaced, ATP_APPLIED);
    assert_int_equal(newest_step(a, "a6-x", "release"), replaced.op); /* in one op */
    assert_int_equal(newest_step(a, "a6-z", "reserve"), replaced.op);
    assert_int_equal(components(a, "A6", "N").reserved, 1);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "a6-x", NULL, false), ATP_ALREADY_RELEASED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "a6-z", NULL, false), ATP_APPLIED);
}

static void f3_beyond_stock_to_the_hundredth(void **state)
{
    acceptance_t *a = *state;

    sku(a, "F3", 2);
    stock(a, "F3", "N", "8.5");
    assert_verdict(limit(a, "F3", 1, false), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "F3", "N", "9.33"), ATP_APPLIED);
    assert_int_equal(promisable(a, "F3", "N"), 17);
    assert_verdict(hold(a, NULL, "F3", "N", "0.18"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(hold(a, NULL, "F3", "N", "0.17"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "F3", "N", "0.01"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(promisable(a, "F3", "N"), 0);
}

static void f5_three_are_promised_beyond_nothing_and_no_more(void **state)
{
    acceptance_t *a = *state;

    stock(a, "F5", "N", "0");
    assert_verdict(limit(a, "F5", 3, false), ATP_APPLIED);
    assert_int_equal(promisable(a, "F5", "N"), 3);
    assert_verdict(hold(a, NULL, "F5", "N", "1"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "F5", "N", "1"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "F5", "N", "1"), ATP_APPLIED);
    assert_int_equal(promisable(a, "F5", "N"), 0);
    assert_verdict(hold(a, NULL, "F5", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(limit(a, "F5", 0, true), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "F5", "N", "1"), ATP_APPLIED);
}

static void f9_what_comes_fills_the_oldest_first(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "F9", "N", "0");
    assert_verdict(limit(a, "F9", 9, false), ATP_APPLIED);
    assert_verdict(hold(a, "f9-old", "F9", "N", "1"), ATP_APPLIED);
    assert_verdict(hold(a, "f9-new", "F9", "N", "1"), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "F9", "N", "1"), ATP_APPLIED);
    assert_int_equal(components(a, "F9", "N").reserved, 1);
    assert_int_equal(exceptions(a, "backorder_filled", "F9", named), 1);
    assert_string_equal(named, "f9-old");
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "f9-old", NULL, false), ATP_APPLIED);
    assert_verdict(hold(a, "f9-third", "F9", "N", "1"), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "F9", "N", "3"), ATP_APPLIED);
    assert_int_equal(components(a, "F9", "N").reserved, 2);
    assert_int_equal(components(a, "F9", "N").atp, 1);
    assert_int_equal(exceptions(a, "backorder_filled", "F9", named), 2);
    assert_string_equal(named, "f9-new");
}

static void what_was_sold_elsewhere_goes_below_zero_and_is_told(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"TRACK", "N", "3"}, {NULL, NULL, NULL}};
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "TRACK", "N", "1");
    assert_verdict(reserve(a, "track-market", wants, 0, ATP_RESERVE_TRACK_ONLY, NULL), ATP_APPLIED);
    assert_int_equal(components(a, "TRACK", "N").reserved, 3);
    assert_int_equal(exceptions(a, "over_commitment", "TRACK", named), 1);
    assert_string_equal(named, "track-market");
    assert_verdict(hold(a, NULL, "TRACK", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a5_an_edited_reservation_is_not_counted_against_itself),
        cmocka_unit_test(a6_a_cart_replaces_its_reservation_of_the_last_unit),
        cmocka_unit_test(f3_beyond_stock_to_the_hundredth),
        cmocka_unit_test(f5_three_are_promised_beyond_nothing_and_no_more),
        cmocka_unit_test(f9_what_comes_fills_the_oldest_first),
        cmocka_unit_test(what_was_sold_elsewhere_goes_below_zero_and_is_told),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

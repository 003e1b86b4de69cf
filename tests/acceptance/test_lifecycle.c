/* C: lifecycle and identity.   F7: fractions. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <signal.h>
#include <stdio.h>

#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

static void c1_the_same_id_is_answered_the_same_and_another_content_is_a_conflict(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("c1"), .node = ATP_TEXT("N"), .mantissa = 2};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("c1-cart"),
                             .issued_ms = atp_now_ms(),
                             .line_count = 1,
                             .lines = &line};

    stock(a, "c1", "N", "10");
    atp_result_t first = call(a, &command, NULL);
    atp_result_t second = call(a, &command, NULL);
    assert_verdict(first, ATP_APPLIED);
    assert_verdict(second, ATP_APPLIED);
    assert_int_equal(second.op, first.op);
    assert_int_equal(second.is_repeat, 1);
    assert_int_equal(promisable(a, "c1", "N"), 8); /* one hold */
    line.mantissa = 3;
    atp_result_t other = call(a, &command, NULL);
    assert_verdict(other, ATP_CONFLICT);
    assert_string_equal(atp_field_name(other.field), "qty");
    line.mantissa = 2;
    line.node = ATP_TEXT("M");
    other = call(a, &command, NULL);
    assert_verdict(other, ATP_CONFLICT);
    assert_int_equal(promisable(a, "c1", "N"), 8);
}

static void c2_a_refused_id_stays_refused_after_restock(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("c2"), .node = ATP_TEXT("N"), .mantissa = 2};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("c2-cart"),
                             .issued_ms = atp_now_ms(),
                             .line_count = 1,
                             .lines = &line};

    stock(a, "c2", "N", "1");
    assert_verdict(call(a, &command, NULL), ATP_NOT_ENOUGH_AVAILABLE);
    stock(a, "c2", "N", "100");
    assert_verdict(call(a, &command, NULL), ATP_NOT_ENOUGH_AVAILABLE);
    command.id = ATP_TEXT("c2-cart-again");
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

static void c3_steps_out_of_order_are_named_and_change_nothing(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c3", "N", "10");
    assert_verdict(hold(a, "c3-cart", "c3", "N", "4"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c3-cart", NULL, false), ATP_NOT_ALLOCATED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c3-cart", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c3-cart", NULL, false), ATP_ALREADY_ALLOCATED);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c3-cart", NULL, false), ATP_ALREADY_ALLOCATED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c3-cart", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c3-cart", NULL, false), ATP_ALREADY_SHIPPED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c3-cart", NULL, false), ATP_ALREADY_SHIPPED);
    atp_availability_row_t row = components(a, "c3", "N");
    assert_int_equal(row.on_hand, 6);
    assert_int_equal(row.reserved, 0);
    assert_int_equal(row.allocated, 0);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "nobody", NULL, false), ATP_UNKNOWN_RESERVATION);
}

static void c3_the_same_step_again_is_answered_as_the_first(void **state)
{
    acceptance_t *a = *state;
    const int64_t issued_ms = atp_now_ms();
    const atp_command_t allocate = {.kind = ATP_OP_ALLOCATE,
                                    .id = ATP_TEXT("c3b-allocate"),
                                    .issued_ms = issued_ms,
                                    .reservation = ATP_TEXT("c3b-cart")};
    stock(a, "c3b", "N", "10");
    assert_verdict(hold(a, "c3b-cart", "c3b", "N", "4"), ATP_APPLIED);
    atp_result_t first = call(a, &allocate, NULL);
    assert_verdict(first, ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c3b-cart", NULL, false), ATP_APPLIED);
    atp_result_t again = call(a, &allocate, NULL);
    assert_verdict(again, ATP_APPLIED);
    assert_int_equal(again.is_repeat, 1);
    assert_int_equal(again.op, first.op);
    atp_availability_row_t row = components(a, "c3b", "N");
    assert_int_equal(row.on_hand, 6);
    assert_int_equal(row.allocated, 0);
}

static void c3_what_has_expired_is_not_shipped(void **state)
{
    acceptance_t *a = *state;
    const want_t four[] = {{"c3e", "N", "4"}, END};

    stock(a, "c3e", "N", "10");
    atp_result_t held = reserve(a, "c3e-cart", four, 20, ATP_RESERVE_ALL_OR_NOTHING, NULL);
    assert_verdict(held, ATP_APPLIED);
    while (promisable(a, "c3e", "N") < 10) {
    }
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c3e-cart", NULL, false), ATP_ALREADY_EXPIRED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c3e-cart", four, false), ATP_ALREADY_EXPIRED);
    atp_availability_row_t row = components(a, "c3e", "N");
    assert_int_equal(row.on_hand, 10);
    assert_int_equal(row.promisable, 10);
}

static void c4_a_shipment_told_twice_ships_once(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("c4"), .node = ATP_TEXT("N"), .mantissa = 10};
    atp_command_t shipment = {.kind = ATP_OP_SHIP,
                              .is_fact = true,
                              .id = ATP_TEXT("c4-shipment"),
                              .issued_ms = atp_now_ms(),
                              .reservation = ATP_TEXT("c4-order"),
                              .line_count = 1,
                              .lines = &line};

    stock(a, "c4", "N", "100");
    assert_verdict(hold(a, "c4-order", "c4", "N", "10"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c4-order", NULL, false), ATP_APPLIED);
    assert_verdict(call(a, &shipment, NULL), ATP_APPLIED);
    assert_int_equal(call(a, &shipment, NULL).is_repeat, 1);
    assert_int_equal(components(a, "c4", "N").on_hand, 90);
}

static void c5_what_was_shipped_is_not_cancelled(void **state)
{
    acceptance_t *a = *state;
    const want_t five[] = {{"c5s", "N", "5"}, END};

    stock(a, "c5s", "N", "100");
    assert_verdict(hold(a, "c5s-order", "c5s", "N", "5"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c5s-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c5s-order", five, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c5s-order", five, false), ATP_ALREADY_SHIPPED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c5s-order", NULL, false), ATP_ALREADY_SHIPPED);
    atp_availability_row_t row = components(a, "c5s", "N");
    assert_int_equal(row.on_hand, 95);
    assert_int_equal(row.allocated, 0);
    assert_int_equal(row.promisable, 95);
}

static void c5_a_fact_after_cancel_is_applied_and_told(void **state)
{
    acceptance_t *a = *state;
    const want_t five[] = {{"c5", "N", "5"}, END};
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "c5", "N", "100");
    assert_verdict(hold(a, "c5-order", "c5", "N", "5"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c5-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c5-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c5-order", five, false),
                   ATP_ALREADY_CANCELLED);                                           /* a client asks */
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c5-order", five, true), ATP_APPLIED); /* the WMS tells */
    assert_int_equal(components(a, "c5", "N").on_hand, 95);
    assert_int_equal(exceptions(a, "shipped_without_reservation", "c5", named), 1);
}

static void c8_allocating_thirteen_of_fifteen_frees_two_at_once(void **state)
{
    acceptance_t *a = *state;
    const want_t thirteen[] = {{"c8", "N", "13"}, END};

    stock(a, "c8", "N", "15");
    assert_verdict(hold(a, "c8-cart", "c8", "N", "15"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c8-cart", thirteen, false), ATP_APPLIED);
    assert_int_equal(promisable(a, "c8", "N"), 2);
}

static void c9_a_hundred_rounds_leave_the_buckets_as_they_were(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c9", "N", "7");
    for (int i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof id, "c9-%d", i);
        assert_verdict(hold(a, id, "c9", "N", "7"), ATP_APPLIED);
        assert_verdict(step(a, ATP_OP_RELEASE, NULL, id, NULL, false), ATP_APPLIED);
        atp_availability_row_t row = components(a, "c9", "N");
        assert_int_equal(row.reserved, 0);
        assert_int_equal(row.allocated, 0);
        assert_int_equal(row.on_hand, 7);
        assert_int_equal(row.promisable, 7);
    }
    acceptance_kill(a);
    assert_int_equal(atpd_status(a, "--check"), 0); /* all buckets against the reservations they come from */
    acceptance_restart(a);
    assert_int_equal(promisable(a, "c9", "N"), 7);
}

static void c10_the_rest_of_a_partial_shipment_can_be_freed(void **state)
{
    acceptance_t *a = *state;
    const want_t four[] = {{"c10", "N", "4"}, END};

    stock(a, "c10", "N", "10");
    assert_verdict(hold(a, "c10-order", "c10", "N", "10"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c10-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c10-order", four, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c10-order", NULL, false), ATP_APPLIED);
    atp_availability_row_t row = components(a, "c10", "N");
    assert_int_equal(row.on_hand, 6);
    assert_int_equal(row.promisable, 6);
}

static atp_result_t of_order(acceptance_t *a, atp_op_kind_t kind, const char *order)
{
    const atp_attribute_t attribute = {
        .key = ATP_KEY_ORDER_ID, .line = ATP_WHOLE_OP, .text = atp_text_of(order)};
    const atp_command_t command = {.kind = kind, .attribute_count = 1, .attributes = &attribute};

    return call(a, &command, NULL);
}

static void c6_cancelling_an_order_that_was_never_allocated_changes_nothing(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t line = {ATP_TEXT("c6"), ATP_TEXT("N"), 4, 0};
    const atp_attribute_t order = {
        .key = ATP_KEY_ORDER_ID, .line = ATP_WHOLE_OP, .text = ATP_TEXT("c6-order")};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = ATP_TEXT("c6-cart"),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &order};

    stock(a, "c6", "N", "10");
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
    assert_verdict(of_order(a, ATP_OP_CANCEL, "c6-order"), ATP_NOT_ALLOCATED);
    assert_int_equal(components(a, "c6", "N").allocated, 0); /* not -4 */
    assert_int_equal(components(a, "c6", "N").reserved, 4);
    assert_int_equal(promisable(a, "c6", "N"), 6);
    assert_verdict(of_order(a, ATP_OP_RELEASE, "c6-order"), ATP_APPLIED);
    assert_verdict(of_order(a, ATP_OP_RELEASE, "c6-order"), ATP_ALREADY_RELEASED);
    assert_verdict(of_order(a, ATP_OP_RELEASE, "c6-other"), ATP_UNKNOWN_RESERVATION);
    assert_int_equal(promisable(a, "c6", "N"), 10);
    assert_int_equal(components(a, "c6", "N").allocated, 0);
    assert_int_equal(components(a, "c6", "N").reserved, 0);
}

static void c7_authorised_and_settled_allocate_once(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c7", "N", "10");
    assert_verdict(hold(a, "c7-cart", "c7", "N", "4"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, "c7-authorised", "c7-cart", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, "c7-settled", "c7-cart", NULL, false), ATP_ALREADY_ALLOCATED);
    assert_int_equal(components(a, "c7", "N").allocated, 4);
    assert_int_equal(promisable(a, "c7", "N"), 6);
}

static void c10_the_rest_of_a_partial_shipment_can_be_freed_however_far_it_is(void **state)
{
    acceptance_t *a = *state;
    const want_t one[] = {{"c10b", "N", "1"}, END};
    const want_t two[] = {{"c10b", "N", "2"}, END};

    stock(a, "c10b", "N", "10");
    assert_verdict(hold(a, "c10b-cart", "c10b", "N", "5"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c10b-cart", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_PICK, NULL, "c10b-cart", two, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_PACK, NULL, "c10b-cart", one, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c10b-cart", one, false), ATP_APPLIED);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c10b-cart", NULL, false), ATP_APPLIED);
    assert_int_equal(promisable(a, "c10b", "N"), 9);
    assert_int_equal(components(a, "c10b", "N").on_hand, 9);
    assert_verdict(step(a, ATP_OP_RETURN, NULL, "c10b-cart", two, false), ATP_NOT_THAT_MANY);
    assert_verdict(step(a, ATP_OP_RETURN, "c10b-back", "c10b-cart", one, true), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_RETURN, "c10b-again", "c10b-cart", one, true), ATP_CONFIRMED);
    assert_int_equal(promisable(a, "c10b", "N"), 9); /* set aside until someone has looked at it */
    assert_int_equal(components(a, "c10b", "N").on_hand, 10);
}

static void c11_an_outcome_is_asked_for_by_id(void **state)
{
    acceptance_t *a = *state;
    const atp_outcome_ask_t asks[] = {{ATP_OUTCOME_RESERVATION, ATP_TEXT("c11-cart")},
                                      {ATP_OUTCOME_RESERVATION, ATP_TEXT("c11-never")}};
    atp_result_t results[2];

    stock(a, "c11", "N", "3");
    atp_result_t granted = hold(a, "c11-cart", "c11", "N", "2");
    assert_int_equal(atp_client_outcome(a->client, asks, 2, results, NULL, NULL), ATP_OK);
    assert_verdict(results[0], ATP_APPLIED);
    assert_int_equal(results[0].op, granted.op);
    assert_verdict(results[1], ATP_UNKNOWN_ID);
}

/* A client that gives up soon, and is connected. */
static atp_client_t *hasty_client(const acceptance_t *a)
{
    const atp_client_options_t options = {.url = a->url,
                                          .client = ATP_TEXT("hasty"),
                                          .timeout_ms = 500,
                                          .try_ms = 500,
                                          .retries = ATP_CLIENT_NO_RETRY};
    atp_client_t *client;
    atp_answer_t *answer = NULL;
    atp_why_t why;

    assert_int_equal(atp_client_open(&options, &client, &why), ATP_OK);
    for (int64_t begun_ms = 0; answer == NULL && is_waiting(&begun_ms, 30);) {
        (void)!atp_client_stat(client, &answer);
    }
    assert_non_null(answer);
    atp_answer_free(answer);
    return client;
}

static void c11_what_was_never_answered_is_asked_for_and_ends_with_its_time(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t line = {.sku = ATP_TEXT("c11b"), .node = ATP_TEXT("N"), .mantissa = 1};
    const atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("c11-lost"), .ttl_ms = 300, .line_count = 1, .lines = &line};
    const atp_outcome_ask_t ask = {ATP_OUTCOME_RESERVATION, ATP_TEXT("c11-lost")};
    atp_result_t result = {.verdict = ATP_UNKNOWN_ID};

    stock(a, "c11b", "N", "1");
    atp_client_t *hasty = hasty_client(a);
    assert_int_equal(kill(a->atpd, SIGSTOP), 0); /* it takes the request, and its answer comes too late */
    assert_int_equal(atp_client_call(hasty, &command, &result, NULL, NULL), ATP_ERR_TIMEOUT);
    assert_int_equal(kill(a->atpd, SIGCONT), 0);
    result.verdict = ATP_UNKNOWN_ID;
    for (int64_t begun_ms = 0; result.verdict == ATP_UNKNOWN_ID && is_waiting(&begun_ms, 30);) {
        assert_int_equal(atp_client_outcome(a->client, &ask, 1, &result, NULL, NULL), ATP_OK);
    }
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.qty, 1);
    while (atp_now_ms() <= result.deadline_ms + 1) {
        (void)figure(a, "op_applied");
    }
    assert_int_equal(promisable(a, "c11b", "N"), 1); /* nobody came back for it */
    assert_verdict(hold(a, NULL, "c11b", "N", "1"), ATP_APPLIED);
    atp_client_close(hasty);
}

/* The rule: byte for byte, nothing trimmed; wherever an id is told. */
static void c12_ids_that_differ_in_case_or_blanks_are_different(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c12", "N", "5");
    assert_verdict(hold(a, NULL, "C12", "N", "1"), ATP_UNKNOWN_SKU);
    assert_verdict(hold(a, NULL, "c12 ", "N", "1"), ATP_UNKNOWN_SKU);
    assert_verdict(hold(a, NULL, "c12", "n", "1"), ATP_UNKNOWN_NODE);
    assert_verdict(hold(a, "c12-cart", "c12", "N", "1"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "C12-cart", NULL, false), ATP_UNKNOWN_RESERVATION);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c12-cart ", NULL, false), ATP_UNKNOWN_RESERVATION);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c12-cart", NULL, false), ATP_APPLIED);
}

/* Three SKUs that look alike, each with its own stock: what is held of one is released of that one. */
static void c12_ids_are_told_apart_alike_at_hold_and_release(void **state)
{
    static const char *const alike[] = {"c12-x", "C12-x", " c12-x "};
    acceptance_t *a = *state;
    char ids[3][ATP_ID_SIZE_MAX + 1];

    for (unsigned i = 0; i < 3; i++) {
        stock(a, alike[i], "N", "5");
    }
    for (unsigned i = 0; i < 3; i++) {
        char qty[2] = {(char)('1' + i), '\0'};
        assert_verdict(hold(a, fresh_id(a, ids[i]), alike[i], "N", qty), ATP_APPLIED);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(promisable(a, alike[i], "N"), 4 - (int)i);
    }
    for (unsigned i = 0; i < 3; i++) {
        const want_t other[] = {{alike[(i + 1) % 3], "N", "1"}, {NULL, NULL, NULL}};
        const want_t same[] = {{alike[i], "N", "1"}, {NULL, NULL, NULL}};
        assert_verdict(step(a, ATP_OP_RELEASE, NULL, ids[i], other, false), ATP_UNKNOWN_LINE);
        assert_verdict(step(a, ATP_OP_RELEASE, NULL, ids[i], same, false), ATP_APPLIED);
        assert_int_equal(promisable(a, alike[i], "N"), 5 - (int)i);
        assert_int_equal(components(a, alike[(i + 1) % 3], "N").reserved,
                         (i + 1) % 3 < i ? 0 : (i + 1) % 3 + 1);
        assert_verdict(step(a, ATP_OP_RELEASE, NULL, ids[i], NULL, false),
                       i == 0 ? ATP_ALREADY_RELEASED : ATP_APPLIED);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(promisable(a, alike[i], "N"), 5);
    }
}

static void f7_half_a_unit_is_half_a_unit_and_the_scale_stays(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("f7")};
    atp_command_t rescale = {.kind = ATP_OP_SKU, .option = 0, .line_count = 1, .lines = &line};

    sku(a, "f7", 1);
    stock(a, "f7", "N", "2");
    assert_verdict(hold(a, NULL, "f7", "N", "0.5"), ATP_APPLIED);
    assert_int_equal(promisable(a, "f7", "N"), 15);
    assert_verdict(hold(a, NULL, "f7", "N", "0.25"), ATP_QTY_TOO_PRECISE);
    assert_verdict(call(a, &rescale, NULL), ATP_SCALE_IN_USE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(c1_the_same_id_is_answered_the_same_and_another_content_is_a_conflict),
        cmocka_unit_test(c2_a_refused_id_stays_refused_after_restock),
        cmocka_unit_test(c3_steps_out_of_order_are_named_and_change_nothing),
        cmocka_unit_test(c3_the_same_step_again_is_answered_as_the_first),
        cmocka_unit_test(c3_what_has_expired_is_not_shipped),
        cmocka_unit_test(c4_a_shipment_told_twice_ships_once),
        cmocka_unit_test(c5_what_was_shipped_is_not_cancelled),
        cmocka_unit_test(c5_a_fact_after_cancel_is_applied_and_told),
        cmocka_unit_test(c6_cancelling_an_order_that_was_never_allocated_changes_nothing),
        cmocka_unit_test(c7_authorised_and_settled_allocate_once),
        cmocka_unit_test(c8_allocating_thirteen_of_fifteen_frees_two_at_once),
        cmocka_unit_test(c9_a_hundred_rounds_leave_the_buckets_as_they_were),
        cmocka_unit_test(c10_the_rest_of_a_partial_shipment_can_be_freed),
        cmocka_unit_test(c10_the_rest_of_a_partial_shipment_can_be_freed_however_far_it_is),
        cmocka_unit_test(c11_an_outcome_is_asked_for_by_id),
        cmocka_unit_test(c11_what_was_never_answered_is_asked_for_and_ends_with_its_time),
        cmocka_unit_test(c12_ids_that_differ_in_case_or_blanks_are_different),
        cmocka_unit_test(c12_ids_are_told_apart_alike_at_hold_and_release),
        cmocka_unit_test(f7_half_a_unit_is_half_a_unit_and_the_scale_stays),
    };
    return cmocka_run_group_tests_name("acceptance.lifecycle", tests, acceptance_start, acceptance_stop);
}

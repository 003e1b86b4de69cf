/* E: stock input.   F: the formula.   The facts come over PUB/SUB where it says so, else as commands. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

/* ---- sources ---- */

static atp_command_t told(atp_op_kind_t kind, atp_command_line_t *line, const char *sku_id, int64_t qty)
{
    *line = (atp_command_line_t){.sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = qty};
    return (atp_command_t){.kind = kind, .is_fact = true, .line_count = 1, .lines = line};
}

static void tell(atp_publisher_t *publisher, atp_op_kind_t kind, const char *sku_id, int64_t qty)
{
    atp_command_line_t line;
    atp_command_t command = told(kind, &line, sku_id, qty);

    assert_int_equal(atp_publisher_publish(publisher, &command, 1, 0), ATP_OK);
}

static void wait_on_hand(acceptance_t *a, const char *sku_id, int64_t wanted)
{
    int64_t begun_ms = 0;
    int64_t on_hand;

    while ((on_hand = components(a, sku_id, "N").on_hand) != wanted && is_waiting(&begun_ms, 20)) {
    }
    assert_int_equal(on_hand, wanted);
}

static void e1_two_sources_in_any_order_add_up(void **state)
{
    acceptance_t *a = *state;
    atp_publisher_t *erp = publish_from(a, "e1-erp", 1, 1);
    atp_publisher_t *pos = publish_from(a, "e1-pos", 1, 1);

    stock(a, "e1", "N", "0");
    stock(a, "e1b", "N", "0");
    tell(erp, ATP_OP_ADJUST, "e1", 5);
    tell(pos, ATP_OP_ADJUST, "e1", -3);
    tell(pos, ATP_OP_ADJUST, "e1b", -3);
    wait_on_hand(a, "e1b", -3);
    tell(erp, ATP_OP_ADJUST, "e1b", 5);
    wait_on_hand(a, "e1", 2);
    wait_on_hand(a, "e1b", 2);
    atp_publisher_close(erp);
    atp_publisher_close(pos);
}

static void e1_a_number_counts_once_in_any_order(void **state)
{
    acceptance_t *a = *state;

    stock(a, "e1c", "N", "0");
    stock(a, "e1c-mark", "N", "0");
    atp_publisher_t *late = publish_from(a, "e1-wms", 1, 3);
    tell(late, ATP_OP_ADJUST, "e1c", 100); /* number 3 comes first */
    wait_on_hand(a, "e1c", 100);
    atp_publisher_close(late);

    atp_publisher_t *whole = publish_from(a, "e1-wms", 1, 1);
    tell(whole, ATP_OP_ADJUST, "e1c", 1);
    tell(whole, ATP_OP_ADJUST, "e1c", 10);
    tell(whole, ATP_OP_ADJUST, "e1c", 100); /* 3 again */
    tell(whole, ATP_OP_COUNT, "e1c-mark", 1);
    wait_on_hand(a, "e1c-mark", 1); /* what came before it on this connection is done with */
    assert_int_equal(components(a, "e1c", "N").on_hand, 111);
    atp_publisher_close(whole);

    atp_publisher_t *again =
        publish_from(a, "e1-wms", 1, 1); /* the source sends it all once more, after a restart say */
    tell(again, ATP_OP_ADJUST, "e1c", 1);
    tell(again, ATP_OP_ADJUST, "e1c", 10);
    tell(again, ATP_OP_ADJUST, "e1c", 100);
    tell(again, ATP_OP_COUNT, "e1c-mark", 1);
    tell(again, ATP_OP_COUNT, "e1c-mark", 2); /* number 5 is new */
    wait_on_hand(a, "e1c-mark", 2);
    assert_int_equal(components(a, "e1c", "N").on_hand, 111);
    atp_publisher_close(again);

    atp_publisher_t *epoch = publish_from(a, "e1-wms", 2, 1); /* a new epoch counts anew */
    tell(epoch, ATP_OP_ADJUST, "e1c", 1000);
    wait_on_hand(a, "e1c", 1111);
    atp_publisher_close(epoch);
}

/* Numbers that are skipped are missing until they come, or are given up. */
static void e1_a_gap_is_told_until_it_is_healed(void **state)
{
    acceptance_t *a = *state;
    char output[8192];

    stock(a, "e1g", "N", "0");
    must(a, "source put e1-gap --claim adjustments:shared@N");
    atp_publisher_t *first = publish_from(a, "e1-gap", 1, 1);
    tell(first, ATP_OP_ADJUST, "e1g", 1);
    wait_on_hand(a, "e1g", 1);
    assert_int_equal(atp(a, "source show e1-gap --json", output, sizeof output), 0);
    assert_non_null(strstr(output, "\"missing\":0,"));
    atp_publisher_close(first);
    atp_publisher_t *beyond = publish_from(a, "e1-gap", 1, 4); /* 2 and 3 are lost on the way */
    tell(beyond, ATP_OP_ADJUST, "e1g", 1000);
    wait_on_hand(a, "e1g", 1001); /* what changes need not wait for others */
    wait_for(a, "source show e1-gap --json", "\"missing\":2,");
    atp_publisher_close(beyond);
    atp_publisher_t *again = publish_from(a, "e1-gap", 1, 2);
    tell(again, ATP_OP_ADJUST, "e1g", 10);
    wait_for(a, "source show e1-gap --json", "\"missing\":1,");
    tell(again, ATP_OP_ADJUST, "e1g", 100);
    wait_on_hand(a, "e1g", 1111);
    wait_for(a, "source show e1-gap --json", "\"batches\":4,");
    assert_int_equal(atp(a, "source show e1-gap --json", output, sizeof output), 0);
    assert_non_null(strstr(output, "\"missing\":0,"));
    assert_non_null(strstr(output, "\"lost\":0,"));
    atp_publisher_close(again);
}

static void e1_numbers_survive_a_kill(void **state)
{
    acceptance_t *a = *state;

    stock(a, "e1k", "N", "0");
    stock(a, "e1k-mark", "N", "0");
    atp_publisher_t *before = publish_from(a, "e1-kill", 1, 1);
    tell(before, ATP_OP_ADJUST, "e1k", 7);
    wait_on_hand(a, "e1k", 7);
    atp_publisher_close(before);
    /* A read may show what is not durable yet; a command is answered when it and all before it are. */
    stock(a, "e1k-mark", "N", "1");
    acceptance_kill(a);
    acceptance_restart(a);
    atp_publisher_t *after = publish_from(a, "e1-kill", 1, 1);
    tell(after, ATP_OP_ADJUST, "e1k", 7);
    tell(after, ATP_OP_COUNT, "e1k-mark", 2);
    wait_on_hand(a, "e1k-mark", 2);
    assert_int_equal(components(a, "e1k", "N").on_hand, 7);
    atp_publisher_close(after);
}

/* A publisher whose clock went back: nobody else has what it tells. */
static void e1_what_comes_under_an_epoch_that_has_passed_is_kept(void **state)
{
    static const char *const question = "exceptions list --kind quarantined --source e1-back --json";
    acceptance_t *a = *state;
    char output[8192];

    stock(a, "e1b2", "N", "0");
    atp_publisher_t *fifth = publish_from(a, "e1-back", 5, 1);
    tell(fifth, ATP_OP_ADJUST, "e1b2", 1);
    wait_on_hand(a, "e1b2", 1);
    atp_publisher_t *sixth = publish_from(a, "e1-back", 6, 1);
    tell(sixth, ATP_OP_ADJUST, "e1b2", 10);
    wait_on_hand(a, "e1b2", 11);
    atp_publisher_t *late = publish_from(a, "e1-back", 5, 1);
    tell(late, ATP_OP_ADJUST, "e1b2", 1); /* was applied: a duplicate */
    tell(late, ATP_OP_ADJUST, "e1b2", 100);
    wait_for(a, question, "\"epoch\":5,\"sequence\":2");
    assert_int_equal(atp(a, question, output, sizeof output), 0);
    assert_null(strstr(output, "\"epoch\":5,\"sequence\":1"));
    atp_publisher_close(fifth);
    atp_publisher_close(sixth);
    atp_publisher_close(late);

    stock(a, "e1b2-mark", "N", "1"); /* when this is answered all before it is durable */
    acceptance_kill(a);
    acceptance_restart(a);
    atp_publisher_t *back = publish_from(a, "e1-back", 4, 1);
    tell(back, ATP_OP_ADJUST, "e1b2", 1000);
    wait_for(a, question, "\"epoch\":4,\"sequence\":1");
    atp_publisher_close(back);
    atp_publisher_t *on = publish_from(a, "e1-back", 6, 2);
    tell(on, ATP_OP_ADJUST, "e1b2", 20);
    wait_on_hand(a, "e1b2", 31);
    atp_publisher_close(on);
}

static void e1_a_fact_that_cannot_be_applied_is_an_exception_and_the_others_apply(void **state)
{
    acceptance_t *a = *state;
    atp_publisher_t *publisher = publish_from(a, "e1-mixed", 1, 1);
    atp_command_line_t lines[3];
    char named[ATP_ID_SIZE_MAX + 1];

    sku(a, "e1d", 0);
    stock(a, "e1d", "N", "0");
    atp_command_t facts[3] = {told(ATP_OP_ADJUST, &lines[0], "e1d", 1),
                              told(ATP_OP_ADJUST, &lines[1], "e1d-unheard-of", 1),
                              told(ATP_OP_RECEIVE, &lines[2], "e1d", 10)};
    assert_int_equal(atp_publisher_publish(publisher, facts, 3, atp_now_ms()), ATP_OK);
    wait_on_hand(a, "e1d", 11);
    assert_int_equal(exceptions(a, "fact_refused", "e1d-unheard-of", named), 1);
    assert_int_equal(exceptions(a, "fact_refused", "e1d", named), 0);
    atp_publisher_close(publisher);
}

/* ---- counts under promises ---- */

static void e3_a_count_below_what_is_allocated_is_taken_and_told_once(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "e3", "N", "5");
    assert_verdict(hold(a, "e3-order", "e3", "N", "5"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "e3-order", NULL, false), ATP_APPLIED);
    assert_int_equal(exceptions(a, "over_commitment", "e3", named), 0);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e3", "N", "3"), ATP_APPLIED);
    atp_availability_row_t row = components(a, "e3", "N");
    assert_int_equal(row.atp_signed, -2);
    assert_int_equal(row.atp, 0);
    assert_int_equal(row.promisable, 0);
    assert_verdict(hold(a, NULL, "e3", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(exceptions(a, "over_commitment", "e3", named), 1);
    assert_string_equal(named, "e3-order");
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e3", "N", "2"), ATP_APPLIED);
    assert_int_equal(exceptions(a, "over_commitment", "e3", named), 1); /* the same one goes on */
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e3", "N", "5"), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e3", "N", "4"), ATP_APPLIED);
    assert_int_equal(exceptions(a, "over_commitment", "e3", named), 2); /* mended in between */
}

static void e3_all_orders_that_cannot_be_served_are_named_by_one_exception(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];
    char output[8192];

    stock(a, "e3b", "N", "5");
    assert_verdict(hold(a, "e3b-first", "e3b", "N", "3"), ATP_APPLIED);
    assert_verdict(hold(a, "e3b-second", "e3b", "N", "2"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "e3b-first", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "e3b-second", NULL, false), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e3b", "N", "3"), ATP_APPLIED);
    assert_int_equal(components(a, "e3b", "N").atp_signed, -2);
    assert_int_equal(exceptions(a, "over_commitment", "e3b", named), 1);
    assert_int_equal(atp(a, "exceptions list --kind over_commitment --sku e3b --json", output, sizeof output),
                     0);
    assert_non_null(strstr(output, "e3b-first"));
    assert_non_null(strstr(output, "e3b-second"));
}

typedef struct taker {
    acceptance_t *a;
    const char *id;
    int64_t qty;
} taker_t;

static void *take(void *context)
{
    const taker_t *taker = context;
    atp_command_line_t line = {.sku = ATP_TEXT("e4"), .node = ATP_TEXT("N"), .mantissa = taker->qty};
    atp_command_t command = {.kind = ATP_OP_ADJUST,
                             .is_fact = true,
                             .id = atp_text_of(taker->id),
                             .line_count = 1,
                             .lines = &line};
    atp_result_t result;

    return (void *)(uintptr_t)(atp_client_call(taker->a->client, &command, &result, NULL, NULL) == ATP_OK &&
                               result.verdict == ATP_APPLIED);
}

static void e4_two_at_once_take_ten_of_ten(void **state)
{
    acceptance_t *a = *state;

    stock(a, "e4", "N", "10");
    for (unsigned round = 0; round < 50; round++) {
        char ids[2][ATP_ID_SIZE_MAX + 1];
        taker_t takers[2] = {{a, fresh_id(a, ids[0]), -4}, {a, fresh_id(a, ids[1]), -6}};
        pthread_t threads[2];
        assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e4", "N", "10"),
                       round == 0 ? ATP_CONFIRMED : ATP_APPLIED);
        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, take, &takers[i]), 0);
        }
        for (unsigned i = 0; i < 2; i++) {
            void *is_done;
            pthread_join(threads[i], &is_done);
            assert_non_null(is_done);
        }
        assert_int_equal(components(a, "e4", "N").on_hand, 0);
    }
}

/* ---- the formula ---- */

static void f2_nodes_add_up(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f2", "f2-a", "5");
    stock(a, "f2", "f2-b", "5");
    assert_int_equal(promisable(a, "f2", NULL), 10);
    assert_verdict(hold(a, NULL, "f2", "f2-a", "6"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(hold(a, NULL, "f2", "f2-a", "5"), ATP_APPLIED);
    assert_int_equal(promisable(a, "f2", NULL), 5);
    /* A node that owes does not eat what another has. */
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "f2", "f2-a", "4"), ATP_APPLIED);
    assert_int_equal(promisable(a, "f2", NULL), 5);
}

static void f8_a_node_that_is_not_open_promises_nothing(void **state)
{
    acceptance_t *a = *state;
    const atp_node_state_t states[] = {ATP_NODE_PAUSED, ATP_NODE_DRAINING, ATP_NODE_CLOSED};

    stock(a, "f8", "f8-a", "10");
    stock(a, "f8", "f8-b", "1");
    assert_verdict(hold(a, "f8-order", "f8", "f8-a", "2"), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        node(a, "f8-a", states[i]);
        assert_int_equal(promisable(a, "f8", "f8-a"), 0);
        assert_int_equal(promisable(a, "f8", NULL), 1);
        assert_int_equal(components(a, "f8", "f8-a").on_hand, 10);
        assert_verdict(hold(a, NULL, "f8", "f8-a", "1"), ATP_NODE_NOT_OPEN);
    }
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "f8-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "f8-order", NULL, false),
                   ATP_APPLIED); /* what is owed leaves */
    node(a, "f8-a", ATP_NODE_OPEN);
    assert_int_equal(promisable(a, "f8", "f8-a"), 8);
}

static void for_sale(acceptance_t *a, const char *sku_id, const char *node_id, bool is_for_sale)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku_id), .node = atp_text_of(node_id)};
    const atp_attribute_t flag = {.key = ATP_KEY_FOR_SALE, .line = ATP_WHOLE_OP, .number = is_for_sale};
    const atp_command_t command = {
        .kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line, .attribute_count = 1, .attributes = &flag};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

static void f8_a_position_that_is_not_for_sale_promises_nothing(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f8p", "f8p-a", "10");
    stock(a, "f8p", "f8p-b", "1");
    for_sale(a, "f8p", "f8p-a", false);
    assert_int_equal(components(a, "f8p", "f8p-a").on_hand, 10);
    assert_int_equal(promisable(a, "f8p", "f8p-a"), 0);
    assert_int_equal(promisable(a, "f8p", NULL), 1);
    assert_verdict(hold(a, NULL, "f8p", "f8p-a", "1"), ATP_NOT_FOR_SALE);
    assert_verdict(hold(a, NULL, "f8p", "", "2"), ATP_NOT_ENOUGH_AVAILABLE);
    for_sale(a, "f8p", "f8p-a", true);
    assert_int_equal(promisable(a, "f8p", NULL), 11);
    assert_verdict(hold(a, NULL, "f8p", "f8p-a", "10"), ATP_APPLIED);
}

static void safety_stock_is_kept_back(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("safe"), .node = ATP_TEXT("N"), .mantissa = 4};
    atp_command_t safety = {.kind = ATP_OP_SAFETY, .line_count = 1, .lines = &line};

    stock(a, "safe", "N", "10");
    assert_verdict(call(a, &safety, NULL), ATP_APPLIED);
    assert_int_equal(promisable(a, "safe", "N"), 6);
    assert_verdict(hold(a, NULL, "safe", "N", "7"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(hold(a, NULL, "safe", "N", "6"), ATP_APPLIED);
    line.mantissa = 9; /* a policy stops new promises and breaks none */
    assert_verdict(call(a, &safety, NULL), ATP_APPLIED);
    atp_availability_row_t row = components(a, "safe", "N");
    assert_int_equal(row.promisable, 0);
    assert_int_equal(row.reserved, 6);
    assert_int_equal(row.atp_signed, -5);
    line.mantissa = -1;
    assert_verdict(call(a, &safety, NULL), ATP_QTY_MUST_NOT_BE_NEGATIVE);
}

static atp_result_t count_unavailable(acceptance_t *a, int64_t qty)
{
    atp_command_line_t line = {.sku = ATP_TEXT("damaged"), .node = ATP_TEXT("N"), .mantissa = qty};
    atp_command_t command = {.kind = ATP_OP_COUNT,
                             .is_fact = true,
                             .option = ATP_BUCKET_UNAVAILABLE,
                             .reason = ATP_REASON_DAMAGE,
                             .line_count = 1,
                             .lines = &line};

    return call(a, &command, NULL);
}

static void what_is_unavailable_is_on_hand_and_not_for_sale(void **state)
{
    acceptance_t *a = *state;

    stock(a, "damaged", "N", "10");
    assert_verdict(count_unavailable(a, 3), ATP_APPLIED);
    atp_availability_row_t row = components(a, "damaged", "N");
    assert_int_equal(row.on_hand, 10);
    assert_int_equal(row.unavailable, 3);
    assert_int_equal(row.promisable, 7);
    assert_verdict(hold(a, NULL, "damaged", "N", "8"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(count_unavailable(a, 3), ATP_CONFIRMED);
    assert_verdict(count_unavailable(a, 1), ATP_APPLIED);
    assert_int_equal(promisable(a, "damaged", "N"), 9);
}

static void a_sale_is_a_fact_also_below_zero(void **state)
{
    acceptance_t *a = *state;

    stock(a, "sold", "N", "3");
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "sold", "N", "5"), ATP_APPLIED);
    atp_availability_row_t row = components(a, "sold", "N");
    assert_int_equal(row.on_hand, -2);
    assert_int_equal(row.atp_signed, -2);
    assert_int_equal(row.promisable, 0);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "sold", "N", "10"), ATP_APPLIED);
    assert_int_equal(promisable(a, "sold", "N"), 8);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "sold", "N", "0"), ATP_QTY_MUST_BE_POSITIVE);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "sold", "N", "-1"), ATP_QTY_MUST_BE_POSITIVE);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "sold", "N", "100000000000000"), ATP_QTY_OUT_OF_RANGE);
    assert_int_equal(promisable(a, "sold", "N"), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e1_two_sources_in_any_order_add_up),
        cmocka_unit_test(e1_a_number_counts_once_in_any_order),
        cmocka_unit_test(e1_a_gap_is_told_until_it_is_healed),
        cmocka_unit_test(e1_numbers_survive_a_kill),
        cmocka_unit_test(e1_what_comes_under_an_epoch_that_has_passed_is_kept),
        cmocka_unit_test(e1_a_fact_that_cannot_be_applied_is_an_exception_and_the_others_apply),
        cmocka_unit_test(e3_a_count_below_what_is_allocated_is_taken_and_told_once),
        cmocka_unit_test(e3_all_orders_that_cannot_be_served_are_named_by_one_exception),
        cmocka_unit_test(e4_two_at_once_take_ten_of_ten),
        cmocka_unit_test(f2_nodes_add_up),
        cmocka_unit_test(f8_a_node_that_is_not_open_promises_nothing),
        cmocka_unit_test(f8_a_position_that_is_not_for_sale_promises_nothing),
        cmocka_unit_test(safety_stock_is_kept_back),
        cmocka_unit_test(what_is_unavailable_is_on_hand_and_not_for_sale),
        cmocka_unit_test(a_sale_is_a_fact_also_below_zero),
    };
    return cmocka_run_group_tests_name("acceptance.stock", tests, acceptance_start, acceptance_stop);
}

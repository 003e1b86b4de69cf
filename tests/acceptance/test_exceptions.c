/* E: what cannot be applied. Over the wire: facts that come before their SKU, in units nobody knows, under other names; how a
 * person settles what is left. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const flags[] = {"--facts-unknown-names", "park", NULL};

static int start(void **state)
{
    return acceptance_start_with(state, flags);
}

static atp_command_t told(atp_op_kind_t kind, atp_command_line_t *line, const char *sku_id,
                          const char *node_id, int64_t qty)
{
    *line = (atp_command_line_t){.sku = atp_text_of(sku_id), .node = atp_text_of(node_id), .mantissa = qty};
    return (atp_command_t){.kind = kind, .is_fact = true, .line_count = 1, .lines = line};
}

/* A fact of what is not there would wait: it is made first. */
static void begin_with(acceptance_t *a, const char *sku_id, const char *qty)
{
    sku(a, sku_id, 0);
    node(a, "N", ATP_NODE_OPEN);
    assert_true(atp_verdict_is_success((atp_verdict_t)fact(a, ATP_OP_COUNT, NULL, sku_id, "N", qty).verdict));
}

static void wait_on_hand(acceptance_t *a, const char *sku_id, int64_t wanted)
{
    int64_t begun_ms = 0;
    int64_t on_hand;

    while ((on_hand = components(a, sku_id, "N").on_hand) != wanted && is_waiting(&begun_ms, 20)) {
    }
    assert_int_equal(on_hand, wanted);
}

static void wait_parked(acceptance_t *a, int64_t wanted)
{
    int64_t begun_ms = 0;
    int64_t parked;

    while ((parked = figure(a, "exceptions_parked")) != wanted && is_waiting(&begun_ms, 20)) {
    }
    assert_int_equal(parked, wanted);
}

/* The newest exception, by its number. */
static uint64_t newest(acceptance_t *a)
{
    return (uint64_t)figure(a, "exceptions");
}

/* The words that settle an exception. They are overwritten by the next. */
static const char *settling(const char *how, uint64_t number, const char *with)
{
    static char words[128];

    snprintf(words, sizeof words, "exceptions %s %" PRIu64 "%s%s", how, number, with[0] != '\0' ? " " : "",
             with);
    return words;
}

static void e_facts_before_their_sku_wait_for_it_and_hold_nothing_up(void **state)
{
    acceptance_t *a = *state;
    atp_publisher_t *wms = publish_from(a, "ex-wms", 1, 1);
    atp_command_line_t lines[4];

    begin_with(a, "ex-known", "0");
    atp_command_t facts[4] = {told(ATP_OP_RECEIVE, &lines[0], "ex-late", "N", 50),
                              told(ATP_OP_COUNT, &lines[1], "ex-late", "N", 7),
                              told(ATP_OP_RECEIVE, &lines[2], "ex-late", "N", 1),
                              told(ATP_OP_RECEIVE, &lines[3], "ex-known", "N", 3)};
    assert_int_equal(atp_publisher_publish(wms, facts, 4, 0), ATP_OK);
    wait_on_hand(a, "ex-known", 3);
    wait_parked(a, 3);
    acceptance_kill(a);
    acceptance_restart(a);
    wait_parked(a, 3);
    sku(a, "ex-late", 0);
    wait_on_hand(a, "ex-late", 8); /* counted after the first receipt, before the last */
    wait_parked(a, 0);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(components(a, "ex-late", "N").on_hand, 8);
    atp_publisher_close(wms);
}

static void e_a_source_may_call_things_as_it_likes(void **state)
{
    acceptance_t *a = *state;
    atp_publisher_t *till = publish_from(a, "ex-till", 1, 1);
    atp_command_line_t line;
    atp_command_t sold = told(ATP_OP_SALE, &line, "4006381333931", "1", 2);

    begin_with(a, "ex-pen", "5");
    must(a, "alias put 4006381333931 --sku ex-pen");
    assert_int_equal(atp_publisher_publish(till, &sold, 1, 0), ATP_OK);
    wait_parked(a, 1); /* it has not said what its node 1 is */
    must(a, "alias put 1 --node N --told-by ex-till");
    wait_on_hand(a, "ex-pen", 3);
    assert_verdict(hold(a, NULL, "4006381333931", "N", "3"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "4006381333931", "1", "1"),
                   ATP_UNKNOWN_NODE); /* to others it means nothing */
    assert_int_equal(promisable(a, "4006381333931", "N"), 0);
    atp_publisher_close(till);
}

static void e_a_fact_in_an_unknown_unit_is_replayed_once_when_it_is_known(void **state)
{
    acceptance_t *a = *state;
    atp_publisher_t *erp = publish_from(a, "ex-erp", 1, 1);
    const atp_attribute_t in_cases = {.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = ATP_TEXT("CS")};
    atp_command_line_t line;
    atp_command_t received = told(ATP_OP_RECEIVE, &line, "ex-water", "N", 10);

    begin_with(a, "ex-water", "0");
    uint64_t before = newest(a);
    received.attributes = &in_cases;
    received.attribute_count = 1;
    assert_int_equal(atp_publisher_publish(erp, &received, 1, 0), ATP_OK);
    int64_t begun_ms = 0;
    while (newest(a) == before && is_waiting(&begun_ms, 20)) {
    }
    uint64_t number = newest(a);
    must_not(a, settling("replay", number, ""));
    assert_int_equal(components(a, "ex-water", "N").on_hand, 0);
    must(a, "unit put CS --sku ex-water --is 12");
    must(a, settling("replay", number, ""));
    must_not(a, settling("replay", number, ""));
    assert_int_equal(components(a, "ex-water", "N").on_hand, 120);
    atp_publisher_close(erp);
}

static void e_what_will_not_be_applied_is_discarded_with_a_reason(void **state)
{
    acceptance_t *a = *state;

    begin_with(a, "ex-never", "0");
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "ex-misspelt", "N", "5"), ATP_PARKED);
    must_not(a, settling("discard", newest(a), "")); /* why? */
    must(a, settling("discard", newest(a), "--reason counted-since"));
    sku(a, "ex-misspelt", 0);
    assert_int_equal(components(a, "ex-misspelt", NULL).on_hand, 0);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "ex-nevr", "N", "5"), ATP_PARKED);
    must(a, settling("replay", newest(a), "ex-never@N=4")); /* as it should have been */
    assert_int_equal(components(a, "ex-never", "N").on_hand, 4);
    sku(a, "ex-nevr", 0);
    assert_int_equal(components(a, "ex-nevr", NULL).on_hand, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e_facts_before_their_sku_wait_for_it_and_hold_nothing_up),
        cmocka_unit_test(e_a_source_may_call_things_as_it_likes),
        cmocka_unit_test(e_a_fact_in_an_unknown_unit_is_replayed_once_when_it_is_known),
        cmocka_unit_test(e_what_will_not_be_applied_is_discarded_with_a_reason),
    };

    return cmocka_run_group_tests(tests, start, acceptance_stop);
}

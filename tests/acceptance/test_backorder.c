/* F6: caps of what is promised beyond stock.   A preorder.   A queue longer than one op fills, and a kill in the middle of it. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <stdio.h>

#define LINES 1000

static atp_result_t limit(acceptance_t *a, const char *sku, const char *node, int64_t qty,
                          const char *channel)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    const atp_attribute_t of = {.key = ATP_KEY_CHANNEL, .line = ATP_WHOLE_OP, .text = atp_text_of(channel)};
    const atp_command_t command = {.kind = ATP_OP_LIMIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = channel[0] != '\0',
                                   .attributes = &of};
    return call(a, &command, NULL);
}

/* A reservation of `count` lines of a unit each. */
static atp_result_t sell(acceptance_t *a, const char *id, const char *sku, const char *channel,
                         uint32_t count)
{
    static atp_command_line_t lines[LINES];
    char fresh[ATP_ID_SIZE_MAX + 1];

    for (uint32_t i = 0; i < count; i++) {
        lines[i] = (atp_command_line_t){.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = 1};
    }
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id != NULL ? id : fresh_id(a, fresh)),
                                   .channel = atp_text_of(channel),
                                   .line_count = count,
                                   .lines = lines};
    return call(a, &command, NULL);
}

static void put_channel(acceptance_t *a, const char *channel)
{
    const atp_command_t command = {.kind = ATP_OP_CHANNEL, .channel = atp_text_of(channel)};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

static void f6_a_preorder_has_a_cap_by_channel_and_one_in_all(void **state)
{
    acceptance_t *a = *state;

    stock(a, "F6", "N", "0");
    put_channel(a, "web");
    put_channel(a, "app");
    assert_verdict(limit(a, "F6", "N", 1000, ""), ATP_APPLIED);
    assert_verdict(limit(a, "F6", "", 10, "web"), ATP_APPLIED);
    assert_verdict(limit(a, "F6", "", 12, ""), ATP_APPLIED);
    assert_verdict(sell(a, NULL, "F6", "app", 5), ATP_APPLIED);
    assert_verdict(sell(a, NULL, "F6", "web", 8), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, NULL, "F6", "web", 7), ATP_APPLIED);
    assert_verdict(sell(a, NULL, "F6", "app", 1), ATP_NOT_ENOUGH_AVAILABLE);
}

static void a_preorder_is_kept_until_the_launch(void **state)
{
    acceptance_t *a = *state;

    stock(a, "game", "N", "0");
    assert_verdict(limit(a, "game", "N", 100, ""), ATP_APPLIED);
    assert_verdict(sell(a, "pre-1", "game", "", 2), ATP_APPLIED);
    assert_verdict(sell(a, "pre-2", "game", "", 3), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "pre-1", NULL, false),
                   ATP_APPLIED); /* paid: it does not expire */
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "pre-2", NULL, false), ATP_APPLIED);
    assert_int_equal(components(a, "game", "N").promisable, 95);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "pre-1", NULL, false), ATP_APPLIED); /* one is given up */
    assert_int_equal(components(a, "game", "N").promisable, 97);
    assert_verdict(limit(a, "game", "N", 0, ""),
                   ATP_APPLIED); /* launch: what comes is for those who waited */
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "game", "N", "4"), ATP_APPLIED);
    assert_int_equal(components(a, "game", "N").allocated, 3);
    assert_int_equal(promisable(a, "game", "N"), 1);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "pre-2", NULL, false), ATP_APPLIED);
}

/* All in all 3,000 lines wait; 2,500 units come. */
static void a_long_queue_is_filled_to_the_end_though_atpd_is_killed(void **state)
{
    acceptance_t *a = *state;
    const char *ids[] = {"q-1", "q-2", "q-3"};

    stock(a, "queue", "N", "0");
    assert_verdict(limit(a, "queue", "N", 5000, ""), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        assert_verdict(sell(a, ids[i], "queue", "", LINES), ATP_APPLIED);
    }
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "queue", "N", "2500"), ATP_APPLIED);
    assert_verdict(sell(a, "q-late", "queue", "", 10),
                   ATP_APPLIED); /* granted: beyond stock, behind the others */
    acceptance_kill(a);
    assert_int_equal(atpd_status(a, "--check"), 0);
    acceptance_restart(a);
    for (int64_t begun_ms = 0; components(a, "queue", "N").reserved < 2500;) {
        assert_true(is_waiting(&begun_ms, 20));
    }
    assert_int_equal(components(a, "queue", "N").atp, 0);
    assert_int_equal(promisable(a, "queue", "N"), 5000 - 500 - 10);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "q-1", NULL, false), ATP_APPLIED); /* all of it was here */
    for (int64_t begun_ms = 0;
         components(a, "queue", "N").reserved < 2010;) { /* 1,000 of q-2 and q-3, and 10 */
        assert_true(is_waiting(&begun_ms, 20));
    }
    assert_int_equal(promisable(a, "queue", "N"), 490 + 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f6_a_preorder_has_a_cap_by_channel_and_one_in_all),
        cmocka_unit_test(a_preorder_is_kept_until_the_launch),
        cmocka_unit_test(a_long_queue_is_filled_to_the_end_though_atpd_is_killed),
    };
    return cmocka_run_group_tests_name("acceptance.backorder", tests, acceptance_start, acceptance_stop);
}

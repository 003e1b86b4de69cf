/* What nodes can make ready a day, their own day, and nodes that are drained or closed. Time is real here: limits are such that
 * the answers do not depend on the hour of the day. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static atp_attribute_t number(unsigned key, int64_t value)
{
    return (atp_attribute_t){.key = (uint8_t)key, .line = ATP_WHOLE_OP, .number = value};
}

static atp_result_t node_with(acceptance_t *a, const char *id, const atp_attribute_t *attributes,
                              uint32_t count)
{
    atp_command_line_t line = {.node = atp_text_of(id)};
    char room[ATP_ID_SIZE_MAX + 1];
    atp_command_t command = {.kind = ATP_OP_NODE,
                             .id = atp_text_of(fresh_id(a, room)),
                             .line_count = 1,
                             .lines = &line,
                             .attribute_count = count,
                             .attributes = attributes};

    return call(a, &command, NULL);
}

static atp_result_t limit_node(acceptance_t *a, const char *id, unsigned key, int64_t value)
{
    atp_attribute_t attribute = number(key, value);

    return node_with(a, id, &attribute, 1);
}

static atp_result_t reserve_by(acceptance_t *a, const char *sku_id, const char *node_id, int64_t qty,
                               int64_t by_ms)
{
    atp_command_line_t line = {.sku = atp_text_of(sku_id), .node = atp_text_of(node_id), .mantissa = qty};
    atp_attribute_t attribute = number(ATP_KEY_READY_BY, by_ms);
    char room[ATP_ID_SIZE_MAX + 1];
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(fresh_id(a, room)),
                             .line_count = 1,
                             .lines = &line,
                             .attribute_count = 1,
                             .attributes = &attribute};

    return call(a, &command, NULL);
}

static void a_node_at_capacity_is_refused_by_name_and_shows_none(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c1", "c1-N", "50");
    assert_verdict(limit_node(a, "c1-N", ATP_KEY_CAPACITY_UNITS, 10), ATP_APPLIED);
    assert_int_equal(promisable(a, "c1", "c1-N"), 10);
    assert_verdict(hold(a, "c1-a", "c1", "c1-N", "8"), ATP_APPLIED);
    assert_int_equal(promisable(a, "c1", "c1-N"), 2);
    assert_int_equal(promisable(a, "c1", NULL), 2);
    assert_verdict(hold(a, NULL, "c1", "c1-N", "3"), ATP_NODE_AT_CAPACITY);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c1-a", NULL, false), ATP_APPLIED);
    assert_int_equal(promisable(a, "c1", "c1-N"), 10);
    assert_int_equal(components(a, "c1", "c1-N").on_hand, 50);
}

static void what_expires_gives_its_capacity_back(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"c2", "c2-N", "10"}, END};
    int64_t begun_ms = 0;

    stock(a, "c2", "c2-N", "50");
    limit_node(a, "c2-N", ATP_KEY_CAPACITY_UNITS, 10);
    assert_verdict(reserve(a, NULL, wants, 300, ATP_RESERVE_ALL_OR_NOTHING, NULL), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "c2", "c2-N", "1"), ATP_NODE_AT_CAPACITY);
    while (promisable(a, "c2", "c2-N") != 10 && is_waiting(&begun_ms, 20)) {
    }
    assert_verdict(hold(a, NULL, "c2", "c2-N", "10"), ATP_APPLIED);
}

static void sourcing_passes_a_full_node_by(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("c3"), .mantissa = 5};
    atp_attribute_t order[] = {{.key = ATP_KEY_NODE, .line = ATP_WHOLE_OP, .text = ATP_TEXT("c3-near")},
                               {.key = ATP_KEY_NODE, .line = ATP_WHOLE_OP, .text = ATP_TEXT("c3-far")}};
    char room[ATP_ID_SIZE_MAX + 1];
    atp_grant_t grants[32];

    stock(a, "c3", "c3-near", "50");
    stock(a, "c3", "c3-far", "50");
    limit_node(a, "c3-near", ATP_KEY_CAPACITY_ORDERS, 1);
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .line_count = 1, .lines = &line, .attribute_count = 2, .attributes = order};
    command.id = atp_text_of(fresh_id(a, room));
    assert_verdict(call(a, &command, grants), ATP_APPLIED);
    assert_int_equal(components(a, "c3", "c3-near").reserved, 5);
    command.id = atp_text_of(fresh_id(a, room));
    assert_verdict(call(a, &command, grants), ATP_APPLIED);
    assert_int_equal(components(a, "c3", "c3-near").reserved, 5);
    assert_int_equal(components(a, "c3", "c3-far").reserved, 5);
}

static void a_later_day_is_promised_when_it_will_do(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c4", "c4-N", "50");
    limit_node(a, "c4-N", ATP_KEY_CAPACITY_UNITS, 10);
    atp_result_t today = hold(a, NULL, "c4", "c4-N", "10");
    assert_verdict(today, ATP_APPLIED);
    assert_true(today.ready_ms > now_ms() - DAY_MS && today.ready_ms <= now_ms() + DAY_MS);
    assert_int_equal(today.ready_ms % DAY_MS, 0); /* the end of a day of UTC */
    assert_int_equal(components(a, "c4", "c4-N").ready_ms, today.ready_ms);
    assert_verdict(hold(a, NULL, "c4", "c4-N", "1"), ATP_NODE_AT_CAPACITY);
    assert_verdict(reserve_by(a, "c4", "c4-N", 1, now_ms() - 1000), ATP_NOT_READY_IN_TIME);
    atp_result_t later = reserve_by(a, "c4", "c4-N", 10, now_ms() + 9 * DAY_MS);
    assert_verdict(later, ATP_APPLIED);
    assert_int_equal(later.ready_ms, today.ready_ms + DAY_MS);
}

static void a_promise_means_ready_at_the_node(void **state)
{
    acceptance_t *a = *state;
    atp_attribute_t calendar[] = {
        {.key = ATP_KEY_TIME_ZONE, .line = ATP_WHOLE_OP, .text = ATP_TEXT("<+0545>-5:45")},
        number(ATP_KEY_HANDLING_DAYS, 3),
        number(ATP_KEY_READY_MINUTE, 600),
    };
    atp_attribute_t wrong = {
        .key = ATP_KEY_TIME_ZONE, .line = ATP_WHOLE_OP, .text = ATP_TEXT("Asia/Kathmandu")};

    stock(a, "c5", "c5-N", "50");
    assert_verdict(node_with(a, "c5-N", &wrong, 1), ATP_TIME_ZONE_INVALID);
    assert_verdict(node_with(a, "c5-N", calendar, 3), ATP_APPLIED);
    int64_t local_day = (now_ms() + 345 * INT64_C(60000)) / DAY_MS;
    atp_result_t result = hold(a, NULL, "c5", "c5-N", "1");
    int64_t expected = (local_day + 3) * DAY_MS + (600 - 345) * INT64_C(60000);
    assert_true(result.ready_ms == expected || result.ready_ms == expected + DAY_MS); /* midnight went by */
}

typedef struct racer {
    acceptance_t *a;
    pthread_t thread;
    int index;
    int granted;
} racer_t;

static void *race(void *context)
{
    racer_t *racer = context;

    for (int i = 0; i < 40; i++) {
        char id[64];
        (void)snprintf(id, sizeof id, "c6-%d-%d", racer->index, i);
        atp_command_line_t line = {
            .sku = atp_text_of(i % 2 == 0 ? "c6" : "c6b"), .node = ATP_TEXT("c6-N"), .mantissa = 1};
        atp_command_t command = {
            .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = 1, .lines = &line};
        atp_result_t result;
        racer->granted += atp_client_call(racer->a->client, &command, &result, NULL, NULL) == ATP_OK &&
                          result.verdict == ATP_APPLIED;
    }
    return NULL;
}

/* Whoever asks, of whatever SKU: never beyond what the node can make ready. */
static void a_race_of_many_takes_the_capacity_and_no_more(void **state)
{
    acceptance_t *a = *state;
    racer_t racers[8];
    int granted = 0;

    stock(a, "c6", "c6-N", "1000");
    stock(a, "c6b", "c6-N", "1000");
    limit_node(a, "c6-N", ATP_KEY_CAPACITY_UNITS, 77);
    for (int i = 0; i < 8; i++) {
        racers[i] = (racer_t){a, 0, i, 0};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        granted += racers[i].granted;
    }
    assert_int_equal(granted, 77);
    assert_int_equal(promisable(a, "c6", "c6-N"), 0);
}

static void what_is_booked_survives_a_kill(void **state)
{
    acceptance_t *a = *state;

    stock(a, "c7", "c7-N", "50");
    limit_node(a, "c7-N", ATP_KEY_CAPACITY_UNITS, 10);
    assert_verdict(hold(a, "c7-a", "c7", "c7-N", "9"), ATP_APPLIED);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(promisable(a, "c7", "c7-N"), 1);
    assert_verdict(hold(a, NULL, "c7", "c7-N", "2"), ATP_NODE_AT_CAPACITY);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "c7-a", NULL, false), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "c7", "c7-N", "10"), ATP_APPLIED);
}

static void a_draining_node_ships_what_it_owes(void **state)
{
    acceptance_t *a = *state;
    const want_t some[] = {{"c8", "c8-N", "2"}, END};

    stock(a, "c8", "c8-N", "10");
    hold(a, "c8-a", "c8", "c8-N", "5");
    node(a, "c8-N", ATP_NODE_DRAINING);
    assert_int_equal(promisable(a, "c8", "c8-N"), 0);
    assert_verdict(hold(a, NULL, "c8", "c8-N", "1"), ATP_NODE_NOT_OPEN);
    assert_verdict(step(a, ATP_OP_EXTEND, NULL, "c8-a", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "c8-a", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "c8-a", some, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "c8-a", NULL, false), ATP_APPLIED);
    assert_int_equal(components(a, "c8", "c8-N").on_hand, 8);
}

static void closing_a_node_says_what_is_stranded(void **state)
{
    acceptance_t *a = *state;
    char first[ATP_ID_SIZE_MAX + 1];

    stock(a, "c9", "c9-N", "10");
    hold(a, "c9-a", "c9", "c9-N", "5");
    node(a, "c9-N", ATP_NODE_CLOSED);
    assert_int_equal(exceptions(a, "stranded", "", first), 1);
    assert_string_equal(first, "c9-a");
    assert_int_equal(promisable(a, "c9", "c9-N"), 0);
    assert_int_equal(components(a, "c9", "c9-N").on_hand, 10); /* it is still told where it is */
    assert_verdict(hold(a, NULL, "c9", "c9-N", "1"), ATP_NODE_NOT_OPEN);
    node(a, "c9-N", ATP_NODE_CLOSED);
    assert_int_equal(exceptions(a, "stranded", "", first), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_at_capacity_is_refused_by_name_and_shows_none),
        cmocka_unit_test(what_expires_gives_its_capacity_back),
        cmocka_unit_test(sourcing_passes_a_full_node_by),
        cmocka_unit_test(a_later_day_is_promised_when_it_will_do),
        cmocka_unit_test(a_promise_means_ready_at_the_node),
        cmocka_unit_test(a_race_of_many_takes_the_capacity_and_no_more),
        cmocka_unit_test(what_is_booked_survives_a_kill),
        cmocka_unit_test(a_draining_node_ships_what_it_owes),
        cmocka_unit_test(closing_a_node_says_what_is_stranded),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

/* Units that go to other nodes: by request, when a node cannot fulfil them, and against somebody who wants the same. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* reassign of one line, `qty` "0": all of it, to one node. */
static atp_result_t move(acceptance_t *a, const char *id, const char *reservation, const want_t *from,
                         const char *to)
{
    atp_command_line_t line = {.sku = atp_text_of(from->sku), .node = atp_text_of(from->node)};
    atp_attribute_t attribute = {.key = ATP_KEY_NODE, .line = ATP_WHOLE_OP, .text = atp_text_of(to)};
    atp_command_t command = {.kind = ATP_OP_REASSIGN,
                             .id = atp_text_of(id),
                             .issued_ms = 0,
                             .reservation = atp_text_of(reservation),
                             .line_count = 1,
                             .lines = &line,
                             .attribute_count = 1,
                             .attributes = &attribute};

    assert_true(atp_qty_parse(atp_text_of(from->qty), &line.mantissa, &line.decimals));
    return call(a, &command, NULL);
}

/* A channel's policy. */
static void policy(acceptance_t *a, const char *channel, unsigned key, int64_t word)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_attribute_t attribute = {.key = (uint8_t)key, .line = ATP_WHOLE_OP, .number = word};
    atp_command_t command = {.kind = ATP_OP_CHANNEL,
                             .id = atp_text_of(fresh_id(a, id)),
                             .channel = atp_text_of(channel),
                             .attribute_count = 1,
                             .attributes = &attribute};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

static void a_line_goes_to_another_node_and_stays_there_after_a_crash(void **state)
{
    acceptance_t *a = *state;
    char id[ATP_ID_SIZE_MAX + 1];
    const want_t all = {"R1", "ra", "0"};

    stock(a, "R1", "ra", "5");
    stock(a, "R1", "rb", "5");
    assert_verdict(hold(a, "r1", "R1", "ra", "4"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "r1", NULL, false), ATP_APPLIED);
    assert_verdict(move(a, fresh_id(a, id), "r1", &all, "rb"), ATP_APPLIED);
    assert_int_equal(promisable(a, "R1", "ra"), 5);
    assert_int_equal(promisable(a, "R1", "rb"), 1);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(promisable(a, "R1", "ra"), 5);
    assert_int_equal(promisable(a, "R1", "rb"), 1);
    assert_int_equal(components(a, "R1", "rb").allocated, 4);
    assert_verdict(step(a, ATP_OP_CANCEL, NULL, "r1", NULL, false), ATP_APPLIED); /* still cancellable */
    assert_int_equal(promisable(a, "R1", "rb"), 5);
}

static void too_little_elsewhere_changes_nothing(void **state)
{
    acceptance_t *a = *state;
    char id[ATP_ID_SIZE_MAX + 1];
    const want_t all = {"R2", "ra", "0"};

    stock(a, "R2", "ra", "5");
    stock(a, "R2", "rb", "3");
    assert_verdict(hold(a, "r2", "R2", "ra", "4"), ATP_APPLIED);
    atp_result_t result = move(a, fresh_id(a, id), "r2", &all, "rb");
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(result.line, 0);
    assert_int_equal(promisable(a, "R2", "ra"), 1);
    assert_int_equal(promisable(a, "R2", "rb"), 3);
}

/* ---- a reassign and a reserve want the same last unit ---- */

typedef struct race {
    acceptance_t *a;
    const char *sku;
    unsigned round;
    atp_result_t result;
} race_t;

static void *reserve_last(void *context)
{
    race_t *race = context;
    char id[32];

    snprintf(id, sizeof id, "race-b-%u", race->round);
    race->result = hold(race->a, id, race->sku, "rb", "1");
    return NULL;
}

static void *move_last(void *context)
{
    race_t *race = context;
    const want_t all = {race->sku, "ra", "0"};
    char reservation[32];
    char id[32];

    snprintf(reservation, sizeof reservation, "race-a-%u", race->round);
    snprintf(id, sizeof id, "race-m-%u", race->round);
    race->result = move(race->a, id, reservation, &all, "rb");
    return NULL;
}

static void of_a_reassign_and_a_reserve_one_gets_the_last_unit(void **state)
{
    acceptance_t *a = *state;

    for (unsigned round = 0; round < 40; round++) {
        char sku[16];
        char id[32];
        pthread_t threads[2];
        snprintf(sku, sizeof sku, "RACE%u", round);
        snprintf(id, sizeof id, "race-a-%u", round);
        stock(a, sku, "ra", "1");
        stock(a, sku, "rb", "1");
        assert_verdict(hold(a, id, sku, "ra", "1"), ATP_APPLIED);
        race_t races[2] = {{a, sku, round, {0}}, {a, sku, round, {0}}};
        assert_int_equal(pthread_create(&threads[0], NULL, round % 2 ? reserve_last : move_last, &races[0]),
                         0);
        assert_int_equal(pthread_create(&threads[1], NULL, round % 2 ? move_last : reserve_last, &races[1]),
                         0);
        assert_int_equal(pthread_join(threads[0], NULL), 0);
        assert_int_equal(pthread_join(threads[1], NULL), 0);
        int won = (races[0].result.verdict == ATP_APPLIED) + (races[1].result.verdict == ATP_APPLIED);
        assert_int_equal(won, 1);
        assert_int_equal(promisable(a, sku, "rb"), 0);
    }
}

static void short_units_are_served_elsewhere_and_missing_until_counted(void **state)
{
    acceptance_t *a = *state;
    const want_t three[] = {{"R3", "ra", "3"}, {NULL, NULL, NULL}};
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "R3", "ra", "5");
    stock(a, "R3", "rb", "2");
    policy(a, "default", ATP_KEY_ON_SHORT, ATP_ON_SHORT_RE_SOURCE);
    assert_verdict(hold(a, "r3", "R3", "ra", "4"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "r3", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHORT, NULL, "r3", three, true), ATP_APPLIED);
    assert_int_equal(components(a, "R3", "rb").allocated, 2);
    assert_int_equal(components(a, "R3", "ra").allocated, 1);
    assert_int_equal(exceptions(a, "short", "R3", named), 1); /* the one that nobody has */
    assert_string_equal(named, "r3");
    assert_int_equal(promisable(a, "R3", "ra"), 1); /* three are missing */
    stock(a, "R3", "ra", "5");                      /* and found */
    assert_int_equal(promisable(a, "R3", "ra"), 4);
    policy(a, "default", ATP_KEY_ON_SHORT, ATP_ON_SHORT_PERSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_goes_to_another_node_and_stays_there_after_a_crash),
        cmocka_unit_test(too_little_elsewhere_changes_nothing),
        cmocka_unit_test(of_a_reassign_and_a_reserve_one_gets_the_last_unit),
        cmocka_unit_test(short_units_are_served_elsewhere_and_missing_until_counted),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

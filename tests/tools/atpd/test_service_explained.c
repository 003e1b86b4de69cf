/* Answers that have their account, over a socket: of calls, batches, promises and submitted commands; asked by many at once; what is
 * past the bounds of a message; what is answered again. */
#include "engine/base/attribute.h"
#include "tests/tools/atpd/service_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 2048
#define TEXTS ((uint32_t)PARTS * 64)

static atp_explanation_t parts[PARTS];
static char texts[TEXTS];
static atp_grant_t items[2 * ATP_LINES_PER_OP_MAX];

static atp_grants_t grants_with_room(void)
{
    return (atp_grants_t){.items = items,
                          .capacity = sizeof items / sizeof items[0],
                          .texts = texts,
                          .text_capacity = TEXTS,
                          .account = {.parts = parts, .capacity = PARTS}};
}

static void prepare(rig_t *rig, int64_t qty)
{
    rig_sku(rig, "sku");
    rig_node(rig, "N");
    rig_count(rig, "sku", "N", qty);
}

static atp_command_t reserve_of(const char *id, const atp_command_line_t *line)
{
    return (atp_command_t){.kind = ATP_OP_RESERVE,
                           .id = atp_text_of(id),
                           .issued_ms = atp_now_ms(),
                           .line_count = 1,
                           .lines = line,
                           .explains = true};
}

/* The quantity of the part, of so many parts; -1 if there is none. */
static int64_t qty_of(const atp_explanation_t *of, uint32_t count, unsigned code)
{
    for (uint32_t i = 0; i < count; i++) {
        if (of[i].code == code) {
            return of[i].qty;
        }
    }
    return -1;
}

static const atp_command_line_t one = {.sku = {"sku", 3}, .node = {"N", 1}, .mantissa = 1};
static const atp_command_line_t nine = {.sku = {"sku", 3}, .node = {"N", 1}, .mantissa = 9};

static void a_call_has_what_it_was_decided_by(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    atp_result_t result;

    prepare(rig, 5);
    const atp_command_t granted = reserve_of("a", &one);
    assert_int_equal(atp_client_call(rig->client, &granted, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_APPLIED);
    assert_int_equal(result.part_count, grants.account.count);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_ON_HAND), 5);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_RESERVED), -1);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_ENOUGH), 4);
    assert_true(atp_text_equal(parts[0].node, ATP_TEXT("N")));
    const atp_command_t refused = reserve_of("b", &nine);
    assert_int_equal(atp_client_call(rig->client, &refused, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_RESERVED), 1);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_NOT_ENOUGH), 5);
    assert_true(atp_text_equal(parts[result.part_count - 1].detail, ATP_TEXT("on_hand")));
}

/* To ask for the account is no part of the request: with it or without, it is the same one, and the first answer. */
static void a_request_told_again_has_its_answer_and_no_account(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    atp_result_t result;

    prepare(rig, 5);
    atp_command_t reserve = reserve_of("a", &one);
    reserve.explains = false;
    assert_int_equal(atp_client_call(rig->client, &reserve, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.part_count, 0);
    uint64_t op = result.op;
    reserve.explains = true;
    assert_int_equal(atp_client_call(rig->client, &reserve, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_APPLIED);
    assert_int_equal(result.op, op);
    assert_int_equal(result.is_repeat, 1);
    assert_int_equal(result.part_count, 0);
    assert_int_equal(result.is_cut, 0);
    reserve.lines = &nine;
    assert_int_equal(atp_client_call(rig->client, &reserve, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_CONFLICT);
    assert_int_equal(result.part_count, 0);
}

static void each_of_a_batch_is_told_in_its_turn(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    atp_result_t results[4];

    prepare(rig, 5);
    atp_command_t commands[] = {reserve_of("a", &one),
                                reserve_of("b", &one),
                                reserve_of("c", &one),
                                {.kind = ATP_OP_RELEASE,
                                 .id = ATP_TEXT("d"),
                                 .issued_ms = atp_now_ms(),
                                 .reservation = ATP_TEXT("nobody's")}};
    commands[1].explains = false;
    assert_int_equal(atp_client_call_many(rig->client, commands, 4, results, &grants, NULL), ATP_OK);
    assert_int_equal(results[1].part_count, 0);
    assert_int_equal(results[3].verdict, ATP_UNKNOWN_RESERVATION);
    assert_int_equal(results[3].part_count, 0);
    assert_int_equal(results[0].part_count + results[2].part_count, grants.account.count);
    assert_int_equal(qty_of(parts, results[0].part_count, ATP_EXPLAIN_CODE_RESERVED), -1);
    const atp_explanation_t *of_third = parts + results[0].part_count;
    assert_int_equal(qty_of(of_third, results[2].part_count, ATP_EXPLAIN_CODE_RESERVED), 2);
}

static void a_promise_has_its_account_too(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    atp_result_t result;

    prepare(rig, 5);
    const atp_command_t asked = reserve_of("", &nine);
    uint64_t op = rig_op(rig);
    assert_int_equal(atp_client_promise(rig->client, &asked, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(qty_of(parts, result.part_count, ATP_EXPLAIN_CODE_NOT_ENOUGH), 4);
    assert_int_equal(rig_op(rig), op);
}

/* 70 of one line each: 64 lines are told of, the others are granted all the same, and say that they are cut. */
static void past_the_bounds_of_a_message_accounts_are_cut(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    enum { COUNT = 70 };
    atp_result_t results[COUNT];
    atp_command_t commands[COUNT];
    char ids[COUNT][8];

    prepare(rig, 100);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(ids[i], sizeof ids[i], "r%u", i);
        commands[i] = reserve_of(ids[i], &one);
    }
    assert_int_equal(atp_client_call_many(rig->client, commands, COUNT, results, &grants, NULL), ATP_OK);
    for (unsigned i = 0; i < COUNT; i++) {
        bool is_told = i < ATP_EXPLAIN_TOLD_MAX;
        assert_int_equal(results[i].verdict, ATP_APPLIED);
        assert_int_equal(results[i].part_count > 0, is_told);
        assert_int_equal(results[i].is_cut, !is_told);
    }
}

/* Who has no room for parts is told that there are some. */
static void without_room_the_account_is_cut(void **state)
{
    rig_t *rig = *state;
    atp_grants_t grants = grants_with_room();
    atp_result_t result;

    prepare(rig, 5);
    const atp_command_t reserve = reserve_of("a", &one);
    grants.account.capacity = 2;
    assert_int_equal(atp_client_call(rig->client, &reserve, &result, &grants, NULL), ATP_OK);
    assert_int_equal(result.part_count, 2);
    assert_int_equal(result.is_cut, 1);
    const atp_command_t other = reserve_of("b", &one);
    assert_int_equal(atp_client_call(rig->client, &other, &result, NULL, NULL), ATP_OK);
    assert_int_equal(result.verdict, ATP_APPLIED);
}

static void a_kind_that_has_none_does_not_take_it(void **state)
{
    rig_t *rig = *state;
    const atp_command_t release = {.kind = ATP_OP_RELEASE,
                                   .id = ATP_TEXT("x"),
                                   .issued_ms = atp_now_ms(),
                                   .reservation = ATP_TEXT("a"),
                                   .explains = true};

    prepare(rig, 5);
    atp_result_t result = rig_call(rig, &release);
    assert_int_equal(result.verdict, ATP_ATTRIBUTE_NOT_TAKEN);
    assert_int_equal(result.field, ATP_FIELD_ATTRIBUTE);
}

/* ---- many at once ---- */

#define THREADS 4
#define EACH    40

/* How often an account said that so many were reserved. */
static _Atomic uint32_t said[THREADS * EACH];

static void note(atp_err_t err, const atp_result_t *result, const atp_explanation_t *of)
{
    ATP_ASSERT(err == ATP_OK); /* other threads: no test can end there */
    ATP_ASSERT(result->verdict == ATP_APPLIED);
    int64_t reserved = qty_of(of, result->part_count, ATP_EXPLAIN_CODE_RESERVED);
    reserved = reserved < 0 ? 0 : reserved;
    ATP_ASSERT(reserved < THREADS * EACH);
    atp_fetch_add_relaxed(&said[reserved], 1);
}

static void *reserve_some(void *context)
{
    rig_t *rig = ((void **)context)[0];
    unsigned thread = *(unsigned *)((void **)context)[1];
    static __thread atp_explanation_t own[64];
    static __thread char own_texts[64 * 64];

    for (unsigned i = 0; i < EACH; i++) {
        atp_grants_t grants = {
            .texts = own_texts, .text_capacity = sizeof own_texts, .account = {.parts = own, .capacity = 64}};
        atp_result_t result;
        char id[16];
        snprintf(id, sizeof id, "t%u-%u", thread, i);
        const atp_command_t reserve = reserve_of(id, &one);
        note(atp_client_call(rig->client, &reserve, &result, &grants, NULL), &result, own);
    }
    return NULL;
}

/* Each was decided by what all before it had left: every figure is said, and none twice. */
static void asked_by_many_at_once_each_account_is_of_its_own_turn(void **state)
{
    rig_t *rig = *state;
    pthread_t threads[THREADS];
    unsigned numbers[THREADS];
    void *contexts[THREADS][2];

    prepare(rig, THREADS * EACH);
    memset(said, 0, sizeof said);
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        contexts[i][0] = rig;
        contexts[i][1] = &numbers[i];
        assert_int_equal(pthread_create(&threads[i], NULL, reserve_some, contexts[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    for (unsigned i = 0; i < THREADS * EACH; i++) {
        assert_int_equal(atp_load_relaxed(&said[i]), 1);
    }
}

static void on_explained(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                         const atp_explanation_t *of, const atp_as_of_t *as_of)
{
    (void)context;
    (void)grants;
    ATP_ASSERT(as_of != NULL && as_of->applied_op >= result->op);
    note(err, result, of);
}

/* They share messages, which are bounded so that no account is cut. */
static void submitted_commands_have_theirs(void **state)
{
    rig_t *rig = *state;

    prepare(rig, THREADS * EACH);
    memset(said, 0, sizeof said);
    for (unsigned i = 0; i < THREADS * EACH; i++) {
        char id[16];
        snprintf(id, sizeof id, "s%u", i);
        const atp_command_t reserve = reserve_of(id, &one);
        assert_int_equal(atp_client_submit_explained(rig->client, &reserve, on_explained, NULL), ATP_OK);
    }
    atp_client_wait_submits(rig->client);
    for (unsigned i = 0; i < THREADS * EACH; i++) {
        assert_int_equal(atp_load_relaxed(&said[i]), 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
    const struct CMUnitTest tests[] = {
        TEST(a_call_has_what_it_was_decided_by),
        TEST(a_request_told_again_has_its_answer_and_no_account),
        TEST(each_of_a_batch_is_told_in_its_turn),
        TEST(a_promise_has_its_account_too),
        TEST(past_the_bounds_of_a_message_accounts_are_cut),
        TEST(without_room_the_account_is_cut),
        TEST(a_kind_that_has_none_does_not_take_it),
        TEST(asked_by_many_at_once_each_account_is_of_its_own_turn),
        TEST(submitted_commands_have_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

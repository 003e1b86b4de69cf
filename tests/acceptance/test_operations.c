/* G: operations.   G4 one answer as of one op, G6 a rush on one SKU. */
#include "tests/acceptance/load.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* ---- G4: 500 SKUs x 20 nodes in one call, as of one op, while a writer runs ---- */

#define SKUS  500u
#define NODES 20u
#define GROUP 16u /* SKUs that one reservation takes one of each of */
#define ASKS  (40u / LOAD_DIVISOR)

static char sku_ids[SKUS][16];
static char node_ids[NODES][16];

/* All positions, 1,000 of each, in messages of MESSAGE_OPS. */
static void make_positions(acceptance_t *a)
{
    bundle_t *bundle = calloc(1, sizeof *bundle);

    assert_non_null(bundle);
    for (uint32_t k = 0; k < NODES; k++) {
        snprintf(node_ids[k], sizeof node_ids[k], "g4-n%u", k);
        node(a, node_ids[k], ATP_NODE_OPEN);
    }
    for (uint32_t i = 0; i < SKUS; i++) {
        snprintf(sku_ids[i], sizeof sku_ids[i], "g4-%u", i);
        bundle_put(bundle, i, "g4-sku", i, atp_text_of(sku_ids[i]), 0);
        bundle->commands[i].kind = ATP_OP_SKU;
    }
    assert_int_equal(atp_client_call_many(a->client, bundle->commands, SKUS, bundle->results, NULL, NULL),
                     ATP_OK);
    for (uint32_t k = 0; k < NODES; k += 2) {
        for (uint32_t i = 0; i < 2 * SKUS; i++) {
            uint32_t at = k + i / SKUS;
            bundle_put(bundle, i, "g4-count", at * SKUS + i % SKUS, atp_text_of(sku_ids[i % SKUS]), 0);
            bundle->lines[i].node = atp_text_of(node_ids[at]);
            bundle->lines[i].mantissa = 1000;
            bundle->commands[i].kind = ATP_OP_COUNT;
            bundle->commands[i].is_fact = true;
        }
        assert_int_equal(
            atp_client_call_many(a->client, bundle->commands, 2 * SKUS, bundle->results, NULL, NULL), ATP_OK);
        for (uint32_t i = 0; i < 2 * SKUS; i++) {
            assert_verdict(bundle->results[i], ATP_APPLIED);
        }
    }
    free(bundle);
}

typedef struct writer {
    acceptance_t *a;
    _Atomic bool must_end;
    _Atomic uint64_t written;
    unsigned failed;
} writer_t;

/* One of each SKU of a group at one node, in one op: between two ops the group is level. */
static void *write_groups(void *context)
{
    writer_t *writer = context;
    static atp_command_t commands[64];
    static atp_command_line_t lines[64][GROUP];
    static char ids[64][ATP_ID_SIZE_MAX + 1];
    atp_result_t results[64];

    for (uint32_t round = 0; !writer->must_end; round++) {
        for (uint32_t i = 0; i < 64; i++) {
            uint32_t group = (round * 64 + i) * 7 % (SKUS / GROUP);
            uint32_t at = (round + i) % NODES;
            snprintf(ids[i], sizeof ids[i], "g4-%u-%u", round, i);
            for (uint32_t k = 0; k < GROUP; k++) {
                lines[i][k] = (atp_command_line_t){.sku = atp_text_of(sku_ids[group * GROUP + k]),
                                                   .node = atp_text_of(node_ids[at]),
                                                   .mantissa = 1};
            }
            commands[i] = (atp_command_t){
                .kind = ATP_OP_RESERVE, .id = atp_text_of(ids[i]), .line_count = GROUP, .lines = lines[i]};
        }
        writer->failed +=
            atp_client_call_many(writer->a->client, commands, 64, results, NULL, NULL) != ATP_OK;
        writer->written += 64;
    }
    return NULL;
}

static void check_level(const atp_availability_row_t *rows)
{
    for (uint32_t i = 0; i + GROUP <= SKUS; i += GROUP) {
        for (uint32_t k = 0; k < NODES; k++) {
            for (uint32_t other = i + 1; other < i + GROUP; other++) {
                assert_int_equal(rows[other * NODES + k].reserved, rows[i * NODES + k].reserved);
            }
        }
    }
}

static void g4_ten_thousand_positions_in_one_call_as_of_one_op(void **state)
{
    acceptance_t *a = *state;
    static atp_text_t names[SKUS + NODES];
    atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_CROSS | ATP_AVAILABILITY_COMPONENTS |
                                           ATP_AVAILABILITY_ONE_OP,
                                  .sku_count = SKUS,
                                  .node_count = NODES,
                                  .skus = names,
                                  .nodes = &names[SKUS]};
    writer_t writer = {.a = a};
    pthread_t thread;
    uint64_t last_op = 0;
    unsigned moved = 0;

    make_positions(a);
    for (uint32_t i = 0; i < SKUS + NODES; i++) {
        names[i] = atp_text_of(i < SKUS ? sku_ids[i] : node_ids[i - SKUS]);
    }
    assert_int_equal(pthread_create(&thread, NULL, write_groups, &writer), 0);
    for (unsigned i = 0; i < ASKS || writer.written < 64; i++) {
        atp_answer_t *answer;
        assert_int_equal(atp_client_availability(a->client, &ask, &answer), ATP_OK);
        atp_answer_head_t head = atp_answer_head(answer);
        assert_verdict(head, ATP_APPLIED);
        assert_int_equal(head.row_count, SKUS * NODES);
        assert_true(head.is_as_of_one_op);
        assert_true(head.as_of.applied_op >= last_op);
        moved += head.as_of.applied_op > last_op;
        last_op = head.as_of.applied_op;
        check_level(atp_answer_availability(answer));
        atp_answer_free(answer);
    }
    writer.must_end = true;
    pthread_join(thread, NULL);
    assert_int_equal(writer.failed, 0);
    assert_true(moved > 1); /* the writer did run meanwhile */
}

/* ---- G6: everybody wants the same ---- */

#define REQUESTS (600000u / LOAD_DIVISOR)
#define STOCK    10000u
#define BUYERS   4u

typedef struct rush {
    acceptance_t *a;
    _Atomic uint32_t next; /* message */
    double *done_s;        /* by message: when it was answered */
    uint64_t *first_refused_op;
    uint64_t *last_granted_op;
    uint32_t *granted;
    _Atomic unsigned failed;
} rush_t;

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void note_results(rush_t *rush, uint32_t at, const bundle_t *bundle)
{
    for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
        const atp_result_t *result = &bundle->results[i];
        if (result->verdict == ATP_APPLIED) {
            rush->granted[at]++;
            rush->last_granted_op[at] =
                result->op > rush->last_granted_op[at] ? result->op : rush->last_granted_op[at];
        } else if (result->verdict == ATP_NOT_ENOUGH_AVAILABLE) {
            rush->first_refused_op[at] =
                result->op < rush->first_refused_op[at] ? result->op : rush->first_refused_op[at];
        } else {
            rush->failed++;
        }
    }
}

static void *buy(void *context)
{
    rush_t *rush = context;
    bundle_t *bundle = calloc(1, sizeof *bundle);
    atp_client_options_t options = {.url = rush->a->url, .client = ATP_TEXT("buyer"), .timeout_ms = 60000};
    atp_client_t *client;
    atp_why_t why;
    uint32_t at;

    if (bundle == NULL || atp_client_open(&options, &client, &why) != ATP_OK) {
        rush->failed++;
        free(bundle);
        return NULL;
    }
    while ((at = rush->next++) < REQUESTS / MESSAGE_OPS) {
        for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
            bundle_put(bundle, i, "g6", (uint64_t)at * MESSAGE_OPS + i, ATP_TEXT("g6"), 0);
        }
        if (atp_client_call_many(client, bundle->commands, MESSAGE_OPS, bundle->results, NULL, NULL) ==
            ATP_OK) {
            note_results(rush, at, bundle);
        } else {
            rush->failed++;
        }
        rush->done_s[at] = now_s();
    }
    atp_client_close(client);
    free(bundle);
    return NULL;
}

static double time_of_third(const rush_t *rush, double begun_s, unsigned third)
{
    uint32_t messages = REQUESTS / MESSAGE_OPS;
    double from = third == 0 ? begun_s : 0;
    double to = 0;

    for (uint32_t at = 0; at < messages; at++) {
        unsigned of = at * 3 / messages;
        if (of + 1 == third && rush->done_s[at] > from) {
            from = rush->done_s[at];
        }
        if (of == third && rush->done_s[at] > to) {
            to = rush->done_s[at];
        }
    }
    return to - from;
}

static void check_fair(const rush_t *rush)
{
    uint64_t last_granted = 0;
    uint64_t first_refused = UINT64_MAX;
    uint32_t granted = 0;

    for (uint32_t at = 0; at < REQUESTS / MESSAGE_OPS; at++) {
        granted += rush->granted[at];
        last_granted = rush->last_granted_op[at] > last_granted ? rush->last_granted_op[at] : last_granted;
        first_refused =
            rush->first_refused_op[at] < first_refused ? rush->first_refused_op[at] : first_refused;
    }
    assert_int_equal(granted, STOCK);
    assert_true(last_granted < first_refused); /* who came first was served first */
}

static void g6_a_rush_on_one_sku_sells_what_there_is_in_the_order_of_asking(void **state)
{
    acceptance_t *a = *state;
    const uint32_t messages = REQUESTS / MESSAGE_OPS;
    rush_t rush = {.a = a,
                   .done_s = calloc(messages, sizeof(double)),
                   .first_refused_op = calloc(messages, sizeof(uint64_t)),
                   .last_granted_op = calloc(messages, sizeof(uint64_t)),
                   .granted = calloc(messages, sizeof(uint32_t))};
    pthread_t threads[BUYERS];

    assert_true(rush.done_s != NULL && rush.first_refused_op != NULL && rush.last_granted_op != NULL &&
                rush.granted != NULL);
    for (uint32_t at = 0; at < messages; at++) {
        rush.first_refused_op[at] = UINT64_MAX;
    }
    stock(a, "g6", "N", "10000");
    double begun_s = now_s();
    for (unsigned i = 0; i < BUYERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, buy, &rush), 0);
    }
    for (unsigned i = 0; i < BUYERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(rush.failed, 0);
    check_fair(&rush);
    assert_int_equal(promisable(a, "g6", "N"), 0);
    assert_int_equal(components(a, "g6", "N").reserved, STOCK);
    double first_s = time_of_third(&rush, begun_s, 0);
    double last_s = time_of_third(&rush, begun_s, 2);
    print_message("g6: %u requests, thirds took %.3f and %.3f s\n", REQUESTS, first_s, last_s);
    assert_true(last_s < 3 * first_s + 0.2); /* a moment of other work must not decide */
    free(rush.done_s);
    free(rush.first_refused_op);
    free(rush.last_granted_op);
    free(rush.granted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g4_ten_thousand_positions_in_one_call_as_of_one_op),
        cmocka_unit_test(g6_a_rush_on_one_sku_sells_what_there_is_in_the_order_of_asking),
    };
    return cmocka_run_group_tests_name("acceptance.operations", tests, acceptance_start, acceptance_stop);
}

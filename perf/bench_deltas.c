/* Facts from many sources at once into a running atpd: each a thread with an outbox of its own, which keeps every batch on
 * its disk until the engine has it on its own; or, with --calls, each a client that sends the same facts as commands.
 * Timed from the first put to the last acknowledgement. At the end what is on hand is summed and compared.
 *
 *     atp_bench_deltas --url URL --folder DIR [--publish URL] [--calls] [--sources 8] [--batches 250] [--facts 1000]
 *                      [--skus 1000] [--nodes 10] [--round 1]
 *
 * --round makes the names of a further run on the same engine new. */
#include "perf/bench.h"
#include "protocol/client/atp.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOURCES_MAX 64u
#define BUSY_NS     1000000
#define ID_SIZE     40
#define WAIT_MS     600000

typedef struct plan {
    const char *url;
    const char *publish_url; /* NULL: all goes by request */
    const char *folder;
    uint32_t sources;
    uint32_t batches; /* of each source */
    uint32_t facts;   /* of each batch */
    uint32_t skus;
    uint32_t nodes;
    uint32_t round;
    bool by_calls;
} plan_t;

typedef struct source {
    const plan_t *plan;
    uint32_t number;
    char name[ID_SIZE];
    atp_command_t *commands;
    atp_command_line_t *lines;
    atp_result_t *results;
    char (*ids)[ID_SIZE];
} source_t;

static char (*sku_ids)[ID_SIZE];
static char (*node_ids)[ID_SIZE];

static atp_client_t *connect_as(const plan_t *plan, const char *name)
{
    atp_client_options_t options = {.url = plan->url, .client = atp_text_of(name), .timeout_ms = WAIT_MS};
    atp_client_t *client = NULL;
    atp_why_t why = {""};

    bench_check(atp_client_open(&options, &client, &why) == ATP_OK, "%s", why.text);
    return client;
}

static void call_all(atp_client_t *client, const source_t *source, uint32_t count)
{
    atp_err_t err = atp_client_call_many(client, source->commands, count, source->results, NULL, NULL);

    bench_check(err == ATP_OK, "a call failed: %s", atp_err_name(err));
    for (uint32_t i = 0; i < count; i++) {
        bench_check(atp_verdict_is_success((atp_verdict_t)source->results[i].verdict), "refused: %s",
                    atp_verdict_name(source->results[i].verdict));
    }
}

/* ---- what there is before ---- */

static void *room(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    bench_check(memory != NULL, "no memory");
    return memory;
}

static void open_source(source_t *source, const plan_t *plan, uint32_t number, uint32_t facts)
{
    *source = (source_t){.plan = plan, .number = number};
    snprintf(source->name, sizeof source->name, "deltas-%u-%u", plan->round, number);
    source->commands = room(facts, sizeof *source->commands);
    source->lines = room(facts, sizeof *source->lines);
    source->results = room(facts, sizeof *source->results);
    source->ids = room(facts, sizeof *source->ids);
}

static void close_source(source_t *source)
{
    free(source->commands);
    free(source->lines);
    free(source->results);
    free(source->ids);
}

/* SKUs, nodes, and nothing of each anywhere. */
static void make_positions(const plan_t *plan)
{
    source_t source;
    uint32_t at = 0;
    atp_client_t *client = connect_as(plan, "deltas-setup");

    open_source(&source, plan, 0, ATP_OPS_PER_MESSAGE_MAX);
    for (uint32_t i = 0; i < plan->skus + plan->nodes + plan->skus * plan->nodes; i++) {
        uint32_t place = i - plan->skus - plan->nodes;
        bool is_sku = i < plan->skus;
        bool is_node = !is_sku && i < plan->skus + plan->nodes;
        source.lines[at] = (atp_command_line_t){
            .sku = is_node ? (atp_text_t){NULL, 0} : atp_text_of(sku_ids[is_sku ? i : place / plan->nodes]),
            .node = is_sku ? (atp_text_t){NULL, 0}
                           : atp_text_of(node_ids[is_node ? i - plan->skus : place % plan->nodes])};
        snprintf(source.ids[at], ID_SIZE, "set-%u-%u", plan->round, i);
        source.commands[at] = (atp_command_t){.kind = is_sku    ? ATP_OP_SKU
                                                      : is_node ? ATP_OP_NODE
                                                                : ATP_OP_COUNT,
                                              .is_fact = !is_sku && !is_node,
                                              .id = atp_text_of(source.ids[at]),
                                              .line_count = 1,
                                              .lines = &source.lines[at]};
        if (++at == ATP_OPS_PER_MESSAGE_MAX) {
            call_all(client, &source, at);
            at = 0;
        }
    }
    if (at > 0) {
        call_all(client, &source, at);
    }
    close_source(&source);
    atp_client_close(client);
}

/* ---- telling ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    return x;
}

/* One unit more, at a place that number of source and fact decide. */
static void fill_batch(const source_t *source, uint32_t batch)
{
    const plan_t *plan = source->plan;

    for (uint32_t i = 0; i < plan->facts; i++) {
        uint64_t fact = ((uint64_t)source->number * plan->batches + batch) * plan->facts + i;
        uint64_t chance = mix(fact + 1);
        source->lines[i] = (atp_command_line_t){.sku = atp_text_of(sku_ids[chance % plan->skus]),
                                                .node = atp_text_of(node_ids[(chance >> 32) % plan->nodes]),
                                                .mantissa = 1};
        source->commands[i] = (atp_command_t){
            .kind = ATP_OP_ADJUST, .is_fact = true, .line_count = 1, .lines = &source->lines[i]};
        if (plan->by_calls) {
            snprintf(source->ids[i], ID_SIZE, "%u-%" PRIu64, plan->round, fact);
            source->commands[i].id = atp_text_of(source->ids[i]);
        }
    }
}

static void put(atp_outbox_t *outbox, const source_t *source)
{
    atp_why_t why = {""};
    atp_err_t err;

    while ((err = atp_outbox_put(outbox, source->commands, source->plan->facts, 0, NULL, &why)) ==
           ATP_ERR_BUSY) {
        const struct timespec pause = {0, BUSY_NS};
        (void)nanosleep(&pause, NULL);
    }
    bench_check(err == ATP_OK, "put: %s", why.text);
}

static void *tell_by_outbox(void *context)
{
    source_t *source = context;
    char folder[512];
    atp_outbox_options_t options = {.folder = folder,
                                    .url = source->plan->url,
                                    .publish_url = source->plan->publish_url,
                                    .source = atp_text_of(source->name)};
    atp_outbox_t *outbox = NULL;
    atp_why_t why = {""};

    snprintf(folder, sizeof folder, "%s/%s", source->plan->folder, source->name);
    bench_check(atp_outbox_open(&options, &outbox, &why) == ATP_OK, "%s", why.text);
    for (uint32_t batch = 0; batch < source->plan->batches; batch++) {
        fill_batch(source, batch);
        put(outbox, source);
    }
    bench_check(atp_outbox_flush(outbox, WAIT_MS) == ATP_OK, "not all was applied in time");
    atp_outbox_close(outbox);
    return NULL;
}

static void *tell_by_calls(void *context)
{
    source_t *source = context;
    atp_client_t *client = connect_as(source->plan, source->name);

    for (uint32_t batch = 0; batch < source->plan->batches; batch++) {
        fill_batch(source, batch);
        call_all(client, source, source->plan->facts);
    }
    atp_client_close(client);
    return NULL;
}

/* Seconds it took. */
static double tell_all(const plan_t *plan)
{
    static source_t sources[SOURCES_MAX];
    pthread_t threads[SOURCES_MAX];

    for (uint32_t i = 0; i < plan->sources; i++) {
        open_source(&sources[i], plan, i, plan->facts);
    }
    uint64_t begun_ns = bench_now_ns();
    for (uint32_t i = 0; i < plan->sources; i++) {
        bench_check(pthread_create(&threads[i], NULL, plan->by_calls ? tell_by_calls : tell_by_outbox,
                                   &sources[i]) == 0,
                    "no thread");
    }
    for (uint32_t i = 0; i < plan->sources; i++) {
        (void)pthread_join(threads[i], NULL);
        close_source(&sources[i]);
    }
    return (double)(bench_now_ns() - begun_ns) / 1e9;
}

/* ---- what there is after ---- */

static int64_t sum_on_hand(const plan_t *plan)
{
    atp_client_t *client = connect_as(plan, "deltas-sum");
    atp_text_t *names = room(1 + plan->nodes, sizeof *names);
    int64_t sum = 0;

    for (uint32_t i = 0; i < plan->nodes; i++) {
        names[1 + i] = atp_text_of(node_ids[i]);
    }
    for (uint32_t i = 0; i < plan->skus; i++) {
        names[0] = atp_text_of(sku_ids[i]);
        atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_CROSS | ATP_AVAILABILITY_COMPONENTS,
                                      .sku_count = 1,
                                      .node_count = plan->nodes,
                                      .skus = names,
                                      .nodes = &names[1]};
        atp_answer_t *answer;
        bench_check(atp_client_availability(client, &ask, &answer) == ATP_OK, "no availability");
        for (uint32_t k = 0; k < atp_answer_head(answer).row_count; k++) {
            sum += atp_answer_availability(answer)[k].on_hand;
        }
        atp_answer_free(answer);
    }
    free(names);
    atp_client_close(client);
    return sum;
}

static void name_all(char (**ret_ids)[ID_SIZE], uint32_t count, const char *prefix, uint32_t round)
{
    *ret_ids = room(count, sizeof **ret_ids);
    for (uint32_t i = 0; i < count; i++) {
        snprintf((*ret_ids)[i], ID_SIZE, "%s-%u-%u", prefix, round, i);
    }
}

int main(int argc, char **argv)
{
    plan_t plan = {
        .url = bench_text_flag(argc, argv, "--url", ""),
        .publish_url = bench_text_flag(argc, argv, "--publish", NULL),
        .folder = bench_text_flag(argc, argv, "--folder", "."),
        .sources = (uint32_t)bench_flag(argc, argv, "--sources", 8),
        .batches = (uint32_t)bench_flag(argc, argv, "--batches", 250),
        .facts = (uint32_t)bench_flag(argc, argv, "--facts", 1000),
        .skus = (uint32_t)bench_flag(argc, argv, "--skus", 1000),
        .nodes = (uint32_t)bench_flag(argc, argv, "--nodes", 10),
        .round = (uint32_t)bench_flag(argc, argv, "--round", 1),
        .by_calls = bench_has_flag(argc, argv, "--calls"),
    };

    bench_check(plan.sources >= 1 && plan.sources <= SOURCES_MAX, "--sources is 1 to %u", SOURCES_MAX);
    bench_check(plan.facts >= 1 && plan.facts <= ATP_OPS_PER_MESSAGE_MAX, "--facts is 1 to %u",
                ATP_OPS_PER_MESSAGE_MAX);
    name_all(&sku_ids, plan.skus, "d", plan.round);
    name_all(&node_ids, plan.nodes, "dn", plan.round);
    make_positions(&plan);
    double seconds = tell_all(&plan);
    uint64_t facts = (uint64_t)plan.sources * plan.batches * plan.facts;
    int64_t sum = sum_on_hand(&plan);
    bench_check(sum == (int64_t)facts, "%" PRIu64 " facts were told, %" PRId64 " are on hand", facts, sum);
    printf("{\"facts\": %" PRIu64 ", \"seconds\": %.6f, \"facts_per_s\": %.0f}\n", facts, seconds,
           (double)facts / seconds);
    free(sku_ids);
    free(node_ids);
    return 0;
}

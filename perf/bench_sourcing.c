/* What it takes to choose the nodes of a line that leaves them open, one SKU at many nodes.
 *
 *     atp_bench_sourcing [--smoke] [--nodes N] [--ops N]
 *
 * Each op reserves and is released again. Warm: all rows of the SKU stay in the cache, as those of a hot one do. */
#include "perf/bench.h"

#include "engine/base/attribute.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/sourcing/sourcing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_MS INT64_C(1795253000000)

typedef struct bench {
    atp_ledger_t *ledger;
    void *record;
    atp_grant_t *grants;
    atp_result_t result;
    uint64_t next_id;
    uint32_t nodes;
} bench_t;

/* Applies a command; how long the apply took. */
static uint64_t apply(bench_t *bench, atp_command_t command)
{
    const atp_op_context_t context = {.catalog = atp_ledger_catalog(bench->ledger),
                                      .seed = atp_ledger_seed(bench->ledger),
                                      .client_name = ATP_TEXT("bench"),
                                      .client = ATP_CLIENT_ENGINE};
    char id[32];
    atp_result_t fault;
    size_t size;

    if (command.id.size == 0) {
        snprintf(id, sizeof id, "op-%llu", (unsigned long long)bench->next_id++);
        command.id = atp_text_of(id);
    }
    command.issued_ms = START_MS;
    bench_check(atp_op_encode(&command, &context, bench->record, ATP_OP_SIZE_MAX, &size, &fault) ==
                    ATP_APPLIED,
                "encode: %s", atp_verdict_name(fault.verdict));
    uint64_t begun_ns = bench_now_ns();
    (void)atp_ledger_apply(bench->ledger, bench->record, START_MS, &bench->result, bench->grants);
    uint64_t took_ns = bench_now_ns() - begun_ns;
    bench_check(atp_verdict_is_success(bench->result.verdict), "%s: %s",
                atp_op_kind_name((unsigned)command.kind), atp_verdict_name(bench->result.verdict));
    return took_ns;
}

static void stock_nodes(bench_t *bench)
{
    atp_command_line_t line = {.sku = ATP_TEXT("S")};

    apply(bench, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line});
    for (uint32_t node = 0; node < bench->nodes; node++) {
        char name[16];
        snprintf(name, sizeof name, "node-%u", node);
        line = (atp_command_line_t){.node = atp_text_of(name)};
        apply(bench, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line});
        line = (atp_command_line_t){ATP_TEXT("S"), atp_text_of(name), 5 + node % 7, 0};
        apply(bench, (atp_command_t){.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &line});
    }
}

static void open_bench(bench_t *bench, uint32_t nodes, uint64_t ops)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    atp_why_t why = {""};

    config.hash_seed = 20261121;
    config.skus = 16;
    config.positions = 65536;
    config.reservations = 4096;
    config.lines = 65536;
    config.outcomes = 4 * ops * ATP_STRATEGY_COUNT + 8 * nodes;
    config.ids_per_client = config.outcomes;
    bench->nodes = nodes;
    bench->record = calloc(1, ATP_OP_SIZE_MAX);
    bench->grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof *bench->grants);
    bench_check(bench->record != NULL && bench->grants != NULL, "no memory");
    bench_check(atp_ledger_create(&config, &bench->ledger, &why) == ATP_OK, "%s", why.text);
    atp_op_encode_config(bench->record, ATP_OP_GENESIS, &config);
    (void)atp_ledger_apply(bench->ledger, bench->record, START_MS, &bench->result, bench->grants);
    stock_nodes(bench);
}

/* One strategy: a line of 30 units, which needs several nodes. */
static void run(bench_t *bench, unsigned strategy, uint64_t ops)
{
    static atp_histogram_t took_ns;
    const atp_attribute_rule_t *rule = atp_attribute_rule(ATP_KEY_STRATEGY);
    const atp_attribute_t attribute = {.key = ATP_KEY_STRATEGY, .line = ATP_WHOLE_OP, .number = strategy};
    atp_command_line_t line = {ATP_TEXT("S"), ATP_TEXT(""), 30, 0};
    atp_text_t name = {"", 0};
    char id[32];

    memset(&took_ns, 0, sizeof took_ns);
    for (uint64_t i = 0; i < ops; i++) {
        snprintf(id, sizeof id, "r-%u-%llu", strategy, (unsigned long long)i);
        uint64_t took = apply(bench, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                     .id = atp_text_of(id),
                                                     .line_count = 1,
                                                     .lines = &line,
                                                     .attribute_count = 1,
                                                     .attributes = &attribute});
        atp_histogram_record(&took_ns, took);
        bench_check(bench->result.qty == 30 && bench->result.plan_count >= 3, "a plan of 30 units");
        apply(bench, (atp_command_t){.kind = ATP_OP_RELEASE, .reservation = atp_text_of(id)});
    }
    bench_check(atp_attribute_word(rule, strategy, &name), "a word");
    bench_cell("%.*s", (int)name.size, name.bytes);
    bench_percentile_cells(&took_ns, 1000);
    bench_end_row();
}

int main(int argc, char **argv)
{
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");
    uint32_t nodes = (uint32_t)bench_flag(argc, argv, "--nodes", 300);
    uint64_t ops = bench_flag(argc, argv, "--ops", is_smoke ? 200 : 20000);
    bench_t bench = {0};

    open_bench(&bench, nodes, ops);
    printf("A reserve of 30 units of one SKU at %u nodes, node left open, in process, us.\n\n", nodes);
    bench_table("strategy | " BENCH_PERCENTILES);
    for (unsigned strategy = 0; strategy < ATP_STRATEGY_COUNT; strategy++) {
        run(&bench, strategy, ops);
    }
    atp_ledger_destroy(bench.ledger);
    free(bench.record);
    free(bench.grants);
    return 0;
}

/* What channels cost: availability of one SKU at many nodes through a group, and a reserve below a quota tree.
 *
 *     atp_bench_channels [--smoke] [--nodes N] [--reserves N]
 *
 * The plain figures stand beside them: no channel, and a channel of which nothing is said. */
#include "engine/base/attribute.h"
#include "engine/ledger/channels/views.h"
#include "perf/bench.h"
#include "perf/stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX   1000
#define LEVELS      4  /* said in the labels below */
#define SKU_NODES   40 /* of the SKU that is reserved */
#define READS       20000
#define SMOKE_READS 200

typedef struct bench {
    atp_ledger_t *ledger;
    unsigned char *record;
    atp_grant_t *grants;
    uint64_t next_id;
    uint32_t nodes;
} bench_t;

/* ---- ops ---- */

static void encode(bench_t *bench, atp_command_t *command)
{
    char id[32];
    atp_op_context_t context = {.catalog = atp_ledger_catalog(bench->ledger),
                                .seed = atp_ledger_seed(bench->ledger),
                                .client_name = ATP_TEXT("bench"),
                                .client = ATP_CLIENT_ENGINE};
    atp_result_t fault;
    size_t size;

    snprintf(id, sizeof id, "%llu", (unsigned long long)bench->next_id++);
    command->id = atp_text_of(id);
    command->issued_ms = BENCH_START_MS;
    bench_check(atp_op_encode(command, &context, bench->record, ATP_OP_SIZE_MAX, &size, &fault) ==
                    ATP_APPLIED,
                "an op cannot be encoded: %s", atp_verdict_name(fault.verdict));
}

static atp_result_t apply(bench_t *bench, atp_command_t command)
{
    atp_result_t result;

    encode(bench, &command);
    atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)bench->record, BENCH_START_MS, &result,
                     bench->grants);
    bench_check(result.verdict == ATP_APPLIED, "%s", atp_verdict_name(result.verdict));
    return result;
}

static atp_attribute_t text_of(unsigned key, const char *text)
{
    return (atp_attribute_t){.key = (uint8_t)key, .line = ATP_WHOLE_OP, .text = atp_text_of(text)};
}

static void put_quota(bench_t *bench, const char *id, uint32_t count, const atp_attribute_t *attributes)
{
    apply(bench, (atp_command_t){.kind = ATP_OP_QUOTA,
                                 .subject = atp_text_of(id),
                                 .attribute_count = count,
                                 .attributes = attributes});
}

static void put_sku(bench_t *bench, const char *sku)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku)};

    apply(bench, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line});
}

static void receive(bench_t *bench, const char *sku, const char *node, atp_qty_t qty)
{
    const atp_command_line_t line = {atp_text_of(sku), atp_text_of(node), qty, 0};

    apply(bench, (atp_command_t){.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &line});
}

/* "wide" at all nodes, "free" and "sold" at SKU_NODES of them; a group of all; channels plain, grouped and rationed. */
static void fill(bench_t *bench)
{
    static char names[NODES_MAX][12];
    static atp_attribute_t members[NODES_MAX];

    put_sku(bench, "wide");
    put_sku(bench, "free");
    put_sku(bench, "sold");
    for (uint32_t i = 0; i < bench->nodes; i++) {
        snprintf(names[i], sizeof names[i], "n%u", i);
        members[i] = text_of(ATP_KEY_NODE, names[i]);
        const atp_command_line_t line = {.node = atp_text_of(names[i])};
        apply(bench, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line});
        receive(bench, "wide", names[i], 5);
        if (i < SKU_NODES) {
            receive(bench, "free", names[i], 10000000);
            receive(bench, "sold", names[i], 10000000);
        }
    }
    apply(bench, (atp_command_t){.kind = ATP_OP_GROUP,
                                 .subject = ATP_TEXT("all"),
                                 .attribute_count = bench->nodes,
                                 .attributes = members});
    const atp_attribute_t group = text_of(ATP_KEY_SHIP_GROUP, "all");
    apply(bench, (atp_command_t){.kind = ATP_OP_CHANNEL, .channel = ATP_TEXT("plain")});
    apply(bench, (atp_command_t){.kind = ATP_OP_CHANNEL,
                                 .channel = ATP_TEXT("grouped"),
                                 .attribute_count = 1,
                                 .attributes = &group});
    apply(bench, (atp_command_t){.kind = ATP_OP_CHANNEL, .channel = ATP_TEXT("rationed")});
}

static void plant_tree(bench_t *bench)
{
    const atp_attribute_t root = text_of(ATP_KEY_SKU, "sold");
    const atp_attribute_t amount = {.key = ATP_KEY_AMOUNT, .line = ATP_WHOLE_OP, .number = 50000000};
    char id[] = "q0";
    char parent[] = "q0";

    put_quota(bench, id, 1, &root);
    for (unsigned level = 1; level < LEVELS; level++) {
        atp_attribute_t attributes[3] = {text_of(ATP_KEY_PARENT, parent), amount,
                                         text_of(ATP_KEY_CHANNEL, "rationed")};
        id[1] = (char)('0' + level);
        put_quota(bench, id, level + 1 < LEVELS ? 2 : 3, attributes);
        parent[1] = id[1];
    }
}

/* Pulses, until all that stands has been counted for the quotas. */
static void settle(bench_t *bench)
{
    while (atp_ledger_is_pulse_due(bench->ledger, BENCH_START_MS)) {
        atp_result_t result;
        atp_op_encode_pulse(bench->record, 1000);
        atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)bench->record, BENCH_START_MS,
                         &result, bench->grants);
    }
}

/* ---- availability ---- */

static uint16_t channel_of(const bench_t *bench, const char *name)
{
    uint16_t channel = 0;
    atp_text_t text = atp_text_of(name);

    bench_check(atp_catalog_find_channel(atp_ledger_catalog(bench->ledger), text,
                                         atp_hash_text(text, atp_ledger_seed(bench->ledger)), &channel),
                "no channel %s", name);
    return channel;
}

static void time_views(bench_t *bench, const char *channel, unsigned reads, const char *figure)
{
    static uint32_t rows[NODES_MAX];
    uint16_t number = channel_of(bench, channel);
    uint16_t group = atp_catalog_channel_group(atp_ledger_catalog(bench->ledger), number, ATP_METHOD_SHIP);
    atp_histogram_t histogram = {0};
    atp_channel_view_t view;

    for (unsigned i = 0; i < reads; i++) {
        uint64_t begun = bench_now_ns();
        uint32_t count = atp_positions_list(atp_ledger_positions(bench->ledger), 0, rows, NODES_MAX);
        atp_channel_view_read(bench->ledger, number, 0, group, BENCH_START_MS, rows, count, NULL, &view);
        atp_histogram_record(&histogram, bench_now_ns() - begun);
        bench_check(view.available == (atp_qty_t)5 * bench->nodes, "a view of %lld",
                    (long long)view.available);
    }
    bench_cell("%s", channel);
    bench_percentile_cells(&histogram, 1000);
    bench_end_row();
    bench_figure(figure, (double)atp_histogram_percentile(&histogram, 500000) / 1000);
}

/* ---- reserves ---- */

typedef struct way {
    const char *label;
    const char *sku;
    const char *channel;
    atp_histogram_t histogram;
} way_t;

static void time_reserve(bench_t *bench, way_t *way, uint64_t number)
{
    char node[12];
    atp_result_t result;

    snprintf(node, sizeof node, "n%u", (unsigned)(number % SKU_NODES));
    const atp_command_line_t line = {atp_text_of(way->sku), atp_text_of(node), 1, 0};
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .channel = atp_text_of(way->channel), .line_count = 1, .lines = &line};
    encode(bench, &command);
    uint64_t begun = bench_now_ns();
    atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)bench->record, BENCH_START_MS, &result,
                     bench->grants);
    atp_histogram_record(&way->histogram, bench_now_ns() - begun);
    bench_check(result.verdict == ATP_APPLIED, "%s", atp_verdict_name(result.verdict));
}

/* In turns, so that all see the same machine and tables of the same size. */
static void time_quotas(bench_t *bench, uint64_t reserves)
{
    static way_t ways[] = {
        {.label = "of which nothing is said, no quota on the SKU", .sku = "free", .channel = "plain"},
        {.label = "the same, a tree of 4 levels over the SKU for others", .sku = "sold", .channel = "plain"},
        {.label = "leaf of the tree", .sku = "sold", .channel = "rationed"},
    };

    plant_tree(bench);
    settle(bench);
    for (uint64_t i = 0; i < reserves; i++) {
        for (unsigned k = 0; k < 3; k++) {
            time_reserve(bench, &ways[k], i);
        }
    }
    printf("\nReserve of one line, %s each, in turns, of a SKU at %u nodes (us):\n\n", bench_count(reserves),
           SKU_NODES);
    bench_table("channel|" BENCH_PERCENTILES);
    for (unsigned k = 0; k < 3; k++) {
        bench_cell("%s", ways[k].label);
        bench_percentile_cells(&ways[k].histogram, 1000);
        bench_end_row();
    }
    bench_figure("quota_extra_ns", (double)atp_histogram_percentile(&ways[2].histogram, 500000) -
                                       (double)atp_histogram_percentile(&ways[0].histogram, 500000));
}

int main(int argc, char **argv)
{
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");
    uint64_t reserves = bench_flag(argc, argv, "--reserves", is_smoke ? 500 : 100000);
    bench_t bench = {.nodes = (uint32_t)bench_flag(argc, argv, "--nodes", 300)};
    atp_ledger_config_t config = bench_stock_config(4096, 3 * reserves + 1, 3 * reserves + 1);

    config.skus = 8;
    config.nodes = NODES_MAX;
    config.group_nodes = NODES_MAX;
    bench_check(bench.nodes >= SKU_NODES && bench.nodes <= NODES_MAX, "--nodes is %d to %d", SKU_NODES,
                NODES_MAX);
    bench.ledger = bench_ledger_create(&config);
    bench.record = calloc(1, ATP_OP_SIZE_MAX);
    bench.grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof *bench.grants);
    bench_check(bench.record != NULL && bench.grants != NULL, "no memory");
    fill(&bench);
    printf("Availability of one SKU at %u nodes, in process (us):\n\n", bench.nodes);
    bench_table("channel|" BENCH_PERCENTILES);
    time_views(&bench, "plain", is_smoke ? SMOKE_READS : READS, "view_plain_us");
    time_views(&bench, "grouped", is_smoke ? SMOKE_READS : READS, "view_grouped_us");
    time_quotas(&bench, reserves);
    free(bench.record);
    free(bench.grants);
    atp_ledger_destroy(bench.ledger);
    return 0;
}

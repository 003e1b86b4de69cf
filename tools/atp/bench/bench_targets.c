/* What a benchmark is done on: SKUs of its own with ample stock, or the stock that is there. */
#include "tools/atp/bench/bench.h"
#include "tools/atp/rows/pages.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define AMPLE     ATP_QTY_MAX
#define NAME_SIZE (ATP_ID_SIZE_MAX + 1)

/* ---- stock of its own ---- */

static void name_targets(const atp_bench_options_t *options, atp_bench_targets_t *targets)
{
    size_t count = (size_t)options->skus + options->nodes;

    targets->names = atp_cli_alloc(count, NAME_SIZE);
    targets->skus = atp_cli_alloc(options->skus, sizeof *targets->skus);
    targets->nodes = atp_cli_alloc(options->nodes, sizeof *targets->nodes);
    for (size_t i = 0; i < count; i++) {
        char *name = targets->names + i * NAME_SIZE;
        bool is_sku = i < options->skus;
        (void)snprintf(name, NAME_SIZE, is_sku ? "%.*s-%07zu" : "%.*s-node-%03zu", (int)options->prefix.size,
                       options->prefix.bytes, is_sku ? i : i - options->skus);
        if (is_sku) {
            targets->skus[i] = atp_text_of(name);
        } else {
            targets->nodes[i - options->skus] = atp_text_of(name);
        }
    }
    targets->nodes_per_sku = (uint32_t)options->nodes;
    targets->count = (uint32_t)(options->skus * options->nodes);
    targets->rank_count = (uint32_t)options->skus;
}

/* Command number `i` of the setup: first all SKUs, then all nodes, then all counts. */
static void setup_command(const atp_bench_targets_t *targets, uint64_t sku_count, uint64_t i,
                          atp_command_t *command, atp_command_line_t *line)
{
    uint64_t node_count = targets->nodes_per_sku;

    *line = (atp_command_line_t){.decimals = 0};
    *command = (atp_command_t){.kind = ATP_OP_COUNT, .line_count = 1, .lines = line};
    if (i < sku_count) {
        command->kind = ATP_OP_SKU;
        line->sku = targets->skus[i];
    } else if (i < sku_count + node_count) {
        command->kind = ATP_OP_NODE;
        line->node = targets->nodes[i - sku_count];
    } else {
        command->is_fact = true;
        line->sku = targets->skus[(i - sku_count - node_count) / node_count];
        line->node = targets->nodes[(i - sku_count - node_count) % node_count];
        line->mantissa = AMPLE;
    }
}

typedef struct setup {
    atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX];
    atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];
    atp_result_t results[ATP_OPS_PER_MESSAGE_MAX];
    char ids[ATP_OPS_PER_MESSAGE_MAX][ATP_MADE_ID_SIZE];
} setup_t;

static int send_setup(atp_cli_t *cli, setup_t *setup, uint32_t count)
{
    atp_err_t err = atp_client_call_many(cli->handle, setup->commands, count, setup->results, NULL, NULL);

    if (err != ATP_OK) {
        return atp_session_fail(cli, cli->handle, err, (atp_text_t){"", 0});
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_verdict_is_success(setup->results[i].verdict)) {
            char unknown[32];
            const char *name = atp_verdict_text(setup->results[i].verdict, unknown);
            return atp_cli_fail(
                cli, ATP_CLI_REFUSED, name,
                "the benchmark's own stock cannot be made: %s: %s\nGive the engine more room, take "
                "fewer --skus or --nodes, or use what is there: --use-existing",
                name, atp_verdict_advice(setup->results[i].verdict));
        }
    }
    return ATP_CLI_DONE;
}

static int make_stock(atp_cli_t *cli, const atp_bench_targets_t *targets)
{
    uint64_t skus = targets->rank_count;
    uint64_t total = skus + targets->nodes_per_sku + targets->count;
    setup_t *setup = atp_cli_alloc(1, sizeof *setup);
    int status = ATP_CLI_DONE;
    uint32_t count = 0;

    for (uint64_t i = 0; i < total && status == ATP_CLI_DONE; i++) {
        setup_command(targets, skus, i, &setup->commands[count], &setup->lines[count]);
        atp_make_id(setup->ids[count]);
        setup->commands[count].id = atp_text_of(setup->ids[count]);
        count++;
        if (count == ATP_OPS_PER_MESSAGE_MAX || i + 1 == total) {
            status = send_setup(cli, setup, count);
            count = 0;
        }
    }
    free(setup);
    return status;
}

/* ---- the stock that is there ---- */

typedef struct found {
    atp_bench_targets_t *targets;
    uint32_t room;
    size_t name_room;
    size_t name_size;
    uint32_t *at; /* offsets in names, SKU and node by turns */
} found_t;

static uint32_t keep_name(found_t *found, atp_text_t name)
{
    uint32_t at = (uint32_t)found->name_size;

    if (found->name_size + name.size > found->name_room) {
        found->name_room = 2 * found->name_room + NAME_SIZE;
        found->targets->names = atp_cli_realloc(found->targets->names, found->name_room, 1);
    }
    memcpy(found->targets->names + at, name.bytes, name.size);
    found->name_size += name.size;
    return at;
}

static bool take_positions(void *context, const atp_answer_t *answer)
{
    found_t *found = context;
    const atp_position_row_t *rows = atp_answer_positions(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count && found->targets->count < found->room; i++) {
        uint32_t k = found->targets->count++;
        found->at[2 * k] = keep_name(found, rows[i].sku);
        found->at[2 * k + 1] = keep_name(found, rows[i].node);
        found->targets->skus[k].size = rows[i].sku.size;
        found->targets->nodes[k].size = rows[i].node.size;
    }
    return found->targets->count < found->room;
}

static int find_stock(atp_cli_t *cli, uint32_t most, atp_bench_targets_t *targets)
{
    found_t found = {.targets = targets, .room = most};
    atp_page_ask_t ask = {.cursor = 0};

    targets->skus = atp_cli_alloc(most, sizeof *targets->skus);
    targets->nodes = atp_cli_alloc(most, sizeof *targets->nodes);
    found.at = atp_cli_alloc(most, 2 * sizeof *found.at);
    int status = atp_pages_walk(cli, atp_client_positions, &ask, most, take_positions, &found);
    for (uint32_t k = 0; k < targets->count; k++) {
        targets->skus[k].bytes = targets->names + found.at[2 * k];
        targets->nodes[k].bytes = targets->names + found.at[2 * k + 1];
    }
    free(found.at);
    targets->rank_count = targets->count;
    if (status == ATP_CLI_DONE && targets->count == 0) {
        status = atp_cli_fail(cli, ATP_CLI_USAGE, "not_found",
                              "there is no stock yet to use: leave out --use-existing, or atp load some");
    }
    return status;
}

/* ---- drawing ---- */

void atp_bench_target(const atp_bench_targets_t *targets, uint64_t seed, uint64_t n, atp_text_t *ret_sku,
                      atp_text_t *ret_node)
{
    atp_random_t random;
    uint64_t rank;

    atp_random_init(&random, atp_random_mix(seed) ^ n);
    if (targets->zipf != NULL) {
        rank = atp_zipf_rank(targets->zipf, atp_random_next(&random));
    } else {
        rank = atp_random_below(&random, targets->rank_count);
    }
    *ret_sku = targets->skus[rank];
    *ret_node = targets->nodes_per_sku == 0
                    ? targets->nodes[rank]
                    : targets->nodes[atp_random_below(&random, targets->nodes_per_sku)];
}

int atp_bench_targets_make(atp_cli_t *cli, const atp_bench_options_t *options,
                           atp_bench_targets_t *ret_targets)
{
    int status;

    memset(ret_targets, 0, sizeof *ret_targets);
    if (!atp_session_open(cli, &status)) {
        return status;
    }
    if (options->uses_existing) {
        status =
            find_stock(cli, options->is_hot ? 1 : (uint32_t)(options->skus * options->nodes), ret_targets);
    } else {
        name_targets(options, ret_targets);
        status = make_stock(cli, ret_targets);
    }
    if (status == ATP_CLI_DONE && options->spread == ATP_BENCH_ZIPF && ret_targets->rank_count > 1 &&
        atp_zipf_create(ret_targets->rank_count, 1.0, &ret_targets->zipf) != ATP_OK) {
        status = atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "no memory for the demand");
    }
    return status;
}

void atp_bench_targets_fini(atp_bench_targets_t *targets)
{
    atp_zipf_destroy(targets->zipf);
    free(targets->skus);
    free(targets->nodes);
    free(targets->names);
}

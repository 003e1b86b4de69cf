#include "perf/stock.h"

#include "perf/bench.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHUNK 1000 /* records made before they are applied */

void bench_ops_free(bench_ops_t *ops)
{
    free(ops->bytes);
    *ops = (bench_ops_t){0};
}

atp_ledger_config_t bench_stock_config(uint64_t positions, uint64_t reservations, uint64_t lines)
{
    atp_ledger_config_t config = atp_ledger_config_default();
    uint64_t skus = positions / BENCH_NODES_PER_SKU + 1;

    config.hash_seed = UINT64_C(0x5eed5eed12345678);
    config.skus = skus;
    config.nodes = BENCH_NODES_PER_SKU;
    config.positions = positions;
    config.reservations = reservations;
    config.lines = lines;
    config.outcomes = reservations + 1024;
    config.ids_per_client = config.outcomes;
    config.string_bytes = (UINT64_C(16) << 20) + skus * 64 + reservations * 64;
    return config;
}

uint32_t bench_stock_skus(const bench_stock_t *stock)
{
    return (uint32_t)((stock->positions + stock->nodes_per_sku - 1) / stock->nodes_per_sku);
}

/* ---- records ---- */

static void need_room(bench_ops_t *ops)
{
    if (ops->capacity - ops->size >= ATP_OP_SIZE_MAX) {
        return;
    }
    ops->capacity = ops->capacity * 2 + 4 * ATP_OP_SIZE_MAX;
    ops->bytes = realloc(ops->bytes, ops->capacity);
    bench_check(ops->bytes != NULL, "no memory for %zu bytes of op records", ops->capacity);
}

static void add(const bench_stock_t *stock, bench_ops_t *ops, const atp_command_t *command, bool is_fact)
{
    const atp_op_context_t context = {.catalog = stock->catalog,
                                      .seed = stock->seed,
                                      .client_name = ATP_TEXT("bench"),
                                      .client = ATP_CLIENT_ENGINE,
                                      .in_source = is_fact};
    atp_result_t fault;
    size_t size;

    need_room(ops);
    atp_verdict_t verdict =
        atp_op_encode(command, &context, ops->bytes + ops->size, ops->capacity - ops->size, &size, &fault);
    bench_check(verdict == ATP_APPLIED, "a record was refused: %s", atp_verdict_name(verdict));
    ops->size += size;
    ops->count++;
    ops->line_count += command->line_count > 0 ? command->line_count : 1;
}

typedef struct name {
    char bytes[24];
} name_t;

static atp_text_t sku_name(uint64_t sku, name_t *name)
{
    return (atp_text_t){name->bytes,
                        (uint32_t)snprintf(name->bytes, sizeof name->bytes, "SKU-%08" PRIu64, sku)};
}

static atp_text_t node_name(uint64_t node, name_t *name)
{
    return (atp_text_t){name->bytes,
                        (uint32_t)snprintf(name->bytes, sizeof name->bytes, "node-%03" PRIu64, node)};
}

void bench_add_sku(const bench_stock_t *stock, bench_ops_t *ops, uint32_t sku)
{
    name_t name;
    atp_command_line_t line = {.sku = sku_name(sku, &name)};

    add(stock, ops, &(atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line}, true);
}

void bench_add_node(const bench_stock_t *stock, bench_ops_t *ops, uint32_t node)
{
    name_t name;
    atp_command_line_t line = {.node = node_name(node, &name)};

    add(stock, ops, &(atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, true);
}

static atp_command_line_t line_of(const bench_stock_t *stock, bench_line_t line, name_t names[2])
{
    return (atp_command_line_t){.sku = sku_name(line.position / stock->nodes_per_sku, &names[0]),
                                .node = node_name(line.position % stock->nodes_per_sku, &names[1]),
                                .mantissa = line.qty};
}

void bench_add_receive(const bench_stock_t *stock, bench_ops_t *ops, uint64_t position, atp_qty_t qty)
{
    name_t names[2];
    atp_command_line_t line = line_of(stock, (bench_line_t){position, qty}, names);

    add(stock, ops, &(atp_command_t){.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &line}, true);
}

void bench_add_reserve(const bench_stock_t *stock, bench_ops_t *ops, uint64_t number,
                       const bench_line_t *lines, uint32_t line_count)
{
    name_t names[BENCH_LINES_MAX][2];
    atp_command_line_t command_lines[BENCH_LINES_MAX];
    char id[24];
    char owner[24];

    bench_check(line_count <= BENCH_LINES_MAX, "too many lines");
    for (uint32_t i = 0; i < line_count; i++) {
        command_lines[i] = line_of(stock, lines[i], names[i]);
    }
    (void)snprintf(id, sizeof id, "cart-%012" PRIu64, number);
    (void)snprintf(owner, sizeof owner, "user-%07u", atp_mix32((uint32_t)number) % 1000003u);
    add(stock, ops,
        &(atp_command_t){.kind = ATP_OP_RESERVE,
                         .id = atp_text_of(id),
                         .owner = atp_text_of(owner),
                         .issued_ms = stock->issued_ms,
                         .line_count = line_count,
                         .lines = command_lines},
        false);
}

/* ---- a ledger ---- */

atp_ledger_t *bench_ledger_create(const atp_ledger_config_t *config)
{
    _Alignas(8) unsigned char record[4096];
    atp_ledger_t *ledger;
    atp_result_t result;
    atp_why_t why = {""};

    bench_check(atp_ledger_create(config, &ledger, &why) == ATP_OK, "%s", why.text);
    (void)atp_op_encode_config(record, ATP_OP_GENESIS, config);
    (void)atp_ledger_apply(ledger, (const atp_op_t *)(const void *)record, BENCH_START_MS, &result, NULL);
    bench_check(result.verdict == ATP_APPLIED, "genesis: %s", atp_verdict_name(result.verdict));
    return ledger;
}

void bench_apply_all(atp_ledger_t *ledger, const bench_ops_t *ops, int64_t now_ms)
{
    const atp_op_t *op = (const atp_op_t *)(const void *)ops->bytes;
    atp_result_t result;
    atp_grant_t grants[BENCH_LINES_MAX];

    for (uint32_t i = 0; i < ops->count; i++) {
        (void)atp_ledger_apply(ledger, op, now_ms, &result, grants);
        bench_check(result.verdict == ATP_APPLIED, "op %u: %s", i, atp_verdict_name(result.verdict));
        op = atp_op_next(op);
    }
}

static void flush(bench_ops_t *ops, atp_ledger_t *ledger, bool is_last)
{
    if (ops->count >= CHUNK || is_last) {
        bench_apply_all(ledger, ops, BENCH_START_MS);
        bench_ops_clear(ops);
    }
}

void bench_stock_fill(bench_stock_t *stock, atp_ledger_t *ledger, atp_qty_t qty)
{
    bench_ops_t ops = {0};

    for (uint32_t node = 0; node < stock->nodes_per_sku; node++) {
        bench_add_node(stock, &ops, node);
    }
    flush(&ops, ledger, true);
    for (uint32_t sku = 0; sku < bench_stock_skus(stock); sku++) {
        bench_add_sku(stock, &ops, sku);
        flush(&ops, ledger, false);
    }
    flush(&ops, ledger, true);
    for (uint64_t position = 0; position < stock->positions; position++) {
        bench_add_receive(stock, &ops, position, qty);
        flush(&ops, ledger, false);
    }
    flush(&ops, ledger, true);
    bench_ops_free(&ops);
}

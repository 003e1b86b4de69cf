/* What dated supply costs those who do not ask for it, and those who do: a plain reserve of a SKU with 50,000 dated supplies
 * beside one of a SKU without, a reserve against a day, and what may be promised on each of 730 days.
 *
 *     atp_bench_supply [--smoke] [--supplies N] [--reserves N]
 *
 * Plain and dated take turns in blocks, and the best block of each counts: a ratio of one run. It ends with status 1 when the
 * plain reserve is slowed by more than half. */
#include "engine/base/attribute.h"
#include "perf/bench.h"
#include "perf/stock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK          500 /* reserves that are timed together */
#define RECORD_SIZE    512 /* no record of one line is longer */
#define DAYS           730
#define SCHEDULES      2000
#define SLOWED_AT_MOST 1.5

typedef struct bench {
    atp_ledger_t *ledger;
    unsigned char *record;
    atp_grant_t *grants;
    uint64_t next_id;
} bench_t;

static void encode(bench_t *bench, atp_command_t command)
{
    char id[32];
    atp_op_context_t context = {.catalog = atp_ledger_catalog(bench->ledger),
                                .seed = atp_ledger_seed(bench->ledger),
                                .client_name = ATP_TEXT("bench"),
                                .client = ATP_CLIENT_ENGINE};
    atp_result_t fault;
    size_t size;

    (void)snprintf(id, sizeof id, "%llu", (unsigned long long)bench->next_id++);
    command.id = atp_text_of(id);
    command.issued_ms = BENCH_START_MS;
    bench_check(atp_op_encode(&command, &context, bench->record, ATP_OP_SIZE_MAX, &size, &fault) ==
                    ATP_APPLIED,
                "an op cannot be encoded: %s", atp_verdict_name(fault.verdict));
}

static void apply(bench_t *bench, atp_command_t command)
{
    atp_result_t result;

    encode(bench, command);
    (void)atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)bench->record, BENCH_START_MS,
                           &result, bench->grants);
    bench_check(result.verdict == ATP_APPLIED, "%s", atp_verdict_name(result.verdict));
}

static void fill(bench_t *bench, uint64_t supplies)
{
    atp_command_line_t line = {.node = ATP_TEXT("n")};

    apply(bench, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line});
    for (unsigned i = 0; i < 2; i++) {
        line = (atp_command_line_t){.sku = i == 0 ? ATP_TEXT("plain") : ATP_TEXT("dated")};
        apply(bench, (atp_command_t){.kind = ATP_OP_SKU, .line_count = 1, .lines = &line});
        line.node = ATP_TEXT("n");
        line.mantissa = 1000000000;
        apply(bench, (atp_command_t){.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &line});
    }
    for (uint64_t i = 0; i < supplies; i++) {
        char id[32];
        atp_attribute_t due = {.key = ATP_KEY_DUE,
                               .line = ATP_WHOLE_OP,
                               .number = BENCH_START_MS + (int64_t)(i * 7919 % DAYS) * ATP_DAY_MS};
        (void)snprintf(id, sizeof id, "po-%llu", (unsigned long long)i);
        line = (atp_command_line_t){ATP_TEXT("dated"), ATP_TEXT("n"), 10, 0};
        apply(bench, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                     .subject = atp_text_of(id),
                                     .line_count = 1,
                                     .lines = &line,
                                     .attribute_count = 1,
                                     .attributes = &due});
    }
}

/* ns a reserve, of one block: encoded first, then applied under one look at the clock. */
static double time_block(bench_t *bench, atp_text_t sku, const atp_attribute_t *needed_by, atp_qty_t qty)
{
    static _Alignas(8) unsigned char records[BLOCK][RECORD_SIZE];
    const atp_command_line_t line = {sku, ATP_TEXT("n"), qty, 0};

    for (unsigned i = 0; i < BLOCK; i++) {
        encode(bench, (atp_command_t){.kind = ATP_OP_RESERVE,
                                      .line_count = 1,
                                      .lines = &line,
                                      .attribute_count = needed_by != NULL,
                                      .attributes = needed_by});
        memcpy(records[i], bench->record, RECORD_SIZE);
    }
    uint64_t begun = bench_thread_ns();
    for (unsigned i = 0; i < BLOCK; i++) {
        atp_result_t result;
        (void)atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)records[i], BENCH_START_MS,
                               &result, bench->grants);
        bench_check(result.verdict == ATP_APPLIED, "%s", atp_verdict_name(result.verdict));
    }
    return (double)(bench_thread_ns() - begun) / BLOCK;
}

static double time_schedule(const bench_t *bench, unsigned count, atp_qty_t *ret_sum)
{
    static atp_qty_t added[DAYS];
    const atp_supply_book_t *book = atp_ledger_supplies(bench->ledger);
    int32_t today = atp_day_of(BENCH_START_MS);
    uint64_t begun = bench_thread_ns();

    for (unsigned i = 0; i < count; i++) {
        atp_supply_schedule(book, 1, today, today, DAYS, added); /* row 1: the dated one */
        *ret_sum += added[i % DAYS];
    }
    return (double)(bench_thread_ns() - begun) / count;
}

int main(int argc, char **argv)
{
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");
    uint64_t supplies = bench_flag(argc, argv, "--supplies", is_smoke ? 5000 : 50000);
    uint64_t reserves = bench_flag(argc, argv, "--reserves", is_smoke ? 10000 : 200000);
    atp_ledger_config_t config = bench_stock_config(16, 3 * reserves + 1000, 3 * reserves + 1000);
    bench_t bench = {.record = calloc(1, ATP_OP_SIZE_MAX),
                     .grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof(atp_grant_t))};
    double plain = 1e18;
    double dated = 1e18;
    atp_qty_t sum = 0;

    bench_check(bench.record != NULL && bench.grants != NULL, "no memory");
    config.skus = 2;
    config.supplies = supplies;
    config.pegs = 4 * BLOCK;
    config.outcomes = 4 * reserves + supplies + 1000;
    config.ids_per_client = config.outcomes;
    bench.ledger = bench_ledger_create(&config);
    fill(&bench, supplies);
    for (uint64_t done = 0; done < reserves; done += BLOCK) {
        double of_plain = time_block(&bench, ATP_TEXT("plain"), NULL, 1);
        double of_dated = time_block(&bench, ATP_TEXT("dated"), NULL, 1);
        plain = of_plain < plain ? of_plain : plain;
        dated = of_dated < dated ? of_dated : dated;
    }
    const atp_attribute_t by = {
        .key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = BENCH_START_MS + 400 * ATP_DAY_MS};
    double against = time_block(&bench, ATP_TEXT("dated"), &by, 1);
    double schedule = time_schedule(&bench, is_smoke ? 50 : SCHEDULES, &sum);

    bench_table("dated supplies of the SKU | what | ns each");
    bench_cell("0");
    bench_cell("plain reserve");
    bench_cell("%.0f", plain);
    bench_end_row();
    bench_cell("%s", bench_count(supplies));
    bench_cell("plain reserve");
    bench_cell("%.0f", dated);
    bench_end_row();
    bench_cell("%s", bench_count(supplies));
    bench_cell("reserve against a day 400 days ahead");
    bench_cell("%.0f", against);
    bench_end_row();
    bench_cell("%s", bench_count(supplies));
    bench_cell("what may be promised on each of %d days", DAYS);
    bench_cell("%.0f", schedule);
    bench_end_row();
    (void)printf("\nRatio of the plain reserves: %.2f. Sum %lld.\n", dated / plain, (long long)sum);
    bench_figure("supply_plain_reserve_ratio", dated / plain);
    bench_check(dated <= SLOWED_AT_MOST * plain,
                "a plain reserve takes %.2f times as long beside %llu supplies", dated / plain,
                (unsigned long long)supplies);
    atp_ledger_destroy(bench.ledger);
    free(bench.record);
    free(bench.grants);
    return 0;
}

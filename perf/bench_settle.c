/* What is due at once on one position: how long the one op takes that meets it, and what the engine makes of it: pulses that clear it
 * before the op.
 *
 *     atp_bench_settle [--smoke] [--reservations N] */
#include "perf/bench.h"
#include "perf/stock.h"

#define PULSE_RESERVATIONS 1000 /* as the engine has it */

typedef struct bench {
    bench_stock_t stock;
    atp_ledger_t *ledger;
    bench_ops_t ops;
    uint64_t reservations;
    int64_t due_ms;
} bench_t;

/* All stock of one position in reservations of one unit, with the same deadline. */
static void open_ledger(bench_t *bench)
{
    const bench_line_t line = {0, 1};
    atp_ledger_config_t config = bench_stock_config(1, bench->reservations + 1, bench->reservations + 1);

    bench->ledger = bench_ledger_create(&config);
    bench->stock = (bench_stock_t){.catalog = atp_ledger_catalog(bench->ledger),
                                   .seed = config.hash_seed,
                                   .positions = 1,
                                   .nodes_per_sku = 1,
                                   .issued_ms = BENCH_START_MS};
    bench_stock_fill(&bench->stock, bench->ledger, (atp_qty_t)bench->reservations);
    for (uint64_t i = 0; i < bench->reservations; i++) {
        bench_add_reserve(&bench->stock, &bench->ops, i, &line, 1);
    }
    bench_apply_all(bench->ledger, &bench->ops, BENCH_START_MS);
    bench_ops_clear(&bench->ops);
    bench->due_ms = BENCH_START_MS + config.ttl_default_ms + 1000;
}

/* One reserve that meets all of it. */
static double time_reserve(bench_t *bench)
{
    const bench_line_t line = {0, (atp_qty_t)bench->reservations};

    open_ledger(bench);
    bench->stock.issued_ms = bench->due_ms;
    bench_add_reserve(&bench->stock, &bench->ops, bench->reservations, &line, 1);
    uint64_t begun = bench_thread_ns();
    bench_apply_all(bench->ledger, &bench->ops, bench->due_ms); /* all of the stock is free again */
    double ms = (double)(bench_thread_ns() - begun) / 1e6;
    bench_ops_clear(&bench->ops);
    atp_ledger_destroy(bench->ledger);
    return ms;
}

static double longer(double longest_ms, uint64_t begun)
{
    double ms = (double)(bench_thread_ns() - begun) / 1e6;

    return ms > longest_ms ? ms : longest_ms;
}

/* The longest of the pulses that clear it and the reserve after them, as the engine has them. */
static double time_pulses(bench_t *bench, unsigned *ret_ops)
{
    const bench_line_t line = {0, (atp_qty_t)bench->reservations};
    _Alignas(8) unsigned char record[sizeof(atp_op_t) + 64];
    double longest_ms = 0;

    open_ledger(bench);
    (void)atp_op_encode_pulse_now(record, PULSE_RESERVATIONS);
    for (*ret_ops = 1; atp_ledger_is_crowded(bench->ledger, bench->due_ms); ++*ret_ops) {
        atp_result_t result;
        uint64_t begun = bench_thread_ns();
        (void)atp_ledger_apply(bench->ledger, (const atp_op_t *)(const void *)record, bench->due_ms, &result,
                               NULL);
        longest_ms = longer(longest_ms, begun);
    }
    bench->stock.issued_ms = bench->due_ms;
    bench_add_reserve(&bench->stock, &bench->ops, bench->reservations, &line, 1);
    uint64_t begun = bench_thread_ns();
    bench_apply_all(bench->ledger, &bench->ops, bench->due_ms);
    longest_ms = longer(longest_ms, begun);
    bench_ops_clear(&bench->ops);
    atp_ledger_destroy(bench->ledger);
    return longest_ms;
}

int main(int argc, char **argv)
{
    bench_t bench = {.reservations = bench_flag(argc, argv, "--reservations",
                                                bench_has_flag(argc, argv, "--smoke") ? 5000 : 100000)};
    unsigned ops;

    double reserve_ms = time_reserve(&bench);
    double pulse_ms = time_pulses(&bench, &ops);
    bench_table("due at once on one position | what | ops | longest op, ms");
    bench_cell("%s", bench_count(bench.reservations));
    bench_cell("a reserve that meets all of them, by itself");
    bench_cell("1");
    bench_cell("%.1f", reserve_ms);
    bench_end_row();
    bench_cell("%s", bench_count(bench.reservations));
    bench_cell("pulses before the reserve, as in atpd");
    bench_cell("%u", ops);
    bench_cell("%.2f", pulse_ms);
    bench_end_row();
    bench_figure("settle_ms", reserve_ms);
    bench_figure("settle_op_ms", pulse_ms);
    bench_ops_free(&bench.ops);
    return 0;
}

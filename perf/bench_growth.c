/* A ledger that grows from nothing: every op is timed, and the longest pause is looked for.
 *
 *     atp_bench_growth [--smoke] [--positions N] [--reservations N]
 *
 * Twice: with a helper that keeps memory ready ahead of use, as the engine's keeper does, and without. A pause in whose
 * neighbourhood (a thousand ops) the kernel took the processor away from the thread is counted apart. */
#include "perf/bench.h"
#include "perf/stock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define CHUNK         1000
#define PAUSE_NS      1000000
#define AHEAD         ((size_t)64 << 20)
#define HELPER_NAP_NS 5000000

typedef struct bench {
    bench_stock_t stock;
    atp_ledger_t *ledger;
    bench_ops_t ops;
    uint64_t positions;
    uint64_t reservations;
    bool has_helper;
    _Atomic uint32_t is_over;
    /* of the phase under way */
    atp_histogram_t op_ns;
    uint64_t longest_undisturbed_ns;
    uint64_t pauses;
    uint64_t pauses_undisturbed;
} bench_t;

/* ---- the helper ---- */

static void *keep_ahead(void *argument)
{
    bench_t *bench = argument;
    const struct timespec nap = {0, HELPER_NAP_NS};

    while (atp_load_acquire(&bench->is_over) == 0) {
        bench_check(atp_ledger_populate_ahead(bench->ledger, AHEAD) == ATP_OK, "no memory ahead");
        (void)nanosleep(&nap, NULL);
    }
    return NULL;
}

/* ---- timing a chunk ---- */

/* How often the kernel took the processor away from this thread. */
static uint64_t times_taken_away(void)
{
    struct rusage usage;

    bench_check(getrusage(RUSAGE_THREAD, &usage) == 0, "getrusage");
    return (uint64_t)usage.ru_nivcsw;
}

static void apply_chunk(bench_t *bench)
{
    const atp_op_t *op = (const atp_op_t *)(const void *)bench->ops.bytes;
    uint64_t taken_away = times_taken_away();
    uint64_t longest = 0;
    uint64_t pauses = 0;
    uint64_t before = bench_now_ns();
    atp_result_t result;

    for (uint32_t i = 0; i < bench->ops.count; i++) {
        (void)atp_ledger_apply(bench->ledger, op, BENCH_START_MS, &result, NULL);
        uint64_t now = bench_now_ns();
        bench_check(result.verdict == ATP_APPLIED, "%s", atp_verdict_name(result.verdict));
        atp_histogram_record(&bench->op_ns, now - before);
        longest = now - before > longest ? now - before : longest;
        pauses += now - before > PAUSE_NS;
        before = bench_now_ns();
        op = atp_op_next(op);
    }
    bench_ops_clear(&bench->ops);
    bench->pauses += pauses;
    if (times_taken_away() == taken_away) {
        bench->pauses_undisturbed += pauses;
        bench->longest_undisturbed_ns =
            longest > bench->longest_undisturbed_ns ? longest : bench->longest_undisturbed_ns;
    }
}

static void apply_if_full(bench_t *bench)
{
    if (bench->ops.count >= CHUNK) {
        apply_chunk(bench);
    }
}

/* ---- the phases ---- */

static void begin_phase(bench_t *bench)
{
    atp_histogram_reset(&bench->op_ns);
    bench->longest_undisturbed_ns = 0;
    bench->pauses = 0;
    bench->pauses_undisturbed = 0;
}

static void end_phase(bench_t *bench, const char *what, const char *figure)
{
    char name[64];

    bench_cell("%s, %s", what, bench->has_helper ? "memory ahead" : "on first touch");
    bench_percentile_cells(&bench->op_ns, 1e3);
    bench_cell("%.0f", (double)bench->longest_undisturbed_ns / 1e3);
    bench_cell("%s", bench_count(bench->pauses));
    bench_cell("%s", bench_count(bench->pauses_undisturbed));
    bench_end_row();
    if (bench->has_helper) {
        (void)snprintf(name, sizeof name, "growth_%s_longest_ms", figure);
        bench_figure(name, (double)bench->longest_undisturbed_ns / 1e6);
    }
}

/* The catalogue grows with the stock: a SKU, then its positions. */
static void grow_positions(bench_t *bench)
{
    for (uint32_t node = 0; node < bench->stock.nodes_per_sku; node++) {
        bench_add_node(&bench->stock, &bench->ops, node);
    }
    apply_chunk(bench);
    for (uint64_t position = 0; position < bench->positions; position++) {
        if (position % bench->stock.nodes_per_sku == 0) {
            bench_add_sku(&bench->stock, &bench->ops, (uint32_t)(position / bench->stock.nodes_per_sku));
        }
        bench_add_receive(&bench->stock, &bench->ops, position, 1000);
        apply_if_full(bench);
    }
    apply_chunk(bench);
}

static void grow_reservations(bench_t *bench)
{
    bench->stock.issued_ms = BENCH_START_MS;
    for (uint64_t i = 0; i < bench->reservations; i++) {
        bench_line_t line = {atp_mix32((uint32_t)i) % bench->positions, 1};
        bench_add_reserve(&bench->stock, &bench->ops, i, &line, 1);
        apply_if_full(bench);
    }
    apply_chunk(bench);
}

/* ---- a run ---- */

static void open_ledger(bench_t *bench)
{
    atp_ledger_config_t config =
        bench_stock_config(bench->positions, bench->reservations + 1, bench->reservations + 1);
    uint64_t bytes = atp_ledger_config_bytes(&config);

    bench_check(bytes < atp_memory_available(), "this takes %s MiB of memory", bench_count(bytes >> 20));
    bench->ledger = bench_ledger_create(&config);
    bench->stock = (bench_stock_t){.catalog = atp_ledger_catalog(bench->ledger),
                                   .seed = config.hash_seed,
                                   .positions = bench->positions,
                                   .nodes_per_sku = BENCH_NODES_PER_SKU};
}

static uint64_t run(bench_t *bench, bool has_helper)
{
    uint64_t resident = bench_resident_bytes();
    pthread_t helper;

    bench->has_helper = has_helper;
    atp_store_relaxed(&bench->is_over, 0);
    open_ledger(bench);
    bench_check(!has_helper || atp_ledger_populate_ahead(bench->ledger, AHEAD) == ATP_OK, "no memory ahead");
    bench_check(!has_helper || pthread_create(&helper, NULL, keep_ahead, bench) == 0, "no thread");
    begin_phase(bench);
    grow_positions(bench);
    end_phase(bench, "positions", "positions");
    uint64_t grown = bench_resident_bytes() - resident;
    begin_phase(bench);
    grow_reservations(bench);
    end_phase(bench, "reservations", "reservations");
    atp_store_release(&bench->is_over, 1);
    bench_check(!has_helper || pthread_join(helper, NULL) == 0, "no end");
    uint64_t hash = atp_ledger_hash(bench->ledger);
    if (!has_helper) {
        (void)printf(
            "\nresident memory after the positions: %.1f bytes each, catalogue and fixed tables included\n",
            (double)grown / (double)bench->positions);
    }
    atp_ledger_destroy(bench->ledger);
    return hash;
}

int main(int argc, char **argv)
{
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");
    bench_t *bench = aligned_alloc(ATP_CACHE_LINE, (sizeof *bench / ATP_CACHE_LINE + 1) * ATP_CACHE_LINE);

    bench_check(bench != NULL, "no memory");
    memset(bench, 0, sizeof *bench);
    bench->positions = bench_flag(argc, argv, "--positions", is_smoke ? 40000 : 5000000);
    bench->reservations = bench_flag(argc, argv, "--reservations", bench->positions / 10);
    (void)printf("0 to %s positions of %u nodes a SKU, then 0 to %s reservations; times in microseconds.\n",
                 bench_count(bench->positions), BENCH_NODES_PER_SKU, bench_count(bench->reservations));
    bench_table(
        "growing | " BENCH_PERCENTILES
        " | longest, processor not taken away | pauses above 1 ms | of these, processor not taken away");
    uint64_t hash = run(bench, true);
    bench_check(run(bench, false) == hash, "two runs of the same ops end in different states");
    (void)printf("\nstate hash, the same in both runs: %016llx\n", (unsigned long long)hash);
    bench_ops_free(&bench->ops);
    free(bench);
    return 0;
}

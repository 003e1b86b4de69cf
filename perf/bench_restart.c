/* The engine on a real disk, without the wire: durable reserves, what a snapshot does to their latency, and how long a
 * restart takes.
 *
 *     atp_bench_restart [--smoke] [--positions N] [--tail N] [--seconds N] [--data DIR]
 *
 * Builds the positions, takes a snapshot, stops and starts; then reserves `tail` more, stops without a snapshot and
 * starts again, which is a snapshot load and a replay. The state hash must be the same before and after. */
#include "loaders/generate/random.h"
#include "perf/bench.h"
#include "perf/flights.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BATCH_OPS      1000
#define LOADED_OPS     64
#define POPULATE_AHEAD ((size_t)8 << 20) /* of the daemon */

typedef struct bench {
    char folder[512];
    atp_engine_t *engine;
    atp_ledger_config_t config;
    bench_stock_t stock;
    flights_t flights;
    atp_random_t random;
    uint64_t next_reservation;
    uint64_t tail;
    uint64_t seconds;
    atp_histogram_t quiet_ns;
    atp_histogram_t snapshot_ns;
} bench_t;

/* ---- the engine ---- */

static void lost(void *context, atp_err_t err, const char *what)
{
    (void)context;
    bench_check(false, "%s: %s", what, atp_err_name(err));
}

static void open_engine(bench_t *bench, atp_recovery_t *ret_recovery)
{
    const atp_engine_options_t options = {.data_folder = bench->folder,
                                          .proposal = &bench->config,
                                          .populate_ahead = POPULATE_AHEAD,
                                          .snapshot_pool_pieces = 16384,
                                          .snapshot_pause_us = 2000,
                                          .fatal = lost};
    atp_why_t why = {""};

    bench_check(atp_engine_open(&options, &bench->engine, ret_recovery, &why) == ATP_OK, "%s", why.text);
    bench->flights.engine = bench->engine;
    bench->stock.catalog = atp_ledger_catalog(atp_engine_ledger(bench->engine));
    bench->stock.seed = atp_ledger_seed(atp_engine_ledger(bench->engine));
}

static void start_engine(bench_t *bench)
{
    atp_why_t why = {""};

    bench_check(atp_engine_start(bench->engine, &why) == ATP_OK, "%s", why.text);
}

/* Stops without a last snapshot; returns the state hash. */
static uint64_t stop_engine(bench_t *bench)
{
    flights_wait_all(&bench->flights);
    atp_engine_stop(bench->engine, false);
    return atp_ledger_hash(atp_engine_ledger(bench->engine));
}

typedef struct snapshots {
    uint64_t completed;
    uint64_t given_up; /* the pool of copied pieces was full: the disk was busy */
    uint64_t took_ms;
} snapshots_t;

static snapshots_t snapshots_of(const bench_t *bench)
{
    atp_engine_stats_t stats;

    atp_engine_stats(bench->engine, &stats);
    return (snapshots_t){stats.snapshots_completed, stats.snapshots_failed, stats.snapshot_took_ms};
}

/* Asks for a snapshot, again if it is given up, until one is complete; returns ms. */
static uint64_t take_snapshot(bench_t *bench)
{
    const struct timespec nap = {0, 2000000};
    snapshots_t before = snapshots_of(bench);
    snapshots_t now = before;

    atp_engine_request_snapshot(bench->engine);
    while (now.completed == before.completed) {
        (void)nanosleep(&nap, NULL);
        snapshots_t seen = snapshots_of(bench);
        if (seen.given_up != now.given_up) {
            atp_engine_request_snapshot(bench->engine);
        }
        now = seen;
    }
    return now.took_ms;
}

/* ---- ops ---- */

static void launch_if_full(bench_t *bench, flight_t **flight, atp_class_t class, bool is_last)
{
    if ((*flight)->ops.count >= BATCH_OPS || (is_last && (*flight)->ops.count > 0)) {
        flights_launch(&bench->flights, class);
        *flight = flights_take(&bench->flights);
    }
}

static double fill(bench_t *bench)
{
    uint64_t begin = bench_now_ns();
    flight_t *flight = flights_take(&bench->flights);

    for (uint32_t node = 0; node < bench->stock.nodes_per_sku; node++) {
        bench_add_node(&bench->stock, &flight->ops, node);
    }
    for (uint32_t sku = 0; sku < bench_stock_skus(&bench->stock); sku++) {
        bench_add_sku(&bench->stock, &flight->ops, sku);
        launch_if_full(bench, &flight, ATP_CLASS_BULK, false);
    }
    launch_if_full(bench, &flight, ATP_CLASS_BULK, true);
    flights_wait_all(&bench->flights);
    flight = flights_take(&bench->flights);
    for (uint64_t position = 0; position < bench->stock.positions; position++) {
        bench_add_receive(&bench->stock, &flight->ops, position, ATP_QTY_MAX / 4);
        launch_if_full(bench, &flight, ATP_CLASS_BULK, false);
    }
    launch_if_full(bench, &flight, ATP_CLASS_BULK, true);
    flights_wait_all(&bench->flights);
    return (double)(bench_now_ns() - begin) / 1e9;
}

static void add_reserves(bench_t *bench, bench_ops_t *ops, uint32_t count)
{
    bench->stock.issued_ms = atp_engine_now_ms(bench->engine);
    for (uint32_t i = 0; i < count; i++) {
        bench_line_t line = {atp_random_below(&bench->random, bench->stock.positions), 1};
        bench_add_reserve(&bench->stock, ops, bench->next_reservation++, &line, 1);
    }
}

static double reserve_tail(bench_t *bench)
{
    uint64_t begin = bench_now_ns();

    for (uint64_t done = 0; done < bench->tail; done += BATCH_OPS) {
        flight_t *flight = flights_take(&bench->flights);
        add_reserves(bench, &flight->ops, BATCH_OPS);
        flights_launch(&bench->flights, ATP_CLASS_RESERVE);
    }
    flights_wait_all(&bench->flights);
    return (double)(bench_now_ns() - begin) / 1e9;
}

/* ---- latency, with and without a snapshot under way ---- */

/* One batch of 64 at a time, for `seconds`; with snapshots, one asked for when the last has ended, until one is complete
 * at least. Returns how many were. */
static snapshots_t measure_latency(bench_t *bench, bool with_snapshots, atp_histogram_t *histogram)
{
    uint64_t end = bench_now_ns() + bench->seconds * 1000000000u;
    snapshots_t first = snapshots_of(bench);
    snapshots_t last = first;

    if (with_snapshots) {
        atp_engine_request_snapshot(bench->engine);
    }
    while (bench_now_ns() < end || (with_snapshots && last.completed == first.completed)) {
        flight_t *flight = flights_take(&bench->flights);
        add_reserves(bench, &flight->ops, LOADED_OPS);
        flights_launch(&bench->flights, ATP_CLASS_RESERVE);
        atp_histogram_record(histogram, flights_wait(&bench->flights, flight));
        snapshots_t now = snapshots_of(bench);
        if (with_snapshots && now.completed + now.given_up != last.completed + last.given_up) {
            atp_engine_request_snapshot(bench->engine);
        }
        last = now;
    }
    return (snapshots_t){last.completed - first.completed, last.given_up - first.given_up, last.took_ms};
}

static void print_latency(bench_t *bench)
{
    (void)measure_latency(bench, false, &bench->quiet_ns);
    snapshots_t snapshots = measure_latency(bench, true, &bench->snapshot_ns);
    double ratio = (double)atp_histogram_percentile(&bench->snapshot_ns, 990000) /
                   (double)atp_histogram_percentile(&bench->quiet_ns, 990000);

    (void)printf("\nDurable reserves, one batch of %d at a time, latency in microseconds:\n", LOADED_OPS);
    bench_table("meanwhile | " BENCH_PERCENTILES);
    bench_cell("nothing");
    bench_percentile_cells(&bench->quiet_ns, 1e3);
    bench_end_row();
    bench_cell("snapshots, one after the other: %s complete, %s given up", bench_count(snapshots.completed),
               bench_count(snapshots.given_up));
    bench_percentile_cells(&bench->snapshot_ns, 1e3);
    bench_end_row();
    (void)printf("\np99 with a snapshot under way / without: %.2f\n", ratio);
    bench_figure("snapshot_p99_ratio", ratio);
}

/* ---- restart ---- */

static atp_recovery_t restart(bench_t *bench, uint64_t hash, double *ret_seconds)
{
    atp_recovery_t recovery;

    atp_engine_close(bench->engine);
    uint64_t begin = bench_now_ns();
    open_engine(bench, &recovery);
    *ret_seconds = (double)(bench_now_ns() - begin) / 1e9;
    bench_check(atp_ledger_hash(atp_engine_ledger(bench->engine)) == hash,
                "the state after a restart is another");
    return recovery;
}

static uint64_t folder_bytes;

static int add_size(const char *path, const struct stat *status, int type)
{
    (void)path;
    folder_bytes += type == FTW_F ? (uint64_t)status->st_blocks * 512 : 0;
    return 0;
}

static void row(const char *what, const char *format, double value)
{
    bench_cell("%s", what);
    bench_cell(format, value);
    bench_end_row();
}

static void measure_restarts(bench_t *bench, double fill_s, uint64_t snapshot_ms)
{
    double load_s;
    double restart_s;

    (void)restart(bench, stop_engine(bench), &load_s);
    start_engine(bench);
    double tail_s = reserve_tail(bench);
    uint64_t hash = stop_engine(bench);
    atp_recovery_t recovery = restart(bench, hash, &restart_s);
    bench_check(recovery.replayed_ops >= bench->tail, "the tail was not replayed");
    double replay = (double)recovery.replayed_ops / (double)(recovery.replay_ms + 1) / 1e3;
    folder_bytes = 0;
    bench_check(ftw(bench->folder, add_size, 16) == 0, "the data folder cannot be read");

    bench_table("what | figure");
    row("positions filled, durable, million ops a second", "%.2f",
        (double)bench->stock.positions / fill_s / 1e6);
    row("tail reserved, durable, batches of 1,000, million a second", "%.2f",
        (double)bench->tail / tail_s / 1e6);
    row("snapshot of the positions, taken in, s", "%.2f", (double)snapshot_ms / 1e3);
    row("restart from the snapshot alone, read from disk, s", "%.2f", load_s);
    row("restart from snapshot and tail, s", "%.2f", restart_s);
    row("ops replayed, million", "%.2f", (double)recovery.replayed_ops / 1e6);
    row("replay, million ops a second", "%.2f", replay);
    row("data folder, MiB", "%.0f", (double)folder_bytes / 1048576);
    (void)printf("\nstate hash before and after: %016llx\n", (unsigned long long)hash);
    bench_figure("restart_s", restart_s);
    bench_figure("replay_per_us", replay);
    bench_figure("engine_reserve_per_us", (double)bench->tail / tail_s / 1e6);
}

/* ---- all of it ---- */

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void make_folder(bench_t *bench, const char *parent)
{
    (void)snprintf(bench->folder, sizeof bench->folder, "%s/atp-bench-XXXXXX", parent);
    bench_check(mkdtemp(bench->folder) != NULL, "no folder can be made in %s", parent);
}

static void plan(bench_t *bench, int argc, char **argv, bool is_smoke)
{
    uint64_t positions = bench_flag(argc, argv, "--positions", is_smoke ? 20000 : 1000000);

    bench->tail = bench_flag(argc, argv, "--tail", is_smoke ? 20000 : 1000000) / BATCH_OPS * BATCH_OPS;
    bench->seconds = bench_flag(argc, argv, "--seconds", is_smoke ? 1 : 10);
    uint64_t reservations = bench->tail + (bench->seconds * 2 + 60) * 500000;
    if (is_smoke) {
        reservations = 2000000;
    }
    bench->config = bench_stock_config(positions, reservations, reservations);
    bench->config.ttl_default_ms = INT64_C(24) * 3600 * 1000; /* nothing expires meanwhile */
    bench->stock = (bench_stock_t){.positions = positions, .nodes_per_sku = BENCH_NODES_PER_SKU};
    atp_random_init(&bench->random, 1);
}

int main(int argc, char **argv)
{
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");
    bench_t *bench = aligned_alloc(ATP_CACHE_LINE, (sizeof *bench / ATP_CACHE_LINE + 1) * ATP_CACHE_LINE);
    atp_recovery_t recovery;

    bench_check(bench != NULL, "no memory");
    memset(bench, 0, sizeof *bench);
    plan(bench, argc, argv, is_smoke);
    make_folder(bench, bench_text_flag(argc, argv, "--data", "."));
    open_engine(bench, &recovery);
    start_engine(bench);
    double fill_s = fill(bench);
    uint64_t snapshot_ms = take_snapshot(bench);
    (void)printf("%s positions, tail of %s reserves of one line.\n", bench_count(bench->stock.positions),
                 bench_count(bench->tail));
    measure_restarts(bench, fill_s, snapshot_ms);
    start_engine(bench);
    print_latency(bench);
    (void)stop_engine(bench);
    bench_check(bench->flights.refused == 0, "%s ops were refused", bench_count(bench->flights.refused));
    atp_engine_close(bench->engine);
    flights_free(&bench->flights);
    (void)nftw(bench->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(bench);
    return 0;
}

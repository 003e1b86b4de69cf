/* The ledger core, in process, beside a bare loop over the same cache lines (perf/bare.h).
 *
 *     atp_bench_ledger [--smoke] [--large] [--positions N] [--ops N] [--case N]
 *
 * Ops are made a thousand at a time, as they come from the wire, outside the timed part; the ledger and the bare loop take
 * turns over the same ops. "Batched" is what the engine does: prefetch a few ops ahead. Rates are by the time the thread
 * ran; the time of a single op is by the clock, with the 25 ns that reading it takes. */
#include "engine/ahead.h"
#include "loaders/generate/random.h"
#include "loaders/generate/zipf.h"
#include "perf/bare.h"
#include "perf/bench.h"
#include "perf/stock.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK         1000
#define TURNS         8
#define BARE_AHEAD    (BARE_STEPS * ATP_AHEAD_GAP)
#define READ_GAP      6 /* reads between two steps of one read: they are short */
#define STOCK_QTY     ATP_QTY_MAX / 4
#define ZIPF_EXPONENT 0.9

typedef enum pattern { UNIFORM, ZIPF, HOT } pattern_t;

typedef struct bench {
    bench_stock_t stock;
    atp_ledger_t *ledger;
    bare_t *bare;
    atp_zipf_t *zipf; /* over SKUs */
    atp_random_t random;
    uint64_t next_reservation;
    uint64_t ops_per_case;
    int64_t now_ms;
    uint64_t bare_sum;
    uint64_t units_granted;
    uint64_t units_expected;
    bench_ops_t ops;
    atp_histogram_t single_ns;
} bench_t;

typedef struct bench_case {
    const char *name;
    const char *figure; /* NULL: no budget is held against it */
    pattern_t pattern;
    uint32_t lines;
    bool is_batched;
} bench_case_t;

static const bench_case_t cases[] = {
    {"1 line, one at a time, uniform", NULL, UNIFORM, 1, false},
    {"1 line, batched, uniform", "ledger_reserve", UNIFORM, 1, true},
    {"1 line, batched, Zipf 0.9 over SKUs", NULL, ZIPF, 1, true},
    {"1 line, batched, one hot SKU at one node", NULL, HOT, 1, true},
    {"4 lines, batched, uniform", NULL, UNIFORM, 4, true},
};
#define CASES (sizeof cases / sizeof cases[0])

/* ---- ops ---- */

static uint64_t pick(bench_t *bench, pattern_t pattern)
{
    uint64_t nodes = bench->stock.nodes_per_sku;

    switch (pattern) {
    case UNIFORM:
        return atp_random_below(&bench->random, bench->stock.positions);
    case ZIPF: {
        uint64_t sku = atp_zipf_rank(bench->zipf, atp_random_next(&bench->random));
        uint64_t position = atp_mix32((uint32_t)sku) % bench_stock_skus(&bench->stock) * nodes +
                            atp_random_below(&bench->random, nodes);
        return position % bench->stock.positions;
    }
    case HOT:
        break;
    }
    return bench->stock.positions / 2;
}

/* A thousand new reservations, stamped with a time that goes on by a millisecond. */
static void make_chunk(bench_t *bench, const bench_case_t *c)
{
    bench_line_t lines[BENCH_LINES_MAX];

    bench_ops_clear(&bench->ops);
    bench->now_ms++;
    bench->stock.issued_ms = bench->now_ms;
    for (uint32_t i = 0; i < CHUNK; i++) {
        for (uint32_t k = 0; k < c->lines; k++) {
            lines[k] = (bench_line_t){pick(bench, c->pattern), 1 + (atp_qty_t)(i % 3)};
            bench->units_expected += (uint64_t)lines[k].qty;
        }
        bench_add_reserve(&bench->stock, &bench->ops, bench->next_reservation++, lines, c->lines);
    }
}

static const atp_op_t *first_op(const bench_t *bench)
{
    return (const atp_op_t *)(const void *)bench->ops.bytes;
}

/* ---- one chunk, each way; returns ns ---- */

static void apply(bench_t *bench, const atp_op_t *op)
{
    atp_result_t result;
    atp_grant_t grants[BENCH_LINES_MAX];

    bool took = atp_ledger_apply(bench->ledger, op, bench->now_ms, &result, grants);
    bench_check(took && result.verdict == ATP_APPLIED, "reserve: %s", atp_verdict_name(result.verdict));
    bench->units_granted += (uint64_t)result.qty;
}

static uint64_t ledger_single(bench_t *bench)
{
    const atp_op_t *op = first_op(bench);
    uint64_t begin = bench_thread_ns();
    uint64_t before = bench_now_ns();

    for (uint32_t i = 0; i < bench->ops.count; i++) {
        apply(bench, op);
        op = atp_op_next(op);
        uint64_t now = bench_now_ns();
        atp_histogram_record(&bench->single_ns, now - before);
        before = now;
    }
    return bench_thread_ns() - begin;
}

static uint64_t ledger_batched(bench_t *bench)
{
    atp_ahead_t ahead;
    const atp_op_t *op;
    uint64_t begin = bench_thread_ns();

    atp_ahead_begin(&ahead, bench->ledger, first_op(bench), bench->ops.count);
    while ((op = atp_ahead_next(&ahead)) != NULL) {
        apply(bench, op);
    }
    return bench_thread_ns() - begin;
}

static uint64_t bare_single(bench_t *bench)
{
    const atp_op_t *op = first_op(bench);
    uint64_t begin = bench_thread_ns();

    for (uint32_t i = 0; i < bench->ops.count; i++) {
        bench->bare_sum += bare_reserve(bench->bare, op);
        op = atp_op_next(op);
    }
    return bench_thread_ns() - begin;
}

/* The ledger's way of looking ahead (engine/ahead.h), with the steps of the bare loop. */
static uint64_t bare_batched(bench_t *bench)
{
    const atp_op_t *ops[ATP_AHEAD_RING];
    const atp_op_t *next = first_op(bench);
    uint32_t count = bench->ops.count;
    uint64_t begin = bench_thread_ns();

    for (uint32_t turn = 0; turn < count + BARE_AHEAD; turn++) {
        if (turn < count) {
            ops[turn % ATP_AHEAD_RING] = next;
            next = atp_op_next(next);
        }
        for (uint32_t step = 0; step < BARE_STEPS; step++) {
            uint32_t i = turn - step * ATP_AHEAD_GAP; /* before its turn it is a huge number */
            if (i < count) {
                bare_prefetch(bench->bare, ops[i % ATP_AHEAD_RING], step);
            }
        }
        if (turn >= BARE_AHEAD) {
            bench->bare_sum += bare_reserve(bench->bare, ops[(turn - BARE_AHEAD) % ATP_AHEAD_RING]);
        }
    }
    return bench_thread_ns() - begin;
}

/* ---- a case: turns of both, the median of each ---- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

static void turn(bench_t *bench, const bench_case_t *c, uint64_t chunks, double *ret_ledger, double *ret_bare)
{
    atp_random_t random = bench->random;
    uint64_t first_reservation = bench->next_reservation;
    int64_t first_ms = bench->now_ms;
    uint64_t ledger_ns = 0;
    uint64_t bare_ns = 0;

    for (uint64_t i = 0; i < chunks; i++) {
        make_chunk(bench, c);
        ledger_ns += c->is_batched ? ledger_batched(bench) : ledger_single(bench);
    }
    uint64_t expected = bench->units_expected;
    bench->random = random; /* the same ops once more */
    bench->next_reservation = first_reservation;
    bench->now_ms = first_ms;
    for (uint64_t i = 0; i < chunks; i++) {
        make_chunk(bench, c);
        bare_ns += c->is_batched ? bare_batched(bench) : bare_single(bench);
    }
    bench->units_expected = expected;
    *ret_ledger = (double)(chunks * CHUNK) * 1e3 / (double)ledger_ns;
    *ret_bare = (double)(chunks * CHUNK) * 1e3 / (double)bare_ns;
}

static void run_case(bench_t *bench, const bench_case_t *c, const char *size)
{
    uint64_t chunks = bench->ops_per_case / CHUNK / TURNS / c->lines + 1;
    double ledger[TURNS];
    double bare[TURNS];
    char figure[64];

    atp_histogram_reset(&bench->single_ns);
    for (uint32_t i = 0; i < TURNS; i++) {
        turn(bench, c, chunks, &ledger[i], &bare[i]);
    }
    double ledger_rate = median(ledger, TURNS);
    double bare_rate = median(bare, TURNS);
    bench_cell("%s", c->name);
    bench_cell("%s", bench_count(chunks * CHUNK * TURNS));
    bench_cell("%.2f", ledger_rate);
    if (c->lines == 1) {
        bench_cell("%.2f", bare_rate);
        bench_cell("%.0f %%", 100 * ledger_rate / bare_rate);
    } else {
        bench_cell("-");
        bench_cell("-");
    }
    for (uint32_t k = 0; k < 4; k++) {
        static const uint32_t per_million[] = {500000, 990000, 999000, 1000000};
        if (c->is_batched) {
            bench_cell("-");
        } else {
            bench_cell("%.0f", (double)atp_histogram_percentile(&bench->single_ns, per_million[k]));
        }
    }
    bench_end_row();
    if (c->figure != NULL) {
        (void)snprintf(figure, sizeof figure, "%s_%s_ratio", c->figure, size);
        bench_figure(figure, ledger_rate / bare_rate);
        (void)snprintf(figure, sizeof figure, "%s_%s_per_us", c->figure, size);
        bench_figure(figure, ledger_rate);
    }
}

/* ---- availability ---- */

typedef struct place {
    uint32_t sku;
    uint16_t node;
} place_t;

static void prefetch_ledger(const atp_positions_t *positions, const place_t *place, uint32_t step)
{
    uint32_t row;

    if (step == 0) {
        atp_positions_prefetch_directory(positions, place->sku);
    } else if (step == 1) {
        atp_positions_prefetch_entry(positions, place->sku, place->node);
    } else if (atp_positions_guess(positions, place->sku, place->node, &row)) {
        __builtin_prefetch(atp_positions_at(positions, row));
    }
}

static uint64_t read_one(const bench_t *bench, const atp_positions_t *positions, const place_t *place)
{
    atp_position_view_t view;
    uint32_t row;

    bench_check(atp_positions_find(positions, place->sku, place->node, &row), "a position is missing");
    atp_positions_read(positions, row, &view);
    return (uint64_t)atp_view_atp(&view) + (uint64_t)(view.soonest_deadline_ms <= bench->now_ms);
}

static uint64_t read_ledger(bench_t *bench, const place_t *places, uint64_t *ret_ns)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    uint64_t begin = bench_thread_ns();
    uint64_t sum = 0;

    for (uint32_t i = 0; i < CHUNK; i++) {
        for (uint32_t step = 0; step < BARE_STEPS; step++) {
            uint32_t at = i + (BARE_STEPS - step) * READ_GAP;
            if (at < CHUNK) {
                prefetch_ledger(positions, &places[at], step);
            }
        }
        sum += read_one(bench, positions, &places[i]);
    }
    *ret_ns += bench_thread_ns() - begin;
    return sum;
}

static uint64_t read_bare(bench_t *bench, const place_t *places, uint64_t *ret_ns)
{
    uint64_t begin = bench_thread_ns();
    uint64_t sum = 0;

    for (uint32_t i = 0; i < CHUNK; i++) {
        for (uint32_t step = 0; step < BARE_STEPS; step++) {
            uint32_t at = i + (BARE_STEPS - step) * READ_GAP;
            if (at < CHUNK) {
                bare_prefetch_read(bench->bare, places[at].sku, places[at].node, step);
            }
        }
        sum += bare_read(bench->bare, places[i].sku, places[i].node);
    }
    *ret_ns += bench_thread_ns() - begin;
    return sum;
}

static void run_reads(bench_t *bench)
{
    uint64_t chunks = bench->ops_per_case / CHUNK + 1;
    place_t places[CHUNK];
    uint64_t ledger_ns = 0;
    uint64_t bare_ns = 0;
    uint64_t sum = 0;

    for (uint64_t i = 0; i < chunks; i++) {
        for (uint32_t k = 0; k < CHUNK; k++) {
            uint64_t position = pick(bench, UNIFORM);
            places[k] = (place_t){(uint32_t)(position / bench->stock.nodes_per_sku),
                                  (uint16_t)(position % bench->stock.nodes_per_sku)};
        }
        if (i % 2 == 0) {
            sum += read_ledger(bench, places, &ledger_ns);
        } else {
            sum += read_bare(bench, places, &bare_ns);
        }
    }
    double ledger_rate = (double)((chunks + 1) / 2 * CHUNK) * 1e3 / (double)ledger_ns;
    double bare_rate = (double)(chunks / 2 * CHUNK) * 1e3 / (double)bare_ns;
    bench->bare_sum += sum;
    bench_cell("availability of one position, batched, uniform");
    bench_cell("%s", bench_count(chunks * CHUNK));
    bench_cell("%.2f", ledger_rate);
    bench_cell("%.2f", bare_rate);
    bench_cell("%.0f %%", 100 * ledger_rate / bare_rate);
    for (int k = 0; k < 4; k++) {
        bench_cell("-");
    }
    bench_end_row();
}

/* ---- memory ---- */

static void print_memory(const bench_t *bench, const char *size)
{
    const atp_positions_t *positions = atp_ledger_positions(bench->ledger);
    const atp_reservations_t *reservations = atp_ledger_reservations(bench->ledger);
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_ledger_counts_t counts;
    char figure[64];

    atp_ledger_counts(bench->ledger, &counts);
    atp_ledger_tables(bench->ledger, tables);
    double rows = (double)atp_table_count(&positions->rows);
    double position_bytes = ((double)atp_positions_bytes(positions) + 8.0 * (double)counts.skus) / rows;
    double index_bytes =
        (double)atp_index_bytes(&reservations->index) / (double)atp_index_count(&reservations->index);
    bench_table("memory | bytes each");
    bench_cell("position: row and its part of the SKU's directory");
    bench_cell("%.1f", position_bytes);
    bench_end_row();
    bench_cell("reservation: record and index entry (%.1f)", index_bytes);
    bench_cell("%.1f", (double)sizeof(atp_reservation_t) + index_bytes);
    bench_end_row();
    bench_cell("line of a reservation");
    bench_cell("%zu", sizeof(atp_line_t));
    bench_end_row();
    bench_cell("its id (17 bytes) and owner (12 bytes), with the catalogue's names");
    bench_cell("%.1f", (double)counts.string_bytes / (double)counts.reservations_live);
    bench_end_row();
    bench_cell("remembered outcome: record and an index entry like the above");
    bench_cell("%.1f", 72 + index_bytes);
    bench_end_row();
    (void)snprintf(figure, sizeof figure, "bytes_per_position_%s", size);
    bench_figure(figure, position_bytes);
}

/* ---- a size ---- */

static void open_bench(bench_t *bench, uint64_t positions, uint64_t ops)
{
    uint64_t reservations = CASES * (ops + TURNS * CHUNK) + CHUNK;
    atp_ledger_config_t config = bench_stock_config(positions, reservations, 2 * reservations);
    uint64_t bytes = atp_ledger_config_bytes(&config) + (positions + reservations * 6) * 80;

    bench_check(bytes < atp_memory_available(), "%s positions need %s MiB of memory", bench_count(positions),
                bench_count(bytes >> 20));
    bench->ledger = bench_ledger_create(&config);
    bench->stock = (bench_stock_t){.catalog = atp_ledger_catalog(bench->ledger),
                                   .seed = config.hash_seed,
                                   .positions = positions,
                                   .nodes_per_sku = BENCH_NODES_PER_SKU};
    uint64_t begin = bench_now_ns();
    bench_stock_fill(&bench->stock, bench->ledger, STOCK_QTY);
    (void)printf(
        "\n%s positions, filled by ops in %.1f s; %s ops a case in %u turns; rates in million a second, "
        "times in ns.\n",
        bench_count(positions), (double)(bench_now_ns() - begin) / 1e9, bench_count(ops), TURNS);
    bench_check(atp_ledger_populate_ahead(bench->ledger, reservations * 128) == ATP_OK, "no memory");
    bench->bare = bare_create(positions, BENCH_NODES_PER_SKU, reservations);
    bench_check(atp_zipf_create(bench_stock_skus(&bench->stock), ZIPF_EXPONENT, &bench->zipf) == ATP_OK,
                "no memory for Zipf");
    atp_random_init(&bench->random, 1);
    bench->now_ms = BENCH_START_MS;
    bench->ops_per_case = ops;
}

static void check_result(bench_t *bench)
{
    atp_ledger_counts_t counts;
    atp_why_t why = {""};

    atp_ledger_counts(bench->ledger, &counts);
    bench_check(bench->units_granted == bench->units_expected, "granted %s of %s units",
                bench_count(bench->units_granted), bench_count(bench->units_expected));
    bench_check(counts.reservations_live == bench->next_reservation, "%s reservations are missing",
                bench_count(bench->next_reservation - counts.reservations_live));
    if (bench->stock.positions <= 100000) {
        bench_check(atp_ledger_check(bench->ledger, &why) == ATP_OK, "%s", why.text);
    }
    (void)printf("\nstate hash %016llx, granted %s units of as many asked, bare sum %016llx\n",
                 (unsigned long long)atp_ledger_hash(bench->ledger), bench_count(bench->units_granted),
                 (unsigned long long)bench->bare_sum);
}

/* `only`: the number of one case, for a profiler; CASES = all. */
static void run_size(uint64_t positions, uint64_t ops, const char *size, uint64_t only)
{
    bench_t *bench =
        aligned_alloc(ATP_CACHE_LINE, (sizeof *bench + ATP_CACHE_LINE - 1) / ATP_CACHE_LINE * ATP_CACHE_LINE);

    bench_check(bench != NULL, "no memory");
    memset(bench, 0, sizeof *bench);
    open_bench(bench, positions, ops);
    bench_table("reserve | n | ledger | bare loop | ratio | p50 | p99 | p99.9 | max");
    for (size_t i = 0; i < CASES; i++) {
        if (only == i || only == CASES) {
            run_case(bench, &cases[i], size);
        }
    }
    run_reads(bench);
    print_memory(bench, size);
    check_result(bench);
    atp_zipf_destroy(bench->zipf);
    bare_destroy(bench->bare);
    atp_ledger_destroy(bench->ledger);
    bench_ops_free(&bench->ops);
    free(bench);
}

int main(int argc, char **argv)
{
    uint64_t ops = bench_flag(argc, argv, "--ops", 1000000);
    uint64_t only = bench_flag(argc, argv, "--case", CASES);

    if (bench_has_flag(argc, argv, "--smoke")) {
        run_size(20000, 20000, "smoke", CASES);
        return 0;
    }
    run_size(bench_flag(argc, argv, "--positions", 1000000), ops, "1m", only);
    if (bench_has_flag(argc, argv, "--large")) {
        run_size(50000000, ops, "50m", only);
    }
    return 0;
}

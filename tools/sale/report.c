#include "tools/sale/sale.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct totals {
    atp_histogram_t availability_ns;
    atp_histogram_t reserve_ns;
    atp_histogram_t step_ns;
    uint64_t asked, granted, refused, allocated, shipped, cancelled, released, late, facts, errors;
} totals_t;

static void add(totals_t *totals, sale_actor_t *actor)
{
    atp_histogram_merge(&totals->availability_ns, &actor->availability_ns);
    atp_histogram_merge(&totals->reserve_ns, &actor->reserve_ns);
    atp_histogram_merge(&totals->step_ns, &actor->step_ns);
    totals->asked += atp_load_relaxed(&actor->asked);
    totals->granted += atp_load_relaxed(&actor->granted);
    totals->refused += atp_load_relaxed(&actor->refused);
    totals->allocated += atp_load_relaxed(&actor->allocated);
    totals->shipped += atp_load_relaxed(&actor->shipped);
    totals->cancelled += atp_load_relaxed(&actor->cancelled);
    totals->released += atp_load_relaxed(&actor->released);
    totals->late += atp_load_relaxed(&actor->late);
    totals->facts += atp_load_relaxed(&actor->facts);
    totals->errors += atp_load_relaxed(&actor->errors);
}

static void print_latency(const char *name, const atp_histogram_t *histogram, double seconds)
{
    uint64_t count = atp_histogram_count(histogram);

    printf("  %-14s %10" PRIu64 "  %10.0f/s  %8.3f  %8.3f  %8.3f  %8.3f\n", name, count,
           (double)count / seconds, (double)atp_histogram_percentile(histogram, 500000) / 1e6,
           (double)atp_histogram_percentile(histogram, 990000) / 1e6,
           (double)atp_histogram_percentile(histogram, 999000) / 1e6,
           (double)atp_histogram_max(histogram) / 1e6);
}

static void print_table(const sale_t *sale, const totals_t *totals, double seconds)
{
    printf("\nFlash sale: %u storefronts, %u SKUs at %u nodes, %.1f s, seed %" PRIu64 "\n\n",
           sale->options.storefronts, sale->catalogue.sku_count, sale->catalogue.node_count, seconds,
           sale->options.seed);
    printf("  %-14s %10s  %12s  %8s  %8s  %8s  %8s\n", "latency, ms", "n", "rate", "p50", "p99", "p99.9",
           "max");
    print_latency("availability", &totals->availability_ns, seconds);
    print_latency("reserve", &totals->reserve_ns, seconds);
    print_latency("order steps", &totals->step_ns, seconds);
    printf("\n  carts     %10" PRIu64 " granted, %" PRIu64
           " refused (not enough left when it was asked for)\n",
           totals->granted, totals->refused);
    printf("            %10" PRIu64 " given back, %" PRIu64 " expired, %" PRIu64 " bought too late\n",
           totals->released, sale->expired, totals->late);
    printf("  orders    %10" PRIu64 " allocated, %" PRIu64 " shipped, %" PRIu64 " cancelled\n",
           totals->allocated, totals->shipped, totals->cancelled);
    printf("  facts     %10" PRIu64 " published by WMS and POS\n", totals->facts);
    printf("  errors    %10" PRIu64 "\n", totals->errors);
}

static void print_json(const sale_t *sale, const totals_t *totals, double seconds)
{
    printf("{\"seconds\":%.3f,\"storefronts\":%u,\"skus\":%u,\"nodes\":%u,\"asked\":%" PRIu64
           ",\"granted\":%" PRIu64 ",\"refused\":%" PRIu64 ",\"released\":%" PRIu64 ",\"expired\":%" PRIu64
           ",\"late\":%" PRIu64 ",\"allocated\":%" PRIu64 ",\"shipped\":%" PRIu64 ",\"cancelled\":%" PRIu64
           ",\"facts\":%" PRIu64 ",\"errors\":%" PRIu64,
           seconds, sale->options.storefronts, sale->catalogue.sku_count, sale->catalogue.node_count,
           totals->asked, totals->granted, totals->refused, totals->released, sale->expired, totals->late,
           totals->allocated, totals->shipped, totals->cancelled, totals->facts, totals->errors);
    printf(",\"availability_p50_ns\":%" PRIu64 ",\"availability_p99_ns\":%" PRIu64
           ",\"reserve_p50_ns\":%" PRIu64 ",\"reserve_p99_ns\":%" PRIu64 "}\n",
           atp_histogram_percentile(&totals->availability_ns, 500000),
           atp_histogram_percentile(&totals->availability_ns, 990000),
           atp_histogram_percentile(&totals->reserve_ns, 500000),
           atp_histogram_percentile(&totals->reserve_ns, 990000));
}

void sale_report(const sale_t *sale, sale_actor_t *actors, uint32_t actor_count, double seconds)
{
    static totals_t totals;

    memset(&totals, 0, sizeof totals);
    for (uint32_t i = 0; i < actor_count; i++) {
        add(&totals, &actors[i]);
        if (actors[i].failure[0] != '\0') {
            fprintf(stderr, "sale: %s\n", actors[i].failure);
        }
    }
    if (sale->options.is_json) {
        print_json(sale, &totals, seconds);
    } else {
        print_table(sale, &totals, seconds);
    }
}

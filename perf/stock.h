/* A catalogue with stock, of any size, for benchmarks: `nodes_per_sku` positions of each SKU, position p being SKU
 * p / nodes_per_sku at node p % nodes_per_sku; and op records about it, made the way the daemon makes them.
 *
 * Threads     one at a time.
 * Memory      an op list grows as records are added; 8-byte aligned as the engine wants it. */
#ifndef ATP_PERF_STOCK_H
#define ATP_PERF_STOCK_H

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ledger.h"
#include "engine/ledger/ops/op.h"

#include <stdint.h>

#define BENCH_NODES_PER_SKU 40
#define BENCH_START_MS      INT64_C(1795253000000) /* ledger time at the first op */

typedef struct bench_ops {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    uint32_t count;
    uint32_t line_count;
} bench_ops_t;

void bench_ops_free(bench_ops_t *ops);
static inline void bench_ops_clear(bench_ops_t *ops)
{
    ops->size = 0;
    ops->count = 0;
    ops->line_count = 0;
}

typedef struct bench_stock {
    const atp_catalog_t *catalog; /* of the ledger the records are for; it may be empty yet */
    uint64_t seed;
    uint64_t positions;
    uint32_t nodes_per_sku;
    int64_t issued_ms; /* stamped on the records that follow */
} bench_stock_t;

/* A configuration with room for `positions`, and for `reservations` with `lines` in all. */
atp_ledger_config_t bench_stock_config(uint64_t positions, uint64_t reservations, uint64_t lines);

uint32_t bench_stock_skus(const bench_stock_t *stock);

/* One line of a reserve. */
typedef struct bench_line {
    uint64_t position;
    atp_qty_t qty;
} bench_line_t;

#define BENCH_LINES_MAX 16

/* Each adds one record to `ops`. `number` names the reservation. */
void bench_add_sku(const bench_stock_t *stock, bench_ops_t *ops, uint32_t sku);
void bench_add_node(const bench_stock_t *stock, bench_ops_t *ops, uint32_t node);
void bench_add_receive(const bench_stock_t *stock, bench_ops_t *ops, uint64_t position, atp_qty_t qty);
void bench_add_reserve(const bench_stock_t *stock, bench_ops_t *ops, uint64_t number,
                       const bench_line_t *lines, uint32_t line_count);

/* An empty ledger of `config`, after its genesis op; ends the process if it cannot be made. */
atp_ledger_t *bench_ledger_create(const atp_ledger_config_t *config);

/* Applies all records at `now_ms`; ends the process unless each is granted in full. */
void bench_apply_all(atp_ledger_t *ledger, const bench_ops_t *ops, int64_t now_ms);

/* Fills a ledger with the catalogue, and `qty` at every position. */
void bench_stock_fill(bench_stock_t *stock, atp_ledger_t *ledger, atp_qty_t qty);

#endif

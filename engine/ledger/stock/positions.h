/* Positions: one SKU at one node, the rows of the ledger, and how they are found.
 *
 * A row is one cache line. The ledger thread writes it under a version counter; any thread copies it without
 * a lock. Rows are found through the directory of their SKU: a small open-addressed table of (node, row),
 * in one arena for all SKUs, doubled when it is full. Directories are not state: they are rebuilt from the rows.
 *
 * Formulas    uncommitted = on_hand - unavailable - reserved - allocated
 *             atp         = uncommitted - safety            (signed; floored at 0 only for display)
 *             promisable  = atp - backordered + backorder limit, 0 where the position is not for sale (limits.h)
 * Threads     add, begin_change, end_change: ledger thread.   find, read, list, scale: any, no lock.
 * Memory      64 bytes a row, 8 bytes a directory entry (directories are 7/8 full at most); reserved at init.
 * Invariants  P1  reserved >= 0, allocated >= 0, unavailable >= 0, safety >= 0.
 *             P2  every bucket is within +-ATP_QTY_MAX.
 *             P3  reserved and allocated equal the sums over the row's live lines.
 *             P4  soonest_deadline_ms is that of the first line in the row's deadline order, or "never".
 *             P5  the version of a row only grows, and is even outside a change.
 *             P6  each (sku, node) is found through its directory at exactly one row.
 *             P7  ATP_POSITION_OVER_COMMITTED only while uncommitted < 0 and something is reserved or allocated.
 *             P8  a row that was merged into another (ATP_POSITION_IS_MERGED) has nothing, is in no directory, and leads to
 *                 a row of the same node, of the SKU that its SKU is now. */
#ifndef ATP_LEDGER_POSITIONS_H
#define ATP_LEDGER_POSITIONS_H

#include "engine/base/atomics.h"
#include "engine/base/qty.h"
#include "engine/ledger/stock/limits.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_NEVER_MS INT64_MAX /* a deadline that does not come */

/* Flags of a position. The ledger thread writes them. */
#define ATP_POSITION_OVER_COMMITTED 0x01 /* an exception told of it, and it still is */
#define ATP_POSITION_HAS_LIMITS     0x02 /* a record of limits stands beside the row */
#define ATP_POSITION_HAS_QUEUE      0x04 /* units wait for stock there */
#define ATP_POSITION_HAS_MISSING    0x08 /* units that could not be found count as unavailable: limits.h */
#define ATP_POSITION_HAS_AT_RISK    0x10 /* promises there have lost their supply, or had: supplies.h, D7 */
#define ATP_POSITION_IS_SERVING     0x20 /* its stock goes to them, in more than one op: it is nobody else's */
#define ATP_POSITION_IS_MERGED      0x40 /* all it had is at another row: its SKU was merged into another one */

typedef struct atp_position {
    _Atomic uint32_t version;
    uint32_t sku; /* with node: set when the row is added, never changed */
    uint16_t node;
    _Atomic uint16_t flags; /* ATP_POSITION_ */
    uint32_t
        last_line; /* ledger thread only: of its live lines in deadline order, line + 1; merged: that row + 1 */
    _Atomic int64_t on_hand;
    _Atomic int64_t unavailable;
    _Atomic int64_t reserved;
    _Atomic int64_t allocated;
    _Atomic int64_t safety;
    _Atomic int64_t soonest_deadline_ms; /* of its reserved lines; ATP_NEVER_MS if there is none */
} atp_position_t;

_Static_assert(sizeof(atp_position_t) == ATP_CACHE_LINE, "one row, one cache line; stored: no padding");

/* A row once written, as a reader sees it. */
typedef struct atp_position_view {
    uint32_t sku;
    uint16_t node;
    uint16_t flags;
    uint32_t version;
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    int64_t soonest_deadline_ms; /* at or before now: the view still counts what has expired; settle first */
    /* beside the row, where it has limits; else 0 */
    atp_qty_t backordered;
    atp_qty_t backorder_limit;
    bool is_withdrawn; /* not for sale */
} atp_position_view_t;

static inline atp_qty_t atp_view_uncommitted(const atp_position_view_t *view)
{
    return view->on_hand - view->unavailable - view->reserved - view->allocated;
}

static inline atp_qty_t atp_view_atp(const atp_position_view_t *view)
{
    return atp_view_uncommitted(view) - view->safety;
}

/* atp, but of stock that goes to promises at risk nothing is for sale. */
static inline atp_qty_t atp_view_for_sale(const atp_position_view_t *view)
{
    atp_qty_t atp = atp_view_atp(view);
    return (view->flags & ATP_POSITION_IS_SERVING) != 0 && atp > 0 ? 0 : atp;
}

/* What may be promised at most, signed: beyond stock as far as the limit allows. */
static inline atp_qty_t atp_view_promisable(const atp_position_view_t *view)
{
    return view->is_withdrawn ? 0 : atp_view_for_sale(view) - view->backordered + view->backorder_limit;
}

typedef struct atp_positions {
    atp_table_t rows;
    atp_limits_t limits; /* beside the rows that have some */

    _Atomic uint64_t *directories; /* by SKU: entry offset << 16 | log2 of capacity << 8 | flags | scale */
    _Atomic uint64_t *entries;     /* row + 1 << 16 | node; 0 = free */
    atp_arena_t directory_arena;
    atp_arena_t entry_arena;
    uint64_t entry_capacity;

    /* ledger thread only */
    uint64_t entries_used;
    uint64_t free_blocks[17]; /* by log2 of capacity: offset of the first free block + 1 */
} atp_positions_t;

ATP_MUST_USE atp_err_t atp_positions_init(atp_positions_t *positions, uint64_t sku_capacity,
                                          uint64_t capacity);
void atp_positions_fini(atp_positions_t *positions);

/* Notes the scale of a SKU, so that readers find it beside the directory. */
void atp_positions_set_scale(atp_positions_t *positions, uint32_t sku, uint8_t scale);

/* What is said of all positions of a SKU: bits beside its scale, found where the scale is. */
#define ATP_SKU_HAS_QUANTITIES 0x80u /* least, greatest and step of a line */
#define ATP_SKU_IS_KIT         0x40u /* or was one: set for good */
#define ATP_SKU_IS_RATIONED    0x20u /* a quota is over it or one of its tags */
#define ATP_SKU_HAS_BACKORDERS 0x10u /* a position of it has, or had, limits */
#define ATP_SKU_IS_WATCHED     0x08u /* a rule with levels is, or was, over it or one of its tags */
#define ATP_SKU_SCALE_MASK     0x07u

void atp_positions_set_sku(atp_positions_t *positions, uint32_t sku, unsigned flags);
void atp_positions_clear_sku(atp_positions_t *positions, uint32_t sku, unsigned flags);

/* Thread: any. */
static inline uint8_t atp_positions_scale(const atp_positions_t *positions, uint32_t sku)
{
    return (uint8_t)(atp_load_relaxed(&positions->directories[sku]) & ATP_SKU_SCALE_MASK);
}

static inline bool atp_positions_sku_has(const atp_positions_t *positions, uint32_t sku, unsigned flags)
{
    return (atp_load_relaxed(&positions->directories[sku]) & flags) != 0;
}

/* Finds the row. False if the SKU is not at that node. Thread: any. */
bool atp_positions_find(const atp_positions_t *positions, uint32_t sku, uint16_t node, uint32_t *ret_row);

/* Adds a row (room: asserted; not there yet). */
uint32_t atp_positions_add(atp_positions_t *positions, uint32_t sku, uint16_t node);

/* Puts the numbers of the rows of `sku` into `ret_rows`, in no stated order; returns how many there are. If that is more than
 * `capacity`, only the first `capacity` are written. Thread: any. */
uint32_t atp_positions_list(const atp_positions_t *positions, uint32_t sku, uint32_t *ret_rows,
                            uint32_t capacity);

static inline atp_position_t *atp_positions_at(const atp_positions_t *positions, uint32_t row)
{
    return atp_table_at(&positions->rows, row);
}

/* The row that has now what `row` had, which is `row` itself unless its SKU was merged into another. Thread: ledger. */
static inline uint32_t atp_positions_now(const atp_positions_t *positions, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(positions, row);

    while (ATP_UNLIKELY(
        (atp_load_relaxed(&((atp_position_t *)(uintptr_t)position)->flags) & ATP_POSITION_IS_MERGED) != 0)) {
        row = position->last_line - 1;
        position = atp_positions_at(positions, row);
    }
    return row;
}

/* Takes all rows of a SKU out of its directory: they are merged (asserted). */
void atp_positions_drop_directory(atp_positions_t *positions, uint32_t sku);

/* Copies a row. Never blocks; reads again while the writer is in it. Thread: any. */
void atp_positions_read(const atp_positions_t *positions, uint32_t row, atp_position_view_t *ret_view);

/* What a sum over many nodes needs of a row. */
typedef struct atp_position_stock {
    uint16_t node;
    uint16_t flags;
    atp_qty_t uncommitted;
    atp_qty_t promised; /* reserved + allocated */
    atp_qty_t safety;
    int64_t soonest_deadline_ms;
} atp_position_stock_t;

/* Reads no more than that. Never blocks; reads again while the writer is in the row. Thread: any. */
static inline atp_position_stock_t atp_positions_stock(const atp_positions_t *positions, uint32_t row)
{
    atp_position_t *position = atp_positions_at(positions, row);
    atp_position_stock_t stock;
    uint32_t version;

    do {
        version = atp_load_acquire(&position->version); /* ROW-R2 */
        stock.node = position->node;
        stock.flags = atp_load_relaxed(&position->flags);
        stock.promised = atp_load_relaxed(&position->reserved) + atp_load_relaxed(&position->allocated);
        stock.uncommitted =
            atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable) - stock.promised;
        stock.safety = atp_load_relaxed(&position->safety);
        stock.soonest_deadline_ms = atp_load_relaxed(&position->soonest_deadline_ms);
        atp_fence_acquire(); /* ROW-R1 */
    } while ((version & 1) != 0 || atp_load_relaxed(&position->version) != version);
    return stock;
}

/* Opens a row for change and closes it again. Between them only relaxed stores to its fields. */
static inline atp_position_t *atp_positions_begin_change(atp_positions_t *positions, uint32_t row)
{
    atp_position_t *position = atp_table_change(&positions->rows, row);
    uint32_t version = atp_load_relaxed(&position->version);

    atp_store_relaxed(&position->version, version + 1);
    /* ROW-W1 (release fence) pairs with ROW-R1. Orders: the odd version before the fields. Without it a
     * reader takes a new field under an old even version: a row that never existed. */
    atp_fence_release();
    return position;
}

static inline void atp_positions_end_change(atp_position_t *position)
{
    /* ROW-W2 (release) pairs with ROW-R2. Orders: the fields before the even version. */
    atp_store_release(&position->version, atp_load_relaxed(&position->version) + 1);
}

/* True if any of the flags is set. */
static inline bool atp_position_has(const atp_position_t *position, unsigned flags)
{
    return (atp_load_relaxed(&((atp_position_t *)position)->flags) & flags) != 0;
}

/* Sets or clears flags. Those that readers go by: inside a change. */
static inline void atp_position_set(atp_position_t *position, unsigned flags, bool is_set)
{
    unsigned old = atp_load_relaxed(&position->flags);

    atp_store_relaxed(&position->flags, (uint16_t)(is_set ? old | flags : old & ~flags));
}

static inline void atp_positions_prefetch_directory(const atp_positions_t *positions, uint32_t sku)
{
    __builtin_prefetch(&positions->directories[sku]);
}

void atp_positions_prefetch_entry(const atp_positions_t *positions, uint32_t sku, uint16_t node);

/* The row, if the first look into the directory finds it: for prefetching. False says nothing. */
bool atp_positions_guess(const atp_positions_t *positions, uint32_t sku, uint16_t node, uint32_t *ret_row);

/* Builds the directories from the rows. The scales are set before. */
void atp_positions_rebuild(atp_positions_t *positions);

/* Bytes of rows and directories in use. */
uint64_t atp_positions_bytes(const atp_positions_t *positions);

#endif

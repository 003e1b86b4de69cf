/* Demand that was not met: what planners ask for when they wonder how much more could have been sold.
 *
 * One record for each SKU, node and channel with such demand: how many requests were refused (no stock, no capacity, not in time, not
 * sold there now; not: faulty ones) and for how many
 * units, and how many units fell short in requests granted in part. Numbers only grow. The table is bounded: when it is full, demand
 * of what has no record yet is counted in record 0, which names nothing.
 *
 * Threads     ledger thread only.
 * Memory      56 bytes a record and an index entry, reserved at init.
 * Invariants  U1  each (SKU, node, channel) is found through the index at exactly one record. */
#ifndef ATP_LEDGER_DEMAND_H
#define ATP_LEDGER_DEMAND_H

#include "engine/base/err.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_DEMAND_ANY_NODE UINT16_MAX /* the request left the node open */
#define ATP_DEMAND_NO_SKU   UINT32_MAX /* record 0: of all that found no record */

typedef struct atp_demand_record {
    uint32_t sku;
    uint16_t node;
    uint16_t channel;
    uint64_t refused;      /* requests */
    atp_qty_t refused_qty; /* of the lines refused; stops at ATP_QTY_MAX */
    uint64_t in_part;      /* lines granted in part, or not at all beside others that were */
    atp_qty_t short_qty;   /* what they fell short by; stops at ATP_QTY_MAX */
    int64_t first_ms;
    int64_t last_ms;
} atp_demand_record_t;

_Static_assert(sizeof(atp_demand_record_t) == 56, "stored: no padding");

typedef struct atp_demand {
    atp_table_t records;
    atp_index_t index;
    const uint64_t *seed; /* borrowed */
} atp_demand_t;

/* One line that was not met. */
typedef struct atp_unmet {
    uint32_t sku;
    uint16_t node; /* or ATP_DEMAND_ANY_NODE */
    uint16_t channel;
    atp_qty_t qty; /* by how much */
    int64_t now_ms;
    bool is_refused; /* else granted in part */
} atp_unmet_t;

void atp_demand_count(atp_demand_t *demand, const atp_unmet_t *unmet);
/* What was not met of SKU `from` was not met of SKU `to`. Looks at every record: for an op that is rare. */
void atp_demand_merge(atp_demand_t *demand, uint32_t from, uint32_t to);
void atp_demand_rebuild(atp_demand_t *demand);
/* True if record `number` is found by what it names (U1). */
bool atp_demand_is_found(const atp_demand_t *demand, uint32_t number);

#endif

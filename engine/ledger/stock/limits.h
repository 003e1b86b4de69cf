/* Limits: what only some positions, SKUs and channels have beside their records.
 *
 *     position         how many units may be promised beyond stock (backordered), how many are, who waits for them, and
 *                      whether the position is for sale at all
 *     SKU in channel,  caps: how many units of the SKU may be backordered for orders of that channel, and in all
 *     SKU
 *     quantities       the least, greatest and step of a line: of a SKU, of a channel
 *
 * Positions and SKUs without limits have no record here; a bit of the row (ATP_POSITION_HAS_LIMITS) or of the SKU's directory
 * (ATP_SKU_HAS_QUANTITIES) says whether there is one, so that the others pay nothing.
 *
 * Threads     take, change: ledger thread.   find, read, cap_left: any thread; the record of a position is read under the version of
 *             its row, caps as of one op if the stamp of the ledger held.
 * Memory      96 bytes a record and an index entry, reserved at init. Records are never removed.
 * Invariants  B1  each (scope, SKU, place) is found through the index at exactly one record.
 *             B2  backordered of a position is the sum over the lines that wait at it; that of a cap the sum over the lines
 *                 of its SKU (and channel).
 *             B3  the queue of a position has exactly the lines that wait at it, each under its priority, and no unit waits
 *                 while stock is free (atp > 0), but at positions whose queue is being filled.
 *             B4  the positions whose queue is being filled are listed, each once. What their queues can take of the stock that
 *                 is free there is nobody else's: all that is granted is decided by atp - backordered.
 *             B5  0 <= missing <= unavailable of a position; its row says ATP_POSITION_HAS_MISSING exactly while some are. */
#ifndef ATP_LEDGER_LIMITS_H
#define ATP_LEDGER_LIMITS_H

#include "engine/base/atomics.h"
#include "engine/base/err.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum atp_limit_scope {
    ATP_LIMIT_POSITION = 1,
    ATP_LIMIT_CHANNEL = 2, /* of a SKU in a channel */
    ATP_LIMIT_SKU = 3,
    ATP_LIMIT_SKU_QUANTITIES = 4,
    ATP_LIMIT_CHANNEL_QUANTITIES = 5,
    ATP_LIMIT_MISSING = 6 /* of a position: units that could not be found */
} atp_limit_scope_t;

#define ATP_UNLIMITED        ATP_QTY_MAX
#define ATP_PRIORITIES       8
#define ATP_PRIORITY_DEFAULT 3

/* Whether a position is listed because its queue may be filled (B4). Between ops none is due, or goes on. */
typedef enum atp_limit_due {
    ATP_LIMIT_NOT_DUE = 0,
    ATP_LIMIT_DUE = 1,    /* this op has set stock free there: first it is the op's own */
    ATP_LIMIT_GOES_ON = 2 /* the queue takes what it can of the stock there: it is nobody else's */
} atp_limit_due_t;

/* Lines that wait, of one priority, oldest first: line + 1. */
typedef struct atp_limit_queue {
    uint32_t first;
    uint32_t last;
} atp_limit_queue_t;

/* A quantity as it was told: it is brought to the scale of the SKU it is compared with. 0 = none. */
typedef struct atp_told_qty {
    int64_t mantissa;
    int64_t decimals;
} atp_told_qty_t;

/* The quantities that one SKU, channel or rule tells, as they were told. */
typedef struct atp_told_bounds {
    atp_told_qty_t minimum;
    atp_told_qty_t maximum;
    atp_told_qty_t increment;
} atp_told_bounds_t;

typedef struct atp_limit {
    uint32_t sku;   /* 0 where the scope has none */
    uint16_t place; /* node or channel; 0 where the scope has none */
    uint8_t scope;
    _Atomic uint8_t is_withdrawn; /* position: not for sale */
    union {
        struct {
            _Atomic int64_t limit; /* ATP_UNLIMITED: as many as there may be */
            _Atomic int64_t backordered;
            uint32_t next_due; /* the next position whose queue is being filled, record + 1 */
            uint32_t is_due;   /* atp_limit_due_t */
            atp_limit_queue_t queues[ATP_PRIORITIES];
        };
        atp_told_bounds_t quantities;
        atp_qty_t missing; /* count as unavailable until a count or an adjust settles them */
    };
} atp_limit_t;

_Static_assert(sizeof(atp_limit_t) == 96, "stored: no padding");

/* The positions whose queues are being filled: an op goes so far, pulses go on. */
typedef struct atp_limit_heads {
    uint32_t first_due; /* record + 1; 0 = none */
    uint32_t due_count;
} atp_limit_heads_t;

#define ATP_FILLS_PER_OP 1000 /* lines filled and positions looked at by one op */

typedef struct atp_limits {
    atp_table_t records;
    atp_index_t index;
    const uint64_t *seed;     /* borrowed */
    atp_limit_heads_t *heads; /* borrowed */
} atp_limits_t;

/* The number of the record, if there is one. Thread: any. */
bool atp_limits_find(const atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place,
                     uint32_t *ret_record);

static inline atp_limit_t *atp_limits_at(const atp_limits_t *limits, uint32_t record)
{
    return atp_table_at(&limits->records, record);
}

/* The record, made if there is none (room: asserted). */
uint32_t atp_limits_need(atp_limits_t *limits, atp_limit_scope_t scope, uint32_t sku, uint16_t place);

/* How many more units of the SKU orders of the channel may have backordered, by the caps of the channel and of all; what earlier
 * orders have counted. ATP_UNLIMITED without caps. Thread: any. */
atp_qty_t atp_limits_cap_left(const atp_limits_t *limits, uint32_t sku, uint16_t channel);

void atp_limits_rebuild(atp_limits_t *limits);

/* ---- quantities of a line ---- */

/* Of a line, in the scale of its SKU. Where several have a say the greatest minimum holds, the least maximum, and the least common
 * multiple of the steps: what is a whole multiple of each of them. */
typedef struct atp_bounds {
    atp_qty_t least;
    atp_qty_t most;
    atp_qty_t step; /* 1 = any */
} atp_bounds_t;

#define ATP_BOUNDS_NONE ((atp_bounds_t){0, ATP_QTY_MAX, 1})

/* True if there is a quantity that they allow, however fine the scale. */
bool atp_told_bounds_allow_any(const atp_told_bounds_t *told);

/* Narrows bounds by what is told. */
void atp_bounds_within(atp_bounds_t *bounds, const atp_told_bounds_t *told, uint8_t scale);

/* Narrows bounds by a step told in other decimals: the least quantity that is a whole multiple of both. */
void atp_bounds_step(atp_bounds_t *bounds, atp_told_qty_t step, uint8_t scale);

/* Narrows bounds by the quantities of a SKU or channel, where it has any. */
void atp_bounds_narrow(atp_bounds_t *bounds, const atp_limits_t *limits, atp_limit_scope_t scope,
                       uint32_t sku, uint16_t channel, uint8_t scale);

#endif

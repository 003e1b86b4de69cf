/* How many of a kit can be put together at one place, and what of.
 *
 * A bill is a kit laid out: every SKU in it once, however often and deep it is used, each after all it is used in. The caller
 * says what is free of each; then the bill answers how many whole kits that makes, and how much of each they take:
 * stocked kits of a nested assembly first, the rest of it from its own components. What a SKU gives is counted once,
 * whichever of the kits in the kit wants it. Availability and reserve both decide by it.
 *
 *     need(part)  = sum over the kits it is in of  built(kit) * qty
 *     taken(part) = min(free, need)           built(part) = (need - taken) / unit, rounded up; a part that is no kit: 0
 *     n kits can be made if need = taken for every part that is no kit, need <= bound for every part, what counts in a pool <= what
 *     is left of it, and all that is taken can be made ready
 *     counted(part) = taken(part) + built(part); of the kit itself those put together, and those off the shelf and beyond stock
 *
 * A place with a capacity (capacity.h) makes ready what is taken: nested kits as such, the rest by its components. What a place
 * gives in all are the kits on its shelf, as many whole ones as can be put together of what its capacity leaves then, and
 * those that may be promised beyond stock.
 *
 * Threads     pure; lay_out reads kits as kits.h says.
 * Memory      about 30 KiB, the caller's. */
#ifndef ATP_LEDGER_BILL_H
#define ATP_LEDGER_BILL_H

#include "engine/ledger/capacity/capacity.h"
#include "engine/ledger/kits/kits.h"
#include "engine/ledger/stock/positions.h"

#define ATP_BILL_POOLS_MAX 64

typedef struct atp_bill_part {
    uint32_t sku;
    uint8_t scale;
    uint8_t level; /* 0: no kit */
    uint16_t edges_at;
    uint16_t edge_count; /* 0: it is no kit now, and must be there as such */
    atp_qty_t limit;     /* of free anywhere, by the caller; ATP_QTY_MAX when it is laid out */
    atp_qty_t bound;     /* of need, taken or built, by the caller; ATP_QTY_MAX when it is laid out */
    atp_qty_t free;      /* by the caller, 0 or more; not asked for part 0 */
    atp_qty_t need;
    atp_qty_t taken;
    uint64_t pools; /* a bit for each pool that what is taken of it, or put together, counts in */
} atp_bill_part_t;

typedef struct atp_bill_edge {
    uint16_t part;
    atp_qty_t qty; /* of it for one whole kit */
} atp_bill_edge_t;

/* What is left of a quota that several parts count in. */
typedef struct atp_bill_pool {
    uint32_t tag;
    atp_qty_t left;
} atp_bill_pool_t;

typedef struct atp_bill {
    uint32_t channel; /* that looks; UINT16_MAX: none */
    uint32_t part_count;
    uint32_t edge_count;
    uint32_t pool_count;                     /* 0 when it is laid out */
    uint32_t root;                           /* what was counted last: the part, */
    int64_t count;                           /* whole ones put together of it, */
    atp_qty_t whole;                         /* and units of the kit itself that are given beside those */
    uint16_t order[ATP_KIT_ENTRIES_MAX + 1]; /* parts, each after the kits it is in */
    atp_bill_part_t parts[ATP_KIT_ENTRIES_MAX + 1];
    atp_bill_edge_t edges[ATP_KIT_ENTRIES_MAX];
    atp_bill_pool_t pools[ATP_BILL_POOLS_MAX];
} atp_bill_t;

/* Smallest units of one whole kit. */
static inline atp_qty_t atp_kit_unit(uint8_t scale)
{
    static const atp_qty_t units[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    return units[scale];
}

/* Lays the kit out with the components valid at `now_ms`; part 0 is the kit. False if it has none: nothing can be put
 * together. Thread: any. */
bool atp_bill_lay_out(atp_bill_t *bill, const atp_kits_t *kits, const atp_positions_t *positions,
                      uint32_t sku, int64_t now_ms);

/* Takes all limits, bounds and pools off. */
void atp_bill_forget_limits(atp_bill_t *bill);

/* True if part `i` alone, with its free set, means that not one kit can be made: the rest need not be asked. */
bool atp_bill_is_short(const atp_bill_t *bill, uint32_t i);

/* The most whole kits, up to `limit`, that the free units make, none of more than `room` in all; need and taken of the parts are
 * then of that many. */
int64_t atp_bill_most(atp_bill_t *bill, int64_t limit, atp_units_t room);
/* The same of part `root`, as if it were the kit, at a place that makes ready `room` in all and has `here` units of it on its shelf;
 * what they take is off the limits, bounds and pools then. Its bound is ATP_QTY_MAX. */
int64_t atp_bill_build(atp_bill_t *bill, uint32_t root, atp_qty_t here, atp_units_t room);

/* What has to be made ready of the parts that are taken, the kit itself left out. */
atp_units_t atp_bill_units(const atp_bill_t *bill);

/* What a place gives of a kit. */
typedef struct atp_bill_given {
    atp_qty_t here;   /* of those on the shelf */
    int64_t built;    /* whole ones */
    atp_qty_t beyond; /* of those that may be promised beyond stock */
} atp_bill_given_t;

/* The most that a place gives with so many on the shelf, at most `limit` whole ones put together, `beyond` beyond stock, and as
 * much capacity as `room`. With a limit of 0 what is free of the parts is not looked at. */
atp_bill_given_t atp_bill_give(atp_bill_t *bill, atp_qty_t here, int64_t limit, atp_qty_t beyond,
                               atp_units_t room);

static inline atp_qty_t atp_bill_given(const atp_bill_t *bill, const atp_bill_given_t *given)
{
    return given->here + given->built * atp_kit_unit(bill->parts[0].scale) + given->beyond;
}

/* Of what places give no more than `in_stock` of those on the shelf and put together, and with those beyond stock no more than
 * `in_all`: of those on the shelf any part, of those put together whole ones. */
atp_bill_given_t atp_bill_within(const atp_bill_t *bill, atp_bill_given_t given, atp_qty_t in_stock,
                                 atp_qty_t in_all);

/* Takes what a place takes of the parts off their limits, bounds and pools: the next place shares them. */
void atp_bill_use_limits(atp_bill_t *bill);

/* What `count` whole kits take: need and taken of the parts. False if there is not enough. */
bool atp_bill_take(atp_bill_t *bill, int64_t count);

#endif

/* Levels: whether a channel has enough of a SKU, little, or nothing; and each time that changed.
 *
 * A rule may say from where on a channel is low on a SKU (`low`, until `low_clear` is reached again), and which last units it
 * never gets (`threshold`). For a SKU with such a rule the channel's view (views.h) has a level:
 *
 *     out   nothing is left for the channel
 *     low   at most `low` is left; or less than `low_clear`, and it was low or out before
 *     ok    else
 *
 * Of a kit (kits.h) what is left is what availability says: those on shelves and those that can be put together, at all nodes that
 * the channel sees, of components as far as the channel may have them.
 *
 * A crossing is a change of the level, by whatever op: kept in a ring, numbered without gaps, so that it can be told once, and
 * again to who missed it. The level of a channel and SKU stands in their account (rulebook.h).
 *
 * Threads     add: ledger thread.   read, newest: any, no lock.
 * Memory      48 bytes a crossing, as many as exceptions are kept; nothing is allocated after init.
 * Invariants  V1  a level other than ok stands only where a rule with levels is, or views are still to be looked at.
 *             V2  a level is what the view says now, where no view is still to be looked at and nothing is due.
 *             V3  the ring has the newest crossings, each at its place. */
#ifndef ATP_LEDGER_LEVELS_H
#define ATP_LEDGER_LEVELS_H

#include "engine/base/atomics.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

/* Frozen numbers: they are on the wire and in snapshots. */
typedef enum atp_level {
    ATP_LEVEL_NONE = 0, /* no rule says anything of it */
    ATP_LEVEL_OK = 1,
    ATP_LEVEL_LOW = 2,
    ATP_LEVEL_OUT = 3,
    ATP_LEVEL_LIMIT
} atp_level_t;

/* All fields are read beside the writer: `number` is 0 while they are written. */
typedef struct atp_crossing_record {
    _Atomic uint64_t number; /* from 1 */
    _Atomic uint64_t op;
    _Atomic int64_t time_ms;
    _Atomic int64_t qty; /* the view that crossed */
    _Atomic uint32_t sku;
    _Atomic uint16_t channel;
    _Atomic uint8_t from; /* atp_level_t */
    _Atomic uint8_t to;
    _Atomic uint8_t scale;
    uint8_t unused[7];
} atp_crossing_record_t;

_Static_assert(sizeof(atp_crossing_record_t) == 48, "stored: no padding");

typedef struct atp_level_heads {
    _Atomic uint64_t newest; /* number of the newest crossing; 0 = none yet */
    int64_t due_ms;          /* when views may change by time alone: a period or a day ends */
    int64_t kits_due_ms;     /* the same of kits: not later than a component begins or ends */
    uint32_t sweep_at;       /* the next SKU of a sweep over all views */
    uint32_t sweep_left;     /* SKUs still to be looked at */
    uint32_t kits_at;        /* the next kit of a sweep over all of them */
    uint32_t kits_left;      /* kits still to be looked at */
    uint32_t rules;          /* that have levels */
    uint32_t unused;
} atp_level_heads_t;

_Static_assert(sizeof(atp_level_heads_t) == 48, "stored: no padding");

typedef struct atp_crossings {
    atp_table_t records;
    atp_level_heads_t *heads; /* borrowed */
} atp_crossings_t;

/* A crossing as it was read. */
typedef struct atp_crossing {
    uint64_t number;
    uint64_t op;
    int64_t time_ms;
    atp_qty_t qty;
    uint32_t sku;
    uint16_t channel;
    atp_level_t from;
    atp_level_t to;
    uint8_t scale;
} atp_crossing_t;

/* Keeps a crossing; its number is the next. The oldest goes when the ring is full. */
void atp_crossings_add(atp_crossings_t *crossings, const atp_crossing_t *crossing);

/* The crossing of that number: false if there is none yet, or none any more. Thread: any. */
bool atp_crossings_read(const atp_crossings_t *crossings, uint64_t number, atp_crossing_t *ret_crossing);

/* 0 = there was none yet. Thread: any. */
uint64_t atp_crossings_newest(const atp_crossings_t *crossings);

/* "ok", ...; NULL for a number that is no level. Thread: any. */
const char *atp_level_name(unsigned level);

/* The level after `before` where `available` is left. `low` 0: none; `low_clear`: where low ends. */
atp_level_t atp_level_of(atp_level_t before, atp_qty_t available, atp_qty_t low, atp_qty_t low_clear);

#endif

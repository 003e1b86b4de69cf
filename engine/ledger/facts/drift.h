/* Drift: by how much feeds corrected the stock of each node, and what tells of the cause.
 *
 * What a feed changed is summed up for the feed (engine/ledger/facts/feeds.h) and here for each node that it counted. The newest
 * sums are kept; when the ring is full the oldest go, whatever feed they are of.
 *
 * Threads     ledger thread only.
 * Memory      128 bytes a feed and node, and an index entry; nothing is allocated after init.
 * Invariants  F5  every sum that is kept is found by its feed and node, at exactly one record.
 *             F6  as long as no sums are gone, those of a feed add up to what its record says. */
#ifndef ATP_LEDGER_DRIFT_H
#define ATP_LEDGER_DRIFT_H

#include "engine/base/amount.h"
#include "engine/ledger/capacity/capacity.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdint.h>

#define ATP_DRIFT_NODES_PER_FEED 16 /* sums that there is room for, for each feed that there is room for */

/* What tells why a count differs: what was told of the position since the feed before counted it, up to the point of this one.
 * Frozen numbers: they are stored. */
typedef enum atp_drift_cause {
    ATP_DRIFT_NONE = 0,
    ATP_DRIFT_FIRST = 1,   /* no feed has counted it before */
    ATP_DRIFT_UNTOLD = 2,  /* nothing was told: units vanished or were found, and nobody said so */
    ATP_DRIFT_TOLD = 3,    /* one source told of movements, which do not add up to what was counted */
    ATP_DRIFT_SEVERAL = 4, /* several sources did */
    ATP_DRIFT_GONE = 5,    /* some of what was told is not kept any more */
    ATP_DRIFT_CAUSE_COUNT
} atp_drift_cause_t;

/* "first", "untold", "told", "several", "gone"; NULL for none, and for a number that is none. */
const char *atp_drift_cause_name(unsigned cause);

/* A cause, and of TOLD who it was. */
typedef struct atp_drift_reason {
    uint8_t cause;
    uint32_t teller; /* source + 1; 0 = what has no number */
} atp_drift_reason_t;

/* Sums over counts. */
typedef struct atp_drift_sums {
    atp_units_t up;        /* millionths of units that corrections added; buckets are summed alike */
    atp_units_t down;      /* and took off: 0 or more */
    atp_amount_t value_up; /* what they were worth when they were corrected */
    atp_amount_t value_down;
    uint64_t rows; /* buckets of positions that were counted */
    uint64_t corrected;
    uint64_t late; /* facts that were told later, and had been counted */
    uint64_t unused;
} atp_drift_sums_t;

typedef struct atp_drift_node {
    atp_drift_sums_t sums;
    uint64_t number; /* from 1, dense */
    uint64_t feed;
    uint32_t node;
    uint32_t unused[3];
} atp_drift_node_t;

_Static_assert(sizeof(atp_drift_sums_t) == 96 && sizeof(atp_drift_node_t) == 128, "stored: no padding");

typedef struct atp_drift {
    atp_table_t records;
    atp_index_t index;
    uint64_t *newest;     /* borrowed: number of the newest record */
    const uint64_t *seed; /* borrowed */
} atp_drift_t;

/* The sums of a feed at a node; NULL: there are none, or they are gone. */
const atp_drift_node_t *atp_drift_find(const atp_drift_t *drift, uint64_t feed, uint16_t node);

/* The same for writing; made if they are not there. */
atp_drift_node_t *atp_drift_need(atp_drift_t *drift, uint64_t feed, uint16_t node);

/* The record of that number; NULL: it is gone, or still to come. */
const atp_drift_node_t *atp_drift_get(const atp_drift_t *drift, uint64_t number);

/* Adds a correction of so many smallest units of a SKU of the scale, of which one unit is worth `value`. */
void atp_drift_add(atp_drift_sums_t *sums, atp_qty_t change, uint8_t scale, atp_value_t value);

/* Builds the index from the records. */
void atp_drift_rebuild(atp_drift_t *drift);

#endif

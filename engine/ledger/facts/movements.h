/* What moved at positions: a ring of the newest changes of their buckets, linked for each position, newest first.
 *
 * A count is of a point in the past: what has moved since then and is not in it must be taken off what is there before the
 * two are compared. So every change of on-hand and of what a count may be net of is kept with who told it, under which number, and when it
 * happened.
 *
 * A movement is of use until the newest feed of its position includes it; it then leaves the chain. What the newest feed
 * had counted before it was told changes no bucket, and is never in the chain. When the ring is full the oldest go, needed
 * or not. What was still needed is remembered: of the position that a movement is gone, of its source up to which number, of all up
 * to which time. So a count of a point that the ring does not reach any more is told from one that it reaches.
 *
 * Threads     ledger thread only.
 * Memory      128 bytes a movement, 24 bytes a position; nothing is allocated after init.
 * Invariants  F1  a chain leads from newer numbers to older ones, all of one position, each needed.
 *             F2  every movement that is needed is in the chain of its position.
 *             F3  picked of a position is the sum of what is picked and packed on its lines. */
#ifndef ATP_LEDGER_MOVEMENTS_H
#define ATP_LEDGER_MOVEMENTS_H

#include "engine/base/qty.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

/* What an op does to a position. */
typedef struct atp_change {
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t allocated;
    atp_qty_t picked;   /* picked or packed, and still on hand */
    atp_qty_t inbound;  /* of transfers to it: has left its source, and not come in */
    atp_qty_t outbound; /* allocated to transfers from it: part of allocated */
} atp_change_t;

/* Who told it, as far as somebody numbers what he tells, and when it happened. */
typedef struct atp_event {
    uint32_t source; /* + 1; 0 = of no numbered batch */
    uint32_t unused;
    uint64_t epoch;
    uint64_t sequence;
    int64_t time_ms;
} atp_event_t;

/* The buckets that are counted. Which changes a count of one has to know. */
#define ATP_COUNTED_ON_HAND     0 /* on-hand and all that a basis adds to it, or takes off */
#define ATP_COUNTED_UNAVAILABLE 1
#define ATP_COUNTED_BUCKETS     2

typedef struct atp_movement {
    uint64_t number;   /* from 1, dense */
    uint64_t previous; /* of the same position, and needed; 0 = none */
    uint64_t op;
    atp_event_t event;
    atp_change_t change; /* as told */
    atp_qty_t on_hand;   /* what of it on-hand changed; the rest a feed had counted before */
    uint32_t row;
    uint32_t feed; /* whose correction it is; 0 = of none */
    uint8_t op_kind;
    uint8_t included; /* 1 << bucket: the newest feed of that bucket includes it, or had counted it before */
    uint8_t cause;    /* of a correction: atp_drift_cause_t */
    uint8_t bucket;   /* of a correction: the one that was counted */
    uint32_t teller;  /* of a correction whose cause is TOLD: source + 1; 0 = what has no number */
} atp_movement_t;

_Static_assert(sizeof(atp_movement_t) == 128, "stored: no padding");

#define ATP_STANDING_SHIFT     2
#define ATP_STANDING_GONE      1u /* a movement that was needed is gone */
#define ATP_STANDING_CORRECTED 2u /* the feed has changed the bucket */

/* What is kept of a position. */
typedef struct atp_standing {
    uint64_t newest;                     /* movement of its chain; 0 = none */
    uint32_t feeds[ATP_COUNTED_BUCKETS]; /* the newest one: number << ATP_STANDING_SHIFT | flags */
    atp_qty_t picked;
} atp_standing_t;

_Static_assert(sizeof(atp_standing_t) == 24, "stored: no padding");

/* The part of the root record that belongs to movements. */
typedef struct atp_movement_heads {
    uint64_t newest; /* number of the newest movement; 0 = none yet */
    int64_t gone_ms; /* no movement that is gone and was needed is later than that */
} atp_movement_heads_t;

typedef struct atp_movements {
    atp_table_t ring;
    atp_table_t standings;       /* by row */
    uint64_t capacity;           /* 0 = nothing is kept */
    atp_movement_heads_t *heads; /* borrowed */
} atp_movements_t;

/* The bits of `included` that a movement needs to have before nobody needs it. */
unsigned atp_movement_needs(const atp_movement_t *movement);

/* True if the movement is in the chain of its position. */
static inline bool atp_movement_is_needed(const atp_movement_t *movement)
{
    return (atp_movement_needs(movement) & ~(unsigned)movement->included) != 0;
}

/* The movement of that number; NULL if there is none, or it is gone. */
const atp_movement_t *atp_movements_get(const atp_movements_t *movements, uint64_t number);

/* The number of the newest feed that counted the bucket; 0 = none. */
static inline uint64_t atp_standing_feed(const atp_standing_t *standing, unsigned bucket)
{
    return standing->feeds[bucket] >> ATP_STANDING_SHIFT;
}

/* The number of the first that is kept and is of op `op` or a later one; newest + 1 if there is none. */
uint64_t atp_movements_of_op(const atp_movements_t *movements, uint64_t op);

/* What is kept of the position; all zero where nothing is. */
atp_standing_t atp_movements_standing(const atp_movements_t *movements, uint32_t row);

/* The same for writing; made if it is not there. */
atp_standing_t *atp_movements_change_standing(atp_movements_t *movements, uint32_t row);

/* The one that must make room for the next, if it is still needed; NULL: nothing is lost. To be noted by the caller with its source
 * before add. */
const atp_movement_t *atp_movements_next_lost(const atp_movements_t *movements);

/* Adds a movement; number and link are filled in. One that has to make room leaves its mark with its position. */
void atp_movements_add(atp_movements_t *movements, const atp_movement_t *movement);

/* All that is kept of row `from` is of row `to` from now on: chains, what is picked. The feeds that counted them are the same, or one was
 * never counted. */
void atp_movements_merge(atp_movements_t *movements, uint32_t from, uint32_t to);

/* How many movements the chain of the row has, up to `most`. */
uint32_t atp_movements_length(const atp_movements_t *movements, uint32_t row, uint32_t most);

/* Marks `number`, which is in the chain after `newer` (0: it is the first), as included for a bucket. True: nobody needs it any
 * more, and it has left the chain. */
bool atp_movements_include(atp_movements_t *movements, uint32_t row, uint64_t newer, uint64_t number,
                           unsigned bucket);

#endif

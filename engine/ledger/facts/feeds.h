/* Feeds: complete sets of counts, and the point that each is of.
 *
 * A feed says for some sources up to which number of theirs it includes what they told, and for all else, where it says so, up to which
 * time it includes what had happened. What falls under neither is undecided: nobody guesses.
 *
 * The newest ones are kept, found by their id; when the ring is full the oldest go. A position remembers the
 * newest feed that counted it (engine/ledger/facts/movements.h).
 *
 * Threads     ledger thread only.
 * Memory      592 bytes a feed and an index entry; nothing is allocated after init.
 * Invariants  F4  every feed that is kept is found by its id, at exactly one record, and names sources that are there. */
#ifndef ATP_LEDGER_FEEDS_H
#define ATP_LEDGER_FEEDS_H

#include "engine/base/text.h"
#include "engine/ledger/facts/drift.h"
#include "engine/ledger/facts/movements.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_FEED_SOURCES_MAX 16

/* What a count is of. Frozen numbers: they are the words of the attribute "basis". */
typedef enum atp_basis {
    ATP_BASIS_ON_HAND = 0,
    ATP_BASIS_LESS_PICKED = 1,    /* on-hand without what is picked or packed for orders */
    ATP_BASIS_LESS_ALLOCATED = 2, /* on-hand without what is allocated to orders */
    ATP_BASIS_SELLABLE = 3,       /* on-hand without what is unavailable */
    ATP_BASIS_AVAILABLE = 4,      /* sellable, without what is allocated to orders */
    ATP_BASIS_WITH_INBOUND = 5,   /* on-hand with what transfers have on the road to the node */
    ATP_BASIS_LESS_OUTBOUND = 6,  /* on-hand without what transfers from the node have still to take away */
    ATP_BASIS_COUNT
} atp_basis_t;

/* Of a source: up to which number. */
typedef struct atp_feed_point {
    uint64_t epoch;
    uint64_t sequence;
    uint32_t source; /* + 1 */
    uint32_t unused;
} atp_feed_point_t;

typedef struct atp_feed {
    atp_drift_sums_t sums; /* over all nodes */
    uint64_t number;       /* from 1, dense */
    uint64_t op;
    int64_t time_ms;  /* when it was told */
    int64_t as_of_ms; /* 0 = it says no time */
    uint8_t basis;
    uint8_t source_count;
    uint8_t id_size;
    uint8_t unused[13];
    char id[ATP_ID_SIZE_MAX];
    atp_feed_point_t points[ATP_FEED_SOURCES_MAX];
} atp_feed_t;

_Static_assert(sizeof(atp_feed_t) == 592, "stored: no padding");

/* The part of the root record that belongs to feeds. */
typedef struct atp_feed_heads {
    uint64_t newest;      /* number of the newest feed; 0 = none yet */
    uint64_t newest_node; /* of the newest sums of a feed at a node; the same */
} atp_feed_heads_t;

typedef struct atp_feeds {
    atp_table_t records;
    atp_index_t index;
    atp_feed_heads_t *heads; /* borrowed */
    const uint64_t *seed;    /* borrowed */
} atp_feeds_t;

/* On which side of the feed's point something is. */
typedef enum atp_side { ATP_SIDE_INCLUDED, ATP_SIDE_LATER, ATP_SIDE_UNDECIDED } atp_side_t;
atp_side_t atp_feed_side(const atp_feed_t *feed, const atp_event_t *event);

/* How the point of a feed stands to that of another one that came before it. */
typedef enum atp_feed_order {
    ATP_FEED_AFTER,  /* or the same: it includes all that the other one does */
    ATP_FEED_BEFORE, /* it does not include something that the other one does */
    ATP_FEED_APART   /* nobody can tell */
} atp_feed_order_t;
atp_feed_order_t atp_feed_compare(const atp_feed_t *feed, const atp_feed_t *before);

/* What a change does to that which a feed of the basis counts. */
atp_qty_t atp_feed_counted(atp_basis_t basis, const atp_change_t *change);

/* The feed of that number, or id; NULL if there is none, or it is gone. */
const atp_feed_t *atp_feeds_get(const atp_feeds_t *feeds, uint64_t number);
const atp_feed_t *atp_feeds_find(const atp_feeds_t *feeds, atp_text_t id);

/* Adds a feed whose id is not there yet; its number is filled in. */
void atp_feeds_add(atp_feeds_t *feeds, const atp_feed_t *feed);

/* The record of a feed that is there, for writing. */
atp_feed_t *atp_feeds_change(atp_feeds_t *feeds, uint64_t number);

/* Builds the index from the records. */
void atp_feeds_rebuild(atp_feeds_t *feeds);

/* "on_hand", ...; NULL for a number that is none. */
const char *atp_basis_name(unsigned basis);

#endif

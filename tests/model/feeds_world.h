/* The world of test_feeds.c: what truly happens at a few positions, who tells of it, and what feeds count of it. */
#ifndef ATP_TESTS_FEEDS_WORLD_H
#define ATP_TESTS_FEEDS_WORLD_H

#include "tests/engine/ledger/ledger_fixture.h"

#define SKUS       2
#define NODES      2
#define POSITIONS  (SKUS * NODES)
#define SOURCES    3
#define STEPS      160
#define FACTS_MAX  3
#define ORDERS_MAX 60
#define FEEDS_MAX  40
#define MOVES_MAX  30 /* transfers */
#define POST_MAX   1000

/* How the feeds of a run say what they include. */
enum { BY_NUMBERS, BY_TIME, BY_BOTH, BY_SOME, STYLES };

typedef struct world_fact {
    int position;
    atp_op_kind_t kind;
    int order;     /* of a step; -1 = none */
    int transfer;  /* of a step of one; -1 = none */
    bool is_final; /* nothing more comes of it */
    bool is_other; /* nobody tells it: it is what the fact before did elsewhere */
    bool waits;    /* it was told by a name that means nothing yet */
    atp_qty_t qty;
    atp_change_t change; /* what truly happened */
} world_fact_t;

typedef struct batch {
    int source;
    uint64_t sequence;
    int64_t time_ms;
    int fact_count;
    world_fact_t facts[2 * FACTS_MAX];
    bool has_arrived;
} batch_t;

typedef struct order {
    char id[16];
    int position;
    atp_qty_t reserved; /* truly; so are the others */
    atp_qty_t allocated;
    atp_qty_t picked;
    atp_qty_t told_shipped; /* as far as it has arrived */
    int last_pick;          /* batch + 1 of the last pick that was told of it */
} order_t;

typedef struct world_feed {
    char id[16];
    int64_t time_ms;
    int64_t as_of_ms; /* 0 = it says none */
    uint64_t sequences[SOURCES];
    bool names[SOURCES];
    bool counts[POSITIONS];
    atp_qty_t qty[POSITIONS];
    atp_qty_t on_hand[POSITIONS]; /* truly there at its point */
} world_feed_t;

/* Goods between two nodes. */
typedef struct world_transfer {
    char id[16];
    int from;
    int to;
    atp_qty_t left; /* truly still there; so is the other */
    atp_qty_t moving;
    bool is_untouched; /* nothing has left, nor was it given up */
} world_transfer_t;

/* An allocation, which is asked of the ledger when it happens. */
typedef struct allocation {
    int64_t time_ms;
    int position;
    atp_change_t change;
} allocation_t;

/* Something under way. */
typedef struct post {
    int64_t due;
    int batch; /* -1: it is a feed */
    int feed;
} post_t;

typedef struct run {
    fixture_t f;
    uint64_t seed;
    uint64_t first_seed;
    int style;
    atp_basis_t basis;
    unsigned step;
    bool has_transfers;
    atp_change_t there[POSITIONS]; /* truly */
    atp_qty_t untold[POSITIONS];   /* vanished or found since the point of the newest feed that counted */
    uint64_t sequences[SOURCES];
    batch_t batches[STEPS + 1];
    int batch_count;
    order_t orders[ORDERS_MAX];
    int order_count;
    world_transfer_t transfers[MOVES_MAX];
    int transfer_count;
    allocation_t allocations[ORDERS_MAX + 2 * MOVES_MAX];
    int allocation_count;
    world_feed_t feeds[FEEDS_MAX];
    int feed_count;
    int newest[POSITIONS]; /* feed that counted it, + 1 */
    post_t posts[POST_MAX];
    int post_count;
    bool has_names; /* the other names of the SKUs are there */
    unsigned waited;
    unsigned late_of_waiting; /* of those that waited a feed had counted */
    unsigned moved;           /* facts of transfers that were told */
    unsigned late;
    unsigned stale;
    unsigned corrected;
    unsigned agreed;            /* counts that nobody had to tell by themselves */
    unsigned late_of_agreed;    /* facts that such a count had in it before they were told */
    bool has_agreed[POSITIONS]; /* the newest count there was such a one */
} run_t;

extern const char *const world_sources[SOURCES];
extern const char *const world_skus[SKUS];
extern const char *const world_other_names[SKUS]; /* of the same: aliases that come and go */
extern const char *const world_nodes[NODES];

int world_draw(run_t *run, int below);

/* What a feed of the run's basis counts of it. */
atp_qty_t world_counted(const run_t *run, const atp_change_t *there);
void world_add(atp_change_t *sum, const atp_change_t *change);

/* There is something to move everywhere, as a source tells. */
void world_stock_up(run_t *run);
/* One thing or another happens; most of it a source will tell. */
void world_happen(run_t *run);
/* Units vanish, or are found, and nobody tells. */
void world_vanish(run_t *run);
void world_place_order(run_t *run);
/* Goods are to go from one node to another, or, some time later, will not. */
void world_transfer(run_t *run);
void world_take_feed(run_t *run);

#endif

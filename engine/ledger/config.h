/* What is decided once for a ledger and can change an answer: capacities, times, limits, the hash seed.
 *
 * The configuration is ledger state. It enters with the genesis op, later changes with a configure op
 * (times and limits only: capacities are fixed for the life of a data folder); the YAML file of the daemon
 * only proposes. The struct is stored and journaled as it stands: fixed layout, no padding. */
#ifndef ATP_LEDGER_CONFIG_H
#define ATP_LEDGER_CONFIG_H

#include <stdint.h>

#define ATP_RULES_VERSION 1 /* raised when the same op would be answered differently */

/* What becomes of a fact that names a SKU or node that is not there. */
typedef enum atp_unknown_names {
    ATP_UNKNOWN_REFUSE = 0, /* an exception that a person settles */
    ATP_UNKNOWN_PARK = 1,   /* it waits, and is applied by itself when the name is there */
    ATP_UNKNOWN_CREATE =
        2, /* the SKU, in the scale of the quantity, or the node is made; an exception tells it */
    ATP_UNKNOWN_LIMIT
} atp_unknown_names_t;

typedef struct atp_ledger_config {
    uint64_t rules_version;
    uint64_t hash_seed; /* secret; drawn at random at genesis */

    /* capacities: records, fixed at genesis; each 1..2^32-2 */
    uint64_t skus;
    uint64_t nodes;    /* at most 65,535 */
    uint64_t channels; /* at most 65,535 */
    uint64_t clients;
    uint64_t sources;
    uint64_t positions;
    uint64_t reservations; /* live and ended ones; when full the oldest ended one makes room */
    uint64_t lines;        /* of all reservations */
    uint64_t outcomes;     /* remembered answers; when full the oldest goes and the floor rises */
    uint64_t exceptions;   /* when full the oldest goes */
    uint64_t history;      /* steps of reservations kept; when full the oldest goes */
    uint64_t
        progress;    /* records of lines past plain ones: picked, packed, delivered, returned, waiting, ... */
    uint64_t groups; /* of nodes; at most 65,534 */
    uint64_t group_nodes;  /* members of all groups together */
    uint64_t kits;         /* SKUs that are, or were, kits */
    uint64_t components;   /* of all kits together */
    uint64_t supplies;     /* open and ended ones; when full the oldest ended one makes room */
    uint64_t pegs;         /* promises from supplies that are not here yet */
    uint64_t limits;       /* of positions, SKUs and channels */
    uint64_t demand;       /* SKUs at nodes in channels whose unmet demand is counted */
    uint64_t tags;         /* at most 65,535 */
    uint64_t rules;        /* of channels, dropped ones as well */
    uint64_t quotas;       /* the same */
    uint64_t accounts;     /* channels by SKU, where a channel has rules or quotas; by tag; by all */
    uint64_t bookings;     /* of reservations at nodes with a calendar */
    uint64_t archive;      /* archived reservations; when full the oldest goes */
    uint64_t movements;    /* changes of stock kept for feeds; 0: no feed is taken */
    uint64_t feeds;        /* when full the oldest goes */
    uint64_t differences;  /* SKUs at nodes of which a shadow and its source are compared */
    uint64_t aliases;      /* of SKUs and nodes, dropped ones as well */
    uint64_t units;        /* of quantities, dropped ones as well */
    uint64_t postings;     /* kept for subscribers; when full the oldest goes */
    uint64_t string_bytes; /* ids and names */

    /* times, milliseconds */
    int64_t ttl_default_ms;
    int64_t ttl_max_ms;
    int64_t outcome_window_ms; /* requests issued longer ago are refused */
    int64_t issued_skew_ms;    /* requests issued further ahead are refused */
    int64_t
        archive_after_ms; /* a reservation whose postings have all been reconciled for so long is archived */
    int64_t
        source_gap_ms; /* batches missing for so long, of a source that keeps none, are given up; 0 = never */

    /* limits */
    uint64_t ids_per_client; /* remembered outcomes of one client */
    uint64_t
        sources_must_be_registered; /* 1: what other sources tell is kept as exceptions, and changes nothing */
    uint64_t
        unknown_names; /* atp_unknown_names_t: what becomes of a fact that names an unknown SKU or node */
    uint64_t lines_per_reservation; /* at most ATP_LINES_PER_OP_MAX */
} atp_ledger_config_t;

_Static_assert(sizeof(atp_ledger_config_t) == 45 * 8, "the configuration is stored: no padding, no surprise");

#endif

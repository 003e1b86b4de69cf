/* The catalogue: SKUs, nodes, channels, clients, sources and groups by name.
 *
 * Each kind is one primary table of 64-byte records plus a name index. Records are created by ops and never
 * removed, so a number once given stays that name's for ever.
 *
 * Threads     the find and text functions: any thread, no lock.   All else: ledger thread.
 * Invariants  C1  each record's id is found through its index and nothing else is; that of a merged SKU is an alias. */
#ifndef ATP_LEDGER_CATALOG_H
#define ATP_LEDGER_CATALOG_H

#include "engine/base/amount.h"
#include "engine/base/command.h"
#include "engine/base/text.h"
#include "engine/ledger/catalog/groups.h"
#include "engine/ledger/channels/rulebook.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/strings.h"
#include "engine/ledger/tables/table.h"

typedef struct atp_sku_record {
    uint32_t id_ref;
    uint32_t name_ref;
    uint64_t hash; /* of the id */
    uint64_t created_op;
    uint8_t scale;
    uint8_t unused[3];
    _Atomic uint32_t quota;                      /* root of its quota tree, + 1 */
    _Atomic uint16_t tags[ATP_TAGS_PER_SKU_MAX]; /* + 1, the first 0 ends them */
    _Atomic uint32_t merged_into; /* SKU + 1: it is that one now (ledger_merge.c); 0 = it is itself */
    _Atomic int64_t value;        /* of one unit: atp_value_t; 0 = not said */
    _Atomic uint32_t kit;         /* its record in kits.h + 1; 0 = it never was a kit */
    _Atomic uint32_t first_use;   /* of it in kits: component + 1 */
} atp_sku_record_t;

typedef struct atp_node_record {
    uint32_t id_ref;
    uint32_t name_ref;
    uint64_t hash;
    uint64_t created_op;
    _Atomic uint8_t state;   /* atp_node_state_t and ATP_NODE_HAS_...; read by availability without a lock */
    uint8_t over_commitment; /* atp_over_commitment_t; 0 = not said */
    uint8_t on_short;        /* atp_on_short_t; 0 = not said */
    uint8_t unused[1];
    uint32_t calendar; /* its record in capacity.h + 1; 0 = it has none */
    /* With a calendar, of an order placed now, read without a lock; engine/ledger/capacity/ledger_capacity.c */
    _Atomic int64_t ready_until_ms; /* good until then */
    _Atomic int64_t ready_ms;       /* when it is ready; 0 = never */
    _Atomic int64_t capacity_left;  /* millionths of a unit; INT64_MAX = no limit */
    _Atomic int64_t quiet_until_ms; /* nothing that is booked expires before; INT64_MAX: nothing is limited */
    _Atomic int32_t ready_day;
    uint32_t unused_too;
} atp_node_record_t;

#define ATP_NODE_STATE_BITS   0x0fu
#define ATP_NODE_HAS_CALENDAR 0x80u
#define ATP_NODE_IS_STALE     0x40u /* a silent source is the authority for counts there: registry.h */

typedef enum atp_channel_state { ATP_CHANNEL_OPEN = 0, ATP_CHANNEL_PAUSED = 1 } atp_channel_state_t;

/* Whether it is known what the channel has in use. */
typedef enum atp_accounted {
    ATP_ACCOUNTED_NOT = 0,  /* it never had a rule or a quota */
    ATP_ACCOUNTED_SOON = 1, /* what is promised from now on; what stood before is being counted */
    ATP_ACCOUNTED_WHOLE = 2
} atp_accounted_t;

typedef struct atp_channel_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    int64_t ttl_ms;                            /* 0 = the default */
    _Atomic uint16_t groups[ATP_METHOD_COUNT]; /* whose nodes serve each method: number + 1; 0 = any node */
    _Atomic uint8_t state;                     /* atp_channel_state_t */
    _Atomic uint8_t is_first_match;            /* its buffers do not add up: the first rule counts */
    _Atomic uint8_t may_re_source;             /* promises short at a node count against its group */
    _Atomic uint8_t is_accounted;              /* atp_accounted_t */
    uint8_t has_quantities;   /* least, greatest and step of a line: engine/ledger/stock/limits.h */
    uint8_t strategy;         /* atp_strategy_t + 1, of requests that name none; 0 = none */
    uint8_t split;            /* atp_split_t + 1 */
    uint8_t splits;           /* + 1 */
    uint8_t over_commitment;  /* atp_over_commitment_t; 0 = not said */
    uint8_t on_short;         /* atp_on_short_t; 0 = not said */
    _Atomic uint8_t on_stale; /* atp_on_stale_t: what it does at nodes whose source of counts is silent */
    _Atomic uint8_t stale_decimals;
    _Atomic int64_t stale_buffer;  /* buffer: with its decimals, */
    _Atomic uint8_t stale_percent; /* and of a hundred of what is on hand there */
    uint8_t unused[7];
} atp_channel_record_t;

typedef struct atp_client_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    uint64_t outcomes; /* remembered ones */
    uint8_t unused[32];
} atp_client_record_t;

_Static_assert(sizeof(atp_sku_record_t) == 64 && sizeof(atp_node_record_t) == 72 &&
                   sizeof(atp_channel_record_t) == 64 && sizeof(atp_client_record_t) == 64,
               "stored: no padding");

typedef struct atp_catalog {
    atp_table_t strings;
    atp_table_t skus;
    atp_table_t nodes;
    atp_table_t channels;
    atp_table_t clients;
    atp_table_t sources;
    atp_table_t groups;
    atp_table_t aliases; /* engine/ledger/catalog/aliases.h */
    atp_index_t sku_index;
    atp_index_t node_index;
    atp_index_t channel_index;
    atp_index_t client_index;
    atp_index_t source_index;
    atp_index_t group_index;
    atp_index_t alias_index;
} atp_catalog_t;

/* Look-ups by name. `hash`: of the name, with the ledger's seed. False if there is none; output untouched.
 * Thread: any. */
bool atp_catalog_find_sku(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint32_t *ret_sku);
bool atp_catalog_find_node(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint16_t *ret_node);
bool atp_catalog_find_channel(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash,
                              uint16_t *ret_channel);
bool atp_catalog_find_client(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash,
                             uint32_t *ret_client);
bool atp_catalog_find_source(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash,
                             uint32_t *ret_source);
bool atp_catalog_find_group(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint16_t *ret_group);

/* The SKU that `sku` is now: itself, or what it was merged into. Thread: any. */
static inline uint32_t atp_catalog_sku_now(const atp_catalog_t *catalog, uint32_t sku)
{
    for (;;) {
        atp_sku_record_t *record = atp_table_at(&catalog->skus, sku);
        /* Relaxed: one small value; what it is a number of was there before it. */
        uint32_t into = atp_load_relaxed(&record->merged_into);
        if (into == 0) {
            return sku;
        }
        sku = into - 1;
    }
}

/* Ids and names by number (below the table's count). Thread: any, for ids; a display name may change: ledger thread. */
static inline atp_text_t atp_catalog_sku_id(const atp_catalog_t *catalog, uint32_t sku)
{
    return atp_strings_get(&catalog->strings,
                           ((const atp_sku_record_t *)atp_table_at(&catalog->skus, sku))->id_ref);
}

/* What one unit of the SKU is worth; 0 = not said. Thread: any. */
static inline atp_value_t atp_catalog_sku_value(const atp_catalog_t *catalog, uint32_t sku)
{
    atp_sku_record_t *record = atp_table_at(&catalog->skus, sku);
    /* Relaxed: one small value; an answer says as of which op it is by other means. */
    return atp_load_relaxed(&record->value);
}

static inline atp_text_t atp_catalog_node_id(const atp_catalog_t *catalog, uint16_t node)
{
    return atp_strings_get(&catalog->strings,
                           ((const atp_node_record_t *)atp_table_at(&catalog->nodes, node))->id_ref);
}

static inline atp_text_t atp_catalog_channel_id(const atp_catalog_t *catalog, uint16_t channel)
{
    return atp_strings_get(&catalog->strings,
                           ((const atp_channel_record_t *)atp_table_at(&catalog->channels, channel))->id_ref);
}

/* Every record of the six tables begins like this. */
typedef struct atp_named_record {
    uint32_t id_ref;
    uint32_t name_ref;
    uint64_t hash;
    uint64_t created_op;
} atp_named_record_t;

static inline atp_text_t atp_catalog_group_id(const atp_catalog_t *catalog, uint16_t group)
{
    const atp_named_record_t *record = atp_table_at(&catalog->groups, group);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

/* The group whose nodes serve a channel's orders of that method; ATP_NO_GROUP: any node may. Thread: any. */
static inline uint16_t atp_catalog_channel_group(const atp_catalog_t *catalog, uint16_t channel,
                                                 atp_method_t method)
{
    atp_channel_record_t *record = atp_table_at(&catalog->channels, channel);
    return (uint16_t)(atp_load_relaxed(&record->groups[method]) - 1);
}

/* Thread: any. */
static inline atp_node_state_t atp_catalog_node_state(const atp_catalog_t *catalog, uint16_t node)
{
    atp_node_record_t *record = atp_table_at(&catalog->nodes, node);
    /* Relaxed: one small value; an answer says as of which op it is by other means. */
    return (atp_node_state_t)(atp_load_relaxed(&record->state) & ATP_NODE_STATE_BITS);
}

/* Thread: any. */
static inline bool atp_catalog_has_calendar(const atp_catalog_t *catalog, uint16_t node)
{
    atp_node_record_t *record = atp_table_at(&catalog->nodes, node);
    return (atp_load_relaxed(&record->state) & ATP_NODE_HAS_CALENDAR) != 0;
}

/* Thread: any. */
static inline bool atp_catalog_is_stale(const atp_catalog_t *catalog, uint16_t node)
{
    atp_node_record_t *record = atp_table_at(&catalog->nodes, node);
    return (atp_load_relaxed(&record->state) & ATP_NODE_IS_STALE) != 0;
}

/* What is published of a node with a calendar. Thread: any. Each is right by itself; all by the stamp. */
typedef struct atp_node_ready {
    int64_t until_ms;
    int64_t ready_ms;
    int64_t capacity_left;
    int64_t quiet_until_ms;
} atp_node_ready_t;

static inline atp_node_ready_t atp_catalog_node_ready(const atp_catalog_t *catalog, uint16_t node)
{
    atp_node_record_t *record = atp_table_at(&catalog->nodes, node);
    return (atp_node_ready_t){atp_load_relaxed(&record->ready_until_ms), atp_load_relaxed(&record->ready_ms),
                              atp_load_relaxed(&record->capacity_left),
                              atp_load_relaxed(&record->quiet_until_ms)};
}

/* True if it is to be settled before it is believed: the day has changed there, or what is booked may have expired. */
static inline bool atp_node_ready_is_due(const atp_node_ready_t *ready, int64_t now_ms)
{
    return ready->until_ms <= now_ms || ready->quiet_until_ms <= now_ms;
}

/* True if the node is open and nothing else is to be looked at. Thread: any. */
static inline bool atp_catalog_is_plain_node(const atp_catalog_t *catalog, uint16_t node)
{
    atp_node_record_t *record = atp_table_at(&catalog->nodes, node);
    _Static_assert(ATP_NODE_OPEN == 0, "one test");
    return atp_load_relaxed(&record->state) == 0;
}

/* Adds a record under a name that is not there yet (room in table and strings: asserted) and returns its number.
 * Thread: ledger. */
uint32_t atp_catalog_add(atp_catalog_t *catalog, atp_string_heads_t *heads, atp_table_t *table,
                         atp_index_t *index, atp_text_t id, uint64_t hash, uint64_t op);

/* Replaces a display name. Thread: ledger. */
void atp_catalog_rename(atp_catalog_t *catalog, atp_string_heads_t *heads, uint32_t *name_ref,
                        atp_text_t name);

/* Builds the six indexes from the tables. Before the threads start. */
void atp_catalog_rebuild(atp_catalog_t *catalog);

#endif

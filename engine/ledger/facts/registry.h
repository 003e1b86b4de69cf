/* Registered sources: what each is the authority for, and how it is treated.
 *
 *     claim      one sort of facts (counts of on-hand, receipts, sales, ...) at one place: everywhere, the nodes of a group,
 *                one node. A fact that its source does not claim changes nothing and is kept as an exception
 *     shared     two sources claim the same at the same node only if both say that they share it. Counts are never shared:
 *                of two that say how many there are, one is wrong
 *     shadow     a source whose facts are compared with those of another, and not applied, until it is cut over
 *     paused     its batches are not taken, those of others are; by a person, by its breaker, or because it started over
 *     silent     not heard for longer than its SLA: the nodes that it claims counts of are stale
 *
 * A source that is not registered may tell everything, and is the authority for nothing, unless the configuration says that
 * sources must be registered. A registration stays when it is dropped, as names do; it counts for nothing then.
 *
 * Threads     rate and class of a source: any.   All else: ledger thread.
 * Memory      a record a source, a record a SKU at a node that is compared; reserved at init.
 * Invariants  N4  each registration is that of one source, which knows it; as many count as the heads say.
 *             N5  no two that count and are no shadows claim the same at one node, but what both share.
 *             N6  a node is marked as stale if, and only if, a silent source that counts claims counts of it. */
#ifndef ATP_LEDGER_REGISTRY_H
#define ATP_LEDGER_REGISTRY_H

#include "engine/base/atomics.h"
#include "engine/base/qty.h"
#include "engine/ledger/catalog/groups.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

/* What is claimed, by the number of its word. Frozen. */
typedef enum atp_claim {
    ATP_CLAIM_ON_HAND = 0,     /* counts of it */
    ATP_CLAIM_UNAVAILABLE = 1, /* counts of it */
    ATP_CLAIM_RECEIPTS = 2,
    ATP_CLAIM_SALES = 3,
    ATP_CLAIM_STEPS = 4, /* shipments, and what comes before and after them */
    ATP_CLAIM_RETURNS = 5,
    ATP_CLAIM_ADJUSTMENTS = 6,
    ATP_CLAIM_SUPPLY = 7,
    ATP_CLAIM_CATALOGUE = 8,
    ATP_CLAIM_COUNT
} atp_claim_t;

#define ATP_CLAIMS_OF_COUNTS (1u << ATP_CLAIM_ON_HAND | 1u << ATP_CLAIM_UNAVAILABLE)

typedef enum atp_place_scope {
    ATP_PLACE_EVERYWHERE = 0,
    ATP_PLACE_GROUP = 1,
    ATP_PLACE_NODE = 2
} atp_place_scope_t;

/* What is claimed at one place: a bit for each claim. */
typedef struct atp_claim_place {
    uint16_t claims;
    uint16_t shared; /* those of them that others may claim as well */
    uint16_t number; /* of the group or node; 0 everywhere */
    uint8_t scope;   /* atp_place_scope_t */
    uint8_t unused;
} atp_claim_place_t;

#define ATP_CLAIM_PLACES_MAX 32         /* of one source: more nodes than that are a group */
#define ATP_PLACE_ANY        UINT16_MAX /* as a node: nowhere in particular */

/* Which queue of the engine the facts of a source go through. Frozen: the numbers of words. */
typedef enum atp_source_class {
    ATP_SOURCE_LIVE = 0,
    ATP_SOURCE_URGENT = 1,
    ATP_SOURCE_BULK = 2
} atp_source_class_t;

typedef enum atp_pause {
    ATP_PAUSE_NONE = 0,
    ATP_PAUSE_PERSON = 1,
    ATP_PAUSE_BREAKER = 2,
    ATP_PAUSE_RESTART = 3 /* it has started over, and that is to be asked for */
} atp_pause_t;

/* How a source is, for who looks from outside. Frozen: it is in metrics. */
typedef enum atp_source_condition {
    ATP_SOURCE_UNREGISTERED = 0,
    ATP_SOURCE_OPEN = 1,
    ATP_SOURCE_SILENT = 2,
    ATP_SOURCE_IS_PAUSED = 3
} atp_source_condition_t;

#define ATP_BREAKER_SLICES    8 /* the window moves by an eighth of itself */
#define ATP_BREAKER_WINDOW_MS 60000

typedef struct atp_registration {
    uint32_t source;        /* its number in the catalogue */
    uint32_t shadow_of;     /* number of a source + 1 */
    uint64_t registered_op; /* the last one that told of it */
    uint64_t rate;          /* facts a second; 0 = no limit */
    int64_t sla_ms;         /* 0 = none */
    int64_t breaker_ms;     /* its window */
    uint64_t breaker;       /* 0 = none */
    int64_t heard_ms;       /* when it was registered or resumed, or its newest batch came */
    int64_t paused_ms;      /* since when it is */
    uint64_t epoch_asked;   /* of one that started over */
    uint64_t epoch_allowed; /* the highest that may begin without asking */
    uint64_t silent_number; /* of the exception that tells that it is silent */
    uint64_t facts;         /* applied or not */
    uint64_t outside;       /* of them, not claimed */
    uint64_t refused;       /* of them, that could not be applied, those not claimed among them */
    uint64_t compared;      /* of a shadow */
    uint64_t not_compared;  /* of a shadow: no quantity of theirs can be compared, or there was no room */
    uint64_t round;         /* of a shadow: the op with which the comparison began */
    int64_t slice;          /* the newest slice in slices, by its number since 1970 */
    uint32_t slices[ATP_BREAKER_SLICES]; /* refused facts, by number modulo the size */
    uint8_t kind;                        /* number of its word */
    uint8_t class;                       /* atp_source_class_t */
    uint8_t asks_to_restart;             /* 1: when it starts over it is paused */
    uint8_t is_dropped;
    uint8_t pause; /* atp_pause_t */
    uint8_t is_silent;
    uint8_t place_count;
    uint8_t unknown_names; /* atp_unknown_names_t of its facts, + 1; 0 = as configured */
    atp_claim_place_t places[ATP_CLAIM_PLACES_MAX];
} atp_registration_t;

_Static_assert(sizeof(atp_registration_t) == 184 + 8 * ATP_CLAIM_PLACES_MAX, "stored: no padding");

/* Part of the root record. */
typedef struct atp_registry_heads {
    uint32_t count;   /* registrations that count */
    uint32_t silent;  /* of them */
    uint32_t shadows; /* of them */
    uint32_t unused;
    int64_t look_ms; /* nobody gets silent before; INT64_MAX: nobody at all */
} atp_registry_heads_t;

typedef struct atp_registry {
    atp_table_t records;
    atp_registry_heads_t *heads; /* borrowed */
} atp_registry_t;

static inline atp_registration_t *atp_registration_at(const atp_registry_t *registry, uint32_t number)
{
    return atp_table_at(&registry->records, number);
}

/* True if facts of the source are applied: registered, and no shadow. */
static inline bool atp_registration_counts(const atp_registration_t *registration)
{
    return !registration->is_dropped && registration->shadow_of == 0;
}

/* True if the source claims one of `claims` (bits) at the node; ATP_PLACE_ANY: everywhere. */
bool atp_registration_claims(const atp_registration_t *registration, const atp_groups_t *groups,
                             unsigned claims, uint16_t node);

/* Adds claims at a place to those it has there. False: there are too many places. */
bool atp_registration_add_claims(atp_registration_t *registration, const atp_claim_place_t *place);

/* True if the two claim the same at some node, and not both share it. */
bool atp_registrations_meet(const atp_registration_t *one, const atp_registration_t *other,
                            const atp_groups_t *groups);

/* The registration (not `wanted` itself, nor source `but` + 1) that counts and meets `wanted`. False: there is none. */
bool atp_registry_find_taken(const atp_registry_t *registry, const atp_groups_t *groups,
                             const atp_registration_t *wanted, uint32_t but, uint32_t *ret_number);

/* Counts a fact that could not be applied. True if that is more than the breaker takes. */
bool atp_registration_count_refused(atp_registration_t *registration, int64_t now_ms);

/* When the source gets silent if it is not heard before; INT64_MAX: never, or it is already. */
int64_t atp_registration_silent_at(const atp_registration_t *registration);

/* "on_hand", ...; "live", ...; "none", "person", "breaker", "restart". NULL for a number that is none. */
const char *atp_pause_name(unsigned pause);

#endif

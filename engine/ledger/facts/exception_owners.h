/* Who settles exceptions, and within which time: a rule each, ledger data.
 *
 * An exception is that of the first owner whose rule fits it: the lowest `order` first, of equal ones the one that was made first. A
 * rule fits the kinds, sources and places that it names; what it does not name it does not ask about. An exception that names no
 * node, or one that is not there, fits no place.
 *
 * An owner stays when it is dropped, as names do; it fits nothing then. What is settled keeps the owner that it had.
 *
 * Threads     id of an owner: any, once it is there.   All else: ledger thread.
 * Memory      a record an owner, reserved at init. */
#ifndef ATP_LEDGER_EXCEPTION_OWNERS_H
#define ATP_LEDGER_EXCEPTION_OWNERS_H

#include "engine/ledger/catalog/groups.h"
#include "engine/ledger/facts/exception_tallies.h"

#define ATP_OWNER_SOURCES_MAX 8
#define ATP_OWNER_NODES_MAX   16
#define ATP_OWNER_GROUPS_MAX  8

typedef struct atp_exception_owner {
    uint64_t put_op; /* that told of it last */
    int64_t sla_ms;  /* 0 = whenever */
    uint64_t kinds;  /* a bit each; 0 = all */
    uint32_t sources[ATP_OWNER_SOURCES_MAX];
    uint16_t nodes[ATP_OWNER_NODES_MAX];
    uint16_t groups[ATP_OWNER_GROUPS_MAX];
    uint16_t order;
    uint8_t source_count; /* 0 = all, those of no source as well */
    uint8_t node_count;   /* both 0 = everywhere and nowhere */
    uint8_t group_count;
    uint8_t is_dropped;
    uint8_t id_size;
    uint8_t unused;
    char id[ATP_ID_SIZE_MAX];
} atp_exception_owner_t;

_Static_assert(sizeof(atp_exception_owner_t) == 176, "stored: no padding");

static inline const atp_exception_owner_t *atp_exception_owner(const atp_exceptions_t *exceptions,
                                                               uint32_t number)
{
    return atp_table_at(&exceptions->owners, number);
}

static inline atp_text_t atp_exception_owner_id(const atp_exception_owner_t *owner)
{
    return (atp_text_t){owner->id, owner->id_size};
}

/* What an exception is about, as far as a rule asks. */
typedef struct atp_owned {
    unsigned kind;
    uint32_t source; /* number + 1; 0 = of none */
    uint16_t node;   /* ATP_PLACE_ANY: at none */
} atp_owned_t;

/* Number + 1 of the owner of what is like that; 0: nobody in particular. */
uint8_t atp_exception_owner_of(const atp_exceptions_t *exceptions, const atp_groups_t *groups,
                               const atp_owned_t *owned);

/* True if a rule that counts asks about places. */
bool atp_exception_owners_ask_places(const atp_exceptions_t *exceptions);

/* The owner of that id, dropped or not. */
bool atp_exception_owner_find(const atp_exceptions_t *exceptions, atp_text_t id, uint32_t *ret_number);

#endif

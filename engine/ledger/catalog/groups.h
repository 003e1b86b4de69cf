/* Groups of nodes: named, ordered, and replaced as a whole.
 *
 * A group is a record of the catalogue with a chain of members in order of preference. A node may be in any number of
 * groups, in one group once. Whether it is, one bit says; its place and cost are found through an index: the same time
 * however large the group. Bits and index are not state: they are rebuilt from the members.
 *
 * Threads     replace, rebuild: ledger thread.   find, walk, count: any thread, no lock; what they say is of one op if the
 *             stamp of the ledger held (atp_ledger_stamp), else it may mix two memberships. Walks are bounded either way.
 * Memory      24 bytes a member and its index entry, a bit for each group and node; reserved at init.
 * Invariants  M1  the chain of a group has as many members as its record counts, ranks 0, 1, 2, ..., all of that group.
 *             M2  each (group, node) is found through the index at exactly one member.
 *             M3  every member is on one chain: of its group, or of the free ones.
 *             M4  the bits of a group are set for its members, and for no other node. */
#ifndef ATP_LEDGER_GROUPS_H
#define ATP_LEDGER_GROUPS_H

#include "engine/base/atomics.h"
#include "engine/base/command.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_NO_GROUP          UINT16_MAX
#define ATP_GROUP_MEMBERS_MAX ATP_ATTRIBUTES_PER_OP_MAX /* of one group: one op names them all */

typedef struct atp_group_record {
    uint32_t id_ref;
    uint32_t unused_ref;
    uint64_t hash;
    uint64_t created_op;
    _Atomic uint32_t first; /* member + 1; 0 = it has none */
    _Atomic uint32_t count;
    uint8_t unused[32];
} atp_group_record_t;

typedef struct atp_group_member {
    _Atomic uint32_t next; /* member + 1 */
    _Atomic uint16_t group;
    _Atomic uint16_t node;
    _Atomic uint16_t rank; /* 0 = preferred */
    uint16_t unused;
    uint32_t unused_too;
    _Atomic int64_t cost; /* of an order served from there, in whatever unit; 0 = not given */
} atp_group_member_t;

_Static_assert(sizeof(atp_group_record_t) == 64 && sizeof(atp_group_member_t) == 24, "stored: no padding");

typedef struct atp_group_heads {
    uint32_t free; /* first free member + 1 */
    uint32_t free_count;
} atp_group_heads_t;

typedef struct atp_groups {
    atp_table_t members;
    atp_index_t index;      /* (group, node) -> member */
    _Atomic uint64_t *bits; /* by group: one for each node */
    uint32_t words;         /* of one group */
    atp_arena_t bit_arena;
    atp_table_t *records; /* borrowed: the groups of the catalogue */
    atp_group_heads_t *heads;
} atp_groups_t;

/* Room for the bits of so many groups and nodes. */
ATP_MUST_USE atp_err_t atp_groups_init_bits(atp_groups_t *groups, uint64_t group_capacity,
                                            uint64_t node_capacity);
void atp_groups_fini_bits(atp_groups_t *groups);

#define ATP_GROUP_BIT_WORDS(nodes) (((nodes) + 63) / 64)

/* A member as it was read. */
typedef struct atp_group_node {
    uint16_t node;
    uint16_t rank;
    int64_t cost;
} atp_group_node_t;

/* True, and its place and cost, if the node is in the group. `group` is below the count of groups. Thread: any. */
bool atp_groups_find(const atp_groups_t *groups, uint16_t group, uint16_t node, atp_group_node_t *ret_member);

/* The bits of a group, that of node n in word n / 64: whoever asks for many nodes. Thread: any. */
static inline _Atomic uint64_t *atp_groups_bits(const atp_groups_t *groups, uint16_t group)
{
    return &groups->bits[(uint64_t)group * groups->words];
}

/* True if the node is in the group. Both are below their counts. Thread: any. */
static inline bool atp_groups_has(const atp_groups_t *groups, uint16_t group, uint16_t node)
{
    /* Relaxed: the stamp of the ledger says whether all that was read is of one op. */
    return (atp_load_relaxed(&atp_groups_bits(groups, group)[node / 64]) >> node % 64 & 1) != 0;
}

/* How many nodes the group has. Thread: any. */
uint32_t atp_groups_count(const atp_groups_t *groups, uint16_t group);

/* Walks the nodes of a group in order of preference:
 *     atp_group_walk_t walk = atp_groups_walk(groups, group);
 *     while (atp_groups_next(&walk, &member)) { ... }
 * Thread: any. */
typedef struct atp_group_walk {
    const atp_groups_t *groups;
    uint32_t at;
    uint32_t left;
} atp_group_walk_t;

atp_group_walk_t atp_groups_walk(const atp_groups_t *groups, uint16_t group);
bool atp_groups_next(atp_group_walk_t *walk, atp_group_node_t *ret_member);

/* True if the group's membership can be replaced by one of `count` nodes. */
bool atp_groups_has_room(const atp_groups_t *groups, uint16_t group, uint32_t count);

/* Takes all members out of the group. */
void atp_groups_clear(atp_groups_t *groups, uint16_t group);
/* Puts a node at the end of the group: after `last`, what the append before it returned (0: the group is empty). There is
 * room (asserted); no node twice. */
uint32_t atp_groups_append(atp_groups_t *groups, uint16_t group, uint32_t last, uint16_t node, int64_t cost);

/* Builds the index from the members. Before the threads start. */
void atp_groups_rebuild(atp_groups_t *groups);

#endif

#include "engine/ledger/catalog/groups.h"

#include "engine/base/hash.h"

static uint64_t hash_of(uint16_t group, uint16_t node)
{
    return atp_mix32((uint32_t)group << 16 | node);
}

static atp_group_record_t *record_at(const atp_groups_t *groups, uint16_t group)
{
    return atp_table_at(groups->records, group);
}

static atp_group_member_t *member_at(const atp_groups_t *groups, uint32_t number)
{
    return atp_table_at(&groups->members, number);
}

/* ---- bits ---- */

atp_err_t atp_groups_init_bits(atp_groups_t *groups, uint64_t group_capacity, uint64_t node_capacity)
{
    groups->words = (uint32_t)ATP_GROUP_BIT_WORDS(node_capacity);
    atp_err_t err = atp_arena_reserve(&groups->bit_arena, group_capacity * groups->words * sizeof(uint64_t));

    groups->bits = (_Atomic uint64_t *)(void *)groups->bit_arena.base;
    return err;
}

void atp_groups_fini_bits(atp_groups_t *groups)
{
    atp_arena_release(&groups->bit_arena);
}

static void set_bit(atp_groups_t *groups, uint16_t group, uint16_t node, bool is_member)
{
    _Atomic uint64_t *word = &groups->bits[(uint64_t)group * groups->words + node / 64];
    uint64_t bit = UINT64_C(1) << node % 64;

    ATP_ASSERT(node / 64 < groups->words);
    atp_store_relaxed(word, is_member ? atp_load_relaxed(word) | bit : atp_load_relaxed(word) & ~bit);
}

/* ---- reading ---- */

static atp_group_node_t read_member(const atp_group_member_t *record)
{
    atp_group_member_t *member = (atp_group_member_t *)record;

    /* Relaxed: the stamp of the ledger says whether all that was read is of one op. */
    return (atp_group_node_t){atp_load_relaxed(&member->node), atp_load_relaxed(&member->rank),
                              atp_load_relaxed(&member->cost)};
}

/* The member of that group and node; NULL if there is none. */
static atp_group_member_t *find(const atp_groups_t *groups, uint16_t group, uint16_t node,
                                uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&groups->index, hash_of(group, node));

    while (atp_index_next(&probe, ret_number)) {
        atp_group_member_t *member = member_at(groups, *ret_number);
        if (atp_load_relaxed(&member->group) == group && atp_load_relaxed(&member->node) == node) {
            return member;
        }
    }
    return NULL;
}

bool atp_groups_find(const atp_groups_t *groups, uint16_t group, uint16_t node, atp_group_node_t *ret_member)
{
    uint32_t number;
    const atp_group_member_t *member = find(groups, group, node, &number);

    if (member == NULL) {
        return false;
    }
    *ret_member = read_member(member);
    return true;
}

uint32_t atp_groups_count(const atp_groups_t *groups, uint16_t group)
{
    return atp_load_relaxed(&record_at(groups, group)->count);
}

atp_group_walk_t atp_groups_walk(const atp_groups_t *groups, uint16_t group)
{
    atp_group_record_t *record = record_at(groups, group);

    return (atp_group_walk_t){groups, atp_load_relaxed(&record->first), atp_load_relaxed(&record->count)};
}

bool atp_groups_next(atp_group_walk_t *walk, atp_group_node_t *ret_member)
{
    if (walk->at == 0 || walk->left == 0) {
        return false;
    }
    atp_group_member_t *member = member_at(walk->groups, walk->at - 1);
    *ret_member = read_member(member);
    walk->at = atp_load_relaxed(&member->next);
    walk->left--;
    return true;
}

/* ---- changing ---- */

bool atp_groups_has_room(const atp_groups_t *groups, uint16_t group, uint32_t count)
{
    uint64_t free = groups->members.capacity - atp_table_count(&groups->members) + groups->heads->free_count;
    uint64_t own = group < atp_table_count(groups->records) ? atp_groups_count(groups, group) : 0;

    return count <= free + own;
}

void atp_groups_clear(atp_groups_t *groups, uint16_t group)
{
    atp_group_record_t *record = atp_table_change(groups->records, group);
    uint32_t at = atp_load_relaxed(&record->first);

    while (at != 0) {
        atp_group_member_t *member = atp_table_change(&groups->members, at - 1);
        uint32_t next = atp_load_relaxed(&member->next);
        atp_index_remove(&groups->index, hash_of(group, atp_load_relaxed(&member->node)), at - 1);
        set_bit(groups, group, atp_load_relaxed(&member->node), false);
        atp_store_relaxed(&member->next, groups->heads->free);
        atp_store_relaxed(&member->group, ATP_NO_GROUP);
        groups->heads->free = at;
        groups->heads->free_count++;
        at = next;
    }
    atp_store_relaxed(&record->first, 0);
    atp_store_relaxed(&record->count, 0);
}

/* The number of a member that is on no chain. */
static uint32_t take_free(atp_groups_t *groups)
{
    uint32_t at = groups->heads->free;

    if (at == 0) {
        return (uint32_t)atp_table_append(&groups->members, 1);
    }
    groups->heads->free = atp_load_relaxed(&member_at(groups, at - 1)->next);
    groups->heads->free_count--;
    return at - 1;
}

uint32_t atp_groups_append(atp_groups_t *groups, uint16_t group, uint32_t last, uint16_t node, int64_t cost)
{
    uint32_t number = take_free(groups);
    atp_group_record_t *record = atp_table_change(groups->records, group);
    atp_group_member_t *member = atp_table_change(&groups->members, number);
    uint32_t rank = atp_load_relaxed(&record->count);

    ATP_ASSERT(rank < ATP_GROUP_MEMBERS_MAX && (rank == 0) == (last == 0));
    atp_store_relaxed(&member->next, 0);
    atp_store_relaxed(&member->group, group);
    atp_store_relaxed(&member->node, node);
    atp_store_relaxed(&member->rank, (uint16_t)rank);
    atp_store_relaxed(&member->cost, cost);
    if (last == 0) {
        atp_store_relaxed(&record->first, number + 1);
    } else {
        atp_group_member_t *before = atp_table_change(&groups->members, last - 1);
        atp_store_relaxed(&before->next, number + 1);
    }
    atp_store_relaxed(&record->count, rank + 1);
    atp_index_insert(&groups->index, hash_of(group, node), number);
    set_bit(groups, group, node, true);
    return number + 1;
}

void atp_groups_rebuild(atp_groups_t *groups)
{
    uint64_t count = atp_table_count(&groups->members);

    for (uint64_t i = 0; i < count; i++) {
        atp_group_member_t *member = member_at(groups, (uint32_t)i);
        uint16_t group = atp_load_relaxed(&member->group);
        uint16_t node = atp_load_relaxed(&member->node);
        if (group < groups->records->capacity &&
            node / 64 < groups->words) { /* else it is free, or M1 will tell */
            atp_index_insert(&groups->index, hash_of(group, node), (uint32_t)i);
            set_bit(groups, group, node, true);
        }
    }
}

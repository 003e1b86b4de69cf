/* Groups of nodes (M), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

#include <stdlib.h>

typedef struct marks {
    const atp_ledger_t *ledger;
    unsigned char *is_on_chain; /* a byte a member */
    uint64_t in_groups;
    uint64_t free;
} marks_t;

static bool mark(marks_t *marks, uint32_t at)
{
    if (at > atp_table_count(&marks->ledger->groups.members) || marks->is_on_chain[at - 1]) {
        return false;
    }
    marks->is_on_chain[at - 1] = 1;
    return true;
}

/* One member on the chain of `group`, which should have that rank. */
static atp_err_t check_member(const marks_t *marks, uint64_t group, uint32_t at, uint32_t rank,
                              atp_why_t *ret_why)
{
    const atp_groups_t *groups = &marks->ledger->groups;
    atp_group_member_t *member = atp_table_at(&groups->members, at - 1);
    uint16_t node = atp_load_relaxed(&member->node);
    atp_group_node_t found;

    if (atp_load_relaxed(&member->group) != group || atp_load_relaxed(&member->rank) != rank ||
        node >= atp_table_count(&marks->ledger->catalog.nodes)) {
        return ATP_BROKEN(ret_why, "M1", "member %u of group %llu is not its node number %u", at - 1,
                          (ull_t)group, rank);
    }
    if (!atp_groups_find(groups, (uint16_t)group, node, &found) || found.rank != rank) {
        return ATP_BROKEN(ret_why, "M2", "node %u of group %llu is not found by its number", node,
                          (ull_t)group);
    }
    if (!atp_groups_has(groups, (uint16_t)group, node)) {
        return ATP_BROKEN(ret_why, "M4", "node %u of group %llu has no bit", node, (ull_t)group);
    }
    return ATP_OK;
}

/* All members have their bit, so that no other node has one if there are as many. */
static atp_err_t check_bits(const atp_groups_t *groups, uint64_t group, uint32_t members, atp_why_t *ret_why)
{
    uint64_t set = 0;

    for (uint32_t i = 0; i < groups->words; i++) {
        set += (uint64_t)__builtin_popcountll(atp_load_relaxed(&groups->bits[group * groups->words + i]));
    }
    return set == members ? ATP_OK
                          : ATP_BROKEN(ret_why, "M4", "group %llu has %u nodes and %llu bits", (ull_t)group,
                                       members, (ull_t)set);
}

static atp_err_t check_group(marks_t *marks, uint64_t group, atp_why_t *ret_why)
{
    atp_group_record_t *record = atp_table_at(&marks->ledger->catalog.groups, group);
    uint32_t at = atp_load_relaxed(&record->first);
    uint32_t rank = 0;

    while (at != 0) {
        if (!mark(marks, at)) {
            return ATP_BROKEN(ret_why, "M3", "member %u of group %llu is on another chain", at - 1,
                              (ull_t)group);
        }
        atp_err_t err = check_member(marks, group, at, rank, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        rank++;
        at = atp_load_relaxed(
            &((atp_group_member_t *)atp_table_at(&marks->ledger->groups.members, at - 1))->next);
    }
    if (rank != atp_load_relaxed(&record->count)) {
        return ATP_BROKEN(ret_why, "M1", "group %llu counts %u nodes, has %u", (ull_t)group,
                          atp_load_relaxed(&record->count), rank);
    }
    marks->in_groups += rank;
    return check_bits(&marks->ledger->groups, group, rank, ret_why);
}

static atp_err_t check_free(marks_t *marks, atp_why_t *ret_why)
{
    const atp_groups_t *groups = &marks->ledger->groups;

    for (uint32_t at = groups->heads->free; at != 0;) {
        atp_group_member_t *member = atp_table_at(&groups->members, at - 1);
        if (!mark(marks, at) || atp_load_relaxed(&member->group) != ATP_NO_GROUP) {
            return ATP_BROKEN(ret_why, "M3", "member %u is free, and in a group", at - 1);
        }
        marks->free++;
        at = atp_load_relaxed(&member->next);
    }
    if (marks->free != groups->heads->free_count ||
        marks->free + marks->in_groups != atp_table_count(&groups->members)) {
        return ATP_BROKEN(ret_why, "M3", "%llu members in groups and %llu free are not all %llu",
                          (ull_t)marks->in_groups, (ull_t)marks->free,
                          (ull_t)atp_table_count(&groups->members));
    }
    return atp_check_index(&groups->index, "members of groups", marks->in_groups, ret_why);
}

static atp_err_t check_channels(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t channels = atp_table_count(&ledger->catalog.channels);

    for (uint64_t i = 0; i < channels; i++) {
        for (unsigned method = 0; method < ATP_METHOD_COUNT; method++) {
            uint16_t group = atp_catalog_channel_group(&ledger->catalog, (uint16_t)i, (atp_method_t)method);
            if (group != ATP_NO_GROUP && group >= atp_table_count(&ledger->catalog.groups)) {
                return ATP_BROKEN(ret_why, "M1", "channel %llu names group %u, which is none", (ull_t)i,
                                  group);
            }
        }
    }
    return ATP_OK;
}

atp_err_t atp_check_groups(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->catalog.groups);
    uint64_t members = atp_table_count(&ledger->groups.members);
    marks_t marks = {ledger, calloc(members + 1, 1), 0, 0};
    atp_err_t err = ATP_OK;

    if (marks.is_on_chain == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to mark %llu members of groups", (ull_t)members);
    }
    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        err = check_group(&marks, i, ret_why);
    }
    err = err == ATP_OK ? check_free(&marks, ret_why) : err;
    free(marks.is_on_chain);
    return err == ATP_OK ? check_channels(ledger, ret_why) : err;
}

#include "engine/ledger/facts/differences.h"

#include "engine/base/hash.h"

#include <string.h>

static uint64_t hash_of(const atp_differences_t *differences, uint32_t shadow, uint32_t sku, uint16_t node)
{
    uint64_t key[2] = {(uint64_t)shadow << 32 | sku, node};
    return atp_hash_bytes(key, sizeof key, *differences->seed);
}

static bool find(const atp_differences_t *differences, uint32_t shadow, uint32_t sku, uint16_t node,
                 uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&differences->index, hash_of(differences, shadow, sku, node));
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_difference_t *record = atp_table_at(&differences->records, number);
        if (record->shadow == shadow && record->sku == sku && record->node == node) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* The record, announced for a change, and of the comparison that goes on; NULL: there is no room. */
static atp_difference_t *need(atp_differences_t *differences, const atp_compared_t *told)
{
    uint32_t number;

    if (!find(differences, told->shadow, told->sku, told->node, &number)) {
        if (!atp_table_has_room(&differences->records, 1)) {
            return NULL;
        }
        number = (uint32_t)atp_table_append(&differences->records, 1);
        atp_index_insert(&differences->index, hash_of(differences, told->shadow, told->sku, told->node),
                         number);
    }
    atp_difference_t *record = atp_table_change(&differences->records, number);
    if (record->round != told->round) {
        *record = (atp_difference_t){
            .round = told->round, .sku = told->sku, .shadow = told->shadow, .node = told->node};
    }
    return record;
}

static void add(atp_qty_t *sum, atp_qty_t qty)
{
    *sum += qty; /* both within +-ATP_QTY_MAX */
    *sum = *sum > ATP_QTY_MAX ? ATP_QTY_MAX : *sum < -ATP_QTY_MAX ? -ATP_QTY_MAX : *sum;
}

bool atp_differences_note(atp_differences_t *differences, const atp_compared_t *told)
{
    atp_difference_t *record = need(differences, told);

    if (record == NULL) {
        return false;
    }
    if (!told->is_count) {
        add(told->is_by_shadow ? &record->shadowed : &record->applied, told->qty);
        return true;
    }
    *(told->is_by_shadow ? &record->shadowed_count : &record->applied_count) = told->qty;
    record->counted |= told->is_by_shadow ? ATP_COUNTED_SHADOW : ATP_COUNTED_APPLIED;
    return true;
}

/* Counts of two that are one are the count of both, where each was counted. */
static void add_record(atp_difference_t *to, const atp_difference_t *from)
{
    add(&to->applied, from->applied);
    add(&to->shadowed, from->shadowed);
    add(&to->applied_count, from->applied_count);
    add(&to->shadowed_count, from->shadowed_count);
    to->counted |= from->counted;
}

/* The record of a SKU that goes joins that of the other one; of two rounds the newer is the one that may count. */
static void join(atp_difference_t *to, const atp_difference_t *from)
{
    if (to->round == from->round) {
        add_record(to, from);
    } else if (to->round < from->round) {
        uint32_t sku = to->sku;
        *to = *from;
        to->sku = sku;
    }
}

void atp_differences_merge(atp_differences_t *differences, uint32_t from, uint32_t to)
{
    uint64_t count = atp_table_count(&differences->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_difference_t *record = atp_table_at(&differences->records, i);
        uint32_t other;
        if (record->sku != from || record->round == 0) {
            continue;
        }
        atp_difference_t *change = atp_table_change(&differences->records, i);
        if (find(differences, record->shadow, to, record->node, &other)) {
            join(atp_table_change(&differences->records, other), change);
            *change = (atp_difference_t){.sku = from, .shadow = change->shadow, .node = change->node};
            continue;
        }
        atp_index_remove(&differences->index, hash_of(differences, change->shadow, from, change->node), i);
        change->sku = to;
        atp_index_insert(&differences->index, hash_of(differences, change->shadow, to, change->node), i);
    }
}

void atp_differences_rebuild(atp_differences_t *differences)
{
    uint64_t count = atp_table_count(&differences->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_difference_t *record = atp_table_at(&differences->records, i);
        atp_index_insert(&differences->index, hash_of(differences, record->shadow, record->sku, record->node),
                         (uint32_t)i);
    }
}

bool atp_differences_is_found(const atp_differences_t *differences, uint32_t number)
{
    const atp_difference_t *record = atp_table_at(&differences->records, number);
    uint32_t found;

    return find(differences, record->shadow, record->sku, record->node, &found) && found == number;
}

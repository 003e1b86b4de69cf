#include "engine/ledger/facts/drift.h"

#include "engine/base/hash.h"

#include <string.h>

const char *atp_drift_cause_name(unsigned cause)
{
    static const char *const names[ATP_DRIFT_CAUSE_COUNT] = {NULL,   "first",   "untold",
                                                             "told", "several", "gone"};

    return cause < ATP_DRIFT_CAUSE_COUNT ? names[cause] : NULL;
}

static uint64_t hash_of(const atp_drift_t *drift, uint64_t feed, uint32_t node)
{
    const uint64_t key[2] = {feed, node};

    return atp_hash_bytes(key, sizeof key, *drift->seed);
}

const atp_drift_node_t *atp_drift_get(const atp_drift_t *drift, uint64_t number)
{
    uint64_t capacity = drift->records.capacity;

    if (number == 0 || number > *drift->newest || number + capacity <= *drift->newest) {
        return NULL;
    }
    return atp_table_at(&drift->records, (number - 1) % capacity);
}

const atp_drift_node_t *atp_drift_find(const atp_drift_t *drift, uint64_t feed, uint16_t node)
{
    atp_index_probe_t probe = atp_index_probe(&drift->index, hash_of(drift, feed, node));
    uint32_t place;

    while (atp_index_next(&probe, &place)) {
        const atp_drift_node_t *record = atp_table_at(&drift->records, place);
        if (record->feed == feed && record->node == node) {
            return record;
        }
    }
    return NULL;
}

static atp_drift_node_t *append(atp_drift_t *drift, uint64_t feed, uint16_t node)
{
    uint64_t number = ++*drift->newest;
    uint64_t capacity = drift->records.capacity;
    uint32_t place = (uint32_t)((number - 1) % capacity);

    if (number <= capacity) {
        atp_table_append(&drift->records, 1);
    } else {
        const atp_drift_node_t *oldest = atp_table_at(&drift->records, place);
        atp_index_remove(&drift->index, hash_of(drift, oldest->feed, oldest->node), place);
    }
    atp_drift_node_t *record = atp_table_change(&drift->records, place);
    memset(record, 0, sizeof *record);
    record->number = number;
    record->feed = feed;
    record->node = node;
    atp_index_insert(&drift->index, hash_of(drift, feed, node), place);
    return record;
}

atp_drift_node_t *atp_drift_need(atp_drift_t *drift, uint64_t feed, uint16_t node)
{
    const atp_drift_node_t *record = atp_drift_find(drift, feed, node);

    return record == NULL ? append(drift, feed, node)
                          : atp_table_change(&drift->records, (record->number - 1) % drift->records.capacity);
}

void atp_drift_add(atp_drift_sums_t *sums, atp_qty_t change, uint8_t scale, atp_value_t value)
{
    if (change > 0) {
        sums->up += atp_capacity_units(change, scale);
        sums->value_up = atp_amount_add(sums->value_up, atp_amount_of(change, scale, value));
    } else if (change < 0) {
        sums->down += atp_capacity_units(-change, scale);
        sums->value_down = atp_amount_add(sums->value_down, atp_amount_of(-change, scale, value));
    }
}

void atp_drift_rebuild(atp_drift_t *drift)
{
    uint64_t count = atp_table_count(&drift->records);

    for (uint32_t place = 0; place < count; place++) {
        const atp_drift_node_t *record = atp_table_at(&drift->records, place);
        atp_index_insert(&drift->index, hash_of(drift, record->feed, record->node), place);
    }
}

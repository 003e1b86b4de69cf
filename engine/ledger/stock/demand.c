#include "engine/ledger/stock/demand.h"

#include "engine/base/hash.h"

static uint64_t hash_of(const atp_demand_t *demand, uint32_t sku, uint16_t node, uint16_t channel)
{
    uint64_t key = (uint64_t)sku << 32 | (uint64_t)node << 16 | channel;
    return atp_hash_bytes(&key, sizeof key, *demand->seed);
}

static bool find(const atp_demand_t *demand, uint32_t sku, uint16_t node, uint16_t channel,
                 uint32_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(&demand->index, hash_of(demand, sku, node, channel));
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_demand_record_t *record = atp_table_at(&demand->records, number);
        if (record->sku == sku && record->node == node && record->channel == channel) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

static uint32_t add(atp_demand_t *demand, uint32_t sku, uint16_t node, uint16_t channel, int64_t now_ms)
{
    uint32_t number = (uint32_t)atp_table_append(&demand->records, 1);
    atp_demand_record_t *record = atp_table_change(&demand->records, number);

    record->sku = sku;
    record->node = node;
    record->channel = channel;
    record->first_ms = now_ms;
    atp_index_insert(&demand->index, hash_of(demand, sku, node, channel), number);
    return number;
}

static uint32_t need(atp_demand_t *demand, const atp_unmet_t *unmet)
{
    uint32_t number;

    if (atp_table_count(&demand->records) == 0) {
        add(demand, ATP_DEMAND_NO_SKU, 0, 0, unmet->now_ms); /* before the table can be full */
    }
    if (find(demand, unmet->sku, unmet->node, unmet->channel, &number)) {
        return number;
    }
    return atp_table_has_room(&demand->records, 1)
               ? add(demand, unmet->sku, unmet->node, unmet->channel, unmet->now_ms)
               : 0;
}

static atp_qty_t sum(atp_qty_t a, atp_qty_t b)
{
    return a > ATP_QTY_MAX - b ? ATP_QTY_MAX : a + b;
}

void atp_demand_count(atp_demand_t *demand, const atp_unmet_t *unmet)
{
    atp_demand_record_t *record = atp_table_change(&demand->records, need(demand, unmet));

    record->last_ms = unmet->now_ms;
    if (unmet->is_refused) {
        record->refused++;
        record->refused_qty = sum(record->refused_qty, unmet->qty);
    } else {
        record->in_part++;
        record->short_qty = sum(record->short_qty, unmet->qty);
    }
}

/* Adds one record to another; it is left with nothing. */
static void add_up(atp_demand_record_t *to, atp_demand_record_t *from)
{
    to->refused += from->refused;
    to->in_part += from->in_part;
    to->refused_qty = sum(to->refused_qty, from->refused_qty);
    to->short_qty = sum(to->short_qty, from->short_qty);
    to->first_ms = to->first_ms < from->first_ms ? to->first_ms : from->first_ms;
    to->last_ms = to->last_ms > from->last_ms ? to->last_ms : from->last_ms;
    from->refused = 0;
    from->in_part = 0;
    from->refused_qty = 0;
    from->short_qty = 0;
}

void atp_demand_merge(atp_demand_t *demand, uint32_t from, uint32_t to)
{
    uint64_t count = atp_table_count(&demand->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_demand_record_t *record = atp_table_at(&demand->records, i);
        uint32_t other;
        if (record->sku != from || record->refused + record->in_part == 0) {
            continue;
        }
        atp_demand_record_t *change = atp_table_change(&demand->records, i);
        if (find(demand, to, record->node, record->channel, &other)) {
            add_up(atp_table_change(&demand->records, other), change);
            continue;
        }
        atp_index_remove(&demand->index, hash_of(demand, from, record->node, record->channel), i);
        change->sku = to;
        atp_index_insert(&demand->index, hash_of(demand, to, record->node, record->channel), i);
    }
}

void atp_demand_rebuild(atp_demand_t *demand)
{
    uint64_t count = atp_table_count(&demand->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_demand_record_t *record = atp_table_at(&demand->records, i);
        atp_index_insert(&demand->index, hash_of(demand, record->sku, record->node, record->channel), i);
    }
}

bool atp_demand_is_found(const atp_demand_t *demand, uint32_t number)
{
    const atp_demand_record_t *record = atp_table_at(&demand->records, number);
    uint32_t found;

    return find(demand, record->sku, record->node, record->channel, &found) && found == number;
}

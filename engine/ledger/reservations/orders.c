#include "engine/ledger/reservations/orders.h"

#include "engine/base/hash.h"

#include <string.h>

static atp_order_t *record_at(const atp_orders_t *orders, uint32_t record)
{
    return atp_table_at(&orders->records, record);
}

static uint32_t number_of(const atp_orders_t *orders, const atp_order_t *order)
{
    return (uint32_t)(order - record_at(orders, 0));
}

static bool find_first(const atp_orders_t *orders, atp_text_t id, uint64_t hash, uint32_t *ret_record)
{
    atp_index_probe_t probe = atp_index_probe(&orders->by_id, hash);

    while (atp_index_next(&probe, ret_record)) {
        const atp_order_t *order = record_at(orders, *ret_record);
        if (order->hash == hash && atp_text_equal((atp_text_t){order->id, order->id_size}, id)) {
            return true;
        }
    }
    return false;
}

const atp_order_t *atp_orders_find(const atp_orders_t *orders, atp_text_t id, uint64_t hash)
{
    uint32_t record;

    return find_first(orders, id, hash, &record) ? record_at(orders, record) : NULL;
}

const atp_order_t *atp_orders_next(const atp_orders_t *orders, const atp_order_t *order)
{
    return order->next != 0 ? record_at(orders, order->next - 1) : NULL;
}

const atp_order_t *atp_orders_of(const atp_orders_t *orders, uint32_t reservation)
{
    atp_index_probe_t probe = atp_index_probe(&orders->by_reservation, atp_mix32(reservation));
    uint32_t record;

    while (atp_index_next(&probe, &record)) {
        if (record_at(orders, record)->reservation == reservation + 1) {
            return record_at(orders, record);
        }
    }
    return NULL;
}

/* A free record, all zero. */
static uint32_t take_record(atp_orders_t *orders)
{
    atp_order_heads_t *heads = orders->heads;

    if (heads->free == 0) {
        return (uint32_t)atp_table_append(&orders->records, 1);
    }
    uint32_t record = heads->free - 1;
    atp_order_t *order = atp_table_change(&orders->records, record);
    heads->free = order->next;
    heads->free_count--;
    order->next = 0;
    return record;
}

void atp_orders_add(atp_orders_t *orders, uint32_t reservation, atp_text_t id, uint64_t hash)
{
    uint32_t first = 0;
    bool has_first = find_first(orders, id, hash, &first);
    uint32_t record = take_record(orders);
    atp_order_t *order = atp_table_change(&orders->records, record);

    ATP_ASSERT(id.size >= 1 && id.size <= ATP_ID_SIZE_MAX);
    order->hash = hash;
    order->reservation = reservation + 1;
    order->id_size = (uint8_t)id.size;
    memcpy(order->id, id.bytes, id.size);
    if (has_first) {
        atp_order_t *head = atp_table_change(&orders->records, first);
        order->previous = first + 1;
        order->next = head->next;
        if (head->next != 0) {
            atp_order_t *second = atp_table_change(&orders->records, head->next - 1);
            second->previous = record + 1;
        }
        head->next = record + 1;
    } else {
        atp_index_insert(&orders->by_id, hash, record);
    }
    atp_index_insert(&orders->by_reservation, atp_mix32(reservation), record);
}

/* Takes a record out of the chain of its order; where it was the first the next one is found in its place. */
static void unlink_record(atp_orders_t *orders, uint32_t record, const atp_order_t *order)
{
    if (order->previous != 0) {
        atp_order_t *before = atp_table_change(&orders->records, order->previous - 1);
        before->next = order->next;
    } else {
        atp_index_remove(&orders->by_id, order->hash, record);
        if (order->next != 0) {
            atp_index_insert(&orders->by_id, order->hash, order->next - 1);
        }
    }
    if (order->next != 0) {
        atp_order_t *after = atp_table_change(&orders->records, order->next - 1);
        after->previous = order->previous;
    }
}

void atp_orders_drop(atp_orders_t *orders, uint32_t reservation)
{
    const atp_order_t *found = atp_orders_of(orders, reservation);

    ATP_ASSERT(found != NULL); /* E1 */
    uint32_t record = number_of(orders, found);
    atp_order_t *order = atp_table_change(&orders->records, record);
    unlink_record(orders, record, order);
    atp_index_remove(&orders->by_reservation, atp_mix32(reservation), record);
    memset(order, 0, sizeof *order);
    order->next = orders->heads->free;
    orders->heads->free = record + 1;
    orders->heads->free_count++;
}

void atp_orders_rebuild(atp_orders_t *orders)
{
    uint64_t count = atp_table_count(&orders->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_order_t *order = record_at(orders, i);
        if (order->reservation == 0) {
            continue;
        }
        atp_index_insert(&orders->by_reservation, atp_mix32(order->reservation - 1), i);
        if (order->previous == 0) {
            atp_index_insert(&orders->by_id, order->hash, i);
        }
    }
}

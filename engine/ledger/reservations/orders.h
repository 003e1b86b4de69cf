/* External order numbers: which reservations belong to an order.
 *
 * A reservation may name the order it is for; only such ones have a record here. The records of one order are a chain, newest
 * second, whose first record the index finds by the order's id; a second index finds a reservation's record.
 *
 * Threads     ledger thread only.
 * Memory      88 bytes and two index entries a reservation that names an order.
 * Invariants  E1  a reservation has the bit has_order exactly while one record names it, and it is found there.
 *             E2  the records of one order are one chain, and the index finds its first by the order's id. */
#ifndef ATP_LEDGER_ORDERS_H
#define ATP_LEDGER_ORDERS_H

#include "engine/base/command.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_order {
    uint64_t hash;        /* of the order's id, with the ledger's seed */
    uint32_t reservation; /* number + 1; 0 = the record is free */
    uint32_t next;        /* of the same order, or free chain: record + 1 */
    uint32_t previous;    /* 0 = the first of its order */
    uint8_t id_size;
    uint8_t unused[3];
    char id[ATP_ID_SIZE_MAX];
} atp_order_t;

_Static_assert(sizeof(atp_order_t) == 88, "stored: no padding");

/* The part of the root record that belongs to orders. */
typedef struct atp_order_heads {
    uint32_t free; /* record + 1 */
    uint32_t free_count;
} atp_order_heads_t;

typedef struct atp_orders {
    atp_table_t records; /* as many as there are reservations: never full */
    atp_index_t by_id;
    atp_index_t by_reservation;
    atp_order_heads_t *heads; /* borrowed */
} atp_orders_t;

/* The first record of the order; NULL if no reservation names it. The next one: atp_orders_next. */
const atp_order_t *atp_orders_find(const atp_orders_t *orders, atp_text_t id, uint64_t hash);
const atp_order_t *atp_orders_next(const atp_orders_t *orders, const atp_order_t *order);

/* The record of a reservation; NULL if it names no order. */
const atp_order_t *atp_orders_of(const atp_orders_t *orders, uint32_t reservation);

/* Enters a reservation that names the order (it has no record yet: the caller sets its bit). */
void atp_orders_add(atp_orders_t *orders, uint32_t reservation, atp_text_t id, uint64_t hash);

/* Takes a reservation out that has a record (asserted). */
void atp_orders_drop(atp_orders_t *orders, uint32_t reservation);

/* Builds the indexes from the records. */
void atp_orders_rebuild(atp_orders_t *orders);

#endif

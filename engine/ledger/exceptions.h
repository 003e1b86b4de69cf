/* Exceptions: facts and events that a person or a rule must settle, kept in the ledger.
 *
 * A ring of the newest ones, numbered without gaps; when it is full the oldest goes. The names in it are
 * copies, so that it can be read whatever became of SKU, node or reservation.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_EXCEPTIONS_H
#define ATP_LEDGER_EXCEPTIONS_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/ledger/table.h"

#include <stdint.h>

typedef enum atp_exception_kind {
    ATP_EXCEPTION_OVER_COMMITMENT = 1,             /* uncommitted < 0: names the reservations hit */
    ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION = 2, /* more left than was reserved or allocated for it */
    ATP_EXCEPTION_FACT_REFUSED = 3,                /* a fact that could not be applied: see its verdict */
    ATP_EXCEPTION_SEQUENCE_LOST = 4,               /* numbers of a source that will never be seen */
    ATP_EXCEPTION_PROMISE_AT_RISK = 5,             /* promised from supply that fell away or comes too late */
    ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY =
        6, /* received more than was expected, or of no open supply: how much */
    ATP_EXCEPTION_TRANSFER_DISCREPANCY = 7, /* received other than shipped: how many more (fewer: negative) */
    ATP_EXCEPTION_SUPPLY_OVERDUE = 8,       /* supply was due and has not come: names who was promised of it */
    ATP_EXCEPTION_SHORT = 10,               /* the node cannot fulfil units of a reservation */
    ATP_EXCEPTION_STEP_NOT_POSSIBLE = 11,   /* a step told of more units than there are to make it */
    ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT = 12, /* more came back for a reservation than had left */
    ATP_EXCEPTION_STRANDED = 15,                  /* a node was closed with stock, promises or supply */
    ATP_EXCEPTION_BACKORDER_FILLED = 16,          /* stock was there for units that waited for it */
    ATP_EXCEPTION_KIND_LIMIT
} atp_exception_kind_t;

#define ATP_EXCEPTION_RESERVATIONS_MAX 8

typedef struct atp_exception {
    uint64_t number; /* from 1 */
    uint64_t op;
    int64_t time_ms;
    atp_qty_t qty; /* over-commitment: uncommitted; excess shipped; the fact's quantity; numbers lost */
    uint8_t kind;
    uint8_t verdict;
    uint8_t scale;
    uint8_t op_kind;
    uint32_t source;            /* number + 1; 0 = none */
    uint32_t reservation_total; /* how many are hit */
    uint8_t reservation_count;  /* how many are named below */
    uint8_t sku_size;
    uint8_t node_size;
    uint8_t correlation_size;
    char sku[ATP_ID_SIZE_MAX];
    char node[ATP_ID_SIZE_MAX];
    uint8_t reservation_sizes[ATP_EXCEPTION_RESERVATIONS_MAX];
    char reservations[ATP_EXCEPTION_RESERVATIONS_MAX][ATP_ID_SIZE_MAX];
    char correlation[ATP_ID_SIZE_MAX]; /* of the op that raised it */
} atp_exception_t;

_Static_assert(sizeof(atp_exception_t) == 760, "stored: no padding");

typedef struct atp_exception_heads {
    uint64_t newest; /* number of the newest exception; 0 = none yet */
} atp_exception_heads_t;

typedef struct atp_exceptions {
    atp_table_t records;
    atp_exception_heads_t *heads; /* borrowed */
} atp_exceptions_t;

/* Adds an exception (its number is filled in) and returns the record for naming reservations in. */
atp_exception_t *atp_exceptions_add(atp_exceptions_t *exceptions, const atp_exception_t *exception);

/* Copies a text into a name field of at most ATP_ID_SIZE_MAX bytes. */
void atp_exception_name(char *field, uint8_t *ret_size, atp_text_t text);

/* The exception of that number, or NULL if there is none (any more). */
const atp_exception_t *atp_exceptions_get(const atp_exceptions_t *exceptions, uint64_t number);

/* "over_commitment", ...; NULL for a number that is no kind. */
const char *atp_exception_kind_name(unsigned kind);

#endif

/* Dated supply over the wire: what may be promised by which day, and what is expected.
 *
 *     request   [what, sku, node, from_ms, days, qty, cursor, channel]
 *                                                     node "" = every node of the SKU; channel "" (or left out) = none
 *     response  [[row, ...], next_cursor]
 *     row       schedule, promise  [node, day_ms, atp]
 *               supplies           [node, due_ms, open, id, sku, kind, status, is_overdue, ordered, received, pegged, shipped]
 *
 * Through a channel the figure is what one reserve of it may take, by its rules; with node "" it is one for all nodes that the channel
 * sees, and stands with the node "". Its answer may be cut into pages: next_cursor goes on.
 * A schedule has a row for the first day of each node and for every later one on which the figure is another. A promise has
 * at most one row a node: the first day on which atp is qty or more. Supplies are a page: of a SKU ("" = all), of a node. */
#ifndef ATP_PROTOCOL_MESSAGE_SUPPLY_H
#define ATP_PROTOCOL_MESSAGE_SUPPLY_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "protocol/message_envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SCHEDULE_DAYS_MAX 731  /* today and two years */
#define ATP_SCHEDULE_ROWS_MAX 4096 /* of one answer */

/* Frozen numbers. */
typedef enum atp_schedule_what {
    ATP_SCHEDULE_DAYS = 1,    /* what may be promised, day by day */
    ATP_SCHEDULE_PROMISE = 2, /* from which day on `qty` may be */
    ATP_SCHEDULE_SUPPLIES = 3 /* what is expected, open and ended */
} atp_schedule_what_t;

typedef struct atp_schedule_ask {
    atp_schedule_what_t what;
    atp_text_t sku; /* needed but for supplies */
    atp_text_t node;
    int64_t from_ms; /* 0 = today */
    uint32_t days;   /* 0 = 30; at most ATP_SCHEDULE_DAYS_MAX */
    atp_qty_t qty;   /* of a promise: above 0 */
    uint8_t decimals;
    uint64_t cursor;    /* of supplies, and of days through a channel */
    atp_text_t channel; /* "" = none */
} atp_schedule_ask_t;

typedef struct atp_schedule_row {
    atp_text_t node;
    int64_t day_ms; /* the day, or when a supply is due */
    atp_qty_t qty;  /* atp of that day, floored at 0; or what is open of a supply */
    uint8_t scale;
    /* of a supply */
    uint8_t kind;   /* as the words of the attribute supply_kind */
    uint8_t status; /* 1 open, 2 received, 3 closed, 4 cancelled */
    bool is_overdue;
    atp_text_t id;
    atp_text_t sku;
    atp_qty_t ordered;
    atp_qty_t received;
    atp_qty_t pegged;
    atp_qty_t shipped;
} atp_schedule_row_t;

/* "purchase_order", ...; "open", ...; NULL for numbers that are none. Thread: any. */
const char *atp_supply_kind_name(unsigned kind);
const char *atp_supply_status_name(unsigned status);

/* Refuses option_unknown (no such `what`, too many days), id_invalid, qty_must_be_positive. */
ATP_MUST_USE bool atp_read_schedule_ask(atp_reader_t *reader, atp_schedule_ask_t *ret_ask);
void atp_write_schedule_ask(atp_writer_t *writer, const atp_schedule_ask_t *ask);

ATP_MUST_USE bool atp_read_schedule(atp_reader_t *reader, uint32_t *ret_row_count);
ATP_MUST_USE bool atp_read_schedule_row(atp_reader_t *reader, atp_schedule_row_t *ret_row);
ATP_MUST_USE bool atp_read_schedule_end(atp_reader_t *reader, uint64_t *ret_next_cursor);
void atp_write_schedule_begin(atp_writer_t *writer);
void atp_write_schedule_row(atp_writer_t *writer, const atp_schedule_row_t *row); /* element of the list */
void atp_write_schedule_end(atp_writer_t *writer, uint64_t next_cursor);

#endif

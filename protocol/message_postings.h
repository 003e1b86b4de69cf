/* Postings over the wire: what systems of record must hear, in one numbered order.
 *
 *     postings     request   [subscriber, from, limit]      from 0: after what is acknowledged; limit 0: 1,000
 *                  response  [[posting, ...], next, newest, acknowledged, lost]
 *     postings_of  request   [[op, ...]]
 *                  response  [[posting, ...]]                of those ops, as far as they are kept
 *     posting      [number, key, op, time_ms, kind, sku, node, qty, on_hand, unavailable, reserved, allocated, of, id, line,
 *                   why, source, client, correlation, confirmed_op, confirmed_ms, heard, booked]
 *
 * Only what is durable is told. `next` is the number to ask from next. Who has stored postings for good acknowledges the number
 * of the last one by the op subscriber_position; what is not acknowledged is told again to who asks again. */
#ifndef ATP_PROTOCOL_MESSAGE_POSTINGS_H
#define ATP_PROTOCOL_MESSAGE_POSTINGS_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "protocol/message_envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_POSTINGS_MAX     1000 /* of one answer */
#define ATP_POSTINGS_OPS_MAX 1000 /* of one request */

typedef struct atp_postings_ask {
    atp_text_t subscriber;
    uint64_t from;
    uint32_t limit; /* as read: 1 to ATP_POSTINGS_MAX */
} atp_postings_ask_t;

typedef struct atp_posting_row {
    uint64_t number;
    atp_text_t key; /* the same for ever: who has it twice has it once */
    uint64_t op;
    int64_t time_ms;
    atp_text_t kind;
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t qty;     /* units; adjusted and counted: signed */
    atp_qty_t on_hand; /* the change of each bucket */
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    uint8_t scale;
    uint8_t of; /* 0 = nothing, 1 = the reservation `id`, 2 = the supply or transfer `id` */
    atp_text_t id;
    uint32_t line;     /* of the reservation's request, from 1; 0 = none */
    atp_text_t why;    /* the step, the disposition or the reason: "expire", "damaged", "cycle_count" */
    atp_text_t source; /* who told it; "" = nobody: a client asked for it, or time passed */
    atp_text_t client;
    atp_text_t correlation;
    uint64_t confirmed_op; /* that said last that it is booked; 0 = none */
    int64_t confirmed_ms;
    atp_text_t
        heard; /* subscribers that have acknowledged it, with spaces between; of postings_of only, as the next */
    atp_text_t booked; /* subscribers that have confirmed it */
} atp_posting_row_t;

typedef struct atp_postings_end {
    uint64_t next;         /* ask from here */
    uint64_t newest;       /* number of the newest posting */
    uint64_t acknowledged; /* by this subscriber */
    uint64_t lost;         /* by this subscriber, ever */
} atp_postings_end_t;

/* Refuses id_invalid (subscriber), option_unknown (limit above ATP_POSTINGS_MAX). */
ATP_MUST_USE bool atp_read_postings_ask(atp_reader_t *reader, atp_postings_ask_t *ret_ask);
void atp_write_postings_ask(atp_writer_t *writer, const atp_postings_ask_t *ask);

/* The ops of a postings_of request: begin, ops. Refuses lines_missing where none is named. */
ATP_MUST_USE bool atp_read_postings_of(atp_reader_t *reader, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_postings_op(atp_reader_t *reader, uint64_t *ret_op);
void atp_write_postings_of(atp_writer_t *writer, const uint64_t *ops, uint32_t count);

/* The answer to either: begin, rows, and of postings the end. */
ATP_MUST_USE bool atp_read_postings(atp_reader_t *reader, uint32_t *ret_row_count);
ATP_MUST_USE bool atp_read_posting(atp_reader_t *reader, atp_posting_row_t *ret_row);
ATP_MUST_USE bool atp_read_postings_end(atp_reader_t *reader, atp_postings_end_t *ret_end);
void atp_write_postings_begin(atp_writer_t *writer, bool has_end);
void atp_write_posting(atp_writer_t *writer, const atp_posting_row_t *row); /* element of the list */
void atp_write_postings_end(atp_writer_t *writer, const atp_postings_end_t *end);
/* The end of an answer to postings_of. */
void atp_write_postings_of_end(atp_writer_t *writer);

#endif

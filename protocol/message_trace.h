/* The trace over the wire: the ops in the engine's journal that carry a correlation id, or name a reservation.
 *
 *     request   [correlation, reservation]      one of the two, the other ""
 *     response  [[row, ...], from_op, count]    oldest first
 *     row       [op, time_ms, kind, client, subject, verdict, sku, node, qty, lines, correlation, epoch, sequence,
 *                exception, exception_kind, state, settled_op, again, again_ms, places, changed_sku, changed_node,
 *                on_hand, unavailable, allocated]
 *
 * sku, node and qty are of the op's first line. The verdict is unknown_id where the engine remembers no answer to it. A row with
 * op 0 is a fact that has made no op: its batch has to wait, the verdict says what for. */
#ifndef ATP_PROTOCOL_MESSAGE_TRACE_H
#define ATP_PROTOCOL_MESSAGE_TRACE_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "protocol/message_envelope.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_TRACE_ROWS_MAX 1000 /* of one answer: of more, the newest */

typedef struct atp_trace_query {
    atp_text_t correlation;
    atp_text_t reservation;
} atp_trace_query_t;

typedef struct atp_trace_row {
    uint64_t op;
    int64_t time_ms;
    atp_text_t kind;
    atp_text_t client;
    atp_text_t subject; /* the reservation, or what else the op is about; "" = nothing but its lines */
    uint8_t verdict;
    atp_text_t sku;
    atp_text_t node; /* "" = left open */
    atp_qty_t qty;   /* as it was asked for */
    uint8_t scale;
    uint32_t line_count;
    atp_text_t correlation;
    uint64_t epoch; /* of the batch that the fact came in; 0 = in none */
    uint64_t sequence;
    uint64_t exception;        /* that keeps the fact, or that it raised; 0 = none */
    atp_text_t exception_kind; /* "" = it had to make room */
    uint8_t exception_state;   /* 1 open, 2 replayed, 3 discarded, 4 parked; 0 = it had to make room */
    uint64_t settled_op;       /* that replayed or discarded it; 0 = none */
    uint32_t again;   /* how often its batch was told again, and ignored, since the engine began to run */
    int64_t again_ms; /* when last */
    uint32_t places;  /* positions that it changed, as far as that is kept */
    atp_text_t changed_sku; /* the first of them, and what it changed there */
    atp_text_t changed_node;
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t allocated;
    uint8_t changed_scale;
} atp_trace_row_t;

/* Refuses id_missing where neither is given, malformed where both are. */
ATP_MUST_USE bool atp_read_trace_query(atp_reader_t *reader, atp_trace_query_t *ret_query);
void atp_write_trace_query(atp_writer_t *writer, const atp_trace_query_t *query);

/* The answer: begin, rows, end. `count`: how many were found, `from_op`: the first op that was looked at. */
ATP_MUST_USE bool atp_read_trace(atp_reader_t *reader, uint32_t *ret_row_count);
ATP_MUST_USE bool atp_read_trace_row(atp_reader_t *reader, atp_trace_row_t *ret_row);
ATP_MUST_USE bool atp_read_trace_end(atp_reader_t *reader, uint64_t *ret_from_op, uint64_t *ret_count);
void atp_write_trace_begin(atp_writer_t *writer);
void atp_write_trace_row(atp_writer_t *writer, const atp_trace_row_t *row); /* element of the list */
void atp_write_trace_end(atp_writer_t *writer, uint64_t from_op, uint64_t count);

#endif

#include "protocol/message_trace.h"

#include "protocol/message_priv.h"

#include <string.h>

bool atp_read_trace_query(atp_reader_t *reader, atp_trace_query_t *ret_query)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_TRACE);
    memset(ret_query, 0, sizeof *ret_query);
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_CORRELATION, &ret_query->correlation) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_RESERVATION, &ret_query->reservation)) {
        return false;
    }
    if (ret_query->correlation.size == 0 && ret_query->reservation.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_MISSING, ATP_FIELD_CORRELATION, "nothing is asked for");
    }
    if (ret_query->correlation.size > 0 && ret_query->reservation.size > 0) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_RESERVATION,
                                 "a correlation id or a reservation, not both");
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_trace_query(atp_writer_t *writer, const atp_trace_query_t *query)
{
    atp_put_array(writer, 2);
    atp_put_text(writer, query->correlation);
    atp_put_text(writer, query->reservation);
}

bool atp_read_trace(atp_reader_t *reader, uint32_t *ret_row_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_TRACE);
    return atp_body_first_list(reader, ATP_TRACE_ROWS_MAX, ret_row_count);
}

/* What became of it. */
static bool read_fate(atp_reader_t *reader, uint32_t *left, atp_trace_row_t *row)
{
    return atp_row_u64(reader, left, ATP_FIELD_EPOCH, &row->epoch) &&
           atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &row->sequence) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->exception) &&
           atp_row_id(reader, left, ATP_FIELD_KIND, &row->exception_kind) &&
           atp_row_u8(reader, left, ATP_FIELD_NONE, &row->exception_state) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->settled_op) &&
           atp_row_u32(reader, left, ATP_FIELD_NONE, &row->again) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->again_ms);
}

/* What it changed. */
static bool read_changes(atp_reader_t *reader, uint32_t *left, atp_trace_row_t *row)
{
    atp_qty_t *const qtys[] = {&row->on_hand, &row->unavailable, &row->allocated};

    return atp_row_u32(reader, left, ATP_FIELD_NONE, &row->places) &&
           atp_row_id(reader, left, ATP_FIELD_SKU, &row->changed_sku) &&
           atp_row_id(reader, left, ATP_FIELD_NODE, &row->changed_node) &&
           atp_row_qtys(reader, left, qtys, 3, &row->changed_scale);
}

bool atp_read_trace_row(atp_reader_t *reader, atp_trace_row_t *ret_row)
{
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    return atp_row_begin(reader, &left) && atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->op) &&
           atp_row_i64(reader, &left, ATP_FIELD_ISSUED, &ret_row->time_ms) &&
           atp_row_id(reader, &left, ATP_FIELD_KIND, &ret_row->kind) &&
           atp_row_id(reader, &left, ATP_FIELD_CLIENT, &ret_row->client) &&
           atp_row_id(reader, &left, ATP_FIELD_SUBJECT, &ret_row->subject) &&
           atp_row_u8(reader, &left, ATP_FIELD_NONE, &ret_row->verdict) &&
           atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) &&
           atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) &&
           atp_row_qty(reader, &left, &ret_row->qty, &ret_row->scale) &&
           atp_row_u32(reader, &left, ATP_FIELD_LINES, &ret_row->line_count) &&
           atp_row_id(reader, &left, ATP_FIELD_CORRELATION, &ret_row->correlation) &&
           read_fate(reader, &left, ret_row) && read_changes(reader, &left, ret_row) &&
           atp_row_end(reader, left);
}

bool atp_read_trace_end(atp_reader_t *reader, uint64_t *ret_from_op, uint64_t *ret_count)
{
    *ret_from_op = 0;
    *ret_count = 0;
    return atp_list_leave(reader) && atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, ret_from_op) &&
           atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, ret_count);
}

void atp_write_trace_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 3);
    atp_write_list_begin(writer);
}

void atp_write_trace_row(atp_writer_t *writer, const atp_trace_row_t *row)
{
    atp_put_array(writer, 25);
    atp_put_uint(writer, row->op);
    atp_put_int(writer, row->time_ms);
    atp_put_text(writer, row->kind);
    atp_put_text(writer, row->client);
    atp_put_text(writer, row->subject);
    atp_put_uint(writer, row->verdict);
    atp_put_text(writer, row->sku);
    atp_put_text(writer, row->node);
    atp_put_qty(writer, row->qty, row->scale);
    atp_put_uint(writer, row->line_count);
    atp_put_text(writer, row->correlation);
    atp_put_uint(writer, row->epoch);
    atp_put_uint(writer, row->sequence);
    atp_put_uint(writer, row->exception);
    atp_put_text(writer, row->exception_kind);
    atp_put_uint(writer, row->exception_state);
    atp_put_uint(writer, row->settled_op);
    atp_put_uint(writer, row->again);
    atp_put_int(writer, row->again_ms);
    atp_put_uint(writer, row->places);
    atp_put_text(writer, row->changed_sku);
    atp_put_text(writer, row->changed_node);
    atp_put_qty(writer, row->on_hand, row->changed_scale);
    atp_put_qty(writer, row->unavailable, row->changed_scale);
    atp_put_qty(writer, row->allocated, row->changed_scale);
    atp_list_count(writer);
}

void atp_write_trace_end(atp_writer_t *writer, uint64_t from_op, uint64_t count)
{
    atp_write_list_end(writer);
    atp_put_uint(writer, from_op);
    atp_put_uint(writer, count);
}

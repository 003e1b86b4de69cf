#include "protocol/message_postings.h"

#include "protocol/message_priv.h"

#include <string.h>

/* ---- requests ---- */

bool atp_read_postings_ask(atp_reader_t *reader, atp_postings_ask_t *ret_ask)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_POSTINGS);
    memset(ret_ask, 0, sizeof *ret_ask);
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_SUBJECT, &ret_ask->subscriber) ||
        !atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_ask->from) ||
        !atp_row_u32(reader, &reader->body_left, ATP_FIELD_LINES, &ret_ask->limit)) {
        return false;
    }
    if (ret_ask->subscriber.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SUBJECT, "who asks is a subscriber");
    }
    if (ret_ask->limit > ATP_POSTINGS_MAX) {
        return atp_reader_refuse(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_LINES,
                                 "more postings than one answer has");
    }
    ret_ask->limit = ret_ask->limit == 0 ? ATP_POSTINGS_MAX : ret_ask->limit;
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_postings_ask(atp_writer_t *writer, const atp_postings_ask_t *ask)
{
    atp_put_array(writer, 3);
    atp_put_text(writer, ask->subscriber);
    atp_put_uint(writer, ask->from);
    atp_put_uint(writer, ask->limit);
}

bool atp_read_postings_of(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_POSTINGS_OF);
    if (!atp_body_first_list(reader, ATP_POSTINGS_OPS_MAX, ret_count)) {
        return false;
    }
    return *ret_count > 0 || atp_reader_refuse(reader, ATP_LINES_MISSING, ATP_FIELD_LINES, "no op is named");
}

bool atp_read_postings_op(atp_reader_t *reader, uint64_t *ret_op)
{
    atp_list_take(reader);
    return atp_read_uint(reader, ATP_FIELD_NONE, ret_op) && reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_postings_of(atp_writer_t *writer, const uint64_t *ops, uint32_t count)
{
    atp_put_array(writer, 1);
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_put_uint(writer, ops[i]);
        atp_list_count(writer);
    }
    atp_write_list_end(writer);
}

/* ---- answers ---- */

bool atp_read_postings(atp_reader_t *reader, uint32_t *ret_row_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_POSTINGS || reader->type == ATP_MESSAGE_POSTINGS_OF);
    return atp_body_first_list(reader, ATP_POSTINGS_MAX, ret_row_count);
}

static bool read_origin(atp_reader_t *reader, uint32_t *left, atp_posting_row_t *row)
{
    return atp_row_u8(reader, left, ATP_FIELD_NONE, &row->of) &&
           atp_row_id(reader, left, ATP_FIELD_RESERVATION, &row->id) &&
           atp_row_u32(reader, left, ATP_FIELD_LINES, &row->line) &&
           atp_row_id(reader, left, ATP_FIELD_OPTION, &row->why) &&
           atp_row_id(reader, left, ATP_FIELD_SOURCE, &row->source) &&
           atp_row_id(reader, left, ATP_FIELD_CLIENT, &row->client) &&
           atp_row_id(reader, left, ATP_FIELD_CORRELATION, &row->correlation);
}

bool atp_read_posting(atp_reader_t *reader, atp_posting_row_t *ret_row)
{
    atp_qty_t *const qtys[] = {&ret_row->qty, &ret_row->on_hand, &ret_row->unavailable, &ret_row->reserved,
                               &ret_row->allocated};
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    return atp_row_begin(reader, &left) && atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->number) &&
           atp_row_id(reader, &left, ATP_FIELD_ID, &ret_row->key) &&
           atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->op) &&
           atp_row_i64(reader, &left, ATP_FIELD_ISSUED, &ret_row->time_ms) &&
           atp_row_id(reader, &left, ATP_FIELD_KIND, &ret_row->kind) &&
           atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) &&
           atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) &&
           atp_row_qtys(reader, &left, qtys, 5, &ret_row->scale) && read_origin(reader, &left, ret_row) &&
           atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->confirmed_op) &&
           atp_row_i64(reader, &left, ATP_FIELD_ISSUED, &ret_row->confirmed_ms) &&
           atp_row_text(reader, &left, &ret_row->heard) && atp_row_text(reader, &left, &ret_row->booked) &&
           atp_row_end(reader, left);
}

bool atp_read_postings_end(atp_reader_t *reader, atp_postings_end_t *ret_end)
{
    memset(ret_end, 0, sizeof *ret_end);
    return atp_list_leave(reader) &&
           atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_end->next) &&
           atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_end->newest) &&
           atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_end->acknowledged) &&
           atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_end->lost);
}

void atp_write_postings_begin(atp_writer_t *writer, bool has_end)
{
    atp_put_array(writer, has_end ? 5 : 1);
    atp_write_list_begin(writer);
}

void atp_write_posting(atp_writer_t *writer, const atp_posting_row_t *row)
{
    atp_put_array(writer, 23);
    atp_put_uint(writer, row->number);
    atp_put_text(writer, row->key);
    atp_put_uint(writer, row->op);
    atp_put_int(writer, row->time_ms);
    atp_put_text(writer, row->kind);
    atp_put_text(writer, row->sku);
    atp_put_text(writer, row->node);
    atp_put_qty(writer, row->qty, row->scale);
    atp_put_qty(writer, row->on_hand, row->scale);
    atp_put_qty(writer, row->unavailable, row->scale);
    atp_put_qty(writer, row->reserved, row->scale);
    atp_put_qty(writer, row->allocated, row->scale);
    atp_put_uint(writer, row->of);
    atp_put_text(writer, row->id);
    atp_put_uint(writer, row->line);
    atp_put_text(writer, row->why);
    atp_put_text(writer, row->source);
    atp_put_text(writer, row->client);
    atp_put_text(writer, row->correlation);
    atp_put_uint(writer, row->confirmed_op);
    atp_put_int(writer, row->confirmed_ms);
    atp_put_text(writer, row->heard);
    atp_put_text(writer, row->booked);
    atp_list_count(writer);
}

void atp_write_postings_end(atp_writer_t *writer, const atp_postings_end_t *end)
{
    atp_write_list_end(writer);
    atp_put_uint(writer, end->next);
    atp_put_uint(writer, end->newest);
    atp_put_uint(writer, end->acknowledged);
    atp_put_uint(writer, end->lost);
}

void atp_write_postings_of_end(atp_writer_t *writer)
{
    atp_write_list_end(writer);
}

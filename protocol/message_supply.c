#include "protocol/message_supply.h"

#include "protocol/message_priv.h"

#include <string.h>

#define DAYS_DEFAULT 30

static const char *const kind_names[] = {"purchase_order", "asn", "production", "transfer"};
static const char *const status_names[] = {NULL, "open", "received", "closed", "cancelled"};

const char *atp_supply_kind_name(unsigned kind)
{
    return kind < sizeof kind_names / sizeof kind_names[0] ? kind_names[kind] : NULL;
}

const char *atp_supply_status_name(unsigned status)
{
    return status < sizeof status_names / sizeof status_names[0] ? status_names[status] : NULL;
}

static bool check_ask(atp_reader_t *reader, const atp_schedule_ask_t *ask, uint8_t what)
{
    if (what < ATP_SCHEDULE_DAYS || what > ATP_SCHEDULE_SUPPLIES || ask->days > ATP_SCHEDULE_DAYS_MAX ||
        ask->from_ms < 0) {
        return atp_reader_refuse(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION,
                                 "no such question, or more days than there may be");
    }
    if (what != ATP_SCHEDULE_SUPPLIES && ask->sku.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SKU, "the SKU is empty");
    }
    if (what == ATP_SCHEDULE_PROMISE && ask->qty <= 0) {
        return atp_reader_refuse(reader, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY,
                                 "a promise is of something");
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

bool atp_read_schedule_ask(atp_reader_t *reader, atp_schedule_ask_t *ret_ask)
{
    uint32_t *left = &reader->body_left;
    uint8_t what;

    ATP_ASSERT(reader->type == ATP_MESSAGE_SCHEDULE);
    memset(ret_ask, 0, sizeof *ret_ask);
    if (!atp_body_begin(reader, left) || !atp_row_u8(reader, left, ATP_FIELD_OPTION, &what) ||
        !atp_row_id(reader, left, ATP_FIELD_SKU, &ret_ask->sku) ||
        !atp_row_id(reader, left, ATP_FIELD_NODE, &ret_ask->node) ||
        !atp_row_i64(reader, left, ATP_FIELD_OPTION, &ret_ask->from_ms) ||
        !atp_row_u32(reader, left, ATP_FIELD_OPTION, &ret_ask->days) ||
        !atp_row_qty(reader, left, &ret_ask->qty, &ret_ask->decimals) ||
        !atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_ask->cursor) ||
        !atp_row_id(reader, left, ATP_FIELD_CHANNEL, &ret_ask->channel) ||
        !check_ask(reader, ret_ask, what)) {
        return false;
    }
    ret_ask->what = (atp_schedule_what_t)what;
    ret_ask->days = ret_ask->days > 0 ? ret_ask->days : DAYS_DEFAULT;
    return true;
}

void atp_write_schedule_ask(atp_writer_t *writer, const atp_schedule_ask_t *ask)
{
    atp_put_array(writer, ask->channel.size > 0 ? 8 : 7);
    atp_put_uint(writer, (uint64_t)ask->what);
    atp_put_text(writer, ask->sku);
    atp_put_text(writer, ask->node);
    atp_put_int(writer, ask->from_ms);
    atp_put_uint(writer, ask->days);
    atp_put_qty(writer, ask->qty, ask->decimals);
    atp_put_uint(writer, ask->cursor);
    if (ask->channel.size > 0) {
        atp_put_text(writer, ask->channel);
    }
}

bool atp_read_schedule(atp_reader_t *reader, uint32_t *ret_row_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_SCHEDULE);
    return atp_body_first_list(reader, ATP_SCHEDULE_ROWS_MAX, ret_row_count);
}

bool atp_read_schedule_row(atp_reader_t *reader, atp_schedule_row_t *ret_row)
{
    atp_qty_t *qtys[] = {&ret_row->ordered, &ret_row->received, &ret_row->pegged, &ret_row->shipped};
    uint8_t scale;
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    return atp_row_begin(reader, &left) && atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) &&
           atp_row_i64(reader, &left, ATP_FIELD_NONE, &ret_row->day_ms) &&
           atp_row_qty(reader, &left, &ret_row->qty, &ret_row->scale) &&
           atp_row_id(reader, &left, ATP_FIELD_SUBJECT, &ret_row->id) &&
           atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) &&
           atp_row_u8(reader, &left, ATP_FIELD_OPTION, &ret_row->kind) &&
           atp_row_u8(reader, &left, ATP_FIELD_OPTION, &ret_row->status) &&
           atp_row_bool(reader, &left, ATP_FIELD_OPTION, &ret_row->is_overdue) &&
           (left == 0 || atp_row_qtys(reader, &left, qtys, 4, &scale)) && atp_row_end(reader, left);
}

bool atp_read_schedule_end(atp_reader_t *reader, uint64_t *ret_next_cursor)
{
    return atp_list_leave(reader) && atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, ret_next_cursor);
}

void atp_write_schedule_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 2);
    atp_write_list_begin(writer);
}

void atp_write_schedule_row(atp_writer_t *writer, const atp_schedule_row_t *row)
{
    bool is_supply = row->id.size > 0;

    atp_put_array(writer, is_supply ? 12 : 3);
    atp_put_text(writer, row->node);
    atp_put_int(writer, row->day_ms);
    atp_put_qty(writer, row->qty, row->scale);
    if (is_supply) {
        atp_put_text(writer, row->id);
        atp_put_text(writer, row->sku);
        atp_put_uint(writer, row->kind);
        atp_put_uint(writer, row->status);
        atp_write_bool(writer, row->is_overdue);
        atp_put_qty(writer, row->ordered, row->scale);
        atp_put_qty(writer, row->received, row->scale);
        atp_put_qty(writer, row->pegged, row->scale);
        atp_put_qty(writer, row->shipped, row->scale);
    }
    atp_list_count(writer);
}

void atp_write_schedule_end(atp_writer_t *writer, uint64_t next_cursor)
{
    atp_write_list_end(writer);
    atp_put_uint(writer, next_cursor);
}

/* Exceptions as they are listed: protocol/message_records.h. */
#include "protocol/message_records.h"

#include "protocol/message_priv.h"

static const char *const state_names[ATP_EXCEPTION_ROW_STATE_LIMIT] = {
    [ATP_EXCEPTION_ROW_OPEN] = "open",
    [ATP_EXCEPTION_ROW_REPLAYED] = "replayed",
    [ATP_EXCEPTION_ROW_DISCARDED] = "discarded",
    [ATP_EXCEPTION_ROW_PARKED] = "parked",
};

const char *atp_exception_row_state_name(unsigned state)
{
    return state < ATP_EXCEPTION_ROW_STATE_LIMIT ? state_names[state] : NULL;
}

static bool read_exception_ids(atp_reader_t *reader, uint32_t *left, atp_text_t *ids, uint32_t id_capacity,
                               uint32_t *ret_count)
{
    *ret_count = 0;
    if (!atp_take_one(left)) {
        return true;
    }
    if (!atp_take_array(reader, ATP_FIELD_RESERVATION, ret_count)) {
        return false;
    }
    if (*ret_count > id_capacity || *ret_count > ATP_EXCEPTION_IDS_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_RESERVATION,
                                 "more ids than there is room for");
    }
    for (uint32_t i = 0; i < *ret_count; i++) {
        if (!atp_take_id(reader, ATP_FIELD_RESERVATION, &ids[i])) {
            return false;
        }
    }
    return true;
}

static bool read_exception_head(atp_reader_t *reader, uint32_t *left, atp_exception_row_t *row)
{
    return atp_row_u64(reader, left, ATP_FIELD_NONE, &row->number) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->op) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->time_ms) &&
           atp_row_text(reader, left, &row->kind) && atp_row_u8(reader, left, ATP_FIELD_NONE, &row->verdict);
}

static bool read_fact_text(atp_reader_t *reader, uint32_t *left, atp_text_t *ret_fact)
{
    *ret_fact = ATP_TEXT("");
    return !atp_take_one(left) ||
           atp_take_clean(reader, ATP_FIELD_NAME, ATP_FACT_TEXT_MAX, ATP_TEXT_INVALID, ret_fact);
}

/* Its fact, and what has become of it. */
static bool read_exception_tail(atp_reader_t *reader, uint32_t *left, atp_exception_row_t *row)
{
    return atp_row_u8(reader, left, ATP_FIELD_NONE, &row->state) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->count) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->last_ms) &&
           atp_row_u64(reader, left, ATP_FIELD_EPOCH, &row->epoch) &&
           atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &row->sequence) &&
           atp_row_text(reader, left, &row->op_kind) &&
           atp_row_u32(reader, left, ATP_FIELD_NONE, &row->fact_size) &&
           read_fact_text(reader, left, &row->fact) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->settled_ms) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->settled_op) &&
           atp_row_id(reader, left, ATP_FIELD_CLIENT, &row->settled_by) &&
           atp_row_text(reader, left, &row->cause);
}

/* Whose it is, and how its fact was put right. */
static bool read_exception_care(atp_reader_t *reader, uint32_t *left, atp_exception_row_t *row)
{
    return atp_row_id(reader, left, ATP_FIELD_OWNER, &row->owner) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->due_ms) &&
           atp_row_bool(reader, left, ATP_FIELD_NONE, &row->is_overdue) &&
           atp_row_u32(reader, left, ATP_FIELD_NONE, &row->edit_count) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->edited_ms) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->edited_op) &&
           atp_row_id(reader, left, ATP_FIELD_CLIENT, &row->edited_by) &&
           atp_row_text(reader, left, &row->edit_cause) && read_fact_text(reader, left, &row->edited_fact);
}

bool atp_read_exception(atp_reader_t *reader, atp_exception_row_t *ret_row, atp_text_t *ids,
                        uint32_t id_capacity)
{
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    if (!atp_row_begin(reader, &left) || !read_exception_head(reader, &left, ret_row) ||
        !atp_row_id(reader, &left, ATP_FIELD_SOURCE, &ret_row->source) ||
        !atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) ||
        !atp_row_qty(reader, &left, &ret_row->qty, &ret_row->scale) ||
        !atp_row_u32(reader, &left, ATP_FIELD_NONE, &ret_row->total_reservations) ||
        !read_exception_ids(reader, &left, ids, id_capacity, &ret_row->id_count) ||
        !atp_row_id(reader, &left, ATP_FIELD_CORRELATION, &ret_row->correlation) ||
        !read_exception_tail(reader, &left, ret_row) || !read_exception_care(reader, &left, ret_row)) {
        return false;
    }
    ret_row->ids = ids;
    return atp_row_end(reader, left);
}

static void write_exception_care(atp_writer_t *writer, const atp_exception_row_t *row)
{
    atp_put_text(writer, row->owner);
    atp_put_int(writer, row->due_ms);
    atp_write_bool(writer, row->is_overdue);
    atp_put_uint(writer, row->edit_count);
    atp_put_int(writer, row->edited_ms);
    atp_put_uint(writer, row->edited_op);
    atp_put_text(writer, row->edited_by);
    atp_put_text(writer, row->edit_cause);
    atp_put_text(writer, row->edited_fact);
}

void atp_write_exception(atp_writer_t *writer, const atp_exception_row_t *row)
{
    ATP_ASSERT(row->id_count <= ATP_EXCEPTION_IDS_MAX && row->fact.size <= ATP_FACT_TEXT_MAX &&
               row->edited_fact.size <= ATP_FACT_TEXT_MAX);
    atp_put_array(writer, 33);
    atp_put_uint(writer, row->number);
    atp_put_uint(writer, row->op);
    atp_put_int(writer, row->time_ms);
    atp_put_text(writer, row->kind);
    atp_put_uint(writer, row->verdict);
    atp_put_text(writer, row->source);
    atp_put_text(writer, row->sku);
    atp_put_text(writer, row->node);
    atp_put_qty(writer, row->qty, row->scale);
    atp_put_uint(writer, row->total_reservations);
    atp_put_array(writer, row->id_count);
    for (uint32_t i = 0; i < row->id_count; i++) {
        atp_put_text(writer, row->ids[i]);
    }
    atp_put_text(writer, row->correlation);
    atp_put_uint(writer, row->state);
    atp_put_uint(writer, row->count);
    atp_put_int(writer, row->last_ms);
    atp_put_uint(writer, row->epoch);
    atp_put_uint(writer, row->sequence);
    atp_put_text(writer, row->op_kind);
    atp_put_uint(writer, row->fact_size);
    atp_put_text(writer, row->fact);
    atp_put_int(writer, row->settled_ms);
    atp_put_uint(writer, row->settled_op);
    atp_put_text(writer, row->settled_by);
    atp_put_text(writer, row->cause);
    write_exception_care(writer, row);
    atp_list_count(writer);
}

#include "protocol/message_priv.h"

/* ---- bodies and lists ---- */

bool atp_body_begin(atp_reader_t *reader, uint32_t *ret_count)
{
    *ret_count = 0;
    if (!atp_take_one(&reader->message_left)) {
        return true;
    }
    return atp_take_array(reader, ATP_FIELD_NONE, ret_count);
}

bool atp_list_enter(atp_reader_t *reader, uint32_t depth, uint32_t count_max, uint32_t *ret_count)
{
    reader->list_depth = (uint8_t)depth;
    if (!atp_take_array(reader, ATP_FIELD_NONE, ret_count)) {
        return false;
    }
    if (*ret_count > count_max) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_OPS, ATP_FIELD_NONE,
                                 "the list is longer than it may be");
    }
    reader->list_left = *ret_count;
    return true;
}

bool atp_body_list(atp_reader_t *reader, uint32_t count_max, uint32_t *ret_count)
{
    *ret_count = 0;
    reader->list_depth = 2;
    if (!atp_take_one(&reader->message_left)) {
        return true;
    }
    return atp_list_enter(reader, 2, count_max, ret_count);
}

bool atp_body_first_list(atp_reader_t *reader, uint32_t count_max, uint32_t *ret_count)
{
    *ret_count = 0;
    reader->list_depth = 3;
    if (!atp_body_begin(reader, &reader->body_left)) {
        return false;
    }
    if (!atp_take_one(&reader->body_left)) {
        return true;
    }
    return atp_list_enter(reader, 3, count_max, ret_count);
}

bool atp_list_leave(atp_reader_t *reader)
{
    uint32_t left = reader->list_left;
    reader->list_left = 0;
    return left == 0 || atp_read_skip(reader, left, reader->list_depth);
}

/* ---- rows ---- */

bool atp_row_begin(atp_reader_t *reader, uint32_t *ret_left)
{
    atp_list_take(reader);
    return atp_take_array(reader, ATP_FIELD_NONE, ret_left);
}

bool atp_row_end(atp_reader_t *reader, uint32_t left)
{
    if (left > 0 && !atp_read_skip(reader, left, reader->list_depth + 1u)) {
        return false;
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

bool atp_row_id(atp_reader_t *reader, uint32_t *left, atp_field_t field, atp_text_t *ret_id)
{
    *ret_id = ATP_TEXT("");
    return !atp_take_one(left) || atp_take_id(reader, field, ret_id);
}

bool atp_row_text(atp_reader_t *reader, uint32_t *left, atp_text_t *ret_text)
{
    *ret_text = ATP_TEXT("");
    return !atp_take_one(left) ||
           atp_take_clean(reader, ATP_FIELD_NAME, ATP_NAME_SIZE_MAX, ATP_TEXT_INVALID, ret_text);
}

/* A number of 0..max. */
static bool take_number(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint64_t max,
                        uint64_t *ret_value)
{
    *ret_value = 0;
    if (!atp_take_one(left)) {
        return true;
    }
    if (!atp_read_uint(reader, field, ret_value)) {
        return false;
    }
    if (*ret_value > max) {
        return atp_reader_refuse(reader, ATP_MALFORMED, field, "number out of range");
    }
    return true;
}

bool atp_row_u8(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint8_t *ret_value)
{
    uint64_t value;
    bool ok = take_number(reader, left, field, UINT8_MAX, &value);
    *ret_value = (uint8_t)value;
    return ok;
}

bool atp_row_u16(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint16_t *ret_value)
{
    uint64_t value;
    bool ok = take_number(reader, left, field, UINT16_MAX, &value);
    *ret_value = (uint16_t)value;
    return ok;
}

bool atp_row_u32(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint32_t *ret_value)
{
    uint64_t value;
    bool ok = take_number(reader, left, field, UINT32_MAX, &value);
    *ret_value = (uint32_t)value;
    return ok;
}

bool atp_row_u64(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint64_t *ret_value)
{
    return take_number(reader, left, field, UINT64_MAX, ret_value);
}

bool atp_row_i64(atp_reader_t *reader, uint32_t *left, atp_field_t field, int64_t *ret_value)
{
    *ret_value = 0;
    return !atp_take_one(left) || atp_read_int(reader, field, ret_value);
}

bool atp_row_bool(atp_reader_t *reader, uint32_t *left, atp_field_t field, bool *ret_value)
{
    *ret_value = false;
    return !atp_take_one(left) || atp_read_bool(reader, field, ret_value);
}

bool atp_row_qty(atp_reader_t *reader, uint32_t *left, atp_qty_t *ret_qty, uint8_t *ret_scale)
{
    *ret_qty = 0;
    *ret_scale = 0;
    return !atp_take_one(left) || atp_read_qty(reader, ret_qty, ret_scale);
}

bool atp_row_qtys(atp_reader_t *reader, uint32_t *left, atp_qty_t *const *ret_qtys, uint32_t count,
                  uint8_t *ret_scale)
{
    *ret_scale = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool is_there = *left > 0;
        uint8_t scale;
        if (!atp_row_qty(reader, left, ret_qtys[i], &scale)) {
            return false;
        }
        if (i == 0) {
            *ret_scale = scale;
        } else if (is_there && scale != *ret_scale) {
            return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_QTY,
                                     "quantities of one row at two scales");
        }
    }
    return true;
}

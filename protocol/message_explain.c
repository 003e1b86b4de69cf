#include "protocol/message_explain.h"

#include "protocol/message_priv.h"

#include <string.h>

static bool read_line(atp_reader_t *reader, uint32_t index, atp_command_line_t *line)
{
    uint32_t left;

    memset(line, 0, sizeof *line);
    if (!atp_row_begin(reader, &left) || !atp_row_id(reader, &left, ATP_FIELD_SKU, &line->sku) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &line->node) ||
        !atp_row_qty(reader, &left, &line->mantissa, &line->decimals)) {
        return false;
    }
    bool is_right = true;
    if (line->sku.size == 0) {
        is_right = atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SKU, "the SKU is empty");
    } else if (line->mantissa < 0) {
        is_right =
            atp_reader_refuse(reader, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_FIELD_QTY, "a quantity below 0");
    }
    if (!is_right) {
        reader->refusal.line = index;
        return false;
    }
    return atp_row_end(reader, left);
}

bool atp_read_explain_ask(atp_reader_t *reader, atp_command_line_t *lines, atp_explain_ask_t *ret_ask)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_EXPLAIN);
    memset(ret_ask, 0, sizeof *ret_ask);
    ret_ask->lines = lines;
    if (!atp_body_first_list(reader, ATP_EXPLAIN_LINES_MAX, &ret_ask->line_count)) {
        return false;
    }
    if (ret_ask->line_count == 0) {
        return atp_reader_refuse(reader, ATP_LINES_MISSING, ATP_FIELD_LINES, "nothing is asked for");
    }
    for (uint32_t i = 0; i < ret_ask->line_count; i++) {
        if (!read_line(reader, i, &lines[i])) {
            return false;
        }
    }
    return atp_list_leave(reader) &&
           atp_row_id(reader, &reader->body_left, ATP_FIELD_CHANNEL, &ret_ask->channel) &&
           atp_row_i64(reader, &reader->body_left, ATP_FIELD_OPTION, &ret_ask->by_ms) &&
           atp_row_bool(reader, &reader->body_left, ATP_FIELD_OPTION, &ret_ask->is_one) &&
           atp_row_bool(reader, &reader->body_left, ATP_FIELD_OPTION, &ret_ask->is_pickup) &&
           reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_explain_ask(atp_writer_t *writer, const atp_explain_ask_t *ask)
{
    atp_put_array(writer, ask->is_pickup ? 5 : ask->is_one ? 4 : ask->by_ms != 0 ? 3 : 2);
    atp_put_array(writer, ask->line_count);
    for (uint32_t i = 0; i < ask->line_count; i++) {
        atp_put_array(writer, 3);
        atp_put_text(writer, ask->lines[i].sku);
        atp_put_text(writer, ask->lines[i].node);
        atp_put_qty(writer, ask->lines[i].mantissa, ask->lines[i].decimals);
    }
    atp_put_text(writer, ask->channel);
    if (ask->by_ms != 0 || ask->is_one || ask->is_pickup) {
        atp_put_int(writer, ask->by_ms);
    }
    if (ask->is_one || ask->is_pickup) {
        atp_write_bool(writer, ask->is_one);
    }
    if (ask->is_pickup) {
        atp_write_bool(writer, true);
    }
}

bool atp_read_explain(atp_reader_t *reader, uint32_t *ret_part_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_EXPLAIN);
    return atp_body_first_list(reader, ATP_EXPLAIN_PARTS_MAX, ret_part_count);
}

static bool take_part(atp_reader_t *reader, uint32_t *left, atp_explanation_t *ret_part)
{
    memset(ret_part, 0, sizeof *ret_part);
    return atp_row_u16(reader, left, ATP_FIELD_NONE, &ret_part->line) &&
           atp_row_u8(reader, left, ATP_FIELD_NONE, &ret_part->code) &&
           atp_row_qty(reader, left, &ret_part->qty, &ret_part->scale) &&
           atp_row_id(reader, left, ATP_FIELD_NODE, &ret_part->node) &&
           atp_row_text(reader, left, &ret_part->detail);
}

bool atp_read_explain_part(atp_reader_t *reader, atp_explanation_t *ret_part)
{
    uint32_t left;

    return atp_row_begin(reader, &left) && take_part(reader, &left, ret_part) && atp_row_end(reader, left);
}

bool atp_take_part(atp_reader_t *reader, atp_explanation_t *ret_part)
{
    uint32_t left;

    return atp_take_array(reader, ATP_FIELD_LINES, &left) && take_part(reader, &left, ret_part) &&
           (left == 0 || atp_read_skip(reader, left, reader->list_depth + 4u));
}

bool atp_read_explain_end(atp_reader_t *reader, bool *ret_is_cut)
{
    return atp_list_leave(reader) && atp_row_bool(reader, &reader->body_left, ATP_FIELD_NONE, ret_is_cut);
}

void atp_write_explain_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 2);
    atp_write_list_begin(writer);
}

void atp_put_part(atp_writer_t *writer, const atp_explanation_t *part)
{
    atp_put_array(writer, part->detail.size > 0 ? 5 : 4);
    atp_put_uint(writer, part->line);
    atp_put_uint(writer, part->code);
    atp_put_qty(writer, part->qty, part->scale);
    atp_put_text(writer, part->node);
    if (part->detail.size > 0) {
        atp_put_text(writer, part->detail);
    }
}

void atp_write_explain_part(atp_writer_t *writer, const atp_explanation_t *part)
{
    atp_put_part(writer, part);
    atp_list_count(writer);
}

void atp_write_explain_end(atp_writer_t *writer, bool is_cut)
{
    atp_write_list_end(writer);
    atp_write_bool(writer, is_cut);
}

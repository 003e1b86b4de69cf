#include "protocol/message_sources.h"

#include "protocol/message_priv.h"

#include <string.h>

/* ---- what the engine has ---- */

bool atp_read_source_ask(atp_reader_t *reader, atp_text_t *ret_source)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_SOURCE_STATE);
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_SOURCE, ret_source)) {
        return false;
    }
    if (ret_source->size == 0) {
        return atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SOURCE, "the name is empty");
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_source_ask(atp_writer_t *writer, atp_text_t source)
{
    atp_put_array(writer, 1);
    atp_put_text(writer, source);
}

bool atp_read_source_state(atp_reader_t *reader, uint32_t *ret_gap_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_SOURCE_STATE);
    return atp_body_first_list(reader, ATP_SOURCE_GAPS_MAX, ret_gap_count);
}

bool atp_read_source_gap(atp_reader_t *reader, atp_source_gap_t *ret_gap)
{
    uint32_t left;

    return atp_row_begin(reader, &left) && atp_row_u64(reader, &left, ATP_FIELD_SEQUENCE, &ret_gap->first) &&
           atp_row_u64(reader, &left, ATP_FIELD_SEQUENCE, &ret_gap->last) && atp_row_end(reader, left);
}

bool atp_read_source_state_end(atp_reader_t *reader, atp_source_state_t *ret_state)
{
    uint32_t *left = &reader->body_left;

    memset(ret_state, 0, sizeof *ret_state);
    return atp_list_leave(reader) && atp_row_u64(reader, left, ATP_FIELD_EPOCH, &ret_state->epoch) &&
           atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &ret_state->low) &&
           atp_row_u64(reader, left, ATP_FIELD_SEQUENCE, &ret_state->high) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_state->batches) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &ret_state->lost) &&
           atp_row_i64(reader, left, ATP_FIELD_NONE, &ret_state->as_of_ms);
}

void atp_write_source_state_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 7);
    atp_write_list_begin(writer);
}

void atp_write_source_gap(atp_writer_t *writer, const atp_source_gap_t *gap)
{
    atp_put_array(writer, 2);
    atp_put_uint(writer, gap->first);
    atp_put_uint(writer, gap->last);
    atp_list_count(writer);
}

void atp_write_source_state_end(atp_writer_t *writer, const atp_source_state_t *state)
{
    atp_write_list_end(writer);
    atp_put_uint(writer, state->epoch);
    atp_put_uint(writer, state->low);
    atp_put_uint(writer, state->high);
    atp_put_uint(writer, state->batches);
    atp_put_uint(writer, state->lost);
    atp_put_int(writer, state->as_of_ms);
}

/* ---- a batch ---- */

bool atp_read_batch(atp_reader_t *reader, atp_facts_t *ret_facts, uint32_t *ret_op_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_BATCH);
    *ret_op_count = 0;
    reader->is_facts = true;
    ret_facts->correlation = ATP_TEXT("");
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_SOURCE, &ret_facts->source)) {
        return false;
    }
    if (ret_facts->source.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SOURCE, "the name is empty");
    }
    return atp_read_facts_numbers(reader, &reader->body_left, ret_facts) &&
           (!atp_take_one(&reader->body_left) ||
            atp_list_enter(reader, 3, ATP_OPS_PER_MESSAGE_MAX, ret_op_count));
}

static void put_batch_head(atp_writer_t *writer, const atp_facts_t *facts)
{
    atp_put_array(writer, 7);
    atp_put_facts_fields(writer, facts);
}

void atp_write_batch_begin(atp_writer_t *writer, const atp_facts_t *facts)
{
    put_batch_head(writer, facts);
    atp_write_list_begin(writer);
}

static void put_ops(atp_writer_t *writer, const void *ops, size_t size)
{
    if (atp_writer_need(writer, size)) {
        memcpy(writer->at, ops, size);
        writer->at += size;
    }
}

void atp_write_facts_of(atp_writer_t *writer, const atp_facts_t *facts, const void *ops, size_t size)
{
    atp_put_facts_head(writer, facts);
    put_ops(writer, ops, size);
}

void atp_write_batch_of(atp_writer_t *writer, const atp_facts_t *facts, const void *ops, size_t size)
{
    put_batch_head(writer, facts);
    put_ops(writer, ops, size);
}

bool atp_read_batch_answer(atp_reader_t *reader, atp_batch_answer_t *ret_answer)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_BATCH);
    memset(ret_answer, 0, sizeof *ret_answer);
    return atp_body_begin(reader, &reader->body_left) &&
           atp_row_u8(reader, &reader->body_left, ATP_FIELD_NONE, &ret_answer->verdict) &&
           atp_row_u8(reader, &reader->body_left, ATP_FIELD_NONE, &ret_answer->field);
}

void atp_write_batch_answer(atp_writer_t *writer, const atp_batch_answer_t *answer)
{
    atp_put_array(writer, 2);
    atp_put_uint(writer, answer->verdict);
    atp_put_uint(writer, answer->field);
}

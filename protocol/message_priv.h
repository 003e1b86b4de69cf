/* Parts that several message files share: bodies, lists, and rows with optional elements.
 *
 * Nesting: the message is array 1; its body array 2; a list in a body array 3. A row stands inside
 * reader->list_depth arrays. */
#ifndef ATP_PROTOCOL_MESSAGE_PRIV_H
#define ATP_PROTOCOL_MESSAGE_PRIV_H

#include "protocol/cursor_priv.h"
#include "protocol/message_events.h"
#include "protocol/message_records.h"

/* True if one more of `left` elements is there, and counts it as taken. */
static inline bool atp_take_one(uint32_t *left)
{
    bool is_there = *left > 0;
    *left -= is_there ? 1u : 0u;
    return is_there;
}

/* ---- envelopes ---- */

/* Reads version, type and correlation of any message; the elements after them are left in message_left. */
ATP_MUST_USE bool atp_head_read(atp_reader_t *reader, size_t size, atp_text_t *ret_correlation);
/* Starts an array of `count` elements with version, type, correlation. */
void atp_head_write(atp_writer_t *writer, uint32_t count, uint8_t type, atp_text_t correlation);

/* ---- bodies and lists ---- */

/* Enters the body: its number of elements, 0 when it is missing. */
ATP_MUST_USE bool atp_body_begin(atp_reader_t *reader, uint32_t *ret_count);
/* The body is the list. More than `count_max` elements are refused as too_many_ops. */
ATP_MUST_USE bool atp_body_list(atp_reader_t *reader, uint32_t count_max, uint32_t *ret_count);
/* The list is the first element of the body. */
ATP_MUST_USE bool atp_body_first_list(atp_reader_t *reader, uint32_t count_max, uint32_t *ret_count);
/* Enters a list that stands inside `depth` arrays. */
ATP_MUST_USE bool atp_list_enter(atp_reader_t *reader, uint32_t depth, uint32_t count_max,
                                 uint32_t *ret_count);
/* Leaves the list, whatever is left of it. */
ATP_MUST_USE bool atp_list_leave(atp_reader_t *reader);
/* Counts the next element of the list as taken. It is a bug to take more than there are. */
static inline void atp_list_take(atp_reader_t *reader)
{
    ATP_ASSERT(reader->list_left > 0);
    reader->list_left--;
}

/* A written element of the open list. */
static inline void atp_list_count(atp_writer_t *writer)
{
    ATP_ASSERT(writer->list_at != 0);
    writer->list_count++;
}

/* ---- rows of answers: arrays in the list ---- */

/* Reads the header of the next row of the list. */
ATP_MUST_USE bool atp_row_begin(atp_reader_t *reader, uint32_t *ret_left);
/* Passes over what is left of it, and says whether nothing was noted against it. */
ATP_MUST_USE bool atp_row_end(atp_reader_t *reader, uint32_t left);

/* One optional element each: zero or empty when it is missing. */
ATP_MUST_USE bool atp_row_id(atp_reader_t *reader, uint32_t *left, atp_field_t field, atp_text_t *ret_id);
ATP_MUST_USE bool atp_row_text(atp_reader_t *reader, uint32_t *left,
                               atp_text_t *ret_text); /* up to 255 bytes */
ATP_MUST_USE bool atp_row_u8(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint8_t *ret_value);
ATP_MUST_USE bool atp_row_u16(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint16_t *ret_value);
ATP_MUST_USE bool atp_row_u32(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint32_t *ret_value);
ATP_MUST_USE bool atp_row_u64(atp_reader_t *reader, uint32_t *left, atp_field_t field, uint64_t *ret_value);
ATP_MUST_USE bool atp_row_i64(atp_reader_t *reader, uint32_t *left, atp_field_t field, int64_t *ret_value);
ATP_MUST_USE bool atp_row_bool(atp_reader_t *reader, uint32_t *left, atp_field_t field, bool *ret_value);
ATP_MUST_USE bool atp_row_qty(atp_reader_t *reader, uint32_t *left, atp_qty_t *ret_qty, uint8_t *ret_scale);

/* `count` quantities of one scale. Refuses when their scales differ. */
ATP_MUST_USE bool atp_row_qtys(atp_reader_t *reader, uint32_t *left, atp_qty_t *const *ret_qtys,
                               uint32_t count, uint8_t *ret_scale);

/* ---- facts: the same in an event and in a request ---- */

/* From the epoch to `after`. Refuses sequence_invalid. */
ATP_MUST_USE bool atp_read_facts_numbers(atp_reader_t *reader, uint32_t *left, atp_facts_t *ret_facts);
/* Source to `after`: 6 elements. */
void atp_put_facts_fields(atp_writer_t *writer, const atp_facts_t *facts);
/* An event up to its list of ops. */
void atp_put_facts_head(atp_writer_t *writer, const atp_facts_t *facts);

/* ---- a crossing: the same in a page and in an event ---- */

#define ATP_CROSSING_FIELDS 8

ATP_MUST_USE bool atp_crossing_fields(atp_reader_t *reader, uint32_t *left, atp_crossing_row_t *row);
void atp_put_crossing_fields(atp_writer_t *writer, const atp_crossing_row_t *row);

/* A part of an account inside a result, not an element of the list. */
ATP_MUST_USE bool atp_take_part(atp_reader_t *reader, atp_explanation_t *ret_part);
void atp_put_part(atp_writer_t *writer, const atp_explanation_t *part);

#endif

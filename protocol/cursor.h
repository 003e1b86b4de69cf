/* Forward cursors over msgpack bytes: one that reads, one that writes. The layouts of the messages stand on
 * them (protocol/message.h).
 *
 * The reader takes hostile bytes: each step checks what it needs against the bytes that are left. Texts are
 * views into the buffer; a count is never trusted further than the bytes behind it. The first fault is kept
 * in `refusal` and stays; functions then return false.
 *
 * The writer fills a buffer of the caller's, or one of its own that grows up to a bound. A value that does
 * not fit sets `is_overflown`; neither it nor any later one is written. Values take their smallest form,
 * except the header of a list whose count is not known yet (atp_write_list_begin), which takes five bytes.
 *
 * Threads     one thread for each cursor.
 * Memory      the reader allocates nothing. The growable writer reallocates its buffer.
 * Invariants  C1  begin <= at <= end.
 *             C2  no byte outside [begin, end) is read or written. */
#ifndef ATP_PROTOCOL_CURSOR_H
#define ATP_PROTOCOL_CURSOR_H

#include "engine/base/assert.h"
#include "engine/base/command.h"
#include "engine/base/err.h"
#include "protocol/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why bytes, or one op of a message, are refused. `verdict` is ATP_APPLIED where nothing is wrong. */
typedef struct atp_refusal {
    atp_verdict_t verdict;
    atp_field_t field;
    uint32_t line;      /* index of the line, row or name at fault */
    const char *detail; /* one sentence, static; "" when the verdict says it all */
    uint8_t key;        /* of the attribute at fault; 0 = none */
    bool is_of_line;    /* it is that line's own */
} atp_refusal_t;

typedef struct atp_reader {
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    atp_refusal_t refusal;  /* of the message as a whole */
    uint32_t list_left;     /* elements not read yet: of the list of the message, */
    uint32_t body_left;     /* of its body after the list, */
    uint32_t message_left;  /* and of the message after the body */
    uint32_t line_total;    /* lines of all ops read so far */
    uint8_t list_depth;     /* arrays entered above an element of the list */
    uint8_t type;           /* atp_message_type_t */
    bool is_facts;          /* ops are told by a source: no id needed, facts all */
    atp_text_t topic;       /* of an event, without its zero byte */
    atp_text_t correlation; /* of an event */
} atp_reader_t;

/* Gives room for `size` bytes with what was written before at its front, e.g. atp_exchange_reserve. */
typedef atp_err_t (*atp_writer_grow_t)(void *context, size_t size, uint8_t **ret_bytes);

typedef struct atp_writer {
    uint8_t *begin;
    uint8_t *at;
    uint8_t *end; /* of the room; after an overflow `at`, so that nothing follows the gap */
    uint8_t *room_end;
    size_t size_max;        /* how far the buffer may grow; 0 = fixed */
    atp_writer_grow_t grow; /* NULL with a size_max = the heap */
    void *grow_context;
    size_t list_at; /* offset just behind the header of the open list; 0 = no list is open */
    uint32_t list_count;
    bool is_overflown;
} atp_writer_t;

/* ---- reading ---- */

void atp_reader_init(atp_reader_t *reader, const void *bytes, size_t size);

/* Keeps the first fault. Returns false, so that a failure is one statement. */
bool atp_reader_refuse(atp_reader_t *reader, atp_verdict_t verdict, atp_field_t field, const char *detail);

/* Each reads one value of its kind, or refuses as `malformed` at `field`. */
ATP_MUST_USE bool atp_read_array(atp_reader_t *reader, atp_field_t field, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_text(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_text);
ATP_MUST_USE bool atp_read_bool(atp_reader_t *reader, atp_field_t field, bool *ret_value);
ATP_MUST_USE bool atp_read_uint(atp_reader_t *reader, atp_field_t field, uint64_t *ret_value);
ATP_MUST_USE bool atp_read_int(atp_reader_t *reader, atp_field_t field, int64_t *ret_value);

/* A quantity of an answer: an integer (scale 0), or decimal text whose number of decimals is its scale. Any
 * int64 is taken, since a sum over nodes may pass ATP_QTY_MAX. */
ATP_MUST_USE bool atp_read_qty(atp_reader_t *reader, atp_qty_t *ret_qty, uint8_t *ret_scale);

/* Passes over `count` values of any kind that stand inside `depth` arrays already entered. Refuses bytes
 * that are not msgpack, end early, or nest deeper than ATP_MSGPACK_DEPTH_MAX. */
ATP_MUST_USE bool atp_read_skip(atp_reader_t *reader, uint32_t count, uint32_t depth);

/* True if `bytes` are exactly one msgpack value within the depth limit, whatever it says. */
ATP_MUST_USE bool atp_msgpack_is_well_formed(const void *bytes, size_t size);

/* ---- writing ---- */

/* Over a fixed buffer of the caller's. */
void atp_writer_init(atp_writer_t *writer, void *buffer, size_t size);

/* Over a heap buffer that grows from `size` to at most `size_max` bytes (at most ATP_MESSAGE_SIZE_MAX).
 * ATP_ERR_MEMORY leaves a writer on which atp_writer_fini is safe. */
ATP_MUST_USE atp_err_t atp_writer_init_growable(atp_writer_t *writer, size_t size, size_t size_max);

/* Over room that `grow` gives, asked for when it is needed, at most `size_max` bytes. The room stays the
 * giver's. */
void atp_writer_init_over(atp_writer_t *writer, atp_writer_grow_t grow, void *context, size_t size_max);

/* Frees the heap buffer, if that is what the writer has. */
void atp_writer_fini(atp_writer_t *writer);

/* Empties the writer, keeping its buffer, for the next message. */
void atp_writer_reset(atp_writer_t *writer);

/* Bytes written so far. */
static inline size_t atp_writer_size(const atp_writer_t *writer)
{
    return (size_t)(writer->at - writer->begin);
}

/* Where a writer stands, to come back to when what follows turns out not to fit. Coming back clears
 * `is_overflown`. */
typedef struct atp_writer_mark {
    size_t size;
    uint32_t list_count;
} atp_writer_mark_t;

atp_writer_mark_t atp_writer_mark(const atp_writer_t *writer);
void atp_writer_rewind(atp_writer_t *writer, atp_writer_mark_t mark);

void atp_write_array(atp_writer_t *writer, uint32_t count);
void atp_write_text(atp_writer_t *writer, atp_text_t text);
void atp_write_bool(atp_writer_t *writer, bool value);
void atp_write_uint(atp_writer_t *writer, uint64_t value);
void atp_write_int(atp_writer_t *writer, int64_t value);
void atp_write_qty(atp_writer_t *writer, atp_qty_t qty, uint8_t scale);

/* Opens the list of a message; its count is filled in by atp_write_list_end, from the elements written in
 * between by the functions of protocol/message.h that say "element of the list". One list at a time. */
void atp_write_list_begin(atp_writer_t *writer);
void atp_write_list_end(atp_writer_t *writer);

#endif

/* The steps of the cursors that stand on the hot path, inlined into the message files.
 *
 * Two kinds of fault. A value of the wrong kind stops the reading of what it is in: the function returns
 * false. A value of the right kind with a bad content is noted and reading goes on, so that of several
 * faults of one op the one that stands first in the list of verdicts is the answer. */
#ifndef ATP_PROTOCOL_CURSOR_PRIV_H
#define ATP_PROTOCOL_CURSOR_PRIV_H

#include "protocol/cursor.h"

enum {
    TAG_FIXMAP = 0x80,
    TAG_FIXARRAY = 0x90,
    TAG_FIXSTR = 0xa0,
    TAG_NIL = 0xc0,
    TAG_NEVER = 0xc1,
    TAG_FALSE = 0xc2,
    TAG_TRUE = 0xc3,
    TAG_BIN8 = 0xc4,
    TAG_EXT8 = 0xc7,
    TAG_FLOAT32 = 0xca,
    TAG_UINT8 = 0xcc,
    TAG_UINT16 = 0xcd,
    TAG_UINT32 = 0xce,
    TAG_UINT64 = 0xcf,
    TAG_INT8 = 0xd0,
    TAG_INT16 = 0xd1,
    TAG_INT32 = 0xd2,
    TAG_INT64 = 0xd3,
    TAG_FIXEXT1 = 0xd4,
    TAG_STR8 = 0xd9,
    TAG_STR16 = 0xda,
    TAG_STR32 = 0xdb,
    TAG_ARRAY16 = 0xdc,
    TAG_ARRAY32 = 0xdd,
    TAG_MAP16 = 0xde,
    TAG_MAP32 = 0xdf,
    TAG_NEGATIVE = 0xe0
};

/* ---- bytes ---- */

static inline uint64_t atp_load_be64(const uint8_t *p)
{
    uint64_t value;
    memcpy(&value, p, sizeof(value));
    return __builtin_bswap64(value);
}

static inline void atp_store_be64(uint8_t *p, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(p, &value, sizeof(value));
}

static inline uint32_t atp_load_be32(const uint8_t *p)
{
    uint32_t value;
    memcpy(&value, p, sizeof(value));
    return __builtin_bswap32(value);
}

static inline void atp_store_be32(uint8_t *p, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(p, &value, sizeof(value));
}

static inline void atp_store_be16(uint8_t *p, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(p, &value, sizeof(value));
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "loads and stores swap bytes; the words below are little-endian");

/* Non-zero if one of the eight bytes is not printable ASCII (0x20..0x7e). */
static inline uint64_t atp_word_not_plain(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t below_blank = (word - ones * 0x20) & ~word;
    uint64_t delete_zero = word ^ (ones * 0x7f);
    uint64_t is_delete = (delete_zero - ones) & ~delete_zero;
    return (below_blank | is_delete | word) & (ones * 0x80);
}

static inline uint64_t atp_load_word(const char *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof(word));
    return word;
}

/* atp_text_is_clean, eight bytes at a time for plain ASCII; everything else goes the long way. `room` bytes
 * can be read from the beginning of the text on. (Pointer and size by themselves: a text just stored and
 * copied whole would stall the load behind its two stores.) */
static inline bool atp_text_is_clean_within(const char *bytes, uint32_t size, size_t room)
{
    uint64_t not_plain = 0;

    if (size >= 8) {
        not_plain = atp_word_not_plain(atp_load_word(bytes + size - 8));
        for (uint32_t i = 0; i + 8 < size; i += 8) {
            not_plain |= atp_word_not_plain(atp_load_word(bytes + i));
        }
    } else if (size > 0) {
        if (room < 8) {
            return atp_text_is_clean((atp_text_t){bytes, size});
        }
        /* The bytes behind the text are shifted out, blanks shifted in. */
        not_plain = atp_word_not_plain(atp_load_word(bytes) << (64 - 8 * size) |
                                       UINT64_C(0x2020202020202020) >> (8 * size));
    }
    return ATP_LIKELY(not_plain == 0) || atp_text_is_clean((atp_text_t){bytes, size});
}

/* memcpy for the short runs that ids are: two overlapping words instead of a call. */
static inline void atp_copy_short(uint8_t *to, const char *from, uint32_t size)
{
    if (size >= 8 && size <= 16) {
        uint64_t head;
        uint64_t tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
        return;
    }
    if (size >= 4 && size < 8) {
        uint32_t head;
        uint32_t tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + size - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + size - 4, &tail, 4);
        return;
    }
    if (size > 0) {
        memcpy(to, from, size);
    }
}

/* ---- reading ---- */

static inline size_t atp_reader_left(const atp_reader_t *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Notes a bad content: the verdict that stands first in the list wins, among equals the first. */
void atp_reader_note(atp_reader_t *reader, atp_verdict_t verdict, atp_field_t field, const char *detail);

bool atp_read_array_slow(atp_reader_t *reader, atp_field_t field, uint32_t *ret_count);
bool atp_read_text_slow(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_text);

/* Any integer: its 64 bits, and whether they are those of a negative one. */
bool atp_read_integer_slow(atp_reader_t *reader, atp_field_t field, uint64_t *ret_bits,
                           bool *ret_is_negative);

static inline bool atp_take_array(atp_reader_t *reader, atp_field_t field, uint32_t *ret_count)
{
    if (ATP_LIKELY(reader->at < reader->end)) {
        uint8_t tag = *reader->at;
        uint32_t count = tag & 0x0fu;
        if (ATP_LIKELY((tag & 0xf0) == TAG_FIXARRAY && count < atp_reader_left(reader))) {
            reader->at++;
            *ret_count = count;
            return true;
        }
    }
    return atp_read_array_slow(reader, field, ret_count);
}

static inline bool atp_take_text(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_text)
{
    if (ATP_LIKELY(reader->at < reader->end)) {
        uint8_t tag = *reader->at;
        uint32_t size = tag & 0x1fu;
        if (ATP_LIKELY((tag & 0xe0) == TAG_FIXSTR && size < atp_reader_left(reader))) {
            *ret_text = (atp_text_t){(const char *)reader->at + 1, size};
            reader->at += 1 + size;
            return true;
        }
    }
    return atp_read_text_slow(reader, field, ret_text);
}

static inline bool atp_take_integer(atp_reader_t *reader, atp_field_t field, uint64_t *ret_bits,
                                    bool *ret_is_negative)
{
    size_t left = atp_reader_left(reader);
    *ret_is_negative = false;
    if (ATP_LIKELY(left > 0 && *reader->at < TAG_FIXMAP)) {
        *ret_bits = *reader->at++;
        return true;
    }
    if (ATP_LIKELY(left >= 9 && *reader->at == TAG_UINT64)) {
        *ret_bits = atp_load_be64(reader->at + 1);
        reader->at += 9;
        return true;
    }
    if (ATP_LIKELY(left >= 5 && *reader->at == TAG_UINT32)) {
        *ret_bits = atp_load_be32(reader->at + 1);
        reader->at += 5;
        return true;
    }
    return atp_read_integer_slow(reader, field, ret_bits, ret_is_negative);
}

/* An integer of min..max; one outside is noted as `verdict` and read as 0. */
static inline bool atp_take_int_within(atp_reader_t *reader, atp_field_t field, int64_t min, int64_t max,
                                       atp_verdict_t verdict, int64_t *ret_value)
{
    uint64_t bits;
    bool is_negative;
    if (ATP_UNLIKELY(!atp_take_integer(reader, field, &bits, &is_negative))) {
        return false;
    }
    bool is_huge = !is_negative && bits > (uint64_t)INT64_MAX;
    int64_t value = (int64_t)bits;
    if (ATP_UNLIKELY(is_huge || value < min || value > max)) {
        atp_reader_note(reader, verdict, field, "number out of range");
        value = 0;
    }
    *ret_value = value;
    return true;
}

/* A text of at most `size_max` clean bytes; another is noted as `verdict`. */
static inline bool atp_take_clean(atp_reader_t *reader, atp_field_t field, uint32_t size_max,
                                  atp_verdict_t verdict, atp_text_t *ret_text)
{
    if (ATP_UNLIKELY(!atp_take_text(reader, field, ret_text))) {
        return false;
    }
    const char *bytes = ret_text->bytes;
    uint32_t size = ret_text->size;
    if (ATP_UNLIKELY(size > size_max ||
                     !atp_text_is_clean_within(bytes, size, (size_t)((const char *)reader->end - bytes)))) {
        atp_reader_note(reader, verdict, field, "too long, not UTF-8, or with a control character");
    }
    return true;
}

/* An id that may be empty. */
static inline bool atp_take_id(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_id)
{
    return atp_take_clean(reader, field, ATP_ID_SIZE_MAX, ATP_ID_INVALID, ret_id);
}

/* ---- writing ---- */

/* Makes room for `size` more bytes or sets is_overflown. */
bool atp_writer_grow(atp_writer_t *writer, size_t size);

static inline bool atp_writer_need(atp_writer_t *writer, size_t size)
{
    if (ATP_LIKELY((size_t)(writer->end - writer->at) >= size)) {
        return true;
    }
    return atp_writer_grow(writer, size);
}

void atp_write_array_slow(atp_writer_t *writer, uint32_t count);
void atp_write_text_slow(atp_writer_t *writer, atp_text_t text);
void atp_write_uint_slow(atp_writer_t *writer, uint64_t value);

static inline void atp_put_array(atp_writer_t *writer, uint32_t count)
{
    if (ATP_LIKELY(count < 16 && writer->at < writer->end)) {
        *writer->at++ = (uint8_t)(TAG_FIXARRAY | count);
        return;
    }
    atp_write_array_slow(writer, count);
}

static inline void atp_put_text(atp_writer_t *writer, atp_text_t text)
{
    if (ATP_LIKELY(text.size < 32 && (size_t)(writer->end - writer->at) > text.size)) {
        *writer->at = (uint8_t)(TAG_FIXSTR | text.size);
        atp_copy_short(writer->at + 1, text.bytes, text.size);
        writer->at += 1 + text.size;
        return;
    }
    atp_write_text_slow(writer, text);
}

static inline void atp_put_uint(atp_writer_t *writer, uint64_t value)
{
    if (ATP_LIKELY(value < TAG_FIXMAP && writer->at < writer->end)) {
        *writer->at++ = (uint8_t)value;
        return;
    }
    if (ATP_LIKELY(value > UINT32_MAX && writer->end - writer->at >= 9)) {
        *writer->at = TAG_UINT64;
        atp_store_be64(writer->at + 1, value);
        writer->at += 9;
        return;
    }
    atp_write_uint_slow(writer, value);
}

static inline void atp_put_int(atp_writer_t *writer, int64_t value)
{
    if (ATP_LIKELY(value >= 0)) {
        atp_put_uint(writer, (uint64_t)value);
        return;
    }
    atp_write_int(writer, value);
}

static inline void atp_put_qty(atp_writer_t *writer, atp_qty_t qty, uint8_t scale)
{
    if (ATP_LIKELY(scale == 0)) {
        atp_put_int(writer, qty);
        return;
    }
    atp_write_qty(writer, qty, scale);
}

#endif

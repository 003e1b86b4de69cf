/* The reading half: values off the hot path, and what no value may do. */
#include "protocol/cursor.h"

#include "protocol/cursor_priv.h"

static const char ends_early[] = "the bytes end inside a value";

void atp_reader_init(atp_reader_t *reader, const void *bytes, size_t size)
{
    memset(reader, 0, sizeof *reader);
    reader->begin = bytes;
    reader->at = bytes;
    reader->end = reader->begin == NULL ? NULL : reader->begin + size;
    reader->refusal.detail = "";
}

bool atp_reader_refuse(atp_reader_t *reader, atp_verdict_t verdict, atp_field_t field, const char *detail)
{
    atp_reader_note(reader, verdict, field, detail);
    return false;
}

void atp_reader_note(atp_reader_t *reader, atp_verdict_t verdict, atp_field_t field, const char *detail)
{
    ATP_ASSERT(verdict != ATP_APPLIED);
    if (reader->refusal.verdict == ATP_APPLIED || verdict < reader->refusal.verdict) {
        reader->refusal = (atp_refusal_t){.verdict = verdict, .field = field, .detail = detail};
    }
}

static bool malformed(atp_reader_t *reader, atp_field_t field, const char *detail)
{
    return atp_reader_refuse(reader, ATP_MALFORMED, field, detail);
}

/* The big-endian number of `size` bytes (1, 2, 4 or 8) at `p`. */
static uint64_t load_be(const uint8_t *p, uint32_t size)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < size; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

/* Reads a tag and the `size` bytes of number behind it. */
static bool take_tagged(atp_reader_t *reader, atp_field_t field, uint32_t size, uint64_t *ret_value)
{
    if (atp_reader_left(reader) < 1 + (size_t)size) {
        return malformed(reader, field, ends_early);
    }
    *ret_value = load_be(reader->at + 1, size);
    reader->at += 1 + size;
    return true;
}

bool atp_read_array_slow(atp_reader_t *reader, atp_field_t field, uint32_t *ret_count)
{
    uint64_t count = 0;

    if (reader->at == reader->end) {
        return malformed(reader, field, ends_early);
    }
    uint8_t tag = *reader->at;
    if ((tag & 0xf0) == TAG_FIXARRAY) {
        count = tag & 0x0fu;
        reader->at++;
    } else if (tag == TAG_ARRAY16 || tag == TAG_ARRAY32) {
        if (!take_tagged(reader, field, tag == TAG_ARRAY16 ? 2 : 4, &count)) {
            return false;
        }
    } else {
        return malformed(reader, field, "an array is expected");
    }
    if (count > atp_reader_left(reader)) { /* each element takes a byte at least */
        return malformed(reader, field, "more elements announced than there are bytes");
    }
    *ret_count = (uint32_t)count;
    return true;
}

bool atp_read_text_slow(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_text)
{
    uint64_t size = 0;

    if (reader->at == reader->end) {
        return malformed(reader, field, ends_early);
    }
    uint8_t tag = *reader->at;
    if ((tag & 0xe0) == TAG_FIXSTR) {
        size = tag & 0x1fu;
        reader->at++;
    } else if (tag >= TAG_STR8 && tag <= TAG_STR32) {
        if (!take_tagged(reader, field, 1u << (tag - TAG_STR8), &size)) {
            return false;
        }
    } else {
        return malformed(reader, field, "text is expected");
    }
    if (size > atp_reader_left(reader)) {
        return malformed(reader, field, ends_early);
    }
    *ret_text = (atp_text_t){(const char *)reader->at, (uint32_t)size};
    reader->at += size;
    return true;
}

/* Spreads the sign of a number of `size` bytes over 64 bits. */
static uint64_t sign_extend(uint64_t value, uint32_t size)
{
    uint32_t shift = 64 - 8 * size;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

bool atp_read_integer_slow(atp_reader_t *reader, atp_field_t field, uint64_t *ret_bits, bool *ret_is_negative)
{
    if (reader->at == reader->end) {
        return malformed(reader, field, ends_early);
    }
    uint8_t tag = *reader->at;
    *ret_is_negative = false;
    if (tag < TAG_FIXMAP || tag >= TAG_NEGATIVE) {
        *ret_bits = sign_extend(tag, 1);
        *ret_is_negative = tag >= TAG_NEGATIVE;
        reader->at++;
        return true;
    }
    if (tag >= TAG_UINT8 && tag <= TAG_UINT64) {
        return take_tagged(reader, field, 1u << (tag - TAG_UINT8), ret_bits);
    }
    if (tag >= TAG_INT8 && tag <= TAG_INT64) {
        uint32_t size = 1u << (tag - TAG_INT8);
        if (!take_tagged(reader, field, size, ret_bits)) {
            return false;
        }
        *ret_bits = sign_extend(*ret_bits, size);
        *ret_is_negative = (int64_t)*ret_bits < 0;
        return true;
    }
    return malformed(reader, field, "an integer is expected");
}

/* ---- the public names of the steps ---- */

bool atp_read_array(atp_reader_t *reader, atp_field_t field, uint32_t *ret_count)
{
    return atp_take_array(reader, field, ret_count);
}

bool atp_read_text(atp_reader_t *reader, atp_field_t field, atp_text_t *ret_text)
{
    return atp_take_text(reader, field, ret_text);
}

bool atp_read_bool(atp_reader_t *reader, atp_field_t field, bool *ret_value)
{
    if (reader->at == reader->end) {
        return malformed(reader, field, ends_early);
    }
    if (*reader->at != TAG_FALSE && *reader->at != TAG_TRUE) {
        return malformed(reader, field, "true or false is expected");
    }
    *ret_value = *reader->at++ == TAG_TRUE;
    return true;
}

bool atp_read_uint(atp_reader_t *reader, atp_field_t field, uint64_t *ret_value)
{
    uint64_t bits;
    bool is_negative;
    if (!atp_take_integer(reader, field, &bits, &is_negative)) {
        return false;
    }
    if (is_negative) {
        return malformed(reader, field, "a number below zero");
    }
    *ret_value = bits;
    return true;
}

bool atp_read_int(atp_reader_t *reader, atp_field_t field, int64_t *ret_value)
{
    uint64_t bits;
    bool is_negative;
    if (!atp_take_integer(reader, field, &bits, &is_negative)) {
        return false;
    }
    if (!is_negative && bits > (uint64_t)INT64_MAX) {
        return malformed(reader, field, "a number above 2^63 - 1");
    }
    *ret_value = (int64_t)bits;
    return true;
}

/* ---- quantities of answers ---- */

/* Exact decimal text over the whole range of int64, with 1 to 6 decimals. */
static bool parse_decimal(atp_text_t text, atp_qty_t *ret_qty, uint8_t *ret_scale)
{
    bool is_negative = text.size > 0 && text.bytes[0] == '-';
    int64_t value = 0; /* kept at or below zero, where int64 has one number more */
    uint32_t digits = 0;
    uint32_t point = 0; /* digits before the point */

    for (uint32_t i = is_negative ? 1 : 0; i < text.size; i++) {
        char c = text.bytes[i];
        if (c == '.' && point == 0 && digits > 0) {
            point = digits;
            continue;
        }
        if (c < '0' || c > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, c - '0', &value)) {
            return false;
        }
        digits++;
    }
    uint32_t scale = digits - point;
    if (point == 0 || scale < 1 || scale > ATP_SCALE_MAX || (!is_negative && value == INT64_MIN)) {
        return false;
    }
    *ret_qty = is_negative ? value : -value;
    *ret_scale = (uint8_t)scale;
    return true;
}

bool atp_read_qty(atp_reader_t *reader, atp_qty_t *ret_qty, uint8_t *ret_scale)
{
    atp_text_t text;

    if (reader->at < reader->end && (*reader->at < TAG_FIXMAP || *reader->at >= TAG_NEGATIVE ||
                                     (*reader->at >= TAG_UINT8 && *reader->at <= TAG_INT64))) {
        *ret_scale = 0;
        return atp_read_int(reader, ATP_FIELD_QTY, ret_qty);
    }
    if (!atp_take_text(reader, ATP_FIELD_QTY, &text)) {
        return false;
    }
    if (!parse_decimal(text, ret_qty, ret_scale)) {
        return malformed(reader, ATP_FIELD_QTY, "not an exact decimal number of 1 to 6 decimals");
    }
    return true;
}

/* ---- passing over ---- */

/* What a tag announces: how many bytes of content follow its head, and how many values are inside. */
typedef struct extent {
    uint64_t size;
    uint64_t children;
    uint32_t head; /* bytes of the head, tag included */
    bool is_container;
} extent_t;

/* Tags 0xc0 to 0xdf: bytes of the length field, bytes of content when there is no length field. */
static const struct tail {
    uint8_t length;
    uint8_t content;
} tails[32] = {
    [TAG_BIN8 - 0xc0] = {1, 0},    [0xc5 - 0xc0] = {2, 0},        [0xc6 - 0xc0] = {4, 0},
    [TAG_EXT8 - 0xc0] = {1, 1},    [0xc8 - 0xc0] = {2, 1},        [0xc9 - 0xc0] = {4, 1},
    [TAG_FLOAT32 - 0xc0] = {0, 4}, [0xcb - 0xc0] = {0, 8},        [TAG_UINT8 - 0xc0] = {0, 1},
    [TAG_UINT16 - 0xc0] = {0, 2},  [TAG_UINT32 - 0xc0] = {0, 4},  [TAG_UINT64 - 0xc0] = {0, 8},
    [TAG_INT8 - 0xc0] = {0, 1},    [TAG_INT16 - 0xc0] = {0, 2},   [TAG_INT32 - 0xc0] = {0, 4},
    [TAG_INT64 - 0xc0] = {0, 8},   [TAG_FIXEXT1 - 0xc0] = {0, 2}, [0xd5 - 0xc0] = {0, 3},
    [0xd6 - 0xc0] = {0, 5},        [0xd7 - 0xc0] = {0, 9},        [0xd8 - 0xc0] = {0, 17},
    [TAG_STR8 - 0xc0] = {1, 0},    [TAG_STR16 - 0xc0] = {2, 0},   [TAG_STR32 - 0xc0] = {4, 0},
    [TAG_ARRAY16 - 0xc0] = {2, 0}, [TAG_ARRAY32 - 0xc0] = {4, 0}, [TAG_MAP16 - 0xc0] = {2, 0},
    [TAG_MAP32 - 0xc0] = {4, 0},
};

/* The extent of the value whose tag and length field are within `left` bytes at `p`; false if they are not. */
static bool extent_of(const uint8_t *p, size_t left, extent_t *ret_extent)
{
    uint8_t tag = p[0];

    *ret_extent = (extent_t){0, 0, 1, (tag & 0xe0) == TAG_FIXMAP || (tag >= TAG_ARRAY16 && tag <= TAG_MAP32)};
    if (tag < TAG_FIXMAP || tag >= TAG_NEGATIVE) {
        return true;
    }
    if (tag < TAG_NIL) {
        if (tag >= TAG_FIXSTR) {
            ret_extent->size = tag & 0x1fu;
        } else {
            ret_extent->children = (tag & 0x0fu) * (tag < TAG_FIXARRAY ? 2u : 1u);
        }
        return true;
    }
    struct tail tail = tails[tag - 0xc0];
    if (left < 1 + (size_t)tail.length) {
        return false;
    }
    uint64_t length = load_be(p + 1, tail.length);
    ret_extent->head = 1u + tail.length;
    if (tag >= TAG_ARRAY16) {
        ret_extent->children = length * (tag >= TAG_MAP16 ? 2 : 1);
    } else {
        ret_extent->size = length + tail.content;
    }
    return true;
}

/* Takes the head and content of one value inside `depth` containers; its children are still to come. */
static bool skip_one(atp_reader_t *reader, uint32_t depth, uint64_t *ret_children)
{
    extent_t extent;
    size_t left = atp_reader_left(reader);

    if (left == 0 || !extent_of(reader->at, left, &extent)) {
        return malformed(reader, ATP_FIELD_NONE, ends_early);
    }
    if (*reader->at == TAG_NEVER) {
        return malformed(reader, ATP_FIELD_NONE, "a byte that msgpack never uses");
    }
    if (extent.is_container && depth == ATP_MSGPACK_DEPTH_MAX) {
        return malformed(reader, ATP_FIELD_NONE, "nested too deep");
    }
    left -= extent.head;
    if (extent.size > left) {
        return malformed(reader, ATP_FIELD_NONE, ends_early);
    }
    if (extent.children > left) {
        return malformed(reader, ATP_FIELD_NONE, "more elements announced than there are bytes");
    }
    reader->at += extent.head + extent.size;
    *ret_children = extent.children;
    return true;
}

bool atp_read_skip(atp_reader_t *reader, uint32_t count, uint32_t depth)
{
    uint64_t left[ATP_MSGPACK_DEPTH_MAX + 1];
    uint32_t at = depth;

    ATP_ASSERT(depth <= ATP_MSGPACK_DEPTH_MAX);
    left[at] = count;
    for (;;) {
        uint64_t children = 0;
        while (left[at] == 0) {
            if (at == depth) {
                return true;
            }
            at--;
        }
        left[at]--;
        if (!skip_one(reader, at, &children)) {
            return false;
        }
        if (children > 0) {
            left[++at] = children;
        }
    }
}

bool atp_msgpack_is_well_formed(const void *bytes, size_t size)
{
    atp_reader_t reader;
    atp_reader_init(&reader, bytes, size);
    return atp_read_skip(&reader, 1, 0) && reader.at == reader.end;
}

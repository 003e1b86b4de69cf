/* The writing half. */
#include "protocol/cursor.h"

#include "protocol/cursor_priv.h"

#include <stdlib.h>

#define WRITER_SIZE_MIN 256

void atp_writer_init(atp_writer_t *writer, void *buffer, size_t size)
{
    memset(writer, 0, sizeof *writer);
    writer->begin = buffer;
    writer->at = writer->begin;
    writer->end = writer->begin + size;
    writer->room_end = writer->end;
}

atp_err_t atp_writer_init_growable(atp_writer_t *writer, size_t size, size_t size_max)
{
    ATP_ASSERT(size_max > 0 && size_max <= ATP_MESSAGE_SIZE_MAX && size <= size_max);
    memset(writer, 0, sizeof *writer);
    writer->size_max = size_max;
    if (!atp_writer_grow(writer, size > 0 ? size : 1)) {
        return ATP_ERR_MEMORY;
    }
    return ATP_OK;
}

void atp_writer_init_over(atp_writer_t *writer, atp_writer_grow_t grow, void *context, size_t size_max)
{
    ATP_ASSERT(grow != NULL && size_max > 0 && size_max <= ATP_MESSAGE_SIZE_MAX);
    memset(writer, 0, sizeof *writer);
    writer->size_max = size_max;
    writer->grow = grow;
    writer->grow_context = context;
}

void atp_writer_fini(atp_writer_t *writer)
{
    if (writer->size_max > 0 && writer->grow == NULL) {
        free(writer->begin);
    }
    memset(writer, 0, sizeof *writer);
}

void atp_writer_reset(atp_writer_t *writer)
{
    writer->at = writer->begin;
    writer->end = writer->room_end;
    writer->list_at = 0;
    writer->list_count = 0;
    writer->is_overflown = false;
}

/* Twice the size, or what is needed, within the bound. */
static size_t grown_size(const atp_writer_t *writer, size_t needed)
{
    size_t size = 2 * (size_t)(writer->end - writer->begin);
    size = size < WRITER_SIZE_MIN ? WRITER_SIZE_MIN : size;
    size = size < needed ? needed : size;
    return size > writer->size_max ? writer->size_max : size;
}

bool atp_writer_grow(atp_writer_t *writer, size_t size)
{
    size_t used = atp_writer_size(writer);
    uint8_t *bytes = NULL;

    if (writer->is_overflown || writer->size_max < used || size > writer->size_max - used) {
        goto overflown;
    }
    size_t grown = grown_size(writer, used + size);
    if (writer->grow == NULL) {
        bytes = realloc(writer->begin, grown);
    } else if (writer->grow(writer->grow_context, grown, &bytes) != ATP_OK) {
        bytes = NULL;
    }
    if (bytes == NULL) {
        goto overflown;
    }
    writer->begin = bytes;
    writer->at = bytes + used;
    writer->end = bytes + grown;
    writer->room_end = writer->end;
    return true;
overflown:
    writer->is_overflown = true;
    writer->end = writer->at; /* nothing later, however small, is written behind the gap */
    return false;
}

atp_writer_mark_t atp_writer_mark(const atp_writer_t *writer)
{
    return (atp_writer_mark_t){atp_writer_size(writer), writer->list_count};
}

void atp_writer_rewind(atp_writer_t *writer, atp_writer_mark_t mark)
{
    ATP_ASSERT(mark.size <= atp_writer_size(writer));
    writer->at = writer->begin + mark.size;
    writer->end = writer->room_end;
    writer->list_count = mark.list_count;
    writer->is_overflown = false;
}

/* ---- values ---- */

/* A tag and the low `size` bytes (1, 2, 4 or 8) of a number. */
static void put_tagged(atp_writer_t *writer, uint8_t tag, uint64_t value, uint32_t size)
{
    if (!atp_writer_need(writer, 1 + (size_t)size)) {
        return;
    }
    *writer->at++ = tag;
    for (uint32_t i = 0; i < size; i++) {
        *writer->at++ = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
}

void atp_write_array_slow(atp_writer_t *writer, uint32_t count)
{
    if (count < 16) {
        put_tagged(writer, (uint8_t)(TAG_FIXARRAY | count), 0, 0);
    } else if (count <= UINT16_MAX) {
        put_tagged(writer, TAG_ARRAY16, count, 2);
    } else {
        put_tagged(writer, TAG_ARRAY32, count, 4);
    }
}

void atp_write_text_slow(atp_writer_t *writer, atp_text_t text)
{
    uint32_t length = text.size < 32 ? 0 : text.size <= UINT8_MAX ? 1 : text.size <= UINT16_MAX ? 2 : 4;

    if (!atp_writer_need(writer, 1 + (size_t)length + text.size)) {
        return;
    }
    if (length == 0) {
        *writer->at++ = (uint8_t)(TAG_FIXSTR | text.size);
    } else {
        put_tagged(writer, (uint8_t)(TAG_STR8 + length / 2), text.size, length);
    }
    if (text.size > 0) {
        memcpy(writer->at, text.bytes, text.size);
        writer->at += text.size;
    }
}

void atp_write_uint_slow(atp_writer_t *writer, uint64_t value)
{
    if (value < TAG_FIXMAP) {
        put_tagged(writer, (uint8_t)value, 0, 0);
    } else if (value <= UINT8_MAX) {
        put_tagged(writer, TAG_UINT8, value, 1);
    } else if (value <= UINT16_MAX) {
        put_tagged(writer, TAG_UINT16, value, 2);
    } else if (value <= UINT32_MAX) {
        put_tagged(writer, TAG_UINT32, value, 4);
    } else {
        put_tagged(writer, TAG_UINT64, value, 8);
    }
}

void atp_write_array(atp_writer_t *writer, uint32_t count)
{
    atp_put_array(writer, count);
}

void atp_write_text(atp_writer_t *writer, atp_text_t text)
{
    atp_put_text(writer, text);
}

void atp_write_bool(atp_writer_t *writer, bool value)
{
    put_tagged(writer, value ? TAG_TRUE : TAG_FALSE, 0, 0);
}

void atp_write_uint(atp_writer_t *writer, uint64_t value)
{
    atp_put_uint(writer, value);
}

void atp_write_int(atp_writer_t *writer, int64_t value)
{
    if (value >= 0) {
        atp_put_uint(writer, (uint64_t)value);
    } else if (value >= -32) {
        put_tagged(writer, (uint8_t)value, 0, 0);
    } else if (value >= INT8_MIN) {
        put_tagged(writer, TAG_INT8, (uint64_t)value, 1);
    } else if (value >= INT16_MIN) {
        put_tagged(writer, TAG_INT16, (uint64_t)value, 2);
    } else if (value >= INT32_MIN) {
        put_tagged(writer, TAG_INT32, (uint64_t)value, 4);
    } else {
        put_tagged(writer, TAG_INT64, (uint64_t)value, 8);
    }
}

void atp_write_qty(atp_writer_t *writer, atp_qty_t qty, uint8_t scale)
{
    char text[ATP_QTY_TEXT_SIZE];

    if (scale == 0) {
        atp_put_int(writer, qty);
        return;
    }
    size_t size = atp_qty_format(qty, scale, text);
    atp_put_text(writer, (atp_text_t){text, (uint32_t)size});
}

/* ---- lists whose count comes last ---- */

void atp_write_list_begin(atp_writer_t *writer)
{
    ATP_ASSERT(writer->list_at == 0);
    put_tagged(writer, TAG_ARRAY32, 0, 4);
    writer->list_at = writer->is_overflown ? SIZE_MAX : atp_writer_size(writer);
    writer->list_count = 0;
}

void atp_write_list_end(atp_writer_t *writer)
{
    ATP_ASSERT(writer->list_at != 0);
    if (writer->list_at != SIZE_MAX) {
        atp_store_be32(writer->begin + writer->list_at - 4, writer->list_count);
    }
    writer->list_at = 0;
}

#include "engine/base/hash.h"
#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_DIGITS 16
#define SUFFIX        ".seg"

void atp_segment_path(uint64_t number, char ret_path[ATP_PATH_SIZE_MAX])
{
    snprintf(ret_path, ATP_PATH_SIZE_MAX, ATP_JOURNAL_FOLDER "/%016" PRIx64 SUFFIX, number);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool atp_segment_number(const char *name, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (strlen(name) != NUMBER_DIGITS + strlen(SUFFIX) || strcmp(name + NUMBER_DIGITS, SUFFIX) != 0) {
        return false;
    }
    for (int i = 0; i < NUMBER_DIGITS; i++) {
        int digit = hex_digit(name[i]);
        if (digit < 0) {
            return false;
        }
        number = number << 4 | (uint64_t)digit;
    }
    *ret_number = number;
    return true;
}

static uint64_t segment_digest(const atp_segment_header_t *header)
{
    return atp_hash_bytes(header, offsetof(atp_segment_header_t, digest), 0);
}

void atp_segment_header_seal(atp_segment_header_t *header)
{
    header->magic = ATP_SEGMENT_MAGIC;
    header->format = ATP_JOURNAL_FORMAT;
    header->digest = segment_digest(header);
}

bool atp_segment_header_verify(const atp_segment_header_t *header)
{
    return header->magic == ATP_SEGMENT_MAGIC && header->digest == segment_digest(header);
}

/* Different for each place: numbers are below 2^32, offsets below 2^35 and multiples of 8. */
static uint64_t place_seed(uint64_t number, uint64_t offset)
{
    return number << 32 | offset >> 3;
}

static uint64_t frame_digest(const atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    return atp_hash_bytes(header, offsetof(atp_frame_header_t, digest), place_seed(number, offset));
}

void atp_frame_header_seal(atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    header->magic = ATP_FRAME_MAGIC;
    header->format = ATP_JOURNAL_FORMAT;
    header->digest = frame_digest(header, number, offset);
}

bool atp_frame_header_verify(const atp_frame_header_t *header, uint64_t number, uint64_t offset)
{
    return header->magic == ATP_FRAME_MAGIC && header->digest == frame_digest(header, number, offset);
}

uint64_t atp_frame_payload_digest(const void *payload, uint32_t payload_size)
{
    return atp_hash_bytes(payload, payload_size, 0);
}

atp_err_t atp_journal_corrupt(atp_why_t *ret_why, uint64_t number, uint64_t offset, const char *format, ...)
{
    char what[160];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return atp_fail(
        ret_why, ATP_ERR_CORRUPT,
        "journal/%016" PRIx64 ".seg, byte %" PRIu64
        ": %s; restore the segment from a copy, or move journal/ away and start from the newest snapshot "
        "with " ATP_JOURNAL_LOSS_FLAG,
        number, offset, what);
}

static void close_file(atp_segment_reader_t *reader)
{
    if (reader->file != NULL) {
        reader->storage->close(reader->storage, reader->file);
        reader->file = NULL;
    }
    reader->window_size = 0;
}

atp_err_t atp_segment_reader_open(atp_segment_reader_t *reader, uint64_t number, atp_why_t *ret_why)
{
    char path[ATP_PATH_SIZE_MAX];

    close_file(reader);
    atp_segment_path(number, path);
    reader->number = number;
    atp_err_t err = reader->storage->open(reader->storage, path, false, &reader->file);
    if (err != ATP_OK) {
        reader->file = NULL;
        return atp_fail(ret_why, err, "%s cannot be opened: %s", path, atp_err_name(err));
    }
    err = reader->storage->size(reader->storage, reader->file, &reader->size);
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "%s: its size cannot be told: %s", path, atp_err_name(err));
    }
    return ATP_OK;
}

/* Room for `size` bytes at least, and for a window's worth if the file has that much. */
static atp_err_t reserve_window(atp_segment_reader_t *reader, size_t size)
{
    size_t capacity = reader->size < ATP_JOURNAL_WINDOW_SIZE ? (size_t)reader->size : ATP_JOURNAL_WINDOW_SIZE;

    capacity = capacity < size ? size : capacity;
    if (capacity <= reader->capacity) {
        return ATP_OK;
    }
    unsigned char *bytes = malloc(capacity);
    if (bytes == NULL) {
        return ATP_ERR_MEMORY;
    }
    free(reader->bytes);
    reader->bytes = bytes;
    reader->capacity = capacity;
    reader->window_size = 0;
    return ATP_OK;
}

static atp_err_t fill_window(atp_segment_reader_t *reader, uint64_t at, size_t size)
{
    atp_err_t err = reserve_window(reader, size);

    if (err != ATP_OK) {
        return err;
    }
    size_t wanted = reader->capacity;
    if (wanted > reader->size - at) {
        wanted = (size_t)(reader->size - at);
    }
    size_t got = 0;
    reader->window_size = 0;
    err = reader->storage->read_at(reader->storage, reader->file, at, reader->bytes, wanted, &got);
    if (err == ATP_OK && got != wanted) {
        return ATP_ERR_IO; /* the file has shrunk since it was opened */
    }
    if (err == ATP_OK) {
        reader->window_at = at;
        reader->window_size = got;
    }
    return err;
}

atp_err_t atp_segment_reader_show(atp_segment_reader_t *reader, uint64_t at, size_t size,
                                  const unsigned char **ret_bytes, size_t *ret_shown, atp_why_t *ret_why)
{
    ATP_ASSERT(at % 8 == 0 && at <= reader->size && size <= reader->size - at);
    bool is_inside = at >= reader->window_at && at - reader->window_at <= reader->window_size &&
                     size <= reader->window_size - (at - reader->window_at);

    if (!is_inside) {
        atp_err_t err = fill_window(reader, at, size);
        if (err != ATP_OK) {
            return atp_fail(ret_why, err, "journal/%016" PRIx64 ".seg, byte %" PRIu64 ": reading failed: %s",
                            reader->number, at, atp_err_name(err));
        }
    }
    *ret_bytes = reader->bytes + (at - reader->window_at);
    *ret_shown = reader->window_size - (size_t)(at - reader->window_at);
    return ATP_OK;
}

void atp_segment_reader_fini(atp_segment_reader_t *reader)
{
    close_file(reader);
    free(reader->bytes);
    reader->bytes = NULL;
    reader->capacity = 0;
}

#include "engine/store/journal_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- what stands behind a place ---- */

static bool header_declares(const atp_frame_header_t *header, bool is_later, uint64_t expected_op)
{
    bool is_sane = header->durable_op < header->first_op; /* J4 */

    return is_sane && (header->durable_op >= expected_op ||
                       (is_later && (header->flags & ATP_FRAME_AFTER_DURABLE) != 0));
}

/* Looks at one piece of a segment for frame headers that begin in it, and for its last byte that is not zero. */
static void survey_piece(const atp_segment_reader_t *reader, const unsigned char *bytes, uint64_t at,
                         size_t size, size_t shown, uint64_t from, uint64_t expected_op, atp_survey_t *survey)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, size - i < 8 ? size - i : 8);
        if (word == 0) {
            continue;
        }
        survey->content_end = at + i + 8 - (uint64_t)(__builtin_clzll(word) / 8);
        if ((uint32_t)word != ATP_FRAME_MAGIC || survey->is_declared || shown - i < ATP_FRAME_HEADER_SIZE) {
            continue;
        }
        atp_frame_header_t header;
        memcpy(&header, bytes + i, sizeof header);
        if (atp_frame_header_verify(&header, reader->number, at + i) &&
            header_declares(&header, at + i > from, expected_op)) {
            survey->is_declared = true;
            survey->declared_at = at + i;
        }
    }
}

atp_err_t atp_segment_survey(atp_segment_reader_t *reader, uint64_t from, uint64_t expected_op,
                             atp_survey_t *ret_survey, atp_why_t *ret_why)
{
    *ret_survey = (atp_survey_t){.content_end = from};
    for (uint64_t at = from; at < reader->size;) {
        uint64_t left = reader->size - at;
        size_t asked = left < ATP_FRAME_HEADER_SIZE ? (size_t)left : ATP_FRAME_HEADER_SIZE;
        size_t shown = 0;
        const unsigned char *bytes = NULL;
        atp_err_t err = atp_segment_reader_show(reader, at, asked, &bytes, &shown, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        /* A header that the window cuts is left to the next piece. */
        size_t size = shown == left ? shown : (shown - ATP_FRAME_HEADER_SIZE + 8) & ~(size_t)7;
        survey_piece(reader, bytes, at, size, shown, from, expected_op, ret_survey);
        at += size;
    }
    return ATP_OK;
}

#include "loaders/formats/stream.h"

#include <stdlib.h>
#include <string.h>

#define READ_AHEAD (1u << 20)

atp_err_t atp_stream_init(atp_stream_t *stream, atp_record_source_fn read, void *context,
                          size_t unit_size_max)
{
    *stream = (atp_stream_t){.read = read, .context = context, .capacity = READ_AHEAD + unit_size_max};
    stream->bytes = malloc(stream->capacity);
    stream->texts = malloc(stream->capacity);
    if (stream->bytes == NULL || stream->texts == NULL) {
        atp_stream_fini(stream);
        return ATP_ERR_MEMORY;
    }
    atp_stream_restart(stream);
    return ATP_OK;
}

void atp_stream_fini(atp_stream_t *stream)
{
    free(stream->bytes);
    free(stream->texts);
    stream->bytes = NULL;
    stream->texts = NULL;
}

void atp_stream_restart(atp_stream_t *stream)
{
    stream->begin = 0;
    stream->end = 0;
    stream->texts_used = 0;
    stream->line = 0;
    stream->is_at_end = false;
}

static atp_err_t look_for_mark(atp_stream_t *stream, atp_why_t *ret_why)
{
    const unsigned char *p = (const unsigned char *)stream->bytes;

    stream->line = 1;
    if (stream->end >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) {
        stream->begin = 3;
    } else if (stream->end >= 2 && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff))) {
        return atp_fail(ret_why, ATP_ERR_FORMAT, "the text is UTF-16 or UTF-32; export it as UTF-8");
    }
    return ATP_OK;
}

atp_err_t atp_stream_fill(atp_stream_t *stream, atp_why_t *ret_why)
{
    size_t left = stream->end - stream->begin;

    memmove(stream->bytes, stream->bytes + stream->begin, left);
    stream->begin = 0;
    stream->end = left;
    stream->texts_used = 0;
    while (stream->end < stream->capacity && !stream->is_at_end) {
        size_t got = 0;
        atp_err_t err = stream->read(stream->context, stream->bytes + stream->end,
                                     stream->capacity - stream->end, &got, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        stream->end += got;
        stream->is_at_end = got == 0;
    }
    return stream->line == 0 ? look_for_mark(stream, ret_why) : ATP_OK;
}

char *atp_stream_room(atp_stream_t *stream, size_t size)
{
    if (size > stream->capacity - stream->texts_used) {
        return NULL;
    }
    char *room = stream->texts + stream->texts_used;
    stream->texts_used += size;
    return room;
}

bool atp_stream_find_line(const atp_stream_t *stream, size_t *ret_end)
{
    const char *found = memchr(stream->bytes + stream->begin, '\n', stream->end - stream->begin);

    if (found == NULL && !stream->is_at_end) {
        return false;
    }
    *ret_end = found != NULL ? (size_t)(found - stream->bytes) : stream->end;
    return true;
}

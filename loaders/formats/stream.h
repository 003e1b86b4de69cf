/* A window on the bytes of a file, for readers that find records in it by themselves, and a store for texts that are not
 * in the file as they stand (unescaped, or from a part of the file that the window has left).
 *
 * Both live from one fill to the next: what a record points to is void after it.
 *
 * Threads     one at a time.
 * Memory      the window, 1 MiB and the largest unit, and as much again for texts; allocated at create.
 * Invariants  W1  a unit of up to `unit_size_max` bytes that begins in the window is whole in it after a fill, or the
 *                 file ends within it. */
#ifndef ATP_LOADERS_STREAM_H
#define ATP_LOADERS_STREAM_H

#include "loaders/formats/record.h"

#include <stdbool.h>

typedef struct atp_stream {
    atp_record_source_fn read;
    void *context;
    char *bytes;
    char *texts;
    size_t capacity;   /* of each */
    size_t begin;      /* of what the reader has not taken */
    size_t end;        /* of what is in the window */
    size_t texts_used; /* since the last fill */
    uint64_t line;     /* of `begin`, from 1; the reader counts */
    bool is_at_end;    /* the source has no more */
} atp_stream_t;

/* ATP_ERR_MEMORY leaves nothing behind. */
ATP_MUST_USE atp_err_t atp_stream_init(atp_stream_t *stream, atp_record_source_fn read, void *context,
                                       size_t unit_size_max);
void atp_stream_fini(atp_stream_t *stream);

/* Forgets everything read, to start again at line 1. */
void atp_stream_restart(atp_stream_t *stream);

/* Moves what was not taken to the front, reads to the brim, and empties the store of texts. Fails as `read`, and with
 * ATP_ERR_FORMAT when the file begins as UTF-16 or UTF-32. A UTF-8 byte order mark is passed over. */
ATP_MUST_USE atp_err_t atp_stream_fill(atp_stream_t *stream, atp_why_t *ret_why);

/* Makes room for a text. NULL: the store is full until the next fill. */
char *atp_stream_room(atp_stream_t *stream, size_t size);

/* Where the line that begins at `begin` ends (at its LF, or at the end of the file). False: not within the window. */
bool atp_stream_find_line(const atp_stream_t *stream, size_t *ret_end);

#endif

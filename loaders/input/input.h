/* Opens a file to be loaded: plain, gzip or zstd by its first bytes, "-" for standard input; gives its
 * content piece by piece, and a second time after a rewind, certain to be the same.
 *
 * The first pass notes a checksum for each piece of the file as it lies on disk. The second pass compares
 * before it gives a byte away, so that what was validated is what is delivered, also when somebody writes
 * to the file meanwhile. What cannot be rewound (a pipe, standard input) is copied on the first pass to a
 * temporary file without a name, of bounded size.
 *
 * Threads     one at a time.
 * Memory      about 1 MiB for plain and gzip, up to 128 MiB more for zstd (its largest window), 8 bytes for
 *             each 256 KiB of file. Output is streamed: an archive that inflates without end costs time,
 *             not memory.
 * Invariants  N1  bytes given after a rewind equal the bytes given before it, or the read fails.
 *             N2  the end is reported only after the archive's own checksum and end mark were seen. */
#ifndef ATP_LOADERS_INPUT_H
#define ATP_LOADERS_INPUT_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ATP_INPUT_SPOOL_SIZE_MAX (UINT64_C(8) << 30) /* default bound of the temporary file */

typedef struct atp_input atp_input_t;

typedef enum atp_input_kind { ATP_INPUT_PLAIN = 0, ATP_INPUT_GZIP = 1, ATP_INPUT_ZSTD = 2 } atp_input_kind_t;

/* Where raw bytes come from; a seam, so that a test can give short reads, failures and changing files. */
typedef struct atp_input_source {
    void *context;
    /* Reads 1..size bytes, or 0 at the end. Returns false, with errno set, on failure. */
    bool (*read)(void *context, void *bytes, size_t size, size_t *ret_size);
    /* Back to the first byte; NULL when the source cannot go back. */
    bool (*rewind)(void *context);
    /* May be NULL. */
    void (*close)(void *context);
    uint64_t size; /* in bytes, 0 when unknown */
} atp_input_source_t;

/* Opens `path`, or standard input for "-". `spool_size_max` bounds the temporary file, 0 = the default. The
 * file kind is not looked at before the first read.
 * ATP_ERR_NOT_FOUND no such file; ATP_ERR_INVALID a folder; ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_input_open(const char *path, uint64_t spool_size_max, atp_input_t **ret_input,
                                      atp_why_t *ret_why);

/* The same from a source; `place` names it in messages. Takes the source over on success only. */
ATP_MUST_USE atp_err_t atp_input_open_source(const atp_input_source_t *source, const char *place,
                                             uint64_t spool_size_max, atp_input_t **ret_input,
                                             atp_why_t *ret_why);

void atp_input_close(atp_input_t *input);

/* Gives up to `size` bytes of content; *ret_size is 0 only at the end. After a failure every later read
 * fails the same way until a rewind.
 * ATP_ERR_CORRUPT  a damaged or truncated archive, or a file changed since the first pass; the place is named
 * ATP_ERR_IO       the disk failed          ATP_ERR_LIMIT  the temporary file would pass its bound */
ATP_MUST_USE atp_err_t atp_input_read(atp_input_t *input, void *bytes, size_t size, size_t *ret_size,
                                      atp_why_t *ret_why);

/* Back to the first byte. Allowed only after the end was reached. */
ATP_MUST_USE atp_err_t atp_input_rewind(atp_input_t *input, atp_why_t *ret_why);

/* Of the file as it lies on disk: bytes taken so far in this pass, and all of them (0 = unknown). */
uint64_t atp_input_bytes_done(const atp_input_t *input);
uint64_t atp_input_bytes_total(const atp_input_t *input);

/* What the first bytes said; ATP_INPUT_PLAIN before the first read. */
atp_input_kind_t atp_input_kind(const atp_input_t *input);

/* The path it was opened by, "standard input" for "-". */
const char *atp_input_place(const atp_input_t *input);

#endif

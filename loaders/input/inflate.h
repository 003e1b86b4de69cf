/* One way to unpack gzip and zstd, a step at a time. Concatenated members (frames) are one content, as both
 * formats allow.
 *
 * Threads     one at a time.   Memory  40 KiB for gzip, up to 128 MiB for zstd. */
#ifndef ATP_LOADERS_INFLATE_H
#define ATP_LOADERS_INFLATE_H

#include "engine/base/err.h"
#include "loaders/input/input.h"

typedef struct atp_inflate atp_inflate_t;

/* What a step takes and gives; `in` and `out` move forward by what was used. */
typedef struct atp_inflate_span {
    const unsigned char *in;
    size_t in_size;
    unsigned char *out;
    size_t out_size;
} atp_inflate_span_t;

/* `kind` is gzip or zstd. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_inflate_create(atp_input_kind_t kind, atp_inflate_t **ret_inflate);
void atp_inflate_destroy(atp_inflate_t *state);

/* Unpacks what fits. Returns NULL, or what is wrong with the data; the inflater is then of no further use. */
ATP_MUST_USE const char *atp_inflate_step(atp_inflate_t *inflate, atp_inflate_span_t *span);

/* True when all members begun have ended, checksums verified: the only place where the data may end. */
bool atp_inflate_is_between(const atp_inflate_t *inflate);

#endif

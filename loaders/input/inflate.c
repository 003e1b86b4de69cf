#include "loaders/input/inflate.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW_BITS (15 + 16) /* the largest window; +16: gzip wrapping only */

struct atp_inflate {
    atp_input_kind_t kind;
    bool is_between;
    z_stream gzip;
    ZSTD_DCtx *zstd;
};

atp_err_t atp_inflate_create(atp_input_kind_t kind, atp_inflate_t **ret_inflate)
{
    atp_inflate_t *state = calloc(1, sizeof *state);

    ATP_ASSERT(kind == ATP_INPUT_GZIP || kind == ATP_INPUT_ZSTD);
    if (state == NULL) {
        return ATP_ERR_MEMORY;
    }
    state->kind = kind;
    if (kind == ATP_INPUT_GZIP) {
        if (inflateInit2(&state->gzip, GZIP_WINDOW_BITS) != Z_OK) {
            free(state);
            return ATP_ERR_MEMORY;
        }
    } else {
        state->zstd = ZSTD_createDCtx();
        if (state->zstd == NULL) {
            free(state);
            return ATP_ERR_MEMORY;
        }
    }
    *ret_inflate = state;
    return ATP_OK;
}

void atp_inflate_destroy(atp_inflate_t *state)
{
    if (state == NULL) {
        return;
    }
    if (state->kind == ATP_INPUT_GZIP) {
        inflateEnd(&state->gzip);
    }
    ZSTD_freeDCtx(state->zstd);
    free(state);
}

static const char *step_gzip(atp_inflate_t *state, atp_inflate_span_t *span)
{
    z_stream *z = &state->gzip;

    ATP_ASSERT(span->in_size <= UINT_MAX && span->out_size <= UINT_MAX);
    if (state->is_between && span->in_size > 0 && inflateReset(z) != Z_OK) {
        return "the next member cannot be begun";
    }
    z->next_in = (z_const Bytef *)span->in;
    z->avail_in = (uInt)span->in_size;
    z->next_out = span->out;
    z->avail_out = (uInt)span->out_size;
    int result = state->is_between && span->in_size == 0 ? Z_BUF_ERROR : inflate(z, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return z->msg != NULL ? z->msg : zError(result);
    }
    if (result != Z_BUF_ERROR) {
        state->is_between = result == Z_STREAM_END;
    }
    span->in = z->next_in;
    span->in_size = z->avail_in;
    span->out = z->next_out;
    span->out_size = z->avail_out;
    return NULL;
}

static const char *step_zstd(atp_inflate_t *state, atp_inflate_span_t *span)
{
    ZSTD_inBuffer in = {span->in, span->in_size, 0};
    ZSTD_outBuffer out = {span->out, span->out_size, 0};

    if (state->is_between && span->in_size == 0) {
        return NULL;
    }
    size_t result = ZSTD_decompressStream(state->zstd, &out, &in);
    if (ZSTD_isError(result)) {
        return ZSTD_getErrorName(result);
    }
    state->is_between = result == 0;
    span->in += in.pos;
    span->in_size -= in.pos;
    span->out += out.pos;
    span->out_size -= out.pos;
    return NULL;
}

const char *atp_inflate_step(atp_inflate_t *state, atp_inflate_span_t *span)
{
    return state->kind == ATP_INPUT_GZIP ? step_gzip(state, span) : step_zstd(state, span);
}

bool atp_inflate_is_between(const atp_inflate_t *state)
{
    return state->is_between;
}

/* Bytes in memory as a file that gives `step` bytes at most a time. */
#ifndef ATP_TESTS_SUPPORT_SOURCE_H
#define ATP_TESTS_SUPPORT_SOURCE_H

#include "engine/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct source {
    const void *bytes;
    size_t size;
    size_t at;
    size_t step;
} source_t;

static inline atp_err_t read_source(void *context, void *bytes, size_t size, size_t *ret_size,
                                    atp_why_t *ret_why)
{
    source_t *source = context;
    size_t left = source->size - source->at;
    size_t most = size < source->step ? size : source->step;

    (void)ret_why;
    *ret_size = left < most ? left : most;
    if (*ret_size > 0) {
        memcpy(bytes, (const char *)source->bytes + source->at, *ret_size);
    }
    source->at += *ret_size;
    return ATP_OK;
}

#endif

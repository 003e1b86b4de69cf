/* Writing a record of an op into a buffer, piece by piece; what does not fit is noted, once, in `is_full`.
 *
 * Threads     one writer, one thread. */
#ifndef ATP_LEDGER_OP_WRITER_H
#define ATP_LEDGER_OP_WRITER_H

#include "engine/ledger/ops/op.h"

#include <string.h>

typedef struct atp_op_writer {
    unsigned char *begin;
    size_t at;
    size_t capacity;
    bool is_full;
} atp_op_writer_t;

/* Begins behind the head, which is put in its place last. */
static inline atp_op_writer_t atp_op_writer_begin(void *buffer, size_t capacity)
{
    atp_op_writer_t writer = {buffer, sizeof(atp_op_t), capacity, capacity < sizeof(atp_op_t)};
    return writer;
}

static inline void atp_op_put(atp_op_writer_t *writer, const void *bytes, size_t size)
{
    if (writer->is_full || size > writer->capacity - writer->at) {
        writer->is_full = true;
        return;
    }
    if (size > 0) {
        memcpy(writer->begin + writer->at, bytes, size);
    }
    writer->at += size;
}

/* A text with its size before it: at most 255 bytes. */
static inline void atp_op_put_text(atp_op_writer_t *writer, atp_text_t text)
{
    uint8_t size = (uint8_t)text.size;

    ATP_ASSERT(text.size <= UINT8_MAX);
    atp_op_put(writer, &size, 1);
    atp_op_put(writer, text.bytes, text.size);
}

/* Zeros up to the next 8 bytes. */
static inline void atp_op_pad(atp_op_writer_t *writer)
{
    static const char zeros[8] = {0};

    atp_op_put(writer, zeros, (8 - writer->at % 8) % 8);
}

#endif

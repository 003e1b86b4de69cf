/* A record: what a file has for one row, as texts, whatever the file's format.
 *
 * Readers give records as views into their buffer: those given since the last fill stay valid until the next. */
#ifndef ATP_LOADERS_RECORD_H
#define ATP_LOADERS_RECORD_H

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "loaders/reason.h"

#include <stddef.h>
#include <stdint.h>

#define ATP_RECORD_FIELD_COUNT_MAX 1024

/* Fills `bytes` with the next 1..size bytes; *ret_size 0 is the end. */
typedef atp_err_t (*atp_record_source_fn)(void *context, void *bytes, size_t size, size_t *ret_size,
                                          atp_why_t *ret_why);

typedef struct atp_record {
    const atp_text_t *fields; /* valid until the next record is asked for; the bytes until the next fill */
    uint32_t field_count;
    atp_reason_of_reject_t reason; /* ATP_REJECT_NONE, else the record is bad and has no fields */
    uint32_t document; /* of the file, from 1: the message or IDoc it is of; 0 = the format has none */
    uint64_t line;     /* physical line that it begins on, from 1 */
    atp_text_t
        raw; /* as in the file, without its line end; of a bad record at least its first line's start */
} atp_record_t;

typedef enum atp_record_status {
    ATP_RECORD_READ, /* *ret_record is the next record, good or bad */
    ATP_RECORD_FILL, /* no whole record left in the buffer: fill it */
    ATP_RECORD_END   /* no more */
} atp_record_status_t;

#endif

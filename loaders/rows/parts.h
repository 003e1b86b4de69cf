/* Records of a file that are too many for memory: on disk, in 64 parts, to be looked at a part at a time.
 *
 * The file has no name (loaders/input/spool.h says where it lies), is made when the first part is full, and is gone with the process: of a small
 * load nothing is written.
 *
 * Threads     one at a time.
 * Memory      1.5 MiB, and 8 bytes for each 24 KiB of records. */
#ifndef ATP_LOADERS_PARTS_H
#define ATP_LOADERS_PARTS_H

#include "engine/base/err.h"

#include <stdint.h>

#define ATP_PARTS_COUNT 64
#define ATP_PARTS_TOP_SHIFT                                                                                  \
    58 /* part by the uppermost bits of a number; a set of keys goes by the lowest ones */
#define ATP_PARTS_RECORD_MAX 256

typedef struct atp_parts atp_parts_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_parts_create(uint32_t record_size, atp_parts_t **ret_parts);
/* NULL is allowed. */
void atp_parts_destroy(atp_parts_t *parts);

/* Adds a record to that part. ATP_ERR_NO_SPACE, ATP_ERR_IO: the file cannot be made or written; ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_parts_add(atp_parts_t *parts, unsigned part, const void *record);

uint64_t atp_parts_count(const atp_parts_t *parts, unsigned part);

/* All records of a part, in the order in which they were added: memory to free. NULL where there are none. ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_parts_read(const atp_parts_t *parts, unsigned part, void **ret_records);

#endif

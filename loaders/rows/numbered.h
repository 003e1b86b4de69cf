/* What was found out of some rows of a file, in any order, to be had in the order of the file: records on disk that begin with the number of
 * a row (loaders/rows/parts.h).
 *
 * Threads     one at a time.
 * Memory      that of parts; while they are had a 64th of the records. */
#ifndef ATP_LOADERS_NUMBERED_H
#define ATP_LOADERS_NUMBERED_H

#include "engine/base/err.h"

#include <stdint.h>

typedef struct atp_numbered atp_numbered_t;

/* Records begin with a uint64_t, from 0 to `number_max`, which is in one of them at most. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_numbered_create(uint32_t record_size, uint64_t number_max,
                                           atp_numbered_t **ret_numbered);
/* NULL is allowed. */
void atp_numbered_destroy(atp_numbered_t *numbered);

/* As atp_parts_add. */
ATP_MUST_USE atp_err_t atp_numbered_add(atp_numbered_t *numbered, const void *record);

uint64_t atp_numbered_count(const atp_numbered_t *numbered);

/* All have been added, or are to be had from the first once more. */
void atp_numbered_begin(atp_numbered_t *numbered);

/* The record of that number, which is above those asked for since it was begun; NULL: there is none. Valid until the next is asked for. As
 * atp_parts_read. */
ATP_MUST_USE atp_err_t atp_numbered_find(atp_numbered_t *numbered, uint64_t number, const void **ret_record);

#endif

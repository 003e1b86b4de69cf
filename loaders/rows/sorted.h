/* Records that are too many for memory, to be had in order: sorted some at a time, kept on disk, and merged when they are had.
 *
 * The file has no name (loaders/input/spool.h says where it lies), and is made when what is in memory is full: few records never touch
 * a disk.
 *
 * Threads     one at a time.
 * Memory      8 MiB, and 64 bytes for each 4 MiB of records. */
#ifndef ATP_LOADERS_SORTED_H
#define ATP_LOADERS_SORTED_H

#include "engine/base/err.h"

#include <stdint.h>

#define ATP_SORTED_RECORD_MAX 256

typedef struct atp_sorted atp_sorted_t;

/* Below 0: the left record comes first. Equal ones come in any order. */
typedef int (*atp_sorted_compare_fn)(const void *left, const void *right);

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_sorted_create(uint32_t record_size, atp_sorted_compare_fn compare,
                                         atp_sorted_t **ret_sorted);
/* NULL is allowed. */
void atp_sorted_destroy(atp_sorted_t *sorted);

/* Before they are had. ATP_ERR_NO_SPACE, ATP_ERR_IO: the file cannot be made or written; ATP_ERR_MEMORY; ATP_ERR_LIMIT: more than 4 MiB
 * of records by 4 MiB. */
ATP_MUST_USE atp_err_t atp_sorted_add(atp_sorted_t *sorted, const void *record);

uint64_t atp_sorted_count(const atp_sorted_t *sorted);

/* All have been added, or are to be had from the first once more. As atp_sorted_add. */
ATP_MUST_USE atp_err_t atp_sorted_begin(atp_sorted_t *sorted);

/* The next one; NULL: there is none. Valid until the next is asked for. ATP_ERR_IO. */
ATP_MUST_USE atp_err_t atp_sorted_next(atp_sorted_t *sorted, const void **ret_record);

#endif

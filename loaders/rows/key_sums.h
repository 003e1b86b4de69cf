/* Rows that speak of the same key where all of them are good: one row is had for all.
 *
 *     last   the last
 *     sum    one row with the sums, in the place of the first. Rows of one document are summed (of an EDI message, of an IDoc; a file of another
 *            format is one document): what another document of the file tells takes the place of what those before it told, as if it had come
 *            in a file of its own
 *
 * Rows are kept on disk by their fingerprint (loaders/rows/parts.h), summed a part at a time when all are there, and what is to become of each is
 * kept by its number (loaders/rows/numbered.h).
 *
 * Threads     one at a time.
 * Memory      that of parts and numbered; while it sums, 72 bytes a row of sums or 16 of lasts for a 64th of the rows, and 112 for a 64th of the
 *             keys. */
#ifndef ATP_LOADERS_KEY_SUMS_H
#define ATP_LOADERS_KEY_SUMS_H

#include "engine/base/hash.h"
#include "loaders/load.h"
#include "loaders/mapping/profile_priv.h"

typedef struct atp_key_sums atp_key_sums_t;

/* `duplicates`: not refused. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_key_sums_create(atp_duplicates_t duplicates, atp_key_sums_t **ret_sums);
/* NULL is allowed. */
void atp_key_sums_destroy(atp_key_sums_t *sums);

/* Adds row `number`, one above the one before it, from 1. As atp_parts_add. */
ATP_MUST_USE atp_err_t atp_key_sums_add(atp_key_sums_t *sums, atp_fingerprint_t key, uint64_t number,
                                        const atp_load_row_t *row);

/* What rows there were. */
typedef struct atp_key_sums_counts {
    uint64_t keys;
    uint64_t merged;  /* rows that another is had for */
    uint64_t refused; /* rows whose sum would pass its range */
} atp_key_sums_counts_t;

/* Sums all rows. As atp_parts_read. */
ATP_MUST_USE atp_err_t atp_key_sums_end(atp_key_sums_t *sums, atp_key_sums_counts_t *ret_counts);

typedef enum atp_key_standing {
    ATP_KEY_COUNTS, /* the row is had; of several in a sum, the quantities are those of all */
    ATP_KEY_MERGED, /* another one is had for it */
    ATP_KEY_REFUSED /* its sum would pass the range */
} atp_key_standing_t;

/* The rows come again, from the first. After the end. */
void atp_key_sums_begin(atp_key_sums_t *sums);

/* What becomes of row `number`, above those before it; sums are put into it. As atp_parts_read. */
ATP_MUST_USE atp_err_t atp_key_sums_find(atp_key_sums_t *sums, uint64_t number, atp_load_row_t *row,
                                         atp_key_standing_t *ret_standing);

#endif

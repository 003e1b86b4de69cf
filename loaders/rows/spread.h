/* Gathers the stock and the SKU-wide safety level of each row of a file, on disk, and then tells the share of each row.
 *
 * Threads     one at a time.
 * Memory      that of loaders/rows/parts.h, twice; while it computes and tells, 40 bytes for a 64th of the rows. */
#ifndef ATP_LOADERS_SPREAD_H
#define ATP_LOADERS_SPREAD_H

#include "engine/base/err.h"
#include "loaders/load.h"

typedef struct atp_spread_book atp_spread_book_t;

ATP_MUST_USE atp_err_t atp_spread_create(uint64_t row_count_max, atp_spread_book_t **ret_book);
void atp_spread_destroy(atp_spread_book_t *book);

/* All rows come once more, and are noted anew. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_spread_restart(atp_spread_book_t *book);

/* Notes the next row; `sku_key` stands for its SKU. ATP_ERR_LIMIT; else as atp_parts_add. */
ATP_MUST_USE atp_err_t atp_spread_add(atp_spread_book_t *book, uint64_t sku_key, const atp_load_row_t *row);

/* Computes all shares, once, after the last row. ATP_ERR_INVALID names two lines that tell different levels for one
 * SKU; ATP_ERR_LIMIT a SKU at more than 65,536 nodes. */
ATP_MUST_USE atp_err_t atp_spread_compute(atp_spread_book_t *book, const char *place, atp_why_t *ret_why);

/* Shares are told from the first one on. */
void atp_spread_begin(atp_spread_book_t *book);

/* The share of the index-th row added, from 0; one after the other. As atp_parts_read. */
ATP_MUST_USE atp_err_t atp_spread_share(atp_spread_book_t *book, uint64_t index, atp_load_qty_t *ret_share);

#endif

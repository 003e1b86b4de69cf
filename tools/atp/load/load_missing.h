/* What a file leaves out: positions of the ledger that no row of it was of. Rows and positions are kept on disk (loaders/rows/parts.h) by their
 * fingerprint, and compared a part at a time.
 *
 * Threads     one at a time.
 * Memory      that of parts, twice; while they are compared 32 to 43 bytes for a 64th of the rows, and 152 for a 64th of the positions. */
#ifndef ATP_CLI_LOAD_MISSING_H
#define ATP_CLI_LOAD_MISSING_H

#include "engine/base/err.h"
#include "engine/base/text.h"

typedef struct atp_load_missing atp_load_missing_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_load_missing_create(atp_load_missing_t **ret_missing);
/* NULL is allowed. */
void atp_load_missing_destroy(atp_load_missing_t *missing);

/* A row of the file. As atp_parts_add. */
ATP_MUST_USE atp_err_t atp_load_missing_add_row(atp_load_missing_t *missing, atp_text_t sku, atp_text_t node);

/* A position of the ledger. As atp_parts_add. */
ATP_MUST_USE atp_err_t atp_load_missing_add_position(atp_load_missing_t *missing, atp_text_t sku,
                                                     atp_text_t node);

#define ATP_LOAD_MISSING_BATCH 1024

/* Told of positions that no row is of, ATP_LOAD_MISSING_BATCH at most; the texts are valid for the call. */
typedef atp_err_t (*atp_load_missing_fn)(void *context, const atp_text_t *skus, const atp_text_t *nodes,
                                         uint32_t count);

/* Tells of all of them, in no order, until `each` fails; then the positions are forgotten, and may be added anew. As atp_parts_read. */
ATP_MUST_USE atp_err_t atp_load_missing_find(atp_load_missing_t *missing, atp_load_missing_fn each,
                                             void *context);

#endif

/* Keys of a load that are too many for memory: their fingerprints on disk, to be looked at a part at a time.
 *
 * Whatever its number of rows, a load needs the memory of one part: rows go to one of 64 parts by their fingerprint, so that all rows of a key are
 * in one (loaders/rows/parts.h).
 *
 * Threads     one at a time.
 * Memory      that of parts; while it looks, 24 bytes and a slot of 16 for a 64th of the keys. */
#ifndef ATP_LOADERS_KEY_SCRATCH_H
#define ATP_LOADERS_KEY_SCRATCH_H

#include "engine/base/err.h"
#include "engine/base/hash.h"

#include <stdint.h>

typedef struct atp_key_scratch atp_key_scratch_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_key_scratch_create(atp_key_scratch_t **ret_scratch);
/* NULL is allowed. */
void atp_key_scratch_destroy(atp_key_scratch_t *scratch);

/* Adds row `number` (below 2^40) that begins on `line` (1 to 2^40 - 1). ATP_ERR_NO_SPACE, ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_key_scratch_add(atp_key_scratch_t *scratch, atp_fingerprint_t key, uint64_t number,
                                           uint64_t line);

/* Told of row `number`, the key of which had been added before, with `first_line`. A failure ends the looking. */
typedef atp_err_t (*atp_key_again_fn)(void *context, uint64_t number, uint64_t first_line);

/* Finds all rows whose key had been added before them; in no order. ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_key_scratch_find(atp_key_scratch_t *scratch, atp_key_again_fn again,
                                            void *context);

#endif

/* The documents of a file, interchanges or IDocs, told apart by what they are called: whether one stands in the file before, and
 * says the same there.
 *
 * Threads     one at a time.
 * Memory      8 bytes a document, and what a set of keys has for it (loaders/rows/seen.h).
 * Invariants  O1  a second pass over the same file finds each document as the first one had it. */
#ifndef ATP_LOADERS_DOCUMENTS_H
#define ATP_LOADERS_DOCUMENTS_H

#include "engine/base/err.h"
#include "engine/base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_DOCUMENTS_MAX (1u << 20) /* of a file */

typedef struct atp_documents atp_documents_t;

/* ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_documents_create(atp_documents_t **ret_documents);
/* NULL is allowed. */
void atp_documents_destroy(atp_documents_t *documents);

/* The file is read again from its first document. */
void atp_documents_restart(atp_documents_t *documents);

/* The next document begins. ATP_ERR_LIMIT: more than ATP_DOCUMENTS_MAX; ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_documents_begin(atp_documents_t *documents, atp_text_t identity,
                                           bool *ret_is_repeat);

/* It ends; `digest` is of all that stands in it. False: it stands in the file before, and says something else there. */
ATP_MUST_USE bool atp_documents_end(atp_documents_t *documents, uint64_t digest);

/* How many have begun since the file is read. */
uint32_t atp_documents_count(const atp_documents_t *documents);

#endif

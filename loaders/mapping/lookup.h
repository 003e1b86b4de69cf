/* A file of two columns in memory: key to value, to translate a column of another file.
 *
 * Threads     read-only once open: any thread.
 * Memory      the texts, and 16 to 32 bytes an entry; at most ATP_LOOKUP_ENTRY_COUNT_MAX entries and 1 GiB of
 *             texts.
 * Invariants  J1  a key has one value: a file that gives it two is refused. */
#ifndef ATP_LOADERS_LOOKUP_H
#define ATP_LOADERS_LOOKUP_H

#include "engine/base/err.h"
#include "engine/base/text.h"
#include "loaders/mapping/profile_priv.h"

#define ATP_LOOKUP_ENTRY_COUNT_MAX 20000000u

typedef struct atp_lookup atp_lookup_t;

/* Reads `spec->file` in `folder`. A bad row, a missing column, or a key with two values is an error that names
 * file and line. As atp_input_open and atp_input_read, and ATP_ERR_INVALID, ATP_ERR_LIMIT. */
ATP_MUST_USE atp_err_t atp_lookup_open(const atp_profile_lookup_t *spec, const char *folder,
                                       atp_lookup_t **ret_lookup, atp_why_t *ret_why);
void atp_lookup_close(atp_lookup_t *lookup);

/* The value of `key`, valid until close. False when it has none. */
ATP_MUST_USE bool atp_lookup_find(const atp_lookup_t *lookup, atp_text_t key, atp_text_t *ret_value);

#endif

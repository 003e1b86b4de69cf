/* Which rows of a load speak of the same key, and which of them counts.
 *
 *     refuse     the first; later ones are bad
 *     last, sum  one of them, or what all say: loaders/rows/key_sums.h
 *
 * Validation notes every good row in file order; delivery then asks about the same rows.
 *
 * Where duplicates are refused, and a window is set, keys beyond it are put aside on disk (loaders/rows/key_scratch.h), and which of them had been there
 * before is known only when all have been noted: atp_keys_end says whether any had. Then the rows are noted once more, from the first, and each
 * gets its answer. So a file without duplicates needs no second noting, and one with some no more than a number for each of them.
 *
 * Threads     one at a time.
 * Memory      21 to 43 bytes a key, up to the window, and what keys that are put aside need; 24 bytes for each row that is refused. When
 *             duplicates are summed, or the last one counts, that of sums. */
#ifndef ATP_LOADERS_KEYS_H
#define ATP_LOADERS_KEYS_H

#include "loaders/load.h"
#include "loaders/mapping/profile_priv.h"
#include "loaders/rows/seen.h"

typedef struct atp_keys atp_keys_t;

/* `window`: keys that are held in memory, where duplicates are refused; 0 = all. */
ATP_MUST_USE atp_err_t atp_keys_create(atp_duplicates_t duplicates, uint64_t key_count_max,
                                       uint64_t key_count_hint, uint64_t window, atp_keys_t **ret_keys);
void atp_keys_destroy(atp_keys_t *keys);

/* The fingerprint of a row's key: SKU and node, as far as the row has them. Asks for its memory, too. */
atp_fingerprint_t atp_keys_of_row(const atp_keys_t *keys, const atp_load_row_t *row);
/* The fingerprint of a SKU alone. */
atp_fingerprint_t atp_keys_of_sku(const atp_keys_t *keys, atp_text_t sku);

/* Notes a row. *ret_reason: ATP_REJECT_DUPLICATE (with *ret_first_line), or, when rows are noted once more, QTY_OUT_OF_RANGE where a sum
 * would pass its range; the row is then not noted. ATP_ERR_LIMIT, ATP_ERR_MEMORY; ATP_ERR_NO_SPACE, ATP_ERR_IO where keys are put aside. */
ATP_MUST_USE atp_err_t atp_keys_note(atp_keys_t *keys, atp_fingerprint_t key, const atp_load_row_t *row,
                                     atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line);

/* All rows have been noted. *ret_must_repeat: among those put aside some were duplicates, or sums pass their range: atp_keys_begin, and note
 * all rows once more.
 * ATP_ERR_IO, ATP_ERR_MEMORY, ATP_ERR_LIMIT. */
ATP_MUST_USE atp_err_t atp_keys_end(atp_keys_t *keys, bool *ret_must_repeat);

/* The same rows come again from the first, to be noted once more or to be taken. */
void atp_keys_begin(atp_keys_t *keys);

/* Whether what was said of the row noted last could not be said before the rows were noted once more. */
bool atp_keys_is_news(const atp_keys_t *keys);

/* True when every row noted has a key of its own, so that delivery need not ask. */
bool atp_keys_are_single(const atp_keys_t *keys);

/* When all rows have been noted: gives the memory of the keys back, unless one was there twice and rows are still to be taken by
 * them. Only atp_keys_are_single and destroy may be called after that. */
void atp_keys_forget_single(atp_keys_t *keys);

/* Whether a row's key is asked for when it is taken. */
bool atp_keys_need_key(const atp_keys_t *keys);

/* *ret_counts: `row` is the one that counts for its key; a sum is put into it. ATP_ERR_IO, ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_keys_take(atp_keys_t *keys, atp_fingerprint_t key, atp_load_row_t *row,
                                     bool *ret_counts);

uint64_t atp_keys_count(const atp_keys_t *keys);
/* Good rows that do not count, being superseded or added to another. */
uint64_t atp_keys_merged(const atp_keys_t *keys);

#endif

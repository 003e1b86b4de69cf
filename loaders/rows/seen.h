/* A set of keys already met, each with a number beside it. It keeps fingerprints, not texts.
 *
 * A fingerprint is 88 bits under a seed drawn for this set: that two of 50 million different keys share one has a
 * probability of 4e-12, and nobody can aim at it.
 *
 * Threads     one at a time.
 * Memory      16 bytes a slot, half to three quarters of them used; while it grows the old and the new table.
 * Invariants  K1  a slot's value is 0 only while the slot is free. */
#ifndef ATP_LOADERS_SEEN_H
#define ATP_LOADERS_SEEN_H

#include "engine/base/err.h"
#include "engine/base/hash.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SEEN_VALUE_MAX ((UINT64_C(1) << 40) - 1)

typedef struct atp_seen atp_seen_t;

/* `key_count_hint`: how many keys to make room for at once, 0 if unknown; growing costs time. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_seen_create(uint64_t key_count_max, uint64_t key_count_hint,
                                       atp_seen_t **ret_seen);
void atp_seen_destroy(atp_seen_t *seen);

/* The fingerprint of a pair of texts; the second may be empty. */
atp_fingerprint_t atp_seen_key(const atp_seen_t *seen, atp_text_t first, atp_text_t second);

/* Asks for the memory of a key that will be looked at soon. */
void atp_seen_prefetch(const atp_seen_t *seen, atp_fingerprint_t key);

/* Puts `value` (1..ATP_SEEN_VALUE_MAX) beside a new key; of a key that is there, *ret_present is its value, else
 * 0. ATP_ERR_LIMIT at key_count_max, ATP_ERR_MEMORY; then nothing is changed. */
ATP_MUST_USE atp_err_t atp_seen_put(atp_seen_t *seen, atp_fingerprint_t key, uint64_t value,
                                    uint64_t *ret_present);

/* The value of a key, 0 if it is not there. */
uint64_t atp_seen_get(const atp_seen_t *seen, atp_fingerprint_t key);

/* Replaces the value of a key that is there. */
void atp_seen_set(atp_seen_t *seen, atp_fingerprint_t key, uint64_t value);

uint64_t atp_seen_count(const atp_seen_t *seen);

/* Tells of every key and its value, in no order, until `each` fails. Of a key what a fingerprint is compared by. */
typedef atp_err_t (*atp_seen_each_fn)(void *context, atp_fingerprint_t key, uint64_t value);
ATP_MUST_USE atp_err_t atp_seen_walk(const atp_seen_t *seen, atp_seen_each_fn each, void *context);

/* Forgets all keys, and gives their memory back. ATP_ERR_MEMORY; then nothing is changed. */
ATP_MUST_USE atp_err_t atp_seen_clear(atp_seen_t *seen);

#endif

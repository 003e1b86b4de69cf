/* Draws ranks by Zipf's law: P(rank k of n) = k^-s / (1^-s + 2^-s + ... + n^-s), k = 1 the most wanted.
 * Demand over a catalogue follows it with s near 1 (Brynjolfsson, Hu, Smith: "Consumer surplus in the
 * digital economy", 2003, measured 0.87 on book sales).
 *
 * A draw is O(1) by the alias method (Walker 1977, in Vose's form, 1991): the probability of each rank is
 * exact to 2^-32 of an equal share. Only + - * / are used on the way, so the same random number gives the
 * same rank on every machine.
 *
 * Threads     a created sampler is read-only: any thread.
 * Memory      8 bytes a rank, 24 more while it is created. */
#ifndef ATP_LOADERS_ZIPF_H
#define ATP_LOADERS_ZIPF_H

#include "engine/base/err.h"

#include <stdint.h>

#define ATP_ZIPF_COUNT_MAX (UINT32_C(1) << 28)

typedef struct atp_zipf atp_zipf_t;

/* `count` 1..ATP_ZIPF_COUNT_MAX ranks, `exponent` s from 0 (all alike) to 8. ATP_ERR_INVALID,
 * ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_zipf_create(uint32_t count, double exponent, atp_zipf_t **ret_zipf);
void atp_zipf_destroy(atp_zipf_t *zipf);

/* The rank, 0 .. count - 1 (0 the most wanted), that belongs to 64 random bits. */
uint32_t atp_zipf_rank(const atp_zipf_t *zipf, uint64_t random_bits);

/* k^-s, k >= 1, from + - * / alone: the same bits on every machine, correct to about 1e-13. */
double atp_zipf_weight(uint32_t k, double exponent);

#endif

/* XXH3, the only hash of the project, inlined; and the secret seed that keeps clients from choosing strings
 * that meet in one bucket.
 *
 * The seed is drawn once, at genesis, and is ledger state: same data, same seed, same placement. */
#ifndef ATP_BASE_HASH_H
#define ATP_BASE_HASH_H

#include "engine/base/text.h"

#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* 128 bits: two different texts have the same one with probability 2^-128, so it stands for the text. */
typedef struct atp_fingerprint {
    uint64_t low;
    uint64_t high;
} atp_fingerprint_t;

static inline uint64_t atp_hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

static inline uint64_t atp_hash_text(atp_text_t text, uint64_t seed)
{
    return XXH3_64bits_withSeed(text.bytes, text.size, seed);
}

static inline atp_fingerprint_t atp_fingerprint_of(atp_text_t text, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(text.bytes, text.size, seed);
    return (atp_fingerprint_t){hash.low64, hash.high64};
}

/* A cheap bijection of 32 bits, for numbers that are not attacker's choice. */
static inline uint32_t atp_mix32(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ (x >> 16);
}

#endif

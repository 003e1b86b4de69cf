/* Random numbers that are the same on every machine: xoshiro256** (Blackman, Vigna: "Scrambled linear
 * pseudorandom number generators", 2018), seeded by splitmix64 as its authors advise. Not for secrets.
 *
 * Threads     one generator, one thread. */
#ifndef ATP_LOADERS_RANDOM_H
#define ATP_LOADERS_RANDOM_H

#include <stdint.h>

typedef struct atp_random {
    uint64_t state[4];
} atp_random_t;

/* One step of splitmix64: also a good mixer of two numbers into one. */
static inline uint64_t atp_random_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline void atp_random_init(atp_random_t *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        random->state[i] = atp_random_mix(seed);
        seed += UINT64_C(0x9e3779b97f4a7c15);
    }
}

static inline uint64_t atp_random_rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static inline uint64_t atp_random_next(atp_random_t *random)
{
    uint64_t *s = random->state;
    uint64_t result = atp_random_rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = atp_random_rotate(s[3], 45);
    return result;
}

__extension__ typedef unsigned __int128 atp_random_wide_t;

/* 0 .. bound - 1, bound >= 1. The bias is below bound / 2^64. */
static inline uint64_t atp_random_below(atp_random_t *random, uint64_t bound)
{
    return (uint64_t)(((atp_random_wide_t)atp_random_next(random) * bound) >> 64);
}

/* 0 <= x < 1, 53 bits. */
static inline double atp_random_unit(atp_random_t *random)
{
    return (double)(atp_random_next(random) >> 11) * 0x1.0p-53;
}

#endif

/* Chance for simulations: a sequence that its 64-bit state alone decides (splitmix64). */
#ifndef ATP_TESTS_SIM_RANDOM_H
#define ATP_TESTS_SIM_RANDOM_H

#include "engine/base/assert.h"

#include <stdint.h>

static inline uint64_t sim_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number in [0, bound). bound > 0. */
static inline uint64_t sim_random_below(uint64_t *state, uint64_t bound)
{
    ATP_ASSERT(bound > 0);
    return sim_random(state) % bound;
}

#endif

/* A clock that a test moves. The wall may be set apart from the monotonic time, as an operator or NTP does.
 *
 * Threads     none but the test's, unless nobody moves it. */
#ifndef ATP_TESTS_SIM_CLOCK_H
#define ATP_TESTS_SIM_CLOCK_H

#include "engine/clock.h"

typedef struct sim_clock {
    atp_clock_t clock; /* first: the clock is known by it */
    int64_t wall_ms;
    uint64_t monotonic_ns;
} sim_clock_t;

#define SIM_CLOCK_START_MS INT64_C(1700000000000)

static inline int64_t sim_clock_wall_ms(atp_clock_t *clock)
{
    return ((sim_clock_t *)(void *)clock)->wall_ms;
}

static inline uint64_t sim_clock_monotonic_ns(atp_clock_t *clock)
{
    return ((sim_clock_t *)(void *)clock)->monotonic_ns;
}

static inline void sim_clock_init(sim_clock_t *clock)
{
    *clock =
        (sim_clock_t){{sim_clock_wall_ms, sim_clock_monotonic_ns}, SIM_CLOCK_START_MS, UINT64_C(77000000000)};
}

/* Time passes, for both. */
static inline void sim_clock_pass(sim_clock_t *clock, int64_t ms)
{
    clock->wall_ms += ms;
    clock->monotonic_ns += (uint64_t)ms * 1000000u;
}

#endif

/* Time as the engine gets it, and ledger time as the engine makes it.
 *
 * The clock is a seam: the daemon has the real one, tests drive their own. Ledger time follows the wall clock
 * but never goes back and never leaps: when the two differ by more than the clocks' own small corrections
 * (ATP_TIME_LEAP_MS) ledger time goes 10 % faster, or slower, than real time until they meet, and says so. So a
 * leap of the wall clock does not expire reservations in a mass, and one backwards does not keep them for ever.
 *
 * Threads     advance: the ledger thread.   now: any thread, no lock. */
#ifndef ATP_ENGINE_CLOCK_H
#define ATP_ENGINE_CLOCK_H

#include "engine/base/atomics.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_TIME_LEAP_MS 5000

typedef struct atp_clock atp_clock_t;
struct atp_clock {
    int64_t (*wall_ms)(atp_clock_t *clock);       /* since 1970-01-01 UTC */
    uint64_t (*monotonic_ns)(atp_clock_t *clock); /* never goes back; from an unknown start */
};

/* The clocks of the system. */
atp_clock_t *atp_clock_system(void);

typedef struct atp_ledger_time {
    atp_clock_t *clock;
    /* ledger thread only */
    int64_t offset_ns; /* ledger time - monotonic time, sub-millisecond */
    uint64_t seen_ns;
    bool is_slewing;
    /* written by the ledger thread, read by any */
    _Alignas(64) _Atomic int64_t published_offset_ns;
    _Atomic int64_t latest_ms;
} atp_ledger_time_t;

/* Begins at the later of `last_ms` (the last journaled time) and the wall clock. */
void atp_ledger_time_begin(atp_ledger_time_t *time, atp_clock_t *clock, int64_t last_ms);

/* Moves ledger time on and returns it, in ms. Thread: ledger. */
int64_t atp_ledger_time_advance(atp_ledger_time_t *time);

/* Ledger time as of now, without moving it. Thread: any. */
int64_t atp_ledger_time_now(const atp_ledger_time_t *time);

/* True from when the wall clock was more than ATP_TIME_LEAP_MS away until they have met. Thread: ledger. */
bool atp_ledger_time_is_slewing(const atp_ledger_time_t *time);

#endif

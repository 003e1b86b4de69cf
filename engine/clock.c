#include "engine/clock.h"

#include <time.h>

#define NS_PER_MS  INT64_C(1000000)
#define SLEW_SHARE 10 /* ledger time runs off real time by at most 1/10 */

static int64_t system_wall_ms(atp_clock_t *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

static uint64_t system_monotonic_ns(atp_clock_t *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

atp_clock_t *atp_clock_system(void)
{
    static atp_clock_t clock = {system_wall_ms, system_monotonic_ns};
    return &clock;
}

static void publish(atp_ledger_time_t *time, int64_t now_ms)
{
    /* Relaxed: each value stands alone; a reader that is a moment behind sees an earlier "now". */
    atp_store_relaxed(&time->published_offset_ns, time->offset_ns);
    atp_store_relaxed(&time->latest_ms, now_ms);
}

void atp_ledger_time_begin(atp_ledger_time_t *time, atp_clock_t *clock, int64_t last_ms)
{
    int64_t wall_ms = clock->wall_ms(clock);
    int64_t start_ms = wall_ms > last_ms ? wall_ms : last_ms;

    time->clock = clock;
    time->seen_ns = clock->monotonic_ns(clock);
    time->offset_ns = start_ms * NS_PER_MS - (int64_t)time->seen_ns;
    time->is_slewing = false;
    publish(time, start_ms);
}

static bool is_apart(int64_t behind_ns, int64_t most_ns)
{
    return behind_ns > most_ns || behind_ns < -most_ns;
}

int64_t atp_ledger_time_advance(atp_ledger_time_t *time)
{
    /* The wall clock first: a pause between the two readings makes ledger time late, never early. */
    int64_t wall_ms = time->clock->wall_ms(time->clock);
    uint64_t now_ns = time->clock->monotonic_ns(time->clock);
    int64_t elapsed_ns = (int64_t)(now_ns - time->seen_ns);
    int64_t expected_ns = time->offset_ns + (int64_t)now_ns;
    int64_t behind_ns = wall_ms * NS_PER_MS - expected_ns;

    time->seen_ns = now_ns;
    int64_t most_ns = elapsed_ns / SLEW_SHARE;
    time->is_slewing = is_apart(behind_ns, time->is_slewing ? most_ns : ATP_TIME_LEAP_MS * NS_PER_MS);
    if (behind_ns > most_ns && time->is_slewing) {
        behind_ns = most_ns;
    }
    if (behind_ns < -most_ns) {
        behind_ns = -most_ns; /* never back: time keeps at least 9/10 of its pace */
    }
    time->offset_ns += behind_ns;
    int64_t now_ms = (time->offset_ns + (int64_t)now_ns) / NS_PER_MS;
    int64_t latest_ms = atp_load_relaxed(&time->latest_ms);
    now_ms = now_ms > latest_ms ? now_ms : latest_ms;
    publish(time, now_ms);
    return now_ms;
}

int64_t atp_ledger_time_now(const atp_ledger_time_t *time)
{
    atp_ledger_time_t *self = (atp_ledger_time_t *)time;
    int64_t now_ns =
        atp_load_relaxed(&self->published_offset_ns) + (int64_t)time->clock->monotonic_ns(time->clock);
    int64_t latest_ms = atp_load_relaxed(&self->latest_ms);

    return now_ns / NS_PER_MS > latest_ms ? now_ns / NS_PER_MS : latest_ms;
}

bool atp_ledger_time_is_slewing(const atp_ledger_time_t *time)
{
    return time->is_slewing;
}

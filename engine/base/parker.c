#include "engine/base/parker.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

void atp_parker_init(atp_parker_t *parker)
{
    memset(parker, 0, sizeof *parker);
}

uint32_t atp_parker_prepare(atp_parker_t *parker)
{
    uint32_t ticket = atp_load_relaxed(&parker->wakes);
    /* PARK-C1 (seq_cst) pairs with PARK-P1. Orders: "I am parking" before the consumer's last look for work.
     * Without it both sides may miss each other: the consumer sees no work, the producer sees no sleeper. */
    atp_store_seq_cst(&parker->is_parked, 1);
    atp_fence_seq_cst();
    return ticket;
}

void atp_parker_cancel(atp_parker_t *parker)
{
    atp_store_relaxed(&parker->is_parked, 0);
}

void atp_parker_park(atp_parker_t *parker, uint32_t ticket, uint64_t timeout_ns)
{
    struct timespec timeout = {(time_t)(timeout_ns / 1000000000u), (long)(timeout_ns % 1000000000u)};

    /* Every way out (woken, timed out, interrupted, a wake since the ticket) is the same to the caller. */
    (void)syscall(SYS_futex, &parker->wakes, FUTEX_WAIT_PRIVATE, ticket, &timeout, NULL, 0);
    atp_store_relaxed(&parker->is_parked, 0);
}

void atp_parker_wake(atp_parker_t *parker)
{
    /* PARK-P1 (seq_cst) pairs with PARK-C1. Orders: the pushed work before the look at the sleeper. */
    atp_fence_seq_cst();
    if (atp_load_seq_cst(&parker->is_parked) == 0) {
        return;
    }
    if (atp_exchange_seq_cst(&parker->is_parked, 0) == 1) {
        (void)atp_fetch_add_acq_rel(&parker->wakes, 1);
        (void)syscall(SYS_futex, &parker->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

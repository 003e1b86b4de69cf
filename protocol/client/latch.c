#include "protocol/client/latch.h"

#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHUT = 0, SHUT_WITH_SLEEPER = 1, OPEN = 2 };

void atp_latch_wait(atp_latch_t *latch)
{
    uint32_t found = SHUT;

    /* LATCH-W (acquire, on failure too) pairs with LATCH-O. Orders: seeing OPEN before reading the answer.
     * Without it the waiter could read its result as it was before the answer came. */
    while (!atp_cas_acq_rel(&latch->state, &found, SHUT_WITH_SLEEPER) && found == SHUT) {
    }
    while (found != OPEN && atp_load_acquire(&latch->state) != OPEN) { /* LATCH-W */
        (void)syscall(SYS_futex, &latch->state, FUTEX_WAIT_PRIVATE, SHUT_WITH_SLEEPER, NULL, NULL, 0);
    }
}

void atp_latch_open(atp_latch_t *latch)
{
    /* LATCH-O (release) pairs with LATCH-W. Orders: the answer before OPEN. */
    if (atp_exchange_acq_rel(&latch->state, OPEN) == SHUT_WITH_SLEEPER) {
        (void)syscall(SYS_futex, &latch->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

/* Lets one thread wait until another says that something is done, once.
 *
 * The opener touches the latch for the last time before the waiter can go on: the latch may live on the
 * waiter's stack. (The wake-up that follows goes to the address only; on memory that is something else by then
 * it is a wake-up for nothing, which every user of a futex expects.)
 *
 * Threads     wait: one.   open: one, once. */
#ifndef ATP_PROTOCOL_CLIENT_LATCH_H
#define ATP_PROTOCOL_CLIENT_LATCH_H

#include "engine/base/atomics.h"

#include <stdint.h>

typedef struct atp_latch {
    _Atomic uint32_t state; /* the futex word; 0 = shut */
} atp_latch_t;

/* What was written before open is seen after wait. */
void atp_latch_wait(atp_latch_t *latch);
void atp_latch_open(atp_latch_t *latch);

#endif

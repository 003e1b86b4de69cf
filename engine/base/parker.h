/* Lets one thread sleep until another has work for it, without a lost wake-up and, while it is awake,
 * without a system call by either.
 *
 *     consumer                                  producer
 *     --------                                  --------
 *     no work found                             push work
 *     ticket = atp_parker_prepare(p)            atp_parker_wake(p)
 *     look for work once more; if any: work
 *     else atp_parker_park(p, ticket, ns)
 *
 * Threads     prepare and park: the one consumer.   wake: any. */
#ifndef ATP_BASE_PARKER_H
#define ATP_BASE_PARKER_H

#include "engine/base/assert.h"
#include "engine/base/atomics.h"

#include <stdint.h>

typedef struct atp_parker {
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t wakes; /* the futex word: counts wake-ups given */
    _Atomic uint32_t is_parked;                      /* the consumer is asleep or about to be */
} atp_parker_t;

void atp_parker_init(atp_parker_t *parker);

/* Announces the intent to sleep. The caller must look for work once more before it parks. */
uint32_t atp_parker_prepare(atp_parker_t *parker);

/* Takes the announcement back when work was found after all. */
void atp_parker_cancel(atp_parker_t *parker);

/* Sleeps until woken or `timeout_ns` has passed (a wake since `ticket` returns at once). */
void atp_parker_park(atp_parker_t *parker, uint32_t ticket, uint64_t timeout_ns);

/* Wakes the consumer if it sleeps or is about to. */
void atp_parker_wake(atp_parker_t *parker);

#endif

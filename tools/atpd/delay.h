/* Batches of sources that are faster than their rate and keep nothing: they wait here, in order, and are handed in as
 * their rate allows. Bounded: what does not fit is not taken, and the caller says so.
 *
 * Threads     push: one. Batches are handed in by a thread of its own.
 * Memory      DELAY_BYTES_MAX of ops at most, over all sources. */
#ifndef ATP_ATPD_DELAY_H
#define ATP_ATPD_DELAY_H

#include "tools/atpd/meter.h"
#include "tools/atpd/parcel.h"

#define ATP_DELAY_BYTES_MAX ((size_t)64 << 20)

typedef struct atp_delay atp_delay_t;

/* Hands a parcel in, and takes it. Waits while the engine has no room. */
typedef void (*atp_delay_submit_fn)(void *context, atp_parcel_t *parcel);

/* NULL: no memory, or no thread. The meter is borrowed. */
atp_delay_t *atp_delay_open(atp_meter_t *meter, atp_delay_submit_fn submit, void *context);

/* Hands in what waits still, whatever the rates, and ends. NULL is allowed. */
void atp_delay_close(atp_delay_t *delay);

/* True if a batch of the source has to wait: others of it do, or it has no allowance for so many facts. Else they are taken
 * from its allowance. */
bool atp_delay_must_wait(atp_delay_t *delay, const atp_source_limits_t *limits, uint64_t facts);

/* Takes a batch that must wait. False: there is no room; the parcel stays the caller's. */
bool atp_delay_push(atp_delay_t *delay, const atp_source_limits_t *limits, atp_parcel_t *parcel);

#endif

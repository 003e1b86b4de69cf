/* Batches of sources that keep nothing and are faster than their rate, or paused: they wait here, in order of their
 * numbers, and are handed in as their rate allows, once they are paused no more. Bounded: what does not fit is not taken,
 * and the caller says so.
 *
 * What waits is written to the backlog (backlog.h) as well, within the time of a write and a sync, many at once: a batch that was
 * put in there survives whatever becomes of atpd. It is dropped from there when it was answered.
 *
 * Threads     must_wait, push, drop: any. Batches are handed in, and the backlog is written, by a thread of its own.
 * Memory      DELAY_BYTES_MAX of ops, and of messages not yet in the backlog, at most, over all sources; of a paused one half of
 *             it, so that others have room. What was read from the backlog is taken back whatever there is: as much had room
 *             before, and a file of each source more. */
#ifndef ATP_ATPD_DELAY_H
#define ATP_ATPD_DELAY_H

#include "tools/atpd/facts/backlog.h"
#include "tools/atpd/facts/meter.h"
#include "tools/atpd/facts/parcel.h"

#define ATP_DELAY_BYTES_MAX        ((size_t)64 << 20)
#define ATP_DELAY_BYTES_PAUSED_MAX (ATP_DELAY_BYTES_MAX / 2)

typedef struct atp_delay atp_delay_t;

/* Hands a parcel in, and takes it. Waits while the engine has no room. */
typedef void (*atp_delay_submit_fn)(void *context, atp_parcel_t *parcel);

/* Whether the source of that number is paused now. Thread: that of the delay. */
typedef bool (*atp_delay_is_paused_fn)(void *context, uint32_t source);

/* NULL: no memory, or no thread. The meter is borrowed, and so is the backlog; without one (NULL) nothing is kept. `context`: of
 * both functions. */
atp_delay_t *atp_delay_open(atp_meter_t *meter, atp_backlog_t *backlog, atp_delay_is_paused_fn is_paused,
                            atp_delay_submit_fn submit, void *context);

/* Takes no more. What waits of paused sources stays in the backlog. All else is handed in, whatever the rates; what could not be
 * kept as well: the ledger refuses it, and whoever hears that says so. */
void atp_delay_end(atp_delay_t *delay);
/* After it has ended, when nobody pushes or drops any more. NULL is allowed. */
void atp_delay_destroy(atp_delay_t *delay);

/* True if a batch of the source has to wait: it is paused, others of it wait, or it has no allowance for so many facts. Else they
 * are taken from its allowance. */
bool atp_delay_must_wait(atp_delay_t *delay, const atp_source_limits_t *limits, uint64_t facts);

/* Takes a batch that must wait, before those of higher numbers. False: there is no room, or it has ended; the parcel stays the
 * caller's. */
bool atp_delay_push(atp_delay_t *delay, const atp_source_limits_t *limits, atp_parcel_t *parcel);

/* The parcel was answered: it is needed in the backlog no more, if it is there. */
void atp_delay_drop(atp_delay_t *delay, atp_parcel_t *parcel);

#endif

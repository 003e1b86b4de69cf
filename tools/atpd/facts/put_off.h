/* Batches of facts that made no ops: those that have to wait, and those that came again.
 *
 * The journal has nothing of them, but a trace is to tell: of a fact that waits what it waits for, of one that was applied that it came
 * again and was ignored. So batches that were put off are noted here with their facts, those that were ignored by their number. A
 * batch may be noted many times: its sender tries again. It is looked for by its number, so it is here once, as it was answered
 * last; one that has been applied since is for the reader to find out.
 *
 * It is a note, no store: what waits is kept by its sender or in the backlog (backlog.h). A start begins without notes, and
 * what waits is noted again when it is tried. When there is no place or no room, the oldest note goes.
 *
 * Threads     any.
 * Memory      ATP_PUT_OFF_BATCHES notes, and ATP_PUT_OFF_BYTES of facts; only facts that a trace can find. */
#ifndef ATP_ATPD_PUT_OFF_H
#define ATP_ATPD_PUT_OFF_H

#include "engine/trace.h"
#include "tools/atpd/facts/parcel.h"

#define ATP_PUT_OFF_BATCHES   1024
#define ATP_PUT_OFF_BYTES     ((size_t)8 << 20)
#define ATP_PUT_OFF_BATCH_MAX ((size_t)1 << 20) /* of a larger batch the facts are not noted */

typedef struct atp_put_off atp_put_off_t;

/* NULL: no memory. */
atp_put_off_t *atp_put_off_create(void);
/* NULL is allowed. */
void atp_put_off_destroy(atp_put_off_t *put_off);

/* Notes that the batch, which opens with its number, was answered so: duplicate_ignored, or what it waits for. Another verdict is not
 * noted. NULL: nothing is. */
void atp_put_off_note(atp_put_off_t *put_off, const atp_parcel_t *parcel, atp_verdict_t verdict);

/* Adds the facts that wait to the trace, and to what it has how often their batch came again. NULL: nothing. */
void atp_put_off_tell(atp_put_off_t *put_off, const atp_trace_ask_t *ask, atp_trace_t *trace);

#endif

/* The trace: which ops of the journal carry a correlation id, or name a reservation.
 *
 * Read from the journal alone, beside the engine that appends to it, its newest part: nothing is applied, so what an op was
 * answered is not known here (the engine's outcomes and fates may know it). Ops that were refused stand in the journal too; what
 * was answered by its id again does not, and no facts of a batch that has to wait: these can be added from where they wait.
 *
 * Threads     the caller's, one at a time a trace; the catalog is read without a lock.
 * Memory      atp_trace_t, and a window over one journal segment.
 * Failures    as atp_journal_replay; ATP_ERR_CLOSED: *must_end was set. */
#ifndef ATP_ENGINE_TRACE_H
#define ATP_ENGINE_TRACE_H

#include "engine/base/atomics.h"
#include "engine/base/err.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/ops/op.h"
#include "engine/store/storage.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_TRACE_OPS_MAX 1000                /* told; of more, the newest */
#define ATP_TRACE_BYTES   (UINT64_C(1) << 30) /* of the journal that one trace reads */

typedef struct atp_trace_ask {
    atp_storage_t *storage; /* of the journal */
    const atp_catalog_t *catalog;
    atp_text_t correlation; /* one of the two */
    atp_text_t reservation;
    uint64_t newest_bytes;            /* as in atp_journal_options_t */
    const _Atomic uint32_t *must_end; /* may be NULL */
} atp_trace_ask_t;

/* A text of an op, kept. */
typedef struct atp_trace_text {
    uint8_t size;
    char bytes[ATP_ID_SIZE_MAX];
} atp_trace_text_t;

typedef struct atp_trace_op {
    uint64_t op;
    int64_t time_ms;
    atp_fingerprint_t id; /* of its request: what its outcome is found by */
    atp_qty_t mantissa;   /* of its first line */
    uint8_t decimals;
    uint8_t kind; /* atp_op_kind_t */
    bool has_id;
    uint16_t line_count;
    atp_trace_text_t client;  /* or the source that told it */
    atp_trace_text_t subject; /* the reservation, or what else it is about; may be "" */
    atp_trace_text_t sku;     /* of its first line; "" = it has none */
    atp_trace_text_t node;
    atp_trace_text_t correlation;
    uint64_t epoch; /* of the batch it came in; 0 = in none */
    uint64_t sequence;
    uint8_t waits;  /* op 0: the verdict that says what its batch waits for */
    uint32_t again; /* how often its batch was told again, as far as the caller has it noted */
    int64_t again_ms;
} atp_trace_op_t;

typedef struct atp_trace {
    uint64_t from_op; /* the first op looked at; 0 = there was none */
    uint64_t last_op;
    uint64_t count;                        /* found; the newest ATP_TRACE_OPS_MAX of them are kept */
    atp_trace_op_t ops[ATP_TRACE_OPS_MAX]; /* a ring */

    /* of the frame being read */
    atp_trace_text_t frame_client;
    atp_trace_text_t frame_source; /* of the batch being read */
    uint64_t frame_epoch;
    uint64_t frame_sequence;
} atp_trace_t;

ATP_MUST_USE atp_err_t atp_trace_read(const atp_trace_ask_t *ask, atp_trace_t *ret_trace, atp_why_t *ret_why);

/* Adds those facts of a batch that are asked for; `ops` begin with the one that opens it. They have made no op: `waits` says why. */
void atp_trace_add_waiting(const atp_trace_ask_t *ask, atp_trace_t *trace, const atp_op_t *ops,
                           uint32_t op_count, int64_t time_ms, atp_verdict_t waits);

/* How many are kept, and the op number `i` of them, oldest first. */
uint32_t atp_trace_told(const atp_trace_t *trace);
atp_trace_op_t *atp_trace_at(atp_trace_t *trace, uint32_t i);

static inline atp_text_t atp_trace_text(const atp_trace_text_t *text)
{
    return (atp_text_t){text->bytes, text->size};
}

#endif

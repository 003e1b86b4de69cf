/* A batch of facts on its way from bytes to the engine: one way for what is published and for what is asked to be taken.
 *
 * A batch is one message: its number and its facts become ops of one frame, so that they are applied together or not
 * at all. A fact that cannot become an op is logged, counted, and in quarantine: its bytes are an op of their own, which
 * keeps them as an exception. The rest is applied.
 *
 * Threads     one at a time, whoever has the parcel. */
#ifndef ATP_ATPD_PARCEL_H
#define ATP_ATPD_PARCEL_H

#include "engine/engine.h"
#include "engine/ledger/facts/quarantine.h"
#include "protocol/message.h"
#include "tools/atpd/metrics/metrics.h"

typedef struct atp_parcel {
    atp_batch_t batch; /* of class FACT; `done` and `context` are the owner's to set */
    void *owner;
    atp_engine_t *engine;   /* borrowed */
    atp_metrics_t *metrics; /* borrowed */
    uint64_t epoch;         /* of the batch */
    uint64_t sequence;
    uint64_t kept_from;     /* 0 = its source keeps nothing */
    unsigned char *message; /* as it came, if it may have to be kept; else NULL */
    size_t message_size;
    struct atp_backlog_file *kept; /* where the message is kept; NULL: nowhere (backlog.h) */
    size_t ops_capacity;
    uint32_t grant_room; /* atp_op_grant_room of all ops */
    unsigned char *ops;
} atp_parcel_t;

/* NULL: no memory. */
atp_parcel_t *atp_parcel_create(atp_engine_t *engine, atp_metrics_t *metrics, void *owner);
/* NULL is allowed. */
void atp_parcel_destroy(atp_parcel_t *parcel);

/* Copies the message as it came, so that it can be kept. False: no memory. */
ATP_MUST_USE bool atp_parcel_copy_message(atp_parcel_t *parcel, const uint8_t *bytes, size_t size);
void atp_parcel_free_message(atp_parcel_t *parcel);

/* Reads the ops of the message, up to its close, into the parcel: it can then be submitted. False: refused as a whole, the
 * reader says why; it says ATP_APPLIED if there was no memory. */
ATP_MUST_USE bool atp_parcel_fill(atp_parcel_t *parcel, atp_reader_t *reader, const atp_facts_t *facts,
                                  uint32_t op_count, const atp_command_room_t *room);

/* Fills the parcel anew: with nothing but bytes that are no message. False: no memory. */
ATP_MUST_USE bool atp_parcel_quarantine(atp_parcel_t *parcel, const atp_refused_bytes_t *refused);

/* Counts what became of it, and returns the verdict of the batch. Thread: that which answers batches. */
atp_verdict_t atp_parcel_count(const atp_parcel_t *parcel);

#endif

/* The service: requests off the wire become batches for the engine or answers from the ledger's memory.
 *
 *     commands        decoded and encoded as op records on the thread they came on, submitted as one batch; answered on
 *                     the journal thread once durable                                         service_commands.c
 *     availability    read on the spot without a lock; what is due is settled first          service_availability.c
 *     records         pages and look-ups: a bounded question to the ledger thread            service_records.c
 *     traces          the journal, read by a thread of its own                                service_trace.c
 *     sources         batches of facts that are answered, and what has come of a source       service_sources.c
 *     refusals        of a whole message, by name                                            service.c
 *
 * Threads     handle: NNG's threads, many at a time. Each exchange has a work area of its own, so nothing here
 *             is shared but counters.
 * Memory      a work area keeps its buffers between messages, each as far as 1 MiB; what a larger message
 *             needs (at most about 25 MiB in all) is freed when it is answered.
 * Invariants  V1  an exchange is answered or dropped once.
 *             V2  a message refused as a whole has changed nothing. */
#ifndef ATP_ATPD_SERVICE_H
#define ATP_ATPD_SERVICE_H

#include "engine/engine.h"
#include "protocol/endpoint.h"
#include "protocol/message_records.h"
#include "tools/atpd/facts/meter.h"
#include "tools/atpd/facts/put_off.h"
#include "tools/atpd/metrics/metrics.h"

typedef struct atp_service atp_service_t;

typedef struct atp_service_options {
    atp_engine_t *engine;   /* borrowed, started */
    atp_metrics_t *metrics; /* borrowed */
    atp_meter_t *meter;     /* borrowed; NULL: sources have no rates */
    atp_put_off_t *put_off; /* borrowed; NULL: traces tell nothing of what waits */
    const char *const *urls;
    size_t url_count;
    uint32_t exchange_count; /* 0 = 256 */
    const char *data_folder; /* whose journal is read for traces; NULL = there are none */
    /* What a customer is told of a reservation, by atp_record_state_t: borrowed texts of at most ATP_ID_SIZE_MAX bytes. All
     * empty: nothing is. */
    atp_text_t status_names[ATP_RECORD_STATE_LIMIT];
} atp_service_options_t;

ATP_MUST_USE atp_err_t atp_service_open(const atp_service_options_t *options, atp_service_t **ret_service,
                                        atp_why_t *ret_why);

/* The TCP port of URL `url_index`. */
uint16_t atp_service_port(const atp_service_t *service, size_t url_index);

/* Connections and requests so far. Thread: any. */
void atp_service_read_counters(const atp_service_t *service, atp_server_counters_t *ret_counters);

/* Stops taking requests; those in work are still answered. */
void atp_service_drain(atp_service_t *service);

/* Drains, waits for what is in work (the engine must still run, or have answered all: its close does), closes.
 * Does not touch the engine. Safe on NULL. */
void atp_service_close(atp_service_t *service);

#endif

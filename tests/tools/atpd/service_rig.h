/* A service over an engine of our own, in this process: what clients say goes over a real socket, and a test may hold
 * the engine still, step it, and own its clock.
 *
 * A rig's engine runs (rig_start), or is pumped by hand. Raw questions go out on a REQ socket of the rig. */
#ifndef ATP_TESTS_ATPD_SERVICE_RIG_H
#define ATP_TESTS_ATPD_SERVICE_RIG_H

#include "engine/engine.h"
#include "protocol/client/atp.h"
#include "protocol/message.h"
#include "tools/atpd/facts/put_off.h"
#include "tools/atpd/metrics/metrics.h"
#include "tools/atpd/service/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <nng/nng.h>

#include <pthread.h>

typedef struct rig_clock {
    atp_clock_t base;
    _Atomic int64_t added_ms; /* on top of the system's clocks */
} rig_clock_t;

typedef struct rig {
    char folder[64];
    char url[64];
    rig_clock_t clock;
    atp_metrics_t *metrics;
    atp_put_off_t *put_off;
    atp_engine_t *engine;
    atp_service_t *service;
    atp_client_t *client;
    bool is_started;
    pthread_t pump; /* of a rig that is pumped in the background */
    _Atomic uint32_t is_pumping;
} rig_t;

/* cmocka set-up and tear-down; *state is the rig. */
int rig_open(void **state);         /* the engine runs */
int rig_open_stopped(void **state); /* it is pumped; at most 8,192 lines of a class may wait */
int rig_close(void **state);

void rig_start(rig_t *rig);
/* Ends engine and service, in the daemon's order. */
void rig_stop(rig_t *rig);
/* Steps the engine, which was opened stopped, in a thread of its own, until it is told to stand still. */
void rig_pump_begin(rig_t *rig);
void rig_pump_end(rig_t *rig);
uint64_t rig_waiting(rig_t *rig, atp_class_t class);

/* ---- raw questions ---- */

/* A REQ socket of its own, connected. */
nng_socket raw_open(const rig_t *rig);
/* Sends; never waits for the answer. */
void raw_send(nng_socket socket, const void *bytes, size_t size);
/* The answer; fails the test if none comes within `timeout_ms`, or gives NULL if `may_miss`. To be freed. */
nng_msg *raw_receive(nng_socket socket, int timeout_ms, bool may_miss);
/* Sends and waits; fails unless the answer is an error message of that verdict. */
void raw_expect(nng_socket socket, const void *bytes, size_t size, atp_verdict_t verdict);
/* Opens an answer. */
atp_response_t raw_read(nng_msg *message, atp_reader_t *reader);

/* A request under way: begin, write the body, send `writer` bytes. */
void raw_begin(atp_writer_t *writer, void *buffer, size_t size, atp_message_type_t type);

/* ---- commands ---- */

atp_result_t rig_call(rig_t *rig, const atp_command_t *command);
void rig_sku(rig_t *rig, const char *sku);
void rig_node(rig_t *rig, const char *node);
void rig_count(rig_t *rig, const char *sku, const char *node, int64_t qty);
atp_result_t rig_reserve(rig_t *rig, const char *id, const char *sku, const char *node, int64_t qty,
                         int64_t ttl_ms);
uint64_t rig_op(rig_t *rig);

#endif

/* Batches on their way through an engine: a few at a time, in order.
 *
 * Threads     one thread submits and waits; the engine's journal thread answers.
 * Memory      each flight keeps its buffers. */
#ifndef ATP_PERF_FLIGHTS_H
#define ATP_PERF_FLIGHTS_H

#include "engine/engine.h"
#include "perf/stock.h"

#define FLIGHTS 8

typedef struct flight {
    atp_batch_t batch;
    bench_ops_t ops; /* fill this, then launch */
    atp_result_t *results;
    atp_grant_t *grants;
    uint32_t capacity;
    atp_err_t err;
    bool is_launched;
    uint64_t launched_ns;
    uint64_t answered_ns;
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t is_answered;
} flight_t;

typedef struct flights {
    atp_engine_t *engine;
    flight_t flights[FLIGHTS];
    uint32_t next;
    uint64_t refused; /* ops that were not granted or applied in full */
} flights_t;

/* The next free flight, its ops empty; waits for the oldest one if all are on their way. */
flight_t *flights_take(flights_t *flights);
/* Submits the flight taken last. Ends the process if the engine refuses for good. */
void flights_launch(flights_t *flights, atp_class_t class);
/* Waits for one flight, spinning at first; returns how long it was under way, in ns. */
uint64_t flights_wait(flights_t *flights, flight_t *flight);
void flights_wait_all(flights_t *flights);
void flights_free(flights_t *flights);

#endif

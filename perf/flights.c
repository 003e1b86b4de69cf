#include "perf/flights.h"

#include "perf/bench.h"

#include <sched.h>
#include <stdlib.h>

#define SPINS 200

static void answered(atp_batch_t *batch, atp_err_t err)
{
    flight_t *flight = batch->context;

    flight->err = err;
    flight->answered_ns = bench_now_ns();
    /* Release pairs with the acquire in flights_wait. Orders: the results before "answered". */
    atp_store_release(&flight->is_answered, 1);
}

uint64_t flights_wait(flights_t *flights, flight_t *flight)
{
    for (uint32_t spins = 0; atp_load_acquire(&flight->is_answered) == 0; spins++) {
        if (spins < SPINS) {
            __builtin_ia32_pause();
        } else {
            (void)sched_yield();
        }
    }
    flight->is_launched = false;
    bench_check(flight->err == ATP_OK, "a batch was not kept: %s", atp_err_name(flight->err));
    for (uint32_t i = 0; i < flight->batch.op_count; i++) {
        flights->refused += flight->results[i].verdict != ATP_APPLIED;
    }
    return flight->answered_ns - flight->launched_ns;
}

flight_t *flights_take(flights_t *flights)
{
    flight_t *flight = &flights->flights[flights->next];

    if (flight->is_launched) {
        (void)flights_wait(flights, flight);
    }
    bench_ops_clear(&flight->ops);
    return flight;
}

static void need_room(flight_t *flight, uint32_t count)
{
    if (flight->capacity < count) {
        free(flight->results);
        free(flight->grants);
        flight->capacity = count;
        flight->results = calloc(count, sizeof *flight->results);
        flight->grants = calloc(count, sizeof *flight->grants);
        bench_check(flight->results != NULL && flight->grants != NULL, "no memory");
    }
}

void flights_launch(flights_t *flights, atp_class_t class)
{
    flight_t *flight = &flights->flights[flights->next];
    atp_err_t err;

    flights->next = (flights->next + 1) % FLIGHTS;
    need_room(flight, flight->ops.line_count);
    flight->batch = (atp_batch_t){.class = class,
                                  .op_count = flight->ops.count,
                                  .line_count = flight->ops.line_count,
                                  .ops = flight->ops.bytes,
                                  .ops_size = flight->ops.size,
                                  .results = flight->results,
                                  .grants = flight->grants,
                                  .done = answered,
                                  .context = flight};
    flight->is_launched = true;
    atp_store_relaxed(&flight->is_answered, 0);
    flight->launched_ns = bench_now_ns();
    while ((err = atp_engine_submit(flights->engine, &flight->batch)) == ATP_ERR_BUSY ||
           err == ATP_ERR_NO_SPACE) {
        (void)sched_yield();
    }
    bench_check(err == ATP_OK, "a batch was refused: %s", atp_err_name(err));
}

void flights_wait_all(flights_t *flights)
{
    for (uint32_t i = 0; i < FLIGHTS; i++) {
        if (flights->flights[i].is_launched) {
            (void)flights_wait(flights, &flights->flights[i]);
        }
    }
}

void flights_free(flights_t *flights)
{
    for (uint32_t i = 0; i < FLIGHTS; i++) {
        bench_ops_free(&flights->flights[i].ops);
        free(flights->flights[i].results);
        free(flights->flights[i].grants);
    }
}

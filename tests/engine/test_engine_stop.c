/* The four threads, and their end: all that was submitted is answered, and stop comes back whatever the disk does. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static sim_engine_t sim;

static int set_up(void **state)
{
    (void)state;
    sim_engine_init(&sim, 5);
    sim.options.clock = NULL;
    sim.options.without_snapshots = false;
    sim.options.segment_size = UINT64_C(256) << 10;
    sim.config.outcomes = 200000;
    sim.config.ids_per_client = 200000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

static void open_with_stock(bool start)
{
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    if (sim.recovery.is_new) {
        sim_engine_stock(&sim, "S", "N", 100000);
    }
    if (start) {
        assert_int_equal(atp_engine_start(sim.engine, &sim.why), ATP_OK);
    }
}

enum { REQUESTS = 400, SALES = 40 }; /* a request; together more than all frames hold */
static sim_request_t *requests[REQUESTS];
static uint32_t answers_before;

static void submit_all(const char *prefix)
{
    char id[32];

    answers_before = atp_load_acquire(&sim_answers);
    for (unsigned i = 0; i < REQUESTS; i++) {
        requests[i] = sim_request_create(SALES);
        for (unsigned j = 0; j < SALES; j++) {
            snprintf(id, sizeof id, "%s-%u-%u", prefix, i, j);
            sim_request_fact(requests[i], &sim, ATP_OP_SALE, id, "S", "N", 1);
        }
        assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_FACT, requests[i]), ATP_OK);
    }
}

static void destroy_all(void)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        sim_request_destroy(requests[i]);
    }
}

/* Waits a while for all answers. */
static bool are_answered(void)
{
    struct timespec moment = {0, 1000000};

    for (int i = 0; i < 500; i++) {
        if (atp_load_acquire(&sim_answers) - answers_before == REQUESTS) {
            return true;
        }
        nanosleep(&moment, NULL);
    }
    return false;
}

static void slow_sync(void *context, sim_disk_t *disk, sim_op_t op, const char *path)
{
    struct timespec pause = {0, 5000000};

    (void)context;
    (void)disk;
    (void)path;
    if (op == SIM_OP_SYNC_DATA) {
        nanosleep(&pause, NULL);
    }
}

/* The ledger thread used to leave when all its frames waited for the disk, and what was queued was not done. */
static void stop_drains_even_when_the_disk_is_slow(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "sale%d", round);
        open_with_stock(true);
        sim_disk_set_hook(sim.disk, slow_sync, NULL);
        submit_all(prefix);
        atp_engine_stop(sim.engine, false);
        sim_disk_set_hook(sim.disk, NULL, NULL);
        for (unsigned i = 0; i < REQUESTS; i++) {
            assert_int_equal(requests[i]->answers, 1);
            assert_int_equal(requests[i]->err, ATP_OK);
        }
        destroy_all();
        sim_engine_crash(&sim, SIM_CRASH_LOSE);
    }
    open_with_stock(false);
    assert_int_equal(sim_engine_view(&sim, "S", "N").on_hand, 100000 - 3 * REQUESTS * SALES);
}

static void after_stop_submits_are_closed(void **state)
{
    sim_request_t *request = sim_request_create(1);

    (void)state;
    open_with_stock(true);
    atp_engine_stop(sim.engine, false);
    sim_request_fact(request, &sim, ATP_OP_SALE, "late", "S", "N", 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_FACT, request), ATP_ERR_CLOSED);
    assert_int_equal(request->answers, 0);
    sim_request_destroy(request);
}

typedef struct submitter {
    pthread_t thread;
    unsigned number;
    sim_request_t *made[64];
    atp_err_t submitted[64];
} submitter_t;

static _Atomic bool is_go;

static void *submit_until_closed(void *context)
{
    submitter_t *self = context;

    while (!atp_load_acquire(&is_go)) {
    }
    for (unsigned i = 0; i < 64; i++) {
        self->submitted[i] = sim_engine_submit(&sim, ATP_CLASS_FACT, self->made[i]);
    }
    return NULL;
}

static void every_batch_that_got_in_is_answered_once(void **state)
{
    submitter_t submitters[3];
    char id[32];

    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        open_with_stock(true);
        atp_store_release(&is_go, false);
        for (unsigned s = 0; s < 3; s++) {
            submitters[s].number = s;
            for (unsigned i = 0; i < 64; i++) {
                submitters[s].made[i] = sim_request_create(1);
                snprintf(id, sizeof id, "s-%u-%u-%u", round, s, i);
                sim_request_fact(submitters[s].made[i], &sim, ATP_OP_SALE, id, "S", "N", 1);
            }
            assert_int_equal(pthread_create(&submitters[s].thread, NULL, submit_until_closed, &submitters[s]),
                             0);
        }
        atp_store_release(&is_go, true);
        struct timespec moment = {0, (long)round * 10000};
        nanosleep(&moment, NULL);
        atp_engine_stop(sim.engine, round % 2 == 0);
        for (unsigned s = 0; s < 3; s++) {
            pthread_join(submitters[s].thread, NULL);
        }
        sim_engine_close(&sim);
        for (unsigned s = 0; s < 3; s++) {
            for (unsigned i = 0; i < 64; i++) {
                bool is_in = submitters[s].submitted[i] == ATP_OK;
                assert_int_equal(submitters[s].made[i]->answers, is_in ? 1 : 0);
                assert_true(is_in ? submitters[s].made[i]->err == ATP_OK
                                  : submitters[s].submitted[i] == ATP_ERR_CLOSED);
                sim_request_destroy(submitters[s].made[i]);
            }
        }
    }
}

static void stop_takes_a_last_snapshot(void **state)
{
    (void)state;
    open_with_stock(true);
    submit_all("sale");
    atp_engine_stop(sim.engine, true);
    uint64_t op = atp_engine_applied_op(sim.engine);
    destroy_all();
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    open_with_stock(false);
    assert_true(sim.recovery.snapshot_op > 0);
    assert_int_equal(sim.recovery.last_op, op);
}

static void stop_with_nothing_to_snapshot_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        open_with_stock(true);
        atp_engine_stop(sim.engine, true);
        sim_engine_close(&sim);
    }
}

/* A full disk: the journal has no room, so neither draining nor a snapshot can ever come to an end. */
static void stop_with_a_full_disk_comes_back(void **state)
{
    sim_disk_stats_t stats;
    unsigned closed = 0;
    char prefix[16];

    (void)state;
    open_with_stock(true);
    sim_disk_stats(sim.disk, &stats);
    sim_disk_set_capacity(sim.disk, stats.used_size);
    for (int i = 0; i < 40; i++) { /* more than all segments hold */
        snprintf(prefix, sizeof prefix, "sale%d", i);
        submit_all(prefix);
        if (!are_answered()) {
            break;
        }
        destroy_all();
    }
    atp_engine_stop(sim.engine, true);
    sim_engine_close(&sim);
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(requests[i]->answers, 1);
        assert_true(requests[i]->err == ATP_OK || requests[i]->err == ATP_ERR_CLOSED);
        closed += requests[i]->err == ATP_ERR_CLOSED;
    }
    assert_true(closed > 0);
    destroy_all();
    sim_disk_set_capacity(sim.disk, 0);
    open_with_stock(false);
    assert_int_equal(atp_ledger_check(atp_engine_ledger(sim.engine), &sim.why), ATP_OK);
}

static void stop_after_a_failed_sync_comes_back(void **state)
{
    (void)state;
    open_with_stock(true);
    sim_disk_fail(sim.disk, 1, SIM_FAIL_FROM_THEN_ON, SIM_OP_BIT(SIM_OP_SYNC_DATA), ATP_ERR_IO);
    submit_all("sale");
    atp_engine_stop(sim.engine, true);
    assert_int_equal(sim.fatals, 1);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(requests[i]->answers, 1);
        assert_int_equal(requests[i]->err, ATP_ERR_CLOSED);
    }
    destroy_all();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stop_drains_even_when_the_disk_is_slow),   TEST(after_stop_submits_are_closed),
        TEST(every_batch_that_got_in_is_answered_once), TEST(stop_takes_a_last_snapshot),
        TEST(stop_with_nothing_to_snapshot_comes_back), TEST(stop_with_a_full_disk_comes_back),
        TEST(stop_after_a_failed_sync_comes_back),
    };
    return cmocka_run_group_tests_name("engine.stop", tests, NULL, NULL);
}

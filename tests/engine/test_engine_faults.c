/* The Nth operation of the disk fails, N = 1, 2, ... until the whole run - open, append, snapshot, stop, recover -
 * completes; once with a single failure, once failing from then on. And the Nth allocation likewise, on open. After each
 * the folder must open, hold all that was acknowledged, and hold together. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESERVES 6

/* ---- allocations ---- */

static uint64_t allocations_left; /* until one fails; 0: none does */
static bool has_allocation_failed;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

static bool fails(void)
{
    if (allocations_left > 0 && --allocations_left == 0) {
        has_allocation_failed = true;
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

/* ---- one run ---- */

typedef struct run {
    sim_engine_t sim;
    bool is_acknowledged[RESERVES];
    uint64_t op[RESERVES];
} run_t;

static bool reserve_one(run_t *run, unsigned i)
{
    sim_request_t *request = sim_request_create(1);
    char id[16];

    snprintf(id, sizeof id, "r-%u", i);
    sim_request_reserve(request, &run->sim, id, "S", "N", 1);
    if (sim_engine_submit(&run->sim, ATP_CLASS_RESERVE, request) == ATP_OK) {
        sim_engine_settle(&run->sim);
        if (request->answers == 0) { /* what it failed of is answered by close */
            sim_engine_close(&run->sim);
        }
        assert_int_equal(request->answers, 1);
        run->is_acknowledged[i] = request->err == ATP_OK;
        run->op[i] = run->is_acknowledged[i] ? sim_request_result(request, 0)->op : 0;
    }
    sim_request_destroy(request);
    return run->sim.engine != NULL && run->sim.fatals == 0;
}

/* Goes on until something fails for good, or all is done: then the folder is opened once more. */
static void live(run_t *run)
{
    sim_engine_t *sim = &run->sim;

    if (sim_engine_open(sim) != ATP_OK) {
        return;
    }
    for (unsigned i = 0; i < RESERVES; i++) {
        if (!reserve_one(run, i)) {
            return;
        }
        if (i == RESERVES / 2) {
            atp_engine_request_snapshot(sim->engine);
            sim_engine_settle(sim);
        }
    }
    sim_engine_close(sim);
    (void)sim_engine_open(sim);
}

static void must_hold(run_t *run)
{
    sim_engine_t *sim = &run->sim;

    if (sim_engine_open(sim) != ATP_OK) {
        fail_msg("recovery: %s", sim->why.text);
    }
    assert_int_equal(atp_ledger_check(atp_engine_ledger(sim->engine), &sim->why), ATP_OK);
    for (unsigned i = 0; i < RESERVES; i++) {
        char id[16];
        snprintf(id, sizeof id, "r-%u", i);
        atp_result_t again = sim_engine_reserve(sim, id, "S", "N", 1);
        assert_int_equal(again.verdict, ATP_APPLIED);
        assert_true(!run->is_acknowledged[i] || (again.is_repeat == 1 && again.op == run->op[i]));
    }
    assert_int_equal(sim_engine_view(sim, "S", "N").reserved, RESERVES);
}

static void begin(run_t *run, uint64_t seed, bool with_stock)
{
    memset(run, 0, sizeof *run);
    sim_engine_init(&run->sim, seed);
    run->sim.options.segments_ahead = 1;
    run->sim.options.reserve_bytes = 4096;
    if (with_stock) {
        assert_int_equal(sim_engine_open(&run->sim), ATP_OK);
        sim_engine_stock(&run->sim, "S", "N", 1000);
        sim_engine_close(&run->sim);
    }
}

static void fail_each(sim_fail_t fail, atp_err_t err, sim_crash_t crash)
{
    for (uint64_t n = 1;; n++) {
        static run_t run;
        begin(&run, n, true);
        sim_disk_fail(run.sim.disk, n, fail, SIM_OPS_ALL, err);
        live(&run);
        bool has_failed = sim_disk_has_failed(run.sim.disk);
        sim_disk_heal(run.sim.disk);
        if (crash == SIM_CRASH_KEEP) {
            sim_engine_close(&run.sim);
        } else {
            sim_engine_crash(&run.sim, crash);
        }
        must_hold(&run);
        sim_engine_fini(&run.sim);
        if (!has_failed) {
            assert_true(n > 30);
            return;
        }
    }
}

static void each_operation_fails_once(void **state)
{
    (void)state;
    fail_each(SIM_FAIL_ONCE, ATP_ERR_IO, SIM_CRASH_LOSE);
}

static void each_operation_fails_from_then_on(void **state)
{
    (void)state;
    fail_each(SIM_FAIL_FROM_THEN_ON, ATP_ERR_IO, SIM_CRASH_CHANCE);
}

static void each_operation_fails_once_and_the_process_is_killed(void **state)
{
    (void)state;
    fail_each(SIM_FAIL_ONCE, ATP_ERR_IO, SIM_CRASH_KEEP);
}

static void power_fails_at_each_operation(void **state)
{
    (void)state;
    fail_each(SIM_FAIL_FROM_THEN_ON, ATP_ERR_IO, SIM_CRASH_LOSE);
}

/* ---- recovery itself fails ---- */

static void each_operation_of_a_recovery_fails(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        static run_t run;
        begin(&run, n, true);
        live(&run);
        sim_engine_crash(&run.sim, SIM_CRASH_CHANCE);
        sim_disk_fail(run.sim.disk, n, n % 2 == 0 ? SIM_FAIL_ONCE : SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL,
                      ATP_ERR_IO);
        atp_err_t err = sim_engine_open(&run.sim);
        bool has_failed = sim_disk_has_failed(run.sim.disk);
        assert_true(err != ATP_OK || !has_failed || n > 5);
        if (err != ATP_OK) {
            assert_true(run.sim.why.text[0] != '\0');
        }
        sim_engine_crash(&run.sim, SIM_CRASH_CHANCE);
        must_hold(&run);
        sim_engine_fini(&run.sim);
        if (!has_failed) {
            return;
        }
    }
}

/* ---- memory ---- */

static void each_allocation_of_an_open_fails(void **state)
{
    (void)state;
    static run_t run;
    begin(&run, 1, false);
    run.sim.options.storage = NULL; /* the simulated disk does not stand it: the folder is in memory anyway */
    run.sim.options.without_snapshots = false;
    assert_int_equal(sim_engine_open(&run.sim), ATP_OK);
    sim_engine_stock(&run.sim, "S", "N", 1000);
    atp_engine_request_snapshot(run.sim.engine);
    sim_engine_settle(&run.sim);
    sim_engine_close(&run.sim);
    for (uint64_t n = 1;; n++) {
        has_allocation_failed = false;
        allocations_left = n;
        atp_err_t err = sim_engine_open(&run.sim);
        allocations_left = 0;
        if (!has_allocation_failed) {
            assert_int_equal(err, ATP_OK);
            assert_true(n > 20);
            break;
        }
        if (err != ATP_OK) {
            assert_true(run.sim.why.text[0] != '\0');
        }
        sim_engine_close(&run.sim);
    }
    sim_engine_close(&run.sim);
    must_hold(&run);
    sim_engine_fini(&run.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_fails_once),
        cmocka_unit_test(each_operation_fails_from_then_on),
        cmocka_unit_test(each_operation_fails_once_and_the_process_is_killed),
        cmocka_unit_test(power_fails_at_each_operation),
        cmocka_unit_test(each_operation_of_a_recovery_fails),
        cmocka_unit_test(each_allocation_of_an_open_fails),
    };
    return cmocka_run_group_tests_name("engine.faults", tests, NULL, NULL);
}

/* Snapshots of a running engine: when one counts, what a start makes of it, what the journal may drop. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
#include <string.h>

static sim_engine_t sim;

static int open_engine(void **state)
{
    (void)state;
    sim_engine_init(&sim, 4);
    sim.options.without_snapshots = false;
    if (sim_engine_open(&sim) != ATP_OK) {
        return -1;
    }
    sim_engine_stock(&sim, "S", "N", 5000);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

static atp_engine_stats_t stats(void)
{
    atp_engine_stats_t now;

    atp_engine_stats(sim.engine, &now);
    return now;
}

static void reserve_some(unsigned from, unsigned to)
{
    char id[32];

    for (unsigned i = from; i < to; i++) {
        snprintf(id, sizeof id, "r-%u", i);
        assert_int_equal(sim_engine_reserve(&sim, id, "S", "N", 1).verdict, ATP_APPLIED);
    }
}

static void take_snapshot(void)
{
    atp_engine_request_snapshot(sim.engine);
    sim_engine_settle(&sim);
    assert_int_equal(stats().snapshot_op, atp_engine_applied_op(sim.engine));
}

static void reopen_with(uint64_t hash, uint64_t snapshot_op)
{
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim.recovery.snapshot_op, snapshot_op);
    assert_int_equal(atp_ledger_hash(atp_engine_ledger(sim.engine)), hash);
    assert_int_equal(atp_ledger_check(atp_engine_ledger(sim.engine), &sim.why), ATP_OK);
}

static void a_start_takes_the_snapshot_and_the_tail(void **state)
{
    (void)state;
    reserve_some(0, 50);
    take_snapshot();
    uint64_t op = stats().snapshot_op;
    reserve_some(50, 80);
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(sim.engine));
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    reopen_with(hash, op);
    assert_int_equal(sim.recovery.replayed_ops, 30);
}

/* Ids asked before the snapshot are remembered by it. */
static void answers_are_given_again_after_a_snapshot(void **state)
{
    (void)state;
    atp_result_t first = sim_engine_reserve(&sim, "early", "S", "N", 3);
    take_snapshot();
    reserve_some(0, 3);
    take_snapshot();
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim.recovery.replayed_ops, 0);
    atp_result_t again = sim_engine_reserve(&sim, "early", "S", "N", 3);
    assert_int_equal(again.is_repeat, 1);
    assert_int_equal(again.op, first.op);
    assert_int_equal(sim_engine_reserve(&sim, "early", "S", "N", 4).verdict, ATP_CONFLICT);
}

/* E3 */
static void a_snapshot_does_not_count_before_its_op_is_durable(void **state)
{
    sim_request_t *request = sim_request_create(1);

    (void)state;
    sim_request_reserve(request, &sim, "r", "S", "N", 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    (void)atp_engine_step_ledger(sim.engine); /* applied, not durable */
    atp_engine_request_snapshot(sim.engine);
    for (int i = 0; i < 2000; i++) {
        (void)atp_engine_step_ledger(sim.engine);
        (void)atp_engine_step_snapshot(sim.engine);
    }
    assert_int_equal(stats().snapshots_completed, 0);
    uint64_t durable_op = atp_engine_durable_op(sim.engine);
    sim_engine_crash(&sim, SIM_CRASH_LOSE); /* had it counted, the journal would end before it */
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim.recovery.snapshot_op, 0);
    assert_int_equal(sim.recovery.last_op, durable_op);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, 0);
    sim_request_destroy(request);
}

static void it_is_as_of_one_op_whatever_happens_meanwhile(void **state)
{
    (void)state;
    reserve_some(0, 300);
    atp_engine_request_snapshot(sim.engine);
    uint64_t op = atp_engine_applied_op(sim.engine);
    uint64_t hash_then = atp_ledger_hash(atp_engine_ledger(sim.engine));
    for (unsigned i = 0; i < 40; i++) {
        char id[32];
        sim_request_t *request = sim_request_create(1);
        snprintf(id, sizeof id, "step-%u", i);
        (void)atp_engine_step_ledger(sim.engine);
        sim_request_step(request, &sim, ATP_OP_RELEASE, id, i % 2 == 0 ? "r-3" : "r-200");
        assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RELEASE, request), ATP_OK);
        (void)atp_engine_step_ledger(sim.engine);
        (void)atp_engine_step_journal(sim.engine);
        (void)atp_engine_step_snapshot(sim.engine);
        sim_request_destroy(request);
    }
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(sim.engine));
    sim_engine_settle(&sim);
    assert_int_equal(stats().snapshot_op, op);
    assert_true(hash != hash_then);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    reopen_with(hash, op);
}

static void nothing_new_means_no_snapshot(void **state)
{
    (void)state;
    take_snapshot();
    uint64_t completed = stats().snapshots_completed;
    atp_engine_request_snapshot(sim.engine);
    sim_engine_settle(&sim);
    assert_int_equal(stats().snapshots_completed, completed);
}

static void it_is_taken_by_time(void **state)
{
    (void)state;
    sim_engine_close(&sim);
    sim.options.snapshot_interval_ms = 60000;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    reserve_some(0, 10);
    sim_engine_settle(&sim);
    assert_int_equal(stats().snapshots_completed, 0);
    sim_clock_pass(&sim.clock, 60001);
    sim_engine_settle(&sim);
    assert_int_equal(stats().snapshots_completed, 1);
}

static void segments_below_the_older_snapshot_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        reserve_some(i * 600, i * 600 + 600);
        take_snapshot();
    }
    sim_engine_settle(&sim);
    assert_false(sim_disk_exists(sim.disk, "journal/0000000000000001.seg"));
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(sim.engine));
    uint64_t op = stats().snapshot_op;
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    reopen_with(hash, op);
}

static void damage_one_byte(const char *generation)
{
    char path[SIM_FOLDER_SIZE + 32];

    snprintf(path, sizeof path, "%s/snapshot/%s/data.mdb", sim.folder, generation);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 12345, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 12345, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* Both generations in turn: whichever is newer, the other and the journal since must do. */
static void either_generation_is_enough(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        reserve_some(i * 600, i * 600 + 600);
        take_snapshot();
    }
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(sim.engine));
    sim_engine_close(&sim);
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "a" : "b";
        damage_one_byte(name);
        assert_int_equal(sim_engine_open(&sim), ATP_OK);
        assert_int_equal(atp_ledger_hash(atp_engine_ledger(sim.engine)), hash);
        assert_true(i == 0 || strstr(sim.recovery.note.text, "snapshot/b") != NULL); /* the newer one */
        sim_engine_close(&sim);
        damage_one_byte(name);
    }
    damage_one_byte("a");
    damage_one_byte("b");
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
}

static void a_full_copy_pool_gives_up_and_the_next_try_succeeds(void **state)
{
    (void)state;
    sim_engine_close(&sim);
    sim.options.snapshot_pool_pieces = 16;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    reserve_some(0, 400);
    atp_engine_request_snapshot(sim.engine);
    for (unsigned i = 0; i < 40 && stats().snapshots_failed == 0; i++) {
        char id[32];
        char reservation[32];
        sim_request_t *request = sim_request_create(1);
        (void)atp_engine_step_ledger(sim.engine); /* begins, and nobody writes */
        snprintf(id, sizeof id, "step-%u", i);
        snprintf(reservation, sizeof reservation, "r-%u", i * 10);
        sim_request_step(request, &sim, ATP_OP_RELEASE, id, reservation);
        assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RELEASE, request), ATP_OK);
        (void)atp_engine_step_ledger(sim.engine);
        (void)atp_engine_step_journal(sim.engine);
        sim_request_destroy(request);
    }
    assert_true(stats().snapshots_failed > 0);
    sim_engine_settle(&sim);
    take_snapshot();
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_start_takes_the_snapshot_and_the_tail),
        TEST(answers_are_given_again_after_a_snapshot),
        TEST(a_snapshot_does_not_count_before_its_op_is_durable),
        TEST(it_is_as_of_one_op_whatever_happens_meanwhile),
        TEST(nothing_new_means_no_snapshot),
        TEST(it_is_taken_by_time),
        TEST(segments_below_the_older_snapshot_go),
        TEST(either_generation_is_enough),
        TEST(a_full_copy_pool_gives_up_and_the_next_try_succeeds),
    };
    return cmocka_run_group_tests_name("engine.snapshot", tests, NULL, NULL);
}

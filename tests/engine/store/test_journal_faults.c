/* The journal on a failing and on a full disk: each operation of the disk fails in turn, once and from then on. */
#include "tests/engine/store/journal_rig.h"

#include <inttypes.h>
#include <string.h>

/* Opens, prepares, fills four segments, marks, drops the first, closes. Ends at the first failure and returns it. */
static atp_err_t run_all(rig_t *rig)
{
    atp_err_t err = rig_open(rig);

    for (int i = 0; err == ATP_OK && i < 18; i++) {
        err = atp_journal_prepare(rig->journal);
        if (err == ATP_OK) {
            err = rig_append(rig, 2, i % 3 == 0 ? 30000 : 700);
        }
        if (err == ATP_OK && i % 2 == 1) {
            err = rig_sync(rig);
        }
    }
    if (err == ATP_OK) {
        err = rig_mark(rig);
    }
    if (err == ATP_OK) {
        err = rig_sync(rig);
    }
    if (err == ATP_OK) {
        err = atp_journal_drop_below(rig->journal, rig_last_op(rig) + 1);
    }
    if (err == ATP_OK) {
        rig->from_op = rig_last_op(rig) + 1;
    }
    return err;
}

/* Later replays must not ask for what a half-done drop has taken. */
static void ask_for_what_is_there(rig_t *rig)
{
    rig->from_op = sim_disk_exists(rig->disk, rig_segment(1)) ? rig->from_op : 0;
}

static void check_recovery(rig_t *rig, bool is_crash, uint64_t n)
{
    sim_disk_heal(rig->disk);
    if (is_crash) {
        sim_disk_crash(rig->disk, (sim_crash_t)(n % 3));
    }
    ask_for_what_is_there(rig);
    assert_int_equal(rig_open(rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig->journal), ATP_OK);
    assert_int_equal(rig_append(rig, 1, 99), ATP_OK);
    assert_int_equal(rig_sync(rig), ATP_OK);
    rig_close(rig);
    sim_disk_crash(rig->disk, SIM_CRASH_LOSE);
    ask_for_what_is_there(rig);
    assert_int_equal(rig_open(rig), ATP_OK);
    assert_false(sim_disk_exists(rig->disk, "journal/next.tmp"));
    rig_close(rig);
}

/* After a failure every later call must say so, and change nothing. */
static void check_stays_failed(rig_t *rig)
{
    sim_disk_stats_t before;
    sim_disk_stats_t after;
    uint64_t durable_op = atp_journal_durable_op(rig->journal);

    sim_disk_heal(rig->disk);
    sim_disk_stats(rig->disk, &before);
    assert_int_equal(rig_append(rig, 1, 5), ATP_ERR_IO);
    assert_int_equal(rig_sync(rig), ATP_ERR_IO);
    assert_int_equal(rig_mark(rig), ATP_ERR_IO);
    assert_int_equal(atp_journal_prepare(rig->journal), ATP_ERR_IO);
    assert_int_equal(atp_journal_drop_below(rig->journal, 1), ATP_ERR_IO);
    assert_int_equal(atp_journal_durable_op(rig->journal), durable_op);
    sim_disk_stats(rig->disk, &after);
    assert_int_equal(before.operations, after.operations);
}

/* True when the run came to its end without meeting the fault. `is_second_life`: on a journal that already holds something. */
static bool fail_nth(uint64_t n, sim_fail_t fail, unsigned ops, atp_err_t err, bool is_crash,
                     bool is_second_life)
{
    rig_t rig;

    rig_init(&rig, n * 31 + fail, 0);
    if (is_second_life) {
        assert_int_equal(run_all(&rig), ATP_OK);
        assert_int_equal(rig_append(&rig, 1, 800), ATP_OK); /* something for the recovery to settle */
        rig_close(&rig);
    }
    sim_disk_fail(rig.disk, n, fail, ops, err);
    atp_err_t got = run_all(&rig);
    bool has_failed = sim_disk_has_failed(rig.disk);
    assert_true(has_failed ? got == err || got == ATP_ERR_IO || got == ATP_OK : got == ATP_OK);
    if (rig.journal != NULL && got == ATP_ERR_IO && (ops & SIM_OP_BIT(SIM_OP_REMOVE)) == 0) {
        check_stays_failed(&rig);
    }
    rig_close(&rig);
    check_recovery(&rig, is_crash, n);
    rig_fini(&rig);
    return !has_failed;
}

static uint64_t fail_each(sim_fail_t fail, unsigned ops, atp_err_t err, bool is_crash, bool is_second_life)
{
    uint64_t n = 1;

    while (!fail_nth(n, fail, ops, err, is_crash, is_second_life)) {
        n++;
        assert_true(n < 10000);
    }
    return n - 1;
}

static void each_operation_may_fail_once(void **state)
{
    (void)state;
    uint64_t first = fail_each(SIM_FAIL_ONCE, SIM_OPS_ALL, ATP_ERR_IO, false, false);
    uint64_t second = fail_each(SIM_FAIL_ONCE, SIM_OPS_ALL, ATP_ERR_IO, true, true);
    print_message("%" PRIu64 " places in a first life, %" PRIu64 " in a second\n", first, second);
    assert_true(first > 40 && second > 60);
}

static void each_operation_may_fail_from_then_on(void **state)
{
    (void)state;
    assert_true(fail_each(SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, ATP_ERR_IO, true, false) > 40);
    assert_true(fail_each(SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, ATP_ERR_IO, false, true) > 60);
}

static void each_write_and_sync_may_fail_and_the_journal_stays_failed(void **state)
{
    const unsigned ops =
        SIM_OP_BIT(SIM_OP_WRITE) | SIM_OP_BIT(SIM_OP_SYNC_DATA) | SIM_OP_BIT(SIM_OP_SYNC_FOLDER);

    (void)state;
    assert_true(fail_each(SIM_FAIL_ONCE, ops, ATP_ERR_IO, true, false) > 30);
    assert_true(fail_each(SIM_FAIL_ONCE, ops, ATP_ERR_IO, false, true) > 30);
}

static void each_operation_may_run_out_of_space_or_memory_or_files(void **state)
{
    static const atp_err_t errs[] = {ATP_ERR_NO_SPACE, ATP_ERR_MEMORY, ATP_ERR_LIMIT};

    (void)state;
    for (size_t i = 0; i < sizeof errs / sizeof *errs; i++) {
        fail_each(SIM_FAIL_ONCE, SIM_OPS_ALL, errs[i], true, false);
        fail_each(SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, errs[i], false, true);
    }
}

static void a_failed_open_or_replay_says_what_and_where(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 1, 0);
    assert_int_equal(run_all(&rig), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 800), ATP_OK);
    rig_close(&rig);
    for (uint64_t n = 1;; n++) {
        rig_t copy;
        rig_clone(&copy, &rig, n);
        sim_disk_fail(copy.disk, n, SIM_FAIL_ONCE, SIM_OPS_ALL, ATP_ERR_IO);
        atp_err_t err = rig_open(&copy);
        if (err != ATP_OK) {
            assert_non_null(strstr(copy.why.text, "journal/"));
            assert_non_null(strstr(copy.why.text, ": io"));
        }
        rig_fini(&copy);
        if (err == ATP_OK) {
            assert_true(n > 8);
            break;
        }
    }
    rig_fini(&rig);
}

/* ---- the full disk ---- */

static void a_full_disk_stops_appends_with_a_name_and_goes_on_when_there_is_space(void **state)
{
    rig_t rig;
    sim_disk_stats_t stats;

    (void)state;
    rig_init(&rig, 2, 3 * RIG_SEGMENT_SIZE + 1000);
    rig.options.segments_ahead = 4;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_ERR_NO_SPACE);
    sim_disk_stats(rig.disk, &stats);
    assert_int_equal(stats.used_size, 3 * RIG_SEGMENT_SIZE); /* what fits is made, nothing half */
    while (rig_append(&rig, 2, 5000) == ATP_OK) {
        assert_int_equal(rig_sync(&rig), ATP_OK);
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_ERR_NO_SPACE);
    }
    assert_int_equal(rig_append(&rig, 2, 5000), ATP_ERR_NO_SPACE);
    assert_int_equal(rig_append(&rig, 1, 100), ATP_OK); /* a smaller one still fits */
    assert_int_equal(rig_sync(&rig), ATP_OK);
    sim_disk_set_capacity(rig.disk, 10 * RIG_SEGMENT_SIZE);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 2, 5000), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fini(&rig);
}

/* Another program takes the space between our question and our writes. */
static void a_disk_that_fills_up_while_a_segment_is_made_keeps_no_half_made_one(void **state)
{
    rig_t rig;

    (void)state;
    for (unsigned op = SIM_OP_OPEN; op <= SIM_OP_RENAME; op++) {
        rig_init(&rig, 3, 0);
        assert_int_equal(rig_open(&rig), ATP_OK);
        sim_disk_fail(rig.disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(op), ATP_ERR_NO_SPACE);
        atp_err_t err = atp_journal_prepare(rig.journal);
        assert_int_equal(err, sim_disk_has_failed(rig.disk) ? ATP_ERR_NO_SPACE : ATP_OK);
        assert_false(sim_disk_exists(rig.disk, "journal/next.tmp"));
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK); /* not final */
        assert_int_equal(rig_append(&rig, 1, 5000), ATP_OK);
        assert_int_equal(rig_sync(&rig), ATP_OK);
        rig_fini(&rig);
    }
}

static void a_disk_without_room_for_a_recovery_loses_nothing(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 4, 0);
    assert_int_equal(run_all(&rig), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 800), ATP_OK);
    rig_close(&rig);
    sim_disk_set_capacity(rig.disk, 1); /* recovery writes over what is there, and needs no more */
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fini(&rig);
}

static void a_removal_that_fails_is_tried_again(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 5, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 3, 1, 20000);
    sim_disk_fail(rig.disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_REMOVE), ATP_ERR_IO);
    assert_int_equal(atp_journal_drop_below(rig.journal, UINT64_MAX), ATP_ERR_IO);
    assert_int_equal(rig_append(&rig, 1, 20), ATP_OK); /* not final: no data is in doubt */
    assert_int_equal(atp_journal_drop_below(rig.journal, UINT64_MAX), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, rig_segment(2)));
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operation_may_fail_once),
        cmocka_unit_test(each_operation_may_fail_from_then_on),
        cmocka_unit_test(each_write_and_sync_may_fail_and_the_journal_stays_failed),
        cmocka_unit_test(each_operation_may_run_out_of_space_or_memory_or_files),
        cmocka_unit_test(a_failed_open_or_replay_says_what_and_where),
        cmocka_unit_test(a_full_disk_stops_appends_with_a_name_and_goes_on_when_there_is_space),
        cmocka_unit_test(a_disk_that_fills_up_while_a_segment_is_made_keeps_no_half_made_one),
        cmocka_unit_test(a_disk_without_room_for_a_recovery_loses_nothing),
        cmocka_unit_test(a_removal_that_fails_is_tried_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What a folder may hold at start, and what is then said or done. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "engine/ledger/ledger_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_1 "journal/0000000000000001.seg"

static sim_engine_t sim;

static int set_up(void **state)
{
    (void)state;
    sim_engine_init(&sim, 3);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

static const char *path_of(const char *name)
{
    static char path[SIM_FOLDER_SIZE + 32];

    snprintf(path, sizeof path, "%s/%s", sim.folder, name);
    return path;
}

static void change_file(const char *name, long at, int mask)
{
    FILE *file = fopen(path_of(name), "r+b");

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_not_equal(fputc(byte ^ mask, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void begin_with_a_reservation(void)
{
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    sim_engine_stock(&sim, "S", "N", 5);
    assert_int_equal(sim_engine_reserve(&sim, "r", "S", "N", 2).verdict, ATP_APPLIED);
    sim_engine_close(&sim);
}

static void a_new_folder_begins_with_a_genesis(void **state)
{
    (void)state;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_true(sim.recovery.is_new);
    assert_int_equal(sim.recovery.last_op, 1);
    assert_int_equal(sim.recovery.incarnation, 1);
    assert_int_equal(atp_engine_durable_op(sim.engine), 1);
}

static void each_run_has_a_higher_incarnation(void **state)
{
    (void)state;
    begin_with_a_reservation();
    for (uint64_t i = 2; i < 5; i++) {
        assert_int_equal(sim_engine_open(&sim), ATP_OK);
        assert_false(sim.recovery.is_new);
        assert_int_equal(sim.recovery.incarnation, i);
        sim_engine_settle(&sim); /* the mark keeps the number */
        sim_engine_close(&sim);
    }
}

static void recovery_gives_the_same_state_each_time(void **state)
{
    uint64_t hash = 0;

    (void)state;
    begin_with_a_reservation();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sim_engine_open(&sim), ATP_OK);
        uint64_t now = atp_ledger_hash(atp_engine_ledger(sim.engine));
        assert_true(i == 0 || now == hash);
        assert_int_equal(atp_ledger_check(atp_engine_ledger(sim.engine), &sim.why), ATP_OK);
        hash = now;
        sim_engine_close(&sim);
    }
}

static void every_damaged_byte_of_the_genesis_is_noticed(void **state)
{
    long size = 8 + (long)sizeof(atp_ledger_config_t) + 8;

    (void)state;
    begin_with_a_reservation();
    for (long at = 0; at < size; at++) {
        change_file("genesis", at, 0x10);
        assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
        assert_non_null(strstr(sim.why.text, "genesis is damaged"));
        change_file("genesis", at, 0x10);
    }
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
}

static void a_genesis_cut_short_is_noticed(void **state)
{
    (void)state;
    begin_with_a_reservation();
    assert_int_equal(truncate(path_of("genesis"), 100), 0);
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
    assert_int_equal(truncate(path_of("genesis"), 0), 0);
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
}

/* It used to replay the journal over a ledger of whatever configuration was proposed, and run into an assert. */
static void a_journal_without_genesis_is_refused(void **state)
{
    (void)state;
    begin_with_a_reservation();
    assert_int_equal(unlink(path_of("genesis")), 0);
    sim.config.positions *= 2;
    sim.config.hash_seed = 0;
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
    assert_non_null(strstr(sim.why.text, "genesis"));
    assert_int_not_equal(access(path_of("genesis"), F_OK), 0);
}

/* It used to begin a new ledger over the lost one. */
static void a_genesis_without_any_journal_is_refused(void **state)
{
    (void)state;
    begin_with_a_reservation();
    for (int i = 1; i < 10; i++) {
        char path[40];
        snprintf(path, sizeof path, "journal/%016d.seg", i);
        if (sim_disk_exists(sim.disk, path)) {
            sim_disk_remove(sim.disk, path);
        }
    }
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
    assert_non_null(strstr(sim.why.text, "neither journal nor snapshot"));
}

static void a_crash_between_genesis_and_first_op_begins_once_more(void **state)
{
    static unsigned char zeros[ATP_SEGMENT_SIZE_MIN];

    (void)state;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    sim_engine_close(&sim);
    sim_disk_put(sim.disk, SEGMENT_1, zeros, sizeof zeros); /* as prepared, nothing in it */
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_true(sim.recovery.is_new);
    assert_int_equal(sim.recovery.last_op, 1);
}

static void a_first_start_may_crash_anywhere(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        sim_engine_t one;
        sim_engine_init(&one, n);
        sim_disk_fail(one.disk, n, SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, ATP_ERR_IO);
        atp_err_t err = sim_engine_open(&one);
        bool has_failed = sim_disk_has_failed(one.disk);
        assert_true(err != ATP_OK || !has_failed);
        sim_engine_crash(&one, SIM_CRASH_CHANCE);
        assert_int_equal(sim_engine_open(&one), ATP_OK);
        sim_engine_stock(&one, "S", "N", 5);
        sim_engine_fini(&one);
        if (!has_failed) {
            assert_true(n > 10);
            return;
        }
    }
}

static void a_second_process_is_locked_out(void **state)
{
    atp_engine_t *second = NULL;
    atp_recovery_t recovery;
    atp_why_t why;
    atp_check_report_t report;

    (void)state;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(atp_engine_open(&sim.options, &second, &recovery, &why), ATP_ERR_LOCKED);
    assert_non_null(strstr(why.text, sim.folder));
    assert_int_equal(atp_engine_check(sim.folder, &report, &why), ATP_ERR_LOCKED);
    sim_engine_close(&sim);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    atp_engine_t *engine = NULL;
    atp_recovery_t recovery;

    (void)state;
    atp_engine_options_t options = sim.options;
    options.data_folder = "/proc/no/such/place";
    assert_int_equal(atp_engine_open(&options, &engine, &recovery, &sim.why), ATP_ERR_IO);
    assert_non_null(strstr(sim.why.text, "/proc/no/such/place"));
}

static void a_day_without_ops_wants_a_flag(void **state)
{
    (void)state;
    begin_with_a_reservation();
    sim_clock_pass(&sim.clock, INT64_C(25) * 3600 * 1000);
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_INVALID);
    assert_non_null(strstr(sim.why.text, "--accept-time-gap"));
    sim.options.accept_time_gap = true;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, 0);
}

static void a_clock_set_back_before_the_start_keeps_ledger_time(void **state)
{
    (void)state;
    begin_with_a_reservation();
    sim_clock_pass(&sim.clock, -3600 * 1000);
    sim.clock.monotonic_ns = 1;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_true(atp_engine_now_ms(sim.engine) >= SIM_CLOCK_START_MS);
    assert_int_equal(sim_engine_reserve(&sim, "s", "S", "N", 1).verdict, ATP_APPLIED);
}

static void capacities_proposed_later_are_ignored(void **state)
{
    (void)state;
    begin_with_a_reservation();
    uint64_t positions = sim.config.positions;
    sim.config.positions *= 4;
    sim.config.hash_seed = 99;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(atp_ledger_config(atp_engine_ledger(sim.engine))->positions, positions);
    assert_int_equal(atp_engine_applied_op(sim.engine), sim.recovery.last_op);
    assert_int_equal(sim_engine_reserve(&sim, "r", "S", "N", 2).is_repeat, 1);
}

static void changed_limits_become_an_op_and_last(void **state)
{
    (void)state;
    begin_with_a_reservation();
    sim.config.ttl_default_ms = 1234;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    uint64_t op = atp_engine_applied_op(sim.engine);
    assert_int_equal(atp_ledger_config(atp_engine_ledger(sim.engine))->ttl_default_ms, 1234);
    assert_int_equal(atp_engine_durable_op(sim.engine), op);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(sim_engine_open(&sim), ATP_OK); /* no second op for the same limits */
    assert_int_equal(atp_engine_applied_op(sim.engine), op);
    assert_int_equal(atp_ledger_config(atp_engine_ledger(sim.engine))->ttl_default_ms, 1234);
}

static void limits_out_of_range_are_refused_and_change_nothing(void **state)
{
    (void)state;
    begin_with_a_reservation();
    int64_t ttl_ms = sim.config.ttl_default_ms;
    sim.config.ttl_default_ms = sim.config.ttl_max_ms + 1;
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_INVALID);
    sim.config.ttl_default_ms = ttl_ms;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
}

/* ---- the verdict digest ---- */

/* The journal with one frame's verdict digest changed and its own digests made to hold again: what a build that
 * decides otherwise would find. */
static void rewrite_first_frame(void)
{
    uint64_t size = sim_disk_file_size(sim.disk, SEGMENT_1);
    unsigned char *bytes = malloc(size);
    atp_storage_t *storage = sim_disk_storage(sim.disk);
    atp_journal_options_t options = {
        .storage = storage, .segment_size = ATP_SEGMENT_SIZE_MIN, .segments_ahead = 2};
    atp_journal_t *journal;
    atp_journal_tail_t tail;
    _Alignas(8) unsigned char record[ATP_OP_SIZE_MAX];

    assert_non_null(bytes);
    memset(bytes, 0, size);
    sim_disk_put(sim.disk, SEGMENT_1, bytes, size);
    free(bytes);
    assert_int_equal(atp_journal_open(&options, &journal, &sim.why), ATP_OK);
    assert_int_equal(atp_journal_replay(journal, 1, NULL, NULL, &tail, &sim.why), ATP_OK);
    size_t record_size = atp_op_encode_config(record, ATP_OP_GENESIS, &sim.config);
    atp_frame_t frame = {.incarnation = 1,
                         .first_op = 1,
                         .op_count = 1,
                         .time_ms = SIM_CLOCK_START_MS,
                         .verdict_digest = 12345,
                         .payload = record,
                         .payload_size = (uint32_t)record_size};
    assert_int_equal(atp_journal_append(journal, &frame), ATP_OK);
    assert_int_equal(atp_journal_sync(journal), ATP_OK);
    atp_journal_close(journal);
}

static void a_journal_that_would_be_answered_otherwise_is_refused(void **state)
{
    (void)state;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    sim_engine_close(&sim);
    rewrite_first_frame();
    assert_int_equal(sim_engine_open(&sim), ATP_ERR_CORRUPT);
    assert_non_null(strstr(sim.why.text, "answered differently"));
}

static void an_op_that_is_not_well_formed_is_refused(void **state)
{
    _Alignas(8) unsigned char junk[64] = {1, 2, 3};
    atp_ledger_t *ledger;
    atp_frame_t frame = {.first_op = 1, .op_count = 1, .payload = junk, .payload_size = sizeof junk};

    (void)state;
    assert_int_equal(atp_ledger_create(&sim.config, &ledger, &sim.why), ATP_OK);
    assert_int_equal(atp_engine_replay_frame(ledger, &frame, (atp_journal_position_t){7, 99}, NULL, &sim.why),
                     ATP_ERR_CORRUPT);
    assert_non_null(strstr(sim.why.text, "segment 7 offset 99"));
    atp_ledger_destroy(ledger);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_folder_begins_with_a_genesis),
        TEST(each_run_has_a_higher_incarnation),
        TEST(recovery_gives_the_same_state_each_time),
        TEST(every_damaged_byte_of_the_genesis_is_noticed),
        TEST(a_genesis_cut_short_is_noticed),
        TEST(a_journal_without_genesis_is_refused),
        TEST(a_genesis_without_any_journal_is_refused),
        TEST(a_crash_between_genesis_and_first_op_begins_once_more),
        TEST(a_first_start_may_crash_anywhere),
        TEST(a_second_process_is_locked_out),
        TEST(a_folder_that_cannot_be_made_is_named),
        TEST(a_day_without_ops_wants_a_flag),
        TEST(a_clock_set_back_before_the_start_keeps_ledger_time),
        TEST(capacities_proposed_later_are_ignored),
        TEST(changed_limits_become_an_op_and_last),
        TEST(limits_out_of_range_are_refused_and_change_nothing),
        TEST(a_journal_that_would_be_answered_otherwise_is_refused),
        TEST(an_op_that_is_not_well_formed_is_refused),
    };
    return cmocka_run_group_tests_name("engine.recovery", tests, NULL, NULL);
}

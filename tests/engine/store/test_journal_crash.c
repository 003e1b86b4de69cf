/* The journal over crashes: everything synced survives, in order; nothing is invented. */
#include "engine/store/journal_priv.h"
#include "tests/engine/store/journal_rig.h"

#include <inttypes.h>
#include <string.h>

#define HISTORIES 150
#define LIVES     20

/* Drops what a snapshot would cover, so that replays begin in the middle too. */
static atp_err_t drop_some(rig_t *rig)
{
    uint64_t durable_op = atp_journal_durable_op(rig->journal);

    if (durable_op < rig->from_op) {
        return ATP_OK;
    }
    rig->from_op += rig_random_below(rig, durable_op + 2 - rig->from_op);
    return atp_journal_drop_below(rig->journal, rig->from_op);
}

static atp_err_t do_something(rig_t *rig)
{
    switch (rig_random_below(rig, 12)) {
    case 0:
        return atp_journal_prepare(rig->journal);
    case 1:
    case 2:
    case 3:
        return rig_sync(rig);
    case 4:
        return rig_mark(rig);
    case 5:
        return rig_random_below(rig, 4) == 0 ? drop_some(rig) : ATP_OK;
    default:
        return rig_append_any(rig);
    }
}

static bool is_final(atp_err_t err)
{
    return err != ATP_OK && err != ATP_ERR_NO_SPACE;
}

/* One run of the engine: opens, works for a while, ends without a word. With `dies_at`, the machine stops at that
 * operation of the disk, which may be in the middle of the recovery. */
static void live(rig_t *rig, uint64_t dies_at)
{
    if (dies_at > 0) {
        sim_disk_fail(rig->disk, dies_at, SIM_FAIL_FROM_THEN_ON, SIM_OPS_ALL, ATP_ERR_IO);
    }
    atp_err_t err = rig_open(rig);
    assert_true(err == ATP_OK || (dies_at > 0 && err == ATP_ERR_IO));
    uint64_t steps = rig_random_below(rig, 40);
    for (uint64_t i = 0; err == ATP_OK && i < steps; i++) {
        err = do_something(rig);
        assert_true(!is_final(err) || dies_at > 0);
        err = is_final(err) ? err : ATP_OK;
    }
    rig_close(rig);
}

static void end_by_chance(rig_t *rig)
{
    static const sim_crash_t crashes[] = {SIM_CRASH_LOSE, SIM_CRASH_KEEP, SIM_CRASH_CHANCE, SIM_CRASH_CHANCE};

    sim_disk_crash(rig->disk, crashes[rig_random_below(rig, 4)]);
}

static void what_is_synced_survives_any_crash(void **state)
{
    uint64_t frames = 0;
    uint64_t torn = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        rig_t rig;
        rig_init(&rig, seed, 0);
        for (int i = 0; i < LIVES; i++) {
            live(&rig, 0);
            torn += rig.tail.torn_bytes > 0;
            end_by_chance(&rig);
        }
        frames += rig.frame_count;
        rig_fini(&rig);
    }
    print_message("%d crashes, %" PRIu64 " frames kept, %" PRIu64 " torn tails cut\n", HISTORIES * LIVES,
                  frames, torn);
    /* the generator reaches what it is for */
    assert_true(frames > HISTORIES * LIVES && torn > 100);
}

static void a_machine_that_stops_at_any_operation_loses_nothing_synced(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
        rig_t rig;
        rig_init(&rig, seed + 1000, 0);
        for (int i = 0; i < LIVES; i++) {
            live(&rig, 1 + rig_random_below(&rig, 120));
            end_by_chance(&rig);
        }
        assert_int_equal(rig_open(&rig), ATP_OK);
        rig_fini(&rig);
    }
}

static void a_killed_process_leaves_all_that_it_wrote(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 5, 0);
    for (int i = 0; i < 200; i++) {
        size_t frame_count;
        live(&rig, 0);
        frame_count = rig.frame_count;
        assert_int_equal(rig_open(&rig), ATP_OK); /* no crash of the machine: written is readable */
        assert_int_equal(rig.frame_count, frame_count);
        assert_int_equal(rig.tail.torn_bytes, 0);
        rig_close(&rig);
        sim_disk_crash(rig.disk, SIM_CRASH_LOSE); /* and once recovered, it is durable */
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_int_equal(rig.frame_count, frame_count);
        rig_close(&rig);
    }
    rig_fini(&rig);
}

/* After a failed fdatasync the kernel shows the data and calls them clean, though they never reached the disk. A new
 * process must not take them for durable because it can read them. */
static void a_sync_that_failed_is_not_believed_by_the_next_run(void **state)
{
    unsigned failures = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        rig_t rig;
        rig_init(&rig, seed + 3000, 0);
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
        sim_disk_fail(rig.disk, 1 + rig_random_below(&rig, 8), SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SYNC_DATA),
                      ATP_ERR_IO);
        atp_err_t err = ATP_OK;
        for (int i = 0; i < 60 && !is_final(err); i++) {
            err = do_something(&rig);
        }
        failures += err == ATP_ERR_IO;
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), ATP_OK); /* same machine, page cache and all */
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
        assert_int_equal(rig_append_any(&rig), ATP_OK);
        assert_int_equal(rig_sync(&rig), ATP_OK);
        rig_close(&rig);
        sim_disk_crash(rig.disk, SIM_CRASH_LOSE);
        assert_int_equal(rig_open(&rig), ATP_OK);
        rig_fini(&rig);
    }
    assert_true(failures > 100);
}

/* A process dies between giving a segment its name and syncing the folder. The next one finds the name, but only in
 * memory: it must not rest frames on it before it is durable. */
static void a_name_that_a_dead_run_left_unsynced_is_synced_before_it_is_used(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 6, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    sim_disk_fail(rig.disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SYNC_FOLDER), ATP_ERR_IO);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_ERR_IO);
    rig_close(&rig);
    assert_true(sim_disk_exists(rig.disk, rig_segment(1)));
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 100), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    sim_disk_crash(rig.disk, SIM_CRASH_LOSE);
    assert_int_equal(rig_open(&rig), ATP_OK); /* checks that the frame is there */
    rig_fini(&rig);
}

/* ---- one of each, by hand ---- */

static void a_torn_frame_is_cut_and_its_place_used_again(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 7, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 3, 1000);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    uint64_t end = rig.tail.end.offset;
    assert_int_equal(rig_append(&rig, 1, 4000), ATP_OK);
    rig_close(&rig);
    sim_disk_flip(rig.disk, rig_segment(1), end + 3000, 0x10); /* a sector of it never came */
    rig.options.read_only = true;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.torn_bytes, ATP_FRAME_HEADER_SIZE + 4000);
    assert_int_equal(sim_disk_bytes(rig.disk, rig_segment(1))[end], 'A'); /* read-only: still there */
    rig_close(&rig);
    rig.options.read_only = false;
    rig.frame_count = 3;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.torn_bytes, ATP_FRAME_HEADER_SIZE + 4000);
    for (uint64_t at = end; at < RIG_SEGMENT_SIZE; at++) {
        assert_int_equal(sim_disk_bytes(rig.disk, rig_segment(1))[at], 0);
    }
    assert_int_equal(rig_append(&rig, 2, 10), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.torn_bytes, 0);
    assert_int_equal(rig.frame_count, 4);
    rig_fini(&rig);
}

/* The frames behind a torn one are whole, but of a line of history that ended. After the cut, new frames must not run
 * into them. */
static void whole_frames_behind_a_torn_one_never_come_back(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 8, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 2, 1000);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    uint64_t end = rig.tail.end.offset;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rig_append(&rig, 1, 432), ATP_OK); /* one group of five, never synced */
    }
    rig_close(&rig);
    sim_disk_flip(rig.disk, rig_segment(1), end + 100, 1); /* the first of them is torn */
    rig.frame_count = 2;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.torn_bytes, 5 * 512);
    assert_int_equal(rig_append(&rig, 1, 432), ATP_OK); /* as long as the torn one was */
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.frame_count, 3);
    rig_fini(&rig);
}

static void a_stale_frame_at_the_right_place_does_not_continue_the_chain(void **state)
{
    rig_t rig;
    unsigned char stale[512];

    (void)state;
    rig_init(&rig, 9, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 432), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 432), ATP_OK);
    memcpy(stale, sim_disk_bytes(rig.disk, rig_segment(1)) + ATP_SEGMENT_HEADER_SIZE + 512, sizeof stale);
    rig_close(&rig);
    sim_disk_crash(rig.disk, SIM_CRASH_LOSE);
    rig.frame_count = 0;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 432), ATP_OK); /* op 1 again, of another incarnation */
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    for (size_t i = 0; i < sizeof stale;
         i++) { /* the old second frame turns up: right op, right place, valid */
        sim_disk_flip(rig.disk, rig_segment(1), ATP_SEGMENT_HEADER_SIZE + 512 + i, stale[i]);
    }
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.frame_count, 1);
    assert_int_equal(rig.tail.torn_bytes, 512);
    rig_fini(&rig);
}

/* What clients send may contain bytes that look like a frame header which declares everything durable. Torn in the middle of
 * it, the journal must still start. */
static void bytes_in_a_payload_that_look_like_a_frame_declare_nothing(void **state)
{
    rig_t rig;
    unsigned char payload[4096] = {0};

    (void)state;
    rig_init(&rig, 10, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    for (size_t at = 0; at + ATP_FRAME_HEADER_SIZE <= sizeof payload; at += ATP_FRAME_HEADER_SIZE) {
        atp_frame_header_t forged = {.first_op = 1000, .op_count = 1, .durable_op = 999};
        atp_frame_header_seal(&forged, 1,
                              8192 + at); /* right in all but the place, which nobody outside knows */
        memcpy(payload + at, &forged, sizeof forged);
    }
    const atp_frame_t frame = {
        .first_op = 1, .op_count = 1, .payload = payload, .payload_size = sizeof payload};
    assert_int_equal(atp_journal_append(rig.journal, &frame), ATP_OK);
    rig_close(&rig);
    sim_disk_flip(rig.disk, rig_segment(1), ATP_SEGMENT_HEADER_SIZE + ATP_FRAME_HEADER_SIZE + 4095, 1);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.last_op, 0);
    assert_int_equal(rig.tail.torn_bytes, ATP_FRAME_HEADER_SIZE + sizeof payload);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_synced_survives_any_crash),
        cmocka_unit_test(a_machine_that_stops_at_any_operation_loses_nothing_synced),
        cmocka_unit_test(a_killed_process_leaves_all_that_it_wrote),
        cmocka_unit_test(a_sync_that_failed_is_not_believed_by_the_next_run),
        cmocka_unit_test(a_name_that_a_dead_run_left_unsynced_is_synced_before_it_is_used),
        cmocka_unit_test(a_torn_frame_is_cut_and_its_place_used_again),
        cmocka_unit_test(whole_frames_behind_a_torn_one_never_come_back),
        cmocka_unit_test(a_stale_frame_at_the_right_place_does_not_continue_the_chain),
        cmocka_unit_test(bytes_in_a_payload_that_look_like_a_frame_declare_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

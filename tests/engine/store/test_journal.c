/* The journal without faults: what is appended comes back. */
#include "tests/engine/store/journal_rig.h"

#include <stdlib.h>
#include <string.h>

static void an_empty_journal_replays_nothing_and_expects_op_1(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 1, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.last_op, 0);
    assert_int_equal(rig.tail.frames, 0);
    assert_int_equal(rig.tail.torn_bytes, 0);
    assert_int_equal(rig.tail.end.segment, 0);
    assert_int_equal(atp_journal_durable_op(rig.journal), 0);
    assert_int_equal(atp_journal_room(rig.journal), 0);
    assert_int_equal(rig_append(&rig, 1, 8), ATP_ERR_NO_SPACE);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(atp_journal_room(rig.journal), 2 * (RIG_SEGMENT_SIZE - ATP_SEGMENT_HEADER_SIZE));
    assert_int_equal(rig_append(&rig, 1, 8), ATP_OK);
    rig_fini(&rig);
}

static void frames_come_back_in_order_over_many_segments(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 2, 0);
    for (int life = 0; life < 5; life++) {
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_int_equal(rig.tail.torn_bytes, 0);
        for (int i = 0; i < 60; i++) {
            assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
            assert_int_equal(rig_append_any(&rig), ATP_OK);
            if (i % 3 == 0) {
                assert_int_equal(rig_sync(&rig), ATP_OK);
            }
        }
        assert_int_equal(rig_mark(&rig), ATP_OK);
        assert_int_equal(rig_sync(&rig), ATP_OK);
        rig_close(&rig);
    }
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.frame_count, 300);
    assert_int_equal(rig.tail.ops, rig_last_op(&rig));
    assert_int_equal(rig.tail.frames, 300 + 5);
    assert_int_equal(rig.tail.last_incarnation, rig.incarnation - 1);
    assert_true(rig.tail.end.segment > 5);
    rig_fini(&rig);
}

static void durable_op_moves_with_sync_only(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 3, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 5, 100), ATP_OK);
    assert_int_equal(rig_append(&rig, 2, 100), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 0);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 7);
    rig_fini(&rig);
}

static void syncing_twice_costs_one_sync(void **state)
{
    rig_t rig;
    atp_journal_stats_t stats;

    (void)state;
    rig_init(&rig, 4, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 13), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    atp_journal_stats(rig.journal, &stats);
    assert_int_equal(stats.syncs, 1);
    assert_int_equal(stats.frames, 1);
    assert_int_equal(stats.segments, 2);
    assert_int_equal(stats.bytes, ATP_SEGMENT_HEADER_SIZE + ATP_FRAME_HEADER_SIZE + 16);
    rig_fini(&rig);
}

static void a_small_frame_is_one_write(void **state)
{
    rig_t rig;
    sim_disk_stats_t before;
    sim_disk_stats_t after;

    (void)state;
    rig_init(&rig, 4, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    sim_disk_stats(rig.disk, &before);
    assert_int_equal(rig_append(&rig, 1, 6000), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    sim_disk_stats(rig.disk, &after);
    assert_int_equal(after.operations - before.operations, 2);
    rig_fini(&rig);
}

static void a_frame_as_large_as_a_segment_fits_and_one_byte_more_is_refused(void **state)
{
    rig_t rig;
    uint32_t max;

    (void)state;
    rig_init(&rig, 5, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    max = atp_journal_payload_max(rig.journal);
    assert_int_equal(max, RIG_SEGMENT_SIZE - ATP_SEGMENT_HEADER_SIZE - ATP_FRAME_HEADER_SIZE);
    assert_int_equal(rig_append(&rig, 1, max + 1), ATP_ERR_INVALID);
    assert_int_equal(rig_append(&rig, 1, max), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, max), ATP_OK);
    assert_int_equal(atp_journal_room(rig.journal), 0);
    assert_int_equal(rig_append(&rig, 1, 0), ATP_ERR_NO_SPACE);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.frame_count, 2);
    assert_int_equal(rig.tail.torn_bytes, 0);
    rig_fini(&rig);
}

static void a_frame_that_was_refused_for_room_goes_in_after_prepare(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 6, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    while (rig_append(&rig, 2, 9000) == ATP_OK) {
    }
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 2, 9000), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fini(&rig);
}

static void a_later_segment_begins_only_when_all_before_it_is_durable(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 7, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 50000), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 0);
    assert_int_equal(rig_append(&rig, 1, 50000), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 1); /* J5 */
    rig_fini(&rig);
}

static void a_mark_is_written_once_and_only_after_frames(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 8, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig_mark(&rig), ATP_OK); /* nothing to declare: no room needed either */
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 10), ATP_OK);
    assert_int_equal(rig_mark(&rig), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 1); /* the mark would declare nothing otherwise */
    assert_int_equal(rig_mark(&rig), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.frames, 2);
    assert_int_equal(rig_mark(&rig), ATP_OK); /* another run leaves its own, once */
    assert_int_equal(rig_mark(&rig), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.frames, 3);
    assert_int_equal(rig.tail.last_incarnation, rig.incarnation - 1);
    rig_fini(&rig);
}

static void after_a_restart_the_last_frame_wants_a_mark_again(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 9, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 10), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig_mark(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.frames, 2);
    rig_fini(&rig);
}

static void replay_from_an_op_visits_the_frame_that_straddles_it_whole(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 10, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 3, 2, 5000); /* three ops a frame */
    for (uint64_t from_op = 0; from_op <= rig_last_op(&rig) + 1; from_op++) {
        rig_close(&rig);
        rig.from_op = from_op;
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_int_equal(rig.has_visited, from_op <= rig_last_op(&rig));
    }
    rig_fini(&rig);
}

static void replay_from_beyond_the_end_is_refused(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 11, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 4, 100);
    rig_close(&rig);
    rig.from_op = rig_last_op(&rig) + 2;
    assert_int_equal(rig_open(&rig), ATP_ERR_CORRUPT);
    assert_non_null(strstr(rig.why.text, "but the snapshot holds op 13"));
    rig_fini(&rig);
}

static void an_empty_journal_is_no_journal_of_a_snapshot_unless_the_loss_is_accepted(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 12, 0);
    rig.from_op = 1000;
    assert_int_equal(rig_open(&rig), ATP_ERR_CORRUPT);
    assert_non_null(strstr(rig.why.text, ATP_JOURNAL_LOSS_FLAG));
    rig.options.accept_loss = true;
    assert_int_equal(atp_journal_open(&rig.options, &rig.journal, &rig.why), ATP_OK);
    assert_int_equal(atp_journal_replay(rig.journal, 1000, NULL, NULL, &rig.tail, &rig.why), ATP_OK);
    assert_int_equal(atp_journal_durable_op(rig.journal), 999);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    const atp_frame_t frame = {.first_op = 1000, .op_count = 1, .payload = "x", .payload_size = 1};
    assert_int_equal(atp_journal_append(rig.journal, &frame), ATP_OK);
    assert_int_equal(atp_journal_sync(rig.journal), ATP_OK);
    rig_close(&rig);
    rig.options.accept_loss = false; /* needed once only */
    rig.from_op = 1001;
    assert_int_equal(atp_journal_open(&rig.options, &rig.journal, &rig.why), ATP_OK);
    assert_int_equal(atp_journal_replay(rig.journal, 1001, NULL, NULL, &rig.tail, &rig.why), ATP_OK);
    assert_int_equal(rig.tail.last_op, 1000);
    rig_fini(&rig);
}

static atp_err_t refuse(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                        atp_why_t *ret_why)
{
    unsigned *calls = context;

    (void)place;
    (*calls)++;
    return frame->first_op == 4 ? atp_fail(ret_why, ATP_ERR_FORMAT, "not this one") : ATP_OK;
}

static void an_error_of_the_visitor_ends_the_replay_with_it(void **state)
{
    rig_t rig;
    unsigned calls = 0;

    (void)state;
    rig_init(&rig, 13, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 5, 100);
    rig_close(&rig);
    assert_int_equal(atp_journal_open(&rig.options, &rig.journal, &rig.why), ATP_OK);
    assert_int_equal(atp_journal_replay(rig.journal, 1, refuse, &calls, &rig.tail, &rig.why), ATP_ERR_FORMAT);
    assert_string_equal(rig.why.text, "not this one");
    assert_int_equal(calls, 2);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_ERR_IO); /* no use for this journal */
    rig_fini(&rig);
}

/* ---- segments ---- */

static void old_segments_are_dropped_oldest_first_and_never_the_current_one(void **state)
{
    rig_t rig;
    atp_journal_stats_t stats;

    (void)state;
    rig_init(&rig, 20, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 4, 1, 20000); /* three frames of three ops a segment */
    assert_int_equal(rig.frame_count, 10);
    assert_int_equal(atp_journal_drop_below(rig.journal, 9), ATP_OK);
    assert_true(sim_disk_exists(rig.disk, rig_segment(1))); /* holds op 9 */
    assert_int_equal(atp_journal_drop_below(rig.journal, 10), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, rig_segment(1)));
    assert_true(sim_disk_exists(rig.disk, rig_segment(2)));
    assert_int_equal(atp_journal_drop_below(rig.journal, UINT64_MAX), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, rig_segment(3)));
    assert_true(sim_disk_exists(rig.disk, rig_segment(4)));
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    atp_journal_stats(rig.journal, &stats);
    assert_int_equal(stats.segments, 3); /* the current one and two prepared */
    rig_close(&rig);
    rig.from_op = 28;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.frames, 1);
    rig_close(&rig);
    rig.from_op = 27;
    assert_int_equal(rig_open(&rig), ATP_ERR_CORRUPT);
    assert_non_null(strstr(rig.why.text, "begins at op 28 but is needed from op 27"));
    rig_fini(&rig);
}

static void a_segment_is_not_dropped_before_the_next_has_begun_durably(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 21, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 60000), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 60000), ATP_OK);
    assert_int_equal(atp_journal_drop_below(rig.journal, 2), ATP_OK);
    assert_true(sim_disk_exists(rig.disk, rig_segment(1))); /* J6 */
    assert_int_equal(rig_sync(&rig), ATP_OK);
    assert_int_equal(atp_journal_drop_below(rig.journal, 2), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, rig_segment(1)));
    rig_fini(&rig);
}

static void prepared_segments_of_a_run_before_are_used(void **state)
{
    rig_t rig;
    sim_disk_stats_t before;
    sim_disk_stats_t after;

    (void)state;
    rig_init(&rig, 22, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    rig_close(&rig);
    sim_disk_crash(rig.disk, SIM_CRASH_LOSE); /* prepare has made them durable */
    assert_int_equal(rig_open(&rig), ATP_OK);
    sim_disk_stats(rig.disk, &before);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    sim_disk_stats(rig.disk, &after);
    assert_int_equal(before.operations, after.operations);
    assert_int_equal(rig_append(&rig, 1, 1), ATP_OK);
    rig_fini(&rig);
}

static void prepared_segments_of_another_size_are_made_anew(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 23, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 2, 1, 20000);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    rig_close(&rig);
    rig.options.segment_size = 2 * RIG_SEGMENT_SIZE;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, rig_segment(3)));
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(sim_disk_file_size(rig.disk, rig_segment(3)), 2 * RIG_SEGMENT_SIZE);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(rig_append(&rig, 1, 30000), ATP_OK);
    }
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fini(&rig);
}

static void a_half_made_segment_is_removed_at_open_but_not_read_only(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 24, 0);
    sim_disk_put(rig.disk, "journal/next.tmp", "half", 4);
    sim_disk_put(rig.disk, "journal/notes.txt", "mine", 4);
    rig.options.read_only = true;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_true(sim_disk_exists(rig.disk, "journal/next.tmp"));
    rig_close(&rig);
    rig.options.read_only = false;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, "journal/next.tmp"));
    assert_true(sim_disk_exists(rig.disk, "journal/notes.txt"));
    rig_fini(&rig);
}

static void more_prepared_segments_than_slots_are_removed(void **state)
{
    rig_t rig;
    static const unsigned char zeros[RIG_SEGMENT_SIZE];

    (void)state;
    rig_init(&rig, 25, 0);
    for (uint64_t number = 1; number <= ATP_SEGMENTS_AHEAD_MAX + 3; number++) {
        sim_disk_put(rig.disk, rig_segment(number), zeros, sizeof zeros);
    }
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_true(sim_disk_exists(rig.disk, rig_segment(ATP_SEGMENTS_AHEAD_MAX)));
    assert_false(sim_disk_exists(rig.disk, rig_segment(ATP_SEGMENTS_AHEAD_MAX + 1)));
    for (int i = 0; i < 2 * ATP_SEGMENTS_AHEAD_MAX; i++) {
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
        assert_int_equal(rig_append(&rig, 1, 50000), ATP_OK);
    }
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fini(&rig);
}

static void room_never_grows_by_an_append(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 26, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    for (;;) {
        uint64_t room = atp_journal_room(rig.journal);
        uint32_t size = (uint32_t)rig_random_below(&rig, 5000);
        if (rig_append(&rig, 1, size) != ATP_OK) {
            assert_true(room < ATP_FRAME_HEADER_SIZE + size + 7);
            break;
        }
        assert_true(atp_journal_room(rig.journal) <= room - ATP_FRAME_HEADER_SIZE - size);
    }
    rig_fini(&rig);
}

/* ---- beside a process that appends ---- */

typedef struct other_process {
    rig_t *rig;
    bool is_busy; /* its own operations call the hook too */
    unsigned rounds;
} other_process_t;

/* Between any two reads of the one that looks on, the other appends some more. */
static void append_meanwhile(void *context, sim_disk_t *disk, sim_op_t op, const char *path)
{
    other_process_t *other = context;

    (void)disk;
    (void)path;
    if (other->is_busy || (op != SIM_OP_READ && op != SIM_OP_OPEN) || other->rounds == 0) {
        return;
    }
    other->is_busy = true;
    other->rounds--;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(atp_journal_prepare(other->rig->journal), ATP_OK);
        assert_int_equal(rig_append_any(other->rig), ATP_OK);
    }
    assert_int_equal(rig_sync(other->rig), ATP_OK);
    other->is_busy = false;
}

/* Looks on while the other appends; returns what the replay says, and checks that it saw a beginning. */
static atp_err_t look_on(uint64_t seed, bool in_use)
{
    rig_t rig;
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;
    atp_why_t why;

    rig_init(&rig, seed, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 2, 1, 3000);
    uint64_t last_op = rig_last_op(&rig);
    atp_journal_options_t options = rig.options;
    options.read_only = true;
    options.in_use = in_use;
    other_process_t other = {.rig = &rig, .rounds = 20};
    assert_int_equal(atp_journal_open(&options, &journal, &why), ATP_OK);
    sim_disk_set_hook(rig.disk, append_meanwhile, &other);
    atp_err_t err = atp_journal_replay(journal, 1, NULL, NULL, &tail, &why);
    sim_disk_set_hook(rig.disk, NULL, NULL);
    atp_journal_close(journal);
    assert_true(err != ATP_OK || (tail.last_op >= last_op && tail.last_op <= rig_last_op(&rig)));
    rig_fini(&rig);
    return err;
}

static void a_journal_in_use_can_be_read_while_it_grows(void **state)
{
    unsigned false_alarms = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        assert_int_equal(look_on(seed, true), ATP_OK);
        false_alarms += look_on(seed, false) == ATP_ERR_CORRUPT;
    }
    assert_true(false_alarms > 10); /* what the option is for */
}

static atp_err_t note_first(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                            atp_why_t *ret_why)
{
    uint64_t *first = context;

    (void)ret_why;
    (void)place;
    *first = *first == 0 ? frame->first_op : *first;
    return ATP_OK;
}

/* The first op that is visited when so many bytes are asked for. */
static uint64_t first_of_newest(rig_t *rig, uint64_t bytes)
{
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;
    atp_why_t why;
    uint64_t first = 0;
    atp_journal_options_t options = rig->options;

    options.read_only = true;
    options.in_use = true;
    options.newest_bytes = bytes;
    assert_int_equal(atp_journal_open(&options, &journal, &why), ATP_OK);
    assert_int_equal(atp_journal_replay(journal, 0, note_first, &first, &tail, &why), ATP_OK);
    assert_int_equal(tail.last_op, rig_last_op(rig));
    atp_journal_close(journal);
    return first;
}

static void the_newest_part_can_be_read_alone(void **state)
{
    rig_t rig;

    (void)state;
    rig_init(&rig, 31, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 4, 3, 3000);
    uint64_t size = rig.options.segment_size;
    uint64_t last = first_of_newest(&rig, 1);
    assert_true(last > 1);
    assert_int_equal(first_of_newest(&rig, size), last);
    uint64_t two = first_of_newest(&rig, 2 * size);
    assert_true(two > 1 && two < last);
    assert_int_equal(first_of_newest(&rig, 2 * size + 1), two);
    assert_int_equal(first_of_newest(&rig, 100 * size), 1);
    assert_int_equal(first_of_newest(&rig, 0), 1);
    rig_close(&rig);
    rig_fini(&rig);
}

static void damage_in_a_journal_in_use_is_told_but_at_its_end(void **state)
{
    rig_t rig;
    size_t found = 0;

    (void)state;
    rig_init(&rig, 30, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 2, 3, 3000);
    rig_close(&rig);
    rig.options.read_only = true;
    rig.options.in_use = true;
    sim_disk_flip(rig.disk, rig_segment(2), ATP_SEGMENT_HEADER_SIZE + 100, 1);
    assert_int_equal(rig_open_damaged(&rig, &found), ATP_OK);
    assert_int_equal(found, rig.frame_count - 3);
    assert_int_equal(rig.tail.torn_bytes, 0);
    rig_close(&rig);
    sim_disk_flip(rig.disk, rig_segment(1), ATP_SEGMENT_HEADER_SIZE + 100, 1);
    assert_int_equal(rig_open_damaged(&rig, &found), ATP_ERR_CORRUPT);
    rig_fini(&rig);
}

/* ---- options and misuse ---- */

static void options_out_of_range_are_refused_by_name(void **state)
{
    rig_t rig;
    static const uint64_t bad_sizes[] = {1, ATP_SEGMENT_SIZE_MIN - 4096, ATP_SEGMENT_SIZE_MIN + 1,
                                         ATP_SEGMENT_SIZE_MAX + 4096, UINT64_MAX};
    static const uint32_t bad_aheads[] = {0, ATP_SEGMENTS_AHEAD_MAX + 1, UINT32_MAX};

    (void)state;
    rig_init(&rig, 27, 0);
    for (size_t i = 0; i < sizeof bad_sizes / sizeof *bad_sizes; i++) {
        rig.options.segment_size = bad_sizes[i];
        assert_int_equal(rig_open(&rig), ATP_ERR_INVALID);
        assert_non_null(strstr(rig.why.text, "segment size"));
    }
    rig.options.segment_size = 0;
    rig.options.in_use = true;
    assert_int_equal(rig_open(&rig), ATP_ERR_INVALID);
    assert_non_null(strstr(rig.why.text, "can only be read"));
    rig.options.in_use = false;
    for (size_t i = 0; i < sizeof bad_aheads / sizeof *bad_aheads; i++) {
        rig.options.segments_ahead = bad_aheads[i];
        assert_int_equal(rig_open(&rig), ATP_ERR_INVALID);
        assert_non_null(strstr(rig.why.text, "segments ahead"));
    }
    rig_fini(&rig);
}

static void read_only_changes_nothing_and_a_missing_folder_is_an_empty_journal(void **state)
{
    rig_t rig;
    sim_disk_stats_t stats;

    (void)state;
    rig_init(&rig, 28, 0);
    rig.options.read_only = true;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig.tail.last_op, 0);
    rig_close(&rig);
    sim_disk_stats(rig.disk, &stats);
    for (int op = 0; op < SIM_OP_COUNT; op++) {
        assert_true(stats.by_op[op] == 0 || (SIM_OPS_CHANGE & SIM_OP_BIT(op)) == 0);
    }
    rig_fini(&rig);
}

static void a_frame_that_leaves_a_gap_is_a_bug(void **state)
{
    rig_t rig;
    const atp_frame_t gap = {.first_op = 2, .op_count = 1};
    const atp_frame_t empty = {.first_op = 1, .op_count = 0};

    (void)state;
    rig_init(&rig, 29, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_aborts(assert_int_equal(atp_journal_append(rig.journal, &gap), ATP_OK)); /* J1 */
    assert_aborts(assert_int_equal(atp_journal_append(rig.journal, &empty), ATP_OK));
    rig_close(&rig);
    rig.options.read_only = true;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_aborts(assert_int_equal(atp_journal_append(rig.journal, &gap), ATP_OK));
    assert_aborts(assert_int_equal(atp_journal_sync(rig.journal), ATP_OK));
    assert_aborts(assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK));
    rig_close(&rig);
    atp_journal_close(NULL);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_journal_replays_nothing_and_expects_op_1),
        cmocka_unit_test(frames_come_back_in_order_over_many_segments),
        cmocka_unit_test(durable_op_moves_with_sync_only),
        cmocka_unit_test(syncing_twice_costs_one_sync),
        cmocka_unit_test(a_small_frame_is_one_write),
        cmocka_unit_test(a_frame_as_large_as_a_segment_fits_and_one_byte_more_is_refused),
        cmocka_unit_test(a_frame_that_was_refused_for_room_goes_in_after_prepare),
        cmocka_unit_test(a_later_segment_begins_only_when_all_before_it_is_durable),
        cmocka_unit_test(a_mark_is_written_once_and_only_after_frames),
        cmocka_unit_test(after_a_restart_the_last_frame_wants_a_mark_again),
        cmocka_unit_test(replay_from_an_op_visits_the_frame_that_straddles_it_whole),
        cmocka_unit_test(replay_from_beyond_the_end_is_refused),
        cmocka_unit_test(an_empty_journal_is_no_journal_of_a_snapshot_unless_the_loss_is_accepted),
        cmocka_unit_test(an_error_of_the_visitor_ends_the_replay_with_it),
        cmocka_unit_test(old_segments_are_dropped_oldest_first_and_never_the_current_one),
        cmocka_unit_test(a_segment_is_not_dropped_before_the_next_has_begun_durably),
        cmocka_unit_test(prepared_segments_of_a_run_before_are_used),
        cmocka_unit_test(prepared_segments_of_another_size_are_made_anew),
        cmocka_unit_test(a_half_made_segment_is_removed_at_open_but_not_read_only),
        cmocka_unit_test(more_prepared_segments_than_slots_are_removed),
        cmocka_unit_test(room_never_grows_by_an_append),
        cmocka_unit_test(a_journal_in_use_can_be_read_while_it_grows),
        cmocka_unit_test(the_newest_part_can_be_read_alone),
        cmocka_unit_test(damage_in_a_journal_in_use_is_told_but_at_its_end),
        cmocka_unit_test(options_out_of_range_are_refused_by_name),
        cmocka_unit_test(read_only_changes_nothing_and_a_missing_folder_is_an_empty_journal),
        cmocka_unit_test(a_frame_that_leaves_a_gap_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

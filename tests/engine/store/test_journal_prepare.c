/* Segments that are made a piece at a time, while the journal is used. */
#include "tests/engine/store/journal_rig.h"

#include <string.h>

#define PIECE     (UINT64_C(256) << 10)
#define PIECES    4
#define SEGMENT   (PIECES * PIECE)
#define HALF_MADE "journal/next.tmp"

/* A journal with two segments ready and none of the third; the first is the current one once a frame is in it. */
static void open_ready(rig_t *rig)
{
    rig_init(rig, 1, 0);
    rig->options.segment_size = SEGMENT;
    rig->options.segments_ahead = 2;
    assert_int_equal(rig_open(rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig->journal), ATP_OK);
    assert_true(sim_disk_exists(rig->disk, rig_segment(2)));
    assert_false(sim_disk_exists(rig->disk, rig_segment(3)));
}

/* Appends so many frames, each a 32nd of a segment. */
static void use(rig_t *rig, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        assert_int_equal(rig_append(rig, 1, SEGMENT / 32 - ATP_FRAME_HEADER_SIZE), ATP_OK);
    }
    assert_int_equal(rig_sync(rig), ATP_OK);
}

/* As often as a piece is due. */
static unsigned prepare_due(rig_t *rig)
{
    unsigned pieces = 0;
    bool is_done = false;

    assert_int_equal(atp_journal_prepare_some(rig->journal, &is_done), ATP_OK);
    while (!is_done) {
        pieces++;
        assert_int_equal(atp_journal_prepare_some(rig->journal, &is_done), ATP_OK);
    }
    return pieces;
}

static void a_segment_is_made_in_pieces_as_the_current_one_fills(void **state)
{
    rig_t rig;

    (void)state;
    open_ready(&rig);
    assert_int_equal(prepare_due(&rig), 0);
    use(&rig, 1);
    assert_int_equal(prepare_due(&rig), 1);
    assert_int_equal(sim_disk_file_size(rig.disk, HALF_MADE), PIECE);
    assert_int_equal(prepare_due(&rig), 0); /* none without more use */
    for (unsigned made = 2; made <= PIECES; made++) {
        use(&rig, 4);
        assert_int_equal(prepare_due(&rig), 1);
    }
    assert_false(sim_disk_exists(rig.disk, HALF_MADE));
    assert_int_equal(sim_disk_file_size(rig.disk, rig_segment(3)), SEGMENT);
    use(&rig, 8);
    assert_int_equal(prepare_due(&rig), 0); /* as many as are wanted are ready */
    rig_fini(&rig);
}

static void with_more_than_one_segment_missing_pieces_wait_for_nothing(void **state)
{
    rig_t rig;

    (void)state;
    open_ready(&rig);
    use(&rig, 32); /* the last of them in the second segment */
    assert_int_equal(prepare_due(&rig),
                     PIECES + 1); /* the third whole, and of the fourth what the second has used */
    assert_true(sim_disk_exists(rig.disk, rig_segment(3)));
    assert_int_equal(sim_disk_file_size(rig.disk, HALF_MADE), PIECE);
    rig_fini(&rig);
}

static void a_segment_begun_in_pieces_is_ended_at_once_when_asked_to(void **state)
{
    rig_t rig;

    (void)state;
    open_ready(&rig);
    use(&rig, 1);
    assert_int_equal(prepare_due(&rig), 1);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_false(sim_disk_exists(rig.disk, HALF_MADE));
    assert_int_equal(sim_disk_file_size(rig.disk, rig_segment(3)), SEGMENT);
    rig_fini(&rig);
}

static void of_a_half_made_segment_nothing_is_left_after_a_restart(void **state)
{
    rig_t rig;

    (void)state;
    for (unsigned crashes = 0; crashes < 2; crashes++) {
        open_ready(&rig);
        use(&rig, 1);
        assert_int_equal(prepare_due(&rig), 1);
        if (crashes > 0) {
            sim_disk_crash(rig.disk, SIM_CRASH_CHANCE);
        }
        rig_close(&rig);
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_false(sim_disk_exists(rig.disk, HALF_MADE));
        assert_int_equal(rig.frame_count, 1);
        use(&rig, 8);
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
        rig_fini(&rig);
    }
}

static void a_disk_that_fills_up_between_two_pieces_keeps_no_half_made_one(void **state)
{
    rig_t rig;
    bool is_done = false;

    (void)state;
    open_ready(&rig);
    use(&rig, 4);
    assert_int_equal(atp_journal_prepare_some(rig.journal, &is_done), ATP_OK);
    assert_true(sim_disk_exists(rig.disk, HALF_MADE));
    sim_disk_fail(rig.disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_WRITE), ATP_ERR_NO_SPACE);
    assert_int_equal(atp_journal_prepare_some(rig.journal, &is_done), ATP_ERR_NO_SPACE);
    assert_false(sim_disk_exists(rig.disk, HALF_MADE));
    assert_int_equal(prepare_due(&rig), 2); /* from the beginning, and not final */
    use(&rig, 1);
    rig_fini(&rig);
}

static void a_sync_that_fails_between_two_pieces_is_final(void **state)
{
    rig_t rig;
    bool is_done = false;

    (void)state;
    open_ready(&rig);
    use(&rig, 1);
    sim_disk_fail(rig.disk, 1, SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SYNC_DATA), ATP_ERR_IO);
    assert_int_equal(atp_journal_prepare_some(rig.journal, &is_done), ATP_ERR_IO);
    assert_int_equal(atp_journal_prepare_some(rig.journal, &is_done), ATP_ERR_IO);
    assert_int_equal(rig_append(&rig, 1, 8), ATP_ERR_IO);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_segment_is_made_in_pieces_as_the_current_one_fills),
        cmocka_unit_test(with_more_than_one_segment_missing_pieces_wait_for_nothing),
        cmocka_unit_test(a_segment_begun_in_pieces_is_ended_at_once_when_asked_to),
        cmocka_unit_test(of_a_half_made_segment_nothing_is_left_after_a_restart),
        cmocka_unit_test(a_disk_that_fills_up_between_two_pieces_keeps_no_half_made_one),
        cmocka_unit_test(a_sync_that_fails_between_two_pieces_is_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

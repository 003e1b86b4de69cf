/* The journal on a damaged disk: flipped bytes, cut, missing, swapped and stale files. Damage is told by name and place,
 * or it hit nothing but what the header says cannot be told. */
#include "engine/base/hash.h"
#include "tests/engine/store/journal_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USED_SEGMENTS 3
#define ALL_SEGMENTS  5 /* two are prepared */

/* Three segments of frames, one a group, and two prepared ones; closed. Without the mark nothing declares the last frame. */
static void build(rig_t *rig, uint64_t seed, bool has_mark)
{
    rig_init(rig, seed, 0);
    rig->options.segments_ahead = 2;
    assert_int_equal(rig_open(rig), ATP_OK);
    rig_fill_to(rig, 2, 1, 7001);
    rig_fill_to(rig, 1, 3, 90); /* three more in the second */
    while (!sim_disk_exists(rig->disk, rig_segment(ALL_SEGMENTS))) {
        assert_int_equal(rig_append(rig, 2, 9000), ATP_OK);
        assert_int_equal(rig_sync(rig), ATP_OK);
        assert_int_equal(atp_journal_prepare(rig->journal), ATP_OK);
    }
    assert_int_equal(rig_append(rig, 4, 333), ATP_OK);
    assert_int_equal(rig_sync(rig), ATP_OK);
    assert_int_equal(rig_append(rig, 1, 77), ATP_OK);
    assert_int_equal(rig_sync(rig), ATP_OK);
    if (has_mark) {
        assert_int_equal(rig_mark(rig), ATP_OK);
        assert_int_equal(rig_sync(rig), ATP_OK);
    }
    rig_close(rig);
    rig->options.read_only = true;
    assert_int_equal(rig_open(rig), ATP_OK);
    assert_int_equal(rig->tail.end.segment, USED_SEGMENTS);
    assert_int_equal(rig->tail.torn_bytes, 0);
    rig_close(rig);
}

static bool names_a_place(const rig_t *rig)
{
    return strstr(rig->why.text, "journal/") != NULL && strstr(rig->why.text, ".seg") != NULL &&
           strstr(rig->why.text, ATP_JOURNAL_LOSS_FLAG) != NULL;
}

/* ---- flipped bytes ---- */

typedef struct tally {
    unsigned refused;
    unsigned cut;
    unsigned last_lost; /* the last frame, which nothing declares, was cut */
} tally_t;

/* Damage at one byte: refused with its place, or reported as a torn tail that costs none but an undeclared frame. */
static void check_flip(rig_t *rig, uint64_t number, uint64_t at, unsigned char mask, size_t declared,
                       tally_t *tally)
{
    size_t found = 0;
    char expected[64];

    sim_disk_flip(rig->disk, rig_segment(number), at, mask);
    atp_err_t err = rig_open_damaged(rig, &found);
    if (err != ATP_OK) {
        snprintf(expected, sizeof expected, "%016" PRIx64 ".seg, byte ", number);
        assert_int_equal(err, ATP_ERR_CORRUPT);
        assert_true(names_a_place(rig));
        assert_non_null(strstr(rig->why.text, expected));
        tally->refused++;
    } else {
        if (rig->tail.torn_bytes == 0 || found < declared) {
            print_error("flip of %02x at segment %" PRIu64 " byte %" PRIu64 ": %zu of %zu frames, %" PRIu64
                        " torn\n",
                        mask, number, at, found, declared, rig->tail.torn_bytes);
        }
        assert_true(rig->tail.torn_bytes > 0); /* never silent */
        assert_true(found >= declared);
        tally->cut++;
        tally->last_lost += found < rig->frame_count;
    }
    rig_close(rig);
    sim_disk_flip(rig->disk, rig_segment(number), at, mask);
}

static unsigned char any_mask(rig_t *rig)
{
    return (unsigned char)(1 + rig_random_below(rig, 255));
}

/* Every byte near the start of each used segment and near the end of the journal, and many elsewhere. */
static void flip_everywhere(rig_t *rig, size_t declared, tally_t *tally)
{
    uint64_t end = rig->tail.end.offset;

    for (uint64_t number = 1; number <= USED_SEGMENTS; number++) {
        for (uint64_t at = 0; at < ATP_SEGMENT_HEADER_SIZE + ATP_FRAME_HEADER_SIZE + 16; at++) {
            check_flip(rig, number, at, any_mask(rig), declared, tally);
        }
    }
    for (uint64_t at = end - 700; at < end + 100; at++) {
        check_flip(rig, USED_SEGMENTS, at, any_mask(rig), declared, tally);
    }
    for (int i = 0; i < 1500; i++) {
        uint64_t number = 1 + rig_random_below(rig, ALL_SEGMENTS);
        check_flip(rig, number, rig_random_below(rig, RIG_SEGMENT_SIZE), any_mask(rig), declared, tally);
    }
}

static void no_flipped_byte_of_a_closed_journal_costs_a_frame_or_goes_unseen(void **state)
{
    rig_t rig;
    tally_t tally = {0};

    (void)state;
    build(&rig, 1, true);
    flip_everywhere(&rig, rig.frame_count, &tally);
    print_message("%u refused, %u cut without loss\n", tally.refused, tally.cut);
    assert_int_equal(tally.last_lost, 0);
    assert_true(tally.refused > 1000 && tally.cut > 100);
    rig_fini(&rig);
}

static void without_a_mark_only_the_last_frame_can_be_taken_for_torn(void **state)
{
    rig_t rig;
    tally_t tally = {0};

    (void)state;
    build(&rig, 2, false);
    flip_everywhere(&rig, rig.frame_count - 1, &tally);
    print_message("%u refused, %u cut, %u of them cost the last frame\n", tally.refused, tally.cut,
                  tally.last_lost);
    assert_true(tally.last_lost > 0);
    rig_fini(&rig);
}

/* As above, but a run that writes: what it leaves must be whole, and hold all that was declared. */
static void a_run_on_a_flipped_journal_repairs_or_refuses_it(void **state)
{
    rig_t rig;
    unsigned repaired = 0;

    (void)state;
    build(&rig, 3, true);
    rig.options.read_only = false;
    for (int i = 0; i < 400; i++) {
        rig_t copy;
        bool is_near_end = rig_random_below(&rig, 2) == 0;
        uint64_t number = is_near_end ? USED_SEGMENTS : 1 + rig_random_below(&rig, ALL_SEGMENTS);
        uint64_t at = is_near_end ? rig.tail.end.offset - 100 + rig_random_below(&rig, 3000)
                                  : rig_random_below(&rig, RIG_SEGMENT_SIZE);
        rig_clone(&copy, &rig, (uint64_t)i);
        sim_disk_flip(copy.disk, rig_segment(number), at, any_mask(&rig));
        if (rig_open(&copy) == ATP_OK) { /* checks that no durable frame is missing */
            assert_int_equal(atp_journal_prepare(copy.journal), ATP_OK);
            assert_int_equal(rig_append_any(&copy), ATP_OK);
            assert_int_equal(rig_sync(&copy), ATP_OK);
            rig_close(&copy);
            sim_disk_crash(copy.disk, SIM_CRASH_LOSE);
            assert_int_equal(rig_open(&copy), ATP_OK);
            assert_int_equal(copy.tail.torn_bytes, 0);
            repaired++;
        }
        rig_fini(&copy);
    }
    assert_true(repaired > 100);
    rig_fini(&rig);
}

/* A flip in a mark that has a frame after it: nothing declares that frame, but the mark was durable before it, and
 * says so. Without flag 2 the mark would be taken for a torn tail, and the frame go with it. */
static void a_damaged_mark_does_not_take_the_frame_after_it_along(void **state)
{
    rig_t rig;

    (void)state;
    build(&rig, 4, true);
    uint64_t mark_at = rig.tail.end.offset - ATP_FRAME_HEADER_SIZE;
    rig.options.read_only = false;
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(rig_append(&rig, 1, 50), ATP_OK);
    assert_int_equal(rig_sync(&rig), ATP_OK);
    rig_close(&rig);
    sim_disk_flip(rig.disk, rig_segment(USED_SEGMENTS), mark_at + 30, 1);
    assert_int_equal(rig_open(&rig), ATP_ERR_CORRUPT);
    rig_fini(&rig);
}

/* A large segment is read through a window. The one frame header that declares the damaged frame durable stands across the
 * edge of it, at each alignment. */
static void a_declaring_frame_across_the_edge_of_the_window_is_found(void **state)
{
    const uint32_t window_size = 1u << 20; /* ATP_JOURNAL_WINDOW_SIZE */

    (void)state;
    for (uint32_t back = 0; back <= 2 * ATP_FRAME_HEADER_SIZE; back += 8) {
        rig_t rig;
        size_t found = 0;
        rig_init(&rig, back, 0);
        rig.options.segment_size = 2 * window_size;
        rig.options.segments_ahead = 1;
        assert_int_equal(rig_open(&rig), ATP_OK);
        assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
        uint64_t left =
            window_size - back - ATP_SEGMENT_HEADER_SIZE; /* to be filled by frames of one group */
        while (left > 0) {
            uint32_t size = left > 2 * 32000 ? 32000 : (uint32_t)left; /* multiples of 8 */
            assert_int_equal(rig_append(&rig, 1, size - ATP_FRAME_HEADER_SIZE), ATP_OK);
            left -= size;
        }
        assert_int_equal(rig_sync(&rig), ATP_OK);
        assert_int_equal(rig_append(&rig, 1, 100), ATP_OK);
        assert_int_equal(rig_sync(&rig), ATP_OK);
        rig_close(&rig);
        sim_disk_flip(rig.disk, rig_segment(1), 1000, 1);
        assert_int_equal(rig_open_damaged(&rig, &found), ATP_ERR_CORRUPT);
        rig_fini(&rig);
    }
}

/* ---- cut files ---- */

static void check_cut(const rig_t *rig, uint64_t number, uint64_t size)
{
    rig_t copy;
    size_t found = 0;

    rig_clone(&copy, rig, size);
    sim_disk_truncate(copy.disk, rig_segment(number), size);
    assert_int_equal(rig_open_damaged(&copy, &found), ATP_ERR_CORRUPT);
    assert_true(names_a_place(&copy));
    assert_non_null(strstr(copy.why.text, "the file ends here"));
    rig_fini(&copy);
}

static void a_segment_cut_at_any_place_is_refused(void **state)
{
    rig_t rig;

    (void)state;
    build(&rig, 5, true);
    for (uint64_t number = 1; number <= ALL_SEGMENTS; number++) {
        for (uint64_t size = 0; size < 200; size += 8) {
            check_cut(&rig, number, size);
        }
        for (uint64_t size = 0; size < RIG_SEGMENT_SIZE; size += SIM_SECTOR_SIZE) {
            check_cut(&rig, number, size);
        }
        for (int i = 0; i < 50; i++) {
            check_cut(&rig, number, rig_random_below(&rig, RIG_SEGMENT_SIZE));
        }
    }
    rig_fini(&rig);
}

static void a_segment_that_has_grown_is_refused(void **state)
{
    rig_t rig;
    size_t found = 0;
    static unsigned char bytes[2 * RIG_SEGMENT_SIZE];

    (void)state;
    build(&rig, 6, true);
    memcpy(bytes, sim_disk_bytes(rig.disk, rig_segment(2)), RIG_SEGMENT_SIZE);
    sim_disk_put(rig.disk, rig_segment(2), bytes, sizeof bytes);
    assert_int_equal(rig_open_damaged(&rig, &found), ATP_ERR_CORRUPT);
    assert_non_null(strstr(rig.why.text, "was 65536 bytes when made"));
    rig_fini(&rig);
}

/* ---- whole files ---- */

static void copy_segment(rig_t *from, uint64_t number, rig_t *to, uint64_t as)
{
    static unsigned char bytes[RIG_SEGMENT_SIZE];
    char path[ATP_PATH_SIZE_MAX];

    snprintf(path, sizeof path, "%s", rig_segment(number));
    assert_int_equal(sim_disk_file_size(from->disk, path), sizeof bytes);
    memcpy(bytes, sim_disk_bytes(from->disk, path), sizeof bytes);
    sim_disk_put(to->disk, rig_segment(as), bytes, sizeof bytes);
}

static void expect_refusal(rig_t *rig, const char *file, const char *reason)
{
    size_t found = 0;

    assert_int_equal(rig_open_damaged(rig, &found), ATP_ERR_CORRUPT);
    if (strstr(rig->why.text, file) == NULL || strstr(rig->why.text, reason) == NULL) {
        print_error("expected %s and '%s' in: %s\n", file, reason, rig->why.text);
    }
    assert_non_null(strstr(rig->why.text, file));
    assert_non_null(strstr(rig->why.text, reason));
    assert_true(names_a_place(rig));
}

static void a_missing_segment_is_named(void **state)
{
    rig_t rig;

    (void)state;
    build(&rig, 10, true);
    sim_disk_remove(rig.disk, rig_segment(2));
    expect_refusal(&rig, "0002.seg", "missing, though segments before and after it are there");
    rig_fini(&rig);
}

static void the_last_segment_is_missed_because_prepared_ones_stand_after_it(void **state)
{
    rig_t rig;

    (void)state;
    build(&rig, 11, true);
    sim_disk_remove(rig.disk, rig_segment(USED_SEGMENTS));
    expect_refusal(&rig, "0003.seg", "missing");
    rig_fini(&rig);
}

static void a_missing_first_segment_is_told_by_the_op_that_is_needed(void **state)
{
    rig_t rig;

    (void)state;
    build(&rig, 12, true);
    sim_disk_remove(rig.disk, rig_segment(1));
    expect_refusal(&rig, "0002.seg", "is needed from op 1: an earlier segment is missing");
    rig_fini(&rig);
}

static void swapped_segments_are_named(void **state)
{
    rig_t rig;
    rig_t copy;

    (void)state;
    build(&rig, 13, true);
    rig_clone(&copy, &rig, 1);
    copy_segment(&rig, 2, &copy, 3);
    copy_segment(&rig, 3, &copy, 2);
    expect_refusal(&copy, "0002.seg", "this is segment 0000000000000003 under another's name");
    rig_fini(&copy);
    rig_fini(&rig);
}

static void a_segment_copied_over_a_prepared_one_is_named(void **state)
{
    rig_t rig;
    rig_t copy;

    (void)state;
    build(&rig, 14, true);
    rig_clone(&copy, &rig, 1);
    copy_segment(&rig, 2, &copy, 4);
    expect_refusal(&copy, "0004.seg", "this is segment 0000000000000002 under another's name");
    rig_fini(&copy);
    rig_fini(&rig);
}

static void a_zeroed_segment_in_the_middle_is_named(void **state)
{
    rig_t rig;
    static const unsigned char zeros[RIG_SEGMENT_SIZE];

    (void)state;
    build(&rig, 15, true);
    sim_disk_put(rig.disk, rig_segment(2), zeros, sizeof zeros);
    expect_refusal(&rig, "0002.seg", "the segment header does not verify");
    rig_fini(&rig);
}

static void a_zeroed_first_segment_is_named(void **state)
{
    rig_t rig;
    static const unsigned char zeros[RIG_SEGMENT_SIZE];

    (void)state;
    build(&rig, 16, true);
    sim_disk_put(rig.disk, rig_segment(1), zeros, sizeof zeros);
    expect_refusal(&rig, "0001.seg", "the segment header does not verify");
    rig_fini(&rig);
}

/* An operator puts an old copy of a segment back: all in it verifies, but the journal went on after it. */
static void an_older_copy_of_a_segment_is_named(void **state)
{
    rig_t rig;
    rig_t later;

    (void)state;
    rig_init(&rig, 17, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 2, 1000);
    rig_close(&rig);
    rig_clone(&later, &rig, 1);
    assert_int_equal(rig_open(&later), ATP_OK);
    rig_fill_to(&later, 2, 1, 1000);
    rig_close(&later);
    copy_segment(&rig, 1, &later, 1);
    expect_refusal(&later, "0002.seg", "but the segment before ends at op 6 or is another copy");
    rig_fini(&later);
    rig_fini(&rig);
}

static void a_segment_of_another_journal_is_named(void **state)
{
    rig_t rig;
    rig_t other;

    (void)state;
    build(&rig, 18, true);
    rig_clone(&other, &rig, 1);
    rig_fini(&other);
    rig_init(&other, 18, 0);
    assert_int_equal(rig_open(&other), ATP_OK);
    other.incarnation = 77; /* the same ops, but not the same bytes */
    rig_fill_to(&other, 2, 1, 7001);
    rig_close(&other);
    copy_segment(&other, 2, &rig, 2);
    expect_refusal(&rig, "0002.seg", "or is another copy");
    rig_fini(&other);
    rig_fini(&rig);
}

/* Nothing in the journal tells that its last segment is an old copy. The snapshot does. */
static void an_older_copy_of_the_last_segment_shows_against_the_snapshot(void **state)
{
    rig_t rig;
    rig_t later;

    (void)state;
    rig_init(&rig, 19, 0);
    assert_int_equal(rig_open(&rig), ATP_OK);
    rig_fill_to(&rig, 1, 2, 1000);
    rig_close(&rig);
    rig_clone(&later, &rig, 1);
    assert_int_equal(rig_open(&later), ATP_OK);
    rig_fill_to(&later, 1, 5, 1000);
    rig_close(&later);
    copy_segment(&rig, 1, &later, 1);
    later.from_op = rig_last_op(&later);
    size_t found = 0;
    assert_int_equal(rig_open_damaged(&later, &found), ATP_ERR_CORRUPT);
    assert_non_null(strstr(later.why.text, "segments are missing or old"));
    rig_fini(&later);
    rig_fini(&rig);
}

/* A later build has written here. Its bytes are right, only not for us: not corruption, and nothing to cut. */
static void another_format_is_named_and_left_alone(void **state)
{
    (void)state;
    for (int is_frame = 0; is_frame < 2; is_frame++) {
        rig_t rig;
        size_t found = 0;
        static unsigned char bytes[RIG_SEGMENT_SIZE];
        rig_init(&rig, 22, 0);
        assert_int_equal(rig_open(&rig), ATP_OK);
        rig_fill_to(&rig, 1, 1, 1000);
        rig_close(&rig);
        memcpy(bytes, sim_disk_bytes(rig.disk, rig_segment(1)), sizeof bytes);
        size_t at = is_frame ? ATP_SEGMENT_HEADER_SIZE : 0;
        size_t digest_at = is_frame ? ATP_FRAME_HEADER_SIZE - 8 : ATP_SEGMENT_HEADER_SIZE - 8;
        bytes[at + 4] = 2; /* the format */
        uint64_t seed = is_frame ? UINT64_C(1) << 32 | ATP_SEGMENT_HEADER_SIZE / 8 : 0;
        uint64_t digest = atp_hash_bytes(bytes + at, digest_at, seed);
        memcpy(bytes + at + digest_at, &digest, sizeof digest);
        sim_disk_put(rig.disk, rig_segment(1), bytes, sizeof bytes);
        assert_int_equal(rig_open_damaged(&rig, &found), ATP_ERR_FORMAT);
        assert_non_null(strstr(rig.why.text, "format 2; this build reads format 1"));
        assert_memory_equal(sim_disk_bytes(rig.disk, rig_segment(1)), bytes, sizeof bytes);
        rig_fini(&rig);
    }
}

static void numbers_that_no_segment_has_are_refused(void **state)
{
    rig_t rig;
    static const unsigned char zeros[RIG_SEGMENT_SIZE];

    (void)state;
    rig_init(&rig, 20, 0);
    sim_disk_put(rig.disk, rig_segment(0), zeros, sizeof zeros);
    expect_refusal(&rig, "journal/0000000000000000.seg", "no segment has this number");
    sim_disk_remove(rig.disk, rig_segment(0));
    sim_disk_put(rig.disk, rig_segment(UINT64_MAX), zeros, sizeof zeros);
    expect_refusal(&rig, "journal/ffffffffffffffff.seg", "no segment has this number");
    rig_fini(&rig);
}

static void names_that_are_nearly_segments_are_left_alone(void **state)
{
    rig_t rig;
    static const char *const names[] = {"journal/0000000000000001.seg~", "journal/000000000000000A.seg",
                                        "journal/1.seg", "journal/00000000000000g1.seg", "journal/.seg"};

    (void)state;
    rig_init(&rig, 21, 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sim_disk_put(rig.disk, names[i], "x", 1);
    }
    assert_int_equal(rig_open(&rig), ATP_OK);
    assert_int_equal(atp_journal_prepare(rig.journal), ATP_OK);
    assert_int_equal(rig_append_any(&rig), ATP_OK);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_flipped_byte_of_a_closed_journal_costs_a_frame_or_goes_unseen),
        cmocka_unit_test(without_a_mark_only_the_last_frame_can_be_taken_for_torn),
        cmocka_unit_test(a_run_on_a_flipped_journal_repairs_or_refuses_it),
        cmocka_unit_test(a_damaged_mark_does_not_take_the_frame_after_it_along),
        cmocka_unit_test(a_declaring_frame_across_the_edge_of_the_window_is_found),
        cmocka_unit_test(a_segment_cut_at_any_place_is_refused),
        cmocka_unit_test(a_segment_that_has_grown_is_refused),
        cmocka_unit_test(a_missing_segment_is_named),
        cmocka_unit_test(the_last_segment_is_missed_because_prepared_ones_stand_after_it),
        cmocka_unit_test(a_missing_first_segment_is_told_by_the_op_that_is_needed),
        cmocka_unit_test(swapped_segments_are_named),
        cmocka_unit_test(a_segment_copied_over_a_prepared_one_is_named),
        cmocka_unit_test(a_zeroed_segment_in_the_middle_is_named),
        cmocka_unit_test(a_zeroed_first_segment_is_named),
        cmocka_unit_test(an_older_copy_of_a_segment_is_named),
        cmocka_unit_test(a_segment_of_another_journal_is_named),
        cmocka_unit_test(an_older_copy_of_the_last_segment_shows_against_the_snapshot),
        cmocka_unit_test(another_format_is_named_and_left_alone),
        cmocka_unit_test(numbers_that_no_segment_has_are_refused),
        cmocka_unit_test(names_that_are_nearly_segments_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

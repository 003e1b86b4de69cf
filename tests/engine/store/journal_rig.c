#include "tests/engine/store/journal_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t rig_random_below(rig_t *rig, uint64_t bound)
{
    return test_random(&rig->random) % bound;
}

const char *rig_segment(uint64_t number)
{
    static char path[ATP_PATH_SIZE_MAX];

    snprintf(path, sizeof path, "journal/%016" PRIx64 ".seg", number);
    return path;
}

/* ---- life ---- */

void rig_init(rig_t *rig, uint64_t seed, uint64_t capacity)
{
    memset(rig, 0, sizeof *rig);
    rig->disk = sim_disk_create(seed, capacity);
    rig->random = seed ^ 0x5157;
    rig->from_op = 1;
    rig->options = (atp_journal_options_t){
        .storage = sim_disk_storage(rig->disk), .segment_size = RIG_SEGMENT_SIZE, .segments_ahead = 2};
}

void rig_fini(rig_t *rig)
{
    rig_close(rig);
    sim_disk_destroy(rig->disk);
    free(rig->frames);
    memset(rig, 0, sizeof *rig);
}

void rig_clone(rig_t *clone, const rig_t *rig, uint64_t seed)
{
    *clone = *rig;
    clone->disk = sim_disk_clone(rig->disk, seed);
    clone->options.storage = sim_disk_storage(clone->disk);
    clone->journal = NULL;
    clone->frames = malloc((rig->frame_capacity + 1) * sizeof *clone->frames);
    assert_non_null(clone->frames);
    if (rig->frame_count > 0) {
        memcpy(clone->frames, rig->frames, rig->frame_count * sizeof *clone->frames);
    }
}

/* ---- the model ---- */

static uint64_t content_seed(const rig_frame_t *frame)
{
    return frame->incarnation * 1000003 + frame->first_op;
}

static void fill_payload(const rig_frame_t *frame, unsigned char *bytes)
{
    uint64_t state = content_seed(frame);

    for (uint32_t at = 0; at < frame->payload_size; at += 8) {
        uint64_t word = test_random(&state);
        uint32_t left = frame->payload_size - at;
        memcpy(bytes + at, &word, left < 8 ? left : 8);
    }
}

static void remember(rig_t *rig, const rig_frame_t *frame)
{
    if (rig->frame_count == rig->frame_capacity) {
        rig->frame_capacity = rig->frame_capacity == 0 ? 64 : 2 * rig->frame_capacity;
        rig->frames = realloc(rig->frames, rig->frame_capacity * sizeof *rig->frames);
        assert_non_null(rig->frames);
    }
    rig->frames[rig->frame_count++] = *frame;
}

uint64_t rig_last_op(const rig_t *rig)
{
    const rig_frame_t *last = rig->frame_count == 0 ? NULL : &rig->frames[rig->frame_count - 1];

    return last == NULL ? 0 : last->first_op + last->op_count - 1;
}

/* What the journal says is durable is durable in the model from now on. */
static void note_durable(rig_t *rig)
{
    uint64_t durable_op = atp_journal_durable_op(rig->journal);

    while (rig->durable_count < rig->frame_count) {
        const rig_frame_t *frame = &rig->frames[rig->durable_count];
        if (frame->first_op + frame->op_count - 1 > durable_op) {
            break;
        }
        rig->durable_count++;
    }
}

/* ---- replay ---- */

static size_t find_frame(const rig_t *rig, uint64_t first_op)
{
    size_t low = 0;
    size_t high = rig->frame_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (rig->frames[middle].first_op < first_op) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void check_content(const rig_frame_t *expected, const atp_frame_t *frame)
{
    static unsigned char bytes[RIG_SEGMENT_SIZE];

    assert_int_equal(frame->first_op, expected->first_op);
    assert_int_equal(frame->op_count, expected->op_count);
    assert_int_equal(frame->payload_size, expected->payload_size);
    assert_int_equal(frame->incarnation, expected->incarnation);
    assert_int_equal(frame->time_ms, (int64_t)(1000 + expected->first_op));
    assert_int_equal(frame->verdict_digest, ~content_seed(expected));
    assert_int_equal((uintptr_t)frame->payload % 8, 0);
    fill_payload(expected, bytes);
    assert_memory_equal(frame->payload, bytes, expected->payload_size);
}

static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    rig_t *rig = context;
    size_t index = rig->visited_count;

    (void)ret_why;
    assert_true(place.segment > 0 && place.offset >= ATP_SEGMENT_HEADER_SIZE);
    if (!rig->has_visited) {
        index = find_frame(rig, frame->first_op);
        rig->has_visited = true;
        /* the first one visited is the one that holds from_op */
        assert_true(rig->from_op == 0 || frame->first_op <= rig->from_op);
        assert_true(frame->first_op + frame->op_count > rig->from_op);
    }
    assert_true(index < rig->frame_count); /* nothing is invented */
    check_content(&rig->frames[index], frame);
    rig->visited_count = index + 1;
    return ATP_OK;
}

static atp_err_t open_and_replay(rig_t *rig)
{
    rig->visited_count = 0;
    rig->has_visited = false;
    rig->why.text[0] = '\0';
    atp_err_t err = atp_journal_open(&rig->options, &rig->journal, &rig->why);
    if (err != ATP_OK) {
        rig->journal = NULL;
        return err;
    }
    err = atp_journal_replay(rig->journal, rig->from_op, visit, rig, &rig->tail, &rig->why);
    if (err != ATP_OK) {
        rig_close(rig);
        return err;
    }
    if (!rig->has_visited) {
        rig->visited_count = find_frame(rig, rig->tail.last_op + 1);
    }
    return ATP_OK;
}

atp_err_t rig_open(rig_t *rig)
{
    atp_err_t err = open_and_replay(rig);

    if (err != ATP_OK) {
        return err;
    }
    if (rig->visited_count < rig->durable_count) {
        print_error("of %zu durable frames, %zu are left; seed state %" PRIx64 "\n", rig->durable_count,
                    rig->visited_count, rig->random);
    }
    assert_true(rig->visited_count >= rig->durable_count);
    if (!rig->options.read_only) {
        rig->frame_count = rig->visited_count;
        rig->durable_count = rig->visited_count;
        assert_int_equal(rig->tail.last_op, rig_last_op(rig));
        assert_int_equal(atp_journal_durable_op(rig->journal), rig_last_op(rig));
        rig->incarnation++;
    }
    return ATP_OK;
}

atp_err_t rig_open_damaged(rig_t *rig, size_t *ret_frame_count)
{
    atp_err_t err = open_and_replay(rig);

    *ret_frame_count = rig->visited_count;
    return err;
}

void rig_close(rig_t *rig)
{
    atp_journal_close(rig->journal);
    rig->journal = NULL;
}

/* ---- writes ---- */

atp_err_t rig_append(rig_t *rig, uint32_t op_count, uint32_t payload_size)
{
    static unsigned char bytes[RIG_SEGMENT_SIZE];
    const rig_frame_t frame = {rig_last_op(rig) + 1, op_count, payload_size, rig->incarnation};
    const atp_frame_t written = {
        .incarnation = frame.incarnation,
        .first_op = frame.first_op,
        .op_count = op_count,
        .time_ms = (int64_t)(1000 + frame.first_op),
        .verdict_digest = ~content_seed(&frame),
        .payload = bytes,
        .payload_size = payload_size,
    };

    assert_true(payload_size <= sizeof bytes);
    fill_payload(&frame, bytes);
    atp_err_t err = atp_journal_append(rig->journal, &written);
    if (err == ATP_OK || err == ATP_ERR_IO) {
        remember(rig, &frame); /* after an I/O error it may be there or not */
    }
    note_durable(rig);
    return err;
}

atp_err_t rig_append_any(rig_t *rig)
{
    static const uint32_t sizes[] = {1, 40, 500, 3000, 20000};
    uint32_t bound = sizes[rig_random_below(rig, 5)];
    uint32_t size = (uint32_t)rig_random_below(rig, bound);

    if (rig_random_below(rig, 50) == 0) {
        size = atp_journal_payload_max(rig->journal);
    }
    return rig_append(rig, 1 + (uint32_t)rig_random_below(rig, 9), size);
}

atp_err_t rig_sync(rig_t *rig)
{
    atp_err_t err = atp_journal_sync(rig->journal);

    if (err == ATP_OK) {
        assert_int_equal(atp_journal_durable_op(rig->journal), rig_last_op(rig));
    }
    note_durable(rig);
    return err;
}

atp_err_t rig_mark(rig_t *rig)
{
    atp_err_t err =
        atp_journal_append_mark(rig->journal, rig->incarnation, (int64_t)(1000 + rig_last_op(rig)));

    note_durable(rig);
    return err;
}

void rig_fill_to(rig_t *rig, uint64_t segment, unsigned frames, uint32_t payload_size)
{
    uint64_t segment_frames = 0;
    uint64_t number = 0;

    while (number < segment || segment_frames < frames) {
        assert_int_equal(atp_journal_prepare(rig->journal), ATP_OK);
        uint64_t room = atp_journal_room(rig->journal);
        assert_int_equal(rig_append(rig, 3, payload_size), ATP_OK);
        assert_int_equal(rig_sync(rig), ATP_OK);
        bool has_begun =
            number == 0 || atp_journal_room(rig->journal) / (RIG_SEGMENT_SIZE - ATP_SEGMENT_HEADER_SIZE) !=
                               room / (RIG_SEGMENT_SIZE - ATP_SEGMENT_HEADER_SIZE);
        number += has_begun;
        segment_frames = has_begun ? 1 : segment_frames + 1;
    }
}

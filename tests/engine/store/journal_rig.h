/* What the journal's tests share: a journal on a simulated disk, run beside a model of what it must hold.
 *
 * The model is the list of frames appended in this line of history, and how many of them are durable. After any
 * recovery the journal must hold a beginning of that list, no shorter than the durable part, byte for byte; the rest
 * is then forgotten. What a frame holds follows from its incarnation and first op alone. */
#ifndef ATP_TESTS_JOURNAL_RIG_H
#define ATP_TESTS_JOURNAL_RIG_H

#include "tests/test.h"

#include "engine/store/journal.h"
#include "tests/sim/sim_disk.h"

#define RIG_SEGMENT_SIZE ATP_SEGMENT_SIZE_MIN

typedef struct rig_frame {
    uint64_t first_op;
    uint32_t op_count;
    uint32_t payload_size;
    uint64_t incarnation;
} rig_frame_t;

typedef struct rig {
    sim_disk_t *disk;
    atp_journal_t *journal; /* NULL while closed */
    atp_journal_options_t options;
    uint64_t random;
    uint64_t from_op; /* what the next replay asks for */

    rig_frame_t *frames;
    size_t frame_count;
    size_t frame_capacity;
    size_t durable_count;
    uint64_t incarnation;

    /* of the last replay */
    size_t visited_count; /* frames of the model up to the last one visited */
    bool has_visited;
    atp_journal_tail_t tail;
    atp_why_t why;
} rig_t;

void rig_init(rig_t *rig, uint64_t seed, uint64_t capacity);
void rig_fini(rig_t *rig);

/* A rig on a clone of the disk, with a copy of the model, closed. */
void rig_clone(rig_t *clone, const rig_t *rig, uint64_t seed);

/* Opens and replays, checking each frame visited against the model; when that succeeds, checks that nothing durable is
 * missing. Not read-only, the model is then what was found, all durable. A failure is returned, and the journal closed. */
atp_err_t rig_open(rig_t *rig);
void rig_close(rig_t *rig);

/* Without the checks of the model: for damaged disks. */
atp_err_t rig_open_damaged(rig_t *rig, size_t *ret_frame_count);

atp_err_t rig_append(rig_t *rig, uint32_t op_count, uint32_t payload_size);
/* Up to the largest payload there can be, mostly small. */
atp_err_t rig_append_any(rig_t *rig);
atp_err_t rig_sync(rig_t *rig);
atp_err_t rig_mark(rig_t *rig);

uint64_t rig_last_op(const rig_t *rig);
uint64_t rig_random_below(rig_t *rig, uint64_t bound);

/* "journal/000...n.seg" */
const char *rig_segment(uint64_t number);

/* Appends and syncs one frame a group until `segment` is the current one and holds `frames` frames. */
void rig_fill_to(rig_t *rig, uint64_t segment, unsigned frames, uint32_t payload_size);

#endif

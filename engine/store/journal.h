/* The journal: every op in its order, on disk before anybody is told.
 *
 * Segment files `journal/NNNNNNNNNNNNNNNN.seg` (number, 16 hexadecimal digits, from 1) of one fixed size,
 * zero-written and synced ahead of use by another thread than the one that appends, under a temporary name: a
 * file called .seg is a whole one. An unused segment is all zeros. A used one begins with a header; after it stand
 * frames, each padded to 8 bytes with zeros; a zero where a frame's magic would be ends the content.
 *
 *     segment header, 64 bytes (little-endian, as all here)
 *     u32 magic "ATPS"   u16 format   u16 zero
 *     u64 number              as in the name
 *     u64 segment size        of the whole file
 *     u64 first op            of the first frame
 *     u64 digest of the frame before, 0 for the first of all: the chain goes on over segments
 *     u64 incarnation, i64 ledger time, ms     of the first frame; for people
 *     u64 digest              XXH3 of the 56 bytes before
 *
 *     frame header, 80 bytes                 a frame is a group of ops that become durable together
 *     u32 magic "ATPF"   u16 format   u16 flags   1 = closing mark (no ops)
 *                                                 2 = all that stands before was durable when this was written
 *     u32 payload size  u32 op count
 *     u64 incarnation                         the run of the engine that wrote it
 *     u64 first op                            dense: the previous frame's first op + its count
 *     i64 ledger time, ms
 *     u64 digest of the previous frame        the chain
 *     u64 durable op                          highest op known durable when this frame was written
 *     u64 verdict digest                      of the answers given to the frame's ops
 *     u64 payload digest                      XXH3 of the payload
 *     u64 digest                              XXH3 of the 72 bytes before, seeded with the frame's place (segment
 *                                             number and offset): a frame is valid only where it was written
 *
 * Torn or corrupt  A frame that does not verify, or does not continue the chain, is *corruption* if a later
 *             valid frame header of the journal declares it durable (durable op >= its first op, or flag 2), or if
 *             a later segment has begun (J5): refused, with segment and offset. Otherwise nobody was ever told,
 *             and it is the *torn tail*: it is cut, and zeroed durably before anything is appended. So that the
 *             last frames are covered too, an idle journal gets a closing mark that declares them
 *             (atp_journal_append_mark). Always corruption: bytes between the end of a segment's frames and its
 *             end when the next one has begun; a segment whose header names another number, size or predecessor.
 * Not seen    The loss of frames at the very end that nothing after them declares: one that was damaged looks like
 *             one that was never finished; a last segment put back from an older copy, or removed when
 *             no prepared one stands after it, looks like a shorter journal.  Both show, as
 *             ATP_ERR_CORRUPT, if a snapshot is ahead of what is left (from_op of atp_journal_replay).
 * Failed sync The kernel may mark pages clean that never reached the disk, and a next run would read them as if
 *             they were there. So replay writes the frames that nothing declares once more, as they are, and
 *             syncs them, before it lets anything be appended after them.
 * Errors      Any failed write or sync is final: the journal stays failed and every later call says ATP_ERR_IO.
 *             Only the preparation of a segment may fail with ATP_ERR_NO_SPACE and be tried again.
 * Threads     append, append_mark, sync, close: the journal thread.   prepare, drop_below: the keeper thread (it has
 *             ended when close is called).   room, durable_op, stats: any.   open, replay: before the threads start.
 * Memory      buffers are allocated at open and replay (given back after it). append allocates nothing; a small
 *             frame is put together in a buffer and written at once, a large payload is written from the caller's
 *             memory. prepare may grow a table of 16 bytes a segment.
 * Invariants  J1  op numbers are dense over frames.      J2  each frame names its predecessor's digest.
 *             J3  nothing else is written over a frame that was synced.
 *             J4  durable op never passes what a sync has covered.
 *             J5  a segment is begun only when all before it is durable.
 *             J6  a segment is removed only when one after it has begun durably. */
#ifndef ATP_STORE_JOURNAL_H
#define ATP_STORE_JOURNAL_H

#include "engine/base/err.h"
#include "engine/store/storage.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SEGMENT_SIZE_DEFAULT (UINT64_C(64) << 20)
#define ATP_SEGMENT_SIZE_MIN     (UINT64_C(64) << 10)
#define ATP_SEGMENT_SIZE_MAX     (UINT64_C(4) << 30)
#define ATP_SEGMENT_SIZE_UNIT    UINT64_C(4096) /* a segment size is a multiple of it */
#define ATP_SEGMENT_HEADER_SIZE  64
#define ATP_FRAME_HEADER_SIZE    80
#define ATP_FRAME_PAYLOAD_MAX    (UINT32_C(16) << 20) /* and never more than fits in an empty segment */
#define ATP_SEGMENTS_AHEAD_MAX   64

/* The option of atpd that sets `accept_loss`; errors name it, so that the advice can be followed. */
#define ATP_JOURNAL_LOSS_FLAG "--accept-journal-loss"

typedef struct atp_journal atp_journal_t;

typedef struct atp_journal_options {
    atp_storage_t *storage;  /* borrowed until close */
    uint64_t segment_size;   /* of segments made from now on (used ones may differ); 0 = the default */
    uint32_t segments_ahead; /* how many empty segments `prepare` keeps ready, 1..ATP_SEGMENTS_AHEAD_MAX */
    bool read_only; /* replay and verify only: nothing on disk changes, a torn tail is reported, not cut */
    bool in_use;    /* read-only beside a process that appends; see atp_journal_replay */
    uint64_t
        newest_bytes; /* in_use only: begin at the oldest of the segments that end the journal and have at most so many
                            * bytes together, the last one in any case; 0 = all of them */
    bool accept_loss; /* an empty journal may begin at any from_op: an operator has moved a lost one away */
} atp_journal_options_t;

/* One frame as read, or to be written. `payload` holds `op_count` op records, one after the other. As read, it
 * is aligned to 8 bytes and valid until the visit returns. */
typedef struct atp_frame {
    uint64_t incarnation;
    uint64_t first_op;
    uint32_t op_count;
    int64_t time_ms;
    uint64_t verdict_digest;
    const void *payload;
    uint32_t payload_size;
} atp_frame_t;

typedef struct atp_journal_position {
    uint64_t segment;
    uint64_t offset;
} atp_journal_position_t;

/* What a replay found. */
typedef struct atp_journal_tail {
    uint64_t last_op;          /* of the last valid frame, 0 if there is none */
    uint64_t last_incarnation; /* highest seen, closing marks included */
    int64_t last_time_ms;      /* of the last valid frame or closing mark */
    uint64_t frames;           /* closing marks included */
    uint64_t ops;
    uint64_t torn_bytes; /* cut (or, read-only, found) after the last valid frame; 0 = a clean end */
    atp_journal_position_t end;
} atp_journal_tail_t;

/* Called for each valid frame in order. Returning an error ends the replay with it. */
typedef atp_err_t (*atp_frame_visit_t)(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                                       atp_why_t *ret_why);

/* Finds the segments; removes what a crash left of a half-made one. A missing number between two segments is
 * ATP_ERR_CORRUPT. ATP_ERR_INVALID: an option out of range. A journal that is not there is an empty one. */
ATP_MUST_USE atp_err_t atp_journal_open(const atp_journal_options_t *options, atp_journal_t **ret_journal,
                                        atp_why_t *ret_why);

/* Verifies every frame there is and visits those that hold ops >= from_op (a frame that straddles from_op is
 * visited whole; closing marks are not visited). `visit` NULL: verify only. from_op 0: all there is, wherever it
 * begins. Fails with ATP_ERR_CORRUPT if the journal begins after from_op or ends before the op ahead of it (so an
 * empty one is right for from_op 0 or 1 only, unless accept_loss); ATP_ERR_FORMAT: written by a build with another
 * format. Frames may have been visited before a failure is found. Nothing on disk is changed when it fails before
 * the tail is cut. Afterwards, not read-only, every frame visited is durable and the journal can be appended to,
 * from last_op + 1 (or from_op when empty). Call once.
 * With `in_use` it ends at the last whole frame it finds and does not ask what stands behind (torn_bytes is 0): that
 * may be in the making. What was visited need not be durable. All before is judged as ever. ATP_ERR_NOT_FOUND:
 * the other process dropped a segment before it was read; begin again. */
ATP_MUST_USE atp_err_t atp_journal_replay(atp_journal_t *journal, uint64_t from_op, atp_frame_visit_t visit,
                                          void *context, atp_journal_tail_t *ret_tail, atp_why_t *ret_why);

/* Largest payload a frame may have with these options. */
uint32_t atp_journal_payload_max(const atp_journal_t *journal);

/* Writes one frame after the last (write only: not durable yet). `first_op` must be the op after the last, and
 * op_count at least 1. Goes on to the next prepared segment when it does not fit (then what stands in the full one
 * is synced first: J5). ATP_ERR_NO_SPACE if none is ready (nothing was written; try again after `prepare`).
 * ATP_ERR_INVALID: a payload above atp_journal_payload_max; nothing was written. */
ATP_MUST_USE atp_err_t atp_journal_append(atp_journal_t *journal, const atp_frame_t *frame);

/* Writes a closing mark if the last frame is not declared durable by anything after it yet, or is a mark of another
 * incarnation (so that a run leaves its number behind though it wrote nothing else); syncs first what is not. The mark itself is durable after the next sync. ATP_ERR_NO_SPACE as for append. */
ATP_MUST_USE atp_err_t atp_journal_append_mark(atp_journal_t *journal, uint64_t incarnation, int64_t time_ms);

/* Makes all appended frames durable. A failure is final. Does nothing when all are. */
ATP_MUST_USE atp_err_t atp_journal_sync(atp_journal_t *journal);

/* Highest durable op. Thread: any. */
uint64_t atp_journal_durable_op(const atp_journal_t *journal);

/* Makes empty segments up to `segments_ahead`: creates, zero-writes, syncs file and folder, in pieces, so that
 * the journal thread's syncs do not queue behind it for long. ATP_ERR_NO_SPACE and ATP_ERR_MEMORY are not final,
 * and leave no half-made file. Does nothing when enough are ready. Thread: the keeper. */
ATP_MUST_USE atp_err_t atp_journal_prepare(atp_journal_t *journal);

/* The same a piece at a time, spread over the use of the journal: while only one segment is missing, each call makes one
 * piece of it at most, and none before the current segment has been given half as much. A burst of zeros as long as a
 * segment holds processors and disk up for a third of a second; so spread, nobody notices. *ret_is_done: nothing is due
 * now. Errors as above. Thread: the keeper. */
ATP_MUST_USE atp_err_t atp_journal_prepare_some(atp_journal_t *journal, bool *ret_is_done);

/* Bytes left for frames (headers included) in the current segment and the prepared ones; never more than there
 * are. A frame goes into one segment whole, so up to a frame's size is lost at the end of each. Thread: any. */
uint64_t atp_journal_room(const atp_journal_t *journal);

/* Removes segments all of whose ops are below `op`, oldest first, never the current one. A failed removal is
 * not final, a failed sync of the folder is. Thread: the keeper. */
ATP_MUST_USE atp_err_t atp_journal_drop_below(atp_journal_t *journal, uint64_t op);

/* Counters for metrics. Thread: any. */
typedef struct atp_journal_stats {
    uint64_t frames;
    uint64_t bytes;
    uint64_t syncs;
    uint64_t segments; /* on disk now, prepared ones included */
} atp_journal_stats_t;
void atp_journal_stats(const atp_journal_t *journal, atp_journal_stats_t *ret_stats);

/* Closes without writing. Safe on NULL. */
void atp_journal_close(atp_journal_t *journal);

#endif

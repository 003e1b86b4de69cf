/* The journal: every op in its order, on disk before anybody is told.
 *
 * Segment files `journal/NNNNNNNNNNNNNNNN.seg` (number, hexadecimal) of one fixed size, zero-written and synced
 * ahead of use by another thread than the one that appends. A segment begins with a header; after it stand frames, each
 * padded to 8 bytes with zeros; a zero length ends the segment's content.
 *
 *     frame header (little-endian)           a frame is a group of ops that become durable together
 *     u32 magic      u16 format  u16 flags    flags: 1 = closing mark (no ops)
 *     u32 payload size  u32 op count
 *     u64 incarnation                         the run of the engine that wrote it
 *     u64 first op                            dense: the previous frame's first op + its count
 *     i64 ledger time, ms
 *     u64 digest of the previous frame        its checksum: the chain
 *     u64 durable op                          highest op known durable when this frame was written
 *     u64 verdict digest                      of the answers given to the frame's ops
 *     u64 checksum                            XXH3 of header (this field zero) and payload
 *
 * Torn or corrupt  A frame that does not verify, or does not continue the chain, is *corruption* if a later
 *             valid frame of the journal declares it durable (durable op >= its first op): refused, with
 *             segment and offset. Otherwise nobody was ever told, and it is the *torn tail*: it is cut, and
 *             zeroed durably before anything is appended. So that the last frames are covered too, an idle
 *             journal gets a closing mark that declares them (atp_journal_append_mark).
 * Errors      Any failed write or sync is final: the journal stays failed and every later call says so.
 *             Only the preparation of a segment may fail with ATP_ERR_NO_SPACE and be tried again.
 * Threads     append, append_mark, sync, close: the journal thread.   prepare, drop_below: the keeper thread.
 *             room, durable_op: any.   open, replay: before the threads start.
 * Memory      buffers are allocated at open. append copies nothing: it writes from the caller's memory.
 * Invariants  J1  op numbers are dense over frames.      J2  each frame names its predecessor's checksum.
 *             J3  nothing is written over a frame that was synced.
 *             J4  durable op never passes what a sync has covered. */
#ifndef ATP_STORE_JOURNAL_H
#define ATP_STORE_JOURNAL_H

#include "engine/base/err.h"
#include "engine/store/storage.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SEGMENT_SIZE_DEFAULT (UINT64_C(64) << 20)
#define ATP_SEGMENT_SIZE_MIN     (UINT64_C(64) << 10)
#define ATP_FRAME_PAYLOAD_MAX    (UINT32_C(16) << 20) /* and never more than fits in an empty segment */

typedef struct atp_journal atp_journal_t;

typedef struct atp_journal_options {
    atp_storage_t *storage;   /* borrowed until close */
    uint64_t segment_size;    /* 0 = the default; fixed when the first segment is made, later segments may differ */
    uint32_t segments_ahead;  /* how many empty segments `prepare` keeps ready, 1..64 */
    bool read_only;           /* replay and verify only: nothing on disk changes, a torn tail is reported, not cut */
} atp_journal_options_t;

/* One frame as read, or to be written. `payload` holds `op_count` op records, one after the other. */
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
    uint64_t last_incarnation; /* highest seen */
    int64_t last_time_ms;
    uint64_t frames;
    uint64_t ops;
    uint64_t torn_bytes;       /* cut (or, read-only, found) after the last valid frame; 0 = a clean end */
    atp_journal_position_t end;
} atp_journal_tail_t;

/* Called for each valid frame in order. Returning an error ends the replay with it. */
typedef atp_err_t (*atp_frame_visit_t)(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                                       atp_why_t *ret_why);

/* Finds the segments. A missing number between two segments is ATP_ERR_CORRUPT. */
ATP_MUST_USE atp_err_t atp_journal_open(const atp_journal_options_t *options, atp_journal_t **ret_journal,
                                        atp_why_t *ret_why);

/* Verifies every frame there is and visits those that hold ops >= from_op (a frame that straddles from_op is
 * visited whole). Fails with ATP_ERR_CORRUPT if the journal begins after from_op (unless it is empty and
 * from_op is 1). Afterwards the journal can be appended to (not read-only). Call once. */
ATP_MUST_USE atp_err_t atp_journal_replay(atp_journal_t *journal, uint64_t from_op, atp_frame_visit_t visit,
                                          void *context, atp_journal_tail_t *ret_tail, atp_why_t *ret_why);

/* Writes one frame after the last (write only: not durable yet). Goes on to the next prepared segment when it
 * does not fit; ATP_ERR_NO_SPACE if none is ready (nothing was written; try again after `prepare`). */
ATP_MUST_USE atp_err_t atp_journal_append(atp_journal_t *journal, const atp_frame_t *frame);

/* Writes a closing mark if the last frame is not declared durable by anything after it yet. */
ATP_MUST_USE atp_err_t atp_journal_append_mark(atp_journal_t *journal, uint64_t incarnation, int64_t time_ms);

/* Makes all appended frames durable. A failure is final. */
ATP_MUST_USE atp_err_t atp_journal_sync(atp_journal_t *journal);

/* Highest durable op. Thread: any. */
uint64_t atp_journal_durable_op(const atp_journal_t *journal);

/* Makes empty segments up to `segments_ahead`: creates, zero-writes, syncs file and folder. ATP_ERR_NO_SPACE is
 * not final. Does nothing when enough are ready. Thread: the keeper. */
ATP_MUST_USE atp_err_t atp_journal_prepare(atp_journal_t *journal);

/* Bytes that can be appended for certain: the rest of the current segment and the prepared ones. Thread: any. */
uint64_t atp_journal_room(const atp_journal_t *journal);

/* Removes segments all of whose ops are below `op`, oldest first, never the current one. Thread: the keeper. */
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

/* Inside of the journal: what stands on disk, and the struct that its files share.
 *
 *     journal.c         open, append, sync, close: the journal thread
 *     journal_keeper.c  prepare, drop: the keeper thread
 *     journal_replay.c  walks the frames, visits, tells torn from corrupt: before the threads
 *     journal_tail.c    cuts the torn end, makes the rest durable, hands over to the threads
 *     journal_reader.c  a window over a segment file, and what stands behind a place in it
 *     journal_format.c  headers and names
 *
 * Segments are numbered without gaps: [oldest .. current] are used, [current+1 .. last_ready] are prepared. The keeper
 * passes a prepared segment to the journal thread in slot number % ATP_SEGMENTS_AHEAD_MAX, and gets back, in the same
 * slot, the first op of each segment begun. The keeper reads that before it uses the slot again. */
#ifndef ATP_STORE_JOURNAL_PRIV_H
#define ATP_STORE_JOURNAL_PRIV_H

#include "engine/base/atomics.h"
#include "engine/store/journal.h"

#include <stddef.h>

#define ATP_JOURNAL_FOLDER    "journal"
#define ATP_JOURNAL_TEMPORARY "journal/next.tmp"
#define ATP_SEGMENT_MAGIC     UINT32_C(0x53505441) /* "ATPS" */
#define ATP_FRAME_MAGIC       UINT32_C(0x46505441) /* "ATPF" */
#define ATP_JOURNAL_FORMAT    1

#define ATP_FRAME_IS_MARK       1u
#define ATP_FRAME_AFTER_DURABLE 2u

#define ATP_JOURNAL_STAGING_SIZE ((size_t)64 << 10)
#define ATP_JOURNAL_WINDOW_SIZE  ((size_t)1 << 20)
#define ATP_JOURNAL_PIECE_SIZE   ((size_t)256 << 10) /* of a segment that is made */

typedef struct atp_segment_header {
    uint32_t magic;
    uint16_t format;
    uint16_t zero;
    uint64_t number;
    uint64_t size;
    uint64_t first_op;
    uint64_t previous_digest;
    uint64_t incarnation;
    int64_t time_ms;
    uint64_t digest;
} atp_segment_header_t;

typedef struct atp_frame_header {
    uint32_t magic;
    uint16_t format;
    uint16_t flags;
    uint32_t payload_size;
    uint32_t op_count;
    uint64_t incarnation;
    uint64_t first_op;
    int64_t time_ms;
    uint64_t previous_digest;
    uint64_t durable_op;
    uint64_t verdict_digest;
    uint64_t payload_digest;
    uint64_t digest;
} atp_frame_header_t;

_Static_assert(sizeof(atp_segment_header_t) == ATP_SEGMENT_HEADER_SIZE, "stands on disk as it is");
_Static_assert(sizeof(atp_frame_header_t) == ATP_FRAME_HEADER_SIZE, "stands on disk as it is");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "what stands on disk is little-endian");

/* A segment file, as open and replay find it and as the keeper remembers it. */
typedef struct atp_segment {
    uint64_t number;
    uint64_t first_op;
} atp_segment_t;

typedef struct atp_segment_slot {
    atp_file_t *file;  /* keeper, before last_ready passes the number */
    uint64_t size;     /* likewise */
    uint64_t first_op; /* journal thread, before current passes the number */
} atp_segment_slot_t;

struct atp_journal {
    /* set at open, read-only after */
    atp_storage_t *storage;
    uint64_t segment_size;
    uint32_t segments_ahead;
    bool read_only;
    bool in_use;
    uint64_t newest_bytes; /* 0 = all */
    bool accept_loss;
    bool is_replayed;

    /* stored by the journal thread, read by any */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t durable_op;
    _Atomic uint64_t current;         /* number of the segment appended to; 0 before the first */
    _Atomic uint64_t durable_segment; /* highest segment that has begun durably */
    _Atomic uint64_t current_left;    /* bytes for frames left in it */
    _Atomic uint64_t frames;
    _Atomic uint64_t bytes;
    _Atomic uint64_t syncs;

    /* stored by the keeper, read by any */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t last_ready; /* highest number prepared */
    _Atomic uint64_t oldest;

    /* set by either, never cleared */
    _Alignas(ATP_CACHE_LINE) _Atomic bool is_failed;

    /* journal thread only */
    _Alignas(ATP_CACHE_LINE) atp_file_t *file;
    uint64_t offset; /* where the next frame goes; 0: the segment header is not written yet */
    uint64_t size;   /* of the current segment */
    uint64_t next_op;
    uint64_t digest;      /* of the last frame */
    bool is_dirty;        /* something was written since the last sync */
    uint64_t incarnation; /* of the last frame or mark */
    bool is_closed;       /* a mark is the last frame, or there is none */
    unsigned char *staging;

    /* keeper only (open and replay before it) */
    _Alignas(ATP_CACHE_LINE) atp_segment_t *segments; /* used ones, oldest first; before replay: all */
    size_t segment_count;
    size_t segment_capacity;
    unsigned char *zeros; /* zeros_size of them */
    size_t zeros_size;
    atp_file_t *next_file; /* the segment that is being made; NULL: none */
    uint64_t next_filled;  /* bytes of it that are on disk */

    /* between the two, see above */
    _Alignas(ATP_CACHE_LINE) atp_segment_slot_t slots[ATP_SEGMENTS_AHEAD_MAX];
};

/* ---- journal_format.c ---- */

/* Bytes a frame takes on disk, padding included. */
static inline uint64_t atp_frame_size(uint32_t payload_size)
{
    return ATP_FRAME_HEADER_SIZE + (((uint64_t)payload_size + 7) & ~UINT64_C(7));
}

void atp_segment_path(uint64_t number, char ret_path[ATP_PATH_SIZE_MAX]);

/* True if `name` is that of a segment. */
bool atp_segment_number(const char *name, uint64_t *ret_number);

void atp_segment_header_seal(atp_segment_header_t *header);
bool atp_segment_header_verify(const atp_segment_header_t *header);

/* `number` and `offset`: the place where the frame stands. */
void atp_frame_header_seal(atp_frame_header_t *header, uint64_t number, uint64_t offset);
bool atp_frame_header_verify(const atp_frame_header_t *header, uint64_t number, uint64_t offset);

uint64_t atp_frame_payload_digest(const void *payload, uint32_t payload_size);

/* Fills *ret_why with the segment, the offset and the advice. Returns ATP_ERR_CORRUPT. */
atp_err_t atp_journal_corrupt(atp_why_t *ret_why, uint64_t number, uint64_t offset, const char *format, ...)
    ATP_PRINTF(4, 5);

/* ---- journal_reader.c ---- */

/* A segment file and a window over it. */
typedef struct atp_segment_reader {
    atp_storage_t *storage;
    atp_file_t *file; /* NULL: none open */
    uint64_t number;
    uint64_t size;
    unsigned char *bytes;
    size_t capacity;
    uint64_t window_at;
    size_t window_size;
} atp_segment_reader_t;

/* Opens segment `number`, closing the one before. The window's memory is kept until atp_segment_reader_fini. */
ATP_MUST_USE atp_err_t atp_segment_reader_open(atp_segment_reader_t *reader, uint64_t number,
                                               atp_why_t *ret_why);

/* Shows [at, at + size), which must lie in the file, until the next call. Whatever more the window holds is told
 * in *ret_shown >= size. `at`: a multiple of 8; *ret_bytes is then aligned to 8. */
ATP_MUST_USE atp_err_t atp_segment_reader_show(atp_segment_reader_t *reader, uint64_t at, size_t size,
                                               const unsigned char **ret_bytes, size_t *ret_shown,
                                               atp_why_t *ret_why);
void atp_segment_reader_fini(atp_segment_reader_t *reader);

/* What stands in a segment after the place where the frames end. */
typedef struct atp_survey {
    uint64_t content_end; /* after the last byte that is not zero; the place itself if all are */
    bool is_declared;     /* something valid there says that what should stand at the place was durable */
    uint64_t declared_at; /* offset of the first that says so */
} atp_survey_t;

/* Looks at [from, end of file). `expected_op`: first op of the frame that should stand at `from`. */
ATP_MUST_USE atp_err_t atp_segment_survey(atp_segment_reader_t *reader, uint64_t from, uint64_t expected_op,
                                          atp_survey_t *ret_survey, atp_why_t *ret_why);

/* ---- journal_tail.c ---- */

/* Where the walk over the frames ended. */
typedef struct atp_walk_end {
    size_t used_count; /* segments with a valid header; those after are unused, or junk to be cut */
    uint64_t offset;   /* end of the last valid frame of the last used one */
    uint64_t next_op;
    uint64_t digest;
    uint64_t declared_op; /* highest durable op that a valid frame names */
    uint64_t incarnation; /* of the last valid frame or mark */
    bool is_closed;       /* a mark is the last frame, or there is none */
} atp_walk_end_t;

/* Cuts the torn tail, makes what is left durable, opens the segments to append to. */
ATP_MUST_USE atp_err_t atp_journal_settle(atp_journal_t *journal, atp_segment_reader_t *reader,
                                          const atp_walk_end_t *end, atp_why_t *ret_why);

/* ---- journal.c, journal_keeper.c ---- */

/* Makes the journal failed for good. */
atp_err_t atp_journal_set_failed(atp_journal_t *journal);
bool atp_journal_is_failed(const atp_journal_t *journal);

/* Adds a segment to the keeper's table. */
ATP_MUST_USE atp_err_t atp_journal_remember(atp_journal_t *journal, uint64_t number, uint64_t first_op);

#endif

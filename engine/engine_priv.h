/* Inside the engine: its parts, by the thread that owns them. */
#ifndef ATP_ENGINE_ENGINE_PRIV_H
#define ATP_ENGINE_ENGINE_PRIV_H

#include "engine/ahead.h"
#include "engine/base/parker.h"
#include "engine/base/ring.h"
#include "engine/engine.h"

#include <pthread.h>

#define ATP_SNAPSHOT_MAP_DEFAULT (UINT64_C(64) << 30) /* address space, not memory */
#define ATP_FRAMES               16 /* being filled, waiting, or being written: a power of two */
#define ATP_FRAME_BUFFER_SIZE    ((size_t)4 << 20) /* one batch always fits into an empty one */
#define ATP_FRAME_LINES          8192              /* a frame is closed when it has taken as many */
#define ATP_FRAME_ROWS           32768             /* changed positions noted a frame */
#define ATP_CLASS_RING_SIZE      8192              /* batches */
#define ATP_PULSE_LIMIT          1000              /* reservations a pulse looks at */
#define ATP_COPY_PIECES          8                 /* copied in passing a step while a snapshot is taken */

/* How a thread is asked to end. */
typedef enum atp_end { ATP_END_NOT, ATP_END_WHEN_DRAINED, ATP_END_NOW } atp_end_t;

/* A group of ops that become durable together, and the batches that wait for it. */
typedef struct atp_open_frame {
    unsigned char *payload;
    size_t payload_size;
    uint64_t first_op;
    uint32_t op_count;
    uint32_t lines;
    int64_t time_ms;
    uint64_t verdict_digest;
    uint64_t last_op;         /* applied when it was closed */
    atp_batch_t *first_batch; /* NULL once answered */
    atp_batch_t **last_batch;
    atp_batch_t *first_bulk; /* until it is closed: then they are answered behind the others */
    atp_batch_t **last_bulk;
    bool has_foreground; /* batches of other classes than bulk */
    atp_row_changes_t changes;
    atp_ledger_counts_t counts;
} atp_open_frame_t;

/* A batch of which the ops are being applied. */
typedef struct atp_taking {
    atp_batch_t *batch; /* NULL: none */
    atp_ahead_t ahead;
    atp_result_t *results; /* of the next op */
    atp_grant_t *grants;
} atp_taking_t;

struct atp_engine {
    /* set at open, read-only after */
    atp_engine_options_t options;
    atp_engine_probes_t probes;
    atp_storage_t *storage;
    bool owns_storage;
    int lock_file;
    atp_ledger_t *ledger;
    atp_journal_t *journal;
    atp_snapshots_t *snapshots; /* NULL: without */
    uint64_t incarnation;
    size_t frame_size; /* a frame's payload at most: what buffer and journal segment hold */
    size_t batch_size; /* a batch's ops at most */
    atp_open_frame_t frames[ATP_FRAMES];

    /* stored by submitters */
    _Alignas(ATP_CACHE_LINE) atp_ring_t rings[ATP_CLASS_COUNT];
    _Atomic uint64_t lines_waiting[ATP_CLASS_COUNT];
    _Atomic uint32_t is_stopping;
    _Atomic uint32_t submitters; /* inside submit right now */
    _Atomic uint32_t is_snapshot_wanted;
    _Atomic uint32_t is_snapshot_busy; /* from begin until it is complete, failed or given up */

    /* stored by the ledger thread */
    _Alignas(ATP_CACHE_LINE) atp_ledger_time_t time;
    atp_ring_t closed_frames;              /* ledger thread -> journal thread */
    atp_open_frame_t *frame;               /* being filled; NULL = none taken */
    unsigned turn;                         /* atp_class_t */
    atp_taking_t bulk;                     /* what is left of a divisible batch */
    bool is_crowded;                       /* more is due at the time of the frame than one op is to meet */
    atp_batch_t *waiting[ATP_CLASS_COUNT]; /* for pulses to clear that: the first of the class */
    atp_batch_t *readers;                  /* that wait for the same */
    uint64_t snapshot_begun_op;
    _Atomic uint64_t sealed_op;
    _Atomic int64_t snapshot_begun_ms;
    bool is_copying;
    bool is_sealed_pending; /* all copied; waits until its op is durable */
    int64_t next_snapshot_ms;
    _Atomic uint64_t verdicts[ATP_VERDICT_LIMIT];
    _Atomic uint64_t kinds[ATP_OP_KIND_LIMIT];
    _Atomic uint64_t repeats;
    _Atomic uint64_t pulses;
    _Atomic uint32_t is_slewing;

    /* stored by the journal thread */
    _Alignas(ATP_CACHE_LINE) atp_ring_t free_frames; /* journal thread -> ledger thread */
    atp_open_frame_t *unwritten;                     /* one the journal had no room for */
    _Atomic uint64_t frames_written;
    _Atomic uint64_t frame_ops_max;
    _Atomic uint32_t is_failed;
    _Atomic uint32_t is_out_of_room; /* `unwritten` waits */
    int64_t last_time_ms;
    uint64_t written_ns;         /* monotonic, of the last frame */
    bool is_marked;              /* a closing mark stands after the last frame */
    pthread_mutex_t counts_lock; /* off the hot path: the last frame's counts, for metrics */
    atp_ledger_counts_t counts;

    /* stored by the keeper and the snapshot thread */
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t is_granting;
    _Atomic uint64_t snapshots_completed;
    _Atomic uint64_t snapshots_failed;
    _Atomic uint64_t snapshot_op;
    _Atomic int64_t snapshot_ms;
    _Atomic uint64_t snapshot_took_ms;
    bool is_disk_full_told;

    /* threads */
    atp_parker_t ledger_parker;
    atp_parker_t journal_parker;
    atp_parker_t keeper_parker;
    pthread_t threads[4];
    unsigned thread_count;
    _Atomic uint32_t ledger_must_end; /* atp_end_t */
    _Atomic uint32_t journal_must_end;
    _Atomic uint32_t helpers_must_end;
};

/* engine_recovery.c */
/* Takes the lock of a data folder. ATP_ERR_LOCKED: another process has it. */
atp_err_t atp_engine_lock_folder(const char *folder, int *ret_fd, atp_why_t *ret_why);
atp_err_t atp_engine_recover(atp_engine_t *engine, atp_recovery_t *ret_recovery, atp_why_t *ret_why);
/* Looks whether all ops of a frame are well formed: then atp_op_next leads from one to the next. */
atp_err_t atp_engine_check_frame(const atp_frame_t *frame, atp_journal_position_t place, atp_why_t *ret_why);
/* Who looks on while a frame is replayed. */
typedef struct atp_onlooker {
    /* Before an op is applied: it sees the ledger as the op finds it. NULL: it is not told. */
    void (*before)(void *context, const atp_op_t *op, int64_t time_ms);
    void (*after)(void *context, const atp_op_t *op, const atp_result_t *result, const atp_grant_t *grants,
                  int64_t time_ms);
    void *context;
} atp_onlooker_t;

/* Applies the ops of one frame as the journal has it; every verdict must come out as it was. `onlooker` may be NULL. */
atp_err_t atp_engine_replay_frame(atp_ledger_t *ledger, const atp_frame_t *frame,
                                  atp_journal_position_t place, const atp_onlooker_t *onlooker,
                                  atp_why_t *ret_why);
/* The running digest of the verdicts of a frame. */
uint64_t atp_verdict_digest_add(uint64_t digest, const atp_result_t *result);

/* genesis.c */
atp_err_t atp_genesis_read(const char *folder, atp_ledger_config_t *ret_config, atp_why_t *ret_why);
atp_err_t atp_genesis_write(const char *folder, const atp_ledger_config_t *config, atp_why_t *ret_why);

/* engine_snapshot.c, ledger thread: begins, copies in passing, seals. True if it did something. */
bool atp_engine_tend_snapshot(atp_engine_t *engine);

void atp_engine_tell(const atp_engine_t *engine, const char *event, atp_err_t err, const char *text);

#endif

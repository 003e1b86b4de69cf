/* The engine: the ledger, kept. It takes batches of ops from any thread, applies them on one, makes them durable,
 * and only then says what became of them.
 *
 *     any thread        submit --> rings, one a class
 *     ledger thread     step_ledger: takes what waits, applies it, closes a frame
 *     journal thread    step_journal: writes all closed frames, one sync, then answers their batches
 *     snapshot thread   step_snapshot: writes the pieces the ledger thread hands out
 *     keeper thread     step_keeper: segments ahead of use, memory ahead of use, old segments away
 *
 * The steps do no waiting: a test may call them in turn in one thread, with its own clock and disk.
 *
 * Failures    A failed write or sync of the journal is fatal: options.fatal is called and must not return to
 *             business. A full disk is not: grants are refused (ATP_ERR_NO_SPACE) while facts, releases and
 *             shipments go on in the space kept for them; reads go on in any case.
 * Invariants  E1  a batch is answered once, after every op it names is durable.
 *             E2  frames are written in the order in which they were applied.
 *             E3  a snapshot becomes one only after its op is durable.
 *             E4  while another class waits, at most ATP_BULK_PIECE_LINES of bulk are applied before it has its turn, beyond what is never
 *                 cut: one op, one piece of a question, a batch that is not divisible. Its frame is closed before more of bulk is.
 *             E5  while bulk waits, a frame that was closed for others is followed by one that begins with bulk.
 *             E6  a question that is asked of an op sees the ledger as the op finds it: nothing comes between, and nothing that is due at that
 *                 time is left for the op to settle. */
#ifndef ATP_ENGINE_ENGINE_H
#define ATP_ENGINE_ENGINE_H

#include "engine/base/err.h"
#include "engine/clock.h"
#include "engine/ledger/config.h"
#include "engine/ledger/ledger.h"
#include "engine/store/journal.h"
#include "engine/store/snapshot.h"
#include "engine/store/storage.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_engine atp_engine_t;
typedef struct atp_batch atp_batch_t;

#define ATP_BULK_PIECE_LINES 128 /* some 0.1 ms */

/* Served in this order by weight; a message stays in order within its class. */
typedef enum atp_class {
    ATP_CLASS_RELEASE, /* releases, cancels, shipments, settlements: what frees */
    ATP_CLASS_FIRM,    /* allocate, extend: orders */
    ATP_CLASS_RESERVE, /* reservations, catalogue changes, questions to the ledger thread */
    ATP_CLASS_FACT,    /* live facts */
    ATP_CLASS_BULK,    /* feeds: what the others leave, a piece at a time */
    ATP_CLASS_COUNT
} atp_class_t;

const char *atp_class_name(atp_class_t class);

/* One message's worth of ops, or one question. Lives in the submitter's memory; the engine owns it from a
 * successful submit until `done`. */
struct atp_batch {
    /* by the submitter */
    atp_class_t class;
    uint32_t op_count;
    uint32_t line_count;   /* of all ops: counted against the class limit, at least op_count */
    const void *ops;       /* op records, one after the other, 8-byte aligned */
    size_t ops_size;       /* at most ATP_BATCH_OPS_SIZE_MAX, and 3/4 of a journal segment */
    atp_result_t *results; /* op_count */
    atp_grant_t *grants;   /* those of op k begin at the sum of atp_op_grant_room of the ops before it */
    /* Instead of ops: runs on the ledger thread between two ops. Bounded work, no change. May be NULL. */
    void (*question)(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms);
    uint32_t
        question_pieces; /* it is called so often, each time between two ops, with `piece` from 0 on; 0 = once */
    /* The question is not instead of the ops, but of some of them: it is called before each of these, in the op's own turn, with `piece` from
     * 0 on, for the first of asked_ops. What is due at that moment is settled first (E6). */
    const uint32_t *asked_ops; /* their indexes, ascending */
    uint32_t asked_count;      /* 0: it is instead of ops */
    /* Of class bulk: others may be applied between its ops, and a frame may end there. None of them may rest on an op
     * before it (ATP_CLIENT_NAMED, ATP_OP_IN_SOURCE). */
    bool is_divisible;
    /* Called once, on the journal thread. ATP_OK: all is durable and filled in. Otherwise nothing is known to be
     * done. Must not block; may free the batch. */
    void (*done)(atp_batch_t *batch, atp_err_t err);
    void *context;

    /* by the engine */
    atp_batch_t *next;
    uint32_t piece;        /* of the question, the one that is asked */
    uint64_t submitted_ns; /* monotonic */
    uint64_t durable_op;   /* at `done` */
};

#define ATP_BATCH_OPS_SIZE_MAX ((size_t)3 << 20)

typedef struct atp_engine_options {
    const char *data_folder;
    atp_storage_t *storage; /* of the journal; NULL = the disk below data_folder */
    atp_clock_t *clock;     /* NULL = the system's */
    const atp_ledger_config_t
        *proposal;            /* taken at the first start only; capacities of an existing folder stay */
    bool accept_time_gap;     /* start although more than a day has passed since the last op */
    bool accept_journal_loss; /* an empty journal may go on from the snapshot: a lost one was moved away */
    uint64_t segment_size;    /* 0 = default */
    uint32_t segments_ahead;  /* 0 = 4 */
    uint64_t reserve_bytes;   /* journal room kept for facts, releases, shipments, pulses; 0 = one segment */
    uint64_t snapshot_interval_ms; /* 0 = only on request */
    uint64_t snapshot_map_size;    /* 0 = 64 GiB of address space */
    uint32_t snapshot_pool_pieces; /* 0 = 4096 */
    uint32_t snapshot_pause_us;
    uint32_t lines_in_flight[ATP_CLASS_COUNT]; /* 0 = 65,536 */
    size_t populate_ahead;                     /* bytes of memory kept ready ahead of each table; 0 = none */
    bool without_snapshots;                    /* a test without LMDB */

    /* Called on the journal thread when durability is lost. Must end the process (a test may mark and return). */
    void (*fatal)(void *context, atp_err_t err, const char *what);
    /* Called on the journal thread after each frame is durable, with the positions it changed (none, or some; duplicates
     * possible; `is_overflown`: there were more). May be NULL. Must not block. */
    void (*on_durable)(void *context, uint64_t op, const uint32_t *rows, uint32_t row_count,
                       bool is_overflown);
    /* One line for the log: "snapshot completed op=17". Any engine thread. May be NULL. */
    void (*on_event)(void *context, const char *event, atp_err_t err, const char *text);
    void *context;
} atp_engine_options_t;

/* What start-up found, for the log and for `atpd --check`. */
typedef struct atp_recovery {
    bool is_new;
    uint64_t snapshot_op; /* 0 = none */
    uint64_t replayed_ops;
    uint64_t last_op;
    uint64_t torn_bytes;
    uint64_t incarnation;
    uint64_t took_ms;   /* all of the start */
    uint64_t replay_ms; /* of it, the journal's part */
    atp_why_t note;     /* a damaged older generation, say; empty when all was well */
} atp_recovery_t;

/* Locks the folder, recovers ledger, journal and snapshots. No thread runs yet. */
ATP_MUST_USE atp_err_t atp_engine_open(const atp_engine_options_t *options, atp_engine_t **ret_engine,
                                       atp_recovery_t *ret_recovery, atp_why_t *ret_why);

/* Frees everything; threads are stopped. Batches not answered yet get ATP_ERR_CLOSED. Safe on NULL. */
void atp_engine_close(atp_engine_t *engine);

/* Starts and stops the four threads. Stop drains: what was submitted is applied, made durable and answered;
 * `with_snapshot` takes one last snapshot. Submits are refused from then on. A journal that has failed, or has
 * had no room for two seconds, is not waited for: what is left is answered ATP_ERR_CLOSED by close. */
ATP_MUST_USE atp_err_t atp_engine_start(atp_engine_t *engine, atp_why_t *ret_why);
void atp_engine_stop(atp_engine_t *engine, bool with_snapshot);

#define ATP_QUESTIONED_OPS_MAX 64 /* ops of one batch that a question is of */
#define ATP_ENGINE_ASKED_ROOM                                                                                \
    ((size_t)16 << 10) /* of a batch with a question of its ops: for what is settled before them */

/* Hands a batch in. ATP_ERR_BUSY: the class is full; ATP_ERR_NO_SPACE: the journal has no room for grants;
 * ATP_ERR_LIMIT: more bytes than a frame of this journal holds (less ATP_ENGINE_ASKED_ROOM where a question is of ops); ATP_ERR_CLOSED: stopping. On failure the batch stays the caller's. Thread: any. Never blocks. */
ATP_MUST_USE atp_err_t atp_engine_submit(atp_engine_t *engine, atp_batch_t *batch);

/* ---- the steps; each returns true if it did something ---- */

bool atp_engine_step_ledger(atp_engine_t *engine);
bool atp_engine_step_journal(atp_engine_t *engine);
bool atp_engine_step_snapshot(atp_engine_t *engine);
bool atp_engine_step_keeper(atp_engine_t *engine);

/* Asks for a snapshot as soon as one can begin. Thread: any. */
void atp_engine_request_snapshot(atp_engine_t *engine);

/* ---- what any thread may ask ---- */

const atp_ledger_t *atp_engine_ledger(const atp_engine_t *engine);
atp_ledger_t *atp_engine_ledger_for_tests(atp_engine_t *engine);
int64_t atp_engine_now_ms(const atp_engine_t *engine);
uint64_t atp_engine_incarnation(const atp_engine_t *engine);
uint64_t atp_engine_applied_op(const atp_engine_t *engine);
uint64_t atp_engine_durable_op(const atp_engine_t *engine);

typedef struct atp_engine_stats {
    uint64_t applied_op;
    uint64_t durable_op;
    uint64_t frames;
    uint64_t frame_ops_max;
    uint64_t repeats; /* answers given again */
    uint64_t pulses;
    uint64_t verdicts[ATP_VERDICT_LIMIT];
    uint64_t kinds[ATP_OP_KIND_LIMIT];
    uint64_t lines_waiting[ATP_CLASS_COUNT];
    uint64_t snapshots_completed;
    uint64_t snapshots_failed;
    uint64_t snapshot_op; /* of the last completed one */
    int64_t snapshot_ms;  /* ledger time when it was complete */
    uint64_t snapshot_took_ms;
    uint64_t journal_room;
    bool is_granting; /* false: no room for grants */
    bool is_slewing;
    atp_journal_stats_t journal;
    atp_ledger_counts_t counts; /* as of the last frame */
} atp_engine_stats_t;
void atp_engine_stats(atp_engine_t *engine, atp_engine_stats_t *ret_stats);

/* Durations, in ns, as they happen: called on the journal thread. For histograms; may be NULL. */
typedef struct atp_engine_probes {
    void (*frame)(void *context, uint32_t ops, uint64_t write_ns, uint64_t sync_ns);
    void *context;
} atp_engine_probes_t;
void atp_engine_set_probes(atp_engine_t *engine, const atp_engine_probes_t *probes);

/* ---- without starting ---- */

typedef struct atp_check_report {
    atp_recovery_t recovery;
    atp_journal_tail_t tail;
    atp_snapshot_meta_t snapshots[2]; /* op 0 = none there */
    uint64_t state_hash;
    atp_ledger_counts_t counts;
} atp_check_report_t;

/* Verifies snapshots and journal of a folder nobody runs on, replays, checks every invariant; changes
 * nothing. */
ATP_MUST_USE atp_err_t atp_engine_check(const char *data_folder, atp_check_report_t *ret_report,
                                        atp_why_t *ret_why);

/* What an audit found. */
typedef struct atp_audit_report {
    uint64_t from_op; /* 1, or the op after the snapshot it had to begin at */
    uint64_t ops;
    uint64_t reserves;
    uint64_t granted;
    uint64_t refused;
    uint64_t expired;  /* reservations that ran out of time */
    uint64_t oversold; /* grants after which a position had less than nothing left: always 0 */
    uint64_t first_oversold_op;
    uint64_t state_hash;
    atp_ledger_counts_t counts;
} atp_audit_report_t;

/* Replays the journal of a folder, which may be in use (then up to the last whole frame), and checks every grant in it, every verdict, and every
 * invariant of the state it ends in. Changes nothing. Needs the memory of one more ledger. */
ATP_MUST_USE atp_err_t atp_engine_audit(const char *data_folder, atp_audit_report_t *ret_report,
                                        atp_why_t *ret_why);

#endif

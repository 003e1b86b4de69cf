/* Snapshots: the state as of one op, in LMDB, taken while the ledger runs.
 *
 * Two LMDB environments, `snapshot/a` and `snapshot/b`; each holds at most one complete snapshot. A new one
 * goes over the older, so that a complete one is there at all times. In an environment:
 *
 *     database "pieces"   key: u32 table id, u64 piece (big-endian, so that keys sort)
 *                         value: u64 checksum, bytes
 *     database "meta"     key "snapshot": the atp_snapshot_meta_t below, with its own checksum
 *
 * and beside it a seal: size and digests of `data.mdb` (engine/store/snapshot_seal.h).
 *
 * The seal says "writing" before the old files are removed, and "complete" after all pieces were synced, the
 * meta record was written in a last transaction and synced, and the file was read back for its digests. Only
 * a generation with a complete seal is a snapshot. LMDB has neither page checksums nor checks of its pages (a
 * flipped bit in one makes it read outside its map): so a file is compared with its seal before LMDB sees it,
 * and each piece and the sum of all are checked again after (docs/decisions/0003-snapshot-integrity.md).
 *
 * Flow        The ledger thread hands pieces to the sink: each is copied into a slot of a bounded pool and
 *             pushed to a ring. The snapshot thread takes them off and writes them, in transactions of a
 *             bounded number of bytes with a pause between them, so that the journal's syncs do not queue
 *             behind them. A full pool gives the snapshot up (sink returns false); nothing waits.
 * One owner   The caller makes sure that one process writes a data folder (its lock). LMDB runs without a
 *             lock file and without readers beside the writer: none can go stale. A read-only opening is for
 *             folders nobody writes at the time; it changes nothing on disk, and needs no right to.
 * Failures    A full disk, a full map, a failed write or sync: the snapshot is given up with a reason, the
 *             sink refuses what still comes, and the next begin starts over with new files. The other
 *             generation is not touched by any of it.
 * Threads     begin, sink, pool_used, seal, abandon: the ledger thread.   step, wait: the snapshot thread.
 *             open, load, verify, close: before the threads start or after they ended.   keep_from: any.
 * Memory      the pool is allocated at open: pool_pieces * (ATP_PIECE_SIZE_MAX + 64) bytes. The snapshot
 *             thread allocates while it works (LMDB does); the ledger thread never.
 * Invariants  S1  a generation is a snapshot only if seal, bytes, meta record, each piece and their sum agree.
 *             S2  what is written over is the generation that is no snapshot, else the one of the lower op.
 *             S3  from the first complete snapshot on there is one on disk at any time. */
#ifndef ATP_STORE_SNAPSHOT_H
#define ATP_STORE_SNAPSHOT_H

#include "engine/base/err.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SNAPSHOT_TABLES_MAX 64
#define ATP_SNAPSHOT_FORMAT     1

typedef struct atp_snapshots atp_snapshots_t;

typedef struct atp_snapshot_options {
    const char *folder;             /* data folder; `snapshot/` is made below it */
    uint64_t map_size;              /* of each LMDB environment: the largest snapshot there can be */
    uint32_t pool_pieces;           /* a power of two */
    uint32_t bytes_per_transaction; /* 0 = 256 KiB */
    uint32_t pause_us;              /* after each transaction; 0 = none */
    bool read_only;                 /* load and verify only */
} atp_snapshot_options_t;

/* What a snapshot is a snapshot of. Fixed layout, little-endian, no padding. */
typedef struct atp_snapshot_meta {
    uint32_t format;
    uint32_t table_count;
    uint64_t op; /* the state is as of this op, included */
    uint64_t incarnation;
    int64_t time_ms;     /* ledger time of that op */
    uint64_t state_hash; /* sum of atp_table_hash over the tables */
    uint64_t pieces;
    struct {
        uint32_t table_id;
        uint32_t record_size;
        uint64_t count;
    } tables[ATP_SNAPSHOT_TABLES_MAX];
    uint64_t checksum; /* XXH3 of all before it */
} atp_snapshot_meta_t;

/* Makes the folders (unless read-only) and reads the seals. The environments are opened when they are used.
 * ATP_ERR_INVALID names the option at fault. */
ATP_MUST_USE atp_err_t atp_snapshots_open(const atp_snapshot_options_t *options,
                                          atp_snapshots_t **ret_snapshots, atp_why_t *ret_why);
void atp_snapshots_close(atp_snapshots_t *snapshots);

/* Restores the newest snapshot that verifies into the (empty) tables. ATP_ERR_NOT_FOUND when neither
 * environment holds one. When one is there but damaged the other is taken and *ret_why tells of it; when
 * none verifies: ATP_ERR_CORRUPT. ATP_ERR_LIMIT if a table is too small for what is stored, ATP_ERR_FORMAT if
 * the tables are others than those stored: the older one is not taken in their place. A failed attempt leaves
 * the tables zeroed and empty. Blocks on the disk. */
ATP_MUST_USE atp_err_t atp_snapshots_load(atp_snapshots_t *snapshots, atp_table_t *const *tables,
                                          uint32_t table_count, atp_snapshot_meta_t *ret_meta,
                                          atp_why_t *ret_why);

/* Restores the older generation, which the journal is kept for: for an audit that wants to see as much as there is.
 * ATP_ERR_NOT_FOUND while there are not two; else as load, without a fallback. */
ATP_MUST_USE atp_err_t atp_snapshots_load_older(atp_snapshots_t *snapshots, atp_table_t *const *tables,
                                                uint32_t table_count, atp_snapshot_meta_t *ret_meta,
                                                atp_why_t *ret_why);

/* Verifies both generations without touching any table; fills what it found (format 0 = none there), a first,
 * then b. Used by `atpd --check`. ATP_ERR_CORRUPT names the file and the bytes, or the piece, at fault; the
 * other generation is verified too. */
ATP_MUST_USE atp_err_t atp_snapshots_verify(atp_snapshots_t *snapshots, atp_snapshot_meta_t ret_metas[2],
                                            atp_why_t *ret_why);

/* Op of the older of the two complete generations: the journal must be kept from the op after it. 0 while
 * there are not two. Thread: any. */
uint64_t atp_snapshots_keep_from(const atp_snapshots_t *snapshots);

/* ---- ledger thread ---- */

/* Begins a snapshot: `meta` says what of (format, state_hash, pieces and checksum are filled in).
 * Returns the sink to give to atp_table_copy_begin, or NULL when the last one is still being written. Each
 * begin is followed by one seal or one abandon. The sink refuses pieces when the pool is full and when
 * writing failed. */
const atp_piece_sink_t *atp_snapshots_begin(atp_snapshots_t *snapshots, const atp_snapshot_meta_t *meta);

/* Share of the pool that is taken, 0..100: the ledger copies in passing only while this is low, so that
 * pieces that must be copied aside find room. Thread: ledger. */
uint32_t atp_snapshots_pool_used(const atp_snapshots_t *snapshots);

/* All pieces were handed over: the snapshot thread may finish. */
void atp_snapshots_seal(atp_snapshots_t *snapshots);

/* The snapshot is given up; what was written of it never becomes one. The pool is empty again when the
 * snapshot thread has stepped; until then begin returns NULL. */
void atp_snapshots_abandon(atp_snapshots_t *snapshots);

/* ---- snapshot thread ---- */

typedef enum atp_snapshot_step {
    ATP_SNAPSHOT_IDLE,
    ATP_SNAPSHOT_WORKED,
    ATP_SNAPSHOT_COMPLETED,
    ATP_SNAPSHOT_FAILED
} atp_snapshot_step_t;

/* Writes what the ring holds, up to one transaction, or reads back 4 MiB for the seal. COMPLETED and FAILED
 * are said once each, IDLE when there is nothing to do now; the reason of a failure (disk full, say) is in
 * *ret_why; the next begin starts over. Blocks on the disk and for the pause. */
atp_snapshot_step_t atp_snapshots_step(atp_snapshots_t *snapshots, atp_why_t *ret_why);

/* Sleeps until there is work or `timeout_ns` passed. Some pieces in the pool wait for company, so that the
 * ledger thread makes few wake-up calls: give a timeout of some milliseconds. */
void atp_snapshots_wait(atp_snapshots_t *snapshots, uint64_t timeout_ns);

#endif

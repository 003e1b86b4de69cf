/* Snapshots: the state as of one op, in LMDB, taken while the ledger runs.
 *
 * Two LMDB environments, `snapshot/a` and `snapshot/b`; each holds at most one complete snapshot. A new one
 * goes over the older, so that a complete one is there at all times. In an environment:
 *
 *     database "pieces"   key: u32 table id, u64 piece (big-endian, so that keys sort)   value: u64 checksum, bytes
 *     database "meta"     key "snapshot": the atp_snapshot_meta_t below, with its own checksum
 *
 * The meta record is written in the last transaction, after all pieces are synced: without it, or with a
 * checksum that does not hold, or with a sum of piece hashes other than its state hash, there is no snapshot
 * in that environment, and the other one counts. LMDB has no page checksums: that is why each value has one.
 *
 * Flow        The ledger thread hands pieces to the sink: each is copied into a slot of a bounded pool and
 *             pushed to a ring. The snapshot thread takes them off and writes them, in transactions of a bounded number
 *             of bytes with a pause between them, so that the journal's syncs do not queue behind them.
 *             A full pool gives the snapshot up (sink returns false); nothing waits.
 * Threads     begin, sink, seal, abandon: the ledger thread.   step: the snapshot thread.   load: before the threads start.
 * Memory      the pool is allocated at open: pool_pieces * (ATP_PIECE_SIZE_MAX + 64) bytes. */
#ifndef ATP_STORE_SNAPSHOT_H
#define ATP_STORE_SNAPSHOT_H

#include "engine/base/err.h"
#include "engine/ledger/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SNAPSHOT_TABLES_MAX 24
#define ATP_SNAPSHOT_FORMAT     1

typedef struct atp_snapshots atp_snapshots_t;

typedef struct atp_snapshot_options {
    const char *folder;            /* data folder; `snapshot/` is made below it */
    uint64_t map_size;             /* of each LMDB environment: the largest snapshot there can be */
    uint32_t pool_pieces;          /* a power of two */
    uint32_t bytes_per_transaction; /* 0 = 1 MiB */
    uint32_t pause_us;             /* after each transaction; 0 = none */
    bool read_only;                /* load and verify only */
} atp_snapshot_options_t;

/* What a snapshot is a snapshot of. Fixed layout, little-endian, no padding. */
typedef struct atp_snapshot_meta {
    uint32_t format;
    uint32_t table_count;
    uint64_t op;             /* the state is as of this op, included */
    uint64_t incarnation;
    int64_t time_ms;         /* ledger time of that op */
    uint64_t state_hash;     /* sum of atp_table_hash over the tables */
    uint64_t pieces;
    struct {
        uint32_t table_id;
        uint32_t record_size;
        uint64_t count;
    } tables[ATP_SNAPSHOT_TABLES_MAX];
    uint64_t checksum;       /* XXH3 of all before it */
} atp_snapshot_meta_t;

/* Opens both environments (creating them unless read-only), checks for stale readers. */
ATP_MUST_USE atp_err_t atp_snapshots_open(const atp_snapshot_options_t *options, atp_snapshots_t **ret_snapshots,
                                          atp_why_t *ret_why);
void atp_snapshots_close(atp_snapshots_t *snapshots);

/* Restores the newest snapshot that verifies into the (empty) tables. ATP_ERR_NOT_FOUND when neither
 * environment ever held one. When one is there but damaged the other is taken and *ret_why tells of it; when
 * none verifies: ATP_ERR_CORRUPT. A failed attempt leaves the tables zeroed and empty. */
ATP_MUST_USE atp_err_t atp_snapshots_load(atp_snapshots_t *snapshots, atp_table_t *const *tables, uint32_t table_count,
                                          atp_snapshot_meta_t *ret_meta, atp_why_t *ret_why);

/* Verifies both generations without touching any table; fills what it found (op 0 = none there). Used by
 * `atpd --check`. ATP_ERR_CORRUPT names the piece at fault. */
ATP_MUST_USE atp_err_t atp_snapshots_verify(atp_snapshots_t *snapshots, atp_snapshot_meta_t ret_metas[2], atp_why_t *ret_why);

/* Op of the older of the two complete generations: the journal must be kept from the op after it. 0 while there
 * are not two. Thread: any. */
uint64_t atp_snapshots_keep_from(const atp_snapshots_t *snapshots);

/* ---- ledger thread ---- */

/* Begins a snapshot: `meta` says what of (state_hash, pieces and checksum are filled in as pieces come).
 * Returns the sink to give to atp_table_copy_begin, or NULL when the last one is still being written. */
const atp_piece_sink_t *atp_snapshots_begin(atp_snapshots_t *snapshots, const atp_snapshot_meta_t *meta);

/* Share of the pool that is taken, 0..100: the ledger copies in passing only while this is low, so that
 * pieces that must be copied aside find room. Thread: ledger. */
uint32_t atp_snapshots_pool_used(const atp_snapshots_t *snapshots);

/* All pieces were handed over: the snapshot thread may finish. */
void atp_snapshots_seal(atp_snapshots_t *snapshots);

/* The snapshot is given up; what was written of it never becomes one. */
void atp_snapshots_abandon(atp_snapshots_t *snapshots);

/* ---- snapshot thread ---- */

typedef enum atp_snapshot_step { ATP_SNAPSHOT_IDLE, ATP_SNAPSHOT_WORKED, ATP_SNAPSHOT_COMPLETED, ATP_SNAPSHOT_FAILED } atp_snapshot_step_t;

/* Writes what the ring holds, up to one transaction. COMPLETED and FAILED are said once each; the reason of a
 * failure (disk full, say) is in *ret_why; the next begin starts over. Blocks on the disk. */
atp_snapshot_step_t atp_snapshots_step(atp_snapshots_t *snapshots, atp_why_t *ret_why);

/* Sleeps until there is work or `timeout_ns` passed. */
void atp_snapshots_wait(atp_snapshots_t *snapshots, uint64_t timeout_ns);

#endif

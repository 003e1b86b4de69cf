/* Inside the snapshot module: one generation in LMDB (snapshot.c), and what the writing side
 * (snapshot_write.c) and the reading side (snapshot_load.c) share. */
#ifndef ATP_STORE_SNAPSHOT_PRIV_H
#define ATP_STORE_SNAPSHOT_PRIV_H

#include "engine/store/snapshot.h"
#include "engine/store/snapshot_pool.h"
#include "engine/store/snapshot_seal.h"

#define ATP_SNAPSHOT_FOLDER_SIZE 512
#define ATP_GENERATIONS          2

/* ---- one generation in LMDB ---- */

typedef struct atp_generation_db atp_generation_db_t;

/* A piece as found in the file. `bytes` is valid until the database is closed. */
typedef struct atp_stored_piece {
    uint32_t table_id;
    uint32_t size;
    uint64_t piece;
    uint64_t checksum;
    const unsigned char *bytes;
} atp_stored_piece_t;

/* Makes the environment in `folder` an empty one that keeps its disk blocks: LMDB begins from the first page and
 * writes over them, none is freed and none allocated. The old pages are never read. After a failure the
 * files must be removed. */
ATP_MUST_USE atp_err_t atp_generation_recycle(const char *folder, atp_why_t *ret_why);
/* Makes a new environment in `folder`, where none is or a recycled one, for writing. */
ATP_MUST_USE atp_err_t atp_generation_create(const char *folder, uint64_t map_size,
                                             atp_generation_db_t **ret_db, atp_why_t *ret_why);
/* Writes a piece into the open transaction (one is begun if none is). `bytes` is copied. */
ATP_MUST_USE atp_err_t atp_generation_put(atp_generation_db_t *db, const atp_stored_piece_t *piece,
                                          atp_why_t *ret_why);
/* Commits the open transaction and starts its pages on the way to the disk; does not wait for them. */
ATP_MUST_USE atp_err_t atp_generation_commit(atp_generation_db_t *db, atp_why_t *ret_why);
/* Syncs all pieces, then writes and syncs the meta record. */
ATP_MUST_USE atp_err_t atp_generation_finish(atp_generation_db_t *db, const atp_snapshot_meta_t *meta,
                                             atp_why_t *ret_why);

/* Opens what is in `folder` for reading. The caller has checked its bytes against the seal. */
ATP_MUST_USE atp_err_t atp_generation_open(const char *folder, uint64_t data_size,
                                           atp_generation_db_t **ret_db, atp_why_t *ret_why);
/* The meta record, with checksum and format checked. */
ATP_MUST_USE atp_err_t atp_generation_meta(atp_generation_db_t *db, atp_snapshot_meta_t *ret_meta,
                                           atp_why_t *ret_why);
/* The next piece in the order of the keys; ATP_ERR_NOT_FOUND after the last. Checks the form of key and
 * value, not the checksum. */
ATP_MUST_USE atp_err_t atp_generation_next(atp_generation_db_t *db, atp_stored_piece_t *ret_piece,
                                           atp_why_t *ret_why);

/* Gives up an open transaction. destroy(NULL) is safe. */
void atp_generation_destroy(atp_generation_db_t *db);

/* ---- the module ---- */

/* Who moves the request on: ledger thread IDLE -> OPEN -> SEALED or ABANDONED, snapshot thread the last two
 * -> IDLE. */
enum { ATP_REQUEST_IDLE, ATP_REQUEST_OPEN, ATP_REQUEST_SEALED, ATP_REQUEST_ABANDONED };

typedef enum atp_writer_state {
    ATP_WRITER_IDLE,    /* nothing asked for */
    ATP_WRITER_PIECES,  /* the environment is open, pieces go in */
    ATP_WRITER_SEALING, /* all is in and synced, the digests are taken */
    ATP_WRITER_DRAINING /* failed or abandoned: what comes is thrown away */
} atp_writer_state_t;

typedef struct atp_generation {
    char folder[ATP_SNAPSHOT_FOLDER_SIZE];
    bool is_complete;
    bool is_damaged;
    uint64_t op;
} atp_generation_t;

struct atp_snapshots {
    /* set at open, read-only after */
    uint64_t map_size;
    uint32_t bytes_per_transaction;
    uint32_t pause_us;
    bool read_only;
    atp_piece_sink_t sink;
    atp_piece_pool_t pool;

    /* stored by turns: ledger thread and snapshot thread (above) */
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t request;
    /* ledger thread writes while the request is IDLE, snapshot thread otherwise */
    atp_snapshot_meta_t meta;
    uint64_t pieces_expected;

    /* snapshot thread stores */
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t is_failed; /* the sink takes no more for this request */
    _Atomic uint64_t keep_from;

    /* snapshot thread only (before the threads start: load and verify) */
    _Alignas(ATP_CACHE_LINE) atp_generation_t generations[ATP_GENERATIONS];
    atp_writer_state_t writer_state;
    atp_generation_t *target;
    atp_generation_db_t *db;
    atp_sealer_t sealer;
    uint64_t bytes_in_transaction;
};

/* Number of pieces of a table with `count` records of `record_size` bytes. */
uint64_t atp_snapshot_pieces_of(uint32_t record_size, uint64_t count);

/* Checksum over all fields before the checksum. */
uint64_t atp_snapshot_meta_checksum(const atp_snapshot_meta_t *meta);

/* Works out keep_from again from the generations. */
void atp_snapshots_note_generations(atp_snapshots_t *snapshots);

/* The sink's function. */
bool atp_snapshots_save(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size);

#endif

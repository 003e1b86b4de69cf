/* A primary table of the ledger: records of one size, numbered from 0, at addresses that never change.
 *
 * All state of the ledger lives in such tables, and only there. So a snapshot is a copy of their pieces, a
 * restore is those pieces put back, and the state hash is a hash over them; indexes are rebuilt.
 *
 * Copy aside  While a snapshot is taken, a piece that has not been copied yet is pending. Whoever changes a
 *             record says so first (atp_table_change); if its piece is pending, the piece goes to the sink
 *             as it was. Pieces nobody changes are copied in passing (atp_table_copy_some). Both run on the
 *             ledger thread, so a copied piece is exactly the state as of the op the snapshot began at.
 *             When the sink takes no more, the snapshot is given up; the writer never waits.
 *
 * Threads     change, append, the copy calls: ledger thread only. at: any thread that knows how to read the
 *             records of this table (rows, SKUs and nodes say how).
 * Memory      a reserved range for the full capacity; nothing is allocated after init.
 * Invariants  T1  count only grows, count <= capacity.
 *             T2  every byte of a record never appended is zero.
 *             T3  without a snapshot no piece is pending. */
#ifndef ATP_LEDGER_TABLE_H
#define ATP_LEDGER_TABLE_H

#include "engine/base/arena.h"
#include "engine/base/assert.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes of one piece at most. 63 records of 64 bytes: an LMDB value of up to 4,064 bytes takes one overflow
 * page, one of 4,096 takes two. */
#define ATP_PIECE_SIZE_MAX 4032

/* Where pieces go. `save` returns false when it takes no more; the snapshot is then given up. */
typedef struct atp_piece_sink {
    bool (*save)(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size);
    void *context;
} atp_piece_sink_t;

typedef struct atp_table {
    /* set at init, read-only after */
    const char *name;
    unsigned char *base;
    unsigned char *pending; /* one byte a piece: 1 = must be copied aside before a change */
    uint64_t capacity;
    uint64_t piece_inverse; /* ceil(2^63 / records_per_piece) */
    uint32_t id;
    uint32_t record_size;
    uint32_t records_per_piece;
    atp_arena_t records_arena;
    atp_arena_t pending_arena;

    /* ledger thread writes, anybody reads */
    _Atomic uint64_t count;

    /* ledger thread only */
    const atp_piece_sink_t *sink; /* NULL = no snapshot, or given up */
    uint64_t snapshot_pieces;     /* pieces that belong to the snapshot */
    uint64_t next_piece;          /* the next one to copy in passing */
} atp_table_t;

/* Reserves room for `capacity` records of `record_size` bytes (1..ATP_PIECE_SIZE_MAX). `name` is kept. */
ATP_MUST_USE atp_err_t atp_table_init(atp_table_t *table, const char *name, uint32_t id, uint32_t record_size,
                                      uint64_t capacity);
void atp_table_fini(atp_table_t *table);

static inline uint64_t atp_table_count(const atp_table_t *table)
{
    /* Acquire pairs with TABLE-A1. Orders: the count before the records below it. Without it a reader finds
     * a record number whose content is still zero. */
    return atp_load_acquire(&((atp_table_t *)table)->count);
}

static inline void *atp_table_at(const atp_table_t *table, uint64_t index)
{
    return table->base + index * table->record_size;
}

__extension__ typedef unsigned __int128 atp_u128_t;

/* index / records_per_piece by multiplication. Exact for index < 2^32: inverse * records_per_piece is above 2^63
 * by less than 2^12, and 2^32 * 2^12 < 2^63. */
static inline uint64_t atp_table_piece_of(const atp_table_t *table, uint64_t index)
{
    return (uint64_t)(((atp_u128_t)index * table->piece_inverse) >> 63);
}

/* Copies the piece of record `index` aside if it is pending. A snapshot is being taken. */
void atp_table_copy_aside(atp_table_t *table, uint64_t index);

/* Announces a change of record `index` and returns it for writing. */
static inline void *atp_table_change(atp_table_t *table, uint64_t index)
{
    if (ATP_UNLIKELY(table->sink != NULL)) { /* else nothing is pending: T3 */
        atp_table_copy_aside(table, index);
    }
    return atp_table_at(table, index);
}

#define ATP_TABLE_AHEAD 192 /* bytes: three cache lines */

/* Has the memory brought that comes a little after record `index`: for who fills a table one record after the other. */
static inline void atp_table_prefetch_after(const atp_table_t *table, uint64_t index)
{
    __builtin_prefetch((const unsigned char *)atp_table_at(table, index) + ATP_TABLE_AHEAD, 1);
}

/* True if one more record fits. */
static inline bool atp_table_has_room(const atp_table_t *table, uint64_t records)
{
    return atp_load_relaxed(&((atp_table_t *)table)->count) + records <= table->capacity;
}

/* Adds `records` zeroed records (there is room: asserted) and returns the number of the first. Write them
 * through atp_table_change. */
static inline uint64_t atp_table_append(atp_table_t *table, uint64_t records)
{
    uint64_t first = atp_load_relaxed(&table->count);

    ATP_ASSERT(first + records <= table->capacity); /* T1 */
    /* TABLE-A1 (release) pairs with the acquire in atp_table_count. The new records are zero already. */
    atp_store_release(&table->count, first + records);
    atp_arena_note_used(&table->records_arena, (first + records) * table->record_size);
    return first;
}

/* Pieces that hold the records in use. Every piece has the same size: records_per_piece * record_size. */
uint64_t atp_table_piece_count(const atp_table_t *table);
static inline uint32_t atp_table_piece_size(const atp_table_t *table)
{
    return table->records_per_piece * table->record_size;
}

/* Begins a copy of all records in use into `sink` (borrowed until end). */
void atp_table_copy_begin(atp_table_t *table, const atp_piece_sink_t *sink);
/* Copies up to `pieces` more; returns how many it did. 0 = all copied, or given up: see copy_state. */
uint64_t atp_table_copy_some(atp_table_t *table, uint64_t pieces);
typedef enum atp_copy_state { ATP_COPY_NONE, ATP_COPY_RUNNING, ATP_COPY_DONE } atp_copy_state_t;
atp_copy_state_t atp_table_copy_state(const atp_table_t *table);
/* Ends the copy, complete or not: nothing is pending after it. */
void atp_table_copy_end(atp_table_t *table);

/* Restore: puts a piece back and raises the count. Fails with ATP_ERR_FORMAT if piece or size do not fit. */
ATP_MUST_USE atp_err_t atp_table_restore_piece(atp_table_t *table, uint64_t piece, const void *bytes,
                                               uint32_t size);
ATP_MUST_USE atp_err_t atp_table_restore_count(atp_table_t *table, uint64_t count);

/* The hash of one piece: of its bytes, and of which piece of which table it is. */
uint64_t atp_piece_hash(uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size);

/* The sum (mod 2^64) of the hashes of all pieces in use, and of the count. A sum, so that a snapshot that
 * meets the pieces in another order arrives at the same number. */
uint64_t atp_table_hash(const atp_table_t *table);

/* What the count adds to the table's hash. */
uint64_t atp_table_count_hash(uint32_t table_id, uint64_t count);

#endif

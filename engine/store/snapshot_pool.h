/* The way of the pieces from the ledger thread to the snapshot thread: a fixed number of slots that go round
 * through two rings, full ones there, empty ones back.
 *
 * Threads     save, used: the ledger thread.   next, give_back: the snapshot thread.
 * Memory      allocated and touched at init: no page fault on the ledger thread.
 * Invariants  O1  a slot is in one ring, or in the hands of one thread. */
#ifndef ATP_STORE_SNAPSHOT_POOL_H
#define ATP_STORE_SNAPSHOT_POOL_H

#include "engine/base/parker.h"
#include "engine/base/ring.h"
#include "engine/ledger/tables/table.h"

typedef struct atp_piece_slot {
    _Alignas(ATP_CACHE_LINE) uint64_t piece;
    uint32_t table_id;
    uint32_t size;
    _Alignas(ATP_CACHE_LINE) unsigned char bytes[ATP_PIECE_SIZE_MAX];
} atp_piece_slot_t;

_Static_assert(sizeof(atp_piece_slot_t) == ATP_PIECE_SIZE_MAX + 64,
               "the header states the memory of the pool");

typedef struct atp_piece_pool {
    /* set at init, read-only after */
    atp_piece_slot_t *slots;
    uint32_t slot_count;
    uint32_t wake_at;
    atp_ring_t full;  /* ledger thread -> snapshot thread */
    atp_ring_t empty; /* and back */
    /* ledger thread stores */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t taken;
    /* snapshot thread stores */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t returned;
    atp_parker_t parker;
} atp_piece_pool_t;

/* `slot_count`: a power of two, 2 to 2^24. ATP_ERR_INVALID or ATP_ERR_MEMORY leave nothing behind. */
ATP_MUST_USE atp_err_t atp_piece_pool_init(atp_piece_pool_t *pool, uint32_t slot_count);
/* Safe on a zeroed pool. */
void atp_piece_pool_fini(atp_piece_pool_t *pool);

/* Copies a piece into an empty slot and hands it over; false if there is none. Never blocks. */
ATP_MUST_USE bool atp_piece_pool_save(atp_piece_pool_t *pool, uint32_t table_id, uint64_t piece,
                                      const void *bytes, uint32_t size);

/* Slots that are not empty. Exact on the ledger thread but for slots that come back just now. Thread: any. */
uint32_t atp_piece_pool_used(const atp_piece_pool_t *pool);

/* The oldest piece handed over, or NULL. */
atp_piece_slot_t *atp_piece_pool_next(atp_piece_pool_t *pool);
void atp_piece_pool_give_back(atp_piece_pool_t *pool, atp_piece_slot_t *slot);

#endif

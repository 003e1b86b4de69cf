#include "engine/store/snapshot_pool.h"

#include <stdlib.h>
#include <string.h>

/* The snapshot thread is woken for so many pieces at least: a wake-up costs the ledger thread a system call.
 */
#define POOL_WAKE_AT_MAX 64

static atp_err_t allocate(atp_piece_pool_t *pool, uint32_t slot_count)
{
    atp_err_t err = atp_ring_init(&pool->full, slot_count);

    if (err == ATP_OK) {
        err = atp_ring_init(&pool->empty, slot_count);
    }
    if (err != ATP_OK) {
        return err;
    }
    pool->slots = aligned_alloc(ATP_CACHE_LINE, (size_t)slot_count * sizeof *pool->slots);
    return pool->slots == NULL ? ATP_ERR_MEMORY : ATP_OK;
}

atp_err_t atp_piece_pool_init(atp_piece_pool_t *pool, uint32_t slot_count)
{
    memset(pool, 0, sizeof *pool);
    atp_err_t err = allocate(pool, slot_count);
    if (err != ATP_OK) {
        atp_piece_pool_fini(pool);
        return err;
    }
    memset(pool->slots, 0, (size_t)slot_count * sizeof *pool->slots);
    pool->slot_count = slot_count;
    pool->wake_at = slot_count / 8 < POOL_WAKE_AT_MAX ? slot_count / 8 + 1 : POOL_WAKE_AT_MAX;
    atp_parker_init(&pool->parker);
    for (uint32_t i = 0; i < slot_count; i++) {
        bool pushed = atp_ring_push(&pool->empty, &pool->slots[i]);
        ATP_ASSERT(pushed);
    }
    return ATP_OK;
}

void atp_piece_pool_fini(atp_piece_pool_t *pool)
{
    atp_ring_fini(&pool->full);
    atp_ring_fini(&pool->empty);
    free(pool->slots);
    memset(pool, 0, sizeof *pool);
}

bool atp_piece_pool_save(atp_piece_pool_t *pool, uint32_t table_id, uint64_t piece, const void *bytes,
                         uint32_t size)
{
    atp_piece_slot_t *slot = atp_ring_pop(&pool->empty);

    ATP_ASSERT(size <= ATP_PIECE_SIZE_MAX);
    if (slot == NULL) {
        return false;
    }
    slot->table_id = table_id;
    slot->piece = piece;
    slot->size = size;
    memcpy(slot->bytes, bytes, size);
    bool pushed = atp_ring_push(&pool->full, slot);
    ATP_ASSERT(pushed); /* O1: the ring has room for all slots */
    /* Relaxed: a count for pacing; the slot itself is published by the ring. */
    atp_store_relaxed(&pool->taken, atp_load_relaxed(&pool->taken) + 1);
    if (atp_piece_pool_used(pool) >= pool->wake_at) {
        atp_parker_wake(&pool->parker);
    }
    return true;
}

uint32_t atp_piece_pool_used(const atp_piece_pool_t *pool)
{
    atp_piece_pool_t *counts = (atp_piece_pool_t *)pool;
    /* Relaxed: a hint for pacing. A slot may be counted back before it was counted out. */
    uint64_t returned = atp_load_relaxed(&counts->returned);
    uint64_t taken = atp_load_relaxed(&counts->taken);

    uint64_t used = taken > returned ? taken - returned : 0;
    return used < pool->slot_count ? (uint32_t)used : pool->slot_count;
}

atp_piece_slot_t *atp_piece_pool_next(atp_piece_pool_t *pool)
{
    return atp_ring_pop(&pool->full);
}

void atp_piece_pool_give_back(atp_piece_pool_t *pool, atp_piece_slot_t *slot)
{
    bool pushed = atp_ring_push(&pool->empty, slot);

    ATP_ASSERT(pushed); /* O1 */
    atp_store_relaxed(&pool->returned, atp_load_relaxed(&pool->returned) + 1);
}

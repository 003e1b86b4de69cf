#include "engine/base/ring.h"

#include <stdlib.h>
#include <string.h>

#define RING_CAPACITY_MAX ((size_t)1 << 24)

atp_err_t atp_ring_init(atp_ring_t *ring, size_t capacity)
{
    if (capacity < 2 || capacity > RING_CAPACITY_MAX || (capacity & (capacity - 1)) != 0) {
        return ATP_ERR_INVALID;
    }
    memset(ring, 0, sizeof *ring);
    ring->cells = calloc(capacity, sizeof *ring->cells);
    if (ring->cells == NULL) {
        return ATP_ERR_MEMORY;
    }
    ring->mask = capacity - 1;
    for (size_t i = 0; i < capacity; i++) {
        atp_store_relaxed(&ring->cells[i].turn, i);
    }
    return ATP_OK;
}

void atp_ring_fini(atp_ring_t *ring)
{
    free(ring->cells);
    memset(ring, 0, sizeof *ring);
}

bool atp_ring_push(atp_ring_t *ring, void *item)
{
    ATP_ASSERT(item != NULL);
    /* Relaxed: only a first guess at the place; the turn of the cell decides. */
    uint64_t place = atp_load_relaxed(&ring->tail);

    for (;;) {
        atp_ring_cell_t *cell = &ring->cells[place & ring->mask];
        /* RING-P1 (acquire) pairs with RING-C2. Orders: the consumer's read of the old item before our
         * write of the new one. Without it the consumer may take our item twice and lose its own. */
        uint64_t turn = atp_load_acquire(&cell->turn);
        if (turn == place) {
            /* Relaxed: the claim orders nothing; the item is published by RING-P2. */
            if (atp_cas_relaxed(&ring->tail, &place, place + 1)) {
                cell->item = item;
                /* RING-P2 (release) pairs with RING-C1. Orders: the item before its turn. Without it the
                 * consumer takes a stale pointer. */
                atp_store_release(&cell->turn, place + 1);
                return true;
            }
        } else if ((int64_t)(turn - place) < 0) {
            return false; /* the cell still holds an item of one lap ago: Q2 */
        } else {
            place = atp_load_relaxed(&ring->tail);
        }
    }
}

void *atp_ring_pop(atp_ring_t *ring)
{
    atp_ring_cell_t *cell = &ring->cells[ring->head & ring->mask];

    /* RING-C1 (acquire) pairs with RING-P2. */
    if (atp_load_acquire(&cell->turn) != ring->head + 1) {
        return NULL;
    }
    void *item = cell->item;
    /* RING-C2 (release) pairs with RING-P1. */
    atp_store_release(&cell->turn, ring->head + ring->mask + 1);
    ring->head++;
    return item;
}

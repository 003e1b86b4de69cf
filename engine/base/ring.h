/* A bounded ring of pointers between threads: any number of producers, one consumer.
 *
 * Each cell carries a turn: who may use it next. A producer claims a place with one compare-and-swap and
 * publishes by advancing the turn; the consumer takes cells in order. A full ring says so at once.
 * (The scheme is Dmitry Vyukov's bounded queue.)
 *
 * Threads     push: any, never blocks.   pop: one consumer, never blocks.
 * Invariants  Q1  what was pushed is popped once, in claim order.
 *             Q2  push fails only when `capacity` pointers are in the ring. */
#ifndef ATP_BASE_RING_H
#define ATP_BASE_RING_H

#include "engine/base/assert.h"
#include "engine/base/atomics.h"
#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct atp_ring_cell {
    _Atomic uint64_t turn;
    void *item;
} atp_ring_cell_t;

typedef struct atp_ring {
    /* set at init, read-only after */
    _Alignas(ATP_CACHE_LINE) atp_ring_cell_t *cells;
    uint64_t mask;
    /* stored by producers */
    _Alignas(ATP_CACHE_LINE) _Atomic uint64_t tail;
    /* consumer only */
    _Alignas(ATP_CACHE_LINE) uint64_t head;
} atp_ring_t;

/* `capacity`: a power of two, 2 to 2^24. */
ATP_MUST_USE atp_err_t atp_ring_init(atp_ring_t *ring, size_t capacity);
void atp_ring_fini(atp_ring_t *ring);

/* Adds `item` (not NULL); false if the ring is full. */
ATP_MUST_USE bool atp_ring_push(atp_ring_t *ring, void *item);

/* The oldest item, or NULL if there is none (or it is claimed and not published yet). */
void *atp_ring_pop(atp_ring_t *ring);

#endif

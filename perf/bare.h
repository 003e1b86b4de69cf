/* The roof under a reserve: a loop that touches the cache lines a one-line reserve touches, and decides nothing.
 *
 *     read      directory word of the SKU, its entry for the node
 *     changed   the row; one bucket each of the outcome index and the reservation index
 *     written   the next reservation, line, outcome and strings (append)
 *
 * Same sizes, same order, same prefetch distances, same random places as the ledger; memory of its own, huge pages, there
 * before the first touch. What the ledger touches beyond this (other lines of the same position, the second of a wheel
 * slot) is its own cost.
 *
 * Threads     one. */
#ifndef ATP_PERF_BARE_H
#define ATP_PERF_BARE_H

#include "engine/ledger/ops/op.h"

#include <stdint.h>

typedef struct bare bare_t;

bare_t *bare_create(uint64_t positions, uint32_t nodes_per_sku, uint64_t reservations);
void bare_destroy(bare_t *bare);

/* Three steps, each following a pointer that the one before has fetched. */
#define BARE_STEPS 3
void bare_prefetch(const bare_t *bare, const atp_op_t *op, uint32_t step);

/* Touches what the op would. Returns a number made of what was read. */
uint64_t bare_reserve(bare_t *bare, const atp_op_t *op);

/* Touches what an availability read of one row would. */
void bare_prefetch_read(const bare_t *bare, uint32_t sku, uint16_t node, uint32_t step);
uint64_t bare_read(const bare_t *bare, uint32_t sku, uint16_t node);

#endif

#include "perf/bare.h"

#include "engine/base/arena.h"
#include "engine/ledger/ops/outcomes.h"
#include "engine/ledger/reservations/reservations.h"
#include "engine/ledger/stock/positions.h"
#include "engine/ledger/tables/index.h"
#include "perf/bench.h"

#include <stdlib.h>

#define DIRECTORY_LOG2    6  /* what 40 nodes take */
#define STRING_BYTES      48 /* blocks of an id of 17 bytes and an owner of 12 */
#define ENTRIES_PER_SPLIT 4  /* mean entries of a bucket when the index doubles */

typedef struct cache_line {
    uint64_t word[8];
} cache_line_t;

enum {
    ROWS,
    DIRECTORIES,
    ENTRIES,
    OUTCOME_INDEX,
    RESERVATION_INDEX,
    RESERVATIONS,
    LINES,
    OUTCOMES,
    STRINGS,
    ARENAS
};

struct bare {
    atp_arena_t arenas[ARENAS];
    cache_line_t *rows;
    uint64_t *directories; /* offset of the SKU's entries */
    uint64_t *entries;     /* row */
    cache_line_t *outcome_index;
    cache_line_t *reservation_index;
    cache_line_t *reservations;
    cache_line_t *lines;
    unsigned char *outcomes;
    unsigned char *strings;
    uint64_t bucket_mask;
    uint64_t made;
    uint64_t capacity;
};

static void *room(bare_t *bare, int arena, uint64_t size)
{
    atp_arena_t *a = &bare->arenas[arena];

    bench_check(atp_arena_reserve(a, size) == ATP_OK && atp_arena_populate_ahead(a, size) == ATP_OK,
                "no memory for the bare loop");
    return a->base;
}

bare_t *bare_create(uint64_t positions, uint32_t nodes_per_sku, uint64_t reservations)
{
    bare_t *bare = calloc(1, sizeof *bare);
    uint64_t skus = positions / nodes_per_sku + 1;
    uint64_t buckets = 1;

    bench_check(bare != NULL, "no memory for the bare loop");
    while (buckets < reservations / ENTRIES_PER_SPLIT) {
        buckets *= 2;
    }
    bare->bucket_mask = buckets - 1;
    bare->capacity = reservations;
    bare->rows = room(bare, ROWS, positions * sizeof(atp_position_t));
    bare->directories = room(bare, DIRECTORIES, skus * sizeof(uint64_t));
    bare->entries = room(bare, ENTRIES, (skus << DIRECTORY_LOG2) * sizeof(uint64_t));
    bare->outcome_index = room(bare, OUTCOME_INDEX, buckets * sizeof(atp_index_bucket_t));
    bare->reservation_index = room(bare, RESERVATION_INDEX, buckets * sizeof(atp_index_bucket_t));
    bare->reservations = room(bare, RESERVATIONS, reservations * sizeof(atp_reservation_t));
    bare->lines = room(bare, LINES, reservations * sizeof(atp_line_t));
    bare->outcomes = room(bare, OUTCOMES, reservations * sizeof(atp_outcome_t));
    bare->strings = room(bare, STRINGS, reservations * STRING_BYTES);
    for (uint64_t sku = 0; sku < skus; sku++) {
        bare->directories[sku] = sku << DIRECTORY_LOG2;
    }
    for (uint64_t position = 0; position < positions; position++) {
        uint64_t sku = position / nodes_per_sku;
        bare->entries[(sku << DIRECTORY_LOG2) + position % nodes_per_sku] = position;
    }
    return bare;
}

void bare_destroy(bare_t *bare)
{
    for (int i = 0; i < ARENAS; i++) {
        atp_arena_release(&bare->arenas[i]);
    }
    free(bare);
}

static uint64_t row_of(const bare_t *bare, uint32_t sku, uint16_t node)
{
    return bare->entries[bare->directories[sku] + node];
}

void bare_prefetch_read(const bare_t *bare, uint32_t sku, uint16_t node, uint32_t step)
{
    switch (step) {
    case 0:
        __builtin_prefetch(&bare->directories[sku]);
        break;
    case 1:
        __builtin_prefetch(&bare->entries[bare->directories[sku] + node]);
        break;
    default:
        __builtin_prefetch(&bare->rows[row_of(bare, sku, node)]);
        break;
    }
}

void bare_prefetch(const bare_t *bare, const atp_op_t *op, uint32_t step)
{
    if (step == BARE_STEPS - 1) {
        __builtin_prefetch(&bare->rows[row_of(bare, atp_op_lines(op)->sku, atp_op_lines(op)->node)], 1);
        return;
    }
    if (step == 0) {
        __builtin_prefetch(&bare->outcome_index[op->id.low & bare->bucket_mask], 1);
        __builtin_prefetch(&bare->reservation_index[op->subject_hash & bare->bucket_mask], 1);
    }
    bare_prefetch_read(bare, atp_op_lines(op)->sku, atp_op_lines(op)->node, step);
}

uint64_t bare_reserve(bare_t *bare, const atp_op_t *op)
{
    const atp_op_line_t *line = atp_op_lines(op);
    cache_line_t *row = &bare->rows[row_of(bare, line->sku, line->node)];
    cache_line_t *outcome_bucket = &bare->outcome_index[op->id.low & bare->bucket_mask];
    cache_line_t *reservation_bucket = &bare->reservation_index[op->subject_hash & bare->bucket_mask];
    uint64_t number = bare->made++ % bare->capacity;

    row->word[4] += (uint64_t)line->mantissa;
    outcome_bucket->word[number & 7] = number;
    reservation_bucket->word[number & 7] = number;
    bare->reservations[number].word[0] = op->subject_hash;
    bare->lines[number].word[0] = row->word[4];
    uint64_t *outcome = (uint64_t *)(void *)(bare->outcomes + number * sizeof(atp_outcome_t));
    outcome[0] = op->id.low;
    outcome[sizeof(atp_outcome_t) / sizeof *outcome - 1] = op->id.high;
    *(uint64_t *)(void *)(bare->strings + number * STRING_BYTES) = number;
    return row->word[4] + outcome_bucket->word[0];
}

uint64_t bare_read(const bare_t *bare, uint32_t sku, uint16_t node)
{
    return bare->rows[row_of(bare, sku, node)].word[4];
}

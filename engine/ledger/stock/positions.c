#include "engine/ledger/stock/positions.h"

#include <string.h>

#define SMALLEST_DIRECTORY_LOG2 2u
#define LARGEST_DIRECTORY_LOG2  16u

atp_err_t atp_positions_init(atp_positions_t *positions, uint64_t sku_capacity, uint64_t capacity)
{
    memset(positions, 0, sizeof *positions);
    /* Directories hold at most 16/7 entries a row plus the smallest one a SKU; outgrown ones that nobody
     * took again at most as much once more. */
    positions->entry_capacity = 6 * capacity + 8 * sku_capacity + 64;
    atp_err_t err = atp_table_init(&positions->rows, "positions", 0, sizeof(atp_position_t), capacity);
    if (err != ATP_OK) {
        return err;
    }
    if (atp_arena_reserve(&positions->directory_arena, sku_capacity * sizeof(uint64_t)) != ATP_OK ||
        atp_arena_reserve(&positions->entry_arena, positions->entry_capacity * sizeof(uint64_t)) != ATP_OK) {
        atp_positions_fini(positions);
        return ATP_ERR_MEMORY;
    }
    positions->directories = (_Atomic uint64_t *)(void *)positions->directory_arena.base;
    positions->entries = (_Atomic uint64_t *)(void *)positions->entry_arena.base;
    return ATP_OK;
}

void atp_positions_fini(atp_positions_t *positions)
{
    atp_table_fini(&positions->rows);
    atp_arena_release(&positions->directory_arena);
    atp_arena_release(&positions->entry_arena);
}

/* ---- the directory word ---- */

/* `low`: flags and scale. */
static uint64_t directory_word(uint64_t offset, uint32_t log2, uint8_t low)
{
    return offset << 16 | (uint64_t)log2 << 8 | low;
}

static uint32_t directory_log2(uint64_t word)
{
    return (uint32_t)(word >> 8) & 0xff;
}

static uint64_t directory_offset(uint64_t word)
{
    return word >> 16;
}

void atp_positions_set_scale(atp_positions_t *positions, uint32_t sku, uint8_t scale)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);

    atp_store_release(&positions->directories[sku], (word & ~(uint64_t)ATP_SKU_SCALE_MASK) | scale);
    atp_arena_note_used(&positions->directory_arena, ((size_t)sku + 1) * sizeof(uint64_t));
}

void atp_positions_set_sku(atp_positions_t *positions, uint32_t sku, unsigned flags)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);

    ATP_ASSERT((flags & ~0xf8u) == 0);
    atp_store_release(&positions->directories[sku], word | flags);
}

void atp_positions_clear_sku(atp_positions_t *positions, uint32_t sku, unsigned flags)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);

    ATP_ASSERT((flags & ~0xf8u) == 0);
    atp_store_release(&positions->directories[sku], word & ~(uint64_t)flags);
}

/* ---- finding ---- */

/* Nodes are small dense numbers: the node itself is a hash without collisions until a directory wraps. */
static bool find_entry(const _Atomic uint64_t *block, uint32_t log2, uint16_t node, uint32_t *ret_row)
{
    uint32_t mask = (1u << log2) - 1;

    for (uint32_t probe = 0; probe <= mask; probe++) {
        /* DIR-R1 (acquire) pairs with DIR-W1. Orders: the row's sku and node before its entry. */
        uint64_t entry = atp_load_acquire(&((_Atomic uint64_t *)block)[(node + probe) & mask]);
        if (entry == 0) {
            return false;
        }
        if ((uint16_t)entry == node) {
            *ret_row = (uint32_t)(entry >> 16) - 1;
            return true;
        }
    }
    return false;
}

bool atp_positions_find(const atp_positions_t *positions, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    for (;;) {
        /* DIR-R2 (acquire) pairs with DIR-W2. Orders: the entries of a directory before the word that names it. */
        uint64_t word = atp_load_acquire(&positions->directories[sku]);
        uint32_t row = 0;
        if (directory_log2(word) == 0) {
            return false;
        }
        bool is_found =
            find_entry(positions->entries + directory_offset(word), directory_log2(word), node, &row);
        /* DIR-R3 (acquire fence) pairs with DIR-W3. Orders: the reads of the entries before the second look at the
         * word. Without it entries of a block that was given to another SKU may be taken for ours. */
        atp_fence_acquire();
        if (atp_load_relaxed(&positions->directories[sku]) == word) {
            *ret_row = is_found ? row : *ret_row;
            return is_found;
        }
    }
}

uint32_t atp_positions_list(const atp_positions_t *positions, uint32_t sku, uint32_t *ret_rows,
                            uint32_t capacity)
{
    for (;;) {
        uint64_t word = atp_load_acquire(&positions->directories[sku]); /* DIR-R2 */
        uint32_t count = 0;
        if (directory_log2(word) == 0) {
            return 0;
        }
        _Atomic uint64_t *block = positions->entries + directory_offset(word);
        for (uint32_t i = 0; i < 1u << directory_log2(word); i++) {
            uint64_t entry = atp_load_acquire(&block[i]); /* DIR-R1 */
            if (entry != 0) {
                if (count < capacity) {
                    ret_rows[count] = (uint32_t)(entry >> 16) - 1;
                }
                count++;
            }
        }
        atp_fence_acquire(); /* DIR-R3 */
        if (atp_load_relaxed(&positions->directories[sku]) == word) {
            return count;
        }
    }
}

/* Where the first look for `node` goes. */
static _Atomic uint64_t *first_entry(const atp_positions_t *positions, uint32_t sku, uint16_t node)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);

    return &positions->entries[directory_offset(word) + (node & ((1u << directory_log2(word)) - 1))];
}

void atp_positions_prefetch_entry(const atp_positions_t *positions, uint32_t sku, uint16_t node)
{
    __builtin_prefetch((const void *)first_entry(positions, sku, node));
}

bool atp_positions_guess(const atp_positions_t *positions, uint32_t sku, uint16_t node, uint32_t *ret_row)
{
    uint64_t entry = atp_load_relaxed(first_entry(positions, sku, node));
    uint32_t row = (uint32_t)(entry >> 16) - 1;

    if (entry == 0 || (uint16_t)entry != node || row >= atp_table_count(&positions->rows)) {
        return false; /* it may be a free block that belongs to no SKU: nothing to go by */
    }
    *ret_row = row;
    return true;
}

/* ---- adding ---- */

static uint64_t take_block(atp_positions_t *positions, uint32_t log2)
{
    uint64_t offset = positions->free_blocks[log2];

    if (offset != 0) {
        offset--;
        positions->free_blocks[log2] = atp_load_relaxed(&positions->entries[offset]);
        atp_store_relaxed(&positions->entries[offset], 0);
        return offset;
    }
    offset = positions->entries_used;
    ATP_ASSERT(offset + (1u << log2) <= positions->entry_capacity);
    positions->entries_used += 1u << log2;
    atp_arena_note_used(&positions->entry_arena, positions->entries_used * sizeof(uint64_t));
    return offset;
}

static void give_block(atp_positions_t *positions, uint64_t offset, uint32_t log2)
{
    /* DIR-W3 (release fence) pairs with DIR-R3. Orders: the new word of the SKU before the block changes hands. */
    atp_fence_release();
    for (uint32_t i = 0; i < 1u << log2; i++) {
        atp_store_relaxed(&positions->entries[offset + i], 0);
    }
    atp_store_relaxed(&positions->entries[offset], positions->free_blocks[log2]);
    positions->free_blocks[log2] = offset + 1;
}

static void put_entry(_Atomic uint64_t *block, uint32_t log2, uint64_t entry)
{
    uint32_t mask = (1u << log2) - 1;
    uint32_t at = (uint16_t)entry & mask;

    while (atp_load_relaxed(&block[at]) != 0) {
        at = (at + 1) & mask;
    }
    /* DIR-W1 (release) pairs with DIR-R1. */
    atp_store_release(&block[at], entry);
}

static uint32_t count_entries(_Atomic uint64_t *block, uint32_t log2)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < 1u << log2; i++) {
        count += atp_load_relaxed(&block[i]) != 0;
    }
    return count;
}

/* Makes room for one more entry; returns the directory word to use. */
static uint64_t grow_directory(atp_positions_t *positions, uint32_t sku, uint64_t word)
{
    uint32_t log2 = directory_log2(word);
    uint32_t wanted = log2 == 0 ? SMALLEST_DIRECTORY_LOG2 : log2 + 1;

    ATP_ASSERT(wanted <= LARGEST_DIRECTORY_LOG2);
    uint64_t offset = take_block(positions, wanted);
    uint64_t grown = directory_word(offset, wanted, (uint8_t)word);
    for (uint32_t i = 0; log2 != 0 && i < 1u << log2; i++) {
        uint64_t entry = atp_load_relaxed(&positions->entries[directory_offset(word) + i]);
        if (entry != 0) {
            put_entry(positions->entries + offset, wanted, entry);
        }
    }
    /* DIR-W2 (release) pairs with DIR-R2. */
    atp_store_release(&positions->directories[sku], grown);
    if (log2 != 0) {
        give_block(positions, directory_offset(word), log2);
    }
    return grown;
}

static void add_entry(atp_positions_t *positions, uint32_t sku, uint16_t node, uint32_t row)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);
    uint32_t log2 = directory_log2(word);
    uint32_t size = 1u << log2;

    /* Full at 7/8; the largest holds every node there can be (65,535 of 65,536). */
    if (log2 == 0 ||
        (log2 < LARGEST_DIRECTORY_LOG2 &&
         count_entries(positions->entries + directory_offset(word), log2) + 1 > size - size / 8)) {
        word = grow_directory(positions, sku, word);
    }
    put_entry(positions->entries + directory_offset(word), directory_log2(word),
              ((uint64_t)row + 1) << 16 | node);
}

uint32_t atp_positions_add(atp_positions_t *positions, uint32_t sku, uint16_t node)
{
    ATP_ASSERT(atp_table_has_room(&positions->rows, 1));
    uint32_t row = (uint32_t)atp_table_count(&positions->rows);
    atp_position_t *position = atp_table_change(&positions->rows, row);

    position->sku = sku;
    position->node = node;
    atp_store_relaxed(&position->soonest_deadline_ms, ATP_NEVER_MS);
    atp_table_append(&positions->rows, 1); /* TABLE-A1: written before it counts */
    add_entry(positions, sku, node, row);
    return row;
}

void atp_positions_drop_directory(atp_positions_t *positions, uint32_t sku)
{
    uint64_t word = atp_load_relaxed(&positions->directories[sku]);
    uint32_t log2 = directory_log2(word);

    if (log2 == 0) {
        return;
    }
    for (uint32_t i = 0; i < 1u << log2; i++) {
        uint64_t entry = atp_load_relaxed(&positions->entries[directory_offset(word) + i]);
        ATP_ASSERT(entry == 0 || atp_position_has(atp_positions_at(positions, (uint32_t)(entry >> 16) - 1),
                                                  ATP_POSITION_IS_MERGED)); /* P8 */
    }
    /* DIR-W2 (release) pairs with DIR-R2. */
    atp_store_release(&positions->directories[sku], directory_word(0, 0, (uint8_t)word));
    give_block(positions, directory_offset(word), log2);
}

/* ---- reading ---- */

/* The limits beside a row, as its version covers them. */
static void read_limits(const atp_positions_t *positions, atp_position_view_t *view)
{
    uint32_t number;

    view->backordered = 0;
    view->backorder_limit = 0;
    view->is_withdrawn = false;
    if (ATP_UNLIKELY((view->flags & ATP_POSITION_HAS_LIMITS) != 0) &&
        atp_limits_find(&positions->limits, ATP_LIMIT_POSITION, view->sku, view->node, &number)) {
        atp_limit_t *limit = atp_limits_at(&positions->limits, number);
        view->backordered = atp_load_relaxed(&limit->backordered);
        view->backorder_limit = atp_load_relaxed(&limit->limit);
        view->is_withdrawn = atp_load_relaxed(&limit->is_withdrawn) != 0;
    }
}

void atp_positions_read(const atp_positions_t *positions, uint32_t row, atp_position_view_t *ret_view)
{
    atp_position_t *position = atp_positions_at(positions, row);

    for (;;) {
        /* ROW-R2 (acquire) pairs with ROW-W2. Orders: the even version before the fields. Without it a reader
         * takes old fields under a new version. */
        uint32_t version = atp_load_acquire(&position->version);
        ret_view->sku = position->sku;
        ret_view->node = position->node;
        ret_view->flags = atp_load_relaxed(&position->flags);
        ret_view->version = version;
        ret_view->on_hand = atp_load_relaxed(&position->on_hand);
        ret_view->unavailable = atp_load_relaxed(&position->unavailable);
        ret_view->reserved = atp_load_relaxed(&position->reserved);
        ret_view->allocated = atp_load_relaxed(&position->allocated);
        ret_view->safety = atp_load_relaxed(&position->safety);
        ret_view->soonest_deadline_ms = atp_load_relaxed(&position->soonest_deadline_ms);
        read_limits(positions, ret_view);
        /* ROW-R1 (acquire fence) pairs with ROW-W1. */
        atp_fence_acquire();
        if ((version & 1) == 0 && atp_load_relaxed(&position->version) == version) {
            return;
        }
    }
}

void atp_positions_rebuild(atp_positions_t *positions)
{
    uint64_t count = atp_table_count(&positions->rows);

    for (uint64_t row = 0; row < count; row++) {
        const atp_position_t *position = atp_positions_at(positions, (uint32_t)row);
        if (!atp_position_has(position, ATP_POSITION_IS_MERGED)) {
            add_entry(positions, position->sku, position->node, (uint32_t)row);
        }
    }
}

uint64_t atp_positions_bytes(const atp_positions_t *positions)
{
    return atp_table_count(&positions->rows) * sizeof(atp_position_t) +
           positions->entries_used * sizeof(uint64_t);
}

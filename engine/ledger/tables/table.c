#include "engine/ledger/tables/table.h"

#include "engine/base/hash.h"

#include <string.h>

atp_err_t atp_table_init(atp_table_t *table, const char *name, uint32_t id, uint32_t record_size,
                         uint64_t capacity)
{
    uint32_t per_piece = ATP_PIECE_SIZE_MAX / record_size;

    ATP_ASSERT(record_size > 0 && per_piece > 0);
    if (capacity == 0 || capacity > UINT32_MAX) {
        return ATP_ERR_INVALID;
    }
    memset(table, 0, sizeof *table);
    table->name = name;
    table->id = id;
    table->record_size = record_size;
    table->capacity = capacity;
    table->records_per_piece = per_piece;
    table->piece_inverse = ((UINT64_C(1) << 63) - 1) / per_piece + 1;
    /* Pieces are copied whole, the last one too: it may reach past the capacity. */
    if (atp_arena_reserve(&table->records_arena, (capacity + per_piece) * record_size) != ATP_OK) {
        return ATP_ERR_MEMORY;
    }
    if (atp_arena_reserve(&table->pending_arena, capacity / per_piece + 1) != ATP_OK) {
        atp_arena_release(&table->records_arena);
        return ATP_ERR_MEMORY;
    }
    table->base = table->records_arena.base;
    table->pending = table->pending_arena.base;
    /* Touched here, so that the first copy_begin does not meet the page faults (5 ms for 160,000 pieces). */
    memset(table->pending, 0, capacity / per_piece + 1);
    return ATP_OK;
}

void atp_table_fini(atp_table_t *table)
{
    atp_arena_release(&table->records_arena);
    atp_arena_release(&table->pending_arena);
}

uint64_t atp_table_piece_count(const atp_table_t *table)
{
    uint64_t count = atp_table_count(table);
    return count == 0 ? 0 : atp_table_piece_of(table, count - 1) + 1;
}

/* ---- copying for a snapshot ---- */

/* A snapshot that its sink refuses leaves nothing behind that would slow the writer. */
static void give_up(atp_table_t *table)
{
    memset(table->pending, 0, table->snapshot_pieces);
    table->sink = NULL;
}

static void copy_piece(atp_table_t *table, uint64_t piece)
{
    uint32_t size = atp_table_piece_size(table);

    table->pending[piece] = 0;
    if (!table->sink->save(table->sink->context, table->id, piece, table->base + piece * size, size)) {
        give_up(table);
    }
}

void atp_table_copy_begin(atp_table_t *table, const atp_piece_sink_t *sink)
{
    ATP_ASSERT(table->sink == NULL); /* T3 */
    table->snapshot_pieces = atp_table_piece_count(table);
    table->next_piece = 0;
    table->sink = sink;
    memset(table->pending, 1, table->snapshot_pieces);
}

void atp_table_copy_aside(atp_table_t *table, uint64_t index)
{
    uint64_t piece = atp_table_piece_of(table, index);

    if (table->pending[piece]) {
        ATP_ASSERT(piece < table->snapshot_pieces);
        copy_piece(table, piece);
    }
}

uint64_t atp_table_copy_some(atp_table_t *table, uint64_t pieces)
{
    uint64_t done = 0;

    while (done < pieces && table->sink != NULL && table->next_piece < table->snapshot_pieces) {
        if (table->pending[table->next_piece]) {
            copy_piece(table, table->next_piece);
            done++;
        }
        table->next_piece++;
    }
    return done;
}

atp_copy_state_t atp_table_copy_state(const atp_table_t *table)
{
    if (table->sink == NULL) {
        return ATP_COPY_NONE;
    }
    return table->next_piece < table->snapshot_pieces ? ATP_COPY_RUNNING : ATP_COPY_DONE;
}

void atp_table_copy_end(atp_table_t *table)
{
    give_up(table);
    table->snapshot_pieces = 0;
    table->next_piece = 0;
}

/* ---- restore ---- */

atp_err_t atp_table_restore_piece(atp_table_t *table, uint64_t piece, const void *bytes, uint32_t size)
{
    uint64_t piece_size = atp_table_piece_size(table);

    if (size != piece_size || piece > atp_table_piece_of(table, table->capacity - 1)) {
        return ATP_ERR_FORMAT;
    }
    memcpy(table->base + piece * piece_size, bytes, piece_size);
    return ATP_OK;
}

atp_err_t atp_table_restore_count(atp_table_t *table, uint64_t count)
{
    if (count > table->capacity) {
        return ATP_ERR_FORMAT;
    }
    atp_store_release(&table->count, count);
    atp_arena_note_used(&table->records_arena, count * table->record_size);
    return ATP_OK;
}

/* ---- hashes ---- */

uint64_t atp_piece_hash(uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    return atp_hash_bytes(bytes, size, ((uint64_t)table_id << 48) ^ piece);
}

uint64_t atp_table_count_hash(uint32_t table_id, uint64_t count)
{
    return atp_hash_bytes(&count, sizeof count, ((uint64_t)table_id << 48) ^ UINT32_MAX);
}

uint64_t atp_table_hash(const atp_table_t *table)
{
    uint64_t count = atp_table_count(table);
    uint64_t pieces = atp_table_piece_count(table);
    uint32_t size = atp_table_piece_size(table);
    uint64_t sum = atp_table_count_hash(table->id, count);

    for (uint64_t piece = 0; piece < pieces; piece++) {
        sum += atp_piece_hash(table->id, piece, table->base + piece * size, size);
    }
    return sum;
}

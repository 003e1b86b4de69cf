#include "engine/ledger/reservations/progress.h"

#include <string.h>

static uint64_t hash_of(uint32_t line)
{
    return atp_mix32(line);
}

static bool find(const atp_progress_book_t *book, uint32_t line, uint32_t *ret_record)
{
    atp_index_probe_t probe = atp_index_probe(&book->index, hash_of(line));

    while (atp_index_next(&probe, ret_record)) {
        const atp_progress_t *progress = atp_table_at(&book->records, *ret_record);
        if (progress->line == line + 1) {
            return true;
        }
    }
    return false;
}

bool atp_progress_has_room(const atp_progress_book_t *book, uint64_t records)
{
    uint64_t fresh = book->records.capacity - atp_table_count(&book->records);

    return book->heads->free_count + fresh >= records;
}

const atp_progress_t *atp_progress_find(const atp_progress_book_t *book, uint32_t line)
{
    uint32_t record;

    return find(book, line, &record) ? atp_table_at(&book->records, record) : NULL;
}

atp_progress_t *atp_progress_change(atp_progress_book_t *book, uint32_t line)
{
    uint32_t record = 0;
    bool is_found = find(book, line, &record);

    ATP_ASSERT(is_found); /* Q1 */
    return atp_table_change(&book->records, record);
}

atp_progress_t *atp_progress_take(atp_progress_book_t *book, uint32_t line)
{
    atp_progress_heads_t *heads = book->heads;
    atp_progress_t *progress;
    uint32_t record;

    if (heads->free != 0) {
        record = heads->free - 1;
        progress = atp_table_change(&book->records, record);
        heads->free = progress->next;
        heads->free_count--;
        progress->next = 0;
    } else {
        record = (uint32_t)atp_table_append(&book->records, 1);
        progress = atp_table_change(&book->records, record);
    }
    progress->line = line + 1;
    atp_index_insert(&book->index, hash_of(line), record);
    return progress;
}

void atp_progress_drop(atp_progress_book_t *book, uint32_t line)
{
    uint32_t record = 0;
    bool is_found = find(book, line, &record);

    ATP_ASSERT(is_found); /* Q1 */
    atp_progress_t *progress = atp_table_change(&book->records, record);
    atp_index_remove(&book->index, hash_of(line), record);
    memset(progress, 0, sizeof *progress);
    progress->next = book->heads->free;
    book->heads->free = record + 1;
    book->heads->free_count++;
}

void atp_progress_rebuild(atp_progress_book_t *book)
{
    uint64_t count = atp_table_count(&book->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_progress_t *progress = atp_table_at(&book->records, i);
        if (progress->line != 0) {
            atp_index_insert(&book->index, hash_of(progress->line - 1), (uint32_t)i);
        }
    }
}

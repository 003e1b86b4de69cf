#include "engine/ledger/reservations/archive.h"

#include <string.h>

static atp_text_t id_of(const atp_archived_t *archived)
{
    return (atp_text_t){archived->id, archived->id_size};
}

static atp_text_t order_of(const atp_archived_t *archived)
{
    return (atp_text_t){archived->order, archived->order_size};
}

static uint32_t place_of(const atp_archive_t *archive, uint64_t number)
{
    return (uint32_t)((number - 1) % archive->records.capacity);
}

/* NULL if it is not kept. */
static const atp_archived_t *numbered(const atp_archive_t *archive, uint64_t number)
{
    const atp_archive_heads_t *heads = archive->heads;

    return number != 0 && number >= heads->oldest && number <= heads->newest
               ? atp_table_at(&archive->records, place_of(archive, number))
               : NULL;
}

const atp_archived_t *atp_archive_find(const atp_archive_t *archive, atp_text_t id, uint64_t hash)
{
    atp_index_probe_t probe = atp_index_probe(&archive->by_id, hash);
    uint32_t place;

    while (atp_index_next(&probe, &place)) {
        const atp_archived_t *archived = atp_table_at(&archive->records, place);
        if (archived->id_hash == hash && atp_text_equal(id_of(archived), id)) {
            return archived;
        }
    }
    return NULL;
}

const atp_archived_t *atp_archive_find_order(const atp_archive_t *archive, atp_text_t order, uint64_t hash)
{
    atp_index_probe_t probe = atp_index_probe(&archive->by_order, hash);
    uint32_t place;

    while (atp_index_next(&probe, &place)) {
        const atp_archived_t *archived = atp_table_at(&archive->records, place);
        if (archived->order_hash == hash && atp_text_equal(order_of(archived), order)) {
            return archived;
        }
    }
    return NULL;
}

const atp_archived_t *atp_archive_next_of_order(const atp_archive_t *archive, const atp_archived_t *archived)
{
    return numbered(archive, archived->same_order);
}

uint64_t atp_archive_count(const atp_archive_t *archive)
{
    const atp_archive_heads_t *heads = archive->heads;

    return heads->newest == 0 ? 0 : heads->newest + 1 - heads->oldest;
}

const atp_archived_line_t *atp_archive_line(const atp_archive_t *archive, const atp_archived_t *archived,
                                            uint32_t i)
{
    ATP_ASSERT(i < archived->line_count);
    return atp_table_at(&archive->lines, (archived->first_line + i) % archive->lines.capacity);
}

atp_archived_line_t *atp_archive_change_line(atp_archive_t *archive, const atp_archived_t *archived,
                                             uint32_t i)
{
    ATP_ASSERT(i < archived->line_count);
    return atp_table_change(&archive->lines, (archived->first_line + i) % archive->lines.capacity);
}

/* Enters the newest one: those of the same id and order before it are found no more, or behind it. */
static void enter(atp_archive_t *archive, const atp_archived_t *archived)
{
    uint32_t place = place_of(archive, archived->number);
    const atp_archived_t *before = atp_archive_find(archive, id_of(archived), archived->id_hash);

    if (before != NULL) {
        atp_index_remove(&archive->by_id, archived->id_hash, place_of(archive, before->number));
    }
    atp_index_insert(&archive->by_id, archived->id_hash, place);
    if (archived->order_size == 0) {
        return;
    }
    before = atp_archive_find_order(archive, order_of(archived), archived->order_hash);
    if (before != NULL) {
        atp_index_remove(&archive->by_order, archived->order_hash, place_of(archive, before->number));
    }
    atp_index_insert(&archive->by_order, archived->order_hash, place);
}

static void forget_oldest(atp_archive_t *archive)
{
    atp_archive_heads_t *heads = archive->heads;
    const atp_archived_t *oldest = numbered(archive, heads->oldest);
    uint32_t place = place_of(archive, oldest->number);

    if (atp_archive_find(archive, id_of(oldest), oldest->id_hash) == oldest) {
        atp_index_remove(&archive->by_id, oldest->id_hash, place);
    }
    if (oldest->order_size > 0 &&
        atp_archive_find_order(archive, order_of(oldest), oldest->order_hash) == oldest) {
        atp_index_remove(&archive->by_order, oldest->order_hash, place);
    }
    heads->forgotten++;
    heads->floor_ms = oldest->archived_ms;
    heads->oldest++;
}

/* Lines that are in use: they end where the next ones begin. */
static uint64_t lines_kept(const atp_archive_t *archive)
{
    const atp_archived_t *oldest = numbered(archive, archive->heads->oldest);

    return oldest == NULL ? 0 : archive->heads->next_line - oldest->first_line;
}

/* The places of `count` lines from `first` on, all zero. */
static void clear_lines(atp_archive_t *archive, uint64_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t place = (first + i) % archive->lines.capacity;
        if (place >= atp_table_count(&archive->lines)) {
            atp_table_append(&archive->lines, 1);
        }
        atp_archived_line_t *line = atp_table_change(&archive->lines, place);
        memset(line, 0, sizeof *line);
    }
}

const atp_archived_t *atp_archive_add(atp_archive_t *archive, const atp_archived_t *filled)
{
    atp_archive_heads_t *heads = archive->heads;

    if (filled->line_count > archive->lines.capacity) {
        heads->forgotten++;
        return NULL;
    }
    while (atp_archive_count(archive) == archive->records.capacity ||
           lines_kept(archive) + filled->line_count > archive->lines.capacity) {
        forget_oldest(archive);
    }
    const atp_archived_t *before =
        filled->order_size > 0 ? atp_archive_find_order(archive, order_of(filled), filled->order_hash) : NULL;
    uint64_t number = ++heads->newest;
    heads->oldest = heads->oldest == 0 ? 1 : heads->oldest;
    if (number <= archive->records.capacity) {
        atp_table_append(&archive->records, 1);
    }
    atp_archived_t *archived = atp_table_change(&archive->records, place_of(archive, number));
    *archived = *filled;
    archived->number = number;
    archived->first_line = heads->next_line;
    archived->same_order = before != NULL ? before->number : 0;
    clear_lines(archive, heads->next_line, filled->line_count);
    heads->next_line += filled->line_count;
    enter(archive, archived);
    return archived;
}

void atp_archive_rebuild(atp_archive_t *archive)
{
    const atp_archive_heads_t *heads = archive->heads;

    for (uint64_t number = heads->oldest; number != 0 && number <= heads->newest; number++) {
        enter(archive, numbered(archive, number));
    }
}

#include "loaders/rows/parts.h"

#include "loaders/grow.h"
#include "loaders/input/spool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_SIZE (24u << 10)

/* Some records of a part in memory, the others in chunks of the file. */
typedef struct part {
    char bytes[CHUNK_SIZE];
    uint32_t count;
    uint64_t *chunks; /* offsets, in the order in which they were added */
    uint64_t chunk_count;
    uint64_t chunk_room;
} part_t;

struct atp_parts {
    uint32_t record_size;
    uint32_t chunk_records;
    int fd; /* -1: nothing is on disk */
    uint64_t size;
    part_t parts[ATP_PARTS_COUNT];
};

atp_err_t atp_parts_create(uint32_t record_size, atp_parts_t **ret_parts)
{
    atp_parts_t *parts = calloc(1, sizeof *parts);

    ATP_ASSERT(record_size >= 1 && record_size <= ATP_PARTS_RECORD_MAX);
    if (parts == NULL) {
        return ATP_ERR_MEMORY;
    }
    parts->record_size = record_size;
    parts->chunk_records = CHUNK_SIZE / record_size;
    parts->fd = -1;
    *ret_parts = parts;
    return ATP_OK;
}

void atp_parts_destroy(atp_parts_t *parts)
{
    if (parts == NULL) {
        return;
    }
    for (unsigned i = 0; i < ATP_PARTS_COUNT; i++) {
        free(parts->parts[i].chunks);
    }
    if (parts->fd >= 0) {
        close(parts->fd);
    }
    free(parts);
}

/* ---- adding ---- */

static atp_err_t write_chunk(atp_parts_t *parts, part_t *part)
{
    size_t size = (size_t)parts->chunk_records * parts->record_size;

    parts->fd = parts->fd >= 0 ? parts->fd : atp_spool_open_nameless();
    if (parts->fd < 0) {
        return ATP_ERR_IO;
    }
    uint64_t *chunks = atp_grow(part->chunks, sizeof *chunks, part->chunk_count, &part->chunk_room);
    if (chunks == NULL) {
        return ATP_ERR_MEMORY;
    }
    part->chunks = chunks;
    atp_err_t err = atp_spool_write_at(parts->fd, part->bytes, size, parts->size);
    if (err != ATP_OK) {
        return err;
    }
    part->chunks[part->chunk_count++] = parts->size;
    parts->size += size;
    part->count = 0;
    return ATP_OK;
}

atp_err_t atp_parts_add(atp_parts_t *parts, unsigned part_number, const void *record)
{
    ATP_ASSERT(part_number < ATP_PARTS_COUNT);
    part_t *part = &parts->parts[part_number];
    atp_err_t err = part->count == parts->chunk_records ? write_chunk(parts, part) : ATP_OK;

    if (err == ATP_OK) {
        memcpy(part->bytes + (size_t)part->count++ * parts->record_size, record, parts->record_size);
    }
    return err;
}

uint64_t atp_parts_count(const atp_parts_t *parts, unsigned part)
{
    return parts->parts[part].chunk_count * parts->chunk_records + parts->parts[part].count;
}

/* ---- reading ---- */

atp_err_t atp_parts_read(const atp_parts_t *parts, unsigned part_number, void **ret_records)
{
    const part_t *part = &parts->parts[part_number];
    uint64_t count = atp_parts_count(parts, part_number);
    size_t chunk_size = (size_t)parts->chunk_records * parts->record_size;
    atp_err_t err = ATP_OK;

    *ret_records = NULL;
    if (count == 0) {
        return ATP_OK;
    }
    char *records = calloc(count, parts->record_size);
    if (records == NULL) {
        return ATP_ERR_MEMORY;
    }
    for (uint64_t i = 0; i < part->chunk_count && err == ATP_OK; i++) {
        err = atp_spool_read_at(parts->fd, records + i * chunk_size, chunk_size, part->chunks[i]);
    }
    if (err != ATP_OK) {
        free(records);
        return err;
    }
    memcpy(records + part->chunk_count * chunk_size, part->bytes, (size_t)part->count * parts->record_size);
    *ret_records = records;
    return ATP_OK;
}

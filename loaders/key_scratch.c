#include "loaders/key_scratch.h"

#include "loaders/seen.h"
#include "loaders/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define PARTS      64
#define PART_SHIFT 58 /* the uppermost bits; a set of keys goes by the lowest ones */
#define CHUNK_ROWS 1024
#define TAG_SHIFT  40

typedef struct row {
    uint64_t low;
    uint64_t tag_and_number; /* 24 more bits of the fingerprint, 40 bits of number */
    uint64_t line;
} row_t;

/* Some rows of a part in memory, the others in chunks of the file. */
typedef struct part {
    row_t rows[CHUNK_ROWS];
    uint32_t row_count;
    uint64_t *chunks; /* offsets, in the order in which they were added */
    uint64_t chunk_count;
    uint64_t chunk_room;
} part_t;

struct atp_key_scratch {
    int fd;
    uint64_t size;
    part_t parts[PARTS];
};

atp_err_t atp_key_scratch_create(atp_key_scratch_t **ret_scratch)
{
    atp_key_scratch_t *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL) {
        return ATP_ERR_MEMORY;
    }
    scratch->fd = atp_spool_open_nameless();
    if (scratch->fd < 0) {
        free(scratch);
        return ATP_ERR_IO;
    }
    *ret_scratch = scratch;
    return ATP_OK;
}

void atp_key_scratch_destroy(atp_key_scratch_t *scratch)
{
    if (scratch == NULL) {
        return;
    }
    for (unsigned i = 0; i < PARTS; i++) {
        free(scratch->parts[i].chunks);
    }
    close(scratch->fd);
    free(scratch);
}

/* ---- adding ---- */

static bool need_chunk(part_t *part)
{
    uint64_t room = part->chunk_room == 0 ? 64 : 2 * part->chunk_room;

    if (part->chunk_count < part->chunk_room) {
        return true;
    }
    uint64_t *grown = reallocarray(part->chunks, room, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    part->chunks = grown;
    part->chunk_room = room;
    return true;
}

static atp_err_t write_chunk(atp_key_scratch_t *scratch, part_t *part)
{
    const char *from = (const char *)part->rows;

    if (!need_chunk(part)) {
        return ATP_ERR_MEMORY;
    }
    for (size_t done = 0; done < sizeof part->rows;) {
        ssize_t put =
            pwrite(scratch->fd, from + done, sizeof part->rows - done, (off_t)(scratch->size + done));
        if (put < 0 && errno != EINTR) {
            return errno == ENOSPC || errno == EDQUOT ? ATP_ERR_NO_SPACE : ATP_ERR_IO;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    part->chunks[part->chunk_count++] = scratch->size;
    scratch->size += sizeof part->rows;
    part->row_count = 0;
    return ATP_OK;
}

atp_err_t atp_key_scratch_add(atp_key_scratch_t *scratch, atp_fingerprint_t key, uint64_t number,
                              uint64_t line)
{
    part_t *part = &scratch->parts[key.low >> PART_SHIFT];
    atp_err_t err = part->row_count == CHUNK_ROWS ? write_chunk(scratch, part) : ATP_OK;

    ATP_ASSERT(number <= ATP_SEEN_VALUE_MAX);
    if (err == ATP_OK) {
        part->rows[part->row_count++] = (row_t){key.low, key.high << TAG_SHIFT | number, line};
    }
    return err;
}

/* ---- finding ---- */

static atp_err_t look_at_rows(atp_seen_t *seen, const row_t *rows, uint32_t count, atp_key_again_fn again,
                              void *context)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < count && err == ATP_OK; i++) {
        const atp_fingerprint_t key = {rows[i].low, rows[i].tag_and_number >> TAG_SHIFT};
        uint64_t first_line = 0;
        err = atp_seen_put(seen, key, rows[i].line, &first_line);
        if (err == ATP_OK && first_line != 0) {
            err = again(context, rows[i].tag_and_number & ATP_SEEN_VALUE_MAX, first_line);
        }
    }
    return err;
}

static atp_err_t read_chunk(const atp_key_scratch_t *scratch, uint64_t at, row_t *ret_rows)
{
    size_t size = CHUNK_ROWS * sizeof *ret_rows;

    for (size_t done = 0; done < size;) {
        ssize_t got = pread(scratch->fd, (char *)ret_rows + done, size - done, (off_t)(at + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return ATP_ERR_IO;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return ATP_OK;
}

/* `rows`: room for a chunk. */
static atp_err_t look_at_part(const atp_key_scratch_t *scratch, const part_t *part, row_t *rows,
                              atp_key_again_fn again, void *context)
{
    uint64_t count = part->chunk_count * CHUNK_ROWS + part->row_count;
    atp_seen_t *seen = NULL;
    atp_err_t err = atp_seen_create(count, count, &seen);

    for (uint64_t i = 0; i < part->chunk_count && err == ATP_OK; i++) {
        err = read_chunk(scratch, part->chunks[i], rows);
        err = err == ATP_OK ? look_at_rows(seen, rows, CHUNK_ROWS, again, context) : err;
    }
    err = err == ATP_OK ? look_at_rows(seen, part->rows, part->row_count, again, context) : err;
    atp_seen_destroy(seen);
    return err;
}

atp_err_t atp_key_scratch_find(atp_key_scratch_t *scratch, atp_key_again_fn again, void *context)
{
    row_t *rows = calloc(CHUNK_ROWS, sizeof *rows);
    atp_err_t err = rows != NULL ? ATP_OK : ATP_ERR_MEMORY;

    for (unsigned i = 0; i < PARTS && err == ATP_OK; i++) {
        err = look_at_part(scratch, &scratch->parts[i], rows, again, context);
    }
    free(rows);
    return err;
}

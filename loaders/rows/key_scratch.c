#include "loaders/rows/key_scratch.h"

#include "loaders/rows/parts.h"
#include "loaders/rows/seen.h"

#include <stdlib.h>

#define TAG_SHIFT 40

typedef struct row {
    uint64_t low;
    uint64_t tag_and_number; /* 24 more bits of the fingerprint, 40 bits of number */
    uint64_t line;
} row_t;

struct atp_key_scratch {
    atp_parts_t *rows;
};

atp_err_t atp_key_scratch_create(atp_key_scratch_t **ret_scratch)
{
    atp_key_scratch_t *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL || atp_parts_create(sizeof(row_t), &scratch->rows) != ATP_OK) {
        free(scratch);
        return ATP_ERR_MEMORY;
    }
    *ret_scratch = scratch;
    return ATP_OK;
}

void atp_key_scratch_destroy(atp_key_scratch_t *scratch)
{
    if (scratch != NULL) {
        atp_parts_destroy(scratch->rows);
        free(scratch);
    }
}

atp_err_t atp_key_scratch_add(atp_key_scratch_t *scratch, atp_fingerprint_t key, uint64_t number,
                              uint64_t line)
{
    const row_t row = {key.low, key.high << TAG_SHIFT | number, line};

    ATP_ASSERT(number <= ATP_SEEN_VALUE_MAX);
    return atp_parts_add(scratch->rows, (unsigned)(key.low >> ATP_PARTS_TOP_SHIFT), &row);
}

static atp_err_t look_at_rows(atp_seen_t *seen, const row_t *rows, uint64_t count, atp_key_again_fn again,
                              void *context)
{
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        const atp_fingerprint_t key = {rows[i].low, rows[i].tag_and_number >> TAG_SHIFT};
        uint64_t first_line = 0;
        err = atp_seen_put(seen, key, rows[i].line, &first_line);
        if (err == ATP_OK && first_line != 0) {
            err = again(context, rows[i].tag_and_number & ATP_SEEN_VALUE_MAX, first_line);
        }
    }
    return err;
}

static atp_err_t look_at_part(const atp_key_scratch_t *scratch, unsigned part, atp_key_again_fn again,
                              void *context)
{
    uint64_t count = atp_parts_count(scratch->rows, part);
    atp_seen_t *seen = NULL;
    void *rows = NULL;
    atp_err_t err = atp_parts_read(scratch->rows, part, &rows);

    if (err == ATP_OK && count > 0) {
        err = atp_seen_create(count, count, &seen);
        err = err == ATP_OK ? look_at_rows(seen, rows, count, again, context) : err;
    }
    atp_seen_destroy(seen);
    free(rows);
    return err;
}

atp_err_t atp_key_scratch_find(atp_key_scratch_t *scratch, atp_key_again_fn again, void *context)
{
    atp_err_t err = ATP_OK;

    for (unsigned i = 0; i < ATP_PARTS_COUNT && err == ATP_OK; i++) {
        err = look_at_part(scratch, i, again, context);
    }
    return err;
}

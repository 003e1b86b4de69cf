#include "tools/atp/load/load_missing.h"

#include "loaders/load.h"
#include "loaders/rows/parts.h"
#include "loaders/rows/seen.h"

#include <stdlib.h>
#include <string.h>

typedef struct position {
    atp_fingerprint_t key;
    uint8_t sku_size;
    uint8_t node_size;
    char texts[2 * ATP_ID_SIZE_MAX]; /* SKU, then node */
} position_t;

struct atp_load_missing {
    atp_seen_t *seen;  /* rows of the part that is looked at */
    atp_parts_t *rows; /* fingerprints */
    atp_parts_t *positions;
};

atp_err_t atp_load_missing_create(atp_load_missing_t **ret_missing)
{
    atp_load_missing_t *missing = calloc(1, sizeof *missing);

    if (missing == NULL || atp_seen_create(ATP_LOAD_KEY_COUNT_MAX, 0, &missing->seen) != ATP_OK ||
        atp_parts_create(sizeof(atp_fingerprint_t), &missing->rows) != ATP_OK ||
        atp_parts_create(sizeof(position_t), &missing->positions) != ATP_OK) {
        atp_load_missing_destroy(missing);
        return ATP_ERR_MEMORY;
    }
    *ret_missing = missing;
    return ATP_OK;
}

void atp_load_missing_destroy(atp_load_missing_t *missing)
{
    if (missing != NULL) {
        atp_seen_destroy(missing->seen);
        atp_parts_destroy(missing->rows);
        atp_parts_destroy(missing->positions);
        free(missing);
    }
}

static unsigned part_of(atp_fingerprint_t key)
{
    return (unsigned)(key.low >> ATP_PARTS_TOP_SHIFT);
}

atp_err_t atp_load_missing_add_row(atp_load_missing_t *missing, atp_text_t sku, atp_text_t node)
{
    atp_fingerprint_t key = atp_seen_key(missing->seen, sku, node);

    return atp_parts_add(missing->rows, part_of(key), &key);
}

atp_err_t atp_load_missing_add_position(atp_load_missing_t *missing, atp_text_t sku, atp_text_t node)
{
    position_t position = {.key = atp_seen_key(missing->seen, sku, node),
                           .sku_size = (uint8_t)sku.size,
                           .node_size = (uint8_t)node.size};

    ATP_ASSERT(sku.size >= 1 && sku.size <= ATP_ID_SIZE_MAX && node.size >= 1 &&
               node.size <= ATP_ID_SIZE_MAX); /* ids of the ledger */
    memcpy(position.texts, sku.bytes, sku.size);
    memcpy(position.texts + sku.size, node.bytes, node.size);
    return atp_parts_add(missing->positions, part_of(position.key), &position);
}

static atp_err_t see_rows(atp_load_missing_t *missing, const atp_fingerprint_t *rows, uint64_t count)
{
    atp_err_t err = atp_seen_clear(missing->seen);
    uint64_t present;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        err = atp_seen_put(missing->seen, rows[i], 1, &present);
    }
    return err;
}

static atp_err_t tell_missing(const atp_load_missing_t *missing, const position_t *positions, uint64_t count,
                              atp_load_missing_fn each, void *context)
{
    atp_text_t skus[ATP_LOAD_MISSING_BATCH];
    atp_text_t nodes[ATP_LOAD_MISSING_BATCH];
    uint32_t told = 0;
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        const position_t *position = &positions[i];
        if (atp_seen_get(missing->seen, position->key) == 0) {
            skus[told] = (atp_text_t){position->texts, position->sku_size};
            nodes[told++] = (atp_text_t){position->texts + position->sku_size, position->node_size};
        }
        if (told == ATP_LOAD_MISSING_BATCH) {
            err = each(context, skus, nodes, told);
            told = 0;
        }
    }
    return err == ATP_OK && told > 0 ? each(context, skus, nodes, told) : err;
}

static atp_err_t find_in_part(atp_load_missing_t *missing, unsigned part, atp_load_missing_fn each,
                              void *context)
{
    void *rows = NULL;
    void *read = NULL;
    atp_err_t err = atp_parts_read(missing->rows, part, &rows);

    err = err == ATP_OK ? see_rows(missing, rows, atp_parts_count(missing->rows, part)) : err;
    free(rows);
    err = err == ATP_OK ? atp_parts_read(missing->positions, part, &read) : err;
    uint64_t count = read != NULL ? atp_parts_count(missing->positions, part) : 0;
    err = err == ATP_OK ? tell_missing(missing, read, count, each, context) : err;
    free(read);
    return err;
}

atp_err_t atp_load_missing_find(atp_load_missing_t *missing, atp_load_missing_fn each, void *context)
{
    atp_err_t err = ATP_OK;

    for (unsigned part = 0; part < ATP_PARTS_COUNT && err == ATP_OK; part++) {
        err = find_in_part(missing, part, each, context);
    }
    atp_parts_destroy(missing->positions);
    missing->positions = NULL;
    atp_err_t made = atp_parts_create(sizeof(position_t), &missing->positions);
    return err == ATP_OK ? made : err;
}

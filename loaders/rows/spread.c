#include "loaders/rows/spread.h"

#include "loaders/rows/numbered.h"
#include "loaders/rows/parts.h"
#include "loaders/rows/safety.h"

#include <stdlib.h>

#define NODES_PER_SKU_MAX 65536

typedef struct entry {
    uint64_t sku_key;
    uint64_t index; /* of the row */
    atp_qty_t on_hand;
    atp_qty_t level; /* after compute: the share */
    uint64_t line : 56;
    uint64_t scale : 8;
} entry_t;

typedef struct share {
    uint64_t index;
    atp_qty_t level;
    uint64_t scale;
} share_t;

struct atp_spread_book {
    uint64_t count;
    uint64_t count_max;
    atp_parts_t *entries; /* by SKU, until they are computed */
    atp_numbered_t *shares;
};

static atp_err_t need_entries(atp_spread_book_t *book)
{
    atp_parts_destroy(book->entries);
    book->entries = NULL;
    return atp_parts_create(sizeof(entry_t), &book->entries);
}

atp_err_t atp_spread_create(uint64_t row_count_max, atp_spread_book_t **ret_book)
{
    atp_spread_book_t *book = calloc(1, sizeof *book);

    if (book == NULL || need_entries(book) != ATP_OK) {
        free(book);
        return ATP_ERR_MEMORY;
    }
    book->count_max = row_count_max;
    *ret_book = book;
    return ATP_OK;
}

atp_err_t atp_spread_restart(atp_spread_book_t *book)
{
    book->count = 0;
    return need_entries(book);
}

void atp_spread_destroy(atp_spread_book_t *book)
{
    if (book != NULL) {
        atp_parts_destroy(book->entries);
        atp_numbered_destroy(book->shares);
        free(book);
    }
}

/* At the scale of its row, which it fits. */
static atp_qty_t at_scale(const atp_load_qty_t *qty, uint8_t scale)
{
    atp_qty_t scaled = 0;
    atp_rescale_t result = atp_qty_rescale(qty->mantissa, qty->decimals, scale, &scaled);

    ATP_ASSERT(result == ATP_RESCALED);
    return scaled;
}

atp_err_t atp_spread_add(atp_spread_book_t *book, uint64_t sku_key, const atp_load_row_t *row)
{
    if (book->count >= book->count_max) {
        return ATP_ERR_LIMIT;
    }
    const entry_t entry = {
        .sku_key = sku_key,
        .index = book->count,
        .on_hand = at_scale(&row->qty[ATP_LOAD_ON_HAND], row->scale),
        .level = at_scale(&row->qty[ATP_LOAD_SAFETY], row->scale),
        .line = row->line & ((UINT64_C(1) << 56) - 1),
        .scale = row->scale,
    };
    book->count++;
    return atp_parts_add(book->entries, (unsigned)(sku_key >> ATP_PARTS_TOP_SHIFT), &entry);
}

static int by_sku(const void *left, const void *right)
{
    const entry_t *a = left;
    const entry_t *b = right;

    if (a->sku_key != b->sku_key) {
        return a->sku_key < b->sku_key ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

static atp_err_t check_group(const entry_t *group, uint64_t count, const char *place, atp_why_t *ret_why)
{
    if (count > NODES_PER_SKU_MAX) {
        return atp_fail(ret_why, ATP_ERR_LIMIT, "%.150s:%llu: this SKU is at more than %d nodes", place,
                        (unsigned long long)group[0].line, NODES_PER_SKU_MAX);
    }
    for (uint64_t i = 1; i < count; i++) {
        if (group[i].level != group[0].level || group[i].scale != group[0].scale) {
            return atp_fail(
                ret_why, ATP_ERR_INVALID,
                "%.150s:%llu: the safety stock or the scale of this SKU differs from that on line %llu; to "
                "be spread they must be those of the SKU",
                place, (unsigned long long)group[i].line, (unsigned long long)group[0].line);
        }
    }
    return ATP_OK;
}

/* room: 2 * count quantities. */
static bool spread_group(entry_t *group, uint64_t count, atp_qty_t *room)
{
    atp_qty_t *shares = room + count;
    atp_qty_t spread;

    for (uint64_t i = 0; i < count; i++) {
        room[i] = group[i].on_hand;
    }
    if (!atp_safety_spread(group[0].level, room, count, shares, &spread)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        group[i].level = shares[i];
    }
    return true;
}

static atp_err_t keep_shares(atp_spread_book_t *book, const entry_t *group, uint64_t count)
{
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        const share_t share = {group[i].index, group[i].level, group[i].scale};
        err = atp_numbered_add(book->shares, &share);
    }
    return err;
}

/* All rows of the SKUs of a part. `room`: 2 * NODES_PER_SKU_MAX quantities. */
static atp_err_t compute_part(atp_spread_book_t *book, entry_t *entries, uint64_t count, atp_qty_t *room,
                              const char *place, atp_why_t *ret_why)
{
    atp_err_t err = ATP_OK;
    uint64_t end;

    if (count > 0) {
        qsort(entries, count, sizeof *entries, by_sku);
    }
    for (uint64_t at = 0; at < count && err == ATP_OK; at = end) {
        entry_t *group = entries + at;
        for (end = at + 1; end < count && entries[end].sku_key == group->sku_key;) {
            end++;
        }
        err = check_group(group, end - at, place, ret_why);
        if (err == ATP_OK && !spread_group(group, end - at, room)) {
            err = ATP_ERR_MEMORY;
        }
        err = err == ATP_OK ? keep_shares(book, group, end - at) : err;
    }
    return err;
}

atp_err_t atp_spread_compute(atp_spread_book_t *book, const char *place, atp_why_t *ret_why)
{
    atp_qty_t *room = malloc(2 * NODES_PER_SKU_MAX * sizeof *room);
    atp_err_t err =
        room != NULL ? atp_numbered_create(sizeof(share_t), book->count, &book->shares) : ATP_ERR_MEMORY;

    for (unsigned part = 0; part < ATP_PARTS_COUNT && err == ATP_OK; part++) {
        void *entries = NULL;
        err = atp_parts_read(book->entries, part, &entries);
        if (err == ATP_OK) {
            err = compute_part(book, entries, atp_parts_count(book->entries, part), room, place, ret_why);
        }
        free(entries);
    }
    free(room);
    atp_parts_destroy(book->entries);
    book->entries = NULL;
    bool is_said = err == ATP_OK || err == ATP_ERR_INVALID || err == ATP_ERR_LIMIT;
    return is_said ? err
                   : atp_fail(ret_why, err, "%.150s: the safety stock cannot be spread: %s", place,
                              atp_err_name(err));
}

void atp_spread_begin(atp_spread_book_t *book)
{
    atp_numbered_begin(book->shares);
}

atp_err_t atp_spread_share(atp_spread_book_t *book, uint64_t index, atp_load_qty_t *ret_share)
{
    const void *record = NULL;
    atp_err_t err = atp_numbered_find(book->shares, index, &record);

    ATP_ASSERT(index < book->count && (err != ATP_OK || record != NULL));
    if (err == ATP_OK) {
        const share_t *share = record;
        *ret_share = (atp_load_qty_t){share->level, (uint8_t)share->scale, true};
        atp_qty_normalise(&ret_share->mantissa, &ret_share->decimals);
    }
    return err;
}

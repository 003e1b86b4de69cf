#include "loaders/spread.h"

#include "loaders/safety.h"

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

struct atp_spread_book {
    entry_t *entries;
    uint64_t count;
    uint64_t capacity;
    uint64_t count_max;
};

atp_err_t atp_spread_create(uint64_t row_count_max, atp_spread_book_t **ret_book)
{
    atp_spread_book_t *book = calloc(1, sizeof *book);

    if (book == NULL) {
        return ATP_ERR_MEMORY;
    }
    book->count_max = row_count_max;
    *ret_book = book;
    return ATP_OK;
}

void atp_spread_destroy(atp_spread_book_t *book)
{
    if (book != NULL) {
        free(book->entries);
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
    if (book->count == book->capacity) {
        uint64_t capacity = book->capacity == 0 ? 1024 : book->capacity * 2;
        entry_t *grown = reallocarray(book->entries, capacity, sizeof *grown);
        if (grown == NULL) {
            return ATP_ERR_MEMORY;
        }
        book->entries = grown;
        book->capacity = capacity;
    }
    book->entries[book->count] = (entry_t){
        .sku_key = sku_key,
        .index = book->count,
        .on_hand = at_scale(&row->qty[ATP_LOAD_ON_HAND], row->scale),
        .level = at_scale(&row->qty[ATP_LOAD_SAFETY], row->scale),
        .line = row->line & ((UINT64_C(1) << 56) - 1),
        .scale = row->scale,
    };
    book->count++;
    return ATP_OK;
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

static int by_index(const void *left, const void *right)
{
    const entry_t *a = left;
    const entry_t *b = right;

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

atp_err_t atp_spread_compute(atp_spread_book_t *book, const char *place, atp_why_t *ret_why)
{
    atp_qty_t *room = malloc(2 * NODES_PER_SKU_MAX * sizeof *room);
    atp_err_t err = room != NULL ? ATP_OK : ATP_ERR_MEMORY;
    uint64_t end;

    if (err == ATP_OK && book->count > 0) {
        qsort(book->entries, book->count, sizeof *book->entries, by_sku);
    }
    for (uint64_t at = 0; at < book->count && err == ATP_OK; at = end) {
        entry_t *group = book->entries + at;
        for (end = at + 1; end < book->count && book->entries[end].sku_key == group->sku_key;) {
            end++;
        }
        err = check_group(group, end - at, place, ret_why);
        if (err == ATP_OK && !spread_group(group, end - at, room)) {
            err = ATP_ERR_MEMORY;
        }
    }
    free(room);
    if (err == ATP_ERR_MEMORY) {
        return atp_fail(ret_why, err, "%.150s: no memory to spread the safety stock", place);
    }
    if (err == ATP_OK && book->count > 0) {
        qsort(book->entries, book->count, sizeof *book->entries, by_index);
    }
    return err;
}

atp_load_qty_t atp_spread_share(const atp_spread_book_t *book, uint64_t index)
{
    ATP_ASSERT(index < book->count);
    atp_load_qty_t share = {book->entries[index].level, (uint8_t)book->entries[index].scale, true};

    atp_qty_normalise(&share.mantissa, &share.decimals);
    return share;
}

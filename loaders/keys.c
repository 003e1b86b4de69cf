#include "loaders/keys.h"

#include <stdlib.h>

/* The sum over the rows of a key, and the row that stands for it. */
typedef struct sum {
    atp_load_qty_t qty[ATP_LOAD_QTY_COUNT];
    uint64_t first_line;
} sum_t;

struct atp_keys {
    atp_duplicates_t duplicates;
    atp_seen_t *seen; /* value: line of the first or last row, or index + 1 into sums */
    sum_t *sums;
    uint64_t sum_count;
    uint64_t sum_capacity;
    uint64_t duplicate_count; /* rows met beyond the first of their key, refused or merged */
    uint64_t merged;
};

atp_err_t atp_keys_create(atp_duplicates_t duplicates, uint64_t key_count_max, uint64_t key_count_hint,
                          atp_keys_t **ret_keys)
{
    atp_keys_t *keys = calloc(1, sizeof *keys);

    if (keys == NULL || atp_seen_create(key_count_max, key_count_hint, &keys->seen) != ATP_OK) {
        free(keys);
        return ATP_ERR_MEMORY;
    }
    keys->duplicates = duplicates;
    *ret_keys = keys;
    return ATP_OK;
}

void atp_keys_destroy(atp_keys_t *keys)
{
    if (keys != NULL) {
        atp_seen_destroy(keys->seen);
        free(keys->sums);
        free(keys);
    }
}

atp_fingerprint_t atp_keys_of_row(const atp_keys_t *keys, const atp_load_row_t *row)
{
    /* A component may be in a kit several times, from different dates on. */
    atp_fingerprint_t key = atp_seen_key(keys->seen, row->sku, row->kit.size > 0 ? row->kit : row->node);

    if (row->supply.size > 0) { /* one supply, one row */
        key = atp_seen_key(keys->seen, row->supply, (atp_text_t){"", 0});
    }
    if (row->event.size > 0) { /* it happened once */
        key = atp_seen_key(keys->seen, row->event, (atp_text_t){"", 0});
    }
    if (row->alias.size > 0) { /* one text means one thing to whom it is told, of each kind */
        key = atp_seen_key(keys->seen, row->alias, row->sku.size > 0 ? ATP_TEXT("s") : ATP_TEXT("n"));
        key = atp_fingerprint_of(row->told_by, key.low ^ key.high);
    }
    if (row->expected[0].key == ATP_KEY_NUMERATOR) { /* a unit of a SKU, or of all */
        key = atp_seen_key(keys->seen, row->counted_in.text, row->sku);
    }
    if (row->start_ms != 0) {
        key = atp_fingerprint_of((atp_text_t){(const char *)&row->start_ms, sizeof row->start_ms},
                                 key.low ^ key.high);
    }

    atp_seen_prefetch(keys->seen, key);
    return key;
}

atp_fingerprint_t atp_keys_of_sku(const atp_keys_t *keys, atp_text_t sku)
{
    return atp_seen_key(keys->seen, sku, (atp_text_t){"", 0});
}

static bool grow_sums(atp_keys_t *keys)
{
    uint64_t capacity = keys->sum_capacity == 0 ? 1024 : keys->sum_capacity * 2;
    sum_t *grown;

    if (keys->sum_count < keys->sum_capacity) {
        return true;
    }
    grown = reallocarray(keys->sums, capacity, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    keys->sums = grown;
    keys->sum_capacity = capacity;
    return true;
}

static bool add_qty(atp_load_qty_t *sum, const atp_load_qty_t *more)
{
    uint8_t scale = sum->decimals > more->decimals ? sum->decimals : more->decimals;
    atp_qty_t a;
    atp_qty_t b;

    if (atp_qty_rescale(sum->mantissa, sum->decimals, scale, &a) != ATP_RESCALED ||
        atp_qty_rescale(more->mantissa, more->decimals, scale, &b) != ATP_RESCALED ||
        !atp_qty_in_range(a + b)) {
        return false;
    }
    *sum = (atp_load_qty_t){a + b, scale, sum->is_given || more->is_given};
    atp_qty_normalise(&sum->mantissa, &sum->decimals);
    return true;
}

/* All of the row's quantities or none. The sum must fit the row's scale as its parts do. */
static bool add_row(sum_t *sum, const atp_load_row_t *row)
{
    sum_t larger = *sum;

    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        atp_qty_t scaled;
        atp_load_qty_t *qty = &larger.qty[kind];
        if (!add_qty(qty, &row->qty[kind]) ||
            atp_qty_rescale(qty->mantissa, qty->decimals, row->scale, &scaled) == ATP_RESCALE_OUT_OF_RANGE) {
            return false;
        }
    }
    *sum = larger;
    return true;
}

static uint64_t value_for(atp_keys_t *keys, const atp_load_row_t *row)
{
    return keys->duplicates == ATP_DUPLICATES_SUM ? keys->sum_count + 1 : row->line;
}

static void note_first(atp_keys_t *keys, const atp_load_row_t *row)
{
    if (keys->duplicates == ATP_DUPLICATES_SUM) {
        sum_t *sum = &keys->sums[keys->sum_count++];
        for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
            sum->qty[kind] = row->qty[kind];
        }
        sum->first_line = row->line;
    }
}

static atp_reason_of_reject_t note_again(atp_keys_t *keys, atp_fingerprint_t key, uint64_t present,
                                         const atp_load_row_t *row, uint64_t *ret_first_line)
{
    keys->duplicate_count++;
    switch (keys->duplicates) {
    case ATP_DUPLICATES_REFUSE:
        *ret_first_line = present;
        return ATP_REJECT_DUPLICATE;
    case ATP_DUPLICATES_LAST:
        atp_seen_set(keys->seen, key, row->line);
        break;
    case ATP_DUPLICATES_SUM:
        if (!add_row(&keys->sums[present - 1], row)) {
            return ATP_REJECT_QTY_OUT_OF_RANGE;
        }
        break;
    }
    keys->merged++;
    return ATP_REJECT_NONE;
}

atp_err_t atp_keys_note(atp_keys_t *keys, atp_fingerprint_t key, const atp_load_row_t *row,
                        atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line)
{
    uint64_t present = 0;

    *ret_reason = ATP_REJECT_NONE;
    if (row->line > ATP_SEEN_VALUE_MAX) {
        return ATP_ERR_LIMIT;
    }
    if (keys->duplicates == ATP_DUPLICATES_SUM && !grow_sums(keys)) {
        return ATP_ERR_MEMORY;
    }
    atp_err_t err = atp_seen_put(keys->seen, key, value_for(keys, row), &present);
    if (err != ATP_OK) {
        return err;
    }
    if (present == 0) {
        note_first(keys, row);
    } else {
        *ret_reason = note_again(keys, key, present, row, ret_first_line);
    }
    return ATP_OK;
}

bool atp_keys_are_single(const atp_keys_t *keys)
{
    return keys->duplicate_count == 0;
}

void atp_keys_forget_single(atp_keys_t *keys)
{
    if (atp_keys_are_single(keys)) {
        atp_seen_destroy(keys->seen);
        keys->seen = NULL;
    }
}

bool atp_keys_take(const atp_keys_t *keys, atp_fingerprint_t key, atp_load_row_t *row)
{
    uint64_t value = atp_seen_get(keys->seen, key);

    ATP_ASSERT(value != 0); /* the second pass meets the rows of the first, and no others */
    if (keys->duplicates != ATP_DUPLICATES_SUM) {
        return value == row->line;
    }
    const sum_t *sum = &keys->sums[value - 1];
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        row->qty[kind] = sum->qty[kind];
    }
    return sum->first_line == row->line;
}

uint64_t atp_keys_count(const atp_keys_t *keys)
{
    return atp_seen_count(keys->seen);
}

uint64_t atp_keys_merged(const atp_keys_t *keys)
{
    return keys->merged;
}

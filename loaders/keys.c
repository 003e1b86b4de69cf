#include "loaders/keys.h"

#include "loaders/key_scratch.h"

#include <stdlib.h>

/* Of each quantity of a key the sum over the rows of the newest document that tells it, and the row that stands for all. */
typedef struct sum {
    atp_load_qty_t qty[ATP_LOAD_QTY_COUNT];
    uint32_t documents[ATP_LOAD_QTY_COUNT]; /* that tell the quantities */
    uint32_t document;                      /* the newest */
    uint64_t first_line;                    /* of its rows */
} sum_t;

/* A row whose key was there before, where keys may be put aside. */
typedef struct again {
    uint64_t number; /* how manyth row it is, from 1 */
    uint64_t first_line;
} again_t;

struct atp_keys {
    atp_duplicates_t duplicates;
    uint64_t window; /* 0: all keys stay in memory */
    uint64_t again_max;
    uint64_t number;            /* of the row noted or taken last */
    uint64_t aside_from;        /* number of the first row put aside; 0 = none is */
    atp_key_scratch_t *scratch; /* until it has been looked through */
    bool is_known;              /* agains are complete: the rows come once more */
    again_t *agains;            /* in order of number once they are complete */
    uint64_t again_count;
    uint64_t again_room;
    uint64_t again_next; /* the first one that has not come yet */
    atp_seen_t *seen;    /* value: line of the first or last row, or index + 1 into sums */
    sum_t *sums;
    uint64_t sum_count;
    uint64_t sum_capacity;
    uint64_t duplicate_count; /* rows met beyond the first of their key, refused or merged */
    uint64_t merged;
};

atp_err_t atp_keys_create(atp_duplicates_t duplicates, uint64_t key_count_max, uint64_t key_count_hint,
                          uint64_t window, atp_keys_t **ret_keys)
{
    atp_keys_t *keys = calloc(1, sizeof *keys);
    bool has_window = duplicates == ATP_DUPLICATES_REFUSE && window > 0 && window < key_count_max;
    uint64_t hint = has_window && key_count_hint > window ? window : key_count_hint;

    if (keys == NULL || atp_seen_create(key_count_max, hint, &keys->seen) != ATP_OK) {
        free(keys);
        return ATP_ERR_MEMORY;
    }
    keys->duplicates = duplicates;
    keys->window = has_window ? window : 0;
    keys->again_max = key_count_max;
    *ret_keys = keys;
    return ATP_OK;
}

void atp_keys_destroy(atp_keys_t *keys)
{
    if (keys != NULL) {
        atp_seen_destroy(keys->seen);
        atp_key_scratch_destroy(keys->scratch);
        free(keys->agains);
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

/* A quantity of the row. The sum must fit the row's scale as its parts do. */
static bool tell_qty(sum_t *sum, unsigned kind, const atp_load_row_t *row)
{
    atp_load_qty_t *qty = &sum->qty[kind];
    atp_qty_t scaled;

    if (sum->documents[kind] != row->origin.message) {
        sum->documents[kind] = row->origin.message;
        *qty = row->qty[kind];
        return true;
    }
    return add_qty(qty, &row->qty[kind]) &&
           atp_qty_rescale(qty->mantissa, qty->decimals, row->scale, &scaled) != ATP_RESCALE_OUT_OF_RANGE;
}

/* All of the row's quantities or none. */
static bool add_row(sum_t *sum, const atp_load_row_t *row)
{
    sum_t told = *sum;

    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        if (row->qty[kind].is_given && !tell_qty(&told, kind, row)) {
            return false;
        }
    }
    if (told.document != row->origin.message) {
        told.document = row->origin.message;
        told.first_line = row->line;
    }
    *sum = told;
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
        *sum = (sum_t){.document = row->origin.message, .first_line = row->line};
        for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
            sum->qty[kind] = row->qty[kind];
            sum->documents[kind] = row->origin.message;
        }
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

/* ---- keys that are put aside ---- */

static atp_err_t add_again(void *context, uint64_t number, uint64_t first_line)
{
    atp_keys_t *keys = context;

    if (keys->again_count == keys->again_max) {
        return ATP_ERR_LIMIT;
    }
    if (keys->again_count == keys->again_room) {
        uint64_t room = keys->again_room == 0 ? 1024 : 2 * keys->again_room;
        again_t *grown = reallocarray(keys->agains, room, sizeof *grown);
        if (grown == NULL) {
            return ATP_ERR_MEMORY;
        }
        keys->agains = grown;
        keys->again_room = room;
    }
    keys->agains[keys->again_count++] = (again_t){number, first_line};
    return ATP_OK;
}

/* A key of the window: its row was good, only its line can be asked for. */
static atp_err_t put_aside(void *context, atp_fingerprint_t key, uint64_t line)
{
    return atp_key_scratch_add(context, key, 0, line);
}

/* The window is full: all of it goes aside, and what comes from now on. */
static atp_err_t begin_aside(atp_keys_t *keys)
{
    atp_err_t err = atp_key_scratch_create(&keys->scratch);

    err = err == ATP_OK ? atp_seen_walk(keys->seen, put_aside, keys->scratch) : err;
    err = err == ATP_OK ? atp_seen_clear(keys->seen) : err;
    keys->aside_from = keys->number;
    return err;
}

/* What is known of the row that comes once more: the line of the first of its key, 0 if it is the first. */
static uint64_t next_again(atp_keys_t *keys)
{
    if (keys->again_next == keys->again_count || keys->agains[keys->again_next].number != keys->number) {
        return 0;
    }
    return keys->agains[keys->again_next++].first_line;
}

static int by_number(const void *a, const void *b)
{
    const again_t *first = a;
    const again_t *second = b;

    return first->number < second->number ? -1 : first->number > second->number;
}

atp_err_t atp_keys_end(atp_keys_t *keys, bool *ret_must_repeat)
{
    uint64_t before = keys->again_count;

    *ret_must_repeat = false;
    if (keys->scratch == NULL) {
        return ATP_OK;
    }
    atp_err_t err = atp_key_scratch_find(keys->scratch, add_again, keys);
    atp_key_scratch_destroy(keys->scratch);
    keys->scratch = NULL;
    keys->is_known = true;
    keys->duplicate_count = keys->again_count;
    if (keys->again_count > 0) {
        qsort(keys->agains, keys->again_count, sizeof *keys->agains, by_number);
    }
    *ret_must_repeat = keys->again_count > before;
    return err;
}

void atp_keys_begin(atp_keys_t *keys)
{
    keys->number = 0;
    keys->again_next = 0;
}

bool atp_keys_is_news(const atp_keys_t *keys)
{
    return keys->is_known && keys->number >= keys->aside_from;
}

/* ---- noting ---- */

/* Where the key is not looked for in memory: it is put aside, or all is known. */
static atp_err_t note_elsewhere(atp_keys_t *keys, atp_fingerprint_t key, uint64_t line,
                                atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line)
{
    if (!keys->is_known) {
        return keys->number > keys->again_max ? ATP_ERR_LIMIT
                                              : atp_key_scratch_add(keys->scratch, key, keys->number, line);
    }
    uint64_t first_line = next_again(keys);
    if (first_line != 0) {
        *ret_reason = ATP_REJECT_DUPLICATE;
        *ret_first_line = first_line;
    }
    return ATP_OK;
}

atp_err_t atp_keys_note(atp_keys_t *keys, atp_fingerprint_t key, const atp_load_row_t *row,
                        atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line)
{
    uint64_t present = 0;

    *ret_reason = ATP_REJECT_NONE;
    keys->number++;
    if (row->line > ATP_SEEN_VALUE_MAX) {
        return ATP_ERR_LIMIT;
    }
    if (keys->window > 0 && !keys->is_known && keys->scratch == NULL &&
        atp_seen_count(keys->seen) == keys->window) {
        atp_err_t err = begin_aside(keys);
        if (err != ATP_OK) {
            return err;
        }
    }
    if (keys->is_known || keys->scratch != NULL) {
        return note_elsewhere(keys, key, row->line, ret_reason, ret_first_line);
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
        return ATP_OK;
    }
    *ret_reason = note_again(keys, key, present, row, ret_first_line);
    return keys->window > 0 ? add_again(keys, keys->number, present) : ATP_OK;
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

bool atp_keys_take(atp_keys_t *keys, atp_fingerprint_t key, atp_load_row_t *row)
{
    keys->number++;
    if (keys->is_known) {
        return next_again(keys) == 0;
    }
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
    return keys->is_known ? keys->number - keys->again_count : atp_seen_count(keys->seen);
}

uint64_t atp_keys_merged(const atp_keys_t *keys)
{
    return keys->merged;
}

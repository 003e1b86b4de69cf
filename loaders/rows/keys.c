#include "loaders/rows/keys.h"

#include "loaders/grow.h"
#include "loaders/rows/key_scratch.h"
#include "loaders/rows/key_sums.h"

#include <stdlib.h>

/* A row whose key was there before, where keys may be put aside. */
typedef struct again {
    uint64_t number; /* how manyth row it is, from 1 */
    uint64_t first_line;
} again_t;

struct atp_keys {
    uint64_t window; /* 0: all keys stay in memory */
    uint64_t again_max;
    uint64_t number;            /* of the row noted or taken last */
    uint64_t aside_from;        /* number of the first row put aside; 0 = none is */
    atp_key_scratch_t *scratch; /* until it has been looked through */
    bool is_known;              /* agains are complete: the rows come once more */
    again_t *agains;            /* in order of number once they are complete */
    uint64_t again_count;
    uint64_t again_room;
    uint64_t again_next;  /* the first one that has not come yet */
    atp_seen_t *seen;     /* value: line of the first row */
    atp_key_sums_t *sums; /* of all rows, where duplicates are summed or the last one counts; else NULL */
    atp_key_sums_counts_t summed;
    uint64_t duplicate_count; /* rows met beyond the first of their key, refused or merged */
};

atp_err_t atp_keys_create(atp_duplicates_t duplicates, uint64_t key_count_max, uint64_t key_count_hint,
                          uint64_t window, atp_keys_t **ret_keys)
{
    atp_keys_t *keys = calloc(1, sizeof *keys);
    bool has_window = duplicates == ATP_DUPLICATES_REFUSE && window > 0 && window < key_count_max;
    bool is_merged = duplicates != ATP_DUPLICATES_REFUSE; /* then no key is held in memory */
    uint64_t hint = is_merged ? 0 : has_window && key_count_hint > window ? window : key_count_hint;

    if (keys == NULL || atp_seen_create(key_count_max, hint, &keys->seen) != ATP_OK ||
        (is_merged && atp_key_sums_create(duplicates, &keys->sums) != ATP_OK)) {
        atp_keys_destroy(keys);
        return ATP_ERR_MEMORY;
    }
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
        atp_key_sums_destroy(keys->sums);
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
    if (row->expected[0].key == ATP_KEY_NUMERATOR) { /* a unit of a SKU, or of all, to whom it is told */
        key = atp_seen_key(keys->seen, row->counted_in.text, row->sku);
        key = atp_fingerprint_of(row->told_by, key.low ^ key.high);
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

/* ---- keys that are put aside ---- */

static atp_err_t add_again(void *context, uint64_t number, uint64_t first_line)
{
    atp_keys_t *keys = context;

    if (keys->again_count == keys->again_max) {
        return ATP_ERR_LIMIT;
    }
    again_t *agains = atp_grow(keys->agains, sizeof *agains, keys->again_count, &keys->again_room);
    if (agains == NULL) {
        return ATP_ERR_MEMORY;
    }
    keys->agains = agains;
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

static atp_err_t end_sums(atp_keys_t *keys, bool *ret_must_repeat)
{
    atp_err_t err = atp_key_sums_end(keys->sums, &keys->summed);

    keys->is_known = true;
    keys->duplicate_count = keys->summed.merged + keys->summed.refused;
    *ret_must_repeat = keys->summed.refused > 0;
    return err;
}

atp_err_t atp_keys_end(atp_keys_t *keys, bool *ret_must_repeat)
{
    uint64_t before = keys->again_count;

    *ret_must_repeat = false;
    if (keys->sums != NULL) {
        return end_sums(keys, ret_must_repeat);
    }
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
    if (keys->sums != NULL && keys->is_known) {
        atp_key_sums_begin(keys->sums);
    }
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

static atp_err_t note_sum(atp_keys_t *keys, atp_fingerprint_t key, const atp_load_row_t *row,
                          atp_reason_of_reject_t *ret_reason)
{
    atp_key_standing_t standing;
    atp_load_row_t summed = {.line = row->line};

    if (!keys->is_known) {
        return keys->number > keys->again_max ? ATP_ERR_LIMIT
                                              : atp_key_sums_add(keys->sums, key, keys->number, row);
    }
    atp_err_t err = atp_key_sums_find(keys->sums, keys->number, &summed, &standing);
    *ret_reason =
        err == ATP_OK && standing == ATP_KEY_REFUSED ? ATP_REJECT_QTY_OUT_OF_RANGE : ATP_REJECT_NONE;
    return err;
}

/* Looks for the key in memory. */
static atp_err_t note_here(atp_keys_t *keys, atp_fingerprint_t key, uint64_t line,
                           atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line)
{
    uint64_t present = 0;
    atp_err_t err = atp_seen_put(keys->seen, key, line, &present);

    if (err != ATP_OK || present == 0) {
        return err;
    }
    keys->duplicate_count++;
    *ret_reason = ATP_REJECT_DUPLICATE;
    *ret_first_line = present;
    return keys->window > 0 ? add_again(keys, keys->number, present) : ATP_OK;
}

atp_err_t atp_keys_note(atp_keys_t *keys, atp_fingerprint_t key, const atp_load_row_t *row,
                        atp_reason_of_reject_t *ret_reason, uint64_t *ret_first_line)
{
    *ret_reason = ATP_REJECT_NONE;
    keys->number++;
    if (row->line > ATP_SEEN_VALUE_MAX) {
        return ATP_ERR_LIMIT;
    }
    if (keys->sums != NULL) {
        return note_sum(keys, key, row, ret_reason);
    }
    if (keys->window > 0 && !keys->is_known && keys->scratch == NULL &&
        atp_seen_count(keys->seen) == keys->window) {
        atp_err_t err = begin_aside(keys);
        if (err != ATP_OK) {
            return err;
        }
    }
    return keys->is_known || keys->scratch != NULL
               ? note_elsewhere(keys, key, row->line, ret_reason, ret_first_line)
               : note_here(keys, key, row->line, ret_reason, ret_first_line);
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
        atp_key_sums_destroy(keys->sums);
        keys->sums = NULL;
    }
}

bool atp_keys_need_key(const atp_keys_t *keys)
{
    return !keys->is_known && !atp_keys_are_single(keys);
}

atp_err_t atp_keys_take(atp_keys_t *keys, atp_fingerprint_t key, atp_load_row_t *row, bool *ret_counts)
{
    atp_key_standing_t standing = ATP_KEY_COUNTS;
    atp_err_t err = ATP_OK;

    keys->number++;
    if (keys->sums != NULL) {
        err = atp_key_sums_find(keys->sums, keys->number, row, &standing);
        *ret_counts = standing == ATP_KEY_COUNTS;
    } else if (keys->is_known) {
        *ret_counts = next_again(keys) == 0;
    } else {
        uint64_t value = atp_seen_get(keys->seen, key);
        ATP_ASSERT(value != 0); /* the second pass meets the rows of the first, and no others */
        *ret_counts = value == row->line;
    }
    return err;
}

uint64_t atp_keys_count(const atp_keys_t *keys)
{
    if (keys->summed.keys > 0) {
        return keys->summed.keys;
    }
    return keys->is_known ? keys->number - keys->again_count : atp_seen_count(keys->seen);
}

uint64_t atp_keys_merged(const atp_keys_t *keys)
{
    return keys->summed.merged;
}

#include "loaders/rows/key_sums.h"

#include "loaders/rows/numbered.h"
#include "loaders/rows/parts.h"
#include "loaders/rows/seen.h"

#include <stdlib.h>
#include <string.h>

#define TAG_SHIFT 40

/* A row of any kind: of lasts this is all. */
typedef struct head {
    uint64_t low;
    uint64_t tag_and_number; /* 24 more bits of the fingerprint, 40 bits of number */
} head_t;

typedef struct quantities {
    atp_qty_t mantissas[ATP_LOAD_QTY_COUNT];
    uint8_t decimals[ATP_LOAD_QTY_COUNT];
    uint8_t given; /* a bit each */
    uint8_t scale; /* of the SKU */
} quantities_t;

typedef struct told {
    head_t head;
    quantities_t quantities;
    uint32_t document;
} told_t;

/* Of each quantity of a key the sum over the rows of the newest document that tells it, and the row that stands for all. */
typedef struct sum {
    atp_load_qty_t qty[ATP_LOAD_QTY_COUNT];
    uint32_t documents[ATP_LOAD_QTY_COUNT]; /* that tell the quantities */
    uint32_t document;                      /* the newest */
    uint64_t first;                         /* number of the first of its rows */
    bool is_of_many;
} sum_t;

/* What becomes of a row. */
typedef struct fate {
    uint64_t number;
    quantities_t quantities; /* of one that counts for many */
    uint8_t standing;
} fate_t;

struct atp_key_sums {
    bool is_sum;
    uint64_t row_count;
    atp_parts_t *rows;
    atp_numbered_t *fates; /* of rows whose key is there several times */
    atp_key_sums_counts_t counts;
};

atp_err_t atp_key_sums_create(atp_duplicates_t duplicates, atp_key_sums_t **ret_sums)
{
    atp_key_sums_t *sums = calloc(1, sizeof *sums);

    if (sums == NULL) {
        return ATP_ERR_MEMORY;
    }
    sums->is_sum = duplicates == ATP_DUPLICATES_SUM;
    if (atp_parts_create(sums->is_sum ? sizeof(told_t) : sizeof(head_t), &sums->rows) != ATP_OK) {
        free(sums);
        return ATP_ERR_MEMORY;
    }
    *ret_sums = sums;
    return ATP_OK;
}

void atp_key_sums_destroy(atp_key_sums_t *sums)
{
    if (sums != NULL) {
        atp_parts_destroy(sums->rows);
        atp_numbered_destroy(sums->fates);
        free(sums);
    }
}

/* ---- quantities ---- */

static void pack(const atp_load_qty_t *qty, uint8_t scale, quantities_t *ret_packed)
{
    *ret_packed = (quantities_t){.scale = scale};
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        ret_packed->mantissas[kind] = qty[kind].mantissa;
        ret_packed->decimals[kind] = qty[kind].decimals;
        ret_packed->given |= (uint8_t)(qty[kind].is_given << kind);
    }
}

static void unpack(const quantities_t *packed, atp_load_qty_t *ret_qty)
{
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        ret_qty[kind] = (atp_load_qty_t){packed->mantissas[kind], packed->decimals[kind],
                                         (packed->given >> kind & 1) != 0};
    }
}

static uint8_t finer(const atp_load_qty_t *a, const atp_load_qty_t *b)
{
    return a->decimals > b->decimals ? a->decimals : b->decimals;
}

/* ---- adding ---- */

atp_err_t atp_key_sums_add(atp_key_sums_t *sums, atp_fingerprint_t key, uint64_t number,
                           const atp_load_row_t *row)
{
    told_t told = {.head = {key.low, key.high << TAG_SHIFT | number}, .document = row->origin.message};

    ATP_ASSERT(number <= ATP_SEEN_VALUE_MAX && number == sums->row_count + 1);
    sums->row_count = number;
    pack(row->qty, row->scale, &told.quantities);
    return atp_parts_add(sums->rows, (unsigned)(key.low >> ATP_PARTS_TOP_SHIFT), &told);
}

/* ---- summing ---- */

static uint64_t number_of(const head_t *head)
{
    return head->tag_and_number & ATP_SEEN_VALUE_MAX;
}

static atp_err_t keep_fate(atp_key_sums_t *sums, uint64_t number, atp_key_standing_t standing,
                           const atp_load_qty_t *qty)
{
    fate_t fate = {.number = number, .standing = (uint8_t)standing};

    if (qty != NULL) {
        pack(qty, 0, &fate.quantities);
    }
    sums->counts.merged += standing == ATP_KEY_MERGED;
    sums->counts.refused += standing == ATP_KEY_REFUSED;
    return atp_numbered_add(sums->fates, &fate);
}

static sum_t first_of(const told_t *told)
{
    sum_t sum = {.document = told->document, .first = number_of(&told->head)};

    unpack(&told->quantities, sum.qty);
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        sum.documents[kind] = told->document;
    }
    return sum;
}

/* Adds a row to what was told before; the sum must fit the row's scale as its parts do. False: it would pass its range, and is as it was. */
static bool add_row(sum_t *sum, const told_t *told)
{
    atp_load_qty_t qty[ATP_LOAD_QTY_COUNT];
    sum_t added = *sum;

    unpack(&told->quantities, qty);
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        atp_load_qty_t *to = &added.qty[kind];
        atp_qty_t scaled;
        if (!qty[kind].is_given) {
            continue;
        }
        if (added.documents[kind] != told->document) {
            added.documents[kind] = told->document;
            *to = qty[kind];
        } else if (!atp_load_qty_add(to, &qty[kind], finer(to, &qty[kind])) ||
                   atp_qty_rescale(to->mantissa, to->decimals, told->quantities.scale, &scaled) ==
                       ATP_RESCALE_OUT_OF_RANGE) {
            return false;
        }
    }
    *sum = added;
    return true;
}

/* Another row of the key. */
static atp_err_t sum_again(atp_key_sums_t *sums, sum_t *sum, const told_t *told)
{
    uint64_t number = number_of(&told->head);
    uint64_t merged = number;

    if (!add_row(sum, told)) {
        return keep_fate(sums, number, ATP_KEY_REFUSED, NULL);
    }
    sum->is_of_many = true;
    if (sum->document != told->document) { /* from now on the row stands for all */
        merged = sum->first;
        sum->document = told->document;
        sum->first = number;
    }
    return keep_fate(sums, merged, ATP_KEY_MERGED, NULL);
}

/* `of`: room for a sum of each row. */
static atp_err_t sum_rows(atp_key_sums_t *sums, const told_t *rows, uint64_t count, atp_seen_t *seen,
                          sum_t *of)
{
    uint64_t key_count = 0;
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        const atp_fingerprint_t key = {rows[i].head.low, rows[i].head.tag_and_number >> TAG_SHIFT};
        uint64_t present = 0;
        err = atp_seen_put(seen, key, key_count + 1, &present);
        if (err == ATP_OK && present == 0) {
            of[key_count++] = first_of(&rows[i]);
        } else if (err == ATP_OK) {
            err = sum_again(sums, &of[present - 1], &rows[i]);
        }
    }
    for (uint64_t i = 0; i < key_count && err == ATP_OK; i++) {
        err = of[i].is_of_many ? keep_fate(sums, of[i].first, ATP_KEY_COUNTS, of[i].qty) : ATP_OK;
    }
    return err;
}

static atp_err_t find_last(atp_key_sums_t *sums, const head_t *rows, uint64_t count, atp_seen_t *seen)
{
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < count && err == ATP_OK; i++) {
        const atp_fingerprint_t key = {rows[i].low, rows[i].tag_and_number >> TAG_SHIFT};
        uint64_t before = 0;
        err = atp_seen_put(seen, key, number_of(&rows[i]), &before);
        if (err == ATP_OK && before != 0) {
            atp_seen_set(seen, key, number_of(&rows[i]));
            err = keep_fate(sums, before, ATP_KEY_MERGED, NULL);
        }
    }
    return err;
}

static atp_err_t look_at_part(atp_key_sums_t *sums, unsigned part)
{
    uint64_t count = atp_parts_count(sums->rows, part);
    atp_seen_t *seen = NULL;
    sum_t *of = NULL;
    void *rows = NULL;
    atp_err_t err = atp_parts_read(sums->rows, part, &rows);

    err = err == ATP_OK ? atp_seen_create(count + 1, count, &seen) : err;
    if (err == ATP_OK && sums->is_sum) {
        of = calloc(count + 1, sizeof *of);
        err = of != NULL ? sum_rows(sums, rows, count, seen, of) : ATP_ERR_MEMORY;
    } else if (err == ATP_OK) {
        err = find_last(sums, rows, count, seen);
    }
    sums->counts.keys += err == ATP_OK ? atp_seen_count(seen) : 0;
    atp_seen_destroy(seen);
    free(of);
    free(rows);
    return err;
}

atp_err_t atp_key_sums_end(atp_key_sums_t *sums, atp_key_sums_counts_t *ret_counts)
{
    atp_err_t err = atp_numbered_create(sizeof(fate_t), sums->row_count, &sums->fates);

    for (unsigned part = 0; part < ATP_PARTS_COUNT && err == ATP_OK; part++) {
        err = look_at_part(sums, part);
    }
    atp_parts_destroy(sums->rows);
    sums->rows = NULL;
    *ret_counts = sums->counts;
    return err;
}

/* ---- the rows again ---- */

void atp_key_sums_begin(atp_key_sums_t *sums)
{
    atp_numbered_begin(sums->fates);
}

atp_err_t atp_key_sums_find(atp_key_sums_t *sums, uint64_t number, atp_load_row_t *row,
                            atp_key_standing_t *ret_standing)
{
    const void *record = NULL;
    atp_err_t err = atp_numbered_find(sums->fates, number, &record);

    *ret_standing = ATP_KEY_COUNTS;
    if (record == NULL) {
        return err;
    }
    const fate_t *fate = record;
    *ret_standing = (atp_key_standing_t)fate->standing;
    if (*ret_standing == ATP_KEY_COUNTS) {
        unpack(&fate->quantities, row->qty);
    }
    return ATP_OK;
}

#include "loaders/mapping/names.h"

#include "engine/base/hash.h"
#include "engine/base/qty_convert.h"
#include "loaders/grow.h"
#include "loaders/mapping/profile_priv.h"
#include "loaders/rows/seen.h"

#include <stdlib.h>

#define TEXT_BLOCK_SIZE ((size_t)1 << 16)

/* What a key is of. Numbers enter fingerprints. */
typedef enum key_kind {
    KEY_ALIAS = 1, /* and of a SKU or a node */
    KEY_UNIT = 3,
    KEY_ID = 4 /* the same */
} key_kind_t;

typedef struct entry {
    atp_text_t id;     /* of an alias: what it means */
    int64_t numerator; /* of a unit */
    int64_t denominator;
} entry_t;

/* Texts that do not move. */
typedef struct block {
    struct block *before;
    size_t used;
    char bytes[TEXT_BLOCK_SIZE];
} block_t;

struct atp_names {
    atp_seen_t *seen; /* value: number of the entry + 1; of an id 1 */
    entry_t *entries;
    uint64_t entry_count;
    uint64_t entry_room;
    block_t *texts;
    uint64_t digest;
    uint32_t source_size;
    char source[ATP_ID_SIZE_MAX];
};

static const atp_text_t of_all = {"", 0};

static atp_text_t source_of(const atp_names_t *names)
{
    return (atp_text_t){names->source, names->source_size};
}

/* ---- filling ---- */

atp_err_t atp_names_create(atp_text_t source, atp_names_t **ret_names)
{
    atp_names_t *names = calloc(1, sizeof *names);

    ATP_ASSERT(source.size <= ATP_ID_SIZE_MAX);
    if (names == NULL || atp_seen_create(ATP_LOAD_KEY_COUNT_MAX, 0, &names->seen) != ATP_OK) {
        free(names);
        return ATP_ERR_MEMORY;
    }
    if (source.size > 0) {
        memcpy(names->source, source.bytes, source.size);
    }
    names->source_size = source.size;
    *ret_names = names;
    return ATP_OK;
}

void atp_names_destroy(atp_names_t *names)
{
    if (names == NULL) {
        return;
    }
    while (names->texts != NULL) {
        block_t *before = names->texts->before;
        free(names->texts);
        names->texts = before;
    }
    atp_seen_destroy(names->seen);
    free(names->entries);
    free(names);
}

/* Kind and second text enter as another seed: no key of one is that of another. */
static atp_fingerprint_t key_of(const atp_names_t *names, unsigned kind, atp_text_t first, atp_text_t second)
{
    atp_fingerprint_t key = atp_seen_key(names->seen, first, second);

    return atp_fingerprint_of((atp_text_t){(const char *)&kind, sizeof kind}, key.low ^ key.high);
}

/* A unit as `teller` says it, of the SKU or of all. */
static atp_fingerprint_t key_of_unit(const atp_names_t *names, atp_text_t unit, atp_text_t teller,
                                     atp_text_t sku)
{
    atp_fingerprint_t key = key_of(names, KEY_UNIT, unit, sku);

    return atp_fingerprint_of(teller, key.low ^ key.high);
}

static bool keep_text(atp_names_t *names, atp_text_t text, atp_text_t *ret_kept)
{
    block_t *block = names->texts;

    if (block == NULL || block->used + text.size > sizeof block->bytes) {
        block = malloc(sizeof *block);
        if (block == NULL) {
            return false;
        }
        block->before = names->texts;
        block->used = 0;
        names->texts = block;
    }
    char *to = block->bytes + block->used;
    if (text.size > 0) {
        memcpy(to, text.bytes, text.size);
    }
    block->used += text.size;
    *ret_kept = (atp_text_t){to, text.size};
    return true;
}

static atp_err_t put(atp_names_t *names, atp_fingerprint_t key, const entry_t *entry)
{
    uint64_t present = 0;
    entry_t kept = *entry;

    entry_t *entries = atp_grow(names->entries, sizeof *entries, names->entry_count, &names->entry_room);
    if (entries == NULL) {
        return ATP_ERR_MEMORY;
    }
    names->entries = entries;
    if (!keep_text(names, entry->id, &kept.id)) {
        return ATP_ERR_MEMORY;
    }
    atp_err_t err = atp_seen_put(names->seen, key, names->entry_count + 1, &present);
    if (err != ATP_OK) {
        return err;
    }
    if (present != 0) { /* it was changed while it was told, and is told again */
        names->entries[present - 1] = kept;
        return ATP_OK;
    }
    names->entries[names->entry_count++] = kept;
    return ATP_OK;
}

/* Stirs what was told into the digest, alike in every order. */
static void digest(atp_names_t *names, unsigned kind, const atp_text_t texts[3], const int64_t numbers[2])
{
    uint64_t hash = atp_hash_bytes(numbers, 2 * sizeof numbers[0], kind);

    for (unsigned i = 0; i < 3; i++) {
        hash = atp_hash_text(texts[i], hash);
    }
    names->digest += hash;
}

/* What rows of the file are read by: that of its source, or of all. */
static bool is_ours(const atp_names_t *names, atp_text_t teller)
{
    return teller.size == 0 || atp_text_equal(teller, source_of(names));
}

atp_err_t atp_names_add_alias(atp_names_t *names, atp_names_of_t of, atp_text_t text, atp_text_t teller,
                              atp_text_t id)
{
    const entry_t entry = {.id = id};
    const atp_text_t texts[3] = {text, teller, id};
    const int64_t numbers[2] = {0, 0};

    if (id.size > ATP_ID_SIZE_MAX) {
        return ATP_ERR_LIMIT;
    }
    if (is_ours(names, teller)) {
        digest(names, KEY_ALIAS + 16 * of, texts, numbers);
    }
    return put(names, key_of(names, KEY_ALIAS + 16 * of, text, teller), &entry);
}

atp_err_t atp_names_add_unit(atp_names_t *names, atp_text_t unit, atp_text_t teller, atp_text_t sku,
                             int64_t numerator, int64_t denominator)
{
    const entry_t entry = {.numerator = numerator, .denominator = denominator};
    const atp_text_t texts[3] = {unit, sku, teller};
    const int64_t numbers[2] = {numerator, denominator};

    if (numerator < 1 || numerator > ATP_UNIT_PART_MAX || denominator < 1 ||
        denominator > ATP_UNIT_PART_MAX) {
        return ATP_ERR_LIMIT;
    }
    if (is_ours(names, teller)) {
        digest(names, KEY_UNIT, texts, numbers);
    }
    return put(names, key_of_unit(names, unit, teller, sku), &entry);
}

atp_err_t atp_names_add_id(atp_names_t *names, atp_names_of_t of, atp_text_t id)
{
    uint64_t present;

    return atp_seen_put(names->seen, key_of(names, KEY_ID + 16 * of, id, of_all), 1, &present);
}

bool atp_names_wants_ids(const atp_profile_t *profile)
{
    return profile->loads == ATP_LOADS_ALIASES || profile->loads == ATP_LOADS_UNITS ||
           profile->unknown_names == ATP_UNKNOWN_NAMES_BAD;
}

bool atp_names_wants_units(const atp_profile_t *profile)
{
    return profile->columns.text[ATP_SLOT_UNIT] != NULL || profile->constants.text[ATP_SLOT_UNIT] != NULL;
}

uint64_t atp_names_digest(const atp_names_t *names)
{
    return names->digest;
}

/* ---- looking ---- */

static const entry_t *find_key(const atp_names_t *names, atp_fingerprint_t key)
{
    uint64_t number = atp_seen_get(names->seen, key);

    return number > 0 ? &names->entries[number - 1] : NULL;
}

static const entry_t *find(const atp_names_t *names, unsigned kind, atp_text_t first, atp_text_t second)
{
    return names->entry_count > 0 ? find_key(names, key_of(names, kind, first, second)) : NULL;
}

static bool is_id(const atp_names_t *names, atp_names_of_t of, atp_text_t text)
{
    return atp_seen_get(names->seen, key_of(names, KEY_ID + 16 * of, text, of_all)) != 0;
}

atp_text_t atp_names_meaning(const atp_names_t *names, atp_names_of_t of, atp_text_t name)
{
    const entry_t *entry = NULL;

    if (names == NULL || names->entry_count == 0 || name.size == 0) {
        return name;
    }
    if (names->source_size > 0) {
        entry = find(names, KEY_ALIAS + 16 * of, name, source_of(names));
    }
    entry = entry != NULL ? entry : find(names, KEY_ALIAS + 16 * of, name, of_all);
    return entry != NULL ? entry->id : name;
}

static bool is_own_unit(const atp_profile_t *profile, atp_text_t unit)
{
    for (uint32_t i = 0; i < profile->own_units_count; i++) {
        if (atp_text_equal(unit, atp_text_of(profile->own_units[i]))) {
            return true;
        }
    }
    return false;
}

/* What the unit is as `teller` says it, of the SKU and then of all. */
static const entry_t *find_unit_of(const atp_names_t *names, const atp_load_row_t *row, atp_text_t teller)
{
    atp_text_t unit = row->counted_in.text;
    const entry_t *entry = find_key(names, key_of_unit(names, unit, teller, row->sku));

    return entry != NULL ? entry : find_key(names, key_of_unit(names, unit, teller, of_all));
}

/* What the ledger says of the unit that the row is counted in; NULL: nothing. */
static const entry_t *find_unit(const atp_names_t *names, const atp_load_row_t *row)
{
    const entry_t *entry = NULL;

    if (names == NULL || names->entry_count == 0) {
        return NULL;
    }
    if (names->source_size > 0) {
        entry = find_unit_of(names, row, source_of(names));
    }
    return entry != NULL ? entry : find_unit_of(names, row, of_all);
}

/* Another attribute of what is made of the row. */
static void expect(atp_load_row_t *row, unsigned key, int64_t number, atp_text_t text)
{
    row->expected[row->expected_count++] =
        (atp_attribute_t){.key = (uint8_t)key, .line = ATP_WHOLE_OP, .number = number, .text = text};
}

/* ---- quantities ---- */

/* In lowest terms: the first scale that holds it. */
static atp_reason_of_reject_t convert(const entry_t *unit, atp_load_qty_t *qty)
{
    for (uint8_t scale = 0; scale <= ATP_SCALE_MAX; scale++) {
        switch (atp_qty_convert(unit->numerator, unit->denominator, qty->mantissa, qty->decimals, scale,
                                &qty->mantissa)) {
        case ATP_RESCALED:
            qty->decimals = scale;
            return ATP_REJECT_NONE;
        case ATP_RESCALE_OUT_OF_RANGE:
            return ATP_REJECT_QTY_OUT_OF_RANGE;
        case ATP_RESCALE_TOO_PRECISE:
            break;
        }
    }
    return ATP_REJECT_UNIT_INEXACT;
}

/* Of a supply the ledger knows the scale, and says when it does not hold a quantity. */
static atp_reason_of_reject_t look_at_scale(const atp_load_row_t *row, unsigned kind)
{
    atp_qty_t scaled;

    if (kind >= ATP_LOAD_QUANTITY) {
        return ATP_REJECT_NONE;
    }
    switch (atp_qty_rescale(row->qty[kind].mantissa, row->qty[kind].decimals, row->scale, &scaled)) {
    case ATP_RESCALED:
        return ATP_REJECT_NONE;
    case ATP_RESCALE_TOO_PRECISE:
        return ATP_REJECT_UNIT_INEXACT;
    case ATP_RESCALE_OUT_OF_RANGE:
        break;
    }
    return ATP_REJECT_QTY_OUT_OF_RANGE;
}

static atp_map_fault_t convert_row(const entry_t *unit, atp_load_row_t *row)
{
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT; kind++) {
        atp_reason_of_reject_t reason =
            row->qty[kind].is_given ? convert(unit, &row->qty[kind]) : ATP_REJECT_NONE;
        reason = reason == ATP_REJECT_NONE ? look_at_scale(row, kind) : reason;
        if (reason != ATP_REJECT_NONE) {
            return (atp_map_fault_t){reason, atp_slot_name((atp_slot_t)(ATP_SLOT_ON_HAND + kind))};
        }
    }
    row->counted_in.key = ATP_KEY_NONE;
    return (atp_map_fault_t){ATP_REJECT_NONE, ""};
}

/* A fact says what it is counted in, and whose unit that is. */
static void keep_unit(const atp_names_t *names, atp_load_row_t *row)
{
    expect(row, ATP_KEY_UNIT, 0, row->counted_in.text);
    if (names != NULL && names->source_size > 0) {
        expect(row, ATP_KEY_TOLD_BY, 0, source_of(names));
    }
}

/* A fact keeps its unit: the ledger converts it, or keeps the fact as an exception; of what only the profile knows it hears nothing. */
static atp_map_fault_t resolve_unit(const atp_names_t *names, const atp_profile_t *profile,
                                    atp_load_row_t *row)
{
    static const entry_t own = {.numerator = 1, .denominator = 1};
    const entry_t *unit = find_unit(names, row);

    if (unit == NULL && is_own_unit(profile, row->counted_in.text)) {
        unit = &own;
    }
    if (profile->loads == ATP_LOADS_FACTS) {
        row->is_unit_unknown = unit == NULL;
        if (unit != &own) {
            keep_unit(names, row);
        }
        return (atp_map_fault_t){ATP_REJECT_NONE, ""};
    }
    return unit != NULL ? convert_row(unit, row)
                        : (atp_map_fault_t){ATP_REJECT_UNIT_UNKNOWN, atp_slot_name(ATP_SLOT_UNIT)};
}

/* ---- files of aliases and units ---- */

/* To whom the row says it: whose file it is, unless it says otherwise. */
static void expect_teller(const atp_names_t *names, atp_load_row_t *row)
{
    if (row->told_by.size == 0 && names != NULL) {
        row->told_by = source_of(names);
    }
    if (row->told_by.size > 0) {
        expect(row, ATP_KEY_TOLD_BY, 0, row->told_by);
    }
}

static atp_map_fault_t look_at_alias(const atp_names_t *names, atp_load_row_t *row)
{
    atp_names_of_t of = row->sku.size > 0 ? ATP_NAMES_OF_SKU : ATP_NAMES_OF_NODE;
    atp_text_t id = of == ATP_NAMES_OF_SKU ? row->sku : row->node;

    expect(row, of == ATP_NAMES_OF_SKU ? ATP_KEY_SKU : ATP_KEY_NODE, 0, id);
    expect_teller(names, row);
    if (names == NULL) {
        return (atp_map_fault_t){ATP_REJECT_NONE, ""};
    }
    const entry_t *known = find(names, KEY_ALIAS + 16 * of, row->alias, row->told_by);
    row->is_there = known != NULL ? atp_text_equal(known->id, id) : atp_text_equal(row->alias, id);
    return (known != NULL || is_id(names, of, row->alias)) && !row->is_there
               ? (atp_map_fault_t){ATP_REJECT_ALIAS_TAKEN, atp_slot_name(ATP_SLOT_ALIAS)}
               : (atp_map_fault_t){ATP_REJECT_NONE, ""};
}

static void look_at_unit(const atp_names_t *names, atp_load_row_t *row)
{
    if (row->sku.size > 0) {
        expect(row, ATP_KEY_SKU, 0, row->sku);
    }
    expect_teller(names, row);
    if (names == NULL || names->entry_count == 0) {
        return;
    }
    const entry_t *known = find_key(names, key_of_unit(names, row->counted_in.text, row->told_by, row->sku));
    row->is_there = known != NULL && known->numerator == row->expected[0].number &&
                    known->denominator == row->expected[1].number;
}

/* ---- rows ---- */

/* What the row names must be there, where rows are judged by that. */
static atp_map_fault_t look_for(const atp_names_t *names, const atp_load_row_t *row)
{
    if (row->sku.size > 0 && !is_id(names, ATP_NAMES_OF_SKU, row->sku)) {
        return (atp_map_fault_t){ATP_REJECT_SKU_UNKNOWN, atp_slot_name(ATP_SLOT_SKU)};
    }
    if (row->kit.size > 0 && !is_id(names, ATP_NAMES_OF_SKU, row->kit)) {
        return (atp_map_fault_t){ATP_REJECT_SKU_UNKNOWN, atp_slot_name(ATP_SLOT_KIT)};
    }
    if (row->node.size > 0 && !is_id(names, ATP_NAMES_OF_NODE, row->node)) {
        return (atp_map_fault_t){ATP_REJECT_NODE_UNKNOWN, atp_slot_name(ATP_SLOT_NODE)};
    }
    return (atp_map_fault_t){ATP_REJECT_NONE, ""};
}

atp_map_fault_t atp_names_resolve(const atp_names_t *names, const atp_profile_t *profile, atp_load_row_t *row)
{
    atp_map_fault_t fault = {ATP_REJECT_NONE, ""};

    row->sku = atp_names_meaning(names, ATP_NAMES_OF_SKU, row->sku);
    row->kit = atp_names_meaning(names, ATP_NAMES_OF_SKU, row->kit);
    row->node = atp_names_meaning(names, ATP_NAMES_OF_NODE, row->node);
    if (names != NULL && atp_names_wants_ids(profile)) {
        fault = look_for(names, row);
    }
    if (fault.reason != ATP_REJECT_NONE) {
        return fault;
    }
    if (profile->loads == ATP_LOADS_ALIASES) {
        return look_at_alias(names, row);
    }
    if (profile->loads == ATP_LOADS_UNITS) {
        look_at_unit(names, row);
        return fault;
    }
    return row->counted_in.key != ATP_KEY_NONE ? resolve_unit(names, profile, row) : fault;
}

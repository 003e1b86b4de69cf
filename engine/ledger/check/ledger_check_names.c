/* Indexes (X), the catalogue (C) and strings (S), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

#include <stdlib.h>

/* ---- indexes ---- */

/* Where an entry with this tag has to stand. */
static uint64_t home_of(const atp_index_t *index, uint32_t tag)
{
    return (uint64_t)(atp_index_bucket_of(index, tag) - index->buckets);
}

/* Counts the entries of one chain and checks that they belong there. */
static atp_err_t check_chain(const atp_index_t *index, const char *name, uint64_t number, uint64_t *entries,
                             uint64_t *overflows, atp_why_t *ret_why)
{
    atp_index_bucket_t *bucket = &index->buckets[number];

    for (;;) {
        for (unsigned i = 0; i < ATP_INDEX_ENTRIES; i++) {
            uint64_t entry = atp_load_relaxed(&bucket->entries[i]);
            if (entry != 0 && home_of(index, (uint32_t)(entry >> 32)) != number) {
                return ATP_BROKEN(ret_why, "X1",
                                  "%s: record %llu stands in bucket %llu, not where its hash says", name,
                                  (ull_t)(uint32_t)entry - 1, (ull_t)number);
            }
            *entries += entry != 0;
        }
        uint64_t overflow = atp_load_relaxed(&bucket->overflow);
        if (overflow == 0) {
            return ATP_OK;
        }
        if (overflow > index->overflow_used || ++*overflows > index->overflow_used) {
            return ATP_BROKEN(ret_why, "X1", "%s: the overflow chain of bucket %llu does not end", name,
                              (ull_t)number);
        }
        bucket = &index->overflow[overflow - 1];
    }
}

atp_err_t atp_check_index(const atp_index_t *index, const char *name, uint64_t entries, atp_why_t *ret_why)
{
    atp_index_t *self = (atp_index_t *)index;
    uint64_t size = atp_load_relaxed(&self->size);
    uint64_t split = atp_load_relaxed(&self->split);
    uint64_t found = 0;
    uint64_t overflows = 0;

    if (size == 0 || (size & (size - 1)) != 0 || split >= size || (split > 0 && !index->is_growing)) {
        return ATP_BROKEN(ret_why, "X2", "%s: %llu of %llu buckets are split", name, (ull_t)split,
                          (ull_t)size);
    }
    for (uint64_t number = 0; number < size + split; number++) {
        atp_err_t err = check_chain(index, name, number, &found, &overflows, ret_why);
        if (err != ATP_OK) {
            return err;
        }
    }
    if (found != index->count || found != entries) {
        return ATP_BROKEN(ret_why, "X1",
                          "%s: the index counts %llu entries, has %llu, there are %llu records", name,
                          (ull_t)index->count, (ull_t)found, (ull_t)entries);
    }
    return ATP_OK;
}

/* ---- the catalogue ---- */

static bool find_named(const atp_ledger_t *ledger, const atp_table_t *table, const atp_index_t *index,
                       atp_text_t id, uint64_t hash, uint64_t *ret_number)
{
    atp_index_probe_t probe = atp_index_probe(index, hash);
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_named_record_t *record = atp_table_at(table, number);
        if (number < atp_table_count(table) && record->hash == hash &&
            atp_text_equal(atp_strings_get(&ledger->catalog.strings, record->id_ref), id)) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* M2 of SKU `number`: its id is an alias of what it is now. */
static atp_err_t check_merged_sku(const atp_ledger_t *ledger, uint32_t number, atp_why_t *ret_why)
{
    const atp_catalog_t *catalog = &ledger->catalog;
    atp_text_t id = atp_catalog_sku_id(catalog, number);
    uint32_t sku;

    return atp_catalog_means_sku(catalog, (atp_text_t){"", 0}, id, atp_ledger_seed(ledger), &sku) &&
                   sku == number
               ? ATP_BROKEN(ret_why, "M2", "'%.*s' was merged, and is found by its id", (int)id.size,
                            id.bytes)
               : ATP_OK;
}

static bool is_merged(const atp_ledger_t *ledger, const atp_table_t *table, uint64_t number)
{
    return table == &ledger->catalog.skus &&
           atp_catalog_sku_now(&ledger->catalog, (uint32_t)number) != (uint32_t)number;
}

static atp_err_t check_named(const atp_ledger_t *ledger, const atp_table_t *table, const atp_index_t *index,
                             atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(table);
    uint64_t merged = 0;

    for (uint64_t i = 0; i < count; i++) {
        merged += is_merged(ledger, table, i);
    }
    atp_err_t err = atp_check_index(index, table->name, count - merged, ret_why);
    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_named_record_t *record = atp_table_at(table, i);
        if (is_merged(ledger, table, i)) {
            err = check_merged_sku(ledger, (uint32_t)i, ret_why);
            continue;
        }
        if (record->id_ref == 0 || record->id_ref >= atp_table_count(&ledger->catalog.strings)) {
            return ATP_BROKEN(ret_why, "C1", "%s: record %llu has no id", table->name, (ull_t)i);
        }
        atp_text_t id = atp_strings_get(&ledger->catalog.strings, record->id_ref);
        uint64_t found = UINT64_MAX;
        if (record->hash != atp_hash_text(id, ledger->root->config.hash_seed) ||
            !find_named(ledger, table, index, id, record->hash, &found) || found != i) {
            return ATP_BROKEN(ret_why, "C1", "%s: '%.*s' (record %llu) is not found by its id", table->name,
                              (int)id.size, id.bytes, (ull_t)i);
        }
    }
    return err;
}

/* ---- aliases ---- */

/* How many aliases of tellers with this text mean something. */
static uint32_t count_told(const atp_catalog_t *catalog, const atp_alias_record_t *all)
{
    uint64_t count = atp_table_count(&catalog->aliases);
    uint32_t told = 0;

    for (uint64_t i = 0; i < count; i++) {
        atp_alias_record_t *record = atp_table_at(&catalog->aliases, i);
        told += record->kind == all->kind && record->teller_ref != 0 &&
                atp_load_relaxed(&record->target) != 0 &&
                atp_text_equal(atp_strings_get(&catalog->strings, record->id_ref),
                               atp_strings_get(&catalog->strings, all->id_ref));
    }
    return told;
}

static bool is_id(const atp_ledger_t *ledger, const atp_alias_record_t *alias)
{
    const atp_catalog_t *catalog = &ledger->catalog;
    atp_text_t text = atp_strings_get(&catalog->strings, alias->id_ref);
    uint64_t hash = atp_hash_text(text, atp_ledger_seed(ledger));
    uint32_t sku;
    uint16_t node;

    return alias->kind == ATP_ALIAS_SKU ? atp_catalog_find_sku(catalog, text, hash, &sku)
                                        : atp_catalog_find_node(catalog, text, hash, &node);
}

static atp_err_t check_alias(const atp_ledger_t *ledger, uint64_t number, atp_why_t *ret_why)
{
    const atp_catalog_t *catalog = &ledger->catalog;
    atp_alias_record_t *record = atp_table_at(&catalog->aliases, number);
    const atp_table_t *targets = record->kind == ATP_ALIAS_SKU ? &catalog->skus : &catalog->nodes;
    uint32_t target = atp_load_relaxed(&record->target);

    if ((record->kind != ATP_ALIAS_SKU && record->kind != ATP_ALIAS_NODE) || record->id_ref == 0 ||
        atp_catalog_alias(
            catalog, (atp_alias_kind_t)record->kind, atp_strings_get(&catalog->strings, record->teller_ref),
            atp_strings_get(&catalog->strings, record->id_ref), atp_ledger_seed(ledger)) != record ||
        target > atp_table_count(targets)) {
        return ATP_BROKEN(ret_why, "A1", "alias %llu is not found by its text, or means what is not there",
                          (ull_t)number);
    }
    if (record->teller_ref == 0 ? record->told != count_told(catalog, record) : record->told != 0) {
        return ATP_BROKEN(ret_why, "A2", "alias %llu counts %u of tellers", (ull_t)number, record->told);
    }
    if ((target != 0 || record->told != 0) && is_id(ledger, record)) {
        return ATP_BROKEN(ret_why, "A3", "alias %llu is an id as well", (ull_t)number);
    }
    return ATP_OK;
}

static atp_err_t check_aliases(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->catalog.aliases);
    atp_err_t err = atp_check_index(&ledger->catalog.alias_index, "aliases", count, ret_why);

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        err = check_alias(ledger, i, ret_why);
    }
    return err == ATP_OK ? atp_units_check(&ledger->units, ret_why) : err;
}

atp_err_t atp_check_catalog(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_catalog_t *catalog = &ledger->catalog;
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t skus = atp_table_count(&catalog->skus);

    atp_err_t err = check_named(ledger, &catalog->skus, &catalog->sku_index, ret_why);
    err = err == ATP_OK ? check_named(ledger, &catalog->nodes, &catalog->node_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &catalog->channels, &catalog->channel_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &catalog->clients, &catalog->client_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &catalog->sources, &catalog->source_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &catalog->groups, &catalog->group_index, ret_why) : err;
    err = err == ATP_OK ? check_aliases(ledger, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &rulebook->tags, &rulebook->tag_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &rulebook->rules, &rulebook->rule_index, ret_why) : err;
    err = err == ATP_OK ? check_named(ledger, &rulebook->quotas, &rulebook->quota_index, ret_why) : err;
    for (uint64_t i = 0; err == ATP_OK && i < skus; i++) {
        const atp_sku_record_t *sku = atp_table_at(&catalog->skus, i);
        if (sku->scale > ATP_SCALE_MAX ||
            sku->scale != atp_positions_scale(&ledger->positions, (uint32_t)i)) {
            err = ATP_BROKEN(ret_why, "C1", "SKU %llu has scale %u, its directory says %u", (ull_t)i,
                             sku->scale, atp_positions_scale(&ledger->positions, (uint32_t)i));
        }
    }
    return err;
}

/* ---- strings ---- */

typedef struct granules {
    const atp_table_t *strings;
    unsigned char *is_taken; /* a bit a granule */
    uint64_t taken;
} granules_t;

/* Notes the block at `ref`; false if it overlaps another one or the end. */
static bool take_block(granules_t *granules, uint32_t ref, uint32_t count)
{
    if (ref == 0 || (uint64_t)ref + count > atp_table_count(granules->strings)) {
        return false;
    }
    for (uint64_t i = ref; i < (uint64_t)ref + count; i++) {
        unsigned char bit = (unsigned char)(1u << (i % 8));
        if (granules->is_taken[i / 8] & bit) {
            return false;
        }
        granules->is_taken[i / 8] |= bit;
    }
    granules->taken += count;
    return true;
}

static atp_err_t take_string(granules_t *granules, const char *of, uint64_t record, uint32_t ref,
                             atp_why_t *ret_why)
{
    if (ref == 0) {
        return ATP_OK;
    }
    if (ref >= atp_table_count(granules->strings) ||
        !take_block(granules, ref,
                    atp_strings_block_granules(atp_strings_get(granules->strings, ref).size))) {
        return ATP_BROKEN(ret_why, "S1", "%s: the string %u of record %llu overlaps another one", of, ref,
                          (ull_t)record);
    }
    return ATP_OK;
}

static bool is_zero_after_link(const unsigned char *block, uint32_t granules)
{
    for (uint32_t i = sizeof(uint32_t); i < granules * ATP_STRING_GRANULE; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

static atp_err_t take_free_chains(granules_t *granules, const atp_string_heads_t *heads, atp_why_t *ret_why)
{
    for (unsigned class = 0; class < ATP_STRING_CLASSES; class ++) {
        uint32_t count = atp_strings_class_granules(class);
        uint32_t ref = heads->free[class];
        while (ref != 0) {
            if (!take_block(granules, ref, count)) {
                return ATP_BROKEN(ret_why, "S1", "block %u on free chain %u is in use, or on a chain already",
                                  ref, class);
            }
            if (!is_zero_after_link(atp_table_at(granules->strings, ref), count)) {
                return ATP_BROKEN(ret_why, "S2", "block %u on free chain %u is not empty", ref, class);
            }
            memcpy(&ref, atp_table_at(granules->strings, ref), sizeof ref);
        }
    }
    return ATP_OK;
}

static atp_err_t take_named(granules_t *granules, const atp_table_t *table, bool has_name, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(table);
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_named_record_t *record = atp_table_at(table, i);
        err = take_string(granules, table->name, i, record->id_ref, ret_why);
        if (err == ATP_OK && has_name) {
            err = take_string(granules, table->name, i, record->name_ref, ret_why);
        }
    }
    return err;
}

static atp_err_t take_reservations(granules_t *granules, const atp_table_t *table, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(table);
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_reservation_t *record = atp_table_at(table, i);
        if (record->status != ATP_RESERVATION_FREE) {
            err = take_string(granules, table->name, i, record->id_ref, ret_why);
            err = err == ATP_OK ? take_string(granules, table->name, i, record->owner_ref, ret_why) : err;
        }
    }
    return err;
}

static atp_err_t take_supplies(granules_t *granules, const atp_table_t *table, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(table);
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_supply_t *record = atp_table_at(table, i);
        if (record->status != ATP_SUPPLY_FREE) {
            err = take_string(granules, table->name, i, record->id_ref, ret_why);
        }
    }
    return err;
}

static atp_err_t take_all(const atp_ledger_t *ledger, granules_t *granules, atp_why_t *ret_why)
{
    const atp_catalog_t *catalog = &ledger->catalog;

    atp_err_t err = take_named(granules, &catalog->skus, true, ret_why);
    err = err == ATP_OK ? take_named(granules, &catalog->nodes, true, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &catalog->channels, false, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &catalog->clients, false, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &catalog->sources, false, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &catalog->groups, false, ret_why) : err;
    /* Of aliases and units the teller is the name. */
    err = err == ATP_OK ? take_named(granules, &catalog->aliases, true, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &ledger->units.records, true, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &ledger->rulebook.tags, false, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &ledger->rulebook.rules, false, ret_why) : err;
    err = err == ATP_OK ? take_named(granules, &ledger->rulebook.quotas, false, ret_why) : err;
    err = err == ATP_OK ? take_reservations(granules, &ledger->reservations.records, ret_why) : err;
    err = err == ATP_OK ? take_supplies(granules, &ledger->supplies.supplies, ret_why) : err;
    err = err == ATP_OK ? take_free_chains(granules, &ledger->root->strings, ret_why) : err;
    if (err == ATP_OK && granules->taken + 1 != atp_table_count(granules->strings)) {
        err = ATP_BROKEN(ret_why, "S1", "%llu granules are neither in use nor free",
                         (ull_t)(atp_table_count(granules->strings) - 1 - granules->taken));
    }
    return err;
}

atp_err_t atp_check_strings(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->catalog.strings);
    granules_t granules = {&ledger->catalog.strings, calloc(count / 8 + 1, 1), 0};

    if (granules.is_taken == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to mark %llu granules of strings", (ull_t)count);
    }
    atp_err_t err = take_all(ledger, &granules, ret_why);
    free(granules.is_taken);
    return err;
}

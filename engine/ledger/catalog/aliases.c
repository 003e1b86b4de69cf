#include "engine/ledger/catalog/aliases.h"

#include "engine/base/hash.h"

static const atp_text_t of_all = {"", 0};

uint64_t atp_alias_hash(atp_alias_kind_t kind, atp_text_t teller, atp_text_t text, uint64_t seed)
{
    /* Kind and teller enter as another seed, so that no alias of one is looked for among those of another. */
    return atp_hash_text(text, atp_hash_text(teller, seed + (uint64_t)kind));
}

static bool is_it(const atp_catalog_t *catalog, const atp_alias_record_t *record, atp_alias_kind_t kind,
                  atp_text_t teller, atp_text_t text)
{
    return record->kind == kind &&
           atp_text_equal(atp_strings_get(&catalog->strings, record->teller_ref), teller) &&
           atp_text_equal(atp_strings_get(&catalog->strings, record->id_ref), text);
}

static bool find(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t teller, atp_text_t text,
                 uint64_t seed, uint32_t *ret_record)
{
    uint64_t hash = atp_alias_hash(kind, teller, text, seed);

    for (;;) {
        uint64_t version = atp_index_version(&catalog->alias_index);
        atp_index_probe_t probe = atp_index_probe(&catalog->alias_index, hash);
        uint32_t record;
        while (atp_index_next(&probe, &record)) {
            const atp_alias_record_t *alias = atp_table_at(&catalog->aliases, record);
            if (alias->hash == hash && is_it(catalog, alias, kind, teller, text)) {
                *ret_record = record;
                return true;
            }
        }
        if (atp_index_version_holds(&catalog->alias_index, version)) {
            return false;
        }
    }
}

const atp_alias_record_t *atp_catalog_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind,
                                            atp_text_t teller, atp_text_t text, uint64_t seed)
{
    uint32_t record;

    return find(catalog, kind, teller, text, seed, &record) ? atp_table_at(&catalog->aliases, record) : NULL;
}

static bool find_target(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t teller,
                        atp_text_t text, uint64_t seed, uint32_t *ret_target)
{
    uint32_t number;

    if (!find(catalog, kind, teller, text, seed, &number)) {
        return false;
    }
    atp_alias_record_t *record = atp_table_at(&catalog->aliases, number);
    /* Relaxed: one small value; what it is a number of was there before it. */
    uint32_t target = atp_load_relaxed(&record->target);
    if (target != 0) {
        *ret_target = kind == ATP_ALIAS_SKU ? atp_catalog_sku_now(catalog, target - 1) : target - 1;
    }
    return target != 0;
}

bool atp_catalog_find_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t teller,
                            atp_text_t text, uint64_t seed, uint32_t *ret_target)
{
    if (atp_table_count(&catalog->aliases) == 0) {
        return false;
    }
    return (teller.size > 0 && find_target(catalog, kind, teller, text, seed, ret_target)) ||
           find_target(catalog, kind, of_all, text, seed, ret_target);
}

bool atp_catalog_means_sku(const atp_catalog_t *catalog, atp_text_t teller, atp_text_t text, uint64_t seed,
                           uint32_t *ret_sku)
{
    return atp_catalog_find_sku(catalog, text, atp_hash_text(text, seed), ret_sku) ||
           atp_catalog_find_alias(catalog, ATP_ALIAS_SKU, teller, text, seed, ret_sku);
}

bool atp_catalog_means_node(const atp_catalog_t *catalog, atp_text_t teller, atp_text_t text, uint64_t seed,
                            uint16_t *ret_node)
{
    uint32_t node = 0;

    if (atp_catalog_find_node(catalog, text, atp_hash_text(text, seed), ret_node)) {
        return true;
    }
    bool is_alias = atp_catalog_find_alias(catalog, ATP_ALIAS_NODE, teller, text, seed, &node);
    *ret_node = is_alias ? (uint16_t)node : *ret_node;
    return is_alias;
}

bool atp_catalog_is_alias(const atp_catalog_t *catalog, atp_alias_kind_t kind, atp_text_t text, uint64_t seed)
{
    const atp_alias_record_t *record = atp_catalog_alias(catalog, kind, of_all, text, seed);

    return record != NULL &&
           (record->told > 0 || atp_load_relaxed(&((atp_alias_record_t *)(uintptr_t)record)->target) != 0);
}

/* ---- changing ---- */

bool atp_catalog_has_alias_room(const atp_catalog_t *catalog, const atp_string_heads_t *heads,
                                atp_alias_kind_t kind, atp_text_t teller, atp_text_t text, uint64_t seed)
{
    uint32_t sizes[3];
    uint32_t count = 0;
    uint32_t records = 0;

    if (atp_catalog_alias(catalog, kind, of_all, text, seed) == NULL) {
        sizes[count++] = text.size;
        records++;
    }
    if (teller.size > 0 && atp_catalog_alias(catalog, kind, teller, text, seed) == NULL) {
        sizes[count++] = text.size;
        sizes[count++] = teller.size;
        records++;
    }
    return atp_table_has_room(&catalog->aliases, records) &&
           atp_strings_has_room_for(&catalog->strings, heads, sizes, count);
}

/* The record of text and teller, made if it is not there. */
static atp_alias_record_t *need(atp_catalog_t *catalog, atp_string_heads_t *heads, atp_alias_kind_t kind,
                                atp_text_t teller, atp_text_t text, uint64_t seed, uint64_t op)
{
    uint32_t number;

    if (find(catalog, kind, teller, text, seed, &number)) {
        return atp_table_change(&catalog->aliases, number);
    }
    uint32_t id_ref = atp_strings_store(&catalog->strings, heads, text);
    uint32_t teller_ref = atp_strings_store(&catalog->strings, heads, teller);
    number = (uint32_t)atp_table_count(&catalog->aliases);
    ATP_ASSERT(atp_table_has_room(&catalog->aliases, 1));
    atp_alias_record_t *record = atp_table_change(&catalog->aliases, number);
    record->id_ref = id_ref;
    record->teller_ref = teller_ref;
    record->hash = atp_alias_hash(kind, teller, text, seed);
    record->created_op = op;
    record->kind = (uint8_t)kind;
    atp_table_append(&catalog->aliases, 1); /* TABLE-A1: written before it counts */
    atp_index_insert(&catalog->alias_index, record->hash, number);
    return record;
}

void atp_catalog_set_alias(atp_catalog_t *catalog, atp_string_heads_t *heads, atp_alias_kind_t kind,
                           atp_text_t teller, atp_text_t text, uint64_t seed, uint32_t target, uint64_t op)
{
    atp_alias_record_t *all = need(catalog, heads, kind, of_all, text, seed, op);

    if (teller.size == 0) {
        atp_store_relaxed(&all->target, target);
        return;
    }
    atp_alias_record_t *record = need(catalog, heads, kind, teller, text, seed, op);
    all->told += (uint32_t)(target != 0) - (uint32_t)(atp_load_relaxed(&record->target) != 0);
    atp_store_relaxed(&record->target, target);
}

void atp_catalog_rebuild_aliases(atp_catalog_t *catalog)
{
    uint64_t count = atp_table_count(&catalog->aliases);

    for (uint64_t i = 0; i < count; i++) {
        const atp_alias_record_t *record = atp_table_at(&catalog->aliases, i);
        atp_index_insert(&catalog->alias_index, record->hash, (uint32_t)i);
    }
}

#include "engine/ledger/catalog/catalog.h"

static bool find(const atp_catalog_t *catalog, const atp_table_t *table, const atp_index_t *index,
                 atp_text_t id, uint64_t hash, uint32_t *ret_record)
{
    for (;;) {
        uint64_t version = atp_index_version(index);
        atp_index_probe_t probe = atp_index_probe(index, hash);
        uint32_t record;
        while (atp_index_next(&probe, &record)) {
            const atp_named_record_t *named = atp_table_at(table, record);
            if (named->hash == hash &&
                atp_text_equal(atp_strings_get(&catalog->strings, named->id_ref), id)) {
                *ret_record = record;
                return true;
            }
        }
        if (atp_index_version_holds(index, version)) {
            return false;
        }
    }
}

bool atp_catalog_find_sku(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint32_t *ret_sku)
{
    return find(catalog, &catalog->skus, &catalog->sku_index, id, hash, ret_sku);
}

bool atp_catalog_find_node(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint16_t *ret_node)
{
    uint32_t record;
    bool is_found = find(catalog, &catalog->nodes, &catalog->node_index, id, hash, &record);

    *ret_node = is_found ? (uint16_t)record : *ret_node;
    return is_found;
}

bool atp_catalog_find_channel(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash,
                              uint16_t *ret_channel)
{
    uint32_t record;
    bool is_found = find(catalog, &catalog->channels, &catalog->channel_index, id, hash, &record);

    *ret_channel = is_found ? (uint16_t)record : *ret_channel;
    return is_found;
}

bool atp_catalog_find_client(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint32_t *ret_client)
{
    return find(catalog, &catalog->clients, &catalog->client_index, id, hash, ret_client);
}

bool atp_catalog_find_source(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint32_t *ret_source)
{
    return find(catalog, &catalog->sources, &catalog->source_index, id, hash, ret_source);
}

bool atp_catalog_find_group(const atp_catalog_t *catalog, atp_text_t id, uint64_t hash, uint16_t *ret_group)
{
    uint32_t record;
    bool is_found = find(catalog, &catalog->groups, &catalog->group_index, id, hash, &record);

    *ret_group = is_found ? (uint16_t)record : *ret_group;
    return is_found;
}

uint32_t atp_catalog_add(atp_catalog_t *catalog, atp_string_heads_t *heads, atp_table_t *table,
                         atp_index_t *index, atp_text_t id, uint64_t hash, uint64_t op)
{
    uint32_t ref = atp_strings_store(&catalog->strings, heads, id);

    ATP_ASSERT(atp_table_has_room(table, 1));
    uint32_t number = (uint32_t)atp_table_count(table);
    atp_named_record_t *record = atp_table_change(table, number);
    record->id_ref = ref;
    record->hash = hash;
    record->created_op = op;
    atp_table_append(table, 1); /* TABLE-A1: written before it counts, for readers that go by the count */
    atp_index_insert(index, hash, number);
    return number;
}

void atp_catalog_rename(atp_catalog_t *catalog, atp_string_heads_t *heads, uint32_t *name_ref,
                        atp_text_t name)
{
    if (atp_text_equal(atp_strings_get(&catalog->strings, *name_ref), name)) {
        return;
    }
    atp_strings_drop(&catalog->strings, heads, *name_ref);
    *name_ref = atp_strings_store(&catalog->strings, heads, name);
}

static void rebuild(const atp_table_t *table, atp_index_t *index)
{
    uint64_t count = atp_table_count(table);

    for (uint64_t i = 0; i < count; i++) {
        const atp_named_record_t *record = atp_table_at(table, i);
        atp_index_insert(index, record->hash, (uint32_t)i);
    }
}

static void rebuild_skus(atp_catalog_t *catalog)
{
    uint64_t count = atp_table_count(&catalog->skus);

    for (uint64_t i = 0; i < count; i++) {
        atp_sku_record_t *record = atp_table_at(&catalog->skus, i);
        if (atp_load_relaxed(&record->merged_into) == 0) {
            atp_index_insert(&catalog->sku_index, record->hash, (uint32_t)i);
        }
    }
}

void atp_catalog_rebuild(atp_catalog_t *catalog)
{
    rebuild_skus(catalog);
    rebuild(&catalog->nodes, &catalog->node_index);
    rebuild(&catalog->channels, &catalog->channel_index);
    rebuild(&catalog->clients, &catalog->client_index);
    rebuild(&catalog->sources, &catalog->source_index);
    rebuild(&catalog->groups, &catalog->group_index);
}

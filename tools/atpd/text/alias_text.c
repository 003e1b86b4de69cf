#include "tools/atpd/text/alias_text.h"

#include "engine/ledger/catalog/aliases.h"

#include <inttypes.h>
#include <stdio.h>

static void put_teller(atp_rule_text_t *text, const atp_catalog_t *catalog, uint32_t teller_ref)
{
    if (teller_ref != 0) {
        atp_rule_text_put(text, "told_by", atp_strings_get(&catalog->strings, teller_ref));
    }
}

bool atp_alias_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id, int64_t *ret_size,
                    atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_alias_record_t *record = atp_table_at(&catalog->aliases, number);
    uint32_t target = atp_load_relaxed(&record->target);

    if (target == 0) {
        return false;
    }
    *ret_id = atp_strings_get(&catalog->strings, record->id_ref);
    ret_text->size = 0;
    bool is_sku = record->kind == ATP_ALIAS_SKU;
    atp_text_t means = is_sku ? atp_catalog_sku_id(catalog, atp_catalog_sku_now(catalog, target - 1))
                              : atp_catalog_node_id(catalog, (uint16_t)(target - 1));
    atp_rule_text_put(ret_text, is_sku ? "sku" : "node", means);
    *ret_size = means.size;
    put_teller(ret_text, catalog, record->teller_ref);
    return true;
}

static void put_number(atp_rule_text_t *text, const char *name, int64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRId64, number);

    atp_rule_text_put(text, name, (atp_text_t){digits, (uint32_t)size});
}

bool atp_unit_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id, int64_t *ret_size,
                   atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_unit_record_t *record = atp_table_at(&atp_ledger_units(ledger)->records, number);

    if (record->numerator == 0 ||
        (record->sku != ATP_UNIT_OF_ALL && atp_catalog_sku_now(catalog, record->sku) != record->sku)) {
        return false; /* what it was of is another SKU now, which has one like it */
    }
    *ret_id = atp_strings_get(&catalog->strings, record->id_ref);
    ret_text->size = 0;
    put_number(ret_text, "is", record->numerator);
    if (record->denominator != 1) {
        put_number(ret_text, "for", record->denominator);
    }
    *ret_size = 0;
    if (record->sku != ATP_UNIT_OF_ALL) {
        atp_text_t sku = atp_catalog_sku_id(catalog, record->sku);
        atp_rule_text_put(ret_text, "sku", sku);
        *ret_size = sku.size;
    }
    put_teller(ret_text, catalog, record->teller_ref);
    return true;
}

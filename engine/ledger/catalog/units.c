#include "engine/ledger/catalog/units.h"

#include "engine/base/hash.h"
#include "engine/base/qty_convert.h"

static uint64_t hash_of(const atp_unit_book_t *units, atp_text_t name, uint32_t sku)
{
    return atp_hash_text(name, *units->seed + atp_mix32(sku));
}

const atp_unit_record_t *atp_units_get(const atp_unit_book_t *units, atp_text_t name, uint32_t sku)
{
    uint64_t hash = hash_of(units, name, sku);
    atp_index_probe_t probe = atp_index_probe(&units->index, hash);
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_unit_record_t *record = atp_table_at(&units->records, number);
        if (record->hash == hash && record->sku == sku &&
            atp_text_equal(atp_strings_get(units->strings, record->id_ref), name)) {
            return record;
        }
    }
    return NULL;
}

const atp_unit_record_t *atp_units_find(const atp_unit_book_t *units, atp_text_t name, uint32_t sku)
{
    const atp_unit_record_t *record = atp_units_get(units, name, sku);

    if (record == NULL || record->numerator == 0) {
        record = atp_units_get(units, name, ATP_UNIT_OF_ALL);
    }
    return record != NULL && record->numerator != 0 ? record : NULL;
}

atp_unit_record_t *atp_units_need(atp_unit_book_t *units, atp_text_t name, uint32_t sku, uint32_t id_ref,
                                  uint64_t op)
{
    const atp_unit_record_t *found = atp_units_get(units, name, sku);
    const atp_unit_record_t *first = atp_table_at(&units->records, 0);

    if (found != NULL) {
        return atp_table_change(&units->records, (uint64_t)(found - first));
    }
    uint32_t number = (uint32_t)atp_table_append(&units->records, 1);
    atp_unit_record_t *record = atp_table_change(&units->records, number);
    *record = (atp_unit_record_t){
        .id_ref = id_ref, .sku = sku, .hash = hash_of(units, name, sku), .created_op = op};
    atp_index_insert(&units->index, record->hash, number);
    return record;
}

atp_rescale_t atp_unit_convert(const atp_unit_record_t *unit, atp_qty_t mantissa, uint8_t decimals,
                               uint8_t scale, atp_qty_t *ret_qty)
{
    return atp_qty_convert(unit->numerator, unit->denominator, mantissa, decimals, scale, ret_qty);
}

void atp_units_rebuild(atp_unit_book_t *units)
{
    uint64_t count = atp_table_count(&units->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_unit_record_t *record = atp_table_at(&units->records, i);
        atp_index_insert(&units->index, record->hash, (uint32_t)i);
    }
}

atp_err_t atp_units_check(const atp_unit_book_t *units, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&units->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_unit_record_t *record = atp_table_at(&units->records, i);
        atp_text_t name = atp_strings_get(units->strings, record->id_ref);
        if (name.size == 0 || atp_units_get(units, name, record->sku) != record || record->numerator < 0 ||
            (record->numerator > 0) != (record->denominator > 0)) {
            return atp_fail(ret_why, ATP_ERR_CORRUPT, "U1: unit %llu is not found by its name, or is no unit",
                            (unsigned long long)i);
        }
    }
    return atp_index_count(&units->index) == count
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_CORRUPT, "U1: the index of units has others than there are");
}

#include "engine/ledger/catalog/units.h"

#include "engine/base/hash.h"
#include "engine/base/qty_convert.h"

static const atp_text_t of_all = {"", 0};

/* SKU and teller enter as another seed, so that no unit of one is looked for among those of another. */
static uint64_t hash_of(const atp_unit_book_t *units, const atp_unit_key_t *key)
{
    uint64_t seed = *units->seed + atp_mix32(key->sku);

    return atp_hash_text(key->name, key->teller.size > 0 ? atp_hash_text(key->teller, seed) : seed);
}

static bool is_it(const atp_unit_book_t *units, const atp_unit_record_t *record, const atp_unit_key_t *key)
{
    return record->sku == key->sku &&
           atp_text_equal(atp_strings_get(units->strings, record->teller_ref), key->teller) &&
           atp_text_equal(atp_strings_get(units->strings, record->id_ref), key->name);
}

const atp_unit_record_t *atp_units_get(const atp_unit_book_t *units, atp_unit_key_t key)
{
    uint64_t hash = hash_of(units, &key);
    atp_index_probe_t probe = atp_index_probe(&units->index, hash);
    uint32_t number;

    while (atp_index_next(&probe, &number)) {
        const atp_unit_record_t *record = atp_table_at(&units->records, number);
        if (record->hash == hash && is_it(units, record, &key)) {
            return record;
        }
    }
    return NULL;
}

/* What the teller itself says, of the SKU and then of every one. */
static const atp_unit_record_t *find_own(const atp_unit_book_t *units, atp_unit_key_t key)
{
    const atp_unit_record_t *record = atp_units_get(units, key);

    if (record == NULL || record->numerator == 0) {
        key.sku = ATP_UNIT_OF_ALL;
        record = atp_units_get(units, key);
    }
    return record != NULL && record->numerator != 0 ? record : NULL;
}

const atp_unit_record_t *atp_units_find(const atp_unit_book_t *units, atp_unit_key_t key)
{
    const atp_unit_record_t *record = units->told > 0 && key.teller.size > 0 ? find_own(units, key) : NULL;

    return record != NULL ? record : find_own(units, (atp_unit_key_t){key.name, of_all, key.sku});
}

atp_unit_record_t *atp_units_need(atp_unit_book_t *units, atp_unit_key_t key, const uint32_t refs[2],
                                  uint64_t op)
{
    const atp_unit_record_t *found = atp_units_get(units, key);
    const atp_unit_record_t *first = atp_table_at(&units->records, 0);

    if (found != NULL) {
        return atp_table_change(&units->records, (uint64_t)(found - first));
    }
    uint32_t number = (uint32_t)atp_table_append(&units->records, 1);
    atp_unit_record_t *record = atp_table_change(&units->records, number);
    *record = (atp_unit_record_t){.id_ref = refs[0],
                                  .teller_ref = refs[1],
                                  .sku = key.sku,
                                  .hash = hash_of(units, &key),
                                  .created_op = op};
    atp_index_insert(&units->index, record->hash, number);
    units->told += record->teller_ref != 0;
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

    units->told = 0;
    for (uint64_t i = 0; i < count; i++) {
        const atp_unit_record_t *record = atp_table_at(&units->records, i);
        atp_index_insert(&units->index, record->hash, (uint32_t)i);
        units->told += record->teller_ref != 0;
    }
}

/* U1 of one record. */
static bool is_whole(const atp_unit_book_t *units, const atp_unit_record_t *record)
{
    atp_unit_key_t key = {atp_strings_get(units->strings, record->id_ref),
                          atp_strings_get(units->strings, record->teller_ref), record->sku};

    return key.name.size > 0 && atp_units_get(units, key) == record && record->numerator >= 0 &&
           (record->numerator > 0) == (record->denominator > 0);
}

atp_err_t atp_units_check(const atp_unit_book_t *units, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&units->records);
    uint64_t told = 0;

    for (uint64_t i = 0; i < count; i++) {
        const atp_unit_record_t *record = atp_table_at(&units->records, i);
        told += record->teller_ref != 0;
        if (!is_whole(units, record)) {
            return atp_fail(ret_why, ATP_ERR_CORRUPT, "U1: unit %llu is not found by its name, or is no unit",
                            (unsigned long long)i);
        }
    }
    if (told != units->told) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "U2: %llu units are of tellers, %llu are counted",
                        (unsigned long long)told, (unsigned long long)units->told);
    }
    return atp_index_count(&units->index) == count
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_CORRUPT, "U1: the index of units has others than there are");
}

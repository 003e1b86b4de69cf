/* Units: what a quantity in one comes to is what the unit of the teller that fits best says. Looked for in the plain table of them, each
 * with a mark for how well it fits, without the index and the order that the ledger goes by. */
#include "tests/model/everything.h"

#include "engine/ledger/ledger_priv.h"

#include <stdlib.h>

static const atp_table_t *table_of(const bench_t *bench)
{
    return &atp_ledger_units(bench->ledger)->records;
}

static const act_attribute_t *attribute_of(const act_t *act, unsigned key, unsigned line)
{
    for (unsigned i = 0; i < act->attribute_count; i++) {
        if (act->attributes[i].key == key && act->attributes[i].line == line) {
            return &act->attributes[i];
        }
    }
    return NULL;
}

static atp_text_t text_of(const act_t *act, unsigned key, unsigned line)
{
    const act_attribute_t *attribute = attribute_of(act, key, line);

    return attribute != NULL ? atp_text_of(attribute->text) : ATP_TEXT("");
}

/* The SKU of that name to who tells; ATP_UNIT_OF_ALL where nothing is named. */
static bool find_sku(const bench_t *bench, atp_text_t name, uint32_t *ret_sku)
{
    *ret_sku = ATP_UNIT_OF_ALL;
    return name.size == 0 || atp_catalog_means_sku(atp_ledger_catalog(bench->ledger), books_teller(bench),
                                                   name, atp_ledger_seed(bench->ledger), ret_sku);
}

/* How well the record fits: 0 = not at all, 4 = it is the teller's own, of the very SKU. */
static unsigned fits(const bench_t *bench, const atp_unit_record_t *record, const atp_unit_key_t *key)
{
    const atp_table_t *strings = &atp_ledger_catalog(bench->ledger)->strings;
    atp_text_t teller = atp_strings_get(strings, record->teller_ref);
    bool is_own = teller.size > 0 && atp_text_equal(teller, key->teller);
    bool is_of_sku = record->sku == key->sku;

    if (!atp_text_equal(atp_strings_get(strings, record->id_ref), key->name) ||
        (!is_own && teller.size > 0) || (!is_of_sku && record->sku != ATP_UNIT_OF_ALL)) {
        return 0;
    }
    return 1u + (is_of_sku ? 1u : 0u) + (is_own ? 2u : 0u);
}

static const atp_unit_record_t *find_best(const bench_t *bench, const atp_unit_key_t *key)
{
    const atp_unit_record_t *best = NULL;
    unsigned mark = 0;

    for (uint64_t i = 0; i < atp_table_count(table_of(bench)); i++) {
        const atp_unit_record_t *record = atp_table_at(table_of(bench), i);
        unsigned how = record->numerator != 0 ? fits(bench, record, key) : 0;
        if (how > mark) {
            mark = how;
            best = record;
        }
    }
    return best;
}

/* ---- a unit that was put or dropped ---- */

static int64_t number_of(const act_t *act, unsigned key)
{
    const act_attribute_t *attribute = attribute_of(act, key, ATP_WHOLE_OP);

    return attribute != NULL ? attribute->number : 1;
}

/* It is in the table once, just as it was told. */
static bool look_at_unit(bench_t *bench)
{
    const act_t *act = bench->act;
    const atp_table_t *strings = &atp_ledger_catalog(bench->ledger)->strings;
    atp_unit_key_t key = {atp_text_of(act->subject), text_of(act, ATP_KEY_TOLD_BY, ATP_WHOLE_OP), 0};
    const act_attribute_t *dropped = attribute_of(act, ATP_KEY_DROPPED, ATP_WHOLE_OP);
    bool is_over = dropped != NULL && dropped->number != 0;
    unsigned count = 0;

    if (!find_sku(bench, text_of(act, ATP_KEY_SKU, ATP_WHOLE_OP), &key.sku)) {
        return bench_fail(bench, "a unit was put of a SKU that is not there");
    }
    for (uint64_t i = 0; i < atp_table_count(table_of(bench)); i++) {
        const atp_unit_record_t *record = atp_table_at(table_of(bench), i);
        bool is_it = record->sku == key.sku &&
                     atp_text_equal(atp_strings_get(strings, record->teller_ref), key.teller) &&
                     atp_text_equal(atp_strings_get(strings, record->id_ref), key.name);
        bool is_so = is_over ? record->numerator == 0 && record->denominator == 0
                             : record->numerator == number_of(act, ATP_KEY_NUMERATOR) &&
                                   record->denominator == number_of(act, ATP_KEY_DENOMINATOR);
        count += is_it && is_so ? 1 : is_it ? 2 : 0;
    }
    return count == 1 || bench_fail(bench, "unit %s is not there once as it was told", act->subject);
}

/* ---- a quantity in a unit ---- */

/* The unit of a line and whose it is. False: it is told in the SKU's own. */
static bool read_key(const bench_t *bench, unsigned line, atp_unit_key_t *ret_key)
{
    const act_t *act = bench->act;
    atp_text_t own = text_of(act, ATP_KEY_UNIT, line);
    atp_text_t told_by = text_of(act, ATP_KEY_TOLD_BY, ATP_WHOLE_OP);

    ret_key->name = own.size > 0 ? own : text_of(act, ATP_KEY_UNIT, ATP_WHOLE_OP);
    ret_key->teller = told_by.size > 0 ? told_by : books_teller(bench);
    return line < act->line_count && ret_key->name.size > 0 &&
           find_sku(bench, atp_text_of(act->lines[line].sku), &ret_key->sku);
}

/* mantissa * numerator / denominator in the SKU's scale, without dividing. */
static bool is_converted(const bench_t *bench, const atp_unit_record_t *unit)
{
    const act_line_t *line = &bench->act->lines[0];
    __extension__ __int128 told = (__int128)line->mantissa * unit->numerator;
    __extension__ __int128 got = (__int128)llabs(bench->result.qty) * unit->denominator;

    for (unsigned i = 0; i < bench->result.scale; i++) {
        told *= 10;
    }
    for (unsigned i = 0; i < line->decimals; i++) {
        got *= 10;
    }
    return told == got;
}

static bool look_at_qty(bench_t *bench)
{
    const act_t *act = bench->act;
    unsigned verdict = bench->result.verdict;
    bool is_unknown = verdict == ATP_UNIT_UNKNOWN && bench->result.key == ATP_KEY_UNIT;
    bool is_told = verdict == ATP_APPLIED && (act->kind == ATP_OP_RECEIVE || act->kind == ATP_OP_SALE);
    atp_unit_key_t key;

    if ((!is_unknown && !is_told) || !read_key(bench, is_unknown ? bench->result.line : 0, &key)) {
        return true;
    }
    const atp_unit_record_t *unit = find_best(bench, &key);
    if (is_unknown || unit == NULL) {
        return is_unknown == (unit == NULL) ||
               bench_fail(bench, "%.*s of %.*s: %s", (int)key.name.size, key.name.bytes, (int)key.teller.size,
                          key.teller.bytes,
                          is_unknown ? "refused, and there is one" : "taken, and there is none");
    }
    bench->reach->units_converted[unit->teller_ref != 0]++;
    return is_converted(bench, unit) ||
           bench_fail(bench, "%lld %.*s of %.*s came to %lld", (long long)act->lines[0].mantissa,
                      (int)key.name.size, key.name.bytes, (int)key.teller.size, key.teller.bytes,
                      (long long)bench->result.qty);
}

bool unit_book_qty(const bench_t *bench, unsigned line, atp_qty_t *ret_qty, uint8_t *ret_scale)
{
    const act_line_t *told = &bench->act->lines[line];
    atp_unit_key_t key;
    uint32_t sku;

    if (!find_sku(bench, atp_text_of(told->sku), &sku)) {
        return false;
    }
    *ret_scale = atp_positions_scale(atp_ledger_positions(bench->ledger), sku);
    if (!read_key(bench, line, &key)) {
        return atp_qty_rescale(told->mantissa, told->decimals, *ret_scale, ret_qty) == ATP_RESCALED;
    }
    const atp_unit_record_t *unit = find_best(bench, &key);
    return unit != NULL &&
           atp_unit_convert(unit, told->mantissa, told->decimals, *ret_scale, ret_qty) == ATP_RESCALED;
}

/* ---- after an op ---- */

void unit_book_before(bench_t *bench)
{
    bench->units_hash = atp_table_hash(table_of(bench));
}

bool unit_book_after(bench_t *bench)
{
    const act_t *act = bench->act;
    bool is_done = atp_verdict_is_success(bench->result.verdict);

    if (bench->may_try || bench->is_replay) {
        return true; /* a fact that waited may have been of a unit */
    }
    if (act->kind == ATP_OP_UNIT && is_done) {
        return look_at_unit(bench);
    }
    return (atp_table_hash(table_of(bench)) == bench->units_hash ||
            bench_fail(bench, "units are others after an op that is not of them")) &&
           look_at_qty(bench);
}

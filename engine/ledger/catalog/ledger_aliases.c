/* What names and units mean: aliases and conversions are put, and looked for in the name of who tells or asks. */
#include "engine/base/attribute.h"
#include "engine/ledger/facts/ledger_parking.h"
#include "engine/ledger/ledger_priv.h"

/* ---- who tells ---- */

atp_text_t atp_ledger_source_named(const atp_ledger_t *ledger, uint32_t source)
{
    if (source == 0) {
        return (atp_text_t){"", 0};
    }
    const atp_named_record_t *record = atp_table_at(&ledger->catalog.sources, source - 1);
    return atp_strings_get(&ledger->catalog.strings, record->id_ref);
}

atp_text_t atp_ledger_source_told(const atp_ledger_t *ledger)
{
    return atp_ledger_source_named(ledger, ledger->frame_source);
}

atp_text_t atp_ledger_teller(const apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;

    if (op->flags & ATP_OP_IN_SOURCE) {
        return atp_ledger_source_told(ledger);
    }
    uint32_t client = op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client;
    const atp_named_record_t *record = atp_table_at(&ledger->catalog.clients, client);
    return atp_strings_get(&ledger->catalog.strings, record->id_ref);
}

bool atp_ledger_means_sku(const apply_t *apply, atp_text_t name, uint32_t *ret_sku)
{
    return atp_catalog_means_sku(&apply->ledger->catalog, atp_ledger_teller(apply), name,
                                 atp_ledger_seed(apply->ledger), ret_sku);
}

bool atp_ledger_means_node(const apply_t *apply, atp_text_t name, uint16_t *ret_node)
{
    return atp_catalog_means_node(&apply->ledger->catalog, atp_ledger_teller(apply), name,
                                  atp_ledger_seed(apply->ledger), ret_node);
}

/* ---- putting an alias ---- */

static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    return atp_op_text_next(&cursor);
}

static bool is_dropped(const atp_op_t *op)
{
    const atp_op_attribute_t *dropped = atp_op_attribute(op, ATP_KEY_DROPPED, ATP_WHOLE_OP);

    return dropped != NULL && dropped->number != 0;
}

/* Whose the op says that it is; "" = of all. */
static atp_text_t told_by(const atp_op_t *op)
{
    const atp_op_attribute_t *teller = atp_op_attribute(op, ATP_KEY_TOLD_BY, ATP_WHOLE_OP);

    return teller != NULL ? atp_op_attribute_text(op, teller) : (atp_text_t){"", 0};
}

/* What the op says of an alias. */
typedef struct told_alias {
    atp_alias_kind_t kind;
    atp_text_t text;
    atp_text_t teller;
    uint32_t target; /* + 1; 0 = dropped */
} told_alias_t;

/* The one thing that it is an alias of: a SKU or a node. For one that is dropped only which of both counts. */
static atp_verdict_t read_target(apply_t *apply, told_alias_t *alias)
{
    const atp_op_attribute_t *sku = atp_op_attribute(apply->op, ATP_KEY_SKU, ATP_WHOLE_OP);
    const atp_op_attribute_t *node = atp_op_attribute(apply->op, ATP_KEY_NODE, ATP_WHOLE_OP);
    uint32_t number = 0;
    uint16_t place = 0;

    if ((sku == NULL) == (node == NULL)) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_SKU, 0);
    }
    alias->kind = sku != NULL ? ATP_ALIAS_SKU : ATP_ALIAS_NODE;
    if (is_dropped(apply->op)) {
        return ATP_APPLIED;
    }
    if (sku != NULL && !atp_ledger_means_sku(apply, atp_op_attribute_text(apply->op, sku), &number)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SKU, ATP_KEY_SKU, 0);
    }
    if (node != NULL && !atp_ledger_means_node(apply, atp_op_attribute_text(apply->op, node), &place)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, 0);
    }
    alias->target = (sku != NULL ? number : place) + 1;
    return ATP_APPLIED;
}

static bool is_id(const atp_ledger_t *ledger, const told_alias_t *alias)
{
    uint64_t hash = atp_hash_text(alias->text, atp_ledger_seed(ledger));
    uint32_t sku;
    uint16_t node;

    return alias->kind == ATP_ALIAS_SKU ? atp_catalog_find_sku(&ledger->catalog, alias->text, hash, &sku)
                                        : atp_catalog_find_node(&ledger->catalog, alias->text, hash, &node);
}

/* What the alias means now, + 1. */
static uint32_t meaning_of(const atp_ledger_t *ledger, const told_alias_t *alias)
{
    const atp_alias_record_t *record =
        atp_catalog_alias(&ledger->catalog, alias->kind, alias->teller, alias->text, atp_ledger_seed(ledger));

    uint32_t target =
        record != NULL ? atp_load_relaxed(&((atp_alias_record_t *)(uintptr_t)record)->target) : 0;
    return target != 0 && alias->kind == ATP_ALIAS_SKU ? atp_catalog_sku_now(&ledger->catalog, target - 1) + 1
                                                       : target;
}

atp_verdict_t atp_ledger_put_alias(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_string_heads_t *heads = &ledger->root->strings;
    uint64_t seed = atp_ledger_seed(ledger);
    told_alias_t alias = {.text = subject_of(apply->op), .teller = told_by(apply->op)};

    atp_verdict_t verdict = read_target(apply, &alias);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    uint32_t meaning = meaning_of(ledger, &alias);
    if (meaning == alias.target) {
        return ATP_CONFIRMED;
    }
    if (alias.target != 0 && (meaning != 0 || is_id(ledger, &alias))) {
        return atp_ledger_refuse(apply, ATP_ALIAS_CONFLICT, ATP_FIELD_SUBJECT, 0);
    }
    if (!atp_catalog_has_alias_room(&ledger->catalog, heads, alias.kind, alias.teller, alias.text, seed)) {
        return atp_ledger_refuse(apply, ATP_STRINGS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    atp_catalog_set_alias(&ledger->catalog, heads, alias.kind, alias.teller, alias.text, seed, alias.target,
                          ledger->root->op);
    if (alias.target != 0) {
        atp_ledger_note_arrived(ledger, alias.kind, alias.text, alias.target - 1);
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_look_at_alias(apply_t *apply, atp_alias_kind_t kind, atp_text_t id,
                                       atp_field_t field)
{
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    uint64_t seed = atp_ledger_seed(apply->ledger);
    uint32_t target;

    if (atp_catalog_find_alias(catalog, kind, atp_ledger_teller(apply), id, seed, &target)) {
        return ATP_CONFIRMED;
    }
    return atp_catalog_is_alias(catalog, kind, id, seed)
               ? atp_ledger_refuse(apply, ATP_ALIAS_CONFLICT, field, 0)
               : ATP_APPLIED;
}

/* ---- units ---- */

/* The SKU that the unit is of; ATP_UNIT_OF_ALL when it names none. */
static atp_verdict_t read_unit_sku(apply_t *apply, uint32_t *ret_sku)
{
    const atp_op_attribute_t *sku = atp_op_attribute(apply->op, ATP_KEY_SKU, ATP_WHOLE_OP);

    *ret_sku = ATP_UNIT_OF_ALL;
    return sku == NULL || atp_ledger_means_sku(apply, atp_op_attribute_text(apply->op, sku), ret_sku)
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_UNKNOWN_SKU, ATP_KEY_SKU, 0);
}

static int64_t number_or_one(const atp_op_t *op, unsigned key)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(op, key, ATP_WHOLE_OP);

    return attribute != NULL ? attribute->number : 1;
}

static bool has_unit_room(const atp_ledger_t *ledger, const atp_unit_key_t *key)
{
    return atp_table_has_room(&ledger->units.records, 1) &&
           atp_strings_has_room(&ledger->catalog.strings, &ledger->root->strings, key->name.size,
                                key->teller.size);
}

/* The record of the unit for a change; there is room for a new one. */
static atp_unit_record_t *need_unit(atp_ledger_t *ledger, const atp_unit_key_t *key, bool is_new)
{
    const atp_text_t texts[2] = {key->name, key->teller};
    uint32_t refs[2] = {0, 0};

    for (unsigned i = 0; is_new && i < 2 && texts[i].size > 0; i++) {
        refs[i] = atp_strings_store(&ledger->catalog.strings, &ledger->root->strings, texts[i]);
    }
    return atp_units_need(&ledger->units, *key, refs, ledger->root->op);
}

atp_verdict_t atp_ledger_put_unit(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_unit_key_t key = {.name = subject_of(apply->op), .teller = told_by(apply->op)};
    bool is_over = is_dropped(apply->op);
    int64_t numerator = is_over ? 0 : number_or_one(apply->op, ATP_KEY_NUMERATOR);
    int64_t denominator = is_over ? 0 : number_or_one(apply->op, ATP_KEY_DENOMINATOR);

    atp_verdict_t verdict = read_unit_sku(apply, &key.sku);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    const atp_unit_record_t *known = atp_units_get(&ledger->units, key);
    if (is_over && (known == NULL || known->numerator == 0)) {
        return atp_ledger_refuse(apply, ATP_UNIT_UNKNOWN, ATP_FIELD_SUBJECT, 0);
    }
    if (known != NULL && known->numerator == numerator && known->denominator == denominator) {
        return ATP_CONFIRMED;
    }
    if (known == NULL && !has_unit_room(ledger, &key)) {
        return atp_ledger_refuse(apply, ATP_STRINGS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    atp_unit_record_t *unit = need_unit(ledger, &key, known == NULL);
    unit->numerator = numerator;
    unit->denominator = denominator;
    return ATP_APPLIED;
}

/* What the line, or the op, says that its quantity is counted in; NULL: the SKU's own unit. */
static const atp_op_attribute_t *unit_of(const atp_op_t *op, uint32_t line)
{
    const atp_op_attribute_t *unit = atp_op_attribute(op, ATP_KEY_UNIT, line);

    return unit != NULL ? unit : atp_op_attribute(op, ATP_KEY_UNIT, ATP_WHOLE_OP);
}

/* What the unit is of the SKU to whose words the op is in: those of who tells it, if it does not say whose. NULL: nothing says it. */
static const atp_unit_record_t *find_unit(const apply_t *apply, const atp_op_attribute_t *told, uint32_t sku)
{
    const atp_unit_book_t *units = &apply->ledger->units;
    atp_unit_key_t key = {.name = atp_op_attribute_text(apply->op, told), .sku = sku};

    if (units->told > 0) {
        key.teller = told_by(apply->op);
        key.teller = key.teller.size > 0 ? key.teller : atp_ledger_teller(apply);
    }
    return atp_units_find(units, key);
}

atp_verdict_t atp_ledger_rescale(apply_t *apply, uint32_t i, atp_rescale_t rescaled)
{
    switch (rescaled) {
    case ATP_RESCALE_TOO_PRECISE:
        return atp_ledger_refuse(apply, ATP_QTY_TOO_PRECISE, ATP_FIELD_QTY, i);
    case ATP_RESCALE_OUT_OF_RANGE:
        return atp_ledger_refuse(apply, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
    case ATP_RESCALED:
        break;
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_read_qty(apply_t *apply, uint32_t i, uint32_t sku, uint8_t scale, atp_qty_t *ret_qty)
{
    const atp_op_line_t *line = &atp_op_lines(apply->op)[i];
    const atp_op_attribute_t *told = unit_of(apply->op, i);
    atp_rescale_t rescaled;

    if (told == NULL) {
        rescaled = atp_qty_rescale(line->mantissa, line->decimals, scale, ret_qty);
    } else {
        const atp_unit_record_t *unit = find_unit(apply, told, sku);
        if (unit == NULL) {
            return atp_ledger_refuse_key(apply, ATP_UNIT_UNKNOWN, ATP_KEY_UNIT, i);
        }
        rescaled = atp_unit_convert(unit, line->mantissa, line->decimals, scale, ret_qty);
    }
    return atp_ledger_rescale(apply, i, rescaled);
}

#include "tools/atpd/text/limit_text.h"

#include "engine/base/attribute.h"
#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/stock/demand.h"
#include "engine/ledger/stock/limits.h"

static void put_qty(atp_rule_text_t *text, const char *name, atp_qty_t qty, uint8_t scale)
{
    char digits[ATP_QTY_TEXT_SIZE];
    atp_text_t value = {digits, (uint32_t)atp_qty_format(qty, scale, digits)};

    atp_rule_text_put(text, name, value);
}

static void put_some(atp_rule_text_t *text, const char *name, atp_qty_t qty, uint8_t scale)
{
    if (qty != 0) {
        put_qty(text, name, qty, scale);
    }
}

/* The word of a choice, under the name of its key; the first word is not told: it is what holds if nothing is said. */
static void put_choice(atp_rule_text_t *text, unsigned key, int64_t choice)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(key);
    atp_text_t word;

    if (choice > 0 && atp_attribute_word(rule, choice, &word)) {
        atp_rule_text_put(text, rule->name, word);
    }
}

/* The same of a choice that is kept as its number + 1, of which 0 says that none was told. */
static void put_told(atp_rule_text_t *text, unsigned key, unsigned kept)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(key);
    atp_text_t word;

    if (kept > 0 && atp_attribute_word(rule, (int64_t)kept - 1, &word)) {
        atp_rule_text_put(text, rule->name, word);
    }
}

static void put_quantities(atp_rule_text_t *text, const atp_limit_t *record)
{
    const atp_told_bounds_t *told = &record->quantities;

    put_some(text, "minimum", told->minimum.mantissa, (uint8_t)told->minimum.decimals);
    put_some(text, "maximum", told->maximum.mantissa, (uint8_t)told->maximum.decimals);
    put_some(text, "increment", told->increment.mantissa, (uint8_t)told->increment.decimals);
}

static void put_group(const atp_ledger_t *ledger, atp_rule_text_t *text, const char *name, uint16_t channel,
                      atp_method_t method)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint16_t group = atp_catalog_channel_group(catalog, channel, method);

    if (group != ATP_NO_GROUP) {
        atp_rule_text_put(text, name, atp_catalog_group_id(catalog, group));
    }
}

void atp_channel_text(const atp_ledger_t *ledger, uint16_t channel, atp_rule_text_t *ret_text)
{
    const atp_limits_t *limits = &atp_ledger_positions(ledger)->limits;
    atp_channel_record_t *record = atp_table_at(&atp_ledger_catalog(ledger)->channels, channel);
    uint32_t number;

    ret_text->size = 0;
    put_choice(ret_text, ATP_KEY_STATE, atp_load_relaxed(&record->state));
    put_group(ledger, ret_text, "ship_group", channel, ATP_METHOD_SHIP);
    put_group(ledger, ret_text, "pickup_group", channel, ATP_METHOD_PICKUP);
    put_told(ret_text, ATP_KEY_STRATEGY, record->strategy);
    put_told(ret_text, ATP_KEY_SPLIT, record->split);
    put_some(ret_text, "splits", record->splits > 0 ? record->splits - 1 : 0, 0);
    put_choice(ret_text, ATP_KEY_BUFFERS, atp_load_relaxed(&record->is_first_match));
    put_choice(ret_text, ATP_KEY_SHORTAGE, atp_load_relaxed(&record->may_re_source));
    put_choice(ret_text, ATP_KEY_OVER_COMMITMENT, record->over_commitment);
    put_choice(ret_text, ATP_KEY_ON_SHORT, record->on_short);
    put_choice(ret_text, ATP_KEY_ON_STALE, atp_load_relaxed(&record->on_stale));
    put_some(ret_text, "stale_buffer", atp_load_relaxed(&record->stale_buffer),
             atp_load_relaxed(&record->stale_decimals));
    put_some(ret_text, "stale_percent", atp_load_relaxed(&record->stale_percent), 0);
    if (record->has_quantities &&
        atp_limits_find(limits, ATP_LIMIT_CHANNEL_QUANTITIES, 0, channel, &number)) {
        put_quantities(ret_text, atp_limits_at(limits, number));
    }
}

/* How many may wait, and how many do. Caps are kept without a limit, too, to count by: those say nothing. */
static bool is_cap(atp_limit_t *record)
{
    return atp_load_relaxed(&record->limit) != ATP_UNLIMITED;
}

static bool is_position_limited(atp_limit_t *record)
{
    return atp_load_relaxed(&record->limit) != 0 || atp_load_relaxed(&record->backordered) != 0 ||
           atp_load_relaxed(&record->is_withdrawn);
}

static void put_backorders(atp_rule_text_t *text, atp_limit_t *record, uint8_t scale)
{
    atp_qty_t limit = atp_load_relaxed(&record->limit);

    if (limit == ATP_UNLIMITED) {
        atp_rule_text_put(text, "unlimited", ATP_TEXT("yes"));
    } else {
        put_qty(text, "limit", limit, scale);
    }
    put_some(text, "backordered", atp_load_relaxed(&record->backordered), scale);
}

bool atp_limit_text(const atp_ledger_t *ledger, uint32_t index, atp_text_t *ret_sku,
                    atp_rule_text_t *ret_text)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_limit_t *record = atp_limits_at(&positions->limits, index);
    uint8_t scale = atp_positions_scale(positions, record->sku);

    *ret_sku = atp_catalog_sku_id(catalog, record->sku);
    ret_text->size = 0;
    switch ((atp_limit_scope_t)record->scope) {
    case ATP_LIMIT_POSITION:
        atp_rule_text_put(ret_text, "node", atp_catalog_node_id(catalog, record->place));
        put_backorders(ret_text, record, scale);
        if (atp_load_relaxed(&record->is_withdrawn)) {
            atp_rule_text_put(ret_text, "for_sale", ATP_TEXT("no"));
        }
        return is_position_limited(record);
    case ATP_LIMIT_CHANNEL:
        atp_rule_text_put(ret_text, "channel", atp_catalog_channel_id(catalog, record->place));
        put_backorders(ret_text, record, scale);
        return is_cap(record);
    case ATP_LIMIT_SKU:
        put_backorders(ret_text, record, scale);
        return is_cap(record);
    case ATP_LIMIT_SKU_QUANTITIES:
        put_quantities(ret_text, record);
        return ret_text->size > 0;
    case ATP_LIMIT_CHANNEL_QUANTITIES:
        return false;
    case ATP_LIMIT_MISSING:
        atp_rule_text_put(ret_text, "node", atp_catalog_node_id(catalog, record->place));
        put_some(ret_text, "missing", record->missing, scale);
        return record->missing != 0;
    }
    return false;
}

bool atp_demand_text(const atp_ledger_t *ledger, uint32_t index, atp_text_t *ret_sku, int64_t *ret_times,
                     atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_demand_record_t *record = atp_table_at(&atp_ledger_demand(ledger)->records, index);
    bool is_rest = record->sku == ATP_DEMAND_NO_SKU;
    bool has_node = !is_rest && record->node != ATP_DEMAND_ANY_NODE;
    uint8_t scale = is_rest ? 0 : atp_positions_scale(atp_ledger_positions(ledger), record->sku);

    ret_text->size = 0;
    *ret_sku = is_rest ? ATP_TEXT("-") : atp_catalog_sku_id(catalog, record->sku);
    *ret_times = (int64_t)record->refused;
    atp_rule_text_put(ret_text, "node",
                      has_node ? atp_catalog_node_id(catalog, record->node) : ATP_TEXT("-"));
    atp_rule_text_put(ret_text, "channel", atp_catalog_channel_id(catalog, record->channel));
    put_qty(ret_text, "refused", record->refused_qty, scale);
    put_qty(ret_text, "in_part", (atp_qty_t)record->in_part, 0);
    put_qty(ret_text, "short", record->short_qty, scale);
    return record->refused + record->in_part > 0;
}

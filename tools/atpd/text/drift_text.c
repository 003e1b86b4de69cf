#include "tools/atpd/text/drift_text.h"

#include "engine/ledger/catalog/catalog.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Millionths of units as a decimal number, without zeros that say nothing. */
static void format_units(atp_units_t units, char ret_text[ATP_QTY_TEXT_SIZE])
{
    size_t size = atp_qty_format(atp_units_told(units), ATP_CAPACITY_SCALE, ret_text);

    while (size > 0 && ret_text[size - 1] == '0') {
        size--;
    }
    size -= size > 0 && ret_text[size - 1] == '.';
    ret_text[size] = '\0';
}

static int put_sums(const atp_drift_sums_t *sums, char *text, size_t size)
{
    char up[ATP_QTY_TEXT_SIZE];
    char down[ATP_QTY_TEXT_SIZE];
    char value_up[ATP_AMOUNT_TEXT_SIZE];
    char value_down[ATP_AMOUNT_TEXT_SIZE];

    format_units(sums->up, up);
    format_units(sums->down, down);
    (void)atp_amount_format(sums->value_up, value_up);
    (void)atp_amount_format(sums->value_down, value_down);
    return snprintf(text, size, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %s %s %s %s", sums->rows,
                    sums->corrected, sums->late, up, down, value_up, value_down);
}

static bool feed_text(const atp_feed_t *feed, atp_text_t *ret_id, int64_t *ret_value,
                      atp_rule_text_t *ret_text)
{
    int size = snprintf(ret_text->bytes, sizeof ret_text->bytes, "%" PRId64 " %" PRId64 " %s ", feed->time_ms,
                        feed->as_of_ms, atp_basis_name(feed->basis));

    size += put_sums(&feed->sums, ret_text->bytes + size, sizeof ret_text->bytes - (size_t)size);
    ret_text->size = (uint32_t)size;
    *ret_id = (atp_text_t){feed->id, feed->id_size};
    *ret_value = (int64_t)feed->number;
    return true;
}

static bool correction_text(const atp_ledger_t *ledger, const atp_movement_t *movement, atp_text_t *ret_id,
                            int64_t *ret_value, atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    char change[ATP_QTY_TEXT_SIZE];
    char value[ATP_AMOUNT_TEXT_SIZE];

    if (movement->cause == ATP_DRIFT_NONE) {
        return false;
    }
    bool is_on_hand = movement->bucket == ATP_COUNTED_ON_HAND;
    const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, movement->row));
    atp_text_t node = atp_catalog_node_id(catalog, position->node);
    atp_text_t source = ATP_TEXT("");
    if (movement->teller != 0) {
        const atp_named_record_t *record = atp_table_at(&catalog->sources, movement->teller - 1);
        source = atp_strings_get(&catalog->strings, record->id_ref);
    }
    atp_qty_t qty = is_on_hand ? movement->change.on_hand : movement->change.unavailable;
    uint8_t scale = atp_positions_scale(positions, position->sku);
    (void)atp_qty_format(qty, scale, change);
    (void)atp_amount_format(atp_amount_of(qty, scale, atp_catalog_sku_value(catalog, position->sku)), value);
    int size = snprintf(ret_text->bytes, sizeof ret_text->bytes, "%" PRIu64 " %s %s %s %s %u %.*s %.*s",
                        movement->op, is_on_hand ? "on_hand" : "unavailable", change, value,
                        atp_drift_cause_name(movement->cause), node.size, (int)node.size, node.bytes,
                        (int)source.size, source.bytes);
    ret_text->size = (uint32_t)size; /* two ids and seven words: they fit */
    *ret_id = atp_catalog_sku_id(catalog, position->sku);
    *ret_value = movement->feed;
    return true;
}

static bool sku_tag_text(const atp_ledger_t *ledger, uint64_t index, atp_text_t *ret_id,
                         atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_sku_record_t *record = atp_table_at(&catalog->skus, index / ATP_TAGS_PER_SKU_MAX);
    uint16_t link = atp_load_relaxed(&record->tags[index % ATP_TAGS_PER_SKU_MAX]);

    if (link == 0) {
        return false;
    }
    atp_text_t sku = atp_catalog_sku_id(catalog, (uint32_t)(index / ATP_TAGS_PER_SKU_MAX));
    memcpy(ret_text->bytes, sku.bytes, sku.size);
    ret_text->size = sku.size;
    *ret_id = atp_strings_get(&catalog->strings, atp_tag_at(atp_ledger_rulebook(ledger), link - 1u)->id_ref);
    return true;
}

static bool sku_value(const atp_ledger_t *ledger, uint64_t index, atp_text_t *ret_id, int64_t *ret_value,
                      atp_rule_text_t *ret_text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    *ret_id = atp_catalog_sku_id(catalog, (uint32_t)index);
    *ret_value = atp_catalog_sku_value(catalog, (uint32_t)index);
    ret_text->size = 0;
    return *ret_value != 0;
}

uint64_t atp_drift_texts(const atp_ledger_t *ledger, atp_catalog_what_t what)
{
    if (what == ATP_CATALOG_SKU_TAGS) {
        return atp_table_count(&atp_ledger_catalog(ledger)->skus) * ATP_TAGS_PER_SKU_MAX;
    }
    if (what == ATP_CATALOG_SKU_VALUES) {
        return atp_table_count(&atp_ledger_catalog(ledger)->skus);
    }
    return what == ATP_CATALOG_FEEDS         ? atp_table_count(&atp_ledger_feeds(ledger)->records)
           : what == ATP_CATALOG_DRIFT_NODES ? atp_table_count(&atp_ledger_drift(ledger)->records)
                                             : atp_table_count(&atp_ledger_movements(ledger)->ring);
}

bool atp_drift_text(const atp_ledger_t *ledger, atp_catalog_what_t what, uint64_t index, atp_text_t *ret_id,
                    int64_t *ret_value, atp_rule_text_t *ret_text)
{
    if (what == ATP_CATALOG_FEEDS) {
        return feed_text(atp_table_at(&atp_ledger_feeds(ledger)->records, index), ret_id, ret_value,
                         ret_text);
    }
    if (what == ATP_CATALOG_CORRECTIONS) {
        return correction_text(ledger, atp_table_at(&atp_ledger_movements(ledger)->ring, index), ret_id,
                               ret_value, ret_text);
    }
    if (what == ATP_CATALOG_SKU_TAGS) {
        return sku_tag_text(ledger, index, ret_id, ret_text);
    }
    if (what == ATP_CATALOG_SKU_VALUES) {
        return sku_value(ledger, index, ret_id, ret_value, ret_text);
    }
    const atp_drift_node_t *sums = atp_table_at(&atp_ledger_drift(ledger)->records, index);
    *ret_id = atp_catalog_node_id(atp_ledger_catalog(ledger), (uint16_t)sums->node);
    *ret_value = (int64_t)sums->feed;
    ret_text->size = (uint32_t)put_sums(&sums->sums, ret_text->bytes, sizeof ret_text->bytes);
    return true;
}

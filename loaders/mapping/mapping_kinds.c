/* What only rows of one kind of load have: components of kits, supplies, facts, aliases, units. */
#include "loaders/mapping/mapping_priv.h"

#include "engine/base/qty_convert.h"
#include "loaders/mapping/date.h"
#include "loaders/mapping/number.h"

/* --- kits, supplies, facts --------------------------------------------------------------------------- */

/* A date and so much more, never 0; 0 where there is none. */
static atp_reason_of_reject_t map_date(const atp_mapping_t *mapping, const atp_record_t *record,
                                       atp_slot_t slot, int64_t more_ms, int64_t *ret_ms)
{
    atp_text_t text = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, slot, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    if (!atp_date_parse(text, ret_ms)) {
        return ATP_REJECT_DATE_INVALID;
    }
    *ret_ms = *ret_ms + more_ms > 0 ? *ret_ms + more_ms : 1;
    return ATP_REJECT_NONE;
}

atp_reason_of_reject_t atp_map_component(const atp_mapping_t *mapping, const atp_record_t *record,
                                         atp_load_row_t *row, atp_slot_t *ret_slot)
{
    int64_t last_day_ms = mapping->profile->end_date == ATP_END_LAST_DAY ? ATP_DAY_MS : 0;
    atp_reason_of_reject_t reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_KIT, &row->kit);

    if (reason == ATP_REJECT_NONE) {
        reason = map_date(mapping, record, *ret_slot = ATP_SLOT_START, 0, &row->start_ms);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_date(mapping, record, *ret_slot = ATP_SLOT_END, last_day_ms, &row->end_ms);
    }
    if (reason != ATP_REJECT_NONE) {
        return reason;
    }
    if (row->end_ms != 0 && row->end_ms <= row->start_ms) {
        return ATP_REJECT_DATE_INVALID;
    }
    *ret_slot = ATP_SLOT_QUANTITY;
    return row->qty[ATP_LOAD_QUANTITY].mantissa > 0 ? ATP_REJECT_NONE : ATP_REJECT_QTY_ZERO;
}

atp_reason_of_reject_t atp_map_supply(const atp_mapping_t *mapping, const atp_record_t *record,
                                      atp_load_row_t *row, atp_slot_t *ret_slot)
{
    atp_reason_of_reject_t reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_SUPPLY, &row->supply);

    row->expected[0] = (atp_attribute_t){.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP};
    row->expected_count = 2;
    row->expected[1] = (atp_attribute_t){
        .key = ATP_KEY_SUPPLY_KIND, .line = ATP_WHOLE_OP, .number = mapping->profile->supply_kind};
    if (reason == ATP_REJECT_NONE) {
        reason = map_date(mapping, record, *ret_slot = ATP_SLOT_DUE, 0, &row->expected[0].number);
    }
    return reason == ATP_REJECT_NONE && row->expected[0].number == 0 ? ATP_REJECT_DATE_INVALID : reason;
}

bool atp_map_is_open(atp_load_row_t *row)
{
    atp_load_qty_t *qty = &row->qty[ATP_LOAD_QUANTITY];
    const atp_load_qty_t *received = &row->qty[ATP_LOAD_RECEIVED];
    uint8_t scale = qty->decimals > received->decimals ? qty->decimals : received->decimals;
    atp_qty_t ordered;
    atp_qty_t come;

    if (atp_qty_rescale(qty->mantissa, qty->decimals, scale, &ordered) != ATP_RESCALED ||
        atp_qty_rescale(received->mantissa, received->decimals, scale, &come) != ATP_RESCALED) {
        return true; /* the ledger says what is out of range */
    }
    qty->mantissa = ordered - come;
    qty->decimals = scale;
    atp_qty_normalise(&qty->mantissa, &qty->decimals);
    return ordered > come;
}

atp_reason_of_reject_t atp_map_event(const atp_mapping_t *mapping, const atp_record_t *record,
                                     atp_load_row_t *row, atp_slot_t *ret_slot)
{
    atp_reason_of_reject_t reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_EVENT, &row->event);

    if (reason != ATP_REJECT_NONE) {
        return reason;
    }
    *ret_slot = ATP_SLOT_QUANTITY;
    return row->qty[ATP_LOAD_QUANTITY].mantissa > 0 ? ATP_REJECT_NONE : ATP_REJECT_QTY_ZERO;
}

/* --- aliases and units ------------------------------------------------------------------------------- */

/* An id that may be left out. */
static atp_reason_of_reject_t map_optional(const atp_mapping_t *mapping, const atp_record_t *record,
                                           atp_slot_t slot, atp_reason_of_reject_t too_long,
                                           atp_text_t *ret_id)
{
    atp_text_t text = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, slot, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    *ret_id = text;
    return text.size > ATP_ID_SIZE_MAX ? too_long
           : atp_map_is_clean(text)    ? ATP_REJECT_NONE
                                       : ATP_REJECT_NOT_TEXT;
}

/* Whose alias or unit it is. */
static atp_reason_of_reject_t map_told_by(const atp_mapping_t *mapping, const atp_record_t *record,
                                          atp_load_row_t *row, atp_slot_t *ret_slot)
{
    return map_optional(mapping, record, *ret_slot = ATP_SLOT_TOLD_BY, ATP_REJECT_SOURCE_TOO_LONG,
                        &row->told_by);
}

/* A whole number above 0; 1 where there is none. */
static atp_reason_of_reject_t map_part(const atp_mapping_t *mapping, const atp_record_t *record,
                                       atp_slot_t slot, unsigned key, atp_attribute_t *ret_part)
{
    atp_text_t text = {NULL, 0};
    int64_t *ret_number = &ret_part->number;
    uint8_t decimals = 0;

    *ret_part = (atp_attribute_t){.key = (uint8_t)key, .line = ATP_WHOLE_OP, .number = 1};
    atp_reason_of_reject_t reason = atp_map_text(mapping, record, slot, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    reason = atp_number_parse(text, mapping->decimal_sign, mapping->thousands_sign, ret_number, &decimals);
    bool is_part =
        reason == ATP_REJECT_NONE && decimals == 0 && *ret_number >= 1 && *ret_number <= ATP_UNIT_PART_MAX;
    return is_part ? ATP_REJECT_NONE : ATP_REJECT_UNIT_INVALID;
}

atp_reason_of_reject_t atp_map_alias(const atp_mapping_t *mapping, const atp_record_t *record,
                                     atp_load_row_t *row, atp_slot_t *ret_slot)
{
    atp_reason_of_reject_t reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_ALIAS, &row->alias);

    if (reason == ATP_REJECT_NONE) {
        reason = map_optional(mapping, record, *ret_slot = ATP_SLOT_SKU, ATP_REJECT_SKU_TOO_LONG, &row->sku);
    }
    if (reason == ATP_REJECT_NONE) {
        reason =
            map_optional(mapping, record, *ret_slot = ATP_SLOT_NODE, ATP_REJECT_NODE_TOO_LONG, &row->node);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_told_by(mapping, record, row, ret_slot);
    }
    if (reason == ATP_REJECT_NONE && (row->sku.size > 0) == (row->node.size > 0)) {
        *ret_slot = ATP_SLOT_ALIAS;
        return ATP_REJECT_ALIAS_TARGET;
    }
    return reason;
}

atp_reason_of_reject_t atp_map_unit_row(const atp_mapping_t *mapping, const atp_record_t *record,
                                        atp_load_row_t *row, atp_slot_t *ret_slot)
{
    atp_reason_of_reject_t reason = atp_map_unit(mapping, record, row);

    *ret_slot = ATP_SLOT_UNIT;
    row->expected_count = 2;
    if (reason == ATP_REJECT_NONE && row->counted_in.text.size == 0) {
        return ATP_REJECT_UNIT_EMPTY;
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_optional(mapping, record, *ret_slot = ATP_SLOT_SKU, ATP_REJECT_SKU_TOO_LONG, &row->sku);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_part(mapping, record, *ret_slot = ATP_SLOT_IS, ATP_KEY_NUMERATOR, &row->expected[0]);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_part(mapping, record, *ret_slot = ATP_SLOT_FOR, ATP_KEY_DENOMINATOR, &row->expected[1]);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_told_by(mapping, record, row, ret_slot);
    }
    return reason;
}

#include "loaders/mapping/mapping_priv.h"

#include "engine/base/amount.h"
#include "loaders/mapping/number.h"

#include <string.h>

/* --- binding ----------------------------------------------------------------------------------------- */

static char sign_of(const char *text, char otherwise)
{
    return text != NULL ? text[0] : otherwise;
}

static const atp_lookup_t *lookup_for(const atp_profile_t *profile, atp_lookup_t *const *lookups,
                                      const char *name)
{
    return name != NULL ? lookups[atp_profile_lookup_named(profile, name) - profile->lookups] : NULL;
}

static atp_err_t bind_slots(atp_mapping_t *mapping, atp_lookup_t *const *lookups, atp_table_t *table,
                            atp_why_t *ret_why)
{
    const atp_profile_t *profile = mapping->profile;
    atp_err_t err = ATP_OK;

    for (unsigned slot = 0; slot < ATP_SLOT_COUNT && err == ATP_OK; slot++) {
        atp_map_source_t *source = &mapping->sources[slot];
        source->constant = atp_text_of(profile->constants.text[slot]);
        source->lookup = lookup_for(profile, lookups, profile->translate.text[slot]);
        source->has_column = profile->columns.text[slot] != NULL;
        if (source->has_column) {
            err = atp_table_column(table, profile->columns.text[slot], &source->column, ret_why);
        }
    }
    return err;
}

static atp_err_t bind_sum(uint32_t *ret_columns, uint32_t *ret_count, char **columns, uint32_t count,
                          atp_table_t *table, atp_why_t *ret_why)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < count && err == ATP_OK; i++) {
        err = atp_table_column(table, columns[i], &ret_columns[i], ret_why);
    }
    *ret_count = count;
    return err;
}

atp_err_t atp_mapping_bind(atp_mapping_t *mapping, const atp_profile_t *profile, atp_lookup_t *const *lookups,
                           atp_table_t *table, atp_why_t *ret_why)
{
    const atp_profile_sum_t *sum = &profile->sum;

    *mapping = (atp_mapping_t){
        .profile = profile,
        .decimal_sign = sign_of(profile->format.decimal_sign, '.'),
        .thousands_sign = sign_of(profile->format.thousands_sign, '\0'),
        .null_text = atp_text_of(profile->format.null_text),
        .trims = profile->format.trim == ATP_SWITCH_ON,
    };
    atp_err_t err = bind_slots(mapping, lookups, table, ret_why);
    if (err == ATP_OK) {
        err = bind_sum(mapping->sum_columns[ATP_LOAD_ON_HAND], &mapping->sum_counts[ATP_LOAD_ON_HAND],
                       sum->on_hand, sum->on_hand_count, table, ret_why);
    }
    if (err == ATP_OK) {
        err = bind_sum(mapping->sum_columns[ATP_LOAD_UNAVAILABLE], &mapping->sum_counts[ATP_LOAD_UNAVAILABLE],
                       sum->unavailable, sum->unavailable_count, table, ret_why);
    }
    for (uint32_t i = 0; i < profile->skip_count && err == ATP_OK; i++) {
        err = atp_table_column(table, profile->skip[i].column, &mapping->skip_columns[i], ret_why);
    }
    return err;
}

/* --- texts ------------------------------------------------------------------------------------------- */

static atp_text_t trim(atp_text_t text)
{
    while (text.size > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t')) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && (text.bytes[text.size - 1] == ' ' || text.bytes[text.size - 1] == '\t')) {
        text.size--;
    }
    return text;
}

/* What stands in a column: trimmed, and empty where the file writes its null. */
static atp_reason_of_reject_t column_text(const atp_mapping_t *mapping, const atp_record_t *record,
                                          uint32_t column, atp_text_t *ret_text)
{
    if (ATP_UNLIKELY(column >= record->field_count)) {
        return ATP_REJECT_COLUMN_MISSING;
    }
    *ret_text = record->fields[column];
    if (mapping->trims) {
        *ret_text = trim(*ret_text);
    }
    if (mapping->null_text.bytes != NULL && atp_text_equal(*ret_text, mapping->null_text)) {
        ret_text->size = 0;
    }
    return ATP_REJECT_NONE;
}

bool atp_map_is_given(const atp_mapping_t *mapping, atp_slot_t slot)
{
    return mapping->sources[slot].has_column || mapping->sources[slot].constant.bytes != NULL;
}

atp_reason_of_reject_t atp_map_text(const atp_mapping_t *mapping, const atp_record_t *record, atp_slot_t slot,
                                    atp_text_t *ret_text)
{
    const atp_map_source_t *source = &mapping->sources[slot];

    if (!source->has_column) {
        *ret_text = source->constant;
        return ATP_REJECT_NONE;
    }
    atp_reason_of_reject_t reason = column_text(mapping, record, source->column, ret_text);
    if (reason == ATP_REJECT_NONE && source->lookup != NULL &&
        !atp_lookup_find(source->lookup, *ret_text, ret_text)) {
        return ATP_REJECT_LOOKUP_MISSING;
    }
    return reason;
}

/* Eight bytes at a time: true if all are 0x20..0x7e, as in nearly every id. */
static bool is_plain_ascii(atp_text_t text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t highs = UINT64_C(0x8080808080808080);
    uint64_t odd = 0;
    uint32_t at = 0;

    for (; at + 8 <= text.size; at += 8) {
        uint64_t word;
        memcpy(&word, text.bytes + at, sizeof word);
        uint64_t below_space = (word - ones * 0x20) & ~word;
        uint64_t above_tilde = (word + ones) | word; /* 0x7f + 1 sets the high bit */
        odd |= (below_space | above_tilde) & highs;
    }
    for (; at < text.size; at++) {
        unsigned char c = (unsigned char)text.bytes[at];
        odd |= (uint64_t)(c < 0x20 || c > 0x7e);
    }
    return odd == 0;
}

bool atp_map_is_clean(atp_text_t text)
{
    return is_plain_ascii(text) || atp_text_is_clean(text);
}

/* --- slots ------------------------------------------------------------------------------------------- */

atp_reason_of_reject_t atp_map_id(const atp_mapping_t *mapping, const atp_record_t *record, atp_slot_t slot,
                                  atp_text_t *ret_id)
{
    static const struct {
        atp_reason_of_reject_t empty;
        atp_reason_of_reject_t too_long;
    } reasons[ATP_SLOT_COUNT] = {
        [ATP_SLOT_SKU] = {ATP_REJECT_SKU_EMPTY, ATP_REJECT_SKU_TOO_LONG},
        [ATP_SLOT_NODE] = {ATP_REJECT_NODE_EMPTY, ATP_REJECT_NODE_TOO_LONG},
        [ATP_SLOT_KIT] = {ATP_REJECT_KIT_EMPTY, ATP_REJECT_KIT_TOO_LONG},
        [ATP_SLOT_SUPPLY] = {ATP_REJECT_SUPPLY_EMPTY, ATP_REJECT_SUPPLY_TOO_LONG},
        [ATP_SLOT_EVENT] = {ATP_REJECT_EVENT_EMPTY, ATP_REJECT_EVENT_TOO_LONG},
        [ATP_SLOT_ALIAS] = {ATP_REJECT_ALIAS_EMPTY, ATP_REJECT_ALIAS_TOO_LONG},
    };

    if (!atp_map_is_given(mapping, slot)) {
        return ATP_REJECT_NONE;
    }
    atp_reason_of_reject_t reason = atp_map_text(mapping, record, slot, ret_id);
    if (ATP_UNLIKELY(reason != ATP_REJECT_NONE)) {
        return reason;
    }
    if (ATP_UNLIKELY(ret_id->size == 0)) {
        return reasons[slot].empty;
    }
    if (ATP_UNLIKELY(ret_id->size > ATP_ID_SIZE_MAX)) {
        return reasons[slot].too_long;
    }
    return atp_map_is_clean(*ret_id) ? ATP_REJECT_NONE : ATP_REJECT_NOT_TEXT;
}

static atp_reason_of_reject_t map_name(const atp_mapping_t *mapping, const atp_record_t *record,
                                       atp_text_t *ret_name)
{
    if (!atp_map_is_given(mapping, ATP_SLOT_NAME)) {
        return ATP_REJECT_NONE;
    }
    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_NAME, ret_name);
    if (reason == ATP_REJECT_NONE && ret_name->size > ATP_NAME_SIZE_MAX) {
        return ATP_REJECT_NAME_TOO_LONG;
    }
    if (reason == ATP_REJECT_NONE && !atp_map_is_clean(*ret_name)) {
        return ATP_REJECT_NOT_TEXT;
    }
    return reason;
}

static atp_reason_of_reject_t map_scale(const atp_mapping_t *mapping, const atp_record_t *record,
                                        atp_load_row_t *row)
{
    atp_text_t text = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_SCALE, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    if (text.size != 1 || text.bytes[0] < '0' || text.bytes[0] > '0' + ATP_SCALE_MAX) {
        return ATP_REJECT_SCALE_INVALID;
    }
    row->has_scale = true;
    row->scale = (uint8_t)(text.bytes[0] - '0');
    return ATP_REJECT_NONE;
}

static atp_reason_of_reject_t map_state(const atp_mapping_t *mapping, const atp_record_t *record,
                                        atp_load_row_t *row)
{
    atp_text_t text = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_STATE, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    for (unsigned state = 0; atp_node_state_name(state) != NULL; state++) {
        if (atp_text_equal(text, atp_text_of(atp_node_state_name(state)))) {
            row->has_state = true;
            row->state = (uint8_t)state;
            return ATP_REJECT_NONE;
        }
    }
    return ATP_REJECT_STATE_UNKNOWN;
}

atp_reason_of_reject_t atp_map_unit(const atp_mapping_t *mapping, const atp_record_t *record,
                                    atp_load_row_t *row)
{
    atp_text_t unit = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_UNIT, &unit);
    if (reason != ATP_REJECT_NONE || unit.size == 0) {
        return reason;
    }
    if (unit.size > ATP_ID_SIZE_MAX) {
        return ATP_REJECT_UNIT_TOO_LONG;
    }
    row->counted_in = (atp_attribute_t){.key = ATP_KEY_UNIT, .line = ATP_WHOLE_OP, .text = unit};
    return atp_map_is_clean(unit) ? ATP_REJECT_NONE : ATP_REJECT_NOT_TEXT;
}

/* --- quantities -------------------------------------------------------------------------------------- */

static atp_reason_of_reject_t parse_qty(const atp_mapping_t *mapping, atp_text_t text,
                                        atp_load_qty_t *ret_qty)
{
    ret_qty->is_given = true;
    if (text.size == 0 && mapping->profile->empty_quantity == ATP_EMPTY_QTY_ZERO) {
        return ATP_REJECT_NONE;
    }
    atp_reason_of_reject_t reason = atp_number_parse(text, mapping->decimal_sign, mapping->thousands_sign,
                                                     &ret_qty->mantissa, &ret_qty->decimals);
    if (reason == ATP_REJECT_NONE && ret_qty->mantissa < 0) {
        return ATP_REJECT_QTY_NEGATIVE;
    }
    return reason;
}

static bool fits_scale(const atp_load_qty_t *qty, uint8_t scale, atp_reason_of_reject_t *ret_reason)
{
    atp_qty_t scaled;

    if (qty->decimals == scale) {
        return true; /* in range since it was parsed */
    }
    switch (atp_qty_rescale(qty->mantissa, qty->decimals, scale, &scaled)) {
    case ATP_RESCALED:
        return true;
    case ATP_RESCALE_TOO_PRECISE:
        *ret_reason = ATP_REJECT_QTY_TOO_PRECISE;
        return false;
    case ATP_RESCALE_OUT_OF_RANGE:
        break;
    }
    *ret_reason = ATP_REJECT_QTY_OUT_OF_RANGE;
    return false;
}

static bool is_in_other_unit(const atp_load_row_t *row)
{
    return row->counted_in.key != ATP_KEY_NONE;
}

static atp_reason_of_reject_t map_sum(const atp_mapping_t *mapping, const atp_record_t *record, unsigned kind,
                                      atp_load_row_t *row)
{
    atp_load_qty_t *sum = &row->qty[kind];

    sum->is_given = true;
    for (uint32_t i = 0; i < mapping->sum_counts[kind]; i++) {
        atp_text_t text = {NULL, 0};
        atp_load_qty_t part = {0};
        atp_reason_of_reject_t reason = column_text(mapping, record, mapping->sum_columns[kind][i], &text);
        if (reason == ATP_REJECT_NONE) {
            reason = parse_qty(mapping, text, &part);
        }
        uint8_t scale = row->scale;
        if (is_in_other_unit(row)) { /* it must fit when it has been converted */
            scale = sum->decimals > part.decimals ? sum->decimals : part.decimals;
        }
        if (reason != ATP_REJECT_NONE || !fits_scale(&part, scale, &reason)) {
            return reason;
        }
        if (!atp_load_qty_add(sum, &part, scale)) {
            return ATP_REJECT_QTY_OUT_OF_RANGE;
        }
    }
    return ATP_REJECT_NONE;
}

/* A quantity below 0 where the status says what that is: its amount, and that it was. */
static void take_negative(const atp_profile_bucket_t *rule, unsigned kind, atp_load_row_t *row,
                          atp_reason_of_reject_t *reason)
{
    if (*reason == ATP_REJECT_QTY_NEGATIVE && kind == ATP_LOAD_QUANTITY && rule != NULL &&
        rule->negative != ATP_ROW_ON_HAND) {
        row->qty[kind].mantissa = -row->qty[kind].mantissa;
        row->is_negative = true;
        *reason = ATP_REJECT_NONE;
    }
}

/* `rule`: of the row's status; NULL: there is none. */
static atp_reason_of_reject_t map_qty(const atp_mapping_t *mapping, const atp_record_t *record,
                                      const atp_profile_bucket_t *rule, unsigned kind, atp_load_row_t *row)
{
    atp_slot_t slot = (atp_slot_t)(ATP_SLOT_ON_HAND + kind);
    atp_text_t text = {NULL, 0};

    if (kind < 2 && mapping->sum_counts[kind] > 0) {
        return map_sum(mapping, record, kind, row);
    }
    if (!atp_map_is_given(mapping, slot)) {
        return ATP_REJECT_NONE;
    }
    atp_reason_of_reject_t reason = atp_map_text(mapping, record, slot, &text);
    if (reason == ATP_REJECT_NONE) {
        reason = parse_qty(mapping, text, &row->qty[kind]);
        take_negative(rule, kind, row, &reason);
    }
    if (reason == ATP_REJECT_NONE && kind < ATP_LOAD_QUANTITY && !is_in_other_unit(row)) {
        /* of a component and a supply the ledger knows the scale */
        (void)fits_scale(&row->qty[kind], row->scale, &reason);
    }
    return reason;
}

static void fill_bucket(atp_row_bucket_t bucket, atp_load_row_t *row)
{
    bool is_unavailable = bucket == ATP_ROW_UNAVAILABLE || bucket == ATP_ROW_UNAVAILABLE_PART;

    row->qty[ATP_LOAD_UNAVAILABLE] =
        is_unavailable ? row->qty[ATP_LOAD_ON_HAND] : (atp_load_qty_t){.is_given = true};
    if (bucket == ATP_ROW_UNAVAILABLE_PART) {
        row->qty[ATP_LOAD_ON_HAND] = (atp_load_qty_t){.is_given = true};
    }
}

static void fill_fact(atp_row_bucket_t bucket, atp_load_row_t *row)
{
    row->is_down = bucket == ATP_ROW_ADJUSTED_DOWN;
    row->fact = bucket == ATP_ROW_SOLD       ? ATP_OP_SALE
                : bucket == ATP_ROW_RECEIVED ? ATP_OP_RECEIVE
                                             : ATP_OP_ADJUST;
}

static bool has_statuses(const atp_profile_t *profile)
{
    return profile->buckets_count + profile->facts_count > 0; /* of one kind: the profile was checked */
}

/* What the profile says of the record's status; NULL: nothing. */
static atp_reason_of_reject_t find_rule(const atp_mapping_t *mapping, const atp_record_t *record,
                                        const atp_profile_bucket_t **ret_rule)
{
    const atp_profile_t *profile = mapping->profile;
    bool is_fact = profile->loads == ATP_LOADS_FACTS;
    const atp_profile_bucket_t *rules = is_fact ? profile->facts : profile->buckets;
    uint32_t count = is_fact ? profile->facts_count : profile->buckets_count;
    atp_text_t status = {NULL, 0};
    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_STATUS, &status);

    *ret_rule = NULL;
    for (uint32_t i = 0; i < count && reason == ATP_REJECT_NONE && *ret_rule == NULL; i++) {
        *ret_rule = atp_text_equal(status, atp_text_of(rules[i].status)) ? &rules[i] : NULL;
    }
    return reason == ATP_REJECT_NONE && *ret_rule == NULL ? ATP_REJECT_STATUS_UNKNOWN : reason;
}

/* The status decides in which bucket the quantity is, or what happened. Both buckets are always given, so that goods that
 * come back on sale are counted out of the unavailable ones. */
static void fill_by_status(const atp_mapping_t *mapping, const atp_profile_bucket_t *rule,
                           atp_load_row_t *row)
{
    if (mapping->profile->loads == ATP_LOADS_FACTS) {
        fill_fact(row->is_negative ? rule->negative : rule->bucket, row);
    } else {
        fill_bucket(rule->bucket, row);
    }
}

/* --- rows -------------------------------------------------------------------------------------------- */

static bool is_one_of(const atp_profile_skip_t *skip, atp_text_t text)
{
    for (uint32_t i = 0; i < skip->one_of_count; i++) {
        if (atp_text_equal(text, atp_text_of(skip->one_of[i]))) {
            return true;
        }
    }
    return false;
}

static bool matches(const atp_profile_skip_t *skip, atp_text_t text)
{
    if (skip->equals != NULL) {
        return atp_text_equal(text, atp_text_of(skip->equals));
    }
    if (skip->not_equals != NULL) {
        return !atp_text_equal(text, atp_text_of(skip->not_equals));
    }
    if (skip->empty != ATP_SWITCH_UNSET) {
        return (text.size == 0) == (skip->empty == ATP_SWITCH_ON);
    }
    return is_one_of(skip, text);
}

/* Returns a reason when a rule's column is not there. */
static atp_reason_of_reject_t check_skips(const atp_mapping_t *mapping, const atp_record_t *record,
                                          bool *ret_skips)
{
    const atp_profile_t *profile = mapping->profile;

    *ret_skips = false;
    for (uint32_t i = 0; i < profile->skip_count && !*ret_skips; i++) {
        atp_text_t text;
        atp_reason_of_reject_t reason = column_text(mapping, record, mapping->skip_columns[i], &text);
        if (reason != ATP_REJECT_NONE) {
            return reason;
        }
        *ret_skips = matches(&profile->skip[i], text);
    }
    return ATP_REJECT_NONE;
}

/* Whether the ledger takes it, with the decimals that values have. */
static atp_reason_of_reject_t in_value_range(const atp_attribute_t *worth)
{
    atp_value_t value;

    return atp_qty_rescale(worth->number, worth->decimals, ATP_VALUE_SCALE, &value) == ATP_RESCALED
               ? ATP_REJECT_NONE
               : ATP_REJECT_QTY_OUT_OF_RANGE;
}

/* What a unit of the SKU is worth. */
static atp_reason_of_reject_t map_value(const atp_mapping_t *mapping, const atp_record_t *record,
                                        atp_load_row_t *row)
{
    atp_text_t text = {NULL, 0};

    atp_reason_of_reject_t reason = atp_map_text(mapping, record, ATP_SLOT_VALUE, &text);
    if (reason != ATP_REJECT_NONE || text.size == 0) {
        return reason;
    }
    atp_attribute_t *worth = &row->worth;
    *worth = (atp_attribute_t){.key = ATP_KEY_VALUE, .line = ATP_WHOLE_OP};
    reason = atp_number_parse(text, mapping->decimal_sign, mapping->thousands_sign, &worth->number,
                              &worth->decimals);
    if (reason != ATP_REJECT_NONE) {
        return reason;
    }
    return worth->number < 0 ? ATP_REJECT_QTY_NEGATIVE : in_value_range(worth);
}

static atp_reason_of_reject_t map_slots(const atp_mapping_t *mapping, const atp_record_t *record,
                                        const atp_profile_bucket_t *rule, atp_load_row_t *row,
                                        atp_slot_t *ret_slot)
{
    atp_loads_t loads = mapping->profile->loads;

    if (loads == ATP_LOADS_ALIASES || loads == ATP_LOADS_UNITS) {
        return (loads == ATP_LOADS_ALIASES ? atp_map_alias : atp_map_unit_row)(mapping, record, row,
                                                                               ret_slot);
    }
    atp_reason_of_reject_t reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_SKU, &row->sku);
    if (reason == ATP_REJECT_NONE) {
        reason = atp_map_id(mapping, record, *ret_slot = ATP_SLOT_NODE, &row->node);
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_name(mapping, record, &row->name);
        *ret_slot = ATP_SLOT_NAME;
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_scale(mapping, record, row);
        *ret_slot = ATP_SLOT_SCALE;
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_state(mapping, record, row);
        *ret_slot = ATP_SLOT_STATE;
    }
    if (reason == ATP_REJECT_NONE) {
        reason = map_value(mapping, record, row);
        *ret_slot = ATP_SLOT_VALUE;
    }
    if (reason == ATP_REJECT_NONE) {
        reason = atp_map_unit(mapping, record, row);
        *ret_slot = ATP_SLOT_UNIT;
    }
    for (unsigned kind = 0; kind < ATP_LOAD_QTY_COUNT && reason == ATP_REJECT_NONE; kind++) {
        reason = map_qty(mapping, record, rule, kind, row);
        *ret_slot = (atp_slot_t)(ATP_SLOT_ON_HAND + kind);
    }
    if (reason == ATP_REJECT_NONE && loads == ATP_LOADS_KITS) {
        reason = atp_map_component(mapping, record, row, ret_slot);
    }
    if (reason == ATP_REJECT_NONE && loads == ATP_LOADS_SUPPLIES) {
        reason = atp_map_supply(mapping, record, row, ret_slot);
    }
    if (reason == ATP_REJECT_NONE && loads == ATP_LOADS_FACTS) {
        reason = atp_map_event(mapping, record, row, ret_slot);
    }
    return reason;
}

/* Whether a row that was mapped is of nothing that the load wants. */
static bool is_nothing(const atp_profile_t *profile, const atp_profile_bucket_t *rule, atp_load_row_t *row)
{
    return (row->is_negative && rule->negative == ATP_ROW_SKIP) ||
           (profile->loads == ATP_LOADS_SUPPLIES && !atp_map_is_open(row));
}

atp_mapped_t atp_mapping_map(const atp_mapping_t *mapping, const atp_record_t *record,
                             atp_load_row_t *ret_row, atp_map_fault_t *ret_fault)
{
    const atp_profile_t *profile = mapping->profile;
    const atp_profile_bucket_t *rule = NULL;
    atp_reason_of_reject_t of_status = ATP_REJECT_NONE;
    bool skips = false;
    atp_slot_t slot = ATP_SLOT_SKU;

    *ret_fault = (atp_map_fault_t){record->reason, ""};
    if (ATP_LIKELY(record->reason == ATP_REJECT_NONE)) {
        ret_fault->reason = check_skips(mapping, record, &skips);
    }
    if (ret_fault->reason != ATP_REJECT_NONE) {
        return ATP_MAPPED_BAD;
    }
    if (has_statuses(profile)) {
        of_status = find_rule(mapping, record, &rule);
    }
    if (skips || (rule != NULL && rule->bucket == ATP_ROW_SKIP)) {
        return ATP_MAPPED_SKIPPED;
    }
    *ret_row = (atp_load_row_t){.line = record->line, .origin.message = record->document};
    ret_fault->reason = map_slots(mapping, record, rule, ret_row, &slot);
    if (ret_fault->reason == ATP_REJECT_QTY_ZERO && profile->zero_quantity == ATP_ZERO_QTY_SKIP) {
        return ATP_MAPPED_SKIPPED;
    }
    if (ret_fault->reason == ATP_REJECT_NONE && of_status != ATP_REJECT_NONE) {
        ret_fault->reason = of_status;
        slot = ATP_SLOT_STATUS;
    }
    if (ATP_UNLIKELY(ret_fault->reason != ATP_REJECT_NONE)) {
        ret_fault->column = atp_slot_name(slot);
        return ATP_MAPPED_BAD;
    }
    if (is_nothing(profile, rule, ret_row)) {
        return ATP_MAPPED_SKIPPED;
    }
    if (rule != NULL) {
        fill_by_status(mapping, rule, ret_row);
    }
    return ATP_MAPPED_GOOD;
}

uint32_t atp_mapping_column_of(const atp_mapping_t *mapping, const atp_map_fault_t *fault)
{
    for (unsigned slot = 0; slot < ATP_SLOT_COUNT && fault->column != NULL; slot++) {
        if (strcmp(atp_slot_name((atp_slot_t)slot), fault->column) == 0) {
            return mapping->sources[slot].has_column ? mapping->sources[slot].column : UINT32_MAX;
        }
    }
    return UINT32_MAX;
}

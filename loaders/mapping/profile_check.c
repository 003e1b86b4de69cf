/* What a profile must be beyond its YAML schema. */
#include "loaders/mapping/profile_priv.h"

#include "engine/base/text.h"
#include "engine/ledger/supply/supplies.h"
#include "loaders/edi/edi_document.h"
#include "loaders/formats/idoc_column.h"

#include <stdio.h>
#include <string.h>

#define PROFILE_VERSION 1

/* Where a check stands, for the sentence. */
typedef struct checker {
    const atp_profile_t *profile;
    atp_text_t yaml;
    const char *place;
    atp_why_t *ret_why;
} checker_t;

static atp_err_t refuse(const checker_t *checker, const char *key, const char *sentence)
{
    char first[64];

    snprintf(first, sizeof first, "%.*s", (int)strcspn(key, ","), key);
    return atp_fail(checker->ret_why, ATP_ERR_INVALID, "%.150s:%u: %.60s: %s", checker->place,
                    atp_profile_line_of_key(checker->yaml, first, 1), key, sentence);
}

static bool is_given(const atp_profile_t *profile, atp_slot_t slot)
{
    return profile->columns.text[slot] != NULL || profile->constants.text[slot] != NULL ||
           (slot == ATP_SLOT_ON_HAND && profile->sum.on_hand_count > 0) ||
           (slot == ATP_SLOT_UNAVAILABLE && profile->sum.unavailable_count > 0);
}

/* --- the format -------------------------------------------------------------------------------------- */

static bool is_sign(const char *text)
{
    return text == NULL || (strlen(text) == 1 && strchr("0123456789+-\"", text[0]) == NULL && text[0] > 0);
}

static atp_err_t check_delimiter(const checker_t *checker, const atp_profile_format_t *format)
{
    const char *delimiter = format->delimiter;
    bool is_sound = delimiter == NULL || strcmp(delimiter, "tab") == 0 ||
                    (strlen(delimiter) == 1 && delimiter[0] > 0 && strchr("\"\r\n", delimiter[0]) == NULL);

    return is_sound ? ATP_OK
                    : refuse(checker, "delimiter",
                             "must be one ASCII character other than a quote or a line "
                             "end, or the word tab");
}

static bool is_edi(const atp_profile_format_t *format)
{
    return format->kind == ATP_FORMAT_X12 || format->kind == ATP_FORMAT_EDIFACT;
}

static bool is_idoc_name(const char *text)
{
    size_t size = strlen(text);

    return size >= 2 && size <= ATP_IDOC_NAME_SIZE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/") == size;
}

/* What only IDocs have: the names of their types and segments. */
static atp_err_t check_idoc(const checker_t *checker, const atp_profile_format_t *format)
{
    if (format->kind != ATP_FORMAT_IDOC) {
        bool is_described =
            format->record != NULL || format->last != NULL || format->charset != ATP_CHARSET_UTF8;
        return is_described ? refuse(checker, "record, last, charset", "are for idoc only") : ATP_OK;
    }
    if (format->document == NULL || !is_idoc_name(format->document)) {
        return refuse(checker, "document", "is needed: the type of the documents, as in PROACT01");
    }
    if ((format->record != NULL && !is_idoc_name(format->record)) ||
        (format->last != NULL && !is_idoc_name(format->last))) {
        return refuse(checker, "record, last", "must be the name of a segment, as in E1EDP32");
    }
    return ATP_OK;
}

static atp_err_t check_document(const checker_t *checker, const atp_profile_format_t *format)
{
    atp_edi_standard_t standard = format->kind == ATP_FORMAT_X12 ? ATP_EDI_X12 : ATP_EDI_EDIFACT;
    char sentence[120];

    if (!is_edi(format)) {
        bool is_described = format->document != NULL && format->kind != ATP_FORMAT_IDOC;
        return is_described ? refuse(checker, "document", "is for x12, edifact and idoc only")
                            : check_idoc(checker, format);
    }
    if (format->document != NULL && atp_edi_document_find(standard, format->document) != NULL) {
        return check_idoc(checker, format);
    }
    snprintf(sentence, sizeof sentence, "is needed: the type of the messages, one of %s",
             atp_edi_document_list(standard));
    return refuse(checker, "document", sentence);
}

/* What only delimited text has. */
static atp_err_t check_kind(const checker_t *checker, const atp_profile_format_t *format)
{
    bool is_described = format->delimiter != NULL || format->header != ATP_SWITCH_UNSET ||
                        format->quotes != ATP_SWITCH_UNSET || format->field_count != 0 ||
                        format->field_size_max != 0;

    if (format->kind != ATP_FORMAT_DELIMITED && is_described) {
        return refuse(
            checker, "format",
            "delimiter, header, quotes, field_count and field_size_max are for delimited text only");
    }
    atp_err_t err = check_document(checker, format);
    return err == ATP_OK ? check_delimiter(checker, format) : err;
}

static atp_err_t check_format(const checker_t *checker, const atp_profile_format_t *format)
{
    atp_err_t err = check_kind(checker, format);

    if (err != ATP_OK) {
        return err;
    }
    if (format->field_size_max > ATP_CSV_SIZE_LIMIT_HIGHEST ||
        format->record_size_max > ATP_CSV_SIZE_LIMIT_HIGHEST) {
        return refuse(checker, "field_size_max, record_size_max", "must be at most 1048576 bytes");
    }
    if (format->field_count > ATP_CSV_FIELD_COUNT_MAX) {
        return refuse(checker, "field_count", "must be at most 1024");
    }
    if (!is_sign(format->decimal_sign) || !is_sign(format->thousands_sign)) {
        return refuse(checker, "decimal_sign, thousands_sign",
                      "must be one ASCII character that is no digit");
    }
    const char *decimal_sign = format->decimal_sign != NULL ? format->decimal_sign : ".";
    if (format->thousands_sign != NULL && strcmp(decimal_sign, format->thousands_sign) == 0) {
        return refuse(checker, "thousands_sign", "must differ from the decimal sign");
    }
    return ATP_OK;
}

static atp_err_t check_column(const checker_t *checker, const atp_profile_format_t *format, const char *key,
                              const char *column)
{
    if (column == NULL) {
        return ATP_OK;
    }
    if (column[0] == '\0') {
        return refuse(checker, key, "names no column");
    }
    if (format->kind == ATP_FORMAT_DELIMITED && atp_profile_column_number(format, column) == UINT32_MAX) {
        return refuse(checker, key,
                      "must be a column number from 1 to 1024, or #number; names need a header");
    }
    return ATP_OK;
}

/* --- lookups ----------------------------------------------------------------------------------------- */

/* Below the folder of the data file, nowhere else. */
static bool is_tame_path(const char *path)
{
    return path[0] != '/' && strstr(path, "..") == NULL;
}

static atp_err_t check_lookup(const checker_t *checker, const atp_profile_lookup_t *lookup)
{
    atp_err_t err = check_format(checker, &lookup->format);

    if (err == ATP_OK) {
        err = check_column(checker, &lookup->format, "key", lookup->key);
    }
    if (err == ATP_OK) {
        err = check_column(checker, &lookup->format, "value", lookup->value);
    }
    if (err == ATP_OK && !is_tame_path(lookup->file)) {
        err =
            refuse(checker, "file", "must be a relative path without '..': lookup files lie beside the data");
    }
    if (err == ATP_OK && atp_profile_lookup_named(checker->profile, lookup->name) != lookup) {
        err = refuse(checker, "lookups", "two lookups have the same name");
    }
    return err;
}

static atp_err_t check_lookups(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; i < profile->lookups_count && err == ATP_OK; i++) {
        err = check_lookup(checker, &profile->lookups[i]);
    }
    for (unsigned slot = 0; slot < ATP_SLOT_COUNT && err == ATP_OK; slot++) {
        const char *name = profile->translate.text[slot];
        if (name != NULL && atp_profile_lookup_named(profile, name) == NULL) {
            err = refuse(checker, atp_slot_name((atp_slot_t)slot),
                         "is translated by a lookup that is not listed");
        } else if (name != NULL && profile->columns.text[slot] == NULL) {
            err = refuse(checker, atp_slot_name((atp_slot_t)slot), "is translated but has no column");
        }
    }
    return err;
}

/* --- rules ------------------------------------------------------------------------------------------- */

static atp_err_t check_skip(const checker_t *checker, const atp_profile_skip_t *skip)
{
    int tests = (skip->equals != NULL) + (skip->not_equals != NULL) + (skip->empty != ATP_SWITCH_UNSET) +
                (skip->one_of_count > 0);

    if (tests != 1) {
        return refuse(checker, "skip", "each rule has one of equals, not_equals, empty, one_of");
    }
    return check_column(checker, &checker->profile->format, "skip", skip->column);
}

static atp_err_t check_statuses(const checker_t *checker, const char *key, const atp_profile_bucket_t *rules,
                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(rules[i].status, rules[j].status) == 0) {
                return refuse(checker, key, "two say what the same status means");
            }
        }
    }
    return ATP_OK;
}

static atp_err_t check_buckets(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    uint32_t count = profile->buckets_count + profile->facts_count;

    if ((profile->loads == ATP_LOADS_FACTS) != (profile->facts_count > 0)) {
        return refuse(checker, "facts", "are what a load of facts needs, and no other load has");
    }
    if (profile->loads == ATP_LOADS_FACTS && profile->buckets_count > 0) {
        return refuse(checker, "buckets", "have no meaning for facts");
    }
    if (count > 0 && !is_given(profile, ATP_SLOT_STATUS)) {
        return refuse(checker, "buckets", "need a status column, as facts do");
    }
    if (count == 0 && is_given(profile, ATP_SLOT_STATUS)) {
        return refuse(checker, "status", "needs buckets, which say what each status means");
    }
    if (profile->buckets_count > 0 && is_given(profile, ATP_SLOT_UNAVAILABLE)) {
        return refuse(checker, "buckets", "and an unavailable column exclude each other");
    }
    atp_err_t err = check_statuses(checker, "buckets", profile->buckets, profile->buckets_count);
    return err == ATP_OK ? check_statuses(checker, "facts", profile->facts, profile->facts_count) : err;
}

static atp_err_t check_sums(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    const atp_profile_sum_t *sum = &profile->sum;
    atp_err_t err = ATP_OK;

    if ((sum->on_hand_count > 0 && profile->columns.text[ATP_SLOT_ON_HAND] != NULL) ||
        (sum->unavailable_count > 0 && profile->columns.text[ATP_SLOT_UNAVAILABLE] != NULL)) {
        return refuse(checker, "sum", "and columns give the same quantity");
    }
    for (uint32_t i = 0; i < sum->on_hand_count && err == ATP_OK; i++) {
        err = check_column(checker, &profile->format, "sum", sum->on_hand[i]);
    }
    for (uint32_t i = 0; i < sum->unavailable_count && err == ATP_OK; i++) {
        err = check_column(checker, &profile->format, "sum", sum->unavailable[i]);
    }
    return err;
}

static atp_err_t check_feed(const checker_t *checker)
{
    const atp_profile_feed_t *feed = &checker->profile->feed;
    bool is_said =
        feed->zero_missing != ATP_SWITCH_UNSET || feed->max_zeroed != NULL || feed->max_change != NULL;
    atp_edi_standard_t standard;

    for (unsigned word = 0; word < ATP_FEED_ACK; word++) {
        is_said = is_said || atp_profile_feed_word(checker->profile, (atp_feed_word_t)word, 0) != NULL;
    }
    if (feed->ack != NULL && !atp_profile_edi_standard(checker->profile, &standard)) {
        return refuse(checker, "ack", "is of X12 and EDIFACT only");
    }

    if (is_said && checker->profile->loads != ATP_LOADS_POSITIONS) {
        return refuse(checker, "feed", "is of a load of positions");
    }
    if (feed->max_zeroed != NULL && !(*feed->max_zeroed >= 0.0 && *feed->max_zeroed <= 1.0)) {
        return refuse(checker, "max_zeroed", "must be from 0 to 1");
    }
    if (feed->max_change != NULL && !(*feed->max_change >= 0.0 && *feed->max_change <= 1.0)) {
        return refuse(checker, "max_change", "must be from 0 to 1");
    }
    return ATP_OK;
}

static atp_err_t check_columns(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    atp_err_t err = ATP_OK;

    for (unsigned slot = 0; slot < ATP_SLOT_COUNT && err == ATP_OK; slot++) {
        const char *name = atp_slot_name((atp_slot_t)slot);
        err = check_column(checker, &profile->format, name, profile->columns.text[slot]);
        if (err == ATP_OK && profile->columns.text[slot] != NULL && profile->constants.text[slot] != NULL) {
            err = refuse(checker, name, "has both a column and a constant");
        }
    }
    return err;
}

/* --- what is loaded ---------------------------------------------------------------------------------- */

/* Bits of slots that each kind of load needs, and those it may have. */
#define BIT(slot) (1u << ATP_SLOT_##slot)
static const struct {
    unsigned needed;
    unsigned allowed;
} slots_of_loads[] = {
    [ATP_LOADS_POSITIONS] = {BIT(SKU) | BIT(NODE) | BIT(ON_HAND),
                             BIT(SKU) | BIT(NODE) | BIT(ON_HAND) | BIT(NAME) | BIT(SCALE) | BIT(STATUS) |
                                 BIT(UNAVAILABLE) | BIT(SAFETY) | BIT(UNIT)},
    [ATP_LOADS_SKUS] = {BIT(SKU), BIT(SKU) | BIT(NAME) | BIT(SCALE) | BIT(SAFETY) | BIT(VALUE)},
    [ATP_LOADS_NODES] = {BIT(NODE), BIT(NODE) | BIT(NAME) | BIT(STATE)},
    [ATP_LOADS_SAFETY] = {BIT(SKU) | BIT(NODE) | BIT(SAFETY),
                          BIT(SKU) | BIT(NODE) | BIT(SAFETY) | BIT(SCALE) | BIT(UNIT)},
    [ATP_LOADS_KITS] = {BIT(KIT) | BIT(SKU) | BIT(QUANTITY),
                        BIT(KIT) | BIT(SKU) | BIT(QUANTITY) | BIT(START) | BIT(END)},
    [ATP_LOADS_SUPPLIES] = {BIT(SUPPLY) | BIT(SKU) | BIT(NODE) | BIT(QUANTITY) | BIT(DUE),
                            BIT(SUPPLY) | BIT(SKU) | BIT(NODE) | BIT(QUANTITY) | BIT(DUE) | BIT(RECEIVED) |
                                BIT(STATUS) | BIT(UNIT)},
    [ATP_LOADS_FACTS] = {BIT(EVENT) | BIT(SKU) | BIT(NODE) | BIT(QUANTITY) | BIT(STATUS),
                         BIT(EVENT) | BIT(SKU) | BIT(NODE) | BIT(QUANTITY) | BIT(STATUS) | BIT(UNIT)},
    [ATP_LOADS_ALIASES] = {BIT(ALIAS), BIT(ALIAS) | BIT(SKU) | BIT(NODE) | BIT(TOLD_BY)},
    [ATP_LOADS_UNITS] = {BIT(UNIT) | BIT(IS), BIT(UNIT) | BIT(IS) | BIT(FOR) | BIT(SKU) | BIT(TOLD_BY)},
};

static atp_err_t check_slots(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;

    for (unsigned slot = 0; slot < ATP_SLOT_COUNT; slot++) {
        bool given = is_given(profile, (atp_slot_t)slot);
        const char *name = atp_slot_name((atp_slot_t)slot);
        if (!given && (slots_of_loads[profile->loads].needed & (1u << slot)) != 0) {
            return refuse(checker, name, "is needed, as a column or a constant, for what this profile loads");
        }
        if (given && (slots_of_loads[profile->loads].allowed & (1u << slot)) == 0) {
            return refuse(checker, name, "has no meaning for what this profile loads");
        }
    }
    if (is_given(profile, ATP_SLOT_VALUE) && !is_given(profile, ATP_SLOT_NAME)) {
        return refuse(checker, "value", "needs the name beside it: a SKU is told as a whole");
    }
    return ATP_OK;
}

/* What names and units mean. */
static atp_err_t check_names(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    const char *source = atp_profile_source(profile);
    bool is_catalogue = profile->loads == ATP_LOADS_SKUS || profile->loads == ATP_LOADS_NODES ||
                        profile->loads == ATP_LOADS_ALIASES || profile->loads == ATP_LOADS_UNITS;

    if (profile->loads == ATP_LOADS_ALIASES && !is_given(profile, ATP_SLOT_SKU) &&
        !is_given(profile, ATP_SLOT_NODE)) {
        return refuse(checker, "alias", "is of a sku or a node: one of them is needed, or both");
    }
    if (strlen(source) > ATP_ID_SIZE_MAX || !atp_text_is_clean(atp_text_of(source))) {
        return refuse(checker, "source", "must be the id of a source, 1 to 64 bytes");
    }
    if (profile->unknown_names == ATP_UNKNOWN_NAMES_BAD && is_catalogue) {
        return refuse(checker, "unknown_names",
                      "are what files of SKUs and nodes make, and aliases and units never");
    }
    if (profile->own_units_count > 0 &&
        (!is_given(profile, ATP_SLOT_UNIT) || profile->loads == ATP_LOADS_UNITS)) {
        return refuse(checker, "own_units", "have no meaning without a unit that rows are counted in");
    }
    return ATP_OK;
}

static atp_err_t check_options(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;
    bool has_quantities = profile->loads == ATP_LOADS_POSITIONS || profile->loads == ATP_LOADS_SAFETY;

    if (profile->loads == ATP_LOADS_POSITIONS && profile->basis == ATP_COUNTS_UNSET) {
        return refuse(checker, "basis",
                      "is needed: what the counts include (on_hand: all that is in the building, "
                      "promised or not)");
    }
    if (profile->duplicates == ATP_DUPLICATES_SUM && !has_quantities) {
        return refuse(checker, "duplicates", "can be summed for positions and safety only");
    }
    if (profile->zero_quantity == ATP_ZERO_QTY_SKIP && profile->loads != ATP_LOADS_FACTS) {
        return refuse(checker, "zero_quantity", "is for facts");
    }
    if (profile->end_date == ATP_END_LAST_DAY && !is_given(profile, ATP_SLOT_END)) {
        return refuse(checker, "end_date", "has no meaning without an end");
    }
    if (profile->supply_kind != ATP_SUPPLY_PURCHASE_ORDER && profile->loads != ATP_LOADS_SUPPLIES) {
        return refuse(checker, "supply_kind", "is for supplies");
    }
    if (profile->safety_spread == ATP_SPREAD_BY_STOCK &&
        (profile->loads != ATP_LOADS_POSITIONS || !is_given(profile, ATP_SLOT_SAFETY) ||
         profile->duplicates != ATP_DUPLICATES_REFUSE)) {
        return refuse(checker, "safety_spread",
                      "by_stock is for positions with a safety_stock and duplicates refused");
    }
    if (!(profile->max_bad_share >= 0.0 && profile->max_bad_share <= 1.0)) { /* so, for it may be no number */
        return refuse(checker, "max_bad_share", "must be from 0 to 1");
    }
    return ATP_OK;
}

static atp_err_t check_top(const checker_t *checker)
{
    const atp_profile_t *profile = checker->profile;

    if (profile->version != PROFILE_VERSION) {
        return refuse(checker, "version", "must be 1, the only one this build knows");
    }
    if (!atp_text_is_clean(atp_text_of(profile->name)) ||
        !atp_text_is_clean(atp_text_of(atp_profile_description(profile)))) {
        return refuse(checker, "name, description", "must be UTF-8 without control characters");
    }
    return ATP_OK;
}

atp_err_t atp_profile_check(const atp_profile_t *profile, atp_text_t yaml, const char *place,
                            atp_why_t *ret_why)
{
    static atp_err_t (*const checks[])(const checker_t *) = {
        check_top,     check_columns, check_sums,  check_slots, check_buckets,
        check_lookups, check_options, check_names, check_feed,
    };
    checker_t checker = {profile, yaml, place, ret_why};
    atp_err_t err = check_format(&checker, &profile->format);

    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && err == ATP_OK; i++) {
        err = checks[i](&checker);
    }
    for (uint32_t i = 0; i < profile->skip_count && err == ATP_OK; i++) {
        err = check_skip(&checker, &profile->skip[i]);
    }
    return err;
}

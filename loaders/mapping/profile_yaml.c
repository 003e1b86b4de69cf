/* The YAML side of a profile: its schema for libcyaml, and errors that name the line. */
#include "engine/ledger/supply/supplies.h"
#include "loaders/mapping/profile_priv.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts given by the profile: names of columns, values to compare with, signs. */
#define TEXT_MAX 255
#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

/* libcyaml takes any text for a boolean; these are the two that mean one. */
static const cyaml_strval_t switch_values[] = {{"true", ATP_SWITCH_ON}, {"false", ATP_SWITCH_OFF}};
static const cyaml_strval_t loads_values[] = {
    {"positions", ATP_LOADS_POSITIONS}, {"skus", ATP_LOADS_SKUS},       {"nodes", ATP_LOADS_NODES},
    {"safety", ATP_LOADS_SAFETY},       {"kits", ATP_LOADS_KITS},       {"supplies", ATP_LOADS_SUPPLIES},
    {"facts", ATP_LOADS_FACTS},         {"aliases", ATP_LOADS_ALIASES}, {"units", ATP_LOADS_UNITS}};
static const cyaml_strval_t kind_values[] = {{"delimited", ATP_FORMAT_DELIMITED},
                                             {"json_lines", ATP_FORMAT_JSON_LINES},
                                             {"x12", ATP_FORMAT_X12},
                                             {"edifact", ATP_FORMAT_EDIFACT},
                                             {"idoc", ATP_FORMAT_IDOC}};
static const cyaml_strval_t charset_values[] = {{"utf-8", ATP_CHARSET_UTF8},
                                                {"iso-8859-1", ATP_CHARSET_LATIN}};
static const cyaml_strval_t basis_values[] = {{"on_hand", ATP_COUNTS_ON_HAND},
                                              {"less_picked", ATP_COUNTS_LESS_PICKED},
                                              {"less_allocated", ATP_COUNTS_LESS_ALLOCATED},
                                              {"sellable", ATP_COUNTS_SELLABLE},
                                              {"available", ATP_COUNTS_AVAILABLE},
                                              {"with_inbound", ATP_COUNTS_WITH_INBOUND},
                                              {"less_outbound", ATP_COUNTS_LESS_OUTBOUND}};
static const cyaml_strval_t duplicates_values[] = {
    {"refuse", ATP_DUPLICATES_REFUSE}, {"sum", ATP_DUPLICATES_SUM}, {"last", ATP_DUPLICATES_LAST}};
static const cyaml_strval_t empty_values[] = {{"bad", ATP_EMPTY_QTY_BAD}, {"zero", ATP_EMPTY_QTY_ZERO}};
static const cyaml_strval_t zero_values[] = {{"bad", ATP_ZERO_QTY_BAD}, {"skip", ATP_ZERO_QTY_SKIP}};
static const cyaml_strval_t unknown_values[] = {{"make", ATP_UNKNOWN_NAMES_MAKE},
                                                {"bad", ATP_UNKNOWN_NAMES_BAD}};
static const cyaml_strval_t spread_values[] = {{"none", ATP_SPREAD_NONE}, {"by_stock", ATP_SPREAD_BY_STOCK}};
static const cyaml_strval_t end_values[] = {{"moment", ATP_END_MOMENT}, {"last_day", ATP_END_LAST_DAY}};
static const cyaml_strval_t supply_values[] = {{"purchase_order", ATP_SUPPLY_PURCHASE_ORDER},
                                               {"asn", ATP_SUPPLY_ASN},
                                               {"production", ATP_SUPPLY_PRODUCTION}};
static const cyaml_strval_t bucket_values[] = {{"on_hand", ATP_ROW_ON_HAND},
                                               {"unavailable", ATP_ROW_UNAVAILABLE},
                                               {"unavailable_part", ATP_ROW_UNAVAILABLE_PART},
                                               {"skip", ATP_ROW_SKIP}};

static const cyaml_strval_t fact_values[] = {{"sale", ATP_ROW_SOLD},
                                             {"receive", ATP_ROW_RECEIVED},
                                             {"adjust_up", ATP_ROW_ADJUSTED_UP},
                                             {"adjust_down", ATP_ROW_ADJUSTED_DOWN},
                                             {"skip", ATP_ROW_SKIP}};

#define ENUM_FIELD(key, flags, type, member, values)                                                         \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT | (flags), type, member, values, CYAML_ARRAY_LEN(values))
#define SWITCH_FIELD(key, type, member) ENUM_FIELD(key, CYAML_FLAG_OPTIONAL, type, member, switch_values)
#define TEXT_FIELD(key, type, member)   CYAML_FIELD_STRING_PTR(key, OPTIONAL, type, member, 0, TEXT_MAX)
#define NEEDED_TEXT_FIELD(key, type, member)                                                                 \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, type, member, 1, TEXT_MAX)

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, TEXT_MAX),
};

#define FORMAT_FIELDS(type, prefix)                                                                          \
    ENUM_FIELD("kind", CYAML_FLAG_OPTIONAL, type, prefix kind, kind_values),                                 \
        TEXT_FIELD("document", type, prefix document), TEXT_FIELD("delimiter", type, prefix delimiter),      \
        SWITCH_FIELD("header", type, prefix header), SWITCH_FIELD("quotes", type, prefix quotes),            \
        SWITCH_FIELD("trim", type, prefix trim),                                                             \
        CYAML_FIELD_UINT("field_count", CYAML_FLAG_OPTIONAL, type, prefix field_count),                      \
        CYAML_FIELD_UINT("field_size_max", CYAML_FLAG_OPTIONAL, type, prefix field_size_max),                \
        CYAML_FIELD_UINT("record_size_max", CYAML_FLAG_OPTIONAL, type, prefix record_size_max)

static const cyaml_schema_field_t format_fields[] = {
    FORMAT_FIELDS(atp_profile_format_t, ),
    TEXT_FIELD("record", atp_profile_format_t, record),
    TEXT_FIELD("last", atp_profile_format_t, last),
    ENUM_FIELD("charset", CYAML_FLAG_OPTIONAL, atp_profile_format_t, charset, charset_values),
    TEXT_FIELD("null_text", atp_profile_format_t, null_text),
    TEXT_FIELD("decimal_sign", atp_profile_format_t, decimal_sign),
    TEXT_FIELD("thousands_sign", atp_profile_format_t, thousands_sign),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t slots_fields[] = {
    TEXT_FIELD("sku", atp_profile_slots_t, text[ATP_SLOT_SKU]),
    TEXT_FIELD("node", atp_profile_slots_t, text[ATP_SLOT_NODE]),
    TEXT_FIELD("name", atp_profile_slots_t, text[ATP_SLOT_NAME]),
    TEXT_FIELD("scale", atp_profile_slots_t, text[ATP_SLOT_SCALE]),
    TEXT_FIELD("state", atp_profile_slots_t, text[ATP_SLOT_STATE]),
    TEXT_FIELD("status", atp_profile_slots_t, text[ATP_SLOT_STATUS]),
    TEXT_FIELD("on_hand", atp_profile_slots_t, text[ATP_SLOT_ON_HAND]),
    TEXT_FIELD("unavailable", atp_profile_slots_t, text[ATP_SLOT_UNAVAILABLE]),
    TEXT_FIELD("safety_stock", atp_profile_slots_t, text[ATP_SLOT_SAFETY]),
    TEXT_FIELD("quantity", atp_profile_slots_t, text[ATP_SLOT_QUANTITY]),
    TEXT_FIELD("kit", atp_profile_slots_t, text[ATP_SLOT_KIT]),
    TEXT_FIELD("start", atp_profile_slots_t, text[ATP_SLOT_START]),
    TEXT_FIELD("end", atp_profile_slots_t, text[ATP_SLOT_END]),
    TEXT_FIELD("received", atp_profile_slots_t, text[ATP_SLOT_RECEIVED]),
    TEXT_FIELD("supply", atp_profile_slots_t, text[ATP_SLOT_SUPPLY]),
    TEXT_FIELD("due", atp_profile_slots_t, text[ATP_SLOT_DUE]),
    TEXT_FIELD("event", atp_profile_slots_t, text[ATP_SLOT_EVENT]),
    TEXT_FIELD("unit", atp_profile_slots_t, text[ATP_SLOT_UNIT]),
    TEXT_FIELD("value", atp_profile_slots_t, text[ATP_SLOT_VALUE]),
    TEXT_FIELD("alias", atp_profile_slots_t, text[ATP_SLOT_ALIAS]),
    TEXT_FIELD("told_by", atp_profile_slots_t, text[ATP_SLOT_TOLD_BY]),
    TEXT_FIELD("is", atp_profile_slots_t, text[ATP_SLOT_IS]),
    TEXT_FIELD("for", atp_profile_slots_t, text[ATP_SLOT_FOR]),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t sum_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("on_hand", OPTIONAL, atp_profile_sum_t, on_hand, on_hand_count, &text_value, 1,
                               ATP_PROFILE_SUM_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("unavailable", OPTIONAL, atp_profile_sum_t, unavailable, unavailable_count,
                               &text_value, 1, ATP_PROFILE_SUM_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t skip_fields[] = {
    NEEDED_TEXT_FIELD("column", atp_profile_skip_t, column),
    TEXT_FIELD("equals", atp_profile_skip_t, equals),
    TEXT_FIELD("not_equals", atp_profile_skip_t, not_equals),
    SWITCH_FIELD("empty", atp_profile_skip_t, empty),
    CYAML_FIELD_SEQUENCE("one_of", OPTIONAL, atp_profile_skip_t, one_of, &text_value, 1,
                         ATP_PROFILE_ONE_OF_MAX),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t skip_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, atp_profile_skip_t, skip_fields),
};

static const cyaml_schema_field_t bucket_fields[] = {
    CYAML_FIELD_STRING_PTR("status", CYAML_FLAG_POINTER, atp_profile_bucket_t, status, 0, TEXT_MAX),
    ENUM_FIELD("bucket", CYAML_FLAG_DEFAULT, atp_profile_bucket_t, bucket, bucket_values),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t bucket_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, atp_profile_bucket_t, bucket_fields),
};

static const cyaml_schema_field_t fact_fields[] = {
    CYAML_FIELD_STRING_PTR("status", CYAML_FLAG_POINTER, atp_profile_bucket_t, status, 0, TEXT_MAX),
    ENUM_FIELD("fact", CYAML_FLAG_DEFAULT, atp_profile_bucket_t, bucket, fact_values),
    ENUM_FIELD("negative", CYAML_FLAG_OPTIONAL, atp_profile_bucket_t, negative, fact_values),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t fact_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, atp_profile_bucket_t, fact_fields),
};

static const cyaml_schema_field_t lookup_fields[] = {
    NEEDED_TEXT_FIELD("name", atp_profile_lookup_t, name),
    NEEDED_TEXT_FIELD("file", atp_profile_lookup_t, file),
    NEEDED_TEXT_FIELD("key", atp_profile_lookup_t, key),
    NEEDED_TEXT_FIELD("value", atp_profile_lookup_t, value),
    FORMAT_FIELDS(atp_profile_lookup_t, format.),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t lookup_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, atp_profile_lookup_t, lookup_fields),
};

static const cyaml_schema_field_t feed_fields[] = {
    SWITCH_FIELD("zero_missing", atp_profile_feed_t, zero_missing),
    CYAML_FIELD_FLOAT_PTR("max_zeroed", OPTIONAL, atp_profile_feed_t, max_zeroed),
    CYAML_FIELD_FLOAT_PTR("max_change", OPTIONAL, atp_profile_feed_t, max_change),
    TEXT_FIELD("as_of", atp_profile_feed_t, as_of),
    CYAML_FIELD_SEQUENCE_COUNT("includes", OPTIONAL, atp_profile_feed_t, includes, includes_count,
                               &text_value, 1, ATP_PROFILE_SCOPE_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("nodes", OPTIONAL, atp_profile_feed_t, nodes, nodes_count, &text_value, 1,
                               ATP_PROFILE_SCOPE_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("groups", OPTIONAL, atp_profile_feed_t, groups, groups_count, &text_value, 1,
                               ATP_PROFILE_SCOPE_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("skus", OPTIONAL, atp_profile_feed_t, skus, skus_count, &text_value, 1,
                               ATP_PROFILE_SCOPE_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("tags", OPTIONAL, atp_profile_feed_t, tags, tags_count, &text_value, 1,
                               ATP_PROFILE_SCOPE_MAX),
    TEXT_FIELD("skus_file", atp_profile_feed_t, skus_file),
    TEXT_FIELD("ack", atp_profile_feed_t, ack),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t profile_fields[] = {
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, atp_profile_t, version),
    NEEDED_TEXT_FIELD("name", atp_profile_t, name),
    TEXT_FIELD("description", atp_profile_t, description),
    ENUM_FIELD("loads", CYAML_FLAG_DEFAULT, atp_profile_t, loads, loads_values),
    ENUM_FIELD("basis", CYAML_FLAG_OPTIONAL, atp_profile_t, basis, basis_values),
    CYAML_FIELD_MAPPING("format", CYAML_FLAG_DEFAULT, atp_profile_t, format, format_fields),
    CYAML_FIELD_MAPPING("columns", CYAML_FLAG_DEFAULT, atp_profile_t, columns, slots_fields),
    CYAML_FIELD_MAPPING("constants", CYAML_FLAG_OPTIONAL, atp_profile_t, constants, slots_fields),
    CYAML_FIELD_MAPPING("translate", CYAML_FLAG_OPTIONAL, atp_profile_t, translate, slots_fields),
    CYAML_FIELD_MAPPING("sum", CYAML_FLAG_OPTIONAL, atp_profile_t, sum, sum_fields),
    CYAML_FIELD_SEQUENCE("buckets", OPTIONAL, atp_profile_t, buckets, &bucket_value, 1,
                         ATP_PROFILE_BUCKET_MAX),
    CYAML_FIELD_SEQUENCE("facts", OPTIONAL, atp_profile_t, facts, &fact_value, 1, ATP_PROFILE_BUCKET_MAX),
    CYAML_FIELD_SEQUENCE("skip", OPTIONAL, atp_profile_t, skip, &skip_value, 1, ATP_PROFILE_SKIP_MAX),
    CYAML_FIELD_SEQUENCE("lookups", OPTIONAL, atp_profile_t, lookups, &lookup_value, 1,
                         ATP_PROFILE_LOOKUP_MAX),
    ENUM_FIELD("duplicates", CYAML_FLAG_OPTIONAL, atp_profile_t, duplicates, duplicates_values),
    ENUM_FIELD("empty_quantity", CYAML_FLAG_OPTIONAL, atp_profile_t, empty_quantity, empty_values),
    ENUM_FIELD("zero_quantity", CYAML_FLAG_OPTIONAL, atp_profile_t, zero_quantity, zero_values),
    TEXT_FIELD("source", atp_profile_t, source),
    CYAML_FIELD_SEQUENCE("own_units", OPTIONAL, atp_profile_t, own_units, &text_value, 1,
                         ATP_PROFILE_OWN_UNIT_MAX),
    ENUM_FIELD("unknown_names", CYAML_FLAG_OPTIONAL, atp_profile_t, unknown_names, unknown_values),
    ENUM_FIELD("safety_spread", CYAML_FLAG_OPTIONAL, atp_profile_t, safety_spread, spread_values),
    ENUM_FIELD("end_date", CYAML_FLAG_OPTIONAL, atp_profile_t, end_date, end_values),
    ENUM_FIELD("supply_kind", CYAML_FLAG_OPTIONAL, atp_profile_t, supply_kind, supply_values),
    CYAML_FIELD_FLOAT("max_bad_share", CYAML_FLAG_OPTIONAL, atp_profile_t, max_bad_share),
    CYAML_FIELD_MAPPING("feed", CYAML_FLAG_OPTIONAL, atp_profile_t, feed, feed_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t profile_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, atp_profile_t, profile_fields),
};

/* --- what libcyaml says about an error --------------------------------------------------------------- */

/* It logs a sentence first, then from the inside out where it stood. */
typedef struct complaint {
    char sentence[200];
    char context[120]; /* the innermost place, e.g. "in mapping field 'format'" */
    unsigned line;     /* of it; 0 = unknown */
    bool is_any;
} complaint_t;

static void take_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
    complaint_t *complaint = context;
    char text[400];

    (void)level;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *sentence = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
    const char *place = strstr(text, "(line: ");
    complaint->is_any = true;
    if (place != NULL && complaint->line == 0) {
        complaint->line = (unsigned)strtoul(place + strlen("(line: "), NULL, 10);
        int size = (int)(place - text);
        snprintf(complaint->context, sizeof complaint->context, "%.*s", size, text + strspn(text, " "));
    } else if (place == NULL && complaint->sentence[0] == '\0' && strcmp(sentence, "Backtrace:") != 0) {
        snprintf(complaint->sentence, sizeof complaint->sentence, "%.180s", sentence);
    }
}

unsigned atp_profile_line_of_key(atp_text_t yaml, const char *key, unsigned from_line)
{
    size_t key_size = strlen(key);
    unsigned line = 1;

    for (size_t at = 0; at < yaml.size; at++) {
        bool is_word_start = at == 0 || strchr(" \t\n{,\"'", yaml.bytes[at - 1]) != NULL;
        if (yaml.bytes[at] == '\n') {
            line++;
        } else if (line >= from_line && is_word_start && key_size > 0 && yaml.size - at > key_size &&
                   memcmp(yaml.bytes + at, key, key_size) == 0 &&
                   strchr(":\"' ", yaml.bytes[at + key_size]) != NULL) {
            return line;
        }
    }
    return from_line;
}

static atp_err_t refuse(const complaint_t *complaint, cyaml_err_t err, atp_text_t yaml, const char *place,
                        atp_why_t *ret_why)
{
    static const char unexpected[] = "Unexpected key: ";
    static const char seen[] = "Mapping field already seen: ";
    unsigned line = complaint->line > 0 ? complaint->line : 1;

    if (err == CYAML_ERR_OOM) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.150s: no memory to read the profile", place);
    }
    if (strncmp(complaint->sentence, unexpected, strlen(unexpected)) == 0) {
        const char *key = complaint->sentence + strlen(unexpected);
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:%u: unknown key '%.60s'", place,
                        atp_profile_line_of_key(yaml, key, line), key);
    }
    if (strncmp(complaint->sentence, seen, strlen(seen)) == 0) {
        const char *key = complaint->sentence + strlen(seen);
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:%u: key '%.60s' is there twice", place,
                        atp_profile_line_of_key(yaml, key, line + 1), key);
    }
    const char *sentence = complaint->sentence[0] != '\0' ? complaint->sentence : cyaml_strerror(err);
    return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:%u: %.120s (%.80s)", place, line, sentence,
                    complaint->context[0] != '\0' ? complaint->context : "at the top");
}

static cyaml_config_t config_for(complaint_t *complaint)
{
    return (cyaml_config_t){
        .log_fn = take_log,
        .log_ctx = complaint,
        .mem_fn = cyaml_mem,
        .log_level = CYAML_LOG_WARNING,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

atp_err_t atp_profile_read_yaml(atp_text_t yaml, const char *place, atp_profile_t **ret_profile,
                                atp_why_t *ret_why)
{
    complaint_t complaint = {.line = 0};
    cyaml_config_t config = config_for(&complaint);
    atp_profile_t *profile = NULL;

    if (yaml.size > ATP_PROFILE_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: a profile is at most %u bytes", place,
                        ATP_PROFILE_SIZE_MAX);
    }
    if (memchr(yaml.bytes, '\0', yaml.size) != NULL) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: holds a zero byte; is this a YAML file?", place);
    }
    cyaml_err_t err = cyaml_load_data((const uint8_t *)yaml.bytes, yaml.size, &config, &profile_schema,
                                      (cyaml_data_t **)&profile, NULL);
    if (err != CYAML_OK) {
        return refuse(&complaint, err, yaml, place, ret_why);
    }
    if (profile == NULL) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s:1: the profile is empty", place);
    }
    if (complaint.is_any) { /* a warning, such as a second document, would go unnoticed otherwise */
        atp_profile_destroy(profile);
        return refuse(&complaint, CYAML_OK, yaml, place, ret_why);
    }
    *ret_profile = profile;
    return ATP_OK;
}

void atp_profile_destroy(atp_profile_t *profile)
{
    complaint_t complaint = {.line = 0};
    cyaml_config_t config = config_for(&complaint);

    if (profile != NULL) {
        cyaml_free(&config, &profile_schema, profile, 0);
    }
}

#include "loaders/mapping/profile_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const slot_names[ATP_SLOT_COUNT] = {
    [ATP_SLOT_SKU] = "sku",
    [ATP_SLOT_NODE] = "node",
    [ATP_SLOT_NAME] = "name",
    [ATP_SLOT_SCALE] = "scale",
    [ATP_SLOT_STATE] = "state",
    [ATP_SLOT_STATUS] = "status",
    [ATP_SLOT_ON_HAND] = "on_hand",
    [ATP_SLOT_UNAVAILABLE] = "unavailable",
    [ATP_SLOT_SAFETY] = "safety_stock",
    [ATP_SLOT_QUANTITY] = "quantity",
    [ATP_SLOT_RECEIVED] = "received",
    [ATP_SLOT_SUPPLY] = "supply",
    [ATP_SLOT_EVENT] = "event",
    [ATP_SLOT_UNIT] = "unit",
    [ATP_SLOT_VALUE] = "value",
    [ATP_SLOT_DUE] = "due",
    [ATP_SLOT_KIT] = "kit",
    [ATP_SLOT_START] = "start",
    [ATP_SLOT_END] = "end",
    [ATP_SLOT_ALIAS] = "alias",
    [ATP_SLOT_TOLD_BY] = "told_by",
    [ATP_SLOT_IS] = "is",
    [ATP_SLOT_FOR] = "for",
};

static const char *const loads_names[] = {
    [ATP_LOADS_POSITIONS] = "positions", [ATP_LOADS_SKUS] = "skus",       [ATP_LOADS_NODES] = "nodes",
    [ATP_LOADS_SAFETY] = "safety",       [ATP_LOADS_KITS] = "kits",       [ATP_LOADS_SUPPLIES] = "supplies",
    [ATP_LOADS_FACTS] = "facts",         [ATP_LOADS_ALIASES] = "aliases", [ATP_LOADS_UNITS] = "units",
};

const char *atp_slot_name(atp_slot_t slot)
{
    ATP_ASSERT((unsigned)slot < ATP_SLOT_COUNT);
    return slot_names[slot];
}

const char *atp_loads_name(atp_loads_t loads)
{
    ATP_ASSERT((unsigned)loads <= ATP_LOADS_UNITS);
    return loads_names[loads];
}

const char *atp_profile_name(const atp_profile_t *profile)
{
    return profile->name;
}

const char *atp_profile_description(const atp_profile_t *profile)
{
    return profile->description != NULL ? profile->description : "";
}

const char *atp_profile_source(const atp_profile_t *profile)
{
    return profile->source != NULL ? profile->source : "";
}

atp_loads_t atp_profile_loads(const atp_profile_t *profile)
{
    return profile->loads;
}

atp_feed_rules_t atp_profile_feed_rules(const atp_profile_t *profile)
{
    const atp_profile_feed_t *feed = &profile->feed;

    return (atp_feed_rules_t){.zeroes_missing = feed->zero_missing == ATP_SWITCH_ON,
                              .max_zeroed = feed->max_zeroed != NULL ? *feed->max_zeroed : 0.1,
                              .max_change = feed->max_change != NULL ? *feed->max_change : 0.25};
}

const char *atp_profile_feed_word(const atp_profile_t *profile, atp_feed_word_t word, uint32_t number)
{
    const atp_profile_feed_t *feed = &profile->feed;
    const struct {
        char *const *texts;
        uint32_t count;
    } words[ATP_FEED_WORD_COUNT] = {
        [ATP_FEED_AS_OF] = {&feed->as_of, 1},
        [ATP_FEED_INCLUDES] = {feed->includes, feed->includes_count},
        [ATP_FEED_NODE] = {feed->nodes, feed->nodes_count},
        [ATP_FEED_GROUP] = {feed->groups, feed->groups_count},
        [ATP_FEED_SKU] = {feed->skus, feed->skus_count},
        [ATP_FEED_SKUS_FILE] = {&feed->skus_file, 1},
        [ATP_FEED_TAG] = {feed->tags, feed->tags_count},
        [ATP_FEED_ACK] = {&feed->ack, 1},
    };

    return number < words[word].count ? words[word].texts[number] : NULL;
}

const char *atp_profile_basis(const atp_profile_t *profile)
{
    static const char *const names[] = {"",         "on_hand",   "less_picked",  "less_allocated",
                                        "sellable", "available", "with_inbound", "less_outbound"};

    return names[profile->basis];
}

double atp_profile_max_bad_share(const atp_profile_t *profile)
{
    return profile->max_bad_share;
}

const char *atp_profile_shipped_name(size_t index)
{
    return index < atp_shipped_profile_count ? atp_shipped_profiles[index].name : NULL;
}

/* --- the format -------------------------------------------------------------------------------------- */

static char delimiter_of(const atp_profile_format_t *format)
{
    if (format->delimiter == NULL) {
        return ',';
    }
    return strcmp(format->delimiter, "tab") == 0 ? '\t' : format->delimiter[0];
}

atp_csv_format_t atp_profile_csv_format(const atp_profile_format_t *format)
{
    char delimiter = delimiter_of(format);

    return (atp_csv_format_t){
        .delimiter = delimiter,
        /* Tab-separated exports do not quote, unless the profile says so; all others do. */
        .has_quotes =
            format->quotes == ATP_SWITCH_UNSET ? delimiter != '\t' : format->quotes == ATP_SWITCH_ON,
        .field_size_max = format->field_size_max,
        .record_size_max = format->record_size_max,
    };
}

bool atp_profile_has_header(const atp_profile_format_t *format)
{
    return format->header != ATP_SWITCH_OFF;
}

uint32_t atp_profile_column_number(const atp_profile_format_t *format, const char *column)
{
    const char *digits = column[0] == '#' ? column + 1 : column;
    size_t size = strlen(digits);

    if (column[0] != '#' && atp_profile_has_header(format)) {
        return 0;
    }
    if (size == 0 || size > 4 || strspn(digits, "0123456789") != size) {
        return UINT32_MAX;
    }
    unsigned long number = strtoul(digits, NULL, 10);
    return number >= 1 && number <= ATP_CSV_FIELD_COUNT_MAX ? (uint32_t)number : UINT32_MAX;
}

const atp_profile_lookup_t *atp_profile_lookup_named(const atp_profile_t *profile, const char *name)
{
    for (uint32_t i = 0; i < profile->lookups_count; i++) {
        if (strcmp(profile->lookups[i].name, name) == 0) {
            return &profile->lookups[i];
        }
    }
    return NULL;
}

/* --- loading ----------------------------------------------------------------------------------------- */

atp_err_t atp_profile_parse(atp_text_t yaml, const char *place, atp_profile_t **ret_profile,
                            atp_why_t *ret_why)
{
    atp_profile_t *profile = NULL;
    atp_err_t err = atp_profile_read_yaml(yaml, place, &profile, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    err = atp_profile_check(profile, yaml, place, ret_why);
    if (err != ATP_OK) {
        atp_profile_destroy(profile);
        return err;
    }
    *ret_profile = profile;
    return ATP_OK;
}

static bool is_path(const char *text)
{
    size_t size = strlen(text);

    return strchr(text, '/') != NULL || (size > 5 && strcmp(text + size - 5, ".yaml") == 0) ||
           (size > 4 && strcmp(text + size - 4, ".yml") == 0);
}

/* As many names as fit, and how many more there are. */
static void list_shipped(char *ret_text, size_t size)
{
    size_t used = 0;
    size_t listed = 0;

    ret_text[0] = '\0';
    for (; listed < atp_shipped_profile_count; listed++) {
        const char *name = atp_shipped_profiles[listed].name;
        if (used + strlen(name) + sizeof ", and 99 more" > size) {
            break;
        }
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s", listed > 0 ? ", " : "", name);
    }
    if (listed < atp_shipped_profile_count) {
        snprintf(ret_text + used, size - used, ", and %zu more", atp_shipped_profile_count - listed);
    }
}

static atp_err_t load_shipped(const char *name, atp_profile_t **ret_profile, atp_why_t *ret_why)
{
    char names[160];

    for (size_t i = 0; i < atp_shipped_profile_count; i++) {
        const atp_shipped_profile_t *shipped = &atp_shipped_profiles[i];
        if (strcmp(shipped->name, name) == 0) {
            return atp_profile_parse((atp_text_t){shipped->yaml, shipped->size}, name, ret_profile, ret_why);
        }
    }
    list_shipped(names, sizeof names);
    return atp_fail(
        ret_why, ATP_ERR_NOT_FOUND,
        "no shipped profile is called '%.40s'; there are %s. A file is named with its folder or its "
        "ending .yaml",
        name, names);
}

static atp_err_t load_file(const char *path, atp_profile_t **ret_profile, atp_why_t *ret_why)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        atp_err_t err = errno == ENOENT ? ATP_ERR_NOT_FOUND : ATP_ERR_IO;
        return atp_fail(ret_why, err, "%.200s: cannot be opened: %s", path, strerror(errno));
    }
    char *yaml = malloc(ATP_PROFILE_SIZE_MAX + 1);
    size_t size = yaml != NULL ? fread(yaml, 1, ATP_PROFILE_SIZE_MAX + 1, file) : 0;
    int read_errno = ferror(file) ? errno : 0;
    fclose(file);
    atp_err_t err;
    if (yaml == NULL) {
        err = atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to read it", path);
    } else if (read_errno != 0) {
        err = atp_fail(ret_why, ATP_ERR_IO, "%.200s: cannot be read: %s", path, strerror(read_errno));
    } else {
        err = atp_profile_parse((atp_text_t){yaml, (uint32_t)size}, path, ret_profile, ret_why);
    }
    free(yaml);
    return err;
}

atp_err_t atp_profile_load(const char *name_or_path, atp_profile_t **ret_profile, atp_why_t *ret_why)
{
    return is_path(name_or_path) ? load_file(name_or_path, ret_profile, ret_why)
                                 : load_shipped(name_or_path, ret_profile, ret_why);
}

bool atp_profile_has_documents(const atp_profile_t *profile)
{
    atp_edi_standard_t standard;

    return profile->format.kind == ATP_FORMAT_IDOC || atp_profile_edi_standard(profile, &standard);
}

bool atp_profile_edi_standard(const atp_profile_t *profile, atp_edi_standard_t *ret_standard)
{
    *ret_standard = profile->format.kind == ATP_FORMAT_EDIFACT ? ATP_EDI_EDIFACT : ATP_EDI_X12;
    return profile->format.kind == ATP_FORMAT_X12 || profile->format.kind == ATP_FORMAT_EDIFACT;
}

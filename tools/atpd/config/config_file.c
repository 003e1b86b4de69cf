#include "tools/atpd/config/config_lines.h"
#include "tools/atpd/config/config_table.h"

#include <cyaml/cyaml.h>
#include <inttypes.h>
#include <string.h>

/* libcyaml fills one slot an option with texts; atp_option_set makes values of them. The schema is made from the
 * table, so that a key stands nowhere else. */

/* Bounds for libcyaml that nothing which is read can pass: each option says its own, with the place. */
#define TEXT_SIZE_MAX ATP_CONFIG_FILE_SIZE_MAX
#define ENTRIES_MAX   ATP_CONFIG_LINES_MAX

typedef struct channel {
    char *id;
    char *ttl;
} channel_t;

typedef struct slot {
    char *text;
    char **entries;
    channel_t *channels;
    uint32_t count;
} slot_t;

typedef struct content {
    slot_t slot[ATP_OPTION_COUNT_MAX];
} content_t;

typedef struct schema {
    uint32_t top_count;
    uint32_t field_count;
    cyaml_schema_field_t top[ATP_OPTION_COUNT_MAX + 1];
    cyaml_schema_field_t field[2 * ATP_OPTION_COUNT_MAX]; /* of the groups, an end after each */
    char group[ATP_OPTION_COUNT_MAX][ATP_FLAG_SIZE];
    cyaml_schema_value_t root;
} schema_t;

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, TEXT_SIZE_MAX)};
static const cyaml_schema_field_t channel_fields[] = {
    CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, channel_t, id, 0, TEXT_SIZE_MAX),
    CYAML_FIELD_STRING_PTR("ttl", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, channel_t, ttl, 0, TEXT_SIZE_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t channel_entry = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, channel_t, channel_fields)};

static const cyaml_config_t cyaml = {.mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS};

/* ---- the schema ---- */

static cyaml_schema_field_t list_field(const char *key, uint32_t offset, const cyaml_schema_value_t *entry,
                                       uint32_t member, uint32_t entry_size)
{
    cyaml_schema_field_t field = {.key = key, .data_offset = offset + member};

    field.count_offset = offset + (uint32_t)offsetof(slot_t, count);
    field.count_size = sizeof(uint32_t);
    field.value.type = CYAML_SEQUENCE;
    field.value.flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL);
    field.value.data_size = entry_size;
    field.value.sequence.entry = entry;
    field.value.sequence.max = ENTRIES_MAX;
    return field;
}

/* The field of an option whose slot is at `offset` of the mapping it stands in. */
static cyaml_schema_field_t option_field(const atp_option_t *option, const char *key, uint32_t offset)
{
    cyaml_schema_field_t field = {.key = key, .data_offset = offset + (uint32_t)offsetof(slot_t, text)};

    if (option->type == ATP_OPTION_CHANNELS) {
        return list_field(key, offset, &channel_entry, offsetof(slot_t, channels), sizeof(channel_t));
    }
    if (atp_option_is_list(option)) {
        return list_field(key, offset, &text_entry, offsetof(slot_t, entries), sizeof(char *));
    }
    field.value.type = CYAML_STRING;
    field.value.flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL);
    field.value.data_size = sizeof(char);
    field.value.string.max = TEXT_SIZE_MAX;
    return field;
}

static size_t group_size(const atp_option_t *option)
{
    const char *point = strchr(option->key, '.');
    return point == NULL ? 0 : (size_t)(point - option->key);
}

/* Adds the group that begins with option `first`; returns the option after it. */
static uint32_t add_group(schema_t *schema, uint32_t first)
{
    size_t size = group_size(&atp_options[first]);
    char *name = schema->group[schema->top_count];
    cyaml_schema_field_t group = {.key = name, .data_offset = first * (uint32_t)sizeof(slot_t)};
    uint32_t i = first;

    memcpy(name, atp_options[first].key, size);
    group.value.type = CYAML_MAPPING;
    group.value.flags = CYAML_FLAG_OPTIONAL;
    group.value.mapping.fields = &schema->field[schema->field_count];
    for (; i < atp_option_count && strncmp(atp_options[i].key, atp_options[first].key, size + 1) == 0; i++) {
        schema->field[schema->field_count++] = option_field(&atp_options[i], atp_options[i].key + size + 1,
                                                            (i - first) * (uint32_t)sizeof(slot_t));
    }
    schema->field_count++; /* left zero: the end */
    group.value.data_size = (i - first) * (uint32_t)sizeof(slot_t);
    schema->top[schema->top_count++] = group;
    return i;
}

static void make_schema(schema_t *schema)
{
    uint32_t i = 0;

    memset(schema, 0, sizeof *schema);
    while (i < atp_option_count) {
        if (group_size(&atp_options[i]) > 0) {
            i = add_group(schema, i);
            continue;
        }
        if (!atp_options[i].is_flag_only) {
            schema->top[schema->top_count++] =
                option_field(&atp_options[i], atp_options[i].key, i * (uint32_t)sizeof(slot_t));
        }
        i++;
    }
    schema->root.type = CYAML_MAPPING;
    schema->root.flags = CYAML_FLAG_POINTER;
    schema->root.data_size = sizeof(content_t);
    schema->root.mapping.fields = schema->top;
}

/* ---- where libcyaml found fault ---- */

static bool is_group(const char *path)
{
    size_t size = strlen(path);

    for (uint32_t i = 0; i < atp_option_count; i++) {
        if (group_size(&atp_options[i]) == size && strncmp(atp_options[i].key, path, size) == 0) {
            return true;
        }
    }
    return false;
}

static const char *fault_of_kind(atp_config_kind_t found, atp_config_kind_t wanted)
{
    if (found == wanted) {
        return NULL;
    }
    return wanted == ATP_KIND_SCALAR     ? "takes one value"
           : wanted == ATP_KIND_SEQUENCE ? "takes a list, like [a, b]"
                                         : "takes keys with values below it";
}

/* Of an entry of a list: "listen[1]", "channels[0]", "channels[0].id". */
static const char *fault_of_entry(const atp_config_line_t *line, const char *bracket)
{
    char key[ATP_CONFIG_KEY_SIZE] = "";
    const char *rest = strchr(bracket, ']');

    memcpy(key, line->path, (size_t)(bracket - line->path));
    const atp_option_t *option = atp_option_find(key);
    if (option == NULL || rest == NULL || option->is_flag_only) {
        return NULL; /* told already: by the line of the key itself */
    }
    if (strcmp(rest, "]") == 0) {
        return fault_of_kind(line->kind,
                             option->type == ATP_OPTION_CHANNELS ? ATP_KIND_MAPPING : ATP_KIND_SCALAR);
    }
    if (strcmp(rest, "].id") == 0 || strcmp(rest, "].ttl") == 0) {
        return fault_of_kind(line->kind, ATP_KIND_SCALAR);
    }
    return "unknown key; a channel has id and ttl";
}

static const char *fault_of_line(const atp_config_lines_t *lines, uint32_t index)
{
    const atp_config_line_t *line = &lines->at[index];
    const atp_option_t *option = atp_option_find(line->path);
    const char *bracket = strchr(line->path, '[');

    for (uint32_t i = 0; i < index; i++) {
        if (strcmp(lines->at[i].path, line->path) == 0) {
            return "stands here a second time";
        }
    }
    if (option != NULL && option->is_flag_only) {
        return "is taken as a flag only";
    }
    if (option != NULL) {
        return fault_of_kind(line->kind, atp_option_is_list(option) ? ATP_KIND_SEQUENCE : ATP_KIND_SCALAR);
    }
    if (is_group(line->path)) {
        return fault_of_kind(line->kind, ATP_KIND_MAPPING);
    }
    return bracket != NULL ? fault_of_entry(line, bracket) : "unknown key";
}

static atp_err_t explain(const atp_config_lines_t *lines, const char *name, cyaml_err_t err,
                         atp_why_t *ret_why)
{
    char safe[ATP_SHOWN_SIZE];

    if (err == CYAML_ERR_OOM) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%s: no memory to read it", name);
    }
    for (uint32_t i = 0; i < lines->count; i++) {
        const char *fault = fault_of_line(lines, i);
        if (fault != NULL) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "%s:%" PRIu32 ": %s: %s", name, lines->at[i].line,
                            atp_value_shown(lines->at[i].path, safe), fault);
        }
    }
    return atp_fail(ret_why, ATP_ERR_FORMAT, "%s: not the keys and values of a configuration: %s", name,
                    cyaml_strerror(err));
}

/* ---- values ---- */

typedef struct apply {
    atp_config_t *config;
    const atp_config_lines_t *lines;
    const char *name;
    atp_why_t *why;
} apply_t;

/* Puts the place of `path` before the reason that stands in apply->why. */
static atp_err_t place_fault(const apply_t *apply, atp_err_t err, const char *path)
{
    atp_why_t reason;

    if (apply->why != NULL) {
        reason = *apply->why;
        atp_fail(apply->why, err, "%s:%" PRIu32 ": %s: %.240s", apply->name,
                 atp_config_lines_find(apply->lines, path), path, reason.text);
    }
    return err;
}

static atp_err_t apply_entry(const apply_t *apply, const atp_option_t *option, const slot_t *slot,
                             uint32_t index)
{
    char path[ATP_CONFIG_KEY_SIZE];
    atp_err_t err;

    snprintf(path, sizeof path, "%s[%" PRIu32 "]", option->key, index);
    if (option->type != ATP_OPTION_CHANNELS) {
        err = atp_option_set(option, apply->config, slot->entries[index], apply->why);
    } else if (slot->channels[index].id == NULL) {
        err = atp_fail(apply->why, ATP_ERR_INVALID, "a channel needs an id");
    } else {
        err = atp_option_add_channel(option, apply->config, slot->channels[index].id,
                                     slot->channels[index].ttl, apply->why);
    }
    return err == ATP_OK ? ATP_OK : place_fault(apply, err, path);
}

static atp_err_t apply_slot(const apply_t *apply, const atp_option_t *option, const slot_t *slot)
{
    atp_err_t err = ATP_OK;

    if (!atp_option_is_list(option)) {
        err = atp_option_set(option, apply->config, slot->text == NULL ? "" : slot->text, apply->why);
        return err == ATP_OK ? ATP_OK : place_fault(apply, err, option->key);
    }
    atp_option_clear(option, apply->config);
    for (uint32_t i = 0; err == ATP_OK && i < slot->count; i++) {
        err = apply_entry(apply, option, slot, i);
    }
    return err;
}

static atp_err_t apply_content(const apply_t *apply, const content_t *content)
{
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; err == ATP_OK && i < atp_option_count; i++) {
        if (atp_config_lines_find(apply->lines, atp_options[i].key) != 0) {
            err = apply_slot(apply, &atp_options[i], &content->slot[i]);
        }
    }
    return err;
}

static atp_err_t read_over(atp_config_t *config, const char *name, const char *bytes, size_t size,
                           atp_why_t *ret_why)
{
    atp_config_lines_t lines;
    schema_t schema;
    content_t *content = NULL;
    apply_t apply = {config, &lines, name, ret_why};
    atp_err_t err = atp_config_lines_read(&lines, name, bytes, size, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    make_schema(&schema);
    cyaml_err_t parsed =
        cyaml_load_data((const uint8_t *)bytes, size, &cyaml, &schema.root, (cyaml_data_t **)&content, NULL);
    if (parsed != CYAML_OK) {
        return explain(&lines, name, parsed, ret_why);
    }
    if (content != NULL) { /* NULL: there was nothing to read */
        err = apply_content(&apply, content);
        cyaml_free(&cyaml, &schema.root, content, 0);
    }
    return err;
}

atp_err_t atp_config_read_text(atp_config_t *config, const char *name, const char *bytes, size_t size,
                               atp_why_t *ret_why)
{
    atp_config_t changed = *config;

    if (size > ATP_CONFIG_FILE_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_LIMIT, "%s: larger than %u bytes", name, ATP_CONFIG_FILE_SIZE_MAX);
    }
    atp_err_t err = read_over(&changed, name, bytes, size, ret_why);
    if (err == ATP_OK) {
        *config = changed;
    }
    return err;
}

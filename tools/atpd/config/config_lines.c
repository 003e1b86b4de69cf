#include "tools/atpd/config/config_lines.h"

#include "tools/atpd/config/config_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

typedef struct frame {
    bool is_mapping;
    bool wants_key;   /* of a mapping: the next scalar is a key */
    uint32_t entries; /* of a sequence: seen so far */
    size_t path_size; /* of the path the container stands at */
} frame_t;

typedef struct walk {
    atp_config_lines_t *lines;
    const char *name;
    atp_why_t *why;
    char path[2 * ATP_CONFIG_KEY_SIZE];
    frame_t frame[ATP_CONFIG_DEPTH_MAX];
    uint32_t depth;
    uint32_t documents;
} walk_t;

static atp_err_t refuse(const walk_t *walk, const yaml_event_t *event, const char *what)
{
    return atp_fail(walk->why, ATP_ERR_FORMAT, "%s:%zu: %s", walk->name, event->start_mark.line + 1, what);
}

/* Sets the path to that of the container plus `step`. */
static void extend_path(walk_t *walk, const frame_t *frame, const char *step)
{
    snprintf(walk->path + frame->path_size, sizeof walk->path - frame->path_size, "%s", step);
    walk->path[ATP_CONFIG_KEY_SIZE - 1] = '\0';
}

static atp_err_t add_line(walk_t *walk, const yaml_event_t *event)
{
    if (walk->lines->count == ATP_CONFIG_LINES_MAX) {
        return refuse(walk, event, "more keys than a configuration has");
    }
    atp_config_line_t *line = &walk->lines->at[walk->lines->count++];
    strcpy(line->path, walk->path);
    line->kind = ATP_KIND_NONE;
    line->line = (uint32_t)event->start_mark.line + 1;
    return ATP_OK;
}

static atp_err_t take_key(walk_t *walk, frame_t *frame, const yaml_event_t *event)
{
    char step[ATP_CONFIG_KEY_SIZE];

    if (event->type != YAML_SCALAR_EVENT) {
        return refuse(walk, event, "a key must be a plain word");
    }
    snprintf(step, sizeof step, "%s%s", frame->path_size == 0 ? "" : ".",
             (const char *)event->data.scalar.value);
    extend_path(walk, frame, step);
    frame->wants_key = false;
    return add_line(walk, event);
}

/* A value begins: of the key just taken, or the next entry of a sequence. */
static atp_err_t begin_value(walk_t *walk, const yaml_event_t *event, atp_config_kind_t kind)
{
    char step[ATP_CONFIG_KEY_SIZE];
    atp_err_t err = ATP_OK;

    if (walk->depth == 0) {
        return ATP_OK; /* the whole document */
    }
    frame_t *frame = &walk->frame[walk->depth - 1];
    if (!frame->is_mapping) {
        snprintf(step, sizeof step, "[%" PRIu32 "]", frame->entries++);
        extend_path(walk, frame, step);
        err = add_line(walk, event);
    }
    frame->wants_key = frame->is_mapping;
    if (err == ATP_OK) {
        walk->lines->at[walk->lines->count - 1].kind = kind;
    }
    return err;
}

static atp_err_t begin_container(walk_t *walk, const yaml_event_t *event, bool is_mapping)
{
    atp_err_t err = begin_value(walk, event, is_mapping ? ATP_KIND_MAPPING : ATP_KIND_SEQUENCE);

    if (err != ATP_OK) {
        return err;
    }
    if (walk->depth == ATP_CONFIG_DEPTH_MAX) {
        return refuse(walk, event, "nested deeper than a configuration is");
    }
    walk->frame[walk->depth++] =
        (frame_t){.is_mapping = is_mapping, .wants_key = is_mapping, .path_size = strlen(walk->path)};
    return ATP_OK;
}

static atp_err_t take_event(walk_t *walk, const yaml_event_t *event)
{
    bool is_end = event->type == YAML_MAPPING_END_EVENT || event->type == YAML_SEQUENCE_END_EVENT;
    frame_t *frame = walk->depth == 0 ? NULL : &walk->frame[walk->depth - 1];

    if (event->type == YAML_DOCUMENT_START_EVENT && walk->documents++ > 0) {
        return refuse(walk, event, "a second document begins; a configuration is one");
    }
    if (event->type == YAML_SCALAR_EVENT &&
        strlen((const char *)event->data.scalar.value) != event->data.scalar.length) {
        return refuse(walk, event, "a NUL stands in a text");
    }
    if (frame != NULL && frame->is_mapping && frame->wants_key && !is_end) {
        return take_key(walk, frame, event);
    }
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse(walk, event, "aliases are not taken here");
    case YAML_SCALAR_EVENT:
        return begin_value(walk, event, ATP_KIND_SCALAR);
    case YAML_SEQUENCE_START_EVENT:
        return begin_container(walk, event, false);
    case YAML_MAPPING_START_EVENT:
        return begin_container(walk, event, true);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        walk->depth--;
        return ATP_OK;
    default:
        return ATP_OK;
    }
}

static size_t line_of_offset(const char *bytes, size_t size, size_t offset)
{
    size_t line = 1;

    for (size_t i = 0; i < size && i < offset; i++) {
        line += bytes[i] == '\n';
    }
    return line;
}

static atp_err_t parser_failed(const walk_t *walk, const yaml_parser_t *parser, const char *bytes,
                               size_t size)
{
    size_t line = parser->error == YAML_READER_ERROR ? line_of_offset(bytes, size, parser->problem_offset)
                                                     : parser->problem_mark.line + 1;

    if (parser->error == YAML_MEMORY_ERROR) {
        return atp_fail(walk->why, ATP_ERR_MEMORY, "%s: no memory to read it", walk->name);
    }
    return atp_fail(walk->why, ATP_ERR_FORMAT, "%s:%zu: not YAML: %s", walk->name, line,
                    parser->problem == NULL ? "unreadable" : parser->problem);
}

static atp_err_t walk_events(walk_t *walk, yaml_parser_t *parser, const char *bytes, size_t size)
{
    atp_err_t err = ATP_OK;
    bool is_last = false;

    while (err == ATP_OK && !is_last) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            return parser_failed(walk, parser, bytes, size);
        }
        is_last = event.type == YAML_STREAM_END_EVENT;
        err = take_event(walk, &event);
        yaml_event_delete(&event);
    }
    return err;
}

atp_err_t atp_config_lines_read(atp_config_lines_t *lines, const char *name, const char *bytes, size_t size,
                                atp_why_t *ret_why)
{
    walk_t walk = {.lines = lines, .name = name, .why = ret_why};
    yaml_parser_t parser;

    lines->count = 0;
    if (yaml_parser_initialize(&parser) == 0) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%s: no memory to read it", name);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, size);
    atp_err_t err = walk_events(&walk, &parser, bytes, size);
    yaml_parser_delete(&parser);
    return err;
}

uint32_t atp_config_lines_find(const atp_config_lines_t *lines, const char *path)
{
    for (uint32_t i = 0; i < lines->count; i++) {
        if (strcmp(lines->at[i].path, path) == 0) {
            return lines->at[i].line;
        }
    }
    return 0;
}

/* JSON lines: one object a line. A column is a key, or a path of keys: "variant.sku".
 *
 * A string is its text, a number its digits, true and false their words; null and a key that is not there are empty; an
 * object or a list where a text is wanted is a bad record. A number with a fraction or an exponent goes through a
 * double, which keeps 15 digits exactly: one with more is a bad record, never rounded. */
#include "loaders/formats/format.h"
#include "loaders/formats/stream.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE_MAX (256u << 10) /* unless the profile says otherwise */
#define COLUMNS_MAX   64           /* more than a profile can name */
#define PATH_SIZE_MAX 255
#define EXACT_DIGITS  15 /* DBL_DIG */
#define NUMBER_ROOM   32

typedef struct json_lines {
    atp_stream_t stream;
    const char *place;
    size_t line_size_max;
    bool is_skipping; /* within a line too long to be kept */
    bool is_full;     /* the texts of the line did not fit beside those before it */
    uint32_t column_count;
    char columns[COLUMNS_MAX][PATH_SIZE_MAX + 1];
    atp_text_t fields[COLUMNS_MAX];
} json_lines_t;

/* --- open and close ---------------------------------------------------------------------------------- */

static atp_err_t create(const atp_format_source_t *source, void **ret_reader)
{
    json_lines_t *lines = calloc(1, sizeof *lines);

    if (lines == NULL) {
        return ATP_ERR_MEMORY;
    }
    lines->place = source->place;
    lines->line_size_max =
        source->format->record_size_max != 0 ? source->format->record_size_max : LINE_SIZE_MAX;
    if (atp_stream_init(&lines->stream, source->read, source->context, lines->line_size_max) != ATP_OK) {
        free(lines);
        return ATP_ERR_MEMORY;
    }
    *ret_reader = lines;
    return ATP_OK;
}

static void destroy(void *reader)
{
    json_lines_t *lines = reader;

    if (lines != NULL) {
        atp_stream_fini(&lines->stream);
        free(lines);
    }
}

static void restart(void *reader)
{
    json_lines_t *lines = reader;

    atp_stream_restart(&lines->stream);
    lines->is_skipping = false;
}

static atp_err_t begin(void *reader, atp_why_t *ret_why)
{
    (void)reader; /* no header */
    (void)ret_why;
    return ATP_OK;
}

static atp_err_t column_of(void *reader, const char *column, uint32_t *ret_index, atp_why_t *ret_why)
{
    json_lines_t *lines = reader;

    for (*ret_index = 0; *ret_index < lines->column_count; (*ret_index)++) {
        if (strcmp(lines->columns[*ret_index], column) == 0) {
            return ATP_OK;
        }
    }
    if (lines->column_count == COLUMNS_MAX || strlen(column) > PATH_SIZE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "%.150s: more than %d columns, or a longer name than %d bytes", lines->place,
                        COLUMNS_MAX, PATH_SIZE_MAX);
    }
    snprintf(lines->columns[lines->column_count++], PATH_SIZE_MAX + 1, "%s", column);
    return ATP_OK;
}

static atp_err_t fill(void *reader, atp_why_t *ret_why)
{
    json_lines_t *lines = reader;
    atp_err_t err = atp_stream_fill(&lines->stream, ret_why);

    if (err == ATP_ERR_FORMAT && ret_why != NULL) {
        atp_why_t inner = *ret_why;
        return atp_fail(ret_why, err, "%.200s: %.150s", lines->place, inner.text);
    }
    return err;
}

/* --- one line ---------------------------------------------------------------------------------------- */

/* Whether a number outside strings has more digits than a double keeps. The line is sound JSON. */
static bool has_inexact_number(atp_text_t raw)
{
    bool in_string = false;
    bool is_real = false;
    uint32_t digits = 0;

    for (uint32_t i = 0; i < raw.size; i++) {
        char c = raw.bytes[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
            continue;
        }
        if (c >= '0' && c <= '9') {
            digits += c != '0' || digits > 0;
        } else if (c == '.' || c == 'e' || c == 'E') {
            is_real = true; /* the e of true and false has no digits */
        } else if (c != '+' && c != '-') {
            digits = 0;
            is_real = false;
        }
        if (is_real && digits > EXACT_DIGITS) {
            return true;
        }
        in_string = c == '"';
    }
    return false;
}

static const json_t *value_at(const json_t *object, const char *path)
{
    char key[PATH_SIZE_MAX + 1];
    const json_t *whole = json_object_get(object, path); /* a key may have a dot in it */

    while (whole == NULL && json_is_object(object)) {
        size_t size = strcspn(path, ".");
        snprintf(key, sizeof key, "%.*s", (int)size, path);
        object = json_object_get(object, key);
        if (path[size] == '\0') {
            return object;
        }
        path += size + 1;
    }
    return whole;
}

static void keep(json_lines_t *lines, const char *bytes, size_t size, atp_text_t *ret_text)
{
    char *room = atp_stream_room(&lines->stream, size);

    if (room == NULL) {
        lines->is_full = true;
        return;
    }
    memcpy(room, bytes, size);
    *ret_text = (atp_text_t){room, (uint32_t)size};
}

/* False: a list or an object, which is no text. */
static bool text_of(json_lines_t *lines, const json_t *value, atp_text_t *ret_text)
{
    char number[NUMBER_ROOM];

    *ret_text = (atp_text_t){"", 0};
    switch (value == NULL ? JSON_NULL : json_typeof(value)) {
    case JSON_STRING:
        keep(lines, json_string_value(value), json_string_length(value), ret_text);
        return true;
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        keep(lines, number, strlen(number), ret_text);
        return true;
    case JSON_REAL:
        snprintf(number, sizeof number, "%.*g", EXACT_DIGITS, json_real_value(value));
        keep(lines, number, strlen(number), ret_text);
        return true;
    case JSON_TRUE:
    case JSON_FALSE:
        *ret_text = atp_text_of(json_is_true(value) ? "true" : "false");
        return true;
    case JSON_NULL:
        return true;
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return false;
}

static atp_reason_of_reject_t read_fields(json_lines_t *lines, const json_t *object)
{
    for (uint32_t i = 0; i < lines->column_count; i++) {
        if (!text_of(lines, value_at(object, lines->columns[i]), &lines->fields[i])) {
            return ATP_REJECT_NOT_TEXT;
        }
    }
    return ATP_REJECT_NONE;
}

static atp_reason_of_reject_t read_object(json_lines_t *lines, atp_text_t raw)
{
    json_t *object = json_loadb(raw.bytes, raw.size, JSON_REJECT_DUPLICATES, NULL);
    atp_reason_of_reject_t reason = ATP_REJECT_JSON_MALFORMED;

    if (json_is_object(object)) {
        reason = has_inexact_number(raw) ? ATP_REJECT_QTY_TOO_PRECISE : read_fields(lines, object);
    }
    json_decref(object);
    return reason;
}

/* --- records ----------------------------------------------------------------------------------------- */

static bool is_blank(atp_text_t raw)
{
    uint32_t i = 0;

    while (i < raw.size && strchr(" \t\r", raw.bytes[i]) != NULL && raw.bytes[i] != '\0') {
        i++;
    }
    return i == raw.size;
}

static void give(json_lines_t *lines, atp_text_t raw, atp_reason_of_reject_t reason, atp_record_t *ret_record)
{
    *ret_record = (atp_record_t){
        .fields = lines->fields,
        .field_count = reason == ATP_REJECT_NONE ? lines->column_count : 0,
        .reason = reason,
        .line = lines->stream.line,
        .raw = raw,
    };
}

/* Goes on behind the line that ends at `end`. */
static void pass_line(json_lines_t *lines, size_t end)
{
    lines->stream.begin = end < lines->stream.end ? end + 1 : end;
    lines->stream.line++;
    lines->is_skipping = false;
}

/* The window has no end of the line: more is wanted, or the line is too long and its beginning is told of. */
static atp_record_status_t without_end(json_lines_t *lines, atp_record_t *ret_record)
{
    atp_stream_t *stream = &lines->stream;
    atp_text_t raw = {stream->bytes + stream->begin, (uint32_t)lines->line_size_max};
    bool is_told = lines->is_skipping;

    if (stream->end - stream->begin <= lines->line_size_max) {
        return ATP_RECORD_FILL;
    }
    give(lines, raw, ATP_REJECT_RECORD_TOO_LONG, ret_record);
    stream->begin = stream->end;
    lines->is_skipping = true;
    return is_told ? ATP_RECORD_FILL : ATP_RECORD_READ;
}

static atp_record_status_t next(void *reader, atp_record_t *ret_record)
{
    json_lines_t *lines = reader;
    atp_stream_t *stream = &lines->stream;
    size_t end;

    for (;;) {
        if (stream->begin == stream->end) {
            return stream->is_at_end ? ATP_RECORD_END : ATP_RECORD_FILL;
        }
        if (!atp_stream_find_line(stream, &end)) {
            return without_end(lines, ret_record);
        }
        size_t size = end - stream->begin;
        bool is_too_long = size > lines->line_size_max;
        atp_text_t raw = {stream->bytes + stream->begin,
                          (uint32_t)(is_too_long ? lines->line_size_max : size)};
        if (lines->is_skipping || is_blank(raw)) {
            pass_line(lines, end);
            continue;
        }
        size_t used = stream->texts_used;
        atp_reason_of_reject_t reason = is_too_long ? ATP_REJECT_RECORD_TOO_LONG : read_object(lines, raw);
        if (lines->is_full) { /* again, with an empty store; or never */
            lines->is_full = false;
            stream->texts_used = used;
            if (used > 0) {
                return ATP_RECORD_FILL;
            }
            reason = ATP_REJECT_RECORD_TOO_LONG;
        }
        give(lines, raw, reason, ret_record);
        pass_line(lines, end);
        return ATP_RECORD_READ;
    }
}

const atp_format_t atp_format_json_lines = {create, destroy, restart, begin, column_of, next, fill, NULL};

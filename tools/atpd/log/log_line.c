#include "tools/atpd/log/log_line.h"

#include <inttypes.h>
#include <stdio.h>

/* Kept free for what ends every line: truncated, brace, newline. */
#define TAIL_SIZE 32

typedef struct line {
    char *bytes;
    size_t size;
    size_t room;
    bool is_full; /* something was left out since this was last cleared */
    atp_log_format_t format;
} line_t;

static void put(line_t *line, const char *bytes, size_t size)
{
    if (line->is_full || size > line->room - line->size) {
        line->is_full = true;
        return;
    }
    memcpy(line->bytes + line->size, bytes, size);
    line->size += size;
}

static void put_string(line_t *line, const char *string)
{
    put(line, string, strlen(string));
}

static void put_number(line_t *line, const char *format, uint64_t number)
{
    char digits[32];
    int size = snprintf(digits, sizeof digits, format, number);
    put(line, digits, (size_t)size);
}

/* Bytes of the well-formed sequence that starts at `bytes`, 0 if there is none or it is a C0 control or DEL. */
static uint32_t sequence_size(const char *bytes, uint32_t left)
{
    unsigned char lead = (unsigned char)bytes[0];
    uint32_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

    return size <= left && atp_text_is_clean((atp_text_t){bytes, size}) ? size : 0;
}

static void put_control(line_t *line, unsigned code)
{
    switch (code) {
    case '\n':
        put_string(line, "\\n");
        return;
    case '\r':
        put_string(line, "\\r");
        return;
    case '\t':
        put_string(line, "\\t");
        return;
    default:
        put_number(line, "\\u%04" PRIx64, code);
    }
}

/* Writes one character, escaped if need be; returns how many bytes of the text it was. */
static uint32_t put_character(line_t *line, const char *bytes, uint32_t left)
{
    unsigned char lead = (unsigned char)bytes[0];
    uint32_t size = sequence_size(bytes, left);

    if (size == 0 && (lead < 0x20 || lead == 0x7f)) {
        put_control(line, lead);
        return 1;
    }
    if (size == 0) {
        put_string(line, "\xef\xbf\xbd"); /* U+FFFD */
        return 1;
    }
    if (size == 2 && lead == 0xc2 && (unsigned char)bytes[1] < 0xa0) { /* C1: moves cursors, too */
        put_control(line, (unsigned char)bytes[1]);
        return 2;
    }
    if (lead == '"' || lead == '\\') {
        put(line, "\\", 1);
    }
    put(line, bytes, size);
    return size;
}

static void put_quoted(line_t *line, atp_text_t text)
{
    uint32_t at = 0;

    put(line, "\"", 1);
    while (at < text.size && at < ATP_LOG_VALUE_SIZE_MAX) {
        at += put_character(line, text.bytes + at, text.size - at);
    }
    if (at < text.size) {
        put_string(line, "\xe2\x80\xa6"); /* an ellipsis: there was more */
    }
    put(line, "\"", 1);
}

static bool is_plain(atp_text_t text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.bytes[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return text.size > 0 && text.size <= ATP_LOG_VALUE_SIZE_MAX;
}

static void put_text(line_t *line, atp_text_t text)
{
    if (line->format == ATP_LOG_LOGFMT && is_plain(text)) {
        put(line, text.bytes, text.size);
    } else {
        put_quoted(line, text);
    }
}

static void put_key(line_t *line, const char *key)
{
    if (line->format == ATP_LOG_JSON) {
        put_string(line, line->size == 0 ? "{\"" : ",\"");
        put_string(line, key);
        put_string(line, "\":");
    } else {
        put_string(line, line->size == 0 ? "" : " ");
        put_string(line, key);
        put(line, "=", 1);
    }
}

static void put_value(line_t *line, const atp_log_field_t *field)
{
    char hex[24];

    switch (field->type) {
    case ATP_LOG_TYPE_TEXT:
        put_text(line, field->value.text);
        break;
    case ATP_LOG_TYPE_U64:
        put_number(line, "%" PRIu64, field->value.u64);
        break;
    case ATP_LOG_TYPE_I64:
        put_number(line, "%" PRId64, field->value.u64);
        break;
    case ATP_LOG_TYPE_BOOL:
        put_string(line, field->value.truth ? "true" : "false");
        break;
    case ATP_LOG_TYPE_HEX:
        snprintf(hex, sizeof hex, "%016" PRIx64, field->value.u64);
        put_text(line, atp_text_of(hex));
        break;
    case ATP_LOG_TYPE_END:
        break;
    }
}

/* Writes the field whole, or leaves the line as it was and returns false. */
static bool put_field(line_t *line, const atp_log_field_t *field)
{
    size_t before = line->size;

    put_key(line, field->key);
    put_value(line, field);
    if (line->is_full) {
        line->size = before;
        line->is_full = false;
        return false;
    }
    return true;
}

/* Years, months and days from days since 1970-01-01; the calendar that leaves no lock to wait for.
 * Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days. */
static void put_date(char *ret_text, size_t size, uint64_t time_ms)
{
    uint64_t seconds = time_ms / 1000;
    uint64_t z = seconds / 86400 + 719468;
    uint64_t era = z / 146097;
    uint64_t day_of_era = z % 146097;
    uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    uint64_t year = year_of_era + era * 400 + (month <= 2);

    snprintf(ret_text, size,
             "%04" PRIu64 "-%02" PRIu64 "-%02" PRIu64 "T%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64
             "Z",
             year, month, day, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, time_ms % 1000);
}

static bool put_head(line_t *line, const atp_log_entry_t *entry)
{
    char date[160]; /* as much as seven numbers of any size take: the compiler counts */

    put_date(date, sizeof date, entry->time_ms < 0 ? 0 : (uint64_t)entry->time_ms);
    bool is_whole = put_field(line, &ATP_LOG_STR("ts", date));
    is_whole &= put_field(line, &ATP_LOG_STR("level", atp_log_level_name(entry->level)));
    is_whole &= put_field(line, &ATP_LOG_STR("event", entry->event));
    if (entry->suppressed != 0) {
        is_whole &= put_field(line, &ATP_LOG_U64("suppressed", entry->suppressed));
    }
    return is_whole;
}

size_t atp_log_line(atp_log_format_t format, const atp_log_entry_t *entry,
                    char ret_line[ATP_LOG_LINE_SIZE_MAX])
{
    line_t line = {.bytes = ret_line, .room = ATP_LOG_LINE_SIZE_MAX - TAIL_SIZE, .format = format};
    bool is_whole = put_head(&line, entry);

    for (const atp_log_field_t *field = entry->fields; field->type != ATP_LOG_TYPE_END; field++) {
        is_whole &= put_field(&line, field);
    }
    line.room = ATP_LOG_LINE_SIZE_MAX;
    if (!is_whole) {
        (void)put_field(&line, &ATP_LOG_BOOL("truncated", true));
    }
    put_string(&line, format == ATP_LOG_JSON ? "}\n" : "\n");
    ATP_ASSERT(!line.is_full);
    return line.size;
}

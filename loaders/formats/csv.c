#include "loaders/formats/csv.h"

#include "loaders/formats/stream.h"

#include <stdlib.h>
#include <string.h>

struct atp_csv {
    atp_csv_format_t format;
    atp_stream_t stream; /* its texts are quoted fields with their doubled quotes made single */
    size_t next_quote;   /* first quote at or after the stream's begin, or its end; void when below */
    size_t next_nul;     /* the same for zero bytes */
    bool is_skipping;    /* within a line too long to be kept */
    atp_text_t fields[ATP_CSV_FIELD_COUNT_MAX];
};

static bool is_format_sound(const atp_csv_format_t *format)
{
    unsigned char delimiter = (unsigned char)format->delimiter;

    return delimiter != 0 && delimiter < 0x80 && delimiter != '"' && delimiter != '\n' && delimiter != '\r' &&
           format->field_size_max <= ATP_CSV_SIZE_LIMIT_HIGHEST &&
           format->record_size_max <= ATP_CSV_SIZE_LIMIT_HIGHEST;
}

atp_err_t atp_csv_create(const atp_csv_format_t *format, atp_record_source_fn read, void *context,
                         atp_csv_t **ret_csv)
{
    if (!is_format_sound(format)) {
        return ATP_ERR_INVALID;
    }
    atp_csv_t *csv = calloc(1, sizeof *csv);
    if (csv == NULL) {
        return ATP_ERR_MEMORY;
    }
    csv->format = *format;
    if (csv->format.field_size_max == 0) {
        csv->format.field_size_max = ATP_CSV_FIELD_SIZE_MAX;
    }
    if (csv->format.record_size_max == 0) {
        csv->format.record_size_max = ATP_CSV_RECORD_SIZE_MAX;
    }
    if (atp_stream_init(&csv->stream, read, context, csv->format.record_size_max) != ATP_OK) {
        free(csv);
        return ATP_ERR_MEMORY;
    }
    atp_csv_restart(csv);
    *ret_csv = csv;
    return ATP_OK;
}

void atp_csv_destroy(atp_csv_t *csv)
{
    if (csv != NULL) {
        atp_stream_fini(&csv->stream);
        free(csv);
    }
}

void atp_csv_restart(atp_csv_t *csv)
{
    atp_stream_restart(&csv->stream);
    csv->next_quote = 0;
    csv->next_nul = 0;
    csv->is_skipping = false;
}

/* --- filling ----------------------------------------------------------------------------------------- */

atp_err_t atp_csv_fill(atp_csv_t *csv, atp_why_t *ret_why)
{
    atp_stream_t *stream = &csv->stream;
    atp_err_t err = atp_stream_fill(stream, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    const char *from = stream->bytes + stream->begin;
    size_t size = stream->end - stream->begin;
    const char *quote = csv->format.has_quotes ? memchr(from, '"', size) : NULL;
    const char *nul = memchr(from, '\0', size);
    csv->next_quote = quote != NULL ? (size_t)(quote - stream->bytes) : stream->end;
    csv->next_nul = nul != NULL ? (size_t)(nul - stream->bytes) : stream->end;
    return ATP_OK;
}

/* Where the first `c` at or after `at` is, or the end of the buffer. `known` remembers it between calls: each byte
 * is looked at once however many records there are. */
static size_t find_from(const atp_csv_t *csv, size_t *known, char c, size_t at)
{
    if (*known < at) {
        const char *found = memchr(csv->stream.bytes + at, c, csv->stream.end - at);
        *known = found != NULL ? (size_t)(found - csv->stream.bytes) : csv->stream.end;
    }
    return *known;
}

/* --- giving records back ----------------------------------------------------------------------------- */

/* The end of the text of a line that ends before `end`: without the CR of a CRLF. */
static size_t without_cr(const atp_csv_t *csv, size_t begin, size_t end)
{
    return end > begin && csv->stream.bytes[end - 1] == '\r' ? end - 1 : end;
}

static atp_record_status_t give_bad(atp_csv_t *csv, atp_reason_of_reject_t reason, size_t raw_end,
                                    atp_record_t *ret_record)
{
    size_t size = raw_end - csv->stream.begin;

    if (size > csv->format.record_size_max) {
        size = csv->format.record_size_max;
    }
    *ret_record = (atp_record_t){
        .fields = csv->fields,
        .reason = reason,
        .line = csv->stream.line,
        .raw = {csv->stream.bytes + csv->stream.begin, (uint32_t)size},
    };
    return ATP_RECORD_READ;
}

/* Goes on behind the line that ends at `line_end` (at its LF, or at the end of the text). */
static void pass_line(atp_csv_t *csv, size_t line_end)
{
    csv->stream.begin = line_end < csv->stream.end ? line_end + 1 : line_end;
    csv->stream.line++;
}

static uint64_t count_lines(const atp_csv_t *csv, size_t from, size_t to)
{
    uint64_t lines = 0;
    const char *at = csv->stream.bytes + from;
    const char *end = csv->stream.bytes + to;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        lines++;
        at++;
    }
    return lines;
}

/* What a record whose text is [begin, text_end) may still be refused for, once it is split. */
static atp_reason_of_reject_t check_sizes(atp_csv_t *csv, size_t text_end, uint32_t field_count)
{
    size_t size = text_end - csv->stream.begin;

    if (find_from(csv, &csv->next_nul, '\0', csv->stream.begin) < text_end) {
        return ATP_REJECT_NUL_BYTE;
    }
    if (size > csv->format.record_size_max) {
        return ATP_REJECT_RECORD_TOO_LONG;
    }
    for (uint32_t i = 0; size > csv->format.field_size_max && i < field_count; i++) {
        if (csv->fields[i].size > csv->format.field_size_max) {
            return ATP_REJECT_FIELD_TOO_LONG;
        }
    }
    return ATP_REJECT_NONE;
}

static atp_record_status_t give(atp_csv_t *csv, atp_reason_of_reject_t reason, size_t text_end,
                                uint32_t field_count, atp_record_t *ret_record)
{
    if (reason == ATP_REJECT_NONE) {
        reason = check_sizes(csv, text_end, field_count);
    }
    if (ATP_UNLIKELY(reason != ATP_REJECT_NONE)) {
        return give_bad(csv, reason, text_end, ret_record);
    }
    *ret_record = (atp_record_t){
        .fields = csv->fields,
        .field_count = field_count,
        .line = csv->stream.line,
        .raw = {csv->stream.bytes + csv->stream.begin, (uint32_t)(text_end - csv->stream.begin)},
    };
    return ATP_RECORD_READ;
}

/* --- lines without quotes ---------------------------------------------------------------------------- */

/* Splits [begin, end) at delimiters. Returns the number of fields, above ATP_CSV_FIELD_COUNT_MAX if too many. */
static uint32_t split_plain(atp_csv_t *csv, size_t begin, size_t end)
{
    const char *at = csv->stream.bytes + begin;
    const char *stop = csv->stream.bytes + end;
    const char delimiter = csv->format.delimiter;
    uint32_t count = 0;

    for (;;) {
        const char *field = at;
        while (at < stop && *at != delimiter) { /* fields are short: quicker than a call of memchr */
            at++;
        }
        if (count == ATP_CSV_FIELD_COUNT_MAX) {
            return count + 1;
        }
        csv->fields[count++] = (atp_text_t){field, (uint32_t)(at - field)};
        if (at == stop) {
            return count;
        }
        at++;
    }
}

/* --- records with quotes ----------------------------------------------------------------------------- */

typedef struct quoted_cut {
    atp_reason_of_reject_t reason;
    bool needs_more; /* the buffer ends within the record, and there is more to come */
    size_t text_end; /* of a whole record: its end, without the line end */
    size_t line_end; /* of a whole record: its LF, or the end of the text */
    uint32_t field_count;
} quoted_cut_t;

/* The closing quote of a field whose text begins at `at`; `stop` if there is none before it. */
static size_t find_closing(const atp_csv_t *csv, size_t at, size_t stop, bool *ret_has_doubled)
{
    *ret_has_doubled = false;
    while (at < stop) {
        const char *quote = memchr(csv->stream.bytes + at, '"', stop - at);
        if (quote == NULL) {
            return stop;
        }
        at = (size_t)(quote - csv->stream.bytes);
        if (at + 1 >= csv->stream.end || csv->stream.bytes[at + 1] != '"') {
            return at;
        }
        *ret_has_doubled = true;
        at += 2;
    }
    return stop;
}

static atp_text_t undouble(atp_csv_t *csv, size_t begin, size_t end)
{
    char *to = csv->stream.texts + csv->stream.texts_used;
    atp_text_t text = {to, 0};

    for (size_t at = begin; at < end; at++) {
        *to++ = csv->stream.bytes[at];
        if (csv->stream.bytes[at] == '"') {
            at++; /* its double */
        }
    }
    text.size = (uint32_t)(to - text.bytes);
    csv->stream.texts_used += text.size;
    return text;
}

/* One quoted field, its opening quote at *at. Moves *at behind the closing quote. */
static atp_reason_of_reject_t cut_quoted(atp_csv_t *csv, size_t *at, atp_text_t *ret_field,
                                         bool *ret_needs_more)
{
    bool has_doubled;
    size_t begin = *at + 1;
    size_t limit = csv->stream.begin + csv->format.record_size_max + 1;
    size_t stop = limit < csv->stream.end ? limit : csv->stream.end;
    size_t closing = find_closing(csv, begin, stop, &has_doubled);

    /* A quote as last byte of the buffer may be the first half of a doubled one. */
    if (closing >= stop || (closing + 1 == csv->stream.end && !csv->stream.is_at_end)) {
        *ret_needs_more = stop == csv->stream.end && !csv->stream.is_at_end;
        return ATP_REJECT_QUOTE_UNTERMINATED;
    }
    *ret_field = has_doubled ? undouble(csv, begin, closing)
                             : (atp_text_t){csv->stream.bytes + begin, (uint32_t)(closing - begin)};
    *at = closing + 1;
    return ATP_REJECT_NONE;
}

static atp_reason_of_reject_t cut_unquoted(const atp_csv_t *csv, size_t *at, size_t line_end,
                                           atp_text_t *ret_field)
{
    size_t begin = *at;

    while (*at < line_end && csv->stream.bytes[*at] != csv->format.delimiter) {
        if (csv->stream.bytes[*at] == '"') {
            return ATP_REJECT_QUOTE_IN_FIELD;
        }
        (*at)++;
    }
    *ret_field = (atp_text_t){csv->stream.bytes + begin, (uint32_t)(*at - begin)};
    return ATP_REJECT_NONE;
}

static size_t line_end_from(const atp_csv_t *csv, size_t at)
{
    const char *lf = memchr(csv->stream.bytes + at, '\n', csv->stream.end - at);
    return lf != NULL ? (size_t)(lf - csv->stream.bytes) : csv->stream.end;
}

static quoted_cut_t split_quoted(atp_csv_t *csv)
{
    quoted_cut_t cut = {.reason = ATP_REJECT_NONE};
    size_t at = csv->stream.begin;

    cut.line_end = line_end_from(csv, at);
    cut.text_end = without_cr(csv, at, cut.line_end);
    for (;;) {
        atp_text_t field = {csv->stream.bytes + at, 0};
        if (at < cut.text_end && csv->stream.bytes[at] == '"') {
            cut.reason = cut_quoted(csv, &at, &field, &cut.needs_more);
            if (cut.reason == ATP_REJECT_NONE && at > cut.line_end) { /* the field held a line end */
                cut.line_end = line_end_from(csv, at);
                cut.text_end = without_cr(csv, at, cut.line_end);
            }
        } else {
            cut.reason = cut_unquoted(csv, &at, cut.text_end, &field);
        }
        if (cut.reason != ATP_REJECT_NONE) {
            return cut;
        }
        if (cut.field_count < ATP_CSV_FIELD_COUNT_MAX) {
            csv->fields[cut.field_count] = field;
        }
        cut.field_count++;
        if (at == cut.text_end) {
            break;
        }
        if (csv->stream.bytes[at] != csv->format.delimiter) {
            cut.reason = ATP_REJECT_TEXT_AFTER_QUOTE;
            return cut;
        }
        at++;
    }
    cut.needs_more = cut.line_end == csv->stream.end && !csv->stream.is_at_end;
    return cut;
}

/* A record whose first line holds a quote. */
static atp_record_status_t next_quoted(atp_csv_t *csv, size_t first_line_end, atp_record_t *ret_record)
{
    size_t scratch_before = csv->stream.texts_used;
    quoted_cut_t cut = split_quoted(csv);

    bool is_cut_off = cut.needs_more || (first_line_end == csv->stream.end && !csv->stream.is_at_end);

    if (is_cut_off && csv->stream.end - csv->stream.begin <= csv->format.record_size_max) {
        csv->stream.texts_used = scratch_before;
        return ATP_RECORD_FILL;
    }
    if (cut.reason == ATP_REJECT_NONE && is_cut_off) {
        cut.reason = ATP_REJECT_RECORD_TOO_LONG;
    }
    if (cut.reason != ATP_REJECT_NONE) {
        csv->stream.texts_used = scratch_before;
        /* Where the record ends is anybody's guess: its first line is at fault, the next line is tried anew. */
        atp_record_status_t status =
            give_bad(csv, cut.reason, without_cr(csv, csv->stream.begin, first_line_end), ret_record);
        csv->is_skipping = first_line_end == csv->stream.end && !csv->stream.is_at_end;
        if (csv->is_skipping) {
            csv->stream.begin = csv->stream.end;
        } else {
            pass_line(csv, first_line_end);
        }
        return status;
    }
    uint64_t lines = count_lines(csv, first_line_end, cut.line_end);
    if (cut.field_count > ATP_CSV_FIELD_COUNT_MAX) {
        cut.reason = ATP_REJECT_TOO_MANY_FIELDS;
    }
    atp_record_status_t status = give(csv, cut.reason, cut.text_end, cut.field_count, ret_record);
    pass_line(csv, cut.line_end);
    csv->stream.line += lines;
    return status;
}

/* --- the next record --------------------------------------------------------------------------------- */

static atp_record_status_t no_more_here(const atp_csv_t *csv)
{
    return csv->stream.is_at_end ? ATP_RECORD_END : ATP_RECORD_FILL;
}

/* Goes on behind a line that was too long. Returns false when its end is not in the buffer. */
static bool end_skipping(atp_csv_t *csv)
{
    size_t line_end = line_end_from(csv, csv->stream.begin);

    if (line_end == csv->stream.end) {
        csv->stream.begin = csv->stream.end;
        return false;
    }
    pass_line(csv, line_end);
    csv->is_skipping = false;
    return true;
}

/* The line runs past the buffer and there is more to come. */
static atp_record_status_t long_line(atp_csv_t *csv, atp_record_t *ret_record)
{
    if (csv->stream.end - csv->stream.begin <= csv->format.record_size_max) {
        return ATP_RECORD_FILL;
    }
    atp_record_status_t status = give_bad(csv, ATP_REJECT_RECORD_TOO_LONG, csv->stream.end, ret_record);
    csv->stream.begin = csv->stream.end;
    csv->is_skipping = true;
    return status;
}

atp_record_status_t atp_csv_next(atp_csv_t *csv, atp_record_t *ret_record)
{
    for (;;) {
        if (ATP_UNLIKELY(csv->is_skipping) && !end_skipping(csv)) {
            return no_more_here(csv);
        }
        if (csv->stream.begin == csv->stream.end) {
            return no_more_here(csv);
        }
        size_t line_end = line_end_from(csv, csv->stream.begin);
        size_t text_end = without_cr(csv, csv->stream.begin, line_end);
        bool has_quote =
            csv->format.has_quotes && find_from(csv, &csv->next_quote, '"', csv->stream.begin) < text_end;
        if (ATP_UNLIKELY(has_quote)) {
            return next_quoted(csv, line_end, ret_record);
        }
        if (ATP_UNLIKELY(line_end == csv->stream.end && !csv->stream.is_at_end)) {
            return long_line(csv, ret_record);
        }
        if (text_end > csv->stream.begin) {
            uint32_t count = split_plain(csv, csv->stream.begin, text_end);
            atp_reason_of_reject_t reason =
                count > ATP_CSV_FIELD_COUNT_MAX ? ATP_REJECT_TOO_MANY_FIELDS : ATP_REJECT_NONE;
            atp_record_status_t status = give(csv, reason, text_end, count, ret_record);
            pass_line(csv, line_end);
            return status;
        }
        pass_line(csv, line_end);
    }
}

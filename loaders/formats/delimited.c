/* Delimited text: a header or none, then a record a line (loaders/formats/csv.h). */
#include "loaders/formats/csv.h"
#include "loaders/formats/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct delimited {
    atp_format_source_t source;
    atp_csv_t *csv;
    char *header; /* the names one after the other, each ended by a zero byte */
    uint32_t header_count;
    uint32_t field_count; /* of every record; 0 = any */
} delimited_t;

static void destroy(void *reader)
{
    delimited_t *table = reader;

    if (table != NULL) {
        atp_csv_destroy(table->csv);
        free(table->header);
        free(table);
    }
}

static atp_err_t create(const atp_format_source_t *source, void **ret_reader)
{
    atp_csv_format_t csv_format = atp_profile_csv_format(source->format);
    delimited_t *table = calloc(1, sizeof *table);

    if (table == NULL || atp_csv_create(&csv_format, source->read, source->context, &table->csv) != ATP_OK) {
        free(table);
        return ATP_ERR_MEMORY;
    }
    table->source = *source;
    table->field_count = source->format->field_count;
    *ret_reader = table;
    return ATP_OK;
}

static void restart(void *reader)
{
    delimited_t *table = reader;

    atp_csv_restart(table->csv);
}

static atp_err_t fill(void *reader, atp_why_t *ret_why)
{
    delimited_t *table = reader;
    atp_err_t err = atp_csv_fill(table->csv, ret_why);

    if (err == ATP_ERR_FORMAT && ret_why != NULL) {
        atp_why_t inner = *ret_why;
        return atp_fail(ret_why, err, "%.200s: %.150s", table->source.place, inner.text);
    }
    return err;
}

/* --- the header -------------------------------------------------------------------------------------- */

static atp_err_t keep_header(delimited_t *table, const atp_record_t *record, atp_why_t *ret_why)
{
    size_t size = record->field_count;

    for (uint32_t i = 0; i < record->field_count; i++) {
        size += record->fields[i].size;
    }
    free(table->header);
    char *to = table->header = malloc(size);
    if (table->header == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory for its header", table->source.place);
    }
    for (uint32_t i = 0; i < record->field_count; i++) {
        memcpy(to, record->fields[i].bytes, record->fields[i].size);
        to += record->fields[i].size;
        *to++ = '\0';
    }
    table->header_count = record->field_count;
    if (table->field_count == 0) {
        table->field_count = record->field_count;
    }
    return ATP_OK;
}

static atp_err_t take_header(delimited_t *table, const atp_record_t *record, atp_why_t *ret_why)
{
    const char *place = table->source.place;

    if (record->reason != ATP_REJECT_NONE) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s:%llu: the header is bad: %s", place,
                        (unsigned long long)record->line, atp_reject_sentence(record->reason));
    }
    if (table->source.format->field_count != 0 && record->field_count != table->source.format->field_count) {
        return atp_fail(
            ret_why, ATP_ERR_INVALID, "%.200s:%llu: the header has %u fields, the profile says %u", place,
            (unsigned long long)record->line, record->field_count, table->source.format->field_count);
    }
    return keep_header(table, record, ret_why);
}

static atp_err_t begin(void *reader, atp_why_t *ret_why)
{
    delimited_t *table = reader;
    atp_record_t record;

    while (atp_profile_has_header(table->source.format)) {
        switch (atp_csv_next(table->csv, &record)) {
        case ATP_RECORD_READ:
            return take_header(table, &record, ret_why);
        case ATP_RECORD_END:
            return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s: is empty; the profile says it has a header",
                            table->source.place);
        case ATP_RECORD_FILL:
            break;
        }
        atp_err_t err = fill(table, ret_why);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static void list_header(const delimited_t *table, char *text, size_t size)
{
    const char *name = table->header;
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < table->header_count && used < size; i++, name += strlen(name) + 1) {
        int more = snprintf(text + used, size - used, "%s%.40s", i > 0 ? ", " : "", name);
        used += more > 0 ? (size_t)more : 0;
    }
}

static atp_err_t column_by_name(const delimited_t *table, const char *column, uint32_t *ret_index,
                                atp_why_t *ret_why)
{
    const char *name = table->header;
    const char *place = table->source.place;
    uint32_t found = 0;

    for (uint32_t i = 0; i < table->header_count; i++, name += strlen(name) + 1) {
        if (strcmp(name, column) == 0) {
            *ret_index = i;
            found++;
        }
    }
    if (found == 1) {
        return ATP_OK;
    }
    if (found > 1) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "%.150s: the header names '%.60s' twice; use a number, as in '#3'", place, column);
    }
    char names[160];
    list_header(table, names, sizeof names);
    return atp_fail(ret_why, ATP_ERR_INVALID, "%.100s: the header has no '%.60s'; it has %.150s", place,
                    column, names);
}

static atp_err_t column_of(void *reader, const char *column, uint32_t *ret_index, atp_why_t *ret_why)
{
    const delimited_t *table = reader;
    uint32_t number = atp_profile_column_number(table->source.format, column);

    if (number == 0) {
        return column_by_name(table, column, ret_index, ret_why);
    }
    if (table->field_count != 0 && number > table->field_count) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: the profile names column %u of %u",
                        table->source.place, number, table->field_count);
    }
    *ret_index = number - 1;
    return ATP_OK;
}

/* --- records ----------------------------------------------------------------------------------------- */

static atp_record_status_t next(void *reader, atp_record_t *ret_record)
{
    delimited_t *table = reader;
    atp_record_status_t status = atp_csv_next(table->csv, ret_record);

    if (status == ATP_RECORD_READ && ret_record->reason == ATP_REJECT_NONE && table->field_count != 0 &&
        ret_record->field_count != table->field_count) {
        ret_record->reason = ATP_REJECT_FIELD_COUNT;
    }
    return status;
}

const atp_format_t atp_format_delimited = {create, destroy, restart, begin, column_of, next, fill, NULL};

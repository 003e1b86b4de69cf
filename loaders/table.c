#include "loaders/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct atp_table {
    const atp_profile_format_t *format;
    atp_input_t *input;
    atp_csv_t *csv;
    char *header; /* the names one after the other, each ended by a zero byte */
    uint32_t header_count;
    uint32_t field_count; /* of every record; 0 = any */
    bool has_header;
};

static atp_err_t read_input(void *context, void *bytes, size_t size, size_t *ret_size, atp_why_t *ret_why)
{
    return atp_input_read(context, bytes, size, ret_size, ret_why);
}

atp_err_t atp_table_open(const atp_profile_format_t *format, atp_input_t *input, atp_table_t **ret_table,
                         atp_why_t *ret_why)
{
    atp_csv_format_t csv_format = atp_profile_csv_format(format);
    atp_table_t *table = calloc(1, sizeof *table);

    if (table == NULL || atp_csv_create(&csv_format, read_input, input, &table->csv) != ATP_OK) {
        free(table);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to read it", atp_input_place(input));
    }
    table->format = format;
    table->input = input;
    table->has_header = atp_profile_has_header(format);
    table->field_count = format->field_count;
    *ret_table = table;
    return ATP_OK;
}

void atp_table_close(atp_table_t *table)
{
    if (table != NULL) {
        atp_csv_destroy(table->csv);
        atp_input_close(table->input);
        free(table->header);
        free(table);
    }
}

atp_err_t atp_table_fill(atp_table_t *table, atp_why_t *ret_why)
{
    atp_err_t err = atp_csv_fill(table->csv, ret_why);

    if (err == ATP_ERR_FORMAT && ret_why != NULL) {
        atp_why_t inner = *ret_why;
        return atp_fail(ret_why, err, "%.200s: %.150s", atp_input_place(table->input), inner.text);
    }
    return err;
}

/* --- the header -------------------------------------------------------------------------------------- */

static atp_err_t keep_header(atp_table_t *table, const atp_csv_record_t *record, atp_why_t *ret_why)
{
    size_t size = record->field_count;

    for (uint32_t i = 0; i < record->field_count; i++) {
        size += record->fields[i].size;
    }
    free(table->header);
    char *to = table->header = malloc(size);
    if (table->header == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory for its header",
                        atp_input_place(table->input));
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

static atp_err_t take_header(atp_table_t *table, const atp_csv_record_t *record, atp_why_t *ret_why)
{
    const char *place = atp_input_place(table->input);

    if (record->reason != ATP_REJECT_NONE) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s:%llu: the header is bad: %s", place,
                        (unsigned long long)record->line, atp_reject_sentence(record->reason));
    }
    if (table->format->field_count != 0 && record->field_count != table->format->field_count) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "%.200s:%llu: the header has %u fields, the profile says %u", place,
                        (unsigned long long)record->line, record->field_count, table->format->field_count);
    }
    return keep_header(table, record, ret_why);
}

atp_err_t atp_table_begin(atp_table_t *table, atp_why_t *ret_why)
{
    atp_csv_record_t record;

    while (table->has_header) {
        switch (atp_csv_next(table->csv, &record)) {
        case ATP_CSV_RECORD:
            return take_header(table, &record, ret_why);
        case ATP_CSV_END:
            return atp_fail(ret_why, ATP_ERR_INVALID, "%.200s: is empty; the profile says it has a header",
                            atp_input_place(table->input));
        case ATP_CSV_FILL:
            break;
        }
        atp_err_t err = atp_table_fill(table, ret_why);
        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static void list_header(const atp_table_t *table, char *text, size_t size)
{
    const char *name = table->header;
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < table->header_count && used < size; i++, name += strlen(name) + 1) {
        int more = snprintf(text + used, size - used, "%s%.40s", i > 0 ? ", " : "", name);
        used += more > 0 ? (size_t)more : 0;
    }
}

static atp_err_t column_by_name(const atp_table_t *table, const char *column, uint32_t *ret_index,
                                atp_why_t *ret_why)
{
    const char *name = table->header;
    const char *place = atp_input_place(table->input);
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

atp_err_t atp_table_column(const atp_table_t *table, const char *column, uint32_t *ret_index,
                           atp_why_t *ret_why)
{
    uint32_t number = atp_profile_column_number(table->format, column);

    if (number == 0) {
        return column_by_name(table, column, ret_index, ret_why);
    }
    if (table->field_count != 0 && number > table->field_count) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "%.150s: the profile names column %u of %u",
                        atp_input_place(table->input), number, table->field_count);
    }
    *ret_index = number - 1;
    return ATP_OK;
}

/* --- records ----------------------------------------------------------------------------------------- */

atp_csv_status_t atp_table_next(atp_table_t *table, atp_csv_record_t *ret_record)
{
    atp_csv_status_t status = atp_csv_next(table->csv, ret_record);

    if (status == ATP_CSV_RECORD && ret_record->reason == ATP_REJECT_NONE && table->field_count != 0 &&
        ret_record->field_count != table->field_count) {
        ret_record->reason = ATP_REJECT_FIELD_COUNT;
    }
    return status;
}

atp_err_t atp_table_rewind(atp_table_t *table, atp_why_t *ret_why)
{
    atp_err_t err = atp_input_rewind(table->input, ret_why);

    if (err == ATP_OK) {
        atp_csv_restart(table->csv);
    }
    return err;
}

const atp_input_t *atp_table_input(const atp_table_t *table)
{
    return table->input;
}

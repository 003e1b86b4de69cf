#include "loaders/table.h"

#include "loaders/formats/format.h"

#include <stdlib.h>

struct atp_table {
    const atp_format_t *format;
    void *reader;
    atp_input_t *input;
};

static atp_err_t read_input(void *context, void *bytes, size_t size, size_t *ret_size, atp_why_t *ret_why)
{
    return atp_input_read(context, bytes, size, ret_size, ret_why);
}

atp_err_t atp_table_open(const atp_profile_format_t *format, atp_input_t *input, atp_edi_ack_t *ack,
                         atp_table_t **ret_table, atp_why_t *ret_why)
{
    atp_format_source_t source = {format, read_input, input, atp_input_place(input), ack};
    atp_table_t *table = calloc(1, sizeof *table);

    if (table != NULL) {
        table->format = atp_format_of(format->kind);
    }
    if (table == NULL || table->format->create(&source, &table->reader) != ATP_OK) {
        free(table);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "%.200s: no memory to read it", source.place);
    }
    table->input = input;
    *ret_table = table;
    return ATP_OK;
}

void atp_table_close(atp_table_t *table)
{
    if (table != NULL) {
        table->format->destroy(table->reader);
        atp_input_close(table->input);
        free(table);
    }
}

atp_err_t atp_table_begin(atp_table_t *table, atp_why_t *ret_why)
{
    return table->format->begin(table->reader, ret_why);
}

atp_err_t atp_table_column(atp_table_t *table, const char *column, uint32_t *ret_index, atp_why_t *ret_why)
{
    return table->format->column(table->reader, column, ret_index, ret_why);
}

atp_record_status_t atp_table_next(atp_table_t *table, atp_record_t *ret_record)
{
    return table->format->next(table->reader, ret_record);
}

bool atp_table_can_locate(const atp_table_t *table)
{
    return table->format->locate != NULL;
}

void atp_table_locate(atp_table_t *table, uint32_t column, atp_edi_where_t *ret_where)
{
    ATP_ASSERT(table->format->locate != NULL);
    table->format->locate(table->reader, column, ret_where);
}

atp_err_t atp_table_fill(atp_table_t *table, atp_why_t *ret_why)
{
    return table->format->fill(table->reader, ret_why);
}

atp_err_t atp_table_rewind(atp_table_t *table, atp_why_t *ret_why)
{
    atp_err_t err = atp_input_rewind(table->input, ret_why);

    if (err == ATP_OK) {
        table->format->restart(table->reader);
    }
    return err;
}

const atp_input_t *atp_table_input(const atp_table_t *table)
{
    return table->input;
}

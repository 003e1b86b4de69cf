/* Any bytes as the lines that atp publish reads: JSON if they begin with '{', else CSV with a header. A line is a fact that can be
 * sent, or is told with a reason. */
#include "engine/base/assert.h"
#include "engine/base/attribute.h"
#include "protocol/message.h"
#include "tests/fuzz/fuzz.h"
#include "tools/atp/rows/fact_rows.h"

#include <stdbool.h>
#include <string.h>

#define LINE_SIZE_MAX 4096

static void look_at(const atp_fact_row_t *row)
{
    static uint8_t bytes[8192];
    const atp_command_t *command = &row->command;
    atp_writer_t writer;

    ATP_ASSERT(atp_op_kind_name(command->kind) != NULL && command->line_count <= 1);
    ATP_ASSERT(command->attribute_count <= sizeof row->attributes / sizeof row->attributes[0]);
    ATP_ASSERT(command->reservation.size <= ATP_ID_SIZE_MAX && command->subject.size <= ATP_ID_SIZE_MAX);
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        ATP_ASSERT(atp_attribute_takes(command->kind, command->attributes[i].key) != 0);
    }
    atp_writer_init(&writer, bytes, sizeof bytes);
    atp_write_list_begin(&writer);
    atp_write_command(&writer, command);
    atp_write_list_end(&writer);
    ATP_ASSERT(!writer.is_overflown);
}

/* False: it is the header, and is none. */
static bool take_line(atp_fact_header_t *header, const char *line)
{
    static atp_fact_row_t row;
    atp_why_t why = {""};

    if (header->is_csv && header->count == 0) {
        atp_err_t err = atp_fact_header_read(header, line, &why);
        ATP_ASSERT(err == ATP_OK || (err == ATP_ERR_INVALID && why.text[0] != '\0'));
        return err == ATP_OK;
    }
    atp_err_t err = atp_fact_row_read(header, line, &row, &why);
    ATP_ASSERT(err == ATP_OK || (err == ATP_ERR_INVALID && why.text[0] != '\0'));
    if (err == ATP_OK) {
        look_at(&row);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    atp_fact_header_t header = {.is_csv = size > 0 && bytes[0] != '{'};
    char line[LINE_SIZE_MAX];

    for (size_t at = 0; at < size;) {
        const uint8_t *newline = memchr(bytes + at, '\n', size - at);
        size_t length = newline != NULL ? (size_t)(newline - (bytes + at)) : size - at;
        size_t kept = length < sizeof line ? length : sizeof line - 1;
        memcpy(line, bytes + at, kept);
        line[kept] = '\0';
        if (!take_line(&header, line)) {
            return 0;
        }
        at += length + 1;
    }
    return 0;
}

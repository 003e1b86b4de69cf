#include "loaders/formats/idoc_column.h"

#include <string.h>

#define CONTROL     "EDI_DC40"
#define SEGNUM_SIZE 6

/* ---- reading ---- */

static bool is_name_sign(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/';
}

static bool read_name(const char **text, char *ret_name)
{
    size_t size = 0;

    while (size <= ATP_IDOC_NAME_SIZE_MAX && is_name_sign((*text)[size])) {
        size++;
    }
    if (size == 0 || size > ATP_IDOC_NAME_SIZE_MAX) {
        return false;
    }
    memcpy(ret_name, *text, size);
    ret_name[size] = '\0';
    *text += size;
    return true;
}

static bool read_qualifier(const char **text, char *ret_qualifier)
{
    size_t size = strcspn(*text, "@");

    if (size == 0 || size > ATP_IDOC_NAME_SIZE_MAX) {
        return false;
    }
    memcpy(ret_qualifier, *text, size);
    ret_qualifier[size] = '\0';
    *text += size;
    return true;
}

/* `sign` and a number up to a line's length. */
static bool read_number(const char **text, char sign, uint16_t *ret_number)
{
    const char *at = *text;
    unsigned number = 0;

    if (*at++ != sign || *at < '0' || *at > '9') {
        return false;
    }
    while (*at >= '0' && *at <= '9' && number <= ATP_IDOC_LINE_CHARS_MAX) {
        number = number * 10 + (unsigned)(*at++ - '0');
    }
    *ret_number = (uint16_t)number;
    *text = at;
    return number <= ATP_IDOC_LINE_CHARS_MAX;
}

static bool read_part(const char **text, atp_idoc_part_t *part)
{
    static const char segnum[] = ".SEGNUM";

    if (!read_name(text, part->segment)) {
        return false;
    }
    if (strncmp(*text, segnum, strlen(segnum)) == 0) {
        *text += strlen(segnum);
        part->offset = ATP_IDOC_SEGNUM_AT;
        part->size = SEGNUM_SIZE;
        return true;
    }
    if (**text == ':') {
        (*text)++;
        if (!read_qualifier(text, part->qualifier)) {
            return false;
        }
    }
    if (!read_number(text, '@', &part->offset) || !read_number(text, ',', &part->size) || part->size == 0) {
        return false;
    }
    if (strcmp(part->segment, CONTROL) != 0) {
        part->offset = (uint16_t)(part->offset + ATP_IDOC_SDATA_AT);
    }
    return part->offset + part->size <= ATP_IDOC_LINE_CHARS_MAX;
}

bool atp_idoc_column_parse(const char *text, atp_idoc_column_t *ret_column)
{
    *ret_column = (atp_idoc_column_t){0};
    for (;;) {
        atp_idoc_part_t *part = &ret_column->parts[ret_column->part_count];
        if (ret_column->part_count == ATP_IDOC_COLUMN_PARTS_MAX) {
            return false;
        }
        part->is_joined = ret_column->part_count > 0 && text[-1] == '+';
        if (!read_part(&text, part)) {
            return false;
        }
        ret_column->part_count++;
        if (*text == '\0') {
            return true;
        }
        if (*text != '+' && *text != '|') {
            return false;
        }
        text++;
    }
}

/* ---- looking up ---- */

bool atp_idoc_is_segment(atp_text_t name, const char *type)
{
    size_t size = strlen(type);

    if (name.size < size || size < 2) {
        return false;
    }
    bool is_same = memcmp(name.bytes, type, size) == 0;
    bool is_definition = type[1] == '1' && name.bytes[0] == type[0] && name.bytes[1] == '2' &&
                         memcmp(name.bytes + 2, type + 2, size - 2) == 0;
    if (name.size == size) {
        return is_same || is_definition;
    }
    if (!is_definition || name.size != size + 3) {
        return false;
    }
    for (size_t i = size; i < name.size; i++) {
        if (name.bytes[i] < '0' || name.bytes[i] > '9') {
            return false;
        }
    }
    return true;
}

/* The byte at which character `count` after `at` begins. */
static uint32_t skip_characters(atp_text_t line, uint32_t at, uint32_t count, bool is_latin)
{
    if (is_latin) {
        return count > line.size - at ? line.size : at + count;
    }
    while (count > 0 && at < line.size) {
        at++;
        while (at < line.size && ((unsigned char)line.bytes[at] & 0xc0) == 0x80) {
            at++;
        }
        count--;
    }
    return at;
}

atp_text_t atp_idoc_field(atp_text_t line, uint32_t offset, uint32_t size, bool is_latin)
{
    uint32_t begin = skip_characters(line, 0, offset, is_latin);
    uint32_t end = skip_characters(line, begin, size, is_latin);

    while (begin < end && line.bytes[begin] == ' ') {
        begin++;
    }
    while (begin < end && line.bytes[end - 1] == ' ') {
        end--;
    }
    return (atp_text_t){line.bytes + begin, end - begin};
}

static bool has_qualifier(atp_text_t line, const char *qualifier, bool is_latin)
{
    uint32_t begin = skip_characters(line, 0, ATP_IDOC_SDATA_AT, is_latin);
    size_t size = strlen(qualifier);

    return line.size - begin >= size && memcmp(line.bytes + begin, qualifier, size) == 0;
}

static atp_text_t text_of_part(const atp_idoc_part_t *part, const atp_edi_context_t *context, bool is_latin)
{
    for (uint32_t i = context->count; i-- > 0;) {
        const atp_edi_kept_t *kept = &context->kept[i];
        if (atp_idoc_is_segment(kept->tag, part->segment) &&
            has_qualifier(kept->raw, part->qualifier, is_latin)) {
            return atp_idoc_field(kept->raw, part->offset, part->size, is_latin);
        }
    }
    return (atp_text_t){"", 0};
}

uint32_t atp_idoc_column_text(const atp_idoc_column_t *column, const atp_edi_context_t *context,
                              bool is_latin, char *ret_bytes, uint32_t size)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < column->part_count; i++) {
        const atp_idoc_part_t *part = &column->parts[i];
        if (!part->is_joined && used > 0) {
            break; /* what stands in for an empty one is not wanted */
        }
        atp_text_t text = text_of_part(part, context, is_latin);
        if (text.size + 1 > size - used) {
            return UINT32_MAX;
        }
        if (part->is_joined) {
            ret_bytes[used++] = '-';
        }
        memcpy(ret_bytes + used, text.bytes, text.size);
        used += text.size;
    }
    return used;
}

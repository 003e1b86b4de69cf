#include "loaders/edi/edi_column.h"

#include <stdio.h>
#include <string.h>

#define PLACE_SIZE_MAX  24
#define X12_PAIRS_BEGIN 2 /* element 1 of LIN is its number */

/* ---- reading ---- */

static bool is_upper_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "TAG" at the front of *text, which moves behind it. */
static bool read_tag(const char **text, char *ret_tag)
{
    size_t size = 0;

    while (size <= ATP_EDI_TAG_SIZE_MAX && is_upper_or_digit((*text)[size])) {
        size++;
    }
    if (size < 2 || size > ATP_EDI_TAG_SIZE_MAX) {
        return false;
    }
    memcpy(ret_tag, *text, size);
    ret_tag[size] = '\0';
    *text += size;
    return true;
}

/* A qualifier up to one of `ends`, at least one byte. */
static bool read_qualifier(const char **text, const char *ends, char *ret_qualifier)
{
    size_t size = strcspn(*text, ends);

    if (size == 0 || size > ATP_EDI_QUALIFIER_MAX || (*text)[size] == '\0') {
        return false;
    }
    memcpy(ret_qualifier, *text, size);
    ret_qualifier[size] = '\0';
    *text += size;
    return true;
}

/* ".12" at the front. */
static bool read_number(const char **text, uint8_t *ret_number)
{
    unsigned number = 0;
    const char *at = *text;

    if (*at++ != '.') {
        return false;
    }
    while (*at >= '0' && *at <= '9' && number < 100) {
        number = number * 10 + (unsigned)(*at++ - '0');
    }
    if (number == 0 || number > 99) {
        return false;
    }
    *ret_number = (uint8_t)number;
    *text = at;
    return true;
}

static bool read_word(const char **text, const char *word)
{
    size_t size = strlen(word);
    bool is_it = strncmp(*text, word, size) == 0;

    *text += is_it ? size : 0;
    return is_it;
}

static bool read_element(const char **text, atp_edi_part_t *part)
{
    if (**text == ':') {
        (*text)++;
        if (!read_qualifier(text, ".", part->qualifier)) {
            return false;
        }
    }
    if (!read_number(text, &part->element)) {
        return false;
    }
    return **text != '.' || read_number(text, &part->component);
}

static bool read_part(const char **text, const char *pairs, atp_edi_part_t *part)
{
    if (!read_tag(text, part->tag)) {
        return false;
    }
    if (**text == '[') {
        (*text)++;
        part->pick = ATP_EDI_PICK_VALUE;
        bool is_read = read_qualifier(text, "]", part->qualifier);
        *text += is_read;
        return is_read;
    }
    if (read_word(text, ".place")) {
        part->pick = ATP_EDI_PICK_PLACE;
        return true;
    }
    if (pairs != NULL && strcmp(part->tag, pairs) == 0) {
        part->pick = read_word(text, ".store")  ? ATP_EDI_PICK_STORE
                     : read_word(text, ".unit") ? ATP_EDI_PICK_UNIT
                                                : ATP_EDI_PICK_QUANTITY;
        return part->pick != ATP_EDI_PICK_QUANTITY || read_word(text, ".quantity");
    }
    return read_element(text, part);
}

bool atp_edi_column_parse(const char *text, const char *pairs, atp_edi_column_t *ret_column)
{
    *ret_column = (atp_edi_column_t){0};
    for (;;) {
        atp_edi_part_t *part = &ret_column->parts[ret_column->part_count];
        if (ret_column->part_count == ATP_EDI_COLUMN_PARTS_MAX) {
            return false;
        }
        part->is_joined = ret_column->part_count > 0 && text[-1] == '+';
        if (!read_part(&text, pairs, part)) {
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

static bool is_same_component(atp_text_t raw, const atp_edi_signs_t *signs, unsigned element,
                              unsigned component, atp_text_t text)
{
    return atp_text_equal(atp_edi_element(raw, signs, element, component), text);
}

/* The value after a qualifier. */
static atp_text_t value_in(atp_text_t raw, const atp_edi_place_t *place, atp_text_t qualifier)
{
    bool is_x12 = place->standard == ATP_EDI_X12;
    unsigned step = is_x12 ? 2 : 1;

    for (unsigned i = is_x12 ? X12_PAIRS_BEGIN : 1; i < ATP_EDI_ELEMENT_COUNT_MAX; i += step) {
        atp_text_t element = atp_edi_element(raw, place->signs, i, 0);
        if (element.bytes == raw.bytes + raw.size && element.size == 0) {
            break; /* past the last */
        }
        if (is_same_component(raw, place->signs, i, is_x12 ? 1 : 2, qualifier)) {
            return atp_edi_element(raw, place->signs, is_x12 ? i + 1 : i, 1);
        }
    }
    return (atp_text_t){"", 0};
}

static atp_text_t find_value(const atp_edi_place_t *place, atp_text_t tag, atp_text_t qualifier)
{
    const atp_edi_context_t *context = place->context;

    for (uint32_t i = context->count; i-- > 0;) {
        if (atp_text_equal(context->kept[i].tag, tag)) {
            atp_text_t value = value_in(context->kept[i].raw, place, qualifier);
            if (value.size > 0) {
                return value;
            }
        }
    }
    return (atp_text_t){"", 0};
}

/* "2.17": of which message of its interchange a segment is, and which of that. `room` has PLACE_SIZE_MAX bytes. */
static atp_text_t place_of(const atp_edi_place_t *place, const atp_edi_kept_t *kept, char *room)
{
    int size = snprintf(room, PLACE_SIZE_MAX, "%u.%u", place->message, kept->number);

    return (atp_text_t){room, (uint32_t)size};
}

/* The elements of ISA have fixed lengths: what fills them up is no text. */
static atp_text_t without_filling(atp_text_t tag, atp_text_t text)
{
    while (text.size > 0 && text.bytes[text.size - 1] == ' ' && atp_text_equal(tag, ATP_TEXT("ISA"))) {
        text.size--;
    }
    return text;
}

static atp_text_t text_of_part(const atp_edi_part_t *part, const atp_edi_place_t *place, char *room)
{
    atp_text_t tag = atp_text_of(part->tag);
    atp_text_t qualifier = atp_text_of(part->qualifier);

    switch (part->pick) {
    case ATP_EDI_PICK_STORE:
        return place->store;
    case ATP_EDI_PICK_QUANTITY:
        return place->quantity;
    case ATP_EDI_PICK_UNIT:
        return place->unit;
    case ATP_EDI_PICK_VALUE:
        return find_value(place, tag, qualifier);
    case ATP_EDI_PICK_PLACE:
    case ATP_EDI_PICK_ELEMENT:
        break;
    }
    int found = atp_edi_context_find(place->context, place->signs, tag, qualifier);
    if (found < 0) {
        return (atp_text_t){"", 0};
    }
    const atp_edi_kept_t *kept = &place->context->kept[found];
    return part->pick == ATP_EDI_PICK_PLACE
               ? place_of(place, kept, room)
               : without_filling(tag,
                                 atp_edi_element(kept->raw, place->signs, part->element, part->component));
}

uint32_t atp_edi_column_text(const atp_edi_column_t *column, const atp_edi_place_t *place, char *ret_bytes,
                             uint32_t size)
{
    uint32_t used = 0;
    char room[PLACE_SIZE_MAX];

    for (uint32_t i = 0; i < column->part_count; i++) {
        const atp_edi_part_t *part = &column->parts[i];
        if (!part->is_joined && used > 0) {
            break; /* what stands in for an empty one is not wanted */
        }
        atp_text_t text = text_of_part(part, place, room);
        if (text.size + 1 > size - used) {
            return UINT32_MAX;
        }
        if (part->is_joined) {
            ret_bytes[used++] = '-';
        }
        used += atp_edi_unrelease(text, place->signs, ret_bytes + used);
    }
    return used;
}

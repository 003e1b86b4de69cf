#include "tools/atp/rows/alias_rows.h"

#include "tools/atp/rows/words.h"

#include <string.h>

/* Takes `word` off the front of the text. */
static bool take_word(atp_text_t *text, const char *word)
{
    uint32_t size = (uint32_t)strlen(word);

    if (text->size < size || memcmp(text->bytes, word, size) != 0) {
        return false;
    }
    *text = (atp_text_t){text->bytes + size, text->size - size};
    return true;
}

bool atp_alias_row_read(const atp_catalog_entry_t *entry, atp_alias_row_t *ret_row)
{
    atp_text_t left = entry->name;
    bool is_sku = take_word(&left, "sku=");

    *ret_row = (atp_alias_row_t){.alias = entry->id};
    if ((!is_sku && !take_word(&left, "node=")) || entry->value < 1 || entry->value > (int64_t)left.size) {
        return false;
    }
    atp_text_t means = {left.bytes, (uint32_t)entry->value};
    *(is_sku ? &ret_row->sku : &ret_row->node) = means;
    left = (atp_text_t){left.bytes + means.size, left.size - means.size};
    if (left.size == 0) {
        return true;
    }
    bool is_told = take_word(&left, " told_by=");
    ret_row->told_by = left;
    return is_told && left.size > 0;
}

bool atp_unit_row_read(const atp_catalog_entry_t *entry, atp_unit_row_t *ret_row)
{
    atp_text_t left = entry->name;

    *ret_row = (atp_unit_row_t){.unit = entry->id, .per = 1};
    if (!take_word(&left, "is=")) {
        return false;
    }
    ret_row->is = atp_words_take_number(&left);
    if (take_word(&left, "for=")) {
        ret_row->per = atp_words_take_number(&left);
    }
    if (take_word(&left, "sku=")) { /* the last: it may have blanks in it */
        ret_row->sku = left;
        left.size = 0;
    }
    return left.size == 0 && ret_row->is > 0 && ret_row->per > 0;
}

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

/* The id behind the word that was taken, of `size` bytes, and the blank before what follows. */
static bool take_id(atp_text_t *text, int64_t size, atp_text_t *ret_id)
{
    if (size < 1 || size > (int64_t)text->size) {
        return false;
    }
    *ret_id = (atp_text_t){text->bytes, (uint32_t)size};
    *text = (atp_text_t){text->bytes + size, text->size - (uint32_t)size};
    return text->size == 0 || (take_word(text, " ") && text->size > 0);
}

/* What is left says whose it is, or nothing. */
static bool take_teller(atp_text_t *text, atp_text_t *ret_teller)
{
    if (text->size == 0) {
        return true;
    }
    bool is_told = take_word(text, "told_by=") && text->size > 0;
    *ret_teller = *text;
    return is_told;
}

bool atp_alias_row_read(const atp_catalog_entry_t *entry, atp_alias_row_t *ret_row)
{
    atp_text_t left = entry->name;
    bool is_sku = take_word(&left, "sku=");

    *ret_row = (atp_alias_row_t){.alias = entry->id};
    return (is_sku || take_word(&left, "node=")) &&
           take_id(&left, entry->value, is_sku ? &ret_row->sku : &ret_row->node) &&
           take_teller(&left, &ret_row->told_by);
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
    bool is_whole = !take_word(&left, "sku=") || take_id(&left, entry->value, &ret_row->sku);
    return is_whole && take_teller(&left, &ret_row->told_by) && ret_row->is > 0 && ret_row->per > 0;
}

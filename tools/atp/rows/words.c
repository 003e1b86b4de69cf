#include "tools/atp/rows/words.h"

#include <string.h>

atp_text_t atp_words_take(atp_text_t *text)
{
    uint32_t size = 0;

    while (size < text->size && text->bytes[size] != ' ') {
        size++;
    }
    atp_text_t word = {text->bytes, size};
    size += size < text->size;
    *text = (atp_text_t){text->bytes + size, text->size - size};
    return word;
}

uint64_t atp_words_take_number(atp_text_t *text)
{
    atp_text_t word = atp_words_take(text);
    uint64_t number = 0;

    for (uint32_t i = 0; i < word.size && word.bytes[i] >= '0' && word.bytes[i] <= '9'; i++) {
        number = number * 10 + (uint64_t)(word.bytes[i] - '0');
    }
    return number;
}

atp_text_t atp_words_take_last(atp_text_t *text)
{
    uint32_t at = text->size;

    while (at > 0 && text->bytes[at - 1] != ' ') {
        at--;
    }
    atp_text_t word = {text->bytes + at, text->size - at};
    text->size = at > 0 ? at - 1 : 0;
    return word;
}

/* The size of the word at the front, which an equals sign follows. 0: there is none. */
static uint32_t key_size(atp_text_t text)
{
    uint32_t size = 0;

    while (size < text.size &&
           ((text.bytes[size] >= 'a' && text.bytes[size] <= 'z') || text.bytes[size] == '_')) {
        size++;
    }
    return size < text.size && text.bytes[size] == '=' ? size : 0;
}

static atp_text_t behind(atp_text_t text, uint32_t size)
{
    return (atp_text_t){text.bytes + size, text.size - size};
}

/* The value at the front. */
static atp_text_t value_of(atp_text_t text)
{
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == ' ' && key_size(behind(text, i + 1)) > 0) {
            text.size = i;
        }
    }
    return text;
}

atp_text_t atp_words_find(atp_text_t text, const char *word)
{
    while (text.size > 0) {
        uint32_t size = key_size(text);
        if (size == 0) {
            break;
        }
        atp_text_t value = value_of(behind(text, size + 1));
        if (size == strlen(word) && memcmp(text.bytes, word, size) == 0) {
            return value;
        }
        uint32_t taken = size + 1 + value.size;
        text = behind(text, taken + (taken < text.size));
    }
    return (atp_text_t){text.bytes, 0};
}

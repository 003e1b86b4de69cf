#include "tools/atp/rows/words.h"

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

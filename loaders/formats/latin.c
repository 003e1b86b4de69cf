#include "loaders/formats/latin.h"

uint32_t atp_latin_to_utf8(char *bytes, uint32_t size, uint32_t capacity)
{
    uint32_t high = 0;

    for (uint32_t i = 0; i < size; i++) {
        high += (unsigned char)bytes[i] >= 0x80;
    }
    if (high > capacity - size) {
        return UINT32_MAX;
    }
    for (uint32_t from = size, to = size + high; from-- > 0;) {
        unsigned char c = (unsigned char)bytes[from];
        if (c >= 0x80) {
            bytes[--to] = (char)(0x80 | (c & 0x3f));
            bytes[--to] = (char)(0xc0 | (c >> 6));
        } else {
            bytes[--to] = (char)c;
        }
    }
    return size + high;
}

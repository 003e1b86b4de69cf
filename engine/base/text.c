#include "engine/base/text.h"

/* Length of the well-formed UTF-8 sequence at `p` (Unicode table 3-7), 0 if there is none. */
static uint32_t sequence_size(const unsigned char *p, uint32_t left)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    uint32_t size;

    if (p[0] < 0x80) {
        return p[0] >= 0x20 && p[0] != 0x7f ? 1 : 0;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        size = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        size = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;   /* no overlong form */
        high = p[0] == 0xed ? 0x9f : high; /* no surrogate */
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        size = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high; /* nothing past U+10FFFF */
    } else {
        return 0;
    }
    if (left < size || p[1] < low || p[1] > high) {
        return 0;
    }
    for (uint32_t i = 2; i < size; i++) {
        if (p[i] < 0x80 || p[i] > 0xbf) {
            return 0;
        }
    }
    return size;
}

bool atp_text_is_clean(atp_text_t text)
{
    const unsigned char *p = (const unsigned char *)text.bytes;
    uint32_t at = 0;

    while (at < text.size) {
        if (p[at] >= 0x20 && p[at] < 0x7f) { /* nearly every id is plain ASCII */
            at++;
            continue;
        }
        uint32_t size = sequence_size(p + at, text.size - at);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    return true;
}

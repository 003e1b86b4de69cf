/* A borrowed run of bytes: pointer and size, not zero-terminated. Valid as long as what it points into. */
#ifndef ATP_BASE_TEXT_H
#define ATP_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct atp_text {
    const char *bytes;
    uint32_t size;
} atp_text_t;

/* Longest SKU, node, channel, client, request, reservation or owner id. */
#define ATP_ID_SIZE_MAX 64
/* Longest display name of a SKU or node. */
#define ATP_NAME_SIZE_MAX 255

#define ATP_TEXT(literal) ((atp_text_t){(literal), sizeof(literal) - 1})

static inline atp_text_t atp_text_of(const char *zero_terminated)
{
    return (atp_text_t){zero_terminated, zero_terminated == NULL ? 0 : (uint32_t)strlen(zero_terminated)};
}

static inline bool atp_text_equal(atp_text_t a, atp_text_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.bytes, b.bytes, a.size) == 0);
}

/* True if `text` is well-formed UTF-8 without control characters (below 0x20, and 0x7f): the rule for every
 * id and name that enters. Ids are compared byte for byte; nothing is trimmed or folded. */
bool atp_text_is_clean(atp_text_t text);

#endif

/* Ids and names, kept in one primary table of 8-byte granules.
 *
 * A string is its size byte and its bytes, in a block of one of a few sizes; freed blocks of a size are
 * chained and used again. A reference is the number of the first granule; 0 is "no string".
 *
 * Threads     store, drop: ledger thread.   get: the ledger thread; any thread for strings that are never
 *             dropped (SKU, node, channel, client, source ids and names), once their record is found.
 * Invariants  S1  a block is either in use or on the free chain of its size, never both.
 *             S2  every byte of a free block after its link is zero. */
#ifndef ATP_LEDGER_STRINGS_H
#define ATP_LEDGER_STRINGS_H

#include "engine/base/text.h"
#include "engine/ledger/tables/table.h"

#define ATP_STRING_CLASSES 8
#define ATP_STRING_GRANULE 8

/* Heads of the free chains: part of the root record. */
typedef struct atp_string_heads {
    uint32_t free[ATP_STRING_CLASSES];
} atp_string_heads_t;

/* True if two strings of these sizes can be stored one after the other (0 = none): they may want the same last
 * block. */
bool atp_strings_has_room(const atp_table_t *strings, const atp_string_heads_t *heads, uint32_t size,
                          uint32_t other_size);
/* The same of any number of strings. */
bool atp_strings_has_room_for(const atp_table_t *strings, const atp_string_heads_t *heads,
                              const uint32_t *sizes, uint32_t count);

/* True if a string of `size` bytes can be stored once that of `ref` is dropped. */
bool atp_strings_can_replace(const atp_table_t *strings, const atp_string_heads_t *heads, uint32_t ref,
                             uint32_t size);

/* Granules of the block for a string of `size` bytes, and of the blocks on free chain `class`. */
uint32_t atp_strings_block_granules(uint32_t size);
uint32_t atp_strings_class_granules(unsigned class);

/* Stores a copy of `text` (at most ATP_NAME_SIZE_MAX bytes; there is room: asserted). Empty text gives 0. */
uint32_t atp_strings_store(atp_table_t *strings, atp_string_heads_t *heads, atp_text_t text);

/* Gives the block of `ref` back. 0 is allowed. */
void atp_strings_drop(atp_table_t *strings, atp_string_heads_t *heads, uint32_t ref);

/* The string; stays valid until it is dropped. 0 gives an empty text. */
static inline atp_text_t atp_strings_get(const atp_table_t *strings, uint32_t ref)
{
    if (ref == 0) {
        return (atp_text_t){NULL, 0};
    }
    const unsigned char *block = atp_table_at(strings, ref);
    return (atp_text_t){(const char *)block + 1, block[0]};
}

#endif

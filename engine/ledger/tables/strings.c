#include "engine/ledger/tables/strings.h"

#define GRANULES_MAX 32

/* Granules of a block, by class: up to 15, 23, 31, 39, 47, 71, 135 and 255 bytes of text. */
static const uint32_t class_granules[ATP_STRING_CLASSES] = {2, 3, 4, 5, 6, 9, 17, GRANULES_MAX};

/* The smallest class by the granules that size byte and text take. */
static const uint8_t classes[] = {0, 0, 0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6,
                                  6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7};

_Static_assert(sizeof classes == (ATP_NAME_SIZE_MAX + ATP_STRING_GRANULE) / ATP_STRING_GRANULE + 1,
               "every size has a class");

static unsigned class_of(uint32_t size)
{
    ATP_ASSERT(size <= ATP_NAME_SIZE_MAX);
    return classes[(size + ATP_STRING_GRANULE) / ATP_STRING_GRANULE];
}

uint32_t atp_strings_block_granules(uint32_t size)
{
    return class_granules[class_of(size)];
}

uint32_t atp_strings_class_granules(unsigned class)
{
    ATP_ASSERT(class < ATP_STRING_CLASSES);
    return class_granules[class];
}

/* Announces the change of all granules of a block (it may lie in two pieces). */
static unsigned char *change_block(atp_table_t *strings, uint32_t ref, uint32_t granules)
{
    atp_table_change(strings, ref + granules - 1);
    return atp_table_change(strings, ref);
}

/* The free block after `ref` in its chain. */
static uint32_t next_free(const atp_table_t *strings, uint32_t ref)
{
    uint32_t next;

    memcpy(&next, atp_table_at(strings, ref), sizeof next);
    return next;
}

bool atp_strings_has_room(const atp_table_t *strings, const atp_string_heads_t *heads, uint32_t size,
                          uint32_t other_size)
{
    const uint32_t sizes[] = {size, other_size};

    return atp_strings_has_room_for(strings, heads, sizes, 2);
}

bool atp_strings_has_room_for(const atp_table_t *strings, const atp_string_heads_t *heads,
                              const uint32_t *sizes, uint32_t count)
{
    uint32_t fresh = atp_table_count(strings) == 0 ? 1 : 0; /* granule 0 */
    uint32_t free[ATP_STRING_CLASSES];

    if (ATP_LIKELY(atp_table_has_room(strings, (uint64_t)count * GRANULES_MAX + 1))) {
        return true;
    }
    memcpy(free, heads->free, sizeof free);
    for (uint32_t i = 0; i < count; i++) {
        unsigned class = class_of(sizes[i]);
        if (sizes[i] == 0) {
            continue;
        }
        if (free[class] != 0) {
            free[class] = next_free(strings, free[class]);
        } else {
            fresh += class_granules[class];
        }
    }
    return atp_table_has_room(strings, fresh);
}

bool atp_strings_can_replace(const atp_table_t *strings, const atp_string_heads_t *heads, uint32_t ref,
                             uint32_t size)
{
    return (ref != 0 && class_of(atp_strings_get(strings, ref).size) == class_of(size)) ||
           atp_strings_has_room(strings, heads, size, 0);
}

uint32_t atp_strings_store(atp_table_t *strings, atp_string_heads_t *heads, atp_text_t text)
{
    unsigned class = class_of(text.size);
    uint32_t ref = heads->free[class];
    unsigned char *block;

    if (text.size == 0) {
        return 0;
    }
    if (atp_table_count(strings) == 0) {
        atp_table_append(strings, 1); /* granule 0 stays empty: it is "no string" */
    }
    if (ref != 0) {
        block = change_block(strings, ref, class_granules[class]);
        memcpy(&heads->free[class], block, sizeof heads->free[class]);
        memset(block, 0, sizeof heads->free[class]); /* the rest is zero: S2 */
    } else {
        ref = (uint32_t)atp_table_append(strings, class_granules[class]);
        atp_table_prefetch_after(strings, ref);
        block = change_block(strings, ref, class_granules[class]);
    }
    block[0] = (unsigned char)text.size;
    memcpy(block + 1, text.bytes, text.size);
    return ref;
}

void atp_strings_drop(atp_table_t *strings, atp_string_heads_t *heads, uint32_t ref)
{
    if (ref == 0) {
        return;
    }
    const unsigned char *head = atp_table_at(strings, ref);
    unsigned class = class_of(head[0]);
    unsigned char *block = change_block(strings, ref, class_granules[class]);

    memset(block, 0, (size_t)class_granules[class] * ATP_STRING_GRANULE);
    memcpy(block, &heads->free[class], sizeof heads->free[class]);
    heads->free[class] = ref;
}

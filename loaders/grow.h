/* Arrays that grow by the item. */
#ifndef ATP_LOADERS_GROW_H
#define ATP_LOADERS_GROW_H

#include <stdint.h>
#include <stdlib.h>

/* Room for one item beyond `count`: the items, moved if need be, of which *room fit then. NULL: no memory, and nothing changed. Memory is
 * doubled each time. */
static inline void *atp_grow(void *items, size_t item_size, uint64_t count, uint64_t *room)
{
    uint64_t wanted = *room == 0 ? 64 : 2 * *room;

    if (count < *room) {
        return items;
    }
    void *grown = reallocarray(items, wanted, item_size);
    *room = grown != NULL ? wanted : *room;
    return grown;
}

#endif

#include "tools/atp/known.h"

#include "tools/atp/rows/pages.h"

#include "engine/base/hash.h"

#include <stdlib.h>

#define ROOM_FIRST 1024

struct atp_known {
    atp_known_entry_t *entries;
    uint64_t room; /* a power of two, never more than half full */
    uint64_t count;
};

static atp_known_entry_t *slot_of(const atp_known_t *known, atp_fingerprint_t key)
{
    uint64_t at = key.low & (known->room - 1);

    while (known->entries[at].is_used &&
           (known->entries[at].low != key.low || known->entries[at].high != key.high)) {
        at = (at + 1) & (known->room - 1);
    }
    return &known->entries[at];
}

static void grow(atp_known_t *known)
{
    atp_known_t larger = {.room = known->room == 0 ? ROOM_FIRST : 2 * known->room, .count = known->count};

    larger.entries = atp_cli_alloc(larger.room, sizeof *larger.entries);
    for (uint64_t i = 0; i < known->room; i++) {
        if (known->entries[i].is_used) {
            *slot_of(&larger, (atp_fingerprint_t){known->entries[i].low, known->entries[i].high}) =
                known->entries[i];
        }
    }
    free(known->entries);
    *known = larger;
}

uint64_t atp_known_name_hash(atp_text_t name)
{
    return atp_hash_text(name, 0);
}

static bool take_page(void *context, const atp_answer_t *answer)
{
    atp_known_t *known = context;
    const atp_catalog_entry_t *entries = atp_answer_catalog(answer);
    uint32_t count = atp_answer_head(answer).row_count;

    for (uint32_t i = 0; i < count; i++) {
        if (2 * (known->count + 1) > known->room) {
            grow(known);
        }
        atp_fingerprint_t key = atp_fingerprint_of(entries[i].id, 0);
        atp_known_entry_t *slot = slot_of(known, key);
        known->count += slot->is_used ? 0 : 1;
        *slot = (atp_known_entry_t){key.low, key.high, atp_known_name_hash(entries[i].name), entries[i].value,
                                    true};
    }
    return true;
}

int atp_known_fetch(atp_cli_t *cli, atp_catalog_what_t what, atp_known_t **ret_known)
{
    atp_page_ask_t ask = {.what = what};
    atp_known_t *known = atp_cli_alloc(1, sizeof *known);

    grow(known);
    *ret_known = known;
    return atp_pages_walk(cli, atp_client_catalog, &ask, 0, take_page, known);
}

void atp_known_destroy(atp_known_t *known)
{
    if (known != NULL) {
        free(known->entries);
        free(known);
    }
}

const atp_known_entry_t *atp_known_find(const atp_known_t *known, atp_text_t id)
{
    const atp_known_entry_t *slot = slot_of(known, atp_fingerprint_of(id, 0));

    return slot->is_used ? slot : NULL;
}

uint64_t atp_known_count(const atp_known_t *known)
{
    return known->count;
}

#include "tools/atpd/events/told.h"

#include "engine/base/assert.h"

#include <stdlib.h>

#define BUCKET 8

atp_err_t atp_told_init(atp_told_t *told, uint64_t capacity)
{
    uint64_t places = BUCKET;

    while (places < capacity && places < ATP_TOLD_CAPACITY_MAX) {
        places *= 2;
    }
    told->mask = places - 1;
    told->places = calloc(places, sizeof *told->places);
    return told->places != NULL ? ATP_OK : ATP_ERR_MEMORY;
}

void atp_told_fini(atp_told_t *told)
{
    free(told->places);
    told->places = NULL;
}

static atp_told_kit_t *bucket_of(const atp_told_t *told, const atp_told_kit_t *kit)
{
    uint64_t key = ((uint64_t)kit->sku << 16 | kit->node) * UINT64_C(0x9e3779b97f4a7c15);

    return &told->places[(key >> 32) & told->mask & ~(uint64_t)(BUCKET - 1)];
}

/* The place of the kit, or the one that it may have: free, of an earlier generation, or told longest ago. */
static atp_told_kit_t *place_of(const atp_told_t *told, const atp_told_kit_t *kit)
{
    atp_told_kit_t *bucket = bucket_of(told, kit);
    atp_told_kit_t *oldest = &bucket[0];

    for (unsigned i = 0; i < BUCKET; i++) {
        atp_told_kit_t *place = &bucket[i];
        bool is_known = place->generation == kit->generation;
        if (is_known && place->sku == kit->sku && place->node == kit->node) {
            return place;
        }
        if (oldest->generation == kit->generation && (!is_known || place->version < oldest->version)) {
            oldest = place;
        }
    }
    return oldest;
}

atp_told_news_t atp_told_note(atp_told_t *told, const atp_told_kit_t *kit, bool is_quiet)
{
    atp_told_kit_t *place = place_of(told, kit);
    bool is_known =
        place->generation == kit->generation && place->sku == kit->sku && place->node == kit->node;

    ATP_ASSERT(kit->generation != 0);
    if (is_known && (kit->version <= place->version ||
                     (kit->shown == place->shown && kit->promisable == place->promisable))) {
        return ATP_TOLD_NO_NEWS;
    }
    if (!is_known && is_quiet && kit->shown == 0 && kit->promisable == 0) {
        return ATP_TOLD_NO_NEWS;
    }
    bool was_out = is_known && place->promisable == 0;
    *place = *kit;
    return kit->promisable == 0 && !was_out ? ATP_TOLD_OUT : ATP_TOLD_NEWS;
}

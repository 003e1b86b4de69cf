#include "engine/ledger/facts/registry.h"

#include <string.h>

/* ---- claims ---- */

static bool is_at(const atp_claim_place_t *place, const atp_groups_t *groups, uint16_t node)
{
    switch ((atp_place_scope_t)place->scope) {
    case ATP_PLACE_EVERYWHERE:
        return true;
    case ATP_PLACE_GROUP:
        return node != ATP_PLACE_ANY && atp_groups_has(groups, place->number, node);
    case ATP_PLACE_NODE:
        return node != ATP_PLACE_ANY && place->number == node;
    }
    return false;
}

bool atp_registration_claims(const atp_registration_t *registration, const atp_groups_t *groups,
                             unsigned claims, uint16_t node)
{
    for (unsigned i = 0; i < registration->place_count; i++) {
        const atp_claim_place_t *place = &registration->places[i];
        if ((place->claims & claims) != 0 && is_at(place, groups, node)) {
            return true;
        }
    }
    return false;
}

bool atp_registration_add_claims(atp_registration_t *registration, const atp_claim_place_t *place)
{
    unsigned i = 0;

    while (i < registration->place_count && (registration->places[i].scope != place->scope ||
                                             registration->places[i].number != place->number)) {
        i++;
    }
    if (i == ATP_CLAIM_PLACES_MAX) {
        return false;
    }
    atp_claim_place_t *mine = &registration->places[i];
    if (i == registration->place_count) {
        *mine = (atp_claim_place_t){.number = place->number, .scope = place->scope};
        registration->place_count++;
    }
    mine->claims = (uint16_t)(mine->claims | place->claims);
    mine->shared = (uint16_t)((mine->shared & ~place->claims) | place->shared);
    return true;
}

static bool groups_meet(const atp_groups_t *groups, uint16_t one, uint16_t other)
{
    _Atomic uint64_t *a = atp_groups_bits(groups, one);
    _Atomic uint64_t *b = atp_groups_bits(groups, other);

    for (uint32_t i = 0; i < groups->words; i++) {
        if ((atp_load_relaxed(&a[i]) & atp_load_relaxed(&b[i])) != 0) {
            return true;
        }
    }
    return false;
}

/* True if some node is at both. What is claimed everywhere meets everything: nodes come later, too. */
static bool places_meet(const atp_claim_place_t *one, const atp_claim_place_t *other,
                        const atp_groups_t *groups)
{
    if (one->scope == ATP_PLACE_EVERYWHERE || other->scope == ATP_PLACE_EVERYWHERE) {
        return true;
    }
    if (one->scope == ATP_PLACE_NODE) {
        return is_at(other, groups, one->number);
    }
    if (other->scope == ATP_PLACE_NODE) {
        return is_at(one, groups, other->number);
    }
    return one->number == other->number || groups_meet(groups, one->number, other->number);
}

bool atp_registrations_meet(const atp_registration_t *one, const atp_registration_t *other,
                            const atp_groups_t *groups)
{
    for (unsigned i = 0; i < one->place_count; i++) {
        for (unsigned k = 0; k < other->place_count; k++) {
            const atp_claim_place_t *a = &one->places[i];
            const atp_claim_place_t *b = &other->places[k];
            if ((a->claims & b->claims & ~(a->shared & b->shared)) != 0 && places_meet(a, b, groups)) {
                return true;
            }
        }
    }
    return false;
}

bool atp_registry_find_taken(const atp_registry_t *registry, const atp_groups_t *groups,
                             const atp_registration_t *wanted, uint32_t but, uint32_t *ret_number)
{
    uint64_t count = atp_table_count(&registry->records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_registration_t *other = atp_registration_at(registry, (uint32_t)i);
        if (other->source != wanted->source && other->source + 1 != but && atp_registration_counts(other) &&
            atp_registrations_meet(wanted, other, groups)) {
            *ret_number = (uint32_t)i;
            return true;
        }
    }
    return false;
}

/* ---- the breaker ---- */

/* Forgets what is older than the window. */
static void move_window(atp_registration_t *registration, int64_t slice)
{
    int64_t passed = slice - registration->slice;

    if (passed >= ATP_BREAKER_SLICES || passed < 0) {
        memset(registration->slices, 0, sizeof registration->slices);
    } else {
        for (int64_t i = 1; i <= passed; i++) {
            registration->slices[(registration->slice + i) % ATP_BREAKER_SLICES] = 0;
        }
    }
    registration->slice = slice;
}

bool atp_registration_count_refused(atp_registration_t *registration, int64_t now_ms)
{
    int64_t slice = now_ms / (registration->breaker_ms / ATP_BREAKER_SLICES);
    uint64_t sum = 0;

    registration->refused++;
    move_window(registration, slice);
    uint32_t *counted = &registration->slices[slice % ATP_BREAKER_SLICES];
    *counted += *counted < UINT32_MAX ? 1 : 0;
    for (unsigned i = 0; i < ATP_BREAKER_SLICES; i++) {
        sum += registration->slices[i];
    }
    return registration->breaker > 0 && sum > registration->breaker;
}

/* ---- silence ---- */

int64_t atp_registration_silent_at(const atp_registration_t *registration)
{
    bool can_be = !registration->is_dropped && !registration->is_silent && registration->sla_ms > 0;

    return can_be ? registration->heard_ms + registration->sla_ms : INT64_MAX;
}

const char *atp_pause_name(unsigned pause)
{
    static const char *const names[] = {[ATP_PAUSE_NONE] = "none",
                                        [ATP_PAUSE_PERSON] = "person",
                                        [ATP_PAUSE_BREAKER] = "breaker",
                                        [ATP_PAUSE_RESTART] = "restart"};

    return pause < sizeof names / sizeof names[0] ? names[pause] : NULL;
}

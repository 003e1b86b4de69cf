/* Registered sources, recomputed: N4 to N6. */
#include "engine/ledger/check/ledger_check_priv.h"
#include "engine/ledger/facts/ledger_registry.h"

/* N4: of one source, which knows it. */
static atp_err_t check_link(const atp_ledger_t *ledger, uint32_t number, atp_why_t *ret_why)
{
    const atp_registration_t *registration = atp_registration_at(&ledger->registry, number);
    const atp_table_t *sources = &ledger->catalog.sources;

    if (registration->source >= atp_table_count(sources) ||
        registration->shadow_of > atp_table_count(sources) ||
        registration->shadow_of == registration->source + 1) {
        return ATP_BROKEN(ret_why, "N4", "registration %u is of source %u, a shadow of %u", number,
                          registration->source, registration->shadow_of);
    }
    atp_source_record_t *source = atp_table_at(sources, registration->source);
    if (atp_load_relaxed(&source->registration) != number + 1) {
        return ATP_BROKEN(ret_why, "N4", "source %u does not know its registration", registration->source);
    }
    if (atp_load_relaxed(&source->facts) != registration->facts ||
        atp_load_relaxed(&source->refused) != registration->refused ||
        atp_load_relaxed(&source->heard_ms) != registration->heard_ms ||
        (atp_load_relaxed(&source->state) == ATP_SOURCE_UNREGISTERED) != registration->is_dropped) {
        return ATP_BROKEN(ret_why, "N4", "what is shown of source %u is not what it is",
                          registration->source);
    }
    if (registration->place_count > ATP_CLAIM_PLACES_MAX || registration->pause > ATP_PAUSE_RESTART ||
        registration->breaker_ms < ATP_BREAKER_SLICES || registration->refused < registration->outside ||
        (registration->is_dropped && registration->is_silent)) {
        return ATP_BROKEN(ret_why, "N4", "the registration of source %u is none", registration->source);
    }
    return ATP_OK;
}

static atp_err_t check_claims(const atp_ledger_t *ledger, const atp_registration_t *registration,
                              atp_why_t *ret_why)
{
    uint32_t other;

    for (unsigned i = 0; i < registration->place_count; i++) {
        const atp_claim_place_t *place = &registration->places[i];
        uint64_t count = place->scope == ATP_PLACE_GROUP  ? atp_table_count(&ledger->catalog.groups)
                         : place->scope == ATP_PLACE_NODE ? atp_table_count(&ledger->catalog.nodes)
                                                          : 1;
        if (place->number >= count || place->claims == 0 || (place->shared & ~place->claims) != 0 ||
            (place->shared & ATP_CLAIMS_OF_COUNTS) != 0) {
            return ATP_BROKEN(ret_why, "N4", "a claim of source %u is at no place", registration->source);
        }
    }
    if (atp_registration_counts(registration) &&
        atp_registry_find_taken(&ledger->registry, &ledger->groups, registration, 0, &other)) {
        return ATP_BROKEN(ret_why, "N5", "source %u and registration %u claim the same", registration->source,
                          other);
    }
    return ATP_OK;
}

/* N6. */
static atp_err_t check_stale(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->catalog.nodes);

    for (uint64_t node = 0; node < count; node++) {
        atp_node_record_t *record = atp_table_at(&ledger->catalog.nodes, node);
        bool is_marked = (atp_load_relaxed(&record->state) & ATP_NODE_IS_STALE) != 0;
        if (is_marked != atp_ledger_is_stale(ledger, (uint16_t)node)) {
            return ATP_BROKEN(ret_why, "N6", "node %llu is %smarked as stale", (ull_t)node,
                              is_marked ? "" : "not ");
        }
    }
    return ATP_OK;
}

/* N7. */
static atp_err_t check_differences(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_differences_t *differences = &ledger->differences;
    uint64_t count = atp_table_count(&differences->records);
    atp_err_t err = atp_check_index(&differences->index, "differences", count, ret_why);

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_difference_t *record = atp_table_at(&differences->records, i);
        if (!atp_differences_is_found(differences, (uint32_t)i) ||
            record->sku >= atp_table_count(&ledger->catalog.skus) ||
            record->node >= atp_table_count(&ledger->catalog.nodes) ||
            record->shadow >= atp_table_count(&ledger->catalog.sources)) {
            err = ATP_BROKEN(ret_why, "N7", "difference %llu is not found, or of nothing", (ull_t)i);
        }
    }
    return err;
}

atp_err_t atp_check_registry(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_registry_heads_t *heads = &ledger->root->registry;
    uint64_t count = atp_table_count(&ledger->registry.records);
    uint32_t counting = 0;
    uint32_t silent = 0;
    uint32_t shadows = 0;
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_registration_t *registration = atp_registration_at(&ledger->registry, (uint32_t)i);
        err = check_link(ledger, (uint32_t)i, ret_why);
        err = err == ATP_OK ? check_claims(ledger, registration, ret_why) : err;
        counting += !registration->is_dropped;
        silent += registration->is_silent;
        shadows += !registration->is_dropped && registration->shadow_of != 0;
        if (err == ATP_OK && atp_registration_silent_at(registration) < heads->look_ms) {
            err =
                ATP_BROKEN(ret_why, "N4", "source %u gets silent before anybody looks", registration->source);
        }
    }
    if (err == ATP_OK && (counting != heads->count || silent != heads->silent || shadows != heads->shadows)) {
        err = ATP_BROKEN(ret_why, "N4", "%u sources are registered and %u silent, the heads say %u and %u",
                         counting, silent, heads->count, heads->silent);
    }
    err = err == ATP_OK ? check_differences(ledger, ret_why) : err;
    return err == ATP_OK ? check_stale(ledger, ret_why) : err;
}

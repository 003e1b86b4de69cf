#include "tools/atpd/text/source_text.h"

#include "engine/base/attribute.h"
#include "engine/ledger/facts/registry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void put_number(atp_rule_text_t *text, const char *name, uint64_t number)
{
    char digits[24];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, number);

    atp_rule_text_put(text, name, (atp_text_t){digits, (uint32_t)size});
}

static void put_unless_0(atp_rule_text_t *text, const char *name, uint64_t number)
{
    if (number != 0) {
        put_number(text, name, number);
    }
}

/* The word of a choice. */
static void put_word(atp_rule_text_t *text, const char *name, unsigned key, int64_t choice)
{
    atp_text_t word;

    if (atp_attribute_word(atp_attribute_rule(key), choice, &word)) {
        atp_rule_text_put(text, name, word);
    }
}

static const atp_source_record_t *source_at(const atp_ledger_t *ledger, uint32_t source)
{
    return atp_table_at(&atp_ledger_catalog(ledger)->sources, source);
}

/* NULL: it is not registered. */
static atp_registration_t *registration_of(const atp_ledger_t *ledger, uint32_t source)
{
    atp_source_record_t *record = atp_table_at(&atp_ledger_catalog(ledger)->sources, source);
    uint32_t link = atp_load_relaxed(&record->registration);
    atp_registration_t *registration =
        link != 0 ? atp_registration_at(atp_ledger_registry(ledger), link - 1) : NULL;

    return registration == NULL || registration->is_dropped ? NULL : registration;
}

static void source_text(const atp_ledger_t *ledger, uint32_t source, atp_rule_text_t *ret_text)
{
    atp_registration_t *registration = registration_of(ledger, source);

    ret_text->size = 0;
    if (registration == NULL) {
        atp_rule_text_put(ret_text, "registered", ATP_TEXT("no"));
        return;
    }
    put_word(ret_text, "kind", ATP_KEY_SOURCE_KIND, registration->kind);
    put_word(ret_text, "class", ATP_KEY_CLASS, registration->class);
    if (registration->shadow_of != 0) {
        atp_rule_text_put(ret_text, "shadow_of",
                          atp_strings_get(&atp_ledger_catalog(ledger)->strings,
                                          source_at(ledger, registration->shadow_of - 1)->id_ref));
    }
    put_unless_0(ret_text, "rate", registration->rate);
    put_unless_0(ret_text, "sla_ms", (uint64_t)registration->sla_ms);
    put_unless_0(ret_text, "breaker", registration->breaker);
    if (registration->breaker != 0) {
        put_number(ret_text, "breaker_window_ms", (uint64_t)registration->breaker_ms);
    }
    if (registration->unknown_names != 0) {
        put_word(ret_text, "unknown_names", ATP_KEY_UNKNOWN_NAMES, registration->unknown_names);
    }
    if (registration->asks_to_restart) {
        atp_rule_text_put(ret_text, "restarts", ATP_TEXT("asked"));
    }
}

static void source_state_text(const atp_ledger_t *ledger, uint32_t source, atp_rule_text_t *ret_text)
{
    const atp_source_record_t *record = source_at(ledger, source);
    const atp_registration_t *registration = registration_of(ledger, source);

    ret_text->size = 0;
    if (registration != NULL) {
        bool is_paused = registration->pause != ATP_PAUSE_NONE;
        atp_rule_text_put(ret_text, "state",
                          is_paused                 ? ATP_TEXT("paused")
                          : registration->is_silent ? ATP_TEXT("silent")
                                                    : ATP_TEXT("open"));
        if (is_paused) {
            atp_rule_text_put(ret_text, "paused_by", atp_text_of(atp_pause_name(registration->pause)));
            put_number(ret_text, "paused_ms", (uint64_t)registration->paused_ms);
        }
        put_number(ret_text, "heard_ms", (uint64_t)registration->heard_ms);
    }
    put_unless_0(ret_text, "epoch", record->epoch);
    put_unless_0(ret_text, "batches", record->batches);
    put_unless_0(ret_text, "missing", atp_sources_missing(record));
    put_unless_0(ret_text, "lost", record->lost);
    if (registration != NULL) {
        put_unless_0(ret_text, "facts", registration->facts);
        put_unless_0(ret_text, "refused", registration->refused);
        put_unless_0(ret_text, "outside", registration->outside);
        put_unless_0(ret_text, "compared", registration->compared);
        put_unless_0(ret_text, "not_compared", registration->not_compared);
    }
}

uint64_t atp_source_claim_texts(const atp_ledger_t *ledger)
{
    return atp_table_count(&atp_ledger_registry(ledger)->records) * ATP_CLAIM_PLACES_MAX;
}

static void put_place(const atp_ledger_t *ledger, const atp_claim_place_t *place, atp_rule_text_t *text)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_text_t name = place->scope == ATP_PLACE_NODE    ? atp_catalog_node_id(catalog, place->number)
                      : place->scope == ATP_PLACE_GROUP ? atp_catalog_group_id(catalog, place->number)
                                                        : ATP_TEXT("everywhere");
    const char *prefix = place->scope == ATP_PLACE_NODE    ? "node:"
                         : place->scope == ATP_PLACE_GROUP ? "group:"
                                                           : "";

    text->size =
        (uint32_t)snprintf(text->bytes, sizeof text->bytes, "%s%.*s", prefix, (int)name.size, name.bytes);
}

static void put_claim(atp_rule_text_t *text, unsigned claim, bool is_shared)
{
    size_t left = sizeof text->bytes - text->size;
    atp_text_t word;

    if (atp_attribute_word(atp_attribute_rule(ATP_KEY_CLAIM), claim, &word)) {
        int size = snprintf(text->bytes + text->size, left, " %.*s%s", (int)word.size, word.bytes,
                            is_shared ? ":shared" : "");
        text->size += size > 0 && (size_t)size < left ? (uint32_t)size : 0;
    }
}

static bool source_claim_text(const atp_ledger_t *ledger, uint64_t index,
                              const atp_named_record_t **ret_source, atp_rule_text_t *ret_text)
{
    const atp_registration_t *registration =
        atp_registration_at(atp_ledger_registry(ledger), (uint32_t)(index / ATP_CLAIM_PLACES_MAX));
    const atp_claim_place_t *place = &registration->places[index % ATP_CLAIM_PLACES_MAX];

    if (registration->is_dropped || index % ATP_CLAIM_PLACES_MAX >= registration->place_count) {
        return false;
    }
    *ret_source = (const atp_named_record_t *)(const void *)source_at(ledger, registration->source);
    put_place(ledger, place, ret_text);
    for (unsigned claim = 0; claim < ATP_CLAIM_COUNT; claim++) {
        if ((place->claims >> claim & 1) != 0) {
            put_claim(ret_text, claim, (place->shared >> claim & 1) != 0);
        }
    }
    return true;
}

static void put_qty(atp_rule_text_t *text, const char *name, atp_qty_t qty, uint8_t scale)
{
    char digits[ATP_QTY_TEXT_SIZE];
    atp_text_t value = {digits, (uint32_t)atp_qty_format(qty, scale, digits)};

    atp_rule_text_put(text, name, value);
}

/* Of a shadow, and of one that was cut over: that is what only one of the two had told by then. */
static bool difference_text(const atp_ledger_t *ledger, uint64_t index, const atp_named_record_t **ret_sku,
                            int64_t *ret_qty, atp_rule_text_t *ret_text)
{
    const atp_difference_t *record = atp_table_at(&atp_ledger_differences(ledger)->records, index);
    const atp_registration_t *shadow = registration_of(ledger, record->shadow);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint8_t scale = atp_positions_scale(atp_ledger_positions(ledger), record->sku);

    ret_text->size = 0;
    if (shadow == NULL || shadow->round != record->round || !atp_difference_is_one(record)) {
        return false;
    }
    *ret_sku = atp_table_at(&catalog->skus, record->sku);
    *ret_qty = record->shadowed - record->applied;
    atp_rule_text_put(ret_text, "shadow",
                      atp_strings_get(&catalog->strings, source_at(ledger, record->shadow)->id_ref));
    atp_rule_text_put(ret_text, "node", atp_catalog_node_id(catalog, record->node));
    put_qty(ret_text, "applied", record->applied, scale);
    put_qty(ret_text, "shadowed", record->shadowed, scale);
    if (record->counted & ATP_COUNTED_APPLIED) {
        put_qty(ret_text, "applied_count", record->applied_count, scale);
    }
    if (record->counted & ATP_COUNTED_SHADOW) {
        put_qty(ret_text, "shadowed_count", record->shadowed_count, scale);
    }
    return true;
}

bool atp_source_row_text(const atp_ledger_t *ledger, atp_catalog_what_t what, uint64_t index,
                         const atp_named_record_t **ret_record, int64_t *ret_value, atp_rule_text_t *ret_text)
{
    if (what == ATP_CATALOG_SOURCE_CLAIMS) {
        return source_claim_text(ledger, index, ret_record, ret_text);
    }
    if (what == ATP_CATALOG_DIFFERENCES) {
        return difference_text(ledger, index, ret_record, ret_value, ret_text);
    }
    *ret_record = atp_table_at(&atp_ledger_catalog(ledger)->sources, index);
    if (what == ATP_CATALOG_SOURCES) {
        *ret_value = (int64_t)index;
        source_text(ledger, (uint32_t)index, ret_text);
    } else {
        source_state_text(ledger, (uint32_t)index, ret_text);
    }
    return true;
}

/* The op register_source. What it does not say of a source that is registered stays; claims are told all together. */
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/channels/ledger_rules.h"

#include "engine/base/attribute.h"

#include <string.h>

#define OTHERS_TOLD                                                                                          \
    2046 /* the number of another source goes where the line at fault goes: docs/protocol.md */

static atp_source_record_t *source_of(const atp_ledger_t *ledger, uint32_t source)
{
    return atp_table_at(&ledger->catalog.sources, source);
}

atp_registration_t *atp_ledger_registration(const atp_ledger_t *ledger, uint32_t source)
{
    uint32_t number = source == 0 ? 0 : atp_load_relaxed(&source_of(ledger, source - 1)->registration);

    if (number == 0 || atp_registration_at(&ledger->registry, number - 1)->is_dropped) {
        return NULL;
    }
    return atp_registration_at(&ledger->registry, number - 1);
}

void atp_ledger_publish_source(atp_ledger_t *ledger, const atp_registration_t *registration)
{
    atp_source_record_t *source = atp_table_change(&ledger->catalog.sources, registration->source);
    uint8_t state = registration->is_dropped                ? ATP_SOURCE_UNREGISTERED
                    : registration->pause != ATP_PAUSE_NONE ? ATP_SOURCE_IS_PAUSED
                    : registration->is_silent               ? ATP_SOURCE_SILENT
                                                            : ATP_SOURCE_OPEN;

    atp_store_relaxed(&source->rate, registration->is_dropped ? 0 : (uint32_t)registration->rate);
    atp_store_relaxed(&source->class, registration->is_dropped ? ATP_SOURCE_LIVE : registration->class);
    atp_store_relaxed(&source->state, state);
    atp_store_relaxed(&source->facts, registration->facts);
    atp_store_relaxed(&source->refused, registration->refused);
    atp_store_relaxed(&source->heard_ms, registration->heard_ms);
}

/* ---- what the op wants ---- */

/* The group or node that an attribute names. */
static atp_verdict_t find_place(apply_t *apply, const atp_op_attribute_t *attribute, atp_claim_place_t *place)
{
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    atp_text_t name = atp_op_attribute_text(apply->op, attribute);
    uint64_t hash = atp_hash_text(name, atp_ledger_seed(apply->ledger));

    if (attribute->key == ATP_KEY_NODE) {
        place->scope = ATP_PLACE_NODE;
        return atp_catalog_find_node(catalog, name, hash, &place->number)
                   ? ATP_APPLIED
                   : atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, 0);
    }
    place->scope = ATP_PLACE_GROUP;
    return atp_catalog_find_group(catalog, name, hash, &place->number)
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_UNKNOWN_GROUP, ATP_KEY_GROUP, 0);
}

static bool is_of_claim(unsigned key)
{
    return key == ATP_KEY_SHARED || key == ATP_KEY_NODE || key == ATP_KEY_GROUP;
}

/* One claim, from attribute `first` on, with what is said of it: shared or not, and where. Returns the first one after it. */
static atp_verdict_t take_claim(apply_t *apply, uint32_t first, atp_registration_t *wanted,
                                uint32_t *ret_next)
{
    const atp_op_attribute_t *attributes = atp_op_attributes(apply->op);
    uint32_t count = atp_op_attribute_count(apply->op);
    atp_claim_place_t place = {.claims = (uint16_t)(1u << attributes[first].number)};
    uint32_t i = first + 1;

    if (i < count && attributes[i].key == ATP_KEY_SHARED) {
        place.shared = attributes[i++].number != 0 ? place.claims : 0;
    }
    if ((place.shared & ATP_CLAIMS_OF_COUNTS) != 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_SHARED, 0);
    }
    bool is_everywhere = i == count || !is_of_claim(attributes[i].key);
    bool has_room = !is_everywhere || atp_registration_add_claims(wanted, &place);
    for (; i < count && is_of_claim(attributes[i].key) && has_room; i++) {
        atp_verdict_t verdict = attributes[i].key == ATP_KEY_SHARED
                                    ? atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_SHARED, 0)
                                    : find_place(apply, &attributes[i], &place);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        has_room = atp_registration_add_claims(wanted, &place);
    }
    *ret_next = i;
    return has_room ? ATP_APPLIED : atp_ledger_refuse_key(apply, ATP_TOO_MANY_ATTRIBUTES, ATP_KEY_CLAIM, 0);
}

/* All claims that the op tells; none: those that there are stay. */
static atp_verdict_t take_claims(apply_t *apply, atp_registration_t *wanted)
{
    uint32_t count = atp_op_attribute_count(apply->op);
    bool is_first = true;
    uint32_t i = 0;

    while (i < count) {
        unsigned key = atp_op_attributes(apply->op)[i].key;
        if (is_of_claim(key)) { /* of no claim */
            return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, key, 0);
        }
        if (key != ATP_KEY_CLAIM) {
            i++;
            continue;
        }
        if (is_first) {
            wanted->place_count = 0;
            memset(wanted->places, 0, sizeof wanted->places);
            is_first = false;
        }
        atp_verdict_t verdict = take_claim(apply, i, wanted, &i);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return wanted->place_count > 0 ? ATP_APPLIED
                                   : atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_CLAIM, 0);
}

static void begin_comparison(const apply_t *apply, atp_registration_t *wanted)
{
    wanted->round = apply->ledger->root->op;
    wanted->compared = 0;
    wanted->not_compared = 0;
}

/* The source that this one is to be a shadow of: registered, and no shadow itself. */
static atp_verdict_t take_shadow(apply_t *apply, const atp_op_attribute_t *said, atp_registration_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_text_t name = atp_op_attribute_text(apply->op, said);
    uint32_t source;

    if (!atp_catalog_find_source(&ledger->catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)),
                                 &source) ||
        source == wanted->source || atp_ledger_registration(ledger, source + 1) == NULL ||
        atp_ledger_registration(ledger, source + 1)->shadow_of != 0) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SOURCE, ATP_KEY_SHADOW_OF, 0);
    }
    if (wanted->shadow_of != source + 1) {
        begin_comparison(apply, wanted);
    }
    wanted->shadow_of = source + 1;
    return ATP_APPLIED;
}

static void take_numbers(const apply_t *apply, atp_registration_t *wanted)
{
    int64_t window = atp_ledger_attribute_number(apply, ATP_KEY_BREAKER_WINDOW, wanted->breaker_ms);

    wanted->kind = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_SOURCE_KIND, wanted->kind);
    wanted->class = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_CLASS, wanted->class);
    wanted->rate = (uint64_t)atp_ledger_attribute_number(apply, ATP_KEY_RATE, (int64_t)wanted->rate);
    wanted->sla_ms = atp_ledger_attribute_number(apply, ATP_KEY_SLA, wanted->sla_ms);
    wanted->breaker = (uint64_t)atp_ledger_attribute_number(apply, ATP_KEY_BREAKER, (int64_t)wanted->breaker);
    wanted->asks_to_restart =
        (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_RESTARTS, wanted->asks_to_restart);
    wanted->unknown_names =
        (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_UNKNOWN_NAMES, wanted->unknown_names);
    if (window != wanted->breaker_ms) { /* its slices are others now */
        memset(wanted->slices, 0, sizeof wanted->slices);
        wanted->slice = 0;
    }
    wanted->breaker_ms = window;
}

/* By a person: paused, or going on. What has started over goes on as it has. */
static void take_state(const apply_t *apply, atp_registration_t *wanted)
{
    const atp_op_attribute_t *said = atp_op_attribute(apply->op, ATP_KEY_STATE, ATP_WHOLE_OP);

    if (said == NULL) {
        return;
    }
    if (said->number != 0) {
        wanted->paused_ms = wanted->pause == ATP_PAUSE_NONE ? apply->now_ms : wanted->paused_ms;
        wanted->pause = ATP_PAUSE_PERSON;
        return;
    }
    if (wanted->pause != ATP_PAUSE_NONE) {
        memset(wanted->slices, 0, sizeof wanted->slices);
        wanted->heard_ms = apply->now_ms;
    }
    wanted->epoch_allowed = wanted->epoch_asked;
    wanted->pause = ATP_PAUSE_NONE;
    wanted->paused_ms = 0;
}

/* ---- looking ---- */

/* What the op would make of the registration. Nothing changes. */
static atp_verdict_t take_wanted(apply_t *apply, const atp_registration_t *before, atp_registration_t *wanted)
{
    const atp_op_attribute_t *shadow = atp_op_attribute(apply->op, ATP_KEY_SHADOW_OF, ATP_WHOLE_OP);

    if (before != NULL) {
        memcpy(wanted, before, sizeof *wanted);
    } else {
        uint32_t source = wanted->source;
        memset(wanted, 0, sizeof *wanted);
        wanted->source = source;
        wanted->heard_ms = apply->now_ms;
        wanted->breaker_ms = ATP_BREAKER_WINDOW_MS;
    }
    wanted->registered_op = apply->ledger->root->op;
    atp_verdict_t verdict = take_claims(apply, wanted);
    if (verdict == ATP_APPLIED && shadow != NULL) {
        verdict = take_shadow(apply, shadow, wanted);
    }
    take_numbers(apply, wanted);
    take_state(apply, wanted);
    return verdict;
}

/* AUTHORITY_TAKEN, and by whom, if another source claims the same. */
static atp_verdict_t look_at_others(apply_t *apply, const atp_registration_t *wanted, uint32_t but)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t number;

    if (!atp_registration_counts(wanted) ||
        !atp_registry_find_taken(&ledger->registry, &ledger->groups, wanted, but, &number)) {
        return ATP_APPLIED;
    }
    uint32_t source = atp_registration_at(&ledger->registry, number)->source;
    return atp_ledger_refuse(apply, ATP_AUTHORITY_TAKEN, ATP_FIELD_SOURCE,
                             source < OTHERS_TOLD ? source : OTHERS_TOLD);
}

/* What the source claims of the group, at one of the nodes that it is to have. */
static atp_verdict_t look_at_node(apply_t *apply, const atp_registration_t *registration,
                                  const atp_claim_place_t *of_group, uint16_t node)
{
    atp_registration_t there = {.source = registration->source, .place_count = 1};

    there.places[0] = *of_group;
    there.places[0].scope = ATP_PLACE_NODE;
    there.places[0].number = node;
    return look_at_others(apply, &there, 0);
}

static atp_verdict_t look_at_nodes(apply_t *apply, const atp_registration_t *registration, uint16_t group,
                                   uint32_t count)
{
    for (unsigned i = 0; i < registration->place_count; i++) {
        const atp_claim_place_t *place = &registration->places[i];
        bool is_of_group = place->scope == ATP_PLACE_GROUP && place->number == group;
        for (uint32_t k = 0; is_of_group && k < count; k++) {
            atp_verdict_t verdict = look_at_node(apply, registration, place, apply->ledger->lines[k].node);
            if (verdict != ATP_APPLIED) {
                return verdict;
            }
        }
    }
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_look_at_group_claims(apply_t *apply, uint16_t group, uint32_t count)
{
    const atp_registry_t *registry = &apply->ledger->registry;
    uint64_t registered = atp_table_count(&registry->records);

    for (uint64_t i = 0; i < registered; i++) {
        const atp_registration_t *registration = atp_registration_at(registry, (uint32_t)i);
        atp_verdict_t verdict = atp_registration_counts(registration)
                                    ? look_at_nodes(apply, registration, group, count)
                                    : ATP_APPLIED;
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

/* ---- changing ---- */

static uint32_t is_shadow(const atp_registration_t *registration)
{
    return !registration->is_dropped && registration->shadow_of != 0;
}

/* Puts the registration as it is wanted. There is room (looked at). */
static void put(apply_t *apply, const atp_registration_t *wanted)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_source_record_t *source = atp_table_change(&ledger->catalog.sources, wanted->source);
    uint32_t number = atp_load_relaxed(&source->registration);
    atp_registry_heads_t *heads = &ledger->root->registry;

    if (number == 0) {
        number = (uint32_t)atp_table_append(&ledger->registry.records, 1) + 1;
        atp_registration_at(&ledger->registry, number - 1)->is_dropped = 1; /* until it is put */
    }
    atp_registration_t *record = atp_table_change(&ledger->registry.records, number - 1);
    heads->count += (uint32_t)record->is_dropped - wanted->is_dropped;
    heads->silent += (uint32_t)wanted->is_silent - record->is_silent;
    heads->shadows += is_shadow(wanted) - is_shadow(record);
    memcpy(record, wanted, sizeof *record);
    int64_t silent_at = atp_registration_silent_at(record);
    heads->look_ms = silent_at < heads->look_ms ? silent_at : heads->look_ms;
    atp_store_relaxed(&source->registration, number);
    atp_ledger_publish_source(ledger, record);
    atp_ledger_mark_stale(ledger);
}

static atp_verdict_t drop(apply_t *apply, const atp_registration_t *before)
{
    atp_registration_t wanted;

    if (before == NULL) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SOURCE, ATP_FIELD_SUBJECT, 0);
    }
    memcpy(&wanted, before, sizeof wanted);
    atp_ledger_end_silence(apply, &wanted, ATP_TEXT("dropped"));
    wanted.is_dropped = 1;
    wanted.pause = ATP_PAUSE_NONE;
    wanted.registered_op = apply->ledger->root->op;
    put(apply, &wanted);
    return ATP_APPLIED;
}

/* The shadow is applied from now on; the source that it was compared with is its shadow. */
static atp_verdict_t cut_over(apply_t *apply, const atp_registration_t *before)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_registration_t wanted;
    atp_registration_t other;

    if (before == NULL || before->shadow_of == 0) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SOURCE, ATP_FIELD_SUBJECT, 0);
    }
    uint32_t shadowed = before->shadow_of;
    memcpy(&wanted, before, sizeof wanted);
    wanted.shadow_of = 0;
    atp_verdict_t verdict = look_at_others(apply, &wanted, shadowed);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    const atp_registration_t *base = atp_ledger_registration(ledger, shadowed);
    if (base != NULL) {
        memcpy(&other, base, sizeof other);
        other.shadow_of = wanted.source + 1;
        begin_comparison(apply, &other);
        other.registered_op = ledger->root->op;
        put(apply, &other);
    }
    wanted.registered_op = ledger->root->op;
    put(apply, &wanted);
    return ATP_APPLIED;
}

/* The source's number, made if it was never heard of. */
static atp_verdict_t need_source(apply_t *apply, atp_text_t id, bool is_known, uint32_t *source)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_verdict_t verdict = ATP_APPLIED;

    if (!is_known) {
        verdict = atp_ledger_add_named(apply, &ledger->catalog.sources, &ledger->catalog.source_index, id,
                                       (atp_text_t){NULL, 0}, ATP_SOURCES_FULL, source);
    }
    return verdict == ATP_APPLIED ? verdict : atp_ledger_refuse(apply, verdict, ATP_FIELD_SUBJECT, 0);
}

atp_verdict_t atp_ledger_register_source(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    uint32_t source = UINT32_MAX;
    atp_registration_t wanted;

    bool is_known = atp_catalog_find_source(&ledger->catalog, id, apply->op->subject_hash, &source);
    const atp_registration_t *before = is_known ? atp_ledger_registration(ledger, source + 1) : NULL;
    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        return drop(apply, before);
    }
    if (atp_ledger_attribute_number(apply, ATP_KEY_CUT_OVER, 0) != 0) {
        return cut_over(apply, before);
    }
    if (before == NULL && atp_op_attribute(apply->op, ATP_KEY_STATE, ATP_WHOLE_OP) != NULL &&
        atp_op_attribute(apply->op, ATP_KEY_CLAIM, ATP_WHOLE_OP) == NULL) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SOURCE, ATP_FIELD_SUBJECT,
                                 0); /* none to pause, or resume */
    }
    wanted.source = source;
    atp_verdict_t verdict = take_wanted(apply, before, &wanted);
    verdict = verdict == ATP_APPLIED ? look_at_others(apply, &wanted, 0) : verdict;
    verdict = verdict == ATP_APPLIED ? need_source(apply, id, is_known, &source) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    wanted.source = source;
    if (wanted.sla_ms == 0) {
        atp_ledger_end_silence(apply, &wanted, ATP_TEXT("it may be silent"));
    }
    bool was_paused = before != NULL && before->pause != ATP_PAUSE_NONE;
    if (was_paused != (wanted.pause != ATP_PAUSE_NONE)) {
        atp_ledger_notice(ledger, was_paused ? ATP_NOTICE_RESUMED : ATP_NOTICE_PAUSED, &wanted, 0);
    }
    put(apply, &wanted);
    return ATP_APPLIED;
}

/* Facts of registered sources: what is claimed, who is paused, who is silent. */
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/supply/ledger_supply.h"

#include "engine/base/attribute.h"

#include <string.h>

static atp_registration_t *change(atp_ledger_t *ledger, const atp_registration_t *registration)
{
    uint64_t number = (uint64_t)(registration - atp_registration_at(&ledger->registry, 0));

    return atp_table_change(&ledger->registry.records, number);
}

void atp_ledger_notice(atp_ledger_t *ledger, atp_notice_what_t what, const atp_registration_t *registration,
                       uint64_t number)
{
    atp_notices_add(&ledger->notices, &(atp_notice_t){.op = ledger->root->op,
                                                      .number = number,
                                                      .source = registration->source + 1,
                                                      .what = (uint8_t)what,
                                                      .kind = registration->pause});
}

/* ---- what a fact needs to be claimed ---- */

/* A bit; 0: facts of that kind are nobody's. */
static unsigned claim_of(const atp_op_t *op)
{
    switch (op->kind) {
    case ATP_OP_COUNT:
        return op->option == ATP_BUCKET_UNAVAILABLE ? 1u << ATP_CLAIM_UNAVAILABLE : 1u << ATP_CLAIM_ON_HAND;
    case ATP_OP_RECEIVE:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_RECEIVE:
        return 1u << ATP_CLAIM_RECEIPTS;
    case ATP_OP_SALE:
        return 1u << ATP_CLAIM_SALES;
    case ATP_OP_SHIP:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
    case ATP_OP_DELIVER:
    case ATP_OP_RECONCILE:
    case ATP_OP_SHORT:
    case ATP_OP_TRANSFER_SHIP:
        return 1u << ATP_CLAIM_STEPS;
    case ATP_OP_RETURN:
        return 1u << ATP_CLAIM_RETURNS;
    case ATP_OP_ADJUST:
    case ATP_OP_DISPOSE:
        return 1u << ATP_CLAIM_ADJUSTMENTS;
    case ATP_OP_SUPPLY:
    case ATP_OP_TRANSFER:
    case ATP_OP_TRANSFER_CANCEL:
        return 1u << ATP_CLAIM_SUPPLY;
    case ATP_OP_SKU:
    case ATP_OP_NODE:
    case ATP_OP_KIT:
    case ATP_OP_SAFETY:
        return 1u << ATP_CLAIM_CATALOGUE;
    default:
        return 0;
    }
}

/* A fact of which it is being looked whether its source claims it. */
typedef struct asked {
    const atp_ledger_t *ledger;
    const atp_registration_t *registration;
    unsigned claim;
} asked_t;

static bool is_claimed(const asked_t *asked, uint16_t node)
{
    return atp_registration_claims(asked->registration, &asked->ledger->groups, asked->claim, node);
}

static uint16_t named_node(const atp_ledger_t *ledger, atp_text_t name)
{
    uint16_t node = ATP_PLACE_ANY;

    (void)atp_catalog_means_node(&ledger->catalog, atp_ledger_source_told(ledger), name,
                                 atp_ledger_seed(ledger), &node);
    return node;
}

static bool are_lines_claimed(const asked_t *asked, const atp_op_t *op)
{
    line_names_t names = atp_ledger_line_names(op);

    for (uint32_t i = 0; i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        uint16_t node = line->flags & ATP_LINE_NODE_OPEN ? ATP_PLACE_ANY : line->node;
        if (line->flags & ATP_LINE_SKU_NAMED) {
            atp_op_text_next(&names.cursor);
        }
        if (line->flags & ATP_LINE_NODE_NAMED) {
            node = named_node(asked->ledger, atp_op_text_next(&names.cursor));
        }
        bool is_known = node < atp_table_count(&asked->ledger->catalog.nodes);
        if (!is_claimed(asked, is_known ? node : ATP_PLACE_ANY)) {
            return false;
        }
    }
    return true;
}

/* "All of it": where the lines of the reservation are. Of one that nobody knows the fact is refused for that. */
static bool is_reservation_claimed(const asked_t *asked, const atp_op_t *op)
{
    const atp_reservations_t *reservations = &asked->ledger->reservations;
    const char *cursor = atp_op_text_begin(op);
    atp_text_t id = atp_op_text_next(&cursor);
    uint32_t number;

    if (id.size == 0) { /* it names an order */
        return is_claimed(asked, ATP_PLACE_ANY);
    }
    if (!atp_reservations_find(reservations, id, op->subject_hash, &number)) {
        return true;
    }
    for (uint32_t at = atp_reservation_at(reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        if (!is_claimed(asked, atp_positions_at(&asked->ledger->positions, line->row)->node)) {
            return false;
        }
        at = line->next;
    }
    return true;
}

/* Where the supply or transfer is, as a whole: a transfer where it comes from. */
static bool is_supply_claimed(const asked_t *asked, const atp_op_t *op)
{
    const atp_ledger_t *ledger = asked->ledger;
    const char *cursor = atp_op_text_begin(op);
    uint32_t number;

    if (!atp_supplies_find(&ledger->supplies, atp_op_text_next(&cursor), op->subject_hash, &number)) {
        return true;
    }
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    uint32_t row = supply->source_line != 0 ? atp_line_at(&ledger->reservations, supply->source_line - 1)->row
                                            : supply->row;
    return is_claimed(asked, atp_positions_at(&ledger->positions, row)->node);
}

static bool is_fact_claimed(const asked_t *asked, const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    if (op->kind == ATP_OP_NODE) {
        return is_claimed(asked, named_node(asked->ledger, atp_op_text_next(&cursor)));
    }
    if (asked->claim == 0 || op->kind == ATP_OP_SKU || op->kind == ATP_OP_KIT) {
        return asked->claim != 0 && is_claimed(asked, ATP_PLACE_ANY);
    }
    if (op->line_count > 0) {
        return are_lines_claimed(asked, op);
    }
    bool is_of_supply =
        op->kind == ATP_OP_SUPPLY || op->kind == ATP_OP_TRANSFER_SHIP || op->kind == ATP_OP_TRANSFER_CANCEL;
    return is_of_supply ? is_supply_claimed(asked, op) : is_reservation_claimed(asked, op);
}

static bool may_tell(const apply_t *apply, const atp_registration_t *registration)
{
    const asked_t asked = {apply->ledger, registration, claim_of(apply->op)};

    return registration == NULL ? apply->ledger->root->config.sources_must_be_registered == 0
                                : is_fact_claimed(&asked, apply->op);
}

bool atp_ledger_is_shadow(const atp_ledger_t *ledger, uint32_t source)
{
    const atp_registration_t *registration = atp_ledger_registration(ledger, source);

    return registration != NULL && registration->shadow_of != 0;
}

/* A fact that is replayed is what its source was when it told it: there may have been a cut-over since, and what the one had
 * told before it the other has told as well. */
atp_verdict_t atp_ledger_look_at_authority(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_registration_t *registration = atp_ledger_registration(ledger, ledger->frame_source);
    bool is_replayed = apply->grants == ledger->replay_grants;
    bool is_shadow = atp_ledger_is_shadow(ledger, ledger->frame_source);

    if (registration != NULL && !is_replayed) { /* else it was counted before */
        change(ledger, registration)->facts++;
        atp_ledger_publish_source(ledger, registration);
    }
    if (!may_tell(apply, registration)) {
        return atp_ledger_refuse(apply, ATP_OUTSIDE_AUTHORITY, ATP_FIELD_SOURCE, 0);
    }
    if (is_replayed ? !ledger->frame_is_of_shadow : !is_shadow) {
        return ATP_APPLIED;
    }
    if (is_shadow) {
        atp_ledger_compare_shadow(apply, registration);
    }
    return ATP_CONFIRMED;
}

/* ---- paused ---- */

atp_verdict_t atp_ledger_look_at_pause(const atp_ledger_t *ledger, uint32_t source)
{
    const atp_registration_t *registration = atp_ledger_registration(ledger, source + 1);

    return registration != NULL && registration->pause != ATP_PAUSE_NONE ? ATP_SOURCE_PAUSED : ATP_APPLIED;
}

void atp_ledger_pause(apply_t *apply, atp_registration_t *registration, atp_pause_t pause, atp_qty_t qty)
{
    registration->pause = (uint8_t)pause;
    registration->paused_ms = apply->now_ms;
    atp_exception_t *exception =
        atp_ledger_raise_of(apply, ATP_EXCEPTION_SOURCE_PAUSED, registration->source + 1, qty);
    exception->verdict = ATP_SOURCE_PAUSED;
    exception->epoch = apply->ledger->frame_epoch;
    exception->sequence = apply->ledger->frame_sequence;
    atp_ledger_notice(apply->ledger, ATP_NOTICE_PAUSED, registration, exception->number);
}

void atp_ledger_count_refused(apply_t *apply, uint32_t source, bool is_outside)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_registration_t *registration = atp_ledger_registration(ledger, source);

    if (registration == NULL) {
        return;
    }
    atp_registration_t *record = change(ledger, registration);
    record->outside += is_outside;
    if (atp_registration_count_refused(record, apply->now_ms) && record->pause == ATP_PAUSE_NONE) {
        atp_ledger_pause(apply, record, ATP_PAUSE_BREAKER, (atp_qty_t)record->breaker + 1);
    }
    atp_ledger_publish_source(ledger, record);
}

atp_verdict_t atp_ledger_hear(apply_t *apply, uint32_t source, const atp_op_source_t *numbers)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_source_record_t *heard = atp_table_at(&ledger->catalog.sources, source);
    const atp_registration_t *registration = atp_ledger_registration(ledger, source + 1);

    if (registration == NULL) {
        return ATP_APPLIED;
    }
    atp_registration_t *record = change(ledger, registration);
    if (record->asks_to_restart && heard->epoch != 0 && numbers->epoch > heard->epoch &&
        numbers->epoch > record->epoch_allowed) {
        record->epoch_asked = numbers->epoch;
        atp_ledger_pause(apply, record, ATP_PAUSE_RESTART, 0);
        atp_ledger_publish_source(ledger, record);
        return ATP_SOURCE_PAUSED;
    }
    record->heard_ms = apply->now_ms;
    if (ATP_UNLIKELY(record->is_silent)) {
        atp_ledger_notice(ledger, ATP_NOTICE_HEARD, record, record->silent_number);
        atp_ledger_end_silence(apply, record, ATP_TEXT("heard again"));
        ledger->root->registry.silent--;
        ledger->root->registry.look_ms = 0; /* looked at anew by the next pulse */
        atp_ledger_mark_stale(ledger);
    }
    atp_ledger_publish_source(ledger, record);
    return ATP_APPLIED;
}

/* ---- silent ---- */

void atp_ledger_end_silence(apply_t *apply, atp_registration_t *registration, atp_text_t why)
{
    atp_exceptions_t *exceptions = &apply->ledger->exceptions;
    const atp_exception_t *told = atp_exceptions_get(exceptions, registration->silent_number);

    if (registration->silent_number != 0 && told != NULL && told->state == ATP_EXCEPTION_OPEN) {
        atp_exception_t *settled =
            atp_exceptions_settle(exceptions, registration->silent_number, ATP_EXCEPTION_DISCARDED);
        settled->settled_op = apply->ledger->root->op;
        settled->settled_ms = apply->now_ms;
        settled->settled_by = ATP_CLIENT_ENGINE + 1;
        memcpy(settled->cause, why.bytes, why.size);
        settled->cause_size = (uint8_t)why.size;
    }
    registration->is_silent = 0;
    registration->silent_number = 0;
}

static void tell_silence(apply_t *apply, atp_registration_t *record)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_exception_t *exception =
        atp_ledger_raise_of(apply, ATP_EXCEPTION_SOURCE_SILENT, record->source + 1, 0);

    record->is_silent = 1;
    record->silent_number = exception->number;
    atp_ledger_notice(ledger, ATP_NOTICE_SILENT, record, exception->number);
    ledger->root->registry.silent++;
    atp_ledger_publish_source(ledger, record);
}

void atp_ledger_look_for_silence(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_registry_heads_t *heads = &ledger->root->registry;
    uint64_t count = atp_table_count(&ledger->registry.records);
    bool is_changed = false;

    if (heads->count == 0 || apply->now_ms < heads->look_ms) {
        return;
    }
    heads->look_ms = INT64_MAX;
    for (uint64_t i = 0; i < count; i++) {
        atp_registration_t *record = atp_registration_at(&ledger->registry, (uint32_t)i);
        int64_t silent_at = atp_registration_silent_at(record);
        if (silent_at <= apply->now_ms) {
            tell_silence(apply, atp_table_change(&ledger->registry.records, i));
            is_changed = true;
        } else {
            heads->look_ms = silent_at < heads->look_ms ? silent_at : heads->look_ms;
        }
    }
    if (is_changed) {
        atp_ledger_mark_stale(ledger);
    }
}

bool atp_ledger_is_stale(const atp_ledger_t *ledger, uint16_t node)
{
    uint64_t count = atp_table_count(&ledger->registry.records);

    for (uint64_t i = 0; i < count; i++) {
        const atp_registration_t *record = atp_registration_at(&ledger->registry, (uint32_t)i);
        if (record->is_silent && atp_registration_counts(record) &&
            atp_registration_claims(record, &ledger->groups, ATP_CLAIMS_OF_COUNTS, node)) {
            return true;
        }
    }
    return false;
}

static void note_stale_change(atp_ledger_t *ledger)
{
    /* STALE-W1 (release) pairs with STALE-R1. Orders: the nodes, channels and groups before the count. */
    atp_store_release(&ledger->stale_changes, atp_load_relaxed(&ledger->stale_changes) + 1);
}

void atp_ledger_mark_stale(atp_ledger_t *ledger)
{
    uint64_t count = atp_table_count(&ledger->catalog.nodes);
    bool may_be = ledger->root->registry.silent > 0;
    bool is_changed = false;

    for (uint64_t node = 0; node < count; node++) {
        const atp_node_record_t *seen = atp_table_at(&ledger->catalog.nodes, node);
        uint8_t state = atp_load_relaxed(&((atp_node_record_t *)(uintptr_t)seen)->state);
        uint8_t marked = may_be && atp_ledger_is_stale(ledger, (uint16_t)node)
                             ? (uint8_t)(state | ATP_NODE_IS_STALE)
                             : (uint8_t)(state & ~ATP_NODE_IS_STALE);
        if (marked != state) {
            atp_node_record_t *record = atp_table_change(&ledger->catalog.nodes, node);
            atp_store_relaxed(&record->state, marked);
            is_changed = true;
        }
    }
    if (is_changed) {
        note_stale_change(ledger);
    }
    if (is_changed && ledger->has_levels) { /* what channels see may be another */
        atp_ledger_note_views_of(ledger, ATP_SCOPE_ALL, 0);
    }
}

void atp_ledger_note_stale_views(atp_ledger_t *ledger)
{
    if (ATP_UNLIKELY(ledger->root->registry.silent > 0)) {
        note_stale_change(ledger);
    }
}

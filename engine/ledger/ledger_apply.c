/* One op from its record to its verdict: identity, then the work of its kind, then what is remembered. */
#include "engine/base/attribute.h"
#include "engine/ledger/catalog/ledger_merge.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/facts/ledger_feeds.h"
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/ledger/facts/ledger_parking.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/sourcing/ledger_plan.h"
#include "engine/ledger/supply/ledger_supply.h"

#include <string.h>

/* ---- identity: has this id been answered before? ---- */

static uint32_t client_of(const atp_ledger_t *ledger, const atp_op_t *op)
{
    return op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client;
}

static int64_t floor_of(const atp_ledger_t *ledger, int64_t now_ms)
{
    int64_t window_floor = now_ms - ledger->root->config.outcome_window_ms;
    return ledger->root->outcomes.floor_ms > window_floor ? ledger->root->outcomes.floor_ms : window_floor;
}

/* A refusal at an attribute moves nothing: its outcome keeps the key in place of a quantity. */
static int64_t kept_qty(const atp_result_t *result)
{
    bool is_at_key = !atp_verdict_is_success(result->verdict) && result->field == ATP_FIELD_ATTRIBUTE;

    return is_at_key ? result->key | result->is_of_line << 8 : result->qty;
}

static void fill_from_outcome(const atp_outcome_t *outcome, atp_result_t *ret_result)
{
    ret_result->op = outcome->op;
    ret_result->qty = outcome->qty;
    ret_result->deadline_ms = outcome->deadline_ms;
    ret_result->verdict = outcome->verdict;
    if (atp_verdict_is_success(outcome->verdict)) {
        ret_result->scale = (uint8_t)outcome->detail;
        ret_result->is_stale = (uint8_t)(outcome->detail >> 8);
    } else {
        ret_result->line = outcome->detail & 0x7ff;
        ret_result->field = (uint8_t)(outcome->detail >> 11);
        if (ret_result->field == ATP_FIELD_ATTRIBUTE) {
            ret_result->key = (uint8_t)outcome->qty;
            ret_result->is_of_line = (uint8_t)(outcome->qty >> 8);
            ret_result->qty = 0;
        }
    }
    ret_result->is_repeat = 1;
}

void atp_ledger_add_to_plan(apply_t *apply, const atp_grant_t *grant)
{
    atp_result_t *result = apply->result;
    atp_grant_t *next = &apply->grants[result->line_count + result->plan_count];

    if (result->plan_count > 0 && next[-1].line == grant->line && next[-1].node == grant->node) {
        next[-1].qty += grant->qty; /* kits that are not alike have several lines */
        return;
    }
    *next = *grant;
    result->plan_count++;
}

/* What one line of the reservation was granted, for the line of the op that it serves, and as a line of the plan. */
static void fill_grant(apply_t *apply, uint32_t number)
{
    const atp_positions_t *positions = &apply->ledger->positions;
    const atp_line_t *line = atp_line_at(&apply->ledger->reservations, number);
    const atp_position_t *position = atp_positions_at(positions, line->row);
    atp_result_t *result = apply->result;
    uint8_t scale = atp_positions_scale(positions, position->sku);

    if (line->number >= result->line_count || atp_ledger_is_component(apply->ledger, number)) {
        return;
    }
    atp_qty_t granted = line->granted + atp_ledger_kits_of(apply->ledger, number) * atp_kit_unit(scale);
    apply->grants[line->number].qty += granted;
    apply->grants[line->number].scale = scale;
    if (apply->op->flags & ATP_OP_CHOOSES && granted > 0) {
        atp_ledger_add_to_plan(apply, &(atp_grant_t){.qty = granted,
                                                     .scale = scale,
                                                     .line = (uint16_t)line->number,
                                                     .node = position->node,
                                                     .sku = position->sku});
    }
}

/* The grants of a reservation of several lines, or with a plan, as they were given. */
static void fill_grants(apply_t *apply)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    const char *cursor = atp_op_text_begin(apply->op);
    uint32_t number;

    if (apply->op->kind == ATP_OP_REASSIGN && atp_verdict_is_success(apply->result->verdict)) {
        atp_ledger_fill_moved(apply, apply->result->op);
    }
    if (apply->op->kind != ATP_OP_RESERVE ||
        (apply->op->line_count < 2 && (apply->op->flags & ATP_OP_CHOOSES) == 0) ||
        !atp_verdict_is_success(apply->result->verdict) ||
        !atp_reservations_find(reservations, atp_op_text_next(&cursor), apply->op->subject_hash, &number) ||
        atp_reservation_at(reservations, number)->version != apply->result->op) {
        return; /* forgotten, or edited since: the lines are no longer those that were granted */
    }
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        apply->grants[i] = (atp_grant_t){0};
    }
    apply->result->line_count = apply->op->line_count;
    for (uint32_t at = atp_reservation_at(reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        fill_grant(apply, at - 1);
        at = line->next;
    }
}

/* When the reservation is ready, as it was promised. */
static void fill_ready(apply_t *apply)
{
    const char *cursor = atp_op_text_begin(apply->op);
    bool has_promise = apply->op->kind == ATP_OP_RESERVE || apply->op->kind == ATP_OP_EDIT;
    uint32_t number;

    if (has_promise && atp_verdict_is_success(apply->result->verdict) &&
        atp_reservations_find(&apply->ledger->reservations, atp_op_text_next(&cursor),
                              apply->op->subject_hash, &number)) {
        apply->result->ready_ms = atp_ledger_ready_ms(apply->ledger, number);
    }
}

/* True if the answer is known without a new op. */
static bool is_answered_by_identity(apply_t *apply)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    atp_result_t *result = apply->result;

    if ((op->flags & ATP_OP_HAS_ID) == 0) {
        return false;
    }
    if (op->issued_ms > apply->now_ms + ledger->root->config.issued_skew_ms) {
        result->verdict = ATP_ISSUED_IN_FUTURE;
        result->field = ATP_FIELD_ISSUED;
        return true;
    }
    if (op->issued_ms < floor_of(ledger, apply->now_ms)) {
        result->verdict = ATP_ISSUED_BEFORE_FLOOR;
        result->field = ATP_FIELD_ISSUED;
        return true;
    }
    const atp_outcome_t *outcome = atp_outcomes_find(&ledger->outcomes, op->id);
    if (outcome != NULL && outcome->digest == op->digest && outcome->kind == op->kind) {
        fill_from_outcome(outcome, result);
        fill_grants(apply);
        fill_ready(apply);
        return true;
    }
    if (outcome != NULL) {
        result->verdict = ATP_CONFLICT;
        result->field = (uint8_t)atp_outcomes_conflict(outcome, op);
        result->op = outcome->op;
        return true;
    }
    const atp_client_record_t *client = atp_table_at(&ledger->catalog.clients, client_of(ledger, op));
    if (client->outcomes >= ledger->root->config.ids_per_client) {
        result->verdict = ATP_TOO_MANY_IDS;
        result->field = ATP_FIELD_CLIENT;
        return true;
    }
    return false;
}

static void remember(apply_t *apply)
{
    const atp_op_t *op = apply->op;
    const atp_result_t *result = apply->result;
    _Static_assert(ATP_LINES_PER_OP_MAX <= 1 << 11 && ATP_FIELD_COUNT <= 1 << 5, "a detail has 16 bits");
    atp_outcome_t outcome = {
        .id = op->id,
        .digest = op->digest,
        .field_digests = op->field_digests,
        .op = result->op,
        .issued_ms = op->issued_ms,
        .qty = kept_qty(result),
        .deadline_ms = result->deadline_ms,
        .client = client_of(apply->ledger, op),
        .detail = (uint16_t)(atp_verdict_is_success(result->verdict) ? result->scale | result->is_stale << 8
                                                                     : result->line | result->field << 11),
        .kind = op->kind,
        .verdict = result->verdict,
    };
    atp_outcomes_add(&apply->ledger->outcomes, &outcome);
}

bool atp_ledger_find_outcome(const atp_ledger_t *ledger, bool is_reservation, atp_text_t client,
                             atp_text_t id, atp_result_t *ret_result)
{
    return atp_ledger_find_answer(
        ledger, atp_op_id_fingerprint(is_reservation, client, id, atp_ledger_seed(ledger)), ret_result);
}

bool atp_ledger_find_answer(const atp_ledger_t *ledger, atp_fingerprint_t id, atp_result_t *ret_result)
{
    const atp_outcome_t *outcome = atp_outcomes_find(&ledger->outcomes, id);

    memset(ret_result, 0, sizeof *ret_result);
    if (outcome == NULL) {
        ret_result->verdict = ATP_UNKNOWN_ID;
        ret_result->field = ATP_FIELD_ID;
        return false;
    }
    fill_from_outcome(outcome, ret_result);
    return true;
}

/* ---- genesis and configuration ---- */

static atp_verdict_t begin_ledger(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_root_t *root = ledger->root;

    memcpy(&root->config, atp_op_payload(apply->op), sizeof root->config);
    ATP_ASSERT(atp_ledger_fits(ledger, &root->config)); /* created with the same */
    root->wheel.sweep_slot = apply->now_ms / ATP_WHEEL_SLOT_MS;
    atp_table_append(&ledger->wheel.slots, ATP_WHEEL_SLOTS);
    /* Number 0 of clients and channels: the engine itself, and the channel of requests that name none. */
    atp_catalog_add(&ledger->catalog, &root->strings, &ledger->catalog.clients, &ledger->catalog.client_index,
                    ATP_TEXT("atpd"), atp_hash_text(ATP_TEXT("atpd"), root->config.hash_seed), root->op);
    atp_catalog_add(&ledger->catalog, &root->strings, &ledger->catalog.channels,
                    &ledger->catalog.channel_index, ATP_TEXT("default"),
                    atp_hash_text(ATP_TEXT("default"), root->config.hash_seed), root->op);
    return ATP_APPLIED;
}

/* Times and limits may change; capacities and the seed are for life. */
static atp_verdict_t configure(apply_t *apply)
{
    atp_ledger_config_t config = apply->ledger->root->config;
    atp_ledger_config_t wanted;

    memcpy(&wanted, atp_op_payload(apply->op), sizeof wanted);
    config.ttl_default_ms = wanted.ttl_default_ms;
    config.ttl_max_ms = wanted.ttl_max_ms;
    config.outcome_window_ms = wanted.outcome_window_ms;
    config.issued_skew_ms = wanted.issued_skew_ms;
    config.archive_after_ms = wanted.archive_after_ms;
    config.source_gap_ms = wanted.source_gap_ms;
    config.ids_per_client = wanted.ids_per_client;
    config.lines_per_reservation = wanted.lines_per_reservation;
    config.sources_must_be_registered = wanted.sources_must_be_registered;
    config.unknown_names = wanted.unknown_names;
    if (atp_ledger_config_check(&config, NULL) != ATP_OK) {
        return atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_OPTION, 0);
    }
    apply->ledger->root->config = config;
    atp_ledger_rebuild_gaps(apply->ledger);
    return ATP_APPLIED;
}

/* ---- the work of each kind ---- */

/* A step as it is asked for, or told. */
static atp_verdict_t step(apply_t *apply)
{
    static const uint8_t steps[ATP_OP_KIND_LIMIT] = {
        [ATP_OP_ALLOCATE] = ATP_STEP_ALLOCATE, [ATP_OP_RELEASE] = ATP_STEP_RELEASE,
        [ATP_OP_CANCEL] = ATP_STEP_CANCEL,     [ATP_OP_SHIP] = ATP_STEP_SHIP,
        [ATP_OP_PICK] = ATP_STEP_PICK,         [ATP_OP_PACK] = ATP_STEP_PACK,
        [ATP_OP_DELIVER] = ATP_STEP_DELIVER,   [ATP_OP_RECONCILE] = ATP_STEP_RECONCILE,
        [ATP_OP_SHORT] = ATP_STEP_SHORT,
    };
    uint8_t kind = apply->op->kind;
    bool is_told =
        (apply->op->flags & ATP_OP_FACT) != 0 && kind >= ATP_OP_SHIP; /* those before are only asked for */

    if (kind == ATP_OP_REASSIGN) {
        return atp_ledger_reassign(apply);
    }
    if (kind == ATP_OP_RECONCILE && atp_op_attribute(apply->op, ATP_KEY_POSTING, ATP_WHOLE_OP) != NULL) {
        return atp_ledger_confirm_postings(apply);
    }
    if (is_told) {
        return kind == ATP_OP_SHIP ? atp_ledger_ship_fact(apply)
                                   : atp_ledger_step_fact(apply, (atp_step_t)steps[kind]);
    }
    return atp_ledger_step(apply, (atp_step_t)steps[kind]);
}

/* What is asked, or told, of a reservation that is there. */
static atp_verdict_t of_reservation(apply_t *apply)
{
    switch (apply->op->kind) {
    case ATP_OP_EDIT:
        return atp_ledger_edit(apply);
    case ATP_OP_EXTEND:
        return atp_ledger_extend(apply);
    case ATP_OP_RETURN:
        return atp_ledger_return(apply);
    default:
        return step(apply);
    }
}

/* What was looked up where it is now stays where it was, for an op that changes nothing. */
static atp_verdict_t leave_home(apply_t *apply, atp_verdict_t verdict)
{
    if (ATP_UNLIKELY(apply->ledger->has_merged) && !atp_verdict_is_success(verdict)) {
        atp_ledger_undo_rehome(apply->ledger);
    }
    return verdict;
}

/* The batch that the facts after it belong to. */
static atp_verdict_t open_source(apply_t *apply)
{
    const atp_op_source_t *numbers = atp_op_payload(apply->op);

    apply->ledger->frame_epoch = numbers->epoch;
    apply->ledger->frame_sequence = numbers->sequence;
    apply->ledger->frame_as_of_ms = numbers->as_of_ms;
    return atp_ledger_open_source(apply);
}

/* Who hears postings, and how far they are. */
static atp_verdict_t execute_subscriber(apply_t *apply)
{
    return apply->op->kind == ATP_OP_SUBSCRIBER ? atp_ledger_put_subscriber(apply)
                                                : atp_ledger_acknowledge(apply);
}

/* The engine's own kinds. */
static atp_verdict_t execute_own(apply_t *apply)
{
    switch (apply->op->kind) {
    case ATP_OP_GENESIS:
        return begin_ledger(apply);
    case ATP_OP_CONFIGURE:
        return configure(apply);
    case ATP_OP_PULSE:
        return atp_ledger_pulse(apply);
    case ATP_OP_SETTLE:
        return atp_ledger_settle(apply);
    case ATP_OP_CLIENT:
        return atp_ledger_put_client(apply);
    case ATP_OP_SOURCE:
        return open_source(apply);
    default:
        return atp_ledger_quarantine(apply);
    }
}

static atp_verdict_t execute_supply(apply_t *apply)
{
    switch (apply->op->kind) {
    case ATP_OP_SUPPLY:
        return atp_ledger_put_supply(apply);
    case ATP_OP_TRANSFER:
        return atp_ledger_put_transfer(apply);
    case ATP_OP_TRANSFER_SHIP:
        return atp_ledger_ship_transfer(apply);
    case ATP_OP_TRANSFER_CANCEL:
        return atp_ledger_cancel_transfer(apply);
    default:
        return atp_ledger_receive_supply(apply);
    }
}

/* What there is, and what it is called. */
static atp_verdict_t execute_names(apply_t *apply)
{
    switch (apply->op->kind) {
    case ATP_OP_SKU:
        return atp_ledger_put_sku(apply);
    case ATP_OP_NODE:
        return atp_ledger_put_node(apply);
    case ATP_OP_CHANNEL:
        return atp_ledger_put_channel(apply);
    case ATP_OP_GROUP:
        return atp_ledger_put_group(apply);
    case ATP_OP_KIT:
        return atp_ledger_put_kit(apply);
    case ATP_OP_ALIAS:
        return atp_ledger_put_alias(apply);
    case ATP_OP_MERGE_SKU:
        return atp_ledger_merge_sku(apply);
    default:
        return atp_ledger_put_unit(apply);
    }
}

/* Who tells facts, feeds of them, and what becomes of those that could not be applied. */
static atp_verdict_t execute_sources(apply_t *apply)
{
    switch (apply->op->kind) {
    case ATP_OP_FEED:
        return atp_ledger_put_feed(apply);
    case ATP_OP_REGISTER_SOURCE:
        return atp_ledger_register_source(apply);
    case ATP_OP_EXCEPTION_OWNER:
        return atp_ledger_put_owner(apply);
    default:
        return atp_ledger_settle_exception(apply);
    }
}

static atp_verdict_t execute_kind(apply_t *apply)
{
    switch ((atp_op_kind_t)apply->op->kind) {
    case ATP_OP_GENESIS:
    case ATP_OP_CONFIGURE:
    case ATP_OP_PULSE:
    case ATP_OP_SETTLE:
    case ATP_OP_CLIENT:
    case ATP_OP_SOURCE:
    case ATP_OP_QUARANTINE:
        return execute_own(apply);
    case ATP_OP_SKU:
    case ATP_OP_NODE:
    case ATP_OP_CHANNEL:
    case ATP_OP_GROUP:
    case ATP_OP_KIT:
    case ATP_OP_ALIAS:
    case ATP_OP_MERGE_SKU:
    case ATP_OP_UNIT:
        return execute_names(apply);
    case ATP_OP_SUPPLY:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER:
    case ATP_OP_TRANSFER_SHIP:
    case ATP_OP_TRANSFER_RECEIVE:
    case ATP_OP_TRANSFER_CANCEL:
        return leave_home(apply, execute_supply(apply));
    case ATP_OP_SAFETY:
        return atp_ledger_safety(apply);
    case ATP_OP_LIMIT:
        return atp_ledger_put_limit(apply);
    case ATP_OP_RULE:
        return atp_ledger_put_rule(apply);
    case ATP_OP_QUOTA:
        return atp_ledger_put_quota(apply);
    case ATP_OP_RESERVE:
        return atp_ledger_reserve(apply);
    case ATP_OP_EDIT:
    case ATP_OP_EXTEND:
    case ATP_OP_RETURN:
    case ATP_OP_ALLOCATE:
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
    case ATP_OP_SHIP:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
    case ATP_OP_DELIVER:
    case ATP_OP_RECONCILE:
    case ATP_OP_SHORT:
    case ATP_OP_REASSIGN:
        return leave_home(apply, of_reservation(apply));
    case ATP_OP_DISPOSE:
        return atp_ledger_dispose(apply);
    case ATP_OP_RECEIVE:
    case ATP_OP_SALE:
    case ATP_OP_ADJUST:
    case ATP_OP_COUNT:
        return atp_ledger_stock(apply);
    case ATP_OP_SUBSCRIBER:
    case ATP_OP_SUBSCRIBER_POSITION:
        return execute_subscriber(apply);
    case ATP_OP_FEED:
    case ATP_OP_REGISTER_SOURCE:
    case ATP_OP_SETTLE_EXCEPTION:
    case ATP_OP_EXCEPTION_OWNER:
        return execute_sources(apply);
    }
    return ATP_UNKNOWN_KIND;
}

/* The same for what a source told, where its word counts. */
static __attribute__((noinline)) atp_verdict_t execute_told(apply_t *apply)
{
    bool is_looked_at = atp_ledger_has_registry(apply->ledger) || apply->ledger->frame_is_of_shadow;
    atp_verdict_t verdict = ATP_UNLIKELY(is_looked_at) ? atp_ledger_look_at_authority(apply) : ATP_APPLIED;

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    verdict = execute_kind(apply);
    if (ATP_UNLIKELY(apply->ledger->root->registry.shadows > 0) && atp_verdict_is_success(verdict)) {
        atp_ledger_compare_applied(apply);
    }
    return verdict;
}

atp_verdict_t atp_ledger_execute(apply_t *apply)
{
    bool is_of_source =
        (apply->op->flags & ATP_OP_IN_SOURCE) != 0 && apply->op->kind >= ATP_FIRST_CLIENT_KIND;

    return is_of_source ? execute_told(apply) : execute_kind(apply);
}

/* True if the answer is known from what the frame said before: a batch that is not applied, or a client number that
 * does not exist. */
static bool is_answered_by_frame(apply_t *apply)
{
    const atp_op_t *op = apply->op;
    atp_verdict_t verdict = ATP_APPLIED;

    if (op->kind == ATP_OP_SOURCE) {
        verdict = atp_ledger_look_at_batch(apply);
    } else if (op->flags & ATP_OP_IN_SOURCE) {
        verdict = apply->ledger->frame_skip;
    }
    if (verdict == ATP_APPLIED && op->kind != ATP_OP_GENESIS &&
        client_of(apply->ledger, op) >= atp_table_count(&apply->ledger->catalog.clients)) {
        verdict = atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_CLIENT, 0);
    }
    apply->result->verdict = (uint8_t)verdict;
    return verdict != ATP_APPLIED;
}

/* A promise whose postings somebody waits for is not made while there is no room for them; it may be asked for again. */
static bool must_wait(apply_t *apply)
{
    atp_verdict_t verdict = atp_ledger_look_for_postings(apply);

    apply->result->verdict = (uint8_t)verdict;
    return verdict != ATP_APPLIED;
}

bool atp_ledger_apply(atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms, atp_result_t *ret_result,
                      atp_grant_t *ret_grants)
{
    atp_root_t *root = ledger->root;
    ledger->cause = op;
    apply_t apply = {.ledger = ledger,
                     .op = op,
                     .now_ms = now_ms > root->time_ms ? now_ms : root->time_ms,
                     .result = ret_result,
                     .grants = ret_grants};

    memset(ret_result, 0, sizeof *ret_result);
    ATP_ASSERT((op->kind == ATP_OP_GENESIS) == (root->op == 0)); /* the first op, and only the first */
    if (is_answered_by_frame(&apply) || is_answered_by_identity(&apply) ||
        (ATP_UNLIKELY(ledger->has_postings) && must_wait(&apply))) {
        return false;
    }
    atp_store_relaxed(&ledger->stamp, 2 * root->op + 1);
    /* STAMP-W1 (release fence) pairs with STAMP-R2. Orders: the odd stamp before the rows of this op. */
    atp_fence_release();
    if (op->kind == ATP_OP_GENESIS) {
        atp_table_append(&ledger->root_table, 1);
    }
    atp_table_change(&ledger->root_table, 0);
    root->time_ms = apply.now_ms; /* L2 */
    root->op++;                   /* L1 */
    ret_result->op = root->op;
    atp_verdict_t verdict = atp_ledger_execute_in_turn(&apply);
    if (ATP_UNLIKELY(ledger->has_due)) {
        atp_ledger_fill_due(ledger);
    }
    if (ATP_UNLIKELY(ledger->has_levels)) {
        atp_ledger_follow_levels(&apply, verdict);
    }
    if (ATP_UNLIKELY(ledger->losing != 0)) {
        atp_ledger_tell_lost(&apply);
    }
    if ((op->flags & ATP_OP_FACT) != 0 && !atp_verdict_is_success(verdict)) {
        verdict = atp_ledger_keep_refused_fact(&apply, verdict);
    }
    ret_result->verdict = (uint8_t)verdict;
    if (op->flags & ATP_OP_HAS_ID) {
        remember(&apply);
    } else if (ATP_UNLIKELY(atp_op_has_fate(op))) {
        atp_ledger_keep_fate(&apply, verdict);
    }
    /* STAMP-W2 (release) pairs with STAMP-R1. */
    atp_store_release(&ledger->stamp, 2 * root->op);
    return true;
}

void atp_ledger_end_frame(atp_ledger_t *ledger)
{
    ledger->frame_client = ATP_CLIENT_ENGINE;
    ledger->frame_source = 0;
    ledger->frame_epoch = 0;
    ledger->frame_sequence = 0;
    ledger->frame_as_of_ms = 0;
    ledger->frame_skip = ATP_APPLIED;
}

/* ---- prefetching ---- */

/* True if the line names a SKU and a node by numbers, and the SKU exists. */
static bool is_numbered(const atp_ledger_t *ledger, const atp_op_line_t *line)
{
    return (line->flags & (ATP_LINE_SKU_NAMED | ATP_LINE_NODE_NAMED)) == 0 &&
           line->sku < atp_table_count(&ledger->catalog.skus);
}

static void prefetch_indexes(const atp_ledger_t *ledger, const atp_op_t *op)
{
    if (op->flags & ATP_OP_HAS_ID) {
        atp_index_prefetch(&ledger->outcomes.index, op->id.low);
        atp_index_prefetch(&ledger->reservations.index, op->subject_hash);
    }
}

/* What the step fetches for a line. */
static inline void prefetch_line(const atp_ledger_t *ledger, const atp_op_line_t *line,
                                 atp_prefetch_step_t step, uint32_t *row)
{
    const atp_positions_t *positions = &ledger->positions;

    if (step == ATP_PREFETCH_INDEXES) {
        *row = NO_ROW; /* also of a SKU that an op in between makes */
    }
    if (!is_numbered(ledger, line)) {
        return;
    }
    switch (step) {
    case ATP_PREFETCH_INDEXES:
        atp_positions_prefetch_directory(positions, line->sku);
        break;
    case ATP_PREFETCH_ENTRY:
        atp_positions_prefetch_entry(positions, line->sku, line->node);
        break;
    case ATP_PREFETCH_ROW:
        if (atp_positions_guess(positions, line->sku, line->node, row)) {
            __builtin_prefetch(atp_positions_at(positions, *row), 1);
        }
        break;
    case ATP_PREFETCH_LINE:
        if (*row != NO_ROW && atp_positions_at(positions, *row)->last_line != 0) {
            __builtin_prefetch(
                atp_line_at(&ledger->reservations, atp_positions_at(positions, *row)->last_line - 1), 1);
        }
        break;
    case ATP_PREFETCH_STEPS:
        break;
    }
}

/* Those after the first: most ops have none. */
static __attribute__((noinline)) void prefetch_other_lines(const atp_ledger_t *ledger, const atp_op_t *op,
                                                           atp_prefetch_step_t step, atp_prefetch_t *hint)
{
    uint32_t count = op->line_count < ATP_PREFETCH_LINES ? op->line_count : ATP_PREFETCH_LINES;

    for (uint32_t i = 1; i < count; i++) {
        prefetch_line(ledger, &atp_op_lines(op)[i], step, &hint->rows[i]);
    }
}

void atp_ledger_prefetch(const atp_ledger_t *ledger, const atp_op_t *op, atp_prefetch_step_t step,
                         atp_prefetch_t *hint)
{
    if (step == ATP_PREFETCH_INDEXES) {
        prefetch_indexes(ledger, op);
    }
    if (op->line_count > 0) {
        prefetch_line(ledger, atp_op_lines(op), step, &hint->rows[0]);
    }
    if (ATP_UNLIKELY(op->line_count > 1)) {
        prefetch_other_lines(ledger, op, step, hint);
    }
}

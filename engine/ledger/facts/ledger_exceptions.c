/* Exceptions: what reality raises when it does not fit the promises, the facts that could not be applied, and how a
 * person settles them. */
#include "engine/base/attribute.h"
#include "engine/ledger/facts/ledger_owners.h"
#include "engine/ledger/facts/ledger_parking.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/facts/quarantine.h"
#include "engine/ledger/ops/op_edit.h"

#include <string.h>

/* ---- raising ---- */

/* What the op is about when it has no lines: the reservation, or the SKU or node it would have changed. */
static void name_subject(const atp_op_t *op, atp_exception_t *exception)
{
    const char *cursor = atp_op_text_begin(op);

    switch (op->kind) {
    case ATP_OP_SKU:
        atp_exception_name(exception->sku, &exception->sku_size, atp_op_text_next(&cursor));
        break;
    case ATP_OP_NODE:
        atp_exception_name(exception->node, &exception->node_size, atp_op_text_next(&cursor));
        break;
    case ATP_OP_EXTEND:
    case ATP_OP_EDIT:
    case ATP_OP_ALLOCATE:
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
    case ATP_OP_SHIP:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
    case ATP_OP_DELIVER:
    case ATP_OP_RETURN:
    case ATP_OP_RECONCILE:
    case ATP_OP_SHORT:
    case ATP_OP_REASSIGN:
    case ATP_OP_RESERVE: {
        atp_text_t id = atp_op_text_next(&cursor);
        atp_exception_name(exception->reservations[0], &exception->reservation_sizes[0], id);
        exception->reservation_count = id.size > 0;
        break;
    }
    default:
        break;
    }
}

/* The names of the op's line at fault (or its first), as far as they are known. */
static void name_from_op(apply_t *apply, atp_exception_t *exception)
{
    const atp_op_t *op = apply->op;
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    const atp_text_t none = {NULL, 0};

    name_subject(op, exception);
    if (op->kind == ATP_OP_SOURCE || op->line_count == 0) {
        return;
    }
    line_names_t names = atp_ledger_line_names(op);
    for (uint32_t i = 0; i <= apply->result->line && i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        atp_text_t sku = line->flags & ATP_LINE_SKU_NAMED ? atp_op_text_next(&names.cursor)
                         : line->sku < atp_table_count(&catalog->skus)
                             ? atp_catalog_sku_id(catalog, line->sku)
                             : none;
        atp_text_t node = line->flags & ATP_LINE_NODE_NAMED ? atp_op_text_next(&names.cursor)
                          : line->node < atp_table_count(&catalog->nodes)
                              ? atp_catalog_node_id(catalog, line->node)
                              : none;
        atp_exception_name(exception->sku, &exception->sku_size, sku);
        atp_exception_name(exception->node, &exception->node_size, node);
    }
}

/* What every exception says of the op that raises it. */
static atp_exception_t begin_exception(const apply_t *apply, atp_exception_kind_t kind, atp_qty_t qty)
{
    const atp_ledger_t *ledger = apply->ledger;
    bool is_of_source = ledger->frame_source != 0 &&
                        (apply->op->flags & ATP_OP_IN_SOURCE || apply->op->kind == ATP_OP_SOURCE);
    int64_t told_ms = is_of_source ? ledger->frame_as_of_ms : 0;
    atp_exception_t exception = {.op = ledger->root->op,
                                 .time_ms = apply->now_ms,
                                 .told_ms = told_ms > 0 && told_ms < apply->now_ms ? told_ms : apply->now_ms,
                                 .epoch = is_of_source ? ledger->frame_epoch : 0,
                                 .sequence = is_of_source ? ledger->frame_sequence : 0,
                                 .qty = qty,
                                 .kind = (uint8_t)kind,
                                 .op_kind = apply->op->kind,
                                 .source = is_of_source ? ledger->frame_source : 0};

    atp_exception_name(exception.correlation, &exception.correlation_size, atp_op_correlation(apply->op));
    return exception;
}

static atp_exception_t *add(apply_t *apply, atp_exception_t *exception)
{
    atp_ledger_give_owner(apply->ledger, exception);
    return atp_exceptions_add(&apply->ledger->exceptions, exception);
}

atp_exception_t *atp_ledger_raise(apply_t *apply, atp_exception_kind_t kind, uint32_t row, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_exception_t exception = begin_exception(apply, kind, qty);

    if (row == NO_ROW) {
        name_from_op(apply, &exception);
    } else {
        const atp_position_t *position = atp_positions_at(&ledger->positions, row);
        exception.scale = atp_positions_scale(&ledger->positions, position->sku);
        atp_exception_name(exception.sku, &exception.sku_size,
                           atp_catalog_sku_id(&ledger->catalog, position->sku));
        atp_exception_name(exception.node, &exception.node_size,
                           atp_catalog_node_id(&ledger->catalog, position->node));
    }
    return add(apply, &exception);
}

atp_exception_t *atp_ledger_raise_of(apply_t *apply, atp_exception_kind_t kind, uint32_t source,
                                     atp_qty_t qty)
{
    atp_exception_t exception = begin_exception(apply, kind, qty);

    exception.source = source;
    if (source != 0) {
        name_from_op(apply, &exception);
    } else {
        exception.epoch = exception.sequence = 0;
    }
    return add(apply, &exception);
}

/* ---- facts that were refused ---- */

atp_verdict_t atp_ledger_keep_refused_fact(apply_t *apply, atp_verdict_t verdict)
{
    const atp_op_t *op = apply->op;
    atp_ledger_t *ledger = apply->ledger;

    bool is_outside = verdict == ATP_OUTSIDE_AUTHORITY;
    if ((op->flags & ATP_OP_IN_SOURCE) != 0 && atp_ledger_has_registry(ledger) &&
        !atp_ledger_is_to_wait(apply, verdict)) {
        atp_ledger_count_refused(apply, ledger->frame_source, is_outside);
    }
    const atp_op_line_t *line =
        op->line_count > apply->result->line ? &atp_op_lines(op)[apply->result->line] : NULL;
    atp_exception_t *exception =
        atp_ledger_raise(apply,
                         is_outside               ? ATP_EXCEPTION_OUTSIDE_AUTHORITY
                         : apply->refused_as != 0 ? (atp_exception_kind_t)apply->refused_as
                                                  : ATP_EXCEPTION_FACT_REFUSED,
                         NO_ROW, line != NULL ? line->mantissa : 0);
    exception->verdict = (uint8_t)verdict;
    exception->scale = line != NULL ? line->decimals : 0;
    exception->client = op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client;
    exception->is_of_shadow = exception->source != 0 && atp_ledger_is_shadow(ledger, exception->source);
    if (op->kind != ATP_OP_SETTLE_EXCEPTION) { /* an exception is settled by a new op, not by an old one */
        atp_exceptions_keep(&ledger->exceptions, exception, op, op->size);
    }
    verdict = atp_ledger_park_fact(apply, exception, verdict);
    if ((op->flags & ATP_OP_HAS_ID) != 0 && atp_op_is_traced(op)) {
        atp_ledger_keep_fate(apply, verdict);
    }
    return verdict;
}

void atp_ledger_keep_fate(apply_t *apply, atp_verdict_t verdict)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t newest = ledger->exceptions.heads->newest;
    const atp_exception_t *exception = atp_exceptions_get(&ledger->exceptions, newest);
    bool is_raised = exception != NULL && exception->op == ledger->root->op;

    atp_fates_keep(&ledger->fates, &(atp_fate_t){.op = ledger->root->op,
                                                 .exception = is_raised ? newest : 0,
                                                 .verdict = (uint8_t)verdict});
}

/* ---- what could not be read ---- */

#define ALIKE_LOOKED_AT 16 /* of the newest that are kept */

/* The open exception of the very same bytes of the same source, 0 if there is none of late: who sends the same rubbish
 * again and again has one exception. */
static uint64_t find_alike(const atp_ledger_t *ledger, const atp_op_quarantine_t *told, uint32_t source)
{
    const atp_exceptions_t *exceptions = &ledger->exceptions;
    uint32_t at = exceptions->heads->kept.last;

    for (unsigned i = 0; i < ALIKE_LOOKED_AT && at != 0; i++) {
        const atp_exception_t *exception = atp_table_at(&exceptions->records, at - 1);
        if (exception->kind == ATP_EXCEPTION_QUARANTINED && exception->digest == told->digest &&
            exception->whole_size == told->size && exception->source == source &&
            exception->verdict == told->verdict) {
            return exception->number;
        }
        at = exception->previous_alike;
    }
    return 0;
}

static uint32_t quarantined_source(const atp_ledger_t *ledger, const atp_op_t *op)
{
    atp_text_t name = atp_op_quarantine_source(op);
    uint32_t source;

    if (op->flags & ATP_OP_IN_SOURCE) {
        return ledger->frame_source;
    }
    return atp_catalog_find_source(&ledger->catalog, name,
                                   atp_hash_text(name, ledger->root->config.hash_seed), &source)
               ? source + 1
               : 0;
}

atp_verdict_t atp_ledger_quarantine(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_quarantine_t *told = atp_op_quarantine(apply->op);
    uint32_t source = quarantined_source(ledger, apply->op);
    uint64_t number = find_alike(ledger, told, source);

    if (source != 0 && atp_ledger_has_registry(ledger)) {
        atp_ledger_count_refused(apply, source, false);
    }
    if (number != 0) {
        atp_exception_t *again = atp_exceptions_change(&ledger->exceptions, number);
        again->last_op = ledger->root->op;
        again->last_ms = apply->now_ms;
        again->count++;
        return ATP_APPLIED;
    }
    atp_exception_t *exception = atp_ledger_raise_of(apply, ATP_EXCEPTION_QUARANTINED, source, 0);
    exception->epoch = told->epoch;
    exception->sequence = told->sequence;
    exception->verdict = told->verdict;
    exception->digest = told->digest;
    exception->whole_size = told->size;
    if (told->kept > 0) {
        atp_exceptions_keep(&ledger->exceptions, exception, atp_op_quarantine_bytes(apply->op), told->kept);
    }
    return ATP_APPLIED;
}

/* ---- settling ---- */

/* The number in the op's subject; 0: it is none. */
static uint64_t exception_number(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);
    atp_text_t text = atp_op_text_next(&cursor);
    uint64_t number = 0;

    if (text.size > 19) {
        return 0;
    }
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') {
            return 0;
        }
        number = number * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return number;
}

void atp_ledger_note_settled(apply_t *apply, uint64_t number, atp_exception_state_t state, uint32_t client,
                             atp_text_t cause)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_exception_t *exception = atp_exceptions_settle(&ledger->exceptions, number, state);

    exception->settled_op = ledger->root->op;
    exception->settled_ms = apply->now_ms;
    exception->settled_by = client + 1;
    if (cause.size > 0) {
        memcpy(exception->cause, cause.bytes, cause.size);
    }
    exception->cause_size = (uint8_t)cause.size;
}

static void note_settled(apply_t *apply, uint64_t number, atp_exception_state_t state, atp_text_t cause)
{
    uint32_t client = apply->op->client;

    atp_ledger_note_settled(apply, number, state,
                            client == ATP_CLIENT_NAMED ? apply->ledger->frame_client : client, cause);
}

/* Why it is settled so; none for a replay that says nothing. */
static atp_text_t cause_of(const atp_op_t *op)
{
    const atp_op_attribute_t *cause = atp_op_attribute(op, ATP_KEY_CAUSE, ATP_WHOLE_OP);

    return cause != NULL ? atp_op_attribute_text(op, cause) : (atp_text_t){"", 0};
}

static atp_verdict_t discard(apply_t *apply, uint64_t number)
{
    atp_text_t cause = cause_of(apply->op);

    if (apply->op->line_count > 0 || atp_op_attribute(apply->op, ATP_KEY_RESERVATION, ATP_WHOLE_OP) != NULL ||
        atp_op_attribute(apply->op, ATP_KEY_UNIT, ATP_WHOLE_OP) != NULL) {
        return atp_ledger_refuse(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_LINES, 0);
    }
    if (cause.size == 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_CAUSE, 0);
    }
    note_settled(apply, number, ATP_EXCEPTION_DISCARDED, cause);
    return ATP_APPLIED;
}

/* The fact as it is to be applied: as it was told, or edited since, or as the op says that it should have been. NULL: it cannot
 * be. */
static const atp_op_t *fact_to_replay(apply_t *apply, const atp_exception_t *exception)
{
    atp_ledger_t *ledger = apply->ledger;

    atp_exceptions_form(&ledger->exceptions, exception, ledger->kept_fact);
    atp_op_t *fact = (atp_op_t *)(void *)ledger->kept_fact;
    fact->client = exception->client;
    if (!atp_op_with(fact, apply->op, ledger->root->config.hash_seed, ledger->replayed,
                     sizeof ledger->replayed)) {
        return NULL;
    }
    return (const atp_op_t *)(const void *)ledger->replayed;
}

frame_t atp_ledger_enter_frame(atp_ledger_t *ledger, const atp_exception_t *exception)
{
    frame_t before = {ledger->frame_source, ledger->frame_epoch, ledger->frame_sequence,
                      ledger->frame_as_of_ms};

    ledger->frame_source = exception->source;
    ledger->frame_epoch = exception->epoch;
    ledger->frame_sequence = exception->sequence;
    ledger->frame_as_of_ms = exception->told_ms;
    ledger->frame_is_of_shadow = exception->is_of_shadow;
    return before;
}

void atp_ledger_leave_frame(atp_ledger_t *ledger, const frame_t *before)
{
    ledger->frame_source = before->source;
    ledger->frame_epoch = before->epoch;
    ledger->frame_sequence = before->sequence;
    ledger->frame_as_of_ms = before->as_of_ms;
    ledger->frame_is_of_shadow = false;
}

/* Applies the fact as that of the source and the batch that it came in. */
static atp_verdict_t apply_fact(apply_t *apply, const atp_exception_t *exception, const atp_op_t *fact)
{
    atp_ledger_t *ledger = apply->ledger;
    apply_t replay = {.ledger = ledger,
                      .op = fact,
                      .now_ms = apply->now_ms,
                      .result = apply->result,
                      .grants = ledger->replay_grants};
    frame_t before = atp_ledger_enter_frame(ledger, exception);

    ledger->cause = fact;
    atp_verdict_t verdict = atp_ledger_execute(&replay);
    atp_ledger_leave_frame(ledger, &before);
    apply->result->line_count = 0; /* the answer says how much in all */
    apply->result->plan_count = 0;
    return verdict;
}

static bool keeps_fact(const atp_exception_t *exception)
{
    return exception->fact_first != 0 && exception->kind != ATP_EXCEPTION_QUARANTINED;
}

static atp_verdict_t replay(apply_t *apply, const atp_exception_t *exception)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t number = exception->number;

    if (!keeps_fact(exception)) {
        return atp_ledger_refuse(apply, ATP_NO_FACT_KEPT, ATP_FIELD_SUBJECT, 0);
    }
    const atp_op_t *fact = fact_to_replay(apply, exception);
    if (fact == NULL) {
        return atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_LINES, 0);
    }
    atp_verdict_t verdict = apply_fact(apply, exception, fact);
    if (atp_exceptions_get(&ledger->exceptions, number) == NULL) {
        return verdict; /* it was the oldest, and made room for what the fact has raised */
    }
    if (!atp_verdict_is_success(verdict)) {
        atp_exception_t *again = atp_exceptions_change(&ledger->exceptions, number);
        again->last_op = ledger->root->op;
        again->last_ms = apply->now_ms;
        again->verdict = (uint8_t)verdict;
        again->count++;
        return verdict;
    }
    note_settled(apply, number, ATP_EXCEPTION_REPLAYED, cause_of(apply->op));
    return verdict;
}

/* Who has put the fact right, when and why. One that waited for a name waits no more: it may name another now. */
static void note_edited(apply_t *apply, atp_exception_t *exception, atp_text_t cause)
{
    uint32_t client = apply->op->client;

    exception->edited_op = apply->ledger->root->op;
    exception->edited_ms = apply->now_ms;
    exception->edited_by = (client == ATP_CLIENT_NAMED ? apply->ledger->frame_client : client) + 1;
    exception->edit_cause_size = (uint8_t)cause.size;
    memset(exception->edit_cause, 0, sizeof exception->edit_cause);
    memcpy(exception->edit_cause, cause.bytes, cause.size);
    if (exception->state == ATP_EXCEPTION_PARKED) {
        atp_exceptions_unpark(&apply->ledger->exceptions, exception->number);
    }
}

static atp_verdict_t edit(apply_t *apply, const atp_exception_t *exception)
{
    atp_text_t cause = cause_of(apply->op);

    if (!keeps_fact(exception)) {
        return atp_ledger_refuse(apply, ATP_NO_FACT_KEPT, ATP_FIELD_SUBJECT, 0);
    }
    if (cause.size == 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_CAUSE, 0);
    }
    if (apply->op->line_count == 0 &&
        atp_op_attribute(apply->op, ATP_KEY_RESERVATION, ATP_WHOLE_OP) == NULL &&
        atp_op_attribute(apply->op, ATP_KEY_UNIT, ATP_WHOLE_OP) == NULL) {
        return atp_ledger_refuse(apply, ATP_LINES_MISSING, ATP_FIELD_LINES, 0);
    }
    const atp_op_t *fact = fact_to_replay(apply, exception);
    if (fact == NULL) {
        return atp_ledger_refuse(apply, ATP_MALFORMED, ATP_FIELD_LINES, 0);
    }
    if (fact->size > ATP_EXCEPTION_FACT_MAX) {
        return atp_ledger_refuse(apply, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    note_edited(apply, atp_exceptions_edit(&apply->ledger->exceptions, exception->number, fact, fact->size),
                cause);
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_settle_exception(apply_t *apply)
{
    const atp_op_attribute_t *settle = atp_op_attribute(apply->op, ATP_KEY_SETTLE, ATP_WHOLE_OP);
    uint64_t number = exception_number(apply->op);
    const atp_exception_t *exception = atp_exceptions_get(&apply->ledger->exceptions, number);

    if (exception == NULL) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_EXCEPTION, ATP_FIELD_SUBJECT, 0);
    }
    if (exception->state != ATP_EXCEPTION_OPEN && exception->state != ATP_EXCEPTION_PARKED) {
        return atp_ledger_refuse(apply, ATP_ALREADY_SETTLED, ATP_FIELD_SUBJECT, 0);
    }
    switch (settle != NULL ? (atp_settle_t)settle->number : ATP_SETTLE_REPLAY) {
    case ATP_SETTLE_DISCARD:
        return discard(apply, number);
    case ATP_SETTLE_EDIT:
        return edit(apply, exception);
    case ATP_SETTLE_REPLAY:
        break;
    }
    return replay(apply, exception);
}

/* Facts that name a SKU or node which is not there: they wait for it, or make it, as the configuration says.
 *
 * A fact that waits is an exception that is parked. When its name arrives (a SKU or node is put, an alias) all that wait for it are due, and
 * are tried in the order they came, some in the op that brought the name, some in each op after it, pulses among them. As long as any
 * are due, a fact of what they are of waits behind them: those of one position are applied in the order they were told.
 *
 * What is tried and names something else that is not there waits for that. What is refused for another reason is left to a person. */
#include "engine/ledger/facts/ledger_parking.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/ledger_priv.h"

#include <string.h>

#define PARKED_PER_OP 64

static uint64_t mark_of(atp_alias_kind_t kind, uint32_t number)
{
    return UINT64_C(1) << ((2 * number + (uint32_t)(kind == ATP_ALIAS_NODE)) % 64);
}

void atp_ledger_note_arrived(atp_ledger_t *ledger, atp_alias_kind_t kind, atp_text_t name, uint32_t number)
{
    if (ledger->exceptions.heads->parked > 0) {
        uint64_t hash = atp_alias_hash(kind, (atp_text_t){"", 0}, name, atp_ledger_seed(ledger));
        atp_exceptions_arrived(&ledger->exceptions, hash, mark_of(kind, number));
    }
}

/* ---- the name that is missing ---- */

typedef struct missing_name {
    atp_alias_kind_t kind;
    atp_text_t text;
    uint8_t decimals; /* of the line's quantity */
} missing_name_t;

/* True for a fact that may wait. What is asked for, and how an exception is settled, is answered at once. */
static bool is_patient(const atp_op_t *op)
{
    return (op->flags & ATP_OP_FACT) != 0 && op->line_count > 0 && op->kind != ATP_OP_RESERVE &&
           op->kind != ATP_OP_SETTLE_EXCEPTION && op->size <= ATP_EXCEPTION_FACT_MAX;
}

/* The name of the line at fault that is not there. False: the op was refused for something else. */
static bool find_missing(const apply_t *apply, atp_verdict_t verdict, missing_name_t *ret_name)
{
    const atp_op_t *op = apply->op;
    const atp_result_t *result = apply->result;
    bool is_sku = verdict == ATP_UNKNOWN_SKU && result->field == ATP_FIELD_SKU;
    bool is_node = verdict == ATP_UNKNOWN_NODE && result->field == ATP_FIELD_NODE;

    if ((!is_sku && !is_node) || result->line >= op->line_count || !is_patient(op)) {
        return false;
    }
    unsigned flag = is_sku ? ATP_LINE_SKU_NAMED : ATP_LINE_NODE_NAMED;
    line_names_t names = atp_ledger_line_names(op);
    for (uint32_t i = 0; i <= result->line; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        atp_text_t sku = line->flags & ATP_LINE_SKU_NAMED ? atp_op_text_next(&names.cursor) : ATP_TEXT("");
        atp_text_t node = line->flags & ATP_LINE_NODE_NAMED ? atp_op_text_next(&names.cursor) : ATP_TEXT("");
        atp_qty_t mantissa = line->mantissa;
        ret_name->decimals = line->decimals;
        atp_qty_normalise(&mantissa, &ret_name->decimals);
        ret_name->text = is_sku ? sku : node;
    }
    ret_name->kind = is_sku ? ATP_ALIAS_SKU : ATP_ALIAS_NODE;
    return (atp_op_lines(op)[result->line].flags & flag) != 0;
}

/* That of its source, else that of all. */
static atp_unknown_names_t policy_of(const apply_t *apply)
{
    const atp_registration_t *source =
        (apply->op->flags & ATP_OP_IN_SOURCE) != 0
            ? atp_ledger_registration(apply->ledger, apply->ledger->frame_source)
            : NULL;

    if (source != NULL && source->unknown_names != 0) {
        return (atp_unknown_names_t)(source->unknown_names - 1);
    }
    return (atp_unknown_names_t)apply->ledger->root->config.unknown_names;
}

/* ---- making what is missing ---- */

/* The exception of it: never at the cost of another that waits to be settled. */
static void tell_created(apply_t *apply)
{
    const atp_exceptions_t *exceptions = &apply->ledger->exceptions;

    if (atp_table_has_room(&exceptions->records, 1) || exceptions->heads->settled.first != 0) {
        atp_ledger_raise(apply, ATP_EXCEPTION_CREATED, NO_ROW, 0);
    }
}

static bool make_name(apply_t *apply, const missing_name_t *name)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_catalog_t *catalog = &ledger->catalog;
    atp_string_heads_t *heads = &ledger->root->strings;
    bool is_sku = name->kind == ATP_ALIAS_SKU;
    atp_table_t *table = is_sku ? &catalog->skus : &catalog->nodes;
    uint64_t seed = atp_ledger_seed(ledger);

    if (!atp_table_has_room(table, 1) ||
        !atp_strings_has_room(&catalog->strings, heads, name->text.size, 0) ||
        atp_catalog_is_alias(catalog, name->kind, name->text, seed)) {
        return false;
    }
    uint32_t number =
        atp_catalog_add(catalog, heads, table, is_sku ? &catalog->sku_index : &catalog->node_index,
                        name->text, atp_hash_text(name->text, seed), ledger->root->op);
    if (is_sku) {
        atp_sku_record_t *record = atp_table_change(table, number);
        record->scale = name->decimals;
        atp_positions_set_scale(&ledger->positions, number, name->decimals);
    }
    atp_ledger_note_arrived(ledger, name->kind, name->text, number);
    if (ATP_UNLIKELY(!is_sku && ledger->root->registry.silent > 0)) {
        atp_ledger_mark_stale(ledger);
    }
    tell_created(apply);
    return true;
}

/* What was refused for a name: the reservation may be archived, and a fact has the names made that it needs. */
static __attribute__((noinline)) atp_verdict_t make_up_for(apply_t *apply, atp_verdict_t verdict)
{
    missing_name_t name;

    if (verdict == ATP_UNKNOWN_RESERVATION) {
        return atp_ledger_look_in_archive(apply);
    }
    while (policy_of(apply) == ATP_UNKNOWN_CREATE && find_missing(apply, verdict, &name) &&
           make_name(apply, &name)) {
        apply->result->field = ATP_FIELD_NONE;
        apply->result->line = 0;
        atp_ledger_forget_scratch(apply->ledger);
        verdict = atp_ledger_execute(apply); /* refused before, it changed nothing */
    }
    return verdict;
}

/* The work of the op's kind. */
static inline atp_verdict_t execute(apply_t *apply)
{
    atp_verdict_t verdict = atp_ledger_execute(apply);

    return ATP_LIKELY(verdict < ATP_UNKNOWN_SKU) ? verdict : make_up_for(apply, verdict);
}

/* ---- waiting ---- */

bool atp_ledger_is_to_wait(const apply_t *apply, atp_verdict_t verdict)
{
    missing_name_t name;

    return verdict == ATP_PARKED ||
           (policy_of(apply) != ATP_UNKNOWN_REFUSE && find_missing(apply, verdict, &name));
}

atp_verdict_t atp_ledger_park_fact(apply_t *apply, const atp_exception_t *exception, atp_verdict_t verdict)
{
    atp_ledger_t *ledger = apply->ledger;
    missing_name_t name;

    if (!atp_ledger_is_to_wait(apply, verdict)) {
        return verdict;
    }
    if (verdict == ATP_PARKED) {
        atp_exceptions_park_behind(&ledger->exceptions, exception->number);
        return verdict;
    }
    ATP_ASSERT(find_missing(apply, verdict, &name));
    atp_exceptions_park(&ledger->exceptions, exception->number,
                        atp_alias_hash(name.kind, (atp_text_t){"", 0}, name.text, atp_ledger_seed(ledger)));
    return ATP_PARKED;
}

/* True if the op is a fact of a SKU or node that others, told before it, wait for still. */
static __attribute__((noinline)) bool is_behind(apply_t *apply)
{
    const atp_op_t *op = apply->op;
    uint64_t marks = apply->ledger->exceptions.heads->due_marks;
    line_names_t names;

    if (!is_patient(op)) {
        return false;
    }
    names = atp_ledger_line_names(op);
    for (uint32_t i = 0; i < op->line_count; i++) {
        resolved_line_t line;
        if (atp_ledger_resolve_names(apply, &names, i, &line) != ATP_APPLIED) {
            return false; /* it waits for that, or is refused */
        }
        if ((marks & mark_of(ATP_ALIAS_SKU, line.sku)) != 0 ||
            (line.node != NO_NODE && (marks & mark_of(ATP_ALIAS_NODE, line.node)) != 0)) {
            return true;
        }
    }
    return false;
}

/* ---- trying what waited ---- */

/* What became of one that was tried. */
static void note_tried(apply_t *apply, apply_t *tried, uint64_t number, atp_verdict_t verdict)
{
    atp_exceptions_t *exceptions = &apply->ledger->exceptions;

    if (atp_exceptions_get(exceptions, number) == NULL) {
        return; /* it was the oldest, and made room for what the fact has raised */
    }
    if (atp_verdict_is_success(verdict)) {
        atp_ledger_note_settled(apply, number, ATP_EXCEPTION_REPLAYED, ATP_CLIENT_ENGINE,
                                ATP_TEXT("what it names is there"));
        return;
    }
    atp_exception_t *exception = atp_exceptions_change(exceptions, number);
    exception->last_op = apply->ledger->root->op;
    exception->last_ms = apply->now_ms;
    exception->verdict = (uint8_t)verdict;
    exception->count++;
    if (exception->state == ATP_EXCEPTION_PARKED &&
        atp_ledger_park_fact(tried, exception, verdict) != ATP_PARKED) {
        atp_exceptions_unpark(exceptions, number);
    }
}

static void try_one(apply_t *apply, const atp_exception_t *exception)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *cause = ledger->cause;
    atp_result_t result = {0};
    apply_t tried = {
        .ledger = ledger, .now_ms = apply->now_ms, .result = &result, .grants = ledger->replay_grants};
    uint64_t number = exception->number;

    atp_exceptions_fact(&ledger->exceptions, exception, ledger->kept_fact, exception->fact_size);
    atp_op_t *fact = (atp_op_t *)(void *)ledger->kept_fact;
    fact->client = exception->client;
    tried.op = fact;
    atp_ledger_forget_scratch(ledger); /* of the op, or of the fact before it */
    frame_t before = atp_ledger_enter_frame(ledger, exception);
    ledger->cause = fact;
    atp_verdict_t verdict = execute(&tried);
    note_tried(apply, &tried, number, verdict);
    atp_ledger_leave_frame(ledger, &before);
    ledger->cause = cause;
}

/* Out of the way of what is applied while none are due. */
static __attribute__((noinline)) void try_due(apply_t *apply)
{
    for (unsigned i = 0; i < PARKED_PER_OP; i++) {
        const atp_exception_t *exception = atp_exceptions_first_due(&apply->ledger->exceptions);
        if (exception == NULL) {
            break;
        }
        try_one(apply, exception);
    }
    atp_ledger_forget_scratch(apply->ledger);
}

atp_verdict_t atp_ledger_execute_in_turn(apply_t *apply)
{
    const atp_exception_heads_t *heads = apply->ledger->exceptions.heads;

    if (ATP_UNLIKELY(heads->due.first != 0)) {
        try_due(apply);
        if (heads->due.first != 0 && is_behind(apply)) {
            return atp_ledger_refuse(apply, ATP_PARKED, ATP_FIELD_SKU, 0);
        }
    }
    atp_verdict_t verdict = execute(apply);
    if (ATP_UNLIKELY(heads->due.first != 0)) {
        try_due(apply);
    }
    return verdict;
}

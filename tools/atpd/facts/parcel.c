#include "tools/atpd/facts/parcel.h"

#include "engine/ledger/catalog/catalog.h"
#include "tools/atpd/log/log.h"

#include <stdlib.h>
#include <string.h>

atp_parcel_t *atp_parcel_create(atp_engine_t *engine, atp_metrics_t *metrics, void *owner)
{
    atp_parcel_t *parcel = calloc(1, sizeof *parcel);

    if (parcel != NULL) {
        parcel->engine = engine;
        parcel->metrics = metrics;
        parcel->owner = owner;
    }
    return parcel;
}

void atp_parcel_destroy(atp_parcel_t *parcel)
{
    if (parcel != NULL) {
        free(parcel->ops);
        free(parcel->message);
        free(parcel->batch.results);
        free(parcel->batch.grants);
        free(parcel);
    }
}

bool atp_parcel_copy_message(atp_parcel_t *parcel, const uint8_t *bytes, size_t size)
{
    parcel->message = malloc(size);
    if (parcel->message == NULL) {
        return false;
    }
    memcpy(parcel->message, bytes, size);
    parcel->message_size = size;
    return true;
}

void atp_parcel_free_message(atp_parcel_t *parcel)
{
    free(parcel->message);
    parcel->message = NULL;
    parcel->message_size = 0;
}

static void log_refused(const atp_parcel_t *parcel, const atp_facts_t *facts, uint32_t index,
                        unsigned verdict, unsigned field)
{
    atp_metrics_add(parcel->metrics, ATP_METRIC_REFUSED, verdict, 1);
    atp_log(ATP_LOG_WARN, "fact_refused", ATP_LOG_TEXT("source", facts->source),
            ATP_LOG_U64("epoch", facts->epoch), ATP_LOG_U64("sequence", facts->sequence),
            ATP_LOG_U64("index", index), ATP_LOG_STR("verdict", atp_verdict_name(verdict)),
            ATP_LOG_STR("field", atp_field_name(field)), ATP_LOG_TEXT("correlation", facts->correlation));
}

static bool grow(atp_parcel_t *parcel)
{
    size_t larger = parcel->ops_capacity == 0 ? (size_t)64 << 10 : parcel->ops_capacity * 2;

    larger = larger < ATP_BATCH_OPS_SIZE_MAX ? larger : ATP_BATCH_OPS_SIZE_MAX;
    if (larger <= parcel->ops_capacity) {
        return false;
    }
    unsigned char *ops = realloc(parcel->ops, larger);
    if (ops == NULL) {
        return false;
    }
    parcel->ops = ops;
    parcel->ops_capacity = larger;
    return true;
}

static bool add_quarantine(atp_parcel_t *parcel, const atp_refused_bytes_t *refused)
{
    atp_batch_t *batch = &parcel->batch;
    size_t size;

    while ((size = atp_op_encode_quarantine(parcel->ops + batch->ops_size,
                                            parcel->ops_capacity - batch->ops_size, refused)) == 0) {
        if (!grow(parcel)) {
            return false;
        }
    }
    batch->ops_size += size;
    batch->op_count++;
    return true;
}

/* One fact of a batch, and where it stands in the message. */
typedef struct told_fact {
    const atp_facts_t *facts;
    uint32_t index;
    const uint8_t *begin;
    const uint8_t *end;
} told_fact_t;

/* Tells of a fact that cannot become an op, and keeps it. False: it does not fit. */
static bool add_refused(atp_parcel_t *parcel, const told_fact_t *fact, unsigned verdict, unsigned field)
{
    const atp_refused_bytes_t refused = {.bytes = fact->begin,
                                         .size = (size_t)(fact->end - fact->begin),
                                         .source = fact->facts->source,
                                         .epoch = fact->facts->epoch,
                                         .sequence = fact->facts->sequence,
                                         .verdict = (atp_verdict_t)verdict,
                                         .field = (atp_field_t)field,
                                         .in_source = true};

    log_refused(parcel, fact->facts, fact->index, verdict, field);
    return add_quarantine(parcel, &refused);
}

/* Adds one fact; what is refused is told and kept. False: it does not fit. */
static bool add_fact(atp_parcel_t *parcel, const told_fact_t *fact, const atp_command_t *command,
                     const atp_op_context_t *context)
{
    atp_batch_t *batch = &parcel->batch;
    atp_result_t fault;
    size_t size;

    for (;;) {
        atp_verdict_t verdict = atp_op_encode(command, context, parcel->ops + batch->ops_size,
                                              parcel->ops_capacity - batch->ops_size, &size, &fault);
        if (verdict == ATP_APPLIED) {
            break;
        }
        if (verdict != ATP_MESSAGE_TOO_LARGE) {
            return add_refused(parcel, fact, fault.verdict, fault.field);
        }
        if (!grow(parcel)) {
            return false;
        }
    }
    const atp_op_t *op = (const atp_op_t *)(const void *)(parcel->ops + batch->ops_size);
    batch->line_count += op->line_count;
    parcel->grant_room += atp_op_grant_room(op);
    batch->ops_size += size;
    batch->op_count++;
    return true;
}

/* Says how things are, not how they changed: it must not come before what happened earlier. */
static bool is_statement(atp_op_kind_t kind)
{
    return kind == ATP_OP_COUNT || kind == ATP_OP_SAFETY || kind == ATP_OP_SKU || kind == ATP_OP_NODE ||
           kind == ATP_OP_KIT || kind == ATP_OP_SUPPLY;
}

/* Reads the ops. False: the message is refused. */
static bool fill_ops(atp_parcel_t *parcel, atp_reader_t *reader, const atp_facts_t *facts, uint32_t op_count,
                     const atp_command_room_t *room, bool *ret_is_ordered)
{
    const atp_ledger_t *ledger = atp_engine_ledger(parcel->engine);
    const atp_op_context_t context = {.catalog = atp_ledger_catalog(ledger),
                                      .seed = atp_ledger_seed(ledger),
                                      .client_name = facts->source,
                                      .client = ATP_CLIENT_ENGINE,
                                      .in_source = true};

    for (uint32_t i = 0; i < op_count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;
        told_fact_t fact = {.facts = facts, .index = i, .begin = reader->at};
        if (!atp_read_command(reader, &command, room, &refusal)) {
            return false;
        }
        fact.end = reader->at;
        bool is_readable = refusal.verdict == ATP_APPLIED;
        *ret_is_ordered |= is_readable && is_statement(command.kind);
        if (!(is_readable ? add_fact(parcel, &fact, &command, &context)
                          : add_refused(parcel, &fact, refusal.verdict, refusal.field))) {
            return atp_reader_refuse(reader, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE,
                                     "the facts take more room than one batch has");
        }
    }
    return atp_message_close(reader);
}

static bool need_room_for_answers(atp_parcel_t *parcel)
{
    atp_batch_t *batch = &parcel->batch;

    batch->line_count = batch->line_count > batch->op_count ? batch->line_count : batch->op_count;
    batch->results = calloc(batch->op_count, sizeof *batch->results);
    batch->grants = calloc(parcel->grant_room + 1, sizeof *batch->grants);
    return batch->results != NULL && batch->grants != NULL;
}

bool atp_parcel_fill(atp_parcel_t *parcel, atp_reader_t *reader, const atp_facts_t *facts, uint32_t op_count,
                     const atp_command_room_t *room)
{
    uint64_t seed = atp_ledger_seed(atp_engine_ledger(parcel->engine));
    atp_op_source_t numbers = {.epoch = facts->epoch,
                               .sequence = facts->sequence,
                               .as_of_ms = facts->as_of_ms,
                               .kept_from = facts->kept_from,
                               .after = facts->after};
    bool is_ordered = false;

    parcel->epoch = facts->epoch;
    parcel->sequence = facts->sequence;
    parcel->kept_from = facts->kept_from;
    if (!grow(parcel)) {
        return false;
    }
    parcel->batch.ops_size = atp_op_encode_source(parcel->ops, facts->source, &numbers, seed);
    parcel->batch.op_count = 1;
    if (!fill_ops(parcel, reader, facts, op_count, room, &is_ordered)) {
        return false;
    }
    if (is_ordered) {
        numbers.after = facts->sequence - 1; /* over the first: of the same size */
        (void)atp_op_encode_source(parcel->ops, facts->source, &numbers, seed);
    }
    parcel->batch.class = ATP_CLASS_FACT;
    parcel->batch.ops = parcel->ops;
    return need_room_for_answers(parcel);
}

bool atp_parcel_quarantine(atp_parcel_t *parcel, const atp_refused_bytes_t *refused)
{
    parcel->batch.ops_size = 0;
    parcel->batch.op_count = 0;
    parcel->batch.line_count = 0;
    parcel->grant_room = 0;
    if (!add_quarantine(parcel, refused)) {
        return false;
    }
    parcel->batch.class = ATP_CLASS_FACT;
    parcel->batch.ops = parcel->ops;
    return need_room_for_answers(parcel);
}

atp_verdict_t atp_parcel_count(const atp_parcel_t *parcel)
{
    const atp_batch_t *batch = &parcel->batch;
    const atp_op_t *op = batch->ops;
    atp_verdict_t verdict = (atp_verdict_t)batch->results[0].verdict;

    if (verdict == ATP_OUT_OF_ORDER) {
        atp_metrics_add(parcel->metrics, ATP_METRIC_SOURCE_OUT_OF_ORDER, 0, 1);
        return verdict; /* it comes again */
    }
    if (verdict == ATP_SOURCE_PAUSED) {
        atp_metrics_add(parcel->metrics, ATP_METRIC_SOURCE_PAUSED, 0, 1);
        return verdict; /* the same, or it waits: facts.h */
    }
    if (verdict == ATP_DUPLICATE_IGNORED) {
        atp_metrics_add(parcel->metrics, ATP_METRIC_SOURCE_DUPLICATES, 0, 1);
    }
    for (uint32_t i = 0; i < batch->op_count; i++) {
        atp_metrics_add_ops(parcel->metrics, op->kind, batch->results[i].verdict, 1);
        op = atp_op_next(op);
    }
    return verdict;
}

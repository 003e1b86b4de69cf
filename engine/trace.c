#include "engine/trace.h"

#include "engine/engine_priv.h"
#include "engine/ledger/facts/fates.h"

#include <string.h>

#define TRIES 3 /* of a read that a dropped segment cut short */

typedef struct reading {
    const atp_trace_ask_t *ask;
    atp_trace_t *trace;
} reading_t;

static void keep_text(atp_trace_text_t *kept, atp_text_t text)
{
    kept->size = (uint8_t)(text.size < ATP_ID_SIZE_MAX ? text.size : ATP_ID_SIZE_MAX);
    if (kept->size > 0) {
        memcpy(kept->bytes, text.bytes, kept->size);
    }
}

/* ---- one op ---- */

static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    return atp_op_text_next(&cursor);
}

static bool is_asked_for(const atp_trace_ask_t *ask, const atp_op_t *op)
{
    if (op->kind < ATP_FIRST_CLIENT_KIND) {
        return false;
    }
    if (ask->correlation.size > 0) {
        return (op->flags & ATP_OP_CORRELATED) != 0 &&
               atp_text_equal(atp_op_correlation(op), ask->correlation);
    }
    return atp_op_is_of_reservation(op) && atp_text_equal(subject_of(op), ask->reservation);
}

/* Takes the texts before those of the lines. */
static void pass_subject(const atp_op_t *op, const char **cursor)
{
    (void)atp_op_text_next(cursor);
    if (op->kind == ATP_OP_RESERVE) {
        (void)atp_op_text_next(cursor); /* the owner */
        if (op->flags & ATP_OP_CHANNEL_NAMED) {
            (void)atp_op_text_next(cursor);
        }
    }
}

static void keep_line(const atp_catalog_t *catalog, const atp_op_t *op, atp_trace_op_t *kept)
{
    const atp_op_line_t *line = atp_op_lines(op);
    const char *cursor = atp_op_text_begin(op);

    pass_subject(op, &cursor);
    if (line->flags & ATP_LINE_SKU_NAMED) {
        keep_text(&kept->sku, atp_op_text_next(&cursor));
    } else if (line->sku < atp_table_count(&catalog->skus)) {
        keep_text(&kept->sku, atp_catalog_sku_id(catalog, line->sku));
    }
    if (line->flags & ATP_LINE_NODE_NAMED) {
        keep_text(&kept->node, atp_op_text_next(&cursor));
    } else if ((line->flags & ATP_LINE_NODE_OPEN) == 0 && line->node < atp_table_count(&catalog->nodes)) {
        keep_text(&kept->node, atp_catalog_node_id(catalog, line->node));
    }
    kept->mantissa = line->mantissa;
    kept->decimals = line->decimals;
}

static void keep_client(const reading_t *reading, const atp_op_t *op, atp_trace_op_t *kept)
{
    const atp_catalog_t *catalog = reading->ask->catalog;

    if ((op->flags & ATP_OP_IN_SOURCE) != 0) {
        kept->client = reading->trace->frame_source;
        kept->epoch = reading->trace->frame_epoch;
        kept->sequence = reading->trace->frame_sequence;
    } else if (op->client == ATP_CLIENT_NAMED) {
        kept->client = reading->trace->frame_client;
    } else if (op->client < atp_table_count(&catalog->clients)) {
        const atp_named_record_t *record = atp_table_at(&catalog->clients, op->client);
        keep_text(&kept->client, atp_strings_get(&catalog->strings, record->id_ref));
    }
}

static atp_trace_op_t *keep(const reading_t *reading, const atp_op_t *op, uint64_t number, int64_t time_ms)
{
    atp_trace_op_t *kept = &reading->trace->ops[reading->trace->count++ % ATP_TRACE_OPS_MAX];

    *kept = (atp_trace_op_t){.op = number,
                             .time_ms = time_ms,
                             .id = op->id,
                             .kind = op->kind,
                             .has_id = (op->flags & ATP_OP_HAS_ID) != 0,
                             .line_count = op->line_count};
    keep_client(reading, op, kept);
    keep_text(&kept->subject, subject_of(op));
    keep_text(&kept->correlation, atp_op_correlation(op));
    if (op->line_count > 0) {
        keep_line(reading->ask->catalog, op, kept);
    }
    return kept;
}

/* The batch that the facts after it belong to. */
static void open_batch(atp_trace_t *trace, const atp_op_t *op)
{
    const atp_op_source_t *numbers = atp_op_payload(op);

    keep_text(&trace->frame_source, subject_of(op));
    trace->frame_epoch = numbers->epoch;
    trace->frame_sequence = numbers->sequence;
}

/* ---- the journal ---- */

static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    reading_t *reading = context;
    const atp_op_t *op = frame->payload;

    if (reading->ask->must_end != NULL && atp_load_relaxed(reading->ask->must_end) != 0) {
        return ATP_ERR_CLOSED;
    }
    atp_err_t err = atp_engine_check_frame(frame, place, ret_why);
    for (uint32_t i = 0; err == ATP_OK && i < frame->op_count; i++) {
        if (op->kind == ATP_OP_CLIENT) {
            keep_text(&reading->trace->frame_client, subject_of(op));
        } else if (op->kind == ATP_OP_SOURCE) {
            open_batch(reading->trace, op);
        } else if (is_asked_for(reading->ask, op)) {
            (void)keep(reading, op, frame->first_op + i, frame->time_ms);
        }
        op = atp_op_next(op);
    }
    reading->trace->from_op = reading->trace->from_op == 0 ? frame->first_op : reading->trace->from_op;
    reading->trace->last_op = frame->first_op + frame->op_count - 1;
    return err;
}

static atp_err_t read_once(reading_t *reading, atp_why_t *ret_why)
{
    atp_journal_options_t options = {.storage = reading->ask->storage,
                                     .segment_size = ATP_SEGMENT_SIZE_DEFAULT,
                                     .segments_ahead = 1,
                                     .read_only = true,
                                     .in_use = true,
                                     .newest_bytes = reading->ask->newest_bytes};
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;

    memset(reading->trace, 0, sizeof *reading->trace);
    atp_err_t err = atp_journal_open(&options, &journal, ret_why);
    if (err == ATP_OK) {
        err = atp_journal_replay(journal, 0, visit, reading, &tail, ret_why);
        atp_journal_close(journal);
    }
    return err;
}

atp_err_t atp_trace_read(const atp_trace_ask_t *ask, atp_trace_t *ret_trace, atp_why_t *ret_why)
{
    reading_t reading = {ask, ret_trace};
    atp_err_t err = ATP_ERR_NOT_FOUND;

    for (unsigned i = 0; i < TRIES && err == ATP_ERR_NOT_FOUND; i++) {
        err = read_once(&reading, ret_why);
    }
    return err;
}

void atp_trace_add_waiting(const atp_trace_ask_t *ask, atp_trace_t *trace, const atp_op_t *ops,
                           uint32_t op_count, int64_t time_ms, atp_verdict_t waits)
{
    const reading_t reading = {ask, trace};

    open_batch(trace, ops);
    for (uint32_t i = 1; i < op_count; i++) {
        ops = atp_op_next(ops);
        if (is_asked_for(ask, ops)) {
            keep(&reading, ops, 0, time_ms)->waits = (uint8_t)waits;
        }
    }
}

uint32_t atp_trace_told(const atp_trace_t *trace)
{
    return (uint32_t)(trace->count < ATP_TRACE_OPS_MAX ? trace->count : ATP_TRACE_OPS_MAX);
}

atp_trace_op_t *atp_trace_at(atp_trace_t *trace, uint32_t i)
{
    ATP_ASSERT(i < atp_trace_told(trace));
    return &trace->ops[(trace->count - atp_trace_told(trace) + i) % ATP_TRACE_OPS_MAX];
}

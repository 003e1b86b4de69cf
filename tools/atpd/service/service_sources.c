/* Sources that ask: what has come of them, and batches of facts that are answered. */
#include "tools/atpd/facts/parcel.h"
#include "tools/atpd/facts/put_off.h"
#include "tools/atpd/service/service_priv.h"

#include "engine/base/hash.h"
#include "engine/ledger/facts/sources.h"

#include <string.h>

#define STATE_SIZE ((size_t)16 << 10) /* 512 gaps with the longest numbers */

/* ---- source_state ---- */

static void send_state(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
        return;
    }
    atp_work_send_body(work);
}

static void write_gaps(atp_writer_t *writer, const atp_source_record_t *source)
{
    atp_source_gap_t gap = {0, 0};

    for (uint32_t i = 0; i < ATP_SOURCE_GAPS_MAX; i++) {
        if (!atp_sources_next_gap(source, gap.last + 1, &gap.first, &gap.last)) {
            return;
        }
        atp_write_source_gap(writer, &gap);
    }
}

_Static_assert(ATP_SOURCE_GAPS_MAX * 2 >= ATP_SOURCE_WINDOW, "all gaps there can be are told");

/* On the ledger thread, between two ops. */
static void tell_state(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    static const atp_source_record_t unheard;
    const atp_source_record_t *source = &unheard;
    atp_text_t name = *(const atp_text_t *)work->names.bytes;
    uint32_t number;

    (void)now_ms;
    if (atp_catalog_find_source(catalog, name, atp_hash_text(name, atp_ledger_seed(ledger)), &number)) {
        source = atp_table_at(&catalog->sources, number);
    }
    const atp_source_state_t state = {.epoch = source->epoch,
                                      .low = source->low,
                                      .high = source->high,
                                      .batches = source->batches,
                                      .lost = source->lost,
                                      .as_of_ms = source->as_of_ms};
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_source_state_begin(&work->writer);
    write_gaps(&work->writer, source);
    atp_write_source_state_end(&work->writer, &state);
    ATP_ASSERT(!work->writer.is_overflown);
}

void atp_work_source_state(atp_work_t *work)
{
    if (!atp_room_need(&work->names, sizeof(atp_text_t)) || !atp_room_need(&work->body, STATE_SIZE) ||
        !atp_read_source_ask(&work->reader, work->names.bytes) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_FACT; /* it is asked in order to send facts */
    work->batch.line_count = 1;
    work->batch.question = tell_state;
    work->batch.done = send_state;
    work->batch.context = work;
    atp_work_submit(work);
}

/* ---- batch ---- */

static void answer(atp_batch_t *batch, atp_err_t err)
{
    atp_parcel_t *parcel = batch->context;
    atp_work_t *work = parcel->owner;
    atp_writer_t writer;

    if (err != ATP_OK) {
        atp_parcel_destroy(parcel);
        atp_work_refuse_submit(work, err);
        return;
    }
    uint64_t durable_op = batch->durable_op;
    atp_batch_answer_t told = {(uint8_t)atp_parcel_count(parcel), batch->results[0].field};
    atp_put_off_note(work->service->put_off, parcel, (atp_verdict_t)told.verdict);
    atp_parcel_destroy(parcel);
    if (told.verdict == ATP_APPLIED) {
        atp_metrics_add(work->service->metrics, ATP_METRIC_SOURCE_HEALED, 0, 1);
    }
    atp_work_begin_answer(work, &writer, durable_op, durable_op);
    atp_write_batch_answer(&writer, &told);
    atp_work_send_results(work, &writer);
}

/* Reads the whole message into the parcel. False: refused, the reader says why. */
static bool read_batch(atp_work_t *work, atp_parcel_t *parcel, atp_text_t *ret_source)
{
    atp_facts_t facts;
    uint32_t op_count;

    if (!atp_room_need(&work->lines, ATP_LINES_PER_OP_MAX * sizeof(atp_command_line_t)) ||
        !atp_room_need(&work->attributes, ATP_ATTRIBUTES_PER_OP_MAX * sizeof(atp_attribute_t)) ||
        !atp_read_batch(&work->reader, &facts, &op_count)) {
        return false;
    }
    const atp_command_room_t room = {.lines = work->lines.bytes,
                                     .line_capacity = ATP_LINES_PER_OP_MAX,
                                     .attributes = work->attributes.bytes,
                                     .attribute_capacity = ATP_ATTRIBUTES_PER_OP_MAX};
    facts.correlation = work->request.correlation;
    *ret_source = facts.source;
    return atp_parcel_fill(parcel, &work->reader, &facts, op_count, &room);
}

/* Which queue the batch goes through; and 0, or how long until its source may send it. */
static uint64_t look_at_rate(atp_work_t *work, atp_parcel_t *parcel, atp_text_t source)
{
    atp_source_limits_t limits;

    atp_source_limits_read(work->service->ledger, source, &limits);
    parcel->batch.class = limits.class;
    return work->service->meter == NULL ? 0
                                        : atp_meter_take(work->service->meter, &limits,
                                                         parcel->batch.op_count - 1, atp_meter_now_ns());
}

void atp_work_batch(atp_work_t *work)
{
    atp_text_t source;
    atp_parcel_t *parcel = atp_parcel_create(work->service->engine, work->service->metrics, work);

    if (parcel == NULL || !read_batch(work, parcel, &source)) {
        atp_parcel_destroy(parcel);
        atp_work_refuse_reader(work);
        return;
    }
    uint64_t wait_ns = look_at_rate(work, parcel, source);
    if (wait_ns > 0) {
        atp_put_off_note(work->service->put_off, parcel, ATP_BUSY);
        atp_parcel_destroy(parcel);
        atp_metrics_add(work->service->metrics, ATP_METRIC_SOURCE_METERED, 0, 1);
        atp_work_refuse(work, ATP_BUSY, ATP_FIELD_SOURCE, "the source is beyond its rate",
                        (uint32_t)(wait_ns / 1000000 + 1));
        return;
    }
    parcel->batch.done = answer;
    parcel->batch.context = parcel;
    atp_err_t err = atp_engine_submit(work->service->engine, &parcel->batch);
    if (err != ATP_OK) {
        atp_parcel_destroy(parcel);
        atp_work_refuse_submit(work, err);
    }
}

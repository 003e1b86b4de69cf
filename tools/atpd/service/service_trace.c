/* Traces: which ops of the journal carry a correlation id, or name a reservation.
 *
 * A thread of its own reads the newest part of the journal beside the engine (engine/trace.h), one question at a time: who
 * asks meanwhile is told busy. It adds the facts that wait (put_off.h). Then the ledger thread is asked what became of all of
 * them (trace_row.h). */
#include "tools/atpd/service/service_priv.h"
#include "tools/atpd/service/trace_row.h"

#include "engine/trace.h"
#include "protocol/message_trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BODY_SIZE     ((size_t)1 << 20) /* 1,000 rows with the longest texts */
#define BUSY_RETRY_MS 200

_Static_assert(ATP_TRACE_ROWS_MAX >= ATP_TRACE_OPS_MAX, "all that is told fits into an answer");

struct atp_tracer {
    atp_storage_t *storage;
    atp_trace_t trace; /* of the question being answered */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under the mutex */
    atp_work_t *work; /* being answered: read, or asked of the ledger thread */
    bool is_reading;
    bool is_over;              /* the thread ends */
    _Atomic uint32_t must_end; /* nothing is taken any more, what is being read is given up */
};

/* ---- the answer ---- */

static void give_back_slot(atp_tracer_t *tracer)
{
    (void)pthread_mutex_lock(&tracer->mutex);
    tracer->work = NULL;
    (void)pthread_mutex_unlock(&tracer->mutex);
}

static void refuse(atp_work_t *work, atp_verdict_t verdict, const char *detail, uint32_t retry_ms)
{
    atp_work_refuse(work, verdict, ATP_FIELD_NONE, detail, retry_ms);
}

static void send_body(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    give_back_slot(work->service->tracer);
    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else if (work->writer.is_overflown) {
        refuse(work, ATP_MESSAGE_TOO_LARGE, "the answer would be too large", 0);
    } else {
        atp_work_send_body(work);
    }
}

/* On the ledger thread, between two ops. */
static void tell(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    atp_trace_t *trace = &work->service->tracer->trace;
    uint64_t gone = 0;

    (void)now_ms;
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_trace_begin(&work->writer);
    for (uint32_t i = 0; i < atp_trace_told(trace); i++) {
        atp_trace_row_t row;
        if (atp_trace_row_fill(ledger, atp_trace_at(trace, i), &row)) {
            atp_write_trace_row(&work->writer, &row);
        } else {
            gone++;
        }
    }
    atp_write_trace_end(&work->writer, trace->from_op, trace->count - gone);
}

/* ---- the thread ---- */

/* Has the ledger thread asked for the rest. Under the mutex, so that the answer cannot give the slot to another question
 * before this one counts as read. */
static atp_err_t ask_ledger_thread(atp_tracer_t *tracer, atp_work_t *work)
{
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = atp_trace_told(&tracer->trace) / 4 + 1;
    work->batch.question = tell;
    work->batch.done = send_body;
    work->batch.context = work;
    (void)pthread_mutex_lock(&tracer->mutex);
    atp_err_t err = atp_engine_submit(work->service->engine, &work->batch);
    tracer->is_reading = err != ATP_OK;
    (void)pthread_mutex_unlock(&tracer->mutex);
    return err;
}

static void read_journal(atp_tracer_t *tracer, atp_work_t *work)
{
    const atp_trace_query_t *query = work->names.bytes;
    const atp_trace_ask_t ask = {.storage = tracer->storage,
                                 .catalog = atp_ledger_catalog(work->service->ledger),
                                 .correlation = query->correlation,
                                 .reservation = query->reservation,
                                 .newest_bytes = ATP_TRACE_BYTES,
                                 .must_end = &tracer->must_end};
    atp_why_t why = {""};
    atp_err_t read = atp_trace_read(&ask, &tracer->trace, &why);
    if (read == ATP_OK) {
        atp_put_off_tell(work->service->put_off, &ask, &tracer->trace);
    }
    atp_err_t asked = read == ATP_OK ? ask_ledger_thread(tracer, work) : ATP_OK;

    if (read == ATP_OK && asked == ATP_OK) {
        return; /* the work is the ledger thread's */
    }
    if (read != ATP_OK) {
        refuse(work, ATP_UNAVAILABLE, read == ATP_ERR_CLOSED ? "the engine is stopping" : why.text, 0);
    } else {
        atp_work_refuse_submit(work, asked);
    }
    (void)pthread_mutex_lock(&tracer->mutex);
    tracer->work = NULL;
    tracer->is_reading = false;
    (void)pthread_mutex_unlock(&tracer->mutex);
}

static void *run(void *context)
{
    atp_tracer_t *tracer = context;

    (void)pthread_mutex_lock(&tracer->mutex);
    while (!tracer->is_over) {
        if (!tracer->is_reading) {
            (void)pthread_cond_wait(&tracer->changed, &tracer->mutex);
            continue;
        }
        atp_work_t *work = tracer->work;
        (void)pthread_mutex_unlock(&tracer->mutex);
        read_journal(tracer, work);
        (void)pthread_cond_broadcast(&tracer->changed);
        (void)pthread_mutex_lock(&tracer->mutex);
    }
    (void)pthread_mutex_unlock(&tracer->mutex);
    return NULL;
}

/* Hands the question to the thread; false: it has another one, or ends. */
static bool hand_over(atp_tracer_t *tracer, atp_work_t *work)
{
    (void)pthread_mutex_lock(&tracer->mutex);
    bool is_free = tracer->work == NULL && atp_load_relaxed(&tracer->must_end) == 0;
    if (is_free) {
        tracer->work = work;
        tracer->is_reading = true;
    }
    (void)pthread_mutex_unlock(&tracer->mutex);
    if (is_free) {
        (void)pthread_cond_broadcast(&tracer->changed);
    }
    return is_free;
}

void atp_work_trace(atp_work_t *work)
{
    atp_tracer_t *tracer = work->service->tracer;

    if (!atp_room_need(&work->names, sizeof(atp_trace_query_t)) || !atp_room_need(&work->body, BODY_SIZE) ||
        !atp_read_trace_query(&work->reader, work->names.bytes) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    if (tracer == NULL) {
        refuse(work, ATP_UNAVAILABLE, "there is no journal to read", 0);
        return;
    }
    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    if (!hand_over(tracer, work)) {
        refuse(work, ATP_BUSY, "one trace at a time", BUSY_RETRY_MS);
    }
}

/* ---- open and close ---- */

atp_err_t atp_tracer_open(const char *data_folder, atp_tracer_t **ret_tracer, atp_why_t *ret_why)
{
    atp_tracer_t *tracer = calloc(1, sizeof *tracer);

    if (tracer == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for traces");
    }
    atp_err_t err = atp_storage_posix_open(data_folder, &tracer->storage, ret_why);
    if (err != ATP_OK) {
        free(tracer);
        return err;
    }
    (void)pthread_mutex_init(&tracer->mutex, NULL);
    (void)pthread_cond_init(&tracer->changed, NULL);
    if (pthread_create(&tracer->thread, NULL, run, tracer) != 0) {
        (void)pthread_cond_destroy(&tracer->changed);
        (void)pthread_mutex_destroy(&tracer->mutex);
        atp_storage_posix_close(tracer->storage);
        free(tracer);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no thread for traces");
    }
    *ret_tracer = tracer;
    return ATP_OK;
}

void atp_tracer_drain(atp_tracer_t *tracer)
{
    if (tracer == NULL) {
        return;
    }
    atp_store_relaxed(&tracer->must_end, 1);
    (void)pthread_mutex_lock(&tracer->mutex);
    while (tracer->is_reading) {
        (void)pthread_cond_wait(&tracer->changed, &tracer->mutex);
    }
    (void)pthread_mutex_unlock(&tracer->mutex);
}

void atp_tracer_close(atp_tracer_t *tracer)
{
    if (tracer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&tracer->mutex);
    tracer->is_over = true;
    (void)pthread_mutex_unlock(&tracer->mutex);
    (void)pthread_cond_broadcast(&tracer->changed);
    (void)pthread_join(tracer->thread, NULL);
    (void)pthread_cond_destroy(&tracer->changed);
    (void)pthread_mutex_destroy(&tracer->mutex);
    atp_storage_posix_close(tracer->storage);
    free(tracer);
}

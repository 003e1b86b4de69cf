#include "tools/atpd/service/service_priv.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXCHANGES_DEFAULT 256
#define BUSY_RETRY_MS     2
#define NO_SPACE_RETRY_MS 1000
#define ROOMS             10
#define ROOM_KEPT         ((size_t)1 << 20) /* of each buffer, between two messages */

uint64_t atp_service_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool atp_room_need(atp_room_t *room, size_t size)
{
    if (room->size >= size) {
        return true;
    }
    void *bytes = malloc(size);
    if (bytes == NULL) {
        return false;
    }
    free(room->bytes);
    room->bytes = bytes;
    room->size = size;
    return true;
}

/* ---- answering ---- */

static atp_err_t grow(void *context, size_t size, uint8_t **ret_bytes)
{
    return atp_exchange_reserve(context, size, ret_bytes);
}

static void begin(atp_work_t *work, atp_writer_t *writer, uint8_t type, uint64_t applied_op,
                  uint64_t durable_op)
{
    atp_response_t response = {
        .type = type,
        .correlation = work->request.correlation,
        .incarnation = atp_engine_incarnation(work->service->engine),
        .applied_op = applied_op,
        .durable_op = durable_op,
    };

    atp_writer_init_over(writer, grow, work->exchange, ATP_MESSAGE_SIZE_MAX);
    atp_write_response(writer, &response);
}

void atp_work_begin_answer(atp_work_t *work, atp_writer_t *writer, uint64_t applied_op, uint64_t durable_op)
{
    begin(work, writer, work->request.type, applied_op, durable_op);
}

static void rooms_of(atp_work_t *work, atp_room_t *ret_rooms[ROOMS])
{
    atp_room_t *rooms[ROOMS] = {&work->ops,      &work->results,     &work->grants, &work->lines,
                                &work->refusals, &work->refused_ops, &work->names,  &work->body,
                                &work->rows,     &work->attributes};
    memcpy(ret_rooms, rooms, sizeof rooms);
}

/* Gives back what an unusually large message took: else a few of them on every exchange would stay for ever. */
static void trim_rooms(atp_work_t *work)
{
    atp_room_t *rooms[ROOMS];

    rooms_of(work, rooms);
    for (size_t i = 0; i < ROOMS; i++) {
        if (rooms[i]->size > ROOM_KEPT) {
            free(rooms[i]->bytes);
            *rooms[i] = (atp_room_t){NULL, 0};
        }
    }
}

/* Ends the work on the exchange: sends `size` bytes of the reply, or nothing if there was no memory for them. */
static void give_back(atp_work_t *work, size_t size, bool is_lost)
{
    atp_exchange_t *exchange = work->exchange;
    uint64_t took_ns = atp_service_now_ns() - work->begun_ns;

    atp_histogram_record_shared(atp_metrics_histogram(work->service->metrics, ATP_METRIC_REPLY), took_ns);
    trim_rooms(work);
    work->exchange = NULL;
    if (is_lost) {
        atp_metrics_add(work->service->metrics, ATP_METRIC_ERRORS, ATP_ERR_MEMORY, 1);
        atp_exchange_drop(exchange);
        return;
    }
    atp_exchange_send(exchange, size); /* V1: the work area may be used again from here on */
}

void atp_work_send_results(atp_work_t *work, atp_writer_t *writer)
{
    give_back(work, atp_writer_size(writer), writer->is_overflown);
}

void atp_work_send_body(atp_work_t *work)
{
    size_t body = atp_writer_size(&work->writer);
    atp_writer_t head;
    uint8_t *bytes;

    atp_work_begin_answer(work, &head, work->answered_op, work->batch.durable_op);
    size_t size = atp_writer_size(&head);
    if (head.is_overflown || atp_exchange_reserve(work->exchange, size + body, &bytes) != ATP_OK) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the answer", 0);
        return;
    }
    memcpy(bytes + size, work->body.bytes, body);
    give_back(work, size + body, false);
}

void atp_work_send(atp_work_t *work, atp_writer_t *writer)
{
    if (writer->is_overflown) {
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE,
                        "the answer would be larger than a message may be", 0);
        return;
    }
    give_back(work, atp_writer_size(writer), false);
}

void atp_work_refuse(atp_work_t *work, atp_verdict_t verdict, atp_field_t field, const char *detail,
                     uint32_t retry_ms)
{
    atp_engine_t *engine = work->service->engine;
    atp_error_t error = {
        .verdict = verdict, .field = field, .detail = atp_text_of(detail), .retry_ms = retry_ms};
    atp_writer_t writer;

    atp_metrics_add(work->service->metrics, ATP_METRIC_REFUSED, verdict, 1);
    begin(work, &writer, ATP_MESSAGE_ERROR, atp_engine_applied_op(engine), atp_engine_durable_op(engine));
    atp_write_error(&writer, &error);
    give_back(work, atp_writer_size(&writer), writer.is_overflown);
}

void atp_work_refuse_reader(atp_work_t *work)
{
    const atp_refusal_t *refusal = &work->reader.refusal;

    if (refusal->verdict == ATP_APPLIED) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the request",
                        NO_SPACE_RETRY_MS);
        return;
    }
    atp_work_refuse(work, refusal->verdict, refusal->field, refusal->detail, 0);
}

void atp_work_refuse_submit(atp_work_t *work, atp_err_t err)
{
    switch (err) {
    case ATP_ERR_BUSY:
        atp_work_refuse(work, ATP_BUSY, ATP_FIELD_NONE, "the queue of this class is full", BUSY_RETRY_MS);
        break;
    case ATP_ERR_NO_SPACE:
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "the journal has no room for new promises",
                        NO_SPACE_RETRY_MS);
        break;
    case ATP_ERR_LIMIT:
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE,
                        "the ops of this message take more room than a journal segment has", 0);
        break;
    default:
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "the engine is stopping", NO_SPACE_RETRY_MS);
        break;
    }
}

/* ---- dispatch ---- */

static void dispatch(atp_work_t *work)
{
    switch ((atp_message_type_t)work->request.type) {
    case ATP_MESSAGE_COMMANDS:
        atp_work_commands(work);
        return;
    case ATP_MESSAGE_PROMISE:
        atp_work_promise(work);
        return;
    case ATP_MESSAGE_AVAILABILITY:
        atp_work_availability(work);
        return;
    case ATP_MESSAGE_POSTINGS:
        atp_work_postings(work);
        return;
    case ATP_MESSAGE_POSTINGS_OF:
        atp_work_postings_of(work);
        return;
    case ATP_MESSAGE_OUTCOME:
        atp_work_outcomes(work);
        return;
    case ATP_MESSAGE_RESERVATION:
        atp_work_reservations_by_id(work);
        return;
    case ATP_MESSAGE_ORDER:
        atp_work_orders(work);
        return;
    case ATP_MESSAGE_HISTORY:
        atp_work_history(work);
        return;
    case ATP_MESSAGE_RESERVATIONS:
    case ATP_MESSAGE_POSITIONS:
    case ATP_MESSAGE_EXCEPTIONS:
    case ATP_MESSAGE_CROSSINGS:
    case ATP_MESSAGE_CATALOG:
        atp_work_page(work);
        return;
    case ATP_MESSAGE_STAT:
        atp_work_stat(work);
        return;
    case ATP_MESSAGE_SCHEDULE:
        atp_work_schedule(work);
        return;
    case ATP_MESSAGE_EXPLAIN:
        atp_work_explain(work);
        return;
    case ATP_MESSAGE_TRACE:
        atp_work_trace(work);
        return;
    case ATP_MESSAGE_SOURCE_STATE:
        atp_work_source_state(work);
        return;
    case ATP_MESSAGE_BATCH:
        atp_work_batch(work);
        return;
    case ATP_MESSAGE_FACTS:
    case ATP_MESSAGE_AVAILABILITY_CHANGED:
    case ATP_MESSAGE_STALENESS:
    case ATP_MESSAGE_ERROR:
    case ATP_MESSAGE_TYPE_LIMIT:
        break;
    }
    atp_work_refuse(work, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, "that type is not a request", 0);
}

static void handle(void *context, atp_exchange_t *exchange)
{
    atp_service_t *service = context;
    atp_work_t *work = &service->works[atp_exchange_index(exchange)];
    size_t size;
    const uint8_t *bytes = atp_exchange_request(exchange, &size);

    work->exchange = exchange;
    work->begun_ns = atp_service_now_ns();
    if (!atp_request_open(bytes, size, &work->reader, &work->request)) {
        atp_work_refuse_reader(work);
        return;
    }
    dispatch(work);
}

/* ---- asking the engine ---- */

void atp_work_submit(atp_work_t *work)
{
    atp_err_t err = atp_engine_submit(work->service->engine, &work->batch);

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    }
}

uint32_t atp_work_note_due(atp_work_t *work, const uint32_t *rows, uint32_t count, uint32_t due,
                           uint32_t most)
{
    const atp_positions_t *positions = atp_ledger_positions(work->service->ledger);

    for (uint32_t i = 0; i < count && due < most; i++) {
        atp_position_view_t view;
        atp_positions_read(positions, rows[i], &view);
        if (view.soonest_deadline_ms <= work->now_ms) {
            (void)atp_op_encode_settle((char *)work->ops.bytes + due * sizeof(atp_op_t), view.sku, view.node);
            due++;
        }
    }
    return due;
}

void atp_work_settle(atp_work_t *work, void (*done)(atp_batch_t *batch, atp_err_t err), uint32_t due)
{
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RELEASE;
    work->batch.op_count = due;
    work->batch.line_count = due;
    work->batch.ops = work->ops.bytes;
    work->batch.ops_size = due * sizeof(atp_op_t);
    work->batch.results = work->results.bytes;
    work->batch.done = done;
    work->batch.context = work;
    atp_work_submit(work);
}

/* ---- open and close ---- */

static void free_works(atp_service_t *service)
{
    for (uint32_t i = 0; service->works != NULL && i < service->work_count; i++) {
        atp_room_t *rooms[ROOMS];
        rooms_of(&service->works[i], rooms);
        for (size_t k = 0; k < ROOMS; k++) {
            free(rooms[k]->bytes);
        }
    }
    free(service->works);
}

atp_err_t atp_service_open(const atp_service_options_t *options, atp_service_t **ret_service,
                           atp_why_t *ret_why)
{
    atp_service_t *service = calloc(1, sizeof *service);

    if (service == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the service");
    }
    service->engine = options->engine;
    service->ledger = atp_engine_ledger(options->engine);
    service->metrics = options->metrics;
    service->meter = options->meter;
    service->put_off = options->put_off;
    memcpy(service->status_names, options->status_names, sizeof service->status_names);
    service->work_count = options->exchange_count > 0 ? options->exchange_count : EXCHANGES_DEFAULT;
    service->works = calloc(service->work_count, sizeof *service->works);
    if (service->works == NULL) {
        free(service);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the service");
    }
    for (uint32_t i = 0; i < service->work_count; i++) {
        service->works[i].service = service;
    }
    atp_server_options_t server = {.urls = options->urls,
                                   .url_count = options->url_count,
                                   .exchange_count = service->work_count,
                                   .handler = handle,
                                   .context = service};
    atp_err_t err = options->data_folder != NULL
                        ? atp_tracer_open(options->data_folder, &service->tracer, ret_why)
                        : ATP_OK;
    err = err == ATP_OK ? atp_server_open(&server, &service->server, ret_why) : err;
    if (err != ATP_OK) {
        atp_tracer_close(service->tracer);
        free_works(service);
        free(service);
        return err;
    }
    *ret_service = service;
    return ATP_OK;
}

uint16_t atp_service_port(const atp_service_t *service, size_t url_index)
{
    return atp_server_port(service->server, url_index);
}

void atp_service_read_counters(const atp_service_t *service, atp_server_counters_t *ret_counters)
{
    atp_server_read_counters(service->server, ret_counters);
}

void atp_service_drain(atp_service_t *service)
{
    atp_server_drain(service->server);
    atp_tracer_drain(service->tracer);
}

void atp_service_close(atp_service_t *service)
{
    if (service == NULL) {
        return;
    }
    atp_tracer_drain(service->tracer);
    atp_server_close(service->server);
    atp_tracer_close(service->tracer);
    free_works(service);
    free(service);
}

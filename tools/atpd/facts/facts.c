#include "tools/atpd/facts/facts.h"

#include "engine/base/hash.h"
#include "protocol/endpoint.h"
#include "tools/atpd/facts/delay.h"
#include "tools/atpd/facts/heard.h"
#include "tools/atpd/facts/parcel.h"
#include "tools/atpd/log/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WAIT_NS      500000 /* between tries while the queue is full */
#define LOGGED_BYTES 64     /* of a message that is not one */
#define KEPT_MAX     64     /* such messages in a second; of more only the log tells */

struct atp_facts_intake {
    atp_engine_t *engine;
    atp_metrics_t *metrics;
    atp_backlog_t *backlog;
    atp_delay_t *delay;
    atp_put_off_t *notes; /* of what was put off; may be NULL */
    atp_sub_t *sub;
    _Atomic uint32_t in_flight;
    _Atomic uint32_t is_closing;
    atp_command_line_t lines[ATP_LINES_PER_OP_MAX];
    atp_attribute_t attributes[ATP_ATTRIBUTES_PER_OP_MAX];
    atp_heard_t heard;
    time_t kept_second; /* of the message kept last that was none, */
    uint32_t kept;      /* and how many were in that second */
};

/* ---- after the engine ---- */

/* The name of the source that the batch opens with. */
static atp_text_t source_of(const atp_parcel_t *parcel)
{
    const char *cursor = atp_op_text_begin(parcel->batch.ops);

    return atp_op_text_next(&cursor);
}

static void give_up(atp_parcel_t *parcel)
{
    atp_facts_intake_t *intake = parcel->owner;

    atp_log(ATP_LOG_ERROR, "facts_not_taken", ATP_LOG_TEXT("source", source_of(parcel)),
            ATP_LOG_U64("epoch", parcel->epoch), ATP_LOG_U64("sequence", parcel->sequence));
    atp_delay_drop(intake->delay, parcel);
    atp_parcel_destroy(parcel);
}

/* Takes the parcel, which has to wait: nobody else has its facts. */
static void put_off(atp_parcel_t *parcel, const atp_source_limits_t *limits)
{
    atp_facts_intake_t *intake = parcel->owner;

    if (atp_delay_push(intake->delay, limits, parcel)) {
        return;
    }
    if (parcel->kept != NULL && atp_load_acquire(&intake->is_closing) != 0) {
        atp_parcel_destroy(parcel); /* it waits for the next start */
        return;
    }
    atp_metrics_add(intake->metrics, ATP_METRIC_SOURCE_SHED, 0, 1);
    give_up(parcel);
}

/* Its source was paused by what came before it. Of one that is kept nothing is lost; others wait here. */
static void after_pause(atp_parcel_t *parcel)
{
    atp_facts_intake_t *intake = parcel->owner;
    atp_source_limits_t limits;

    if (parcel->kept_from > 0) {
        atp_parcel_destroy(parcel);
        return;
    }
    atp_source_limits_read(atp_engine_ledger(intake->engine), source_of(parcel), &limits);
    put_off(parcel, &limits);
}

static void done(atp_batch_t *batch, atp_err_t err)
{
    atp_parcel_t *parcel = batch->context;
    atp_facts_intake_t *intake = parcel->owner;

    atp_verdict_t verdict = err == ATP_OK ? atp_parcel_count(parcel) : ATP_UNAVAILABLE;
    atp_put_off_note(intake->notes, parcel, verdict);
    if (verdict == ATP_SOURCE_PAUSED) {
        after_pause(parcel);
    } else {
        if (err == ATP_OK) { /* else it is handed in again after the next start */
            atp_delay_drop(intake->delay, parcel);
        }
        atp_parcel_destroy(parcel);
    }
    (void)atp_fetch_sub_acq_rel(&intake->in_flight, 1);
}

/* ---- before it ---- */

/* Hands the parcel in, waiting while the queue is full: facts are not dropped here. */
static bool submit(atp_parcel_t *parcel)
{
    atp_facts_intake_t *intake = parcel->owner;
    atp_err_t err;

    parcel->batch.done = done;
    parcel->batch.context = parcel;
    (void)atp_fetch_add_acq_rel(&intake->in_flight, 1);
    while ((err = atp_engine_submit(intake->engine, &parcel->batch)) == ATP_ERR_BUSY &&
           atp_load_acquire(&intake->is_closing) == 0) {
        struct timespec pause = {0, WAIT_NS};
        nanosleep(&pause, NULL);
    }
    if (err != ATP_OK) {
        (void)atp_fetch_sub_acq_rel(&intake->in_flight, 1);
    }
    return err == ATP_OK;
}

static uint64_t hash_of(const atp_facts_intake_t *intake, atp_text_t source)
{
    return atp_hash_text(source, atp_ledger_seed(atp_engine_ledger(intake->engine)));
}

/* Tells of numbers that were skipped since the source was heard last. */
static void look_for_gap(atp_facts_intake_t *intake, const atp_facts_t *facts)
{
    uint64_t after =
        atp_heard_note(&intake->heard, hash_of(intake, facts->source), facts->epoch, facts->sequence);

    if (after != 0) {
        atp_metrics_add(intake->metrics, ATP_METRIC_SOURCE_GAPS, 0, 1);
        atp_log(ATP_LOG_WARN, "facts_gap", ATP_LOG_TEXT("source", facts->source),
                ATP_LOG_U64("epoch", facts->epoch), ATP_LOG_U64("after", after),
                ATP_LOG_U64("sequence", facts->sequence));
    }
}

/* True, with the reader's refusal, for what a source that keeps nothing tells under an epoch that it has left. */
static bool went_back(const atp_facts_intake_t *intake, const atp_facts_t *facts, atp_reader_t *reader)
{
    if (facts->kept_from > 0 ||
        !atp_heard_went_back(&intake->heard, hash_of(intake, facts->source), facts->epoch, facts->sequence)) {
        return false;
    }
    (void)atp_reader_refuse(reader, ATP_SEQUENCE_INVALID, ATP_FIELD_EPOCH,
                            "the source has told under a later epoch since: nothing of the batch is applied");
    return true;
}

static void log_malformed(const atp_facts_intake_t *intake, const atp_reader_t *reader, const uint8_t *bytes,
                          size_t size)
{
    char hex[2 * LOGGED_BYTES + 1];
    size_t shown = size < LOGGED_BYTES ? size : LOGGED_BYTES;

    for (size_t i = 0; i < shown; i++) {
        static const char digits[] = "0123456789abcdef";
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * shown] = '\0';
    atp_metrics_add(intake->metrics, ATP_METRIC_REFUSED, reader->refusal.verdict, 1);
    atp_log(ATP_LOG_WARN, "facts_refused", ATP_LOG_STR("verdict", atp_verdict_name(reader->refusal.verdict)),
            ATP_LOG_STR("why", reader->refusal.detail), ATP_LOG_U64("size", size), ATP_LOG_STR("bytes", hex));
}

static bool may_keep(atp_facts_intake_t *intake)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != intake->kept_second) {
        intake->kept_second = now.tv_sec;
        intake->kept = 0;
    }
    return intake->kept++ < KEPT_MAX;
}

/* A message that is none, or comes under an epoch that has passed: it is told, and its bytes are kept as an exception. Takes the
 * parcel. */
static void quarantine(atp_parcel_t *parcel, const atp_reader_t *reader, const atp_facts_t *facts,
                       const uint8_t *bytes, size_t size)
{
    atp_facts_intake_t *intake = parcel->owner;
    const atp_refused_bytes_t refused = {.bytes = bytes,
                                         .size = size,
                                         .source = facts->source,
                                         .epoch = facts->epoch,
                                         .sequence = facts->sequence,
                                         .verdict = reader->refusal.verdict,
                                         .field = reader->refusal.field};

    log_malformed(intake, reader, bytes, size);
    if (!may_keep(intake) || !atp_parcel_quarantine(parcel, &refused) || !submit(parcel)) {
        atp_parcel_destroy(parcel);
    }
}

static bool is_paused(void *context, uint32_t source)
{
    const atp_facts_intake_t *intake = context;

    return atp_source_is_paused(atp_engine_ledger(intake->engine), source);
}

/* A parcel that has waited for its turn. */
static void submit_delayed(void *context, atp_parcel_t *parcel)
{
    (void)context;
    if (submit(parcel)) {
        return;
    }
    if (parcel->kept != NULL) {
        atp_parcel_destroy(parcel); /* the engine has ended: it waits for the next start */
    } else {
        give_up(parcel);
    }
}

/* Of a source that may be paused, and keeps nothing: what it says may have to be kept here. */
static void copy_message(atp_parcel_t *parcel, const atp_source_limits_t *limits, const uint8_t *bytes,
                         size_t size)
{
    if (limits->is_registered && parcel->kept_from == 0 && !atp_parcel_copy_message(parcel, bytes, size)) {
        atp_log(ATP_LOG_WARN, "facts_not_copied", ATP_LOG_TEXT("source", source_of(parcel)),
                ATP_LOG_U64("epoch", parcel->epoch), ATP_LOG_U64("sequence", parcel->sequence));
    }
}

/* Takes the parcel if its source is beyond its rate, or paused: one that is kept comes again, by request; others wait. */
static bool is_put_off(atp_parcel_t *parcel, const atp_facts_t *facts, const uint8_t *bytes, size_t size)
{
    atp_facts_intake_t *intake = parcel->owner;
    atp_source_limits_t limits;

    atp_source_limits_read(atp_engine_ledger(intake->engine), facts->source, &limits);
    parcel->batch.class = limits.class;
    copy_message(parcel, &limits, bytes, size);
    if (!atp_delay_must_wait(intake->delay, &limits, parcel->batch.op_count - 1)) {
        return false;
    }
    atp_metrics_add(intake->metrics, limits.is_paused ? ATP_METRIC_SOURCE_PAUSED : ATP_METRIC_SOURCE_METERED,
                    0, 1);
    atp_put_off_note(intake->notes, parcel, limits.is_paused ? ATP_SOURCE_PAUSED : ATP_BUSY);
    if (facts->kept_from > 0) {
        atp_parcel_destroy(parcel);
    } else {
        put_off(parcel, &limits);
    }
    return true;
}

/* Reads the ops into the parcel: as atp_parcel_fill. */
static bool fill(atp_parcel_t *parcel, atp_reader_t *reader, const atp_facts_t *facts, uint32_t op_count)
{
    atp_facts_intake_t *intake = parcel->owner;
    const atp_command_room_t room = {.lines = intake->lines,
                                     .line_capacity = ATP_LINES_PER_OP_MAX,
                                     .attributes = intake->attributes,
                                     .attribute_capacity = ATP_ATTRIBUTES_PER_OP_MAX};

    return atp_parcel_fill(parcel, reader, facts, op_count, &room);
}

static void handle(void *context, const uint8_t *bytes, size_t size)
{
    atp_facts_intake_t *intake = context;
    atp_reader_t reader;
    atp_facts_t facts = {.source = ATP_TEXT("")};
    uint32_t op_count;
    atp_parcel_t *parcel = atp_parcel_create(intake->engine, intake->metrics, intake);

    if (parcel == NULL) {
        atp_metrics_add(intake->metrics, ATP_METRIC_ERRORS, ATP_ERR_MEMORY, 1);
        atp_log(ATP_LOG_ERROR, "facts_lost", ATP_LOG_ERR(ATP_ERR_MEMORY));
        return;
    }
    if (!atp_event_open(bytes, size, &reader) || !atp_read_facts(&reader, &facts, &op_count)) {
        quarantine(parcel, &reader, &(atp_facts_t){.source = ATP_TEXT("")}, bytes, size);
        return;
    }
    bool is_filled = !went_back(intake, &facts, &reader) && fill(parcel, &reader, &facts, op_count);
    if (!is_filled && reader.refusal.verdict != ATP_APPLIED) {
        quarantine(parcel, &reader, &facts, bytes, size);
        return;
    }
    look_for_gap(intake, &facts);
    if (is_filled && is_put_off(parcel, &facts, bytes, size)) {
        return;
    }
    if (!is_filled) {
        atp_log(ATP_LOG_ERROR, "facts_not_taken", ATP_LOG_TEXT("source", facts.source),
                ATP_LOG_U64("epoch", facts.epoch), ATP_LOG_U64("sequence", facts.sequence));
        atp_parcel_destroy(parcel);
    } else if (!submit(parcel)) {
        give_up(parcel);
    }
}

/* ---- what waited when atpd ended ---- */

/* Waits again, before anything that comes now; of a source that is not known any more it is tried at once. */
static void take_back(atp_parcel_t *parcel, const atp_facts_t *facts)
{
    atp_facts_intake_t *intake = parcel->owner;
    atp_source_limits_t limits;

    atp_source_limits_read(atp_engine_ledger(intake->engine), facts->source, &limits);
    parcel->batch.class = limits.class;
    if (limits.is_known) {
        atp_put_off_note(intake->notes, parcel, limits.is_paused ? ATP_SOURCE_PAUSED : ATP_BUSY);
        put_off(parcel, &limits);
    } else {
        submit_delayed(intake, parcel);
    }
}

static void read_kept(void *context, const uint8_t *bytes, size_t size, atp_backlog_file_t *file)
{
    atp_facts_intake_t *intake = context;
    atp_reader_t reader;
    atp_facts_t facts = {.source = ATP_TEXT("")};
    uint32_t op_count;
    atp_parcel_t *parcel = atp_parcel_create(intake->engine, intake->metrics, intake);

    if (parcel == NULL || !atp_event_open(bytes, size, &reader) ||
        !atp_read_facts(&reader, &facts, &op_count) || !fill(parcel, &reader, &facts, op_count)) {
        atp_log(ATP_LOG_ERROR, "facts_not_taken", ATP_LOG_TEXT("source", facts.source),
                ATP_LOG_U64("epoch", facts.epoch), ATP_LOG_U64("sequence", facts.sequence));
        atp_parcel_destroy(parcel); /* it stays in its file, for a start that has the memory, or reads it */
        return;
    }
    parcel->kept = file;
    take_back(parcel, &facts);
}

/* ---- open and close ---- */

static atp_err_t open_delay(atp_facts_intake_t *intake, const char *data_folder, atp_meter_t *meter,
                            atp_why_t *ret_why)
{
    atp_err_t err = atp_backlog_open(data_folder, &intake->backlog, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    intake->delay = atp_delay_open(meter, intake->backlog, is_paused, submit_delayed, intake);
    return intake->delay != NULL
               ? ATP_OK
               : atp_fail(ret_why, ATP_ERR_MEMORY, "no memory, or no thread, for facts that have to wait");
}

/* What the ledger has of its sources. Nobody tells anything yet: their epochs and highest numbers stand still. */
static void hear_of_ledger(atp_facts_intake_t *intake)
{
    const atp_ledger_t *ledger = atp_engine_ledger(intake->engine);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint64_t count = atp_table_count(&catalog->sources);

    for (uint64_t i = 0; i < count; i++) {
        const atp_source_record_t *source = atp_table_at(&catalog->sources, i);
        atp_text_t name = atp_strings_get(&catalog->strings, source->id_ref);
        (void)atp_heard_note(&intake->heard, hash_of(intake, name), source->epoch, source->high);
    }
}

/* Opens what batches wait in, takes back what waited, and listens. */
static atp_err_t open_intake(atp_facts_intake_t *intake, atp_meter_t *meter, const atp_config_t *config,
                             atp_why_t *ret_why)
{
    const atp_config_sources_t *sources = &config->subscribe;
    const char *listen_urls[ATP_CONFIG_URLS_MAX];
    const char *dial_urls[ATP_CONFIG_URLS_MAX];
    atp_sub_options_t options = {
        .listen_urls = listen_urls, .dial_urls = dial_urls, .handler = handle, .context = intake};

    for (uint32_t i = 0; i < sources->count; i++) {
        if (sources->source[i].is_listener) {
            listen_urls[options.listen_url_count++] = sources->source[i].url;
        } else {
            dial_urls[options.dial_url_count++] = sources->source[i].url;
        }
    }
    hear_of_ledger(intake);
    atp_err_t err = open_delay(intake, config->data_folder, meter, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    err = atp_backlog_read(intake->backlog, read_kept, intake);
    if (err != ATP_OK) {
        return atp_fail(ret_why, err, "what waits in %s/waiting cannot be read", config->data_folder);
    }
    return atp_sub_open(&options, &intake->sub, ret_why);
}

atp_err_t atp_facts_open(atp_engine_t *engine, atp_metrics_t *metrics, atp_meter_t *meter,
                         atp_put_off_t *notes, const atp_config_t *config, atp_facts_intake_t **ret_intake,
                         atp_why_t *ret_why)
{
    *ret_intake = NULL;
    if (config->subscribe.count == 0) {
        return ATP_OK;
    }
    atp_facts_intake_t *intake = calloc(1, sizeof *intake);
    if (intake == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the intake of facts");
    }
    intake->engine = engine;
    intake->metrics = metrics;
    intake->notes = notes;
    atp_err_t err = open_intake(intake, meter, config, ret_why);
    if (err != ATP_OK) {
        atp_facts_close(intake);
        return err;
    }
    *ret_intake = intake;
    return ATP_OK;
}

void atp_facts_drain(atp_facts_intake_t *intake)
{
    if (intake == NULL || atp_exchange_acq_rel(&intake->is_closing, 1) != 0) {
        return;
    }
    if (intake->sub != NULL) {
        atp_sub_close(intake->sub);
    }
    if (intake->delay != NULL) {
        atp_delay_end(intake->delay);
    }
}

void atp_facts_close(atp_facts_intake_t *intake)
{
    if (intake == NULL) {
        return;
    }
    atp_facts_drain(intake);
    while (atp_load_acquire(&intake->in_flight) != 0) {
        struct timespec pause = {0, WAIT_NS};
        nanosleep(&pause, NULL);
    }
    atp_delay_destroy(intake->delay);
    atp_backlog_close(intake->backlog);
    free(intake);
}

#include "tools/atpd/daemon.h"

#include "tools/atpd/events/events.h"
#include "tools/atpd/exit_status.h"
#include "tools/atpd/facts/facts.h"
#include "tools/atpd/log/log.h"
#include "tools/atpd/log/notice_log.h"
#include "tools/atpd/metrics/daemon_metrics.h"
#include "tools/atpd/metrics/http.h"
#include "tools/atpd/notify.h"
#include "tools/atpd/service/service.h"
#include "tools/atpd/version.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POPULATE_AHEAD ((size_t)8 << 20) /* of each table */

struct atp_daemon {
    atp_config_t config;
    atp_ledger_config_t proposal;
    atp_metrics_t *metrics;
    atp_engine_t *engine;
    atp_events_t *events;
    atp_service_t *service;
    atp_meter_t *meter;
    atp_put_off_t *put_off;
    atp_facts_intake_t *facts;
    atp_http_t *http;
    atp_daemon_metrics_t figures;
    _Atomic uint32_t is_ready;
    uint64_t noticed; /* number of the last notice logged: the journal thread's */
    uint64_t snapshot_asked_op;
    bool is_engine_started;
};

/* ---- what the engine tells us ---- */

static void on_fatal(void *context, atp_err_t err, const char *what)
{
    (void)context;
    atp_log(ATP_LOG_ERROR, "fatal", ATP_LOG_ERR(err), ATP_LOG_STR("what", what),
            ATP_LOG_STR("advice", "what was acknowledged is safe; check the disk, then start again"));
    /* Nothing may be answered after this: no clean-up, no exit handlers. */
    _exit(ATP_EXIT_FAILED);
}

static void on_event(void *context, const char *event, atp_err_t err, const char *text)
{
    atp_daemon_t *daemon = context;

    if (err == ATP_OK) {
        atp_log(ATP_LOG_INFO, "engine", ATP_LOG_STR("what", event), ATP_LOG_STR("detail", text));
    } else {
        atp_metrics_add(daemon->metrics, ATP_METRIC_ERRORS, (uint32_t)err, 1);
        atp_log(ATP_LOG_WARN, "engine", ATP_LOG_STR("what", event), ATP_LOG_ERR(err),
                ATP_LOG_STR("detail", text));
    }
}

static void on_durable(void *context, uint64_t op, const uint32_t *rows, uint32_t row_count,
                       bool is_overflown)
{
    atp_daemon_t *daemon = context;

    atp_notice_log(atp_engine_ledger(daemon->engine), &daemon->noticed, op);
    if (daemon->events != NULL && (row_count > 0 || is_overflown)) {
        atp_events_note(daemon->events, rows, row_count, is_overflown);
    }
}

static bool is_ready(void *context, atp_why_t *ret_why)
{
    atp_daemon_t *daemon = context;

    if (atp_load_acquire(&daemon->is_ready) == 0) {
        atp_fail(ret_why, ATP_ERR_BUSY, "starting or stopping");
        return false;
    }
    return true;
}

/* ---- configuration ---- */

atp_ledger_config_t atp_daemon_proposal(const atp_config_t *config)
{
    return (atp_ledger_config_t){
        .rules_version = ATP_RULES_VERSION,
        .skus = config->capacity.skus,
        .nodes = config->capacity.nodes,
        .channels = config->capacity.channels,
        .clients = config->capacity.clients,
        .sources = config->capacity.sources,
        .positions = config->capacity.positions,
        .reservations = config->capacity.reservations,
        .lines = config->capacity.lines,
        .outcomes = config->capacity.outcomes,
        .exceptions = config->capacity.exceptions,
        .bookings = config->capacity.bookings,
        .archive = config->capacity.archive,
        .postings = config->capacity.postings,
        .movements = config->capacity.movements,
        .feeds = config->capacity.feeds,
        .aliases = config->capacity.aliases,
        .units = config->capacity.units,
        .unknown_names = config->unknown_names,
        .limits = config->capacity.limits,
        .demand = config->capacity.demand,
        .progress = config->capacity.progress,
        .history = config->capacity.history,
        .groups = config->capacity.groups,
        .group_nodes = config->capacity.group_nodes,
        .supplies = config->capacity.supplies,
        .pegs = config->capacity.pegs,
        .kits = config->capacity.kits,
        .components = config->capacity.components,
        .tags = config->capacity.tags,
        .rules = config->capacity.rules,
        .quotas = config->capacity.quotas,
        .accounts = config->capacity.accounts,
        .differences = config->capacity.differences,
        .string_bytes = config->capacity.string_bytes,
        .ttl_default_ms = (int64_t)config->time.default_ttl_ms,
        .ttl_max_ms = (int64_t)config->time.ttl_max_ms,
        .outcome_window_ms = (int64_t)config->time.outcome_window_ms,
        .issued_skew_ms = (int64_t)config->time.issued_skew_ms,
        .archive_after_ms = (int64_t)config->time.archive_after_ms,
        .source_gap_ms = (int64_t)config->sources.gap_ms,
        .sources_must_be_registered = config->sources.must_be_registered,
        .ids_per_client = config->limits.ids_per_client,
        .lines_per_reservation = config->limits.lines_per_reservation,
    };
}

static atp_engine_options_t engine_options(atp_daemon_t *daemon)
{
    const atp_config_t *config = &daemon->config;
    const atp_config_lines_in_flight_t *waiting = &config->limits.lines_in_flight;

    return (atp_engine_options_t){
        .data_folder = config->data_folder,
        .proposal = &daemon->proposal,
        .accept_time_gap = config->time.accept_gap,
        .accept_journal_loss = config->journal.accept_loss,
        .segment_size = config->journal.segment_bytes,
        .segments_ahead = (uint32_t)config->journal.segments_ahead,
        .reserve_bytes = config->journal.reserve_bytes,
        .snapshot_interval_ms = config->snapshot.interval_ms,
        .snapshot_map_size = config->snapshot.map_bytes,
        .snapshot_pool_pieces = (uint32_t)config->snapshot.pool_pieces,
        .snapshot_pause_us = (uint32_t)config->snapshot.pause_us,
        .lines_in_flight = {[ATP_CLASS_RELEASE] = (uint32_t)waiting->releases,
                            [ATP_CLASS_FIRM] = (uint32_t)waiting->orders,
                            [ATP_CLASS_RESERVE] = (uint32_t)waiting->reservations,
                            [ATP_CLASS_FACT] = (uint32_t)waiting->facts,
                            [ATP_CLASS_BULK] = (uint32_t)waiting->feeds},
        .populate_ahead = POPULATE_AHEAD,
        .fatal = on_fatal,
        .on_durable = on_durable,
        .on_event = on_event,
        .context = daemon,
    };
}

/* ---- channels of the configuration ---- */

typedef struct proposal_batch {
    atp_batch_t batch;
    pthread_mutex_t lock;
    pthread_cond_t is_answered;
    bool is_done;
    _Alignas(8) unsigned char op[ATP_OP_SIZE_MAX];
    atp_result_t result;
    atp_grant_t grant;
} proposal_batch_t;

static void proposal_done(atp_batch_t *batch, atp_err_t err)
{
    proposal_batch_t *proposal = batch->context;

    pthread_mutex_lock(&proposal->lock);
    if (err != ATP_OK) {
        proposal->result.verdict = ATP_UNAVAILABLE;
    }
    proposal->is_done = true;
    pthread_cond_signal(&proposal->is_answered);
    pthread_mutex_unlock(&proposal->lock);
}

/* Makes or changes one channel, as an op like any other, and waits for it. */
static atp_verdict_t propose_channel(atp_daemon_t *daemon, uint32_t number, const char *id, uint64_t ttl_ms)
{
    const atp_ledger_t *ledger = atp_engine_ledger(daemon->engine);
    proposal_batch_t *proposal = calloc(1, sizeof *proposal);
    char request[ATP_ID_SIZE_MAX + 1];
    size_t size;

    if (proposal == NULL) {
        return ATP_UNAVAILABLE;
    }
    snprintf(request, sizeof request, "config:%llu:%u",
             (unsigned long long)atp_engine_incarnation(daemon->engine), number);
    atp_command_t command = {.kind = ATP_OP_CHANNEL,
                             .id = atp_text_of(request),
                             .issued_ms = atp_engine_now_ms(daemon->engine),
                             .channel = atp_text_of(id),
                             .ttl_ms = (int64_t)ttl_ms};
    atp_op_context_t context = {.catalog = atp_ledger_catalog(ledger),
                                .seed = atp_ledger_seed(ledger),
                                .client_name = ATP_TEXT("atpd"),
                                .client = ATP_CLIENT_ENGINE};
    atp_verdict_t verdict =
        atp_op_encode(&command, &context, proposal->op, sizeof proposal->op, &size, &proposal->result);
    if (verdict == ATP_APPLIED) {
        pthread_mutex_init(&proposal->lock, NULL);
        pthread_cond_init(&proposal->is_answered, NULL);
        proposal->batch = (atp_batch_t){.class = ATP_CLASS_RESERVE,
                                        .op_count = 1,
                                        .line_count = 1,
                                        .ops = proposal->op,
                                        .ops_size = size,
                                        .results = &proposal->result,
                                        .grants = &proposal->grant,
                                        .done = proposal_done,
                                        .context = proposal};
        if (atp_engine_submit(daemon->engine, &proposal->batch) != ATP_OK) {
            verdict = ATP_UNAVAILABLE;
        } else {
            pthread_mutex_lock(&proposal->lock);
            while (!proposal->is_done) {
                pthread_cond_wait(&proposal->is_answered, &proposal->lock);
            }
            pthread_mutex_unlock(&proposal->lock);
            verdict = (atp_verdict_t)proposal->result.verdict;
        }
        pthread_cond_destroy(&proposal->is_answered);
        pthread_mutex_destroy(&proposal->lock);
    }
    free(proposal);
    return verdict;
}

/* Channels are made at the first start; later they are changed by ops only. */
static void propose_channels(atp_daemon_t *daemon)
{
    const atp_config_channels_t *channels = &daemon->config.channels;

    for (uint32_t i = 0; i < channels->count; i++) {
        atp_verdict_t verdict =
            propose_channel(daemon, i, channels->channel[i].id, channels->channel[i].ttl_ms);
        if (!atp_verdict_is_success(verdict)) {
            atp_log(ATP_LOG_WARN, "channel_not_made", ATP_LOG_STR("channel", channels->channel[i].id),
                    ATP_LOG_STR("verdict", atp_verdict_name(verdict)));
        }
    }
}

/* ---- opening ---- */

static void log_recovery(const atp_recovery_t *recovery)
{
    if (recovery->note.text[0] != '\0' && !recovery->is_new) {
        atp_log(ATP_LOG_WARN, "snapshot_note", ATP_LOG_STR("what", recovery->note.text));
    }
    atp_log(ATP_LOG_INFO, "recovered", ATP_LOG_BOOL("is_new", recovery->is_new),
            ATP_LOG_U64("snapshot_op", recovery->snapshot_op),
            ATP_LOG_U64("replayed_ops", recovery->replayed_ops), ATP_LOG_U64("last_op", recovery->last_op),
            ATP_LOG_U64("torn_bytes", recovery->torn_bytes),
            ATP_LOG_U64("incarnation", recovery->incarnation), ATP_LOG_U64("took_ms", recovery->took_ms),
            ATP_LOG_U64("replay_ms", recovery->replay_ms));
}

/* Capacities are for the life of a data folder: another wish is told, not granted. */
static void log_ignored_capacities(const atp_ledger_config_t *wanted, const atp_ledger_config_t *kept)
{
    const struct {
        const char *name;
        uint64_t wanted;
        uint64_t kept;
    } capacities[] = {
        {"skus", wanted->skus, kept->skus},
        {"nodes", wanted->nodes, kept->nodes},
        {"channels", wanted->channels, kept->channels},
        {"clients", wanted->clients, kept->clients},
        {"sources", wanted->sources, kept->sources},
        {"positions", wanted->positions, kept->positions},
        {"reservations", wanted->reservations, kept->reservations},
        {"lines", wanted->lines, kept->lines},
        {"outcomes", wanted->outcomes, kept->outcomes},
        {"exceptions", wanted->exceptions, kept->exceptions},
        {"bookings", wanted->bookings, kept->bookings},
        {"limits", wanted->limits, kept->limits},
        {"demand", wanted->demand, kept->demand},
        {"progress", wanted->progress, kept->progress},
        {"history", wanted->history, kept->history},
        {"groups", wanted->groups, kept->groups},
        {"group_nodes", wanted->group_nodes, kept->group_nodes},
        {"supplies", wanted->supplies, kept->supplies},
        {"pegs", wanted->pegs, kept->pegs},
        {"kits", wanted->kits, kept->kits},
        {"components", wanted->components, kept->components},
        {"tags", wanted->tags, kept->tags},
        {"rules", wanted->rules, kept->rules},
        {"quotas", wanted->quotas, kept->quotas},
        {"accounts", wanted->accounts, kept->accounts},
        {"differences", wanted->differences, kept->differences},
        {"string_bytes", wanted->string_bytes, kept->string_bytes},
    };

    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        if (capacities[i].wanted != capacities[i].kept) {
            atp_log(ATP_LOG_WARN, "capacity_ignored", ATP_LOG_STR("capacity", capacities[i].name),
                    ATP_LOG_U64("configured", capacities[i].wanted), ATP_LOG_U64("kept", capacities[i].kept));
        }
    }
}

static atp_err_t open_engine(atp_daemon_t *daemon, atp_why_t *ret_why)
{
    atp_engine_options_t options = engine_options(daemon);
    atp_recovery_t recovery;

    atp_err_t err = atp_engine_open(&options, &daemon->engine, &recovery, ret_why);
    if (err != ATP_OK) {
        return err;
    }
    log_recovery(&recovery);
    daemon->noticed = atp_notices_newest(atp_ledger_notices(atp_engine_ledger(daemon->engine)));
    log_ignored_capacities(&daemon->proposal, atp_ledger_config(atp_engine_ledger(daemon->engine)));
    daemon->snapshot_asked_op = recovery.snapshot_op;
    atp_daemon_metrics_connect(&daemon->figures, daemon->metrics, daemon->engine, &daemon->config,
                               &daemon->is_ready);
    if (daemon->events != NULL) {
        err = atp_events_start(daemon->events, daemon->engine, ret_why);
    }
    err = err == ATP_OK ? atp_engine_start(daemon->engine, ret_why) : err;
    if (err == ATP_OK) {
        daemon->is_engine_started = true;
        if (recovery.is_new) {
            propose_channels(daemon);
        }
    }
    return err;
}

static atp_err_t open_doors(atp_daemon_t *daemon, atp_why_t *ret_why)
{
    const char *urls[ATP_CONFIG_URLS_MAX];
    atp_service_options_t service = {.engine = daemon->engine,
                                     .metrics = daemon->metrics,
                                     .meter = daemon->meter,
                                     .put_off = daemon->put_off,
                                     .urls = urls,
                                     .url_count = daemon->config.listen.count,
                                     .data_folder = daemon->config.data_folder};

    for (uint32_t i = 0; i < daemon->config.listen.count; i++) {
        urls[i] = daemon->config.listen.url[i];
    }
    for (unsigned state = 1; state < ATP_RECORD_STATE_LIMIT; state++) {
        service.status_names[state] = atp_text_of(daemon->config.status[state]);
    }
    atp_err_t err = atp_facts_open(daemon->engine, daemon->metrics, daemon->meter, daemon->put_off,
                                   &daemon->config, &daemon->facts, ret_why);
    if (err == ATP_OK && daemon->config.metrics_address[0] != '\0') {
        atp_http_options_t http = {.address = daemon->config.metrics_address,
                                   .metrics = daemon->metrics,
                                   .is_ready = is_ready,
                                   .context = daemon};
        err = atp_http_open(&http, &daemon->http, ret_why);
    }
    err = err == ATP_OK ? atp_service_open(&service, &daemon->service, ret_why) : err;
    if (err == ATP_OK) {
        /* DOORS-1 (release) pairs with the acquire in set_connections. Orders: the service before its pointer. */
        atp_store_release(&daemon->figures.service, daemon->service);
    }
    return err;
}

atp_err_t atp_daemon_open(const atp_config_t *config, atp_daemon_t **ret_daemon, atp_why_t *ret_why)
{
    atp_daemon_t *daemon = calloc(1, sizeof *daemon);

    if (daemon == NULL || (daemon->metrics = atp_metrics_create(ATP_VERSION)) == NULL ||
        (daemon->meter = atp_meter_create()) == NULL || (daemon->put_off = atp_put_off_create()) == NULL) {
        atp_metrics_destroy(daemon != NULL ? daemon->metrics : NULL);
        atp_meter_destroy(daemon != NULL ? daemon->meter : NULL);
        free(daemon);
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for the daemon");
    }
    daemon->config = *config;
    daemon->proposal = atp_daemon_proposal(config);
    atp_err_t err = ATP_OK;
    if (config->publish_url[0] != '\0') {
        err = atp_events_open(config->publish_url, config->capacity.positions, &daemon->events, ret_why);
    }
    err = err == ATP_OK ? open_engine(daemon, ret_why) : err;
    err = err == ATP_OK ? open_doors(daemon, ret_why) : err;
    if (err != ATP_OK) {
        atp_daemon_close(daemon);
        return err;
    }
    atp_store_release(&daemon->is_ready, 1);
    *ret_daemon = daemon;
    return ATP_OK;
}

void atp_daemon_tick(atp_daemon_t *daemon)
{
    uint64_t op = atp_engine_applied_op(daemon->engine);

    atp_log_flush();
    atp_notify_alive();
    atp_notify_status("op %llu durable, %llu applied",
                      (unsigned long long)atp_engine_durable_op(daemon->engine), (unsigned long long)op);
    if (daemon->config.snapshot.every_ops > 0 &&
        op - daemon->snapshot_asked_op >= daemon->config.snapshot.every_ops) {
        daemon->snapshot_asked_op = op;
        atp_engine_request_snapshot(daemon->engine);
    }
}

void atp_daemon_snapshot(atp_daemon_t *daemon)
{
    atp_engine_request_snapshot(daemon->engine);
}

void atp_daemon_close(atp_daemon_t *daemon)
{
    if (daemon == NULL) {
        return;
    }
    atp_store_release(&daemon->is_ready, 0);
    if (daemon->service != NULL) {
        atp_service_drain(daemon->service);
    }
    atp_facts_drain(daemon->facts);
    if (daemon->is_engine_started) {
        atp_engine_stop(daemon->engine, true);
    }
    atp_http_close(daemon->http);
    atp_events_close(daemon->events);
    /* What a journal without room has kept waiting is answered by this; then all exchanges are back. */
    atp_engine_close(daemon->engine);
    atp_service_close(daemon->service);
    atp_facts_close(daemon->facts);
    atp_meter_destroy(daemon->meter);
    atp_put_off_destroy(daemon->put_off);
    atp_metrics_destroy(daemon->metrics);
    free(daemon);
}

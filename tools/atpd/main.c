/* atpd: reads its configuration, opens the daemon, waits for a signal, stops.
 *
 *     SIGTERM, SIGINT   drain, last snapshot, end with 0
 *     SIGHUP            a snapshot now
 *     SIGPIPE           ignored: a peer that went is an answer that was not taken */
#include "tools/atpd/config/config.h"
#include "tools/atpd/daemon.h"
#include "tools/atpd/exit_status.h"
#include "tools/atpd/log/log.h"
#include "tools/atpd/notify.h"
#include "tools/atpd/past/past.h"
#include "tools/atpd/version.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static atp_exit_status_t exit_status_of(atp_err_t err)
{
    switch (err) {
    case ATP_OK:
        return ATP_EXIT_OK;
    case ATP_ERR_CORRUPT:
    case ATP_ERR_FORMAT:
        return ATP_EXIT_CORRUPT;
    case ATP_ERR_LOCKED:
        return ATP_EXIT_LOCKED;
    case ATP_ERR_MEMORY:
        return ATP_EXIT_NO_MEMORY;
    case ATP_ERR_INVALID:
        return ATP_EXIT_USAGE;
    default:
        return ATP_EXIT_FAILED;
    }
}

/* ---- --check ---- */

static void print_report(const atp_check_report_t *report)
{
    for (int i = 0; i < 2; i++) {
        if (report->snapshots[i].op > 0) {
            printf("snapshot        op %" PRIu64 ", %" PRIu64 " pieces, state hash %016" PRIx64 "\n",
                   report->snapshots[i].op, report->snapshots[i].pieces, report->snapshots[i].state_hash);
        }
    }
    printf("journal         %" PRIu64 " frames, %" PRIu64 " ops, last op %" PRIu64 ", incarnation %" PRIu64
           "\n",
           report->tail.frames, report->tail.ops, report->tail.last_op, report->tail.last_incarnation);
    if (report->tail.torn_bytes > 0) {
        printf("torn tail       %" PRIu64 " bytes nobody was told of: the next start cuts them\n",
               report->tail.torn_bytes);
    }
    printf("ledger          op %" PRIu64 ": %" PRIu64 " SKUs, %" PRIu64 " nodes, %" PRIu64
           " positions, %" PRIu64 " live reservations\n",
           report->counts.op, report->counts.skus, report->counts.nodes, report->counts.positions,
           report->counts.reservations_live);
    printf("state hash      %016" PRIx64 "\n", report->state_hash);
    printf("every checksum holds, every invariant holds\n");
}

static atp_exit_status_t check(const char *folder)
{
    atp_check_report_t report;
    atp_why_t why = {""};
    atp_err_t err = atp_engine_check(folder, &report, &why);

    if (err != ATP_OK) {
        fprintf(stderr, "atpd: %s\n", why.text);
        return exit_status_of(err);
    }
    if (report.recovery.note.text[0] != '\0') {
        fprintf(stderr, "atpd: %s\n", report.recovery.note.text);
    }
    print_report(&report);
    return ATP_EXIT_OK;
}

/* ---- --audit ---- */

static atp_exit_status_t audit(const char *folder)
{
    atp_audit_report_t report;
    atp_why_t why = {""};
    atp_err_t err = atp_engine_audit(folder, &report, &why);

    if (err != ATP_OK) {
        fprintf(stderr, "atpd: %s\n", why.text);
        return exit_status_of(err);
    }
    printf("journal         %" PRIu64 " ops replayed, from op %" PRIu64 "\n", report.ops, report.from_op);
    printf("reserves        %" PRIu64 ": %" PRIu64 " granted, %" PRIu64 " refused\n", report.reserves,
           report.granted, report.refused);
    printf("expired         %" PRIu64 " reservations\n", report.expired);
    printf("oversold        %" PRIu64 "\n", report.oversold);
    printf("state hash      %016" PRIx64 " at op %" PRIu64 "\n", report.state_hash, report.counts.op);
    if (report.oversold > 0) {
        fprintf(stderr, "atpd: op %" PRIu64 " is the first that was granted more than there was\n",
                report.first_oversold_op);
        return ATP_EXIT_CORRUPT;
    }
    return ATP_EXIT_OK;
}

/* ---- --past ---- */

static atp_exit_status_t past(const atp_config_t *config)
{
    atp_why_t why = {""};
    atp_err_t err = atp_past_tell(stdout, config->data_folder, &config->past, &why);

    if (err != ATP_OK) {
        fprintf(stderr, "atpd: %s\n", why.text);
    }
    return exit_status_of(err);
}

/* ---- running ---- */

/* Signals are taken by the main thread alone; threads started later inherit the mask. */
static void block_signals(sigset_t *ret_signals)
{
    sigemptyset(ret_signals);
    sigaddset(ret_signals, SIGTERM);
    sigaddset(ret_signals, SIGINT);
    sigaddset(ret_signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void wait_for_stop(atp_daemon_t *daemon, const sigset_t *signals)
{
    for (;;) {
        struct timespec second = {1, 0};
        int signal_number = sigtimedwait(signals, NULL, &second);
        if (signal_number == SIGTERM || signal_number == SIGINT) {
            atp_log(ATP_LOG_INFO, "stopping", ATP_LOG_I64("signal", signal_number));
            return;
        }
        if (signal_number == SIGHUP) {
            atp_daemon_snapshot(daemon);
        }
        atp_daemon_tick(daemon);
    }
}

static atp_exit_status_t run(const atp_config_t *config)
{
    atp_log_options_t log = {.fd = 2,
                             .format = config->log_format,
                             .level = config->log_level,
                             .repeats_per_s = config->log_repeats_per_s};
    atp_daemon_t *daemon;
    atp_why_t why = {""};
    sigset_t signals;

    atp_log_open(&log);
    block_signals(&signals);
    atp_err_t err = atp_daemon_open(config, &daemon, &why);
    if (err != ATP_OK) {
        atp_log(ATP_LOG_ERROR, "cannot_start", ATP_LOG_ERR(err), ATP_LOG_WHY(&why));
        return exit_status_of(err);
    }
    atp_log(ATP_LOG_INFO, "ready", ATP_LOG_STR("data", config->data_folder),
            ATP_LOG_STR("listen", config->listen.url[0]), ATP_LOG_STR("version", ATP_VERSION));
    atp_notify_ready();
    wait_for_stop(daemon, &signals);
    atp_notify_stopping();
    atp_daemon_close(daemon);
    atp_log(ATP_LOG_INFO, "stopped", ATP_LOG_U64("exit", ATP_EXIT_OK));
    atp_log_flush();
    atp_log_close();
    return ATP_EXIT_OK;
}

static atp_exit_status_t act(int argc, char *argv[])
{
    static atp_config_t config;
    atp_config_action_t action;
    atp_why_t why = {""};

    if (atp_config_load(argc, argv, &config, &action, &why) != ATP_OK) {
        fprintf(stderr, "atpd: %s\n", why.text);
        return ATP_EXIT_USAGE;
    }
    switch (action) {
    case ATP_CONFIG_RUN:
        return run(&config);
    case ATP_CONFIG_CHECK:
        return check(config.data_folder);
    case ATP_CONFIG_AUDIT:
        return audit(config.data_folder);
    case ATP_CONFIG_PAST:
        return past(&config);
    case ATP_CONFIG_PRINT:
        atp_config_print(stdout, &config);
        return ATP_EXIT_OK;
    case ATP_CONFIG_HELP:
        atp_config_print_help(stdout);
        return ATP_EXIT_OK;
    case ATP_CONFIG_VERSION:
        printf("atpd %s\n", ATP_VERSION);
        return ATP_EXIT_OK;
    }
    return ATP_EXIT_USAGE;
}

int main(int argc, char *argv[])
{
    return (int)act(argc, argv);
}

/* The daemon from outside: how it starts, how it ends, what it keeps. A started atpd for each. */
#include "tests/acceptance/acceptance.h"
#include "tests/protocol/nng_leaks.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- ending ---- */

static void sigterm_answers_snapshots_and_ends_with_0(void **state)
{
    acceptance_t *a = *state;
    char report[4096];

    stock(a, "s", "N", "10");
    assert_verdict(hold(a, "kept", "s", "N", "4"), ATP_APPLIED);
    int64_t begun_ms = atp_now_ms();
    assert_int_equal(acceptance_end(a, SIGTERM), 0);
    assert_true(atp_now_ms() - begun_ms < 10000);
    assert_int_equal(atpd_run((const char *[]){"--check", a->folder, NULL}, report, sizeof report), 0);
    assert_non_null(strstr(report, "snapshot        op "));
    assert_non_null(strstr(report, "every invariant holds"));
}

static void sigint_ends_it_as_well(void **state)
{
    acceptance_t *a = *state;

    assert_int_equal(acceptance_end(a, SIGINT), 0);
}

static void sighup_takes_a_snapshot_and_goes_on(void **state)
{
    acceptance_t *a = *state;
    int64_t begun_ms = 0;

    stock(a, "s", "N", "10");
    int64_t op = figure(a, "op_durable");
    assert_int_equal(figure(a, "snapshots_completed"), 0);
    kill(a->atpd, SIGHUP);
    while (figure(a, "snapshots_completed") == 0 && is_waiting(&begun_ms, 20)) {
    }
    assert_int_equal(figure(a, "snapshots_completed"), 1);
    assert_true(figure(a, "snapshot_op") >= op);
    assert_int_equal(figure(a, "snapshots_failed"), 0);
    assert_verdict(hold(a, NULL, "s", "N", "1"), ATP_APPLIED);
}

/* ---- starting ---- */

static void a_second_one_on_the_folder_ends_with_73(void **state)
{
    acceptance_t *a = *state;

    assert_int_equal(acceptance_second(a), 73);
    stock(a, "s", "N", "1"); /* the first is none the worse */
    assert_int_equal(acceptance_end(a, SIGKILL), -SIGKILL);
    assert_int_equal(atpd_status(a, "--check"), 0); /* the lock went with its process */
}

static void wrong_flags_and_configurations_end_with_64(void **state)
{
    const acceptance_t *a = *state;
    char report[1024];
    const char *const wrong[][4] = {{"--no-such-flag", NULL},
                                    {"--config", "/nonexistent/atpd.yaml", NULL},
                                    {"--capacity-skus", "0", NULL},
                                    {"--listen", "carrier-pigeon", NULL}};

    (void)a;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(atpd_run(wrong[i], report, sizeof report), 64);
        assert_true(strlen(report) > 0); /* it says why, in one line */
        assert_ptr_equal(strchr(report, '\n'), report + strlen(report) - 1);
    }
    assert_int_equal(atpd_run((const char *[]){"--version", NULL}, report, sizeof report), 0);
    assert_int_equal(atpd_run((const char *[]){"--help", NULL}, NULL, 0), 0);
    assert_int_equal(atpd_run((const char *[]){"--print-config", NULL}, NULL, 0), 0);
}

static int status_on(const char *folder, const char *listen, const char *positions)
{
    const char *const arguments[] = {"--data",
                                     folder,
                                     "--listen",
                                     listen,
                                     "--publish",
                                     "off",
                                     "--metrics",
                                     "off",
                                     "--subscribe",
                                     "off",
                                     "--capacity-positions",
                                     positions,
                                     "--journal-segment-bytes",
                                     "1MiB",
                                     "--journal-reserve-bytes",
                                     "1MiB",
                                     NULL};

    return atpd_run(arguments, NULL, 0);
}

static void what_cannot_be_had_ends_with_its_own_status(void **state)
{
    acceptance_t *a = *state;
    char folder[96];
    char command[160];

    snprintf(folder, sizeof folder, "%s-new", a->folder);
    assert_int_equal(status_on(folder, "tcp://127.0.0.1:0", "4000000000"), 71); /* memory */
    assert_int_equal(status_on(folder, a->url, "1000"), 1);                     /* the address is taken */
    assert_int_equal(status_on("/dev/null/data", "tcp://127.0.0.1:0", "1000"), 1);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

/* Changes one byte of what was written, in the midst of the first segment: not of the zeros between frames. */
static void damage(const acceptance_t *a)
{
    char journal[128];
    char path[400] = "";
    struct dirent *entry;
    uint8_t byte = 0;
    off_t at = 5000;

    snprintf(journal, sizeof journal, "%s/journal", a->folder);
    DIR *dir = opendir(journal);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, "0000000000000001") != NULL) {
            snprintf(path, sizeof path, "%s/%s", journal, entry->d_name);
        }
    }
    closedir(dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    for (; byte == 0; at++) {
        assert_int_equal(pread(fd, &byte, 1, at), 1);
    }
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at - 1), 1);
    close(fd);
}

static void a_damaged_folder_is_refused_with_65_by_check_and_by_start(void **state)
{
    acceptance_t *a = *state;
    char report[2048];

    stock(a, "s", "N", "1000");
    for (unsigned i = 0; i < 50; i++) {
        assert_verdict(hold(a, NULL, "s", "N", "1"), ATP_APPLIED);
    }
    assert_int_equal(acceptance_end(a, SIGKILL), -SIGKILL); /* no snapshot: the journal is all there is */
    assert_int_equal(atpd_status(a, "--check"), 0);
    damage(a);
    int status = atpd_run((const char *[]){"--check", a->folder, NULL}, report, sizeof report);
    if (status != 65) {
        fail_msg("%d: %s", status, report);
    }
    assert_non_null(strstr(report, "journal/"));
    assert_non_null(strstr(report, "byte "));
    assert_int_equal(acceptance_second(a), 65);
}

/* ---- what it keeps ---- */

static atp_result_t repeat(acceptance_t *a, int64_t issued_ms)
{
    atp_command_line_t line = {.sku = ATP_TEXT("s"), .node = ATP_TEXT("N"), .mantissa = 4};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("again"),
                             .issued_ms = issued_ms,
                             .ttl_ms = 600000,
                             .line_count = 1,
                             .lines = &line};

    return call(a, &command, NULL);
}

static void restart(acceptance_t *a, int signal_number)
{
    int status = acceptance_end(a, signal_number);

    assert_int_equal(status, signal_number == SIGKILL ? -SIGKILL : 0);
    atp_client_close(a->client);
    a->client = NULL;
    acceptance_restart(a);
}

static void each_run_has_a_higher_incarnation_and_the_same_answers(void **state)
{
    acceptance_t *a = *state;
    const int signals[] = {SIGTERM, SIGKILL, SIGKILL, SIGTERM};
    int64_t issued_ms = atp_now_ms();

    stock(a, "s", "N", "10");
    atp_result_t first = repeat(a, issued_ms);
    assert_verdict(first, ATP_APPLIED);
    assert_int_equal(first.is_repeat, 0);
    for (unsigned i = 0; i < 4; i++) {
        int64_t incarnation = figure(a, "incarnation");
        int64_t op = figure(a, "op_durable");
        restart(a, signals[i]);
        assert_true(figure(a, "incarnation") > incarnation);
        assert_true(figure(a, "op_applied") >= op);
        assert_int_equal(figure(a, "positions"), 1); /* known before the first op */
        atp_result_t again = repeat(a, issued_ms);
        assert_verdict(again, ATP_APPLIED);
        assert_int_equal(again.is_repeat, 1);
        assert_int_equal(again.op, first.op);
        assert_int_equal(again.qty, 4);
        assert_int_equal(again.deadline_ms, first.deadline_ms);
        assert_int_equal(components(a, "s", "N").reserved, 4);
        assert_verdict(repeat(a, issued_ms + 1), ATP_CONFLICT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_ATPD(test) cmocka_unit_test_setup_teardown(test, acceptance_start, acceptance_stop)
        WITH_ATPD(sigterm_answers_snapshots_and_ends_with_0),
        WITH_ATPD(sigint_ends_it_as_well),
        WITH_ATPD(sighup_takes_a_snapshot_and_goes_on),
        WITH_ATPD(a_second_one_on_the_folder_ends_with_73),
        WITH_ATPD(wrong_flags_and_configurations_end_with_64),
        WITH_ATPD(what_cannot_be_had_ends_with_its_own_status),
        WITH_ATPD(a_damaged_folder_is_refused_with_65_by_check_and_by_start),
        WITH_ATPD(each_run_has_a_higher_incarnation_and_the_same_answers),
    };
    return cmocka_run_group_tests_name("tools.atpd.daemon", tests, NULL, NULL);
}

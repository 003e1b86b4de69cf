/* The daemon from outside: how it starts, how it ends, what it says of itself, what it keeps. A started atpd for each. */
#include "tests/acceptance/acceptance.h"
#include "tests/protocol/nng_leaks.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* ---- events ---- */

static atp_watch_t *watch(acceptance_t *a, const char *sku_id)
{
    const atp_text_t name = atp_text_of(sku_id);
    atp_watch_options_t options = {.url = a->events_url, .skus = &name, .sku_count = 1};
    atp_availability_event_t event;
    atp_watch_t *opened;
    atp_why_t why;
    int64_t begun_ms = 0;

    if (atp_watch_open(&options, &opened, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    /* Connected once it sees something. */
    do {
        assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, sku_id, "N", "1"), ATP_APPLIED);
    } while (atp_watch_next(opened, 50, &event) != ATP_OK && is_waiting(&begun_ms, 20));
    stock(a, sku_id, "N", "1000"); /* the number itself: from here on it is known */
    do {
        assert_int_equal(atp_watch_next(opened, 20000, &event), ATP_OK);
    } while (event.promisable != 1000);
    return opened;
}

static void events_come_after_durability_with_growing_versions(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    uint64_t version = 0;
    for (unsigned i = 1; i <= 100; i++) {
        atp_result_t held = hold(a, NULL, "e", "N", "1");
        assert_verdict(held, ATP_APPLIED);
        do {
            assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
            assert_true(event.version > version);
            version = event.version;
            assert_true(event.op <= (uint64_t)figure(a, "op_durable"));
        } while (event.promisable != 1000 - (int64_t)i);
        assert_int_equal(event.incarnation, figure(a, "incarnation"));
        assert_false(event.is_out_of_stock);
    }
    atp_watch_close(watched);
}

static void no_event_comes_of_no_change(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", "1000"), ATP_CONFIRMED);
    assert_verdict(hold(a, NULL, "e", "N", "1001"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(promisable(a, "e", "N"), 1000);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", "999"), ATP_APPLIED);
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_int_equal(event.promisable, 999); /* the first after 1000 */
    atp_watch_close(watched);
}

static void out_of_stock_is_told_when_it_comes_to_that(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;
    const struct {
        const char *count;
        bool is_crossing;
    } steps[] = {{"0", true}, {"5", false}, {"0", true}, {"3", false}};

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    for (unsigned i = 0; i < 4; i++) {
        assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", steps[i].count), ATP_APPLIED);
        assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
        assert_int_equal(event.is_out_of_stock, steps[i].is_crossing);
    }
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "e", "N", "4"), ATP_APPLIED); /* to -1 */
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_true(event.is_out_of_stock);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "e", "N", "1"), ATP_APPLIED); /* to -2: no news */
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_false(event.is_out_of_stock);
    atp_watch_close(watched);
}

static void expiry_is_an_event_too(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    assert_verdict(reserve(a, NULL, (want_t[]){{"e", "N", "7"}, {NULL, NULL, NULL}}, 30,
                           ATP_RESERVE_ALL_OR_NOTHING, NULL),
                   ATP_APPLIED);
    do {
        assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    } while (event.promisable != 1000); /* nobody asked for anything meanwhile */
    atp_watch_close(watched);
}

/* ---- metrics ---- */

static void get(const acceptance_t *a, const char *path, char *ret_page, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[128];
    size_t kept = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(strchr(a->metrics, ':') + 1, NULL, 10));
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)length, 0), length);
    while (kept < size - 1 && (got = recv(fd, ret_page + kept, size - 1 - kept, 0)) > 0) {
        kept += (size_t)got;
    }
    ret_page[kept] = '\0';
    close(fd);
}

static double metric(const acceptance_t *a, const char *series)
{
    static char page[1 << 20];
    char line[160];

    get(a, "/metrics", page, sizeof page);
    snprintf(line, sizeof line, "\n%s ", series);
    const char *found = strstr(page, line);
    if (found == NULL) {
        return -1;
    }
    return strtod(found + strlen(line), NULL);
}

static void promtool_accepts(const acceptance_t *a)
{
    static char page[1 << 20];

    if (access("/usr/bin/promtool", X_OK) != 0) {
        print_message("promtool is not here (Debian package prometheus): not asked\n");
        return;
    }
    get(a, "/metrics", page, sizeof page);
    const char *body = strstr(page, "\r\n\r\n");
    assert_non_null(body);
    FILE *promtool = popen("/usr/bin/promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(body + 4, 1, strlen(body + 4), promtool), strlen(body + 4));
    assert_int_equal(pclose(promtool), 0);
}

static void metrics_are_well_formed_and_move(void **state)
{
    acceptance_t *a = *state;
    static char page[1024];
    char unused[ATP_ID_SIZE_MAX + 1];

    stock(a, "m", "N", "5");
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_APPLIED);
    promtool_accepts(a);
    double granted = metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"applied\"}");
    double op = metric(a, "atpd_op_durable");
    assert_true(granted == 1);
    assert_true(op == (double)figure(a, "op_durable"));
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_true(metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"applied\"}") == 2);
    assert_true(metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"not_enough_available\"}") == 1);
    assert_true(metric(a, "atpd_op_durable") > op);
    assert_true(metric(a, "atpd_positions") == 1);
    assert_true(metric(a, "atpd_ready") == 1);
    assert_true(metric(a, "atpd_granting") == 1);
    assert_true(metric(a, "atpd_journal_fsync_seconds_count") > 0);
    assert_true(metric(a, "atpd_reply_seconds_count") > 3);
    assert_true(metric(a, "atpd_reads_total") == 0);
    (void)promisable(a, "m", "N");
    assert_true(metric(a, "atpd_reads_total") == 1);
    (void)exceptions(a, "over_commitment", "m", unused);
    get(a, "/readyz", page, sizeof page);
    assert_non_null(strstr(page, " 200 "));
    get(a, "/healthz", page, sizeof page);
    assert_non_null(strstr(page, " 200 "));
}

static void numbers_of_sources_are_counted(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("m"), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_command_t receipt = {.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &line};
    const uint64_t numbers[] = {1, 5, 1, 6};
    atp_why_t why;
    int64_t begun_ms = 0;

    stock(a, "m", "N", "0");
    for (unsigned i = 0; i < 4; i++) {
        atp_publisher_options_t options = {
            .url = a->facts_url, .source = ATP_TEXT("wms"), .epoch = 1, .sequence = numbers[i]};
        atp_publisher_t *publisher;
        assert_int_equal(atp_publisher_open(&options, &publisher, &why), ATP_OK);
        assert_true(atp_publisher_wait_connected(publisher, 10000));
        assert_int_equal(atp_publisher_publish(publisher, &receipt, 1, 0), ATP_OK);
        double wanted = i == 2 ? 1 : -1;
        while (i == 2 ? metric(a, "atpd_source_duplicates_total") != wanted
                      : components(a, "m", "N").on_hand != (i == 3 ? 3 : (int64_t)i + 1)) {
            assert_true(is_waiting(&begun_ms, 30));
        }
        atp_publisher_close(publisher);
    }
    assert_true(metric(a, "atpd_source_gaps_total") == 1); /* 2 to 4 */
    assert_true(metric(a, "atpd_source_duplicates_total") == 1);
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
        WITH_ATPD(events_come_after_durability_with_growing_versions),
        WITH_ATPD(no_event_comes_of_no_change),
        WITH_ATPD(out_of_stock_is_told_when_it_comes_to_that),
        WITH_ATPD(expiry_is_an_event_too),
        WITH_ATPD(metrics_are_well_formed_and_move),
        WITH_ATPD(numbers_of_sources_are_counted),
    };
    return cmocka_run_group_tests_name("tools.atpd.daemon", tests, NULL, NULL);
}

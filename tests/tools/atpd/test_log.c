#include "tests/test.h"
#include "tools/atpd/log/log.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define NOON_MS INT64_C(1763726400000) /* 2025-11-21T12:00:00Z */

static int64_t clock_ms = NOON_MS;
static int log_fd = -1;
static char text[1 << 20];

static int64_t test_clock(void)
{
    return clock_ms;
}

static void open_log(atp_log_format_t format, uint64_t repeats_per_s)
{
    log_fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(log_fd >= 0);
    clock_ms = NOON_MS;
    atp_log_open(&(atp_log_options_t){.fd = log_fd,
                                      .format = format,
                                      .level = ATP_LOG_INFO,
                                      .repeats_per_s = repeats_per_s,
                                      .now_ms = test_clock});
}

/* All that was written so far. */
static const char *written(void)
{
    ssize_t size = pread(log_fd, text, sizeof text - 1, 0);

    assert_true(size >= 0);
    text[size] = '\0';
    return text;
}

static const char *close_log(void)
{
    atp_log_close();
    (void)written();
    close(log_fd);
    return text;
}

static void a_line_has_time_level_event_and_typed_fields(void **state)
{
    (void)state;
    open_log(ATP_LOG_LOGFMT, 0);
    atp_log(ATP_LOG_WARN, "snapshot_failed", ATP_LOG_U64("op", 18446744073709551615u),
            ATP_LOG_I64("drift_ms", -5), ATP_LOG_BOOL("retried", true), ATP_LOG_STR("path", "/var/lib/atpd"),
            ATP_LOG_ERR(ATP_ERR_NO_SPACE), ATP_LOG_HEX("state_hash", 255));
    clock_ms += 61007;
    atp_log(ATP_LOG_INFO, "ready");
    assert_string_equal(
        close_log(), "ts=2025-11-21T12:00:00.000Z level=warn event=snapshot_failed op=18446744073709551615 "
                     "drift_ms=-5 retried=true path=/var/lib/atpd err=no_space state_hash=00000000000000ff\n"
                     "ts=2025-11-21T12:01:01.007Z level=info event=ready\n");
}

static void the_same_line_as_json_keeps_64_bit_numbers(void **state)
{
    (void)state;
    open_log(ATP_LOG_JSON, 0);
    atp_log(ATP_LOG_ERROR, "stopped", ATP_LOG_U64("op", 9007199254740993u), ATP_LOG_CORRELATION(7),
            ATP_LOG_BOOL("clean", false), ATP_LOG_HEX("hash", 1));
    assert_string_equal(close_log(),
                        "{\"ts\":\"2025-11-21T12:00:00.000Z\",\"level\":\"error\",\"event\":\"stopped\","
                        "\"op\":9007199254740993,\"correlation\":7,\"clean\":false,"
                        "\"hash\":\"0000000000000001\"}\n");
}

static void calendar_days_are_right_at_their_edges(void **state)
{
    const struct {
        int64_t ms;
        const char *date;
    } days[] = {{0, "1970-01-01T00:00:00.000Z"},
                {-1, "1970-01-01T00:00:00.000Z"},
                {951782399999, "2000-02-28T23:59:59.999Z"},
                {951782400000, "2000-02-29T00:00:00.000Z"},
                {1709251199000, "2024-02-29T23:59:59.000Z"},
                {1735689599999, "2024-12-31T23:59:59.999Z"},
                {4107542400000, "2100-03-01T00:00:00.000Z"}};

    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        open_log(ATP_LOG_LOGFMT, 0);
        clock_ms = days[i].ms;
        atp_log(ATP_LOG_INFO, "x");
        assert_memory_equal(close_log() + 3, days[i].date, 24);
    }
}

static void levels_below_the_set_one_are_not_written(void **state)
{
    (void)state;
    open_log(ATP_LOG_LOGFMT, 0);
    atp_log(ATP_LOG_DEBUG, "hidden");
    atp_log_set_level(ATP_LOG_ERROR);
    atp_log(ATP_LOG_WARN, "hidden");
    atp_log_set_level(ATP_LOG_DEBUG);
    atp_log(ATP_LOG_DEBUG, "shown");
    close_log();
    assert_null(strstr(text, "hidden"));
    assert_non_null(strstr(text, "level=debug event=shown\n"));
}

static void hostile_values_stay_one_line_and_one_field(void **state)
{
    (void)state;
    open_log(ATP_LOG_LOGFMT, 0);
    atp_log(ATP_LOG_INFO, "x", ATP_LOG_STR("a", "1\nlevel=error event=fake"),
            ATP_LOG_STR("b", "say \"hi\" \\o/"), ATP_LOG_STR("c", "\x1b[2J\x7f\t\r"),
            ATP_LOG_STR("d", "caf\xc3\xa9"), ATP_LOG_STR("e", "\xff\xc0\xaf!"), ATP_LOG_STR("f", ""),
            ATP_LOG_STR("g", NULL), ATP_LOG_STR("h", "k=v"), ATP_LOG_STR("i", "\xc2\x9b\xc2"),
            ATP_LOG_TEXT("j", ((atp_text_t){"a\0b", 3})));
    assert_string_equal(
        strstr(close_log(), "a="),
        "a=\"1\\nlevel=error event=fake\" b=\"say \\\"hi\\\" \\\\o/\" c=\"\\u001b[2J\\u007f\\t\\r\" "
        "d=\"caf\xc3\xa9\" e=\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!\" f=\"\" g=\"\" h=\"k=v\" "
        "i=\"\\u009b\xef\xbf\xbd\" j=\"a\\u0000b\"\n");
}

static void any_bytes_make_one_valid_json_line(void **state)
{
    static const char alphabet[] = "\"\\\n\xc3\xa9\xed\xa0\x80\xf4\x8f\xbf\xbf{}:,a";
    uint64_t seed = 20261121;
    char bytes[300];

    (void)state;
    for (int round = 0; round < 2000; round++) {
        uint32_t size = (uint32_t)(test_random(&seed) % sizeof bytes);
        bool is_wild = test_random(&seed) % 2;
        for (uint32_t i = 0; i < size; i++) {
            uint64_t r = test_random(&seed);
            bytes[i] = is_wild ? (char)r : alphabet[r % (sizeof alphabet - 1)];
        }
        open_log(ATP_LOG_JSON, 0);
        atp_log(ATP_LOG_INFO, "x", ATP_LOG_TEXT("v", ((atp_text_t){bytes, size})), ATP_LOG_BOOL("end", true));
        close_log();
        json_t *json = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
        if (json == NULL) {
            fail_msg("seed 20261121, round %d: not JSON: %s", round, text);
        }
        assert_true(json_is_true(json_object_get(json, "end")));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        json_decref(json);
    }
}

static void a_long_value_is_cut_and_a_line_too_long_says_so(void **state)
{
    static char long_value[ATP_LOG_VALUE_SIZE_MAX * 2];
    atp_text_t value = {long_value, sizeof long_value};

    (void)state;
    memset(long_value, 'v', sizeof long_value);
    for (int format = ATP_LOG_LOGFMT; format <= ATP_LOG_JSON; format++) {
        open_log((atp_log_format_t)format, 0);
        atp_log(ATP_LOG_INFO, "x", ATP_LOG_TEXT("a", value), ATP_LOG_TEXT("b", value),
                ATP_LOG_TEXT("c", value), ATP_LOG_TEXT("d", value), ATP_LOG_U64("e", 5));
        close_log();
        assert_in_range(strlen(text), 3 * ATP_LOG_VALUE_SIZE_MAX, ATP_LOG_LINE_SIZE_MAX);
        assert_non_null(strstr(text, "v\xe2\x80\xa6\""));
        assert_null(strstr(text, "\"d\""));
        assert_non_null(
            strstr(text, format == ATP_LOG_JSON ? "\"e\":5,\"truncated\":true}\n" : "e=5 truncated=true\n"));
    }
}

static void repeat(int times)
{
    for (int i = 0; i < times; i++) {
        atp_log(ATP_LOG_WARN, "again", ATP_LOG_I64("i", i));
    }
}

static int lines_with(const char *what)
{
    int count = 0;

    for (const char *at = written(); (at = strstr(at, what)) != NULL; at++) {
        count++;
    }
    return count;
}

static void repeats_are_held_back_and_counted(void **state)
{
    (void)state;
    open_log(ATP_LOG_LOGFMT, 3);
    repeat(10);
    assert_int_equal(lines_with("event=again"), 3);
    atp_log(ATP_LOG_WARN, "other");
    assert_int_equal(lines_with("event=other"), 1); /* each call has its own share */
    clock_ms += 1000;
    repeat(1);
    assert_int_equal(lines_with("event=again suppressed=7 i=0"), 1);
    repeat(1);
    assert_int_equal(lines_with("suppressed"), 1);
    close_log();
}

static void flush_tells_what_was_held_back_once_the_repeats_have_ended(void **state)
{
    (void)state;
    open_log(ATP_LOG_LOGFMT, 2);
    repeat(5);
    atp_log_flush();
    assert_int_equal(lines_with("suppressed"), 0); /* the second is not over */
    clock_ms += 1000;
    atp_log_flush();
    atp_log_flush();
    assert_int_equal(lines_with("level=warn event=again suppressed=3\n"), 1);
    repeat(3);
    close_log();
    assert_non_null(strstr(text, "event=again suppressed=1\n"));
}

static void a_line_that_cannot_be_written_is_counted_not_waited_for(void **state)
{
    int ends[2];
    char filler[4096] = {0};
    uint64_t lost = atp_log_lost();

    (void)state;
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    while (write(ends[1], filler, sizeof filler) > 0) {
    }
    atp_log_open(&(atp_log_options_t){.fd = ends[1], .now_ms = test_clock});
    atp_log(ATP_LOG_INFO, "x");
    assert_int_equal(atp_log_lost(), lost + 1);
    atp_log_close();
    close(ends[0]);
    close(ends[1]);
}

#define WRITERS          4
#define LINES_PER_WRITER 500

static void *write_lines(void *argument)
{
    for (uint64_t i = 0; i < LINES_PER_WRITER; i++) {
        atp_log(ATP_LOG_INFO, "line", ATP_LOG_STR("writer", argument), ATP_LOG_U64("i", i));
    }
    return NULL;
}

static void write_together(pthread_t thread[WRITERS])
{
    static char names[WRITERS][32];

    for (int i = 0; i < WRITERS; i++) {
        snprintf(names[i], sizeof names[i], "writer %d", i);
        assert_int_equal(pthread_create(&thread[i], NULL, write_lines, names[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
}

static void lines_of_many_threads_are_whole_and_complete(void **state)
{
    pthread_t thread[WRITERS];
    int lines = 0;

    (void)state;
    open_log(ATP_LOG_JSON, 0);
    assert_int_equal(fcntl(log_fd, F_SETFL, O_APPEND), 0);
    write_together(thread);
    close_log();
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        json_decref(json);
        lines++;
    }
    assert_int_equal(lines, WRITERS * LINES_PER_WRITER);
}

static void written_and_suppressed_together_are_all_lines_of_many_threads(void **state)
{
    pthread_t thread[WRITERS];
    unsigned long suppressed = 0;

    (void)state;
    open_log(ATP_LOG_LOGFMT, 10);
    assert_int_equal(fcntl(log_fd, F_SETFL, O_APPEND), 0);
    write_together(thread);
    atp_log_close();
    int with_field = lines_with(" i=");
    for (const char *at = text; (at = strstr(at, "suppressed=")) != NULL; at++) {
        suppressed += strtoul(at + strlen("suppressed="), NULL, 10);
    }
    close(log_fd);
    assert_int_equal(with_field, 10);
    assert_int_equal((unsigned long)with_field + suppressed, WRITERS * LINES_PER_WRITER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_typed_fields),
        cmocka_unit_test(the_same_line_as_json_keeps_64_bit_numbers),
        cmocka_unit_test(calendar_days_are_right_at_their_edges),
        cmocka_unit_test(levels_below_the_set_one_are_not_written),
        cmocka_unit_test(hostile_values_stay_one_line_and_one_field),
        cmocka_unit_test(any_bytes_make_one_valid_json_line),
        cmocka_unit_test(a_long_value_is_cut_and_a_line_too_long_says_so),
        cmocka_unit_test(repeats_are_held_back_and_counted),
        cmocka_unit_test(flush_tells_what_was_held_back_once_the_repeats_have_ended),
        cmocka_unit_test(a_line_that_cannot_be_written_is_counted_not_waited_for),
        cmocka_unit_test(lines_of_many_threads_are_whole_and_complete),
        cmocka_unit_test(written_and_suppressed_together_are_all_lines_of_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

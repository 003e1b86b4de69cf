#include "tests/test.h"
#include "tools/atpd/metrics/metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int create(void **state)
{
    *state = atp_metrics_create("0.1.0-test");
    return *state == NULL;
}

static int destroy(void **state)
{
    atp_metrics_destroy(*state);
    return 0;
}

/* The text, kept until the next call. */
static const char *text_of(atp_metrics_t *metrics)
{
    static char *text;
    size_t size = 0;

    free(text);
    text = atp_metrics_text(metrics, &size);
    assert_non_null(text);
    assert_int_equal(strlen(text), size);
    return text;
}

/* True if one whole line of the text is `line`. */
static bool has_line(const char *text, const char *line)
{
    size_t size = strlen(line);

    for (const char *at = text; (at = strstr(at, line)) != NULL; at += size) {
        if ((at == text || at[-1] == '\n') && at[size] == '\n') {
            return true;
        }
    }
    return false;
}

static void assert_line(const char *text, const char *line)
{
    if (!has_line(text, line)) {
        fail_msg("no line \"%s\" in:\n%s", line, text);
    }
}

static void every_metric_is_in_the_text_with_type_and_help(void **state)
{
#define NAME_TYPE(NAME, name, kind, writers, labels, unit, help)                                             \
    {name, "# TYPE " name " " #kind, "# HELP " name " " help},
    static const struct {
        const char *name;
        const char *type;
        const char *help;
    } wanted[] = {ATP_METRICS(NAME_TYPE)};
#undef NAME_TYPE
    const char *text = text_of(*state);
    char type[128];

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        size_t prefix = strlen("# TYPE ") + strlen(wanted[i].name);
        snprintf(type, sizeof type, "%s", wanted[i].type);
        for (char *c = type + prefix; *c != '\0'; c++) {
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        }
        assert_line(text, type);
        assert_line(text, wanted[i].help);
    }
}

static void counters_and_gauges_show_their_value_in_base_units(void **state)
{
    atp_metrics_t *metrics = *state;

    atp_metrics_set_incarnation(metrics, 3);
    atp_metrics_set(metrics, ATP_METRIC_UPTIME, 0, 61500);
    atp_metrics_set(metrics, ATP_METRIC_OP_DURABLE, 0, INT64_C(9007199254740991));
    atp_metrics_set(metrics, ATP_METRIC_RESERVATIONS, ATP_METRIC_ALLOCATED, 12);
    atp_metrics_set(metrics, ATP_METRIC_QUEUE_LINES, ATP_METRIC_CLASS_BULK, 4096);
    atp_metrics_add(metrics, ATP_METRIC_READS, 0, 20000000);
    atp_metrics_add(metrics, ATP_METRIC_ERRORS, ATP_ERR_NO_SPACE, 2);
    const char *text = text_of(metrics);
    assert_line(text, "atpd_info{version=\"0.1.0-test\",incarnation=\"3\"} 1");
    assert_line(text, "atpd_uptime_seconds 61.5");
    assert_line(text, "atpd_op_durable 9007199254740991");
    assert_line(text, "atpd_reservations{state=\"allocated\"} 12");
    assert_line(text, "atpd_reservations{state=\"reserved\"} 0");
    assert_line(text, "atpd_queue_lines{class=\"bulk\"} 4096");
    assert_line(text, "atpd_reads_total 20000000");
    assert_line(text, "atpd_errors_total{err=\"no_space\"} 2");
    assert_line(text, "atpd_errors_total{err=\"corrupt\"} 0"); /* a series is there before its first event */
    assert_null(strstr(text, "err=\"ok\""));
}

static void ops_are_told_by_kind_and_verdict_and_their_refusals_once_more(void **state)
{
    atp_metrics_t *metrics = *state;

    atp_metrics_add_ops(metrics, ATP_OP_RESERVE, ATP_APPLIED, 100);
    atp_metrics_add_ops(metrics, ATP_OP_RESERVE, ATP_NOT_ENOUGH_AVAILABLE, 7);
    atp_metrics_add_ops(metrics, ATP_OP_SHIP, ATP_NOT_ENOUGH_AVAILABLE, 1);
    atp_metrics_add(metrics, ATP_METRIC_REFUSED, ATP_BUSY, 5);
    const char *text = text_of(metrics);
    assert_line(text, "atpd_ops_total{kind=\"reserve\",verdict=\"applied\"} 100");
    assert_line(text, "atpd_ops_total{kind=\"ship\",verdict=\"not_enough_available\"} 1");
    assert_line(text, "atpd_refused_total{verdict=\"not_enough_available\"} 8");
    assert_line(text, "atpd_refused_total{verdict=\"busy\"} 5");
    assert_line(text, "atpd_refused_total{verdict=\"malformed\"} 0");
    assert_null(strstr(text, "atpd_refused_total{verdict=\"applied\"}"));
    assert_null(strstr(
        text, "kind=\"cancel\"")); /* kinds that never came are left out: 8,192 series would be there */
    assert_int_equal(atp_metrics_value(metrics, ATP_METRIC_REFUSED, ATP_NOT_ENOUGH_AVAILABLE), 8);
}

static void tables_are_shown_by_name_once_they_have_one(void **state)
{
    atp_metrics_t *metrics = *state;

    assert_null(strstr(text_of(metrics), "atpd_table_bytes{"));
    atp_metrics_name_exception(metrics, 3, "fact_refused");
    atp_metrics_set(metrics, ATP_METRIC_EXCEPTIONS_BY_KIND, 3, 7);
    assert_line(text_of(metrics), "atpd_exceptions_open_by_kind{kind=\"fact_refused\"} 7");
    atp_metrics_name_table(metrics, 5, "positions");
    atp_metrics_set(metrics, ATP_METRIC_TABLE_BYTES, 5, 64000);
    assert_line(text_of(metrics), "atpd_table_bytes{table=\"positions\"} 64000");
}

static void histograms_show_rising_buckets_in_seconds(void **state)
{
    atp_metrics_t *metrics = *state;
    atp_histogram_t *sync = atp_metrics_histogram(metrics, ATP_METRIC_JOURNAL_SYNC);

    atp_histogram_record(sync, 9000);       /* 9 us */
    atp_histogram_record(sync, 83000);      /* 83 us */
    atp_histogram_record(sync, 250000);     /* at a bound: counts there */
    atp_histogram_record(sync, 3000000000); /* 3 s */
    const char *text = text_of(metrics);
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"1e-05\"} 1");
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"0.0001\"} 2");
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"0.00025\"} 3");
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"2.5\"} 3");
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"5\"} 4");
    assert_line(text, "atpd_journal_fsync_seconds_bucket{le=\"+Inf\"} 4");
    assert_line(text, "atpd_journal_fsync_seconds_count 4");
    assert_non_null(strstr(text, "atpd_journal_fsync_seconds_sum 3.00034"));
    assert_line(text, "atpd_reply_seconds_count 0");
}

static void batch_sizes_are_counted_in_ops(void **state)
{
    atp_histogram_record(atp_metrics_histogram(*state, ATP_METRIC_BATCH_OPS), 1);
    atp_histogram_record(atp_metrics_histogram(*state, ATP_METRIC_BATCH_OPS), 1000);
    const char *text = text_of(*state);
    assert_line(text, "atpd_batch_ops_bucket{le=\"1\"} 1");
    assert_line(text, "atpd_batch_ops_bucket{le=\"500\"} 1");
    assert_line(text, "atpd_batch_ops_bucket{le=\"1000\"} 2");
    assert_line(text, "atpd_batch_ops_sum 1001");
}

static void set_skus(void *context, atp_metrics_t *metrics)
{
    atp_metrics_set(metrics, ATP_METRIC_SKUS, 0, (*(int64_t *)context)++);
}

static void what_is_pulled_is_refreshed_before_each_reading(void **state)
{
    int64_t skus = 504;

    atp_metrics_on_refresh(*state, set_skus, &skus);
    assert_line(text_of(*state), "atpd_skus 504");
    assert_line(text_of(*state), "atpd_skus 505");
}

static void a_version_from_anywhere_cannot_break_the_text(void **state)
{
    atp_metrics_t *metrics = atp_metrics_create("1\"} 5\nfake 7\\");

    (void)state;
    assert_non_null(metrics);
    const char *text = text_of(metrics);
    assert_false(has_line(text, "fake 7\\\",incarnation=\"0\"} 1"));
    assert_non_null(strstr(text, "version=\"1\\\"} 5\\nfake 7\\\\\""));
    atp_metrics_destroy(metrics);
}

static void a_metric_used_against_its_row_is_a_bug(void **state)
{
    assert_aborts(atp_metrics_set(*state, ATP_METRIC_READS, 0, 1));
    assert_aborts(atp_metrics_add(*state, ATP_METRIC_SKUS, 0, 1));
    assert_aborts(atp_metrics_add(*state, ATP_METRIC_READS, 1, 1));
    assert_aborts(atp_metrics_add(*state, ATP_METRIC_REPLY, 0, 1));
    assert_aborts(atp_metrics_histogram(*state, ATP_METRIC_READS));
    assert_aborts(atp_metrics_add_ops(*state, ATP_OP_KIND_LIMIT, 0, 1));
    assert_aborts(atp_metrics_name_table(*state, ATP_METRIC_TABLES_MAX, "x"));
}

#define ADDERS         12 /* more than there are shards */
#define ADDS_PER_ADDER 20000

static void *add_many(void *argument)
{
    for (uint64_t i = 0; i < ADDS_PER_ADDER; i++) {
        atp_metrics_add(argument, ATP_METRIC_READS, 0, 3);
        atp_metrics_add(argument, ATP_METRIC_REFUSED, ATP_MALFORMED, 1);
        atp_histogram_record_shared(atp_metrics_histogram(argument, ATP_METRIC_REPLY), i);
    }
    return NULL;
}

static void nothing_is_lost_when_threads_add_while_it_is_read(void **state)
{
    pthread_t thread[ADDERS];
    int64_t before = 0;

    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, add_many, *state), 0);
    }
    for (int i = 0; i < 5; i++) {
        (void)text_of(*state);
        int64_t now = atp_metrics_value(*state, ATP_METRIC_READS, 0);
        assert_true(now >= before);
        before = now;
    }
    for (int i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_int_equal(atp_metrics_value(*state, ATP_METRIC_READS, 0), 3 * ADDERS * ADDS_PER_ADDER);
    assert_int_equal(atp_metrics_value(*state, ATP_METRIC_REFUSED, ATP_MALFORMED), ADDERS * ADDS_PER_ADDER);
    assert_int_equal(atp_histogram_count(atp_metrics_histogram(*state, ATP_METRIC_REPLY)),
                     ADDERS * ADDS_PER_ADDER);
}

static void promtool_finds_nothing_to_complain_about(void **state)
{
    atp_metrics_t *metrics = *state;

    if (access("/usr/bin/promtool", X_OK) != 0) {
        print_message("promtool is not here (Debian package prometheus): skipped\n");
        skip();
    }
    atp_metrics_name_table(metrics, 0, "rows");
    atp_metrics_add_ops(metrics, ATP_OP_RESERVE, ATP_APPLIED, 1);
    atp_histogram_record(atp_metrics_histogram(metrics, ATP_METRIC_JOURNAL_SYNC), 83000);
    FILE *promtool = popen("/usr/bin/promtool check metrics 2>&1", "w");
    assert_non_null(promtool);
    assert_true(fputs(text_of(metrics), promtool) >= 0);
    assert_int_equal(pclose(promtool), 0);
}

static void the_table_of_the_operations_page_is_the_table_of_the_program(void **state)
{
    static char page[1 << 17];
    static char table[1 << 15];
    FILE *file = fopen(ATP_SOURCE_FOLDER "/docs/operations.md", "r");
    FILE *out = fmemopen(table, sizeof table, "w");

    (void)state;
    assert_non_null(file);
    assert_non_null(out);
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    atp_metrics_print_markdown(out);
    assert_int_equal(fclose(out), 0);
    if (strstr(page, table) == NULL) {
        fail_msg("docs/operations.md should have this table:\n%s", table);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_metric_is_in_the_text_with_type_and_help),
        TEST(counters_and_gauges_show_their_value_in_base_units),
        TEST(ops_are_told_by_kind_and_verdict_and_their_refusals_once_more),
        TEST(tables_are_shown_by_name_once_they_have_one),
        TEST(histograms_show_rising_buckets_in_seconds),
        TEST(batch_sizes_are_counted_in_ops),
        TEST(what_is_pulled_is_refreshed_before_each_reading),
        TEST(a_version_from_anywhere_cannot_break_the_text),
        TEST(a_metric_used_against_its_row_is_a_bug),
        TEST(nothing_is_lost_when_threads_add_while_it_is_read),
        TEST(promtool_finds_nothing_to_complain_about),
        TEST(the_table_of_the_operations_page_is_the_table_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

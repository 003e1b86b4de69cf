#include "tests/loaders/support.h"

#include "loaders/progress.h"

/* The progress of a job of 10 s told every 10 ms, as text. */
static char *run(bool is_terminal)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    atp_progress_t progress;

    assert_non_null(out);
    atp_progress_init(&progress, out, is_terminal, "loading x.csv", 5000);
    for (int64_t ms = 0; ms <= 10000; ms += 10) {
        atp_progress_update(&progress, 5000 + ms, (uint64_t)ms * 1000, 10000000, (uint64_t)ms * 20);
    }
    atp_progress_finish(&progress, 15000, 10000000, 10000000, 200000);
    fclose(out);
    return text;
}

static int count(const char *text, char c)
{
    int found = 0;

    for (; *text != '\0'; text++) {
        found += *text == c;
    }
    return found;
}

static void plain_lines_come_once_a_second(void **state)
{
    char *text = run(false);

    (void)state;
    assert_int_equal(count(text, '\n'), 11);
    assert_int_equal(count(text, '\r'), 0);
    assert_int_equal(count(text, '\033'), 0);
    free(text);
}

static void a_terminal_line_is_drawn_over_itself_ten_times_a_second(void **state)
{
    char *text = run(true);

    (void)state;
    assert_int_equal(count(text, '\n'), 1);
    assert_int_equal(count(text, '\r'), 101);
    assert_text_in(text, "[############............]");
    free(text);
}

static void rate_share_and_time_left_are_told(void **state)
{
    char text[ATP_PROGRESS_TEXT_SIZE];
    atp_progress_t progress;

    (void)state;
    atp_progress_init(&progress, NULL, false, "loading x.csv", 0);
    atp_progress_format(&progress, 10000, 42000000, 100000000, 12040000, text);
    assert_string_equal(text, "loading x.csv   42 %  12,040,000 rows  1.2 M rows/s  4.2 MB/s  0:14 left");
    atp_progress_format(&progress, 10000, 1000, 36000000, 5, text);
    assert_text_in(text, "99:59:50 left");
    atp_progress_format(&progress, 10000, 4200, 0, 0, text); /* a pipe: nobody knows the total */
    assert_string_equal(text, "loading x.csv  0 rows  0 rows/s  420B/s");
    atp_progress_format(&progress, 0, 0, 0, 0, text);
    assert_string_equal(text, "loading x.csv  0 rows  - rows/s  -B/s");
}

static void extreme_numbers_stay_within_the_text(void **state)
{
    char label[300];
    char text[ATP_PROGRESS_TEXT_SIZE];
    atp_progress_t progress;

    (void)state;
    memset(label, 'l', sizeof label);
    label[sizeof label - 1] = '\0';
    atp_progress_init(&progress, NULL, false, label, 0);
    int size = atp_progress_format(&progress, 1, UINT64_MAX, UINT64_MAX, UINT64_MAX, text);
    assert_int_equal(size, strlen(text));
    size = atp_progress_format(&progress, INT64_MAX, 1, UINT64_MAX, UINT64_MAX, text);
    assert_int_equal(size, strlen(text));
    atp_progress_update(&progress, 5000, 1, 2, 3); /* without an output: nothing to show, nothing to fear */
    atp_progress_finish(&progress, 5000, 1, 2, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_lines_come_once_a_second),
        cmocka_unit_test(a_terminal_line_is_drawn_over_itself_ten_times_a_second),
        cmocka_unit_test(rate_share_and_time_left_are_told),
        cmocka_unit_test(extreme_numbers_stay_within_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

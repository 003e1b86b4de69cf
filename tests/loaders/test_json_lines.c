/* JSON lines: what a line gives, what is wrong with one, and windows that end anywhere. */
#include "tests/loaders/reading.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void open_text(reading_t *reading, const char *text, size_t step, const char *const *columns)
{
    atp_profile_format_t format = {.kind = ATP_FORMAT_JSON_LINES};

    reading_open(reading, &format, text, strlen(text), step, columns);
}

/* False at the end. */
static bool next(reading_t *reading, atp_record_t *ret_record)
{
    got_t got = reading_next(reading, ret_record);

    assert_int_not_equal(got, GOT_FAULT);
    return got == GOT_RECORD;
}

static void assert_field(const atp_record_t *record, uint32_t index, const char *text)
{
    assert_true(index < record->field_count);
    assert_true(atp_text_equal(record->fields[index], atp_text_of(text)));
}

static const char *const stock_columns[] = {"sku", "at.node", "qty", NULL};

static void a_line_gives_its_columns_by_path(void **state)
{
    reading_t reading;
    atp_record_t record;
    (void)state;

    open_text(&reading,
              "\xef\xbb\xbf{\"sku\":\"b\\u00e4r\",\"at\":{\"node\":\"ber\"},\"qty\":12}\r\n\n  \n"
              "{\"qty\":2.5,\"at.node\":\"ham\",\"sku\":\"x\"}\n{\"sku\":\"y\",\"qty\":null,\"at\":{}}",
              5, stock_columns);
    assert_true(next(&reading, &record));
    assert_int_equal(record.reason, ATP_REJECT_NONE);
    assert_int_equal(record.line, 1);
    assert_field(&record, 0, "b\xc3\xa4r");
    assert_field(&record, 1, "ber");
    assert_field(&record, 2, "12");
    assert_true(next(&reading, &record));
    assert_int_equal(record.line, 4);
    assert_field(&record, 0, "x");
    assert_field(&record, 1, "ham");
    assert_field(&record, 2, "2.5");
    assert_true(next(&reading, &record));
    assert_field(&record, 0, "y");
    assert_field(&record, 1, "");
    assert_field(&record, 2, "");
    assert_false(next(&reading, &record));
    reading_close(&reading);
}

static void what_is_wrong_with_a_line_is_its_own_fault(void **state)
{
    static const struct {
        const char *line;
        atp_reason_of_reject_t reason;
    } bad[] = {
        {"{\"sku\":", ATP_REJECT_JSON_MALFORMED},
        {"[1]", ATP_REJECT_JSON_MALFORMED},
        {"7", ATP_REJECT_JSON_MALFORMED},
        {"{\"sku\":\"a\",\"sku\":\"b\"}", ATP_REJECT_JSON_MALFORMED},
        {"{\"sku\":\"a\"} {}", ATP_REJECT_JSON_MALFORMED},
        {"{\"sku\":\"\xff\"}", ATP_REJECT_JSON_MALFORMED},
        {"{\"sku\":\"a\\u0000b\"}", ATP_REJECT_JSON_MALFORMED},
        {"{\"sku\":[\"a\"]}", ATP_REJECT_NOT_TEXT},
        {"{\"qty\":{\"value\":1}}", ATP_REJECT_NOT_TEXT},
        {"{\"qty\":2.50000000000000001}", ATP_REJECT_QTY_TOO_PRECISE},
    };
    char text[4096] = "";
    reading_t reading;
    atp_record_t record;
    size_t count = sizeof bad / sizeof bad[0];
    (void)state;

    for (size_t i = 0; i < count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s\n{\"sku\":\"good\"}\n", bad[i].line);
    }
    open_text(&reading, text, 1000, stock_columns);
    for (size_t i = 0; i < count; i++) {
        assert_true(next(&reading, &record));
        assert_int_equal(record.reason, bad[i].reason);
        assert_int_equal(record.line, 2 * i + 1);
        assert_true(atp_text_equal(record.raw, atp_text_of(bad[i].line)));
        assert_true(next(&reading, &record));
        assert_int_equal(record.reason, ATP_REJECT_NONE);
        assert_field(&record, 0, "good");
    }
    assert_false(next(&reading, &record));
    reading_close(&reading);
}

static void digits_in_texts_and_many_zeros_are_no_inexact_numbers(void **state)
{
    reading_t reading;
    atp_record_t record;
    (void)state;

    open_text(&reading,
              "{\"sku\":\"1.2345678901234567890\",\"qty\":0.00000000000000000001}\n"
              "{\"sku\":\"a\\\"1.2345678901234567890\",\"qty\":100000000000000}\n"
              "{\"sku\":\"e\",\"qty\":99999999.999999}\n",
              64, stock_columns);
    assert_true(next(&reading, &record));
    assert_int_equal(record.reason, ATP_REJECT_NONE);
    assert_field(&record, 2, "1e-20"); /* which no quantity is: the profile refuses it */
    assert_true(next(&reading, &record));
    assert_field(&record, 2, "100000000000000");
    assert_true(next(&reading, &record));
    assert_field(&record, 2, "99999999.999999");
    reading_close(&reading);
}

static void a_line_too_long_is_told_once_and_passed_over(void **state)
{
    size_t size = (size_t)3 << 20;
    char *text = malloc(size + 64);
    reading_t reading;
    atp_record_t record;
    (void)state;

    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text + size, "\n{\"sku\":\"after\"}\n", 18);
    open_text(&reading, text, 100000, stock_columns);
    assert_true(next(&reading, &record));
    assert_int_equal(record.reason, ATP_REJECT_RECORD_TOO_LONG);
    assert_int_equal(record.line, 1);
    assert_true(next(&reading, &record));
    assert_int_equal(record.line, 2);
    assert_field(&record, 0, "after");
    assert_false(next(&reading, &record));
    reading_close(&reading);
    free(text);
}

static void many_lines_fill_the_store_of_texts_and_none_is_lost(void **state)
{
    enum { LINES = 40000 };
    char *text = malloc(LINES * 96);
    size_t size = 0;
    reading_t reading;
    atp_record_t record;
    (void)state;

    assert_non_null(text);
    for (int i = 0; i < LINES; i++) {
        size += (size_t)sprintf(text + size, "{\"sku\":\"sku-%060d\",\"qty\":%d}\n", i, i);
    }
    open_text(&reading, text, SIZE_MAX, (const char *const[]){"sku", "qty", "sku.again", NULL});
    for (int i = 0; i < LINES; i++) {
        char qty[16];
        assert_true(next(&reading, &record));
        snprintf(qty, sizeof qty, "%d", i);
        assert_field(&record, 1, qty);
        assert_int_equal(record.line, i + 1);
    }
    assert_false(next(&reading, &record));
    reading_close(&reading);
    free(text);
}

static void a_second_pass_gives_the_same(void **state)
{
    reading_t reading;
    atp_record_t record;
    (void)state;

    open_text(&reading, "{\"sku\":\"a\"}\n{\"sku\":\"b\"}\n", 3, stock_columns);
    while (next(&reading, &record)) {
    }
    reading.source.at = 0;
    reading.api->restart(reading.reader);
    assert_true(next(&reading, &record));
    assert_int_equal(record.line, 1);
    assert_field(&record, 0, "a");
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_gives_its_columns_by_path),
        cmocka_unit_test(what_is_wrong_with_a_line_is_its_own_fault),
        cmocka_unit_test(digits_in_texts_and_many_zeros_are_no_inexact_numbers),
        cmocka_unit_test(a_line_too_long_is_told_once_and_passed_over),
        cmocka_unit_test(many_lines_fill_the_store_of_texts_and_none_is_lost),
        cmocka_unit_test(a_second_pass_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

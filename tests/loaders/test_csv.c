#include "tests/test.h"

#include "loaders/formats/csv.h"
#include "tests/support/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(char *to, size_t size, const char *text, size_t text_size)
{
    size_t used = strlen(to);

    for (size_t i = 0; i < text_size && used + 2 < size; i++) {
        to[used++] = text[i] == '\n' ? '~' : text[i] == '\r' ? '^' : text[i];
    }
    to[used] = '\0';
}

/* Writes every record as "line:field|field;" and every bad one as "line!code;". LF shows as ~, CR as ^. */
static atp_err_t split(const char *bytes, size_t size, const atp_csv_format_t *format, char *ret_text,
                       size_t room)
{
    source_t source = {bytes, size, 0, 3};
    atp_csv_t *csv = NULL;
    atp_record_t record;
    atp_err_t err = ATP_OK;

    ret_text[0] = '\0';
    assert_int_equal(atp_csv_create(format, read_source, &source, &csv), ATP_OK);
    while (err == ATP_OK) {
        atp_record_status_t status = atp_csv_next(csv, &record);
        char number[32];
        if (status == ATP_RECORD_END) {
            break;
        }
        if (status == ATP_RECORD_FILL) {
            err = atp_csv_fill(csv, NULL);
            continue;
        }
        bool is_bad = record.reason != ATP_REJECT_NONE;
        append(ret_text, room, number,
               (size_t)snprintf(number, sizeof number, "%d%s", (int)record.line, is_bad ? "!" : ":"));
        for (uint32_t i = 0; i < record.field_count && !is_bad; i++) {
            append(ret_text, room, "|", i > 0);
            append(ret_text, room, record.fields[i].bytes, record.fields[i].size);
        }
        const char *code = is_bad ? atp_reject_code(record.reason) : "";
        append(ret_text, room, code, strlen(code));
        append(ret_text, room, ";", 1);
    }
    atp_csv_destroy(csv);
    return err;
}

static void expect(const char *text, const atp_csv_format_t *format, const char *expected)
{
    char got[2000];

    assert_int_equal(split(text, strlen(text), format, got, sizeof got), ATP_OK);
    assert_string_equal(got, expected);
}

static const atp_csv_format_t quoted = {.delimiter = ',', .has_quotes = true};
static const atp_csv_format_t plain = {.delimiter = '\t', .has_quotes = false};
static const atp_csv_format_t tiny = {
    .delimiter = ',', .has_quotes = true, .field_size_max = 8, .record_size_max = 20};

static void fields_and_lines_are_parted(void **state)
{
    (void)state;
    expect("a,b,c\nd,,f\n", &quoted, "1:a|b|c;2:d||f;");
    expect("a,b,c\r\nd,,\r\n", &quoted, "1:a|b|c;2:d||;");
    expect("a\n,\n", &quoted, "1:a;2:|;");
    expect("", &quoted, "");
}

static void a_last_line_without_an_end_counts(void **state)
{
    (void)state;
    expect("a,b\nc,d", &quoted, "1:a|b;2:c|d;");
    expect("a,b\nc,", &quoted, "1:a|b;2:c|;");
    expect("a,b\r\nc,d\r", &quoted, "1:a|b;2:c|d;");
    expect("\"a\",\"b\"", &quoted, "1:a|b;");
}

static void empty_lines_are_no_records_but_are_counted(void **state)
{
    (void)state;
    expect("\n\na\n\r\n\nb\n\n", &quoted, "3:a;6:b;");
}

static void a_byte_order_mark_is_dropped(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf"
           "a,b\n",
           &quoted, "1:a|b;");
    expect("\xef\xbb\xbf"
           "\"a\",b\n",
           &quoted, "1:a|b;");
    expect("\xef\xbb\xbf", &quoted, "");
}

static void utf_16_is_refused_by_name(void **state)
{
    char got[100];

    (void)state;
    assert_int_equal(split("\xff\xfe"
                           "a\0,\0",
                           6, &quoted, got, sizeof got),
                     ATP_ERR_FORMAT);
    assert_int_equal(split("\xfe\xff\0a", 4, &quoted, got, sizeof got), ATP_ERR_FORMAT);
}

static void quoted_fields_hold_delimiters_quotes_and_line_ends(void **state)
{
    (void)state;
    expect("\"a,1\",\"say \"\"hi\"\"\",\"\"\nz\n", &quoted, "1:a,1|say \"hi\"|;2:z;");
    expect("x,\"one\ntwo\r\nthree\",y\nz\n", &quoted, "1:x|one~two^~three|y;4:z;");
    expect("\"\"\"\",\"\"\"\"\"\"\n", &quoted, "1:\"|\"\";");
    expect("\"a\"\r\n\"b\"\r\n", &quoted, "1:a;2:b;");
}

static void blanks_are_kept(void **state)
{
    (void)state;
    expect(" a , b \n", &quoted, "1: a | b ;");
}

static void the_plain_dialect_takes_quotes_as_text(void **state)
{
    (void)state;
    expect("5\" pipe\t\"x\nb\t\"\"\n", &plain, "1:5\" pipe|\"x;2:b|\"\";");
}

static void a_bad_quote_spoils_its_record_and_no_other(void **state)
{
    (void)state;
    expect("a,b\"c\nd,e\n", &quoted, "1!quote_in_field;2:d|e;");
    expect("\"a\"b,c\nd,e\n", &quoted, "1!text_after_quote;2:d|e;");
    expect("a,\"b\nc,d\ne,f\n", &quoted, "1!quote_unterminated;2:c|d;3:e|f;");
    expect("\"a\nb\"c\nd\n", &quoted, "1!text_after_quote;2!quote_in_field;3:d;");
    expect("\"", &quoted, "1!quote_unterminated;");
}

static void a_zero_byte_spoils_its_record_and_no_other(void **state)
{
    char got[200];

    (void)state;
    assert_int_equal(split("a\nb\0c\nd\n", 8, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1:a;2!nul_byte;3:d;");
    assert_int_equal(split("a\n\"b\n\0\",c\nd\n", 12, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1:a;2!nul_byte;4:d;");
}

static void limits_of_size_spoil_the_record_and_no_other(void **state)
{
    (void)state;
    expect("123456789,a\nb\n", &tiny, "1!field_too_long;2:b;");
    expect("12345678,12345678,12\n", &tiny, "1:12345678|12345678|12;");
    expect("12345678,12345678,123\nb\n", &tiny, "1!record_too_long;2:b;");
    expect("\"1234567\n8,\",a\nb\n", &tiny, "1!field_too_long;3:b;");
    expect("\"12345678901234567890123456\nb,c\nd\n", &tiny, "1!quote_unterminated;2:b|c;3:d;");
}

static void too_many_fields_spoil_the_record(void **state)
{
    char text[3000] = "\"\""; /* a quoted field first: the splitter for quotes */
    char got[200];
    size_t size = 2 + ATP_CSV_FIELD_COUNT_MAX;

    (void)state;
    memset(text + 2, ',', ATP_CSV_FIELD_COUNT_MAX);
    memcpy(text + size, "\nb\n", 3);
    assert_int_equal(split(text, size + 3, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1!too_many_fields;2:b;");
    assert_int_equal(split(text + 2, size + 1, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1!too_many_fields;2:b;");
}

/* Three megabytes: the buffer is filled several times, with records cut anywhere by its end. */
static void records_that_the_buffer_cuts_come_out_whole(void **state)
{
    size_t room = 3u << 20;
    char *text = malloc(room + 100);
    size_t size = 0;
    uint64_t rows = 0;
    atp_csv_t *csv = NULL;
    atp_record_t record;
    uint64_t met = 0;

    (void)state;
    assert_non_null(text);
    for (; size < room; rows++) {
        size += (size_t)sprintf(text + size, rows % 3 == 0 ? "%d,\"a \"\"q\"\"\n%d\",x\n" : "%d,plain,%d\n",
                                (int)rows, (int)rows);
    }
    source_t source = {text, size, 0, 65536};
    assert_int_equal(atp_csv_create(&quoted, read_source, &source, &csv), ATP_OK);
    for (atp_record_status_t status; (status = atp_csv_next(csv, &record)) != ATP_RECORD_END;) {
        if (status == ATP_RECORD_FILL) {
            assert_int_equal(atp_csv_fill(csv, NULL), ATP_OK);
            continue;
        }
        assert_int_equal(record.reason, ATP_REJECT_NONE);
        assert_int_equal(record.field_count, 3);
        assert_int_equal(strtoull(record.fields[0].bytes, NULL, 10), met);
        assert_int_equal(record.line, 1 + met + (met + 2) / 3);
        assert_memory_equal(record.fields[1].bytes, met % 3 == 0 ? "a \"q\"\n" : "plain", 5);
        met++;
    }
    assert_int_equal(met, rows);
    atp_csv_destroy(csv);
    free(text);
}

/* A line of two megabytes, longer than the buffer, costs one bad record. */
static void a_line_longer_than_the_buffer_is_passed_over(void **state)
{
    size_t size = 2u << 20;
    char *text = malloc(size + 10);
    char got[200];

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    memcpy(text + size, "\na,b\n", 5);
    assert_int_equal(split(text, size + 5, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1!record_too_long;2:a|b;");
    text[0] = '"';
    assert_int_equal(split(text, size + 5, &quoted, got, sizeof got), ATP_OK);
    assert_string_equal(got, "1!quote_unterminated;2:a|b;");
    free(text);
}

static void formats_without_a_meaning_are_refused(void **state)
{
    const atp_csv_format_t bad[] = {
        {.delimiter = '"', .has_quotes = true},
        {.delimiter = '\n'},
        {.delimiter = '\r'},
        {.delimiter = '\0'},
        {.delimiter = (char)0xe4},
        {.delimiter = ',', .field_size_max = 2u << 20},
    };
    atp_csv_t *csv = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(atp_csv_create(&bad[i], read_source, NULL, &csv), ATP_ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_lines_are_parted),
        cmocka_unit_test(a_last_line_without_an_end_counts),
        cmocka_unit_test(empty_lines_are_no_records_but_are_counted),
        cmocka_unit_test(a_byte_order_mark_is_dropped),
        cmocka_unit_test(utf_16_is_refused_by_name),
        cmocka_unit_test(quoted_fields_hold_delimiters_quotes_and_line_ends),
        cmocka_unit_test(blanks_are_kept),
        cmocka_unit_test(the_plain_dialect_takes_quotes_as_text),
        cmocka_unit_test(a_bad_quote_spoils_its_record_and_no_other),
        cmocka_unit_test(a_zero_byte_spoils_its_record_and_no_other),
        cmocka_unit_test(limits_of_size_spoil_the_record_and_no_other),
        cmocka_unit_test(too_many_fields_spoil_the_record),
        cmocka_unit_test(records_that_the_buffer_cuts_come_out_whole),
        cmocka_unit_test(a_line_longer_than_the_buffer_is_passed_over),
        cmocka_unit_test(formats_without_a_meaning_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

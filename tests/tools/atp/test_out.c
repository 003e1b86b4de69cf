/* Tables and JSON lines from the same calls. */
#include "tests/test.h"

#include "tools/atp/out/out.h"

#include <stdlib.h>
#include <string.h>

typedef struct page {
    FILE *file;
    char *text;
    size_t size;
    atp_out_t out;
} page_t;

static void open_page(page_t *page, bool is_json, bool has_header)
{
    page->file = open_memstream(&page->text, &page->size);
    assert_non_null(page->file);
    atp_out_init(&page->out, page->file, is_json, has_header);
}

static void close_page(page_t *page, const char *wanted)
{
    atp_out_fini(&page->out);
    assert_int_equal(fclose(page->file), 0);
    if (wanted != NULL) {
        assert_string_equal(page->text, wanted);
        free(page->text);
    }
}

static void put_row(atp_out_t *out, atp_text_t sku, atp_qty_t qty, uint8_t scale)
{
    atp_out_row(out);
    atp_out_text(out, "sku", "SKU", sku);
    atp_out_qty(out, "qty", "QTY", qty, scale);
    atp_out_uint(out, "op", NULL, 9007199254740993); /* no double holds it */
    atp_out_time(out, "time_ms", "TIME", qty == 0 ? 0 : 1795253400000);
}

static void a_table_is_aligned_numbers_to_the_right(void **state)
{
    page_t page;

    (void)state;
    open_page(&page, false, true);
    put_row(&page.out, ATP_TEXT("bike-28"), -2500, 3);
    put_row(&page.out, ATP_TEXT("Größe"), 12, 0);
    put_row(&page.out, (atp_text_t){"", 0}, 0, 0);
    close_page(&page, "SKU         QTY  TIME\n"
                      "bike-28  -2.500  2026-11-21T09:30:00Z\n"
                      "Größe        12  2026-11-21T09:30:00Z\n"
                      "-             0  -\n");
}

static void json_is_exact(void **state)
{
    page_t page;

    (void)state;
    open_page(&page, true, true);
    put_row(&page.out, ATP_TEXT("a\"b"), -2500, 3);
    put_row(&page.out, ATP_TEXT("c"), 0, 0);
    close_page(&page,
               "{\"sku\":\"a\\\"b\",\"qty\":\"-2.500\",\"op\":9007199254740993,\"time_ms\":1795253400000}\n"
               "{\"sku\":\"c\",\"qty\":\"0\",\"op\":9007199254740993,\"time_ms\":null}\n");
}

static void without_a_header_there_are_only_rows(void **state)
{
    page_t page;

    (void)state;
    open_page(&page, false, false);
    put_row(&page.out, ATP_TEXT("a"), 5, 0);
    close_page(&page, "a  5  2026-11-21T09:30:00Z\n");
}

static void each_list_has_a_header_and_columns_of_its_own(void **state)
{
    page_t page;

    (void)state;
    open_page(&page, false, true);
    atp_out_row(&page.out);
    atp_out_string(&page.out, NULL, "LONG NAME", "a");
    atp_out_end(&page.out);
    atp_out_row(&page.out);
    atp_out_string(&page.out, NULL, "X", "b");
    atp_out_none(&page.out, NULL, "Y");
    close_page(&page, "LONG NAME\na\nX  Y\nb  -\n");
}

static void a_name_cannot_steer_the_terminal(void **state)
{
    page_t page;

    (void)state;
    open_page(&page, false, false);
    atp_out_row(&page.out);
    atp_out_string(&page.out, NULL, "NAME",
                   "\033[31mred\r\n\xc2\x9b"
                   "2Jx\x7f");
    atp_out_string(&page.out, NULL, "NEXT", "y");
    close_page(&page, "?[31mred???2Jx?  y\n");
}

static void a_long_list_is_printed_piece_by_piece_under_one_header(void **state)
{
    page_t page;
    size_t lines = 0;

    (void)state;
    open_page(&page, false, true);
    for (int i = 0; i < 2 * ATP_OUT_ROWS_KEPT + 5; i++) {
        atp_out_row(&page.out);
        atp_out_int(&page.out, NULL, "N", i);
        assert_true(page.out.cell_count <= ATP_OUT_ROWS_KEPT);
    }
    close_page(&page, NULL);
    for (const char *at = page.text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 1 + 2 * ATP_OUT_ROWS_KEPT + 5);
    assert_null(strchr(page.text + 5, 'N'));
    free(page.text);
}

static void spans_are_told_in_the_unit_that_fits(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{-5, "0.0 s"},      {1500, "1.5 s"},        {90000, "90 s"},
                 {900000, "15 min"}, {7260000, "2 h 1 min"}, {183600000, "2 d 3 h"}};
    char text[ATP_OUT_SPAN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_out_format_span(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_out_of_any_calendar_are_told_as_numbers(void **state)
{
    char text[ATP_OUT_TIME_SIZE];

    (void)state;
    atp_out_format_time(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807ms");
    atp_out_format_time(-1, text);
    assert_string_equal(text, "-1ms");
    atp_out_format_time(1795253400123, text);
    assert_string_equal(text, "2026-11-21T09:30:00.123Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned_numbers_to_the_right),
        cmocka_unit_test(json_is_exact),
        cmocka_unit_test(without_a_header_there_are_only_rows),
        cmocka_unit_test(each_list_has_a_header_and_columns_of_its_own),
        cmocka_unit_test(a_name_cannot_steer_the_terminal),
        cmocka_unit_test(a_long_list_is_printed_piece_by_piece_under_one_header),
        cmocka_unit_test(spans_are_told_in_the_unit_that_fits),
        cmocka_unit_test(times_out_of_any_calendar_are_told_as_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

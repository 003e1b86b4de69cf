/* Sources in the words of the engine, as rows. */
#include "tests/test.h"

#include "tools/atp/rows/source_rows.h"
#include "tools/atp/rows/words.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct page {
    FILE *file;
    char *text;
    size_t size;
    atp_out_t out;
} page_t;

static void begin(page_t *page, bool is_json)
{
    page->file = open_memstream(&page->text, &page->size);
    assert_non_null(page->file);
    atp_out_init(&page->out, page->file, is_json, true);
}

static void expect(page_t *page, const char *wanted)
{
    atp_out_end(&page->out);
    atp_out_fini(&page->out);
    assert_int_equal(fclose(page->file), 0);
    assert_string_equal(page->text, wanted);
    free(page->text);
}

static atp_catalog_entry_t told(const char *words)
{
    return (atp_catalog_entry_t){.id = ATP_TEXT("wms"), .name = atp_text_of(words)};
}

static void assert_found(const char *text, const char *word, const char *value)
{
    assert_true(atp_text_equal(atp_words_find(atp_text_of(text), word), atp_text_of(value)));
}

static void a_value_ends_where_the_next_word_begins(void **state)
{
    (void)state;
    assert_found("a=1 b=2", "a", "1");
    assert_found("a=1 b=2", "b", "2");
    assert_found("node=New York 2 applied=3", "node", "New York 2");
    assert_found("node=New York 2 applied=3", "applied", "3");
    assert_found("node=x", "nod", "");
    assert_found("node=a b", "b", "");
    assert_found("node= b=1", "node", "");
    assert_found("node= b=1", "b", "1");
    assert_found("", "a", "");
    assert_found("no words", "no", "");
    assert_found("=x", "", "");
}

static void the_last_word_is_taken_with_the_blank_before_it(void **state)
{
    atp_text_t text = ATP_TEXT("New York 2");

    (void)state;
    assert_true(atp_text_equal(atp_words_take_last(&text), ATP_TEXT("2")));
    assert_true(atp_text_equal(atp_words_take_last(&text), ATP_TEXT("York")));
    assert_true(atp_text_equal(atp_words_take_last(&text), ATP_TEXT("New")));
    assert_int_equal(text.size, 0);
    assert_int_equal(atp_words_take_last(&text).size, 0);
}

static void what_is_not_said_of_a_source_is_nothing_and_no_count(void **state)
{
    const atp_catalog_entry_t open = told("state=open heard_ms=1795253400000 batches=3 facts=12 outside=1");
    const atp_catalog_entry_t unknown = told("batches=1");
    page_t page;

    (void)state;
    begin(&page, false);
    atp_source_row_state(&page.out, &open, false);
    atp_source_row_state(&page.out, &unknown, false);
    expect(
        &page,
        "SOURCE  STATE  PAUSED BY  HEARD                 BATCHES  MISSING  LOST  FACTS  REFUSED  OUTSIDE\n"
        "wms     open   -          2026-11-21T09:30:00Z        3        0     0     12        0        1\n"
        "wms     -      -          -                           1        0     0      0        0        0\n");
    begin(&page, true);
    atp_source_row_state(&page.out, &unknown, true);
    expect(&page,
           "{\"source\":\"wms\",\"state\":null,\"paused_by\":null,\"paused_ms\":null,\"heard_ms\":null,"
           "\"epoch\":0,"
           "\"batches\":1,\"missing\":0,\"lost\":0,\"facts\":0,\"refused\":0,\"outside\":0,\"compared\":0,"
           "\"not_compared\":0}\n");
}

static void a_registration_says_spans_to_people_and_milliseconds_to_programs(void **state)
{
    const atp_catalog_entry_t says =
        told("kind=wms class=live sla_ms=900000 breaker=100 breaker_window_ms=60000");
    const atp_catalog_entry_t nobody = told("registered=no");
    page_t page;

    (void)state;
    begin(&page, false);
    atp_source_row_registration(&page.out, &says);
    atp_source_row_registration(&page.out, &nobody);
    expect(
        &page,
        "SOURCE  REGISTERED  KIND  CLASS  RATE  SLA     BREAKER  WINDOW  UNKNOWN NAMES  RESTARTS  SHADOW OF\n"
        "wms     yes         wms   live      -  15 min      100  60 s    -              -         -\n"
        "wms     no          -     -         -  -             -  -       -              -         -\n");
    begin(&page, true);
    atp_source_row_registration(&page.out, &says);
    expect(&page,
           "{\"source\":\"wms\",\"is_registered\":true,\"kind\":\"wms\",\"class\":\"live\",\"rate\":null,"
           "\"sla_ms\":900000,\"breaker\":100,\"breaker_window_ms\":60000,\"unknown_names\":null,"
           "\"restarts\":null,\"shadow_of\":null}\n");
}

static void a_place_may_have_blanks_in_its_name(void **state)
{
    const atp_catalog_entry_t node = told("node:New York on_hand receipts:shared");
    const atp_catalog_entry_t all = told("everywhere catalogue");
    page_t page;

    (void)state;
    begin(&page, false);
    atp_source_row_claim(&page.out, &node);
    atp_source_row_claim(&page.out, &all);
    expect(&page, "SOURCE  PLACE          CLAIMS\n"
                  "wms     node:New York  on_hand receipts:shared\n"
                  "wms     everywhere     catalogue\n");
}

static void differences_are_those_of_the_shadow_that_was_asked_for(void **state)
{
    const atp_catalog_entry_t ours =
        told("shadow=new erp node=paris applied=3 shadowed=4.50 shadowed_count=8");
    const atp_catalog_entry_t other = told("shadow=new node=paris applied=3 shadowed=4");
    page_t page;

    (void)state;
    begin(&page, false);
    assert_true(atp_source_row_difference(&page.out, &ours, "new erp"));
    assert_false(atp_source_row_difference(&page.out, &other, "new erp"));
    expect(&page, "SKU  NODE   APPLIED  SHADOWED  APPLIED COUNT  SHADOWED COUNT\n"
                  "wms  paris        3      4.50              -               8\n");
    begin(&page, true);
    assert_true(atp_source_row_difference(&page.out, &ours, "new erp"));
    expect(
        &page,
        "{\"sku\":\"wms\",\"node\":\"paris\",\"applied\":\"3\",\"shadowed\":\"4.50\",\"applied_count\":null,"
        "\"shadowed_count\":\"8\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_ends_where_the_next_word_begins),
        cmocka_unit_test(the_last_word_is_taken_with_the_blank_before_it),
        cmocka_unit_test(what_is_not_said_of_a_source_is_nothing_and_no_count),
        cmocka_unit_test(a_registration_says_spans_to_people_and_milliseconds_to_programs),
        cmocka_unit_test(a_place_may_have_blanks_in_its_name),
        cmocka_unit_test(differences_are_those_of_the_shadow_that_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

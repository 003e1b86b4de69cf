/* Bills of materials: dates, rows of kits, recipes of them; on the sample, and on the AdventureWorks export where it is. */
#include "tests/loaders/support.h"

#include "engine/base/attribute.h"
#include "loaders/mapping/date.h"
#include "loaders/rows/recipes.h"

#define SAMPLES        ATP_SOURCE_FOLDER "/loaders/samples/"
#define ADVENTUREWORKS ATP_SOURCE_FOLDER "/../shared/data/adventureworks/"

#define DAY(days) ((days)*ATP_DAY_MS)

/* What a load delivered, gathered into recipes. */
typedef struct gathered {
    atp_recipes_t *recipes;
    atp_load_report_t report;
    atp_command_t command; /* the last one */
    atp_command_line_t lines[ATP_LINES_PER_OP_MAX];
    atp_attribute_t attributes[ATP_ATTRIBUTES_PER_OP_MAX];
} gathered_t;

static atp_err_t take(void *context, const atp_load_row_t *rows, uint32_t count, atp_why_t *ret_why)
{
    gathered_t *gathered = context;

    (void)ret_why;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(atp_recipes_add(gathered->recipes, &rows[i]), ATP_OK);
    }
    return ATP_OK;
}

static gathered_t *gather(const char *profile_name, const char *path)
{
    gathered_t *gathered = calloc(1, sizeof *gathered);
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_profile_t *profile = NULL;
    atp_load_t *load = NULL;
    atp_why_t why = {""};

    assert_non_null(gathered);
    assert_int_equal(atp_recipes_create(&gathered->recipes), ATP_OK);
    if (atp_profile_load(profile_name, &profile, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    options.profile = profile;
    options.path = path;
    if (atp_load_open(&options, &load, &why) != ATP_OK || atp_load_validate(load, &why) != ATP_OK ||
        atp_load_deliver(load, take, gathered, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    gathered->report = *atp_load_report(load);
    assert_int_equal(atp_load_close(load, &why), ATP_OK);
    atp_profile_destroy(profile);
    atp_recipes_sort(gathered->recipes);
    return gathered;
}

static void gathered_free(gathered_t *gathered)
{
    atp_recipes_destroy(gathered->recipes);
    free(gathered);
}

static bool next(gathered_t *gathered)
{
    bool is_cut = true;
    bool is_there = atp_recipes_next(gathered->recipes, &gathered->command, gathered->lines,
                                     gathered->attributes, &is_cut);

    assert_true(!is_there || !is_cut);
    return is_there;
}

static int64_t date_of(const gathered_t *gathered, unsigned key, uint32_t line)
{
    const atp_attribute_t *attribute = atp_attributes_find(&gathered->command, key, line);
    return attribute == NULL ? 0 : attribute->number;
}

static void assert_component(const gathered_t *gathered, uint32_t line, const char *sku, atp_qty_t qty)
{
    assert_true(atp_text_equal(gathered->lines[line].sku, atp_text_of(sku)));
    assert_int_equal(gathered->lines[line].mantissa, qty);
    assert_int_equal(gathered->lines[line].node.size, 0);
}

/* ---- dates ---- */

static void assert_date(const char *text, int64_t expected_ms)
{
    int64_t ms = -1;

    assert_true(atp_date_parse(atp_text_of(text), &ms));
    assert_int_equal(ms, expected_ms);
}

static void dates_are_read_exactly(void **state)
{
    (void)state;
    assert_date("1970-01-01", 0);
    assert_date("1970-01-02 00:00", DAY(1));
    assert_date("2000-02-29", DAY(11016));
    assert_date("2021-05-25 00:00:00.000", DAY(18772));
    assert_date("2021-05-25T14:30:05.25Z", DAY(18772) + ((14 * 60 + 30) * 60 + 5) * 1000 + 250);
    assert_date("9999-12-31", DAY(2932896));
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "2021",
                                      "2021-5-25",
                                      "2021-02-29",
                                      "2021-13-01",
                                      "2021-00-10",
                                      "1969-12-31",
                                      "2021-05-25x",
                                      "2021-05-25 ",
                                      "2021-05-25 24:00",
                                      "2021-05-25 10:60",
                                      "2021-05-25 10:10:10.",
                                      "2021-05-25 10:10:10.1234",
                                      "25.05.2021"};
    int64_t ms = 7;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(atp_date_parse(atp_text_of(bad[i]), &ms));
        assert_int_equal(ms, 7);
    }
}

/* ---- rows ---- */

static void the_sample_of_kits_loads(void **state)
{
    gathered_t *gathered = gather("kits", SAMPLES "kits.csv");

    (void)state;
    assert_int_equal(gathered->report.rows_delivered, 6);
    assert_true(next(gathered));
    assert_int_equal(gathered->command.kind, ATP_OP_KIT);
    assert_true(atp_text_equal(gathered->command.subject, ATP_TEXT("bike")));
    assert_int_equal(gathered->command.line_count,
                     3); /* though a row of it stands after those of the wheel */
    assert_component(gathered, 0, "frame", 1);
    assert_component(gathered, 1, "wheel", 2);
    assert_component(gathered, 2, "bell", 1);
    assert_int_equal(date_of(gathered, ATP_KEY_START, 2), DAY(18772));
    assert_int_equal(date_of(gathered, ATP_KEY_START, 0), 0);
    assert_true(next(gathered));
    assert_true(atp_text_equal(gathered->command.subject, ATP_TEXT("wheel")));
    assert_int_equal(gathered->command.line_count, 3);
    assert_component(gathered, 1, "spoke", 36);
    assert_component(gathered, 2, "spoke", 32);
    assert_int_equal(date_of(gathered, ATP_KEY_END, 1),
                     date_of(gathered, ATP_KEY_START, 2)); /* no gap, no overlap */
    assert_int_equal(date_of(gathered, ATP_KEY_END, 2), 0);
    unsigned key;
    uint32_t line;
    assert_int_equal(atp_attributes_check(&gathered->command, &key, &line), ATP_APPLIED);
    assert_false(next(gathered));
    gathered_free(gathered);
}

static void bad_rows_of_kits_are_told(void **state)
{
    static const char text[] = "kit,sku,quantity,start,end\n"
                               ",a,1,,\n"
                               "k,,1,,\n"
                               "k,a,0,,\n"
                               "k,a,-1,,\n"
                               "k,a,1,yesterday,\n"
                               "k,a,1,2021-05-02,2021-05-02\n"
                               "k,b,1,2021-05-02,\n"
                               "k,b,2,2021-05-02,\n"
                               "k,b,2,2021-05-03,\n";
    static const atp_reason_of_reject_t expected[] = {
        ATP_REJECT_KIT_EMPTY,    ATP_REJECT_SKU_EMPTY,    ATP_REJECT_QTY_ZERO, ATP_REJECT_QTY_NEGATIVE,
        ATP_REJECT_DATE_INVALID, ATP_REJECT_DATE_INVALID, ATP_REJECT_DUPLICATE};
    const scratch_t *scratch = *state;
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(scratch, "kits.csv", text);
    options.path = scratch_path(scratch, "kits.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with("kits", &options);
    assert_int_equal(loaded->report.rows_good, 2);
    assert_int_equal(loaded->reject_count, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < loaded->reject_count; i++) {
        assert_int_equal(loaded->rejects[i].reason, expected[i]);
    }
    assert_string_equal(loaded->reject_columns[0], "kit");
    assert_string_equal(loaded->reject_columns[4], "start");
    assert_string_equal(loaded->reject_columns[5], "end");
    loaded_free(loaded);
}

static void a_last_day_is_in_the_span(void **state)
{
    static const char profile[] = "version: 1\nname: x\nloads: kits\nformat: {delimiter: ',', header: true}\n"
                                  "columns: {kit: k, sku: s, quantity: q, end: e}\nend_date: last_day\n";
    const scratch_t *scratch = *state;

    scratch_write_text(scratch, "kits.csv", "k,s,q,e\nk,s,1,1970-01-01\nk,t,1,\n");
    loaded_t *loaded = load_file(profile, scratch_path(scratch, "kits.csv"));
    assert_int_equal(loaded->row_count, 2);
    assert_int_equal(loaded->rows[0].row.end_ms, DAY(1));
    assert_int_equal(loaded->rows[1].row.end_ms, 0);
    loaded_free(loaded);
}

static void a_kit_without_room_in_one_operation_is_cut_and_told(void **state)
{
    gathered_t *gathered = calloc(1, sizeof *gathered);
    char name[16];
    bool is_cut;

    (void)state;
    assert_int_equal(atp_recipes_create(&gathered->recipes), ATP_OK);
    for (unsigned i = 0; i <= ATP_LINES_PER_OP_MAX; i++) {
        snprintf(name, sizeof name, "c%u", i);
        atp_load_row_t row = {.kit = ATP_TEXT("k"), .sku = atp_text_of(name)};
        row.qty[ATP_LOAD_QUANTITY].mantissa = 1;
        assert_int_equal(atp_recipes_add(gathered->recipes, &row), ATP_OK);
    }
    atp_recipes_sort(gathered->recipes);
    assert_true(atp_recipes_next(gathered->recipes, &gathered->command, gathered->lines, gathered->attributes,
                                 &is_cut));
    assert_true(is_cut);
    assert_int_equal(gathered->command.line_count, ATP_LINES_PER_OP_MAX);
    assert_false(next(gathered));
    gathered_free(gathered);
}

static void a_profile_of_kits_says_what_it_needs(void **state)
{
    atp_profile_t *profile = NULL;
    atp_why_t why = {""};
    atp_text_t yaml = ATP_TEXT("version: 1\nname: x\nloads: kits\nformat: {delimiter: ',', header: true}\n"
                               "columns: {kit: k, sku: s}\n");

    (void)state;
    assert_int_equal(atp_profile_parse(yaml, "x", &profile, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, "quantity");
    yaml = ATP_TEXT("version: 1\nname: x\nloads: kits\nformat: {delimiter: ',', header: true}\n"
                    "columns: {kit: k, sku: s, quantity: q}\nend_date: last_day\n");
    assert_int_equal(atp_profile_parse(yaml, "x", &profile, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, "end_date");
    yaml = ATP_TEXT("version: 1\nname: x\nloads: kits\nformat: {delimiter: ',', header: true}\n"
                    "columns: {kit: k, sku: s, quantity: q}\nsupply_kind: asn\n");
    assert_int_equal(atp_profile_parse(yaml, "x", &profile, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, "supply_kind");
}

/* ---- the real one ---- */

static void the_adventureworks_bill_of_materials_loads(void **state)
{
    uint32_t kits = 0;
    uint32_t components = 0;
    uint32_t ends = 0;

    (void)state;
    if (access(ADVENTUREWORKS "BillOfMaterials.csv", R_OK) != 0) {
        print_message("[   NOTE   ] passed over: there is no " ADVENTUREWORKS "\n");
        return;
    }
    gathered_t *gathered = gather("adventureworks-kits", ADVENTUREWORKS "BillOfMaterials.csv");
    assert_int_equal(gathered->report.records, 2679);
    assert_int_equal(gathered->report.rows_skipped, 103); /* top level */
    assert_int_equal(gathered->report.rows_bad, 0);
    while (next(gathered)) {
        kits++;
        components += gathered->command.line_count;
        for (uint32_t i = 0; i < gathered->command.line_count; i++) {
            int64_t start = date_of(gathered, ATP_KEY_START, i);
            int64_t end = date_of(gathered, ATP_KEY_END, i);
            ends += end != 0;
            assert_true(start > 0 && (end == 0 || end > start));
        }
    }
    assert_int_equal(kits, 238);
    assert_int_equal(components, 2576);
    assert_int_equal(ends, 193);
    gathered_free(gathered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_read_exactly),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(the_sample_of_kits_loads),
        cmocka_unit_test_setup_teardown(bad_rows_of_kits_are_told, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_last_day_is_in_the_span, scratch_setup, scratch_teardown),
        cmocka_unit_test(a_kit_without_room_in_one_operation_is_cut_and_told),
        cmocka_unit_test(a_profile_of_kits_says_what_it_needs),
        cmocka_unit_test(the_adventureworks_bill_of_materials_loads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

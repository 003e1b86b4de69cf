/* The shipped profiles on the files they are for: our own samples, and the AdventureWorks export where it is. */
#include "tests/loaders/support.h"

#include "engine/ledger/supply/supplies.h"
#include "loaders/mapping/date.h"

#define SAMPLES        ATP_SOURCE_FOLDER "/loaders/samples/"
#define ADVENTUREWORKS ATP_SOURCE_FOLDER "/../shared/data/adventureworks/"

static void expect_row(const loaded_t *loaded, const char *sku, const char *node, atp_qty_t on_hand,
                       atp_qty_t unavailable)
{
    const kept_row_t *kept = loaded_find(loaded, sku, node);

    assert_non_null(kept);
    assert_int_equal(kept->row.qty[ATP_LOAD_ON_HAND].mantissa, on_hand);
    assert_int_equal(kept->row.qty[ATP_LOAD_UNAVAILABLE].mantissa, unavailable);
    assert_true(kept->row.qty[ATP_LOAD_UNAVAILABLE].is_given);
}

static void the_shopify_sample_loads(void **state)
{
    loaded_t *loaded = load_file("shopify-inventory", SAMPLES "shopify-inventory.csv");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 6);
    assert_int_equal(loaded->report.rows_skipped, 2); /* not stocked, and without a SKU */
    assert_int_equal(loaded->report.rows_bad, 0);
    expect_row(loaded, "LS-M-WHT", "Lisbon warehouse", 80, 7); /* 2 unavailable and 5 committed */
    expect_row(loaded, "PAN-24", "Porto shop", 1, 2);          /* oversold by Shopify: nothing to promise */
    assert_string_equal(loaded_find(loaded, "PAN-24", "Porto shop")->name, "Frying pan 24\" non-stick");
    expect_row(loaded, "CANDLE-1", "Lisbon warehouse", 31, 0);
    assert_int_equal(loaded_find(loaded, "CANDLE-1", "Lisbon warehouse")->row.line, 9);
    loaded_free(loaded);
}

static void the_magento_sample_loads(void **state)
{
    loaded_t *loaded = load_file("magento-stock-sources", SAMPLES "magento-stock-sources.csv");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 8);
    expect_row(loaded, "24-MB01", "default", 100, 0);
    expect_row(loaded, "24-MB03", "default", 12, 12); /* out of stock: there, not for sale */
    expect_row(loaded, "WS12, \"Radiant\"", "berlin", 25, 0);
    loaded_free(loaded);
}

static void the_json_lines_sample_loads(void **state)
{
    loaded_t *loaded = load_file("json-lines", SAMPLES "stock.jsonl");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded_find(loaded, "chain-oil", "berlin")->row.qty[ATP_LOAD_ON_HAND].mantissa, 40);
    assert_string_equal(loaded_find(loaded, "bike-28", "berlin")->name, "City bike, 28 inch");
    assert_int_equal(loaded_find(loaded, "bike-28", "paris")->row.line, 2);
    loaded_free(loaded);
}

static void the_x12_846_sample_loads(void **state)
{
    loaded_t *loaded = load_file("x12-846", SAMPLES "x12-846.edi");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded->report.rows_skipped, 1); /* 33: follows from the others */
    expect_row(loaded, "bike-28", "hamburg", 120, 4);
    expect_row(loaded, "helmet-m", "hamburg", 35, 0);
    expect_row(loaded, "bike-28", "bremen", 7, 0);
    loaded_free(loaded);
}

/* The sample of an 846 whose second report is of the warehouse of the first. */
static void write_reports_of_one_place(const scratch_t *scratch)
{
    static const char second[] = "*92*bremen~";
    char text[8192] = "";
    char changed[sizeof text + 16];
    FILE *in = fopen(SAMPLES "x12-846.edi", "re");

    assert_non_null(in);
    (void)fread(text, 1, sizeof text - 1, in);
    fclose(in);
    char *found = strstr(text, second);
    assert_non_null(found);
    *found = '\0';
    int size = snprintf(changed, sizeof changed, "%s*92*hamburg~%s", text, found + strlen(second));
    assert_in_range(size, 1, sizeof changed - 1);
    scratch_write_text(scratch, "reports.edi", changed);
}

static void what_a_later_report_tells_takes_the_place_of_an_earlier_one(void **state)
{
    write_reports_of_one_place(*state);
    loaded_t *loaded = load_file("x12-846", scratch_path(*state, "reports.edi"));

    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 2);
    expect_row(loaded, "bike-28", "hamburg", 7, 0);   /* 120 and 4 were told before */
    expect_row(loaded, "helmet-m", "hamburg", 35, 0); /* the later report does not speak of it */
    assert_int_equal(loaded_find(loaded, "bike-28", "hamburg")->row.origin.message, 2);
    assert_int_equal(loaded->report.rows_merged, 2);
    loaded_free(loaded);
}

static void the_sap_samples_load(void **state)
{
    loaded_t *loaded = load_file("sap-proact01", SAMPLES "sap-proact01.idoc");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 3);
    assert_int_equal(loaded->report.rows_skipped, 2); /* in transfer, and consumption over time */
    expect_row(loaded, "bike-28", "hamburg", 134, 4);
    expect_row(loaded, "helmet-m", "hamburg", 37, 2);
    expect_row(loaded, "bike-28", "bremen", 7, 0);
    assert_int_equal(loaded_find(loaded, "bike-28", "bremen")->row.origin.message, 2);
    loaded_free(loaded);

    loaded = load_file("sap-invrpt01", SAMPLES "sap-invrpt01.idoc");
    assert_int_equal(loaded->delivered, ATP_OK);
    expect_row(loaded, "bike-28", "hamburg", 119, 1);
    expect_row(loaded, "helmet-m", "hamburg", 5, 5);
    loaded_free(loaded);
}

static void every_bad_row_of_an_idoc_has_its_line_and_reason(void **state)
{
    const scratch_t *scratch = *state;
    char text[8192] = "";
    FILE *in = fopen(SAMPLES "sap-proact01.idoc", "re");

    assert_non_null(in);
    size_t size = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    memcpy(strstr(text, "0214.000"), "059", 3);
    memcpy(strstr(text, "02035 "), "0203-", 5);
    scratch_write(scratch, "bad.idoc", text, size);
    loaded_t *loaded = load_file("sap-proact01", scratch_path(scratch, "bad.idoc"));
    assert_int_equal(loaded->delivered, ATP_ERR_COUNT); /* nothing of it is loaded */
    assert_int_equal(loaded->reject_count, 2);
    assert_int_equal(loaded->rejects[0].line, 6);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_STATUS_UNKNOWN);
    assert_string_equal(loaded->reject_columns[0], "status");
    assert_int_equal(loaded->rejects[1].line, 12);
    assert_int_equal(loaded->rejects[1].reason, ATP_REJECT_QTY_MALFORMED);
    loaded_free(loaded);
}

static void the_x12_852_sample_loads(void **state)
{
    loaded_t *loaded = load_file("x12-852", SAMPLES "x12-852.edi");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 5);
    assert_int_equal(loaded->report.rows_skipped, 1); /* a snapshot is no fact */
    static const struct {
        const char *event;
        const char *sku;
        const char *node;
        unsigned kind;
        atp_qty_t qty;
    } facts[] = {
        {"STORES-261121-0300-000000907-1.5-s1", "bike-28", "s1", ATP_OP_SALE, 5},
        {"STORES-261121-0300-000000907-1.5-s2", "bike-28", "s2", ATP_OP_SALE, 3},
        {"STORES-261121-0300-000000907-1.5-s3", "bike-28", "s3", ATP_OP_SALE, 1},
        {"STORES-261121-0300-000000907-1.8-s1", "bike-28", "s1", ATP_OP_RECEIVE,
         20}, /* of the same item and store */
        {"STORES-261121-0300-000000907-1.12-", "helmet-m", "outlet", ATP_OP_ADJUST, 2},
    };
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        const kept_row_t *kept = &loaded->rows[i];
        assert_string_equal(kept->event, facts[i].event);
        assert_string_equal(kept->sku, facts[i].sku);
        assert_string_equal(kept->node, facts[i].node);
        assert_int_equal(kept->row.fact, facts[i].kind);
        assert_int_equal(kept->row.qty[ATP_LOAD_QUANTITY].mantissa, facts[i].qty);
    }
    loaded_free(loaded);
}

/* A sample with `from` told as `to`; valid until the next. */
static const char *changed_sample(const scratch_t *scratch, const char *sample, const char *from,
                                  const char *to)
{
    char text[8192] = "";
    char changed[8192];
    FILE *in = fopen(sample, "re");

    assert_non_null(in);
    (void)fread(text, 1, sizeof text - 1, in);
    fclose(in);
    const char *at = strstr(text, from);
    assert_non_null(at);
    (void)snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    scratch_write_text(scratch, "changed.edi", changed);
    return scratch_path(scratch, "changed.edi");
}

static const char *changed_852(const scratch_t *scratch, const char *from, const char *to)
{
    return changed_sample(scratch, SAMPLES "x12-852.edi", from, to);
}

static void a_correction_of_an_852_goes_either_way(void **state)
{
    loaded_t *loaded = load_file("x12-852", changed_852(*state, "ZA*QT*2*EA~", "ZA*QT*-2*EA~"));

    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 5);
    const atp_load_row_t *row = &loaded->rows[4].row;
    assert_int_equal(row->fact, ATP_OP_ADJUST);
    assert_true(row->is_down);
    assert_int_equal(row->qty[ATP_LOAD_QUANTITY].mantissa, 2);
    loaded_free(loaded);

    loaded = load_file("x12-852", changed_852(*state, "ZA*QR*20*EA~\nSDQ*EA*92*s1*20~",
                                              "ZA*QT*-6*EA~\nSDQ*EA*92*s1*-20*s2*14*s3*0~"));
    assert_int_equal(loaded->delivered, ATP_OK); /* by store, and nothing for one of them */
    assert_int_equal(loaded->row_count, 6);
    assert_true(loaded->rows[3].row.is_down);
    assert_int_equal(loaded->rows[3].row.qty[ATP_LOAD_QUANTITY].mantissa, 20);
    assert_false(loaded->rows[4].row.is_down);
    assert_string_equal(loaded->rows[4].node, "s2");
    assert_int_equal(loaded->report.rows_skipped, 2);
    loaded_free(loaded);
}

static void what_is_sold_or_received_is_above_zero(void **state)
{
    static const char *const changes[][2] = {{"SDQ*EA*92*s3*1~", "SDQ*EA*92*s3*-1~"},
                                             {"SDQ*EA*92*s1*20~", "SDQ*EA*92*s1*-20~"}};

    for (size_t i = 0; i < 2; i++) {
        loaded_t *loaded = load_file("x12-852", changed_852(*state, changes[i][0], changes[i][1]));
        assert_int_equal(loaded->validated, ATP_ERR_INVALID);
        assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_QTY_NEGATIVE);
        loaded_free(loaded);
    }
    loaded_t *loaded = load_file("x12-852", changed_852(*state, "ZA*QR*20", "ZA*QU*20"));
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_STATUS_UNKNOWN); /* returned: not guessed */
    loaded_free(loaded);
    loaded = load_file("x12-852", changed_852(*state, "ZA*QA*4", "ZA*QP*4"));
    assert_int_equal(loaded->delivered, ATP_OK); /* on order: nothing has happened */
    assert_int_equal(loaded->report.rows_skipped, 1);
    loaded_free(loaded);
    loaded = load_file("x12-852-stock", changed_852(*state, "ZA*QT*2", "ZA*QT*-2"));
    assert_int_equal(loaded->delivered, ATP_OK); /* what is passed over is not looked at */
    loaded_free(loaded);
}

static void expect_supply(const atp_load_row_t *row, atp_qty_t qty, const char *due)
{
    int64_t due_ms;

    assert_true(atp_date_parse(atp_text_of(due), &due_ms));
    assert_int_equal(row->qty[ATP_LOAD_QUANTITY].mantissa, qty);
    assert_int_equal(row->expected[0].number, due_ms);
    assert_int_equal(row->expected[1].number, ATP_SUPPLY_ASN);
}

static void the_stock_of_an_x12_852_loads(void **state)
{
    loaded_t *loaded = load_file("x12-852-stock", changed_852(*state, "ZA*QS*9*EA~", "ZA*QA*9*EA~"));

    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 4);
    assert_int_equal(loaded->report.rows_skipped, 2); /* received and corrected */
    expect_row(loaded, "bike-28", "s1", 5, 0);
    expect_row(loaded, "bike-28", "s2", 3, 0);
    expect_row(loaded, "bike-28", "s3", 1, 0);
    expect_row(loaded, "helmet-m", "outlet", 4, 0);
    loaded_free(loaded);
}

static void the_x12_856_sample_loads(void **state)
{
    loaded_t *loaded = load_file("x12-856", SAMPLES "x12-856.edi");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 2);
    expect_supply(&loaded_find(loaded, "bike-28", "paris")->row, 12, "2026-12-14");
    expect_supply(&loaded_find(loaded, "helmet-m", "paris")->row, 30, "2026-12-14");
    loaded_free(loaded);
}

static void segments_that_partners_send_beside_are_passed_over(void **state)
{
    loaded_t *x12 = load_file("x12-846", SAMPLES "x12-846-5010.edi");
    loaded_t *notice = load_file("x12-856", SAMPLES "x12-856-5010.edi");
    loaded_t *desadv = load_file("edifact-desadv", SAMPLES "edifact-desadv-d01b.edi");

    (void)state;
    assert_int_equal(x12->delivered, ATP_OK);
    assert_int_equal(x12->row_count, 2);
    assert_int_equal(x12->report.rows_skipped, 5);
    expect_row(x12, "bike-28", "hamburg", 120, 4);
    expect_row(x12, "helmet-m", "hamburg", 35, 0);
    loaded_free(x12);
    assert_int_equal(notice->delivered, ATP_OK);
    assert_int_equal(notice->row_count, 2);
    expect_supply(&loaded_find(notice, "bike-28", "paris")->row, 12, "2026-12-14");
    expect_supply(&loaded_find(notice, "helmet-m", "paris")->row, 30, "2026-12-14");
    loaded_free(notice);
    assert_int_equal(desadv->delivered, ATP_OK);
    assert_int_equal(desadv->row_count, 2);
    assert_int_equal(desadv->report.rows_skipped, 2);
    expect_supply(&loaded_find(desadv, "BIKE-28", "HAMBURG")->row, 45, "2026-11-30");
    expect_supply(&loaded_find(desadv, "HELMET-M", "HAMBURG")->row, 5, "2026-11-30");
    loaded_free(desadv);
}

static void what_an_invrpt_holds_back_is_there_beside_its_actual_stock(void **state)
{
    loaded_t *loaded = load_file("edifact-invrpt", SAMPLES "edifact-invrpt-d01b.edi");

    (void)state;
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 2);
    assert_int_equal(loaded->report.rows_skipped, 3);
    expect_row(loaded, "BIKE-28", "HAMBURG", 40, 5);
    expect_row(loaded, "HELMET-M", "HAMBURG", 12, 0);
    loaded_free(loaded);
}

static void all_that_is_there_is_not_taken_for_actual_stock(void **state)
{
    const char *both =
        changed_sample(*state, SAMPLES "edifact-invrpt-d01b.edi", "QTY+198:12:PCE'", "QTY+17:40:PCE'");
    loaded_t *loaded = load_file("edifact-invrpt", both);

    assert_int_equal(loaded->validated, ATP_ERR_INVALID);
    assert_int_equal(loaded->rejects[0].reason, ATP_REJECT_STATUS_UNKNOWN);
    loaded_free(loaded);
}

static void the_edifact_samples_load(void **state)
{
    loaded_t *invrpt = load_file("edifact-invrpt", SAMPLES "edifact-invrpt.edi");
    loaded_t *desadv = load_file("edifact-desadv", SAMPLES "edifact-desadv.edi");

    (void)state;
    assert_int_equal(invrpt->delivered, ATP_OK);
    assert_int_equal(invrpt->row_count, 2);
    expect_row(invrpt,
               "helm-gr\xc3\xb6\xc3\x9f"
               "e-m",
               "hamburg", 35, 0);                       /* UNOC: ISO 8859-1 */
    expect_row(invrpt, "O'Brien+Co", "hamburg", 12, 0); /* released signs */
    loaded_free(invrpt);
    assert_int_equal(desadv->delivered, ATP_OK);
    assert_int_equal(desadv->row_count, 2);
    expect_supply(&loaded_find(desadv, "bike-28", "4000001000005")->row, 45, "2026-11-30");
    expect_supply(&loaded_find(desadv, "helmet-m", "4000001000005")->row, 5, "2026-11-30");
    loaded_free(desadv);
}

static bool has_adventureworks(void)
{
    if (access(ADVENTUREWORKS "Product.csv", R_OK) == 0) {
        return true;
    }
    print_message("[   NOTE   ] passed over: there is no " ADVENTUREWORKS "\n");
    return false;
}

/* What stays sellable: on-hand less safety, of the SKU over all its rows. */
static void count_sellable(const loaded_t *loaded, int64_t *ret_skus, int64_t *ret_units)
{
    *ret_skus = 0;
    *ret_units = 0;
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        int64_t sellable = 0;
        bool is_first = true;
        for (uint32_t j = 0; j < loaded->row_count; j++) {
            if (strcmp(loaded->rows[i].sku, loaded->rows[j].sku) != 0) {
                continue;
            }
            is_first = is_first && j >= i;
            int64_t left = loaded->rows[j].row.qty[ATP_LOAD_ON_HAND].mantissa -
                           loaded->rows[j].row.qty[ATP_LOAD_SAFETY].mantissa;
            sellable += left > 0 ? left : 0;
        }
        if (is_first && sellable > 0) {
            ++*ret_skus;
            *ret_units += sellable;
        }
    }
}

static void the_adventureworks_inventory_is_whole_and_stays_sellable(void **state)
{
    int64_t units = 0;
    int64_t safety = 0;
    int64_t skus = 0;
    int64_t sellable = 0;

    (void)state;
    if (!has_adventureworks()) {
        return;
    }
    loaded_t *loaded = load_file("adventureworks-inventory", ADVENTUREWORKS "ProductInventory.csv");
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 1069);
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        units += loaded->rows[i].row.qty[ATP_LOAD_ON_HAND].mantissa;
        safety += loaded->rows[i].row.qty[ATP_LOAD_SAFETY].mantissa;
    }
    assert_int_equal(units, 335974);
    assert_non_null(loaded_find(loaded, "AR-5381", "50"));
    assert_int_equal(loaded_find(loaded, "AR-5381", "50")->row.qty[ATP_LOAD_ON_HAND].mantissa, 353);
    assert_int_equal(loaded_find(loaded, "AR-5381", "50")->row.qty[ATP_LOAD_SAFETY].mantissa, 325);
    count_sellable(loaded, &skus, &sellable);
    print_message("[   NOTE   ] %d units, %d safety, %d sellable units of %d SKUs\n", (int)units, (int)safety,
                  (int)sellable, (int)skus);
    assert_int_equal(skus, 363);
    assert_int_equal(sellable, 108286);
    loaded_free(loaded);
}

static void the_adventureworks_products_and_locations_have_names(void **state)
{
    (void)state;
    if (!has_adventureworks()) {
        return;
    }
    loaded_t *loaded = load_file("adventureworks-products", ADVENTUREWORKS "Product.csv");
    assert_int_equal(loaded->row_count, 504);
    assert_string_equal(loaded_find(loaded, "AR-5381", "")->name, "Adjustable Race");
    assert_int_equal(loaded_find(loaded, "AR-5381", "")->row.qty[ATP_LOAD_SAFETY].mantissa, 1000);
    loaded_free(loaded);
    loaded = load_file("adventureworks-locations", ADVENTUREWORKS "Location.csv");
    assert_int_equal(loaded->row_count, 14);
    assert_string_equal(loaded_find(loaded, "", "1")->name, "Tool Crib");
    loaded_free(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shopify_sample_loads),
        cmocka_unit_test(the_magento_sample_loads),
        cmocka_unit_test(the_json_lines_sample_loads),
        cmocka_unit_test(the_x12_846_sample_loads),
        cmocka_unit_test_setup_teardown(what_a_later_report_tells_takes_the_place_of_an_earlier_one,
                                        scratch_setup, scratch_teardown),
        cmocka_unit_test(the_sap_samples_load),
        cmocka_unit_test_setup_teardown(every_bad_row_of_an_idoc_has_its_line_and_reason, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(the_x12_852_sample_loads),
        cmocka_unit_test_setup_teardown(a_correction_of_an_852_goes_either_way, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(what_is_sold_or_received_is_above_zero, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(the_stock_of_an_x12_852_loads, scratch_setup, scratch_teardown),
        cmocka_unit_test(the_x12_856_sample_loads),
        cmocka_unit_test(the_edifact_samples_load),
        cmocka_unit_test(segments_that_partners_send_beside_are_passed_over),
        cmocka_unit_test(what_an_invrpt_holds_back_is_there_beside_its_actual_stock),
        cmocka_unit_test_setup_teardown(all_that_is_there_is_not_taken_for_actual_stock, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(the_adventureworks_inventory_is_whole_and_stays_sellable),
        cmocka_unit_test(the_adventureworks_products_and_locations_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

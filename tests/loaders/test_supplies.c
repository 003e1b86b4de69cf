/* Files of what is expected, onto a ledger: the sample, bad rows, and the AdventureWorks purchase orders where they are. */
#include "tests/engine/ledger/ledger_fixture.h"
#include "tests/loaders/support.h"

#include "loaders/commands.h"

#define SAMPLES        ATP_SOURCE_FOLDER "/loaders/samples/"
#define ADVENTUREWORKS ATP_SOURCE_FOLDER "/../shared/data/adventureworks/"
#define DAY            INT64_C(86400000)

typedef struct onto {
    fixture_t f;
    atp_load_commands_t *commands;
    atp_load_report_t report;
    uint32_t supplies;
} onto_t;

static atp_err_t take(void *context, const atp_load_row_t *rows, uint32_t count, atp_why_t *ret_why)
{
    onto_t *onto = context;

    (void)ret_why;
    for (uint32_t i = 0; i < count; i++) {
        atp_command_t commands[ATP_LOAD_COMMANDS_PER_ROW_MAX];
        atp_command_line_t lines[ATP_LOAD_COMMANDS_PER_ROW_MAX];
        uint32_t made = 0;
        assert_int_equal(atp_load_commands_of_row(onto->commands, &rows[i], commands, lines, &made), ATP_OK);
        for (uint32_t k = 0; k < made; k++) {
            assert_verdict(fixture_do(&onto->f, commands[k]), ATP_APPLIED);
            onto->supplies += commands[k].kind == ATP_OP_SUPPLY;
        }
    }
    return ATP_OK;
}

/* Loads a file onto an empty ledger whose time is `now_ms`. */
static onto_t *load_onto(const char *profile_name, const char *path, int64_t now_ms)
{
    onto_t *onto = calloc(1, sizeof *onto);
    atp_ledger_config_t config = fixture_config();
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;
    atp_profile_t *profile = NULL;
    atp_load_t *load = NULL;
    atp_why_t why = {""};

    assert_non_null(onto);
    config.skus = 1000;
    config.positions = 2000;
    config.supplies = 1000;
    onto->f = fixture_open(&config);
    onto->f.is_unchecked = true;
    onto->f.now_ms = now_ms;
    assert_int_equal(atp_load_commands_create(ATP_LOADS_SUPPLIES, NULL, &onto->commands), ATP_OK);
    if (atp_profile_load(profile_name, &profile, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    options.profile = profile;
    options.path = path;
    if (atp_load_open(&options, &load, &why) != ATP_OK || atp_load_validate(load, &why) != ATP_OK ||
        atp_load_deliver(load, take, onto, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    onto->report = *atp_load_report(load);
    assert_int_equal(atp_load_close(load, &why), ATP_OK);
    atp_profile_destroy(profile);
    return onto;
}

static void onto_free(onto_t *onto)
{
    atp_load_commands_destroy(onto->commands);
    fixture_close(&onto->f); /* checks the ledger */
    free(onto);
}

/* What supply adds over all positions, today and on the last day. */
static void add_up(const onto_t *onto, int64_t now_ms, atp_qty_t *ret_today, atp_qty_t *ret_last)
{
    const atp_supply_book_t *book = atp_ledger_supplies(onto->f.ledger);
    uint64_t rows = atp_table_count(&atp_ledger_positions(onto->f.ledger)->rows);
    int32_t today = atp_day_of(now_ms);

    *ret_today = *ret_last = 0;
    for (uint32_t row = 0; row < rows; row++) {
        *ret_today += atp_supply_added_by(book, row, today, today);
        *ret_last += atp_supply_added_by(book, row, today, today + ATP_SUPPLY_HORIZON);
    }
}

static void the_sample_of_supplies_loads(void **state)
{
    const int64_t now_ms = INT64_C(1795219200000); /* 2026-11-21 */
    atp_qty_t today;
    atp_qty_t last;

    (void)state;
    onto_t *onto = load_onto("supplies", SAMPLES "supplies.csv", now_ms);
    assert_int_equal(onto->report.records, 4);
    assert_int_equal(onto->report.rows_skipped, 1); /* it has come */
    assert_int_equal(onto->supplies, 3);
    add_up(onto, now_ms, &today, &last);
    assert_int_equal(today, 0);
    assert_int_equal(last, 40 + 20 + 12);
    add_up(onto, now_ms + 30 * DAY, &today, &last); /* asn-90 is overdue then */
    assert_int_equal(last, 40 + 20);
    onto_free(onto);
}

static void bad_rows_of_supplies_are_told(void **state)
{
    scratch_t *scratch = *state;
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(scratch, "supplies.csv",
                       "supply,sku,node,quantity,received,due\n"
                       ",bike,berlin,1,0,2027-01-04\n"
                       "a,bike,berlin,1,0,\n"
                       "b,bike,berlin,1,0,2027-02-30\n"
                       "c,bike,berlin,-1,0,2027-01-04\n"
                       "d,bike,berlin,1,0,2027-01-04\n"
                       "d,bike,paris,1,0,2027-01-04\n");
    options.path = scratch_path(scratch, "supplies.csv");
    options.max_bad_share = 1.0;
    loaded_t *loaded = load_with("supplies", &options);
    assert_int_equal(loaded->report.bad_by_reason[ATP_REJECT_SUPPLY_EMPTY], 1);
    assert_int_equal(loaded->report.bad_by_reason[ATP_REJECT_DATE_INVALID], 2);
    assert_int_equal(loaded->report.bad_by_reason[ATP_REJECT_QTY_NEGATIVE], 1);
    assert_int_equal(loaded->report.bad_by_reason[ATP_REJECT_DUPLICATE], 1);
    loaded_free(loaded);
}

static void the_adventureworks_purchase_orders_load(void **state)
{
    const int64_t now_ms = INT64_C(1704067200000); /* 2024-01-01: some of them are due after it */
    atp_qty_t today;
    atp_qty_t last;

    (void)state;
    if (access(ADVENTUREWORKS "PurchaseOrderDetail.csv", R_OK) != 0) {
        print_message("[   NOTE   ] passed over: there is no " ADVENTUREWORKS "\n");
        return;
    }
    onto_t *onto = load_onto("adventureworks-supplies", ADVENTUREWORKS "PurchaseOrderDetail.csv", now_ms);
    assert_int_equal(onto->report.records, 8845);
    assert_int_equal(onto->report.rows_bad, 0);
    assert_int_equal(onto->supplies, 24);
    add_up(onto, now_ms, &today, &last);
    assert_int_equal(last, 1554);
    add_up(onto, INT64_C(1795219200000), &today, &last); /* by 2026-11-21 all are overdue */
    assert_int_equal(last, 0);
    onto_free(onto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_of_supplies_loads),
        cmocka_unit_test_setup_teardown(bad_rows_of_supplies_are_told, scratch_setup, scratch_teardown),
        cmocka_unit_test(the_adventureworks_purchase_orders_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lines of facts: JSON and CSV, what they become, and what is said of a line that is none. */
#include "engine/base/attribute.h"
#include "engine/ledger/lifecycle/lifecycle.h"
#include "tests/test.h"
#include "tools/atp/rows/fact_rows.h"

#include <stdio.h>
#include <string.h>

static atp_fact_row_t row;
static atp_why_t why;

static atp_err_t read_json(const char *line)
{
    const atp_fact_header_t header = {.is_csv = false};

    return atp_fact_row_read(&header, line, &row, &why);
}

static void expect_line(atp_op_kind_t kind, const char *sku, const char *node, int64_t mantissa,
                        uint8_t decimals)
{
    assert_int_equal(row.command.kind, kind);
    assert_int_equal(row.command.line_count, 1);
    assert_ptr_equal(row.command.lines, &row.line);
    assert_true(atp_text_equal(row.line.sku, atp_text_of(sku)));
    assert_true(atp_text_equal(row.line.node, atp_text_of(node)));
    assert_int_equal(row.line.mantissa, mantissa);
    assert_int_equal(row.line.decimals, decimals);
}

static void a_json_object_is_a_fact(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2}"), ATP_OK);
    expect_line(ATP_OP_SALE, "s", "n", 2, 0);
    assert_int_equal(read_json("{\"op\":\"receive\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2.125}"), ATP_OK);
    expect_line(ATP_OP_RECEIVE, "s", "n", 2125, 3);
    assert_int_equal(
        read_json("{\"op\":\"adjust\",\"sku\":\"s\",\"node\":\"n\",\"qty\":\"-1.50\",\"reason\":\"loss\","
                  "\"bucket\":\"unavailable\"}"),
        ATP_OK);
    expect_line(ATP_OP_ADJUST, "s", "n", -150, 2);
    assert_int_equal(row.command.option, ATP_BUCKET_UNAVAILABLE);
    assert_int_equal(row.command.reason, ATP_REASON_LOSS);
    assert_int_equal(read_json("{\"op\":\"sku\",\"sku\":\"s\",\"name\":\"A, b\",\"scale\":2}"), ATP_OK);
    assert_int_equal(row.command.option, 2);
    assert_true(atp_text_equal(row.command.name, ATP_TEXT("A, b")));
    assert_int_equal(read_json("{\"op\":\"node\",\"node\":\"n\",\"state\":\"paused\"}"), ATP_OK);
    assert_int_equal(row.command.option, ATP_NODE_PAUSED);
}

static void a_quantity_may_be_counted_in_a_unit(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2,\"unit\":\"CS\"}"),
                     ATP_OK);
    expect_line(ATP_OP_SALE, "s", "n", 2, 0);
    assert_int_equal(row.command.attribute_count, 1);
    assert_int_equal(row.command.attributes[0].key, ATP_KEY_UNIT);
    assert_int_equal(row.command.attributes[0].line, ATP_WHOLE_OP);
    assert_true(atp_text_equal(row.command.attributes[0].text, ATP_TEXT("CS")));
    assert_int_equal(read_json("{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2}"), ATP_OK);
    assert_int_equal(row.command.attribute_count, 0);
    assert_int_equal(read_json("{\"op\":\"sku\",\"sku\":\"s\",\"unit\":\"CS\"}"), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "sku does not take unit"));
}

static void any_fact_may_carry_a_correlation(void **state)
{
    char longest[128];
    (void)state;

    assert_int_equal(read_json("{\"op\":\"node\",\"node\":\"n\",\"correlation\":\"W-1\"}"), ATP_OK);
    assert_true(atp_text_equal(row.command.correlation, ATP_TEXT("W-1")));
    assert_int_equal(read_json("{\"op\":\"ship\",\"reservation\":\"r-1\",\"correlation\":\"W-2\"}"), ATP_OK);
    assert_true(atp_text_equal(row.command.correlation, ATP_TEXT("W-2")));
    assert_int_equal(read_json("{\"op\":\"ship\",\"reservation\":\"r-1\"}"), ATP_OK);
    assert_int_equal(row.command.correlation.size, 0);
    (void)snprintf(longest, sizeof longest, "{\"op\":\"node\",\"node\":\"n\",\"correlation\":\"%0*d\"}", 65,
                   0);
    assert_int_equal(read_json(longest), ATP_ERR_INVALID);
}

static void a_step_has_its_reservation_and_may_have_a_line(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"ship\",\"reservation\":\"r-1\"}"), ATP_OK);
    assert_int_equal(row.command.line_count, 0);
    assert_true(atp_text_equal(row.command.reservation, ATP_TEXT("r-1")));
    assert_int_equal(
        read_json("{\"op\":\"pick\",\"reservation\":\"r-1\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1}"),
        ATP_OK);
    expect_line(ATP_OP_PICK, "s", "n", 1, 0);
}

static int64_t number_told(unsigned key)
{
    const atp_attribute_t *told = atp_attributes_find(&row.command, key, ATP_WHOLE_OP);

    return told != NULL ? told->number : -1;
}

static int64_t disposition_told(void)
{
    return number_told(ATP_KEY_DISPOSITION);
}

static void what_comes_of_a_supply_names_it(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"receive_supply\",\"supply\":\"po-1\",\"sku\":\"s\",\"node\":\"n\","
                               "\"qty\":3,\"unit\":\"CS\",\"final\":1}"),
                     ATP_OK);
    expect_line(ATP_OP_RECEIVE_SUPPLY, "s", "n", 3, 0);
    assert_true(atp_text_equal(row.command.subject, ATP_TEXT("po-1")));
    assert_int_equal(row.command.attribute_count, 2);
    assert_int_equal(number_told(ATP_KEY_FINAL), 1);
    assert_int_equal(
        read_json("{\"op\":\"receive_supply\",\"supply\":\"po-1\",\"sku\":\"s\",\"node\":\"n\"}"),
        ATP_ERR_INVALID);
    assert_string_equal(why.text, "receive_supply needs qty");
    assert_int_equal(
        read_json("{\"op\":\"receive_supply\",\"transfer\":\"t\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1}"),
        ATP_ERR_INVALID);
    assert_int_equal(read_json("{\"op\":\"receive_supply\",\"supply\":\"po-1\",\"sku\":\"s\",\"node\":\"n\","
                               "\"qty\":3,\"final\":2}"),
                     ATP_ERR_INVALID);
    assert_string_equal(why.text, "final is 0 or 1");
}

static void a_transfer_is_shipped_received_and_called_off(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"transfer_ship\",\"transfer\":\"t-1\"}"), ATP_OK);
    assert_int_equal(row.command.kind, ATP_OP_TRANSFER_SHIP);
    assert_int_equal(row.command.line_count, 0);
    assert_true(atp_text_equal(row.command.subject, ATP_TEXT("t-1")));
    assert_int_equal(
        read_json("{\"op\":\"transfer_ship\",\"transfer\":\"t-1\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2}"),
        ATP_OK);
    expect_line(ATP_OP_TRANSFER_SHIP, "s", "n", 2, 0);
    assert_int_equal(read_json("{\"op\":\"transfer_ship\",\"transfer\":\"t-1\",\"sku\":\"s\"}"),
                     ATP_ERR_INVALID);
    assert_string_equal(why.text, "a line of a transfer has sku, node and qty");
    assert_int_equal(
        read_json("{\"op\":\"transfer_receive\",\"transfer\":\"t-1\",\"sku\":\"s\",\"node\":\"n\","
                  "\"qty\":2,\"final\":0}"),
        ATP_OK);
    expect_line(ATP_OP_TRANSFER_RECEIVE, "s", "n", 2, 0);
    assert_int_equal(number_told(ATP_KEY_FINAL), 0);
    assert_int_equal(read_json("{\"op\":\"transfer_cancel\",\"transfer\":\"t-1\"}"), ATP_OK);
    assert_int_equal(row.command.kind, ATP_OP_TRANSFER_CANCEL);
    assert_int_equal(row.command.line_count, 0);
    assert_int_equal(read_json("{\"op\":\"transfer_cancel\",\"supply\":\"t-1\"}"), ATP_ERR_INVALID);
    assert_int_equal(read_json("{\"op\":\"transfer_cancel\"}"), ATP_ERR_INVALID);
    assert_string_equal(why.text, "transfer_cancel needs transfer");
}

static void what_comes_back_has_a_disposition(void **state)
{
    (void)state;
    assert_int_equal(
        read_json("{\"op\":\"return\",\"reservation\":\"r\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2,"
                  "\"unit\":\"CS\",\"disposition\":\"damaged\"}"),
        ATP_OK);
    expect_line(ATP_OP_RETURN, "s", "n", 2, 0);
    assert_int_equal(row.command.attribute_count, 2);
    assert_int_equal(disposition_told(), ATP_DISPOSITION_DAMAGED);
    assert_int_equal(read_json("{\"op\":\"return\",\"reservation\":\"r\"}"), ATP_OK);
    assert_int_equal(row.command.attribute_count, 0);
    assert_int_equal(read_json("{\"op\":\"dispose\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2,"
                               "\"disposition\":\"restock\"}"),
                     ATP_OK);
    assert_int_equal(disposition_told(), ATP_DISPOSITION_RESTOCK);
}

static void a_return_without_a_reservation_is_blind(void **state)
{
    (void)state;
    assert_int_equal(read_json("{\"op\":\"return\",\"sku\":\"s\",\"node\":\"n\",\"qty\":2}"), ATP_OK);
    expect_line(ATP_OP_RETURN, "s", "n", 2, 0);
    assert_int_equal(row.command.reservation.size, 0);
    assert_int_equal(read_json("{\"op\":\"return\",\"sku\":\"s\"}"), ATP_ERR_INVALID);
    assert_string_equal(why.text, "a return without a reservation has sku, node and qty");
}

static void a_line_that_is_no_fact_is_told_why(void **state)
{
    static const struct {
        const char *line;
        const char *said;
    } cases[] = {
        {"", "no JSON"},
        {"[1]", "no JSON object"},
        {"{\"op\":\"sale\"} x", "no JSON"},
        {"{\"op\":\"sale\",\"op\":\"sale\"}", "no JSON"},
        {"{}", "op '' is not one"},
        {"{\"op\":\"sael\",\"sku\":\"s\"}", "op 'sael' is not one"},
        {"{\"op\":\"reserve\",\"sku\":\"s\"}", "op 'reserve' is not one"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\"}", "sale needs qty"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"qty\":1}", "sale needs node"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1,\"reason\":\"loss\"}",
         "does not take reason"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1,\"colour\":\"red\"}",
         "unknown key 'colour'"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":true}", "qty is neither"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1e30}", "is not kept exactly"},
        {"{\"op\":\"sale\",\"sku\":\"s\",\"node\":\"n\",\"qty\":\"1 piece\"}", "is not a quantity"},
        {"{\"op\":\"adjust\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1,\"reason\":\"why\"}",
         "'why' is no reason"},
        {"{\"op\":\"count\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1,\"bucket\":\"pail\"}",
         "bucket is on_hand or"},
        {"{\"op\":\"node\",\"node\":\"n\",\"state\":\"shut\"}", "'shut' is no state"},
        {"{\"op\":\"sku\",\"sku\":\"s\",\"scale\":7}", "scale is 0 to 6"},
        {"{\"op\":\"ship\",\"reservation\":\"r\",\"sku\":\"s\"}", "has sku, node and qty"},
        {"{\"op\":\"ship\",\"sku\":\"s\",\"node\":\"n\",\"qty\":1}", "ship needs reservation"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(read_json(cases[i].line), ATP_ERR_INVALID);
        if (strstr(why.text, cases[i].said) == NULL) {
            fail_msg("%s: said '%s', not '%s'", cases[i].line, why.text, cases[i].said);
        }
    }
    char longest[400];
    (void)snprintf(longest, sizeof longest, "{\"op\":\"sale\",\"sku\":\"%0*d\",\"node\":\"n\",\"qty\":1}", 65,
                   0);
    assert_int_equal(read_json(longest), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "an id has at most 64 bytes"));
    (void)snprintf(longest, sizeof longest, "{\"op\":\"sku\",\"sku\":\"s\",\"name\":\"%0*d\"}", 256, 0);
    assert_int_equal(read_json(longest), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "name has more than 255 bytes"));
}

static void csv_has_a_header_and_quotes(void **state)
{
    atp_fact_header_t header = {.is_csv = true};

    (void)state;
    assert_int_equal(atp_fact_header_read(&header, "qty,\"op\",sku,node,name,scale", &why), ATP_OK);
    assert_int_equal(header.count, 6);
    assert_int_equal(atp_fact_row_read(&header, "3,sale,s,\"n, \"\"1\"\"\",,", &row, &why), ATP_OK);
    expect_line(ATP_OP_SALE, "s", "n, \"1\"", 3, 0);
    assert_int_equal(atp_fact_row_read(&header, ",sku,s,,\"A, b\",1", &row, &why), ATP_OK);
    assert_true(atp_text_equal(row.command.name, ATP_TEXT("A, b")));
    assert_int_equal(atp_fact_row_read(&header, "3,sale,s,n,", &row, &why), ATP_ERR_INVALID);
    assert_string_equal(why.text, "fewer than the 6 columns of the header");
    assert_int_equal(atp_fact_row_read(&header, "3,sale,s,n,,,", &row, &why), ATP_ERR_INVALID);
    assert_string_equal(why.text, "more than the 6 columns of the header");
    assert_int_equal(atp_fact_row_read(&header, "3,sale,s,\"n,,", &row, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "its quote is not closed"));
    assert_int_equal(atp_fact_row_read(&header, "3,sale,s,\"n\"x,,", &row, &why), ATP_ERR_INVALID);
}

static void a_header_names_known_columns_once(void **state)
{
    static const char *const bad[] = {"op,sku,stock", "op,sku,op", "", "op,,sku", "op,sku,\"node"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        atp_fact_header_t header = {.is_csv = true};
        assert_int_equal(atp_fact_header_read(&header, bad[i], &why), ATP_ERR_INVALID);
        assert_non_null(strstr(why.text, "column "));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_object_is_a_fact),
        cmocka_unit_test(a_quantity_may_be_counted_in_a_unit),
        cmocka_unit_test(any_fact_may_carry_a_correlation),
        cmocka_unit_test(a_step_has_its_reservation_and_may_have_a_line),
        cmocka_unit_test(what_comes_of_a_supply_names_it),
        cmocka_unit_test(a_transfer_is_shipped_received_and_called_off),
        cmocka_unit_test(what_comes_back_has_a_disposition),
        cmocka_unit_test(a_return_without_a_reservation_is_blind),
        cmocka_unit_test(a_line_that_is_no_fact_is_told_why),
        cmocka_unit_test(csv_has_a_header_and_quotes),
        cmocka_unit_test(a_header_names_known_columns_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

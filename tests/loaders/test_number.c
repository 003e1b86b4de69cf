#include "tests/test.h"

#include "loaders/mapping/number.h"

#include <string.h>

static void expect(const char *text, char decimal_sign, char thousands_sign, atp_qty_t mantissa,
                   uint8_t decimals)
{
    atp_qty_t got = -1;
    uint8_t got_decimals = 9;

    assert_int_equal(atp_number_parse(atp_text_of(text), decimal_sign, thousands_sign, &got, &got_decimals),
                     ATP_REJECT_NONE);
    assert_int_equal(got, mantissa);
    assert_int_equal(got_decimals, decimals);
}

static void refuse(const char *text, char decimal_sign, char thousands_sign, atp_reason_of_reject_t reason)
{
    atp_qty_t mantissa = 77;
    uint8_t decimals = 7;

    assert_int_equal(atp_number_parse(atp_text_of(text), decimal_sign, thousands_sign, &mantissa, &decimals),
                     reason);
    assert_int_equal(mantissa, 77);
    assert_int_equal(decimals, 7);
}

static void numbers_come_in_lowest_terms(void **state)
{
    (void)state;
    expect("0", '.', 0, 0, 0);
    expect("408", '.', 0, 408, 0);
    expect("007", '.', 0, 7, 0);
    expect("+5", '.', 0, 5, 0);
    expect("-12.50", '.', 0, -125, 1);
    expect("3.00", '.', 0, 3, 0);
    expect(".00", '.', 0, 0, 0);
    expect(".25", '.', 0, 25, 2);
    expect("1.234567", '.', 0, 1234567, 6);
    expect("1.50000000000", '.', 0, 15, 1);
}

static void signs_are_those_of_the_profile(void **state)
{
    (void)state;
    expect("1.234,50", ',', '.', 12345, 1);
    expect("1,234.5", '.', ',', 12345, 1);
    expect("12'345'678", '.', '\'', 12345678, 0);
    expect("1 234", '.', ' ', 1234, 0);
    expect("1234,5", ',', '.', 12345, 1); /* groups: all or none */
    refuse("1,5", '.', 0, ATP_REJECT_QTY_MALFORMED);
}

static void a_misplaced_thousands_sign_is_never_passed_over(void **state)
{
    static const char *const bad[] = {"1,23",   "1234,567", "12,34,567", ",123",
                                      "1,,234", "1,234,",   "1,2345",    "1.5,000"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse(bad[i], '.', ',', ATP_REJECT_QTY_MALFORMED);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const bad[] = {"-",  "+",  ".",     "1.",  "-.",  "1e3", "0x10",
                                      " 5", "5 ", "1.2.3", "--1", "abc", "NaN", "\xd9\xa3"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refuse(bad[i], '.', 0, ATP_REJECT_QTY_MALFORMED);
    }
    refuse("", '.', 0, ATP_REJECT_QTY_EMPTY);
}

static void range_and_precision_end_where_stated(void **state)
{
    (void)state;
    expect("100000000000000", '.', 0, ATP_QTY_MAX, 0);
    expect("100000000000000.000", '.', 0, ATP_QTY_MAX, 0);
    expect("-100000000000000", '.', 0, -ATP_QTY_MAX, 0);
    refuse("100000000000001", '.', 0, ATP_REJECT_QTY_OUT_OF_RANGE);
    refuse("100000000000000.1", '.', 0, ATP_REJECT_QTY_OUT_OF_RANGE);
    refuse("99999999999999999999999999999999", '.', 0, ATP_REJECT_QTY_OUT_OF_RANGE);
    refuse("9223372036854775807", '.', 0, ATP_REJECT_QTY_OUT_OF_RANGE);
    refuse("1.0000001", '.', 0, ATP_REJECT_QTY_TOO_PRECISE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_in_lowest_terms),
        cmocka_unit_test(signs_are_those_of_the_profile),
        cmocka_unit_test(a_misplaced_thousands_sign_is_never_passed_over),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(range_and_precision_end_where_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

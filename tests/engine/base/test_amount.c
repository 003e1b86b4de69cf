/* What units are worth. */
#include "engine/base/amount.h"
#include "tests/test.h"

#include <string.h>

static void assert_written(atp_amount_t amount, const char *expected)
{
    char text[ATP_AMOUNT_TEXT_SIZE];

    assert_int_equal(atp_amount_format(amount, text), strlen(expected));
    assert_string_equal(text, expected);
    assert_true(atp_amount_read(atp_text_of(text)) == amount);
}

static void an_amount_is_exact(void **state)
{
    (void)state;
    assert_written(atp_amount_of(3, 0, 13086300), "39.2589");
    assert_written(atp_amount_of(-25, 1, 1), "-0.0000025");
    assert_written(atp_amount_of(1, 6, 1), "0.000000000001");
    assert_written(atp_amount_of(7, 0, 0), "0");
    assert_written(atp_amount_of(10, 0, 100000000), "1000");
    assert_written(atp_amount_of(-ATP_QTY_MAX, 0, ATP_QTY_MAX), "-10000000000000000000000");
}

static void a_sum_stays_at_the_largest_amount(void **state)
{
    (void)state;
    atp_amount_t sum = 0;
    atp_amount_t down = 0;

    for (unsigned i = 0; i < 100000; i++) {
        sum = atp_amount_add(sum, atp_amount_of(ATP_QTY_MAX, 0, ATP_QTY_MAX));
        down = atp_amount_add(down, atp_amount_of(-ATP_QTY_MAX, 0, ATP_QTY_MAX));
    }
    assert_true(sum == atp_amount_add(sum, 1) && sum > 0);
    assert_true(down == -sum);
    assert_written(sum, "170141183460469231731687303.715884105727");
}

static void what_is_no_amount_reads_as_nothing(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "x",
                                      "1.2.3",
                                      "1e3",
                                      "1.0000000000001",
                                      "170141183460469231731687304",
                                      "99999999999999999999999999999999999999999999999999"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(atp_amount_read(atp_text_of(bad[i])) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_amount_is_exact),
        cmocka_unit_test(a_sum_stays_at_the_largest_amount),
        cmocka_unit_test(what_is_no_amount_reads_as_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/test.h"

#include "loaders/rows/safety.h"

#include <string.h>

static void expect(atp_qty_t level, const atp_qty_t *stock, const atp_qty_t *shares, size_t count,
                   atp_qty_t spread)
{
    atp_qty_t got[8];
    atp_qty_t got_spread = -1;

    assert_true(atp_safety_spread(level, stock, count, got, &got_spread));
    assert_memory_equal(got, shares, count * sizeof *got);
    assert_int_equal(got_spread, spread);
}

static void a_level_is_spread_in_proportion_to_stock(void **state)
{
    (void)state;
    expect(10, (atp_qty_t[]){60, 30, 10}, (atp_qty_t[]){6, 3, 1}, 3, 10);
    expect(1000, (atp_qty_t[]){408, 324, 353}, (atp_qty_t[]){376, 299, 325}, 3,
           1000); /* AR-5381 of AdventureWorks */
    expect(7, (atp_qty_t[]){5}, (atp_qty_t[]){7}, 1, 7);
}

static void what_is_left_over_goes_to_the_largest_fractions(void **state)
{
    (void)state;
    /* 10 * 3/7 = 4.29, 10 * 2/7 = 2.86: 4 + 2 + 2, then one each to the two of .86 */
    expect(10, (atp_qty_t[]){3, 2, 2}, (atp_qty_t[]){4, 3, 3}, 3, 10);
    expect(1, (atp_qty_t[]){4, 4, 4}, (atp_qty_t[]){1, 0, 0}, 3, 1); /* a tie: the earlier node */
}

static void a_node_without_stock_gets_none(void **state)
{
    (void)state;
    expect(5, (atp_qty_t[]){0, 3, 0, 1}, (atp_qty_t[]){0, 4, 0, 1}, 4, 5);
    expect(5, (atp_qty_t[]){-9, 3}, (atp_qty_t[]){0, 5}, 2, 5);
}

static void without_stock_anywhere_nothing_is_spread(void **state)
{
    (void)state;
    expect(500, (atp_qty_t[]){0, 0, 0}, (atp_qty_t[]){0, 0, 0}, 3, 0);
    expect(500, (atp_qty_t[]){0}, (atp_qty_t[]){0}, 0, 0);
    expect(0, (atp_qty_t[]){5, 6}, (atp_qty_t[]){0, 0}, 2, 0);
}

static void the_largest_quantities_do_not_overflow(void **state)
{
    (void)state;
    expect(ATP_QTY_MAX, (atp_qty_t[]){ATP_QTY_MAX, ATP_QTY_MAX},
           (atp_qty_t[]){ATP_QTY_MAX / 2, ATP_QTY_MAX / 2}, 2, ATP_QTY_MAX);
}

/* F1, F2, F3 on whatever comes. */
static void shares_always_sum_to_the_level(void **state)
{
    uint64_t seed = 20261121;

    (void)state;
    for (int run = 0; run < 20000; run++) {
        atp_qty_t stock[12];
        atp_qty_t shares[12];
        atp_qty_t spread = 0;
        atp_qty_t total = 0;
        atp_qty_t sum = 0;
        size_t count = 1 + test_random(&seed) % 12;
        for (size_t i = 0; i < count; i++) {
            stock[i] = (atp_qty_t)(test_random(&seed) % 3 == 0 ? 0 : test_random(&seed) % 1000);
            total += stock[i];
        }
        atp_qty_t level = (atp_qty_t)(test_random(&seed) % 2000);
        assert_true(atp_safety_spread(level, stock, count, shares, &spread));
        for (size_t i = 0; i < count; i++) {
            sum += shares[i];
            assert_true(shares[i] >= 0 && (stock[i] > 0 || shares[i] == 0));
            assert_true(level > total || shares[i] <= stock[i]);
        }
        assert_int_equal(sum, total > 0 ? level : 0);
        assert_int_equal(sum, spread);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_spread_in_proportion_to_stock),
        cmocka_unit_test(what_is_left_over_goes_to_the_largest_fractions),
        cmocka_unit_test(a_node_without_stock_gets_none),
        cmocka_unit_test(without_stock_anywhere_nothing_is_spread),
        cmocka_unit_test(the_largest_quantities_do_not_overflow),
        cmocka_unit_test(shares_always_sum_to_the_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

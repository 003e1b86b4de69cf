/* Quantities from one unit into another. */
#include "tests/test.h"

#include "engine/base/qty_convert.h"

static void assert_converts(int64_t numerator, int64_t denominator, atp_qty_t mantissa, uint8_t decimals,
                            uint8_t scale, atp_qty_t wanted)
{
    atp_qty_t qty = 0;

    assert_int_equal(atp_qty_convert(numerator, denominator, mantissa, decimals, scale, &qty), ATP_RESCALED);
    assert_int_equal(qty, wanted);
}

static void assert_refused(int64_t numerator, int64_t denominator, atp_qty_t mantissa, uint8_t decimals,
                           uint8_t scale, atp_rescale_t wanted)
{
    atp_qty_t qty = -7;

    assert_int_equal(atp_qty_convert(numerator, denominator, mantissa, decimals, scale, &qty), wanted);
    assert_int_equal(qty, -7);
}

static void ten_cases_of_twelve_are_120(void **state)
{
    (void)state;
    assert_converts(12, 1, 10, 0, 0, 120);
    assert_converts(12, 1, 25, 1, 0, 30); /* two and a half */
    assert_converts(1, 3, 9, 0, 0, 3);
    assert_converts(1, 4, 1, 0, 2, 25);
    assert_converts(12, 1, 0, 0, 0, 0);
    assert_converts(12, 1, -10, 0, 0, -120);
    assert_converts(1, 1, 1234567, 6, 6, 1234567);
}

static void what_does_not_come_out_even_is_refused(void **state)
{
    (void)state;
    assert_refused(1, 3, 10, 0, 0, ATP_RESCALE_TOO_PRECISE);
    assert_refused(1, 3, 1, 0, 6, ATP_RESCALE_TOO_PRECISE);
    assert_refused(12, 1, 1, 1, 0, ATP_RESCALE_TOO_PRECISE);
    assert_refused(1, 3, -10, 0, 0, ATP_RESCALE_TOO_PRECISE);
}

static void what_passes_the_range_is_refused(void **state)
{
    (void)state;
    assert_converts(ATP_UNIT_PART_MAX, 1, 100, 0, 0, ATP_QTY_MAX);
    assert_refused(ATP_UNIT_PART_MAX, 1, 101, 0, 0, ATP_RESCALE_OUT_OF_RANGE);
    assert_refused(ATP_UNIT_PART_MAX, 1, -101, 0, 0, ATP_RESCALE_OUT_OF_RANGE);
    assert_refused(1, 1, ATP_QTY_MAX + 1, 0, 0, ATP_RESCALE_OUT_OF_RANGE);
    assert_refused(1, 1, ATP_QTY_MAX, 0, 1, ATP_RESCALE_OUT_OF_RANGE);
    /* The largest of all: nothing wraps. */
    assert_refused(ATP_UNIT_PART_MAX, 1, ATP_QTY_MAX, 0, ATP_SCALE_MAX, ATP_RESCALE_OUT_OF_RANGE);
    assert_converts(ATP_UNIT_PART_MAX, ATP_UNIT_PART_MAX, ATP_QTY_MAX, ATP_SCALE_MAX, ATP_SCALE_MAX,
                    ATP_QTY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_cases_of_twelve_are_120),
        cmocka_unit_test(what_does_not_come_out_even_is_refused),
        cmocka_unit_test(what_passes_the_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

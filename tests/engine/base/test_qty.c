/* Exact quantities: what is a number, what fits a scale, and the text of it. The oracle for random cases is
 * the plain definition in 128-bit arithmetic, which cannot overflow here. */
#include "engine/base/qty.h"
#include "tests/test.h"

#include <inttypes.h>
#include <stdio.h>

#define UNTOUCHED  INT64_C(-77)
#define RANDOM_RUN 200000

__extension__ typedef __int128 wide_t;

static bool parse(const char *text, atp_qty_t *ret_mantissa, uint8_t *ret_decimals)
{
    *ret_mantissa = UNTOUCHED;
    *ret_decimals = 77;
    return atp_qty_parse(atp_text_of(text), ret_mantissa, ret_decimals);
}

/* ---- parse ---- */

static void every_form_of_a_number_is_read(void **state)
{
    static const struct {
        const char *text;
        atp_qty_t mantissa;
        uint8_t decimals;
    } good[] = {
        {"0", 0, 0},
        {"7", 7, 0},
        {"+7", 7, 0},
        {"-7", -7, 0},
        {"-0", 0, 0},
        {"007", 7, 0},
        {"2.5", 25, 1},
        {"-12.50", -1250, 2},
        {"0.000001", 1, 6},
        {"-0.000001", -1, 6},
        {"0.000000", 0, 6},
        {"100000000.000000", ATP_QTY_MAX, 6},
        {"100000000000000", ATP_QTY_MAX, 0},
        {"-100000000000000", -ATP_QTY_MAX, 0},
        {"0000000000000000000000000000000000000001", 1, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        atp_qty_t mantissa;
        uint8_t decimals;
        if (!parse(good[i].text, &mantissa, &decimals)) {
            fail_msg("\"%s\" was refused", good[i].text);
        }
        assert_int_equal(mantissa, good[i].mantissa);
        assert_int_equal(decimals, good[i].decimals);
    }
}

static void what_is_no_number_is_refused_and_changes_nothing(void **state)
{
    static const char *const bad[] = {
        "",
        "+",
        "-",
        ".",
        ".5",
        "5.",
        "-.5",
        "+-5",
        "--5",
        "5-",
        "1..2",
        "1.2.",
        "1,5",
        "1 ",
        " 1",
        "1e5",
        "0x10",
        "1_000",
        "1.0000001",
        "nan",
        "\xd9\xa1", /* an Arabic digit */
        "100000000000001",
        "-100000000000001",
        "100000000.0000001",
        "100000000.000001",
        "9223372036854775808",
        "18446744073709551617",
        "99999999999999999999999999999999999999999999999999999999999999999999999999",
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        atp_qty_t mantissa;
        uint8_t decimals;
        if (parse(bad[i], &mantissa, &decimals)) {
            fail_msg("\"%s\" was read as %" PRId64 " with %u decimals", bad[i], mantissa, decimals);
        }
        assert_int_equal(mantissa, UNTOUCHED);
        assert_int_equal(decimals, 77);
    }
}

static void a_zero_byte_inside_is_refused(void **state)
{
    atp_qty_t mantissa;
    uint8_t decimals;
    (void)state;

    assert_false(atp_qty_parse(ATP_TEXT("1\0002"), &mantissa, &decimals));
    assert_false(atp_qty_parse((atp_text_t){NULL, 0}, &mantissa, &decimals));
}

static void only_the_stated_size_is_read(void **state)
{
    atp_qty_t mantissa = 0;
    uint8_t decimals = 0;
    (void)state;

    assert_true(atp_qty_parse((atp_text_t){"12345", 2}, &mantissa, &decimals));
    assert_int_equal(mantissa, 12);
}

/* ---- rescale ---- */

static void rescale_is_exact_or_refused(void **state)
{
    static const struct {
        atp_qty_t mantissa;
        uint8_t decimals;
        uint8_t scale;
        atp_rescale_t outcome;
        atp_qty_t qty;
    } cases[] = {
        {25, 1, 3, ATP_RESCALED, 2500},
        {2500, 3, 1, ATP_RESCALED, 25},
        {-2500, 3, 0, ATP_RESCALE_TOO_PRECISE, UNTOUCHED},
        {-2000, 3, 0, ATP_RESCALED, -2},
        {25005, 4, 3, ATP_RESCALE_TOO_PRECISE, UNTOUCHED},
        {0, 6, 0, ATP_RESCALED, 0},
        {0, 0, 6, ATP_RESCALED, 0},
        {ATP_QTY_MAX, 3, 3, ATP_RESCALED, ATP_QTY_MAX},
        {ATP_QTY_MAX, 6, 0, ATP_RESCALED, ATP_QTY_MAX / 1000000},
        {ATP_QTY_MAX / 1000000, 0, 6, ATP_RESCALED, ATP_QTY_MAX},
        {-ATP_QTY_MAX / 1000000, 0, 6, ATP_RESCALED, -ATP_QTY_MAX},
        {ATP_QTY_MAX / 1000000 + 1, 0, 6, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
        {ATP_QTY_MAX, 0, 1, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
        {ATP_QTY_MAX + 1, 1, 0, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
        {-ATP_QTY_MAX - 1, 0, 0, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
        {INT64_MAX, 0, 6, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
        {INT64_MIN, 6, 0, ATP_RESCALE_OUT_OF_RANGE, UNTOUCHED},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_qty_t qty = UNTOUCHED;
        assert_int_equal(atp_qty_rescale(cases[i].mantissa, cases[i].decimals, cases[i].scale, &qty),
                         cases[i].outcome);
        assert_int_equal(qty, cases[i].qty);
    }
}

static void a_scale_past_six_is_a_bug(void **state)
{
    atp_qty_t qty = 0;
    char text[ATP_QTY_TEXT_SIZE];
    (void)state;

    assert_aborts((void)!atp_qty_rescale(1, 7, 0, &qty));
    assert_aborts((void)!atp_qty_rescale(1, 0, 7, &qty));
    assert_aborts((void)atp_qty_format(1, 7, text));
}

/* mantissa * 10^-decimals == qty * 10^-scale, both brought to 12 decimals. */
static bool is_same_value(atp_qty_t mantissa, uint8_t decimals, atp_qty_t qty, uint8_t scale)
{
    wide_t left = mantissa;
    wide_t right = qty;

    for (int i = decimals; i < 12; i++) {
        left *= 10;
    }
    for (int i = scale; i < 12; i++) {
        right *= 10;
    }
    return left == right;
}

/* What rescale must answer, by definition. */
static atp_rescale_t expected_rescale(atp_qty_t mantissa, uint8_t decimals, uint8_t scale)
{
    wide_t at_scale_times_million = mantissa;

    for (int i = 0; i < 6 + scale - decimals; i++) {
        at_scale_times_million *= 10;
    }
    if (!atp_qty_in_range(mantissa)) {
        return ATP_RESCALE_OUT_OF_RANGE;
    }
    if (at_scale_times_million % 1000000 != 0) {
        return ATP_RESCALE_TOO_PRECISE;
    }
    wide_t qty = at_scale_times_million / 1000000;
    return qty > ATP_QTY_MAX || qty < -ATP_QTY_MAX ? ATP_RESCALE_OUT_OF_RANGE : ATP_RESCALED;
}

/* Magnitudes of every size, and often with trailing zeros. */
static atp_qty_t random_qty(uint64_t *random)
{
    uint64_t magnitude = test_random(random) >> (test_random(random) % 64);
    atp_qty_t qty = (atp_qty_t)(magnitude % ((uint64_t)ATP_QTY_MAX + 1));

    for (uint64_t zeros = test_random(random) % 7; zeros > 0 && qty < ATP_QTY_MAX / 10; zeros--) {
        qty *= 10;
    }
    return test_random(random) % 2 ? qty : -qty;
}

static void rescale_agrees_with_arithmetic_that_cannot_overflow(void **state)
{
    const uint64_t seed = 20261121;
    uint64_t random = seed;
    unsigned outcomes[3] = {0, 0, 0};
    (void)state;

    for (int i = 0; i < RANDOM_RUN; i++) {
        atp_qty_t mantissa = random_qty(&random) + (atp_qty_t)(test_random(&random) % 3) - 1;
        uint8_t decimals = (uint8_t)(test_random(&random) % (ATP_SCALE_MAX + 1));
        uint8_t scale = (uint8_t)(test_random(&random) % (ATP_SCALE_MAX + 1));
        atp_qty_t qty = UNTOUCHED;
        atp_rescale_t outcome = atp_qty_rescale(mantissa, decimals, scale, &qty);
        outcomes[outcome]++;
        if (outcome != expected_rescale(mantissa, decimals, scale) ||
            (outcome == ATP_RESCALED ? !is_same_value(mantissa, decimals, qty, scale) : qty != UNTOUCHED)) {
            fail_msg("%" PRId64 " with %u decimals to scale %u gave %d, %" PRId64 " (seed %" PRIu64
                     ", run %d)",
                     mantissa, decimals, scale, (int)outcome, qty, seed, i);
        }
    }
    /* The generator reaches all three answers often. */
    assert_true(outcomes[0] > 1000 && outcomes[1] > 1000 && outcomes[2] > 1000);
}

/* ---- normalise ---- */

static void normalise_drops_zeros_after_the_point_only(void **state)
{
    static const struct {
        atp_qty_t mantissa;
        uint8_t decimals;
        atp_qty_t expected_mantissa;
        uint8_t expected_decimals;
    } cases[] = {
        {500, 2, 5, 0}, {500, 0, 500, 0}, {-1250, 2, -125, 1}, {1, 6, 1, 6}, {0, 6, 0, 0}, {1000000, 6, 1, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_qty_t mantissa = cases[i].mantissa;
        uint8_t decimals = cases[i].decimals;
        atp_qty_normalise(&mantissa, &decimals);
        assert_int_equal(mantissa, cases[i].expected_mantissa);
        assert_int_equal(decimals, cases[i].expected_decimals);
    }
}

/* ---- format ---- */

static void format_writes_all_places_of_the_scale(void **state)
{
    static const struct {
        atp_qty_t qty;
        uint8_t scale;
        const char *text;
    } cases[] = {
        {0, 0, "0"},
        {0, 3, "0.000"},
        {7, 0, "7"},
        {10, 0, "10"},
        {2500, 3, "2.500"},
        {-5, 2, "-0.05"},
        {-100, 2, "-1.00"},
        {1, 6, "0.000001"},
        {999999, 6, "0.999999"},
        {1000000, 6, "1.000000"},
        {ATP_QTY_MAX, 0, "100000000000000"},
        {-ATP_QTY_MAX, 6, "-100000000.000000"},
        {INT64_MAX, 6, "9223372036854.775807"},
        {INT64_MIN, 6, "-9223372036854.775808"},
        {INT64_MIN, 0, "-9223372036854775808"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[ATP_QTY_TEXT_SIZE];
        assert_int_equal(atp_qty_format(cases[i].qty, cases[i].scale, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void what_is_formatted_parses_to_the_same_number(void **state)
{
    const uint64_t seed = 4711;
    uint64_t random = seed;
    (void)state;

    for (int i = 0; i < RANDOM_RUN; i++) {
        char text[ATP_QTY_TEXT_SIZE];
        atp_qty_t qty = random_qty(&random);
        uint8_t scale = (uint8_t)(test_random(&random) % (ATP_SCALE_MAX + 1));
        atp_qty_t mantissa;
        uint8_t decimals;

        (void)atp_qty_format(qty, scale, text);
        if (!parse(text, &mantissa, &decimals) || mantissa != qty || decimals != scale) {
            fail_msg("%" PRId64 " at scale %u became \"%s\" (seed %" PRIu64 ", run %d)", qty, scale, text,
                     seed, i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_number_is_read),
        cmocka_unit_test(what_is_no_number_is_refused_and_changes_nothing),
        cmocka_unit_test(a_zero_byte_inside_is_refused),
        cmocka_unit_test(only_the_stated_size_is_read),
        cmocka_unit_test(rescale_is_exact_or_refused),
        cmocka_unit_test(a_scale_past_six_is_a_bug),
        cmocka_unit_test(rescale_agrees_with_arithmetic_that_cannot_overflow),
        cmocka_unit_test(normalise_drops_zeros_after_the_point_only),
        cmocka_unit_test(format_writes_all_places_of_the_scale),
        cmocka_unit_test(what_is_formatted_parses_to_the_same_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/loaders/support.h"

#include "engine/base/hash.h"
#include "loaders/generate/exact_math.h"
#include "loaders/generate/generate.h"
#include "loaders/generate/random.h"
#include "loaders/generate/zipf.h"

#include <math.h>

static char *generate(const atp_catalogue_t *catalogue, size_t *ret_size, atp_catalogue_totals_t *ret_totals)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_size);

    assert_non_null(out);
    assert_int_equal(atp_catalogue_write(catalogue, out, ret_totals, NULL), ATP_OK);
    fclose(out);
    return text;
}

static uint64_t hash_of(const atp_catalogue_t *catalogue)
{
    size_t size = 0;
    char *text = generate(catalogue, &size, NULL);
    uint64_t hash = atp_hash_bytes(text, size, 0);

    free(text);
    return hash;
}

static void the_same_seed_gives_the_same_bytes(void **state)
{
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;

    (void)state;
    catalogue.sku_count = 200;
    uint64_t one = hash_of(&catalogue);
    assert_int_equal(one, hash_of(&catalogue));
    /* Written down: another compiler, machine or C library must not give another catalogue. */
    assert_int_equal(one, UINT64_C(0x32390cfcfe556dc5));
    catalogue.seed = 2;
    assert_int_not_equal(one, hash_of(&catalogue));
}

static void the_native_profile_reads_what_is_generated(void **state)
{
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
    atp_catalogue_totals_t totals;
    size_t size = 0;
    uint64_t units = 0;

    catalogue.sku_count = 150;
    catalogue.node_count = 25;
    char *text = generate(&catalogue, &size, &totals);
    scratch_write(*state, "s.csv", text, size);
    loaded_t *loaded = load_file("native", scratch_path(*state, "s.csv"));
    assert_int_equal(loaded->delivered, ATP_OK);
    assert_int_equal(loaded->row_count, 150 * 25);
    assert_int_equal(totals.positions, 150 * 25);
    for (uint32_t i = 0; i < loaded->row_count; i++) {
        const atp_load_row_t *row = &loaded->rows[i].row;
        atp_qty_t whole = row->qty[ATP_LOAD_ON_HAND].mantissa;
        for (uint8_t d = 0; d < row->qty[ATP_LOAD_ON_HAND].decimals; d++) {
            whole /= 10;
        }
        units += (uint64_t)whole;
        assert_true(row->has_scale && row->qty[ATP_LOAD_SAFETY].is_given);
        assert_true(strlen(loaded->rows[i].name) > 3);
    }
    assert_int_equal(units, totals.units);
    assert_non_null(loaded_find(loaded, "SKU-0000150", "DC-02"));
    assert_non_null(loaded_find(loaded, "SKU-0000001", "STORE-023"));
    loaded_free(loaded);
    free(text);
}

static void stock_is_as_much_as_asked_for_and_follows_demand(void **state)
{
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
    atp_catalogue_totals_t totals;
    size_t size = 0;

    (void)state;
    catalogue.sku_count = 3000;
    free(generate(&catalogue, &size, &totals));
    double mean = (double)totals.units / (double)totals.positions;
    assert_true(mean > 34.0 && mean < 46.0);
    assert_true(totals.skus_by_weight > 3000 / 20 && totals.skus_by_weight < 3000 / 8);
    catalogue.fill = 0.25;
    free(generate(&catalogue, &size, &totals));
    double fill = (double)totals.positions / (3000.0 * 40.0);
    assert_true(fill > 0.25 && fill < 0.28); /* and one home for each SKU */
}

static void the_order_of_demand_is_a_shuffle_with_a_way_back(void **state)
{
    static const uint32_t counts[] = {1, 2, 5, 64, 1000, 20000};

    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
        catalogue.sku_count = counts[c];
        char *met = calloc(counts[c] + 1, 1);
        assert_non_null(met);
        for (uint32_t rank = 0; rank < counts[c]; rank++) {
            uint32_t number = atp_catalogue_sku_of_rank(&catalogue, rank);
            assert_true(number >= 1 && number <= counts[c] && !met[number]);
            met[number] = 1;
            assert_int_equal(atp_catalogue_rank_of_sku(&catalogue, number), rank);
        }
        free(met);
    }
}

static void catalogues_out_of_range_are_refused_by_name(void **state)
{
    atp_catalogue_t bad[6];
    static const char *const names[] = {"SKUs", "nodes", "fill", "fill", "exponent", "mean"};

    (void)state;
    for (int i = 0; i < 6; i++) {
        bad[i] = ATP_CATALOGUE_DEFAULT;
    }
    bad[0].sku_count = 0;
    bad[1].node_count = 1000;
    bad[2].fill = 0.0;
    bad[3].fill = NAN;
    bad[4].demand_exponent = -1.0;
    bad[5].mean_on_hand = 0.5;
    for (int i = 0; i < 6; i++) {
        atp_why_t why = {""};
        assert_int_equal(atp_catalogue_write(&bad[i], stdout, NULL, &why), ATP_ERR_INVALID);
        assert_text_in(why.text, names[i]);
    }
}

static void a_full_disk_is_told(void **state)
{
    atp_catalogue_t catalogue = ATP_CATALOGUE_DEFAULT;
    FILE *out = fopen("/dev/full", "we");

    (void)state;
    assert_non_null(out);
    assert_int_equal(atp_catalogue_write(&catalogue, out, NULL, NULL), ATP_ERR_NO_SPACE);
    fclose(out);
}

/* --- Zipf -------------------------------------------------------------------------------------------- */

static void exact_functions_agree_with_the_library(void **state)
{
    (void)state;
    for (double x = 1e-6; x < 1e9; x *= 1.37) {
        assert_true(fabs(atp_exact_log(x) - log(x)) <= 4e-15 * (1.0 + fabs(log(x))));
    }
    for (double x = -200.0; x < 200.0; x += 0.731) {
        assert_true(fabs(atp_exact_exp(x) / exp(x) - 1.0) < 1e-13);
    }
}

/* Chi-square of 2 million draws against the law: 99 degrees of freedom, 99.99 % below 163. */
static void draws_follow_the_law(void **state)
{
    static const double exponents[] = {0.0, 0.5, 1.0, 1.5, 3.0};

    (void)state;
    for (size_t e = 0; e < sizeof exponents / sizeof exponents[0]; e++) {
        atp_zipf_t *zipf = NULL;
        atp_random_t random;
        uint32_t counts[100] = {0};
        double sum = 0.0;
        double chi = 0.0;
        int degrees = -1;
        const int draws = 2000000;
        assert_int_equal(atp_zipf_create(100, exponents[e], &zipf), ATP_OK);
        atp_random_init(&random, 42);
        for (int i = 0; i < draws; i++) {
            counts[atp_zipf_rank(zipf, atp_random_next(&random))]++;
        }
        for (uint32_t k = 1; k <= 100; k++) {
            sum += pow(k, -exponents[e]);
        }
        for (uint32_t k = 1; k <= 100; k++) {
            double expected = pow(k, -exponents[e]) / sum * draws;
            if (expected >= 5.0) {
                chi += (counts[k - 1] - expected) * (counts[k - 1] - expected) / expected;
                degrees++;
            }
        }
        assert_true(degrees > 30 && chi < 163.0);
        atp_zipf_destroy(zipf);
    }
}

static void a_draw_depends_on_its_bits_alone(void **state)
{
    atp_zipf_t *zipf = NULL;

    (void)state;
    assert_int_equal(atp_zipf_create(1, 1.0, &zipf), ATP_OK);
    assert_int_equal(atp_zipf_rank(zipf, 0), 0);
    assert_int_equal(atp_zipf_rank(zipf, UINT64_MAX), 0);
    atp_zipf_destroy(zipf);
    assert_int_equal(atp_zipf_create(20000, 1.0, &zipf), ATP_OK);
    uint64_t seed = 1;
    uint64_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t rank = atp_zipf_rank(zipf, test_random(&seed));
        assert_true(rank < 20000);
        sum = sum * 31 + rank;
    }
    assert_int_equal(sum, UINT64_C(0x1648909ae40be03d));
    atp_zipf_destroy(zipf);
}

static void samplers_out_of_range_are_refused(void **state)
{
    atp_zipf_t *zipf = NULL;

    (void)state;
    assert_int_equal(atp_zipf_create(0, 1.0, &zipf), ATP_ERR_INVALID);
    assert_int_equal(atp_zipf_create(ATP_ZIPF_COUNT_MAX + 1, 1.0, &zipf), ATP_ERR_INVALID);
    assert_int_equal(atp_zipf_create(10, -0.1, &zipf), ATP_ERR_INVALID);
    assert_int_equal(atp_zipf_create(10, 8.1, &zipf), ATP_ERR_INVALID);
    assert_int_equal(atp_zipf_create(10, NAN, &zipf), ATP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes),
        cmocka_unit_test_setup_teardown(the_native_profile_reads_what_is_generated, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(stock_is_as_much_as_asked_for_and_follows_demand),
        cmocka_unit_test(the_order_of_demand_is_a_shuffle_with_a_way_back),
        cmocka_unit_test(catalogues_out_of_range_are_refused_by_name),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(exact_functions_agree_with_the_library),
        cmocka_unit_test(draws_follow_the_law),
        cmocka_unit_test(a_draw_depends_on_its_bits_alone),
        cmocka_unit_test(samplers_out_of_range_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

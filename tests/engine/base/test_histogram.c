#include "engine/base/histogram.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static int open_histogram(void **state)
{
    *state = aligned_alloc(ATP_CACHE_LINE, sizeof(atp_histogram_t));
    if (*state != NULL) {
        memset(*state, 0, sizeof(atp_histogram_t));
    }
    return *state == NULL;
}

static int close_histogram(void **state)
{
    free(*state);
    return 0;
}

static void buckets_cover_every_value_once_and_are_within_one_64th(void **state)
{
    (void)state;
    assert_int_equal(atp_histogram_bucket_low(0), 0);
    for (uint32_t i = 0; i < ATP_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t low = atp_histogram_bucket_low(i);
        uint64_t high = atp_histogram_bucket_high(i);
        assert_int_equal(atp_histogram_bucket_of(low), i);
        assert_int_equal(atp_histogram_bucket_of(high), i);
        assert_true((high - low) * ATP_HISTOGRAM_STEPS <= low || low == high);
        if (i > 0) {
            assert_int_equal(atp_histogram_bucket_high(i - 1) + 1, low);
        }
    }
    assert_int_equal(atp_histogram_bucket_high(ATP_HISTOGRAM_BUCKET_COUNT - 1), ATP_HISTOGRAM_VALUE_MAX);
}

static void an_empty_histogram_is_all_zero(void **state)
{
    atp_histogram_t *h = *state;

    assert_int_equal(atp_histogram_count(h), 0);
    assert_int_equal(atp_histogram_percentile(h, 500000), 0);
    assert_int_equal(atp_histogram_percentile(h, 0), 0);
    assert_int_equal(atp_histogram_max(h), 0);
}

static void percentiles_of_known_values_are_within_one_64th(void **state)
{
    atp_histogram_t *h = *state;
    const uint32_t points[] = {1, 10000, 500000, 990000, 999000, 999900};

    for (uint64_t v = 1; v <= 100000; v++) {
        atp_histogram_record(h, v * 1000);
    }
    assert_int_equal(atp_histogram_count(h), 100000);
    assert_int_equal(atp_histogram_sum(h), UINT64_C(1000) * 100000 * 100001 / 2);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint64_t exact = (points[i] + 9) / 10 * 1000;
        uint64_t told = atp_histogram_percentile(h, points[i]);
        assert_in_range(told, exact, exact + exact / 64);
    }
    assert_int_equal(atp_histogram_percentile(h, 1000000), 100000000);
}

static void a_single_value_is_every_percentile_exactly(void **state)
{
    atp_histogram_t *h = *state;

    atp_histogram_record(h, 123456789);
    assert_int_equal(atp_histogram_percentile(h, 0), 123456789);
    assert_int_equal(atp_histogram_percentile(h, 500000), 123456789);
    assert_int_equal(atp_histogram_percentile(h, 1000000), 123456789);
}

static void a_value_past_the_range_counts_in_the_last_bucket_and_in_full_in_sum_and_max(void **state)
{
    atp_histogram_t *h = *state;

    atp_histogram_record(h, UINT64_MAX / 2);
    assert_int_equal(atp_histogram_count(h), 1);
    assert_int_equal(atp_histogram_count_up_to(h, ATP_HISTOGRAM_VALUE_MAX - 1), 0);
    assert_int_equal(atp_histogram_sum(h), UINT64_MAX / 2);
    assert_int_equal(atp_histogram_percentile(h, 1000000), UINT64_MAX / 2);
}

static void counts_up_to_a_bound_include_the_bound_where_a_bucket_ends(void **state)
{
    atp_histogram_t *h = *state;

    atp_histogram_record(h, 10);
    atp_histogram_record(h, 11);
    atp_histogram_record(h, 1 << 20);
    assert_int_equal(atp_histogram_count_up_to(h, 9), 0);
    assert_int_equal(atp_histogram_count_up_to(h, 10), 1);
    assert_int_equal(atp_histogram_count_up_to(h, 11), 2);
    assert_int_equal(atp_histogram_count_up_to(h, (1 << 20) - 1), 2);
    assert_int_equal(atp_histogram_count_up_to(h, 1 << 21), 3);
}

static void merging_equals_recording_both(void **state)
{
    atp_histogram_t *h = *state;
    void *other_state = NULL;
    void *both_state = NULL;

    assert_int_equal(open_histogram(&other_state) + open_histogram(&both_state), 0);
    for (uint64_t v = 1; v < 50000; v += 7) {
        atp_histogram_record(v % 2 ? h : other_state, v * v);
        atp_histogram_record(both_state, v * v);
    }
    atp_histogram_merge(h, other_state);
    assert_memory_equal(h, both_state, sizeof *h);
    atp_histogram_reset(h);
    assert_int_equal(atp_histogram_count(h) + atp_histogram_sum(h) + atp_histogram_max(h), 0);
    close_histogram(&other_state);
    close_histogram(&both_state);
}

#define RECORDERS           4
#define VALUES_PER_RECORDER 20000

static void *record_many(void *argument)
{
    for (uint64_t v = 1; v <= VALUES_PER_RECORDER; v++) {
        atp_histogram_record_shared(argument, v);
    }
    return NULL;
}

static void no_value_is_lost_when_threads_record_together(void **state)
{
    atp_histogram_t *h = *state;
    pthread_t thread[RECORDERS];

    for (int i = 0; i < RECORDERS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, record_many, h), 0);
    }
    for (int i = 0; i < 100; i++) { /* a reader meanwhile */
        assert_true(atp_histogram_percentile(h, 999000) <= VALUES_PER_RECORDER);
    }
    for (int i = 0; i < RECORDERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    }
    assert_int_equal(atp_histogram_count(h), RECORDERS * VALUES_PER_RECORDER);
    assert_int_equal(atp_histogram_sum(h),
                     (uint64_t)RECORDERS * VALUES_PER_RECORDER * (VALUES_PER_RECORDER + 1) / 2);
    assert_int_equal(atp_histogram_max(h), VALUES_PER_RECORDER);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_histogram, close_histogram)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(buckets_cover_every_value_once_and_are_within_one_64th),
        TEST(an_empty_histogram_is_all_zero),
        TEST(percentiles_of_known_values_are_within_one_64th),
        TEST(a_single_value_is_every_percentile_exactly),
        TEST(a_value_past_the_range_counts_in_the_last_bucket_and_in_full_in_sum_and_max),
        TEST(counts_up_to_a_bound_include_the_bound_where_a_bucket_ends),
        TEST(merging_equals_recording_both),
        TEST(no_value_is_lost_when_threads_record_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

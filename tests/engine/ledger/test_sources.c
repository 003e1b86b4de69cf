/* engine/ledger/sources.h: numbers, windows, epochs, and what is lost. */
#include "tests/test.h"

#include "engine/ledger/sources.h"

#include <string.h>

static bool is_new(const atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    return atp_sources_look(source, epoch, sequence) == ATP_SEQUENCE_NEW;
}

/* Accepts it if it is new; returns what was lost. */
static uint64_t take(atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    return is_new(source, epoch, sequence) ? atp_sources_accept(source, epoch, sequence) : 0;
}

static void a_source_never_heard_of_misses_nothing(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    assert_true(is_new(&source, 1, 1));
    assert_int_equal(atp_sources_missing(&source), 0);
}

static void each_number_is_accepted_once_in_any_order(void **state) /* N1 */
{
    (void)state;
    static const uint64_t order[] = {1, 2, 5, 3, 9, 4, 8, 7, 6};
    atp_source_record_t source = {0};

    for (unsigned i = 0; i < 9; i++) {
        assert_true(is_new(&source, 1, order[i]));
        assert_int_equal(atp_sources_accept(&source, 1, order[i]), 0);
        for (unsigned j = 0; j <= i; j++) {
            assert_false(is_new(&source, 1, order[j]));
        }
    }
    assert_int_equal(source.low, 10);
    assert_int_equal(source.high, 9);
    assert_int_equal(source.batches, 9);
    assert_int_equal(atp_sources_missing(&source), 0);
}

static void gaps_are_counted_while_they_may_still_be_filled(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    take(&source, 1, 1);
    take(&source, 1, 5);
    take(&source, 1, 7);
    assert_int_equal(atp_sources_missing(&source), 4); /* 2, 3, 4, 6 */
    take(&source, 1, 3);
    assert_int_equal(atp_sources_missing(&source), 3);
    assert_int_equal(source.low, 2);
}

static void the_window_moves_on_only_by_counting_what_it_leaves_as_lost(void **state) /* N2 */
{
    (void)state;
    atp_source_record_t source = {0};

    take(&source, 1, 2); /* 1 is missing */
    assert_int_equal(take(&source, 1, ATP_SOURCE_WINDOW), 0);
    assert_true(is_new(&source, 1, 1));
    assert_int_equal(take(&source, 1, ATP_SOURCE_WINDOW + 1), 1); /* 1 is given up */
    assert_false(is_new(&source, 1, 1));
    assert_int_equal(source.low, 3);
    assert_int_equal(take(&source, 1, 3), 0);
    assert_int_equal(source.lost, 1);
}

static void a_jump_far_ahead_loses_all_between(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    take(&source, 1, 1);
    take(&source, 1, 3);
    assert_int_equal(take(&source, 1, 1000000), 1000000 - ATP_SOURCE_WINDOW + 1 - 2 - 1);
    assert_int_equal(source.low, 1000000 - ATP_SOURCE_WINDOW + 1);
    assert_int_equal(atp_sources_missing(&source), ATP_SOURCE_WINDOW - 1);
    assert_true(is_new(&source, 1, 1000000 - 5));
    assert_false(is_new(&source, 1, 500));
}

static void the_last_number_there_is_does_not_wrap_the_window(void **state)
{
    (void)state;
    atp_source_record_t source = {0};
    uint64_t last = (uint64_t)INT64_MAX;

    take(&source, 1, last);
    assert_false(is_new(&source, 1, last));
    assert_true(is_new(&source, 1, last - 1));
    for (uint64_t back = 1; back < ATP_SOURCE_WINDOW; back++) {
        take(&source, 1, last - back);
    }
    assert_int_equal(source.low, last + 1);
    assert_false(is_new(&source, 1, last));
    assert_false(is_new(&source, 1, 1));
    assert_int_equal(atp_sources_missing(&source), 0);
}

static void a_higher_epoch_starts_over_and_a_lower_one_is_past(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    take(&source, 3, 1);
    take(&source, 3, 5); /* 2, 3, 4 are on their way */
    assert_false(is_new(&source, 2, 9));
    assert_int_equal(take(&source, 4, 2), 3);
    assert_true(is_new(&source, 4, 1));
    assert_false(is_new(&source, 3, 3));
    assert_int_equal(source.lost, 3);
    assert_int_equal(atp_sources_missing(&source), 1);
}

static void random_numbers_agree_with_a_list(void **state)
{
    (void)state;
    enum { NUMBERS = 6000 };
    static bool is_applied[NUMBERS];
    atp_source_record_t source = {0};
    uint64_t seed = 0x5e9;
    uint64_t low = 1;
    uint64_t high = 0;
    uint64_t lost = 0;

    memset(is_applied, 0, sizeof is_applied);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t sequence = 1 + test_random(&seed) % (i / 4 + 10);
        if (sequence >= NUMBERS) {
            continue;
        }
        bool expected = sequence >= low && !is_applied[sequence];
        assert_int_equal(is_new(&source, 1, sequence), expected);
        if (!expected) {
            continue;
        }
        lost += atp_sources_accept(&source, 1, sequence);
        is_applied[sequence] = true;
        high = sequence > high ? sequence : high;
        while (low + ATP_SOURCE_WINDOW <= high || (low <= high && is_applied[low])) {
            low++;
        }
        assert_int_equal(source.low, low);
        assert_int_equal(source.high, high);
    }
    uint64_t never_seen = 0;
    for (uint64_t sequence = 1; sequence < low; sequence++) {
        never_seen += !is_applied[sequence];
    }
    assert_int_equal(lost, never_seen);
    assert_int_equal(source.lost, lost);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_never_heard_of_misses_nothing),
        cmocka_unit_test(each_number_is_accepted_once_in_any_order),
        cmocka_unit_test(gaps_are_counted_while_they_may_still_be_filled),
        cmocka_unit_test(the_window_moves_on_only_by_counting_what_it_leaves_as_lost),
        cmocka_unit_test(a_jump_far_ahead_loses_all_between),
        cmocka_unit_test(the_last_number_there_is_does_not_wrap_the_window),
        cmocka_unit_test(a_higher_epoch_starts_over_and_a_lower_one_is_past),
        cmocka_unit_test(random_numbers_agree_with_a_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/facts/sources.h: numbers, windows, epochs, and what is lost. */
#include "tests/test.h"

#include "engine/ledger/facts/sources.h"

#include <string.h>

static bool is_new(const atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    const atp_op_source_t numbers = {.epoch = epoch, .sequence = sequence};
    return atp_sources_look(source, &numbers) == ATP_SEQUENCE_NEW;
}

/* Accepts it if it is new; returns what was lost. */
static uint64_t take(atp_source_record_t *source, uint64_t epoch, uint64_t sequence)
{
    const atp_op_source_t numbers = {.epoch = epoch, .sequence = sequence};
    return is_new(source, epoch, sequence) ? atp_sources_accept(source, &numbers) : 0;
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
        assert_int_equal(take(&source, 1, order[i]), 0);
        for (unsigned j = 0; j <= i; j++) {
            assert_false(is_new(&source, 1, order[j]));
        }
    }
    assert_int_equal(source.low, 10);
    assert_int_equal(source.high, 9);
    assert_int_equal(source.batches, 9);
    assert_int_equal(atp_sources_missing(&source), 0);
}

/* Accepts it at a time. */
static void take_at(atp_source_record_t *source, uint64_t epoch, uint64_t sequence, uint64_t kept_from,
                    int64_t now_ms)
{
    const atp_op_source_t numbers = {.epoch = epoch, .sequence = sequence, .kept_from = kept_from};
    uint64_t epoch_before = source->epoch;
    uint64_t low_before = source->low;

    (void)atp_sources_accept(source, &numbers);
    atp_sources_note_gap(source, &numbers, epoch_before, low_before, now_ms);
}

static void a_gap_has_a_time_while_its_first_number_is_missing(void **state) /* N4 */
{
    (void)state;
    atp_source_record_t source = {0};

    take_at(&source, 1, 1, 0, 10);
    assert_int_equal(source.gap_ms, 0);
    take_at(&source, 1, 3, 0, 20);
    take_at(&source, 1, 6, 0, 30);
    assert_int_equal(source.gap_ms, 20); /* since 2 was missed */
    take_at(&source, 1, 2, 0, 40);
    assert_int_equal(source.gap_ms, 40); /* 4 is waited for now */
    take_at(&source, 1, 7, 4, 50);
    assert_int_equal(source.gap_ms, 0); /* it keeps them: they come */
    take_at(&source, 1, 8, 0, 60);
    assert_int_equal(source.gap_ms, 60);
    take_at(&source, 2, 2, 0, 70);
    assert_int_equal(source.gap_ms, 70);
    take_at(&source, 2, 1, 0, 80);
    assert_int_equal(source.gap_ms, 0);
}

static void a_gap_can_be_given_up_and_comes_too_late_then(void **state) /* N2, N4 */
{
    (void)state;
    atp_source_record_t source = {0};

    take_at(&source, 1, 1, 0, 10);
    take_at(&source, 1, 4, 0, 20);
    take_at(&source, 1, 7, 0, 30);
    assert_int_equal(atp_sources_give_up_gap(&source, 100), 2); /* 2 and 3 */
    assert_int_equal(source.low, 5);
    assert_int_equal(source.lost, 2);
    assert_int_equal(source.gap_ms, 100);
    assert_false(is_new(&source, 1, 3));
    assert_true(is_new(&source, 1, 5));
    assert_int_equal(atp_sources_give_up_gap(&source, 200), 2);
    assert_int_equal(source.gap_ms, 0);
    assert_int_equal(source.low, 8);
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
        lost += take(&source, 1, sequence);
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

/* ---- of a source that keeps its batches ---- */

/* Looks, and accepts what is new. */
static atp_sequence_verdict_t keep(atp_source_record_t *source, uint64_t sequence, uint64_t kept_from,
                                   bool is_ordered)
{
    const atp_op_source_t numbers = {
        .epoch = 1, .sequence = sequence, .kept_from = kept_from, .after = is_ordered ? sequence - 1 : 0};
    atp_sequence_verdict_t verdict = atp_sources_look(source, &numbers);

    if (verdict == ATP_SEQUENCE_NEW) {
        (void)atp_sources_accept(source, &numbers);
    }
    return verdict;
}

static void the_window_waits_for_what_its_source_keeps(void **state) /* N3 */
{
    (void)state;
    atp_source_record_t source = {0};

    assert_int_equal(keep(&source, ATP_SOURCE_WINDOW + 1, 1, false), ATP_SEQUENCE_OUT_OF_ORDER);
    assert_int_equal(source.epoch, 0); /* nothing was noted */
    for (uint64_t sequence = 2; sequence <= ATP_SOURCE_WINDOW; sequence++) {
        assert_int_equal(keep(&source, sequence, 1, false), ATP_SEQUENCE_NEW);
    }
    assert_int_equal(keep(&source, ATP_SOURCE_WINDOW + 1, 1, false), ATP_SEQUENCE_OUT_OF_ORDER);
    assert_int_equal(keep(&source, 1, 1, false), ATP_SEQUENCE_NEW);
    assert_int_equal(source.low, ATP_SOURCE_WINDOW + 1);
    assert_int_equal(keep(&source, ATP_SOURCE_WINDOW + 1, 1, false), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 5, 1, false), ATP_SEQUENCE_DUPLICATE);
    assert_int_equal(source.lost, 0);
}

static void what_is_ordered_waits_for_all_below_it(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    assert_int_equal(keep(&source, 2, 1, true), ATP_SEQUENCE_OUT_OF_ORDER);
    assert_int_equal(keep(&source, 3, 1, false), ATP_SEQUENCE_NEW); /* a change does not wait */
    assert_int_equal(keep(&source, 1, 1, true), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 5, 1, true), ATP_SEQUENCE_OUT_OF_ORDER); /* 2 and 4 are missing */
    assert_int_equal(keep(&source, 2, 1, true), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 4, 1, true), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 5, 1, true), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 3, 1, true), ATP_SEQUENCE_DUPLICATE);
    assert_int_equal(source.low, 6);
}

static void what_the_source_has_no_more_is_lost_and_told(void **state)
{
    (void)state;
    atp_source_record_t source = {0};

    assert_int_equal(keep(&source, 2, 1, false), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 5, 1, false), ATP_SEQUENCE_NEW);
    assert_int_equal(keep(&source, 6, 4, true), ATP_SEQUENCE_OUT_OF_ORDER); /* it still has 4 */
    assert_int_equal(source.lost, 0);
    assert_int_equal(keep(&source, 6, 5, true), ATP_SEQUENCE_NEW); /* 1, 3 and 4 are gone */
    assert_int_equal(source.lost, 3);
    assert_int_equal(source.low, 7);
    atp_source_record_t restored = {0}; /* an engine that never heard of it */
    assert_int_equal(keep(&restored, 5000, 5000, true), ATP_SEQUENCE_NEW);
    assert_int_equal(restored.lost, 4999);
    assert_int_equal(restored.low, 5001);
}

static void gaps_are_told_run_by_run(void **state)
{
    (void)state;
    static const uint64_t applied[] = {1, 4, 5, 8};
    atp_source_record_t source = {0};
    uint64_t first = 0;
    uint64_t last = 0;

    assert_false(atp_sources_next_gap(&source, 1, &first, &last));
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(keep(&source, applied[i], 1, false), ATP_SEQUENCE_NEW);
    }
    assert_true(atp_sources_next_gap(&source, 0, &first, &last));
    assert_true(first == 2 && last == 3);
    assert_true(atp_sources_next_gap(&source, 4, &first, &last));
    assert_true(first == 6 && last == 7);
    assert_false(atp_sources_next_gap(&source, 8, &first, &last));
}

/* A network that drops, repeats and mixes up batches, and a sender that sends again what is not acknowledged, and says after
 * which statement each batch comes. Every batch is applied once; no statement overtakes anything, and nothing
 * overtakes a statement. */
static void whatever_the_network_does_all_is_applied_once_and_in_its_order(void **state)
{
    (void)state;
    enum { NUMBERS = 5000 };
    static bool is_applied[NUMBERS + 1];
    static uint64_t after[NUMBERS + 1];
    atp_source_record_t source = {0};
    uint64_t seed = 0xfac7;
    uint64_t kept_from = 1;
    uint64_t count = 0;
    uint64_t newest = 0;

    for (uint64_t i = 1; i <= NUMBERS; i++) {
        bool is_statement = test_random(&seed) % 10 == 0;
        after[i] = is_statement ? i - 1 : newest;
        newest = is_statement ? i : newest;
    }
    for (uint64_t step = 0; count < NUMBERS; step++) {
        assert_true(step < 100 * NUMBERS);
        uint64_t sequence = kept_from + test_random(&seed) % (test_random(&seed) % 5 == 0 ? 3000 : 20);
        if (sequence > NUMBERS) {
            continue;
        }
        bool is_whole = true;
        for (uint64_t below = kept_from; below <= after[sequence]; below++) {
            is_whole = is_whole && is_applied[below];
        }
        const atp_op_source_t numbers = {
            .epoch = 1, .sequence = sequence, .kept_from = kept_from, .after = after[sequence]};
        atp_sequence_verdict_t verdict = atp_sources_look(&source, &numbers);
        bool is_beyond = sequence >= source.low + ATP_SOURCE_WINDOW && source.epoch != 0;
        assert_int_equal(verdict == ATP_SEQUENCE_DUPLICATE, is_applied[sequence]);
        if (verdict == ATP_SEQUENCE_NEW) {
            assert_true(is_whole);
            assert_int_equal(atp_sources_accept(&source, &numbers), 0);
            is_applied[sequence] = true;
            count++;
        } else if (verdict == ATP_SEQUENCE_OUT_OF_ORDER && source.epoch != 0) {
            assert_true(is_beyond || !is_whole);
        }
        if (test_random(&seed) % 7 == 0 && source.low > kept_from) { /* acknowledged: dropped */
            kept_from = source.low < NUMBERS ? source.low : NUMBERS;
        }
    }
    assert_int_equal(source.lost, 0);
    assert_int_equal(source.low, NUMBERS + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_never_heard_of_misses_nothing),
        cmocka_unit_test(each_number_is_accepted_once_in_any_order),
        cmocka_unit_test(a_gap_has_a_time_while_its_first_number_is_missing),
        cmocka_unit_test(a_gap_can_be_given_up_and_comes_too_late_then),
        cmocka_unit_test(gaps_are_counted_while_they_may_still_be_filled),
        cmocka_unit_test(the_window_moves_on_only_by_counting_what_it_leaves_as_lost),
        cmocka_unit_test(a_jump_far_ahead_loses_all_between),
        cmocka_unit_test(the_last_number_there_is_does_not_wrap_the_window),
        cmocka_unit_test(a_higher_epoch_starts_over_and_a_lower_one_is_past),
        cmocka_unit_test(random_numbers_agree_with_a_list),
        cmocka_unit_test(the_window_waits_for_what_its_source_keeps),
        cmocka_unit_test(what_is_ordered_waits_for_all_below_it),
        cmocka_unit_test(what_the_source_has_no_more_is_lost_and_told),
        cmocka_unit_test(gaps_are_told_run_by_run),
        cmocka_unit_test(whatever_the_network_does_all_is_applied_once_and_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

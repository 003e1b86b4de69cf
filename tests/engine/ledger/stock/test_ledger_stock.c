/* Facts about stock, numbered batches, and the exceptions that reality raises. Acceptance C4, E1, E3, E4, F4 at one
 * position. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>

static void facts_move_on_hand_and_nothing_else(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve(&f, "r", "S", "N", 2);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_APPLIED);
    assert_int_equal(f.result.qty, 5);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(f.result.qty, -3);
    assert_verdict(fact(&f, ATP_OP_ADJUST, "S", "N", -1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_ADJUST, "S", "N", 0), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 11);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    fixture_close(&f);
}

static void a_count_books_its_variance(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 7), ATP_APPLIED);
    assert_int_equal(f.result.qty, -3);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 7), ATP_CONFIRMED);
    assert_int_equal(f.result.qty, 0);
    fixture_close(&f);
}

static void what_is_damaged_stays_on_hand_but_is_unavailable(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(damage(&f, "S", "N", 4), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    assert_int_equal(atp_of(&f, "S", "N"), 6);
    assert_verdict(damage(&f, "S", "N", -5), ATP_QTY_OUT_OF_RANGE); /* four were */
    assert_verdict(damage(&f, "S", "N", -4), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), 10);
    fixture_close(&f);
}

static void a_refused_fact_makes_no_position_and_is_kept_as_an_exception(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t fine = {ATP_TEXT("S"), ATP_TEXT("N"), 25, 1};

    put_sku(&f, "S", 0);
    put_node(&f, "N", ATP_NODE_OPEN);
    assert_verdict(damage(&f, "S", "N", -1), ATP_QTY_OUT_OF_RANGE);
    assert_false(has_position(&f, "S", "N"));
    assert_refused(
        fixture_do(&f,
                   (atp_command_t){.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &fine}),
        ATP_QTY_TOO_PRECISE, ATP_FIELD_QTY);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    assert_int_equal(newest_exception(&f)->verdict, ATP_QTY_TOO_PRECISE);
    assert_int_equal(newest_exception(&f)->op_kind, ATP_OP_RECEIVE);
    assert_int_equal(newest_exception(&f)->qty, 25); /* 2.5, as it was told */
    assert_int_equal(newest_exception(&f)->scale, 1);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "gone", "N", 1), ATP_UNKNOWN_SKU);
    assert_memory_equal(newest_exception(&f)->sku, "gone", 4);
    assert_memory_equal(newest_exception(&f)->node, "N", 1);
    assert_int_equal(counts_of(&f).exceptions, 3);
    fixture_close(&f);
}

static void a_refused_request_is_no_exception(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t line = line_of("gone", "N", 1);

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &line}),
                   ATP_UNKNOWN_SKU);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void adjustments_in_any_order_add_up(void **state) /* E1, E4 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    fact(&f, ATP_OP_ADJUST, "S", "N", -4);
    fact(&f, ATP_OP_ADJUST, "S", "N", -6);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 0);
    fact(&f, ATP_OP_ADJUST, "S", "N", -3);
    fact(&f, ATP_OP_ADJUST, "S", "N", 5);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 2);
    fixture_close(&f);
}

static void a_batch_that_comes_twice_is_applied_once(void **state) /* C4, E1 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    for (unsigned i = 0; i < 2; i++) {
        f.in_source = true;
        open_batch(&f, "wms", 1, 1);
        assert_verdict(f.result, i == 0 ? ATP_APPLIED : ATP_DUPLICATE_IGNORED);
        fact(&f, ATP_OP_RECEIVE, "S", "N", 10);
        assert_verdict(f.result, i == 0 ? ATP_APPLIED : ATP_DUPLICATE_IGNORED);
        assert_int_equal(f.took_op, i == 0);
        f.in_source = false;
        fixture_end_frame(&f);
    }
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    fixture_close(&f);
}

static void batches_out_of_order_are_each_applied_once(void **state)
{
    (void)state;
    static const uint64_t order[] = {3, 1, 3, 2, 1, 5, 4, 5};
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    f.in_source = true;
    for (unsigned i = 0; i < sizeof order / sizeof order[0]; i++) {
        open_batch(&f, "wms", 1, order[i]);
        fact(&f, ATP_OP_RECEIVE, "S", "N", 1);
    }
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

/* Opens a batch of a source that keeps its batches from 1 on. */
static atp_result_t open_kept(fixture_t *f, uint64_t sequence, bool is_ordered)
{
    const atp_op_source_t numbers = {.epoch = 1,
                                     .sequence = sequence,
                                     .as_of_ms = f->now_ms,
                                     .kept_from = 1,
                                     .after = is_ordered ? sequence - 1 : 0};

    atp_op_encode_source(f->record, ATP_TEXT("wms"), &numbers, atp_ledger_seed(f->ledger));
    return fixture_apply(f, f->record);
}

static void a_count_waits_for_what_its_source_sends_again(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    f.in_source = true;
    assert_verdict(open_kept(&f, 1, false), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "S", "N", 10);
    uint64_t op = counts_of(&f).op;
    assert_refused(open_kept(&f, 3, true), ATP_OUT_OF_ORDER, ATP_FIELD_SEQUENCE); /* 2 is on its way */
    fact(&f, ATP_OP_COUNT, "S", "N", 7);
    assert_verdict(f.result, ATP_OUT_OF_ORDER);
    assert_int_equal(counts_of(&f).op, op);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(open_kept(&f, 4, false), ATP_APPLIED); /* a change does not wait */
    fact(&f, ATP_OP_RECEIVE, "S", "N", 100);
    assert_verdict(open_kept(&f, 2, false), ATP_APPLIED);
    fact(&f, ATP_OP_SALE, "S", "N", 3);
    assert_verdict(open_kept(&f, 3, true), ATP_APPLIED);
    fact(&f, ATP_OP_COUNT, "S", "N", 107);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 107);
    fixture_close(&f);
}

static void two_sources_have_numbers_of_their_own(void **state) /* E1 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    f.in_source = true;
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    fact(&f, ATP_OP_ADJUST, "S", "N", 5);
    assert_verdict(open_batch(&f, "pos", 1, 1), ATP_APPLIED);
    fact(&f, ATP_OP_ADJUST, "S", "N", -3);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 2);
    fixture_close(&f);
}

static void numbers_that_cannot_be_are_refused_with_their_facts(void **state)
{
    (void)state;
    static const struct {
        uint64_t epoch;
        uint64_t sequence;
    } bad[] = {{0, 1}, {1, 0}, {UINT64_MAX, 1}, {1, UINT64_MAX}, {1, UINT64_C(1) << 63}};
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    f.in_source = true;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_refused(open_batch(&f, "wms", bad[i].epoch, bad[i].sequence), ATP_SEQUENCE_INVALID,
                       ATP_FIELD_SEQUENCE);
        assert_false(f.took_op);
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_SEQUENCE_INVALID);
    }
    assert_verdict(open_batch(&f, "wms", 1, (uint64_t)INT64_MAX), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SEQUENCE_LOST);
    assert_int_equal(newest_exception(&f)->qty, ATP_QTY_MAX);
    assert_verdict(open_batch(&f, "wms", 1, (uint64_t)INT64_MAX), ATP_DUPLICATE_IGNORED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 0);
    fixture_close(&f);
}

static void a_new_epoch_starts_over_and_tells_what_it_loses(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    open_batch(&f, "wms", 1, 1);
    open_batch(&f, "wms", 1, 4); /* 2 and 3 are on their way */
    assert_verdict(open_batch(&f, "wms", 2, 1), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SEQUENCE_LOST);
    assert_int_equal(newest_exception(&f)->qty, 2);
    assert_int_equal(newest_exception(&f)->source, 1);
    assert_verdict(open_batch(&f, "wms", 1, 2), ATP_DUPLICATE_IGNORED);
    fixture_close(&f);
}

static void a_gap_past_its_time_is_given_up_by_a_pulse_and_told(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.source_gap_ms = 1000;
    fixture_t f = fixture_open(&config);

    open_batch(&f, "pos", 1, 1);
    open_batch(&f, "wms", 1, 1);
    int64_t begun_ms = f.now_ms += 10;
    open_batch(&f, "wms", 1, 4); /* 2 and 3 are on their way */
    f.now_ms += 500;
    open_batch(&f, "wms", 1, 6); /* and 5 */
    fixture_check(&f);
    f.now_ms = begun_ms + 999;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    f.now_ms++;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    pulse(&f, 100);
    fixture_check(&f);
    const atp_exception_t *told = newest_exception(&f);
    assert_int_equal(told->kind, ATP_EXCEPTION_SEQUENCE_LOST);
    assert_int_equal(told->qty, 2);
    assert_int_equal(told->source, 2);
    assert_int_equal(told->epoch, 1);
    assert_int_equal(told->sequence, 2);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(open_batch(&f, "wms", 1, 3), ATP_DUPLICATE_IGNORED); /* too late */
    assert_verdict(open_batch(&f, "wms", 1, 5), ATP_APPLIED);           /* that one was not given up */
    f.now_ms += 100000;
    pulse(&f, 100);
    assert_int_equal(newest_exception(&f)->number, told->number); /* nothing is missing any more */
    fixture_close(&f);
}

static void a_gap_of_a_source_that_keeps_its_batches_is_never_given_up(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.source_gap_ms = 1000;
    fixture_t f = fixture_open(&config);

    open_kept(&f, 1, false);
    open_kept(&f, 3, false);
    f.now_ms += 1000000;
    pulse(&f, 100);
    assert_verdict(open_kept(&f, 2, false), ATP_APPLIED);
    fixture_close(&f);
}

static void a_fact_of_a_batch_needs_no_id_and_is_refused_for_no_age(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    f.in_source = true;
    open_batch(&f, "store", 1, 1);
    atp_command_line_t line = line_of("S", "N", 1);
    assert_verdict(
        fixture_do(&f, (atp_command_t){.kind = ATP_OP_SALE, .issued_ms = 1, .line_count = 1, .lines = &line}),
        ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "gone", 1), ATP_UNKNOWN_NODE);
    assert_int_equal(newest_exception(&f)->source, 1); /* it was that source's */
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SHIP, .line_count = 1, .lines = &line}),
                   ATP_APPLIED); /* a shipment of no reservation: in a batch it is a fact */
    assert_int_equal(view_of(&f, "S", "N").on_hand, 3);
    fixture_close(&f);
}

static void a_count_below_the_promises_stands_and_names_whom_it_hits(void **state) /* E3 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    reserve(&f, "order-1", "S", "N", 3);
    step_all(&f, ATP_OP_ALLOCATE, "order-1");
    reserve(&f, "cart-2", "S", "N", 2);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), -2);
    assert_verdict(reserve(&f, "late", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(counts_of(&f).exceptions, 1);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_int_equal(exception->qty, -2);
    assert_int_equal(exception->reservation_total, 2);
    assert_int_equal(exception->reservation_count, 2);
    assert_memory_equal(exception->reservations[0], "cart-2", 6); /* the weaker promise first */
    assert_memory_equal(exception->reservations[1], "order-1", 7);
    fact(&f, ATP_OP_SALE, "S", "N", 1);
    assert_int_equal(counts_of(&f).exceptions, 1); /* told once */
    fixture_close(&f);
}

static void an_over_commitment_that_was_mended_is_told_again(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    reserve_for(&f, "a", "S", "N", 3, 1000);
    reserve_for(&f, "b", "S", "N", 2, 2000);
    fact(&f, ATP_OP_COUNT, "S", "N", 4);
    assert_int_equal(counts_of(&f).exceptions, 1);
    f.now_ms += 1000; /* "a" expires: mended, though nobody said so */
    fact(&f, ATP_OP_COUNT, "S", "N", 1);
    assert_int_equal(counts_of(&f).exceptions, 2);
    assert_int_equal(newest_exception(&f)->reservation_total, 1);
    step_all(&f, ATP_OP_RELEASE, "b");
    fact(&f, ATP_OP_RECEIVE, "S", "N", 4);
    reserve(&f, "c", "S", "N", 5);
    damage(&f, "S", "N", 1);
    assert_int_equal(counts_of(&f).exceptions, 3);
    fixture_close(&f);
}

static void a_reservation_of_two_lines_at_one_position_is_hit_once(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "N", 2)};

    stock(&f, "S", "N", 50);
    reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    for (unsigned i = 0; i < 12; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%02u", i);
        reserve_for(&f, id, "S", "N", 1, 100 + i);
    }
    fact(&f, ATP_OP_COUNT, "S", "N", 0);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->reservation_total, 13);
    assert_int_equal(exception->reservation_count, ATP_EXCEPTION_RESERVATIONS_MAX);
    assert_memory_equal(exception->reservations[0], "r11", 3); /* the newest first */
    assert_memory_equal(exception->reservations[7], "r04", 3);
    fixture_close(&f);
}

static void less_than_nothing_on_hand_without_promises_is_no_over_commitment(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), -4);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void what_is_due_is_no_promise_any_more_when_a_fact_comes(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    reserve_for(&f, "r", "S", "N", 5, 100);
    f.now_ms += 100;
    fact(&f, ATP_OP_COUNT, "S", "N", 0);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void the_newest_exceptions_are_kept_and_numbered_without_gaps(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.exceptions = 4;
    fixture_t f = fixture_open(&config);
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(f.ledger);

    for (unsigned i = 0; i < 7; i++) {
        fact(&f, ATP_OP_SALE, "gone", "N", 1);
    }
    assert_null(atp_exceptions_get(exceptions, 0));
    assert_null(atp_exceptions_get(exceptions, 3));
    for (uint64_t number = 4; number <= 7; number++) {
        assert_int_equal(atp_exceptions_get(exceptions, number)->number, number);
    }
    assert_null(atp_exceptions_get(exceptions, 8));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_move_on_hand_and_nothing_else),
        cmocka_unit_test(a_count_books_its_variance),
        cmocka_unit_test(what_is_damaged_stays_on_hand_but_is_unavailable),
        cmocka_unit_test(a_refused_fact_makes_no_position_and_is_kept_as_an_exception),
        cmocka_unit_test(a_refused_request_is_no_exception),
        cmocka_unit_test(adjustments_in_any_order_add_up),
        cmocka_unit_test(a_batch_that_comes_twice_is_applied_once),
        cmocka_unit_test(batches_out_of_order_are_each_applied_once),
        cmocka_unit_test(a_count_waits_for_what_its_source_sends_again),
        cmocka_unit_test(two_sources_have_numbers_of_their_own),
        cmocka_unit_test(numbers_that_cannot_be_are_refused_with_their_facts),
        cmocka_unit_test(a_new_epoch_starts_over_and_tells_what_it_loses),
        cmocka_unit_test(a_gap_past_its_time_is_given_up_by_a_pulse_and_told),
        cmocka_unit_test(a_gap_of_a_source_that_keeps_its_batches_is_never_given_up),
        cmocka_unit_test(a_fact_of_a_batch_needs_no_id_and_is_refused_for_no_age),
        cmocka_unit_test(a_count_below_the_promises_stands_and_names_whom_it_hits),
        cmocka_unit_test(an_over_commitment_that_was_mended_is_told_again),
        cmocka_unit_test(a_reservation_of_two_lines_at_one_position_is_hit_once),
        cmocka_unit_test(less_than_nothing_on_hand_without_promises_is_no_over_commitment),
        cmocka_unit_test(what_is_due_is_no_promise_any_more_when_a_fact_comes),
        cmocka_unit_test(the_newest_exceptions_are_kept_and_numbered_without_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Feeds of what can be sold, and what is kept of what feeds corrected. */
#include "tests/engine/ledger/facts/feeds_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

/* ---- what can be sold ---- */

static void what_can_be_sold_is_counted_and_what_is_damaged_is_on_hand_as_well(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t four = line_of("S", "N", 4);
    const atp_op_source_t numbers = {.epoch = 1, .sequence = 3, .as_of_ms = f.now_ms};

    assert_verdict(feed(&f, "night", "basis=sellable includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 96), ATP_APPLIED); /* nobody has told of damage yet */
    assert_int_equal(on_hand(&f), 96);
    fixture_end_frame(&f);
    atp_op_encode_source(f.record, ATP_TEXT("WMS"), &numbers, atp_ledger_seed(f.ledger));
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    f.in_source = true;
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_ADJUST,
                                   .option = ATP_BUCKET_UNAVAILABLE,
                                   .reason = ATP_REASON_DAMAGE,
                                   .line_count = 1,
                                   .lines = &four});
    f.in_source = false;
    fixture_end_frame(&f);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 4);
    assert_int_equal(on_hand(&f), 100);
    fixture_close(&f);
}

static void a_feed_that_counts_both_buckets_does_so_in_any_order(void **state)
{
    (void)state;

    for (int first = 0; first < 2; first++) {
        fixture_t f = begin(NULL);
        assert_verdict(feed(&f, "night", "basis=sellable includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
        for (int i = 0; i < 2; i++) {
            bool is_unavailable = (i == 0) == (first == 0);
            assert_verdict(count_bucket(&f, "night", "S",
                                        is_unavailable ? ATP_BUCKET_UNAVAILABLE : ATP_BUCKET_ON_HAND,
                                        is_unavailable ? 7 : 90),
                           ATP_APPLIED);
        }
        assert_int_equal(view_of(&f, "S", "N").unavailable, 7);
        assert_int_equal(on_hand(&f), 97);
        fixture_close(&f);
    }
}

static void what_an_older_feed_counts_as_unavailable_leaves_what_a_newer_one_counted_as_it_is(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "older", "basis=available includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(feed(&f, "newer", "basis=sellable includes=WMS epoch=1 sequence=5"), ATP_APPLIED);
    assert_verdict(feed(&f, "newest", "basis=sellable includes=WMS epoch=1 sequence=6"), ATP_APPLIED);
    assert_verdict(count(&f, "newer", 90), ATP_APPLIED);
    atp_result_t result = count_bucket(&f, "older", "S", ATP_BUCKET_UNAVAILABLE, 7);
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.qty, 7); /* of the bucket that is counted */
    assert_int_equal(view_of(&f, "S", "N").unavailable, 7);
    assert_int_equal(on_hand(&f), 97); /* 90 can be sold */
    /* of what is unavailable at a later point it could not know */
    assert_verdict(count_bucket(&f, "newest", "S", ATP_BUCKET_UNAVAILABLE, 10), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 10);
    assert_int_equal(on_hand(&f), 97);
    fixture_close(&f);
}

static void what_is_available_is_without_orders_and_what_is_unavailable(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(damage(&f, "S", "N", 5), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 20), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(reserve(&f, "cart", "S", "N", 9), ATP_APPLIED); /* no order yet */
    f.now_ms += 10;
    char words[64];
    snprintf(words, sizeof words, "basis=available as_of=%lld", (long long)f.now_ms - 1);
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count(&f, "night", 75), ATP_CONFIRMED);
    assert_verdict(count(&f, "night", 74), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 99);
    fixture_close(&f);
}

static void units_that_turn_out_to_be_missing_after_the_point_are_no_movement_of_the_books(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    char words[64];

    assert_verdict(reserve(&f, "r", "S", "N", 10), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    snprintf(words, sizeof words, "basis=sellable as_of=%lld", (long long)f.now_ms);
    f.now_ms += 1000;
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "N", 10), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count(&f, "night", 100), ATP_CONFIRMED);
    assert_verdict(count_bucket(&f, "night", "S", ATP_BUCKET_UNAVAILABLE, 0), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 10);
    fixture_close(&f);
}

/* ---- drift ---- */

static void corrections_are_summed_up_by_feed_and_node_exactly(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    atp_command_line_t line = line_of("D", "N", 25);

    assert_verdict(put_sku(&f, "D", 2), ATP_APPLIED);
    line.decimals = 2; /* 0.25 */
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 97), ATP_APPLIED);
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line},
                "feed=night"),
        ATP_APPLIED);
    const atp_drift_sums_t *sums = &feed_of(&f, "night")->sums;
    assert_int_equal(sums->rows, 2);
    assert_int_equal(sums->corrected, 2);
    assert_int_equal((int64_t)sums->down, 3000000);
    assert_int_equal((int64_t)sums->up, 250000);
    uint64_t number = feed_of(&f, "night")->number;
    const atp_drift_node_t *node = atp_drift_find(atp_ledger_drift(f.ledger), number, 0);
    assert_non_null(node);
    assert_memory_equal(&node->sums, sums, sizeof *sums);
    fixture_close(&f);
}

static const atp_movement_t *newest_correction(const fixture_t *f)
{
    const atp_movements_t *movements = atp_ledger_movements(f->ledger);
    uint64_t number = movements->heads->newest;

    while (number > 0 && atp_movements_get(movements, number)->feed == 0) {
        number--;
    }
    return atp_movements_get(movements, number);
}

static void a_correction_says_who_told_of_what_moved_since_the_feed_before(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "a", "basis=on_hand includes=WMS epoch=1 sequence=1 as_of=1700000000500"),
                   ATP_APPLIED);
    assert_verdict(count(&f, "a", 99), ATP_APPLIED);
    assert_int_equal(newest_correction(&f)->cause, ATP_DRIFT_FIRST);
    f.now_ms += 1000;
    assert_verdict(feed(&f, "b", "basis=on_hand includes=WMS epoch=1 sequence=1 as_of=1700000001500"),
                   ATP_APPLIED);
    assert_verdict(count(&f, "b", 98), ATP_APPLIED);
    assert_int_equal(newest_correction(&f)->cause, ATP_DRIFT_UNTOLD);
    assert_verdict(receive(&f, 2, 5), ATP_APPLIED);
    assert_verdict(receive(&f, 3, 5), ATP_APPLIED);
    assert_verdict(receive(&f, 4, 5), ATP_APPLIED); /* after the point of the next one */
    f.now_ms += 1000;
    assert_verdict(feed(&f, "c", "basis=on_hand includes=WMS epoch=1 sequence=3 as_of=1700000002500"),
                   ATP_APPLIED);
    assert_verdict(count(&f, "c", 100), ATP_APPLIED);
    assert_int_equal(newest_correction(&f)->cause, ATP_DRIFT_TOLD);
    assert_int_equal(newest_correction(&f)->teller, 1); /* the WMS */
    assert_verdict(told(&f, "POS", 1, f.now_ms, ATP_OP_SALE, "", 1), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(feed(&f, "d", "basis=on_hand includes=WMS epoch=1 sequence=4 as_of=1700000003500"),
                   ATP_APPLIED);
    assert_verdict(count(&f, "d", 1), ATP_APPLIED);
    assert_int_equal(newest_correction(&f)->cause, ATP_DRIFT_SEVERAL);
    fixture_close(&f);
}

static void corrections_are_summed_up_by_what_they_were_worth(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = {.sku = ATP_TEXT("S")};
    const atp_attribute_t value = {
        .key = ATP_KEY_VALUE, .line = ATP_WHOLE_OP, .number = 130863, .decimals = 4}; /* 13.0863 */
    atp_attribute_t other = value;
    const atp_command_t put = {
        .kind = ATP_OP_SKU, .line_count = 1, .lines = &line, .attribute_count = 1, .attributes = &value};
    atp_command_t change = put;

    assert_verdict(fixture_do(&f, put), ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 97), ATP_APPLIED);
    other.number = 20;
    other.decimals = 0;
    change.attributes = &other;
    assert_verdict(fixture_do(&f, change), ATP_APPLIED); /* what was corrected was worth what it was */
    assert_true(feed_of(&f, "night")->sums.value_down == atp_amount_of(3, 0, 13086300));
    assert_true(feed_of(&f, "night")->sums.value_up == 0);
    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED); /* nothing is said of it: it stays */
    assert_verdict(feed(&f, "day", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    assert_verdict(count(&f, "day", 99), ATP_APPLIED);
    assert_true(feed_of(&f, "day")->sums.value_up == atp_amount_of(2, 0, 20000000));
    other.number = ATP_QTY_MAX;
    assert_refused(fixture_do(&f, change), ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* ---- goods in transit ---- */

/* Ten of 100 at N are to go to M. */
static fixture_t begin_transfer(void)
{
    fixture_t f = begin(NULL);
    const atp_command_line_t ten = line_of("S", "N", 10);

    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_TRANSFER, .subject = ATP_TEXT("t"), .line_count = 1, .lines = &ten},
                "to=M due=1700086400000"),
        ATP_APPLIED);
    return f;
}

/* A step of the transfer, told by the WMS in a batch of its own. */
static atp_result_t told_of_transfer(fixture_t *f, uint64_t sequence, atp_op_kind_t kind, const char *node,
                                     atp_qty_t qty, const char *words)
{
    const atp_op_source_t numbers = {.epoch = 1, .sequence = sequence, .as_of_ms = f->now_ms};
    const atp_command_line_t line = line_of("S", node, qty);

    fixture_end_frame(f);
    atp_op_encode_source(f->record, ATP_TEXT("WMS"), &numbers, atp_ledger_seed(f->ledger));
    assert_verdict(fixture_apply(f, f->record), ATP_APPLIED);
    f->in_source = true;
    atp_result_t result =
        do_with(f,
                (atp_command_t){
                    .kind = kind, .subject = ATP_TEXT("t"), .is_fact = true, .line_count = 1, .lines = &line},
                words);
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

static atp_result_t count_at(fixture_t *f, const char *feed, const char *node, atp_qty_t qty)
{
    const atp_command_line_t line = line_of("S", node, qty);
    char words[96];

    snprintf(words, sizeof words, "feed=%s", feed);
    return do_with(f, (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line},
                   words);
}

static void what_is_on_the_road_is_counted_where_it_goes(void **state)
{
    (void)state;
    fixture_t f = begin_transfer();

    assert_verdict(told_of_transfer(&f, 2, ATP_OP_TRANSFER_SHIP, "N", 10, ""), ATP_APPLIED);
    assert_verdict(told_of_transfer(&f, 3, ATP_OP_TRANSFER_RECEIVE, "M", 4, ""), ATP_APPLIED_IN_PART);
    assert_verdict(feed(&f, "night", "basis=with_inbound includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(told_of_transfer(&f, 4, ATP_OP_TRANSFER_RECEIVE, "M", 1, ""), ATP_APPLIED_IN_PART);
    assert_verdict(count_at(&f, "night", "M", 10), ATP_CONFIRMED); /* 4 there, 6 on the road */
    assert_verdict(count_at(&f, "night", "N", 90), ATP_CONFIRMED);
    /* two of them are never seen again: so it was told after the point */
    assert_verdict(told_of_transfer(&f, 5, ATP_OP_TRANSFER_RECEIVE, "M", 3, "final=1"), ATP_APPLIED_IN_PART);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 8);
    assert_verdict(feed(&f, "day", "basis=with_inbound includes=WMS epoch=1 sequence=5"), ATP_APPLIED);
    assert_verdict(count_at(&f, "day", "M", 8), ATP_CONFIRMED);
    fixture_close(&f);
}

static void what_had_left_and_come_in_before_a_count_is_not_added_when_it_is_told(void **state)
{
    (void)state;
    fixture_t f = begin_transfer();

    assert_verdict(feed(&f, "night", "basis=with_inbound includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(count_at(&f, "night", "M", 10), ATP_APPLIED); /* nobody has told that anything left */
    assert_int_equal(view_of(&f, "S", "M").on_hand, 10);
    assert_verdict(told_of_transfer(&f, 2, ATP_OP_TRANSFER_SHIP, "N", 10, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 0); /* all ten are on the road */
    assert_verdict(told_of_transfer(&f, 3, ATP_OP_TRANSFER_RECEIVE, "M", 4, ""), ATP_APPLIED_IN_PART);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 4);
    assert_verdict(told_of_transfer(&f, 4, ATP_OP_TRANSFER_RECEIVE, "M", 6, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 10);
    fixture_close(&f);
}

static void what_transfers_have_still_to_take_away_is_in_no_count_that_is_without_it(void **state)
{
    (void)state;
    fixture_t f = begin_transfer();
    char words[96];

    snprintf(words, sizeof words, "basis=less_outbound includes=WMS epoch=1 sequence=2 as_of=%lld",
             (long long)f.now_ms);
    f.now_ms += 1;
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count_at(&f, "night", "N", 90), ATP_CONFIRMED);
    assert_verdict(told_of_transfer(&f, 2, ATP_OP_TRANSFER_SHIP, "N", 4, ""), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 96);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_TRANSFER_CANCEL, .subject = ATP_TEXT("t")}),
                   ATP_APPLIED);
    f.now_ms += 1;
    snprintf(words, sizeof words, "basis=less_outbound includes=WMS epoch=1 sequence=2 as_of=%lld",
             (long long)f.now_ms - 1);
    assert_verdict(feed(&f, "day", words), ATP_APPLIED);
    assert_verdict(count_at(&f, "day", "N", 96), ATP_CONFIRMED);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_sold_is_counted_and_what_is_damaged_is_on_hand_as_well),
        cmocka_unit_test(a_feed_that_counts_both_buckets_does_so_in_any_order),
        cmocka_unit_test(what_an_older_feed_counts_as_unavailable_leaves_what_a_newer_one_counted_as_it_is),
        cmocka_unit_test(what_is_available_is_without_orders_and_what_is_unavailable),
        cmocka_unit_test(units_that_turn_out_to_be_missing_after_the_point_are_no_movement_of_the_books),
        cmocka_unit_test(corrections_are_summed_up_by_what_they_were_worth),
        cmocka_unit_test(what_is_on_the_road_is_counted_where_it_goes),
        cmocka_unit_test(what_had_left_and_come_in_before_a_count_is_not_added_when_it_is_told),
        cmocka_unit_test(what_transfers_have_still_to_take_away_is_in_no_count_that_is_without_it),
        cmocka_unit_test(corrections_are_summed_up_by_feed_and_node_exactly),
        cmocka_unit_test(a_correction_says_who_told_of_what_moved_since_the_feed_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Facts that could not be applied when they were told, and feeds that were taken meanwhile: they had happened before. */
#include "tests/engine/ledger/facts/feeds_fixture.h"

#include <stdio.h>

static atp_result_t receive_as(fixture_t *f, const char *sku, atp_qty_t qty)
{
    return fact(f, ATP_OP_RECEIVE, sku, "N", qty);
}

/* In a batch of the WMS, which happened at `as_of_ms`. */
static atp_result_t receive_as_in_batch(fixture_t *f, uint64_t sequence, int64_t as_of_ms, const char *sku,
                                        atp_qty_t qty)
{
    atp_op_source_t numbers = {.epoch = 1, .sequence = sequence, .as_of_ms = as_of_ms};

    fixture_end_frame(f);
    atp_op_encode_source(f->record, ATP_TEXT("WMS"), &numbers, atp_ledger_seed(f->ledger));
    assert_verdict(fixture_apply(f, f->record), ATP_APPLIED);
    f->in_source = true;
    atp_result_t result = receive_as(f, sku, qty);
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

static fixture_t begin_with(atp_unknown_names_t policy)
{
    atp_ledger_config_t config = fixture_config();

    config.unknown_names = policy;
    return begin(&config);
}

static void put_other_name(fixture_t *f)
{
    assert_verdict(do_with(f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = ATP_TEXT("T")}, "sku=S"),
                   ATP_APPLIED);
}

static void what_waited_for_a_name_and_was_counted_meanwhile_moves_no_stock(void **state)
{
    (void)state;
    fixture_t f = begin_with(ATP_UNKNOWN_PARK);

    assert_verdict(receive_as_in_batch(&f, 2, f.now_ms, "T", 7), ATP_PARKED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 107), ATP_APPLIED);
    assert_verdict(receive_as_in_batch(&f, 3, f.now_ms, "T", 1), ATP_PARKED);
    put_other_name(&f);
    assert_int_equal(on_hand(&f), 108); /* the feed had the seven */
    assert_int_equal(feed_of(&f, "night")->sums.late, 1);
    fixture_close(&f);
}

/* It is of the client and the time it was told, not of who brings the name. */
static void what_waited_for_a_name_had_happened_when_it_was_told(void **state)
{
    (void)state;
    fixture_t f = begin_with(ATP_UNKNOWN_PARK);
    char words[64];

    assert_verdict(receive_as(&f, "T", 7), ATP_PARKED);
    f.now_ms += 10;
    snprintf(words, sizeof words, "basis=on_hand as_of=%lld", (long long)f.now_ms - 5);
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count(&f, "night", 107), ATP_APPLIED);
    f.now_ms += 10;
    put_other_name(&f);
    assert_int_equal(on_hand(&f), 107);
    fixture_close(&f);
}

/* Offline for an hour, and then refused: the feed was taken in between. */
static void what_a_person_replays_had_happened_when_its_batch_says(void **state)
{
    (void)state;
    fixture_t f = begin_with(ATP_UNKNOWN_REFUSE);
    char words[64];
    int64_t sold_ms = f.now_ms;

    snprintf(words, sizeof words, "basis=on_hand as_of=%lld", (long long)sold_ms + 10);
    f.now_ms += 1000;
    assert_verdict(receive_as_in_batch(&f, 2, sold_ms, "T", 7), ATP_UNKNOWN_SKU);
    assert_int_equal(newest_exception(&f)->told_ms, sold_ms);
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count(&f, "night", 107), ATP_APPLIED);
    put_other_name(&f);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("1")},
                           "settle=replay"),
                   ATP_CONFIRMED);
    assert_int_equal(on_hand(&f), 107);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waited_for_a_name_and_was_counted_meanwhile_moves_no_stock),
        cmocka_unit_test(what_waited_for_a_name_had_happened_when_it_was_told),
        cmocka_unit_test(what_a_person_replays_had_happened_when_its_batch_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

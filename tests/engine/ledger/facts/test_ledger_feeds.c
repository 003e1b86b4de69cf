/* Feeds: counts of a point in the past. */
#include "tests/engine/ledger/facts/feeds_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

/* ---- counts ---- */

static void a_count_corrects_what_differed_at_its_point_and_leaves_what_came_after(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(told(&f, "WMS", 2, f.now_ms, ATP_OP_SALE, "", 10), ATP_APPLIED);
    assert_verdict(receive(&f, 3, 7), ATP_APPLIED); /* after the point */
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    atp_result_t result = count(&f, "night", 88); /* the ledger had 90 then */
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.qty, -2);
    assert_int_equal(on_hand(&f), 95);
    assert_int_equal(feed_of(&f, "night")->sums.corrected, 1);
    fixture_close(&f);
}

static void a_count_that_agrees_is_confirmed_and_moves_nothing(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    uint64_t before = atp_ledger_movements(f.ledger)->heads->newest;

    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 100), ATP_CONFIRMED);
    assert_verdict(count(&f, "night", 100), ATP_CONFIRMED);
    assert_int_equal(atp_ledger_movements(f.ledger)->heads->newest, before);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 1); /* one bucket of one position */
    assert_int_equal(feed_of(&f, "night")->sums.corrected, 0);
    fixture_close(&f);
}

static void what_a_feed_counted_and_is_told_later_moves_no_stock(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=5"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 60), ATP_APPLIED);
    atp_result_t late = told(&f, "WMS", 4, f.now_ms, ATP_OP_SALE, "", 40);
    assert_verdict(late, ATP_CONFIRMED);
    assert_int_equal(late.qty, 0);
    assert_int_equal(on_hand(&f), 60);
    assert_int_equal(feed_of(&f, "night")->sums.late, 1);
    assert_verdict(told(&f, "WMS", 6, f.now_ms, ATP_OP_SALE, "", 1), ATP_APPLIED); /* after it */
    assert_int_equal(on_hand(&f), 59);
    fixture_close(&f);
}

static void that_a_document_was_told_is_noted_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 99);
    const atp_command_t note = {.kind = ATP_OP_FEED, .subject = ATP_TEXT("846")};
    atp_command_t counting = note;
    uint64_t feeds = atp_ledger_feeds(f.ledger)->heads->newest;

    assert_verdict(do_with(&f, note, "basis=on_hand document=9"), ATP_CONFIRMED);
    counting.line_count = 1;
    counting.lines = &line;
    assert_verdict(do_with(&f, counting, "basis=on_hand document=9"), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_int_equal(atp_ledger_feeds(f.ledger)->heads->newest, feeds);
    assert_int_equal(on_hand(&f), 100);
    fixture_close(&f);
}

static void what_stands_in_a_document_is_remembered_with_its_id(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_t note = {.kind = ATP_OP_FEED, .subject = ATP_TEXT("846"), .id = ATP_TEXT("told-846")};

    assert_int_equal(do_with(&f, note, "basis=on_hand document=9").qty, 0);
    const atp_command_t other = {.kind = ATP_OP_FEED, .subject = ATP_TEXT("846"), .id = ATP_TEXT("told-847")};
    assert_int_equal(do_with(&f, other, "basis=on_hand document=9 content=9223372036854775807").qty,
                     INT64_MAX);
    atp_result_t again = do_with(&f, other, "basis=on_hand document=9 content=9223372036854775807");
    assert_verdict(again, ATP_CONFIRMED);
    assert_true(again.is_repeat);
    assert_int_equal(again.qty, INT64_MAX);
    assert_verdict(do_with(&f, other, "basis=on_hand document=9 content=1"), ATP_CONFLICT);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_FEED, .subject = ATP_TEXT("night")},
                           "basis=on_hand as_of=1 content=1"),
                   ATP_ATTRIBUTE_NOT_TAKEN);
    fixture_close(&f);
}

/* ---- counts told with the feed itself ---- */

#define NIGHT "basis=on_hand includes=WMS epoch=1 sequence=5"

/* The feed "night" with lines. */
static atp_result_t feed_lines(fixture_t *f, const char *words, const atp_command_line_t *lines,
                               uint32_t line_count)
{
    return do_with(
        f,
        (atp_command_t){
            .kind = ATP_OP_FEED, .subject = ATP_TEXT("night"), .line_count = line_count, .lines = lines},
        words);
}

static void a_line_that_agrees_is_counted_as_a_count_of_it_would_be(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 100);
    uint64_t before = atp_ledger_movements(f.ledger)->heads->newest;

    atp_result_t result = feed_lines(&f, NIGHT, &line, 1);
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.line_count, 1);
    assert_int_equal(result.qty, 1);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_AGREES);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 1);
    assert_int_equal(atp_ledger_movements(f.ledger)->heads->newest, before);
    /* what it has counted, and is told later, moves nothing */
    assert_verdict(told(&f, "WMS", 4, f.now_ms, ATP_OP_SALE, "", 40), ATP_CONFIRMED);
    assert_int_equal(on_hand(&f), 100);
    assert_verdict(feed_lines(&f, NIGHT, &line, 1), ATP_CONFIRMED); /* and again */
    assert_int_equal(f.grants[0].qty, ATP_COUNT_AGREES);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 1);
    fixture_close(&f);
}

static void a_line_that_differs_is_left_alone(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t lines[] = {line_of("S", "N", 99), line_of("S", "N", 100)};

    assert_verdict(feed_lines(&f, NIGHT, lines, 1), ATP_APPLIED); /* the feed is new */
    assert_int_equal(f.grants[0].qty, ATP_COUNT_LEFT);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 0);
    assert_verdict(feed_lines(&f, NIGHT, lines, 1), ATP_CONFIRMED);
    assert_verdict(told(&f, "WMS", 4, f.now_ms, ATP_OP_SALE, "", 1),
                   ATP_APPLIED); /* nothing has counted it */
    assert_int_equal(on_hand(&f), 99);
    atp_result_t result = feed_lines(&f, NIGHT, lines, 2); /* now the other one differs */
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_AGREES);
    assert_int_equal(f.grants[1].qty, ATP_COUNT_LEFT);
    assert_int_equal(result.qty, 1);
    fixture_close(&f);
}

static void a_line_that_cannot_be_looked_at_is_left_alone_and_no_exception(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    atp_command_line_t lines[] = {line_of("nobody", "N", 1), line_of("S", "nowhere", 1),
                                  line_of("S", "N", 1000), line_of("S", "N", 100)};
    uint64_t before = atp_ledger_exceptions(f.ledger)->heads->newest;

    lines[2].decimals = 1; /* 100.0 */
    lines[3].decimals = 1; /* 10.0 */
    atp_result_t result = feed_lines(&f, NIGHT, lines, 4);
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.field, ATP_FIELD_NONE);
    assert_int_equal(result.qty, 1);
    assert_int_equal(f.grants[2].qty, ATP_COUNT_AGREES);
    assert_verdict(receive(&f, 6, 1), ATP_APPLIED);
    assert_verdict(told(&f, "POS", 1, f.now_ms, ATP_OP_SALE, "", 1), ATP_APPLIED); /* undecided */
    assert_verdict(feed_lines(&f, NIGHT, &lines[2], 1), ATP_CONFIRMED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_LEFT);
    assert_int_equal(atp_ledger_exceptions(f.ledger)->heads->newest, before);
    fixture_close(&f);
}

static void a_line_of_an_older_feed_is_left_alone(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 100);

    assert_verdict(feed(&f, "day", "basis=on_hand includes=WMS epoch=1 sequence=9"), ATP_APPLIED);
    assert_verdict(count(&f, "day", 100), ATP_CONFIRMED);
    assert_verdict(feed_lines(&f, NIGHT, &line, 1), ATP_APPLIED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_LEFT);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 0);
    fixture_close(&f);
}

static void lines_count_the_bucket_that_the_feed_says(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 0);

    assert_verdict(feed_lines(&f, NIGHT " bucket=unavailable", &line, 1), ATP_APPLIED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_AGREES);
    assert_verdict(feed_lines(&f, NIGHT, &line, 1), ATP_CONFIRMED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_LEFT); /* on hand there are 100 */
    assert_int_equal(feed_of(&f, "night")->sums.rows, 1);
    fixture_close(&f);
}

static void a_line_says_that_a_count_of_its_feed_has_corrected_it(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 98);

    assert_verdict(feed_lines(&f, NIGHT, &line, 1), ATP_APPLIED);
    assert_verdict(count(&f, "night", 98), ATP_APPLIED);
    atp_result_t result = feed_lines(&f, NIGHT, &line, 1);
    assert_verdict(result, ATP_CONFIRMED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_CORRECTED);
    assert_int_equal(result.qty, 1);
    assert_verdict(count(&f, "night", 98), ATP_CONFIRMED); /* which it still has */
    assert_verdict(feed_lines(&f, NIGHT, &line, 1), ATP_CONFIRMED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_CORRECTED);
    assert_verdict(feed(&f, "day", "basis=on_hand includes=WMS epoch=1 sequence=9"), ATP_APPLIED);
    assert_verdict(count(&f, "day", 98), ATP_CONFIRMED);
    assert_verdict(
        do_with(
            &f,
            (atp_command_t){.kind = ATP_OP_FEED, .subject = ATP_TEXT("day"), .line_count = 1, .lines = &line},
            "basis=on_hand includes=WMS epoch=1 sequence=9"),
        ATP_CONFIRMED);
    assert_int_equal(f.grants[0].qty, ATP_COUNT_AGREES);
    fixture_close(&f);
}

static void a_feed_says_when_it_was_told_first(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    int64_t told_ms = f.now_ms;

    assert_int_equal(feed(&f, "night", NIGHT).ready_ms, told_ms);
    f.now_ms += 5000;
    assert_int_equal(feed(&f, "night", NIGHT).ready_ms, told_ms);
    fixture_close(&f);
}

static void lines_of_a_feed_that_is_refused_are_not_looked_at(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    const atp_command_line_t line = line_of("S", "N", 100);

    assert_verdict(feed(&f, "night", NIGHT), ATP_APPLIED);
    atp_result_t result = feed_lines(&f, "basis=on_hand includes=WMS epoch=1 sequence=6", &line, 1);
    assert_verdict(result, ATP_CONFLICT);
    assert_int_equal(result.line_count, 0);
    assert_int_equal(feed_of(&f, "night")->sums.rows, 0);
    fixture_close(&f);
}

/* ---- steps ---- */

static void a_shipment_that_was_counted_makes_its_step_and_moves_no_stock(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(reserve(&f, "r", "S", "N", 29), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 80), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), 51);
    assert_verdict(told(&f, "WMS", 2, f.now_ms, ATP_OP_SHIP, "r", 29), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_SHIPPED), 29);
    assert_int_equal(on_hand(&f), 80);
    assert_int_equal(atp_of(&f, "S", "N"), 80);
    fixture_close(&f);
}

static void a_receipt_that_was_counted_only_closes_its_supply(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    atp_command_line_t line = line_of("S", "N", 20);

    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("po"), .line_count = 1, .lines = &line},
                "due=1700092800000"),
        ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 120), ATP_APPLIED);
    atp_op_source_t numbers = {.epoch = 1, .sequence = 2, .as_of_ms = f.now_ms};
    atp_op_encode_source(f.record, ATP_TEXT("WMS"), &numbers, atp_ledger_seed(f.ledger));
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    f.in_source = true;
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                                  .subject = ATP_TEXT("po"),
                                                  .line_count = 1,
                                                  .lines = &line}),
                   ATP_APPLIED);
    f.in_source = false;
    assert_int_equal(on_hand(&f), 120);
    assert_int_equal(atp_supply_at(atp_ledger_supplies(f.ledger), 0)->status, ATP_SUPPLY_RECEIVED);
    fixture_close(&f);
}

static void who_has_no_numbers_is_placed_by_time(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    int64_t counted_ms = f.now_ms;
    char words[64];

    f.now_ms += 1000;
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_APPLIED); /* by a client, after the count */
    snprintf(words, sizeof words, "basis=on_hand as_of=%lld", (long long)counted_ms);
    assert_verdict(feed(&f, "shelf", words), ATP_APPLIED);
    assert_verdict(count(&f, "shelf", 90), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 85);
    /* A store that was offline tells what it sold before it was counted. */
    assert_verdict(told(&f, "POS", 1, counted_ms, ATP_OP_SALE, "", 10), ATP_CONFIRMED);
    assert_verdict(told(&f, "POS", 2, counted_ms + 1, ATP_OP_SALE, "", 1), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 84);
    fixture_close(&f);
}

static void a_count_less_what_is_allocated_knows_what_was_allocated_then(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);
    char words[64];

    assert_verdict(reserve(&f, "r", "S", "N", 29), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    int64_t counted_ms = f.now_ms;
    f.now_ms += 1000;
    assert_verdict(reserve(&f, "later", "S", "N", 4), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "later"), ATP_APPLIED);
    f.now_ms += 1000;
    snprintf(words, sizeof words, "basis=less_allocated as_of=%lld", (long long)counted_ms);
    assert_verdict(feed(&f, "night", words), ATP_APPLIED);
    assert_verdict(count(&f, "night", 71), ATP_CONFIRMED); /* 100 less 29 */
    assert_int_equal(on_hand(&f), 100);
    /* The shipment was counted: what the feed counts stays, and with what is allocated on-hand goes. */
    assert_verdict(told(&f, "WMS", 2, counted_ms, ATP_OP_SHIP, "r", 29), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 71);
    assert_int_equal(view_of(&f, "S", "N").allocated, 4);
    fixture_close(&f);
}

static void a_count_less_what_is_picked_follows_picks(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(reserve(&f, "r", "S", "N", 10), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(told(&f, "WMS", 2, f.now_ms, ATP_OP_PICK, "r", 3), ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=less_picked includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 90), ATP_APPLIED); /* so 93 are on hand, as far as is known */
    assert_int_equal(on_hand(&f), 93);
    assert_verdict(told(&f, "WMS", 3, f.now_ms, ATP_OP_PICK, "r", 7), ATP_APPLIED); /* it was counted */
    assert_int_equal(on_hand(&f), 100);
    assert_verdict(told(&f, "WMS", 4, f.now_ms, ATP_OP_SHIP, "r", 10), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 90);
    fixture_close(&f);
}

static void unavailable_units_are_counted_as_of_the_point_too(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(damage(&f, "S", "N", 4), ATP_APPLIED);
    f.now_ms += 10;
    assert_verdict(feed(&f, "night", "basis=on_hand as_of=1700000000900"), ATP_APPLIED);
    assert_verdict(count_bucket(&f, "night", "S", ATP_BUCKET_UNAVAILABLE, 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 6);
    assert_int_equal(on_hand(&f), 100);
    fixture_close(&f);
}

static void the_first_count_of_a_position_makes_it(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(put_sku(&f, "T", 0), ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count_bucket(&f, "night", "T", ATP_BUCKET_ON_HAND, 9), ATP_APPLIED);
    assert_int_equal(view_of(&f, "T", "N").on_hand, 9);
    fixture_close(&f);
}

/* ---- what is not applied ---- */

static void what_nobody_can_decide_is_an_exception(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_APPLIED); /* has no number */
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 95), ATP_FEED_UNDECIDED);
    assert_int_equal(on_hand(&f), 95);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_FEED_UNDECIDED);
    assert_int_equal(exception->verdict, ATP_FEED_UNDECIDED);
    assert_int_not_equal(exception->fact_first, 0); /* it is kept */
    assert_int_equal(feed_of(&f, "night")->sums.rows, 0);
    fixture_close(&f);
}

static void an_exception_of_a_count_is_replayed_once_it_can_be_decided(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_APPLIED);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 90), ATP_FEED_UNDECIDED);
    f.now_ms += 10;
    char words[64];
    snprintf(words, sizeof words, "basis=on_hand as_of=%lld", (long long)f.now_ms - 1);
    assert_verdict(feed(&f, "shelf", words), ATP_APPLIED);
    assert_verdict(count(&f, "shelf", 92), ATP_APPLIED);
    /* Another one has counted since; of it nobody knows what the first one says. */
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("1")},
                           "settle=replay"),
                   ATP_FEED_UNDECIDED);
    assert_int_equal(on_hand(&f), 92);
    fixture_close(&f);
}

static void an_older_feed_is_stale(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "new", "basis=on_hand includes=WMS epoch=1 sequence=9"), ATP_APPLIED);
    assert_verdict(feed(&f, "old", "basis=on_hand includes=WMS epoch=1 sequence=8"), ATP_APPLIED);
    assert_verdict(count(&f, "new", 50), ATP_APPLIED);
    assert_verdict(count(&f, "old", 70), ATP_FEED_STALE);
    assert_int_equal(on_hand(&f), 50);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FEED_STALE);
    /* A feed of the same point counts again. */
    assert_verdict(feed(&f, "same", "basis=on_hand includes=WMS epoch=1 sequence=9"), ATP_APPLIED);
    assert_verdict(count(&f, "same", 51), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 51);
    fixture_close(&f);
}

static void a_point_that_the_ring_does_not_reach_is_an_exception(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.movements = 2;
    fixture_t f = begin(&config);

    assert_verdict(receive(&f, 2, 1), ATP_APPLIED);
    assert_verdict(receive(&f, 3, 1), ATP_APPLIED);
    assert_verdict(receive(&f, 4, 1), ATP_APPLIED); /* the first two are gone */
    assert_verdict(feed(&f, "old", "basis=on_hand as_of=1700000000500"), ATP_APPLIED);
    assert_verdict(count(&f, "old", 100), ATP_FEED_UNDECIDED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FEED_TOO_OLD);
    f.now_ms += 10;
    char words[96];
    snprintf(words, sizeof words, "basis=on_hand includes=WMS epoch=1 sequence=3 as_of=%lld",
             (long long)f.now_ms - 1);
    assert_verdict(feed(&f, "night", words), ATP_APPLIED); /* what is gone is in it */
    assert_verdict(count(&f, "night", 90), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 91);
    fixture_close(&f);
}

static void what_a_feed_includes_is_needed_no_more_and_makes_room(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.movements = 3;
    fixture_t f = begin(&config);

    for (uint64_t night = 0; night < 5; night++) {
        char id[16];
        char words[96];
        uint64_t last = 3 * night + 3;
        assert_verdict(receive(&f, last - 1, 1), ATP_APPLIED);
        assert_verdict(receive(&f, last, 1), ATP_APPLIED);
        snprintf(id, sizeof id, "night%llu", (unsigned long long)night);
        snprintf(words, sizeof words, "basis=on_hand includes=WMS epoch=1 sequence=%llu",
                 (unsigned long long)last);
        assert_verdict(feed(&f, id, words), ATP_APPLIED);
        assert_true(atp_verdict_is_success(count(&f, id, 100 + (atp_qty_t)night).verdict));
        assert_int_equal(on_hand(&f), 100 + (atp_qty_t)night);
        assert_verdict(receive(&f, last + 1, 0 + 1), ATP_APPLIED);
        assert_int_equal(on_hand(&f), 101 + (atp_qty_t)night);
    }
    fixture_close(&f);
}

static void feeds_that_compare_by_nothing_are_undecided(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    f.now_ms += 10;
    assert_verdict(feed(&f, "erp", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "erp", 100), ATP_CONFIRMED);
    assert_verdict(feed(&f, "pos", "basis=on_hand includes=POS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "pos", 99), ATP_FEED_UNDECIDED);
    f.now_ms += 10;
    char words[64];
    snprintf(words, sizeof words, "basis=on_hand as_of=%lld", (long long)f.now_ms - 1);
    assert_verdict(feed(&f, "shelf", words), ATP_APPLIED); /* of a time after the first one was told */
    assert_verdict(count(&f, "shelf", 99), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- feeds themselves ---- */

static void a_feed_says_of_which_point_it_is(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "a", "basis=on_hand"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(feed(&f, "a", "as_of=1700000000500"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(feed(&f, "a", "basis=on_hand includes=WMS epoch=1"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(feed(&f, "a", "basis=on_hand includes=WMS sequence=1 epoch=1"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(feed(&f, "a", "basis=on_hand epoch=1 as_of=1700000000500"), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_verdict(feed(&f, "a", "basis=on_hand includes=A epoch=1 sequence=1 includes=A epoch=1 sequence=2"),
                   ATP_ATTRIBUTE_NOT_TAKEN);
    assert_verdict(feed(&f, "a", "basis=on_hand as_of=1900000000000"), ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_null(feed_of(&f, "a"));
    assert_verdict(feed(&f, "a", "basis=on_hand as_of=1700000000500"), ATP_APPLIED);
    fixture_close(&f);
}

static void a_feed_told_twice_is_one_and_told_otherwise_a_conflict(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(feed(&f, "a", "basis=on_hand includes=NEW epoch=2 sequence=7"), ATP_APPLIED);
    assert_verdict(feed(&f, "a", "basis=on_hand includes=NEW epoch=2 sequence=7"), ATP_CONFIRMED);
    assert_verdict(feed(&f, "a", "basis=on_hand includes=NEW epoch=2 sequence=8"), ATP_CONFLICT);
    assert_verdict(feed(&f, "a", "basis=less_picked includes=NEW epoch=2 sequence=7"), ATP_CONFLICT);
    assert_verdict(count(&f, "b", 1), ATP_UNKNOWN_FEED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    fixture_close(&f);
}

static void more_sources_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.sources = 2;
    fixture_t f = begin(&config);
    char words[1024] = "basis=on_hand";

    assert_verdict(feed(&f, "a", "basis=on_hand includes=A epoch=1 sequence=1 includes=B epoch=1 sequence=1"),
                   ATP_SOURCES_FULL);
    assert_verdict(
        feed(&f, "a", "basis=on_hand includes=A epoch=1 sequence=1 includes=WMS epoch=1 sequence=1"),
        ATP_APPLIED);
    for (unsigned i = 0; i <= ATP_FEED_SOURCES_MAX; i++) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof words - used, " includes=s%u epoch=1 sequence=1", i);
    }
    assert_verdict(feed(&f, "b", words), ATP_TOO_MANY_ATTRIBUTES);
    fixture_close(&f);
}

static void the_oldest_feed_makes_room_for_a_new_one(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.feeds = 2;
    fixture_t f = begin(&config);

    assert_verdict(feed(&f, "a", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "a", 90), ATP_APPLIED);
    assert_verdict(feed(&f, "b", "basis=on_hand includes=WMS epoch=1 sequence=2"), ATP_APPLIED);
    assert_verdict(feed(&f, "c", "basis=on_hand includes=WMS epoch=1 sequence=3"), ATP_APPLIED);
    assert_verdict(count(&f, "a", 90), ATP_UNKNOWN_FEED);
    assert_verdict(count(&f, "c", 80), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 80);
    fixture_close(&f);
}

static void where_no_movements_are_kept_no_feed_is_taken(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.movements = 0;
    fixture_t f = begin(&config);

    assert_verdict(feed(&f, "a", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_FEED_UNDECIDED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 90), ATP_APPLIED);
    assert_int_equal(on_hand(&f), 90);
    fixture_close(&f);
}

static void a_feed_of_the_books_finds_nothing_that_is_missing(void **state)
{
    (void)state;
    fixture_t f = begin(NULL);

    assert_verdict(reserve(&f, "r", "S", "N", 10), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "N", 10), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 10);
    assert_verdict(feed(&f, "night", "basis=on_hand includes=WMS epoch=1 sequence=1"), ATP_APPLIED);
    assert_verdict(count(&f, "night", 100), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "N").unavailable, 10);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_corrects_what_differed_at_its_point_and_leaves_what_came_after),
        cmocka_unit_test(a_count_that_agrees_is_confirmed_and_moves_nothing),
        cmocka_unit_test(a_line_that_agrees_is_counted_as_a_count_of_it_would_be),
        cmocka_unit_test(a_line_that_differs_is_left_alone),
        cmocka_unit_test(a_line_that_cannot_be_looked_at_is_left_alone_and_no_exception),
        cmocka_unit_test(a_line_of_an_older_feed_is_left_alone),
        cmocka_unit_test(lines_count_the_bucket_that_the_feed_says),
        cmocka_unit_test(a_line_says_that_a_count_of_its_feed_has_corrected_it),
        cmocka_unit_test(a_feed_says_when_it_was_told_first),
        cmocka_unit_test(lines_of_a_feed_that_is_refused_are_not_looked_at),
        cmocka_unit_test(what_a_feed_counted_and_is_told_later_moves_no_stock),
        cmocka_unit_test(that_a_document_was_told_is_noted_and_changes_nothing),
        cmocka_unit_test(what_stands_in_a_document_is_remembered_with_its_id),
        cmocka_unit_test(a_shipment_that_was_counted_makes_its_step_and_moves_no_stock),
        cmocka_unit_test(a_receipt_that_was_counted_only_closes_its_supply),
        cmocka_unit_test(who_has_no_numbers_is_placed_by_time),
        cmocka_unit_test(a_count_less_what_is_allocated_knows_what_was_allocated_then),
        cmocka_unit_test(a_count_less_what_is_picked_follows_picks),
        cmocka_unit_test(unavailable_units_are_counted_as_of_the_point_too),
        cmocka_unit_test(the_first_count_of_a_position_makes_it),
        cmocka_unit_test(what_nobody_can_decide_is_an_exception),
        cmocka_unit_test(an_exception_of_a_count_is_replayed_once_it_can_be_decided),
        cmocka_unit_test(an_older_feed_is_stale),
        cmocka_unit_test(a_point_that_the_ring_does_not_reach_is_an_exception),
        cmocka_unit_test(what_a_feed_includes_is_needed_no_more_and_makes_room),
        cmocka_unit_test(feeds_that_compare_by_nothing_are_undecided),
        cmocka_unit_test(a_feed_says_of_which_point_it_is),
        cmocka_unit_test(a_feed_told_twice_is_one_and_told_otherwise_a_conflict),
        cmocka_unit_test(more_sources_than_there_is_room_for_are_refused),
        cmocka_unit_test(the_oldest_feed_makes_room_for_a_new_one),
        cmocka_unit_test(where_no_movements_are_kept_no_feed_is_taken),
        cmocka_unit_test(a_feed_of_the_books_finds_nothing_that_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Postings: what systems of record hear, who has heard it, and what is booked. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static atp_result_t subscribe(fixture_t *f, const char *name, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_SUBSCRIBER, .subject = atp_text_of(name)}, words);
}

static atp_result_t acknowledge(fixture_t *f, const char *name, uint64_t number)
{
    char words[64];

    (void)snprintf(words, sizeof words, "acknowledged=%" PRIu64, number);
    return do_with(f, (atp_command_t){.kind = ATP_OP_SUBSCRIBER_POSITION, .subject = atp_text_of(name)},
                   words);
}

static uint64_t newest(const fixture_t *f)
{
    return atp_ledger_postings(f->ledger)->heads->newest;
}

static const atp_posting_t *posting_at(const fixture_t *f, uint64_t number)
{
    const atp_posting_t *posting = atp_postings_at(atp_ledger_postings(f->ledger), number);

    assert_non_null(posting);
    return posting;
}

static const atp_posting_t *last(const fixture_t *f)
{
    return posting_at(f, newest(f));
}

static const atp_subscriber_t *subscriber_of(const fixture_t *f, const char *name)
{
    const atp_postings_t *postings = atp_ledger_postings(f->ledger);
    uint32_t number;

    assert_true(atp_subscribers_find(postings, atp_text_of(name), &number));
    return atp_subscriber_at(postings, number);
}

static atp_result_t confirm(fixture_t *f, const char *name, uint64_t number)
{
    char key[ATP_POSTING_KEY_SIZE];
    char words[128];

    (void)atp_posting_key(posting_at(f, number), key);
    (void)snprintf(words, sizeof words, "posting=%s subscriber=%s", key, name);
    return do_with(f, (atp_command_t){.kind = ATP_OP_RECONCILE}, words);
}

/* The posting in words: kind, units, and the change of on-hand, unavailable, reserved and allocated. */
static void assert_posting(const fixture_t *f, uint64_t number, const char *expected)
{
    const atp_posting_t *posting = posting_at(f, number);
    const atp_posting_change_t *change = &posting->change;
    char found[128];

    (void)snprintf(found, sizeof found, "%s %" PRId64 ": %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                   atp_posting_kind_name(posting->kind), posting->qty, change->on_hand, change->unavailable,
                   change->reserved, change->allocated);
    assert_string_equal(found, expected);
}

static fixture_t with_subscriber(const char *words)
{
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 10);
    stock(&f, "T", "M", 10);
    assert_verdict(subscribe(&f, "erp", words), ATP_APPLIED);
    return f;
}

/* ---- what is posted ---- */

static void nothing_is_written_while_nobody_listens(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(reserve(&f, "r1", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(newest(&f), 0);
    assert_verdict(subscribe(&f, "erp", ""), ATP_APPLIED);
    assert_int_equal(newest(&f), 0);
    assert_verdict(reserve(&f, "r2", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(newest(&f), 1);
    assert_verdict(subscribe(&f, "erp", "dropped=yes"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r3", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(newest(&f), 1);
    fixture_close(&f);
}

static void each_step_of_a_line_is_posted_with_what_it_changed(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");

    assert_verdict(reserve(&f, "r", "S", "N", 5), ATP_APPLIED);
    assert_posting(&f, 1, "reserved 5: 0 0 5 0");
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "S", "N", 1), ATP_APPLIED);
    assert_posting(&f, 2, "released 1: 0 0 -1 0");
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_posting(&f, 3, "allocated 4: 0 0 -4 4");
    assert_verdict(step_line(&f, ATP_OP_PICK, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_CANCEL, "r", "S", "N", 1), ATP_APPLIED);
    assert_posting(&f, 4, "cancelled 1: 0 0 0 -1");
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 3), ATP_APPLIED);
    assert_posting(&f, 5, "shipped 3: -3 0 0 -3");
    assert_verdict(step_all(&f, ATP_OP_DELIVER, "r"), ATP_APPLIED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "S", "N", 2, "disposition=damaged"), ATP_APPLIED);
    assert_posting(&f, 6, "returned 2: 2 2 0 0");
    assert_int_equal(last(&f)->disposition, ATP_DISPOSITION_DAMAGED);
    assert_int_equal(last(&f)->subject_kind, ATP_POSTING_OF_RESERVATION);
    assert_true(atp_text_equal(atp_posting_subject_of(last(&f)), ATP_TEXT("r")));
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "S", "N", 1, "disposition=scrap"), ATP_APPLIED);
    assert_posting(&f, 7, "returned 1: 0 0 0 0");
    assert_int_equal(newest(&f), 7);
    fixture_close(&f);
}

static void each_fact_about_stock_is_posted_with_its_reason(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 4), ATP_APPLIED);
    assert_posting(&f, 1, "received 4: 4 0 0 0");
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 3), ATP_APPLIED);
    assert_posting(&f, 2, "sold 3: -3 0 0 0");
    assert_verdict(damage(&f, "S", "N", 2), ATP_APPLIED);
    assert_posting(&f, 3, "adjusted 2: 0 2 0 0");
    assert_verdict(fact(&f, ATP_OP_ADJUST, "S", "N", -1), ATP_APPLIED);
    assert_posting(&f, 4, "adjusted -1: -1 0 0 0");
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 7), ATP_APPLIED);
    assert_posting(&f, 5, "counted -3: -3 0 0 0");
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 7), ATP_CONFIRMED); /* nothing has changed */
    assert_verdict(ship_fact(&f, "", "S", "N", 2), ATP_APPLIED);
    assert_posting(&f, 6, "shipped 2: -2 0 0 0");
    assert_int_equal(newest(&f), 6);
    fixture_close(&f);
}

static void time_that_passes_is_posted_as_nobodys_doing(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");

    assert_verdict(reserve_for(&f, "r", "S", "N", 5, 100), ATP_APPLIED);
    f.now_ms += 200;
    f.client = "other";
    assert_verdict(reserve(&f, "q", "S", "N", 1), ATP_APPLIED); /* meets what is due */
    assert_posting(&f, 2, "released 5: 0 0 -5 0");
    assert_int_equal(posting_at(&f, 2)->step, ATP_STEP_EXPIRE);
    assert_int_equal(posting_at(&f, 2)->client, 0);
    assert_posting(&f, 3, "reserved 1: 0 0 1 0");
    assert_int_not_equal(posting_at(&f, 3)->client, 0);
    /* both are of one op, in order, and so are their keys */
    char key[ATP_POSTING_KEY_SIZE];
    char expected[ATP_POSTING_KEY_SIZE];
    (void)atp_posting_key(posting_at(&f, 3), key);
    (void)snprintf(expected, sizeof expected, "%" PRIu64 ".2", f.result.op);
    assert_string_equal(key, expected);
    fixture_close(&f);
}

/* Who sums up the changes has the buckets. */
static void changes_add_up_to_the_buckets(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");
    atp_posting_change_t sum = {.on_hand = 10};

    assert_verdict(put_node(&f, "O", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(reserve(&f, "a", "S", "N", 4), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "a"), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 3), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "a", "S", "N", 5), ATP_APPLIED); /* one more than was promised */
    assert_verdict(step_with(&f, ATP_OP_RETURN, true, "a", "S", "N", 2, "disposition=quarantine"),
                   ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 1), ATP_APPLIED);
    for (uint64_t number = 1; number <= newest(&f); number++) {
        const atp_posting_change_t *change = &posting_at(&f, number)->change;
        sum.on_hand += change->on_hand;
        sum.unavailable += change->unavailable;
        sum.reserved += change->reserved;
        sum.allocated += change->allocated;
    }
    atp_position_view_t view = view_of(&f, "S", "N");
    assert_int_equal(sum.on_hand, view.on_hand);
    assert_int_equal(sum.unavailable, view.unavailable);
    assert_int_equal(sum.reserved, view.reserved);
    assert_int_equal(sum.allocated, view.allocated);
    fixture_close(&f);
}

static void a_posting_says_who_told_it_and_what_it_belongs_to(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");
    const atp_command_line_t line = line_of("S", "N", 3);

    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    f.in_source = true;
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE,
                                                  .is_fact = true,
                                                  .lines = &line,
                                                  .line_count = 1,
                                                  .correlation = ATP_TEXT("po-77")}),
                   ATP_APPLIED);
    f.in_source = false;
    assert_int_not_equal(last(&f)->source, 0);
    assert_true(atp_text_equal(atp_posting_correlation(last(&f)), ATP_TEXT("po-77")));
    assert_int_equal(last(&f)->time_ms, f.now_ms);
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("asn-1"), .lines = &line, .line_count = 1},
                "due=1800000000000"),
        ATP_APPLIED);
    assert_verdict(do_with(&f,
                           (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                           .subject = ATP_TEXT("asn-1"),
                                           .lines = &line,
                                           .line_count = 1},
                           ""),
                   ATP_APPLIED);
    assert_int_equal(last(&f)->kind, ATP_POSTING_RECEIVED);
    assert_int_equal(last(&f)->subject_kind, ATP_POSTING_OF_SUPPLY);
    assert_true(atp_text_equal(atp_posting_subject_of(last(&f)), ATP_TEXT("asn-1")));
    fixture_close(&f);
}

/* ---- who hears it ---- */

static bool hears(const fixture_t *f, const char *name, uint64_t number)
{
    return atp_ledger_is_posted_to(f->ledger, subscriber_of(f, name), posting_at(f, number));
}

static void a_subscriber_hears_its_kinds_at_its_nodes(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("posts=shipped posts=sold");

    assert_verdict(put_group(&f, "south", "M"), ATP_APPLIED);
    assert_verdict(subscribe(&f, "north", "node=N"), ATP_APPLIED);
    assert_verdict(subscribe(&f, "south", "group=south"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "T", "M", 1), ATP_APPLIED);
    assert_true(hears(&f, "erp", 1) && !hears(&f, "erp", 2));
    assert_true(hears(&f, "north", 1) && !hears(&f, "north", 2));
    assert_true(!hears(&f, "south", 1) && hears(&f, "south", 2));
    assert_verdict(subscribe(&f, "north", "node=M"), ATP_APPLIED); /* changed */
    assert_true(!hears(&f, "north", 1) && hears(&f, "north", 2));
    fixture_close(&f);
}

static void a_subscriber_that_cannot_be_is_refused(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");

    assert_verdict(subscribe(&f, "a", "node=nowhere"), ATP_UNKNOWN_NODE);
    assert_verdict(subscribe(&f, "a", "group=nobody"), ATP_UNKNOWN_GROUP);
    assert_verdict(subscribe(&f, "a", "dropped=yes"), ATP_UNKNOWN_SUBSCRIBER);
    assert_verdict(subscribe(&f, "", ""), ATP_ID_INVALID);
    assert_verdict(acknowledge(&f, "a", 1), ATP_UNKNOWN_SUBSCRIBER);
    assert_verdict(acknowledge(&f, "erp", 1), ATP_UNKNOWN_POSTING);
    for (unsigned i = 1; i < ATP_SUBSCRIBERS_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "s%u", i);
        assert_verdict(subscribe(&f, name, ""), ATP_APPLIED);
    }
    assert_verdict(subscribe(&f, "one-too-many", ""), ATP_SUBSCRIBERS_FULL);
    assert_verdict(subscribe(&f, "s7", "dropped=yes"), ATP_APPLIED);
    assert_verdict(subscribe(&f, "another", ""),
                   ATP_APPLIED); /* nothing was posted meanwhile that could be s7's */
    fixture_close(&f);
}

static void a_position_only_goes_up(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("");

    for (unsigned i = 0; i < 3; i++) {
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    }
    assert_verdict(acknowledge(&f, "erp", 2), ATP_APPLIED);
    assert_verdict(acknowledge(&f, "erp", 2), ATP_CONFIRMED);
    assert_verdict(acknowledge(&f, "erp", 1), ATP_CONFIRMED);
    assert_int_equal(subscriber_of(&f, "erp")->acknowledged, 2);
    assert_verdict(acknowledge(&f, "erp", 4), ATP_UNKNOWN_POSTING);
    assert_verdict(subscribe(&f, "late", ""), ATP_APPLIED);
    assert_int_equal(subscriber_of(&f, "late")->acknowledged, 3); /* from now on */
    assert_verdict(subscribe(&f, "early", "begin=oldest"), ATP_APPLIED);
    assert_int_equal(subscriber_of(&f, "early")->acknowledged, 0);
    fixture_close(&f);
}

/* ---- too many for the ring ---- */

#define RING 64u

static fixture_t with_small_ring(const char *words)
{
    atp_ledger_config_t config = fixture_config();

    config.postings = RING;
    fixture_t f = fixture_open_journaled(&config);
    stock(&f, "S", "N", 1000);
    assert_verdict(subscribe(&f, "erp", words), ATP_APPLIED);
    return f;
}

static void receive_times(fixture_t *f, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_verdict(fact(f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    }
}

static void what_nobody_heard_makes_room_and_is_told_once(void **state)
{
    (void)state;
    fixture_t f = with_small_ring("");
    uint64_t exceptions = counts_of(&f).exceptions;

    receive_times(&f, RING);
    assert_int_equal(counts_of(&f).exceptions, exceptions);
    receive_times(&f, 3);
    assert_int_equal(counts_of(&f).exceptions, exceptions + 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_POSTINGS_LOST);
    assert_memory_equal(newest_exception(&f)->reservations[0], "erp", 3);
    assert_int_equal(subscriber_of(&f, "erp")->lost, 3);
    assert_int_equal(atp_postings_oldest(atp_ledger_postings(f.ledger)), 4);
    assert_null(atp_postings_at(atp_ledger_postings(f.ledger), 3));
    assert_verdict(acknowledge(&f, "erp", newest(&f)), ATP_APPLIED); /* it keeps up again */
    receive_times(&f, RING);
    assert_int_equal(counts_of(&f).exceptions, exceptions + 1);
    receive_times(&f, 1);
    assert_int_equal(counts_of(&f).exceptions, exceptions + 2);
    assert_int_equal(subscriber_of(&f, "erp")->lost, 4);
    fixture_close(&f);
}

static void what_a_subscriber_does_not_want_is_not_lost_to_it(void **state)
{
    (void)state;
    fixture_t f = with_small_ring("posts=sold");
    uint64_t exceptions = counts_of(&f).exceptions;

    receive_times(&f, 3 * RING);
    assert_int_equal(counts_of(&f).exceptions, exceptions);
    assert_int_equal(subscriber_of(&f, "erp")->lost, 0);
    fixture_close(&f);
}

static void promises_wait_for_a_subscriber_that_must_hear_all(void **state)
{
    (void)state;
    fixture_t f = with_small_ring("when_full=wait");

    assert_verdict(reserve(&f, "r1", "S", "N", 1), ATP_APPLIED);
    receive_times(&f, RING / 4 * 3 - 1);
    assert_verdict(reserve(&f, "r2", "S", "N", 1), ATP_POSTINGS_FULL);
    assert_false(f.took_op);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_POSTINGS_FULL);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r1"), ATP_APPLIED); /* what is promised goes on */
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED); /* facts are never refused */
    assert_verdict(acknowledge(&f, "erp", 10), ATP_APPLIED);
    assert_verdict(reserve(&f, "r2", "S", "N", 1), ATP_APPLIED); /* the same id: nothing was remembered */
    fixture_close(&f);
}

static void a_subscriber_that_wants_none_of_it_keeps_nobody_waiting(void **state)
{
    (void)state;
    fixture_t f = with_small_ring("when_full=wait posts=sold");

    receive_times(&f, 3 * RING);
    assert_verdict(reserve(&f, "r1", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- booked ---- */

static fixture_t with_shipment(const char *words)
{
    fixture_t f = with_subscriber(words);

    assert_verdict(reserve(&f, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    return f;
}

static void a_confirmation_reconciles_the_units_of_its_posting(void **state)
{
    (void)state;
    fixture_t f = with_shipment("posts=shipped posts=returned confirms=yes");

    assert_verdict(confirm(&f, "erp", 3), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RECONCILED), 3);
    assert_int_equal(posting_at(&f, 3)->confirmed_op, f.result.op);
    assert_int_equal(posting_at(&f, 3)->confirmed_ms, f.now_ms);
    assert_int_equal(subscriber_of(&f, "erp")->settled, 3);
    assert_int_equal(subscriber_of(&f, "erp")->acknowledged, 0);
    assert_verdict(confirm(&f, "erp", 3), ATP_CONFIRMED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "T", "M", 1, "disposition=restock"),
                   ATP_UNKNOWN_LINE);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "S", "N", 1, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURNED), 1);
    assert_verdict(confirm(&f, "erp", 4), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RETURN_RECONCILED), 1);
    fixture_close(&f);
}

static void what_cannot_be_confirmed_is_refused_by_name(void **state)
{
    (void)state;
    fixture_t f = with_shipment("posts=shipped confirms=yes");
    const atp_command_t command = {.kind = ATP_OP_RECONCILE};

    assert_verdict(subscribe(&f, "shop", ""), ATP_APPLIED);
    assert_verdict(confirm(&f, "nobody", 3), ATP_UNKNOWN_SUBSCRIBER);
    assert_verdict(confirm(&f, "shop", 3), ATP_UNKNOWN_SUBSCRIBER); /* it does not confirm */
    assert_verdict(confirm(&f, "erp", 1), ATP_UNKNOWN_POSTING);     /* it does not hear of reserved units */
    static const char *const keys[] = {"0.1", "1.0", "1", "1.", ".1", "99.1", "3.9", "01.1", "3.1x", "x"};
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char words[64];
        (void)snprintf(words, sizeof words, "posting=%s subscriber=erp", keys[i]);
        assert_verdict(do_with(&f, command, words), ATP_UNKNOWN_POSTING);
    }
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RECONCILED), 0);
    fixture_close(&f);
}

static void many_postings_are_confirmed_in_one_op_or_none(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("posts=sold confirms=yes");
    char words[128];

    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED);
    uint64_t op = f.result.op;
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED);
    (void)snprintf(words, sizeof words,
                   "posting=%" PRIu64 ".1 posting=%" PRIu64 ".1 posting=7777.1 subscriber=erp", op, op + 1);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_RECONCILE}, words), ATP_UNKNOWN_POSTING);
    assert_int_equal(posting_at(&f, 1)->confirmed, 0);
    (void)snprintf(words, sizeof words, "posting=%" PRIu64 ".1 posting=%" PRIu64 ".1 subscriber=erp", op,
                   op + 1);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_RECONCILE}, words), ATP_APPLIED);
    assert_int_equal(posting_at(&f, 1)->confirmed, 1);
    assert_int_equal(posting_at(&f, 2)->confirmed, 1);
    fixture_close(&f);
}

static void two_systems_confirm_each_for_itself_and_units_once(void **state)
{
    (void)state;
    fixture_t f = with_shipment("posts=shipped confirms=yes");

    assert_verdict(subscribe(&f, "new-erp", "begin=oldest posts=shipped confirms=yes"), ATP_APPLIED);
    assert_verdict(confirm(&f, "erp", 3), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RECONCILED), 3);
    assert_verdict(confirm(&f, "new-erp", 3), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RECONCILED), 3);
    assert_int_equal(subscriber_of(&f, "new-erp")->settled, 3);
    fixture_close(&f);
}

/* ---- too late ---- */

static void postings_past_their_sla_are_one_exception(void **state)
{
    (void)state;
    fixture_t f = with_subscriber("posting_sla_ms=1000");
    uint64_t exceptions = counts_of(&f).exceptions;

    receive_times(&f, 3);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 999));
    f.now_ms += 1000;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, exceptions + 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_POSTINGS_LATE);
    assert_int_equal(newest_exception(&f)->qty, 3);
    receive_times(&f, 1);
    f.now_ms += 5000;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms)); /* it is told */
    assert_verdict(acknowledge(&f, "erp", newest(&f)), ATP_APPLIED);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    receive_times(&f, 1);
    f.now_ms += 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED); /* late anew */
    assert_int_equal(counts_of(&f).exceptions, exceptions + 2);
    fixture_close(&f);
}

static void acknowledged_is_not_settled_for_one_that_confirms(void **state)
{
    (void)state;
    fixture_t f = with_shipment("posts=shipped confirms=yes posting_sla_ms=1000");
    uint64_t exceptions = counts_of(&f).exceptions;

    assert_verdict(acknowledge(&f, "erp", 3), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, exceptions + 1);
    assert_int_equal(newest_exception(&f)->qty, 1);
    assert_verdict(confirm(&f, "erp", 3), ATP_APPLIED);
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(subscriber_of(&f, "erp")->is_late, 0);
    fixture_close(&f);
}

static void what_it_heard_before_it_confirmed_needs_no_confirmation(void **state)
{
    (void)state;
    fixture_t f = with_shipment("posts=shipped");

    assert_verdict(acknowledge(&f, "erp", 3), ATP_APPLIED);
    assert_verdict(subscribe(&f, "erp", "posts=shipped confirms=yes posting_sla_ms=1000"), ATP_APPLIED);
    f.now_ms += 5000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(subscriber_of(&f, "erp")->is_late, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_while_nobody_listens),
        cmocka_unit_test(each_step_of_a_line_is_posted_with_what_it_changed),
        cmocka_unit_test(each_fact_about_stock_is_posted_with_its_reason),
        cmocka_unit_test(time_that_passes_is_posted_as_nobodys_doing),
        cmocka_unit_test(changes_add_up_to_the_buckets),
        cmocka_unit_test(a_posting_says_who_told_it_and_what_it_belongs_to),
        cmocka_unit_test(a_subscriber_hears_its_kinds_at_its_nodes),
        cmocka_unit_test(a_subscriber_that_cannot_be_is_refused),
        cmocka_unit_test(a_position_only_goes_up),
        cmocka_unit_test(what_nobody_heard_makes_room_and_is_told_once),
        cmocka_unit_test(what_a_subscriber_does_not_want_is_not_lost_to_it),
        cmocka_unit_test(promises_wait_for_a_subscriber_that_must_hear_all),
        cmocka_unit_test(a_subscriber_that_wants_none_of_it_keeps_nobody_waiting),
        cmocka_unit_test(a_confirmation_reconciles_the_units_of_its_posting),
        cmocka_unit_test(what_cannot_be_confirmed_is_refused_by_name),
        cmocka_unit_test(many_postings_are_confirmed_in_one_op_or_none),
        cmocka_unit_test(two_systems_confirm_each_for_itself_and_units_once),
        cmocka_unit_test(postings_past_their_sla_are_one_exception),
        cmocka_unit_test(acknowledged_is_not_settled_for_one_that_confirms),
        cmocka_unit_test(what_it_heard_before_it_confirmed_needs_no_confirmation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

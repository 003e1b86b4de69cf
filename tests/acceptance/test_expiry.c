/* D: expiry.   Ledger time is the wall clock in milliseconds, so that a test can say from outside when a reservation must
 * have gone: what began before the deadline and ended before it sees the units taken, what began after it does not. */
#include "tests/acceptance/acceptance.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDING_MS 1 /* the two clocks are cut to milliseconds, each by itself */

#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

static atp_result_t hold_for(acceptance_t *a, const char *id, const char *sku_id, const char *qty,
                             int64_t ttl_ms)
{
    return reserve(a, id, (want_t[]){{sku_id, "N", qty}, END}, ttl_ms, ATP_RESERVE_ALL_OR_NOTHING, NULL);
}

static atp_result_t extend(acceptance_t *a, const char *reservation, int64_t ttl_ms)
{
    atp_command_t command = {
        .kind = ATP_OP_EXTEND, .reservation = atp_text_of(reservation), .ttl_ms = ttl_ms};

    return call(a, &command, NULL);
}

static void wait_until_ms(acceptance_t *a, int64_t time_ms)
{
    /* Asking is how time is let pass: no op comes of it. */
    while (atp_now_ms() < time_ms) {
        (void)figure(a, "op_applied");
    }
}

/* One look at a thing that changes at `deadline_ms`, and how many looks were on either side of it for certain. */
typedef struct looks {
    int64_t deadline_ms;
    unsigned before;
    unsigned after;
} looks_t;

static void judge(looks_t *looks, int64_t begun_ms, int64_t ended_ms, bool is_taken)
{
    if (ended_ms < looks->deadline_ms) {
        assert_true(is_taken);
        looks->before++;
    } else if (begun_ms > looks->deadline_ms + ROUNDING_MS) {
        assert_false(is_taken);
        looks->after++;
    }
}

static void d1_a_reservation_counts_up_to_its_deadline_and_in_no_read_after(void **state)
{
    acceptance_t *a = *state;

    stock(a, "d1", "N", "1");
    atp_result_t held = hold_for(a, NULL, "d1", "1", 1000);
    assert_verdict(held, ATP_APPLIED);
    looks_t looks = {.deadline_ms = held.deadline_ms};
    looks_t sums = looks;
    while (looks.after < 20 || sums.after < 20) {
        int64_t begun_ms = atp_now_ms();
        atp_availability_row_t row = components(a, "d1", "N");
        int64_t between_ms = atp_now_ms();
        int64_t sum = promisable(a, "d1", NULL);
        assert_int_equal(row.promisable, 1 - row.reserved);
        judge(&looks, begun_ms, between_ms, row.reserved == 1);
        judge(&sums, between_ms, atp_now_ms(), sum == 0);
    }
    assert_true(looks.before > 0);
    assert_true(sums.before > 0);
}

/* A machine may be too busy for a look before the deadline: then once more, with a later one. */
#define TTL_MOST_MS 60000

static unsigned looks_before_a_decision(acceptance_t *a, const char *sku, int64_t ttl_ms)
{
    stock(a, sku, "N", "1");
    atp_result_t held = hold_for(a, sku, sku, "1", ttl_ms);
    assert_verdict(held, ATP_APPLIED);
    looks_t looks = {.deadline_ms = held.deadline_ms};
    for (bool is_taken = true; is_taken;) {
        int64_t begun_ms = atp_now_ms();
        atp_result_t next = hold(a, NULL, sku, "N", "1");
        is_taken = next.verdict == ATP_NOT_ENOUGH_AVAILABLE;
        assert_true(is_taken || next.verdict == ATP_APPLIED);
        judge(&looks, begun_ms, atp_now_ms(), is_taken);
    }
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, sku, NULL, false), ATP_ALREADY_EXPIRED);
    return looks.before;
}

static void d1_a_decision_counts_it_as_exactly(void **state)
{
    unsigned before = 0;
    char sku[32];

    for (int64_t ttl_ms = 300; before == 0 && ttl_ms < TTL_MOST_MS; ttl_ms *= 2) {
        snprintf(sku, sizeof sku, "d1b-%" PRId64, ttl_ms);
        before = looks_before_a_decision(*state, sku, ttl_ms);
    }
    assert_true(before > 0);
}

static unsigned looks_before_it_expires(acceptance_t *a, const char *cart, int64_t ttl_ms)
{
    const atp_text_t id = atp_text_of(cart);
    atp_answer_t *answer;

    atp_result_t held = hold_for(a, cart, "d1c", "1", ttl_ms);
    assert_verdict(held, ATP_APPLIED);
    looks_t looks = {.deadline_ms = held.deadline_ms};
    while (looks.after < 5) {
        int64_t begun_ms = atp_now_ms();
        assert_int_equal(atp_client_reservation(a->client, &id, 1, &answer), ATP_OK);
        int64_t ended_ms = atp_now_ms();
        const atp_record_t *record = atp_answer_records(answer);
        assert_verdict(*record, ATP_APPLIED);
        judge(&looks, begun_ms, ended_ms, record->state == ATP_RECORD_RESERVED);
        assert_int_equal(record->lines[0].reserved, record->state == ATP_RECORD_RESERVED);
        atp_answer_free(answer);
    }
    return looks.before;
}

static void d1_the_reservation_itself_says_expired_from_then_on(void **state)
{
    acceptance_t *a = *state;
    unsigned before = 0;
    char cart[32];

    stock(a, "d1c", "N", "1");
    for (int64_t ttl_ms = 100; before == 0 && ttl_ms < TTL_MOST_MS; ttl_ms *= 2) {
        snprintf(cart, sizeof cart, "d1c-%" PRId64, ttl_ms);
        before = looks_before_it_expires(a, cart, ttl_ms);
    }
    assert_true(before > 0);
}

static void d3_a_live_reservation_can_be_extended(void **state)
{
    acceptance_t *a = *state;

    atp_result_t held = {0};
    atp_result_t extended = {.verdict = ATP_ALREADY_EXPIRED};
    char cart[32];

    stock(a, "d3", "N", "1");
    for (int64_t ttl_ms = 250; extended.verdict == ATP_ALREADY_EXPIRED && ttl_ms < TTL_MOST_MS; ttl_ms *= 2) {
        snprintf(cart, sizeof cart, "d3-%" PRId64, ttl_ms);
        held = hold_for(a, cart, "d3", "1", ttl_ms);
        assert_verdict(held, ATP_APPLIED);
        extended = extend(a, cart, 2 * TTL_MOST_MS);
    }
    assert_verdict(extended, ATP_APPLIED);
    assert_true(extended.deadline_ms > held.deadline_ms);
    wait_until_ms(a, held.deadline_ms + 20);
    assert_int_equal(promisable(a, "d3", "N"), 0);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, cart, NULL, false), ATP_APPLIED);
    assert_verdict(extend(a, cart, 60000), ATP_ALREADY_ALLOCATED);
}

static void d3_an_expired_one_is_never_revived(void **state)
{
    acceptance_t *a = *state;

    stock(a, "d3b", "N", "1");
    assert_verdict(hold_for(a, "d3b-cart", "d3b", "1", 20), ATP_APPLIED);
    while (promisable(a, "d3b", "N") == 0) {
    }
    assert_verdict(extend(a, "d3b-cart", 60000), ATP_ALREADY_EXPIRED); /* though the unit is free */
    assert_verdict(hold(a, NULL, "d3b", "N", "1"), ATP_APPLIED);
    assert_verdict(extend(a, "d3b-cart", 60000), ATP_ALREADY_EXPIRED);
    assert_verdict(extend(a, "d3b-nobody", 60000), ATP_UNKNOWN_RESERVATION);
    assert_int_equal(components(a, "d3b", "N").reserved, 1);
}

static void d4_a_ttl_is_in_milliseconds_and_within_its_range(void **state)
{
    acceptance_t *a = *state;
    const atp_text_t id = ATP_TEXT("d4-cart");
    atp_answer_t *answer;

    stock(a, "d4", "N", "9");
    atp_result_t held = hold_for(a, "d4-cart", "d4", "1", 1234);
    assert_int_equal(atp_client_reservation(a->client, &id, 1, &answer), ATP_OK);
    const atp_record_t *record = atp_answer_records(answer);
    assert_int_equal(record->deadline_ms, record->created_ms + 1234);
    assert_int_equal(record->deadline_ms, held.deadline_ms);
    atp_answer_free(answer);
    assert_verdict(hold_for(a, NULL, "d4", "1", 1), ATP_APPLIED);
    assert_verdict(hold_for(a, NULL, "d4", "1", INT64_C(30) * 86400000 + 1), ATP_TTL_OUT_OF_RANGE);
    assert_verdict(hold_for(a, NULL, "d4", "1", INT64_MAX), ATP_TTL_OUT_OF_RANGE);
    assert_verdict(hold_for(a, NULL, "d4", "1", -1), ATP_TTL_OUT_OF_RANGE);
}

/* ---- the report of old reservations ---- */

static int64_t reserve_as(acceptance_t *a, const char *id, const char *owner, const char *channel)
{
    atp_command_line_t line = {.sku = ATP_TEXT("d4r"), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .owner = atp_text_of(owner),
                             .channel = atp_text_of(channel),
                             .line_count = 1,
                             .lines = &line};

    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
    return atp_now_ms();
}

static unsigned report(acceptance_t *a, const atp_page_ask_t *ask, const char *wanted)
{
    atp_page_ask_t page = *ask;
    unsigned found = 0;

    do {
        atp_answer_t *answer;
        assert_int_equal(atp_client_reservations(a->client, &page, &answer), ATP_OK);
        assert_verdict(atp_answer_head(answer), ATP_APPLIED);
        for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
            const atp_record_t *record = &atp_answer_records(answer)[i];
            assert_true(atp_now_ms() + ROUNDING_MS - record->created_ms >= ask->older_than_ms);
            found += atp_text_equal(record->id, atp_text_of(wanted));
        }
        page.cursor = atp_answer_head(answer).next_cursor;
        atp_answer_free(answer);
    } while (page.cursor != 0);
    return found;
}

static void d4_reservations_older_than_an_age_are_listed_by_owner_and_channel(void **state)
{
    acceptance_t *a = *state;
    atp_command_t web = {.kind = ATP_OP_CHANNEL, .channel = ATP_TEXT("d4web"), .ttl_ms = 7777};

    assert_verdict(call(a, &web, NULL), ATP_APPLIED);
    stock(a, "d4r", "N", "9");
    (void)reserve_as(a, "d4-ann", "ann", "d4web");
    int64_t told_ms = reserve_as(a, "d4-bob", "bob", "");
    wait_until_ms(a, told_ms + 50);
    int64_t age_ms = atp_now_ms() - told_ms;
    const atp_page_ask_t by_owner = {.older_than_ms = age_ms, .owner = ATP_TEXT("ann")};
    const atp_page_ask_t by_channel = {.older_than_ms = age_ms, .channel = ATP_TEXT("d4web")};
    const atp_page_ask_t of_all = {.older_than_ms = age_ms - 2 * ROUNDING_MS, .limit = 1};
    const atp_page_ask_t too_old = {.older_than_ms = 3600000, .owner = ATP_TEXT("ann")};
    const atp_page_ask_t allocated = {.owner = ATP_TEXT("ann"), .states = 1u << ATP_RECORD_ALLOCATED};

    assert_int_equal(report(a, &by_owner, "d4-ann"), 1);
    assert_int_equal(report(a, &by_owner, "d4-bob"), 0);
    assert_int_equal(report(a, &by_channel, "d4-ann"), 1);
    assert_int_equal(report(a, &by_channel, "d4-bob"), 0);
    assert_int_equal(report(a, &of_all, "d4-bob"), 1);
    assert_int_equal(report(a, &too_old, "d4-ann"), 0);
    assert_int_equal(report(a, &allocated, "d4-ann"), 0);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "d4-ann", NULL, false), ATP_APPLIED);
    assert_int_equal(report(a, &allocated, "d4-ann"), 1);
}

/* ---- the race ---- */

#define RACES 300

static uint8_t state_of(acceptance_t *a, const char *id, const atp_result_t *allocated)
{
    const atp_text_t text = atp_text_of(id);
    atp_answer_t *answer;

    assert_int_equal(atp_client_reservation(a->client, &text, 1, &answer), ATP_OK);
    const atp_record_t record = *atp_answer_records(answer);
    atp_record_line_t line = record.lines[0];
    atp_answer_free(answer);
    bool is_won = allocated->verdict == ATP_APPLIED;
    assert_int_equal(record.state, is_won ? ATP_RECORD_ALLOCATED : ATP_RECORD_EXPIRED);
    assert_int_equal(line.allocated, is_won);
    assert_int_equal(line.reserved, 0);
    return record.state;
}

/* Reserves, asks to allocate about when the deadline comes, and gives the answer to that. */
static atp_result_t race(acceptance_t *a, const char *id, unsigned round)
{
    atp_result_t held = hold_for(a, id, "d5", "1", 3 + round % 3);

    assert_verdict(held, ATP_APPLIED);
    while (atp_now_ms() < held.deadline_ms - 1 + (int64_t)(round % 2)) {
    }
    int64_t begun_ms = atp_now_ms();
    atp_result_t allocated = step(a, ATP_OP_ALLOCATE, NULL, id, NULL, false);
    if (allocated.verdict == ATP_APPLIED) {
        assert_true(begun_ms <= held.deadline_ms + ROUNDING_MS);
    } else {
        assert_verdict(allocated, ATP_ALREADY_EXPIRED);
    }
    return allocated;
}

/* Whether a step is among those of the reservation that are kept. */
static bool has_step(acceptance_t *a, const char *id, const char *name)
{
    atp_answer_t *answer;
    bool has_it = false;

    assert_int_equal(atp_client_history(a->client, atp_text_of(id), &answer), ATP_OK);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        has_it = has_it || atp_text_equal(atp_answer_steps(answer)[i].step, atp_text_of(name));
    }
    atp_answer_free(answer);
    return has_it;
}

/* The allocate stands in the journal with the op number and the answer that were given, and the steps say who won. */
static void journal_shows(acceptance_t *a, const char *id, const atp_result_t *allocated)
{
    const atp_trace_query_t query = {.reservation = atp_text_of(id)};
    bool is_won = allocated->verdict == ATP_APPLIED;
    atp_answer_t *answer;
    unsigned found = 0;

    assert_int_equal(has_step(a, id, "allocate"), is_won);
    assert_int_equal(has_step(a, id, "expire"), !is_won);
    assert_int_equal(atp_client_trace(a->client, &query, &answer), ATP_OK);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        const atp_trace_row_t *row = &atp_answer_traces(answer)[i];
        if (atp_text_equal(row->kind, ATP_TEXT("allocate"))) {
            assert_int_equal(row->op, allocated->op);
            assert_verdict(*row, allocated->verdict);
            found++;
        }
    }
    assert_int_equal(found, 1);
    atp_answer_free(answer);
}

static void d5_of_allocate_and_expiry_exactly_one_wins(void **state)
{
    acceptance_t *a = *state;
    atp_result_t results[RACES];
    unsigned won = 0;

    stock(a, "d5", "N", "1000");
    for (unsigned i = 0; i < RACES; i++) {
        char id[32];
        snprintf(id, sizeof id, "d5-%u", i);
        results[i] = race(a, id, i);
        won += state_of(a, id, &results[i]) == ATP_RECORD_ALLOCATED;
    }
    assert_int_equal(components(a, "d5", "N").allocated, won);
    assert_int_equal(components(a, "d5", "N").reserved, 0);
    print_message("d5: allocate won %u of %u races\n", won, RACES);
    assert_true(won > 0 && won < RACES);

    /* The journal shows which, and replays to the same. */
    for (unsigned i = 0; i < RACES; i++) {
        char id[32];
        snprintf(id, sizeof id, "d5-%u", i);
        journal_shows(a, id, &results[i]);
    }
    acceptance_kill(a);
    assert_int_equal(atpd_status(a, "--check"), 0);
    assert_int_equal(atpd_status(a, "--audit"), 0);
    acceptance_restart(a);
    for (unsigned i = 0; i < RACES; i++) {
        char id[32];
        snprintf(id, sizeof id, "d5-%u", i);
        (void)state_of(a, id, &results[i]);
    }
    assert_int_equal(components(a, "d5", "N").allocated, won);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d1_a_reservation_counts_up_to_its_deadline_and_in_no_read_after),
        cmocka_unit_test(d1_a_decision_counts_it_as_exactly),
        cmocka_unit_test(d1_the_reservation_itself_says_expired_from_then_on),
        cmocka_unit_test(d3_a_live_reservation_can_be_extended),
        cmocka_unit_test(d3_an_expired_one_is_never_revived),
        cmocka_unit_test(d4_a_ttl_is_in_milliseconds_and_within_its_range),
        cmocka_unit_test(d4_reservations_older_than_an_age_are_listed_by_owner_and_channel),
        cmocka_unit_test(d5_of_allocate_and_expiry_exactly_one_wins),
    };
    return cmocka_run_group_tests_name("acceptance.expiry", tests, acceptance_start, acceptance_stop);
}

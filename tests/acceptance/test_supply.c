/* Dated supply through the wire: an order to a supplier from promise to receipt, a transfer from shelf to shelf, and atpd killed in
 * between. Dates count from today: nothing here depends on the calendar. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)

/* Noon of the day that is `days` from today: midnight cannot fall between two steps of a test and a date it told. */
static int64_t in_days(int32_t days)
{
    return ((int64_t)time(NULL) * 1000 / DAY_MS + days) * DAY_MS + DAY_MS / 2;
}

static atp_attribute_t due(int32_t days)
{
    return (atp_attribute_t){.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = in_days(days)};
}

/* An op about a supply or transfer; `qty` below 0: without a line. */
static atp_result_t on(acceptance_t *a, atp_op_kind_t kind, const char *id, const char *sku, const char *node,
                       int64_t qty, uint32_t count, const atp_attribute_t *attributes)
{
    char made[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    const atp_command_t command = {.kind = kind,
                                   .is_fact =
                                       kind == ATP_OP_RECEIVE_SUPPLY || kind == ATP_OP_TRANSFER_RECEIVE,
                                   .id = atp_text_of(fresh_id(a, made)),
                                   .subject = atp_text_of(id),
                                   .line_count = qty >= 0,
                                   .lines = &line,
                                   .attribute_count = count,
                                   .attributes = attributes};

    return call(a, &command, NULL);
}

static atp_result_t supply(acceptance_t *a, const char *id, const char *sku, int64_t qty, int32_t days)
{
    const atp_attribute_t on_day = due(days);

    return on(a, ATP_OP_SUPPLY, id, sku, "N", qty, 1, &on_day);
}

static atp_result_t slips(acceptance_t *a, const char *id, int32_t days)
{
    const atp_attribute_t on_day = due(days);

    return on(a, ATP_OP_SUPPLY, id, "", "", -1, 1, &on_day);
}

static atp_result_t receive(acceptance_t *a, const char *id, const char *sku, int64_t qty)
{
    return on(a, ATP_OP_RECEIVE_SUPPLY, id, sku, "N", qty, 0, NULL);
}

static atp_result_t reserve_by(acceptance_t *a, const char *id, const char *sku, int64_t qty, int32_t days)
{
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_attribute_t by = {.key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = in_days(days)};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &by};

    return call(a, &command, NULL);
}

/* What the schedule says of a day, at N. */
static int64_t atp_in(acceptance_t *a, const char *sku, int32_t days)
{
    const atp_schedule_ask_t ask = {.what = ATP_SCHEDULE_DAYS,
                                    .sku = atp_text_of(sku),
                                    .node = ATP_TEXT("N"),
                                    .from_ms = in_days(days),
                                    .days = 1};
    atp_answer_t *answer;

    assert_int_equal(atp_client_schedule(a->client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    int64_t qty = atp_answer_schedule(answer)[0].qty;
    atp_answer_free(answer);
    return qty;
}

/* The row of a supply; its texts are gone. */
static atp_schedule_row_t supply_of(acceptance_t *a, const char *id, const char *sku)
{
    const atp_schedule_ask_t ask = {.what = ATP_SCHEDULE_SUPPLIES, .sku = atp_text_of(sku)};
    atp_schedule_row_t row = {0};
    atp_answer_t *answer;

    assert_int_equal(atp_client_schedule(a->client, &ask, &answer), ATP_OK);
    const atp_schedule_row_t *rows = atp_answer_schedule(answer);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        row = atp_text_equal(rows[i].id, atp_text_of(id)) ? rows[i] : row;
    }
    assert_true(row.ordered > 0);
    atp_answer_free(answer);
    return row;
}

/* ---- from the order to the receipt ---- */

static void an_order_is_promised_slips_and_is_received(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "po-S", "N", "2");
    assert_verdict(supply(a, "po-1", "po-S", 10, 5), ATP_APPLIED);
    assert_int_equal(promisable(a, "po-S", "N"), 2); /* today there is what is here */
    assert_int_equal(atp_in(a, "po-S", 4), 2);
    assert_int_equal(atp_in(a, "po-S", 5), 12);
    assert_verdict(reserve_by(a, "po-r0", "po-S", 3, 4), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_by(a, "po-r1", "po-S", 8, 6), ATP_APPLIED); /* 2 from stock, 6 pegged */
    assert_int_equal(atp_in(a, "po-S", 5), 4);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "po-r1", NULL, false), ATP_APPLIED);
    assert_int_equal(components(a, "po-S", "N").allocated, 2);

    assert_verdict(slips(a, "po-1", 6), ATP_APPLIED); /* still in time */
    assert_int_equal(supply_of(a, "po-1", "po-S").pegged, 6);
    assert_int_equal(exceptions(a, "promise_at_risk", "po-S", named), 0);
    assert_verdict(slips(a, "po-1", 9), ATP_APPLIED); /* too late */
    assert_int_equal(exceptions(a, "promise_at_risk", "po-S", named), 1);
    assert_string_equal(named, "po-r1");
    assert_int_equal(supply_of(a, "po-1", "po-S").pegged, 0);
    assert_int_equal(atp_in(a, "po-S", 9), 4); /* the promise counts all the same */

    assert_verdict(receive(a, "po-1", "po-S", 4), ATP_APPLIED_IN_PART); /* early, in part */
    assert_int_equal(components(a, "po-S", "N").allocated, 6);
    assert_int_equal(promisable(a, "po-S", "N"), 0);
    assert_verdict(receive(a, "po-1", "po-S", 7), ATP_APPLIED_BEYOND);
    assert_int_equal(components(a, "po-S", "N").allocated, 8);
    assert_int_equal(promisable(a, "po-S", "N"), 5);
    assert_int_equal(supply_of(a, "po-1", "po-S").status, 2);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "po-r1", NULL, false), ATP_APPLIED);
    assert_int_equal(components(a, "po-S", "N").on_hand, 5);
}

static void a_cancelled_order_leaves_its_promises_to_others_in_time(void **state)
{
    acceptance_t *a = *state;
    const atp_attribute_t cancelled = {.key = ATP_KEY_SUPPLY_STATUS, .line = ATP_WHOLE_OP, .number = 1};
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "ca-S", "N", "0");
    assert_verdict(supply(a, "ca-1", "ca-S", 5, 3), ATP_APPLIED);
    assert_verdict(reserve_by(a, "ca-r", "ca-S", 5, 4), ATP_APPLIED);
    assert_verdict(supply(a, "ca-2", "ca-S", 3, 4), ATP_APPLIED);
    assert_verdict(on(a, ATP_OP_SUPPLY, "ca-1", "", "", -1, 1, &cancelled), ATP_APPLIED);
    assert_int_equal(supply_of(a, "ca-2", "ca-S").pegged, 3);
    assert_int_equal(exceptions(a, "promise_at_risk", "ca-S", named), 1);
    assert_string_equal(named, "ca-r");
    assert_int_equal(fact(a, ATP_OP_RECEIVE, NULL, "ca-S", "N", "2").verdict, ATP_APPLIED);
    assert_int_equal(components(a, "ca-S", "N").reserved, 2); /* those without supply first */
}

static void a_line_that_is_named_becomes_firm_with_what_is_to_come(void **state)
{
    acceptance_t *a = *state;

    stock(a, "fi-S", "N", "4");
    assert_verdict(supply(a, "fi-1", "fi-S", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(a, "fi-r", "fi-S", 10, 3), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "fi-r",
                        (const want_t[]){{"fi-S", "N", "7"}, {NULL, NULL, NULL}}, false),
                   ATP_APPLIED);
    assert_int_equal(components(a, "fi-S", "N").allocated, 4);
    assert_int_equal(supply_of(a, "fi-1", "fi-S").pegged, 3); /* the other 3 are free again */
    assert_verdict(receive(a, "fi-1", "fi-S", 10), ATP_APPLIED);
    assert_int_equal(components(a, "fi-S", "N").allocated, 7);
    assert_int_equal(promisable(a, "fi-S", "N"), 7);
}

/* ---- transfers ---- */

static void a_transfer_is_shipped_received_with_a_discrepancy_and_closed(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];
    const atp_attribute_t terms[] = {{.key = ATP_KEY_TO, .line = ATP_WHOLE_OP, .text = ATP_TEXT("N")},
                                     due(2)};
    const atp_attribute_t final = {.key = ATP_KEY_FINAL, .line = ATP_WHOLE_OP, .number = 1};

    stock(a, "tr-S", "W", "10");
    stock(a, "tr-S", "N", "0");
    assert_verdict(on(a, ATP_OP_TRANSFER, "tr-0", "tr-S", "W", 11, 2, terms), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(on(a, ATP_OP_TRANSFER, "tr-1", "tr-S", "W", 8, 2, terms), ATP_APPLIED);
    assert_int_equal(promisable(a, "tr-S", "W"), 2);
    assert_int_equal(components(a, "tr-S", "W").on_hand, 10); /* it has not left */
    assert_int_equal(atp_in(a, "tr-S", 2), 8);
    assert_verdict(reserve_by(a, "tr-r", "tr-S", 3, 2), ATP_APPLIED);

    assert_verdict(on(a, ATP_OP_TRANSFER_SHIP, "tr-1", "tr-S", "W", 6, 0, NULL), ATP_APPLIED);
    assert_int_equal(components(a, "tr-S", "W").on_hand, 4);
    assert_int_equal(supply_of(a, "tr-1", "tr-S").shipped, 6); /* in transit: at neither node */
    assert_int_equal(components(a, "tr-S", "N").on_hand, 0);

    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(supply_of(a, "tr-1", "tr-S").shipped, 6);
    assert_int_equal(supply_of(a, "tr-1", "tr-S").pegged, 3);
    assert_verdict(on(a, ATP_OP_TRANSFER_RECEIVE, "tr-1", "tr-S", "N", 2, 0, NULL), ATP_APPLIED_IN_PART);
    assert_int_equal(components(a, "tr-S", "N").reserved, 2);
    assert_verdict(on(a, ATP_OP_TRANSFER_RECEIVE, "tr-1", "tr-S", "N", 3, 1, &final), ATP_APPLIED_IN_PART);
    assert_int_equal(exceptions(a, "transfer_discrepancy", "tr-S", named), 1); /* 6 left, 5 came */
    assert_int_equal(components(a, "tr-S", "N").reserved, 3);
    assert_int_equal(promisable(a, "tr-S", "N"), 2);
    assert_int_equal(promisable(a, "tr-S", "W"), 4); /* the 2 that never left are free again */
    assert_int_equal(supply_of(a, "tr-1", "tr-S").status, 3);
}

/* ---- killed ---- */

static void promises_and_what_they_lost_survive_a_kill(void **state)
{
    acceptance_t *a = *state;
    char named[ATP_ID_SIZE_MAX + 1];

    stock(a, "ki-S", "N", "1");
    assert_verdict(supply(a, "ki-1", "ki-S", 6, 3), ATP_APPLIED);
    assert_verdict(supply(a, "ki-late", "ki-S", 4, -2), ATP_APPLIED);
    assert_verdict(reserve_by(a, "ki-r1", "ki-S", 4, 3), ATP_APPLIED);
    assert_verdict(reserve_by(a, "ki-r2", "ki-S", 3, 3), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "ki-r2", NULL, false), ATP_APPLIED);
    assert_verdict(supply(a, "ki-1", "ki-S", 4, 3), ATP_APPLIED); /* 2 of r1 lose it: r2 is firm */
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(exceptions(a, "promise_at_risk", "ki-S", named), 1);
    assert_string_equal(named, "ki-r1");
    assert_true(supply_of(a, "ki-late", "ki-S").is_overdue);
    assert_int_equal(supply_of(a, "ki-1", "ki-S").pegged, 4);
    assert_verdict(receive(a, "ki-1", "ki-S", 4), ATP_APPLIED);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(components(a, "ki-S", "N").allocated, 3);
    assert_int_equal(components(a, "ki-S", "N").reserved, 2);
    assert_verdict(receive(a, "ki-late", "ki-S", 4),
                   ATP_APPLIED); /* overdue, but here: who waits comes first */
    assert_int_equal(components(a, "ki-S", "N").reserved, 4);
    assert_int_equal(promisable(a, "ki-S", "N"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_promised_slips_and_is_received),
        cmocka_unit_test(a_cancelled_order_leaves_its_promises_to_others_in_time),
        cmocka_unit_test(a_line_that_is_named_becomes_firm_with_what_is_to_come),
        cmocka_unit_test(a_transfer_is_shipped_received_with_a_discrepancy_and_closed),
        cmocka_unit_test(promises_and_what_they_lost_survive_a_kill),
    };

    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

/* A: never oversell.   B: several lines in one request. */
#include "tests/acceptance/acceptance.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define END                                                                                                  \
    {                                                                                                        \
        NULL, NULL, NULL                                                                                     \
    }

typedef struct crowd {
    acceptance_t *a;
    const char *sku;
    _Atomic unsigned granted;
    _Atomic unsigned refused;
    _Atomic unsigned other;
    unsigned each;
    _Atomic unsigned next;
} crowd_t;

static void *shop(void *context)
{
    crowd_t *crowd = context;
    unsigned number = crowd->next++;

    for (unsigned i = 0; i < crowd->each; i++) {
        char id[ATP_ID_SIZE_MAX + 1];
        snprintf(id, sizeof id, "%s-%u-%u", crowd->sku, number, i);
        atp_command_line_t line = {.sku = atp_text_of(crowd->sku), .node = ATP_TEXT("N"), .mantissa = 1};
        atp_command_t command = {
            .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = 1, .lines = &line};
        atp_result_t result;
        atp_err_t err = atp_client_call(crowd->a->client, &command, &result, NULL, NULL);
        if (err == ATP_OK && result.verdict == ATP_APPLIED) {
            crowd->granted++;
        } else if (err == ATP_OK && result.verdict == ATP_NOT_ENOUGH_AVAILABLE) {
            crowd->refused++;
        } else {
            crowd->other++;
        }
    }
    return NULL;
}

static void rush(crowd_t *crowd, unsigned threads)
{
    pthread_t thread[64];

    for (unsigned i = 0; i < threads; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, shop, crowd), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
}

static void a1_a_thousand_want_the_last_unit_and_one_gets_it(void **state)
{
    acceptance_t *a = *state;
    crowd_t crowd = {.a = a, .sku = "a1", .each = 20};

    stock(a, "a1", "N", "1");
    rush(&crowd, 50);
    assert_int_equal(crowd.granted, 1);
    assert_int_equal(crowd.refused, 999);
    assert_int_equal(promisable(a, "a1", "N"), 0);
}

static void a2_twenty_want_ten_and_ten_get_one(void **state)
{
    acceptance_t *a = *state;
    crowd_t crowd = {.a = a, .sku = "a2", .each = 1};

    stock(a, "a2", "N", "10");
    rush(&crowd, 20);
    assert_int_equal(crowd.granted, 10);
    assert_int_equal(crowd.refused, 10);
}

static void a3_a_look_holds_nothing(void **state)
{
    acceptance_t *a = *state;

    stock(a, "a3", "N", "20");
    assert_int_equal(promisable(a, "a3", "N"), 20); /* A looks */
    assert_verdict(hold(a, NULL, "a3", "N", "20"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "a3", "N", "5"), ATP_NOT_ENOUGH_AVAILABLE);
}

static void a4_allocated_units_are_not_promised_again(void **state)
{
    acceptance_t *a = *state;

    stock(a, "a4", "N", "5");
    assert_verdict(hold(a, "a4-order", "a4", "N", "5"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "a4-order", NULL, false), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "a4", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
}

/* What the next event tells a copy that is fed by events. */
static int64_t next_told(atp_watch_t *copy)
{
    atp_availability_event_t event;

    for (int64_t begun_ms = 0; is_waiting(&begun_ms, 30);) {
        if (atp_watch_next(copy, 100, &event) == ATP_OK) {
            return event.promisable;
        }
    }
    fail_msg("no event came");
    abort();
}

static void a7_a_copy_that_lags_decides_nothing(void **state)
{
    acceptance_t *a = *state;
    const atp_text_t name = ATP_TEXT("a7");
    const atp_watch_options_t options = {.url = a->events_url, .skus = &name, .sku_count = 1};
    atp_watch_t *copy;
    atp_why_t why;

    assert_int_equal(atp_watch_open(&options, &copy, &why), ATP_OK);
    assert_true(atp_watch_wait_connected(copy, 60000));
    stock(a, "a7", "N", "1");
    assert_int_equal(next_told(copy), 1);
    assert_verdict(hold(a, NULL, "a7", "N", "1"), ATP_APPLIED);
    /* The copy has not been told yet, and says 1. */
    assert_verdict(hold(a, NULL, "a7", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(next_told(copy), 0);
    assert_verdict(hold(a, NULL, "a7", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    atp_watch_close(copy);
}

static void b1_lines_of_one_request_share_what_there_is(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"b1", "N", "3"}, {"b1", "N", "3"}, END};

    stock(a, "b1", "N", "5");
    atp_result_t result = reserve(a, NULL, wants, 0, ATP_RESERVE_ALL_OR_NOTHING, NULL);
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(result.line, 1);
    assert_int_equal(promisable(a, "b1", "N"), 5);
}

static void b2_two_lines_of_one_sku_are_both_counted(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"b2", "N", "10"}, {"b2", "N", "5"}, END};

    stock(a, "b2", "N", "50");
    assert_verdict(hold(a, "b2-first", "b2", "N", "20"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "b2-first", NULL, false), ATP_APPLIED);
    assert_verdict(reserve(a, NULL, wants, 0, ATP_RESERVE_ALL_OR_NOTHING, NULL), ATP_APPLIED);
    atp_availability_row_t row = components(a, "b2", "N");
    assert_int_equal(row.reserved + row.allocated, 35);
}

static void b4_a_line_that_does_not_fit_is_named_and_nothing_changes(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"b4a", "N", "2"}, {"b4b", "N", "2"}, END};

    stock(a, "b4a", "N", "5");
    stock(a, "b4b", "N", "1");
    atp_result_t result = reserve(a, NULL, wants, 0, ATP_RESERVE_ALL_OR_NOTHING, NULL);
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(result.line, 1);
    assert_int_equal(result.field, ATP_FIELD_QTY);
    assert_int_equal(promisable(a, "b4a", "N"), 5);
    assert_int_equal(promisable(a, "b4b", "N"), 1);
}

static void b8_partial_takes_what_there_is_and_tells_the_shortfall(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"b8", "N", "10"}, END};

    stock(a, "b8", "N", "4");
    atp_result_t result = reserve(a, NULL, wants, 0, ATP_RESERVE_PARTIAL, NULL);
    assert_verdict(result, ATP_APPLIED_IN_PART);
    assert_int_equal(result.qty, 4); /* of 10: the shortfall is 6 */
    assert_int_equal(promisable(a, "b8", "N"), 0);
}

static void b8_partial_over_lines_tells_each(void **state)
{
    acceptance_t *a = *state;
    const want_t wants[] = {{"b8x", "N", "3"}, {"b8y", "N", "3"}, {"b8x", "N", "3"}, END};
    atp_grant_t grants[ACCEPTANCE_LINES_MAX];

    stock(a, "b8x", "N", "4");
    stock(a, "b8y", "N", "9");
    atp_result_t result = reserve(a, NULL, wants, 0, ATP_RESERVE_PARTIAL, grants);
    assert_verdict(result, ATP_APPLIED_IN_PART);
    assert_int_equal(result.line_count, 3);
    assert_int_equal(grants[0].qty, 3);
    assert_int_equal(grants[1].qty, 3);
    assert_int_equal(grants[2].qty, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a1_a_thousand_want_the_last_unit_and_one_gets_it),
        cmocka_unit_test(a2_twenty_want_ten_and_ten_get_one),
        cmocka_unit_test(a3_a_look_holds_nothing),
        cmocka_unit_test(a4_allocated_units_are_not_promised_again),
        cmocka_unit_test(a7_a_copy_that_lags_decides_nothing),
        cmocka_unit_test(b1_lines_of_one_request_share_what_there_is),
        cmocka_unit_test(b2_two_lines_of_one_sku_are_both_counted),
        cmocka_unit_test(b4_a_line_that_does_not_fit_is_named_and_nothing_changes),
        cmocka_unit_test(b8_partial_takes_what_there_is_and_tells_the_shortfall),
        cmocka_unit_test(b8_partial_over_lines_tells_each),
    };
    return cmocka_run_group_tests_name("acceptance.oversell", tests, acceptance_start, acceptance_stop);
}

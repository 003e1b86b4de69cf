/* The first rule or quota of a channel: what stood before is counted in pieces, and nothing is let through meanwhile. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

#define STANDING 20000 /* more than one op counts */

static fixture_t open_with_standing(unsigned reservations)
{
    atp_ledger_config_t config = fixture_config();
    config.reservations = 2 * STANDING;
    config.lines = 2 * STANDING;
    config.outcomes = 4 * STANDING;
    config.ids_per_client = 4 * STANDING;
    config.history = 4 * STANDING;
    config.string_bytes = 16 << 20;
    fixture_t f = fixture_open(&config);
    char id[16];

    f.is_unchecked = true;
    stock(&f, "S", "N", 2 * STANDING);
    stock(&f, "T", "N", 100);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "app", 0), ATP_APPLIED);
    for (unsigned i = 0; i < reservations; i++) {
        snprintf(id, sizeof id, "w%u", i);
        assert_verdict(sell(&f, "web", id, "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    }
    return f;
}

static void a_rule_counts_at_once_and_its_percentage_leaves_nothing_until_all_is_counted(void **state)
{
    (void)state;
    fixture_t f = open_with_standing(STANDING);

    assert_verdict(rule(&f, "flat", "channel=web buffer=100"), ATP_APPLIED);
    fixture_check(&f);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_int_equal(sees(&f, "web", "S"), STANDING - 100); /* nothing of that is told by what is in use */
    assert_verdict(rule(&f, "part", "channel=web sku=S buffer_percent=10"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_int_equal(sees(&f, "app", "S"), STANDING);
    assert_refused(sell(&f, "web", "x", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_int_equal(sees(&f, "web", "T"), 0); /* 100 less the flat buffer */
    assert_verdict(sell(&f, "app", "z", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "w3"), ATP_APPLIED);     /* counted already */
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "w19999"), ATP_APPLIED); /* not yet */
    fixture_check(&f);
    assert_true(fixture_pulses(&f) > 0);
    /* 20,001 are left, 19,998 in use: a tenth of both is 3,999, and 100 */
    assert_int_equal(view(&f, "web", "S").consumed, STANDING - 2);
    assert_int_equal(sees(&f, "web", "S"), STANDING + 1 - 3999 - 100);
    fixture_close(&f);
}

static void a_tree_leaves_nothing_to_its_channels_until_all_is_counted(void **state)
{
    (void)state;
    fixture_t f = open_with_standing(STANDING);

    assert_verdict(quota(&f, "all", "sku=S amount=30000"), ATP_APPLIED);
    assert_verdict(quota(&f, "app", "parent=all channel=app"), ATP_APPLIED);
    assert_true(fixture_pulses(&f) > 0); /* app has nothing, and that had to be looked for */
    assert_int_equal(sees(&f, "app", "S"), STANDING);
    assert_verdict(quota(&f, "web", "parent=all channel=web amount=25000"), ATP_APPLIED);
    fixture_check(&f);
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_int_equal(sees(&f, "app", "S"), 0);
    assert_refused(sell(&f, "app", "x", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_true(fixture_pulses(&f) > 0);
    assert_int_equal(sees(&f, "web", "S"), 5000);
    assert_refused(sell(&f, "web", "y", "S", "N", 5001, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(sell(&f, "web", "z", "S", "N", 5000, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

static void two_channels_are_counted_in_one_go(void **state)
{
    (void)state;
    fixture_t f = open_with_standing(STANDING);

    assert_verdict(sell(&f, "app", "a", "S", "N", 7, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(rule(&f, "w", "channel=web buffer=1"), ATP_APPLIED);
    assert_verdict(rule(&f, "a", "channel=app buffer=1"), ATP_APPLIED);
    fixture_check(&f);
    assert_true(fixture_pulses(&f) >= 1);
    assert_int_equal(view(&f, "web", "S").consumed, STANDING);
    assert_int_equal(view(&f, "app", "S").consumed, 7);
    fixture_close(&f);
}

static void the_check_tells_a_reservation_that_was_passed_over(void **state)
{
    (void)state;
    fixture_t f = open_with_standing(STANDING);
    atp_why_t why = {""};

    assert_verdict(rule(&f, "flat", "channel=web buffer=100"), ATP_APPLIED);
    f.ledger->root->counting.next++;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "R2", 2);
    f.ledger->root->counting.next--;
    fixture_pulses(&f);
    fixture_close(&f);
}

static void few_reservations_are_counted_in_the_op(void **state)
{
    (void)state;
    fixture_t f = open_with_standing(50);

    assert_verdict(rule(&f, "part", "channel=web sku=S buffer_percent=10"), ATP_APPLIED);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_int_equal(view(&f, "web", "S").consumed, 50);
    assert_int_equal(sees(&f, "web", "S"), 2 * STANDING - 50 - 2 * STANDING / 10);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_counts_at_once_and_its_percentage_leaves_nothing_until_all_is_counted),
        cmocka_unit_test(a_tree_leaves_nothing_to_its_channels_until_all_is_counted),
        cmocka_unit_test(two_channels_are_counted_in_one_go),
        cmocka_unit_test(the_check_tells_a_reservation_that_was_passed_over),
        cmocka_unit_test(few_reservations_are_counted_in_the_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

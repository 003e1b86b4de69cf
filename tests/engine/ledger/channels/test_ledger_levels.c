/* Levels of channels: low, out and back, told once at each crossing, whatever caused it. */
#include "tests/engine/ledger/channels/levels_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/channels/views.h"

#include <stdio.h>

/* Channels web and pos, S at N with `qty`. */
static fixture_t shop(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", qty);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    return f;
}

static atp_level_t level_of(const fixture_t *f, const char *channel, const char *sku)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint64_t seed = atp_ledger_seed(f->ledger);
    atp_channel_view_t seen = view(f, channel, sku);
    uint16_t channel_number;
    uint32_t sku_number;

    assert_true(atp_catalog_find_channel(catalog, atp_text_of(channel),
                                         atp_hash_text(atp_text_of(channel), seed), &channel_number));
    assert_true(
        atp_catalog_find_sku(catalog, atp_text_of(sku), atp_hash_text(atp_text_of(sku), seed), &sku_number));
    return atp_channel_level(f->ledger, channel_number, sku_number, &seen);
}

static void sell_now(fixture_t *f, const char *id, atp_qty_t qty)
{
    assert_verdict(sell(f, "pos", id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
}

/* ---- crossings ---- */

static void nothing_is_told_while_a_level_stays(void **state)
{
    (void)state;
    fixture_t f = shop(20);

    assert_verdict(rule(&f, "l", "channel=web sku=S low=5"), ATP_APPLIED);
    assert_int_equal(level_of(&f, "web", "S"), ATP_LEVEL_OK);
    sell_now(&f, "r1", 10);
    sell_now(&f, "r2", 4);
    assert_int_equal(crossings(&f), 0);
    sell_now(&f, "r3", 1);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 5);
    sell_now(&f, "r4", 3);
    assert_int_equal(crossings(&f), 1);
    sell_now(&f, "r5", 2);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OUT, 0);
    assert_int_equal(level_of(&f, "web", "S"), ATP_LEVEL_OUT);
    assert_int_equal(level_of(&f, "pos", "S"), ATP_LEVEL_NONE);
    fixture_close(&f);
}

static void low_ends_where_its_clear_is_reached(void **state)
{
    (void)state;
    fixture_t f = shop(5);

    assert_verdict(rule(&f, "l", "channel=web sku=S low=5 low_clear=10"), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 5);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 4), ATP_APPLIED);
    assert_int_equal(level_of(&f, "web", "S"), ATP_LEVEL_LOW); /* 9 */
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 9), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OUT, 0);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 9), ATP_APPLIED);
    assert_crossed(&f, 3, ATP_LEVEL_OUT, ATP_LEVEL_LOW, 9);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_crossed(&f, 4, ATP_LEVEL_LOW, ATP_LEVEL_OK, 10);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 4), ATP_APPLIED);
    assert_int_equal(crossings(&f), 4); /* 6: not low again */
    fixture_close(&f);
}

static void last_units_kept_back_are_out_for_the_channel(void **state)
{
    (void)state;
    fixture_t f = shop(8);

    assert_verdict(rule(&f, "t", "channel=web sku=S threshold=3"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0);
    sell_now(&f, "r1", 5);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r1"), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_OUT, ATP_LEVEL_OK, 5);
    fixture_close(&f);
}

/* ---- causes ---- */

static void expiry_crosses_at_its_moment(void **state)
{
    (void)state;
    fixture_t f = shop(6);

    assert_verdict(rule(&f, "l", "channel=web sku=S low=2"), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "r1", "S", "N", 6, 1000), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    f.now_ms += 999;
    assert_verdict(settle(&f, "S", "N"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 1);
    f.now_ms += 1;
    assert_verdict(settle(&f, "S", "N"), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_OUT, ATP_LEVEL_OK, 6);
    fixture_close(&f);
}

/* What is due counts in no level, though another op came first. */
static void units_due_are_given_back_before_a_level_is_told(void **state)
{
    (void)state;
    fixture_t f = shop(6);

    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "M", 2), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=S low=3"), ATP_APPLIED);
    assert_verdict(reserve_for(&f, "r1", "S", "N", 4, 1000), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0);
    f.now_ms += 1000;
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "M", 2), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0); /* 6 are left, not 2 */
    fixture_close(&f);
}

static void rules_quotas_nodes_groups_and_channels_cross(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(rule(&f, "l", "channel=web sku=S low=4"), ATP_APPLIED);
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=7"), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3);
    assert_verdict(rule(&f, "b", "dropped=yes"), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OK, 10);
    assert_verdict(quota(&f, "q", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "q-pos", "parent=q channel=pos guaranteed=8"), ATP_APPLIED);
    assert_crossed(&f, 3, ATP_LEVEL_OK, ATP_LEVEL_LOW, 2);
    assert_verdict(quota(&f, "q-pos", "dropped=yes"), ATP_APPLIED);
    assert_crossed(&f, 4, ATP_LEVEL_LOW, ATP_LEVEL_OK, 10);
    assert_verdict(put_node(&f, "N", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_crossed(&f, 5, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_crossed(&f, 6, ATP_LEVEL_OUT, ATP_LEVEL_OK, 10);
    assert_verdict(put_group(&f, "none", ""), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "ship_group=none"), ATP_APPLIED);
    assert_crossed(&f, 7, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(put_group(&f, "none", "N"), ATP_APPLIED);
    assert_crossed(&f, 8, ATP_LEVEL_OUT, ATP_LEVEL_OK, 10);
    assert_verdict(put_channel_with(&f, "web", "state=paused"), ATP_APPLIED);
    assert_crossed(&f, 9, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(rule(&f, "l", "dropped=yes"), ATP_APPLIED);
    assert_crossed(&f, 10, ATP_LEVEL_OUT, ATP_LEVEL_OK, 0); /* paused; nobody says so any more */
    assert_int_equal(level_of(&f, "web", "S"), ATP_LEVEL_NONE);
    fixture_close(&f);
}

static void rules_of_tags_and_of_all_reach_their_skus(void **state)
{
    (void)state;
    fixture_t f = shop(3);

    assert_verdict(rule(&f, "t", "channel=web tag=toy low=3"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0);
    assert_verdict(tag_sku(&f, "S", 0, "tag=toy"), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3);
    assert_verdict(tag_sku(&f, "S", 0, "untagged=yes"), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OK, 3);
    assert_verdict(put_sku(&f, "never-here", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "a", "channel=pos low=3"), ATP_APPLIED);
    assert_crossed(&f, 3, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3); /* S alone */
    stock(&f, "T", "N", 9);
    assert_verdict(fact(&f, ATP_OP_SALE, "T", "N", 9), ATP_APPLIED);
    assert_crossed(&f, 4, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(rule(&f, "a", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 6);
    fixture_close(&f);
}

static void units_taken_of_a_tags_quota_cross_with_the_next_pulse(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    stock(&f, "T", "N", 10);
    assert_verdict(tag_sku(&f, "S", 0, "tag=toy"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "T", 0, "tag=toy"), ATP_APPLIED);
    assert_verdict(quota(&f, "q", "tag=toy"), ATP_APPLIED);
    assert_verdict(quota(&f, "q-web", "parent=q channel=web amount=6"), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=S low=2"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r1", "T", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(level_of(&f, "web", "S"), ATP_LEVEL_LOW); /* answers do not wait */
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 2);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    fixture_close(&f);
}

static void a_period_that_ends_crosses_by_itself(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(quota(&f, "q", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "q-web", "parent=q channel=web amount=4 period_ms=60000"), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=S low=1"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 59999;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    f.now_ms += 1;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_OUT, ATP_LEVEL_OK, 4);
    fixture_close(&f);
}

/* 600 SKUs with one of each at N, and the channels web and pos. */
static fixture_t warehouse(void)
{
    atp_ledger_config_t config = fixture_config();
    char name[32];

    config.skus = 700;
    config.positions = 700;
    config.accounts = 1400;
    config.exceptions = 2000;
    fixture_t f = fixture_open(&config);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    f.is_unchecked = true;
    for (unsigned i = 0; i < 600; i++) {
        (void)snprintf(name, sizeof name, "S%u", i);
        stock(&f, name, "N", 1);
    }
    return f;
}

/* What is not state (marks, lists) is built anew and says the same: the same ops give the same bytes. Rules that went leave
 * levels that a sweep has still to take back. */
static void a_restart_in_the_middle_of_a_sweep_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = warehouse();

    assert_verdict(rule(&f, "w", "channel=web low=1"), ATP_APPLIED);
    assert_verdict(rule(&f, "p", "channel=pos sku=S7 low=1"), ATP_APPLIED);
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_verdict(rule(&f, "p", "dropped=yes"), ATP_APPLIED);
    assert_verdict(rule(&f, "w", "dropped=yes"), ATP_APPLIED);
    fixture_t g = f;
    g.ledger = copy_of(&f);
    for (unsigned i = 0; i < 3; i++) {
        assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms) == (i < 2));
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
        assert_verdict(pulse(&g, 100), ATP_APPLIED);
        assert_true(atp_ledger_hash(f.ledger) == atp_ledger_hash(g.ledger));
    }
    assert_int_equal(crossings(&g), 2 * 600 + 2);
    atp_ledger_destroy(g.ledger);
    fixture_close(&f);
}

static void a_long_sweep_goes_on_with_pulses(void **state)
{
    (void)state;
    fixture_t f = warehouse();

    assert_verdict(rule(&f, "l", "channel=web low=1"), ATP_APPLIED);
    unsigned pulses = 0;
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
        pulses++;
    }
    assert_int_equal(crossings(&f), 600);
    assert_int_equal(pulses, 2);
    fixture_close(&f);
}

/* ---- capacity ---- */

/* What a node cannot make ready is not promised from: the view says what a reserve is granted, and no buffer is hidden in what
 * is not there. */
static void a_node_at_capacity_leaves_the_view(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "M", 5), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=S low=6 buffer=2"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 13);
    assert_verdict(limit_node(&f, "N", "capacity_units=4"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 7);
    assert_int_equal(crossings(&f), 0);
    assert_verdict(sell(&f, "pos", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 3);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3);
    assert_verdict(sell(&f, "web", "r2", "S", "", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "web", "r3", "S", "", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(line_at(&f, "r3", 0)->granted, 3);
    fixture_close(&f);
}

/* ---- refusals ---- */

static void levels_out_of_order_are_refused(void **state)
{
    (void)state;
    fixture_t f = shop(5);

    assert_refused(rule(&f, "l", "channel=web sku=S low_clear=4"), ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "l", "channel=web sku=S low=4 low_clear=4"), ATP_RULE_INVALID,
                   ATP_FIELD_ATTRIBUTE);
    assert_int_equal(crossings(&f), 0);
    fixture_close(&f);
}

/* A supply makes a position of which there is nothing: the channel is told that it is out. */
static void a_position_without_any_stock_is_looked_at_from_its_beginning(void **state)
{
    (void)state;
    fixture_t f = shop(20);
    const atp_command_line_t line = line_of("T", "N", 4);

    put_sku(&f, "T", 0);
    assert_verdict(rule(&f, "l", "channel=web threshold=1"), ATP_APPLIED);
    uint64_t before = crossings(&f);
    assert_verdict(
        do_with(
            &f,
            (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("p"), .line_count = 1, .lines = &line},
            "due=1700352000000"),
        ATP_APPLIED);
    assert_crossed(&f, before + 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_while_a_level_stays),
        cmocka_unit_test(low_ends_where_its_clear_is_reached),
        cmocka_unit_test(last_units_kept_back_are_out_for_the_channel),
        cmocka_unit_test(expiry_crosses_at_its_moment),
        cmocka_unit_test(units_due_are_given_back_before_a_level_is_told),
        cmocka_unit_test(rules_quotas_nodes_groups_and_channels_cross),
        cmocka_unit_test(rules_of_tags_and_of_all_reach_their_skus),
        cmocka_unit_test(units_taken_of_a_tags_quota_cross_with_the_next_pulse),
        cmocka_unit_test(a_period_that_ends_crosses_by_itself),
        cmocka_unit_test(a_long_sweep_goes_on_with_pulses),
        cmocka_unit_test(a_restart_in_the_middle_of_a_sweep_changes_nothing),
        cmocka_unit_test(a_node_at_capacity_leaves_the_view),
        cmocka_unit_test(levels_out_of_order_are_refused),
        cmocka_unit_test(a_position_without_any_stock_is_looked_at_from_its_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

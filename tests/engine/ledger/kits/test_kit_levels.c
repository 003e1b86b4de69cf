/* Levels of kits: a kit is low or out by what can be put together, told once at each crossing, whatever caused it. */
#include "tests/engine/ledger/channels/levels_fixture.h"
#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

/* K = 2 A + 1 B, with 20 A and 10 B at N: ten kits; the channel web is low on it at 3. */
static fixture_t shop_of_kits(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "A", "N", 20);
    stock(&f, "B", "N", 10);
    put_sku(&f, "K", 0);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_kit(&f, "K", "A=2 B=1"), ATP_APPLIED);
    assert_verdict(rule(&f, "l", "channel=web sku=K low=3 low_clear=5"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0);
    return f;
}

static void move(fixture_t *f, atp_op_kind_t kind, const char *sku, atp_qty_t qty)
{
    assert_verdict(fact(f, kind, sku, "N", qty), ATP_APPLIED);
}

static atp_level_t told_level(const fixture_t *f, const char *kit)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint64_t seed = atp_ledger_seed(f->ledger);
    uint16_t channel;
    uint32_t sku;

    assert_true(
        atp_catalog_find_channel(catalog, ATP_TEXT("web"), atp_hash_text(ATP_TEXT("web"), seed), &channel));
    assert_true(atp_catalog_find_sku(catalog, atp_text_of(kit), atp_hash_text(atp_text_of(kit), seed), &sku));
    return (atp_level_t)atp_availability_kit_level(f->ledger, channel, sku);
}

/* ---- what moves ---- */

static void a_kit_crosses_with_its_components(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    assert_int_equal(told_level(&f, "K"), ATP_LEVEL_OK);
    move(&f, ATP_OP_SALE, "A", 12); /* 8: four kits */
    assert_int_equal(crossings(&f), 0);
    move(&f, ATP_OP_SALE, "A", 1);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3);
    assert_int_equal(told_level(&f, "K"), ATP_LEVEL_LOW);
    move(&f, ATP_OP_SALE, "A", 1); /* six make three still */
    assert_verdict(reserve(&f, "r", "B", "N", 9), ATP_APPLIED);
    assert_int_equal(crossings(&f), 1);
    assert_verdict(reserve(&f, "s", "B", "N", 1), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OUT, 0);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_crossed(&f, 3, ATP_LEVEL_OUT, ATP_LEVEL_LOW, 3);
    move(&f, ATP_OP_RECEIVE, "A", 3); /* four: low until there are five */
    assert_int_equal(crossings(&f), 3);
    move(&f, ATP_OP_RECEIVE, "A", 1);
    assert_crossed(&f, 4, ATP_LEVEL_LOW, ATP_LEVEL_OK, 5);
    fixture_close(&f);
}

static void kits_on_the_shelf_count_too(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    move(&f, ATP_OP_COUNT, "B", 0);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    move(&f, ATP_OP_RECEIVE, "K", 2);
    assert_crossed(&f, 2, ATP_LEVEL_OUT, ATP_LEVEL_LOW, 2);
    move(&f, ATP_OP_RECEIVE, "B", 3);
    assert_crossed(&f, 3, ATP_LEVEL_LOW, ATP_LEVEL_OK, 5);
    assert_verdict(sell(&f, "web", "r", "K", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_crossed(&f, 4, ATP_LEVEL_OK, ATP_LEVEL_LOW, 2);
    fixture_close(&f);
}

static void a_kit_in_a_kit_crosses_with_what_is_below(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    put_sku(&f, "outer", 0);
    assert_verdict(put_kit(&f, "outer", "K=2"), ATP_APPLIED);
    assert_verdict(rule(&f, "o", "channel=web sku=outer low=1"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 0);
    move(&f, ATP_OP_COUNT, "A", 4);
    assert_int_equal(crossings(&f), 2); /* K: 2, outer: 1 */
    assert_int_equal(told_level(&f, "K"), ATP_LEVEL_LOW);
    assert_int_equal(told_level(&f, "outer"), ATP_LEVEL_LOW);
    fixture_close(&f);
}

/* What is due counts no more, though nobody has come for it. */
static void what_expires_of_a_component_crosses_at_its_moment(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    assert_verdict(reserve_for(&f, "r", "B", "N", 10, 1000), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    f.now_ms += 1000;
    move(&f, ATP_OP_SALE, "A", 14);
    assert_crossed(&f, 2, ATP_LEVEL_OUT, ATP_LEVEL_LOW, 3); /* not out by A and then back by B */
    fixture_close(&f);
}

/* ---- what is said ---- */

static void recipes_rules_and_nodes_cross(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    assert_verdict(put_kit(&f, "K", "A=10 B=1"), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 2);
    assert_verdict(rule(&f, "b", "channel=web sku=A buffer=11"), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OUT, 0);
    assert_verdict(rule(&f, "b", "dropped=yes"), ATP_APPLIED);
    assert_crossed(&f, 3, ATP_LEVEL_OUT, ATP_LEVEL_LOW, 2);
    assert_verdict(put_kit(&f, "K", "A=1"), ATP_APPLIED);
    assert_crossed(&f, 4, ATP_LEVEL_LOW, ATP_LEVEL_OK, 20);
    assert_verdict(put_node(&f, "N", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_crossed(&f, 5, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_crossed(&f, 6, ATP_LEVEL_OUT, ATP_LEVEL_OK, 20);
    assert_verdict(put_kit(&f, "K", ""), ATP_APPLIED); /* a kit no more: none is on the shelf */
    assert_crossed(&f, 7, ATP_LEVEL_OK, ATP_LEVEL_OUT, 0);
    assert_verdict(rule(&f, "l", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(crossings(&f), 8);
    assert_int_equal(told_level(&f, "K"), ATP_LEVEL_NONE);
    fixture_close(&f);
}

static void a_node_at_capacity_crosses_a_kit(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();

    assert_verdict(limit_node(&f, "N", "capacity_units=7"), ATP_APPLIED); /* three of a kit */
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 2);
    assert_verdict(reserve(&f, "r", "B", "N", 5),
                   ATP_APPLIED); /* not by what is there: by what is left of the day */
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
    }
    assert_int_equal(told_level(&f, "K"), ATP_LEVEL_OUT);
    assert_int_equal(crossings(&f), 2);
    fixture_close(&f);
}

static void a_component_that_begins_or_ends_crosses_with_the_pulse_that_is_due(void **state)
{
    (void)state;
    fixture_t f = shop_of_kits();
    const int64_t begun_ms = f.now_ms;

    put_kit_dated(&f, "K", begun_ms + 100000, begun_ms + 300000); /* of one A, and a B between them */
    move(&f, ATP_OP_COUNT, "B", 3);
    assert_int_equal(crossings(&f), 0);
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
    }
    f.now_ms = begun_ms + 99999;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    f.now_ms++;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_crossed(&f, 1, ATP_LEVEL_OK, ATP_LEVEL_LOW, 3);
    f.now_ms = begun_ms + 300000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_crossed(&f, 2, ATP_LEVEL_LOW, ATP_LEVEL_OK, 20);
    fixture_close(&f);
}

/* ---- many kits ---- */

#define MANY 600u /* kits of one component: more than a pulse looks at */

static fixture_t many_kits(void)
{
    atp_ledger_config_t config = fixture_config();
    char kit[16];

    config.skus = MANY + 2;
    config.kits = MANY;
    config.components = MANY;
    config.exceptions = 4 * MANY; /* and crossings */
    config.accounts = 2 * MANY;
    fixture_t f = fixture_open(&config);
    f.is_unchecked = true; /* after each op that is told of below */
    stock(&f, "A", "N", 5);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(kit, sizeof kit, "K%u", i);
        put_sku(&f, kit, 0);
        assert_verdict(put_kit(&f, kit, "A=1"), ATP_APPLIED);
    }
    assert_verdict(rule(&f, "l", "channel=web low=1"), ATP_APPLIED);
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
    }
    assert_int_equal(crossings(&f), 0);
    f.is_unchecked = false;
    return f;
}

/* Each pulse looks at so many; a restart between them goes on where it was. */
static void a_component_of_many_kits_is_followed_by_pulses(void **state)
{
    (void)state;
    fixture_t f = many_kits();
    unsigned pulses = 0;

    move(&f, ATP_OP_SALE, "A", 4);
    assert_int_equal(crossings(&f), 1); /* its own */
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    fixture_t g = f;
    g.ledger = copy_of(&f);
    for (; atp_ledger_is_pulse_due(f.ledger, f.now_ms); pulses++) {
        uint64_t before = crossings(&f);
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
        assert_verdict(pulse(&g, 100), ATP_APPLIED);
        assert_true(crossings(&f) > before && crossings(&f) - before <= 256);
        assert_true(atp_ledger_hash(f.ledger) == atp_ledger_hash(g.ledger));
    }
    assert_int_equal(pulses, 2);
    assert_int_equal(crossings(&f), 1 + MANY);
    move(&f, ATP_OP_SALE, "A", 1);
    for (unsigned i = 0; i < 3; i++) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
    }
    assert_int_equal(crossings(&f), 2 * (1 + MANY));
    atp_ledger_destroy(g.ledger);
    fixture_close(&f);
}

/* Kits at very many nodes are looked at one by one, and each has its turn. */
static void large_kits_are_looked_at_one_a_pulse(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    static const char *const kits[] = {"K0", "K1", "K2", "K3"};
    char node[16];
    unsigned pulses = 0;

    config.nodes = 5000; /* of two SKUs each kit: 10,000 positions */
    config.ids_per_client = 10000;
    config.outcomes = 10000;
    fixture_t f = fixture_open(&config);
    f.is_unchecked = true; /* once at the end */
    stock(&f, "A", "N", 5);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    for (unsigned i = 1; i < 5000; i++) {
        snprintf(node, sizeof node, "n%u", i);
        assert_verdict(put_node(&f, node, ATP_NODE_OPEN), ATP_APPLIED);
    }
    for (unsigned i = 0; i < 4; i++) {
        put_sku(&f, kits[i], 0);
        assert_verdict(put_kit(&f, kits[i], "A=1"), ATP_APPLIED);
    }
    assert_verdict(rule(&f, "l", "channel=web low=1"), ATP_APPLIED);
    for (; atp_ledger_is_pulse_due(f.ledger, f.now_ms); pulses++) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
    }
    assert_true(pulses >= 3 && pulses <= 5);
    move(&f, ATP_OP_SALE, "A", 4);
    for (pulses = 0; atp_ledger_is_pulse_due(f.ledger, f.now_ms); pulses++) {
        assert_verdict(pulse(&f, 100), ATP_APPLIED);
        assert_int_equal(crossings(&f), 1 + pulses + 1);
    }
    assert_int_equal(pulses, 4);
    fixture_check(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kit_crosses_with_its_components),
        cmocka_unit_test(kits_on_the_shelf_count_too),
        cmocka_unit_test(a_kit_in_a_kit_crosses_with_what_is_below),
        cmocka_unit_test(what_expires_of_a_component_crosses_at_its_moment),
        cmocka_unit_test(recipes_rules_and_nodes_cross),
        cmocka_unit_test(a_node_at_capacity_crosses_a_kit),
        cmocka_unit_test(a_component_that_begins_or_ends_crosses_with_the_pulse_that_is_due),
        cmocka_unit_test(a_component_of_many_kits_is_followed_by_pulses),
        cmocka_unit_test(large_kits_are_looked_at_one_a_pulse),
    };
    return cmocka_run_group_tests_name("engine.ledger.kit_levels", tests, NULL, NULL);
}

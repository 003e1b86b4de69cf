/* Demand that was not met is counted on every path on which a reserve is refused or cut: per SKU, node and channel. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

/* The record of S at a node ("": wherever) in a channel, all 0 if there is none. */
static atp_demand_record_t demand_of(const fixture_t *f, const char *sku, const char *node,
                                     const char *channel)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    const atp_demand_t *demand = atp_ledger_demand(f->ledger);
    uint64_t seed = atp_ledger_seed(f->ledger);
    uint16_t at = ATP_DEMAND_ANY_NODE;
    uint16_t by = 0;
    uint32_t of = 0;

    assert_true(atp_catalog_find_sku(catalog, atp_text_of(sku), atp_hash_text(atp_text_of(sku), seed), &of));
    if (node[0] != '\0') {
        assert_true(
            atp_catalog_find_node(catalog, atp_text_of(node), atp_hash_text(atp_text_of(node), seed), &at));
    }
    if (channel[0] != '\0') {
        assert_true(atp_catalog_find_channel(catalog, atp_text_of(channel),
                                             atp_hash_text(atp_text_of(channel), seed), &by));
    }
    for (uint64_t i = 0; i < atp_table_count(&demand->records); i++) {
        const atp_demand_record_t *record = atp_table_at(&demand->records, i);
        if (record->sku == of && record->node == at && record->channel == by) {
            return *record;
        }
    }
    return (atp_demand_record_t){0};
}

static void assert_demand(const fixture_t *f, const char *node, const char *channel, uint64_t refused,
                          atp_qty_t refused_qty)
{
    atp_demand_record_t record = demand_of(f, "S", node, channel);

    assert_int_equal(record.refused, refused);
    assert_int_equal(record.refused_qty, refused_qty);
}

static atp_result_t node_with(fixture_t *f, const char *node, const char *words)
{
    const atp_command_line_t line = line_of("", node, 0);
    return do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words);
}

static fixture_t open_with(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", qty);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    return f;
}

static void want_of_stock(void **state)
{
    (void)state;
    fixture_t f = open_with(5);

    assert_verdict(sell(&f, "web", "a", "S", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "N", "web", 1, 6);
    assert_verdict(sell(&f, "web", "b", "S", "", 7, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "", "web", 1, 7);
    assert_verdict(reserve(&f, "c", "S", "N", 8), ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "N", "", 1, 8);
    assert_verdict(sell(&f, "web", "d", "S", "N", 8, ATP_RESERVE_PARTIAL), ATP_APPLIED_IN_PART);
    atp_demand_record_t record = demand_of(&f, "S", "N", "web");
    assert_int_equal(record.in_part, 1);
    assert_int_equal(record.short_qty, 3);
    fixture_close(&f);
}

static void rules_and_quotas(void **state)
{
    (void)state;
    fixture_t f = open_with(10);

    assert_verdict(rule(&f, "t", "channel=web sku=S threshold=4"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "a", "S", "N", 7, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "N", "web", 1, 7);
    assert_verdict(rule(&f, "t", "channel=web sku=S cap=2"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "b", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_ABOVE_CAP);
    assert_demand(&f, "N", "web", 2, 10);
    assert_verdict(rule(&f, "t", "dropped=yes"), ATP_APPLIED);
    assert_verdict(quota(&f, "all", "sku=S amount=5"), ATP_APPLIED);
    assert_verdict(quota(&f, "web", "parent=all channel=web"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "c", "S", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "N", "web", 3, 16);
    fixture_close(&f);
}

static void want_of_capacity_and_of_time(void **state)
{
    (void)state;
    fixture_t f = open_with(10);

    assert_verdict(node_with(&f, "N", "capacity_units=4"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "a", "S", "N", 5, ATP_RESERVE_ALL_OR_NOTHING), ATP_NODE_AT_CAPACITY);
    assert_demand(&f, "N", "web", 1, 5);
    const atp_command_line_t line = line_of("S", "N", 2);
    const atp_attribute_t soon = {.key = ATP_KEY_READY_BY, .line = ATP_WHOLE_OP, .number = f.now_ms + 1};
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("b"),
                                                  .channel = ATP_TEXT("web"),
                                                  .line_count = 1,
                                                  .lines = &line,
                                                  .attribute_count = 1,
                                                  .attributes = &soon}),
                   ATP_NOT_READY_IN_TIME);
    assert_demand(&f, "N", "web", 2, 7);
    fixture_close(&f);
}

static void want_of_supply_by_a_date(void **state)
{
    (void)state;
    fixture_t f = open_with(0);
    const atp_command_line_t line = line_of("S", "N", 3);
    const atp_attribute_t by = {
        .key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = f.now_ms + ATP_DAY_MS};

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("a"),
                                                  .line_count = 1,
                                                  .lines = &line,
                                                  .attribute_count = 1,
                                                  .attributes = &by}),
                   ATP_NOT_ENOUGH_AVAILABLE);
    assert_demand(&f, "N", "", 1, 3);
    fixture_close(&f);
}

static void places_that_do_not_sell_now(void **state)
{
    (void)state;
    fixture_t f = open_with(10);
    const atp_command_line_t limit = line_of("S", "N", 0);

    assert_verdict(put_node(&f, "N", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_verdict(reserve(&f, "a", "S", "N", 2), ATP_NODE_NOT_OPEN);
    assert_demand(&f, "N", "", 1, 2);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &limit}, "for_sale=no"),
        ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 3), ATP_NOT_FOR_SALE);
    assert_demand(&f, "N", "", 2, 5);
    fixture_close(&f);
}

static void a_split_that_is_not_allowed(void **state)
{
    (void)state;
    fixture_t f = open_with(3);

    stock(&f, "S", "M", 3);
    assert_verdict(reserve_with(&f, "a", "S", "", 5, ATP_RESERVE_ALL_OR_NOTHING, "split=no"),
                   ATP_SPLIT_NOT_ALLOWED);
    assert_demand(&f, "", "", 1, 5);
    fixture_close(&f);
}

static void the_kit_that_was_asked_for_not_its_components(void **state)
{
    (void)state;
    fixture_t f = open_with(3);
    const atp_command_line_t component = line_of("S", "", 2);

    assert_verdict(put_sku(&f, "K", 0), ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_KIT,
                                                  .subject = ATP_TEXT("K"),
                                                  .line_count = 1,
                                                  .lines = &component}),
                   ATP_APPLIED);
    assert_verdict(reserve(&f, "a", "K", "N", 2), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(demand_of(&f, "K", "N", "").refused_qty, 2);
    assert_demand(&f, "N", "", 0, 0);
    fixture_close(&f);
}

static void faulty_requests_and_full_tables_are_no_demand(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_RESERVATIONS_FULL);
    assert_verdict(reserve_with(&f, "c", "S", "N", 9, ATP_RESERVE_PARTIAL, ""), ATP_RESERVATIONS_FULL);
    assert_verdict(reserve(&f, "d", "S", "nowhere", 1), ATP_UNKNOWN_NODE);
    assert_verdict(reserve(&f, "e", "S", "N", 0), ATP_QTY_MUST_BE_POSITIVE);
    assert_int_equal(atp_table_count(&atp_ledger_demand(f.ledger)->records), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(want_of_stock),
        cmocka_unit_test(rules_and_quotas),
        cmocka_unit_test(want_of_capacity_and_of_time),
        cmocka_unit_test(want_of_supply_by_a_date),
        cmocka_unit_test(places_that_do_not_sell_now),
        cmocka_unit_test(a_split_that_is_not_allowed),
        cmocka_unit_test(the_kit_that_was_asked_for_not_its_components),
        cmocka_unit_test(faulty_requests_and_full_tables_are_no_demand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

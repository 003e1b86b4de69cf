/* Explanations: the account adds up, ends in what a reserve is granted, and asking changes nothing. */
#include "tests/engine/ledger/explain/explain_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void every_bucket_is_a_part_and_they_add_up(void **state)
{
    (void)state;
    stock(&f, "S", "N", 10);
    damage(&f, "S", "N", 1);
    fact(&f, ATP_OP_SAFETY, "S", "N", 2);
    reserve(&f, "a", "S", "N", 3);
    reserve(&f, "b", "S", "N", 1);
    step_all(&f, ATP_OP_ALLOCATE, "b");
    explain("S", "N", 0);
    const struct {
        unsigned code;
        atp_qty_t qty;
    } wanted[] = {{ATP_EXPLAIN_CODE_ON_HAND, 10}, {ATP_EXPLAIN_CODE_UNAVAILABLE, 1},
                  {ATP_EXPLAIN_CODE_RESERVED, 3}, {ATP_EXPLAIN_CODE_ALLOCATED, 1},
                  {ATP_EXPLAIN_CODE_SAFETY, 2},   {ATP_EXPLAIN_CODE_ATP, 3},
                  {ATP_EXPLAIN_CODE_FREE, 3}};
    assert_int_equal(room.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(parts[i].code, wanted[i].code);
        assert_int_equal(parts[i].qty, wanted[i].qty);
    }
    assert_it_adds_up();
}

static void the_part_that_decided_is_named(void **state)
{
    (void)state;
    stock(&f, "S", "N", 10);
    reserve(&f, "a", "S", "N", 3);
    fact(&f, ATP_OP_SAFETY, "S", "N", 2);
    explain("S", "N", 4);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ENOUGH)->qty, 1);
    assert_null(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH));
    explain("S", "N", 6);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "safety");
    explain("S", "N", 8);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "reserved");
    explain("S", "N", 11);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "on_hand");
    put_node(&f, "N", ATP_NODE_PAUSED);
    explain("S", "N", 1);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "node_not_open");
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NODE_NOT_OPEN)->detail.bytes, "paused");
}

static void a_sku_is_explained_node_by_node_and_a_short_one_counts_as_nothing(void **state)
{
    (void)state;
    stock(&f, "S", "A", 4);
    stock(&f, "S", "B", 6);
    stock(&f, "S", "C", 5);
    put_node(&f, "C", ATP_NODE_DRAINING);
    put_node(&f, "D", ATP_NODE_OPEN);
    reserve(&f, "a", "S", "A", 4);
    fact(&f, ATP_OP_COUNT, "S", "A", 1);
    explain("S", NULL, 7);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ALL_NODES)->qty, 6);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_BELOW_ZERO)->qty, 3);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
}

/* Also where nothing is held back for it. */
static void that_counts_are_stale_is_told_of_each_such_node(void **state)
{
    const atp_command_t source = {.kind = ATP_OP_REGISTER_SOURCE, .subject = ATP_TEXT("wms")};

    (void)state;
    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 4);
    assert_verdict(put_channel_with(&f, "stop", "on_stale=stop"), ATP_APPLIED);
    assert_verdict(do_with(&f, source, "claim=on_hand node=A sla_ms=1000"), ATP_APPLIED);
    explain("S", NULL, 1);
    assert_null(part_of(ATP_EXPLAIN_CODE_STALE));
    f.now_ms += 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    explain("S", NULL, 1);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_STALE)->qty, 0);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_STALE)->node.bytes, "A");
    assert_it_adds_up();
    explain("S", "B", 1);
    assert_null(part_of(ATP_EXPLAIN_CODE_STALE));
    explain_for("stop", "S", NULL, 1);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_STALE)->qty, 10);
    assert_it_adds_up();
}

static void where_nothing_ever_was_there_is_nothing(void **state)
{
    (void)state;
    put_sku(&f, "S", 3);
    put_node(&f, "N", ATP_NODE_OPEN);
    explain("S", "N", 1);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 0);
    assert_int_equal(parts[0].scale, 3);
    explain("S", NULL, 0);
    assert_int_equal(room.count, 1);
    assert_int_equal(parts[0].code, ATP_EXPLAIN_CODE_ALL_NODES);
}

static void what_is_due_is_left_for_an_op_to_settle(void **state)
{
    (void)state;
    stock(&f, "S", "N", 5);
    reserve_for(&f, "a", "S", "N", 5, 100);
    f.now_ms += 100;
    explain("S", "N", 1);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 0);
    settle(&f, "S", "N");
    explain("S", "N", 1);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 5);
}

static void parts_beyond_the_room_are_left_out_and_told(void **state)
{
    atp_ledger_explain_ask_t ask = {.channel = ATP_EXPLAIN_NO_CHANNEL, .line = 3, .qty = 1};

    (void)state;
    stock(&f, "S", "N", 5);
    ask.sku = sku_number("S");
    ask.node = node_number("N");
    room = (atp_explain_room_t){.parts = parts, .capacity = 2};
    atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
    assert_int_equal(room.count, 2);
    assert_true(room.is_cut);
}

/* What it says is free is granted, and one more is refused: at any time. */
static void what_is_told_is_what_a_reserve_is_granted(void **state)
{
    const char *nodes[] = {"A", "B", "C"};
    char id[32];

    (void)state;
    srandom(7);
    for (int i = 0; i < 3; i++) {
        stock(&f, "S", nodes[i], 20);
    }
    for (int i = 0; i < 300; i++) {
        const char *node = nodes[random() % 3];
        switch (random() % 6) {
        case 0:
            fact(&f, ATP_OP_COUNT, "S", node, random() % 30);
            break;
        case 1:
            fact(&f, ATP_OP_SAFETY, "S", node, random() % 4);
            break;
        case 2:
            put_node(&f, node, random() % 4 == 0 ? ATP_NODE_PAUSED : ATP_NODE_OPEN);
            break;
        default:
            snprintf(id, sizeof id, "r-%d", i);
            reserve_for(&f, id, "S", node, 1 + random() % 5, 1 + random() % 50);
        }
        f.now_ms += random() % 20;
        settle(&f, "S", node);
        explain("S", node, 1);
        assert_it_adds_up();
        atp_qty_t free = part_of(ATP_EXPLAIN_CODE_FREE)->qty;
        snprintf(id, sizeof id, "more-%d", i);
        assert_false(atp_verdict_is_success(reserve(&f, id, "S", node, free + 1).verdict));
        if (free > 0 && random() % 2 == 0) {
            snprintf(id, sizeof id, "all-%d", i);
            assert_verdict(reserve_for(&f, id, "S", node, free, 1 + random() % 50), ATP_APPLIED);
        }
    }
}

/* ---- rules ---- */

static void each_rule_of_a_channel_is_a_part(void **state)
{
    (void)state;
    stock(&f, "S", "A", 20);
    stock(&f, "S", "B", 10);
    put_group(&f, "g", "A");
    put_channel_with(&f, "web", "ship_group=g");
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=3"), ATP_APPLIED);
    assert_verdict(rule(&f, "t", "channel=web threshold=2"), ATP_APPLIED);
    explain_for("web", "S", NULL, 16);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 20); /* B is not in its group */
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_BUFFER)->qty, 3);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_THRESHOLD)->qty, 2);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 15);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "threshold");
    assert_verdict(rule(&f, "c", "channel=web cap=5"), ATP_APPLIED);
    explain_for("web", "S", NULL, 6);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "cap");
    assert_verdict(rule(&f, "x", "channel=web sku=S excluded=yes"), ATP_APPLIED);
    explain_for("web", "S", NULL, 1);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "excluded");
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 0);
    assert_it_adds_up();
}

static void quotas_and_guarantees_of_others_are_parts(void **state)
{
    (void)state;
    stock(&f, "S", "A", 20);
    put_channel_with(&f, "web", "");
    put_channel_with(&f, "market", "");
    assert_verdict(quota(&f, "all", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "w", "parent=all channel=web amount=15"), ATP_APPLIED);
    assert_verdict(quota(&f, "m", "parent=all channel=market guaranteed=4"), ATP_APPLIED);
    explain_for("web", "S", NULL, 16); /* 16 are left of stock, 15 of its quota */
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_GUARANTEED)->qty, 4);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_QUOTA)->qty, 1);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 15);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "quota");
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    assert_verdict(sell(&f, "market", "m-1", "S", "", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    explain_for("web", "S", NULL, 15); /* the guarantee is used: nothing more is kept back */
    assert_it_adds_up();
    assert_null(part_of(ATP_EXPLAIN_CODE_GUARANTEED));
    assert_null(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH));
    assert_verdict(sell(&f, "web", "w-1", "S", "", 16, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "web", "w-2", "S", "", 15, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
}

static void capacity_kits_and_room_beyond_stock_have_parts_of_their_own(void **state)
{
    const atp_command_line_t node = line_of("", "N", 0);
    const atp_command_line_t limit = line_of("S", "N", 4);
    const atp_command_line_t recipe[] = {line_of("S", "", 2), line_of("T", "", 1)};

    (void)state;
    stock(&f, "S", "N", 9);
    stock(&f, "T", "N", 3);
    stock(&f, "K", "N", 1);
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 2, .lines = recipe}),
        ATP_APPLIED);
    explain("K", "N", 5);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ASSEMBLABLE)->qty, 3);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 4);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &limit}),
                   ATP_APPLIED);
    reserve(&f, "all", "S", "N", 10);
    explain("S", "N", 4);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_BEYOND_STOCK)->qty, 3);
    step_all(&f, ATP_OP_RELEASE, "all");
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &node},
                           "capacity_units=6"),
                   ATP_APPLIED);
    explain("S", "N", 8);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 6);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_CAPACITY)->detail.bytes, "node_at_capacity");
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "capacity");
    f.now_ms += INT64_C(86400000) * 2; /* its day has passed, and nobody has looked yet */
    explain("S", "N", 1);
    assert_it_adds_up();
}

/* A channel is told what a reserve through it is granted, whatever its rules. */
static void what_a_channel_is_told_is_what_it_is_granted(void **state)
{
    const char *nodes[] = {"A", "B", "C"};
    char words[96];
    char id[32];

    (void)state;
    srandom(11);
    for (int i = 0; i < 3; i++) {
        stock(&f, "S", nodes[i], 20);
    }
    put_channel_with(&f, "web", "");
    put_channel_with(&f, "pos", "");
    for (int i = 0; i < 150; i++) {
        switch (random() % 8) {
        case 6:
            snprintf(words, sizeof words, "sku=S channel=pos guaranteed=%ld", random() % 9);
            quota(&f, "guarantee", words);
            break;
        case 7:
            snprintf(words, sizeof words, "sku=S channel=web amount=%ld", random() % 40);
            quota(&f, "share", words);
            break;
        case 0:
            snprintf(words, sizeof words, "channel=web sku=S buffer=%ld", random() % 9);
            rule(&f, "b", words);
            break;
        case 1:
            snprintf(words, sizeof words, "channel=web buffer_percent=%ld", random() % 30);
            rule(&f, "p", words);
            break;
        case 2:
            snprintf(words, sizeof words, "channel=web threshold=%ld", random() % 5);
            rule(&f, "t", words);
            break;
        case 3:
            fact(&f, ATP_OP_COUNT, "S", nodes[random() % 3], random() % 40);
            break;
        default:
            snprintf(id, sizeof id, "r-%d", i);
            sell(&f, random() % 2 == 0 ? "web" : "pos", id, "S", "", 1 + random() % 6, ATP_RESERVE_PARTIAL);
        }
        explain_for("web", "S", NULL, 1);
        assert_it_adds_up();
        atp_qty_t left = part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty;
        snprintf(id, sizeof id, "more-%d", i);
        assert_false(atp_verdict_is_success(
            sell(&f, "web", id, "S", "", left + 1, ATP_RESERVE_ALL_OR_NOTHING).verdict));
        if (left > 0 && random() % 8 == 0) {
            snprintf(id, sizeof id, "all-%d", i);
            assert_verdict(sell(&f, "web", id, "S", "", left, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_bucket_is_a_part_and_they_add_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_part_that_decided_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_sku_is_explained_node_by_node_and_a_short_one_counts_as_nothing,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(that_counts_are_stale_is_told_of_each_such_node, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_nothing_ever_was_there_is_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_due_is_left_for_an_op_to_settle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(parts_beyond_the_room_are_left_out_and_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_told_is_what_a_reserve_is_granted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_rule_of_a_channel_is_a_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quotas_and_guarantees_of_others_are_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(capacity_kits_and_room_beyond_stock_have_parts_of_their_own, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_a_channel_is_told_is_what_it_is_granted, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

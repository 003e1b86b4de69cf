/* Explanations of reserves: through a channel with rules, of kits, beyond stock, of several lines. */
#include "tests/engine/ledger/explain/explain_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- beyond stock, and kits, through a channel ---- */

/* Explains; then asks for all that is left, and for one more: that is what the rule decides by, too. Nothing stays. */
static void explain_and_try(const char *channel, const char *sku, const char *node, atp_qty_t expected)
{
    static unsigned tries;
    char id[16];

    explain_for(channel, sku, node, expected + 1);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, expected);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    snprintf(id, sizeof id, "t%u", tries++);
    assert_false(atp_verdict_is_success(
        sell(&f, channel, id, sku, node != NULL ? node : "", expected + 1, ATP_RESERVE_ALL_OR_NOTHING)
            .verdict));
    snprintf(id, sizeof id, "t%u", tries++);
    if (expected > 0) {
        assert_verdict(
            sell(&f, channel, id, sku, node != NULL ? node : "", expected, ATP_RESERVE_ALL_OR_NOTHING),
            ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
    }
}

static bool is_decided_by(const char *name)
{
    return strcmp(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, name) == 0;
}

static void limit_to(const char *sku, const char *node, atp_qty_t qty)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}),
                   ATP_APPLIED);
}

static void recipe_of(const char *kit, const char *a, atp_qty_t of_a, const char *b, atp_qty_t of_b)
{
    const atp_command_line_t lines[] = {line_of(a, "", of_a), line_of(b, "", of_b)};

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_KIT,
                                                  .subject = atp_text_of(kit),
                                                  .line_count = 2,
                                                  .lines = lines}),
                   ATP_APPLIED);
}

/* Rules of the channel take off what is there, not what may be promised beyond it; found by model.everything. */
static void what_may_be_promised_beyond_stock_counts_through_a_channel(void **state)
{
    (void)state;
    stock(&f, "S", "N", 5);
    stock(&f, "S", "M", 3);
    put_channel_with(&f, "web", "");
    limit_to("S", "N", 4);
    assert_verdict(rule(&f, "t", "channel=web threshold=3"), ATP_APPLIED);
    explain_and_try("web", "S", "N", 9); /* the 3 are those at M */
    explain_and_try("web", "S", NULL, 9);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_THRESHOLD)->qty, 3);
    assert_verdict(rule(&f, "t", "channel=web threshold=20"), ATP_APPLIED);
    explain_and_try("web", "S", "N", 4);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_THRESHOLD)->qty, 5);
    assert_true(is_decided_by("threshold"));
    assert_verdict(quota(&f, "q", "sku=S channel=web amount=2"), ATP_APPLIED);
    explain_and_try("web", "S", "N", 2);
    assert_true(is_decided_by("quota"));
}

static void what_a_channel_does_not_sell_it_has_none_of(void **state)
{
    (void)state;
    stock(&f, "S", "N", 5);
    stock(&f, "S", "M", 3);
    put_group(&f, "g", "M");
    put_channel_with(&f, "web", "");
    limit_to("S", "N", 4);
    assert_verdict(rule(&f, "no-s", "channel=web sku=S excluded=yes"), ATP_APPLIED);
    explain_and_try("web", "S", "N", 0);
    assert_true(is_decided_by("excluded"));
    assert_memory_equal(part_of(ATP_EXPLAIN_CODE_EXCLUDED)->detail.bytes, "no-s", 4);
    explain_and_try("web", "S", NULL, 0);
    assert_verdict(rule(&f, "no-s", "dropped=yes"), ATP_APPLIED);
    put_channel_with(&f, "web", "ship_group=g");
    explain_and_try("web", "S", "N", 0);
    assert_true(is_decided_by("not_seen"));
    explain_and_try("web", "S", NULL, 3);
}

static void what_may_wait_in_all_is_shared_by_the_nodes(void **state)
{
    (void)state;
    stock(&f, "S", "N", 1);
    stock(&f, "S", "M", 2);
    put_channel_with(&f, "web", "");
    limit_to("S", "N", 4);
    limit_to("S", "M", 4);
    limit_to("S", "", 5);
    explain_and_try("web", "S", NULL, 8);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_BEYOND_CAP)->qty, 3);
    assert_true(is_decided_by("beyond_cap"));
    assert_verdict(rule(&f, "b", "channel=web buffer=1"), ATP_APPLIED);
    explain_and_try("web", "S", NULL, 7);
}

static void the_rules_for_a_component_are_parts_of_its_kit(void **state)
{
    (void)state;
    stock(&f, "A", "N", 12);
    stock(&f, "A", "M", 12);
    stock(&f, "B", "N", 9);
    stock(&f, "B", "M", 9);
    stock(&f, "K", "N", 2);
    put_channel_with(&f, "web", "");
    recipe_of("K", "A", 2, "B", 1);
    explain_and_try("web", "K", NULL, 14);
    assert_verdict(rule(&f, "a", "channel=web sku=A threshold=15"), ATP_APPLIED);
    explain_and_try("web", "K", NULL, 6); /* 9 of A are left: 4 kits, and 2 as such */
    assert_true(is_decided_by("component"));
    assert_memory_equal(part_of(ATP_EXPLAIN_CODE_COMPONENT)->detail.bytes, "A", 1);
    explain_and_try("web", "K", "N", 6);
    assert_verdict(rule(&f, "k", "channel=web sku=K buffer=1"), ATP_APPLIED);
    explain_and_try("web", "K", NULL, 5);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_BUFFER)->qty, 1);
    assert_verdict(rule(&f, "no-b", "channel=web sku=B excluded=yes"), ATP_APPLIED);
    explain_and_try("web", "K", NULL, 1);
    assert_memory_equal(part_of(ATP_EXPLAIN_CODE_COMPONENT_EXCLUDED)->detail.bytes, "B", 1);
    assert_verdict(rule(&f, "no-k", "channel=web sku=K excluded=yes"), ATP_APPLIED);
    explain_and_try("web", "K", NULL, 0);
    assert_memory_equal(part_of(ATP_EXPLAIN_CODE_EXCLUDED)->detail.bytes, "no-k", 4);
}

/* Each node could give the one that the rules leave of the kit itself; what was picked at the second was gone, and the kits that a
 * third can put together were not looked at. Found by model.everything. */
static void nodes_share_what_the_rules_leave_of_a_kit(void **state)
{
    (void)state;
    stock(&f, "K", "L", 9);
    stock(&f, "K", "M", 2);
    stock(&f, "A", "N", 8);
    stock(&f, "B", "N", 2);
    put_channel_with(&f, "web", "");
    recipe_of("K", "A", 2, "B", 1);
    assert_verdict(rule(&f, "k", "channel=web sku=K threshold=10"), ATP_APPLIED);
    explain_and_try("web", "K", NULL, 3);
}

static void kits_that_a_node_cannot_make_ready_are_a_part(void **state)
{
    const atp_command_line_t node = line_of("", "N", 0);

    (void)state;
    stock(&f, "A", "N", 12);
    stock(&f, "B", "N", 9);
    stock(&f, "K", "N", 1);
    put_channel_with(&f, "web", "");
    recipe_of("K", "A", 2, "B", 1);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &node},
                           "capacity_units=8"),
                   ATP_APPLIED);
    explain_and_try("web", "K", "N", 3); /* one as such, and two of three units */
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ASSEMBLABLE)->qty, 6);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CAPACITY)->qty, 4);
    assert_true(is_decided_by("capacity"));
    explain_and_try("web", "K", NULL, 3);
}

/* ---- the reserve itself ---- */

static const atp_explanation_t *last_part(void)
{
    assert_true(room.count > 0);
    return &parts[room.count - 1];
}

static void what_is_refused_though_there_is_enough_is_said(void **state)
{
    (void)state;
    const atp_command_line_t line = line_of("S", "", 5);
    atp_result_t fault;

    stock(&f, "S", "N", 3);
    stock(&f, "S", "M", 3);
    put_channel_with(&f, "web", "split=no");
    assert_verdict(
        (atp_result_t){.verdict = (uint8_t)fixture_encode(&f,
                                                          (atp_command_t){.kind = ATP_OP_RESERVE,
                                                                          .id = ATP_TEXT("asked"),
                                                                          .issued_ms = f.now_ms,
                                                                          .channel = ATP_TEXT("web"),
                                                                          .line_count = 1,
                                                                          .lines = &line},
                                                          &fault)},
        ATP_APPLIED);
    const atp_ledger_explain_ask_t ask = {.sku = sku_number("S"),
                                          .node = ATP_EXPLAIN_ALL_NODES,
                                          .channel = channel_number("web"),
                                          .line = 3,
                                          .qty = 5,
                                          .reserve = f.record,
                                          .grants = f.grants};
    room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
    atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 6);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_GRANTED)->detail.bytes, "split_not_allowed");
}

static void what_is_picked_up_goes_by_the_group_for_that(void **state)
{
    (void)state;
    const atp_command_line_t line = line_of("S", "N", 2);
    const atp_attribute_t pickup = {.key = ATP_KEY_METHOD, .line = ATP_WHOLE_OP, .number = ATP_METHOD_PICKUP};
    atp_result_t fault;

    stock(&f, "S", "N", 3);
    stock(&f, "S", "M", 4);
    put_group(&f, "counter", "M");
    put_channel_with(&f, "web", "pickup_group=counter");
    assert_verdict(
        (atp_result_t){.verdict = (uint8_t)fixture_encode(&f,
                                                          (atp_command_t){.kind = ATP_OP_RESERVE,
                                                                          .id = ATP_TEXT("asked"),
                                                                          .issued_ms = f.now_ms,
                                                                          .channel = ATP_TEXT("web"),
                                                                          .line_count = 1,
                                                                          .lines = &line,
                                                                          .attribute_count = 1,
                                                                          .attributes = &pickup},
                                                          &fault)},
        ATP_APPLIED);
    atp_ledger_explain_ask_t ask = {.sku = sku_number("S"),
                                    .node = node_number("N"),
                                    .channel = channel_number("web"),
                                    .line = 3,
                                    .qty = 2,
                                    .reserve = f.record,
                                    .grants = f.grants};
    room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
    atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
    assert_it_adds_up();
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_SEEN)->qty, 3);
    assert_memory_equal(part_of(ATP_EXPLAIN_CODE_NOT_SEEN)->detail.bytes, "counter", 7);
    assert_true(is_decided_by("not_seen"));
    ask.node = ATP_EXPLAIN_ALL_NODES; /* how it is asked for counts, not how many there */
    ask.qty = 0;
    room.count = 0;
    atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 4);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_CHANNEL_LEFT);
    explain_and_try("web", "S", "N", 3); /* shipped */
}

/* ---- a reserve of several lines ---- */

#define LINES_MAX 4

/* The reserve of the first `count` lines, encoded. The caller frees it. */
static atp_op_t *op_of(uint32_t count, const atp_command_line_t *lines, bool is_whole)
{
    atp_result_t fault;
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .option = is_whole ? ATP_RESERVE_ALL_OR_NOTHING : ATP_RESERVE_PARTIAL,
                             .id = ATP_TEXT("asked"),
                             .issued_ms = f.now_ms,
                             .channel = ATP_TEXT("web"),
                             .line_count = count,
                             .lines = lines};

    assert_verdict((atp_result_t){.verdict = (uint8_t)fixture_encode(&f, command, &fault)}, ATP_APPLIED);
    atp_op_t *op = malloc(((const atp_op_t *)f.record)->size);
    assert_non_null(op);
    return memcpy(op, f.record, ((const atp_op_t *)f.record)->size);
}

static void explain_reserve(uint32_t count, const atp_command_line_t *lines)
{
    atp_ledger_explain_ask_t asks[LINES_MAX];
    atp_op_t *ops[LINES_MAX + 1] = {NULL};
    uint64_t hash = atp_ledger_hash(f.ledger);

    for (uint32_t i = 0; i < count; i++) {
        char sku[65];
        snprintf(sku, sizeof sku, "%.*s", (int)lines[i].sku.size, lines[i].sku.bytes);
        asks[i] = (atp_ledger_explain_ask_t){.sku = sku_number(sku),
                                             .node = ATP_EXPLAIN_ALL_NODES,
                                             .channel = channel_number("web"),
                                             .line = (uint16_t)i,
                                             .qty = lines[i].mantissa};
        ops[i + 1] = op_of(i + 1, lines, i + 1 == count);
    }
    const atp_ledger_explain_reserve_t reserve = {.lines = asks,
                                                  .count = count,
                                                  .whole = ops[count],
                                                  .before = (const atp_op_t *const *)ops,
                                                  .grants = f.grants};
    room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
    atp_ledger_explain_reserve(f.ledger, &reserve, f.now_ms, &room);
    assert_true(atp_ledger_hash(f.ledger) == hash);
    for (uint32_t i = 1; i <= count; i++) {
        free(ops[i]);
    }
}

/* The part of that line and code; NULL if there is none. */
static const atp_explanation_t *part_of_line(unsigned line, unsigned code)
{
    for (uint32_t i = 0; i < room.count; i++) {
        if (parts[i].line == line && parts[i].code == code) {
            return &parts[i];
        }
    }
    return NULL;
}

static void lines_of_one_reserve_count_what_those_before_them_take(void **state)
{
    (void)state;
    stock(&f, "S", "N", 4);
    stock(&f, "S", "M", 3);
    stock(&f, "T", "N", 2);
    put_channel(&f, "web", 0);
    const atp_command_line_t lines[] = {line_of("S", "", 5), line_of("T", "", 1), line_of("S", "", 3)};

    explain_reserve(3, lines);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 7);
    assert_null(part_of_line(0, ATP_EXPLAIN_CODE_TAKEN_BEFORE));
    assert_null(part_of_line(1, ATP_EXPLAIN_CODE_TAKEN_BEFORE));
    assert_non_null(part_of_line(2, ATP_EXPLAIN_CODE_TAKEN_BEFORE));
    assert_int_equal(part_of_line(2, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 2);
    assert_int_equal(part_of_line(2, ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_REFUSED);
    assert_int_equal(last_part()->line, 2);
    assert_memory_equal(last_part()->detail.bytes, "not_enough_available", 20);
    explain_reserve(2, lines);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_GRANTED);
}

static void a_rule_of_the_channel_and_the_lines_before_are_told_apart(void **state)
{
    (void)state;
    stock(&f, "S", "N", 10);
    put_channel(&f, "web", 0);
    rule(&f, "b", "channel=web sku=S buffer=2");
    quota(&f, "q", "sku=S channel=web amount=6");
    const atp_command_line_t lines[] = {line_of("S", "", 4), line_of("S", "", 3)};

    explain_reserve(2, lines);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_TAKEN_BEFORE)->qty, 4);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_BUFFER)->qty, 2);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_QUOTA)->qty, 2); /* 10 - 4 - 2, and 2 left of 6 */
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 2);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_REFUSED);
    assert_int_equal(last_part()->line, 1);
}

static void lines_of_one_sku_share_what_one_reservation_may_have(void **state)
{
    (void)state;
    stock(&f, "S", "N", 10);
    put_channel(&f, "web", 0);
    rule(&f, "c", "channel=web sku=S cap=6");
    const atp_command_line_t lines[] = {line_of("S", "", 4), line_of("S", "", 3)};

    explain_reserve(2, lines);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 6);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_CAP)->qty, 4); /* 6 are left, and 2 of 6 */
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 2);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_REFUSED);
    assert_memory_equal(last_part()->detail.bytes, "above_cap", 9);
}

static void a_kit_and_its_component_share_what_there_is(void **state)
{
    (void)state;
    stock(&f, "A", "N", 7);
    stock(&f, "B", "N", 5);
    put_sku(&f, "K", 0);
    put_channel(&f, "web", 0);
    recipe_of("K", "A", 2, "B", 1);
    rule(&f, "a", "channel=web sku=A buffer=1");
    const atp_command_line_t lines[] = {line_of("K", "", 2), line_of("A", "", 3), line_of("K", "", 1)};

    explain_reserve(3, lines);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 3);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_TAKEN_BEFORE)->qty, 4);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 2);
    assert_int_equal(part_of_line(2, ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 0);
    assert_int_equal(last_part()->code, ATP_EXPLAIN_CODE_REFUSED);
    assert_int_equal(last_part()->line, 1);
}

static void what_is_said_of_a_whole_reserve_is_what_becomes_of_it(void **state)
{
    (void)state;
    char id[16];

    srandom(7);
    stock(&f, "S", "N", 20);
    stock(&f, "S", "M", 15);
    stock(&f, "T", "N", 12);
    put_channel(&f, "web", 0);
    for (int i = 0; i < 60; i++) {
        atp_command_line_t lines[3];
        for (unsigned line = 0; line < 3; line++) {
            lines[line] = line_of(random() % 3 == 0 ? "T" : "S", "", 1 + random() % 5);
        }
        fact(&f, ATP_OP_COUNT, "S", random() % 2 == 0 ? "N" : "M", random() % 9);
        fact(&f, ATP_OP_COUNT, "T", "N", random() % 9);
        explain_reserve(3, lines);
        snprintf(id, sizeof id, "r%d", i);
        atp_result_t result = fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                             .id = atp_text_of(id),
                                                             .channel = ATP_TEXT("web"),
                                                             .line_count = 3,
                                                             .lines = lines});
        bool is_granted = result.verdict == ATP_APPLIED;
        assert_int_equal(last_part()->code, is_granted ? ATP_EXPLAIN_CODE_GRANTED : ATP_EXPLAIN_CODE_REFUSED);
        assert_int_equal(last_part()->line, is_granted ? 0 : result.line);
        if (is_granted) {
            assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_may_be_promised_beyond_stock_counts_through_a_channel, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_a_channel_does_not_sell_it_has_none_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_may_wait_in_all_is_shared_by_the_nodes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_rules_for_a_component_are_parts_of_its_kit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nodes_share_what_the_rules_leave_of_a_kit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(kits_that_a_node_cannot_make_ready_are_a_part, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_refused_though_there_is_enough_is_said, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_picked_up_goes_by_the_group_for_that, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_of_one_sku_share_what_one_reservation_may_have, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_kit_and_its_component_share_what_there_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_of_one_reserve_count_what_those_before_them_take, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_rule_of_the_channel_and_the_lines_before_are_told_apart, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_said_of_a_whole_reserve_is_what_becomes_of_it, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

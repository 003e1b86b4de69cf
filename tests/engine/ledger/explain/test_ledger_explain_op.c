/* Accounts of reserves, told just before they are applied: what they say is what becomes of them. */
#include "tests/engine/ledger/explain/explain_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

static atp_result_t result;

/* Encodes a reserve, tells of it, and applies it. */
static void tell_and_do(const char *id, atp_reserve_mode_t mode, uint32_t count,
                        const atp_command_line_t *lines, const char *words)
{
    atp_attribute_t attributes[8];
    atp_result_t fault;
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .option = (uint8_t)mode,
                             .id = atp_text_of(id),
                             .issued_ms = f.now_ms,
                             .channel = ATP_TEXT("web"),
                             .line_count = count,
                             .lines = lines,
                             .attribute_count = attributes_of(words, ATP_WHOLE_OP, attributes),
                             .attributes = attributes};

    assert_int_equal(fixture_encode(&f, command, &fault), ATP_APPLIED);
    uint64_t hash = atp_ledger_hash(f.ledger);
    room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
    assert_true(atp_ledger_has_account(f.ledger, (const atp_op_t *)f.record));
    atp_ledger_explain_op(f.ledger, (const atp_op_t *)f.record, f.now_ms, &room);
    assert_true(atp_ledger_hash(f.ledger) == hash);
    result = fixture_apply(&f, f.record);
    fixture_check(&f);
}

static void tell_and_do_one(const char *id, const char *sku, const char *node, atp_qty_t qty,
                            const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    tell_and_do(id, ATP_RESERVE_ALL_OR_NOTHING, 1, &line, words);
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

static unsigned nodes_told(void)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < room.count; i++) {
        count += parts[i].code == ATP_EXPLAIN_CODE_FREE;
    }
    return count;
}

static int set_up_channel(void **state)
{
    (void)set_up(state);
    stock(&f, "S", "N", 4);
    stock(&f, "S", "M", 3);
    stock(&f, "T", "N", 5);
    put_channel_with(&f, "web", "");
    return 0;
}

static void each_line_is_told_after_those_before_it(void **state)
{
    (void)state;
    const atp_command_line_t lines[] = {line_of("S", "", 5), line_of("T", "N", 5), line_of("S", "N", 2)};

    tell_and_do("r", ATP_RESERVE_ALL_OR_NOTHING, 3, lines, "");
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(result.line, 2);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_ENOUGH)->qty, 2);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_ENOUGH)->qty, 0);
    assert_int_equal(part_of_line(2, ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 2);
    assert_int_equal(part_of_line(2, ATP_EXPLAIN_CODE_TAKEN_BEFORE)->qty, 4);
    assert_string_equal(part_of_line(2, ATP_EXPLAIN_CODE_NOT_ENOUGH)->detail.bytes, "taken_before");
    assert_false(room.is_cut);
}

/* Behind a line that is refused the others are told of with what there is for them. */
static void lines_behind_the_one_that_is_refused_are_told_too(void **state)
{
    (void)state;
    const atp_command_line_t lines[] = {line_of("S", "", 9), line_of("T", "N", 5)};

    tell_and_do("r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines, "");
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 2);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_ENOUGH)->qty, 0);
}

static void what_the_replaced_one_gives_back_is_told(void **state)
{
    (void)state;
    tell_and_do_one("old", "S", "N", 3, "");
    assert_verdict(result, ATP_APPLIED);
    tell_and_do_one("too-many", "S", "N", 5, "replaces=old");
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_RESERVED)->qty, 3);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_GIVEN_BACK)->qty, 3);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 4);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    tell_and_do_one("new", "S", "N", 4, "replaces=old");
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ENOUGH)->qty, 0);
}

static void only_nodes_that_the_request_asks_are_told(void **state)
{
    (void)state;
    stock(&f, "S", "L", 9);
    put_group(&f, "east", "N L");
    tell_and_do_one("named", "S", "", 8, "node=N node=M");
    assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(nodes_told(), 2);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ALL_NODES)->qty, 7);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
    tell_and_do_one("group", "S", "", 13, "group=east");
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(nodes_told(), 2);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_ENOUGH)->qty, 0);
    tell_and_do_one("any", "S", "", 3, "");
    assert_int_equal(nodes_told(), 3);
}

static void enough_that_may_not_be_split_is_not_granted(void **state)
{
    (void)state;
    tell_and_do_one("r", "S", "", 5, "split=no");
    assert_verdict(result, ATP_SPLIT_NOT_ALLOWED);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_CHANNEL_LEFT)->qty, 7);
    assert_string_equal(part_of(ATP_EXPLAIN_CODE_NOT_GRANTED)->detail.bytes, "split_not_allowed");
}

static void what_takes_parts_is_told_by_how_much_is_missing(void **state)
{
    (void)state;
    const atp_command_line_t lines[] = {line_of("S", "", 9), line_of("S", "", 1)};

    tell_and_do("r", ATP_RESERVE_PARTIAL, 2, lines, "");
    assert_verdict(result, ATP_APPLIED_IN_PART);
    assert_int_equal(part_of_line(0, ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 2);
    assert_int_equal(part_of_line(1, ATP_EXPLAIN_CODE_NOT_ENOUGH)->qty, 1);
}

/* Sold elsewhere: granted whatever there is, so that nothing decides. */
static void what_was_sold_already_has_figures_and_no_decision(void **state)
{
    (void)state;
    const atp_command_line_t line = line_of("S", "N", 9);

    tell_and_do("r", ATP_RESERVE_TRACK_ONLY, 1, &line, "");
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(part_of(ATP_EXPLAIN_CODE_FREE)->qty, 4);
    assert_null(part_of(ATP_EXPLAIN_CODE_NOT_ENOUGH));
    assert_null(part_of(ATP_EXPLAIN_CODE_ENOUGH));
}

static void an_unknown_sku_or_channel_has_no_account(void **state)
{
    (void)state;
    const atp_command_line_t lines[] = {line_of("S", "", 1), line_of("nothing", "", 1)};

    tell_and_do("r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines, "");
    assert_verdict(result, ATP_UNKNOWN_SKU);
    assert_non_null(part_of_line(0, ATP_EXPLAIN_CODE_ENOUGH));
    assert_null(part_of_line(1, ATP_EXPLAIN_CODE_ON_HAND));
    put_channel_with(&f, "web", "state=paused");
    tell_and_do("p", ATP_RESERVE_ALL_OR_NOTHING, 1, lines, "");
    assert_verdict(result, ATP_CHANNEL_NOT_OPEN);
    assert_int_equal(room.count, 0);
}

static void lines_past_the_sixteenth_and_parts_past_the_room_are_cut(void **state)
{
    (void)state;
    atp_command_line_t lines[ATP_EXPLAIN_LINES_MAX + 1];

    for (unsigned i = 0; i <= ATP_EXPLAIN_LINES_MAX; i++) {
        lines[i] = line_of("T", "N", 1);
    }
    tell_and_do("r", ATP_RESERVE_PARTIAL, ATP_EXPLAIN_LINES_MAX + 1, lines, "");
    assert_true(room.is_cut);
    assert_int_equal(parts[room.count - 1].line, ATP_EXPLAIN_LINES_MAX - 1);
    room = (atp_explain_room_t){.parts = parts, .capacity = 5};
    atp_ledger_explain_op(f.ledger, (const atp_op_t *)f.record, f.now_ms, &room);
    assert_true(room.is_cut);
    assert_int_equal(room.count, 5);
}

static void what_is_answered_by_its_id_has_no_account(void **state)
{
    (void)state;
    tell_and_do_one("r", "S", "N", 3, "");
    assert_false(atp_ledger_has_account(f.ledger, (const atp_op_t *)f.record));
    assert_false(fixture_apply(&f, f.record).is_repeat == 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_channel, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_line_is_told_after_those_before_it),
        TEST(lines_behind_the_one_that_is_refused_are_told_too),
        TEST(what_the_replaced_one_gives_back_is_told),
        TEST(only_nodes_that_the_request_asks_are_told),
        TEST(enough_that_may_not_be_split_is_not_granted),
        TEST(what_takes_parts_is_told_by_how_much_is_missing),
        TEST(what_was_sold_already_has_figures_and_no_decision),
        TEST(an_unknown_sku_or_channel_has_no_account),
        TEST(lines_past_the_sixteenth_and_parts_past_the_room_are_cut),
        TEST(what_is_answered_by_its_id_has_no_account),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

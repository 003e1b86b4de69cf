/* Reserve: what is promised, to whom, and never more than there is. Acceptance A1 to A4, B1, B2, B4, B8, F2, F3. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

static void of_a_thousand_who_want_the_last_one_exactly_one_gets_it(void **state) /* A1 */
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    fixture_t f = fixture_open(&config);
    unsigned granted = 0;

    f.is_unchecked = true;
    stock(&f, "S", "N", 1);
    for (unsigned i = 0; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%u", i);
        atp_result_t result = reserve(&f, id, "S", "N", 1);
        granted += result.verdict == ATP_APPLIED;
        assert_true(result.verdict == ATP_APPLIED || result.verdict == ATP_NOT_ENOUGH_AVAILABLE);
    }
    assert_int_equal(granted, 1);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    fixture_close(&f);
}

static void of_twenty_who_want_one_of_ten_exactly_ten_get_it(void **state) /* A2 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    unsigned granted = 0;

    stock(&f, "S", "N", 10);
    for (unsigned i = 0; i < 20; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%u", i);
        granted += reserve(&f, id, "S", "N", 1).verdict == ATP_APPLIED;
    }
    assert_int_equal(granted, 10);
    fixture_close(&f);
}

static void having_looked_reserves_nothing(void **state) /* A3 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 20);
    assert_int_equal(atp_of(&f, "S", "N"), 20);
    assert_verdict(reserve(&f, "b", "S", "N", 20), ATP_APPLIED);
    assert_refused(reserve(&f, "a", "S", "N", 5), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void what_is_allocated_is_not_available(void **state) /* A4 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "a", "S", "N", 5), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "a"), ATP_APPLIED);
    assert_refused(reserve(&f, "b", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void lines_of_one_request_share_what_there_is(void **state) /* B1 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "N", 3)};

    stock(&f, "S", "N", 5);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    fixture_close(&f);
}

static void lines_of_one_request_add_up(void **state) /* B2 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 10), line_of("S", "N", 5)};

    stock(&f, "S", "N", 50);
    assert_verdict(reserve(&f, "first", "S", "N", 20), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "first"), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_int_equal(f.result.qty, 15);
    assert_int_equal(f.result.line_count, 2);
    assert_int_equal(f.grants[0].qty, 10);
    assert_int_equal(f.grants[1].qty, 5);
    assert_int_equal(atp_of(&f, "S", "N"), 15);
    fixture_close(&f);
}

static void one_line_that_does_not_fit_refuses_all_and_is_named(void **state) /* B4 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("A", "N", 1), line_of("B", "N", 2), line_of("A", "N", 1)};

    stock(&f, "A", "N", 5);
    stock(&f, "B", "N", 1);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 3, lines), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    assert_int_equal(view_of(&f, "A", "N").reserved, 0);
    assert_int_equal(counts_of(&f).reservations_live, 0);
    fixture_close(&f);
}

static void a_partial_request_gets_what_there_is_and_learns_the_rest(void **state) /* B8 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t line = line_of("S", "N", 10);

    stock(&f, "S", "N", 4);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 1, &line), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 4);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    assert_refused(reserve_lines(&f, "r2", ATP_RESERVE_PARTIAL, 1, &line), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    fixture_close(&f);
}

static void partial_lines_may_get_nothing_even_where_there_never_was_a_position(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "N", 3), line_of("S", "M", 3),
                                  line_of("S", "M", 1)};

    stock(&f, "S", "N", 5);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 4, lines), ATP_APPLIED_IN_PART);
    assert_int_equal(f.grants[0].qty, 3);
    assert_int_equal(f.grants[1].qty, 2);
    assert_int_equal(f.grants[2].qty, 0);
    assert_int_equal(f.grants[3].qty, 0);
    assert_int_equal(line_state(&f, "r", 2), ATP_LINE_ACCEPTED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "S", "M", 1), ATP_NOT_THAT_MANY);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 5);
    fixture_close(&f);
}

static void partial_lines_that_find_all_taken_stand_beside_those_that_get_some(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "N", 2), line_of("T", "N", 1)};

    stock(&f, "S", "N", 3);
    stock(&f, "T", "N", 1);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 3, lines), ATP_APPLIED_IN_PART);
    assert_int_equal(f.grants[0].qty, 3);
    assert_int_equal(f.grants[1].qty, 0);
    assert_int_equal(f.grants[2].qty, 1);
    assert_int_equal(line_state(&f, "r", 0), ATP_LINE_RESERVED);
    assert_int_equal(line_state(&f, "r", 1), ATP_LINE_ACCEPTED);
    assert_int_equal(line_state(&f, "r", 2), ATP_LINE_RESERVED);
    fixture_close(&f);
}

static void a_refused_partial_request_makes_no_position(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "M", 3)};

    stock(&f, "S", "N", 0);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 2, lines), ATP_NOT_ENOUGH_AVAILABLE);
    assert_false(has_position(&f, "S", "M"));
    fixture_close(&f);
}

static void where_there_is_no_position_nothing_can_be_promised(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    put_node(&f, "M", ATP_NODE_OPEN);
    assert_refused(reserve(&f, "r", "S", "M", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_false(has_position(&f, "S", "M"));
    fixture_close(&f);
}

static void two_nodes_with_five_each_hand_out_ten(void **state) /* F2 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 5), line_of("S", "M", 5)};

    stock(&f, "S", "N", 5);
    stock(&f, "S", "M", 5);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_int_equal(f.result.qty, 10);
    fixture_close(&f);
}

static void safety_stock_is_not_promised(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 8);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 5), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 4), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve(&f, "r2", "S", "N", 3), ATP_APPLIED);
    fixture_close(&f);
}

static void more_safety_than_stock_only_stops_new_promises(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 5), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 9), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 9), ATP_CONFIRMED);
    assert_int_equal(atp_of(&f, "S", "N"), -9);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    fixture_close(&f);
}

static void damaged_units_are_not_promised(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(damage(&f, "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 4), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve(&f, "r2", "S", "N", 3), ATP_APPLIED);
    fixture_close(&f);
}

static void a_node_that_is_not_open_promises_nothing(void **state)
{
    (void)state;
    static const atp_node_state_t not_open[] = {ATP_NODE_PAUSED, ATP_NODE_DRAINING, ATP_NODE_CLOSED};
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "before", "S", "N", 1), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        put_node(&f, "N", not_open[i]);
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_refused(reserve(&f, id, "S", "N", 1), ATP_NODE_NOT_OPEN, ATP_FIELD_NODE);
    }
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "before"), ATP_APPLIED); /* it ships what it owes */
    put_node(&f, "N", ATP_NODE_OPEN);
    assert_verdict(reserve(&f, "after", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void half_a_unit_is_half_a_unit(void **state) /* F7 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t count = {ATP_TEXT("KG"), ATP_TEXT("N"), 25, 1};
    atp_command_line_t half = {ATP_TEXT("KG"), ATP_TEXT("N"), 5, 1};
    atp_command_line_t fine = {ATP_TEXT("KG"), ATP_TEXT("N"), 25005, 4};

    put_sku(&f, "KG", 3);
    put_node(&f, "N", ATP_NODE_OPEN);
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_COUNT, .line_count = 1, .lines = &count});
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 1, &half), ATP_APPLIED);
    assert_int_equal(f.result.qty, 500);
    assert_int_equal(f.result.scale, 3);
    assert_int_equal(view_of(&f, "KG", "N").reserved, 500);
    assert_refused(reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, 1, &fine), ATP_QTY_TOO_PRECISE,
                   ATP_FIELD_QTY);
    fixture_close(&f);
}

static void lines_of_different_scales_are_granted_each_in_its_own(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t count = line_of("KG", "N", 2);
    atp_command_line_t lines[] = {line_of("PC", "N", 1), {ATP_TEXT("KG"), ATP_TEXT("N"), 15, 1}};

    stock(&f, "PC", "N", 3);
    put_sku(&f, "KG", 2);
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_COUNT, .line_count = 1, .lines = &count});
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_int_equal(f.result.qty, 0); /* pieces and kilograms have no sum */
    assert_int_equal(f.grants[0].qty, 1);
    assert_int_equal(f.grants[0].scale, 0);
    assert_int_equal(f.grants[1].qty, 150);
    assert_int_equal(f.grants[1].scale, 2);
    fixture_close(&f);
}

static void quantities_out_of_range_are_refused_by_line(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("KG", "N", ATP_QTY_MAX)};

    stock(&f, "S", "N", 3);
    put_sku(&f, "KG", 6);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_QTY_OUT_OF_RANGE,
                   ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    fixture_close(&f);
}

static void names_that_do_not_exist_are_refused_by_line(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t no_sku[] = {line_of("S", "N", 1), line_of("T", "N", 1)};
    atp_command_line_t no_node[] = {line_of("S", "N", 1), line_of("S", "M", 1)};
    atp_command_line_t line = line_of("S", "N", 1);

    stock(&f, "S", "N", 3);
    assert_refused(reserve_lines(&f, "1", ATP_RESERVE_ALL_OR_NOTHING, 2, no_sku), ATP_UNKNOWN_SKU,
                   ATP_FIELD_SKU);
    assert_int_equal(f.result.line, 1);
    assert_refused(reserve_lines(&f, "2", ATP_RESERVE_ALL_OR_NOTHING, 2, no_node), ATP_UNKNOWN_NODE,
                   ATP_FIELD_NODE);
    assert_int_equal(f.result.line, 1);
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("3"),
                                                  .channel = ATP_TEXT("nowhere"),
                                                  .line_count = 1,
                                                  .lines = &line}),
                   ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL);
    fixture_close(&f);
}

static void ids_are_told_apart_by_case_and_blanks(void **state) /* C12 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "sku", "N", 1);
    stock(&f, "SKU", "N", 2);
    stock(&f, " sku", "N", 3);
    assert_int_equal(view_of(&f, "sku", "N").on_hand, 1);
    assert_int_equal(view_of(&f, "SKU", "N").on_hand, 2);
    assert_int_equal(view_of(&f, " sku", "N").on_hand, 3);
    assert_verdict(reserve(&f, "r", "SKU ", "N", 1), ATP_UNKNOWN_SKU);
    assert_verdict(reserve(&f, "r1", "SKU", "N", 2), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r1", "sku", "N", 1), ATP_UNKNOWN_LINE);
    fixture_close(&f);
}

static void the_time_to_live_is_the_requests_else_the_channels_else_the_default(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_ledger_config_t *config = atp_ledger_config(f.ledger);
    atp_command_line_t line = line_of("S", "N", 1);
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("1"),
                             .channel = ATP_TEXT("web"),
                             .line_count = 1,
                             .lines = &line};

    stock(&f, "S", "N", 9);
    put_channel(&f, "web", 7000);
    assert_int_equal(fixture_do(&f, command).deadline_ms, f.now_ms + 7000);
    command.id = ATP_TEXT("2");
    command.ttl_ms = 1;
    assert_int_equal(fixture_do(&f, command).deadline_ms, f.now_ms + 1);
    assert_int_equal(reserve(&f, "3", "S", "N", 1).deadline_ms, f.now_ms + config->ttl_default_ms);
    assert_refused(reserve_for(&f, "4", "S", "N", 1, config->ttl_max_ms + 1), ATP_TTL_OUT_OF_RANGE,
                   ATP_FIELD_TTL);
    assert_verdict(reserve_for(&f, "5", "S", "N", 1, config->ttl_max_ms), ATP_APPLIED);
    assert_refused(put_channel(&f, "web", config->ttl_max_ms + 1), ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL);
    put_channel(&f, "default", 5000); /* the channel of requests that name none */
    assert_int_equal(reserve(&f, "6", "S", "N", 1).deadline_ms, f.now_ms + 5000);
    fixture_close(&f);
}

static void names_the_catalogue_does_not_know_at_encoding_are_looked_up_at_apply(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    fixture_t g = fixture_open(NULL);
    atp_command_line_t line = line_of("S", "N", 2);
    atp_result_t fault;

    put_channel(&f, "web", 9000);
    stock(&f, "S", "N", 2);
    /* encoded against another ledger, which knows none of the names */
    assert_int_equal(fixture_encode(&g,
                                    (atp_command_t){.kind = ATP_OP_RESERVE,
                                                    .id = ATP_TEXT("r"),
                                                    .issued_ms = g.now_ms,
                                                    .channel = ATP_TEXT("web"),
                                                    .owner = ATP_TEXT("someone"),
                                                    .line_count = 1,
                                                    .lines = &line},
                                    &fault),
                     ATP_APPLIED);
    atp_op_t *op = g.record;
    assert_int_equal(atp_op_lines(op)->flags, ATP_LINE_SKU_NAMED | ATP_LINE_NODE_NAMED);
    assert_true(op->flags & ATP_OP_CHANNEL_NAMED);
    op->client = ATP_CLIENT_ENGINE;
    assert_verdict(fixture_apply(&f, op), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, f.now_ms + 9000);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    fixture_close(&g);
    fixture_close(&f);
}

static void a_thousand_and_twenty_four_lines_fit_in_one_request(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    static atp_command_line_t lines[ATP_LINES_PER_OP_MAX + 1];

    stock(&f, "S", "N", ATP_LINES_PER_OP_MAX);
    for (unsigned i = 0; i <= ATP_LINES_PER_OP_MAX; i++) {
        lines[i] = line_of("S", "N", 1);
    }
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, ATP_LINES_PER_OP_MAX + 1, lines),
                   ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_verdict(reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, ATP_LINES_PER_OP_MAX, lines),
                   ATP_APPLIED);
    assert_int_equal(f.result.qty, ATP_LINES_PER_OP_MAX);
    assert_int_equal(f.result.line_count, ATP_LINES_PER_OP_MAX);
    assert_int_equal(atp_of(&f, "S", "N"), 0);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r2"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r2"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 0);
    fixture_close(&f);
}

static void changed_rows_are_noted_and_an_overflow_is_said(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    uint32_t rows[2] = {99, 99};
    atp_row_changes_t changes = {rows, 2, 0, false};
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("T", "N", 1), line_of("U", "N", 1)};

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    stock(&f, "U", "N", 5);
    atp_ledger_note_changes(f.ledger, &changes);
    reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    assert_int_equal(changes.count, 2);
    assert_int_equal(rows[0], 0);
    assert_int_equal(rows[1], 1);
    assert_false(changes.is_overflown);
    reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, 3, lines);
    assert_int_equal(changes.count, 2);
    assert_true(changes.is_overflown);
    atp_ledger_note_changes(f.ledger, NULL);
    fixture_close(&f);
}

/* With the line, whether it is that line's own; and so is the refusal when it is asked for again. */
static void a_refusal_at_an_attribute_says_which(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t lines[] = {line_of("S", "", 1), line_of("S", "", 1)};
    const atp_attribute_t of_op = {
        .key = ATP_KEY_REPLACES, .line = ATP_WHOLE_OP, .text = ATP_TEXT("nothing")};
    const atp_attribute_t of_line = {.key = ATP_KEY_GROUP, .line = 1, .text = ATP_TEXT("nowhere")};
    const atp_attribute_t bad = {.key = ATP_KEY_STRATEGY, .line = ATP_WHOLE_OP, .number = 99};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("a"),
                             .line_count = 2,
                             .lines = lines,
                             .attribute_count = 1,
                             .attributes = &of_op};

    stock(&f, "S", "N", 5);
    for (unsigned again = 0; again < 2; again++) {
        command.id = ATP_TEXT("a");
        command.attributes = &of_op;
        assert_refused(fixture_do(&f, command), ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE);
        assert_int_equal(f.result.is_repeat, again);
        assert_true(f.result.key == ATP_KEY_REPLACES && !f.result.is_of_line);
        assert_true(f.result.line == 0 && f.result.qty == 0);
        command.id = ATP_TEXT("b");
        command.attributes = &of_line;
        assert_refused(fixture_do(&f, command), ATP_UNKNOWN_GROUP, ATP_FIELD_ATTRIBUTE);
        assert_int_equal(f.result.is_repeat, again);
        assert_true(f.result.key == ATP_KEY_GROUP && f.result.is_of_line && f.result.line == 1);
    }
    command.attributes = &bad;
    assert_refused(fixture_do(&f, command), ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(f.result.key, ATP_KEY_STRATEGY);
    command.id = ATP_TEXT("c");
    command.attribute_count = 0;
    const atp_command_line_t many = line_of("S", "N", 9);
    command.line_count = 1;
    command.lines = &many;
    assert_refused(fixture_do(&f, command), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(f.result.key, ATP_KEY_NONE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_thousand_who_want_the_last_one_exactly_one_gets_it),
        cmocka_unit_test(of_twenty_who_want_one_of_ten_exactly_ten_get_it),
        cmocka_unit_test(a_refusal_at_an_attribute_says_which),
        cmocka_unit_test(having_looked_reserves_nothing),
        cmocka_unit_test(what_is_allocated_is_not_available),
        cmocka_unit_test(lines_of_one_request_share_what_there_is),
        cmocka_unit_test(lines_of_one_request_add_up),
        cmocka_unit_test(one_line_that_does_not_fit_refuses_all_and_is_named),
        cmocka_unit_test(a_partial_request_gets_what_there_is_and_learns_the_rest),
        cmocka_unit_test(partial_lines_may_get_nothing_even_where_there_never_was_a_position),
        cmocka_unit_test(partial_lines_that_find_all_taken_stand_beside_those_that_get_some),
        cmocka_unit_test(a_refused_partial_request_makes_no_position),
        cmocka_unit_test(where_there_is_no_position_nothing_can_be_promised),
        cmocka_unit_test(two_nodes_with_five_each_hand_out_ten),
        cmocka_unit_test(safety_stock_is_not_promised),
        cmocka_unit_test(more_safety_than_stock_only_stops_new_promises),
        cmocka_unit_test(damaged_units_are_not_promised),
        cmocka_unit_test(a_node_that_is_not_open_promises_nothing),
        cmocka_unit_test(half_a_unit_is_half_a_unit),
        cmocka_unit_test(lines_of_different_scales_are_granted_each_in_its_own),
        cmocka_unit_test(quantities_out_of_range_are_refused_by_line),
        cmocka_unit_test(names_that_do_not_exist_are_refused_by_line),
        cmocka_unit_test(ids_are_told_apart_by_case_and_blanks),
        cmocka_unit_test(the_time_to_live_is_the_requests_else_the_channels_else_the_default),
        cmocka_unit_test(names_the_catalogue_does_not_know_at_encoding_are_looked_up_at_apply),
        cmocka_unit_test(a_thousand_and_twenty_four_lines_fit_in_one_request),
        cmocka_unit_test(changed_rows_are_noted_and_an_overflow_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

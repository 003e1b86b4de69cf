/* Edits of lines that name no node, and what an edit gives back first. Acceptance A5. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

static atp_qty_t reserved_of(const fixture_t *f, const char *node)
{
    return view_of(f, "S", node).reserved;
}

/* S at L 2, M 6 and N 4. */
static fixture_t open_with_nodes(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "L", 2);
    stock(&f, "S", "M", 6);
    stock(&f, "S", "N", 4);
    return f;
}

static atp_result_t edit_lines(fixture_t *f, const char *reservation, uint32_t count,
                               const atp_command_line_t *lines, const char *words)
{
    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_EDIT,
                                   .reservation = atp_text_of(reservation),
                                   .line_count = count,
                                   .lines = lines},
                   words);
}

static void more_comes_from_the_node_it_has_first(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_int_equal(edit(&f, "r", "S", "", 4, "").qty, 4);
    assert_int_equal(reserved_of(&f, "N"), 4);
    assert_int_equal(edit(&f, "r", "S", "", 7, "").qty, 7); /* then as a reserve would: by node here */
    assert_int_equal(reserved_of(&f, "N"), 4);
    assert_int_equal(reserved_of(&f, "L"), 2);
    assert_int_equal(reserved_of(&f, "M"), 1);
    assert_refused(edit(&f, "r", "S", "", 13, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(edit(&f, "r", "S", "", 12, "").qty, 12);
    fixture_close(&f);
}

static void the_strategy_says_which_others(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "N", 4), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 5, "strategy=stock"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "M"), 1);
    assert_verdict(put_group(&f, "g", "L M"), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 6, "group=g"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "M"), 2); /* it has some there */
    fixture_close(&f);
}

static void more_comes_from_the_nodes_that_the_edit_names(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 4, "M L"), ATP_APPLIED); /* and no other: N has more */
    assert_int_equal(reserved_of(&f, "N"), 2);
    assert_int_equal(reserved_of(&f, "M"), 2);
    assert_verdict(edit(&f, "r", "S", "", 5, "strategy=cost N:9 L:1"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "N"), 3); /* it has some there: first, whatever it costs */
    assert_verdict(edit(&f, "r", "S", "N", 0, ""), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 4, "strategy=cost N:9 L:1"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "L"), 2);
    assert_int_equal(reserved_of(&f, "N"), 0);
    assert_refused(edit(&f, "r", "S", "", 9, "L nowhere"), ATP_UNKNOWN_NODE, ATP_FIELD_ATTRIBUTE);
    assert_refused(edit(&f, "r", "S", "", 9, "L"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(edit(&f, "r", "S", "", 3, "L").qty, 3); /* less is given back, wherever it is */
    fixture_close(&f);
}

static void a_line_may_name_nodes_of_its_own(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_command_line_t lines[] = {line_of("S", "", 2), line_of("T", "", 2)};
    atp_attribute_t named[] = {{.key = ATP_KEY_NODE, .line = ATP_WHOLE_OP, .text = ATP_TEXT("M")},
                               {.key = ATP_KEY_NODE, .line = 1, .text = ATP_TEXT("N")}};
    const atp_command_t command = {.kind = ATP_OP_EDIT,
                                   .reservation = ATP_TEXT("r"),
                                   .line_count = 2,
                                   .lines = lines,
                                   .attribute_count = 2,
                                   .attributes = named};

    stock(&f, "T", "M", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "M"), 1);
    assert_int_equal(view_of(&f, "T", "N").reserved, 2);
    fixture_close(&f);
}

/* S at L 2, M 6 and N 4: what each of several nodes gives, with what the reservation has there already. */
static void each_of_several_nodes_gives_the_least(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 4, "split_least=3"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "N"), 4); /* one more of what it has there */
    assert_verdict(edit(&f, "r", "S", "", 5, "split_least=2"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "L"), 2); /* one alone is too few: all of it is sourced anew */
    assert_int_equal(reserved_of(&f, "M"), 3);
    assert_int_equal(reserved_of(&f, "N"), 0);
    assert_verdict(edit(&f, "r", "S", "", 9, "split_least=3"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "M"), 6);
    assert_int_equal(reserved_of(&f, "N"), 3);
    assert_refused(edit(&f, "r", "S", "", 11, "split_least=3"), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_int_equal(reserved_of(&f, "M") + reserved_of(&f, "N"), 9);
    assert_refused(edit(&f, "r", "S", "", 13, "split_least=3"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(edit(&f, "r", "S", "", 10, "split_least=2 L"), ATP_SPLIT_NOT_ALLOWED,
                   ATP_FIELD_QTY); /* L alone has 2 */
    assert_int_equal(reserved_of(&f, "M") + reserved_of(&f, "N"), 9);
    assert_verdict(edit(&f, "r", "S", "N", 1, "split_least=3"), ATP_APPLIED); /* less is not sourced */
    assert_int_equal(reserved_of(&f, "N"), 1);
    assert_verdict(edit(&f, "r", "S", "", 8, "split_least=3"), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "M"), 5);
    assert_int_equal(reserved_of(&f, "N"), 3);
    fixture_check(&f);
    fixture_close(&f);
}

static void an_edit_may_be_of_whole_multiples(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "M", 3), ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "M", 5, "multiple=2"), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "r", "S", "M", 4, "multiple=2"), ATP_APPLIED);
    fixture_close(&f);
}

/* What is of a reserve alone is refused by its name. */
static void an_edit_takes_no_order_and_replaces_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "M", 3), ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "M", 4, "order_id=o"), ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE);
    assert_refused(edit(&f, "r", "S", "M", 4, "replaces=q"), ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(reserved_of(&f, "M"), 3);
    fixture_close(&f);
}

static void the_last_units_go_first(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_command_line_t lines[] = {line_of("S", "M", 3), line_of("S", "N", 3)};

    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_int_equal(edit(&f, "r", "S", "", 4, "").qty, 4);
    assert_int_equal(reserved_of(&f, "M"), 3);
    assert_int_equal(reserved_of(&f, "N"), 1);
    assert_int_equal(edit(&f, "r", "S", "", 0, "").qty, 0);
    assert_int_equal(reserved_of(&f, "M") + reserved_of(&f, "N"), 0);
    assert_refused(edit(&f, "r", "S", "", 1, ""), ATP_ALREADY_RELEASED, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void what_may_not_be_split_moves_as_a_whole(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    put_channel_with(&f, "default", "split=no");
    assert_verdict(reserve(&f, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 4, ""), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "N"), 4);
    assert_verdict(edit(&f, "r", "S", "", 6, ""), ATP_APPLIED); /* N has 4 */
    assert_int_equal(reserved_of(&f, "N"), 0);
    assert_int_equal(reserved_of(&f, "M"), 6);
    assert_refused(edit(&f, "r", "S", "", 7, ""), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_int_equal(reserved_of(&f, "M"), 6);
    assert_refused(edit(&f, "r", "S", "", 13, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void lines_that_must_stay_together_do(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_command_line_t lines[] = {line_of("S", "", 3), line_of("T", "", 2)};

    stock(&f, "T", "M", 2);
    stock(&f, "T", "N", 1);
    put_channel_with(&f, "default", "split=together");
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    lines[1].mantissa = 1;
    assert_int_equal(edit_lines(&f, "r", 2, lines, "").qty, 4);
    assert_int_equal(reserved_of(&f, "N"), 3);
    assert_int_equal(view_of(&f, "T", "N").reserved, 1);
    lines[1].mantissa = 2;
    assert_int_equal(edit_lines(&f, "r", 2, lines, "").qty, 5); /* only M has both */
    assert_int_equal(reserved_of(&f, "M"), 3);
    assert_int_equal(view_of(&f, "T", "M").reserved, 2);
    lines[0].mantissa = 7;
    assert_refused(edit_lines(&f, "r", 2, lines, ""), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_int_equal(reserved_of(&f, "M"), 3);
    fixture_close(&f);
}

static void one_edit_speaks_of_a_unit_once(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_command_line_t lines[] = {line_of("S", "", 3), line_of("S", "N", 2)};

    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_refused(edit_lines(&f, "r", 2, lines, ""), ATP_MALFORMED, ATP_FIELD_LINES);
    assert_int_equal(f.result.line, 1);
    fixture_close(&f);
}

static void what_waits_is_given_back_first(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t beyond = line_of("S", "N", 5);

    stock(&f, "S", "N", 4);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &beyond}),
                   ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 7), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_BACKORDERED), 3);
    assert_int_equal(edit(&f, "r", "S", "", 5, "").qty, 5);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_BACKORDERED), 1);
    assert_int_equal(reserved_of(&f, "N"), 4);
    assert_int_equal(edit(&f, "r", "S", "", 9, "").qty, 9);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_BACKORDERED), 5);
    assert_refused(edit(&f, "r", "S", "", 10, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(edit(&f, "r", "S", "N", 3, "").qty, 3);
    assert_int_equal(reserved_of(&f, "N"), 3);
    fixture_close(&f);
}

static void what_is_pegged_is_given_back_before_what_is_here(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t line = line_of("S", "N", 6);
    char due[64];
    char by[64];

    stock(&f, "S", "N", 2);
    snprintf(due, sizeof due, "due=%lld", (long long)(f.now_ms + 86400000));
    snprintf(by, sizeof by, "needed_by=%lld", (long long)(f.now_ms + 2 * 86400000));
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("po"), .line_count = 1, .lines = &line},
                due),
        ATP_APPLIED);
    assert_verdict(reserve_with(&f, "r", "S", "N", 5, ATP_RESERVE_ALL_OR_NOTHING, by), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PEGGED), 3);
    assert_int_equal(edit(&f, "r", "S", "N", 4, "").qty, 4);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PEGGED), 2);
    assert_refused(edit(&f, "r", "S", "N", 5, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(edit(&f, "r", "S", "N", 8, by).qty, 8); /* more may be promised from supply, too */
    assert_refused(edit(&f, "r", "S", "N", 9, by), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(edit(&f, "r", "S", "", 1, "").qty, 1);
    assert_int_equal(reserved_of(&f, "N"), 1);
    assert_verdict(reserve_with(&f, "s", "S", "N", 7, ATP_RESERVE_ALL_OR_NOTHING, by), ATP_APPLIED);
    fixture_close(&f);
}

static void lines_are_used_again(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.lines_per_reservation = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(edit(&f, "r", "T", "N", 3, "").qty, 4);
        assert_int_equal(edit(&f, "r", "T", "N", 0, "").qty, 1);
    }
    assert_int_equal(view_of(&f, "T", "N").reserved, 0);
    assert_int_equal(edit(&f, "r", "T", "", 2, "").qty, 3);
    f.now_ms += config.ttl_default_ms;
    assert_int_equal(atp_of(&f, "T", "N"), 5); /* it ends with the rest */
    fixture_close(&f);
}

static void a_paused_channel_adds_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    put_channel_with(&f, "default", "state=paused");
    assert_refused(edit(&f, "r", "S", "N", 3, ""), ATP_CHANNEL_NOT_OPEN, ATP_FIELD_CHANNEL);
    assert_verdict(edit(&f, "r", "S", "N", 1, ""), ATP_APPLIED);
    fixture_close(&f);
}

static void a_cap_counts_all_that_the_reservation_has(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(rule(&f, "cap", "channel=default sku=S cap=5"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "M", 3, ""), ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "M", 4, ""), ATP_ABOVE_CAP, ATP_FIELD_QTY);
    assert_refused(edit(&f, "r", "S", "", 6, ""), ATP_ABOVE_CAP, ATP_FIELD_QTY);
    atp_command_line_t lines[] = {line_of("S", "N", 0), line_of("S", "M", 5)};
    assert_verdict(edit_lines(&f, "r", 2, lines, ""), ATP_APPLIED);
    fixture_close(&f);
}

static void a_node_at_capacity_is_passed_over(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_attribute_t capacity = {.key = ATP_KEY_CAPACITY_UNITS, .line = ATP_WHOLE_OP, .number = 3};
    const atp_command_line_t node = {.node = ATP_TEXT("M")};

    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_NODE,
                                                  .line_count = 1,
                                                  .lines = &node,
                                                  .attribute_count = 1,
                                                  .attributes = &capacity}),
                   ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "M", 2), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "", 5, ""), ATP_APPLIED); /* M makes one more ready */
    assert_int_equal(reserved_of(&f, "M"), 3);
    assert_int_equal(reserved_of(&f, "L"), 2);
    assert_verdict(edit(&f, "r", "S", "", 6, ""), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "N"), 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_comes_from_the_node_it_has_first),
        cmocka_unit_test(the_strategy_says_which_others),
        cmocka_unit_test(more_comes_from_the_nodes_that_the_edit_names),
        cmocka_unit_test(a_line_may_name_nodes_of_its_own),
        cmocka_unit_test(each_of_several_nodes_gives_the_least),
        cmocka_unit_test(an_edit_may_be_of_whole_multiples),
        cmocka_unit_test(an_edit_takes_no_order_and_replaces_nothing),
        cmocka_unit_test(the_last_units_go_first),
        cmocka_unit_test(what_may_not_be_split_moves_as_a_whole),
        cmocka_unit_test(lines_that_must_stay_together_do),
        cmocka_unit_test(one_edit_speaks_of_a_unit_once),
        cmocka_unit_test(what_waits_is_given_back_first),
        cmocka_unit_test(what_is_pegged_is_given_back_before_what_is_here),
        cmocka_unit_test(lines_are_used_again),
        cmocka_unit_test(a_paused_channel_adds_nothing),
        cmocka_unit_test(a_cap_counts_all_that_the_reservation_has),
        cmocka_unit_test(a_node_at_capacity_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

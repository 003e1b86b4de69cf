/* More lines than a reservation, an order or an op may have, in each of the ways that lead there: all are refused by that name, and
 * nothing has changed. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

#define LINES_MAX 2

/* S at four nodes, 2 units each; a reservation has at most two lines. */
static fixture_t four_nodes(void)
{
    atp_ledger_config_t config = fixture_config();
    config.lines_per_reservation = LINES_MAX;
    fixture_t f = fixture_open(&config);

    for (unsigned i = 0; i < 4; i++) {
        stock(&f, "S", (const char *[]){"A", "B", "C", "D"}[i], 2);
    }
    return f;
}

static atp_qty_t reserved_everywhere(const fixture_t *f)
{
    return view_of(f, "S", "A").reserved + view_of(f, "S", "B").reserved + view_of(f, "S", "C").reserved +
           view_of(f, "S", "D").reserved;
}

static void a_line_is_not_split_over_more_nodes_than_it_may_have_lines(void **state)
{
    (void)state;
    fixture_t f = four_nodes();

    assert_verdict(reserve_with(&f, "r", "S", "", 4, ATP_RESERVE_ALL_OR_NOTHING, "splits=4"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    assert_refused(reserve_with(&f, "s", "S", "", 5, ATP_RESERVE_ALL_OR_NOTHING, "splits=4"),
                   ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_int_equal(reserved_everywhere(&f), 0);
    fixture_close(&f);
}

static void a_question_is_refused_as_the_reserve_would_be(void **state)
{
    (void)state;
    fixture_t f = four_nodes();
    const atp_command_line_t lines[] = {line_of("S", "A", 1), line_of("S", "B", 1), line_of("S", "C", 1)};
    atp_command_t asked = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("r"), .line_count = 3, .lines = lines, .issued_ms = f.now_ms};

    assert_int_equal(fixture_encode(&f, asked, &f.result), ATP_APPLIED);
    atp_ledger_promise(f.ledger, f.record, f.now_ms, &f.result, f.grants);
    assert_refused(f.result, ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_refused(fixture_do(&f, asked), ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    asked.line_count = LINES_MAX;
    asked.id = ATP_TEXT("s");
    assert_int_equal(fixture_encode(&f, asked, &f.result), ATP_APPLIED);
    atp_ledger_promise(f.ledger, f.record, f.now_ms, &f.result, f.grants);
    assert_verdict(f.result, ATP_APPLIED);
    assert_int_equal(reserved_everywhere(&f), 0);
    fixture_close(&f);
}

static atp_result_t edit_lines(fixture_t *f, const char *reservation, uint32_t count,
                               const atp_command_line_t *lines)
{
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_EDIT,
                                         .reservation = atp_text_of(reservation),
                                         .line_count = count,
                                         .lines = lines});
}

static void an_edit_does_not_make_more_lines_than_there_may_be(void **state)
{
    (void)state;
    fixture_t f = four_nodes();
    const atp_command_line_t lines[] = {line_of("S", "B", 1), line_of("S", "C", 1), line_of("S", "D", 1)};

    assert_verdict(reserve(&f, "r", "S", "A", 1), ATP_APPLIED);
    assert_refused(edit_lines(&f, "r", 3, lines), ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_refused(edit_lines(&f, "r", 2, lines), ATP_TOO_MANY_LINES,
                   ATP_FIELD_LINES); /* with the one it has */
    assert_refused(edit(&f, "r", "S", "", 6, "splits=4"), ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_int_equal(reserved_everywhere(&f), 1);
    assert_int_equal(line_at(&f, "r", 0)->granted, 1);
    assert_verdict(edit_lines(&f, "r", 1, lines), ATP_APPLIED);
    assert_int_equal(reserved_everywhere(&f), 2);
    fixture_close(&f);
}

static void units_do_not_go_to_more_nodes_than_there_may_be_lines(void **state)
{
    (void)state;
    fixture_t f = four_nodes();
    const atp_command_line_t line = line_of("S", "A", 0);
    const atp_command_t moved = {
        .kind = ATP_OP_REASSIGN, .reservation = ATP_TEXT("r"), .line_count = 1, .lines = &line};

    fact(&f, ATP_OP_COUNT, "S", "A", 6);
    assert_verdict(reserve(&f, "r", "S", "A", 6), ATP_APPLIED);
    assert_refused(do_with(&f, moved, "B C D"), ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_int_equal(view_of(&f, "S", "A").reserved, 6);
    assert_int_equal(reserved_everywhere(&f), 6);
    fact(&f, ATP_OP_COUNT, "S", "C", 4);
    assert_verdict(do_with(&f, moved, "B C"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").reserved, 0);
    assert_int_equal(reserved_everywhere(&f), 6);
    fixture_close(&f);
}

static void one_supply_or_transfer_is_of_one_line(void **state)
{
    (void)state;
    fixture_t f = four_nodes();
    const atp_command_line_t lines[] = {line_of("S", "A", 1), line_of("S", "B", 1), line_of("S", "C", 1)};
    char due[48];

    snprintf(due, sizeof due, "due=%lld", (long long)(f.now_ms + 2 * ATP_DAY_MS));
    assert_refused(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("po"), .line_count = 2, .lines = lines},
                due),
        ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_refused(do_with(&f,
                           (atp_command_t){.kind = ATP_OP_TRANSFER_SHIP,
                                           .is_fact = true,
                                           .subject = ATP_TEXT("t"),
                                           .line_count = 2,
                                           .lines = lines},
                           ""),
                   ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    fixture_close(&f);
}

#define ORDER_MAX 1024 /* reservations of one order that one step looks at */

static void an_order_of_more_reservations_than_one_step_looks_at_is_refused(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 2 * ORDER_MAX;
    config.lines = 2 * ORDER_MAX;
    config.outcomes = 4 * ORDER_MAX;
    config.ids_per_client = 4 * ORDER_MAX;
    config.string_bytes = 1 << 20;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", ORDER_MAX + 1);
    f.is_unchecked = true; /* a check for each is a check too many */
    for (unsigned i = 0; i <= ORDER_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve_with(&f, id, "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=o"),
                       ATP_APPLIED);
    }
    assert_refused(step_with(&f, ATP_OP_RELEASE, false, "", "S", "N", 0, "order_id=o"), ATP_TOO_MANY_LINES,
                   ATP_FIELD_ATTRIBUTE);
    assert_int_equal(view_of(&f, "S", "N").reserved, ORDER_MAX + 1);
    fixture_check(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_not_split_over_more_nodes_than_it_may_have_lines),
        cmocka_unit_test(a_question_is_refused_as_the_reserve_would_be),
        cmocka_unit_test(an_edit_does_not_make_more_lines_than_there_may_be),
        cmocka_unit_test(units_do_not_go_to_more_nodes_than_there_may_be_lines),
        cmocka_unit_test(one_supply_or_transfer_is_of_one_line),
        cmocka_unit_test(an_order_of_more_reservations_than_one_step_looks_at_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Reservations that change in place, take the place of others, or were sold before they came. Acceptance A5, A6. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>

static void an_edited_reservation_is_not_counted_against_itself(void **state) /* A5 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "x", "S", "N", 4), ATP_APPLIED);
    assert_refused(reserve(&f, "y", "S", "N", 3), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "x", "S", "N", 5, ""), ATP_APPLIED);
    assert_int_equal(f.result.qty, 5);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    assert_refused(edit(&f, "x", "S", "N", 6, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    fixture_close(&f);
}

static void another_reservation_of_the_same_owner_is_counted(void **state) /* A5 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "x", "S", "N", 3), ATP_APPLIED);
    assert_verdict(reserve(&f, "z", "S", "N", 2), ATP_APPLIED);
    assert_refused(edit(&f, "x", "S", "N", 4, ""), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "z", "S", "N", 1, ""), ATP_APPLIED);
    assert_verdict(edit(&f, "x", "S", "N", 4, ""), ATP_APPLIED);
    fixture_close(&f);
}

static void lines_come_and_go_and_the_rest_stays(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "T", "N", 3, ""), ATP_APPLIED);
    assert_int_equal(f.result.qty, 5);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_int_equal(view_of(&f, "T", "N").reserved, 3);
    assert_verdict(edit(&f, "r", "S", "N", 0, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_verdict(edit(&f, "r", "T", "N", 0, ""), ATP_APPLIED);
    assert_int_equal(f.result.qty, 0);
    assert_refused(edit(&f, "r", "T", "N", 1, ""), ATP_ALREADY_RELEASED, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void units_move_between_nodes_in_one_edit(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 0), line_of("S", "M", 4)};

    stock(&f, "S", "N", 5);
    stock(&f, "S", "M", 4);
    assert_verdict(reserve(&f, "r", "S", "N", 4), ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_EDIT,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 2,
                                                  .lines = lines}),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_int_equal(view_of(&f, "S", "M").reserved, 4);
    fixture_close(&f);
}

static void a_refused_edit_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("T", "N", 6)};
    atp_command_line_t twice[] = {line_of("S", "N", 1), line_of("S", "N", 2)};

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    uint64_t version =
        atp_reservation_at(atp_ledger_reservations(f.ledger), reservation_of(&f, "r"))->version;
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_EDIT,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 2,
                                                  .lines = lines}),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_EDIT,
                                                  .reservation = ATP_TEXT("r"),
                                                  .line_count = 2,
                                                  .lines = twice}),
                   ATP_MALFORMED, ATP_FIELD_LINES);
    assert_refused(edit(&f, "r", "U", "N", 2, ""), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    assert_int_equal(atp_reservation_at(atp_ledger_reservations(f.ledger), reservation_of(&f, "r"))->version,
                     version);
    fixture_close(&f);
}

static void the_version_a_client_expects_must_be_the_one_there_is(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    char words[64];

    stock(&f, "S", "N", 5);
    uint64_t first = reserve(&f, "r", "S", "N", 2).op;
    snprintf(words, sizeof words, "expected_version=%llu", (unsigned long long)first);
    uint64_t second = edit(&f, "r", "S", "N", 3, words).op;
    assert_verdict(f.result, ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "N", 4, words), ATP_VERSION_DIFFERS, ATP_FIELD_ATTRIBUTE);
    snprintf(words, sizeof words, "expected_version=%llu", (unsigned long long)second);
    assert_verdict(edit(&f, "r", "S", "N", 4, words), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 4);
    fixture_close(&f);
}

static void an_edit_extends(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve_for(&f, "r", "S", "N", 2, 1000), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "", "", 0, "ttl_ms=5000"), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, FIXTURE_START_MS + 5000);
    f.now_ms += 1000;
    assert_verdict(edit(&f, "r", "S", "N", 3, ""), ATP_APPLIED);
    assert_int_equal(f.result.deadline_ms, FIXTURE_START_MS + 5000);
    f.now_ms += 4000;
    assert_refused(edit(&f, "r", "S", "N", 1, ""), ATP_ALREADY_EXPIRED, ATP_FIELD_RESERVATION);
    assert_int_equal(atp_of(&f, "S", "N"), 5);
    fixture_close(&f);
}

static void what_is_allocated_is_not_edited(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "N", 3, ""), ATP_ALREADY_ALLOCATED, ATP_FIELD_RESERVATION);
    assert_refused(edit(&f, "q", "S", "N", 3, ""), ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void the_first_answer_stays_the_first_answer_after_an_edit(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    f.issued_ms = f.now_ms;
    assert_int_equal(reserve(&f, "r", "S", "N", 2).qty, 2);
    assert_verdict(edit(&f, "r", "S", "N", 5, ""), ATP_APPLIED);
    assert_int_equal(reserve(&f, "r", "S", "N", 2).qty, 2);
    assert_int_equal(f.result.is_repeat, 1);
    fixture_close(&f);
}

static void a_cart_replaces_its_own_reservation_of_the_last_unit(void **state) /* A6 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_refused(reserve(&f, "b", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "c", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "replaces=a"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 1);
    assert_int_equal(line_at(&f, "a", 0)->reserved, 0);
    assert_int_equal(line_at(&f, "c", 0)->reserved, 1);
    fixture_close(&f);
}

static void only_the_reservation_named_is_left_out(void **state) /* A6 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "a", "S", "N", 2), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 2), ATP_APPLIED);
    assert_refused(reserve_with(&f, "c", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, "replaces=a"),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(line_at(&f, "a", 0)->reserved, 2); /* refused: nothing was replaced */
    assert_verdict(reserve_with(&f, "d", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING, "replaces=a"), ATP_APPLIED);
    assert_refused(reserve_with(&f, "e", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "replaces=nobody"),
                   ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "d"), ATP_APPLIED);
    assert_refused(reserve_with(&f, "g", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "replaces=d"),
                   ATP_ALREADY_ALLOCATED, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void what_was_sold_elsewhere_goes_below_and_is_told(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 2);
    assert_verdict(reserve(&f, "cart", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "market", "S", "N", 3, ATP_RESERVE_TRACK_ONLY, ""), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), -2);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_int_equal(newest_exception(&f)->qty, -2);
    assert_refused(reserve(&f, "next", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "market", "S", "N", 4, ""), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), -3);
    assert_refused(reserve_with(&f, "open", "S", "", 3, ATP_RESERVE_TRACK_ONLY, ""), ATP_UNKNOWN_NODE,
                   ATP_FIELD_NODE);
    assert_verdict(put_node(&f, "M", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "pos", "S", "M", 1, ATP_RESERVE_TRACK_ONLY, ""), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").reserved, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edited_reservation_is_not_counted_against_itself),
        cmocka_unit_test(another_reservation_of_the_same_owner_is_counted),
        cmocka_unit_test(lines_come_and_go_and_the_rest_stays),
        cmocka_unit_test(units_move_between_nodes_in_one_edit),
        cmocka_unit_test(a_refused_edit_changes_nothing),
        cmocka_unit_test(the_version_a_client_expects_must_be_the_one_there_is),
        cmocka_unit_test(an_edit_extends),
        cmocka_unit_test(what_is_allocated_is_not_edited),
        cmocka_unit_test(the_first_answer_stays_the_first_answer_after_an_edit),
        cmocka_unit_test(a_cart_replaces_its_own_reservation_of_the_last_unit),
        cmocka_unit_test(only_the_reservation_named_is_left_out),
        cmocka_unit_test(what_was_sold_elsewhere_goes_below_and_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Nodes that drain or are closed: what they still do, and what is stranded there. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

static atp_result_t node_with(fixture_t *f, const char *node, const char *words)
{
    atp_command_line_t line = line_of("", node, 0);
    return do_with(f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &line}, words);
}

/* S at N with 100 on hand, N with these limits. */
static fixture_t open_with(const char *words)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "T", "N", 100);
    assert_verdict(node_with(&f, "N", words), ATP_APPLIED);
    return f;
}

static void a_draining_node_ships_what_it_owes_and_promises_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=50");

    reserve(&f, "a", "S", "N", 6);
    reserve(&f, "b", "S", "N", 4);
    assert_verdict(put_node(&f, "N", ATP_NODE_DRAINING), ATP_APPLIED);
    assert_refused(reserve(&f, "c", "S", "N", 1), ATP_NODE_NOT_OPEN, ATP_FIELD_NODE);
    assert_verdict(reserve_with(&f, "d", "S", "", 1, ATP_RESERVE_ALL_OR_NOTHING, ""),
                   ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(edit(&f, "a", "S", "N", 7, ""), ATP_NODE_NOT_OPEN);
    assert_verdict(extend(&f, "a", 60000), ATP_APPLIED);
    assert_verdict(edit(&f, "b", "S", "N", 3, ""), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "a"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "a", "S", "N", 5), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "a"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "b"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 5), ATP_APPLIED); /* facts go on */
    assert_verdict(ship_fact(&f, "", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 99);
    fixture_close(&f);
}

static void closing_a_node_tells_once_what_is_stranded(void **state)
{
    (void)state;
    fixture_t f = open_with("capacity_units=50");
    atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("T", "N", 2)};

    put_sku(&f, "kg", 3);
    fact(&f, ATP_OP_COUNT, "kg", "N", 7);
    stock(&f, "S", "M", 40); /* not there */
    reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    reserve(&f, "one", "T", "N", 1);
    uint64_t before = counts_of(&f).exceptions;
    assert_verdict(put_node(&f, "N", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, before + 1);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_STRANDED);
    assert_int_equal(exception->node_size, 1);
    assert_memory_equal(exception->node, "N", 1);
    assert_int_equal(exception->qty, 207000); /* 100 + 100 + 7.000 */
    assert_int_equal(exception->scale, 3);
    assert_int_equal(exception->reservation_total, 2); /* each order once */
    assert_int_equal(exception->reservation_count, 2);
    assert_verdict(put_node(&f, "N", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, before + 1);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_NODE_NOT_OPEN);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "two"), ATP_APPLIED);
    put_node(&f, "N", ATP_NODE_OPEN);
    put_node(&f, "N", ATP_NODE_CLOSED); /* closed again: told again */
    assert_int_equal(counts_of(&f).exceptions, before + 2);
    assert_int_equal(newest_exception(&f)->reservation_total, 1);
    fixture_close(&f);
}

/* A ledger of so many SKUs at node A, each with a unit on hand and one of them reserved. */
static fixture_t open_with_many(unsigned skus)
{
    atp_ledger_config_t config = fixture_config();
    config.skus = skus;
    config.positions = 2 * skus;
    config.outcomes = 4 * skus;
    config.ids_per_client = 4 * skus;
    fixture_t f = fixture_open(&config);
    char name[16];

    f.is_unchecked = true;
    assert_verdict(put_node(&f, "A", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_node(&f, "B", ATP_NODE_OPEN), ATP_APPLIED);
    for (unsigned i = 0; i < skus; i++) {
        snprintf(name, sizeof name, "s%u", i);
        assert_verdict(put_sku(&f, name, 0), ATP_APPLIED);
        assert_verdict(fact(&f, ATP_OP_COUNT, name, "A", 1), ATP_APPLIED);
    }
    assert_verdict(reserve(&f, "last", name, "A", 1), ATP_APPLIED);
    return f;
}

static void a_node_with_many_positions_is_looked_at_by_pulses(void **state)
{
    (void)state;
    fixture_t f = open_with_many(9000);

    assert_verdict(fact(&f, ATP_OP_COUNT, "s7", "B", 3), ATP_APPLIED);
    assert_verdict(put_node(&f, "A", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_verdict(put_node(&f, "B", ATP_NODE_CLOSED), ATP_APPLIED); /* waits for its turn, or goes on */
    fixture_check(&f);
    unsigned pulses = 0;
    for (; atp_ledger_is_pulse_due(f.ledger, f.now_ms) && pulses < 9; pulses++) {
        assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    }
    assert_true(pulses > 0 && pulses < 9);
    fixture_check(&f);
    assert_int_equal(counts_of(&f).exceptions, 2);
    assert_memory_equal(newest_exception(&f)->node, "B", 2);
    assert_int_equal(newest_exception(&f)->qty, 3);
    const atp_exception_t *first = atp_exceptions_get(atp_ledger_exceptions(f.ledger), 1);
    assert_memory_equal(first->node, "A", 2);
    assert_int_equal(first->qty, 9000);
    assert_int_equal(first->reservation_total, 1);
    assert_memory_equal(first->reservations[0], "last", 5);
    fixture_close(&f);
}

static void a_node_opened_again_before_it_was_looked_at_is_not_told_of(void **state)
{
    (void)state;
    fixture_t f = open_with_many(9000);

    assert_verdict(put_node(&f, "A", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(put_node(&f, "A", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(put_node(&f, "A", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_verdict(put_node(&f, "A", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_node(&f, "A", ATP_NODE_CLOSED), ATP_APPLIED); /* from its first position on */
    assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->qty, 9000);
    fixture_close(&f);
}

static void the_check_tells_a_list_that_is_off(void **state)
{
    (void)state;
    fixture_t f = open_with_many(9000);
    atp_closing_heads_t *heads = &f.ledger->root->closings;
    atp_why_t why = {""};

    assert_verdict(put_node(&f, "A", ATP_NODE_CLOSED), ATP_APPLIED);
    atp_closing_heads_t right = *heads;
    *heads = (atp_closing_heads_t){0, 0};
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "V1", 2);
    *heads = right;
    ((atp_closing_t *)atp_table_at(&f.ledger->closings.nodes, right.first - 1))->next_row = 9001;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "V1", 2);
    ((atp_closing_t *)atp_table_at(&f.ledger->closings.nodes, right.first - 1))->next_row = 0;
    fixture_close(&f);
}

static void closing_an_empty_node_tells_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    stock(&f, "S", "M", 5);
    uint64_t before = counts_of(&f).exceptions;
    assert_verdict(put_node(&f, "N", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_verdict(put_node(&f, "new", ATP_NODE_CLOSED), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions, before);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draining_node_ships_what_it_owes_and_promises_nothing),
        cmocka_unit_test(closing_a_node_tells_once_what_is_stranded),
        cmocka_unit_test(a_node_with_many_positions_is_looked_at_by_pulses),
        cmocka_unit_test(a_node_opened_again_before_it_was_looked_at_is_not_told_of),
        cmocka_unit_test(the_check_tells_a_list_that_is_off),
        cmocka_unit_test(closing_an_empty_node_tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

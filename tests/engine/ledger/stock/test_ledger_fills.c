/* Queues longer than one op fills: what is left goes on by pulses, and nobody takes meanwhile what the queue is due. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#define LINES 1000 /* a reservation has so many that wait */

static fixture_t fixture_with_queue(const char *limit_words)
{
    atp_ledger_config_t config = fixture_config();
    config.lines = 8192;
    config.limits = 4096; /* room is looked for line by line */
    config.progress = 8192;
    config.history = 32768;
    fixture_t f = fixture_open(&config);
    const atp_command_line_t limit = line_of("S", "N", 2500);

    f.is_unchecked = true; /* many lines: checked where it matters */
    stock(&f, "S", "N", 0);
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &limit}, limit_words),
        ATP_APPLIED);
    return f;
}

/* A reservation of so many lines of one unit. */
static void queue_up(fixture_t *f, const char *id, uint32_t count, const char *words)
{
    atp_command_line_t lines[LINES];

    for (uint32_t i = 0; i < count; i++) {
        lines[i] = line_of("S", "N", 1);
    }
    assert_verdict(
        do_with(f,
                (atp_command_t){
                    .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = count, .lines = lines},
                words),
        ATP_APPLIED);
}

static fixture_t fixture_with_2500_waiting(const char *limit_words)
{
    fixture_t f = fixture_with_queue(limit_words);

    queue_up(&f, "third", LINES, "");
    queue_up(&f, "fourth", LINES / 2, "");
    queue_up(&f, "first", LINES / 2, "priority=7");
    queue_up(&f, "second", LINES / 2, "priority=6");
    assert_int_equal(view_of(&f, "S", "N").backordered, 2500);
    return f;
}

static atp_qty_t units_of(const fixture_t *f, const char *id, atp_line_state_t state)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(f->ledger);
    atp_qty_t units = 0;

    for (uint32_t at = atp_reservation_at(reservations, reservation_of(f, id))->first_line; at != 0;) {
        units += atp_line_units(reservations, at - 1, state);
        at = atp_line_at(reservations, at - 1)->next;
    }
    return units;
}

static void one_op_fills_so_many_and_pulses_go_on_at_once(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");

    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2200), ATP_APPLIED);
    fixture_check(&f);
    atp_qty_t filled = view_of(&f, "S", "N").reserved;
    assert_true(filled > 900 && filled <= ATP_FILLS_PER_OP);
    assert_int_equal(units_of(&f, "first", ATP_LINE_RESERVED), 500);
    assert_int_equal(units_of(&f, "third", ATP_LINE_RESERVED), 0);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms)); /* now, not when a timer says so */
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, filled); /* not each op's work */
    assert_int_equal(fixture_pulses(&f), 2);
    assert_int_equal(units_of(&f, "second", ATP_LINE_RESERVED), 500);
    assert_int_equal(units_of(&f, "third", ATP_LINE_RESERVED), 1000);
    assert_int_equal(units_of(&f, "fourth", ATP_LINE_RESERVED), 200);
    assert_int_equal(view_of(&f, "S", "N").backordered, 300);
    fixture_close(&f);
}

static void who_asks_meanwhile_does_not_pass_the_queue(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("unlimited=yes");

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2200), ATP_APPLIED);
    assert_verdict(reserve(&f, "late", "S", "N", 10), ATP_APPLIED);
    assert_int_equal(units_of(&f, "late", ATP_LINE_RESERVED), 0);
    assert_verdict(edit(&f, "late", "S", "N", 12, ""), ATP_APPLIED);
    assert_int_equal(units_of(&f, "late", ATP_LINE_BACKORDERED), 12);
    fixture_check(&f);
    fixture_pulses(&f);
    assert_int_equal(units_of(&f, "late", ATP_LINE_BACKORDERED), 12);
    assert_int_equal(units_of(&f, "fourth", ATP_LINE_RESERVED), 200);
    fixture_close(&f);
}

static void without_a_limit_stock_that_the_queue_takes_is_not_there(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");
    const atp_command_line_t none = line_of("S", "N", 0);

    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &none}, ""),
                   ATP_APPLIED);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "web-buffer", "channel=web buffer=10"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2600), ATP_APPLIED);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    atp_position_view_t seen = view_of(&f, "S", "N");
    assert_int_equal(atp_view_promisable(&seen), 100);
    assert_int_equal(sees(&f, "web", "S"), 90);
    assert_refused(reserve(&f, "a", "S", "N", 101), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(reserve(&f, "b", "S", "", 101), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(sell(&f, "web", "c", "S", "N", 91, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(sell(&f, "web", "d", "S", "", 50, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(units_of(&f, "d", ATP_LINE_RESERVED), 50);
    assert_verdict(edit(&f, "fourth", "S", "N", 550, ""),
                   ATP_APPLIED); /* its lines wait, what is added is here */
    assert_int_equal(units_of(&f, "fourth", ATP_LINE_RESERVED), 50);
    assert_refused(reserve(&f, "e", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_check(&f);
    fixture_pulses(&f);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2600);
    assert_int_equal(view_of(&f, "S", "N").backordered, 0);
    fixture_close(&f);
}

static void another_position_is_filled_in_its_own_op(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");
    const atp_command_line_t limit = line_of("T", "N", 5);

    stock(&f, "T", "N", 0);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &limit}, ""),
                   ATP_APPLIED);
    assert_verdict(reserve(&f, "t", "T", "N", 5), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "T", "N", 5), ATP_APPLIED);
    assert_int_equal(units_of(&f, "t", ATP_LINE_RESERVED), 5);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    fixture_check(&f);
    fixture_pulses(&f);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2500);
    fixture_close(&f);
}

static void stock_that_goes_again_leaves_the_rest_waiting(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    atp_qty_t filled = view_of(&f, "S", "N").reserved;
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", filled), ATP_APPLIED);
    fixture_check(&f);
    assert_true(fixture_pulses(&f) <= 1);
    assert_int_equal(view_of(&f, "S", "N").reserved, filled);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "third"), ATP_APPLIED);
    fixture_pulses(&f);
    assert_int_equal(view_of(&f, "S", "N").reserved, filled);
    fixture_close(&f);
}

static void the_check_tells_a_list_that_is_off(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");
    atp_limit_heads_t *heads = f.ledger->positions.limits.heads;
    atp_why_t why = {""};

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    heads->due_count++;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "B4", 2);
    heads->due_count--;
    atp_limit_t *limit = atp_limits_at(&f.ledger->positions.limits, heads->first_due - 1);
    limit->is_due = ATP_LIMIT_NOT_DUE; /* nobody would go on */
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "B3", 2);
    limit->is_due = ATP_LIMIT_GOES_ON;
    fixture_close(&f);
}

static void copy_tables(const fixture_t *from, const fixture_t *to)
{
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_table_t *copies[ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    atp_ledger_tables(from->ledger, tables);
    atp_ledger_tables(to->ledger, copies);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        uint32_t size = (uint32_t)atp_table_piece_size(tables[i]);
        for (uint64_t piece = 0; piece < atp_table_piece_count(tables[i]); piece++) {
            assert_int_equal(atp_table_restore_piece(copies[i], piece, tables[i]->base + piece * size, size),
                             ATP_OK);
        }
        assert_int_equal(atp_table_restore_count(copies[i], atp_table_count(tables[i])), ATP_OK);
    }
    if (atp_ledger_rebuild(to->ledger, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
}

static void a_restart_goes_on_where_it_was(void **state)
{
    (void)state;
    fixture_t f = fixture_with_2500_waiting("");

    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    fixture_t copy = fixture_open_empty(atp_ledger_config(f.ledger));
    copy_tables(&f, &copy);
    copy.now_ms = f.now_ms;
    copy.is_unchecked = true;
    assert_true(atp_ledger_is_pulse_due(copy.ledger, copy.now_ms));
    assert_int_equal(fixture_pulses(&copy), fixture_pulses(&f));
    assert_int_equal(view_of(&copy, "S", "N").reserved, 2500);
    assert_true(atp_ledger_hash(f.ledger) == atp_ledger_hash(copy.ledger));
    fixture_close(&copy);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_op_fills_so_many_and_pulses_go_on_at_once),
        cmocka_unit_test(who_asks_meanwhile_does_not_pass_the_queue),
        cmocka_unit_test(without_a_limit_stock_that_the_queue_takes_is_not_there),
        cmocka_unit_test(another_position_is_filled_in_its_own_op),
        cmocka_unit_test(stock_that_goes_again_leaves_the_rest_waiting),
        cmocka_unit_test(the_check_tells_a_list_that_is_off),
        cmocka_unit_test(a_restart_goes_on_where_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

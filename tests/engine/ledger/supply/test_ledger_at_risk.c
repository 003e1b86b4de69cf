/* Promises that lost their supply, or whose supply is overdue: whatever makes stock free serves them first, in their order, and in
 * bounded steps. */
#include "tests/engine/ledger/supply/supply_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

/* All stock is reserved by `here`; `late` was promised of a supply that fell away; `queued` waits beyond stock. */
static fixture_t at_risk(void)
{
    fixture_t f = stocked(6);

    assert_verdict(reserve_for(&f, "here", "S", "N", 6, DAY), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "late", 5, 4, 3), ATP_APPLIED);
    assert_verdict(limit(&f, 9), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "queued", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, "priority=7"),
                   ATP_APPLIED);
    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    assert_units("late", 0, 0, 5);
    return f;
}

/* ---- whatever makes stock free ---- */

static void released_stock_serves_them_before_the_queue(void **state)
{
    fixture_t f = at_risk();
    (void)state;
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "here", "S", "N", 3), ATP_APPLIED); /* 3 are free */
    assert_units("late", 3, 0, 2);
    assert_int_equal(line_units(&f, "queued", 0, ATP_LINE_BACKORDERED), 4);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "here"), ATP_APPLIED);
    assert_units("late", 5, 0, 0);
    assert_int_equal(line_units(&f, "queued", 0, ATP_LINE_BACKORDERED), 3);
    fixture_close(&f);
}

static void expired_stock_serves_them_when_the_position_is_met(void **state)
{
    fixture_t f = at_risk();
    (void)state;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "late"), ATP_APPLIED); /* nothing is here: all is to come */
    assert_units("late", 0, 0, 5);
    f.now_ms += DAY;
    assert_verdict(settle(&f, "S", "N"), ATP_APPLIED);
    assert_units("late", 0, 5, 0);
    fixture_close(&f);
}

static void a_step_finds_what_expired_for_it(void **state)
{
    fixture_t f = at_risk();
    (void)state;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "late"), ATP_APPLIED);
    f.now_ms += DAY; /* nobody has met the position since */
    assert_verdict(step_all(&f, ATP_OP_SHIP, "late"), ATP_APPLIED);
    assert_int_equal(line_units(&f, "late", 0, ATP_LINE_SHIPPED), 5);
    fixture_close(&f);
}

static void returned_and_found_stock_serves_them(void **state)
{
    fixture_t f = at_risk();
    const atp_command_line_t line = line_of("S", "N", 2);
    (void)state;
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_RETURN, .is_fact = true, .line_count = 1, .lines = &line},
                "disposition=restock"),
        ATP_APPLIED);
    assert_units("late", 2, 0, 3);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", 9), ATP_APPLIED);
    assert_units("late", 3, 0, 2);
    fixture_close(&f);
}

static void they_are_served_in_their_order(void **state)
{
    fixture_t f = stocked(6);
    (void)state;
    assert_verdict(reserve(&f, "here", "S", "N", 6), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 8, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "old", 2, 4, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "young", 2, 4, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "first", 2, 4, 6), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "firm", 2, 4, 0), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "here", "S", "N", 1), ATP_APPLIED);
    assert_units("firm", 0, 2, 0);
    assert_units("first", 2, 0, 0);
    assert_units("old", 1, 0, 1);
    assert_units("young", 0, 0, 2);
    fixture_close(&f);
}

static void who_replaces_a_reservation_has_its_stock_first(void **state)
{
    fixture_t f = at_risk();
    (void)state;
    assert_verdict(reserve_with(&f, "other", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, "replaces=here"),
                   ATP_APPLIED);
    assert_int_equal(line_units(&f, "other", 0, ATP_LINE_RESERVED), 4);
    assert_units("late", 2, 0, 3);
    fixture_close(&f);
}

/* ---- overdue ---- */

static void promises_of_overdue_supply_take_what_is_free_once_it_is_told(void **state)
{
    fixture_t f = stocked(2);
    (void)state;
    assert_verdict(supply(&f, "po1", 6, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "late", 8, 3, 3), ATP_APPLIED); /* 2 here, 6 to come */
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "late"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    assert_units("late", 0, 2, 6); /* it is not late yet */
    f.now_ms += 4 * DAY;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SUPPLY_OVERDUE);
    assert_memory_equal(newest_exception(&f)->reservations[0], "late", 4);
    assert_units("late", 0, 3, 5);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2), ATP_APPLIED);
    assert_units("late", 0, 5, 3);
    assert_int_equal(counts_of(&f).exceptions, 1);
    fixture_close(&f);
}

static void a_new_day_takes_them_out_of_danger(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 6, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "late", 6, 9, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "late"), ATP_APPLIED);
    f.now_ms += 4 * DAY;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = ATP_TEXT("po1")},
                           words_at("due", f.now_ms + DAY)),
                   ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2), ATP_APPLIED);
    assert_units("late", 0, 0, 6); /* its supply is to come: these are for sale */
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- in bounded steps ---- */

#define LINES 1000

/* 2,500 promises of one unit, of three reservations, of a supply that is to come. */
static fixture_t with_2500_pegged(void)
{
    atp_ledger_config_t config = fixture_config();
    atp_command_line_t lines[LINES];
    const uint32_t counts[] = {LINES, LINES, LINES / 2};
    const char *ids[] = {"a", "b", "c"};

    config.lines = 8192;
    config.pegs = 8192;
    config.progress = 8192;
    config.history = 32768;
    fixture_t f = fixture_open(&config);
    f.is_unchecked = true; /* many lines: checked where it matters */
    f.now_ms = (FIXTURE_START_MS / DAY + 1) * DAY;
    stock(&f, "S", "N", 0);
    assert_verdict(supply(&f, "po1", 2500, 3), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        for (uint32_t at = 0; at < counts[i]; at++) {
            lines[at] = line_of("S", "N", 1);
        }
        assert_verdict(do_with(&f,
                               (atp_command_t){.kind = ATP_OP_RESERVE,
                                               .id = atp_text_of(ids[i]),
                                               .line_count = counts[i],
                                               .lines = lines},
                               words_at("needed_by", f.now_ms + 4 * DAY)),
                       ATP_APPLIED);
    }
    return f;
}

/* They have lost it. */
static fixture_t with_2500_at_risk(void)
{
    fixture_t f = with_2500_pegged();

    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    fixture_check(&f);
    return f;
}

static void one_op_serves_so_many_and_pulses_go_on_at_once(void **state)
{
    fixture_t f = with_2500_at_risk();
    (void)state;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2600), ATP_APPLIED);
    fixture_check(&f);
    atp_qty_t served = view_of(&f, "S", "N").reserved;
    assert_true(served > 900 && served <= ATP_FILLS_PER_OP);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, served); /* not each op's work */
    assert_int_equal(fixture_pulses(&f), 2);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2500);
    assert_verdict(reserve(&f, "after", "S", "N", 100), ATP_APPLIED);
    fixture_close(&f);
}

static void meanwhile_nothing_is_shown_and_nothing_promised(void **state)
{
    fixture_t f = with_2500_at_risk();
    atp_qty_t by;
    (void)state;
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "web-buffer", "channel=web buffer=10"), ATP_APPLIED);
    assert_verdict(limit(&f, 5), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2600), ATP_APPLIED);
    atp_position_view_t seen = view_of(&f, "S", "N");
    assert_int_equal(atp_view_promisable(&seen), 5); /* what may be promised beyond stock */
    assert_int_equal(sees(&f, "web", "S"), 0);
    atp_ledger_schedule(f.ledger, row_of(&f), f.now_ms, atp_day_of(f.now_ms), 1, &by);
    assert_int_equal(by, 0);
    assert_verdict(reserve(&f, "r1", "S", "N", 6), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_with(&f, "r2", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING,
                                words_at("needed_by", f.now_ms + DAY)),
                   ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve(&f, "r3", "S", "N", 5), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r3", 0, ATP_LINE_BACKORDERED), 5);
    fixture_check(&f);
    (void)fixture_pulses(&f);
    assert_int_equal(line_units(&f, "r3", 0, ATP_LINE_RESERVED), 5); /* behind all of them */
    assert_int_equal(view_of(&f, "S", "N").reserved, 2505);
    assert_int_equal(sees(&f, "web", "S"), 85);
    fixture_close(&f);
}

static void stock_that_goes_again_leaves_the_rest_at_risk(void **state)
{
    fixture_t f = with_2500_at_risk();
    (void)state;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    atp_qty_t served = view_of(&f, "S", "N").reserved;
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "N", served), ATP_APPLIED);
    fixture_check(&f);
    assert_true(fixture_pulses(&f) <= 1);
    assert_int_equal(view_of(&f, "S", "N").reserved, served);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "c"), ATP_APPLIED); /* none of it is here */
    (void)fixture_pulses(&f);
    assert_int_equal(view_of(&f, "S", "N").reserved, served);
    fixture_close(&f);
}

static void who_finds_no_stock_is_told_when_all_are_served(void **state)
{
    fixture_t f = with_2500_pegged();
    (void)state;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2490), ATP_APPLIED); /* of something else */
    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    fixture_check(&f);
    assert_int_equal(counts_of(&f).exceptions, 0); /* who is at risk is not known yet */
    (void)fixture_pulses(&f);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2490);
    assert_int_equal(counts_of(&f).exceptions, 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_PROMISE_AT_RISK);
    assert_int_equal(newest_exception(&f)->qty, 10);
    assert_memory_equal(newest_exception(&f)->reservations[0], "c", 1);
    fixture_close(&f);
}

/* ---- more of them than one op looks at ---- */

/* What the exceptions of promises at risk say together. */
static atp_qty_t told_at_risk(const fixture_t *f)
{
    const atp_exceptions_t *exceptions = &f->ledger->exceptions;
    atp_qty_t qty = 0;

    for (uint64_t number = 1; number <= counts_of(f).exceptions; number++) {
        const atp_exception_t *exception = atp_exceptions_get(exceptions, number);
        qty += exception->kind == ATP_EXCEPTION_PROMISE_AT_RISK ? exception->qty : 0;
    }
    return qty;
}

static void all_are_told_that_they_are_at_risk(void **state)
{
    fixture_t f = with_2500_at_risk();
    (void)state;
    assert_int_equal(told_at_risk(&f), ATP_FILLS_PER_OP); /* by the op */
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_int_equal(fixture_pulses(&f), 2);
    assert_int_equal(told_at_risk(&f), 2500);
    assert_int_equal(counts_of(&f).exceptions, 3);
    fixture_close(&f);
}

static void all_find_the_supply_that_comes_instead(void **state)
{
    fixture_t f = with_2500_at_risk();
    (void)state;
    (void)fixture_pulses(&f);
    assert_verdict(supply(&f, "po2", 2400, 4), ATP_APPLIED);
    assert_int_equal(atp_supply_row(&f.ledger->supplies, row_of(&f))->unbacked, 2500 - ATP_FILLS_PER_OP);
    assert_verdict(reserve_with(&f, "late", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING,
                                words_at("needed_by", f.now_ms + 5 * DAY)),
                   ATP_NOT_ENOUGH_AVAILABLE); /* all of it is theirs */
    assert_int_equal(fixture_pulses(&f), 2);
    assert_int_equal(atp_supply_row(&f.ledger->supplies, row_of(&f))->unbacked, 100);
    assert_int_equal(told_at_risk(&f), 2500); /* nobody is told twice */
    fixture_close(&f);
}

static void who_comes_first_while_they_look_looks_too(void **state)
{
    fixture_t f = with_2500_at_risk(); /* 1,500 have not looked yet */
    (void)state;
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "c"), ATP_APPLIED); /* firm: before all others */
    fixture_check(&f);
    (void)fixture_pulses(&f);
    assert_int_equal(told_at_risk(&f), 2500);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "c"), ATP_APPLIED);
    fixture_check(&f);
    assert_verdict(supply(&f, "po2", 2500, 4), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "a"), ATP_APPLIED); /* some of them look still */
    (void)fixture_pulses(&f);
    assert_int_equal(atp_supply_row(&f.ledger->supplies, row_of(&f))->unbacked, 0);
    fixture_close(&f);
}

/* ---- the check ---- */

static void the_check_tells_a_look_that_goes_on_nowhere(void **state)
{
    fixture_t f = with_2500_at_risk();
    atp_why_t why = {""};
    (void)state;
    atp_supply_row_t *sums = atp_table_at(&f.ledger->supplies.rows, f.ledger->root->supplies.first_due - 1);
    const uint32_t from = sums->look_from;
    sums->look_from = (uint32_t)atp_table_count(&f.ledger->supplies.pegs) + 1;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "D7", 2);
    sums->look_from = from;
    fixture_close(&f);
}

static void the_check_tells_promises_that_nobody_serves(void **state)
{
    fixture_t f = with_2500_at_risk();
    atp_why_t why = {""};
    (void)state;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 2500), ATP_APPLIED);
    uint32_t *first_due = &f.ledger->root->supplies.first_due;
    atp_supply_row_t *sums = atp_table_at(&f.ledger->supplies.rows, *first_due - 1);
    const uint32_t listed = *first_due;
    *first_due = 0;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "D7", 2);
    *first_due = listed;
    sums->due = ATP_SUPPLY_NOT_DUE;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "D7", 2);
    sums->due = ATP_SUPPLY_GOES_ON;
    atp_position_t *position = atp_positions_at(&f.ledger->positions, row_of(&f));
    atp_position_set(position, ATP_POSITION_HAS_AT_RISK, false);
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "D7", 2);
    atp_position_set(position, ATP_POSITION_HAS_AT_RISK, true);
    fixture_close(&f);
}

static void the_check_tells_a_supply_in_the_wrong_place_of_its_day(void **state)
{
    fixture_t f = stocked(0);
    atp_why_t why = {""};
    (void)state;
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 5, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po3", 5, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "r1", 7, 3, 3),
                   ATP_APPLIED); /* one whole, one in part, one not at all */
    atp_supply_day_t *day = atp_table_at(&f.ledger->supplies.days, 0);
    const uint32_t last_partly = day->last_partly;
    assert_int_not_equal(last_partly, 0);
    day->last_partly = 0;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "D8", 2);
    day->last_partly = last_partly;
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(released_stock_serves_them_before_the_queue),
        cmocka_unit_test(expired_stock_serves_them_when_the_position_is_met),
        cmocka_unit_test(a_step_finds_what_expired_for_it),
        cmocka_unit_test(returned_and_found_stock_serves_them),
        cmocka_unit_test(they_are_served_in_their_order),
        cmocka_unit_test(who_replaces_a_reservation_has_its_stock_first),
        cmocka_unit_test(promises_of_overdue_supply_take_what_is_free_once_it_is_told),
        cmocka_unit_test(a_new_day_takes_them_out_of_danger),
        cmocka_unit_test(one_op_serves_so_many_and_pulses_go_on_at_once),
        cmocka_unit_test(meanwhile_nothing_is_shown_and_nothing_promised),
        cmocka_unit_test(stock_that_goes_again_leaves_the_rest_at_risk),
        cmocka_unit_test(who_finds_no_stock_is_told_when_all_are_served),
        cmocka_unit_test(all_are_told_that_they_are_at_risk),
        cmocka_unit_test(all_find_the_supply_that_comes_instead),
        cmocka_unit_test(who_comes_first_while_they_look_looks_too),
        cmocka_unit_test(the_check_tells_a_look_that_goes_on_nowhere),
        cmocka_unit_test(the_check_tells_promises_that_nobody_serves),
        cmocka_unit_test(the_check_tells_a_supply_in_the_wrong_place_of_its_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

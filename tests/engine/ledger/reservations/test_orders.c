/* Orders: reservations are found by an external number, released and cancelled by it; partial steps, and the history. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

static atp_result_t reserve_for_order(fixture_t *f, const char *id, const char *order, atp_qty_t qty)
{
    char words[80];

    snprintf(words, sizeof words, "order_id=%s", order);
    return reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING, words);
}

static atp_result_t step_order(fixture_t *f, atp_op_kind_t kind, const char *order, atp_qty_t qty)
{
    char words[80];

    snprintf(words, sizeof words, "order_id=%s", order);
    return step_with(f, kind, false, "", "S", "N", qty, words);
}

static unsigned order_size(const fixture_t *f, const char *id)
{
    const atp_orders_t *orders = &atp_ledger_reservations(f->ledger)->orders;
    atp_text_t text = atp_text_of(id);
    const atp_order_t *order = atp_orders_find(orders, text, atp_hash_text(text, atp_ledger_seed(f->ledger)));
    unsigned count = 0;

    for (; order != NULL; order = atp_orders_next(orders, order)) {
        count++;
    }
    return count;
}

static void reservations_are_found_by_their_order(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    for (unsigned i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve_for_order(&f, id, "o-1", 1), ATP_APPLIED);
    }
    assert_verdict(reserve_for_order(&f, "other", "o-2", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "none", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(order_size(&f, "o-1"), 3);
    assert_int_equal(order_size(&f, "o-2"), 1);
    assert_int_equal(order_size(&f, "o-3"), 0);
    fixture_close(&f);
}

static void an_order_is_released_and_cancelled_as_a_whole(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve_for_order(&f, "r1", "o", 2);
    reserve_for_order(&f, "r2", "o", 3);
    reserve_for_order(&f, "other", "p", 1);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    atp_result_t released = step_order(&f, ATP_OP_RELEASE, "o", 0);
    assert_verdict(released, ATP_APPLIED);
    assert_int_equal(released.qty, 3); /* r2; r1 is allocated */
    assert_refused(step_order(&f, ATP_OP_RELEASE, "o", 0), ATP_ALREADY_ALLOCATED, ATP_FIELD_RESERVATION);
    atp_result_t cancelled = step_order(&f, ATP_OP_CANCEL, "o", 0);
    assert_verdict(cancelled, ATP_APPLIED);
    assert_int_equal(cancelled.qty, 2);
    assert_int_equal(atp_of(&f, "S", "N"), 9);
    assert_refused(step_order(&f, ATP_OP_CANCEL, "unknown", 0), ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void lines_of_an_order_are_found_wherever_they_are(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve_for_order(&f, "r1", "o", 2);
    reserve_for_order(&f, "r2", "o", 3);
    assert_verdict(step_order(&f, ATP_OP_RELEASE, "o", 3), ATP_APPLIED); /* only r2 has three */
    assert_int_equal(line_units(&f, "r1", 0, ATP_LINE_RESERVED), 2);
    assert_int_equal(line_units(&f, "r2", 0, ATP_LINE_RESERVED), 0);
    assert_refused(step_order(&f, ATP_OP_RELEASE, "o", 3), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void a_step_names_an_order_or_a_reservation(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve_for_order(&f, "r1", "o", 2);
    assert_refused(step_with(&f, ATP_OP_RELEASE, false, "r1", "S", "N", 0, "order_id=o"),
                   ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    assert_refused(step_with(&f, ATP_OP_RELEASE, false, "", "S", "N", 0, ""), ATP_ID_INVALID,
                   ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void what_of_an_order_has_expired_is_not_released(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve_for_order(&f, "r1", "o", 2);
    f.now_ms += 1000000000;
    assert_refused(step_order(&f, ATP_OP_RELEASE, "o", 0), ATP_ALREADY_EXPIRED, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void a_forgotten_reservation_leaves_its_order(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 100);
    for (unsigned i = 0; i < 12; i++) { /* the first of the chain goes, and the middle, and all */
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve_for_order(&f, id, i % 4 == 3 ? "p" : "o", 1), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
    }
    assert_int_equal(order_size(&f, "o") + order_size(&f, "p"), 3);
    for (unsigned i = 12; i < 15; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve(&f, id, "S", "N", 1), ATP_APPLIED);
    }
    assert_int_equal(order_size(&f, "o") + order_size(&f, "p"), 0);
    fixture_close(&f);
}

/* ---- partial steps ---- */

static void a_ship_takes_packed_units_first_then_picked_then_allocated(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve(&f, "r", "S", "N", 6);
    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_line(&f, ATP_OP_PICK, "r", "S", "N", 4);
    step_line(&f, ATP_OP_PACK, "r", "S", "N", 2);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_ALLOCATED), 2);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PICKED), 2);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PACKED), 2);
    assert_int_equal(view_of(&f, "S", "N").allocated, 6);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 3), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PACKED), 0);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PICKED), 1);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_ALLOCATED), 2);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 7);
    assert_verdict(step_line(&f, ATP_OP_CANCEL, "r", "S", "N", 3),
                   ATP_APPLIED); /* the remainder is free: C10 */
    assert_int_equal(atp_of(&f, "S", "N"), 7);
    fixture_close(&f);
}

static void units_a_node_cannot_fulfil_are_told(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve(&f, "r", "S", "N", 6);
    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_line(&f, ATP_OP_PICK, "r", "S", "N", 4);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "N", 2), ATP_APPLIED); /* those not picked yet */
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_SHORT), 2);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PICKED), 4);
    assert_int_equal(view_of(&f, "S", "N").allocated, 4);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHORT);
    assert_int_equal(newest_exception(&f)->qty, 2);
    assert_memory_equal(newest_exception(&f)->reservations[0], "r", 1);
    fixture_close(&f);
}

static void a_fact_books_what_it_can_and_tells_the_rest(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    reserve(&f, "r", "S", "N", 6);
    step_line(&f, ATP_OP_ALLOCATE, "r", "S", "N", 4);
    assert_verdict(step_fact(&f, ATP_OP_PICK, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_fact(&f, ATP_OP_PICK, "r", "S", "N", 3),
                   ATP_APPLIED); /* 1, and 2 of the 3 told before */
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PICKED), 4);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(step_fact(&f, ATP_OP_PACK, "r", "S", "N", 9), ATP_APPLIED_IN_PART);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_STEP_NOT_POSSIBLE);
    assert_int_equal(newest_exception(&f)->qty, 5);
    assert_refused(step_fact(&f, ATP_OP_DELIVER, "r", "S", "N", 1), ATP_NOT_SHIPPED, ATP_FIELD_LINES);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    fixture_close(&f);
}

static void a_step_beyond_the_room_for_it_is_refused_by_name(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.progress = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 10);
    reserve(&f, "a", "S", "N", 1);
    reserve(&f, "b", "S", "N", 1);
    step_all(&f, ATP_OP_ALLOCATE, "a");
    step_all(&f, ATP_OP_ALLOCATE, "b");
    assert_verdict(step_all(&f, ATP_OP_PICK, "a"), ATP_APPLIED);
    assert_refused(step_all(&f, ATP_OP_PICK, "b"), ATP_PROGRESS_FULL, ATP_FIELD_LINES);
    assert_refused(step_fact(&f, ATP_OP_PICK, "b", "S", "N", 1), ATP_PROGRESS_FULL, ATP_FIELD_LINES);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "b"), ATP_APPLIED); /* needs none */
    assert_refused(step_all(&f, ATP_OP_RETURN, "b"), ATP_PROGRESS_FULL, ATP_FIELD_LINES);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "a"), ATP_APPLIED);
    assert_refused(step_all(&f, ATP_OP_RETURN, "b"), ATP_PROGRESS_FULL,
                   ATP_FIELD_LINES); /* its own record is next */
    reserve(&f, "c", "S", "N", 1);
    step_all(&f, ATP_OP_ALLOCATE, "c");
    assert_verdict(step_all(&f, ATP_OP_PICK, "c"), ATP_APPLIED); /* at the cost of the oldest ended ones */
    fixture_close(&f);
}

/* ---- history ---- */

static void every_step_is_in_the_history_with_its_cause(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_history_t *history = &atp_ledger_reservations(f.ledger)->history;

    stock(&f, "S", "N", 10);
    assert_verdict(reserve_for(&f, "r", "S", "N", 6, 1000), ATP_APPLIED);
    uint64_t granted = f.result.op;
    f.now_ms += 10;
    step_line(&f, ATP_OP_ALLOCATE, "r", "S", "N", 4); /* and releases 2 */
    step_line(&f, ATP_OP_PICK, "r", "S", "N", 1);
    static const struct {
        atp_step_t step;
        atp_op_kind_t kind;
        atp_qty_t qty;
    } expected[] = {{ATP_STEP_PICK, ATP_OP_PICK, 1},
                    {ATP_STEP_RELEASE, ATP_OP_ALLOCATE, 2},
                    {ATP_STEP_ALLOCATE, ATP_OP_ALLOCATE, 4},
                    {ATP_STEP_RESERVE, ATP_OP_RESERVE, 6}};
    const atp_history_step_t *step = atp_history_newest(history, reservation_of(&f, "r"));
    for (unsigned i = 0; i < 4; i++) {
        assert_non_null(step);
        assert_int_equal(step->step, expected[i].step);
        assert_int_equal(step->op_kind, expected[i].kind);
        assert_int_equal(step->qty, expected[i].qty);
        assert_int_equal(step->time_ms, i == 3 ? f.now_ms - 10 : f.now_ms);
        assert_true(i != 3 || step->op == granted);
        step = atp_history_before(history, step);
    }
    assert_null(step);
    fixture_close(&f);
}

static void an_expiry_is_in_the_history_of_the_reservation_that_expired(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_history_t *history = &atp_ledger_reservations(f.ledger)->history;

    stock(&f, "S", "N", 10);
    reserve_for(&f, "r", "S", "N", 6, 1000);
    f.now_ms += 1000;
    assert_verdict(reserve(&f, "next", "S", "N", 10), ATP_APPLIED); /* meets it on the way */
    const atp_history_step_t *step = atp_history_newest(history, reservation_of(&f, "r"));
    assert_int_equal(step->step, ATP_STEP_EXPIRE);
    assert_int_equal(step->op, f.result.op);
    fixture_close(&f);
}

static void a_full_history_ends_early_and_never_leads_astray(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.history = 3;
    fixture_t f = fixture_open(&config);
    const atp_history_t *history = &atp_ledger_reservations(f.ledger)->history;

    stock(&f, "S", "N", 10);
    reserve(&f, "a", "S", "N", 1);
    reserve(&f, "b", "S", "N", 1);
    step_all(&f, ATP_OP_ALLOCATE, "a");
    const atp_history_step_t *step = atp_history_newest(history, reservation_of(&f, "a"));
    assert_int_equal(step->step, ATP_STEP_ALLOCATE);
    assert_int_equal(atp_history_before(history, step)->step, ATP_STEP_RESERVE);
    step_all(&f, ATP_OP_PICK, "a"); /* the grant of a goes */
    step = atp_history_newest(history, reservation_of(&f, "a"));
    step = atp_history_before(history, step);
    assert_int_equal(step->step, ATP_STEP_ALLOCATE);
    assert_int_not_equal(step->previous, 0); /* there was more */
    assert_null(atp_history_before(history, step));
    step_all(&f, ATP_OP_SHIP, "a");
    assert_null(atp_history_newest(history, reservation_of(&f, "b")));
    fixture_close(&f);
}

/* ---- correlation ids ---- */

static atp_result_t reserve_under(fixture_t *f, const char *id, const char *correlation)
{
    atp_command_line_t line = line_of("S", "N", 1);
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .issued_ms = f->now_ms,
                             .line_count = 1,
                             .lines = &line,
                             .correlation = atp_text_of(correlation)};

    return fixture_do(f, command);
}

static void assert_newest_is_under(const fixture_t *f, const char *id, const char *correlation)
{
    const atp_history_t *history = &atp_ledger_reservations(f->ledger)->history;
    const atp_history_step_t *step = atp_history_newest(history, reservation_of(f, id));

    assert_non_null(step);
    assert_true(atp_text_equal(atp_history_correlation(history, step), atp_text_of(correlation)));
}

static void a_step_has_the_correlation_id_of_its_op(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(reserve_under(&f, "a", "order-1"), ATP_APPLIED);
    assert_newest_is_under(&f, "a", "order-1");
    step_all(&f, ATP_OP_ALLOCATE, "a"); /* says none */
    assert_newest_is_under(&f, "a", "");
    fixture_close(&f);
}

static void a_retry_under_another_correlation_id_is_the_same_request(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    uint64_t op = reserve_under(&f, "a", "try-1").op;
    atp_result_t again = reserve_under(&f, "a", "try-2");
    assert_verdict(again, ATP_APPLIED);
    assert_int_equal(again.is_repeat, 1);
    assert_int_equal(again.op, op);
    assert_newest_is_under(&f, "a", "try-1");
    fixture_close(&f);
}

/* The ring of ids turns round many times, with steps that have none in between: no step refers to another op's (Y2). */
static void a_correlation_id_is_kept_as_long_as_its_step(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    char id[16];
    char correlation[16];

    config.history = 5;
    fixture_t f = fixture_open(&config);
    stock(&f, "S", "N", 1000);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "r%u", i);
        snprintf(correlation, sizeof correlation, "c%u", i);
        bool is_under = i % 3 != 0;
        assert_verdict(reserve_under(&f, id, is_under ? correlation : ""), ATP_APPLIED);
        assert_newest_is_under(&f, id, is_under ? correlation : "");
        for (unsigned back = 1; back <= i && back < 5; back++) {
            snprintf(id, sizeof id, "r%u", i - back);
            snprintf(correlation, sizeof correlation, "c%u", i - back);
            assert_newest_is_under(&f, id, (i - back) % 3 != 0 ? correlation : "");
        }
    }
    fixture_close(&f);
}

static void an_exception_has_the_correlation_id_of_its_op(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 2);
    reserve(&f, "a", "S", "N", 2);
    atp_command_line_t line = line_of("S", "N", 1);
    atp_command_t count = {.kind = ATP_OP_COUNT,
                           .id = ATP_TEXT("count-1"),
                           .issued_ms = f.now_ms,
                           .is_fact = true,
                           .line_count = 1,
                           .lines = &line,
                           .correlation = ATP_TEXT("stocktake-9")};
    assert_verdict(fixture_do(&f, count), ATP_APPLIED);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_true(atp_text_equal((atp_text_t){exception->correlation, exception->correlation_size},
                               ATP_TEXT("stocktake-9")));
    ship_fact(&f, "", "S", "N", 1); /* says none */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION);
    assert_int_equal(newest_exception(&f)->correlation_size, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reservations_are_found_by_their_order),
        cmocka_unit_test(an_order_is_released_and_cancelled_as_a_whole),
        cmocka_unit_test(lines_of_an_order_are_found_wherever_they_are),
        cmocka_unit_test(a_step_names_an_order_or_a_reservation),
        cmocka_unit_test(what_of_an_order_has_expired_is_not_released),
        cmocka_unit_test(a_forgotten_reservation_leaves_its_order),
        cmocka_unit_test(a_ship_takes_packed_units_first_then_picked_then_allocated),
        cmocka_unit_test(units_a_node_cannot_fulfil_are_told),
        cmocka_unit_test(a_fact_books_what_it_can_and_tells_the_rest),
        cmocka_unit_test(a_step_beyond_the_room_for_it_is_refused_by_name),
        cmocka_unit_test(every_step_is_in_the_history_with_its_cause),
        cmocka_unit_test(an_expiry_is_in_the_history_of_the_reservation_that_expired),
        cmocka_unit_test(a_full_history_ends_early_and_never_leads_astray),
        cmocka_unit_test(a_step_has_the_correlation_id_of_its_op),
        cmocka_unit_test(a_retry_under_another_correlation_id_is_the_same_request),
        cmocka_unit_test(a_correlation_id_is_kept_as_long_as_its_step),
        cmocka_unit_test(an_exception_has_the_correlation_id_of_its_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* atp_ledger_check on promises: reservations and their lines (H), the trees (P), progress (Q), orders (E), the history (Y), the
 * wheel (W) and the archive (A): each record broken a field at a time. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "engine/ledger/reservations/archive.h"
#include "engine/ledger/reservations/history.h"
#include "engine/ledger/reservations/orders.h"

#include <stdio.h>

#define AFTER_MS (INT64_C(30) * 24 * 3600 * 1000) /* until one is archived */

/* The functions of two parts of the ledger, as one that takes the ledger only. */
static atp_err_t check_reservations(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t lines_in_trees = 0;

    return atp_check_reservations(ledger, &lines_in_trees, ret_why);
}

static atp_err_t check_trees(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t lines = 0;

    for (uint32_t i = 0; i < atp_table_count(&ledger->reservations.lines); i++) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, i);
        lines += line->is_in_tree && line->granted > 0;
    }
    return atp_check_trees(ledger, lines, ret_why);
}

static void ship(fixture_t *f, const char *id, const char *words, atp_qty_t qty)
{
    assert_verdict(reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING, words), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_ALLOCATE, id), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_SHIP, id), ATP_APPLIED);
}

static fixture_t open_with_stock(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "T", "M", 50);
    return f;
}

/* ---- progress ---- */

/* One line that has come all the way in parts: 2 picked, 1 packed, 5 shipped of which 1 delivered, 1 returned. */
static fixture_t on_the_way(void)
{
    fixture_t f = open_with_stock();

    assert_verdict(reserve(&f, "r", "S", "N", 10), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_PICK, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_PACK, "r", "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "S", "N", 5), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_DELIVER, "r", "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "S", "N", 1, "disposition=restock"), ATP_APPLIED);
    assert_verdict(reserve(&f, "other", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "other"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_PICK, "other"), ATP_APPLIED);
    assert_verdict(reserve(&f, "gone", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "gone"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "gone"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_DELIVER, "gone"), ATP_APPLIED);
    assert_verdict(reserve(&f, "plain", "S", "N", 2), ATP_APPLIED);
    return f;
}

static void progress_beyond_its_line_is_named(void **state)
{
    (void)state;
    fixture_t f = on_the_way();
    atp_progress_t *progress = progress_of(&f, "r", 0);
    atp_qty_t *const quantities[] = {
        &progress->picked,    &progress->packed,      &progress->delivered,
        &progress->returned,  &progress->reconciled,  &progress->return_reconciled,
        &progress->short_qty, &progress->backordered, &progress->pegged};

    for (unsigned i = 0; i < sizeof quantities / sizeof quantities[0]; i++) {
        expect_broken(&f, atp_check_progress, "Q2", *progress, *quantities[i] = -1);
    }
    expect_broken(&f, atp_check_progress, "Q2", *progress, progress->picked = 11);
    expect_broken(&f, atp_check_progress, "Q2", *progress, progress->delivered = 6);
    expect_broken(&f, atp_check_progress, "Q2", *progress, progress->short_qty = 1);
    fixture_close(&f);
}

static void progress_of_another_line_is_named(void **state)
{
    (void)state;
    fixture_t f = on_the_way();
    atp_progress_t *progress = progress_of(&f, "r", 0);
    atp_line_t *line = line_to_break(&f, "r", 0);
    atp_line_t *plain = line_to_break(&f, "plain", 0);

    expect_broken(&f, atp_check_progress, "Q1", *progress, progress->line = NOWHERE);
    expect_broken(&f, atp_check_progress, "Q1", *progress,
                  progress->line = line_number_of(&f, "plain", 0) + 1);
    expect_broken(&f, atp_check_progress, "Q1", *progress,
                  progress->line = line_number_of(&f, "other", 0) + 1);
    expect_broken(&f, atp_check_progress, "Q1", *progress, progress->next = 1);
    expect_broken(&f, atp_check_progress, "Q1", *line, line->has_progress = 0);
    expect_broken(&f, atp_check_progress, "Q1", *plain, plain->has_progress = 1);
    expect_broken(&f, atp_check_progress, "X1", f.ledger->reservations.progress.index.count,
                  f.ledger->reservations.progress.index.count++);
    fixture_close(&f);
}

static void a_broken_chain_of_free_progress_is_named(void **state)
{
    (void)state;
    fixture_t f = on_the_way();
    atp_progress_book_t *book = &f.ledger->reservations.progress;
    atp_line_t *line = line_to_break(&f, "gone", 0);

    atp_progress_drop(book, line_number_of(&f, "gone", 0)); /* nothing asks for it any more */
    line->has_progress = 0;
    atp_progress_t *dropped = atp_table_at(&book->records, book->heads->free - 1);
    expect_broken(&f, atp_check_progress, "Q1", *book->heads, book->heads->free = NOWHERE);
    expect_broken(&f, atp_check_progress, "Q1", *book->heads, book->heads->free = 0);
    expect_broken(&f, atp_check_progress, "Q1", *book->heads, book->heads->free = 1); /* in use */
    expect_broken(&f, atp_check_progress, "Q1", *book->heads, book->heads->free_count++);
    expect_broken(&f, atp_check_progress, "Q1", *dropped, dropped->next = book->heads->free);
    fixture_close(&f);
}

/* ---- orders ---- */

/* Three reservations of an order, one of another; one that was of an order and is gone. */
static fixture_t ordered(void)
{
    atp_ledger_config_t config = fixture_config();
    config.reservations = 6;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 100);
    assert_verdict(reserve_with(&f, "gone", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=o"),
                   ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "gone"), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "a", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=o"), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "b", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=o"), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "c", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=o"), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "d", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=p"), ATP_APPLIED);
    assert_verdict(reserve(&f, "e", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "f", "S", "N", 1), ATP_APPLIED); /* in the place of the one that is gone */
    return f;
}

static atp_order_t *order_of(const fixture_t *f, const char *id)
{
    const atp_order_t *order = atp_orders_of(&f->ledger->reservations.orders, reservation_of(f, id));

    assert_non_null(order);
    return (atp_order_t *)(uintptr_t)order;
}

static void orders_of_other_reservations_are_named(void **state)
{
    (void)state;
    fixture_t f = ordered();
    atp_order_t *order = order_of(&f, "b");
    atp_reservation_t *reservation = record_of(&f, "b");
    atp_reservation_t *none = record_of(&f, "e");
    atp_order_heads_t *heads = f.ledger->reservations.orders.heads;

    expect_broken(&f, atp_check_orders, "E1", *order, order->reservation = NOWHERE);
    expect_broken(&f, atp_check_orders, "E1", *order, order->reservation = reservation_of(&f, "e") + 1);
    expect_broken(&f, atp_check_orders, "E1", *order, order->reservation = reservation_of(&f, "d") + 1);
    expect_broken(&f, atp_check_orders, "E1", *reservation, reservation->has_order = 0);
    expect_broken(&f, atp_check_orders, "E1", *none, none->has_order = 1);
    expect_broken(&f, atp_check_orders, "E1", *heads, heads->free_count++);
    expect_broken(&f, atp_check_orders, "E1", *heads, heads->free = order->next); /* in use */
    expect_broken(&f, atp_check_orders, "E1", *heads, heads->free = NOWHERE);
    expect_broken(&f, atp_check_orders, "X1", f.ledger->reservations.orders.by_id.count,
                  f.ledger->reservations.orders.by_id.count++);
    expect_broken(&f, atp_check_orders, "X1", f.ledger->reservations.orders.by_reservation.count,
                  f.ledger->reservations.orders.by_reservation.count++);
    fixture_close(&f);
}

static void orders_that_do_not_hang_together_are_named(void **state)
{
    (void)state;
    fixture_t f = ordered();
    const atp_orders_t *orders = &f.ledger->reservations.orders;
    atp_order_t *order = order_of(&f, "b");
    atp_order_t *first = (atp_order_t *)(uintptr_t)atp_orders_find(orders, ATP_TEXT("o"), order->hash);
    atp_order_t *alone = order_of(&f, "d");

    expect_broken(&f, atp_check_orders, "E2", *order, order->id_size = 0);
    expect_broken(&f, atp_check_orders, "E2", *order, order->id_size = ATP_ID_SIZE_MAX + 1);
    expect_broken(&f, atp_check_orders, "E2", *order, order->next = NOWHERE);
    expect_broken(&f, atp_check_orders, "E2", *order, order->previous = NOWHERE);
    expect_broken(&f, atp_check_orders, "E2", *order, order->hash++);
    expect_broken(&f, atp_check_orders, "E2", *order, order->id[0] = 'x');
    expect_broken(&f, atp_check_orders, "E2", *first, first->next = 0);
    expect_broken(&f, atp_check_orders, "E2", *alone, alone->previous = first->next);
    expect_broken(&f, atp_check_orders, "E2", *order, order->previous = 0);
    expect_both_broken(&f, atp_check_orders, "E2", *first, first->hash++, *order, order->hash--);
    fixture_close(&f);
}

static void a_chain_of_free_orders_that_is_too_short_is_named(void **state)
{
    (void)state;
    fixture_t f = ordered();
    atp_orders_t *orders = &f.ledger->reservations.orders;

    for (const char *const *id = (const char *const[]){"d", "b", NULL}; *id != NULL; id++) {
        atp_orders_drop(orders, reservation_of(&f, *id));
        record_of(&f, *id)->has_order = 0;
    }
    expect_whole(&f, atp_check_orders, "dropped");
    expect_broken(&f, atp_check_orders, "E1", *orders->heads, orders->heads->free = 0);
    atp_order_t *dropped = atp_table_at(&orders->records, orders->heads->free - 1);
    expect_broken(&f, atp_check_orders, "E1", *dropped, dropped->next = orders->heads->free);
    expect_broken(&f, atp_check_orders, "E1", *dropped, dropped->next = 1); /* in use */
    fixture_close(&f);
}

/* ---- history ---- */

static void a_history_that_is_out_of_order_is_named(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    fixture_do(&f, (atp_command_t){.kind = ATP_OP_ALLOCATE, .reservation = ATP_TEXT("none")});
    const atp_command_line_t line = line_of("S", "N", 1);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("r"),
                                                  .correlation = ATP_TEXT("basket-4711"),
                                                  .line_count = 1,
                                                  .lines = &line}),
                   ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    atp_history_t *history = &f.ledger->reservations.history;
    atp_history_step_t *step = atp_table_at(&history->steps, 1);
    atp_history_step_t *correlated = atp_table_at(&history->steps, 0);
    atp_correlation_t *correlation = atp_table_at(&history->correlations, 0);
    uint64_t *last = atp_table_at(&history->last, 0);

    expect_broken(&f, atp_check_orders, "Y1", *history->heads, history->heads->newest++);
    expect_broken(&f, atp_check_orders, "Y1", *step, step->number++);
    expect_broken(&f, atp_check_orders, "Y1", *step, step->previous = step->number);
    expect_broken(&f, atp_check_orders, "Y1", *step, step->op = 999999);
    expect_broken(&f, atp_check_orders, "Y1", *step, step->step = ATP_STEP_COUNT);
    expect_broken(&f, atp_check_orders, "Y1", *step, step->row = NOWHERE);
    expect_broken(&f, atp_check_orders, "Y1", *last, *last = 99);
    expect_broken(&f, atp_check_orders, "Y2", *correlated, correlated->correlation = NOWHERE);
    expect_broken(&f, atp_check_orders, "Y2", *step, step->correlation = 1); /* of another op */
    expect_broken(&f, atp_check_orders, "Y2", *correlation, correlation->size = 0);
    expect_broken(&f, atp_check_orders, "Y2", *correlation, correlation->size = ATP_ID_SIZE_MAX + 1);
    fixture_close(&f);
}

/* ---- reservations, trees and the wheel ---- */

/* Ten reservations of S at N with deadlines of their own; one of two lines; ended ones; reconciled ones. */
static fixture_t promised(void)
{
    fixture_t f = open_with_stock();
    const atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("T", "M", 1)};

    for (unsigned i = 0; i < 10; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve_for(&f, id, "S", "N", 1, 10000 + 7 * i), ATP_APPLIED);
    }
    assert_verdict(reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "e%u", i);
        assert_verdict(reserve(&f, id, "S", "N", 1), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
        snprintf(id, sizeof id, "s%u", i);
        ship(&f, id, "", 1);
        f.now_ms++;
        assert_verdict(step_all(&f, ATP_OP_RECONCILE, id), ATP_APPLIED);
    }
    return f;
}

static void buckets_that_no_position_can_have_are_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_position_t *position = atp_positions_at(&f.ledger->positions, 0);
    _Atomic int64_t *const buckets[] = {&position->reserved, &position->allocated, &position->unavailable,
                                        &position->safety};

    for (unsigned i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        expect_broken(&f, atp_check_positions, "P1", *position, (atp_store_relaxed(buckets[i], -1), 0));
        expect_broken(&f, atp_check_positions, "P2", *position,
                      (atp_store_relaxed(buckets[i], ATP_QTY_MAX + 1), 0));
    }
    expect_broken(&f, atp_check_positions, "P6", *position, position->sku = NOWHERE);
    expect_broken(&f, atp_check_positions, "P6", *position, position->node = NOWHERE);
    expect_broken(&f, atp_check_positions, "P6", f.ledger->positions.rows.count,
                  put_count(&f.ledger->positions.rows, 1));
    fixture_close(&f);
}

static void trees_out_of_order_are_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_reservations_t *reservations = &f.ledger->reservations;
    atp_position_t *position = atp_positions_at(&f.ledger->positions, 0);
    atp_line_t *first = line_to_break(&f, "r0", 0);
    atp_line_t *line = line_to_break(&f, "r5", 0);
    atp_line_t *last = atp_line_at(reservations, position->last_line - 1);

    expect_broken(&f, check_trees, "H5", *position, position->last_line = NOWHERE);
    expect_broken(&f, check_trees, "H5", *last, last->above = NOWHERE);
    expect_broken(&f, check_trees, "H5", *last, last->above = position->last_line); /* it does not end */
    expect_broken(&f, check_trees, "H5", *line, line->right = NOWHERE);
    expect_broken(&f, check_trees, "H5", *line, line->left = line_number_of(&f, "two", 1) + 1);
    expect_broken(&f, check_trees, "H5", *line, line->row++);
    expect_broken(&f, check_trees, "H5", *line, line->is_in_tree = 0);
    expect_broken(&f, check_trees, "H5", *line, line->deadline += 1000000);
    expect_both_broken(&f, check_trees, "H5", *line, line->deadline = 1000, *first, first->deadline = 1000);
    expect_broken(&f, check_trees, "P3", *position, (atp_store_relaxed(&position->reserved, 1), 0));
    expect_broken(&f, check_trees, "P3", *position, (atp_store_relaxed(&position->allocated, 1), 0));
    expect_broken(&f, check_trees, "P4", *position,
                  (atp_store_relaxed(&position->soonest_deadline_ms, 1), 0));
    fixture_close(&f);
}

static void lines_that_do_not_add_up_are_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_line_t *line = line_to_break(&f, "two", 0);
    atp_line_t *second = line_to_break(&f, "two", 1);
    atp_line_t *ended = line_to_break(&f, "e1", 0);

    expect_broken(&f, check_reservations, "H1", *line, line->reservation++);
    expect_broken(&f, check_reservations, "H1", *line, line->row = NOWHERE);
    expect_broken(&f, check_reservations, "H1", *line,
                  line->number = 9); /* the next one has a lower number */
    expect_broken(&f, check_reservations, "H1", *line, line->next = NOWHERE);
    expect_broken(&f, check_reservations, "H1", *second, second->next = 1);
    expect_broken(&f, check_reservations, "H2", *line, line->reserved = -1);
    expect_broken(&f, check_reservations, "H2", *line, line->allocated = -1);
    expect_broken(&f, check_reservations, "H2", *line, line->shipped = -1);
    expect_broken(&f, check_reservations, "H2", *line, line->granted--);
    expect_broken(&f, check_reservations, "H2", *line, line->ended_as = ATP_LINE_RELEASED);
    expect_broken(&f, check_reservations, "H2", *ended, ended->ended_as = ATP_LINE_ACCEPTED);
    expect_broken(&f, check_reservations, "H3", *line, line->is_in_tree = 0);
    expect_broken(&f, check_reservations, "H3", *ended, ended->is_in_tree = 1);
    expect_broken(&f, check_reservations, "H5", *line, line->deadline++);
    fixture_close(&f);
}

static void reservations_that_are_not_what_they_say_are_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_reservation_t *reservation = record_of(&f, "two");
    atp_reservation_t *ended = record_of(&f, "e1");
    atp_reservation_t *shipped = record_of(&f, "s1");

    expect_broken(&f, check_reservations, "H1", *reservation, reservation->id_ref = NOWHERE * 10);
    expect_broken(&f, check_reservations, "H1", *reservation, reservation->line_count = 3);
    expect_broken(&f, check_reservations, "H1", *reservation, reservation->line_count = 1);
    expect_broken(&f, check_reservations, "H1", *ended, (ended->line_count = 0, ended->first_line = 0));
    expect_broken(&f, check_reservations, "H1", *ended, ended->status = ATP_RESERVATION_LIVE);
    expect_broken(&f, check_reservations, "H1", *shipped, shipped->status = ATP_RESERVATION_LIVE);
    expect_broken(&f, check_reservations, "H4", *reservation, reservation->is_in_wheel = 0);
    expect_broken(&f, check_reservations, "H4", *ended, ended->is_in_wheel = 1);
    expect_broken(&f, check_reservations, "L2", *reservation, reservation->version = 999999);
    expect_broken(&f, check_reservations, "L2", *reservation, reservation->created_ms += 60000);
    expect_broken(&f, check_reservations, "L2", *reservation, reservation->channel = 99);
    fixture_close(&f);
}

static void broken_queues_of_what_ended_are_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_reservation_heads_t *heads = f.ledger->reservations.heads;
    atp_reservation_t *ended = record_of(&f, "e1");

    expect_broken(&f, check_reservations, "H1", *heads, heads->free_reservation = 1);
    expect_broken(&f, check_reservations, "H1", *heads, heads->ended_first = NOWHERE);
    expect_broken(&f, check_reservations, "H1", *heads, heads->ended_first = 0);
    expect_broken(&f, check_reservations, "H1", *heads, heads->ended_last = 1);
    expect_broken(&f, check_reservations, "H1", *ended, ended->previous = 0);
    expect_broken(&f, check_reservations, "H1", *ended, ended->next = NOWHERE);
    expect_broken(&f, check_reservations, "H1", *heads, heads->reconciled_first = 0);
    expect_broken(&f, check_reservations, "H1", *heads, heads->reconciled_last = 1);
    expect_broken(&f, check_reservations, "H1", *heads, heads->reconciled_count++);
    expect_broken(&f, check_reservations, "L4", *heads, heads->live_count++);
    expect_broken(&f, check_reservations, "L4", *heads, heads->ended_count++);
    expect_broken(&f, check_reservations, "L4", *heads, heads->reserved_lines++);
    expect_broken(&f, check_reservations, "L4", *heads, heads->allocated_lines++);
    expect_broken(&f, check_reservations, "X1", f.ledger->reservations.index.count,
                  f.ledger->reservations.index.count++);
    fixture_close(&f);
}

static void a_broken_chain_of_free_lines_is_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_reservation_heads_t *heads = f.ledger->reservations.heads;

    f.now_ms += AFTER_MS; /* what was reconciled goes: its lines are free */
    assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    assert_true(heads->free_line_count > 1);
    atp_line_t *line = atp_line_at(&f.ledger->reservations, heads->free_line - 1);
    expect_broken(&f, check_reservations, "L4", *heads, heads->free_line = NOWHERE);
    expect_broken(&f, check_reservations, "L4", *heads, heads->free_line = 0);
    expect_broken(&f, check_reservations, "L4", *heads, heads->free_line_count--);
    expect_broken(&f, check_reservations, "L4", *heads, heads->free_line_count++);
    expect_broken(&f, check_reservations, "L4", *line, line->next = heads->free_line);
    expect_both_broken(&f, check_reservations, "L4", *heads, heads->free_line_count = 1, *line,
                       line->next = 0);
    fixture_close(&f);
}

static void a_reservation_in_another_slot_of_the_wheel_is_named(void **state)
{
    (void)state;
    fixture_t f = promised();
    atp_reservation_t *reservation = record_of(&f, "r5");
    uint32_t slot = (uint32_t)(reservation->deadline_ms / ATP_WHEEL_SLOT_MS % ATP_WHEEL_SLOTS);
    uint32_t *head = atp_table_at(&f.ledger->wheel.slots, slot);
    uint32_t *another = atp_table_at(&f.ledger->wheel.slots, (slot + 1000) % ATP_WHEEL_SLOTS);

    expect_broken(&f, atp_check_wheel, "W1", *head, *head = NOWHERE);
    expect_broken(&f, atp_check_wheel, "W1", *another, *another = *head);
    expect_broken(&f, atp_check_wheel, "W1", *another, *another = reservation_of(&f, "e1") + 1);
    expect_broken(&f, atp_check_wheel, "W1", *reservation, reservation->status = ATP_RESERVATION_ENDED);
    expect_broken(&f, atp_check_wheel, "W1", *reservation, reservation->previous = NOWHERE);
    expect_broken(&f, atp_check_wheel, "W1", *reservation,
                  reservation->deadline_ms += 1000 * ATP_WHEEL_SLOT_MS);
    expect_broken(&f, atp_check_wheel, "H4", *head, *head = 0);
    fixture_close(&f);
}

/* ---- the archive ---- */

/* r and s archived, both of order o; t archived without an order; u reconciled, v only shipped. */
static fixture_t archived(void)
{
    fixture_t f = open_with_stock();

    ship(&f, "r", "order_id=o", 3);
    ship(&f, "s", "order_id=o", 2);
    ship(&f, "t", "", 1);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms++;
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "s"), ATP_APPLIED);
    f.now_ms++;
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "t"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    ship(&f, "u", "", 1);
    ship(&f, "v", "", 1);
    ship(&f, "w", "", 1);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "u"), ATP_APPLIED);
    f.now_ms++;
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "w"), ATP_APPLIED);
    return f;
}

static atp_archived_t *archived_of(const fixture_t *f, const char *id)
{
    const atp_archived_t *found = atp_ledger_find_archived(f->ledger, atp_text_of(id));

    assert_non_null(found);
    return (atp_archived_t *)(uintptr_t)found;
}

static void a_broken_queue_of_what_is_to_be_archived_is_named(void **state)
{
    (void)state;
    fixture_t f = archived();
    atp_reservation_t *reconciled = record_of(&f, "u");
    atp_reservation_t *next = record_of(&f, "w");
    atp_reservation_t *shipped = record_of(&f, "v");
    atp_reservation_heads_t *heads = f.ledger->reservations.heads;

    expect_broken(&f, atp_check_archive, "H6", *reconciled, reconciled->is_reconciled = 0);
    expect_broken(&f, atp_check_archive, "H6", *shipped, shipped->is_reconciled = 1);
    expect_broken(&f, atp_check_archive, "H6", *heads, heads->reconciled_count++);
    expect_broken(&f, atp_check_archive, "H6", *next, next->deadline_ms += 60000);
    expect_broken(&f, atp_check_archive, "H6", *next, next->deadline_ms -= 60000);
    expect_broken(&f, atp_check_archive, "H6", *shipped, shipped->deadline_ms += 60000);
    fixture_close(&f);
}

static void an_archive_that_is_not_in_order_is_named(void **state)
{
    (void)state;
    fixture_t f = archived();
    atp_archive_t *archive = &f.ledger->reservations.archive;
    atp_archive_heads_t *heads = archive->heads;
    atp_archived_t *s = archived_of(&f, "s");
    atp_archived_t *t = archived_of(&f, "t");

    expect_broken(&f, atp_check_archive, "A1", *heads, heads->oldest = heads->newest + 2);
    expect_broken(&f, atp_check_archive, "A1", *heads, heads->oldest = 0);
    expect_broken(&f, atp_check_archive, "A1", *heads, heads->newest++);
    expect_broken(&f, atp_check_archive, "A1", *heads, heads->newest += 100);
    expect_broken(&f, atp_check_archive, "A1", *heads, heads->next_line++);
    expect_broken(&f, atp_check_archive, "A1", archive->records.count, put_count(&archive->records, 2));
    expect_broken(&f, atp_check_archive, "A1", archive->lines.count, put_count(&archive->lines, 2));
    expect_broken(&f, atp_check_archive, "A1", *s, s->number++);
    expect_broken(&f, atp_check_archive, "A1", *s, s->first_line++);
    expect_broken(&f, atp_check_archive, "A1", *s, s->archived_ms = 0);
    expect_broken(&f, atp_check_archive, "A1", *s, s->archived_ms += AFTER_MS);
    expect_broken(&f, atp_check_archive, "A1", *s, s->op = 999999);
    expect_broken(&f, atp_check_archive, "A1", *t, t->same_order = t->number);
    expect_broken(&f, atp_check_archive, "A2", *s, s->same_order = s->number); /* the chain does not end */
    expect_broken(&f, atp_check_archive, "A1", *s, s->line_count++);
    fixture_close(&f);
}

static void an_archived_reservation_that_is_not_found_is_named(void **state)
{
    (void)state;
    fixture_t f = archived();
    atp_archive_t *archive = &f.ledger->reservations.archive;
    atp_archived_t *r = archived_of(&f, "r");
    atp_archived_t *s = archived_of(&f, "s");
    atp_archived_t *t = archived_of(&f, "t");

    expect_broken(&f, atp_check_archive, "A2", *t, t->id_size = 0);
    expect_broken(&f, atp_check_archive, "A2", *t, t->id[0] = 'x');
    expect_broken(&f, atp_check_archive, "A2", *t, t->id_hash++);
    expect_broken(&f, atp_check_archive, "A2", *t, t->order_size = 1);
    expect_both_broken(&f, atp_check_archive, "A2", *s, s->same_order = 0, *r, r->order_size = 1);
    expect_both_broken(&f, atp_check_archive, "A2", *t, (t->id[0] = 'r', t->id_hash = r->id_hash), *r,
                       r->order_size = 1);
    expect_broken(&f, atp_check_archive, "X1", archive->by_id.count, archive->by_id.count++);
    expect_broken(&f, atp_check_archive, "X1", archive->by_order.count, archive->by_order.count++);
    fixture_close(&f);
}

static void archived_lines_of_which_more_came_back_than_left_are_named(void **state)
{
    (void)state;
    fixture_t f = archived();
    atp_archived_line_t *line = (atp_archived_line_t *)(uintptr_t)atp_archive_line(
        &f.ledger->reservations.archive, archived_of(&f, "r"), 0);

    expect_broken(&f, atp_check_archive, "A3", *line, line->returned = -1);
    expect_broken(&f, atp_check_archive, "A3", *line, line->returned = 4);
    expect_broken(&f, atp_check_archive, "A3", *line, line->shipped = 4);
    expect_broken(&f, atp_check_archive, "A3", *line, line->row = NOWHERE);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_beyond_its_line_is_named),
        cmocka_unit_test(progress_of_another_line_is_named),
        cmocka_unit_test(a_broken_chain_of_free_progress_is_named),
        cmocka_unit_test(orders_of_other_reservations_are_named),
        cmocka_unit_test(orders_that_do_not_hang_together_are_named),
        cmocka_unit_test(a_chain_of_free_orders_that_is_too_short_is_named),
        cmocka_unit_test(a_history_that_is_out_of_order_is_named),
        cmocka_unit_test(buckets_that_no_position_can_have_are_named),
        cmocka_unit_test(trees_out_of_order_are_named),
        cmocka_unit_test(lines_that_do_not_add_up_are_named),
        cmocka_unit_test(reservations_that_are_not_what_they_say_are_named),
        cmocka_unit_test(broken_queues_of_what_ended_are_named),
        cmocka_unit_test(a_broken_chain_of_free_lines_is_named),
        cmocka_unit_test(a_reservation_in_another_slot_of_the_wheel_is_named),
        cmocka_unit_test(a_broken_queue_of_what_is_to_be_archived_is_named),
        cmocka_unit_test(an_archive_that_is_not_in_order_is_named),
        cmocka_unit_test(an_archived_reservation_that_is_not_found_is_named),
        cmocka_unit_test(archived_lines_of_which_more_came_back_than_left_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

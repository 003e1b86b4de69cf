/* Dated supply: what is expected, what may be promised of it, and what becomes of the promises. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

#define DAY ATP_DAY_MS

/* A time on the day that is `days` from today. */
static int64_t in_days(const fixture_t *f, int64_t days)
{
    return f->now_ms + days * DAY;
}

static atp_result_t supply(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                           int64_t due_ms)
{
    atp_command_line_t line = line_of(sku, node, qty);
    atp_attribute_t due = {.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = due_ms};
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                         .subject = atp_text_of(id),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = due_ms != 0,
                                         .attributes = &due});
}

/* Without a line: only its date, or its end. */
static atp_result_t supply_due(fixture_t *f, const char *id, int64_t due_ms)
{
    atp_attribute_t due = {.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = due_ms};
    return fixture_do(
        f, (atp_command_t){
               .kind = ATP_OP_SUPPLY, .subject = atp_text_of(id), .attribute_count = 1, .attributes = &due});
}

static atp_result_t supply_cancel(fixture_t *f, const char *id)
{
    atp_attribute_t status = {.key = ATP_KEY_SUPPLY_STATUS, .line = ATP_WHOLE_OP, .number = 1};
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_SUPPLY,
                                         .subject = atp_text_of(id),
                                         .attribute_count = 1,
                                         .attributes = &status});
}

static atp_result_t receive_kind(fixture_t *f, atp_op_kind_t kind, const char *id, const char *sku,
                                 const char *node, atp_qty_t qty, bool is_final)
{
    atp_command_line_t line = line_of(sku, node, qty);
    atp_attribute_t final = {.key = ATP_KEY_FINAL, .line = ATP_WHOLE_OP, .number = 1};
    return fixture_do(f, (atp_command_t){.kind = kind,
                                         .is_fact = true,
                                         .subject = atp_text_of(id),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = is_final,
                                         .attributes = &final});
}

static atp_result_t receive(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty)
{
    return receive_kind(f, ATP_OP_RECEIVE_SUPPLY, id, sku, node, qty, false);
}

static atp_result_t reserve_by_mode(fixture_t *f, const char *id, const char *sku, const char *node,
                                    atp_qty_t qty, int64_t needed_by_ms, atp_reserve_mode_t mode)
{
    atp_command_line_t line = line_of(sku, node, qty);
    atp_attribute_t needed_by = {.key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = needed_by_ms};
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .option = (uint8_t)mode,
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 1,
                                         .attributes = &needed_by});
}

static atp_result_t reserve_by(fixture_t *f, const char *id, const char *sku, const char *node, atp_qty_t qty,
                               int64_t needed_by_ms)
{
    return reserve_by_mode(f, id, sku, node, qty, needed_by_ms, ATP_RESERVE_ALL_OR_NOTHING);
}

static uint32_t row_of(const fixture_t *f, const char *sku, const char *node)
{
    atp_position_view_t view = view_of(f, sku, node);
    uint32_t row = 0;

    assert_true(atp_positions_find(atp_ledger_positions(f->ledger), view.sku, view.node, &row));
    return row;
}

/* atp(d), `days` from today. */
static atp_qty_t atp_in(fixture_t *f, const char *sku, const char *node, int32_t days)
{
    int32_t today = atp_day_of(f->now_ms);
    atp_qty_t now = atp_of(f, sku, node);
    return now +
           atp_supply_added_by(atp_ledger_supplies(f->ledger), row_of(f, sku, node), today, today + days);
}

static const atp_supply_t *supply_of(const fixture_t *f, const char *id)
{
    const atp_supply_book_t *book = atp_ledger_supplies(f->ledger);
    uint32_t number = 0;

    assert_true(atp_supplies_find(book, atp_text_of(id),
                                  atp_hash_text(atp_text_of(id), atp_ledger_seed(f->ledger)), &number));
    return atp_supply_at(book, number);
}

static atp_qty_t pegged_of(const fixture_t *f, const char *reservation)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(f->ledger);
    uint32_t line = atp_reservation_at(reservations, reservation_of(f, reservation))->first_line - 1;
    const atp_progress_t *progress = atp_line_progress(reservations, line);
    return progress != NULL ? progress->pegged : 0;
}

static void stocked(fixture_t *f, atp_qty_t qty)
{
    *f = fixture_open(NULL);
    f->now_ms = (FIXTURE_START_MS / DAY + 1) * DAY; /* midnight: ledger time never goes back */
    stock(f, "S", "N", qty);
}

/* ---- supplies ---- */

static void supply_counts_from_the_day_it_is_due(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 5);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", "S", "N", 7, in_days(&f, 10)), ATP_APPLIED);
    assert_int_equal(atp_in(&f, "S", "N", 0), 5);
    assert_int_equal(atp_in(&f, "S", "N", 2), 5);
    assert_int_equal(atp_in(&f, "S", "N", 3), 15);
    assert_int_equal(atp_in(&f, "S", "N", 9), 15);
    assert_int_equal(atp_in(&f, "S", "N", 10), 22);
    assert_int_equal(atp_in(&f, "S", "N", 730), 22);
    fixture_close(&f);
}

static void overdue_supply_counts_for_nothing_until_it_has_a_new_day(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 5);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 1)), ATP_APPLIED);
    f.now_ms += DAY; /* the day itself */
    assert_int_equal(atp_in(&f, "S", "N", 0), 15);
    f.now_ms += DAY;
    assert_int_equal(atp_in(&f, "S", "N", 0), 5);
    assert_int_equal(atp_in(&f, "S", "N", 100), 5);
    assert_int_equal(supply_of(&f, "po1")->status, ATP_SUPPLY_OPEN);
    assert_verdict(supply_due(&f, "po1", in_days(&f, 2)), ATP_APPLIED);
    assert_int_equal(atp_in(&f, "S", "N", 2), 15);
    fixture_close(&f);
}

static void supply_is_changed_by_telling_it_again(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_CONFIRMED);
    assert_verdict(supply(&f, "po1", "S", "N", 4, in_days(&f, 5)), ATP_APPLIED);
    assert_int_equal(atp_in(&f, "S", "N", 4), 0);
    assert_int_equal(atp_in(&f, "S", "N", 5), 4);
    assert_verdict(supply_cancel(&f, "po1"), ATP_APPLIED);
    assert_int_equal(atp_in(&f, "S", "N", 5), 0);
    assert_verdict(supply_cancel(&f, "po1"), ATP_CONFIRMED);
    assert_refused(supply(&f, "po1", "S", "N", 4, in_days(&f, 5)), ATP_SUPPLY_ENDED, ATP_FIELD_SUBJECT);
    fixture_close(&f);
}

static void what_a_supply_lacks_is_named(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    stock(&f, "T", "N", 0);
    assert_refused(supply(&f, "po1", "S", "N", 10, 0), ATP_ATTRIBUTE_MISSING, ATP_FIELD_ATTRIBUTE);
    assert_refused(supply(&f, "po1", "X", "N", 10, in_days(&f, 1)), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_refused(supply_due(&f, "po1", in_days(&f, 1)), ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT);
    assert_refused(supply_cancel(&f, "po1"), ATP_UNKNOWN_SUPPLY, ATP_FIELD_SUBJECT);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 1)), ATP_APPLIED);
    assert_refused(supply(&f, "po1", "T", "N", 10, in_days(&f, 1)), ATP_SUPPLY_ELSEWHERE, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void ended_supplies_make_room_and_open_ones_do_not(void **state)
{
    fixture_t f;
    char id[16];
    (void)state;
    stocked(&f, 0);
    for (unsigned i = 0; i < 64; i++) {
        snprintf(id, sizeof id, "po%u", i);
        assert_verdict(supply(&f, id, "S", "N", 1, in_days(&f, i % 5)), ATP_APPLIED);
    }
    assert_refused(supply(&f, "more", "S", "N", 1, in_days(&f, 1)), ATP_SUPPLIES_FULL, ATP_FIELD_SUBJECT);
    assert_verdict(supply_cancel(&f, "po7"), ATP_APPLIED);
    assert_verdict(supply(&f, "after", "S", "N", 1, in_days(&f, 1)), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- receiving ---- */

static void partial_exact_and_over_receipt_are_told_apart(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 1);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", "S", "N", 4), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 4);
    assert_int_equal(supply_of(&f, "po1")->open, 6);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    assert_int_equal(atp_in(&f, "S", "N", 3), 11);
    assert_verdict(receive(&f, "po1", "S", "N", 6), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "po1")->status, ATP_SUPPLY_RECEIVED);
    assert_verdict(supply(&f, "po2", "S", "N", 3, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive(&f, "po2", "S", "N", 5), ATP_APPLIED_BEYOND);
    assert_int_equal(f.result.qty, 5);
    assert_int_equal(newest_exception(&f)->qty, 2);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 16);
    assert_int_equal(atp_in(&f, "S", "N", 730), 16);
    fixture_close(&f);
}

static void the_final_receipt_closes_the_rest(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive_kind(&f, ATP_OP_RECEIVE_SUPPLY, "po1", "S", "N", 4, true), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 4);
    assert_int_equal(supply_of(&f, "po1")->status, ATP_SUPPLY_CLOSED);
    assert_int_equal(atp_in(&f, "S", "N", 3), 4);
    assert_verdict(supply(&f, "po2", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive_kind(&f, ATP_OP_RECEIVE_SUPPLY, "po2", "S", "N", 0, true), ATP_APPLIED_IN_PART);
    assert_int_equal(atp_in(&f, "S", "N", 3), 4);
    assert_refused(receive(&f, "po2", "S", "N", 0), ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void what_comes_unexpected_comes_in_all_the_same(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    stock(&f, "S", "M", 0);
    assert_verdict(receive(&f, "nobody", "S", "N", 4), ATP_APPLIED_BEYOND);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 4);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", "S", "M", 4), ATP_APPLIED_BEYOND); /* at another node */
    assert_int_equal(view_of(&f, "S", "M").on_hand, 4);
    assert_int_equal(supply_of(&f, "po1")->open, 10);
    fixture_close(&f);
}

/* ---- reserving against a date ---- */

static void what_is_not_here_is_pegged_to_supply_due_in_time(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 5);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 12, in_days(&f, 3)), ATP_APPLIED);
    assert_int_equal(f.result.qty, 12);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    assert_int_equal(pegged_of(&f, "r1"), 7);
    assert_int_equal(supply_of(&f, "po1")->pegged, 7);
    assert_int_equal(atp_in(&f, "S", "N", 3), 3);
    assert_refused(reserve_by(&f, "r2", "S", "N", 4, in_days(&f, 3)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_refused(reserve_by(&f, "r3", "S", "N", 1, in_days(&f, 2)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(reserve_by_mode(&f, "r4", "S", "N", 4, in_days(&f, 3), ATP_RESERVE_PARTIAL),
                   ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 3);
    assert_int_equal(atp_in(&f, "S", "N", 3), 0);
    fixture_close(&f);
}

static void the_latest_supply_in_time_is_pegged_first(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "early", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(supply(&f, "late", "S", "N", 5, in_days(&f, 6)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 5, in_days(&f, 7)), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "late")->pegged, 5);
    assert_verdict(reserve_by(&f, "r2", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "early")->pegged, 5);
    fixture_close(&f);
}

static void a_plain_reserve_knows_nothing_of_supply(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 5);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 0)), ATP_APPLIED);
    assert_refused(reserve(&f, "r1", "S", "N", 6), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve(&f, "r2", "S", "N", 5), ATP_APPLIED);
    fixture_close(&f);
}

static void a_day_beyond_the_horizon_is_refused_and_a_past_one_means_now(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 5);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 0)), ATP_APPLIED);
    assert_refused(reserve_by(&f, "r1", "S", "N", 1, in_days(&f, 731)), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(reserve_by(&f, "r2", "S", "N", 6, in_days(&f, -1)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(reserve_by(&f, "r3", "S", "N", 15, in_days(&f, 730)), ATP_APPLIED);
    fixture_close(&f);
}

static void released_cancelled_and_expired_pegs_give_back(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 2);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 8, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r1"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 8);
    assert_int_equal(atp_in(&f, "S", "N", 3), 12);
    assert_verdict(reserve_by(&f, "r2", "S", "N", 12, in_days(&f, 3)), ATP_APPLIED);
    f.now_ms += 15 * 60 * 1000; /* the default time to live */
    assert_int_equal(atp_in(&f, "S", "N", 3), 12);
    assert_int_equal(pegged_of(&f, "r2"), 0);
    assert_verdict(reserve_by(&f, "r3", "S", "N", 12, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r3"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r3"), ATP_APPLIED);
    assert_int_equal(atp_in(&f, "S", "N", 3), 12);
    fixture_close(&f);
}

static void pegs_alone_expire_to_the_millisecond(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 1, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 1, in_days(&f, 3)), ATP_APPLIED);
    f.now_ms += 15 * 60 * 1000 - 1;
    assert_refused(reserve_by(&f, "r2", "S", "N", 1, in_days(&f, 3)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    f.now_ms++;
    assert_verdict(reserve_by(&f, "r3", "S", "N", 1, in_days(&f, 3)), ATP_APPLIED);
    fixture_close(&f);
}

static void allocated_pegs_do_not_expire_and_are_allocated_as_they_come(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 6, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 2 * DAY;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(pegged_of(&f, "r1"), 6);
    assert_verdict(receive(&f, "po1", "S", "N", 10), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").allocated, 6);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r1"), ATP_APPLIED);
    fixture_close(&f);
}

static void a_receipt_turns_pegged_into_reserved_oldest_first(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 4, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r2", "S", "N", 4, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", "S", "N", 5), ATP_APPLIED_IN_PART);
    assert_int_equal(line_at(&f, "r1", 0)->reserved, 4);
    assert_int_equal(line_at(&f, "r2", 0)->reserved, 1);
    assert_int_equal(pegged_of(&f, "r2"), 3);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    assert_refused(reserve(&f, "r3", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(receive(&f, "po1", "S", "N", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 8);
    assert_verdict(reserve(&f, "r4", "S", "N", 2), ATP_APPLIED);
    fixture_close(&f);
}

static void lines_of_one_op_share_supply(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 2);
    assert_verdict(supply(&f, "po1", "S", "N", 4, in_days(&f, 3)), ATP_APPLIED);
    atp_command_line_t lines[] = {line_of("S", "N", 3), line_of("S", "N", 4)};
    atp_attribute_t by = {.key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = in_days(&f, 3)};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("r1"),
                             .line_count = 2,
                             .lines = lines,
                             .attribute_count = 1,
                             .attributes = &by};
    assert_refused(fixture_do(&f, command), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    lines[1].mantissa = 3;
    command.id = ATP_TEXT("r2");
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "po1")->pegged, 4);
    assert_int_equal(view_of(&f, "S", "N").reserved, 2);
    fixture_close(&f);
}

/* ---- when supply falls away ---- */

static void pegs_of_a_late_supply_go_to_another_in_time(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 5, in_days(&f, 4)), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", "S", "N", 5, in_days(&f, 4)), ATP_APPLIED);
    uint64_t before = counts_of(&f).exceptions;
    assert_verdict(supply_due(&f, "po1", in_days(&f, 4)), ATP_APPLIED); /* still in time */
    assert_int_equal(supply_of(&f, "po1")->pegged, 5);
    assert_verdict(supply_due(&f, "po1", in_days(&f, 5)), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "po1")->pegged, 0);
    assert_int_equal(supply_of(&f, "po2")->pegged, 5);
    assert_int_equal(counts_of(&f).exceptions, before);
    fixture_close(&f);
}

static void a_promise_without_supply_is_told_once_and_served_first(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(supply_cancel(&f, "po1"), ATP_APPLIED);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_PROMISE_AT_RISK);
    assert_int_equal(exception->qty, 5);
    assert_int_equal(exception->reservation_total, 1);
    assert_memory_equal(exception->reservations[0], "r1", 2);
    assert_int_equal(atp_in(&f, "S", "N", 30), -5);

    uint64_t before = counts_of(&f).exceptions;
    assert_verdict(supply(&f, "late", "S", "N", 5, in_days(&f, 9)), ATP_APPLIED); /* not in time */
    assert_int_equal(supply_of(&f, "late")->pegged, 0);
    assert_refused(reserve_by(&f, "r2", "S", "N", 1, in_days(&f, 9)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(supply(&f, "po2", "S", "N", 2, in_days(&f, 2)), ATP_APPLIED); /* in time, for a part */
    assert_int_equal(supply_of(&f, "po2")->pegged, 2);
    assert_int_equal(counts_of(&f).exceptions, before);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 4), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 3); /* what has no supply; the rest waits for po2 */
    fixture_close(&f);
}

static void a_supply_made_smaller_loses_its_youngest_promises(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r2", "S", "N", 5, in_days(&f, 3)), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", "S", "N", 7, in_days(&f, 3)), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->qty, 3);
    assert_memory_equal(newest_exception(&f)->reservations[0], "r2", 2);
    assert_verdict(supply(&f, "po1", "S", "N", 10, in_days(&f, 3)), ATP_APPLIED); /* more again */
    assert_int_equal(supply_of(&f, "po1")->pegged, 10);
    fixture_close(&f);
}

static void stock_that_comes_for_an_overdue_supply_serves_its_promises(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 0);
    assert_verdict(supply(&f, "po1", "S", "N", 5, in_days(&f, 1)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "N", 5, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 2 * DAY;
    assert_int_equal(atp_in(&f, "S", "N", 10), -5); /* counts for nothing, its promises do */
    assert_verdict(pulse(&f, 100), ATP_APPLIED);    /* the first of the day: it is told */
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").allocated, 3);
    assert_int_equal(supply_of(&f, "po1")->pegged, 2);
    fixture_close(&f);
}

/* ---- transfers ---- */

static atp_result_t transfer(fixture_t *f, const char *id, const char *sku, const char *from, const char *to,
                             atp_qty_t qty, int64_t due_ms)
{
    atp_command_line_t line = line_of(sku, from, qty);
    atp_attribute_t attributes[] = {
        {.key = ATP_KEY_TO, .line = ATP_WHOLE_OP, .text = atp_text_of(to)},
        {.key = ATP_KEY_DUE, .line = ATP_WHOLE_OP, .number = due_ms},
    };
    return fixture_do(f, (atp_command_t){.kind = ATP_OP_TRANSFER,
                                         .subject = atp_text_of(id),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 2,
                                         .attributes = attributes});
}

static atp_result_t transfer_step(fixture_t *f, atp_op_kind_t kind, const char *id, atp_qty_t qty)
{
    atp_command_line_t line = line_of("S", "N", qty);
    return fixture_do(f, (atp_command_t){.kind = kind,
                                         .is_fact = kind == ATP_OP_TRANSFER_SHIP,
                                         .subject = atp_text_of(id),
                                         .line_count = qty > 0,
                                         .lines = &line});
}

static void a_transfer_reserves_at_the_source_and_opens_supply_at_the_target(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 10);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_refused(transfer(&f, "t0", "S", "N", "M", 11, in_days(&f, 2)), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_false(has_position(&f, "S", "M"));
    assert_verdict(transfer(&f, "t1", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").allocated, 6);
    assert_int_equal(atp_in(&f, "S", "M", 2), 6);
    assert_refused(transfer(&f, "t1", "S", "N", "M", 2, in_days(&f, 2)), ATP_CONFLICT, ATP_FIELD_SUBJECT);
    assert_refused(transfer(&f, "t2", "S", "N", "N", 2, in_days(&f, 2)), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(transfer(&f, "t2", "S", "N", "X", 2, in_days(&f, 2)), ATP_UNKNOWN_NODE,
                   ATP_FIELD_ATTRIBUTE);

    assert_verdict(transfer_step(&f, ATP_OP_TRANSFER_SHIP, "t1", 4), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 6);
    assert_int_equal(view_of(&f, "S", "N").allocated, 2);
    assert_int_equal(supply_of(&f, "t1")->shipped, 4);
    assert_int_equal(atp_in(&f, "S", "M", 2), 6); /* in transit or not: it is coming */
    assert_verdict(transfer_step(&f, ATP_OP_TRANSFER_CANCEL, "t1", 0), ATP_APPLIED);
    assert_int_equal(f.result.qty, 2);
    assert_int_equal(view_of(&f, "S", "N").allocated, 0);
    assert_int_equal(atp_in(&f, "S", "M", 2), 4);
    assert_refused(transfer_step(&f, ATP_OP_TRANSFER_CANCEL, "t1", 0), ATP_ALREADY_SHIPPED,
                   ATP_FIELD_SUBJECT);
    assert_verdict(receive_kind(&f, ATP_OP_TRANSFER_RECEIVE, "t1", "S", "M", 4, false), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 4);
    fixture_close(&f);
}

static void a_transfer_given_back_before_it_left_is_over(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 10);
    stock(&f, "S", "M", 0);
    assert_verdict(transfer(&f, "t1", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(transfer_step(&f, ATP_OP_TRANSFER_CANCEL, "t1", 0), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "t1")->status, ATP_SUPPLY_CANCELLED);
    assert_int_equal(atp_of(&f, "S", "N"), 10);
    assert_int_equal(atp_in(&f, "S", "M", 2), 0);
    /* the same by the steps of its reservation */
    assert_verdict(transfer(&f, "t2", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "t2"), ATP_APPLIED);
    assert_int_equal(supply_of(&f, "t2")->status, ATP_SUPPLY_CANCELLED);
    fixture_close(&f);
}

static void the_last_receipt_of_a_transfer_tells_what_is_missing(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 10);
    stock(&f, "S", "M", 0);
    assert_verdict(transfer(&f, "t1", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(transfer_step(&f, ATP_OP_TRANSFER_SHIP, "t1", 0), ATP_APPLIED);
    assert_int_equal(f.result.qty, 6);
    assert_verdict(receive_kind(&f, ATP_OP_TRANSFER_RECEIVE, "t1", "S", "M", 5, true), ATP_APPLIED_IN_PART);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_TRANSFER_DISCREPANCY);
    assert_int_equal(newest_exception(&f)->qty, -1);
    assert_int_equal(atp_in(&f, "S", "M", 2), 5);
    fixture_close(&f);
}

static void what_arrives_has_left_though_nobody_told(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 10);
    stock(&f, "S", "M", 0);
    assert_verdict(transfer(&f, "t1", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(receive_kind(&f, ATP_OP_TRANSFER_RECEIVE, "t1", "S", "M", 4, true), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 6);
    assert_int_equal(view_of(&f, "S", "N").allocated, 0); /* the two that never left are given back */
    assert_int_equal(view_of(&f, "S", "M").on_hand, 4);
    assert_verdict(transfer(&f, "t2", "S", "N", "M", 3, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(receive_kind(&f, ATP_OP_TRANSFER_RECEIVE, "t2", "S", "M", 0, true), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "S", "N"), 6);
    fixture_close(&f);
}

static void promises_on_a_transfer_given_back_are_at_risk(void **state)
{
    fixture_t f;
    (void)state;
    stocked(&f, 10);
    stock(&f, "S", "M", 0);
    assert_verdict(transfer(&f, "t1", "S", "N", "M", 6, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", "S", "M", 5, in_days(&f, 2)), ATP_APPLIED);
    assert_verdict(transfer_step(&f, ATP_OP_TRANSFER_CANCEL, "t1", 0), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_PROMISE_AT_RISK);
    assert_int_equal(newest_exception(&f)->qty, 5);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(supply_counts_from_the_day_it_is_due),
        cmocka_unit_test(overdue_supply_counts_for_nothing_until_it_has_a_new_day),
        cmocka_unit_test(supply_is_changed_by_telling_it_again),
        cmocka_unit_test(what_a_supply_lacks_is_named),
        cmocka_unit_test(ended_supplies_make_room_and_open_ones_do_not),
        cmocka_unit_test(partial_exact_and_over_receipt_are_told_apart),
        cmocka_unit_test(the_final_receipt_closes_the_rest),
        cmocka_unit_test(what_comes_unexpected_comes_in_all_the_same),
        cmocka_unit_test(what_is_not_here_is_pegged_to_supply_due_in_time),
        cmocka_unit_test(the_latest_supply_in_time_is_pegged_first),
        cmocka_unit_test(a_plain_reserve_knows_nothing_of_supply),
        cmocka_unit_test(a_day_beyond_the_horizon_is_refused_and_a_past_one_means_now),
        cmocka_unit_test(released_cancelled_and_expired_pegs_give_back),
        cmocka_unit_test(pegs_alone_expire_to_the_millisecond),
        cmocka_unit_test(allocated_pegs_do_not_expire_and_are_allocated_as_they_come),
        cmocka_unit_test(a_receipt_turns_pegged_into_reserved_oldest_first),
        cmocka_unit_test(lines_of_one_op_share_supply),
        cmocka_unit_test(pegs_of_a_late_supply_go_to_another_in_time),
        cmocka_unit_test(a_promise_without_supply_is_told_once_and_served_first),
        cmocka_unit_test(a_supply_made_smaller_loses_its_youngest_promises),
        cmocka_unit_test(stock_that_comes_for_an_overdue_supply_serves_its_promises),
        cmocka_unit_test(a_transfer_reserves_at_the_source_and_opens_supply_at_the_target),
        cmocka_unit_test(a_transfer_given_back_before_it_left_is_over),
        cmocka_unit_test(the_last_receipt_of_a_transfer_tells_what_is_missing),
        cmocka_unit_test(what_arrives_has_left_though_nobody_told),
        cmocka_unit_test(promises_on_a_transfer_given_back_are_at_risk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

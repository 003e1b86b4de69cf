/* Promises from dated supply: in what order they are served, what is firm of them, what becomes of them when supply falls away
 * or time passes, and that what the schedule says is what a reserve decides by. */
#include "tests/engine/ledger/supply/supply_fixture.h"

#include "engine/ledger/explain/ledger_explain.h"

static atp_result_t slips(fixture_t *f, const char *id, int32_t days)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = atp_text_of(id)},
                   words_at("due", f->now_ms + days * DAY));
}

static atp_result_t receive(fixture_t *f, const char *id, atp_qty_t qty)
{
    const atp_command_line_t line = line_of("S", "N", qty);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                         .is_fact = true,
                                         .subject = atp_text_of(id),
                                         .line_count = 1,
                                         .lines = &line});
}

static atp_result_t reserve_by(fixture_t *f, const char *id, atp_qty_t qty, int32_t days)
{
    return reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING,
                        words_at("needed_by", f->now_ms + days * DAY));
}

/* atp(d), `days` from today, as the ledger says. */
static atp_qty_t atp_in(fixture_t *f, int32_t days)
{
    atp_qty_t by;

    atp_ledger_schedule(f->ledger, row_of(f), f->now_ms, atp_day_of(f->now_ms) + days, 1, &by);
    return by;
}

static const atp_supply_t *supply_of(const fixture_t *f, const char *id)
{
    const atp_supply_book_t *book = atp_ledger_supplies(f->ledger);
    uint32_t number = 0;

    assert_true(atp_supplies_find(book, atp_text_of(id),
                                  atp_hash_text(atp_text_of(id), atp_ledger_seed(f->ledger)), &number));
    return atp_supply_at(book, number);
}

/* How many exceptions there are of a kind. */
static unsigned told(const fixture_t *f, atp_exception_kind_t kind)
{
    unsigned count = 0;

    for (uint64_t i = 1; i <= counts_of(f).exceptions; i++) {
        count += atp_exceptions_get(atp_ledger_exceptions(f->ledger), i)->kind == kind;
    }
    return count;
}

/* ---- atp by date ---- */

static void what_waits_counts_against_every_day(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(limit(&f, 5), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "S", "N", 4), ATP_APPLIED);
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_BACKORDERED), 4);
    assert_int_equal(atp_in(&f, 0), -4);
    assert_int_equal(atp_in(&f, 3), 6);
    assert_refused(reserve_by(&f, "r1", 7, 3), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_by(&f, "r2", 6, 3), ATP_APPLIED);
    assert_int_equal(atp_in(&f, 3), 0);
    fixture_close(&f);
}

static void a_reserve_gets_on_each_day_what_the_schedule_says(void **state)
{
    (void)state;
    for (int32_t day = 0; day <= 9; day++) {
        fixture_t f = stocked(3);
        assert_verdict(limit(&f, 2), ATP_APPLIED);
        assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
        assert_verdict(supply(&f, "po2", 6, 7), ATP_APPLIED);
        assert_verdict(reserve_by(&f, "early", 5, 4), ATP_APPLIED); /* 3 from stock, 2 from po1 */
        assert_verdict(reserve(&f, "waits", "S", "N", 2), ATP_APPLIED);
        assert_verdict(reserve_by(&f, "late", 9, 8), ATP_APPLIED); /* 6 from po2, 3 from po1 */
        atp_qty_t by = atp_in(&f, day);
        assert_int_equal(by, day < 3 ? -2 : 3);
        assert_refused(reserve_by(&f, "more", by > 0 ? by + 1 : 1, day), ATP_NOT_ENOUGH_AVAILABLE,
                       ATP_FIELD_QTY);
        if (by > 0) {
            assert_verdict(reserve_by(&f, "fits", by, day), ATP_APPLIED);
        }
        fixture_close(&f);
    }
}

static void nothing_is_promised_by_date_of_what_is_not_for_sale(void **state)
{
    fixture_t f = stocked(3);
    const atp_command_line_t line = line_of("S", "N", 0);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, "for_sale=no"),
        ATP_APPLIED);
    assert_int_equal(atp_in(&f, 3), 0);
    assert_verdict(reserve_by(&f, "r1", 1, 3), ATP_NOT_FOR_SALE);
    fixture_close(&f);
}

/* The quantity of a part that explain tells for the day; 0 where it tells none. */
static atp_qty_t part(fixture_t *f, int32_t days, atp_explain_code_t code)
{
    atp_explanation_t parts[64];
    atp_explain_room_t room = {.parts = parts, .capacity = 64};
    const atp_position_view_t view = view_of(f, "S", "N");
    const atp_ledger_explain_ask_t ask = {.sku = view.sku,
                                          .node = view.node,
                                          .channel = ATP_EXPLAIN_NO_CHANNEL,
                                          .needed_by = (uint16_t)(atp_day_of(f->now_ms) + days)};
    atp_qty_t qty = 0;
    atp_qty_t account = 0;

    atp_ledger_explain(f->ledger, &ask, f->now_ms, &room);
    for (uint32_t i = 0; i < room.count; i++) {
        unsigned effect = atp_explain_effect(parts[i].code);
        account += effect == ATP_EXPLAIN_PLUS                                   ? parts[i].qty
                   : effect == ATP_EXPLAIN_MINUS || effect == ATP_EXPLAIN_LIMIT ? -parts[i].qty
                                                                                : 0;
        assert_true(effect != ATP_EXPLAIN_EQUALS || account == parts[i].qty);
        assert_true(parts[i].code != ATP_EXPLAIN_CODE_OTHER_LIMIT &&
                    parts[i].code != ATP_EXPLAIN_CODE_OTHER_ROOM);
        qty = parts[i].code == code ? parts[i].qty : qty;
    }
    return qty;
}

static void the_parts_of_a_day_make_up_what_is_promised_for_it(void **state)
{
    fixture_t f = stocked(3);
    (void)state;
    assert_verdict(limit(&f, 2), ATP_APPLIED);
    assert_verdict(supply(&f, "lost", 4, 1), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 6, 9), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 5, 1), ATP_APPLIED); /* 3 from stock, 2 from lost */
    assert_verdict(reserve(&f, "waits", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r2", 7, 9), ATP_APPLIED); /* 6 from po2, 1 from po1 */
    assert_verdict(is_cancelled(&f, "lost"), ATP_APPLIED);   /* r1 comes first, but not in time */
    assert_int_equal(part(&f, 5, ATP_EXPLAIN_CODE_SUPPLY_DUE), 10);
    assert_int_equal(part(&f, 5, ATP_EXPLAIN_CODE_PEGGED), 1);
    assert_int_equal(part(&f, 5, ATP_EXPLAIN_CODE_AT_RISK), 2);
    assert_int_equal(part(&f, 5, ATP_EXPLAIN_CODE_BACKORDERED), 1);
    assert_int_equal(part(&f, 5, ATP_EXPLAIN_CODE_ATP_BY_DATE), 6);
    for (int32_t day = 0; day < 12; day++) {
        atp_qty_t by = atp_in(&f, day);
        assert_int_equal(part(&f, day, ATP_EXPLAIN_CODE_ATP_BY_DATE), by);
        assert_int_equal(part(&f, day, ATP_EXPLAIN_CODE_FREE), by > 0 ? by : 0);
    }
    fixture_close(&f);
}

static void what_is_overdue_is_in_the_account_with_its_promises(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 9, 5), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 4, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 4 * DAY; /* po1 is overdue, what was promised of it stands */
    assert_int_equal(part(&f, 1, ATP_EXPLAIN_CODE_SUPPLY_DUE), 9);
    assert_int_equal(part(&f, 1, ATP_EXPLAIN_CODE_PEGGED), 4);
    assert_int_equal(part(&f, 1, ATP_EXPLAIN_CODE_ATP_BY_DATE), 5);
    fixture_close(&f);
}

/* ---- receipts ---- */

static void a_receipt_serves_pegged_then_backordered_units(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(limit(&f, 9), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "S", "N", 4), ATP_APPLIED); /* older than the pegs */
    assert_verdict(reserve_by(&f, "r1", 6, 3), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", 4), ATP_APPLIED_IN_PART);
    assert_units("r1", 4, 0, 2);
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_BACKORDERED), 4);
    assert_verdict(receive(&f, "po1", 3), ATP_APPLIED_IN_PART);
    assert_units("r1", 6, 0, 0);
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_RESERVED), 1);
    assert_verdict(receive(&f, "po1", 8), ATP_APPLIED_BEYOND); /* 5 more than were expected */
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_RESERVED), 4);
    assert_int_equal(atp_of(&f, "S", "N"), 5);
    fixture_close(&f);
}

static void of_two_supplies_each_serves_its_own_promises(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(limit(&f, 9), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 5, 5), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "early", 4, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "late", 5, 5), ATP_APPLIED);
    assert_verdict(reserve(&f, "waits", "S", "N", 3), ATP_APPLIED);
    assert_verdict(receive(&f, "po2", 5), ATP_APPLIED); /* it comes first */
    assert_units("late", 5, 0, 0);
    assert_units("early", 0, 0, 4);
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_BACKORDERED), 3);
    assert_verdict(receive(&f, "po1", 5), ATP_APPLIED);
    assert_units("early", 4, 0, 0);
    assert_int_equal(line_units(&f, "waits", 0, ATP_LINE_RESERVED), 1);
    fixture_close(&f);
}

static void firm_ones_are_served_first_then_by_priority_then_the_oldest(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "old", 2, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "young", 2, 3), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "dear", 2, 3, 6), ATP_APPLIED);
    assert_verdict(reserve_first(&f, "firm", 2, 3, 0), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", 3), ATP_APPLIED_IN_PART);
    assert_units("firm", 0, 2, 0);
    assert_units("dear", 1, 0, 1);
    assert_units("old", 0, 0, 2);
    assert_verdict(edit(&f, "dear", "", "", 0, "priority=1"), ATP_APPLIED); /* no longer dear */
    assert_verdict(receive(&f, "po1", 3), ATP_APPLIED_IN_PART);
    assert_units("old", 2, 0, 0);
    assert_units("young", 1, 0, 1);
    assert_units("dear", 1, 0, 1);
    fixture_close(&f);
}

/* ---- firm promises ---- */

static void a_named_line_becomes_firm_with_what_waits_of_it(void **state)
{
    fixture_t f = stocked(4);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 10, 3), ATP_APPLIED);
    assert_units("r1", 4, 0, 6);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "S", "N", 10), ATP_APPLIED);
    assert_int_equal(f.result.qty, 10);
    assert_units("r1", 0, 4, 6);
    f.now_ms += 2 * DAY; /* past its deadline */
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_units("r1", 0, 4, 6);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "r1", "S", "N", 1), ATP_ALREADY_ALLOCATED, ATP_FIELD_LINES);
    assert_verdict(receive(&f, "po1", 10), ATP_APPLIED);
    assert_units("r1", 0, 10, 0);
    assert_int_equal(atp_of(&f, "S", "N"), 4);
    fixture_close(&f);
}

static void a_line_made_firm_in_part_gives_its_rest_back(void **state)
{
    fixture_t f = stocked(4);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 10, 3), ATP_APPLIED);
    assert_refused(step_line(&f, ATP_OP_ALLOCATE, "r1", "S", "N", 11), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_units("r1", 4, 0, 6);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "S", "N", 7), ATP_APPLIED);
    assert_units("r1", 0, 4, 3);
    assert_int_equal(supply_of(&f, "po1")->pegged, 3);
    assert_verdict(reserve_by(&f, "r2", 6, 3), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r2", "S", "N", 2), ATP_APPLIED); /* of pegs alone */
    assert_units("r2", 0, 0, 2);
    assert_int_equal(atp_in(&f, 3), 5);
    fixture_close(&f);
}

static void an_allocation_of_all_says_what_became_firm(void **state)
{
    fixture_t f = stocked(4);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 10, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 10);
    assert_units("r1", 0, 4, 6);
    fixture_close(&f);
}

static void firm_promises_lose_their_supply_last_and_find_other_first(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 9, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "soft", 3, 6), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "firm", 3, 6), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "firm"), ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 4, 3), ATP_APPLIED); /* 2 too few: of the soft one, though it is older */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_PROMISE_AT_RISK);
    assert_int_equal(newest_exception(&f)->qty, 2);
    assert_memory_equal(newest_exception(&f)->reservations[0], "soft", 4);
    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 3, 5), ATP_APPLIED);
    assert_verdict(receive(&f, "po2", 3), ATP_APPLIED);
    assert_units("firm", 0, 3, 0);
    assert_units("soft", 0, 0, 3);
    fixture_close(&f);
}

static void pegged_units_are_not_short_and_can_be_taken_back(void **state)
{
    fixture_t f = stocked(2);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 6, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    assert_refused(step_line(&f, ATP_OP_SHORT, "r1", "S", "N", 3), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r1", "S", "N", 2), ATP_APPLIED); /* what is here is not */
    assert_units("r1", 0, 0, 4);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "r1"), ATP_APPLIED);
    assert_int_equal(f.result.qty, 4);
    assert_int_equal(supply_of(&f, "po1")->pegged, 0);
    fixture_close(&f);
}

static void a_reservation_that_is_replaced_gives_its_pegs_back(void **state)
{
    fixture_t f = stocked(1);
    char words[96];
    (void)state;
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 2, 5), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 8, 5), ATP_APPLIED); /* all there is */
    snprintf(words, sizeof words, "%s replaces=r1", words_at("needed_by", f.now_ms + 3 * DAY));
    assert_verdict(reserve_with(&f, "r2", "S", "N", 7, ATP_RESERVE_ALL_OR_NOTHING, words),
                   ATP_NOT_ENOUGH_AVAILABLE); /* po2 is too late for it */
    assert_units("r1", 1, 0, 7);
    assert_verdict(reserve_with(&f, "r3", "S", "N", 6, ATP_RESERVE_ALL_OR_NOTHING, words), ATP_APPLIED);
    assert_units("r1", 0, 0, 0);
    assert_units("r3", 1, 0, 5);
    assert_int_equal(supply_of(&f, "po2")->pegged, 0);
    assert_verdict(reserve_with(&f, "r4", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r3"),
                   ATP_NOT_ENOUGH_AVAILABLE); /* from what is here: what was pegged does not help */
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r3"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r5", 2, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r5"), ATP_APPLIED);
    assert_refused(reserve_with(&f, "r6", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING, "replaces=r5"),
                   ATP_ALREADY_ALLOCATED, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* ---- supply that falls away ---- */

static void promises_without_supply_are_kept_from_stock_that_nobody_was_promised(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 9, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 5, 4), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 4),
                   ATP_APPLIED); /* of something else: po1 is to come */
    assert_units("r1", 0, 0, 5);
    assert_verdict(slips(&f, "po1", 5), ATP_APPLIED); /* too late */
    assert_units("r1", 4, 0, 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_PROMISE_AT_RISK);
    assert_int_equal(newest_exception(&f)->qty, 1);
    assert_int_equal(atp_in(&f, 4), -1);
    assert_int_equal(atp_in(&f, 5), 8);
    fixture_close(&f);
}

static void safety_stock_stops_new_promises_not_those_that_lost_their_supply(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 5, 4), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SAFETY, "S", "N", 3), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 4), ATP_APPLIED);
    assert_verdict(is_cancelled(&f, "po1"), ATP_APPLIED);
    assert_units("r1", 4, 0, 1);
    assert_verdict(reserve(&f, "r2", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE);
    fixture_close(&f);
}

static void a_transfer_cancelled_as_a_reservation_puts_its_promises_at_risk_at_once(void **state)
{
    fixture_t f = stocked(0);
    const atp_command_line_t line = line_of("S", "M", 5);
    char words[96];
    (void)state;
    stock(&f, "S", "M", 5);
    snprintf(words, sizeof words, "to=N %s", words_at("due", f.now_ms + 3 * DAY));
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_TRANSFER, .subject = ATP_TEXT("t1"), .line_count = 1, .lines = &line},
                words),
        ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 5, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_CANCEL, "t1"), ATP_APPLIED);
    assert_int_equal(told(&f, ATP_EXCEPTION_PROMISE_AT_RISK), 1);
    assert_int_equal(newest_exception(&f)->qty, 5);
    fixture_close(&f);
}

/* ---- time passes ---- */

static void supply_is_overdue_at_midnight_though_nothing_happens(void **state)
{
    fixture_t f = stocked(2);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 5, 5), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED); /* it does not expire */
    f.now_ms += 4 * DAY - 1;                                          /* the last moment of the day */
    assert_int_equal(atp_in(&f, 0), 7);
    assert_verdict(pulse(&f, 100), ATP_APPLIED); /* outcomes grow old too */
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    uint64_t op = counts_of(&f).op;
    f.now_ms += 1;
    assert_int_equal(atp_in(&f, 0), -3); /* what is promised still counts */
    assert_int_equal(atp_in(&f, 9), -3);
    assert_int_equal(counts_of(&f).op, op);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    fixture_close(&f);
}

static void the_pulse_tells_once_of_what_became_overdue(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po2", 4, 3), ATP_APPLIED);
    assert_verdict(supply(&f, "po3", 7, 5), ATP_APPLIED);
    assert_verdict(supply(&f, "lost", 7, -2), ATP_APPLIED); /* who puts it knows */
    assert_verdict(reserve_for(&f, "soon", "S", "N", 1, DAY), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_by(&f, "r1", 14, 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 4 * DAY;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(told(&f, ATP_EXCEPTION_SUPPLY_OVERDUE), 1);
    assert_int_equal(newest_exception(&f)->qty, 14);
    assert_int_equal(newest_exception(&f)->reservation_total, 1); /* of both supplies, and named once */
    assert_memory_equal(newest_exception(&f)->reservations[0], "r1", 2);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(told(&f, ATP_EXCEPTION_SUPPLY_OVERDUE), 1);
    f.now_ms += 2 * DAY;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->qty, 7); /* po3 alone */
    fixture_close(&f);
}

static void many_overdue_positions_are_told_in_bounded_steps(void **state)
{
    fixture_t f = stocked(0);
    char sku[8];
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        snprintf(sku, sizeof sku, "S%u", i);
        stock(&f, sku, "N", 0);
        const atp_command_line_t line = line_of(sku, "N", 1);
        assert_verdict(
            do_with(&f,
                    (atp_command_t){
                        .kind = ATP_OP_SUPPLY, .subject = atp_text_of(sku), .line_count = 1, .lines = &line},
                    words_at("due", f.now_ms)),
            ATP_APPLIED);
    }
    f.now_ms += DAY;
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
        assert_verdict(pulse(&f, 4), ATP_APPLIED);
        assert_int_equal(told(&f, ATP_EXCEPTION_SUPPLY_OVERDUE), i < 3 ? 4 * i : 10);
    }
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    fixture_close(&f);
}

static void an_overdue_supply_with_a_new_day_counts_again(void **state)
{
    fixture_t f = stocked(0);
    (void)state;
    assert_verdict(supply(&f, "po1", 10, 1), ATP_APPLIED);
    assert_verdict(reserve_by(&f, "r1", 4, 6), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    f.now_ms += 2 * DAY;
    assert_int_equal(atp_in(&f, 20), -4);
    assert_verdict(slips(&f, "po1", 2), ATP_APPLIED);
    assert_int_equal(atp_in(&f, 2), 6);
    assert_int_equal(supply_of(&f, "po1")->pegged, 4); /* in time again */
    assert_int_equal(told(&f, ATP_EXCEPTION_PROMISE_AT_RISK), 0);
    fixture_close(&f);
}

/* ---- kits ---- */

static void a_kit_is_promised_from_components_that_are_to_come(void **state)
{
    fixture_t f = stocked(1);
    const atp_command_line_t recipe[] = {line_of("S", "", 2), line_of("B", "", 1)};
    (void)state;
    stock(&f, "B", "N", 9);
    assert_verdict(put_sku(&f, "K", 0), ATP_APPLIED);
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 2, .lines = recipe}),
        ATP_APPLIED);
    assert_verdict(supply(&f, "po1", 5, 3), ATP_APPLIED);
    const char *by = words_at("needed_by", f.now_ms + 3 * DAY);
    assert_refused(reserve_with(&f, "k0", "K", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, by),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "k1", "K", "N", 3, ATP_RESERVE_ALL_OR_NOTHING, by), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 1);
    assert_int_equal(supply_of(&f, "po1")->pegged, 5);
    assert_int_equal(view_of(&f, "B", "N").reserved, 3);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "k1", "K", "N", 3), ATP_APPLIED);
    assert_verdict(receive(&f, "po1", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").allocated, 6);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "k1", "K", "N", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 0);
    assert_int_equal(view_of(&f, "B", "N").on_hand, 6);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_counts_against_every_day),
        cmocka_unit_test(a_reserve_gets_on_each_day_what_the_schedule_says),
        cmocka_unit_test(nothing_is_promised_by_date_of_what_is_not_for_sale),
        cmocka_unit_test(the_parts_of_a_day_make_up_what_is_promised_for_it),
        cmocka_unit_test(what_is_overdue_is_in_the_account_with_its_promises),
        cmocka_unit_test(a_receipt_serves_pegged_then_backordered_units),
        cmocka_unit_test(of_two_supplies_each_serves_its_own_promises),
        cmocka_unit_test(firm_ones_are_served_first_then_by_priority_then_the_oldest),
        cmocka_unit_test(a_named_line_becomes_firm_with_what_waits_of_it),
        cmocka_unit_test(a_line_made_firm_in_part_gives_its_rest_back),
        cmocka_unit_test(an_allocation_of_all_says_what_became_firm),
        cmocka_unit_test(firm_promises_lose_their_supply_last_and_find_other_first),
        cmocka_unit_test(pegged_units_are_not_short_and_can_be_taken_back),
        cmocka_unit_test(a_reservation_that_is_replaced_gives_its_pegs_back),
        cmocka_unit_test(promises_without_supply_are_kept_from_stock_that_nobody_was_promised),
        cmocka_unit_test(safety_stock_stops_new_promises_not_those_that_lost_their_supply),
        cmocka_unit_test(a_transfer_cancelled_as_a_reservation_puts_its_promises_at_risk_at_once),
        cmocka_unit_test(supply_is_overdue_at_midnight_though_nothing_happens),
        cmocka_unit_test(the_pulse_tells_once_of_what_became_overdue),
        cmocka_unit_test(many_overdue_positions_are_told_in_bounded_steps),
        cmocka_unit_test(an_overdue_supply_with_a_new_day_counts_again),
        cmocka_unit_test(a_kit_is_promised_from_components_that_are_to_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

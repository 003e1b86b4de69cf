/* How promises from supply become reserved: when their supply comes, and when it does not.
 *
 * A promise is at risk when its supply fell away (unbacked), or was told overdue. It stands, and comes before everybody else: what
 * makes stock free at its position (a receipt, a count, a return, a release, an expiry) serves it, in the same op and before those
 * who wait beyond stock. Safety stock is no obstacle: that stops new promises. First those that are unbacked, in the order in which
 * pegs are served, then those of the supply longest overdue. The op that sets stock free may use it itself first. One op serves so
 * many promises, or lets them look for other supply (ATP_FILLS_PER_OP, shared with the queues); what is left is ledger state, a pulse
 * is due at once and goes on. Until then nothing of the position is promised to anybody else, and nothing of it is shown. */
#include "engine/ledger/supply/ledger_supply.h"

#define PEGS_NAMED_FROM 1024 /* promises of one supply that an exception may name */
#define SUPPLIES_NAMED_FROM                                                                                  \
    16 /* of a day that is overdue, in part and whole promised: whose promises an exception names */

static int32_t today_of(const apply_t *apply)
{
    return atp_day_of(apply->now_ms);
}

static atp_qty_t uncommitted_of(const atp_ledger_t *ledger, uint32_t row)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    /* Relaxed: the ledger thread reads what it wrote itself. */
    return atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable) -
           atp_load_relaxed(&position->reserved) - atp_load_relaxed(&position->allocated);
}

/* ---- units that come ---- */

/* Turns units of a peg into reserved ones; into allocated ones where the client allocated before they came. */
static void land(atp_ledger_t *ledger, uint32_t row, uint32_t number, atp_qty_t qty)
{
    uint32_t line = atp_peg_at(&ledger->supplies, number)->line - 1;
    atp_progress_t *progress = atp_progress_change(&ledger->reservations.progress, line);

    atp_pegs_take(&ledger->supplies, row, number, qty, &progress->first_peg);
    atp_ledger_move(ledger, line, ATP_STEP_LAND, qty);
    if (atp_line_at(&ledger->reservations, line)->is_firm) {
        atp_ledger_move(ledger, line, ATP_STEP_ALLOCATE, qty);
    }
}

void atp_ledger_fill_supply(apply_t *apply, uint32_t number, atp_qty_t most)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_supply_t *supply = atp_supply_at(&ledger->supplies, number);
    atp_qty_t left = uncommitted_of(ledger, supply->row);

    left = left < most ? left : most;
    while (supply->first_peg != 0 && left > 0) {
        uint32_t peg = supply->first_peg - 1;
        atp_qty_t units = atp_peg_at(&ledger->supplies, peg)->qty;
        units = units < left ? units : left;
        land(ledger, supply->row, peg, units);
        left -= units;
    }
}

/* ---- promises at risk ---- */

void atp_ledger_note_at_risk(atp_ledger_t *ledger, uint32_t row)
{
    atp_position_set(atp_table_change(&ledger->positions.rows, row), ATP_POSITION_HAS_AT_RISK, true);
    atp_ledger_note_at_risk_due(ledger, row);
}

void atp_ledger_note_at_risk_due(atp_ledger_t *ledger, uint32_t row)
{
    if (!atp_supplies_list_due(&ledger->supplies, row, ATP_SUPPLY_DUE)) {
        atp_position_set(atp_table_change(&ledger->positions.rows, row), ATP_POSITION_HAS_AT_RISK, false);
        return;
    }
    ledger->has_due = true;
}

/* Whether a promise at risk can be served: which, number + 1. */
static bool can_serve(const atp_ledger_t *ledger, uint32_t row, uint32_t *ret_peg)
{
    *ret_peg = uncommitted_of(ledger, row) > 0 ? atp_supplies_first_at_risk(&ledger->supplies, row) : 0;
    return *ret_peg != 0;
}

/* Gives what is there to the promises at risk, as far as the op goes. True: it goes on. */
static bool serve_row(atp_ledger_t *ledger, uint32_t row)
{
    uint32_t *fills_left = atp_ledger_fills_left(ledger);
    uint32_t peg;

    for (; *fills_left > 0 && can_serve(ledger, row, &peg); --*fills_left) {
        atp_qty_t free = uncommitted_of(ledger, row);
        atp_qty_t units = atp_peg_at(&ledger->supplies, peg - 1)->qty;
        land(ledger, row, peg - 1, units < free ? units : free);
    }
    return can_serve(ledger, row, &peg);
}

/* Nothing else is promised of the position as long as its stock is on its way to promises at risk. */
static void put_serving(atp_ledger_t *ledger, uint32_t row, bool is_serving)
{
    if (atp_position_has(atp_positions_at(&ledger->positions, row), ATP_POSITION_IS_SERVING) != is_serving) {
        atp_position_t *position = atp_ledger_begin_row(ledger, row);
        atp_position_set(position, ATP_POSITION_IS_SERVING, is_serving);
        atp_positions_end_change(position);
    }
}

/* True if the exception names it already, among those that it has room for. */
static bool is_named(const atp_exception_t *exception, atp_text_t id)
{
    for (unsigned i = 0; i < exception->reservation_count; i++) {
        if (atp_text_equal((atp_text_t){exception->reservations[i], exception->reservation_sizes[i]}, id)) {
            return true;
        }
    }
    return false;
}

static void name_holder(const atp_ledger_t *ledger, const atp_peg_t *peg, atp_exception_t *exception)
{
    uint32_t number = atp_line_at(&ledger->reservations, peg->line - 1)->reservation;
    atp_text_t id =
        atp_strings_get(&ledger->catalog.strings, atp_reservation_at(&ledger->reservations, number)->id_ref);

    if (is_named(exception, id)) {
        return;
    }
    exception->reservation_total++;
    if (exception->reservation_count < ATP_EXCEPTION_RESERVATIONS_MAX) {
        unsigned i = exception->reservation_count++;
        atp_exception_name(exception->reservations[i], &exception->reservation_sizes[i], id);
    }
}

/* Adds a promise that found nothing to what is told of its row, unless it was told before. */
static void tell_at_risk(apply_t *apply, uint32_t row, uint32_t number, atp_exception_t **exception)
{
    atp_peg_t *peg = atp_table_change(&apply->ledger->supplies.pegs, number);

    if (peg->is_told) {
        return;
    }
    peg->is_told = 1;
    if (*exception == NULL) {
        *exception = atp_ledger_raise(apply, ATP_EXCEPTION_PROMISE_AT_RISK, row, 0);
    }
    (*exception)->qty += peg->qty;
    name_holder(apply->ledger, peg, *exception);
}

/* Those that found no stock look for other supply, as far as the op goes; who finds none is told of. True: it goes on. */
static bool look(apply_t *apply, uint32_t row)
{
    atp_supply_book_t *book = &apply->ledger->supplies;
    uint32_t *fills_left = atp_ledger_fills_left(apply->ledger);
    atp_exception_t *exception = NULL;
    uint32_t peg;

    for (; *fills_left > 0 && (peg = atp_supplies_take_look(book, row)) != 0; --*fills_left) {
        if (!atp_ledger_back_peg(apply, row, peg - 1)) {
            tell_at_risk(apply, row, peg - 1, &exception);
        }
    }
    return atp_supplies_is_looking(book, row);
}

void atp_ledger_back(apply_t *apply, uint32_t row)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_supply_row_t *sums = atp_supply_row(&ledger->supplies, row);

    if (sums == NULL || sums->first_unbacked == 0) {
        return;
    }
    atp_supplies_begin_look(&ledger->supplies, row);
    if (serve_row(ledger, row) || look(apply, row)) {
        atp_ledger_note_at_risk_due(ledger, row);
    }
}

/* A row that goes on since an earlier op: first stock, then other supply. True: it goes on. */
static bool go_on(apply_t *apply, uint32_t row)
{
    atp_supply_book_t *book = &apply->ledger->supplies;

    if (serve_row(apply->ledger, row)) {
        return true;
    }
    if (!atp_supplies_is_looking(book, row)) {
        atp_supplies_begin_look(book, row);
    }
    return look(apply, row);
}

/* What the op did not come to goes on too: it stands before what went on before, behind what the op has begun. */
static void leave_due(atp_ledger_t *ledger)
{
    atp_supply_book_t *book = &ledger->supplies;
    atp_supply_row_t *sums;
    uint32_t at = book->heads->first_due;

    if (at != 0 && (sums = atp_table_at(&book->rows, at - 1))->due == ATP_SUPPLY_GOES_ON) {
        at = sums->next_due;
    }
    while (at != 0 && (sums = atp_table_at(&book->rows, at - 1))->due == ATP_SUPPLY_DUE) {
        sums = atp_table_change(&book->rows, at - 1);
        sums->due = ATP_SUPPLY_GOES_ON;
        at = sums->next_due;
        put_serving(ledger, sums->row - 1, true);
    }
}

void atp_ledger_serve_due(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t *fills_left = atp_ledger_fills_left(ledger);
    uint32_t row;

    while (*fills_left > 0 && atp_supplies_take_due(&ledger->supplies, &row)) {
        --*fills_left;
        bool went_on = atp_position_has(atp_positions_at(&ledger->positions, row), ATP_POSITION_IS_SERVING);
        /* Still noted: what it changes does not list it again. */
        bool goes_on = went_on ? go_on(apply, row)
                               : serve_row(ledger, row) || atp_supplies_is_looking(&ledger->supplies, row);
        put_serving(ledger, row, goes_on);
        if (atp_supplies_first_at_risk(&ledger->supplies, row) == 0) {
            atp_position_set(atp_table_change(&ledger->positions.rows, row), ATP_POSITION_HAS_AT_RISK, false);
        }
        atp_supplies_end_due(&ledger->supplies, row, goes_on);
    }
    leave_due(ledger);
}

/* ---- what is overdue ---- */

/* Names who was promised of a supply, as far as there is room. */
static void name_pegged(const atp_ledger_t *ledger, const atp_supply_t *supply, atp_exception_t *exception)
{
    uint32_t at = supply->first_peg;

    for (unsigned i = 0; i < PEGS_NAMED_FROM && at != 0; i++) {
        const atp_peg_t *peg = atp_peg_at(&ledger->supplies, at - 1);
        name_holder(ledger, peg, exception);
        at = peg->next;
    }
}

/* Of the supplies of a day those with promises: first those promised whole, then those promised in part. */
static void name_day(const atp_ledger_t *ledger, const atp_supply_day_t *day, atp_exception_t *exception)
{
    const atp_supply_book_t *book = &ledger->supplies;
    const atp_supply_t *supply;
    unsigned left = SUPPLIES_NAMED_FROM;

    for (uint32_t at = day->last; at != 0 && left > 0; at = supply->previous, left--) {
        supply = atp_supply_at(book, at - 1);
        if (atp_supply_free(supply) > 0) {
            break;
        }
        name_pegged(ledger, supply, exception);
    }
    for (uint32_t at = day->first; at != 0 && left > 0; at = supply->next, left--) {
        supply = atp_supply_at(book, at - 1);
        if (supply->pegged == 0 || atp_supply_free(supply) == 0) {
            break;
        }
        name_pegged(ledger, supply, exception);
    }
}

/* One exception tells of all that became overdue at a position. From now on its promises are at risk. */
static void tell_overdue_row(apply_t *apply, const atp_overdue_t *overdue)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_supply_book_t *book = &ledger->supplies;
    uint32_t at = atp_supply_row(book, overdue->row)->first_day;
    atp_exception_t *exception =
        atp_ledger_raise(apply, ATP_EXCEPTION_SUPPLY_OVERDUE, overdue->row, overdue->open);

    while (at != 0 && atp_supply_day_at(book, at - 1)->day < overdue->before) {
        const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
        if (day->day >= overdue->from && day->pegged > 0) {
            name_day(ledger, day, exception);
        }
        at = day->next;
    }
    if (atp_supplies_first_at_risk(book, overdue->row) != 0) {
        atp_ledger_note_at_risk(ledger, overdue->row);
    }
}

void atp_ledger_tell_overdue(apply_t *apply, uint64_t limit)
{
    atp_overdue_t overdue;

    while (atp_supplies_next_overdue(&apply->ledger->supplies, today_of(apply), &limit, &overdue)) {
        tell_overdue_row(apply, &overdue);
    }
}

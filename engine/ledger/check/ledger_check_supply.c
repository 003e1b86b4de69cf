/* Dated supply (D): supplies, their days, the sums of positions, and pegs from both of their ends, recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

#include <stdlib.h>

/* What transfers move at positions, recomputed: by row. */
typedef struct moving {
    atp_qty_t *inbound;
    atp_qty_t *outbound;
} moving_t;

/* What was met on the way through all positions with supply. */
typedef struct met {
    uint64_t supplies;
    uint64_t days;
    uint64_t pegs;
    uint64_t due; /* positions that say they are listed */
} met_t;

/* Adds up a chain of pegs from `at` on, which say they belong to `supply` (number + 1; 0: unbacked). False: it does not end, or
 * has others in it. */
static bool add_up_pegs(const atp_ledger_t *ledger, uint32_t at, uint32_t last, uint32_t supply, met_t *met,
                        atp_qty_t *ret_sum)
{
    const atp_supply_book_t *book = &ledger->supplies;
    uint32_t before = 0;

    *ret_sum = 0;
    while (at != 0) {
        if (at > atp_table_count(&book->pegs) || met->pegs == atp_table_count(&book->pegs)) {
            return false;
        }
        const atp_peg_t *peg = atp_peg_at(book, at - 1);
        if (peg->line == 0 || peg->line > atp_table_count(&ledger->reservations.lines) ||
            peg->supply != supply || peg->previous != before || peg->qty <= 0) {
            return false;
        }
        *ret_sum += peg->qty;
        met->pegs++;
        before = at;
        at = peg->next;
    }
    return before == last;
}

static atp_err_t check_open_supply(const atp_ledger_t *ledger, uint32_t number, uint32_t row, uint32_t day,
                                   met_t *met, atp_why_t *ret_why)
{
    const atp_supply_book_t *book = &ledger->supplies;
    const atp_supply_t *supply = atp_supply_at(book, number);
    atp_qty_t pegged;
    uint32_t found;

    met->supplies++;
    if (supply->status != ATP_SUPPLY_OPEN || supply->row != row || supply->day != day ||
        atp_supply_day_at(book, day - 1)->day != atp_day_of(supply->due_ms)) {
        return ATP_BROKEN(ret_why, "D3", "supply %u does not belong to day record %u of row %u", number, day,
                          row);
    }
    if (supply->open <= 0 || supply->open != supply->ordered - supply->received ||
        !atp_supplies_find(book, atp_strings_get(book->strings, supply->id_ref), supply->id_hash, &found) ||
        found != number) {
        return ATP_BROKEN(ret_why, "D3", "supply %u: open %lld of %lld, received %lld", number,
                          (long long)supply->open, (long long)supply->ordered, (long long)supply->received);
    }
    if (!add_up_pegs(ledger, supply->first_peg, supply->last_peg, number + 1, met, &pegged) ||
        pegged != supply->pegged || pegged > supply->open) {
        return ATP_BROKEN(ret_why, "D4", "supply %u: pegged %lld of %lld, its pegs sum to %lld", number,
                          (long long)supply->pegged, (long long)supply->open, (long long)pegged);
    }
    return ATP_OK;
}

/* D8: which group a supply belongs to. */
static unsigned group_of(const atp_supply_t *supply)
{
    return supply->open == supply->pegged ? 2 : supply->pegged == 0 ? 1 : 0;
}

/* One day of a row: its supplies, and its own sums. */
static atp_err_t check_day(const atp_ledger_t *ledger, uint32_t number, uint32_t row, met_t *met,
                           atp_why_t *ret_why)
{
    const atp_supply_book_t *book = &ledger->supplies;
    const atp_supply_day_t *day = atp_supply_day_at(book, number - 1);
    atp_qty_t open = 0;
    atp_qty_t pegged = 0;
    uint32_t count = 0;
    uint32_t before = 0;
    uint32_t last_partly = 0;
    unsigned group = 0;

    for (uint32_t at = day->first; at != 0; count++) {
        if (at > atp_table_count(&book->supplies) || count == day->supply_count ||
            atp_supply_at(book, at - 1)->previous != before) {
            return ATP_BROKEN(ret_why, "D1", "the supplies of day record %u do not hang together", number);
        }
        atp_err_t err = check_open_supply(ledger, at - 1, row, number, met, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        if (group_of(atp_supply_at(book, at - 1)) < group) {
            return ATP_BROKEN(ret_why, "D8", "supply %u stands behind its group", at - 1);
        }
        group = group_of(atp_supply_at(book, at - 1));
        last_partly = group == 0 ? at : last_partly;
        open += atp_supply_at(book, at - 1)->open;
        pegged += atp_supply_at(book, at - 1)->pegged;
        before = at;
        at = atp_supply_at(book, at - 1)->next;
    }
    if (count == 0 || count != day->supply_count || before != day->last || open != day->open ||
        pegged != day->pegged) {
        return ATP_BROKEN(
            ret_why, "D1", "day %d of row %u: open %lld and pegged %lld, its supplies %lld and %lld",
            day->day, row, (long long)day->open, (long long)day->pegged, (long long)open, (long long)pegged);
    }
    return day->last_partly == last_partly
               ? ATP_OK
               : ATP_BROKEN(ret_why, "D8", "day record %u says that group ends at %u, not %u", number,
                            day->last_partly, last_partly);
}

/* Where the look for other supply goes on, if it does. */
static bool look_is_sound(const atp_supply_book_t *book, const atp_supply_row_t *sums)
{
    if (sums->look_from == 0) {
        return true;
    }
    for (uint32_t at = sums->first_unbacked; at != 0; at = atp_peg_at(book, at - 1)->next) {
        if (at == sums->look_from) {
            return sums->due == ATP_SUPPLY_GOES_ON;
        }
    }
    return false;
}

/* D7 of one position, the pegs of which hang together. */
static atp_err_t check_at_risk(const atp_ledger_t *ledger, const atp_supply_row_t *sums, met_t *met,
                               atp_why_t *ret_why)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, sums->row - 1);
    bool is_at_risk = atp_supplies_first_at_risk(&ledger->supplies, sums->row - 1) != 0;
    atp_qty_t uncommitted = atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable) -
                            atp_load_relaxed(&position->reserved) - atp_load_relaxed(&position->allocated);

    met->due += sums->due != ATP_SUPPLY_NOT_DUE;
    if (is_at_risk && !atp_position_has(position, ATP_POSITION_HAS_AT_RISK)) {
        return ATP_BROKEN(ret_why, "D7", "row %u does not know of its promises at risk", sums->row - 1);
    }
    if (is_at_risk && uncommitted > 0 && sums->due == ATP_SUPPLY_NOT_DUE) {
        return ATP_BROKEN(ret_why, "D7", "promises are at risk at row %u while stock is free", sums->row - 1);
    }
    if (!look_is_sound(&ledger->supplies, sums)) {
        return ATP_BROKEN(ret_why, "D7", "the look for other supply at row %u goes on nowhere",
                          sums->row - 1);
    }
    if ((sums->due == ATP_SUPPLY_GOES_ON) != atp_position_has(position, ATP_POSITION_IS_SERVING)) {
        return ATP_BROKEN(ret_why, "D7", "row %u is due %u and does not say so", sums->row - 1, sums->due);
    }
    return ATP_OK;
}

/* D7: what is listed as due says so, and nothing else does. */
static atp_err_t check_due(const atp_supply_book_t *book, uint64_t noted, atp_why_t *ret_why)
{
    uint64_t listed = 0;

    for (uint32_t at = book->heads->first_due; at != 0 && listed <= noted; listed++) {
        const atp_supply_row_t *sums =
            at <= atp_table_count(&book->rows) ? atp_table_at(&book->rows, at - 1) : NULL;
        if (sums == NULL || sums->row == 0 || sums->due != ATP_SUPPLY_GOES_ON) {
            return ATP_BROKEN(ret_why, "D7", "the sums %u are listed as due and are not", at - 1);
        }
        at = sums->next_due;
    }
    return listed == noted ? ATP_OK
                           : ATP_BROKEN(ret_why, "D7", "%llu positions are listed as due, %llu are",
                                        (ull_t)listed, (ull_t)noted);
}

static atp_err_t check_row(const atp_ledger_t *ledger, const atp_supply_row_t *sums, met_t *met,
                           atp_why_t *ret_why)
{
    const atp_supply_book_t *book = &ledger->supplies;
    atp_supply_row_t sum = {0};
    uint32_t before = 0;
    uint32_t row = sums->row - 1;

    if (row >= atp_table_count(&ledger->positions.rows) || atp_supply_row(book, row) != sums) {
        return ATP_BROKEN(ret_why, "D1", "the supply of row %u is not found by it", row);
    }
    for (uint32_t at = sums->first_day; at != 0;) {
        if (at > atp_table_count(&book->days) || met->days++ == atp_table_count(&book->days) ||
            atp_supply_day_at(book, at - 1)->previous != before ||
            (before != 0 &&
             atp_supply_day_at(book, before - 1)->day >= atp_supply_day_at(book, at - 1)->day)) {
            return ATP_BROKEN(ret_why, "D2", "the days of row %u do not rise", row);
        }
        atp_err_t err = check_day(ledger, at, row, met, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        sum.open += atp_supply_day_at(book, at - 1)->open;
        sum.pegged += atp_supply_day_at(book, at - 1)->pegged;
        before = at;
        at = atp_supply_day_at(book, at - 1)->next;
    }
    if (before != sums->last_day ||
        !add_up_pegs(ledger, sums->first_unbacked, sums->last_unbacked, 0, met, &sum.unbacked) ||
        sum.open != sums->open || sum.pegged != sums->pegged || sum.unbacked != sums->unbacked) {
        return ATP_BROKEN(ret_why, "D1",
                          "row %u: open %lld, pegged %lld, unbacked %lld; there are %lld, %lld, %lld", row,
                          (long long)sums->open, (long long)sums->pegged, (long long)sums->unbacked,
                          (long long)sum.open, (long long)sum.pegged, (long long)sum.unbacked);
    }
    return check_at_risk(ledger, sums, met, ret_why);
}

/* D3 of the supplies that stand at no day. */
static atp_err_t check_ended(const atp_supply_book_t *book, uint64_t open, atp_why_t *ret_why)
{
    uint64_t by_status[ATP_SUPPLY_STATUS_LIMIT] = {0};
    uint64_t count = atp_table_count(&book->supplies);

    for (uint64_t i = 0; i < count; i++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)i);
        if (supply->status >= ATP_SUPPLY_STATUS_LIMIT ||
            (supply->status != ATP_SUPPLY_OPEN &&
             (supply->open != 0 || supply->pegged != 0 || supply->first_peg != 0 || supply->day != 0))) {
            return ATP_BROKEN(ret_why, "D3", "supply %llu of status %u has something open", (ull_t)i,
                              supply->status);
        }
        by_status[supply->status]++;
    }
    uint64_t ended = count - by_status[ATP_SUPPLY_FREE] - by_status[ATP_SUPPLY_OPEN];
    if (by_status[ATP_SUPPLY_OPEN] != open || book->heads->open_count != open ||
        book->heads->ended_count != ended) {
        return ATP_BROKEN(ret_why, "L4", "%llu supplies are open and %llu ended, counted %llu and %llu",
                          (ull_t)by_status[ATP_SUPPLY_OPEN], (ull_t)ended, (ull_t)book->heads->open_count,
                          (ull_t)book->heads->ended_count);
    }
    return atp_check_index(&book->index, "supplies", open + ended, ret_why);
}

/* D5, and that every peg in use belongs to a line. */
static atp_err_t check_pegs_of_lines(const atp_ledger_t *ledger, uint64_t expected, atp_why_t *ret_why)
{
    const atp_supply_book_t *book = &ledger->supplies;
    uint64_t count = atp_table_count(&ledger->reservations.lines);
    uint64_t pegs = 0;

    for (uint64_t i = 0; i < count; i++) {
        const atp_progress_t *progress = atp_line_progress(&ledger->reservations, (uint32_t)i);
        atp_qty_t sum = 0;
        for (uint32_t at = progress != NULL ? progress->first_peg : 0; at != 0;) {
            if (at > atp_table_count(&book->pegs) || pegs++ == expected ||
                atp_peg_at(book, at - 1)->line != i + 1) {
                return ATP_BROKEN(ret_why, "D5", "the pegs of line %llu are not its own", (ull_t)i);
            }
            const atp_line_t *line = atp_line_at(&ledger->reservations, (uint32_t)i);
            unsigned priority = atp_reservation_at(&ledger->reservations, line->reservation)->priority;
            if (atp_peg_at(book, at - 1)->rank != atp_peg_rank(line->is_firm, priority)) {
                return ATP_BROKEN(ret_why, "D6", "a peg of line %llu has rank %u", (ull_t)i,
                                  atp_peg_at(book, at - 1)->rank);
            }
            sum += atp_peg_at(book, at - 1)->qty;
            at = atp_peg_at(book, at - 1)->next_of_line;
        }
        if (progress != NULL && sum != progress->pegged) {
            return ATP_BROKEN(ret_why, "D5", "line %llu: pegged %lld, its pegs sum to %lld", (ull_t)i,
                              (long long)progress->pegged, (long long)sum);
        }
    }
    if (pegs != expected || atp_table_count(&book->pegs) - book->heads->free_pegs != expected) {
        return ATP_BROKEN(ret_why, "D5", "%llu pegs hang on supplies, %llu on lines", (ull_t)expected,
                          (ull_t)pegs);
    }
    return ATP_OK;
}

/* D9, from the transfers themselves. False: the source of one is not there. */
static bool add_up_moving(const atp_ledger_t *ledger, moving_t *moving)
{
    const atp_supply_book_t *book = &ledger->supplies;

    for (uint64_t i = 0; i < atp_table_count(&book->supplies); i++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)i);
        if (supply->status != ATP_SUPPLY_OPEN || supply->kind != ATP_SUPPLY_TRANSFER) {
            continue;
        }
        atp_qty_t left = supply->shipped - supply->received;
        moving->inbound[supply->row] += left < 0 ? 0 : left < supply->open ? left : supply->open;
        if (supply->source_line > atp_table_count(&ledger->reservations.lines)) {
            return false;
        }
        if (supply->source_line != 0) {
            const atp_line_t *line = atp_line_at(&ledger->reservations, supply->source_line - 1);
            moving->outbound[line->row] += line->allocated;
        }
    }
    return true;
}

static atp_err_t check_moving(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    atp_qty_t *room = calloc(2 * rows + 1, sizeof *room);
    moving_t moving = {.inbound = room, .outbound = room + rows};
    atp_err_t err = ATP_OK;

    if (room == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for %llu positions", (ull_t)rows);
    }
    if (!add_up_moving(ledger, &moving)) {
        err = ATP_BROKEN(ret_why, "D9", "a transfer is of a line that is not there");
    }
    for (uint64_t row = 0; err == ATP_OK && row < rows; row++) {
        const atp_supply_row_t *sums = atp_supply_row(&ledger->supplies, (uint32_t)row);
        atp_qty_t inbound = sums != NULL ? sums->inbound : 0;
        atp_qty_t outbound = sums != NULL ? sums->outbound : 0;
        if (inbound != moving.inbound[row] || outbound != moving.outbound[row]) {
            err =
                ATP_BROKEN(ret_why, "D9", "row %llu: inbound %lld, outbound %lld; transfers have %lld, %lld",
                           (ull_t)row, (long long)inbound, (long long)outbound,
                           (long long)moving.inbound[row], (long long)moving.outbound[row]);
        }
    }
    free(room);
    return err;
}

atp_err_t atp_check_supplies(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_supply_book_t *book = &ledger->supplies;
    uint64_t count = atp_table_count(&book->rows);
    uint64_t rows = 0;
    met_t met = {0};
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_supply_row_t *sums = atp_table_at(&book->rows, i);
        if (sums->row != 0) {
            rows++;
            err = check_row(ledger, sums, &met, ret_why);
        }
    }
    err = err == ATP_OK ? check_due(book, met.due, ret_why) : err;
    err = err == ATP_OK ? check_ended(book, met.supplies, ret_why) : err;
    err = err == ATP_OK ? check_pegs_of_lines(ledger, met.pegs, ret_why) : err;
    err = err == ATP_OK ? check_moving(ledger, ret_why) : err;
    return err == ATP_OK ? atp_check_index(&book->row_index, "supply rows", rows, ret_why) : err;
}

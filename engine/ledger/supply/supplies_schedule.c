/* What stands at a position, without changing it: what may be promised by when, how much there is to move. */
#include "engine/ledger/supply/supplies.h"

/* What one day adds: nothing but its promises once it is past. */
static atp_qty_t net_of(const atp_supply_day_t *day, int32_t today)
{
    return (day->day < today ? 0 : day->open) - day->pegged;
}

void atp_supply_schedule(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t first,
                         uint32_t count, atp_qty_t *ret_added)
{
    const atp_supply_row_t *sums = atp_supply_row(book, row);
    int32_t horizon = today + ATP_SUPPLY_HORIZON;
    uint32_t at = sums != NULL ? sums->first_day : 0;
    atp_qty_t sum = sums != NULL ? -sums->unbacked : 0;
    atp_qty_t least;

    for (uint32_t i = 0; i < count; i++) { /* what stands on each day */
        for (; at != 0 && atp_supply_day_at(book, at - 1)->day <= first + (int32_t)i;) {
            const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
            sum += net_of(day, today);
            at = day->next;
        }
        ret_added[i] = sum;
    }
    least = sum;
    for (; at != 0 && atp_supply_day_at(book, at - 1)->day <= horizon;
         at = atp_supply_day_at(book, at - 1)->next) {
        sum += net_of(atp_supply_day_at(book, at - 1), today);
        least = sum < least ? sum : least;
    }
    for (uint32_t i = count; i > 0; i--) { /* the least from there on */
        least = ret_added[i - 1] < least ? ret_added[i - 1] : least;
        ret_added[i - 1] = least;
    }
}

atp_qty_t atp_supply_added_by(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day)
{
    atp_qty_t added;

    atp_supply_schedule(book, row, today, day, 1, &added);
    return added;
}

atp_supply_parts_t atp_supply_parts(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day)
{
    const atp_supply_row_t *sums = atp_supply_row(book, row);
    uint32_t at = sums != NULL ? sums->first_day : 0;
    atp_supply_parts_t parts = {.unbacked = sums != NULL ? sums->unbacked : 0};

    for (; at != 0 && atp_supply_day_at(book, at - 1)->day <= day;
         at = atp_supply_day_at(book, at - 1)->next) {
        const atp_supply_day_t *record = atp_supply_day_at(book, at - 1);
        parts.due += record->day < today ? 0 : record->open;
        parts.pegged += record->pegged;
    }
    return parts;
}

uint32_t atp_supplies_count_at(const atp_supply_book_t *book, uint32_t row, uint32_t most)
{
    const atp_supply_row_t *sums = atp_supply_row(book, row);
    uint32_t count = 0;

    for (uint32_t at = sums != NULL ? sums->first_day : 0; at != 0 && count < most;) {
        const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
        count += day->supply_count;
        at = day->next;
    }
    for (uint32_t at = sums != NULL ? sums->first_unbacked : 0; at != 0 && count < most; count++) {
        at = atp_peg_at(book, at - 1)->next;
    }
    return count < most ? count : most;
}

/* ---- what could be promised ---- */

/* The latest day from `today` to `day` on which something is free; 0 if there is none. */
static uint32_t latest_free_day(const atp_supply_book_t *book, uint32_t from, int32_t today)
{
    uint32_t at = from;

    while (at != 0) {
        const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
        if (day->day < today) {
            return 0;
        }
        if (day->open > day->pegged) {
            break;
        }
        at = day->previous;
    }
    return at;
}

/* The last day of the row that is not after `day`. */
static uint32_t last_day_by(const atp_supply_book_t *book, uint32_t row, int32_t day)
{
    const atp_supply_row_t *sums = atp_supply_row(book, row);
    uint32_t at = sums != NULL ? sums->last_day : 0;

    while (at != 0 && atp_supply_day_at(book, at - 1)->day > day) {
        at = atp_supply_day_at(book, at - 1)->previous;
    }
    return at;
}

uint32_t atp_pegs_latest_free(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day)
{
    uint32_t at = latest_free_day(book, last_day_by(book, row, day), today);
    return at != 0 ? atp_supply_day_at(book, at - 1)->first : 0;
}

uint32_t atp_pegs_count_needed(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day,
                               atp_qty_t qty, uint32_t limit)
{
    uint32_t at = last_day_by(book, row, day);
    uint32_t count = 0;

    while (qty > 0 && (at = latest_free_day(book, at, today)) != 0) {
        const atp_supply_day_t *record = atp_supply_day_at(book, at - 1);
        uint32_t supply = record->first;
        while (qty > 0 && supply != 0 && atp_supply_free(atp_supply_at(book, supply - 1)) > 0) {
            if (count == limit) {
                return limit + 1;
            }
            qty -= atp_supply_free(atp_supply_at(book, supply - 1));
            supply = atp_supply_at(book, supply - 1)->next;
            count++;
        }
        at = record->previous;
    }
    return count;
}

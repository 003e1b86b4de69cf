/* What is overdue of dated supply, and whether it was told. */
#include "engine/ledger/supply/supplies.h"

void atp_supplies_note_today(atp_supply_book_t *book, int32_t today)
{
    if (book->heads->open_count == 0) {
        book->heads->told_before = today;
        book->heads->telling = 0;
    }
}

bool atp_supplies_are_untold(const atp_supply_book_t *book, int32_t today)
{
    return book->heads->open_count > 0 && book->heads->told_before < today;
}

/* What was due at the position since the last round, and has not come. */
static atp_qty_t newly_overdue(const atp_supply_book_t *book, const atp_supply_row_t *sums)
{
    uint32_t at = sums->row != 0 ? sums->first_day : 0;
    atp_qty_t open = 0;

    while (at != 0 && atp_supply_day_at(book, at - 1)->day < book->heads->telling) {
        const atp_supply_day_t *day = atp_supply_day_at(book, at - 1);
        open += day->day >= book->heads->told_before ? day->open : 0;
        at = day->next;
    }
    return open;
}

bool atp_supplies_next_overdue(atp_supply_book_t *book, int32_t today, uint64_t *limit,
                               atp_overdue_t *ret_overdue)
{
    atp_supply_heads_t *heads = book->heads;

    if (heads->telling == 0 && atp_supplies_are_untold(book, today)) {
        heads->telling = today;
        heads->telling_row = 0;
    }
    while (heads->telling != 0 && *limit > 0) {
        if (heads->telling_row == atp_table_count(&book->rows)) {
            heads->told_before = heads->telling;
            heads->telling = 0;
            break;
        }
        const atp_supply_row_t *sums = atp_table_at(&book->rows, heads->telling_row++);
        atp_qty_t open = newly_overdue(book, sums);
        --*limit;
        if (open > 0) {
            *ret_overdue = (atp_overdue_t){sums->row - 1, heads->told_before, heads->telling, open};
            return true;
        }
    }
    return false;
}

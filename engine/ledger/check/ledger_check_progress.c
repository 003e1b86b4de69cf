/* The records beside lines (Q), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

/* Q2 of one record in use. */
static bool is_within_line(const atp_progress_t *progress, const atp_line_t *line)
{
    atp_qty_t after_ship =
        progress->delivered + progress->returned + progress->reconciled + progress->return_reconciled;
    atp_qty_t live = line->reserved + line->allocated + line->shipped;
    atp_qty_t ended = line->granted - live - progress->backordered - progress->pegged;

    return progress->picked >= 0 && progress->packed >= 0 && progress->delivered >= 0 &&
           progress->returned >= 0 && progress->reconciled >= 0 && progress->return_reconciled >= 0 &&
           progress->short_qty >= 0 && progress->backordered >= 0 && progress->pegged >= 0 &&
           progress->picked + progress->packed <= line->allocated && after_ship <= line->shipped &&
           progress->short_qty <= ended;
}

static atp_err_t check_record(const atp_ledger_t *ledger, uint64_t record, atp_why_t *ret_why)
{
    const atp_progress_book_t *book = &ledger->reservations.progress;
    const atp_progress_t *progress = atp_table_at(&book->records, record);
    uint32_t number = progress->line - 1;

    if (number >= atp_table_count(&ledger->reservations.lines) ||
        !atp_line_at(&ledger->reservations, number)->has_progress ||
        atp_progress_find(book, number) != progress || progress->next != 0) {
        return ATP_BROKEN(ret_why, "Q1", "record %llu of progress is not that of line %u", (ull_t)record,
                          number);
    }
    if (!is_within_line(progress, atp_line_at(&ledger->reservations, number))) {
        return ATP_BROKEN(ret_why, "Q2", "line %u has not got as far as its progress says", number);
    }
    return ATP_OK;
}

/* The records not in use hang together on the free chain. */
static atp_err_t check_free_records(const atp_progress_book_t *book, uint64_t expected, atp_why_t *ret_why)
{
    uint64_t count = 0;

    for (uint32_t at = book->heads->free; at != 0; count++) {
        const atp_progress_t *progress = atp_table_at(&book->records, at - 1);
        if (count == expected || at > atp_table_count(&book->records) || progress->line != 0) {
            return ATP_BROKEN(ret_why, "Q1", "the free chain of progress is longer than %llu",
                              (ull_t)expected);
        }
        at = progress->next;
    }
    if (count != expected || book->heads->free_count != expected) {
        return ATP_BROKEN(ret_why, "Q1", "%llu records of progress are free, the chain has %llu",
                          (ull_t)expected, (ull_t)count);
    }
    return ATP_OK;
}

atp_err_t atp_check_progress(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_progress_book_t *book = &ledger->reservations.progress;
    uint64_t count = atp_table_count(&book->records);
    uint64_t lines = atp_table_count(&ledger->reservations.lines);
    uint64_t used = 0;
    uint64_t flagged = 0;
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_progress_t *progress = atp_table_at(&book->records, i);
        if (progress->line != 0) {
            used++;
            err = check_record(ledger, i, ret_why);
        }
    }
    for (uint64_t i = 0; err == ATP_OK && i < lines; i++) {
        flagged += atp_line_at(&ledger->reservations, (uint32_t)i)->has_progress;
    }
    if (err == ATP_OK && flagged != used) {
        err = ATP_BROKEN(ret_why, "Q1", "%llu lines say they have progress, %llu records are in use",
                         (ull_t)flagged, (ull_t)used);
    }
    err = err == ATP_OK ? check_free_records(book, count - used, ret_why) : err;
    return err == ATP_OK ? atp_check_index(&book->index, "progress", used, ret_why) : err;
}

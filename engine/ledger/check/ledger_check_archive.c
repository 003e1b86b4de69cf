/* Archived reservations (A), and the queue of those that are to be archived (H6), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

#include "engine/base/hash.h"
#include "engine/ledger/reservations/line_units.h"

/* ---- the queue ---- */

static bool is_to_be_archived(const atp_ledger_t *ledger, const atp_reservation_t *reservation)
{
    bool has_left = false;
    bool is_open = false;

    for (uint32_t at = reservation->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        has_left = has_left || line->shipped > 0;
        is_open = is_open || atp_line_has_open_postings(&ledger->reservations, at - 1);
        at = line->next;
    }
    return reservation->status == ATP_RESERVATION_ENDED && has_left && !is_open &&
           (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) == 0;
}

/* Of a queue, whose links were looked at before. */
static atp_err_t check_order_of_time(const atp_ledger_t *ledger, uint32_t first, atp_why_t *ret_why)
{
    int64_t since_ms = INT64_MIN;

    for (uint32_t at = first; at != 0;) {
        const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, at - 1);
        if (reservation->deadline_ms < since_ms || reservation->deadline_ms > ledger->root->time_ms) {
            return ATP_BROKEN(ret_why, "H6", "reservation %u does not stand in the order of time", at - 1);
        }
        since_ms = reservation->deadline_ms;
        at = reservation->next;
    }
    return ATP_OK;
}

static atp_err_t check_reconciled(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    uint64_t flagged = 0;

    for (uint64_t i = 0; i < atp_table_count(&reservations->records); i++) {
        const atp_reservation_t *reservation = atp_reservation_at(reservations, (uint32_t)i);
        if ((reservation->is_reconciled != 0) != is_to_be_archived(ledger, reservation)) {
            return ATP_BROKEN(ret_why, "H6", "reservation %llu %s to be archived", (ull_t)i,
                              reservation->is_reconciled ? "is not" : "is");
        }
        flagged += reservation->is_reconciled;
    }
    if (flagged != reservations->heads->reconciled_count) {
        return ATP_BROKEN(ret_why, "H6", "%llu reservations are to be archived, %llu are counted",
                          (ull_t)flagged, (ull_t)reservations->heads->reconciled_count);
    }
    atp_err_t err = check_order_of_time(ledger, reservations->heads->ended_first, ret_why);
    return err == ATP_OK ? check_order_of_time(ledger, reservations->heads->reconciled_first, ret_why) : err;
}

/* ---- the archive ---- */

static atp_err_t check_archived_lines(const atp_ledger_t *ledger, const atp_archived_t *archived,
                                      atp_why_t *ret_why)
{
    for (uint32_t i = 0; i < archived->line_count; i++) {
        const atp_archived_line_t *line = atp_archive_line(&ledger->reservations.archive, archived, i);
        if (line->returned < 0 || line->returned > line->shipped || line->shipped > line->granted ||
            line->row >= atp_table_count(&ledger->positions.rows)) {
            return ATP_BROKEN(ret_why, "A3", "line %u of archived reservation %llu: %lld of %lld are back", i,
                              (ull_t)archived->number, (long long)line->returned, (long long)line->shipped);
        }
    }
    return ATP_OK;
}

/* A2; counts what the indexes have to find. */
static atp_err_t check_found(const atp_ledger_t *ledger, const atp_archived_t *archived, uint64_t *ids,
                             uint64_t *orders, atp_why_t *ret_why)
{
    const atp_archive_t *archive = &ledger->reservations.archive;
    const atp_archived_t *of_id =
        atp_archive_find(archive, (atp_text_t){archived->id, archived->id_size}, archived->id_hash);
    const atp_archived_t *of_order =
        archived->order_size == 0
            ? NULL
            : atp_archive_find_order(archive, (atp_text_t){archived->order, archived->order_size},
                                     archived->order_hash);
    const atp_archived_t *first = of_order;

    while (of_order != NULL && of_order != archived) { /* a chain leads to lower numbers: it ends */
        const atp_archived_t *next = atp_archive_next_of_order(archive, of_order);
        of_order = next != NULL && next->number < of_order->number ? next : NULL;
    }
    if (archived->id_size == 0 || of_id == NULL || of_id->number < archived->number ||
        archived->id_hash !=
            atp_hash_text((atp_text_t){archived->id, archived->id_size}, ledger->root->config.hash_seed) ||
        (archived->order_size != 0 && of_order == NULL)) {
        return ATP_BROKEN(ret_why, "A2", "archived reservation %llu is not found by its id or order",
                          (ull_t)archived->number);
    }
    *ids += of_id == archived;
    *orders += first != NULL && first == archived;
    return ATP_OK;
}

static atp_err_t check_sizes(const atp_archive_t *archive, atp_why_t *ret_why)
{
    const atp_archive_heads_t *heads = archive->heads;
    uint64_t records = heads->newest < archive->records.capacity ? heads->newest : archive->records.capacity;
    uint64_t lines = heads->next_line < archive->lines.capacity ? heads->next_line : archive->lines.capacity;

    if (heads->oldest > heads->newest + 1 || (heads->oldest == 0) != (heads->newest == 0) ||
        atp_archive_count(archive) > archive->records.capacity ||
        atp_table_count(&archive->records) != records || atp_table_count(&archive->lines) != lines) {
        return ATP_BROKEN(ret_why, "A1", "%llu to %llu are archived, in a table of %llu",
                          (ull_t)heads->oldest, (ull_t)heads->newest,
                          (ull_t)atp_table_count(&archive->records));
    }
    return ATP_OK;
}

static atp_err_t check_archive(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_archive_t *archive = &ledger->reservations.archive;
    const atp_archive_heads_t *heads = archive->heads;
    atp_err_t err = check_sizes(archive, ret_why);
    int64_t since_ms = heads->floor_ms;
    uint64_t next_line = 0;
    uint64_t ids = 0;
    uint64_t orders = 0;

    for (uint64_t number = heads->oldest; err == ATP_OK && number != 0 && number <= heads->newest; number++) {
        const atp_archived_t *archived =
            atp_table_at(&archive->records, (number - 1) % archive->records.capacity);
        if (archived->number != number || (number > heads->oldest && archived->first_line != next_line) ||
            archived->first_line + archive->lines.capacity < heads->next_line ||
            archived->archived_ms < since_ms || archived->archived_ms > ledger->root->time_ms ||
            archived->op > ledger->root->op || archived->same_order >= number) {
            return ATP_BROKEN(ret_why, "A1", "archived reservation %llu is not at its place", (ull_t)number);
        }
        since_ms = archived->archived_ms;
        next_line = archived->first_line + archived->line_count;
        err = check_archived_lines(ledger, archived, ret_why);
        err = err == ATP_OK ? check_found(ledger, archived, &ids, &orders, ret_why) : err;
    }
    if (err == ATP_OK && atp_archive_count(archive) > 0 && next_line != heads->next_line) {
        return ATP_BROKEN(ret_why, "A1", "the lines of the archive do not end at %llu",
                          (ull_t)heads->next_line);
    }
    err = err == ATP_OK ? atp_check_index(&archive->by_id, "archived reservations", ids, ret_why) : err;
    return err == ATP_OK ? atp_check_index(&archive->by_order, "archived orders", orders, ret_why) : err;
}

atp_err_t atp_check_archive(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    atp_err_t err = check_reconciled(ledger, ret_why);

    return err == ATP_OK ? check_archive(ledger, ret_why) : err;
}

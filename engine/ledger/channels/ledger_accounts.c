#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/reservations/line_units.h"
#include "engine/ledger/supply/ledger_supply.h"

static account_change_t change_of(const atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                  const atp_line_t *line, atp_qty_t promised, atp_qty_t waiting,
                                  atp_qty_t shipped)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);

    return (account_change_t){
        .reservation = reservation,
        .line = line,
        .sku = position->sku,
        .node = position->node,
        .channel = reservation->channel,
        .promised = promised,
        .waiting = waiting,
        .shipped = shipped,
    };
}

/* ---- channels and their quotas ---- */

/* Books the change on the way up from the leaf of one account, if it has one. */
static void book_quota(atp_ledger_t *ledger, uint32_t account, const account_change_t *change)
{
    uint32_t leaf = atp_load_relaxed(&atp_account_at(&ledger->rulebook, account)->quota);
    atp_qty_t in_all = change->promised + change->waiting;
    atp_qty_t given_back = in_all < 0 ? -in_all - change->shipped : 0;

    if (leaf != 0) {
        atp_quota_book(&ledger->rulebook, leaf - 1, in_all, given_back, change->reservation->created_ms,
                       ledger->root->time_ms);
    }
}

/* The account of the channel by the SKU, made if there is room. There is none only while the table is full, and then none
 * will be: what was not counted from the beginning is never counted. */
static bool need_account(atp_ledger_t *ledger, const account_change_t *change, uint32_t *ret_account)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;

    if (atp_rulebook_find_account(rulebook, change->channel, ATP_SCOPE_SKU, change->sku, ret_account)) {
        return true;
    }
    if (!atp_table_has_room(&rulebook->accounts, 1)) {
        return false;
    }
    *ret_account = atp_rulebook_need_account(rulebook, change->channel, ATP_SCOPE_SKU, change->sku);
    return true;
}

static void book_channel(atp_ledger_t *ledger, const account_change_t *change)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_sku_record_t *sku = atp_table_at(&ledger->catalog.skus, change->sku);
    uint32_t number;

    if (change->promised + change->waiting == 0 || !need_account(ledger, change, &number)) {
        return;
    }
    atp_account_t *account = atp_table_change(&rulebook->accounts, number);
    atp_store_relaxed(&account->promised,
                      atp_load_relaxed(&account->promised) + change->promised + change->waiting);
    book_quota(ledger, number, change);
    atp_ledger_note_views_of(ledger, ATP_SCOPE_SKU, change->sku);
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        uint16_t tag = atp_load_relaxed(&sku->tags[i]);
        if (tag == 0) {
            break;
        }
        if (atp_load_relaxed(&atp_tag_at(rulebook, tag - 1u)->quota) != 0 &&
            atp_rulebook_find_account(rulebook, change->channel, ATP_SCOPE_TAG, tag - 1u, &number)) {
            book_quota(ledger, number, change);
            atp_ledger_note_views_of(ledger, ATP_SCOPE_TAG, tag - 1u);
        }
    }
}

/* What the channel has promised of the SKU changes by `qty`, and what the leaves over it use: of no period. */
static void shift_account(atp_ledger_t *ledger, uint16_t channel, uint32_t sku, atp_qty_t qty)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
    const account_change_t change = {.channel = channel, .sku = sku};
    uint32_t number;

    if (!need_account(ledger, &change, &number)) {
        return;
    }
    atp_account_t *account = atp_table_change(&rulebook->accounts, number);
    uint32_t leaf = atp_load_relaxed(&account->quota);
    atp_store_relaxed(&account->promised, atp_load_relaxed(&account->promised) + qty);
    if (leaf != 0) {
        atp_quota_shift(rulebook, leaf - 1, qty);
    }
    atp_ledger_note_views_of(ledger, ATP_SCOPE_SKU, sku);
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX && atp_load_relaxed(&record->tags[i]) != 0; i++) {
        uint32_t tag = atp_load_relaxed(&record->tags[i]) - 1u;
        if (atp_rulebook_find_account(rulebook, channel, ATP_SCOPE_TAG, tag, &number) &&
            (leaf = atp_load_relaxed(&atp_account_at(rulebook, number)->quota)) != 0) {
            atp_quota_shift(rulebook, leaf - 1, qty);
            atp_ledger_note_views_of(ledger, ATP_SCOPE_TAG, tag);
        }
    }
}

void atp_ledger_account_merged(atp_ledger_t *ledger, uint32_t line, uint32_t sku)
{
    const atp_line_t *record = atp_line_at(&ledger->reservations, line);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, record->reservation);
    atp_qty_t qty = record->reserved + record->allocated + atp_line_waiting(&ledger->reservations, line);

    if ((reservation->flags & ATP_RESERVATION_ACCOUNTED_CHANNEL) != 0) {
        shift_account(ledger, reservation->channel, atp_positions_at(&ledger->positions, record->row)->sku,
                      -qty);
        shift_account(ledger, reservation->channel, sku, qty);
    }
}

void atp_ledger_book_standing(atp_ledger_t *ledger, const atp_reservation_t *reservation, uint32_t line)
{
    const atp_line_t *record = atp_line_at(&ledger->reservations, line);
    atp_qty_t pegged = atp_line_units(&ledger->reservations, line, ATP_LINE_PEGGED);
    atp_qty_t waiting = atp_line_units(&ledger->reservations, line, ATP_LINE_BACKORDERED);
    account_change_t change =
        change_of(ledger, reservation, record, record->reserved + record->allocated + pegged, waiting, 0);

    book_channel(ledger, &change);
}

/* ---- all accounts ---- */

void atp_ledger_account_flagged(atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                const atp_line_t *line, atp_qty_t promised, atp_qty_t waiting,
                                atp_qty_t shipped)
{
    account_change_t change = change_of(ledger, reservation, line, promised, waiting, shipped);

    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_CHANNEL) {
        book_channel(ledger, &change);
    }
    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_TRANSFER) {
        atp_ledger_transfer_moved(ledger, reservation, shipped, -promised - shipped);
    }
    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_CAPACITY) {
        atp_ledger_account_capacity(ledger, &change);
    }
}

void atp_ledger_account_moved(atp_ledger_t *ledger, const atp_line_t *line, atp_qty_t promised)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);

    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_CAPACITY) {
        account_change_t change = change_of(ledger, reservation, line, promised, 0, 0);
        atp_ledger_account_capacity(ledger, &change);
    }
}

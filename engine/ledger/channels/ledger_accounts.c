#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/reservations/line_units.h"
#include "engine/ledger/supply/ledger_supply.h"

__extension__ typedef __int128 wide_t; /* a quantity times a number of kits */

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

/* ---- kits that were put together ---- */

/* What is promised of a line, here or not; with what the plan gives back of it. */
static atp_qty_t promised_of(const atp_ledger_t *ledger, uint32_t number, const resolved_line_t *less,
                             uint32_t count)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    atp_qty_t units = line->reserved + line->allocated + atp_line_waiting(&ledger->reservations, number);

    for (uint32_t i = 0; i < count; i++) {
        units += less[i].line == number ? less[i].granted : 0;
    }
    return units;
}

/* The component that the line is of kit_line's; 0: it is none. */
static unsigned component_of(const atp_ledger_t *ledger, uint32_t number, uint32_t kit_line)
{
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);

    return progress != NULL && progress->kit_parent == kit_line + 1 ? progress->component : 0;
}

/* Kits that so many of the granted units keep promised. */
static int64_t kept_by(atp_qty_t units, atp_qty_t granted, int64_t all)
{
    return units <= 0 || granted == 0 ? 0 : (int64_t)(((wide_t)units * all + granted - 1) / granted);
}

int64_t atp_ledger_kits_in_use(const atp_ledger_t *ledger, uint32_t kit_line, const resolved_line_t *less,
                               uint32_t count)
{
    int64_t all = atp_ledger_kits_of(ledger, kit_line);
    int64_t most = 0;
    unsigned component = 0; /* whose lines are being added up, one behind the other */
    atp_qty_t units = 0;
    atp_qty_t granted = 0;

    for (uint32_t at = atp_line_at(&ledger->reservations, kit_line)->next; at != 0;) {
        unsigned next = component_of(ledger, at - 1, kit_line);
        if (next == 0) {
            break;
        }
        if (next != component) {
            units = 0;
            granted = 0;
        }
        component = next;
        units += promised_of(ledger, at - 1, less, count);
        granted += atp_line_at(&ledger->reservations, at - 1)->granted;
        at = atp_line_at(&ledger->reservations, at - 1)->next;
        bool is_last = at == 0 || component_of(ledger, at - 1, kit_line) != component;
        int64_t kept = is_last ? kept_by(units, granted, all) : 0;
        most = kept > most ? kept : most;
    }
    return most < all ? most : all;
}

static uint32_t sku_of(const atp_ledger_t *ledger, uint32_t line)
{
    return atp_positions_at(&ledger->positions, atp_line_at(&ledger->reservations, line)->row)->sku;
}

static atp_qty_t unit_of(const atp_ledger_t *ledger, uint32_t line)
{
    return atp_kit_unit(atp_positions_scale(&ledger->positions, sku_of(ledger, line)));
}

/* Units of the line's SKU that one kit of kit_line counts as: a whole one of the kit, those put together of a kit in it. */
static atp_qty_t units_each(const atp_ledger_t *ledger, uint32_t line, uint32_t kit_line)
{
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, line);
    int64_t made = line == kit_line ? 1 : progress != NULL ? progress->made : 0;

    return made * unit_of(ledger, line);
}

/* The next line after `line`, if it is one of the components of kit_line, + 1; 0 = it is not. */
static uint32_t next_component(const atp_ledger_t *ledger, uint32_t line, uint32_t kit_line)
{
    uint32_t next = atp_line_at(&ledger->reservations, line)->next;

    return next != 0 && component_of(ledger, next - 1, kit_line) != 0 ? next : 0;
}

atp_qty_t atp_ledger_kits_of_sku(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t sku)
{
    atp_qty_t units = 0;

    for (uint32_t at = kit_line + 1; at != 0; at = next_component(ledger, at - 1, kit_line)) {
        units += sku_of(ledger, at - 1) == sku ? units_each(ledger, at - 1, kit_line) : 0;
    }
    return units;
}

/* Books so many kits more, or fewer, of a kit's line for the SKU of `line`. They have left if the last of their components did. */
static void book_made(atp_ledger_t *ledger, uint32_t line, uint32_t kit_line, int64_t kits, bool has_left)
{
    const atp_line_t *record = atp_line_at(&ledger->reservations, line);
    atp_qty_t qty = kits * units_each(ledger, line, kit_line);
    account_change_t change =
        change_of(ledger, atp_reservation_at(&ledger->reservations, record->reservation), record, qty, 0,
                  has_left && qty < 0 ? -qty : 0);

    book_channel(ledger, &change);
}

/* The same for the kit, and the kits in it. */
static void book_kits(atp_ledger_t *ledger, uint32_t kit_line, int64_t kits, bool has_left)
{
    for (uint32_t at = kit_line + 1; kits != 0 && at != 0; at = next_component(ledger, at - 1, kit_line)) {
        book_made(ledger, at - 1, kit_line, kits, has_left);
    }
}

/* How many kits are promised, but for so many units of a line. */
static int64_t kits_without(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t line, atp_qty_t units)
{
    const resolved_line_t less = {.line = line, .granted = -units};

    return atp_ledger_kits_in_use(ledger, kit_line, &less, 1);
}

/* A line has changed by so much: if it is a component, its kits may be promised no more, or again. */
static void book_kits_of(atp_ledger_t *ledger, const account_change_t *change)
{
    uint32_t number = (uint32_t)(change->line - atp_line_at(&ledger->reservations, 0));
    const atp_progress_t *progress = atp_line_progress(&ledger->reservations, number);
    atp_qty_t units = change->promised + change->waiting;

    if (progress == NULL || progress->kit_parent == 0 || units == 0) {
        return;
    }
    uint32_t kit_line = progress->kit_parent - 1;
    int64_t kits =
        atp_ledger_kits_in_use(ledger, kit_line, NULL, 0) - kits_without(ledger, kit_line, number, units);
    book_kits(ledger, kit_line, kits, change->shipped > 0);
}

void atp_ledger_account_component(atp_ledger_t *ledger, uint32_t number)
{
    const atp_line_t *line = atp_line_at(&ledger->reservations, number);
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);

    if ((reservation->flags & ATP_RESERVATION_ACCOUNTED_CHANNEL) == 0) {
        return;
    }
    uint32_t kit_line = atp_line_progress(&ledger->reservations, number)->kit_parent - 1;
    int64_t now = atp_ledger_kits_in_use(ledger, kit_line, NULL, 0);
    int64_t before = kits_without(ledger, kit_line, number, promised_of(ledger, number, NULL, 0));
    book_kits(ledger, kit_line, now - before, false);
    book_made(ledger, number, kit_line, before, false); /* of its own, for the kits that were there */
}

void atp_ledger_book_standing(atp_ledger_t *ledger, const atp_reservation_t *reservation, uint32_t line)
{
    const atp_line_t *record = atp_line_at(&ledger->reservations, line);
    atp_qty_t pegged = atp_line_units(&ledger->reservations, line, ATP_LINE_PEGGED);
    atp_qty_t waiting = atp_line_units(&ledger->reservations, line, ATP_LINE_BACKORDERED);
    account_change_t change =
        change_of(ledger, reservation, record, record->reserved + record->allocated + pegged, waiting, 0);

    book_channel(ledger, &change);
    book_kits(ledger, line, atp_ledger_kits_in_use(ledger, line, NULL, 0), false);
}

/* ---- all accounts ---- */

void atp_ledger_account_flagged(atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                const atp_line_t *line, atp_qty_t promised, atp_qty_t waiting,
                                atp_qty_t shipped)
{
    account_change_t change = change_of(ledger, reservation, line, promised, waiting, shipped);

    if (reservation->flags & ATP_RESERVATION_ACCOUNTED_CHANNEL) {
        book_channel(ledger, &change);
        if (ATP_UNLIKELY(line->has_progress)) {
            book_kits_of(ledger, &change);
        }
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

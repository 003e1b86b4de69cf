/* What a channel has in use is not counted before its first rule or quota. When that comes, all live reservations are looked at
 * once: so many by the op, the rest by pulses. A reservation that is counted is flagged; those made from then on are from the
 * start. Until all are looked at nobody knows what the channel has in use: views.c lets percentages of it, and trees over
 * it, leave nothing. Everything else that a rule says counts at once. */
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/channels/ledger_rules.h"

#define LOOKED_AT 16384 /* reservations and their lines, by one op */

static atp_channel_record_t *channel_of(const atp_ledger_t *ledger, uint16_t channel)
{
    return atp_table_at(&ledger->catalog.channels, channel);
}

bool atp_ledger_is_counting(const atp_ledger_t *ledger, uint16_t channel)
{
    return atp_load_relaxed(&channel_of(ledger, channel)->is_accounted) == ATP_ACCOUNTED_SOON;
}

/* Counts what a reservation has. Returns how many lines it looked at. */
static uint32_t count_reservation(atp_ledger_t *ledger, uint32_t number)
{
    atp_reservation_t *reservation = atp_table_change(&ledger->reservations.records, number);
    uint32_t lines = 0;

    reservation->flags |= ATP_RESERVATION_ACCOUNTED_CHANNEL;
    for (uint32_t at = reservation->first_line; at != 0; lines++) {
        atp_ledger_book_standing(ledger, reservation, at - 1);
        at = atp_line_at(&ledger->reservations, at - 1)->next;
    }
    return lines;
}

/* What a transfer has at its source is no sale of any channel. */
static bool is_to_be_counted(const atp_ledger_t *ledger, const atp_reservation_t *reservation)
{
    const unsigned passed_over = ATP_RESERVATION_ACCOUNTED_CHANNEL | ATP_RESERVATION_ACCOUNTED_TRANSFER;

    return reservation->status == ATP_RESERVATION_LIVE && (reservation->flags & passed_over) == 0 &&
           atp_ledger_is_counting(ledger, reservation->channel);
}

/* All are looked at: what channels have in use is known. */
static void end_counting(atp_ledger_t *ledger)
{
    atp_table_t *channels = &ledger->catalog.channels;
    atp_table_t *quotas = &ledger->rulebook.quotas;

    for (uint64_t i = 0; i < atp_table_count(channels); i++) {
        if (atp_ledger_is_counting(ledger, (uint16_t)i)) {
            atp_channel_record_t *record = atp_table_change(channels, i);
            atp_store_relaxed(&record->is_accounted, (uint8_t)ATP_ACCOUNTED_WHOLE);
        }
    }
    for (uint64_t i = 0; i < atp_table_count(quotas); i++) {
        if (atp_load_relaxed(&atp_quota_at(&ledger->rulebook, (uint32_t)i)->is_counting)) {
            atp_quota_record_t *record = atp_table_change(quotas, i);
            atp_store_relaxed(&record->is_counting, (uint8_t)0);
        }
    }
    ledger->root->counting = (atp_counting_t){0, 0};
    atp_ledger_note_all_views(ledger);
}

void atp_ledger_count_standing(atp_ledger_t *ledger)
{
    atp_counting_t *counting = &ledger->root->counting;
    uint64_t count = atp_table_count(&ledger->reservations.records);
    uint32_t left = LOOKED_AT;

    if (counting->channels == 0) {
        return;
    }
    while (counting->next < count && left > 0) {
        uint32_t number = counting->next++;
        uint32_t lines = 0;
        if (is_to_be_counted(ledger, atp_reservation_at(&ledger->reservations, number))) {
            lines = count_reservation(ledger, number);
        }
        left -= lines + 1 < left ? lines + 1 : left;
    }
    if (counting->next >= count) {
        end_counting(ledger);
    }
}

atp_verdict_t atp_ledger_open_accounts(apply_t *apply, uint16_t channel)
{
    atp_ledger_t *ledger = apply->ledger;

    if (atp_load_relaxed(&channel_of(ledger, channel)->is_accounted) != ATP_ACCOUNTED_NOT) {
        return ATP_APPLIED;
    }
    if (!atp_table_has_room(&ledger->rulebook.accounts, 1)) {
        return atp_ledger_refuse(apply, ATP_ACCOUNTS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    atp_channel_record_t *record = atp_table_change(&ledger->catalog.channels, channel);
    atp_store_relaxed(&record->is_accounted, (uint8_t)ATP_ACCOUNTED_SOON);
    ledger->root->counting.channels++;
    ledger->root->counting.next = 0; /* those that are counted already are passed over */
    atp_ledger_count_standing(ledger);
    return ATP_APPLIED;
}

#include "engine/ledger/ledger_accounts.h"

void atp_ledger_account_flagged(atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                const atp_line_t *line, atp_qty_t promised, atp_qty_t shipped)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, line->row);
    account_change_t change = {
        .reservation = reservation,
        .line = line,
        .sku = position->sku,
        .node = position->node,
        .channel = reservation->channel,
        .promised = promised,
        .shipped = shipped,
    };

    ATP_ASSERT(change.channel < atp_table_count(&ledger->catalog.channels));
}

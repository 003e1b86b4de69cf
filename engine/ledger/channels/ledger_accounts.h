/* Accounts: what is counted of reservations beyond the buckets of their positions.
 *
 * What a channel consumes of a SKU, a quota, a node's capacity: each is a number that follows the lines of the reservations
 * it looks at. Such a reservation has a flag (ATP_RESERVATION_ACCOUNTED_...), set when it is granted or when the account is
 * opened; every change of its lines is booked here, once. For all others it costs a look at the flag.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LEDGER_ACCOUNTS_H
#define ATP_LEDGER_LEDGER_ACCOUNTS_H

#include "engine/ledger/ledger_priv.h"

/* What a step changed of a line, and where. */
typedef struct account_change {
    const atp_reservation_t *reservation;
    const atp_line_t *line;
    uint32_t sku;
    uint16_t node;
    uint16_t channel;
    atp_qty_t promised; /* change of reserved + allocated + pegged, in the SKU's scale */
    atp_qty_t
        waiting; /* change of what waits beyond stock: its channel has promised it, its node does not work on it yet */
    atp_qty_t shipped;
} account_change_t;

/* Books a change of a line whose reservation is flagged. */
void atp_ledger_account_flagged(atp_ledger_t *ledger, const atp_reservation_t *reservation,
                                const atp_line_t *line, atp_qty_t promised, atp_qty_t waiting,
                                atp_qty_t shipped);

/* Books what a line has reserved, allocated, pegged and backordered, when the accounts of its channel are opened. */
void atp_ledger_book_standing(atp_ledger_t *ledger, const atp_reservation_t *reservation, uint32_t line);

/* What a line has counts as `sku`'s from now on; what its channel has taken in a period stays where it was counted. */
void atp_ledger_account_merged(atp_ledger_t *ledger, uint32_t line, uint32_t sku);

/* Called when units of a line go to another node, or come from one (promised > 0): its channel promises as many as before, what
 * counts by node does not. */
void atp_ledger_account_moved(atp_ledger_t *ledger, const atp_line_t *line, atp_qty_t promised);

/* ---- kits that were put together ---- */

/* How many kits of a line are promised: until the last component of one has left or is given back. `less`: as if these `count` lines of
 * a plan had given back already what they are to (granted < 0). */
int64_t atp_ledger_kits_in_use(const atp_ledger_t *ledger, uint32_t kit_line, const resolved_line_t *less,
                               uint32_t count);

/* Units of the SKU that one kit of the line counts as, beside what its components hold: a whole one of the kit itself, those that are
 * put together of a kit in it, 0 of another. */
atp_qty_t atp_ledger_kits_of_sku(const atp_ledger_t *ledger, uint32_t kit_line, uint32_t sku);

/* Books the kit that a line became a component of, if its reservation is counted. */
void atp_ledger_account_component(atp_ledger_t *ledger, uint32_t number);

/* Called after each change of a line: by how much what is promised changed, what waits beyond stock, and how much has left. */
static inline void atp_ledger_account(atp_ledger_t *ledger, const atp_line_t *line, atp_qty_t promised,
                                      atp_qty_t waiting, atp_qty_t shipped)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);

    if (ATP_UNLIKELY(reservation->flags != 0)) {
        atp_ledger_account_flagged(ledger, reservation, line, promised, waiting, shipped);
    }
}

#endif

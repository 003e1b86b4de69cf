/* Quotas that several parts of one kit count in: those of tags that a kit shares with its components, or they with each other.
 *
 * The view of each part says what such a quota leaves of that part alone. One kit takes of all of them at once: what it takes of
 * them together stays within what is left too, as a pool of the bill (bill.h). A kit whose parts share more than
 * ATP_BILL_POOLS_MAX such tags is given to nobody, rather than beyond a quota.
 *
 * Threads     any; what is read is of one op only if the stamp of the ledger held. */
#ifndef ATP_LEDGER_KIT_POOLS_H
#define ATP_LEDGER_KIT_POOLS_H

#include "engine/ledger/kits/bill.h"
#include "engine/ledger/ledger.h"

/* Lays a pool into the bill for each tag that two parts or more have and that the channel has a quota of, with what is left of it;
 * those that were there are gone. */
void atp_kit_pools_lay(const atp_ledger_t *ledger, uint16_t channel, int64_t now_ms, atp_bill_t *bill);

#endif

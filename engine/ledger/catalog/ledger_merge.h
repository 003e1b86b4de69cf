/* SKUs that are one, inside the ledger: ledger_merge.c. */
#ifndef ATP_LEDGER_LEDGER_MERGE_H
#define ATP_LEDGER_LEDGER_MERGE_H

#include "engine/ledger/ledger_priv.h"

atp_verdict_t atp_ledger_merge_sku(apply_t *apply);

/* The lines of a reservation that stand at rows that were merged stand where those lead to. Where has_merged. */
void atp_ledger_rehome(atp_ledger_t *ledger, uint32_t reservation);
/* The same of one row that a record has, announced for a change. */
void atp_ledger_rehome_row(atp_ledger_t *ledger, uint32_t *row);
/* All that this op has rehomed is where it was: the op is refused. */
void atp_ledger_undo_rehome(atp_ledger_t *ledger);

#endif

/* What returns share, against a reservation that is here (ledger_returns.c) or was archived (ledger_archive.c). */
#ifndef ATP_LEDGER_LEDGER_RETURNS_H
#define ATP_LEDGER_LEDGER_RETURNS_H

#include "engine/ledger/lifecycle/ledger_steps.h"

/* The disposition of line `i`: its own, else that of the op, else the one that sells nothing unseen. */
atp_disposition_t atp_returns_disposition(const atp_op_t *op, uint32_t i);
/* Resolves the lines, and looks whether each position is there or can be made. */
atp_verdict_t atp_returns_resolve(apply_t *apply);
/* Whether the buckets stay in range (P2) if all `count` lines came back to each of their rows. */
atp_verdict_t atp_returns_look_at_range(apply_t *apply, uint32_t count);
/* `qty` units are back at the row of the line. */
void atp_returns_put_back(apply_t *apply, const resolved_line_t *line, atp_disposition_t disposition,
                          atp_qty_t qty);

/* Of what came back as units and as kits: how many of the `kits` that can come back do when `qty` do. Stocked units first (there
 * are `units`), but whole kits of `unit` each. */
int64_t atp_returns_kits_of(atp_qty_t units, int64_t kits, atp_qty_t qty, atp_qty_t unit);

#endif

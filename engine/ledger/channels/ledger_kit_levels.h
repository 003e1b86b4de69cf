/* Levels of kits inside the ledger: what ledger_levels.c asks of ledger_kit_levels.c, and the other way round.
 *
 * Threads     ledger thread only. */
#ifndef ATP_LEDGER_LEDGER_KIT_LEVELS_H
#define ATP_LEDGER_LEDGER_KIT_LEVELS_H

#include "engine/ledger/ledger_priv.h"

/* The SKU joins those whose views are looked at with the op; its kits do not (ledger_levels.c). */
void atp_ledger_note_own_view(atp_ledger_t *ledger, uint32_t sku);

/* What a channel has of the kits above the SKU may change by this op. */
void atp_ledger_note_kits_above(atp_ledger_t *ledger, uint32_t sku);
/* Of all kits: pulses look at them. */
void atp_ledger_note_all_kits(atp_ledger_t *ledger);
/* Components of the kit may begin or end later. */
void atp_ledger_note_kit_dates(atp_ledger_t *ledger, uint32_t kit);

/* When an op is done, before views are looked at: how much it may look at. */
void atp_ledger_begin_kits(apply_t *apply);
/* The next kit of the sweep, `swept` of which the op has looked at. False: the op has had its share, or none is left. */
bool atp_ledger_next_kit(atp_ledger_t *ledger, uint32_t swept, uint32_t *ret_sku);
/* Whether the op may look at the kit too; if not, pulses will. */
bool atp_ledger_may_look_at_kit(atp_ledger_t *ledger, uint32_t sku);
/* What is due of the kit and its components expires. Returns at how many positions they are; at one
 * more what is a kit no more: some of it may have been there. */
uint32_t atp_ledger_settle_kit(apply_t *apply, uint32_t sku);

/* What the channel has of the kit: on shelves, and as many as can be put together. Nothing is settled. */
atp_qty_t atp_ledger_kit_seen(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

#endif

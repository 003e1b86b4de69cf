/* Facts that wait for a name: ledger_parking.c. */
#ifndef ATP_LEDGER_LEDGER_PARKING_H
#define ATP_LEDGER_LEDGER_PARKING_H

#include "engine/ledger/ledger_priv.h"

/* The work of the op; before and after it, in bounded pieces, that of facts whose names have arrived. PARKED: its turn comes
 * after theirs. */
atp_verdict_t atp_ledger_execute_in_turn(apply_t *apply);
/* True if a fact with that verdict waits for a name, and is no matter for a person. */
bool atp_ledger_is_to_wait(const apply_t *apply, atp_verdict_t verdict);
/* A refused fact that is kept by `exception` is parked if it is to be. Returns what its teller is told. */
atp_verdict_t atp_ledger_park_fact(apply_t *apply, const atp_exception_t *exception, atp_verdict_t verdict);
/* The name means something from now on: SKU or node `number`. */
void atp_ledger_note_arrived(atp_ledger_t *ledger, atp_alias_kind_t kind, atp_text_t name, uint32_t number);

#endif

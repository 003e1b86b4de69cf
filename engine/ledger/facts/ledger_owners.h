/* Who settles exceptions, as ops change it and as exceptions are raised: ledger_owners.c. */
#ifndef ATP_LEDGER_LEDGER_OWNERS_H
#define ATP_LEDGER_LEDGER_OWNERS_H

#include "engine/ledger/ledger_priv.h"

atp_verdict_t atp_ledger_put_owner(apply_t *apply);
/* Whose an exception is that is about to be added; its kind, source and node are said. */
void atp_ledger_give_owner(const atp_ledger_t *ledger, atp_exception_t *exception);
/* Rules say something else: those that are not settled are given anew, some in this op, the rest by pulses. */
void atp_ledger_owners_changed(apply_t *apply);
/* A pulse goes on with that, and tells of those that were not settled in time. */
void atp_ledger_look_at_owners(apply_t *apply);
bool atp_ledger_is_owner_due(const atp_ledger_t *ledger, int64_t now_ms);

#endif

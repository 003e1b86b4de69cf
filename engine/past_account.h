/* The accounts of the reserves of one reservation, taken while the journal is read again: of the one that was granted, the last of them,
 * and of the last one that was refused.
 *
 * Threads     the caller's.
 * Memory      three accounts of ATP_EXPLAIN_PARTS_MAX parts. Their texts are the ledger's, those of the SKUs are copies.
 * Invariants  K1  an account is of the op as it was found: taken before the op is applied, kept when its verdict is known. */
#ifndef ATP_ENGINE_PAST_ACCOUNT_H
#define ATP_ENGINE_PAST_ACCOUNT_H

#include "engine/past.h"

#define ATP_PAST_ACCOUNTS_MAX 2u

typedef struct atp_past_accounts {
    atp_past_account_t of[ATP_PAST_ACCOUNTS_MAX + 1];
    uint8_t granted; /* indexes of `of`; what is there has its op */
    uint8_t refused;
    uint8_t spare;
    bool is_taken; /* the spare one, for the op that is applied next */
    atp_explanation_t *parts;
} atp_past_accounts_t;

ATP_MUST_USE atp_err_t atp_past_accounts_init(atp_past_accounts_t *accounts, atp_why_t *ret_why);
void atp_past_accounts_fini(atp_past_accounts_t *accounts);

/* Before a reserve is applied. */
void atp_past_accounts_take(atp_past_accounts_t *accounts, const atp_ledger_t *ledger, const atp_op_t *op,
                            int64_t time_ms);
/* After it; nothing if no account of it was taken. */
void atp_past_accounts_keep(atp_past_accounts_t *accounts, const atp_result_t *result);

/* In the order of their ops. */
uint32_t atp_past_accounts_count(const atp_past_accounts_t *accounts);
const atp_past_account_t *atp_past_accounts_at(const atp_past_accounts_t *accounts, uint32_t i);

#endif

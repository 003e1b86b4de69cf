#include "protocol/client/client_priv.h"

#include <stdlib.h>

static uint32_t count_submitted(const atp_call_t *calls)
{
    uint32_t count = 0;

    for (; calls != NULL; calls = calls->next) {
        count += calls->done != NULL || calls->explained != NULL;
    }
    return count;
}

/* Submitted calls make room for others before their callbacks run, so that a callback can submit again. */
static void begin_callbacks(atp_client_t *client, uint32_t count)
{
    if (count > 0) {
        (void)pthread_mutex_lock(&client->mutex);
        client->submit_count -= count;
        (void)pthread_mutex_unlock(&client->mutex);
    }
}

static void end_callbacks(atp_client_t *client, uint32_t count)
{
    if (count > 0) {
        (void)pthread_mutex_lock(&client->mutex);
        client->undone_count -= count;
        (void)pthread_cond_broadcast(&client->changed);
        (void)pthread_mutex_unlock(&client->mutex);
    }
}

/* Ends a submitted command. */
static void tell(atp_call_t *call, const atp_result_t *result, const atp_grant_t *grants,
                 const atp_explanation_t *parts)
{
    const atp_as_of_t *as_of = result != NULL ? &call->end.as_of : NULL;

    if (call->explained != NULL) {
        call->explained(call->done_context, call->end.err, result, grants, parts, as_of);
    } else {
        call->done(call->done_context, call->end.err, result, grants, as_of);
    }
    free(call);
}

/* Ends a single command. `result` is NULL when there is none. The call is gone afterwards. */
static void give(atp_call_t *call, const atp_result_t *result, const atp_grant_t *grants,
                 const atp_explanation_t *parts)
{
    if (call->done != NULL || call->explained != NULL) {
        tell(call, result, grants, parts);
        return;
    }
    if (result != NULL) {
        *call->ret_result = *result;
        if (call->grants != NULL) {
            atp_grants_clear(call->grants);
            atp_grants_add(call->grants, grants, result);
            atp_account_add(call->grants, parts, call->ret_result);
        }
    }
    atp_latch_open(&call->latch);
}

void atp_calls_finish(atp_client_t *client, atp_call_t *calls, const atp_end_t *end)
{
    const atp_result_t refused = {.verdict = (uint8_t)end->refusal, .field = (uint8_t)end->field};
    const atp_result_t *result = end->err == ATP_OK ? &refused : NULL;
    uint32_t submitted = count_submitted(calls);

    begin_callbacks(client, submitted);
    while (calls != NULL) {
        atp_call_t *call = calls;

        calls = call->next; /* before the call is gone */
        if (end->err == ATP_ERR_TIMEOUT) {
            atp_fetch_add_relaxed(&client->timeout_count, 1);
        }
        call->end = *end;
        if (call->is_single) {
            give(call, result, NULL, NULL);
        } else {
            atp_latch_open(&call->latch);
        }
    }
    end_callbacks(client, submitted);
}

void atp_calls_deliver(atp_client_t *client, atp_call_t *calls, const void *bytes, size_t size,
                       atp_grant_t *grants, atp_explain_room_t *account)
{
    uint32_t submitted = count_submitted(calls);
    atp_response_t response;
    atp_reader_t reader;
    atp_result_t result;
    uint32_t count;

    ATP_ASSERT(atp_response_open(bytes, size, &reader, &response) && atp_read_results(&reader, &count));
    begin_callbacks(client, submitted);
    while (calls != NULL) {
        atp_call_t *call = calls;

        calls = call->next; /* before the call is gone */
        account->count = 0;
        ATP_ASSERT(atp_read_result_and_account(&reader, &result, grants, ATP_GRANTS_PER_OP_MAX, account));
        call->end = (atp_end_t){.as_of = {response.incarnation, response.applied_op, response.durable_op}};
        give(call, &result, grants, account->parts);
    }
    end_callbacks(client, submitted);
}

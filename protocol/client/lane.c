#include "protocol/client/client_priv.h"

#include <stdlib.h>

static void run(atp_lane_t *lane, atp_call_t *calls);

/* ---- steps of one message ---- */

/* After an operation has begun: close cancels every lane once, maybe just before. */
static void heed_close(atp_lane_t *lane)
{
    /* CLOSE-L (acquire) pairs with CLOSE-C. Beginning an operation and cancelling one take the same lock inside
     * NNG: a cancel that came too early is therefore seen here. */
    if (atp_load_acquire(&lane->client->is_cancelling)) {
        nng_aio_cancel(lane->aio);
        nng_aio_cancel(lane->pausing);
    }
}

/* Milliseconds to the first deadline, at least 1 and at most `most`. */
static nng_duration time_left(const atp_lane_t *lane, int64_t most)
{
    int64_t left = lane->calls->deadline_ms - atp_steady_ms();

    left = left < most ? left : most;
    return (nng_duration)(left > 1 ? left : 1);
}

static void begin_send(atp_lane_t *lane, nng_msg *message)
{
    lane->state = ATP_LANE_SENDING;
    nng_aio_set_timeout(lane->aio, time_left(lane, INT32_MAX)); /* until there is a connection */
    nng_aio_set_msg(lane->aio, message);
    nng_ctx_send(lane->ctx, lane->aio);
    heed_close(lane);
}

static void begin_wait(atp_lane_t *lane)
{
    lane->state = ATP_LANE_WAITING;
    nng_aio_set_timeout(lane->aio, time_left(lane, lane->client->try_ms));
    nng_ctx_recv(lane->ctx, lane->aio);
    heed_close(lane);
}

static void begin_pause(atp_lane_t *lane, uint32_t pause_ms)
{
    lane->state = ATP_LANE_PAUSING;
    nng_sleep_aio(time_left(lane, pause_ms), lane->pausing);
    heed_close(lane);
}

/* Writes and sends the message of the lane's calls, or takes what the caller has written ahead. */
static atp_err_t send_calls(atp_lane_t *lane)
{
    atp_client_t *client = lane->client;
    atp_call_t *first = lane->calls;
    nng_msg *message = NULL;

    if (!first->is_single && first->message != NULL) {
        message = first->message;
        first->message = NULL;
        lane->number = first->number;
    } else {
        atp_err_t err;

        lane->number = atp_fetch_add_relaxed(&client->next_number, 1);
        err = atp_client_write(client, first, lane->number, &message);
        if (err != ATP_OK) {
            return err;
        }
    }
    begin_send(lane, message);
    return ATP_OK;
}

/* ---- how a message ends ---- */

/* How the calls of the lane end when no more tries are made. */
static atp_end_t give_up(const atp_lane_t *lane)
{
    if (atp_load_relaxed(&lane->client->is_closing)) { /* relaxed: if missed, the next cancel ends the lane */
        return (atp_end_t){.err = ATP_ERR_CLOSED};
    }
    if (!lane->was_sent) {
        return (atp_end_t){.err = ATP_ERR_NOT_FOUND};
    }
    if (lane->was_unanswered) {
        return (atp_end_t){
            .err = ATP_ERR_TIMEOUT}; /* one try may have been done, whatever the others were told */
    }
    return (atp_end_t){.refusal = ATP_BUSY};
}

static void finish_all(atp_lane_t *lane, const atp_end_t *end)
{
    atp_call_t *calls = lane->calls;

    lane->calls = NULL;
    atp_calls_finish(lane->client, calls, end);
    run(lane, atp_client_take_or_rest(lane->client, lane));
}

/* Ends the calls that are overdue: the first ones (L3). */
static void finish_overdue(atp_lane_t *lane)
{
    int64_t now = atp_steady_ms();
    atp_call_t *overdue = lane->calls;
    atp_call_t **end = &overdue;
    atp_end_t how = give_up(lane);

    while (*end != NULL && (*end)->deadline_ms <= now) {
        end = &(*end)->next;
    }
    lane->calls = *end;
    *end = NULL;
    atp_calls_finish(lane->client, overdue, &how);
}

/* Tries again after `pause_ms` (0 = at once), or gives up. */
static void try_again(atp_lane_t *lane, uint32_t pause_ms)
{
    atp_client_t *client = lane->client;
    atp_end_t end;

    finish_overdue(lane);
    if (lane->calls == NULL) {
        run(lane, atp_client_take_or_rest(client, lane));
        return;
    }
    if (lane->tries > client->retries || atp_load_relaxed(&client->is_closing)) {
        end = give_up(lane);
        finish_all(lane, &end);
        return;
    }
    if (pause_ms > 0) {
        begin_pause(lane, pause_ms);
        return;
    }
    end.err = send_calls(lane);
    if (end.err != ATP_OK) {
        end = (atp_end_t){.err = end.err};
        finish_all(lane, &end);
    }
}

/* Sends calls until some are in flight or there are none. */
static void run(atp_lane_t *lane, atp_call_t *calls)
{
    while (calls != NULL) {
        atp_end_t end = {ATP_OK, ATP_APPLIED, ATP_FIELD_NONE, {0, 0, 0}};

        lane->calls = calls;
        lane->tries = 0;
        lane->pause_ms = ATP_CLIENT_PAUSE_MS_MIN;
        lane->was_sent = false;
        lane->was_unanswered = false;
        end.err = send_calls(lane);
        if (end.err == ATP_OK) {
            return;
        }
        lane->calls = NULL;
        atp_calls_finish(lane->client, calls, &end);
        calls = atp_client_take_or_rest(lane->client, lane);
    }
}

void atp_lane_start(atp_lane_t *lane, atp_call_t *calls)
{
    run(lane, calls);
}

/* ---- what comes back ---- */

/* The next pause: what the engine asked for or twice the last one, and up to half of it more, so that clients
 * refused together do not come back together. */
static uint32_t next_pause(atp_lane_t *lane, uint32_t hint_ms)
{
    uint32_t pause = hint_ms > lane->pause_ms ? hint_ms : lane->pause_ms;
    uint32_t random = (uint32_t)((lane->number * UINT64_C(0x9e3779b97f4a7c15)) >> 33);

    pause = pause < ATP_CLIENT_PAUSE_MS_MAX ? pause : ATP_CLIENT_PAUSE_MS_MAX;
    lane->pause_ms = 2 * pause;
    return pause + random % (pause / 2 + 1);
}

static bool is_our_correlation(const atp_lane_t *lane, atp_text_t correlation)
{
    char text[ATP_CORRELATION_SIZE_MAX];

    return atp_text_equal(correlation, atp_client_correlation(lane->client, lane->number, text));
}

/* Room for accounts, where there is memory for it: else they are cut. */
static void need_account(atp_lane_t *lane)
{
    if (lane->account.parts == NULL) {
        lane->account.parts = malloc(ATP_EXPLAIN_PARTS_MAX * sizeof *lane->account.parts);
        lane->account.capacity = lane->account.parts != NULL ? ATP_EXPLAIN_PARTS_MAX : 0;
    }
}

/* True if the bytes are results for all single commands of the lane, to the end. */
static bool are_results_for(atp_lane_t *lane, atp_reader_t *reader)
{
    uint32_t asked = 0;
    uint32_t count;
    atp_result_t result;

    for (const atp_call_t *call = lane->calls; call != NULL; call = call->next) {
        asked++;
        if (call->command.explains) {
            need_account(lane);
        }
    }
    if (!atp_read_results(reader, &count) || count != asked) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_result(reader, &result, lane->grants, ATP_GRANTS_PER_OP_MAX)) {
            return false;
        }
    }
    return atp_message_close(reader);
}

static void on_garbage(atp_lane_t *lane, const atp_reader_t *reader)
{
    const atp_end_t end = {.err = ATP_ERR_FORMAT};
    const char *name = atp_verdict_name(reader->refusal.verdict);

    atp_client_note_failure(lane->client,
                            "%s: the answer cannot be read (%s%s%s); is this an atpd of this version?",
                            lane->client->url, name != NULL ? name : "unknown",
                            reader->refusal.detail != NULL && *reader->refusal.detail != '\0' ? ": " : "",
                            reader->refusal.detail != NULL ? reader->refusal.detail : "");
    finish_all(lane, &end);
}

static void on_refusal(atp_lane_t *lane, atp_reader_t *reader, const atp_response_t *response)
{
    atp_end_t end = {.as_of = {response->incarnation, response->applied_op, response->durable_op}};
    atp_error_t error;

    if (!atp_read_error(reader, &error) || !atp_message_close(reader)) {
        on_garbage(lane, reader);
        return;
    }
    if (error.verdict == ATP_BUSY) {
        atp_fetch_add_relaxed(&lane->client->busy_count, 1);
        try_again(lane, next_pause(lane, error.retry_ms));
        return;
    }
    if (lane->calls->ret_detail != NULL && error.detail.size <= ATP_DETAIL_SIZE_MAX) {
        lane->calls->detail_size = error.detail.size;
        memcpy(lane->calls->ret_detail, error.detail.bytes, error.detail.size);
    }
    end.refusal = error.verdict;
    end.field = error.field;
    finish_all(lane, &end);
}

/* Gives the answer to the caller of a message of its own, who reads it himself. */
static void hand_over(atp_lane_t *lane, nng_msg *message)
{
    static const atp_end_t answered = {.err = ATP_OK};

    lane->calls->message = message;
    finish_all(lane, &answered);
}

static void on_answer(atp_lane_t *lane, nng_msg *message)
{
    const void *bytes = nng_msg_body(message);
    size_t size = nng_msg_len(message);
    atp_call_t *calls = lane->calls;
    uint8_t type = calls->is_single ? ATP_MESSAGE_COMMANDS : (uint8_t)calls->type;
    atp_response_t response;
    atp_reader_t reader;

    bool is_ours =
        atp_response_open(bytes, size, &reader, &response) && is_our_correlation(lane, response.correlation);
    bool is_of_type = is_ours && response.type == type;

    if (is_ours && response.type == ATP_MESSAGE_ERROR) {
        on_refusal(lane, &reader, &response);
    } else if (is_of_type && !calls->is_single) {
        hand_over(lane, message);
        return;
    } else if (is_of_type && are_results_for(lane, &reader)) {
        lane->calls = NULL;
        atp_calls_deliver(lane->client, calls, bytes, size, lane->grants, &lane->account);
        nng_msg_free(message);
        run(lane, atp_client_take_or_rest(lane->client, lane));
        return;
    } else {
        on_garbage(lane, &reader);
    }
    nng_msg_free(message);
}

/* ---- events of the lane's NNG operation ---- */

static void on_sent(atp_lane_t *lane, int rv)
{
    if (rv == 0) {
        lane->was_sent = true;
        lane->tries++;
        atp_fetch_add_relaxed(&lane->client->message_count, 1);
        if (lane->tries > 1) {
            atp_fetch_add_relaxed(&lane->client->retry_count, 1);
        }
        begin_wait(lane);
        return;
    }
    nng_msg_free(nng_aio_get_msg(lane->aio));
    atp_client_note_failure(lane->client, "%s: no connection; is atpd running there?", lane->client->url);
    try_again(lane, 0);
}

static void on_waited(atp_lane_t *lane, int rv)
{
    if (rv == 0) {
        on_answer(lane, nng_aio_get_msg(lane->aio));
        return;
    }
    lane->was_unanswered = true;
    atp_client_note_failure(lane->client, "%s: no answer: %s", lane->client->url, nng_strerror(rv));
    try_again(lane, rv == NNG_ETIMEDOUT ? 0 : next_pause(lane, 0));
}

static void on_event(void *arg)
{
    atp_lane_t *lane = arg;
    int rv = nng_aio_result(lane->aio);

    if (lane->state == ATP_LANE_SENDING) {
        on_sent(lane, rv);
    } else {
        ATP_ASSERT(lane->state == ATP_LANE_WAITING);
        on_waited(lane, rv);
    }
}

static void on_paused(void *arg)
{
    atp_lane_t *lane = arg;

    ATP_ASSERT(lane->state == ATP_LANE_PAUSING);
    try_again(lane, 0);
}

int atp_lane_open(atp_lane_t *lane, atp_client_t *client, uint32_t index)
{
    int rv = nng_ctx_open(&lane->ctx, client->socket);

    lane->client = client;
    lane->index = index;
    if (rv == 0) {
        rv = nng_aio_alloc(&lane->aio, on_event, lane);
    }
    if (rv == 0) {
        rv = nng_aio_alloc(&lane->pausing, on_paused, lane);
    }
    if (rv == 0) {
        nng_aio_set_timeout(lane->pausing, NNG_DURATION_INFINITE);
    }
    return rv;
}

void atp_lane_close(atp_lane_t *lane)
{
    if (nng_ctx_id(lane->ctx) > 0) {
        (void)nng_ctx_close(lane->ctx);
    }
    nng_aio_free(lane->aio);
    nng_aio_free(lane->pausing);
    free(lane->account.parts);
}

#include "protocol/client/client_priv.h"

#include <nng/protocol/reqrep0/req.h>

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

/* ---- clocks and ids ---- */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    ATP_ASSERT(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t atp_steady_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t atp_now_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

static void fill_random(void *bytes, size_t size)
{
    ssize_t got;

    do {
        got = getrandom(bytes, size, 0);
    } while (got < 0 && errno == EINTR);
    ATP_ASSERT(got == (ssize_t)size); /* whole up to 256 bytes, once the system has started */
}

void atp_make_id(char ret_id[ATP_MADE_ID_SIZE])
{
    uint64_t random[2];

    fill_random(random, sizeof random);
    (void)snprintf(ret_id, ATP_MADE_ID_SIZE, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
}

/* ---- the queues; all under the mutex ---- */

static void queue_init(atp_queue_t *queue)
{
    queue->first = NULL;
    queue->end = &queue->first;
}

static void queue_push(atp_queue_t *queue, atp_call_t *call)
{
    call->next = NULL;
    *queue->end = call;
    queue->end = &call->next;
}

/* The first `count` calls, of at least as many. */
static atp_call_t *queue_take(atp_queue_t *queue, uint32_t count)
{
    atp_call_t *first = queue->first;
    atp_call_t *last = first;

    for (uint32_t i = 1; i < count; i++) {
        last = last->next;
    }
    queue->first = last->next;
    if (queue->first == NULL) {
        queue->end = &queue->first;
    }
    last->next = NULL;
    return first;
}

static atp_call_t *queue_take_all(atp_queue_t *queue)
{
    atp_call_t *first = queue->first;

    queue_init(queue);
    return first;
}

/* How many single commands, from the first, fit in one message. */
static uint32_t count_gathered(const atp_client_t *client)
{
    uint32_t count = 0;
    size_t lines = 0;
    size_t text_size = 0;
    uint32_t told = 0; /* lines of which there is an account */

    for (const atp_call_t *call = client->singles.first; call != NULL && count < client->ops_per_message;
         call = call->next) {
        lines += call->command.line_count;
        text_size += call->text_size;
        told += call->command.explains ? atp_explain_told(call->command.line_count) : 0;
        if (count > 0 && (lines > ATP_OPS_PER_MESSAGE_MAX || text_size > ATP_GATHERED_SIZE_MAX ||
                          told > ATP_EXPLAIN_TOLD_MAX)) {
            break;
        }
        count++;
    }
    return count;
}

/* What `lane` is to send next; NULL when there is nothing that it might. */
static atp_call_t *take_batch(atp_client_t *client, atp_lane_t *lane)
{
    const atp_call_t *single =
        client->gathered_count < ATP_CLIENT_GATHERED_MAX ? client->singles.first : NULL;
    const atp_call_t *message = client->messages.first;

    if (message != NULL && (single == NULL || message->deadline_ms < single->deadline_ms)) {
        return queue_take(&client->messages, 1);
    }
    if (single == NULL) {
        return NULL;
    }
    lane->is_gathered = true;
    client->gathered_count++;
    return queue_take(&client->singles, count_gathered(client));
}

atp_call_t *atp_client_take_or_rest(atp_client_t *client, atp_lane_t *lane)
{
    atp_call_t *calls;

    (void)pthread_mutex_lock(&client->mutex);
    client->gathered_count -= lane->is_gathered;
    lane->is_gathered = false;
    calls = take_batch(client, lane);
    if (calls == NULL) {
        client->resting |= UINT64_C(1) << lane->index;
        (void)pthread_cond_broadcast(&client->changed);
    }
    (void)pthread_mutex_unlock(&client->mutex);
    return calls;
}

/* A lane that rests and now has `*ret_calls` to send, or NULL. */
static atp_lane_t *wake_lane(atp_client_t *client, atp_call_t **ret_calls)
{
    atp_lane_t *lane;

    if (client->resting == 0) {
        return NULL;
    }
    lane = &client->lanes[__builtin_ctzll(client->resting)];
    *ret_calls = take_batch(client, lane);
    if (*ret_calls == NULL) {
        return NULL;
    }
    client->resting &= client->resting - 1;
    return lane;
}

atp_err_t atp_client_enqueue(atp_client_t *client, atp_call_t *call)
{
    atp_call_t *calls = NULL;
    atp_lane_t *lane;

    atp_fetch_add_relaxed(&client->call_count, 1);
    (void)pthread_mutex_lock(&client->mutex);
    if (atp_load_relaxed(&client->is_closing)) { /* relaxed: under the mutex that it is stored under */
        (void)pthread_mutex_unlock(&client->mutex);
        return ATP_ERR_CLOSED;
    }
    queue_push(call->is_single ? &client->singles : &client->messages, call);
    lane = wake_lane(client, &calls);
    (void)pthread_mutex_unlock(&client->mutex);
    if (lane != NULL) {
        atp_lane_start(lane, calls);
    }
    return ATP_OK;
}

void atp_client_note_failure(atp_client_t *client, const char *format, ...)
{
    atp_why_t why;
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(why.text, sizeof why.text, format, arguments);
    va_end(arguments);
    (void)pthread_mutex_lock(&client->mutex);
    client->last_failure = why;
    (void)pthread_mutex_unlock(&client->mutex);
}

void atp_client_last_failure(const atp_client_t *client, atp_why_t *ret_why)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&client->mutex;

    (void)pthread_mutex_lock(mutex);
    *ret_why = client->last_failure;
    (void)pthread_mutex_unlock(mutex);
}

void atp_client_read_counters(const atp_client_t *client, atp_client_counters_t *ret_counters)
{
    ret_counters->calls = atp_load_relaxed(&client->call_count);
    ret_counters->messages = atp_load_relaxed(&client->message_count);
    ret_counters->retries = atp_load_relaxed(&client->retry_count);
    ret_counters->busy = atp_load_relaxed(&client->busy_count);
    ret_counters->timeouts = atp_load_relaxed(&client->timeout_count);
    ret_counters->connects = atp_load_relaxed(&client->gate.opened);
}

/* ---- open ---- */

static uint32_t or_default(uint32_t value, uint32_t default_value)
{
    return value != 0 ? value : default_value;
}

static atp_err_t check_options(const atp_client_options_t *options, atp_why_t *ret_why)
{
    if (options->client.size < 1 || options->client.size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(options->client)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "a client name is 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    }
    if (options->token.size > ATP_TOKEN_SIZE_MAX || !atp_text_is_clean(options->token)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "a token is at most %d bytes of UTF-8 without control characters",
                        ATP_TOKEN_SIZE_MAX);
    }
    if (options->correlation.size > ATP_ID_SIZE_MAX || !atp_text_is_clean(options->correlation)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "a correlation id is at most %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    }
    if (options->timeout_ms > INT32_MAX || options->try_ms > INT32_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a timeout is at most %d ms", INT32_MAX);
    }
    if (options->ops_per_message > ATP_OPS_PER_MESSAGE_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a message has at most %d ops", ATP_OPS_PER_MESSAGE_MAX);
    }
    if (options->messages_in_flight > ATP_CLIENT_LANES_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "at most %d messages in flight", ATP_CLIENT_LANES_MAX);
    }
    if (options->submits_in_flight > ATP_CLIENT_SUBMITS_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "at most %d submitted commands in flight",
                        ATP_CLIENT_SUBMITS_MAX);
    }
    return atp_nng_check_url(options->url, ret_why);
}

static void take_options(atp_client_t *client, const atp_client_options_t *options)
{
    uint64_t random;

    (void)snprintf(client->url, sizeof client->url, "%s", options->url);
    client->name_size = options->client.size;
    memcpy(client->name, options->client.bytes, options->client.size);
    client->token_size = options->token.size;
    if (options->token.size > 0) {
        memcpy(client->token, options->token.bytes, options->token.size);
    }
    client->correlation_size = options->correlation.size;
    if (options->correlation.size > 0) {
        memcpy(client->correlation, options->correlation.bytes, options->correlation.size);
    }
    client->timeout_ms = or_default(options->timeout_ms, ATP_CLIENT_TIMEOUT_MS);
    client->try_ms = or_default(options->try_ms, ATP_CLIENT_TRY_MS);
    client->retries =
        options->retries == ATP_CLIENT_NO_RETRY ? 0 : or_default(options->retries, ATP_CLIENT_RETRIES);
    client->ops_per_message = or_default(options->ops_per_message, ATP_OPS_PER_MESSAGE_MAX);
    client->lane_count = or_default(options->messages_in_flight, ATP_CLIENT_LANES_DEFAULT);
    client->submit_max = or_default(options->submits_in_flight, ATP_CLIENT_SUBMITS_DEFAULT);
    fill_random(&random, sizeof random);
    (void)snprintf(client->correlation_prefix, sizeof client->correlation_prefix, "%016" PRIx64, random);
}

static atp_err_t open_lanes(atp_client_t *client, atp_why_t *ret_why)
{
    int rv = 0;

    client->lanes = calloc(client->lane_count, sizeof *client->lanes);
    if (client->lanes == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for %u messages in flight", client->lane_count);
    }
    for (uint32_t i = 0; i < client->lane_count && rv == 0; i++) {
        rv = atp_lane_open(&client->lanes[i], client, i);
        client->resting |= UINT64_C(1) << i;
    }
    return rv == 0 ? ATP_OK : atp_nng_fail(ret_why, rv, "open a context", client->url);
}

static atp_err_t start(atp_client_t *client, atp_why_t *ret_why)
{
    int rv = nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    atp_err_t err;

    if (rv == 0) {
        rv = nng_socket_set_size(client->socket, NNG_OPT_RECVMAXSZ, ATP_MESSAGE_SIZE_MAX);
    }
    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "set up a socket", client->url);
    }
    err = atp_gate_open(&client->gate, client->socket, UINT32_MAX, ret_why);
    if (err == ATP_OK) {
        err = open_lanes(client, ret_why);
    }
    return err == ATP_OK ? atp_nng_dial(client->socket, client->url, ret_why) : err;
}

static void destroy(atp_client_t *client)
{
    for (uint32_t i = 0; client->lanes != NULL && i < client->lane_count; i++) {
        atp_lane_close(&client->lanes[i]);
    }
    (void)pthread_cond_destroy(&client->changed);
    (void)pthread_mutex_destroy(&client->mutex);
    free(client->lanes);
    if (atp_nng_close(client->socket)) { /* else the gate must stay */
        free(client);
    }
}

atp_err_t atp_client_open(const atp_client_options_t *options, atp_client_t **ret_client, atp_why_t *ret_why)
{
    atp_client_t *client;
    atp_err_t err = check_options(options, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    client = calloc(1, sizeof *client);
    if (client == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a client");
    }
    rv = nng_req0_open(&client->socket);
    if (rv != 0) {
        free(client);
        return atp_nng_fail(ret_why, rv, "open a socket", options->url);
    }
    (void)pthread_mutex_init(&client->mutex, NULL);
    (void)pthread_cond_init(&client->changed, NULL);
    queue_init(&client->singles);
    queue_init(&client->messages);
    take_options(client, options);
    err = start(client, ret_why);
    if (err != ATP_OK) {
        destroy(client);
        return err;
    }
    *ret_client = client;
    return ATP_OK;
}

/* ---- close ---- */

static uint64_t all_lanes(const atp_client_t *client)
{
    return client->lane_count == 64 ? UINT64_MAX : (UINT64_C(1) << client->lane_count) - 1;
}

static bool is_at_rest(const atp_client_t *client)
{
    return client->resting == all_lanes(client) && client->undone_count == 0;
}

/* Lets answers under way arrive, for a moment. They are better than ATP_ERR_CLOSED, and NNG's reaper may not
 * survive a connection that is closed just as a message arrives (protocol/endpoint_nng.h). */
static void wait_for_answers(atp_client_t *client)
{
    struct timespec until;
    int rv = 0;

    ATP_ASSERT(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_nsec += ATP_CLIENT_CLOSE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    while (!is_at_rest(client) && rv != ETIMEDOUT) {
        rv = pthread_cond_timedwait(&client->changed, &client->mutex, &until);
    }
}

static void cancel_lanes(atp_client_t *client)
{
    /* CLOSE-C (release) pairs with CLOSE-L in lane.c. Orders: the flag before the cancels below. Without it a
     * lane that begins to wait just after its cancel could miss both. */
    atp_store_release(&client->is_cancelling, true);
    while (!is_at_rest(client)) {
        for (uint32_t i = 0; i < client->lane_count; i++) {
            nng_aio_cancel(client->lanes[i].aio);
            nng_aio_cancel(client->lanes[i].pausing);
        }
        (void)pthread_cond_wait(&client->changed, &client->mutex);
    }
}

void atp_client_close(atp_client_t *client)
{
    static const atp_end_t closed = {.err = ATP_ERR_CLOSED};
    atp_call_t *singles;
    atp_call_t *messages;

    if (client == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&client->mutex);
    atp_store_relaxed(&client->is_closing,
                      true); /* relaxed: a hint to lanes; enqueue looks under the mutex */
    singles = queue_take_all(&client->singles);
    messages = queue_take_all(&client->messages);
    (void)pthread_mutex_unlock(&client->mutex);
    atp_calls_finish(client, singles, &closed);
    atp_calls_finish(client, messages, &closed);
    (void)pthread_mutex_lock(&client->mutex);
    wait_for_answers(client);
    cancel_lanes(client);
    (void)pthread_mutex_unlock(&client->mutex);
    destroy(client);
}

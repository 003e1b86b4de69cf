#include "protocol/endpoint.h"
#include "protocol/endpoint_nng.h"

#include <nng/protocol/reqrep0/rep.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

typedef enum exchange_state {
    RECEIVING, /* NNG has it, waiting for a request */
    IN_WORK,   /* the handler, or whoever it gave it to */
    SENDING,   /* NNG has it, the reply is on its way */
    STOPPED    /* draining: nobody has it */
} exchange_state_t;

struct atp_exchange {
    /* set at open */
    atp_server_t *server;
    nng_ctx ctx;
    nng_aio *receiving;
    nng_aio *sending;
    uint32_t index;
    /* whoever has the exchange; NNG's own locks order one after the other */
    exchange_state_t state;
    nng_msg *request;
    nng_msg *reply;
};

struct atp_server {
    /* set at open, read-only after */
    nng_socket socket;
    atp_server_handler_t handler;
    void *context;
    nng_duration send_timeout_ms;
    uint32_t exchange_count;
    atp_exchange_t *exchanges;
    size_t url_count;
    nng_listener listeners[ATP_ENDPOINT_URLS_MAX];
    atp_gate_t gate;
    /* under `mutex` */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_draining;
    uint32_t active_count;  /* exchanges that are RECEIVING, or whose handler has not returned */
    uint32_t stopped_count; /* exchanges that are STOPPED */
    /* counted by anybody, relaxed: figures for people */
    _Atomic uint64_t received;
    _Atomic uint64_t replied;
    _Atomic uint64_t failed;
    _Atomic uint64_t dropped;
};

/* Waits for the next request, or stops if no more are wanted. */
static void receive(atp_exchange_t *exchange)
{
    atp_server_t *server = exchange->server;

    (void)pthread_mutex_lock(&server->mutex);
    if (server->is_draining) {
        exchange->state = STOPPED;
        server->stopped_count++;
        (void)pthread_cond_broadcast(&server->changed);
    } else {
        exchange->state = RECEIVING;
        server->active_count++;
        nng_ctx_recv(exchange->ctx, exchange->receiving);
    }
    (void)pthread_mutex_unlock(&server->mutex);
}

static void end_active(atp_server_t *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    server->active_count--;
    if (server->is_draining) {
        (void)pthread_cond_broadcast(&server->changed);
    }
    (void)pthread_mutex_unlock(&server->mutex);
}

static void on_received(void *arg)
{
    atp_exchange_t *exchange = arg;
    atp_server_t *server = exchange->server;

    ATP_ASSERT(exchange->state == RECEIVING);
    if (nng_aio_result(exchange->receiving) == 0) {
        exchange->request = nng_aio_get_msg(exchange->receiving);
        exchange->state = IN_WORK;
        atp_fetch_add_relaxed(&server->received, 1);
        server->handler(server->context, exchange);
    } else {
        receive(exchange); /* cancelled by drain */
    }
    end_active(server); /* the exchange may be another thread's by now */
}

static void on_sent(void *arg)
{
    atp_exchange_t *exchange = arg;
    atp_server_t *server = exchange->server;

    ATP_ASSERT(exchange->state == SENDING);
    if (nng_aio_result(exchange->sending) == 0) {
        atp_fetch_add_relaxed(&server->replied, 1);
    } else {
        atp_fetch_add_relaxed(&server->failed, 1);
        nng_msg_free(nng_aio_get_msg(exchange->sending));
        (void)nng_pipe_close(nng_msg_get_pipe(exchange->request)); /* E3; it may be closed already */
    }
    nng_msg_free(exchange->request);
    exchange->request = NULL;
    receive(exchange);
}

/* ---- open ---- */

static void close_exchange(atp_exchange_t *exchange)
{
    if (nng_ctx_id(exchange->ctx) > 0) {
        (void)nng_ctx_close(exchange->ctx);
    }
    nng_aio_free(exchange->receiving);
    nng_aio_free(exchange->sending);
}

static int open_exchange(atp_exchange_t *exchange, atp_server_t *server, uint32_t index)
{
    int rv = nng_ctx_open(&exchange->ctx, server->socket);

    exchange->server = server;
    exchange->index = index;
    if (rv == 0) {
        rv = nng_aio_alloc(&exchange->receiving, on_received, exchange);
    }
    if (rv == 0) {
        nng_aio_set_timeout(exchange->receiving, NNG_DURATION_INFINITE);
        rv = nng_aio_alloc(&exchange->sending, on_sent, exchange);
    }
    if (rv == 0) {
        nng_aio_set_timeout(exchange->sending, server->send_timeout_ms);
    }
    return rv;
}

static atp_err_t open_exchanges(atp_server_t *server, atp_why_t *ret_why)
{
    int rv = 0;

    server->exchanges = calloc(server->exchange_count, sizeof *server->exchanges);
    if (server->exchanges == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for %u exchanges", server->exchange_count);
    }
    for (uint32_t i = 0; i < server->exchange_count && rv == 0; i++) {
        rv = open_exchange(&server->exchanges[i], server, i);
    }
    return rv == 0 ? ATP_OK : atp_nng_fail(ret_why, rv, "open an exchange", "server");
}

static atp_err_t check_options(const atp_server_options_t *options, atp_why_t *ret_why)
{
    if (options->handler == NULL) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a server needs a handler");
    }
    if (options->url_count < 1 || options->url_count > ATP_ENDPOINT_URLS_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a server listens on 1 to %d URLs, not %zu",
                        ATP_ENDPOINT_URLS_MAX, options->url_count);
    }
    if (options->exchange_count > ATP_ENDPOINT_EXCHANGES_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "at most %d exchanges, not %u", ATP_ENDPOINT_EXCHANGES_MAX,
                        options->exchange_count);
    }
    if (options->message_size_max > ATP_MESSAGE_SIZE_MAX || options->send_timeout_ms > INT32_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a message has at most %u bytes", ATP_MESSAGE_SIZE_MAX);
    }
    for (size_t i = 0; i < options->url_count; i++) {
        atp_err_t err = atp_nng_check_url(options->urls[i], ret_why);

        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static void take_options(atp_server_t *server, const atp_server_options_t *options)
{
    server->handler = options->handler;
    server->context = options->context;
    server->url_count = options->url_count;
    server->exchange_count =
        options->exchange_count != 0 ? options->exchange_count : ATP_ENDPOINT_EXCHANGES_DEFAULT;
    server->send_timeout_ms =
        options->send_timeout_ms != 0 ? (nng_duration)options->send_timeout_ms : ATP_ENDPOINT_SEND_TIMEOUT_MS;
}

/* Sets the bounds before anybody can connect. */
static atp_err_t bound_socket(atp_server_t *server, const atp_server_options_t *options, atp_why_t *ret_why)
{
    size_t size_max = options->message_size_max != 0 ? options->message_size_max : ATP_MESSAGE_SIZE_MAX;
    uint32_t connection_max =
        options->connection_max != 0 ? options->connection_max : ATP_ENDPOINT_CONNECTIONS_DEFAULT;
    int rv = nng_socket_set_size(server->socket, NNG_OPT_RECVMAXSZ, size_max);

    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "bound messages", "server");
    }
    return atp_gate_open(&server->gate, server->socket, connection_max, ret_why);
}

static void destroy(atp_server_t *server)
{
    for (uint32_t i = 0; server->exchanges != NULL && i < server->exchange_count; i++) {
        close_exchange(&server->exchanges[i]);
    }
    free(server->exchanges);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->mutex);
    if (atp_nng_close(server->socket)) { /* else the gate must stay */
        free(server);
    }
}

static atp_err_t start(atp_server_t *server, const atp_server_options_t *options, atp_why_t *ret_why)
{
    atp_err_t err = bound_socket(server, options, ret_why);

    if (err == ATP_OK) {
        err = open_exchanges(server, ret_why);
    }
    if (err == ATP_OK) {
        err = atp_nng_listen(server->socket, options->urls, options->url_count, server->listeners, ret_why);
    }
    return err;
}

atp_err_t atp_server_open(const atp_server_options_t *options, atp_server_t **ret_server, atp_why_t *ret_why)
{
    atp_server_t *server;
    atp_err_t err = check_options(options, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    server = calloc(1, sizeof *server);
    if (server == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a server");
    }
    rv = nng_rep0_open(&server->socket);
    if (rv != 0) {
        free(server);
        return atp_nng_fail(ret_why, rv, "open a socket", options->urls[0]);
    }
    (void)pthread_mutex_init(&server->mutex, NULL);
    (void)pthread_cond_init(&server->changed, NULL);
    take_options(server, options);
    err = start(server, options, ret_why);
    if (err != ATP_OK) {
        destroy(server); /* nothing receives yet: receiving begins after all that can fail */
        return err;
    }
    *ret_server = server; /* the handler, which may be called from here on, may look for it there */
    for (uint32_t i = 0; i < server->exchange_count; i++) {
        receive(&server->exchanges[i]);
    }
    return ATP_OK;
}

uint16_t atp_server_port(const atp_server_t *server, size_t url_index)
{
    return url_index < server->url_count ? atp_nng_port(server->listeners[url_index]) : 0;
}

/* ---- close ---- */

void atp_server_drain(atp_server_t *server)
{
    (void)pthread_mutex_lock(&server->mutex);
    if (!server->is_draining) {
        server->is_draining = true;
        for (uint32_t i = 0; i < server->exchange_count; i++) {
            nng_aio_cancel(server->exchanges[i].receiving); /* nothing where none is waiting */
        }
    }
    while (server->active_count > 0) {
        (void)pthread_cond_wait(&server->changed, &server->mutex);
    }
    (void)pthread_mutex_unlock(&server->mutex);
}

void atp_server_close(atp_server_t *server)
{
    if (server == NULL) {
        return;
    }
    atp_server_drain(server);
    (void)pthread_mutex_lock(&server->mutex);
    while (server->stopped_count < server->exchange_count) {
        (void)pthread_cond_wait(&server->changed, &server->mutex);
    }
    (void)pthread_mutex_unlock(&server->mutex);
    destroy(server);
}

void atp_server_read_counters(const atp_server_t *server, atp_server_counters_t *ret_counters)
{
    ret_counters->received = atp_load_relaxed(&server->received);
    ret_counters->replied = atp_load_relaxed(&server->replied);
    ret_counters->failed = atp_load_relaxed(&server->failed);
    ret_counters->dropped = atp_load_relaxed(&server->dropped);
    ret_counters->connections_opened = atp_load_relaxed(&server->gate.opened);
    ret_counters->connections_refused = atp_load_relaxed(&server->gate.refused);
    ret_counters->connections_now = atp_load_relaxed(&server->gate.now);
}

/* ---- exchange ---- */

const uint8_t *atp_exchange_request(const atp_exchange_t *exchange, size_t *ret_size)
{
    ATP_ASSERT(exchange->state == IN_WORK); /* E1 */
    *ret_size = nng_msg_len(exchange->request);
    return nng_msg_body(exchange->request);
}

uint32_t atp_exchange_index(const atp_exchange_t *exchange)
{
    return exchange->index;
}

uint32_t atp_exchange_peer(const atp_exchange_t *exchange)
{
    ATP_ASSERT(exchange->state == IN_WORK); /* E1 */
    return (uint32_t)nng_pipe_id(nng_msg_get_pipe(exchange->request));
}

atp_err_t atp_exchange_reserve(atp_exchange_t *exchange, size_t size, uint8_t **ret_bytes)
{
    ATP_ASSERT(exchange->state == IN_WORK); /* E1 */
    if (exchange->reply == NULL) {
        if (nng_msg_alloc(&exchange->reply, size) != 0) {
            exchange->reply = NULL;
            return ATP_ERR_MEMORY;
        }
    } else if (nng_msg_len(exchange->reply) < size && nng_msg_realloc(exchange->reply, size) != 0) {
        return ATP_ERR_MEMORY;
    }
    *ret_bytes = nng_msg_body(exchange->reply);
    return ATP_OK;
}

void atp_exchange_send(atp_exchange_t *exchange, size_t size)
{
    nng_msg *reply = exchange->reply;

    ATP_ASSERT(exchange->state == IN_WORK); /* E1 */
    ATP_ASSERT(reply != NULL && size <= nng_msg_len(reply));
    (void)nng_msg_chop(reply, nng_msg_len(reply) - size); /* cannot fail: asserted above */
    exchange->reply = NULL;
    exchange->state = SENDING;
    nng_aio_set_msg(exchange->sending, reply);
    nng_ctx_send(exchange->ctx, exchange->sending);
}

void atp_exchange_drop(atp_exchange_t *exchange)
{
    ATP_ASSERT(exchange->state == IN_WORK); /* E1 */
    nng_msg_free(exchange->request);
    nng_msg_free(exchange->reply);
    exchange->request = NULL;
    exchange->reply = NULL;
    atp_fetch_add_relaxed(&exchange->server->dropped, 1);
    receive(exchange);
}

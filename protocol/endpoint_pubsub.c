#include "protocol/endpoint.h"
#include "protocol/endpoint_nng.h"

#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>

#include <stdlib.h>

static atp_err_t check_urls(const char *const *urls, size_t url_count, atp_why_t *ret_why)
{
    if (url_count > ATP_ENDPOINT_URLS_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "at most %d URLs, not %zu", ATP_ENDPOINT_URLS_MAX,
                        url_count);
    }
    for (size_t i = 0; i < url_count; i++) {
        atp_err_t err = atp_nng_check_url(urls[i], ret_why);

        if (err != ATP_OK) {
            return err;
        }
    }
    return ATP_OK;
}

static atp_err_t take_buffer_count(uint32_t asked, int *ret_count, atp_why_t *ret_why)
{
    if (asked > ATP_ENDPOINT_BUFFER_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a buffer has at most %d messages, not %u",
                        ATP_ENDPOINT_BUFFER_MAX, asked);
    }
    *ret_count = asked != 0 ? (int)asked : ATP_ENDPOINT_BUFFER_MAX;
    return ATP_OK;
}

static uint32_t connections_or_default(uint32_t asked)
{
    return asked != 0 ? asked : ATP_ENDPOINT_CONNECTIONS_DEFAULT;
}

/* ---- pub ---- */

struct atp_pub {
    /* set at open, read-only after */
    nng_socket socket;
    size_t url_count;
    nng_listener listeners[ATP_ENDPOINT_URLS_MAX];
    atp_gate_t gate;
    /* the sender's */
    nng_msg *message;
    /* stored by the sender, read by anybody, relaxed: a figure for people */
    _Atomic uint64_t sent;
};

static atp_err_t start_pub(atp_pub_t *pub, const atp_pub_options_t *options, int buffer_count,
                           atp_why_t *ret_why)
{
    /* What a subscriber says is never looked at: it may say next to nothing. */
    int rv = nng_socket_set_size(pub->socket, NNG_OPT_RECVMAXSZ, 1);
    atp_err_t err;

    if (rv == 0) {
        rv = nng_socket_set_int(pub->socket, NNG_OPT_SENDBUF, buffer_count);
    }
    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "set its bounds", "pub");
    }
    err = atp_gate_open(&pub->gate, pub->socket, connections_or_default(options->connection_max), ret_why);
    if (err == ATP_OK) {
        err = atp_nng_listen(pub->socket, options->urls, options->url_count, pub->listeners, ret_why);
    }
    return err;
}

atp_err_t atp_pub_open(const atp_pub_options_t *options, atp_pub_t **ret_pub, atp_why_t *ret_why)
{
    atp_pub_t *pub;
    int buffer_count = 0;
    atp_err_t err = check_urls(options->urls, options->url_count, ret_why);
    int rv;

    if (err == ATP_OK && options->url_count == 0) {
        err = atp_fail(ret_why, ATP_ERR_INVALID, "a pub listens on 1 to %d URLs", ATP_ENDPOINT_URLS_MAX);
    }
    if (err == ATP_OK) {
        err = take_buffer_count(options->buffer_count, &buffer_count, ret_why);
    }
    if (err != ATP_OK) {
        return err;
    }
    pub = calloc(1, sizeof *pub);
    if (pub == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a pub");
    }
    rv = nng_pub0_open(&pub->socket);
    if (rv != 0) {
        free(pub);
        return atp_nng_fail(ret_why, rv, "open a socket", options->urls[0]);
    }
    pub->url_count = options->url_count;
    err = start_pub(pub, options, buffer_count, ret_why);
    if (err != ATP_OK) {
        atp_pub_close(pub);
        return err;
    }
    *ret_pub = pub;
    return ATP_OK;
}

uint16_t atp_pub_port(const atp_pub_t *pub, size_t url_index)
{
    return url_index < pub->url_count ? atp_nng_port(pub->listeners[url_index]) : 0;
}

void atp_pub_close(atp_pub_t *pub)
{
    if (pub == NULL) {
        return;
    }
    nng_msg_free(pub->message);
    if (atp_nng_close(pub->socket)) { /* else the gate must stay */
        free(pub);
    }
}

atp_err_t atp_pub_reserve(atp_pub_t *pub, size_t size, uint8_t **ret_bytes)
{
    if (pub->message == NULL) {
        if (nng_msg_alloc(&pub->message, size) != 0) {
            pub->message = NULL;
            return ATP_ERR_MEMORY;
        }
    } else if (nng_msg_len(pub->message) < size && nng_msg_realloc(pub->message, size) != 0) {
        return ATP_ERR_MEMORY;
    }
    *ret_bytes = nng_msg_body(pub->message);
    return ATP_OK;
}

atp_err_t atp_pub_send(atp_pub_t *pub, size_t size)
{
    nng_msg *message = pub->message;

    ATP_ASSERT(message != NULL && size <= nng_msg_len(message));
    (void)nng_msg_chop(message, nng_msg_len(message) - size); /* cannot fail: asserted above */
    if (nng_sendmsg(pub->socket, message, NNG_FLAG_NONBLOCK) != 0) {
        return ATP_ERR_MEMORY; /* the only failure of an open PUB socket; the message stays ours */
    }
    pub->message = NULL;
    atp_fetch_add_relaxed(&pub->sent, 1);
    return ATP_OK;
}

uint64_t atp_pub_sent(const atp_pub_t *pub)
{
    return atp_load_relaxed(&pub->sent);
}

uint64_t atp_pub_subscribers(const atp_pub_t *pub)
{
    return atp_load_relaxed(&pub->gate.now);
}

/* ---- sub ---- */

struct atp_sub {
    /* set at open, read-only after */
    nng_socket socket;
    nng_aio *aio;
    atp_sub_handler_t handler;
    void *context;
    size_t url_count;
    nng_listener listeners[ATP_ENDPOINT_URLS_MAX];
    atp_gate_t gate;
    /* stored by the NNG thread, read by anybody, relaxed: a figure for people */
    _Atomic uint64_t received;
};

static void on_message(void *arg)
{
    atp_sub_t *sub = arg;
    nng_msg *message;

    if (nng_aio_result(sub->aio) != 0) {
        return; /* the socket is being closed */
    }
    message = nng_aio_get_msg(sub->aio);
    atp_fetch_add_relaxed(&sub->received, 1);
    sub->handler(sub->context, nng_msg_body(message), nng_msg_len(message));
    nng_msg_free(message);
    nng_recv_aio(sub->socket, sub->aio);
}

static atp_err_t bound_sub(atp_sub_t *sub, const atp_sub_options_t *options, int buffer_count,
                           atp_why_t *ret_why)
{
    size_t size_max =
        options->message_size_max != 0 ? options->message_size_max : ATP_ENDPOINT_SUB_SIZE_DEFAULT;
    int rv = nng_socket_set_size(sub->socket, NNG_OPT_RECVMAXSZ, size_max);

    if (rv == 0) {
        rv = nng_socket_set_int(sub->socket, NNG_OPT_RECVBUF, buffer_count);
    }
    if (rv == 0) {
        rv = nng_socket_set(sub->socket, NNG_OPT_SUB_SUBSCRIBE, "", 0);
    }
    if (rv == 0) {
        rv = nng_aio_alloc(&sub->aio, on_message, sub);
    }
    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "set its bounds", "sub");
    }
    return atp_gate_open(&sub->gate, sub->socket, connections_or_default(options->connection_max), ret_why);
}

static atp_err_t start_sub(atp_sub_t *sub, const atp_sub_options_t *options, int buffer_count,
                           atp_why_t *ret_why)
{
    atp_err_t err = bound_sub(sub, options, buffer_count, ret_why);

    if (err == ATP_OK) {
        err = atp_nng_listen(sub->socket, options->listen_urls, options->listen_url_count, sub->listeners,
                             ret_why);
    }
    for (size_t i = 0; err == ATP_OK && i < options->dial_url_count; i++) {
        err = atp_nng_dial(sub->socket, options->dial_urls[i], ret_why);
    }
    if (err == ATP_OK) {
        nng_recv_aio(sub->socket, sub->aio);
    }
    return err;
}

static atp_err_t check_sub_options(const atp_sub_options_t *options, int *ret_buffer_count,
                                   atp_why_t *ret_why)
{
    atp_err_t err = check_urls(options->listen_urls, options->listen_url_count, ret_why);

    if (err == ATP_OK) {
        err = check_urls(options->dial_urls, options->dial_url_count, ret_why);
    }
    if (err == ATP_OK) {
        err = take_buffer_count(options->buffer_count, ret_buffer_count, ret_why);
    }
    if (err == ATP_OK &&
        (options->handler == NULL || options->listen_url_count + options->dial_url_count == 0)) {
        err = atp_fail(ret_why, ATP_ERR_INVALID, "a sub needs a handler and at least one URL");
    }
    if (err == ATP_OK && options->message_size_max > ATP_MESSAGE_SIZE_MAX) {
        err = atp_fail(ret_why, ATP_ERR_INVALID, "a message has at most %u bytes", ATP_MESSAGE_SIZE_MAX);
    }
    return err;
}

atp_err_t atp_sub_open(const atp_sub_options_t *options, atp_sub_t **ret_sub, atp_why_t *ret_why)
{
    atp_sub_t *sub;
    int buffer_count = 0;
    atp_err_t err = check_sub_options(options, &buffer_count, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    sub = calloc(1, sizeof *sub);
    if (sub == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a sub");
    }
    rv = nng_sub0_open(&sub->socket);
    if (rv != 0) {
        free(sub);
        return atp_nng_fail(ret_why, rv, "open a socket", "sub");
    }
    sub->handler = options->handler;
    sub->context = options->context;
    sub->url_count = options->listen_url_count;
    err = start_sub(sub, options, buffer_count, ret_why);
    if (err != ATP_OK) {
        atp_sub_close(sub);
        return err;
    }
    *ret_sub = sub;
    return ATP_OK;
}

uint16_t atp_sub_port(const atp_sub_t *sub, size_t url_index)
{
    return url_index < sub->url_count ? atp_nng_port(sub->listeners[url_index]) : 0;
}

void atp_sub_close(atp_sub_t *sub)
{
    if (sub == NULL) {
        return;
    }
    nng_aio_stop(sub->aio); /* waits for the handler; what it asks for after this is refused */
    bool is_closed = atp_nng_close(sub->socket);

    nng_aio_free(sub->aio);
    if (is_closed) { /* else the gate must stay */
        free(sub);
    }
}

uint64_t atp_sub_received(const atp_sub_t *sub)
{
    return atp_load_relaxed(&sub->received);
}

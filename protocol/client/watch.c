#include "protocol/client/atp.h"
#include "protocol/client/connections.h"
#include "protocol/endpoint_nng.h"
#include "protocol/message.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/sub.h>

#include <stdlib.h>
#include <string.h>

#define BUFFER_MAX 8192 /* NNG's own limit */

struct atp_watch {
    nng_socket socket;
    atp_connections_t connections;
    nng_msg *message; /* what the texts of the last event point into */
};

static int subscribe(atp_watch_t *watch, size_t (*topic_of)(atp_text_t name, char *ret_topic),
                     atp_text_t name)
{
    char topic[ATP_TOPIC_SIZE_MAX];

    return nng_socket_set(watch->socket, NNG_OPT_SUB_SUBSCRIBE, topic, topic_of(name, topic));
}

static int subscribe_all(atp_watch_t *watch, const atp_watch_options_t *options)
{
    int rv = 0;

    if (options->sku_count == 0 && !options->has_no_availability) {
        rv = subscribe(watch, atp_topic_of_availability, (atp_text_t){NULL, 0});
    }
    for (uint32_t i = 0; rv == 0 && i < options->sku_count; i++) {
        rv = subscribe(watch, atp_topic_of_availability, options->skus[i]);
    }
    for (uint32_t i = 0; rv == 0 && i < options->channel_count; i++) {
        rv = subscribe(watch, atp_topic_of_levels, options->channels[i]);
    }
    if (rv == 0 && options->has_staleness) {
        rv = subscribe(watch, atp_topic_of_staleness, (atp_text_t){NULL, 0});
    }
    return rv;
}

static atp_err_t start(atp_watch_t *watch, const atp_watch_options_t *options, atp_why_t *ret_why)
{
    int rv = nng_socket_set_size(watch->socket, NNG_OPT_RECVMAXSZ, ATP_MESSAGE_SIZE_MAX);

    if (rv == 0) {
        rv = nng_socket_set_int(watch->socket, NNG_OPT_RECVBUF,
                                options->buffer_count != 0 ? (int)options->buffer_count : BUFFER_MAX);
    }
    if (rv == 0) {
        rv = atp_connections_follow(&watch->connections, watch->socket);
    }
    if (rv == 0) {
        rv = subscribe_all(watch, options);
    }
    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "subscribe", options->url);
    }
    return atp_nng_dial(watch->socket, options->url, ret_why);
}

static atp_err_t check_options(const atp_watch_options_t *options, atp_why_t *ret_why)
{
    if (options->buffer_count > BUFFER_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a watch buffers at most %d events", BUFFER_MAX);
    }
    for (uint32_t i = 0; i < options->sku_count; i++) {
        if (options->skus[i].size < 1 || options->skus[i].size > ATP_ID_SIZE_MAX) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "SKU %u to watch: a SKU has 1 to %d bytes", i,
                            ATP_ID_SIZE_MAX);
        }
    }
    for (uint32_t i = 0; i < options->channel_count; i++) {
        if (options->channels[i].size > ATP_ID_SIZE_MAX) {
            return atp_fail(ret_why, ATP_ERR_INVALID, "channel %u to watch: at most %d bytes", i,
                            ATP_ID_SIZE_MAX);
        }
    }
    if (options->has_no_availability &&
        (options->sku_count > 0 || (options->channel_count == 0 && !options->has_staleness))) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "a watch without availability is of channels or of what is stale, not of SKUs");
    }
    return atp_nng_check_url(options->url, ret_why);
}

atp_err_t atp_watch_open(const atp_watch_options_t *options, atp_watch_t **ret_watch, atp_why_t *ret_why)
{
    atp_watch_t *watch;
    atp_err_t err = check_options(options, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a watch");
    }
    rv = nng_sub0_open(&watch->socket);
    if (rv != 0) {
        free(watch);
        return atp_nng_fail(ret_why, rv, "open a socket", options->url);
    }
    atp_connections_init(&watch->connections);
    err = start(watch, options, ret_why);
    if (err != ATP_OK) {
        atp_watch_close(watch);
        return err;
    }
    *ret_watch = watch;
    return ATP_OK;
}

bool atp_watch_wait_connected(atp_watch_t *watch, int32_t timeout_ms)
{
    return atp_connections_wait(&watch->connections, timeout_ms);
}

static void forget_message(atp_watch_t *watch)
{
    if (watch->message != NULL) {
        nng_msg_free(watch->message);
        watch->message = NULL;
    }
}

/* Waits for the next message and opens it. */
static atp_err_t take_message(atp_watch_t *watch, int32_t timeout_ms, atp_reader_t *reader)
{
    int rv;

    forget_message(watch);
    rv = nng_socket_set_ms(watch->socket, NNG_OPT_RECVTIMEO,
                           timeout_ms >= 0 ? timeout_ms : NNG_DURATION_INFINITE);
    if (rv == 0) {
        rv = nng_recvmsg(watch->socket, &watch->message, 0);
    }
    if (rv != 0) {
        watch->message = NULL;
        return rv == NNG_ETIMEDOUT ? ATP_ERR_TIMEOUT : ATP_ERR_CLOSED;
    }
    return atp_event_open(nng_msg_body(watch->message), nng_msg_len(watch->message), reader) ? ATP_OK
                                                                                             : ATP_ERR_FORMAT;
}

atp_err_t atp_watch_next(atp_watch_t *watch, int32_t timeout_ms, atp_availability_event_t *ret_event)
{
    atp_reader_t reader;
    atp_err_t err = take_message(watch, timeout_ms, &reader);

    if (err != ATP_OK) {
        return err;
    }
    bool is_event = reader.type == ATP_MESSAGE_AVAILABILITY_CHANGED &&
                    atp_read_availability_event(&reader, ret_event) && atp_message_close(&reader);
    return is_event ? ATP_OK : ATP_ERR_FORMAT;
}

atp_err_t atp_watch_next_event(atp_watch_t *watch, int32_t timeout_ms, atp_watch_event_t *ret_event)
{
    atp_reader_t reader;
    atp_err_t err = take_message(watch, timeout_ms, &reader);
    bool is_event = false;

    if (err != ATP_OK) {
        return err;
    }
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->type = reader.type;
    if (reader.type == ATP_MESSAGE_AVAILABILITY_CHANGED) {
        is_event = atp_read_availability_event(&reader, &ret_event->availability);
    } else if (reader.type == ATP_MESSAGE_CROSSINGS) {
        is_event = atp_read_crossing_event(&reader, &ret_event->crossing);
    } else if (reader.type == ATP_MESSAGE_STALENESS) {
        is_event = atp_read_staleness_event(&reader, &ret_event->staleness);
    }
    return is_event && atp_message_close(&reader) ? ATP_OK : ATP_ERR_FORMAT;
}

void atp_watch_close(atp_watch_t *watch)
{
    if (watch == NULL) {
        return;
    }
    forget_message(watch);
    if (!atp_nng_close(watch->socket)) {
        return; /* what NNG tells about connections must stay */
    }
    atp_connections_fini(&watch->connections);
    free(watch);
}

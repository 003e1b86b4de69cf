#include "protocol/client/atp.h"
#include "protocol/client/connections.h"
#include "protocol/client/nng_writer.h"
#include "protocol/client/publisher_priv.h"
#include "protocol/endpoint_nng.h"
#include "protocol/message.h"

#include <nng/protocol/pubsub0/pub.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_MAX           8192 /* NNG's own limit */
#define SIZE_HINT_OF_COMMAND 160

struct atp_publisher {
    nng_socket socket;
    char source[ATP_ID_SIZE_MAX];
    uint32_t source_size;
    uint64_t epoch;
    uint64_t sequence;
    atp_connections_t connections;
};

static atp_err_t start(atp_publisher_t *publisher, const atp_publisher_options_t *options, atp_why_t *ret_why)
{
    nng_listener listener;
    int rv = nng_socket_set_size(publisher->socket, NNG_OPT_RECVMAXSZ, 1); /* it has nothing to say to us */

    if (rv == 0) {
        rv = nng_socket_set_int(publisher->socket, NNG_OPT_SENDBUF,
                                options->buffer_count != 0 ? (int)options->buffer_count : BUFFER_MAX);
    }
    if (rv == 0) {
        rv = atp_connections_follow(&publisher->connections, publisher->socket);
    }
    if (rv != 0) {
        return atp_nng_fail(ret_why, rv, "set up a socket", options->url);
    }
    return options->is_listening ? atp_nng_listen(publisher->socket, &options->url, 1, &listener, ret_why)
                                 : atp_nng_dial(publisher->socket, options->url, ret_why);
}

static atp_err_t check_options(const atp_publisher_options_t *options, atp_why_t *ret_why)
{
    if (options->source.size < 1 || options->source.size > ATP_ID_SIZE_MAX ||
        !atp_text_is_clean(options->source)) {
        return atp_fail(ret_why, ATP_ERR_INVALID,
                        "a source name is 1 to %d bytes of UTF-8 without control characters",
                        ATP_ID_SIZE_MAX);
    }
    if (options->epoch == 0 || options->sequence == 0) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "epoch and sequence are numbered from 1");
    }
    if (options->buffer_count > BUFFER_MAX) {
        return atp_fail(ret_why, ATP_ERR_INVALID, "a publisher buffers at most %d batches", BUFFER_MAX);
    }
    return atp_nng_check_url(options->url, ret_why);
}

atp_err_t atp_publisher_open(const atp_publisher_options_t *options, atp_publisher_t **ret_publisher,
                             atp_why_t *ret_why)
{
    atp_publisher_t *publisher;
    atp_err_t err = check_options(options, ret_why);
    int rv;

    if (err != ATP_OK) {
        return err;
    }
    publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for a publisher");
    }
    rv = nng_pub0_open(&publisher->socket);
    if (rv != 0) {
        free(publisher);
        return atp_nng_fail(ret_why, rv, "open a socket", options->url);
    }
    atp_connections_init(&publisher->connections);
    memcpy(publisher->source, options->source.bytes, options->source.size);
    publisher->source_size = options->source.size;
    publisher->epoch = options->epoch;
    publisher->sequence = options->sequence;
    err = start(publisher, options, ret_why);
    if (err != ATP_OK) {
        atp_publisher_close(publisher);
        return err;
    }
    *ret_publisher = publisher;
    return ATP_OK;
}

bool atp_publisher_wait_connected(atp_publisher_t *publisher, int32_t timeout_ms)
{
    return atp_connections_wait(&publisher->connections, timeout_ms);
}

static void write_batch(atp_writer_t *writer, const atp_publisher_t *publisher, const atp_command_t *facts,
                        uint32_t count, int64_t as_of_ms)
{
    char correlation[ATP_CORRELATION_SIZE_MAX];
    int size = snprintf(correlation, sizeof correlation, "%" PRIu64 "-%" PRIu64, publisher->epoch,
                        publisher->sequence);
    const atp_facts_t head = {.correlation = {correlation, (uint32_t)size},
                              .source = {publisher->source, publisher->source_size},
                              .epoch = publisher->epoch,
                              .sequence = publisher->sequence,
                              .as_of_ms = as_of_ms};

    atp_write_facts_begin(writer, &head);
    for (uint32_t i = 0; i < count; i++) {
        atp_write_command(writer, &facts[i]);
    }
    atp_write_list_end(writer);
}

atp_err_t atp_publisher_publish(atp_publisher_t *publisher, const atp_command_t *facts, uint32_t count,
                                int64_t as_of_ms)
{
    nng_msg *message;
    atp_writer_t writer;
    uint64_t lines = 0;

    if (count > ATP_OPS_PER_MESSAGE_MAX) {
        return ATP_ERR_INVALID;
    }
    for (uint32_t i = 0; i < count; i++) {
        lines += facts[i].line_count;
    }
    if (lines > ATP_OPS_PER_MESSAGE_MAX) {
        return ATP_ERR_INVALID;
    }
    if (nng_msg_alloc(&message, 256 + (size_t)count * SIZE_HINT_OF_COMMAND) != 0) {
        return ATP_ERR_MEMORY;
    }
    atp_nng_writer_init(&writer, message);
    write_batch(&writer, publisher, facts, count, as_of_ms);
    if (!atp_nng_writer_end(&writer, message)) {
        nng_msg_free(message);
        return ATP_ERR_INVALID;
    }
    if (nng_sendmsg(publisher->socket, message, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(message);
        return ATP_ERR_MEMORY; /* the only failure of an open PUB socket */
    }
    publisher->sequence++;
    return ATP_OK;
}

atp_err_t atp_publisher_send(atp_publisher_t *publisher, const atp_facts_t *facts, const void *ops,
                             size_t size)
{
    nng_msg *message;
    atp_writer_t writer;

    if (nng_msg_alloc(&message, 512 + size) != 0) {
        return ATP_ERR_MEMORY;
    }
    atp_nng_writer_init(&writer, message);
    atp_write_facts_of(&writer, facts, ops, size);
    if (!atp_nng_writer_end(&writer, message) ||
        nng_sendmsg(publisher->socket, message, NNG_FLAG_NONBLOCK) != 0) {
        nng_msg_free(message);
        return ATP_ERR_MEMORY;
    }
    return ATP_OK;
}

uint64_t atp_publisher_next_sequence(const atp_publisher_t *publisher)
{
    return publisher->sequence;
}

void atp_publisher_close(atp_publisher_t *publisher)
{
    if (publisher == NULL) {
        return;
    }
    if (!atp_nng_close(publisher->socket)) {
        return; /* what NNG tells about connections must stay */
    }
    atp_connections_fini(&publisher->connections);
    free(publisher);
}

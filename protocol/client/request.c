#include "protocol/client/client_priv.h"
#include "protocol/client/nng_writer.h"

#include <inttypes.h>
#include <stdio.h>

#define SIZE_HINT_OF_COMMAND 160 /* most commands with one line are shorter */

atp_text_t atp_client_correlation(const atp_client_t *client, uint64_t number, char *ret_text)
{
    int size =
        snprintf(ret_text, ATP_CORRELATION_SIZE_MAX, "%s-%" PRIu64, client->correlation_prefix, number);

    return (atp_text_t){ret_text, (uint32_t)size};
}

static size_t size_hint(const atp_call_t *calls)
{
    size_t hint = 512;

    for (const atp_call_t *call = calls; call != NULL && call->is_single; call = call->next) {
        hint += SIZE_HINT_OF_COMMAND + call->text_size;
    }
    return hint;
}

static void write_singles(atp_writer_t *writer, const atp_call_t *calls)
{
    atp_write_list_begin(writer);
    for (const atp_call_t *call = calls; call != NULL; call = call->next) {
        atp_write_command(writer, &call->command);
    }
    atp_write_list_end(writer);
}

atp_err_t atp_client_write(const atp_client_t *client, const atp_call_t *calls, uint64_t number,
                           nng_msg **ret_message)
{
    char correlation[ATP_CORRELATION_SIZE_MAX];
    atp_request_t request = {.type = calls->is_single ? ATP_MESSAGE_COMMANDS : (uint8_t)calls->type,
                             .correlation = atp_client_correlation(client, number, correlation),
                             .client = {client->name, client->name_size},
                             .token = {client->token, client->token_size}};
    atp_writer_t writer;
    nng_msg *message;

    if (nng_msg_alloc(&message, size_hint(calls)) != 0) {
        return ATP_ERR_MEMORY;
    }
    atp_nng_writer_init(&writer, message);
    atp_write_request(&writer, &request);
    if (calls->is_single) {
        write_singles(&writer, calls);
    } else {
        calls->write(&writer, calls->write_context);
    }
    if (!atp_nng_writer_end(&writer, message)) {
        nng_msg_free(message);
        return ATP_ERR_INVALID;
    }
    *ret_message = message;
    return ATP_OK;
}

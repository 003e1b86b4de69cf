#include "protocol/client/nng_writer.h"

static atp_err_t grow(void *context, size_t size, uint8_t **ret_bytes)
{
    nng_msg *message = context;

    if (nng_msg_len(message) < size && nng_msg_realloc(message, size) != 0) {
        return ATP_ERR_MEMORY;
    }
    *ret_bytes = nng_msg_body(message);
    return ATP_OK;
}

void atp_nng_writer_init(atp_writer_t *writer, nng_msg *message)
{
    atp_writer_init_over(writer, grow, message, ATP_MESSAGE_SIZE_MAX);
}

bool atp_nng_writer_end(const atp_writer_t *writer, nng_msg *message)
{
    if (writer->is_overflown) {
        return false;
    }
    (void)nng_msg_chop(message,
                       nng_msg_len(message) - atp_writer_size(writer)); /* never more than there is */
    return true;
}

/* Writes a message of the wire straight into the body of an NNG message. */
#ifndef ATP_PROTOCOL_CLIENT_NNG_WRITER_H
#define ATP_PROTOCOL_CLIENT_NNG_WRITER_H

#include "protocol/cursor.h"

#include <nng/nng.h>

/* Over a message allocated with the size it will likely have; grows it when needed. */
void atp_nng_writer_init(atp_writer_t *writer, nng_msg *message);

/* Cuts the message to what was written. False: it did not fit in a message; the bytes are no good. */
ATP_MUST_USE bool atp_nng_writer_end(const atp_writer_t *writer, nng_msg *message);

#endif

/* The messages of the wire, both directions: include this one header. docs/protocol.md says the same for
 * authors of clients in other languages, with bytes to compare.
 *
 *     request   [version, type, correlation, client, token, body]                      message_envelope.h
 *     response  [version, type, correlation, incarnation, applied_op, durable_op, body]
 *     event     topic, zero byte, [version, type, correlation, ...]                     message_events.h
 *
 * Reading     atp_request_open, the function that begins the body, one function for each element of its
 *             list, atp_message_close. Every message is read to its close before anything is done on its behalf: only then
 *             is it known to be well-formed.
 *                 if (!atp_request_open(bytes, size, &reader, &request)) refuse(reader.refusal);
 *                 atp_read_commands(&reader, &count);
 *                 for (i < count) atp_read_command(&reader, &command, lines, capacity, &op_refusal);
 *                 atp_message_close(&reader);
 * Writing     atp_write_request or atp_write_response, then the body; a list is begun, filled, ended.
 *                 atp_write_request(&writer, &request);
 *                 atp_write_list_begin(&writer);
 *                 atp_write_command(&writer, &command);
 *                 atp_write_list_end(&writer);
 *                 if (writer.is_overflown) ...
 *
 * Every message type has both a reader and a writer, since client and server share this file.
 * Elements past the known ones are ignored; trailing ones that are missing are zero. */
#ifndef ATP_PROTOCOL_MESSAGE_H
#define ATP_PROTOCOL_MESSAGE_H

#include "protocol/message_commands.h"
#include "protocol/message_envelope.h"
#include "protocol/message_events.h"
#include "protocol/message_explain.h"
#include "protocol/message_postings.h"
#include "protocol/message_query.h"
#include "protocol/message_records.h"
#include "protocol/message_sources.h"
#include "protocol/message_supply.h"
#include "protocol/message_trace.h"

#endif

/* What every message begins with, the types there are, and the refusal of a message as a whole.
 *
 * The first three elements (version, type, correlation) keep their place in all versions, so that a message
 * of an unknown version can be refused under its correlation id. */
#ifndef ATP_PROTOCOL_MESSAGE_ENVELOPE_H
#define ATP_PROTOCOL_MESSAGE_ENVELOPE_H

#include "protocol/cursor.h"

/* X(number, NAME, name, what it is for). Frozen numbers: added, never reused. A response has the type of its
 * request, or `error`. */
#define ATP_MESSAGE_TYPES(X)                                                                                 \
    X(1, COMMANDS, "commands", "change something: 1 to 8,192 ops")                                           \
    X(2, AVAILABILITY, "availability", "how many can be sold, of which SKUs, where")                         \
    X(3, OUTCOME, "outcome", "what became of a request, by its id")                                          \
    X(4, RESERVATION, "reservation", "reservations by id, in full")                                          \
    X(5, RESERVATIONS, "reservations", "a page of reservations by age, owner, channel, state")               \
    X(6, POSITIONS, "positions", "a page of all positions with their buckets")                               \
    X(7, EXCEPTIONS, "exceptions", "a page of what a person has to settle")                                  \
    X(8, STAT, "stat", "figures of the engine by name")                                                      \
    X(9, CATALOG, "catalog", "a page of SKUs, nodes or channels")                                            \
    X(10, PROMISE, "promise", "what reserves would be granted, and from where; nothing is reserved")         \
    X(12, CROSSINGS, "crossings", "a page of levels crossed by channels; event: one of them, as it happens") \
    X(14, ORDER, "order", "the reservations that name an order, in full")                                    \
    X(15, HISTORY, "history", "the steps of a reservation, newest first")                                    \
    X(13, EXPLAIN, "explain", "what a reserve may take, part by part, and what decided")                     \
    X(11, SCHEDULE, "schedule", "what may be promised by which day, and what is expected")                   \
    X(16, TRACE, "trace", "the ops in the journal that carry a correlation id, or name a reservation")       \
    X(21, POSTINGS, "postings", "what a subscriber must hear, in order")                                     \
    X(24, POSTINGS_OF, "postings_of", "the postings that ops have made, and who has booked them")            \
    X(22, SOURCE_STATE, "source_state", "which batches of a source have been applied")                       \
    X(23, BATCH, "batch", "a numbered batch of facts, answered once it is durable")                          \
    X(64, FACTS, "facts", "event: a numbered batch of facts told by a source")                               \
    X(65, AVAILABILITY_CHANGED, "availability_changed", "event: a position has a new availability")          \
    X(66, STALENESS, "staleness", "event: what a node has is stale or fresh, and what a channel does there") \
    X(127, ERROR, "error", "response: the message is refused as a whole")

typedef enum atp_message_type {
#define ATP_MESSAGE_ENUM(number, NAME, name, sentence) ATP_MESSAGE_##NAME = number,
    ATP_MESSAGE_TYPES(ATP_MESSAGE_ENUM)
#undef ATP_MESSAGE_ENUM
        ATP_MESSAGE_TYPE_LIMIT = 128
} atp_message_type_t;

/* "commands", ...; NULL for a number that is no type. Thread: any. */
const char *atp_message_type_name(unsigned type);
/* What it is for; NULL for a number that is no type. Thread: any. */
const char *atp_message_type_sentence(unsigned type);

typedef struct atp_request {
    uint8_t type;           /* atp_message_type_t */
    atp_text_t correlation; /* at most 64 bytes; comes back in the response and stands in logs */
    atp_text_t client;      /* 1 to 64 bytes: who asks; ids of requests are the client's own */
    atp_text_t token;       /* at most 256 bytes */
} atp_request_t;

typedef struct atp_response {
    uint8_t type;
    atp_text_t correlation;
    uint64_t incarnation; /* which run of the engine answers */
    uint64_t applied_op;  /* newest op that this answer may show */
    uint64_t durable_op;  /* newest op known to survive a power cut */
} atp_response_t;

/* The body of ATP_MESSAGE_ERROR: [verdict, field, detail, retry_ms]. */
typedef struct atp_error {
    atp_verdict_t verdict;
    atp_field_t field;
    atp_text_t detail; /* at most 255 bytes */
    uint32_t retry_ms; /* try again after that long; 0 = no hint, or no use */
} atp_error_t;

/* Begins to read a request; `reader` then stands at its body. False: the message is refused as a whole,
 * reader->refusal says why (message_too_large, malformed, unsupported_version, unknown_kind, id_missing or
 * id_invalid at client, id_invalid at correlation, text_invalid at token); what could be read of the
 * correlation is in *ret_request, so that the refusal can carry it. */
ATP_MUST_USE bool atp_request_open(const void *bytes, size_t size, atp_reader_t *reader,
                                   atp_request_t *ret_request);

/* The same for a response, at the client. */
ATP_MUST_USE bool atp_response_open(const void *bytes, size_t size, atp_reader_t *reader,
                                    atp_response_t *ret_response);

/* Passes over what is left (elements this version does not know, or that the caller did not care to read)
 * and makes sure that the message ends where its bytes end. False: refused as a whole. */
ATP_MUST_USE bool atp_message_close(atp_reader_t *reader);

void atp_write_request(atp_writer_t *writer, const atp_request_t *request);
void atp_write_response(atp_writer_t *writer, const atp_response_t *response);

/* The body of an error response. A verdict this build does not know is kept as its number. */
ATP_MUST_USE bool atp_read_error(atp_reader_t *reader, atp_error_t *ret_error);
void atp_write_error(atp_writer_t *writer, const atp_error_t *error);

#endif

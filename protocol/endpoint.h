/* Endpoints: the doors of the engine on NNG sockets. A server answers requests (REP), a pub sends events
 * (PUB), a sub takes facts (SUB). Bytes in, bytes out: what they mean is protocol/message.h.
 *
 * Threads     open and close: one thread, the owner. Handlers run on NNG's own threads (twice the number of
 *             processors, shared by all sockets of the process): they must not block. The rest is said at
 *             each function.
 * Memory      a server allocates its exchanges at open; the bytes of a request and of a reply live in NNG
 *             messages, one each per exchange.
 * Time        a reply may be sent from any thread: it is handed over, never waited for.
 * Bounds      requests in work: `exchange_count`. When all are taken nothing more is read and TCP holds the
 *             peers back: nothing is dropped, nothing queues in this process. Connections: `connection_max`,
 *             a further one is closed at once. Bytes of a message: `message_size_max`, a longer one closes
 *             its connection before a byte of it is read. NNG allocates a message when its length arrives,
 *             so peers that say nothing else can map connection_max * message_size_max of address space;
 *             pages are touched only as bytes come in.
 * Invariants  E1  an exchange handed to the handler is given back once: sent or dropped.
 *             E2  no handler runs after close has returned, nor for a new request after drain has.
 *             E3  a peer that does not read its replies holds its exchanges for at most `send_timeout_ms`
 *                 after they are answered, then loses its connection.
 *
 * URLs: tcp://host:port, ipc:///path (a leading slash), inproc://name. */
#ifndef ATP_PROTOCOL_ENDPOINT_H
#define ATP_PROTOCOL_ENDPOINT_H

#include "engine/base/err.h"
#include "protocol/limits.h"

#include <stddef.h>
#include <stdint.h>

#define ATP_ENDPOINT_EXCHANGES_DEFAULT   64
#define ATP_ENDPOINT_EXCHANGES_MAX       4096
#define ATP_ENDPOINT_CONNECTIONS_DEFAULT 1024
#define ATP_ENDPOINT_SEND_TIMEOUT_MS     2000
#define ATP_ENDPOINT_SUB_SIZE_DEFAULT    ((size_t)2 << 20)
#define ATP_ENDPOINT_BUFFER_MAX          8192 /* messages NNG buffers for one PUB or SUB peer, its own limit */

/* ---- server: requests and replies ---------------------------------------------------------------------- */

typedef struct atp_server atp_server_t;
typedef struct atp_exchange atp_exchange_t;

/* One request has come. Called on an NNG thread, many at a time. Replies at once, or keeps `exchange` and
 * replies later from any thread. Must not block and must not close the server. */
typedef void (*atp_server_handler_t)(void *context, atp_exchange_t *exchange);

typedef struct atp_server_options {
    const char *const *urls;  /* to listen on */
    size_t url_count;         /* 1 to 16 */
    uint32_t exchange_count;  /* requests in work at a time; 0 = ATP_ENDPOINT_EXCHANGES_DEFAULT */
    uint32_t connection_max;  /* 0 = ATP_ENDPOINT_CONNECTIONS_DEFAULT */
    size_t message_size_max;  /* of a request; 0 = ATP_MESSAGE_SIZE_MAX */
    uint32_t send_timeout_ms; /* 0 = ATP_ENDPOINT_SEND_TIMEOUT_MS */
    atp_server_handler_t handler;
    void *context; /* given to the handler */
} atp_server_options_t;

/* What happened since open. received = replied + failed + dropped + in work. A request above
 * message_size_max closes its connection inside NNG, which tells nobody why: there is no count of it. */
typedef struct atp_server_counters {
    uint64_t received;            /* requests given to the handler */
    uint64_t replied;             /* replies taken by the transport, or whose peer had gone already */
    uint64_t failed;              /* replies not taken within send_timeout_ms */
    uint64_t dropped;             /* exchanges given back without a reply */
    uint64_t connections_opened;  /* refused ones included */
    uint64_t connections_refused; /* above connection_max */
    uint64_t connections_now;     /* the one that may fall */
} atp_server_counters_t;

/* Opens the socket, listens on every URL and starts to receive. The handler may run before this returns.
 * Failures leave nothing behind and name the URL in `ret_why`: ATP_ERR_INVALID (a URL that is none, a range),
 * ATP_ERR_EXISTS (the address is in use), ATP_ERR_NOT_FOUND (no such address here), ATP_ERR_MEMORY,
 * ATP_ERR_IO (permission and the rest). */
ATP_MUST_USE atp_err_t atp_server_open(const atp_server_options_t *options, atp_server_t **ret_server,
                                       atp_why_t *ret_why);

/* The TCP port of URL `url_index`, for "tcp://...:0"; 0 if that URL is not TCP. Thread: any. */
uint16_t atp_server_port(const atp_server_t *server, size_t url_index);

/* Stops receiving: when this returns no new request is given to the handler. Exchanges in work can still be
 * answered. Thread: the owner, not a handler. Waits for handlers that run. Calling it again does nothing. */
void atp_server_drain(atp_server_t *server);

/* Drains, waits until every exchange in work has been given back (E1), and closes the socket. A reply sent
 * just before may be cut off by the close: its client asks again by the same id. NULL is allowed. */
void atp_server_close(atp_server_t *server);

/* Thread: any. */
void atp_server_read_counters(const atp_server_t *server, atp_server_counters_t *ret_counters);

/* ---- exchange: one request in work. One thread at a time. ---------------------------------------------- */

/* The bytes of the request, valid until the exchange is given back. */
const uint8_t *atp_exchange_request(const atp_exchange_t *exchange, size_t *ret_size);

/* A number from 0 to exchange_count - 1, different for all exchanges in work: an index for the caller's own
 * table of work areas. */
uint32_t atp_exchange_index(const atp_exchange_t *exchange);

/* A number for the connection it came on, for logs. Not 0. */
uint32_t atp_exchange_peer(const atp_exchange_t *exchange);

/* Makes room for a reply of up to `size` bytes, written in place: no copy follows. Called again it gives more
 * room, keeps the bytes written so far, and moves them. Allocates. Fails with ATP_ERR_MEMORY; room given
 * before is then still there, the bytes too. */
ATP_MUST_USE atp_err_t atp_exchange_reserve(atp_exchange_t *exchange, size_t size, uint8_t **ret_bytes);

/* Sends the first `size` bytes of the reserved room and gives the exchange back. Never blocks. */
void atp_exchange_send(atp_exchange_t *exchange, size_t size);

/* Gives the exchange back without a reply: the client will time out. Never blocks. */
void atp_exchange_drop(atp_exchange_t *exchange);

/* ---- pub: events to whoever listens -------------------------------------------------------------------- */

typedef struct atp_pub atp_pub_t;

typedef struct atp_pub_options {
    const char *const *urls;
    size_t url_count;        /* 1 to 16 */
    uint32_t buffer_count;   /* messages kept for a slow subscriber; 0 = ATP_ENDPOINT_BUFFER_MAX */
    uint32_t connection_max; /* 0 = ATP_ENDPOINT_CONNECTIONS_DEFAULT */
} atp_pub_options_t;

/* Failures as atp_server_open. */
ATP_MUST_USE atp_err_t atp_pub_open(const atp_pub_options_t *options, atp_pub_t **ret_pub,
                                    atp_why_t *ret_why);
uint16_t atp_pub_port(const atp_pub_t *pub, size_t url_index);
void atp_pub_close(atp_pub_t *pub);

/* Makes room for a message of up to `size` bytes, written in place; a room not sent is given again. Its first
 * byte is a topic that subscribers may filter on, if they wish. Thread: one sender. */
ATP_MUST_USE atp_err_t atp_pub_reserve(atp_pub_t *pub, size_t size, uint8_t **ret_bytes);

/* Sends the first `size` bytes of the room to every subscriber. Never blocks; a subscriber whose buffer is
 * full loses it, and nobody here is told: messages carry numbers so that the loser can see the gap.
 * ATP_ERR_MEMORY: not sent to anybody. Thread: the sender. */
ATP_MUST_USE atp_err_t atp_pub_send(atp_pub_t *pub, size_t size);

/* Messages sent since open, to no matter how many. Thread: any. */
uint64_t atp_pub_sent(const atp_pub_t *pub);
/* Subscribers connected now. Thread: any. */
uint64_t atp_pub_subscribers(const atp_pub_t *pub);

/* ---- sub: facts from whoever publishes ----------------------------------------------------------------- */

typedef struct atp_sub atp_sub_t;

/* One message has come; its bytes are valid during the call. Called on an NNG thread, one at a time, in the
 * order of arrival. While it runs messages wait in the buffer; when that is full the oldest is dropped,
 * uncounted. Must not close the sub. */
typedef void (*atp_sub_handler_t)(void *context, const uint8_t *bytes, size_t size);

typedef struct atp_sub_options {
    const char *const *listen_urls; /* publishers dial these */
    size_t listen_url_count;        /* 0 to 16 */
    const char *const *dial_urls;   /* publishers listen on these; dialled again whenever lost */
    size_t dial_url_count;          /* 0 to 16; at least one URL in all */
    uint32_t buffer_count;          /* messages; 0 = ATP_ENDPOINT_BUFFER_MAX */
    uint32_t connection_max;        /* 0 = ATP_ENDPOINT_CONNECTIONS_DEFAULT */
    size_t message_size_max;        /* 0 = ATP_ENDPOINT_SUB_SIZE_DEFAULT. Memory a hostile publisher can fill:
                                     * buffer_count * message_size_max */
    atp_sub_handler_t handler;
    void *context;
} atp_sub_options_t;

/* Failures as atp_server_open. A publisher that cannot be dialled yet is not a failure. */
ATP_MUST_USE atp_err_t atp_sub_open(const atp_sub_options_t *options, atp_sub_t **ret_sub,
                                    atp_why_t *ret_why);
uint16_t atp_sub_port(const atp_sub_t *sub, size_t url_index); /* of listen URL `url_index` */
/* Waits for the handler if it runs. NULL is allowed. */
void atp_sub_close(atp_sub_t *sub);
/* Messages given to the handler since open. Thread: any. */
uint64_t atp_sub_received(const atp_sub_t *sub);

#endif

/* Inside the client: calls, lanes, and the handle that joins them.
 *
 * A call is one thing a caller asked for: a single command, a message of commands, or a question. It waits
 * in a queue of the handle, in order: one queue for single commands, one for calls that are a message of their
 * own. A lane is one message in flight: one NNG context, used again and again. A lane takes one call of the
 * second queue, or of the first as many as a message may carry. That is all there is to coalescing.
 *
 * Only ATP_CLIENT_GATHERED_MAX messages of gathered calls are in flight at a time. One alone leaves the wire
 * idle for a round trip; with more, calls leave in smaller company and each message costs 25 to 60 us
 * whatever it carries (docs/libatp.md has the figures).
 *
 *     queues -> lane: encode -> SENDING -> WAITING -> each call done -> lane takes the next, or rests
 *                      ^                     | no answer, connection lost, or busy
 *                      +------- PAUSING <----+
 *
 * Threads     callers enqueue, and start a lane that rests. NNG's threads drive lanes from then on. A lane
 *             belongs to one thread at a time; only its place in `resting` is under the mutex.
 * Memory      a blocking call lives on its caller's stack and is not touched once its latch is open. A
 *             submitted one is one heap block, freed after its callback.
 * Invariants  L1  a call is in the queue, in one lane, or done; it is done once.
 *             L2  while a lane rests, no call waits that it might send.
 *             L3  all calls have the same time to live, so each queue is in the order of deadlines: a lane is
 *                 free before the call at the head of a queue is overdue. */
#ifndef ATP_PROTOCOL_CLIENT_PRIV_H
#define ATP_PROTOCOL_CLIENT_PRIV_H

#include "engine/base/atomics.h"
#include "protocol/client/atp.h"
#include "protocol/client/latch.h"
#include "protocol/endpoint_nng.h"
#include "protocol/message.h"

#include <nng/nng.h>

#include <pthread.h>

#define ATP_CLIENT_LANES_MAX       64
#define ATP_CLIENT_LANES_DEFAULT   4
#define ATP_CLIENT_GATHERED_MAX    2
#define ATP_CLIENT_SUBMITS_DEFAULT 8192
#define ATP_CLIENT_SUBMITS_MAX     1000000
#define ATP_CLIENT_TIMEOUT_MS      5000
#define ATP_CLIENT_TRY_MS          1000
#define ATP_CLIENT_RETRIES         16
#define ATP_CLIENT_CLOSE_MS        50 /* answers under way are taken for that long */
#define ATP_CLIENT_PAUSE_MS_MIN    1
#define ATP_CLIENT_PAUSE_MS_MAX    1000
#define ATP_CALL_TEXT_SIZE_MAX     (1u << 20) /* bytes of all texts of one single command */
#define ATP_GATHERED_SIZE_MAX      (4u << 20) /* the same of all single commands in one message */

typedef struct atp_call atp_call_t;
typedef struct atp_lane atp_lane_t;

/* Writes the body of a request. */
typedef void (*atp_call_write_t)(atp_writer_t *writer, const void *context);

/* How calls end together: without an answer, or refused as a message. */
typedef struct atp_end {
    atp_err_t err;
    atp_verdict_t refusal; /* when `err` is ATP_OK */
    atp_field_t field;
    atp_as_of_t as_of;
} atp_end_t;

struct atp_call {
    atp_call_t *next;
    int64_t deadline_ms; /* of the steady clock */
    /* a single command: what it is, and where its answer goes */
    bool is_single;
    atp_command_t command; /* its texts are the caller's, or in the block of a submitted call */
    size_t text_size;
    atp_result_t *ret_result;
    atp_grants_t *grants;
    /* a message of its own */
    atp_message_type_t type;
    atp_call_write_t write;
    const void *write_context;
    char *ret_detail; /* room for ATP_DETAIL_SIZE_MAX bytes about a refusal, or NULL */
    uint32_t detail_size;
    nng_msg *message; /* written ahead by the caller for the first try, then the answer */
    uint64_t number;  /* of its correlation id */
    /* how it ended */
    atp_end_t end; /* a single command refused as a message has the refusal in its result */
    atp_latch_t latch;
    /* submitted: who is told instead of the latch */
    atp_done_t done;
    atp_explained_t explained; /* instead of `done` */
    void *done_context;
};

typedef enum atp_lane_state { ATP_LANE_SENDING, ATP_LANE_WAITING, ATP_LANE_PAUSING } atp_lane_state_t;

struct atp_lane {
    atp_client_t *client;
    nng_ctx ctx;
    nng_aio *aio;
    nng_aio *pausing; /* its own: in NNG 1.5.2 an aio that has slept reports later timeouts as success */
    uint32_t index;
    bool is_gathered; /* carries single commands; under the mutex */
    atp_lane_state_t state;
    /* the message in flight */
    atp_call_t *calls;
    uint64_t number;     /* of its correlation id */
    uint32_t tries;      /* so far */
    uint32_t pause_ms;   /* next one */
    bool was_sent;       /* some try left this machine */
    bool was_unanswered; /* and one of them stayed unanswered */
    /* room to read one answer into */
    atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];
    atp_explain_room_t account; /* allocated when the first command explains */
};

typedef struct atp_queue {
    atp_call_t *first;
    atp_call_t **end;
} atp_queue_t;

struct atp_client {
    /* set at open, read-only after */
    nng_socket socket;
    char url[NNG_MAXADDRLEN];
    char name[ATP_ID_SIZE_MAX];
    char token[ATP_TOKEN_SIZE_MAX];
    char correlation_prefix[17];       /* of messages */
    char correlation[ATP_ID_SIZE_MAX]; /* of commands that name none */
    uint32_t correlation_size;
    uint32_t name_size;
    uint32_t token_size;
    uint32_t timeout_ms;
    uint32_t try_ms;
    uint32_t retries;
    uint32_t ops_per_message;
    uint32_t lane_count;
    uint32_t submit_max;
    atp_lane_t *lanes;
    atp_gate_t gate;
    /* under `mutex` */
    pthread_mutex_t mutex;
    pthread_cond_t changed;     /* a lane rests, or submitted calls are done */
    _Atomic bool is_closing;    /* nothing new; stored under it, loaded by lanes without */
    _Atomic bool is_cancelling; /* and nothing more is waited for; likewise */
    uint64_t resting;           /* bit i: lane i */
    atp_queue_t singles;
    atp_queue_t messages;
    uint32_t gathered_count; /* lanes that carry single commands */
    uint32_t submit_count;   /* in flight */
    uint32_t undone_count;   /* in flight, or whose callback runs */
    atp_why_t last_failure;
    /* counted by anybody, relaxed: numbers for ids and figures for people */
    _Atomic uint64_t next_number;
    _Atomic uint64_t call_count;
    _Atomic uint64_t message_count;
    _Atomic uint64_t retry_count;
    _Atomic uint64_t busy_count;
    _Atomic uint64_t timeout_count;
};

/* Milliseconds of the steady clock. */
int64_t atp_steady_ms(void);

/* ---- client.c: the queues ---- */

/* Hands in a call whose deadline and contents are set. On ATP_OK it will be done. ATP_ERR_CLOSED: not taken. */
ATP_MUST_USE atp_err_t atp_client_enqueue(atp_client_t *client, atp_call_t *call);

/* What `lane` is to send next, linked by `next`; NULL when there is nothing: then it is in `resting`, and
 * another thread may have it. */
atp_call_t *atp_client_take_or_rest(atp_client_t *client, atp_lane_t *lane);

/* Keeps the sentence for atp_client_last_failure. */
void atp_client_note_failure(atp_client_t *client, const char *format, ...) ATP_PRINTF(2, 3);

/* ---- lane.c: one message in flight ---- */

ATP_MUST_USE int atp_lane_open(atp_lane_t *lane, atp_client_t *client, uint32_t index);
void atp_lane_close(atp_lane_t *lane);

/* Sends `calls`, which are the lane's from now on. The lane is not in `resting`. */
void atp_lane_start(atp_lane_t *lane, atp_call_t *calls);

/* ---- finish.c: how calls end ---- */

/* Ends each of `calls` in this way, opens their latches and runs their callbacks. */
void atp_calls_finish(atp_client_t *client, atp_call_t *calls, const atp_end_t *end);

/* Ends single commands, each with its own result of the answer, which has been read and found good. */
void atp_calls_deliver(atp_client_t *client, atp_call_t *calls, const void *bytes, size_t size,
                       atp_grant_t *grants, atp_explain_room_t *account);

/* ---- request.c: bytes of a request ---- */

/* Writes the message of a call of its own, or of the single commands `calls`, under the correlation `number`.
 * ATP_ERR_INVALID: more bytes than a message may have. */
ATP_MUST_USE atp_err_t atp_client_write(const atp_client_t *client, const atp_call_t *calls, uint64_t number,
                                        nng_msg **ret_message);

/* The correlation id of a message. `ret_text` has ATP_CORRELATION_SIZE_MAX bytes. */
atp_text_t atp_client_correlation(const atp_client_t *client, uint64_t number, char *ret_text);

/* ---- call.c ---- */

/* Does a call that is a message of its own, and waits. On ATP_OK with call->refusal ATP_APPLIED the answer
 * is in call->message, the caller's to free. */
ATP_MUST_USE atp_err_t atp_client_do(atp_client_t *client, atp_call_t *call);

/* The same for a call whose answer is a list of `count` results. */
ATP_MUST_USE atp_err_t atp_client_do_results(atp_client_t *client, atp_call_t *call, uint32_t count,
                                             atp_result_t *ret_results, atp_grants_t *grants,
                                             atp_as_of_t *ret_as_of);

/* Copies what fits of one result's grants and plan behind those before. */
void atp_grants_clear(atp_grants_t *grants);
void atp_grants_add(atp_grants_t *grants, const atp_grant_t *items, const atp_result_t *result);
/* The same with the parts of its account; the result says how many there was room for. */
void atp_account_add(atp_grants_t *grants, const atp_explanation_t *parts, atp_result_t *result);

#endif

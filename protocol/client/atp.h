/* libatp: the client of atpd.
 *
 *     atp_client_options_t options = {.url = "tcp://127.0.0.1:7411", .client = ATP_TEXT("webshop")};
 *     atp_client_t *client;
 *     atp_why_t why;
 *     if (atp_client_open(&options, &client, &why) != ATP_OK) { fprintf(stderr, "%s\n", why.text); ... }
 *
 *     atp_command_line_t line = {ATP_TEXT("bike-28"), ATP_TEXT("berlin"), 1, 0};
 *     atp_command_t reserve = {.kind = ATP_OP_RESERVE, .id = ATP_TEXT("cart-77"), .line_count = 1, .lines = &line};
 *     atp_result_t result;
 *     if (atp_client_call(client, &reserve, &result, NULL, NULL) == ATP_OK && result.verdict == ATP_APPLIED) { sold }
 *
 * Two kinds of answer. A verdict (base/verdict.h) is what the engine said: `applied`, or a refusal by name; the
 * function then returns ATP_OK. An error (base/err.h) is that no such answer came:
 *
 *     ATP_ERR_TIMEOUT   no answer until the deadline. The outcome is unknown: the command may have been done.
 *                       Ask atp_client_outcome by its id, or call again with the same command.
 *     ATP_ERR_NOT_FOUND no engine could be reached until the deadline: nothing was sent, nothing was done.
 *     ATP_ERR_FORMAT    an answer came that this library cannot read (another version, or not an atpd at all).
 *                       The outcome is unknown.
 *     ATP_ERR_CLOSED    the handle was closed while the call was under way. The outcome is unknown.
 *     ATP_ERR_BUSY      submit only: as many in flight as allowed. Nothing was sent.
 *     ATP_ERR_INVALID   the command or query breaks a limit of this header. Nothing was sent.
 *     ATP_ERR_MEMORY    no memory. Nothing was sent.
 *
 * Retries. A command carries an id; the engine gives the same id with the same content its first answer again,
 * so that sending twice never does twice. On that ground libatp itself sends again: when an answer is lost
 * (nothing came within `try_ms`), when the connection broke, and when the engine said `busy` (after the pause
 * it asked for, doubled each time, with a random part). It stops at `retries` or at the deadline. The verdict
 * `busy` reaches the caller only when every try was answered so; if one try stayed unanswered the call ends as
 * ATP_ERR_TIMEOUT, because that one may have been done. A command without an id (kinds that need none) is
 * protected likewise only as far as doing it twice does no harm. `issued_ms`, when 0, is stamped once, before
 * the first try, and kept for all: an application that keeps a command to send it again later must stamp it
 * itself (atp_now_ms), because the issue time is part of the content.
 *
 * Speed. Single calls are gathered: while messages are in flight the calls of other threads wait together and
 * leave as one message. Nothing waits for company: a call that finds a free message slot leaves at once. So
 * share one handle between all threads. Commands under way at the same time are applied in any order; where
 * order matters put them in one atp_client_call_many, or wait for the answer of the first.
 *
 * Facts       what has happened (received, sold, counted, shipped) is told in numbered batches: through an outbox, which keeps
 *             them on disk until the engine has them for good; or through a publisher, which keeps nothing.
 *
 * Headers     the rows of answers are the structs of protocol/message_*.h, installed along. The readers and
 *             writers declared there are exported too, for those who bring a transport of their own.
 * Threads     every function of atp_client_* may be called from any number of threads, close excepted. A
 *             watch and a publisher belong to one thread at a time.
 * Memory      texts handed in are borrowed for the call (submit copies). Results go to the caller's storage;
 *             an atp_answer_t owns its rows and their texts until atp_answer_free.
 * Limits      texts as in base/text.h; ATP_OPS_PER_MESSAGE_MAX ops, and lines of all ops, per message;
 *             ATP_LINES_PER_OP_MAX lines per op. */
#ifndef ATP_PROTOCOL_CLIENT_ATP_H
#define ATP_PROTOCOL_CLIENT_ATP_H

#include "engine/base/command.h"
#include "engine/base/err.h"
#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/base/verdict.h"
#include "protocol/message_events.h"
#include "protocol/message_explain.h"
#include "protocol/message_postings.h"
#include "protocol/message_query.h"
#include "protocol/message_records.h"
#include "protocol/message_sources.h"
#include "protocol/message_supply.h"
#include "protocol/message_trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- client -------------------------------------------------------------------------------------------- */

typedef struct atp_client atp_client_t;

/* Zero means the default, so that {.url = ..., .client = ...} is enough. */
typedef struct atp_client_options {
    const char *url;             /* tcp://host:port, ipc:///path or inproc://name */
    atp_text_t client;           /* this client's name, 1 to 64 bytes: ids are remembered per client */
    atp_text_t token;            /* shown to the engine with each message; at most 256 bytes; may be empty */
    atp_text_t correlation;      /* of commands that name none themselves; at most 64 bytes; "" = none */
    uint32_t timeout_ms;         /* deadline of a call, all tries together; 0 = 5,000 */
    uint32_t try_ms;             /* wait for one answer before asking again; 0 = 1,000, at most timeout_ms */
    uint32_t retries;            /* tries after the first; 0 = 16; ATP_CLIENT_NO_RETRY = none */
    uint32_t ops_per_message;    /* most single calls gathered in one message; 0 = ATP_OPS_PER_MESSAGE_MAX */
    uint32_t messages_in_flight; /* 0 = 4; at most 64 */
    uint32_t submits_in_flight;  /* bound of atp_client_submit; 0 = 8,192 */
} atp_client_options_t;

#define ATP_CLIENT_NO_RETRY UINT32_MAX

/* Opens a handle. Does not wait for the engine: it is dialled in the background, and again whenever the
 * connection is lost. Fails with ATP_ERR_INVALID (a URL or option, named in `ret_why`) or ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_client_open(const atp_client_options_t *options, atp_client_t **ret_client,
                                       atp_why_t *ret_why);

/* Takes answers that come within a moment (50 ms), ends all other calls under way with ATP_ERR_CLOSED, and waits
 * until they have their answers and callbacks have run. No call may begin after close has begun. Not from a
 * callback. Takes at most some seconds, whatever the network does. NULL is allowed. */
void atp_client_close(atp_client_t *client);

/* What went wrong last between this handle and the engine, in words ("tcp://...: connection refused");
 * empty if nothing did. For messages to people. */
void atp_client_last_failure(const atp_client_t *client, atp_why_t *ret_why);

/* What the library did since open; each grows only. */
typedef struct atp_client_counters {
    uint64_t calls;    /* commands and queries handed in */
    uint64_t messages; /* sent, retries included */
    uint64_t retries;  /* of these, sent again */
    uint64_t busy;     /* answers `busy` */
    uint64_t timeouts; /* calls that ended in ATP_ERR_TIMEOUT */
    uint64_t connects; /* connections made */
} atp_client_counters_t;

void atp_client_read_counters(const atp_client_t *client, atp_client_counters_t *ret_counters);

/* ---- commands ------------------------------------------------------------------------------------------ */

/* Which state of the ledger an answer speaks of. */
typedef struct atp_as_of {
    uint64_t incarnation; /* the run of the engine: op numbers compare within one, and across */
    uint64_t applied_op;  /* last op applied when the answer was made */
    uint64_t durable_op;  /* last op that survives a power cut */
} atp_as_of_t;

/* Room for the per-line quantities of an answer, filled in the order of the commands: `result.line_count` of
 * them for each, then `result.plan_count` lines of a plan. */
typedef struct atp_grants {
    atp_grant_t *items; /* the caller's */
    uint32_t capacity;
    uint32_t count; /* set: how many the answer had. Above `capacity`, those past it were left out */
    char *
        texts; /* the caller's, for the ids in the lines of a plan and in accounts; without room an id is empty */
    uint32_t text_capacity;
    uint32_t text_size; /* set: bytes of `texts` in use */
    /* Of commands that explain: parts and capacity are the caller's, the rest is set. `result.part_count` of them for each command are in
     * its account; result.is_cut: it had more than there is room for, or than an answer has. */
    atp_explain_room_t account;
} atp_grants_t;

/* Does one command and waits for its answer. With command->explains (of kind reserve) the answer has the account by which it was decided:
 * of each line what there was, what is taken off by which rule, just before the command was applied. An answer that is given
 * again has none. `grants` and `ret_as_of` may be NULL. Outputs are set on ATP_OK
 * only. A refusal of the whole message (say `unauthorised`) is given as the verdict. */
ATP_MUST_USE atp_err_t atp_client_call(atp_client_t *client, const atp_command_t *command,
                                       atp_result_t *ret_result, atp_grants_t *grants,
                                       atp_as_of_t *ret_as_of);

/* Does 1 to ATP_OPS_PER_MESSAGE_MAX commands in one message, in their order, each with its own verdict (they
 * are not one transaction), and waits. `ret_results` has room for `count`. */
ATP_MUST_USE atp_err_t atp_client_call_many(atp_client_t *client, const atp_command_t *commands,
                                            uint32_t count, atp_result_t *ret_results, atp_grants_t *grants,
                                            atp_as_of_t *ret_as_of);

/* What a reserve would be answered now, with its plan; nothing is reserved, and its id need not be given. Outputs as
 * atp_client_call. */
ATP_MUST_USE atp_err_t atp_client_promise(atp_client_t *client, const atp_command_t *command,
                                          atp_result_t *ret_result, atp_grants_t *grants,
                                          atp_as_of_t *ret_as_of);

/* What up to ATP_COMPARED_MAX counts would change now, as counts of the feed that `feed` tells of; nothing is changed, and
 * their ids need not be given. Each answer says by how much, or why the count could not be applied. ret_results[0] is of the
 * feed itself, and they have room for `count` + 1. */
#define ATP_COMPARED_MAX 1000
ATP_MUST_USE atp_err_t atp_client_compare(atp_client_t *client, const atp_command_t *feed,
                                          const atp_command_t *counts, uint32_t count,
                                          atp_result_t *ret_results);

/* The answer to a submitted command, or why there is none. `result`, `grants` (result->line_count and then
 * result->plan_count of them) and `as_of` are valid during the call, and NULL unless `err` is ATP_OK. Runs on a library thread: it must
 * not block; it may submit. */
typedef void (*atp_done_t)(void *context, atp_err_t err, const atp_result_t *result,
                           const atp_grant_t *grants, const atp_as_of_t *as_of);

/* Copies the command, sends it with others, returns at once; `done` is called once, from another thread, and
 * maybe before this returns. On any result but ATP_OK (ATP_ERR_BUSY: too many in flight) it is not called.
 * Never blocks but for short locks. */
ATP_MUST_USE atp_err_t atp_client_submit(atp_client_t *client, const atp_command_t *command, atp_done_t done,
                                         void *context);

/* The same of a command that explains: with result->part_count parts, valid during the call. */
typedef void (*atp_explained_t)(void *context, atp_err_t err, const atp_result_t *result,
                                const atp_grant_t *grants, const atp_explanation_t *parts,
                                const atp_as_of_t *as_of);
ATP_MUST_USE atp_err_t atp_client_submit_explained(atp_client_t *client, const atp_command_t *command,
                                                   atp_explained_t done, void *context);

/* Waits until nothing submitted is in flight any more. Not from a callback. */
void atp_client_wait_submits(atp_client_t *client);

/* Writes a new random id: 32 lower-case hex digits and a zero byte. */
#define ATP_MADE_ID_SIZE 33
void atp_make_id(char ret_id[ATP_MADE_ID_SIZE]);

/* The wall clock in milliseconds since 1970, for `issued_ms`. */
int64_t atp_now_ms(void);

/* ---- questions ----------------------------------------------------------------------------------------- */

/* The answer to a question: rows of one type, and which state they show. Never changes; free it when done. */
typedef struct atp_answer atp_answer_t;

typedef struct atp_answer_head {
    atp_as_of_t as_of;
    uint64_t next_cursor; /* pages: what to ask for next; 0 = there is no more */
    uint32_t row_count;   /* 0 when refused */
    uint8_t verdict;      /* ATP_APPLIED: answered. Else the question was refused as a whole */
    uint8_t field;        /* atp_field_t at fault */
    bool is_as_of_one_op; /* availability: all rows show the state after one op */
    bool is_cut;          /* explain: there were more parts than an answer has; trace: more ops than rows */
    uint64_t from_op;     /* trace: the first op that was looked at */
    atp_postings_end_t postings; /* postings: where it goes on, and how far the subscriber is */
    atp_text_t detail;           /* of a refusal: one sentence, may be empty; the answer's */
} atp_answer_head_t;

atp_answer_head_t atp_answer_head(const atp_answer_t *answer);

/* Frees the answer, its rows and their texts. NULL is allowed. */
void atp_answer_free(atp_answer_t *answer);

/* The rows, atp_answer_head().row_count of them, in the order asked; NULL if the answer has another type of rows or none.
 * They and their texts live as long as the answer. */
const atp_availability_row_t *atp_answer_availability(const atp_answer_t *answer);
const atp_schedule_row_t *atp_answer_schedule(const atp_answer_t *answer);
const atp_record_t *atp_answer_records(const atp_answer_t *answer);
const atp_step_row_t *atp_answer_steps(const atp_answer_t *answer);
const atp_position_row_t *atp_answer_positions(const atp_answer_t *answer);
const atp_exception_row_t *atp_answer_exceptions(const atp_answer_t *answer);
const atp_crossing_row_t *atp_answer_crossings(const atp_answer_t *answer);
const atp_catalog_entry_t *atp_answer_catalog(const atp_answer_t *answer);
const atp_stat_t *atp_answer_stats(const atp_answer_t *answer);
const atp_explanation_t *atp_answer_explanations(const atp_answer_t *answer);
const atp_trace_row_t *atp_answer_traces(const atp_answer_t *answer);
const atp_posting_row_t *atp_answer_postings(const atp_answer_t *answer);

/* All of these wait for the answer, take part in the retries (asking twice changes nothing), and set
 * *ret_answer on ATP_OK only. A refused question is ATP_OK and an answer with a verdict and no rows. */

/* How many can be sold: by pairs, or every SKU at every node (ATP_AVAILABILITY_CROSS); see
 * protocol/message_query.h. At most ATP_AVAILABILITY_ROWS_MAX pairs. */
ATP_MUST_USE atp_err_t atp_client_availability(atp_client_t *client, const atp_availability_ask_t *ask,
                                               atp_answer_t **ret_answer);

/* What may be promised by which day, from which day on a quantity may be, or what is expected: as ask->what says. Rows:
 * schedule; of supplies next_cursor asks for more. */
ATP_MUST_USE atp_err_t atp_client_schedule(atp_client_t *client, const atp_schedule_ask_t *ask,
                                           atp_answer_t **ret_answer);

/* What a reserve may take of 1 to ATP_EXPLAIN_LINES_MAX SKUs, at a node or all, and of which parts the figure is made; with a
 * quantity also whether it would be granted, and what decides. With ask->is_one the lines are one reserve: each after those before it,
 * and the last row says what would become of the whole, at which line. Rows: explanations. */
ATP_MUST_USE atp_err_t atp_client_explain(atp_client_t *client, const atp_explain_ask_t *ask,
                                          atp_answer_t **ret_answer);

/* What became of 1 to ATP_OUTCOMES_MAX requests, by their ids: the first answer to each, or `unknown_id`.
 * Outputs as atp_client_call_many. */
ATP_MUST_USE atp_err_t atp_client_outcome(atp_client_t *client, const atp_outcome_ask_t *asks, uint32_t count,
                                          atp_result_t *ret_results, atp_grants_t *grants,
                                          atp_as_of_t *ret_as_of);

/* Reservations in full, by id, 1 to ATP_RESERVATIONS_MAX of them. Rows: records. */
ATP_MUST_USE atp_err_t atp_client_reservation(atp_client_t *client, const atp_text_t *ids, uint32_t count,
                                              atp_answer_t **ret_answer);

/* All reservations that name one of 1 to ATP_RESERVATIONS_MAX orders. Rows: records; of an order that none names one with
 * the verdict unknown_reservation. */
ATP_MUST_USE atp_err_t atp_client_order(atp_client_t *client, const atp_text_t *orders, uint32_t count,
                                        atp_answer_t **ret_answer);

/* The steps of a reservation that are still kept, newest first. Rows: steps; none if there is no such reservation. */
ATP_MUST_USE atp_err_t atp_client_history(atp_client_t *client, atp_text_t reservation,
                                          atp_answer_t **ret_answer);

/* The ops of the newest part of the engine's journal that carry the correlation id, or name the reservation: one of the two.
 * Rows: traces, oldest first. The engine reads one at a time: `busy` is asked again as ever. */
ATP_MUST_USE atp_err_t atp_client_trace(atp_client_t *client, const atp_trace_query_t *query,
                                        atp_answer_t **ret_answer);

/* What a subscriber must hear, in order: from ask->from, or, where that is 0, after what it has acknowledged. Rows: postings;
 * head.postings.next is where to ask next. Told no faster than the subscriber's rate: `busy` is asked again as ever. When the rows
 * are kept for good, acknowledge the last number (ATP_OP_SUBSCRIBER_POSITION); what is not is told again. */
ATP_MUST_USE atp_err_t atp_client_postings(atp_client_t *client, const atp_postings_ask_t *ask,
                                           atp_answer_t **ret_answer);

/* The postings that 1 to ATP_POSTINGS_OPS_MAX ops have made, as far as they are kept. Rows: postings, with who has heard and
 * booked them. */
ATP_MUST_USE atp_err_t atp_client_postings_of(atp_client_t *client, const uint64_t *ops, uint32_t count,
                                              atp_answer_t **ret_answer);

/* A page of a list (cursor 0 first, then head.next_cursor until it is 0). */
ATP_MUST_USE atp_err_t atp_client_reservations(atp_client_t *client, const atp_page_ask_t *ask,
                                               atp_answer_t **ret_answer); /* rows: records */
ATP_MUST_USE atp_err_t atp_client_positions(atp_client_t *client, const atp_page_ask_t *ask,
                                            atp_answer_t **ret_answer); /* rows: positions */
ATP_MUST_USE atp_err_t atp_client_exceptions(atp_client_t *client, const atp_page_ask_t *ask,
                                             atp_answer_t **ret_answer); /* rows: exceptions */
ATP_MUST_USE atp_err_t atp_client_crossings(atp_client_t *client, const atp_page_ask_t *ask,
                                            atp_answer_t **ret_answer); /* rows: crossings */
ATP_MUST_USE atp_err_t atp_client_catalog(atp_client_t *client, const atp_page_ask_t *ask,
                                          atp_answer_t **ret_answer); /* rows: catalog */

/* The engine's figures by name. Rows: stats. */
ATP_MUST_USE atp_err_t atp_client_stat(atp_client_t *client, atp_answer_t **ret_answer);

/* ---- watch: events of availability and levels ---------------------------------------------------------- */

typedef struct atp_watch atp_watch_t;

typedef struct atp_watch_options {
    const char *url;        /* the engine's event endpoint, dialled, and again whenever lost */
    const atp_text_t *skus; /* only these; none = all. Filtered by the engine's side of NNG, not by hand */
    uint32_t sku_count;
    const atp_text_t *channels; /* crossings of these channels too; of "" of all; none = none */
    uint32_t channel_count;
    bool has_staleness;       /* nodes that become stale or fresh, and what channels do there, too */
    bool has_no_availability; /* without events of availability; then skus are none */
    uint32_t buffer_count;    /* events kept while nobody calls next; 0 = the most there is, 8,192 */
} atp_watch_options_t;

/* Failures: ATP_ERR_INVALID (named in ret_why), ATP_ERR_MEMORY. An engine that is not there yet is no
 * failure. Only events sent after the connection is made are seen. */
ATP_MUST_USE atp_err_t atp_watch_open(const atp_watch_options_t *options, atp_watch_t **ret_watch,
                                      atp_why_t *ret_why);

/* True once an engine's event endpoint is connected: events sent before are not seen. Waits up to `timeout_ms`
 * (-1 = for ever). False: nothing is there, or it sends no events, as the command endpoint. */
bool atp_watch_wait_connected(atp_watch_t *watch, int32_t timeout_ms);

/* Waits for the next event up to `timeout_ms` (-1 = for ever). Its texts are valid until the next call.
 * ATP_ERR_TIMEOUT: none came. ATP_ERR_FORMAT: something came that is no event of this version; it is passed
 * over, call again. Events may be lost when nobody calls for long: the version of a position grows with each
 * change, and an event older than what one has already seen is to be passed over. */
ATP_MUST_USE atp_err_t atp_watch_next(atp_watch_t *watch, int32_t timeout_ms,
                                      atp_availability_event_t *ret_event);

typedef struct atp_watch_event {
    uint8_t type; /* ATP_MESSAGE_AVAILABILITY_CHANGED, ATP_MESSAGE_CROSSINGS or ATP_MESSAGE_STALENESS */
    atp_availability_event_t availability; /* of the first */
    atp_crossing_event_t crossing;         /* of the second */
    atp_staleness_event_t staleness;       /* of the third */
} atp_watch_event_t;

/* The same for a watch of several: numbers of crossings are dense over all channels; who watches all and finds one missing asks
 * atp_client_crossings. */
ATP_MUST_USE atp_err_t atp_watch_next_event(atp_watch_t *watch, int32_t timeout_ms,
                                            atp_watch_event_t *ret_event);

/* NULL is allowed. Not while another thread is in next. */
void atp_watch_close(atp_watch_t *watch);

/* ---- publisher: numbered batches of facts -------------------------------------------------------------- */

typedef struct atp_publisher atp_publisher_t;

typedef struct atp_publisher_options {
    const char *url;   /* of the engine's fact intake to dial, or of our own to listen on */
    bool is_listening; /* true: listen on `url`, the engine dials */
    atp_text_t source; /* who tells, 1 to 64 bytes: "wms", "pos-17" */
    uint64_t epoch;    /* from 1; a higher one restarts the numbering, a lower one is not applied any more */
    uint64_t sequence; /* number of the first batch, from 1: one more than the last one published */
    uint32_t buffer_count; /* batches kept while the connection is slow; 0 = 8,192 */
} atp_publisher_options_t;

ATP_MUST_USE atp_err_t atp_publisher_open(const atp_publisher_options_t *options,
                                          atp_publisher_t **ret_publisher, atp_why_t *ret_why);

/* True once an engine is connected: what is published before goes to nobody. Waits up to `timeout_ms` (-1 = for
 * ever). */
bool atp_publisher_wait_connected(atp_publisher_t *publisher, int32_t timeout_ms);

/* Publishes one batch of up to ATP_OPS_PER_MESSAGE_MAX facts (of none: a heartbeat; receive, sale, adjust, count, ship, sku, node,
 * safety) under the next sequence number. `as_of_ms`: when they were observed; 0 = not given. Never blocks and is
 * told nothing back: a batch may be lost, the engine sees the gap by its number. The number is used up on ATP_OK
 * only. ATP_ERR_INVALID: a limit; nothing was sent. */
ATP_MUST_USE atp_err_t atp_publisher_publish(atp_publisher_t *publisher, const atp_command_t *facts,
                                             uint32_t count, int64_t as_of_ms);

/* The sequence number the next batch will carry. */
uint64_t atp_publisher_next_sequence(const atp_publisher_t *publisher);

/* A batch still being written to the connection may be cut off. NULL is allowed. */
void atp_publisher_close(atp_publisher_t *publisher);

/* ---- outbox: facts kept until the engine has them ------------------------------------------------------ */

/* A source's side of "nothing lost, nothing twice". Batches are kept in a folder (LMDB) and numbered; each is published at
 * once, where there is a `publish_url`, and kept until the engine says that it is applied and durable. What was lost on
 * the way, or came too early, is sent again by request. A thread of the outbox sees to that: it asks what the
 * engine has, every 50 ms while something waits, and at once when the engine can be reached again.
 *
 *     atp_outbox_options_t options = {.folder = "./outbox", .url = "tcp://10.0.0.5:7411", .source = ATP_TEXT("pos-17")};
 *     atp_outbox_t *outbox;
 *     atp_why_t why;
 *     if (atp_outbox_open(&options, &outbox, &why) != ATP_OK) { fprintf(stderr, "%s\n", why.text); ... }
 *     atp_command_line_t line = {ATP_TEXT("bike-28"), ATP_TEXT("berlin"), 1, 0};
 *     atp_command_t sale = {.kind = ATP_OP_SALE, .line_count = 1, .lines = &line};
 *     if (atp_outbox_put(outbox, &sale, 1, atp_now_ms(), NULL, &why) == ATP_OK) { it will be applied, once }
 *
 * Threads     put, flush, read_state: any, at the same time; puts of several threads share a commit.   close: one. */
typedef struct atp_outbox atp_outbox_t;

typedef struct atp_outbox_options {
    const char *folder; /* of the queue; made if it is not there. For one source, and one process at a time */
    const char *url;    /* the engine's command endpoint, dialled */
    const char *publish_url; /* the engine's fact intake, dialled; NULL = all goes by request */
    atp_text_t source;       /* who tells, 1 to 64 bytes: "wms", "pos-17" */
    atp_text_t token;        /* as atp_client_options_t */
    uint64_t bytes_max;      /* of all that waits; 0 = 256 MiB */
    uint32_t resend_ms;      /* published and not applied after that: sent again; 0 = 50 */
} atp_outbox_options_t;

#define ATP_OUTBOX_BATCH_SIZE_MAX (512u << 10) /* bytes of the ops of one batch, on the wire */

/* ATP_ERR_INVALID (an option, named in ret_why; the folder of another source), ATP_ERR_LOCKED (another process has the
 * folder), ATP_ERR_CORRUPT, ATP_ERR_FORMAT, ATP_ERR_IO, ATP_ERR_NO_SPACE, ATP_ERR_MEMORY. Does not wait for the engine. */
ATP_MUST_USE atp_err_t atp_outbox_open(const atp_outbox_options_t *options, atp_outbox_t **ret_outbox,
                                       atp_why_t *ret_why);

/* Keeps one batch of up to ATP_OPS_PER_MESSAGE_MAX facts (of none: a heartbeat, the source is there); on ATP_OK it is on disk under *ret_sequence (may be NULL), and will
 * be applied once. The batch is applied together. `as_of_ms`: when they were observed; 0 = not given.
 *     ATP_ERR_BUSY      the queue is full, or its disk: nothing was kept, try again
 *     ATP_ERR_INVALID   a limit, or something no batch may have (named in ret_why); nothing was kept
 *     ATP_ERR_CLOSED    the source goes on elsewhere: the engine has seen a later epoch, or numbers that this folder never
 *                       told it (one of them is a copy of the other). Nothing was kept; what waits is not sent any more
 *     ATP_ERR_IO, ATP_ERR_CORRUPT, ATP_ERR_MEMORY: nothing was kept */
ATP_MUST_USE atp_err_t atp_outbox_put(atp_outbox_t *outbox, const atp_command_t *facts, uint32_t count,
                                      int64_t as_of_ms, uint64_t *ret_sequence, atp_why_t *ret_why);

/* Waits until all that was put before is applied and durable, up to `timeout_ms` (-1 = for ever). ATP_ERR_TIMEOUT,
 * ATP_ERR_CLOSED as put. */
ATP_MUST_USE atp_err_t atp_outbox_flush(atp_outbox_t *outbox, int32_t timeout_ms);

typedef struct atp_outbox_state {
    uint64_t epoch;
    uint64_t low;           /* the oldest number not acknowledged; `next` if there is none */
    uint64_t next;          /* the number of the next batch */
    uint64_t bytes;         /* that wait */
    uint64_t published;     /* batches, since open */
    uint64_t requested;     /* sent by request, since open */
    uint64_t refused;       /* a number the engine refused; 0 = none. The rest goes on, as far as it may */
    atp_verdict_t refusal;  /* how */
    bool is_connected;      /* the engine answered the last time */
    bool is_superseded;     /* see ATP_ERR_CLOSED of put */
    atp_why_t last_failure; /* in words; empty if there was none */
} atp_outbox_state_t;

void atp_outbox_read_state(atp_outbox_t *outbox, atp_outbox_state_t *ret_state);

/* A batch that the engine refused, or one that was dropped for that. */
#define ATP_OUTBOX_NOTES_MAX 64

typedef struct atp_outbox_note {
    uint64_t number;
    int64_t at_ms;         /* refused first, or dropped, at */
    atp_verdict_t verdict; /* the engine's, the last time */
    uint64_t bytes;
    char reason[201]; /* why it was dropped; else empty */
} atp_outbox_note_t;

/* A folder, seen from outside. */
typedef struct atp_outbox_look {
    char source[ATP_ID_SIZE_MAX + 1];
    uint64_t epoch;
    uint64_t low; /* as atp_outbox_state_t */
    uint64_t next;
    uint64_t bytes;
    uint32_t refused_count; /* the oldest that wait, at most so many */
    uint32_t dropped_count; /* the newest of the log */
    atp_outbox_note_t refused[ATP_OUTBOX_NOTES_MAX];
    atp_outbox_note_t dropped[ATP_OUTBOX_NOTES_MAX];
} atp_outbox_look_t;

/* Also while another process has it open. ATP_ERR_LOCKED: this one has it. ATP_ERR_NOT_FOUND: there is no outbox. Else as
 * atp_outbox_open. */
ATP_MUST_USE atp_err_t atp_outbox_look(const char *folder, atp_outbox_look_t *ret_look, atp_why_t *ret_why);

/* Gives up a batch that the engine refuses: it is not sent any more, and what comes after it is not held up by it. The folder keeps
 * that it was dropped and why (the newest 64). While nobody has it open: ATP_ERR_LOCKED. ATP_ERR_NOT_FOUND: no such batch
 * waits. ATP_ERR_INVALID: it was not refused, or the reason is not 1 to 200 bytes of text. Else as atp_outbox_open. */
ATP_MUST_USE atp_err_t atp_outbox_drop(const char *folder, uint64_t number, atp_text_t reason,
                                       atp_why_t *ret_why);

/* What waits stays in the folder, for the next open. Takes at most some seconds. NULL is allowed. */
void atp_outbox_close(atp_outbox_t *outbox);

#ifdef __cplusplus
}
#endif

#endif

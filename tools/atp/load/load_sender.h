/* Sends the commands of a load: batches of up to ATP_OPS_PER_MESSAGE_MAX, one message in flight on each of a few
 * connections, while the next ones are filled.
 *
 * The commands of a SKU go over one connection, in order. Each connection has a client name of its own, because the
 * engine bounds the remembered ids of one client: NAME-0, NAME-1, ...; the same in every run.
 *
 * The id of a command is made of what it comes from (the file's fingerprint, or its EDI interchange) and the command itself.
 * So the same command from the same file has the same id: loaded once more, whether after an interruption or by mistake,
 * it is not done twice. A command that says when it was issued is the same then too, and has its first answer; where that is so
 * long ago that the answer may be forgotten it is issued now. What a document says is no part of the id under which that is noted.
 *
 * Threads     one thread adds; one thread a connection sends.
 * Memory      about 3.5 MiB a connection, fixed. */
#ifndef ATP_CLI_LOAD_SENDER_H
#define ATP_CLI_LOAD_SENDER_H

#include "engine/base/amount.h"
#include "engine/base/attribute.h"
#include "loaders/edi/edi_ack.h"
#include "tools/atp/cli.h"

#define ATP_LOAD_SENDER_LANES  4
#define ATP_LOAD_REFUSALS_KEPT 10
#define ATP_LOAD_TIMEOUT_MS    30000

typedef struct atp_load_refusal {
    char sku[ATP_ID_SIZE_MAX + 1];
    char node[ATP_ID_SIZE_MAX + 1];
    uint8_t verdict;
    uint8_t kind;
} atp_load_refusal_t;

/* What the engine said, over all commands. */
typedef struct atp_load_tally {
    uint64_t sent;
    uint64_t applied;
    uint64_t confirmed;
    uint64_t before; /* this very command of this very file had been answered in an earlier run */
    uint64_t refused;
    uint64_t refused_by[ATP_VERDICT_LIMIT];
    uint32_t refusal_count; /* of the first ones, kept */
    atp_load_refusal_t refusals[ATP_LOAD_REFUSALS_KEPT];
} atp_load_tally_t;

/* What a command was made of. */
typedef struct atp_load_origin {
    uint64_t seed; /* stands for it, in ids */
    atp_edi_origin_t edi;
    atp_value_t value; /* what a unit is worth, of a count of a feed */
} atp_load_origin_t;

/* An answer. */
typedef struct atp_load_answer {
    const atp_command_t *command;
    const atp_result_t *result;
    const atp_load_origin_t *origin;
    bool is_before; /* this very command had been answered in an earlier run */
} atp_load_answer_t;

typedef struct atp_load_sender atp_load_sender_t;

/* Told of every answer, by the thread that got it. */
typedef void (*atp_load_answered_fn)(void *context, const atp_load_answer_t *answer);

/* `name`: of the clients, at most 56 bytes. Says what is wrong and returns false with
 * *ret_status set. */
ATP_MUST_USE bool atp_load_sender_open(atp_cli_t *cli, atp_text_t name, atp_load_sender_t **ret_sender,
                                       int *ret_status);

/* To be told of answers from now on; before anything is added. */
void atp_load_sender_tell(atp_load_sender_t *sender, atp_load_answered_fn answered, void *context);

/* Sends these before anything that is added later, and waits for the answers. At most ATP_OPS_PER_MESSAGE_MAX, and
 * lines of all together; ids are filled in. `origins`: one for each. Any result but ATP_OK ends the load. */
ATP_MUST_USE atp_err_t atp_load_sender_do(atp_load_sender_t *sender, atp_command_t *commands,
                                          const atp_load_origin_t *origins, uint32_t count);

/* What was answered to each of these before, or unknown_id; nothing is sent but the question. At most ATP_OPS_PER_MESSAGE_MAX. */
ATP_MUST_USE atp_err_t atp_load_sender_look(atp_load_sender_t *sender, const atp_command_t *commands,
                                            const atp_load_origin_t *origins, uint32_t count,
                                            atp_result_t *ret_results);

/* Adds one command of one line; its texts are copied, attributes are borrowed until finish. An id that it has already stays: it is the fact's own. Blocks while its connection is two batches behind. */
ATP_MUST_USE atp_err_t atp_load_sender_add(atp_load_sender_t *sender, const atp_command_t *command,
                                           const atp_load_origin_t *origin);

/* From now on a batch is sent when it has so many commands, 1 to ATP_OPS_PER_MESSAGE_MAX (which it is at first). */
void atp_load_sender_limit(atp_load_sender_t *sender, uint32_t batch_most);

/* Messages so far, counted before they are sent. */
uint64_t atp_load_sender_requests(const atp_load_sender_t *sender);

/* Sends what is left, waits for all answers. The first failure of any connection. */
ATP_MUST_USE atp_err_t atp_load_sender_finish(atp_load_sender_t *sender);

/* After finish. */
void atp_load_sender_tally(const atp_load_sender_t *sender, atp_load_tally_t *ret_tally);
/* Why the last failure, in words. */
void atp_load_sender_why(const atp_load_sender_t *sender, atp_why_t *ret_why);

/* NULL is allowed. */
void atp_load_sender_close(atp_load_sender_t *sender);

#endif

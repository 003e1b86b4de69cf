#include "tools/atp/load/load_sender.h"

#include "tools/atp/session.h"

#include "engine/base/atomics.h"
#include "engine/base/hash.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 32
#define TEXT_SIZE_MAX                                                                                        \
    (6 * ATP_ID_SIZE_MAX + ATP_NAME_SIZE_MAX) /* of one line: SKU, node, name, subject, id, unit, whose */
#define TEXT_ROOM      ((size_t)1 << 20)
#define OWN_ATTRIBUTES 2 /* of a fact: its unit, and whose that is; of a SKU: its worth */

typedef struct batch {
    uint32_t count;
    size_t text_size;
    atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX];
    atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];
    atp_attribute_t attributes[ATP_OPS_PER_MESSAGE_MAX][OWN_ATTRIBUTES]; /* of facts and SKUs */
    atp_load_origin_t origins[ATP_OPS_PER_MESSAGE_MAX];
    char text[TEXT_ROOM];
} batch_t;

/* One connection and its thread. */
typedef struct lane {
    atp_load_sender_t *sender;
    atp_client_t *client;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    /* under the mutex */
    batch_t *waiting; /* handed over, not yet answered */
    bool is_over;
    atp_err_t err;
    /* the adding thread */
    batch_t *filling;
    batch_t *batches[2];
    /* the sending thread, and the adding one while nothing is handed over */
    atp_result_t results[ATP_OPS_PER_MESSAGE_MAX];
    atp_load_tally_t tally;
} lane_t;

struct atp_load_sender {
    uint32_t batch_most;           /* the adding thread */
    _Atomic uint64_t requests;     /* all */
    atp_load_answered_fn answered; /* NULL: nobody is told */
    void *context;
    lane_t *lanes[ATP_LOAD_SENDER_LANES];
};

/* ---- ids ---- */

static size_t put_bytes(char *to, const void *bytes, size_t size)
{
    if (size > 0) {
        memcpy(to, bytes, size);
    }
    return size;
}

static size_t put_text(char *to, atp_text_t text)
{
    to[0] = (char)(uint8_t)text.size; /* at most 255 */
    return 1 + put_bytes(to + 1, text.bytes, text.size);
}

/* Stirs one line of the command into the fingerprint of what it says so far. */
static atp_fingerprint_t add_line(const atp_command_t *command, uint32_t number, uint64_t seed)
{
    const atp_command_line_t *line = &command->lines[number];
    char bytes[TEXT_SIZE_MAX + 64];
    uint8_t head[4] = {(uint8_t)command->kind, command->option, command->reason, line->decimals};
    size_t size = put_bytes(bytes, head, sizeof head);

    size += put_bytes(bytes + size, &line->mantissa, sizeof line->mantissa);
    size += put_text(bytes + size, line->sku);
    size += put_text(bytes + size, line->node);
    size += put_text(bytes + size, command->name);
    size += put_text(bytes + size, command->subject);
    return atp_fingerprint_of((atp_text_t){bytes, (uint32_t)size}, seed);
}

/* 32 hex digits of the hash of everything the command says, seeded by the file; of a document whatever stands in it. */
static void make_id(uint64_t seed, const atp_command_t *command, char *ret_id)
{
    char hex[ID_SIZE + 1];
    atp_fingerprint_t print = add_line(command, 0, seed);

    for (uint32_t i = 1; i < command->line_count; i++) {
        print = add_line(command, i, print.low ^ print.high);
    }
    if (command->subject.size > 0) {
        print = atp_fingerprint_of(command->subject, print.low ^ print.high);
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        if (attribute->key == ATP_KEY_CONTENT) {
            continue;
        }
        int64_t words[] = {attribute->key, attribute->line, attribute->number};
        print = atp_fingerprint_of((atp_text_t){(const char *)words, sizeof words}, print.low ^ print.high);
        if (attribute->text.size > 0) {
            print = atp_fingerprint_of(attribute->text, print.low ^ print.high);
        }
    }
    (void)snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, print.high, print.low);
    memcpy(ret_id, hex, ID_SIZE);
}

/* ---- answers ---- */

static void copy_id(char ret_id[ATP_ID_SIZE_MAX + 1], atp_text_t id)
{
    uint32_t size = id.size < ATP_ID_SIZE_MAX ? id.size : ATP_ID_SIZE_MAX;

    (void)put_bytes(ret_id, id.bytes, size);
    ret_id[size] = '\0';
}

static void keep_refusal(atp_load_tally_t *tally, const atp_command_t *command, const atp_result_t *result)
{
    if (tally->refusal_count == ATP_LOAD_REFUSALS_KEPT) {
        return;
    }
    atp_load_refusal_t *refusal = &tally->refusals[tally->refusal_count++];
    refusal->verdict = result->verdict;
    refusal->kind = (uint8_t)command->kind;
    copy_id(refusal->sku, command->subject.size > 0 ? command->subject : command->lines[0].sku);
    copy_id(refusal->node, command->lines[0].node);
}

/* That a document is told, or that all of it was: it is of no row. */
static bool is_note(const atp_command_t *command)
{
    return command->kind == ATP_OP_FEED && command->attribute_count > 0 &&
           command->attributes[0].key == ATP_KEY_DOCUMENT;
}

static void count_result(lane_t *lane, const atp_command_t *command, const atp_load_origin_t *origin,
                         const atp_result_t *result)
{
    atp_load_tally_t *tally = &lane->tally;

    if (is_note(command) && (result->verdict == ATP_CONFIRMED || result->verdict == ATP_CONFLICT)) {
        return; /* what is known under its id is asked for */
    }
    tally->sent++;
    /* The id stands for the content, so that nothing but the issue time can differ. */
    bool is_before =
        result->is_repeat || (result->verdict == ATP_CONFLICT && result->field == ATP_FIELD_ISSUED);
    if (lane->sender->answered != NULL) {
        atp_load_answer_t answer = {command, result, origin, is_before};
        lane->sender->answered(lane->sender->context, &answer);
    }
    if (is_before) {
        tally->before++;
    } else if (result->verdict == ATP_CONFIRMED) {
        tally->confirmed++;
    } else if (atp_verdict_is_success(result->verdict)) {
        tally->applied++;
    } else {
        tally->refused++;
        tally->refused_by[result->verdict % ATP_VERDICT_LIMIT]++;
        keep_refusal(tally, command, result);
    }
}

/* ---- the sending thread ---- */

static batch_t *wait_for_batch(lane_t *lane)
{
    (void)pthread_mutex_lock(&lane->mutex);
    while (lane->waiting == NULL && !lane->is_over) {
        (void)pthread_cond_wait(&lane->changed, &lane->mutex);
    }
    batch_t *batch = lane->waiting;
    (void)pthread_mutex_unlock(&lane->mutex);
    return batch;
}

static void end_batch(lane_t *lane, atp_err_t err)
{
    (void)pthread_mutex_lock(&lane->mutex);
    lane->waiting = NULL;
    lane->err = lane->err == ATP_OK ? err : lane->err;
    (void)pthread_cond_broadcast(&lane->changed);
    (void)pthread_mutex_unlock(&lane->mutex);
}

/* A command that says when it was issued, which is so long ago that its answer may be forgotten. */
static bool is_forgotten(const atp_command_t *command, const atp_result_t *result)
{
    return command->issued_ms != 0 && result->verdict == ATP_ISSUED_BEFORE_FLOOR;
}

/* Counts the answers; commands that were issued too long ago are left at the front of the batch, to be issued now. */
static uint32_t keep_forgotten(lane_t *lane, batch_t *batch)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < batch->count; i++) {
        if (is_forgotten(&batch->commands[i], &lane->results[i])) {
            batch->commands[kept] = batch->commands[i];
            batch->origins[kept] = batch->origins[i];
            batch->commands[kept++].issued_ms = 0;
        } else {
            count_result(lane, &batch->commands[i], &batch->origins[i], &lane->results[i]);
        }
    }
    return kept;
}

static void *send_batches(void *context)
{
    lane_t *lane = context;

    for (batch_t *batch; (batch = wait_for_batch(lane)) != NULL;) {
        atp_err_t err = ATP_OK;
        while (batch->count > 0 && err == ATP_OK) {
            (void)atp_fetch_add_relaxed(&lane->sender->requests, 1); /* relaxed: a figure */
            err =
                atp_client_call_many(lane->client, batch->commands, batch->count, lane->results, NULL, NULL);
            batch->count = err == ATP_OK ? keep_forgotten(lane, batch) : batch->count;
        }
        end_batch(lane, err);
    }
    return NULL;
}

/* ---- the adding thread ---- */

/* Waits until nothing is handed over. */
static atp_err_t wait_until_answered(lane_t *lane)
{
    (void)pthread_mutex_lock(&lane->mutex);
    while (lane->waiting != NULL) {
        (void)pthread_cond_wait(&lane->changed, &lane->mutex);
    }
    atp_err_t err = lane->err;
    (void)pthread_mutex_unlock(&lane->mutex);
    return err;
}

static atp_err_t hand_over(lane_t *lane)
{
    if (lane->filling->count == 0) {
        return wait_until_answered(lane);
    }
    atp_err_t err = wait_until_answered(lane);
    if (err != ATP_OK) {
        return err;
    }
    (void)pthread_mutex_lock(&lane->mutex);
    lane->waiting = lane->filling;
    (void)pthread_cond_broadcast(&lane->changed);
    (void)pthread_mutex_unlock(&lane->mutex);
    lane->filling = lane->batches[lane->filling == lane->batches[0] ? 1 : 0];
    lane->filling->count = 0;
    lane->filling->text_size = 0;
    return ATP_OK;
}

static atp_text_t copy_text(batch_t *batch, atp_text_t text)
{
    char *to = batch->text + batch->text_size;

    batch->text_size += put_bytes(to, text.bytes, text.size);
    return (atp_text_t){to, text.size};
}

/* The attributes of the newest command of the batch. */
static void copy_attributes(batch_t *batch, atp_command_t *copy)
{
    atp_attribute_t *own = batch->attributes[batch->count - 1];

    ATP_ASSERT(copy->attribute_count <= OWN_ATTRIBUTES);
    for (uint32_t i = 0; i < copy->attribute_count; i++) {
        own[i] = copy->attributes[i];
        own[i].text = copy_text(batch, own[i].text);
    }
    copy->attributes = own;
}

static lane_t *lane_of(const atp_load_sender_t *sender, const atp_command_t *command)
{
    return sender->lanes[atp_hash_text(command->lines[0].sku, 0) % ATP_LOAD_SENDER_LANES];
}

atp_err_t atp_load_sender_add(atp_load_sender_t *sender, const atp_command_t *command,
                              const atp_load_origin_t *origin)
{
    lane_t *lane = lane_of(sender, command);
    atp_err_t err = ATP_OK;

    if (lane->filling->count >= sender->batch_most ||
        lane->filling->text_size + TEXT_SIZE_MAX > sizeof lane->filling->text) {
        err = hand_over(lane);
    }
    if (err != ATP_OK) {
        return err;
    }
    batch_t *batch = lane->filling;
    atp_command_t *copy = &batch->commands[batch->count];
    batch->origins[batch->count] = *origin;
    atp_command_line_t *line = &batch->lines[batch->count++];
    *copy = *command;
    *line = command->lines[0];
    line->sku = copy_text(batch, line->sku);
    line->node = copy_text(batch, line->node);
    copy->name = copy_text(batch, command->name);
    copy->lines = line;
    if (command->id.size > 0 || command->kind == ATP_OP_SKU) {
        copy_attributes(batch, copy);
    }
    if (command->id.size > 0) { /* a fact */
        copy->id = copy_text(batch, command->id);
        return ATP_OK;
    }
    make_id(origin->seed, command, batch->text + batch->text_size);
    copy->id = (atp_text_t){batch->text + batch->text_size, ID_SIZE};
    batch->text_size += ID_SIZE;
    return ATP_OK;
}

atp_err_t atp_load_sender_do(atp_load_sender_t *sender, atp_command_t *commands,
                             const atp_load_origin_t *origins, uint32_t count)
{
    lane_t *lane = sender->lanes[0];
    atp_err_t err = wait_until_answered(lane); /* its results and tally are free then */

    if (err != ATP_OK || count == 0) {
        return err;
    }
    char *ids = atp_cli_alloc(count, ID_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        make_id(origins[i].seed, &commands[i], ids + (size_t)i * ID_SIZE);
        commands[i].id = (atp_text_t){ids + (size_t)i * ID_SIZE, ID_SIZE};
    }
    (void)atp_fetch_add_relaxed(&sender->requests, 1); /* relaxed: a figure */
    err = atp_client_call_many(lane->client, commands, count, lane->results, NULL, NULL);
    if (err == ATP_OK) {
        for (uint32_t i = 0; i < count; i++) {
            count_result(lane, &commands[i], &origins[i], &lane->results[i]);
        }
    } else {
        end_batch(lane, err);
    }
    free(ids);
    return err;
}

atp_err_t atp_load_sender_look(atp_load_sender_t *sender, const atp_command_t *commands,
                               const atp_load_origin_t *origins, uint32_t count, atp_result_t *ret_results)
{
    lane_t *lane = sender->lanes[0];
    atp_err_t err = wait_until_answered(lane);
    atp_outcome_ask_t *asks = atp_cli_alloc(count, sizeof *asks);
    char *ids = atp_cli_alloc(count, ID_SIZE);

    for (uint32_t i = 0; i < count; i++) {
        make_id(origins[i].seed, &commands[i], ids + (size_t)i * ID_SIZE);
        asks[i] =
            (atp_outcome_ask_t){.space = ATP_OUTCOME_REQUEST, .id = {ids + (size_t)i * ID_SIZE, ID_SIZE}};
    }
    err = err == ATP_OK ? atp_client_outcome(lane->client, asks, count, ret_results, NULL, NULL) : err;
    free(ids);
    free(asks);
    return err;
}

void atp_load_sender_limit(atp_load_sender_t *sender, uint32_t batch_most)
{
    ATP_ASSERT(batch_most >= 1 && batch_most <= ATP_OPS_PER_MESSAGE_MAX);
    sender->batch_most = batch_most;
}

uint64_t atp_load_sender_requests(const atp_load_sender_t *sender)
{
    atp_load_sender_t *self = (atp_load_sender_t *)(uintptr_t)sender;

    return atp_load_relaxed(&self->requests); /* relaxed: a figure */
}

atp_err_t atp_load_sender_finish(atp_load_sender_t *sender)
{
    atp_err_t err = ATP_OK;

    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES; i++) {
        atp_err_t handed = hand_over(sender->lanes[i]);
        err = err == ATP_OK ? handed : err;
    }
    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES; i++) {
        atp_err_t answered = wait_until_answered(sender->lanes[i]);
        err = err == ATP_OK ? answered : err;
    }
    return err;
}

void atp_load_sender_tally(const atp_load_sender_t *sender, atp_load_tally_t *ret_tally)
{
    memset(ret_tally, 0, sizeof *ret_tally);
    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES; i++) {
        const atp_load_tally_t *tally = &sender->lanes[i]->tally;
        ret_tally->sent += tally->sent;
        ret_tally->applied += tally->applied;
        ret_tally->confirmed += tally->confirmed;
        ret_tally->before += tally->before;
        ret_tally->refused += tally->refused;
        for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
            ret_tally->refused_by[verdict] += tally->refused_by[verdict];
        }
        for (uint32_t k = 0; k < tally->refusal_count && ret_tally->refusal_count < ATP_LOAD_REFUSALS_KEPT;
             k++) {
            ret_tally->refusals[ret_tally->refusal_count++] = tally->refusals[k];
        }
    }
}

void atp_load_sender_why(const atp_load_sender_t *sender, atp_why_t *ret_why)
{
    ret_why->text[0] = '\0';
    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES && ret_why->text[0] == '\0'; i++) {
        atp_client_last_failure(sender->lanes[i]->client, ret_why);
    }
}

void atp_load_sender_tell(atp_load_sender_t *sender, atp_load_answered_fn answered, void *context)
{
    sender->answered = answered;
    sender->context = context;
}

/* ---- open and close ---- */

static bool open_lane(atp_cli_t *cli, atp_load_sender_t *sender, atp_text_t name, unsigned index,
                      int *ret_status)
{
    lane_t *lane = atp_cli_alloc(1, sizeof *lane);
    char client[ATP_ID_SIZE_MAX + 1];

    sender->lanes[index] = lane;
    lane->sender = sender;
    (void)pthread_mutex_init(&lane->mutex, NULL);
    (void)pthread_cond_init(&lane->changed, NULL);
    lane->batches[0] = atp_cli_alloc(1, sizeof *lane->batches[0]);
    lane->batches[1] = atp_cli_alloc(1, sizeof *lane->batches[1]);
    lane->filling = lane->batches[0];
    (void)snprintf(client, sizeof client, "%.*s-%u", (int)name.size, name.bytes, index);
    if (!atp_session_open_as(cli, atp_text_of(client),
                             cli->timeout_ms != 0 ? cli->timeout_ms : ATP_LOAD_TIMEOUT_MS, &lane->client,
                             ret_status)) {
        return false;
    }
    if (pthread_create(&lane->thread, NULL, send_batches, lane) != 0) {
        *ret_status = atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "cannot start a thread");
        return false;
    }
    lane->has_thread = true;
    return true;
}

bool atp_load_sender_open(atp_cli_t *cli, atp_text_t name, atp_load_sender_t **ret_sender, int *ret_status)
{
    atp_load_sender_t *sender = atp_cli_alloc(1, sizeof *sender);

    sender->batch_most = ATP_OPS_PER_MESSAGE_MAX;
    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES; i++) {
        if (!open_lane(cli, sender, name, i, ret_status)) {
            atp_load_sender_close(sender);
            return false;
        }
    }
    *ret_sender = sender;
    return true;
}

static void close_lane(lane_t *lane)
{
    if (lane == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&lane->mutex);
    lane->is_over = true;
    (void)pthread_cond_broadcast(&lane->changed);
    (void)pthread_mutex_unlock(&lane->mutex);
    if (lane->has_thread) {
        (void)pthread_join(lane->thread, NULL);
    }
    atp_client_close(lane->client);
    (void)pthread_cond_destroy(&lane->changed);
    (void)pthread_mutex_destroy(&lane->mutex);
    free(lane->batches[0]);
    free(lane->batches[1]);
    free(lane);
}

void atp_load_sender_close(atp_load_sender_t *sender)
{
    if (sender == NULL) {
        return;
    }
    for (unsigned i = 0; i < ATP_LOAD_SENDER_LANES; i++) {
        close_lane(sender->lanes[i]);
    }
    free(sender);
}

/* Commands: from the message to one batch of op records, and from the engine's results to the answer. */
#include "tools/atpd/service/service_priv.h"

#include "engine/base/hash.h"
#include "engine/ledger/explain/ledger_explain.h"

#include <stdlib.h>
#include <string.h>

#define OPS_ROOM_FIRST    ((size_t)64 << 10)
#define LINES_A_LINE_TOLD 128 /* what the account of a line holds the ledger up */
#define BULK_LINES        512 /* a message of as many facts is a feed */

/* ---- room ---- */

static bool need_rooms(atp_work_t *work, uint32_t ops)
{
    /* One more for the op that names the client. */
    return atp_room_need(&work->results, (ops + 1) * sizeof(atp_result_t)) &&
           atp_room_need(&work->lines, ATP_LINES_PER_OP_MAX * sizeof(atp_command_line_t)) &&
           atp_room_need(&work->attributes, ATP_ATTRIBUTES_PER_OP_MAX * sizeof(atp_attribute_t)) &&
           atp_room_need(&work->ops, OPS_ROOM_FIRST);
}

/* Doubles the room for op records, keeping what is in it. */
static bool grow_ops(atp_work_t *work, size_t used)
{
    atp_room_t larger = {NULL, 0};
    size_t size = work->ops.size * 2 < ATP_BATCH_OPS_SIZE_MAX ? work->ops.size * 2 : ATP_BATCH_OPS_SIZE_MAX;

    if (size <= work->ops.size || !atp_room_need(&larger, size)) {
        return false;
    }
    memcpy(larger.bytes, work->ops.bytes, used);
    free(work->ops.bytes);
    work->ops = larger;
    return true;
}

/* ---- building the batch ---- */

static atp_class_t class_of(atp_op_kind_t kind)
{
    switch (kind) {
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
    case ATP_OP_TRANSFER_CANCEL:
    case ATP_OP_SHIP:
    case ATP_OP_SHORT:
        return ATP_CLASS_RELEASE;
    case ATP_OP_ALLOCATE:
    case ATP_OP_REASSIGN:
    case ATP_OP_EXTEND:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
        return ATP_CLASS_FIRM;
    case ATP_OP_RECEIVE:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_SUPPLY:
    case ATP_OP_TRANSFER_SHIP:
    case ATP_OP_TRANSFER_RECEIVE:
    case ATP_OP_SALE:
    case ATP_OP_ADJUST:
    case ATP_OP_COUNT:
    case ATP_OP_FEED:
    case ATP_OP_DELIVER:
    case ATP_OP_RETURN:
    case ATP_OP_RECONCILE:
    case ATP_OP_DISPOSE:
    case ATP_OP_SETTLE_EXCEPTION:
    case ATP_OP_SUBSCRIBER_POSITION:
        return ATP_CLASS_FACT;
    default:
        return ATP_CLASS_RESERVE;
    }
}

/* The class of a message that has ops of both. One with promises in it waits, and is refused, as promises are: facts
 * beside them must not carry them past the journal room that is kept for facts. */
static atp_class_t joined(atp_class_t a, atp_class_t b)
{
    static const uint8_t ranks[ATP_CLASS_COUNT] = {[ATP_CLASS_RELEASE] = 0,
                                                   [ATP_CLASS_FACT] = 1,
                                                   [ATP_CLASS_BULK] = 2,
                                                   [ATP_CLASS_FIRM] = 3,
                                                   [ATP_CLASS_RESERVE] = 4};
    return ranks[a] > ranks[b] ? a : b;
}

/* Keeps the refusal of one op that does not reach the ledger. False: no memory. */
static bool keep_refusal(atp_work_t *work, uint32_t index, const atp_result_t *fault)
{
    if (!atp_room_need(&work->refusals, work->op_count * sizeof(atp_result_t)) ||
        !atp_room_need(&work->refused_ops, work->op_count * sizeof(uint32_t))) {
        return false;
    }
    ((atp_result_t *)work->refusals.bytes)[work->refused_count] = *fault;
    ((uint32_t *)work->refused_ops.bytes)[work->refused_count] = index;
    work->refused_count++;
    return true;
}

static void begin_batch(atp_work_t *work, atp_op_context_t *ret_context)
{
    const atp_ledger_t *ledger = work->service->ledger;
    atp_text_t client = work->request.client;
    uint64_t seed = atp_ledger_seed(ledger);
    atp_batch_t *batch = &work->batch;

    memset(batch, 0, sizeof *batch);
    *ret_context = (atp_op_context_t){.catalog = atp_ledger_catalog(ledger),
                                      .seed = seed,
                                      .client_name = client,
                                      .client = ATP_CLIENT_NAMED};
    work->refused_count = 0;
    work->grant_room = 0;
    work->accounts.are_asked_for = false;
    work->accounts.op_count = 0;
    work->accounts.line_count = 0;
    work->accounts.part_count = 0;
    work->has_reserves = false;
    work->has_client_op = !atp_catalog_find_client(ret_context->catalog, client, atp_hash_text(client, seed),
                                                   &ret_context->client);
    if (work->has_client_op) {
        ret_context->client = ATP_CLIENT_NAMED;
        batch->ops_size = atp_op_encode_client(work->ops.bytes, client, seed);
        batch->op_count = 1;
    }
}

/* ---- accounts ---- */

typedef enum explains { EXPLAINS_NOT, EXPLAINS_CUT, EXPLAINS } explains_t;

/* The answer to this op is to have its account; where the message asks for more than there may be, one without parts. False: no memory. */
static bool note_explained(atp_work_t *work, uint32_t index, const atp_op_t *op)
{
    atp_tellings_t *accounts = &work->accounts;
    uint32_t lines = atp_explain_told(op->line_count);

    if (!accounts->are_asked_for) {
        if (!atp_room_need(&work->names, work->op_count) ||
            !atp_room_need(&work->rows, ATP_EXPLAIN_PARTS_MAX * sizeof(atp_explanation_t))) {
            return false;
        }
        memset(work->names.bytes, EXPLAINS_NOT, work->op_count);
        accounts->are_asked_for = true;
    }
    bool has_room =
        accounts->op_count < ATP_QUESTIONED_OPS_MAX && accounts->line_count + lines <= ATP_EXPLAIN_TOLD_MAX;
    ((uint8_t *)work->names.bytes)[index] = has_room ? EXPLAINS : EXPLAINS_CUT;
    if (has_room) {
        accounts->ops[accounts->op_count] = work->batch.op_count;
        accounts->of[accounts->op_count++] =
            (atp_telling_t){.op_at = (size_t)((const char *)op - (const char *)work->ops.bytes)};
        accounts->line_count += lines;
    }
    return true;
}

/* The account of the next of those ops, as of now. */
static void tell_account(atp_work_t *work, uint32_t i, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_tellings_t *accounts = &work->accounts;
    atp_telling_t *account = &accounts->of[i];
    const atp_op_t *op = (const atp_op_t *)(const void *)((const char *)work->ops.bytes + account->op_at);
    atp_explain_room_t room = {.parts = (atp_explanation_t *)work->rows.bytes + accounts->part_count,
                               .capacity = ATP_EXPLAIN_PARTS_MAX - accounts->part_count};

    atp_ledger_explain_op(ledger, op, now_ms, &room);
    account->first = accounts->part_count;
    account->count = room.count;
    account->is_cut = room.is_cut;
    accounts->part_count += room.count;
}

/* Runs on the ledger thread, just before such an op is applied. What is answered by its id was decided at another time. */
static void explain_op(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const char *ops = work->ops.bytes;
    const atp_op_t *op = (const atp_op_t *)(const void *)(ops + work->accounts.of[batch->piece].op_at);

    if (atp_ledger_has_account(ledger, op)) {
        tell_account(work, batch->piece, ledger, now_ms);
    }
}

/* Adds one command to the batch, or keeps its refusal. False: the message is too large, or no memory. */
static bool add_command(atp_work_t *work, uint32_t index, const atp_command_t *command,
                        const atp_op_context_t *context)
{
    atp_batch_t *batch = &work->batch;
    atp_result_t fault;
    size_t size;

    for (;;) {
        atp_verdict_t verdict = atp_op_encode(command, context, (char *)work->ops.bytes + batch->ops_size,
                                              work->ops.size - batch->ops_size, &size, &fault);
        if (verdict == ATP_MESSAGE_TOO_LARGE) {
            if (!grow_ops(work, batch->ops_size)) {
                return false;
            }
            continue;
        }
        if (verdict != ATP_APPLIED) {
            return keep_refusal(work, index, &fault);
        }
        break;
    }
    const atp_op_t *op = (const atp_op_t *)(const void *)((char *)work->ops.bytes + batch->ops_size);
    if (ATP_UNLIKELY(command->explains) && !note_explained(work, index, op)) {
        return false;
    }
    work->has_reserves = work->has_reserves || command->kind == ATP_OP_RESERVE;
    batch->class = joined(batch->class, class_of(command->kind));
    batch->ops_size += size;
    batch->line_count += op->line_count;
    work->grant_room += atp_op_grant_room(op);
    batch->op_count++;
    return true;
}

typedef enum build { BUILT, REFUSED, NO_ROOM } build_t;

/* A message of promises has reserves only, or the counts of a feed, which is told first. */
static bool is_fitting(const atp_work_t *work, const atp_command_t *command, atp_result_t *ret_fault)
{
    if (work->request.type != ATP_MESSAGE_PROMISE || command->kind == ATP_OP_RESERVE ||
        command->kind == ATP_OP_FEED || command->kind == ATP_OP_COUNT) {
        return true;
    }
    *ret_fault = (atp_result_t){.verdict = ATP_UNKNOWN_KIND, .field = ATP_FIELD_KIND};
    return false;
}

static build_t build_batch(atp_work_t *work)
{
    const atp_command_room_t room = {.lines = work->lines.bytes,
                                     .line_capacity = ATP_LINES_PER_OP_MAX,
                                     .attributes = work->attributes.bytes,
                                     .attribute_capacity = ATP_ATTRIBUTES_PER_OP_MAX};
    atp_op_context_t context;

    begin_batch(work, &context);
    for (uint32_t i = 0; i < work->op_count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;
        if (!atp_read_command(&work->reader, &command, &room, &refusal)) {
            return REFUSED;
        }
        bool is_kept;
        if (refusal.verdict != ATP_APPLIED) {
            atp_result_t fault = {.verdict = (uint8_t)refusal.verdict,
                                  .field = (uint8_t)refusal.field,
                                  .line = (uint16_t)refusal.line,
                                  .key = refusal.key,
                                  .is_of_line = refusal.is_of_line};
            is_kept = keep_refusal(work, i, &fault);
        } else {
            atp_result_t fault;
            is_kept = is_fitting(work, &command, &fault) ? add_command(work, i, &command, &context)
                                                         : keep_refusal(work, i, &fault);
        }
        if (!is_kept) {
            return NO_ROOM;
        }
    }
    return atp_message_close(&work->reader) ? BUILT : REFUSED;
}

/* ---- answering ---- */

/* Numbers of a plan become ids, which live as long as the ledger. */
static void name_plan(const atp_work_t *work, const atp_result_t *result, atp_grant_t *grants)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(work->service->ledger);

    for (uint32_t i = result->line_count; i < (uint32_t)result->line_count + result->plan_count; i++) {
        grants[i].sku_id = atp_catalog_sku_id(catalog, grants[i].sku);
        grants[i].node_id = atp_catalog_node_id(catalog, grants[i].node);
    }
}

/* The answer to an op of the message that explains; `*account` is moved on where it has one. */
static void write_explained(const atp_work_t *work, atp_writer_t *writer, const atp_result_t *result,
                            const atp_grant_t *grants, uint32_t index, uint32_t *account)
{
    unsigned explains = ((const uint8_t *)work->names.bytes)[index];
    const atp_explanation_t *parts = work->rows.bytes;
    atp_result_t told = *result;

    if (explains == EXPLAINS_CUT) {
        told.is_cut = 1;
    } else if (explains == EXPLAINS) {
        const atp_telling_t *of = &work->accounts.of[(*account)++];
        bool is_decided = result->op != 0; /* else it was refused before anything was looked at */
        told.part_count = is_decided ? (uint16_t)of->count : 0;
        told.is_cut = is_decided && of->is_cut;
        parts += of->first;
    }
    atp_write_result_and_account(writer, &told, grants, parts);
}

static void write_results(atp_work_t *work, atp_writer_t *writer)
{
    const atp_result_t *result = work->results.bytes;
    atp_grant_t *grants = work->grants.bytes;
    const atp_op_t *op = work->ops.bytes;
    const atp_result_t *refusal = work->refusals.bytes;
    const uint32_t *refused_op = work->refused_ops.bytes;
    uint32_t refused = 0;
    uint32_t account = 0;

    if (work->has_client_op) {
        result++;
        op = atp_op_next(op);
    }
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < work->op_count; i++) {
        if (refused < work->refused_count && refused_op[refused] == i) {
            atp_write_result(writer, &refusal[refused], NULL);
            atp_metrics_add(work->service->metrics, ATP_METRIC_REFUSED, refusal[refused].verdict, 1);
            refused++;
            continue;
        }
        name_plan(work, result, grants);
        if (ATP_UNLIKELY(work->accounts.are_asked_for)) {
            write_explained(work, writer, result, grants, i, &account);
        } else {
            atp_write_result(writer, result, grants);
        }
        if (work->request.type == ATP_MESSAGE_COMMANDS) {
            atp_metrics_add_ops(work->service->metrics, op->kind, result->verdict, 1);
        }
        grants += atp_op_grant_room(op);
        op = atp_op_next(op);
        result++;
    }
    atp_write_list_end(writer);
}

static uint64_t highest_op(const atp_work_t *work)
{
    const atp_result_t *results = work->results.bytes;
    uint64_t highest = 0;

    for (uint32_t i = 0; i < work->batch.op_count; i++) {
        highest = results[i].op > highest ? results[i].op : highest;
    }
    return highest;
}

static void answer(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;
    atp_writer_t writer;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
        return;
    }
    uint64_t op = highest_op(work);
    atp_work_begin_answer(work, &writer, op > batch->durable_op ? op : batch->durable_op, batch->durable_op);
    write_results(work, &writer);
    atp_work_send_results(work, &writer);
}

/* Every op was refused before it became one: there is nothing to wait for. */
static void answer_refusals(atp_work_t *work)
{
    atp_engine_t *engine = work->service->engine;
    atp_writer_t writer;

    work->batch.op_count = 0;
    work->has_client_op = false;
    atp_work_begin_answer(work, &writer, atp_engine_applied_op(engine), atp_engine_durable_op(engine));
    write_results(work, &writer);
    atp_work_send(work, &writer);
}

/* Reads and encodes the whole message. False: it was answered, with a refusal. */
static bool take_message(atp_work_t *work)
{
    if (!atp_read_commands(&work->reader, &work->op_count)) {
        atp_work_refuse_reader(work);
        return false;
    }
    build_t build = need_rooms(work, work->op_count) ? build_batch(work) : NO_ROOM;
    if (build == REFUSED) {
        atp_work_refuse_reader(work);
        return false;
    }
    if (build == NO_ROOM || !atp_room_need(&work->grants, (work->grant_room + 1) * sizeof(atp_grant_t))) {
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE,
                        "the ops of this message take more room than one batch has", 0);
        return false;
    }
    if (work->refused_count == work->op_count) {
        answer_refusals(work);
        return false;
    }
    return true;
}

static void submit(atp_work_t *work)
{
    atp_batch_t *batch = &work->batch;

    batch->line_count = batch->line_count > batch->op_count ? batch->line_count : batch->op_count;
    batch->line_count += work->accounts.line_count * LINES_A_LINE_TOLD;
    batch->done = answer;
    batch->context = work;
    atp_work_submit(work);
}

void atp_work_commands(atp_work_t *work)
{
    atp_batch_t *batch = &work->batch;

    if (!take_message(work)) {
        return;
    }
    batch->ops = work->ops.bytes;
    batch->results = work->results.bytes;
    batch->grants = work->grants.bytes;
    bool is_bulk = work->op_count >= BULK_LINES || batch->line_count >= BULK_LINES;
    batch->class = batch->class == ATP_CLASS_FACT && is_bulk ? ATP_CLASS_BULK : batch->class;
    batch->is_divisible = !work->has_client_op && work->accounts.op_count == 0;
    if (work->accounts.op_count > 0) {
        batch->question = explain_op;
        batch->asked_ops = work->accounts.ops;
        batch->asked_count = work->accounts.op_count;
    }
    submit(work);
}

/* ---- promises: the same commands as a question ---- */

/* Runs on the ledger thread, between two ops: the next piece of the message. */
static void promise(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    atp_asked_t *asked = &work->asked;
    atp_result_t *results = work->results.bytes;
    uint32_t left = batch->op_count - asked->count;
    uint32_t piece = batch->question_pieces > 1 && left > ATP_BULK_PIECE_LINES ? ATP_BULK_PIECE_LINES : left;

    for (uint32_t end = asked->count + piece; asked->count < end; asked->count++) {
        const atp_op_t *op = asked->op;
        atp_result_t *result = &results[asked->count];
        asked->feed = op->kind == ATP_OP_FEED ? op : asked->feed;
        if (op->kind == ATP_OP_RESERVE) {
            if (asked->account < work->accounts.op_count &&
                work->accounts.ops[asked->account] == asked->count) {
                tell_account(work, asked->account++, ledger, now_ms);
            }
            atp_ledger_promise(ledger, op, now_ms, result, asked->grants);
        } else if (op->kind == ATP_OP_FEED || op->kind == ATP_OP_COUNT) {
            atp_ledger_compare(ledger, asked->feed, op, now_ms, result);
        } else {
            *result = (atp_result_t){0}; /* the op that names the client */
        }
        asked->grants += atp_op_grant_room(op);
        asked->op = atp_op_next(op);
    }
}

void atp_work_promise(atp_work_t *work)
{
    if (!take_message(work)) {
        return;
    }
    uint32_t most = work->has_reserves ? ATP_PROMISES_MAX : ATP_LINES_PER_OP_MAX;
    if (work->op_count > most || work->batch.line_count > ATP_LINES_PER_OP_MAX) {
        atp_work_refuse(work, ATP_TOO_MANY_OPS, ATP_FIELD_LINES,
                        "a question holds the ledger up: ask for fewer", 0);
        return;
    }
    /* Counts of a feed come in great numbers, and each stands for itself. */
    atp_batch_t *batch = &work->batch;
    batch->class = work->has_reserves ? ATP_CLASS_RESERVE : ATP_CLASS_BULK;
    batch->question_pieces = work->has_reserves ? 1 : (batch->op_count - 1) / ATP_BULK_PIECE_LINES + 1;
    batch->question = promise;
    work->asked = (atp_asked_t){.op = work->ops.bytes, .grants = work->grants.bytes};
    submit(work);
}

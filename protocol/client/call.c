/* Calls of commands: one, many, submitted. */
#include "protocol/client/client_priv.h"

#include <stdlib.h>

/* Bytes of all texts of a command. */
static size_t text_size_of(const atp_command_t *command)
{
    size_t size = (size_t)command->id.size + command->reservation.size + command->channel.size +
                  command->owner.size + command->name.size + command->subject.size +
                  command->correlation.size;

    for (uint32_t i = 0; i < command->line_count; i++) {
        size += (size_t)command->lines[i].sku.size + command->lines[i].node.size;
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        size += command->attributes[i].text.size;
    }
    return size;
}

/* The command's own correlation id, else that of the handle. */
static atp_text_t correlation_of(const atp_client_t *client, const atp_command_t *command)
{
    return command->correlation.size > 0 ? command->correlation
                                         : (atp_text_t){client->correlation, client->correlation_size};
}

/* Makes a call of one command, its texts borrowed. */
static atp_err_t init_single(const atp_client_t *client, atp_call_t *call, const atp_command_t *command)
{
    if (command->line_count > ATP_OPS_PER_MESSAGE_MAX ||
        command->attribute_count > ATP_ATTRIBUTES_PER_OP_MAX) {
        return ATP_ERR_INVALID;
    }
    memset(call, 0, sizeof *call);
    call->is_single = true;
    call->command = *command;
    call->command.correlation = correlation_of(client, command);
    call->text_size = text_size_of(&call->command);
    if (call->text_size > ATP_CALL_TEXT_SIZE_MAX) {
        return ATP_ERR_INVALID;
    }
    if (command->issued_ms == 0) {
        call->command.issued_ms = atp_now_ms();
    }
    call->deadline_ms = atp_steady_ms() + client->timeout_ms;
    return ATP_OK;
}

atp_err_t atp_client_call(atp_client_t *client, const atp_command_t *command, atp_result_t *ret_result,
                          atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    atp_call_t call;
    atp_err_t err = init_single(client, &call, command);

    call.ret_result = ret_result;
    call.grants = grants;
    if (err == ATP_OK) {
        err = atp_client_enqueue(client, &call);
    }
    if (err != ATP_OK) {
        return err;
    }
    atp_latch_wait(&call.latch);
    if (call.end.err == ATP_OK && ret_as_of != NULL) {
        *ret_as_of = call.end.as_of;
    }
    return call.end.err;
}

/* ---- messages of their own ---- */

atp_err_t atp_client_do(atp_client_t *client, atp_call_t *call)
{
    atp_err_t err;

    call->number = atp_fetch_add_relaxed(&client->next_number, 1);
    call->deadline_ms = atp_steady_ms() + client->timeout_ms;
    err = atp_client_write(client, call, call->number, &call->message);
    if (err != ATP_OK) {
        return err;
    }
    err = atp_client_enqueue(client, call);
    if (err != ATP_OK) {
        nng_msg_free(call->message);
        return err;
    }
    atp_latch_wait(&call->latch);
    return call->end.err;
}

typedef struct many {
    const atp_client_t *client;
    const atp_command_t *commands;
    uint32_t count;
    int64_t issued_ms;
} many_t;

static void write_many(atp_writer_t *writer, const void *context)
{
    const many_t *many = context;

    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < many->count; i++) {
        if (many->commands[i].issued_ms != 0 && many->client->correlation_size == 0) {
            atp_write_command(writer, &many->commands[i]);
        } else {
            atp_command_t stamped = many->commands[i];

            stamped.issued_ms = stamped.issued_ms != 0 ? stamped.issued_ms : many->issued_ms;
            stamped.correlation = correlation_of(many->client, &stamped);
            atp_write_command(writer, &stamped);
        }
    }
    atp_write_list_end(writer);
}

void atp_grants_clear(atp_grants_t *grants)
{
    grants->count = 0;
    grants->text_size = 0;
    grants->account.count = 0;
    grants->account.is_cut = false;
}

/* Brings a text of the answer, which goes away, to the caller's room. */
static atp_text_t keep_text(atp_grants_t *grants, atp_text_t text)
{
    char *place = grants->texts + grants->text_size;

    if (text.size == 0 || text.size > grants->text_capacity - grants->text_size) {
        return (atp_text_t){NULL, 0};
    }
    memcpy(place, text.bytes, text.size);
    grants->text_size += text.size;
    return (atp_text_t){place, text.size};
}

void atp_grants_add(atp_grants_t *grants, const atp_grant_t *items, const atp_result_t *result)
{
    uint32_t count = (uint32_t)result->line_count + result->plan_count;

    for (uint32_t i = 0; i < count && grants->count + i < grants->capacity; i++) {
        atp_grant_t *item = &grants->items[grants->count + i];
        *item = items[i];
        item->sku_id = keep_text(grants, items[i].sku_id);
        item->node_id = keep_text(grants, items[i].node_id);
    }
    grants->count += count;
}

void atp_account_add(atp_grants_t *grants, const atp_explanation_t *parts, atp_result_t *result)
{
    atp_explain_room_t *account = &grants->account;
    uint32_t left = account->capacity - account->count;
    uint32_t count = result->part_count < left ? result->part_count : left;

    for (uint32_t i = 0; i < count; i++) {
        atp_explanation_t *part = &account->parts[account->count++];
        *part = parts[i];
        part->node = keep_text(grants, parts[i].node);
        part->detail = keep_text(grants, parts[i].detail);
    }
    result->is_cut = result->is_cut || count < result->part_count;
    result->part_count = (uint16_t)count;
    account->is_cut = account->is_cut || result->is_cut;
}

/* Room for the parts of one answer, as those of the message stand in it. */
static bool need_account(const atp_grants_t *grants, atp_explain_room_t *ret_room)
{
    uint32_t capacity = grants != NULL ? grants->account.capacity : 0;

    capacity = capacity < ATP_EXPLAIN_PARTS_MAX ? capacity : ATP_EXPLAIN_PARTS_MAX;
    *ret_room = (atp_explain_room_t){.capacity = capacity};
    if (capacity > 0) {
        ret_room->parts = malloc(capacity * sizeof *ret_room->parts);
    }
    return capacity == 0 || ret_room->parts != NULL;
}

static atp_err_t read_results(nng_msg *message, uint32_t count, atp_result_t *ret_results,
                              atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    atp_grant_t scratch[ATP_GRANTS_PER_OP_MAX];
    atp_explain_room_t account;
    atp_response_t response;
    atp_reader_t reader;
    atp_err_t err = ATP_OK;
    uint32_t got;

    if (!atp_response_open(nng_msg_body(message), nng_msg_len(message), &reader, &response) ||
        !atp_read_results(&reader, &got) || got != count) {
        return ATP_ERR_FORMAT;
    }
    if (grants != NULL) {
        atp_grants_clear(grants);
    }
    if (!need_account(grants, &account)) {
        return ATP_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < count && err == ATP_OK; i++) {
        account.count = 0;
        if (!atp_read_result_and_account(&reader, &ret_results[i], scratch, ATP_GRANTS_PER_OP_MAX,
                                         account.capacity > 0 ? &account : NULL)) {
            err = ATP_ERR_FORMAT;
        } else if (grants != NULL) {
            atp_grants_add(grants, scratch, &ret_results[i]);
            atp_account_add(grants, account.parts, &ret_results[i]);
        }
    }
    free(account.parts);
    if (ret_as_of != NULL) {
        *ret_as_of = (atp_as_of_t){response.incarnation, response.applied_op, response.durable_op};
    }
    return err == ATP_OK && !atp_message_close(&reader) ? ATP_ERR_FORMAT : err;
}

static void refuse_results(const atp_end_t *end, uint32_t count, atp_result_t *ret_results,
                           atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    for (uint32_t i = 0; i < count; i++) {
        ret_results[i] = (atp_result_t){.verdict = (uint8_t)end->refusal, .field = (uint8_t)end->field};
    }
    if (grants != NULL) {
        atp_grants_clear(grants);
    }
    if (ret_as_of != NULL) {
        *ret_as_of = end->as_of;
    }
}

atp_err_t atp_client_do_results(atp_client_t *client, atp_call_t *call, uint32_t count,
                                atp_result_t *ret_results, atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    atp_err_t err = atp_client_do(client, call);

    if (err != ATP_OK) {
        return err;
    }
    if (call->end.refusal != ATP_APPLIED) {
        refuse_results(&call->end, count, ret_results, grants, ret_as_of);
        return ATP_OK;
    }
    err = read_results(call->message, count, ret_results, grants, ret_as_of);
    nng_msg_free(call->message);
    return err;
}

atp_err_t atp_client_call_many(atp_client_t *client, const atp_command_t *commands, uint32_t count,
                               atp_result_t *ret_results, atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    many_t many = {client, commands, count, atp_now_ms()};
    atp_call_t call = {.type = ATP_MESSAGE_COMMANDS, .write = write_many, .write_context = &many};
    uint64_t lines = 0;

    for (uint32_t i = 0; i < count; i++) {
        lines += commands[i].line_count;
    }
    if (count < 1 || count > ATP_OPS_PER_MESSAGE_MAX || lines > ATP_OPS_PER_MESSAGE_MAX) {
        return ATP_ERR_INVALID;
    }
    return atp_client_do_results(client, &call, count, ret_results, grants, ret_as_of);
}

atp_err_t atp_client_promise(atp_client_t *client, const atp_command_t *command, atp_result_t *ret_result,
                             atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    atp_command_t asked = *command;
    many_t many = {client, &asked, 1, atp_now_ms()};
    atp_call_t call = {.type = ATP_MESSAGE_PROMISE, .write = write_many, .write_context = &many};

    if (command->kind != ATP_OP_RESERVE || command->line_count > ATP_LINES_PER_OP_MAX) {
        return ATP_ERR_INVALID;
    }
    asked.id = asked.id.size > 0 ? asked.id
                                 : ATP_TEXT("promise"); /* it has the form of a reserve; nobody keeps it */
    return atp_client_do_results(client, &call, 1, ret_result, grants, ret_as_of);
}

atp_err_t atp_client_compare(atp_client_t *client, const atp_command_t *feed, const atp_command_t *counts,
                             uint32_t count, atp_result_t *ret_results)
{
    atp_command_t asked[ATP_COMPARED_MAX + 1];
    many_t many = {client, asked, count + 1, atp_now_ms()};
    atp_call_t call = {.type = ATP_MESSAGE_PROMISE, .write = write_many, .write_context = &many};

    if (feed->kind != ATP_OP_FEED || count > ATP_COMPARED_MAX) {
        return ATP_ERR_INVALID;
    }
    asked[0] = *feed;
    for (uint32_t i = 0; i < count; i++) {
        asked[i + 1] = counts[i];
    }
    for (uint32_t i = 0; i <= count; i++) {
        asked[i].id = ATP_TEXT("compare"); /* they have the form of ops; nobody keeps them */
    }
    return atp_client_do_results(client, &call, count + 1, ret_results, NULL, NULL);
}

/* ---- submitted ---- */

/* Copies `text` to *at and moves *at behind it. */
static atp_text_t copy_text(atp_text_t text, char **at)
{
    atp_text_t copy = {*at, text.size};

    if (text.size > 0) {
        memcpy(*at, text.bytes, text.size);
        *at += text.size;
    }
    return copy;
}

/* Puts copies of all that the command points to behind the call in its block. */
static void own_texts(atp_call_t *call)
{
    atp_command_line_t *lines = (atp_command_line_t *)(call + 1);
    atp_command_t *command = &call->command;
    atp_attribute_t *attributes = (atp_attribute_t *)(lines + command->line_count);
    char *at = (char *)(attributes + command->attribute_count);

    for (uint32_t i = 0; i < command->line_count; i++) {
        lines[i] = command->lines[i];
        lines[i].sku = copy_text(command->lines[i].sku, &at);
        lines[i].node = copy_text(command->lines[i].node, &at);
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        attributes[i] = command->attributes[i];
        attributes[i].text = copy_text(command->attributes[i].text, &at);
    }
    command->lines = lines;
    command->attributes = attributes;
    command->subject = copy_text(command->subject, &at);
    command->id = copy_text(command->id, &at);
    command->reservation = copy_text(command->reservation, &at);
    command->channel = copy_text(command->channel, &at);
    command->owner = copy_text(command->owner, &at);
    command->name = copy_text(command->name, &at);
    command->correlation = copy_text(command->correlation, &at);
}

static bool take_submit_room(atp_client_t *client)
{
    bool has_room;

    (void)pthread_mutex_lock(&client->mutex);
    has_room = client->submit_count < client->submit_max;
    client->submit_count += has_room;
    client->undone_count += has_room;
    (void)pthread_mutex_unlock(&client->mutex);
    return has_room;
}

static void give_submit_room(atp_client_t *client)
{
    (void)pthread_mutex_lock(&client->mutex);
    client->submit_count--;
    client->undone_count--;
    (void)pthread_cond_broadcast(&client->changed);
    (void)pthread_mutex_unlock(&client->mutex);
}

static atp_err_t submit(atp_client_t *client, const atp_command_t *command, atp_done_t done,
                        atp_explained_t explained, void *context)
{
    atp_call_t single;
    atp_call_t *call;
    atp_err_t err = init_single(client, &single, command);

    if (err != ATP_OK) {
        return err;
    }
    if (!take_submit_room(client)) {
        return ATP_ERR_BUSY;
    }
    call = malloc(sizeof *call + command->line_count * sizeof *command->lines +
                  command->attribute_count * sizeof *command->attributes + single.text_size);
    if (call == NULL) {
        give_submit_room(client);
        return ATP_ERR_MEMORY;
    }
    *call = single;
    own_texts(call);
    call->done = done;
    call->explained = explained;
    call->done_context = context;
    err = atp_client_enqueue(client, call);
    if (err != ATP_OK) {
        give_submit_room(client);
        free(call);
    }
    return err;
}

atp_err_t atp_client_submit(atp_client_t *client, const atp_command_t *command, atp_done_t done,
                            void *context)
{
    return submit(client, command, done, NULL, context);
}

atp_err_t atp_client_submit_explained(atp_client_t *client, const atp_command_t *command,
                                      atp_explained_t done, void *context)
{
    return submit(client, command, NULL, done, context);
}

void atp_client_wait_submits(atp_client_t *client)
{
    (void)pthread_mutex_lock(&client->mutex);
    while (client->undone_count > 0) {
        (void)pthread_cond_wait(&client->changed, &client->mutex);
    }
    (void)pthread_mutex_unlock(&client->mutex);
}

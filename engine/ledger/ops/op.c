#include "engine/ledger/ops/op_rules.h"
#include "engine/ledger/ops/op_writer.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/config.h"

#include <string.h>

/* ---- writing a record ---- */

/* Pads to 8 bytes, notes the size, and puts the head in its place. */
static size_t finish(atp_op_writer_t *writer, atp_op_t *head)
{
    atp_op_pad(writer);
    if (writer->is_full) {
        return 0;
    }
    head->size = (uint32_t)writer->at;
    memcpy(writer->begin, head, sizeof *head);
    return writer->at;
}

/* ---- digests ---- */

/* Field groups of field_digests, lowest byte first. The kind is compared by itself. */
enum {
    GROUP_OPTION,
    GROUP_CONTENT, /* all the others: all but the issue time */
    GROUP_RESERVATION,
    GROUP_CHANNEL,
    GROUP_OWNER,
    GROUP_TTL,
    GROUP_LINES,
    GROUP_QTY
};

static uint64_t text_digest(atp_text_t text)
{
    return atp_hash_text(text, text.size + 1);
}

static uint64_t number_digest(uint64_t number, uint64_t salt)
{
    return atp_hash_bytes(&number, sizeof number, salt);
}

static void lines_digest(const atp_command_t *command, uint64_t *ret_names, uint64_t *ret_qtys)
{
    uint64_t names = command->line_count;
    uint64_t qtys = command->line_count;

    for (uint32_t i = 0; i < command->line_count; i++) {
        const atp_command_line_t *line = &command->lines[i];
        atp_qty_t mantissa = line->mantissa;
        uint8_t decimals = line->decimals;
        atp_qty_normalise(&mantissa, &decimals); /* 5 and 5.0 are the same request */
        names = names * 31 + text_digest(line->sku);
        names = names * 31 + text_digest(line->node);
        qtys = qtys * 31 + number_digest((uint64_t)mantissa, decimals);
    }
    *ret_names = names;
    *ret_qtys = qtys;
}

static uint64_t attributes_digest(const atp_command_t *command)
{
    uint64_t digest = command->attribute_count;

    for (uint32_t i = 0; i < command->attribute_count; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        atp_qty_t mantissa = attribute->number;
        uint8_t decimals = attribute->decimals;
        atp_qty_normalise(&mantissa, &decimals);
        digest = digest * 31 + number_digest((uint64_t)mantissa, decimals);
        digest = digest * 31 + number_digest((uint64_t)attribute->key << 16 | attribute->line, 4);
        digest = digest * 31 + text_digest(attribute->text);
    }
    return digest;
}

static void digest(const atp_command_t *command, atp_op_t *op)
{
    uint64_t groups[ATP_FIELD_DIGESTS_PER_OP] = {0};
    uint64_t field_digests = 0;

    groups[GROUP_OPTION] = number_digest((uint64_t)command->option | (uint64_t)command->reason << 8 |
                                             (uint64_t)command->is_fact << 16 | (uint64_t)command->kind << 24,
                                         1);
    if (command->attribute_count > 0) {
        groups[GROUP_OPTION] += attributes_digest(command);
    }
    groups[GROUP_RESERVATION] = text_digest(command->reservation) * 31 + text_digest(command->subject);
    groups[GROUP_CHANNEL] = text_digest(command->channel);
    groups[GROUP_OWNER] = text_digest(command->owner) * 31 + text_digest(command->name);
    groups[GROUP_TTL] = number_digest((uint64_t)command->ttl_ms, 3);
    lines_digest(command, &groups[GROUP_LINES], &groups[GROUP_QTY]);
    groups[GROUP_CONTENT] = atp_hash_bytes(groups, sizeof groups, 0);
    for (unsigned i = 0; i < ATP_FIELD_DIGESTS_PER_OP; i++) {
        field_digests |= (groups[i] >> 56) << (8 * i);
    }
    op->digest = number_digest((uint64_t)command->issued_ms, groups[GROUP_CONTENT]);
    op->field_digests = field_digests;
}

/* ---- encoding a command ---- */

atp_fingerprint_t atp_op_id_fingerprint(bool is_reservation, atp_text_t client, atp_text_t id, uint64_t seed)
{
    /* The namespace enters as another seed, so that no id of one can be an id of the other. */
    return atp_fingerprint_of(id, is_reservation ? seed : atp_hash_text(client, seed + 1));
}

static atp_text_t subject_of(const atp_command_t *command)
{
    switch (command->kind) {
    case ATP_OP_RESERVE:
        return command->id;
    case ATP_OP_SKU:
        return command->lines[0].sku;
    case ATP_OP_NODE:
        return command->lines[0].node;
    case ATP_OP_CHANNEL:
        return command->channel;
    default:
        return command->subject.size > 0 ? command->subject : command->reservation;
    }
}

static void put_line(atp_op_writer_t *writer, const atp_command_line_t *line, const atp_op_context_t *context)
{
    atp_op_line_t record = {0};

    record.decimals = line->decimals;
    record.mantissa = line->mantissa;
    if (!atp_catalog_find_sku(context->catalog, line->sku, atp_hash_text(line->sku, context->seed),
                              &record.sku)) {
        record.flags |= ATP_LINE_SKU_NAMED;
    }
    if (line->node.size == 0) {
        record.flags |= ATP_LINE_NODE_OPEN;
    } else if (!atp_catalog_find_node(context->catalog, line->node, atp_hash_text(line->node, context->seed),
                                      &record.node)) {
        record.flags |= ATP_LINE_NODE_NAMED;
    }
    atp_op_put(writer, &record, sizeof record);
}

static void put_line_names(atp_op_writer_t *writer, const atp_command_t *command, size_t lines_at)
{
    for (uint32_t i = 0; i < command->line_count && !writer->is_full; i++) {
        atp_op_line_t record;
        memcpy(&record, writer->begin + lines_at + i * sizeof record, sizeof record);
        if (record.flags & ATP_LINE_SKU_NAMED) {
            atp_op_put_text(writer, command->lines[i].sku);
        }
        if (record.flags & ATP_LINE_NODE_NAMED) {
            atp_op_put_text(writer, command->lines[i].node);
        }
    }
}

/* ---- attributes of a record ---- */

static void put_attributes(atp_op_writer_t *writer, const atp_command_t *command, atp_op_t *head)
{
    uint64_t count = command->attribute_count;

    if (count == 0) {
        return;
    }
    head->flags |= ATP_OP_HAS_ATTRIBUTES;
    atp_op_put(writer, &count, sizeof count);
    for (uint32_t i = 0; i < count; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        atp_op_attribute_t record = {.number = attribute->number,
                                     .line = attribute->line,
                                     .key = attribute->key,
                                     .detail = attribute->decimals};
        atp_op_put(writer, &record, sizeof record);
    }
}

/* The texts, last of all; each record is told where its own is. */
static void put_attribute_texts(atp_op_writer_t *writer, const atp_command_t *command, size_t attributes_at)
{
    for (uint32_t i = 0; i < command->attribute_count && !writer->is_full; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        atp_op_attribute_t record;
        if (!atp_attribute_is_text(atp_attribute_rule(attribute->key))) {
            continue;
        }
        unsigned char *place = writer->begin + attributes_at + sizeof(uint64_t) + i * sizeof record;
        memcpy(&record, place, sizeof record);
        record.number = 0;
        record.detail = (uint8_t)attribute->text.size;
        record.text_at = (uint32_t)writer->at + 1;
        memcpy(place, &record, sizeof record);
        atp_op_put_text(writer, attribute->text);
    }
}

static void put_correlation(atp_op_writer_t *writer, const atp_command_t *command, atp_op_t *head)
{
    uint64_t size = command->correlation.size;

    if (size == 0) {
        return;
    }
    head->flags |= ATP_OP_CORRELATED;
    atp_op_pad(writer);
    atp_op_put(writer, command->correlation.bytes, size);
    atp_op_pad(writer);
    atp_op_put(writer, &size, sizeof size);
}

static void put_texts(atp_op_writer_t *writer, const atp_command_t *command, atp_op_t *head,
                      const atp_op_context_t *context)
{
    atp_op_put_text(writer, subject_of(command));
    if (command->kind == ATP_OP_RESERVE) {
        atp_op_put_text(writer, command->owner);
        if (command->channel.size > 0 &&
            !atp_catalog_find_channel(context->catalog, command->channel,
                                      atp_hash_text(command->channel, context->seed), &head->channel)) {
            head->flags |= ATP_OP_CHANNEL_NAMED;
            atp_op_put_text(writer, command->channel);
        }
    } else if (command->kind == ATP_OP_SKU || command->kind == ATP_OP_NODE) {
        atp_op_put_text(writer, command->name);
    }
}

atp_verdict_t atp_op_encode(const atp_command_t *command, const atp_op_context_t *context, void *buffer,
                            size_t capacity, size_t *ret_size, atp_result_t *ret_fault)
{
    atp_verdict_t verdict = atp_op_check(command, context, ret_fault);
    atp_op_t head = {0};

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_op_writer_t writer = atp_op_writer_begin(buffer, capacity);
    head.kind = (uint8_t)command->kind;
    head.flags = (uint8_t)((command->is_fact ? ATP_OP_FACT : 0u) |
                           (context->in_source ? ATP_OP_IN_SOURCE | ATP_OP_FACT : ATP_OP_HAS_ID));
    head.issued_ms = command->issued_ms;
    head.value = command->ttl_ms;
    head.client = context->client;
    head.option = command->option;
    head.reason = command->reason;
    head.subject_hash = atp_hash_text(subject_of(command), context->seed);
    if (!context->in_source) {
        head.id = atp_op_id_fingerprint(command->kind == ATP_OP_RESERVE, context->client_name, command->id,
                                        context->seed);
        digest(command, &head);
    }
    if (atp_op_has_position_lines(command->kind)) {
        head.line_count = (uint16_t)command->line_count;
        for (uint32_t i = 0; i < command->line_count; i++) {
            put_line(&writer, &command->lines[i], context);
            head.flags |= (uint8_t)(command->lines[i].node.size == 0 ? ATP_OP_CHOOSES : 0u);
        }
    }
    size_t attributes_at = writer.at;
    put_attributes(&writer, command, &head);
    put_texts(&writer, command, &head, context);
    if (atp_op_has_position_lines(command->kind)) {
        put_line_names(&writer, command, sizeof head);
    }
    put_attribute_texts(&writer, command, attributes_at);
    put_correlation(&writer, command, &head);
    *ret_size = finish(&writer, &head);
    return *ret_size > 0 ? ATP_APPLIED : atp_op_fault(ret_fault, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE, 0);
}

/* ---- the engine's own ops ---- */

static size_t finish_own(atp_op_writer_t *writer, atp_op_t *head)
{
    size_t size = finish(writer, head);
    ATP_ASSERT(size > 0); /* the caller gives room for the largest */
    return size;
}

size_t atp_op_encode_client(void *buffer, atp_text_t name, uint64_t seed)
{
    atp_op_writer_t writer = atp_op_writer_begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_CLIENT, .client = ATP_CLIENT_ENGINE, .subject_hash = atp_hash_text(name, seed)};

    atp_op_put_text(&writer, name);
    return finish_own(&writer, &head);
}

size_t atp_op_encode_source(void *buffer, atp_text_t source, const atp_op_source_t *numbers, uint64_t seed)
{
    atp_op_writer_t writer = atp_op_writer_begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_SOURCE, .client = ATP_CLIENT_ENGINE, .subject_hash = atp_hash_text(source, seed)};

    atp_op_put(&writer, numbers, sizeof *numbers);
    atp_op_put_text(&writer, source);
    return finish_own(&writer, &head);
}

static size_t encode_pulse(void *buffer, int64_t limit, uint8_t option)
{
    atp_op_writer_t writer = atp_op_writer_begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {.kind = ATP_OP_PULSE, .client = ATP_CLIENT_ENGINE, .value = limit, .option = option};

    return finish_own(&writer, &head);
}

size_t atp_op_encode_pulse(void *buffer, int64_t limit)
{
    return encode_pulse(buffer, limit, 0);
}

size_t atp_op_encode_pulse_now(void *buffer, int64_t limit)
{
    return encode_pulse(buffer, limit, ATP_PULSE_NOW);
}

size_t atp_op_encode_settle(void *buffer, uint32_t sku, uint16_t node)
{
    atp_op_writer_t writer = atp_op_writer_begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_SETTLE, .client = ATP_CLIENT_ENGINE, .subject_hash = (uint64_t)sku << 16 | node};

    return finish_own(&writer, &head);
}

size_t atp_op_encode_config(void *buffer, atp_op_kind_t kind, const atp_ledger_config_t *config)
{
    atp_op_writer_t writer = atp_op_writer_begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {.kind = (uint8_t)kind, .client = ATP_CLIENT_ENGINE};

    atp_op_put(&writer, config, sizeof *config);
    return finish_own(&writer, &head);
}

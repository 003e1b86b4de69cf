#include "engine/ledger/op.h"

#include "engine/base/verdict.h"
#include "engine/ledger/catalog.h"
#include "engine/ledger/config.h"

#include <string.h>

/* ---- writing a record ---- */

typedef struct op_writer {
    unsigned char *begin;
    size_t at;
    size_t capacity;
    bool is_full;
} op_writer_t;

static void put(op_writer_t *writer, const void *bytes, size_t size)
{
    if (writer->is_full || size > writer->capacity - writer->at) {
        writer->is_full = true;
        return;
    }
    if (size > 0) {
        memcpy(writer->begin + writer->at, bytes, size);
    }
    writer->at += size;
}

static void put_text(op_writer_t *writer, atp_text_t text)
{
    uint8_t size = (uint8_t)text.size;

    ATP_ASSERT(text.size <= UINT8_MAX);
    put(writer, &size, 1);
    put(writer, text.bytes, text.size);
}

/* Pads to 8 bytes, notes the size, and puts the head in its place. */
static size_t finish(op_writer_t *writer, atp_op_t *head)
{
    static const char zeros[8] = {0};

    put(writer, zeros, (8 - writer->at % 8) % 8);
    if (writer->is_full) {
        return 0;
    }
    head->size = (uint32_t)writer->at;
    memcpy(writer->begin, head, sizeof *head);
    return writer->at;
}

static op_writer_t begin(void *buffer, size_t capacity)
{
    op_writer_t writer = {buffer, sizeof(atp_op_t), capacity, capacity < sizeof(atp_op_t)};
    return writer;
}

/* ---- digests ---- */

/* Field groups of field_digests, lowest byte first. The kind is compared by itself. */
enum {
    GROUP_OPTION,
    GROUP_ISSUED,
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

static void digest(const atp_command_t *command, atp_op_t *op)
{
    uint64_t groups[ATP_FIELD_DIGESTS_PER_OP];
    uint64_t field_digests = 0;

    groups[GROUP_OPTION] = number_digest((uint64_t)command->option | (uint64_t)command->reason << 8 |
                                             (uint64_t)command->is_fact << 16 | (uint64_t)command->kind << 24,
                                         1);
    groups[GROUP_ISSUED] = number_digest((uint64_t)command->issued_ms, 2);
    groups[GROUP_RESERVATION] = text_digest(command->reservation);
    groups[GROUP_CHANNEL] = text_digest(command->channel);
    groups[GROUP_OWNER] = text_digest(command->owner) * 31 + text_digest(command->name);
    groups[GROUP_TTL] = number_digest((uint64_t)command->ttl_ms, 3);
    lines_digest(command, &groups[GROUP_LINES], &groups[GROUP_QTY]);
    for (unsigned i = 0; i < ATP_FIELD_DIGESTS_PER_OP; i++) {
        field_digests |= (groups[i] >> 56) << (8 * i);
    }
    op->digest = atp_hash_bytes(groups, sizeof groups, 0);
    op->field_digests = field_digests;
}

/* ---- checks ---- */

static atp_verdict_t fault(atp_result_t *ret_fault, atp_verdict_t verdict, atp_field_t field, uint32_t line)
{
    memset(ret_fault, 0, sizeof *ret_fault);
    ret_fault->verdict = (uint8_t)verdict;
    ret_fault->field = (uint8_t)field;
    ret_fault->line = (uint16_t)line;
    return verdict;
}

static bool is_id(atp_text_t text)
{
    return text.size >= 1 && text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

static bool is_optional_id(atp_text_t text)
{
    return text.size <= ATP_ID_SIZE_MAX && atp_text_is_clean(text);
}

/* What each kind needs; one row a kind, read by check_shape. */
typedef struct kind_rule {
    bool is_known;
    bool needs_reservation;
    uint8_t options; /* option must be below this; 0 = must be 0 */
    uint8_t lines;   /* see below */
} kind_rule_t;

enum { LINES_NONE, LINES_ONE, LINES_SOME, LINES_OPTIONAL, LINES_SUBJECT_SKU, LINES_SUBJECT_NODE };

static const kind_rule_t kind_rules[ATP_OP_KIND_LIMIT] = {
    [ATP_OP_SKU] = {true, false, UINT8_MAX,
                    LINES_SUBJECT_SKU}, /* option is the scale: has a verdict of its own */
    [ATP_OP_NODE] = {true, false, ATP_NODE_CLOSED + 1, LINES_SUBJECT_NODE},
    [ATP_OP_CHANNEL] = {true, false, 0, LINES_NONE},
    [ATP_OP_SAFETY] = {true, false, 0, LINES_ONE},
    [ATP_OP_RESERVE] = {true, false, ATP_RESERVE_PARTIAL + 1, LINES_SOME},
    [ATP_OP_EXTEND] = {true, true, 0, LINES_NONE},
    [ATP_OP_ALLOCATE] = {true, true, 0, LINES_OPTIONAL},
    [ATP_OP_RELEASE] = {true, true, 0, LINES_OPTIONAL},
    [ATP_OP_CANCEL] = {true, true, 0, LINES_OPTIONAL},
    [ATP_OP_SHIP] = {true, true, 0, LINES_OPTIONAL},
    [ATP_OP_RECEIVE] = {true, false, 0, LINES_ONE},
    [ATP_OP_SALE] = {true, false, 0, LINES_ONE},
    [ATP_OP_ADJUST] = {true, false, ATP_BUCKET_UNAVAILABLE + 1, LINES_ONE},
    [ATP_OP_COUNT] = {true, false, ATP_BUCKET_UNAVAILABLE + 1, LINES_ONE},
};

static atp_verdict_t check_identity(const atp_command_t *command, const atp_op_context_t *context,
                                    atp_result_t *ret_fault)
{
    if (context->in_source && command->kind != ATP_OP_RESERVE) {
        return ATP_APPLIED;
    }
    if (command->id.size == 0) {
        return fault(ret_fault, ATP_ID_MISSING, ATP_FIELD_ID, 0);
    }
    if (!is_id(command->id)) {
        return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_ID, 0);
    }
    if (command->issued_ms <= 0 && !context->in_source) {
        return fault(ret_fault, ATP_MALFORMED, ATP_FIELD_ISSUED, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_texts(const atp_command_t *command, const kind_rule_t *rule, bool is_fact,
                                 atp_result_t *ret_fault)
{
    /* A shipment told as a fact may name no reservation. */
    bool may_be_empty = !rule->needs_reservation || (command->kind == ATP_OP_SHIP && is_fact);

    if (!is_optional_id(command->reservation) || (command->reservation.size == 0 && !may_be_empty)) {
        return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_RESERVATION, 0);
    }
    if (!is_optional_id(command->channel) ||
        (command->kind == ATP_OP_CHANNEL && command->channel.size == 0)) {
        return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0);
    }
    if (!is_optional_id(command->owner)) {
        return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_OWNER, 0);
    }
    if (command->name.size > ATP_NAME_SIZE_MAX || !atp_text_is_clean(command->name)) {
        return fault(ret_fault, ATP_TEXT_INVALID, ATP_FIELD_NAME, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_options(const atp_command_t *command, const kind_rule_t *rule,
                                   atp_result_t *ret_fault)
{
    if (command->kind == ATP_OP_SKU) {
        if (command->option > ATP_SCALE_MAX) {
            return fault(ret_fault, ATP_SCALE_OUT_OF_RANGE, ATP_FIELD_OPTION, 0);
        }
    } else if (command->option > 0 && command->option >= rule->options) {
        return fault(ret_fault, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0);
    }
    if (command->reason >= ATP_REASON_COUNT) {
        return fault(ret_fault, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0);
    }
    if (command->ttl_ms < 0) {
        return fault(ret_fault, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_line_count(const atp_command_t *command, const kind_rule_t *rule,
                                      atp_result_t *ret_fault)
{
    uint32_t least = 1;
    uint32_t most = 1;

    switch (rule->lines) {
    case LINES_NONE:
        least = most = 0;
        break;
    case LINES_SOME:
        most = ATP_LINES_PER_OP_MAX;
        break;
    case LINES_OPTIONAL:
        least = 0;
        most = ATP_LINES_PER_OP_MAX;
        break;
    default:
        break;
    }
    if (command->kind == ATP_OP_SHIP && command->reservation.size == 0) {
        least = 1; /* a shipment of nothing in particular says nothing */
    }
    if (command->line_count < least) {
        return fault(ret_fault, ATP_LINES_MISSING, ATP_FIELD_LINES, 0);
    }
    if (command->line_count > most) {
        return fault(ret_fault, ATP_TOO_MANY_LINES, ATP_FIELD_LINES, 0);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_qty(const atp_command_t *command, const atp_command_line_t *line, uint32_t i,
                               atp_result_t *ret_fault)
{
    if (line->decimals > ATP_SCALE_MAX || !atp_qty_in_range(line->mantissa)) {
        return fault(ret_fault, ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, i);
    }
    if (command->kind == ATP_OP_SAFETY || command->kind == ATP_OP_COUNT) {
        return line->mantissa < 0 ? fault(ret_fault, ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_FIELD_QTY, i)
                                  : ATP_APPLIED;
    }
    if (command->kind != ATP_OP_ADJUST && line->mantissa <= 0) {
        return fault(ret_fault, ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY, i);
    }
    return ATP_APPLIED;
}

static atp_verdict_t check_lines(const atp_command_t *command, const kind_rule_t *rule,
                                 atp_result_t *ret_fault)
{
    for (uint32_t i = 0; i < command->line_count; i++) {
        const atp_command_line_t *line = &command->lines[i];
        if (rule->lines != LINES_SUBJECT_NODE && !is_id(line->sku)) {
            return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_SKU, i);
        }
        if (rule->lines != LINES_SUBJECT_SKU && !is_id(line->node)) {
            return fault(ret_fault, ATP_ID_INVALID, ATP_FIELD_NODE, i);
        }
        if (rule->lines == LINES_SUBJECT_SKU || rule->lines == LINES_SUBJECT_NODE) {
            continue;
        }
        atp_verdict_t verdict = check_qty(command, line, i, ret_fault);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

static atp_verdict_t check(const atp_command_t *command, const atp_op_context_t *context,
                           atp_result_t *ret_fault)
{
    unsigned kind = (unsigned)command->kind;

    if (kind >= ATP_OP_KIND_LIMIT || !kind_rules[kind].is_known) {
        return fault(ret_fault, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0);
    }
    const kind_rule_t *rule = &kind_rules[kind];
    atp_verdict_t verdict = check_identity(command, context, ret_fault);
    bool is_fact = command->is_fact || context->in_source;
    verdict = verdict == ATP_APPLIED ? check_texts(command, rule, is_fact, ret_fault) : verdict;
    verdict = verdict == ATP_APPLIED ? check_options(command, rule, ret_fault) : verdict;
    verdict = verdict == ATP_APPLIED ? check_line_count(command, rule, ret_fault) : verdict;
    return verdict == ATP_APPLIED ? check_lines(command, rule, ret_fault) : verdict;
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
        return command->reservation;
    }
}

static void put_line(op_writer_t *writer, const atp_command_line_t *line, const atp_op_context_t *context)
{
    atp_op_line_t record = {0};

    record.decimals = line->decimals;
    record.mantissa = line->mantissa;
    if (!atp_catalog_find_sku(context->catalog, line->sku, atp_hash_text(line->sku, context->seed),
                              &record.sku)) {
        record.flags |= ATP_LINE_SKU_NAMED;
    }
    if (!atp_catalog_find_node(context->catalog, line->node, atp_hash_text(line->node, context->seed),
                               &record.node)) {
        record.flags |= ATP_LINE_NODE_NAMED;
    }
    put(writer, &record, sizeof record);
}

static void put_line_names(op_writer_t *writer, const atp_command_t *command, size_t lines_at)
{
    for (uint32_t i = 0; i < command->line_count && !writer->is_full; i++) {
        atp_op_line_t record;
        memcpy(&record, writer->begin + lines_at + i * sizeof record, sizeof record);
        if (record.flags & ATP_LINE_SKU_NAMED) {
            put_text(writer, command->lines[i].sku);
        }
        if (record.flags & ATP_LINE_NODE_NAMED) {
            put_text(writer, command->lines[i].node);
        }
    }
}

/* True for the kinds whose lines name a position; the others carry their one name as subject. */
static bool has_position_lines(atp_op_kind_t kind)
{
    return kind != ATP_OP_SKU && kind != ATP_OP_NODE && kind != ATP_OP_CHANNEL;
}

static void put_texts(op_writer_t *writer, const atp_command_t *command, atp_op_t *head,
                      const atp_op_context_t *context)
{
    put_text(writer, subject_of(command));
    if (command->kind == ATP_OP_RESERVE) {
        put_text(writer, command->owner);
        if (command->channel.size > 0 &&
            !atp_catalog_find_channel(context->catalog, command->channel,
                                      atp_hash_text(command->channel, context->seed), &head->channel)) {
            head->flags |= ATP_OP_CHANNEL_NAMED;
            put_text(writer, command->channel);
        }
    } else if (command->kind == ATP_OP_SKU || command->kind == ATP_OP_NODE) {
        put_text(writer, command->name);
    }
}

atp_verdict_t atp_op_encode(const atp_command_t *command, const atp_op_context_t *context, void *buffer,
                            size_t capacity, size_t *ret_size, atp_result_t *ret_fault)
{
    atp_verdict_t verdict = check(command, context, ret_fault);
    atp_op_t head = {0};

    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    op_writer_t writer = begin(buffer, capacity);
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
    if (has_position_lines(command->kind)) {
        head.line_count = (uint16_t)command->line_count;
        for (uint32_t i = 0; i < command->line_count; i++) {
            put_line(&writer, &command->lines[i], context);
        }
    }
    put_texts(&writer, command, &head, context);
    if (has_position_lines(command->kind)) {
        put_line_names(&writer, command, sizeof head);
    }
    *ret_size = finish(&writer, &head);
    return *ret_size > 0 ? ATP_APPLIED : fault(ret_fault, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_NONE, 0);
}

/* ---- the engine's own ops ---- */

static size_t finish_own(op_writer_t *writer, atp_op_t *head)
{
    size_t size = finish(writer, head);
    ATP_ASSERT(size > 0); /* the caller gives room for the largest */
    return size;
}

size_t atp_op_encode_client(void *buffer, atp_text_t name, uint64_t seed)
{
    op_writer_t writer = begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_CLIENT, .client = ATP_CLIENT_ENGINE, .subject_hash = atp_hash_text(name, seed)};

    put_text(&writer, name);
    return finish_own(&writer, &head);
}

size_t atp_op_encode_source(void *buffer, atp_text_t source, const atp_op_source_t *numbers, uint64_t seed)
{
    op_writer_t writer = begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_SOURCE, .client = ATP_CLIENT_ENGINE, .subject_hash = atp_hash_text(source, seed)};

    put(&writer, numbers, sizeof *numbers);
    put_text(&writer, source);
    return finish_own(&writer, &head);
}

size_t atp_op_encode_pulse(void *buffer, int64_t limit)
{
    op_writer_t writer = begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {.kind = ATP_OP_PULSE, .client = ATP_CLIENT_ENGINE, .value = limit};

    return finish_own(&writer, &head);
}

size_t atp_op_encode_settle(void *buffer, uint32_t sku, uint16_t node)
{
    op_writer_t writer = begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {
        .kind = ATP_OP_SETTLE, .client = ATP_CLIENT_ENGINE, .subject_hash = (uint64_t)sku << 16 | node};

    return finish_own(&writer, &head);
}

size_t atp_op_encode_config(void *buffer, atp_op_kind_t kind, const atp_ledger_config_t *config)
{
    op_writer_t writer = begin(buffer, ATP_OP_SIZE_MAX);
    atp_op_t head = {.kind = (uint8_t)kind, .client = ATP_CLIENT_ENGINE};

    put(&writer, config, sizeof *config);
    return finish_own(&writer, &head);
}

/* ---- reading what may not be ours ---- */

/* What a record of each kind must have; the client kinds are those of kind_rules. */
static bool is_kind_in_shape(const atp_op_t *op)
{
    const kind_rule_t *rule = &kind_rules[op->kind];
    uint32_t least = 0;
    uint32_t most = 0;

    if (!rule->is_known) {
        return op->line_count == 0 && (op->flags & (ATP_OP_HAS_ID | ATP_OP_IN_SOURCE)) == 0;
    }
    if (rule->lines == LINES_ONE || rule->lines == LINES_SOME) {
        least = 1;
    }
    if (rule->lines != LINES_NONE && rule->lines != LINES_SUBJECT_SKU && rule->lines != LINES_SUBJECT_NODE) {
        most = rule->lines == LINES_ONE ? 1 : ATP_LINES_PER_OP_MAX;
    }
    return op->line_count >= least && op->line_count <= most &&
           (op->kind == ATP_OP_SKU ? op->option <= ATP_SCALE_MAX
                                   : op->option == 0 || op->option < rule->options) &&
           op->reason < ATP_REASON_COUNT;
}

/* Fixed payload before the texts. */
static size_t payload_size(const atp_op_t *op)
{
    switch (op->kind) {
    case ATP_OP_GENESIS:
    case ATP_OP_CONFIGURE:
        return sizeof(atp_ledger_config_t);
    case ATP_OP_SOURCE:
        return sizeof(atp_op_source_t);
    default:
        return 0;
    }
}

/* One text that must follow, and how long it may be. */
typedef struct expected_text {
    uint32_t least;
    uint32_t most;
} expected_text_t;

#define TEXTS_BEFORE_LINES_MAX 3

static uint32_t expected_texts(const atp_op_t *op, expected_text_t *ret_texts)
{
    static const expected_text_t id = {1, ATP_ID_SIZE_MAX};
    static const expected_text_t optional_id = {0, ATP_ID_SIZE_MAX};
    static const expected_text_t name = {0, ATP_NAME_SIZE_MAX};
    bool has_subject = op->kind == ATP_OP_CLIENT || op->kind == ATP_OP_SOURCE || op->kind == ATP_OP_RESERVE ||
                       !has_position_lines((atp_op_kind_t)op->kind);
    uint32_t count = 0;

    if (op->kind == ATP_OP_GENESIS || op->kind == ATP_OP_CONFIGURE || op->kind == ATP_OP_PULSE ||
        op->kind == ATP_OP_SETTLE) {
        return 0;
    }
    ret_texts[count++] = has_subject ? id : optional_id;
    if (op->kind == ATP_OP_SKU || op->kind == ATP_OP_NODE) {
        ret_texts[count++] = name;
    } else if (op->kind == ATP_OP_RESERVE) {
        ret_texts[count++] = optional_id;
        if (op->flags & ATP_OP_CHANNEL_NAMED) {
            ret_texts[count++] = id;
        }
    }
    return count;
}

/* Takes the text at *at, which must end before `end`. */
static bool take_text(const unsigned char **at, const unsigned char *end, expected_text_t expected)
{
    if (*at >= end || (size_t)(end - *at) < 1u + **at || **at < expected.least || **at > expected.most) {
        return false;
    }
    *at += 1 + **at;
    return true;
}

/* What is left of a record after its last text: up to 7 zero bytes. */
static bool is_padding(const unsigned char *at, const unsigned char *end)
{
    if (end - at >= 8) {
        return false;
    }
    for (; at < end; at++) {
        if (*at != 0) {
            return false;
        }
    }
    return true;
}

static bool is_line_in_range(const atp_op_t *op, const atp_op_line_t *line)
{
    if (line->decimals > ATP_SCALE_MAX || !atp_qty_in_range(line->mantissa)) {
        return false;
    }
    return op->kind == ATP_OP_ADJUST || line->mantissa > 0 ||
           (line->mantissa == 0 && (op->kind == ATP_OP_SAFETY || op->kind == ATP_OP_COUNT));
}

bool atp_op_is_well_formed(const void *bytes, size_t size)
{
    const atp_op_t *op = bytes;

    if (size < sizeof *op || op->size > size || op->size % 8 != 0 || op->size < sizeof *op ||
        op->kind >= ATP_OP_KIND_LIMIT || atp_op_kind_name(op->kind) == NULL || op->value < 0 ||
        !is_kind_in_shape(op)) {
        return false;
    }
    expected_text_t texts[TEXTS_BEFORE_LINES_MAX];
    uint32_t text_count = expected_texts(op, texts);
    size_t fixed = sizeof *op + op->line_count * sizeof(atp_op_line_t) + payload_size(op);
    if (fixed > op->size) {
        return false;
    }
    const unsigned char *end = (const unsigned char *)bytes + op->size;
    const unsigned char *at = (const unsigned char *)bytes + fixed;
    bool is_good = true;
    for (uint32_t i = 0; is_good && i < text_count; i++) {
        is_good = take_text(&at, end, texts[i]);
    }
    for (uint32_t i = 0; is_good && i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        const expected_text_t id = {1, ATP_ID_SIZE_MAX};
        is_good = is_line_in_range(op, line) &&
                  ((line->flags & ATP_LINE_SKU_NAMED) == 0 || take_text(&at, end, id)) &&
                  ((line->flags & ATP_LINE_NODE_NAMED) == 0 || take_text(&at, end, id));
    }
    return is_good && is_padding(at, end);
}

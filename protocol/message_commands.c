/* Ops: how each kind is laid out, read and written. */
#include "protocol/message_commands.h"

#include "engine/base/attribute.h"
#include "protocol/message_kinds.h"
#include "protocol/message_priv.h"

/* Where one op is read to. */
typedef struct op_reading {
    atp_reader_t *reader;
    uint32_t left; /* elements of the op not read yet */
    atp_command_t *command;
    const atp_command_room_t *room;
} op_reading_t;

/* ---- reading: one optional element each ---- */

static inline bool take_id(op_reading_t *op, atp_field_t field, atp_text_t *ret_id)
{
    return !atp_take_one(&op->left) || atp_take_id(op->reader, field, ret_id);
}

static inline bool take_ttl(op_reading_t *op)
{
    return !atp_take_one(&op->left) || atp_take_int_within(op->reader, ATP_FIELD_TTL, INT64_MIN, INT64_MAX,
                                                           ATP_TTL_OUT_OF_RANGE, &op->command->ttl_ms);
}

static inline bool take_option(op_reading_t *op, atp_verdict_t verdict, uint8_t *ret_option)
{
    int64_t value = 0;
    if (atp_take_one(&op->left) &&
        !atp_take_int_within(op->reader, ATP_FIELD_OPTION, 0, UINT8_MAX, verdict, &value)) {
        return false;
    }
    *ret_option = (uint8_t)value;
    return true;
}

static inline bool take_fact(op_reading_t *op)
{
    return !atp_take_one(&op->left) || atp_read_bool(op->reader, ATP_FIELD_OPTION, &op->command->is_fact);
}

static bool take_name(op_reading_t *op)
{
    return !atp_take_one(&op->left) || atp_take_clean(op->reader, ATP_FIELD_NAME, ATP_NAME_SIZE_MAX,
                                                      ATP_TEXT_INVALID, &op->command->name);
}

/* A quantity of a command: an integer, or decimal text. What is neither is no quantity, whatever it is. */
static bool take_qty_slow(atp_reader_t *reader, atp_command_line_t *line)
{
    atp_text_t text;

    if (reader->at < reader->end && (*reader->at & 0xe0) != TAG_FIXSTR &&
        !(*reader->at >= TAG_STR8 && *reader->at <= TAG_STR32)) {
        atp_reader_note(reader, ATP_QTY_MALFORMED, ATP_FIELD_QTY, "an integer or decimal text is expected");
        return atp_read_skip(reader, 1, reader->list_depth + 3u);
    }
    if (!atp_take_text(reader, ATP_FIELD_QTY, &text)) {
        return false;
    }
    if (!atp_qty_parse(text, &line->mantissa, &line->decimals)) {
        atp_reader_note(reader, ATP_QTY_MALFORMED, ATP_FIELD_QTY, "not an exact decimal number");
    }
    return true;
}

static inline bool take_qty(atp_reader_t *reader, atp_command_line_t *line)
{
    uint8_t tag = reader->at < reader->end ? *reader->at : TAG_NIL;
    if (ATP_LIKELY(tag < TAG_FIXMAP || tag >= TAG_NEGATIVE || (tag >= TAG_UINT8 && tag <= TAG_INT64))) {
        return atp_take_int_within(reader, ATP_FIELD_QTY, -ATP_QTY_MAX, ATP_QTY_MAX, ATP_QTY_OUT_OF_RANGE,
                                   &line->mantissa);
    }
    return take_qty_slow(reader, line);
}

/* ---- reading: lines ---- */

static inline void need_name(atp_reader_t *reader, atp_text_t id, atp_field_t field)
{
    if (ATP_UNLIKELY(id.size == 0)) {
        atp_reader_note(reader, ATP_ID_INVALID, field, "a line names its SKU and its node");
    }
}

static inline bool take_line(atp_reader_t *reader, bool is_node_needed, atp_command_line_t *line)
{
    uint32_t left;

    memset(line, 0, sizeof *line);
    if (!atp_take_array(reader, ATP_FIELD_LINES, &left) ||
        (atp_take_one(&left) && !atp_take_id(reader, ATP_FIELD_SKU, &line->sku)) ||
        (atp_take_one(&left) && !atp_take_id(reader, ATP_FIELD_NODE, &line->node)) ||
        (atp_take_one(&left) && !take_qty(reader, line))) {
        return false;
    }
    need_name(reader, line->sku, ATP_FIELD_SKU);
    if (is_node_needed) {
        need_name(reader, line->node, ATP_FIELD_NODE);
    }
    return left == 0 || atp_read_skip(reader, left, reader->list_depth + 3u);
}

/* Room for `count` lines of the op, within what the caller has and a message may carry. */
static bool reserve_lines(op_reading_t *op, uint32_t count)
{
    if (count > op->room->line_capacity || count > ATP_OPS_PER_MESSAGE_MAX - op->reader->line_total) {
        return atp_reader_refuse(op->reader, ATP_TOO_MANY_OPS, ATP_FIELD_LINES,
                                 "too many lines in the message");
    }
    op->command->lines = op->room->lines;
    op->command->line_count = count;
    return true;
}

static bool take_lines(op_reading_t *op, bool is_node_needed)
{
    atp_reader_t *reader = op->reader;
    uint32_t count;

    if (!atp_take_one(&op->left)) {
        return true;
    }
    if (!atp_take_array(reader, ATP_FIELD_LINES, &count)) {
        return false;
    }
    if (count > ATP_LINES_PER_OP_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_LINES,
                                 "more lines than an op may have");
    }
    if (!reserve_lines(op, count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_verdict_t before = reader->refusal.verdict;
        bool ok = take_line(reader, is_node_needed, &op->room->lines[i]);
        if (ATP_UNLIKELY(reader->refusal.verdict != before)) {
            reader->refusal.line = i;
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

/* The one line of a stock op, or the subject of `sku` and `node`: empty for now. */
static bool take_single_line(op_reading_t *op, atp_command_line_t **ret_line)
{
    if (!reserve_lines(op, 1)) {
        return false;
    }
    memset(op->room->lines, 0, sizeof *op->room->lines);
    *ret_line = op->room->lines;
    return true;
}

/* ---- reading: attributes ---- */

static bool take_value(atp_reader_t *reader, const atp_attribute_rule_t *rule, atp_attribute_t *attribute)
{
    atp_command_line_t qty = {.mantissa = 0};

    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_ID:
    case ATP_ATTRIBUTE_TEXT:
        return atp_take_text(reader, ATP_FIELD_ATTRIBUTE, &attribute->text);
    case ATP_ATTRIBUTE_QTY:
        if (!take_qty(reader, &qty)) {
            return false;
        }
        attribute->number = qty.mantissa;
        attribute->decimals = qty.decimals;
        return true;
    case ATP_ATTRIBUTE_NUMBER:
    case ATP_ATTRIBUTE_CHOICE:
    case ATP_ATTRIBUTE_TIME:
        break;
    }
    return atp_take_int_within(reader, ATP_FIELD_ATTRIBUTE, INT64_MIN, INT64_MAX, ATP_ATTRIBUTE_OUT_OF_RANGE,
                               &attribute->number);
}

/* The type of a value follows from its key: of one that this build does not know it cannot be read. */
static bool take_attribute(atp_reader_t *reader, atp_attribute_t *attribute)
{
    uint32_t left;
    uint64_t key = 0;
    int64_t line = ATP_WHOLE_OP;

    memset(attribute, 0, sizeof *attribute);
    attribute->line = ATP_WHOLE_OP;
    if (!atp_take_array(reader, ATP_FIELD_ATTRIBUTE, &left) ||
        (atp_take_one(&left) && !atp_read_uint(reader, ATP_FIELD_ATTRIBUTE, &key))) {
        return false;
    }
    attribute->key = (uint8_t)(key <= UINT8_MAX ? key : 0);
    const atp_attribute_rule_t *rule = atp_attribute_rule(key < ATP_KEY_LIMIT ? (unsigned)key : 0);
    if (rule == NULL) {
        return atp_reader_refuse(reader, ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE, "no such key");
    }
    if ((atp_take_one(&left) && !take_value(reader, rule, attribute)) ||
        (atp_take_one(&left) && !atp_take_int_within(reader, ATP_FIELD_ATTRIBUTE, 0, ATP_LINES_PER_OP_MAX - 1,
                                                     ATP_ATTRIBUTE_NOT_TAKEN, &line))) {
        return false;
    }
    attribute->line = (uint16_t)line;
    return left == 0 || atp_read_skip(reader, left, reader->list_depth + 3u);
}

/* The correlation id goes beside the content. True if the attribute is one; what cannot be one stays, and is refused. */
static bool take_correlation(op_reading_t *op, const atp_attribute_t *attribute)
{
    if (ATP_LIKELY(attribute->key != ATP_KEY_CORRELATION) || attribute->line != ATP_WHOLE_OP ||
        attribute->text.size == 0 || op->command->correlation.size > 0) {
        return false;
    }
    op->command->correlation = attribute->text;
    return true;
}

/* Nor is it content that the answer is to have its account. True if the attribute says whether; what cannot stays, and is refused. */
static bool take_explain(op_reading_t *op, const atp_attribute_t *attribute)
{
    unsigned kind = (unsigned)op->command->kind;

    if (ATP_LIKELY(attribute->key != ATP_KEY_EXPLAIN) ||
        atp_attribute_check(kind, op->command->line_count, attribute) != ATP_APPLIED) {
        return false;
    }
    op->command->explains = op->command->explains || attribute->number == 1;
    return true;
}

/* The refusal is of that attribute, as far as it could be read. */
static void blame(atp_reader_t *reader, const atp_attribute_t *attribute)
{
    reader->refusal.key = attribute->key;
    reader->refusal.is_of_line = attribute->key != ATP_KEY_NONE && attribute->line != ATP_WHOLE_OP;
    reader->refusal.line = reader->refusal.is_of_line ? attribute->line : 0;
}

static bool take_attributes(op_reading_t *op)
{
    atp_reader_t *reader = op->reader;
    uint32_t count;

    if (!atp_take_one(&op->left)) {
        return true;
    }
    if (!atp_take_array(reader, ATP_FIELD_ATTRIBUTE, &count)) {
        return false;
    }
    if (count > op->room->attribute_capacity || count > ATP_ATTRIBUTES_PER_OP_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_ATTRIBUTES, ATP_FIELD_ATTRIBUTE,
                                 "more attributes than an op may have");
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        atp_attribute_t *attribute = &op->room->attributes[kept];
        atp_verdict_t before = reader->refusal.verdict;
        bool ok = take_attribute(reader, attribute);
        if (ATP_UNLIKELY(reader->refusal.verdict != before)) {
            blame(reader, attribute);
        }
        if (!ok) {
            return false;
        }
        kept += take_correlation(op, attribute) || take_explain(op, attribute) ? 0 : 1;
    }
    op->command->attributes = op->room->attributes;
    op->command->attribute_count = kept;
    return true;
}

/* ---- reading: what follows kind, id and issued_ms ---- */

static bool take_sku(op_reading_t *op)
{
    atp_command_line_t *line;
    if (!take_single_line(op, &line) || !take_id(op, ATP_FIELD_SKU, &line->sku) || !take_name(op) ||
        !take_option(op, ATP_SCALE_OUT_OF_RANGE, &op->command->option)) {
        return false;
    }
    need_name(op->reader, line->sku, ATP_FIELD_SKU);
    return true;
}

static bool take_node(op_reading_t *op)
{
    atp_command_line_t *line;
    if (!take_single_line(op, &line) || !take_id(op, ATP_FIELD_NODE, &line->node) || !take_name(op) ||
        !take_option(op, ATP_OPTION_UNKNOWN, &op->command->option)) {
        return false;
    }
    need_name(op->reader, line->node, ATP_FIELD_NODE);
    return true;
}

static bool take_channel(op_reading_t *op)
{
    if (!take_id(op, ATP_FIELD_CHANNEL, &op->command->channel) || !take_ttl(op)) {
        return false;
    }
    if (op->command->channel.size == 0) {
        atp_reader_note(op->reader, ATP_ID_INVALID, ATP_FIELD_CHANNEL, "a channel has a name");
    }
    return true;
}

static bool take_reserve(op_reading_t *op)
{
    return take_id(op, ATP_FIELD_CHANNEL, &op->command->channel) &&
           take_id(op, ATP_FIELD_OWNER, &op->command->owner) && take_ttl(op) &&
           take_option(op, ATP_OPTION_UNKNOWN, &op->command->option) && take_lines(op, false);
}

static bool take_extend(op_reading_t *op)
{
    return take_id(op, ATP_FIELD_RESERVATION, &op->command->reservation) && take_ttl(op);
}

static bool take_step(op_reading_t *op)
{
    bool is_node_needed = op->command->kind != ATP_OP_EDIT;

    return take_id(op, ATP_FIELD_RESERVATION, &op->command->reservation) && take_lines(op, is_node_needed) &&
           take_fact(op);
}

static bool take_stock(op_reading_t *op)
{
    atp_command_line_t *line;
    if (!take_single_line(op, &line) || !take_id(op, ATP_FIELD_SKU, &line->sku) ||
        !take_id(op, ATP_FIELD_NODE, &line->node) ||
        (atp_take_one(&op->left) && !take_qty(op->reader, line)) || !take_fact(op) ||
        !take_option(op, ATP_OPTION_UNKNOWN, &op->command->option) ||
        !take_option(op, ATP_OPTION_UNKNOWN, &op->command->reason)) {
        return false;
    }
    need_name(op->reader, line->sku, ATP_FIELD_SKU);
    need_name(op->reader, line->node, ATP_FIELD_NODE);
    return true;
}

/* Lines of such an op name a node or not, as its kind says: looked at when it is encoded for the ledger. */
static bool take_plain(op_reading_t *op)
{
    return take_id(op, ATP_FIELD_SUBJECT, &op->command->subject) && take_lines(op, false) && take_fact(op);
}

static bool take_by_layout(op_reading_t *op, layout_t layout)
{
    switch (layout) {
    case LAYOUT_RESERVE:
        return take_reserve(op);
    case LAYOUT_STEP:
        return take_step(op);
    case LAYOUT_STOCK:
        return take_stock(op);
    case LAYOUT_EXTEND:
        return take_extend(op);
    case LAYOUT_SKU:
        return take_sku(op);
    case LAYOUT_NODE:
        return take_node(op);
    case LAYOUT_CHANNEL:
        return take_channel(op);
    case LAYOUT_PLAIN:
        return take_plain(op);
    case LAYOUT_NONE:
        break;
    }
    return atp_reader_refuse(op->reader, ATP_UNKNOWN_KIND, ATP_FIELD_KIND, "no such kind of op, here");
}

static inline kind_form_t form_of(const atp_reader_t *reader, uint64_t kind)
{
    kind_form_t form = kind < ATP_OP_KIND_LIMIT ? kind_forms[kind] : (kind_form_t){LAYOUT_NONE, false, false};
    if (reader->is_facts && !form.in_facts) {
        form.layout = LAYOUT_NONE;
    }
    return form;
}

static inline bool take_identity(op_reading_t *op)
{
    atp_reader_t *reader = op->reader;
    if (!take_id(op, ATP_FIELD_ID, &op->command->id) ||
        (atp_take_one(&op->left) && !atp_take_int_within(reader, ATP_FIELD_ISSUED, INT64_MIN, INT64_MAX,
                                                         ATP_ISSUED_IN_FUTURE, &op->command->issued_ms))) {
        return false;
    }
    if (ATP_UNLIKELY(op->command->id.size == 0 && !reader->is_facts)) {
        atp_reader_note(reader, ATP_ID_MISSING, ATP_FIELD_ID, "an op has an id of its own");
    }
    return true;
}

static bool take_op(op_reading_t *op)
{
    atp_reader_t *reader = op->reader;
    uint64_t kind = 0;

    if (!atp_take_array(reader, ATP_FIELD_NONE, &op->left)) {
        return false;
    }
    if (!atp_take_one(&op->left)) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_KIND, "an op begins with its kind");
    }
    if (!atp_read_uint(reader, ATP_FIELD_KIND, &kind)) {
        return false;
    }
    kind_form_t form = form_of(reader, kind);
    op->command->kind = (atp_op_kind_t)(kind < ATP_OP_KIND_LIMIT ? kind : 0);
    if (!take_identity(op) || !take_by_layout(op, (layout_t)form.layout) || !take_attributes(op)) {
        return false;
    }
    op->command->is_fact |= reader->is_facts && form.is_fact;
    return op->left == 0 || atp_read_skip(reader, op->left, reader->list_depth + 1u);
}

bool atp_read_commands(atp_reader_t *reader, uint32_t *ret_op_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_COMMANDS || reader->type == ATP_MESSAGE_PROMISE);
    if (!atp_body_list(reader, ATP_OPS_PER_MESSAGE_MAX, ret_op_count)) {
        return false;
    }
    if (*ret_op_count == 0) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_NONE, "a message has at least one op");
    }
    return true;
}

/* An op that cannot stand: passed over as a whole, if its bytes allow it, and refused alone. */
static bool refuse_op(atp_reader_t *reader, const uint8_t *begin, atp_command_t *command,
                      atp_refusal_t *ret_refusal)
{
    if (reader->refusal.verdict == ATP_TOO_MANY_OPS) {
        return false;
    }
    *ret_refusal = reader->refusal;
    reader->refusal = (atp_refusal_t){.verdict = ATP_APPLIED, .detail = ""};
    reader->at = begin;
    command->lines = NULL;
    command->line_count = 0;
    command->attributes = NULL;
    command->attribute_count = 0;
    command->correlation = ATP_TEXT("");
    command->explains = false;
    return atp_read_skip(reader, 1, reader->list_depth);
}

/* In two halves: of a single memset of this size gcc makes `rep stos`, which takes as long as all the rest. */
static inline void clear_command(atp_command_t *command)
{
    enum { HALF = sizeof(*command) / 2 };
    memset(command, 0, HALF);
    memset((char *)command + HALF, 0, sizeof(*command) - HALF);
}

bool atp_read_command(atp_reader_t *reader, atp_command_t *ret_command, const atp_command_room_t *room,
                      atp_refusal_t *ret_refusal)
{
    const uint8_t *begin = reader->at;
    op_reading_t op = {reader, 0, ret_command, room};

    atp_list_take(reader);
    clear_command(ret_command);
    bool ok = take_op(&op);
    if (ATP_UNLIKELY(!ok || reader->refusal.verdict != ATP_APPLIED)) {
        return refuse_op(reader, begin, ret_command, ret_refusal);
    }
    reader->line_total += ret_command->line_count;
    *ret_refusal = reader->refusal;
    return true;
}

/* ---- writing ---- */

static inline void put_line(atp_writer_t *writer, const atp_command_line_t *line)
{
    atp_put_array(writer, 3);
    atp_put_text(writer, line->sku);
    atp_put_text(writer, line->node);
    atp_put_qty(writer, line->mantissa, line->decimals);
}

static inline void put_lines(atp_writer_t *writer, const atp_command_t *command)
{
    atp_put_array(writer, command->line_count);
    for (uint32_t i = 0; i < command->line_count; i++) {
        put_line(writer, &command->lines[i]);
    }
}

static inline void put_identity(atp_writer_t *writer, const atp_command_t *command, uint32_t count)
{
    atp_put_array(writer, count);
    atp_put_uint(writer, (uint64_t)command->kind);
    atp_put_text(writer, command->id);
    atp_put_int(writer, command->issued_ms);
}

static void put_value(atp_writer_t *writer, const atp_attribute_t *attribute)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(attribute->key);

    ATP_ASSERT(rule != NULL);
    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_ID:
    case ATP_ATTRIBUTE_TEXT:
        atp_put_text(writer, attribute->text);
        return;
    case ATP_ATTRIBUTE_QTY:
        atp_put_qty(writer, attribute->number, attribute->decimals);
        return;
    case ATP_ATTRIBUTE_NUMBER:
    case ATP_ATTRIBUTE_CHOICE:
    case ATP_ATTRIBUTE_TIME:
        break;
    }
    atp_put_int(writer, attribute->number);
}

static inline uint32_t attribute_count(const atp_command_t *command)
{
    return command->attribute_count + (command->correlation.size > 0) + command->explains;
}

static void put_attributes(atp_writer_t *writer, const atp_command_t *command)
{
    if (attribute_count(command) == 0) {
        return;
    }
    atp_put_array(writer, attribute_count(command));
    if (command->correlation.size > 0) {
        atp_put_array(writer, 2);
        atp_put_uint(writer, ATP_KEY_CORRELATION);
        atp_put_text(writer, command->correlation);
    }
    if (command->explains) {
        atp_put_array(writer, 2);
        atp_put_uint(writer, ATP_KEY_EXPLAIN);
        atp_put_uint(writer, 1);
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        bool is_of_line = attribute->line != ATP_WHOLE_OP;
        atp_put_array(writer, is_of_line ? 3 : 2);
        atp_put_uint(writer, attribute->key);
        put_value(writer, attribute);
        if (is_of_line) {
            atp_put_uint(writer, attribute->line);
        }
    }
}

/* Elements of an op that needs `needed` of its layout's `most`: all, and one more, when attributes follow. */
static inline uint32_t with_attributes(const atp_command_t *command, uint32_t needed, uint32_t most)
{
    return attribute_count(command) > 0 ? most + 1 : needed;
}

static void put_catalog(atp_writer_t *writer, const atp_command_t *command, atp_text_t subject)
{
    put_identity(writer, command, with_attributes(command, 6, 6));
    atp_put_text(writer, subject);
    atp_put_text(writer, command->name);
    atp_put_uint(writer, command->option);
}

static inline void put_reserve(atp_writer_t *writer, const atp_command_t *command)
{
    put_identity(writer, command, with_attributes(command, 8, 8));
    atp_put_text(writer, command->channel);
    atp_put_text(writer, command->owner);
    atp_put_int(writer, command->ttl_ms);
    atp_put_uint(writer, command->option);
    put_lines(writer, command);
}

static void put_with_ttl(atp_writer_t *writer, const atp_command_t *command, atp_text_t subject)
{
    put_identity(writer, command, with_attributes(command, 5, 5));
    atp_put_text(writer, subject);
    atp_put_int(writer, command->ttl_ms);
}

/* Subject, lines, is_fact: what is zero at the end is left out. */
static void put_with_lines(atp_writer_t *writer, const atp_command_t *command, atp_text_t subject)
{
    uint32_t needed = command->is_fact ? 6 : command->line_count > 0 ? 5 : 4;
    uint32_t count = with_attributes(command, needed, 6);

    put_identity(writer, command, count);
    atp_put_text(writer, subject);
    if (count > 4) {
        put_lines(writer, command);
    }
    if (count > 5) {
        atp_write_bool(writer, command->is_fact);
    }
}

static void put_stock(atp_writer_t *writer, const atp_command_t *command)
{
    uint32_t needed = command->reason > 0 ? 9 : command->option > 0 ? 8 : command->is_fact ? 7 : 6;
    uint32_t count = with_attributes(command, needed, 9);

    put_identity(writer, command, count);
    atp_put_text(writer, command->lines[0].sku);
    atp_put_text(writer, command->lines[0].node);
    atp_put_qty(writer, command->lines[0].mantissa, command->lines[0].decimals);
    if (count > 6) {
        atp_write_bool(writer, command->is_fact);
    }
    if (count > 7) {
        atp_put_uint(writer, command->option);
    }
    if (count > 8) {
        atp_put_uint(writer, command->reason);
    }
}

static void put_by_layout(atp_writer_t *writer, const atp_command_t *command, layout_t layout)
{
    switch (layout) {
    case LAYOUT_RESERVE:
        put_reserve(writer, command);
        return;
    case LAYOUT_STEP:
        put_with_lines(writer, command, command->reservation);
        return;
    case LAYOUT_PLAIN:
        put_with_lines(writer, command, command->subject);
        return;
    case LAYOUT_STOCK:
        put_stock(writer, command);
        return;
    case LAYOUT_EXTEND:
        put_with_ttl(writer, command, command->reservation);
        return;
    case LAYOUT_CHANNEL:
        put_with_ttl(writer, command, command->channel);
        return;
    case LAYOUT_SKU:
        put_catalog(writer, command, command->lines[0].sku);
        return;
    case LAYOUT_NODE:
        put_catalog(writer, command, command->lines[0].node);
        return;
    case LAYOUT_NONE:
        break;
    }
    ATP_ASSERT(layout != LAYOUT_NONE);
}

bool atp_command_is_plain(unsigned kind)
{
    return kind < ATP_OP_KIND_LIMIT && kind_forms[kind].layout == LAYOUT_PLAIN;
}

void atp_write_command(atp_writer_t *writer, const atp_command_t *command)
{
    unsigned kind = (unsigned)command->kind;
    layout_t layout = kind < ATP_OP_KIND_LIMIT ? (layout_t)kind_forms[kind].layout : LAYOUT_NONE;
    bool has_one_line = layout == LAYOUT_STOCK || layout == LAYOUT_SKU || layout == LAYOUT_NODE;

    ATP_ASSERT(!has_one_line || command->line_count == 1);
    put_by_layout(writer, command, layout);
    put_attributes(writer, command);
    atp_list_count(writer);
}

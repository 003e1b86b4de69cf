/* Op records that may not be ours: from disk, from another version, damaged. */
#include "engine/ledger/ops/op_rules.h"

#include "engine/ledger/config.h"
#include "engine/ledger/facts/quarantine.h"

#include <string.h>

const atp_op_attribute_t *atp_op_attribute_from(const atp_op_t *op, uint32_t from, unsigned key,
                                                unsigned line)
{
    const atp_op_attribute_t *attributes = atp_op_attributes(op);
    uint32_t count = atp_op_attribute_count(op);

    for (uint32_t i = from; i < count; i++) {
        if (attributes[i].key == key && attributes[i].line == line) {
            return &attributes[i];
        }
    }
    return NULL;
}

/* What a record of each kind must have; the client kinds are those of kind_rules. */
static bool is_kind_in_shape(const atp_op_t *op)
{
    const atp_op_rule_t *rule = atp_op_rule(op->kind);
    uint32_t least = 0;
    uint32_t most = 0;

    if (op->kind == ATP_OP_QUARANTINE) {
        return op->line_count == 0;
    }
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
                       !atp_op_has_position_lines((atp_op_kind_t)op->kind) ||
                       atp_op_rule(op->kind)->needs_subject;
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
    const atp_op_rule_t *rule = atp_op_rule(op->kind);
    if (line->flags & ATP_LINE_NODE_OPEN ? rule->node == NODE_NEEDED : rule->node == NODE_NEVER) {
        return false;
    }
    return rule->qty == QTY_SIGNED || line->mantissa > 0 ||
           (line->mantissa == 0 && rule->qty == QTY_NOT_NEGATIVE);
}

/* The record of an attribute as it was given; its text, taken at *at, is where the record says. */
static bool take_attribute(const atp_op_t *op, const atp_op_attribute_t *record, const unsigned char **at,
                           const unsigned char *end)
{
    atp_attribute_t attribute = {.key = record->key, .line = record->line, .number = record->number};
    const atp_attribute_rule_t *rule = atp_attribute_rule(record->key);

    if (rule == NULL) {
        return false;
    }
    if (atp_attribute_is_text(rule)) {
        const expected_text_t any = {0, ATP_NAME_SIZE_MAX};
        attribute.text = (atp_text_t){(const char *)*at + 1, record->detail};
        if (record->text_at != (size_t)(*at - (const unsigned char *)op) + 1 || !take_text(at, end, any) ||
            (const unsigned char *)attribute.text.bytes + attribute.text.size != *at) {
            return false;
        }
    } else {
        attribute.decimals = record->detail;
        if (record->text_at != 0) {
            return false;
        }
    }
    return atp_attribute_check(op->kind, op->line_count, &attribute) == ATP_APPLIED;
}

/* Bytes of the attributes with their number; 0 if they do not fit into the record. */
static size_t attributes_size(const atp_op_t *op)
{
    size_t before = sizeof *op + op->line_count * sizeof(atp_op_line_t);

    if (before + sizeof(uint64_t) > op->size) {
        return 0;
    }
    uint64_t count = *(const uint64_t *)(const void *)(atp_op_lines(op) + op->line_count);
    size_t size = sizeof(uint64_t) + (size_t)count * sizeof(atp_op_attribute_t);
    return count >= 1 && count <= ATP_ATTRIBUTES_PER_OP_MAX && before + size <= op->size ? size : 0;
}

/* Bytes of the correlation id at the end of a record, with its size; 0 if it cannot stand there. */
static size_t correlation_size(const atp_op_t *op, size_t fixed)
{
    uint64_t size = 0;

    if (op->size - fixed < sizeof size + 8 || !atp_op_rule(op->kind)->is_known) {
        return 0;
    }
    memcpy(&size, (const char *)op + op->size - sizeof size, sizeof size);
    size_t whole = (size_t)((size + 7) & ~UINT64_C(7)) + sizeof size;
    if (size == 0 || size > ATP_ID_SIZE_MAX || whole > op->size - fixed) {
        return 0;
    }
    atp_text_t text = atp_op_correlation(op);
    const unsigned char *after = (const unsigned char *)text.bytes + size;
    return atp_text_is_clean(text) && is_padding(after, after + (whole - sizeof size - size)) ? whole : 0;
}

bool atp_op_is_well_formed(const void *bytes, size_t size)
{
    const atp_op_t *op = bytes;

    if (size < sizeof *op || op->size > size || op->size % 8 != 0 || op->size < sizeof *op ||
        op->kind >= ATP_OP_KIND_LIMIT || atp_op_kind_name(op->kind) == NULL || op->value < 0 ||
        !is_kind_in_shape(op)) {
        return false;
    }
    if (op->kind == ATP_OP_QUARANTINE) {
        return atp_op_quarantine_is_well_formed(op);
    }
    expected_text_t texts[TEXTS_BEFORE_LINES_MAX];
    uint32_t text_count = expected_texts(op, texts);
    size_t attributes = op->flags & ATP_OP_HAS_ATTRIBUTES ? attributes_size(op) : 0;
    size_t fixed = sizeof *op + op->line_count * sizeof(atp_op_line_t) + attributes + payload_size(op);
    if (fixed > op->size || (op->flags & ATP_OP_HAS_ATTRIBUTES && attributes == 0)) {
        return false;
    }
    size_t correlation = op->flags & ATP_OP_CORRELATED ? correlation_size(op, fixed) : 0;
    const unsigned char *end = (const unsigned char *)bytes + op->size - correlation;
    const unsigned char *at = (const unsigned char *)bytes + fixed;
    bool is_good = (op->flags & ATP_OP_CORRELATED) == 0 || correlation > 0;
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
    for (uint32_t i = 0; is_good && i < atp_op_attribute_count(op); i++) {
        is_good = take_attribute(op, &atp_op_attributes(op)[i], &at, end);
    }
    return is_good && is_padding(at, end);
}

#include "engine/ledger/ops/op_edit.h"

#include "engine/base/attribute.h"
#include "engine/ledger/ops/op_rules.h"
#include "engine/ledger/ops/op_writer.h"

#include <string.h>

/* Texts between the subject and the names of the lines. */
static uint32_t texts_after_subject(const atp_op_t *op)
{
    switch (op->kind) {
    case ATP_OP_SKU:
    case ATP_OP_NODE:
        return 1;
    case ATP_OP_RESERVE:
        return op->flags & ATP_OP_CHANNEL_NAMED ? 2 : 1;
    default:
        return 0;
    }
}

/* Copies the names that the lines of `op` have in its text, from *cursor on. */
static void put_line_names(atp_op_writer_t *writer, const atp_op_t *op, const char **cursor)
{
    for (uint32_t i = 0; i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        if (line->flags & ATP_LINE_SKU_NAMED) {
            atp_op_put_text(writer, atp_op_text_next(cursor));
        }
        if (line->flags & ATP_LINE_NODE_NAMED) {
            atp_op_put_text(writer, atp_op_text_next(cursor));
        }
    }
}

/* The attributes of a fact told anew, in order: its own, but for units where some are told, and the units that are. */
typedef struct merge {
    const atp_op_t *fact;
    const atp_op_t *told;
    uint32_t of_fact;
    uint32_t of_told;
    bool has_units; /* some are told */
} merge_t;

static merge_t merge_begin(const atp_op_t *fact, const atp_op_t *told)
{
    merge_t merge = {.fact = fact, .told = told};

    for (uint32_t i = 0; i < atp_op_attribute_count(told); i++) {
        merge.has_units = merge.has_units || atp_op_attributes(told)[i].key == ATP_KEY_UNIT;
    }
    return merge;
}

/* The next attribute, and the record that it is part of; NULL: there is no more. */
static const atp_op_attribute_t *merge_next(merge_t *merge, const atp_op_t **ret_op)
{
    uint32_t fact_count = atp_op_attribute_count(merge->fact);
    uint32_t told_count = atp_op_attribute_count(merge->told);
    const atp_op_attribute_t *own = NULL;
    const atp_op_attribute_t *told = NULL;

    for (; merge->of_fact < fact_count && own == NULL; merge->of_fact += own == NULL) {
        own = &atp_op_attributes(merge->fact)[merge->of_fact];
        own = merge->has_units && own->key == ATP_KEY_UNIT ? NULL : own;
    }
    for (; merge->of_told < told_count && told == NULL; merge->of_told += told == NULL) {
        told = &atp_op_attributes(merge->told)[merge->of_told];
        told = told->key == ATP_KEY_UNIT ? told : NULL;
    }
    /* Those of the whole op come first: ATP_WHOLE_OP + 1 is 0. */
    bool is_own = own != NULL && (told == NULL || (uint16_t)(own->line + 1) <= (uint16_t)(told->line + 1));
    *ret_op = is_own ? merge->fact : merge->told;
    merge->of_fact += is_own;
    merge->of_told += !is_own && told != NULL;
    return is_own ? own : told;
}

/* The records of the attributes; their texts follow later. */
static uint64_t put_attributes(atp_op_writer_t *writer, const atp_op_t *fact, const atp_op_t *told)
{
    merge_t counted = merge_begin(fact, told);
    merge_t merge = counted;
    const atp_op_attribute_t *attribute;
    const atp_op_t *from;
    uint64_t count = 0;

    while (merge_next(&counted, &from) != NULL) {
        count++;
    }
    if (count > 0) {
        atp_op_put(writer, &count, sizeof count);
    }
    while ((attribute = merge_next(&merge, &from)) != NULL) {
        atp_op_put(writer, attribute, sizeof *attribute);
    }
    return count;
}

/* The texts of the attributes; each record, from `attributes_at` on, is told where its own is now. */
static void put_attribute_texts(atp_op_writer_t *writer, const atp_op_t *fact, const atp_op_t *told,
                                size_t attributes_at)
{
    merge_t merge = merge_begin(fact, told);
    const atp_op_attribute_t *attribute;
    const atp_op_t *from;

    for (; (attribute = merge_next(&merge, &from)) != NULL && !writer->is_full;
         attributes_at += sizeof *attribute) {
        atp_op_attribute_t record = *attribute;
        if (record.text_at == 0) {
            continue;
        }
        record.text_at = (uint32_t)writer->at + 1;
        memcpy(writer->begin + attributes_at, &record, sizeof record);
        atp_op_put_text(writer, atp_op_attribute_text(from, attribute));
    }
}

static void put_correlation(atp_op_writer_t *writer, const atp_op_t *fact)
{
    atp_text_t correlation = atp_op_correlation(fact);
    uint64_t size = correlation.size;

    atp_op_pad(writer);
    if (fact->flags & ATP_OP_CORRELATED) {
        atp_op_put(writer, correlation.bytes, correlation.size);
        atp_op_pad(writer);
        atp_op_put(writer, &size, sizeof size);
    }
}

/* Subject and names: of the fact, save what is told anew. */
static void put_texts(atp_op_writer_t *writer, const atp_op_t *fact, const atp_op_t *told,
                      const atp_op_attribute_t *reservation)
{
    const char *cursor = atp_op_text_begin(fact);
    const char *told_cursor = atp_op_text_begin(told);
    atp_text_t subject = atp_op_text_next(&cursor);

    (void)atp_op_text_next(&told_cursor);
    atp_op_put_text(writer, reservation != NULL ? atp_op_attribute_text(told, reservation) : subject);
    for (uint32_t i = 0; i < texts_after_subject(fact); i++) {
        atp_op_put_text(writer, atp_op_text_next(&cursor));
    }
    if (told->line_count > 0) {
        put_line_names(writer, told, &told_cursor);
    } else {
        put_line_names(writer, fact, &cursor);
    }
}

/* Whether the kind takes what is told anew. */
static bool is_editable(const atp_op_t *fact, const atp_op_t *told, const atp_op_attribute_t *reservation)
{
    const atp_op_rule_t *rule = atp_op_rule(fact->kind);

    return rule->is_known &&
           (told->line_count == 0 || atp_op_has_position_lines((atp_op_kind_t)fact->kind)) &&
           (reservation == NULL || rule->needs_reservation);
}

bool atp_op_with(const atp_op_t *fact, const atp_op_t *told, uint64_t seed, void *buffer, size_t capacity)
{
    const atp_op_attribute_t *reservation = atp_op_attribute(told, ATP_KEY_RESERVATION, ATP_WHOLE_OP);
    const atp_op_t *with_lines = told->line_count > 0 ? told : fact;
    atp_op_writer_t writer = atp_op_writer_begin(buffer, capacity);
    atp_op_t head = *fact;

    if (!is_editable(fact, told, reservation)) {
        return false;
    }
    head.line_count = with_lines->line_count;
    if (reservation != NULL) {
        head.subject_hash = atp_hash_text(atp_op_attribute_text(told, reservation), seed);
    }
    atp_op_put(&writer, atp_op_lines(with_lines), with_lines->line_count * sizeof(atp_op_line_t));
    size_t attributes_at = writer.at + sizeof(uint64_t);
    bool has_attributes = put_attributes(&writer, fact, told) > 0;
    head.flags =
        (uint8_t)(has_attributes ? head.flags | ATP_OP_HAS_ATTRIBUTES : head.flags & ~ATP_OP_HAS_ATTRIBUTES);
    put_texts(&writer, fact, told, reservation);
    put_attribute_texts(&writer, fact, told, attributes_at);
    put_correlation(&writer, fact);
    if (writer.is_full) {
        return false;
    }
    head.size = (uint32_t)writer.at;
    memcpy(writer.begin, &head, sizeof head);
    return atp_op_is_well_formed(buffer, writer.at);
}

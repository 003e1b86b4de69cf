#include "tools/atpd/text/fact_text.h"

#include "engine/base/attribute.h"
#include "engine/ledger/catalog/catalog.h"

#include <stdio.h>
#include <string.h>

static const char cut[] = "...";

typedef struct words {
    atp_fact_text_t *text;
    bool is_cut;
} words_t;

/* Adds a word whole, or "..." and nothing more. */
static void put(words_t *words, atp_text_t word)
{
    atp_fact_text_t *text = words->text;

    if (words->is_cut) {
        return;
    }
    words->is_cut = word.size > sizeof text->bytes - sizeof cut - text->size;
    if (words->is_cut) {
        word = ATP_TEXT(cut);
    }
    memcpy(text->bytes + text->size, word.bytes, word.size);
    text->size += word.size;
}

static void put_qty(words_t *words, int64_t mantissa, uint8_t decimals)
{
    char digits[ATP_QTY_TEXT_SIZE];

    put(words, (atp_text_t){digits, (uint32_t)atp_qty_format(mantissa, decimals, digits)});
}

static void put_subject(words_t *words, const atp_op_t *op, const char **cursor)
{
    atp_text_t subject = atp_op_text_next(cursor);

    if (subject.size > 0) {
        put(words, ATP_TEXT(" "));
        put(words, subject);
    }
    if (op->kind == ATP_OP_SKU || op->kind == ATP_OP_NODE) {
        (void)atp_op_text_next(cursor);
    }
}

static void put_sku(words_t *words, const atp_catalog_t *catalog, const atp_op_line_t *line,
                    const char **cursor)
{
    if (line->flags & ATP_LINE_SKU_NAMED) {
        put(words, atp_op_text_next(cursor));
    } else if (line->sku < atp_table_count(&catalog->skus)) {
        put(words, atp_catalog_sku_id(catalog, line->sku));
    }
}

static void put_node(words_t *words, const atp_catalog_t *catalog, const atp_op_line_t *line,
                     const char **cursor)
{
    if (line->flags & ATP_LINE_NODE_NAMED) {
        put(words, ATP_TEXT("@"));
        put(words, atp_op_text_next(cursor));
    } else if ((line->flags & ATP_LINE_NODE_OPEN) == 0 && line->node < atp_table_count(&catalog->nodes)) {
        put(words, ATP_TEXT("@"));
        put(words, atp_catalog_node_id(catalog, line->node));
    }
}

/* " sku@node=qty" for each line. */
static void put_lines(words_t *words, const atp_catalog_t *catalog, const atp_op_t *op, const char **cursor)
{
    for (uint32_t i = 0; i < op->line_count; i++) {
        const atp_op_line_t *line = &atp_op_lines(op)[i];
        put(words, ATP_TEXT(" "));
        put_sku(words, catalog, line, cursor);
        put_node(words, catalog, line, cursor);
        put(words, ATP_TEXT("="));
        put_qty(words, line->mantissa, line->decimals);
    }
}

static void put_value(words_t *words, const atp_op_t *op, const atp_op_attribute_t *attribute,
                      const atp_attribute_rule_t *rule)
{
    atp_text_t word;

    if (attribute->text_at != 0) {
        put(words, atp_op_attribute_text(op, attribute));
    } else if (rule->type == ATP_ATTRIBUTE_CHOICE && atp_attribute_word(rule, attribute->number, &word)) {
        put(words, word);
    } else {
        put_qty(words, attribute->number, rule->type == ATP_ATTRIBUTE_QTY ? attribute->detail : 0);
    }
}

/* " key=value", or " 2:key=value" of the second line. */
static void put_attributes(words_t *words, const atp_op_t *op)
{
    for (uint32_t i = 0; i < atp_op_attribute_count(op); i++) {
        const atp_op_attribute_t *attribute = &atp_op_attributes(op)[i];
        const atp_attribute_rule_t *rule = atp_attribute_rule(attribute->key);
        char line[16];
        put(words, ATP_TEXT(" "));
        if (attribute->line != ATP_WHOLE_OP) {
            (void)snprintf(line, sizeof line, "%u:", attribute->line + 1u);
            put(words, atp_text_of(line));
        }
        put(words, atp_text_of(rule->name));
        put(words, ATP_TEXT("="));
        put_value(words, op, attribute, rule);
    }
}

static void put_options(words_t *words, const atp_op_t *op)
{
    bool has_bucket = op->kind == ATP_OP_ADJUST || op->kind == ATP_OP_COUNT;

    if (has_bucket && op->option == ATP_BUCKET_UNAVAILABLE) {
        put(words, ATP_TEXT(" unavailable"));
    }
    if (op->reason != ATP_REASON_NONE) {
        put(words, ATP_TEXT(" "));
        put(words, atp_text_of(atp_reason_name(op->reason)));
    }
}

/* "SIZE bytes, digest HEX:" and the bytes. */
static void put_bytes(words_t *words, const atp_exception_t *exception, const unsigned char *bytes)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%u bytes, digest %016llx:", exception->whole_size,
                   (unsigned long long)exception->digest);
    put(words, atp_text_of(text));
    for (uint32_t i = 0; i < exception->fact_size && !words->is_cut; i++) {
        (void)snprintf(text, sizeof text, i % 8 == 0 ? " %02x" : "%02x", bytes[i]);
        put(words, atp_text_of(text));
    }
}

static void put_fact(words_t *words, const atp_ledger_t *ledger, const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    put(words, atp_text_of(atp_op_kind_name(op->kind)));
    put_subject(words, op, &cursor);
    put_lines(words, atp_ledger_catalog(ledger), op, &cursor);
    put_options(words, op);
    put_attributes(words, op);
}

void atp_fact_text(const atp_ledger_t *ledger, const atp_exception_t *exception, atp_fact_text_t *ret_text)
{
    uint64_t fact[ATP_EXCEPTION_FACT_MAX / sizeof(uint64_t)];
    words_t words = {.text = ret_text};

    ret_text->size = 0;
    if (exception->fact_first == 0) {
        return;
    }
    ATP_ASSERT(exception->fact_size <= sizeof fact);
    atp_exceptions_fact(atp_ledger_exceptions(ledger), exception, fact, exception->fact_size);
    if (exception->kind == ATP_EXCEPTION_QUARANTINED) {
        put_bytes(&words, exception, (const unsigned char *)(const void *)fact);
        return;
    }
    put_fact(&words, ledger, (const atp_op_t *)(const void *)fact);
}

void atp_edited_fact_text(const atp_ledger_t *ledger, const atp_exception_t *exception,
                          atp_fact_text_t *ret_text)
{
    uint64_t fact[ATP_EXCEPTION_FACT_MAX / sizeof(uint64_t)];
    words_t words = {.text = ret_text};

    ret_text->size = 0;
    if (exception->edited_first != 0) {
        atp_exceptions_form(atp_ledger_exceptions(ledger), exception, fact);
        put_fact(&words, ledger, (const atp_op_t *)(const void *)fact);
    }
}

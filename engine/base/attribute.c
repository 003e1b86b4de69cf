#include "engine/base/attribute.h"

#include <stddef.h>
#include <string.h>

static const atp_attribute_rule_t rules[ATP_KEY_LIMIT] = {
#define RULE(number, NAME, name, type, least, most, words, sentence)                                         \
    [number] = {name, words, sentence, least, most, ATP_ATTRIBUTE_##type},
    ATP_ATTRIBUTES(RULE)
#undef RULE
};

static const uint8_t takes[ATP_OP_KIND_LIMIT][ATP_KEY_LIMIT] = {
#define TAKES(KIND, KEY, how) [ATP_OP_##KIND][ATP_KEY_##KEY] = (how),
    ATP_KIND_ATTRIBUTES(TAKES)
#undef TAKES
};

const atp_attribute_rule_t *atp_attribute_rule(unsigned key)
{
    return key < ATP_KEY_LIMIT && rules[key].name != NULL ? &rules[key] : NULL;
}

unsigned atp_attribute_takes(unsigned kind, unsigned key)
{
    if (key == ATP_KEY_CORRELATION) {
        return kind >= ATP_FIRST_CLIENT_KIND && atp_op_kind_name(kind) != NULL ? ATP_TAKES_ONE : 0;
    }
    return kind < ATP_OP_KIND_LIMIT && key < ATP_KEY_LIMIT ? takes[kind][key] : 0;
}

unsigned atp_attribute_find(atp_text_t name)
{
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        if (rules[key].name != NULL && atp_text_equal(name, atp_text_of(rules[key].name))) {
            return key;
        }
    }
    return 0;
}

bool atp_attribute_word(const atp_attribute_rule_t *rule, int64_t choice, atp_text_t *ret_word)
{
    const char *at = rule->words;

    for (int64_t i = 0; choice >= 0; i++) {
        size_t size = strcspn(at, "|");
        if (i == choice) {
            *ret_word = (atp_text_t){at, (uint32_t)size};
            return size > 0;
        }
        if (at[size] == '\0') {
            break;
        }
        at += size + 1;
    }
    return false;
}

int64_t atp_attribute_choice(const atp_attribute_rule_t *rule, atp_text_t word)
{
    atp_text_t known;

    for (int64_t i = 0; atp_attribute_word(rule, i, &known); i++) {
        if (atp_text_equal(word, known)) {
            return i;
        }
    }
    return -1;
}

/* ---- checking ---- */

static bool is_value_in_range(const atp_attribute_rule_t *rule, const atp_attribute_t *attribute)
{
    atp_text_t word;

    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_NUMBER:
        return attribute->number >= rule->least && attribute->number <= rule->most;
    case ATP_ATTRIBUTE_CHOICE:
        return atp_attribute_word(rule, attribute->number, &word);
    case ATP_ATTRIBUTE_TIME:
        return attribute->number >= 0;
    case ATP_ATTRIBUTE_QTY:
        return attribute->number >= 0 && attribute->number <= ATP_QTY_MAX &&
               attribute->decimals <= ATP_SCALE_MAX;
    case ATP_ATTRIBUTE_ID:
        return attribute->text.size >= 1 && attribute->text.size <= ATP_ID_SIZE_MAX &&
               atp_text_is_clean(attribute->text);
    case ATP_ATTRIBUTE_TEXT:
        return attribute->text.size <= ATP_NAME_SIZE_MAX && atp_text_is_clean(attribute->text);
    }
    return false;
}

atp_verdict_t atp_attribute_check(unsigned kind, uint32_t line_count, const atp_attribute_t *attribute)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(attribute->key);
    bool is_of_line = attribute->line != ATP_WHOLE_OP;
    unsigned fitting = is_of_line ? ATP_TAKES_LINE | ATP_TAKES_MANY_LINE : ATP_TAKES_ONE | ATP_TAKES_MANY;

    if (rule == NULL || (atp_attribute_takes(kind, attribute->key) & fitting) == 0 ||
        (is_of_line && attribute->line >= line_count)) {
        return ATP_ATTRIBUTE_NOT_TAKEN;
    }
    return is_value_in_range(rule, attribute) ? ATP_APPLIED : ATP_ATTRIBUTE_OUT_OF_RANGE;
}

/* True if the attribute before it, if any, belongs to the op or to the same or an earlier line. */
static bool is_in_order(const atp_command_t *command, uint32_t i)
{
    if (i == 0 || command->attributes[i - 1].line == ATP_WHOLE_OP) {
        return true;
    }
    return command->attributes[i].line != ATP_WHOLE_OP &&
           command->attributes[i].line >= command->attributes[i - 1].line;
}

/* True if a key that goes once came before, for the same line: they stand together. */
static bool is_repeated(const atp_command_t *command, uint32_t i)
{
    const atp_attribute_t *attribute = &command->attributes[i];
    unsigned how = atp_attribute_takes((unsigned)command->kind, attribute->key);
    unsigned many = attribute->line == ATP_WHOLE_OP ? ATP_TAKES_MANY : ATP_TAKES_MANY_LINE;

    for (uint32_t at = i; (how & many) == 0 && at > 0; at--) {
        const atp_attribute_t *before = &command->attributes[at - 1];
        if (before->line != attribute->line) {
            break;
        }
        if (before->key == attribute->key) {
            return true;
        }
    }
    return false;
}

/* The key that the command needs and has not; ATP_KEY_NONE: it has all. */
static unsigned missing_key(const atp_command_t *command)
{
    unsigned kind = (unsigned)command->kind;

    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        if ((atp_attribute_takes(kind, key) & ATP_TAKES_NEEDED) != 0 &&
            atp_attributes_find(command, key, ATP_WHOLE_OP) == NULL) {
            return key;
        }
    }
    return ATP_KEY_NONE;
}

atp_verdict_t atp_attributes_check(const atp_command_t *command, unsigned *ret_key, uint32_t *ret_line)
{
    *ret_key = ATP_KEY_NONE;
    *ret_line = ATP_WHOLE_OP;
    if (command->attribute_count > ATP_ATTRIBUTES_PER_OP_MAX) {
        return ATP_TOO_MANY_ATTRIBUTES;
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        const atp_attribute_t *attribute = &command->attributes[i];
        atp_verdict_t verdict = atp_attribute_check((unsigned)command->kind, command->line_count, attribute);
        if (verdict == ATP_APPLIED && (!is_in_order(command, i) || is_repeated(command, i))) {
            verdict = ATP_ATTRIBUTE_NOT_TAKEN;
        }
        if (verdict != ATP_APPLIED) {
            *ret_key = attribute->key;
            *ret_line = attribute->line;
            return verdict;
        }
    }
    /* Looked for only where the kind has such keys: the common ops have none, and pay nothing. */
    bool has_needed = (atp_attribute_takes((unsigned)command->kind, ATP_KEY_NONE) & ATP_TAKES_NEEDED) != 0;
    *ret_key = has_needed ? missing_key(command) : ATP_KEY_NONE;
    return *ret_key != ATP_KEY_NONE ? ATP_ATTRIBUTE_MISSING : ATP_APPLIED;
}

const atp_attribute_t *atp_attributes_find(const atp_command_t *command, unsigned key, unsigned line)
{
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        if (command->attributes[i].key == key && command->attributes[i].line == line) {
            return &command->attributes[i];
        }
    }
    return NULL;
}

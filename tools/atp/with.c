#include "tools/atp/with.h"

#include "engine/base/attribute.h"
#include "tools/when.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- values ---- */

static bool take_number(const char *text, int64_t *ret_number)
{
    char *end;

    if (text[0] == '\0' || strspn(text, "+-0123456789") != strlen(text)) {
        return false;
    }
    *ret_number = strtoll(text, &end, 10);
    return *end == '\0' && end != text;
}

/* What a value of the rule looks like: for a person who wrote another one. */
static void describe(const atp_attribute_rule_t *rule, char *ret_text, size_t size)
{
    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_NUMBER:
        (void)snprintf(ret_text, size, "a number from %" PRId64 " to %" PRId64, rule->least, rule->most);
        return;
    case ATP_ATTRIBUTE_CHOICE:
        (void)snprintf(ret_text, size, "one of %s", rule->words);
        return;
    case ATP_ATTRIBUTE_TIME:
        (void)snprintf(ret_text, size, "a time: " ATP_WHEN_FORMS);
        return;
    case ATP_ATTRIBUTE_QTY:
        (void)snprintf(ret_text, size, "a quantity, 0 or more: digits, and after a point up to %d more",
                       ATP_SCALE_MAX);
        return;
    case ATP_ATTRIBUTE_ID:
        (void)snprintf(ret_text, size, "an id: 1 to %d bytes of UTF-8 without control characters",
                       ATP_ID_SIZE_MAX);
        return;
    case ATP_ATTRIBUTE_TEXT:
        (void)snprintf(ret_text, size, "a text: at most %d bytes of UTF-8 without control characters",
                       ATP_NAME_SIZE_MAX);
        return;
    }
}

static bool read_value(const atp_attribute_rule_t *rule, const char *value, atp_attribute_t *attribute)
{
    switch ((atp_attribute_type_t)rule->type) {
    case ATP_ATTRIBUTE_NUMBER:
        return take_number(value, &attribute->number) && attribute->number >= rule->least &&
               attribute->number <= rule->most;
    case ATP_ATTRIBUTE_CHOICE:
        attribute->number = atp_attribute_choice(rule, atp_text_of(value));
        return attribute->number >= 0;
    case ATP_ATTRIBUTE_TIME:
        return atp_when_parse(value, atp_now_ms(), &attribute->number);
    case ATP_ATTRIBUTE_QTY:
        return atp_qty_parse(atp_text_of(value), &attribute->number, &attribute->decimals) &&
               attribute->number >= 0;
    case ATP_ATTRIBUTE_ID:
        attribute->text = atp_text_of(value);
        return attribute->text.size >= 1 && attribute->text.size <= ATP_ID_SIZE_MAX &&
               atp_text_is_clean(attribute->text);
    case ATP_ATTRIBUTE_TEXT:
        attribute->text = atp_text_of(value);
        return attribute->text.size <= ATP_NAME_SIZE_MAX && atp_text_is_clean(attribute->text);
    }
    return false;
}

/* ---- adding ---- */

static atp_attribute_t *next_place(atp_cli_t *cli)
{
    if (cli->attributes == NULL) {
        cli->attributes = atp_cli_alloc(ATP_ATTRIBUTES_PER_OP_MAX, sizeof *cli->attributes);
    }
    return cli->attribute_count < ATP_ATTRIBUTES_PER_OP_MAX ? &cli->attributes[cli->attribute_count] : NULL;
}

/* `flag` and `said` are for the message: what was written. */
static bool add(atp_cli_t *cli, const char *flag, const char *said, unsigned key, uint16_t line,
                const char *value)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(key);
    atp_attribute_t *attribute = next_place(cli);

    if (attribute == NULL) {
        (void)atp_cli_usage(cli->cmd, "more than %d attributes", ATP_ATTRIBUTES_PER_OP_MAX);
        return false;
    }
    *attribute = (atp_attribute_t){.key = (uint8_t)key, .line = line};
    if (!read_value(rule, value, attribute)) {
        char form[512];
        describe(rule, form, sizeof form);
        (void)atp_cli_usage(cli->cmd, "--%s %.80s: '%.80s' is not %s", flag, said, value, form);
        return false;
    }
    cli->attribute_count++;
    return true;
}

bool atp_with_flag_as(atp_cli_t *cli, const char *flag, unsigned key)
{
    unsigned cursor = 0;

    for (const char *value; (value = atp_args_each(&cli->args, flag, &cursor)) != NULL;) {
        if (!add(cli, flag, value, key, ATP_WHOLE_OP, value)) {
            return false;
        }
    }
    return true;
}

bool atp_with_flag(atp_cli_t *cli, const char *name)
{
    unsigned key = atp_attribute_find(atp_text_of(name));

    ATP_ASSERT(key != ATP_KEY_NONE);
    return atp_with_flag_as(cli, name, key);
}

void atp_with_number(atp_cli_t *cli, unsigned key, int64_t number)
{
    atp_attribute_t *attribute = next_place(cli);

    ATP_ASSERT(attribute != NULL);
    *attribute = (atp_attribute_t){.key = (uint8_t)key, .line = ATP_WHOLE_OP, .number = number};
    cli->attribute_count++;
}

bool atp_with_text(atp_cli_t *cli, unsigned key, const char *text)
{
    return add(cli, atp_attribute_rule(key)->name, text, key, ATP_WHOLE_OP, text);
}

/* ---- reading --with ---- */

/* The line of "12:node=..."; where its key begins. ATP_WHOLE_OP when no line is named; NULL: not a line there is. */
static const char *take_line(const char *word, uint32_t line_count, uint16_t *ret_line)
{
    size_t digits = strspn(word, "0123456789");
    unsigned long number = digits > 0 && digits < 6 ? strtoul(word, NULL, 10) : 0;

    *ret_line = ATP_WHOLE_OP;
    if (digits == 0 || word[digits] != ':') {
        return word;
    }
    if (number < 1 || number > line_count) {
        return NULL;
    }
    *ret_line = (uint16_t)(number - 1);
    return word + digits + 1;
}

static bool refuse_key(const atp_cli_t *cli, unsigned kind, const char *key, size_t size)
{
    char list[1024];

    atp_with_list(kind, list, sizeof list);
    if (list[0] == '\0') {
        (void)atp_cli_usage(cli->cmd, "--with %.*s: %s takes no attributes", (int)size, key,
                            atp_op_kind_name(kind));
    } else {
        (void)atp_cli_usage(cli->cmd, "--with %.*s: %s does not take it; it takes: %s", (int)size, key,
                            atp_op_kind_name(kind), list);
    }
    return false;
}

static bool add_word(atp_cli_t *cli, const atp_command_t *command, const char *word)
{
    unsigned kind = (unsigned)command->kind;
    uint16_t line;
    const char *key = take_line(word, command->line_count, &line);
    const char *equals = strchr(word, '=');

    if (equals == NULL) {
        (void)atp_cli_usage(cli->cmd, "--with %.80s: it is KEY=VALUE or LINE:KEY=VALUE", word);
        return false;
    }
    if (key == NULL) {
        (void)atp_cli_usage(cli->cmd, "--with %.80s: there is no such line; there are %u", word,
                            command->line_count);
        return false;
    }
    size_t size = equals > key ? (size_t)(equals - key) : 0;
    unsigned number = atp_attribute_find((atp_text_t){key, (uint32_t)size});
    if (number == ATP_KEY_NONE || atp_attribute_takes(kind, number) == 0) {
        return refuse_key(cli, kind, key, size);
    }
    return add(cli, "with", word, number, line, equals + 1);
}

/* Those of the whole op first, then by line; else as they came. */
static void sort_by_line(atp_attribute_t *attributes, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        atp_attribute_t moving = attributes[i];
        uint32_t at = i;
        for (; at > 0 && (uint16_t)(attributes[at - 1].line + 1) > (uint16_t)(moving.line + 1); at--) {
            attributes[at] = attributes[at - 1];
        }
        attributes[at] = moving;
    }
}

static const char *name_of(unsigned key)
{
    const atp_attribute_rule_t *rule = atp_attribute_rule(key);

    return rule != NULL ? rule->name : "?";
}

/* Says which attribute does not fit, and how its kind takes it. */
static bool refuse_fit(const atp_cli_t *cli, const atp_command_t *command, atp_verdict_t verdict)
{
    const char *kind = atp_op_kind_name((unsigned)command->kind);

    if (verdict == ATP_ATTRIBUTE_MISSING) {
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            if ((atp_attribute_takes((unsigned)command->kind, key) & ATP_TAKES_NEEDED) != 0 &&
                atp_attributes_find(command, key, ATP_WHOLE_OP) == NULL) {
                (void)atp_cli_usage(cli->cmd, "%s needs --with %s=VALUE", kind, name_of(key));
                return false;
            }
        }
    }
    for (uint32_t i = 0; i < command->attribute_count; i++) {
        const atp_attribute_t *one = &command->attributes[i];
        unsigned how = atp_attribute_takes((unsigned)command->kind, one->key);
        bool is_of_line = one->line != ATP_WHOLE_OP;
        unsigned once = is_of_line ? ATP_TAKES_LINE : ATP_TAKES_ONE;
        unsigned many = is_of_line ? ATP_TAKES_MANY_LINE : ATP_TAKES_MANY;
        if ((how & (once | many)) == 0) {
            (void)atp_cli_usage(cli->cmd, "--with %s: %s takes it for %s", name_of(one->key), kind,
                                is_of_line ? "the whole request, not for a line" : "a line: LINE:KEY=VALUE");
            return false;
        }
        if ((how & many) == 0 && atp_attributes_find(command, one->key, one->line) != one) {
            (void)atp_cli_usage(cli->cmd, "--with %s: %s takes it once", name_of(one->key), kind);
            return false;
        }
    }
    (void)atp_cli_usage(cli->cmd, "--with: %s", atp_verdict_sentence(verdict));
    return false;
}

bool atp_with_take(atp_cli_t *cli, atp_command_t *command)
{
    unsigned cursor = 0;
    unsigned key;
    uint32_t line;

    for (const char *word; (word = atp_args_each(&cli->args, "with", &cursor)) != NULL;) {
        if (!add_word(cli, command, word)) {
            return false;
        }
    }
    sort_by_line(cli->attributes, cli->attribute_count);
    command->attributes = cli->attributes;
    command->attribute_count = cli->attribute_count;
    atp_verdict_t verdict = atp_attributes_check(command, &key, &line);
    return verdict == ATP_APPLIED || refuse_fit(cli, command, verdict);
}

/* ---- the tables ---- */

void atp_with_list(unsigned kind, char *ret_text, size_t size)
{
    size_t used = 0;

    ret_text[0] = '\0';
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        if (atp_attribute_takes(kind, key) != 0 && used + ATP_ID_SIZE_MAX < size) {
            used +=
                (size_t)snprintf(ret_text + used, size - used, "%s%s", used > 0 ? ", " : "", name_of(key));
        }
    }
}

static void print_key(FILE *out, const atp_attribute_rule_t *rule)
{
    char form[512];

    describe(rule, form, sizeof form);
    if (rule->type == ATP_ATTRIBUTE_TIME) {
        (void)snprintf(form, sizeof form, "a time");
    }
    form[strcspn(form, ":,")] = '\0';
    if (rule->type == ATP_ATTRIBUTE_CHOICE) {
        (void)snprintf(form, sizeof form, "%s", rule->words);
    }
    (void)fprintf(out, "  %-22s %s; %s\n", rule->name, rule->sentence, form);
}

static const char *times_of(unsigned how)
{
    bool is_of_op = (how & (ATP_TAKES_ONE | ATP_TAKES_MANY)) != 0;
    bool is_of_line = (how & (ATP_TAKES_LINE | ATP_TAKES_MANY_LINE)) != 0;

    return is_of_op && is_of_line ? " (also LINE:)" : is_of_line ? " (LINE:)" : "";
}

static void print_kind(FILE *out, unsigned kind)
{
    const char *comma = "";

    (void)fprintf(out, "  %-22s ", atp_op_kind_name(kind));
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        unsigned how = atp_attribute_takes(kind, key);
        if (how != 0) {
            (void)fprintf(out, "%s%s%s%s%s", comma, name_of(key),
                          (how & (ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)) != 0 ? "..." : "", times_of(how),
                          (how & ATP_TAKES_NEEDED) != 0 ? " (needed)" : "");
            comma = ", ";
        }
    }
    (void)fputc('\n', out);
}

void atp_with_print(FILE *out)
{
    char list[1024];

    (void)fputs("Attributes: what a request may say beyond its words and flags, by --with KEY=VALUE, or\n"
                "--with LINE:KEY=VALUE for its line number LINE, counted from 1. \"...\": any number of "
                "times, in order.\n"
                "A time is " ATP_WHEN_FORMS ".\n\nKeys\n",
                out);
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        if (atp_attribute_rule(key) != NULL) {
            print_key(out, atp_attribute_rule(key));
        }
    }
    (void)fputs("\nWhich request takes which\n", out);
    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        atp_with_list(kind, list, sizeof list);
        if (list[0] != '\0') {
            print_kind(out, kind);
        }
    }
}

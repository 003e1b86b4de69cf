/* docs/protocol.md and the code say the same: every verdict, message type, kind of op, attribute, field, state and
 * limit, and the bytes of the worked example. */
#include "engine/base/attribute.h"
#include "protocol/message.h"
#include "tests/test.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *document;

static int load(void **state)
{
    FILE *file = fopen(ATP_DOCUMENT, "r");
    const size_t room = 1u << 20;

    (void)state;
    document = calloc(1, room);
    if (file == NULL || document == NULL) {
        return -1;
    }
    size_t size = fread(document, 1, room - 1, file);
    (void)fclose(file);
    return size > 0 ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    free(document);
    return 0;
}

static void assert_says(const char *line)
{
    if (strstr(document, line) == NULL) {
        fail_msg("docs/protocol.md does not say: %s", line);
    }
}

/* Rows of the table below `heading` that begin with a number. */
static uint32_t numbered_rows(const char *heading)
{
    const char *at = strstr(document, heading);
    uint32_t count = 0;

    assert_non_null(at);
    for (at += strlen(heading); at != NULL && strncmp(at, "\n## ", 4) != 0; at = strchr(at + 1, '\n')) {
        count += strncmp(at, "\n| ", 3) == 0 && at[3] >= '0' && at[3] <= '9';
    }
    return count;
}

static void every_verdict_is_there_and_no_other(void **state)
{
    uint32_t count = 0;

    (void)state;
#define SAYS_VERDICT(number, NAME, name, sentence)                                                           \
    assert_says("\n| " #number " | `" name "` | " sentence " |\n");                                          \
    count++;
    ATP_VERDICTS(SAYS_VERDICT)
#undef SAYS_VERDICT
    assert_int_equal(numbered_rows("\n## Verdicts\n"), count);
}

static void every_message_type_is_there_and_no_other(void **state)
{
    uint32_t count = 0;

    (void)state;
#define SAYS_TYPE(number, NAME, name, sentence)                                                              \
    assert_string_equal(atp_message_type_name(number), name);                                                \
    assert_string_equal(atp_message_type_sentence(number), sentence);                                        \
    assert_says("\n| " #number " | `" name "` | " sentence " |\n");                                          \
    count++;
    ATP_MESSAGE_TYPES(SAYS_TYPE)
#undef SAYS_TYPE
    assert_int_equal(numbered_rows("\n## Envelopes\n"), count);
    assert_null(atp_message_type_name(0));
    assert_null(atp_message_type_sentence(ATP_MESSAGE_TYPE_LIMIT));
}

static void every_kind_of_op_is_there_and_no_other(void **state)
{
    uint32_t count = 0;

    (void)state;
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        char row[128];
        if (atp_op_kind_name(kind) != NULL) {
            (void)snprintf(row, sizeof row, "\n| %u | `%s` | `[%u, id, issued_ms, ", kind,
                           atp_op_kind_name(kind), kind);
            assert_says(row);
            count++;
        }
    }
    assert_int_equal(numbered_rows("\n## Commands (1)\n"), count);
}

/* ---- attributes ---- */

typedef struct text {
    char bytes[32768];
    size_t size;
} text_t;

static void put(text_t *text, const char *format, ...) ATP_PRINTF(2, 3);
static void put(text_t *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && (size_t)size < sizeof text->bytes - text->size);
    text->size += (size_t)size;
}

static void put_value(text_t *text, const atp_attribute_rule_t *rule)
{
    static const char *const names[] = {[ATP_ATTRIBUTE_TIME] = "time",
                                        [ATP_ATTRIBUTE_QTY] = "quantity",
                                        [ATP_ATTRIBUTE_ID] = "id",
                                        [ATP_ATTRIBUTE_TEXT] = "text"};
    atp_text_t word;

    if (rule->type == ATP_ATTRIBUTE_NUMBER) {
        put(text, "%" PRId64 " to %" PRId64, rule->least, rule->most);
    } else if (rule->type == ATP_ATTRIBUTE_CHOICE) {
        for (int64_t i = 0; atp_attribute_word(rule, i, &word); i++) {
            put(text, "%s%" PRId64 " %.*s", i > 0 ? ", " : "", i, (int)word.size, word.bytes);
        }
    } else {
        put(text, "%s", names[rule->type]);
    }
}

/* "once, also for each line", "any number of times for each line", "once, needed". */
static void put_times(text_t *text, unsigned how)
{
    unsigned of_op = how & (ATP_TAKES_ONE | ATP_TAKES_MANY);
    unsigned of_line = how & (ATP_TAKES_LINE | ATP_TAKES_MANY_LINE);
    unsigned many = how & (ATP_TAKES_MANY | (of_op == 0 ? ATP_TAKES_MANY_LINE : 0u));

    put(text, "%s", many != 0 ? "any number of times" : "once");
    if (of_line != 0) {
        put(text, "%s", of_op != 0 ? ", also for each line" : " for each line");
    }
    put(text, "%s", (how & ATP_TAKES_NEEDED) != 0 ? ", needed" : "");
}

static void put_takes(text_t *text, unsigned kind)
{
    const char *before = "";

    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        unsigned how = atp_attribute_takes(kind, key);
        if (how == 0 || key == ATP_KEY_CORRELATION) { /* all take that one */
            continue;
        }
        if (before[0] == '\0') {
            put(text, "| `%s` | ", atp_op_kind_name(kind));
        }
        put(text, "%s`%s` ", before, atp_attribute_rule(key)->name);
        put_times(text, how);
        before = "; ";
    }
    put(text, "%s", before[0] != '\0' ? " |\n" : "");
}

static void the_attributes_are_those_of_the_two_tables(void **state)
{
    static text_t text;

    (void)state;
    put(&text, "\n## Attributes\n\n| key | name | value | what it says |\n|---|---|---|---|\n");
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        const atp_attribute_rule_t *rule = atp_attribute_rule(key);
        if (rule != NULL) {
            put(&text, "| %u | `%s` | ", key, rule->name);
            put_value(&text, rule);
            put(&text, " | %s |\n", rule->sentence);
        }
    }
    put(&text, "\n| op | takes |\n|---|---|\n");
    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        put_takes(&text, kind);
    }
    put(&text, "\nEvery op takes `correlation` once");
    if (strstr(document, text.bytes) == NULL) {
        (void)fputs("docs/protocol.md should say:\n", stdout); /* cmocka would cut it */
        (void)fputs(text.bytes, stdout);
        fail_msg("the section Attributes of docs/protocol.md is not what the tables say");
    }
}

static void every_field_state_and_reason_is_there(void **state)
{
    char text[64];

    (void)state;
    for (unsigned field = 0; field < ATP_FIELD_COUNT; field++) {
        (void)snprintf(text, sizeof text, " %u `%s`%c", field, atp_field_name(field),
                       field + 1 == ATP_FIELD_COUNT ? '.' : ',');
        assert_says(text);
    }
    for (unsigned number = ATP_RECORD_RESERVED; number < ATP_RECORD_STATE_LIMIT; number++) {
        (void)snprintf(text, sizeof text, "%u %s", number, atp_record_state_name(number));
        assert_says(text);
    }
    for (unsigned number = 0; atp_node_state_name(number) != NULL; number++) {
        (void)snprintf(text, sizeof text, "%u %s", number, atp_node_state_name(number));
        assert_says(text);
    }
    for (unsigned number = 0; number < ATP_REASON_COUNT; number++) {
        (void)snprintf(text, sizeof text, "%u %s", number, atp_reason_name(number));
        assert_says(text);
    }
}

static void every_limit_is_there(void **state)
{
    const struct {
        const char *what;
        long long value;
    } limits[] = {{"bytes of a message", ATP_MESSAGE_SIZE_MAX},
                  {"arrays inside one another", ATP_MSGPACK_DEPTH_MAX},
                  {"ops of a message", ATP_OPS_PER_MESSAGE_MAX},
                  {"lines of all ops of a message", ATP_OPS_PER_MESSAGE_MAX},
                  {"lines of one op", ATP_LINES_PER_OP_MAX},
                  {"bytes of an id, SKU, node, channel, owner, source, client", ATP_ID_SIZE_MAX},
                  {"bytes of a correlation id", ATP_CORRELATION_SIZE_MAX},
                  {"bytes of a token", ATP_TOKEN_SIZE_MAX},
                  {"bytes of a display name or detail", ATP_NAME_SIZE_MAX},
                  {"decimals of a quantity", ATP_SCALE_MAX},
                  {"smallest units of a quantity, either sign", ATP_QTY_MAX},
                  {"rows of an availability answer, pairs, SKUs times nodes", ATP_AVAILABILITY_ROWS_MAX},
                  {"ids of an outcome request", ATP_OUTCOMES_MAX},
                  {"ids of a reservation request", ATP_RESERVATIONS_MAX},
                  {"rows of a page", ATP_PAGE_LIMIT_MAX},
                  {"reservation ids of an exception", ATP_EXCEPTION_IDS_MAX},
                  {"pairs of a stat answer", ATP_STATS_MAX}};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char row[256];
        (void)snprintf(row, sizeof row, "\n| %s | %lld | ", limits[i].what, limits[i].value);
        assert_says(row);
    }
    assert_int_equal(ATP_DETAIL_SIZE_MAX, ATP_NAME_SIZE_MAX);
}

static void the_worked_example_has_the_bytes_of_its_vectors(void **state)
{
    const char *names[] = {"reserve", "results_one"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        char path[512];
        char line[512];
        uint32_t lines = 0;
        (void)snprintf(path, sizeof path, "%s/%s.hex", ATP_VECTORS, names[i]);
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof line, file) != NULL) {
            if (line[0] != '#') {
                assert_says(line);
                lines++;
            }
        }
        assert_int_equal(fclose(file), 0);
        assert_true(lines > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict_is_there_and_no_other),
        cmocka_unit_test(every_message_type_is_there_and_no_other),
        cmocka_unit_test(every_kind_of_op_is_there_and_no_other),
        cmocka_unit_test(the_attributes_are_those_of_the_two_tables),
        cmocka_unit_test(every_field_state_and_reason_is_there),
        cmocka_unit_test(every_limit_is_there),
        cmocka_unit_test(the_worked_example_has_the_bytes_of_its_vectors),
    };
    return cmocka_run_group_tests(tests, load, unload);
}

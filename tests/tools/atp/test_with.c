/* --with: attributes by their tables, and times in words. */
#include "tests/test.h"

#include "engine/base/attribute.h"
#include "tools/atp/cli.h"
#include "tools/atp/with.h"
#include "tools/when.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW INT64_C(1795257660150) /* 2026-11-21T10:41:00.150Z */

static const atp_flag_t flags[] = {ATP_WITH_FLAG,
                                   {"node", "NODE", NULL, "a friendly flag"},
                                   {"at", "NODE", NULL, "of another name than its key"},
                                   {NULL, NULL, NULL, NULL}};
static const char *const examples[] = {NULL};
static const atp_cmd_t cmd = {.name = "test",
                              .synopsis = "WORD...",
                              .word_max = 3,
                              .flags = flags,
                              .examples = examples,
                              .kind = ATP_OP_RESERVE};
static const atp_command_line_t lines[2] = {{.decimals = 0}};

static bool take(atp_cli_t *cli, atp_op_kind_t kind, atp_command_t *command, const char *const *words)
{
    char *argv[16];
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    *cli = (atp_cli_t){.cmd = &cmd};
    *command = (atp_command_t){.kind = kind, .line_count = 2, .lines = lines};
    assert_true(atp_args_parse(&cmd, argc, argv, &cli->args));
    return atp_with_flag(cli, "node") && atp_with_flag_as(cli, "at", ATP_KEY_GROUP) &&
           atp_with_take(cli, command);
}

static void done(atp_cli_t *cli)
{
    atp_args_fini(&cli->args);
    free(cli->attributes);
}

#define TAKE(cli, command, ...)                                                                              \
    take((cli), ATP_OP_RESERVE, (command), (const char *const[]){__VA_ARGS__, NULL})

static void those_of_the_request_come_first_then_by_line_in_the_order_given(void **state)
{
    atp_cli_t cli;
    atp_command_t command;
    const struct {
        uint8_t key;
        uint16_t line;
        const char *text;
    } wanted[] = {{ATP_KEY_NODE, ATP_WHOLE_OP, "b"},
                  {ATP_KEY_GROUP, ATP_WHOLE_OP, "g"},
                  {ATP_KEY_NODE, ATP_WHOLE_OP, "a"},
                  {ATP_KEY_NODE, 0, "z=1"},
                  {ATP_KEY_GROUP, 0, "2:h"},
                  {ATP_KEY_NODE, 1, "x"},
                  {ATP_KEY_NODE, 1, "w"}};

    (void)state;
    assert_true(TAKE(&cli, &command, "--with", "2:node=x", "--with", "node=a", "--with=1:node=z=1", "--with",
                     "2:node=w", "--with", "1:group=2:h", "--node", "b", "--at", "g"));
    assert_int_equal(command.attribute_count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(command.attributes[i].key, wanted[i].key);
        assert_int_equal(command.attributes[i].line, wanted[i].line);
        assert_true(atp_text_equal(command.attributes[i].text, atp_text_of(wanted[i].text)));
    }
    done(&cli);
}

/* What is printed on standard error meanwhile goes to `ret_text`. */
static void hear(const char *const *words, bool is_right, char *ret_text, size_t size)
{
    atp_cli_t cli;
    atp_command_t command;
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    bool is_taken = take(&cli, ATP_OP_RESERVE, &command, words);
    (void)fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    rewind(file);
    ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    done(&cli);
    assert_int_equal(is_taken, is_right);
}

static void what_a_request_does_not_take_is_named_with_what_it_takes(void **state)
{
    const struct {
        const char *word;
        const char *part;
    } cases[] = {
        {"node", "it is KEY=VALUE or LINE:KEY=VALUE"},
        {"noed=a", "reserve does not take it; it takes: node, group"},
        {"=a", "reserve does not take it"},
        {"due=1", "reserve does not take it"},
        {"3:node=a", "there is no such line; there are 2"},
        {"0:node=a", "there is no such line"},
        {"99999999:node=a", "there is no such line"},
        {"node=", "is not an id: 1 to 64 bytes"},
        {"node=a\x01", "is not an id"},
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hear((const char *const[]){"--with", cases[i].word, NULL}, false, text, sizeof text);
        if (strstr(text, cases[i].part) == NULL) {
            fail_msg("%s: %s", cases[i].word, text);
        }
    }
    hear((const char *const[]){"--with", "group=a", "--with", "group=b", NULL}, false, text, sizeof text);
    assert_non_null(strstr(text, "--with group: reserve takes it once"));
}

/* Every key of the table reads a value of its type, and none of another. */
static void every_key_reads_what_its_type_says(void **state)
{
    static const char *const bad[] = {[ATP_ATTRIBUTE_NUMBER] = "1.5", [ATP_ATTRIBUTE_CHOICE] = "frobnicate",
                                      [ATP_ATTRIBUTE_TIME] = "soon",  [ATP_ATTRIBUTE_QTY] = "-1",
                                      [ATP_ATTRIBUTE_ID] = "",        [ATP_ATTRIBUTE_TEXT] = "\x7f"};

    (void)state;
    for (unsigned kind = ATP_FIRST_CLIENT_KIND; kind < ATP_OP_KIND_LIMIT; kind++) {
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            const atp_attribute_rule_t *rule = atp_attribute_rule(key);
            char word[128];
            atp_text_t choice = {"", 0};
            atp_cli_t cli;
            atp_command_t command;
            if (atp_attribute_takes(kind, key) == 0) {
                continue;
            }
            (void)snprintf(word, sizeof word, "%s%s=%s",
                           atp_attribute_takes(kind, key) & (ATP_TAKES_ONE | ATP_TAKES_MANY) ? "" : "1:",
                           rule->name, bad[rule->type]);
            assert_false(
                take(&cli, (atp_op_kind_t)kind, &command, (const char *const[]){"--with", word, NULL}));
            done(&cli);
            (void)atp_attribute_word(rule, 0, &choice);
            const char *const good[] = {[ATP_ATTRIBUTE_CHOICE] = choice.bytes,
                                        [ATP_ATTRIBUTE_TIME] = "2026-11-21",
                                        [ATP_ATTRIBUTE_QTY] = "0.25",
                                        [ATP_ATTRIBUTE_ID] = "a",
                                        [ATP_ATTRIBUTE_TEXT] = "a text"};
            size_t at = (size_t)(strchr(word, '=') - word) + 1;
            if (rule->type == ATP_ATTRIBUTE_NUMBER) {
                (void)snprintf(word + at, sizeof word - at, "%lld", (long long)rule->least);
            } else {
                (void)snprintf(word + at, sizeof word - at, "%.*s",
                               rule->type == ATP_ATTRIBUTE_CHOICE ? (int)choice.size : 99, good[rule->type]);
            }
            bool is_taken =
                take(&cli, (atp_op_kind_t)kind, &command, (const char *const[]){"--with", word, NULL});
            /* Of a kind that needs others too, this one is read, and another is missing. */
            assert_true(is_taken || (atp_attribute_takes(kind, ATP_KEY_NONE) & ATP_TAKES_NEEDED) != 0);
            assert_int_equal(cli.attribute_count, 1);
            assert_int_equal(cli.attributes[0].key, key);
            done(&cli);
        }
    }
}

static void times_are_read_as_people_write_them(void **state)
{
    const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"0", 0},
        {"1795257660150", NOW},
        {"1970-01-01", 0},
        {"2026-11-21", INT64_C(1795219200000)},
        {"2026-11-21T10:41", INT64_C(1795257660000)},
        {"2026-11-21T10:41:00.150Z", NOW},
        {"2026-11-21T11:41:00.150+01:00", NOW},
        {"2026-11-21T05:11:00.150-05:30", NOW},
        {"2024-02-29", INT64_C(1709164800000)},
        {"2024-12-31T23:59:59", INT64_C(1735689599000)},
        {"2000-03-01", INT64_C(951868800000)},
        {"+0d", NOW},
        {"+5d", NOW + INT64_C(5) * 86400000},
        {"+90min", NOW + 90 * 60000},
    };
    const char *const bad[] = {"",
                               "soon",
                               "2026-02-29",
                               "2026-13-01",
                               "2026-00-01",
                               "2026-11-31",
                               "2100-02-29",
                               "2026-11-21T24:00",
                               "2026-11-21T10",
                               "2026-11-21 10:41",
                               "2026-1-21",
                               "+5",
                               "+5y",
                               "+9999999d",
                               "12x",
                               "+",
                               "1969-12-31",
                               "-5",
                               "2026-11-21T10:41:00.1Z",
                               "2026-11-21T10:41Zx",
                               "99999999999999999999"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ms = -1;
        if (!atp_when_parse(good[i].text, NOW, &ms) || ms != good[i].ms) {
            fail_msg("%s: %lld", good[i].text, (long long)ms);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (atp_when_parse(bad[i], NOW, &ms)) {
            fail_msg("%s was taken for a time", bad[i]);
        }
    }
}

static void a_day_is_the_one_the_clock_says(void **state)
{
    char text[ATP_OUT_TIME_SIZE];
    int64_t ms;

    (void)state;
    for (int64_t day = 0; day < 40000; day += 13) {
        atp_out_format_time(day * 86400000 + 1, text);
        assert_true(atp_when_parse(text, NOW, &ms));
        assert_int_equal(ms, day * 86400000 + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_the_request_come_first_then_by_line_in_the_order_given),
        cmocka_unit_test(what_a_request_does_not_take_is_named_with_what_it_takes),
        cmocka_unit_test(every_key_reads_what_its_type_says),
        cmocka_unit_test(times_are_read_as_people_write_them),
        cmocka_unit_test(a_day_is_the_one_the_clock_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

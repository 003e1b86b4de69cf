/* Words, flags and the values in them. */
#include "tests/test.h"

#include "tools/atp/cli.h"
#include "tools/atp/commands/cmds.h"

#include "loaders/mapping/profile.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

static const atp_flag_t flags[] = {
    {"count", "N", NULL, "a number"},          {"ttl", "TIME", NULL, "a duration"},
    {"share", "X", NULL, "a share"},           {"id", "ID", NULL, "an id"},
    {"state", "S", "open|paused", "a choice"}, {"any", "S", "a|b|...", "a hint"},
    {"fast", NULL, NULL, "a switch"},          {NULL, NULL, NULL, NULL},
};
static const char *const examples[] = {NULL};
static const atp_cmd_t cmd = {
    .name = "test", .synopsis = "WORD...", .word_max = 3, .flags = flags, .examples = examples};

static bool parse(atp_args_t *args, const char *const *words)
{
    char *argv[16];
    int argc = 0;

    for (; words[argc] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    return atp_args_parse(&cmd, argc, argv, args);
}

#define PARSE(args, ...) parse((args), (const char *const[]){__VA_ARGS__, NULL})

static void words_and_flags_stand_in_any_order(void **state)
{
    atp_args_t args;

    (void)state;
    assert_true(PARSE(&args, "--count", "3", "one", "--fast", "two", "--ttl=5s", "--", "--three"));
    assert_int_equal(args.word_count, 3);
    assert_string_equal(args.words[1], "two");
    assert_string_equal(args.words[2], "--three");
    assert_string_equal(atp_args_text(&args, "count"), "3");
    assert_string_equal(atp_args_text(&args, "ttl"), "5s");
    assert_true(atp_args_has(&args, "fast"));
    assert_false(atp_args_has(&args, "id"));
    atp_args_fini(&args);
}

static void the_last_of_a_flag_counts_and_each_can_be_had(void **state)
{
    atp_args_t args;
    unsigned cursor = 0;

    (void)state;
    assert_true(PARSE(&args, "--id", "a", "--id", "b"));
    assert_string_equal(atp_args_text(&args, "id"), "b");
    assert_string_equal(atp_args_each(&args, "id", &cursor), "a");
    assert_string_equal(atp_args_each(&args, "id", &cursor), "b");
    assert_null(atp_args_each(&args, "id", &cursor));
    atp_args_fini(&args);
}

static void what_looks_like_a_negative_number_is_a_word(void **state)
{
    atp_args_t args;

    (void)state;
    assert_true(PARSE(&args, "-5", "-"));
    assert_int_equal(args.word_count, 2);
    atp_args_fini(&args);
}

static void bad_flags_are_refused(void **state)
{
    static const char *const cases[][4] = {
        {"--nope", NULL},          {"--count", NULL},    {"--fast=1", NULL},
        {"--state", "shut", NULL}, {"a", "b", "c", "d"},
    };
    atp_args_t args;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const words[] = {cases[i][0], cases[i][1], cases[i][1] == NULL ? NULL : cases[i][2],
                                     i == 4 ? cases[i][3] : NULL, NULL};
        assert_false(parse(&args, words));
        atp_args_fini(&args);
    }
}

static void help_is_had_whatever_else_is_wrong(void **state)
{
    atp_args_t args;

    (void)state;
    assert_true(PARSE(&args, "--nope", "a", "b", "c", "d", "--help"));
    assert_true(atp_args_has(&args, "help"));
    atp_args_fini(&args);
}

static void numbers_are_exact_and_in_range(void **state)
{
    static const char *const bad[] = {"", "-1", "1.0", "0x10", "11", "99999999999999999999", "5 "};
    atp_args_t args;
    uint64_t count = 7;

    (void)state;
    assert_true(PARSE(&args, "a"));
    assert_true(atp_args_count(&args, "count", 0, 10, &count));
    assert_int_equal(count, 7); /* not given: as it was */
    atp_args_fini(&args);
    assert_true(PARSE(&args, "--count", "10"));
    assert_true(atp_args_count(&args, "count", 0, 10, &count));
    assert_int_equal(count, 10);
    atp_args_fini(&args);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(PARSE(&args, "--count", bad[i]));
        assert_false(atp_args_count(&args, "count", 0, 10, &count));
        atp_args_fini(&args);
    }
}

static void durations_need_a_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},          {"250ms", 250},  {"90s", 90000},
                {"15min", 900000}, {"2h", 7200000}, {"365d", 31536000000}};
    static const char *const bad[] = {
        "", "5", "s", "5 s", "5m", "-5s", "1.5s", "366d", "9999999999999999999s"};
    atp_args_t args;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(PARSE(&args, "--ttl", good[i].text));
        assert_true(atp_args_duration(&args, "ttl", 0, &ms));
        assert_int_equal(ms, good[i].ms);
        atp_args_fini(&args);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(PARSE(&args, "--ttl", bad[i]));
        assert_false(atp_args_duration(&args, "ttl", 0, &ms));
        atp_args_fini(&args);
    }
}

static void shares_are_from_0_to_1(void **state)
{
    static const char *const bad[] = {"", "1.1", "-0.1", "nan", "0.5x"};
    atp_args_t args;
    double share = 0;

    (void)state;
    assert_true(PARSE(&args, "--share", "0.25"));
    assert_true(atp_args_share(&args, "share", &share));
    assert_true(share == 0.25);
    atp_args_fini(&args);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_true(PARSE(&args, "--share", bad[i]));
        assert_false(atp_args_share(&args, "share", &share));
        atp_args_fini(&args);
    }
}

static void a_line_is_split_at_the_last_at_and_equals(void **state)
{
    atp_args_t args = {.cmd = &cmd};
    atp_command_line_t line;

    (void)state;
    assert_true(atp_args_line(&args, "a@b=c@berlin=2.50", false, &line));
    assert_true(atp_text_equal(line.sku, ATP_TEXT("a@b=c")));
    assert_true(atp_text_equal(line.node, ATP_TEXT("berlin")));
    assert_int_equal(line.mantissa, 250);
    assert_int_equal(line.decimals, 2);
    static const char *const bad[] = {"",     "a",    "a@b",     "a=1",     "@b=1",
                                      "a@=1", "a@b=", "a@b=1e3", "a@b=++1", "a\x01@b=1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(atp_args_line(&args, bad[i], false, &line));
    }
}

static void a_place_may_have_no_node(void **state)
{
    atp_args_t args = {.cmd = &cmd};
    atp_text_t sku;
    atp_text_t node;

    (void)state;
    assert_true(atp_args_place(&args, "bike", &sku, &node));
    assert_true(sku.size == 4 && node.size == 0);
    assert_true(atp_args_place(&args, "odd@name@", &sku, &node));
    assert_true(atp_text_equal(sku, ATP_TEXT("odd@name")) && node.size == 0);
    assert_true(atp_args_place(&args, "bike@berlin", &sku, &node));
    assert_true(atp_text_equal(node, ATP_TEXT("berlin")));
    assert_false(atp_args_place(&args, "", &sku, &node));
    assert_false(atp_args_place(&args, "@berlin", &sku, &node));
}

static void a_near_name_is_suggested_and_a_far_one_not(void **state)
{
    static const char *const names[] = {"reserve", "release", "receive", "sku put"};

    (void)state;
    assert_string_equal(atp_suggest("resrve", names, 4), "reserve");
    assert_string_equal(atp_suggest("rel", names, 4), "release");
    assert_null(atp_suggest("ab", names, 4));
    assert_null(atp_suggest("frobnicate", names, 4));
}

static void choices_are_what_the_numbers_mean(void **state)
{
    unsigned index;

    (void)state;
    for (unsigned i = 0; i <= ATP_NODE_CLOSED; i++) {
        assert_true(atp_choices_find("open|paused|draining|closed", atp_node_state_name(i), &index));
        assert_int_equal(index, i);
    }
    for (unsigned i = 0; i < ATP_REASON_COUNT; i++) {
        assert_true(atp_choices_find("none|correction|damage|loss|found|return|cycle_count",
                                     atp_reason_name(i), &index));
        assert_int_equal(index, i);
    }
}

/* What the commands say of themselves is whole: help, docs and completion rest on it. */
static void every_command_is_described(void **state)
{
    (void)state;
    for (unsigned i = 0; atp_cmds[i] != NULL; i++) {
        const atp_cmd_t *one = atp_cmds[i];
        assert_true(one->name != NULL && one->group != NULL && one->synopsis != NULL && one->summary != NULL);
        assert_true(one->run != NULL && one->word_min <= one->word_max);
        assert_true(one->examples[0] != NULL && one->examples[1] != NULL);
        /* Others may show what it goes with: how what is listed is put. */
        assert_non_null(strstr(one->examples[0], one->name));
    }
}

static void completion_knows_every_shipped_profile(void **state)
{
    const char *choices = NULL;
    unsigned index;

    (void)state;
    for (const atp_flag_t *flag = atp_cmd_load.flags; flag->name != NULL; flag++) {
        choices = strcmp(flag->name, "profile") == 0 ? flag->choices : choices;
    }
    for (size_t i = 0; atp_profile_shipped_name(i) != NULL; i++) {
        assert_true(atp_choices_find(choices, atp_profile_shipped_name(i), &index));
        assert_int_equal(index, i);
    }
}

/* The faults of these tests need not be seen. */
static int be_quiet(void **state)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    return null >= 0 && freopen("/dev/null", "we", stderr) != NULL && close(null) == 0 ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_flags_stand_in_any_order),
        cmocka_unit_test(the_last_of_a_flag_counts_and_each_can_be_had),
        cmocka_unit_test(what_looks_like_a_negative_number_is_a_word),
        cmocka_unit_test_setup(bad_flags_are_refused, be_quiet),
        cmocka_unit_test(help_is_had_whatever_else_is_wrong),
        cmocka_unit_test(numbers_are_exact_and_in_range),
        cmocka_unit_test(durations_need_a_unit),
        cmocka_unit_test(shares_are_from_0_to_1),
        cmocka_unit_test(a_line_is_split_at_the_last_at_and_equals),
        cmocka_unit_test(a_place_may_have_no_node),
        cmocka_unit_test(a_near_name_is_suggested_and_a_far_one_not),
        cmocka_unit_test(choices_are_what_the_numbers_mean),
        cmocka_unit_test(every_command_is_described),
        cmocka_unit_test(completion_knows_every_shipped_profile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

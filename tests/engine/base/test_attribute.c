/* Attributes: which kind takes which key, and what is refused. */
#include "engine/base/attribute.h"
#include "tests/test.h"

#include <string.h>

static const atp_command_line_t lines[2] = {{.sku = {"a", 1}, .mantissa = 1},
                                            {.sku = {"b", 1}, .mantissa = 1}};

static atp_attribute_t node(const char *name, uint16_t line)
{
    return (atp_attribute_t){.key = ATP_KEY_NODE, .line = line, .text = atp_text_of(name)};
}

static atp_verdict_t check(const atp_attribute_t *attributes, uint32_t count, uint32_t *ret_line)
{
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .line_count = 2,
                             .lines = lines,
                             .attribute_count = count,
                             .attributes = attributes};
    unsigned key;
    atp_verdict_t verdict = atp_attributes_check(&command, &key, ret_line);

    /* Who is refused for one of them is told which. */
    assert_int_equal(key != ATP_KEY_NONE, verdict != ATP_APPLIED);
    return verdict;
}

static void attributes_of_the_op_come_first_then_those_of_lines_in_order(void **state)
{
    const atp_attribute_t good[] = {node("x", ATP_WHOLE_OP), node("y", ATP_WHOLE_OP), node("z", 0),
                                    node("y", 1)};
    const atp_attribute_t late[] = {node("z", 0), node("x", ATP_WHOLE_OP)};
    const atp_attribute_t mixed[] = {node("z", 1), node("y", 0)};
    uint32_t line;

    (void)state;
    assert_int_equal(check(good, 4, &line), ATP_APPLIED);
    assert_int_equal(check(NULL, 0, &line), ATP_APPLIED);
    assert_int_equal(check(late, 2, &line), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_int_equal(check(mixed, 2, &line), ATP_ATTRIBUTE_NOT_TAKEN);
}

static void a_line_that_does_not_exist_a_key_unknown_and_a_text_too_long_are_refused(void **state)
{
    char long_name[ATP_ID_SIZE_MAX + 2];
    const atp_attribute_t beyond = node("x", 2);
    const atp_attribute_t empty = node("", 1);
    const atp_attribute_t unknown = {.key = ATP_KEY_LIMIT - 1, .line = ATP_WHOLE_OP};
    uint32_t line;

    (void)state;
    memset(long_name, 'n', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const atp_attribute_t too_long = node(long_name, 0);
    assert_int_equal(check(&beyond, 1, &line), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_int_equal(line, 2);
    assert_int_equal(check(&empty, 1, &line), ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_int_equal(line, 1);
    assert_int_equal(check(&too_long, 1, &line), ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_int_equal(check(&unknown, 1, &line), ATP_ATTRIBUTE_NOT_TAKEN);
}

static void a_key_that_goes_once_comes_once(void **state)
{
    atp_attribute_t group[2] = {{.key = ATP_KEY_GROUP, .line = ATP_WHOLE_OP, .text = ATP_TEXT("g")},
                                {.key = ATP_KEY_GROUP, .line = ATP_WHOLE_OP, .text = ATP_TEXT("h")}};
    uint32_t line;

    (void)state;
    assert_int_equal(check(group, 2, &line), ATP_ATTRIBUTE_NOT_TAKEN);
    group[1].line = 1;
    assert_int_equal(check(group, 2, &line), ATP_APPLIED);
}

static void a_kind_takes_no_key_that_is_not_its(void **state)
{
    const atp_attribute_t attribute = node("x", ATP_WHOLE_OP);
    atp_command_t command = {.kind = ATP_OP_EXTEND, .attribute_count = 1, .attributes = &attribute};
    unsigned key;
    uint32_t line;

    (void)state;
    assert_int_equal(atp_attributes_check(&command, &key, &line), ATP_ATTRIBUTE_NOT_TAKEN);
    command.attribute_count = ATP_ATTRIBUTES_PER_OP_MAX + 1;
    assert_int_equal(atp_attributes_check(&command, &key, &line), ATP_TOO_MANY_ATTRIBUTES);
}

static void every_key_has_a_name_of_its_own_and_every_kind_takes_only_such(void **state)
{
    (void)state;
    for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
        const atp_attribute_rule_t *rule = atp_attribute_rule(key);
        if (rule != NULL) {
            assert_int_equal(atp_attribute_find(atp_text_of(rule->name)), key);
            assert_true(rule->type == ATP_ATTRIBUTE_CHOICE ? rule->words[0] != '\0' : rule->words[0] == '\0');
        }
    }
    assert_null(atp_attribute_rule(0));
    assert_null(atp_attribute_rule(ATP_KEY_LIMIT));
    assert_int_equal(atp_attribute_find(ATP_TEXT("no such key")), 0);
}

/* What is looked for only in kinds that say so (ATP_KEY_NONE) must be said there. */
static void a_kind_with_needed_keys_says_so(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ATP_OP_KIND_LIMIT; kind++) {
        bool has_needed = false;
        for (unsigned key = 1; key < ATP_KEY_LIMIT; key++) {
            has_needed = has_needed || (atp_attribute_takes(kind, key) & ATP_TAKES_NEEDED) != 0;
        }
        assert_int_equal(has_needed, (atp_attribute_takes(kind, ATP_KEY_NONE) & ATP_TAKES_NEEDED) != 0);
    }
}

static void words_of_a_choice_are_numbered_from_zero(void **state)
{
    const atp_attribute_rule_t rule = {.type = ATP_ATTRIBUTE_CHOICE, .words = "ship|pickup"};
    atp_text_t word;

    (void)state;
    assert_true(atp_attribute_word(&rule, 1, &word) && atp_text_equal(word, ATP_TEXT("pickup")));
    assert_false(atp_attribute_word(&rule, 2, &word));
    assert_false(atp_attribute_word(&rule, -1, &word));
    assert_int_equal(atp_attribute_choice(&rule, ATP_TEXT("ship")), 0);
    assert_int_equal(atp_attribute_choice(&rule, ATP_TEXT("shi")), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_of_the_op_come_first_then_those_of_lines_in_order),
        cmocka_unit_test(a_line_that_does_not_exist_a_key_unknown_and_a_text_too_long_are_refused),
        cmocka_unit_test(a_key_that_goes_once_comes_once),
        cmocka_unit_test(a_kind_takes_no_key_that_is_not_its),
        cmocka_unit_test(every_key_has_a_name_of_its_own_and_every_kind_takes_only_such),
        cmocka_unit_test(a_kind_with_needed_keys_says_so),
        cmocka_unit_test(words_of_a_choice_are_numbered_from_zero),
    };
    return cmocka_run_group_tests_name("engine.base.attribute", tests, NULL, NULL);
}

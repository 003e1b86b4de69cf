/* B5, B6, B9: lines that leave their node open. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

#define NODES_MAX 4

/* A word of the attribute "split", + 1. */
typedef enum split_words { SPLIT_NOT_SAID = 0, SPLIT_YES = 1, SPLIT_NO = 2 } split_words_t;

/* A line of `sku` without a node, to be served by `nodes` in their order. */
typedef struct open_line {
    const char *sku;
    const char *qty;
    const char *nodes[NODES_MAX];
    split_words_t split;
} open_line_t;

/* The answer, and its plan as text: "one 10, two 3". */
typedef struct planned {
    atp_result_t result;
    char plan[256];
} planned_t;

static uint32_t fill_attributes(const open_line_t *open, atp_attribute_t *ret_attributes)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < NODES_MAX && open->nodes[i] != NULL; i++) {
        ret_attributes[count++] =
            (atp_attribute_t){.key = ATP_KEY_NODE, .line = ATP_WHOLE_OP, .text = atp_text_of(open->nodes[i])};
    }
    if (open->split != SPLIT_NOT_SAID) {
        ret_attributes[count++] =
            (atp_attribute_t){.key = ATP_KEY_SPLIT, .line = ATP_WHOLE_OP, .number = (int64_t)open->split - 1};
    }
    return count;
}

static void write_plan(const atp_grants_t *grants, planned_t *planned)
{
    size_t at = 0;

    for (uint32_t i = planned->result.line_count; i < grants->count; i++) {
        const atp_grant_t *grant = &grants->items[i];
        at +=
            (size_t)snprintf(planned->plan + at, sizeof planned->plan - at, "%s%.*s %lld", at > 0 ? ", " : "",
                             (int)grant->node_id.size, grant->node_id.bytes, (long long)grant->qty);
    }
}

/* Reserves, or asks what a reserve would get. */
static planned_t ask(acceptance_t *a, const open_line_t *open, bool is_promise)
{
    atp_attribute_t attributes[NODES_MAX + 1];
    atp_grant_t items[ACCEPTANCE_LINES_MAX];
    char texts[ACCEPTANCE_LINES_MAX * 2 * ATP_ID_SIZE_MAX];
    atp_grants_t grants = {
        .items = items, .capacity = ACCEPTANCE_LINES_MAX, .texts = texts, .text_capacity = sizeof texts};
    char id[ATP_ID_SIZE_MAX + 1];
    atp_command_line_t line = {.sku = atp_text_of(open->sku)};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(fresh_id(a, id)),
                             .line_count = 1,
                             .lines = &line,
                             .attribute_count = fill_attributes(open, attributes),
                             .attributes = attributes};
    planned_t planned = {.plan = ""};

    assert_true(atp_qty_parse(atp_text_of(open->qty), &line.mantissa, &line.decimals));
    atp_err_t err = is_promise ? atp_client_promise(a->client, &command, &planned.result, &grants, NULL)
                               : atp_client_call(a->client, &command, &planned.result, &grants, NULL);
    assert_int_equal(err, ATP_OK);
    write_plan(&grants, &planned);
    return planned;
}

/* What is promised is what is then granted. */
static planned_t promise_and_reserve(acceptance_t *a, const open_line_t *open)
{
    planned_t promised = ask(a, open, true);
    planned_t reserved = ask(a, open, false);

    assert_verdict(promised.result, reserved.result.verdict);
    assert_int_equal(promised.result.qty, reserved.result.qty);
    assert_string_equal(promised.plan, reserved.plan);
    return reserved;
}

static void b5_the_second_node_gives_what_the_first_has_not(void **state)
{
    acceptance_t *a = *state;
    const open_line_t open = {"b5", "13", {"b5-1", "b5-2"}, SPLIT_NOT_SAID};

    stock(a, "b5", "b5-1", "10");
    stock(a, "b5", "b5-2", "15");
    planned_t planned = promise_and_reserve(a, &open);
    assert_verdict(planned.result, ATP_APPLIED);
    assert_string_equal(planned.plan, "b5-1 10, b5-2 3"); /* not 13 */
    assert_int_equal(promisable(a, "b5", "b5-2"), 12);
}

static void b6_two_of_one_each_only_where_it_may_be_split(void **state)
{
    acceptance_t *a = *state;
    open_line_t open = {"b6", "2", {NULL}, SPLIT_NO};

    stock(a, "b6", "b6-a", "1");
    stock(a, "b6", "b6-b", "1");
    planned_t planned = promise_and_reserve(a, &open); /* the promise says no as well */
    assert_verdict(planned.result, ATP_SPLIT_NOT_ALLOWED);
    assert_int_equal(promisable(a, "b6", NULL), 2);
    open.split = SPLIT_YES;
    planned = promise_and_reserve(a, &open);
    assert_verdict(planned.result, ATP_APPLIED);
    assert_string_equal(planned.plan, "b6-a 1, b6-b 1");
    assert_int_equal(promisable(a, "b6", NULL), 0);
}

static void b9_exactly_a_hundred_or_nothing(void **state)
{
    acceptance_t *a = *state;
    const open_line_t open = {"b9", "100", {"b9-1", "b9-2", "b9-3"}, SPLIT_NOT_SAID};

    stock(a, "b9", "b9-1", "40");
    stock(a, "b9", "b9-2", "40");
    stock(a, "b9", "b9-3", "19");
    planned_t planned = promise_and_reserve(a, &open);
    assert_verdict(planned.result, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(promisable(a, "b9", NULL), 99);
    stock(a, "b9", "b9-3", "21");
    planned = promise_and_reserve(a, &open);
    assert_verdict(planned.result, ATP_APPLIED);
    assert_string_equal(planned.plan, "b9-1 40, b9-2 40, b9-3 20");
    assert_int_equal(promisable(a, "b9", NULL), 1);
}

static void a_promise_takes_reserves_only(void **state)
{
    acceptance_t *a = *state;
    const atp_command_t command = {.kind = ATP_OP_RELEASE, .reservation = ATP_TEXT("r")};
    atp_result_t result;

    assert_int_equal(atp_client_promise(a->client, &command, &result, NULL, NULL), ATP_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b5_the_second_node_gives_what_the_first_has_not),
        cmocka_unit_test(b6_two_of_one_each_only_where_it_may_be_split),
        cmocka_unit_test(b9_exactly_a_hundred_or_nothing),
        cmocka_unit_test(a_promise_takes_reserves_only),
    };
    return cmocka_run_group_tests_name("acceptance.sourcing", tests, acceptance_start, acceptance_stop);
}

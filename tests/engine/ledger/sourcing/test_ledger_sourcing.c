/* Lines that leave their node open: who is asked, in which order, and what comes of it. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <string.h>

/* Reserves lines without nodes, with attributes of the whole op in words. */
static atp_result_t source(fixture_t *f, const char *id, const char *channel, atp_reserve_mode_t mode,
                           const char *words, uint32_t line_count, const atp_command_line_t *lines)
{
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];
    uint32_t count = attributes_of(words, ATP_WHOLE_OP, attributes);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .channel = atp_text_of(channel),
                                         .option = (uint8_t)mode,
                                         .line_count = line_count,
                                         .lines = lines,
                                         .attribute_count = count,
                                         .attributes = attributes});
}

static atp_result_t source_one(fixture_t *f, const char *id, const char *words, atp_qty_t qty)
{
    atp_command_line_t line = line_of("S", "", qty);
    return source(f, id, "", ATP_RESERVE_ALL_OR_NOTHING, words, 1, &line);
}

/* The plan of the last answer: "A 10, B 3"; of several lines "0 A 10, 1 B 3". */
static const char *plan_of(const fixture_t *f)
{
    static char text[512];
    const atp_result_t *result = &f->result;
    int at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < result->plan_count; i++) {
        const atp_grant_t *grant = &f->grants[result->line_count + i];
        atp_text_t node = atp_catalog_node_id(atp_ledger_catalog(f->ledger), grant->node);
        at += snprintf(text + at, sizeof text - (size_t)at, "%s", i > 0 ? ", " : "");
        if (result->line_count > 1) {
            at += snprintf(text + at, sizeof text - (size_t)at, "%u ", grant->line);
        }
        at += snprintf(text + at, sizeof text - (size_t)at, "%.*s %lld", (int)node.size, node.bytes,
                       (long long)grant->qty);
    }
    return text;
}

#define assert_plan(result, expected)                                                                        \
    do {                                                                                                     \
        assert_verdict(result, ATP_APPLIED);                                                                 \
        assert_string_equal(plan_of(&f), expected);                                                          \
    } while (0)

/* S at A 10, B 15, C 4, D 40. */
static fixture_t open_with_stock(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 15);
    stock(&f, "S", "C", 4);
    stock(&f, "S", "D", 40);
    return f;
}

static void without_a_word_all_nodes_serve_in_their_order(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_plan(source_one(&f, "r", "", 27), "A 10, B 15, C 2");
    assert_int_equal(atp_of(&f, "S", "C"), 2);
    fixture_close(&f);
}

/* B5: 13 of 10 and 15 are 10 and 3. */
static void nodes_serve_in_the_order_they_are_named(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_plan(source_one(&f, "r1", "A B", 13), "A 10, B 3");
    assert_plan(source_one(&f, "r2", "D B", 45), "D 40, B 5");
    assert_refused(source_one(&f, "r3", "C C C", 5), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(source_one(&f, "r4", "nowhere", 1), ATP_UNKNOWN_NODE, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_group_serves_in_its_own_order(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_verdict(put_group(&f, "g", "C B"), ATP_APPLIED);
    assert_plan(source_one(&f, "r1", "group=g", 6), "C 4, B 2");
    assert_refused(source_one(&f, "r2", "group=g", 14), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(source_one(&f, "r3", "group=none", 1), ATP_UNKNOWN_GROUP, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_line_names_its_own_nodes_over_those_of_the_op(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    atp_attribute_t attributes[3];
    attributes_of("A", ATP_WHOLE_OP, &attributes[0]);
    attributes_of("D", 1, &attributes[1]);
    const atp_command_line_t lines[] = {line_of("S", "", 3), line_of("S", "", 5)};

    assert_plan(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                               .id = ATP_TEXT("r"),
                                               .line_count = 2,
                                               .lines = lines,
                                               .attribute_count = 2,
                                               .attributes = attributes}),
                "0 A 3, 1 D 5");
    fixture_close(&f);
}

static void a_channel_is_served_from_its_group_only(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    atp_command_line_t line = line_of("S", "", 12);

    assert_verdict(put_group(&f, "ship", "D A"), ATP_APPLIED);
    assert_verdict(put_group(&f, "shops", "C"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "ship_group=ship pickup_group=shops"), ATP_APPLIED);
    assert_plan(source(&f, "r1", "web", ATP_RESERVE_ALL_OR_NOTHING, "", 1, &line), "D 12");
    assert_refused(source(&f, "r2", "web", ATP_RESERVE_ALL_OR_NOTHING, "method=pickup", 1, &line),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    line = line_of("S", "", 4);
    assert_plan(source(&f, "r3", "web", ATP_RESERVE_ALL_OR_NOTHING, "method=pickup", 1, &line), "C 4");
    /* What the request names beyond the group is not asked. */
    assert_refused(source(&f, "r4", "web", ATP_RESERVE_ALL_OR_NOTHING, "B", 1, &line),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void each_strategy_has_its_own_order(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_verdict(reserve(&f, "held", "S", "A", 5), ATP_APPLIED); /* A 5, B 15, C 4, D 40 */
    assert_plan(source_one(&f, "stock", "strategy=stock", 45), "D 40, B 5");
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "stock"), ATP_APPLIED);
    assert_plan(source_one(&f, "fewest", "strategy=fewest", 20), "D 20");
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "fewest"), ATP_APPLIED);
    assert_plan(source_one(&f, "cost", "strategy=cost A:9 B:7 C:2 D:8", 20), "C 4, B 15, D 1");
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "cost"), ATP_APPLIED);
    assert_plan(source_one(&f, "balance1", "strategy=balance", 3), "B 3");
    assert_plan(source_one(&f, "balance2", "strategy=balance", 3), "C 3");
    assert_plan(source_one(&f, "balance3", "strategy=balance", 3), "D 3");
    assert_plan(source_one(&f, "balance4", "strategy=balance", 3), "B 3"); /* A holds 5, the others 3 each */
    fixture_close(&f);
}

static void a_group_says_what_its_nodes_cost(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_verdict(put_group(&f, "g", "A:9 D:8 B:7"), ATP_APPLIED);
    assert_plan(source_one(&f, "r", "group=g strategy=cost", 20), "B 15, D 5");
    fixture_close(&f);
}

/* B6 */
static void a_line_that_must_not_be_split_comes_from_one_node_or_not(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    stock(&f, "S", "A", 1);
    stock(&f, "S", "B", 1);

    assert_refused(source_one(&f, "r1", "split=no", 2), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_refused(source_one(&f, "r2", "split=no", 3), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_plan(source_one(&f, "r3", "", 2), "A 1, B 1");
    fixture_close(&f);
}

/* B9 */
static void exactly_a_hundred_or_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    stock(&f, "S", "A", 40);
    stock(&f, "S", "B", 40);
    stock(&f, "S", "C", 19);

    assert_refused(source_one(&f, "r1", "A B C", 100), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(atp_of(&f, "S", "A") + atp_of(&f, "S", "B") + atp_of(&f, "S", "C"), 99);
    stock(&f, "S", "C", 21);
    assert_plan(source_one(&f, "r2", "A B C", 100), "A 40, B 40, C 20");
    fixture_close(&f);
}

static void splits_are_bounded_in_number_and_size(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_plan(source_one(&f, "r1", "splits=2", 50), "D 40, B 10");
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r1"), ATP_APPLIED);
    assert_refused(source_one(&f, "r2", "splits=2", 56), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_plan(source_one(&f, "r3", "C A B split_least=5", 12), "A 7, B 5");
    assert_refused(source_one(&f, "r4", "splits=17", 1), ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_channel_says_how_where_the_request_does_not(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    atp_command_line_t line = line_of("S", "", 20);

    assert_verdict(put_channel_with(&f, "web", "strategy=stock split=no"), ATP_APPLIED);
    assert_plan(source(&f, "r1", "web", ATP_RESERVE_ALL_OR_NOTHING, "", 1, &line), "D 20");
    assert_plan(source(&f, "r2", "web", ATP_RESERVE_ALL_OR_NOTHING, "strategy=priority split=yes", 1, &line),
                "A 10, B 10");
    fixture_close(&f);
}

/* A has lines 0 and 1, B lines 1 and 2, C line 0, D line 2: A and B serve all, though C and D come first for two lines. */
static void the_fewest_nodes_serve_all_lines_of_an_op(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t lines[] = {line_of("X", "", 1), line_of("Y", "", 1), line_of("Z", "", 1)};
    stock(&f, "X", "C", 9);
    stock(&f, "Z", "D", 9);
    stock(&f, "X", "A", 1);
    stock(&f, "Y", "A", 1);
    stock(&f, "Y", "B", 1);
    stock(&f, "Z", "B", 1);

    assert_plan(source(&f, "r1", "", ATP_RESERVE_ALL_OR_NOTHING, "strategy=fewest", 3, lines),
                "0 A 1, 1 A 1, 2 B 1");
    fixture_close(&f);
}

static void lines_that_go_together_come_from_one_node(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t lines[] = {line_of("X", "", 2), line_of("Y", "", 2)};
    const atp_command_line_t twice[] = {line_of("X", "", 2), line_of("X", "", 2)};
    stock(&f, "X", "A", 9);
    stock(&f, "Y", "B", 9);
    stock(&f, "X", "C", 3);
    stock(&f, "Y", "C", 2);

    assert_plan(source(&f, "r1", "", ATP_RESERVE_ALL_OR_NOTHING, "split=together", 2, lines), "0 C 2, 1 C 2");
    assert_refused(source(&f, "r2", "", ATP_RESERVE_ALL_OR_NOTHING, "split=together", 2, lines),
                   ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_refused(source(&f, "r3", "", ATP_RESERVE_ALL_OR_NOTHING, "method=pickup", 2, lines),
                   ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_plan(source(&f, "r4", "", ATP_RESERVE_ALL_OR_NOTHING, "split=together C A", 2, twice),
                "0 A 2, 1 A 2");
    fixture_close(&f);
}

static void in_part_a_line_takes_what_its_splits_let_it(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    atp_command_line_t line = line_of("S", "", 100);

    atp_result_t result = source(&f, "r1", "", ATP_RESERVE_PARTIAL, "splits=2", 1, &line);
    assert_verdict(result, ATP_APPLIED_IN_PART);
    assert_string_equal(plan_of(&f), "D 40, B 15");
    result = source(&f, "r2", "", ATP_RESERVE_PARTIAL, "", 1, &line);
    assert_verdict(result, ATP_APPLIED_IN_PART);
    assert_int_equal(result.qty, 14);
    fixture_close(&f);
}

static void the_same_request_again_gets_the_same_plan(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    f.issued_ms = f.now_ms;

    assert_plan(source_one(&f, "r", "splits=2", 50), "D 40, B 10");
    atp_result_t again = source_one(&f, "r", "splits=2", 50);
    assert_true(again.is_repeat);
    assert_string_equal(plan_of(&f), "D 40, B 10");
    assert_refused(source_one(&f, "r", "splits=3", 50), ATP_CONFLICT, ATP_FIELD_OPTION);
    fixture_close(&f);
}

/* What a reserve like that would be answered: f->result and f->grants, as if it had been one. */
static atp_result_t promise_one(fixture_t *f, const char *words, atp_qty_t qty)
{
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];
    atp_command_line_t line = line_of("S", "", qty);
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("promise"),
                             .issued_ms = f->now_ms,
                             .line_count = 1,
                             .lines = &line,
                             .attribute_count = attributes_of(words, ATP_WHOLE_OP, attributes),
                             .attributes = attributes};
    uint64_t hash = atp_ledger_hash(f->ledger);

    assert_int_equal(fixture_encode(f, command, &f->result), ATP_APPLIED);
    atp_ledger_promise(f->ledger, f->record, f->now_ms, &f->result, f->grants);
    assert_true(hash == atp_ledger_hash(f->ledger)); /* not a bit */
    fixture_check(f);
    return f->result;
}

static void a_promise_says_what_the_reserve_then_gets(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();
    assert_verdict(source_one(&f, "r0", "", 1), ATP_APPLIED);

    assert_plan(promise_one(&f, "splits=2", 50), "D 40, B 10");
    assert_plan(promise_one(&f, "splits=2", 50), "D 40, B 10"); /* nothing was taken by the first */
    assert_plan(source_one(&f, "r1", "splits=2", 50), "D 40, B 10");
    assert_refused(promise_one(&f, "split=no", 12), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_refused(source_one(&f, "r2", "split=no", 12), ATP_SPLIT_NOT_ALLOWED, ATP_FIELD_QTY);
    assert_refused(promise_one(&f, "group=none", 1), ATP_UNKNOWN_GROUP, ATP_FIELD_ATTRIBUTE);
    assert_plan(source_one(&f, "r3", "", 12), "A 9, B 3"); /* the question left nothing behind */
    fixture_close(&f);
}

static void a_promise_settles_nothing_that_is_due(void **state)
{
    (void)state;
    fixture_t f = open_with_stock();

    assert_verdict(reserve_for(&f, "due", "S", "D", 40, 1000), ATP_APPLIED);
    f.now_ms += 1000;
    assert_refused(promise_one(&f, "D", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(settle(&f, "S", "D"), ATP_APPLIED);
    assert_plan(promise_one(&f, "D", 1), "D 1");
    fixture_close(&f);
}

/* A8: two groups share Z; what P took of it is not there for Q. */
static void groups_that_overlap_share_what_is_there(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    stock(&f, "S", "X", 10);
    stock(&f, "S", "Z", 5);

    assert_verdict(put_group(&f, "p", "X Z"), ATP_APPLIED);
    assert_verdict(put_group(&f, "q", "Z"), ATP_APPLIED);
    assert_plan(source_one(&f, "r1", "group=p", 15), "X 10, Z 5");
    assert_refused(source_one(&f, "r2", "group=q", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_word_all_nodes_serve_in_their_order),
        cmocka_unit_test(nodes_serve_in_the_order_they_are_named),
        cmocka_unit_test(a_group_serves_in_its_own_order),
        cmocka_unit_test(a_line_names_its_own_nodes_over_those_of_the_op),
        cmocka_unit_test(a_channel_is_served_from_its_group_only),
        cmocka_unit_test(each_strategy_has_its_own_order),
        cmocka_unit_test(a_group_says_what_its_nodes_cost),
        cmocka_unit_test(a_line_that_must_not_be_split_comes_from_one_node_or_not),
        cmocka_unit_test(exactly_a_hundred_or_nothing),
        cmocka_unit_test(splits_are_bounded_in_number_and_size),
        cmocka_unit_test(a_channel_says_how_where_the_request_does_not),
        cmocka_unit_test(the_fewest_nodes_serve_all_lines_of_an_op),
        cmocka_unit_test(lines_that_go_together_come_from_one_node),
        cmocka_unit_test(in_part_a_line_takes_what_its_splits_let_it),
        cmocka_unit_test(the_same_request_again_gets_the_same_plan),
        cmocka_unit_test(a_promise_says_what_the_reserve_then_gets),
        cmocka_unit_test(a_promise_settles_nothing_that_is_due),
        cmocka_unit_test(groups_that_overlap_share_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Kits: recipes, what can be put together of what is there, and reservations of it. Acceptance B3 and B7. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/ledger_priv.h"

#include <stdio.h>
#include <string.h>

/* ---- counting ---- */

static void a_kit_is_the_least_whole_multiple_of_its_components(void **state) /* B3 */
{
    (void)state;
    fixture_t f = open_with_kit();

    assert_int_equal(kits_at(&f, "K", "N"), 2);
    assert_verdict(reserve(&f, "r", "K", "N", 2), ATP_APPLIED);
    assert_int_equal(f.result.qty, 2);
    assert_int_equal(atp_of(&f, "A", "N"), 1);
    assert_int_equal(atp_of(&f, "B", "N"), 7);
    assert_int_equal(kits_at(&f, "K", "N"), 0);
    assert_refused(reserve(&f, "c", "A", "N", 2), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(reserve(&f, "k", "K", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void components_at_two_nodes_make_no_kit(void **state) /* B7 */
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t three = line_of("K", "", 3);
    const atp_command_line_t two = line_of("K", "", 2);

    stock(&f, "C", "N1", 3);
    stock(&f, "C", "N2", 3);
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "K", "C=2"), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "K", "N1"), 1);
    assert_int_equal(kits_at(&f, "K", "N2"), 1);
    assert_refused(reserve_lines(&f, "three", ATP_RESERVE_ALL_OR_NOTHING, 1, &three),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(reserved_of(&f, "C", "N1"), 0);
    assert_verdict(reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 1, &two), ATP_APPLIED);
    assert_int_equal(f.result.qty, 2);
    assert_int_equal(f.result.plan_count, 2);
    assert_int_equal(f.grants[0].qty, 2);
    assert_int_equal(f.grants[1].qty, 1);
    assert_int_equal(f.grants[2].qty, 1);
    assert_int_equal(reserved_of(&f, "C", "N1"), 2);
    assert_int_equal(reserved_of(&f, "C", "N2"), 2);
    fixture_close(&f);
}

static void stocked_kits_go_first(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    stock(&f, "K", "N", 3);
    assert_int_equal(kits_at(&f, "K", "N"), 5);
    assert_verdict(reserve(&f, "r", "K", "N", 2), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "K", "N"), 2);
    assert_int_equal(reserved_of(&f, "A", "N"), 0);
    assert_verdict(reserve(&f, "s", "K", "N", 3), ATP_APPLIED);
    assert_int_equal(f.result.qty, 3);
    assert_int_equal(reserved_of(&f, "K", "N"), 3);
    assert_int_equal(reserved_of(&f, "A", "N"), 4);
    assert_int_equal(reserved_of(&f, "B", "N"), 2);
    fixture_close(&f);
}

static void a_nested_kit_is_taken_from_its_shelf_first_and_put_together_then(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "screw", "N", 10);
    stock(&f, "wheel", "N", 2);
    stock(&f, "frame", "N", 5);
    put_sku(&f, "bike", 0);
    assert_verdict(put_kit(&f, "wheel", "screw=4"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "bike", "frame=1 wheel=2 screw=1"), ATP_APPLIED);
    /* one from the shelf: 1 screw. A second: two wheels put together, 8 screws, and 1: 10 in all. */
    assert_int_equal(kits_at(&f, "bike", "N"), 2);
    assert_verdict(reserve(&f, "r", "bike", "N", 2), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "wheel", "N"), 2);
    assert_int_equal(reserved_of(&f, "screw", "N"), 10);
    assert_int_equal(reserved_of(&f, "frame", "N"), 2);
    fixture_close(&f);
}

static void a_screw_that_two_nested_kits_want_is_counted_once(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "screw", "N", 9);
    put_sku(&f, "left", 0);
    put_sku(&f, "right", 0);
    put_sku(&f, "pair", 0);
    assert_verdict(put_kit(&f, "left", "screw=2"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "right", "screw=2"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "pair", "left=1 right=1"), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "left", "N"), 4);
    assert_int_equal(kits_at(&f, "pair", "N"), 2);
    assert_refused(reserve(&f, "three", "pair", "N", 3), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve(&f, "two", "pair", "N", 2), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "screw", "N"), 8);
    fixture_close(&f);
}

static void lines_of_one_request_share_what_there_is(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();
    const atp_command_line_t kit_then_part[] = {line_of("K", "N", 2), line_of("A", "N", 2)};
    const atp_command_line_t part_then_kit[] = {line_of("A", "N", 2), line_of("K", "N", 2)};

    assert_refused(reserve_lines(&f, "r1", ATP_RESERVE_ALL_OR_NOTHING, 2, kit_then_part),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    assert_refused(reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, 2, part_then_kit),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(f.result.line, 1);
    assert_int_equal(reserved_of(&f, "A", "N"), 0);
    assert_verdict(reserve_lines(&f, "r3", ATP_RESERVE_PARTIAL, 2, part_then_kit), ATP_APPLIED_IN_PART);
    assert_int_equal(f.grants[0].qty, 2);
    assert_int_equal(f.grants[1].qty, 1); /* a whole one */
    assert_int_equal(reserved_of(&f, "A", "N"), 4);
    assert_int_equal(reserved_of(&f, "B", "N"), 1);
    fixture_close(&f);
}

static void the_same_request_again_gets_the_same_grants(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();
    const atp_command_line_t lines[] = {line_of("K", "N", 3), line_of("B", "N", 1)};

    stock(&f, "K", "N", 1);
    assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_int_equal(f.grants[0].qty, 3);
    assert_verdict(put_kit(&f, "K", ""), ATP_APPLIED);
    atp_command_t again = {.kind = ATP_OP_RESERVE, .id = atp_text_of("r"), .line_count = 2, .lines = lines};
    atp_result_t result = fixture_do(&f, again);
    assert_verdict(result, ATP_APPLIED);
    assert_true(result.is_repeat);
    assert_int_equal(f.grants[0].qty, 3);
    assert_int_equal(f.grants[1].qty, 1);
    fixture_close(&f);
}

static void a_node_that_is_not_open_makes_no_kits(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    put_node(&f, "N", ATP_NODE_PAUSED);
    assert_int_equal(kits_at(&f, "K", "N"), 0);
    assert_refused(reserve(&f, "r", "K", "N", 1), ATP_NODE_NOT_OPEN, ATP_FIELD_NODE);
    fixture_close(&f);
}

static void what_has_expired_makes_kits_again(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    assert_verdict(reserve_for(&f, "r", "K", "N", 2, 1000), ATP_APPLIED);
    f.now_ms += 999;
    assert_refused(reserve(&f, "early", "K", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    f.now_ms += 1;
    assert_verdict(reserve(&f, "late", "K", "N", 2), ATP_APPLIED);
    fixture_close(&f);
}

static void a_kit_in_parts_is_put_together_whole(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t half = {
        .sku = ATP_TEXT("cloth"), .node = ATP_TEXT("N"), .mantissa = 15, .decimals = 1};
    const atp_command_line_t too_much = {
        .sku = ATP_TEXT("cloth"), .node = ATP_TEXT("N"), .mantissa = 18, .decimals = 1};

    put_sku(&f, "cloth", 1);
    stock(&f, "yarn", "N", 3);
    assert_verdict(put_kit(&f, "cloth", "yarn=3"), ATP_APPLIED);
    atp_command_t count = {.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1};
    const atp_command_line_t seven = {
        .sku = ATP_TEXT("cloth"), .node = ATP_TEXT("N"), .mantissa = 7, .decimals = 1};
    count.lines = &seven;
    assert_verdict(fixture_do(&f, count), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "cloth", "N"), 17);
    assert_refused(reserve_lines(&f, "r1", ATP_RESERVE_ALL_OR_NOTHING, 1, &too_much),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(reserve_lines(&f, "r2", ATP_RESERVE_ALL_OR_NOTHING, 1, &half), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "cloth", "N"), 5);
    assert_int_equal(reserved_of(&f, "yarn", "N"), 3);
    fixture_close(&f);
}

/* ---- recipes ---- */

static void a_kit_cannot_be_part_of_itself(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    for (unsigned i = 0; i < 4; i++) {
        put_sku(&f, (const char *[]){"A", "B", "C", "D"}[i], 0);
    }
    assert_refused(put_kit(&f, "A", "A=1"), ATP_KIT_CYCLE, ATP_FIELD_LINES);
    assert_verdict(put_kit(&f, "A", "B=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "B", "C=1"), ATP_APPLIED);
    assert_refused(put_kit(&f, "C", "D=1 A=1"), ATP_KIT_CYCLE, ATP_FIELD_LINES);
    assert_int_equal(f.result.line, 1);
    assert_verdict(put_kit(&f, "B", "D=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "C", "D=1 A=1"), ATP_APPLIED); /* B is no way back any more */
    fixture_close(&f);
}

static void kits_nest_eight_deep_and_no_deeper_from_either_end(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    char names[12][4];
    char recipe[8];

    for (unsigned i = 0; i < 12; i++) {
        snprintf(names[i], sizeof names[i], "L%u", i);
        put_sku(&f, names[i], 0);
    }
    for (unsigned i = 1; i <= ATP_KIT_DEPTH_MAX; i++) {
        snprintf(recipe, sizeof recipe, "L%u=1", i - 1);
        assert_verdict(put_kit(&f, names[i], recipe), ATP_APPLIED);
    }
    assert_refused(put_kit(&f, "L9", "L8=1"), ATP_KIT_TOO_LARGE, ATP_FIELD_LINES);
    assert_refused(put_kit(&f, "L0", "L10=1"), ATP_KIT_TOO_LARGE, ATP_FIELD_LINES);
    assert_verdict(put_kit(&f, "L4", ""), ATP_APPLIED); /* cut in two */
    assert_verdict(put_kit(&f, "L0", "L10=1"), ATP_APPLIED);
    assert_refused(put_kit(&f, "L4", "L3=1"), ATP_KIT_TOO_LARGE, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void a_kit_has_so_many_components_in_all(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.components = 64;
    fixture_t f = fixture_open(&config);

    /* 8 times 8 times 8, and 8 times 8, and 8: 584 entries */
    put_sku(&f, "S", 0);
    put_sku(&f, "T1", 0);
    put_sku(&f, "T2", 0);
    put_sku(&f, "T3", 0);
    assert_verdict(put_kit(&f, "T1", "S=1 S=1 S=1 S=1 S=1 S=1 S=1 S=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "T2", "T1=1 T1=1 T1=1 T1=1 T1=1 T1=1 T1=1 T1=1"), ATP_APPLIED);
    assert_refused(put_kit(&f, "T3", "T2=1 T2=1 T2=1 T2=1 T2=1 T2=1 T2=1 T2=1"), ATP_KIT_TOO_LARGE,
                   ATP_FIELD_LINES);
    assert_int_equal(f.result.line, 7);
    assert_verdict(put_kit(&f, "T3", "T2=1 T2=1 T2=1 T2=1 T2=1 T2=1 T2=1"), ATP_APPLIED);
    stock(&f, "S", "N", 7 * 64 * 2 + 7);
    assert_int_equal(kits_at(&f, "T3", "N"), 2);
    assert_verdict(reserve(&f, "r", "T3", "N", 2), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "S", "N"), 7 * 64 * 2);
    fixture_close(&f);
}

static void the_tables_of_kits_are_bounded(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.kits = 1;
    config.components = 2;
    fixture_t f = fixture_open(&config);

    put_sku(&f, "A", 0);
    put_sku(&f, "K", 0);
    put_sku(&f, "L", 0);
    assert_verdict(put_kit(&f, "L", ""), ATP_APPLIED); /* it never was one: takes no place */
    assert_refused(put_kit(&f, "K", "A=1 A=2 A=3"), ATP_COMPONENTS_FULL, ATP_FIELD_LINES);
    assert_verdict(put_kit(&f, "K", "A=1 A=2"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "K", "A=3 A=4"), ATP_APPLIED); /* its own places count as free */
    assert_refused(put_kit(&f, "L", "A=1"), ATP_KITS_FULL, ATP_FIELD_LINES);
    assert_verdict(put_kit(&f, "K", ""), ATP_APPLIED);
    assert_refused(put_kit(&f, "L", "A=1"), ATP_KITS_FULL, ATP_FIELD_LINES);
    assert_verdict(put_kit(&f, "K", "A=1"), ATP_APPLIED);
    fixture_close(&f);
}

static void a_bad_recipe_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    assert_refused(put_kit(&f, "K", "A=1 X=1"), ATP_UNKNOWN_SKU, ATP_FIELD_SKU);
    assert_refused(put_kit(&f, "X", "A=1"), ATP_UNKNOWN_SKU, ATP_FIELD_SUBJECT);
    assert_refused(put_kit(&f, "K", "A=0"), ATP_QTY_MUST_BE_POSITIVE, ATP_FIELD_QTY);
    const atp_command_line_t with_node = line_of("A", "N", 1);
    const atp_command_line_t half = {.sku = ATP_TEXT("A"), .mantissa = 5, .decimals = 1};
    atp_command_t command = {
        .kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 1, .lines = &with_node};
    assert_refused(fixture_do(&f, command), ATP_ID_INVALID, ATP_FIELD_NODE);
    command.lines = &half;
    assert_refused(fixture_do(&f, command), ATP_QTY_TOO_PRECISE, ATP_FIELD_QTY);
    assert_int_equal(kits_at(&f, "K", "N"), 2);
    fixture_close(&f);
}

static atp_result_t put_dated(fixture_t *f, const char *component, int64_t start_ms, int64_t end_ms)
{
    const atp_command_line_t line = line_of(component, "", 1);
    const atp_attribute_t dates[] = {{.key = ATP_KEY_START, .number = start_ms},
                                     {.key = ATP_KEY_END, .number = end_ms}};

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_KIT,
                                         .subject = ATP_TEXT("K"),
                                         .line_count = 1,
                                         .lines = &line,
                                         .attribute_count = 2,
                                         .attributes = dates});
}

/* Each of several kits with half a nested one in it was put together with a whole one, though one had been counted for two of
 * them: the components were promised twice. */
static void a_nested_kit_is_in_another_whole(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t part = {.sku = ATP_TEXT("H"), .mantissa = 5, .decimals = 1};
    const atp_command_t half = {
        .kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 1, .lines = &part};

    stock(&f, "C", "N", 3);
    put_sku(&f, "H", 1);
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "H", "C=1"), ATP_APPLIED);
    assert_refused(fixture_do(&f, half), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(put_kit(&f, "H", ""), ATP_APPLIED);
    assert_verdict(fixture_do(&f, half), ATP_APPLIED); /* of a SKU that is no kit any part will do */
    assert_refused(put_kit(&f, "H", "C=1"), ATP_NOT_IN_INCREMENTS, ATP_FIELD_SUBJECT);
    part.mantissa = 10;
    assert_verdict(fixture_do(&f, half), ATP_APPLIED);
    assert_verdict(put_kit(&f, "H", "C=1"), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "K", "N"), 3);
    assert_verdict(reserve(&f, "all", "K", "N", 3), ATP_APPLIED);
    assert_int_equal(atp_of(&f, "C", "N"), 0);
    fixture_close(&f);
}

static void a_component_counts_from_its_start_to_its_end(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();
    int64_t start = f.now_ms + 1000;

    assert_refused(put_dated(&f, "A", start, start), ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    assert_verdict(put_dated(&f, "A", start, start + 1000), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "K", "N"), 0);
    assert_refused(reserve(&f, "early", "K", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    f.now_ms = start;
    assert_int_equal(kits_at(&f, "K", "N"), 5);
    assert_verdict(reserve(&f, "in time", "K", "N", 1), ATP_APPLIED);
    f.now_ms = start + 1000;
    assert_int_equal(kits_at(&f, "K", "N"), 0);
    assert_refused(reserve(&f, "late", "K", "N", 1), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void the_scale_of_a_component_is_fixed_while_a_recipe_counts_in_it(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    put_sku(&f, "A", 0);
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "K", "A=2"), ATP_APPLIED);
    assert_refused(put_sku(&f, "A", 2), ATP_SCALE_IN_USE, ATP_FIELD_OPTION);
    assert_verdict(put_kit(&f, "K", ""), ATP_APPLIED);
    assert_verdict(put_sku(&f, "A", 2), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- after the reserve ---- */

static void the_recipe_is_frozen_when_it_is_reserved(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    assert_verdict(reserve(&f, "r", "K", "N", 2), ATP_APPLIED);
    assert_verdict(put_kit(&f, "K", "B=1"), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "K", "N"), 7);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r", "K", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 3);
    assert_int_equal(view_of(&f, "B", "N").on_hand, 8);
    fixture_close(&f);
}

static void a_step_that_names_the_kit_moves_its_components_in_proportion(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    stock(&f, "K", "N", 1);
    assert_verdict(reserve(&f, "r", "K", "N", 3), ATP_APPLIED); /* 1 stocked, 2 put together */
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "K", "N", 2), ATP_APPLIED);
    assert_int_equal(f.result.qty, 2);
    assert_int_equal(reserved_of(&f, "K", "N"), 0);
    assert_int_equal(reserved_of(&f, "A", "N"), 2);
    assert_int_equal(reserved_of(&f, "B", "N"), 1);
    assert_refused(step_line(&f, ATP_OP_RELEASE, "r", "K", "N", 2), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "K", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "A", "N").allocated, 2);
    assert_refused(step_line(&f, ATP_OP_RELEASE, "r", "K", "N", 1), ATP_ALREADY_ALLOCATED, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void kits_allocated_in_part_give_the_rest_back(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    stock(&f, "K", "N", 1);
    assert_verdict(reserve(&f, "r", "K", "N", 3), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "K", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "K", "N").allocated, 1);
    assert_int_equal(reserved_of(&f, "A", "N"), 0);
    assert_int_equal(reserved_of(&f, "B", "N"), 0);
    assert_int_equal(kits_at(&f, "K", "N"), 2);
    fixture_close(&f);
}

static void a_step_may_name_a_component(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    assert_verdict(reserve(&f, "r", "K", "N", 2), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "A", "N", 2), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "A", "N"), 2);
    /* one kit is whole yet */
    assert_refused(step_line(&f, ATP_OP_RELEASE, "r", "K", "N", 2), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "K", "N", 1), ATP_APPLIED);
    assert_int_equal(reserved_of(&f, "A", "N"), 0);
    assert_int_equal(reserved_of(&f, "B", "N"), 1);
    fixture_close(&f);
}

static void steps_of_all_kits_move_all_units_however_they_are_cut(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    /* Three kits of 2 wheels, 1 of them stocked: 5 wheels put together, 5 screws for 3 kits. */
    stock(&f, "screw", "N", 5);
    stock(&f, "wheel", "N", 1);
    put_sku(&f, "bike", 0);
    assert_verdict(put_kit(&f, "wheel", "screw=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "bike", "wheel=2"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "bike", "N", 3), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "bike", "N", 1), ATP_APPLIED);
    }
    assert_int_equal(reserved_of(&f, "screw", "N"), 0);
    assert_int_equal(reserved_of(&f, "wheel", "N"), 0);
    assert_refused(step_line(&f, ATP_OP_RELEASE, "r", "bike", "N", 1), ATP_ALREADY_RELEASED, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void a_kit_that_has_left_takes_its_components_along(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();

    stock(&f, "K", "N", 1);
    assert_verdict(reserve(&f, "r", "K", "N", 3), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r", "K", "N", 3), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "r", "K", "N", 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "K", "N").on_hand, 0);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 3);
    assert_int_equal(view_of(&f, "A", "N").allocated, 2);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_verdict(ship_fact(&f, "r", "K", "N", 2), ATP_APPLIED); /* one more than was left */
    assert_int_equal(view_of(&f, "A", "N").on_hand, -1);
    assert_int_equal(view_of(&f, "K", "N").on_hand, 0); /* it was put together as well */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION);
    fixture_close(&f);
}

static void a_full_reservation_refuses_the_kit_whole(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.lines_per_reservation = 3;
    fixture_t f = fixture_open(&config);

    for (unsigned i = 0; i < 3; i++) {
        stock(&f, (const char *[]){"A", "B", "C"}[i], "N", 9);
    }
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "K", "A=1 B=1 C=1"), ATP_APPLIED);
    assert_refused(reserve(&f, "r", "K", "N", 1), ATP_TOO_MANY_LINES, ATP_FIELD_LINES);
    assert_int_equal(reserved_of(&f, "A", "N"), 0);
    assert_verdict(put_kit(&f, "K", "A=1 B=1"), ATP_APPLIED);
    assert_verdict(reserve(&f, "s", "K", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

/* The sentence must begin with the number. */
static void expect_broken(const fixture_t *f, const char *number)
{
    atp_why_t why = {""};

    assert_int_equal(atp_ledger_check(f->ledger, &why), ATP_ERR_CORRUPT);
    if (strncmp(why.text, number, strlen(number)) != 0) {
        fail_msg("%s was broken, and what it says is: %s", number, why.text);
    }
}

static void kits_that_are_broken_are_named(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();
    atp_kits_t *kits = &f.ledger->kits;

    assert_verdict(put_kit(&f, "K", "A=2 B=1 A=1"), ATP_APPLIED);
    assert_verdict(put_kit(&f, "K", "A=2 B=1"), ATP_APPLIED); /* one place is free */
    assert_verdict(reserve(&f, "r", "K", "N", 1), ATP_APPLIED);
    atp_kit_t *kit = atp_table_at(&kits->records, 0);
    atp_component_t *component = atp_table_at(&kits->components, atp_load_relaxed(&kit->first) - 1);
    atp_progress_t *progress = atp_table_at(&f.ledger->reservations.progress.records, 0);
    atp_store_relaxed(&component->qty, 0);
    expect_broken(&f, "K1");
    atp_store_relaxed(&component->qty, 2);
    atp_store_relaxed(&kit->count, 3);
    expect_broken(&f, "K1");
    atp_store_relaxed(&kit->count, 2);
    atp_store_relaxed(&kit->level, 2);
    expect_broken(&f, "K2");
    atp_store_relaxed(&kit->level, 1);
    kit->entries++;
    expect_broken(&f, "K2");
    kit->entries--;
    component->previous_use++;
    expect_broken(&f, "K3");
    component->previous_use--;
    kits->heads->free_count++;
    expect_broken(&f, "K4");
    kits->heads->free_count--;
    progress->kits++;
    expect_broken(&f, "K5");
    progress->kits--;
    fixture_close(&f);
}

/* ---- what a SKU is used in ---- */

static void note_kit(void *context, uint32_t sku)
{
    char *seen = context;
    size_t at = strlen(seen);

    snprintf(seen + at, 32 - at, " %u", sku);
}

static const char *kits_above(const fixture_t *f, const char *sku_id, char ret_seen[32])
{
    uint64_t seed = atp_ledger_seed(f->ledger);
    atp_text_t id = atp_text_of(sku_id);
    uint32_t sku;

    ret_seen[0] = '\0';
    assert_true(atp_catalog_find_sku(atp_ledger_catalog(f->ledger), id, atp_hash_text(id, seed), &sku));
    assert_true(atp_availability_kits_above(f->ledger, sku, note_kit, ret_seen));
    return ret_seen;
}

static void the_kits_above_a_sku_are_found(void **state)
{
    (void)state;
    fixture_t f = open_with_kit(); /* A 0, B 1, K 2 */
    char seen[32];
    uint32_t sku;

    put_sku(&f, "L", 0); /* 3 */
    assert_string_equal(kits_above(&f, "A", seen), " 2");
    assert_string_equal(kits_above(&f, "K", seen), "");
    assert_verdict(put_kit(&f, "L", "K=1 B=1"), ATP_APPLIED);
    assert_string_equal(kits_above(&f, "A", seen), " 2 3");
    assert_string_equal(kits_above(&f, "K", seen), " 3");
    assert_string_equal(kits_above(&f, "B", seen), " 3 2 3");
    assert_verdict(put_kit(&f, "K", "A=2"), ATP_APPLIED);
    assert_string_equal(kits_above(&f, "B", seen), " 3");
    assert_int_equal(atp_kits_changes(&f.ledger->kits), 3);
    assert_true(atp_kits_changed(&f.ledger->kits, 1, &sku));
    assert_int_equal(sku, 3);
    fixture_close(&f);
}

static void only_the_newest_changes_of_recipes_are_kept(void **state)
{
    (void)state;
    fixture_t f = open_with_kit();
    uint32_t sku;

    f.is_unchecked = true;
    for (unsigned i = 1; i < ATP_KITS_CHANGED_MAX; i++) {
        f.now_ms++;
        assert_verdict(put_kit(&f, "K", "A=2"), ATP_APPLIED);
    }
    assert_true(atp_kits_changed(&f.ledger->kits, 1, &sku));
    assert_verdict(put_kit(&f, "K", "A=1"), ATP_APPLIED);
    assert_false(atp_kits_changed(&f.ledger->kits, 0, &sku));
    assert_true(atp_kits_changed(&f.ledger->kits, 2, &sku));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kit_is_the_least_whole_multiple_of_its_components),
        cmocka_unit_test(components_at_two_nodes_make_no_kit),
        cmocka_unit_test(stocked_kits_go_first),
        cmocka_unit_test(a_nested_kit_is_taken_from_its_shelf_first_and_put_together_then),
        cmocka_unit_test(a_screw_that_two_nested_kits_want_is_counted_once),
        cmocka_unit_test(lines_of_one_request_share_what_there_is),
        cmocka_unit_test(the_same_request_again_gets_the_same_grants),
        cmocka_unit_test(a_node_that_is_not_open_makes_no_kits),
        cmocka_unit_test(what_has_expired_makes_kits_again),
        cmocka_unit_test(a_kit_in_parts_is_put_together_whole),
        cmocka_unit_test(a_kit_cannot_be_part_of_itself),
        cmocka_unit_test(kits_nest_eight_deep_and_no_deeper_from_either_end),
        cmocka_unit_test(a_kit_has_so_many_components_in_all),
        cmocka_unit_test(the_tables_of_kits_are_bounded),
        cmocka_unit_test(a_bad_recipe_is_refused_and_changes_nothing),
        cmocka_unit_test(a_nested_kit_is_in_another_whole),
        cmocka_unit_test(a_component_counts_from_its_start_to_its_end),
        cmocka_unit_test(the_scale_of_a_component_is_fixed_while_a_recipe_counts_in_it),
        cmocka_unit_test(the_recipe_is_frozen_when_it_is_reserved),
        cmocka_unit_test(a_step_that_names_the_kit_moves_its_components_in_proportion),
        cmocka_unit_test(kits_allocated_in_part_give_the_rest_back),
        cmocka_unit_test(a_step_may_name_a_component),
        cmocka_unit_test(steps_of_all_kits_move_all_units_however_they_are_cut),
        cmocka_unit_test(a_kit_that_has_left_takes_its_components_along),
        cmocka_unit_test(the_kits_above_a_sku_are_found),
        cmocka_unit_test(only_the_newest_changes_of_recipes_are_kept),
        cmocka_unit_test(kits_that_are_broken_are_named),
        cmocka_unit_test(a_full_reservation_refuses_the_kit_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

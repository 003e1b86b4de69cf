/* B3, B7: kits, through the wire. */
#include "tests/acceptance/acceptance.h"

static void put_kit(acceptance_t *a, const char *kit, const atp_command_line_t *lines, uint32_t count)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_command_t command = {.kind = ATP_OP_KIT,
                             .id = atp_text_of(fresh_id(a, id)),
                             .subject = atp_text_of(kit),
                             .line_count = count,
                             .lines = lines};

    assert_int_equal(call(a, &command, NULL).verdict, ATP_APPLIED);
}

static void b3_a_kit_takes_its_components_and_they_are_gone_for_others(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t recipe[] = {{.sku = ATP_TEXT("b3-A"), .mantissa = 2},
                                         {.sku = ATP_TEXT("b3-B"), .mantissa = 1}};

    stock(a, "b3-A", "N", "5");
    stock(a, "b3-B", "N", "9");
    sku(a, "b3-K", 0);
    put_kit(a, "b3-K", recipe, 2);
    assert_int_equal(promisable(a, "b3-K", "N"), 2);
    assert_int_equal(promisable(a, "b3-K", NULL), 2);
    atp_result_t result = hold(a, "b3-r", "b3-K", "N", "2");
    assert_int_equal(result.verdict, ATP_APPLIED);
    assert_int_equal(result.qty, 2);
    assert_int_equal(promisable(a, "b3-A", "N"), 1);
    assert_int_equal(promisable(a, "b3-K", "N"), 0);
    assert_int_equal(hold(a, "b3-a", "b3-A", "N", "2").verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(hold(a, "b3-k", "b3-K", "N", "1").verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(hold(a, "b3-b", "b3-A", "N", "1").verdict, ATP_APPLIED);
}

static void b7_components_at_two_nodes_make_a_kit_at_each_and_no_third(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t recipe = {.sku = ATP_TEXT("b7-C"), .mantissa = 2};

    stock(a, "b7-C", "N1", "3");
    stock(a, "b7-C", "N2", "3");
    sku(a, "b7-K", 0);
    put_kit(a, "b7-K", &recipe, 1);
    assert_int_equal(promisable(a, "b7-K", "N1"), 1);
    assert_int_equal(promisable(a, "b7-K", "N2"), 1);
    assert_int_equal(promisable(a, "b7-K", NULL), 2);
    assert_int_equal(hold(a, "b7-3", "b7-K", "", "3").verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(hold(a, "b7-2", "b7-K", "", "2").verdict, ATP_APPLIED);
    assert_int_equal(promisable(a, "b7-C", "N1"), 1);
    assert_int_equal(promisable(a, "b7-C", "N2"), 1);
    assert_int_equal(promisable(a, "b7-K", NULL), 0);
}

static atp_result_t edit(acceptance_t *a, const char *reservation, const char *sku, const char *node,
                         int64_t qty)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node), .mantissa = qty};
    const atp_command_t command = {.kind = ATP_OP_EDIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .reservation = atp_text_of(reservation),
                                   .line_count = 1,
                                   .lines = &line};
    return call(a, &command, NULL);
}

static void an_edit_of_kits_moves_their_components(void **state) /* A5, B3 */
{
    acceptance_t *a = *state;
    const atp_command_line_t recipe[] = {{.sku = ATP_TEXT("ek-A"), .mantissa = 2},
                                         {.sku = ATP_TEXT("ek-B"), .mantissa = 1}};

    stock(a, "ek-A", "N1", "6");
    stock(a, "ek-B", "N1", "6");
    stock(a, "ek-A", "N2", "2");
    stock(a, "ek-B", "N2", "1");
    sku(a, "ek-K", 0);
    put_kit(a, "ek-K", recipe, 2);
    assert_int_equal(hold(a, "ek-r", "ek-K", "N1", "2").verdict, ATP_APPLIED);
    assert_int_equal(edit(a, "ek-r", "ek-K", "N1", 3).qty, 3);
    assert_int_equal(promisable(a, "ek-A", "N1"), 0);
    assert_int_equal(edit(a, "ek-r", "ek-K", "N1", 4).verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(edit(a, "ek-r", "ek-K", "", 4).qty, 4); /* the fourth from N2 */
    assert_int_equal(promisable(a, "ek-K", NULL), 0);
    assert_int_equal(edit(a, "ek-r", "ek-K", "", 1).qty, 1);
    assert_int_equal(promisable(a, "ek-K", "N1"), 2);
    assert_int_equal(promisable(a, "ek-K", "N2"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b3_a_kit_takes_its_components_and_they_are_gone_for_others),
        cmocka_unit_test(b7_components_at_two_nodes_make_a_kit_at_each_and_no_third),
        cmocka_unit_test(an_edit_of_kits_moves_their_components),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

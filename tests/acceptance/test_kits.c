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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b3_a_kit_takes_its_components_and_they_are_gone_for_others),
        cmocka_unit_test(b7_components_at_two_nodes_make_a_kit_at_each_and_no_third),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

/* Kits counted in decimals: any part of those on a shelf, whole ones put together. What can be had is exactly: no more than there is,
 * and the part of one that is asked for is on a shelf. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include <stdio.h>

#define UNIT 10 /* of K, scale 1 */

static fixture_t f;

/* K is one C; N and M have neither. */
static int set_up(void **state)
{
    (void)state;
    f = fixture_open(NULL);
    assert_verdict(put_sku(&f, "K", 1), ATP_APPLIED);
    assert_verdict(put_sku(&f, "C", 0), ATP_APPLIED);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_kit(&f, "K", "C=1"), ATP_APPLIED);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

/* On hand is so much from now on. */
static void put_there(const char *sku, const char *node, atp_qty_t qty, uint8_t decimals)
{
    const atp_command_line_t line = {atp_text_of(sku), atp_text_of(node), qty, decimals};
    atp_verdict_t verdict =
        (atp_verdict_t)fixture_do(
            &f, (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line})
            .verdict;

    assert_true(atp_verdict_is_success(verdict));
}

static atp_result_t want(const char *id, const char *node, atp_qty_t tenths, atp_reserve_mode_t mode)
{
    const atp_command_line_t line = {ATP_TEXT("K"), atp_text_of(node), tenths, 1};

    return fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                          .id = atp_text_of(id),
                                          .option = (uint8_t)mode,
                                          .line_count = 1,
                                          .lines = &line});
}

static atp_qty_t reserved(const char *sku, const char *node)
{
    return view_of(&f, sku, node).reserved;
}

static void four_of_two_point_one_here_and_two_put_together_elsewhere(void **state)
{
    (void)state;
    put_there("K", "N", 21, 1);
    put_there("C", "M", 2, 0);
    assert_int_equal(kits_at(&f, "K", "N") + kits_at(&f, "K", "M"), 41);
    assert_verdict(want("r1", "", 40, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(reserved("K", "N"), 20);
    assert_int_equal(reserved("C", "M"), 2);
    assert_refused(want("r2", "", 2, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(want("r3", "", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
}

static void the_part_of_one_that_is_on_no_shelf_is_refused_by_name(void **state)
{
    (void)state;
    put_there("K", "N", 3, 1);
    put_there("C", "N", 2, 0);
    assert_refused(want("r1", "N", 15, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_refused(want("r2", "", 15, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_refused(want("r3", "", 25, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(want("r4", "N", 25, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    atp_result_t part = want("r5", "", 15, ATP_RESERVE_PARTIAL);
    assert_verdict(part, ATP_APPLIED_IN_PART);
    assert_int_equal(part.qty, 13);
    assert_verdict(want("r6", "N", 10, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
}

/* On the shelves of N and M, and components there. */
typedef struct there {
    atp_qty_t shelf[2];
    atp_qty_t parts[2];
} there_t;

static void look_at(const there_t *there)
{
    static const char *const nodes[] = {"N", "M"};
    static unsigned next;
    atp_qty_t shelf = there->shelf[0] + there->shelf[1];
    atp_qty_t all = shelf + (there->parts[0] + there->parts[1]) * UNIT;

    for (unsigned i = 0; i < 2; i++) {
        put_there("K", nodes[i], there->shelf[i], 1);
        put_there("C", nodes[i], there->parts[i], 0);
    }
    for (atp_qty_t qty = 1; qty <= all + UNIT; qty++) {
        char id[16];
        bool is_there = qty <= all && qty % UNIT <= shelf;
        snprintf(id, sizeof id, "q%u", next++);
        atp_result_t result = want(id, "", qty, ATP_RESERVE_ALL_OR_NOTHING);
        assert_verdict(result, is_there     ? ATP_APPLIED
                               : qty <= all ? ATP_NOT_IN_INCREMENTS
                                            : ATP_NOT_ENOUGH_AVAILABLE);
        if (is_there) {
            assert_int_equal(reserved("K", "N") + reserved("K", "M") +
                                 UNIT * (reserved("C", "N") + reserved("C", "M")),
                             qty);
            assert_verdict(step_all(&f, ATP_OP_RELEASE, id), ATP_APPLIED);
        }
    }
}

static void just_what_shelves_and_parts_make_up_can_be_had(void **state)
{
    static const there_t places[] = {{{21, 0}, {0, 2}}, {{3, 0}, {2, 0}}, {{3, 4}, {1, 1}}, {{0, 5}, {2, 0}},
                                     {{10, 0}, {1, 1}}, {{6, 6}, {0, 0}}, {{6, 6}, {0, 3}}, {{9, 9}, {1, 0}}};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        look_at(&places[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_of_two_point_one_here_and_two_put_together_elsewhere, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_part_of_one_that_is_on_no_shelf_is_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(just_what_shelves_and_parts_make_up_can_be_had, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

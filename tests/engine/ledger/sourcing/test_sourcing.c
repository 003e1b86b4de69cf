/* The arithmetic of sourcing, by hand and against brute force on small random cases. */
#include "engine/ledger/sourcing/sourcing.h"

#include "tests/test.h"

#include <string.h>

static uint64_t seed = 20261121;

static atp_qty_t below(atp_qty_t limit)
{
    return (atp_qty_t)(test_random(&seed) % (uint64_t)limit);
}

/* Candidates 0, 1, 2, ... with so much each, in that order. */
static uint32_t nodes_with(const atp_qty_t *free, uint32_t count, atp_candidate_t *ret_candidates)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < count; i++) {
        if (free[i] > 0) {
            ret_candidates[kept++] = (atp_candidate_t){.key = i, .free = free[i], .node = (uint16_t)i};
        }
    }
    return kept;
}

#define CHOOSE(sourcing, wanted, ...)                                                                        \
    const atp_qty_t free[] = {__VA_ARGS__};                                                                  \
    atp_candidate_t candidates[8];                                                                           \
    atp_pick_t picks[ATP_SPLITS_PER_LINE_MAX];                                                               \
    bool is_whole;                                                                                           \
    uint32_t count = nodes_with(free, sizeof free / sizeof free[0], candidates);                             \
    count = atp_sourcing_choose(candidates, count, &(sourcing), wanted, picks, &is_whole)

static void expect_pick(const atp_pick_t *pick, uint16_t node, atp_qty_t qty)
{
    assert_int_equal(pick->node, node);
    assert_int_equal(pick->qty, qty);
}

static const atp_sourcing_t in_order = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_YES, ATP_SPLITS_PER_LINE_MAX, 0};

static void the_first_gives_what_it_has_and_the_next_the_rest(void **state)
{
    (void)state;
    CHOOSE(in_order, 13, 10, 15);
    assert_true(is_whole);
    assert_int_equal(count, 2);
    expect_pick(&picks[0], 0, 10);
    expect_pick(&picks[1], 1, 3);
}

static void one_node_is_the_first_that_has_all(void **state)
{
    (void)state;
    const atp_sourcing_t unsplit = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_NO, 1, 0};
    CHOOSE(unsplit, 13, 10, 15, 20);
    assert_true(is_whole);
    assert_int_equal(count, 1);
    expect_pick(&picks[0], 1, 13);
}

static void without_one_that_has_all_the_one_with_most_gives_a_part(void **state)
{
    (void)state;
    const atp_sourcing_t unsplit = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_NO, 1, 0};
    CHOOSE(unsplit, 30, 10, 15, 15);
    assert_false(is_whole);
    assert_int_equal(count, 1);
    expect_pick(&picks[0], 1, 15);
}

static void the_order_gives_way_when_the_splits_do_not_reach(void **state)
{
    (void)state;
    const atp_sourcing_t two = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_YES, 2, 0};
    CHOOSE(two, 13, 1, 2, 8, 6);
    assert_true(is_whole);
    assert_int_equal(count, 2);
    expect_pick(&picks[0], 2, 8);
    expect_pick(&picks[1], 3, 5);
}

static void no_piece_is_smaller_than_the_least(void **state)
{
    (void)state;
    const atp_sourcing_t fives = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_YES, 16, 5};
    CHOOSE(fives, 13, 10, 4, 9);
    assert_true(is_whole);
    assert_int_equal(count, 2);
    expect_pick(&picks[0], 0, 8); /* two less than it has: the other one must get five */
    expect_pick(&picks[1], 2, 5);
}

static void a_line_smaller_than_the_least_is_one_piece(void **state)
{
    (void)state;
    const atp_sourcing_t fives = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_YES, 16, 5};
    CHOOSE(fives, 3, 2, 3);
    assert_true(is_whole);
    assert_int_equal(count, 1);
    expect_pick(&picks[0], 1, 3);
}

/* Whether some allowed split serves the line: every subset of nodes. */
static bool can_be_served(const atp_qty_t *free, uint32_t count, const atp_sourcing_t *sourcing,
                          atp_qty_t wanted, atp_qty_t *ret_most)
{
    bool is_whole = false;

    *ret_most = 0;
    for (uint32_t set = 1; set < 1u << count; set++) {
        atp_qty_t sum = 0;
        atp_qty_t pieces = __builtin_popcount(set);
        bool is_allowed = pieces <= sourcing->splits;
        for (uint32_t i = 0; i < count; i++) {
            if (set >> i & 1) {
                sum += free[i];
                is_allowed = is_allowed && free[i] > 0 && (pieces == 1 || free[i] >= sourcing->least);
            }
        }
        is_allowed = is_allowed && (pieces == 1 || pieces * sourcing->least <= wanted);
        if (pieces == 1 && sum < wanted && sum < sourcing->least) {
            is_allowed = false; /* a part is a split: its rest would have to come from elsewhere */
        }
        is_whole = is_whole || (is_allowed && sum >= wanted);
        *ret_most = is_allowed && sum <= wanted && sum > *ret_most ? sum : *ret_most;
    }
    return is_whole;
}

static void a_line_is_served_whenever_any_allowed_split_serves_it(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        atp_qty_t free[7];
        atp_candidate_t candidates[7];
        atp_pick_t picks[ATP_SPLITS_PER_LINE_MAX];
        atp_sourcing_t sourcing = {ATP_STRATEGY_PRIORITY, ATP_SPLIT_YES, 1 + (uint32_t)below(5), below(4)};
        atp_qty_t wanted = 1 + below(20);
        atp_qty_t most;
        bool is_whole;

        for (unsigned i = 0; i < 7; i++) {
            free[i] = below(9);
        }
        uint32_t count = nodes_with(free, 7, candidates);
        for (uint32_t i = 0; i < count; i++) {
            candidates[i].key = below(4);
        }
        count = atp_sourcing_choose(candidates, count, &sourcing, wanted, picks, &is_whole);
        assert_int_equal(is_whole, can_be_served(free, 7, &sourcing, wanted, &most));
        assert_true(count <= sourcing.splits);
        atp_qty_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            assert_true(picks[i].qty > 0 && picks[i].qty <= free[picks[i].node]);
            assert_true(count == 1 || picks[i].qty >= sourcing.least);
            for (uint32_t j = 0; j < i; j++) {
                assert_true(picks[j].node != picks[i].node);
            }
            sum += picks[i].qty;
        }
        assert_true(is_whole ? sum == wanted : sum < wanted);
    }
}

/* ---- the fewest nodes for several lines ---- */

static bool serves(const atp_search_t *search, uint32_t set)
{
    for (uint32_t line = 0; line < search->line_count; line++) {
        atp_qty_t most[ATP_SEARCH_NODES_MAX] = {0};
        uint32_t count = 0;
        atp_qty_t sum = 0;
        for (uint32_t node = 0; node < search->node_count; node++) {
            uint32_t at = count;
            if ((set >> node & 1) == 0) {
                continue;
            }
            for (; at > 0 && most[at - 1] < search->free[line][node]; at--) {
                most[at] = most[at - 1];
            }
            most[at] = search->free[line][node];
            count++;
        }
        for (uint32_t i = 0; i < count && i < search->splits; i++) {
            sum += most[i];
        }
        if (sum < search->wanted[line]) {
            return false;
        }
    }
    return true;
}

static void no_smaller_set_of_nodes_serves_all_lines(void **state)
{
    (void)state;
    unsigned found = 0;

    for (unsigned round = 0; round < 5000; round++) {
        atp_search_t search = {.line_count = 1 + (uint32_t)below(4),
                               .node_count = 1 + (uint32_t)below(7),
                               .splits = 1 + (uint32_t)below(4)};
        int fewest = -1;
        for (uint32_t line = 0; line < search.line_count; line++) {
            search.wanted[line] = 1 + below(12);
            for (uint32_t node = 0; node < search.node_count; node++) {
                search.free[line][node] = below(10);
            }
        }
        for (uint32_t set = 1; set < 1u << search.node_count; set++) {
            int size = __builtin_popcount(set);
            fewest = serves(&search, set) && (fewest < 0 || size < fewest) ? size : fewest;
        }
        uint32_t set = atp_sourcing_search(&search, 0);
        assert_int_equal(set == 0 ? -1 : __builtin_popcount(set), fewest);
        assert_true(set == 0 || serves(&search, set));
        found += set != 0;
    }
    assert_true(found > 1000);
}

static void nodes_that_ship_anyway_come_for_nothing(void **state)
{
    (void)state;
    atp_search_t search = {.line_count = 1, .node_count = 3, .splits = 16, .wanted = {5}};

    search.free[0][0] = 5;
    search.free[0][2] = 5;
    assert_int_equal(atp_sourcing_search(&search, 0), 1);
    assert_int_equal(atp_sourcing_search(&search, 4), 4);
    search.free[0][2] = 2;
    assert_int_equal(atp_sourcing_search(&search, 4), 5);
}

static void a_search_of_the_largest_size_ends(void **state)
{
    (void)state;
    atp_search_t search = {.line_count = 16, .node_count = 16, .splits = 16};

    for (unsigned line = 0; line < 16; line++) {
        search.wanted[line] = 16;
        for (unsigned node = 0; node < 16; node++) {
            search.free[line][node] = 1; /* only all of them together would do */
        }
    }
    assert_int_equal(atp_sourcing_search(&search, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_gives_what_it_has_and_the_next_the_rest),
        cmocka_unit_test(one_node_is_the_first_that_has_all),
        cmocka_unit_test(without_one_that_has_all_the_one_with_most_gives_a_part),
        cmocka_unit_test(the_order_gives_way_when_the_splits_do_not_reach),
        cmocka_unit_test(no_piece_is_smaller_than_the_least),
        cmocka_unit_test(a_line_smaller_than_the_least_is_one_piece),
        cmocka_unit_test(a_line_is_served_whenever_any_allowed_split_serves_it),
        cmocka_unit_test(no_smaller_set_of_nodes_serves_all_lines),
        cmocka_unit_test(nodes_that_ship_anyway_come_for_nothing),
        cmocka_unit_test(a_search_of_the_largest_size_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

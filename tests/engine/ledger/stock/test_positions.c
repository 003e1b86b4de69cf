/* engine/ledger/stock/positions.h: rows and the directories that lead to them. */
#include "tests/test.h"

#include "engine/ledger/stock/positions.h"

#include <stdlib.h>
#include <string.h>

static void a_position_that_was_never_added_is_not_found(void **state)
{
    (void)state;
    atp_positions_t positions;
    uint32_t row = 77;

    assert_int_equal(atp_positions_init(&positions, 10, 10), ATP_OK);
    assert_false(atp_positions_find(&positions, 3, 0, &row));
    assert_int_equal(atp_positions_list(&positions, 3, &row, 1), 0);
    assert_false(atp_positions_guess(&positions, 3, 0, &row));
    atp_positions_prefetch_entry(&positions, 3, 9);
    atp_positions_add(&positions, 2, 5);
    assert_false(atp_positions_find(&positions, 3, 5, &row)); /* another SKU's directory is not ours */
    assert_false(atp_positions_find(&positions, 2, 6, &row));
    assert_int_equal(row, 77); /* untouched */
    atp_positions_fini(&positions);
}

static void a_new_row_is_empty_and_never_expires(void **state)
{
    (void)state;
    atp_positions_t positions;
    atp_position_view_t view;

    assert_int_equal(atp_positions_init(&positions, 10, 10), ATP_OK);
    uint32_t row = atp_positions_add(&positions, 4, 9);
    atp_positions_read(&positions, row, &view);
    assert_int_equal(view.sku, 4);
    assert_int_equal(view.node, 9);
    assert_int_equal(view.on_hand, 0);
    assert_int_equal(atp_view_atp(&view), 0);
    assert_true(view.soonest_deadline_ms == ATP_NEVER_MS);
    atp_positions_fini(&positions);
}

static void the_formulas_are_those_of_the_header(void **state)
{
    (void)state;
    atp_position_view_t view = {
        .on_hand = 100, .unavailable = 7, .reserved = 20, .allocated = 30, .safety = 50};

    assert_int_equal(atp_view_uncommitted(&view), 43);
    assert_int_equal(atp_view_atp(&view), -7);
}

static void the_scale_stands_beside_the_directory_and_survives_its_growth(void **state)
{
    (void)state;
    atp_positions_t positions;
    uint32_t row;

    assert_int_equal(atp_positions_init(&positions, 10, 1000), ATP_OK);
    atp_positions_set_scale(&positions, 1, 3);
    for (uint16_t node = 0; node < 300; node++) {
        atp_positions_add(&positions, 1, node);
        assert_int_equal(atp_positions_scale(&positions, 1), 3);
    }
    atp_positions_set_scale(&positions, 1, 6);
    assert_int_equal(atp_positions_scale(&positions, 1), 6);
    assert_true(atp_positions_find(&positions, 1, 299, &row));
    assert_int_equal(row, 299);
    atp_positions_fini(&positions);
}

static void nodes_that_meet_in_a_directory_are_told_apart(void **state)
{
    (void)state;
    static const uint16_t nodes[] = {0, 4, 8, 12, 16, 65532, 3, 7, 65535, 1};
    atp_positions_t positions;
    uint32_t row;

    assert_int_equal(atp_positions_init(&positions, 1, 100), ATP_OK);
    for (uint32_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        assert_int_equal(atp_positions_add(&positions, 0, nodes[i]), i);
        for (uint32_t j = 0; j <= i; j++) {
            assert_true(atp_positions_find(&positions, 0, nodes[j], &row));
            assert_int_equal(row, j);
        }
        assert_false(atp_positions_find(&positions, 0, 20, &row));
    }
    atp_positions_fini(&positions);
}

static void one_sku_can_be_at_every_node_there_can_be(void **state)
{
    (void)state;
    enum { NODES = 65535 };
    atp_positions_t positions;
    uint32_t row;
    uint32_t *rows = calloc(NODES, sizeof *rows);

    assert_non_null(rows);
    assert_int_equal(atp_positions_init(&positions, 2, NODES), ATP_OK);
    for (uint32_t i = 0; i < NODES; i++) {
        atp_positions_add(&positions, 1, (uint16_t)(i * 32779u % NODES)); /* in no order */
    }
    for (uint32_t node = 0; node < NODES; node++) {
        assert_true(atp_positions_find(&positions, 1, (uint16_t)node, &row));
        assert_int_equal(atp_positions_at(&positions, row)->node, node);
    }
    assert_false(atp_positions_find(&positions, 1, 65535, &row));
    assert_int_equal(atp_positions_list(&positions, 1, rows, NODES), NODES);
    assert_int_equal(atp_positions_list(&positions, 1, rows, 5), NODES); /* more than fit: told */
    free(rows);
    atp_positions_fini(&positions);
}

/* However the rows come, the memory set aside for directories is enough: add would assert. */
static void directories_fit_in_any_order_of_growth(void **state)
{
    (void)state;
    enum { SKUS = 64, NODES = 500, ROWS = SKUS * NODES };
    atp_positions_t positions;
    uint64_t seed = 0xd12;

    for (unsigned shape = 0; shape < 4; shape++) {
        uint16_t next[SKUS] = {0};
        assert_int_equal(atp_positions_init(&positions, SKUS, ROWS), ATP_OK);
        for (uint32_t i = 0; i < ROWS; i++) {
            uint32_t sku = shape == 0   ? i / NODES
                           : shape == 1 ? i % SKUS
                           : shape == 2 ? (uint32_t)(test_random(&seed) % SKUS)
                                        : (uint32_t)(test_random(&seed) % (1 + test_random(&seed) % SKUS));
            atp_positions_add(&positions, sku, next[sku]++);
        }
        uint32_t listed = 0;
        for (uint32_t sku = 0; sku < SKUS; sku++) {
            listed += atp_positions_list(&positions, sku, NULL, 0);
        }
        assert_int_equal(listed, ROWS);
        assert_true(positions.entries_used <= 5 * ROWS); /* 6 a row are set aside */
        atp_positions_fini(&positions);
    }
}

/* All SKUs growing in step is the worst case: the blocks that all of them outgrew are left over. */
static void memory_per_position_is_within_budget_at_forty_nodes(void **state)
{
    (void)state;
    enum { SKUS = 1000, NODES = 40, ROWS = SKUS * NODES };
    atp_positions_t positions;

    assert_int_equal(atp_positions_init(&positions, SKUS, ROWS), ATP_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        atp_positions_add(&positions, i / NODES, (uint16_t)(i % NODES));
    }
    assert_true(atp_positions_bytes(&positions) <= ROWS * 80);
    atp_positions_fini(&positions);
    assert_int_equal(atp_positions_init(&positions, SKUS, ROWS), ATP_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        atp_positions_add(&positions, i % SKUS, (uint16_t)(i / SKUS));
    }
    assert_true(atp_positions_bytes(&positions) <= ROWS * 90);
    atp_positions_fini(&positions);
}

static void rebuilt_directories_find_the_same_rows(void **state)
{
    (void)state;
    atp_positions_t positions;
    atp_positions_t rebuilt;
    uint64_t seed = 0x2eb;

    assert_int_equal(atp_positions_init(&positions, 20, 2000), ATP_OK);
    assert_int_equal(atp_positions_init(&rebuilt, 20, 2000), ATP_OK);
    for (unsigned i = 0; i < 2000; i++) {
        uint32_t sku = (uint32_t)(test_random(&seed) % 20);
        uint16_t node = (uint16_t)(test_random(&seed) % 200);
        uint32_t row;
        if (!atp_positions_find(&positions, sku, node, &row)) {
            row = atp_positions_add(&positions, sku, node);
        }
    }
    uint64_t count = atp_table_count(&positions.rows);
    for (uint64_t piece = 0; piece < atp_table_piece_count(&positions.rows); piece++) {
        uint32_t size = atp_table_piece_size(&positions.rows);
        assert_int_equal(
            atp_table_restore_piece(&rebuilt.rows, piece, positions.rows.base + piece * size, size), ATP_OK);
    }
    assert_int_equal(atp_table_restore_count(&rebuilt.rows, count), ATP_OK);
    atp_positions_rebuild(&rebuilt);
    for (uint32_t i = 0; i < count; i++) {
        const atp_position_t *position = atp_positions_at(&positions, i);
        uint32_t row;
        assert_true(atp_positions_find(&rebuilt, position->sku, position->node, &row));
        assert_int_equal(row, i);
    }
    atp_positions_fini(&positions);
    atp_positions_fini(&rebuilt);
}

static void a_guess_is_right_or_none(void **state)
{
    (void)state;
    atp_positions_t positions;
    uint64_t seed = 0x9e55;

    assert_int_equal(atp_positions_init(&positions, 50, 5000), ATP_OK);
    for (unsigned i = 0; i < 5000; i++) {
        uint32_t sku = (uint32_t)(test_random(&seed) % 50);
        uint16_t node = (uint16_t)(test_random(&seed) % 400);
        uint32_t guess = UINT32_MAX;
        uint32_t row = UINT32_MAX;
        bool is_there = atp_positions_find(&positions, sku, node, &row);
        if (atp_positions_guess(&positions, sku, node, &guess)) {
            /* a SKU without a directory may guess a row of another: a hint, and inside the table */
            assert_true(guess < atp_table_count(&positions.rows));
        } else {
            assert_int_equal(guess, UINT32_MAX); /* untouched */
        }
        if (!is_there) {
            atp_positions_add(&positions, sku, node);
        }
    }
    atp_positions_fini(&positions);
}

static void adding_past_the_capacity_is_a_bug(void **state)
{
    (void)state;
    atp_positions_t positions;

    assert_int_equal(atp_positions_init(&positions, 4, 1), ATP_OK);
    atp_positions_add(&positions, 0, 0);
    assert_aborts(atp_positions_add(&positions, 0, 1));
    atp_positions_fini(&positions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_position_that_was_never_added_is_not_found),
        cmocka_unit_test(a_new_row_is_empty_and_never_expires),
        cmocka_unit_test(the_formulas_are_those_of_the_header),
        cmocka_unit_test(the_scale_stands_beside_the_directory_and_survives_its_growth),
        cmocka_unit_test(nodes_that_meet_in_a_directory_are_told_apart),
        cmocka_unit_test(one_sku_can_be_at_every_node_there_can_be),
        cmocka_unit_test(directories_fit_in_any_order_of_growth),
        cmocka_unit_test(memory_per_position_is_within_budget_at_forty_nodes),
        cmocka_unit_test(rebuilt_directories_find_the_same_rows),
        cmocka_unit_test(a_guess_is_right_or_none),
        cmocka_unit_test(adding_past_the_capacity_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

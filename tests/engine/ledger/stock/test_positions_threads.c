/* Readers of rows, directories and the ledger's stamp beside a writer at full speed. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a row is never torn ---- */

/* How long it goes on: a race needs its chance, and a sanitizer its time. */
#ifdef ATP_UNDER_TSAN
#define READS_LEAST 300000
#define ROUNDS      1
#else
#define READS_LEAST 4000000
#define ROUNDS      12
#endif

typedef struct rows {
    atp_positions_t positions;
    _Atomic bool is_over;
    _Atomic uint64_t reads;
} rows_t;

static rows_t rows;

/* Every field follows from on_hand. */
static void write_row(uint32_t row, int64_t n)
{
    atp_position_t *position = atp_positions_begin_change(&rows.positions, row);

    atp_store_relaxed(&position->on_hand, n);
    atp_store_relaxed(&position->unavailable, 2 * n);
    atp_store_relaxed(&position->reserved, 3 * n + 1);
    atp_store_relaxed(&position->allocated, ~n);
    atp_store_relaxed(&position->safety, n ^ 0x3333);
    atp_store_relaxed(&position->soonest_deadline_ms, n ^ 0x5555);
    atp_positions_end_change(position);
}

static void assert_whole(const atp_position_view_t *view)
{
    int64_t n = view->on_hand;

    ATP_ASSERT(view->unavailable == 2 * n && view->reserved == 3 * n + 1 && view->allocated == ~n &&
               view->safety == (n ^ 0x3333) && view->soonest_deadline_ms == (n ^ 0x5555));
}

static void *read_rows(void *context)
{
    int64_t newest[2] = {0, 0};

    (void)context;
    while (!atp_load_relaxed(&rows.is_over)) {
        for (uint32_t row = 0; row < 2; row++) {
            atp_position_view_t view;
            atp_positions_read(&rows.positions, row, &view);
            assert_whole(&view);
            ATP_ASSERT(view.on_hand >= newest[row]); /* R: never back */
            newest[row] = view.on_hand;
        }
        (void)atp_fetch_add_relaxed(&rows.reads, 1);
    }
    return NULL;
}

static void a_row_read_beside_the_writer_is_a_row_once_written(void **state)
{
    (void)state;
    pthread_t readers[2];

    assert_int_equal(atp_positions_init(&rows.positions, 4, 4), ATP_OK);
    for (uint32_t row = 0; row < 2; row++) {
        atp_positions_add(&rows.positions, 0, (uint16_t)row);
        write_row(row, 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_rows, NULL), 0);
    }
    for (int64_t n = 1; atp_load_relaxed(&rows.reads) < READS_LEAST; n++) {
        write_row((uint32_t)n % 2, n);
    }
    atp_store_relaxed(&rows.is_over, true);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    atp_positions_fini(&rows.positions);
}

/* ---- a directory that grows loses nothing ---- */

#define NODES 60u
#define SKUS  4000u /* each outgrows four directories, whose blocks others take */

typedef struct directories {
    atp_positions_t positions;
    _Atomic uint32_t published; /* nodes below are at every SKU */
    _Atomic uint32_t current;   /* the SKU that is being added to: where it is worth looking */
    _Atomic uint64_t reads;
} directories_t;

static directories_t directories;

static void *read_directories(void *context)
{
    uint64_t seed = (uint64_t)(uintptr_t)context;
    uint32_t *listed = calloc(NODES, sizeof *listed);
    uint32_t published = 0;

    ATP_ASSERT(listed != NULL);
    while (published < NODES) {
        published = atp_load_acquire(&directories.published);
        uint32_t sku = (atp_load_relaxed(&directories.current) + (uint32_t)(test_random(&seed) % 3)) % SKUS;
        uint16_t node = (uint16_t)(test_random(&seed) % NODES);
        uint32_t row;
        if (atp_positions_find(&directories.positions, sku, node, &row)) {
            atp_position_view_t view;
            atp_positions_read(&directories.positions, row, &view);
            ATP_ASSERT(view.sku == sku && view.node == node); /* P6: that row and no other */
        } else {
            ATP_ASSERT(node >= published); /* none missed */
        }
        uint32_t count = atp_positions_list(&directories.positions, sku, listed, NODES);
        ATP_ASSERT(count >= published && count <= NODES);
        ATP_ASSERT(count == 0 || atp_positions_at(&directories.positions, listed[count / 2])->sku == sku);
        (void)atp_fetch_add_relaxed(&directories.reads, 1);
    }
    free(listed);
    return NULL;
}

static void grow_directories_beside_readers(void)
{
    pthread_t readers[2];

    atp_store_relaxed(&directories.published, 0);
    assert_int_equal(atp_positions_init(&directories.positions, SKUS, SKUS * NODES), ATP_OK);
    for (uintptr_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_directories, (void *)(i + 1)), 0);
    }
    for (uint32_t node = 0; node < NODES; node++) {
        for (uint32_t sku = 0; sku < SKUS; sku++) {
            atp_store_relaxed(&directories.current, sku);
            atp_positions_add(&directories.positions, sku, (uint16_t)node);
        }
        atp_store_release(&directories.published, node + 1);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    }
    atp_positions_fini(&directories.positions);
}

static void a_directory_read_while_it_grows_misses_no_row_and_shows_no_others(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        grow_directories_beside_readers();
    }
    assert_true(atp_load_relaxed(&directories.reads) > 0);
}

/* ---- rows of one op ---- */

typedef struct stamped {
    fixture_t f;
    _Atomic bool is_over;
    _Atomic uint64_t consistent;
} stamped_t;

static stamped_t stamped;

/* Every op of the writer keeps reserved of A equal to reserved of B. */
static void *read_two_rows_as_of_one_op(void *context)
{
    const atp_positions_t *positions = atp_ledger_positions(stamped.f.ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(stamped.f.ledger);
    uint64_t seed = atp_ledger_seed(stamped.f.ledger);
    uint64_t newest = 0;

    (void)context;
    while (!atp_load_relaxed(&stamped.is_over)) {
        uint32_t sku = 0;
        uint16_t node = 0;
        uint32_t row_a = 0;
        uint32_t row_b = 0;
        atp_position_view_t a;
        atp_position_view_t b;
        ATP_ASSERT(atp_catalog_find_sku(catalog, ATP_TEXT("A"), atp_hash_text(ATP_TEXT("A"), seed), &sku));
        ATP_ASSERT(atp_catalog_find_node(catalog, ATP_TEXT("N"), atp_hash_text(ATP_TEXT("N"), seed), &node));
        ATP_ASSERT(atp_catalog_node_state(catalog, node) == ATP_NODE_OPEN);
        uint64_t stamp = atp_ledger_stamp(stamped.f.ledger);
        ATP_ASSERT(atp_positions_find(positions, sku, node, &row_a));
        ATP_ASSERT(atp_positions_find(positions, sku + 1, node, &row_b));
        atp_positions_read(positions, row_a, &a);
        atp_positions_read(positions, row_b, &b);
        if (atp_ledger_stamp_holds(stamped.f.ledger, stamp)) {
            ATP_ASSERT(a.reserved == b.reserved && stamp >= newest);
            newest = stamp;
            (void)atp_fetch_add_relaxed(&stamped.consistent, 1);
        }
    }
    return NULL;
}

static void rows_between_two_equal_stamps_are_of_one_op(void **state)
{
    (void)state;
    pthread_t readers[2];
    atp_command_line_t lines[] = {line_of("A", "N", 1), line_of("B", "N", 1)};
    atp_ledger_config_t config = fixture_config();
    unsigned i = 0;

    config.ids_per_client = UINT64_MAX;
    stamped.f = fixture_open(&config);
    stock(&stamped.f, "A", "N", 100);
    stock(&stamped.f, "B", "N", 100);
    stamped.f.is_unchecked = true;
    for (unsigned r = 0; r < 2; r++) {
        assert_int_equal(pthread_create(&readers[r], NULL, read_two_rows_as_of_one_op, NULL), 0);
    }
    for (; i < 20000 || (atp_load_relaxed(&stamped.consistent) < 100 && i < 2000000); i++) {
        char id[24];
        snprintf(id, sizeof id, "r%u", i);
        stamped.f.now_ms += 10;
        assert_verdict(reserve_lines(&stamped.f, id, ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
        assert_verdict(step_all(&stamped.f, ATP_OP_RELEASE, id), ATP_APPLIED);
        snprintf(id, sizeof id, "sku%u", i); /* and names come beside them */
        put_sku(&stamped.f, id, 0);          /* until there is no room for more */
    }
    atp_store_relaxed(&stamped.is_over, true);
    for (unsigned r = 0; r < 2; r++) {
        assert_int_equal(pthread_join(readers[r], NULL), 0);
    }
    assert_true(atp_load_relaxed(&stamped.consistent) > 0);
    fixture_close(&stamped.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_read_beside_the_writer_is_a_row_once_written),
        cmocka_unit_test(a_directory_read_while_it_grows_misses_no_row_and_shows_no_others),
        cmocka_unit_test(rows_between_two_equal_stamps_are_of_one_op),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

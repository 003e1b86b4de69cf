/* engine/store/snapshot.h in one thread: round trips, generations, giving up, options, formats. */
#include "tests/engine/store/test_snapshot.h"

#define CAPACITY 2000

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    make_temporary_folder(folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static void a_snapshot_holds_the_state_as_of_begin(void **state)
{
    (void)state;
    stock_t stock;
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    for (uint64_t seed = 1; seed <= 8; seed++) {
        atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
        stock_make(&stock, CAPACITY, seed);
        stock_fill(&stock, 20 * seed * seed);
        uint64_t hash_at_begin = stock_hash(&stock);
        assert_int_equal(stock_snapshot(&stock, snapshots, seed, 25, &why), ATP_SNAPSHOT_COMPLETED);
        assert_int_not_equal(stock_hash(&stock), hash_at_begin);
        assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
        assert_string_equal(why.text, "");
        assert_int_equal(hash, hash_at_begin);
        assert_int_equal(meta.state_hash, hash_at_begin);
        assert_int_equal(meta.op, seed);
        assert_int_equal(meta.incarnation, 3);
        assert_int_equal(meta.time_ms, (int64_t)seed * 10);
        assert_int_equal(meta.format, ATP_SNAPSHOT_FORMAT);
        atp_snapshots_close(snapshots);
        stock_free(&stock);
    }
}

static void a_snapshot_of_empty_tables_is_one(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 16);
    stock_t stock;
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    stock_make(&stock, CAPACITY, 1);
    assert_int_equal(stock_snapshot(&stock, snapshots, 1, 0, &why), ATP_SNAPSHOT_COMPLETED);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
    assert_int_equal(meta.pieces, 0);
    assert_int_equal(hash, stock_hash(&stock));
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

static void a_folder_without_a_snapshot_says_so(void **state)
{
    (void)state;
    atp_snapshot_options_t options = {.folder = folder, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_snapshot_meta_t metas[2];
    atp_why_t why;
    uint64_t hash;

    assert_int_equal(load_into_fresh(folder, 10, &hash, &metas[0], &why), ATP_ERR_NOT_FOUND);
    assert_int_equal(rmdir(folder), 0); /* a read-only opening made nothing in it */
    assert_int_equal(load_into_fresh(folder, 10, &hash, &metas[0], &why), ATP_ERR_NOT_FOUND);
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    assert_int_equal(atp_snapshots_verify(snapshots, metas, &why), ATP_OK);
    assert_int_equal(metas[0].op, 0);
    assert_int_equal(metas[1].op, 0);
    atp_snapshots_close(snapshots);
    snapshots = open_snapshots(folder, 16);
    assert_int_equal(atp_snapshots_keep_from(snapshots), 0);
    atp_snapshots_close(snapshots);
    assert_int_equal(load_into_fresh(folder, 10, &hash, &metas[0], &why), ATP_ERR_NOT_FOUND);
}

static void a_full_pool_gives_the_snapshot_up_and_the_next_succeeds(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 32);
    stock_t stock;
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;
    bool given_up = false;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 500);
    assert_non_null(stock_begin(&stock, snapshots, 1));
    while (!stock_copy_some(&stock, 1, &given_up)) {
        stock_change(&stock, 1); /* nobody steps: 32 pieces, then no more */
    }
    assert_true(given_up);
    assert_int_equal(atp_snapshots_pool_used(snapshots), 100);
    stock_end(&stock);
    atp_snapshots_abandon(snapshots);
    assert_null(stock_begin(&stock, snapshots, 1));
    assert_int_equal(step_to_the_end(snapshots, &why), ATP_SNAPSHOT_IDLE);
    assert_int_equal(atp_snapshots_pool_used(snapshots), 0);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_ERR_NOT_FOUND);

    uint64_t hash_at_begin = stock_hash(&stock);
    assert_int_equal(stock_snapshot(&stock, snapshots, 2, 0, &why), ATP_SNAPSHOT_COMPLETED);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
    assert_int_equal(hash, hash_at_begin);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

static void generations_alternate_and_the_journal_is_kept_from_the_older(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    stock_t stock;
    atp_snapshot_meta_t metas[2];
    atp_why_t why;
    uint64_t hash;

    stock_make(&stock, CAPACITY, 4);
    for (uint64_t op = 1; op <= 9; op++) {
        stock_change(&stock, 100);
        uint64_t hash_at_begin = stock_hash(&stock);
        assert_int_equal(stock_snapshot(&stock, snapshots, op * 10, 5, &why), ATP_SNAPSHOT_COMPLETED);
        assert_int_equal(atp_snapshots_keep_from(snapshots), op == 1 ? 0 : (op - 1) * 10);
        assert_int_equal(atp_snapshots_verify(snapshots, metas, &why), ATP_OK);
        assert_int_equal(metas[(op + 1) % 2].op, op * 10);
        assert_int_equal(metas[op % 2].op, (op - 1) * 10);
        assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &metas[0], &why), ATP_OK);
        assert_int_equal(hash, hash_at_begin);
        if (op % 3 == 0) { /* a restart knows what is there */
            atp_snapshots_close(snapshots);
            snapshots = open_snapshots(folder, 4096);
            assert_int_equal(atp_snapshots_keep_from(snapshots), (op - 1) * 10);
        }
    }
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

static uint64_t data_size(char generation)
{
    char path[128];
    struct stat info;

    snprintf(path, sizeof path, "%s/snapshot/%c/data.mdb", folder, generation);
    assert_int_equal(stat(path, &info), 0);
    return (uint64_t)info.st_size;
}

static void files_are_used_again_and_do_not_grow(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    stock_t stock;
    stock_t small;
    atp_why_t why;

    stock_make(&stock, CAPACITY, 4);
    stock_make(&small, CAPACITY, 5);
    stock_fill(&stock, CAPACITY);
    stock_fill(&small, 10);
    uint64_t state_size = 0;
    for (int i = 0; i < STOCK_TABLES; i++) {
        state_size += atp_table_piece_count(stock.all[i]) * 4096;
    }
    for (uint64_t op = 1; op <= 10; op++) {
        assert_int_equal(stock_snapshot(&stock, snapshots, op, 3, &why), ATP_SNAPSHOT_COMPLETED);
        assert_true(data_size('a') < state_size * 11 / 10 + 65536);
    }
    assert_int_equal(stock_snapshot(&small, snapshots, 11, 0, &why), ATP_SNAPSHOT_COMPLETED);
    assert_true(data_size('a') < state_size / 4); /* and what it no longer needs is given back */
    atp_snapshots_close(snapshots);
    stock_free(&stock);
    stock_free(&small);
}

static void a_snapshot_given_up_at_any_step_leaves_the_last_one(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    stock_t stock;
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 300);
    uint64_t good = stock_hash(&stock);
    assert_int_equal(stock_snapshot(&stock, snapshots, 1, 0, &why), ATP_SNAPSHOT_COMPLETED);
    for (int steps = 0; steps < 12; steps++) {
        bool given_up = false;
        stock_change(&stock, 50);
        assert_non_null(stock_begin(&stock, snapshots, 2));
        for (int i = 0; i < steps; i++) {
            (void)stock_copy_some(&stock, 8, &given_up);
            (void)atp_snapshots_step(snapshots, &why);
        }
        stock_end(&stock);
        atp_snapshots_abandon(snapshots);
        if (steps % 4 == 3) { /* the process ends without another step */
            atp_snapshots_close(snapshots);
            snapshots = open_snapshots(folder, 4096);
        } else {
            assert_int_equal(step_to_the_end(snapshots, &why), ATP_SNAPSHOT_IDLE);
            assert_int_equal(atp_snapshots_pool_used(snapshots), 0);
        }
        assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
        assert_int_equal(hash, good);
        assert_int_equal(meta.op, 1);
    }
    good = stock_hash(&stock);
    assert_int_equal(stock_snapshot(&stock, snapshots, 3, 4, &why), ATP_SNAPSHOT_COMPLETED);
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
    assert_int_equal(hash, good);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

static void begin_waits_for_the_writer(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    stock_t stock;
    atp_why_t why;
    bool given_up = false;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 100);
    assert_non_null(stock_begin(&stock, snapshots, 1));
    while (!stock_copy_some(&stock, 8, &given_up)) {
    }
    stock_end(&stock);
    atp_snapshots_seal(snapshots);
    atp_snapshot_step_t step;
    do {
        assert_null(stock_begin(&stock, snapshots, 2));
        step = atp_snapshots_step(snapshots, &why);
    } while (step == ATP_SNAPSHOT_WORKED);
    assert_int_equal(step, ATP_SNAPSHOT_COMPLETED);
    assert_int_equal(stock_snapshot(&stock, snapshots, 2, 4, &why), ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

static void calls_out_of_order_are_bugs(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 16);
    atp_snapshot_meta_t meta = {.op = 1};
    atp_snapshot_meta_t nothing = {.op = 0};

    assert_aborts(atp_snapshots_seal(snapshots));
    assert_aborts(atp_snapshots_abandon(snapshots));
    assert_aborts((void)atp_snapshots_begin(snapshots, &nothing));
    assert_non_null(atp_snapshots_begin(snapshots, &meta));
    assert_aborts((void)atp_snapshots_begin(snapshots, &meta));
    atp_snapshots_close(snapshots);
}

static void a_seal_before_the_last_piece_is_a_bug(void **state)
{
    (void)state;
    atp_snapshots_t *snapshots = open_snapshots(folder, 16);
    stock_t stock;
    atp_why_t why;
    bool given_up = false;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 200);
    assert_non_null(stock_begin(&stock, snapshots, 1));
    (void)stock_copy_some(&stock, 1, &given_up);
    atp_snapshots_seal(snapshots);
    assert_aborts((void)step_to_the_end(snapshots, &why));
    stock_end(&stock);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

/* Loads what is in the folder into tables of these sizes. */
static atp_err_t load_with(const uint32_t record_sizes[STOCK_TABLES], uint64_t capacity, uint32_t table_count,
                           atp_why_t *ret_why)
{
    atp_snapshots_t *snapshots = open_snapshots(folder, 16);
    atp_table_t tables[STOCK_TABLES];
    atp_table_t *all[STOCK_TABLES];
    atp_snapshot_meta_t meta;

    for (int i = 0; i < STOCK_TABLES; i++) {
        all[i] = &tables[i];
        assert_int_equal(atp_table_init(all[i], "positions", stock_ids[i], record_sizes[i], capacity),
                         ATP_OK);
    }
    atp_err_t err = atp_snapshots_load(snapshots, all, table_count, &meta, ret_why);
    for (int i = 0; i < STOCK_TABLES; i++) {
        assert_true(err == ATP_OK || atp_table_count(all[i]) == 0);
        assert_true(err == ATP_OK || (tables[i].base[0] == 0 && tables[i].base[record_sizes[i]] == 0));
        atp_table_fini(all[i]);
    }
    atp_snapshots_close(snapshots);
    return err;
}

static void tables_that_do_not_fit_are_named(void **state)
{
    (void)state;
    static const uint32_t other_sizes[STOCK_TABLES] = {64, 24, 1504, ATP_PIECE_SIZE_MAX};
    atp_snapshots_t *snapshots = open_snapshots(folder, 4096);
    stock_t stock;
    atp_why_t why;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 10);
    assert_int_equal(stock_snapshot(&stock, snapshots, 1, 0, &why), ATP_SNAPSHOT_COMPLETED);
    stock_fill(&stock, 200);
    assert_int_equal(stock_snapshot(&stock, snapshots, 2, 0, &why), ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);

    assert_int_equal(load_with(stock_record_sizes, 200, STOCK_TABLES, &why), ATP_OK);
    /* The older would fit: it is not taken in its place. */
    assert_int_equal(load_with(stock_record_sizes, 199, STOCK_TABLES, &why), ATP_ERR_LIMIT);
    assert_non_null(strstr(why.text, "table positions holds 200 records"));
    assert_int_equal(load_with(other_sizes, 200, STOCK_TABLES, &why), ATP_ERR_FORMAT);
    assert_non_null(strstr(why.text, "table 3 with records of 1500 bytes"));
    assert_int_equal(load_with(stock_record_sizes, 200, STOCK_TABLES - 1, &why), ATP_ERR_FORMAT);
    assert_non_null(strstr(why.text, "4 tables, this build has 3"));
    stock_free(&stock);
}

static void options_outside_their_range_are_named(void **state)
{
    (void)state;
    char long_path[600];
    atp_snapshot_options_t options = {.folder = folder, .map_size = 1 << 20, .pool_pieces = 16};
    atp_snapshots_t *snapshots = NULL;
    atp_why_t why;

    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    options.folder = long_path;
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_ERR_INVALID);
    options.folder = "";
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_ERR_INVALID);
    options.folder = folder;
    options.pool_pieces = 17;
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "17"));
    options.pool_pieces = 16;
    options.map_size = 0;
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "map size"));
    options.map_size = 1 << 20;
    options.folder = "/proc/no/such/folder";
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_ERR_IO);
    assert_non_null(strstr(why.text, "/proc/no/such/folder"));
    assert_null(snapshots);
    atp_snapshots_close(NULL);
}

static void a_map_too_small_fails_with_advice_and_the_next_goes_on(void **state)
{
    (void)state;
    atp_snapshot_options_t options = {.folder = folder, .map_size = 1 << 20, .pool_pieces = 4096};
    atp_snapshots_t *snapshots = NULL;
    stock_t large;
    stock_t small;
    atp_snapshot_meta_t meta;
    atp_why_t why;
    uint64_t hash;

    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    stock_make(&large, CAPACITY, 4);
    stock_make(&small, CAPACITY, 5);
    stock_fill(&large, CAPACITY);
    stock_fill(&small, 20);
    for (uint64_t op = 1; op <= 7; op += 2) {
        uint64_t good = stock_hash(&small);
        assert_int_equal(stock_snapshot(&small, snapshots, op, 0, &why), ATP_SNAPSHOT_COMPLETED);
        assert_int_equal(stock_snapshot(&large, snapshots, op + 1, 0, &why), ATP_SNAPSHOT_FAILED);
        assert_non_null(strstr(why.text, "raise the map size"));
        assert_non_null(strstr(why.text, folder));
        assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &meta, &why), ATP_OK);
        assert_int_equal(hash, good);
    }
    atp_snapshots_close(snapshots);
    stock_free(&large);
    stock_free(&small);
}

static void wait_returns_at_once_when_there_is_work(void **state)
{
    (void)state;
    const uint64_t for_ever = UINT64_C(3600) * 1000000000;
    atp_snapshots_t *snapshots = open_snapshots(folder, 64);
    stock_t stock;
    atp_why_t why;
    bool given_up = false;

    stock_make(&stock, CAPACITY, 4);
    stock_fill(&stock, 20);
    atp_snapshots_wait(snapshots, 1000); /* no work: this ends by time */
    assert_non_null(stock_begin(&stock, snapshots, 1));
    atp_snapshots_wait(snapshots, for_ever);
    assert_int_equal(atp_snapshots_step(snapshots, &why), ATP_SNAPSHOT_WORKED);
    (void)stock_copy_some(&stock, 1, &given_up);
    atp_snapshots_wait(snapshots, for_ever);
    while (!stock_copy_some(&stock, 1, &given_up)) {
        (void)atp_snapshots_step(snapshots, &why);
    }
    assert_false(given_up);
    stock_end(&stock);
    atp_snapshots_seal(snapshots);
    do {
        atp_snapshots_wait(snapshots, for_ever);
    } while (atp_snapshots_step(snapshots, &why) != ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
    stock_free(&stock);
}

#define in_folder(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(a_snapshot_holds_the_state_as_of_begin),
        in_folder(a_snapshot_of_empty_tables_is_one),
        in_folder(a_folder_without_a_snapshot_says_so),
        in_folder(a_full_pool_gives_the_snapshot_up_and_the_next_succeeds),
        in_folder(generations_alternate_and_the_journal_is_kept_from_the_older),
        in_folder(files_are_used_again_and_do_not_grow),
        in_folder(a_snapshot_given_up_at_any_step_leaves_the_last_one),
        in_folder(begin_waits_for_the_writer),
        in_folder(calls_out_of_order_are_bugs),
        in_folder(a_seal_before_the_last_piece_is_a_bug),
        in_folder(tables_that_do_not_fit_are_named),
        in_folder(options_outside_their_range_are_named),
        in_folder(a_map_too_small_fails_with_advice_and_the_next_goes_on),
        in_folder(wait_returns_at_once_when_there_is_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

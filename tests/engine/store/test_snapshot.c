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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_snapshot_holds_the_state_as_of_begin, make_folder, drop_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/tables/index.h: growth in steps, look-ups during growth, removal, overflow chains. */
#include "tests/test.h"

#include "engine/ledger/tables/index.h"

#include <stdlib.h>
#include <string.h>

static atp_index_t make_index(uint64_t capacity)
{
    atp_index_t index;

    assert_int_equal(atp_index_init(&index, capacity), ATP_OK);
    return index;
}

static bool has(const atp_index_t *index, uint64_t hash, uint32_t record)
{
    atp_index_probe_t probe = atp_index_probe(index, hash);
    uint32_t found;

    while (atp_index_next(&probe, &found)) {
        if (found == record) {
            assert_false(atp_index_has_none(index, hash)); /* what is there is never taken for new */
            return true;
        }
    }
    return false;
}

static unsigned count_tag(const atp_index_t *index, uint64_t hash)
{
    atp_index_probe_t probe = atp_index_probe(index, hash);
    unsigned count = 0;
    uint32_t found;

    while (atp_index_next(&probe, &found)) {
        count++;
    }
    return count;
}

static uint64_t hash_of(uint32_t record)
{
    uint64_t state = record;
    return test_random(&state);
}

static void an_empty_index_finds_nothing(void **state)
{
    (void)state;
    atp_index_t index = make_index(10);

    assert_false(has(&index, 0, 0));
    assert_int_equal(count_tag(&index, hash_of(1)), 0);
    assert_int_equal(atp_index_count(&index), 0);
    atp_index_fini(&index);
}

static void every_record_is_found_after_every_insert_while_it_grows(void **state)
{
    (void)state;
    atp_index_t index = make_index(3000);

    for (uint32_t i = 0; i < 3000; i++) {
        atp_index_insert(&index, hash_of(i), i);
        if (i < 300 || i % 97 == 0) {
            for (uint32_t j = 0; j <= i; j++) {
                assert_true(has(&index, hash_of(j), j));
            }
        }
        assert_false(has(&index, hash_of(i + 1), i + 1));
    }
    assert_int_equal(atp_index_count(&index), 3000);
    atp_index_fini(&index);
}

static void what_is_new_is_seen_to_be_at_once(void **state)
{
    (void)state;
    atp_index_t index = make_index(3000);
    unsigned seen = 0;

    assert_true(atp_index_has_none(&index, hash_of(1)));
    for (uint32_t i = 0; i < 3000; i++) {
        seen += atp_index_has_none(&index, hash_of(i));
        atp_index_insert(&index, hash_of(i), i);
        assert_false(atp_index_has_none(&index, hash_of(i)));
    }
    assert_true(seen > 2700); /* but for a bucket with a chain */
    atp_index_fini(&index);
}

static void no_insert_moves_more_than_a_few_buckets(void **state)
{
    (void)state;
    atp_index_t index = make_index(100000);

    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t before = atp_load_relaxed(&index.version);
        atp_index_insert(&index, hash_of(i), i);
        assert_true(atp_load_relaxed(&index.version) - before <= 4); /* two buckets, odd and even */
    }
    assert_true(atp_load_relaxed(&index.split) < atp_load_relaxed(&index.size));
    atp_index_fini(&index);
}

static void the_load_stays_between_two_and_four_entries_a_bucket(void **state)
{
    (void)state;
    atp_index_t index = make_index(100000);

    for (uint32_t i = 0; i < 100000; i++) {
        atp_index_insert(&index, hash_of(i), i);
        uint64_t buckets = atp_load_relaxed(&index.size) + atp_load_relaxed(&index.split);
        assert_true(index.count <= 4 * buckets + 4);
    }
    assert_true(atp_index_bytes(&index) <= 100000 * 48);
    atp_index_fini(&index);
}

static void the_same_hash_may_stand_for_many_records(void **state)
{
    (void)state;
    atp_index_t index = make_index(200);

    for (uint32_t i = 0; i < 100; i++) {
        atp_index_insert(&index, 42, i); /* one chain of fifteen buckets */
    }
    for (uint32_t i = 100; i < 200; i++) {
        atp_index_insert(&index, hash_of(i), i); /* growth has to move the chain on */
    }
    assert_int_equal(count_tag(&index, 42), 100);
    for (uint32_t i = 0; i < 100; i++) {
        assert_true(has(&index, 42, i));
        atp_index_remove(&index, 42, i);
        assert_false(has(&index, 42, i));
    }
    assert_int_equal(count_tag(&index, 42), 0);
    for (uint32_t i = 100; i < 200; i++) {
        assert_true(has(&index, hash_of(i), i));
    }
    atp_index_fini(&index);
}

static void hashes_that_differ_above_32_bits_only_are_left_to_the_caller(void **state)
{
    (void)state;
    atp_index_t index = make_index(10);

    atp_index_insert(&index, 7, 1);
    atp_index_insert(&index, UINT64_C(1) << 40 | 7, 2);
    assert_int_equal(count_tag(&index, 7), 2);
    atp_index_remove(&index, 7, 1);
    assert_int_equal(count_tag(&index, 7), 1);
    atp_index_fini(&index);
}

static void removing_what_is_not_there_is_a_bug(void **state)
{
    (void)state;
    atp_index_t index = make_index(10);

    atp_index_insert(&index, 7, 1);
    assert_aborts(atp_index_remove(&index, 7, 2));
    assert_aborts(atp_index_remove(&index, 8, 1));
    atp_index_fini(&index);
}

static void insert_and_remove_at_random_agree_with_a_list(void **state)
{
    (void)state;
    enum { RECORDS = 800, OPS = 60000 };
    static bool is_in[RECORDS];
    uint64_t seed = 0x1dea;
    atp_index_t index = make_index(RECORDS);
    uint64_t count = 0;

    memset(is_in, 0, sizeof is_in);
    for (unsigned i = 0; i < OPS; i++) {
        uint32_t record = (uint32_t)(test_random(&seed) % RECORDS);
        uint64_t hash = hash_of(record % 311); /* several records of one hash */
        assert_int_equal(has(&index, hash, record), is_in[record]);
        if (is_in[record]) {
            atp_index_remove(&index, hash, record);
            count--;
        } else {
            atp_index_insert(&index, hash, record);
            count++;
        }
        is_in[record] = !is_in[record];
        assert_int_equal(atp_index_count(&index), count);
    }
    for (uint32_t record = 0; record < RECORDS; record++) {
        assert_int_equal(has(&index, hash_of(record % 311), record), is_in[record]);
    }
    atp_index_fini(&index);
}

/* The story: removal used to leave empty overflow buckets in their chains, and with time all were used up. */
static void under_churn_overflow_buckets_are_used_again(void **state)
{
    (void)state;
    atp_index_t index = make_index(64);

    for (uint32_t round = 0; round < 20000; round++) {
        for (uint32_t i = 0; i < 9; i++) { /* more than one bucket, at another place each round */
            atp_index_insert(&index, round % 61, i);
        }
        for (uint32_t i = 0; i < 9; i++) {
            atp_index_remove(&index, round % 61, (i + round) % 9);
        }
    }
    assert_true(index.overflow_used <= 2);
    atp_index_fini(&index);
}

static void an_overflow_bucket_that_comes_out_empty_leaves_its_chain(void **state)
{
    (void)state;
    atp_index_t index = make_index(64);

    for (uint32_t i = 0; i < 21; i++) {
        atp_index_insert(&index, 5, i);
    }
    for (uint32_t i = 7; i < 14; i++) { /* the middle one */
        atp_index_remove(&index, 5, i);
    }
    for (uint32_t i = 0; i < 21; i++) {
        assert_int_equal(has(&index, 5, i), i < 7 || i >= 14);
    }
    assert_int_not_equal(index.overflow_free, 0);
    atp_index_fini(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_index_finds_nothing),
        cmocka_unit_test(every_record_is_found_after_every_insert_while_it_grows),
        cmocka_unit_test(what_is_new_is_seen_to_be_at_once),
        cmocka_unit_test(no_insert_moves_more_than_a_few_buckets),
        cmocka_unit_test(the_load_stays_between_two_and_four_entries_a_bucket),
        cmocka_unit_test(the_same_hash_may_stand_for_many_records),
        cmocka_unit_test(hashes_that_differ_above_32_bits_only_are_left_to_the_caller),
        cmocka_unit_test(removing_what_is_not_there_is_a_bug),
        cmocka_unit_test(insert_and_remove_at_random_agree_with_a_list),
        cmocka_unit_test(under_churn_overflow_buckets_are_used_again),
        cmocka_unit_test(an_overflow_bucket_that_comes_out_empty_leaves_its_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

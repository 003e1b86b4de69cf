/* The ring in one thread: order, full, empty, many laps, and what is refused. */
#include "engine/base/ring.h"
#include "tests/test.h"

#define CAPACITY 8

static int items[CAPACITY * 3];

static int open_ring(void **state)
{
    static atp_ring_t ring;
    *state = &ring;
    return atp_ring_init(&ring, CAPACITY) == ATP_OK ? 0 : -1;
}

static int close_ring(void **state)
{
    atp_ring_fini(*state);
    return 0;
}

static void fill(atp_ring_t *ring)
{
    for (int i = 0; i < CAPACITY; i++) {
        assert_true(atp_ring_push(ring, &items[i]));
    }
}

static void a_new_ring_is_empty(void **state)
{
    assert_null(atp_ring_pop(*state));
    assert_null(atp_ring_pop(*state));
}

static void what_goes_in_first_comes_out_first(void **state)
{
    fill(*state);
    for (int i = 0; i < CAPACITY; i++) {
        assert_ptr_equal(atp_ring_pop(*state), &items[i]);
    }
    assert_null(atp_ring_pop(*state));
}

static void a_full_ring_refuses_and_keeps_what_it_has(void **state)
{
    fill(*state);
    assert_false(atp_ring_push(*state, &items[CAPACITY]));
    assert_false(atp_ring_push(*state, &items[CAPACITY]));
    for (int i = 0; i < CAPACITY; i++) {
        assert_ptr_equal(atp_ring_pop(*state), &items[i]);
    }
    assert_null(atp_ring_pop(*state));
}

static void a_full_ring_takes_one_more_for_each_taken_out(void **state)
{
    fill(*state);
    for (int i = CAPACITY; i < CAPACITY * 3; i++) {
        assert_ptr_equal(atp_ring_pop(*state), &items[i - CAPACITY]);
        assert_true(atp_ring_push(*state, &items[i]));
        assert_false(atp_ring_push(*state, &items[0]));
    }
}

static void every_fill_level_survives_many_laps(void **state)
{
    for (int level = 1; level <= CAPACITY; level++) {
        for (int round = 0; round < 1000; round++) {
            for (int i = 0; i < level; i++) {
                assert_true(atp_ring_push(*state, &items[i]));
            }
            for (int i = 0; i < level; i++) {
                assert_ptr_equal(atp_ring_pop(*state), &items[i]);
            }
            assert_null(atp_ring_pop(*state));
        }
    }
}

static void pushing_nothing_is_a_bug(void **state)
{
    assert_aborts((void)!atp_ring_push(*state, NULL));
}

static void a_capacity_that_is_no_power_of_two_in_range_is_refused(void **state)
{
    static const size_t bad[] = {0, 1, 3, 6, 12, 1000, ((size_t)1 << 24) + 1, (size_t)1 << 25, SIZE_MAX};
    atp_ring_t ring;
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(atp_ring_init(&ring, bad[i]), ATP_ERR_INVALID);
    }
}

static void the_smallest_ring_works(void **state)
{
    atp_ring_t ring;
    (void)state;

    assert_int_equal(atp_ring_init(&ring, 2), ATP_OK);
    assert_true(atp_ring_push(&ring, &items[0]));
    assert_true(atp_ring_push(&ring, &items[1]));
    assert_false(atp_ring_push(&ring, &items[2]));
    assert_ptr_equal(atp_ring_pop(&ring), &items[0]);
    assert_ptr_equal(atp_ring_pop(&ring), &items[1]);
    atp_ring_fini(&ring);
    atp_ring_fini(&ring); /* safe twice */
}

#define WITH_RING(test) cmocka_unit_test_setup_teardown(test, open_ring, close_ring)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RING(a_new_ring_is_empty),
        WITH_RING(what_goes_in_first_comes_out_first),
        WITH_RING(a_full_ring_refuses_and_keeps_what_it_has),
        WITH_RING(a_full_ring_takes_one_more_for_each_taken_out),
        WITH_RING(every_fill_level_survives_many_laps),
        WITH_RING(pushing_nothing_is_a_bug),
        cmocka_unit_test(a_capacity_that_is_no_power_of_two_in_range_is_refused),
        cmocka_unit_test(the_smallest_ring_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

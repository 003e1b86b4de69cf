/* engine/ledger/tables/wheel.h: against a plain list of deadlines. */
#include "tests/test.h"

#include "engine/ledger/tables/wheel.h"

#include <string.h>

#define RESERVATIONS 600u
#define TURN_MS      ((int64_t)ATP_WHEEL_SLOTS * ATP_WHEEL_SLOT_MS)
#define START_MS     INT64_C(1700000000000)

typedef struct rig {
    atp_reservations_t reservations; /* of which only the records are used */
    atp_wheel_heads_t heads;
    atp_wheel_t wheel;
    int64_t now_ms;
    uint32_t expired; /* by the last sweep */
} rig_t;

static rig_t rig;

static void make_rig(void)
{
    memset(&rig, 0, sizeof rig);
    rig.now_ms = START_MS;
    rig.wheel.reservations = &rig.reservations;
    rig.wheel.heads = &rig.heads;
    rig.heads.sweep_slot = START_MS / ATP_WHEEL_SLOT_MS;
    assert_int_equal(
        atp_table_init(&rig.reservations.records, "reservations", 8, sizeof(atp_reservation_t), RESERVATIONS),
        ATP_OK);
    assert_int_equal(atp_table_init(&rig.wheel.slots, "wheel", 10, sizeof(uint32_t), ATP_WHEEL_SLOTS),
                     ATP_OK);
    atp_table_append(&rig.reservations.records, RESERVATIONS);
    atp_table_append(&rig.wheel.slots, ATP_WHEEL_SLOTS);
}

static void drop_rig(void)
{
    atp_table_fini(&rig.reservations.records);
    atp_table_fini(&rig.wheel.slots);
}

static atp_reservation_t *record(uint32_t number)
{
    return atp_reservation_at(&rig.reservations, number);
}

static void insert(uint32_t number, int64_t deadline_ms)
{
    record(number)->deadline_ms = deadline_ms;
    atp_wheel_insert(&rig.wheel, number);
}

static void expire(void *context, uint32_t number)
{
    (void)context;
    assert_true(record(number)->deadline_ms <= rig.now_ms); /* never early */
    atp_wheel_remove(&rig.wheel, number);
    rig.expired++;
}

static uint32_t sweep(uint64_t limit)
{
    rig.expired = 0;
    atp_wheel_sweep(&rig.wheel, rig.now_ms, limit, expire, NULL);
    return rig.expired;
}

static bool is_due(void)
{
    return atp_wheel_is_due(&rig.wheel, rig.now_ms);
}

static void what_is_due_is_swept_once_its_slot_is_over(void **state)
{
    (void)state;
    make_rig();
    insert(1, START_MS + 100);
    rig.now_ms = START_MS + 99;
    assert_false(is_due());
    assert_int_equal(sweep(10), 0);
    rig.now_ms = START_MS + 100 + 2 * ATP_WHEEL_SLOT_MS;
    assert_true(is_due());
    assert_int_equal(sweep(10), 1);
    assert_false(is_due());
    assert_false(record(1)->is_in_wheel);
    drop_rig();
}

static void what_lies_more_than_a_turn_ahead_waits_for_its_turn(void **state)
{
    (void)state;
    make_rig();
    insert(1, START_MS + 100);
    insert(2, START_MS + 100 + TURN_MS); /* the same slot */
    insert(3, START_MS + 100 + 5 * TURN_MS);
    rig.now_ms = START_MS + 200;
    assert_int_equal(sweep(100), 1);
    assert_true(record(2)->is_in_wheel && record(3)->is_in_wheel);
    rig.now_ms = START_MS + TURN_MS;
    assert_int_equal(sweep(100), 0);
    rig.now_ms = START_MS + TURN_MS + 200;
    assert_int_equal(sweep(100), 1);
    rig.now_ms = START_MS + 9 * TURN_MS;
    assert_int_equal(sweep(100), 1);
    drop_rig();
}

static void a_sweep_visits_no_more_than_its_limit_and_resumes(void **state)
{
    (void)state;
    make_rig();
    for (uint32_t i = 0; i < 10; i++) {
        insert(i, START_MS + 5); /* one slot */
    }
    rig.now_ms = START_MS + 100;
    assert_int_equal(sweep(4), 4);
    assert_int_not_equal(rig.heads.sweep_resume, 0);
    assert_true(is_due());
    assert_int_equal(sweep(4), 4);
    assert_int_equal(sweep(4), 2);
    assert_false(is_due());
    drop_rig();
}

static void the_place_to_resume_at_may_leave_between_two_sweeps(void **state)
{
    (void)state;
    make_rig();
    for (uint32_t i = 0; i < 10; i++) {
        insert(i, START_MS + 5);
    }
    rig.now_ms = START_MS + 100;
    sweep(4);
    for (unsigned left = 6; left > 0; left--) { /* always the one to resume at */
        assert_int_not_equal(rig.heads.sweep_resume, 0);
        atp_wheel_remove(&rig.wheel, rig.heads.sweep_resume - 1);
    }
    assert_int_equal(rig.heads.sweep_resume, 0);
    assert_int_equal(sweep(100), 0);
    assert_false(is_due());
    drop_rig();
}

static void a_full_slot_of_later_turns_is_passed_over_in_bounded_steps(void **state)
{
    (void)state;
    unsigned sweeps = 0;

    make_rig();
    for (uint32_t i = 0; i < 200; i++) {
        insert(i, START_MS + 5 + TURN_MS);
    }
    insert(200, START_MS + 6);
    insert(201, START_MS + 50); /* in a later slot */
    rig.now_ms = START_MS + 200;
    uint32_t expired = 0;
    for (; is_due() && sweeps < 100; sweeps++) {
        expired += sweep(10);
    }
    assert_int_equal(expired, 2);
    assert_true(sweeps >= 20 && sweeps < 30);
    drop_rig();
}

static void a_jump_of_many_turns_misses_nothing_however_small_the_limit(void **state)
{
    (void)state;
    uint64_t seed = 0x70b;
    uint32_t expired = 0;

    make_rig();
    for (uint32_t i = 0; i < RESERVATIONS; i++) {
        insert(i, START_MS + 1 + (int64_t)(test_random(&seed) % (uint64_t)(6 * TURN_MS)));
    }
    rig.now_ms = START_MS + 3 * TURN_MS + 12345;
    for (unsigned i = 0; i < 10000 && is_due(); i++) {
        expired += sweep(3);
    }
    for (uint32_t i = 0; i < RESERVATIONS; i++) {
        bool is_over = record(i)->deadline_ms / ATP_WHEEL_SLOT_MS < rig.now_ms / ATP_WHEEL_SLOT_MS;
        assert_int_equal(record(i)->is_in_wheel, is_over ? 0 : 1);
    }
    assert_true(expired > 0);
    drop_rig();
}

static void more_than_the_limit_at_one_moment_is_a_crowd_from_then_on(void **state)
{
    (void)state;
    int64_t due_ms = START_MS + 100 * ATP_WHEEL_SLOT_MS + 7; /* inside a slot */

    make_rig();
    for (uint32_t i = 0; i < 11; i++) {
        insert(i, due_ms);
        insert(100 + i, due_ms + 1); /* the same slot */
        insert(200 + i, due_ms + TURN_MS);
    }
    rig.now_ms = due_ms - 1;
    assert_false(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 10));
    rig.now_ms = due_ms;
    assert_true(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 10));
    rig.expired = 0;
    atp_wheel_settle(&rig.wheel, rig.now_ms, 1, expire, NULL);
    assert_int_equal(rig.expired, 1);
    assert_false(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 10));
    rig.now_ms = due_ms + 1;
    assert_true(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 10));
    atp_wheel_settle(&rig.wheel, rig.now_ms, UINT64_MAX, expire, NULL);
    assert_int_equal(rig.expired, 22);
    assert_false(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 0));
    rig.now_ms = due_ms + 2 * ATP_WHEEL_SLOT_MS;
    assert_false(atp_wheel_is_crowded(&rig.wheel, rig.now_ms, 0));
    drop_rig();
}

/* What is settled at a moment stays so: what comes after it ends later. */
static void what_is_settled_is_not_looked_for_again_at_that_moment(void **state)
{
    (void)state;
    make_rig();
    insert(1, START_MS + 5);
    insert(2, START_MS + 6);
    rig.now_ms = START_MS + 5;
    rig.expired = 0;
    atp_wheel_settle(&rig.wheel, rig.now_ms, UINT64_MAX, expire, NULL);
    atp_wheel_settle(&rig.wheel, rig.now_ms, UINT64_MAX, expire, NULL);
    assert_int_equal(rig.expired, 1);
    rig.now_ms = START_MS + 6;
    atp_wheel_settle(&rig.wheel, rig.now_ms, UINT64_MAX, expire, NULL);
    assert_int_equal(rig.expired, 2);
    drop_rig();
}

/* A settling that its limit ended has not cleared the moment. */
static void a_settling_that_its_limit_ended_goes_on(void **state)
{
    (void)state;
    make_rig();
    for (uint32_t i = 0; i < 5; i++) {
        insert(i, START_MS + 5);
    }
    rig.now_ms = START_MS + 5;
    rig.expired = 0;
    atp_wheel_settle(&rig.wheel, rig.now_ms, 3, expire, NULL);
    assert_int_equal(rig.expired, 3);
    atp_wheel_settle(&rig.wheel, rig.now_ms, 3, expire, NULL);
    assert_int_equal(rig.expired, 5);
    drop_rig();
}

static void random_work_agrees_with_a_list(void **state)
{
    (void)state;
    uint64_t seed = 0x3ee1;

    make_rig();
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t number = (uint32_t)(test_random(&seed) % RESERVATIONS);
        rig.now_ms += (int64_t)(test_random(&seed) % 40);
        rig.now_ms +=
            test_random(&seed) % 5000 == 0 ? (int64_t)(test_random(&seed) % (uint64_t)(3 * TURN_MS)) : 0;
        if (record(number)->is_in_wheel) {
            atp_wheel_remove(&rig.wheel, number);
        } else {
            uint64_t ahead = test_random(&seed) % 8 == 0 ? (uint64_t)(3 * TURN_MS) : 5000;
            insert(number, rig.now_ms + 1 + (int64_t)(test_random(&seed) % ahead));
        }
        if (test_random(&seed) % 4 != 0) {
            continue;
        }
        (void)is_due(); /* looks ahead; must not make it forget anything */
        if (test_random(&seed) % 2 == 0) {
            sweep(test_random(&seed) % 5);
            continue;
        }
        sweep(UINT64_MAX);
        assert_false(is_due());
        for (uint32_t j = 0; j < RESERVATIONS; j += 7) {
            assert_true(!record(j)->is_in_wheel ||
                        record(j)->deadline_ms / ATP_WHEEL_SLOT_MS >= rig.now_ms / ATP_WHEEL_SLOT_MS);
        }
    }
    drop_rig();
}

static void is_due_changes_nothing_but_what_it_remembers(void **state)
{
    (void)state;
    make_rig();
    insert(1, START_MS + 50);
    atp_wheel_heads_t before = rig.heads;
    uint64_t slots = atp_table_hash(&rig.wheel.slots);
    rig.now_ms = START_MS + 10 * TURN_MS;
    assert_true(is_due());
    assert_memory_equal(&before, &rig.heads, sizeof before);
    assert_true(slots == atp_table_hash(&rig.wheel.slots));
    drop_rig();
}

static void entering_twice_and_leaving_twice_are_bugs(void **state)
{
    (void)state;
    make_rig();
    insert(1, START_MS + 5);
    assert_aborts(insert(1, START_MS + 5));
    atp_wheel_remove(&rig.wheel, 1);
    assert_aborts(atp_wheel_remove(&rig.wheel, 1));
    drop_rig();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_is_swept_once_its_slot_is_over),
        cmocka_unit_test(what_lies_more_than_a_turn_ahead_waits_for_its_turn),
        cmocka_unit_test(a_sweep_visits_no_more_than_its_limit_and_resumes),
        cmocka_unit_test(the_place_to_resume_at_may_leave_between_two_sweeps),
        cmocka_unit_test(a_full_slot_of_later_turns_is_passed_over_in_bounded_steps),
        cmocka_unit_test(a_jump_of_many_turns_misses_nothing_however_small_the_limit),
        cmocka_unit_test(more_than_the_limit_at_one_moment_is_a_crowd_from_then_on),
        cmocka_unit_test(what_is_settled_is_not_looked_for_again_at_that_moment),
        cmocka_unit_test(a_settling_that_its_limit_ended_goes_on),
        cmocka_unit_test(random_work_agrees_with_a_list),
        cmocka_unit_test(is_due_changes_nothing_but_what_it_remembers),
        cmocka_unit_test(entering_twice_and_leaving_twice_are_bugs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

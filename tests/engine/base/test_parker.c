/* Sleeping without a lost wake-up. A lost one shows as a park that lasts its whole timeout, which is far
 * longer than any honest delay; no test waits for one when all is well. */
#include "engine/base/parker.h"
#include "tests/test.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#define SECOND       UINT64_C(1000000000)
#define FAR_TOO_LATE (5 * SECOND)
#define ROUNDS       20000

static uint64_t now_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

/* True if the park ended before its timeout. */
static bool park_is_woken(atp_parker_t *parker, uint32_t ticket)
{
    uint64_t start = now_ns();
    atp_parker_park(parker, ticket, FAR_TOO_LATE);
    return now_ns() - start < FAR_TOO_LATE;
}

/* ---- one thread ---- */

static void a_wake_between_prepare_and_park_is_not_lost(void **state)
{
    atp_parker_t parker;
    (void)state;

    atp_parker_init(&parker);
    for (int i = 0; i < 100; i++) {
        uint32_t ticket = atp_parker_prepare(&parker);
        atp_parker_wake(&parker);
        assert_true(park_is_woken(&parker, ticket));
    }
}

static void a_park_that_nobody_ends_ends_by_itself(void **state)
{
    atp_parker_t parker;
    (void)state;

    atp_parker_init(&parker);
    uint32_t ticket = atp_parker_prepare(&parker);
    atp_parker_park(&parker, ticket, SECOND / 1000);
    atp_parker_wake(&parker); /* nobody is parked any more */
    assert_int_equal(atp_parker_prepare(&parker), ticket);
}

static void a_wake_of_one_who_is_awake_costs_nothing_later(void **state)
{
    atp_parker_t parker;
    (void)state;

    atp_parker_init(&parker);
    uint32_t before = atp_parker_prepare(&parker);
    atp_parker_cancel(&parker);
    atp_parker_wake(&parker);
    atp_parker_wake(&parker);
    /* The same ticket: those wakes will not end a later sleep early. */
    assert_int_equal(atp_parker_prepare(&parker), before);
    atp_parker_cancel(&parker);
}

/* ---- two threads ---- */

typedef struct shared {
    atp_parker_t parker;
    _Atomic uint64_t given;
    _Atomic uint64_t taken;
    _Atomic int is_over;
} shared_t;

/* Gives one piece of work as soon as the last was taken: just when the consumer is about to sleep. */
static void *give_work(void *context)
{
    shared_t *shared = context;
    uint64_t random = 5;

    for (uint64_t round = 0; round < ROUNDS; round++) {
        while (atp_load_acquire(&shared->taken) < round && !atp_load_relaxed(&shared->is_over)) {
            (void)sched_yield();
        }
        for (uint64_t pause = test_random(&random) % 200; pause > 0; pause--) {
            (void)atp_load_relaxed(&shared->is_over); /* moves the push along the way into sleep */
        }
        /* Release, as the rings do it: pairs with the acquire in take_work. */
        atp_store_release(&shared->given, round + 1);
        atp_parker_wake(&shared->parker);
    }
    return NULL;
}

/* Waits for the next piece, in the way that parker.h tells. False if a wake-up was lost. */
static bool take_work(shared_t *shared, uint64_t round)
{
    while (atp_load_acquire(&shared->given) <= round) {
        uint32_t ticket = atp_parker_prepare(&shared->parker);
        if (atp_load_acquire(&shared->given) > round) {
            atp_parker_cancel(&shared->parker);
            break;
        }
        if (!park_is_woken(&shared->parker, ticket)) {
            return false;
        }
    }
    atp_store_release(&shared->taken, round + 1);
    return true;
}

static void no_wake_up_is_lost_between_two_threads(void **state)
{
    static shared_t shared;
    pthread_t thread;
    uint64_t round = 0;
    (void)state;

    atp_parker_init(&shared.parker);
    assert_int_equal(pthread_create(&thread, NULL, give_work, &shared), 0);
    while (round < ROUNDS && take_work(&shared, round)) {
        round++;
    }
    atp_store_relaxed(&shared.is_over, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(round, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wake_between_prepare_and_park_is_not_lost),
        cmocka_unit_test(a_park_that_nobody_ends_ends_by_itself),
        cmocka_unit_test(a_wake_of_one_who_is_awake_costs_nothing_later),
        cmocka_unit_test(no_wake_up_is_lost_between_two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

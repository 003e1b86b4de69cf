/* The ring between threads: nothing lost, nothing twice, each producer's order kept (Q1). The items are plain
 * memory, written before the push and read after the pop, so that ThreadSanitizer sees a hand-over that does
 * not order them. */
#include "engine/base/ring.h"
#include "tests/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define PRODUCERS  4
#define ITEMS_EACH 50000

typedef struct item {
    unsigned producer;
    unsigned number;
} item_t;

typedef struct producer {
    atp_ring_t *ring;
    item_t *items;
    unsigned id;
} producer_t;

static void *produce(void *context)
{
    const producer_t *producer = context;

    for (unsigned i = 0; i < ITEMS_EACH; i++) {
        producer->items[i] = (item_t){producer->id, i};
        while (!atp_ring_push(producer->ring, &producer->items[i])) {
            (void)sched_yield(); /* full: the consumer's turn */
        }
    }
    return NULL;
}

/* Takes all items; every producer's come in its order. */
static void consume_all(atp_ring_t *ring)
{
    unsigned next[PRODUCERS] = {0};
    unsigned taken = 0;

    while (taken < PRODUCERS * ITEMS_EACH) {
        item_t *item = atp_ring_pop(ring);
        if (item == NULL) {
            (void)sched_yield();
            continue;
        }
        assert_in_range(item->producer, 0, PRODUCERS - 1);
        assert_int_equal(item->number, next[item->producer]);
        next[item->producer]++;
        taken++;
        *item = (item_t){PRODUCERS, 0}; /* a second delivery would be seen */
    }
    assert_null(atp_ring_pop(ring));
}

static void run_with_capacity(size_t capacity)
{
    atp_ring_t ring;
    pthread_t threads[PRODUCERS];
    producer_t producers[PRODUCERS];

    assert_int_equal(atp_ring_init(&ring, capacity), ATP_OK);
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i] = (producer_t){&ring, calloc(ITEMS_EACH, sizeof(item_t)), i};
        assert_non_null(producers[i].items);
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    consume_all(&ring);
    for (unsigned i = 0; i < PRODUCERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        free(producers[i].items);
    }
    atp_ring_fini(&ring);
}

static void producers_that_fight_for_two_cells_lose_nothing(void **state)
{
    (void)state;
    run_with_capacity(2);
}

static void producers_that_seldom_meet_lose_nothing(void **state)
{
    (void)state;
    run_with_capacity(1024);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(producers_that_fight_for_two_cells_lose_nothing),
        cmocka_unit_test(producers_that_seldom_meet_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Batches that wait: in order, bounded, those of one source beside those of others. */
#include "tests/test.h"

#include "tools/atpd/delay.h"

#include "engine/base/atomics.h"

#include <pthread.h>
#include <stdlib.h>

#define SIZE      ((size_t)16 << 20) /* said of a batch; nothing has that size */
#define TAKEN_MAX 16

typedef struct rig {
    atp_meter_t *meter;
    atp_delay_t *delay;
    _Atomic uint32_t paused; /* a bit for each source */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t count; /* under the mutex */
    atp_parcel_t *taken[TAKEN_MAX];
} rig_t;

static bool is_paused(void *context, uint32_t source)
{
    rig_t *rig = context;

    return (atp_load_relaxed(&rig->paused) >> source & 1) != 0;
}

static void take(void *context, atp_parcel_t *parcel)
{
    rig_t *rig = context;

    (void)pthread_mutex_lock(&rig->mutex);
    rig->taken[rig->count++] = parcel;
    (void)pthread_cond_signal(&rig->changed);
    (void)pthread_mutex_unlock(&rig->mutex);
}

static int set_up(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    (void)pthread_mutex_init(&rig->mutex, NULL);
    (void)pthread_cond_init(&rig->changed, NULL);
    rig->meter = atp_meter_create();
    rig->delay = atp_delay_open(rig->meter, is_paused, take, rig);
    assert_non_null(rig->delay);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    rig_t *rig = *state;

    atp_delay_destroy(rig->delay);
    atp_meter_destroy(rig->meter);
    for (uint32_t i = 0; i < rig->count; i++) {
        free(rig->taken[i]);
    }
    (void)pthread_cond_destroy(&rig->changed);
    (void)pthread_mutex_destroy(&rig->mutex);
    free(rig);
    return 0;
}

static atp_source_limits_t limits_of(rig_t *rig, uint32_t source)
{
    return (atp_source_limits_t){.is_known = true, .source = source, .is_paused = is_paused(rig, source)};
}

static bool push(rig_t *rig, uint32_t source, uint64_t epoch, uint64_t sequence)
{
    atp_source_limits_t limits = limits_of(rig, source);
    atp_parcel_t *parcel = calloc(1, sizeof *parcel);

    assert_non_null(parcel);
    parcel->epoch = epoch;
    parcel->sequence = sequence;
    parcel->batch.ops_size = SIZE;
    parcel->batch.op_count = 2;
    bool is_in = atp_delay_push(rig->delay, &limits, parcel);
    if (!is_in) {
        free(parcel);
    }
    return is_in;
}

static void wait_for(rig_t *rig, uint32_t count)
{
    (void)pthread_mutex_lock(&rig->mutex);
    while (rig->count < count) {
        (void)pthread_cond_wait(&rig->changed, &rig->mutex);
    }
    (void)pthread_mutex_unlock(&rig->mutex);
}

static void what_waits_goes_in_the_order_of_its_numbers(void **state)
{
    rig_t *rig = *state;

    atp_store_relaxed(&rig->paused, 1u << 3);
    assert_true(push(rig, 3, 2, 1));
    assert_true(push(rig, 3, 1, 9)); /* comes back from the ledger */
    atp_store_relaxed(&rig->paused, 0);
    wait_for(rig, 2);
    assert_int_equal(rig->taken[0]->sequence, 9);
    assert_int_equal(rig->taken[1]->sequence, 1);
    atp_delay_end(rig->delay);
}

static void others_go_on_while_a_source_is_paused(void **state)
{
    rig_t *rig = *state;
    atp_source_limits_t paused;
    atp_source_limits_t open;

    atp_store_relaxed(&rig->paused, 1u << 3);
    assert_true(push(rig, 3, 1, 1));
    assert_true(push(rig, 4, 1, 7));
    wait_for(rig, 1);
    assert_int_equal(rig->taken[0]->sequence, 7);
    paused = limits_of(rig, 3);
    open = limits_of(rig, 5);
    assert_true(atp_delay_must_wait(rig->delay, &paused, 1));
    assert_false(atp_delay_must_wait(rig->delay, &open, 1));
    atp_store_relaxed(&rig->paused, 0);
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 2);
}

static void a_paused_source_has_half_of_the_room(void **state)
{
    rig_t *rig = *state;

    atp_store_relaxed(&rig->paused, 1u << 3 | 1u << 4 | 1u << 5);
    assert_true(push(rig, 3, 1, 1));
    assert_true(push(rig, 3, 1, 2));
    assert_false(push(rig, 3, 1, 3)); /* the newest is not taken: what waits has no gap */
    assert_true(push(rig, 4, 1, 1));
    assert_true(push(rig, 4, 1, 2));
    assert_false(push(rig, 5, 1, 1)); /* all of it is used */
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 4);
}

static void at_the_end_all_is_handed_in_and_nothing_is_taken_any_more(void **state)
{
    rig_t *rig = *state;

    atp_store_relaxed(&rig->paused, 1u << 3);
    assert_true(push(rig, 3, 1, 1));
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 1);
    assert_false(push(rig, 3, 1, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_goes_in_the_order_of_its_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_go_on_while_a_source_is_paused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paused_source_has_half_of_the_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_the_end_all_is_handed_in_and_nothing_is_taken_any_more, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

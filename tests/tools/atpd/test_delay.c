/* Batches that wait: in order, bounded, those of one source beside those of others. */
#include "tests/test.h"

#include "tools/atpd/facts/delay.h"

#include "engine/base/atomics.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE      ((size_t)16 << 20) /* said of a batch; nothing has that size */
#define TAKEN_MAX 512

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
    rig->delay = atp_delay_open(rig->meter, NULL, is_paused, take, rig);
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

/* ---- with a backlog ---- */

/* A rig whose delay keeps what waits in `folder`. */
static void keep_in(rig_t *rig, char folder[32], atp_backlog_t **ret_backlog)
{
    atp_why_t why;

    atp_delay_end(rig->delay);
    atp_delay_destroy(rig->delay);
    (void)strcpy(folder, "/tmp/atp-delay-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(atp_backlog_open(folder, ret_backlog, &why), ATP_OK);
    rig->delay = atp_delay_open(rig->meter, *ret_backlog, is_paused, take, rig);
    assert_non_null(rig->delay);
}

static void push_limited(rig_t *rig, const atp_source_limits_t *limits, uint64_t sequence,
                         atp_metrics_t *metrics)
{
    atp_parcel_t *parcel = atp_parcel_create(NULL, metrics, rig);

    assert_non_null(parcel);
    parcel->epoch = 1;
    parcel->sequence = sequence;
    parcel->batch.op_count = 2;
    assert_true(atp_parcel_copy_message(parcel, (const uint8_t *)&sequence, sizeof sequence));
    assert_true(atp_delay_push(rig->delay, limits, parcel));
}

static void push_message(rig_t *rig, uint32_t source, uint64_t sequence, atp_metrics_t *metrics)
{
    atp_source_limits_t limits = limits_of(rig, source);

    push_limited(rig, &limits, sequence, metrics);
}

typedef struct kept {
    uint64_t sum;
    unsigned count;
} kept_t;

static void add_kept(void *context, const uint8_t *bytes, size_t size, atp_backlog_file_t *file)
{
    kept_t *kept = context;
    uint64_t sequence;

    assert_int_equal(size, sizeof sequence);
    memcpy(&sequence, bytes, size);
    kept->sum = kept->sum * 10 + sequence;
    kept->count++;
    (void)atp_backlog_drop(file);
}

/* Reads what is kept, and tidies up. */
static kept_t read_kept(const char *folder, atp_backlog_t *backlog)
{
    kept_t kept = {0, 0};
    char path[64];
    atp_why_t why;

    atp_backlog_close(backlog);
    assert_int_equal(atp_backlog_open(folder, &backlog, &why), ATP_OK);
    assert_int_equal(atp_backlog_read(backlog, add_kept, &kept), ATP_OK);
    atp_backlog_close(backlog);
    (void)snprintf(path, sizeof path, "%s/waiting", folder);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
    return kept;
}

static void at_the_end_what_is_kept_of_a_paused_source_stays_and_the_rest_is_handed_in(void **state)
{
    rig_t *rig = *state;
    atp_metrics_t *metrics = atp_metrics_create("test");
    atp_backlog_t *backlog;
    char folder[32];

    keep_in(rig, folder, &backlog);
    atp_store_relaxed(&rig->paused, 1u << 3);
    push_message(rig, 3, 1, metrics);
    push_message(rig, 3, 2, metrics);
    push_message(rig, 4, 3, metrics);
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 1);
    assert_int_equal(rig->taken[0]->sequence, 3);
    atp_delay_drop(rig->delay, rig->taken[0]);
    kept_t kept = read_kept(folder, backlog);
    assert_int_equal(kept.sum, 12);
    atp_metrics_destroy(metrics);
}

/* More than are written at once. None is handed in: the ledger would refuse it, and nobody would have it any more. */
static void at_the_end_all_of_a_paused_source_is_kept_before_anything_is_handed_in(void **state)
{
    enum { MANY = 300 };
    rig_t *rig = *state;
    atp_metrics_t *metrics = atp_metrics_create("test");
    atp_backlog_t *backlog;
    char folder[32];

    keep_in(rig, folder, &backlog);
    atp_store_relaxed(&rig->paused, 1u << 3);
    for (uint64_t i = 1; i <= MANY; i++) {
        push_message(rig, 3, i, metrics);
    }
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 0);
    assert_int_equal(read_kept(folder, backlog).count, MANY);
    atp_metrics_destroy(metrics);
}

static void wait_for_file(const char *folder)
{
    char path[64];
    struct stat status = {.st_size = 0};

    (void)snprintf(path, sizeof path, "%s/waiting/%016x", folder, 1u);
    while (stat(path, &status) != 0 || status.st_size == 0) {
        (void)sched_yield();
    }
}

static void what_waits_for_its_rate_is_kept_and_at_the_end_handed_in_in_order(void **state)
{
    const atp_source_limits_t slow = {.is_known = true, .source = 3, .rate = 1};
    rig_t *rig = *state;
    atp_metrics_t *metrics = atp_metrics_create("test");
    atp_backlog_t *backlog;
    char folder[32];

    keep_in(rig, folder, &backlog);
    assert_false(atp_delay_must_wait(rig->delay, &slow, 1000000)); /* owed for days */
    assert_true(atp_delay_must_wait(rig->delay, &slow, 1));
    push_limited(rig, &slow, 2, metrics);
    push_limited(rig, &slow, 3, metrics);
    push_limited(rig, &slow, 1, metrics);
    wait_for_file(folder);
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(rig->taken[i]->sequence, i + 1);
        assert_non_null(rig->taken[i]->kept);
    }
    assert_int_equal(read_kept(folder, backlog).count, 3); /* as nobody has answered them */
    atp_metrics_destroy(metrics);
}

/* As it comes back at a start: it may be more than may wait now. */
static void what_is_kept_has_its_room(void **state)
{
    rig_t *rig = *state;
    atp_source_limits_t limits;
    atp_parcel_t *parcel = calloc(1, sizeof *parcel);
    int file;

    assert_non_null(parcel);
    atp_store_relaxed(&rig->paused, 1u << 3);
    assert_true(push(rig, 3, 1, 1));
    assert_true(push(rig, 3, 1, 2));
    assert_false(push(rig, 3, 1, 3));
    limits = limits_of(rig, 3);
    parcel->sequence = 3;
    parcel->epoch = 1;
    parcel->batch.ops_size = SIZE;
    parcel->batch.op_count = 2;
    parcel->kept = (atp_backlog_file_t *)(void *)&file; /* wherever */
    assert_true(atp_delay_push(rig->delay, &limits, parcel));
    atp_store_relaxed(&rig->paused, 0);
    wait_for(rig, 3);
    assert_int_equal(rig->taken[2]->sequence, 3);
    atp_delay_end(rig->delay);
}

static void what_is_answered_is_kept_no_more(void **state)
{
    rig_t *rig = *state;
    atp_metrics_t *metrics = atp_metrics_create("test");
    atp_backlog_t *backlog;
    char folder[32];

    keep_in(rig, folder, &backlog);
    atp_store_relaxed(&rig->paused, 1u << 3);
    push_message(rig, 3, 1, metrics);
    push_message(rig, 3, 2, metrics);
    atp_store_relaxed(&rig->paused, 0);
    wait_for(rig, 2);
    for (unsigned i = 0; i < 2; i++) {
        atp_delay_drop(rig->delay, rig->taken[i]);
        atp_delay_drop(rig->delay, rig->taken[i]); /* once */
        atp_parcel_free_message(rig->taken[i]);
    }
    atp_delay_end(rig->delay);
    assert_int_equal(read_kept(folder, backlog).count, 0);
    atp_metrics_destroy(metrics);
}

static void what_cannot_be_kept_waits_all_the_same(void **state)
{
    rig_t *rig = *state;
    atp_backlog_t *backlog;
    char folder[32];
    char path[64];

    keep_in(rig, folder, &backlog);
    (void)snprintf(path, sizeof path, "%s/waiting", folder);
    assert_int_equal(rmdir(path), 0); /* no file can be made in it any more */
    atp_store_relaxed(&rig->paused, 1u << 3);
    push_message(rig, 3, 1, NULL);
    push_message(rig, 3, 2, NULL);
    atp_delay_end(rig->delay);
    assert_int_equal(rig->count, 2); /* the ledger refuses it, and that is told */
    assert_null(rig->taken[0]->kept);
    assert_null(rig->taken[0]->message);
    assert_int_equal(read_kept(folder, backlog).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_waits_goes_in_the_order_of_its_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(others_go_on_while_a_source_is_paused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paused_source_has_half_of_the_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(at_the_end_all_is_handed_in_and_nothing_is_taken_any_more, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            at_the_end_what_is_kept_of_a_paused_source_stays_and_the_rest_is_handed_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            at_the_end_all_of_a_paused_source_is_kept_before_anything_is_handed_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_for_its_rate_is_kept_and_at_the_end_handed_in_in_order,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_has_its_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_answered_is_kept_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_kept_waits_all_the_same, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The ledger thread changes records at full speed while the snapshot thread writes: each snapshot is the state as
 * of its begin. Run under ThreadSanitizer too. */
#include "tests/engine/store/test_snapshot.h"

#include <pthread.h>
#include <sched.h>

#define CAPACITY  1200
#define SNAPSHOTS 12

typedef struct writer {
    atp_snapshots_t *snapshots;
    _Atomic uint32_t is_over;
    uint64_t completed;
    uint64_t failed;
} writer_t;

static void *write_snapshots(void *context)
{
    writer_t *writer = context;
    atp_why_t why;

    for (;;) {
        switch (atp_snapshots_step(writer->snapshots, &why)) {
        case ATP_SNAPSHOT_COMPLETED:
            writer->completed++;
            break;
        case ATP_SNAPSHOT_FAILED:
            writer->failed++;
            break;
        case ATP_SNAPSHOT_WORKED:
            break;
        case ATP_SNAPSHOT_IDLE:
            if (atp_load_acquire(&writer->is_over)) {
                return NULL;
            }
            atp_snapshots_wait(writer->snapshots, 1000000);
            break;
        }
    }
}

/* Copies in passing while the pool has room, changes records all the time. True if it was not given up. */
static bool copy_all(stock_t *stock, const atp_snapshots_t *snapshots)
{
    bool given_up = false;
    bool done = false;

    while (!done) {
        if (atp_snapshots_pool_used(snapshots) < 50) {
            done = stock_copy_some(stock, 4, &given_up);
        } else {
            sched_yield();
        }
        stock_change(stock, 2);
    }
    stock_end(stock);
    return !given_up;
}

/* Returns how many were sealed. `hashes`: by op, the state it was begun at. */
static uint64_t run_ledger(stock_t *stock, atp_snapshots_t *snapshots, uint64_t *hashes)
{
    uint64_t sealed = 0;

    for (uint64_t op = 1; sealed < SNAPSHOTS;) {
        if (stock_begin(stock, snapshots, op) == NULL) {
            stock_change(stock, 5);
            sched_yield();
            continue;
        }
        hashes[op] = stock_hash(stock);
        if (copy_all(stock, snapshots)) {
            atp_snapshots_seal(snapshots);
            sealed++;
            op++;
        } else {
            atp_snapshots_abandon(snapshots);
        }
    }
    return sealed;
}

static void each_snapshot_is_the_state_as_of_its_begin(void **state)
{
    (void)state;
    char folder[64];
    uint64_t hashes[SNAPSHOTS + 2];
    uint64_t hash;
    atp_snapshot_meta_t metas[2];
    atp_why_t why;
    pthread_t thread;
    stock_t stock;

    make_temporary_folder(folder);
    writer_t writer = {.snapshots = open_snapshots(folder, 512)};
    stock_make(&stock, CAPACITY, 11);
    stock_fill(&stock, CAPACITY / 2);
    assert_int_equal(pthread_create(&thread, NULL, write_snapshots, &writer), 0);
    uint64_t sealed = run_ledger(&stock, writer.snapshots, hashes);
    atp_store_release(&writer.is_over, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);

    assert_int_equal(writer.failed, 0);
    assert_int_equal(writer.completed, sealed);
    assert_int_equal(atp_snapshots_verify(writer.snapshots, metas, &why), ATP_OK);
    for (int i = 0; i < 2; i++) {
        assert_true(metas[i].op >= SNAPSHOTS - 1);
        assert_int_equal(metas[i].state_hash, hashes[metas[i].op]);
    }
    assert_int_equal(load_into_fresh(folder, CAPACITY, &hash, &metas[0], &why), ATP_OK);
    assert_int_equal(metas[0].op, SNAPSHOTS);
    assert_int_equal(hash, hashes[SNAPSHOTS]);
    assert_int_equal(atp_snapshots_keep_from(writer.snapshots), SNAPSHOTS - 1);
    atp_snapshots_close(writer.snapshots);
    stock_free(&stock);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_snapshot_is_the_state_as_of_its_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The keeper beside the journal thread, on the real disk and on the simulated one, with a third thread that asks. Meant
 * for ThreadSanitizer; the checks hold without it too. */
#include "tests/test.h"

#include "engine/base/atomics.h"
#include "engine/store/journal.h"
#include "tests/sim/sim_disk.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define FRAMES       3000
#define PAYLOAD_SIZE 3000

typedef struct shared {
    atp_journal_t *journal;
    _Atomic bool is_done;
} shared_t;

static void *keep(void *context)
{
    shared_t *shared = context;

    /* Relaxed: a late end costs a round. */
    while (!atp_load_relaxed(&shared->is_done)) {
        uint64_t durable_op = atp_journal_durable_op(shared->journal);
        ATP_ASSERT(atp_journal_prepare(shared->journal) == ATP_OK);
        ATP_ASSERT(atp_journal_drop_below(shared->journal, durable_op / 2) == ATP_OK);
        (void)sched_yield();
    }
    return NULL;
}

static void *ask(void *context)
{
    shared_t *shared = context;
    uint64_t last_op = 0;

    while (!atp_load_relaxed(&shared->is_done)) { /* relaxed: as above */
        uint64_t durable_op = atp_journal_durable_op(shared->journal);
        atp_journal_stats_t stats;
        ATP_ASSERT(durable_op >= last_op);
        last_op = durable_op;
        /* never more than is there: the current segment and three prepared ones */
        ATP_ASSERT(atp_journal_room(shared->journal) <= 4 * (ATP_SEGMENT_SIZE_MIN - ATP_SEGMENT_HEADER_SIZE));
        atp_journal_stats(shared->journal, &stats);
        ATP_ASSERT(stats.syncs <= stats.frames);
        (void)sched_yield();
    }
    return NULL;
}

static void append_all(shared_t *shared, uint64_t first_op)
{
    static unsigned char payload[PAYLOAD_SIZE];

    for (uint64_t i = 0; i < FRAMES;) {
        const atp_frame_t frame = {.incarnation = 1,
                                   .first_op = first_op + i,
                                   .op_count = 1,
                                   .payload = payload,
                                   .payload_size = (uint32_t)(i * 37 % PAYLOAD_SIZE)};
        atp_err_t err = atp_journal_append(shared->journal, &frame);
        if (err == ATP_ERR_NO_SPACE) {
            (void)sched_yield(); /* the keeper is at it */
            continue;
        }
        assert_int_equal(err, ATP_OK);
        i++;
        if (i % 4 == 0) {
            assert_int_equal(atp_journal_sync(shared->journal), ATP_OK);
        }
    }
    assert_int_equal(atp_journal_append_mark(shared->journal, 1, 0), ATP_OK);
    assert_int_equal(atp_journal_sync(shared->journal), ATP_OK);
}

static void run_threads(atp_journal_t *journal, uint64_t first_op)
{
    shared_t shared = {.journal = journal};
    pthread_t keeper;
    pthread_t asker;

    assert_int_equal(pthread_create(&keeper, NULL, keep, &shared), 0);
    assert_int_equal(pthread_create(&asker, NULL, ask, &shared), 0);
    append_all(&shared, first_op);
    atp_store_relaxed(&shared.is_done, true); /* relaxed: as above */
    assert_int_equal(pthread_join(keeper, NULL), 0);
    assert_int_equal(pthread_join(asker, NULL), 0);
}

/* Two lives and a look: the second begins on what the first has left, prepared segments included. */
static void run_lives(atp_storage_t *storage)
{
    const atp_journal_options_t options = {
        .storage = storage, .segment_size = ATP_SEGMENT_SIZE_MIN, .segments_ahead = 3};
    uint64_t last_op = 0;

    for (int life = 0; life < 3; life++) {
        atp_journal_t *journal = NULL;
        atp_journal_tail_t tail;
        atp_why_t why;
        assert_int_equal(atp_journal_open(&options, &journal, &why), ATP_OK);
        assert_int_equal(atp_journal_replay(journal, 0, NULL, NULL, &tail, &why), ATP_OK);
        assert_int_equal(tail.last_op, last_op);
        assert_int_equal(tail.torn_bytes, 0);
        if (life < 2) {
            run_threads(journal, last_op + 1);
            last_op += FRAMES;
        }
        atp_journal_close(journal);
    }
}

static void the_keeper_runs_beside_the_journal_thread_on_a_simulated_disk(void **state)
{
    sim_disk_t *disk = sim_disk_create(1, 0);

    (void)state;
    run_lives(sim_disk_storage(disk));
    sim_disk_destroy(disk);
}

static void the_keeper_runs_beside_the_journal_thread_on_the_real_disk(void **state)
{
    char folder[] = "/tmp/atp-journal-XXXXXX";
    char command[64];
    atp_storage_t *storage = NULL;
    atp_why_t why;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(atp_storage_posix_open(folder, &storage, &why), ATP_OK);
    run_lives(storage);
    atp_storage_posix_close(storage);
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_keeper_runs_beside_the_journal_thread_on_a_simulated_disk),
        cmocka_unit_test(the_keeper_runs_beside_the_journal_thread_on_the_real_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

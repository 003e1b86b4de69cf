/* The four threads: each calls its step while there is work, spins a moment, then sleeps until woken. */
#include "engine/engine_priv.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#define SPINS            50                      /* looks for work before it sleeps: a few microseconds */
#define LEDGER_SLEEP_NS  (UINT64_C(8) * 1000000) /* pulses are due at any time */
#define JOURNAL_SLEEP_NS (UINT64_C(20) * 1000000)
#define KEEPER_SLEEP_NS  (UINT64_C(20) * 1000000)
#define STUCK_WAITS      2000 /* of a millisecond: the journal has had no room for so long */

/* Whether a step that did nothing had nothing to do; else it waits for another thread or for the disk. */
static bool is_ledger_drained(const atp_engine_t *engine)
{
    return engine->frame != NULL;
}

static bool is_journal_drained(const atp_engine_t *engine)
{
    return engine->unwritten == NULL && atp_load_relaxed(&engine->is_failed) == 0;
}

static bool is_keeper_drained(const atp_engine_t *engine)
{
    (void)engine;
    return true;
}

static void loop(atp_engine_t *engine, bool (*step)(atp_engine_t *engine),
                 bool (*is_drained)(const atp_engine_t *engine), atp_parker_t *parker,
                 _Atomic uint32_t *must_end, uint64_t sleep_ns)
{
    unsigned idle = 0;

    for (;;) {
        uint32_t end = atp_load_acquire(must_end);
        if (step(engine)) {
            idle = 0;
            continue;
        }
        if (end == ATP_END_NOW || (end == ATP_END_WHEN_DRAINED && is_drained(engine))) {
            return; /* asked to end before a step that found nothing */
        }
        if (++idle < SPINS) {
            __builtin_ia32_pause();
            continue;
        }
        uint32_t ticket = atp_parker_prepare(parker);
        if (step(engine) || atp_load_acquire(must_end) != end) {
            atp_parker_cancel(parker);
        } else {
            atp_parker_park(parker, ticket, sleep_ns);
        }
        idle = SPINS - 1;
    }
}

static void *run_ledger(void *context)
{
    atp_engine_t *engine = context;
    loop(engine, atp_engine_step_ledger, is_ledger_drained, &engine->ledger_parker, &engine->ledger_must_end,
         LEDGER_SLEEP_NS);
    return NULL;
}

static void *run_journal(void *context)
{
    atp_engine_t *engine = context;
    loop(engine, atp_engine_step_journal, is_journal_drained, &engine->journal_parker,
         &engine->journal_must_end, JOURNAL_SLEEP_NS);
    return NULL;
}

static void *run_keeper(void *context)
{
    atp_engine_t *engine = context;
    loop(engine, atp_engine_step_keeper, is_keeper_drained, &engine->keeper_parker, &engine->helpers_must_end,
         KEEPER_SLEEP_NS);
    return NULL;
}

static void *run_snapshot(void *context)
{
    atp_engine_t *engine = context;

    while (atp_load_acquire(&engine->helpers_must_end) == 0) {
        if (!atp_engine_step_snapshot(engine)) {
            atp_snapshots_wait(engine->snapshots, KEEPER_SLEEP_NS);
        }
    }
    return NULL;
}

static atp_err_t start_thread(atp_engine_t *engine, void *(*run)(void *), const char *name,
                              atp_why_t *ret_why)
{
    int status = pthread_create(&engine->threads[engine->thread_count], NULL, run, engine);

    if (status != 0) {
        return atp_fail(ret_why, ATP_ERR_LIMIT, "the %s thread cannot be started: %s", name,
                        strerror(status));
    }
    pthread_setname_np(engine->threads[engine->thread_count], name);
    engine->thread_count++;
    return ATP_OK;
}

atp_err_t atp_engine_start(atp_engine_t *engine, atp_why_t *ret_why)
{
    atp_err_t err = start_thread(engine, run_ledger, "atp-ledger", ret_why);

    err = err == ATP_OK ? start_thread(engine, run_journal, "atp-journal", ret_why) : err;
    err = err == ATP_OK ? start_thread(engine, run_keeper, "atp-keeper", ret_why) : err;
    if (err == ATP_OK && engine->snapshots != NULL) {
        err = start_thread(engine, run_snapshot, "atp-snapshot", ret_why);
    }
    if (err != ATP_OK) {
        atp_engine_stop(engine, false);
    }
    return err;
}

static void end_thread(atp_engine_t *engine, unsigned number, _Atomic uint32_t *must_end,
                       atp_parker_t *parker)
{
    if (number < engine->thread_count) {
        atp_store_release(must_end, ATP_END_NOW);
        atp_parker_wake(parker);
        pthread_join(engine->threads[number], NULL);
    }
}

/* Sleeps a moment. True when the journal has failed, or has had no room for long, so that waiting is in vain;
 * `waits` counts since when. */
static bool is_in_vain(const atp_engine_t *engine, unsigned *waits)
{
    atp_engine_t *self = (atp_engine_t *)engine;
    struct timespec moment = {0, 1000000};

    nanosleep(&moment, NULL);
    *waits = atp_load_relaxed(&self->is_out_of_room) != 0 ? *waits + 1 : 0;
    return *waits >= STUCK_WAITS || atp_load_relaxed(&self->is_failed) != 0;
}

/* Lets the thread finish what there is, unless the journal is stuck: then the rest is answered by close. */
static void drain_thread(atp_engine_t *engine, unsigned number, _Atomic uint32_t *must_end,
                         atp_parker_t *parker)
{
    unsigned waits = 0;

    if (number >= engine->thread_count) {
        return;
    }
    atp_store_release(must_end, ATP_END_WHEN_DRAINED);
    atp_parker_wake(parker);
    while (pthread_tryjoin_np(engine->threads[number], NULL) != 0) {
        if (is_in_vain(engine, &waits)) {
            end_thread(engine, number, must_end, parker);
            return;
        }
    }
}

/* Waits until the snapshot asked for is complete, has failed, or was not needed. */
static void take_last_snapshot(atp_engine_t *engine)
{
    unsigned waits = 0;

    atp_engine_request_snapshot(engine);
    while ((atp_load_acquire(&engine->is_snapshot_wanted) != 0 ||
            atp_load_acquire(&engine->is_snapshot_busy) != 0) &&
           !is_in_vain(engine, &waits)) {
    }
}

void atp_engine_stop(atp_engine_t *engine, bool with_snapshot)
{
    /* STOP-1 (seq_cst) pairs with SUBMIT-1: after it no submitter gets in; those inside are waited for. */
    atp_store_seq_cst(&engine->is_stopping, 1);
    atp_fence_seq_cst();
    while (atp_load_acquire(&engine->submitters) != 0) {
        sched_yield();
    }
    if (with_snapshot && engine->thread_count == 4) {
        take_last_snapshot(engine);
    }
    drain_thread(engine, 0, &engine->ledger_must_end, &engine->ledger_parker);
    drain_thread(engine, 1, &engine->journal_must_end, &engine->journal_parker);
    end_thread(engine, 2, &engine->helpers_must_end, &engine->keeper_parker);
    if (engine->thread_count == 4) {
        pthread_join(engine->threads[3], NULL);
    }
    engine->thread_count = 0;
}

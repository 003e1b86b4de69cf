/* The simulation: a seed decides what the clients ask, when each thread of the engine gets to run, what the disk and
 * the clocks do, and when the power fails. After each recovery everything a client was ever told must still hold
 * (sim_clients.h), every invariant of the ledger must, and the state must be that of a fresh replay.
 *
 *     test_simulation [FIRST_SEED [SEEDS]]     200 seeds from 1 if not said otherwise
 */
#include "engine/engine_priv.h"
#include "tests/sim/sim_clients.h"
#include "tests/sim/sim_random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOMENTS 4000 /* of one seed */
#define SEEDS   200
#define HOUR_MS INT64_C(3600000)

typedef struct world {
    uint64_t seed;
    uint64_t random;
    sim_engine_t sim;
    sim_clients_t clients;
    unsigned slow; /* moments left in which the journal thread does not get to run */
    bool is_full;
    bool is_dying; /* a sync will fail */
    int64_t passed_ms;
    uint64_t crashes;
    uint64_t kills;
    uint64_t failed_opens;
    uint64_t fatals;
    uint64_t full_disks;
    uint64_t snapshots;
} world_t;

static uint64_t below(world_t *world, uint64_t bound)
{
    return sim_random_below(&world->random, bound);
}

/* ---- the disk, the clocks ---- */

static void fill_or_free_disk(world_t *world)
{
    sim_disk_stats_t stats;

    world->is_full = !world->is_full;
    sim_disk_stats(world->sim.disk, &stats);
    sim_disk_set_capacity(world->sim.disk,
                          world->is_full ? stats.used_size + below(world, 3 * ATP_SEGMENT_SIZE_MIN) : 0);
    world->full_disks += world->is_full;
}

static void free_disk(world_t *world)
{
    world->is_full = false;
    sim_disk_set_capacity(world->sim.disk, 0);
}

static void pass_time(world_t *world)
{
    int64_t ms = below(world, 6) == 0 ? (int64_t)below(world, 240000) : (int64_t)below(world, 400);

    sim_clock_pass(&world->sim.clock, ms);
    world->passed_ms += ms;
}

static void set_wall(world_t *world)
{
    static const int64_t ranges_ms[] = {20, 2000, 30000, HOUR_MS};
    int64_t range_ms = ranges_ms[below(world, 4)];

    world->sim.clock.wall_ms += (int64_t)below(world, (uint64_t)(2 * range_ms)) - range_ms;
}

/* ---- recovery ---- */

typedef struct fresh {
    atp_ledger_t *ledger;
} fresh_t;

static atp_err_t visit(void *context, const atp_frame_t *frame, atp_journal_position_t place,
                       atp_why_t *ret_why)
{
    fresh_t *fresh = context;
    return atp_engine_replay_frame(fresh->ledger, frame, place, NULL, ret_why);
}

/* The state as a replay of the whole journal gives it; false when the journal does not begin at op 1 any more. */
static bool replay_hash(world_t *world, uint64_t *ret_hash)
{
    sim_disk_t *copy = sim_disk_clone(world->sim.disk, 1);
    atp_journal_options_t options = {.storage = sim_disk_storage(copy),
                                     .segment_size = ATP_SEGMENT_SIZE_MIN,
                                     .segments_ahead = 1,
                                     .read_only = true};
    atp_journal_t *journal = NULL;
    atp_journal_tail_t tail;
    fresh_t fresh;
    atp_why_t why = {""};

    atp_err_t err = atp_ledger_create(&world->sim.config, &fresh.ledger, &why);
    err = err == ATP_OK ? atp_journal_open(&options, &journal, &why) : err;
    if (err == ATP_OK) {
        err = atp_journal_replay(journal, 1, visit, &fresh, &tail, &why);
    }
    bool is_whole = err == ATP_OK;
    if (is_whole) {
        *ret_hash = atp_ledger_hash(fresh.ledger);
    } else if (world->sim.recovery.snapshot_op == 0) {
        sim_violation(world->seed, "the journal cannot be replayed: %s", why.text);
    }
    atp_journal_close(journal);
    atp_ledger_destroy(fresh.ledger);
    sim_disk_destroy(copy);
    return is_whole;
}

static void check_state(world_t *world)
{
    const atp_ledger_t *ledger = atp_engine_ledger(world->sim.engine);
    uint64_t hash = atp_ledger_hash(ledger);
    uint64_t fresh_hash;

    if (atp_ledger_check(ledger, &world->sim.why) != ATP_OK) {
        sim_violation(world->seed, "after recovery: %s", world->sim.why.text);
    }
    if (replay_hash(world, &fresh_hash) && fresh_hash != hash) {
        sim_violation(world->seed, "I8: recovered %016" PRIx64 ", replayed %016" PRIx64, hash, fresh_hash);
    }
}

/* Opens again, perhaps failing a few times on the way: recovery must stand being interrupted. */
static void recover(world_t *world)
{
    sim_engine_t *sim = &world->sim;

    while (below(world, 4) == 0) {
        sim_disk_fail(sim->disk, 1 + below(world, 60), SIM_FAIL_FROM_THEN_ON, SIM_OPS_CHANGE, ATP_ERR_IO);
        if (sim_engine_open(sim) == ATP_OK) {
            break;
        }
        world->failed_opens++;
        sim_engine_crash(sim, SIM_CRASH_CHANCE);
    }
    sim_disk_heal(sim->disk);
    if (sim->engine == NULL && sim_engine_open(sim) != ATP_OK) {
        sim_violation(world->seed, "recovery fails: %s", sim->why.text);
    }
    world->is_dying = false;
    world->slow = 0;
    check_state(world);
    sim_clients_check(&world->clients);
}

static void crash(world_t *world)
{
    static const sim_crash_t crashes[] = {SIM_CRASH_LOSE, SIM_CRASH_KEEP, SIM_CRASH_CHANCE, SIM_CRASH_CHANCE};
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(world->sim.engine));
    uint64_t op = atp_engine_applied_op(world->sim.engine);

    world->fatals += world->sim.fatals;
    world->sim.fatals = 0;
    free_disk(world);
    if (below(world, 4) == 0) {
        sim_engine_close(&world->sim); /* kill -9: the disk has all that was written */
        world->kills++;
    } else {
        sim_engine_crash(&world->sim, crashes[below(world, 4)]);
        world->crashes++;
    }
    sim_clients_take(&world->clients);
    sim_disk_heal(world->sim.disk);
    recover(world);
    if (world->sim.recovery.last_op == op && world->sim.options.proposal != NULL &&
        atp_engine_applied_op(world->sim.engine) == op &&
        atp_ledger_hash(atp_engine_ledger(world->sim.engine)) != hash) {
        sim_violation(world->seed, "I8: at op %" PRIu64 " the state is not what it was", op);
    }
}

/* ---- one moment ---- */

static void step_engine(world_t *world)
{
    atp_engine_t *engine = world->sim.engine;

    switch (below(world, 10)) {
    case 0:
    case 1:
    case 2:
    case 3:
        (void)atp_engine_step_ledger(engine);
        break;
    case 4:
    case 5:
    case 6:
        if (world->slow == 0) {
            (void)atp_engine_step_journal(engine);
        }
        break;
    case 7:
        (void)atp_engine_step_keeper(engine);
        break;
    default:
        (void)atp_engine_step_snapshot(engine);
        break;
    }
}

static void upset(world_t *world)
{
    switch (below(world, 12)) {
    case 0:
    case 1:
        fill_or_free_disk(world);
        break;
    case 2:
        world->slow = (unsigned)below(world, 200);
        break;
    case 3:
    case 4:
        set_wall(world);
        break;
    case 5:
    case 6:
        if (world->sim.engine != NULL) {
            atp_engine_request_snapshot(world->sim.engine);
        }
        break;
    case 7:
        sim_disk_fail(world->sim.disk, 1 + below(world, 20), SIM_FAIL_ONCE, SIM_OP_BIT(SIM_OP_SYNC_DATA),
                      ATP_ERR_IO);
        world->is_dying = true;
        break;
    case 8:
        sim_engine_settle(&world->sim);
        break;
    default:
        crash(world);
        break;
    }
}

static void live_a_moment(world_t *world)
{
    world->slow -= world->slow > 0;
    if (below(world, 100) < 30) {
        sim_clients_ask(&world->clients);
    } else if (below(world, 100) < 4) {
        pass_time(world);
    } else if (below(world, 100) == 0) {
        upset(world);
    } else {
        step_engine(world);
    }
    sim_clients_take(&world->clients);
    if (world->sim.fatals > 0) {
        crash(world);
    }
}

/* When the faults stop, all goes on by itself (I11). */
static void come_to_rest(world_t *world)
{
    free_disk(world);
    sim_disk_heal(world->sim.disk);
    world->slow = 0;
    sim_engine_settle(&world->sim);
    sim_clients_take(&world->clients);
    if (world->sim.fatals > 0) {
        crash(world);
        sim_engine_settle(&world->sim);
    }
    for (unsigned i = 0; i < SIM_IN_FLIGHT; i++) {
        if (world->clients.calls[i].request != NULL) {
            sim_violation(world->seed, "I11: the disk is well and a batch has no answer");
        }
    }
    uint64_t answers = world->clients.answers;
    for (int i = 0; i < 20; i++) {
        sim_clients_ask(&world->clients);
    }
    sim_engine_settle(&world->sim);
    sim_clients_take(&world->clients);
    if (world->clients.answers < answers + 20) {
        sim_violation(world->seed, "I11: the disk is well and grants are still refused");
    }
    crash(world);
}

static void run(uint64_t seed, world_t *world)
{
    memset(world, 0, sizeof *world);
    world->seed = seed;
    world->random = seed;
    sim_engine_init(&world->sim, seed);
    world->sim.options.without_snapshots = below(world, 2) == 0;
    world->sim.options.snapshot_interval_ms = below(world, 2) == 0 ? 20000 + below(world, 600000) : 0;
    world->sim.options.accept_time_gap = true;
    if (sim_engine_open(&world->sim) != ATP_OK) {
        sim_violation(seed, "a new folder cannot be opened: %s", world->sim.why.text);
    }
    sim_clients_init(&world->clients, &world->sim, seed);
    sim_clients_begin(&world->clients);
    for (int i = 0; i < MOMENTS; i++) {
        live_a_moment(world);
    }
    come_to_rest(world);
    atp_engine_stats_t stats;
    atp_engine_stats(world->sim.engine, &stats);
    world->snapshots = stats.snapshot_op > 0;
    sim_clients_fini(&world->clients);
    sim_engine_fini(&world->sim);
}

int main(int argc, char *argv[])
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : SEEDS;
    uint64_t crashes = 0;
    uint64_t kills = 0;
    uint64_t failed_opens = 0;
    uint64_t fatals = 0;
    uint64_t full_disks = 0;
    uint64_t answers = 0;
    uint64_t repeats = 0;
    uint64_t snapshots = 0;
    int64_t passed_ms = 0;

    for (uint64_t seed = first; seed < first + count; seed++) {
        static world_t world;
        run(seed, &world);
        crashes += world.crashes;
        kills += world.kills;
        failed_opens += world.failed_opens;
        fatals += world.fatals;
        full_disks += world.full_disks;
        answers += world.clients.answers;
        repeats += world.clients.repeats;
        snapshots += world.snapshots;
        passed_ms += world.passed_ms;
    }
    printf("%" PRIu64 " seeds from %" PRIu64 ": %.1f simulated hours, %" PRIu64 " answers (%" PRIu64
           " repeats), %" PRIu64 " power cuts, %" PRIu64 " kills, %" PRIu64 " failed syncs, %" PRIu64
           " starts that failed, %" PRIu64 " full disks, %" PRIu64 " runs that ended with a snapshot\n",
           count, first, (double)passed_ms / (double)HOUR_MS, answers, repeats, crashes, kills, fatals,
           failed_opens, full_disks, snapshots);
    return 0;
}

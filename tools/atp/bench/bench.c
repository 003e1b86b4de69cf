#include "tools/atp/bench/bench.h"

#include "tools/atp/session.h"
#include "tools/atp/stop.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ID_SIZE 32 /* room for the run, a dash and the op number */

static int64_t now_ns(void)
{
    struct timespec now;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the work of one call ---- */

/* Draws the ops of the next call. False: there are no more. */
static bool draw(atp_bench_actor_t *actor)
{
    atp_bench_t *bench = actor->bench;
    const atp_bench_options_t *options = bench->options;

    if (atp_load_relaxed(&bench->is_over) || atp_stop_is_wanted() ||
        (options->ops == 0 && now_ns() - bench->begun_ns >= options->span_ms * 1000000)) {
        return false;
    }
    actor->first = atp_fetch_add_relaxed(&bench->next, options->batch);
    actor->count = (uint32_t)options->batch;
    if (options->ops != 0) {
        uint64_t left = actor->first < options->ops ? options->ops - actor->first : 0;
        actor->count = left < actor->count ? (uint32_t)left : actor->count;
    }
    return actor->count > 0;
}

static void make_commands(atp_bench_actor_t *actor)
{
    const atp_bench_t *bench = actor->bench;

    for (uint32_t i = 0; i < actor->count; i++) {
        atp_command_line_t *line = &actor->lines[i];
        char *id = actor->ids + (size_t)i * ID_SIZE;
        int size = snprintf(id, ID_SIZE, "%s-%" PRIx64, bench->run, actor->first + i);
        *line = (atp_command_line_t){.mantissa = 1};
        atp_bench_target(bench->targets, bench->options->seed, actor->first + i, &line->sku, &line->node);
        actor->commands[i] = (atp_command_t){.kind = ATP_OP_RESERVE,
                                             .id = {id, (uint32_t)size},
                                             .ttl_ms = bench->options->ttl_ms,
                                             .line_count = 1,
                                             .lines = line};
    }
}

/* From when a call is timed: now; at a rate, from when it is due, so that a call that had to wait for the one before it shows it. */
static void begin_call(atp_bench_actor_t *actor)
{
    const atp_bench_t *bench = actor->bench;
    uint64_t rate = bench->options->rate;

    actor->begun_ns = now_ns();
    if (rate == 0) {
        return;
    }
    int64_t due_ns = bench->begun_ns + (int64_t)((double)actor->first * 1e9 / (double)rate);
    if (due_ns > actor->begun_ns) {
        const struct timespec due = {due_ns / 1000000000, due_ns % 1000000000};
        (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
    }
    actor->begun_ns = due_ns;
}

/* Sums over the ops, so that the order in which they are answered does not show. */
static void note(atp_bench_actor_t *actor, uint64_t n, unsigned verdict, atp_qty_t qty, bool is_decided)
{
    actor->tally.ops++;
    actor->tally.decided += is_decided;
    actor->tally.by_verdict[verdict % ATP_VERDICT_LIMIT]++;
    actor->tally.units += qty > 0 && atp_verdict_is_success(verdict) ? (uint64_t)qty : 0;
    actor->tally.hash += atp_random_mix(atp_random_mix(n) ^ ((uint64_t)qty << 8) ^ verdict);
}

/* An engine that says busy or unavailable says so at once: such a call has no latency to tell. */
static void note_call(atp_bench_actor_t *actor, int64_t ended_ns, uint64_t decided_before)
{
    actor->tally.calls++;
    if (actor->tally.decided > decided_before) {
        atp_histogram_record(&actor->latency_ns, (uint64_t)(ended_ns - actor->begun_ns));
    }
}

static void note_result(atp_bench_actor_t *actor, uint32_t i, const atp_result_t *result)
{
    note(actor, actor->first + i, result->verdict, result->qty, result->op != 0);
}

static void note_failure(atp_bench_actor_t *actor, atp_err_t err)
{
    actor->tally.err = err;
    atp_store_relaxed(&actor->bench->is_over, true);
}

/* ---- calls that wait ---- */

static atp_err_t reserve(atp_bench_actor_t *actor)
{
    atp_err_t err;

    make_commands(actor);
    begin_call(actor);
    if (actor->count == 1) {
        err = atp_client_call(actor->client, actor->commands, actor->results, NULL, NULL);
    } else {
        err = atp_client_call_many(actor->client, actor->commands, actor->count, actor->results, NULL, NULL);
    }
    if (err != ATP_OK) {
        return err;
    }
    int64_t ended_ns = now_ns();
    uint64_t decided = actor->tally.decided;
    for (uint32_t i = 0; i < actor->count; i++) {
        note_result(actor, i, &actor->results[i]);
    }
    note_call(actor, ended_ns, decided);
    return ATP_OK;
}

static atp_err_t ask(atp_bench_actor_t *actor)
{
    const atp_bench_t *bench = actor->bench;
    atp_availability_ask_t question = {
        .sku_count = actor->count, .node_count = actor->count, .skus = actor->skus, .nodes = actor->nodes};
    atp_answer_t *answer = NULL;

    for (uint32_t i = 0; i < actor->count; i++) {
        atp_bench_target(bench->targets, bench->options->seed, actor->first + i, &actor->skus[i],
                         &actor->nodes[i]);
    }
    begin_call(actor);
    atp_err_t err = atp_client_availability(actor->client, &question, &answer);
    if (err != ATP_OK) {
        return err;
    }
    int64_t ended_ns = now_ns();
    uint64_t decided = actor->tally.decided;
    atp_answer_head_t head = atp_answer_head(answer);
    const atp_availability_row_t *rows = atp_answer_availability(answer);
    for (uint32_t i = 0; i < actor->count; i++) {
        bool is_told = i < head.row_count;
        note(actor, actor->first + i, is_told ? rows[i].verdict : head.verdict, is_told ? rows[i].atp : 0,
             is_told);
    }
    note_call(actor, ended_ns, decided);
    atp_answer_free(answer);
    return ATP_OK;
}

static void end_actor(atp_bench_t *bench)
{
    /* BENCH-B1 (acquire-release) pairs with itself in wait_for_end: all counters of an actor are seen by whoever
     * sees it ended. */
    (void)atp_fetch_sub_acq_rel(&bench->busy, 1);
}

static void *call_until_over(void *context)
{
    atp_bench_actor_t *actor = context;

    while (draw(actor)) {
        atp_err_t err = actor->bench->options->work == ATP_BENCH_RESERVE ? reserve(actor) : ask(actor);
        if (err != ATP_OK) {
            note_failure(actor, err);
            break;
        }
    }
    end_actor(actor->bench);
    return NULL;
}

/* ---- submits ---- */

static void submit_next(atp_bench_actor_t *actor);

static void submitted(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                      const atp_as_of_t *as_of)
{
    atp_bench_actor_t *actor = context;

    (void)grants;
    (void)as_of;
    if (err != ATP_OK) {
        note_failure(actor, err);
        end_actor(actor->bench);
        return;
    }
    int64_t ended_ns = now_ns();
    uint64_t decided = actor->tally.decided;
    note_result(actor, 0, result);
    note_call(actor, ended_ns, decided);
    submit_next(actor);
}

static void submit_next(atp_bench_actor_t *actor)
{
    if (!draw(actor)) {
        end_actor(actor->bench);
        return;
    }
    make_commands(actor);
    actor->begun_ns = now_ns();
    atp_err_t err = atp_client_submit(actor->client, actor->commands, submitted, actor);
    if (err != ATP_OK) {
        note_failure(actor, err);
        end_actor(actor->bench);
    }
}

/* ---- the run ---- */

static void make_actors(atp_bench_t *bench)
{
    const atp_bench_options_t *options = bench->options;

    bench->actor_count = (uint32_t)(options->async != 0 ? options->async : options->clients);
    bench->actors = aligned_alloc(_Alignof(atp_bench_actor_t), bench->actor_count * sizeof *bench->actors);
    if (bench->actors == NULL) {
        (void)fputs("atp: no memory\n", stderr);
        exit(ATP_CLI_FAILED);
    }
    memset(bench->actors, 0, bench->actor_count * sizeof *bench->actors);
    for (uint32_t i = 0; i < bench->actor_count; i++) {
        atp_bench_actor_t *actor = &bench->actors[i];
        actor->bench = bench;
        actor->client = bench->handles[i % bench->handle_count];
        actor->commands = atp_cli_alloc(options->batch, sizeof *actor->commands);
        actor->lines = atp_cli_alloc(options->batch, sizeof *actor->lines);
        actor->results = atp_cli_alloc(options->batch, sizeof *actor->results);
        actor->ids = atp_cli_alloc(options->batch, ID_SIZE);
        actor->skus = atp_cli_alloc(options->batch, sizeof *actor->skus);
        actor->nodes = atp_cli_alloc(options->batch, sizeof *actor->nodes);
    }
}

/* Every connection has answered once before the clock runs. */
static int warm_up(atp_cli_t *cli, const atp_bench_t *bench)
{
    for (uint32_t i = 0; i < bench->handle_count; i++) {
        atp_answer_t *answer = NULL;
        atp_err_t err = atp_client_stat(bench->handles[i], &answer);
        atp_answer_free(answer);
        if (err != ATP_OK) {
            return atp_session_fail(cli, bench->handles[i], err, (atp_text_t){"", 0});
        }
    }
    return ATP_CLI_DONE;
}

static void wait_for_end(const atp_cli_t *cli, atp_bench_t *bench)
{
    bool shows = !cli->is_quiet && !cli->is_json && isatty(STDERR_FILENO) == 1;
    int64_t shown_ns = bench->begun_ns;

    /* BENCH-B1: see end_actor. */
    while (atp_load_acquire(&bench->busy) > 0) {
        struct timespec rest = {.tv_nsec = 2000000};
        (void)nanosleep(&rest, NULL);
        if (shows && now_ns() - shown_ns > 200000000) {
            shown_ns = now_ns();
            (void)fprintf(stderr, "\r\033[K%.0f s  %" PRIu64 " ops",
                          (double)(shown_ns - bench->begun_ns) / 1e9, atp_load_relaxed(&bench->next));
            (void)fflush(stderr);
        }
    }
    if (shows) {
        (void)fputs("\r\033[K", stderr);
    }
}

static int start(atp_cli_t *cli, atp_bench_t *bench)
{
    atp_store_relaxed(&bench->busy, bench->actor_count);
    bench->begun_ns = now_ns();
    for (uint32_t i = 0; i < bench->actor_count; i++) {
        atp_bench_actor_t *actor = &bench->actors[i];
        if (bench->options->async != 0) {
            submit_next(actor);
        } else if (pthread_create(&actor->thread, NULL, call_until_over, actor) != 0) {
            atp_store_relaxed(&bench->is_over, true);
            (void)atp_fetch_sub_acq_rel(&bench->busy, bench->actor_count - i);
            bench->actor_count = i;
            return atp_cli_fail(cli, ATP_CLI_FAILED, "memory",
                                "cannot start %u threads: take fewer --clients", i + 1);
        }
    }
    return ATP_CLI_DONE;
}

int atp_bench_run(atp_cli_t *cli, atp_bench_t *bench)
{
    char made[ATP_MADE_ID_SIZE];

    atp_make_id(made);
    (void)snprintf(bench->run, sizeof bench->run, "%.12s", made);
    make_actors(bench);
    int status = warm_up(cli, bench);
    if (status != ATP_CLI_DONE) {
        return status;
    }
    atp_stop_on_signals();
    status = start(cli, bench);
    wait_for_end(cli, bench);
    bench->took_ns = now_ns() - bench->begun_ns;
    for (uint32_t i = 0; bench->options->async == 0 && i < bench->actor_count; i++) {
        (void)pthread_join(bench->actors[i].thread, NULL);
    }
    for (uint32_t i = 0; bench->options->async != 0 && i < bench->handle_count; i++) {
        atp_client_wait_submits(bench->handles[i]); /* until the last callback has returned */
    }
    for (uint32_t i = 0; status == ATP_CLI_DONE && i < bench->actor_count; i++) {
        if (bench->actors[i].tally.err != ATP_OK) {
            return atp_session_fail(cli, bench->actors[i].client, bench->actors[i].tally.err,
                                    (atp_text_t){"", 0});
        }
    }
    return status;
}

void atp_bench_sum(const atp_bench_t *bench, atp_bench_tally_t *ret_tally, atp_histogram_t *ret_latency_ns)
{
    memset(ret_tally, 0, sizeof *ret_tally);
    for (uint32_t i = 0; i < bench->actor_count; i++) {
        const atp_bench_tally_t *tally = &bench->actors[i].tally;
        ret_tally->ops += tally->ops;
        ret_tally->decided += tally->decided;
        ret_tally->calls += tally->calls;
        ret_tally->units += tally->units;
        ret_tally->hash += tally->hash;
        for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
            ret_tally->by_verdict[verdict] += tally->by_verdict[verdict];
        }
        atp_histogram_merge(ret_latency_ns, &bench->actors[i].latency_ns);
    }
}

void atp_bench_fini(atp_bench_t *bench)
{
    for (uint32_t i = 0; bench->actors != NULL && i < bench->actor_count; i++) {
        atp_bench_actor_t *actor = &bench->actors[i];
        free(actor->commands);
        free(actor->lines);
        free(actor->results);
        free(actor->ids);
        free(actor->skus);
        free(actor->nodes);
    }
    free(bench->actors);
}

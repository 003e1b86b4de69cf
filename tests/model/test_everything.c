/* Everything together (tests/model/everything.h). By hand:
 *
 *     test_model_everything --seeds N [--from SEED] [--acts N] [--failures N] [--brief] [--reach] [--write FOLDER]
 *
 * Each run is a process of its own, so that an assertion of the ledger is a failure like any other; one that fails is made
 * short, and printed in words. */
#include "tests/model/everything.h"
#include "tests/test.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#ifdef __SANITIZE_ADDRESS__
#define SEEDS         8u
#define ACTS_PER_SEED 400u
#else
#define SEEDS         30u
#define ACTS_PER_SEED 700u
#endif
#define SEEDS_TO_MEET_ALL 200u
#define RUN_SECONDS_MAX   20u /* of the processor, for what takes one: an op without end */
#define SAME_WHY          8u  /* a shorter script that fails otherwise is another story */

static uint64_t first_seed = 1;
static uint64_t seeds = SEEDS;
static uint32_t acts = ACTS_PER_SEED;
static bool is_reach_wanted;
static unsigned stop_after = 3;
static bool is_shortened = true;
static const char *write_folder; /* the ops of each run go there, for tests/fuzz/fuzz_ledger.c */

/* ---- one run ---- */

/* Draws and does; what was drawn is in the script. */
static bool run_drawn(bench_t *bench, script_t *script)
{
    uint64_t seed = script->seed;
    draw_t draw = {
        .state = test_random(&seed), /* not the seed: the next one would draw the same, one draw later */
        .now_ms = EVERYTHING_START_MS,
        .ledger = bench->ledger,
        .script = script};
    bool is_beginning = true;

    for (uint32_t i = 0; i < acts; i++) {
        act_t *act = &script->acts[script->count];
        is_beginning = is_beginning && everything_prologue(&draw, i, act);
        if (!is_beginning) {
            everything_draw(&draw, act);
        }
        script->count++;
        if (!bench_do(bench, act) || (i == acts / 2 && !replay_take_snapshot(bench))) {
            return false;
        }
    }
    return true;
}

static bool run_again(bench_t *bench, const script_t *script)
{
    for (uint32_t i = 0; i < script->count; i++) {
        if (!bench_do(bench, &script->acts[i]) || (i == script->count / 2 && !replay_take_snapshot(bench))) {
            return false;
        }
    }
    return true;
}

/* How much time passed, as fuzz_ledger says it: the longest of its steps that is not longer. */
static unsigned time_step(int64_t passed_ms)
{
    static const int64_t steps_ms[] = {0,   1,    2,     5,       10,      20,       50,       100,
                                       200, 1000, 60000, 1800000, 3600000, 86400000, 691200000};
    unsigned step = sizeof steps_ms / sizeof steps_ms[0] - 1;

    while (step > 0 && steps_ms[step] > passed_ms) {
        step--;
    }
    return step;
}

static void write_ops(const bench_t *bench, uint64_t seed)
{
    const journal_t *journal = &bench->journal;
    int64_t now_ms = EVERYTHING_START_MS;
    char path[256];

    snprintf(path, sizeof path, "%s/everything-%" PRIu64, write_folder, seed);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    for (size_t i = 0; i < journal->count; i++) {
        const journal_entry_t *entry = &journal->entries[i];
        if (entry->record == SIZE_MAX) {
            continue;
        }
        const atp_op_t *op = (const atp_op_t *)(const void *)(journal->bytes + entry->record);
        bool ends_frame = i + 1 < journal->count && journal->entries[i + 1].record == SIZE_MAX;
        unsigned step = time_step(entry->now_ms - now_ms);
        const unsigned char head[] = {(unsigned char)(step << 4 | (ends_frame ? 1u : 0u)),
                                      (unsigned char)(op->size & 0xff), (unsigned char)(op->size >> 8)};
        now_ms = entry->now_ms;
        assert_true(op->size <= UINT16_MAX);
        assert_int_equal(fwrite(head, 1, sizeof head, out), sizeof head);
        assert_int_equal(fwrite(op, 1, op->size, out), op->size);
    }
    assert_int_equal(fclose(out), 0);
}

/* In a child process. */
static void run(script_t *script, reach_t *reach, bool is_drawn)
{
    static bench_t bench;

    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* many small tables */
    script->is_failed = false;
    if (bench_open(&bench, script, reach) &&
        (is_drawn ? run_drawn(&bench, script) : run_again(&bench, script))) {
        (void)replay_all(&bench);
    }
    if (write_folder != NULL) {
        write_ops(&bench, script->seed);
    }
    bench_close(&bench);
}

/* There where coverage is measured (tools/coverage), NULL otherwise: what leaves by _exit writes no counters by itself. */
void __gcov_dump(void) __attribute__((weak));

/* What goes wrong ends the child, and is not caught by the test's own process. */
static void child_is_plain(void)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    struct rlimit seconds = {RUN_SECONDS_MAX, RUN_SECONDS_MAX};

    for (unsigned i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)signal(signals[i], SIG_DFL);
    }
    (void)setrlimit(RLIMIT_CPU, &seconds);
}

/* True if it failed; script->why says how. */
static bool fails(script_t *script, reach_t *reach, bool is_drawn, bool is_quiet)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (is_quiet) {
            test_child_is_quiet();
        }
        child_is_plain();
        run(script, reach, is_drawn);
        fflush(NULL);
        if (__gcov_dump != NULL) {
            __gcov_dump();
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        script->is_failed = true;
        snprintf(script->why, sizeof script->why, "the process ended by %s %d",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return script->is_failed;
}

/* ---- a failure, made short ---- */

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(memory != MAP_FAILED);
    return memory;
}

/* Leaves out runs of acts, shorter and shorter ones, as long as what is left still fails. */
static void shorten(script_t *script, reach_t *reach)
{
    script_t *tried = shared(sizeof *tried);

    for (uint32_t size = script->count / 2; size >= 1; size = size > 1 && size < 4 ? size - 1 : size / 2) {
        for (uint32_t at = 0; at + size <= script->count;) {
            *tried = *script;
            tried->count -= size;
            memmove(&tried->acts[at], &tried->acts[at + size], (tried->count - at) * sizeof tried->acts[0]);
            if (fails(tried, reach, false, true) && strncmp(tried->why, script->why, SAME_WHY) == 0) {
                *script = *tried;
            } else {
                at += size;
            }
        }
    }
    (void)munmap(tried, sizeof *tried);
}

static void tell_failure(script_t *script)
{
    reach_t *reach = shared(sizeof *reach);
    uint64_t seed = script->seed;

    print_message("seed %" PRIu64 ", act %u: %s\n", seed, script->count, script->why);
    if (is_shortened && fails(script, reach, false, true)) {
        shorten(script, reach);
    }
    (void)fails(script, reach, false, false); /* once more, aloud */
    print_message("seed %" PRIu64 " in %u acts: %s\n", seed, script->count, script->why);
    for (uint32_t i = 0; is_shortened && i < script->count; i++) {
        act_print(stderr, &script->acts[i], EVERYTHING_START_MS);
    }
    (void)munmap(reach, sizeof *reach);
}

/* ---- the tests ---- */

static reach_t *reach;

static void whatever_happens_what_must_hold_does(void **state)
{
    (void)state;
    script_t *script = shared(sizeof *script);
    unsigned failed = 0;

    for (uint64_t seed = first_seed; seed < first_seed + seeds && failed < stop_after; seed++) {
        memset(script, 0, offsetof(script_t, acts));
        script->seed = seed;
        if (fails(script, reach, true, false)) {
            tell_failure(script);
            failed++;
        }
        reach->seeds++;
    }
    print_message("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " acts, %" PRIu64
                  " ops, %u failed; promise as reserve %" PRIu64 " granted %" PRIu64 " refused, %" PRIu64
                  " repeats, %" PRIu64 " refusals without a trace\n",
                  reach->seeds, first_seed, reach->acts, reach->ops, failed, reach->promises[1],
                  reach->promises[0], reach->repeats, reach->refusals_without_a_trace);
    (void)munmap(script, sizeof *script);
    assert_int_equal(failed, 0);
}

static void everything_there_is_is_met(void **state)
{
    (void)state;
    if (is_reach_wanted) {
        reach_print(reach);
    }
    if (reach->seeds < SEEDS_TO_MEET_ALL || acts < ACTS_PER_SEED) {
        skip();
    }
    assert_int_equal(reach_missing(reach), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_what_must_hold_does),
        cmocka_unit_test(everything_there_is_is_met),
    };

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        if (strcmp(argv[i], "--seeds") == 0) {
            seeds = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--from") == 0) {
            first_seed = strtoull(value, NULL, 10);
        } else if (strcmp(argv[i], "--acts") == 0) {
            acts = (uint32_t)strtoul(value, NULL, 10);
            acts = acts < SCRIPT_ACTS_MAX ? acts : SCRIPT_ACTS_MAX;
        } else if (strcmp(argv[i], "--failures") == 0) {
            stop_after = (unsigned)strtoul(value, NULL, 10);
        } else if (strcmp(argv[i], "--write") == 0) {
            write_folder = value;
        } else if (strcmp(argv[i], "--brief") == 0) {
            is_shortened = false;
        } else if (strcmp(argv[i], "--reach") == 0) {
            is_reach_wanted = true;
        }
    }
    reach = shared(sizeof *reach);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

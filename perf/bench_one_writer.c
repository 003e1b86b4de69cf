/* One writer fed through rings against a compare-and-swap a position (perf/designs.h): the measurements behind
 * docs/decisions/0001-one-writer.md.
 *
 *     atp_bench_one_writer [--smoke] [--ops N] [--positions N]
 *
 * N threads take requests in, in messages of 64: fingerprint of the id, digest of the content. Then a thread decides
 * its own requests with compare-and-swap, or hands the message to the writer over the engine's ring and wakes it as the
 * engine does; eight messages a thread may be under way. One request of a hundred is a retry of an earlier one. */
#include "engine/base/parker.h"
#include "engine/base/ring.h"
#include "loaders/generate/random.h"
#include "perf/bench.h"
#include "perf/designs.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX   8
#define MESSAGE_OPS   64
#define WINDOW        8
#define RING_CAPACITY 1024
#define SPINS         50 /* of engine/engine_threads.c */
#define PARK_NS       1000000
#define QTY_AMPLE     INT64_C(1000000000)
#define LAST_UNITS    3 /* of the hot position in the scarce runs */

typedef enum design_kind { PLAIN, CAS, CAS_NUMBERED, CAS_LOCKS, CAS_LOCKS_NUMBERED } design_kind_t;

typedef struct load {
    design_kind_t kind;
    uint32_t threads;
    uint32_t lines;
    bool is_hot;    /* line 0 is always the same position */
    bool is_scarce; /* see take_in_scarce */
} load_t;

typedef struct producer producer_t;

typedef struct message {
    ask_t asks[MESSAGE_OPS];
    const producer_t *producer;
    uint32_t count;
    _Alignas(ATP_CACHE_LINE) _Atomic uint32_t is_done;
} message_t;

typedef struct bench bench_t;

struct producer {
    bench_t *bench;
    pthread_t thread;
    uint32_t number;
    uint64_t ops;
    uint64_t begin_ns;
    uint64_t end_ns;
    message_t *messages; /* WINDOW */
    design_grant_t *grants;
    uint64_t grant_count;
    uint64_t granted;
    uint64_t refused;
};

struct bench {
    design_t *design;
    load_t load;
    uint64_t positions;
    uint64_t ops;
    atp_ring_t ring;
    atp_parker_t parker;
    _Atomic uint32_t is_over;
    producer_t producers[THREADS_MAX];
    pthread_barrier_t barrier;
};

#define HOT_POSITION      0u
#define SOLD_OUT_POSITION 1u

/* ---- intake: the same for all ---- */

/* Which requests there are depends on their number alone, not on who takes them in. */
static void take_in(const bench_t *bench, uint64_t number, ask_t *ask)
{
    char id[17] = "cart-000000000000";
    uint64_t asked = number % 100 == 99 ? number - 50 : number; /* a retry */
    uint64_t random = atp_random_mix(asked);
    uint64_t rest = asked;

    for (unsigned at = sizeof id; at-- > sizeof id - 12; rest /= 10) {
        id[at] = (char)('0' + rest % 10);
    }
    ask->id = atp_fingerprint_of((atp_text_t){id, sizeof id}, 42);
    ask->line_count = bench->load.lines;
    ask->answer = 0;
    for (uint32_t i = 0; i < bench->load.lines; i++) {
        random = atp_random_mix(random + i);
        ask->lines[i].position = (uint32_t)(2 + random % (bench->positions - 2));
        ask->lines[i].qty = (int32_t)(1 + (random >> 40) % 3);
    }
    if (bench->load.is_hot) {
        ask->lines[0].position = HOT_POSITION;
    }
    ask->digest = atp_hash_bytes(ask->lines, sizeof ask->lines[0] * ask->line_count, ask->id.high);
}

/* The last units of one position. Thread 0 takes them and gives them back at once, over and over; the others ask for them
 * together with something that is sold out, and never get them. In whatever order requests are decided one after the
 * other, thread 0 gets them each time. */
static void take_in_scarce(const bench_t *bench, uint64_t number, bool is_first_thread, ask_t *ask)
{
    take_in(bench, number - number % 100, ask);
    ask->id.low = atp_random_mix(number);
    ask->line_count = 2;
    ask->lines[0].position = HOT_POSITION;
    ask->lines[0].qty = LAST_UNITS;
    ask->lines[1].qty = 1;
    if (!is_first_thread) {
        ask->lines[1].position = SOLD_OUT_POSITION;
    }
}

static bool is_give_back(const producer_t *producer, uint32_t place)
{
    return producer->bench->load.is_scarce && producer->number == 0 && place % 2 == 1;
}

static void note_answers(producer_t *producer, const message_t *message)
{
    for (uint32_t i = 0; i < message->count; i++) {
        design_verdict_t verdict = ask_verdict(&message->asks[i]);
        if (is_give_back(producer, i)) {
            continue;
        }
        bench_check(verdict == DESIGN_GRANTED || verdict == DESIGN_REFUSED,
                    "a retry was taken for another request");
        producer->granted += verdict == DESIGN_GRANTED;
        producer->refused += verdict == DESIGN_REFUSED;
    }
}

/* ---- the threads ---- */

static void prefetch(const bench_t *bench, const message_t *message)
{
    for (uint32_t i = 0; i < message->count; i++) {
        design_prefetch(bench->design, &message->asks[i]);
    }
}

static void decide_with_cas(producer_t *producer, message_t *message)
{
    design_t *design = producer->bench->design;

    prefetch(producer->bench, message);
    for (uint32_t i = 0; i < message->count; i++) {
        if (!is_give_back(producer, i)) {
            design_apply_cas(design, &message->asks[i], &producer->grants[producer->grant_count++]);
        } else if (ask_verdict(&message->asks[i - 1]) == DESIGN_GRANTED) {
            design_release_cas(design, &message->asks[i - 1]);
        }
    }
}

static void decide_plain(bench_t *bench, message_t *message)
{
    prefetch(bench, message);
    for (uint32_t i = 0; i < message->count; i++) {
        if (!is_give_back(message->producer, i)) {
            design_apply_plain(bench->design, &message->asks[i]);
        } else if (ask_verdict(&message->asks[i - 1]) == DESIGN_GRANTED) {
            design_release_plain(bench->design, &message->asks[i - 1]);
        }
    }
}

static void hand_over(bench_t *bench, message_t *message)
{
    atp_store_relaxed(&message->is_done, 0);
    while (!atp_ring_push(&bench->ring, message)) {
        (void)sched_yield();
    }
    atp_parker_wake(&bench->parker);
}

static void wait_for(message_t *message)
{
    /* Acquire pairs with the release of the writer. Orders: the answers before "done". */
    for (uint32_t spins = 0; atp_load_acquire(&message->is_done) == 0; spins++) {
        if (spins < SPINS) {
            __builtin_ia32_pause();
        } else {
            (void)sched_yield();
        }
    }
}

static void fill(producer_t *producer, message_t *message, uint64_t first, uint64_t *at)
{
    const bench_t *bench = producer->bench;

    message->producer = producer;
    message->count = 0;
    for (; message->count < MESSAGE_OPS && *at < producer->ops; (*at)++) {
        ask_t *ask = &message->asks[message->count++];
        if (bench->load.is_scarce) {
            take_in_scarce(bench, first + *at, producer->number == 0, ask);
        } else {
            take_in(bench, first + *at, ask);
        }
    }
}

static void *produce(void *argument)
{
    producer_t *producer = argument;
    bench_t *bench = producer->bench;
    uint64_t first = producer->number * producer->ops;
    uint64_t turn = 0;

    (void)pthread_barrier_wait(&bench->barrier);
    producer->begin_ns = bench_now_ns();
    for (uint64_t at = 0; at < producer->ops; turn++) {
        message_t *message = &producer->messages[turn % WINDOW];
        if (turn >= WINDOW) {
            wait_for(message);
            note_answers(producer, message);
        }
        fill(producer, message, first, &at);
        if (bench->load.kind == PLAIN) {
            hand_over(bench, message);
        } else {
            decide_with_cas(producer, message);
            atp_store_relaxed(&message->is_done, 1);
        }
    }
    for (uint64_t i = turn < WINDOW ? 0 : turn - WINDOW; i < turn; i++) {
        wait_for(&producer->messages[i % WINDOW]);
        note_answers(producer, &producer->messages[i % WINDOW]);
    }
    producer->end_ns = bench_now_ns();
    return NULL;
}

static bool write_some(bench_t *bench)
{
    message_t *message = atp_ring_pop(&bench->ring);

    if (message == NULL) {
        return false;
    }
    decide_plain(bench, message);
    atp_store_release(&message->is_done, 1);
    return true;
}

static void *write_all(void *argument)
{
    bench_t *bench = argument;
    uint32_t idle = 0;

    while (atp_load_acquire(&bench->is_over) == 0) {
        if (write_some(bench)) {
            idle = 0;
            continue;
        }
        if (++idle < SPINS) {
            __builtin_ia32_pause();
            continue;
        }
        uint32_t ticket = atp_parker_prepare(&bench->parker);
        if (write_some(bench) || atp_load_acquire(&bench->is_over) != 0) {
            atp_parker_cancel(&bench->parker);
        } else {
            atp_parker_park(&bench->parker, ticket, PARK_NS);
        }
        idle = SPINS - 1;
    }
    return NULL;
}

/* ---- one run ---- */

typedef struct outcome {
    double rate; /* million requests a second */
    uint64_t hash;
    uint64_t granted;
    uint64_t refused;
    uint64_t refused_wrongly; /* of thread 0 in a scarce run */
} outcome_t;

static void start_producer(bench_t *bench, uint32_t number)
{
    producer_t *producer = &bench->producers[number];

    producer->bench = bench;
    producer->number = number;
    producer->ops = bench->ops / bench->load.threads;
    producer->granted = 0;
    producer->refused = 0;
    producer->grant_count = 0;
    producer->grants = bench->design->grants + number * producer->ops;
    producer->messages = aligned_alloc(ATP_CACHE_LINE, WINDOW * sizeof(message_t));
    bench_check(producer->messages != NULL, "no memory");
    memset(producer->messages, 0, WINDOW * sizeof(message_t));
    bench_check(pthread_create(&producer->thread, NULL, produce, producer) == 0, "no thread");
}

static void gather(bench_t *bench, outcome_t *outcome)
{
    for (uint32_t i = 0; i < bench->load.threads; i++) {
        producer_t *producer = &bench->producers[i];
        outcome->granted += producer->granted;
        outcome->refused += producer->refused;
        free(producer->messages);
    }
    outcome->refused_wrongly = bench->load.is_scarce ? bench->producers[0].refused : 0;
    bench_check(bench->load.is_scarce || outcome->granted + outcome->refused ==
                                             bench->ops / bench->load.threads * bench->load.threads,
                "requests without an answer");
    for (uint64_t i = 0; i < bench->positions; i++) {
        bench_check(atp_load_relaxed(&bench->design->positions[i].available) >= 0,
                    "position %llu is oversold", (unsigned long long)i);
    }
    outcome->hash = design_hash(bench->design);
}

static void prepare(bench_t *bench, const load_t *load)
{
    design_t *design = bench->design;

    bench->load = *load;
    design->is_locking = load->kind == CAS_LOCKS || load->kind == CAS_LOCKS_NUMBERED;
    design->is_numbered = load->kind != CAS && load->kind != CAS_LOCKS;
    design_reset(design, QTY_AMPLE);
    if (load->is_scarce) {
        atp_store_relaxed(&design->positions[SOLD_OUT_POSITION].available, 0);
        atp_store_relaxed(&design->positions[HOT_POSITION].available, LAST_UNITS);
    }
    atp_store_relaxed(&bench->is_over, 0);
}

/* From the first thread to begin to the last to end. */
static uint64_t took_ns(const bench_t *bench)
{
    uint64_t begin = UINT64_MAX;
    uint64_t end = 0;

    for (uint32_t i = 0; i < bench->load.threads; i++) {
        const producer_t *producer = &bench->producers[i];
        begin = producer->begin_ns < begin ? producer->begin_ns : begin;
        end = producer->end_ns > end ? producer->end_ns : end;
    }
    return end - begin;
}

static outcome_t run(bench_t *bench, load_t load)
{
    pthread_t writer;
    outcome_t outcome = {0};

    prepare(bench, &load);
    bench_check(pthread_barrier_init(&bench->barrier, NULL, load.threads) == 0, "no barrier");
    if (load.kind == PLAIN) {
        bench_check(pthread_create(&writer, NULL, write_all, bench) == 0, "no thread");
    }
    for (uint32_t i = 0; i < load.threads; i++) {
        start_producer(bench, i);
    }
    for (uint32_t i = 0; i < load.threads; i++) {
        (void)pthread_join(bench->producers[i].thread, NULL);
    }
    if (load.kind == PLAIN) {
        atp_store_release(&bench->is_over, 1);
        atp_parker_wake(&bench->parker);
        (void)pthread_join(writer, NULL);
    }
    (void)pthread_barrier_destroy(&bench->barrier);
    gather(bench, &outcome);
    outcome.rate = (double)(outcome.granted + outcome.refused) * 1e3 / (double)took_ns(bench);
    return outcome;
}

/* ---- tables ---- */

#define ROUNDS      3
#define KINDS_MAX   3
#define COLUMNS_MAX (2 * KINDS_MAX)

static const uint32_t thread_counts[] = {1, 2, 4, 8};
#define THREAD_COUNTS (sizeof thread_counts / sizeof thread_counts[0])

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

/* One row: all columns in turn, and again, so that what else the machine does falls on all alike. With stock for all, the
 * state they end in is the same. */
static void run_row(bench_t *bench, uint32_t threads, uint32_t lines, const design_kind_t *kinds,
                    uint64_t hashes[2])
{
    double rates[COLUMNS_MAX][ROUNDS];

    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned column = 0; column < COLUMNS_MAX; column++) {
            bool is_hot = column >= KINDS_MAX;
            outcome_t outcome = run(bench, (load_t){.kind = kinds[column % KINDS_MAX],
                                                    .threads = threads,
                                                    .lines = lines,
                                                    .is_hot = is_hot});
            bench_check(outcome.refused == 0, "refused though there is plenty");
            bench_check(hashes[is_hot] == 0 || hashes[is_hot] == outcome.hash,
                        "the designs end in different states");
            hashes[is_hot] = outcome.hash;
            rates[column][round] = outcome.rate;
        }
    }
    bench_cell("%u", threads);
    for (unsigned column = 0; column < COLUMNS_MAX; column++) {
        bench_cell("%.2f", median(rates[column]));
    }
    bench_end_row();
}

static void run_table(bench_t *bench, uint32_t lines, const design_kind_t kinds[KINDS_MAX], const char *heads)
{
    uint64_t hashes[2] = {0, 0};

    (void)printf("\n%u line%s a request, million requests a second:\n", lines, lines == 1 ? "" : "s");
    bench_table(heads);
    for (size_t i = 0; i < THREAD_COUNTS; i++) {
        run_row(bench, thread_counts[i], lines, kinds, hashes);
    }
    (void)printf("\nstate hash, the same in every run: spread %016llx, hot %016llx\n",
                 (unsigned long long)hashes[0], (unsigned long long)hashes[1]);
}

static void run_scarce(bench_t *bench)
{
    static const struct {
        design_kind_t kind;
        const char *name;
    } designs[] = {
        {PLAIN, "one writer"}, {CAS_NUMBERED, "CAS, undone"}, {CAS_LOCKS_NUMBERED, "locks in order"}};

    (void)printf("\nThe last units of a position, 2 threads: one can always have them, the other asks for "
                 "them together with "
                 "what is sold out.\n");
    bench_table("design | asked by the first | refused to it although they were there");
    for (size_t i = 0; i < sizeof designs / sizeof designs[0]; i++) {
        outcome_t outcome =
            run(bench, (load_t){.kind = designs[i].kind, .threads = 2, .lines = 2, .is_scarce = true});
        bench_check(designs[i].kind == CAS_NUMBERED || outcome.refused_wrongly == 0,
                    "refused though it was there");
        bench_cell("%s", designs[i].name);
        bench_cell("%s", bench_count(outcome.granted + outcome.refused_wrongly));
        bench_cell("%s", bench_count(outcome.refused_wrongly));
        bench_end_row();
    }
}

int main(int argc, char **argv)
{
    static const design_kind_t one_line[KINDS_MAX] = {PLAIN, CAS, CAS_NUMBERED};
    static const design_kind_t four_lines[KINDS_MAX] = {PLAIN, CAS_NUMBERED, CAS_LOCKS_NUMBERED};
    static bench_t bench;
    bool is_smoke = bench_has_flag(argc, argv, "--smoke");

    bench.ops = bench_flag(argc, argv, "--ops", is_smoke ? 16000 : 2000000) / 800 * 800;
    bench.positions = bench_flag(argc, argv, "--positions", is_smoke ? 10000 : 1000000);
    bench.design = design_create(bench.positions, bench.ops);
    atp_parker_init(&bench.parker);
    bench_check(atp_ring_init(&bench.ring, RING_CAPACITY) == ATP_OK, "no ring");
    (void)printf(
        "%s positions, %s requests a run, median of three rounds; spread: any position; hot: line 1 is the "
        "same position "
        "in every request.\n",
        bench_count(bench.positions), bench_count(bench.ops));
    run_table(&bench, 1, one_line,
              "threads | one writer, spread | CAS, spread | CAS and op number, spread | one writer, hot | "
              "CAS, hot | "
              "CAS and op number, hot");
    run_table(&bench, 4, four_lines,
              "threads | one writer, spread | CAS undone, spread | locks, spread | one writer, hot | CAS "
              "undone, hot | "
              "locks, hot");
    run_scarce(&bench);
    atp_ring_fini(&bench.ring);
    design_destroy(bench.design);
    return 0;
}

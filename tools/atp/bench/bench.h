/* atp bench: many clients that reserve, or ask availability, as fast as they are answered.
 *
 * What op number n asks for is decided by the seed and n alone, whichever client draws it: the same seed and
 * number of ops is the same work, and gives the same hash of the answers while nothing else changes the stock.
 *
 *     actor   one client: a thread that calls and waits, or with --async a slot that submits again from
 *             the callback. Counters and histogram are its own, so nothing is shared but the next op number.
 *
 * Threads     an actor: one at a time, its thread or the library's callback. targets: read-only.
 * Memory      about 20 KiB an actor, and its batch. */
#ifndef ATP_CLI_BENCH_H
#define ATP_CLI_BENCH_H

#include "engine/base/atomics.h"
#include "engine/base/histogram.h"
#include "loaders/generate/random.h"
#include "loaders/generate/zipf.h"
#include "tools/atp/cli.h"

#include <pthread.h>

#define ATP_BENCH_CLIENTS_MAX 1024
#define ATP_BENCH_ASYNC_MAX   65536
#define ATP_BENCH_TARGETS_MAX 1000000

typedef enum atp_bench_work { ATP_BENCH_RESERVE = 0, ATP_BENCH_AVAIL = 1 } atp_bench_work_t;
typedef enum atp_bench_spread { ATP_BENCH_ZIPF = 0, ATP_BENCH_UNIFORM = 1 } atp_bench_spread_t;

typedef struct atp_bench_options {
    atp_bench_work_t work;
    atp_bench_spread_t spread;
    uint64_t batch;
    uint64_t clients;
    uint64_t async; /* 0 = calls that wait */
    uint64_t skus;
    uint64_t nodes;
    uint64_t ops;  /* 0 = by time */
    uint64_t rate; /* ops a second that are due, of all clients; 0 = as fast as they are answered */
    int64_t span_ms;
    uint64_t seed;
    int64_t ttl_ms;
    bool has_handles; /* a connection for each client */
    bool uses_existing;
    bool is_hot;
    atp_text_t prefix;
} atp_bench_options_t;

/* Where ops go: position i is skus[i / nodes] at nodes[i % nodes]; of existing stock, skus[i] at nodes[i]. */
typedef struct atp_bench_targets {
    uint32_t count;
    atp_text_t *skus;
    atp_text_t *nodes;
    uint32_t nodes_per_sku; /* 0: existing stock */
    atp_zipf_t *zipf;       /* over SKUs, or over positions of existing stock; NULL = uniform */
    uint32_t rank_count;
    char *names;
} atp_bench_targets_t;

typedef struct atp_bench_tally {
    uint64_t ops;
    uint64_t
        decided; /* of `ops`: granted, or refused by the ledger under an op number. Not busy, unavailable, ... */
    uint64_t calls;
    uint64_t by_verdict[ATP_VERDICT_LIMIT];
    uint64_t units;
    uint64_t hash;
    atp_err_t err; /* first failure */
} atp_bench_tally_t;

typedef struct atp_bench atp_bench_t;

typedef struct atp_bench_actor {
    atp_histogram_t latency_ns; /* of calls in which something was decided */
    atp_bench_t *bench;
    atp_client_t *client;
    pthread_t thread;
    uint64_t first; /* op number of the call under way */
    uint32_t count;
    int64_t begun_ns;
    atp_bench_tally_t tally;
    atp_command_t *commands;
    atp_command_line_t *lines;
    atp_text_t *skus;
    atp_text_t *nodes;
    atp_result_t *results;
    char *ids;
} atp_bench_actor_t;

struct atp_bench {
    const atp_bench_options_t *options;
    const atp_bench_targets_t *targets;
    char run[16]; /* begins the ids of this run */
    atp_bench_actor_t *actors;
    uint32_t actor_count;
    atp_client_t **handles;
    uint32_t handle_count;
    int64_t begun_ns;
    int64_t took_ns;
    _Atomic uint64_t next; /* op number to draw */
    _Atomic uint32_t busy; /* actors that have not ended */
    _Atomic bool is_over;
};

/* Makes SKUs, nodes and stock, or finds what there is. Says what is wrong; returns the exit status. */
int atp_bench_targets_make(atp_cli_t *cli, const atp_bench_options_t *options,
                           atp_bench_targets_t *ret_targets);
void atp_bench_targets_fini(atp_bench_targets_t *targets);
/* What op number `n` is about. */
void atp_bench_target(const atp_bench_targets_t *targets, uint64_t seed, uint64_t n, atp_text_t *ret_sku,
                      atp_text_t *ret_node);

/* Runs all actors to the end. bench->handles are open. Says what is wrong; returns the exit status. */
int atp_bench_run(atp_cli_t *cli, atp_bench_t *bench);
/* Adds up what the actors have counted, after the run. */
void atp_bench_sum(const atp_bench_t *bench, atp_bench_tally_t *ret_tally, atp_histogram_t *ret_latency_ns);
void atp_bench_fini(atp_bench_t *bench);

#endif

/* atp bench: its flags, its connections, its report. */
#include "tools/atp/bench/bench.h"
#include "tools/atp/commands/cmds.h"
#include "tools/atp/session.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- flags ---- */

static bool read_sizes(const atp_args_t *args, atp_bench_options_t *options)
{
    return atp_args_count(args, "batch", 1, ATP_OPS_PER_MESSAGE_MAX, &options->batch) &&
           atp_args_count(args, "clients", 1, ATP_BENCH_CLIENTS_MAX, &options->clients) &&
           atp_args_count(args, "async", 1, ATP_BENCH_ASYNC_MAX, &options->async) &&
           atp_args_count(args, "skus", 1, ATP_BENCH_TARGETS_MAX, &options->skus) &&
           atp_args_count(args, "nodes", 1, 65535, &options->nodes) &&
           atp_args_count(args, "ops", 1, UINT64_C(1000000000000), &options->ops) &&
           atp_args_count(args, "rate", 1, UINT64_C(1000000000), &options->rate) &&
           atp_args_count(args, "seed", 0, INT64_MAX, &options->seed);
}

static bool read_options(const atp_args_t *args, atp_bench_options_t *options)
{
    uint64_t seconds = 5;
    unsigned spread = ATP_BENCH_ZIPF;
    unsigned work;

    if (!atp_choices_find("reserve|avail", args->words[0], &work)) {
        (void)atp_cli_usage(args->cmd, "'%s' is not a benchmark: reserve or avail", args->words[0]);
        return false;
    }
    options->work = work == 0 ? ATP_BENCH_RESERVE : ATP_BENCH_AVAIL;
    if (!read_sizes(args, options) || !atp_args_count(args, "seconds", 1, 86400, &seconds) ||
        !atp_args_choice(args, "demand", &spread) || !atp_args_duration(args, "ttl", 1, &options->ttl_ms) ||
        !atp_args_id(args, "prefix", &options->prefix)) {
        return false;
    }
    options->spread = spread == 0 ? ATP_BENCH_ZIPF : ATP_BENCH_UNIFORM;
    options->span_ms = (int64_t)seconds * 1000;
    options->has_handles = atp_args_has(args, "handles");
    options->uses_existing = atp_args_has(args, "use-existing");
    options->is_hot = atp_args_has(args, "hot");
    if (options->is_hot) {
        options->skus = options->nodes = 1;
    }
    return true;
}

/* What no single flag can say. */
static bool check_options(const atp_args_t *args, const atp_bench_options_t *options)
{
    const char *fault = NULL;

    if (options->skus * options->nodes > ATP_BENCH_TARGETS_MAX) {
        fault = "--skus times --nodes is above 1000000";
    } else if (options->async != 0 && options->work == ATP_BENCH_AVAIL) {
        fault = "--async is for reserve: the library submits commands, not questions";
    } else if (options->async != 0 && options->batch != 1) {
        fault = "--async gathers single calls by itself: leave out --batch";
    } else if (options->async != 0 && options->rate != 0) {
        fault = "--rate is for calls that wait: leave out --async";
    } else if (atp_args_has(args, "ops") && atp_args_has(args, "seconds")) {
        fault = "give --ops or --seconds, not both";
    } else if (options->prefix.size > 40) {
        fault = "--prefix: at most 40 bytes";
    } else if (options->work == ATP_BENCH_AVAIL && options->batch > ATP_AVAILABILITY_ROWS_MAX) {
        fault = "--batch: that many rows are not answered at once";
    }
    if (fault != NULL) {
        (void)atp_cli_usage(args->cmd, "%s", fault);
    }
    return fault == NULL;
}

/* ---- connections ---- */

static int open_handles(atp_cli_t *cli, const atp_bench_options_t *options, atp_bench_t *bench)
{
    uint32_t wanted = options->has_handles ? (uint32_t)options->clients : 1;

    bench->handles = atp_cli_alloc(wanted, sizeof(atp_client_t *));
    for (; bench->handle_count < wanted; bench->handle_count++) {
        char name[ATP_ID_SIZE_MAX + 1];
        atp_why_t why = {""};
        (void)snprintf(name, sizeof name, "%.*s-%u", (int)(cli->client.size < 58 ? cli->client.size : 58),
                       cli->client.bytes, bench->handle_count);
        atp_client_options_t handle = {.url = cli->url,
                                       .client = options->has_handles ? atp_text_of(name) : cli->client,
                                       .token = cli->token,
                                       .timeout_ms = cli->timeout_ms != 0 ? cli->timeout_ms : 10000,
                                       .submits_in_flight = (uint32_t)options->async + 1};
        if (atp_client_open(&handle, &bench->handles[bench->handle_count], &why) != ATP_OK) {
            return atp_cli_fail(cli, ATP_CLI_FAILED, "memory", "connection %u cannot be opened: %s",
                                bench->handle_count, why.text);
        }
    }
    return ATP_CLI_DONE;
}

static void close_handles(atp_bench_t *bench)
{
    for (uint32_t i = 0; i < bench->handle_count; i++) {
        atp_client_close(bench->handles[i]);
    }
    free(bench->handles);
}

/* ---- the report ---- */

static void put(atp_out_t *out, const char *key, const char *what, uint64_t value)
{
    if (out->is_json) {
        atp_out_uint(out, key, NULL, value);
    } else if (what != NULL) {
        atp_out_row(out);
        atp_out_string(out, NULL, "WHAT", what);
        atp_out_uint(out, NULL, "VALUE", value);
    }
}

/* ns in JSON, us in the table. */
static void put_latency(atp_out_t *out, const char *key, const char *what, uint64_t ns)
{
    put(out, key, what, out->is_json ? ns : (ns + 500) / 1000);
}

/* For whoever adds up several runs: [no more than so many ns, so many calls], of all there were. */
static void put_counts(atp_out_t *out, const atp_histogram_t *latency)
{
    json_t *counts = json_array();

    for (uint32_t i = 0; i < ATP_HISTOGRAM_BUCKET_COUNT; i++) {
        uint64_t calls = atp_load_relaxed(&latency->bucket[i]); /* relaxed: all actors have ended */
        if (calls > 0) {
            json_t *count = json_array();
            (void)json_array_append_new(count, atp_json_uint(atp_histogram_bucket_high(i)));
            (void)json_array_append_new(count, atp_json_uint(calls));
            (void)json_array_append_new(counts, count);
        }
    }
    atp_out_json(out, "calls_by_ns", counts);
}

static uint64_t refused_of(const atp_bench_tally_t *tally)
{
    uint64_t refused = 0;

    for (unsigned verdict = ATP_DUPLICATE_IGNORED + 1; verdict < ATP_VERDICT_LIMIT; verdict++) {
        refused += tally->by_verdict[verdict];
    }
    return refused;
}

static void put_refusals(atp_out_t *out, const atp_bench_tally_t *tally)
{
    json_t *refused = json_object();

    for (unsigned verdict = ATP_DUPLICATE_IGNORED + 1; verdict < ATP_VERDICT_LIMIT; verdict++) {
        char unknown[32];
        char what[64];
        if (tally->by_verdict[verdict] == 0) {
            continue;
        }
        const char *name = atp_verdict_text(verdict, unknown);
        (void)snprintf(what, sizeof what, "  %s", name);
        (void)json_object_set_new(refused, name, atp_json_uint(tally->by_verdict[verdict]));
        if (!out->is_json) {
            put(out, NULL, what, tally->by_verdict[verdict]);
        }
    }
    atp_out_json(out, "refused_by", refused);
}

static const char *demand_name(const atp_bench_options_t *options)
{
    return options->is_hot ? "hot" : options->spread == ATP_BENCH_ZIPF ? "zipf" : "uniform";
}

static void put_setting(atp_cli_t *cli, const atp_bench_t *bench)
{
    const atp_bench_options_t *options = bench->options;
    const char *work = options->work == ATP_BENCH_RESERVE ? "reserve" : "avail";
    atp_out_t *out = &cli->out;

    if (!out->is_json) {
        char how[64];
        (void)snprintf(how, sizeof how,
                       options->async != 0     ? "%llu in flight"
                       : options->clients == 1 ? "%llu client"
                                               : "%llu clients",
                       (unsigned long long)(options->async != 0 ? options->async : options->clients));
        atp_cli_note(cli, "%s, %s on %u connection%s, %llu a message, %s over %u positions, seed %llu", work,
                     how, bench->handle_count, bench->handle_count > 1 ? "s" : "",
                     (unsigned long long)options->batch, demand_name(options), bench->targets->count,
                     (unsigned long long)options->seed);
        return;
    }
    atp_out_row(out);
    atp_out_string(out, "bench", NULL, work);
    atp_out_string(out, "demand", NULL, demand_name(options));
    atp_out_uint(out, "clients", NULL, options->clients);
    atp_out_uint(out, "connections", NULL, bench->handle_count);
    atp_out_uint(out, "batch", NULL, options->batch);
    atp_out_uint(out, "async", NULL, options->async);
    atp_out_uint(out, "positions", NULL, bench->targets->count);
    atp_out_uint(out, "seed", NULL, options->seed);
}

static void put_report(atp_cli_t *cli, const atp_bench_t *bench, const atp_bench_tally_t *tally,
                       const atp_histogram_t *latency)
{
    atp_out_t *out = &cli->out;
    double seconds = (double)bench->took_ns / 1e9;
    char hash[32];
    bool is_reserve = bench->options->work == ATP_BENCH_RESERVE;

    put_setting(cli, bench);
    put(out, "ops", "ops", tally->ops);
    put(out, "took_ns", NULL, (uint64_t)bench->took_ns);
    put(out, "decided", "  decided", tally->decided);
    put(out, "undecided", "  not decided", tally->ops - tally->decided);
    put(out, "ops_per_s", "decided a second",
        seconds > 0.0 ? (uint64_t)((double)tally->decided / seconds + 0.5) : 0);
    put(out, "calls", "calls", tally->calls);
    put_latency(out, "p50_ns", "p50 us a call", atp_histogram_percentile(latency, 500000));
    put_latency(out, "p99_ns", "p99 us", atp_histogram_percentile(latency, 990000));
    put_latency(out, "p999_ns", "p99.9 us", atp_histogram_percentile(latency, 999000));
    put_latency(out, "max_ns", "max us", atp_histogram_max(latency));
    put_counts(out, latency);
    put(out, "granted_units", is_reserve ? "units granted" : NULL, is_reserve ? tally->units : 0);
    put(out, "refused", "refused", refused_of(tally));
    put_refusals(out, tally);
    (void)snprintf(hash, sizeof hash, "%016" PRIx64, tally->hash);
    atp_out_string(out, "hash", NULL, hash);
    atp_out_end(out);
    if (!out->is_json) {
        (void)printf("hash of the answers  %s\n", hash);
    }
}

/* A run is no measurement when every op was refused, or more than one in a hundred not even decided. */
static int judge(const atp_bench_tally_t *tally)
{
    uint64_t undecided = tally->ops - tally->decided;

    if (undecided > tally->ops / 100) {
        (void)fprintf(stderr,
                      "atp: %" PRIu64 " of %" PRIu64 " ops were not decided: the engine was busy or "
                      "unavailable, or refused to remember them; see atp stat and its log\n",
                      undecided, tally->ops);
        return ATP_CLI_REFUSED;
    }
    return refused_of(tally) == tally->ops && tally->ops > 0 ? ATP_CLI_REFUSED : ATP_CLI_DONE;
}

static int report(atp_cli_t *cli, const atp_bench_t *bench)
{
    atp_bench_tally_t tally;
    atp_histogram_t latency;

    memset(&latency, 0, sizeof latency);
    atp_bench_sum(bench, &tally, &latency);
    put_report(cli, bench, &tally, &latency);
    (void)fflush(stdout);
    if (tally.by_verdict[ATP_TOO_MANY_IDS] > 0) {
        atp_cli_note(cli, "One client name may have limits.ids_per_client ids: raise it, or use --handles.");
    }
    if (tally.by_verdict[ATP_RESERVATIONS_FULL] > 0) {
        atp_cli_note(cli,
                     "More live reservations than capacity.reservations: raise it, or take a shorter --ttl.");
    }
    return judge(&tally);
}

static int run(atp_cli_t *cli)
{
    atp_bench_options_t options = {.batch = 1,
                                   .clients = 1,
                                   .skus = 1000,
                                   .nodes = 10,
                                   .seed = 1,
                                   .ttl_ms = 10000,
                                   .prefix = ATP_TEXT("bench")};
    atp_bench_targets_t targets;
    atp_bench_t bench = {.options = &options, .targets = &targets};

    if (!read_options(&cli->args, &options) || !check_options(&cli->args, &options)) {
        return ATP_CLI_USAGE;
    }
    int status = atp_bench_targets_make(cli, &options, &targets);
    status = status == ATP_CLI_DONE ? open_handles(cli, &options, &bench) : status;
    status = status == ATP_CLI_DONE ? atp_bench_run(cli, &bench) : status;
    status = status == ATP_CLI_DONE ? report(cli, &bench) : status;
    close_handles(&bench);
    atp_bench_fini(&bench);
    atp_bench_targets_fini(&targets);
    return status;
}

static const atp_flag_t flags[] = {
    {"clients", "N", NULL, "Threads that call and wait, sharing one connection (1)"},
    {"handles", NULL, NULL, "A connection, and a client name, for each of them"},
    {"batch", "N", NULL, "Ops a message, up to 8192 (1)"},
    {"async", "N", NULL, "Instead of waiting threads, so many single reserves in flight"},
    {"demand", "DEMAND", "zipf|uniform", "How ops spread over the SKUs (zipf)"},
    {"hot", NULL, NULL, "All ops on one SKU at one node"},
    {"skus", "N", NULL, "SKUs (1000)"},
    {"nodes", "N", NULL, "Nodes (10)"},
    {"seconds", "N", NULL, "How long (5)"},
    {"ops", "N", NULL, "How many ops instead: the same number and seed is the same work"},
    {"rate", "N", NULL,
     "Ops a second that are due, of all clients; a call is timed from then (as fast as it goes)"},
    {"seed", "N", NULL, "Another seed, other demand (1)"},
    {"ttl", "TIME", NULL, "Life of the reservations made (10s)"},
    {"prefix", "TEXT", NULL, "Of the SKUs and nodes made for it (bench)"},
    {"use-existing", NULL, NULL,
     "On the stock that is there; makes nothing, but reserves it until the ttl is over"},
    {NULL, NULL, NULL, NULL},
};

static const char *const examples[] = {"atp bench reserve --clients 50",
                                       "atp bench reserve --batch 1000 --clients 4",
                                       "atp bench reserve --async 1000 --hot --seconds 10",
                                       "atp bench avail --batch 64 --clients 8 --handles --json", NULL};

const atp_cmd_t atp_cmd_bench = {
    .name = "bench",
    .group = "Operate",
    .synopsis = "reserve|avail",
    .summary = "How fast this engine answers, from here",
    .about =
        "Makes SKUs, nodes and ample stock under a prefix, then reserves durably, or asks. Prints rate, "
        "latency of a\n"
        "call, refusals, and a hash of all answers that does not depend on their order. The rate is that "
        "of the ops\n"
        "the ledger has decided; with more than 1 % not decided (busy, unavailable) it ends with 1.\n"
        "What it makes stays in the ledger: do not bench where you sell.",
    .choices = "reserve|avail",
    .word_min = 1,
    .word_max = 1,
    .flags = flags,
    .examples = examples,
    .run = run,
};

/* What the wire costs without an engine: a bare NNG echo beside libatp against a server that grants everything
 * and remembers nothing. Client and server are two processes on one machine, as in docs/benchmarks.md.
 *
 * atp_bench_echo [--smoke] [--bare [--calls N]] [--url tcp|ipc] [--commit-us N] [--lanes N]
 *   --bare        bare NNG alone, one in flight, N calls
 *   --commit-us   the server answers in groups, N microseconds after it began to gather, as a journal would */
#include "engine/base/atomics.h"
#include "protocol/client/atp.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ECHO_MARK 0xc1 /* a byte no message begins with: echo it */
#define BATCH     1000

static uint64_t now_ns(void)
{
    struct timespec now;

    ATP_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- the server process ---- */

#define EXCHANGES 64

typedef struct work {
    atp_exchange_t *exchange;
    size_t size;
} work_t;

static struct {
    uint32_t commit_us;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    work_t waiting[EXCHANGES];
    size_t waiting_count;
} server_state = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void finish_exchange(atp_exchange_t *exchange, size_t size)
{
    if (server_state.commit_us == 0) {
        atp_exchange_send(exchange, size);
        return;
    }
    (void)pthread_mutex_lock(&server_state.mutex);
    server_state.waiting[server_state.waiting_count++] = (work_t){exchange, size};
    (void)pthread_cond_signal(&server_state.changed);
    (void)pthread_mutex_unlock(&server_state.mutex);
}

/* Stands for the journal: gathers, "syncs", answers. */
static void *commit(void *arg)
{
    const struct timespec pause = {0, (long)server_state.commit_us * 1000};
    work_t group[EXCHANGES];

    (void)arg;
    for (;;) {
        size_t count;

        (void)pthread_mutex_lock(&server_state.mutex);
        while (server_state.waiting_count == 0) {
            (void)pthread_cond_wait(&server_state.changed, &server_state.mutex);
        }
        count = server_state.waiting_count;
        memcpy(group, server_state.waiting, count * sizeof *group);
        server_state.waiting_count = 0;
        (void)pthread_mutex_unlock(&server_state.mutex);
        (void)nanosleep(&pause, NULL);
        for (size_t i = 0; i < count; i++) {
            atp_exchange_send(group[i].exchange, group[i].size);
        }
    }
    return NULL;
}

static void echo(atp_exchange_t *exchange, const uint8_t *bytes, size_t size)
{
    uint8_t *reply;

    ATP_ASSERT(atp_exchange_reserve(exchange, size, &reply) == ATP_OK);
    memcpy(reply, bytes, size);
    finish_exchange(exchange, size);
}

static atp_err_t reserve_reply(void *context, size_t size, uint8_t **ret_bytes)
{
    return atp_exchange_reserve(context, size, ret_bytes);
}

static void grant(atp_exchange_t *exchange, const uint8_t *bytes, size_t size)
{
    atp_command_line_t lines[8];
    atp_request_t request;
    atp_reader_t reader;
    atp_writer_t writer;
    uint32_t count;

    ATP_ASSERT(atp_request_open(bytes, size, &reader, &request) && atp_read_commands(&reader, &count));
    atp_writer_init_over(&writer, reserve_reply, exchange, ATP_MESSAGE_SIZE_MAX);
    atp_write_response(&writer, &(atp_response_t){.type = request.type, .correlation = request.correlation});
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;
        atp_result_t result;

        ATP_ASSERT(atp_read_command(&reader, &command,
                                    &(atp_command_room_t){.lines = lines, .line_capacity = 8}, &refusal) &&
                   refusal.verdict == ATP_APPLIED);
        result =
            (atp_result_t){.op = i + 1, .qty = lines[0].mantissa, .deadline_ms = command.issued_ms + 900000};
        atp_write_result(&writer, &result, NULL);
    }
    atp_write_list_end(&writer);
    ATP_ASSERT(!writer.is_overflown);
    finish_exchange(exchange, atp_writer_size(&writer));
}

static void handle(void *context, atp_exchange_t *exchange)
{
    size_t size;
    const uint8_t *bytes = atp_exchange_request(exchange, &size);

    (void)context;
    if (bytes[0] == ECHO_MARK) {
        echo(exchange, bytes, size);
    } else {
        grant(exchange, bytes, size);
    }
}

static _Noreturn void serve(const char *listen_url, int port_out)
{
    atp_server_options_t options = {
        .urls = &listen_url, .url_count = 1, .exchange_count = EXCHANGES, .handler = handle};
    atp_server_t *server;
    pthread_t thread;
    uint16_t port;
    atp_why_t why;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    ATP_ASSERT(atp_server_open(&options, &server, &why) == ATP_OK);
    if (server_state.commit_us > 0) {
        ATP_ASSERT(pthread_create(&thread, NULL, commit, NULL) == 0);
    }
    port = atp_server_port(server, 0);
    ATP_ASSERT(write(port_out, &port, sizeof port) == sizeof port);
    for (;;) {
        (void)pause();
    }
}

/* ---- measuring ---- */

typedef struct run {
    const char *name;
    uint64_t *ns; /* one a call */
    _Atomic uint64_t count;
    uint64_t count_max;
    _Atomic uint64_t hash; /* sum of what was answered */
} run_t;

static void run_begin(run_t *run, const char *name, uint64_t count_max)
{
    run->name = name;
    run->ns = malloc(count_max * sizeof *run->ns);
    ATP_ASSERT(run->ns != NULL);
    run->count_max = count_max;
    atp_store_relaxed(&run->count, 0);
    atp_store_relaxed(&run->hash, 0);
}

static void run_note(run_t *run, uint64_t began, uint64_t answer)
{
    uint64_t i = atp_fetch_add_relaxed(&run->count, 1);

    ATP_ASSERT(i < run->count_max);
    run->ns[i] = now_ns() - began;
    atp_fetch_add_relaxed(&run->hash, answer);
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double us_at(const run_t *run, double share)
{
    uint64_t count = atp_load_relaxed(&run->count);

    return (double)run->ns[(uint64_t)((double)(count - 1) * share)] / 1000;
}

static void run_end(run_t *run, uint64_t took_ns, uint64_t ops, uint64_t messages)
{
    qsort(run->ns, atp_load_relaxed(&run->count), sizeof *run->ns, compare_ns);
    printf("%-34s %9llu %10.0f %9.1f %9.1f %9.1f %9.1f %8.1f  %016llx\n", run->name,
           (unsigned long long)atp_load_relaxed(&run->count), (double)ops * 1e9 / (double)took_ns,
           us_at(run, 0.5), us_at(run, 0.99), us_at(run, 0.999), us_at(run, 1),
           messages > 0 ? (double)ops / (double)messages : 1.0,
           (unsigned long long)atp_load_relaxed(&run->hash));
    (void)fflush(stdout);
    free(run->ns);
}

/* ---- bare NNG ---- */

typedef struct worker {
    run_t *run;
    atp_client_t *client;
    nng_socket socket;
    uint32_t index;
    uint32_t calls;
    pthread_t thread;
} worker_t;

static void *echo_often(void *arg)
{
    worker_t *worker = arg;
    nng_ctx ctx;
    nng_aio *aio;

    ATP_ASSERT(nng_ctx_open(&ctx, worker->socket) == 0 && nng_aio_alloc(&aio, NULL, NULL) == 0);
    for (uint32_t i = 0; i < worker->calls; i++) {
        uint64_t began = now_ns();
        nng_msg *message;

        ATP_ASSERT(nng_msg_alloc(&message, 96) == 0);
        memset(nng_msg_body(message), ECHO_MARK, 96);
        nng_aio_set_msg(aio, message);
        nng_ctx_send(ctx, aio);
        nng_aio_wait(aio);
        ATP_ASSERT(nng_aio_result(aio) == 0);
        nng_ctx_recv(ctx, aio);
        nng_aio_wait(aio);
        ATP_ASSERT(nng_aio_result(aio) == 0);
        run_note(worker->run, began, nng_msg_len(nng_aio_get_msg(aio)));
        nng_msg_free(nng_aio_get_msg(aio));
    }
    nng_aio_free(aio);
    (void)nng_ctx_close(ctx);
    return NULL;
}

/* Runs `body` in `threads` threads, `calls` calls in all, and returns how long that took. */
static uint64_t in_threads(void *(*body)(void *), const worker_t *like, uint32_t threads, uint32_t calls)
{
    worker_t *workers = calloc(threads, sizeof *workers);
    uint64_t began = now_ns();

    ATP_ASSERT(workers != NULL);
    for (uint32_t i = 0; i < threads; i++) {
        workers[i] = *like;
        workers[i].index = i;
        workers[i].calls = calls / threads;
        ATP_ASSERT(pthread_create(&workers[i].thread, NULL, body, &workers[i]) == 0);
    }
    for (uint32_t i = 0; i < threads; i++) {
        ATP_ASSERT(pthread_join(workers[i].thread, NULL) == 0);
    }
    free(workers);
    return now_ns() - began;
}

static void bench_bare(const char *url, const char *name, uint32_t threads, uint32_t calls)
{
    run_t run;
    worker_t like = {.run = &run};
    uint64_t took;

    run_begin(&run, name, calls);
    ATP_ASSERT(nng_req0_open(&like.socket) == 0);
    ATP_ASSERT(nng_socket_set_ms(like.socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE) == 0);
    ATP_ASSERT(nng_dial(like.socket, url, NULL, 0) == 0);
    took = in_threads(echo_often, &like, threads, calls);
    run_end(&run, took, atp_load_relaxed(&run.count), atp_load_relaxed(&run.count));
    (void)nng_close(like.socket);
}

/* ---- libatp ---- */

static atp_command_t make_reserve(char id[64], uint32_t a, uint32_t b, atp_command_line_t *line)
{
    int size = snprintf(id, 64, "cart-%08u-%08u", a, b);

    *line = (atp_command_line_t){ATP_TEXT("SKU-0012345"), ATP_TEXT("DC-07"), 1, 0};
    return (atp_command_t){.kind = ATP_OP_RESERVE,
                           .id = {id, (uint32_t)size},
                           .issued_ms = 1795000000000,
                           .channel = ATP_TEXT("web"),
                           .line_count = 1,
                           .lines = line};
}

static void *call_often(void *arg)
{
    worker_t *worker = arg;

    for (uint32_t i = 0; i < worker->calls; i++) {
        uint64_t began = now_ns();
        char id[64];
        atp_command_line_t line;
        atp_command_t command = make_reserve(id, worker->index, i, &line);
        atp_result_t result;

        ATP_ASSERT(atp_client_call(worker->client, &command, &result, NULL, NULL) == ATP_OK);
        run_note(worker->run, began, (uint64_t)result.qty);
    }
    return NULL;
}

static void *call_batches(void *arg)
{
    worker_t *worker = arg;
    atp_command_t *commands = calloc(BATCH, sizeof *commands);
    atp_command_line_t *lines = calloc(BATCH, sizeof *lines);
    atp_result_t *results = calloc(BATCH, sizeof *results);
    char(*ids)[64] = calloc(BATCH, sizeof *ids);

    ATP_ASSERT(commands != NULL && lines != NULL && results != NULL && ids != NULL);
    for (uint32_t k = 0; k < BATCH; k++) {
        commands[k] = make_reserve(ids[k], worker->index, k, &lines[k]);
    }
    for (uint32_t i = 0; i < worker->calls; i++) {
        uint64_t began = now_ns();
        uint64_t sum = 0;

        ATP_ASSERT(atp_client_call_many(worker->client, commands, BATCH, results, NULL, NULL) == ATP_OK);
        for (uint32_t k = 0; k < BATCH; k++) {
            sum += (uint64_t)results[k].qty;
        }
        run_note(worker->run, began, sum);
    }
    free(commands);
    free(lines);
    free(results);
    free(ids);
    return NULL;
}

static void bench_client(atp_client_t *client, const char *name, void *(*body)(void *), uint32_t threads,
                         uint32_t calls, uint32_t ops_per_call)
{
    atp_client_counters_t before;
    atp_client_counters_t after;
    run_t run;
    const worker_t like = {.run = &run, .client = client};
    uint64_t took;

    run_begin(&run, name, calls);
    atp_client_read_counters(client, &before);
    took = in_threads(body, &like, threads, calls);
    atp_client_read_counters(client, &after);
    run_end(&run, took, atp_load_relaxed(&run.count) * ops_per_call, after.messages - before.messages);
}

/* ---- submitted: a fixed number in flight, each callback submits the next ---- */

typedef struct flight {
    run_t *run;
    atp_client_t *client;
    _Atomic uint32_t *left;
    uint32_t index;
    uint64_t began;
} flight_t;

static void on_done(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                    const atp_as_of_t *as_of);

static void submit_next(flight_t *flight)
{
    uint32_t left = atp_fetch_sub_relaxed(flight->left, 1);
    char id[64];
    atp_command_line_t line;
    atp_command_t command;

    if (left == 0 || left > UINT32_MAX / 2) {
        return; /* all are submitted */
    }
    command = make_reserve(id, flight->index, left, &line);
    flight->began = now_ns();
    ATP_ASSERT(atp_client_submit(flight->client, &command, on_done, flight) == ATP_OK);
}

static void on_done(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                    const atp_as_of_t *as_of)
{
    flight_t *flight = context;

    (void)grants;
    (void)as_of;
    ATP_ASSERT(err == ATP_OK);
    run_note(flight->run, flight->began, (uint64_t)result->qty);
    submit_next(flight);
}

static void bench_submit(atp_client_t *client, const char *name, uint32_t in_flight, uint32_t calls)
{
    flight_t *flights = calloc(in_flight, sizeof *flights);
    _Atomic uint32_t left = calls;
    atp_client_counters_t before;
    atp_client_counters_t after;
    uint64_t began;
    run_t run;

    ATP_ASSERT(flights != NULL);
    run_begin(&run, name, calls);
    atp_client_read_counters(client, &before);
    began = now_ns();
    for (uint32_t i = 0; i < in_flight; i++) {
        flights[i] = (flight_t){.run = &run, .client = client, .left = &left, .index = i};
        submit_next(&flights[i]);
    }
    atp_client_wait_submits(client);
    began = now_ns() - began;
    atp_client_read_counters(client, &after);
    run_end(&run, began, calls, after.messages - before.messages);
    free(flights);
}

/* ---- main ---- */

static void print_heads(void)
{
    printf("%-34s %9s %10s %9s %9s %9s %9s %8s  %s\n", "what", "n", "ops/s", "p50 us", "p99 us", "p99.9 us",
           "max us", "ops/msg", "hash");
}

static void bench_all(const char *url, uint32_t scale, uint32_t lanes)
{
    const atp_client_options_t options = {
        .url = url, .client = ATP_TEXT("bench"), .messages_in_flight = lanes};
    atp_client_t *client;
    atp_why_t why;

    print_heads();
    bench_bare(url, "bare NNG echo, 1 in flight", 1, 200 * scale);
    bench_bare(url, "bare NNG echo, 50 in flight", 50, 400 * scale);
    if (atp_client_open(&options, &client, &why) != ATP_OK) {
        fprintf(stderr, "%s\n", why.text);
        exit(1);
    }
    bench_client(client, "libatp call, 1 thread", call_often, 1, 200 * scale, 1);
    bench_client(client, "libatp call, 50 threads", call_often, 50, 2000 * scale, 1);
    bench_submit(client, "libatp submit, 1,000 in flight", 1000, 6000 * scale);
    bench_client(client, "libatp call_many of 1,000, 4 threads", call_batches, 4, 40 * scale, BATCH);
    atp_client_close(client);
}

int main(int argc, char **argv)
{
    const char *transport = "tcp";
    uint32_t scale = 100;
    uint32_t lanes = 0;
    uint32_t bare_calls = 20000;
    bool is_bare = false;
    char url[64];
    int port_pipe[2];
    uint16_t port;
    pid_t child;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--smoke") == 0) {
            scale = 1;
        } else if (strcmp(argv[i], "--bare") == 0) {
            is_bare = true;
        } else if (strcmp(argv[i], "--calls") == 0 && i + 1 < argc) {
            bare_calls = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--url") == 0 && i + 1 < argc) {
            transport = argv[++i];
        } else if (strcmp(argv[i], "--commit-us") == 0 && i + 1 < argc) {
            server_state.commit_us = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--lanes") == 0 && i + 1 < argc) {
            lanes = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "usage: atp_bench_echo [--smoke] [--bare [--calls N]] [--url tcp|ipc] "
                            "[--commit-us N] [--lanes N]\n");
            return 2;
        }
    }
    (void)snprintf(url, sizeof url, "ipc:///tmp/atp-bench-echo-%d", (int)getpid());
    ATP_ASSERT(pipe(port_pipe) == 0);
    child = fork(); /* before NNG starts its threads */
    ATP_ASSERT(child >= 0);
    if (child == 0) {
        serve(strcmp(transport, "ipc") == 0 ? url : "tcp://127.0.0.1:0", port_pipe[1]);
    }
    ATP_ASSERT(read(port_pipe[0], &port, sizeof port) == sizeof port);
    if (strcmp(transport, "ipc") != 0) {
        (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", port);
    }
    if (is_bare) {
        print_heads();
        bench_bare(url, "bare NNG echo, 1 in flight", 1, bare_calls);
    } else {
        bench_all(url, scale, lanes);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return 0;
}

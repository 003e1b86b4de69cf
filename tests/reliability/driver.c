/* Loads an atpd through libatp and keeps every answer; asks for all of them again later.
 *
 *     driver begin  URL                        SKUs, nodes, stock
 *     driver load   URL FILE CYCLE OPS         up to OPS commands, many in flight, until SIGTERM or the engine is gone;
 *                                              appends each answer to FILE
 *     driver verify URL FILE [FIRST_CYCLE]     every answer of FILE (from that cycle on) is given again: a repeat, with
 *                                              the same verdict, op, quantity and deadline
 *     driver grant  URL ID                     one reserve of its own; prints the verdict
 *     driver release URL RESERVATION ID        likewise
 *     driver read   URL                        one availability question; prints how many rows
 *
 * What command number `n` of a cycle says follows from the two numbers, so that FILE need not keep it. A line of FILE:
 * "a CYCLE N VERDICT OP QTY DEADLINE"; before those of a cycle "c CYCLE ISSUED_MS". Ends with 0 if all was well, 1 if
 * an answer was not given again, 2 if there was no answer. */
#include "engine/base/atomics.h"
#include "engine/base/hash.h"
#include "protocol/client/atp.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKUS       8
#define NODES      3
#define LINES_MAX  3
#define CHUNK      500
#define CYCLES_MAX 100000
#define STOCK      200

static volatile sig_atomic_t is_told_to_stop;

static void on_term(int number)
{
    (void)number;
    is_told_to_stop = 1;
}

/* ---- what command n of a cycle says ---- */

typedef struct made {
    atp_command_t command;
    atp_command_line_t lines[LINES_MAX];
    char id[40];
    char reservation[40];
    char sku[LINES_MAX][16];
    char node[LINES_MAX][16];
} made_t;

static void make_line(made_t *made, uint32_t i, uint64_t chance, atp_qty_t qty)
{
    snprintf(made->sku[i], sizeof made->sku[i], "sku-%u", (unsigned)(chance % SKUS));
    snprintf(made->node[i], sizeof made->node[i], "node-%u", (unsigned)(chance / SKUS % NODES));
    made->lines[i] = (atp_command_line_t){atp_text_of(made->sku[i]), atp_text_of(made->node[i]), qty, 0};
}

static void make_reserve(made_t *made, uint64_t chance)
{
    uint32_t line_count = 1 + (uint32_t)(chance >> 8) % LINES_MAX;

    made->command.kind = ATP_OP_RESERVE;
    made->command.option =
        (uint8_t)((chance >> 16) % 4 == 0 ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING);
    made->command.ttl_ms = (chance >> 20) % 4 == 0 ? 20 + (int64_t)((chance >> 24) % 200) : 600000;
    made->command.line_count = line_count;
    for (uint32_t i = 0; i < line_count; i++) {
        make_line(made, i, chance >> (30 + 5 * i), 1 + (atp_qty_t)((chance >> (50 + i)) % 3));
    }
}

static void make_fact(made_t *made, uint64_t chance)
{
    made->command.kind = (chance >> 8) % 4 == 0 ? ATP_OP_SALE : ATP_OP_RECEIVE;
    made->command.is_fact = true;
    made->command.line_count = 1;
    make_line(made, 0, chance >> 30, 1 + (atp_qty_t)((chance >> 16) % 3));
}

static void make(uint32_t cycle, uint32_t n, int64_t issued_ms, made_t *made)
{
    static const atp_op_kind_t steps[] = {ATP_OP_ALLOCATE, ATP_OP_ALLOCATE, ATP_OP_RELEASE,
                                          ATP_OP_RELEASE,  ATP_OP_SHIP,     ATP_OP_CANCEL};
    uint64_t place = (uint64_t)cycle << 32 | n;
    uint64_t chance = atp_hash_bytes(&place, sizeof place, 0);
    uint32_t kind = (uint32_t)(chance % 100);

    memset(made, 0, sizeof *made);
    snprintf(made->id, sizeof made->id, "%u-%u", cycle, n);
    made->command.id = atp_text_of(made->id);
    made->command.issued_ms = issued_ms;
    made->command.lines = made->lines;
    if (kind < 55 || n == 0) {
        make_reserve(made, chance);
    } else if (kind < 85) {
        uint32_t back = 1 + (uint32_t)(chance >> 16) % 64;
        made->command.kind = steps[(chance >> 8) % (sizeof steps / sizeof steps[0])];
        snprintf(made->reservation, sizeof made->reservation, "%u-%u", cycle, back < n ? n - back : 0);
        made->command.reservation = atp_text_of(made->reservation);
    } else {
        make_fact(made, chance);
    }
}

/* ---- begin ---- */

static int open_client(const char *url, uint32_t timeout_ms, atp_client_t **ret_client)
{
    atp_client_options_t options = {.url = url,
                                    .client = ATP_TEXT("driver"),
                                    .timeout_ms = timeout_ms,
                                    .try_ms = timeout_ms,
                                    .submits_in_flight = 256};
    atp_why_t why;

    if (atp_client_open(&options, ret_client, &why) != ATP_OK) {
        fprintf(stderr, "driver: %s\n", why.text);
        return 2;
    }
    return 0;
}

static int call(atp_client_t *client, const atp_command_t *command)
{
    atp_result_t result;
    atp_err_t err = atp_client_call(client, command, &result, NULL, NULL);

    if (err != ATP_OK || !atp_verdict_is_success((atp_verdict_t)result.verdict)) {
        fprintf(stderr, "driver: %s: %s\n", command->id.bytes,
                err != ATP_OK ? atp_err_name(err) : atp_verdict_name(result.verdict));
        return 2;
    }
    return 0;
}

static int begin(const char *url)
{
    atp_client_t *client;
    int failed = open_client(url, 10000, &client);

    if (failed != 0) {
        return failed;
    }
    for (uint32_t i = 0; i < SKUS * NODES && failed == 0; i++) {
        static const atp_op_kind_t kinds[] = {ATP_OP_SKU, ATP_OP_NODE, ATP_OP_COUNT};
        for (uint32_t k = 0; k < 3 && failed == 0; k++) {
            made_t made = {.command = {.kind = kinds[k], .is_fact = k == 2, .line_count = 1}};
            make_line(&made, 0, i, k == 2 ? STOCK : 0);
            made.lines[0].node = k == 0 ? ATP_TEXT("") : made.lines[0].node;
            made.lines[0].sku = k == 1 ? ATP_TEXT("") : made.lines[0].sku;
            snprintf(made.id, sizeof made.id, "begin-%u-%u", i, k);
            made.command.id = atp_text_of(made.id);
            made.command.lines = made.lines;
            failed = call(client, &made.command);
        }
    }
    atp_client_close(client);
    return failed;
}

/* ---- load ---- */

typedef struct load {
    FILE *file;
    pthread_mutex_t lock;
    uint32_t cycle;
    _Atomic uint32_t answered;
    _Atomic uint32_t failed;
} load_t;

typedef struct asked {
    load_t *load;
    uint32_t n;
} asked_t;

static void on_done(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                    const atp_as_of_t *as_of)
{
    asked_t *asked = context;
    load_t *load = asked->load;

    (void)grants;
    (void)as_of;
    if (err != ATP_OK || result->verdict == ATP_BUSY || result->verdict == ATP_UNAVAILABLE) {
        (void)atp_fetch_add_relaxed(&load->failed, 1);
        return;
    }
    pthread_mutex_lock(&load->lock);
    fprintf(load->file, "a %u %u %u %" PRIu64 " %" PRId64 " %" PRId64 "\n", load->cycle, asked->n,
            result->verdict, result->op, result->qty, result->deadline_ms);
    pthread_mutex_unlock(&load->lock);
    (void)atp_fetch_add_relaxed(&load->answered, 1);
}

static void submit_all(load_t *load, atp_client_t *client, asked_t *asked, uint32_t ops, int64_t issued_ms)
{
    struct timespec moment = {0, 200000};
    made_t made;

    for (uint32_t n = 0; n < ops && is_told_to_stop == 0 && atp_load_relaxed(&load->failed) == 0;) {
        asked[n] = (asked_t){load, n};
        make(load->cycle, n, issued_ms, &made);
        atp_err_t err = atp_client_submit(client, &made.command, on_done, &asked[n]);
        if (err == ATP_OK) {
            n++;
        } else if (err == ATP_ERR_BUSY) {
            nanosleep(&moment, NULL);
        } else {
            fprintf(stderr, "driver: submit: %s\n", atp_err_name(err));
            return;
        }
    }
}

static int run_load(const char *url, const char *path, uint32_t cycle, uint32_t ops)
{
    load_t load = {.file = fopen(path, "a"), .cycle = cycle};
    asked_t *asked = calloc(ops + 1, sizeof *asked);
    struct timespec moment = {0, 1000000};
    int64_t issued_ms = atp_now_ms();
    atp_client_t *client;

    if (load.file == NULL || asked == NULL || open_client(url, 3000, &client) != 0) {
        return 2;
    }
    pthread_mutex_init(&load.lock, NULL);
    (void)setvbuf(load.file, NULL, _IOLBF, 0); /* the harness reads along */
    fprintf(load.file, "c %u %" PRId64 "\n", cycle, issued_ms);
    submit_all(&load, client, asked, ops, issued_ms);
    while (is_told_to_stop == 0 && atp_load_relaxed(&load.failed) == 0 &&
           atp_load_relaxed(&load.answered) < ops) {
        nanosleep(&moment, NULL);
    }
    atp_client_close(client);
    printf("%u\n", atp_load_relaxed(&load.answered));
    free(asked);
    return fclose(load.file) == 0 ? 0 : 2;
}

/* ---- verify ---- */

typedef struct kept {
    uint32_t cycle;
    uint32_t n;
    uint32_t verdict;
    uint64_t op;
    int64_t qty;
    int64_t deadline_ms;
} kept_t;

static bool is_given_again(const kept_t *kept, const atp_result_t *result)
{
    return result->is_repeat == 1 && result->verdict == kept->verdict && result->op == kept->op &&
           result->qty == kept->qty && result->deadline_ms == kept->deadline_ms;
}

static int verify_chunk(atp_client_t *client, const kept_t *kept, uint32_t count, const int64_t *issued_ms)
{
    static made_t made[CHUNK];
    static atp_command_t commands[CHUNK];
    static atp_result_t results[CHUNK];

    for (uint32_t i = 0; i < count; i++) {
        make(kept[i].cycle, kept[i].n, issued_ms[kept[i].cycle], &made[i]);
        commands[i] = made[i].command;
    }
    atp_err_t err = atp_client_call_many(client, commands, count, results, NULL, NULL);
    if (err != ATP_OK) {
        fprintf(stderr, "driver: no answer: %s\n", atp_err_name(err));
        return 2;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_given_again(&kept[i], &results[i])) {
            const char *name = atp_verdict_name(results[i].verdict);
            fprintf(stderr,
                    "driver: LOST: cycle %u command %u was answered %s op %" PRIu64 " qty %" PRId64
                    ", is now %s op %" PRIu64 " qty %" PRId64 " repeat %u\n",
                    kept[i].cycle, kept[i].n, atp_verdict_name(kept[i].verdict), kept[i].op, kept[i].qty,
                    name != NULL ? name : "?", results[i].op, results[i].qty, results[i].is_repeat);
            return 1;
        }
    }
    return 0;
}

static int run_verify(const char *url, const char *path, uint32_t first_cycle)
{
    static int64_t issued_ms[CYCLES_MAX];
    static kept_t kept[CHUNK];
    FILE *file = fopen(path, "r");
    char line[160];
    uint32_t count = 0;
    uint64_t total = 0;
    atp_client_t *client;
    int failed = file == NULL ? 2 : open_client(url, 10000, &client);

    if (failed != 0) {
        return failed;
    }
    while (failed == 0 && fgets(line, sizeof line, file) != NULL) {
        kept_t *next = &kept[count];
        uint32_t cycle;
        int64_t issued;
        if (sscanf(line, "c %u %" SCNd64, &cycle, &issued) == 2 && cycle < CYCLES_MAX) {
            issued_ms[cycle] = issued;
        } else if (sscanf(line, "a %u %u %u %" SCNu64 " %" SCNd64 " %" SCNd64, &next->cycle, &next->n,
                          &next->verdict, &next->op, &next->qty, &next->deadline_ms) == 6 &&
                   next->cycle >= first_cycle && next->cycle < CYCLES_MAX) {
            total++;
            if (++count == CHUNK) {
                failed = verify_chunk(client, kept, count, issued_ms);
                count = 0;
            }
        }
    }
    if (failed == 0 && count > 0) {
        failed = verify_chunk(client, kept, count, issued_ms);
    }
    fclose(file);
    atp_client_close(client);
    printf("%" PRIu64 "\n", total);
    return failed;
}

/* ---- one at a time ---- */

static int grant(const char *url, const char *id)
{
    made_t made = {.command = {.kind = ATP_OP_RESERVE, .line_count = 1}};
    atp_client_t *client;
    atp_result_t result;

    make_line(&made, 0, 0, 1);
    made.command.id = atp_text_of(id);
    made.command.lines = made.lines;
    if (open_client(url, 2000, &client) != 0) {
        return 2;
    }
    atp_err_t err = atp_client_call(client, &made.command, &result, NULL, NULL);
    atp_client_close(client);
    puts(err != ATP_OK ? atp_err_name(err) : atp_verdict_name(result.verdict));
    return err == ATP_OK ? 0 : 2;
}

static int release(const char *url, const char *reservation, const char *id)
{
    atp_command_t command = {
        .kind = ATP_OP_RELEASE, .id = atp_text_of(id), .reservation = atp_text_of(reservation)};
    atp_client_t *client;
    atp_result_t result;

    if (open_client(url, 2000, &client) != 0) {
        return 2;
    }
    atp_err_t err = atp_client_call(client, &command, &result, NULL, NULL);
    atp_client_close(client);
    puts(err != ATP_OK ? atp_err_name(err) : atp_verdict_name(result.verdict));
    return err == ATP_OK ? 0 : 2;
}

static int read_availability(const char *url)
{
    atp_text_t skus[] = {ATP_TEXT("sku-0"), ATP_TEXT("sku-1")};
    atp_text_t nodes[] = {ATP_TEXT("node-0"), ATP_TEXT("node-1")};
    atp_availability_ask_t ask = {
        .flags = ATP_AVAILABILITY_CROSS, .skus = skus, .sku_count = 2, .nodes = nodes, .node_count = 2};
    atp_client_t *client;
    atp_answer_t *answer;

    if (open_client(url, 2000, &client) != 0) {
        return 2;
    }
    atp_err_t err = atp_client_availability(client, &ask, &answer);
    if (err == ATP_OK) {
        atp_answer_head_t head = atp_answer_head(answer);
        printf("%s %u\n", atp_verdict_name(head.verdict), head.row_count);
        atp_answer_free(answer);
    } else {
        puts(atp_err_name(err));
    }
    atp_client_close(client);
    return err == ATP_OK ? 0 : 2;
}

static uint32_t number_of(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

int main(int argc, char *argv[])
{
    struct sigaction action = {.sa_handler = on_term};

    sigaction(SIGTERM, &action, NULL);
    if (argc == 3 && strcmp(argv[1], "begin") == 0) {
        return begin(argv[2]);
    }
    if (argc == 6 && strcmp(argv[1], "load") == 0) {
        return run_load(argv[2], argv[3], number_of(argv[4]), number_of(argv[5]));
    }
    if (argc >= 4 && strcmp(argv[1], "verify") == 0) {
        return run_verify(argv[2], argv[3], argc > 4 ? number_of(argv[4]) : 0);
    }
    if (argc == 4 && strcmp(argv[1], "grant") == 0) {
        return grant(argv[2], argv[3]);
    }
    if (argc == 5 && strcmp(argv[1], "release") == 0) {
        return release(argv[2], argv[3], argv[4]);
    }
    if (argc == 3 && strcmp(argv[1], "read") == 0) {
        return read_availability(argv[2]);
    }
    fprintf(stderr, "usage: driver begin|load|verify|grant|release|read URL ...\n");
    return 2;
}

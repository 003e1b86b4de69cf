#include "tests/sim/sim_clients.h"

#include "tests/sim/sim_random.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOLD_SKUS 2 /* the last ones are sold over the counter too */

void sim_violation(uint64_t seed, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "simulation, seed %" PRIu64 ": ", seed);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    abort();
}

void sim_clients_init(sim_clients_t *clients, sim_engine_t *sim, uint64_t seed)
{
    memset(clients, 0, sizeof *clients);
    clients->seed = seed;
    clients->random = seed ^ UINT64_C(0xc11e5);
    clients->sim = sim;
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        clients->commands[i] = calloc(SIM_COMMANDS_MAX, sizeof *clients->commands[i]);
        ATP_ASSERT(clients->commands[i] != NULL);
    }
}

void sim_clients_fini(sim_clients_t *clients)
{
    for (unsigned i = 0; i < SIM_CLIENTS; i++) {
        free(clients->commands[i]);
    }
    for (unsigned i = 0; i < SIM_IN_FLIGHT; i++) {
        sim_request_destroy(clients->calls[i].request);
    }
}

static uint64_t below(sim_clients_t *clients, uint64_t bound)
{
    return sim_random_below(&clients->random, bound);
}

/* ---- what a command says ---- */

static bool is_step(atp_op_kind_t kind)
{
    return kind == ATP_OP_ALLOCATE || kind == ATP_OP_RELEASE || kind == ATP_OP_SHIP ||
           kind == ATP_OP_CANCEL || kind == ATP_OP_EXTEND;
}

static atp_op_kind_t draw_kind(sim_clients_t *clients)
{
    static const atp_op_kind_t kinds[] = {
        ATP_OP_RESERVE,  ATP_OP_RESERVE,  ATP_OP_RESERVE, ATP_OP_RESERVE, ATP_OP_RESERVE,
        ATP_OP_ALLOCATE, ATP_OP_ALLOCATE, ATP_OP_RELEASE, ATP_OP_SHIP,    ATP_OP_CANCEL,
        ATP_OP_EXTEND,   ATP_OP_RECEIVE,  ATP_OP_SALE,    ATP_OP_RECEIVE,
    };
    return kinds[below(clients, sizeof kinds / sizeof kinds[0])];
}

static uint32_t draw_reserve(sim_clients_t *clients, uint32_t client)
{
    uint32_t asked = clients->asked[client];
    uint32_t back = 1 + (uint32_t)below(clients, 30);
    uint32_t n = back < asked ? asked - back : 0;

    while (n > 0 && clients->commands[client][n].kind != ATP_OP_RESERVE) {
        n--;
    }
    return n;
}

static sim_command_t *draw_command(sim_clients_t *clients, uint32_t client)
{
    uint32_t n = clients->asked[client];
    sim_command_t *command = &clients->commands[client][n];

    ATP_ASSERT(n < SIM_COMMANDS_MAX);
    *command =
        (sim_command_t){.client = client, .n = n, .kind = n == 0 ? ATP_OP_RESERVE : draw_kind(clients)};
    command->place = (uint32_t)below(clients, SIM_SKUS * SIM_NODES);
    command->qty = 1 + (atp_qty_t)below(clients, 4);
    command->mode = below(clients, 4) == 0 ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING;
    command->ttl_ms = below(clients, 3) == 0 ? 600000 : 1 + (int64_t)below(clients, 3000);
    if (is_step(command->kind)) {
        command->target = draw_reserve(clients, client);
        command->place = clients->commands[client][command->target].place;
    } else if (command->kind == ATP_OP_SALE) {
        command->place = (SIM_SKUS - 1 - command->place % SOLD_SKUS) * SIM_NODES + command->place % SIM_NODES;
    }
    clients->asked[client]++;
    return command;
}

static void sku_name(uint32_t place, char ret_name[16])
{
    snprintf(ret_name, 16, "sku-%u", place / SIM_NODES);
}

static void node_name(uint32_t place, char ret_name[16])
{
    snprintf(ret_name, 16, "node-%u", place % SIM_NODES);
}

static void command_id(const sim_command_t *command, char ret_id[32])
{
    snprintf(ret_id, 32, "c%u-%u", command->client, command->n);
}

static const char *client_name(uint32_t client)
{
    static const char *const names[SIM_CLIENTS] = {"web", "shop", "market", "app"};
    return names[client];
}

static atp_class_t class_of(atp_op_kind_t kind)
{
    switch (kind) {
    case ATP_OP_RELEASE:
    case ATP_OP_SHIP:
    case ATP_OP_CANCEL:
        return ATP_CLASS_RELEASE;
    case ATP_OP_ALLOCATE:
    case ATP_OP_EXTEND:
        return ATP_CLASS_FIRM;
    case ATP_OP_RECEIVE:
    case ATP_OP_SALE:
        return ATP_CLASS_FACT;
    default:
        return ATP_CLASS_RESERVE;
    }
}

static bool add(sim_clients_t *clients, sim_request_t *request, const sim_command_t *said)
{
    char id[32];
    char reservation[32] = "";
    char sku[16];
    char node[16];
    sim_command_t target = {.client = said->client, .n = said->target};

    command_id(said, id);
    sku_name(said->place, sku);
    node_name(said->place, node);
    atp_command_line_t line = {atp_text_of(sku), atp_text_of(node), said->qty, 0};
    atp_command_t command = {.kind = said->kind,
                             .id = atp_text_of(id),
                             .issued_ms = said->issued_ms,
                             .is_fact = said->kind == ATP_OP_RECEIVE || said->kind == ATP_OP_SALE,
                             .correlation = said->n % 2 == 0 ? atp_text_of(id) : ATP_TEXT("")};
    if (is_step(said->kind)) {
        command_id(&target, reservation);
        command.reservation = atp_text_of(reservation);
        command.ttl_ms = said->kind == ATP_OP_EXTEND ? said->ttl_ms : 0;
    } else {
        command.line_count = 1;
        command.lines = &line;
        command.option = said->kind == ATP_OP_RESERVE ? said->mode : 0;
        command.ttl_ms = said->kind == ATP_OP_RESERVE ? said->ttl_ms : 0;
    }
    return sim_request_add(request, clients->sim, client_name(said->client), &command);
}

/* ---- asking ---- */

static sim_call_t *free_call(sim_clients_t *clients)
{
    for (unsigned i = 0; i < SIM_IN_FLIGHT; i++) {
        if (clients->calls[i].request == NULL) {
            return &clients->calls[i];
        }
    }
    return NULL;
}

/* New, or one of those before: known or not, in flight or not. */
static sim_command_t *choose(sim_clients_t *clients, uint32_t client)
{
    uint32_t asked = clients->asked[client];

    if (asked == 0 || (asked < SIM_COMMANDS_MAX && below(clients, 100) < 70)) {
        return draw_command(clients, client);
    }
    return &clients->commands[client][below(clients, 3) > 0 && asked > 40 ? asked - 1 - below(clients, 40)
                                                                          : below(clients, asked)];
}

void sim_clients_ask(sim_clients_t *clients)
{
    uint32_t client = (uint32_t)below(clients, SIM_CLIENTS);
    uint32_t count = below(clients, 3) > 0 ? 1 : 1 + (uint32_t)below(clients, 8);
    sim_call_t *call = free_call(clients);
    atp_class_t class = ATP_CLASS_RELEASE;

    if (call == NULL) {
        return;
    }
    call->request = sim_request_create(count);
    call->count = count;
    for (uint32_t i = 0; i < count; i++) {
        sim_command_t *command = choose(clients, client);
        if (command->issued_ms == 0) {
            command->issued_ms = atp_engine_now_ms(clients->sim->engine);
            command->after_op = clients->highest_op;
        }
        call->commands[i] = command;
        class = class_of(command->kind) > class ? class_of(command->kind) : class;
        if (!add(clients, call->request, command)) {
            sim_violation(clients->seed, "command %u of client %u is refused by encode", command->n, client);
        }
    }
    atp_err_t err = sim_engine_submit(clients->sim, class, call->request);
    if (err != ATP_OK) {
        clients->refused_submits++;
        sim_request_destroy(call->request);
        call->request = NULL;
    }
}

/* ---- answers ---- */

static bool is_same(const atp_result_t *a, const atp_result_t *b)
{
    return a->op == b->op && a->verdict == b->verdict && a->qty == b->qty && a->deadline_ms == b->deadline_ms;
}

static void must_be_same(const sim_clients_t *clients, const sim_command_t *command,
                         const atp_result_t *result)
{
    if (!is_same(&command->result, result)) {
        sim_violation(clients->seed,
                      "C2: command %u of client %u was answered %s op %" PRIu64 " qty %" PRId64
                      " and is now %s op %" PRIu64 " qty %" PRId64,
                      command->n, command->client, atp_verdict_name(command->result.verdict),
                      command->result.op, command->result.qty, atp_verdict_name(result->verdict), result->op,
                      result->qty);
    }
}

static void learn(sim_clients_t *clients, sim_command_t *command, const atp_result_t *result)
{
    if (result->op <= command->after_op) {
        sim_violation(clients->seed, "C3: op %" PRIu64 " for a command asked after op %" PRIu64, result->op,
                      command->after_op);
    }
    command->is_known = true;
    command->result = *result;
    clients->highest_op = result->op > clients->highest_op ? result->op : clients->highest_op;
    if (command->kind == ATP_OP_RESERVE && result->deadline_ms > 0) {
        int64_t ms = result->deadline_ms - command->ttl_ms;
        clients->highest_ms = ms > clients->highest_ms ? ms : clients->highest_ms;
    }
}

static void take_one(sim_clients_t *clients, const sim_call_t *call, uint32_t i)
{
    const atp_result_t *result = sim_request_result(call->request, i);
    sim_command_t *command = call->commands[i];

    clients->answers++;
    if (result->op == 0) {
        return; /* refused before it became an op: not remembered */
    }
    if (result->op > call->request->batch.durable_op) {
        sim_violation(clients->seed, "C1: op %" PRIu64 " answered when %" PRIu64 " was durable", result->op,
                      call->request->batch.durable_op);
    }
    clients->repeats += result->is_repeat;
    if (command->is_known) {
        must_be_same(clients, command, result);
    } else {
        learn(clients, command, result);
    }
}

void sim_clients_take(sim_clients_t *clients)
{
    for (unsigned i = 0; i < SIM_IN_FLIGHT; i++) {
        sim_call_t *call = &clients->calls[i];
        if (call->request == NULL || call->request->answers == 0) {
            continue;
        }
        if (call->request->answers != 1) {
            sim_violation(clients->seed, "E1: a batch was answered %u times", call->request->answers);
        }
        if (call->request->err == ATP_OK) {
            for (uint32_t k = 0; k < call->count; k++) {
                take_one(clients, call, k);
            }
        } else {
            clients->unanswered++;
        }
        sim_request_destroy(call->request);
        call->request = NULL;
    }
}

/* ---- checking ---- */

typedef struct sums {
    atp_qty_t on_hand[SIM_SKUS * SIM_NODES];
    atp_qty_t allocated[SIM_SKUS * SIM_NODES];
    atp_qty_t reserved_most[SIM_SKUS * SIM_NODES];
} sums_t;

static void add_up(sums_t *sums, const sim_command_t *command)
{
    atp_qty_t qty = command->result.qty;
    uint32_t place = command->place;

    if (!atp_verdict_is_success((atp_verdict_t)command->result.verdict)) {
        return;
    }
    switch (command->kind) {
    case ATP_OP_RECEIVE:
        sums->on_hand[place] += command->qty;
        break;
    case ATP_OP_SALE:
        sums->on_hand[place] -= command->qty;
        break;
    case ATP_OP_RESERVE:
        sums->reserved_most[place] += qty;
        break;
    case ATP_OP_RELEASE:
        sums->reserved_most[place] -= qty;
        break;
    case ATP_OP_ALLOCATE:
        sums->allocated[place] += qty;
        sums->reserved_most[place] -= qty;
        break;
    case ATP_OP_CANCEL:
        sums->allocated[place] -= qty;
        break;
    case ATP_OP_SHIP:
        sums->allocated[place] -= qty;
        sums->on_hand[place] -= qty;
        break;
    default:
        break;
    }
}

static void check_places(const sim_clients_t *clients, const sums_t *sums)
{
    char sku[16];
    char node[16];

    for (uint32_t place = 0; place < SIM_SKUS * SIM_NODES; place++) {
        sku_name(place, sku);
        node_name(place, node);
        atp_position_view_t view = sim_engine_view(clients->sim, sku, node);
        if (view.on_hand != sums->on_hand[place] || view.allocated != sums->allocated[place] ||
            view.reserved > sums->reserved_most[place]) {
            sim_violation(clients->seed,
                          "C4: %s at %s has %" PRId64 " on hand, %" PRId64 " allocated, %" PRId64
                          " reserved; asked for and applied: %" PRId64 ", %" PRId64 ", at most %" PRId64,
                          sku, node, view.on_hand, view.allocated, view.reserved, sums->on_hand[place],
                          sums->allocated[place], sums->reserved_most[place]);
        }
        if (place / SIM_NODES < SIM_SKUS - SOLD_SKUS && atp_view_atp(&view) < 0) {
            sim_violation(clients->seed, "C5: %s at %s is oversold by %" PRId64, sku, node,
                          -atp_view_atp(&view));
        }
    }
}

/* C2 for one command; what was not known before is from now on. */
static void check_command(sim_clients_t *clients, sim_command_t *command)
{
    const atp_ledger_t *ledger = atp_engine_ledger(clients->sim->engine);
    atp_result_t result;
    char id[32];

    command_id(command, id);
    bool is_there =
        atp_ledger_find_outcome(ledger, command->kind == ATP_OP_RESERVE,
                                atp_text_of(client_name(command->client)), atp_text_of(id), &result);
    if (command->is_known && !is_there) {
        sim_violation(clients->seed, "C2: the answer to command %u of client %u (op %" PRIu64 ") is lost",
                      command->n, command->client, command->result.op);
    }
    if (command->is_known) {
        must_be_same(clients, command, &result);
    } else if (is_there) {
        learn(clients, command, &result);
    }
}

static int compare_ops(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void check_ops_differ(const sim_clients_t *clients)
{
    static uint64_t ops[SIM_CLIENTS * SIM_COMMANDS_MAX];
    size_t count = 0;

    for (uint32_t client = 0; client < SIM_CLIENTS; client++) {
        for (uint32_t n = 0; n < clients->asked[client]; n++) {
            const sim_command_t *command = &clients->commands[client][n];
            if (command->is_known) {
                ops[count++] = command->result.op;
            }
        }
    }
    qsort(ops, count, sizeof ops[0], compare_ops);
    for (size_t i = 1; i < count; i++) {
        if (ops[i] == ops[i - 1]) {
            sim_violation(clients->seed, "C3: op %" PRIu64 " was given twice", ops[i]);
        }
    }
}

void sim_clients_check(sim_clients_t *clients)
{
    sums_t sums;
    int64_t now_ms = atp_engine_now_ms(clients->sim->engine);

    memset(&sums, 0, sizeof sums);
    for (uint32_t place = 0; place < SIM_SKUS * SIM_NODES; place++) {
        sums.on_hand[place] = 10;
    }
    for (uint32_t client = 0; client < SIM_CLIENTS; client++) {
        for (uint32_t n = 0; n < clients->asked[client]; n++) {
            sim_command_t *command = &clients->commands[client][n];
            check_command(clients, command);
            if (command->is_known) {
                add_up(&sums, command);
            }
        }
    }
    check_places(clients, &sums);
    check_ops_differ(clients);
    if (now_ms < clients->highest_ms) {
        sim_violation(clients->seed, "C6: ledger time went back by %" PRId64 " ms",
                      clients->highest_ms - now_ms);
    }
}

void sim_clients_begin(sim_clients_t *clients)
{
    char sku[16];
    char node[16];

    for (uint32_t place = 0; place < SIM_SKUS * SIM_NODES; place++) {
        sku_name(place, sku);
        node_name(place, node);
        sim_engine_stock(clients->sim, sku, node, 10);
    }
}

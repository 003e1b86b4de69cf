#include "tests/sim/sim_engine.h"

#include "engine/ledger/catalog/catalog.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENT_OP_SIZE (sizeof(atp_op_t) + ATP_ID_SIZE_MAX + 8)
#define COMMAND_SIZE   512 /* room for a record of a few lines */
#define STEPS_MAX      100000

_Atomic uint32_t sim_answers;

/* ---- the engine ---- */

atp_ledger_config_t sim_engine_config(void)
{
    atp_ledger_config_t config = atp_ledger_config_default();

    config.hash_seed = UINT64_C(0x5eed5eed12345678);
    config.skus = 64;
    config.nodes = 16;
    config.channels = 8;
    config.clients = 16;
    config.sources = 8;
    config.positions = 512;
    config.reservations = 8192;
    config.lines = 16384;
    config.outcomes = 32768;
    config.exceptions = 256;
    config.string_bytes = 4 << 20;
    config.ids_per_client = 32768;
    return config;
}

static void on_fatal(void *context, atp_err_t err, const char *what)
{
    sim_engine_t *sim = context;

    (void)what;
    sim->fatals++;
    sim->fatal_err = err;
}

static void on_event(void *context, const char *event, atp_err_t err, const char *text)
{
    sim_engine_t *sim = context;

    (void)err;
    (void)text;
    if (sim->events < SIM_EVENTS_MAX) {
        snprintf(sim->event[sim->events], sizeof sim->event[0], "%s", event);
    }
    sim->events++;
}

bool sim_engine_has_event(const sim_engine_t *sim, const char *event)
{
    for (unsigned i = 0; i < sim->events && i < SIM_EVENTS_MAX; i++) {
        if (strcmp(sim->event[i], event) == 0) {
            return true;
        }
    }
    return false;
}

void sim_engine_init(sim_engine_t *sim, uint64_t seed)
{
    const char *parent =
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* memory, where there is some */

    memset(sim, 0, sizeof *sim);
    snprintf(sim->folder, sizeof sim->folder, "%s/atp-sim-XXXXXX", parent);
    char *made = mkdtemp(sim->folder);
    ATP_ASSERT(made != NULL);
    sim->disk = sim_disk_create(seed, 0);
    sim_clock_init(&sim->clock);
    sim->config = sim_engine_config();
    sim->options = (atp_engine_options_t){
        .data_folder = sim->folder,
        .storage = sim_disk_storage(sim->disk),
        .clock = &sim->clock.clock,
        .proposal = &sim->config,
        .segment_size = ATP_SEGMENT_SIZE_MIN,
        .segments_ahead = 2,
        .snapshot_map_size = UINT64_C(64) << 20,
        .snapshot_pool_pieces = 256,
        .without_snapshots = true,
        .fatal = on_fatal,
        .on_event = on_event,
        .context = sim,
    };
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void sim_engine_fini(sim_engine_t *sim)
{
    sim_engine_close(sim);
    sim_disk_destroy(sim->disk);
    (void)nftw(sim->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

atp_err_t sim_engine_open(sim_engine_t *sim)
{
    sim->options.proposal = &sim->config;
    sim->options.data_folder = sim->folder;
    sim->options.clock = &sim->clock.clock;
    sim->options.context = sim;
    sim->why.text[0] = '\0';
    atp_err_t err = atp_engine_open(&sim->options, &sim->engine, &sim->recovery, &sim->why);
    if (err != ATP_OK) {
        sim->engine = NULL;
    }
    return err;
}

void sim_engine_close(sim_engine_t *sim)
{
    atp_engine_close(sim->engine);
    sim->engine = NULL;
}

void sim_engine_crash(sim_engine_t *sim, sim_crash_t crash)
{
    sim_disk_crash(sim->disk, crash);
    sim_engine_close(sim);
}

void sim_engine_settle(sim_engine_t *sim)
{
    for (unsigned i = 0;; i++) {
        ATP_ASSERT(i < STEPS_MAX); /* the engine comes to rest */
        bool did = atp_engine_step_ledger(sim->engine);
        did |= atp_engine_step_journal(sim->engine);
        did |= atp_engine_step_keeper(sim->engine);
        did |= atp_engine_step_snapshot(sim->engine);
        if (!did) {
            return;
        }
    }
}

/* ---- requests ---- */

sim_request_t *sim_request_create(uint32_t commands_max)
{
    sim_request_t *request = calloc(1, sizeof *request);

    ATP_ASSERT(request != NULL);
    request->commands_max = commands_max;
    request->capacity = CLIENT_OP_SIZE + (size_t)commands_max * COMMAND_SIZE;
    request->capacity = (request->capacity + 63) / 64 * 64;
    request->ops = aligned_alloc(64, request->capacity);
    request->results = calloc(commands_max + 1, sizeof *request->results);
    request->grants = calloc((size_t)(commands_max + 1) * 8, sizeof *request->grants);
    ATP_ASSERT(request->ops != NULL && request->results != NULL && request->grants != NULL);
    return request;
}

void sim_request_destroy(sim_request_t *request)
{
    if (request != NULL) {
        free(request->ops);
        free(request->results);
        free(request->grants);
        free(request);
    }
}

static void add_client_op(sim_request_t *request, const char *client, uint64_t seed)
{
    request->batch.ops_size = atp_op_encode_client(request->ops, atp_text_of(client), seed);
    request->batch.op_count = 1;
    request->has_client_op = true;
}

bool sim_request_add(sim_request_t *request, const sim_engine_t *sim, const char *client,
                     const atp_command_t *command)
{
    const atp_ledger_t *ledger = atp_engine_ledger(sim->engine);
    atp_batch_t *batch = &request->batch;
    uint64_t seed = atp_ledger_seed(ledger);
    atp_op_context_t context = {
        .catalog = atp_ledger_catalog(ledger), .seed = seed, .client_name = atp_text_of(client)};
    size_t size = 0;

    ATP_ASSERT(request->command_count < request->commands_max);
    if (request->has_client_op ||
        !atp_catalog_find_client(context.catalog, context.client_name,
                                 atp_hash_text(context.client_name, seed), &context.client)) {
        context.client = ATP_CLIENT_NAMED;
        if (!request->has_client_op) {
            ATP_ASSERT(batch->op_count == 0); /* one client a request */
            add_client_op(request, client, seed);
        }
    }
    if (atp_op_encode(command, &context, request->ops + batch->ops_size, request->capacity - batch->ops_size,
                      &size, &request->fault) != ATP_APPLIED) {
        return false;
    }
    batch->ops_size += size;
    batch->op_count++;
    batch->line_count += command->line_count;
    request->command_count++;
    return true;
}

static void must_add(sim_request_t *request, const sim_engine_t *sim, const atp_command_t *command)
{
    bool is_added = sim_request_add(request, sim, "shop", command);
    ATP_ASSERT(is_added);
}

void sim_request_sku_and_node(sim_request_t *request, const sim_engine_t *sim, const char *sku,
                              const char *node)
{
    char id[80];
    atp_command_line_t line = {.sku = atp_text_of(sku)};
    atp_command_line_t place = {.node = atp_text_of(node)};
    atp_command_t command = {.kind = ATP_OP_SKU, .line_count = 1, .lines = &line};

    command.issued_ms = atp_engine_now_ms(sim->engine);
    snprintf(id, sizeof id, "sku-%s-%lld", sku, (long long)command.issued_ms);
    command.id = atp_text_of(id);
    must_add(request, sim, &command);
    snprintf(id, sizeof id, "node-%s-%lld-%s", node, (long long)command.issued_ms, sku);
    command.kind = ATP_OP_NODE;
    command.lines = &place;
    must_add(request, sim, &command);
}

void sim_request_reserve(sim_request_t *request, const sim_engine_t *sim, const char *id, const char *sku,
                         const char *node, atp_qty_t qty)
{
    atp_command_line_t line = {atp_text_of(sku), atp_text_of(node), qty, 0};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .issued_ms = SIM_CLOCK_START_MS,
                             .line_count = 1,
                             .lines = &line};

    must_add(request, sim, &command);
}

void sim_request_step(sim_request_t *request, const sim_engine_t *sim, atp_op_kind_t kind, const char *id,
                      const char *reservation)
{
    atp_command_t command = {.kind = kind,
                             .id = atp_text_of(id),
                             .issued_ms = SIM_CLOCK_START_MS,
                             .reservation = atp_text_of(reservation)};

    must_add(request, sim, &command);
}

void sim_request_fact(sim_request_t *request, const sim_engine_t *sim, atp_op_kind_t kind, const char *id,
                      const char *sku, const char *node, atp_qty_t qty)
{
    atp_command_line_t line = {atp_text_of(sku), atp_text_of(node), qty, 0};
    atp_command_t command = {.kind = kind,
                             .is_fact = true,
                             .id = atp_text_of(id),
                             .issued_ms = SIM_CLOCK_START_MS,
                             .line_count = 1,
                             .lines = &line};

    must_add(request, sim, &command);
}

static void on_done(atp_batch_t *batch, atp_err_t err)
{
    sim_request_t *request = (sim_request_t *)(void *)batch;

    request->answers++;
    request->err = err;
    /* ANSWER-1 (acq_rel) pairs with the acquire of whoever counts answers: the request is filled in before. */
    request->order = atp_fetch_add_acq_rel(&sim_answers, 1) + 1;
}

atp_err_t sim_engine_submit(sim_engine_t *sim, atp_class_t class, sim_request_t *request)
{
    atp_batch_t *batch = &request->batch;

    batch->class = class;
    batch->line_count = batch->line_count > batch->op_count ? batch->line_count : batch->op_count;
    batch->ops = request->ops;
    batch->results = request->results;
    batch->grants = request->grants;
    batch->done = on_done;
    return atp_engine_submit(sim->engine, batch);
}

const atp_result_t *sim_request_result(const sim_request_t *request, uint32_t i)
{
    ATP_ASSERT(i < request->command_count && request->answers == 1);
    return &request->results[i + (request->has_client_op ? 1 : 0)];
}

/* ---- in one call ---- */

void sim_engine_stock(sim_engine_t *sim, const char *sku, const char *node, atp_qty_t qty)
{
    sim_request_t *request = sim_request_create(3);
    char id[80];

    snprintf(id, sizeof id, "stock-%s-%s-%lld", sku, node, (long long)qty);
    sim_request_sku_and_node(request, sim, sku, node);
    sim_request_fact(request, sim, ATP_OP_COUNT, id, sku, node, qty);
    atp_err_t err = sim_engine_submit(sim, ATP_CLASS_FACT, request);
    ATP_ASSERT(err == ATP_OK);
    sim_engine_settle(sim);
    ATP_ASSERT(atp_verdict_is_success((atp_verdict_t)sim_request_result(request, 2)->verdict));
    sim_request_destroy(request);
}

atp_result_t sim_engine_reserve(sim_engine_t *sim, const char *id, const char *sku, const char *node,
                                atp_qty_t qty)
{
    sim_request_t *request = sim_request_create(1);

    sim_request_reserve(request, sim, id, sku, node, qty);
    atp_err_t err = sim_engine_submit(sim, ATP_CLASS_RESERVE, request);
    ATP_ASSERT(err == ATP_OK);
    sim_engine_settle(sim);
    ATP_ASSERT(request->err == ATP_OK);
    atp_result_t result = *sim_request_result(request, 0);
    sim_request_destroy(request);
    return result;
}

atp_position_view_t sim_engine_view(const sim_engine_t *sim, const char *sku, const char *node)
{
    const atp_ledger_t *ledger = atp_engine_ledger(sim->engine);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint64_t seed = atp_ledger_seed(ledger);
    atp_position_view_t view = {0};
    uint32_t sku_number;
    uint16_t node_number;
    uint32_t row;

    if (atp_catalog_find_sku(catalog, atp_text_of(sku), atp_hash_text(atp_text_of(sku), seed), &sku_number) &&
        atp_catalog_find_node(catalog, atp_text_of(node), atp_hash_text(atp_text_of(node), seed),
                              &node_number) &&
        atp_positions_find(atp_ledger_positions(ledger), sku_number, node_number, &row)) {
        atp_positions_read(atp_ledger_positions(ledger), row, &view);
    }
    return view;
}

/* The model's memory, catalogue, identity and frames; each kind of op is in model_reservations.c and model_stock.c. */
#include "tests/model/model.h"

#include "tests/test.h"

#include <stdlib.h>
#include <string.h>

static void *array(uint64_t count, size_t size)
{
    void *memory = calloc(count + 1, size);

    assert_non_null(memory);
    return memory;
}

model_t *model_create(const atp_ledger_config_t *config, int64_t now_ms)
{
    model_t *model = array(1, sizeof *model);

    model->config = *config;
    model->skus = array(config->skus, sizeof *model->skus);
    model->nodes = array(config->nodes, sizeof *model->nodes);
    model->channels = array(config->channels + 1, sizeof *model->channels);
    model->clients = array(config->clients + 1, sizeof *model->clients);
    model->sources = array(config->sources, sizeof *model->sources);
    model->positions = array(config->positions, sizeof *model->positions);
    model->reservations = array(config->reservations, sizeof *model->reservations);
    model->outcomes = array(config->outcomes, sizeof *model->outcomes);
    model->raised = array(MODEL_EXCEPTIONS_PER_OP_MAX, sizeof *model->raised);
    model->clients[model->client_count++] = model_id_of("atpd");
    model->channels[model->channel_count++].id = model_id_of("default");
    model->op = 1; /* genesis */
    model->time_ms = now_ms;
    return model;
}

void model_destroy(model_t *model)
{
    free(model->skus);
    free(model->nodes);
    free(model->channels);
    free(model->clients);
    free(model->sources);
    free(model->positions);
    free(model->reservations);
    free(model->archived);
    free(model->outcomes);
    free(model->raised);
    free(model);
}

/* ---- texts ---- */

model_id_t model_id_of(const char *zero_terminated)
{
    model_id_t id = {.size = (uint32_t)strlen(zero_terminated)};

    assert_true(id.size < sizeof id.bytes);
    memcpy(id.bytes, zero_terminated, id.size);
    return id;
}

bool model_id_equal(const model_id_t *a, const model_id_t *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

static bool are_names_equal(const model_text_t *a, const model_text_t *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* ---- finding: every array from its beginning ---- */

#define FIND(model, array, count, wanted)                                                                    \
    do {                                                                                                     \
        for (uint32_t i = 0; i < (model)->count; i++) {                                                      \
            if (model_id_equal(&(model)->array[i].id, (wanted))) {                                           \
                return i;                                                                                    \
            }                                                                                                \
        }                                                                                                    \
        return MODEL_NONE;                                                                                   \
    } while (0)

uint32_t model_find_sku(const model_t *model, const model_id_t *id)
{
    FIND(model, skus, sku_count, id);
}

uint32_t model_find_node(const model_t *model, const model_id_t *id)
{
    FIND(model, nodes, node_count, id);
}

uint32_t model_find_channel(const model_t *model, const model_id_t *id)
{
    FIND(model, channels, channel_count, id);
}

uint32_t model_find_source(const model_t *model, const model_id_t *id)
{
    FIND(model, sources, source_count, id);
}

uint32_t model_find_reservation(const model_t *model, const model_id_t *id)
{
    FIND(model, reservations, reservation_count, id);
}

uint32_t model_find_client(const model_t *model, const model_id_t *id)
{
    for (uint32_t i = 0; i < model->client_count; i++) {
        if (model_id_equal(&model->clients[i], id)) {
            return i;
        }
    }
    return MODEL_NONE;
}

uint32_t model_find_position(const model_t *model, uint32_t sku, uint32_t node)
{
    for (uint32_t i = 0; i < model->position_count; i++) {
        if (model->positions[i].sku == sku && model->positions[i].node == node) {
            return i;
        }
    }
    return MODEL_NONE;
}

/* ---- answers ---- */

void model_refuse(model_answer_t *answer, atp_verdict_t verdict, atp_field_t field, uint32_t line)
{
    answer->result.verdict = (uint8_t)verdict;
    answer->result.field = (uint8_t)field;
    answer->result.line = (uint16_t)line;
}

static int64_t time_of(const model_t *model, int64_t now_ms)
{
    return now_ms > model->time_ms ? now_ms : model->time_ms;
}

/* From here on it is an op: it has a number, time is what it is, and what is due is gone. */
static void begin_op(model_t *model, int64_t now_ms, model_answer_t *answer)
{
    model->now_ms = time_of(model, now_ms);
    model->time_ms = model->now_ms;
    model->op++;
    model->raised_count = 0;
    answer->took_op = true;
    answer->result.op = model->op;
    model_expire(model);
}

static void begin_answer(model_t *model, model_answer_t *answer)
{
    memset(answer, 0, sizeof *answer);
    model->raised_count = 0;
}

/* ---- identity ---- */

static bool is_same_line(const model_request_line_t *a, const model_request_line_t *b)
{
    return model_id_equal(&a->sku, &b->sku) && model_id_equal(&a->node, &b->node);
}

static bool is_same_qty(const model_request_line_t *a, const model_request_line_t *b)
{
    atp_qty_t a_mantissa = a->mantissa;
    atp_qty_t b_mantissa = b->mantissa;
    unsigned a_decimals = a->decimals;
    unsigned b_decimals = b->decimals;

    for (; a_decimals > 0 && a_mantissa % 10 == 0; a_decimals--) {
        a_mantissa /= 10;
    }
    for (; b_decimals > 0 && b_mantissa % 10 == 0; b_decimals--) {
        b_mantissa /= 10;
    }
    return a_mantissa == b_mantissa && a_decimals == b_decimals;
}

/* The first field in which two requests differ; NONE if they are the same. */
static atp_field_t difference(const model_request_t *a, const model_request_t *b)
{
    bool is_named = a->kind == ATP_OP_SKU || a->kind == ATP_OP_NODE;
    atp_field_t lines = a->kind == ATP_OP_SKU    ? ATP_FIELD_SKU
                        : a->kind == ATP_OP_NODE ? ATP_FIELD_NODE
                                                 : ATP_FIELD_LINES;

    if (a->kind != b->kind) {
        return ATP_FIELD_KIND;
    }
    if (a->line_count != b->line_count) {
        return lines;
    }
    for (uint32_t i = 0; i < a->line_count; i++) {
        if (!is_same_line(&a->lines[i], &b->lines[i])) {
            return lines;
        }
    }
    for (uint32_t i = 0; i < a->line_count; i++) {
        if (!is_same_qty(&a->lines[i], &b->lines[i])) {
            return ATP_FIELD_QTY;
        }
    }
    if (a->ttl_ms != b->ttl_ms) {
        return ATP_FIELD_TTL;
    }
    if (!model_id_equal(&a->owner, &b->owner) || !are_names_equal(&a->name, &b->name)) {
        return is_named ? ATP_FIELD_NAME : ATP_FIELD_OWNER;
    }
    if (!model_id_equal(&a->channel, &b->channel)) {
        return ATP_FIELD_CHANNEL;
    }
    if (!model_id_equal(&a->reservation, &b->reservation)) {
        return ATP_FIELD_RESERVATION;
    }
    if (a->option != b->option || a->reason != b->reason || a->is_fact != b->is_fact) {
        return ATP_FIELD_OPTION;
    }
    return a->issued_ms != b->issued_ms ? ATP_FIELD_ISSUED : ATP_FIELD_NONE;
}

static model_outcome_t *find_outcome(model_t *model, const model_request_t *request, const model_id_t *client)
{
    bool is_reservation = request->kind == ATP_OP_RESERVE;

    for (uint32_t i = 0; i < model->outcome_count; i++) {
        model_outcome_t *outcome = &model->outcomes[i];
        bool is_shared = outcome->client.size == 0;
        if (is_shared == is_reservation && model_id_equal(&outcome->request.id, &request->id) &&
            (is_shared || model_id_equal(&outcome->client, client))) {
            return outcome;
        }
    }
    return NULL;
}

/* The grants of a reservation of several lines, as long as it is remembered. */
static void repeat_grants(const model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t number = model_find_reservation(model, &request->id);

    if (request->kind != ATP_OP_RESERVE || request->line_count < 2 || number == MODEL_NONE ||
        !atp_verdict_is_success(answer->result.verdict)) {
        return;
    }
    const model_reservation_t *reservation = &model->reservations[number];
    for (uint32_t i = 0; i < reservation->line_count; i++) {
        const model_line_t *line = &reservation->lines[i];
        answer->grants[i] = (atp_grant_t){.qty = line->granted, .scale = model->skus[line->sku].scale};
    }
    answer->result.line_count = (uint16_t)reservation->line_count;
}

static uint64_t outcomes_of(const model_t *model, uint32_t client)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < model->outcome_count; i++) {
        count += model->outcomes[i].client_number == client;
    }
    return count;
}

/* True if the answer is known without a new op. */
static bool is_answered(model_t *model, const model_request_t *request, const model_id_t *client,
                        uint32_t client_number, int64_t now_ms, model_answer_t *answer)
{
    int64_t window_floor = now_ms - model->config.outcome_window_ms;

    if (request->issued_ms > now_ms + model->config.issued_skew_ms) {
        model_refuse(answer, ATP_ISSUED_IN_FUTURE, ATP_FIELD_ISSUED, 0);
        return true;
    }
    if (request->issued_ms < window_floor || request->issued_ms < model->floor_ms) {
        model_refuse(answer, ATP_ISSUED_BEFORE_FLOOR, ATP_FIELD_ISSUED, 0);
        return true;
    }
    model_outcome_t *outcome = find_outcome(model, request, client);
    if (outcome == NULL) {
        if (outcomes_of(model, client_number) >= model->config.ids_per_client) {
            model_refuse(answer, ATP_TOO_MANY_IDS, ATP_FIELD_CLIENT, 0);
            return true;
        }
        return false;
    }
    atp_field_t field = difference(&outcome->request, request);
    if (field != ATP_FIELD_NONE) {
        model_refuse(answer, ATP_CONFLICT, field, 0);
        answer->result.op = outcome->result.op;
        answer->conflict_with = outcome;
        return true;
    }
    answer->result = outcome->result;
    answer->result.is_repeat = 1;
    answer->result.line_count = 0;
    repeat_grants(model, request, answer);
    return true;
}

static void forget_oldest_outcome(model_t *model)
{
    int64_t issued_ms = model->outcomes[0].request.issued_ms;

    if (issued_ms >= model->floor_ms) {
        model->floor_ms = issued_ms + 1;
    }
    model->outcome_count--;
    memmove(&model->outcomes[0], &model->outcomes[1], model->outcome_count * sizeof model->outcomes[0]);
}

static void remember(model_t *model, const model_request_t *request, const model_id_t *client,
                     uint32_t client_number, const atp_result_t *result)
{
    if (model->outcome_count == model->config.outcomes) {
        forget_oldest_outcome(model);
    }
    model_outcome_t *outcome = &model->outcomes[model->outcome_count++];
    outcome->client = request->kind == ATP_OP_RESERVE ? model_id_of("") : *client;
    outcome->client_number = client_number;
    outcome->request = *request;
    outcome->result = *result;
}

/* ---- catalogue ---- */

/* True if the ledger had no room for strings: nothing is added or renamed. */
static bool is_told_full(const model_t *model, atp_field_t field, model_answer_t *answer)
{
    if (model->told_full == ATP_STRINGS_FULL) {
        model_refuse(answer, ATP_STRINGS_FULL, field, 0);
    }
    return model->told_full == ATP_STRINGS_FULL;
}

static bool is_sku_in_use(const model_t *model, uint32_t sku)
{
    for (uint32_t i = 0; i < model->position_count; i++) {
        const model_position_t *position = &model->positions[i];
        if (position->sku == sku &&
            (position->on_hand != 0 || position->unavailable != 0 || position->safety != 0 ||
             model_reserved_at(model, sku, position->node) != 0 ||
             model_allocated_at(model, sku, position->node) != 0)) {
            return true;
        }
    }
    return false;
}

static void put_sku(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t sku = model_find_sku(model, &request->lines[0].sku);

    if (sku == MODEL_NONE && model->sku_count == model->config.skus) {
        model_refuse(answer, ATP_SKUS_FULL, ATP_FIELD_SKU, 0);
        return;
    }
    if (sku != MODEL_NONE && model->skus[sku].scale != request->option && is_sku_in_use(model, sku)) {
        model_refuse(answer, ATP_SCALE_IN_USE, ATP_FIELD_OPTION, 0);
        return;
    }
    if (is_told_full(model, ATP_FIELD_SKU, answer)) {
        return;
    }
    if (sku == MODEL_NONE) {
        sku = model->sku_count++;
        model->skus[sku].id = request->lines[0].sku;
    }
    model->skus[sku].scale = request->option;
    model->skus[sku].name = request->name;
}

static void put_node(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t node = model_find_node(model, &request->lines[0].node);

    if (node == MODEL_NONE && model->node_count == model->config.nodes) {
        model_refuse(answer, ATP_NODES_FULL, ATP_FIELD_NODE, 0);
        return;
    }
    if (is_told_full(model, ATP_FIELD_NODE, answer)) {
        return;
    }
    if (node == MODEL_NONE) {
        node = model->node_count++;
        model->nodes[node].id = request->lines[0].node;
    }
    model->nodes[node].state = (atp_node_state_t)request->option;
    model->nodes[node].name = request->name;
}

static void put_channel(model_t *model, const model_request_t *request, model_answer_t *answer)
{
    uint32_t channel = model_find_channel(model, &request->channel);

    if (request->ttl_ms > model->config.ttl_max_ms) {
        model_refuse(answer, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0);
        return;
    }
    if (channel == MODEL_NONE && model->channel_count == model->config.channels + 1) {
        model_refuse(answer, ATP_CHANNELS_FULL, ATP_FIELD_CHANNEL, 0);
        return;
    }
    if (channel == MODEL_NONE && is_told_full(model, ATP_FIELD_CHANNEL, answer)) {
        return;
    }
    if (channel == MODEL_NONE) {
        channel = model->channel_count++;
        model->channels[channel].id = request->channel;
    }
    model->channels[channel].ttl_ms = request->ttl_ms;
}

/* ---- ops ---- */

static void execute(model_t *model, const model_request_t *request, uint32_t client, model_answer_t *answer)
{
    switch (request->kind) {
    case ATP_OP_SKU:
        put_sku(model, request, answer);
        return;
    case ATP_OP_NODE:
        put_node(model, request, answer);
        return;
    case ATP_OP_CHANNEL:
        put_channel(model, request, answer);
        return;
    case ATP_OP_SAFETY:
        model_safety(model, request, answer);
        return;
    case ATP_OP_RESERVE:
        model_reserve(model, request, client, answer);
        return;
    case ATP_OP_EXTEND:
        model_extend(model, request, answer);
        return;
    case ATP_OP_SHIP:
        if (request->is_fact || model->in_source) {
            model_ship_fact(model, request, answer);
            return;
        }
        model_step(model, request, answer);
        return;
    case ATP_OP_ALLOCATE:
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
        model_step(model, request, answer);
        return;
    default:
        model_stock(model, request, answer);
        return;
    }
}

/* A fact that could not be applied is kept for a person. */
static void keep_refused_fact(model_t *model, const model_request_t *request, const model_answer_t *answer)
{
    bool has_lines =
        request->kind != ATP_OP_SKU && request->kind != ATP_OP_NODE && request->kind != ATP_OP_CHANNEL;
    bool has_line = has_lines && request->line_count > answer->result.line;

    if ((!request->is_fact && !model->in_source) || atp_verdict_is_success(answer->result.verdict)) {
        return;
    }
    model_exception_t *exception = model_raise(model, 3, request->kind, MODEL_NONE,
                                               has_line ? request->lines[answer->result.line].mantissa : 0);
    exception->verdict = answer->result.verdict;
    if (has_line) {
        const model_request_line_t *line = &request->lines[answer->result.line];
        exception->scale = line->decimals;
        exception->sku = line->sku;
        exception->node = line->node;
    } else if (request->kind == ATP_OP_SKU) {
        exception->sku = request->lines[0].sku;
    } else if (request->kind == ATP_OP_NODE) {
        exception->node = request->lines[0].node;
    }
    bool is_reserve = request->kind == ATP_OP_RESERVE;
    bool is_step = request->kind > ATP_OP_RESERVE && request->kind <= ATP_OP_SHIP;
    if (is_reserve || (is_step && request->reservation.size > 0)) {
        exception->hits[exception->hit_count++].reservation = is_reserve ? request->id : request->reservation;
    }
}

void model_do(model_t *model, const model_request_t *request, const model_id_t *client, bool in_source,
              int64_t now_ms, model_answer_t *ret_answer)
{
    uint32_t client_number = model_find_client(model, client);

    begin_answer(model, ret_answer);
    if (!model_is_well_formed(request, in_source, ret_answer)) {
        return;
    }
    if (client_number == MODEL_NONE) {
        client_number = 0; /* no room for its name: it counts as the engine */
    }
    if (in_source && model->frame_skip != ATP_APPLIED) {
        ret_answer->result.verdict = (uint8_t)model->frame_skip;
        return;
    }
    if (!in_source &&
        is_answered(model, request, client, client_number, time_of(model, now_ms), ret_answer)) {
        return;
    }
    begin_op(model, now_ms, ret_answer);
    model->in_source = in_source;
    execute(model, request, client_number, ret_answer);
    keep_refused_fact(model, request, ret_answer);
    if (!in_source) {
        remember(model, request, client, client_number, &ret_answer->result);
    }
}

void model_forget(model_t *model, uint32_t reservation)
{
    const model_reservation_t *gone = &model->reservations[reservation];
    bool has_left = false;

    for (uint32_t i = 0; i < gone->line_count; i++) {
        has_left = has_left || gone->lines[i].shipped > 0;
    }
    if (has_left) {
        model->archived = realloc(model->archived, (model->archived_count + 1) * sizeof *model->archived);
        assert_non_null(model->archived);
        model->archived[model->archived_count++] = gone->id;
    }
    model->reservations[reservation] = model->reservations[--model->reservation_count];
}

void model_client(model_t *model, const model_id_t *client, int64_t now_ms, model_answer_t *ret_answer)
{
    uint32_t number = model_find_client(model, client);

    begin_answer(model, ret_answer);
    begin_op(model, now_ms, ret_answer);
    ret_answer->result.verdict = ATP_CONFIRMED;
    if (number == MODEL_NONE && model->client_count == model->config.clients + 1) {
        ret_answer->result.verdict = ATP_CLIENTS_FULL;
        number = 0;
    } else if (number == MODEL_NONE && is_told_full(model, ATP_FIELD_NONE, ret_answer)) {
        number = 0;
    } else if (number == MODEL_NONE) {
        ret_answer->result.verdict = ATP_APPLIED;
        number = model->client_count++;
        model->clients[number] = *client;
    }
    model->frame_client = number;
}

void model_pulse(model_t *model, uint64_t limit, int64_t now_ms, model_answer_t *ret_answer)
{
    begin_answer(model, ret_answer);
    begin_op(model, now_ms, ret_answer);
    for (uint64_t i = 0; i < limit && model->outcome_count > 0; i++) {
        if (model->outcomes[0].request.issued_ms >= model->now_ms - model->config.outcome_window_ms) {
            break;
        }
        forget_oldest_outcome(model);
    }
}

void model_settle(model_t *model, uint32_t sku, int64_t now_ms, model_answer_t *ret_answer)
{
    begin_answer(model, ret_answer);
    begin_op(model, now_ms, ret_answer);
    if (sku >= model->sku_count) {
        model_refuse(ret_answer, ATP_UNKNOWN_SKU, ATP_FIELD_SKU, 0);
    }
}

void model_configure(model_t *model, const atp_ledger_config_t *config, int64_t now_ms,
                     model_answer_t *ret_answer)
{
    const int64_t year_ms = INT64_C(365) * 24 * 3600 * 1000;
    bool is_good = config->ttl_default_ms >= 1 && config->ttl_default_ms <= config->ttl_max_ms &&
                   config->ttl_max_ms <= year_ms && config->outcome_window_ms >= 1000 &&
                   config->outcome_window_ms <= year_ms && config->issued_skew_ms >= 0 &&
                   config->issued_skew_ms <= 3600 * 1000 && config->ids_per_client >= 1 &&
                   config->archive_after_ms >= 0 && config->archive_after_ms <= 10 * year_ms &&
                   config->source_gap_ms >= 0 && config->source_gap_ms <= year_ms &&
                   config->lines_per_reservation >= 1 && config->lines_per_reservation <= 1024;

    begin_answer(model, ret_answer);
    begin_op(model, now_ms, ret_answer);
    if (!is_good) {
        model_refuse(ret_answer, ATP_MALFORMED, ATP_FIELD_OPTION, 0);
        return;
    }
    model->config.ttl_default_ms = config->ttl_default_ms;
    model->config.ttl_max_ms = config->ttl_max_ms;
    model->config.outcome_window_ms = config->outcome_window_ms;
    model->config.issued_skew_ms = config->issued_skew_ms;
    model->config.archive_after_ms = config->archive_after_ms;
    model->config.source_gap_ms = config->source_gap_ms;
    model->config.ids_per_client = config->ids_per_client;
    model->config.lines_per_reservation = config->lines_per_reservation;
}

void model_end_frame(model_t *model)
{
    model->frame_client = 0;
    model->frame_source = 0;
    model->frame_skip = ATP_APPLIED;
}

/* ---- numbered batches ---- */

void model_batch(model_t *model, const model_id_t *name, const model_numbers_t *numbers, int64_t now_ms,
                 model_answer_t *ret_answer)
{
    static const model_source_t unheard;
    uint32_t number = model_find_source(model, name);
    uint64_t sequence = numbers->sequence;

    begin_answer(model, ret_answer);
    model->frame_skip =
        model_look_at_batch(number == MODEL_NONE ? &unheard : &model->sources[number], numbers);
    if (model->frame_skip == ATP_DUPLICATE_IGNORED) {
        ret_answer->result.verdict = ATP_DUPLICATE_IGNORED;
        return;
    }
    if (model->frame_skip != ATP_APPLIED) {
        model_refuse(ret_answer, (atp_verdict_t)model->frame_skip, ATP_FIELD_SEQUENCE, 0);
        return;
    }
    begin_op(model, now_ms, ret_answer);
    model->in_source = true;
    bool is_full = number == MODEL_NONE && model->source_count == model->config.sources;
    if (is_full || (number == MODEL_NONE && model->told_full == ATP_STRINGS_FULL)) {
        model->frame_source = 0;
        model->frame_skip = is_full ? ATP_SOURCES_FULL : ATP_STRINGS_FULL;
        model_raise(model, 3, ATP_OP_SOURCE, MODEL_NONE, (atp_qty_t)sequence)->verdict = model->frame_skip;
        model_refuse(ret_answer, (atp_verdict_t)model->frame_skip, ATP_FIELD_SOURCE, 0);
        return;
    }
    if (number == MODEL_NONE) {
        number = model->source_count++;
        model->sources[number].id = *name;
    }
    model->frame_source = number + 1;
    uint64_t lost = model_accept_batch(&model->sources[number], numbers);
    if (lost > 0) {
        model_raise(model, 4, ATP_OP_SOURCE, MODEL_NONE,
                    lost > (uint64_t)ATP_QTY_MAX ? ATP_QTY_MAX : (atp_qty_t)lost);
    }
}

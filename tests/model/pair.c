#include "tests/model/pair.h"

#include "tests/test.h"

#include "engine/ledger/catalog/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OP(pair) ((unsigned long long)(pair)->model->op)

/* What a failure says first, so that it can be run again. */
#define expect_equal(pair, what, ledger_value, model_value)                                                  \
    do {                                                                                                     \
        long long expect_ledger = (long long)(ledger_value);                                                 \
        long long expect_model = (long long)(model_value);                                                   \
        if (expect_ledger != expect_model) {                                                                 \
            fail_msg("op %llu: %s is %lld, the model says %lld", OP(pair), what, expect_ledger,              \
                     expect_model);                                                                          \
        }                                                                                                    \
    } while (0)

static atp_text_t text(const model_id_t *id)
{
    return (atp_text_t){id->bytes, id->size};
}

static bool is_text(atp_text_t found, const char *bytes, uint32_t size)
{
    return found.size == size && (size == 0 || memcmp(found.bytes, bytes, size) == 0);
}

pair_t *pair_create(uint64_t seed, pair_reach_t *reach)
{
    pair_t *pair = calloc(1, sizeof *pair);
    atp_why_t why = {""};

    assert_non_null(pair);
    atp_ledger_config_t config = generator_config(&pair->generator, seed);
    if (atp_ledger_create(&config, &pair->ledger, &why) != ATP_OK ||
        atp_ledger_create(&config, &pair->blind, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    pair->model = model_create(&config, pair->generator.now_ms);
    pair->reach = reach;
    pair->record = calloc(1, ATP_OP_SIZE_MAX);
    pair->grants = calloc(ATP_GRANTS_PER_OP_MAX, sizeof *pair->grants);
    assert_true(pair->record != NULL && pair->grants != NULL);
    atp_op_encode_config(pair->record, ATP_OP_GENESIS, &config);
    return pair;
}

void pair_destroy(pair_t *pair)
{
    atp_ledger_destroy(pair->ledger);
    atp_ledger_destroy(pair->blind);
    model_destroy(pair->model);
    free(pair->record);
    free(pair->grants);
    free(pair);
}

/* ---- the ledger's side ---- */

static bool apply(pair_t *pair, const atp_op_t *op, atp_result_t *ret_result)
{
    uint64_t op_before = atp_ledger_stamp(pair->ledger) / 2;
    atp_prefetch_t hint;

    assert_true(atp_op_is_well_formed(op, op->size));
    for (unsigned step = 0; step < ATP_PREFETCH_STEPS; step++) {
        atp_ledger_prefetch(pair->ledger, op, (atp_prefetch_step_t)step, &hint);
    }
    memset(ret_result, 0xa5, sizeof *ret_result);
    bool took_op = atp_ledger_apply(pair->ledger, op, pair->generator.now_ms, ret_result, pair->grants);
    expect_equal(pair, "the stamp", atp_ledger_stamp(pair->ledger), 2 * (op_before + took_op)); /* L1 */
    if (took_op && pair->journal != NULL) {
        pair->journal(pair->journal_context, op, pair->generator.now_ms, ret_result);
    }
    return took_op;
}

static void view_lines(const model_request_t *request, atp_command_line_t *ret_lines)
{
    for (uint32_t i = 0; i < request->line_count; i++) {
        const model_request_line_t *line = &request->lines[i];
        ret_lines[i] =
            (atp_command_line_t){text(&line->sku), text(&line->node), line->mantissa, line->decimals};
    }
}

/* Encodes with the ledger's catalogue or, now and then, with none. Returns the verdict of encode. */
static atp_verdict_t encode(pair_t *pair, const generated_t *generated, uint32_t client,
                            atp_result_t *ret_fault)
{
    const model_request_t *r = &generated->request;
    bool is_blind = test_random(&pair->generator.state) % 8 == 0;
    atp_command_line_t lines[MODEL_LINES_MAX];
    atp_command_t command = {.kind = r->kind,
                             .is_fact = r->is_fact,
                             .option = r->option,
                             .reason = r->reason,
                             .id = text(&r->id),
                             .issued_ms = r->issued_ms,
                             .reservation = text(&r->reservation),
                             .channel = text(&r->channel),
                             .owner = text(&r->owner),
                             .name = {r->name.bytes, r->name.size},
                             .ttl_ms = r->ttl_ms,
                             .line_count = r->line_count,
                             .lines = lines};
    if ((r->issued_ms + is_blind) % 3 == 0) { /* no part of the content: a repeat may have another */
        command.correlation = is_blind ? ATP_TEXT("seen from afar") : ATP_TEXT("seen from near");
    }
    atp_op_context_t context = {.catalog = atp_ledger_catalog(is_blind ? pair->blind : pair->ledger),
                                .seed = atp_ledger_seed(pair->ledger),
                                .client_name = text(&generated->client),
                                .client = client,
                                .in_source = generated->in_source};
    size_t size;

    view_lines(r, lines);
    pair->reach->named_records += is_blind;
    return atp_op_encode(&command, &context, pair->record, ATP_OP_SIZE_MAX, &size, ret_fault);
}

/* ---- answers ---- */

static void compare_result(pair_t *pair, const char *what, const atp_result_t *result,
                           const model_answer_t *answer)
{
    const atp_result_t *expected = &answer->result;
    char place[64];

    snprintf(place, sizeof place, "the verdict of %s", what);
    if (result->verdict != expected->verdict) {
        const char *says = atp_verdict_name(result->verdict);
        fail_msg("op %llu: the answer to %s is %s (field %s, line %u), the model says %s (field %s, line %u)",
                 OP(pair), what, says == NULL ? "nothing known" : says, atp_field_name(result->field),
                 result->line, atp_verdict_name(expected->verdict), atp_field_name(expected->field),
                 expected->line);
    }
    expect_equal(pair, "the op number", result->op, expected->op);
    expect_equal(pair, "the quantity", result->qty, expected->qty);
    expect_equal(pair, "the deadline", result->deadline_ms, expected->deadline_ms);
    expect_equal(pair, "the scale", result->scale, expected->scale);
    expect_equal(pair, "is_repeat", result->is_repeat, expected->is_repeat);
    expect_equal(pair, "the line at fault", result->line, expected->line);
    expect_equal(pair, "the number of grants", result->line_count, expected->line_count);
    for (uint32_t i = 0; i < expected->line_count; i++) {
        expect_equal(pair, "a grant", pair->grants[i].qty, answer->grants[i].qty);
        expect_equal(pair, "the scale of a grant", pair->grants[i].scale, answer->grants[i].scale);
    }
    if (result->verdict == ATP_CONFLICT && answer->conflict_with != NULL) {
        /* 8 bits of each field are kept: a field may agree by chance, and a later one or the id is named. */
        pair->reach->conflicts++;
        pair->reach->conflicts_named_otherwise += result->field != expected->field;
        assert_true(result->field != ATP_FIELD_NONE);
        return;
    }
    expect_equal(pair, "the field at fault", result->field, expected->field);
}

static bool is_hit_named(const atp_exception_t *exception, unsigned named, const model_exception_t *expected,
                         uint64_t *ret_version)
{
    for (uint32_t i = 0; i < expected->hit_count; i++) {
        const model_id_t *id = &expected->hits[i].reservation;
        if (is_text((atp_text_t){exception->reservations[named], exception->reservation_sizes[named]},
                    id->bytes, id->size)) {
            *ret_version = expected->hits[i].version;
            return true;
        }
    }
    return false;
}

/* The named reservations are hit, the newest first (they have one priority), and none that is not named is newer. */
static void compare_hits(pair_t *pair, const atp_exception_t *exception, const model_exception_t *expected)
{
    uint32_t named = expected->hit_count < ATP_EXCEPTION_RESERVATIONS_MAX ? expected->hit_count
                                                                          : ATP_EXCEPTION_RESERVATIONS_MAX;
    uint64_t last = UINT64_MAX;
    uint32_t newer = 0;

    expect_equal(pair, "the number of reservations named", exception->reservation_count, named);
    for (uint32_t i = 0; i < named; i++) {
        uint64_t version = 0;
        assert_true(is_hit_named(exception, i, expected, &version));
        assert_true(version < last || expected->hits[i].version == 0);
        last = version;
    }
    for (uint32_t i = 0; i < expected->hit_count; i++) {
        newer += expected->hits[i].version > last;
    }
    assert_true(named == 0 || newer < named);
}

/* An exception of this op is gone again: `later` were raised behind it, all records are in use, and there was no kind of which there were
 * more; each of those behind it may have added one to another kind, and taken one of this. */
static void expect_that_it_had_to_go(const atp_exceptions_t *exceptions, unsigned kind, uint32_t later)
{
    const atp_exception_tally_t *kinds = atp_table_at(&exceptions->tallies, 0);

    assert_true(later > 0);
    assert_int_equal(atp_table_count(&exceptions->records), exceptions->records.capacity);
    for (unsigned other = 0; other < ATP_EXCEPTION_KIND_LIMIT; other++) {
        assert_true(atp_load_relaxed(&kinds[kind].count) + 1 + 2 * later >=
                    atp_load_relaxed(&kinds[other].count));
    }
}

static void compare_exceptions(pair_t *pair)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(pair->ledger);
    const model_t *model = pair->model;

    expect_equal(pair, "the newest exception", exceptions->heads->newest, model->exception_count);
    for (uint32_t i = 0; i < model->raised_count; i++) {
        const model_exception_t *expected = &model->raised[i];
        const atp_exception_t *exception =
            atp_exceptions_get(exceptions, model->exception_count - model->raised_count + 1 + i);
        pair->reach->exceptions[expected->kind]++;
        if (exception == NULL) {
            expect_that_it_had_to_go(exceptions, expected->kind, model->raised_count - i - 1);
            continue;
        }
        expect_equal(pair, "the kind of the exception", exception->kind, expected->kind);
        expect_equal(pair, "the op of the exception", exception->op, model->op);
        expect_equal(pair, "the time of the exception", exception->time_ms, model->time_ms);
        expect_equal(pair, "the quantity of the exception", exception->qty, expected->qty);
        expect_equal(pair, "the scale of the exception", exception->scale, expected->scale);
        expect_equal(pair, "the verdict of the exception", exception->verdict, expected->verdict);
        expect_equal(pair, "the op kind of the exception", exception->op_kind, expected->op_kind);
        expect_equal(pair, "the source of the exception", exception->source, expected->source);
        assert_true(is_text((atp_text_t){exception->sku, exception->sku_size}, expected->sku.bytes,
                            expected->sku.size));
        assert_true(is_text((atp_text_t){exception->node, exception->node_size}, expected->node.bytes,
                            expected->node.size));
        if (expected->kind == ATP_EXCEPTION_OVER_COMMITMENT) {
            expect_equal(pair, "the number of reservations hit", exception->reservation_total,
                         expected->hit_count);
        }
        compare_hits(pair, exception, expected);
    }
}

/* ---- what the model is told ---- */

typedef struct room {
    uint64_t records;
    uint64_t lines;
} room_t;

static room_t room_of(const atp_ledger_t *ledger)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(ledger);
    const atp_reservation_heads_t *heads = reservations->heads;

    return (room_t){reservations->records.capacity - heads->live_count - heads->ended_count,
                    reservations->lines.capacity - atp_table_count(&reservations->lines) +
                        heads->free_line_count};
}

/* The ledger says it is full: it has to be. */
static void look_whether_full(pair_t *pair, const model_request_t *request, unsigned verdict)
{
    const atp_table_t *strings = &atp_ledger_catalog(pair->ledger)->strings;
    room_t room = room_of(pair->ledger);
    bool is_reserve = request != NULL && request->kind == ATP_OP_RESERVE;

    if (verdict == ATP_RESERVATIONS_FULL) {
        assert_true(room.records == 0 || room.lines < request->line_count);
    } else {
        assert_true(pair->generator.has_few_strings);
        assert_true(strings->capacity - atp_table_count(strings) < 42);
    }
    assert_true(!is_reserve || atp_ledger_reservations(pair->ledger)->heads->ended_count == 0);
}

static void tell_whether_full(pair_t *pair, const model_request_t *request, const atp_result_t *result)
{
    bool is_full = !result->is_repeat &&
                   (result->verdict == ATP_RESERVATIONS_FULL || result->verdict == ATP_STRINGS_FULL);

    pair->model->told_full = is_full ? (atp_verdict_t)result->verdict : ATP_APPLIED;
    if (is_full) {
        look_whether_full(pair, request, result->verdict);
    }
}

/* Takes out of the model what the ledger has forgotten to make room, and looks whether it had to, and whether the
 * oldest went. */
static void tell_what_is_forgotten(pair_t *pair, const model_request_t *request, room_t before)
{
    const atp_reservation_heads_t *heads = atp_ledger_reservations(pair->ledger)->heads;
    model_t *model = pair->model;
    uint64_t newest_gone = 0;

    if (heads->live_count + heads->ended_count == model->reservation_count) {
        return;
    }
    for (uint32_t i = 0; i < model->reservation_count;) {
        model_reservation_t *reservation = &model->reservations[i];
        uint32_t number;
        if (atp_ledger_find_reservation(pair->ledger, text(&reservation->id), &number)) {
            i++;
            continue;
        }
        assert_false(model_is_live(reservation));
        newest_gone = reservation->ended_op > newest_gone ? reservation->ended_op : newest_gone;
        pair->reach->evictions++;
        model_forget(model, i);
    }
    assert_true(before.records == 0 || before.lines < request->line_count || pair->generator.has_few_strings);
    for (uint32_t i = 0; i < model->reservation_count; i++) {
        uint64_t ended_op = model->reservations[i].ended_op;
        assert_true(ended_op == 0 || ended_op > newest_gone);
    }
    expect_equal(pair, "the number of reservations", heads->live_count + heads->ended_count,
                 model->reservation_count);
}

/* ---- one step ---- */

static void finish(pair_t *pair, const char *what, unsigned kind, bool took_op, const atp_result_t *result,
                   const model_answer_t *answer)
{
    compare_result(pair, what, result, answer);
    expect_equal(pair, "whether it took an op", took_op, answer->took_op);
    compare_exceptions(pair);
    pair->reach->verdicts[kind < ATP_OP_KIND_LIMIT ? kind : 0][result->verdict]++;
    pair->reach->repeats += result->is_repeat;
    pair->reach->ops++;
    pair->model->told_full = ATP_APPLIED;
}

/* The number of the client's name; if it has none yet, an op for it goes first. */
static uint32_t client_of(pair_t *pair, const generated_t *generated)
{
    uint64_t seed = atp_ledger_seed(pair->ledger);
    uint32_t client = ATP_CLIENT_ENGINE;
    atp_result_t result;
    static model_answer_t answer;

    if (generated->in_source ||
        atp_catalog_find_client(atp_ledger_catalog(pair->ledger), text(&generated->client),
                                atp_hash_text(text(&generated->client), seed), &client)) {
        return client;
    }
    atp_op_encode_client(pair->record, text(&generated->client), seed);
    bool took_op = apply(pair, pair->record, &result);
    tell_whether_full(pair, NULL, &result);
    model_client(pair->model, &generated->client, pair->generator.now_ms, &answer);
    finish(pair, "client", ATP_OP_CLIENT, took_op, &result, &answer);
    return ATP_CLIENT_NAMED;
}

static void step_request(pair_t *pair, const generated_t *generated)
{
    const model_request_t *request = &generated->request;
    uint32_t client = client_of(pair, generated);
    static model_answer_t answer;
    atp_result_t result;
    bool took_op = false;
    room_t before = room_of(pair->ledger);

    if (encode(pair, generated, client, &result) == ATP_APPLIED) {
        took_op = apply(pair, pair->record, &result);
        tell_whether_full(pair, request, &result);
    }
    model_do(pair->model, request, &generated->client, generated->in_source, pair->generator.now_ms, &answer);
    if (took_op && request->kind == ATP_OP_RESERVE) {
        tell_what_is_forgotten(pair, request, before);
    }
    const char *name = atp_op_kind_name((unsigned)request->kind);
    finish(pair, name == NULL ? "an unknown kind" : name, (unsigned)request->kind, took_op, &result, &answer);
}

static void step_batch(pair_t *pair, const generated_t *generated)
{
    atp_op_source_t numbers = {.epoch = generated->numbers.epoch,
                               .sequence = generated->numbers.sequence,
                               .as_of_ms = pair->generator.now_ms,
                               .kept_from = generated->numbers.kept_from,
                               .after = generated->numbers.after};
    static model_answer_t answer;
    atp_result_t result;

    atp_op_encode_source(pair->record, text(&generated->source), &numbers, atp_ledger_seed(pair->ledger));
    bool took_op = apply(pair, pair->record, &result);
    tell_whether_full(pair, NULL, &result);
    model_batch(pair->model, &generated->source, &generated->numbers, pair->generator.now_ms, &answer);
    finish(pair, "a batch", ATP_OP_SOURCE, took_op, &result, &answer);
}

/* After a pulse that was not cut short nothing is due any more. */
static void step_pulse(pair_t *pair, const generated_t *generated)
{
    static model_answer_t answer;
    atp_result_t result;

    atp_op_encode_pulse(pair->record, (int64_t)generated->limit);
    bool took_op = apply(pair, pair->record, &result);
    model_pulse(pair->model, generated->limit, pair->generator.now_ms, &answer);
    finish(pair, "a pulse", ATP_OP_PULSE, took_op, &result, &answer);
    if (generated->limit >= 1000) {
        assert_false(atp_ledger_is_pulse_due(pair->ledger, pair->model->time_ms));
        const atp_reservations_t *reservations = atp_ledger_reservations(pair->ledger);
        for (uint32_t i = 0; i < atp_table_count(&reservations->records); i++) {
            const atp_reservation_t *reservation = atp_reservation_at(reservations, i);
            assert_true(!reservation->is_in_wheel ||
                        reservation->deadline_ms / 32 >= pair->model->time_ms / 32);
        }
    }
}

static void step_settle(pair_t *pair, const generated_t *generated)
{
    static model_answer_t answer;
    atp_result_t result;
    uint32_t row;

    atp_op_encode_settle(pair->record, generated->sku, (uint16_t)generated->node);
    bool took_op = apply(pair, pair->record, &result);
    model_settle(pair->model, generated->sku, pair->generator.now_ms, &answer);
    finish(pair, "a settle", ATP_OP_SETTLE, took_op, &result, &answer);
    if (result.verdict == ATP_APPLIED &&
        atp_positions_find(atp_ledger_positions(pair->ledger), generated->sku, (uint16_t)generated->node,
                           &row)) {
        atp_position_view_t view;
        atp_positions_read(atp_ledger_positions(pair->ledger), row, &view);
        assert_true(view.soonest_deadline_ms > pair->model->time_ms);
        expect_equal(pair, "reserved after a settle", view.reserved,
                     model_reserved_at(pair->model, generated->sku, generated->node));
    }
}

static void step_configure(pair_t *pair, const generated_t *generated)
{
    static model_answer_t answer;
    atp_result_t result;

    atp_op_encode_config(pair->record, ATP_OP_CONFIGURE, &generated->config);
    bool took_op = apply(pair, pair->record, &result);
    model_configure(pair->model, &generated->config, pair->generator.now_ms, &answer);
    finish(pair, "a configuration", ATP_OP_CONFIGURE, took_op, &result, &answer);
    assert_memory_equal(atp_ledger_config(pair->ledger), &pair->model->config, sizeof pair->model->config);
}

static void step_question(pair_t *pair, const generated_t *generated)
{
    const model_t *model = pair->model;
    bool is_reservation = generated->request.kind == ATP_OP_RESERVE;
    const model_outcome_t *expected = NULL;
    atp_result_t result;

    for (uint32_t i = 0; i < model->outcome_count; i++) {
        const model_outcome_t *outcome = &model->outcomes[i];
        if ((outcome->client.size == 0) == is_reservation &&
            model_id_equal(&outcome->request.id, &generated->request.id) &&
            (is_reservation || model_id_equal(&outcome->client, &generated->client))) {
            expected = outcome;
        }
    }
    bool is_known = atp_ledger_find_outcome(pair->ledger, is_reservation, text(&generated->client),
                                            text(&generated->request.id), &result);
    expect_equal(pair, "whether an outcome is known", is_known, expected != NULL);
    pair->reach->questions[result.verdict]++;
    if (is_known) {
        expect_equal(pair, "the op of an outcome", result.op, expected->result.op);
        expect_equal(pair, "the verdict of an outcome", result.verdict, expected->result.verdict);
        expect_equal(pair, "the field of an outcome", result.field, expected->result.field);
        expect_equal(pair, "the quantity of an outcome", result.qty, expected->result.qty);
    } else {
        expect_equal(pair, "the verdict of an unknown id", result.verdict, ATP_UNKNOWN_ID);
    }
}

void pair_step(pair_t *pair)
{
    static generated_t generated;

    if (atp_ledger_stamp(pair->ledger) == 0) {
        atp_result_t result;
        assert_true(apply(pair, pair->record, &result)); /* genesis */
    }
    generator_next(&pair->generator, pair->model, &generated);
    switch (generated.kind) {
    case GENERATED_REQUEST:
        step_request(pair, &generated);
        break;
    case GENERATED_BATCH:
        step_batch(pair, &generated);
        break;
    case GENERATED_PULSE:
        step_pulse(pair, &generated);
        break;
    case GENERATED_SETTLE:
        step_settle(pair, &generated);
        break;
    case GENERATED_CONFIGURE:
        step_configure(pair, &generated);
        break;
    case GENERATED_END_FRAME:
        atp_ledger_end_frame(pair->ledger);
        model_end_frame(pair->model);
        if (pair->journal_frame_end != NULL) {
            pair->journal_frame_end(pair->journal_context);
        }
        break;
    case GENERATED_QUESTION:
        step_question(pair, &generated);
        break;
    }
}

/* ---- all state ---- */

static void compare_line(pair_t *pair, const atp_line_t *line, const model_reservation_t *reservation,
                         const model_line_t *expected)
{
    static const atp_line_state_t ends[] = {[MODEL_NOT_ENDED] = ATP_LINE_ACCEPTED,
                                            [MODEL_RELEASED] = ATP_LINE_RELEASED,
                                            [MODEL_EXPIRED] = ATP_LINE_EXPIRED,
                                            [MODEL_CANCELLED] = ATP_LINE_CANCELLED};
    bool is_due = line->reserved > 0 && atp_line_deadline_ms(line) <= pair->model->time_ms;
    const atp_position_t *position = atp_positions_at(atp_ledger_positions(pair->ledger), line->row);

    expect_equal(pair, "the SKU of a line", position->sku, expected->sku);
    expect_equal(pair, "the node of a line", position->node, expected->node);
    expect_equal(pair, "granted", line->granted, expected->granted);
    expect_equal(pair, "reserved", is_due ? 0 : line->reserved, expected->reserved);
    expect_equal(pair, "allocated", line->allocated, expected->allocated);
    expect_equal(pair, "shipped", line->shipped, expected->shipped);
    expect_equal(pair, "how a line ended", is_due ? ATP_LINE_EXPIRED : line->ended_as,
                 ends[expected->ended_as]);
    if (line->reserved > 0) {
        expect_equal(pair, "the deadline of a line", atp_line_deadline_ms(line), reservation->deadline_ms);
    }
}

static void compare_reservations(pair_t *pair)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(pair->ledger);
    const model_t *model = pair->model;

    expect_equal(pair, "the number of reservations",
                 reservations->heads->live_count + reservations->heads->ended_count,
                 model->reservation_count);
    for (uint32_t i = 0; i < model->reservation_count; i++) {
        const model_reservation_t *expected = &model->reservations[i];
        uint32_t number = 0;
        assert_true(atp_ledger_find_reservation(pair->ledger, text(&expected->id), &number));
        const atp_reservation_t *reservation = atp_reservation_at(reservations, number);
        assert_true(is_text(atp_strings_get(reservations->strings, reservation->owner_ref),
                            expected->owner.bytes, expected->owner.size));
        if (reservation->status == ATP_RESERVATION_LIVE) {
            expect_equal(pair, "the deadline", reservation->deadline_ms, expected->deadline_ms);
        }
        expect_equal(pair, "the time of a reservation", reservation->created_ms, expected->created_ms);
        expect_equal(pair, "the channel", reservation->channel, expected->channel);
        expect_equal(pair, "the number of lines", reservation->line_count, expected->line_count);
        uint32_t at = reservation->first_line;
        for (uint32_t j = 0; j < expected->line_count; j++) {
            compare_line(pair, atp_line_at(reservations, at - 1), expected, &expected->lines[j]);
            at = atp_line_at(reservations, at - 1)->next;
        }
    }
}

/* What is due and not settled yet at a row: it still counts there, and the row says so. */
static atp_qty_t due_at(const pair_t *pair, uint32_t row)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(pair->ledger);
    uint64_t lines = atp_table_count(&reservations->lines);
    atp_qty_t sum = 0;

    for (uint64_t i = 0; i < lines; i++) {
        const atp_line_t *line = atp_line_at(reservations, (uint32_t)i);
        sum += line->row == row && line->is_in_tree && atp_line_deadline_ms(line) <= pair->model->time_ms
                   ? line->reserved
                   : 0;
    }
    return sum;
}

static void compare_positions(pair_t *pair)
{
    const atp_positions_t *positions = atp_ledger_positions(pair->ledger);
    const model_t *model = pair->model;

    expect_equal(pair, "the number of positions", atp_table_count(&positions->rows), model->position_count);
    for (uint32_t i = 0; i < model->position_count; i++) {
        const model_position_t *expected = &model->positions[i];
        atp_position_view_t view;
        uint32_t row = 0;
        assert_true(atp_positions_find(positions, expected->sku, (uint16_t)expected->node, &row));
        atp_positions_read(positions, row, &view);
        atp_qty_t due = view.soonest_deadline_ms <= model->time_ms ? due_at(pair, row) : 0;
        expect_equal(pair, "on hand", view.on_hand, expected->on_hand);
        expect_equal(pair, "unavailable", view.unavailable, expected->unavailable);
        expect_equal(pair, "safety", view.safety, expected->safety);
        expect_equal(pair, "reserved at a position", view.reserved - due,
                     model_reserved_at(model, expected->sku, expected->node));
        expect_equal(pair, "allocated at a position", view.allocated,
                     model_allocated_at(model, expected->sku, expected->node));
    }
}

static void compare_catalogue(pair_t *pair)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(pair->ledger);
    const model_t *model = pair->model;

    for (uint32_t i = 0; i < model->sku_count; i++) {
        const atp_sku_record_t *record = atp_table_at(&catalog->skus, i);
        atp_text_t name = atp_strings_get(&catalog->strings, record->name_ref);
        assert_true(is_text(atp_catalog_sku_id(catalog, i), model->skus[i].id.bytes, model->skus[i].id.size));
        assert_true(name.size == model->skus[i].name.size &&
                    (name.size == 0 || memcmp(name.bytes, model->skus[i].name.bytes, name.size) == 0));
        expect_equal(pair, "a scale", record->scale, model->skus[i].scale);
    }
    for (uint32_t i = 0; i < model->node_count; i++) {
        const atp_node_record_t *record = atp_table_at(&catalog->nodes, i);
        atp_text_t name = atp_strings_get(&catalog->strings, record->name_ref);
        assert_true(is_text(atp_catalog_node_id(catalog, (uint16_t)i), model->nodes[i].id.bytes,
                            model->nodes[i].id.size));
        assert_true(name.size == model->nodes[i].name.size &&
                    (name.size == 0 || memcmp(name.bytes, model->nodes[i].name.bytes, name.size) == 0));
        expect_equal(pair, "a node's state", atp_catalog_node_state(catalog, (uint16_t)i),
                     model->nodes[i].state);
    }
    for (uint32_t i = 0; i < model->channel_count; i++) {
        const atp_channel_record_t *record = atp_table_at(&catalog->channels, i);
        expect_equal(pair, "a channel's time to live", record->ttl_ms, model->channels[i].ttl_ms);
    }
    for (uint32_t i = 0; i < model->source_count; i++) {
        const atp_source_record_t *record = atp_table_at(&catalog->sources, i);
        expect_equal(pair, "a source's epoch", record->epoch, model->sources[i].epoch);
        expect_equal(pair, "a source's low number", record->low, model->sources[i].low);
        expect_equal(pair, "a source's high number", record->high, model->sources[i].high);
        expect_equal(pair, "a source's lost numbers", record->lost, model->sources[i].lost);
    }
}

void pair_compare(pair_t *pair)
{
    const model_t *model = pair->model;
    atp_ledger_counts_t counts;

    atp_ledger_counts(pair->ledger, &counts);
    expect_equal(pair, "the last op", counts.op, model->op);
    expect_equal(pair, "ledger time", counts.time_ms, model->time_ms);
    expect_equal(pair, "SKUs", counts.skus, model->sku_count);
    expect_equal(pair, "nodes", counts.nodes, model->node_count);
    expect_equal(pair, "channels", counts.channels, model->channel_count);
    expect_equal(pair, "clients", counts.clients, model->client_count);
    expect_equal(pair, "sources", counts.sources, model->source_count);
    expect_equal(pair, "outcomes", counts.outcomes, model->outcome_count);
    expect_equal(pair, "the floor", counts.floor_ms, model->floor_ms);
    compare_catalogue(pair);
    compare_positions(pair);
    compare_reservations(pair);
}

void pair_check(const pair_t *pair)
{
    atp_why_t why = {""};

    if (atp_ledger_check(pair->ledger, &why) != ATP_OK) {
        fail_msg("after op %llu: %s", OP(pair), why.text);
    }
}

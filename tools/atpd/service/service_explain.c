/* Explanations: what has expired is settled first, then the ledger thread is asked, between two ops. */
#include "tools/atpd/service/service_priv.h"

#include "engine/base/attribute.h"
#include "engine/base/hash.h"
#include "engine/ledger/catalog/aliases.h"
#include "engine/ledger/explain/ledger_explain.h"
#include "query/kits.h"

#include <string.h>

#define BODY_SIZE   ((size_t)512 << 10)
#define OP_PLACE    8192
#define SETTLES_MAX 1024 /* positions settled for one question; what is due beyond still counts */

/* What was asked, by number. Stands in work->names, before the lines. */
typedef struct asked {
    atp_ledger_explain_ask_t lines[ATP_EXPLAIN_LINES_MAX];
    uint32_t count;
    bool is_one;
    /* of one reserve: it, after the reserves of the first 1, 2, ... lines; else after the first, that of each line. An op of so few
     * lines takes less than its place */
    const atp_op_t *ops[ATP_EXPLAIN_LINES_MAX + 1];
    _Alignas(8) unsigned char places[ATP_EXPLAIN_LINES_MAX + 1][OP_PLACE];
} asked_t;

static void send_body(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else if (work->writer.is_overflown) {
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_LINES,
                        "the answer would be too large: ask for fewer at a time", 0);
    } else {
        atp_work_send_body(work);
    }
}

static void tell(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const asked_t *asked = work->names.bytes;
    atp_explain_room_t room = {.parts = work->rows.bytes, .capacity = ATP_EXPLAIN_PARTS_MAX};

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    if (asked->is_one) {
        const atp_ledger_explain_reserve_t reserve = {.lines = asked->lines,
                                                      .count = asked->count,
                                                      .whole = asked->ops[asked->count],
                                                      .before = asked->ops,
                                                      .grants = work->grants.bytes};
        atp_ledger_explain_reserve(ledger, &reserve, now_ms, &room);
    }
    for (uint32_t i = 0; i < asked->count && !room.is_cut && !asked->is_one; i++) {
        atp_ledger_explain(ledger, &asked->lines[i], now_ms, &room);
    }
    atp_write_explain_begin(&work->writer);
    for (uint32_t i = 0; i < room.count; i++) {
        atp_write_explain_part(&work->writer, &room.parts[i]);
    }
    atp_write_explain_end(&work->writer, room.is_cut);
}

static void ask_ledger_thread(atp_work_t *work)
{
    const asked_t *asked = work->names.bytes;

    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = asked->count * (asked->is_one ? 128 : 64);
    work->batch.question = tell;
    work->batch.done = send_body;
    work->batch.context = work;
    atp_work_submit(work);
}

/* ---- what is due ---- */

static void settled(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else {
        ask_ledger_thread(work);
    }
}

static uint32_t note_due_at(atp_work_t *work, uint32_t sku, uint32_t due, uint32_t most)
{
    uint32_t rows[SETTLES_MAX];
    uint32_t count = atp_availability_rows(work->service->ledger, sku, rows, SETTLES_MAX);

    return atp_work_note_due(work, rows, count < SETTLES_MAX ? count : SETTLES_MAX, due, most);
}

uint32_t atp_work_note_due_of(atp_work_t *work, uint32_t sku, uint32_t due, uint32_t most)
{
    const atp_ledger_t *ledger = work->service->ledger;
    atp_bill_t bill;

    due = note_due_at(work, sku, due, most);
    if (atp_availability_is_kit(ledger, sku)) {
        atp_availability_lay_out(ledger, sku, work->now_ms, &bill);
        for (uint32_t part = 1; part < bill.part_count; part++) {
            due = note_due_at(work, bill.parts[part].sku, due, most);
        }
    }
    return due;
}

/* Of the SKUs asked for. */
static uint32_t note_due(atp_work_t *work)
{
    const asked_t *asked = work->names.bytes;
    uint32_t due = 0;

    for (uint32_t i = 0; i < asked->count; i++) {
        due = atp_work_note_due_of(work, asked->lines[i].sku, due, SETTLES_MAX);
    }
    return due;
}

/* ---- the question ---- */

/* Numbers of what a line names. ATP_APPLIED, or the verdict and the field at fault. */
static atp_verdict_t resolve(const atp_ledger_t *ledger, atp_text_t client, const atp_command_line_t *line,
                             atp_ledger_explain_ask_t *ret_line, atp_field_t *ret_field)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint64_t seed = atp_ledger_seed(ledger);

    *ret_field = ATP_FIELD_SKU;
    if (!atp_catalog_means_sku(catalog, client, line->sku, seed, &ret_line->sku)) {
        return ATP_UNKNOWN_SKU;
    }
    *ret_field = ATP_FIELD_NODE;
    ret_line->node = ATP_EXPLAIN_ALL_NODES;
    if (line->node.size > 0 && !atp_catalog_means_node(catalog, client, line->node, seed, &ret_line->node)) {
        return ATP_UNKNOWN_NODE;
    }
    *ret_field = ATP_FIELD_QTY;
    switch (atp_qty_rescale(line->mantissa, line->decimals,
                            atp_positions_scale(atp_ledger_positions(ledger), ret_line->sku),
                            &ret_line->qty)) {
    case ATP_RESCALED:
        return ATP_APPLIED;
    case ATP_RESCALE_TOO_PRECISE:
        return ATP_QTY_TOO_PRECISE;
    case ATP_RESCALE_OUT_OF_RANGE:
        break;
    }
    return ATP_QTY_OUT_OF_RANGE;
}

/* The day of a date that a reserve may be needed by: 0, what is here, for one that has passed. False: it is beyond the horizon. */
static bool resolve_day(const atp_work_t *work, int64_t by_ms, uint16_t *ret_day)
{
    int32_t today = atp_day_of(work->now_ms);
    int32_t day = atp_day_of(by_ms);

    *ret_day = by_ms != 0 && day >= today ? (uint16_t)day : 0;
    return day <= today + ATP_SUPPLY_HORIZON;
}

/* All of the ask by number, into work->names. */
static atp_verdict_t resolve_all(atp_work_t *work, const atp_explain_ask_t *ask, atp_field_t *ret_field)
{
    const atp_ledger_t *ledger = work->service->ledger;
    asked_t *asked = work->names.bytes;
    uint16_t channel = ATP_EXPLAIN_NO_CHANNEL;
    uint16_t day;

    *ret_field = ATP_FIELD_OPTION;
    if (!resolve_day(work, ask->by_ms, &day)) {
        return ATP_ATTRIBUTE_OUT_OF_RANGE;
    }
    *ret_field = ATP_FIELD_CHANNEL;
    if (ask->channel.size > 0 &&
        !atp_catalog_find_channel(atp_ledger_catalog(ledger), ask->channel,
                                  atp_hash_text(ask->channel, atp_ledger_seed(ledger)), &channel)) {
        return ATP_UNKNOWN_CHANNEL;
    }
    asked->count = ask->line_count;
    for (uint32_t i = 0; i < ask->line_count; i++) {
        asked->lines[i] =
            (atp_ledger_explain_ask_t){.channel = channel, .line = (uint16_t)i, .needed_by = day};
        atp_verdict_t verdict =
            resolve(ledger, work->request.client, &ask->lines[i], &asked->lines[i], ret_field);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
    }
    return ATP_APPLIED;
}

/* The reserve of `count` lines, as an op in its place. */
static atp_verdict_t encode_lines(atp_work_t *work, const atp_explain_ask_t *ask,
                                  const atp_command_line_t *lines, uint32_t count, uint32_t place,
                                  atp_field_t *ret_field)
{
    const atp_ledger_t *ledger = work->service->ledger;
    asked_t *asked = work->names.bytes;
    const atp_attribute_t attributes[] = {
        {.key = ATP_KEY_METHOD,
         .line = ATP_WHOLE_OP,
         .number = ask->is_pickup ? ATP_METHOD_PICKUP : ATP_METHOD_SHIP},
        {.key = ATP_KEY_NEEDED_BY, .line = ATP_WHOLE_OP, .number = ask->by_ms}};
    const atp_command_t command = {
        .kind = ATP_OP_RESERVE,
        .option = !ask->is_one || count == ask->line_count ? ATP_RESERVE_ALL_OR_NOTHING : ATP_RESERVE_PARTIAL,
        .id = ATP_TEXT("explain"),
        .issued_ms = work->now_ms,
        .channel = ask->channel,
        .line_count = count,
        .lines = lines,
        .attribute_count = asked->lines[0].needed_by != 0 ? 2 : 1,
        .attributes = attributes};
    const atp_op_context_t context = {.catalog = atp_ledger_catalog(ledger),
                                      .seed = atp_ledger_seed(ledger),
                                      .client_name = work->request.client,
                                      .client = ATP_CLIENT_ENGINE};
    atp_result_t fault = {0};
    size_t size;
    atp_verdict_t verdict = atp_op_encode(&command, &context, asked->places[place], OP_PLACE, &size, &fault);

    asked->ops[place] = (const atp_op_t *)(const void *)asked->places[place];
    *ret_field = (atp_field_t)fault.field;
    return verdict;
}

/* The reserve of one line; of one that asks for nothing a reserve of one unit, which says how it would be asked for. */
static atp_verdict_t encode_line(atp_work_t *work, const atp_explain_ask_t *ask, uint32_t i,
                                 atp_field_t *ret_field)
{
    asked_t *asked = work->names.bytes;
    atp_command_line_t line = ask->lines[i];

    if (line.mantissa == 0) {
        line.mantissa = 1;
        line.decimals = 0;
    }
    asked->lines[i].grants = work->grants.bytes;
    atp_verdict_t verdict = encode_lines(work, ask, &line, 1, i + 1, ret_field);
    asked->lines[i].reserve = asked->ops[i + 1];
    return verdict;
}

/* The lines are those of one reserve: it, and what comes before each line of it. A reserve that names no channel is one of the
 * channel "default". Else, of each line with a channel, the reserve of it. */
static atp_verdict_t encode_all(atp_work_t *work, const atp_explain_ask_t *ask, atp_field_t *ret_field)
{
    asked_t *asked = work->names.bytes;
    atp_verdict_t verdict = ATP_APPLIED;

    asked->is_one = ask->is_one;
    for (uint32_t i = 0; verdict == ATP_APPLIED && i < ask->line_count; i++) {
        bool has_channel = asked->lines[i].channel != ATP_EXPLAIN_NO_CHANNEL;
        if (ask->is_one) {
            verdict = encode_lines(work, ask, ask->lines, i + 1, i + 1, ret_field);
            asked->lines[i].channel = has_channel ? asked->lines[i].channel : 0;
        } else if (has_channel) {
            verdict = encode_line(work, ask, i, ret_field);
        }
    }
    return verdict;
}

void atp_work_explain(atp_work_t *work)
{
    atp_command_line_t lines[ATP_EXPLAIN_LINES_MAX];
    atp_explain_ask_t ask;
    atp_field_t field;

    if (!atp_room_need(&work->body, BODY_SIZE) || !atp_room_need(&work->names, sizeof(asked_t)) ||
        !atp_room_need(&work->rows, ATP_EXPLAIN_PARTS_MAX * sizeof(atp_explanation_t)) ||
        !atp_room_need(&work->ops, SETTLES_MAX * sizeof(atp_op_t) + ATP_OP_SIZE_MAX) ||
        !atp_room_need(&work->results, SETTLES_MAX * sizeof(atp_result_t)) ||
        !atp_room_need(&work->grants, ATP_GRANTS_PER_OP_MAX * sizeof(atp_grant_t)) ||
        !atp_read_explain_ask(&work->reader, lines, &ask) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    work->now_ms = atp_engine_now_ms(work->service->engine);
    atp_verdict_t verdict = resolve_all(work, &ask, &field);
    verdict = verdict == ATP_APPLIED ? encode_all(work, &ask, &field) : verdict;
    if (verdict != ATP_APPLIED) {
        atp_work_refuse(work, verdict, field, "", 0);
        return;
    }
    uint32_t due = note_due(work);
    if (due > 0) {
        atp_work_settle(work, settled, due);
    } else {
        ask_ledger_thread(work);
    }
}

/* Schedules, promise dates and lists of supply: asked of the ledger thread between two ops. What has expired at the positions
 * of the SKU is settled first, so that pegs past their deadline count in no figure. */
#include "tools/atpd/service/service_priv.h"

#include "engine/base/hash.h"
#include "engine/ledger/catalog/aliases.h"
#include "engine/ledger/explain/ledger_explain.h"
#include "engine/ledger/supply/ledger_schedule.h"
#include "query/kits.h"

#include <string.h>

#define BODY_SIZE     ((size_t)512 << 10)
#define POSITIONS_MAX 1024 /* of a SKU, that one question looks at */
#define SUPPLIES_MAX  1024 /* records one page looks at */
#define NODES_MAX                                                                                            \
    65536 /* looked at for one page of days by accounts: so many nodes, once or of fewer again */

/* What was asked, by number. Stands in work->names. */
typedef struct asked {
    atp_schedule_ask_t ask;
    uint32_t sku;
    uint16_t node;
    bool has_sku;
    bool has_node;
    bool
        is_summed; /* days: through a channel, or of a kit. One figure, by the account that decides a reserve */
    uint16_t channel; /* ATP_EXPLAIN_NO_CHANNEL: none */
    atp_qty_t qty;
    uint32_t row_count;
    uint32_t rows[POSITIONS_MAX];
    atp_qty_t by[ATP_SCHEDULE_DAYS_MAX];
    bool is_due[ATP_SCHEDULE_DAYS_MAX]; /* supply is, that a summed figure may count */
    atp_bill_t bill;
} asked_t;

static void send_body(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else if (work->is_overflown || work->writer.is_overflown) {
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_LINES,
                        "the answer would be too large: ask for one node, or fewer days", 0);
    } else {
        atp_work_send_body(work);
    }
}

/* ---- days ---- */

/* One node's days: all on which the figure changes, or the first that has enough. */
static void tell_node(atp_work_t *work, const atp_ledger_t *ledger, asked_t *asked, uint32_t row,
                      int64_t now_ms, uint32_t *written)
{
    int32_t today = atp_day_of(now_ms);
    int32_t first = asked->ask.from_ms > 0 ? atp_day_of(asked->ask.from_ms) : today;
    atp_position_view_t view;
    atp_qty_t before = -1;

    atp_positions_read(atp_ledger_positions(ledger), row, &view);
    bool is_open = atp_catalog_node_state(atp_ledger_catalog(ledger), view.node) == ATP_NODE_OPEN;
    first = first < today ? today : first;
    atp_ledger_schedule(ledger, row, now_ms, first, asked->ask.days, asked->by);
    for (uint32_t i = 0; i < asked->ask.days && first + (int32_t)i <= today + ATP_SUPPLY_HORIZON; i++) {
        atp_qty_t atp = is_open && asked->by[i] > 0 ? asked->by[i] : 0;
        bool is_told = asked->ask.what == ATP_SCHEDULE_PROMISE ? atp >= asked->qty : atp != before;
        if (is_told && ++*written > ATP_SCHEDULE_ROWS_MAX) {
            work->is_overflown = true;
            return;
        }
        if (is_told) {
            const atp_schedule_row_t told = {
                .node = atp_catalog_node_id(atp_ledger_catalog(ledger), view.node),
                .day_ms = (first + (int64_t)i) * ATP_DAY_MS,
                .qty = atp,
                .scale = atp_positions_scale(atp_ledger_positions(ledger), view.sku)};
            atp_write_schedule_row(&work->writer, &told);
        }
        if (is_told && asked->ask.what == ATP_SCHEDULE_PROMISE) {
            return;
        }
        before = atp;
    }
}

static void tell_days(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    asked_t *asked = work->names.bytes;
    uint32_t written = 0;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_schedule_begin(&work->writer);
    for (uint32_t i = 0; i < asked->row_count && !work->is_overflown; i++) {
        tell_node(work, ledger, asked, asked->rows[i], now_ms, &written);
    }
    atp_write_schedule_end(&work->writer, 0);
}

/* ---- days of one figure ---- */

/* Notes the days on which supply of a SKU is due. */
static void note_days_of(const atp_ledger_t *ledger, asked_t *asked, uint32_t sku, int32_t first)
{
    const atp_supply_book_t *book = atp_ledger_supplies(ledger);
    uint32_t count = atp_positions_list(atp_ledger_positions(ledger), sku, asked->rows, POSITIONS_MAX);

    if (count > POSITIONS_MAX) {
        memset(asked->is_due, true, sizeof asked->is_due); /* each is looked at */
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const atp_supply_row_t *row = atp_supply_row(book, asked->rows[i]);
        for (uint32_t at = row != NULL ? row->first_day : 0; at != 0;
             at = atp_supply_day_at(book, at - 1)->next) {
            int32_t day = atp_supply_day_at(book, at - 1)->day - first;
            if (day >= 0 && day < ATP_SCHEDULE_DAYS_MAX) {
                asked->is_due[day] = true;
            }
        }
    }
}

/* The same of the SKU that is asked for, and of what a kit is put together from. */
static void note_days(const atp_ledger_t *ledger, asked_t *asked, int64_t now_ms, int32_t first)
{
    memset(asked->is_due, false, sizeof asked->is_due);
    note_days_of(ledger, asked, asked->sku, first);
    if (atp_availability_is_kit(ledger, asked->sku)) {
        atp_availability_lay_out(ledger, asked->sku, now_ms, &asked->bill);
        for (uint32_t part = 1; part < asked->bill.part_count; part++) {
            note_days_of(ledger, asked, asked->bill.parts[part].sku, first);
        }
    }
}

static atp_qty_t left_by(const atp_ledger_t *ledger, const asked_t *asked, int64_t now_ms, int32_t day)
{
    const atp_ledger_explain_ask_t ask = {.sku = asked->sku,
                                          .node = asked->has_node ? asked->node : ATP_EXPLAIN_ALL_NODES,
                                          .channel = asked->channel,
                                          .needed_by = (uint16_t)day};

    return atp_ledger_explain_sum(ledger, &ask, now_ms);
}

static void tell_day(atp_work_t *work, const atp_ledger_t *ledger, const asked_t *asked, int32_t day,
                     atp_qty_t qty)
{
    const atp_schedule_row_t told = {
        .node = asked->has_node ? atp_catalog_node_id(atp_ledger_catalog(ledger), asked->node) : ATP_TEXT(""),
        .day_ms = day * ATP_DAY_MS,
        .qty = qty,
        .scale = atp_positions_scale(atp_ledger_positions(ledger), asked->sku)};

    atp_write_schedule_row(&work->writer, &told);
}

/* One page: as many of the days on which the figure may change as one question bears. The cursor is the day that is next,
 * counted from the first. */
static void tell_summed_days(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    asked_t *asked = work->names.bytes;
    bool is_promise = asked->ask.what == ATP_SCHEDULE_PROMISE;
    int32_t today = atp_day_of(now_ms);
    int32_t first = asked->ask.from_ms > 0 ? atp_day_of(asked->ask.from_ms) : today;
    uint64_t left = NODES_MAX / (1 + atp_table_count(&atp_ledger_catalog(ledger)->nodes)) + 1;
    uint64_t at = asked->ask.cursor;
    atp_qty_t before = -1;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_schedule_begin(&work->writer);
    first = first < today ? today : first;
    note_days(ledger, asked, now_ms, first);
    int32_t days = today + ATP_SUPPLY_HORIZON + 1 - first;
    uint64_t end = days <= 0 ? 0 : (uint32_t)days < asked->ask.days ? (uint64_t)days : asked->ask.days;
    if (at > 0 && at < end) {
        before = left_by(ledger, asked, now_ms, first + (int32_t)at - 1);
    }
    for (; at < end && left > 0; at++) {
        if (at > 0 && !asked->is_due[at]) {
            continue;
        }
        left--;
        atp_qty_t qty = left_by(ledger, asked, now_ms, first + (int32_t)at);
        if (is_promise ? qty >= asked->qty : qty != before) {
            tell_day(work, ledger, asked, first + (int32_t)at, qty);
            end = is_promise ? at : end;
        }
        before = qty;
    }
    atp_write_schedule_end(&work->writer, at < end ? at : 0);
}

/* ---- supplies ---- */

static void tell_supply(atp_work_t *work, const atp_ledger_t *ledger, const atp_supply_t *supply,
                        int64_t now_ms)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, supply->row));
    const atp_schedule_row_t told = {
        .node = atp_catalog_node_id(catalog, position->node),
        .day_ms = supply->due_ms,
        .qty = supply->open,
        .scale = atp_positions_scale(positions, position->sku),
        .kind = supply->kind,
        .status = supply->status,
        .is_overdue = supply->status == ATP_SUPPLY_OPEN && atp_day_of(supply->due_ms) < atp_day_of(now_ms),
        .id = atp_strings_get(&catalog->strings, supply->id_ref),
        .sku = atp_catalog_sku_id(catalog, position->sku),
        .ordered = supply->ordered,
        .received = supply->received,
        .pegged = supply->pegged,
        .shipped = supply->shipped,
    };

    atp_write_schedule_row(&work->writer, &told);
}

static void tell_supplies(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const asked_t *asked = work->names.bytes;
    const atp_supply_book_t *book = atp_ledger_supplies(ledger);
    uint64_t count = atp_table_count(&book->supplies);
    uint64_t at = asked->ask.cursor;
    uint64_t end = at + SUPPLIES_MAX < count ? at + SUPPLIES_MAX : count;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_schedule_begin(&work->writer);
    for (; at < end; at++) {
        const atp_supply_t *supply = atp_supply_at(book, (uint32_t)at);
        if (supply->status == ATP_SUPPLY_FREE) {
            continue;
        }
        const atp_position_t *position = atp_positions_at(atp_ledger_positions(ledger), supply->row);
        if ((!asked->has_sku || position->sku == asked->sku) &&
            (!asked->has_node || position->node == asked->node)) {
            tell_supply(work, ledger, supply, now_ms);
        }
    }
    atp_write_schedule_end(&work->writer, at < count ? at : 0);
}

/* ---- the question ---- */

static void ask_ledger_thread(atp_work_t *work)
{
    const asked_t *asked = work->names.bytes;
    bool is_list = asked->ask.what == ATP_SCHEDULE_SUPPLIES;

    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    work->is_overflown = false;
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = is_list            ? SUPPLIES_MAX / 16
                             : asked->is_summed ? POSITIONS_MAX
                                                : 1 + asked->row_count;
    work->batch.question = is_list ? tell_supplies : asked->is_summed ? tell_summed_days : tell_days;
    work->batch.done = send_body;
    work->batch.context = work;
    atp_work_submit(work);
}

static void settled(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
    } else {
        ask_ledger_thread(work);
    }
}

/* Numbers of what was named, and the positions it is about. ATP_APPLIED, or what is not known. */
static atp_verdict_t resolve(const atp_ledger_t *ledger, atp_text_t client, asked_t *asked,
                             atp_field_t *ret_field)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_schedule_ask_t *ask = &asked->ask;
    uint64_t seed = atp_ledger_seed(ledger);

    asked->has_sku = ask->sku.size > 0;
    asked->has_node = ask->node.size > 0;
    asked->channel = ATP_EXPLAIN_NO_CHANNEL;
    *ret_field = ATP_FIELD_CHANNEL;
    if (ask->channel.size > 0 &&
        !atp_catalog_find_channel(catalog, ask->channel, atp_hash_text(ask->channel, seed),
                                  &asked->channel)) {
        return ATP_UNKNOWN_CHANNEL;
    }
    *ret_field = ATP_FIELD_SKU;
    if (asked->has_sku && !atp_catalog_means_sku(catalog, client, ask->sku, seed, &asked->sku)) {
        return ATP_UNKNOWN_SKU;
    }
    *ret_field = ATP_FIELD_NODE;
    if (asked->has_node && !atp_catalog_means_node(catalog, client, ask->node, seed, &asked->node)) {
        return ATP_UNKNOWN_NODE;
    }
    *ret_field = ATP_FIELD_QTY;
    if (ask->what == ATP_SCHEDULE_PROMISE &&
        atp_qty_rescale(ask->qty, ask->decimals, atp_positions_scale(positions, asked->sku), &asked->qty) !=
            ATP_RESCALED) {
        return ATP_QTY_TOO_PRECISE;
    }
    asked->is_summed = ask->what != ATP_SCHEDULE_SUPPLIES && (asked->channel != ATP_EXPLAIN_NO_CHANNEL ||
                                                              atp_availability_is_kit(ledger, asked->sku));
    if (ask->what == ATP_SCHEDULE_SUPPLIES || asked->is_summed) {
        return ATP_APPLIED;
    }
    if (asked->has_node) {
        asked->row_count = atp_positions_find(positions, asked->sku, asked->node, &asked->rows[0]) ? 1 : 0;
        return ATP_APPLIED;
    }
    asked->row_count = atp_positions_list(positions, asked->sku, asked->rows, POSITIONS_MAX);
    *ret_field = ATP_FIELD_LINES;
    return asked->row_count <= POSITIONS_MAX ? ATP_APPLIED : ATP_TOO_MANY_LINES;
}

void atp_work_schedule(atp_work_t *work)
{
    atp_schedule_ask_t ask;
    atp_field_t field;

    if (!atp_room_need(&work->body, BODY_SIZE) || !atp_room_need(&work->names, sizeof(asked_t)) ||
        !atp_room_need(&work->ops, POSITIONS_MAX * sizeof(atp_op_t) + ATP_OP_SIZE_MAX) ||
        !atp_room_need(&work->results, POSITIONS_MAX * sizeof(atp_result_t)) ||
        !atp_read_schedule_ask(&work->reader, &ask) || !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    asked_t *asked = work->names.bytes;
    *asked = (asked_t){.ask = ask};
    atp_verdict_t verdict = resolve(work->service->ledger, work->request.client, asked, &field);
    if (verdict != ATP_APPLIED) {
        atp_work_refuse(work, verdict, field, "", 0);
        return;
    }
    work->now_ms = atp_engine_now_ms(work->service->engine);
    uint32_t due = asked->is_summed
                       ? atp_work_note_due_of(work, asked->sku, 0, POSITIONS_MAX)
                       : atp_work_note_due(work, asked->rows, asked->row_count, 0, POSITIONS_MAX);
    if (due > 0) {
        atp_work_settle(work, settled, due);
    } else {
        ask_ledger_thread(work);
    }
}

/* Availability: answered on the thread the question came on, from the ledger's memory.
 *
 * First pass   rows are written as they are read. A row that counts something expired is noted.
 * Settle       if any was noted the ledger is asked to settle those positions; then the rows are read again, on
 *              the journal thread, until nothing that is due is left in them. Then they are sent.
 * One op       if all rows must be as of one op and the ledger moved meanwhile, they are read again; after
 *              ONE_OP_TRIES the ledger thread reads them itself, between two ops. */
#include "tools/atpd/service/service_priv.h"

#include "engine/ledger/catalog/aliases.h"

#include "engine/base/hash.h"
#include "engine/ledger/channels/views.h"
#include "query/availability.h"
#include "query/kits.h"

#include <string.h>

#define ONE_OP_TRIES    3
#define SETTLES_MAX     4096 /* of one round; what is due beyond is settled by the next round */
#define ROUNDS_MAX      256  /* of one question: a million positions */
#define ROUNDS_RETRY_MS 100
#define ROWS_ON_STACK   1024
#define ROW_BYTES_MAX   288 /* of one row in an answer, for sizing */
#define HEAD_BYTES_MAX  128 /* of what stands before the body */

typedef struct reading {
    atp_work_t *work;
    atp_writer_t *writer;
    const atp_ledger_t *ledger;
    const atp_catalog_t *catalog;
    uint64_t seed;
    int64_t now_ms;
    uint32_t rows;
    uint32_t due_count;
    bool may_settle;
    bool is_too_many;
    bool has_kit;  /* recipe and components are to be of one op */
    bool has_view; /* rules, quotas and rows are: a channel asks */
    uint16_t channel;
    uint16_t group;              /* whose nodes the channel sees; ATP_NO_GROUP: all */
    bool is_kit_bound;           /* rules have a say in the kit that is being read: */
    atp_channel_view_t kit_view; /* what the channel may have of it */
} reading_t;

/* ---- what is due ---- */

static void note_due(reading_t *reading, uint32_t sku, uint16_t node)
{
    atp_room_t *room = &reading->work->ops;
    size_t record = sizeof(atp_op_t);

    if (reading->may_settle && reading->due_count < SETTLES_MAX &&
        atp_room_need(room, SETTLES_MAX * record + ATP_OP_SIZE_MAX)) {
        (void)atp_op_encode_settle((char *)room->bytes + reading->due_count * record, sku, node);
        reading->due_count++;
    }
}

/* ---- rows ---- */

static void write_row(reading_t *reading, uint32_t index, uint32_t sku, atp_text_t node,
                      const atp_availability_t *read)
{
    atp_availability_row_t row = {
        .verdict = ATP_APPLIED,
        .scale = read->scale,
        .has_components = (reading->work->ask.flags & ATP_AVAILABILITY_COMPONENTS) != 0,
        .index = index,
        .node = node,
        .atp = read->shown,
        .promisable = read->promisable,
        .on_hand = read->on_hand,
        .unavailable = read->unavailable,
        .reserved = read->reserved,
        .allocated = read->allocated,
        .safety = read->safety,
        .atp_signed = read->atp,
        .version = read->version,
        .ready_ms = read->ready_ms,
        .level = read->level,
        .is_stale = read->is_stale,
    };
    if (row.has_components) {
        row.value = atp_catalog_sku_value(reading->catalog, sku);
    }

    reading->rows++;
    if (reading->rows > ATP_AVAILABILITY_ROWS_MAX) {
        reading->is_too_many = true;
        return;
    }
    atp_write_availability_row(reading->writer, &row);
}

static void write_unknown(reading_t *reading, uint32_t index, atp_text_t node, atp_verdict_t verdict)
{
    atp_availability_row_t row = {.verdict = (uint8_t)verdict, .index = index, .node = node};

    reading->rows++;
    atp_write_availability_row(reading->writer, &row);
}

/* ---- channels ---- */

static bool sees(const reading_t *reading, uint16_t node)
{
    atp_group_node_t member;

    return !reading->has_view || reading->group == ATP_NO_GROUP ||
           atp_groups_find(atp_ledger_groups(reading->ledger), reading->group, node, &member);
}

static uint16_t looking_channel(const reading_t *reading)
{
    return reading->has_view ? reading->channel : ATP_ANY_CHANNEL;
}

static void look_through(const reading_t *reading, uint32_t sku, const atp_channel_view_t *view,
                         atp_availability_t *read)
{
    if (reading->has_view) {
        atp_availability_look_through(reading->ledger, sku, reading->channel, view, read);
    } else {
        atp_availability_within_caps(reading->ledger, sku, ATP_ANY_CHANNEL, read);
    }
}

/* Of a SKU's rows together: their sum, or the most that one of them has. */
static void add(const reading_t *reading, atp_availability_t *sum, const atp_availability_t *read)
{
    if (reading->work->ask.flags & ATP_AVAILABILITY_UNSPLIT) {
        atp_availability_keep_most(sum, read);
    } else {
        atp_availability_add(sum, read);
    }
}

/* ---- SKUs ---- */

static void read_rows_of_sku(reading_t *reading, uint32_t index, uint32_t sku, const uint32_t *rows,
                             uint32_t count)
{
    bool is_per_node = (reading->work->ask.flags & ATP_AVAILABILITY_PER_NODE) != 0;
    const atp_positions_t *positions = atp_ledger_positions(reading->ledger);
    atp_availability_t sum = {.scale = atp_positions_scale(positions, sku)};
    atp_channel_view_t view;

    if (reading->has_view) {
        atp_channel_view_read(reading->ledger, reading->channel, sku, reading->group, reading->now_ms, rows,
                              count, NULL, &view);
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_availability_t read;
        uint16_t node = atp_positions_at(positions, rows[i])->node;
        atp_availability_read_row_for(reading->ledger, rows[i], looking_channel(reading), reading->now_ms,
                                      &read);
        if (read.is_due) {
            note_due(reading, sku, node);
        }
        if (!sees(reading, node)) {
            continue;
        }
        if (is_per_node) {
            look_through(reading, sku, &view, &read);
            write_row(reading, index, sku, atp_catalog_node_id(reading->catalog, node), &read);
        } else {
            add(reading, &sum, &read);
        }
    }
    if (!is_per_node) {
        look_through(reading, sku, &view, &sum);
        write_row(reading, index, sku, (atp_text_t){NULL, 0}, &sum);
    }
}

/* The numbers of the SKU's rows: in `on_stack`, or in the room of the work. NULL: there is no memory for them. */
static const uint32_t *list_rows(reading_t *reading, uint32_t sku, uint32_t on_stack[ROWS_ON_STACK],
                                 uint32_t *ret_count)
{
    uint32_t count = atp_availability_rows(reading->ledger, sku, on_stack, ROWS_ON_STACK);

    *ret_count = count;
    if (count <= ROWS_ON_STACK) {
        return on_stack;
    }
    /* Rows may be added while we look: some more than were there. */
    uint32_t capacity = count + 64;
    atp_room_t *room = &reading->work->rows;
    if (!atp_room_need(room, capacity * sizeof(uint32_t))) {
        reading->is_too_many = true;
        return NULL;
    }
    count = atp_availability_rows(reading->ledger, sku, room->bytes, capacity);
    *ret_count = count < capacity ? count : capacity;
    return room->bytes;
}

static void read_all_nodes(reading_t *reading, uint32_t index, uint32_t sku)
{
    uint32_t on_stack[ROWS_ON_STACK];
    uint32_t count;
    const uint32_t *rows = list_rows(reading, sku, on_stack, &count);

    if (rows != NULL) {
        read_rows_of_sku(reading, index, sku, rows, count);
    }
}

/* One node as a channel sees it: no more than the channel may have of the SKU anywhere. */
static void read_node_in_view(reading_t *reading, uint32_t sku, uint16_t node, atp_availability_t *read)
{
    const atp_positions_t *positions = atp_ledger_positions(reading->ledger);
    uint32_t on_stack[ROWS_ON_STACK];
    atp_channel_view_t view;
    uint32_t count;
    const uint32_t *rows = list_rows(reading, sku, on_stack, &count);

    if (rows == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        atp_availability_t other;
        atp_availability_read_row(reading->ledger, rows[i], reading->now_ms, &other);
        if (other.is_due) {
            note_due(reading, sku, atp_positions_at(positions, rows[i])->node);
        }
    }
    atp_channel_view_read(reading->ledger, reading->channel, sku, reading->group, reading->now_ms, rows,
                          count, NULL, &view);
    look_through(reading, sku, &view, read);
    if (!sees(reading, node)) {
        read->shown = 0;
        read->promisable = 0;
    }
}

/* ---- kits ---- */

static void note_due_component(void *context, uint32_t sku, uint16_t node)
{
    note_due(context, sku, node);
}

/* The view of the channel on a SKU of the kit; what its rows count that has expired is noted. */
static void read_view_of(void *context, uint32_t sku, const atp_channel_taken_t *taken,
                         atp_channel_view_t *ret_view)
{
    reading_t *reading = context;
    uint32_t on_stack[ROWS_ON_STACK];
    uint32_t count;
    const uint32_t *rows = list_rows(reading, sku, on_stack, &count);

    if (rows == NULL) {
        count = 0; /* the answer will be that there is too much of it */
    }
    for (uint32_t k = 0; k < count; k++) {
        atp_availability_t read;
        atp_availability_read_row(reading->ledger, rows[k], reading->now_ms, &read);
        if (read.is_due) {
            note_due(reading, sku, atp_positions_at(atp_ledger_positions(reading->ledger), rows[k])->node);
        }
    }
    atp_channel_view_read(reading->ledger, reading->channel, sku, reading->group, reading->now_ms, rows,
                          count, taken, ret_view);
}

/* What the channel may have of each SKU of the kit. */
static void limit_kit(reading_t *reading, atp_bill_t *bill)
{
    const atp_kit_look_t look = {.ledger = reading->ledger,
                                 .channel = reading->channel,
                                 .group = reading->group,
                                 .now_ms = reading->now_ms,
                                 .read_view = read_view_of,
                                 .due = note_due_component,
                                 .context = reading};

    reading->is_kit_bound = reading->has_view && atp_availability_limit_kit(&look, bill, &reading->kit_view);
}

static void read_kit_at(reading_t *reading, atp_bill_t *bill, uint16_t node, atp_availability_t *ret_read)
{
    atp_availability_read_kit(reading->ledger, bill, node, reading->now_ms, note_due_component, reading,
                              ret_read);
    if (ret_read->is_due) {
        note_due(reading, bill->parts[0].sku, node);
    }
    if (!sees(reading, node)) {
        ret_read->shown = 0;
        ret_read->promisable = 0;
        bill->parts[0].taken = 0;
    }
}

/* `here`: of how many that come off shelves it is told. */
static void limit_read(const reading_t *reading, const atp_bill_t *bill, atp_qty_t here,
                       atp_availability_t *read)
{
    if (reading->has_view) {
        read->level = atp_availability_kit_level(reading->ledger, reading->channel, bill->parts[0].sku);
    }
    atp_availability_within_kit_rules(reading->ledger, bill, looking_channel(reading),
                                      reading->is_kit_bound ? &reading->kit_view : NULL, here, read);
}

/* A kit is there wherever it is stocked or can be put together. */
static void read_kit_at_all_nodes(reading_t *reading, uint32_t index, atp_bill_t *bill)
{
    bool is_per_node = (reading->work->ask.flags & ATP_AVAILABILITY_PER_NODE) != 0;
    uint64_t nodes = atp_table_count(&reading->catalog->nodes);
    atp_availability_t sum = {.scale = bill->parts[0].scale};
    bool is_unsplit = (reading->work->ask.flags & ATP_AVAILABILITY_UNSPLIT) != 0;
    uint32_t sku = bill->parts[0].sku;
    atp_qty_t here = 0;

    for (uint64_t node = 0; node < nodes; node++) {
        atp_availability_t read;
        read_kit_at(reading, bill, (uint16_t)node, &read);
        if (!is_per_node && sees(reading, (uint16_t)node)) {
            if (is_unsplit) {
                limit_read(reading, bill, bill->parts[0].taken, &read);
            } else {
                here += bill->parts[0].taken;
                atp_bill_use_limits(bill);
            }
            add(reading, &sum, &read);
        } else if (is_per_node && sees(reading, (uint16_t)node) && (read.version > 0 || read.shown > 0)) {
            limit_read(reading, bill, bill->parts[0].taken, &read);
            write_row(reading, index, sku, atp_catalog_node_id(reading->catalog, (uint16_t)node), &read);
        }
    }
    if (!is_per_node) {
        if (!is_unsplit) {
            limit_read(reading, bill, here, &sum);
        }
        write_row(reading, index, sku, (atp_text_t){NULL, 0}, &sum);
    }
}

static void read_kit(reading_t *reading, uint32_t index, uint32_t sku, atp_text_t node_id)
{
    atp_bill_t bill;
    uint16_t node = 0;

    reading->has_kit = true;
    atp_availability_lay_out(reading->ledger, sku, reading->now_ms, &bill);
    bill.channel = looking_channel(reading);
    limit_kit(reading, &bill);
    if (node_id.size == 0) {
        read_kit_at_all_nodes(reading, index, &bill);
    } else if (!atp_catalog_means_node(reading->catalog, reading->work->request.client, node_id,
                                       reading->seed, &node)) {
        write_unknown(reading, index, node_id, ATP_UNKNOWN_NODE);
    } else {
        atp_availability_t read;
        read_kit_at(reading, &bill, node, &read);
        limit_read(reading, &bill, bill.parts[0].taken, &read);
        write_row(reading, index, sku, node_id, &read);
    }
}

static void read_pair(reading_t *reading, uint32_t index, bool has_sku, uint32_t sku, atp_text_t node_id)
{
    uint16_t node = 0;

    if (!has_sku) {
        write_unknown(reading, index, node_id, ATP_UNKNOWN_SKU);
    } else if (atp_availability_is_kit(reading->ledger, sku)) {
        read_kit(reading, index, sku, node_id);
    } else if (node_id.size == 0) {
        read_all_nodes(reading, index, sku);
    } else if (!atp_catalog_means_node(reading->catalog, reading->work->request.client, node_id,
                                       reading->seed, &node)) {
        write_unknown(reading, index, node_id, ATP_UNKNOWN_NODE);
    } else {
        atp_availability_t read;
        atp_availability_read_for(reading->ledger, sku, node, looking_channel(reading), reading->now_ms,
                                  &read);
        if (reading->has_view) {
            read_node_in_view(reading, sku, node, &read);
        } else if (read.is_due) {
            note_due(reading, sku, node);
        }
        write_row(reading, index, sku, node_id, &read);
    }
}

/* All rows asked for, in order. */
static void read_rows(reading_t *reading)
{
    const atp_availability_ask_t *ask = &reading->work->ask;
    bool is_cross = (ask->flags & ATP_AVAILABILITY_CROSS) != 0;

    for (uint32_t i = 0; i < ask->sku_count && !reading->is_too_many; i++) {
        uint32_t sku = 0;
        bool has_sku = atp_catalog_means_sku(reading->catalog, reading->work->request.client, ask->skus[i],
                                             reading->seed, &sku);
        for (uint32_t k = is_cross ? 0 : i; k < (is_cross ? ask->node_count : i + 1); k++) {
            read_pair(reading, i, has_sku, sku, ask->nodes[k]);
        }
    }
}

static reading_t begin_reading(atp_work_t *work, atp_writer_t *writer, bool may_settle)
{
    const atp_ledger_t *ledger = work->service->ledger;
    atp_method_t method =
        (work->ask.flags & ATP_AVAILABILITY_PICKUP) != 0 ? ATP_METHOD_PICKUP : ATP_METHOD_SHIP;

    return (reading_t){.work = work,
                       .writer = writer,
                       .ledger = ledger,
                       .catalog = atp_ledger_catalog(ledger),
                       .seed = atp_ledger_seed(ledger),
                       .now_ms = work->now_ms,
                       .has_view = work->ask.channel.size > 0,
                       .channel = work->channel,
                       .group = atp_catalog_channel_group(atp_ledger_catalog(ledger), work->channel, method),
                       .may_settle = may_settle};
}

/* ---- the passes ---- */

static void finish(atp_work_t *work, atp_writer_t *writer, const reading_t *reading, bool is_as_of_one_op)
{
    if (reading->is_too_many) {
        atp_work_refuse(work, ATP_TOO_MANY_OPS, ATP_FIELD_LINES,
                        "the answer would have more than 65,536 rows: ask for fewer", 0);
        return;
    }
    atp_metrics_add(work->service->metrics, ATP_METRIC_READS, 0, reading->rows);
    atp_write_availability_end(writer, is_as_of_one_op);
    atp_work_send(work, writer);
}

/* On the ledger thread: between two ops, so all rows are as of one. */
static void read_on_ledger_thread(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    reading_t reading = begin_reading(work, &work->writer, false);

    (void)now_ms;
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_availability_begin(&work->writer);
    read_rows(&reading);
    work->is_overflown = reading.is_too_many || work->writer.is_overflown;
    if (!work->is_overflown) {
        atp_write_availability_end(&work->writer, true);
    }
    work->op_count = reading.rows;
}

static void send_body(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
        return;
    }
    if (work->is_overflown) {
        atp_work_refuse(work, ATP_TOO_MANY_OPS, ATP_FIELD_LINES,
                        "the answer would be too large: ask for fewer", 0);
        return;
    }
    atp_metrics_add(work->service->metrics, ATP_METRIC_READS, 0, work->op_count);
    atp_metrics_add(work->service->metrics, ATP_METRIC_READS_FALLBACK, 0, work->op_count);
    atp_work_send_body(work);
}

/* `rows`: how many there were when they were read last; there may be some more by now. */
static void ask_ledger_thread(atp_work_t *work, uint32_t rows)
{
    size_t room = ((size_t)rows + rows / 4 + 64) * ROW_BYTES_MAX;

    room = room < ATP_MESSAGE_SIZE_MAX ? room : ATP_MESSAGE_SIZE_MAX;
    if (!atp_room_need(&work->body, room)) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the answer", 0);
        return;
    }
    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = rows / 16 + 1;
    work->batch.question = read_on_ledger_thread;
    work->batch.done = send_body;
    work->batch.context = work;
    atp_work_submit(work);
}

static void read_and_send(atp_work_t *work);

static void settled(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
        return;
    }
    read_and_send(work);
}

/* Has settled what is due, and reads again then. The question's own time stands still and the ledger's goes on, so
 * each round leaves less. */
static void settle(atp_work_t *work, uint32_t due_count)
{
    if (++work->settle_rounds > ROUNDS_MAX) {
        atp_work_refuse(work, ATP_BUSY, ATP_FIELD_NONE, "too much of it expires just now", ROUNDS_RETRY_MS);
        return;
    }
    if (!atp_room_need(&work->results, due_count * sizeof(atp_result_t))) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the answer", 0);
        return;
    }
    atp_metrics_add(work->service->metrics, ATP_METRIC_READS_SETTLED, 0, due_count);
    atp_work_settle(work, settled, due_count);
}

/* The rows are written and may show ops up to `op`: the head in front of them is made to say so. False: it would be of
 * another size, the rows must be read again. */
static bool note_newest_op(atp_work_t *work, atp_writer_t *writer, size_t head_size, uint64_t op)
{
    uint8_t bytes[HEAD_BYTES_MAX];
    atp_writer_t head;
    atp_response_t response = {
        .type = work->request.type,
        .correlation = work->request.correlation,
        .incarnation = atp_engine_incarnation(work->service->engine),
        .applied_op = op,
        .durable_op = atp_engine_durable_op(work->service->engine),
    };

    atp_writer_init(&head, bytes, sizeof bytes);
    atp_write_response(&head, &response);
    if (writer->is_overflown || head.is_overflown || atp_writer_size(&head) != head_size) {
        return writer->is_overflown;
    }
    memcpy(writer->begin, bytes, head_size);
    return true;
}

static void read_and_send(atp_work_t *work)
{
    const atp_ledger_t *ledger = work->service->ledger;
    bool must_be_one_op = (work->ask.flags & ATP_AVAILABILITY_ONE_OP) != 0;
    uint32_t rows = 0;

    for (unsigned tries = 0; tries < ONE_OP_TRIES; tries++) {
        atp_writer_t writer;
        uint64_t stamp = atp_ledger_stamp(ledger);
        atp_work_begin_answer(work, &writer, stamp / 2, atp_engine_durable_op(work->service->engine));
        size_t head_size = atp_writer_size(&writer);
        reading_t reading = begin_reading(work, &writer, true);
        atp_write_availability_begin(&writer);
        read_rows(&reading);
        bool is_one_op = atp_ledger_stamp_holds(ledger, stamp);
        if (reading.due_count > 0 && !reading.is_too_many) {
            settle(work, reading.due_count);
            return;
        }
        /* An op that is being applied may be in the rows already: it counts. */
        if (reading.is_too_many || is_one_op ||
            (!must_be_one_op && !reading.has_kit && !reading.has_view &&
             note_newest_op(work, &writer, head_size, (atp_ledger_stamp(ledger) + 1) / 2))) {
            finish(work, &writer, &reading, is_one_op);
            return;
        }
        rows = reading.rows;
    }
    ask_ledger_thread(work, rows);
}

void atp_work_availability(atp_work_t *work)
{
    size_t message = (size_t)(work->reader.end - work->reader.begin);
    /* Every name takes a byte at least. */
    size_t names = message < 2 * ATP_AVAILABILITY_ROWS_MAX ? message : 2 * ATP_AVAILABILITY_ROWS_MAX;

    if (!atp_room_need(&work->names, names * sizeof(atp_text_t))) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the question", 0);
        return;
    }
    if (!atp_read_availability_ask(&work->reader, work->names.bytes, (uint32_t)names, &work->ask) ||
        !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    const atp_ledger_t *ledger = work->service->ledger;
    work->channel = 0;
    if (work->ask.channel.size > 0 &&
        !atp_catalog_find_channel(atp_ledger_catalog(ledger), work->ask.channel,
                                  atp_hash_text(work->ask.channel, atp_ledger_seed(ledger)),
                                  &work->channel)) {
        atp_work_refuse(work, ATP_UNKNOWN_CHANNEL, ATP_FIELD_CHANNEL, "", 0);
        return;
    }
    work->now_ms = atp_engine_now_ms(work->service->engine);
    work->settle_rounds = 0;
    read_and_send(work);
}

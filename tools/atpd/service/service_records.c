/* Pages and look-ups: bounded questions, answered by the ledger thread between two ops.
 *
 * The body of the answer is written there into room that was made before, so that the ledger thread allocates
 * nothing; head and body are put together on the journal thread. A page ends early when its room is full or when
 * it has looked at SCAN_MAX records, lines of reservations included. */
#include "tools/atpd/service/service_priv.h"
#include "tools/atpd/text/alias_text.h"
#include "tools/atpd/text/drift_text.h"
#include "tools/atpd/text/group_text.h"
#include "tools/atpd/text/kit_text.h"
#include "tools/atpd/text/limit_text.h"
#include "tools/atpd/text/rule_text.h"
#include "tools/atpd/text/source_text.h"

#include "engine/base/hash.h"
#include "engine/ledger/reservations/line_units.h"

#include <string.h>

#define BODY_SIZE ((size_t)512 << 10)
#define SCAN_MAX  4096 /* records and lines one question looks at */

/* ---- asking the ledger thread ---- */

static void send_body(atp_batch_t *batch, atp_err_t err)
{
    atp_work_t *work = batch->context;

    if (err != ATP_OK) {
        atp_work_refuse_submit(work, err);
        return;
    }
    if (work->is_overflown || work->writer.is_overflown) {
        atp_work_refuse(work, ATP_MESSAGE_TOO_LARGE, ATP_FIELD_LINES,
                        "the answer would be too large: ask for fewer at a time", 0);
        return;
    }
    atp_work_send_body(work);
}

static void ask(atp_work_t *work, uint32_t lines,
                void (*question)(atp_batch_t *, const atp_ledger_t *, int64_t))
{
    if (!atp_room_need(&work->body, BODY_SIZE)) {
        atp_work_refuse(work, ATP_UNAVAILABLE, ATP_FIELD_NONE, "no memory for the answer", 0);
        return;
    }
    atp_writer_init(&work->writer, work->body.bytes, work->body.size);
    work->is_overflown = false;
    memset(&work->batch, 0, sizeof work->batch);
    work->batch.class = ATP_CLASS_RESERVE;
    work->batch.line_count = lines;
    work->batch.question = question;
    work->batch.done = send_body;
    work->batch.context = work;
    atp_work_submit(work);
}

/* ---- outcomes ---- */

static void tell_outcomes(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_outcome_ask_t *asks = work->names.bytes;

    (void)now_ms;
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_list_begin(&work->writer);
    for (uint32_t i = 0; i < work->op_count; i++) {
        atp_result_t result;
        (void)atp_ledger_find_outcome(ledger, asks[i].space == ATP_OUTCOME_RESERVATION, work->request.client,
                                      asks[i].id, &result);
        atp_write_result(&work->writer, &result, NULL);
    }
    atp_write_list_end(&work->writer);
}

void atp_work_outcomes(atp_work_t *work)
{
    uint32_t count;

    if (!atp_read_outcomes(&work->reader, &count) ||
        !atp_room_need(&work->names, (count + 1) * sizeof(atp_outcome_ask_t))) {
        atp_work_refuse_reader(work);
        return;
    }
    atp_outcome_ask_t *asks = work->names.bytes;
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_outcome_ask(&work->reader, &asks[i])) {
            atp_work_refuse_reader(work);
            return;
        }
    }
    if (!atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    work->op_count = count;
    ask(work, count > 0 ? count : 1, tell_outcomes);
}

/* ---- reservations ---- */

/* What a reservation is as a whole, by the states of its lines: the first of this list. */
static const struct {
    uint8_t line;   /* atp_line_state_t */
    uint8_t record; /* atp_record_state_t */
} record_states[] = {
    {ATP_LINE_BACKORDERED, ATP_RECORD_BACKORDERED},
    {ATP_LINE_PEGGED, ATP_RECORD_BACKORDERED},
    {ATP_LINE_RESERVED, ATP_RECORD_RESERVED},
    {ATP_LINE_ALLOCATED, ATP_RECORD_ALLOCATED},
    {ATP_LINE_PICKED, ATP_RECORD_PICKED},
    {ATP_LINE_PACKED, ATP_RECORD_PACKED},
    {ATP_LINE_SHIPPED, ATP_RECORD_SHIPPED},
    {ATP_LINE_DELIVERED, ATP_RECORD_DELIVERED},
    {ATP_LINE_RETURNED, ATP_RECORD_RETURNED},
    {ATP_LINE_RECONCILED, ATP_RECORD_RECONCILED},
    {ATP_LINE_RETURN_RECONCILED, ATP_RECORD_RECONCILED},
    {ATP_LINE_SHORT, ATP_RECORD_SHORT},
    {ATP_LINE_RELEASED, ATP_RECORD_RELEASED},
    {ATP_LINE_CANCELLED, ATP_RECORD_CANCELLED},
    {ATP_LINE_EXPIRED, ATP_RECORD_EXPIRED},
};

static uint8_t state_of(const atp_reservations_t *reservations, const atp_reservation_t *reservation,
                        int64_t now_ms)
{
    unsigned seen = 0;

    for (uint32_t at = reservation->first_line; at != 0;) {
        seen |= 1u << atp_line_state(reservations, at - 1, now_ms);
        at = atp_line_at(reservations, at - 1)->next;
    }
    for (size_t i = 0; i < sizeof record_states / sizeof record_states[0]; i++) {
        if (seen >> record_states[i].line & 1) {
            return record_states[i].record;
        }
    }
    return ATP_RECORD_RELEASED;
}

static void fill_parts(const atp_reservations_t *reservations, uint32_t number, atp_record_line_t *line)
{
    static const atp_line_state_t states[ATP_PART_COUNT] = {
        [ATP_PART_PICKED] = ATP_LINE_PICKED,
        [ATP_PART_PACKED] = ATP_LINE_PACKED,
        [ATP_PART_DELIVERED] = ATP_LINE_DELIVERED,
        [ATP_PART_RETURNED] = ATP_LINE_RETURNED,
        [ATP_PART_RECONCILED] = ATP_LINE_RECONCILED,
        [ATP_PART_RETURN_RECONCILED] = ATP_LINE_RETURN_RECONCILED,
        [ATP_PART_SHORT] = ATP_LINE_SHORT,
        [ATP_PART_BACKORDERED] = ATP_LINE_BACKORDERED,
        [ATP_PART_PEGGED] = ATP_LINE_PEGGED,
    };

    for (unsigned i = 0; i < ATP_PART_COUNT && atp_line_at(reservations, number)->has_progress; i++) {
        line->parts[i] = atp_line_units(reservations, number, states[i]);
    }
}

static uint32_t fill_lines(const atp_ledger_t *ledger, const atp_reservation_t *reservation, int64_t now_ms,
                           atp_record_line_t *lines)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(ledger);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    uint32_t count = 0;

    for (uint32_t at = reservation->first_line; at != 0 && count < ATP_LINES_PER_OP_MAX;) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, line->row));
        bool is_expired = atp_line_state(reservations, at - 1, now_ms) == ATP_LINE_EXPIRED;
        lines[count++] = (atp_record_line_t){.sku = atp_catalog_sku_id(catalog, position->sku),
                                             .node = atp_catalog_node_id(catalog, position->node),
                                             .granted = line->granted,
                                             .reserved = is_expired ? 0 : line->reserved,
                                             .allocated = line->allocated,
                                             .shipped = line->shipped,
                                             .scale = atp_positions_scale(positions, position->sku)};
        fill_parts(reservations, at - 1, &lines[count - 1]);
        at = line->next;
    }
    return count;
}

static const atp_order_t *order_of(const atp_ledger_t *ledger, const atp_reservation_t *reservation)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(ledger);

    return reservation->has_order
               ? atp_orders_of(&reservations->orders,
                               (uint32_t)(reservation - atp_reservation_at(reservations, 0)))
               : NULL;
}

static void write_reservation(atp_work_t *work, const atp_ledger_t *ledger,
                              const atp_reservation_t *reservation, int64_t now_ms)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_record_line_t *lines = work->lines.bytes;
    const atp_order_t *order = order_of(ledger, reservation);
    atp_record_t record = {
        .verdict = ATP_APPLIED,
        .state = state_of(atp_ledger_reservations(ledger), reservation, now_ms),
        .id = atp_strings_get(&catalog->strings, reservation->id_ref),
        .owner = atp_strings_get(&catalog->strings, reservation->owner_ref),
        .channel = atp_catalog_channel_id(catalog, reservation->channel),
        .created_ms = reservation->created_ms,
        .version = reservation->version,
        .deadline_ms = reservation->is_in_wheel ? reservation->deadline_ms : 0,
        .line_count = fill_lines(ledger, reservation, now_ms, lines),
        .lines = lines,
        .order = order != NULL ? (atp_text_t){order->id, order->id_size} : ATP_TEXT(""),
        .priority = reservation->priority,
    };

    record.status = work->service->status_names[record.state];

    atp_write_record(&work->writer, &record);
}

static void tell_orders(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_reservations_t *reservations = atp_ledger_reservations(ledger);
    const atp_text_t *ids = work->names.bytes;
    uint32_t count = 0;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_list_begin(&work->writer);
    for (uint32_t i = 0; i < work->op_count; i++) {
        uint64_t hash = atp_hash_text(ids[i], atp_ledger_seed(ledger));
        const atp_order_t *order = atp_orders_find(&reservations->orders, ids[i], hash);
        const atp_archived_t *archived = atp_archive_find_order(&reservations->archive, ids[i], hash);
        if (order == NULL && archived == NULL) {
            atp_record_t record = {.verdict = ATP_UNKNOWN_RESERVATION, .id = ids[i]};
            atp_write_record(&work->writer, &record);
        }
        for (; order != NULL; order = atp_orders_next(&reservations->orders, order)) {
            if (work->writer.is_overflown || ++count > ATP_PAGE_LIMIT_MAX) {
                work->is_overflown = true;
                return;
            }
            write_reservation(work, ledger, atp_reservation_at(reservations, order->reservation - 1), now_ms);
        }
        if (!atp_work_write_archived_order(work, ledger, archived, &count)) {
            work->is_overflown = true;
            return;
        }
    }
    atp_write_list_end(&work->writer);
}

static atp_text_t client_name(const atp_catalog_t *catalog, uint32_t client)
{
    if (client == ATP_CLIENT_ENGINE || client >= atp_table_count(&catalog->clients)) {
        return ATP_TEXT("");
    }
    const atp_named_record_t *record = atp_table_at(&catalog->clients, client);
    return atp_strings_get(&catalog->strings, record->id_ref);
}

static void write_step(atp_work_t *work, const atp_ledger_t *ledger, const atp_history_step_t *step)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_position_t *position = atp_positions_at(positions, atp_positions_now(positions, step->row));
    atp_step_row_t row = {.op = step->op,
                          .time_ms = step->time_ms,
                          .step = atp_text_of(atp_steps[step->step].name),
                          .line = step->line,
                          .sku = atp_catalog_sku_id(catalog, position->sku),
                          .node = atp_catalog_node_id(catalog, position->node),
                          .qty = step->qty,
                          .scale = atp_positions_scale(positions, position->sku),
                          .kind = atp_text_of(atp_op_kind_name(step->op_kind)),
                          .client = client_name(catalog, step->client),
                          .has_more = step->previous != 0,
                          .correlation =
                              atp_history_correlation(&atp_ledger_reservations(ledger)->history, step)};

    atp_write_step(&work->writer, &row);
}

static void tell_history(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_history_t *history = &atp_ledger_reservations(ledger)->history;
    const atp_text_t *ids = work->names.bytes;
    const atp_history_step_t *step = NULL;
    const atp_archived_t *archived;
    uint32_t number;
    uint32_t count = 0;

    (void)now_ms;
    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_list_begin(&work->writer);
    if (atp_ledger_find_reservation(ledger, ids[0], &number)) {
        step = atp_history_newest(history, number);
    } else if ((archived = atp_ledger_find_archived(ledger, ids[0])) != NULL) {
        atp_work_write_archiving(work, ledger, archived);
        step = atp_history_step(history, archived->last_step);
    }
    for (; step != NULL && count < SCAN_MAX / 2 && !work->writer.is_overflown; count++) {
        write_step(work, ledger, step);
        step = atp_history_before(history, step);
    }
    atp_write_list_end(&work->writer);
}

static void tell_reservations(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    const atp_text_t *ids = work->names.bytes;

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    atp_write_list_begin(&work->writer);
    for (uint32_t i = 0; i < work->op_count; i++) {
        uint32_t number;
        const atp_archived_t *archived;
        if (atp_ledger_find_reservation(ledger, ids[i], &number)) {
            write_reservation(work, ledger, atp_reservation_at(atp_ledger_reservations(ledger), number),
                              now_ms);
        } else if ((archived = atp_ledger_find_archived(ledger, ids[i])) != NULL) {
            atp_work_write_archived(work, ledger, archived);
        } else {
            atp_record_t record = {.verdict = ATP_UNKNOWN_RESERVATION, .id = ids[i]};
            atp_write_record(&work->writer, &record);
        }
    }
    atp_write_list_end(&work->writer);
}

static bool need_lines(atp_work_t *work)
{
    return atp_room_need(&work->lines, ATP_LINES_PER_OP_MAX * sizeof(atp_record_line_t));
}

/* Reads a list of ids, of reservations or orders, and has it answered. */
static void ask_by_id(atp_work_t *work, uint32_t most,
                      void (*question)(atp_batch_t *, const atp_ledger_t *, int64_t))
{
    uint32_t count;

    if (!need_lines(work) || !atp_read_reservation_ids(&work->reader, &count) ||
        !atp_room_need(&work->names, (count + 1) * sizeof(atp_text_t))) {
        atp_work_refuse_reader(work);
        return;
    }
    atp_text_t *ids = work->names.bytes;
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_reservation_id(&work->reader, &ids[i])) {
            atp_work_refuse_reader(work);
            return;
        }
    }
    if (!atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    if (count > most || (most == 1 && count == 0)) {
        atp_work_refuse(work, ATP_MALFORMED, ATP_FIELD_RESERVATION, "one reservation is asked for at a time",
                        0);
        return;
    }
    work->op_count = count;
    ask(work, count > 0 ? count : 1, question);
}

void atp_work_reservations_by_id(atp_work_t *work)
{
    ask_by_id(work, ATP_RESERVATIONS_MAX, tell_reservations);
}

void atp_work_orders(atp_work_t *work)
{
    ask_by_id(work, ATP_RESERVATIONS_MAX, tell_orders);
}

void atp_work_history(atp_work_t *work)
{
    ask_by_id(work, 1, tell_history);
}

/* ---- pages ---- */

static bool is_wanted(const atp_work_t *work, const atp_ledger_t *ledger,
                      const atp_reservation_t *reservation, int64_t now_ms)
{
    const atp_page_ask_t *page = &work->page;
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (reservation->status == ATP_RESERVATION_FREE ||
        (page->older_than_ms > 0 && now_ms - reservation->created_ms < page->older_than_ms)) {
        return false;
    }
    if (page->owner.size > 0 &&
        !atp_text_equal(page->owner, atp_strings_get(&catalog->strings, reservation->owner_ref))) {
        return false;
    }
    if (page->channel.size > 0 &&
        !atp_text_equal(page->channel, atp_catalog_channel_id(catalog, reservation->channel))) {
        return false;
    }
    return page->states == 0 ||
           (page->states & 1u << state_of(atp_ledger_reservations(ledger), reservation, now_ms)) != 0;
}

static void page_of_reservations(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_reservation_t *reservation =
        atp_reservation_at(atp_ledger_reservations(ledger), (uint32_t)index);

    work->scanned += reservation->line_count;
    if (is_wanted(work, ledger, reservation, now_ms)) {
        write_reservation(work, ledger, reservation, now_ms);
        work->op_count++;
    }
}

static void page_of_positions(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_position_view_t view;

    (void)now_ms;
    atp_positions_read(positions, (uint32_t)index, &view);
    if ((view.flags & ATP_POSITION_IS_MERGED) != 0) {
        return;
    }
    atp_position_row_t row = {.sku = atp_catalog_sku_id(catalog, view.sku),
                              .node = atp_catalog_node_id(catalog, view.node),
                              .on_hand = view.on_hand,
                              .unavailable = view.unavailable,
                              .reserved = view.reserved,
                              .allocated = view.allocated,
                              .safety = view.safety,
                              .scale = atp_positions_scale(positions, view.sku),
                              .version = view.version};
    atp_write_position(&work->writer, &row);
    work->op_count++;
}

/* What a node's calendar says, for an order placed now. */
static void fill_calendar(const atp_ledger_t *ledger, uint16_t node, int64_t now_ms,
                          atp_catalog_entry_t *entry)
{
    const atp_node_calendar_t *kept = atp_ledger_node_calendar(ledger, node);

    if (kept == NULL) {
        return;
    }
    const atp_calendar_t *calendar = &kept->calendar;
    atp_calendar_now_t now = atp_calendar_look(calendar, now_ms);
    bool is_never = now.ready_day == ATP_READY_NEVER;
    atp_capacity_day_t day =
        atp_capacity_booked(&atp_ledger_reservations(ledger)->capacity, kept, now.ready_day);
    atp_capacity_limits_t limits = atp_capacity_limits(kept, now.ready_day);
    entry->has_calendar = true;
    entry->calendar = (atp_catalog_calendar_t){
        .time_zone = {calendar->rule, calendar->rule_size},
        .cut_off = calendar->cut_off,
        .working_days = calendar->working_days,
        .closed_days = calendar->closed_count,
        .handling_days = calendar->handling_days,
        .ready_minute = calendar->ready_minute,
        .capacity_orders = (uint32_t)limits.orders,
        .booked_orders = is_never ? 0 : day.orders + day.orders_done,
        .ready_ms = is_never ? 0 : atp_calendar_ready_ms(calendar, now.ready_day),
        .capacity_units = limits.units,
        .booked_units = is_never ? 0 : atp_units_told(day.units + day.units_done),
        .scale = ATP_CAPACITY_SCALE,
    };
}

static void row_in_words(atp_work_t *work, const atp_ledger_t *ledger, uint32_t index)
{
    atp_catalog_entry_t entry = {0};
    atp_rule_text_t text = {0};
    atp_catalog_what_t what = work->page.what;
    bool is_there =
        what == ATP_CATALOG_COMPONENTS    ? atp_kit_text(ledger, index, &entry.id, &text)
        : what == ATP_CATALOG_GROUP_NODES ? atp_group_node_text(ledger, index, &entry.id, &entry.value, &text)
        : what == ATP_CATALOG_ALIASES     ? atp_alias_text(ledger, index, &entry.id, &entry.value, &text)
        : what == ATP_CATALOG_UNITS       ? atp_unit_text(ledger, index, &entry.id, &entry.value, &text)
        : what == ATP_CATALOG_LIMITS      ? atp_limit_text(ledger, index, &entry.id, &text)
        : what == ATP_CATALOG_DEMAND      ? atp_demand_text(ledger, index, &entry.id, &entry.value, &text)
                                     : atp_drift_text(ledger, what, index, &entry.id, &entry.value, &text);

    if (is_there) {
        entry.name = (atp_text_t){text.bytes, text.size};
        atp_write_catalog_entry(&work->writer, &entry);
        work->op_count++;
    }
}

static void page_of_catalog(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    atp_catalog_entry_t entry = {0};
    atp_rule_text_t text = {0};
    const atp_named_record_t *record;

    switch (work->page.what) {
    case ATP_CATALOG_SKUS:
        record = atp_table_at(&catalog->skus, index);
        if (atp_catalog_sku_now(catalog, (uint32_t)index) != index) {
            return; /* it is another one now, and its name an alias */
        }
        entry.value = ((const atp_sku_record_t *)(const void *)record)->scale;
        break;
    case ATP_CATALOG_NODES:
        record = atp_table_at(&catalog->nodes, index);
        entry.value = (int64_t)atp_catalog_node_state(catalog, (uint16_t)index);
        fill_calendar(ledger, (uint16_t)index, now_ms, &entry);
        break;
    case ATP_CATALOG_RULES:
        record = atp_table_at(&atp_ledger_rulebook(ledger)->rules, index);
        if (!atp_rule_text(ledger, (uint32_t)index, &text)) {
            return;
        }
        break;
    case ATP_CATALOG_QUOTAS:
        record = atp_table_at(&atp_ledger_rulebook(ledger)->quotas, index);
        if (!atp_quota_text(ledger, (uint32_t)index, &text)) {
            return;
        }
        break;
    case ATP_CATALOG_DEMAND:
    case ATP_CATALOG_COMPONENTS:
    case ATP_CATALOG_GROUP_NODES:
    case ATP_CATALOG_ALIASES:
    case ATP_CATALOG_UNITS:
    case ATP_CATALOG_LIMITS:
    case ATP_CATALOG_FEEDS:
    case ATP_CATALOG_DRIFT_NODES:
    case ATP_CATALOG_CORRECTIONS:
    case ATP_CATALOG_SKU_TAGS:
    case ATP_CATALOG_SKU_VALUES:
        row_in_words(work, ledger, (uint32_t)index);
        return;
    case ATP_CATALOG_SOURCES:
    case ATP_CATALOG_SOURCE_STATES:
    case ATP_CATALOG_SOURCE_CLAIMS:
    case ATP_CATALOG_DIFFERENCES:
        if (!atp_source_row_text(ledger, work->page.what, index, &record, &entry.value, &text)) {
            return;
        }
        break;
    default: /* channels */
        record = atp_table_at(&catalog->channels, index);
        entry.value = ((const atp_channel_record_t *)(const void *)record)->ttl_ms;
        atp_channel_text(ledger, (uint16_t)index, &text);
        break;
    }
    entry.id = atp_strings_get(&catalog->strings, record->id_ref);
    entry.name = text.size > 0 ? (atp_text_t){text.bytes, text.size}
                               : atp_strings_get(&catalog->strings, record->name_ref);
    atp_write_catalog_entry(&work->writer, &entry);
    work->op_count++;
}

typedef struct page_kind {
    uint64_t total;
    void (*row)(atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, int64_t now_ms);
} page_kind_t;

static page_kind_t kind_of(const atp_work_t *work, const atp_ledger_t *ledger)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);
    const atp_rulebook_t *rulebook = atp_ledger_rulebook(ledger);
    atp_ledger_counts_t counts;

    atp_ledger_counts(ledger, &counts);
    switch ((atp_message_type_t)work->request.type) {
    case ATP_MESSAGE_RESERVATIONS:
        return (page_kind_t){atp_table_count(&atp_ledger_reservations(ledger)->records),
                             page_of_reservations};
    case ATP_MESSAGE_POSITIONS:
        return (page_kind_t){counts.positions, page_of_positions};
    case ATP_MESSAGE_EXCEPTIONS:
        return (page_kind_t){counts.exceptions, atp_work_exception_row};
    case ATP_MESSAGE_CROSSINGS:
        return (page_kind_t){atp_crossings_newest(atp_ledger_crossings(ledger)), atp_work_crossing_row};
    default:
        if (work->page.what == ATP_CATALOG_EXCEPTION_OWNERS) {
            return (page_kind_t){atp_table_count(&atp_ledger_exceptions(ledger)->owners), atp_work_owner_row};
        }
        if (work->page.what == ATP_CATALOG_SUBSCRIBERS) {
            return (page_kind_t){atp_subscriber_count(atp_ledger_postings(ledger)), atp_work_subscriber_row};
        }
        if ((work->page.what >= ATP_CATALOG_FEEDS && work->page.what <= ATP_CATALOG_CORRECTIONS) ||
            work->page.what == ATP_CATALOG_SKU_TAGS || work->page.what == ATP_CATALOG_SKU_VALUES) {
            return (page_kind_t){atp_drift_texts(ledger, work->page.what), page_of_catalog};
        }
        return (page_kind_t){
            work->page.what == ATP_CATALOG_SKUS     ? counts.skus
            : work->page.what == ATP_CATALOG_NODES  ? counts.nodes
            : work->page.what == ATP_CATALOG_RULES  ? atp_table_count(&rulebook->rules)
            : work->page.what == ATP_CATALOG_QUOTAS ? atp_table_count(&rulebook->quotas)
            : work->page.what == ATP_CATALOG_COMPONENTS
                ? atp_table_count(&atp_ledger_kits(ledger)->components)
            : work->page.what == ATP_CATALOG_GROUP_NODES
                ? atp_table_count(&atp_ledger_groups(ledger)->members)
            : work->page.what == ATP_CATALOG_ALIASES ? atp_table_count(&catalog->aliases)
            : work->page.what == ATP_CATALOG_UNITS   ? atp_table_count(&atp_ledger_units(ledger)->records)
            : work->page.what == ATP_CATALOG_LIMITS
                ? atp_table_count(&atp_ledger_positions(ledger)->limits.records)
            : work->page.what == ATP_CATALOG_SOURCES       ? counts.sources
            : work->page.what == ATP_CATALOG_SOURCE_STATES ? counts.sources
            : work->page.what == ATP_CATALOG_SOURCE_CLAIMS ? atp_source_claim_texts(ledger)
            : work->page.what == ATP_CATALOG_DIFFERENCES
                ? atp_table_count(&atp_ledger_differences(ledger)->records)
            : work->page.what == ATP_CATALOG_DEMAND ? atp_table_count(&atp_ledger_demand(ledger)->records)
                                                    : atp_table_count(&catalog->channels),
            page_of_catalog};
    }
}

/* The first place from `index` on that has something: of exceptions and crossings the older ones may be gone. */
static uint64_t next_index(const atp_work_t *work, const atp_ledger_t *ledger, uint64_t index, uint64_t total)
{
    if (work->request.type == ATP_MESSAGE_EXCEPTIONS) {
        uint64_t number = atp_exceptions_from(atp_ledger_exceptions(ledger), index + 1);
        return number != 0 ? number - 1 : total;
    }
    if (work->request.type == ATP_MESSAGE_CROSSINGS) {
        uint64_t kept = atp_ledger_crossings(ledger)->records.capacity;
        uint64_t oldest = total > kept ? total - kept : 0;
        return index > oldest ? index : oldest;
    }
    return index;
}

static void tell_page(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    atp_work_t *work = batch->context;
    page_kind_t kind = kind_of(work, ledger);
    uint64_t index = next_index(work, ledger, work->page.cursor, kind.total);

    work->answered_op = atp_ledger_stamp(ledger) / 2;
    work->op_count = 0;
    atp_write_page_begin(&work->writer);
    work->scanned = 0;
    for (; index < kind.total && work->scanned < SCAN_MAX && work->op_count < work->page.limit;
         work->scanned++) {
        atp_writer_mark_t mark = atp_writer_mark(&work->writer);
        uint32_t rows = work->op_count;
        kind.row(work, ledger, index, now_ms);
        /* The end of the page needs a few bytes too. */
        if (work->writer.is_overflown || work->body.size - atp_writer_size(&work->writer) < 32) {
            atp_writer_rewind(&work->writer, mark);
            work->is_overflown = rows == 0; /* not even one fits */
            break;
        }
        index = next_index(work, ledger, index + 1, kind.total);
    }
    atp_write_page_end(&work->writer, index < kind.total ? index : 0);
}

void atp_work_page(atp_work_t *work)
{
    if (!need_lines(work) || !atp_read_page_ask(&work->reader, &work->page) ||
        !atp_message_close(&work->reader)) {
        atp_work_refuse_reader(work);
        return;
    }
    ask(work, work->page.limit / 4 + 1, tell_page);
}

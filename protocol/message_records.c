#include "protocol/message_records.h"

#include "protocol/message_priv.h"

static const char *const state_names[ATP_RECORD_STATE_LIMIT] = {
    [ATP_RECORD_RESERVED] = "reserved",
    [ATP_RECORD_ALLOCATED] = "allocated",
    [ATP_RECORD_SHIPPED] = "shipped",
    [ATP_RECORD_RELEASED] = "released",
    [ATP_RECORD_CANCELLED] = "cancelled",
    [ATP_RECORD_EXPIRED] = "expired",
    [ATP_RECORD_BACKORDERED] = "backordered",
    [ATP_RECORD_PICKED] = "picked",
    [ATP_RECORD_PACKED] = "packed",
    [ATP_RECORD_DELIVERED] = "delivered",
    [ATP_RECORD_RETURNED] = "returned",
    [ATP_RECORD_RECONCILED] = "reconciled",
    [ATP_RECORD_SHORT] = "short",
    [ATP_RECORD_ARCHIVED] = "archived",
};

static const char *const part_names[ATP_PART_COUNT] = {
    "picked", "packed",      "delivered", "returned", "reconciled", "return_reconciled",
    "short",  "backordered", "pegged",
};

const char *atp_record_part_name(unsigned part)
{
    return part < ATP_PART_COUNT ? part_names[part] : NULL;
}

const char *atp_record_state_name(unsigned state)
{
    return state < ATP_RECORD_STATE_LIMIT ? state_names[state] : NULL;
}

/* ---- pages ---- */

static bool is_page_type(unsigned type)
{
    return type == ATP_MESSAGE_RESERVATIONS || type == ATP_MESSAGE_POSITIONS ||
           type == ATP_MESSAGE_EXCEPTIONS || type == ATP_MESSAGE_CROSSINGS || type == ATP_MESSAGE_CATALOG;
}

static bool read_reservations_ask(atp_reader_t *reader, atp_page_ask_t *ask)
{
    uint32_t *left = &reader->body_left;

    if (!atp_row_i64(reader, left, ATP_FIELD_TTL, &ask->older_than_ms) ||
        !atp_row_id(reader, left, ATP_FIELD_OWNER, &ask->owner) ||
        !atp_row_id(reader, left, ATP_FIELD_CHANNEL, &ask->channel) ||
        !atp_row_u32(reader, left, ATP_FIELD_OPTION, &ask->states)) {
        return false;
    }
    if (ask->older_than_ms < 0) {
        atp_reader_note(reader, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, "an age is zero or more");
    }
    if (ask->states >> ATP_RECORD_STATE_LIMIT != 0 || (ask->states & 1) != 0) {
        atp_reader_note(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, "a state that does not exist");
    }
    return true;
}

static bool read_exceptions_ask(atp_reader_t *reader, atp_page_ask_t *ask)
{
    uint32_t *left = &reader->body_left;

    if (!atp_row_i64(reader, left, ATP_FIELD_TTL, &ask->older_than_ms) ||
        !atp_row_id(reader, left, ATP_FIELD_KIND, &ask->kind) ||
        !atp_row_id(reader, left, ATP_FIELD_SOURCE, &ask->source) ||
        !atp_row_id(reader, left, ATP_FIELD_SKU, &ask->sku) ||
        !atp_row_u32(reader, left, ATP_FIELD_OPTION, &ask->states) ||
        !atp_row_id(reader, left, ATP_FIELD_OWNER, &ask->owner) ||
        !atp_row_bool(reader, left, ATP_FIELD_OPTION, &ask->beyond_sla)) {
        return false;
    }
    if (ask->older_than_ms < 0) {
        atp_reader_note(reader, ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, "an age is zero or more");
    }
    if (ask->states >> ATP_EXCEPTION_ROW_STATE_LIMIT != 0 || (ask->states & 1) != 0) {
        atp_reader_note(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, "a state that does not exist");
    }
    return true;
}

static bool read_catalog_ask(atp_reader_t *reader, atp_page_ask_t *ask)
{
    uint8_t what;

    if (!atp_row_u8(reader, &reader->body_left, ATP_FIELD_OPTION, &what)) {
        return false;
    }
    if ((what < ATP_CATALOG_SKUS || what > ATP_CATALOG_LIMITS) &&
        (what < ATP_CATALOG_SUBSCRIBERS || what > ATP_CATALOG_SKU_VALUES)) {
        atp_reader_note(
            reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION,
            "1 = skus, 2 = nodes, 3 = channels, 4 = rules, 5 = quotas, 6 = demand, 7 = components, "
            "8 = nodes of groups");
    }
    ask->what = (atp_catalog_what_t)what;
    return true;
}

bool atp_read_page_ask(atp_reader_t *reader, atp_page_ask_t *ret_ask)
{
    ATP_ASSERT(is_page_type(reader->type));
    *ret_ask = (atp_page_ask_t){.owner = ATP_TEXT(""),
                                .channel = ATP_TEXT(""),
                                .kind = ATP_TEXT(""),
                                .source = ATP_TEXT(""),
                                .sku = ATP_TEXT("")};
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, &ret_ask->cursor) ||
        !atp_row_u32(reader, &reader->body_left, ATP_FIELD_NONE, &ret_ask->limit) ||
        (reader->type == ATP_MESSAGE_RESERVATIONS && !read_reservations_ask(reader, ret_ask)) ||
        (reader->type == ATP_MESSAGE_EXCEPTIONS && !read_exceptions_ask(reader, ret_ask)) ||
        (reader->type == ATP_MESSAGE_CATALOG && !read_catalog_ask(reader, ret_ask))) {
        return false;
    }
    if (ret_ask->limit > ATP_PAGE_LIMIT_MAX) {
        atp_reader_note(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, "a page has at most 8,192 rows");
    }
    if (ret_ask->limit == 0) {
        ret_ask->limit = ATP_PAGE_LIMIT_DEFAULT;
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_page_ask(atp_writer_t *writer, atp_message_type_t type, const atp_page_ask_t *ask)
{
    ATP_ASSERT(is_page_type(type));
    atp_put_array(writer, type == ATP_MESSAGE_RESERVATIONS ? 6
                          : type == ATP_MESSAGE_EXCEPTIONS ? 9
                          : type == ATP_MESSAGE_CATALOG    ? 3
                                                           : 2);
    atp_put_uint(writer, ask->cursor);
    atp_put_uint(writer, ask->limit);
    if (type == ATP_MESSAGE_EXCEPTIONS) {
        atp_put_int(writer, ask->older_than_ms);
        atp_put_text(writer, ask->kind);
        atp_put_text(writer, ask->source);
        atp_put_text(writer, ask->sku);
        atp_put_uint(writer, ask->states);
        atp_put_text(writer, ask->owner);
        atp_write_bool(writer, ask->beyond_sla);
    }
    if (type == ATP_MESSAGE_RESERVATIONS) {
        atp_put_int(writer, ask->older_than_ms);
        atp_put_text(writer, ask->owner);
        atp_put_text(writer, ask->channel);
        atp_put_uint(writer, ask->states);
    }
    if (type == ATP_MESSAGE_CATALOG) {
        atp_put_uint(writer, (uint64_t)ask->what);
    }
}

bool atp_read_page(atp_reader_t *reader, uint32_t *ret_row_count)
{
    ATP_ASSERT(is_page_type(reader->type));
    return atp_body_first_list(reader, ATP_PAGE_LIMIT_MAX, ret_row_count);
}

bool atp_read_page_end(atp_reader_t *reader, uint64_t *ret_next_cursor)
{
    return atp_list_leave(reader) && atp_row_u64(reader, &reader->body_left, ATP_FIELD_NONE, ret_next_cursor);
}

void atp_write_page_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 2);
    atp_write_list_begin(writer);
}

void atp_write_page_end(atp_writer_t *writer, uint64_t next_cursor)
{
    atp_write_list_end(writer);
    atp_put_uint(writer, next_cursor);
}

/* ---- reservations ---- */

bool atp_read_reservation_ids(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_RESERVATION || reader->type == ATP_MESSAGE_ORDER ||
               reader->type == ATP_MESSAGE_HISTORY);
    return atp_body_list(reader, ATP_RESERVATIONS_MAX, ret_count);
}

bool atp_read_reservation_id(atp_reader_t *reader, atp_text_t *ret_id)
{
    atp_list_take(reader);
    if (!atp_take_id(reader, ATP_FIELD_RESERVATION, ret_id)) {
        return false;
    }
    if (ret_id->size == 0) {
        atp_reader_note(reader, ATP_ID_INVALID, ATP_FIELD_RESERVATION, "the id is empty");
    }
    return reader->refusal.verdict == ATP_APPLIED;
}

void atp_write_reservation_id(atp_writer_t *writer, atp_text_t id)
{
    atp_put_text(writer, id);
    atp_list_count(writer);
}

bool atp_read_records(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_RESERVATION || reader->type == ATP_MESSAGE_ORDER);
    return atp_body_list(
        reader, reader->type == ATP_MESSAGE_ORDER ? ATP_PAGE_LIMIT_MAX : ATP_RESERVATIONS_MAX, ret_count);
}

/* The quantities beyond the plain ones, if they are there. */
static bool read_parts(atp_reader_t *reader, uint32_t *left, atp_record_line_t *line)
{
    atp_qty_t *qtys[ATP_PART_COUNT];
    uint32_t parts_left;
    uint8_t scale;

    if (!atp_take_one(left)) {
        return true;
    }
    for (unsigned i = 0; i < ATP_PART_COUNT; i++) {
        qtys[i] = &line->parts[i];
    }
    return atp_take_array(reader, ATP_FIELD_LINES, &parts_left) &&
           atp_row_qtys(reader, &parts_left, qtys, ATP_PART_COUNT, &scale) &&
           (parts_left == 0 || atp_read_skip(reader, parts_left, reader->list_depth + 4u));
}

static bool read_record_line(atp_reader_t *reader, atp_record_line_t *line)
{
    atp_qty_t *const qtys[] = {&line->granted, &line->reserved, &line->allocated, &line->shipped};
    uint32_t left;

    memset(line->parts, 0, sizeof line->parts);
    if (!atp_take_array(reader, ATP_FIELD_LINES, &left) ||
        !atp_row_id(reader, &left, ATP_FIELD_SKU, &line->sku) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &line->node) ||
        !atp_row_qtys(reader, &left, qtys, 4, &line->scale) || !read_parts(reader, &left, line)) {
        return false;
    }
    return left == 0 || atp_read_skip(reader, left, reader->list_depth + 3u);
}

static bool read_record_lines(atp_reader_t *reader, uint32_t *left, atp_record_line_t *lines,
                              uint32_t line_capacity, uint32_t *ret_count)
{
    *ret_count = 0;
    if (!atp_take_one(left)) {
        return true;
    }
    if (!atp_take_array(reader, ATP_FIELD_LINES, ret_count)) {
        return false;
    }
    if (*ret_count > line_capacity || *ret_count > ATP_LINES_PER_OP_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_LINES,
                                 "more lines than there is room for");
    }
    for (uint32_t i = 0; i < *ret_count; i++) {
        if (!read_record_line(reader, &lines[i])) {
            return false;
        }
    }
    return true;
}

bool atp_read_record(atp_reader_t *reader, atp_record_t *ret_record, atp_record_line_t *lines,
                     uint32_t line_capacity)
{
    atp_record_t *record = ret_record;
    uint32_t left;

    memset(record, 0, sizeof *record);
    if (!atp_row_begin(reader, &left) || !atp_row_u8(reader, &left, ATP_FIELD_NONE, &record->verdict) ||
        !atp_row_id(reader, &left, ATP_FIELD_RESERVATION, &record->id) ||
        !atp_row_id(reader, &left, ATP_FIELD_OWNER, &record->owner) ||
        !atp_row_id(reader, &left, ATP_FIELD_CHANNEL, &record->channel) ||
        !atp_row_i64(reader, &left, ATP_FIELD_ISSUED, &record->created_ms) ||
        !atp_row_u64(reader, &left, ATP_FIELD_NONE, &record->version) ||
        !atp_row_i64(reader, &left, ATP_FIELD_TTL, &record->deadline_ms) ||
        !atp_row_u8(reader, &left, ATP_FIELD_OPTION, &record->state) ||
        !read_record_lines(reader, &left, lines, line_capacity, &record->line_count) ||
        !atp_row_id(reader, &left, ATP_FIELD_ATTRIBUTE, &record->order) ||
        !atp_row_id(reader, &left, ATP_FIELD_OPTION, &record->status) ||
        !atp_row_u8(reader, &left, ATP_FIELD_NONE, &record->priority)) {
        return false;
    }
    record->lines = lines;
    return atp_row_end(reader, left);
}

static bool has_parts(const atp_record_line_t *line)
{
    for (unsigned i = 0; i < ATP_PART_COUNT; i++) {
        if (line->parts[i] != 0) {
            return true;
        }
    }
    return false;
}

static void put_record_line(atp_writer_t *writer, const atp_record_line_t *line)
{
    bool is_long = has_parts(line);

    atp_put_array(writer, is_long ? 7 : 6);
    atp_put_text(writer, line->sku);
    atp_put_text(writer, line->node);
    atp_put_qty(writer, line->granted, line->scale);
    atp_put_qty(writer, line->reserved, line->scale);
    atp_put_qty(writer, line->allocated, line->scale);
    atp_put_qty(writer, line->shipped, line->scale);
    if (is_long) {
        atp_put_array(writer, ATP_PART_COUNT);
        for (unsigned i = 0; i < ATP_PART_COUNT; i++) {
            atp_put_qty(writer, line->parts[i], line->scale);
        }
    }
}

void atp_write_record(atp_writer_t *writer, const atp_record_t *record)
{
    bool is_found = record->verdict == ATP_APPLIED;

    atp_put_array(writer, is_found ? 11 + (record->priority != 0) : 2);
    atp_put_uint(writer, record->verdict);
    atp_put_text(writer, record->id);
    if (is_found) {
        atp_put_text(writer, record->owner);
        atp_put_text(writer, record->channel);
        atp_put_int(writer, record->created_ms);
        atp_put_uint(writer, record->version);
        atp_put_int(writer, record->deadline_ms);
        atp_put_uint(writer, record->state);
        atp_put_array(writer, record->line_count);
        for (uint32_t i = 0; i < record->line_count; i++) {
            put_record_line(writer, &record->lines[i]);
        }
        atp_put_text(writer, record->order);
        atp_put_text(writer, record->status);
    }
    if (is_found && record->priority != 0) {
        atp_put_uint(writer, record->priority);
    }
    atp_list_count(writer);
}

/* ---- history ---- */

bool atp_read_steps(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_HISTORY);
    return atp_body_list(reader, ATP_PAGE_LIMIT_MAX, ret_count);
}

bool atp_read_step(atp_reader_t *reader, atp_step_row_t *ret_row)
{
    uint8_t has_more = 0;
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    if (!atp_row_begin(reader, &left) || !atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->op) ||
        !atp_row_i64(reader, &left, ATP_FIELD_ISSUED, &ret_row->time_ms) ||
        !atp_row_id(reader, &left, ATP_FIELD_OPTION, &ret_row->step) ||
        !atp_row_u32(reader, &left, ATP_FIELD_LINES, &ret_row->line) ||
        !atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) ||
        !atp_row_qty(reader, &left, &ret_row->qty, &ret_row->scale) ||
        !atp_row_id(reader, &left, ATP_FIELD_KIND, &ret_row->kind) ||
        !atp_row_id(reader, &left, ATP_FIELD_CLIENT, &ret_row->client) ||
        !atp_row_u8(reader, &left, ATP_FIELD_OPTION, &has_more) ||
        !atp_row_id(reader, &left, ATP_FIELD_CORRELATION, &ret_row->correlation)) {
        return false;
    }
    ret_row->has_more = has_more != 0;
    return atp_row_end(reader, left);
}

void atp_write_step(atp_writer_t *writer, const atp_step_row_t *row)
{
    bool is_correlated = row->correlation.size > 0;

    atp_put_array(writer, is_correlated ? 11 : 10);
    atp_put_uint(writer, row->op);
    atp_put_int(writer, row->time_ms);
    atp_put_text(writer, row->step);
    atp_put_uint(writer, row->line);
    atp_put_text(writer, row->sku);
    atp_put_text(writer, row->node);
    atp_put_qty(writer, row->qty, row->scale);
    atp_put_text(writer, row->kind);
    atp_put_text(writer, row->client);
    atp_put_uint(writer, row->has_more);
    if (is_correlated) {
        atp_put_text(writer, row->correlation);
    }
    atp_list_count(writer);
}

/* ---- positions ---- */

bool atp_read_position(atp_reader_t *reader, atp_position_row_t *ret_row)
{
    atp_qty_t *const qtys[] = {&ret_row->on_hand, &ret_row->unavailable, &ret_row->reserved,
                               &ret_row->allocated, &ret_row->safety};
    uint32_t left;

    if (!atp_row_begin(reader, &left) || !atp_row_id(reader, &left, ATP_FIELD_SKU, &ret_row->sku) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &ret_row->node) ||
        !atp_row_qtys(reader, &left, qtys, 5, &ret_row->scale) ||
        !atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_row->version)) {
        return false;
    }
    return atp_row_end(reader, left);
}

void atp_write_position(atp_writer_t *writer, const atp_position_row_t *row)
{
    atp_put_array(writer, 8);
    atp_put_text(writer, row->sku);
    atp_put_text(writer, row->node);
    atp_put_qty(writer, row->on_hand, row->scale);
    atp_put_qty(writer, row->unavailable, row->scale);
    atp_put_qty(writer, row->reserved, row->scale);
    atp_put_qty(writer, row->allocated, row->scale);
    atp_put_qty(writer, row->safety, row->scale);
    atp_put_uint(writer, row->version);
    atp_list_count(writer);
}

/* ---- crossings ---- */

bool atp_crossing_fields(atp_reader_t *reader, uint32_t *left, atp_crossing_row_t *row)
{
    return atp_row_u64(reader, left, ATP_FIELD_NONE, &row->number) &&
           atp_row_u64(reader, left, ATP_FIELD_NONE, &row->op) &&
           atp_row_i64(reader, left, ATP_FIELD_ISSUED, &row->time_ms) &&
           atp_row_id(reader, left, ATP_FIELD_CHANNEL, &row->channel) &&
           atp_row_id(reader, left, ATP_FIELD_SKU, &row->sku) &&
           atp_row_u8(reader, left, ATP_FIELD_OPTION, &row->from) &&
           atp_row_u8(reader, left, ATP_FIELD_OPTION, &row->to) &&
           atp_row_qty(reader, left, &row->available, &row->scale);
}

void atp_put_crossing_fields(atp_writer_t *writer, const atp_crossing_row_t *row)
{
    atp_put_uint(writer, row->number);
    atp_put_uint(writer, row->op);
    atp_put_int(writer, row->time_ms);
    atp_put_text(writer, row->channel);
    atp_put_text(writer, row->sku);
    atp_put_uint(writer, row->from);
    atp_put_uint(writer, row->to);
    atp_put_qty(writer, row->available, row->scale);
}

bool atp_read_crossing(atp_reader_t *reader, atp_crossing_row_t *ret_row)
{
    uint32_t left;

    memset(ret_row, 0, sizeof *ret_row);
    return atp_row_begin(reader, &left) && atp_crossing_fields(reader, &left, ret_row) &&
           atp_row_end(reader, left);
}

void atp_write_crossing(atp_writer_t *writer, const atp_crossing_row_t *row)
{
    atp_put_array(writer, ATP_CROSSING_FIELDS);
    atp_put_crossing_fields(writer, row);
    atp_list_count(writer);
}

/* ---- catalog ---- */

#define ENTRY_COUNT          3
#define ENTRY_COUNT_CALENDAR 14

static bool read_calendar(atp_reader_t *reader, uint32_t *left, atp_catalog_calendar_t *calendar)
{
    atp_qty_t *const qtys[] = {&calendar->capacity_units, &calendar->booked_units};

    return atp_row_text(reader, left, &calendar->time_zone) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->cut_off) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->working_days) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->closed_days) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->handling_days) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->ready_minute) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->capacity_orders) &&
           atp_row_u32(reader, left, ATP_FIELD_OPTION, &calendar->booked_orders) &&
           atp_row_i64(reader, left, ATP_FIELD_OPTION, &calendar->ready_ms) &&
           atp_row_qtys(reader, left, qtys, 2, &calendar->scale);
}

bool atp_read_catalog_entry(atp_reader_t *reader, atp_catalog_entry_t *ret_entry)
{
    uint32_t left;

    memset(ret_entry, 0, sizeof *ret_entry);
    if (!atp_row_begin(reader, &left) || !atp_row_id(reader, &left, ATP_FIELD_ID, &ret_entry->id) ||
        !atp_row_text(reader, &left, &ret_entry->name) ||
        !atp_row_i64(reader, &left, ATP_FIELD_OPTION, &ret_entry->value)) {
        return false;
    }
    ret_entry->has_calendar = left > 0;
    if (ret_entry->has_calendar && !read_calendar(reader, &left, &ret_entry->calendar)) {
        return false;
    }
    return atp_row_end(reader, left);
}

static void put_calendar(atp_writer_t *writer, const atp_catalog_calendar_t *calendar)
{
    atp_put_text(writer, calendar->time_zone);
    atp_put_uint(writer, calendar->cut_off);
    atp_put_uint(writer, calendar->working_days);
    atp_put_uint(writer, calendar->closed_days);
    atp_put_uint(writer, calendar->handling_days);
    atp_put_uint(writer, calendar->ready_minute);
    atp_put_uint(writer, calendar->capacity_orders);
    atp_put_uint(writer, calendar->booked_orders);
    atp_put_int(writer, calendar->ready_ms);
    atp_put_qty(writer, calendar->capacity_units, calendar->scale);
    atp_put_qty(writer, calendar->booked_units, calendar->scale);
}

void atp_write_catalog_entry(atp_writer_t *writer, const atp_catalog_entry_t *entry)
{
    atp_put_array(writer, entry->has_calendar ? ENTRY_COUNT_CALENDAR : ENTRY_COUNT);
    atp_put_text(writer, entry->id);
    atp_put_text(writer, entry->name);
    atp_put_int(writer, entry->value);
    if (entry->has_calendar) {
        put_calendar(writer, &entry->calendar);
    }
    atp_list_count(writer);
}

/* ---- stat ---- */

void atp_write_stat_ask(atp_writer_t *writer)
{
    atp_put_array(writer, 0);
}

bool atp_read_stat_ask(atp_reader_t *reader)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_STAT);
    return atp_body_begin(reader, &reader->body_left);
}

bool atp_read_stats(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_STAT);
    return atp_body_list(reader, ATP_STATS_MAX, ret_count);
}

bool atp_read_stat(atp_reader_t *reader, atp_stat_t *ret_stat)
{
    uint32_t left;

    *ret_stat = (atp_stat_t){ATP_TEXT(""), ATP_TEXT(""), 0, false};
    if (!atp_row_begin(reader, &left) || !atp_row_text(reader, &left, &ret_stat->name)) {
        return false;
    }
    uint8_t tag = left > 0 && reader->at < reader->end ? *reader->at : 0;
    ret_stat->is_text = (tag & 0xe0) == TAG_FIXSTR || (tag >= TAG_STR8 && tag <= TAG_STR32);
    bool ok = ret_stat->is_text ? atp_row_text(reader, &left, &ret_stat->text)
                                : atp_row_i64(reader, &left, ATP_FIELD_NONE, &ret_stat->value);
    return ok && atp_row_end(reader, left);
}

void atp_write_stat(atp_writer_t *writer, const atp_stat_t *stat)
{
    atp_put_array(writer, 2);
    atp_put_text(writer, stat->name);
    if (stat->is_text) {
        atp_put_text(writer, stat->text);
    } else {
        atp_put_int(writer, stat->value);
    }
    atp_list_count(writer);
}

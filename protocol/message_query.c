#include "protocol/message_query.h"

#include "protocol/message_priv.h"

/* ---- the ask ---- */

static bool is_cross(const atp_availability_ask_t *ask)
{
    return (ask->flags & ATP_AVAILABILITY_CROSS) != 0;
}

static bool too_many(atp_reader_t *reader)
{
    return atp_reader_refuse(reader, ATP_TOO_MANY_OPS, ATP_FIELD_LINES, "more rows than one answer may have");
}

/* One name of the ask, at `index` of its list. A SKU is named; a node may be empty: all of them. */
static bool read_name(atp_reader_t *reader, atp_field_t field, uint32_t index, atp_text_t *ret_name)
{
    if (!atp_take_id(reader, field, ret_name)) {
        return false;
    }
    if (ret_name->size == 0 && field == ATP_FIELD_SKU) {
        atp_reader_note(reader, ATP_ID_INVALID, field, "the SKU is empty");
    }
    if (reader->refusal.verdict != ATP_APPLIED) {
        reader->refusal.line = index;
        return false;
    }
    return true;
}

static bool read_pair(atp_reader_t *reader, uint32_t index, atp_text_t *ret_sku, atp_text_t *ret_node)
{
    uint32_t left;

    *ret_node = ATP_TEXT("");
    if (!atp_take_array(reader, ATP_FIELD_LINES, &left)) {
        return false;
    }
    if (!atp_take_one(&left)) {
        return atp_reader_refuse(reader, ATP_ID_INVALID, ATP_FIELD_SKU, "the SKU is missing");
    }
    if (!read_name(reader, ATP_FIELD_SKU, index, ret_sku) ||
        (atp_take_one(&left) && !read_name(reader, ATP_FIELD_NODE, index, ret_node))) {
        return false;
    }
    return left == 0 || atp_read_skip(reader, left, 4);
}

static bool read_pairs(atp_reader_t *reader, atp_text_t *names, uint32_t capacity,
                       atp_availability_ask_t *ask)
{
    uint32_t count = 0;

    if (atp_take_one(&reader->body_left) && !atp_take_array(reader, ATP_FIELD_LINES, &count)) {
        return false;
    }
    if (count > ATP_AVAILABILITY_ROWS_MAX || count > capacity / 2) {
        return too_many(reader);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_pair(reader, i, &names[i], &names[count + i])) {
            return false;
        }
    }
    ask->sku_count = count;
    ask->node_count = count;
    ask->skus = names;
    ask->nodes = names + count;
    return true;
}

static bool read_names(atp_reader_t *reader, atp_field_t field, atp_text_t *names, uint32_t capacity,
                       uint32_t *ret_count)
{
    *ret_count = 0;
    if (!atp_take_one(&reader->body_left)) {
        return true;
    }
    if (!atp_take_array(reader, field, ret_count)) {
        return false;
    }
    if (*ret_count > capacity) {
        return too_many(reader);
    }
    for (uint32_t i = 0; i < *ret_count; i++) {
        if (!read_name(reader, field, i, &names[i])) {
            return false;
        }
    }
    return true;
}

static bool read_cross(atp_reader_t *reader, atp_text_t *names, uint32_t capacity,
                       atp_availability_ask_t *ask)
{
    if (!read_names(reader, ATP_FIELD_SKU, names, capacity, &ask->sku_count)) {
        return false;
    }
    ask->skus = names;
    ask->nodes = names + ask->sku_count;
    if (!read_names(reader, ATP_FIELD_NODE, names + ask->sku_count, capacity - ask->sku_count,
                    &ask->node_count)) {
        return false;
    }
    if ((uint64_t)ask->sku_count * ask->node_count > ATP_AVAILABILITY_ROWS_MAX) {
        return too_many(reader);
    }
    return true;
}

bool atp_read_availability_ask(atp_reader_t *reader, atp_text_t *names, uint32_t capacity,
                               atp_availability_ask_t *ret_ask)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_AVAILABILITY);
    memset(ret_ask, 0, sizeof *ret_ask);
    if (!atp_body_begin(reader, &reader->body_left) ||
        !atp_row_u32(reader, &reader->body_left, ATP_FIELD_OPTION, &ret_ask->flags) ||
        !atp_row_id(reader, &reader->body_left, ATP_FIELD_CHANNEL, &ret_ask->channel) ||
        reader->refusal.verdict != ATP_APPLIED) {
        return false;
    }
    if ((ret_ask->flags & ~(uint32_t)ATP_AVAILABILITY_FLAGS) != 0) {
        return atp_reader_refuse(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION,
                                 "a flag this build does not know");
    }
    bool ok = is_cross(ret_ask) ? read_cross(reader, names, capacity, ret_ask)
                                : read_pairs(reader, names, capacity, ret_ask);
    if (ok && (ret_ask->sku_count == 0 || ret_ask->node_count == 0)) {
        return atp_reader_refuse(reader, ATP_LINES_MISSING, ATP_FIELD_LINES, "nothing is asked for");
    }
    return ok;
}

static void put_names(atp_writer_t *writer, const atp_text_t *names, uint32_t count)
{
    atp_put_array(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        atp_put_text(writer, names[i]);
    }
}

void atp_write_availability_ask(atp_writer_t *writer, const atp_availability_ask_t *ask)
{
    atp_put_array(writer, is_cross(ask) ? 4 : 3);
    atp_put_uint(writer, ask->flags);
    atp_put_text(writer, ask->channel);
    if (is_cross(ask)) {
        put_names(writer, ask->skus, ask->sku_count);
        put_names(writer, ask->nodes, ask->node_count);
        return;
    }
    ATP_ASSERT(ask->sku_count == ask->node_count);
    atp_put_array(writer, ask->sku_count);
    for (uint32_t i = 0; i < ask->sku_count; i++) {
        atp_put_array(writer, 2);
        atp_put_text(writer, ask->skus[i]);
        atp_put_text(writer, ask->nodes[i]);
    }
}

/* ---- the answer ---- */

const char *atp_level_text(unsigned level)
{
    static const char *const names[] = {
#define LEVEL_NAME(number, NAME, name, sentence) [number] = (name),
        ATP_LEVELS(LEVEL_NAME)
#undef LEVEL_NAME
    };

    return level < sizeof names / sizeof names[0] ? names[level] : NULL;
}

#define ROW_COUNT_REFUSED 3 /* verdict, index, node */
#define ROW_COUNT         5 /* and atp, promisable */
#define ROW_COUNT_LEVEL   6 /* and level */
#define ROW_COUNT_STALE   7 /* and stale */
#define ROW_COUNT_COMPONENTS                                                                                 \
    13 /* in the place of stale the rest; then ready_ms, stale and value, as far as they are to be told */

bool atp_read_availability(atp_reader_t *reader, uint32_t *ret_row_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_AVAILABILITY);
    return atp_body_first_list(reader, ATP_AVAILABILITY_ROWS_MAX, ret_row_count);
}

bool atp_read_availability_row(atp_reader_t *reader, atp_availability_row_t *ret_row)
{
    atp_availability_row_t *row = ret_row;
    atp_qty_t *const qtys[] = {&row->atp, &row->promisable};
    atp_qty_t *const parts[] = {&row->on_hand,   &row->unavailable, &row->reserved,
                                &row->allocated, &row->safety,      &row->atp_signed};
    uint32_t left;
    uint8_t parts_scale;

    memset(row, 0, sizeof *row);
    if (!atp_row_begin(reader, &left)) {
        return false;
    }
    row->has_components = left > ROW_COUNT_STALE;
    if (!atp_row_u8(reader, &left, ATP_FIELD_NONE, &row->verdict) ||
        !atp_row_u32(reader, &left, ATP_FIELD_NONE, &row->index) ||
        !atp_row_id(reader, &left, ATP_FIELD_NODE, &row->node) ||
        !atp_row_qtys(reader, &left, qtys, 2, &row->scale) ||
        !atp_row_u8(reader, &left, ATP_FIELD_NONE, &row->level)) {
        return false;
    }
    if (row->has_components && (!atp_row_qtys(reader, &left, parts, 6, &parts_scale) ||
                                !atp_row_u64(reader, &left, ATP_FIELD_NONE, &row->version) ||
                                !atp_row_i64(reader, &left, ATP_FIELD_NONE, &row->ready_ms))) {
        return false;
    }
    if (!atp_row_bool(reader, &left, ATP_FIELD_NONE, &row->is_stale) ||
        (row->has_components && !atp_row_i64(reader, &left, ATP_FIELD_NONE, &row->value))) {
        return false;
    }
    if (row->has_components && parts_scale != row->scale) {
        return atp_reader_refuse(reader, ATP_MALFORMED, ATP_FIELD_QTY, "quantities of one row at two scales");
    }
    return atp_row_end(reader, left);
}

bool atp_read_availability_end(atp_reader_t *reader, bool *ret_is_as_of_one_op)
{
    return atp_list_leave(reader) &&
           atp_row_bool(reader, &reader->body_left, ATP_FIELD_NONE, ret_is_as_of_one_op);
}

void atp_write_availability_begin(atp_writer_t *writer)
{
    atp_put_array(writer, 2);
    atp_write_list_begin(writer);
}

static void put_components(atp_writer_t *writer, const atp_availability_row_t *row)
{
    atp_put_qty(writer, row->on_hand, row->scale);
    atp_put_qty(writer, row->unavailable, row->scale);
    atp_put_qty(writer, row->reserved, row->scale);
    atp_put_qty(writer, row->allocated, row->scale);
    atp_put_qty(writer, row->safety, row->scale);
    atp_put_qty(writer, row->atp_signed, row->scale);
    atp_put_uint(writer, row->version);
    if (row->ready_ms != 0 || row->is_stale || row->value != 0) {
        atp_put_int(writer, row->ready_ms);
    }
}

/* How many elements the row has. */
static uint32_t row_count(const atp_availability_row_t *row)
{
    if (row->verdict != ATP_APPLIED) {
        return ROW_COUNT_REFUSED;
    }
    if (row->has_components) {
        return ROW_COUNT_COMPONENTS + (row->value != 0      ? 3u
                                       : row->is_stale      ? 2u
                                       : row->ready_ms != 0 ? 1u
                                                            : 0u);
    }
    return row->is_stale ? ROW_COUNT_STALE : ROW_COUNT + (row->level != 0 ? 1u : 0u);
}

void atp_write_availability_row(atp_writer_t *writer, const atp_availability_row_t *row)
{
    uint32_t count = row_count(row);

    atp_put_array(writer, count);
    atp_put_uint(writer, row->verdict);
    atp_put_uint(writer, row->index);
    atp_put_text(writer, row->node);
    if (count > ROW_COUNT_REFUSED) {
        atp_put_qty(writer, row->atp, row->scale);
        atp_put_qty(writer, row->promisable, row->scale);
    }
    if (count > ROW_COUNT) {
        atp_put_uint(writer, row->level);
    }
    if (count > ROW_COUNT_STALE) {
        put_components(writer, row);
    }
    bool has_value = row->has_components && row->value != 0;
    if (count > ROW_COUNT_REFUSED && (row->is_stale || has_value)) {
        atp_write_bool(writer, row->is_stale);
    }
    if (count > ROW_COUNT_REFUSED && has_value) {
        atp_put_int(writer, row->value);
    }
    atp_list_count(writer);
}

void atp_write_availability_end(atp_writer_t *writer, bool is_as_of_one_op)
{
    atp_write_list_end(writer);
    atp_write_bool(writer, is_as_of_one_op);
}

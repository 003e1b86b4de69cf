/* Answers to ops and to outcome requests, and the outcome request itself. */
#include "protocol/message_commands.h"
#include "protocol/message_priv.h"
#include "protocol/message_query.h"

#define RESULT_IS_REPEAT 1u
#define RESULT_IS_STALE  2u
#define RESULT_OF_LINE   4u

bool atp_read_results(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_COMMANDS || reader->type == ATP_MESSAGE_OUTCOME ||
               reader->type == ATP_MESSAGE_PROMISE);
    return atp_body_list(reader, ATP_OPS_PER_MESSAGE_MAX, ret_count);
}

static bool read_grants(atp_reader_t *reader, uint32_t *left, atp_grant_t *grants, uint32_t grant_capacity,
                        uint16_t *ret_count)
{
    uint32_t count = 0;

    if (atp_take_one(left) && !atp_take_array(reader, ATP_FIELD_LINES, &count)) {
        return false;
    }
    if (count > grant_capacity || count > ATP_LINES_PER_OP_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_LINES,
                                 "more lines than there is room for");
    }
    for (uint32_t i = 0; i < count; i++) {
        grants[i] = (atp_grant_t){0};
        if (!atp_read_qty(reader, &grants[i].qty, &grants[i].scale)) {
            return false;
        }
    }
    *ret_count = (uint16_t)count;
    return true;
}

/* The lines of a plan, behind the grants. */
static bool read_plan(atp_reader_t *reader, uint32_t *left, atp_grant_t *plan, uint32_t capacity,
                      uint16_t *ret_count)
{
    uint32_t count = 0;

    if (atp_take_one(left) && !atp_take_array(reader, ATP_FIELD_LINES, &count)) {
        return false;
    }
    if (count > capacity || count > ATP_LINES_PER_OP_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_LINES,
                                 "more lines of a plan than there is room for");
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t of_line;
        plan[i] = (atp_grant_t){0};
        if (!atp_take_array(reader, ATP_FIELD_LINES, &of_line) ||
            !atp_row_u16(reader, &of_line, ATP_FIELD_LINES, &plan[i].line) ||
            !atp_row_id(reader, &of_line, ATP_FIELD_SKU, &plan[i].sku_id) ||
            !atp_row_id(reader, &of_line, ATP_FIELD_NODE, &plan[i].node_id) ||
            !atp_row_qty(reader, &of_line, &plan[i].qty, &plan[i].scale) ||
            (of_line > 0 && !atp_read_skip(reader, of_line, reader->list_depth + 3u))) {
            return false;
        }
    }
    *ret_count = (uint16_t)count;
    return true;
}

/* The account of an op: its parts, as far as there is room, and whether there were more. */
static bool read_account(atp_reader_t *reader, uint32_t *left, atp_result_t *result, atp_explain_room_t *room)
{
    atp_explanation_t unwanted;
    uint32_t of_account = 0;
    uint32_t count = 0;
    bool is_cut = false;

    if (!atp_take_one(left)) {
        return true;
    }
    if (!atp_take_array(reader, ATP_FIELD_NONE, &of_account) ||
        (atp_take_one(&of_account) && !atp_take_array(reader, ATP_FIELD_LINES, &count))) {
        return false;
    }
    if (count > ATP_EXPLAIN_PARTS_MAX) {
        return atp_reader_refuse(reader, ATP_TOO_MANY_LINES, ATP_FIELD_LINES,
                                 "more parts than an account has");
    }
    for (uint32_t i = 0; i < count; i++) {
        bool has_room = room != NULL && room->count < room->capacity;
        if (!atp_take_part(reader, has_room ? &room->parts[room->count] : &unwanted)) {
            return false;
        }
        result->part_count = (uint16_t)(result->part_count + has_room);
        is_cut = is_cut || !has_room;
        if (has_room) {
            room->count++;
        }
    }
    bool was_cut;
    if (!atp_row_bool(reader, &of_account, ATP_FIELD_NONE, &was_cut) ||
        (of_account > 0 && !atp_read_skip(reader, of_account, reader->list_depth + 2u))) {
        return false;
    }
    result->is_cut = is_cut || was_cut;
    return true;
}

bool atp_read_result(atp_reader_t *reader, atp_result_t *ret_result, atp_grant_t *grants,
                     uint32_t grant_capacity)
{
    return atp_read_result_and_account(reader, ret_result, grants, grant_capacity, NULL);
}

bool atp_read_result_and_account(atp_reader_t *reader, atp_result_t *ret_result, atp_grant_t *grants,
                                 uint32_t grant_capacity, atp_explain_room_t *account)
{
    uint32_t left;
    uint8_t flags;

    memset(ret_result, 0, sizeof *ret_result);
    if (!atp_row_begin(reader, &left) || !atp_row_u8(reader, &left, ATP_FIELD_NONE, &ret_result->verdict) ||
        !atp_row_u64(reader, &left, ATP_FIELD_NONE, &ret_result->op) ||
        !atp_row_qty(reader, &left, &ret_result->qty, &ret_result->scale) ||
        !atp_row_i64(reader, &left, ATP_FIELD_TTL, &ret_result->deadline_ms) ||
        !atp_row_u8(reader, &left, ATP_FIELD_OPTION, &flags) ||
        !atp_row_u8(reader, &left, ATP_FIELD_NONE, &ret_result->field) ||
        !atp_row_u16(reader, &left, ATP_FIELD_LINES, &ret_result->line) ||
        !read_grants(reader, &left, grants, grant_capacity, &ret_result->line_count) ||
        !read_plan(reader, &left, grants + ret_result->line_count, grant_capacity - ret_result->line_count,
                   &ret_result->plan_count) ||
        !atp_row_i64(reader, &left, ATP_FIELD_NONE, &ret_result->ready_ms) ||
        !atp_row_u8(reader, &left, ATP_FIELD_ATTRIBUTE, &ret_result->key) ||
        !read_account(reader, &left, ret_result, account)) {
        return false;
    }
    ret_result->is_repeat = (flags & RESULT_IS_REPEAT) != 0;
    ret_result->is_stale = (flags & RESULT_IS_STALE) != 0;
    ret_result->is_of_line = (flags & RESULT_OF_LINE) != 0;
    return atp_row_end(reader, left);
}

/* Elements up to the last one that says something. */
static uint32_t result_count(const atp_result_t *result)
{
    if (result->part_count > 0 || result->is_cut) {
        return 12;
    }
    if (result->key != 0) {
        return 11;
    }
    if (result->ready_ms != 0) {
        return 10;
    }
    if (result->plan_count > 0) {
        return 9;
    }
    if (result->line_count > 0) {
        return 8;
    }
    if (result->line > 0) {
        return 7;
    }
    if (result->field > 0) {
        return 6;
    }
    if (result->is_repeat || result->is_stale || result->is_of_line) {
        return 5;
    }
    if (result->deadline_ms != 0) {
        return 4;
    }
    if (result->qty != 0 || result->scale > 0) {
        return 3;
    }
    return result->op > 0 ? 2 : 1;
}

static void put_fault(atp_writer_t *writer, const atp_result_t *result, uint32_t count)
{
    atp_put_uint(writer, (result->is_repeat ? RESULT_IS_REPEAT : 0) |
                             (result->is_stale ? RESULT_IS_STALE : 0) |
                             (result->is_of_line ? RESULT_OF_LINE : 0));
    if (count > 5) {
        atp_put_uint(writer, result->field);
    }
    if (count > 6) {
        atp_put_uint(writer, result->line);
    }
}

static void put_grants(atp_writer_t *writer, const atp_grant_t *grants, uint32_t count)
{
    atp_put_array(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        atp_put_qty(writer, grants[i].qty, grants[i].scale);
    }
}

static void put_plan(atp_writer_t *writer, const atp_grant_t *plan, uint32_t count)
{
    atp_put_array(writer, count);
    for (uint32_t i = 0; i < count; i++) {
        atp_put_array(writer, 4);
        atp_put_uint(writer, plan[i].line);
        atp_put_text(writer, plan[i].sku_id);
        atp_put_text(writer, plan[i].node_id);
        atp_put_qty(writer, plan[i].qty, plan[i].scale);
    }
}

static void put_account(atp_writer_t *writer, const atp_result_t *result, const atp_explanation_t *parts)
{
    atp_put_array(writer, 2);
    atp_put_array(writer, result->part_count);
    for (uint32_t i = 0; i < result->part_count; i++) {
        atp_put_part(writer, &parts[i]);
    }
    atp_write_bool(writer, result->is_cut != 0);
}

void atp_write_result(atp_writer_t *writer, const atp_result_t *result, const atp_grant_t *grants)
{
    atp_write_result_and_account(writer, result, grants, NULL);
}

void atp_write_result_and_account(atp_writer_t *writer, const atp_result_t *result, const atp_grant_t *grants,
                                  const atp_explanation_t *parts)
{
    uint32_t count = result_count(result);

    atp_put_array(writer, count);
    atp_put_uint(writer, result->verdict);
    if (count > 1) {
        atp_put_uint(writer, result->op);
    }
    if (count > 2) {
        atp_put_qty(writer, result->qty, result->scale);
    }
    if (count > 3) {
        atp_put_int(writer, result->deadline_ms);
    }
    if (count > 4) {
        put_fault(writer, result, count);
    }
    if (count > 7) {
        put_grants(writer, grants, result->line_count);
    }
    if (count > 8) {
        put_plan(writer, grants + result->line_count, result->plan_count);
    }
    if (count > 9) {
        atp_put_int(writer, result->ready_ms);
    }
    if (count > 10) {
        atp_put_uint(writer, result->key);
    }
    if (count > 11) {
        put_account(writer, result, parts);
    }
    atp_list_count(writer);
}

/* ---- outcome ---- */

bool atp_read_outcomes(atp_reader_t *reader, uint32_t *ret_count)
{
    ATP_ASSERT(reader->type == ATP_MESSAGE_OUTCOME);
    return atp_body_list(reader, ATP_OUTCOMES_MAX, ret_count);
}

bool atp_read_outcome_ask(atp_reader_t *reader, atp_outcome_ask_t *ret_ask)
{
    uint32_t left;
    uint8_t space;

    if (!atp_row_begin(reader, &left) || !atp_row_u8(reader, &left, ATP_FIELD_OPTION, &space) ||
        !atp_row_id(reader, &left, ATP_FIELD_ID, &ret_ask->id)) {
        return false;
    }
    ret_ask->space = (atp_outcome_space_t)space;
    if (space != ATP_OUTCOME_RESERVATION && space != ATP_OUTCOME_REQUEST) {
        return atp_reader_refuse(reader, ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION,
                                 "1 = reservation, 2 = request");
    }
    if (ret_ask->id.size == 0) {
        return atp_reader_refuse(reader, ATP_ID_MISSING, ATP_FIELD_ID, "the id to ask for");
    }
    return atp_row_end(reader, left);
}

void atp_write_outcome_ask(atp_writer_t *writer, const atp_outcome_ask_t *ask)
{
    atp_put_array(writer, 2);
    atp_put_uint(writer, (uint64_t)ask->space);
    atp_put_text(writer, ask->id);
    atp_list_count(writer);
}

/* sample_recode: any message, read and written again. */
#include "tests/protocol/samples.h"

#include <stdlib.h>

#define NAMES_MAX (2 * ATP_AVAILABILITY_ROWS_MAX)

/* Room for whatever one message may hold; filled and read by one thread. */
static atp_text_t names[NAMES_MAX];
static atp_command_line_t lines[ATP_LINES_PER_OP_MAX];
static atp_grant_t grants[ATP_GRANTS_PER_OP_MAX];
static atp_explanation_t parts[ATP_EXPLAIN_PARTS_MAX];
static atp_attribute_t attributes[ATP_ATTRIBUTES_PER_OP_MAX];
static atp_record_line_t record_lines[ATP_LINES_PER_OP_MAX];

typedef bool (*row_t)(atp_reader_t *reader, atp_writer_t *writer);

/* ---- rows ---- */

static bool recode_result(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_explain_room_t account = {.parts = parts, .capacity = ATP_EXPLAIN_PARTS_MAX};
    atp_result_t result;
    if (!atp_read_result_and_account(reader, &result, grants, ATP_GRANTS_PER_OP_MAX, &account)) {
        return false;
    }
    atp_write_result_and_account(writer, &result, grants, parts);
    return true;
}

static bool recode_outcome_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_outcome_ask_t ask;
    if (!atp_read_outcome_ask(reader, &ask)) {
        return false;
    }
    atp_write_outcome_ask(writer, &ask);
    return true;
}

static bool recode_reservation_id(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_text_t id;
    if (!atp_read_reservation_id(reader, &id)) {
        return false;
    }
    atp_write_reservation_id(writer, id);
    return true;
}

static bool recode_step(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_step_row_t row;
    if (!atp_read_step(reader, &row)) {
        return false;
    }
    atp_write_step(writer, &row);
    return true;
}

static bool recode_record(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_record_t record;
    if (!atp_read_record(reader, &record, record_lines, ATP_LINES_PER_OP_MAX)) {
        return false;
    }
    atp_write_record(writer, &record);
    return true;
}

static bool recode_position(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_position_row_t row;
    if (!atp_read_position(reader, &row)) {
        return false;
    }
    atp_write_position(writer, &row);
    return true;
}

static bool recode_exception(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_exception_row_t row;
    atp_text_t ids[ATP_EXCEPTION_IDS_MAX];
    if (!atp_read_exception(reader, &row, ids, ATP_EXCEPTION_IDS_MAX)) {
        return false;
    }
    atp_write_exception(writer, &row);
    return true;
}

static bool recode_entry(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_catalog_entry_t entry;
    if (!atp_read_catalog_entry(reader, &entry)) {
        return false;
    }
    atp_write_catalog_entry(writer, &entry);
    return true;
}

static bool recode_stat(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_stat_t stat;
    if (!atp_read_stat(reader, &stat)) {
        return false;
    }
    atp_write_stat(writer, &stat);
    return true;
}

static bool recode_availability_row(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_availability_row_t row;
    if (!atp_read_availability_row(reader, &row)) {
        return false;
    }
    atp_write_availability_row(writer, &row);
    return true;
}

/* ---- bodies ---- */

static bool recode_rows(atp_reader_t *reader, atp_writer_t *writer, uint32_t count, row_t row)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!row(reader, writer)) {
            return false;
        }
    }
    return true;
}

static bool recode_list(atp_reader_t *reader, atp_writer_t *writer, uint32_t count, row_t row)
{
    atp_write_list_begin(writer);
    bool ok = recode_rows(reader, writer, count, row);
    atp_write_list_end(writer);
    return ok;
}

static bool recode_page(atp_reader_t *reader, atp_writer_t *writer, row_t row)
{
    uint32_t count;
    uint64_t next_cursor;
    if (!atp_read_page(reader, &count)) {
        return false;
    }
    atp_write_page_begin(writer);
    if (!recode_rows(reader, writer, count, row) || !atp_read_page_end(reader, &next_cursor)) {
        return false;
    }
    atp_write_page_end(writer, next_cursor);
    return true;
}

static bool recode_availability(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;
    bool is_as_of_one_op;
    if (!atp_read_availability(reader, &count)) {
        return false;
    }
    atp_write_availability_begin(writer);
    if (!recode_rows(reader, writer, count, recode_availability_row) ||
        !atp_read_availability_end(reader, &is_as_of_one_op)) {
        return false;
    }
    atp_write_availability_end(writer, is_as_of_one_op);
    return true;
}

static bool recode_availability_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_availability_ask_t ask;
    if (!atp_read_availability_ask(reader, names, NAMES_MAX, &ask)) {
        return false;
    }
    atp_write_availability_ask(writer, &ask);
    return true;
}

static bool recode_explain_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_explain_ask_t ask;
    if (!atp_read_explain_ask(reader, lines, &ask)) {
        return false;
    }
    atp_write_explain_ask(writer, &ask);
    return true;
}

static bool recode_explain_part(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_explanation_t part;
    if (!atp_read_explain_part(reader, &part)) {
        return false;
    }
    atp_write_explain_part(writer, &part);
    return true;
}

static bool recode_explain(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;
    bool is_cut;
    if (!atp_read_explain(reader, &count)) {
        return false;
    }
    atp_write_explain_begin(writer);
    if (!recode_rows(reader, writer, count, recode_explain_part) || !atp_read_explain_end(reader, &is_cut)) {
        return false;
    }
    atp_write_explain_end(writer, is_cut);
    return true;
}

static bool recode_trace_query(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_trace_query_t query;
    if (!atp_read_trace_query(reader, &query)) {
        return false;
    }
    atp_write_trace_query(writer, &query);
    return true;
}

static bool recode_trace_row(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_trace_row_t row;
    if (!atp_read_trace_row(reader, &row)) {
        return false;
    }
    atp_write_trace_row(writer, &row);
    return true;
}

static bool recode_trace(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t rows;
    uint64_t from_op;
    uint64_t count;
    if (!atp_read_trace(reader, &rows)) {
        return false;
    }
    atp_write_trace_begin(writer);
    if (!recode_rows(reader, writer, rows, recode_trace_row) ||
        !atp_read_trace_end(reader, &from_op, &count)) {
        return false;
    }
    atp_write_trace_end(writer, from_op, count);
    return true;
}

static bool recode_postings_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_postings_ask_t ask;
    if (!atp_read_postings_ask(reader, &ask)) {
        return false;
    }
    atp_write_postings_ask(writer, &ask);
    return true;
}

static bool recode_postings_of(atp_reader_t *reader, atp_writer_t *writer)
{
    uint64_t ops[ATP_POSTINGS_OPS_MAX];
    uint32_t count;
    if (!atp_read_postings_of(reader, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_postings_op(reader, &ops[i])) {
            return false;
        }
    }
    atp_write_postings_of(writer, ops, count);
    return true;
}

static bool recode_posting(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_posting_row_t row;
    if (!atp_read_posting(reader, &row)) {
        return false;
    }
    atp_write_posting(writer, &row);
    return true;
}

static bool recode_postings(atp_reader_t *reader, atp_writer_t *writer, bool has_end)
{
    atp_postings_end_t end;
    uint32_t rows;
    if (!atp_read_postings(reader, &rows)) {
        return false;
    }
    atp_write_postings_begin(writer, has_end);
    if (!recode_rows(reader, writer, rows, recode_posting)) {
        return false;
    }
    if (!has_end) {
        atp_write_postings_of_end(writer);
        return true;
    }
    if (!atp_read_postings_end(reader, &end)) {
        return false;
    }
    atp_write_postings_end(writer, &end);
    return true;
}

static bool recode_schedule_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_schedule_ask_t ask;
    if (!atp_read_schedule_ask(reader, &ask)) {
        return false;
    }
    atp_write_schedule_ask(writer, &ask);
    return true;
}

static bool recode_schedule_row(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_schedule_row_t row;
    if (!atp_read_schedule_row(reader, &row)) {
        return false;
    }
    atp_write_schedule_row(writer, &row);
    return true;
}

static bool recode_schedule(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;
    uint64_t cursor;
    if (!atp_read_schedule(reader, &count)) {
        return false;
    }
    atp_write_schedule_begin(writer);
    if (!recode_rows(reader, writer, count, recode_schedule_row) || !atp_read_schedule_end(reader, &cursor)) {
        return false;
    }
    atp_write_schedule_end(writer, cursor);
    return true;
}

/* Elements of a list that is open already. */
static bool recode_ops(atp_reader_t *reader, atp_writer_t *writer, uint32_t count, uint32_t *op_refusals)
{
    const atp_command_t refused = {
        .kind = ATP_OP_EXTEND, .id = ATP_TEXT("refused"), .reservation = ATP_TEXT("")};
    const atp_command_line_t line = {ATP_TEXT("refused"), ATP_TEXT("refused"), 0, 0};
    const atp_command_t refused_fact = {
        .kind = ATP_OP_SAFETY, .id = ATP_TEXT("refused"), .line_count = 1, .lines = &line};
    const atp_command_room_t room = {.lines = lines,
                                     .line_capacity = ATP_LINES_PER_OP_MAX,
                                     .attributes = attributes,
                                     .attribute_capacity = ATP_ATTRIBUTES_PER_OP_MAX};
    atp_command_t command;
    atp_refusal_t refusal;

    for (uint32_t i = 0; i < count; i++) {
        if (!atp_read_command(reader, &command, &room, &refusal)) {
            return false;
        }
        if (refusal.verdict != ATP_APPLIED) {
            ++*op_refusals;
            atp_write_command(writer, reader->is_facts ? &refused_fact : &refused);
        } else {
            atp_write_command(writer, &command);
        }
    }
    return true;
}

static bool recode_commands(atp_reader_t *reader, atp_writer_t *writer, uint32_t *op_refusals)
{
    uint32_t count;
    if (!atp_read_commands(reader, &count)) {
        return false;
    }
    atp_write_list_begin(writer);
    bool ok = recode_ops(reader, writer, count, op_refusals);
    atp_write_list_end(writer);
    return ok;
}

static bool recode_page_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_page_ask_t ask;
    if (!atp_read_page_ask(reader, &ask)) {
        return false;
    }
    atp_write_page_ask(writer, (atp_message_type_t)reader->type, &ask);
    return true;
}

static bool recode_source_ask(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_text_t source;

    if (!atp_read_source_ask(reader, &source)) {
        return false;
    }
    atp_write_source_ask(writer, source);
    return true;
}

static bool recode_source_gap(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_source_gap_t gap;

    if (!atp_read_source_gap(reader, &gap)) {
        return false;
    }
    atp_write_source_gap(writer, &gap);
    return true;
}

static bool recode_source_state(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_source_state_t state;
    uint32_t gaps;

    if (!atp_read_source_state(reader, &gaps)) {
        return false;
    }
    atp_write_source_state_begin(writer);
    if (!recode_rows(reader, writer, gaps, recode_source_gap) || !atp_read_source_state_end(reader, &state)) {
        return false;
    }
    atp_write_source_state_end(writer, &state);
    return true;
}

static bool recode_batch(atp_reader_t *reader, atp_writer_t *writer, uint32_t *op_refusals)
{
    atp_facts_t facts;
    uint32_t count;

    if (!atp_read_batch(reader, &facts, &count)) {
        return false;
    }
    atp_write_batch_begin(writer, &facts);
    bool ok = recode_ops(reader, writer, count, op_refusals);
    atp_write_list_end(writer);
    return ok;
}

static bool recode_batch_answer(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_batch_answer_t answer;

    if (!atp_read_batch_answer(reader, &answer)) {
        return false;
    }
    atp_write_batch_answer(writer, &answer);
    return true;
}

static bool recode_request(atp_reader_t *reader, atp_writer_t *writer, uint32_t *op_refusals)
{
    uint32_t count;

    switch (reader->type) {
    case ATP_MESSAGE_COMMANDS:
    case ATP_MESSAGE_PROMISE:
        return recode_commands(reader, writer, op_refusals);
    case ATP_MESSAGE_AVAILABILITY:
        return recode_availability_ask(reader, writer);
    case ATP_MESSAGE_OUTCOME:
        return atp_read_outcomes(reader, &count) && recode_list(reader, writer, count, recode_outcome_ask);
    case ATP_MESSAGE_RESERVATION:
    case ATP_MESSAGE_ORDER:
    case ATP_MESSAGE_HISTORY:
        return atp_read_reservation_ids(reader, &count) &&
               recode_list(reader, writer, count, recode_reservation_id);
    case ATP_MESSAGE_EXPLAIN:
        return recode_explain_ask(reader, writer);
    case ATP_MESSAGE_SCHEDULE:
        return recode_schedule_ask(reader, writer);
    case ATP_MESSAGE_POSTINGS:
        return recode_postings_ask(reader, writer);
    case ATP_MESSAGE_POSTINGS_OF:
        return recode_postings_of(reader, writer);
    case ATP_MESSAGE_TRACE:
        return recode_trace_query(reader, writer);
    case ATP_MESSAGE_SOURCE_STATE:
        return recode_source_ask(reader, writer);
    case ATP_MESSAGE_BATCH:
        return recode_batch(reader, writer, op_refusals);
    case ATP_MESSAGE_STAT:
        atp_write_stat_ask(writer);
        return atp_read_stat_ask(reader);
    default:
        return recode_page_ask(reader, writer);
    }
}

static bool recode_error(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_error_t error;
    if (!atp_read_error(reader, &error)) {
        return false;
    }
    atp_write_error(writer, &error);
    return true;
}

static bool recode_crossing(atp_reader_t *reader, atp_writer_t *writer)
{
    atp_crossing_row_t row;

    if (!atp_read_crossing(reader, &row)) {
        return false;
    }
    atp_write_crossing(writer, &row);
    return true;
}

static bool recode_response(atp_reader_t *reader, atp_writer_t *writer)
{
    uint32_t count;

    switch (reader->type) {
    case ATP_MESSAGE_COMMANDS:
    case ATP_MESSAGE_OUTCOME:
    case ATP_MESSAGE_PROMISE:
        return atp_read_results(reader, &count) && recode_list(reader, writer, count, recode_result);
    case ATP_MESSAGE_AVAILABILITY:
        return recode_availability(reader, writer);
    case ATP_MESSAGE_HISTORY:
        return atp_read_steps(reader, &count) && recode_list(reader, writer, count, recode_step);
    case ATP_MESSAGE_RESERVATION:
    case ATP_MESSAGE_ORDER:
        return atp_read_records(reader, &count) && recode_list(reader, writer, count, recode_record);
    case ATP_MESSAGE_RESERVATIONS:
        return recode_page(reader, writer, recode_record);
    case ATP_MESSAGE_POSITIONS:
        return recode_page(reader, writer, recode_position);
    case ATP_MESSAGE_EXCEPTIONS:
        return recode_page(reader, writer, recode_exception);
    case ATP_MESSAGE_CROSSINGS:
        return recode_page(reader, writer, recode_crossing);
    case ATP_MESSAGE_STAT:
        return atp_read_stats(reader, &count) && recode_list(reader, writer, count, recode_stat);
    case ATP_MESSAGE_CATALOG:
        return recode_page(reader, writer, recode_entry);
    case ATP_MESSAGE_EXPLAIN:
        return recode_explain(reader, writer);
    case ATP_MESSAGE_SCHEDULE:
        return recode_schedule(reader, writer);
    case ATP_MESSAGE_POSTINGS:
    case ATP_MESSAGE_POSTINGS_OF:
        return recode_postings(reader, writer, reader->type == ATP_MESSAGE_POSTINGS);
    case ATP_MESSAGE_TRACE:
        return recode_trace(reader, writer);
    case ATP_MESSAGE_SOURCE_STATE:
        return recode_source_state(reader, writer);
    case ATP_MESSAGE_BATCH:
        return recode_batch_answer(reader, writer);
    default:
        return recode_error(reader, writer);
    }
}

static bool recode_event(atp_reader_t *reader, atp_writer_t *writer, uint32_t *op_refusals)
{
    atp_facts_t facts;
    atp_availability_event_t event;
    atp_crossing_event_t crossing;
    atp_staleness_event_t staleness;
    uint32_t count;

    if (reader->type == ATP_MESSAGE_FACTS) {
        if (!atp_read_facts(reader, &facts, &count)) {
            return false;
        }
        atp_write_facts_begin(writer, &facts);
        bool ok = recode_ops(reader, writer, count, op_refusals);
        atp_write_list_end(writer);
        return ok;
    }
    if (reader->type == ATP_MESSAGE_CROSSINGS) {
        if (!atp_read_crossing_event(reader, &crossing)) {
            return false;
        }
        atp_write_crossing_event(writer, &crossing);
        return true;
    }
    if (reader->type == ATP_MESSAGE_STALENESS) {
        if (!atp_read_staleness_event(reader, &staleness)) {
            return false;
        }
        atp_write_staleness_event(writer, &staleness);
        return true;
    }
    if (!atp_read_availability_event(reader, &event)) {
        return false;
    }
    atp_write_availability_event(writer, &event);
    return true;
}

static bool open_and_recode(sample_way_t way, const void *bytes, size_t size, atp_reader_t *reader,
                            atp_writer_t *writer, uint32_t *op_refusals)
{
    atp_request_t request;
    atp_response_t response;

    switch (way) {
    case SAMPLE_REQUEST:
        if (!atp_request_open(bytes, size, reader, &request)) {
            return false;
        }
        atp_write_request(writer, &request);
        return recode_request(reader, writer, op_refusals);
    case SAMPLE_RESPONSE:
        if (!atp_response_open(bytes, size, reader, &response)) {
            return false;
        }
        atp_write_response(writer, &response);
        return recode_response(reader, writer);
    case SAMPLE_EVENT:
        return atp_event_open(bytes, size, reader) && recode_event(reader, writer, op_refusals);
    }
    abort();
}

bool sample_recode(sample_way_t way, const void *bytes, size_t size, atp_writer_t *writer,
                   atp_refusal_t *ret_refusal, uint32_t *ret_op_refusals)
{
    atp_reader_t reader;

    *ret_op_refusals = 0;
    bool ok =
        open_and_recode(way, bytes, size, &reader, writer, ret_op_refusals) && atp_message_close(&reader);
    ATP_ASSERT(ok == (reader.refusal.verdict == ATP_APPLIED));
    *ret_refusal = reader.refusal;
    return ok;
}

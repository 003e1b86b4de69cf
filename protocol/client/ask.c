/* Questions, and their answers as rows. */
#include "protocol/client/client_priv.h"

#include <stdlib.h>

struct atp_answer {
    nng_msg *message; /* what the texts of the rows point into; NULL when refused */
    uint8_t type;     /* atp_message_type_t */
    atp_answer_head_t head;
    void *rows;
    char detail[ATP_DETAIL_SIZE_MAX];
    void *parts; /* what the rows point to: lines of records, ids of exceptions */
};

/* ---- rows ---- */

/* Parts of rows, gathered while their number is not known. */
typedef struct parts {
    void *items;
    size_t item_size;
    size_t count;
    size_t capacity;
} parts_t;

static bool parts_add(parts_t *parts, const void *items, size_t count)
{
    if (parts->count + count > parts->capacity) {
        size_t capacity = 2 * (parts->count + count);
        void *grown = realloc(parts->items, capacity * parts->item_size);

        if (grown == NULL) {
            return false;
        }
        parts->items = grown;
        parts->capacity = capacity;
    }
    if (count > 0) {
        memcpy((char *)parts->items + parts->count * parts->item_size, items, count * parts->item_size);
    }
    parts->count += count;
    return true;
}

static atp_err_t read_availability(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_availability_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_availability_row(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return atp_read_availability_end(reader, &answer->head.is_as_of_one_op) ? ATP_OK : ATP_ERR_FORMAT;
}

static atp_err_t read_records(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_record_line_t *scratch = malloc(ATP_LINES_PER_OP_MAX * sizeof *scratch);
    parts_t parts = {.item_size = sizeof *scratch};
    atp_record_t *rows = answer->rows;
    atp_err_t err = scratch != NULL ? ATP_OK : ATP_ERR_MEMORY;
    size_t at = 0;

    for (uint32_t i = 0; i < answer->head.row_count && err == ATP_OK; i++) {
        if (!atp_read_record(reader, &rows[i], scratch, ATP_LINES_PER_OP_MAX)) {
            err = ATP_ERR_FORMAT;
        } else if (!parts_add(&parts, scratch, rows[i].line_count)) {
            err = ATP_ERR_MEMORY;
        }
    }
    answer->parts = parts.items;
    for (uint32_t i = 0; i < answer->head.row_count && err == ATP_OK; i++) {
        rows[i].lines = rows[i].line_count > 0 ? (const atp_record_line_t *)parts.items + at : NULL;
        at += rows[i].line_count;
    }
    free(scratch);
    return err;
}

static atp_err_t read_positions(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_position_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_position(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return ATP_OK;
}

static atp_err_t read_exceptions(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_text_t scratch[ATP_EXCEPTION_IDS_MAX];
    parts_t parts = {.item_size = sizeof *scratch};
    atp_exception_row_t *rows = answer->rows;
    atp_err_t err = ATP_OK;
    size_t at = 0;

    for (uint32_t i = 0; i < answer->head.row_count && err == ATP_OK; i++) {
        if (!atp_read_exception(reader, &rows[i], scratch, ATP_EXCEPTION_IDS_MAX)) {
            err = ATP_ERR_FORMAT;
        } else if (!parts_add(&parts, scratch, rows[i].id_count)) {
            err = ATP_ERR_MEMORY;
        }
    }
    answer->parts = parts.items;
    for (uint32_t i = 0; i < answer->head.row_count && err == ATP_OK; i++) {
        rows[i].ids = rows[i].id_count > 0 ? (const atp_text_t *)parts.items + at : NULL;
        at += rows[i].id_count;
    }
    return err;
}

static atp_err_t read_crossings(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_crossing_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_crossing(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return ATP_OK;
}

static atp_err_t read_steps(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_step_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_step(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return ATP_OK;
}

static atp_err_t read_explanations(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_explanation_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_explain_part(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return atp_read_explain_end(reader, &answer->head.is_cut) ? ATP_OK : ATP_ERR_FORMAT;
}

static atp_err_t read_traces(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_trace_row_t *rows = answer->rows;
    uint64_t count;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_trace_row(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    if (!atp_read_trace_end(reader, &answer->head.from_op, &count)) {
        return ATP_ERR_FORMAT;
    }
    answer->head.is_cut = count > answer->head.row_count;
    return ATP_OK;
}

static atp_err_t read_postings(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_posting_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_posting(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    if (answer->type == ATP_MESSAGE_POSTINGS_OF) {
        return ATP_OK;
    }
    return atp_read_postings_end(reader, &answer->head.postings) ? ATP_OK : ATP_ERR_FORMAT;
}

static atp_err_t read_schedule(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_schedule_row_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_schedule_row(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return atp_read_schedule_end(reader, &answer->head.next_cursor) ? ATP_OK : ATP_ERR_FORMAT;
}

static atp_err_t read_catalog(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_catalog_entry_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_catalog_entry(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return ATP_OK;
}

static atp_err_t read_stats(atp_reader_t *reader, atp_answer_t *answer)
{
    atp_stat_t *rows = answer->rows;

    for (uint32_t i = 0; i < answer->head.row_count; i++) {
        if (!atp_read_stat(reader, &rows[i])) {
            return ATP_ERR_FORMAT;
        }
    }
    return ATP_OK;
}

/* How the answer of each type is read. */
static const struct layout {
    bool (*begin)(atp_reader_t *reader, uint32_t *ret_count);
    atp_err_t (*read)(atp_reader_t *reader, atp_answer_t *answer);
    size_t row_size;
    bool is_page;
} layouts[] = {
    [ATP_MESSAGE_AVAILABILITY] = {atp_read_availability, read_availability, sizeof(atp_availability_row_t),
                                  false},
    [ATP_MESSAGE_RESERVATION] = {atp_read_records, read_records, sizeof(atp_record_t), false},
    [ATP_MESSAGE_ORDER] = {atp_read_records, read_records, sizeof(atp_record_t), false},
    [ATP_MESSAGE_HISTORY] = {atp_read_steps, read_steps, sizeof(atp_step_row_t), false},
    [ATP_MESSAGE_RESERVATIONS] = {atp_read_page, read_records, sizeof(atp_record_t), true},
    [ATP_MESSAGE_POSITIONS] = {atp_read_page, read_positions, sizeof(atp_position_row_t), true},
    [ATP_MESSAGE_EXCEPTIONS] = {atp_read_page, read_exceptions, sizeof(atp_exception_row_t), true},
    [ATP_MESSAGE_CROSSINGS] = {atp_read_page, read_crossings, sizeof(atp_crossing_row_t), true},
    [ATP_MESSAGE_STAT] = {atp_read_stats, read_stats, sizeof(atp_stat_t), false},
    [ATP_MESSAGE_EXPLAIN] = {atp_read_explain, read_explanations, sizeof(atp_explanation_t), false},
    [ATP_MESSAGE_TRACE] = {atp_read_trace, read_traces, sizeof(atp_trace_row_t), false},
    [ATP_MESSAGE_POSTINGS] = {atp_read_postings, read_postings, sizeof(atp_posting_row_t), false},
    [ATP_MESSAGE_POSTINGS_OF] = {atp_read_postings, read_postings, sizeof(atp_posting_row_t), false},
    [ATP_MESSAGE_SCHEDULE] = {atp_read_schedule, read_schedule, sizeof(atp_schedule_row_t), false},
    [ATP_MESSAGE_CATALOG] = {atp_read_page, read_catalog, sizeof(atp_catalog_entry_t), true},
};

static atp_err_t read_answer(atp_answer_t *answer)
{
    const struct layout *layout = &layouts[answer->type];
    atp_response_t response;
    atp_reader_t reader;
    atp_err_t err;

    if (!atp_response_open(nng_msg_body(answer->message), nng_msg_len(answer->message), &reader, &response) ||
        !layout->begin(&reader, &answer->head.row_count)) {
        return ATP_ERR_FORMAT;
    }
    answer->head.as_of = (atp_as_of_t){response.incarnation, response.applied_op, response.durable_op};
    answer->rows = calloc(answer->head.row_count > 0 ? answer->head.row_count : 1, layout->row_size);
    if (answer->rows == NULL) {
        return ATP_ERR_MEMORY;
    }
    err = layout->read(&reader, answer);
    if (err == ATP_OK && layout->is_page && !atp_read_page_end(&reader, &answer->head.next_cursor)) {
        err = ATP_ERR_FORMAT;
    }
    return err == ATP_OK && !atp_message_close(&reader) ? ATP_ERR_FORMAT : err;
}

/* ---- the answer ---- */

atp_answer_head_t atp_answer_head(const atp_answer_t *answer)
{
    return answer->head;
}

void atp_answer_free(atp_answer_t *answer)
{
    if (answer == NULL) {
        return;
    }
    if (answer->message != NULL) {
        nng_msg_free(answer->message);
    }
    free(answer->rows);
    free(answer->parts);
    free(answer);
}

static const void *rows_of(const atp_answer_t *answer, bool has_type)
{
    return has_type && answer->head.row_count > 0 ? answer->rows : NULL;
}

const atp_availability_row_t *atp_answer_availability(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_AVAILABILITY);
}

const atp_schedule_row_t *atp_answer_schedule(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_SCHEDULE);
}

const atp_record_t *atp_answer_records(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_RESERVATION ||
                               answer->type == ATP_MESSAGE_RESERVATIONS || answer->type == ATP_MESSAGE_ORDER);
}

const atp_trace_row_t *atp_answer_traces(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_TRACE);
}

const atp_posting_row_t *atp_answer_postings(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_POSTINGS || answer->type == ATP_MESSAGE_POSTINGS_OF);
}

const atp_step_row_t *atp_answer_steps(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_HISTORY);
}

const atp_position_row_t *atp_answer_positions(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_POSITIONS);
}

const atp_exception_row_t *atp_answer_exceptions(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_EXCEPTIONS);
}

const atp_crossing_row_t *atp_answer_crossings(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_CROSSINGS);
}

const atp_catalog_entry_t *atp_answer_catalog(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_CATALOG);
}

const atp_stat_t *atp_answer_stats(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_STAT);
}

const atp_explanation_t *atp_answer_explanations(const atp_answer_t *answer)
{
    return rows_of(answer, answer->type == ATP_MESSAGE_EXPLAIN);
}

/* ---- asking ---- */

static atp_err_t ask(atp_client_t *client, atp_message_type_t type, atp_call_write_t write,
                     const void *context, atp_answer_t **ret_answer)
{
    atp_call_t call = {.type = type, .write = write, .write_context = context};
    atp_answer_t *answer = calloc(1, sizeof *answer);
    atp_err_t err;

    if (answer == NULL) {
        return ATP_ERR_MEMORY;
    }
    answer->type = (uint8_t)type;
    call.ret_detail = answer->detail;
    err = atp_client_do(client, &call);
    if (err == ATP_OK && call.end.refusal != ATP_APPLIED) {
        answer->head.as_of = call.end.as_of;
        answer->head.verdict = (uint8_t)call.end.refusal;
        answer->head.field = (uint8_t)call.end.field;
        answer->head.detail = (atp_text_t){answer->detail, call.detail_size};
    } else if (err == ATP_OK) {
        answer->message = call.message;
        err = read_answer(answer);
    }
    if (err != ATP_OK) {
        atp_answer_free(answer);
        return err;
    }
    *ret_answer = answer;
    return ATP_OK;
}

static void write_schedule(atp_writer_t *writer, const void *context)
{
    atp_write_schedule_ask(writer, context);
}

atp_err_t atp_client_schedule(atp_client_t *client, const atp_schedule_ask_t *asked,
                              atp_answer_t **ret_answer)
{
    return ask(client, ATP_MESSAGE_SCHEDULE, write_schedule, asked, ret_answer);
}

static void write_availability(atp_writer_t *writer, const void *context)
{
    atp_write_availability_ask(writer, context);
}

atp_err_t atp_client_availability(atp_client_t *client, const atp_availability_ask_t *asked,
                                  atp_answer_t **ret_answer)
{
    return ask(client, ATP_MESSAGE_AVAILABILITY, write_availability, asked, ret_answer);
}

static void write_explain(atp_writer_t *writer, const void *context)
{
    atp_write_explain_ask(writer, context);
}

atp_err_t atp_client_explain(atp_client_t *client, const atp_explain_ask_t *asked, atp_answer_t **ret_answer)
{
    if (asked->line_count < 1 || asked->line_count > ATP_EXPLAIN_LINES_MAX) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_EXPLAIN, write_explain, asked, ret_answer);
}

static void write_trace(atp_writer_t *writer, const void *context)
{
    atp_write_trace_query(writer, context);
}

atp_err_t atp_client_trace(atp_client_t *client, const atp_trace_query_t *query, atp_answer_t **ret_answer)
{
    if ((query->correlation.size > 0) == (query->reservation.size > 0)) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_TRACE, write_trace, query, ret_answer);
}

static void write_postings(atp_writer_t *writer, const void *context)
{
    atp_write_postings_ask(writer, context);
}

atp_err_t atp_client_postings(atp_client_t *client, const atp_postings_ask_t *asked,
                              atp_answer_t **ret_answer)
{
    if (asked->subscriber.size == 0 || asked->limit > ATP_POSTINGS_MAX) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_POSTINGS, write_postings, asked, ret_answer);
}

typedef struct ops {
    const uint64_t *ops;
    uint32_t count;
} ops_t;

static void write_ops(atp_writer_t *writer, const void *context)
{
    const ops_t *ops = context;

    atp_write_postings_of(writer, ops->ops, ops->count);
}

atp_err_t atp_client_postings_of(atp_client_t *client, const uint64_t *ops, uint32_t count,
                                 atp_answer_t **ret_answer)
{
    const ops_t list = {ops, count};

    if (count < 1 || count > ATP_POSTINGS_OPS_MAX) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_POSTINGS_OF, write_ops, &list, ret_answer);
}

typedef struct ids {
    const atp_text_t *ids;
    uint32_t count;
} ids_t;

static void write_ids(atp_writer_t *writer, const void *context)
{
    const ids_t *ids = context;

    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < ids->count; i++) {
        atp_write_reservation_id(writer, ids->ids[i]);
    }
    atp_write_list_end(writer);
}

atp_err_t atp_client_reservation(atp_client_t *client, const atp_text_t *ids, uint32_t count,
                                 atp_answer_t **ret_answer)
{
    const ids_t list = {ids, count};

    if (count < 1 || count > ATP_RESERVATIONS_MAX) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_RESERVATION, write_ids, &list, ret_answer);
}

atp_err_t atp_client_order(atp_client_t *client, const atp_text_t *orders, uint32_t count,
                           atp_answer_t **ret_answer)
{
    const ids_t list = {orders, count};

    if (count < 1 || count > ATP_RESERVATIONS_MAX) {
        return ATP_ERR_INVALID;
    }
    return ask(client, ATP_MESSAGE_ORDER, write_ids, &list, ret_answer);
}

atp_err_t atp_client_history(atp_client_t *client, atp_text_t reservation, atp_answer_t **ret_answer)
{
    const ids_t list = {&reservation, 1};

    return ask(client, ATP_MESSAGE_HISTORY, write_ids, &list, ret_answer);
}

typedef struct page {
    atp_message_type_t type;
    const atp_page_ask_t *ask;
} page_t;

static void write_page(atp_writer_t *writer, const void *context)
{
    const page_t *page = context;

    atp_write_page_ask(writer, page->type, page->ask);
}

static atp_err_t ask_page(atp_client_t *client, atp_message_type_t type, const atp_page_ask_t *asked,
                          atp_answer_t **ret_answer)
{
    const page_t page = {type, asked};

    return ask(client, type, write_page, &page, ret_answer);
}

atp_err_t atp_client_reservations(atp_client_t *client, const atp_page_ask_t *asked,
                                  atp_answer_t **ret_answer)
{
    return ask_page(client, ATP_MESSAGE_RESERVATIONS, asked, ret_answer);
}

atp_err_t atp_client_positions(atp_client_t *client, const atp_page_ask_t *asked, atp_answer_t **ret_answer)
{
    return ask_page(client, ATP_MESSAGE_POSITIONS, asked, ret_answer);
}

atp_err_t atp_client_exceptions(atp_client_t *client, const atp_page_ask_t *asked, atp_answer_t **ret_answer)
{
    return ask_page(client, ATP_MESSAGE_EXCEPTIONS, asked, ret_answer);
}

atp_err_t atp_client_crossings(atp_client_t *client, const atp_page_ask_t *asked, atp_answer_t **ret_answer)
{
    return ask_page(client, ATP_MESSAGE_CROSSINGS, asked, ret_answer);
}

atp_err_t atp_client_catalog(atp_client_t *client, const atp_page_ask_t *asked, atp_answer_t **ret_answer)
{
    return ask_page(client, ATP_MESSAGE_CATALOG, asked, ret_answer);
}

static void write_stat(atp_writer_t *writer, const void *context)
{
    (void)context;
    atp_write_stat_ask(writer);
}

atp_err_t atp_client_stat(atp_client_t *client, atp_answer_t **ret_answer)
{
    return ask(client, ATP_MESSAGE_STAT, write_stat, NULL, ret_answer);
}

typedef struct outcomes {
    const atp_outcome_ask_t *asks;
    uint32_t count;
} outcomes_t;

static void write_outcomes(atp_writer_t *writer, const void *context)
{
    const outcomes_t *outcomes = context;

    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < outcomes->count; i++) {
        atp_write_outcome_ask(writer, &outcomes->asks[i]);
    }
    atp_write_list_end(writer);
}

atp_err_t atp_client_outcome(atp_client_t *client, const atp_outcome_ask_t *asks, uint32_t count,
                             atp_result_t *ret_results, atp_grants_t *grants, atp_as_of_t *ret_as_of)
{
    const outcomes_t outcomes = {asks, count};
    atp_call_t call = {.type = ATP_MESSAGE_OUTCOME, .write = write_outcomes, .write_context = &outcomes};

    if (count < 1 || count > ATP_OUTCOMES_MAX) {
        return ATP_ERR_INVALID;
    }
    return atp_client_do_results(client, &call, count, ret_results, grants, ret_as_of);
}

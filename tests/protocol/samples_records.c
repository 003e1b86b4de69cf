/* The samples of records, pages, figures and refusals. */
#include "tests/protocol/samples_priv.h"

static void write_cart_77(atp_writer_t *writer)
{
    const atp_record_line_t lines[] = {
        {ATP_TEXT("TSHIRT-M"),
         ATP_TEXT("berlin"),
         2,
         0,
         1,
         1,
         {[ATP_PART_PICKED] = 1, [ATP_PART_DELIVERED] = 1},
         0},
        {ATP_TEXT("ROPE"), ATP_TEXT("lyon-2"), 250, 250, 0, 0, {0}, 2},
    };
    const atp_record_t record = {.state = ATP_RECORD_RESERVED,
                                 .id = ATP_TEXT("cart-77"),
                                 .owner = ATP_TEXT("anna"),
                                 .channel = ATP_TEXT("web"),
                                 .created_ms = T0,
                                 .version = 1002,
                                 .deadline_ms = T0 + 900000,
                                 .line_count = 2,
                                 .lines = lines,
                                 .order = ATP_TEXT("4711"),
                                 .status = ATP_TEXT("waiting for payment")};
    atp_write_record(writer, &record);
}

void sample_write_reservation_ask(atp_writer_t *writer)
{
    sample_begin_request(writer, ATP_MESSAGE_RESERVATION);
    atp_write_list_begin(writer);
    atp_write_reservation_id(writer, ATP_TEXT("cart-77"));
    atp_write_reservation_id(writer, ATP_TEXT("cart-0"));
    atp_write_list_end(writer);
}

void sample_write_reservation(atp_writer_t *writer)
{
    const atp_record_t unknown = {.verdict = ATP_UNKNOWN_RESERVATION, .id = ATP_TEXT("cart-0")};
    sample_begin_response(writer, ATP_MESSAGE_RESERVATION);
    atp_write_list_begin(writer);
    write_cart_77(writer);
    atp_write_record(writer, &unknown);
    atp_write_list_end(writer);
}

void sample_write_order_ask(atp_writer_t *writer)
{
    sample_begin_request(writer, ATP_MESSAGE_ORDER);
    atp_write_list_begin(writer);
    atp_write_reservation_id(writer, ATP_TEXT("4711"));
    atp_write_list_end(writer);
}

void sample_write_order(atp_writer_t *writer)
{
    sample_begin_response(writer, ATP_MESSAGE_ORDER);
    atp_write_list_begin(writer);
    write_cart_77(writer);
    atp_write_list_end(writer);
}

void sample_write_history_ask(atp_writer_t *writer)
{
    sample_begin_request(writer, ATP_MESSAGE_HISTORY);
    atp_write_list_begin(writer);
    atp_write_reservation_id(writer, ATP_TEXT("cart-77"));
    atp_write_list_end(writer);
}

void sample_write_history(atp_writer_t *writer)
{
    const atp_step_row_t step = {.op = 1010,
                                 .time_ms = T0 + 5000,
                                 .step = ATP_TEXT("ship"),
                                 .line = 1,
                                 .sku = ATP_TEXT("ROPE"),
                                 .node = ATP_TEXT("lyon-2"),
                                 .qty = 250,
                                 .scale = 2,
                                 .kind = ATP_TEXT("ship"),
                                 .client = ATP_TEXT("wms"),
                                 .has_more = true,
                                 .correlation = ATP_TEXT("order-9")};
    sample_begin_response(writer, ATP_MESSAGE_HISTORY);
    atp_write_list_begin(writer);
    atp_write_step(writer, &step);
    atp_write_list_end(writer);
}

void sample_write_trace_ask(atp_writer_t *writer)
{
    const atp_trace_query_t query = {.correlation = ATP_TEXT("order-9")};
    sample_begin_request(writer, ATP_MESSAGE_TRACE);
    atp_write_trace_query(writer, &query);
}

void sample_write_trace(atp_writer_t *writer)
{
    const atp_trace_row_t row = {.op = 1010,
                                 .time_ms = T0 + 5000,
                                 .kind = ATP_TEXT("reserve"),
                                 .client = ATP_TEXT("web"),
                                 .subject = ATP_TEXT("cart-77"),
                                 .verdict = ATP_UNKNOWN_ID,
                                 .sku = ATP_TEXT("ROPE"),
                                 .node = ATP_TEXT("lyon-2"),
                                 .qty = 250,
                                 .scale = 2,
                                 .line_count = 3,
                                 .correlation = ATP_TEXT("order-9")};
    const atp_trace_row_t told = {.op = 1011,
                                  .time_ms = T0 + 6000,
                                  .kind = ATP_TEXT("count"),
                                  .client = ATP_TEXT("wms"),
                                  .verdict = ATP_UNKNOWN_SKU,
                                  .sku = ATP_TEXT("ROPE"),
                                  .node = ATP_TEXT("lyon-2"),
                                  .qty = 250,
                                  .scale = 2,
                                  .line_count = 1,
                                  .correlation = ATP_TEXT("order-9"),
                                  .epoch = 7,
                                  .sequence = 42,
                                  .exception = 17,
                                  .exception_kind = ATP_TEXT("fact_refused"),
                                  .exception_state = 2,
                                  .settled_op = 1020,
                                  .again = 2,
                                  .again_ms = T0 + 7000,
                                  .places = 1,
                                  .changed_sku = ATP_TEXT("ROPE"),
                                  .changed_node = ATP_TEXT("lyon-2"),
                                  .on_hand = -150,
                                  .unavailable = 25,
                                  .allocated = 0,
                                  .changed_scale = 2};
    sample_begin_response(writer, ATP_MESSAGE_TRACE);
    atp_write_trace_begin(writer);
    atp_write_trace_row(writer, &row);
    atp_write_trace_row(writer, &told);
    atp_write_trace_end(writer, 17, 2);
}

void sample_write_source_ask(atp_writer_t *writer)
{
    sample_begin_request(writer, ATP_MESSAGE_SOURCE_STATE);
    atp_write_source_ask(writer, ATP_TEXT("wms"));
}

void sample_write_source_state(atp_writer_t *writer)
{
    const atp_source_gap_t gaps[] = {{1001, 1001}, {1004, 1007}};
    const atp_source_state_t state = {.epoch = 2, .low = 1001, .high = 1010, .batches = 1005, .as_of_ms = T0};

    sample_begin_response(writer, ATP_MESSAGE_SOURCE_STATE);
    atp_write_source_state_begin(writer);
    atp_write_source_gap(writer, &gaps[0]);
    atp_write_source_gap(writer, &gaps[1]);
    atp_write_source_state_end(writer, &state);
}

void sample_write_batch(atp_writer_t *writer)
{
    const atp_facts_t facts = {.source = ATP_TEXT("wms"),
                               .epoch = 2,
                               .sequence = 1001,
                               .as_of_ms = T0,
                               .kept_from = 998,
                               .after = 999};
    const atp_command_line_t line = {ATP_TEXT("ROPE"), ATP_TEXT("lyon-2"), 5, 0};
    const atp_command_t command = {
        .kind = ATP_OP_RECEIVE, .id = ATP_TEXT(""), .is_fact = true, .line_count = 1, .lines = &line};

    sample_begin_request(writer, ATP_MESSAGE_BATCH);
    atp_write_batch_begin(writer, &facts);
    atp_write_command(writer, &command);
    atp_write_list_end(writer);
}

void sample_write_batch_answer(atp_writer_t *writer)
{
    const atp_batch_answer_t answer = {ATP_OUT_OF_ORDER, ATP_FIELD_SEQUENCE};

    sample_begin_response(writer, ATP_MESSAGE_BATCH);
    atp_write_batch_answer(writer, &answer);
}

void sample_write_reservations_ask(atp_writer_t *writer)
{
    const atp_page_ask_t ask = {.limit = 100,
                                .older_than_ms = 86400000,
                                .owner = ATP_TEXT("anna"),
                                .channel = ATP_TEXT("web"),
                                .states = 1u << ATP_RECORD_RESERVED | 1u << ATP_RECORD_ALLOCATED};
    sample_begin_request(writer, ATP_MESSAGE_RESERVATIONS);
    atp_write_page_ask(writer, ATP_MESSAGE_RESERVATIONS, &ask);
}

void sample_write_reservations(atp_writer_t *writer)
{
    sample_begin_response(writer, ATP_MESSAGE_RESERVATIONS);
    atp_write_page_begin(writer);
    write_cart_77(writer);
    atp_write_page_end(writer, 4711);
}

void sample_write_positions_ask(atp_writer_t *writer)
{
    const atp_page_ask_t ask = {.cursor = 4711, .limit = 8192};
    sample_begin_request(writer, ATP_MESSAGE_POSITIONS);
    atp_write_page_ask(writer, ATP_MESSAGE_POSITIONS, &ask);
}

void sample_write_positions(atp_writer_t *writer)
{
    const atp_position_row_t rows[] = {
        {ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 80, 1, 2, 3, 4, 0, 17},
        {ATP_TEXT("ROPE"), ATP_TEXT("lyon-2"), -250, 0, 100, 0, 0, 2, UINT64_C(1) << 40},
    };
    sample_begin_response(writer, ATP_MESSAGE_POSITIONS);
    atp_write_page_begin(writer);
    atp_write_position(writer, &rows[0]);
    atp_write_position(writer, &rows[1]);
    atp_write_page_end(writer, 0);
}

void sample_write_exceptions_ask(atp_writer_t *writer)
{
    const atp_page_ask_t ask = {.cursor = 6,
                                .limit = 10,
                                .older_than_ms = 3600000,
                                .kind = ATP_TEXT("fact_refused"),
                                .source = ATP_TEXT("pos"),
                                .states = 1u << ATP_EXCEPTION_ROW_OPEN,
                                .owner = ATP_TEXT("stock-control"),
                                .beyond_sla = true};
    sample_begin_request(writer, ATP_MESSAGE_EXCEPTIONS);
    atp_write_page_ask(writer, ATP_MESSAGE_EXCEPTIONS, &ask);
}

void sample_write_exceptions(atp_writer_t *writer)
{
    const atp_text_t ids[] = {ATP_TEXT("cart-77"), ATP_TEXT("cart-78")};
    const atp_exception_row_t rows[] = {{.number = 7,
                                         .op = 1003,
                                         .time_ms = T0,
                                         .kind = ATP_TEXT("over_commitment"),
                                         .source = ATP_TEXT("wms"),
                                         .sku = ATP_TEXT("TSHIRT-M"),
                                         .node = ATP_TEXT("berlin"),
                                         .qty = -2,
                                         .total_reservations = 12,
                                         .id_count = 2,
                                         .ids = ids,
                                         .correlation = ATP_TEXT("stocktake-9"),
                                         .state = ATP_EXCEPTION_ROW_DISCARDED,
                                         .count = 1,
                                         .last_ms = T0,
                                         .op_kind = ATP_TEXT("count"),
                                         .settled_ms = T0 + 5000,
                                         .settled_op = 1009,
                                         .settled_by = ATP_TEXT("anna"),
                                         .cause = ATP_TEXT("customers called")},
                                        {.number = 8,
                                         .op = 1004,
                                         .time_ms = T0 + 1,
                                         .kind = ATP_TEXT("fact_refused"),
                                         .verdict = ATP_UNKNOWN_SKU,
                                         .source = ATP_TEXT("pos"),
                                         .sku = ATP_TEXT("NAIL"),
                                         .node = ATP_TEXT("lyon-2"),
                                         .qty = 50,
                                         .scale = 1,
                                         .state = ATP_EXCEPTION_ROW_OPEN,
                                         .count = 2,
                                         .last_ms = T0 + 60000,
                                         .epoch = 3,
                                         .sequence = 4711,
                                         .op_kind = ATP_TEXT("receive"),
                                         .fact_size = 112,
                                         .fact = ATP_TEXT("receive NAIL@lyon-2=5.0"),
                                         .owner = ATP_TEXT("stock-control"),
                                         .due_ms = T0 + 14400000,
                                         .is_overdue = true,
                                         .edit_count = 2,
                                         .edited_ms = T0 + 90000,
                                         .edited_op = 1010,
                                         .edited_by = ATP_TEXT("anna"),
                                         .edit_cause = ATP_TEXT("a box of ten"),
                                         .edited_fact = ATP_TEXT("receive NAILS@lyon-2=50")}};
    sample_begin_response(writer, ATP_MESSAGE_EXCEPTIONS);
    atp_write_page_begin(writer);
    atp_write_exception(writer, &rows[0]);
    atp_write_exception(writer, &rows[1]);
    atp_write_page_end(writer, 8);
}

void sample_write_stat_ask(atp_writer_t *writer)
{
    sample_begin_request(writer, ATP_MESSAGE_STAT);
    atp_write_stat_ask(writer);
}

void sample_write_stat(atp_writer_t *writer)
{
    const atp_stat_t stats[] = {
        {.name = ATP_TEXT("ops_applied"), .value = 1002},
        {.name = ATP_TEXT("lag"), .value = -1},
        {.name = ATP_TEXT("state_hash"), .text = ATP_TEXT("9f3c21aa00b1e2d4"), .is_text = true}};
    sample_begin_response(writer, ATP_MESSAGE_STAT);
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < 3; i++) {
        atp_write_stat(writer, &stats[i]);
    }
    atp_write_list_end(writer);
}

void sample_write_catalog_ask(atp_writer_t *writer)
{
    const atp_page_ask_t ask = {.limit = 500, .what = ATP_CATALOG_NODES};
    sample_begin_request(writer, ATP_MESSAGE_CATALOG);
    atp_write_page_ask(writer, ATP_MESSAGE_CATALOG, &ask);
}

void sample_write_catalog(atp_writer_t *writer)
{
    const atp_catalog_entry_t entries[] = {
        {.id = ATP_TEXT("berlin"), .name = ATP_TEXT("Berlin, Mitte"), .value = ATP_NODE_OPEN},
        {.id = ATP_TEXT("lyon-2"), .name = ATP_TEXT(""), .value = ATP_NODE_CLOSED}};
    sample_begin_response(writer, ATP_MESSAGE_CATALOG);
    atp_write_page_begin(writer);
    atp_write_catalog_entry(writer, &entries[0]);
    atp_write_catalog_entry(writer, &entries[1]);
    atp_write_page_end(writer, 0);
}

void sample_write_catalog_calendar(atp_writer_t *writer)
{
    const atp_catalog_calendar_t calendar = {
        ATP_TEXT("CET-1CEST,M3.5.0,M10.5.0/3"), 840, 62, 2, 1, 1080, 400, 3, T0 + 86400000, 2500, 75, 1};
    const atp_catalog_entry_t entry = {.id = ATP_TEXT("berlin"), .has_calendar = true, .calendar = calendar};
    sample_begin_response(writer, ATP_MESSAGE_CATALOG);
    atp_write_page_begin(writer);
    atp_write_catalog_entry(writer, &entry);
    atp_write_page_end(writer, 0);
}

void sample_write_results_ready(atp_writer_t *writer)
{
    const atp_result_t result = {.op = 1002, .qty = 2, .deadline_ms = T0 + 900000, .ready_ms = T0 + 86400000};
    sample_begin_response(writer, ATP_MESSAGE_COMMANDS);
    sample_write_results(writer, &result, 1, NULL);
}

void sample_write_availability_ready(atp_writer_t *writer)
{
    const atp_availability_row_t row = {
        .node = ATP_TEXT("berlin"), .has_components = true, .on_hand = 9, .ready_ms = T0 + 86400000};
    sample_begin_response(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_begin(writer);
    atp_write_availability_row(writer, &row);
    atp_write_availability_end(writer, true);
}

void sample_write_error(atp_writer_t *writer)
{
    const atp_error_t error = {ATP_BUSY, ATP_FIELD_NONE, ATP_TEXT("the command queue is full"), 5};
    sample_begin_response(writer, ATP_MESSAGE_ERROR);
    atp_write_error(writer, &error);
}

void sample_write_error_version(atp_writer_t *writer)
{
    const atp_error_t error = {ATP_UNSUPPORTED_VERSION, ATP_FIELD_NONE,
                               ATP_TEXT("this build speaks version 1"), 0};
    sample_begin_response(writer, ATP_MESSAGE_ERROR);
    atp_write_error(writer, &error);
}

/* ---- levels ---- */

void sample_write_crossings_ask(atp_writer_t *writer)
{
    const atp_page_ask_t ask = {.cursor = 6, .limit = 10};
    sample_begin_request(writer, ATP_MESSAGE_CROSSINGS);
    atp_write_page_ask(writer, ATP_MESSAGE_CROSSINGS, &ask);
}

static atp_crossing_row_t crossing(void)
{
    return (atp_crossing_row_t){.number = 7,
                                .op = 1002,
                                .time_ms = T0,
                                .channel = ATP_TEXT("web"),
                                .sku = ATP_TEXT("ROPE"),
                                .available = 250,
                                .scale = 2,
                                .from = 1,
                                .to = 2};
}

void sample_write_crossings(atp_writer_t *writer)
{
    const atp_crossing_row_t low = crossing();
    atp_crossing_row_t out = crossing();
    out.number = 8;
    out.op = 1003;
    out.available = 0;
    out.from = 2;
    out.to = 3;
    sample_begin_response(writer, ATP_MESSAGE_CROSSINGS);
    atp_write_page_begin(writer);
    atp_write_crossing(writer, &low);
    atp_write_crossing(writer, &out);
    atp_write_page_end(writer, 0);
}

void sample_write_crossing(atp_writer_t *writer)
{
    const atp_crossing_event_t event = {.correlation = ATP_TEXT(""), .incarnation = 3, .row = crossing()};
    atp_write_crossing_event(writer, &event);
}

void sample_write_availability_level(atp_writer_t *writer)
{
    const atp_availability_row_t row = {
        .node = ATP_TEXT(""), .atp = 250, .promisable = 250, .scale = 2, .level = 2};
    sample_begin_response(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_begin(writer);
    atp_write_availability_row(writer, &row);
    atp_write_availability_end(writer, true);
}

void sample_write_results_explained(atp_writer_t *writer)
{
    const atp_explanation_t parts[] = {
        {.code = ATP_EXPLAIN_CODE_ON_HAND, .scale = 2, .qty = 200, .node = ATP_TEXT("lyon-2")},
        {.code = ATP_EXPLAIN_CODE_ATP, .scale = 2, .qty = 200, .node = ATP_TEXT("lyon-2")},
        {.code = ATP_EXPLAIN_CODE_FREE, .scale = 2, .qty = 200, .node = ATP_TEXT("lyon-2")},
        {.code = ATP_EXPLAIN_CODE_NOT_ENOUGH, .scale = 2, .qty = 50, .detail = ATP_TEXT("on_hand")}};
    const atp_result_t refused = {
        .verdict = ATP_NOT_ENOUGH_AVAILABLE, .op = 9, .field = ATP_FIELD_QTY, .part_count = 4};
    const atp_result_t cut = {.op = 10, .qty = 2, .deadline_ms = T0 + 900000, .is_cut = 1};

    sample_begin_response(writer, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(writer);
    atp_write_result_and_account(writer, &refused, NULL, parts);
    atp_write_result_and_account(writer, &cut, NULL, NULL);
    atp_write_list_end(writer);
}

#include "tests/protocol/samples_priv.h"

void sample_begin_request(atp_writer_t *writer, atp_message_type_t type)
{
    const atp_request_t request = {(uint8_t)type, ATP_TEXT("c-1"), ATP_TEXT("shop"), ATP_TEXT("")};
    atp_write_request(writer, &request);
}

void sample_begin_response(atp_writer_t *writer, atp_message_type_t type)
{
    const atp_response_t response = {(uint8_t)type, ATP_TEXT("c-1"), 3, 1002, 1001};
    atp_write_response(writer, &response);
}

/* ---- commands ---- */

static void write_ops(atp_writer_t *writer, const atp_command_t *commands, uint32_t count)
{
    sample_begin_request(writer, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_write_command(writer, &commands[i]);
    }
    atp_write_list_end(writer);
}

static void write_reserve(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 2, 0};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = ATP_TEXT("cart-77"),
                                   .issued_ms = T0,
                                   .channel = ATP_TEXT("web"),
                                   .owner = ATP_TEXT("anna"),
                                   .ttl_ms = 900000,
                                   .line_count = 1,
                                   .lines = &line};
    write_ops(writer, &command, 1);
}

static void write_reserve_many(atp_writer_t *writer)
{
    const atp_command_line_t lines[] = {{ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 2, 0},
                                        {ATP_TEXT("ROPE"), ATP_TEXT("lyon-2"), 250, 2},
                                        {ATP_TEXT("\xc3\x84pfel"), ATP_TEXT("berlin"), 1000, 0}};
    const atp_command_t commands[] = {{.kind = ATP_OP_RESERVE,
                                       .id = ATP_TEXT("cart-78"),
                                       .issued_ms = T0,
                                       .channel = ATP_TEXT("web"),
                                       .option = ATP_RESERVE_PARTIAL,
                                       .line_count = 3,
                                       .lines = lines},
                                      {.kind = ATP_OP_RESERVE,
                                       .id = ATP_TEXT("cart-79"),
                                       .issued_ms = T0 + 1,
                                       .owner = ATP_TEXT("bo"),
                                       .line_count = 1,
                                       .lines = lines}};
    write_ops(writer, commands, 2);
}

static void write_steps(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 1, 0};
    const atp_text_t cart = ATP_TEXT("cart-77");
    const atp_command_t commands[] = {
        {.kind = ATP_OP_EXTEND, .id = ATP_TEXT("e1"), .issued_ms = T0, .reservation = cart, .ttl_ms = 60000},
        {.kind = ATP_OP_ALLOCATE, .id = ATP_TEXT("a1"), .issued_ms = T0, .reservation = cart},
        {.kind = ATP_OP_RELEASE,
         .id = ATP_TEXT("r1"),
         .issued_ms = T0,
         .reservation = cart,
         .line_count = 1,
         .lines = &line},
        {.kind = ATP_OP_CANCEL, .id = ATP_TEXT("x1"), .issued_ms = T0, .reservation = cart},
        {.kind = ATP_OP_SHIP,
         .id = ATP_TEXT("s1"),
         .issued_ms = T0,
         .reservation = cart,
         .is_fact = true,
         .line_count = 1,
         .lines = &line},
        {.kind = ATP_OP_SHIP, .id = ATP_TEXT("s2"), .issued_ms = T0, .reservation = cart, .is_fact = true}};
    write_ops(writer, commands, 6);
}

static void write_stock(atp_writer_t *writer)
{
    const atp_command_line_t eight = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 8, 0};
    const atp_command_line_t minus = {ATP_TEXT("ROPE"), ATP_TEXT("lyon-2"), -25, 1};
    const atp_command_t commands[] = {
        {.kind = ATP_OP_SAFETY, .id = ATP_TEXT("f1"), .issued_ms = T0, .line_count = 1, .lines = &eight},
        {.kind = ATP_OP_RECEIVE, .id = ATP_TEXT("f2"), .issued_ms = T0, .line_count = 1, .lines = &eight},
        {.kind = ATP_OP_SALE,
         .id = ATP_TEXT("f3"),
         .issued_ms = T0,
         .is_fact = true,
         .line_count = 1,
         .lines = &eight},
        {.kind = ATP_OP_ADJUST,
         .id = ATP_TEXT("f4"),
         .issued_ms = T0,
         .reason = ATP_REASON_DAMAGE,
         .line_count = 1,
         .lines = &minus},
        {.kind = ATP_OP_COUNT,
         .id = ATP_TEXT("f5"),
         .issued_ms = T0,
         .is_fact = true,
         .option = ATP_BUCKET_UNAVAILABLE,
         .line_count = 1,
         .lines = &eight},
        {.kind = ATP_OP_COUNT,
         .id = ATP_TEXT("f6"),
         .issued_ms = T0,
         .reason = ATP_REASON_CYCLE_COUNT,
         .line_count = 1,
         .lines = &eight}};
    write_ops(writer, commands, 6);
}

static void write_catalog_ops(atp_writer_t *writer)
{
    const atp_command_line_t sku = {.sku = ATP_TEXT("ROPE"), .node = ATP_TEXT("")};
    const atp_command_line_t node = {.sku = ATP_TEXT(""), .node = ATP_TEXT("lyon-2")};
    const atp_command_t commands[] = {{.kind = ATP_OP_SKU,
                                       .id = ATP_TEXT("k1"),
                                       .issued_ms = T0,
                                       .name = ATP_TEXT("Rope, by the metre"),
                                       .option = 2,
                                       .line_count = 1,
                                       .lines = &sku},
                                      {.kind = ATP_OP_NODE,
                                       .id = ATP_TEXT("k2"),
                                       .issued_ms = T0,
                                       .name = ATP_TEXT("Lyon 2"),
                                       .option = ATP_NODE_PAUSED,
                                       .line_count = 1,
                                       .lines = &node},
                                      {.kind = ATP_OP_CHANNEL,
                                       .id = ATP_TEXT("k3"),
                                       .issued_ms = T0,
                                       .channel = ATP_TEXT("web"),
                                       .ttl_ms = 900000}};
    write_ops(writer, commands, 3);
}

void sample_write_results(atp_writer_t *writer, const atp_result_t *results, uint32_t count,
                          const atp_grant_t *grants)
{
    atp_write_list_begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        atp_write_result(writer, &results[i], grants);
    }
    atp_write_list_end(writer);
}

static void write_results_one(atp_writer_t *writer)
{
    const atp_result_t result = {.op = 1002, .qty = 2, .deadline_ms = T0 + 900000};
    sample_begin_response(writer, ATP_MESSAGE_COMMANDS);
    sample_write_results(writer, &result, 1, NULL);
}

static void write_results_many(atp_writer_t *writer)
{
    const atp_grant_t grants[] = {{.qty = 2}, {.qty = 250, .scale = 2}, {.qty = 0}};
    const atp_result_t results[] = {
        {.verdict = ATP_APPLIED},
        {.verdict = ATP_CONFIRMED, .op = 5},
        {.verdict = ATP_APPLIED, .op = 6, .qty = -250, .scale = 3},
        {.verdict = ATP_APPLIED_IN_PART, .op = 7, .deadline_ms = T0, .line_count = 3},
        {.verdict = ATP_APPLIED, .op = 8, .qty = 1, .is_repeat = 1},
        {.verdict = ATP_ID_INVALID, .field = ATP_FIELD_OWNER},
        {.verdict = ATP_NOT_ENOUGH_AVAILABLE, .op = 9, .field = ATP_FIELD_QTY, .line = 2},
    };
    sample_begin_response(writer, ATP_MESSAGE_COMMANDS);
    sample_write_results(writer, results, 7, grants);
}

static void write_reserve_explained(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("ROPE"), ATP_TEXT(""), 25, 1};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = ATP_TEXT("cart-80"),
                                   .issued_ms = T0,
                                   .channel = ATP_TEXT("web"),
                                   .line_count = 1,
                                   .lines = &line,
                                   .explains = true};
    write_ops(writer, &command, 1);
}

/* ---- availability and outcome ---- */

static void write_ask_pairs(atp_writer_t *writer)
{
    const atp_text_t skus[] = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("ROPE")};
    const atp_text_t nodes[] = {ATP_TEXT("berlin"), ATP_TEXT("")};
    const atp_availability_ask_t ask = {0, ATP_TEXT("web"), 2, 2, skus, nodes};
    sample_begin_request(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_ask(writer, &ask);
}

static void write_ask_cross(atp_writer_t *writer)
{
    const atp_text_t skus[] = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("ROPE"), ATP_TEXT("NAIL")};
    const atp_text_t nodes[] = {ATP_TEXT("berlin"), ATP_TEXT("lyon-2")};
    const atp_availability_ask_t ask = {ATP_AVAILABILITY_FLAGS, ATP_TEXT(""), 3, 2, skus, nodes};
    sample_begin_request(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_ask(writer, &ask);
}

static void write_availability(atp_writer_t *writer)
{
    const atp_availability_row_t rows[] = {
        {.index = 0, .node = ATP_TEXT("berlin"), .atp = 3, .promisable = 3},
        {.index = 1, .node = ATP_TEXT(""), .scale = 2, .atp = 1250, .promisable = -5},
        {.verdict = ATP_UNKNOWN_SKU, .index = 2, .node = ATP_TEXT("berlin")}};
    sample_begin_response(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_begin(writer);
    for (uint32_t i = 0; i < 3; i++) {
        atp_write_availability_row(writer, &rows[i]);
    }
    atp_write_availability_end(writer, true);
}

static void write_promise_ask(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("TSHIRT-M"), ATP_TEXT(""), 2, 0};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = ATP_TEXT("ask-1"),
                                   .issued_ms = T0,
                                   .channel = ATP_TEXT("web"),
                                   .line_count = 1,
                                   .lines = &line};
    sample_begin_request(writer, ATP_MESSAGE_PROMISE);
    atp_write_list_begin(writer);
    atp_write_command(writer, &command);
    atp_write_list_end(writer);
}

static void write_promise(atp_writer_t *writer)
{
    const atp_result_t result = {.qty = 2};
    sample_begin_response(writer, ATP_MESSAGE_PROMISE);
    sample_write_results(writer, &result, 1, NULL);
}

static void write_schedule_ask(atp_writer_t *writer)
{
    const atp_schedule_ask_t ask = {.what = ATP_SCHEDULE_PROMISE,
                                    .sku = ATP_TEXT("ROPE"),
                                    .node = ATP_TEXT("berlin"),
                                    .from_ms = T0,
                                    .days = 60,
                                    .qty = 25,
                                    .decimals = 1};
    sample_begin_request(writer, ATP_MESSAGE_SCHEDULE);
    atp_write_schedule_ask(writer, &ask);
}

static void write_schedule_ask_channel(atp_writer_t *writer)
{
    const atp_schedule_ask_t ask = {
        .what = ATP_SCHEDULE_DAYS, .sku = ATP_TEXT("ROPE"), .days = 60, .channel = ATP_TEXT("web")};
    sample_begin_request(writer, ATP_MESSAGE_SCHEDULE);
    atp_write_schedule_ask(writer, &ask);
}

static void write_schedule(atp_writer_t *writer)
{
    const atp_schedule_row_t row = {.node = ATP_TEXT("berlin"), .day_ms = T0, .qty = 30, .scale = 1};
    sample_begin_response(writer, ATP_MESSAGE_SCHEDULE);
    atp_write_schedule_begin(writer);
    atp_write_schedule_row(writer, &row);
    atp_write_schedule_end(writer, 0);
}

static void write_supplies(atp_writer_t *writer)
{
    const atp_schedule_row_t row = {.node = ATP_TEXT("berlin"),
                                    .day_ms = T0,
                                    .qty = 75,
                                    .scale = 1,
                                    .kind = 3,
                                    .status = 1,
                                    .is_overdue = true,
                                    .id = ATP_TEXT("t-88"),
                                    .sku = ATP_TEXT("ROPE"),
                                    .ordered = 100,
                                    .received = 25,
                                    .pegged = 50,
                                    .shipped = 80};
    sample_begin_response(writer, ATP_MESSAGE_SCHEDULE);
    atp_write_schedule_begin(writer);
    atp_write_schedule_row(writer, &row);
    atp_write_schedule_end(writer, 7);
}

static void write_explain_by(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("ROPE"), ATP_TEXT("berlin"), 25, 1};
    const atp_explain_ask_t ask = {.line_count = 1, .lines = &line, .by_ms = T0};
    sample_begin_request(writer, ATP_MESSAGE_EXPLAIN);
    atp_write_explain_ask(writer, &ask);
}

static void write_explain_pickup(atp_writer_t *writer)
{
    const atp_command_line_t line = {ATP_TEXT("ROPE"), ATP_TEXT("berlin"), 25, 1};
    const atp_explain_ask_t ask = {
        .line_count = 1, .lines = &line, .channel = ATP_TEXT("web"), .is_pickup = true};
    sample_begin_request(writer, ATP_MESSAGE_EXPLAIN);
    atp_write_explain_ask(writer, &ask);
}

static void write_explain_reserve(atp_writer_t *writer)
{
    const atp_command_line_t lines[] = {{ATP_TEXT("TSHIRT-M"), ATP_TEXT(""), 2, 0},
                                        {ATP_TEXT("ROPE"), ATP_TEXT("berlin"), 25, 1}};
    const atp_explain_ask_t ask = {.line_count = 2, .lines = lines, .is_one = true};
    sample_begin_request(writer, ATP_MESSAGE_EXPLAIN);
    atp_write_explain_ask(writer, &ask);
}

static void write_explain_ask(atp_writer_t *writer)
{
    const atp_command_line_t lines[] = {{ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 2, 0},
                                        {ATP_TEXT("ROPE"), ATP_TEXT(""), 25, 1}};
    const atp_explain_ask_t ask = {.line_count = 2, .lines = lines, .channel = ATP_TEXT("web")};
    sample_begin_request(writer, ATP_MESSAGE_EXPLAIN);
    atp_write_explain_ask(writer, &ask);
}

static void write_explain(atp_writer_t *writer)
{
    const atp_explanation_t parts[] = {
        {.code = ATP_EXPLAIN_CODE_ON_HAND, .qty = 3, .node = ATP_TEXT("berlin")},
        {.code = ATP_EXPLAIN_CODE_NODE_NOT_OPEN,
         .qty = 3,
         .node = ATP_TEXT("berlin"),
         .detail = ATP_TEXT("paused")},
        {.line = 1, .code = ATP_EXPLAIN_CODE_ALL_NODES, .scale = 1, .qty = 25, .node = ATP_TEXT("")}};
    sample_begin_response(writer, ATP_MESSAGE_EXPLAIN);
    atp_write_explain_begin(writer);
    for (size_t i = 0; i < 3; i++) {
        atp_write_explain_part(writer, &parts[i]);
    }
    atp_write_explain_end(writer, false);
}

static void write_availability_components(atp_writer_t *writer)
{
    const atp_availability_row_t row = {.index = 0,
                                        .node = ATP_TEXT("berlin"),
                                        .scale = 1,
                                        .has_components = true,
                                        .atp = 0,
                                        .promisable = -15,
                                        .on_hand = 80,
                                        .unavailable = 10,
                                        .reserved = 20,
                                        .allocated = 50,
                                        .safety = 15,
                                        .atp_signed = -15,
                                        .version = 42};
    sample_begin_response(writer, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_begin(writer);
    atp_write_availability_row(writer, &row);
    atp_write_availability_end(writer, false);
}

static void write_outcome_ask(atp_writer_t *writer)
{
    const atp_outcome_ask_t asks[] = {{ATP_OUTCOME_RESERVATION, ATP_TEXT("cart-77")},
                                      {ATP_OUTCOME_REQUEST, ATP_TEXT("a1")}};
    sample_begin_request(writer, ATP_MESSAGE_OUTCOME);
    atp_write_list_begin(writer);
    atp_write_outcome_ask(writer, &asks[0]);
    atp_write_outcome_ask(writer, &asks[1]);
    atp_write_list_end(writer);
}

static void write_outcome(atp_writer_t *writer)
{
    const atp_result_t results[] = {
        {.op = 1002, .qty = 2, .deadline_ms = T0 + 900000, .is_repeat = 1, .is_stale = 1},
        {.verdict = ATP_UNKNOWN_ID, .field = ATP_FIELD_ID}};
    sample_begin_response(writer, ATP_MESSAGE_OUTCOME);
    sample_write_results(writer, results, 2, NULL);
}

/* ---- events ---- */

static void write_facts(atp_writer_t *writer)
{
    const atp_facts_t facts = {ATP_TEXT("d-9"), ATP_TEXT("wms"), 2, 1001, T0, 998, 1000};
    const atp_command_line_t line = {ATP_TEXT("TSHIRT-M"), ATP_TEXT("berlin"), 5, 0};
    const atp_command_t commands[] = {
        {.kind = ATP_OP_RECEIVE, .id = ATP_TEXT(""), .is_fact = true, .line_count = 1, .lines = &line},
        {.kind = ATP_OP_SHIP,
         .id = ATP_TEXT(""),
         .reservation = ATP_TEXT("cart-77"),
         .is_fact = true,
         .line_count = 1,
         .lines = &line}};
    atp_write_facts_begin(writer, &facts);
    atp_write_command(writer, &commands[0]);
    atp_write_command(writer, &commands[1]);
    atp_write_list_end(writer);
}

static void write_availability_event(atp_writer_t *writer)
{
    const atp_availability_event_t event = {.correlation = ATP_TEXT("c-1"),
                                            .incarnation = 3,
                                            .op = 1002,
                                            .sku = ATP_TEXT("ROPE"),
                                            .node = ATP_TEXT("lyon-2"),
                                            .atp = 0,
                                            .promisable = -150,
                                            .scale = 2,
                                            .is_out_of_stock = true,
                                            .version = 43};
    atp_write_availability_event(writer, &event);
}

static void write_stale_availability_event(atp_writer_t *writer)
{
    const atp_availability_event_t event = {.correlation = ATP_TEXT(""),
                                            .incarnation = 3,
                                            .op = 1002,
                                            .sku = ATP_TEXT("ROPE"),
                                            .node = ATP_TEXT("lyon-2"),
                                            .atp = 250,
                                            .promisable = 250,
                                            .scale = 2,
                                            .is_stale = true,
                                            .version = 44};
    atp_write_availability_event(writer, &event);
}

static void write_staleness(atp_writer_t *writer)
{
    const atp_staleness_event_t event = {.correlation = ATP_TEXT(""),
                                         .incarnation = 3,
                                         .op = 1002,
                                         .channel = ATP_TEXT("web"),
                                         .node = ATP_TEXT("lyon-2"),
                                         .is_stale = true,
                                         .on_stale = ATP_ON_STALE_STOP};
    atp_write_staleness_event(writer, &event);
}

static void write_freshness(atp_writer_t *writer)
{
    const atp_staleness_event_t event = {.correlation = ATP_TEXT(""),
                                         .incarnation = 3,
                                         .op = 1009,
                                         .channel = ATP_TEXT(""),
                                         .node = ATP_TEXT("lyon-2")};
    atp_write_staleness_event(writer, &event);
}

/* ---- all ---- */

#define REQUEST_HEAD(type)  "[1," #type ",\"c-1\",\"shop\",\"\","
#define RESPONSE_HEAD(type) "[1," #type ",\"c-1\",3,1002,1001,"
#define RECORD_JSON                                                                                          \
    "[0,\"cart-77\",\"anna\",\"web\",1795253000000,1002,1795253900000,1,"                                    \
    "[[\"TSHIRT-M\",\"berlin\",2,0,1,1,[1,0,1,0,0,0,0,0,0]],"                                                \
    "[\"ROPE\",\"lyon-2\",\"2.50\",\"2.50\",\"0.00\",\"0.00\"]],\"4711\",\"waiting for payment\"]"

const sample_t samples[] = {
    {"reserve", SAMPLE_REQUEST, "commands: one reserve of one line",
     REQUEST_HEAD(
         1) "[[32,\"cart-77\",1795253000000,\"web\",\"anna\",900000,0,[[\"TSHIRT-M\",\"berlin\",2]]]]]",
     NULL, write_reserve},
    {"reserve_many", SAMPLE_REQUEST,
     "commands: a partial reserve of three lines, one with decimals, and another reserve",
     REQUEST_HEAD(1) "[[32,\"cart-78\",1795253000000,\"web\",\"\",0,1,[[\"TSHIRT-M\",\"berlin\",2],"
                     "[\"ROPE\",\"lyon-2\",\"2.50\"],[\"\xc3\x84pfel\",\"berlin\",1000]]],"
                     "[32,\"cart-79\",1795253000001,\"\",\"bo\",0,0,[[\"TSHIRT-M\",\"berlin\",2]]]]]",
     NULL, write_reserve_many},
    {"steps", SAMPLE_REQUEST,
     "commands: extend, allocate, release, cancel, ship told as a fact, ship of the whole",
     REQUEST_HEAD(1) "[[33,\"e1\",1795253000000,\"cart-77\",60000],[34,\"a1\",1795253000000,\"cart-77\"],"
                     "[35,\"r1\",1795253000000,\"cart-77\",[[\"TSHIRT-M\",\"berlin\",1]]],"
                     "[36,\"x1\",1795253000000,\"cart-77\"],"
                     "[37,\"s1\",1795253000000,\"cart-77\",[[\"TSHIRT-M\",\"berlin\",1]],true],"
                     "[37,\"s2\",1795253000000,\"cart-77\",[],true]]]",
     NULL, write_steps},
    {"stock", SAMPLE_REQUEST, "commands: safety, receive, sale, adjust, two counts",
     REQUEST_HEAD(1) "[[19,\"f1\",1795253000000,\"TSHIRT-M\",\"berlin\",8],"
                     "[48,\"f2\",1795253000000,\"TSHIRT-M\",\"berlin\",8],"
                     "[49,\"f3\",1795253000000,\"TSHIRT-M\",\"berlin\",8,true],"
                     "[50,\"f4\",1795253000000,\"ROPE\",\"lyon-2\",\"-2.5\",false,0,2],"
                     "[51,\"f5\",1795253000000,\"TSHIRT-M\",\"berlin\",8,true,1],"
                     "[51,\"f6\",1795253000000,\"TSHIRT-M\",\"berlin\",8,false,0,6]]]",
     NULL, write_stock},
    {"catalog_ops", SAMPLE_REQUEST, "commands: create a SKU, a node, a channel",
     REQUEST_HEAD(
         1) "[[16,\"k1\",1795253000000,\"ROPE\",\"Rope, by the metre\",2],"
            "[17,\"k2\",1795253000000,\"lyon-2\",\"Lyon 2\",1],[18,\"k3\",1795253000000,\"web\",900000]]]",
     NULL, write_catalog_ops},
    {"results_one", SAMPLE_RESPONSE, "commands: the common success",
     RESPONSE_HEAD(1) "[[0,1002,2,1795253900000]]]", NULL, write_results_one},
    {"results_many", SAMPLE_RESPONSE, "commands: one result of every length",
     RESPONSE_HEAD(1) "[[0],[2,5],[0,6,\"-0.250\"],[1,7,0,1795253000000,0,0,0,[2,\"2.50\",0]],[0,8,1,0,1],"
                      "[21,0,0,0,0,6],[62,9,0,0,0,11,2]]]",
     NULL, write_results_many},
    {"reserve_explained", SAMPLE_REQUEST, "commands: a reserve whose answer is to have its account",
     REQUEST_HEAD(1) "[[32,\"cart-80\",1795253000000,\"web\",\"\",0,0,[[\"ROPE\",\"\",\"2.5\"]],[[151,1]]]]]",
     NULL, write_reserve_explained},
    {"results_explained", SAMPLE_RESPONSE,
     "commands: a refusal with its account, and a success whose account has no room",
     RESPONSE_HEAD(1) "[[62,9,0,0,0,11,0,[],[],0,0,[[[0,1,\"2.00\",\"lyon-2\"],[0,6,\"2.00\",\"lyon-2\"],"
                      "[0,11,\"2.00\",\"lyon-2\"],[0,65,\"0.50\",\"\",\"on_hand\"]],false]],"
                      "[0,10,2,1795253900000,0,0,0,[],[],0,0,[[],true]]]]",
     NULL, sample_write_results_explained},
    {"availability_pairs_ask", SAMPLE_REQUEST, "availability: one SKU at one node, one at all nodes as a sum",
     REQUEST_HEAD(2) "[0,\"web\",[[\"TSHIRT-M\",\"berlin\"],[\"ROPE\",\"\"]]]]", NULL, write_ask_pairs},
    {"availability_cross_ask", SAMPLE_REQUEST, "availability: three SKUs at two nodes, all flags",
     REQUEST_HEAD(2) "[63,\"\",[\"TSHIRT-M\",\"ROPE\",\"NAIL\"],[\"berlin\",\"lyon-2\"]]]", NULL,
     write_ask_cross},
    {"availability", SAMPLE_RESPONSE,
     "availability: a row, a sum at scale 2, an unknown SKU; all as of one op",
     RESPONSE_HEAD(2) "[[[0,0,\"berlin\",3,3],[0,1,\"\",\"12.50\",\"-0.05\"],[50,2,\"berlin\"]],true]]", NULL,
     write_availability},
    {"availability_components", SAMPLE_RESPONSE, "availability: a row explained",
     RESPONSE_HEAD(2) "[[[0,0,\"berlin\",\"0.0\",\"-1.5\",0,\"8.0\",\"1.0\",\"2.0\",\"5.0\",\"1.5\",\"-1.5\","
                      "42]],false]]",
     NULL, write_availability_components},
    {"outcome_ask", SAMPLE_REQUEST, "outcome: of a reservation and of a request",
     REQUEST_HEAD(3) "[[1,\"cart-77\"],[2,\"a1\"]]]", NULL, write_outcome_ask},
    {"outcome", SAMPLE_RESPONSE, "outcome: the first answer again, and an unknown id",
     RESPONSE_HEAD(3) "[[0,1002,2,1795253900000,3],[55,0,0,0,0,2]]]", NULL, write_outcome},
    {"reservation_ask", SAMPLE_REQUEST, "reservation: two ids", REQUEST_HEAD(4) "[\"cart-77\",\"cart-0\"]]",
     NULL, sample_write_reservation_ask},
    {"reservation", SAMPLE_RESPONSE, "reservation: a record, and an unknown one",
     RESPONSE_HEAD(4) "[" RECORD_JSON ",[53,\"cart-0\"]]]", NULL, sample_write_reservation},
    {"order_ask", SAMPLE_REQUEST, "order: one number", REQUEST_HEAD(14) "[\"4711\"]]", NULL,
     sample_write_order_ask},
    {"order", SAMPLE_RESPONSE, "order: its reservations", RESPONSE_HEAD(14) "[" RECORD_JSON "]]", NULL,
     sample_write_order},
    {"history_ask", SAMPLE_REQUEST, "history: of one reservation", REQUEST_HEAD(15) "[\"cart-77\"]]", NULL,
     sample_write_history_ask},
    {"history", SAMPLE_RESPONSE, "history: one step, the one before it is gone",
     RESPONSE_HEAD(
         15) "[[1010,1795253005000,\"ship\",1,\"ROPE\",\"lyon-2\",\"2.50\",\"ship\",\"wms\",1,\"order-9\"]]]",
     NULL, sample_write_history},
    {"trace_ask", SAMPLE_REQUEST, "trace: of a correlation id", REQUEST_HEAD(16) "[\"order-9\",\"\"]]", NULL,
     sample_write_trace_ask},
    {"trace", SAMPLE_RESPONSE,
     "trace: an op whose answer is forgotten, a fact that was replayed, from op 17 on",
     RESPONSE_HEAD(
         16) "[[[1010,1795253005000,\"reserve\",\"web\",\"cart-77\",55,\"ROPE\",\"lyon-2\",\"2.50\",3,"
             "\"order-9\",0,0,0,\"\",0,0,0,0,0,\"\",\"\",0,0,0],"
             "[1011,1795253006000,\"count\",\"wms\",\"\",50,\"ROPE\",\"lyon-2\",\"2.50\",1,"
             "\"order-9\",7,42,17,\"fact_refused\",2,1020,2,1795253007000,1,\"ROPE\",\"lyon-2\","
             "\"-1.50\",\"0.25\",\"0.00\"]],17,2]]",
     NULL, sample_write_trace},
    {"postings_ask", SAMPLE_REQUEST, "postings: of a subscriber, from a number on",
     REQUEST_HEAD(21) "[\"erp\",4711,500]]", NULL, sample_write_postings_ask},
    {"postings", SAMPLE_RESPONSE, "postings: one shipment, more to come, three were lost before",
     RESPONSE_HEAD(
         21) "[[[4711,\"1010.2\",1010,1795253005000,\"shipped\",\"ROPE\",\"lyon-2\",\"2.50\",\"-2.50\","
             "\"0.00\",\"0.00\",\"-2.50\",1,\"cart-77\",1,\"ship\",\"wms\",\"wms-lyon\",\"order-9\",0,0,"
             "\"\",\"\"]],4712,4800,4700,3]]",
     NULL, sample_write_postings},
    {"postings_of_ask", SAMPLE_REQUEST, "postings_of: of two ops", REQUEST_HEAD(24) "[[1010,70000]]]", NULL,
     sample_write_postings_of_ask},
    {"postings_of", SAMPLE_RESPONSE, "postings_of: a shipment that two have heard of, and one has booked",
     RESPONSE_HEAD(
         24) "[[[4711,\"1010.2\",1010,1795253005000,\"shipped\",\"ROPE\",\"lyon-2\",\"2.50\",\"-2.50\","
             "\"0.00\",\"0.00\",\"-2.50\",1,\"cart-77\",1,\"ship\",\"wms\",\"wms-lyon\",\"order-9\",1044,"
             "1795253900000,\"crm erp\",\"erp\"]]]]",
     NULL, sample_write_postings_of},
    {"reservations_ask", SAMPLE_REQUEST,
     "reservations: older than a day, of one owner and channel, reserved or allocated",
     REQUEST_HEAD(5) "[0,100,86400000,\"anna\",\"web\",6]]", NULL, sample_write_reservations_ask},
    {"reservations", SAMPLE_RESPONSE, "reservations: a page with more to come",
     RESPONSE_HEAD(5) "[[" RECORD_JSON "],4711]]", NULL, sample_write_reservations},
    {"positions_ask", SAMPLE_REQUEST, "positions: the next page", REQUEST_HEAD(6) "[4711,8192]]", NULL,
     sample_write_positions_ask},
    {"positions", SAMPLE_RESPONSE, "positions: the last page",
     RESPONSE_HEAD(
         6) "[[[\"TSHIRT-M\",\"berlin\",80,1,2,3,4,17],"
            "[\"ROPE\",\"lyon-2\",\"-2.50\",\"0.00\",\"1.00\",\"0.00\",\"0.00\",1099511627776]],0]]",
     NULL, sample_write_positions},
    {"exceptions_ask", SAMPLE_REQUEST,
     "exceptions: after number 6, refused facts of a source, open for an hour",
     REQUEST_HEAD(7) "[6,10,3600000,\"fact_refused\",\"pos\",\"\",2,\"stock-control\",true]]", NULL,
     sample_write_exceptions_ask},
    {"exceptions", SAMPLE_RESPONSE,
     "exceptions: an over-commitment that was discarded, a fact that was refused",
     RESPONSE_HEAD(7) "[[[7,1003,1795253000000,\"over_commitment\",0,\"wms\",\"TSHIRT-M\",\"berlin\",-2,12,"
                      "[\"cart-77\",\"cart-78\"],\"stocktake-9\",3,1,1795253000000,0,0,\"count\",0,\"\","
                      "1795253005000,1009,"
                      "\"anna\",\"customers called\",\"\",0,false,0,0,0,\"\",\"\",\"\"],"
                      "[8,1004,1795253000001,\"fact_refused\",50,\"pos\",\"NAIL\",\"lyon-2\",\"5.0\",0,[],"
                      "\"\",1,2,1795253060000,3,4711,"
                      "\"receive\",112,\"receive NAIL@lyon-2=5.0\",0,0,\"\",\"\","
                      "\"stock-control\",1795267400000,true,2,1795253090000,1010,\"anna\",\"a box of ten\","
                      "\"receive NAILS@lyon-2=50\"]],8]]",
     NULL, sample_write_exceptions},
    {"promise_ask", SAMPLE_REQUEST, "promise: where would two come from",
     REQUEST_HEAD(10) "[[32,\"ask-1\",1795253000000,\"web\",\"\",0,0,[[\"TSHIRT-M\",\"\",2]]]]]", NULL,
     write_promise_ask},
    {"promise", SAMPLE_RESPONSE, "promise: two would be granted", RESPONSE_HEAD(10) "[[0,0,2]]]", NULL,
     write_promise},
    {"schedule_ask", SAMPLE_REQUEST, "schedule: from which day on 2.5",
     REQUEST_HEAD(11) "[2,\"ROPE\",\"berlin\",1795253000000,60,\"2.5\",0]]", NULL, write_schedule_ask},
    {"schedule_ask_channel", SAMPLE_REQUEST, "schedule: what a channel may promise, day by day",
     REQUEST_HEAD(11) "[1,\"ROPE\",\"\",0,60,0,0,\"web\"]]", NULL, write_schedule_ask_channel},
    {"schedule", SAMPLE_RESPONSE, "schedule: the day and what may be promised then",
     RESPONSE_HEAD(11) "[[[\"berlin\",1795253000000,\"3.0\"]],0]]", NULL, write_schedule},
    {"schedule_supplies", SAMPLE_RESPONSE, "schedule: a transfer that is overdue",
     RESPONSE_HEAD(11) "[[[\"berlin\",1795253000000,\"7.5\",\"t-88\",\"ROPE\",3,1,true,\"10.0\",\"2.5\",\"5."
                       "0\",\"8.0\"]],7]]",
     NULL, write_supplies},
    {"explain_by", SAMPLE_REQUEST, "explain: 2.5, needed by a day",
     REQUEST_HEAD(13) "[[[\"ROPE\",\"berlin\",\"2.5\"]],\"\",1795253000000]]", NULL, write_explain_by},
    {"explain_pickup", SAMPLE_REQUEST, "explain: 2.5, picked up",
     REQUEST_HEAD(13) "[[[\"ROPE\",\"berlin\",\"2.5\"]],\"web\",0,false,true]]", NULL, write_explain_pickup},
    {"explain_reserve", SAMPLE_REQUEST, "explain: two lines of one reserve",
     REQUEST_HEAD(13) "[[[\"TSHIRT-M\",\"\",2],[\"ROPE\",\"berlin\",\"2.5\"]],\"\",0,true]]", NULL,
     write_explain_reserve},
    {"explain_ask", SAMPLE_REQUEST, "explain: two at a node, and 2.5 over all nodes, through a channel",
     REQUEST_HEAD(13) "[[[\"TSHIRT-M\",\"berlin\",2],[\"ROPE\",\"\",\"2.5\"]],\"web\"]]", NULL,
     write_explain_ask},
    {"explain", SAMPLE_RESPONSE, "explain: parts",
     RESPONSE_HEAD(13) "[[[0,1,3,\"berlin\"],[0,7,3,\"berlin\",\"paused\"],[1,32,\"2.5\",\"\"]],false]]",
     NULL, write_explain},
    {"stat_ask", SAMPLE_REQUEST, "stat", REQUEST_HEAD(8) "[]]", NULL, sample_write_stat_ask},
    {"stat", SAMPLE_RESPONSE, "stat: numbers and a text",
     RESPONSE_HEAD(8) "[[\"ops_applied\",1002],[\"lag\",-1],[\"state_hash\",\"9f3c21aa00b1e2d4\"]]]", NULL,
     sample_write_stat},
    {"catalog_ask", SAMPLE_REQUEST, "catalog: nodes", REQUEST_HEAD(9) "[0,500,2]]", NULL,
     sample_write_catalog_ask},
    {"catalog", SAMPLE_RESPONSE, "catalog: two nodes",
     RESPONSE_HEAD(9) "[[[\"berlin\",\"Berlin, Mitte\",0],[\"lyon-2\",\"\",3]],0]]", NULL,
     sample_write_catalog},
    {"catalog_calendar", SAMPLE_RESPONSE, "catalog: a node with a calendar",
     RESPONSE_HEAD(
         9) "[[[\"berlin\",\"\",0,\"CET-1CEST,M3.5.0,M10.5.0/3\",840,62,2,1,1080,400,3,1795339400000,"
            "\"250.0\",\"7.5\"]],0]]",
     NULL, sample_write_catalog_calendar},
    {"results_ready", SAMPLE_RESPONSE, "commands: a success that is ready at a stated time",
     RESPONSE_HEAD(1) "[[0,1002,2,1795253900000,0,0,0,[],[],1795339400000]]]", NULL,
     sample_write_results_ready},
    {"availability_ready", SAMPLE_RESPONSE, "availability: a row at a node with a calendar",
     RESPONSE_HEAD(2) "[[[0,0,\"berlin\",0,0,0,9,0,0,0,0,0,0,1795339400000]],true]]", NULL,
     sample_write_availability_ready},
    {"availability_level", SAMPLE_RESPONSE, "availability: a channel is low on it",
     RESPONSE_HEAD(2) "[[[0,0,\"\",\"2.50\",\"2.50\",2]],true]]", NULL, sample_write_availability_level},
    {"crossings_ask", SAMPLE_REQUEST, "crossings: after number 6", REQUEST_HEAD(12) "[6,10]]", NULL,
     sample_write_crossings_ask},
    {"crossings", SAMPLE_RESPONSE, "crossings: a channel is low on a SKU, then out of it",
     RESPONSE_HEAD(12) "[[[7,1002,1795253000000,\"web\",\"ROPE\",1,2,\"2.50\"],"
                       "[8,1003,1795253000000,\"web\",\"ROPE\",2,3,\"0.00\"]],0]]",
     NULL, sample_write_crossings},
    {"error", SAMPLE_RESPONSE, "error: busy, try again after 5 ms",
     RESPONSE_HEAD(127) "[16,0,\"the command queue is full\",5]]", NULL, sample_write_error},
    {"error_version", SAMPLE_RESPONSE, "error: unsupported version",
     RESPONSE_HEAD(127) "[11,0,\"this build speaks version 1\"]]", NULL, sample_write_error_version},
    {"facts", SAMPLE_EVENT, "event: a batch of two facts",
     "[1,64,\"d-9\",\"wms\",2,1001,1795253000000,998,1000,[[48,\"\",0,\"TSHIRT-M\",\"berlin\",5,true],"
     "[37,\"\",0,\"cart-77\",[[\"TSHIRT-M\",\"berlin\",5]],true]]]",
     "atp.facts.wms", write_facts},
    {"source_state_ask", SAMPLE_REQUEST, "source_state: of wms", REQUEST_HEAD(22) "[\"wms\"]]", NULL,
     sample_write_source_ask},
    {"source_state", SAMPLE_RESPONSE, "source_state: 1001 and 1004 to 1007 are missing",
     RESPONSE_HEAD(22) "[[[1001,1001],[1004,1007]],2,1001,1010,1005,0,1795253000000]]", NULL,
     sample_write_source_state},
    {"batch_ask", SAMPLE_REQUEST, "batch: a batch of one fact",
     REQUEST_HEAD(23) "[\"wms\",2,1001,1795253000000,998,999,[[48,\"\",0,\"ROPE\",\"lyon-2\",5,true]]]]",
     NULL, sample_write_batch},
    {"batch", SAMPLE_RESPONSE, "batch: out of order, others come first", RESPONSE_HEAD(23) "[18,16]]", NULL,
     sample_write_batch_answer},
    {"availability_changed", SAMPLE_EVENT, "event: a position is out of stock",
     "[1,65,\"c-1\",3,1002,\"ROPE\",\"lyon-2\",\"0.00\",\"-1.50\",43,true]", "atp.avail.ROPE",
     write_availability_event},
    {"crossing", SAMPLE_EVENT, "event: a channel is low on a SKU",
     "[1,12,\"\",3,7,1002,1795253000000,\"web\",\"ROPE\",1,2,\"2.50\"]", "atp.level.web",
     sample_write_crossing},
    {"event_stale", SAMPLE_EVENT, "event: a position whose source of counts is silent",
     "[1,65,\"\",3,1002,\"ROPE\",\"lyon-2\",\"2.50\",\"2.50\",44,false,true]", "atp.avail.ROPE",
     write_stale_availability_event},
    {"staleness", SAMPLE_EVENT, "event: a node is stale, and a channel stops promising there",
     "[1,66,\"\",3,1002,\"web\",\"lyon-2\",true,2]", "atp.stale.web", write_staleness},
    {"staleness_over", SAMPLE_EVENT, "event: a node is fresh again",
     "[1,66,\"\",3,1009,\"\",\"lyon-2\",false,0]", "atp.stale.", write_freshness},
};

const size_t sample_count = sizeof samples / sizeof samples[0];

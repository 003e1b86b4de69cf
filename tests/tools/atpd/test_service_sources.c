/* The service towards sources: batches that are answered, and what the engine says it has. */
#include "tests/tools/atpd/service_rig.h"

#include <stdio.h>
#include <string.h>

#define TIMEOUT_MS 20000

/* ---- scenery ---- */

static void prepare(rig_t *rig)
{
    rig_sku(rig, "sku");
    rig_node(rig, "N");
    rig_count(rig, "sku", "N", 100);
}

static int64_t on_hand(rig_t *rig)
{
    const atp_text_t sku = ATP_TEXT("sku");
    const atp_text_t node = ATP_TEXT("N");
    const atp_availability_ask_t ask = {.skus = &sku, .sku_count = 1, .nodes = &node, .node_count = 1};
    atp_answer_t *answer;

    assert_int_equal(atp_client_availability(rig->client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    int64_t atp = atp_answer_availability(answer)[0].atp;
    atp_answer_free(answer);
    return atp;
}

/* Writes a batch of one fact of source `wms`, which keeps its batches from 1 on. */
static size_t write_batch(uint8_t *bytes, size_t size, uint64_t epoch, uint64_t sequence, atp_op_kind_t kind,
                          int64_t qty)
{
    const atp_facts_t facts = {
        .source = ATP_TEXT("wms"), .epoch = epoch, .sequence = sequence, .as_of_ms = 777, .kept_from = 1};
    const atp_command_line_t line = {.sku = ATP_TEXT("sku"), .node = ATP_TEXT("N"), .mantissa = qty};
    const atp_command_t command = {
        .kind = kind, .correlation = ATP_TEXT("W-1"), .line_count = 1, .lines = &line};
    atp_writer_t writer;

    raw_begin(&writer, bytes, size, ATP_MESSAGE_BATCH);
    atp_write_batch_begin(&writer, &facts);
    atp_write_command(&writer, &command);
    atp_write_list_end(&writer);
    assert_false(writer.is_overflown);
    return atp_writer_size(&writer);
}

/* The verdict on such a batch; it is durable if it was applied. */
static uint8_t send_batch(nng_socket socket, uint64_t sequence, atp_op_kind_t kind, int64_t qty)
{
    uint8_t bytes[512];
    atp_batch_answer_t told;
    atp_reader_t reader;

    raw_send(socket, bytes, write_batch(bytes, sizeof bytes, 1, sequence, kind, qty));
    nng_msg *message = raw_receive(socket, TIMEOUT_MS, false);
    atp_response_t response = raw_read(message, &reader);
    assert_int_equal(response.type, ATP_MESSAGE_BATCH);
    assert_true(response.durable_op >= response.applied_op);
    assert_true(atp_read_batch_answer(&reader, &told) && atp_message_close(&reader));
    assert_int_equal(told.field, told.verdict == ATP_OUT_OF_ORDER ? ATP_FIELD_SEQUENCE : ATP_FIELD_NONE);
    nng_msg_free(message);
    return told.verdict;
}

typedef struct state_of {
    atp_source_state_t state;
    uint32_t gap_count;
    atp_source_gap_t gaps[8];
} state_of_t;

static state_of_t ask_state(nng_socket socket, const char *source)
{
    uint8_t bytes[256];
    state_of_t told;
    atp_writer_t writer;
    atp_reader_t reader;

    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_SOURCE_STATE);
    atp_write_source_ask(&writer, atp_text_of(source));
    raw_send(socket, bytes, atp_writer_size(&writer));
    nng_msg *message = raw_receive(socket, TIMEOUT_MS, false);
    atp_response_t response = raw_read(message, &reader);
    assert_int_equal(response.type, ATP_MESSAGE_SOURCE_STATE);
    assert_true(response.durable_op >= response.applied_op);
    assert_true(atp_read_source_state(&reader, &told.gap_count));
    assert_true(told.gap_count <= 8);
    for (uint32_t i = 0; i < told.gap_count; i++) {
        assert_true(atp_read_source_gap(&reader, &told.gaps[i]));
    }
    assert_true(atp_read_source_state_end(&reader, &told.state) && atp_message_close(&reader));
    nng_msg_free(message);
    return told;
}

/* ---- tests ---- */

static void a_batch_is_applied_once_and_says_so(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    prepare(rig);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_DUPLICATE_IGNORED);
    assert_int_equal(on_hand(rig), 105);
    assert_int_equal(atp_metrics_value(rig->metrics, ATP_METRIC_SOURCE_HEALED, 0), 1);
    assert_int_equal(atp_metrics_value(rig->metrics, ATP_METRIC_SOURCE_DUPLICATES, 0), 1);
    nng_close(socket);
}

static void what_is_missing_is_told_and_a_count_waits_for_it(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    prepare(rig);
    state_of_t has = ask_state(socket, "wms");
    assert_true(has.state.epoch == 0 && has.gap_count == 0);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    assert_int_equal(send_batch(socket, 4, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    uint64_t op = rig_op(rig);
    assert_int_equal(send_batch(socket, 6, ATP_OP_COUNT, 7), ATP_OUT_OF_ORDER);
    assert_int_equal(send_batch(socket, 5000, ATP_OP_RECEIVE, 1), ATP_OUT_OF_ORDER);
    assert_int_equal(rig_op(rig), op);
    has = ask_state(socket, "wms");
    assert_true(has.state.epoch == 1 && has.state.low == 2 && has.state.high == 4 && has.state.batches == 2);
    assert_int_equal(has.state.as_of_ms, 777);
    assert_true(has.gap_count == 1 && has.gaps[0].first == 2 && has.gaps[0].last == 3);
    for (uint64_t sequence = 2; sequence <= 5; sequence++) {
        (void)send_batch(socket, sequence, ATP_OP_SALE, 1);
    }
    assert_int_equal(send_batch(socket, 6, ATP_OP_COUNT, 7), ATP_APPLIED);
    assert_int_equal(on_hand(rig), 7);
    assert_int_equal(ask_state(socket, "wms").state.low, 7);
    assert_int_equal(atp_metrics_value(rig->metrics, ATP_METRIC_SOURCE_OUT_OF_ORDER, 0), 2);
    nng_close(socket);
}

static atp_answer_t *trace(rig_t *rig)
{
    const atp_trace_query_t query = {.correlation = ATP_TEXT("W-1")};
    atp_answer_t *answer = NULL;

    assert_int_equal(atp_client_trace(rig->client, &query, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).verdict, ATP_APPLIED);
    return answer;
}

/* It is told once, however often it was tried, and no more when it is applied. */
static void a_fact_that_waits_for_a_gap_is_traced(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    prepare(rig);
    for (unsigned tries = 0; tries < 3; tries++) {
        assert_int_equal(send_batch(socket, 2, ATP_OP_COUNT, 7), ATP_OUT_OF_ORDER);
    }
    atp_answer_t *answer = trace(rig);
    const atp_trace_row_t *row = atp_answer_traces(answer);
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    assert_true(row->op == 0 && row->verdict == ATP_OUT_OF_ORDER && row->epoch == 1 && row->sequence == 2);
    assert_true(atp_text_equal(row->client, ATP_TEXT("wms")) && atp_text_equal(row->sku, ATP_TEXT("sku")));
    assert_int_equal(row->qty, 7);
    atp_answer_free(answer);

    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    assert_int_equal(send_batch(socket, 2, ATP_OP_COUNT, 7), ATP_APPLIED);
    answer = trace(rig);
    row = atp_answer_traces(answer);
    assert_int_equal(atp_answer_head(answer).row_count, 2);
    assert_true(row[0].op > 0 && row[0].verdict == ATP_APPLIED && row[0].on_hand == 5 && row[0].again == 0);
    assert_true(row[1].op > 0 && row[1].verdict == ATP_APPLIED && row[1].on_hand == -98);
    assert_true(atp_text_equal(row[1].changed_node, ATP_TEXT("N")) && row[1].places == 1);
    atp_answer_free(answer);
    nng_close(socket);
}

static void a_batch_that_came_again_is_said_to_have(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    prepare(rig);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    assert_int_equal(send_batch(socket, 2, ATP_OP_RECEIVE, 6), ATP_APPLIED);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_DUPLICATE_IGNORED);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_DUPLICATE_IGNORED);
    atp_answer_t *answer = trace(rig);
    const atp_trace_row_t *row = atp_answer_traces(answer);
    assert_int_equal(atp_answer_head(answer).row_count, 2);
    assert_true(row[0].again == 2 && row[0].again_ms > 0 && row[0].on_hand == 5);
    assert_true(row[1].again == 0 && row[1].on_hand == 6);
    atp_answer_free(answer);
    nng_close(socket);
}

static void a_batch_cut_anywhere_is_refused_and_changes_nothing(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[512];
    nng_socket socket = raw_open(rig);

    prepare(rig);
    uint64_t op = rig_op(rig);
    size_t size = write_batch(bytes, sizeof bytes, 1, 1, ATP_OP_RECEIVE, 5);
    for (size_t cut = 0; cut < size; cut++) {
        raw_expect(socket, bytes, cut, ATP_MALFORMED);
    }
    raw_expect(socket, bytes, write_batch(bytes, sizeof bytes, 0, 1, ATP_OP_RECEIVE, 5),
               ATP_SEQUENCE_INVALID);
    raw_expect(socket, bytes, write_batch(bytes, sizeof bytes, 1, 0, ATP_OP_RECEIVE, 5),
               ATP_SEQUENCE_INVALID);
    assert_int_equal(rig_op(rig), op);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, 5), ATP_APPLIED);
    nng_close(socket);
}

static void a_state_without_a_name_is_refused(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[256];
    atp_writer_t writer;
    nng_socket socket = raw_open(rig);

    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_SOURCE_STATE);
    atp_write_source_ask(&writer, ATP_TEXT(""));
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_ID_INVALID);
    nng_close(socket);
}

/* What cannot be an op is logged and counted; the number is used all the same, or the source would send it for ever. */
static void a_fact_that_cannot_be_one_does_not_hold_its_source_up(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    prepare(rig);
    assert_int_equal(send_batch(socket, 1, ATP_OP_RECEIVE, -5), ATP_APPLIED);
    assert_int_equal(on_hand(rig), 100);
    assert_int_equal(ask_state(socket, "wms").state.low, 2);
    assert_int_equal(atp_metrics_value(rig->metrics, ATP_METRIC_REFUSED, ATP_QTY_MUST_BE_POSITIVE), 1);
    nng_close(socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_batch_is_applied_once_and_says_so, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(what_is_missing_is_told_and_a_count_waits_for_it, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(a_fact_that_waits_for_a_gap_is_traced, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(a_batch_that_came_again_is_said_to_have, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(a_batch_cut_anywhere_is_refused_and_changes_nothing, rig_open,
                                        rig_close),
        cmocka_unit_test_setup_teardown(a_state_without_a_name_is_refused, rig_open, rig_close),
        cmocka_unit_test_setup_teardown(a_fact_that_cannot_be_one_does_not_hold_its_source_up, rig_open,
                                        rig_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The service's questions: every type, good and bad; pages through thousands of rows; what is due, wide, or asked while the
 * engine stands still or stops. */
#include "engine/base/atomics.h"
#include "tests/protocol/nng_leaks.h"
#include "tests/tools/atpd/service_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define MANY 6000u
#else
#define MANY 20000u
#endif
#define ROOM ((size_t)1 << 20)

/* ---- many things at once ---- */

static void call_all(rig_t *rig, const atp_command_t *commands, uint32_t count)
{
    static atp_result_t results[ATP_OPS_PER_MESSAGE_MAX];

    assert_int_equal(atp_client_call_many(rig->client, commands, count, results, NULL, NULL), ATP_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_string_equal(atp_verdict_name(results[i].verdict), "applied");
    }
}

/* SKUs `p-0`... at node N, `qty` of each; with `ttl_ms` also a reservation of one of each. */
static void make_many(rig_t *rig, uint32_t many, int64_t qty, int64_t ttl_ms)
{
    enum { AT_ONCE = 1000 };
    static char names[AT_ONCE][16];
    static char ids[AT_ONCE][24];
    static atp_command_line_t lines[AT_ONCE];
    static atp_command_t commands[AT_ONCE];
    const atp_op_kind_t kinds[] = {ATP_OP_SKU, ATP_OP_COUNT, ATP_OP_RESERVE};

    rig_node(rig, "N");
    for (uint32_t at = 0; at < many; at += AT_ONCE) {
        for (unsigned pass = 0; pass < (ttl_ms > 0 ? 3 : 2); pass++) {
            for (uint32_t i = 0; i < AT_ONCE; i++) {
                snprintf(names[i], sizeof names[i], "p-%u", at + i);
                snprintf(ids[i], sizeof ids[i], "%u-%u", pass, at + i);
                lines[i] = (atp_command_line_t){
                    .sku = atp_text_of(names[i]), .node = ATP_TEXT("N"), .mantissa = pass == 2 ? 1 : qty};
                commands[i] = (atp_command_t){.kind = kinds[pass],
                                              .id = atp_text_of(ids[i]),
                                              .is_fact = pass == 1,
                                              .ttl_ms = pass == 2 ? ttl_ms : 0,
                                              .line_count = 1,
                                              .lines = &lines[i]};
            }
            call_all(rig, commands, AT_ONCE);
        }
    }
}

/* ---- pages ---- */

static void note(bool *seen, uint32_t many, const char *prefix, atp_text_t id)
{
    char text[ATP_ID_SIZE_MAX + 1];

    snprintf(text, sizeof text, "%.*s", (int)id.size, id.bytes);
    assert_memory_equal(text, prefix, strlen(prefix));
    unsigned long number = strtoul(text + strlen(prefix), NULL, 10);
    assert_true(number < many && !seen[number]);
    seen[number] = true;
}

static uint32_t page_through(rig_t *rig, atp_message_type_t type, bool *seen, uint32_t limit)
{
    atp_page_ask_t ask = {.limit = limit, .what = ATP_CATALOG_SKUS};
    uint32_t total = 0;

    do {
        atp_answer_t *answer;
        atp_err_t err = type == ATP_MESSAGE_POSITIONS ? atp_client_positions(rig->client, &ask, &answer)
                        : type == ATP_MESSAGE_RESERVATIONS
                            ? atp_client_reservations(rig->client, &ask, &answer)
                            : atp_client_catalog(rig->client, &ask, &answer);
        assert_int_equal(err, ATP_OK);
        atp_answer_head_t head = atp_answer_head(answer);
        assert_int_equal(head.verdict, ATP_APPLIED);
        assert_true(head.row_count <= limit);
        for (uint32_t i = 0; i < head.row_count; i++) {
            if (type == ATP_MESSAGE_POSITIONS) {
                note(seen, MANY, "p-", atp_answer_positions(answer)[i].sku);
            } else if (type == ATP_MESSAGE_RESERVATIONS) {
                note(seen, MANY, "2-", atp_answer_records(answer)[i].id);
            } else {
                note(seen, MANY, "p-", atp_answer_catalog(answer)[i].id);
            }
        }
        total += head.row_count;
        assert_true(head.next_cursor == 0 || head.next_cursor > ask.cursor);
        ask.cursor = head.next_cursor;
        atp_answer_free(answer);
    } while (ask.cursor != 0);
    memset(seen, 0, MANY);
    return total;
}

static void pages_show_every_row_once(void **state)
{
    rig_t *rig = *state;
    bool *seen = calloc(1, MANY);

    assert_non_null(seen);
    make_many(rig, MANY, 5, 600000);
    assert_int_equal(page_through(rig, ATP_MESSAGE_POSITIONS, seen, 777), MANY);
    assert_int_equal(page_through(rig, ATP_MESSAGE_RESERVATIONS, seen, 777), MANY);
    assert_int_equal(page_through(rig, ATP_MESSAGE_RESERVATIONS, seen, ATP_PAGE_LIMIT_MAX), MANY);
    assert_int_equal(page_through(rig, ATP_MESSAGE_CATALOG, seen, ATP_PAGE_LIMIT_MAX), MANY);
    free(seen);
}

static void a_cursor_past_the_end_is_an_empty_last_page(void **state)
{
    rig_t *rig = *state;
    const uint64_t cursors[] = {5, 1000000, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};

    rig_sku(rig, "one");
    rig_node(rig, "N");
    rig_count(rig, "one", "N", 1);
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        atp_page_ask_t ask = {.cursor = cursors[i], .what = ATP_CATALOG_NODES};
        atp_err_t (*const asks[])(atp_client_t *, const atp_page_ask_t *, atp_answer_t **) = {
            atp_client_positions, atp_client_reservations, atp_client_exceptions, atp_client_catalog};
        for (size_t k = 0; k < 4; k++) {
            atp_answer_t *answer;
            assert_int_equal(asks[k](rig->client, &ask, &answer), ATP_OK);
            assert_int_equal(atp_answer_head(answer).row_count, 0);
            assert_int_equal(atp_answer_head(answer).next_cursor, 0);
            atp_answer_free(answer);
        }
    }
}

/* ---- every type, good and bad ---- */

/* A request of `type` whose body is one value that is not what it must be. */
static void every_question_with_a_wrong_body_is_refused(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);

    for (uint8_t type = ATP_MESSAGE_COMMANDS; type <= ATP_MESSAGE_CATALOG; type++) {
        uint8_t bytes[256];
        atp_writer_t writer;
        raw_begin(&writer, bytes, sizeof bytes, (atp_message_type_t)type);
        atp_write_text(&writer, ATP_TEXT("not a body"));
        raw_expect(socket, bytes, atp_writer_size(&writer), ATP_MALFORMED);
        raw_begin(&writer, bytes, sizeof bytes, (atp_message_type_t)type);
        memcpy(writer.at, "\xdd\xff\xff\xff\xff", 5); /* an array that promises 4 billion elements */
        atp_reader_t reader;
        atp_error_t error;
        raw_send(socket, bytes, atp_writer_size(&writer) + 5);
        nng_msg *message = raw_receive(socket, 20000, false);
        assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_ERROR);
        assert_true(atp_read_error(&reader, &error));
        assert_true(error.verdict == ATP_MALFORMED || error.verdict == ATP_TOO_MANY_OPS);
        nng_msg_free(message);
    }
    nng_close(socket);
}

/* ---- traces ---- */

static atp_result_t reserve_under(rig_t *rig, const char *id, int64_t qty, const char *correlation)
{
    const atp_command_line_t line = {ATP_TEXT("s"), ATP_TEXT("N"), qty, 0};
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .line_count = 1,
                                   .lines = &line,
                                   .correlation = atp_text_of(correlation)};

    return rig_call(rig, &command);
}

static atp_answer_t *trace(rig_t *rig, const char *correlation, const char *reservation)
{
    const atp_trace_query_t query = {atp_text_of(correlation), atp_text_of(reservation)};
    atp_answer_t *answer = NULL;

    assert_int_equal(atp_client_trace(rig->client, &query, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).verdict, ATP_APPLIED);
    return answer;
}

static void a_trace_tells_the_ops_of_a_correlation_id_with_their_verdicts(void **state)
{
    rig_t *rig = *state;

    rig_sku(rig, "s");
    rig_node(rig, "N");
    rig_count(rig, "s", "N", 5);
    uint64_t first = reserve_under(rig, "a", 2, "order-9").op;
    reserve_under(rig, "b", 1, "order-8");
    uint64_t last = reserve_under(rig, "c", 9, "order-9").op; /* refused */
    atp_answer_t *answer = trace(rig, "order-9", "");
    const atp_trace_row_t *rows = atp_answer_traces(answer);
    assert_int_equal(atp_answer_head(answer).row_count, 2);
    assert_int_equal(atp_answer_head(answer).from_op, 1);
    assert_int_equal(rows[0].op, first);
    assert_int_equal(rows[1].op, last);
    assert_string_equal(atp_verdict_name(rows[0].verdict), "applied");
    assert_string_equal(atp_verdict_name(rows[1].verdict), "not_enough_available");
    assert_true(atp_text_equal(rows[0].subject, ATP_TEXT("a")) &&
                atp_text_equal(rows[0].client, ATP_TEXT("rig")) &&
                atp_text_equal(rows[0].sku, ATP_TEXT("s")) && atp_text_equal(rows[0].node, ATP_TEXT("N")) &&
                atp_text_equal(rows[0].kind, ATP_TEXT("reserve")) && rows[1].qty == 9);
    atp_answer_free(answer);
    answer = trace(rig, "", "b");
    assert_int_equal(atp_answer_head(answer).row_count, 1);
    assert_true(atp_text_equal(atp_answer_traces(answer)[0].correlation, ATP_TEXT("order-8")));
    atp_answer_free(answer);
    answer = trace(rig, "nobody's", "");
    assert_int_equal(atp_answer_head(answer).row_count, 0);
    atp_answer_free(answer);
}

static void of_very_many_ops_the_newest_are_traced(void **state)
{
    enum { MORE = 1200 };
    rig_t *rig = *state;
    static char ids[MORE][16];
    static atp_command_t commands[MORE];
    static atp_result_t results[MORE];
    const atp_command_line_t line = {ATP_TEXT("s"), ATP_TEXT("N"), 1, 0};

    rig_sku(rig, "s");
    rig_node(rig, "N");
    rig_count(rig, "s", "N", MORE);
    for (uint32_t i = 0; i < MORE; i++) {
        snprintf(ids[i], sizeof ids[i], "r-%u", i);
        commands[i] = (atp_command_t){.kind = ATP_OP_RESERVE,
                                      .id = atp_text_of(ids[i]),
                                      .line_count = 1,
                                      .lines = &line,
                                      .correlation = ATP_TEXT("all")};
    }
    assert_int_equal(atp_client_call_many(rig->client, commands, MORE, results, NULL, NULL), ATP_OK);
    atp_answer_t *answer = trace(rig, "all", "");
    assert_true(atp_answer_head(answer).is_cut);
    assert_int_equal(atp_answer_head(answer).row_count, ATP_TRACE_ROWS_MAX);
    assert_int_equal(atp_answer_traces(answer)[0].op, results[MORE - ATP_TRACE_ROWS_MAX].op);
    atp_answer_free(answer);
}

/* While one waits for the ledger thread, which stands still, the next is told to come again. */
static void one_trace_at_a_time(void **state)
{
    rig_t *rig = *state;
    nng_socket first = raw_open(rig);
    nng_socket second = raw_open(rig);
    uint8_t bytes[256];
    atp_writer_t writer;
    atp_reader_t reader;
    const atp_trace_query_t query = {.correlation = ATP_TEXT("x")};

    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_TRACE);
    atp_write_trace_query(&writer, &query);
    raw_send(first, bytes, atp_writer_size(&writer));
    while (rig_waiting(rig, ATP_CLASS_RESERVE) == 0) { /* read, and asked of the ledger thread */
    }
    raw_expect(second, bytes, atp_writer_size(&writer), ATP_BUSY);
    rig_pump_begin(rig);
    nng_msg *message = raw_receive(first, 20000, false);
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_TRACE);
    nng_msg_free(message);
    rig_pump_end(rig);
    nng_close(first);
    nng_close(second);
}

static void a_trace_that_asks_for_nothing_or_for_both_is_refused(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);
    const atp_trace_query_t queries[] = {{.correlation = ATP_TEXT("")}, {ATP_TEXT("a"), ATP_TEXT("b")}};
    const atp_verdict_t verdicts[] = {ATP_ID_MISSING, ATP_MALFORMED};

    for (unsigned i = 0; i < 2; i++) {
        uint8_t bytes[256];
        atp_writer_t writer;
        raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_TRACE);
        atp_write_trace_query(&writer, &queries[i]);
        raw_expect(socket, bytes, atp_writer_size(&writer), verdicts[i]);
    }
    nng_close(socket);
}

static void refused(atp_answer_t *answer, atp_verdict_t verdict)
{
    assert_string_equal(atp_verdict_name(atp_answer_head(answer).verdict), atp_verdict_name(verdict));
    assert_int_equal(atp_answer_head(answer).row_count, 0);
    atp_answer_free(answer);
}

static void a_question_for_the_impossible_is_refused_by_name(void **state)
{
    rig_t *rig = *state;
    nng_socket socket = raw_open(rig);
    const atp_text_t names[2] = {ATP_TEXT("one"), ATP_TEXT("N")};
    atp_availability_ask_t ask = {.channel = ATP_TEXT("nowhere"),
                                  .sku_count = 1,
                                  .node_count = 1,
                                  .skus = &names[0],
                                  .nodes = &names[1]};
    uint8_t bytes[256];
    atp_writer_t writer;
    atp_answer_t *answer;

    assert_int_equal(atp_client_availability(rig->client, &ask, &answer), ATP_OK);
    refused(answer, ATP_UNKNOWN_CHANNEL);
    ask.channel = ATP_TEXT("");
    ask.flags = ATP_AVAILABILITY_FLAGS + 1;
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_ask(&writer, &ask);
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_OPTION_UNKNOWN);
    ask.flags = 0;
    ask.sku_count = ask.node_count = 0;
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_ask(&writer, &ask);
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_LINES_MISSING);
    atp_page_ask_t page = {.limit = ATP_PAGE_LIMIT_MAX + 1};
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_POSITIONS);
    atp_write_page_ask(&writer, ATP_MESSAGE_POSITIONS, &page);
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_OPTION_UNKNOWN);
    page = (atp_page_ask_t){.what = (atp_catalog_what_t)99};
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_CATALOG);
    atp_write_page_ask(&writer, ATP_MESSAGE_CATALOG, &page);
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_OPTION_UNKNOWN);
    nng_close(socket);
}

static void unknown_names_have_rows_of_their_own(void **state)
{
    rig_t *rig = *state;
    const atp_text_t skus[] = {ATP_TEXT("one"), ATP_TEXT("ghost"), ATP_TEXT("one"), ATP_TEXT("one")};
    const atp_text_t nodes[] = {ATP_TEXT("N"), ATP_TEXT("N"), ATP_TEXT("ghost"), ATP_TEXT("")};
    atp_availability_ask_t ask = {.sku_count = 4, .node_count = 4, .skus = skus, .nodes = nodes};
    const uint8_t verdicts[] = {ATP_APPLIED, ATP_UNKNOWN_SKU, ATP_UNKNOWN_NODE, ATP_APPLIED};
    atp_answer_t *answer;

    rig_sku(rig, "one");
    rig_node(rig, "N");
    rig_count(rig, "one", "N", 3);
    assert_int_equal(atp_client_availability(rig->client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        const atp_availability_row_t *row = &atp_answer_availability(answer)[i];
        assert_int_equal(row->index, i);
        assert_int_equal(row->verdict, verdicts[i]);
        assert_int_equal(row->promisable, verdicts[i] == ATP_APPLIED ? 3 : 0);
    }
    atp_answer_free(answer);
    const atp_text_t id = ATP_TEXT("nobody");
    assert_int_equal(atp_client_reservation(rig->client, &id, 1, &answer), ATP_OK);
    assert_int_equal(atp_answer_records(answer)[0].verdict, ATP_UNKNOWN_RESERVATION);
    atp_answer_free(answer);
}

/* ---- a SKU at more nodes than fit on the stack, as of one op, under a writer ---- */

#define WIDE 1500u

typedef struct writer_thread {
    rig_t *rig;
    _Atomic uint32_t must_end;
} writer_thread_t;

static void *write_on(void *context)
{
    writer_thread_t *writer = context;

    for (unsigned i = 0; atp_load_acquire(&writer->must_end) == 0; i++) {
        atp_command_line_t line = {.sku = ATP_TEXT("other"), .node = ATP_TEXT("n-0"), .mantissa = 1 + i % 2};
        atp_command_t commands[32];
        atp_result_t results[32];
        char ids[32][32];
        for (unsigned k = 0; k < 32; k++) {
            snprintf(ids[k], sizeof ids[k], "w-%u-%u", i, k);
            commands[k] = (atp_command_t){.kind = ATP_OP_RECEIVE,
                                          .is_fact = true,
                                          .id = atp_text_of(ids[k]),
                                          .line_count = 1,
                                          .lines = &line};
        }
        if (atp_client_call_many(writer->rig->client, commands, 32, results, NULL, NULL) != ATP_OK) {
            break;
        }
    }
    return NULL;
}

static void make_wide(rig_t *rig)
{
    static char names[WIDE][16];
    static char ids[2 * WIDE][24];
    static atp_command_line_t lines[2 * WIDE];
    static atp_command_t commands[2 * WIDE];

    rig_sku(rig, "wide");
    rig_sku(rig, "other");
    for (uint32_t i = 0; i < 2 * WIDE; i++) {
        bool is_count = i >= WIDE;
        snprintf(ids[i], sizeof ids[i], "wide-%u", i);
        snprintf(names[i % WIDE], sizeof names[0], "n-%u", i % WIDE);
        lines[i] = (atp_command_line_t){.sku = is_count ? ATP_TEXT("wide") : ATP_TEXT(""),
                                        .node = atp_text_of(names[i % WIDE]),
                                        .mantissa = is_count ? i - WIDE + 1 : 0};
        commands[i] = (atp_command_t){.kind = is_count ? ATP_OP_COUNT : ATP_OP_NODE,
                                      .is_fact = is_count,
                                      .id = atp_text_of(ids[i]),
                                      .line_count = 1,
                                      .lines = &lines[i]};
    }
    call_all(rig, commands, 2 * WIDE);
}

/* Asks for the wide SKU `times` times over in one question, so that reading takes long enough for the writer to come
 * between. */
static void check_wide(rig_t *rig, uint32_t flags, uint32_t times)
{
    static atp_text_t skus[64];
    static atp_text_t nodes[64];
    atp_availability_ask_t ask = {
        .flags = flags, .sku_count = times, .node_count = times, .skus = skus, .nodes = nodes};
    bool is_per_node = (flags & ATP_AVAILABILITY_PER_NODE) != 0;
    int64_t sum = 0;
    atp_answer_t *answer;

    for (uint32_t i = 0; i < times; i++) {
        skus[i] = ATP_TEXT("wide");
        nodes[i] = ATP_TEXT("");
    }
    assert_int_equal(atp_client_availability(rig->client, &ask, &answer), ATP_OK);
    atp_answer_head_t head = atp_answer_head(answer);
    assert_int_equal(head.verdict, ATP_APPLIED);
    assert_int_equal(head.row_count, times * (is_per_node ? WIDE : 1));
    assert_true((flags & ATP_AVAILABILITY_ONE_OP) == 0 || head.is_as_of_one_op);
    for (uint32_t i = 0; i < head.row_count; i++) {
        const atp_availability_row_t *row = &atp_answer_availability(answer)[i];
        assert_true(!is_per_node || row->node.size > 2);
        sum += row->promisable;
    }
    assert_int_equal(sum, (int64_t)times * WIDE * (WIDE + 1) / 2);
    atp_answer_free(answer);
}

static void a_sku_at_very_many_nodes_is_answered_whole_under_a_writer(void **state)
{
    rig_t *rig = *state;
    static writer_thread_t writer; /* outlives a test that fails */
    pthread_t thread;

    writer.rig = rig;
    make_wide(rig);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    /* Until the ledger thread had to read some of them itself. */
    for (unsigned i = 0; i < 4 || atp_metrics_value(rig->metrics, ATP_METRIC_READS_FALLBACK, 0) == 0; i++) {
        assert_true(i < 1000);
        check_wide(rig, ATP_AVAILABILITY_ONE_OP | ATP_AVAILABILITY_PER_NODE | ATP_AVAILABILITY_COMPONENTS,
                   40);
        check_wide(rig, ATP_AVAILABILITY_ONE_OP, 64);
        check_wide(rig, ATP_AVAILABILITY_PER_NODE, 40);
        check_wide(rig, 0, 64);
    }
    atp_store_release(&writer.must_end, 1);
    pthread_join(thread, NULL);
}

/* ---- more due in one question than one round settles ---- */

#define DUE 10000u

/* The question is there before anything of it has expired by itself: the engine stands still until it waits. */
static void all_that_is_due_is_out_of_one_answer(void **state)
{
    rig_t *rig = *state;
    static atp_text_t names[DUE + 1];
    static char texts[DUE][16];
    static uint8_t bytes[ROOM];
    nng_socket socket = raw_open(rig);
    atp_writer_t writer;
    atp_reader_t reader;
    uint32_t count;

    rig_pump_begin(rig);
    make_many(rig, DUE, 1, 3600000);
    rig_pump_end(rig);
    for (uint32_t i = 0; i < DUE; i++) {
        snprintf(texts[i], sizeof texts[i], "p-%u", i);
        names[i] = atp_text_of(texts[i]);
    }
    names[DUE] = ATP_TEXT("N");
    atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_CROSS,
                                  .sku_count = DUE,
                                  .node_count = 1,
                                  .skus = names,
                                  .nodes = &names[DUE]};
    atp_fetch_add_relaxed(&rig->clock.added_ms, 3600001);
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_AVAILABILITY);
    atp_write_availability_ask(&writer, &ask);
    assert_false(writer.is_overflown);
    raw_send(socket, bytes, atp_writer_size(&writer));
    while (rig_waiting(rig, ATP_CLASS_RELEASE) == 0) {
    }
    rig_pump_begin(rig);
    nng_msg *message = raw_receive(socket, 20000, false);
    rig_pump_end(rig);
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_AVAILABILITY);
    assert_true(atp_read_availability(&reader, &count));
    assert_int_equal(count, DUE);
    for (uint32_t i = 0; i < DUE; i++) {
        atp_availability_row_t row;
        assert_true(atp_read_availability_row(&reader, &row));
        assert_int_equal(row.promisable, 1);
    }
    nng_msg_free(message);
    nng_close(socket);
}

/* ---- an engine that stands still ---- */

static size_t write_reserves(uint8_t *bytes, size_t size, const char *prefix, uint32_t count)
{
    static char ids[ATP_OPS_PER_MESSAGE_MAX][24];
    atp_command_line_t line = {.sku = ATP_TEXT("sku"), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_writer_t writer;

    raw_begin(&writer, bytes, size, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof ids[i], "%s-%u", prefix, i);
        atp_command_t command = {.kind = ATP_OP_RESERVE,
                                 .id = atp_text_of(ids[i]),
                                 .issued_ms = atp_now_ms(),
                                 .line_count = 1,
                                 .lines = &line};
        atp_write_command(&writer, &command);
    }
    atp_write_list_end(&writer);
    assert_false(writer.is_overflown);
    return atp_writer_size(&writer);
}

static void wait_for_waiting(rig_t *rig, uint64_t lines)
{
    while (rig_waiting(rig, ATP_CLASS_RESERVE) < lines) {
    }
}

static void a_full_class_is_answered_busy_at_once_and_the_rest_later(void **state)
{
    rig_t *rig = *state;
    uint8_t *bytes = malloc(ROOM);
    nng_socket first = raw_open(rig);
    nng_socket second = raw_open(rig);
    atp_reader_t reader;
    atp_error_t error;
    uint32_t count;

    assert_non_null(bytes);
    raw_send(first, bytes, write_reserves(bytes, ROOM, "first", 8000));
    wait_for_waiting(rig, 8000);
    raw_send(second, bytes, write_reserves(bytes, ROOM, "second", 1000));
    nng_msg *message = raw_receive(second, 20000, false); /* though nobody works */
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_ERROR);
    assert_true(atp_read_error(&reader, &error));
    assert_int_equal(error.verdict, ATP_BUSY);
    assert_true(error.retry_ms > 0);
    nng_msg_free(message);
    assert_true(rig_waiting(rig, ATP_CLASS_RESERVE) >= 8000); /* and nothing was done meanwhile */
    rig_start(rig);
    message = raw_receive(first, 20000, false);
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_COMMANDS);
    assert_true(atp_read_results(&reader, &count));
    assert_int_equal(count, 8000);
    nng_msg_free(message);
    nng_close(first);
    nng_close(second);
    free(bytes);
}

static void what_the_engine_never_took_is_answered_when_it_closes(void **state)
{
    rig_t *rig = *state;
    uint8_t *bytes = malloc(ROOM);
    nng_socket commands = raw_open(rig);
    nng_socket question = raw_open(rig);
    atp_writer_t writer;
    atp_reader_t reader;
    atp_error_t error;
    atp_page_ask_t page = {.limit = 10};

    assert_non_null(bytes);
    raw_send(commands, bytes, write_reserves(bytes, ROOM, "left", 10));
    wait_for_waiting(rig, 10);
    raw_begin(&writer, bytes, ROOM, ATP_MESSAGE_POSITIONS);
    atp_write_page_ask(&writer, ATP_MESSAGE_POSITIONS, &page);
    raw_send(question, bytes, atp_writer_size(&writer));
    wait_for_waiting(rig, 12); /* ten, the op that names their client, and the question */
    atp_service_drain(rig->service);
    atp_engine_close(rig->engine); /* never started, as one that is stuck */
    rig->engine = NULL;
    const nng_socket sockets[] = {commands, question};
    for (unsigned i = 0; i < 2; i++) {
        nng_msg *message = raw_receive(sockets[i], 20000, false);
        assert_true(
            atp_response_open(nng_msg_body(message), nng_msg_len(message), &reader, &(atp_response_t){0}));
        assert_true(atp_read_error(&reader, &error));
        assert_int_equal(error.verdict, ATP_UNAVAILABLE);
        nng_msg_free(message);
        nng_close(sockets[i]);
    }
    atp_service_close(rig->service); /* every exchange is back */
    rig->service = NULL;
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_RIG(test)     cmocka_unit_test_setup_teardown(test, rig_open, rig_close)
#define IN_STOPPED(test) cmocka_unit_test_setup_teardown(test, rig_open_stopped, rig_close)
        IN_RIG(pages_show_every_row_once),
        IN_RIG(a_cursor_past_the_end_is_an_empty_last_page),
        IN_RIG(every_question_with_a_wrong_body_is_refused),
        IN_RIG(a_question_for_the_impossible_is_refused_by_name),
        IN_RIG(a_trace_tells_the_ops_of_a_correlation_id_with_their_verdicts),
        IN_RIG(of_very_many_ops_the_newest_are_traced),
        IN_RIG(a_trace_that_asks_for_nothing_or_for_both_is_refused),
        IN_STOPPED(one_trace_at_a_time),
        IN_RIG(unknown_names_have_rows_of_their_own),
        IN_RIG(a_sku_at_very_many_nodes_is_answered_whole_under_a_writer),
        IN_STOPPED(all_that_is_due_is_out_of_one_answer),
        IN_STOPPED(a_full_class_is_answered_busy_at_once_and_the_rest_later),
        IN_STOPPED(what_the_engine_never_took_is_answered_when_it_closes),
    };
    return cmocka_run_group_tests_name("tools.atpd.service.queries", tests, NULL, NULL);
}

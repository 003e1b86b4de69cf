/* The service: every message type, good and bad; many ops in one message; what is full, due, wide or too large. */
#include "tests/protocol/nng_leaks.h"
#include "tests/protocol/raw_peer.h"
#include "tests/tools/atpd/service_rig.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM ((size_t)4 << 20)

/* ---- bytes that are no request ---- */

static size_t good_reserve(uint8_t *buffer, size_t size, const char *id)
{
    atp_command_line_t line = {.sku = ATP_TEXT("sku"), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .issued_ms = atp_now_ms(),
                             .line_count = 1,
                             .lines = &line};
    atp_writer_t writer;

    raw_begin(&writer, buffer, size, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(&writer);
    atp_write_command(&writer, &command);
    atp_write_list_end(&writer);
    assert_false(writer.is_overflown);
    return atp_writer_size(&writer);
}

static void prepare(rig_t *rig)
{
    rig_sku(rig, "sku");
    rig_node(rig, "N");
    rig_count(rig, "sku", "N", 1000000);
}

static void a_message_cut_anywhere_is_refused_and_changes_nothing(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[512];
    nng_socket socket = raw_open(rig);

    prepare(rig);
    uint64_t op = rig_op(rig);
    size_t size = good_reserve(bytes, sizeof bytes, "cut");
    for (size_t cut = 0; cut < size; cut++) {
        raw_expect(socket, bytes, cut, ATP_MALFORMED);
    }
    bytes[size] = 0xc0;
    raw_expect(socket, bytes, size + 1, ATP_MALFORMED); /* something behind the end */
    assert_int_equal(rig_op(rig), op);
    nng_close(socket);
}

static void a_message_of_another_version_or_type_is_refused_by_name(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[512];
    nng_socket socket = raw_open(rig);
    const uint8_t types[] = {0,
                             60,
                             63,
                             ATP_MESSAGE_FACTS,
                             ATP_MESSAGE_AVAILABILITY_CHANGED,
                             ATP_MESSAGE_STALENESS,
                             126,
                             ATP_MESSAGE_ERROR};

    size_t size = good_reserve(bytes, sizeof bytes, "other");
    assert_int_equal(bytes[1], ATP_PROTOCOL_VERSION);
    bytes[1] = 2;
    raw_expect(socket, bytes, size, ATP_UNSUPPORTED_VERSION);
    bytes[1] = 0;
    raw_expect(socket, bytes, size, ATP_UNSUPPORTED_VERSION);
    bytes[1] = ATP_PROTOCOL_VERSION;
    for (size_t i = 0; i < sizeof types; i++) {
        bytes[2] = types[i];
        raw_expect(socket, bytes, size, ATP_UNKNOWN_KIND);
    }
    nng_close(socket);
}

static void a_refusal_carries_the_correlation(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[512];
    nng_socket socket = raw_open(rig);
    atp_reader_t reader;

    size_t size = good_reserve(bytes, sizeof bytes, "corr");
    bytes[1] = 9;
    raw_send(socket, bytes, size);
    nng_msg *message = raw_receive(socket, 20000, false);
    atp_response_t response = raw_read(message, &reader);
    assert_true(atp_text_equal(response.correlation, ATP_TEXT("corr-1")));
    assert_int_equal(response.incarnation, atp_engine_incarnation(rig->engine));
    nng_msg_free(message);
    nng_close(socket);
}

static void a_message_above_the_limit_costs_its_connection_and_nobody_elses(void **state)
{
    rig_t *rig = *state;
    static const uint8_t announced[9] = {0, 0, 0, 0, 1, 0, 0, 1, 0x96}; /* 16 MiB and 1 byte, and the first */

    _Static_assert(ATP_MESSAGE_SIZE_MAX + 1 == 0x1000001, "what is announced is one too many");
    prepare(rig);
    raw_peer_expect_closed(raw_peer_say(atp_service_port(rig->service, 0), announced, sizeof announced));
    assert_int_equal(rig_reserve(rig, "after", "sku", "N", 1, 0).verdict, ATP_APPLIED);
}

/* ---- a flood of garbage, and one who works ---- */

typedef struct flooder {
    const rig_t *rig;
    unsigned seed;
    unsigned answered;
    unsigned wrong;
} flooder_t;

#define GARBAGE 300

/* Random bytes, and good messages with some bytes changed. */
static size_t make_garbage(unsigned *seed, unsigned number, uint8_t *bytes, size_t size)
{
    if (number % 2 == 0) {
        size_t length = (size_t)rand_r(seed) % size;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)rand_r(seed);
        }
        return length;
    }
    size_t length = good_reserve(bytes, size, "garbage");
    for (unsigned i = 0; i < 3; i++) {
        bytes[(size_t)rand_r(seed) % length] = (uint8_t)rand_r(seed);
    }
    return length;
}

static void *flood(void *context)
{
    flooder_t *flooder = context;
    nng_socket socket = raw_open(flooder->rig);

    for (unsigned i = 0; i < GARBAGE; i++) {
        uint8_t bytes[512];
        atp_reader_t reader;
        atp_response_t response;
        size_t length = make_garbage(&flooder->seed, i, bytes, sizeof bytes);
        raw_send(socket, bytes, length);
        nng_msg *message = raw_receive(socket, 20000, true);
        if (message == NULL) {
            continue;
        }
        flooder->answered++;
        flooder->wrong += !atp_response_open(nng_msg_body(message), nng_msg_len(message), &reader, &response);
        nng_msg_free(message);
    }
    nng_close(socket);
    return NULL;
}

static void a_flood_of_garbage_is_answered_and_a_good_client_goes_on(void **state)
{
    rig_t *rig = *state;
    flooder_t flooders[6];
    pthread_t threads[6];

    prepare(rig);
    for (unsigned i = 0; i < 6; i++) {
        flooders[i] = (flooder_t){.rig = rig, .seed = 4711 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, flood, &flooders[i]), 0);
    }
    for (unsigned i = 0; i < 200; i++) {
        char id[32];
        snprintf(id, sizeof id, "good-%u", i);
        assert_int_equal(rig_reserve(rig, id, "sku", "N", 1, 0).verdict, ATP_APPLIED);
    }
    for (unsigned i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(flooders[i].answered, GARBAGE); /* exactly once each */
        assert_int_equal(flooders[i].wrong, 0);
    }
}

/* ---- many ops in one message ---- */

static void a_message_takes_8192_ops_and_not_one_more(void **state)
{
    rig_t *rig = *state;
    const uint32_t count = ATP_OPS_PER_MESSAGE_MAX;
    atp_command_t *commands = calloc(count + 1, sizeof *commands);
    atp_result_t *results = calloc(count, sizeof *results);
    char(*ids)[16] = calloc(count + 1, sizeof *ids);
    uint8_t *bytes = malloc(ROOM);
    atp_command_line_t line = {.sku = ATP_TEXT("sku"), .node = ATP_TEXT("N"), .mantissa = 1};
    nng_socket socket = raw_open(rig);
    atp_writer_t writer;

    assert_true(commands != NULL && results != NULL && ids != NULL && bytes != NULL);
    prepare(rig);
    raw_begin(&writer, bytes, ROOM, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i <= count; i++) {
        snprintf(ids[i], sizeof ids[i], "m-%u", i);
        commands[i] = (atp_command_t){.kind = ATP_OP_RESERVE,
                                      .id = atp_text_of(ids[i]),
                                      .issued_ms = atp_now_ms(),
                                      .line_count = 1,
                                      .lines = &line};
        atp_write_command(&writer, &commands[i]);
    }
    atp_write_list_end(&writer);
    uint64_t op = rig_op(rig);
    raw_expect(socket, bytes, atp_writer_size(&writer), ATP_TOO_MANY_OPS);
    assert_int_equal(rig_op(rig), op);
    assert_int_equal(atp_client_call_many(rig->client, commands, count, results, NULL, NULL), ATP_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(results[i].verdict, ATP_APPLIED);
        assert_int_equal(results[i].op, results[0].op + i);
    }
    nng_close(socket);
    free(commands);
    free(results);
    free(ids);
    free(bytes);
}

/* What one op of the mixed message is, and what must become of it. */
typedef struct mixed {
    const char *id;
    const char *sku;
    int64_t qty;
    uint32_t lines;
    uint8_t option;
    uint8_t verdict;
} mixed_t;

static const mixed_t mixture[] = {
    {"mix-1", "sku", 1, 1, 0, ATP_APPLIED},
    {"", "sku", 1, 1, 0, ATP_ID_MISSING},                 /* refused before the ledger */
    {"mix-2", "sku", -1, 1, 0, ATP_QTY_MUST_BE_POSITIVE}, /* too */
    {"mix-3", "mixed", 3, 3, 1, ATP_APPLIED_IN_PART},     /* has grants: 3, 3, 1 of 7 */
    {"mix-4", "nothing", 1, 1, 0, ATP_UNKNOWN_SKU},       /* refused by the ledger */
    {"mix-5", "sku", 1, 1, 7, ATP_OPTION_UNKNOWN},        /* before it again */
    {"mix-6", "sku", 2, 2, 0, ATP_APPLIED},               /* grants: 2, 2 */
    {"mix-1", "sku", 2, 1, 0, ATP_CONFLICT},
    {"mix-7", "sku", 5, 1, 0, ATP_APPLIED},
};
#define MIXED (sizeof mixture / sizeof mixture[0])

static void write_mixture(atp_writer_t *writer, uint8_t *bytes, size_t size)
{
    raw_begin(writer, bytes, size, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(writer);
    for (size_t i = 0; i < MIXED; i++) {
        atp_command_line_t lines[3];
        for (uint32_t k = 0; k < mixture[i].lines; k++) {
            lines[k] = (atp_command_line_t){
                .sku = atp_text_of(mixture[i].sku), .node = ATP_TEXT("N"), .mantissa = mixture[i].qty};
        }
        atp_command_t command = {.kind = ATP_OP_RESERVE,
                                 .id = atp_text_of(mixture[i].id),
                                 .issued_ms = atp_now_ms(),
                                 .option = mixture[i].option,
                                 .line_count = mixture[i].lines,
                                 .lines = lines};
        atp_write_command(writer, &command);
    }
    atp_write_list_end(writer);
}

static void good_and_refused_ops_keep_their_places(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[4096];
    nng_socket socket = raw_open(rig);
    atp_writer_t writer;
    atp_reader_t reader;
    uint32_t count;

    prepare(rig);
    rig_sku(rig, "mixed");
    rig_count(rig, "mixed", "N", 7);
    write_mixture(&writer, bytes, sizeof bytes);
    raw_send(socket, bytes, atp_writer_size(&writer));
    nng_msg *message = raw_receive(socket, 20000, false);
    atp_response_t response = raw_read(message, &reader);
    assert_int_equal(response.type, ATP_MESSAGE_COMMANDS);
    assert_true(atp_read_results(&reader, &count));
    assert_int_equal(count, MIXED);
    for (size_t i = 0; i < MIXED; i++) {
        atp_result_t result;
        atp_grant_t grants[8];
        assert_true(atp_read_result(&reader, &result, grants, 8));
        assert_string_equal(atp_verdict_name(result.verdict), atp_verdict_name(mixture[i].verdict));
        assert_true(result.op <= response.applied_op && result.op <= response.durable_op);
        if (mixture[i].verdict == ATP_APPLIED_IN_PART) {
            assert_int_equal(result.line_count, 3);
            assert_true(grants[0].qty == 3 && grants[1].qty == 3 && grants[2].qty == 1);
        } else if (i == 6) {
            assert_int_equal(result.line_count, 2);
            assert_true(grants[0].qty == 2 && grants[1].qty == 2);
        } else if (mixture[i].verdict == ATP_APPLIED) {
            assert_int_equal(result.qty, mixture[i].qty);
        }
    }
    assert_true(atp_message_close(&reader));
    nng_msg_free(message);
    nng_close(socket);
}

static void a_message_of_nothing_but_refusals_makes_no_op(void **state)
{
    rig_t *rig = *state;
    uint8_t bytes[1024];
    nng_socket socket = raw_open(rig);
    atp_writer_t writer;
    atp_reader_t reader;
    atp_result_t result;
    uint32_t count;
    atp_command_t command = {.kind = ATP_OP_EXTEND, .id = ATP_TEXT("refused"), .issued_ms = 1};

    uint64_t op = rig_op(rig);
    raw_begin(&writer, bytes, sizeof bytes, ATP_MESSAGE_COMMANDS);
    atp_write_list_begin(&writer);
    atp_write_command(&writer, &command);
    atp_write_command(&writer, &command);
    atp_write_list_end(&writer);
    raw_send(socket, bytes, atp_writer_size(&writer));
    nng_msg *message = raw_receive(socket, 20000, false);
    assert_int_equal(raw_read(message, &reader).type, ATP_MESSAGE_COMMANDS);
    assert_true(atp_read_results(&reader, &count));
    assert_int_equal(count, 2);
    for (uint32_t i = 0; i < count; i++) {
        assert_true(atp_read_result(&reader, &result, NULL, 0));
        assert_int_equal(result.verdict, ATP_ID_INVALID);
        assert_int_equal(result.field, ATP_FIELD_RESERVATION);
    }
    nng_msg_free(message);
    assert_int_equal(rig_op(rig), op);
    nng_close(socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)
        IN_RIG(a_message_cut_anywhere_is_refused_and_changes_nothing),
        IN_RIG(a_message_of_another_version_or_type_is_refused_by_name),
        IN_RIG(a_refusal_carries_the_correlation),
        IN_RIG(a_message_above_the_limit_costs_its_connection_and_nobody_elses),
        IN_RIG(a_flood_of_garbage_is_answered_and_a_good_client_goes_on),
        IN_RIG(a_message_takes_8192_ops_and_not_one_more),
        IN_RIG(good_and_refused_ops_keep_their_places),
        IN_RIG(a_message_of_nothing_but_refusals_makes_no_op),
    };
    return cmocka_run_group_tests_name("tools.atpd.service", tests, NULL, NULL);
}

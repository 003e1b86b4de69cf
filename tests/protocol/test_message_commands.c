/* What an op, a message of ops, or a query is refused with, and the limits of each. The JSON forms are packed by
 * msgpack-c. */
#include "engine/base/attribute.h"
#include "tests/protocol/repack.h"
#include "tests/protocol/samples.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD       "[1,1,\"c-1\",\"shop\",\"\","
#define BIG_BUFFER (4u * 1024 * 1024)

static uint8_t *big;
static atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX];

typedef struct packed {
    msgpack_sbuffer bytes;
    atp_reader_t reader;
    atp_request_t request;
} packed_t;

static void pack(packed_t *at, const char *json)
{
    uint32_t places;
    msgpack_sbuffer_init(&at->bytes);
    (void)repack(json, UINT32_MAX, REPACK_NIL, &at->bytes, &places);
}

/* Opens `json` as a request; the caller destroys the bytes. */
static bool open_json(packed_t *at, const char *json)
{
    pack(at, json);
    return atp_request_open(at->bytes.data, at->bytes.size, &at->reader, &at->request);
}

/* ---- ops refused alone ---- */

/* Reads a message of `op` between two good ones, and returns what `op` is refused with. The texts of the
 * command stand in `message` until the next call. */
static atp_refusal_t refusal_of(const char *op, atp_command_t *ret_command)
{
    static uint8_t message[2048];
    static const char good[] = "[33,\"good\",1,\"r\",5]";
    char json[1024];
    packed_t at;
    uint32_t count = 0;
    atp_refusal_t refusal[3];
    atp_command_t command;
    static atp_attribute_t attribute;
    const atp_command_room_t room = {
        .lines = lines, .line_capacity = 16, .attributes = &attribute, .attribute_capacity = 1};

    int size = snprintf(json, sizeof json, HEAD "[%s,%s,%s]]", good, op, good);
    assert_true(size > 0 && (size_t)size < sizeof json);
    pack(&at, json);
    assert_true(at.bytes.size <= sizeof message);
    memcpy(message, at.bytes.data, at.bytes.size);
    assert_true(atp_request_open(message, at.bytes.size, &at.reader, &at.request));
    assert_true(atp_read_commands(&at.reader, &count));
    assert_int_equal(count, 3);
    for (int i = 0; i < 3; i++) {
        if (!atp_read_command(&at.reader, i == 1 ? ret_command : &command, &room, &refusal[i])) {
            fail_msg("%s: %s", op, at.reader.refusal.detail);
        }
    }
    assert_true(atp_message_close(&at.reader));
    assert_int_equal(refusal[0].verdict, ATP_APPLIED);
    assert_int_equal(refusal[2].verdict, ATP_APPLIED);
    assert_true(atp_text_equal(command.id, ATP_TEXT("good")));
    msgpack_sbuffer_destroy(&at.bytes);
    return refusal[1];
}

#define ID65 "\"65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-\xc3\x84\""
#define ID64 "\"64-bytes-64-bytes-64-bytes-64-bytes-64-bytes-64-bytes-64-bytes-1\""

static const struct {
    const char *op;
    atp_verdict_t verdict;
    atp_field_t field;
    uint32_t line;
} op_faults[] = {
    {"7", ATP_MALFORMED, ATP_FIELD_NONE, 0},
    {"[]", ATP_MALFORMED, ATP_FIELD_KIND, 0},
    {"[\"reserve\"]", ATP_MALFORMED, ATP_FIELD_KIND, 0},
    {"[-1,\"a\",1]", ATP_MALFORMED, ATP_FIELD_KIND, 0},
    {"[0,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0},
    {"[1,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0},  /* genesis: the engine's own */
    {"[6,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0},  /* source */
    {"[54,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0}, /* a free place of the table */
    {"[64,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0},
    {"[4294967328,\"a\",1]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0}, /* 32 when cut to 32 bits */
    {"[33]", ATP_ID_MISSING, ATP_FIELD_ID, 0},
    {"[33,\"\",1,\"r\"]", ATP_ID_MISSING, ATP_FIELD_ID, 0},
    {"[33," ID65 ",1,\"r\"]", ATP_ID_INVALID, ATP_FIELD_ID, 0},
    {"[33,\"a\\tb\",1,\"r\"]", ATP_ID_INVALID, ATP_FIELD_ID, 0},
    {"[33,\"seven-\\u007f\",1,\"r\"]", ATP_ID_INVALID, ATP_FIELD_ID, 0},
    {"[33,\"longer-than-eight-\\u001f\",1,\"r\"]", ATP_ID_INVALID, ATP_FIELD_ID, 0},
    {"[33,\"a\",\"now\",\"r\"]", ATP_MALFORMED, ATP_FIELD_ISSUED, 0},
    {"[33,\"a\",1," ID65 ",5]", ATP_ID_INVALID, ATP_FIELD_RESERVATION, 0},
    {"[33,\"a\",1,\"r\",\"soon\"]", ATP_MALFORMED, ATP_FIELD_TTL, 0},
    {"[32,\"a\",1," ID65 "]", ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0},
    {"[32,\"a\",1,\"\"," ID65 "]", ATP_ID_INVALID, ATP_FIELD_OWNER, 0},
    {"[32,\"a\",1,\"\",\"\",0,256]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
    {"[32,\"a\",1,\"\",\"\",0,-1]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,7]", ATP_MALFORMED, ATP_FIELD_LINES, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",1],7]]", ATP_MALFORMED, ATP_FIELD_LINES, 1},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",1],[]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 1},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",1],[\"s\",\"n\",1],[\"\"]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 2},
    {"[34,\"a\",1,\"r\",[[\"s\"]]]", ATP_ID_INVALID, ATP_FIELD_NODE, 0},
    {"[33,\"a\",1,\"r\",0,[[191,1]]]", ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE, 0},
    {"[33,\"a\",1,\"r\",0,[[1,\"n\",1024]]]", ATP_ATTRIBUTE_NOT_TAKEN, ATP_FIELD_ATTRIBUTE, 0},
    {"[33,\"a\",1,\"r\",0,[[1,\"n\"],[1,\"n\"]]]", ATP_TOO_MANY_ATTRIBUTES, ATP_FIELD_ATTRIBUTE, 0},
    {"[33,\"a\",1,\"r\",0,[[1,7]]]", ATP_MALFORMED, ATP_FIELD_ATTRIBUTE, 0},
    {"[33,\"a\",1,\"r\",0,7]", ATP_MALFORMED, ATP_FIELD_ATTRIBUTE, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,[[" ID65 ",\"n\",1]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",1],[\"s\",\"n\",\"1.\"]]]", ATP_QTY_MALFORMED, ATP_FIELD_QTY,
     1},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",\"1.0000001\"]]]", ATP_QTY_MALFORMED, ATP_FIELD_QTY, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",null]]]", ATP_QTY_MALFORMED, ATP_FIELD_QTY, 0},
    {"[32,\"a\",1,\"\",\"\",0,0,[[\"s\",\"n\",[1]]]]", ATP_QTY_MALFORMED, ATP_FIELD_QTY, 0},
    {"[48,\"a\",1,\"s\",\"n\",100000000000001]", ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0},
    {"[48,\"a\",1,\"s\",\"n\",-100000000000001]", ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY, 0},
    {"[48,\"a\",1,\"s\",\"n\",1,1]", ATP_MALFORMED, ATP_FIELD_OPTION, 0},
    {"[51,\"a\",1,\"s\",\"n\",1,true,256]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
    {"[51,\"a\",1,\"s\",\"n\",1,true,0,999]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
    {"[48,\"a\",1,\"\",\"n\",1]", ATP_ID_INVALID, ATP_FIELD_SKU, 0},
    {"[48,\"a\",1,\"s\"]", ATP_ID_INVALID, ATP_FIELD_NODE, 0},
    {"[16,\"a\",1,\"\",\"name\",0]", ATP_ID_INVALID, ATP_FIELD_SKU, 0},
    {"[16,\"a\",1,\"s\",\"a\\u0000b\",0]", ATP_TEXT_INVALID, ATP_FIELD_NAME, 0},
    {"[16,\"a\",1,\"s\",\"name\",256]", ATP_SCALE_OUT_OF_RANGE, ATP_FIELD_OPTION, 0},
    {"[17,\"a\",1,\"\",\"name\",0]", ATP_ID_INVALID, ATP_FIELD_NODE, 0},
    {"[17,\"a\",1,\"n\",\"name\",300]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
    {"[18,\"a\",1]", ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0},
    /* several faults: the first of the list of verdicts */
    {"[32," ID65 ",1,\"\",\"\",0,256,[[\"s\",\"n\",1],[\"s\",\"n\",\"x\"]]]", ATP_ID_INVALID, ATP_FIELD_ID,
     0},
    {"[32,\"a\",1,\"\",\"\",0,256,[[\"s\",\"n\",1],[\"s\",\"n\",\"x\"]]]", ATP_QTY_MALFORMED, ATP_FIELD_QTY,
     1},
    {"[32," ID65 ",1,\"\",\"\",0,0,[7]]", ATP_MALFORMED, ATP_FIELD_LINES, 0},
};

static void an_op_with_a_fault_is_refused_alone_by_name_and_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof op_faults / sizeof op_faults[0]; i++) {
        atp_command_t command;
        atp_refusal_t refusal = refusal_of(op_faults[i].op, &command);
        if (refusal.verdict != op_faults[i].verdict || refusal.field != op_faults[i].field ||
            refusal.line != op_faults[i].line) {
            print_error("%s\n", op_faults[i].op);
        }
        assert_int_equal(refusal.verdict, op_faults[i].verdict);
        assert_int_equal(refusal.field, op_faults[i].field);
        assert_int_equal(refusal.line, op_faults[i].line);
        assert_int_equal(command.line_count, 0);
        assert_null(command.lines);
    }
}

static void a_refused_op_keeps_its_id_for_the_answer(void **state)
{
    atp_command_t command;
    (void)state;
    (void)refusal_of("[54,\"mine\",1]", &command);
    assert_true(atp_text_equal(command.id, ATP_TEXT("mine")));
    (void)refusal_of("[32,\"mine\",1,\"\",\"\",0,0,7]", &command);
    assert_true(atp_text_equal(command.id, ATP_TEXT("mine")));
    assert_int_equal(command.kind, ATP_OP_RESERVE);
}

static void values_at_their_bounds_are_read(void **state)
{
    atp_command_t command;

    (void)state;
    assert_int_equal(refusal_of("[33," ID64 ",1," ID64 ",9223372036854775807]", &command).verdict,
                     ATP_APPLIED);
    assert_int_equal(command.id.size, 64);
    assert_true(command.ttl_ms == INT64_MAX);
    assert_int_equal(refusal_of("[50,\"a\",-5,\"s\",\"n\",-100000000000000,false,1,6]", &command).verdict,
                     ATP_APPLIED);
    assert_true(command.lines[0].mantissa == -ATP_QTY_MAX && command.issued_ms == -5);
    assert_int_equal(command.reason, 6);
    assert_int_equal(refusal_of("[48,\"a\",1,\"s\",\"n\",\"+99999999.999999\",true]", &command).verdict,
                     ATP_APPLIED);
    assert_true(command.lines[0].mantissa == INT64_C(99999999999999) && command.lines[0].decimals == 6);
    assert_true(command.is_fact);
}

static void a_correlation_id_stands_beside_the_content(void **state)
{
    atp_command_t command;

    (void)state;
    assert_int_equal(refusal_of("[33,\"a\",1,\"r\",5,[[112,\"order-9\"]]]", &command).verdict, ATP_APPLIED);
    assert_true(atp_text_equal(command.correlation, ATP_TEXT("order-9")));
    assert_int_equal(command.attribute_count, 0);
    /* What cannot be one stays an attribute, which the check of ops refuses. */
    assert_int_equal(refusal_of("[33,\"a\",1,\"r\",5,[[112,\"\"]]]", &command).verdict, ATP_APPLIED);
    assert_true(command.correlation.size == 0 && command.attribute_count == 1);
    assert_int_equal(refusal_of("[33,\"a\",1,\"r\",5,[[112,\"order-9\",0]]]", &command).verdict, ATP_APPLIED);
    assert_true(command.correlation.size == 0 && command.attribute_count == 1);
}

static void that_its_answer_explains_stands_beside_the_content(void **state)
{
    atp_command_t command;

    (void)state;
    assert_int_equal(refusal_of("[32,\"a\",1,\"\",\"\",0,0,[[\"S\",\"\",1]],[[151,1]]]", &command).verdict,
                     ATP_APPLIED);
    assert_true(command.explains);
    assert_int_equal(command.attribute_count, 0);
    assert_int_equal(refusal_of("[32,\"a\",1,\"\",\"\",0,0,[[\"S\",\"\",1]],[[151,0]]]", &command).verdict,
                     ATP_APPLIED);
    assert_true(!command.explains && command.attribute_count == 0);
    /* What cannot be said, or of a kind that does not take it, stays an attribute, which the check of ops refuses. */
    assert_int_equal(refusal_of("[32,\"a\",1,\"\",\"\",0,0,[[\"S\",\"\",1]],[[151,2]]]", &command).verdict,
                     ATP_APPLIED);
    assert_true(!command.explains && command.attribute_count == 1);
    assert_int_equal(refusal_of("[33,\"a\",1,\"r\",5,[[151,1]]]", &command).verdict, ATP_APPLIED);
    assert_true(!command.explains && command.attribute_count == 1);
}

static void a_value_that_cannot_be_read_is_refused_at_its_key(void **state)
{
    atp_command_t command;

    (void)state;
    atp_refusal_t refusal = refusal_of("[32,\"a\",1,\"\",\"\",0,0,[[\"S\",\"\",1]],[[2,true,0]]]", &command);
    assert_int_equal(refusal.field, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(refusal.key, ATP_KEY_GROUP);
    refusal = refusal_of("[32,\"a\",1,\"\",\"\",0,0,[[\"S\",\"\",1]],[[191,1]]]", &command);
    assert_int_equal(refusal.verdict, ATP_ATTRIBUTE_NOT_TAKEN);
    assert_int_equal(refusal.key, 191); /* of which this build knows nothing */
    assert_int_equal(refusal_of("[33,\"a\",1,\"r\",true]", &command).key, ATP_KEY_NONE);
}

static void missing_trailing_elements_are_zero(void **state)
{
    atp_command_t command;

    (void)state;
    assert_int_equal(refusal_of("[32,\"a\"]", &command).verdict, ATP_APPLIED);
    assert_true(command.issued_ms == 0 && command.ttl_ms == 0 && command.channel.size == 0);
    assert_int_equal(command.line_count, 0);
    assert_int_equal(refusal_of("[48,\"a\",1,\"s\",\"n\"]", &command).verdict, ATP_APPLIED);
    assert_true(command.lines[0].mantissa == 0 && !command.is_fact);
}

static void a_number_past_int64_is_out_of_range_not_negative(void **state)
{
    static const uint8_t bytes[] = "\x96\x01\x01\xa0\xa1\x63\xa0\x92" /* two ops */
                                   "\x95\x21\xa1\x61\x01\xa1\x72\xcf\xff\xff\xff\xff\xff\xff\xff\xff"
                                   "\x95\x21\xa1\x61\xcf\x80\x00\x00\x00\x00\x00\x00\x00\xa1\x72\x05";
    atp_reader_t reader;
    atp_request_t request;
    atp_command_t command;
    atp_refusal_t refusal;
    uint32_t count;

    (void)state;
    assert_true(atp_request_open(bytes, sizeof bytes - 1, &reader, &request));
    assert_true(atp_read_commands(&reader, &count));
    assert_true(atp_read_command(&reader, &command, &(atp_command_room_t){.lines = lines, .line_capacity = 1},
                                 &refusal));
    assert_int_equal(refusal.verdict, ATP_TTL_OUT_OF_RANGE);
    assert_true(atp_read_command(&reader, &command, &(atp_command_room_t){.lines = lines, .line_capacity = 1},
                                 &refusal));
    assert_int_equal(refusal.verdict, ATP_ISSUED_IN_FUTURE);
    assert_true(atp_message_close(&reader));
}

/* ---- the message refused whole ---- */

static void an_envelope_with_a_fault_is_refused_by_name_and_field(void **state)
{
    static const struct {
        const char *json;
        atp_verdict_t verdict;
        atp_field_t field;
    } cases[] = {
        {"[]", ATP_MALFORMED, ATP_FIELD_KIND},
        {"[1]", ATP_MALFORMED, ATP_FIELD_KIND},
        {"[\"1\",1,\"c\",\"me\",\"\",[]]", ATP_MALFORMED, ATP_FIELD_NONE},
        {"[1,\"commands\",\"c\",\"me\",\"\",[]]", ATP_MALFORMED, ATP_FIELD_KIND},
        {"[1,0,\"c\",\"me\",\"\",[]]", ATP_UNKNOWN_KIND, ATP_FIELD_NONE},
        {"[1,60,\"c\",\"me\",\"\",[]]", ATP_UNKNOWN_KIND, ATP_FIELD_NONE},
        {"[1,257,\"c\",\"me\",\"\",[]]", ATP_UNKNOWN_KIND, ATP_FIELD_NONE},
        {"[1,64,\"c\",\"me\",\"\",[]]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND},  /* an event */
        {"[1,127,\"c\",\"me\",\"\",[]]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND}, /* a response */
        {"[1,1," ID65 ",\"me\",\"\",[]]", ATP_ID_INVALID, ATP_FIELD_CORRELATION},
        {"[1,1,\"c\"]", ATP_ID_MISSING, ATP_FIELD_CLIENT},
        {"[1,1,\"c\",\"\",\"\",[]]", ATP_ID_MISSING, ATP_FIELD_CLIENT},
        {"[1,1,\"c\"," ID65 ",\"\",[]]", ATP_ID_INVALID, ATP_FIELD_CLIENT},
        {"[1,1,\"c\",\"me\",\"\\u0001\",[]]", ATP_TEXT_INVALID, ATP_FIELD_TOKEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        packed_t at;
        assert_false(open_json(&at, cases[i].json));
        assert_int_equal(at.reader.refusal.verdict, cases[i].verdict);
        assert_int_equal(at.reader.refusal.field, cases[i].field);
        msgpack_sbuffer_destroy(&at.bytes);
    }
}

static void a_refused_message_keeps_its_correlation_for_the_answer(void **state)
{
    const char *messages[] = {"[1,99,\"c-1\"]", "[1,1,\"c-1\",\"\"]", "[1,1,\"c-1\",7]", "[9,1,\"c-1\"]"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        packed_t at;
        assert_false(open_json(&at, messages[i]));
        assert_true(atp_text_equal(at.request.correlation, ATP_TEXT("c-1")));
        msgpack_sbuffer_destroy(&at.bytes);
    }
}

static void a_message_of_more_than_16_mib_is_refused_unread(void **state)
{
    atp_reader_t reader;
    atp_request_t request;
    (void)state;
    assert_false(atp_request_open("\x96", (size_t)ATP_MESSAGE_SIZE_MAX + 1, &reader, &request));
    assert_int_equal(reader.refusal.verdict, ATP_MESSAGE_TOO_LARGE);
}

static void a_message_without_ops_is_refused(void **state)
{
    const char *messages[] = {HEAD "[]]", "[1,1,\"c-1\",\"shop\",\"\"]", "[1,1,\"c-1\",\"shop\"]"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        packed_t at;
        uint32_t count;
        assert_true(open_json(&at, messages[i]));
        assert_false(atp_read_commands(&at.reader, &count));
        assert_int_equal(at.reader.refusal.verdict, ATP_MALFORMED);
        msgpack_sbuffer_destroy(&at.bytes);
    }
}

static size_t write_ops(uint32_t op_count, uint32_t line_count)
{
    const atp_request_t request = {ATP_MESSAGE_COMMANDS, ATP_TEXT(""), ATP_TEXT("shop"), ATP_TEXT("")};
    const atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("r"), .line_count = line_count, .lines = lines};
    atp_writer_t writer;

    for (uint32_t i = 0; i < line_count; i++) {
        lines[i] = (atp_command_line_t){ATP_TEXT("s"), ATP_TEXT("n"), 1, 0};
    }
    atp_writer_init(&writer, big, BIG_BUFFER);
    atp_write_request(&writer, &request);
    atp_write_list_begin(&writer);
    for (uint32_t i = 0; i < op_count; i++) {
        atp_write_command(&writer, &command);
    }
    atp_write_list_end(&writer);
    assert_false(writer.is_overflown);
    return atp_writer_size(&writer);
}

/* Reads all ops into one array of `capacity` lines; counts the good ones. */
static bool read_ops(size_t size, uint32_t capacity, atp_reader_t *reader, uint32_t *ret_good)
{
    atp_request_t request;
    atp_command_t command;
    atp_refusal_t refusal;
    uint32_t count = 0;

    *ret_good = 0;
    assert_true(atp_request_open(big, size, reader, &request));
    if (!atp_read_commands(reader, &count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t used = reader->line_total;
        if (!atp_read_command(reader, &command,
                              &(atp_command_room_t){.lines = lines + used, .line_capacity = capacity - used},
                              &refusal)) {
            return false;
        }
        *ret_good += refusal.verdict == ATP_APPLIED;
    }
    return atp_message_close(reader);
}

static void ops_and_lines_have_limits_that_can_be_reached_and_not_passed(void **state)
{
    static const struct {
        uint32_t ops;
        uint32_t lines;
        uint32_t capacity;
        bool ok;
        uint32_t good;
    } cases[] = {
        {8192, 1, 8192, true, 8192}, {8193, 1, 8192, false, 0}, {8, 1024, 8192, true, 8},
        {9, 1024, 8192, false, 8},   {3, 1025, 8192, true, 0}, /* each refused alone: too_many_lines */
        {4, 10, 30, false, 3},       {3, 10, 30, true, 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_reader_t reader;
        uint32_t good;
        size_t size = write_ops(cases[i].ops, cases[i].lines);
        assert_int_equal(read_ops(size, cases[i].capacity, &reader, &good), cases[i].ok);
        assert_int_equal(good, cases[i].good);
        assert_int_equal(reader.refusal.verdict, cases[i].ok ? ATP_APPLIED : ATP_TOO_MANY_OPS);
    }
}

static void an_op_whose_bytes_are_broken_refuses_the_message(void **state)
{
    /* One op: an array of two whose second element is cut off inside; then garbage that is no msgpack. */
    static const uint8_t cut[] = "\x96\x01\x01\xa0\xa1\x63\xa0\x91\x92\x21\xa5\x61";
    static const uint8_t never[] = "\x96\x01\x01\xa0\xa1\x63\xa0\x91\x93\x21\xa1\x61\xc1";
    static const uint8_t deep[] = "\x96\x01\x01\xa0\xa1\x63\xa0\x91\x95\x21\xa1\x61\x01\xa0"
                                  "\x91\x91\x91\x91\x91\x91\x91\x91\x01";
    const uint8_t *messages[] = {cut, never, deep};
    const size_t sizes[] = {sizeof cut - 1, sizeof never - 1, sizeof deep - 1};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        atp_reader_t reader;
        atp_request_t request;
        atp_command_t command;
        atp_refusal_t refusal;
        uint32_t count;
        assert_true(atp_request_open(messages[i], sizes[i], &reader, &request));
        assert_true(atp_read_commands(&reader, &count));
        assert_false(atp_read_command(&reader, &command,
                                      &(atp_command_room_t){.lines = lines, .line_capacity = 1}, &refusal));
        assert_int_equal(reader.refusal.verdict, ATP_MALFORMED);
        assert_false(atp_message_close(&reader));
    }
}

static void reading_more_ops_than_there_are_is_a_bug(void **state)
{
    atp_reader_t reader;
    atp_command_t command;
    atp_refusal_t refusal;
    uint32_t good;

    (void)state;
    assert_true(read_ops(write_ops(1, 1), 8, &reader, &good));
    assert_aborts((void)!atp_read_command(
        &reader, &command, &(atp_command_room_t){.lines = lines, .line_capacity = 1}, &refusal));
}

static void writing_a_kind_of_the_engine_is_a_bug(void **state)
{
    const atp_command_t pulse = {.kind = ATP_OP_PULSE};
    const atp_command_t empty = {.kind = ATP_OP_SALE};
    atp_writer_t writer;

    (void)state;
    atp_writer_init(&writer, big, BIG_BUFFER);
    atp_write_list_begin(&writer);
    assert_aborts(atp_write_command(&writer, &pulse));
    assert_aborts(atp_write_command(&writer, &empty));
}

/* An op of any kind with any content that the wire can carry. Lines go to `ret_lines`, four of them. */
static atp_command_t random_command(uint64_t *seed, atp_command_line_t *ret_lines)
{
    static const uint8_t kinds[] = {16, 17, 18, 19, 32, 33, 34, 35, 36, 37, 48, 49, 50, 51};
    atp_command_t command = {.kind = (atp_op_kind_t)kinds[test_random(seed) % sizeof kinds],
                             .id = ATP_TEXT("id")};
    bool is_single = command.kind < ATP_OP_RESERVE || command.kind > ATP_OP_SHIP;

    command.is_fact = test_random(seed) % 2;
    command.option = (uint8_t)test_random(seed);
    command.reason = (uint8_t)(test_random(seed) % 3);
    command.issued_ms = (int64_t)test_random(seed);
    command.ttl_ms = (int64_t)test_random(seed);
    command.channel = ATP_TEXT("web");
    command.reservation = ATP_TEXT("cart");
    command.correlation = test_random(seed) % 2 ? ATP_TEXT("order-9") : ATP_TEXT("");
    command.line_count = is_single ? 1 : (uint32_t)(test_random(seed) % 4);
    command.lines = ret_lines;
    for (uint32_t i = 0; i < 4; i++) {
        atp_qty_t mantissa = (atp_qty_t)(test_random(seed) % ((uint64_t)ATP_QTY_MAX + 1));
        uint8_t decimals = (uint8_t)(test_random(seed) % (ATP_SCALE_MAX + 1));
        ret_lines[i] = (atp_command_line_t){ATP_TEXT("sku"), ATP_TEXT("node"),
                                            test_random(seed) % 2 ? mantissa : -mantissa, decimals};
    }
    return command;
}

/* Writes `command` as a message, reads it back; returns the size of the message. */
static size_t there_and_back(const atp_command_t *command, uint8_t *bytes, size_t room,
                             atp_command_t *ret_command)
{
    const atp_request_t request = {ATP_MESSAGE_COMMANDS, ATP_TEXT(""), ATP_TEXT("me"), ATP_TEXT("")};
    atp_writer_t writer;
    atp_reader_t reader;
    atp_request_t envelope;
    atp_refusal_t refusal;
    uint32_t count;

    atp_writer_init(&writer, bytes, room);
    atp_write_request(&writer, &request);
    atp_write_list_begin(&writer);
    atp_write_command(&writer, command);
    atp_write_list_end(&writer);
    assert_false(writer.is_overflown);
    assert_true(atp_request_open(bytes, atp_writer_size(&writer), &reader, &envelope));
    assert_true(atp_read_commands(&reader, &count));
    atp_attribute_t attribute;
    const atp_command_room_t room_of_op = {
        .lines = lines, .line_capacity = 4, .attributes = &attribute, .attribute_capacity = 1};
    assert_true(atp_read_command(&reader, ret_command, &room_of_op, &refusal));
    assert_true(atp_text_equal(ret_command->correlation, command->correlation));
    assert_int_equal(refusal.verdict, ATP_APPLIED);
    assert_true(atp_message_close(&reader));
    return atp_writer_size(&writer);
}

static void random_ops_of_every_kind_come_back_as_they_went(void **state)
{
    uint64_t seed = 20261121;

    (void)state;
    for (int round = 0; round < 5000; round++) {
        uint8_t first[2048];
        uint8_t second[2048];
        atp_command_line_t some[4];
        atp_command_t once;
        atp_command_t twice;
        atp_command_t command = random_command(&seed, some);
        size_t size = there_and_back(&command, first, sizeof first, &once);
        assert_true(once.kind == command.kind && once.issued_ms == command.issued_ms);
        assert_int_equal(there_and_back(&once, second, sizeof second, &twice), size);
        assert_memory_equal(first, second, size);
    }
}

static int make_room(void **state)
{
    (void)state;
    big = malloc(BIG_BUFFER);
    return big == NULL ? -1 : 0;
}

static int free_room(void **state)
{
    (void)state;
    free(big);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_op_with_a_fault_is_refused_alone_by_name_and_field),
        cmocka_unit_test(a_refused_op_keeps_its_id_for_the_answer),
        cmocka_unit_test(values_at_their_bounds_are_read),
        cmocka_unit_test(a_correlation_id_stands_beside_the_content),
        cmocka_unit_test(that_its_answer_explains_stands_beside_the_content),
        cmocka_unit_test(a_value_that_cannot_be_read_is_refused_at_its_key),
        cmocka_unit_test(missing_trailing_elements_are_zero),
        cmocka_unit_test(a_number_past_int64_is_out_of_range_not_negative),
        cmocka_unit_test(an_envelope_with_a_fault_is_refused_by_name_and_field),
        cmocka_unit_test(a_refused_message_keeps_its_correlation_for_the_answer),
        cmocka_unit_test(a_message_of_more_than_16_mib_is_refused_unread),
        cmocka_unit_test(a_message_without_ops_is_refused),
        cmocka_unit_test(ops_and_lines_have_limits_that_can_be_reached_and_not_passed),
        cmocka_unit_test(an_op_whose_bytes_are_broken_refuses_the_message),
        cmocka_unit_test(reading_more_ops_than_there_are_is_a_bug),
        cmocka_unit_test(writing_a_kind_of_the_engine_is_a_bug),
        cmocka_unit_test(random_ops_of_every_kind_come_back_as_they_went),
    };
    return cmocka_run_group_tests(tests, make_room, free_room);
}

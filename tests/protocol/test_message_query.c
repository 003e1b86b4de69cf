/* Queries, pages and events: what they are refused with, and their limits. */
#include "tests/protocol/repack.h"
#include "tests/protocol/samples.h"
#include "tests/test.h"

#include <stdlib.h>

#define REQUEST(type)  "[1," #type ",\"c-1\",\"shop\",\"\","
#define RESPONSE(type) "[1," #type ",\"c-1\",3,1002,1001,"

static uint8_t out[1u << 16];

/* What the message is refused with: ATP_APPLIED if it is read. */
static atp_refusal_t refusal_of(sample_way_t way, const char *json, const char *topic, size_t topic_size)
{
    msgpack_sbuffer packed;
    uint8_t bytes[2048];
    uint32_t unused;
    atp_writer_t writer;
    atp_refusal_t refusal;

    msgpack_sbuffer_init(&packed);
    (void)repack(json, UINT32_MAX, REPACK_NIL, &packed, &unused);
    assert_true(topic_size + packed.size <= sizeof bytes);
    if (topic_size > 0) {
        memcpy(bytes, topic, topic_size);
    }
    memcpy(bytes + topic_size, packed.data, packed.size);
    atp_writer_init(&writer, out, sizeof out);
    (void)sample_recode(way, bytes, topic_size + packed.size, &writer, &refusal, &unused);
    msgpack_sbuffer_destroy(&packed);
    return refusal;
}

typedef struct refused {
    const char *json;
    atp_verdict_t verdict;
    atp_field_t field;
    uint32_t line;
} refused_t;

static void assert_refused(sample_way_t way, const refused_t *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atp_refusal_t refusal = refusal_of(way, cases[i].json, "", 0);
        if (refusal.verdict != cases[i].verdict || refusal.field != cases[i].field ||
            refusal.line != cases[i].line) {
            print_error("%s\n", cases[i].json);
        }
        assert_int_equal(refusal.verdict, cases[i].verdict);
        assert_int_equal(refusal.field, cases[i].field);
        assert_int_equal(refusal.line, cases[i].line);
    }
}

#define ID65 "\"65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-65-bytes-65\""

static void a_query_with_a_fault_is_refused_by_name_and_field(void **state)
{
    static const refused_t cases[] = {
        {REQUEST(2) "[128,\"\",[[\"s\",\"n\"]]]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(2) "[4294967296,\"\",[[\"s\",\"n\"]]]]", ATP_MALFORMED, ATP_FIELD_OPTION, 0},
        {REQUEST(2) "[0," ID65 ",[[\"s\",\"n\"]]]]", ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0},
        {REQUEST(2) "[0,\"\",[]]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(2) "[]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {"[1,2,\"c-1\",\"shop\"]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(2) "[4,\"\",[\"s\"],[]]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(2) "[4,\"\",[],[\"n\"]]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(2) "[0,\"\",[[\"s\",\"n\"],[\"\",\"n\"]]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 1},
        {REQUEST(2) "[0,\"\",[[\"s\",\"n\"],[]]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 0},
        {REQUEST(2) "[0,\"\",[[\"s\",\"n\"],[\"s\"],[\"s\"," ID65 "]]]]", ATP_ID_INVALID, ATP_FIELD_NODE, 2},
        {REQUEST(2) "[4,\"\",[\"s\"],[\"n\"," ID65 "]]]", ATP_ID_INVALID, ATP_FIELD_NODE, 1},
        {REQUEST(13) "[]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(13) "[[]]]", ATP_LINES_MISSING, ATP_FIELD_LINES, 0},
        {REQUEST(13) "[[[\"s\"],[\"\",\"n\"]]]]", ATP_ID_INVALID, ATP_FIELD_SKU, 1},
        {REQUEST(13) "[[[\"s\",\"n\",-1]]]]", ATP_QTY_MUST_NOT_BE_NEGATIVE, ATP_FIELD_QTY, 0},
        {REQUEST(13) "[[[\"s\",\"n\"]]," ID65 "]]", ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0},
        {REQUEST(13) "[[[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1]]]]",
         ATP_TOO_MANY_OPS, ATP_FIELD_NONE, 0},
        {REQUEST(3) "[[0,\"a\"]]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(3) "[[3,\"a\"]]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(3) "[[1]]]", ATP_ID_MISSING, ATP_FIELD_ID, 0},
        {REQUEST(4) "[\"\"]]", ATP_ID_INVALID, ATP_FIELD_RESERVATION, 0},
        {REQUEST(5) "[0,8193]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(5) "[0,0,-1]]", ATP_TTL_OUT_OF_RANGE, ATP_FIELD_TTL, 0},
        {REQUEST(5) "[0,0,0," ID65 "]]", ATP_ID_INVALID, ATP_FIELD_OWNER, 0},
        {REQUEST(5) "[0,0,0,\"\"," ID65 "]]", ATP_ID_INVALID, ATP_FIELD_CHANNEL, 0},
        {REQUEST(5) "[0,0,0,\"\",\"\",1]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(5) "[0,0,0,\"\",\"\",1073741824]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(9) "[0,0,0]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(9) "[0,0,200]]", ATP_OPTION_UNKNOWN, ATP_FIELD_OPTION, 0},
        {REQUEST(9) "[0,0,256]]", ATP_MALFORMED, ATP_FIELD_OPTION, 0},
    };
    (void)state;
    assert_refused(SAMPLE_REQUEST, cases, sizeof cases / sizeof cases[0]);
}

static void an_answer_with_a_fault_is_refused_by_name_and_field(void **state)
{
    static const refused_t cases[] = {
        {RESPONSE(1) "[[256]]]", ATP_MALFORMED, ATP_FIELD_NONE, 0},
        {RESPONSE(1) "[[0,1,2,3,4,5,65536]]]", ATP_MALFORMED, ATP_FIELD_LINES, 0},
        {RESPONSE(2) "[[[0,0,\"n\",\"1.0\",1]]]]", ATP_MALFORMED, ATP_FIELD_QTY, 0},
        {RESPONSE(4) "[[0,\"r\",\"\",\"\",0,0,0,1,[[\"s\",\"n\",1,\"0.5\"]]]]]", ATP_MALFORMED, ATP_FIELD_QTY,
         0},
        {RESPONSE(6) "[[[\"s\",\"n\",\"1.0\",\"1.00\"]]]]", ATP_MALFORMED, ATP_FIELD_QTY, 0},
        {RESPONSE(8) "[[\"name\",9223372036854775807,0]]]", ATP_APPLIED, ATP_FIELD_NONE, 0},
        {RESPONSE(64) "[]]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND, 0},
        {RESPONSE(127) "[16,0,\"\",4294967296]]", ATP_MALFORMED, ATP_FIELD_NONE, 0},
    };
    (void)state;
    assert_refused(SAMPLE_RESPONSE, cases, sizeof cases / sizeof cases[0]);
}

static void a_verdict_and_a_field_of_the_future_are_kept_as_numbers(void **state)
{
    static const char bytes[] = "\x97\x01\x7f\xa0\x01\x02\x03\x92\xcc\xc8\x63"; /* error [200, 99] */
    atp_reader_t reader;
    atp_response_t response;
    atp_error_t error;

    (void)state;
    assert_true(atp_response_open(bytes, sizeof bytes - 1, &reader, &response));
    assert_true(atp_read_error(&reader, &error));
    assert_true(atp_message_close(&reader));
    assert_int_equal(error.verdict, 200);
    assert_int_equal(error.field, 99);
    assert_null(atp_verdict_name((unsigned)error.verdict));
}

/* ---- limits ---- */

static void write_ask(atp_writer_t *writer, uint32_t flags, uint32_t sku_count, uint32_t node_count,
                      const atp_text_t *names)
{
    const atp_request_t request = {ATP_MESSAGE_AVAILABILITY, ATP_TEXT(""), ATP_TEXT("shop"), ATP_TEXT("")};
    const atp_availability_ask_t ask = {flags, ATP_TEXT(""), sku_count, node_count, names, names};
    atp_writer_reset(writer);
    atp_write_request(writer, &request);
    atp_write_availability_ask(writer, &ask);
    assert_false(writer->is_overflown);
}

static atp_verdict_t read_ask(const atp_writer_t *writer, atp_text_t *names, uint32_t capacity)
{
    atp_reader_t reader;
    atp_request_t request;
    atp_availability_ask_t ask;
    assert_true(atp_request_open(writer->begin, atp_writer_size(writer), &reader, &request));
    bool ok = atp_read_availability_ask(&reader, names, capacity, &ask) && atp_message_close(&reader);
    assert_int_equal(ok, reader.refusal.verdict == ATP_APPLIED);
    return reader.refusal.verdict;
}

static void an_ask_for_65536_rows_is_read_and_for_one_more_refused(void **state)
{
    const uint32_t max = ATP_AVAILABILITY_ROWS_MAX;
    atp_text_t *names = calloc(2 * (size_t)max, sizeof *names);
    atp_text_t *read = calloc(2 * (size_t)max, sizeof *read);
    atp_writer_t writer;

    (void)state;
    assert_true(names != NULL && read != NULL);
    for (uint32_t i = 0; i < 2 * max; i++) {
        names[i] = ATP_TEXT("x");
    }
    assert_int_equal(atp_writer_init_growable(&writer, 0, ATP_MESSAGE_SIZE_MAX), ATP_OK);
    write_ask(&writer, 0, max, max, names);
    assert_int_equal(read_ask(&writer, read, 2 * max), ATP_APPLIED);
    assert_int_equal(read_ask(&writer, read, 2 * max - 2), ATP_TOO_MANY_OPS);
    write_ask(&writer, 0, max + 1, max + 1, names);
    assert_int_equal(read_ask(&writer, read, 2 * max), ATP_TOO_MANY_OPS);
    write_ask(&writer, ATP_AVAILABILITY_CROSS, max, 1, names);
    assert_int_equal(read_ask(&writer, read, 2 * max), ATP_APPLIED);
    write_ask(&writer, ATP_AVAILABILITY_CROSS, 500, 20, names);
    assert_int_equal(read_ask(&writer, read, 520), ATP_APPLIED);
    assert_true(atp_writer_size(&writer) < 1100); /* 10,000 positions asked, names of one byte */
    assert_int_equal(read_ask(&writer, read, 519), ATP_TOO_MANY_OPS);
    assert_int_equal(read_ask(&writer, read, 400), ATP_TOO_MANY_OPS);
    write_ask(&writer, ATP_AVAILABILITY_CROSS, 257, 256, names);
    assert_int_equal(read_ask(&writer, read, 2 * max), ATP_TOO_MANY_OPS);
    atp_writer_fini(&writer);
    free(names);
    free(read);
}

static void a_page_that_would_be_too_large_ends_before_the_row_that_does_not_fit(void **state)
{
    const atp_response_t response = {ATP_MESSAGE_POSITIONS, ATP_TEXT(""), 1, 2, 2};
    const atp_position_row_t row = {.sku = ATP_TEXT("TSHIRT-M"), .node = ATP_TEXT("berlin")};
    uint8_t bytes[100];
    atp_writer_t writer;
    atp_reader_t reader;
    atp_response_t read;
    uint64_t next_cursor = 0;
    uint32_t count = 0;

    (void)state;
    atp_writer_init(&writer, bytes, sizeof bytes);
    atp_write_response(&writer, &response);
    atp_write_page_begin(&writer);
    for (;;) {
        atp_writer_mark_t mark = atp_writer_mark(&writer);
        atp_write_position(&writer, &row);
        if (writer.is_overflown || atp_writer_size(&writer) > sizeof bytes - 9) {
            atp_writer_rewind(&writer, mark);
            break;
        }
    }
    atp_write_page_end(&writer, UINT64_MAX);
    assert_false(writer.is_overflown);
    assert_true(atp_response_open(bytes, atp_writer_size(&writer), &reader, &read));
    assert_true(atp_read_page(&reader, &count));
    assert_int_equal(count, 3);
    assert_true(atp_read_page_end(&reader, &next_cursor)); /* rows not cared for are passed over */
    assert_true(next_cursor == UINT64_MAX);
    assert_true(atp_message_close(&reader));
}

static void more_lines_grants_or_ids_than_there_is_room_for_are_refused(void **state)
{
    const atp_grant_t grants[] = {{.qty = 1}, {.qty = 2}};
    const atp_result_t result = {.line_count = 2};
    const atp_response_t response = {ATP_MESSAGE_COMMANDS, ATP_TEXT(""), 1, 2, 2};
    atp_writer_t writer;

    (void)state;
    atp_writer_init(&writer, out, sizeof out);
    atp_write_response(&writer, &response);
    atp_write_list_begin(&writer);
    atp_write_result(&writer, &result, grants);
    atp_write_list_end(&writer);
    for (uint32_t room = 0; room <= 2; room++) {
        atp_reader_t reader;
        atp_response_t read;
        atp_result_t read_result;
        atp_grant_t read_grants[2];
        uint32_t count;
        assert_true(atp_response_open(out, atp_writer_size(&writer), &reader, &read));
        assert_true(atp_read_results(&reader, &count));
        assert_int_equal(atp_read_result(&reader, &read_result, read_grants, room), room == 2);
        assert_int_equal(reader.refusal.verdict, room == 2 ? ATP_APPLIED : ATP_TOO_MANY_LINES);
    }
}

static void a_record_or_exception_with_more_inside_than_there_is_room_for_is_refused(void **state)
{
    const atp_record_line_t line = {.sku = ATP_TEXT("s"), .node = ATP_TEXT("n"), .granted = 1};
    const atp_record_t record = {.id = ATP_TEXT("r"), .line_count = 1, .lines = &line};
    const atp_text_t id = ATP_TEXT("r");
    const atp_exception_row_t exception = {.number = 1, .id_count = 1, .ids = &id};
    const atp_response_t responses[] = {{ATP_MESSAGE_RESERVATIONS, ATP_TEXT(""), 1, 2, 2},
                                        {ATP_MESSAGE_EXCEPTIONS, ATP_TEXT(""), 1, 2, 2}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        atp_writer_t writer;
        atp_reader_t reader;
        atp_response_t response;
        atp_record_t read_record;
        atp_exception_row_t read_exception;
        uint32_t count;
        atp_writer_init(&writer, out, sizeof out);
        atp_write_response(&writer, &responses[i]);
        atp_write_page_begin(&writer);
        if (i == 0) {
            atp_write_record(&writer, &record);
        } else {
            atp_write_exception(&writer, &exception);
        }
        atp_write_page_end(&writer, 0);
        assert_true(atp_response_open(out, atp_writer_size(&writer), &reader, &response));
        assert_true(atp_read_page(&reader, &count));
        assert_false(i == 0 ? atp_read_record(&reader, &read_record, NULL, 0)
                            : atp_read_exception(&reader, &read_exception, NULL, 0));
        assert_int_equal(reader.refusal.verdict, ATP_TOO_MANY_LINES);
        assert_false(atp_message_close(&reader));
    }
}

/* ---- events ---- */

#define FACTS "[1,64,\"d\",\"wms\",1,7,0,0,0,[[48,\"\",0,\"s\",\"n\",1]]]"

static void the_topic_of_an_event_is_its_name(void **state)
{
    static const struct {
        const char *topic;
        size_t size;
        const char *json;
        atp_verdict_t verdict;
        atp_field_t field;
    } cases[] = {
        {"atp.facts.wms\0", 14, FACTS, ATP_APPLIED, ATP_FIELD_NONE},
        {"atp.facts.wms2\0", 15, FACTS, ATP_MALFORMED, ATP_FIELD_SOURCE},
        {"atp.facts.\0", 11, FACTS, ATP_MALFORMED, ATP_FIELD_SOURCE},
        {"atp.avail.wms\0", 14, FACTS, ATP_UNKNOWN_KIND, ATP_FIELD_KIND},
        {"atp.other.wms\0", 14, FACTS, ATP_MALFORMED, ATP_FIELD_NONE},
        {"atp.fact\0", 9, FACTS, ATP_MALFORMED, ATP_FIELD_NONE},
        {"", 0, FACTS, ATP_MALFORMED, ATP_FIELD_NONE},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"\",1,7,0,0,0,[[48,\"\",0,\"s\",\"n\",1]]]", ATP_ID_INVALID,
         ATP_FIELD_SOURCE},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"wms\",0,7,0,0,0,[[48,\"\",0,\"s\",\"n\",1]]]",
         ATP_SEQUENCE_INVALID, ATP_FIELD_EPOCH},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"wms\",1,0,0,0,0,[[48,\"\",0,\"s\",\"n\",1]]]",
         ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"wms\",1,7,0,8,0,[[48,\"\",0,\"s\",\"n\",1]]]",
         ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"wms\",1,7,0,7,7,[[48,\"\",0,\"s\",\"n\",1]]]",
         ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {"atp.facts.wms\0", 14, "[1,64,\"d\",\"wms\",1,7,0,0,0,[]]", ATP_APPLIED, ATP_FIELD_NONE},
        {"atp.facts.wms\0", 14, "[2,64,\"d\",\"wms\",1,7]", ATP_UNSUPPORTED_VERSION, ATP_FIELD_NONE},
        {"atp.avail.s\0", 12, "[1,65,\"\",1,2,\"s\",\"n\",1,1,5,false]", ATP_APPLIED, ATP_FIELD_NONE},
        {"atp.avail.t\0", 12, "[1,65,\"\",1,2,\"s\",\"n\",1,1,5,false]", ATP_MALFORMED, ATP_FIELD_SKU},
        {"atp.avail.s\0", 12, "[1,65,\"\",1,2,\"s\",\"n\",1,\"1.0\",5,false]", ATP_MALFORMED, ATP_FIELD_QTY},
        {"atp.avail.s\0", 12, "[1,1,\"\",1,2,\"s\",\"n\",1,1,5,false]", ATP_UNKNOWN_KIND, ATP_FIELD_KIND},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_refusal_t refusal = refusal_of(SAMPLE_EVENT, cases[i].json, cases[i].topic, cases[i].size);
        assert_int_equal(refusal.verdict, cases[i].verdict);
        assert_int_equal(refusal.field, cases[i].field);
    }
}

static void the_numbers_of_a_batch_are_looked_at_in_a_request_too(void **state)
{
#define BATCH(source, numbers)                                                                               \
    "[1,23,\"c\",\"shop\",\"\",[\"" source "\"," numbers ",[[48,\"\",0,\"s\",\"n\",1]]]]"
    static const struct {
        const char *json;
        atp_verdict_t verdict;
        atp_field_t field;
    } cases[] = {
        {BATCH("wms", "1,7,0,7,6"), ATP_APPLIED, ATP_FIELD_NONE},
        {BATCH("", "1,7,0,0,0"), ATP_ID_INVALID, ATP_FIELD_SOURCE},
        {BATCH("w\\u0001", "1,7,0,0,0"), ATP_ID_INVALID, ATP_FIELD_SOURCE},
        {BATCH("wms", "0,7,0,0,0"), ATP_SEQUENCE_INVALID, ATP_FIELD_EPOCH},
        {BATCH("wms", "1,0,0,0,0"), ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {BATCH("wms", "1,7,0,8,0"), ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {BATCH("wms", "1,7,0,7,7"), ATP_SEQUENCE_INVALID, ATP_FIELD_SEQUENCE},
        {"[1,23,\"c\",\"shop\",\"\",[\"wms\",1,7,0,0,0,[]]]", ATP_APPLIED, ATP_FIELD_NONE},
        {"[1,22,\"c\",\"shop\",\"\",[\"wms\"]]", ATP_APPLIED, ATP_FIELD_NONE},
        {"[1,22,\"c\",\"shop\",\"\",[]]", ATP_ID_INVALID, ATP_FIELD_SOURCE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_refusal_t refusal = refusal_of(SAMPLE_REQUEST, cases[i].json, NULL, 0);
        assert_int_equal(refusal.verdict, cases[i].verdict);
        assert_int_equal(refusal.field, cases[i].field);
    }
#undef BATCH
}

static void a_topic_subscribes_to_one_name_and_its_prefix_to_all(void **state)
{
    char topic[ATP_TOPIC_SIZE_MAX];
    char longest[ATP_ID_SIZE_MAX];

    (void)state;
    assert_int_equal(atp_topic_of_facts(ATP_TEXT("wms"), topic), 14);
    assert_memory_equal(topic, "atp.facts.wms\0", 14);
    assert_int_equal(atp_topic_of_facts(ATP_TEXT(""), topic), 10);
    assert_memory_equal(topic, "atp.facts.", 10);
    assert_int_equal(atp_topic_of_availability(ATP_TEXT("ROPE"), topic), 15);
    assert_memory_equal(topic, "atp.avail.ROPE\0", 15);
    memset(longest, 'x', sizeof longest);
    assert_int_equal(atp_topic_of_availability((atp_text_t){longest, sizeof longest}, topic),
                     ATP_TOPIC_SIZE_MAX);
}

static void ops_of_a_batch_are_facts_and_need_no_id(void **state)
{
    static const char json[] = "[1,64,\"d\",\"wms\",1,7,0,0,0,[[49,\"\",0,\"s\",\"n\",1],[37,\"\",0,\"r\"],["
                               "19,\"\",0,\"s\",\"n\",1],"
                               "[32,\"a\",1],[34,\"a\",1,\"r\"],[18,\"a\",1,\"web\"]]]";
    const atp_verdict_t verdicts[] = {ATP_APPLIED,      ATP_APPLIED,      ATP_APPLIED,
                                      ATP_UNKNOWN_KIND, ATP_UNKNOWN_KIND, ATP_UNKNOWN_KIND};
    const bool is_fact[] = {true, true, false, false, false, false};
    msgpack_sbuffer packed;
    uint32_t count;
    atp_reader_t reader;
    atp_facts_t facts;

    (void)state;
    msgpack_sbuffer_init(&packed);
    (void)repack(json, UINT32_MAX, REPACK_NIL, &packed, &count);
    memcpy(out, "atp.facts.wms\0", 14);
    memcpy(out + 14, packed.data, packed.size);
    assert_true(atp_event_open(out, 14 + packed.size, &reader));
    assert_true(atp_read_facts(&reader, &facts, &count));
    assert_int_equal(count, 6);
    assert_true(facts.epoch == 1 && facts.sequence == 7);
    for (uint32_t i = 0; i < count; i++) {
        atp_command_t command;
        atp_command_line_t line;
        atp_refusal_t refusal;
        assert_true(atp_read_command(&reader, &command,
                                     &(atp_command_room_t){.lines = &line, .line_capacity = 1}, &refusal));
        assert_int_equal(refusal.verdict, verdicts[i]);
        assert_int_equal(command.is_fact, is_fact[i]);
    }
    assert_true(atp_message_close(&reader));
    msgpack_sbuffer_destroy(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_query_with_a_fault_is_refused_by_name_and_field),
        cmocka_unit_test(an_answer_with_a_fault_is_refused_by_name_and_field),
        cmocka_unit_test(a_verdict_and_a_field_of_the_future_are_kept_as_numbers),
        cmocka_unit_test(an_ask_for_65536_rows_is_read_and_for_one_more_refused),
        cmocka_unit_test(a_page_that_would_be_too_large_ends_before_the_row_that_does_not_fit),
        cmocka_unit_test(more_lines_grants_or_ids_than_there_is_room_for_are_refused),
        cmocka_unit_test(a_record_or_exception_with_more_inside_than_there_is_room_for_is_refused),
        cmocka_unit_test(the_topic_of_an_event_is_its_name),
        cmocka_unit_test(a_topic_subscribes_to_one_name_and_its_prefix_to_all),
        cmocka_unit_test(the_numbers_of_a_batch_are_looked_at_in_a_request_too),
        cmocka_unit_test(ops_of_a_batch_are_facts_and_need_no_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

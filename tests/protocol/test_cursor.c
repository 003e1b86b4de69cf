/* The cursors by themselves: every form of every value, every bound. */
#include "protocol/cursor.h"
#include "tests/test.h"

#include <msgpack.h>

#include <stdlib.h>

typedef struct fixture {
    uint8_t bytes[1024];
    atp_writer_t writer;
    atp_reader_t reader;
} fixture_t;

static void begin(fixture_t *at)
{
    atp_writer_init(&at->writer, at->bytes, sizeof at->bytes);
}

/* A reader over what was written. */
static void turn(fixture_t *at)
{
    assert_false(at->writer.is_overflown);
    atp_reader_init(&at->reader, at->bytes, atp_writer_size(&at->writer));
}

static const int64_t edges[] = {0,
                                1,
                                -1,
                                -32,
                                -33,
                                127,
                                128,
                                -127,
                                -128,
                                -129,
                                255,
                                256,
                                32767,
                                32768,
                                -32768,
                                -32769,
                                65535,
                                65536,
                                INT32_MAX,
                                INT32_MIN,
                                UINT32_MAX,
                                INT64_C(1) << 32,
                                INT32_MIN - INT64_C(1),
                                ATP_QTY_MAX,
                                -ATP_QTY_MAX,
                                INT64_MAX,
                                INT64_MIN};

static void integers_are_written_as_msgpack_c_writes_them(void **state)
{
    msgpack_sbuffer packed;
    msgpack_packer packer;

    (void)state;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        fixture_t at;
        int64_t value = 0;
        begin(&at);
        atp_write_int(&at.writer, edges[i]);
        msgpack_sbuffer_clear(&packed);
        (void)msgpack_pack_int64(&packer, edges[i]);
        assert_int_equal(atp_writer_size(&at.writer), packed.size);
        assert_memory_equal(at.bytes, packed.data, packed.size);
        turn(&at);
        assert_true(atp_read_int(&at.reader, ATP_FIELD_QTY, &value));
        assert_true(value == edges[i] && at.reader.at == at.reader.end);
    }
    msgpack_sbuffer_destroy(&packed);
}

static void an_integer_is_read_in_every_form_that_holds_it(void **state)
{
    const struct {
        const char *bytes;
        size_t size;
        int64_t value;
    } forms[] = {{"\x05", 1, 5},
                 {"\xcc\x05", 2, 5},
                 {"\xcd\x00\x05", 3, 5},
                 {"\xce\x00\x00\x00\x05", 5, 5},
                 {"\xcf\x00\x00\x00\x00\x00\x00\x00\x05", 9, 5},
                 {"\xd0\x05", 2, 5},
                 {"\xd1\x00\x05", 3, 5},
                 {"\xd2\x00\x00\x00\x05", 5, 5},
                 {"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9, 5},
                 {"\xff", 1, -1},
                 {"\xd0\xff", 2, -1},
                 {"\xd1\xff\xff", 3, -1},
                 {"\xd2\xff\xff\xff\xff", 5, -1},
                 {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9, -1}};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (size_t size = 0; size <= forms[i].size; size++) {
            uint8_t *exact = malloc(size + 1); /* the byte past the end is another's */
            atp_reader_t reader;
            int64_t value = 77;
            assert_non_null(exact);
            memcpy(exact, forms[i].bytes, size);
            atp_reader_init(&reader, exact, size);
            bool ok = atp_read_int(&reader, ATP_FIELD_QTY, &value);
            assert_int_equal(ok, size == forms[i].size);
            assert_int_equal(value, ok ? forms[i].value : 77);
            free(exact);
        }
    }
}

static void an_unsigned_number_is_not_negative_and_a_signed_one_not_above_int64(void **state)
{
    fixture_t at;
    uint64_t big = 0;
    int64_t value = 0;

    (void)state;
    begin(&at);
    atp_write_int(&at.writer, -1);
    turn(&at);
    assert_false(atp_read_uint(&at.reader, ATP_FIELD_TTL, &big));
    assert_int_equal(at.reader.refusal.verdict, ATP_MALFORMED);
    assert_int_equal(at.reader.refusal.field, ATP_FIELD_TTL);
    begin(&at);
    atp_write_uint(&at.writer, UINT64_MAX);
    turn(&at);
    assert_false(atp_read_int(&at.reader, ATP_FIELD_TTL, &value));
    turn(&at);
    assert_true(atp_read_uint(&at.reader, ATP_FIELD_TTL, &big));
    assert_true(big == UINT64_MAX);
}

static void texts_of_every_length_form_go_and_come(void **state)
{
    static char text[70000];
    static uint8_t bytes[70016];
    const uint32_t sizes[] = {0, 1, 7, 8, 16, 17, 31, 32, 33, 255, 256, 65535, 65536};

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        atp_writer_t writer;
        atp_reader_t reader;
        atp_text_t read = {NULL, 0};
        atp_writer_init(&writer, bytes, sizeof bytes);
        atp_write_text(&writer, (atp_text_t){text, sizes[i]});
        atp_reader_init(&reader, bytes, atp_writer_size(&writer));
        assert_true(atp_read_text(&reader, ATP_FIELD_NAME, &read));
        assert_true(atp_text_equal(read, (atp_text_t){text, sizes[i]}));
        assert_ptr_equal(reader.at, reader.end);
        atp_reader_init(&reader, bytes, atp_writer_size(&writer) - 1);
        assert_false(atp_read_text(&reader, ATP_FIELD_NAME, &read));
    }
}

static void a_count_beyond_the_bytes_left_is_refused(void **state)
{
    const char *headers[] = {"\x91", "\x9f\xc0", "\xdc\x00\x03\xc0\xc0", "\xdd\xff\xff\xff\xff\xc0"};
    const size_t sizes[] = {1, 2, 5, 6};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        atp_reader_t reader;
        uint32_t count = 77;
        atp_reader_init(&reader, headers[i], sizes[i]);
        assert_false(atp_read_array(&reader, ATP_FIELD_LINES, &count));
        assert_int_equal(reader.refusal.verdict, ATP_MALFORMED);
        assert_int_equal(reader.refusal.field, ATP_FIELD_LINES);
        assert_int_equal(count, 77);
    }
}

static void quantities_keep_their_scale_and_every_int64(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        for (uint8_t scale = 0; scale <= ATP_SCALE_MAX; scale++) {
            fixture_t at;
            atp_qty_t qty = 0;
            uint8_t read_scale = 99;
            begin(&at);
            atp_write_qty(&at.writer, edges[i], scale);
            turn(&at);
            assert_true(atp_read_qty(&at.reader, &qty, &read_scale));
            assert_true(qty == edges[i] && read_scale == scale);
        }
    }
}

static void text_that_is_no_exact_decimal_is_no_quantity(void **state)
{
    const char *texts[] = {"",
                           "5",
                           "5.",
                           ".5",
                           "-",
                           "-.5",
                           "1.2.3",
                           "1e3",
                           "+1.0",
                           " 1.0",
                           "1.0 ",
                           "0x1.0",
                           "1.0000000",
                           "1,5",
                           "nan",
                           "9223372036854775808.0",
                           "922337203685477580.8",
                           "-922337203685477580.9"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        fixture_t at;
        atp_qty_t qty;
        uint8_t scale;
        begin(&at);
        atp_write_text(&at.writer, atp_text_of(texts[i]));
        turn(&at);
        assert_false(atp_read_qty(&at.reader, &qty, &scale));
        assert_int_equal(at.reader.refusal.verdict, ATP_MALFORMED);
    }
}

/* ---- passing over ---- */

static void values_of_every_kind_are_passed_over(void **state)
{
    msgpack_sbuffer packed;
    msgpack_packer packer;
    static char blob[70000];

    (void)state;
    msgpack_sbuffer_init(&packed);
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    const size_t sizes[] = {0, 1, 2, 4, 8, 16, 40, 300, 70000};
    (void)msgpack_pack_array(&packer, 5 + 3 * sizeof sizes / sizeof sizes[0]);
    (void)msgpack_pack_nil(&packer);
    (void)msgpack_pack_true(&packer);
    (void)msgpack_pack_float(&packer, 1.5f);
    (void)msgpack_pack_double(&packer, 1.5);
    (void)msgpack_pack_map(&packer, 1);
    (void)msgpack_pack_int64(&packer, INT64_MIN);
    (void)msgpack_pack_uint64(&packer, UINT64_MAX);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        (void)msgpack_pack_str_with_body(&packer, blob, sizes[i]);
        (void)msgpack_pack_bin_with_body(&packer, blob, sizes[i]);
        (void)msgpack_pack_ext_with_body(&packer, blob, sizes[i], 5);
    }
    assert_true(atp_msgpack_is_well_formed(packed.data, packed.size));
    for (size_t size = 0; size < packed.size; size += size < 200 ? 1 : 997) {
        assert_false(atp_msgpack_is_well_formed(packed.data, size));
    }
    msgpack_sbuffer_destroy(&packed);
}

static void eight_arrays_deep_is_well_formed_and_nine_is_not(void **state)
{
    (void)state;
    assert_true(atp_msgpack_is_well_formed("\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 9));
    assert_true(atp_msgpack_is_well_formed("\x91\x91\x91\x91\x91\x91\x91\x90", 8));
    assert_false(atp_msgpack_is_well_formed("\x91\x91\x91\x91\x91\x91\x91\x91\x90", 9));
    assert_false(atp_msgpack_is_well_formed(
        "\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x81\x01\x80", 17));
}

static void the_byte_that_msgpack_never_uses_is_refused(void **state)
{
    (void)state;
    assert_false(atp_msgpack_is_well_formed("\xc1", 1));
    assert_false(atp_msgpack_is_well_formed("\x92\xc0\xc1", 3));
}

static void nothing_and_more_than_one_value_are_not_one_value(void **state)
{
    (void)state;
    assert_false(atp_msgpack_is_well_formed("", 0));
    assert_false(atp_msgpack_is_well_formed(NULL, 0));
    assert_false(atp_msgpack_is_well_formed("\xc0\xc0", 2));
    assert_true(atp_msgpack_is_well_formed("\xc0", 1));
}

static void the_first_fault_stays(void **state)
{
    atp_reader_t reader;
    uint32_t count;
    bool value;

    (void)state;
    atp_reader_init(&reader, "\xc0", 1);
    assert_false(atp_read_array(&reader, ATP_FIELD_LINES, &count));
    assert_false(atp_read_bool(&reader, ATP_FIELD_OPTION, &value));
    assert_int_equal(reader.refusal.field, ATP_FIELD_LINES);
}

/* ---- room ---- */

static void write_some(atp_writer_t *writer)
{
    atp_write_array(writer, 3);
    atp_write_text(writer, ATP_TEXT("a text that is longer than thirty-one bytes"));
    atp_write_int(writer, -70000);
    atp_write_list_begin(writer);
    atp_write_list_end(writer);
}

static void a_fixed_buffer_takes_what_fits_exactly_and_nothing_after_an_overflow(void **state)
{
    uint8_t all[128];
    atp_writer_t writer;

    (void)state;
    atp_writer_init(&writer, all, sizeof all);
    write_some(&writer);
    size_t needed = atp_writer_size(&writer);
    assert_false(writer.is_overflown);
    for (size_t size = 0; size <= needed; size++) {
        uint8_t *exact = malloc(size + 1);
        assert_non_null(exact);
        atp_writer_init(&writer, exact, size);
        write_some(&writer);
        assert_int_equal(writer.is_overflown, size < needed);
        atp_write_bool(&writer, true); /* small enough for any gap */
        assert_true(writer.is_overflown);
        assert_true(atp_writer_size(&writer) <= size);
        assert_memory_equal(exact, all, atp_writer_size(&writer));
        free(exact);
    }
}

static void a_growable_buffer_grows_to_its_bound_and_no_further(void **state)
{
    atp_writer_t writer;

    (void)state;
    assert_int_equal(atp_writer_init_growable(&writer, 0, 1000), ATP_OK);
    for (int i = 0; i < 1000; i++) {
        atp_write_bool(&writer, true);
    }
    assert_false(writer.is_overflown);
    assert_int_equal(atp_writer_size(&writer), 1000);
    atp_write_bool(&writer, true);
    assert_true(writer.is_overflown);
    assert_int_equal(atp_writer_size(&writer), 1000);
    atp_writer_reset(&writer);
    assert_false(writer.is_overflown);
    atp_write_bool(&writer, true);
    assert_int_equal(atp_writer_size(&writer), 1);
    atp_writer_fini(&writer);
    atp_writer_fini(&writer);
}

typedef struct room {
    uint8_t bytes[300];
    size_t asked;
    bool is_out;
} room_t;

static atp_err_t give_room(void *context, size_t size, uint8_t **ret_bytes)
{
    room_t *room = context;
    room->asked = size;
    if (room->is_out || size > sizeof room->bytes) {
        return ATP_ERR_MEMORY;
    }
    *ret_bytes = room->bytes;
    return ATP_OK;
}

static void a_writer_over_room_of_another_asks_for_it_and_copes_without(void **state)
{
    room_t room = {.is_out = false};
    atp_writer_t writer;

    (void)state;
    atp_writer_init_over(&writer, give_room, &room, 280);
    write_some(&writer);
    assert_false(writer.is_overflown);
    assert_ptr_equal(writer.begin, room.bytes);
    for (int i = 0; i < 280; i++) {
        atp_write_bool(&writer, true);
    }
    assert_true(writer.is_overflown);
    assert_int_equal(atp_writer_size(&writer), 280);
    atp_writer_fini(&writer);
    room.is_out = true;
    atp_writer_init_over(&writer, give_room, &room, 280);
    write_some(&writer);
    assert_true(writer.is_overflown);
    assert_int_equal(atp_writer_size(&writer), 0);
}

static void what_does_not_fit_can_be_taken_back(void **state)
{
    uint8_t bytes[16];
    atp_writer_t writer;

    (void)state;
    atp_writer_init(&writer, bytes, sizeof bytes);
    atp_write_int(&writer, 1);
    atp_writer_mark_t mark = atp_writer_mark(&writer);
    atp_write_text(&writer, ATP_TEXT("0123456789"));
    atp_write_text(&writer, ATP_TEXT("0123456789"));
    assert_true(writer.is_overflown);
    atp_writer_rewind(&writer, mark);
    assert_false(writer.is_overflown);
    atp_write_text(&writer, ATP_TEXT("01234567890123"));
    assert_false(writer.is_overflown);
    assert_int_equal(atp_writer_size(&writer), sizeof bytes);
}

static void a_list_within_a_list_is_a_bug(void **state)
{
    fixture_t at;

    (void)state;
    begin(&at);
    assert_aborts(atp_write_list_end(&at.writer));
    atp_write_list_begin(&at.writer);
    assert_aborts(atp_write_list_begin(&at.writer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_written_as_msgpack_c_writes_them),
        cmocka_unit_test(an_integer_is_read_in_every_form_that_holds_it),
        cmocka_unit_test(an_unsigned_number_is_not_negative_and_a_signed_one_not_above_int64),
        cmocka_unit_test(texts_of_every_length_form_go_and_come),
        cmocka_unit_test(a_count_beyond_the_bytes_left_is_refused),
        cmocka_unit_test(quantities_keep_their_scale_and_every_int64),
        cmocka_unit_test(text_that_is_no_exact_decimal_is_no_quantity),
        cmocka_unit_test(values_of_every_kind_are_passed_over),
        cmocka_unit_test(eight_arrays_deep_is_well_formed_and_nine_is_not),
        cmocka_unit_test(the_byte_that_msgpack_never_uses_is_refused),
        cmocka_unit_test(nothing_and_more_than_one_value_are_not_one_value),
        cmocka_unit_test(the_first_fault_stays),
        cmocka_unit_test(a_fixed_buffer_takes_what_fits_exactly_and_nothing_after_an_overflow),
        cmocka_unit_test(a_growable_buffer_grows_to_its_bound_and_no_further),
        cmocka_unit_test(a_writer_over_room_of_another_asks_for_it_and_copes_without),
        cmocka_unit_test(what_does_not_fit_can_be_taken_back),
        cmocka_unit_test(a_list_within_a_list_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every message of samples.c against its golden bytes, against msgpack-c, and against what a hostile or a newer
 * peer makes of it.
 *
 *     test_protocol_message_vectors --print FOLDER      writes the golden files anew
 *     test_protocol_message_vectors --corpus FOLDER     writes them as inputs of fuzz_message
 */
#include "tests/protocol/repack.h"
#include "tests/protocol/samples.h"
#include "tests/test.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES_MAX 4096

typedef struct bytes {
    uint8_t at[BYTES_MAX];
    size_t size;
} bytes_t;

/* ---- vectors/NAME.hex: lines that begin with # are for people, the others are bytes ---- */

static FILE *open_vector(const char *folder, const char *name, const char *mode)
{
    char path[512];
    int size = snprintf(path, sizeof path, "%s/%s.hex", folder, name);
    assert_true(size > 0 && (size_t)size < sizeof path);
    return fopen(path, mode);
}

static void load_vector(const char *name, bytes_t *ret_bytes)
{
    char line[4096];
    FILE *file = open_vector(ATP_VECTORS, name, "r");

    assert_non_null(file);
    ret_bytes->size = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *at = line;
        unsigned byte;
        int used;
        while (line[0] != '#' && sscanf(at, "%2x%n", &byte, &used) == 1) {
            assert_true(ret_bytes->size < BYTES_MAX);
            ret_bytes->at[ret_bytes->size++] = (uint8_t)byte;
            at += used;
        }
    }
    assert_int_equal(fclose(file), 0);
    assert_true(ret_bytes->size > 0);
}

static void write_sample(const sample_t *sample, bytes_t *ret_bytes)
{
    atp_writer_t writer;
    atp_writer_init(&writer, ret_bytes->at, BYTES_MAX);
    sample->write(&writer);
    assert_false(writer.is_overflown);
    ret_bytes->size = atp_writer_size(&writer);
}

static const char *way_name(sample_way_t way)
{
    return way == SAMPLE_REQUEST ? "request" : way == SAMPLE_RESPONSE ? "response" : "event";
}

static void print_vector(const char *folder, const sample_t *sample)
{
    bytes_t bytes;
    FILE *file = open_vector(folder, sample->name, "w");

    assert_non_null(file);
    write_sample(sample, &bytes);
    fprintf(file, "# %s, %s\n", way_name(sample->way), sample->what);
    if (sample->topic != NULL) {
        fprintf(file, "# topic %s, a zero byte, then\n", sample->topic);
    }
    fprintf(file, "# %s\n", sample->json);
    for (size_t i = 0; i < bytes.size; i++) {
        fprintf(file, "%02x%c", bytes.at[i], i % 16 == 15 || i + 1 == bytes.size ? '\n' : ' ');
    }
    assert_int_equal(fclose(file), 0);
}

/* The way, then the bytes: what fuzz_message reads. */
static void print_corpus(const char *folder, const sample_t *sample)
{
    bytes_t bytes;
    char path[512];
    int size = snprintf(path, sizeof path, "%s/%s", folder, sample->name);

    assert_true(size > 0 && (size_t)size < sizeof path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    write_sample(sample, &bytes);
    assert_int_equal(fputc((int)sample->way, file), (int)sample->way);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

/* ---- helpers ---- */

/* Reads and writes again; the bytes written are in *ret_out. */
static bool recode(const sample_t *sample, const void *bytes, size_t size, bytes_t *ret_out,
                   atp_refusal_t *ret_refusal, uint32_t *ret_op_refusals)
{
    atp_writer_t writer;
    uint8_t *copy = malloc(size > 0 ? size : 1); /* its end is the end of memory, for AddressSanitizer */

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    atp_writer_init(&writer, ret_out->at, BYTES_MAX);
    bool ok = sample_recode(sample->way, copy, size, &writer, ret_refusal, ret_op_refusals);
    ret_out->size = atp_writer_size(&writer);
    free(copy);
    return ok;
}

static void assert_same_bytes(const bytes_t *a, const bytes_t *b)
{
    assert_int_equal(a->size, b->size);
    assert_memory_equal(a->at, b->at, a->size);
}

/* The topic and its zero byte, then the array as msgpack-c packs it, changed at one place. */
static bool repacked(const sample_t *sample, uint32_t target, repack_change_t change, bytes_t *ret_bytes,
                     uint32_t *ret_places)
{
    msgpack_sbuffer packed;
    size_t topic_size = sample->topic == NULL ? 0 : strlen(sample->topic) + 1;

    msgpack_sbuffer_init(&packed);
    bool is_changed = repack(sample->json, target, change, &packed, ret_places);
    assert_true(topic_size + packed.size <= BYTES_MAX);
    if (topic_size > 0) {
        memcpy(ret_bytes->at, sample->topic, topic_size);
    }
    memcpy(ret_bytes->at + topic_size, packed.data, packed.size);
    ret_bytes->size = topic_size + packed.size;
    msgpack_sbuffer_destroy(&packed);
    return is_changed;
}

static void assert_has_a_name(const atp_refusal_t *refusal)
{
    assert_int_not_equal(refusal->verdict, ATP_APPLIED);
    assert_non_null(atp_verdict_name((unsigned)refusal->verdict));
    assert_non_null(atp_field_name((unsigned)refusal->field));
    assert_non_null(refusal->detail);
}

/* ---- golden bytes ---- */

static void every_sample_is_written_as_its_vector(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t written;
        load_vector(samples[i].name, &golden);
        write_sample(&samples[i], &written);
        assert_same_bytes(&written, &golden);
    }
}

static void every_vector_is_read_and_written_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t written;
        atp_refusal_t refusal;
        uint32_t op_refusals;
        load_vector(samples[i].name, &golden);
        assert_true(recode(&samples[i], golden.at, golden.size, &written, &refusal, &op_refusals));
        assert_int_equal(op_refusals, 0);
        assert_same_bytes(&written, &golden);
    }
}

static void every_message_type_has_vectors_of_each_way(void **state)
{
    (void)state;
#define HAS_VECTOR(number, NAME, name, sentence)                                                             \
    {                                                                                                        \
        unsigned ways = 0;                                                                                   \
        for (size_t i = 0; i < sample_count; i++) {                                                          \
            char head[16];                                                                                   \
            (void)snprintf(head, sizeof head, "[1,%d,", number);                                             \
            ways |= strncmp(samples[i].json, head, strlen(head)) == 0 ? 1u << samples[i].way : 0;            \
        }                                                                                                    \
        unsigned of_type = number < 64    ? 1u << SAMPLE_REQUEST | 1u << SAMPLE_RESPONSE                     \
                           : number < 127 ? 1u << SAMPLE_EVENT                                               \
                                          : 1u << SAMPLE_RESPONSE;                                           \
        /* A crossing is asked for, and told as it happens. */                                               \
        assert_int_equal(ways, of_type | (number == ATP_MESSAGE_CROSSINGS ? 1u << SAMPLE_EVENT : 0u));       \
    }
    ATP_MESSAGE_TYPES(HAS_VECTOR)
#undef HAS_VECTOR
}

/* ---- msgpack-c as second opinion ---- */

static void msgpack_c_reads_in_every_vector_what_its_json_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t packed;
        uint32_t places;
        msgpack_unpacked a;
        msgpack_unpacked b;
        size_t topic_size = samples[i].topic == NULL ? 0 : strlen(samples[i].topic) + 1;
        size_t a_end = topic_size;
        size_t b_end = topic_size;
        load_vector(samples[i].name, &golden);
        (void)repacked(&samples[i], UINT32_MAX, REPACK_NIL, &packed, &places);
        assert_memory_equal(golden.at, packed.at, topic_size);
        msgpack_unpacked_init(&a);
        msgpack_unpacked_init(&b);
        assert_int_equal(msgpack_unpack_next(&a, (char *)golden.at, golden.size, &a_end),
                         MSGPACK_UNPACK_SUCCESS);
        assert_int_equal(msgpack_unpack_next(&b, (char *)packed.at, packed.size, &b_end),
                         MSGPACK_UNPACK_SUCCESS);
        assert_true(msgpack_object_equal(a.data, b.data));
        assert_int_equal(a_end, golden.size);
        msgpack_unpacked_destroy(&a);
        msgpack_unpacked_destroy(&b);
    }
}

static void what_msgpack_c_packs_is_read_as_the_vector(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t packed;
        bytes_t written;
        uint32_t places;
        uint32_t op_refusals;
        atp_refusal_t refusal;
        load_vector(samples[i].name, &golden);
        (void)repacked(&samples[i], UINT32_MAX, REPACK_NIL, &packed, &places);
        assert_true(recode(&samples[i], packed.at, packed.size, &written, &refusal, &op_refusals));
        assert_same_bytes(&written, &golden);
    }
}

/* ---- hostile bytes ---- */

static void every_truncation_of_a_vector_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t written;
        load_vector(samples[i].name, &golden);
        for (size_t size = 0; size < golden.size; size++) {
            atp_refusal_t refusal;
            uint32_t op_refusals;
            assert_false(recode(&samples[i], golden.at, size, &written, &refusal, &op_refusals));
            assert_has_a_name(&refusal);
        }
    }
}

static void a_byte_after_the_end_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t written;
        atp_refusal_t refusal;
        uint32_t op_refusals;
        load_vector(samples[i].name, &golden);
        golden.at[golden.size++] = 0xc0;
        assert_false(recode(&samples[i], golden.at, golden.size, &written, &refusal, &op_refusals));
        assert_int_equal(refusal.verdict, ATP_MALFORMED);
    }
}

/* Changes each place of each sample in turn; the message, or an op of it, must be refused. */
static void change_everywhere(repack_change_t change, uint32_t at_least)
{
    uint32_t changed = 0;

    for (size_t i = 0; i < sample_count; i++) {
        bytes_t packed;
        uint32_t places;
        uint32_t unused;
        (void)repacked(&samples[i], UINT32_MAX, change, &packed, &places);
        for (uint32_t place = 0; place < places; place++) {
            bytes_t written;
            atp_refusal_t refusal;
            uint32_t op_refusals;
            if (!repacked(&samples[i], place, change, &packed, &unused)) {
                continue;
            }
            changed++;
            if (!recode(&samples[i], packed.at, packed.size, &written, &refusal, &op_refusals)) {
                assert_has_a_name(&refusal);
            } else {
                assert_true(op_refusals > 0);
            }
        }
    }
    assert_true(changed >= at_least); /* the test has seen what it is about */
}

static void nil_in_any_place_is_refused(void **state)
{
    (void)state;
    change_everywhere(REPACK_NIL, 600);
}

static void a_float_in_any_place_is_refused(void **state)
{
    (void)state;
    change_everywhere(REPACK_FLOAT, 600);
}

static void binary_in_any_place_is_refused(void **state)
{
    (void)state;
    change_everywhere(REPACK_BIN, 600);
}

static void text_that_is_not_utf8_is_refused_in_any_place(void **state)
{
    (void)state;
    change_everywhere(REPACK_NOT_UTF8, 200);
}

static void text_with_a_control_character_is_refused_in_any_place(void **state)
{
    (void)state;
    change_everywhere(REPACK_CONTROL, 200);
}

static void a_huge_count_is_refused_in_any_place(void **state)
{
    (void)state;
    change_everywhere(REPACK_HUGE_COUNT, 130);
}

static void every_flipped_byte_is_refused_or_read_within_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        bytes_t golden;
        bytes_t written;
        load_vector(samples[i].name, &golden);
        for (size_t at = 0; at < golden.size; at++) {
            for (unsigned value = 1; value < 256; value++) {
                bytes_t flipped = golden;
                atp_refusal_t refusal;
                uint32_t op_refusals;
                flipped.at[at] ^= (uint8_t)value;
                if (!recode(&samples[i], flipped.at, flipped.size, &written, &refusal, &op_refusals)) {
                    assert_has_a_name(&refusal);
                }
            }
        }
    }
}

/* ---- newer peers ---- */

static void elements_of_the_future_are_ignored_in_every_array_that_is_no_list(void **state)
{
    uint32_t extended = 0;

    (void)state;
    for (size_t i = 0; i < sample_count; i++) {
        uint32_t places = 1;
        bytes_t golden;
        load_vector(samples[i].name, &golden);
        for (uint32_t place = 0; place < places; place++) {
            bytes_t packed;
            bytes_t written;
            atp_refusal_t refusal;
            uint32_t op_refusals;
            if (repacked(&samples[i], place, REPACK_EXTENDED, &packed, &places)) {
                /* A short result grows fields it left out, an op its attributes: those positions are not of the future. */
                bool ok = recode(&samples[i], packed.at, packed.size, &written, &refusal, &op_refusals);
                if (ok && op_refusals == 0) {
                    assert_same_bytes(&written, &golden);
                    extended++;
                }
            }
        }
    }
    assert_true(extended >= 60);
}

static void another_version_is_refused_by_name_under_its_correlation(void **state)
{
    const char *versions[] = {"[0,1,\"c-1\",\"shop\",\"\",[]]", "[2,1,\"c-1\",[],\"all new\"]",
                              "[2,99,\"c-1\"]"};
    msgpack_sbuffer packed;
    uint32_t places;

    (void)state;
    msgpack_sbuffer_init(&packed);
    for (size_t i = 0; i < 3; i++) {
        atp_reader_t reader;
        atp_request_t request;
        atp_response_t response;
        (void)repack(versions[i], UINT32_MAX, REPACK_NIL, &packed, &places);
        assert_false(atp_request_open(packed.data, packed.size, &reader, &request));
        assert_int_equal(reader.refusal.verdict, ATP_UNSUPPORTED_VERSION);
        assert_true(atp_text_equal(request.correlation, ATP_TEXT("c-1")));
        assert_false(atp_response_open(packed.data, packed.size, &reader, &response));
        assert_int_equal(reader.refusal.verdict, ATP_UNSUPPORTED_VERSION);
        assert_true(atp_text_equal(response.correlation, ATP_TEXT("c-1")));
    }
    msgpack_sbuffer_destroy(&packed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_written_as_its_vector),
        cmocka_unit_test(every_vector_is_read_and_written_back),
        cmocka_unit_test(every_message_type_has_vectors_of_each_way),
        cmocka_unit_test(msgpack_c_reads_in_every_vector_what_its_json_says),
        cmocka_unit_test(what_msgpack_c_packs_is_read_as_the_vector),
        cmocka_unit_test(every_truncation_of_a_vector_is_refused_by_name),
        cmocka_unit_test(a_byte_after_the_end_is_refused),
        cmocka_unit_test(nil_in_any_place_is_refused),
        cmocka_unit_test(a_float_in_any_place_is_refused),
        cmocka_unit_test(binary_in_any_place_is_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_in_any_place),
        cmocka_unit_test(text_with_a_control_character_is_refused_in_any_place),
        cmocka_unit_test(a_huge_count_is_refused_in_any_place),
        cmocka_unit_test(every_flipped_byte_is_refused_or_read_within_bounds),
        cmocka_unit_test(elements_of_the_future_are_ignored_in_every_array_that_is_no_list),
        cmocka_unit_test(another_version_is_refused_by_name_under_its_correlation),
    };

    if (argc == 3 && (strcmp(argv[1], "--print") == 0 || strcmp(argv[1], "--corpus") == 0)) {
        for (size_t i = 0; i < sample_count; i++) {
            (argv[1][2] == 'p' ? print_vector : print_corpus)(argv[2], &samples[i]);
        }
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

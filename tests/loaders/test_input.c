#include "tests/loaders/support.h"

#include "loaders/input/input.h"

#include <errno.h>

/* A source in memory that can give few bytes at a time, fail at a place, and change between passes. */
typedef struct memory {
    const char *bytes;
    size_t size;
    size_t at;
    size_t step;    /* most bytes a read gives */
    size_t fail_at; /* a read at or past it fails; 0 = never */
    int closed;
} memory_t;

static bool memory_read(void *context, void *bytes, size_t size, size_t *ret_size)
{
    memory_t *memory = context;
    size_t left = memory->size - memory->at;
    size_t most = size < memory->step ? size : memory->step;

    if (memory->fail_at > 0 && memory->at >= memory->fail_at) {
        errno = EIO;
        return false;
    }
    *ret_size = left < most ? left : most;
    memcpy(bytes, memory->bytes + memory->at, *ret_size);
    memory->at += *ret_size;
    return true;
}

static bool memory_rewind(void *context)
{
    ((memory_t *)context)->at = 0;
    return true;
}

static void memory_close(void *context)
{
    ((memory_t *)context)->closed++;
}

static atp_input_t *open_memory(memory_t *memory, bool can_rewind, uint64_t spool_size_max)
{
    atp_input_source_t source = {memory, memory_read, can_rewind ? memory_rewind : NULL, memory_close, 0};
    atp_input_t *input = NULL;

    assert_int_equal(atp_input_open_source(&source, "memory", spool_size_max, &input, NULL), ATP_OK);
    return input;
}

/* Reads to the end or a failure. Returns how much it was; compares with `expected` unless NULL. */
static size_t drain(atp_input_t *input, const char *expected, atp_err_t *ret_err, atp_why_t *ret_why)
{
    char bytes[10000];
    size_t total = 0;
    size_t got = 0;

    do {
        *ret_err = atp_input_read(input, bytes, sizeof bytes, &got, ret_why);
        if (expected != NULL) {
            assert_memory_equal(bytes, expected + total, got);
        }
        total += got;
    } while (*ret_err == ATP_OK && got > 0);
    return total;
}

static char *make_bytes(size_t size)
{
    uint64_t seed = 7;
    char *bytes = malloc(size);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)('a' + test_random(&seed) % 20);
    }
    return bytes;
}

static void read_twice(const char *path, const char *expected, size_t size, atp_input_kind_t kind)
{
    atp_input_t *input = NULL;
    atp_err_t err = ATP_OK;
    atp_why_t why;

    assert_int_equal(atp_input_open(path, 0, &input, &why), ATP_OK);
    for (int pass = 0; pass < 3; pass++) {
        assert_int_equal(drain(input, expected, &err, &why), size);
        assert_int_equal(err, ATP_OK);
        assert_int_equal(atp_input_kind(input), kind);
        assert_int_equal(atp_input_bytes_done(input), atp_input_bytes_total(input));
        assert_int_equal(atp_input_rewind(input, &why), ATP_OK);
    }
    atp_input_close(input);
}

static void plain_gzip_and_zstd_give_the_same_content_in_every_pass(void **state)
{
    size_t size = 700001; /* three pieces, the last one short */
    char *bytes = make_bytes(size);

    scratch_write(*state, "plain", bytes, size);
    scratch_write_gzip(*state, "gzip", bytes, size);
    scratch_write_zstd(*state, "zstd", bytes, size);
    read_twice(scratch_path(*state, "plain"), bytes, size, ATP_INPUT_PLAIN);
    read_twice(scratch_path(*state, "gzip"), bytes, size, ATP_INPUT_GZIP);
    read_twice(scratch_path(*state, "zstd"), bytes, size, ATP_INPUT_ZSTD);
    free(bytes);
}

static void a_size_that_is_whole_pieces_is_read_to_its_end(void **state)
{
    size_t size = 2 * (256u << 10);
    char *bytes = make_bytes(size);

    scratch_write(*state, "plain", bytes, size);
    read_twice(scratch_path(*state, "plain"), bytes, size, ATP_INPUT_PLAIN);
    scratch_write(*state, "empty", "", 0);
    read_twice(scratch_path(*state, "empty"), "", 0, ATP_INPUT_PLAIN);
    free(bytes);
}

static void archives_of_several_members_are_one_content(void **state)
{
    size_t one_size = 0;
    size_t two_size = 0;

    scratch_write_gzip(*state, "one", "first ", 6);
    scratch_write_gzip(*state, "two", "second", 6);
    char *one = scratch_read(*state, "one", &one_size);
    char *two = scratch_read(*state, "two", &two_size);
    char *both = malloc(one_size + two_size);
    assert_non_null(both);
    memcpy(both, one, one_size);
    memcpy(both + one_size, two, two_size);
    scratch_write(*state, "both", both, one_size + two_size);
    read_twice(scratch_path(*state, "both"), "first second", 12, ATP_INPUT_GZIP);
    free(one);
    free(two);
    free(both);
}

static void check_cut(void **state, const char *name)
{
    size_t size = 0;
    char *packed = scratch_read(*state, name, &size);

    for (size_t cut = 5; cut < size; cut += size / 17 + 1) {
        memory_t memory = {packed, cut, 0, SIZE_MAX, 0, 0};
        atp_input_t *input = open_memory(&memory, true, 0);
        atp_err_t err = ATP_OK;
        atp_why_t why = {""};
        drain(input, NULL, &err, &why);
        assert_int_equal(err, ATP_ERR_CORRUPT);
        assert_text_in(why.text, "memory: the archive ");
        atp_input_close(input);
    }
    free(packed);
}

static void an_archive_cut_anywhere_is_truncated_never_short_content(void **state)
{
    char *bytes = make_bytes(20000);

    scratch_write_gzip(*state, "gzip", bytes, 20000);
    scratch_write_zstd(*state, "zstd", bytes, 20000);
    check_cut(state, "gzip");
    check_cut(state, "zstd");
    free(bytes);
}

/* Every flipped bit is an error or harmless (a header field that carries no content): never other content. */
static void check_flips(void **state, const char *name, const char *expected, size_t expected_size)
{
    size_t size = 0;
    unsigned caught = 0;
    char *packed = scratch_read(*state, name, &size);

    for (size_t at = 4; at < size; at += size / 97 + 1) {
        packed[at] = (char)(packed[at] ^ 0x10);
        memory_t memory = {packed, size, 0, SIZE_MAX, 0, 0};
        atp_input_t *input = open_memory(&memory, true, 0);
        atp_err_t err = ATP_OK;
        size_t got = drain(input, NULL, &err, NULL);
        caught += err == ATP_ERR_CORRUPT;
        assert_true(err == ATP_ERR_CORRUPT || got == expected_size);
        atp_input_close(input);
        packed[at] = (char)(packed[at] ^ 0x10);
    }
    assert_true(caught > 10);
    (void)expected;
    free(packed);
}

static void a_flipped_bit_in_an_archive_is_found(void **state)
{
    char *bytes = make_bytes(20000);

    scratch_write_gzip(*state, "gzip", bytes, 20000);
    scratch_write_zstd(*state, "zstd", bytes, 20000);
    check_flips(state, "gzip", bytes, 20000);
    check_flips(state, "zstd", bytes, 20000);
    free(bytes);
}

static void text_behind_an_archive_is_refused(void **state)
{
    size_t size = 0;

    scratch_write_gzip(*state, "gzip", "content", 7);
    char *packed = scratch_read(*state, "gzip", &size);
    char *longer = malloc(size + 20);
    assert_non_null(longer);
    memcpy(longer, packed, size);
    memcpy(longer + size, "and then some text..", 20);
    memory_t memory = {longer, size + 20, 0, SIZE_MAX, 0, 0};
    atp_input_t *input = open_memory(&memory, true, 0);
    atp_err_t err = ATP_OK;
    drain(input, NULL, &err, NULL);
    assert_int_equal(err, ATP_ERR_CORRUPT);
    atp_input_close(input);
    free(packed);
    free(longer);
}

static void short_reads_change_nothing(void **state)
{
    char *bytes = make_bytes(3000);

    (void)state;
    memory_t memory = {bytes, 3000, 0, 1, 0, 0};
    atp_input_t *input = open_memory(&memory, true, 0);
    atp_err_t err = ATP_OK;
    assert_int_equal(drain(input, bytes, &err, NULL), 3000);
    memory.step = 7; /* pieces are cut alike however the reads come */
    assert_int_equal(atp_input_rewind(input, NULL), ATP_OK);
    assert_int_equal(drain(input, bytes, &err, NULL), 3000);
    assert_int_equal(err, ATP_OK);
    atp_input_close(input);
    assert_int_equal(memory.closed, 1);
    free(bytes);
}

static void a_failing_disk_is_named_and_stays_failed(void **state)
{
    char *bytes = make_bytes(600000);
    atp_why_t why = {""};
    size_t got = 0;
    atp_err_t err = ATP_OK;

    (void)state;
    memory_t memory = {bytes, 600000, 0, SIZE_MAX, 300000, 0};
    atp_input_t *input = open_memory(&memory, true, 0);
    drain(input, NULL, &err, &why);
    assert_int_equal(err, ATP_ERR_IO);
    assert_text_in(why.text, "memory: reading failed near byte");
    char one;
    memory.fail_at = 0;
    assert_int_equal(atp_input_read(input, &one, 1, &got, &why), ATP_ERR_IO);
    atp_input_close(input);
    free(bytes);
}

static void expect_changed(memory_t *memory, atp_input_t *input, size_t safe_size)
{
    atp_err_t err = ATP_OK;
    atp_why_t why = {""};

    (void)memory;
    assert_int_equal(atp_input_rewind(input, NULL), ATP_OK);
    assert_int_equal(drain(input, NULL, &err, &why), safe_size);
    assert_int_equal(err, ATP_ERR_CORRUPT);
    assert_text_in(why.text, "changed after it was checked");
}

static void a_file_changed_between_the_passes_gives_no_unchecked_byte(void **state)
{
    size_t size = 600000;
    size_t piece = 256u << 10;
    char *bytes = make_bytes(size);
    atp_err_t err = ATP_OK;

    (void)state;
    memory_t memory = {bytes, size, 0, SIZE_MAX, 0, 0};
    atp_input_t *input = open_memory(&memory, true, 0);
    drain(input, NULL, &err, NULL);
    bytes[piece + 5]++; /* in the second piece */
    expect_changed(&memory, input, piece);
    bytes[piece + 5]--;
    memory.size = size - 1; /* shorter */
    expect_changed(&memory, input, 2 * piece);
    memory.size = piece; /* cut at the end of a piece */
    expect_changed(&memory, input, piece);
    memory.size = size; /* as it was: good again */
    assert_int_equal(atp_input_rewind(input, NULL), ATP_OK);
    assert_int_equal(drain(input, bytes, &err, NULL), size);
    assert_int_equal(err, ATP_OK);
    atp_input_close(input);
    free(bytes);
}

static void what_cannot_be_rewound_is_spooled_and_read_again(void **state)
{
    size_t size = 600000;
    char *bytes = make_bytes(size);
    atp_err_t err = ATP_OK;

    (void)state;
    memory_t memory = {bytes, size, 0, 12345, 0, 0};
    atp_input_t *input = open_memory(&memory, false, 0);
    assert_int_equal(drain(input, bytes, &err, NULL), size);
    assert_int_equal(atp_input_rewind(input, NULL), ATP_OK);
    assert_int_equal(memory.closed, 1); /* the spool has taken its place */
    assert_int_equal(drain(input, bytes, &err, NULL), size);
    assert_int_equal(err, ATP_OK);
    assert_int_equal(atp_input_bytes_total(input), size);
    atp_input_close(input);
    free(bytes);
}

static void a_pipe_past_the_bound_of_the_spool_is_refused(void **state)
{
    char *bytes = make_bytes(600000);
    atp_err_t err = ATP_OK;
    atp_why_t why = {""};

    (void)state;
    memory_t memory = {bytes, 600000, 0, SIZE_MAX, 0, 0};
    atp_input_t *input = open_memory(&memory, false, 599999);
    drain(input, NULL, &err, &why);
    assert_int_equal(err, ATP_ERR_LIMIT);
    assert_text_in(why.text, "599999 bytes");
    atp_input_close(input);
    free(bytes);
}

static void a_spool_folder_that_is_not_there_is_named(void **state)
{
    memory_t memory = {"x", 1, 0, 1, 0, 0};
    atp_input_source_t source = {&memory, memory_read, NULL, memory_close, 0};
    atp_input_t *input = NULL;
    atp_why_t why = {""};

    (void)state;
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_int_equal(atp_input_open_source(&source, "memory", 0, &input, &why), ATP_ERR_IO);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_text_in(why.text, "/nowhere/at/all");
    assert_int_equal(memory.closed, 0); /* not taken over */
}

static void missing_files_and_folders_are_named(void **state)
{
    const scratch_t *scratch = *state;
    atp_input_t *input = NULL;
    atp_why_t why = {""};

    assert_int_equal(atp_input_open("/nowhere/stock.csv", 0, &input, &why), ATP_ERR_NOT_FOUND);
    assert_text_in(why.text, "/nowhere/stock.csv");
    assert_int_equal(atp_input_open(scratch->folder, 0, &input, &why), ATP_ERR_INVALID);
    assert_text_in(why.text, "is a folder");
}

/* 64 MiB of zeros in 64 KiB of archive: it streams through a buffer of 10 KB. */
static void an_archive_that_inflates_a_thousandfold_streams(void **state)
{
    size_t size = 64u << 20;
    char *zeros = calloc(1, size);
    atp_input_t *input = NULL;
    atp_err_t err = ATP_OK;

    assert_non_null(zeros);
    scratch_write_gzip(*state, "bomb", zeros, size);
    assert_int_equal(atp_input_open(scratch_path(*state, "bomb"), 0, &input, NULL), ATP_OK);
    assert_int_equal(drain(input, NULL, &err, NULL), size);
    assert_int_equal(err, ATP_OK);
    atp_input_close(input);
    free(zeros);
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRATCH(plain_gzip_and_zstd_give_the_same_content_in_every_pass),
        WITH_SCRATCH(a_size_that_is_whole_pieces_is_read_to_its_end),
        WITH_SCRATCH(archives_of_several_members_are_one_content),
        WITH_SCRATCH(an_archive_cut_anywhere_is_truncated_never_short_content),
        WITH_SCRATCH(a_flipped_bit_in_an_archive_is_found),
        WITH_SCRATCH(text_behind_an_archive_is_refused),
        WITH_SCRATCH(an_archive_that_inflates_a_thousandfold_streams),
        WITH_SCRATCH(missing_files_and_folders_are_named),
        cmocka_unit_test(short_reads_change_nothing),
        cmocka_unit_test(a_failing_disk_is_named_and_stays_failed),
        cmocka_unit_test(a_file_changed_between_the_passes_gives_no_unchecked_byte),
        cmocka_unit_test(what_cannot_be_rewound_is_spooled_and_read_again),
        cmocka_unit_test(a_pipe_past_the_bound_of_the_spool_is_refused),
        cmocka_unit_test(a_spool_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

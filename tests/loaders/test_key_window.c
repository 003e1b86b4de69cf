/* Keys beyond the window are put aside on disk: what is found is what would have been found in memory, and memory does not grow with the
 * file. Linked with a wrapper of mmap, which is where sets of keys have their memory from. */
#include "tests/loaders/support.h"

#include "loaders/keys.h"
#include "tests/sim/sim_random.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PROFILE                                                                                              \
    "version: 1\nname: test\nloads: positions\nbasis: on_hand\nformat: {delimiter: ',', header: true}\n"     \
    "columns: {sku: sku, node: node, on_hand: qty}\n"

static size_t mapped_max; /* bytes of the largest mapping */

void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    mapped_max = size > mapped_max ? size : mapped_max;
    return __real_mmap(address, size, protection, flags, file, offset);
}

/* ---- loads ---- */

static loaded_t *load_text(const scratch_t *scratch, const char *text, uint64_t window, const char *rejects)
{
    atp_load_options_t options = ATP_LOAD_OPTIONS_DEFAULT;

    scratch_write_text(scratch, "s.csv", text);
    options.path = scratch_path(scratch, "s.csv");
    options.reject_path = rejects != NULL ? scratch_path(scratch, rejects) : NULL;
    options.max_bad_share = 1.0;
    options.batch_rows_max = 7;
    options.key_window = window;
    return load_with(PROFILE, &options);
}

static void assert_same_loads(const loaded_t *a, const loaded_t *b)
{
    assert_int_equal(a->validated, b->validated);
    assert_int_equal(a->delivered, b->delivered);
    assert_memory_equal(&a->report, &b->report, sizeof a->report);
    assert_int_equal(a->reject_count, b->reject_count); /* each was told once */
    assert_int_equal(a->row_count, b->row_count);
    for (uint32_t i = 0; i < a->row_count; i++) {
        assert_string_equal(a->rows[i].sku, b->rows[i].sku);
        assert_int_equal(a->rows[i].row.line, b->rows[i].row.line);
    }
}

static void assert_same_files(const scratch_t *scratch, const char *a, const char *b)
{
    size_t size_a = 0;
    size_t size_b = 0;

    assert_int_equal(scratch_exists(scratch, a), scratch_exists(scratch, b));
    if (!scratch_exists(scratch, a)) {
        return;
    }
    char *text_a = scratch_read(scratch, a, &size_a);
    char *text_b = scratch_read(scratch, b, &size_b);
    assert_int_equal(size_a, size_b);
    assert_string_equal(text_a, text_b);
    free(text_a);
    free(text_b);
}

/* Up to 60 rows of few SKUs or of many, one in eight of them bad for another reason. */
static void random_text(uint64_t *random, char *ret_text)
{
    unsigned rows = (unsigned)sim_random_below(random, 60) + 1;
    unsigned skus = sim_random_below(random, 2) == 0 ? 20 : 1000;
    char *at = ret_text + sprintf(ret_text, "sku,node,qty\n");

    for (unsigned i = 0; i < rows; i++) {
        bool is_bad = sim_random_below(random, 8) == 0;
        at += sprintf(at, "S%u,N,%s\n", (unsigned)sim_random_below(random, skus), is_bad ? "x" : "1");
    }
}

static void beyond_the_window_the_same_is_found_as_within(void **state)
{
    char text[4096];
    unsigned with_duplicates = 0;

    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        random_text(&random, text);
        loaded_t *within = load_text(*state, text, 0, "within.csv");
        loaded_t *beyond = load_text(*state, text, 1 + seed % 9, "beyond.csv");
        assert_same_loads(within, beyond);
        assert_same_files(*state, "within.csv", "beyond.csv");
        with_duplicates += within->report.bad_by_reason[ATP_REJECT_DUPLICATE] > 0;
        loaded_free(within);
        loaded_free(beyond);
    }
    assert_in_range(with_duplicates, 50, 299);
}

static void duplicates_of_each_kind_are_told_with_their_first_line(void **state)
{
    /* Within the window; one of the window beyond it; both beyond it; three of one key. */
    loaded_t *loaded = load_text(
        *state, "sku,node,qty\nA,N,1\nA,N,1\nB,N,1\nC,N,1\nD,N,1\nB,N,1\nD,N,1\nE,N,1\nD,N,1\n", 3, "r.csv");
    size_t size;

    char *text = scratch_read(*state, "r.csv", &size);
    assert_string_equal(text, "line,reason,column,explanation,row\n"
                              "3,duplicate,,\"an earlier row has the same key: line 2\",\"A,N,1\"\n"
                              "7,duplicate,,\"an earlier row has the same key: line 4\",\"B,N,1\"\n"
                              "8,duplicate,,\"an earlier row has the same key: line 6\",\"D,N,1\"\n"
                              "10,duplicate,,\"an earlier row has the same key: line 6\",\"D,N,1\"\n");
    assert_int_equal(loaded->reject_count, 4);
    assert_int_equal(loaded->row_count, 5);
    assert_int_equal(loaded->report.keys, 5);
    free(text);
    loaded_free(loaded);
}

static void without_duplicates_no_row_is_checked_twice(void **state)
{
    loaded_t *single = load_text(*state, "sku,node,qty\nA,N,1\nB,N,1\nC,N,1\n", 2, NULL);
    loaded_t *twice = load_text(*state, "sku,node,qty\nA,N,1\nB,N,1\nA,N,1\n", 3, NULL);

    assert_int_equal(single->progress_count, 2);
    assert_int_equal(twice->progress_count, 2); /* within the window */
    loaded_free(twice);
    twice = load_text(*state, "sku,node,qty\nA,N,1\nB,N,1\nC,N,1\nA,N,1\n", 2, NULL);
    assert_int_equal(twice->progress_count, 3);
    loaded_free(single);
    loaded_free(twice);
}

static void without_a_folder_for_them_the_load_says_so(void **state)
{
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    loaded_t *loaded = load_text(*state, "sku,node,qty\nA,N,1\nB,N,1\nC,N,1\n", 2, NULL);

    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(loaded->validated, ATP_ERR_IO);
    assert_text_in(loaded->why.text, "TMPDIR");
    assert_int_equal(loaded->delivered, ATP_ERR_COUNT);
    loaded_free(loaded);
}

/* ---- many keys ---- */

#define MANY   200000u
#define EVERY  1000u /* one row in so many repeats the one 70,000 rows before it, which is on disk by then */
#define WINDOW 1000u

static unsigned key_number(unsigned row)
{
    return row % EVERY == 0 && row > 70000 ? row - 70000 + 1 : row;
}

/* Notes rows 1 to MANY; the first failure. */
static atp_err_t note_many(atp_keys_t *keys, unsigned *ret_refused)
{
    char sku[16];
    atp_err_t err = ATP_OK;

    *ret_refused = 0;
    for (unsigned i = 1; i <= MANY && err == ATP_OK; i++) {
        int size = snprintf(sku, sizeof sku, "S%u", key_number(i));
        atp_load_row_t row = {.sku = {sku, (uint32_t)size}, .line = i + 1};
        atp_reason_of_reject_t reason;
        uint64_t first_line = 0;
        err = atp_keys_note(keys, atp_keys_of_row(keys, &row), &row, &reason, &first_line);
        if (reason == ATP_REJECT_DUPLICATE) {
            assert_int_equal(first_line, key_number(i) + 1);
            ++*ret_refused;
        }
    }
    return err;
}

static void memory_is_that_of_the_window_however_many_keys_there_are(void **state)
{
    atp_keys_t *keys = NULL;
    unsigned refused;
    bool must_repeat;

    (void)state;
    mapped_max = 0;
    assert_int_equal(atp_keys_create(ATP_DUPLICATES_REFUSE, 10 * MANY, MANY, WINDOW, &keys), ATP_OK);
    assert_int_equal(note_many(keys, &refused), ATP_OK);
    assert_int_equal(refused, 0);
    assert_int_equal(atp_keys_end(keys, &must_repeat), ATP_OK);
    assert_true(must_repeat);
    assert_in_range(mapped_max, 1, 256 << 10); /* all of them would have 4 MiB */
    atp_keys_begin(keys);
    assert_int_equal(note_many(keys, &refused), ATP_OK);
    assert_int_equal(refused, MANY / EVERY - 70);
    assert_int_equal(atp_keys_count(keys), MANY - refused);
    atp_keys_destroy(keys);
}

static void more_rows_than_the_bound_are_refused_beyond_the_window_too(void **state)
{
    atp_keys_t *keys = NULL;
    unsigned refused;

    (void)state;
    assert_int_equal(atp_keys_create(ATP_DUPLICATES_REFUSE, MANY - 1, 0, WINDOW, &keys), ATP_OK);
    assert_int_equal(note_many(keys, &refused), ATP_ERR_LIMIT);
    atp_keys_destroy(keys);
}

static void a_disk_that_takes_no_more_is_told(void **state)
{
    struct rlimit before;
    atp_keys_t *keys = NULL;
    unsigned refused;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit little = {1 << 16, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(atp_keys_create(ATP_DUPLICATES_REFUSE, 10 * MANY, 0, WINDOW, &keys), ATP_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    atp_err_t err = note_many(keys, &refused);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, ATP_ERR_IO);
    atp_keys_destroy(keys);
}

#define WITH_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SCRATCH(beyond_the_window_the_same_is_found_as_within),
        WITH_SCRATCH(duplicates_of_each_kind_are_told_with_their_first_line),
        WITH_SCRATCH(without_duplicates_no_row_is_checked_twice),
        WITH_SCRATCH(without_a_folder_for_them_the_load_says_so),
        cmocka_unit_test(memory_is_that_of_the_window_however_many_keys_there_are),
        cmocka_unit_test(more_rows_than_the_bound_are_refused_beyond_the_window_too),
        cmocka_unit_test(a_disk_that_takes_no_more_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

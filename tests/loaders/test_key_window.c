/* Keys beyond the window are put aside on disk: what is found is what would have been found in memory, and memory does not grow with the
 * file. Linked with a wrapper of mmap, which is where sets of keys have their memory from. */
#include "tests/loaders/support.h"

#include "loaders/rows/keys.h"
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

/* So many that some are written. */
static void without_a_folder_for_them_the_load_says_so(void **state)
{
    enum { ROWS = 80000, ROW_SIZE = 16 };
    char *text = malloc(ROWS * ROW_SIZE);
    char *at = text + sprintf(text, "sku,node,qty\n");

    for (unsigned i = 0; i < ROWS; i++) {
        at += sprintf(at, "S%u,N,1\n", i);
    }
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    loaded_t *loaded = load_text(*state, text, 2, NULL);

    assert_int_equal(unsetenv("TMPDIR"), 0);
    free(text);
    assert_int_equal(loaded->validated, ATP_ERR_IO);
    assert_text_in(loaded->why.text, "TMPDIR");
    assert_int_equal(loaded->delivered, ATP_ERR_COUNT);
    loaded_free(loaded);
}

/* ---- rows that are summed, or the last of which counts ---- */

#define TOLD_MAX 200

/* A row that was told, and what is to become of it. */
typedef struct told {
    atp_load_row_t row;
    char sku[8];
    bool counts;
    unsigned tells; /* a bit for each quantity that its document tells */
} told_t;

/* What the rows say one by one, in the words of loaders/rows/key_sums.h, with nothing kept but the rows. */
static void sum_by_hand(told_t *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        told_t *row = &rows[i];
        told_t *before = NULL;
        for (unsigned k = i; k-- > 0 && before == NULL;) {
            before = rows[k].counts && strcmp(rows[k].sku, row->sku) == 0 ? &rows[k] : NULL;
        }
        row->counts = true;
        if (before == NULL) {
            continue;
        }
        bool is_newer = before->row.origin.message != row->row.origin.message;
        told_t *stands = is_newer ? row : before;
        for (unsigned kind = 0; kind < 2; kind++) {
            atp_load_qty_t *old = &before->row.qty[kind];
            atp_load_qty_t *new = &row->row.qty[kind];
            atp_load_qty_t both = {old->mantissa + new->mantissa, 0, true};
            bool tells = (before->tells >> kind & 1) != 0 && !is_newer;
            stands->row.qty[kind] = !new->is_given ? *old : tells ? both : *new;
        }
        stands->tells |= row->tells;
        (is_newer ? before : row)->counts = false;
    }
}

static unsigned make_rows(uint64_t *random, told_t *rows)
{
    unsigned count = 1 + (unsigned)sim_random_below(random, TOLD_MAX);
    uint32_t document = (uint32_t)sim_random_below(random, 2);

    memset(rows, 0, TOLD_MAX * sizeof *rows);
    for (unsigned i = 0; i < count; i++) {
        told_t *told = &rows[i];
        document += document > 0 && sim_random_below(random, 20) == 0;
        (void)snprintf(told->sku, sizeof told->sku, "S%u", (unsigned)sim_random_below(random, 30));
        told->row.sku = atp_text_of(told->sku);
        told->row.origin.message = document;
        for (unsigned kind = 0; kind < 2; kind++) {
            bool is_given = sim_random_below(random, 3) > 0;
            told->row.qty[kind] =
                (atp_load_qty_t){is_given ? 1 + (atp_qty_t)sim_random_below(random, 9) : 0, 0, is_given};
            told->tells |= (unsigned)is_given << kind;
        }
        told->row.line = i + 2;
    }
    return count;
}

static atp_keys_t *note_all(atp_duplicates_t duplicates, const told_t *rows, unsigned count,
                            bool *ret_must_repeat)
{
    atp_keys_t *keys = NULL;

    assert_int_equal(atp_keys_create(duplicates, 1000, 0, 0, &keys), ATP_OK);
    for (unsigned i = 0; i < count; i++) {
        atp_reason_of_reject_t reason;
        uint64_t first_line;
        assert_int_equal(
            atp_keys_note(keys, atp_keys_of_row(keys, &rows[i].row), &rows[i].row, &reason, &first_line),
            ATP_OK);
        assert_int_equal(reason, ATP_REJECT_NONE);
    }
    assert_int_equal(atp_keys_end(keys, ret_must_repeat), ATP_OK);
    return keys;
}

static atp_load_row_t take(atp_keys_t *keys, const told_t *told, bool *ret_counts)
{
    const atp_fingerprint_t none = {0, 0};
    atp_load_row_t row = told->row;

    assert_false(atp_keys_need_key(keys));
    assert_int_equal(atp_keys_take(keys, none, &row, ret_counts), ATP_OK);
    return row;
}

static void sums_are_what_the_rows_say_one_by_one(void **state)
{
    told_t *rows = calloc(TOLD_MAX, sizeof *rows);
    told_t *by_hand = calloc(TOLD_MAX, sizeof *by_hand);
    (void)state;

    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        unsigned count = make_rows(&random, rows);
        uint64_t counting = 0;
        bool must_repeat;
        atp_keys_t *keys = note_all(ATP_DUPLICATES_SUM, rows, count, &must_repeat);
        assert_false(must_repeat);
        memcpy(by_hand, rows, TOLD_MAX * sizeof *rows);
        sum_by_hand(by_hand, count);
        for (unsigned pass = 0; pass < 2 && !atp_keys_are_single(keys); pass++) {
            counting = 0;
            atp_keys_begin(keys);
            for (unsigned i = 0; i < count; i++) {
                bool counts;
                atp_load_row_t row = take(keys, &rows[i], &counts);
                assert_int_equal(counts, by_hand[i].counts);
                for (unsigned kind = 0; kind < 2 && counts; kind++) {
                    assert_int_equal(row.qty[kind].mantissa, by_hand[i].row.qty[kind].mantissa);
                    assert_int_equal(row.qty[kind].is_given, by_hand[i].row.qty[kind].is_given);
                }
                counting += counts;
            }
            assert_int_equal(atp_keys_count(keys), counting);
            assert_int_equal(atp_keys_merged(keys), count - counting);
        }
        atp_keys_destroy(keys);
    }
    free(rows);
    free(by_hand);
}

static void the_last_row_of_a_key_counts(void **state)
{
    static const bool counts[] = {false, true, false, true, true};
    static const char *const skus[] = {"A", "B", "A", "A", "C"};
    told_t rows[5] = {0};
    bool must_repeat;
    (void)state;

    for (unsigned i = 0; i < 5; i++) {
        (void)snprintf(rows[i].sku, sizeof rows[i].sku, "%s", skus[i]);
        rows[i].row = (atp_load_row_t){.sku = atp_text_of(rows[i].sku), .line = i + 2};
    }
    atp_keys_t *keys = note_all(ATP_DUPLICATES_LAST, rows, 5, &must_repeat);
    assert_false(must_repeat);
    assert_int_equal(atp_keys_count(keys), 3);
    atp_keys_begin(keys);
    for (unsigned i = 0; i < 5; i++) {
        bool is_last;
        (void)take(keys, &rows[i], &is_last);
        assert_int_equal(is_last, counts[i]);
    }
    atp_keys_destroy(keys);
}

/* What passes the range is known when all rows have come: then it is refused at its row, and the sum is that of the others. */
static void a_row_that_would_pass_the_range_is_refused_by_itself(void **state)
{
    told_t rows[3] = {0};
    bool must_repeat;
    bool counts;
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        rows[i].row = (atp_load_row_t){.sku = ATP_TEXT("A"), .line = i + 2};
        rows[i].row.qty[0] = (atp_load_qty_t){i == 1 ? ATP_QTY_MAX : 5, 0, true};
    }
    atp_keys_t *keys = note_all(ATP_DUPLICATES_SUM, rows, 3, &must_repeat);
    assert_true(must_repeat);
    atp_keys_begin(keys);
    for (unsigned i = 0; i < 3; i++) {
        atp_reason_of_reject_t reason;
        uint64_t first_line;
        assert_int_equal(
            atp_keys_note(keys, atp_keys_of_row(keys, &rows[i].row), &rows[i].row, &reason, &first_line),
            ATP_OK);
        assert_int_equal(reason, i == 1 ? ATP_REJECT_QTY_OUT_OF_RANGE : ATP_REJECT_NONE);
        assert_true(atp_keys_is_news(keys));
    }
    atp_keys_begin(keys);
    assert_int_equal(take(keys, &rows[0], &counts).qty[0].mantissa, 10);
    assert_true(counts);
    (void)take(keys, &rows[1], &counts);
    assert_false(counts);
    atp_keys_destroy(keys);
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

static void sums_of_many_keys_need_the_memory_of_a_part(void **state)
{
    atp_keys_t *keys = NULL;
    unsigned refused;
    bool must_repeat;

    (void)state;
    mapped_max = 0;
    assert_int_equal(atp_keys_create(ATP_DUPLICATES_SUM, 10 * MANY, MANY, 0, &keys), ATP_OK);
    assert_int_equal(note_many(keys, &refused), ATP_OK);
    assert_int_equal(atp_keys_end(keys, &must_repeat), ATP_OK);
    assert_false(must_repeat);
    assert_int_equal(atp_keys_count(keys), MANY - (MANY / EVERY - 70));
    assert_in_range(mapped_max, 1, 1 << 20); /* a part of rows has 240 KiB; all of them would have 14 MiB */
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
        cmocka_unit_test(sums_are_what_the_rows_say_one_by_one),
        cmocka_unit_test(the_last_row_of_a_key_counts),
        cmocka_unit_test(a_row_that_would_pass_the_range_is_refused_by_itself),
        cmocka_unit_test(memory_is_that_of_the_window_however_many_keys_there_are),
        cmocka_unit_test(sums_of_many_keys_need_the_memory_of_a_part),
        cmocka_unit_test(more_rows_than_the_bound_are_refused_beyond_the_window_too),
        cmocka_unit_test(a_disk_that_takes_no_more_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

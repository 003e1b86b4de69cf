#include "tests/test.h"

#include "loaders/generate/random.h"
#include "loaders/rows/sorted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t key;
    uint64_t added;
    char text[104];
} entry_t;

#define ENTRIES_OF_A_RUN (((size_t)4 << 20) / sizeof(entry_t))

static int by_key(const void *left, const void *right)
{
    const entry_t *a = left;
    const entry_t *b = right;

    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return a->added < b->added ? -1 : a->added > b->added;
}

static entry_t entry_of(uint64_t key, uint64_t added)
{
    entry_t entry = {.key = key, .added = added};

    (void)snprintf(entry.text, sizeof entry.text, "entry %llu", (unsigned long long)added);
    return entry;
}

static void check_order(atp_sorted_t *sorted, const entry_t *wanted, size_t count)
{
    const void *record = NULL;

    assert_int_equal(atp_sorted_begin(sorted), ATP_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(atp_sorted_next(sorted, &record), ATP_OK);
        assert_non_null(record);
        assert_memory_equal(record, &wanted[i], sizeof *wanted);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(atp_sorted_next(sorted, &record), ATP_OK);
        assert_null(record);
    }
}

/* Adds so many with few distinct keys, and has them in order twice, and once more when only a few had been had. */
static void have_in_order(size_t count)
{
    atp_random_t random;
    atp_sorted_t *sorted = NULL;
    entry_t *all = calloc(count + 1, sizeof *all);
    const void *record = NULL;

    assert_non_null(all);
    atp_random_init(&random, count);
    assert_int_equal(atp_sorted_create(sizeof(entry_t), by_key, &sorted), ATP_OK);
    for (size_t i = 0; i < count; i++) {
        all[i] = entry_of(atp_random_below(&random, count / 2 + 1), i);
        assert_int_equal(atp_sorted_add(sorted, &all[i]), ATP_OK);
    }
    assert_int_equal(atp_sorted_count(sorted), count);
    qsort(all, count, sizeof *all, by_key);
    check_order(sorted, all, count);
    check_order(sorted, all, count);
    assert_int_equal(atp_sorted_begin(sorted), ATP_OK);
    assert_int_equal(atp_sorted_next(sorted, &record), ATP_OK);
    check_order(sorted, all, count);
    atp_sorted_destroy(sorted);
    free(all);
}

static void a_few_are_had_in_order(void **state)
{
    (void)state;
    for (size_t count = 0; count < 20; count++) {
        have_in_order(count);
    }
}

static void more_than_fit_in_memory_are_had_in_order(void **state)
{
    (void)state;
    have_in_order(ENTRIES_OF_A_RUN);
    have_in_order(ENTRIES_OF_A_RUN + 1);
    have_in_order(2 * ENTRIES_OF_A_RUN);
    have_in_order(5 * ENTRIES_OF_A_RUN + 17);
}

static void a_folder_that_takes_no_file_is_an_error(void **state)
{
    (void)state;
    atp_sorted_t *sorted = NULL;
    const entry_t entry = entry_of(1, 1);

    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    assert_int_equal(atp_sorted_create(sizeof(entry_t), by_key, &sorted), ATP_OK);
    for (size_t i = 0; i < ENTRIES_OF_A_RUN; i++) {
        assert_int_equal(atp_sorted_add(sorted, &entry), ATP_OK); /* in memory */
    }
    assert_int_equal(atp_sorted_add(sorted, &entry), ATP_ERR_IO);
    assert_int_equal(atp_sorted_count(sorted), ENTRIES_OF_A_RUN);
    atp_sorted_destroy(sorted);
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_are_had_in_order),
        cmocka_unit_test(more_than_fit_in_memory_are_had_in_order),
        cmocka_unit_test(a_folder_that_takes_no_file_is_an_error),
    };

    atp_sorted_destroy(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

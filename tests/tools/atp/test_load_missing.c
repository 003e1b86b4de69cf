/* Positions that a file leaves out. */
#include "tests/test.h"

#include "tools/atp/load/load_missing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POSITIONS 30000u

typedef struct found {
    unsigned count;
    unsigned largest;
    bool is_there[POSITIONS];
} found_t;

static atp_text_t name_of(char *room, size_t size, unsigned number)
{
    int used = snprintf(room, size, "item-%u", number);

    return (atp_text_t){room, (uint32_t)used};
}

static atp_err_t note(void *context, const atp_text_t *skus, const atp_text_t *nodes, uint32_t count)
{
    found_t *found = context;

    assert_in_range(count, 1, ATP_LOAD_MISSING_BATCH);
    for (uint32_t i = 0; i < count; i++) {
        unsigned number = (unsigned)strtoul(skus[i].bytes + strlen("item-"), NULL, 10);
        assert_true(number < POSITIONS && !found->is_there[number]);
        assert_true(atp_text_equal(nodes[i], ATP_TEXT("berlin")));
        found->is_there[number] = true;
    }
    found->largest = count > found->largest ? count : found->largest;
    found->count += count;
    return ATP_OK;
}

static void add_positions(atp_load_missing_t *missing, unsigned count)
{
    char room[32];

    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(
            atp_load_missing_add_position(missing, name_of(room, sizeof room, i), ATP_TEXT("berlin")),
            ATP_OK);
    }
}

/* Rows are of every position but one in `every`, and of some that are nowhere. */
static atp_load_missing_t *begin(unsigned every)
{
    atp_load_missing_t *missing = NULL;
    char room[32];

    assert_int_equal(atp_load_missing_create(&missing), ATP_OK);
    for (unsigned i = 0; i < POSITIONS + 10; i++) {
        if (i % every != 0) {
            assert_int_equal(
                atp_load_missing_add_row(missing, name_of(room, sizeof room, i), ATP_TEXT("berlin")), ATP_OK);
        }
    }
    return missing;
}

static void positions_without_a_row_are_found_and_no_others(void **state)
{
    (void)state;
    atp_load_missing_t *missing = begin(7);

    for (unsigned pass = 0; pass < 2; pass++) { /* compared, then told */
        found_t *found = calloc(1, sizeof *found);
        add_positions(missing, POSITIONS);
        assert_int_equal(atp_load_missing_find(missing, note, found), ATP_OK);
        for (unsigned i = 0; i < POSITIONS; i++) {
            assert_int_equal(found->is_there[i], i % 7 == 0);
        }
        free(found);
    }
    atp_load_missing_destroy(missing);
}

static void a_file_of_nothing_leaves_out_all(void **state)
{
    (void)state;
    atp_load_missing_t *missing = begin(1);
    found_t *found = calloc(1, sizeof *found);

    assert_int_equal(atp_load_missing_find(missing, note, found), ATP_OK);
    assert_int_equal(found->count, 0); /* there is no position either */
    add_positions(missing, POSITIONS);
    assert_int_equal(atp_load_missing_find(missing, note, found), ATP_OK);
    assert_int_equal(found->count, POSITIONS);
    free(found);
    atp_load_missing_destroy(missing);
}

static atp_err_t stop_at(void *context, const atp_text_t *skus, const atp_text_t *nodes, uint32_t count)
{
    (void)skus;
    (void)nodes;
    *(uint32_t *)context += count;
    return ATP_ERR_IO;
}

static void the_first_failure_ends_it(void **state)
{
    (void)state;
    atp_load_missing_t *missing = begin(1);
    uint32_t told = 0;

    add_positions(missing, POSITIONS);
    assert_int_equal(atp_load_missing_find(missing, stop_at, &told), ATP_ERR_IO);
    assert_in_range(told, 1, ATP_LOAD_MISSING_BATCH);
    atp_load_missing_destroy(missing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_without_a_row_are_found_and_no_others),
        cmocka_unit_test(a_file_of_nothing_leaves_out_all),
        cmocka_unit_test(the_first_failure_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/reservations/progress.h: records beside lines. */
#include "tests/test.h"

#include "engine/ledger/reservations/progress.h"

#include <string.h>

static void open_book(atp_progress_book_t *book, atp_progress_heads_t *heads, uint64_t capacity)
{
    memset(book, 0, sizeof *book);
    memset(heads, 0, sizeof *heads);
    book->heads = heads;
    assert_int_equal(atp_table_init(&book->records, "progress", 13, sizeof(atp_progress_t), capacity),
                     ATP_OK);
    assert_int_equal(atp_index_init(&book->index, capacity + 1), ATP_OK);
}

static void close_book(atp_progress_book_t *book)
{
    atp_index_fini(&book->index);
    atp_table_fini(&book->records);
}

static void a_record_is_found_by_its_line_until_it_is_dropped(void **state)
{
    (void)state;
    atp_progress_book_t book;
    atp_progress_heads_t heads;

    open_book(&book, &heads, 100);
    for (uint32_t line = 0; line < 100; line++) {
        assert_null(atp_progress_find(&book, line * 7));
        atp_progress_take(&book, line * 7)->picked = line;
    }
    assert_false(atp_progress_has_room(&book, 1));
    for (uint32_t line = 0; line < 100; line++) {
        assert_int_equal(atp_progress_find(&book, line * 7)->picked, line);
    }
    atp_progress_drop(&book, 7 * 50);
    assert_null(atp_progress_find(&book, 7 * 50));
    assert_int_equal(atp_progress_find(&book, 7 * 51)->picked, 51);
    assert_true(atp_progress_has_room(&book, 1));
    assert_false(atp_progress_has_room(&book, 2));
    close_book(&book);
}

static void a_record_taken_again_has_nothing_of_the_line_before(void **state)
{
    (void)state;
    atp_progress_book_t book;
    atp_progress_heads_t heads;

    open_book(&book, &heads, 2);
    atp_progress_t *old = atp_progress_take(&book, 3);
    old->backordered = 5;
    old->kit_parent = 9;
    atp_progress_drop(&book, 3);
    const atp_progress_t *next = atp_progress_take(&book, 4);
    assert_ptr_equal(next, old); /* the same place */
    assert_int_equal(next->backordered, 0);
    assert_int_equal(next->kit_parent, 0);
    assert_int_equal(next->next, 0);
    assert_int_equal(next->line, 5);
    close_book(&book);
}

static void a_rebuilt_index_finds_the_same_records(void **state)
{
    (void)state;
    atp_progress_book_t book;
    atp_progress_heads_t heads;

    open_book(&book, &heads, 10);
    for (uint32_t line = 0; line < 10; line++) {
        atp_progress_take(&book, line)->returned = line;
    }
    atp_progress_drop(&book, 4);
    atp_index_fini(&book.index);
    assert_int_equal(atp_index_init(&book.index, 11), ATP_OK);
    atp_progress_rebuild(&book);
    for (uint32_t line = 0; line < 10; line++) {
        const atp_progress_t *found = atp_progress_find(&book, line);
        assert_int_equal(found == NULL, line == 4);
        assert_true(found == NULL || found->returned == line);
    }
    close_book(&book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_found_by_its_line_until_it_is_dropped),
        cmocka_unit_test(a_record_taken_again_has_nothing_of_the_line_before),
        cmocka_unit_test(a_rebuilt_index_finds_the_same_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/facts/exceptions.h: the book of exceptions, its lists, and the facts it keeps. */
#include "tests/test.h"

#include "engine/ledger/facts/exception_owners.h"

#include <string.h>

typedef struct book {
    atp_exception_heads_t heads;
    atp_exceptions_t exceptions;
} book_t;

static void book_open(book_t *book, uint64_t records, uint64_t pieces)
{
    memset(book, 0, sizeof *book);
    book->exceptions.heads = &book->heads;
    assert_int_equal(
        atp_table_init(&book->exceptions.records, "exceptions", 12, sizeof(atp_exception_t), records),
        ATP_OK);
    assert_int_equal(
        atp_table_init(&book->exceptions.pieces, "facts", 53, sizeof(atp_exception_piece_t), pieces), ATP_OK);
    assert_int_equal(atp_table_init(&book->exceptions.owners, "owners", 65, sizeof(atp_exception_owner_t),
                                    ATP_EXCEPTION_OWNERS_MAX),
                     ATP_OK);
    assert_int_equal(atp_table_init(&book->exceptions.tallies, "tallies", 66, sizeof(atp_exception_tally_t),
                                    ATP_EXCEPTION_TALLIES(4)),
                     ATP_OK);
    assert_int_equal(atp_index_init(&book->exceptions.index, records + 1), ATP_OK);
    assert_int_equal(atp_index_init(&book->exceptions.waiting_index, records + 1), ATP_OK);
}

static void book_check(book_t *book)
{
    atp_why_t why = {0};

    if (atp_exceptions_check(&book->exceptions, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
}

static void book_close(book_t *book)
{
    book_check(book);
    atp_table_fini(&book->exceptions.records);
    atp_table_fini(&book->exceptions.pieces);
    atp_table_fini(&book->exceptions.owners);
    atp_table_fini(&book->exceptions.tallies);
    atp_index_fini(&book->exceptions.index);
    atp_index_fini(&book->exceptions.waiting_index);
}

static atp_exception_t *add_of(book_t *book, atp_exception_kind_t kind)
{
    const atp_exception_t exception = {.op = book->heads.newest + 1, .kind = (uint8_t)kind};
    return atp_exceptions_add(&book->exceptions, &exception);
}

static atp_exception_t *add(book_t *book)
{
    return add_of(book, ATP_EXCEPTION_FACT_REFUSED);
}

static void settle_at(book_t *book, uint64_t number, uint64_t op)
{
    atp_exceptions_settle(&book->exceptions, number, ATP_EXCEPTION_DISCARDED)->settled_op = op;
}

static void when_all_are_open_the_oldest_goes_and_is_counted(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 3, 4);
    assert_null(atp_exceptions_get(&book.exceptions, 1));
    for (uint64_t number = 1; number <= 10; number++) {
        assert_int_equal(add(&book)->number, number);
        for (uint64_t other = 0; other <= 11; other++) {
            const atp_exception_t *found = atp_exceptions_get(&book.exceptions, other);
            bool is_kept = other >= 1 && other <= number && other + 3 > number;
            assert_int_equal(found != NULL, is_kept);
            assert_true(!is_kept || (found->number == other && found->op == other));
        }
        assert_int_equal(atp_exceptions_open(&book.exceptions), number < 3 ? number : 3);
    }
    assert_int_equal(book.heads.lost, 7);
    assert_int_equal(atp_exceptions_from(&book.exceptions, 0), 8);
    assert_int_equal(atp_exceptions_from(&book.exceptions, 9), 9);
    assert_int_equal(atp_exceptions_from(&book.exceptions, 11), 0);
    book_close(&book);
}

/* A late feed of a million counts must not drive out the one fact that waits for its SKU. */
static void many_of_one_kind_do_not_drive_out_the_few_of_others(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 4, 16);
    atp_exceptions_keep(&book.exceptions, add(&book), "waits", 5);
    atp_exceptions_park(&book.exceptions, 1, 77);
    add_of(&book, ATP_EXCEPTION_OVER_COMMITMENT);
    for (uint64_t number = 3; number <= 50; number++) {
        add_of(&book, ATP_EXCEPTION_FEED_STALE);
        assert_int_equal(atp_exceptions_get(&book.exceptions, 1)->state, ATP_EXCEPTION_PARKED);
        assert_non_null(atp_exceptions_get(&book.exceptions, 2));
        assert_non_null(atp_exceptions_get(&book.exceptions, number));
        book_check(&book);
    }
    assert_int_equal(book.heads.lost, 46);
    book_close(&book);
}

static void what_is_settled_goes_before_what_is_open(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 3, 4);
    for (unsigned i = 0; i < 3; i++) {
        add(&book);
    }
    settle_at(&book, 3, 50);
    settle_at(&book, 2, 51);
    book_check(&book);
    assert_int_equal(atp_exceptions_open(&book.exceptions), 1);
    add(&book); /* the one settled first makes room */
    assert_null(atp_exceptions_get(&book.exceptions, 3));
    add(&book);
    assert_null(atp_exceptions_get(&book.exceptions, 2));
    assert_non_null(atp_exceptions_get(&book.exceptions, 1));
    assert_int_equal(book.heads.lost, 0);
    assert_int_equal(atp_exceptions_from(&book.exceptions, 2), 4);
    add(&book);
    assert_null(atp_exceptions_get(&book.exceptions, 1));
    assert_int_equal(book.heads.lost, 1);
    book_close(&book);
}

static void an_exception_is_settled_once(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 3, 4);
    add(&book);
    settle_at(&book, 1, 9);
    assert_aborts(settle_at(&book, 1, 10));
    assert_aborts(settle_at(&book, 2, 10));
    book_close(&book);
}

static void an_old_exception_leaves_no_bytes_behind(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 1, 4);
    atp_exception_t *first = add(&book);
    atp_exception_name(first->reservations[3], &first->reservation_sizes[3], ATP_TEXT("something"));
    add(&book);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 2)->reservations[3][0], 0);
    book_close(&book);
}

static void keep(book_t *book, uint32_t size, unsigned char first)
{
    static unsigned char fact[ATP_EXCEPTION_FACT_MAX + 1];

    for (uint32_t i = 0; i < size; i++) {
        fact[i] = (unsigned char)(first + i % 251);
    }
    atp_exceptions_keep(&book->exceptions, add(book), fact, size);
}

static void assert_kept(const book_t *book, uint64_t number, uint32_t size, unsigned char first)
{
    static unsigned char fact[ATP_EXCEPTION_FACT_MAX];
    const atp_exception_t *exception = atp_exceptions_get(&book->exceptions, number);

    assert_true(exception->fact_first != 0 && exception->fact_size == size);
    atp_exceptions_fact(&book->exceptions, exception, fact, size);
    for (uint32_t i = 0; i < size; i++) {
        assert_int_equal(fact[i], (unsigned char)(first + i % 251));
    }
}

static void facts_are_kept_byte_by_byte_until_settled(void **state)
{
    (void)state;
    book_t book;
    const uint32_t sizes[] = {1, 59, 60, 61, 120, 121, 5000, ATP_EXCEPTION_FACT_MAX};

    book_open(&book, 16, ATP_EXCEPTION_PIECES(16));
    for (unsigned i = 0; i < 8; i++) {
        keep(&book, sizes[i], (unsigned char)i);
    }
    for (unsigned i = 0; i < 8; i++) {
        assert_kept(&book, i + 1, sizes[i], (unsigned char)i);
    }
    book_check(&book);
    settle_at(&book, 4, 99);
    settle_at(&book, 8, 99);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 8)->fact_first, 0);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 8)->fact_size, ATP_EXCEPTION_FACT_MAX);
    keep(&book, ATP_EXCEPTION_FACT_MAX, 77); /* the room is used again */
    assert_kept(&book, 9, ATP_EXCEPTION_FACT_MAX, 77);
    assert_kept(&book, 7, 5000, 6);
    book_close(&book);
}

static void a_fact_that_is_too_large_is_told_but_not_kept(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 4, ATP_EXCEPTION_PIECES(4));
    keep(&book, ATP_EXCEPTION_FACT_MAX + 1, 0);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 1)->fact_first, 0);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 1)->fact_size, ATP_EXCEPTION_FACT_MAX + 1);
    book_close(&book);
}

static void when_there_is_no_room_the_oldest_fact_goes_and_is_counted(void **state)
{
    (void)state;
    book_t book;

    book_open(&book, 8, 10);
    keep(&book, 300, 1); /* 5 pieces */
    add(&book);
    keep(&book, 240, 2); /* 4 */
    keep(&book, 120, 3); /* 2: the first one goes */
    assert_int_equal(atp_exceptions_get(&book.exceptions, 1)->fact_first, 0);
    assert_int_equal(atp_exceptions_get(&book.exceptions, 1)->state, ATP_EXCEPTION_OPEN);
    assert_kept(&book, 3, 240, 2);
    assert_kept(&book, 4, 120, 3);
    assert_int_equal(book.heads.facts_lost, 1);
    book_check(&book);
    keep(&book, 600, 4); /* all of it */
    assert_kept(&book, 5, 600, 4);
    assert_int_equal(book.heads.facts_lost, 3);
    assert_int_equal(atp_exceptions_open(&book.exceptions), 5);
    book_close(&book);
}

/* The same beside plain arrays. */
static void random_work_agrees_with_a_plain_list(void **state)
{
    (void)state;
    enum { RECORDS = 7, STEPS = 4000 };
    typedef struct plain {
        uint64_t number;
        uint64_t settled; /* when; 0 = open */
        uint32_t size;
    } plain_t;
    plain_t list[RECORDS + 1];
    unsigned count = 0;
    uint64_t lost = 0;
    uint64_t random = 12345;
    book_t book;

    book_open(&book, RECORDS, ATP_EXCEPTION_PIECES(RECORDS));
    for (uint64_t step = 1; step <= STEPS; step++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t draw = (uint32_t)(random >> 33);
        if (draw % 3 != 0) {
            if (count == RECORDS) {
                unsigned gone = 0;
                for (unsigned i = 1; i < count; i++) {
                    bool is_first = list[i].settled != 0 &&
                                    (list[gone].settled == 0 || list[i].settled < list[gone].settled);
                    gone = is_first ? i : gone;
                }
                lost += list[gone].settled == 0;
                memmove(&list[gone], &list[gone + 1], (count - gone - 1) * sizeof list[0]);
                count--;
            }
            uint32_t size = draw / 3 % 400;
            if (size > 0) {
                keep(&book, size, (unsigned char)book.heads.newest);
            } else {
                add(&book);
            }
            list[count++] = (plain_t){book.heads.newest, 0, size};
        } else if (count > 0 && list[draw / 3 % count].settled == 0) {
            list[draw / 3 % count].settled = step;
            settle_at(&book, list[draw / 3 % count].number, step);
        }
        uint64_t number = atp_exceptions_from(&book.exceptions, 0);
        for (unsigned i = 0; i < count; i++) {
            const atp_exception_t *found = atp_exceptions_get(&book.exceptions, number);
            assert_true(number == list[i].number && found->settled_op == list[i].settled);
            if (list[i].settled == 0 && list[i].size > 0) {
                assert_kept(&book, number, list[i].size, (unsigned char)(number - 1));
            }
            number = atp_exceptions_from(&book.exceptions, number + 1);
        }
        assert_int_equal(number, 0);
        assert_int_equal(book.heads.lost, lost);
        book_check(&book);
    }
    assert_true(lost > 0);
    book_close(&book);
}

static void a_name_is_copied_whole_and_zeroed_behind(void **state)
{
    (void)state;
    char field[ATP_ID_SIZE_MAX];
    char longest[ATP_ID_SIZE_MAX + 1];
    uint8_t size = 0;

    memset(longest, 'x', sizeof longest);
    memset(field, 'y', sizeof field);
    atp_exception_name(field, &size, ATP_TEXT("ab"));
    assert_int_equal(size, 2);
    assert_memory_equal(field, "ab\0\0", 4);
    assert_int_equal(field[ATP_ID_SIZE_MAX - 1], 0);
    atp_exception_name(field, &size, (atp_text_t){longest, ATP_ID_SIZE_MAX});
    assert_int_equal(size, ATP_ID_SIZE_MAX);
    assert_memory_equal(field, longest, ATP_ID_SIZE_MAX);
    atp_exception_name(field, &size, (atp_text_t){NULL, 0});
    assert_int_equal(size, 0);
    assert_aborts(atp_exception_name(field, &size, (atp_text_t){longest, ATP_ID_SIZE_MAX + 1}));
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_null(atp_exception_kind_name(0));
    assert_string_equal(atp_exception_kind_name(ATP_EXCEPTION_OVER_COMMITMENT), "over_commitment");
    assert_string_equal(atp_exception_kind_name(ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION),
                        "shipped_without_reservation");
    assert_string_equal(atp_exception_kind_name(ATP_EXCEPTION_FACT_REFUSED), "fact_refused");
    assert_string_equal(atp_exception_kind_name(ATP_EXCEPTION_SEQUENCE_LOST), "sequence_lost");
    assert_null(atp_exception_kind_name(ATP_EXCEPTION_KIND_LIMIT));
    assert_string_equal(atp_exception_state_name(ATP_EXCEPTION_REPLAYED), "replayed");
    assert_null(atp_exception_state_name(0));
    assert_null(atp_exception_state_name(ATP_EXCEPTION_STATE_LIMIT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(when_all_are_open_the_oldest_goes_and_is_counted),
        cmocka_unit_test(many_of_one_kind_do_not_drive_out_the_few_of_others),
        cmocka_unit_test(what_is_settled_goes_before_what_is_open),
        cmocka_unit_test(an_exception_is_settled_once),
        cmocka_unit_test(an_old_exception_leaves_no_bytes_behind),
        cmocka_unit_test(facts_are_kept_byte_by_byte_until_settled),
        cmocka_unit_test(a_fact_that_is_too_large_is_told_but_not_kept),
        cmocka_unit_test(when_there_is_no_room_the_oldest_fact_goes_and_is_counted),
        cmocka_unit_test(random_work_agrees_with_a_plain_list),
        cmocka_unit_test(a_name_is_copied_whole_and_zeroed_behind),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

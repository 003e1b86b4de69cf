/* engine/ledger/exceptions.h: the ring and its names. */
#include "tests/test.h"

#include "engine/ledger/exceptions.h"

#include <string.h>

static void the_ring_keeps_the_newest_under_their_numbers(void **state)
{
    (void)state;
    atp_exception_heads_t heads = {0};
    atp_exceptions_t exceptions = {.heads = &heads};

    assert_int_equal(atp_table_init(&exceptions.records, "exceptions", 12, sizeof(atp_exception_t), 3),
                     ATP_OK);
    assert_null(atp_exceptions_get(&exceptions, 1));
    for (uint64_t number = 1; number <= 10; number++) {
        atp_exception_t exception = {.op = number * 100, .kind = ATP_EXCEPTION_FACT_REFUSED};
        assert_int_equal(atp_exceptions_add(&exceptions, &exception)->number, number);
        for (uint64_t other = 0; other <= 11; other++) {
            const atp_exception_t *found = atp_exceptions_get(&exceptions, other);
            bool is_kept = other >= 1 && other <= number && other + 3 > number;
            assert_int_equal(found != NULL, is_kept);
            assert_true(!is_kept || (found->number == other && found->op == other * 100));
        }
    }
    atp_table_fini(&exceptions.records);
}

static void an_old_exception_leaves_no_bytes_behind(void **state)
{
    (void)state;
    atp_exception_heads_t heads = {0};
    atp_exceptions_t exceptions = {.heads = &heads};
    atp_exception_t exception = {.op = 1};

    assert_int_equal(atp_table_init(&exceptions.records, "exceptions", 12, sizeof(atp_exception_t), 1),
                     ATP_OK);
    atp_exception_t *first = atp_exceptions_add(&exceptions, &exception);
    atp_exception_name(first->reservations[3], &first->reservation_sizes[3], ATP_TEXT("something"));
    atp_exceptions_add(&exceptions, &exception);
    assert_int_equal(atp_exceptions_get(&exceptions, 2)->reservations[3][0], 0);
    atp_table_fini(&exceptions.records);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ring_keeps_the_newest_under_their_numbers),
        cmocka_unit_test(an_old_exception_leaves_no_bytes_behind),
        cmocka_unit_test(a_name_is_copied_whole_and_zeroed_behind),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

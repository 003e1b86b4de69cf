/* What was heard of sources: gaps, and epochs that go back. */
#include "tests/test.h"

#include "tools/atpd/facts/heard.h"

#include <string.h>

static atp_heard_t heard;

static int setup(void **state)
{
    (void)state;
    memset(&heard, 0, sizeof heard);
    return 0;
}

static void a_gap_is_told_with_the_number_before_it(void **state)
{
    (void)state;
    assert_int_equal(atp_heard_note(&heard, 7, 1, 5), 0); /* the first that is heard of it */
    assert_int_equal(atp_heard_note(&heard, 7, 1, 6), 0);
    assert_int_equal(atp_heard_note(&heard, 7, 1, 9), 6);
    assert_int_equal(atp_heard_note(&heard, 7, 1, 7), 0); /* late, not missing any more */
    assert_int_equal(atp_heard_note(&heard, 7, 1, 10), 0);
    assert_int_equal(atp_heard_note(&heard, 7, 2, 4), 0); /* a new epoch counts anew */
    assert_int_equal(atp_heard_note(&heard, 7, 2, 6), 4);
}

static void what_was_heard_under_the_epoch_before_comes_late_and_is_no_news(void **state)
{
    (void)state;
    (void)atp_heard_note(&heard, 7, 5, 1);
    (void)atp_heard_note(&heard, 7, 5, 3);
    (void)atp_heard_note(&heard, 7, 6, 1);
    assert_false(atp_heard_went_back(&heard, 7, 5, 1));
    assert_false(atp_heard_went_back(&heard, 7, 5, 3));
    assert_true(atp_heard_went_back(&heard, 7, 5, 4));
    assert_true(atp_heard_went_back(&heard, 7, 4, 1));
}

static void the_epoch_that_it_is_in_and_those_to_come_are_none_that_passed(void **state)
{
    (void)state;
    assert_false(atp_heard_went_back(&heard, 7, 1, 1)); /* nobody was heard */
    (void)atp_heard_note(&heard, 7, 5, 9);
    assert_false(atp_heard_went_back(&heard, 7, 5, 1));
    assert_false(atp_heard_went_back(&heard, 7, 5, 10));
    assert_false(atp_heard_went_back(&heard, 7, 6, 1));
    assert_false(atp_heard_went_back(&heard, 7 + ATP_HEARD_MAX, 1, 1)); /* another source of the same slot */
}

/* What comes under an earlier epoch says nothing of the current one. */
static void an_earlier_epoch_is_not_noted(void **state)
{
    (void)state;
    (void)atp_heard_note(&heard, 7, 5, 2);
    assert_int_equal(atp_heard_note(&heard, 7, 4, 100), 0);
    assert_int_equal(atp_heard_note(&heard, 7, 5, 3), 0);
    assert_true(atp_heard_went_back(&heard, 7, 4, 100));
}

static void of_two_sources_of_one_slot_the_last_is_known(void **state)
{
    (void)state;
    (void)atp_heard_note(&heard, 7, 5, 2);
    (void)atp_heard_note(&heard, 7 + ATP_HEARD_MAX, 1, 1);
    assert_false(atp_heard_went_back(&heard, 7, 4, 1));
    (void)atp_heard_note(&heard, 7, 6, 1);
    assert_true(atp_heard_went_back(&heard, 7, 1, 1)); /* not taken for the other's epoch before */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_gap_is_told_with_the_number_before_it, setup),
        cmocka_unit_test_setup(what_was_heard_under_the_epoch_before_comes_late_and_is_no_news, setup),
        cmocka_unit_test_setup(the_epoch_that_it_is_in_and_those_to_come_are_none_that_passed, setup),
        cmocka_unit_test_setup(an_earlier_epoch_is_not_noted, setup),
        cmocka_unit_test_setup(of_two_sources_of_one_slot_the_last_is_known, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

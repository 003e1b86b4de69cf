#include "tests/test.h"

#include "loaders/rows/seen.h"

#include <stdio.h>

static atp_fingerprint_t key_of(const atp_seen_t *seen, unsigned number)
{
    char text[32];
    int size = snprintf(text, sizeof text, "SKU-%u", number);

    return atp_seen_key(seen, (atp_text_t){text, (uint32_t)size}, ATP_TEXT("DC-01"));
}

static void a_hundred_thousand_keys_keep_their_values_while_the_set_grows(void **state)
{
    atp_seen_t *seen = NULL;
    uint64_t present = 7;

    (void)state;
    assert_int_equal(atp_seen_create(1000000, 0, &seen), ATP_OK);
    for (unsigned i = 1; i <= 100000; i++) {
        assert_int_equal(atp_seen_put(seen, key_of(seen, i), i, &present), ATP_OK);
        assert_int_equal(present, 0);
    }
    assert_int_equal(atp_seen_count(seen), 100000);
    for (unsigned i = 1; i <= 100000; i++) {
        assert_int_equal(atp_seen_get(seen, key_of(seen, i)), i);
        assert_int_equal(atp_seen_put(seen, key_of(seen, i), 5, &present), ATP_OK);
        assert_int_equal(present, i);
        assert_int_equal(atp_seen_get(seen, key_of(seen, i + 200000)), 0);
    }
    atp_seen_destroy(seen);
}

static void a_value_can_be_replaced_up_to_its_range(void **state)
{
    atp_seen_t *seen = NULL;
    uint64_t present;

    (void)state;
    assert_int_equal(atp_seen_create(10, 0, &seen), ATP_OK);
    assert_int_equal(atp_seen_put(seen, key_of(seen, 1), 1, &present), ATP_OK);
    atp_seen_set(seen, key_of(seen, 1), ATP_SEEN_VALUE_MAX);
    assert_int_equal(atp_seen_get(seen, key_of(seen, 1)), ATP_SEEN_VALUE_MAX);
    assert_aborts(atp_seen_set(seen, key_of(seen, 2), 1));
    assert_aborts((void)!atp_seen_put(seen, key_of(seen, 3), 0, &present));
    atp_seen_destroy(seen);
}

static void the_bound_refuses_new_keys_and_keeps_old_ones(void **state)
{
    atp_seen_t *seen = NULL;
    uint64_t present = 0;

    (void)state;
    assert_int_equal(atp_seen_create(2, 100000, &seen), ATP_OK);
    assert_int_equal(atp_seen_put(seen, key_of(seen, 1), 1, &present), ATP_OK);
    assert_int_equal(atp_seen_put(seen, key_of(seen, 2), 2, &present), ATP_OK);
    assert_int_equal(atp_seen_put(seen, key_of(seen, 3), 3, &present), ATP_ERR_LIMIT);
    assert_int_equal(atp_seen_put(seen, key_of(seen, 2), 9, &present), ATP_OK);
    assert_int_equal(present, 2);
    assert_int_equal(atp_seen_get(seen, key_of(seen, 3)), 0);
    atp_seen_destroy(seen);
}

/* "ab" + "c" must not meet "a" + "bc". */
static void the_two_texts_of_a_key_are_told_apart(void **state)
{
    atp_seen_t *seen = NULL;

    (void)state;
    assert_int_equal(atp_seen_create(10, 0, &seen), ATP_OK);
    atp_fingerprint_t one = atp_seen_key(seen, ATP_TEXT("ab"), ATP_TEXT("c"));
    atp_fingerprint_t two = atp_seen_key(seen, ATP_TEXT("a"), ATP_TEXT("bc"));
    atp_fingerprint_t three = atp_seen_key(seen, ATP_TEXT("c"), ATP_TEXT("ab"));
    assert_true(one.low != two.low && one.low != three.low);
    atp_seen_destroy(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_keys_keep_their_values_while_the_set_grows),
        cmocka_unit_test(a_value_can_be_replaced_up_to_its_range),
        cmocka_unit_test(the_bound_refuses_new_keys_and_keeps_old_ones),
        cmocka_unit_test(the_two_texts_of_a_key_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

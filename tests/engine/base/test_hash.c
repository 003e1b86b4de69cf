/* Hashes place and check stored data, so their values are frozen, and the secret seed matters. */
#include "engine/base/hash.h"
#include "tests/test.h"

#include <stdio.h>

static void hashes_are_the_published_xxh3(void **state)
{
    (void)state;

    /* From the xxHash specification's test values: the empty input with seed 0. */
    assert_true(atp_hash_bytes("", 0, 0) == UINT64_C(0x2d06800538d394c2));
    atp_fingerprint_t empty = atp_fingerprint_of(ATP_TEXT(""), 0);
    assert_true(empty.high == UINT64_C(0x99aa06d3014798d8));
    assert_true(empty.low == UINT64_C(0x6001c324468d497f));
}

static void another_seed_is_another_place(void **state)
{
    atp_text_t text = ATP_TEXT("SKU-1001");
    (void)state;

    assert_true(atp_hash_text(text, 1) == atp_hash_text(text, 1));
    assert_true(atp_hash_text(text, 1) != atp_hash_text(text, 2));
    assert_true(atp_hash_text(text, 1) == atp_hash_bytes(text.bytes, text.size, 1));
    assert_true(atp_fingerprint_of(text, 1).low != atp_fingerprint_of(text, 2).low);
    assert_true(atp_fingerprint_of(text, 1).high != atp_fingerprint_of(text, 2).high);
}

/* Undoes one step x ^= x >> shift. */
static uint32_t undo_shift(uint32_t x, unsigned shift)
{
    uint32_t y = x;
    for (unsigned done = shift; done < 32; done += shift) {
        y = x ^ (y >> shift);
    }
    return y;
}

/* The inverse of an odd number modulo 2^32, by Newton's iteration. */
static uint32_t inverse_of(uint32_t odd)
{
    uint32_t x = odd;
    for (int i = 0; i < 5; i++) {
        x *= 2 - odd * x;
    }
    return x;
}

static uint32_t unmix32(uint32_t x)
{
    x = undo_shift(x, 16) * inverse_of(0x846ca68bU);
    x = undo_shift(x, 15) * inverse_of(0x7feb352dU);
    return undo_shift(x, 16);
}

static void mixing_can_be_undone_so_no_two_numbers_meet(void **state)
{
    uint64_t random = 9;
    (void)state;

    for (uint32_t x = 0; x < 100000; x++) {
        uint32_t y = (uint32_t)test_random(&random);
        assert_int_equal(unmix32(atp_mix32(x)), x);
        assert_int_equal(unmix32(atp_mix32(y)), y);
    }
    assert_int_equal(unmix32(atp_mix32(UINT32_MAX)), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_the_published_xxh3),
        cmocka_unit_test(another_seed_is_another_place),
        cmocka_unit_test(mixing_can_be_undone_so_no_two_numbers_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

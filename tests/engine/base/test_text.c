/* Clean text: well-formed UTF-8 without control characters. The oracle decodes leniently and encodes again:
 * text is well-formed exactly when that gives the same bytes. */
#include "engine/base/text.h"
#include "tests/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RANDOM_RUN 300000

/* ---- the oracle ---- */

static uint32_t encode(uint32_t code_point, unsigned char *ret_bytes)
{
    if (code_point < 0x80) {
        ret_bytes[0] = (unsigned char)code_point;
        return 1;
    }
    uint32_t size = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (uint32_t i = size - 1; i > 0; i--) {
        ret_bytes[i] = (unsigned char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    static const unsigned lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    ret_bytes[0] = (unsigned char)(lead[size] | code_point);
    return size;
}

/* Takes the payload bits of one sequence without asking whether it is a legal one. Returns its size. */
static uint32_t decode_leniently(const unsigned char *bytes, uint32_t left, uint32_t *ret_code_point)
{
    uint32_t size = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;

    if (size > left) {
        return 0;
    }
    *ret_code_point = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (uint32_t i = 1; i < size; i++) {
        *ret_code_point = *ret_code_point << 6 | (bytes[i] & 0x3f);
    }
    return size;
}

static bool is_clean_by_definition(const unsigned char *bytes, uint32_t size)
{
    uint32_t at = 0;

    while (at < size) {
        uint32_t code_point = 0;
        unsigned char again[4];
        uint32_t length = decode_leniently(bytes + at, size - at, &code_point);
        if (length == 0 || code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff) ||
            code_point < 0x20 || code_point == 0x7f) {
            return false;
        }
        if (encode(code_point, again) != length || memcmp(again, bytes + at, length) != 0) {
            return false;
        }
        at += length;
    }
    return true;
}

/* A block of exactly this size, so that AddressSanitizer sees a read past it. */
static bool is_clean(const void *bytes, uint32_t size)
{
    char *exact = malloc(size == 0 ? 1 : size);
    assert_non_null(exact);
    memcpy(exact, bytes, size);
    bool answer = atp_text_is_clean((atp_text_t){exact, size});
    free(exact);
    return answer;
}

/* ---- tests ---- */

static void good_text_is_clean(void **state)
{
    static const char *const good[] = {
        "",
        " ",
        "~",
        "SKU-1001/red XL",
        "\xc2\x80",          /* U+0080, the first of two bytes (a C1 control is text here) */
        "\xc3\xa9t\xc3\xa9", /* e with acute */
        "\xdf\xbf",          /* U+07FF */
        "\xe0\xa0\x80",      /* U+0800 */
        "\xed\x9f\xbf",      /* U+D7FF, the last before the surrogates */
        "\xee\x80\x80",      /* U+E000, the first after them */
        "\xef\xbf\xbf",      /* U+FFFF */
        "\xf0\x90\x80\x80",  /* U+10000 */
        "\xf0\x9f\x9a\xb2",  /* a bicycle */
        "\xf4\x8f\xbf\xbf",  /* U+10FFFF */
        "\xe8\x87\xaa\xe8\xa1\x8c\xe8\xbd\xa6",
    };
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!is_clean(good[i], (uint32_t)strlen(good[i]))) {
            fail_msg("text %zu was refused", i);
        }
    }
    assert_true(atp_text_is_clean((atp_text_t){NULL, 0}));
}

static void malformed_or_control_text_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        const char *what;
    } bad[] = {
        {"\n", "line feed"},
        {"a\tb", "tab"},
        {"\x1f", "last control below space"},
        {"\x7f", "delete"},
        {"a\x1b[31m", "terminal escape"},
        {"\x80", "continuation alone"},
        {"\xbf", "continuation alone"},
        {"\xc3", "cut after one byte of two"},
        {"\xe2\x82", "cut after two bytes of three"},
        {"\xf0\x9f\x9a", "cut after three bytes of four"},
        {"\xc3\x28", "second byte is no continuation"},
        {"\xe2\x28\xa1", "second of three is no continuation"},
        {"\xe2\x82\x28", "third of three is no continuation"},
        {"\xf0\x9f\x28\xbc", "third of four is no continuation"},
        {"\xf0\x9f\x9a\x28", "fourth of four is no continuation"},
        {"\xc0\x80", "overlong zero"},
        {"\xc1\xbf", "overlong delete"},
        {"\xe0\x9f\xbf", "overlong three bytes"},
        {"\xf0\x8f\xbf\xbf", "overlong four bytes"},
        {"\xed\xa0\x80", "first surrogate"},
        {"\xed\xbf\xbf", "last surrogate"},
        {"\xf4\x90\x80\x80", "past U+10FFFF"},
        {"\xf5\x80\x80\x80", "lead byte past F4"},
        {"\xfe", "never a UTF-8 byte"},
        {"\xff\xff", "never a UTF-8 byte"},
        {"good\xc3\xa9 then \xc3", "good becoming bad"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (is_clean(bad[i].bytes, (uint32_t)strlen(bad[i].bytes))) {
            fail_msg("taken for clean: %s", bad[i].what);
        }
    }
    assert_false(is_clean("a\0b", 3));
}

static void every_code_point_agrees_with_the_definition(void **state)
{
    unsigned char bytes[4];
    (void)state;

    for (uint32_t code_point = 0; code_point < 0x110100; code_point++) {
        uint32_t size = encode(code_point, bytes);
        if (atp_text_is_clean((atp_text_t){(char *)bytes, size}) != is_clean_by_definition(bytes, size)) {
            fail_msg("U+%04" PRIX32, code_point);
        }
        if (size > 1 && atp_text_is_clean((atp_text_t){(char *)bytes, size - 1})) {
            fail_msg("U+%04" PRIX32 " cut by a byte", code_point);
        }
    }
}

static void every_pair_of_bytes_agrees_with_the_definition(void **state)
{
    (void)state;

    for (unsigned pair = 0; pair < 0x10000; pair++) {
        unsigned char bytes[2] = {(unsigned char)(pair >> 8), (unsigned char)pair};
        if (atp_text_is_clean((atp_text_t){(char *)bytes, 2}) != is_clean_by_definition(bytes, 2)) {
            fail_msg("%02x %02x", bytes[0], bytes[1]);
        }
    }
}

static void random_bytes_near_the_edges_agree_with_the_definition(void **state)
{
    static const unsigned char edges[] = {0x1f, 0x20, 'a',  0x7e, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
                                          0xec, 0xed, 0xee, 0xef, 0xf0, 0xf3, 0xf4, 0xf5};
    const uint64_t seed = 33;
    uint64_t random = seed;
    unsigned clean_count = 0;
    (void)state;

    for (int run = 0; run < RANDOM_RUN; run++) {
        unsigned char bytes[5];
        uint32_t size = (uint32_t)(test_random(&random) % sizeof bytes) + 1;
        for (uint32_t i = 0; i < size; i++) {
            bytes[i] = edges[test_random(&random) % sizeof edges];
        }
        bool expected = is_clean_by_definition(bytes, size);
        clean_count += expected ? 1u : 0u;
        if (is_clean(bytes, size) != expected) {
            fail_msg("seed %" PRIu64 ", run %d", seed, run);
        }
    }
    assert_in_range(clean_count, RANDOM_RUN / 100, RANDOM_RUN / 2); /* both answers are well reached */
}

static void texts_are_equal_byte_for_byte(void **state)
{
    (void)state;

    assert_true(atp_text_equal(ATP_TEXT("sku"), atp_text_of("sku")));
    assert_true(atp_text_equal(ATP_TEXT(""), (atp_text_t){NULL, 0}));
    assert_false(atp_text_equal(ATP_TEXT("sku"), ATP_TEXT("SKU")));
    assert_false(atp_text_equal(ATP_TEXT("sku"), ATP_TEXT("sku ")));
    assert_false(atp_text_equal(ATP_TEXT("sku"), ATP_TEXT("")));
    assert_false(atp_text_equal(ATP_TEXT("a\0b"), ATP_TEXT("a\0c")));
    assert_int_equal(atp_text_of(NULL).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_text_is_clean),
        cmocka_unit_test(malformed_or_control_text_is_refused),
        cmocka_unit_test(every_code_point_agrees_with_the_definition),
        cmocka_unit_test(every_pair_of_bytes_agrees_with_the_definition),
        cmocka_unit_test(random_bytes_near_the_edges_agree_with_the_definition),
        cmocka_unit_test(texts_are_equal_byte_for_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

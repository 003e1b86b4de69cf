/* engine/ledger/tables/strings.h: blocks of few sizes, chained when they are free. */
#include "tests/test.h"

#include "engine/ledger/tables/strings.h"

#include <string.h>

typedef struct strings {
    atp_table_t table;
    atp_string_heads_t heads;
} strings_t;

static strings_t make_strings(uint64_t granules)
{
    strings_t s = {.heads = {{0}}};

    assert_int_equal(atp_table_init(&s.table, "strings", 2, ATP_STRING_GRANULE, granules), ATP_OK);
    return s;
}

static uint32_t store(strings_t *s, const char *text, uint32_t size)
{
    assert_true(atp_strings_has_room(&s->table, &s->heads, size, 0));
    return atp_strings_store(&s->table, &s->heads, (atp_text_t){text, size});
}

static void what_is_stored_is_read_back_at_every_size(void **state)
{
    (void)state;
    strings_t s = make_strings(20000);
    uint32_t refs[ATP_NAME_SIZE_MAX + 1];
    char text[ATP_NAME_SIZE_MAX];

    for (uint32_t size = 0; size <= ATP_NAME_SIZE_MAX; size++) {
        memset(text, (int)(size % 200 + 1), sizeof text);
        refs[size] = store(&s, text, size);
    }
    assert_int_equal(refs[0], 0);
    for (uint32_t size = 1; size <= ATP_NAME_SIZE_MAX; size++) {
        atp_text_t found = atp_strings_get(&s.table, refs[size]);
        memset(text, (int)(size % 200 + 1), sizeof text);
        assert_true(atp_text_equal(found, (atp_text_t){text, size}));
    }
    assert_int_equal(atp_strings_get(&s.table, 0).size, 0);
    atp_table_fini(&s.table);
}

static void a_block_is_as_small_as_its_text_allows(void **state)
{
    (void)state;
    assert_int_equal(atp_strings_block_granules(1), 2);
    assert_int_equal(atp_strings_block_granules(15), 2);
    assert_int_equal(atp_strings_block_granules(16), 3);
    assert_int_equal(atp_strings_block_granules(ATP_ID_SIZE_MAX), 9);
    assert_int_equal(atp_strings_block_granules(ATP_NAME_SIZE_MAX), 32);
}

static void a_dropped_block_is_used_again_and_leaves_no_bytes_behind(void **state)
{
    (void)state;
    strings_t s = make_strings(100);
    strings_t fresh = make_strings(100);

    uint32_t ref = store(&s, "secret secret", 13);
    atp_strings_drop(&s.table, &s.heads, ref);
    assert_int_equal(store(&s, "ab", 2), ref);
    store(&fresh, "ab", 2);
    assert_true(atp_table_hash(&s.table) == atp_table_hash(&fresh.table)); /* the same state, byte for byte */
    atp_strings_drop(&s.table, &s.heads, 0);
    atp_table_fini(&s.table);
    atp_table_fini(&fresh.table);
}

static void blocks_of_other_sizes_are_not_mixed_up(void **state)
{
    (void)state;
    strings_t s = make_strings(100);

    uint32_t small = store(&s, "small", 5);
    atp_strings_drop(&s.table, &s.heads, small);
    assert_int_not_equal(store(&s, "this one is longer than fifteen", 31), small);
    assert_int_equal(store(&s, "tiny", 4), small);
    atp_table_fini(&s.table);
}

static void room_is_told_exactly(void **state)
{
    (void)state;
    strings_t s = make_strings(1 + 2 + 2); /* granule 0, and two blocks of two */

    assert_true(atp_strings_has_room(&s.table, &s.heads, 5, 5));
    assert_false(atp_strings_has_room(&s.table, &s.heads, 5, 16));
    uint32_t first = store(&s, "first", 5);
    assert_true(atp_strings_has_room(&s.table, &s.heads, 5, 0));
    assert_false(atp_strings_has_room(&s.table, &s.heads, 5, 5));
    store(&s, "second", 6);
    assert_false(atp_strings_has_room(&s.table, &s.heads, 1, 0));
    assert_true(atp_strings_has_room(&s.table, &s.heads, 0, 0)); /* nothing needs no room */
    assert_true(atp_strings_can_replace(&s.table, &s.heads, first, 15));
    assert_false(atp_strings_can_replace(&s.table, &s.heads, first, 16));
    assert_false(atp_strings_can_replace(&s.table, &s.heads, 0, 1));
    atp_strings_drop(&s.table, &s.heads, first);
    assert_true(atp_strings_has_room(&s.table, &s.heads, 5, 0));
    assert_false(atp_strings_has_room(&s.table, &s.heads, 5, 5)); /* one free block is not two */
    assert_aborts(atp_strings_store(&s.table, &s.heads, (atp_text_t){"longer than fifteen", 19}));
    atp_table_fini(&s.table);
}

static bool count_piece(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    uint64_t *pieces = context;

    (void)table_id;
    (void)bytes;
    (void)size;
    *pieces |= UINT64_C(1) << piece;
    return true;
}

static void a_block_in_two_pieces_announces_both(void **state)
{
    (void)state;
    strings_t s = make_strings(2000);
    uint64_t copied = 0;
    atp_piece_sink_t sink = {count_piece, &copied};
    char text[255];
    uint32_t ref = 0;
    uint32_t spanning = 0;

    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 30; i++) { /* 504 granules a piece, 32 a block: one of them spans two */
        ref = store(&s, text, 255);
        if (atp_table_piece_of(&s.table, ref) != atp_table_piece_of(&s.table, ref + 31)) {
            spanning = ref;
        }
    }
    assert_int_not_equal(spanning, 0);
    atp_table_copy_begin(&s.table, &sink);
    atp_strings_drop(&s.table, &s.heads, spanning);
    assert_int_equal(copied, 3); /* pieces 0 and 1, as they were */
    atp_table_copy_end(&s.table);
    atp_table_fini(&s.table);
}

static void strings_that_come_and_go_at_random_stay_what_they_are(void **state)
{
    (void)state;
    enum { SLOTS = 200, OPS = 20000 };
    static struct {
        uint32_t ref;
        uint32_t size;
        char text[255];
    } slots[SLOTS];
    strings_t s = make_strings(SLOTS * 33);
    uint64_t seed = 0x57123;

    memset(slots, 0, sizeof slots);
    for (unsigned i = 0; i < OPS; i++) {
        unsigned at = (unsigned)(test_random(&seed) % SLOTS);
        if (slots[at].ref != 0) {
            assert_true(atp_text_equal(atp_strings_get(&s.table, slots[at].ref),
                                       (atp_text_t){slots[at].text, slots[at].size}));
            atp_strings_drop(&s.table, &s.heads, slots[at].ref);
        }
        slots[at].size = (uint32_t)(test_random(&seed) % 256);
        memset(slots[at].text, (int)(test_random(&seed) % 256), sizeof slots[at].text);
        slots[at].ref =
            atp_strings_has_room(&s.table, &s.heads, slots[at].size, 0)
                ? atp_strings_store(&s.table, &s.heads, (atp_text_t){slots[at].text, slots[at].size})
                : 0;
    }
    atp_table_fini(&s.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored_is_read_back_at_every_size),
        cmocka_unit_test(a_block_is_as_small_as_its_text_allows),
        cmocka_unit_test(a_dropped_block_is_used_again_and_leaves_no_bytes_behind),
        cmocka_unit_test(blocks_of_other_sizes_are_not_mixed_up),
        cmocka_unit_test(room_is_told_exactly),
        cmocka_unit_test(a_block_in_two_pieces_announces_both),
        cmocka_unit_test(strings_that_come_and_go_at_random_stay_what_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

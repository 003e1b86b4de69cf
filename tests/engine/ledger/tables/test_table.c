/* engine/ledger/tables/table.h: records, pieces, copy aside, restore, hash. */
#include "tests/test.h"

#include "engine/ledger/tables/table.h"

#include <stdlib.h>
#include <string.h>

#define PIECES_MAX 64

/* A sink that keeps what it is given, and refuses after `room` pieces. */
typedef struct keeper {
    unsigned char bytes[PIECES_MAX][ATP_PIECE_SIZE_MAX];
    uint32_t sizes[PIECES_MAX];
    uint32_t saves[PIECES_MAX];
    uint32_t total;
    uint32_t room;
} keeper_t;

static keeper_t kept;

static bool keep(void *context, uint32_t table_id, uint64_t piece, const void *bytes, uint32_t size)
{
    keeper_t *keeper = context;

    assert_int_equal(table_id, 7);
    assert_true(piece < PIECES_MAX && size <= ATP_PIECE_SIZE_MAX);
    if (keeper->total == keeper->room) {
        return false;
    }
    memcpy(keeper->bytes[piece], bytes, size);
    keeper->sizes[piece] = size;
    keeper->saves[piece]++;
    keeper->total++;
    return true;
}

static const atp_piece_sink_t sink = {keep, &kept};

static void forget(uint32_t room)
{
    memset(&kept, 0, sizeof kept);
    kept.room = room;
}

static void make(atp_table_t *table, uint32_t record_size, uint64_t capacity, uint64_t count)
{
    assert_int_equal(atp_table_init(table, "things", 7, record_size, capacity), ATP_OK);
    if (count > 0) {
        assert_int_equal(atp_table_append(table, count), 0);
    }
    for (uint64_t i = 0; i < count; i++) {
        memset(atp_table_change(table, i), (int)(i % 251 + 1), record_size);
    }
}

static void the_piece_of_a_record_is_exact_for_every_record_size(void **state)
{
    (void)state;
    uint64_t seed = 0x7ab1e;

    for (uint32_t size = 1; size <= ATP_PIECE_SIZE_MAX; size++) {
        atp_table_t table;
        assert_int_equal(atp_table_init(&table, "things", 7, size, 1000), ATP_OK);
        uint64_t per_piece = ATP_PIECE_SIZE_MAX / size;
        assert_int_equal(table.records_per_piece, per_piece);
        for (uint64_t edge = 0; edge <= UINT32_MAX; edge = edge * 2 + per_piece) {
            uint64_t first = edge / per_piece * per_piece;
            assert_int_equal(atp_table_piece_of(&table, first), first / per_piece);
            assert_int_equal(atp_table_piece_of(&table, first + per_piece - 1), first / per_piece);
            assert_int_equal(atp_table_piece_of(&table, first + per_piece), first / per_piece + 1);
        }
        for (int i = 0; i < 100; i++) {
            uint64_t index = test_random(&seed) & UINT32_MAX;
            assert_int_equal(atp_table_piece_of(&table, index), index / per_piece);
        }
        assert_int_equal(atp_table_piece_of(&table, UINT32_MAX), UINT32_MAX / per_piece);
        atp_table_fini(&table);
    }
}

static void records_of_one_piece_each_are_told_apart(void **state)
{
    (void)state;
    /* The inverse of 1 did not fit: every record was found in piece 0, and changed without being copied. */
    atp_table_t table;

    make(&table, ATP_PIECE_SIZE_MAX, 10, 3);
    forget(PIECES_MAX);
    assert_int_equal(atp_table_piece_count(&table), 3);
    atp_table_copy_begin(&table, &sink);
    memset(atp_table_change(&table, 2), 0, ATP_PIECE_SIZE_MAX);
    assert_int_equal(kept.saves[2], 1);
    assert_int_equal(kept.bytes[2][0], 3);
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void a_capacity_outside_its_range_is_refused(void **state)
{
    (void)state;
    atp_table_t table;

    assert_int_equal(atp_table_init(&table, "things", 7, 8, 0), ATP_ERR_INVALID);
    assert_int_equal(atp_table_init(&table, "things", 7, 8, (uint64_t)UINT32_MAX + 1), ATP_ERR_INVALID);
    assert_int_equal(atp_table_init(&table, "things", 7, 1, 1), ATP_OK);
    atp_table_fini(&table);
    assert_aborts((void)!atp_table_init(&table, "things", 7, ATP_PIECE_SIZE_MAX + 1, 1));
}

static void appended_records_are_zero_and_numbered_in_order(void **state)
{
    (void)state;
    static const unsigned char zero[64];
    atp_table_t table;

    make(&table, 64, 100, 0);
    assert_int_equal(atp_table_piece_count(&table), 0);
    assert_int_equal(atp_table_append(&table, 60), 0);
    assert_int_equal(atp_table_append(&table, 40), 60);
    assert_int_equal(atp_table_count(&table), 100);
    assert_int_equal(atp_table_piece_count(&table), 2);
    assert_memory_equal(atp_table_at(&table, 99), zero, 64);
    assert_false(atp_table_has_room(&table, 1));
    assert_aborts(atp_table_append(&table, 1)); /* T1 */
    atp_table_fini(&table);
}

static void every_piece_is_copied_once_as_it_was(void **state)
{
    (void)state;
    atp_table_t table;
    static unsigned char before[20 * 4032];
    uint64_t seed = 5;

    make(&table, 64, 63 * 30, 63 * 20 - 5);
    memcpy(before, table.base, sizeof before);
    forget(PIECES_MAX);
    atp_table_copy_begin(&table, &sink);
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_RUNNING);
    while (atp_table_copy_state(&table) == ATP_COPY_RUNNING) {
        for (int i = 0; i < 7; i++) {
            memset(atp_table_change(&table, test_random(&seed) % atp_table_count(&table)), 0xee, 64);
        }
        (void)atp_table_copy_some(&table, 1);
    }
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_DONE);
    assert_int_equal(kept.total, 20);
    for (int piece = 0; piece < 20; piece++) {
        assert_int_equal(kept.saves[piece], 1);
        assert_int_equal(kept.sizes[piece], 4032);
        assert_memory_equal(kept.bytes[piece], before + piece * 4032, 4032);
    }
    atp_table_copy_end(&table);
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_NONE);
    atp_table_fini(&table);
}

static void records_appended_after_begin_are_not_in_the_copy(void **state)
{
    (void)state;
    static const unsigned char zero[64];
    atp_table_t table;

    make(&table, 64, 63 * 4, 60);
    forget(PIECES_MAX);
    atp_table_copy_begin(&table, &sink);
    uint64_t first = atp_table_append(&table, 63 * 2);
    for (uint64_t i = first; i < first + 126; i++) {
        memset(atp_table_change(&table, i), 0xdd, 64);
    }
    while (atp_table_copy_some(&table, 100) > 0) {
    }
    assert_int_equal(kept.total, 1);
    assert_memory_equal(kept.bytes[0] + 60 * 64, zero, 64);
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void a_sink_that_is_full_ends_the_copy_and_nothing_stays_pending(void **state)
{
    (void)state;
    atp_table_t table;

    make(&table, 64, 63 * 10, 63 * 10);
    forget(3);
    atp_table_copy_begin(&table, &sink);
    assert_int_equal(atp_table_copy_some(&table, 3), 3);
    memset(atp_table_change(&table, 63 * 9), 1, 64); /* the fourth is refused */
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_NONE);
    for (uint64_t piece = 0; piece < 10; piece++) {
        assert_int_equal(table.pending[piece], 0); /* T3 */
    }
    assert_int_equal(atp_table_copy_some(&table, 10), 0);
    memset(atp_table_change(&table, 63 * 8), 1, 64);
    assert_int_equal(kept.total, 3);
    atp_table_copy_end(&table);

    forget(PIECES_MAX);
    atp_table_copy_begin(&table, &sink);
    assert_int_equal(atp_table_copy_some(&table, 100), 10);
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_DONE);
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void a_refusal_in_passing_ends_the_copy_too(void **state)
{
    (void)state;
    atp_table_t table;

    make(&table, 64, 63 * 10, 63 * 10);
    forget(4);
    atp_table_copy_begin(&table, &sink);
    (void)atp_table_copy_some(&table, 10);
    assert_int_equal(kept.total, 4);
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_NONE);
    assert_int_equal(table.pending[7], 0);
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void a_second_copy_before_the_first_ends_is_a_bug(void **state)
{
    (void)state;
    atp_table_t table;

    make(&table, 64, 100, 100);
    forget(PIECES_MAX);
    atp_table_copy_begin(&table, &sink);
    assert_aborts(atp_table_copy_begin(&table, &sink));
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void an_empty_table_is_copied_at_once(void **state)
{
    (void)state;
    atp_table_t table;

    make(&table, 64, 100, 0);
    forget(0);
    atp_table_copy_begin(&table, &sink);
    assert_int_equal(atp_table_copy_state(&table), ATP_COPY_DONE);
    assert_int_equal(atp_table_copy_some(&table, 1), 0);
    atp_table_copy_end(&table);
    atp_table_fini(&table);
}

static void restored_pieces_give_the_same_records_and_hash(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 3, 24, 64, 65, 1344, 2016, 2017, 4032};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        atp_table_t from;
        atp_table_t to;
        uint64_t count = 5 * (ATP_PIECE_SIZE_MAX / sizes[s]) + 1;

        make(&from, sizes[s], count, count);
        make(&to, sizes[s], count, 0);
        forget(PIECES_MAX);
        atp_table_copy_begin(&from, &sink);
        assert_int_equal(atp_table_copy_some(&from, 100), 6);
        atp_table_copy_end(&from);
        uint64_t hash = atp_table_count_hash(7, count);
        for (uint64_t piece = 6; piece-- > 0;) { /* in any order */
            assert_int_equal(atp_table_restore_piece(&to, piece, kept.bytes[piece], kept.sizes[piece]),
                             ATP_OK);
            hash += atp_piece_hash(7, piece, kept.bytes[piece], kept.sizes[piece]);
        }
        assert_int_equal(atp_table_restore_count(&to, count), ATP_OK);
        assert_memory_equal(to.base, from.base, count * sizes[s]);
        assert_int_equal(atp_table_hash(&to), atp_table_hash(&from));
        assert_int_equal(hash, atp_table_hash(&from));
        atp_table_fini(&from);
        atp_table_fini(&to);
    }
}

static void what_does_not_fit_is_not_restored(void **state)
{
    (void)state;
    static const unsigned char bytes[ATP_PIECE_SIZE_MAX + 1];
    atp_table_t table;

    make(&table, 64, 63 * 2, 0);
    assert_int_equal(atp_table_restore_piece(&table, 2, bytes, 4032), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_restore_piece(&table, UINT64_MAX, bytes, 4032), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_restore_piece(&table, 0, bytes, 4031), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_restore_piece(&table, 0, bytes, 4033), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_restore_piece(&table, 0, bytes, 0), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_restore_count(&table, 127), ATP_ERR_FORMAT);
    assert_int_equal(atp_table_count(&table), 0);
    assert_int_equal(atp_table_restore_piece(&table, 1, bytes, 4032), ATP_OK);
    atp_table_fini(&table);
}

static void the_hash_tells_content_place_table_and_count_apart(void **state)
{
    (void)state;
    atp_table_t table;
    unsigned char bytes[ATP_PIECE_SIZE_MAX] = {1};

    make(&table, 64, 1000, 200);
    uint64_t hash = atp_table_hash(&table);
    *(unsigned char *)atp_table_change(&table, 199) ^= 1;
    assert_int_not_equal(atp_table_hash(&table), hash);
    *(unsigned char *)atp_table_change(&table, 199) ^= 1;
    assert_int_equal(atp_table_hash(&table), hash);
    (void)atp_table_append(&table, 1); /* zero, in a piece that is there: only the count tells */
    assert_int_not_equal(atp_table_hash(&table), hash);
    assert_int_not_equal(atp_piece_hash(1, 2, bytes, 64), atp_piece_hash(1, 3, bytes, 64));
    assert_int_not_equal(atp_piece_hash(1, 2, bytes, 64), atp_piece_hash(2, 2, bytes, 64));
    assert_int_not_equal(atp_table_count_hash(1, 5), atp_table_count_hash(2, 5));
    atp_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_piece_of_a_record_is_exact_for_every_record_size),
        cmocka_unit_test(records_of_one_piece_each_are_told_apart),
        cmocka_unit_test(a_capacity_outside_its_range_is_refused),
        cmocka_unit_test(appended_records_are_zero_and_numbered_in_order),
        cmocka_unit_test(every_piece_is_copied_once_as_it_was),
        cmocka_unit_test(records_appended_after_begin_are_not_in_the_copy),
        cmocka_unit_test(a_sink_that_is_full_ends_the_copy_and_nothing_stays_pending),
        cmocka_unit_test(a_refusal_in_passing_ends_the_copy_too),
        cmocka_unit_test(a_second_copy_before_the_first_ends_is_a_bug),
        cmocka_unit_test(an_empty_table_is_copied_at_once),
        cmocka_unit_test(restored_pieces_give_the_same_records_and_hash),
        cmocka_unit_test(what_does_not_fit_is_not_restored),
        cmocka_unit_test(the_hash_tells_content_place_table_and_count_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

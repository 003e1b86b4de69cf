/* Reserved memory: where it lies, what it reads as, how far it is populated. */
#include "engine/base/arena.h"
#include "tests/test.h"

#include <string.h>
#include <sys/mman.h>

#define MIB       ((size_t)1 << 20)
#define HUGE_PAGE (2 * MIB)
#define SMALL     ((size_t)4096)

static bool is_resident(void *page)
{
    unsigned char resident = 0;
    assert_int_equal(mincore(page, SMALL, &resident), 0);
    return (resident & 1) != 0;
}

/* Linux 5.14 and later; before, pages come on first touch and the call only counts. */
static bool kernel_populates(void)
{
    void *page = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(page != MAP_FAILED);
    bool answer = madvise(page, SMALL, 23 /* MADV_POPULATE_WRITE */) == 0;
    assert_int_equal(munmap(page, SMALL), 0);
    return answer;
}

static void a_range_starts_on_a_huge_page_and_is_as_long_as_asked(void **state)
{
    static const struct {
        size_t asked;
        size_t reserved;
    } cases[] = {
        {0, HUGE_PAGE},
        {1, HUGE_PAGE},
        {HUGE_PAGE, HUGE_PAGE},
        {HUGE_PAGE + 1, 2 * HUGE_PAGE},
        {(size_t)64 << 30, (size_t)64 << 30}, /* far more than there is: reserving costs nothing */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atp_arena_t arena;
        assert_int_equal(atp_arena_reserve(&arena, cases[i].asked), ATP_OK);
        assert_int_equal((uintptr_t)arena.base % HUGE_PAGE, 0);
        assert_int_equal(arena.reserved_size, cases[i].reserved);
        atp_arena_release(&arena);
    }
}

static void both_ends_read_zero_and_keep_what_is_written(void **state)
{
    atp_arena_t arena;
    (void)state;

    assert_int_equal(atp_arena_reserve(&arena, 3 * HUGE_PAGE), ATP_OK);
    unsigned char *last = arena.base + arena.reserved_size - 1;
    assert_int_equal(*arena.base, 0);
    assert_int_equal(*last, 0);
    memset(arena.base, 0xa5, arena.reserved_size);
    assert_int_equal(*arena.base, 0xa5);
    assert_int_equal(*last, 0xa5);
    atp_arena_release(&arena);
}

static void more_than_the_address_space_is_an_error(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - HUGE_PAGE, SIZE_MAX / 2, (size_t)1 << 50};
    atp_arena_t arena;
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(atp_arena_reserve(&arena, sizes[i]), ATP_ERR_MEMORY);
    }
}

static void release_is_safe_twice_and_on_zeroes(void **state)
{
    atp_arena_t arena;
    (void)state;

    memset(&arena, 0, sizeof arena);
    atp_arena_release(&arena);
    assert_int_equal(atp_arena_reserve(&arena, 1), ATP_OK);
    atp_arena_release(&arena);
    assert_null(arena.base);
    atp_arena_release(&arena);
}

static void populating_stays_ahead_of_use_and_inside_the_range(void **state)
{
    atp_arena_t arena;
    (void)state;

    assert_int_equal(atp_arena_reserve(&arena, 4 * HUGE_PAGE), ATP_OK);
    assert_int_equal(atp_arena_populate_ahead(&arena, 0), ATP_OK);
    assert_int_equal(atp_load_relaxed(&arena.populated_size), 0);

    assert_int_equal(atp_arena_populate_ahead(&arena, 1), ATP_OK);
    assert_int_equal(atp_load_relaxed(&arena.populated_size), HUGE_PAGE);

    atp_arena_note_used(&arena, HUGE_PAGE);
    assert_int_equal(atp_arena_populate_ahead(&arena, HUGE_PAGE), ATP_OK);
    assert_int_equal(atp_load_relaxed(&arena.populated_size), 2 * HUGE_PAGE);

    atp_arena_note_used(&arena, 3 * HUGE_PAGE + 1);
    assert_int_equal(atp_arena_populate_ahead(&arena, 64 * MIB), ATP_OK);
    assert_int_equal(atp_load_relaxed(&arena.populated_size), 4 * HUGE_PAGE);
    atp_arena_release(&arena);
}

static void populated_pages_are_there_before_the_first_touch(void **state)
{
    atp_arena_t arena;
    (void)state;

    if (!kernel_populates()) {
        skip();
    }
    assert_int_equal(atp_arena_reserve(&arena, 4 * HUGE_PAGE), ATP_OK);
    assert_false(is_resident(arena.base));
    assert_int_equal(atp_arena_populate_ahead(&arena, HUGE_PAGE), ATP_OK);
    assert_true(is_resident(arena.base));
    assert_true(is_resident(arena.base + HUGE_PAGE - SMALL));
    assert_false(is_resident(arena.base + 3 * HUGE_PAGE));
    atp_arena_release(&arena);
}

static void memory_left_is_some_and_no_more_than_the_machine_has(void **state)
{
    size_t machine = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    (void)state;

    assert_in_range(atp_memory_available(), MIB, machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_starts_on_a_huge_page_and_is_as_long_as_asked),
        cmocka_unit_test(both_ends_read_zero_and_keep_what_is_written),
        cmocka_unit_test(more_than_the_address_space_is_an_error),
        cmocka_unit_test(release_is_safe_twice_and_on_zeroes),
        cmocka_unit_test(populating_stays_ahead_of_use_and_inside_the_range),
        cmocka_unit_test(populated_pages_are_there_before_the_first_touch),
        cmocka_unit_test(memory_left_is_some_and_no_more_than_the_machine_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The Nth allocation fails, N = 1, 2, ... until a ledger is made, and until it is checked: each failure is told as such, and leaves
 * nothing behind. Linked with wrappers of what allocates (tests/engine/CMakeLists.txt). */
#include "tests/engine/ledger/ledger_fixture.h"

#include <sys/mman.h>

static uint64_t left = UINT64_MAX; /* allocations that succeed before one fails */
static int64_t mapped;             /* bytes */

void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t size);

static bool fails(void)
{
    if (left == UINT64_MAX) {
        return false;
    }
    if (left == 0) {
        left = UINT64_MAX; /* the ones after it succeed */
        return true;
    }
    left--;
    return false;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_mmap(void *address, size_t size, int protection, int flags, int file, off_t offset)
{
    if (fails()) {
        return MAP_FAILED;
    }
    void *memory = __real_mmap(address, size, protection, flags, file, offset);
    mapped += memory != MAP_FAILED ? (int64_t)size : 0;
    return memory;
}

int __wrap_munmap(void *address, size_t size)
{
    mapped -= (int64_t)size;
    return __real_munmap(address, size);
}

static void a_ledger_without_memory_is_not_made_and_leaves_nothing(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    atp_ledger_t *ledger = NULL;
    atp_err_t err = ATP_ERR_MEMORY;
    uint64_t failed = 0;

    for (; err != ATP_OK; failed++) {
        atp_why_t why = {""};
        int64_t before = mapped;
        left = failed;
        err = atp_ledger_create(&config, &ledger, &why);
        bool was_met = left == UINT64_MAX;
        left = UINT64_MAX;
        if (err == ATP_OK) {
            assert_false(was_met);
            break;
        }
        assert_int_equal(err, ATP_ERR_MEMORY);
        assert_true(was_met);
        assert_string_not_equal(why.text, "");
        assert_int_equal(mapped, before);
    }
    assert_true(failed > 100); /* tables, their pieces, indexes, scratch */
    atp_ledger_destroy(ledger);
}

static void a_check_without_memory_says_so_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_err_t err = ATP_ERR_MEMORY;
    uint64_t failed = 0;

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    uint64_t hash = atp_ledger_hash(f.ledger);
    for (; err != ATP_OK; failed++) {
        atp_why_t why = {""};
        left = failed;
        err = atp_ledger_check(f.ledger, &why);
        left = UINT64_MAX;
        assert_true(err == ATP_OK || err == ATP_ERR_MEMORY);
        assert_true((err == ATP_OK) == (why.text[0] == '\0'));
        assert_int_equal(atp_ledger_hash(f.ledger), hash);
    }
    assert_true(failed > 4); /* counters of clients, of channels, of days; marks of members and of strings */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_without_memory_is_not_made_and_leaves_nothing),
        cmocka_unit_test(a_check_without_memory_says_so_and_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

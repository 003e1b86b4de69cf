/* The durable queue of an outbox: what is kept, what is dropped, what is refused, and what a failing disk leaves. */
#include "protocol/client/outbox_store.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_MAX ((uint64_t)1 << 20)
#define EPOCH     1763740800000

typedef struct scratch {
    char folder[64];
    atp_outbox_store_t *store;
    atp_why_t why;
} scratch_t;

static int setup(void **state)
{
    scratch_t *scratch = calloc(1, sizeof *scratch);

    if (scratch == NULL) {
        return -1;
    }
    snprintf(scratch->folder, sizeof scratch->folder, "/tmp/atp-outbox-XXXXXX");
    *state = scratch;
    return mkdtemp(scratch->folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    scratch_t *scratch = *state;
    char path[128];
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", ""};

    atp_outbox_store_close(scratch->store);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", scratch->folder, names[i]);
        (void)remove(path);
    }
    free(scratch);
    return 0;
}

static atp_err_t open_as(scratch_t *scratch, const char *source, uint64_t epoch, uint64_t bytes_max)
{
    return atp_outbox_store_open(scratch->folder, atp_text_of(source), epoch, bytes_max, &scratch->store,
                                 &scratch->why);
}

static void open_store(scratch_t *scratch)
{
    assert_int_equal(open_as(scratch, "wms", EPOCH, BYTES_MAX), ATP_OK);
}

static void close_store(scratch_t *scratch)
{
    atp_outbox_store_close(scratch->store);
    scratch->store = NULL;
}

static atp_err_t put_bytes(scratch_t *scratch, const void *bytes, size_t size)
{
    const atp_outbox_batch_t batch = {bytes, size};
    uint32_t kept = 0;
    atp_err_t err = atp_outbox_store_put(scratch->store, &batch, 1, false, &kept, &scratch->why);

    assert_int_equal(kept, err == ATP_OK);
    return err;
}

static atp_err_t put(scratch_t *scratch, uint64_t number, size_t size)
{
    char *bytes = malloc(size + 1);

    assert_non_null(bytes);
    memset(bytes, (int)('a' + number % 26), size);
    atp_err_t err = put_bytes(scratch, bytes, size);
    free(bytes);
    return err;
}

static void expect_batch(scratch_t *scratch, uint64_t number, size_t size)
{
    const void *bytes = NULL;
    size_t got = 0;

    assert_int_equal(atp_outbox_store_get(scratch->store, number, &bytes, &got, &scratch->why), ATP_OK);
    assert_int_equal(got, size);
    assert_int_equal(((const char *)bytes)[0], 'a' + number % 26);
    assert_int_equal(((const char *)bytes)[size - 1], 'a' + number % 26);
}

static void expect_state(const scratch_t *scratch, uint64_t low, uint64_t next, uint64_t bytes)
{
    atp_outbox_store_state_t state;

    atp_outbox_store_read(scratch->store, &state);
    assert_int_equal(state.epoch, EPOCH);
    assert_int_equal(state.low, low);
    assert_int_equal(state.next, next);
    assert_int_equal(state.bytes, bytes);
}

static void what_is_put_is_kept_until_it_is_acknowledged(void **state)
{
    scratch_t *scratch = *state;
    const void *bytes;
    size_t size;

    open_store(scratch);
    expect_state(scratch, 1, 1, 0);
    for (uint64_t i = 1; i <= 10; i++) {
        assert_int_equal(put(scratch, i, 100 * i), ATP_OK);
    }
    expect_state(scratch, 1, 11, 5500);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 8, &scratch->why), ATP_OK);
    expect_state(scratch, 8, 11, 2700);
    assert_int_equal(atp_outbox_store_get(scratch->store, 7, &bytes, &size, NULL), ATP_ERR_NOT_FOUND);
    assert_int_equal(atp_outbox_store_get(scratch->store, 11, &bytes, &size, NULL), ATP_ERR_NOT_FOUND);
    expect_batch(scratch, 8, 800);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 3, &scratch->why), ATP_OK); /* an old one */
    expect_state(scratch, 8, 11, 2700);
    assert_int_equal(atp_outbox_store_trim(scratch->store, UINT64_MAX, &scratch->why), ATP_OK);
    expect_state(scratch, 11, 11, 0);
}

static void of_several_the_first_that_fit_are_kept(void **state)
{
    scratch_t *scratch = *state;
    const atp_outbox_batch_t batches[] = {{"aaaa", 4}, {"bbbbbb", 6}, {"cc", 2}, {"d", 1}};
    const void *bytes;
    size_t size;
    uint32_t kept = 0;

    assert_int_equal(open_as(scratch, "wms", EPOCH, 12), ATP_OK);
    assert_int_equal(atp_outbox_store_put(scratch->store, batches, 4, false, &kept, NULL), ATP_OK);
    assert_int_equal(kept, 3);
    expect_state(scratch, 1, 4, 12);
    assert_int_equal(atp_outbox_store_get(scratch->store, 2, &bytes, &size, NULL), ATP_OK);
    assert_memory_equal(bytes, "bbbbbb", 6);
    assert_int_equal(atp_outbox_store_put(scratch->store, &batches[3], 1, false, &kept, NULL), ATP_ERR_BUSY);
}

static void it_goes_on_where_it_stopped(void **state)
{
    scratch_t *scratch = *state;

    open_store(scratch);
    assert_int_equal(put(scratch, 1, 5000), ATP_OK);
    assert_int_equal(put(scratch, 2, 60000), ATP_OK);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 2, &scratch->why), ATP_OK);
    close_store(scratch);
    assert_int_equal(open_as(scratch, "wms", EPOCH + 99, BYTES_MAX), ATP_OK); /* the epoch stays */
    expect_state(scratch, 2, 3, 60000);
    expect_batch(scratch, 2, 60000);
    assert_int_equal(put(scratch, 3, 10), ATP_OK);
    expect_batch(scratch, 3, 10);
}

static void a_full_queue_is_busy_until_something_is_acknowledged(void **state)
{
    scratch_t *scratch = *state;

    open_store(scratch);
    for (uint64_t round = 0; round < 20; round++) { /* pages are used again and again */
        uint64_t first = 1 + round * 10;
        for (uint64_t i = 0; i < 10; i++) {
            assert_int_equal(put(scratch, first + i, 100000), ATP_OK);
        }
        assert_int_equal(put(scratch, 0, 100000), ATP_ERR_BUSY);
        expect_state(scratch, first, first + 10, 1000000);
        assert_int_equal(atp_outbox_store_trim(scratch->store, first + 10, &scratch->why), ATP_OK);
    }
    close_store(scratch);
    assert_int_equal(open_as(scratch, "wms", EPOCH, 10), ATP_OK); /* a smaller bound than before */
    assert_int_equal(put(scratch, 0, 11), ATP_ERR_BUSY);
    assert_int_equal(put(scratch, 0, 10), ATP_OK);
}

static void a_folder_has_one_source_and_one_owner(void **state)
{
    scratch_t *scratch = *state;
    atp_outbox_store_t *second = NULL;

    assert_int_equal(open_as(scratch, "", EPOCH, BYTES_MAX), ATP_ERR_INVALID);
    assert_int_equal(open_as(scratch, "wms", 0, BYTES_MAX), ATP_ERR_INVALID);
    assert_int_equal(open_as(scratch, "wms", EPOCH, UINT64_MAX), ATP_ERR_INVALID);
    open_store(scratch);
    assert_int_equal(
        atp_outbox_store_open(scratch->folder, ATP_TEXT("wms"), EPOCH, BYTES_MAX, &second, &scratch->why),
        ATP_ERR_LOCKED);
    close_store(scratch);
    assert_int_equal(open_as(scratch, "pos", EPOCH, BYTES_MAX), ATP_ERR_INVALID);
    assert_non_null(strstr(scratch->why.text, "is the outbox of source 'wms'"));
    open_store(scratch);
}

/* Turns over a byte of the first place where `wanted` stands in the file. */
static void damage(const scratch_t *scratch, const char *wanted)
{
    char path[128];
    static char bytes[1 << 20];

    snprintf(path, sizeof path, "%s/data.mdb", scratch->folder);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0);
    ssize_t size = read(fd, bytes, sizeof bytes);
    assert_true(size > 0);
    char *found = memmem(bytes, (size_t)size, wanted, strlen(wanted));
    assert_non_null(found);
    for (; found != NULL; found = memmem(found, (size_t)(bytes + size - found), wanted, strlen(wanted))) {
        found[0] ^= 1; /* every copy: the tree keeps old pages */
    }
    assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
    assert_int_equal(close(fd), 0);
}

static void a_damaged_batch_is_never_given(void **state)
{
    scratch_t *scratch = *state;
    const void *bytes;
    size_t size;

    open_store(scratch);
    assert_int_equal(put_bytes(scratch, "a batch of facts", 16), ATP_OK);
    assert_int_equal(put_bytes(scratch, "another", 7), ATP_OK);
    close_store(scratch);
    damage(scratch, "batch of facts");
    open_store(scratch);
    assert_int_equal(atp_outbox_store_get(scratch->store, 1, &bytes, &size, &scratch->why), ATP_ERR_CORRUPT);
    assert_int_equal(atp_outbox_store_get(scratch->store, 2, &bytes, &size, &scratch->why), ATP_OK);
    close_store(scratch);
    damage(scratch, "wms");
    assert_int_equal(open_as(scratch, "wms", EPOCH, BYTES_MAX), ATP_ERR_CORRUPT);
    assert_non_null(strstr(scratch->why.text, "state of the outbox is damaged"));
}

static void a_disk_that_fails_ends_it_and_loses_nothing(void **state)
{
    scratch_t *scratch = *state;
    struct rlimit was;
    struct rlimit small = {256 << 10, 0};
    uint64_t kept = 0;
    atp_err_t err;

    open_store(scratch);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small.rlim_max = was.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while ((err = put(scratch, kept + 1, 20000)) == ATP_OK) {
        kept++;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(err, ATP_ERR_IO);
    assert_true(kept > 2);
    assert_int_equal(put(scratch, kept + 1, 10), ATP_ERR_IO); /* Q3 */
    close_store(scratch);
    open_store(scratch);
    for (uint64_t i = 1; i <= kept; i++) {
        expect_batch(scratch, i, 20000);
    }
    assert_int_equal(put(scratch, kept + 1, 10), ATP_OK);
}

/* What is acknowledged makes room on a disk that has none: else nothing could ever wait there again. */
static void what_is_acknowledged_goes_from_a_disk_that_is_full(void **state)
{
    scratch_t *scratch = *state;
    struct rlimit was;
    struct rlimit full = {6 << 20, 0};
    uint64_t kept = 0;

    assert_int_equal(open_as(scratch, "wms", EPOCH, 64 * BYTES_MAX), ATP_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    full.rlim_max = was.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    while (put(scratch, kept + 1, 24000) == ATP_OK) {
        kept++;
    }
    close_store(scratch);
    assert_int_equal(open_as(scratch, "wms", EPOCH, 64 * BYTES_MAX), ATP_OK);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 65, &scratch->why), ATP_OK);
    assert_int_equal(atp_outbox_store_trim(scratch->store, kept + 1, &scratch->why), ATP_OK);
    for (uint64_t i = 1; i <= 100; i++) { /* in the room of the others */
        assert_int_equal(put(scratch, kept + i, 24000), ATP_OK);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    expect_batch(scratch, kept + 100, 24000);
}

static void what_may_have_been_told_is_known_when_it_is_opened_again(void **state)
{
    scratch_t *scratch = *state;
    atp_outbox_store_state_t now;

    open_store(scratch);
    for (uint64_t i = 1; i <= 5; i++) {
        assert_int_equal(put(scratch, i, 10), ATP_OK);
    }
    atp_outbox_store_read(scratch->store, &now);
    assert_int_equal(now.told, 1);
    assert_int_equal(atp_outbox_store_tell(scratch->store, 4, &scratch->why), ATP_OK);
    assert_int_equal(atp_outbox_store_tell(scratch->store, 2, &scratch->why),
                     ATP_OK); /* it never goes back */
    close_store(scratch);
    open_store(scratch);
    atp_outbox_store_read(scratch->store, &now);
    assert_int_equal(now.told, 4);
    const atp_outbox_batch_t batch = {"told", 4};
    uint32_t kept;
    assert_int_equal(atp_outbox_store_put(scratch->store, &batch, 1, true, &kept, &scratch->why), ATP_OK);
    atp_outbox_store_read(scratch->store, &now);
    assert_true(now.told == 7 && now.next == 7);
}

/* Puts until it is killed, telling each number through the pipe once it is kept. */
/* ---- refused and dropped ---- */

static uint32_t list(scratch_t *scratch, atp_outbox_marks_t kind, atp_outbox_mark_t *ret_marks, uint32_t room)
{
    uint32_t count = 0;

    assert_int_equal(atp_outbox_store_list(scratch->store, kind, 0, ret_marks, room, &count, &scratch->why),
                     ATP_OK);
    return count;
}

static void drop(scratch_t *scratch, uint64_t number, atp_err_t wanted)
{
    assert_int_equal(
        atp_outbox_store_drop(scratch->store, number, 77, ATP_TEXT("no such till"), &scratch->why), wanted);
}

static void a_refused_batch_stays_with_its_verdict_until_it_is_acknowledged(void **state)
{
    scratch_t *scratch = *state;
    atp_outbox_mark_t marks[4];

    open_store(scratch);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(put(scratch, i, 100), ATP_OK);
    }
    assert_int_equal(atp_outbox_store_refuse(scratch->store, 2, 40, 1000, NULL), ATP_OK);
    assert_int_equal(atp_outbox_store_refuse(scratch->store, 2, 40, 2000, NULL), ATP_OK); /* nothing new */
    assert_int_equal(atp_outbox_store_refuse(scratch->store, 2, 41, 3000, NULL), ATP_OK);
    assert_int_equal(atp_outbox_store_refuse(scratch->store, 9, 40, 1000, NULL), ATP_ERR_NOT_FOUND);
    close_store(scratch);
    open_store(scratch);
    assert_int_equal(list(scratch, ATP_OUTBOX_REFUSED, marks, 4), 1);
    assert_int_equal(marks[0].number, 2);
    assert_int_equal(marks[0].at_ms, 1000); /* since when */
    assert_int_equal(marks[0].verdict, 41);
    assert_int_equal(marks[0].bytes, 100);
    expect_batch(scratch, 2, 100);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 3, NULL), ATP_OK);
    assert_int_equal(list(scratch, ATP_OUTBOX_REFUSED, marks, 4), 0);
    assert_int_equal(list(scratch, ATP_OUTBOX_DROPPED, marks, 4), 0);
}

static void a_refused_batch_can_be_dropped_and_leaves_its_number(void **state)
{
    scratch_t *scratch = *state;
    atp_outbox_mark_t marks[4];
    const void *bytes;
    size_t size = 1;

    open_store(scratch);
    for (uint64_t i = 1; i <= 4; i++) {
        assert_int_equal(put(scratch, i, 100), ATP_OK);
    }
    drop(scratch, 2, ATP_ERR_INVALID); /* it was not refused */
    drop(scratch, 5, ATP_ERR_NOT_FOUND);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(atp_outbox_store_refuse(scratch->store, i, 40 + (uint32_t)i, 1000, NULL), ATP_OK);
    }
    assert_int_equal(atp_outbox_store_drop(scratch->store, 2, 77, ATP_TEXT(""), &scratch->why),
                     ATP_ERR_INVALID);
    drop(scratch, 2, ATP_OK);
    drop(scratch, 2, ATP_ERR_INVALID);
    expect_state(scratch, 1, 5, 300);
    assert_int_equal(atp_outbox_store_get(scratch->store, 2, &bytes, &size, NULL), ATP_OK);
    assert_int_equal(size, 0);
    drop(scratch, 1, ATP_OK); /* with the number after it */
    expect_state(scratch, 3, 5, 200);
    close_store(scratch);
    open_store(scratch);
    expect_state(scratch, 3, 5, 200);
    expect_batch(scratch, 3, 100);
    assert_int_equal(list(scratch, ATP_OUTBOX_REFUSED, marks, 4), 1);
    assert_int_equal(list(scratch, ATP_OUTBOX_DROPPED, marks, 4), 2);
    assert_int_equal(marks[0].number, 1);
    assert_int_equal(marks[0].verdict, 41);
    assert_int_equal(marks[1].at_ms, 77);
    assert_int_equal(marks[1].bytes, 100);
    assert_memory_equal(marks[1].reason, "no such till", marks[1].reason_size);
}

static void a_dropped_batch_behind_others_goes_with_them(void **state)
{
    scratch_t *scratch = *state;

    open_store(scratch);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(put(scratch, i, 100), ATP_OK);
    }
    for (uint64_t i = 2; i <= 3; i++) {
        assert_int_equal(atp_outbox_store_refuse(scratch->store, i, 40, 1000, NULL), ATP_OK);
        drop(scratch, i, ATP_OK);
    }
    expect_state(scratch, 1, 4, 100);
    assert_int_equal(atp_outbox_store_trim(scratch->store, 2, NULL), ATP_OK);
    expect_state(scratch, 4, 4, 0);
    assert_int_equal(put(scratch, 4, 10), ATP_OK);
    expect_state(scratch, 4, 5, 10);
}

static void the_log_of_what_was_dropped_keeps_the_newest(void **state)
{
    enum { DROPPED = ATP_OUTBOX_DROPPED_KEPT_MAX + 10 };
    scratch_t *scratch = *state;
    atp_outbox_mark_t marks[DROPPED];

    open_store(scratch);
    for (uint64_t i = 1; i <= DROPPED; i++) {
        assert_int_equal(put(scratch, i, 10), ATP_OK);
        assert_int_equal(atp_outbox_store_refuse(scratch->store, i, 40, 1000, NULL), ATP_OK);
        drop(scratch, i, ATP_OK);
    }
    assert_int_equal(list(scratch, ATP_OUTBOX_DROPPED, marks, DROPPED), ATP_OUTBOX_DROPPED_KEPT_MAX);
    assert_int_equal(marks[0].number, 11);
}

/* A child has the folder and goes on putting; who looks sees a whole state at each look. */
static void put_for_ever(scratch_t *scratch, int to);

static void another_process_can_look_meanwhile(void **state)
{
    scratch_t *scratch = *state;
    atp_outbox_store_t *look = NULL;
    uint64_t told = 0;
    uint64_t last = 0;
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        put_for_ever(scratch, ends[1]);
    }
    assert_int_equal(close(ends[1]), 0);
    for (unsigned i = 0; i < 50; i++) {
        atp_outbox_store_state_t seen;
        const void *bytes;
        size_t size = 0;
        assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
        assert_int_equal(atp_outbox_store_look(scratch->folder, &look, &scratch->why), ATP_OK);
        atp_outbox_store_read(look, &seen);
        assert_true(seen.next > told && seen.next >= last && seen.low <= seen.next);
        last = seen.next;
        atp_err_t err = atp_outbox_store_get(look, seen.next - 1, &bytes, &size, NULL);
        assert_true(err == ATP_OK ? size == 1000 : err == ATP_ERR_NOT_FOUND); /* trimmed since */
        atp_outbox_store_close(look);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(close(ends[0]), 0);
    open_store(scratch);
    assert_int_equal(atp_outbox_store_look(scratch->folder, &look, &scratch->why), ATP_ERR_LOCKED);
}

static void put_for_ever(scratch_t *scratch, int to)
{
    open_store(scratch);
    for (uint64_t number;;) {
        atp_outbox_store_state_t now;
        atp_outbox_store_read(scratch->store, &now);
        number = now.next;
        if (put(scratch, number, 1000) != ATP_OK || write(to, &number, sizeof number) != sizeof number ||
            (number % 7 == 0 && atp_outbox_store_trim(scratch->store, number - 3, NULL) != ATP_OK)) {
            _exit(1);
        }
    }
}

static void what_was_told_is_there_after_kill_9(void **state)
{
    scratch_t *scratch = *state;

    for (int round = 0; round < 10; round++) {
        int ends[2];
        uint64_t told = 0;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            put_for_ever(scratch, ends[1]);
        }
        assert_int_equal(close(ends[1]), 0);
        for (int i = 0; i < 5 + 3 * round; i++) {
            assert_int_equal(read(ends[0], &told, sizeof told), sizeof told);
        }
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        while (read(ends[0], &told, sizeof told) == sizeof told) { /* told before it died */
        }
        assert_int_equal(close(ends[0]), 0);
        open_store(scratch);
        atp_outbox_store_state_t now;
        atp_outbox_store_read(scratch->store, &now);
        assert_true(now.next > told && now.next <= told + 2);
        for (uint64_t number = now.low; number < now.next; number++) {
            expect_batch(scratch, number, 1000);
        }
        close_store(scratch);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_put_is_kept_until_it_is_acknowledged, setup, teardown),
        cmocka_unit_test_setup_teardown(of_several_the_first_that_fit_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(it_goes_on_where_it_stopped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_is_busy_until_something_is_acknowledged, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_folder_has_one_source_and_one_owner, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_batch_is_never_given, setup, teardown),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_ends_it_and_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_acknowledged_goes_from_a_disk_that_is_full, setup, teardown),
        cmocka_unit_test_setup_teardown(what_may_have_been_told_is_known_when_it_is_opened_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_was_told_is_there_after_kill_9, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_batch_stays_with_its_verdict_until_it_is_acknowledged,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_refused_batch_can_be_dropped_and_leaves_its_number, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_dropped_batch_behind_others_goes_with_them, setup, teardown),
        cmocka_unit_test_setup_teardown(the_log_of_what_was_dropped_keeps_the_newest, setup, teardown),
        cmocka_unit_test_setup_teardown(another_process_can_look_meanwhile, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

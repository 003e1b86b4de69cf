/* The contract of a storage, asked of the real disk and of the simulated one alike; and what only the real one has. */
#include "tests/test.h"

#include "engine/store/storage.h"
#include "tests/sim/sim_disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct fixture {
    atp_storage_t *storage;
    sim_disk_t *disk; /* NULL: the real one */
    char root[64];
} fixture_t;

static int open_real(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    atp_why_t why;

    assert_non_null(fixture);
    snprintf(fixture->root, sizeof fixture->root, "/tmp/atp-storage-XXXXXX");
    assert_non_null(mkdtemp(fixture->root));
    assert_int_equal(atp_storage_posix_open(fixture->root, &fixture->storage, &why), ATP_OK);
    *state = fixture;
    return 0;
}

static int open_simulated(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    fixture->disk = sim_disk_create(1, 0);
    fixture->storage = sim_disk_storage(fixture->disk);
    *state = fixture;
    return 0;
}

static int close_fixture(void **state)
{
    fixture_t *fixture = *state;
    char command[128];

    if (fixture->disk != NULL) {
        sim_disk_destroy(fixture->disk);
    } else {
        atp_storage_posix_close(fixture->storage);
        snprintf(command, sizeof command, "rm -rf %s", fixture->root);
        assert_int_equal(system(command), 0);
    }
    free(fixture);
    return 0;
}

static atp_storage_t *storage_of(void **state)
{
    return ((fixture_t *)*state)->storage;
}

static atp_file_t *must_open(atp_storage_t *storage, const char *path, bool create)
{
    atp_file_t *file = NULL;

    assert_int_equal(storage->open(storage, path, create, &file), ATP_OK);
    return file;
}

/* ---- both ---- */

static void what_is_written_is_read_and_reading_stops_at_the_end(void **state)
{
    atp_storage_t *storage = storage_of(state);
    atp_file_t *file = must_open(storage, "f", true);
    char bytes[16] = {0};
    size_t got = 99;
    uint64_t size = 99;

    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    assert_int_equal(size, 0);
    assert_int_equal(storage->write_at(storage, file, 5, "hello", 5), ATP_OK);
    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    assert_int_equal(size, 10);
    assert_int_equal(storage->read_at(storage, file, 3, bytes, sizeof bytes, &got), ATP_OK);
    assert_int_equal(got, 7);
    assert_memory_equal(bytes, "\0\0hello", 7);
    assert_int_equal(storage->read_at(storage, file, 10, bytes, 1, &got), ATP_OK);
    assert_int_equal(got, 0);
    assert_int_equal(storage->read_at(storage, file, 1000, bytes, 1, &got), ATP_OK);
    assert_int_equal(got, 0);
    assert_int_equal(storage->sync_data(storage, file), ATP_OK);
    storage->close(storage, file);
}

static void opening_does_not_create_or_empty_unless_asked(void **state)
{
    atp_storage_t *storage = storage_of(state);
    atp_file_t *file = NULL;
    uint64_t size = 0;

    assert_int_equal(storage->open(storage, "f", false, &file), ATP_ERR_NOT_FOUND);
    assert_int_equal(storage->open(storage, "no/f", true, &file), ATP_ERR_NOT_FOUND);
    file = must_open(storage, "f", true);
    assert_int_equal(storage->write_at(storage, file, 0, "abc", 3), ATP_OK);
    storage->close(storage, file);
    file = must_open(storage, "f", true);
    assert_int_equal(storage->size(storage, file, &size), ATP_OK);
    assert_int_equal(size, 3);
    storage->close(storage, file);
}

typedef struct listing {
    unsigned count;
    char last[64];
} listing_t;

static void note_name(void *context, const char *name)
{
    listing_t *listing = context;

    listing->count++;
    snprintf(listing->last, sizeof listing->last, "%s", name);
}

static unsigned count_names(atp_storage_t *storage, const char *folder, const char *expected)
{
    listing_t listing = {0};

    assert_int_equal(storage->list(storage, folder, note_name, &listing), ATP_OK);
    if (listing.count == 1) {
        assert_string_equal(listing.last, expected);
    }
    return listing.count;
}

static void folders_list_their_own_names_only(void **state)
{
    atp_storage_t *storage = storage_of(state);
    listing_t listing = {0};

    assert_int_equal(storage->list(storage, "d", note_name, &listing), ATP_ERR_NOT_FOUND);
    assert_int_equal(storage->sync_folder(storage, "d"), ATP_ERR_NOT_FOUND);
    assert_int_equal(storage->make_folder(storage, "d"), ATP_OK);
    assert_int_equal(storage->make_folder(storage, "d"), ATP_OK);
    assert_int_equal(count_names(storage, "d", ""), 0);
    assert_int_equal(count_names(storage, ".", "d"), 1);
    storage->close(storage, must_open(storage, "d/one", true));
    assert_int_equal(count_names(storage, "d", "one"), 1);
    assert_int_equal(count_names(storage, ".", "d"), 1);
    assert_int_equal(storage->sync_folder(storage, "d"), ATP_OK);
    assert_int_equal(storage->sync_folder(storage, "."), ATP_OK);
}

static void a_rename_replaces_and_a_removal_leaves_open_files_alone(void **state)
{
    atp_storage_t *storage = storage_of(state);
    atp_file_t *a = must_open(storage, "a", true);
    atp_file_t *b = must_open(storage, "b", true);
    atp_file_t *again = NULL;
    char byte = 0;
    size_t got = 0;

    assert_int_equal(storage->write_at(storage, a, 0, "a", 1), ATP_OK);
    assert_int_equal(storage->write_at(storage, b, 0, "b", 1), ATP_OK);
    assert_int_equal(storage->rename(storage, "a", "b"), ATP_OK);
    assert_int_equal(storage->rename(storage, "a", "b"), ATP_ERR_NOT_FOUND);
    again = must_open(storage, "b", false);
    assert_int_equal(storage->read_at(storage, again, 0, &byte, 1, &got), ATP_OK);
    assert_int_equal(byte, 'a');
    assert_int_equal(storage->remove(storage, "b"), ATP_OK);
    assert_int_equal(storage->remove(storage, "b"), ATP_ERR_NOT_FOUND);
    assert_int_equal(storage->read_at(storage, b, 0, &byte, 1, &got), ATP_OK);
    assert_int_equal(byte, 'b');
    assert_int_equal(storage->write_at(storage, again, 0, "c", 1), ATP_OK);
    storage->close(storage, a);
    storage->close(storage, b);
    storage->close(storage, again);
}

static void free_space_is_told(void **state)
{
    atp_storage_t *storage = storage_of(state);
    uint64_t size = 0;

    assert_int_equal(storage->free_size(storage, &size), ATP_OK);
    assert_true(size > 0);
}

/* ---- the real one ---- */

static void the_root_is_created_and_may_be_opened_twice(void **state)
{
    const fixture_t *fixture = *state;
    atp_storage_t *first = NULL;
    atp_storage_t *second = NULL;
    char root[128];
    atp_why_t why = {{0}};
    struct stat status;

    snprintf(root, sizeof root, "%s/data", fixture->root);
    assert_int_equal(atp_storage_posix_open(root, &first, &why), ATP_OK);
    assert_int_equal(stat(root, &status), 0);
    assert_int_equal(status.st_mode & 07, 0); /* not for everybody's eyes */
    assert_int_equal(atp_storage_posix_open(root, &second, &why), ATP_OK);
    atp_storage_posix_close(first);
    atp_storage_posix_close(second);
    atp_storage_posix_close(NULL);
}

static void a_root_that_cannot_be_is_named(void **state)
{
    const fixture_t *fixture = *state;
    atp_storage_t *storage = NULL;
    atp_file_t *file = must_open(fixture->storage, "file", true);
    char root[128];
    atp_why_t why = {{0}};

    fixture->storage->close(fixture->storage, file);
    snprintf(root, sizeof root, "%s/no/data", fixture->root);
    assert_int_equal(atp_storage_posix_open(root, &storage, &why), ATP_ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, root));
    snprintf(root, sizeof root, "%s/file", fixture->root);
    assert_int_equal(atp_storage_posix_open(root, &storage, &why), ATP_ERR_IO);
    assert_non_null(strstr(why.text, "Not a directory"));
}

/* A limit on file sizes stands for a disk that fails in the middle of a write. */
static void a_write_that_the_system_refuses_is_an_error(void **state)
{
    atp_storage_t *storage = storage_of(state);
    atp_file_t *file = must_open(storage, "f", true);
    const struct rlimit small = {1000, RLIM_INFINITY};
    struct rlimit before;
    static char bytes[5000];

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    atp_err_t err = storage->write_at(storage, file, 0, bytes, sizeof bytes);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(err, ATP_ERR_IO);
    storage->close(storage, file);
}

static void a_full_device_is_told_from_a_broken_one(void **state)
{
    atp_storage_t *storage = NULL;
    atp_why_t why;

    (void)state;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_int_equal(atp_storage_posix_open("/dev", &storage, &why), ATP_OK);
    atp_file_t *file = must_open(storage, "full", false);
    assert_int_equal(storage->write_at(storage, file, 0, "x", 1), ATP_ERR_NO_SPACE);
    storage->close(storage, file);
    atp_storage_posix_close(storage);
}

static void a_path_that_leaves_the_root_or_is_too_long_is_a_bug(void **state)
{
    atp_storage_t *storage = storage_of(state);
    char path[ATP_PATH_SIZE_MAX + 1];

    memset(path, 'x', sizeof path);
    path[ATP_PATH_SIZE_MAX] = '\0';
    assert_aborts((void)storage->remove(storage, "/etc/none"));
    assert_aborts((void)storage->remove(storage, ""));
    assert_aborts((void)storage->remove(storage, path));
}

#define BOTH(test)                                                                                           \
    cmocka_unit_test_setup_teardown(test, open_real, close_fixture),                                         \
        cmocka_unit_test_setup_teardown(test, open_simulated, close_fixture)
#define REAL(test) cmocka_unit_test_setup_teardown(test, open_real, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(what_is_written_is_read_and_reading_stops_at_the_end),
        BOTH(opening_does_not_create_or_empty_unless_asked),
        BOTH(folders_list_their_own_names_only),
        BOTH(a_rename_replaces_and_a_removal_leaves_open_files_alone),
        BOTH(free_space_is_told),
        REAL(the_root_is_created_and_may_be_opened_twice),
        REAL(a_root_that_cannot_be_is_named),
        REAL(a_write_that_the_system_refuses_is_an_error),
        REAL(a_full_device_is_told_from_a_broken_one),
        REAL(a_path_that_leaves_the_root_or_is_too_long_is_a_bug),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

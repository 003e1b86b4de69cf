/* What waits of paused sources, on disk: it is read again as it was put, until it is dropped. */
#include "tests/test.h"

#include "tools/atpd/facts/backlog.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 16
#define PATH_SIZE 96

typedef struct rig {
    char folder[32];
    atp_backlog_t *backlog;
    char read[512]; /* all messages read, each with a ';' */
    atp_backlog_file_t *files[FILES_MAX];
    unsigned count;
} rig_t;

static void take(void *context, const uint8_t *bytes, size_t size, atp_backlog_file_t *file)
{
    rig_t *rig = context;
    size_t at = strlen(rig->read);

    assert_true(rig->count < FILES_MAX);
    rig->files[rig->count++] = file;
    (void)snprintf(rig->read + at, sizeof rig->read - at, "%.*s;", (int)(size < 32 ? size : 32),
                   (const char *)bytes);
}

static void open_backlog(rig_t *rig)
{
    atp_why_t why;

    if (atp_backlog_open(rig->folder, &rig->backlog, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    rig->read[0] = '\0';
    rig->count = 0;
    assert_int_equal(atp_backlog_read(rig->backlog, take, rig), ATP_OK);
}

/* As after a kill: nothing is tidied up. */
static void open_again(rig_t *rig)
{
    atp_backlog_close(rig->backlog);
    open_backlog(rig);
}

static int set_up(void **state)
{
    rig_t *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    (void)strcpy(rig->folder, "/tmp/atp-backlog-XXXXXX");
    assert_non_null(mkdtemp(rig->folder));
    open_backlog(rig);
    assert_string_equal(rig->read, "");
    *state = rig;
    return 0;
}

static DIR *open_files(const rig_t *rig)
{
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof path, "%s/waiting", rig->folder);
    DIR *entries = opendir(path);
    assert_non_null(entries);
    return entries;
}

/* How many files there are, and the path of the last one seen. */
static unsigned count_files(const rig_t *rig, char ret_path[PATH_SIZE])
{
    DIR *entries = open_files(rig);
    unsigned count = 0;

    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(ret_path, PATH_SIZE, "%s/waiting/%.24s", rig->folder, entry->d_name);
            count++;
        }
    }
    (void)closedir(entries);
    return count;
}

static int tear_down(void **state)
{
    rig_t *rig = *state;
    char path[PATH_SIZE];

    atp_backlog_close(rig->backlog);
    while (count_files(rig, path) > 0) {
        assert_int_equal(unlink(path), 0);
    }
    (void)snprintf(path, sizeof path, "%s/waiting", rig->folder);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(rig->folder), 0);
    free(rig);
    return 0;
}

static atp_backlog_file_t *put(rig_t *rig, uint32_t source, const char *text)
{
    return atp_backlog_put(rig->backlog, source, (const uint8_t *)text, strlen(text));
}

static void what_was_put_is_read_again_in_its_order(void **state)
{
    rig_t *rig = *state;

    assert_non_null(put(rig, 3, "one"));
    assert_non_null(put(rig, 3, "two"));
    assert_non_null(put(rig, 4, "other"));
    assert_non_null(put(rig, 3, ""));
    assert_true(atp_backlog_sync(rig->backlog));
    open_again(rig);
    assert_string_equal(rig->read, "one;two;;other;");
    assert_non_null(put(rig, 3, "later"));
    assert_true(atp_backlog_sync(rig->backlog));
    open_again(rig);
    assert_string_equal(rig->read, "one;two;;other;later;");
}

static void a_file_goes_when_nothing_of_it_is_needed(void **state)
{
    rig_t *rig = *state;
    char path[PATH_SIZE];

    atp_backlog_file_t *one = put(rig, 3, "one");
    atp_backlog_file_t *two = put(rig, 3, "two");
    atp_backlog_file_t *other = put(rig, 4, "other");
    assert_true(one == two && one != other);
    assert_true(atp_backlog_sync(rig->backlog));
    assert_false(atp_backlog_drop(one));
    atp_backlog_sweep(rig->backlog);
    assert_int_equal(count_files(rig, path), 2); /* the second is needed */
    assert_true(atp_backlog_drop(two));
    atp_backlog_sweep(rig->backlog);
    assert_int_equal(count_files(rig, path), 1);
    assert_non_null(put(rig, 3, "three")); /* in a file of its own */
    assert_true(atp_backlog_sync(rig->backlog));
    open_again(rig);
    assert_string_equal(rig->read, "other;three;");
    for (unsigned i = 0; i < rig->count; i++) {
        assert_true(atp_backlog_drop(rig->files[i]));
    }
    open_again(rig);
    assert_string_equal(rig->read, "");
    assert_int_equal(count_files(rig, path), 0);
}

static void a_full_file_is_followed_by_another(void **state)
{
    rig_t *rig = *state;
    char path[PATH_SIZE];
    static uint8_t large[3 << 20];

    memset(large, 'x', sizeof large);
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(atp_backlog_put(rig->backlog, 3, large, sizeof large));
    }
    assert_non_null(put(rig, 3, "end"));
    assert_true(atp_backlog_sync(rig->backlog));
    assert_int_equal(count_files(rig, path), 2);
    open_again(rig);
    assert_int_equal(rig->count, 4);
    assert_string_equal(rig->read + strlen(rig->read) - 4, "end;");
}

/* Whatever is left of a record that was being written, nothing before it is lost. */
static void what_was_cut_while_it_was_written_is_none(void **state)
{
    rig_t *rig = *state;
    char path[PATH_SIZE];
    struct stat status;

    assert_non_null(put(rig, 3, "one"));
    assert_non_null(put(rig, 3, "two"));
    assert_true(atp_backlog_sync(rig->backlog));
    assert_int_equal(count_files(rig, path), 1);
    assert_int_equal(stat(path, &status), 0);
    for (off_t size = status.st_size - 1; size >= status.st_size - 19; size--) {
        assert_int_equal(truncate(path, size), 0);
        open_again(rig);
        assert_string_equal(rig->read, "one;");
    }
    assert_non_null(put(rig, 3, "three"));
    assert_true(atp_backlog_sync(rig->backlog));
    open_again(rig);
    assert_string_equal(rig->read, "one;three;");
}

static void a_record_with_another_byte_in_it_is_none(void **state)
{
    rig_t *rig = *state;
    char path[PATH_SIZE];

    assert_non_null(put(rig, 3, "one"));
    assert_non_null(put(rig, 3, "two"));
    assert_true(atp_backlog_sync(rig->backlog));
    assert_int_equal(count_files(rig, path), 1);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "T", 1, 19 + 16), 1);
    (void)close(fd);
    open_again(rig);
    assert_string_equal(rig->read, "one;");
}

static void on_a_full_disk_nothing_is_kept_and_what_was_stays(void **state)
{
    rig_t *rig = *state;
    struct rlimit before;
    struct rlimit none;

    assert_non_null(put(rig, 3, "one"));
    assert_true(atp_backlog_sync(rig->backlog));
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 19 + 8; /* within the head of the next record */
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    atp_backlog_file_t *two = put(rig, 3, "two");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_null(two);
    assert_non_null(put(rig, 3, "three"));
    assert_true(atp_backlog_sync(rig->backlog));
    open_again(rig);
    assert_string_equal(rig->read, "one;three;");
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    atp_backlog_t *backlog = NULL;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_backlog_open("/no/such/folder", &backlog, &why), ATP_ERR_IO);
    assert_non_null(strstr(why.text, "/no/such/folder/waiting"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(what_was_put_is_read_again_in_its_order),
        WITH_FOLDER(a_file_goes_when_nothing_of_it_is_needed),
        WITH_FOLDER(a_full_file_is_followed_by_another),
        WITH_FOLDER(what_was_cut_while_it_was_written_is_none),
        WITH_FOLDER(a_record_with_another_byte_in_it_is_none),
        WITH_FOLDER(on_a_full_disk_nothing_is_kept_and_what_was_stays),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests_name("tools.atpd.backlog", tests, NULL, NULL);
}

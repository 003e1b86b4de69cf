#include "tests/test.h"
#include "tools/atpd/notify.h"

#include <stdbool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static int manager = -1;

/* Stands in for the service manager. */
static int listen_as_manager(void **state)
{
    struct sockaddr_un place = {.sun_family = AF_UNIX};
    static int number;

    (void)state;
    snprintf(place.sun_path, sizeof place.sun_path, "/tmp/atpd-notify-%d-%d", getpid(), number++);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (manager < 0 || bind(manager, (struct sockaddr *)&place, sizeof place) != 0) {
        return 1;
    }
    return setenv("NOTIFY_SOCKET", place.sun_path, 1);
}

static int forget_manager(void **state)
{
    (void)state;
    unlink(getenv("NOTIFY_SOCKET"));
    close(manager);
    return unsetenv("NOTIFY_SOCKET") | unsetenv("WATCHDOG_USEC") | unsetenv("WATCHDOG_PID");
}

static const char *heard(void)
{
    static char text[1024];
    ssize_t size = recv(manager, text, sizeof text - 1, 0); /* local and sent already: no need to wait */

    text[size < 0 ? 0 : size] = '\0';
    return text;
}

static void each_notice_is_what_systemd_expects(void **state)
{
    (void)state;
    atp_notify_status("replaying the journal, %d %%", 40);
    assert_string_equal(heard(), "STATUS=replaying the journal, 40 %");
    atp_notify_ready();
    assert_string_equal(heard(), "READY=1");
    atp_notify_extend(5000000);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=5000000");
    atp_notify_alive();
    assert_string_equal(heard(), "WATCHDOG=1");
    atp_notify_stopping();
    assert_string_equal(heard(), "STOPPING=1");
    assert_string_equal(heard(), "");
}

static void a_status_cannot_smuggle_in_another_message(void **state)
{
    char endless[2 * ATP_NOTIFY_STATUS_SIZE];

    (void)state;
    atp_notify_status("%s", "loading\nREADY=1\r\x1b\x7f!");
    assert_string_equal(heard(), "STATUS=loading READY=1   !");
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    atp_notify_status("%s", endless);
    assert_int_equal(strlen(heard()), strlen("STATUS=") + ATP_NOTIFY_STATUS_SIZE - 1);
}

static void the_watchdog_is_on_only_when_it_is_meant_for_this_process(void **state)
{
    char pid[16];

    (void)state;
    assert_int_equal(atp_notify_watchdog_us(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
    assert_int_equal(atp_notify_watchdog_us(), 30000000);
    snprintf(pid, sizeof pid, "%d", getpid());
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(atp_notify_watchdog_us(), 30000000);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
    assert_int_equal(atp_notify_watchdog_us(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1) | unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(atp_notify_watchdog_us(), 0);
}

static void without_a_manager_nothing_happens(void **state)
{
    char *socket_path = strdup(getenv("NOTIFY_SOCKET"));

    (void)state;
    assert_non_null(socket_path);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    atp_notify_ready();
    atp_notify_status("%s", "x");
    assert_int_equal(setenv("NOTIFY_SOCKET", "/tmp/atpd-notify-nobody", 1), 0);
    atp_notify_ready(); /* the manager is gone: no harm */
    assert_string_equal(heard(), "");
    assert_int_equal(setenv("NOTIFY_SOCKET", socket_path, 1), 0);
    free(socket_path);
}

static void systemd_accepts_the_unit_file(void **state)
{
    char line[512];
    int complaints = 0;

    (void)state;
    if (access("/usr/bin/systemd-analyze", X_OK) != 0) {
        print_message("systemd-analyze is not here: skipped\n");
        skip();
    }
    FILE *verify =
        popen("/usr/bin/systemd-analyze verify " ATP_SOURCE_FOLDER "/tools/atpd/atpd.service 2>&1", "r");
    assert_non_null(verify);
    while (fgets(line, sizeof line, verify) != NULL) {
        bool is_ours = strstr(line, "atpd.service") != NULL;
        if (is_ours && strstr(line, "/usr/bin/atpd is not executable") == NULL) { /* not installed here */
            print_message("%s", line);
            complaints++;
        }
    }
    (void)pclose(verify); /* fails for the program that is not installed */
    assert_int_equal(complaints, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, listen_as_manager, forget_manager)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_notice_is_what_systemd_expects),
        TEST(a_status_cannot_smuggle_in_another_message),
        TEST(the_watchdog_is_on_only_when_it_is_meant_for_this_process),
        TEST(without_a_manager_nothing_happens),
        cmocka_unit_test(systemd_accepts_the_unit_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

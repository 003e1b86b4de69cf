#include "tests/test.h"
#include "tools/atpd/metrics/http.h"

#include "tools/atpd/config/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

typedef struct fixture {
    atp_metrics_t *metrics;
    atp_http_t *http;
    _Atomic bool is_ready;
} fixture_t;

static bool ready_or_not(void *context, atp_why_t *ret_why)
{
    if (!atp_load_relaxed(&((fixture_t *)context)->is_ready)) {
        (void)atp_fail(ret_why, ATP_ERR_BUSY, "replaying the journal");
        return false;
    }
    return true;
}

static int start(void **state)
{
    fixture_t *fixture = calloc(1, sizeof *fixture);
    atp_why_t why;

    if (fixture == NULL) {
        return 1;
    }
    *state = fixture;
    fixture->metrics = atp_metrics_create("test");
    atp_http_options_t options = {"127.0.0.1:0", fixture->metrics, ready_or_not, fixture};
    return fixture->metrics == NULL || atp_http_open(&options, &fixture->http, &why) != ATP_OK;
}

static int stop(void **state)
{
    fixture_t *fixture = *state;

    atp_http_close(fixture->http);
    atp_metrics_destroy(fixture->metrics);
    free(fixture);
    return 0;
}

static int dial(const fixture_t *fixture)
{
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(atp_http_port(fixture->http))};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&place, sizeof place), 0);
    return fd;
}

/* Sends `bytes`, returns all that comes back until the other side closes. */
static const char *exchange(const fixture_t *fixture, const char *bytes, size_t size)
{
    static char answer[1 << 18];
    size_t got = 0;
    ssize_t some;
    int fd = dial(fixture);

    for (size_t sent = 0; sent < size; sent += (size_t)some) {
        some = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (some <= 0) {
            break; /* it may close before it has read all: what it said is still there */
        }
    }
    while (got < sizeof answer - 1 && (some = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0) {
        got += (size_t)some;
    }
    answer[got] = '\0';
    close(fd);
    return answer;
}

static const char *request(const fixture_t *fixture, const char *first_line, const char *headers)
{
    char text[1024];
    int size = snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
                        first_line, headers);

    return exchange(fixture, text, (size_t)size);
}

static void assert_status(const char *answer, const char *status)
{
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0) {
        fail_msg("wanted %s, got: %.200s", status, answer);
    }
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void metrics_are_served_as_prometheus_text(void **state)
{
    fixture_t *fixture = *state;

    atp_metrics_add(fixture->metrics, ATP_METRIC_READS, 0, 42);
    const char *answer = request(fixture, "GET /metrics", "");
    assert_status(answer, "200");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_non_null(strstr(body_of(answer), "\natpd_reads_total 42\n"));
    assert_status(request(fixture, "GET /metrics?x=1", ""), "200");
}

static void health_and_readiness_are_told_apart(void **state)
{
    fixture_t *fixture = *state;
    const char *answer = request(fixture, "GET /healthz", "");

    assert_status(answer, "200");
    assert_string_equal(body_of(answer), "ok\n");
    answer = request(fixture, "GET /readyz", "");
    assert_status(answer, "503");
    assert_string_equal(body_of(answer), "replaying the journal\n");
    atp_store_relaxed(&fixture->is_ready, true);
    assert_status(request(fixture, "GET /readyz", ""), "200");
    atp_store_relaxed(&fixture->is_ready, false); /* and back: stopping, or the disk is full */
    assert_status(request(fixture, "GET /readyz", ""), "503");
}

static void head_has_the_headers_and_no_body(void **state)
{
    const char *answer = request(*state, "HEAD /healthz", "");

    assert_status(answer, "200");
    assert_non_null(strstr(answer, "Content-Length: 3\r\n"));
    assert_string_equal(body_of(answer), "");
}

static void other_pages_are_not_found(void **state)
{
    const char *const lines[] = {"GET /", "GET /metrics/", "GET /METRICS", "GET /../etc/passwd",
                                 "GET /metrics%00"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_status(request(*state, lines[i], ""), "404");
    }
}

static void other_methods_are_not_allowed_and_told_which_are(void **state)
{
    const char *const lines[] = {"POST /metrics", "PUT /healthz", "DELETE /metrics", "OPTIONS /",
                                 "BREW /metrics"};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *answer = request(*state, lines[i], "Content-Length: 0\r\n");
        assert_status(answer, "405");
        assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
    }
}

static void a_body_is_refused_unread(void **state)
{
    assert_status(request(*state, "GET /metrics", "Content-Length: 99999999999\r\n"), "413");
    assert_status(request(*state, "GET /metrics", "Transfer-Encoding: chunked\r\n"), "413");
    assert_status(request(*state, "GET /healthz", ""), "200");
}

static void endless_headers_and_garbage_do_not_stop_the_service(void **state)
{
    const size_t size = 4 * ATP_HTTP_REQUEST_SIZE_MAX;
    char *bytes = malloc(size);
    uint64_t seed = 7;

    assert_non_null(bytes);
    memset(bytes, 'a', size);
    memcpy(bytes, "GET /metrics HTTP/1.1\r\nX: ", 26);
    assert_null(strstr(exchange(*state, bytes, size), "HTTP/1.1 200"));
    memcpy(bytes, "GET /aaaaa", 10);
    assert_null(strstr(exchange(*state, bytes, size), "HTTP/1.1 200"));
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 512; i++) {
            bytes[i] = (char)test_random(&seed);
        }
        memcpy(bytes + 508, "\r\n\r\n", 4);
        int fd = dial(*state);
        (void)send(fd, bytes, 512, MSG_NOSIGNAL);
        close(fd);
    }
    free(bytes);
    assert_status(request(*state, "GET /healthz", ""), "200");
}

static void a_flood_of_idle_connections_is_bounded_and_service_returns(void **state)
{
    int fd[4 * ATP_HTTP_CONNECTIONS_MAX];

    for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        fd[i] = dial(*state);
    }
    for (size_t i = 0; i < sizeof fd / sizeof fd[0]; i++) {
        close(fd[i]);
    }
    assert_status(request(*state, "GET /healthz", ""), "200");
}

static void an_address_in_use_or_wrong_is_a_named_error(void **state)
{
    fixture_t *fixture = *state;
    char address[32];
    atp_http_t *http = NULL;
    atp_why_t why;
    atp_http_options_t options = {address, fixture->metrics, NULL, NULL};

    snprintf(address, sizeof address, "127.0.0.1:%u", atp_http_port(fixture->http));
    assert_int_equal(atp_http_open(&options, &http, &why), ATP_ERR_EXISTS);
    assert_non_null(strstr(why.text, address));
    assert_non_null(strstr(why.text, "Address already in use"));
    strcpy(address, "localhost:80");
    assert_int_equal(atp_http_open(&options, &http, &why), ATP_ERR_INVALID);
    strcpy(address, "192.0.2.1:0"); /* not ours */
    assert_int_equal(atp_http_open(&options, &http, &why), ATP_ERR_IO);
    assert_null(http);
}

static void without_anyone_to_ask_it_is_never_ready(void **state)
{
    fixture_t other = {.metrics = ((fixture_t *)*state)->metrics};
    atp_http_options_t options = {"127.0.0.1:0", other.metrics, NULL, NULL};
    atp_why_t why;

    assert_int_equal(atp_http_open(&options, &other.http, &why), ATP_OK);
    assert_status(request(&other, "GET /readyz", ""), "503");
    atp_http_close(other.http);
    atp_http_close(NULL);
}

static void addresses_are_numbers_and_nothing_else(void **state)
{
    const char *const good[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::1]:7413", "[::]:1"};
    const char *const bad[] = {
        "",         ":",          "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "::1:80",   "[::1]",      "[::1:80",   "::1]:80",    "[127.0.0.1]:80",  "[]:80",
        "1.2.3:80", "host:80",    "[::1]80",   "1.2.3.4:8 ", " 1.2.3.4:8",      "[",
        "]:1",      "1.2.3.4:1:2"};
    struct sockaddr_storage place;
    socklen_t size;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(atp_address_parse(good[i], &place, &size));
    }
    assert_int_equal(atp_address_port(&place), 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(atp_address_parse(bad[i], &place, &size));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(metrics_are_served_as_prometheus_text),
        TEST(health_and_readiness_are_told_apart),
        TEST(head_has_the_headers_and_no_body),
        TEST(other_pages_are_not_found),
        TEST(other_methods_are_not_allowed_and_told_which_are),
        TEST(a_body_is_refused_unread),
        TEST(endless_headers_and_garbage_do_not_stop_the_service),
        TEST(a_flood_of_idle_connections_is_bounded_and_service_returns),
        TEST(an_address_in_use_or_wrong_is_a_named_error),
        TEST(without_anyone_to_ask_it_is_never_ready),
        cmocka_unit_test(addresses_are_numbers_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

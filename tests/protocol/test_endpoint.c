#include "engine/base/atomics.h"
#include "protocol/endpoint.h"
#include "tests/protocol/nng_leaks.h"
#include "tests/protocol/raw_peer.h"
#include "tests/test.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 10000 /* a bound for what must come; nothing takes that long */

/* ---- a bare REQ peer ---- */

static nng_socket dial(const char *scheme_host, uint16_t port)
{
    nng_socket socket;
    char url[64];

    (void)snprintf(url, sizeof url, "%s:%u", scheme_host, port);
    assert_int_equal(nng_req0_open(&socket), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE), 0);
    assert_int_equal(nng_socket_set_ms(socket, NNG_OPT_RECVTIMEO, WAIT_MS), 0);
    assert_int_equal(nng_dial(socket, url, NULL, 0), 0);
    return socket;
}

static void ask(nng_socket socket, const void *bytes, size_t size)
{
    assert_int_equal(nng_send(socket, (void *)(uintptr_t)bytes, size, 0), 0);
}

static void expect_reply(nng_socket socket, const void *bytes, size_t size)
{
    char *reply;
    size_t reply_size;

    assert_int_equal(nng_recv(socket, &reply, &reply_size, NNG_FLAG_ALLOC), 0);
    assert_int_equal(reply_size, size);
    assert_memory_equal(reply, bytes, size);
    nng_free(reply, reply_size);
}

/* ---- handlers ---- */

static void echo(void *context, atp_exchange_t *exchange)
{
    size_t size;
    const uint8_t *request = atp_exchange_request(exchange, &size);
    uint8_t *reply;

    (void)context;
    if (atp_exchange_reserve(exchange, size, &reply) != ATP_OK) {
        atp_exchange_drop(exchange);
        return;
    }
    memcpy(reply, request, size);
    atp_exchange_send(exchange, size);
}

static void drop(void *context, atp_exchange_t *exchange)
{
    (void)context;
    atp_exchange_drop(exchange);
}

/* Keeps exchanges for the test to answer. */
typedef struct desk {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    atp_exchange_t *kept[64];
    size_t count;
} desk_t;

static void desk_init(desk_t *desk)
{
    memset(desk, 0, sizeof *desk);
    assert_int_equal(pthread_mutex_init(&desk->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&desk->changed, NULL), 0);
}

static void keep(void *context, atp_exchange_t *exchange)
{
    desk_t *desk = context;

    (void)pthread_mutex_lock(&desk->mutex);
    ATP_ASSERT(desk->count < 64);
    desk->kept[desk->count++] = exchange;
    (void)pthread_cond_broadcast(&desk->changed);
    (void)pthread_mutex_unlock(&desk->mutex);
}

/* Waits until `count` exchanges are kept. */
static void wait_kept(desk_t *desk, size_t count)
{
    (void)pthread_mutex_lock(&desk->mutex);
    while (desk->count < count) {
        (void)pthread_cond_wait(&desk->changed, &desk->mutex);
    }
    (void)pthread_mutex_unlock(&desk->mutex);
}

static void answer(atp_exchange_t *exchange, const char *text)
{
    uint8_t *bytes;

    assert_int_equal(atp_exchange_reserve(exchange, strlen(text), &bytes), ATP_OK);
    memcpy(bytes, text, strlen(text));
    atp_exchange_send(exchange, strlen(text));
}

static atp_server_t *open_server(atp_server_handler_t handler, void *context, uint32_t exchange_count,
                                 size_t message_size_max)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    atp_server_options_t options = {.urls = urls,
                                    .url_count = 1,
                                    .exchange_count = exchange_count,
                                    .message_size_max = message_size_max,
                                    .handler = handler,
                                    .context = context};
    atp_server_t *server = NULL;
    atp_why_t why;

    assert_int_equal(atp_server_open(&options, &server, &why), ATP_OK);
    assert_int_not_equal(atp_server_port(server, 0), 0);
    return server;
}

/* ---- server ---- */

static void a_request_gets_the_reply_of_the_handler(void **state)
{
    atp_server_t *server = open_server(echo, NULL, 0, 0);
    nng_socket peer = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    atp_server_counters_t counters;

    (void)state;
    for (int i = 0; i < 100; i++) {
        ask(peer, &i, sizeof i);
        expect_reply(peer, &i, sizeof i);
    }
    (void)nng_close(peer);
    atp_server_drain(server);
    atp_server_read_counters(server, &counters);
    assert_int_equal(counters.received, 100);
    assert_int_equal(counters.dropped, 0);
    assert_int_equal(counters.connections_opened, 1);
    atp_server_close(server);
}

static void one_server_answers_on_all_its_urls(void **state)
{
    char ipc[64];
    const char *urls[] = {"tcp://127.0.0.1:0", ipc, "inproc://test-endpoint"};
    atp_server_options_t options = {.urls = urls, .url_count = 3, .handler = echo};
    atp_server_t *server;
    atp_why_t why;

    (void)state;
    (void)snprintf(ipc, sizeof ipc, "ipc:///tmp/atp-test-endpoint-%d", (int)getpid());
    assert_int_equal(atp_server_open(&options, &server, &why), ATP_OK);
    assert_int_equal(atp_server_port(server, 1), 0);
    assert_int_equal(atp_server_port(server, 9), 0);
    for (int i = 1; i < 3; i++) {
        nng_socket peer;

        assert_int_equal(nng_req0_open(&peer), 0);
        assert_int_equal(nng_dial(peer, urls[i], NULL, 0), 0);
        ask(peer, "x", 1);
        expect_reply(peer, "x", 1);
        (void)nng_close(peer);
    }
    atp_server_close(server);
}

static void a_kept_exchange_is_answered_later_from_another_thread(void **state)
{
    desk_t desk;
    atp_server_t *server;
    nng_socket first;
    nng_socket second;

    (void)state;
    desk_init(&desk);
    server = open_server(keep, &desk, 4, 0);
    first = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    second = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    ask(first, "a", 1);
    wait_kept(&desk, 1);
    ask(second, "b", 1);
    wait_kept(&desk, 2);
    assert_int_not_equal(atp_exchange_index(desk.kept[0]), atp_exchange_index(desk.kept[1]));
    assert_int_not_equal(atp_exchange_peer(desk.kept[0]), atp_exchange_peer(desk.kept[1]));
    answer(desk.kept[1], "to second");
    expect_reply(second, "to second", 9);
    answer(desk.kept[0], "to first");
    expect_reply(first, "to first", 8);
    (void)nng_close(first);
    (void)nng_close(second);
    atp_server_close(server);
}

static void reserving_more_keeps_what_was_written(void **state)
{
    desk_t desk;
    atp_server_t *server;
    nng_socket peer;
    uint8_t *bytes;
    uint8_t *expected = malloc(100000);

    (void)state;
    assert_non_null(expected);
    memset(expected, 'z', 100000);
    memcpy(expected, "begin", 5);
    desk_init(&desk);
    server = open_server(keep, &desk, 1, 0);
    peer = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    ask(peer, "a", 1);
    wait_kept(&desk, 1);
    assert_int_equal(atp_exchange_reserve(desk.kept[0], 5, &bytes), ATP_OK);
    memcpy(bytes, "begin", 5);
    assert_int_equal(atp_exchange_reserve(desk.kept[0], 200000, &bytes), ATP_OK);
    assert_memory_equal(bytes, "begin", 5);
    memset(bytes + 5, 'z', 200000 - 5);
    atp_exchange_send(desk.kept[0], 100000);
    expect_reply(peer, expected, 100000);
    (void)nng_close(peer);
    atp_server_close(server);
    free(expected);
}

static void a_dropped_exchange_is_free_for_the_next_request(void **state)
{
    atp_server_t *server = open_server(drop, NULL, 1, 0);
    nng_socket peer = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    atp_server_counters_t counters = {0};

    (void)state;
    for (int i = 0; i < 10; i++) {
        ask(peer, "x", 1); /* a new request gives up the one before */
    }
    while (counters.dropped < 10) {
        atp_server_read_counters(server, &counters);
    }
    atp_server_read_counters(server, &counters);
    assert_int_equal(counters.received, 10);
    assert_int_equal(counters.replied, 0);
    (void)nng_close(peer);
    atp_server_close(server);
}

static void when_all_exchanges_are_taken_requests_wait_and_none_is_lost(void **state)
{
    desk_t desk;
    atp_server_t *server;
    nng_socket peers[6];

    (void)state;
    desk_init(&desk);
    server = open_server(keep, &desk, 2, 0);
    for (int i = 0; i < 6; i++) {
        peers[i] = dial("tcp://127.0.0.1", atp_server_port(server, 0));
        ask(peers[i], "x", 1);
    }
    for (size_t i = 0; i < 6; i++) {
        wait_kept(&desk, i + 1);
        answer(desk.kept[i], "y");
    }
    for (int i = 0; i < 6; i++) {
        expect_reply(peers[i], "y", 1);
        (void)nng_close(peers[i]);
    }
    atp_server_close(server);
}

static void a_request_above_the_limit_loses_its_connection_and_no_other(void **state)
{
    static const uint8_t announced[9] = {0, 0, 0, 0, 0, 0, 0x07, 0xd0, 0x80}; /* 2,000 bytes, and the first */
    static const uint8_t absurd[9] = {0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80};
    atp_server_t *server = open_server(echo, NULL, 4, 1000);
    nng_socket good = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    uint8_t large[900] = {0};

    (void)state;
    raw_peer_expect_closed(raw_peer_say(atp_server_port(server, 0), announced, sizeof announced));
    raw_peer_expect_closed(raw_peer_say(atp_server_port(server, 0), absurd, sizeof absurd));
    ask(good, large, sizeof large);
    expect_reply(good, large, sizeof large);
    (void)nng_close(good);
    atp_server_close(server);
}

static void a_connection_above_the_limit_is_refused(void **state)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    atp_server_options_t options = {.urls = urls, .url_count = 1, .connection_max = 1, .handler = echo};
    atp_server_t *server;
    atp_server_counters_t counters = {0};
    nng_socket first;
    int second;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_server_open(&options, &server, &why), ATP_OK);
    first = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    ask(first, "x", 1);
    expect_reply(first, "x", 1);
    second = raw_peer_say(atp_server_port(server, 0), NULL, 0);
    while (counters.connections_refused == 0) {
        atp_server_read_counters(server, &counters);
    }
    ask(first, "y", 1);
    expect_reply(first, "y", 1);
    (void)nng_close(first);
    (void)close(second);
    atp_server_close(server);
}

static void reply_more_than_sockets_buffer(void *context, atp_exchange_t *exchange)
{
    const size_t size = 12u << 20;
    uint8_t *bytes;

    (void)context;
    ATP_ASSERT(atp_exchange_reserve(exchange, size, &bytes) == ATP_OK);
    atp_exchange_send(exchange, size);
}

static void a_peer_that_does_not_read_loses_its_connection_and_frees_its_exchanges(void **state)
{
    /* Length, id, body, three times: one reply is being written, two more take both exchanges. */
    static const uint8_t three[39] = {0, 0, 0, 0, 0, 0, 0, 5, 0x80, 0, 0, 1, 'x',
                                      0, 0, 0, 0, 0, 0, 0, 5, 0x80, 0, 0, 2, 'x',
                                      0, 0, 0, 0, 0, 0, 0, 5, 0x80, 0, 0, 3, 'x'};
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    atp_server_options_t options = {.urls = urls,
                                    .url_count = 1,
                                    .exchange_count = 2,
                                    .send_timeout_ms = 20,
                                    .handler = reply_more_than_sockets_buffer};
    atp_server_counters_t counters = {0};
    atp_server_t *server;
    nng_socket good;
    char *reply;
    size_t size;
    int stuck;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_server_open(&options, &server, &why), ATP_OK);
    stuck = raw_peer_say(atp_server_port(server, 0), three, sizeof three);
    good = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    while (counters.failed == 0) {
        atp_server_read_counters(server, &counters);
    }
    ask(good, "x", 1);
    assert_int_equal(nng_recv(good, &reply, &size, NNG_FLAG_ALLOC), 0);
    assert_int_equal(size, 12u << 20);
    nng_free(reply, size);
    while (counters.connections_now > 1) {
        atp_server_read_counters(server, &counters);
    }
    (void)close(stuck);
    (void)nng_close(good);
    atp_server_close(server);
}

static void after_drain_no_request_comes_but_those_in_work_are_answered(void **state)
{
    desk_t desk;
    atp_server_t *server;
    nng_socket first;
    nng_socket second;
    void *reply = NULL;
    size_t size;

    (void)state;
    desk_init(&desk);
    server = open_server(keep, &desk, 4, 0);
    first = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    second = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    ask(first, "a", 1);
    wait_kept(&desk, 1);
    atp_server_drain(server);
    ask(second, "b", 1);
    answer(desk.kept[0], "c");
    expect_reply(first, "c", 1);
    atp_server_close(server);
    assert_int_equal(desk.count, 1);
    assert_int_equal(nng_recv(second, &reply, &size, NNG_FLAG_ALLOC), NNG_ECONNRESET);
    (void)nng_close(first);
    (void)nng_close(second);
}

typedef struct late {
    desk_t *desk;
    atp_server_t *server;
    _Atomic bool is_closed;
} late_t;

static void *close_it(void *arg)
{
    late_t *late = arg;

    atp_server_close(late->server);
    atp_store_release(&late->is_closed, true); /* pairs with the load of the test: closed after the answer */
    return NULL;
}

static void close_waits_for_exchanges_in_work(void **state)
{
    desk_t desk;
    late_t late = {.desk = &desk};
    nng_socket peer;
    pthread_t thread;

    (void)state;
    desk_init(&desk);
    late.server = open_server(keep, &desk, 4, 0);
    peer = dial("tcp://127.0.0.1", atp_server_port(late.server, 0));
    ask(peer, "a", 1);
    wait_kept(&desk, 1);
    assert_int_equal(pthread_create(&thread, NULL, close_it, &late), 0);
    assert_false(atp_load_acquire(&late.is_closed));
    atp_exchange_drop(desk.kept[0]);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atp_load_acquire(&late.is_closed));
    (void)nng_close(peer);
}

static void giving_an_exchange_back_twice_is_a_bug(void **state)
{
    desk_t desk;
    atp_server_t *server;
    nng_socket peer;

    (void)state;
    desk_init(&desk);
    server = open_server(keep, &desk, 1, 0);
    peer = dial("tcp://127.0.0.1", atp_server_port(server, 0));
    ask(peer, "a", 1);
    wait_kept(&desk, 1);
    atp_server_drain(server); /* so that the exchange is not received into again */
    atp_exchange_drop(desk.kept[0]);
    assert_aborts(atp_exchange_drop(desk.kept[0]));
    (void)nng_close(peer);
    atp_server_close(server);
}

static void bad_urls_and_ranges_are_refused_by_name(void **state)
{
    static const struct {
        const char *url;
        atp_err_t err;
    } cases[] = {
        {"", ATP_ERR_INVALID},
        {"7411", ATP_ERR_INVALID},
        {"http://127.0.0.1:80", ATP_ERR_INVALID},
        {"tcp://127.0.0.1", ATP_ERR_INVALID},
        {"tcp://:7411", ATP_ERR_INVALID},
        {"tcp://127.0.0.1:70000", ATP_ERR_INVALID},
        {"tcp://127.0.0.1:74x", ATP_ERR_INVALID},
        {"tcp://no-such-host.invalid:7411", ATP_ERR_INVALID},
        {"ipc://", ATP_ERR_INVALID},
        {"ipc://relative", ATP_ERR_INVALID},
        {"inproc://", ATP_ERR_INVALID},
        {"ipc:///no/such/folder/socket", ATP_ERR_NOT_FOUND},
        {"tcp://"
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456"
         "78901234567890123456789:1",
         ATP_ERR_INVALID},
    };
    atp_server_t *server = NULL;
    atp_why_t why;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        atp_server_options_t options = {.urls = &cases[i].url, .url_count = 1, .handler = echo};

        bool is_long = strlen(cases[i].url) > 100;

        why.text[0] = '\0';
        assert_int_equal(atp_server_open(&options, &server, &why), cases[i].err);
        assert_non_null(strstr(why.text, cases[i].url[0] == '\0' ? "no URL"
                                         : is_long               ? "0123456789"
                                                                 : cases[i].url));
        assert_null(server);
    }
}

static void an_address_in_use_is_refused_by_name(void **state)
{
    atp_server_t *server = open_server(echo, NULL, 1, 0);
    atp_server_t *second = NULL;
    char url[64];
    const char *urls[] = {url};
    atp_server_options_t options = {.urls = urls, .url_count = 1, .handler = echo};
    atp_why_t why;

    (void)state;
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", atp_server_port(server, 0));
    assert_int_equal(atp_server_open(&options, &second, &why), ATP_ERR_EXISTS);
    assert_non_null(strstr(why.text, url));
    assert_null(second);
    atp_server_close(server);
}

static void options_outside_their_range_are_refused(void **state)
{
    static const char *const urls[] = {"inproc://test-range"};
    atp_server_options_t good = {.urls = urls, .url_count = 1, .handler = echo};
    atp_server_options_t bad[] = {good, good, good, good, good};
    atp_server_t *server = NULL;
    atp_why_t why;

    (void)state;
    bad[0].handler = NULL;
    bad[1].url_count = 0;
    bad[2].url_count = 17;
    bad[3].exchange_count = ATP_ENDPOINT_EXCHANGES_MAX + 1;
    bad[4].message_size_max = (size_t)ATP_MESSAGE_SIZE_MAX + 1;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(atp_server_open(&bad[i], &server, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    atp_server_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_gets_the_reply_of_the_handler),
        cmocka_unit_test(one_server_answers_on_all_its_urls),
        cmocka_unit_test(a_kept_exchange_is_answered_later_from_another_thread),
        cmocka_unit_test(reserving_more_keeps_what_was_written),
        cmocka_unit_test(a_dropped_exchange_is_free_for_the_next_request),
        cmocka_unit_test(when_all_exchanges_are_taken_requests_wait_and_none_is_lost),
        cmocka_unit_test(a_request_above_the_limit_loses_its_connection_and_no_other),
        cmocka_unit_test(a_connection_above_the_limit_is_refused),
        cmocka_unit_test(a_peer_that_does_not_read_loses_its_connection_and_frees_its_exchanges),
        cmocka_unit_test(after_drain_no_request_comes_but_those_in_work_are_answered),
        cmocka_unit_test(close_waits_for_exchanges_in_work),
        cmocka_unit_test(giving_an_exchange_back_twice_is_a_bug),
        cmocka_unit_test(bad_urls_and_ranges_are_refused_by_name),
        cmocka_unit_test(an_address_in_use_is_refused_by_name),
        cmocka_unit_test(options_outside_their_range_are_refused),
    };

    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    nng_fini(); /* waits for what NNG reaps in the background, so that only true leaks are left */
    return failed;
}

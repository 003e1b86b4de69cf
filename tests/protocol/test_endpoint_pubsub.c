#include "protocol/endpoint.h"
#include "tests/protocol/nng_leaks.h"
#include "tests/test.h"

#include <nng/nng.h>
#include <nng/protocol/pubsub0/pub.h>

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct inbox {
    pthread_mutex_t mutex;
    uint32_t last;
    bool is_in_order;
} inbox_t;

static void take_number(void *context, const uint8_t *bytes, size_t size)
{
    inbox_t *inbox = context;
    uint32_t number = 0;

    ATP_ASSERT(size == 4);
    memcpy(&number, bytes, 4);
    (void)pthread_mutex_lock(&inbox->mutex);
    inbox->is_in_order = inbox->is_in_order && number > inbox->last;
    inbox->last = number;
    (void)pthread_mutex_unlock(&inbox->mutex);
}

static void inbox_init(inbox_t *inbox)
{
    memset(inbox, 0, sizeof *inbox);
    inbox->is_in_order = true;
    assert_int_equal(pthread_mutex_init(&inbox->mutex, NULL), 0);
}

static uint32_t inbox_last(inbox_t *inbox)
{
    uint32_t last;

    (void)pthread_mutex_lock(&inbox->mutex);
    last = inbox->last;
    (void)pthread_mutex_unlock(&inbox->mutex);
    return last;
}

static void send_number(atp_pub_t *pub, uint32_t number)
{
    uint8_t *bytes;

    assert_int_equal(atp_pub_reserve(pub, 4, &bytes), ATP_OK);
    memcpy(bytes, &number, 4);
    assert_int_equal(atp_pub_send(pub, 4), ATP_OK);
}

static void what_is_published_reaches_a_subscriber_in_order(void **state)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    atp_pub_options_t pub_options = {.urls = urls, .url_count = 1};
    char url[64];
    const char *dial_urls[] = {url};
    inbox_t inbox;
    atp_sub_options_t sub_options = {
        .dial_urls = dial_urls, .dial_url_count = 1, .handler = take_number, .context = &inbox};
    atp_pub_t *pub;
    atp_sub_t *sub;
    atp_why_t why;

    (void)state;
    inbox_init(&inbox);
    assert_int_equal(atp_pub_open(&pub_options, &pub, &why), ATP_OK);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", atp_pub_port(pub, 0));
    assert_int_equal(atp_sub_open(&sub_options, &sub, &why), ATP_OK);
    for (uint32_t i = 1; atp_sub_received(sub) == 0; i++) {
        send_number(pub, i); /* until the subscription is there: before, sends go nowhere */
    }
    for (uint32_t i = 0; i < 1000; i++) {
        send_number(pub, 100000000 + i);
    }
    while (inbox_last(&inbox) < 100000999) {
        (void)sched_yield();
    }
    assert_true(inbox.is_in_order);
    assert_true(atp_pub_sent(pub) >= 1001);
    assert_int_equal(atp_pub_subscribers(pub), 1);
    atp_sub_close(sub);
    atp_pub_close(pub);
}

static void a_sub_that_listens_takes_from_publishers_that_dial(void **state)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    inbox_t inbox;
    atp_sub_options_t options = {.listen_urls = urls,
                                 .listen_url_count = 1,
                                 .message_size_max = 100,
                                 .handler = take_number,
                                 .context = &inbox};
    atp_sub_t *sub;
    nng_socket peer;
    char url[64];
    uint32_t number = 0;
    uint8_t large[200] = {0};
    atp_why_t why;

    (void)state;
    inbox_init(&inbox);
    assert_int_equal(atp_sub_open(&options, &sub, &why), ATP_OK);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", atp_sub_port(sub, 0));
    assert_int_equal(nng_pub0_open(&peer), 0);
    assert_int_equal(nng_socket_set_ms(peer, NNG_OPT_RECONNMINT, 10), 0);
    assert_int_equal(nng_dial(peer, url, NULL, 0), 0);
    while (atp_sub_received(sub) == 0) {
        number++;
        assert_int_equal(nng_send(peer, &number, 4, 0), 0);
    }
    assert_int_equal(nng_send(peer, large, sizeof large, 0), 0); /* costs it its connection */
    for (number += 1000000000; inbox_last(&inbox) < 1000000000; number++) {
        assert_int_equal(nng_send(peer, &number, 4, 0), 0); /* until it has dialled again and is heard */
    }
    (void)nng_close(peer);
    atp_sub_close(sub);
}

static void pub_and_sub_refuse_bad_options_by_name(void **state)
{
    static const char *const bad_urls[] = {"udp://x"};
    static const char *const good_urls[] = {"inproc://test-pubsub"};
    atp_pub_options_t pubs[] = {{.urls = bad_urls, .url_count = 1},
                                {.urls = good_urls, .url_count = 0},
                                {.urls = good_urls, .url_count = 1, .buffer_count = 8193}};
    atp_sub_options_t subs[] = {
        {.listen_urls = bad_urls, .listen_url_count = 1, .handler = take_number},
        {.dial_urls = bad_urls, .dial_url_count = 1, .handler = take_number},
        {.handler = take_number},
        {.dial_urls = good_urls, .dial_url_count = 1},
        {.dial_urls = good_urls, .dial_url_count = 1, .buffer_count = 8193, .handler = take_number}};
    atp_pub_t *pub = NULL;
    atp_sub_t *sub = NULL;
    atp_why_t why;

    (void)state;
    for (size_t i = 0; i < sizeof pubs / sizeof *pubs; i++) {
        why.text[0] = '\0';
        assert_int_equal(atp_pub_open(&pubs[i], &pub, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    for (size_t i = 0; i < sizeof subs / sizeof *subs; i++) {
        why.text[0] = '\0';
        assert_int_equal(atp_sub_open(&subs[i], &sub, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    atp_pub_close(NULL);
    atp_sub_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_published_reaches_a_subscriber_in_order),
        cmocka_unit_test(a_sub_that_listens_takes_from_publishers_that_dial),
        cmocka_unit_test(pub_and_sub_refuse_bad_options_by_name),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    nng_fini(); /* waits for what NNG reaps in the background */
    return failed;
}

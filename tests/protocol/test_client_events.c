/* The watch against a pub, the publisher against a sub. */
#include "protocol/client/atp.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"
#include "tests/protocol/nng_leaks.h"
#include "tests/test.h"

#include <nng/nng.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char *const any_port[] = {"tcp://127.0.0.1:0"};

static atp_pub_t *open_pub(char url[64])
{
    const atp_pub_options_t options = {.urls = any_port, .url_count = 1};
    atp_pub_t *pub = NULL;
    atp_why_t why;

    assert_int_equal(atp_pub_open(&options, &pub, &why), ATP_OK);
    (void)snprintf(url, 64, "tcp://127.0.0.1:%u", atp_pub_port(pub, 0));
    return pub;
}

static void send_event(atp_pub_t *pub, atp_text_t sku, uint64_t version)
{
    const atp_availability_event_t event = {
        .op = 5, .sku = sku, .node = ATP_TEXT("berlin"), .atp = 3, .promisable = 2, .version = version};
    atp_writer_t writer;
    uint8_t *bytes;

    assert_int_equal(atp_pub_reserve(pub, 512, &bytes), ATP_OK);
    atp_writer_init(&writer, bytes, 512);
    atp_write_availability_event(&writer, &event);
    assert_false(writer.is_overflown);
    assert_int_equal(atp_pub_send(pub, atp_writer_size(&writer)), ATP_OK);
}

/* Sends events of `sku` until the watch has heard one: before it is connected they go nowhere. */
static void wait_connected(atp_pub_t *pub, atp_watch_t *watch, atp_text_t sku)
{
    atp_availability_event_t event;

    do {
        send_event(pub, sku, 1);
    } while (atp_watch_next(watch, 1, &event) != ATP_OK);
}

/* Sends one of `sku` with a high version and reads up to it; returns how many others came before it. */
static unsigned read_up_to_mark(atp_pub_t *pub, atp_watch_t *watch, atp_text_t sku, uint64_t mark)
{
    atp_availability_event_t event;
    unsigned others = 0;

    send_event(pub, sku, mark);
    for (;;) {
        assert_int_equal(atp_watch_next(watch, 10000, &event), ATP_OK);
        if (event.version == mark) {
            assert_true(atp_text_equal(event.sku, sku));
            assert_true(atp_text_equal(event.node, ATP_TEXT("berlin")));
            assert_int_equal(event.promisable, 2);
            return others;
        }
        others += !atp_text_equal(event.sku, sku);
    }
}

static void a_watch_sees_changes_of_all_skus(void **state)
{
    char url[64];
    atp_pub_t *pub = open_pub(url);
    const atp_watch_options_t options = {.url = url};
    atp_watch_t *watch;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_watch_open(&options, &watch, &why), ATP_OK);
    wait_connected(pub, watch, ATP_TEXT("sku-a"));
    send_event(pub, ATP_TEXT("sku-b"), 2);
    assert_int_equal(read_up_to_mark(pub, watch, ATP_TEXT("sku-a"), 99), 1);
    atp_watch_close(watch);
    atp_pub_close(pub);
}

static void a_watch_of_one_sku_sees_no_other_not_even_one_that_begins_alike(void **state)
{
    char url[64];
    atp_pub_t *pub = open_pub(url);
    const atp_text_t skus[] = {ATP_TEXT("sku-a")};
    const atp_watch_options_t options = {.url = url, .skus = skus, .sku_count = 1};
    atp_watch_t *watch;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_watch_open(&options, &watch, &why), ATP_OK);
    wait_connected(pub, watch, skus[0]);
    send_event(pub, ATP_TEXT("sku-b"), 2);
    send_event(pub, ATP_TEXT("sku-ab"), 2);
    assert_int_equal(read_up_to_mark(pub, watch, skus[0], 99), 0);
    atp_watch_close(watch);
    atp_pub_close(pub);
}

static void a_watch_passes_over_what_is_no_event(void **state)
{
    static const char garbage[] = "atp.avail.sku-a\0 is no msgpack";
    char url[64];
    atp_pub_t *pub = open_pub(url);
    const atp_watch_options_t options = {.url = url};
    atp_availability_event_t event;
    atp_watch_t *watch;
    uint8_t *bytes;
    atp_why_t why;
    atp_err_t err;

    (void)state;
    assert_int_equal(atp_watch_open(&options, &watch, &why), ATP_OK);
    wait_connected(pub, watch, ATP_TEXT("sku-a"));
    assert_int_equal(atp_pub_reserve(pub, sizeof garbage, &bytes), ATP_OK);
    memcpy(bytes, garbage, sizeof garbage);
    assert_int_equal(atp_pub_send(pub, sizeof garbage), ATP_OK);
    do {
        err = atp_watch_next(watch, 10000, &event); /* events sent while connecting come first */
    } while (err == ATP_OK);
    assert_int_equal(err, ATP_ERR_FORMAT);
    assert_int_equal(read_up_to_mark(pub, watch, ATP_TEXT("sku-a"), 99), 0);
    assert_int_equal(atp_watch_next(watch, 0, &event), ATP_ERR_TIMEOUT);
    atp_watch_close(watch);
    atp_pub_close(pub);
}

static void take_frame(void *context, const uint8_t *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
}

/* The end of a connection to a socket of the wrong kind, told without its begin, once counted to below none. */
static void a_watch_or_publisher_of_what_is_none_is_never_connected(void **state)
{
    const atp_sub_options_t sub_options = {
        .listen_urls = any_port, .listen_url_count = 1, .handler = take_frame};
    char pub_url[64];
    char sub_url[64];
    atp_pub_t *pub = open_pub(pub_url);
    atp_watch_options_t watch_options = {.url = sub_url};
    atp_publisher_options_t publisher_options = {
        .url = pub_url, .source = ATP_TEXT("wms"), .epoch = 1, .sequence = 1};
    atp_publisher_t *publisher;
    atp_watch_t *watch;
    atp_sub_t *sub;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_sub_open(&sub_options, &sub, &why), ATP_OK);
    (void)snprintf(sub_url, sizeof sub_url, "tcp://127.0.0.1:%u", atp_sub_port(sub, 0));
    assert_int_equal(atp_watch_open(&watch_options, &watch, &why), ATP_OK);
    assert_int_equal(atp_publisher_open(&publisher_options, &publisher, &why), ATP_OK);
    assert_false(atp_watch_wait_connected(watch, 300));
    assert_false(atp_publisher_wait_connected(publisher, 300));
    atp_watch_close(watch);
    atp_publisher_close(publisher);
    watch_options.url = pub_url;
    assert_int_equal(atp_watch_open(&watch_options, &watch, &why), ATP_OK);
    assert_true(atp_watch_wait_connected(watch, -1));
    atp_watch_close(watch);
    atp_sub_close(sub);
    atp_pub_close(pub);
}

/* ---- publisher ---- */

typedef struct batches {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t count;
    uint64_t last_sequence;
    atp_qty_t last_qty;
} batches_t;

static void take_batch(void *context, const uint8_t *bytes, size_t size)
{
    batches_t *batches = context;
    atp_command_line_t lines[4];
    atp_command_t command;
    atp_refusal_t refusal;
    atp_reader_t reader;
    atp_facts_t facts;
    uint32_t count;

    ATP_ASSERT(atp_event_open(bytes, size, &reader) && atp_read_facts(&reader, &facts, &count) &&
               (count == 2 || count == 0));
    ATP_ASSERT(atp_text_equal(facts.source, ATP_TEXT("wms")) && facts.epoch == 4 && facts.as_of_ms == 777);
    (void)pthread_mutex_lock(&batches->mutex);
    for (uint32_t i = 0; i < count; i++) {
        ATP_ASSERT(atp_read_command(&reader, &command,
                                    &(atp_command_room_t){.lines = lines, .line_capacity = 4}, &refusal) &&
                   refusal.verdict == ATP_APPLIED);
        batches->last_qty = lines[0].mantissa;
    }
    ATP_ASSERT(atp_message_close(&reader));
    batches->count++;
    batches->last_sequence = facts.sequence;
    (void)pthread_cond_broadcast(&batches->changed);
    (void)pthread_mutex_unlock(&batches->mutex);
}

static void published_batches_arrive_numbered(void **state)
{
    batches_t batches = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const atp_sub_options_t sub_options = {
        .listen_urls = any_port, .listen_url_count = 1, .handler = take_batch, .context = &batches};
    char url[64];
    atp_publisher_options_t options = {.url = url, .source = ATP_TEXT("wms"), .epoch = 4, .sequence = 10};
    const atp_command_line_t lines[2] = {{ATP_TEXT("a"), ATP_TEXT("n"), 5, 0},
                                         {ATP_TEXT("b"), ATP_TEXT("n"), 6, 0}};
    const atp_command_t facts[2] = {{.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &lines[0]},
                                    {.kind = ATP_OP_SALE, .line_count = 1, .lines = &lines[1]}};
    atp_publisher_t *publisher;
    atp_sub_t *sub;
    atp_why_t why;

    (void)state;
    assert_int_equal(atp_sub_open(&sub_options, &sub, &why), ATP_OK);
    (void)snprintf(url, sizeof url, "tcp://127.0.0.1:%u", atp_sub_port(sub, 0));
    assert_int_equal(atp_publisher_open(&options, &publisher, &why), ATP_OK);
    assert_true(atp_publisher_wait_connected(publisher, 60000));
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(atp_publisher_next_sequence(publisher), 10 + i);
        assert_int_equal(atp_publisher_publish(publisher, facts, 2, 777), ATP_OK);
    }
    assert_int_equal(atp_publisher_publish(publisher, facts, ATP_OPS_PER_MESSAGE_MAX + 1, 777),
                     ATP_ERR_INVALID);
    assert_int_equal(atp_publisher_next_sequence(publisher), 30); /* a refused batch uses no number */
    assert_int_equal(atp_publisher_publish(publisher, facts, 0, 777), ATP_OK); /* a heartbeat */
    (void)pthread_mutex_lock(&batches.mutex);
    while (batches.last_sequence < 30) {
        (void)pthread_cond_wait(&batches.changed, &batches.mutex);
    }
    assert_int_equal(batches.count, 21);
    assert_int_equal(batches.last_qty, 6);
    (void)pthread_mutex_unlock(&batches.mutex);
    atp_publisher_close(publisher);
    atp_sub_close(sub);
}

static void a_publisher_that_listens_knows_whether_anybody_hears_it(void **state)
{
    char url[64];
    batches_t batches = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    const char *urls[1] = {url};
    const atp_sub_options_t sub_options = {
        .dial_urls = urls, .dial_url_count = 1, .handler = take_batch, .context = &batches};
    atp_publisher_options_t options = {
        .url = url, .is_listening = true, .source = ATP_TEXT("wms"), .epoch = 1, .sequence = 1};
    atp_publisher_t *publisher;
    atp_sub_t *sub;
    atp_why_t why;

    (void)state;
    (void)snprintf(url, sizeof url, "ipc:///tmp/atp-test-publisher-%d", (int)getpid());
    assert_int_equal(atp_publisher_open(&options, &publisher, &why), ATP_OK);
    assert_false(atp_publisher_wait_connected(publisher, 0));
    assert_int_equal(atp_sub_open(&sub_options, &sub, &why), ATP_OK);
    assert_true(atp_publisher_wait_connected(publisher, 60000));
    atp_sub_close(sub);
    atp_publisher_close(publisher);
}

static void bad_options_are_refused_by_name(void **state)
{
    const atp_text_t no_sku[] = {{"", 0}};
    const atp_watch_options_t watches[] = {{.url = "nowhere"},
                                           {.url = "inproc://x", .buffer_count = 8193},
                                           {.url = "inproc://x", .skus = no_sku, .sku_count = 1}};
    const atp_publisher_options_t publishers[] = {
        {.url = "nowhere", .source = ATP_TEXT("s"), .epoch = 1, .sequence = 1},
        {.url = "inproc://x", .epoch = 1, .sequence = 1},
        {.url = "inproc://x", .source = ATP_TEXT("s"), .sequence = 1},
        {.url = "inproc://x", .source = ATP_TEXT("s"), .epoch = 1},
        {.url = "inproc://x", .source = ATP_TEXT("s"), .epoch = 1, .sequence = 1, .buffer_count = 8193}};
    atp_watch_t *watch = NULL;
    atp_publisher_t *publisher = NULL;
    atp_why_t why;

    (void)state;
    for (size_t i = 0; i < sizeof watches / sizeof *watches; i++) {
        why.text[0] = '\0';
        assert_int_equal(atp_watch_open(&watches[i], &watch, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    for (size_t i = 0; i < sizeof publishers / sizeof *publishers; i++) {
        why.text[0] = '\0';
        assert_int_equal(atp_publisher_open(&publishers[i], &publisher, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    atp_watch_close(NULL);
    atp_publisher_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watch_sees_changes_of_all_skus),
        cmocka_unit_test(a_watch_of_one_sku_sees_no_other_not_even_one_that_begins_alike),
        cmocka_unit_test(a_watch_passes_over_what_is_no_event),
        cmocka_unit_test(a_watch_or_publisher_of_what_is_none_is_never_connected),
        cmocka_unit_test(published_batches_arrive_numbered),
        cmocka_unit_test(a_publisher_that_listens_knows_whether_anybody_hears_it),
        cmocka_unit_test(bad_options_are_refused_by_name),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    nng_fini(); /* waits for what NNG reaps in the background */
    return failed;
}

/* What the daemon says of itself while it runs: availability events over PUB, metrics over HTTP. A started atpd for each. */
#include "tests/acceptance/acceptance.h"
#include "tests/protocol/nng_leaks.h"

#include "engine/base/attribute.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- events ---- */

static atp_watch_t *watch(acceptance_t *a, const char *sku_id)
{
    const atp_text_t name = atp_text_of(sku_id);
    atp_watch_options_t options = {.url = a->events_url, .skus = &name, .sku_count = 1};
    atp_availability_event_t event;
    atp_watch_t *opened;
    atp_why_t why;
    int64_t begun_ms = 0;

    if (atp_watch_open(&options, &opened, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    /* Connected once it sees something. */
    do {
        assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, sku_id, "N", "1"), ATP_APPLIED);
    } while (atp_watch_next(opened, 50, &event) != ATP_OK && is_waiting(&begun_ms, 20));
    stock(a, sku_id, "N", "1000"); /* the number itself: from here on it is known */
    do {
        assert_int_equal(atp_watch_next(opened, 20000, &event), ATP_OK);
    } while (event.promisable != 1000);
    return opened;
}

static void events_come_after_durability_with_growing_versions(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    uint64_t version = 0;
    for (unsigned i = 1; i <= 100; i++) {
        atp_result_t held = hold(a, NULL, "e", "N", "1");
        assert_verdict(held, ATP_APPLIED);
        do {
            assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
            assert_true(event.version > version);
            version = event.version;
            assert_true(event.op <= (uint64_t)figure(a, "op_durable"));
        } while (event.promisable != 1000 - (int64_t)i);
        assert_int_equal(event.incarnation, figure(a, "incarnation"));
        assert_false(event.is_out_of_stock);
    }
    atp_watch_close(watched);
}

static void no_event_comes_of_no_change(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", "1000"), ATP_CONFIRMED);
    assert_verdict(hold(a, NULL, "e", "N", "1001"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(promisable(a, "e", "N"), 1000);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", "999"), ATP_APPLIED);
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_int_equal(event.promisable, 999); /* the first after 1000 */
    atp_watch_close(watched);
}

static void out_of_stock_is_told_when_it_comes_to_that(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;
    const struct {
        const char *count;
        bool is_crossing;
    } steps[] = {{"0", true}, {"5", false}, {"0", true}, {"3", false}};

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    for (unsigned i = 0; i < 4; i++) {
        assert_verdict(fact(a, ATP_OP_COUNT, NULL, "e", "N", steps[i].count), ATP_APPLIED);
        assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
        assert_int_equal(event.is_out_of_stock, steps[i].is_crossing);
    }
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "e", "N", "4"), ATP_APPLIED); /* to -1 */
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_true(event.is_out_of_stock);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "e", "N", "1"), ATP_APPLIED); /* to -2: no news */
    stock(a, "e", "N", "1");
    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_int_equal(event.promisable, 1);
    assert_false(event.is_out_of_stock);
    atp_watch_close(watched);
}

static void expiry_is_an_event_too(void **state)
{
    acceptance_t *a = *state;
    atp_availability_event_t event;

    stock(a, "e", "N", "0");
    atp_watch_t *watched = watch(a, "e");
    assert_verdict(reserve(a, NULL, (want_t[]){{"e", "N", "7"}, {NULL, NULL, NULL}}, 30,
                           ATP_RESERVE_ALL_OR_NOTHING, NULL),
                   ATP_APPLIED);
    do {
        assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    } while (event.promisable != 1000); /* nobody asked for anything meanwhile */
    atp_watch_close(watched);
}

/* ---- what is stale ---- */

/* Waits for the next event of the node itself, or of a channel there. */
static atp_staleness_event_t next_staleness(atp_watch_t *watched, const char *channel, const char *node_id)
{
    atp_watch_event_t event;

    do {
        assert_int_equal(atp_watch_next_event(watched, 20000, &event), ATP_OK);
    } while (event.type != ATP_MESSAGE_STALENESS ||
             !atp_text_equal(event.staleness.channel, atp_text_of(channel)) ||
             !atp_text_equal(event.staleness.node, atp_text_of(node_id)));
    return event.staleness;
}

static void send_heartbeat(acceptance_t *a, const char *source, uint64_t sequence)
{
    atp_publisher_t *publisher = publish_from(a, source, 1, sequence);
    atp_command_line_t line = {.sku = ATP_TEXT("st"), .node = ATP_TEXT("st-a"), .mantissa = 9};
    const atp_command_t counted = {.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line};

    assert_int_equal(atp_publisher_publish(publisher, &counted, 1, 0), ATP_OK);
    wait_for(a, "source list --json", "\"state\":\"open\"");
    atp_publisher_close(publisher);
}

static void what_was_told_of_a_node_is_told_to_be_stale_and_fresh_again(void **state)
{
    acceptance_t *a = *state;
    atp_watch_options_t options = {.url = a->events_url, .has_staleness = true};
    atp_watch_event_t event;
    atp_watch_t *opened;
    atp_why_t why;

    stock(a, "st", "st-a", "10");
    stock(a, "st", "st-b", "10");
    must(a, "channel put st-web --with on_stale=stop");
    must(a, "channel put st-shop");
    assert_int_equal(atp_watch_open(&options, &opened, &why), ATP_OK);
    assert_true(atp_watch_wait_connected(opened, 20000));
    do { /* it hears: what is told from now on is told to it */
        assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "st", "st-b", "1"), ATP_APPLIED);
    } while (atp_watch_next_event(opened, 50, &event) != ATP_OK);
    must(a, "source put st-wms --claim on_hand@st-a --sla 300ms");
    atp_staleness_event_t told = next_staleness(opened, "", "st-a");
    uint64_t op = told.op;
    assert_true(told.is_stale);
    assert_true(told.op <= (uint64_t)figure(a, "op_durable"));
    told = next_staleness(opened, "st-web", "st-a");
    assert_true(told.is_stale);
    assert_int_equal(told.on_stale, ATP_ON_STALE_STOP);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "st", "st-a", "1"), ATP_APPLIED);
    do {
        assert_int_equal(atp_watch_next_event(opened, 20000, &event), ATP_OK);
        assert_int_not_equal(event.type, ATP_MESSAGE_STALENESS); /* nothing of st-shop, nothing twice */
    } while (!atp_text_equal(event.availability.node, ATP_TEXT("st-a")));
    assert_true(event.availability.is_stale);
    must(a, "group put st-g st-b");
    must(a, "channel put st-far --with ship_group=st-g --with pickup_group=st-g --with on_stale=stop");
    must(a, "group put st-g st-a st-b"); /* from here on it sees the stale node */
    told = next_staleness(opened, "st-far", "st-a");
    assert_true(told.is_stale);
    assert_int_equal(told.on_stale, ATP_ON_STALE_STOP);
    must(a, "channel put st-web --with on_stale=buffer --with stale_buffer=1");
    told = next_staleness(opened, "st-web", "st-a");
    assert_int_equal(told.on_stale, ATP_ON_STALE_BUFFER);
    op = told.op;
    must(a, "channel put st-web --with on_stale=buffer --with stale_buffer=2");
    told = next_staleness(opened, "st-web", "st-a");
    assert_int_equal(told.on_stale, ATP_ON_STALE_BUFFER);
    assert_true(told.op > op);
    must(a, "source put st-wms --sla 1h");
    send_heartbeat(a, "st-wms", 1);
    told = next_staleness(opened, "", "st-a");
    assert_false(told.is_stale);
    assert_true(told.op > op);
    told = next_staleness(opened, "st-web", "st-a");
    assert_int_equal(told.on_stale, ATP_ON_STALE_GO_ON);
    atp_watch_close(opened);
}

/* ---- kits ---- */

static void put_kit(acceptance_t *a, const char *kit, const char *component, int64_t qty)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_command_line_t line = {.sku = atp_text_of(component), .mantissa = qty};
    const atp_command_t command = {.kind = ATP_OP_KIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .subject = atp_text_of(kit),
                                   .line_count = 1,
                                   .lines = &line};
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

/* Watches a kit of which so many were made of `component`; from here on that is what was told last. */
static atp_watch_t *watch_kit(acceptance_t *a, const char *kit, const char *component, int64_t made)
{
    const atp_text_t name = atp_text_of(kit);
    atp_watch_options_t options = {.url = a->events_url, .skus = &name, .sku_count = 1};
    atp_availability_event_t event;
    atp_watch_t *opened;
    atp_why_t why;
    int64_t begun_ms = 0;

    if (atp_watch_open(&options, &opened, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    do {
        assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, component, "N", "10"), ATP_APPLIED);
    } while (atp_watch_next(opened, 50, &event) != ATP_OK && is_waiting(&begun_ms, 20));
    stock(a, component, "N", "100");
    do {
        assert_int_equal(atp_watch_next(opened, 20000, &event), ATP_OK);
    } while (event.promisable != made);
    return opened;
}

static void expect_kit(atp_watch_t *watched, int64_t promisable, bool is_out, uint64_t *version)
{
    atp_availability_event_t event;

    assert_int_equal(atp_watch_next(watched, 20000, &event), ATP_OK);
    assert_int_equal(event.promisable, promisable);
    assert_int_equal(event.atp, promisable);
    assert_int_equal(event.is_out_of_stock, is_out);
    assert_true(event.version > *version);
    *version = event.version;
}

static void a_component_tells_of_its_kit_and_no_other_does(void **state)
{
    acceptance_t *a = *state;
    uint64_t version = 0;

    stock(a, "A", "N", "0");
    stock(a, "B", "N", "10");
    sku(a, "K", 0);
    put_kit(a, "K", "A", 10);
    atp_watch_t *watched = watch_kit(a, "K", "A", 10);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "A", "N", "1"), ATP_APPLIED);
    expect_kit(watched, 9, false, &version);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "B", "N", "1"), ATP_APPLIED); /* of no kit */
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "A", "N", "1"), ATP_APPLIED); /* 98: still nine */
    assert_int_equal(promisable(a, "K", "N"), 9);
    assert_verdict(hold(a, NULL, "K", "N", "2"), ATP_APPLIED);
    expect_kit(watched, 7, false, &version);
    stock(a, "K", "N", "3"); /* stocked, and put together */
    expect_kit(watched, 10, false, &version);
    assert_int_equal(promisable(a, "K", "N"), 10);
    stock(a, "K", "N", "0");
    expect_kit(watched, 7, false, &version);
    stock(a, "A", "N", "20");
    expect_kit(watched, 0, true, &version);
    atp_watch_close(watched);
}

static void a_kit_in_a_kit_is_told_too(void **state)
{
    acceptance_t *a = *state;
    uint64_t version = 0;

    stock(a, "A", "N", "0");
    sku(a, "K", 0);
    sku(a, "L", 0);
    put_kit(a, "K", "A", 5);
    put_kit(a, "L", "K", 2);
    atp_watch_t *watched = watch_kit(a, "L", "A", 10);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "A", "N", "1"), ATP_APPLIED);
    expect_kit(watched, 9, false, &version);
    stock(a, "K", "N", "1"); /* 99 of A make 19: twenty */
    expect_kit(watched, 10, false, &version);
    atp_watch_close(watched);
}

static void a_recipe_tells_of_its_kit_wherever_that_is(void **state)
{
    acceptance_t *a = *state;
    uint64_t version = 0;

    stock(a, "A", "N", "0");
    stock(a, "B", "N", "40");
    sku(a, "K", 0);
    sku(a, "L", 0);
    put_kit(a, "K", "A", 10);
    put_kit(a, "L", "K", 1);
    atp_watch_t *watched = watch_kit(a, "L", "A", 10);
    put_kit(a, "K", "A", 20);
    expect_kit(watched, 5, false, &version);
    put_kit(a, "K", "B", 8); /* five as well */
    put_kit(a, "K", "B", 10);
    expect_kit(watched, 4, false, &version);
    atp_watch_close(watched);
}

/* From a moment on the kit takes a B as well. */
static void a_component_that_begins_tells_of_its_kit(void **state)
{
    acceptance_t *a = *state;
    uint64_t version = 0;
    char id[ATP_ID_SIZE_MAX + 1];
    struct timespec now;

    stock(a, "A", "N", "0");
    stock(a, "B", "N", "40");
    sku(a, "K", 0);
    put_kit(a, "K", "A", 10);
    atp_watch_t *watched = watch_kit(a, "K", "A", 10);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    const atp_command_line_t lines[] = {{.sku = ATP_TEXT("A"), .mantissa = 10},
                                        {.sku = ATP_TEXT("B"), .mantissa = 8}};
    const atp_attribute_t start = {
        .key = ATP_KEY_START, .line = 1, .number = now.tv_sec * INT64_C(1000) + 1000};
    const atp_command_t command = {.kind = ATP_OP_KIT,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .subject = ATP_TEXT("K"),
                                   .line_count = 2,
                                   .lines = lines,
                                   .attribute_count = 1,
                                   .attributes = &start};
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
    expect_kit(watched, 5, false, &version); /* nobody did anything */
    atp_watch_close(watched);
}

/* ---- metrics ---- */

static void get(const acceptance_t *a, const char *path, char *ret_page, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[128];
    size_t kept = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_port = htons((uint16_t)strtoul(strchr(a->metrics, ':') + 1, NULL, 10));
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\n\r\n", path);
    assert_int_equal(send(fd, request, (size_t)length, 0), length);
    while (kept < size - 1 && (got = recv(fd, ret_page + kept, size - 1 - kept, 0)) > 0) {
        kept += (size_t)got;
    }
    ret_page[kept] = '\0';
    close(fd);
}

static double metric(const acceptance_t *a, const char *series)
{
    static char page[1 << 20];
    char line[160];

    get(a, "/metrics", page, sizeof page);
    snprintf(line, sizeof line, "\n%s ", series);
    const char *found = strstr(page, line);
    if (found == NULL) {
        return -1;
    }
    return strtod(found + strlen(line), NULL);
}

static void promtool_accepts(const acceptance_t *a)
{
    static char page[1 << 20];

    if (access("/usr/bin/promtool", X_OK) != 0) {
        print_message("promtool is not here (Debian package prometheus): not asked\n");
        return;
    }
    get(a, "/metrics", page, sizeof page);
    const char *body = strstr(page, "\r\n\r\n");
    assert_non_null(body);
    FILE *promtool = popen("/usr/bin/promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(body + 4, 1, strlen(body + 4), promtool), strlen(body + 4));
    assert_int_equal(pclose(promtool), 0);
}

static void metrics_are_well_formed_and_move(void **state)
{
    acceptance_t *a = *state;
    static char page[1024];
    char unused[ATP_ID_SIZE_MAX + 1];

    stock(a, "m", "N", "5");
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_APPLIED);
    promtool_accepts(a);
    double granted = metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"applied\"}");
    double op = metric(a, "atpd_op_durable");
    assert_true(granted == 1);
    assert_true(op == (double)figure(a, "op_durable"));
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "m", "N", "2"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_true(metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"applied\"}") == 2);
    assert_true(metric(a, "atpd_ops_total{kind=\"reserve\",verdict=\"not_enough_available\"}") == 1);
    assert_true(metric(a, "atpd_op_durable") > op);
    assert_true(metric(a, "atpd_positions") == 1);
    assert_true(metric(a, "atpd_ready") == 1);
    assert_true(metric(a, "atpd_granting") == 1);
    assert_true(metric(a, "atpd_journal_fsync_seconds_count") > 0);
    assert_true(metric(a, "atpd_reply_seconds_count") > 3);
    assert_true(metric(a, "atpd_reads_total") == 0);
    (void)promisable(a, "m", "N");
    assert_true(metric(a, "atpd_reads_total") == 1);
    (void)exceptions(a, "over_commitment", "m", unused);
    get(a, "/readyz", page, sizeof page);
    assert_non_null(strstr(page, " 200 "));
    get(a, "/healthz", page, sizeof page);
    assert_non_null(strstr(page, " 200 "));
}

static void numbers_of_sources_are_counted(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line = {.sku = ATP_TEXT("m"), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_command_t receipt = {.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &line};
    const uint64_t numbers[] = {1, 5, 1, 6};
    atp_why_t why;
    int64_t begun_ms = 0;

    stock(a, "m", "N", "0");
    for (unsigned i = 0; i < 4; i++) {
        atp_publisher_options_t options = {
            .url = a->facts_url, .source = ATP_TEXT("wms"), .epoch = 1, .sequence = numbers[i]};
        atp_publisher_t *publisher;
        assert_int_equal(atp_publisher_open(&options, &publisher, &why), ATP_OK);
        assert_true(atp_publisher_wait_connected(publisher, 60000));
        assert_int_equal(atp_publisher_publish(publisher, &receipt, 1, 0), ATP_OK);
        double wanted = i == 2 ? 1 : -1;
        while (i == 2 ? metric(a, "atpd_source_duplicates_total") != wanted
                      : components(a, "m", "N").on_hand != (i == 3 ? 3 : (int64_t)i + 1)) {
            assert_true(is_waiting(&begun_ms, 30));
        }
        atp_publisher_close(publisher);
    }
    assert_true(metric(a, "atpd_source_gaps_total") == 1); /* 2 to 4 */
    assert_true(metric(a, "atpd_source_duplicates_total") == 1);
}

/* Sends messages that are none, as a publisher by hand: libatp would not. */
static void send_rubbish(const acceptance_t *a, const char *bytes, uint8_t size, unsigned times)
{
    static const uint8_t hello[8] = {0, 'S', 'P', 0, 0, 0x20, 0, 0};
    uint8_t message[8 + UINT8_MAX] = {[7] = size};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(a->facts_url, ':') + 1))};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer[8];

    memcpy(message + 8, bytes, size);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(descriptor, hello, sizeof hello, 0), sizeof hello);
    assert_int_equal(recv(descriptor, answer, sizeof answer, MSG_WAITALL), sizeof answer);
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(send(descriptor, message, 8u + size, 0), 8 + size);
    }
    (void)close(descriptor);
}

/* The only exception that is in quarantine for that reason: how often it came, and what is kept of it. */
static uint64_t quarantined(acceptance_t *a, unsigned verdict, char *ret_fact, size_t size)
{
    const atp_page_ask_t ask = {.limit = 100, .kind = ATP_TEXT("quarantined")};
    atp_answer_t *answer;
    uint64_t count = 0;
    unsigned found = 0;

    assert_int_equal(atp_client_exceptions(a->client, &ask, &answer), ATP_OK);
    for (uint32_t i = 0; i < atp_answer_head(answer).row_count; i++) {
        const atp_exception_row_t *row = &atp_answer_exceptions(answer)[i];
        if (row->verdict == verdict) {
            found++;
            count = row->count;
            snprintf(ret_fact, size, "%.*s %llu:%llu %.*s", (int)row->source.size, row->source.bytes,
                     (unsigned long long)row->epoch, (unsigned long long)row->sequence, (int)row->fact.size,
                     row->fact.bytes);
        }
    }
    atp_answer_free(answer);
    assert_true(found <= 1);
    return count;
}

static void a_source_that_sends_rubbish_is_heard_and_its_rubbish_kept(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t lines[] = {
        {.sku = ATP_TEXT("m"), .node = ATP_TEXT("N"), .mantissa = 2},
        {.sku = ATP_TEXT("m"), .node = ATP_TEXT("N"), .mantissa = 0},
        {.sku = ATP_TEXT("m"), .node = ATP_TEXT("N"), .mantissa = 3},
    };
    atp_command_t receipts[3];
    atp_publisher_options_t options = {
        .url = a->facts_url, .source = ATP_TEXT("wms"), .epoch = 7, .sequence = 12};
    atp_publisher_t *publisher;
    atp_why_t why;
    char fact[512] = "";
    int64_t begun_ms = 0;

    stock(a, "m", "N", "0");
    for (unsigned i = 0; i < 3; i++) {
        receipts[i] =
            (atp_command_t){.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &lines[i]};
    }
    send_rubbish(a, "facts\0\xc1rubbish", 14, 3);
    assert_int_equal(atp_publisher_open(&options, &publisher, &why), ATP_OK);
    assert_true(atp_publisher_wait_connected(publisher, 60000));
    assert_int_equal(atp_publisher_publish(publisher, receipts, 3, 0), ATP_OK);
    while (components(a, "m", "N").on_hand != 5) { /* the one between them is none */
        assert_true(is_waiting(&begun_ms, 30));
    }
    atp_publisher_close(publisher);
    assert_int_equal(quarantined(a, ATP_QTY_MUST_BE_POSITIVE, fact, sizeof fact), 1);
    assert_non_null(strstr(fact, "wms 7:12 "));
    while (quarantined(a, ATP_MALFORMED, fact, sizeof fact) != 3) { /* the same thrice */
        assert_true(is_waiting(&begun_ms, 30));
    }
    assert_non_null(strstr(fact, " 0:0 14 bytes, digest "));
    assert_non_null(strstr(fact, "666163747300c172 756262697368"));
    while (metric(a, "atpd_exceptions_open") != 4) { /* two are of stock(), before it made SKU and node */
        assert_true(is_waiting(&begun_ms, 30));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define WITH_ATPD(test) cmocka_unit_test_setup_teardown(test, acceptance_start, acceptance_stop)
        WITH_ATPD(events_come_after_durability_with_growing_versions),
        WITH_ATPD(no_event_comes_of_no_change),
        WITH_ATPD(out_of_stock_is_told_when_it_comes_to_that),
        WITH_ATPD(expiry_is_an_event_too),
        WITH_ATPD(what_was_told_of_a_node_is_told_to_be_stale_and_fresh_again),
        WITH_ATPD(a_component_tells_of_its_kit_and_no_other_does),
        WITH_ATPD(a_kit_in_a_kit_is_told_too),
        WITH_ATPD(a_recipe_tells_of_its_kit_wherever_that_is),
        WITH_ATPD(a_component_that_begins_tells_of_its_kit),
        WITH_ATPD(metrics_are_well_formed_and_move),
        WITH_ATPD(numbers_of_sources_are_counted),
        WITH_ATPD(a_source_that_sends_rubbish_is_heard_and_its_rubbish_kept),
    };
    return cmocka_run_group_tests_name("tools.atpd.daemon.events", tests, NULL, NULL);
}

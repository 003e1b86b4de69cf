/* Registered sources over the wire: what they claim, the breaker, silence, rates, and one that takes the place of another. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_SIZE 8192
#define PATIENCE_S  60

static atp_outbox_t *keep_from(acceptance_t *a, const char *name)
{
    char folder[128];
    atp_outbox_t *outbox;
    atp_why_t why;

    snprintf(folder, sizeof folder, "%s/%s", a->folder, name);
    atp_outbox_options_t options = {.folder = folder, .url = a->url, .source = atp_text_of(name)};
    if (atp_outbox_open(&options, &outbox, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    return outbox;
}

static atp_command_t told(atp_command_line_t *line, atp_op_kind_t kind, const char *sku_id,
                          const char *node_id, atp_qty_t qty)
{
    *line = (atp_command_line_t){.sku = atp_text_of(sku_id), .node = atp_text_of(node_id), .mantissa = qty};
    return (atp_command_t){.kind = kind, .is_fact = true, .line_count = 1, .lines = line};
}

static void put_in(atp_outbox_t *outbox, atp_op_kind_t kind, const char *sku_id, const char *node_id,
                   atp_qty_t qty)
{
    atp_command_line_t line;
    atp_command_t fact = told(&line, kind, sku_id, node_id, qty);
    atp_why_t why;

    assert_int_equal(atp_outbox_put(outbox, &fact, 1, 0, NULL, &why), ATP_OK);
}

static void wait_for_on_hand(acceptance_t *a, const char *sku_id, const char *node_id, int64_t qty)
{
    int64_t begun_ms = 0;

    while (components(a, sku_id, node_id).on_hand != qty && is_waiting(&begun_ms, PATIENCE_S)) {
    }
    assert_int_equal(components(a, sku_id, node_id).on_hand, qty);
}

/* A figure of /metrics that has no labels. */
static int64_t metric(const acceptance_t *a, const char *name)
{
    static const char question[] = "GET /metrics HTTP/1.0\r\n\r\n";
    static char page[1 << 20];
    char line[96];
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(strchr(a->metrics, ':') + 1)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;

    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(write(fd, question, sizeof question - 1), sizeof question - 1);
    for (ssize_t got; (got = read(fd, page + size, sizeof page - 1 - size)) > 0;) {
        size += (size_t)got;
    }
    page[size] = '\0';
    assert_int_equal(close(fd), 0);
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(page, line);
    assert_non_null(at);
    return atoll(at + strlen(line));
}

static void wait_for_put_off(const acceptance_t *a, int64_t batches)
{
    int64_t begun_ms = 0;

    while (metric(a, "atpd_source_paused_batches_total") < batches && is_waiting(&begun_ms, PATIENCE_S)) {
    }
    assert_true(metric(a, "atpd_source_paused_batches_total") >= batches);
}

/* ---- the scenarios ---- */

static void what_a_source_does_not_claim_waits_until_it_does(void **state)
{
    acceptance_t *a = *state;
    char output[OUTPUT_SIZE];

    stock(a, "claim", "cl-a", "10");
    stock(a, "claim", "cl-b", "10");
    must(a, "source put cl-wms --kind wms --claim sales+receipts@cl-a");
    assert_int_not_equal(atp(a, "source put cl-pos --claim sales@cl-a", output, sizeof output), 0);
    atp_outbox_t *outbox = keep_from(a, "cl-wms");
    put_in(outbox, ATP_OP_SALE, "claim", "cl-a", 1);
    put_in(outbox, ATP_OP_SALE, "claim", "cl-b", 1);
    assert_int_equal(atp_outbox_flush(outbox, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "claim", "cl-a").on_hand, 9);
    assert_int_equal(components(a, "claim", "cl-b").on_hand, 10);
    assert_int_equal(exceptions(a, "outside_authority", "claim", output), 1);
    wait_for(a, "source show cl-wms --json", "\"outside\":1,");
    must(a, "source put cl-wms --claim sales+receipts@cl-a,cl-b");
    wait_for(a, "exceptions list --kind outside_authority", "claim");
    acceptance_kill(a); /* it is all in the journal */
    acceptance_restart(a);
    wait_for(a, "source show cl-wms --json", "\"place\":\"node:cl-b\",\"claims\":\"receipts sales\"");
    put_in(outbox, ATP_OP_SALE, "claim", "cl-b", 2);
    assert_int_equal(atp_outbox_flush(outbox, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "claim", "cl-b").on_hand, 8);
    atp_outbox_close(outbox);
}

static void a_broken_source_is_paused_and_what_it_keeps_comes_when_it_is_resumed(void **state)
{
    acceptance_t *a = *state;
    atp_outbox_state_t kept;

    stock(a, "brk", "br-a", "10");
    must(a, "source put br-bad --claim sales:shared@br-a --breaker 2");
    must(a, "source put br-good --claim sales:shared@br-a");
    atp_outbox_t *bad = keep_from(a, "br-bad");
    atp_outbox_t *good = keep_from(a, "br-good");
    for (unsigned i = 0; i < 3; i++) {
        put_in(bad, ATP_OP_SALE, "no-such-sku", "br-a", 1);
    }
    assert_int_equal(atp_outbox_flush(bad, PATIENCE_S * 1000),
                     ATP_OK); /* each is an exception: nothing is held up */
    wait_for(a, "source show br-bad --json", "\"paused_by\":\"breaker\"");
    put_in(bad, ATP_OP_SALE, "brk", "br-a", 3);
    put_in(good, ATP_OP_SALE, "brk", "br-a", 1);
    assert_int_equal(atp_outbox_flush(good, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "brk", "br-a").on_hand, 9);
    atp_outbox_read_state(bad, &kept);
    assert_true(kept.low < kept.next); /* it is still there */
    must(a, "source resume br-bad");
    assert_int_equal(atp_outbox_flush(bad, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "brk", "br-a").on_hand, 6);
    atp_outbox_close(bad);
    atp_outbox_close(good);
}

static void publish(atp_publisher_t *publisher, atp_op_kind_t kind, const char *sku_id, const char *node_id,
                    atp_qty_t qty)
{
    atp_command_line_t line;
    atp_command_t fact = told(&line, kind, sku_id, node_id, qty);

    assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
}

/* So many batches of the source were applied, and none is lost or missing. */
static void expect_all(const acceptance_t *a, const char *question, const char *batches)
{
    char output[OUTPUT_SIZE];

    wait_for(a, question, batches);
    assert_int_equal(atp(a, question, output, sizeof output), 0);
    assert_non_null(strstr(output, "\"lost\":0,"));
    assert_non_null(strstr(output, "\"missing\":0,"));
}

static void what_is_published_while_its_source_is_paused_waits_and_is_applied_in_order(void **state)
{
    acceptance_t *a = *state;
    int64_t before = metric(a, "atpd_source_paused_batches_total");

    stock(a, "pau", "pa-a", "10");
    must(a, "source put pa-pub --claim sales+on_hand@pa-a");
    must(a, "source pause pa-pub");
    atp_publisher_t *publisher = publish_from(a, "pa-pub", 1, 1);
    publish(publisher, ATP_OP_SALE, "pau", "pa-a", 1);
    publish(publisher, ATP_OP_COUNT, "pau", "pa-a", 20); /* in another order it would leave something else */
    publish(publisher, ATP_OP_SALE, "pau", "pa-a", 2);
    wait_for_put_off(a, before + 3);
    assert_int_equal(components(a, "pau", "pa-a").on_hand, 10);
    must(a, "source resume pa-pub");
    wait_for_on_hand(a, "pau", "pa-a", 18);
    expect_all(a, "source show pa-pub --json", "\"batches\":3,");
    atp_publisher_close(publisher);
}

static void wait_for_kept(const acceptance_t *a, int64_t batches)
{
    int64_t begun_ms = 0;

    while (metric(a, "atpd_source_kept_batches_total") < batches && is_waiting(&begun_ms, PATIENCE_S)) {
    }
    assert_true(metric(a, "atpd_source_kept_batches_total") >= batches);
}

static unsigned files_waiting(const acceptance_t *a)
{
    char path[96];
    unsigned count = 0;

    snprintf(path, sizeof path, "%s/waiting", a->folder);
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    assert_int_equal(closedir(entries), 0);
    return count;
}

/* Nothing of what waited is needed any more. */
static void wait_for_no_files(const acceptance_t *a)
{
    int64_t begun_ms = 0;

    while (files_waiting(a) > 0 && is_waiting(&begun_ms, PATIENCE_S)) {
    }
    assert_int_equal(files_waiting(a), 0);
}

/* Killed while it waits, ended while it waits, and told more of in between: all is applied, in the order of the numbers. */
static void what_waits_of_a_paused_source_outlives_atpd(void **state)
{
    acceptance_t *a = *state;
    int64_t kept = metric(a, "atpd_source_kept_batches_total");

    stock(a, "kil", "ki-a", "10");
    must(a, "source put ki-pub --claim sales+on_hand@ki-a");
    must(a, "source pause ki-pub");
    atp_publisher_t *publisher = publish_from(a, "ki-pub", 1, 1);
    publish(publisher, ATP_OP_SALE, "kil", "ki-a", 1);
    publish(publisher, ATP_OP_COUNT, "kil", "ki-a", 20); /* in another order it would leave something else */
    wait_for_kept(a, kept + 2);
    acceptance_kill(a);
    atp_publisher_close(publisher);
    acceptance_restart(a);
    assert_int_equal(components(a, "kil", "ki-a").on_hand, 10);
    publisher = publish_from(a, "ki-pub", 1, 3);
    publish(publisher, ATP_OP_SALE, "kil", "ki-a", 2);
    wait_for_kept(a, 1);
    assert_int_equal(acceptance_end(a, SIGTERM), 0);
    atp_publisher_close(publisher);
    acceptance_restart(a);
    assert_true(files_waiting(a) > 0);
    assert_int_equal(components(a, "kil", "ki-a").on_hand, 10);
    must(a, "source resume ki-pub");
    wait_for_on_hand(a, "kil", "ki-a", 18);
    expect_all(a, "source show ki-pub --json", "\"batches\":3,");
    wait_for_no_files(a);
}

/* Killed at any point of what it hands in: each once. */
static void what_waited_is_applied_once_though_atpd_is_killed_while_it_is(void **state)
{
    enum { BATCHES = 300 };
    acceptance_t *a = *state;
    int64_t kept = metric(a, "atpd_source_kept_batches_total");

    stock(a, "onc", "on-a", "1000");
    must(a, "source put on-pub --claim sales@on-a");
    must(a, "source pause on-pub");
    atp_publisher_t *publisher = publish_from(a, "on-pub", 1, 1);
    for (unsigned i = 0; i < BATCHES; i++) {
        publish(publisher, ATP_OP_SALE, "onc", "on-a", 1);
        if (i % 10 == 9) { /* no more on the way than PUB takes */
            wait_for_kept(a, kept + i + 1);
        }
    }
    atp_publisher_close(publisher);
    must(a, "source resume on-pub");
    for (unsigned kills = 0; kills < 3; kills++) {
        acceptance_kill(a);
        acceptance_restart(a);
    }
    wait_for_on_hand(a, "onc", "on-a", 1000 - BATCHES);
    expect_all(a, "source show on-pub --json", "\"batches\":300,");
}

static void what_is_on_its_way_when_the_breaker_trips_is_not_lost(void **state)
{
    acceptance_t *a = *state;

    stock(a, "trip", "tr-a", "10");
    must(a, "source put tr-pub --claim sales:shared@tr-a --breaker 2");
    atp_publisher_t *publisher = publish_from(a, "tr-pub", 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        publish(publisher, ATP_OP_SALE, "no-such-sku", "tr-a", 1);
    }
    for (unsigned i = 0; i < 5; i++) { /* some meet the breaker in the ledger, others before it */
        publish(publisher, ATP_OP_SALE, "trip", "tr-a", 1);
    }
    wait_for(a, "source show tr-pub --json", "\"paused_by\":\"breaker\"");
    assert_int_equal(components(a, "trip", "tr-a").on_hand, 10);
    must(a, "source resume tr-pub");
    wait_for_on_hand(a, "trip", "tr-a", 5);
    expect_all(a, "source show tr-pub --json", "\"batches\":8,");
    atp_publisher_close(publisher);
}

static void channels_obey_their_rule_where_a_source_is_silent(void **state)
{
    acceptance_t *a = *state;
    char output[OUTPUT_SIZE];
    char id[ATP_ID_SIZE_MAX + 1];
    atp_command_line_t line = {.sku = ATP_TEXT("sil"), .node = ATP_TEXT("si-a"), .mantissa = 1};

    stock(a, "sil", "si-a", "10");
    must(a, "channel put si-stop --with on_stale=stop");
    must(a, "channel put si-held --with on_stale=buffer --with stale_buffer=4");
    must(a, "source put si-wms --claim on_hand@si-a --sla 200ms");
    wait_for(a, "source list --json", "\"state\":\"silent\"");
    wait_for(a, "avail sil@si-a", "yes");
    wait_for(a, "avail sil@si-a --channel si-held --json", "\"promisable\":\"6\",\"stale\":true");
    wait_for(a, "exceptions list --kind source_silent", "source_silent");
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(fresh_id(a, id)),
                             .channel = ATP_TEXT("si-stop"),
                             .line_count = 1,
                             .lines = &line};
    assert_verdict(call(a, &command, NULL), ATP_NOT_ENOUGH_AVAILABLE);
    must(a, "source put si-wms --sla 1h");
    atp_outbox_t *outbox = keep_from(a, "si-wms");
    put_in(outbox, ATP_OP_COUNT, "sil", "si-a", 7);
    assert_int_equal(atp_outbox_flush(outbox, PATIENCE_S * 1000), ATP_OK);
    command.id = atp_text_of(fresh_id(a, id));
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
    assert_int_equal(atp(a, "exceptions list --kind source_silent", output, sizeof output), 0);
    assert_null(strstr(output, "si-wms"));
    atp_outbox_close(outbox);
}

static void a_source_beyond_its_rate_is_slowed_down_and_loses_nothing(void **state)
{
    acceptance_t *a = *state;
    atp_command_line_t line;
    struct timespec begun;
    struct timespec ended;

    stock(a, "rat", "ra-a", "0");
    must(a, "source put ra-pub --claim receipts:shared@ra-a --rate 20 --class bulk");
    must(a, "source put ra-box --claim receipts:shared@ra-a --rate 20 --class urgent");
    atp_publisher_t *publisher = publish_from(a, "ra-pub", 1, 1);
    atp_outbox_t *outbox = keep_from(a, "ra-box");
    atp_command_t fact = told(&line, ATP_OP_RECEIVE, "rat", "ra-a", 1);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    for (unsigned i = 0; i < 40; i++) { /* a second's allowance, and another that has to wait for it */
        assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
        put_in(outbox, ATP_OP_RECEIVE, "rat", "ra-a", 1);
    }
    assert_int_equal(atp_outbox_flush(outbox, PATIENCE_S * 1000), ATP_OK);
    wait_for_on_hand(a, "rat", "ra-a", 80);
    (void)clock_gettime(CLOCK_MONOTONIC, &ended);
    int64_t took_ms = (ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000;
    assert_true(took_ms >= 900); /* 40 at 20 a second, less the first second's */
    atp_publisher_close(publisher);
    atp_outbox_close(outbox);
}

/* Killed while it waits, by its rate: what is kept here is applied, and what the source keeps comes again. Each once, in the order of
 * the numbers. */
static void what_waits_for_a_rate_outlives_atpd(void **state)
{
    enum { OWED = 1000 };
    acceptance_t *a = *state;
    int64_t kept = metric(a, "atpd_source_kept_batches_total");
    atp_command_line_t lines[OWED];
    atp_command_t facts[OWED];

    stock(a, "owe", "ow-a", "0");
    stock(a, "owe", "ow-b", "0");
    stock(a, "own", "ow-a", "10");
    must(a, "source put ow-pub --claim receipts+sales+on_hand@ow-a --rate 1");
    must(a, "source put ow-box --claim receipts@ow-b --rate 1");
    atp_publisher_t *publisher = publish_from(a, "ow-pub", 1, 1);
    atp_outbox_t *outbox = keep_from(a, "ow-box");
    for (unsigned i = 0; i < OWED; i++) {
        facts[i] = told(&lines[i], ATP_OP_RECEIVE, "owe", "ow-a", 1);
    }
    atp_why_t why;
    assert_int_equal(atp_publisher_publish(publisher, facts, OWED, 0), ATP_OK);
    for (unsigned i = 0; i < OWED; i++) {
        facts[i] = told(&lines[i], ATP_OP_RECEIVE, "owe", "ow-b", 1);
    }
    assert_int_equal(atp_outbox_put(outbox, facts, OWED, 0, NULL, &why), ATP_OK);
    wait_for_on_hand(a, "owe", "ow-a", OWED);
    wait_for_on_hand(a, "owe", "ow-b", OWED); /* both owe for a quarter of an hour */
    publish(publisher, ATP_OP_SALE, "own", "ow-a", 1);
    publish(publisher, ATP_OP_COUNT, "own", "ow-a", 20); /* in another order it would leave something else */
    publish(publisher, ATP_OP_SALE, "own", "ow-a", 2);
    put_in(outbox, ATP_OP_RECEIVE, "owe", "ow-b", 5);
    wait_for_kept(a, kept + 3);
    assert_int_equal(components(a, "own", "ow-a").on_hand, 10);
    assert_int_equal(components(a, "owe", "ow-b").on_hand, OWED);
    acceptance_kill(a);
    atp_publisher_close(publisher);
    acceptance_restart(a);
    must(a, "source put ow-pub --rate 1000000");
    must(a, "source put ow-box --rate 1000000");
    wait_for_on_hand(a, "own", "ow-a", 18);
    assert_int_equal(atp_outbox_flush(outbox, PATIENCE_S * 1000), ATP_OK);
    wait_for_on_hand(a, "owe", "ow-b", OWED + 5);
    assert_int_equal(components(a, "owe", "ow-a").on_hand, OWED);
    expect_all(a, "source show ow-pub --json", "\"batches\":4,");
    expect_all(a, "source show ow-box --json", "\"batches\":2,");
    wait_for_no_files(a);
    atp_outbox_close(outbox);
}

static void a_new_erp_is_compared_and_then_cut_over(void **state)
{
    acceptance_t *a = *state;
    char output[OUTPUT_SIZE];

    stock(a, "cut", "cu-a", "10");
    must(a, "source put cu-old --kind erp --claim on_hand+sales@cu-a");
    must(a, "source put cu-new --kind erp --claim on_hand+sales@cu-a --shadow-of cu-old");
    atp_outbox_t *old = keep_from(a, "cu-old");
    atp_outbox_t *new = keep_from(a, "cu-new");
    put_in(old, ATP_OP_SALE, "cut", "cu-a", 2);
    put_in(new, ATP_OP_SALE, "cut", "cu-a", 3);
    assert_int_equal(atp_outbox_flush(old, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(atp_outbox_flush(new, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "cut", "cu-a").on_hand, 8);
    wait_for(a, "source differences cu-new --json", "\"applied\":\"-2\",\"shadowed\":\"-3\"");
    must(a, "source cut-over cu-new");
    wait_for(a, "source differences cu-new --json",
             "\"applied\":\"-2\",\"shadowed\":\"-3\""); /* what is left to do */
    put_in(old, ATP_OP_SALE, "cut", "cu-a", 1);
    put_in(new, ATP_OP_SALE, "cut", "cu-a", 1);
    assert_int_equal(atp_outbox_flush(old, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(atp_outbox_flush(new, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(components(a, "cut", "cu-a").on_hand, 7);
    wait_for(a, "source differences cu-new --json",
             "\"applied\":\"-2\",\"shadowed\":\"-3\""); /* as it was then */
    assert_int_equal(atp(a, "source differences cu-old --json", output, sizeof output), 0);
    assert_null(strstr(output, "\"applied\":"));
    atp_outbox_close(old);
    atp_outbox_close(new);
}

/* ---- a cut-over: two ERPs side by side ---- */

static unsigned occurrences(const char *text, const char *of)
{
    unsigned count = 0;

    for (const char *at = text; (at = strstr(at, of)) != NULL; at += strlen(of)) {
        count++;
    }
    return count;
}

/* What both subscribers are given: the same postings, `count` of them. `how`: more words. */
static const char *books_of_both(const acceptance_t *a, const char *how, unsigned count)
{
    static char old_books[OUTPUT_SIZE];
    static char new_books[OUTPUT_SIZE];
    char words[128];

    snprintf(words, sizeof words, "postings follow sw-old-books --once --json --quiet%s", how);
    assert_int_equal(atp(a, words, old_books, sizeof old_books), 0);
    snprintf(words, sizeof words, "postings follow sw-new-books --once --json --quiet%s", how);
    assert_int_equal(atp(a, words, new_books, sizeof new_books), 0);
    assert_string_equal(old_books, new_books);
    assert_int_equal(occurrences(old_books, "\"key\":"), count);
    return old_books;
}

static void kill_and_start(acceptance_t *a)
{
    acceptance_kill(a);
    acceptance_restart(a);
}

static void sell_in_both(atp_outbox_t *old, atp_outbox_t *new, atp_qty_t of_old, atp_qty_t of_new)
{
    put_in(old, ATP_OP_SALE, "swi", "sw-a", of_old);
    put_in(new, ATP_OP_SALE, "swi", "sw-a", of_new);
    assert_int_equal(atp_outbox_flush(old, PATIENCE_S * 1000), ATP_OK);
    assert_int_equal(atp_outbox_flush(new, PATIENCE_S * 1000), ATP_OK);
}

/* One is applied, the other compared; postings go to both; one op switches, and back. Killed wherever it is. */
static void postings_go_to_both_sides_of_a_cut_over_whoever_is_applied(void **state)
{
    acceptance_t *a = *state;

    stock(a, "swi", "sw-a", "20");
    must(a, "source put sw-old --kind erp --claim on_hand+sales@sw-a");
    must(a, "source put sw-new --kind erp --claim on_hand+sales@sw-a --shadow-of sw-old");
    must(a, "subscriber put sw-old-books --posts sold --posts shipped");
    must(a, "subscriber put sw-new-books --posts sold --posts shipped");
    atp_outbox_t *old = keep_from(a, "sw-old");
    atp_outbox_t *new = keep_from(a, "sw-new");
    sell_in_both(old, new, 2, 3);
    assert_verdict(hold(a, "sw-order", "swi", "sw-a", "1"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "sw-order", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "sw-order", NULL, false), ATP_APPLIED);
    kill_and_start(a);
    assert_int_equal(components(a, "swi", "sw-a").on_hand, 17);
    wait_for(a, "source differences sw-new --json", "\"applied\":\"-2\",\"shadowed\":\"-3\"");
    (void)books_of_both(a, "", 2);
    kill_and_start(a); /* told, and not acknowledged: told again */
    const char *books = books_of_both(a, " --ack", 2);
    assert_int_equal(occurrences(books, "\"kind\":\"sold\""), 1);
    assert_int_equal(occurrences(books, "\"kind\":\"shipped\""), 1);

    must(a, "source cut-over sw-new");
    kill_and_start(a);
    (void)books_of_both(a, " --ack", 0);
    sell_in_both(old, new, 1, 4);
    assert_int_equal(components(a, "swi", "sw-a").on_hand, 13);
    wait_for(a, "source differences sw-old --json", "\"applied\":\"-4\",\"shadowed\":\"-1\"");
    kill_and_start(a);
    (void)books_of_both(a, " --ack", 1);
    must(a, "source cut-over sw-old"); /* and back */
    sell_in_both(old, new, 5, 6);
    assert_int_equal(components(a, "swi", "sw-a").on_hand, 8);
    kill_and_start(a);
    (void)books_of_both(a, " --ack", 1);
    books = books_of_both(a, " --from 1", 4); /* all there ever were: each once */
    assert_int_equal(occurrences(books, "\"kind\":\"sold\""), 3);
    must(a, "subscriber drop sw-old-books");
    must(a, "subscriber drop sw-new-books");
    atp_outbox_close(old);
    atp_outbox_close(new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_source_does_not_claim_waits_until_it_does),
        cmocka_unit_test(a_broken_source_is_paused_and_what_it_keeps_comes_when_it_is_resumed),
        cmocka_unit_test(what_is_published_while_its_source_is_paused_waits_and_is_applied_in_order),
        cmocka_unit_test(what_waits_of_a_paused_source_outlives_atpd),
        cmocka_unit_test(what_waited_is_applied_once_though_atpd_is_killed_while_it_is),
        cmocka_unit_test(what_is_on_its_way_when_the_breaker_trips_is_not_lost),
        cmocka_unit_test(channels_obey_their_rule_where_a_source_is_silent),
        cmocka_unit_test(a_source_beyond_its_rate_is_slowed_down_and_loses_nothing),
        cmocka_unit_test(what_waits_for_a_rate_outlives_atpd),
        cmocka_unit_test(a_new_erp_is_compared_and_then_cut_over),
        cmocka_unit_test(postings_go_to_both_sides_of_a_cut_over_whoever_is_applied),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

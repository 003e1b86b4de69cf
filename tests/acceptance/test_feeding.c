/* E: what is fed in.   E1 many sources at once, E2 a feed of on-hand and open orders, E5 a feed of what is there already,
 * E6 who reads meanwhile. */
#include "tests/acceptance/heard.h"
#include "tests/acceptance/load.h"

#include "engine/base/attribute.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- E1: sources ---- */

#define GAPPED  4u /* sources whose numbers 11 and 12 come last */
#define WHOLE   4u /* sources that keep what they tell until it is applied */
#define BATCHES 20u

static void sku_of(unsigned source, char ret_sku[32])
{
    snprintf(ret_sku, 32, "e8-%u", source);
}

/* One unit more of the source's SKU. */
static atp_command_t one_more(atp_command_line_t *line, const char *sku_id)
{
    *line = (atp_command_line_t){.sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = 1};
    return (atp_command_t){.kind = ATP_OP_ADJUST, .is_fact = true, .line_count = 1, .lines = line};
}

/* Tells the numbers from `first` to `last`. */
static void publish_run(acceptance_t *a, unsigned source, uint64_t first, uint64_t last)
{
    char name[32];
    char sku_id[32];
    atp_command_line_t line;

    snprintf(name, sizeof name, "e8-source-%u", source);
    sku_of(source, sku_id);
    atp_command_t fact = one_more(&line, sku_id);
    atp_publisher_t *publisher = publish_from(a, name, 1, first);
    for (uint64_t number = first; number <= last; number++) {
        assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
    }
    /* What has arrived is on its way through the engine; a connection that is closed too early may be cut. */
    int64_t begun_ms = 0;
    int64_t told = (int64_t)(last - first + 1);
    int64_t before = first > 10 ? 10 : 0;
    while (components(a, sku_id, "N").on_hand < before + told && is_waiting(&begun_ms, 20)) {
    }
    atp_publisher_close(publisher);
}

typedef struct keeper {
    acceptance_t *a;
    unsigned source;
    atp_err_t err;
} keeper_t;

static void *keep_telling(void *context)
{
    keeper_t *keeper = context;
    char folder[96];
    char name[32];
    char sku_id[32];
    atp_command_line_t line;
    atp_outbox_t *outbox = NULL;
    atp_why_t why;

    snprintf(folder, sizeof folder, "%s/outbox-%u", keeper->a->folder, keeper->source);
    snprintf(name, sizeof name, "e8-source-%u", keeper->source);
    sku_of(keeper->source, sku_id);
    atp_command_t fact = one_more(&line, sku_id);
    atp_outbox_options_t options = {.folder = folder,
                                    .url = keeper->a->url,
                                    .publish_url = keeper->a->facts_url,
                                    .source = atp_text_of(name)};
    keeper->err = atp_outbox_open(&options, &outbox, &why);
    for (unsigned i = 0; i < BATCHES && keeper->err == ATP_OK; i++) {
        keeper->err = atp_outbox_put(outbox, &fact, 1, 0, NULL, &why);
    }
    if (keeper->err == ATP_OK) {
        keeper->err = atp_outbox_flush(outbox, 60000);
    }
    atp_outbox_close(outbox);
    return NULL;
}

static int64_t on_hand_of(acceptance_t *a, unsigned source)
{
    char sku_id[32];

    sku_of(source, sku_id);
    return components(a, sku_id, "N").on_hand;
}

static void e1_eight_sources_at_once_and_gaps_in_four_hold_nobody_up(void **state)
{
    acceptance_t *a = *state;
    pthread_t threads[WHOLE];
    keeper_t keepers[WHOLE];

    for (unsigned i = 0; i < GAPPED + WHOLE; i++) {
        char sku_id[32];
        sku_of(i, sku_id);
        stock(a, sku_id, "N", "0");
    }
    for (unsigned i = 0; i < WHOLE; i++) {
        keepers[i] = (keeper_t){.a = a, .source = GAPPED + i};
        assert_int_equal(pthread_create(&threads[i], NULL, keep_telling, &keepers[i]), 0);
    }
    for (unsigned i = 0; i < GAPPED; i++) {
        publish_run(a, i, 1, 10);
        publish_run(a, i, 13, BATCHES); /* beyond the gap they apply: one more is one more in any order */
    }
    for (unsigned i = 0; i < WHOLE; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(keepers[i].err, ATP_OK);
        assert_int_equal(on_hand_of(a, GAPPED + i), BATCHES);
    }
    for (unsigned i = 0; i < GAPPED; i++) {
        assert_int_equal(on_hand_of(a, i), BATCHES - 2);
    }
    for (unsigned i = 0; i < GAPPED; i++) {
        char sku_id[32];
        char name[32];
        atp_command_line_t line;
        sku_of(i, sku_id);
        snprintf(name, sizeof name, "e8-source-%u", i);
        atp_command_t fact = one_more(&line, sku_id);
        atp_publisher_t *publisher = publish_from(a, name, 1, 11);
        assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
        assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
        int64_t begun_ms = 0;
        while (on_hand_of(a, i) != BATCHES && is_waiting(&begun_ms, 20)) {
        }
        assert_int_equal(on_hand_of(a, i), BATCHES);
        atp_publisher_close(publisher);
    }
}

/* The folder is lost, a new one is made: its epoch is higher. The old one, found again, is told that it is over. */
static void e1_a_source_that_starts_over_counts_anew_and_the_old_one_is_told(void **state)
{
    acceptance_t *a = *state;
    char folder[96];
    atp_command_line_t line;
    atp_command_t fact = one_more(&line, "e1-over");
    atp_outbox_options_t options = {
        .folder = folder, .url = a->url, .source = ATP_TEXT("e1-over"), .resend_ms = 1};
    atp_outbox_t *outbox = NULL;
    atp_outbox_state_t seen;
    atp_why_t why;
    uint64_t epochs[2];

    stock(a, "e1-over", "N", "0");
    for (unsigned i = 0; i < 2; i++) {
        snprintf(folder, sizeof folder, "%s/over-%u", a->folder, i);
        assert_int_equal(atp_outbox_open(&options, &outbox, &why), ATP_OK);
        for (unsigned k = 0; k < 3; k++) {
            assert_int_equal(atp_outbox_put(outbox, &fact, 1, 0, NULL, &why), ATP_OK);
        }
        assert_int_equal(atp_outbox_flush(outbox, 30000), ATP_OK);
        atp_outbox_read_state(outbox, &seen);
        epochs[i] = seen.epoch;
        atp_outbox_close(outbox);
        assert_int_equal(components(a, "e1-over", "N").on_hand, 3 * (i + 1));
    }
    assert_true(epochs[1] > epochs[0]);
    snprintf(folder, sizeof folder, "%s/over-0", a->folder);
    assert_int_equal(atp_outbox_open(&options, &outbox, &why), ATP_OK);
    atp_err_t err = atp_outbox_put(outbox, &fact, 1, 0, NULL, &why);
    assert_true(err == ATP_OK ||
                err == ATP_ERR_CLOSED); /* it may have been told already: then nothing waits */
    assert_int_equal(atp_outbox_flush(outbox, 30000), err == ATP_OK ? ATP_ERR_CLOSED : ATP_OK);
    assert_int_equal(components(a, "e1-over", "N").on_hand, 6);
    atp_outbox_close(outbox);
}

/* ---- feeds ---- */

#define FEED_SKUS (10000u / LOAD_DIVISOR)
#define FEED_ROWS (FEED_SKUS * 2u)

#define JOURNAL_BYTES_A_CHANGE 1024
#define JOURNAL_BYTES_A_MARK                                                                                 \
    80 /* an idle journal writes one behind what was done before: it tells of no op */

/* Writes a feed of all positions, from the one with the number `first` on, and around; every `changed_every`th has one more (0:
 * none). Returns how many have. The same rows from another one on are another file: the very same would be passed over whole. */
static unsigned write_feed_from(const char *path, unsigned first, unsigned changed_every)
{
    FILE *file = fopen(path, "we");
    unsigned changed = 0;

    assert_non_null(file);
    fprintf(file, "sku,node,on_hand,safety_stock,name,scale\n");
    for (unsigned k = 0; k < FEED_ROWS; k++) {
        unsigned i = (first + k) % FEED_ROWS;
        unsigned more = changed_every != 0 && i % changed_every == 0;
        changed += more;
        fprintf(file, "e5-%u,e5-n%u,%u,0,Item %u,0\n", i / 2, i % 2, 10 + i % 90 + more, i / 2);
    }
    assert_int_equal(fclose(file), 0);
    return changed;
}

static unsigned write_feed(const char *path, unsigned changed_every)
{
    return write_feed_from(path, 0, changed_every);
}

static void feed(const acceptance_t *a, const char *path)
{
    char output[4096];
    int status = atp_run(a, (const char *[]){"load", path, "--profile", "native", "--quiet", NULL}, output,
                         sizeof output);

    if (status != 0) {
        fail_msg("atp load ended with %d: %s", status, output);
    }
}

typedef struct reader {
    acceptance_t *a;
    _Atomic bool must_end;
    unsigned asked;
    unsigned failed;
    char failure[512]; /* the last */
    times_t times;
} reader_t;

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void note_failure(reader_t *reader, const char *what, unsigned row)
{
    reader->failed++;
    snprintf(reader->failure, sizeof reader->failure, "row %u: %s", row, what);
}

static void assert_answered(const reader_t *reader)
{
    if (reader->failed != 0) {
        fail_msg("%u of %u reads failed; %s", reader->failed, reader->asked, reader->failure);
    }
}

/* Asks for one position after the other; each has what the feed said, or one more. */
static void *read_on(void *context)
{
    reader_t *reader = context;
    atp_client_options_t options = {
        .url = reader->a->url, .client = ATP_TEXT("e6"), .timeout_ms = 60000, .try_ms = 20000};
    atp_client_t *client = NULL;
    atp_why_t why;

    if (atp_client_open(&options, &client, &why) != ATP_OK) {
        note_failure(reader, why.text, 0);
    }
    for (unsigned i = 0; client != NULL && !reader->must_end; i = (i + 7) % FEED_ROWS) {
        char sku_id[32];
        atp_text_t texts[2] = {atp_text_of(sku_id), i % 2 == 0 ? ATP_TEXT("e5-n0") : ATP_TEXT("e5-n1")};
        atp_answer_t *answer;
        snprintf(sku_id, sizeof sku_id, "e5-%u", i / 2);
        texts[0] = atp_text_of(sku_id);
        atp_availability_ask_t ask = {.sku_count = 1, .node_count = 1, .skus = texts, .nodes = &texts[1]};
        double begun_ms = now_ms();
        atp_err_t err = atp_client_availability(client, &ask, &answer);
        if (err != ATP_OK) {
            note_failure(reader, atp_err_name(err), i);
            continue;
        }
        times_add(&reader->times, now_ms() - begun_ms);
        int64_t promisable_now =
            atp_answer_head(answer).row_count == 1 ? atp_answer_availability(answer)[0].promisable : -1;
        if (promisable_now != 10 + i % 90 && promisable_now != 11 + i % 90) {
            char said[64];
            snprintf(said, sizeof said, "%" PRId64 " are told", promisable_now);
            note_failure(reader, said, i);
        }
        reader->asked++;
        atp_answer_free(answer);
    }
    atp_client_close(client);
    return NULL;
}

/* Tells the feed `id` of on-hand, which includes the source up to that number, and its count of S@N. */
static atp_result_t count_as_of(acceptance_t *a, const char *id, const char *source, uint64_t sequence,
                                const char *sku_id, atp_qty_t qty)
{
    char request[ATP_ID_SIZE_MAX + 1];
    const atp_attribute_t point[] = {
        {.key = ATP_KEY_BASIS, .line = ATP_WHOLE_OP},
        {.key = ATP_KEY_INCLUDES, .line = ATP_WHOLE_OP, .text = atp_text_of(source)},
        {.key = ATP_KEY_EPOCH, .line = ATP_WHOLE_OP, .number = 1},
        {.key = ATP_KEY_SEQUENCE, .line = ATP_WHOLE_OP, .number = (int64_t)sequence},
    };
    const atp_attribute_t of_feed = {.key = ATP_KEY_FEED, .line = ATP_WHOLE_OP, .text = atp_text_of(id)};
    const atp_command_line_t line = {
        .sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = qty, .decimals = 0};
    atp_command_t feed = {.kind = ATP_OP_FEED,
                          .id = atp_text_of(fresh_id(a, request)),
                          .subject = atp_text_of(id),
                          .attribute_count = 4,
                          .attributes = point};
    assert_verdict(call(a, &feed, NULL), ATP_APPLIED);
    atp_command_t count = {.kind = ATP_OP_COUNT,
                           .id = atp_text_of(fresh_id(a, request)),
                           .is_fact = true,
                           .line_count = 1,
                           .lines = &line,
                           .attribute_count = 1,
                           .attributes = &of_feed};
    return call(a, &count, NULL);
}

/* A source tells one fact of one SKU; returns when the position has changed. */
static void tell_one(acceptance_t *a, uint64_t number, atp_op_kind_t kind, const char *reservation,
                     const char *sku_id, atp_qty_t qty)
{
    const atp_command_line_t line = {
        .sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = qty, .decimals = 0};
    atp_command_t fact = {.kind = kind,
                          .is_fact = true,
                          .reservation = atp_text_of(reservation),
                          .line_count = 1,
                          .lines = &line};
    atp_publisher_t *publisher = publish_from(a, "e2-wms", 1, number);
    uint64_t before = components(a, sku_id, "N").version;
    int64_t begun_ms = 0;

    assert_int_equal(atp_publisher_publish(publisher, &fact, 1, 0), ATP_OK);
    while (components(a, sku_id, "N").version == before && is_waiting(&begun_ms, 20)) {
    }
    atp_publisher_close(publisher);
}

static void e2_what_a_feed_includes_is_not_counted_again(void **state)
{
    acceptance_t *a = *state;

    node(a, "N", ATP_NODE_OPEN);
    sku(a, "e2-late", 0);
    tell_one(a, 1, ATP_OP_RECEIVE, "", "e2-late", 109);
    assert_verdict(hold(a, "e2-late-order", "e2-late", "N", "29"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "e2-late-order", NULL, false), ATP_APPLIED);
    assert_verdict(count_as_of(a, "e2-night", "e2-wms", 2, "e2-late", 80), ATP_APPLIED);
    assert_int_equal(promisable(a, "e2-late", "N"), 51);
    tell_one(a, 2, ATP_OP_SHIP, "e2-late-order", "e2-late", 29);
    assert_int_equal(components(a, "e2-late", "N").on_hand, 80);
    assert_int_equal(promisable(a, "e2-late", "N"), 80);
    tell_one(a, 3, ATP_OP_SALE, "", "e2-late", 1); /* after the feed's point */
    assert_int_equal(components(a, "e2-late", "N").on_hand, 79);
}

/* E5 and E6 are one run: who reads must not notice the feed. */
static void feed_again(acceptance_t *a, const char *path, unsigned changed, reader_t *reader)
{
    int64_t ops = figure(a, "op_applied");
    int64_t bytes = figure(a, "journal_bytes");
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, read_on, reader), 0);
    feed(a, path);
    reader->must_end = true;
    pthread_join(thread, NULL);
    bytes = figure(a, "journal_bytes") - bytes;
    print_message("e5: %u rows, %u changed: %lld ops, %lld bytes of journal\n", FEED_ROWS, changed,
                  (long long)(figure(a, "op_applied") - ops), (long long)bytes);
    assert_int_equal(figure(a, "op_applied") - ops, changed);
    assert_true(bytes <= (int64_t)changed * JOURNAL_BYTES_A_CHANGE + JOURNAL_BYTES_A_MARK);
}

static void e5_a_feed_of_what_is_there_writes_nothing_and_of_one_percent_one_percent(void **state)
{
    acceptance_t *a = *state;
    reader_t reader = {.a = a};
    char path[96];

    snprintf(path, sizeof path, "%s/first.csv", a->folder);
    (void)write_feed(path, 0);
    feed(a, path);
    snprintf(path, sizeof path, "%s/again.csv", a->folder);
    (void)write_feed_from(path, 7, 0);
    feed_again(a, path, 0, &reader);
    reader.must_end = false;
    snprintf(path, sizeof path, "%s/changed.csv", a->folder);
    unsigned changed = write_feed(path, 100);
    feed_again(a, path, changed, &reader);
    assert_answered(&reader);
    free(reader.times.ms);
}

/* Of each position that has changed one event, of what it is now; of the others none. */
static void expect_changed(const heard_t *heard, size_t count, unsigned changed, unsigned changed_every)
{
    static bool is_told[FEED_ROWS];
    unsigned sku_number;
    unsigned node_number;

    memset(is_told, 0, sizeof is_told);
    assert_int_equal(count, changed);
    for (size_t k = 0; k < count; k++) {
        assert_int_equal(sscanf(heard[k].sku, "e5-%u", &sku_number), 1);
        assert_int_equal(sscanf(heard[k].node, "e5-n%u", &node_number), 1);
        unsigned i = sku_number * 2 + node_number;
        assert_true(i < FEED_ROWS && i % changed_every == 0 && !is_told[i]);
        is_told[i] = true;
        assert_int_equal(heard[k].promisable, 11 + i % 90);
        assert_int_equal(heard[k].atp, 11 + i % 90);
        assert_false(heard[k].is_out_of_stock);
    }
}

static void e5_no_event_comes_of_rows_that_are_as_they_were_and_one_of_each_that_is_not(void **state)
{
    enum { CHANGED_EVERY = 100 };
    static heard_t heard[FEED_ROWS];
    acceptance_t *a = *state;
    char path[96];

    snprintf(path, sizeof path, "%s/e5-before.csv", a->folder);
    (void)write_feed_from(path, 3, 0);
    feed(a, path);
    atp_watch_t *watch = hear(a);
    snprintf(path, sizeof path, "%s/e5-same.csv", a->folder);
    (void)write_feed_from(path, 5, 0);
    feed(a, path);
    hear_none(a, watch);
    snprintf(path, sizeof path, "%s/e5-more.csv", a->folder);
    unsigned changed = write_feed_from(path, 9, CHANGED_EVERY);
    feed(a, path);
    size_t count = hear_all(a, watch, heard, FEED_ROWS);
    expect_changed(heard, count, changed, CHANGED_EVERY);
    snprintf(path, sizeof path, "%s/e5-once-more.csv", a->folder);
    (void)write_feed_from(path, 11, CHANGED_EVERY);
    feed(a, path);
    hear_none(a, watch);
    atp_watch_close(watch);
}

static void e6_who_reads_while_a_feed_runs_is_answered_and_rightly(void **state)
{
    acceptance_t *a = *state;
    reader_t alone = {.a = a};
    reader_t beside = {.a = a};
    pthread_t thread;
    char path[96];

    snprintf(path, sizeof path, "%s/e6.csv", a->folder);
    unsigned changed = write_feed(path, 50);
    assert_int_equal(pthread_create(&thread, NULL, read_on, &alone), 0);
    int64_t begun_ms = 0;
    while (is_waiting(&begun_ms, 1)) {
        (void)figure(a, "op_applied");
    }
    alone.must_end = true;
    pthread_join(thread, NULL);
    feed_again(a, path, changed - FEED_ROWS / 100, &beside); /* every other of them was raised before */
    assert_answered(&alone);
    assert_answered(&beside);
    assert_true(beside.asked > 0);
    print_message("e6: p99 of a read %.3f ms alone, %.3f ms beside the feed (%u reads)\n",
                  times_at(&alone.times, 0.99), times_at(&beside.times, 0.99), beside.asked);
    free(alone.times.ms);
    free(beside.times.ms);
}

/* 80 are in the building, whoever has asked for them: an order that is open leaves 51 to promise, one that has left and is
 * not in the 80 any more leaves 80. */
static void e2_a_feed_of_on_hand_knows_nothing_of_orders(void **state)
{
    acceptance_t *a = *state;
    char path[96];
    FILE *file;

    stock(a, "e2", "N", "100");
    assert_verdict(hold(a, "e2-order", "e2", "N", "29"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "e2-order", NULL, false), ATP_APPLIED);
    for (unsigned round = 0; round < 2; round++) {
        snprintf(path, sizeof path, "%s/e2-%u.csv", a->folder, round);
        file = fopen(path, "we");
        assert_non_null(file);
        /* Another name: the very same file again would be told apart by its content, and change nothing. */
        fprintf(file, "sku,node,on_hand,safety_stock,name,scale\ne2,N,80,0,Feed %u,0\n", round);
        assert_int_equal(fclose(file), 0);
        feed(a, path);
        assert_int_equal(components(a, "e2", "N").on_hand, 80);
        assert_int_equal(promisable(a, "e2", "N"), round == 0 ? 51 : 80);
        if (round == 0) {
            assert_verdict(step(a, ATP_OP_SHIP, NULL, "e2-order", NULL, true), ATP_APPLIED);
            assert_int_equal(components(a, "e2", "N").on_hand, 51); /* shipped after the feed */
            assert_int_equal(promisable(a, "e2", "N"), 51);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e1_eight_sources_at_once_and_gaps_in_four_hold_nobody_up),
        cmocka_unit_test(e1_a_source_that_starts_over_counts_anew_and_the_old_one_is_told),
        cmocka_unit_test(e2_a_feed_of_on_hand_knows_nothing_of_orders),
        cmocka_unit_test(e2_what_a_feed_includes_is_not_counted_again),
        cmocka_unit_test(e5_a_feed_of_what_is_there_writes_nothing_and_of_one_percent_one_percent),
        cmocka_unit_test(e5_no_event_comes_of_rows_that_are_as_they_were_and_one_of_each_that_is_not),
        cmocka_unit_test(e6_who_reads_while_a_feed_runs_is_answered_and_rightly),
    };
    return cmocka_run_group_tests_name("acceptance.feeding", tests, acceptance_start, acceptance_stop);
}

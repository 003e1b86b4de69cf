/* The outbox against an engine that is none: it loses, repeats, delays and mixes up what is published, drops requests and
 * answers, and crashes back to what it had made durable. Every batch is applied once all the same, counts in
 * their order. */
#include "engine/ledger/facts/sources.h"
#include "protocol/client/atp.h"
#include "protocol/endpoint.h"
#include "protocol/message.h"
#include "tests/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NUMBERS_MAX 8192
#define DELAYED_MAX 16
#define BATCH_ROOM  512

/* What a crash takes back. */
typedef struct books {
    atp_source_record_t source;
    uint64_t op;
    uint8_t applied[NUMBERS_MAX];
} books_t;

typedef struct engine {
    atp_server_t *server;
    atp_sub_t *sub;
    char url[64];
    char publish_url[64];
    pthread_mutex_t mutex;
    /* under `mutex` */
    books_t now;
    books_t durable;
    uint64_t seed;
    bool is_bad; /* the network is */
    uint64_t crashes;
    uint64_t heard; /* off the SUB socket */
    uint8_t refusal;
    uint64_t dropped; /* batches that the source gave up, and the next one tells of */
    struct {
        uint8_t bytes[BATCH_ROOM];
        size_t size;
    } delayed[DELAYED_MAX];
    uint32_t delayed_count;
} engine_t;

static bool is_one_in(engine_t *engine, uint64_t n)
{
    return engine->is_bad && test_random(&engine->seed) % n == 0;
}

static void make_durable(engine_t *engine)
{
    engine->durable = engine->now;
}

/* ---- applying ---- */

static bool read_ops(atp_reader_t *reader, uint32_t count, bool *ret_is_ordered)
{
    atp_command_line_t line;
    atp_command_room_t room = {.lines = &line, .line_capacity = 1};

    for (uint32_t i = 0; i < count; i++) {
        atp_command_t command;
        atp_refusal_t refusal;
        if (!atp_read_command(reader, &command, &room, &refusal) || refusal.verdict != ATP_APPLIED) {
            return false;
        }
        *ret_is_ordered |= command.kind == ATP_OP_COUNT;
    }
    return atp_message_close(reader);
}

static uint8_t apply(engine_t *engine, const atp_facts_t *facts, bool is_ordered)
{
    const atp_op_source_t numbers = {.epoch = facts->epoch,
                                     .sequence = facts->sequence,
                                     .kept_from = facts->kept_from,
                                     .after = is_ordered ? facts->sequence - 1 : facts->after};
    books_t *books = &engine->now;

    ATP_ASSERT(facts->sequence < NUMBERS_MAX && facts->kept_from >= 1);
    switch (atp_sources_look(&books->source, &numbers)) {
    case ATP_SEQUENCE_DUPLICATE:
        return ATP_DUPLICATE_IGNORED;
    case ATP_SEQUENCE_OUT_OF_ORDER:
        return ATP_OUT_OF_ORDER;
    case ATP_SEQUENCE_NEW:
        break;
    }
    for (uint64_t below = 1; below < facts->sequence && (is_ordered || below <= facts->after); below++) {
        ATP_ASSERT(books->applied[below] == 1);
    }
    for (uint64_t above = facts->sequence + 1; is_ordered && above < NUMBERS_MAX; above++) {
        ATP_ASSERT(books->applied[above] == 0); /* nothing overtakes a count */
    }
    uint64_t lost = atp_sources_accept(&books->source, &numbers);
    ATP_ASSERT(lost == engine->dropped); /* nothing but what the source gave up */
    engine->dropped = 0;
    books->applied[facts->sequence]++;
    books->op++;
    return ATP_APPLIED;
}

/* ---- what is published ---- */

static void take_event(engine_t *engine, const uint8_t *bytes, size_t size)
{
    atp_reader_t reader;
    atp_facts_t facts;
    uint32_t count;
    bool is_ordered = false;

    ATP_ASSERT(atp_event_open(bytes, size, &reader) && atp_read_facts(&reader, &facts, &count));
    ATP_ASSERT(read_ops(&reader, count, &is_ordered));
    (void)apply(engine, &facts, is_ordered);
}

static void hear(void *context, const uint8_t *bytes, size_t size)
{
    engine_t *engine = context;

    (void)pthread_mutex_lock(&engine->mutex);
    engine->heard++;
    ATP_ASSERT(size <= BATCH_ROOM);
    if (!is_one_in(engine, 4)) {
        uint32_t times = is_one_in(engine, 5) ? 2 : 1;
        for (uint32_t i = 0; i < times; i++) {
            take_event(engine, bytes, size);
        }
    } else if (engine->delayed_count < DELAYED_MAX && is_one_in(engine, 2)) {
        memcpy(engine->delayed[engine->delayed_count].bytes, bytes, size);
        engine->delayed[engine->delayed_count++].size = size;
    }
    if (engine->delayed_count > 0 && is_one_in(engine, 6)) { /* one of long ago */
        uint32_t which = (uint32_t)(test_random(&engine->seed) % engine->delayed_count);
        take_event(engine, engine->delayed[which].bytes, engine->delayed[which].size);
        engine->delayed[which] = engine->delayed[--engine->delayed_count];
    }
    if (is_one_in(engine, 20)) {
        make_durable(engine);
    } else if (is_one_in(engine, 100)) {
        engine->now = engine->durable;
        engine->crashes++;
    }
    (void)pthread_mutex_unlock(&engine->mutex);
}

/* ---- what is asked ---- */

static void answer_state(engine_t *engine, atp_writer_t *writer)
{
    const atp_source_record_t *source = &engine->now.source;
    const atp_source_state_t state = {
        .epoch = source->epoch, .low = source->low, .high = source->high, .batches = source->batches};
    atp_source_gap_t gap = {0, 0};

    atp_write_source_state_begin(writer);
    while (atp_sources_next_gap(source, gap.last + 1, &gap.first, &gap.last)) {
        atp_write_source_gap(writer, &gap);
    }
    atp_write_source_state_end(writer, &state);
}

static void answer(engine_t *engine, atp_reader_t *reader, const atp_request_t *request, atp_writer_t *writer)
{
    atp_batch_answer_t told = {0, 0};
    atp_facts_t facts;
    uint32_t count;
    bool is_ordered = false;

    if (request->type == ATP_MESSAGE_BATCH) {
        ATP_ASSERT(atp_read_batch(reader, &facts, &count) && read_ops(reader, count, &is_ordered));
        told.verdict = engine->refusal != 0 ? engine->refusal : apply(engine, &facts, is_ordered);
        make_durable(engine);
    }
    const atp_response_t response = {.type = request->type,
                                     .correlation = request->correlation,
                                     .incarnation = 1,
                                     .applied_op = engine->now.op,
                                     .durable_op = engine->durable.op};
    atp_write_response(writer, &response);
    if (request->type == ATP_MESSAGE_BATCH) {
        atp_write_batch_answer(writer, &told);
    } else {
        answer_state(engine, writer);
    }
}

static void handle(void *context, atp_exchange_t *exchange)
{
    engine_t *engine = context;
    size_t size;
    const uint8_t *bytes = atp_exchange_request(exchange, &size);
    atp_request_t request;
    atp_reader_t reader;
    atp_writer_t writer;
    uint8_t *room;

    ATP_ASSERT(atp_request_open(bytes, size, &reader, &request));
    ATP_ASSERT(request.type == ATP_MESSAGE_BATCH || request.type == ATP_MESSAGE_SOURCE_STATE);
    ATP_ASSERT(atp_exchange_reserve(exchange, 65536, &room) == ATP_OK);
    (void)pthread_mutex_lock(&engine->mutex);
    bool is_request_lost = is_one_in(engine, 500);
    if (!is_request_lost) {
        atp_writer_init(&writer, room, 65536);
        answer(engine, &reader, &request, &writer);
    }
    bool is_lost = is_request_lost || is_one_in(engine, 500);
    if (is_one_in(engine, 3)) {
        make_durable(engine);
    }
    (void)pthread_mutex_unlock(&engine->mutex);
    if (is_lost) {
        atp_exchange_drop(exchange);
    } else {
        atp_exchange_send(exchange, atp_writer_size(&writer));
    }
}

/* ---- scenery ---- */

typedef struct scene {
    engine_t engine;
    char folder[64];
    atp_outbox_t *outbox;
} scene_t;

static const char *const any_port[1] = {"tcp://127.0.0.1:0"};

static int setup(void **state)
{
    scene_t *scene = calloc(1, sizeof *scene);
    engine_t *engine = &scene->engine;
    const atp_server_options_t server = {
        .urls = any_port, .url_count = 1, .handler = handle, .context = engine};
    const atp_sub_options_t sub = {
        .listen_urls = any_port, .listen_url_count = 1, .handler = hear, .context = engine};
    atp_why_t why;

    (void)pthread_mutex_init(&engine->mutex, NULL);
    engine->seed = 0x0b0;
    assert_int_equal(atp_server_open(&server, &engine->server, &why), ATP_OK);
    assert_int_equal(atp_sub_open(&sub, &engine->sub, &why), ATP_OK);
    (void)snprintf(engine->url, sizeof engine->url, "tcp://127.0.0.1:%u", atp_server_port(engine->server, 0));
    (void)snprintf(engine->publish_url, sizeof engine->publish_url, "tcp://127.0.0.1:%u",
                   atp_sub_port(engine->sub, 0));
    (void)snprintf(scene->folder, sizeof scene->folder, "/tmp/atp-outbox-XXXXXX");
    assert_non_null(mkdtemp(scene->folder));
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    scene_t *scene = *state;
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", ""};
    char path[128];

    atp_outbox_close(scene->outbox);
    atp_sub_close(scene->engine.sub);
    atp_server_close(scene->engine.server);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", scene->folder, names[i]);
        (void)remove(path);
    }
    (void)pthread_mutex_destroy(&scene->engine.mutex);
    free(scene);
    return 0;
}

static atp_outbox_options_t options_of(const scene_t *scene)
{
    return (atp_outbox_options_t){
        .folder = scene->folder, .url = scene->engine.url, .source = ATP_TEXT("wms")};
}

static void open_outbox(scene_t *scene, bool is_publishing)
{
    atp_outbox_options_t options = options_of(scene);
    atp_why_t why;

    options.publish_url = is_publishing ? scene->engine.publish_url : NULL;
    options.resend_ms = 20;
    assert_int_equal(atp_outbox_open(&options, &scene->outbox, &why), ATP_OK);
}

static void close_outbox(scene_t *scene)
{
    atp_outbox_close(scene->outbox);
    scene->outbox = NULL;
}

static atp_err_t put(atp_outbox_t *outbox, bool is_count, uint64_t *ret_sequence, atp_why_t *ret_why)
{
    const atp_command_line_t line = {ATP_TEXT("s"), ATP_TEXT("n"), 5, 0};
    const atp_command_t fact = {
        .kind = is_count ? ATP_OP_COUNT : ATP_OP_RECEIVE, .line_count = 1, .lines = &line};

    return atp_outbox_put(outbox, &fact, 1, 777, ret_sequence, ret_why);
}

static void put_some(scene_t *scene, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(put(scene->outbox, i % 10 == 9, NULL, NULL), ATP_OK);
    }
}

/* Every number up to `last` was applied once, for good. */
static void expect_applied(scene_t *scene, uint64_t last)
{
    engine_t *engine = &scene->engine;
    atp_outbox_state_t state;

    assert_int_equal(atp_outbox_flush(scene->outbox, 60000), ATP_OK);
    atp_outbox_read_state(scene->outbox, &state);
    assert_int_equal(state.low, last + 1);
    assert_int_equal(state.next, last + 1);
    assert_int_equal(state.bytes, 0);
    (void)pthread_mutex_lock(&engine->mutex);
    for (uint64_t number = 1; number < NUMBERS_MAX; number++) {
        assert_int_equal(engine->durable.applied[number], number <= last);
    }
    (void)pthread_mutex_unlock(&engine->mutex);
}

/* ---- tests ---- */

static void facts_go_by_request_where_nothing_is_published(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;
    uint64_t sequence = 0;

    open_outbox(scene, false);
    for (uint64_t i = 1; i <= 100; i++) {
        assert_int_equal(put(scene->outbox, false, &sequence, NULL), ATP_OK);
        assert_int_equal(sequence, i);
    }
    expect_applied(scene, 100);
    atp_outbox_read_state(scene->outbox, &now);
    assert_int_equal(now.published, 0);
    assert_true(now.requested >= 100 && now.is_connected && !now.is_superseded && now.refused == 0);
}

static void what_waits_is_sent_by_the_next_one_that_opens_the_folder(void **state)
{
    scene_t *scene = *state;
    atp_outbox_options_t options = options_of(scene);
    atp_outbox_look_t look;
    atp_why_t why;

    options.url = "tcp://127.0.0.1:1"; /* nobody is there */
    assert_int_equal(atp_outbox_open(&options, &scene->outbox, &why), ATP_OK);
    put_some(scene, 30);
    assert_int_equal(atp_outbox_flush(scene->outbox, 30), ATP_ERR_TIMEOUT);
    assert_int_equal(atp_outbox_look(scene->folder, &look, &why), ATP_ERR_LOCKED);
    close_outbox(scene);
    assert_int_equal(atp_outbox_look(scene->folder, &look, &why), ATP_OK);
    assert_string_equal(look.source, "wms");
    assert_true(look.low == 1 && look.next == 31 && look.bytes > 0);
    assert_int_equal(atp_outbox_look("/tmp/atp-outbox-none", &look, &why), ATP_ERR_NOT_FOUND);
    open_outbox(scene, true);
    put_some(scene, 10);
    expect_applied(scene, 40);
}

static void *put_many(void *context)
{
    scene_t *scene = context;

    put_some(scene, 300);
    return NULL;
}

static void a_bad_network_loses_nothing_and_doubles_nothing(void **state)
{
    scene_t *scene = *state;
    pthread_t threads[4];

    scene->engine.is_bad = true;
    open_outbox(scene, true);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, scene), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    expect_applied(scene, 1200);
    assert_true(scene->engine.heard > 0 && scene->engine.crashes > 0);
    close_outbox(scene);
    open_outbox(scene, true); /* and once more from where it stopped */
    put_some(scene, 200);
    expect_applied(scene, 1400);
}

static void an_old_copy_of_a_folder_is_found_out_before_it_tells_anything(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;
    atp_why_t why;

    open_outbox(scene, false);
    put_some(scene, 5);
    expect_applied(scene, 5);
    close_outbox(scene);
    (void)pthread_mutex_lock(&scene->engine.mutex);
    scene->engine.now.source.high = 9; /* numbers that this folder never gave */
    scene->engine.now.source.low = 10;
    make_durable(&scene->engine);
    (void)pthread_mutex_unlock(&scene->engine.mutex);
    open_outbox(scene, true);
    do {
        atp_outbox_read_state(scene->outbox, &now);
    } while (!now.is_superseded);
    assert_int_equal(put(scene->outbox, false, NULL, &why), ATP_ERR_CLOSED);
    assert_non_null(strstr(why.text, "it is a copy, or has one"));
    assert_int_equal(scene->engine.heard, 0);
}

/* Batches under the very numbers that the other folder told: its own must not be taken for those. */
static void a_copy_that_has_kept_batches_of_its_own_is_found_out_too(void **state)
{
    scene_t *scene = *state;
    atp_outbox_options_t options = options_of(scene);
    atp_outbox_state_t now;
    atp_why_t why;

    open_outbox(scene, false);
    put_some(scene, 5);
    expect_applied(scene, 5);
    close_outbox(scene);
    (void)pthread_mutex_lock(&scene->engine.mutex);
    scene->engine.now.source.high = 6; /* the folder was copied, and the copy went on */
    scene->engine.now.source.low = 7;
    make_durable(&scene->engine);
    (void)pthread_mutex_unlock(&scene->engine.mutex);
    options.url = "tcp://127.0.0.1:1";
    for (uint32_t i = 0; i < 2; i++) { /* the engine cannot be asked, twice */
        assert_int_equal(atp_outbox_open(&options, &scene->outbox, &why), ATP_OK);
        put_some(scene, 3);
        close_outbox(scene);
    }
    open_outbox(scene, true);
    assert_int_equal(atp_outbox_flush(scene->outbox, 10000), ATP_ERR_CLOSED);
    atp_outbox_read_state(scene->outbox, &now);
    assert_true(now.is_superseded && now.low == 6 && now.next == 12);
}

static void a_source_that_started_over_elsewhere_is_told(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;

    scene->engine.now.source = (atp_source_record_t){.epoch = INT64_MAX, .low = 2, .high = 1, .batches = 1};
    open_outbox(scene, false);
    (void)put(scene->outbox, false, NULL, NULL);
    assert_int_equal(atp_outbox_flush(scene->outbox, 10000), ATP_ERR_CLOSED);
    atp_outbox_read_state(scene->outbox, &now);
    assert_non_null(strstr(now.last_failure.text, "later epoch"));
}

static void what_the_engine_refuses_stays_and_is_told(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;

    scene->engine.refusal = ATP_SOURCES_FULL;
    open_outbox(scene, false);
    put_some(scene, 1);
    do {
        atp_outbox_read_state(scene->outbox, &now);
    } while (now.refused == 0);
    assert_true(now.refused == 1 && now.refusal == ATP_SOURCES_FULL && now.low == 1);
    assert_non_null(strstr(now.last_failure.text, "sources_full"));
    (void)pthread_mutex_lock(&scene->engine.mutex);
    scene->engine.refusal = 0; /* somebody made room */
    (void)pthread_mutex_unlock(&scene->engine.mutex);
    expect_applied(scene, 1);
}

/* Who waits for it is told why, and nothing is called refused. */
static void what_the_engine_puts_off_is_told_and_sent_again(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;

    scene->engine.refusal = ATP_SOURCE_PAUSED;
    open_outbox(scene, false);
    put_some(scene, 1);
    do {
        atp_outbox_read_state(scene->outbox, &now);
    } while (now.last_failure.text[0] == '\0');
    assert_non_null(strstr(now.last_failure.text, "the source is paused"));
    assert_true(now.refused == 0 && now.low == 1);
    (void)pthread_mutex_lock(&scene->engine.mutex);
    scene->engine.refusal = 0; /* it was resumed */
    (void)pthread_mutex_unlock(&scene->engine.mutex);
    expect_applied(scene, 1);
}

static void what_is_refused_for_good_can_be_dropped_and_the_rest_goes_on(void **state)
{
    scene_t *scene = *state;
    atp_outbox_state_t now;
    atp_outbox_look_t look;
    atp_why_t why;

    scene->engine.refusal = ATP_SOURCES_FULL;
    open_outbox(scene, false);
    put_some(scene, 1);
    do {
        atp_outbox_read_state(scene->outbox, &now);
    } while (now.refused == 0);
    assert_int_equal(atp_outbox_drop(scene->folder, 1, ATP_TEXT("why"), &why), ATP_ERR_LOCKED);
    close_outbox(scene);
    assert_int_equal(atp_outbox_look(scene->folder, &look, &why), ATP_OK);
    assert_int_equal(look.refused_count, 1);
    assert_int_equal(look.refused[0].number, 1);
    assert_int_equal(look.refused[0].verdict, ATP_SOURCES_FULL);
    assert_int_equal(atp_outbox_drop(scene->folder, 1, ATP_TEXT("no such till"), &why), ATP_OK);
    assert_int_equal(atp_outbox_look(scene->folder, &look, &why), ATP_OK);
    assert_int_equal(look.refused_count, 0);
    assert_int_equal(look.dropped_count, 1);
    assert_string_equal(look.dropped[0].reason, "no such till");
    assert_true(look.low == 2 && look.next == 2 && look.bytes == 0);
    scene->engine.refusal = 0;
    scene->engine.dropped = 1;
    open_outbox(scene, false);
    put_some(scene, 3);
    assert_int_equal(atp_outbox_flush(scene->outbox, 30000), ATP_OK);
    assert_int_equal(scene->engine.dropped, 0);
}

static void what_no_batch_may_have_is_refused_at_once(void **state)
{
    scene_t *scene = *state;
    const atp_command_line_t line = {ATP_TEXT("s"), ATP_TEXT("n"), 5, 0};
    const atp_command_line_t nameless = {ATP_TEXT(""), ATP_TEXT("n"), 5, 0};
    const atp_command_t reserve = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("r"), .issued_ms = 1, .line_count = 1, .lines = &line};
    const atp_command_t bad = {.kind = ATP_OP_RECEIVE, .line_count = 1, .lines = &nameless};
    atp_why_t why;

    open_outbox(scene, false);
    assert_int_equal(atp_outbox_put(scene->outbox, &reserve, 1, 0, NULL, &why), ATP_ERR_INVALID);
    assert_non_null(strstr(why.text, "fact 0: unknown_kind"));
    assert_int_equal(atp_outbox_put(scene->outbox, &bad, 1, 0, NULL, &why), ATP_ERR_INVALID);
    put_some(scene, 1);
    expect_applied(scene, 1); /* they took no number */
}

static void a_full_queue_and_a_full_disk_are_busy_and_lose_nothing(void **state)
{
    scene_t *scene = *state;
    atp_outbox_options_t options = options_of(scene);
    struct rlimit was;
    struct rlimit small = {128 << 10, 0};
    atp_why_t why;
    uint64_t kept = 0;
    atp_err_t err;

    options.bytes_max = 200;
    options.url = "tcp://127.0.0.1:1";
    assert_int_equal(atp_outbox_open(&options, &scene->outbox, &why), ATP_OK);
    while ((err = put(scene->outbox, false, NULL, &why)) == ATP_OK) {
        kept++;
    }
    assert_int_equal(err, ATP_ERR_BUSY);
    assert_true(kept > 2 && kept < 20);
    close_outbox(scene);
    options.bytes_max = 0;
    assert_int_equal(atp_outbox_open(&options, &scene->outbox, &why), ATP_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    small.rlim_max = was.rlim_max;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while ((err = put(scene->outbox, false, NULL, &why)) == ATP_OK) {
        kept++;
    }
    assert_int_not_equal(err, ATP_ERR_INVALID);
    assert_int_not_equal(put(scene->outbox, false, NULL, &why), ATP_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0); /* there is room again */
    assert_int_equal(put(scene->outbox, false, NULL, &why), ATP_OK);
    kept++;
    close_outbox(scene);
    open_outbox(scene, false);
    expect_applied(scene, kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(facts_go_by_request_where_nothing_is_published, setup, teardown),
        cmocka_unit_test_setup_teardown(what_waits_is_sent_by_the_next_one_that_opens_the_folder, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_network_loses_nothing_and_doubles_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_copy_of_a_folder_is_found_out_before_it_tells_anything, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_copy_that_has_kept_batches_of_its_own_is_found_out_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_source_that_started_over_elsewhere_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_engine_refuses_stays_and_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_engine_puts_off_is_told_and_sent_again, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_refused_for_good_can_be_dropped_and_the_rest_goes_on, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_no_batch_may_have_is_refused_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_queue_and_a_full_disk_are_busy_and_lose_nothing, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

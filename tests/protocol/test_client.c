#include "engine/base/atomics.h"
#include "protocol/client/atp.h"
#include "tests/protocol/fake_server.h"
#include "tests/protocol/nng_leaks.h"
#include "tests/test.h"

#include <nng/nng.h>

#include <sched.h>
#include <stdio.h>
#include <string.h>

static atp_client_t *open_client(const char *url, const atp_client_options_t *more)
{
    atp_client_options_t options = *more;
    atp_client_t *client = NULL;
    atp_why_t why;

    options.url = url;
    options.client = ATP_TEXT("test");
    if (atp_client_open(&options, &client, &why) != ATP_OK) {
        fail_msg("%s", why.text);
    }
    return client;
}

static const atp_client_options_t defaults;

/* A reserve of `qty` under an id of `number`; texts go to `id`. */
static atp_command_t reserve(char id[32], unsigned number, atp_command_line_t *line, atp_qty_t qty)
{
    int size = snprintf(id, 32, "r-%u", number);

    *line = (atp_command_line_t){ATP_TEXT("sku-a"), ATP_TEXT("berlin"), qty, 0};
    return (atp_command_t){
        .kind = ATP_OP_RESERVE, .id = {id, (uint32_t)size}, .line_count = 1, .lines = line};
}

/* ---- single calls ---- */

static void a_call_gets_the_answer_to_its_command(void **state)
{
    fake_t fake;
    atp_client_t *client;
    atp_command_line_t lines[2] = {{ATP_TEXT("sku-a"), ATP_TEXT("berlin"), 5, 0},
                                   {ATP_TEXT("sku-b"), ATP_TEXT("paris"), 7, 0}};
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = ATP_TEXT("cart-1"), .line_count = 2, .lines = lines};
    atp_grant_t items[2];
    atp_grants_t grants = {.items = items, .capacity = 2};
    atp_result_t result;
    atp_as_of_t as_of;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call(client, &command, &result, &grants, &as_of), ATP_OK);
    assert_int_equal(result.verdict, ATP_APPLIED);
    assert_int_equal(result.qty, 12);
    assert_int_equal(result.is_repeat, 0);
    assert_int_equal(grants.count, 2);
    assert_int_equal(items[0].qty, 5);
    assert_int_equal(items[1].qty, 7);
    assert_int_equal(as_of.incarnation, 3);
    assert_int_equal(as_of.applied_op, 20);
    assert_int_equal(as_of.durable_op, 19);
    assert_int_equal(fake_seen(&fake).messages, 1);
    atp_client_close(client);
    fake_close(&fake);
}

static void grants_beyond_the_room_are_counted_and_left_out(void **state)
{
    fake_t fake;
    atp_client_t *client;
    atp_command_line_t lines[3] = {{ATP_TEXT("a"), ATP_TEXT("n"), 1, 0},
                                   {ATP_TEXT("b"), ATP_TEXT("n"), 2, 0},
                                   {ATP_TEXT("c"), ATP_TEXT("n"), 3, 0}};
    atp_command_t command = {.kind = ATP_OP_RESERVE, .id = ATP_TEXT("x"), .line_count = 3, .lines = lines};
    atp_grant_t items[3] = {{.qty = 0}, {.qty = 0}, {.qty = 99, .scale = 9}};
    atp_grants_t grants = {.items = items, .capacity = 2};
    atp_result_t result;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call(client, &command, &result, &grants, NULL), ATP_OK);
    assert_int_equal(grants.count, 3);
    assert_int_equal(items[1].qty, 2);
    assert_int_equal(items[2].qty, 99);
    assert_int_equal(atp_client_call_many(client, &command, 1, &result, &grants, NULL), ATP_OK);
    assert_int_equal(grants.count, 3);
    assert_int_equal(items[2].qty, 99);
    atp_client_close(client);
    fake_close(&fake);
}

static void the_issue_time_is_stamped_when_it_is_not_given(void **state)
{
    fake_t fake;
    atp_client_t *client;
    char id[32];
    atp_command_line_t line;
    atp_command_t command = reserve(id, 1, &line, 1);
    atp_result_t result;
    int64_t before = atp_now_ms();

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call(client, &command, &result, NULL, NULL), ATP_OK);
    assert_in_range(fake_seen(&fake).issued_ms, before, atp_now_ms());
    assert_int_equal(command.issued_ms, 0);
    command = reserve(id, 2, &line, 1);
    command.issued_ms = 12345;
    assert_int_equal(atp_client_call(client, &command, &result, NULL, NULL), ATP_OK);
    assert_int_equal(fake_seen(&fake).issued_ms, 12345);
    atp_client_close(client);
    fake_close(&fake);
}

static void a_refused_message_is_the_verdict_of_each_command(void **state)
{
    static const fake_mode_t plan[] = {FAKE_REFUSE, FAKE_REFUSE};
    fake_t fake;
    atp_client_t *client;
    char id[32];
    atp_command_line_t line;
    atp_command_t command = reserve(id, 1, &line, 1);
    atp_command_t many[2] = {command, command};
    atp_result_t results[2];

    (void)state;
    fake_open(&fake, NULL);
    fake_plan(&fake, plan, 2);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call(client, &command, &results[0], NULL, NULL), ATP_OK);
    assert_int_equal(results[0].verdict, ATP_UNAUTHORISED);
    assert_int_equal(results[0].field, ATP_FIELD_TOKEN);
    assert_int_equal(atp_client_call_many(client, many, 2, results, NULL, NULL), ATP_OK);
    assert_int_equal(results[1].verdict, ATP_UNAUTHORISED);
    atp_client_close(client);
    fake_close(&fake);
}

static void a_bad_command_is_refused_alone_among_those_it_shares_a_message_with(void **state)
{
    fake_t fake;
    atp_client_t *client;
    char ids[2][32];
    atp_command_line_t lines[3];
    atp_command_t commands[3] = {
        reserve(ids[0], 1, &lines[0], 1), {.kind = ATP_OP_RESERVE}, reserve(ids[1], 2, &lines[2], 1)};
    atp_result_t results[3];

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call_many(client, commands, 3, results, NULL, NULL), ATP_OK);
    assert_int_equal(results[0].verdict, ATP_APPLIED);
    assert_int_equal(results[1].verdict, ATP_ID_MISSING);
    assert_int_equal(results[2].verdict, ATP_APPLIED);
    atp_client_close(client);
    fake_close(&fake);
}

static void a_whole_message_of_commands_is_answered_in_order(void **state)
{
    static atp_command_t commands[ATP_OPS_PER_MESSAGE_MAX + 1];
    static atp_command_line_t lines[ATP_OPS_PER_MESSAGE_MAX + 1];
    static atp_result_t results[ATP_OPS_PER_MESSAGE_MAX + 1];
    static char ids[ATP_OPS_PER_MESSAGE_MAX + 1][32];
    fake_t fake;
    atp_client_t *client;

    (void)state;
    for (unsigned i = 0; i <= ATP_OPS_PER_MESSAGE_MAX; i++) {
        commands[i] = reserve(ids[i], i, &lines[i], (atp_qty_t)i + 1);
    }
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call_many(client, commands, ATP_OPS_PER_MESSAGE_MAX, results, NULL, NULL),
                     ATP_OK);
    for (unsigned i = 0; i < ATP_OPS_PER_MESSAGE_MAX; i++) {
        assert_int_equal(results[i].qty, i + 1);
    }
    assert_int_equal(fake_seen(&fake).messages, 1);
    assert_int_equal(atp_client_call_many(client, commands, ATP_OPS_PER_MESSAGE_MAX + 1, results, NULL, NULL),
                     ATP_ERR_INVALID);
    assert_int_equal(atp_client_call_many(client, commands, 0, results, NULL, NULL), ATP_ERR_INVALID);
    atp_client_close(client);
    fake_close(&fake);
}

static void commands_beyond_the_limits_are_refused_before_they_are_sent(void **state)
{
    static char large[(2 << 20) + 1];
    fake_t fake;
    atp_client_t *client;
    atp_command_t command = {.kind = ATP_OP_RESERVE, .id = {large, 2 << 20}};
    atp_command_t many = {.kind = ATP_OP_RESERVE, .id = ATP_TEXT("x"), .line_count = 8193};
    atp_result_t result;

    (void)state;
    memset(large, 'x', sizeof large);
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_call(client, &command, &result, NULL, NULL), ATP_ERR_INVALID);
    assert_int_equal(atp_client_call(client, &many, &result, NULL, NULL), ATP_ERR_INVALID);
    assert_int_equal(atp_client_call_many(client, &many, 1, &result, NULL, NULL), ATP_ERR_INVALID);
    assert_int_equal(atp_client_submit(client, &many, NULL, NULL), ATP_ERR_INVALID);
    assert_int_equal(fake_seen(&fake).messages, 0);
    atp_client_close(client);
    fake_close(&fake);
}

/* ---- coalescing ---- */

#define THREADS    32
#define CALLS_EACH 100

typedef struct worker {
    atp_client_t *client;
    unsigned first;
    unsigned count;
    unsigned wrong;
    atp_err_t err;
} worker_t;

static void *call_often(void *arg)
{
    worker_t *worker = arg;

    for (unsigned i = 0; i < worker->count; i++) {
        char id[32];
        atp_command_line_t line;
        atp_command_t command = reserve(id, worker->first + i, &line, (atp_qty_t)(worker->first + i + 1));
        atp_result_t result = {0};
        atp_err_t err = atp_client_call(worker->client, &command, &result, NULL, NULL);

        if (err != ATP_OK) {
            worker->err = err;
        } else {
            worker->wrong +=
                result.qty != (atp_qty_t)(worker->first + i + 1) || result.verdict != ATP_APPLIED;
        }
    }
    return NULL;
}

static void start_workers(atp_client_t *client, worker_t *workers, pthread_t *threads, unsigned calls_each)
{
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (worker_t){client, i * calls_each, calls_each, 0, ATP_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, &workers[i]), 0);
    }
}

static void join_workers(pthread_t *threads)
{
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void calls_of_many_threads_each_get_their_own_answer(void **state)
{
    fake_t fake;
    atp_client_t *client;
    worker_t workers[THREADS];
    pthread_t threads[THREADS];
    fake_seen_t seen;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    start_workers(client, workers, threads, CALLS_EACH);
    join_workers(threads);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(workers[i].err, ATP_OK);
        assert_int_equal(workers[i].wrong, 0);
    }
    seen = fake_seen(&fake);
    assert_int_equal(seen.ids, THREADS * CALLS_EACH);
    assert_int_equal(seen.repeats, 0);
    assert_true(seen.messages < seen.ops); /* some were gathered */
    atp_client_close(client);
    fake_close(&fake);
}

static void calls_made_while_a_message_is_in_flight_leave_as_one(void **state)
{
    fake_t fake;
    atp_client_options_t one = {.messages_in_flight = 1, .try_ms = 60000, .timeout_ms = 60000};
    atp_client_t *client;
    worker_t workers[THREADS];
    pthread_t threads[THREADS];
    atp_client_counters_t counters = {0};
    fake_seen_t seen;

    (void)state;
    fake_open(&fake, NULL);
    fake_mode(&fake, FAKE_KEEP);
    client = open_client(fake.url, &one);
    start_workers(client, workers, threads, 1);
    fake_wait_kept(&fake, 1);
    while (counters.calls < THREADS) {
        atp_client_read_counters(client, &counters);
        (void)sched_yield();
    }
    fake_release(&fake);
    join_workers(threads);
    seen = fake_seen(&fake);
    assert_int_equal(seen.ops, THREADS);
    assert_in_range(seen.messages, 2, 3); /* a call may be counted just before it is queued */
    assert_in_range(seen.ops_in_a_message_max, THREADS - 2, THREADS - 1);
    atp_client_close(client);
    fake_close(&fake);
}

static void a_message_carries_no_more_ops_than_set(void **state)
{
    fake_t fake;
    atp_client_options_t options = {.messages_in_flight = 1, .ops_per_message = 3};
    atp_client_t *client;
    worker_t workers[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &options);
    start_workers(client, workers, threads, 20);
    join_workers(threads);
    assert_int_equal(fake_seen(&fake).ops, THREADS * 20);
    assert_in_range(fake_seen(&fake).ops_in_a_message_max, 1, 3);
    atp_client_close(client);
    fake_close(&fake);
}

/* ---- submitted ---- */

typedef struct tally {
    _Atomic unsigned ok;
    _Atomic unsigned closed;
    _Atomic unsigned wrong;
    atp_client_t *client;
    _Atomic unsigned next; /* id of the next one a callback submits, when it does */
    unsigned next_max;
} tally_t;

static void count_done(void *context, atp_err_t err, const atp_result_t *result, const atp_grant_t *grants,
                       const atp_as_of_t *as_of)
{
    tally_t *tally = context;

    if (err == ATP_ERR_CLOSED) {
        atp_fetch_add_relaxed(&tally->closed, 1);
    } else if (err == ATP_OK && result->line_count == 1 && grants[0].qty == result->qty &&
               as_of->incarnation == 3) {
        atp_fetch_add_relaxed(&tally->ok, 1);
    } else {
        atp_fetch_add_relaxed(&tally->wrong, 1);
    }
}

static void submitted_commands_are_copied_and_answered_once(void **state)
{
    fake_t fake;
    atp_client_t *client;
    tally_t tally = {0};

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    for (unsigned i = 0; i < 5000; i++) {
        char id[32];
        atp_command_line_t line;
        atp_command_t command = reserve(id, i, &line, (atp_qty_t)i + 1);

        assert_int_equal(atp_client_submit(client, &command, count_done, &tally), ATP_OK);
        memset(id, '?', sizeof id);
        memset(&line, 0, sizeof line);
    }
    atp_client_wait_submits(client);
    assert_int_equal(atp_load_relaxed(&tally.ok), 5000);
    assert_int_equal(fake_seen(&fake).ids, 5000);
    assert_true(fake_seen(&fake).messages < 5000);
    atp_client_close(client);
    fake_close(&fake);
}

static void submitting_beyond_the_bound_is_busy_and_nothing_is_sent(void **state)
{
    fake_t fake;
    atp_client_options_t options = {.submits_in_flight = 2, .try_ms = 60000, .timeout_ms = 60000};
    atp_client_t *client;
    tally_t tally = {0};
    char id[32];
    atp_command_line_t line;
    atp_command_t command = reserve(id, 1, &line, 1);

    (void)state;
    fake_open(&fake, NULL);
    fake_mode(&fake, FAKE_KEEP);
    client = open_client(fake.url, &options);
    assert_int_equal(atp_client_submit(client, &command, count_done, &tally), ATP_OK);
    assert_int_equal(atp_client_submit(client, &command, count_done, &tally), ATP_OK);
    assert_int_equal(atp_client_submit(client, &command, count_done, &tally), ATP_ERR_BUSY);
    fake_wait_kept(&fake, 2);
    fake_release(&fake);
    atp_client_wait_submits(client);
    assert_int_equal(atp_client_submit(client, &command, count_done, &tally), ATP_OK);
    atp_client_wait_submits(client);
    assert_int_equal(atp_load_relaxed(&tally.ok), 3);
    atp_client_close(client);
    fake_close(&fake);
}

static void submit_the_next(void *context, atp_err_t err, const atp_result_t *result,
                            const atp_grant_t *grants, const atp_as_of_t *as_of)
{
    tally_t *tally = context;
    unsigned next = atp_fetch_add_relaxed(&tally->next, 1);
    char id[32];
    atp_command_line_t line;
    atp_command_t command = reserve(id, next, &line, 1);

    count_done(context, err, result, grants, as_of);
    if (next < tally->next_max &&
        atp_client_submit(tally->client, &command, submit_the_next, tally) != ATP_OK) {
        atp_fetch_add_relaxed(&tally->wrong, 1);
    }
}

static void a_callback_may_submit_even_at_the_bound(void **state)
{
    fake_t fake;
    atp_client_options_t options = {.submits_in_flight = 10};
    tally_t tally = {.next = 10, .next_max = 2000};

    (void)state;
    fake_open(&fake, NULL);
    tally.client = open_client(fake.url, &options);
    for (unsigned i = 0; i < 10; i++) {
        char id[32];
        atp_command_line_t line;
        atp_command_t command = reserve(id, i, &line, 1);

        while (atp_client_submit(tally.client, &command, submit_the_next, &tally) == ATP_ERR_BUSY) {
            (void)sched_yield(); /* a callback was quicker */
        }
    }
    atp_client_wait_submits(tally.client);
    assert_in_range(atp_load_relaxed(&tally.ok), 2000, 2010);
    assert_in_range(atp_load_relaxed(&tally.wrong), 0, 9); /* the loop above took a callback's place */
    atp_client_close(tally.client);
    fake_close(&fake);
}

/* ---- questions ---- */

static void availability_comes_as_rows(void **state)
{
    const atp_text_t skus[2] = {ATP_TEXT("sku-a"), ATP_TEXT("sku-b")};
    const atp_text_t nodes[2] = {ATP_TEXT("berlin"), ATP_TEXT("paris")};
    const atp_availability_ask_t ask = {.sku_count = 2, .node_count = 2, .skus = skus, .nodes = nodes};
    fake_t fake;
    atp_client_t *client;
    atp_answer_t *answer;
    const atp_availability_row_t *rows;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_availability(client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 2);
    assert_int_equal(atp_answer_head(answer).as_of.applied_op, 20);
    assert_true(atp_answer_head(answer).is_as_of_one_op);
    rows = atp_answer_availability(answer);
    assert_int_equal(rows[1].promisable, 8);
    assert_true(atp_text_equal(rows[1].node, nodes[1]));
    assert_null(atp_answer_records(answer));
    assert_null(atp_answer_stats(answer));
    atp_answer_free(answer);
    atp_client_close(client);
    fake_close(&fake);
}

static void outcomes_are_asked_by_id(void **state)
{
    const atp_outcome_ask_t asks[2] = {{ATP_OUTCOME_RESERVATION, ATP_TEXT("other")},
                                       {ATP_OUTCOME_REQUEST, ATP_TEXT("known")}};
    fake_t fake;
    atp_client_t *client;
    atp_result_t results[2];
    atp_grant_t items[4];
    atp_grants_t grants = {.items = items, .capacity = 4};
    atp_as_of_t as_of;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_outcome(client, asks, 2, results, &grants, &as_of), ATP_OK);
    assert_int_equal(results[0].verdict, ATP_UNKNOWN_ID);
    assert_int_equal(results[1].verdict, ATP_APPLIED);
    assert_int_equal(results[1].op, 41);
    assert_int_equal(grants.count, 2);
    assert_int_equal(items[1].qty, 2);
    assert_int_equal(as_of.durable_op, 19);
    assert_int_equal(atp_client_outcome(client, asks, 0, results, NULL, NULL), ATP_ERR_INVALID);
    atp_client_close(client);
    fake_close(&fake);
}

static void reservations_come_with_their_lines(void **state)
{
    const atp_text_t ids[3] = {ATP_TEXT("r-1"), ATP_TEXT("r-2"), ATP_TEXT("r-3")};
    fake_t fake;
    atp_client_t *client;
    atp_answer_t *answer;
    const atp_record_t *records;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_reservation(client, ids, 3, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 3);
    records = atp_answer_records(answer);
    for (int i = 0; i < 3; i++) {
        assert_true(atp_text_equal(records[i].id, ids[i]));
        assert_int_equal(records[i].line_count, 2);
        assert_int_equal(records[i].lines[0].shipped, 2);
        assert_true(atp_text_equal(records[i].lines[1].node, ATP_TEXT("paris")));
    }
    atp_answer_free(answer);
    assert_int_equal(atp_client_reservation(client, ids, 0, &answer), ATP_ERR_INVALID);
    atp_client_close(client);
    fake_close(&fake);
}

static void lists_are_read_page_by_page(void **state)
{
    fake_t fake;
    atp_client_t *client;
    atp_page_ask_t ask = {.limit = 1, .what = ATP_CATALOG_SKUS};
    atp_answer_t *answer;
    int pages = 0;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    do {
        assert_int_equal(atp_client_positions(client, &ask, &answer), ATP_OK);
        assert_int_equal(atp_answer_positions(answer)[0].on_hand, 12);
        ask.cursor = atp_answer_head(answer).next_cursor;
        atp_answer_free(answer);
        pages++;
    } while (ask.cursor != 0);
    assert_int_equal(pages, 3);
    assert_int_equal(atp_client_exceptions(client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_exceptions(answer)[0].id_count, 2);
    assert_true(atp_text_equal(atp_answer_exceptions(answer)[0].ids[1], ATP_TEXT("r-2")));
    atp_answer_free(answer);
    assert_int_equal(atp_client_catalog(client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_catalog(answer)[0].value, 3);
    atp_answer_free(answer);
    assert_int_equal(atp_client_reservations(client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_records(answer)[0].version, 9);
    atp_answer_free(answer);
    atp_client_close(client);
    fake_close(&fake);
}

static void figures_come_by_name(void **state)
{
    fake_t fake;
    atp_client_t *client;
    atp_answer_t *answer;

    (void)state;
    fake_open(&fake, NULL);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_stat(client, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).row_count, 2);
    assert_int_equal(atp_answer_stats(answer)[0].value, 17);
    assert_true(atp_text_equal(atp_answer_stats(answer)[1].text, ATP_TEXT("0.1.0")));
    atp_answer_free(answer);
    atp_answer_free(NULL);
    atp_client_close(client);
    fake_close(&fake);
}

static void a_refused_question_is_an_answer_without_rows(void **state)
{
    static const fake_mode_t plan[] = {FAKE_REFUSE};
    fake_t fake;
    atp_client_t *client;
    atp_answer_t *answer;

    (void)state;
    fake_open(&fake, NULL);
    fake_plan(&fake, plan, 1);
    client = open_client(fake.url, &defaults);
    assert_int_equal(atp_client_stat(client, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).verdict, ATP_UNAUTHORISED);
    assert_int_equal(atp_answer_head(answer).field, ATP_FIELD_TOKEN);
    assert_true(atp_text_equal(atp_answer_head(answer).detail, ATP_TEXT("no such token")));
    assert_int_equal(atp_answer_head(answer).row_count, 0);
    assert_null(atp_answer_stats(answer));
    atp_answer_free(answer);
    atp_client_close(client);
    fake_close(&fake);
}

/* ---- open ---- */

static void bad_options_are_refused_by_name(void **state)
{
    static char long_text[300];
    atp_client_options_t good = {.url = "inproc://nowhere", .client = ATP_TEXT("test")};
    atp_client_options_t bad[] = {good, good, good, good, good, good, good, good, good};
    atp_client_t *client = NULL;
    atp_why_t why;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    bad[0].url = NULL;
    bad[1].url = "localhost:7411";
    bad[2].url = "tcp://localhost";
    bad[3].client = (atp_text_t){NULL, 0};
    bad[4].client = (atp_text_t){long_text, 65};
    bad[5].token = (atp_text_t){long_text, 257};
    bad[6].messages_in_flight = 65;
    bad[7].ops_per_message = ATP_OPS_PER_MESSAGE_MAX + 1;
    bad[8].client = ATP_TEXT("a\nb");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        why.text[0] = '\0';
        assert_int_equal(atp_client_open(&bad[i], &client, &why), ATP_ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
        assert_null(client);
    }
    atp_client_close(NULL);
}

static void made_ids_are_32_hex_digits_and_differ(void **state)
{
    char a[ATP_MADE_ID_SIZE];
    char b[ATP_MADE_ID_SIZE];

    (void)state;
    atp_make_id(a);
    atp_make_id(b);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_int_equal(a[32], '\0');
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_gets_the_answer_to_its_command),
        cmocka_unit_test(grants_beyond_the_room_are_counted_and_left_out),
        cmocka_unit_test(the_issue_time_is_stamped_when_it_is_not_given),
        cmocka_unit_test(a_refused_message_is_the_verdict_of_each_command),
        cmocka_unit_test(a_bad_command_is_refused_alone_among_those_it_shares_a_message_with),
        cmocka_unit_test(a_whole_message_of_commands_is_answered_in_order),
        cmocka_unit_test(commands_beyond_the_limits_are_refused_before_they_are_sent),
        cmocka_unit_test(calls_of_many_threads_each_get_their_own_answer),
        cmocka_unit_test(calls_made_while_a_message_is_in_flight_leave_as_one),
        cmocka_unit_test(a_message_carries_no_more_ops_than_set),
        cmocka_unit_test(submitted_commands_are_copied_and_answered_once),
        cmocka_unit_test(submitting_beyond_the_bound_is_busy_and_nothing_is_sent),
        cmocka_unit_test(a_callback_may_submit_even_at_the_bound),
        cmocka_unit_test(availability_comes_as_rows),
        cmocka_unit_test(outcomes_are_asked_by_id),
        cmocka_unit_test(reservations_come_with_their_lines),
        cmocka_unit_test(lists_are_read_page_by_page),
        cmocka_unit_test(figures_come_by_name),
        cmocka_unit_test(a_refused_question_is_an_answer_without_rows),
        cmocka_unit_test(bad_options_are_refused_by_name),
        cmocka_unit_test(made_ids_are_32_hex_digits_and_differ),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    nng_fini(); /* waits for what NNG reaps in the background, so that only true leaks are left */
    return failed;
}

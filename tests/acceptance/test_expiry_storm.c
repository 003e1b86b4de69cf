/* D2: a million reservations expire within one second.   Availability is right at once, other calls go on. */
#include "tests/acceptance/load.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define RESERVATIONS (1000000u / LOAD_DIVISOR)
#define SKUS         1000u
#define EACH         (RESERVATIONS / SKUS)
#define SPREAD_MS    1000
#define P99_MS_MAX   2500.0 /* generous: two cores and a disk shared with whatever else runs here */

static char sku_ids[SKUS][16];

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void make_stock(acceptance_t *a)
{
    bundle_t *bundle = calloc(1, sizeof *bundle);

    assert_non_null(bundle);
    node(a, "N", ATP_NODE_OPEN);
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < SKUS; i++) {
            snprintf(sku_ids[i], sizeof sku_ids[i], "storm-%u", i);
            bundle_put(bundle, i, pass == 0 ? "sku" : "count", i, atp_text_of(sku_ids[i]), 0);
            bundle->lines[i].mantissa = EACH;
            bundle->commands[i].kind = pass == 0 ? ATP_OP_SKU : ATP_OP_COUNT;
            bundle->commands[i].is_fact = pass == 1;
        }
        assert_int_equal(atp_client_call_many(a->client, bundle->commands, SKUS, bundle->results, NULL, NULL),
                         ATP_OK);
        for (uint32_t i = 0; i < SKUS; i++) {
            assert_verdict(bundle->results[i], ATP_APPLIED);
        }
    }
    free(bundle);
}

/* ---- loading: all reservations end between first_ms and first_ms + SPREAD_MS ---- */

typedef struct loader {
    acceptance_t *a;
    int64_t first_ms;
    unsigned number;
    char prefix[24];
    int64_t last_deadline_ms;
    unsigned granted;
    unsigned refused; /* one of the verdicts that were not `applied` */
} loader_t;

static void *load(void *context)
{
    loader_t *loader = context;
    bundle_t *bundle = calloc(1, sizeof *bundle);

    snprintf(loader->prefix, sizeof loader->prefix, "r%lld", (long long)loader->first_ms);
    for (uint32_t at = loader->number; bundle != NULL && at < RESERVATIONS / MESSAGE_OPS; at += 2) {
        int64_t sent_ms = atp_now_ms();
        for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
            uint64_t number = (uint64_t)at * MESSAGE_OPS + i;
            int64_t ends_ms = loader->first_ms + (int64_t)(number % SPREAD_MS);
            int64_t ttl_ms =
                ends_ms > sent_ms ? ends_ms - sent_ms : -1; /* too late; 0 would be the default */
            bundle_put(bundle, i, loader->prefix, number, atp_text_of(sku_ids[number % SKUS]), ttl_ms);
        }
        if (atp_client_call_many(loader->a->client, bundle->commands, MESSAGE_OPS, bundle->results, NULL,
                                 NULL) != ATP_OK) {
            break;
        }
        for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
            if (bundle->results[i].verdict != ATP_APPLIED) {
                loader->refused = bundle->results[i].verdict;
                continue;
            }
            loader->granted++;
            if (bundle->results[i].deadline_ms > loader->last_deadline_ms) {
                loader->last_deadline_ms = bundle->results[i].deadline_ms;
            }
        }
    }
    free(bundle);
    return NULL;
}

/* Makes them all so that the first expires after `loading_ms`. Returns when the last one does, or 0 if this took
 * too long, so that some had expired before the others were there. */
static int64_t load_within(acceptance_t *a, int64_t loading_ms)
{
    loader_t loaders[2];
    pthread_t threads[2];
    int64_t begun_ms = atp_now_ms();

    for (unsigned i = 0; i < 2; i++) {
        loaders[i] = (loader_t){.a = a, .first_ms = begun_ms + loading_ms, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, load, &loaders[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    int64_t took_ms = atp_now_ms() - begun_ms;
    print_message("d2: %u reservations asked for in %lld ms\n", RESERVATIONS, (long long)took_ms);
    if (took_ms > loading_ms - 500) {
        return 0;
    }
    assert_string_equal(atp_verdict_name(loaders[0].refused), "applied");
    assert_string_equal(atp_verdict_name(loaders[1].refused), "applied");
    assert_int_equal(loaders[0].granted + loaders[1].granted, RESERVATIONS);
    return loaders[0].last_deadline_ms > loaders[1].last_deadline_ms ? loaders[0].last_deadline_ms
                                                                     : loaders[1].last_deadline_ms;
}

static int64_t promisable_of_all(acceptance_t *a);

/* Takes more time as long as it was too little. */
static int64_t load_all(acceptance_t *a)
{
    int64_t last_ms = 0;

    for (int64_t loading_ms = 6000; last_ms == 0; loading_ms *= 2) {
        assert_true(loading_ms <= 96000);
        last_ms = load_within(a, loading_ms);
        while (last_ms == 0 && promisable_of_all(a) < RESERVATIONS) {
        }
    }
    return last_ms;
}

/* ---- the storm, and others meanwhile ---- */

typedef struct others {
    acceptance_t *a;
    _Atomic bool must_end;
    times_t reserves;
    times_t reads;
    unsigned failed;
} others_t;

static void *go_on(void *context)
{
    others_t *others = context;
    const atp_text_t names[2] = {ATP_TEXT("other"), ATP_TEXT("N")};
    const atp_availability_ask_t ask = {
        .sku_count = 1, .node_count = 1, .skus = &names[0], .nodes = &names[1]};
    const atp_command_line_t line = {.sku = ATP_TEXT("other"), .node = ATP_TEXT("N"), .mantissa = 1};

    for (unsigned i = 0; !others->must_end; i++) {
        char id[ATP_ID_SIZE_MAX + 1];
        atp_result_t result;
        atp_answer_t *answer;
        snprintf(id, sizeof id, "other-%u", i);
        atp_command_t command = {
            .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = 1, .lines = &line};
        double begun = now_ms();
        bool is_good = atp_client_call(others->a->client, &command, &result, NULL, NULL) == ATP_OK &&
                       result.verdict == ATP_APPLIED;
        double between = now_ms();
        times_add(&others->reserves, between - begun);
        is_good = is_good && atp_client_availability(others->a->client, &ask, &answer) == ATP_OK;
        times_add(&others->reads, now_ms() - between);
        if (is_good) {
            atp_answer_free(answer);
        }
        others->failed += !is_good;
    }
    return NULL;
}

/* What all SKUs can promise together, by one question. */
static int64_t promisable_of_all(acceptance_t *a)
{
    static atp_text_t names[SKUS + 1];
    atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_CROSS,
                                  .sku_count = SKUS,
                                  .node_count = 1,
                                  .skus = names,
                                  .nodes = &names[SKUS]};
    atp_answer_t *answer;
    int64_t sum = 0;

    for (uint32_t i = 0; i < SKUS; i++) {
        names[i] = atp_text_of(sku_ids[i]);
    }
    names[SKUS] = ATP_TEXT("N");
    assert_int_equal(atp_client_availability(a->client, &ask, &answer), ATP_OK);
    assert_verdict(atp_answer_head(answer), ATP_APPLIED);
    for (uint32_t i = 0; i < SKUS; i++) {
        sum += atp_answer_availability(answer)[i].promisable;
    }
    atp_answer_free(answer);
    return sum;
}

static void print_times(const char *what, times_t *times)
{
    print_message("d2: %s: n %zu, p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", what, times->count,
                  times_at(times, 0.5), times_at(times, 0.99), times_at(times, 1));
}

static void d2_a_million_expire_in_a_second_and_availability_is_right_at_once(void **state)
{
    acceptance_t *a = *state;
    others_t others = {.a = a};
    pthread_t thread;

    make_stock(a);
    stock(a, "other", "N", "100000000");
    int64_t last_ms = load_all(a);
    if (atp_now_ms() < last_ms - 2 * SPREAD_MS) {
        assert_int_equal(promisable_of_all(a), 0);
    }
    while (atp_now_ms() < last_ms - SPREAD_MS - 200) {
        (void)figure(a, "op_applied");
    }
    assert_int_equal(pthread_create(&thread, NULL, go_on, &others), 0);
    int64_t seen = 0;
    while (atp_now_ms() <= last_ms + 1) {
        int64_t free_now = promisable_of_all(a);
        assert_true(free_now >= seen); /* it only grows */
        seen = free_now;
    }
    assert_int_equal(promisable_of_all(a), RESERVATIONS); /* the first read begun after the last deadline */
    others.must_end = true;
    pthread_join(thread, NULL);
    assert_int_equal(others.failed, 0);
    print_times("reserves meanwhile", &others.reserves);
    print_times("reads meanwhile", &others.reads);
    assert_true(times_at(&others.reserves, 0.99) < P99_MS_MAX);
    assert_true(times_at(&others.reads, 0.99) < P99_MS_MAX);
    free(others.reserves.ms);
    free(others.reads.ms);
}

static int start(void **state)
{
    static const char *const flags[] = {"--journal-segment-bytes", "64MiB", "--journal-segments-ahead", "8",
                                        NULL};
    return acceptance_start_with(state, flags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d2_a_million_expire_in_a_second_and_availability_is_right_at_once),
    };
    return cmocka_run_group_tests_name("acceptance.expiry_storm", tests, start, acceptance_stop);
}

/* G: what an audit finds.   G2 the journal gives the state again, G3 what was put wrong is named, G7 all at once. */
#include "tests/acceptance/load.h"

#include "engine/engine_priv.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* ---- G2: the whole life of many reservations, replayed ---- */

#define ROUNDS (20u / LOAD_DIVISOR) /* of MESSAGE_OPS reservations, each released again */

static void fill_releases(bundle_t *bundle, const char *prefix, uint32_t round)
{
    static char ids[MESSAGE_OPS][ATP_ID_SIZE_MAX + 1];

    for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
        snprintf(ids[i], sizeof ids[i], "%s-free-%u", prefix, round * MESSAGE_OPS + i);
        bundle->commands[i] = (atp_command_t){
            .kind = ATP_OP_RELEASE, .id = atp_text_of(ids[i]), .reservation = atp_text_of(bundle->ids[i])};
    }
}

static void send_all(acceptance_t *a, bundle_t *bundle)
{
    assert_int_equal(
        atp_client_call_many(a->client, bundle->commands, MESSAGE_OPS, bundle->results, NULL, NULL), ATP_OK);
    for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
        assert_verdict(bundle->results[i], ATP_APPLIED);
    }
}

static void reserve_and_release(acceptance_t *a, const char *prefix, uint32_t rounds)
{
    bundle_t *bundle = calloc(1, sizeof *bundle);

    assert_non_null(bundle);
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t i = 0; i < MESSAGE_OPS; i++) {
            bundle_put(bundle, i, prefix, round * MESSAGE_OPS + i, ATP_TEXT("g2"), 0);
        }
        send_all(a, bundle);
        fill_releases(bundle, prefix, round);
        send_all(a, bundle);
    }
    free(bundle);
}

/* What stands behind `name` in a report, up to a blank. */
static void read_figure(const char *report, const char *name, char ret_figure[32])
{
    const char *found = strstr(report, name);

    assert_non_null(found);
    found += strlen(name);
    found += strspn(found, " ");
    snprintf(ret_figure, 32, "%.*s", (int)strcspn(found, " \n:"), found);
}

/* Audits the folder; the state it comes to, and the ops it replayed. */
static long audit(const acceptance_t *a, char ret_hash[32])
{
    char report[4096];
    char ops[32];

    assert_int_equal(atpd_run((const char *[]){"--audit", a->folder, NULL}, report, sizeof report), 0);
    read_figure(report, "state hash", ret_hash);
    read_figure(report, "journal", ops);
    return atol(ops);
}

/* The greatest memory of all children so far, in KiB. */
static long children_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return usage.ru_maxrss;
}

static void g2_the_journal_gives_the_state_again_and_memory_does_not_grow_with_it(void **state)
{
    acceptance_t *a = *state;
    char live[32];
    char again[32];
    char report[4096];

    stock(a, "g2", "N", "1000");
    reserve_and_release(a, "g2-a", 1);
    long few = audit(a, again); /* beside the living atpd */
    long few_kib = children_kib();
    reserve_and_release(a, "g2-b", ROUNDS > 0 ? ROUNDS : 1);
    assert_int_equal(promisable(a, "g2", "N"), 1000);
    assert_int_equal(acceptance_end(a, SIGTERM), 0);
    long atpd_kib = children_kib(); /* atpd itself counts now */
    assert_int_equal(atpd_run((const char *[]){"--check", a->folder, NULL}, report, sizeof report), 0);
    read_figure(report, "state hash      ", live);
    long many = audit(a, again);
    assert_string_equal(again, live);
    assert_true(many > few);
    print_message("g2: %ld ops audited in %ld KiB at most, %ld before in %ld KiB\n", many, children_kib(),
                  few, few_kib);
    assert_true(children_kib() <=
                atpd_kib + 65536); /* no more than the ledger itself: a journal is not kept */
    acceptance_restart(a);
}

/* ---- G3: a state put wrong, in a copy of the data ---- */

typedef void (*spoil_t)(atp_ledger_t *ledger);

/* The record of the only position. */
static atp_position_t *position_of(atp_ledger_t *ledger)
{
    uint32_t sku;
    uint32_t row = UINT32_MAX;

    for (sku = 0; sku < 64 && row == UINT32_MAX; sku++) {
        (void)atp_positions_find(atp_ledger_positions(ledger), sku, 0, &row);
    }
    assert_true(row != UINT32_MAX);
    return atp_positions_at((atp_positions_t *)(uintptr_t)atp_ledger_positions(ledger), row);
}

static void drop_a_release(atp_ledger_t *ledger)
{
    position_of(ledger)->reserved += 2; /* of a reservation that is gone */
}

static void double_a_release(atp_ledger_t *ledger)
{
    position_of(ledger)->reserved -= 3; /* of one that is still there */
}

static void orphan_a_reservation(atp_ledger_t *ledger)
{
    atp_reservations_t *reservations = (atp_reservations_t *)(uintptr_t)atp_ledger_reservations(ledger);
    uint32_t number;

    assert_true(atp_ledger_find_reservation(ledger, ATP_TEXT("g3-kept"), &number));
    atp_reservation_at(reservations, number)->status = ATP_RESERVATION_ENDED; /* its units stay reserved */
}

static void load_state(const char *folder, atp_ledger_t *ledger, atp_snapshot_meta_t *ret_meta)
{
    atp_snapshot_options_t options = {
        .folder = folder, .map_size = ATP_SNAPSHOT_MAP_DEFAULT, .pool_pieces = 2, .read_only = true};
    atp_snapshots_t *snapshots = NULL;
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    atp_ledger_tables(ledger, tables);
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    assert_int_equal(atp_snapshots_load(snapshots, tables, ATP_LEDGER_TABLES, ret_meta, &why), ATP_OK);
    atp_snapshots_close(snapshots);
    assert_int_equal(atp_ledger_rebuild(ledger, &why), ATP_OK);
}

/* A snapshot as good as any, with all its checksums. */
static void save_state(const char *folder, atp_ledger_t *ledger, const atp_snapshot_meta_t *meta)
{
    atp_snapshot_options_t options = {
        .folder = folder, .map_size = ATP_SNAPSHOT_MAP_DEFAULT, .pool_pieces = 4096};
    atp_snapshots_t *snapshots = NULL;
    atp_table_t *tables[ATP_LEDGER_TABLES];
    atp_snapshot_step_t stepped;
    atp_why_t why = {""};

    atp_ledger_tables(ledger, tables);
    assert_int_equal(atp_snapshots_open(&options, &snapshots, &why), ATP_OK);
    const atp_piece_sink_t *sink = atp_snapshots_begin(snapshots, meta);
    assert_non_null(sink);
    for (uint32_t i = 0; i < ATP_LEDGER_TABLES; i++) {
        atp_table_copy_begin(tables[i], sink);
        while (atp_table_copy_some(tables[i], 64) > 0) {
            while (atp_snapshots_step(snapshots, &why) == ATP_SNAPSHOT_WORKED) {
            }
        }
        assert_int_equal(atp_table_copy_state(tables[i]), ATP_COPY_DONE);
        atp_table_copy_end(tables[i]);
    }
    atp_snapshots_seal(snapshots);
    while ((stepped = atp_snapshots_step(snapshots, &why)) == ATP_SNAPSHOT_WORKED) {
    }
    assert_int_equal(stepped, ATP_SNAPSHOT_COMPLETED);
    atp_snapshots_close(snapshots);
}

static void run_shell(const char *format, const char *one, const char *two)
{
    char command[256];

    snprintf(command, sizeof command, format, one, two);
    assert_int_equal(system(command), 0);
}

/* What atpd says of a copy of the folder whose newest state was spoiled. */
static void check_spoiled(const acceptance_t *a, spoil_t spoil, char *ret_report, size_t size)
{
    atp_ledger_config_t config;
    atp_ledger_t *ledger = NULL;
    atp_snapshot_meta_t meta;
    atp_why_t why = {""};
    char copy[80];

    snprintf(copy, sizeof copy, "%s-spoiled", a->folder);
    run_shell("cp -a %s %s", a->folder, copy);
    assert_int_equal(atp_genesis_read(copy, &config, &why), ATP_OK);
    assert_int_equal(atp_ledger_create(&config, &ledger, &why), ATP_OK);
    load_state(copy, ledger, &meta);
    if (spoil != NULL) {
        spoil(ledger);
    }
    run_shell("rm -r %s/snapshot%s", copy, "");
    save_state(copy, ledger, &meta);
    atp_ledger_destroy(ledger);
    int status = atpd_run((const char *[]){"--check", copy, NULL}, ret_report, size);
    assert_int_equal(status, spoil == NULL ? 0 : 65);
    run_shell("rm -r %s%s", copy, "");
}

static void take_snapshot(acceptance_t *a)
{
    int64_t begun_ms = 0;

    assert_int_equal(kill(a->atpd, SIGHUP), 0);
    while (figure(a, "snapshots_completed") == 0 && is_waiting(&begun_ms, 60)) {
    }
    assert_int_equal(figure(a, "snapshot_op"), figure(a, "op_applied"));
}

static void g3_what_was_put_wrong_in_the_state_is_named(void **state)
{
    acceptance_t *a = *state;
    char report[4096];

    stock(a, "g3", "N", "10");
    assert_verdict(hold(a, "g3-kept", "g3", "N", "3"), ATP_APPLIED);
    assert_verdict(hold(a, "g3-gone", "g3", "N", "2"), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "g3-gone", NULL, false), ATP_APPLIED);
    take_snapshot(a);
    assert_int_equal(acceptance_end(a, SIGTERM), 0);

    check_spoiled(a, NULL, report, sizeof report); /* the way there spoils nothing */
    assert_non_null(strstr(report, "every invariant holds"));
    check_spoiled(a, drop_a_release, report, sizeof report);
    assert_non_null(strstr(report, "P3: g3 at N: reserved 5 and allocated 0, its lines sum to 3 and 0"));
    check_spoiled(a, double_a_release, report, sizeof report);
    assert_non_null(strstr(report, "P3: g3 at N: reserved 0 and allocated 0, its lines sum to 3 and 0"));
    check_spoiled(a, orphan_a_reservation, report, sizeof report);
    assert_non_null(strstr(report, "H1: reservation 'g3-kept' has status 2"));
    acceptance_restart(a);
}

/* ---- G7: orders, a feed of stock and an audit at once ---- */

#define ORDERS    (3000u / LOAD_DIVISOR)
#define BUYERS    3u
#define ORDER_SKU 50u

typedef struct work {
    acceptance_t *a;
    _Atomic uint32_t next; /* order */
    _Atomic uint32_t done;
    _Atomic uint32_t failed;
    _Atomic bool must_end;
    _Atomic uint32_t audits;
    _Atomic uint32_t counts;
    _Atomic uint32_t feeds;
} work_t;

static atp_client_t *connect_to(const work_t *work)
{
    atp_client_options_t options = {.url = work->a->url, .client = ATP_TEXT("g7"), .timeout_ms = 60000};
    atp_client_t *client = NULL;
    atp_why_t why;

    return atp_client_open(&options, &client, &why) == ATP_OK ? client : NULL;
}

static bool is_applied(atp_client_t *client, const atp_command_t *command)
{
    atp_result_t result = {0};
    atp_err_t err = atp_client_call(client, command, &result, NULL, NULL);

    if (err != ATP_OK || !atp_verdict_is_success((atp_verdict_t)result.verdict)) {
        print_error("%.*s: %s, %s\n", (int)command->id.size, command->id.bytes, atp_err_name(err),
                    atp_verdict_name(result.verdict));
        return false;
    }
    return true;
}

/* One order from the cart to the door. */
static bool serve(atp_client_t *client, uint32_t number)
{
    static const atp_op_kind_t steps[] = {ATP_OP_ALLOCATE, ATP_OP_SHIP};
    char id[ATP_ID_SIZE_MAX + 1];
    char sku_id[32];

    snprintf(sku_id, sizeof sku_id, "g7-%u", number % ORDER_SKU);
    snprintf(id, sizeof id, "g7-order-%u", number);
    atp_command_line_t line = {.sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = 1};
    atp_command_t command = {
        .kind = ATP_OP_RESERVE, .id = atp_text_of(id), .line_count = 1, .lines = &line, .ttl_ms = 3600000};
    bool is_served = is_applied(client, &command);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && is_served; i++) {
        char step_id[ATP_ID_SIZE_MAX + 1];
        snprintf(step_id, sizeof step_id, "g7-step-%u-%zu", number, i);
        atp_command_t taken = {.kind = steps[i], .id = atp_text_of(step_id), .reservation = atp_text_of(id)};
        is_served = is_applied(client, &taken);
    }
    return is_served;
}

static void *serve_orders(void *context)
{
    work_t *work = context;
    atp_client_t *client = connect_to(work);
    uint32_t number;

    while (client != NULL && (number = work->next++) < ORDERS) {
        work->failed += !serve(client, number);
        work->done++;
    }
    work->failed += client == NULL;
    atp_client_close(client);
    return NULL;
}

/* The shop floor counts, all the time: more than the orders can take. */
static void *count_stock(void *context)
{
    work_t *work = context;
    atp_client_t *client = connect_to(work);

    for (uint32_t round = 0; client != NULL && !work->must_end; round++) {
        char id[ATP_ID_SIZE_MAX + 1];
        char sku_id[32];
        snprintf(id, sizeof id, "g7-count-%u", round);
        snprintf(sku_id, sizeof sku_id, "g7-%u", round % ORDER_SKU);
        atp_command_line_t line = {
            .sku = atp_text_of(sku_id), .node = ATP_TEXT("N"), .mantissa = 2 * ORDERS + round % 7};
        atp_command_t command = {
            .kind = ATP_OP_COUNT, .is_fact = true, .id = atp_text_of(id), .line_count = 1, .lines = &line};
        work->failed += !is_applied(client, &command);
        work->counts++;
    }
    work->failed += client == NULL;
    atp_client_close(client);
    return NULL;
}

/* All that there is at a moment that has passed, and how many feeds there were. */
static void write_feed(const char *path, uint32_t round)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fprintf(file, "sku,node,on_hand,safety_stock,name,scale\ng7-feeds,N,%u,0,Feeds,0\n", round);
    for (uint32_t i = 0; i < ORDER_SKU; i++) {
        fprintf(file, "g7-%u,N,%u,0,Item,0\n", i, 2 * ORDERS + (round + i) % 5);
    }
    assert_int_equal(fclose(file), 0);
}

/* The ERP loads what it has, one feed after the other, each as of a time. */
static void *load_feeds(void *context)
{
    work_t *work = context;
    char path[96];
    char name[32];
    char as_of[32];
    char output[4096];

    while (!work->must_end || work->feeds == 0) {
        uint32_t round = work->feeds + 1;
        int64_t now_ms = atp_now_ms();
        time_t seconds = (time_t)(now_ms / 1000);
        struct tm day;
        snprintf(path, sizeof path, "%s/g7.csv", work->a->folder);
        snprintf(name, sizeof name, "g7-feed-%u", round);
        size_t size = strftime(as_of, sizeof as_of, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &day));
        snprintf(as_of + size, sizeof as_of - size, ".%03uZ", (unsigned)(now_ms % 1000));
        write_feed(path, round);
        const char *words[] = {"load",    path,  "--profile",    "native", "--feed", name,
                               "--as-of", as_of, "--max-change", "1",      NULL};
        if (atp_run(work->a, words, output, sizeof output) != 0) {
            print_error("feed %u: %s\n", round, output);
            work->failed++;
        }
        work->feeds++;
    }
    return NULL;
}

static void *audit_on(void *context)
{
    work_t *work = context;

    while (!work->must_end || work->audits == 0) {
        int status = atpd_run((const char *[]){"--audit", work->a->folder, NULL}, NULL, 0);
        work->failed += status != 0;
        work->audits++;
    }
    return NULL;
}

static void g7_orders_counts_feeds_and_an_audit_at_once_and_nobody_must_ask_again(void **state)
{
    acceptance_t *a = *state;
    work_t work = {.a = a};
    pthread_t buyers[BUYERS];
    pthread_t counter;
    pthread_t auditor;
    pthread_t feeder;

    stock(a, "g7-feeds", "N", "0");
    for (uint32_t i = 0; i < ORDER_SKU; i++) {
        char id[32];
        char qty[32];
        snprintf(id, sizeof id, "g7-%u", i);
        snprintf(qty, sizeof qty, "%u", 2 * ORDERS);
        stock(a, id, "N", qty);
    }
    assert_int_equal(pthread_create(&auditor, NULL, audit_on, &work), 0);
    assert_int_equal(pthread_create(&counter, NULL, count_stock, &work), 0);
    assert_int_equal(pthread_create(&feeder, NULL, load_feeds, &work), 0);
    for (uint32_t i = 0; i < BUYERS; i++) {
        assert_int_equal(pthread_create(&buyers[i], NULL, serve_orders, &work), 0);
    }
    for (uint32_t i = 0; i < BUYERS; i++) {
        pthread_join(buyers[i], NULL);
    }
    work.must_end = true;
    pthread_join(counter, NULL);
    pthread_join(auditor, NULL);
    pthread_join(feeder, NULL);
    print_message("g7: %u orders, %u counts, %u feeds, %u audits, %u failed\n", work.done, work.counts,
                  work.feeds, work.audits, work.failed);
    assert_int_equal(work.failed, 0);
    assert_int_equal(work.done, ORDERS);
    assert_int_equal(components(a, "g7-feeds", "N").on_hand, work.feeds);
    for (uint32_t i = 0; i < ORDER_SKU; i++) {
        char id[32];
        snprintf(id, sizeof id, "g7-%u", i);
        atp_availability_row_t row = components(a, id, "N");
        assert_int_equal(row.reserved, 0);
        assert_int_equal(row.allocated, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(g2_the_journal_gives_the_state_again_and_memory_does_not_grow_with_it,
                                        acceptance_start, acceptance_stop),
        cmocka_unit_test_setup_teardown(g3_what_was_put_wrong_in_the_state_is_named, acceptance_start,
                                        acceptance_stop),
        cmocka_unit_test_setup_teardown(g7_orders_counts_feeds_and_an_audit_at_once_and_nobody_must_ask_again,
                                        acceptance_start, acceptance_stop),
    };
    return cmocka_run_group_tests_name("acceptance.audit", tests, NULL, NULL);
}

/* G1: events of availability: one a position and batch, of its state in the end; none of what changes nothing; out of stock at the
 * crossing; whatever the op. */
#include "tests/acceptance/heard.h"
#include "tests/acceptance/load.h"

#include <stdio.h>
#include <string.h>

#define ORDERS 600u

static void put(bundle_t *bundle, uint32_t i, atp_op_kind_t kind, const char *sku_id, int64_t qty)
{
    bundle_put(bundle, i, "g1", i, atp_text_of(sku_id), 0);
    bundle->lines[i].mantissa = qty;
    bundle->commands[i].kind = kind;
    bundle->commands[i].is_fact = kind != ATP_OP_RESERVE;
}

/* Sends the first `count` as one message, with ids of its own: one batch. */
static void send_batch(acceptance_t *a, bundle_t *bundle, uint32_t count)
{
    static unsigned batches;

    batches++;
    for (uint32_t i = 0; i < count; i++) {
        snprintf(bundle->ids[i], sizeof bundle->ids[i], "g1-%u-%u", batches, i);
        bundle->commands[i].id = atp_text_of(bundle->ids[i]);
    }
    assert_int_equal(atp_client_call_many(a->client, bundle->commands, count, bundle->results, NULL, NULL),
                     ATP_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_verdict(bundle->results[i], ATP_APPLIED);
    }
}

static bundle_t *new_bundle(void)
{
    bundle_t *bundle = calloc(1, sizeof *bundle);

    assert_non_null(bundle);
    return bundle;
}

static void g1_a_batch_tells_of_each_position_once_and_of_its_end(void **state)
{
    static const char *const skus[] = {"g1-a", "g1-b", "g1-c"};
    acceptance_t *a = *state;
    bundle_t *bundle = new_bundle();
    heard_t heard[8];

    for (unsigned i = 0; i < 3; i++) {
        stock(a, skus[i], "N", "1000");
    }
    atp_watch_t *watch = hear(a);
    for (uint32_t i = 0; i < ORDERS; i++) {
        put(bundle, i, ATP_OP_RESERVE, skus[i % 3], 1);
    }
    for (unsigned round = 1; round <= 2; round++) {
        send_batch(a, bundle, ORDERS);
        assert_int_equal(hear_all(a, watch, heard, 8), 3);
        for (unsigned i = 0; i < 3; i++) {
            atp_availability_row_t row = components(a, heard[i].sku, "N");
            assert_string_equal(heard[i].sku, skus[i]); /* in the order in which they changed */
            assert_int_equal(heard[i].promisable, 1000 - round * (ORDERS / 3));
            assert_int_equal(heard[i].promisable, row.promisable);
            assert_int_equal(heard[i].atp, row.atp);
            assert_int_equal(heard[i].version, row.version);
            assert_false(heard[i].is_out_of_stock);
        }
    }
    atp_watch_close(watch);
    free(bundle);
}

static void g1_what_changes_no_availability_is_not_told(void **state)
{
    acceptance_t *a = *state;
    bundle_t *bundle = new_bundle();

    stock(a, "g1-same", "N", "10");
    atp_watch_t *watch = hear(a);
    assert_verdict(hold(a, "g1-kept", "g1-same", "N", "4"), ATP_APPLIED);
    (void)hear_one(a, watch, "g1-same", "N", 6);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "g1-same", "N", "10"), ATP_CONFIRMED);
    assert_verdict(hold(a, NULL, "g1-same", "N", "7"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(step(a, ATP_OP_EXTEND, NULL, "g1-kept", NULL, false), ATP_APPLIED);
    assert_verdict(step(a, ATP_OP_ALLOCATE, NULL, "g1-kept", NULL, false), ATP_APPLIED);
    hear_none(a, watch);
    put(bundle, 0, ATP_OP_SALE, "g1-same", 3); /* there and back, in one batch */
    put(bundle, 1, ATP_OP_RECEIVE, "g1-same", 3);
    send_batch(a, bundle, 2);
    hear_none(a, watch);
    assert_verdict(step(a, ATP_OP_SHIP, NULL, "g1-kept", NULL, false),
                   ATP_APPLIED); /* they were not to be had */
    hear_none(a, watch);
    assert_int_equal(promisable(a, "g1-same", "N"), 6);
    atp_watch_close(watch);
    free(bundle);
}

static void g1_out_of_stock_is_told_at_the_crossing_alone(void **state)
{
    acceptance_t *a = *state;
    bundle_t *bundle = new_bundle();

    stock(a, "g1-out", "N", "5");
    atp_watch_t *watch = hear(a);
    put(bundle, 0, ATP_OP_RESERVE, "g1-out", 5); /* out, and back, and out: one batch, one end */
    put(bundle, 1, ATP_OP_RECEIVE, "g1-out", 2);
    put(bundle, 2, ATP_OP_RESERVE, "g1-out", 2);
    send_batch(a, bundle, 3);
    assert_true(hear_one(a, watch, "g1-out", "N", 0).is_out_of_stock);
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "g1-out", "N", "1"), ATP_APPLIED); /* below: nothing new */
    hear_none(a, watch);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "g1-out", "N", "3"), ATP_APPLIED);
    assert_false(hear_one(a, watch, "g1-out", "N", 2).is_out_of_stock);
    assert_verdict(hold(a, NULL, "g1-out", "N", "1"), ATP_APPLIED);
    assert_false(hear_one(a, watch, "g1-out", "N", 1).is_out_of_stock);
    assert_verdict(hold(a, NULL, "g1-out", "N", "1"), ATP_APPLIED);
    assert_true(hear_one(a, watch, "g1-out", "N", 0).is_out_of_stock);
    atp_watch_close(watch);
    free(bundle);
}

static void load_feed(const acceptance_t *a, const char *name, const char *rows)
{
    char path[96];
    char output[4096];

    snprintf(path, sizeof path, "%s/%s.csv", a->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "sku,node,on_hand,safety_stock,name,scale\n%s", rows);
    assert_int_equal(fclose(file), 0);
    if (atp_run(a, (const char *[]){"load", path, "--profile", "native", "--quiet", NULL}, output,
                sizeof output) != 0) {
        fail_msg("atp load: %s", output);
    }
}

static void g1_orders_expiry_feeds_and_releases_all_tell(void **state)
{
    acceptance_t *a = *state;
    bundle_t *bundle = new_bundle();
    atp_availability_event_t event;

    stock(a, "g1-all", "N", "10");
    stock(a, "g1-other", "N", "10");
    atp_watch_t *watch = hear(a);
    assert_verdict(hold(a, "g1-order", "g1-all", "N", "3"), ATP_APPLIED);
    (void)hear_one(a, watch, "g1-all", "N", 7);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "g1-order", NULL, false), ATP_APPLIED);
    (void)hear_one(a, watch, "g1-all", "N", 10);
    load_feed(a, "g1-first", "g1-all,N,12,0,All,0\ng1-other,N,10,0,Other,0\n");
    (void)hear_one(a, watch, "g1-all", "N", 12);
    load_feed(a, "g1-second", "g1-other,N,9,0,Other,0\ng1-all,N,12,0,All,0\n");
    (void)hear_one(a, watch, "g1-other", "N", 9);
    /* Five until they expire, and one that stays: if both are over before anybody looks, the end is told all the same. */
    bundle_put(bundle, 0, "g1-short", 0, ATP_TEXT("g1-all"), 200);
    bundle->lines[0].mantissa = 5;
    put(bundle, 1, ATP_OP_RESERVE, "g1-all", 1);
    send_batch(a, bundle, 2);
    do {
        assert_int_equal(atp_watch_next(watch, 60000, &event), ATP_OK);
        assert_true(atp_text_equal(event.sku, ATP_TEXT("g1-all")));
        assert_true(event.promisable == 6 || event.promisable == 11);
    } while (event.promisable != 11); /* nobody has asked for anything meanwhile */
    hear_none(a, watch);
    atp_watch_close(watch);
    free(bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(g1_a_batch_tells_of_each_position_once_and_of_its_end),
        cmocka_unit_test(g1_what_changes_no_availability_is_not_told),
        cmocka_unit_test(g1_out_of_stock_is_told_at_the_crossing_alone),
        cmocka_unit_test(g1_orders_expiry_feeds_and_releases_all_tell),
    };
    return cmocka_run_group_tests_name("acceptance.events", tests, acceptance_start, acceptance_stop);
}

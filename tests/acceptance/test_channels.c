/* F: what channels see; A8, A9: groups that overlap. */
#include "tests/acceptance/acceptance.h"

#include "engine/base/attribute.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTRIBUTES_MAX 16

/* "channel=web buffer=2": attributes by the words of the table; quantities are decimal text. */
static uint32_t attributes_of(const char *words, atp_attribute_t *ret_attributes)
{
    uint32_t count = 0;

    for (const char *at = words; *at != '\0'; at += *at == ' ') {
        size_t name = strcspn(at, "=");
        size_t size = strcspn(at, " ");
        atp_text_t value = {at + name + 1, (uint32_t)(size - name - 1)};
        unsigned key = atp_attribute_find((atp_text_t){at, (uint32_t)name});
        const atp_attribute_rule_t *rule = atp_attribute_rule(key);
        atp_attribute_t attribute = {.key = (uint8_t)key, .line = ATP_WHOLE_OP, .text = value};
        assert_non_null(rule);
        if (rule->type == ATP_ATTRIBUTE_QTY) {
            assert_true(atp_qty_parse(value, &attribute.number, &attribute.decimals));
        } else if (rule->type == ATP_ATTRIBUTE_CHOICE) {
            attribute.number = atp_attribute_choice(rule, value);
        } else if (rule->type == ATP_ATTRIBUTE_NUMBER) {
            attribute.number = strtoll(value.bytes, NULL, 10);
        }
        ret_attributes[count++] = attribute;
        at += size;
    }
    return count;
}

static void put(acceptance_t *a, atp_op_kind_t kind, const char *name, const char *words)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_attribute_t attributes[ATTRIBUTES_MAX];
    bool is_channel = kind == ATP_OP_CHANNEL;
    atp_command_t command = {.kind = kind,
                             .id = atp_text_of(fresh_id(a, id)),
                             .channel = atp_text_of(is_channel ? name : ""),
                             .subject = atp_text_of(is_channel ? "" : name),
                             .attribute_count = attributes_of(words, attributes),
                             .attributes = attributes};
    assert_verdict(call(a, &command, NULL), ATP_APPLIED);
}

static atp_result_t sell(acceptance_t *a, const char *channel, const char *sku, const char *node,
                         const char *qty)
{
    char id[ATP_ID_SIZE_MAX + 1];
    atp_command_line_t line = {.sku = atp_text_of(sku), .node = atp_text_of(node)};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(fresh_id(a, id)),
                             .channel = atp_text_of(channel),
                             .line_count = 1,
                             .lines = &line};

    assert_true(atp_qty_parse(atp_text_of(qty), &line.mantissa, &line.decimals));
    return call(a, &command, NULL);
}

/* What availability tells a channel, over all nodes it sees, in smallest units; `ret_signed`: the sum before any floor. */
static int64_t sees(acceptance_t *a, const char *channel, const char *sku, int64_t *ret_signed)
{
    atp_text_t skus[] = {atp_text_of(sku)};
    atp_text_t nodes[] = {ATP_TEXT("")};
    atp_availability_ask_t ask = {.flags = ATP_AVAILABILITY_COMPONENTS,
                                  .channel = atp_text_of(channel),
                                  .sku_count = 1,
                                  .node_count = 1,
                                  .skus = skus,
                                  .nodes = nodes};
    atp_answer_t *answer = NULL;

    assert_int_equal(atp_client_availability(a->client, &ask, &answer), ATP_OK);
    const atp_availability_row_t *row = atp_answer_availability(answer);
    assert_verdict(*row, ATP_APPLIED);
    assert_int_equal(row->atp, row->promisable);
    int64_t promisable = row->promisable;
    if (ret_signed != NULL) {
        *ret_signed = row->atp_signed;
    }
    atp_answer_free(answer);
    return promisable;
}

/* ---- A ---- */

static void a8_a_node_in_two_groups_is_sold_once(void **state)
{
    acceptance_t *a = *state;

    stock(a, "a8", "a8x", "10");
    stock(a, "a8", "a8z", "5");
    put(a, ATP_OP_GROUP, "a8xz", "node=a8x node=a8z");
    put(a, ATP_OP_GROUP, "a8z", "node=a8z");
    put(a, ATP_OP_CHANNEL, "a8p", "ship_group=a8xz");
    put(a, ATP_OP_CHANNEL, "a8q", "ship_group=a8z");
    assert_int_equal(sees(a, "a8p", "a8", NULL), 15);
    assert_int_equal(sees(a, "a8q", "a8", NULL), 5);
    assert_verdict(sell(a, "a8p", "a8", "", "15"), ATP_APPLIED);
    assert_int_equal(sees(a, "a8q", "a8", NULL), 0);
    assert_verdict(sell(a, "a8q", "a8", "", "1"), ATP_NOT_ENOUGH_AVAILABLE);
}

static void a9_what_the_second_group_sees_is_what_it_gets(void **state)
{
    acceptance_t *a = *state;

    stock(a, "a9", "a9x", "10");
    stock(a, "a9", "a9z", "5");
    put(a, ATP_OP_GROUP, "a9xz", "node=a9x node=a9z");
    put(a, ATP_OP_GROUP, "a9z", "node=a9z");
    put(a, ATP_OP_CHANNEL, "a9p", "ship_group=a9xz");
    put(a, ATP_OP_CHANNEL, "a9q", "ship_group=a9z");
    assert_verdict(sell(a, "a9p", "a9", "", "10"), ATP_APPLIED);
    char text[ATP_QTY_TEXT_SIZE];
    int64_t seen = sees(a, "a9q", "a9", NULL);
    atp_qty_format(seen + 1, 0, text);
    assert_verdict(sell(a, "a9q", "a9", "", text), ATP_NOT_ENOUGH_AVAILABLE);
    if (seen > 0) {
        atp_qty_format(seen, 0, text);
        assert_verdict(sell(a, "a9q", "a9", "", text), ATP_APPLIED);
    }
    assert_int_equal(sees(a, "a9p", "a9", NULL), 5 - seen);
}

static void a9_groups(acceptance_t *a, const char *sku_id)
{
    stock(a, sku_id, "a9x", "10");
    stock(a, sku_id, "a9z", "5");
    put(a, ATP_OP_GROUP, "a9xz", "node=a9x node=a9z");
    put(a, ATP_OP_GROUP, "a9z", "node=a9z");
    put(a, ATP_OP_CHANNEL, "a9p", "ship_group=a9xz");
    put(a, ATP_OP_CHANNEL, "a9q", "ship_group=a9z");
}

static void a9_the_second_group_first_and_by_turns(void **state)
{
    acceptance_t *a = *state;
    unsigned sold[2] = {0, 0};

    a9_groups(a, "a9-first");
    assert_verdict(sell(a, "a9q", "a9-first", "", "5"), ATP_APPLIED);
    assert_int_equal(sees(a, "a9p", "a9-first", NULL), 10);
    assert_verdict(sell(a, "a9p", "a9-first", "", "11"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "a9p", "a9-first", "", "10"), ATP_APPLIED);
    assert_int_equal(sees(a, "a9q", "a9-first", NULL), 0);

    a9_groups(a, "a9-turns");
    for (unsigned i = 0; i < 32; i++) {
        const char *channel = i % 2 == 0 ? "a9p" : "a9q";
        bool is_there = sees(a, channel, "a9-turns", NULL) > 0;
        assert_verdict(sell(a, channel, "a9-turns", "", "1"),
                       is_there ? ATP_APPLIED : ATP_NOT_ENOUGH_AVAILABLE); /* as it was told */
        sold[i % 2] += is_there;
    }
    assert_int_equal(sold[0] + sold[1], 15);
    assert_true(sold[1] <= 5);
}

typedef struct racer {
    acceptance_t *a;
    const char *channel;
    unsigned sold;
} racer_t;

static void *sell_singly(void *context)
{
    racer_t *racer = context;

    for (unsigned i = 0; i < 20; i++) {
        char id[ATP_ID_SIZE_MAX + 1];
        snprintf(id, sizeof id, "%s-race-%u", racer->channel, i);
        atp_command_line_t line = {.sku = ATP_TEXT("a9-race"), .mantissa = 1};
        atp_command_t command = {.kind = ATP_OP_RESERVE,
                                 .id = atp_text_of(id),
                                 .channel = atp_text_of(racer->channel),
                                 .line_count = 1,
                                 .lines = &line};
        atp_result_t result;
        racer->sold += atp_client_call(racer->a->client, &command, &result, NULL, NULL) == ATP_OK &&
                       result.verdict == ATP_APPLIED;
    }
    return NULL;
}

static void a9_both_at_once_take_fifteen_and_no_more(void **state)
{
    acceptance_t *a = *state;
    racer_t racers[2] = {{a, "a9p", 0}, {a, "a9q", 0}};
    pthread_t threads[2];

    a9_groups(a, "a9-race");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, sell_singly, &racers[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(racers[0].sold + racers[1].sold, 15);
    assert_true(racers[1].sold <= 5);
    assert_int_equal(components(a, "a9-race", "a9z").reserved, 5);
    assert_int_equal(components(a, "a9-race", "a9x").reserved, 10);
}

/* ---- F ---- */

static void f1_each_node_is_floored_and_the_signed_sum_is_told(void **state)
{
    acceptance_t *a = *state;
    int64_t signed_sum;

    stock(a, "f1", "f1a", "0");
    stock(a, "f1", "f1b", "3");
    put(a, ATP_OP_GROUP, "f1ab", "node=f1a node=f1b");
    put(a, ATP_OP_CHANNEL, "f1", "ship_group=f1ab");
    assert_verdict(fact(a, ATP_OP_SALE, NULL, "f1", "f1a", "4"), ATP_APPLIED); /* -4, nothing is promised */
    assert_int_equal(sees(a, "f1", "f1", &signed_sum), 3);
    assert_int_equal(signed_sum, -1);

    stock(a, "f1d", "f1a", "0");
    stock(a, "f1d", "f1b", "3");
    const atp_command_line_t line = {.sku = ATP_TEXT("f1d"), .node = ATP_TEXT("f1a"), .mantissa = 4};
    const atp_command_t damage = {.kind = ATP_OP_ADJUST,
                                  .is_fact = true,
                                  .option = ATP_BUCKET_UNAVAILABLE,
                                  .reason = ATP_REASON_DAMAGE,
                                  .line_count = 1,
                                  .lines = &line};
    assert_verdict(call(a, &damage, NULL), ATP_APPLIED);
    assert_int_equal(sees(a, "f1", "f1d", &signed_sum), 3);
    assert_int_equal(signed_sum, -1);
    assert_verdict(sell(a, "f1", "f1d", "", "3"), ATP_APPLIED);
}

static void f1b_orders_short_at_one_node_may_be_served_from_the_other(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f1b", "f1ba", "4");
    stock(a, "f1b", "f1bb", "3");
    put(a, ATP_OP_CHANNEL, "f1b", "shortage=re_source");
    assert_verdict(sell(a, "f1b", "f1b", "f1ba", "4"), ATP_APPLIED);
    stock(a, "f1b", "f1ba", "0");
    assert_int_equal(sees(a, "f1b", "f1b", NULL), 0);
    assert_verdict(sell(a, "f1b", "f1b", "f1bb", "1"), ATP_NOT_ENOUGH_AVAILABLE);
}

static void f2_two_nodes_with_the_same_number_are_both_counted(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f2", "f2a", "5");
    stock(a, "f2", "f2b", "5");
    put(a, ATP_OP_CHANNEL, "f2", "");
    assert_int_equal(sees(a, "f2", "f2", NULL), 10);
}

static void f3_the_last_five_are_never_promised(void **state)
{
    acceptance_t *a = *state;

    sku(a, "f3", 1);
    stock(a, "f3", "N", "8.5");
    put(a, ATP_OP_CHANNEL, "f3", "");
    put(a, ATP_OP_RULE, "f3", "channel=f3 sku=f3 threshold=5");
    assert_verdict(sell(a, "f3", "f3", "N", "4"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "f3", "f3", "N", "3"), ATP_APPLIED);
    assert_int_equal(sees(a, "f3", "f3", NULL), 5); /* 0.5 */
}

static void f4_a_buffer_and_a_guarantee_bind_the_channel_they_are_for(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f4", "N", "5");
    put(a, ATP_OP_CHANNEL, "f4w", "");
    put(a, ATP_OP_CHANNEL, "f4m", "");
    put(a, ATP_OP_RULE, "f4", "channel=f4w sku=f4 buffer=2");
    assert_int_equal(sees(a, "f4w", "f4", NULL), 3);
    assert_int_equal(sees(a, "f4m", "f4", NULL), 5);
    assert_verdict(sell(a, "f4w", "f4", "N", "4"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "f4w", "f4", "N", "3"), ATP_APPLIED);
    assert_verdict(sell(a, "f4m", "f4", "N", "3"), ATP_NOT_ENOUGH_AVAILABLE); /* 5 in all */
    assert_verdict(sell(a, "f4m", "f4", "N", "2"), ATP_APPLIED);

    stock(a, "f4b", "N", "10");
    put(a, ATP_OP_QUOTA, "f4b", "sku=f4b channel=f4m guaranteed=4");
    assert_int_equal(sees(a, "f4w", "f4b", NULL), 6);
    assert_verdict(sell(a, "f4w", "f4b", "N", "7"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "f4w", "f4b", "N", "6"), ATP_APPLIED);
    assert_verdict(sell(a, "f4m", "f4b", "N", "4"), ATP_APPLIED);
}

/* F6 with stock; caps of what is backordered are limits of positions. */
static void f6_a_channel_takes_what_its_cap_and_the_common_one_leave(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f6", "N", "100");
    put(a, ATP_OP_CHANNEL, "f6w", "");
    put(a, ATP_OP_CHANNEL, "f6m", "");
    put(a, ATP_OP_QUOTA, "f6", "sku=f6 amount=12");
    put(a, ATP_OP_QUOTA, "f6w", "parent=f6 channel=f6w amount=10");
    put(a, ATP_OP_QUOTA, "f6m", "parent=f6 channel=f6m");
    assert_verdict(sell(a, "f6m", "f6", "N", "5"), ATP_APPLIED);
    assert_int_equal(sees(a, "f6w", "f6", NULL), 7);
    assert_verdict(sell(a, "f6w", "f6", "N", "8"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "f6w", "f6", "N", "7"), ATP_APPLIED);
}

static void f8_a_paused_node_is_not_counted(void **state)
{
    acceptance_t *a = *state;

    stock(a, "f8", "f8a", "10");
    stock(a, "f8", "f8b", "2");
    put(a, ATP_OP_CHANNEL, "f8", "");
    assert_int_equal(sees(a, "f8", "f8", NULL), 12);
    node(a, "f8a", ATP_NODE_PAUSED);
    assert_int_equal(sees(a, "f8", "f8", NULL), 2);
    assert_verdict(sell(a, "f8", "f8", "", "3"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "f8", "f8", "", "2"), ATP_APPLIED);
}

static atp_availability_row_t asked(acceptance_t *a, uint32_t flags, const char *channel, const char *sku)
{
    atp_text_t skus[] = {atp_text_of(sku)};
    atp_text_t nodes[] = {ATP_TEXT("")};
    atp_availability_ask_t ask = {.flags = flags,
                                  .channel = atp_text_of(channel),
                                  .sku_count = 1,
                                  .node_count = 1,
                                  .skus = skus,
                                  .nodes = nodes};
    atp_answer_t *answer = NULL;

    assert_int_equal(atp_client_availability(a->client, &ask, &answer), ATP_OK);
    atp_availability_row_t row = *atp_answer_availability(answer);
    assert_verdict(row, ATP_APPLIED);
    atp_answer_free(answer);
    return row;
}

/* B6: one at each of two nodes: an unsplit 2 is not there, and availability says so. */
static void b6_availability_for_an_unsplit_two_says_one(void **state)
{
    acceptance_t *a = *state;

    stock(a, "b6", "b6a", "1");
    stock(a, "b6", "b6b", "1");
    put(a, ATP_OP_CHANNEL, "b6", "split=no");
    assert_int_equal(asked(a, 0, "", "b6").promisable, 2);
    assert_int_equal(asked(a, ATP_AVAILABILITY_UNSPLIT, "", "b6").promisable, 1);
    assert_int_equal(asked(a, ATP_AVAILABILITY_UNSPLIT, "b6", "b6").promisable, 1);
    assert_verdict(sell(a, "b6", "b6", "", "2"), ATP_SPLIT_NOT_ALLOWED);
    assert_verdict(sell(a, "b6", "b6", "", "1"), ATP_APPLIED);
}

static void pickup_is_answered_by_its_own_group(void **state)
{
    acceptance_t *a = *state;

    stock(a, "pu", "pu-dc", "10");
    stock(a, "pu", "pu-shop", "3");
    put(a, ATP_OP_GROUP, "pu-dcs", "node=pu-dc");
    put(a, ATP_OP_GROUP, "pu-shops", "node=pu-shop");
    put(a, ATP_OP_CHANNEL, "pu", "ship_group=pu-dcs pickup_group=pu-shops");
    assert_int_equal(asked(a, 0, "pu", "pu").promisable, 10);
    assert_int_equal(asked(a, ATP_AVAILABILITY_PICKUP, "pu", "pu").promisable, 3);
}

/* ---- levels: G1 ---- */

static atp_crossing_event_t next_crossing(atp_watch_t *watch)
{
    int64_t begun_ms = 0;
    atp_watch_event_t event;

    while (is_waiting(&begun_ms, 30)) {
        if (atp_watch_next_event(watch, 100, &event) == ATP_OK && event.type == ATP_MESSAGE_CROSSINGS) {
            return event.crossing;
        }
    }
    fail_msg("no crossing was told");
    abort();
}

static void assert_level(acceptance_t *a, const atp_crossing_event_t *event, uint64_t number,
                         const char *from, const char *to, atp_qty_t available)
{
    assert_int_equal(event->row.number, number);
    assert_string_equal(atp_level_text(event->row.from), from);
    assert_string_equal(atp_level_text(event->row.to), to);
    assert_int_equal(event->row.available, available);
    assert_string_equal(atp_level_text(asked(a, 0, "g1", "g1").level), to);
}

/* Out of stock only on crossing; orders, releases, expiry, counts and rules all tell; what was missed can be asked for, also
 * after a kill. */
static void g1_a_level_is_told_once_at_each_crossing(void **state)
{
    acceptance_t *a = *state;
    atp_text_t channel = ATP_TEXT("g1");
    atp_watch_options_t options = {
        .url = a->events_url, .channels = &channel, .channel_count = 1, .has_no_availability = true};
    atp_watch_t *watch = NULL;
    atp_answer_t *answer = NULL;
    atp_why_t why;

    stock(a, "g1", "N", "10");
    put(a, ATP_OP_CHANNEL, "g1", "");
    assert_int_equal(atp_watch_open(&options, &watch, &why), ATP_OK);
    assert_true(atp_watch_wait_connected(watch, 30000));
    put(a, ATP_OP_RULE, "g1", "channel=g1 sku=g1 low=3 low_clear=6");
    assert_string_equal(atp_level_text(asked(a, 0, "g1", "g1").level), "ok");
    assert_verdict(hold(a, "g1-first", "g1", "N", "6"), ATP_APPLIED);
    assert_verdict(hold(a, NULL, "g1", "N", "1"), ATP_APPLIED);
    atp_crossing_event_t event = next_crossing(watch);
    uint64_t first = event.row.number;
    assert_level(a, &event, first, "ok", "low", 3);
    assert_verdict(hold(a, NULL, "g1", "N", "1"), ATP_APPLIED);
    assert_verdict(fact(a, ATP_OP_COUNT, NULL, "g1", "N", "8"), ATP_APPLIED);
    event = next_crossing(watch);
    assert_level(a, &event, first + 1, "low", "out", 0);
    assert_verdict(step(a, ATP_OP_RELEASE, NULL, "g1-first", NULL, false), ATP_APPLIED);
    event = next_crossing(watch);
    assert_level(a, &event, first + 2, "out", "ok", 6);
    put(a, ATP_OP_RULE, "g1-buffer", "channel=g1 buffer=4");
    event = next_crossing(watch);
    assert_level(a, &event, first + 3, "ok", "low", 2);
    const want_t all[] = {{"g1", "N", "6"}, {NULL, NULL, NULL}};
    assert_verdict(reserve(a, NULL, all, 300, ATP_RESERVE_ALL_OR_NOTHING, NULL), ATP_APPLIED);
    event = next_crossing(watch);
    assert_int_equal(event.row.to, 3);
    event = next_crossing(watch); /* it expires by itself */
    assert_level(a, &event, first + 5, "out", "low", 2);
    atp_watch_close(watch);
    acceptance_kill(a);
    acceptance_restart(a);
    const atp_page_ask_t page = {.cursor = first - 1, .limit = 100};
    assert_int_equal(atp_client_crossings(a->client, &page, &answer), ATP_OK);
    const atp_crossing_row_t *rows = atp_answer_crossings(answer);
    assert_int_equal(atp_answer_head(answer).row_count, 6);
    for (uint32_t i = 0; i < 6; i++) {
        assert_int_equal(rows[i].number, first + i);
    }
    atp_answer_free(answer);
}

static void rules_and_what_they_count_survive_a_kill(void **state)
{
    acceptance_t *a = *state;

    stock(a, "fk", "N", "10");
    put(a, ATP_OP_CHANNEL, "fk", "");
    put(a, ATP_OP_RULE, "fk", "channel=fk buffer_percent=50");
    put(a, ATP_OP_QUOTA, "fk", "sku=fk channel=fk amount=4");
    assert_verdict(sell(a, "fk", "fk", "N", "1"), ATP_APPLIED);
    assert_int_equal(sees(a, "fk", "fk", NULL), 3);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(sees(a, "fk", "fk", NULL), 3);
    assert_verdict(sell(a, "fk", "fk", "N", "4"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(a, "fk", "fk", "N", "3"), ATP_APPLIED);
}

/* ---- supply that is to come, through rules ---- */

#define DAY_MS INT64_C(86400000)

/* Noon of the day that is `days` from today: midnight cannot fall between two steps of a test and a date it told. */
static int64_t in_days(int32_t days)
{
    return ((int64_t)time(NULL) * 1000 / DAY_MS + days) * DAY_MS + DAY_MS / 2;
}

/* An op with one line and one time: what is due, or needed by, then. */
static atp_result_t on_day(acceptance_t *a, atp_op_kind_t kind, const char *name, atp_command_line_t line,
                           int32_t days)
{
    char id[ATP_ID_SIZE_MAX + 1];
    const atp_attribute_t day = {.key = kind == ATP_OP_RESERVE ? ATP_KEY_NEEDED_BY : ATP_KEY_DUE,
                                 .line = ATP_WHOLE_OP,
                                 .number = in_days(days)};
    const atp_command_t command = {.kind = kind,
                                   .id = atp_text_of(fresh_id(a, id)),
                                   .channel = atp_text_of(kind == ATP_OP_RESERVE ? name : ""),
                                   .subject = atp_text_of(kind == ATP_OP_RESERVE ? "" : name),
                                   .line_count = 1,
                                   .lines = &line,
                                   .attribute_count = 1,
                                   .attributes = &day};

    return call(a, &command, NULL);
}

static atp_result_t sell_by(acceptance_t *a, const char *channel, const char *node, int64_t qty, int32_t days)
{
    return on_day(a, ATP_OP_RESERVE, channel,
                  (atp_command_line_t){.sku = ATP_TEXT("fd"), .node = atp_text_of(node), .mantissa = qty},
                  days);
}

/* What the channel may promise for a day; with a quantity, in how many days it may promise that: -1 = not within a month. */
static int64_t may_promise(acceptance_t *a, const char *channel, const char *node, int64_t qty, int32_t days)
{
    const atp_schedule_ask_t ask = {.what = qty > 0 ? ATP_SCHEDULE_PROMISE : ATP_SCHEDULE_DAYS,
                                    .sku = ATP_TEXT("fd"),
                                    .node = atp_text_of(node),
                                    .from_ms = in_days(days),
                                    .days = qty > 0 ? 30 : 1,
                                    .qty = qty,
                                    .channel = atp_text_of(channel)};
    int64_t said = -1;
    atp_answer_t *answer;

    assert_int_equal(atp_client_schedule(a->client, &ask, &answer), ATP_OK);
    assert_int_equal(atp_answer_head(answer).verdict, ATP_APPLIED);
    if (atp_answer_head(answer).row_count > 0) {
        const atp_schedule_row_t *row = atp_answer_schedule(answer);
        assert_true(atp_text_equal(row->node, atp_text_of(node)));
        said = qty > 0 ? (row->day_ms - in_days(0) + DAY_MS / 2) / DAY_MS : row->qty;
    }
    atp_answer_free(answer);
    return said;
}

static void what_is_to_come_is_promised_within_the_rules_and_kept(void **state)
{
    acceptance_t *a = *state;
    const atp_command_line_t ten = {.sku = ATP_TEXT("fd"), .node = ATP_TEXT("N"), .mantissa = 10};
    const atp_command_line_t six = {.sku = ATP_TEXT("fd"), .node = ATP_TEXT("M"), .mantissa = 6};

    stock(a, "fd", "N", "2");
    stock(a, "fd", "M", "1");
    put(a, ATP_OP_CHANNEL, "fd", "");
    put(a, ATP_OP_CHANNEL, "fdm", "");
    put(a, ATP_OP_RULE, "fd", "channel=fd buffer=4");
    assert_verdict(on_day(a, ATP_OP_SUPPLY, "fd-1", ten, 5), ATP_APPLIED);
    assert_verdict(on_day(a, ATP_OP_SUPPLY, "fd-2", six, 8), ATP_APPLIED);
    assert_int_equal(may_promise(a, "fd", "", 0, 0), 0);
    assert_int_equal(may_promise(a, "fd", "", 0, 5), 9); /* 3 here, 10 to come, 4 held back */
    assert_int_equal(may_promise(a, "fd", "", 0, 8), 15);
    assert_int_equal(may_promise(a, "fd", "M", 0, 8), 7);
    assert_int_equal(may_promise(a, "fd", "", 10, 0), 8);
    assert_int_equal(may_promise(a, "fd", "", 16, 0), -1);
    assert_verdict(sell_by(a, "fd", "", 10, 5), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell_by(a, "fd", "N", 9, 5), ATP_APPLIED); /* 2 here, 7 of the ten */
    assert_int_equal(may_promise(a, "fd", "", 0, 7), 0);
    acceptance_kill(a);
    acceptance_restart(a);
    assert_int_equal(may_promise(a, "fd", "", 0, 8), 6);
    assert_verdict(sell(a, "fdm", "fd", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(fact(a, ATP_OP_RECEIVE, NULL, "fd", "N", "1"), ATP_APPLIED);
    assert_verdict(sell(a, "fdm", "fd", "N", "2"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(on_day(a, ATP_OP_SUPPLY, "fd-1", ten, 6), ATP_APPLIED); /* late: one of nine finds stock */
    assert_int_equal(components(a, "fd", "N").reserved, 3);
    assert_verdict(sell(a, "fdm", "fd", "N", "1"), ATP_NOT_ENOUGH_AVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a8_a_node_in_two_groups_is_sold_once),
        cmocka_unit_test(a9_what_the_second_group_sees_is_what_it_gets),
        cmocka_unit_test(a9_the_second_group_first_and_by_turns),
        cmocka_unit_test(a9_both_at_once_take_fifteen_and_no_more),
        cmocka_unit_test(f1_each_node_is_floored_and_the_signed_sum_is_told),
        cmocka_unit_test(f1b_orders_short_at_one_node_may_be_served_from_the_other),
        cmocka_unit_test(f2_two_nodes_with_the_same_number_are_both_counted),
        cmocka_unit_test(f3_the_last_five_are_never_promised),
        cmocka_unit_test(f4_a_buffer_and_a_guarantee_bind_the_channel_they_are_for),
        cmocka_unit_test(f6_a_channel_takes_what_its_cap_and_the_common_one_leave),
        cmocka_unit_test(f8_a_paused_node_is_not_counted),
        cmocka_unit_test(b6_availability_for_an_unsplit_two_says_one),
        cmocka_unit_test(pickup_is_answered_by_its_own_group),
        cmocka_unit_test(g1_a_level_is_told_once_at_each_crossing),
        cmocka_unit_test(rules_and_what_they_count_survive_a_kill),
        cmocka_unit_test(what_is_to_come_is_promised_within_the_rules_and_kept),
    };
    return cmocka_run_group_tests(tests, acceptance_start, acceptance_stop);
}

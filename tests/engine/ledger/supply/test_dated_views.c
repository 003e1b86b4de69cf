/* What a channel with rules may promise for a day: its rules once, on what stock and supply come to by then; and that a reserve
 * for that day is granted exactly that, and keeps it. */
#include "tests/engine/ledger/explain/explain_fixture.h"

#include "engine/base/attribute.h"

#include <stdio.h>

#define DAY ATP_DAY_MS

static int64_t in(int32_t days)
{
    return f.now_ms + days * DAY;
}

static void expect(const char *id, const char *sku, const char *node, atp_qty_t qty, int32_t days)
{
    const atp_command_line_t line = line_of(sku, node, qty);
    char words[64];

    snprintf(words, sizeof words, "due=%lld", (long long)in(days));
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_SUPPLY, .subject = atp_text_of(id), .line_count = 1, .lines = &line},
                words),
        ATP_APPLIED);
}

/* `node` "": wherever it is. */
static atp_result_t sell_by(const char *channel, const char *id, const char *sku, const char *node,
                            atp_qty_t qty, int32_t days)
{
    const atp_command_line_t line = line_of(sku, node, qty);
    char words[64];

    snprintf(words, sizeof words, "needed_by=%lld", (long long)in(days));
    return do_with(&f,
                   (atp_command_t){.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .channel = atp_text_of(channel),
                                   .line_count = 1,
                                   .lines = &line},
                   words);
}

/* What the channel is shown of a day: as a figure, and as an account with its decision. */
static atp_qty_t shown(const char *channel, const char *sku, const char *node, int32_t days)
{
    atp_ledger_explain_ask_t ask = {.sku = sku_number(sku),
                                    .node = node[0] != '\0' ? node_number(node) : ATP_EXPLAIN_ALL_NODES,
                                    .channel = channel_number(channel),
                                    .needed_by = (uint16_t)atp_day_of(in(days))};
    atp_qty_t sum = atp_ledger_explain_sum(f.ledger, &ask, f.now_ms);

    for (unsigned more = 0; more < 2; more++) {
        ask.qty = sum + more;
        room = (atp_explain_room_t){.parts = parts, .capacity = PARTS};
        if (ask.qty > 0) {
            atp_ledger_explain(f.ledger, &ask, f.now_ms, &room);
            assert_int_equal(parts[room.count - 1].code,
                             more ? ATP_EXPLAIN_CODE_NOT_ENOUGH : ATP_EXPLAIN_CODE_ENOUGH);
        }
    }
    return sum;
}

/* Shows `qty`, refuses more, and grants that. */
#define assert_sells(channel, id, sku, node, days, qty)                                                      \
    do {                                                                                                     \
        assert_int_equal(shown(channel, sku, node, days), qty);                                              \
        assert_refused(sell_by(channel, id "+", sku, node, (qty) + 1, days), ATP_NOT_ENOUGH_AVAILABLE,       \
                       ATP_FIELD_QTY);                                                                       \
        assert_verdict(sell_by(channel, id, sku, node, qty, days), ATP_APPLIED);                             \
        assert_int_equal(shown(channel, sku, node, days), 0);                                                \
    } while (0)

/* Channels web and pos; five of S at N, ten more in five days. */
static int shop(void **state)
{
    (void)state;
    f = fixture_open(NULL);
    f.now_ms = (FIXTURE_START_MS / DAY + 1) * DAY; /* midnight: ledger time never goes back */
    stock(&f, "S", "N", 5);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    expect("po-1", "S", "N", 10, 5);
    return 0;
}

/* ---- the parts of a view ---- */

static void a_buffer_is_taken_off_a_day_once(void **state)
{
    (void)state;
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=7"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 0), 0);
    assert_int_equal(shown("web", "S", "N", 4), 0);
    assert_sells("web", "r", "S", "N", 5, 8); /* 5 + 10 - 7 */
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RESERVED), 5);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_PEGGED), 3);
    assert_sells("pos", "p", "S", "N", 5, 7);
}

static void a_percentage_is_of_what_there_is_by_then_and_what_the_channel_has(void **state)
{
    (void)state;
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer_percent=20"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 0), 4);
    assert_int_equal(shown("web", "S", "N", 5), 12);
    assert_verdict(sell_by("web", "r1", "S", "N", 6, 5), ATP_APPLIED);
    assert_sells("web", "r2", "S", "N", 5, 6); /* still of 15 */
    assert_sells("pos", "p", "S", "", 5, 3);
}

static void a_threshold_and_a_pause_count_on_every_day(void **state)
{
    (void)state;
    assert_verdict(rule(&f, "t", "channel=web threshold=4"), ATP_APPLIED);
    assert_verdict(rule(&f, "c", "channel=web cap=9"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 5), 9); /* of 11 */
    assert_refused(sell_by("web", "r0", "S", "N", 10, 5), ATP_ABOVE_CAP, ATP_FIELD_QTY);
    assert_verdict(sell_by("web", "r1", "S", "N", 9, 5), ATP_APPLIED);
    assert_sells("web", "r2", "S", "", 5, 2);
    assert_verdict(put_channel_with(&f, "web", "state=paused"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 5), 0);
}

static void an_excluded_sku_is_promised_for_no_day(void **state)
{
    (void)state;
    assert_verdict(rule(&f, "x", "channel=web sku=S excluded=yes"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "", 5), 0);
    assert_refused(sell_by("web", "r", "S", "", 1, 5), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_sells("pos", "p", "S", "", 5, 15);
}

static void quotas_bind_what_is_to_come(void **state)
{
    (void)state;
    assert_verdict(quota(&f, "g", "sku=S channel=pos guaranteed=4"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 0), 1);
    assert_sells("web", "r1", "S", "N", 5, 11);
    assert_sells("pos", "p1", "S", "N", 5, 4);
    assert_verdict(quota(&f, "g", "dropped=yes"), ATP_APPLIED);

    expect("po-2", "S", "N", 10, 6);
    assert_verdict(quota(&f, "half", "sku=S channel=web percent=50"), ATP_APPLIED);
    /* 10 by then and 11 that the quota has in use: half of 21 is less than it has */
    assert_int_equal(shown("web", "S", "N", 6), 0);
    assert_int_equal(shown("pos", "S", "N", 6), 10);
}

/* ---- nodes ---- */

static void each_node_counts_what_it_has_by_the_day_and_never_less_than_nothing(void **state)
{
    (void)state;
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    stock(&f, "S", "M", 1);
    assert_verdict(sell(&f, "pos", "p", "S", "M", 3, ATP_RESERVE_TRACK_ONLY), ATP_APPLIED); /* M: -2 */
    expect("po-2", "S", "M", 5, 3);
    assert_int_equal(shown("web", "S", "", 0), 3);
    assert_int_equal(shown("web", "S", "", 3), 6);
    assert_int_equal(shown("web", "S", "M", 3), 3);
    assert_sells("web", "r", "S", "", 5, 16);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RESERVED) + line_units(&f, "r", 1, ATP_LINE_RESERVED),
                     5);
}

static void a_channel_sees_the_supply_of_its_group_alone(void **state)
{
    (void)state;
    stock(&f, "S", "M", 0);
    expect("po-2", "S", "M", 20, 2);
    assert_verdict(put_group(&f, "north", "N"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "ship_group=north"), ATP_APPLIED);
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=1"), ATP_APPLIED);
    assert_int_equal(shown("web", "S", "M", 5), 0);
    assert_sells("web", "r", "S", "", 5, 14);
    assert_int_equal(shown("pos", "S", "", 5), 21);
}

static void what_waits_counts_against_the_day_and_a_limit_adds_nothing_to_it(void **state)
{
    (void)state;
    const atp_command_line_t three = line_of("S", "N", 3);

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &three}),
                   ATP_APPLIED);
    assert_verdict(sell(&f, "pos", "p", "S", "N", 8, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED); /* 3 wait */
    assert_sells("web", "r", "S", "N", 5, 5); /* 10 - 3 - 2 */
}

/* ---- lines, and what becomes of the promise ---- */

static void lines_of_one_reserve_share_the_view_of_the_day(void **state)
{
    (void)state;
    const atp_command_line_t lines[] = {line_of("S", "N", 7), line_of("S", "", 6)};
    char words[64];
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("r"),
                             .channel = ATP_TEXT("web"),
                             .line_count = 2,
                             .lines = lines};

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=3"), ATP_APPLIED);
    snprintf(words, sizeof words, "needed_by=%lld", (long long)in(5));
    assert_refused(do_with(&f, command, words), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    command.id = ATP_TEXT("part");
    command.option = ATP_RESERVE_PARTIAL;
    assert_verdict(do_with(&f, command, words), ATP_APPLIED_IN_PART);
    assert_int_equal(line_units(&f, "part", 0, ATP_LINE_PEGGED) + line_units(&f, "part", 1, ATP_LINE_PEGGED),
                     7);
    assert_int_equal(shown("web", "S", "", 5), 0);
}

static void what_is_promised_for_a_day_nobody_takes_when_it_comes(void **state)
{
    (void)state;
    const atp_command_line_t ten = line_of("S", "N", 10);

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    assert_sells("web", "r", "S", "N", 5, 13); /* 5 here, 8 of the ten */
    assert_refused(sell(&f, "pos", "p1", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                                  .is_fact = true,
                                                  .subject = ATP_TEXT("po-1"),
                                                  .line_count = 1,
                                                  .lines = &ten}),
                   ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RESERVED), 13);
    assert_refused(sell(&f, "pos", "p2", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(sell(&f, "pos", "p3", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
}

static void one_reservation_takes_the_place_of_another_of_the_same_day(void **state)
{
    (void)state;
    const atp_command_line_t line = line_of("S", "N", 13);
    char words[96];

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    assert_verdict(sell_by("web", "r1", "S", "N", 13, 5), ATP_APPLIED);
    snprintf(words, sizeof words, "needed_by=%lld replaces=r1", (long long)in(5));
    assert_verdict(do_with(&f,
                           (atp_command_t){.kind = ATP_OP_RESERVE,
                                           .id = ATP_TEXT("r2"),
                                           .channel = ATP_TEXT("web"),
                                           .line_count = 1,
                                           .lines = &line},
                           words),
                   ATP_APPLIED);
    assert_int_equal(shown("web", "S", "N", 5), 0);
    assert_int_equal(shown("pos", "S", "N", 5), 2);
}

/* ---- kits ---- */

static void a_kit_is_promised_from_what_the_channel_leaves_of_components_to_come(void **state)
{
    (void)state;
    const atp_command_line_t recipe = line_of("S", "", 2);

    assert_verdict(put_sku(&f, "K", 0), ATP_APPLIED);
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_KIT, .subject = ATP_TEXT("K"), .line_count = 1, .lines = &recipe}),
        ATP_APPLIED);
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=4"), ATP_APPLIED);
    assert_int_equal(shown("web", "K", "N", 0), 0);
    assert_sells("web", "r", "K", "N", 5, 5); /* 11 of S */
    assert_int_equal(shown("pos", "K", "N", 5), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_buffer_is_taken_off_a_day_once, shop, tear_down),
        cmocka_unit_test_setup_teardown(a_percentage_is_of_what_there_is_by_then_and_what_the_channel_has,
                                        shop, tear_down),
        cmocka_unit_test_setup_teardown(a_threshold_and_a_pause_count_on_every_day, shop, tear_down),
        cmocka_unit_test_setup_teardown(an_excluded_sku_is_promised_for_no_day, shop, tear_down),
        cmocka_unit_test_setup_teardown(quotas_bind_what_is_to_come, shop, tear_down),
        cmocka_unit_test_setup_teardown(each_node_counts_what_it_has_by_the_day_and_never_less_than_nothing,
                                        shop, tear_down),
        cmocka_unit_test_setup_teardown(a_channel_sees_the_supply_of_its_group_alone, shop, tear_down),
        cmocka_unit_test_setup_teardown(what_waits_counts_against_the_day_and_a_limit_adds_nothing_to_it,
                                        shop, tear_down),
        cmocka_unit_test_setup_teardown(lines_of_one_reserve_share_the_view_of_the_day, shop, tear_down),
        cmocka_unit_test_setup_teardown(what_is_promised_for_a_day_nobody_takes_when_it_comes, shop,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_reservation_takes_the_place_of_another_of_the_same_day, shop,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_kit_is_promised_from_what_the_channel_leaves_of_components_to_come,
                                        shop, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

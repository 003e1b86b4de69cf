/* What tests/model/test_everything.c found, in as few ops as it takes, so that it does not come back. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "query/availability.h"

/* The first op of a fresh ledger that booked capacity without a plan of its own looked for its node among places none of
 * which had been used, and took all of them for used ones: it never came back. A restart was enough to be fresh. */
static void the_first_op_at_a_node_with_a_calendar_may_be_one_without_a_plan(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "M", 1);
    stock(&f, "S", "N", 1);
    atp_command_line_t node = {.node = ATP_TEXT("N")};
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &node}, "cut_off=387"),
        ATP_APPLIED);
    assert_verdict(reserve_with(&f, "r", "S", "N", 1, ATP_RESERVE_TRACK_ONLY, ""), ATP_APPLIED);
    fixture_close(&f);
}

/* What was sold elsewhere is promised whatever there is; an edit of it that named a day promised it from supply, which there was
 * not: an assertion ended the process. */
static void what_was_sold_already_is_for_no_day(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    assert_verdict(reserve_with(&f, "r", "S", "N", 3, ATP_RESERVE_TRACK_ONLY, ""), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "N", 5, "needed_by=1700092800000"), ATP_APPLIED);
    assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RESERVED), 5);
    fixture_close(&f);
}

/* A transfer is the source of no channel's sale: where the channel of requests that name none had a rule, the invariant that
 * each of its reservations is counted broke. */
static void a_transfer_is_no_sale_of_a_channel(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(put_node(&f, "M", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(rule(&f, "r", "channel=default buffer_percent=50"), ATP_APPLIED);
    atp_command_line_t line = line_of("S", "N", 2);
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_TRANSFER, .subject = ATP_TEXT("t"), .line_count = 1, .lines = &line},
                "to=M due=1700092800000"),
        ATP_APPLIED);
    assert_int_equal(view(&f, "default", "S").consumed, 0);
    fixture_close(&f);
}

/* Counting the demand that was not met went through the other lines too; one that named nothing known was then told as what was
 * at fault. */
static void what_is_at_fault_stays_at_fault(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t lines[] = {line_of("S", "N", 2), line_of("nothing", "N", 1)};

    stock(&f, "S", "N", 1);
    assert_verdict(put_node(&f, "N", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_refused(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 2, lines), ATP_NODE_NOT_OPEN, ATP_FIELD_NODE);
    fixture_close(&f);
}

/* What is short is served by other nodes, by an op that the ledger makes for itself: where all lines of an order were to come
 * together, it read texts that this op did not have. */
static void what_is_short_is_re_sourced_where_lines_come_together(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 4);
    stock(&f, "S", "M", 4);
    assert_verdict(put_channel_with(&f, "default", "split=together"), ATP_APPLIED);
    atp_command_line_t node = {.node = ATP_TEXT("N")};
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_NODE, .line_count = 1, .lines = &node},
                           "on_short=re_source"),
                   ATP_APPLIED);
    assert_verdict(reserve_with(&f, "r", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING, ""), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHORT, "r"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").allocated, 2);
    fixture_close(&f);
}

/* ---- beyond stock, but not beyond what a channel may have ---- */

/* Stock of 1 at N, of which 10 more may be promised; the channel `web`. */
static fixture_t open_with_limit(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 1);
    stock(&f, "S", "M", 1);
    const atp_command_line_t line = line_of("S", "N", 10);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line}, ""),
                   ATP_APPLIED);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    return f;
}

static atp_result_t reserve_in_web(fixture_t *f, const char *id, const char *node, atp_qty_t qty,
                                   const char *words)
{
    const atp_command_line_t line = line_of("S", node, qty);

    return do_with(f,
                   (atp_command_t){.kind = ATP_OP_RESERVE,
                                   .id = atp_text_of(id),
                                   .channel = ATP_TEXT("web"),
                                   .line_count = 1,
                                   .lines = &line},
                   words);
}

/* What may be promised beyond stock was added to what the channel leaves even where that was nothing: a reserve at a node that
 * is not of the channel's group was granted. */
static void nothing_is_promised_beyond_stock_outside_of_the_group(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();

    assert_verdict(put_group(&f, "m", "M"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "ship_group=m"), ATP_APPLIED);
    assert_verdict(reserve_in_web(&f, "r", "N", 1, ""), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "q", "", 2, ""), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "p", "M", 1, ""), ATP_APPLIED);
    fixture_close(&f);
}

/* The same of a SKU that the channel does not sell. */
static void nothing_is_promised_beyond_stock_of_what_a_channel_does_not_sell(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();

    assert_verdict(rule(&f, "x", "channel=web sku=S excluded=yes"), ATP_APPLIED);
    assert_verdict(reserve_in_web(&f, "r", "N", 1, ""), ATP_NOT_ENOUGH_AVAILABLE);
    fixture_close(&f);
}

/* And of a quota that is used up; units that wait were not even counted in it. */
static void a_quota_binds_what_is_promised_beyond_stock(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();

    assert_verdict(quota(&f, "all", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "of-web", "parent=all channel=web amount=4"), ATP_APPLIED);
    assert_verdict(reserve_in_web(&f, "r", "N", 5, ""), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "q", "N", 3, ""), ATP_APPLIED); /* 1 is there, 2 wait */
    assert_int_equal(view(&f, "web", "S").consumed, 3);
    assert_verdict(reserve_in_web(&f, "p", "N", 2, ""), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "o", "N", 1, ""), ATP_APPLIED);
    stock(&f, "S", "N", 3);
    assert_int_equal(view(&f, "web", "S").consumed, 4); /* they count once, waiting or here */
    fixture_close(&f);
}

/* A reservation that replaces one of another channel took what that gave back as if its own quota had got it. */
static void what_another_channel_gives_back_widens_no_quota(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();

    stock(&f, "S", "N", 9);
    assert_verdict(quota(&f, "all", "sku=S"), ATP_APPLIED);
    assert_verdict(quota(&f, "of-web", "parent=all channel=web amount=1"), ATP_APPLIED);
    assert_verdict(reserve_with(&f, "r", "S", "N", 5, ATP_RESERVE_ALL_OR_NOTHING, ""), ATP_APPLIED);
    assert_verdict(reserve_in_web(&f, "q", "N", 4, "replaces=r"), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "p", "N", 1, "replaces=r"), ATP_APPLIED);
    fixture_close(&f);
}

/* A line that leaves its node open may be promised beyond stock as one that names it. */
static void a_channel_with_rules_may_be_promised_beyond_stock_anywhere(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();

    assert_verdict(rule(&f, "x", "channel=web threshold=2"), ATP_APPLIED);
    assert_verdict(reserve_in_web(&f, "r", "", 11, ""), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_in_web(&f, "q", "", 9, ""), ATP_APPLIED);
    fixture_close(&f);
}

/* A line that stock alone did not serve stayed in the answer as the one at fault, though it was served beyond stock; asked again,
 * the answer was another. */
static void what_is_served_beyond_stock_is_not_at_fault(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();
    const atp_command_line_t lines[] = {line_of("S", "M", 1), line_of("S", "", 4)};

    atp_result_t result = reserve_lines(&f, "r", ATP_RESERVE_ALL_OR_NOTHING, 2, lines);
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.field, ATP_FIELD_NONE);
    assert_int_equal(result.line, 0);
    fixture_close(&f);
}

/* What a position shows beyond stock did not heed the cap of its SKU in all, which reserve does. */
static void availability_counts_no_more_beyond_stock_than_the_caps_leave(void **state)
{
    (void)state;
    fixture_t f = open_with_limit();
    const atp_command_line_t lines[] = {line_of("S", "", 2)};
    atp_availability_t there;

    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = lines}, ""),
                   ATP_APPLIED);
    atp_availability_read(f.ledger, 0, 0, f.now_ms, &there);
    assert_int_equal(there.shown, 1);
    assert_int_equal(there.promisable, 3);
    assert_verdict(reserve(&f, "four", "S", "N", 4), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve(&f, "three", "S", "N", 3), ATP_APPLIED);
    atp_availability_read(f.ledger, 0, 0, f.now_ms, &there);
    assert_int_equal(there.promisable, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_op_at_a_node_with_a_calendar_may_be_one_without_a_plan),
        cmocka_unit_test(what_was_sold_already_is_for_no_day),
        cmocka_unit_test(a_transfer_is_no_sale_of_a_channel),
        cmocka_unit_test(what_is_at_fault_stays_at_fault),
        cmocka_unit_test(what_is_short_is_re_sourced_where_lines_come_together),
        cmocka_unit_test(nothing_is_promised_beyond_stock_outside_of_the_group),
        cmocka_unit_test(nothing_is_promised_beyond_stock_of_what_a_channel_does_not_sell),
        cmocka_unit_test(a_quota_binds_what_is_promised_beyond_stock),
        cmocka_unit_test(what_another_channel_gives_back_widens_no_quota),
        cmocka_unit_test(a_channel_with_rules_may_be_promised_beyond_stock_anywhere),
        cmocka_unit_test(what_is_served_beyond_stock_is_not_at_fault),
        cmocka_unit_test(availability_counts_no_more_beyond_stock_than_the_caps_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

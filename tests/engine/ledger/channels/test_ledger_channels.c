/* Channels: what their rules let them see, and that a reserve is granted exactly that. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/channels/views.h"

#include <stdio.h>
#include <stdlib.h>

/* Channels web and pos, S at N with `qty`. */
static fixture_t shop(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", qty);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "pos", 0), ATP_APPLIED);
    return f;
}

/* ---- buffers ---- */

/* F4, first part. */
static void buffer_of_one_channel_hides_units_from_it_alone(void **state)
{
    (void)state;
    fixture_t f = shop(5);

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 3);
    assert_int_equal(sees(&f, "pos", "S"), 5);
    assert_refused(sell(&f, "web", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(sell(&f, "web", "r2", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_verdict(sell(&f, "pos", "r3", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

static void percent_buffer_counts_what_the_channel_has_out_already(void **state)
{
    (void)state;
    fixture_t f = shop(11);

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer_percent=20"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 9); /* 2.2 rounded down */
    assert_verdict(sell(&f, "web", "r1", "S", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 3); /* still of 11, not of the 5 that are left */
    assert_verdict(sell(&f, "pos", "r2", "S", "N", 2, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 2); /* of 9: 1.8 */
    fixture_close(&f);
}

static void buffers_of_sku_tag_and_all_add_up_or_the_first_counts(void **state)
{
    (void)state;
    fixture_t f = shop(100);

    assert_verdict(tag_sku(&f, "S", 0, "tag=fragile tag=heavy"), ATP_APPLIED);
    assert_verdict(rule(&f, "all", "channel=web buffer=10 order=5"), ATP_APPLIED);
    assert_verdict(rule(&f, "tag", "channel=web tag=heavy buffer=4 order=3"), ATP_APPLIED);
    assert_verdict(rule(&f, "sku", "channel=web sku=S buffer=1 order=5"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 85);
    assert_verdict(put_channel_with(&f, "web", "buffers=first_match"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 96); /* the tag's comes first */
    assert_verdict(rule(&f, "tag", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 99); /* of equal order the SKU's */
    assert_verdict(tag_sku(&f, "S", 0, "untagged=yes"), ATP_APPLIED);
    assert_verdict(rule(&f, "sku", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 90);
    fixture_close(&f);
}

/* ---- exclusions, thresholds, caps, pause ---- */

static void excluded_tag_is_seen_and_sold_as_none(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(tag_sku(&f, "S", 0, "tag=local"), ATP_APPLIED);
    assert_verdict(rule(&f, "x", "channel=web tag=local excluded=yes"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_int_equal(sees(&f, "pos", "S"), 10);
    assert_refused(sell(&f, "web", "r1", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    assert_verdict(tag_sku(&f, "S", 0, "untagged=yes"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r2", "S", "N", 10, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

/* F3, first half: 5 of 8.5 are never promised. */
static void units_below_the_threshold_are_not_promised(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    assert_verdict(put_sku(&f, "S", 2), ATP_APPLIED);
    assert_verdict(put_node(&f, "N", ATP_NODE_OPEN), ATP_APPLIED);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    const atp_command_line_t counted = {ATP_TEXT("S"), ATP_TEXT("N"), 85, 1};
    assert_verdict(
        fixture_do(
            &f, (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &counted}),
        ATP_APPLIED);
    assert_verdict(rule(&f, "t", "channel=web threshold=5"), ATP_APPLIED);
    const atp_command_line_t three = {ATP_TEXT("S"), ATP_TEXT("N"), 3, 0};
    const atp_command_line_t four = {ATP_TEXT("S"), ATP_TEXT("N"), 4, 0};
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = ATP_TEXT("r4"),
                             .channel = ATP_TEXT("web"),
                             .line_count = 1,
                             .lines = &four};
    assert_int_equal(sees(&f, "web", "S"), 350);
    assert_refused(fixture_do(&f, command), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    command.id = ATP_TEXT("r3");
    command.lines = &three;
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 50);
    fixture_close(&f);
}

static void one_reservation_takes_no_more_than_the_cap(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(rule(&f, "c", "channel=web cap=3"), ATP_APPLIED);
    assert_refused(sell(&f, "web", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_ABOVE_CAP,
                   ATP_FIELD_QTY);
    assert_refused(sell(&f, "web", "r2", "S", "N", 11, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    atp_result_t part = sell(&f, "web", "r3", "S", "N", 4, ATP_RESERVE_PARTIAL);
    assert_verdict(part, ATP_APPLIED_IN_PART);
    assert_int_equal(part.qty, 3);
    assert_verdict(sell(&f, "web", "r4", "S", "N", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    const atp_command_line_t twice[] = {{ATP_TEXT("S"), ATP_TEXT("N"), 2, 0},
                                        {ATP_TEXT("S"), ATP_TEXT("N"), 2, 0}};
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                                  .id = ATP_TEXT("r5"),
                                                  .channel = ATP_TEXT("web"),
                                                  .line_count = 2,
                                                  .lines = twice}),
                   ATP_ABOVE_CAP, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void paused_channel_promises_nothing_and_keeps_what_it_has(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(sell(&f, "web", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "state=paused"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_refused(sell(&f, "web", "r2", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_CHANNEL_NOT_OPEN,
                   ATP_FIELD_CHANNEL);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", ""), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r3", "S", "N", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- nodes of the group ---- */

/* F1: each node is floored; F1b: units short at a node may be taken from another, where the channel says so. */
static void stock_missing_at_one_node_counts_against_the_group_only_if_it_is_owed(void **state)
{
    (void)state;
    fixture_t f = shop(0);

    stock(&f, "S", "A", 0);
    stock(&f, "S", "B", 3);
    assert_verdict(put_channel_with(&f, "web", "shortage=re_source"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "A", 4), ATP_APPLIED); /* -4, and nothing is promised there */
    assert_int_equal(sees(&f, "web", "S"), 3);
    assert_int_equal(view(&f, "web", "S").short_units, 0);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 4), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r", "S", "A", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 0), ATP_APPLIED); /* -4: four orders are short */
    assert_int_equal(sees(&f, "web", "S"), 0);
    assert_int_equal(view(&f, "web", "S").short_units, 4);
    assert_int_equal(sees(&f, "pos", "S"), 3);
    fixture_close(&f);
}

/* A8 and A9 with a buffer: what the channels see and get over a node that both share agrees. */
static void channels_that_share_a_node_see_what_they_get(void **state)
{
    (void)state;
    fixture_t f = shop(0);

    stock(&f, "S", "X", 10);
    stock(&f, "S", "Z", 5);
    assert_verdict(put_group(&f, "xz", "X Z"), ATP_APPLIED);
    assert_verdict(put_group(&f, "z", "Z"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "web", "ship_group=xz"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "pos", "ship_group=z"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 15);
    assert_int_equal(sees(&f, "pos", "S"), 5);
    assert_refused(sell(&f, "pos", "r0", "S", "X", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY); /* it does not see X */
    assert_verdict(sell(&f, "web", "r1", "S", "", 10, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    atp_qty_t left = sees(&f, "pos", "S");
    assert_int_equal(sees(&f, "web", "S"), 5);
    assert_refused(sell(&f, "pos", "r2", "S", "", left + 1, ATP_RESERVE_ALL_OR_NOTHING),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(sell(&f, "pos", "r3", "S", "", left, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "pos", "S"), 0);
    fixture_close(&f);
}

/* F8. */
static void paused_node_does_not_count(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    stock(&f, "S", "M", 10);
    assert_verdict(rule(&f, "b", "channel=web buffer=1"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 19);
    assert_verdict(put_node(&f, "M", ATP_NODE_PAUSED), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 9);
    fixture_close(&f);
}

/* ---- forms ---- */

static void rule_that_says_nothing_or_two_things_is_refused(void **state)
{
    (void)state;
    fixture_t f = shop(1);

    assert_refused(rule(&f, "r", "channel=web"), ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "sku=S buffer=1"), ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=web sku=S tag=t buffer=1"), ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=web sku=T buffer=1"), ATP_UNKNOWN_SKU, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=phone sku=S buffer=1"), ATP_UNKNOWN_CHANNEL, ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "dropped=yes"), ATP_UNKNOWN_RULE, ATP_FIELD_SUBJECT);
    assert_refused(rule(&f, "r", "channel=web buffer_percent=101"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void rule_can_be_replaced_moved_and_dropped_and_made_again(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=2"), ATP_APPLIED);
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer=4"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 6);
    assert_verdict(rule(&f, "b", "channel=pos sku=S buffer=4"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 10);
    assert_int_equal(sees(&f, "pos", "S"), 6);
    assert_verdict(rule(&f, "b", "dropped=yes"), ATP_APPLIED);
    assert_int_equal(sees(&f, "pos", "S"), 10);
    assert_refused(rule(&f, "b", "dropped=yes"), ATP_UNKNOWN_RULE, ATP_FIELD_SUBJECT);
    assert_verdict(rule(&f, "b", "channel=pos buffer=1"), ATP_APPLIED);
    assert_int_equal(sees(&f, "pos", "S"), 9);
    fixture_close(&f);
}

static void tables_that_are_full_refuse_and_change_nothing(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.rules = 1;
    config.tags = 1;
    config.accounts = 2;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    stock(&f, "T", "N", 5);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "a", "channel=web sku=S buffer=1"), ATP_APPLIED);
    assert_refused(rule(&f, "b", "channel=web sku=S buffer=1"), ATP_RULES_FULL, ATP_FIELD_SUBJECT);
    assert_verdict(tag_sku(&f, "S", 0, "tag=one"), ATP_APPLIED);
    assert_refused(tag_sku(&f, "S", 0, "tag=two"), ATP_TAGS_FULL, ATP_FIELD_ATTRIBUTE);
    assert_verdict(rule(&f, "a", "channel=web buffer=1"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r1", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_refused(sell(&f, "web", "r2", "T", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_ACCOUNTS_FULL,
                   ATP_FIELD_CHANNEL);
    assert_int_equal(view_of(&f, "T", "N").reserved, 0);
    fixture_close(&f);
}

/* Records and names in the tables that a rule, a quota or a SKU may add to. */
static uint64_t kept(const fixture_t *f)
{
    const atp_rulebook_t *rulebook = atp_ledger_rulebook(f->ledger);

    return atp_table_count(&rulebook->tags) + atp_table_count(&rulebook->rules) +
           atp_table_count(&rulebook->quotas) + atp_table_count(&rulebook->accounts) +
           counts_of(f).string_bytes + counts_of(f).skus;
}

static void a_refused_rule_quota_or_sku_leaves_nothing_behind(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    char words[64];

    config.rules = 2;
    config.skus = 2;
    fixture_t f = fixture_open(&config);
    stock(&f, "S", "N", 5);
    assert_verdict(put_channel(&f, "web", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "one", "channel=web buffer=1"), ATP_APPLIED);
    uint64_t before = kept(&f);
    assert_verdict(rule(&f, "none", "channel=web tag=new-1"), ATP_RULE_INVALID);
    assert_verdict(rule(&f, "low", "channel=web tag=new-2 low_clear=3"), ATP_RULE_INVALID);
    assert_verdict(quota(&f, "q", "tag=new-3"), ATP_RULE_INVALID);
    assert_verdict(tag_sku(&f, "S", 1, "tag=new-4"), ATP_SCALE_IN_USE);
    assert_verdict(tag_sku(&f, "S", 0, "tag=a tag=b tag=c tag=d tag=e tag=f tag=g"), ATP_TAGS_FULL);
    assert_int_equal(kept(&f), before);
    assert_verdict(rule(&f, "two", "channel=web tag=new-5 buffer=1"), ATP_APPLIED);
    assert_verdict(tag_sku(&f, "T", 0, "tag=new-6"), ATP_APPLIED);
    before = kept(&f);
    assert_verdict(rule(&f, "three", "channel=web sku=T buffer=1"), ATP_RULES_FULL);
    assert_verdict(rule(&f, "four", "channel=web tag=new-7 buffer=1"), ATP_RULES_FULL);
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(words, sizeof words, "tag=new-8-%u tag=new-9-%u", i, i);
        assert_verdict(tag_sku(&f, "U", 0, words), ATP_SKUS_FULL);
    }
    assert_int_equal(kept(&f), before);
    fixture_close(&f);
}

static void scales_of_a_tag_are_one(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    assert_verdict(tag_sku(&f, "S", 0, "tag=t"), ATP_APPLIED);
    assert_refused(tag_sku(&f, "K", 2, "tag=t"), ATP_SCALE_IN_USE, ATP_FIELD_ATTRIBUTE);
    assert_verdict(tag_sku(&f, "S", 2, "tag=t"), ATP_APPLIED); /* it is the only one */
    assert_verdict(tag_sku(&f, "K", 2, "tag=t"), ATP_APPLIED);
    assert_refused(tag_sku(&f, "K", 2, "tag=1 tag=2 tag=3 tag=4 tag=5 tag=6 tag=7"), ATP_TAGS_FULL,
                   ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* The ledger again from its tables, as a snapshot restores it. */
static void restart(fixture_t *f)
{
    atp_table_t *from[ATP_LEDGER_TABLES];
    atp_table_t *to[ATP_LEDGER_TABLES];
    atp_ledger_t *ledger;
    atp_why_t why = {""};

    assert_int_equal(atp_ledger_create(atp_ledger_config(f->ledger), &ledger, &why), ATP_OK);
    atp_ledger_tables(f->ledger, from);
    atp_ledger_tables(ledger, to);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        for (uint64_t piece = 0; piece < atp_table_piece_count(from[i]); piece++) {
            assert_int_equal(atp_table_restore_piece(to[i], piece,
                                                     from[i]->base + piece * atp_table_piece_size(from[i]),
                                                     atp_table_piece_size(from[i])),
                             ATP_OK);
        }
        assert_int_equal(atp_table_restore_count(to[i], atp_table_count(from[i])), ATP_OK);
    }
    assert_int_equal(atp_ledger_rebuild(ledger, &why), ATP_OK);
    assert_int_equal(atp_ledger_hash(ledger), atp_ledger_hash(f->ledger));
    atp_ledger_destroy(f->ledger);
    f->ledger = ledger;
}

static void rules_stand_after_a_restart(void **state)
{
    (void)state;
    fixture_t f = shop(10);

    assert_verdict(sell(&f, "web", "r1", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(rule(&f, "b", "channel=web sku=S buffer_percent=50"), ATP_APPLIED);
    assert_int_equal(view(&f, "web", "S").consumed, 4); /* counted from that op on, what stood as well */
    assert_int_equal(sees(&f, "web", "S"), 1);
    restart(&f);
    assert_int_equal(sees(&f, "web", "S"), 1);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r1"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 5);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffer_of_one_channel_hides_units_from_it_alone),
        cmocka_unit_test(percent_buffer_counts_what_the_channel_has_out_already),
        cmocka_unit_test(buffers_of_sku_tag_and_all_add_up_or_the_first_counts),
        cmocka_unit_test(excluded_tag_is_seen_and_sold_as_none),
        cmocka_unit_test(units_below_the_threshold_are_not_promised),
        cmocka_unit_test(one_reservation_takes_no_more_than_the_cap),
        cmocka_unit_test(paused_channel_promises_nothing_and_keeps_what_it_has),
        cmocka_unit_test(stock_missing_at_one_node_counts_against_the_group_only_if_it_is_owed),
        cmocka_unit_test(channels_that_share_a_node_see_what_they_get),
        cmocka_unit_test(paused_node_does_not_count),
        cmocka_unit_test(rule_that_says_nothing_or_two_things_is_refused),
        cmocka_unit_test(rule_can_be_replaced_moved_and_dropped_and_made_again),
        cmocka_unit_test(tables_that_are_full_refuse_and_change_nothing),
        cmocka_unit_test(a_refused_rule_quota_or_sku_leaves_nothing_behind),
        cmocka_unit_test(scales_of_a_tag_are_one),
        cmocka_unit_test(rules_stand_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Quantities that a line may have: least, greatest, whole multiples; of a SKU, of a channel, of a request; and what is counted
 * when a line is not met. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

static atp_result_t sku_with(fixture_t *f, const char *sku, uint8_t scale, const char *words)
{
    const atp_command_line_t line = line_of(sku, "", 0);

    return do_with(f, (atp_command_t){.kind = ATP_OP_SKU, .option = scale, .line_count = 1, .lines = &line},
                   words);
}

static atp_result_t reserve_in(fixture_t *f, const char *id, const char *channel, atp_qty_t qty)
{
    const atp_command_line_t line = line_of("S", "N", qty);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                         .id = atp_text_of(id),
                                         .channel = atp_text_of(channel),
                                         .line_count = 1,
                                         .lines = &line});
}

static void a_line_is_within_the_quantities_of_its_sku(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    assert_verdict(sku_with(&f, "S", 0, "minimum=4 maximum=20 increment=2"), ATP_APPLIED);
    assert_refused(reserve(&f, "a", "S", "N", 2), ATP_BELOW_MINIMUM, ATP_FIELD_QTY);
    assert_refused(reserve(&f, "b", "S", "N", 22), ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY);
    assert_refused(reserve(&f, "c", "S", "N", 5), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(reserve(&f, "d", "S", "N", 6), ATP_APPLIED);
    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED); /* says nothing of them: they stay */
    assert_refused(reserve(&f, "e", "S", "N", 2), ATP_BELOW_MINIMUM, ATP_FIELD_QTY);
    assert_verdict(sku_with(&f, "S", 0, "minimum=0 increment=0"), ATP_APPLIED);
    assert_verdict(reserve(&f, "g", "S", "N", 1), ATP_APPLIED);
    assert_refused(reserve(&f, "h", "S", "N", 21), ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void on_an_edit_the_resulting_quantity_counts(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    assert_verdict(sku_with(&f, "S", 0, "minimum=4 maximum=8 increment=2"), ATP_APPLIED);
    assert_verdict(reserve(&f, "r", "S", "N", 4), ATP_APPLIED);
    assert_verdict(edit(&f, "r", "S", "N", 6, ""), ATP_APPLIED);
    assert_refused(edit(&f, "r", "S", "N", 10, ""), ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY);
    assert_refused(edit(&f, "r", "S", "N", 7, ""), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_refused(edit(&f, "r", "S", "N", 2, ""), ATP_BELOW_MINIMUM, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "r", "S", "N", 0, ""), ATP_APPLIED);
    fixture_close(&f);
}

static void of_sku_and_channel_the_stricter_counts(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    assert_verdict(sku_with(&f, "S", 0, "minimum=2 increment=4"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "b2b", "minimum=10 maximum=50 increment=6"), ATP_APPLIED);
    assert_verdict(reserve_in(&f, "a", "", 4), ATP_APPLIED);
    assert_refused(reserve_in(&f, "b", "b2b", 4), ATP_BELOW_MINIMUM, ATP_FIELD_QTY);
    assert_refused(reserve_in(&f, "c", "b2b", 18), ATP_NOT_IN_INCREMENTS,
                   ATP_FIELD_QTY); /* 12 is what both divide */
    assert_refused(reserve_in(&f, "d", "b2b", 60), ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY);
    assert_verdict(reserve_in(&f, "e", "b2b", 24), ATP_APPLIED);
    fixture_close(&f);
}

/* A rule of a channel says it for one SKU, or for those with a tag, in that channel. */
static void a_rule_says_it_for_a_sku_in_a_channel(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "T", "N", 100);
    assert_verdict(put_channel(&f, "b2b", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "dozens", "channel=b2b sku=S minimum=12 maximum=48 increment=12"), ATP_APPLIED);
    assert_refused(sell(&f, "b2b", "a", "S", "N", 11, ATP_RESERVE_ALL_OR_NOTHING), ATP_BELOW_MINIMUM,
                   ATP_FIELD_QTY);
    assert_refused(sell(&f, "b2b", "b", "S", "", 13, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS,
                   ATP_FIELD_QTY);
    assert_refused(sell(&f, "b2b", "c", "S", "N", 60, ATP_RESERVE_PARTIAL), ATP_ABOVE_MAXIMUM, ATP_FIELD_QTY);
    assert_verdict(sell(&f, "b2b", "d", "S", "N", 24, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_refused(edit(&f, "d", "S", "N", 25, ""), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(edit(&f, "d", "S", "N", 36, ""), ATP_APPLIED);
    assert_verdict(sell(&f, "default", "e", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(sell(&f, "b2b", "g", "T", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(rule(&f, "dozens", "dropped=yes"), ATP_APPLIED);
    assert_verdict(sell(&f, "b2b", "h", "S", "N", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

static void of_all_that_have_a_say_the_strictest_counts(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 200);
    assert_verdict(sku_with(&f, "S", 0, "minimum=5 increment=4 tag=bulk"), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "b2b", "maximum=150"), ATP_APPLIED);
    assert_verdict(rule(&f, "of-sku", "channel=b2b sku=S maximum=100 increment=6"), ATP_APPLIED);
    assert_verdict(rule(&f, "of-tag", "channel=b2b tag=bulk minimum=20"), ATP_APPLIED);
    assert_verdict(rule(&f, "of-all", "channel=b2b increment=10"), ATP_APPLIED);
    assert_refused(sell(&f, "b2b", "a", "S", "N", 12, ATP_RESERVE_ALL_OR_NOTHING), ATP_BELOW_MINIMUM,
                   ATP_FIELD_QTY);
    assert_refused(sell(&f, "b2b", "b", "S", "N", 120, ATP_RESERVE_ALL_OR_NOTHING), ATP_ABOVE_MAXIMUM,
                   ATP_FIELD_QTY);
    assert_refused(sell(&f, "b2b", "c", "S", "N", 24, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS,
                   ATP_FIELD_QTY); /* of 4 and 6, not of 10 */
    assert_verdict(sell(&f, "b2b", "d", "S", "N", 60, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(sell(&f, "b2b", "e", "S", "N", 90, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS);
    assert_verdict(rule(&f, "of-all", "channel=b2b increment=35"), ATP_APPLIED);
    for (atp_qty_t qty = 20; qty <= 100; qty++) { /* 420 is the least that 4, 6 and 35 divide */
        char id[16];
        snprintf(id, sizeof id, "q%d", (int)qty);
        assert_verdict(sell(&f, "b2b", id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_IN_INCREMENTS);
    }
    fixture_close(&f);
}

static void a_part_is_granted_as_the_rule_allows(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 20);
    assert_verdict(put_channel(&f, "b2b", 0), ATP_APPLIED);
    assert_verdict(rule(&f, "r", "channel=b2b sku=S minimum=8 increment=6"), ATP_APPLIED);
    assert_verdict(sell(&f, "b2b", "a", "S", "N", 24, ATP_RESERVE_PARTIAL), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 18);
    assert_verdict(edit(&f, "a", "S", "N", 12, ""), ATP_APPLIED);
    assert_refused(sell(&f, "b2b", "b", "S", "N", 12, ATP_RESERVE_PARTIAL), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY); /* of the 8 left 6 are a whole step, and too few */
    assert_refused(sell(&f, "b2b", "c", "S", "N", 6, ATP_RESERVE_TRACK_ONLY), ATP_APPLIED,
                   ATP_FIELD_NONE); /* sold already */
    fixture_close(&f);
}

/* What no line could ever have is refused where it is told: in one SKU, one channel, one rule. */
static void quantities_that_leave_none_are_refused(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_attribute_t tenths[] = {
        {.key = ATP_KEY_CHANNEL, .line = ATP_WHOLE_OP, .text = ATP_TEXT("b2b")},
        {.key = ATP_KEY_SKU, .line = ATP_WHOLE_OP, .text = ATP_TEXT("S")},
        {.key = ATP_KEY_INCREMENT, .line = ATP_WHOLE_OP, .number = 5, .decimals = 1}};

    assert_verdict(put_sku(&f, "S", 0), ATP_APPLIED);
    assert_verdict(put_channel(&f, "b2b", 0), ATP_APPLIED);
    assert_refused(rule(&f, "r", "channel=b2b sku=S minimum=5 maximum=4"), ATP_RULE_INVALID,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=b2b sku=S minimum=9 maximum=11 increment=6"), ATP_RULE_INVALID,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=b2b sku=S maximum=5 increment=6"), ATP_RULE_INVALID,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(rule(&f, "r", "channel=b2b sku=S minimum=0"), ATP_RULE_INVALID, ATP_FIELD_ATTRIBUTE);
    assert_verdict(rule(&f, "r", "channel=b2b sku=S minimum=9 maximum=12 increment=6"), ATP_APPLIED);
    assert_refused(sku_with(&f, "S", 0, "maximum=5 increment=6"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(put_channel_with(&f, "b2b", "maximum=5 increment=6"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RULE,
                                                  .subject = ATP_TEXT("r"),
                                                  .attribute_count = 3,
                                                  .attributes = tenths}),
                   ATP_QTY_TOO_PRECISE, ATP_FIELD_ATTRIBUTE); /* as all that a rule says of one SKU */
    fixture_close(&f);
}

static void quantities_are_told_in_units_whatever_the_scale(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_command_line_t sku = line_of("S", "", 0);
    const atp_attribute_t step = {.key = ATP_KEY_INCREMENT, .line = ATP_WHOLE_OP, .number = 3, .decimals = 1};

    stock(&f, "S", "N", 100);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_SKU,
                                                  .line_count = 1,
                                                  .lines = &sku,
                                                  .attribute_count = 1,
                                                  .attributes = &step}),
                   ATP_APPLIED);
    assert_refused(reserve(&f, "a", "S", "N", 2), ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(reserve(&f, "b", "S", "N", 3), ATP_APPLIED); /* ten times 0.3 */
    fixture_close(&f);
}

static void a_minimum_above_the_maximum_is_refused(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    assert_refused(sku_with(&f, "S", 0, "minimum=5 maximum=4"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    assert_verdict(sku_with(&f, "S", 0, "minimum=5"), ATP_APPLIED);
    assert_refused(sku_with(&f, "S", 0, "maximum=4"), ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    assert_refused(put_channel_with(&f, "c", "minimum=5 maximum=4"), ATP_ATTRIBUTE_OUT_OF_RANGE,
                   ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_partial_grant_is_a_whole_multiple(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(reserve_with(&f, "a", "S", "N", 12, ATP_RESERVE_PARTIAL, "multiple=6"),
                   ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 6);
    assert_refused(reserve_with(&f, "b", "S", "N", 12, ATP_RESERVE_PARTIAL, "multiple=6"),
                   ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_refused(reserve_with(&f, "c", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, "multiple=6"),
                   ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY);
    assert_verdict(reserve_with(&f, "d", "S", "N", 4, ATP_RESERVE_ALL_OR_NOTHING, "multiple=2"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 10);
    fixture_close(&f);
}

static void a_multiple_holds_over_the_nodes_that_serve_a_line(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    stock(&f, "S", "M", 4);
    assert_verdict(reserve_with(&f, "a", "S", "", 12, ATP_RESERVE_PARTIAL, "multiple=4"),
                   ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 8);
    assert_int_equal(view_of(&f, "S", "N").reserved + view_of(&f, "S", "M").reserved, 8);
    fixture_close(&f);
}

static void what_is_granted_in_part_is_not_below_the_minimum(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 3);
    assert_verdict(sku_with(&f, "S", 0, "minimum=4"), ATP_APPLIED);
    assert_refused(reserve_with(&f, "a", "S", "N", 6, ATP_RESERVE_PARTIAL, ""), ATP_NOT_ENOUGH_AVAILABLE,
                   ATP_FIELD_QTY);
    fixture_close(&f);
}

static void what_is_not_met_is_counted(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 3);
    assert_verdict(reserve(&f, "a", "S", "N", 5), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve_with(&f, "b", "S", "N", 5, ATP_RESERVE_PARTIAL, ""), ATP_APPLIED_IN_PART);
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_NOT_ENOUGH_AVAILABLE);
    const atp_demand_record_t *record = atp_table_at(&f.ledger->demand.records, 1);
    assert_int_equal(record->refused, 2);
    assert_int_equal(record->refused_qty, 6);
    assert_int_equal(record->in_part, 1);
    assert_int_equal(record->short_qty, 2);
    assert_int_equal(record->first_ms, FIXTURE_START_MS);
    fixture_close(&f);
}

static void a_full_table_of_demand_counts_the_rest_together(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.demand = 2;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 1);
    stock(&f, "T", "N", 1);
    assert_verdict(reserve(&f, "a", "S", "N", 2), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(reserve(&f, "b", "T", "N", 3), ATP_NOT_ENOUGH_AVAILABLE);
    const atp_demand_record_t *others = atp_table_at(&f.ledger->demand.records, 0);
    assert_int_equal(others->refused, 1);
    assert_int_equal(others->refused_qty, 3);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_within_the_quantities_of_its_sku),
        cmocka_unit_test(on_an_edit_the_resulting_quantity_counts),
        cmocka_unit_test(of_sku_and_channel_the_stricter_counts),
        cmocka_unit_test(a_rule_says_it_for_a_sku_in_a_channel),
        cmocka_unit_test(of_all_that_have_a_say_the_strictest_counts),
        cmocka_unit_test(a_part_is_granted_as_the_rule_allows),
        cmocka_unit_test(quantities_that_leave_none_are_refused),
        cmocka_unit_test(quantities_are_told_in_units_whatever_the_scale),
        cmocka_unit_test(a_minimum_above_the_maximum_is_refused),
        cmocka_unit_test(a_partial_grant_is_a_whole_multiple),
        cmocka_unit_test(a_multiple_holds_over_the_nodes_that_serve_a_line),
        cmocka_unit_test(what_is_granted_in_part_is_not_below_the_minimum),
        cmocka_unit_test(what_is_not_met_is_counted),
        cmocka_unit_test(a_full_table_of_demand_counts_the_rest_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

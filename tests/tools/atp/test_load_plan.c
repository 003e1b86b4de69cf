/* What a load changes against what the ledger has. */
#include "tests/test.h"

#include "tools/atp/load/load_hits.h"
#include "tools/atp/load/load_plan.h"

#include <stdio.h>
#include <string.h>

static atp_command_line_t line = {.sku = {"bike", 4}, .node = {"berlin", 6}};

static atp_command_t count(atp_qty_t mantissa, uint8_t decimals, atp_bucket_t bucket)
{
    line.mantissa = mantissa;
    line.decimals = decimals;
    return (atp_command_t){.kind = ATP_OP_COUNT, .option = (uint8_t)bucket, .line_count = 1, .lines = &line};
}

static const atp_availability_row_t here = {.has_components = true,
                                            .scale = 2,
                                            .on_hand = 500,
                                            .unavailable = 100,
                                            .reserved = 200,
                                            .safety = 30,
                                            .version = 4};
static const atp_availability_row_t nowhere = {.verdict = ATP_UNKNOWN_SKU};
static const atp_availability_row_t not_yet = {.has_components = true};

static void what_is_equal_at_any_number_of_decimals_is_the_same(void **state)
{
    (void)state;
    atp_command_t command = count(5, 0, ATP_BUCKET_ON_HAND);
    assert_true(atp_load_plan_is_same(&command, &here, true));
    command = count(50, 1, ATP_BUCKET_ON_HAND);
    assert_true(atp_load_plan_is_same(&command, &here, true));
    command = count(5001, 3, ATP_BUCKET_ON_HAND); /* more than the scale holds: for the ledger to refuse */
    assert_false(atp_load_plan_is_same(&command, &here, true));
    command = count(1, 0, ATP_BUCKET_UNAVAILABLE);
    assert_true(atp_load_plan_is_same(&command, &here, false));
    command = count(30, 2, ATP_BUCKET_ON_HAND);
    command.kind = ATP_OP_SAFETY;
    assert_true(atp_load_plan_is_same(&command, &here, false));
}

static void the_first_command_makes_a_position_that_is_not_there(void **state)
{
    (void)state;
    atp_command_t command = count(0, 0, ATP_BUCKET_ON_HAND);
    assert_false(atp_load_plan_is_same(&command, &not_yet, true));
    assert_true(atp_load_plan_is_same(&command, &not_yet, false));
    assert_false(atp_load_plan_is_same(&command, &nowhere, true));
    command = count(1, 0, ATP_BUCKET_ON_HAND);
    assert_false(atp_load_plan_is_same(&command, &not_yet, false));
}

static void less_than_is_promised_is_told(void **state)
{
    atp_load_plan_t plan = {.rows_changed = 0};

    (void)state;
    atp_command_t command = count(3, 0, ATP_BUCKET_ON_HAND); /* 3.00 - 1.00 - 2.00 = 0 */
    assert_true(atp_load_plan_note(&plan, &command, 1, &here));
    assert_int_equal(plan.negative, 0);
    command = count(299, 2, ATP_BUCKET_ON_HAND);
    assert_true(atp_load_plan_note(&plan, &command, 1, &here));
    assert_int_equal(plan.negative, 1);
    assert_int_equal(plan.negatives[0].before, 200);
    assert_int_equal(plan.negatives[0].after, -1);
    assert_int_equal(plan.counts_down, 2);
}

static void both_buckets_of_a_row_count_together(void **state)
{
    atp_load_plan_t plan = {.rows_changed = 0};
    atp_command_line_t lines[2] = {{.mantissa = 4}, {.mantissa = 2}};
    atp_command_t commands[2] = {
        {.kind = ATP_OP_COUNT, .option = ATP_BUCKET_ON_HAND, .line_count = 1, .lines = &lines[0]},
        {.kind = ATP_OP_COUNT, .option = ATP_BUCKET_UNAVAILABLE, .line_count = 1, .lines = &lines[1]}};

    (void)state;
    (void)atp_load_plan_note(&plan, commands, 2, &here); /* 4.00 - 2.00 - 2.00 = 0 */
    assert_int_equal(plan.negative, 0);
    lines[1].mantissa = 3;
    (void)atp_load_plan_note(&plan, commands, 2, &here);
    assert_int_equal(plan.negative, 1);
    assert_int_equal(plan.counts_up, 2);
}

static void the_largest_changes_are_kept_the_largest_first(void **state)
{
    atp_load_plan_t plan = {.rows_changed = 0};

    (void)state;
    for (atp_qty_t i = 0; i < 100; i++) {
        atp_command_t command = count((i * 37) % 100, 0, ATP_BUCKET_ON_HAND);
        (void)atp_load_plan_note(&plan, &command, 1, &not_yet);
    }
    assert_int_equal(plan.top_count, ATP_LOAD_PLAN_TOP);
    for (unsigned i = 0; i < ATP_LOAD_PLAN_TOP; i++) {
        assert_int_equal(plan.top[i].after, 99 - (int)i);
    }
    assert_int_equal(plan.counts_up, 99);
    assert_int_equal(plan.positions_new, 99);
    assert_int_equal(plan.positions_empty, 1);
}

static void quantities_the_scale_cannot_hold_are_told(void **state)
{
    atp_load_plan_t plan = {.rows_changed = 0};

    (void)state;
    atp_command_t command = count(5001, 3, ATP_BUCKET_ON_HAND);
    (void)atp_load_plan_note(&plan, &command, 1, &here);
    assert_int_equal(plan.too_precise, 1);
    assert_int_equal(plan.counts_up, 0);
}

static void an_empty_position_is_no_change(void **state)
{
    atp_load_plan_t plan = {.rows_changed = 0};

    (void)state;
    atp_command_t command = count(0, 0, ATP_BUCKET_ON_HAND);
    assert_false(atp_load_plan_note(&plan, &command, 1, &not_yet));
    assert_int_equal(plan.positions_empty, 1);
    assert_false(atp_load_plan_note(&plan, &command, 0, &here));
}

static void what_is_worth_most_stands_first(void **state)
{
    static const atp_qty_t counts[] = {600, 400, 450};
    static const atp_value_t values[] = {1000000, 20500000, 0};
    atp_load_plan_t plan = {.rows_changed = 0};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        atp_availability_row_t there = here;
        there.value = values[i];
        atp_command_t command = count(counts[i], 2, ATP_BUCKET_ON_HAND); /* of 5.00 */
        atp_load_plan_note(&plan, &command, 1, &there);
    }
    assert_int_equal(plan.top_count, 3);
    assert_int_equal(plan.dear_count, 2); /* of one nobody said what it is worth */
    assert_true(plan.dear[0].worth == -atp_amount_of(100, 2, 20500000));
    assert_true(plan.dear[1].worth == atp_amount_of(100, 2, 1000000));
    assert_true(plan.value_up == plan.dear[1].worth && plan.value_down == -plan.dear[0].worth);
}

/* ---- who would be hit ---- */

static void look(atp_load_hits_t *hits, const char *id, uint8_t priority, uint64_t version, atp_qty_t units)
{
    const atp_record_line_t lines[] = {
        {.sku = ATP_TEXT("bike"), .node = ATP_TEXT("berlin"), .reserved = units, .scale = 0},
        {.sku = ATP_TEXT("bike"), .node = ATP_TEXT("paris"), .reserved = 7, .scale = 0},
        {.sku = ATP_TEXT("bike"), .node = ATP_TEXT("berlin"), .allocated = 1, .scale = 0},
    };
    const atp_record_t record = {
        .id = atp_text_of(id), .priority = priority, .version = version, .line_count = 3, .lines = lines};

    atp_load_hits_look(hits, &record);
}

static void reservations_are_named_as_an_over_commitment_names_them(void **state)
{
    (void)state;
    atp_load_hits_t hits;
    char id[16];

    assert_int_equal(atp_load_hits_init(&hits), ATP_OK);
    look(&hits, "before", 0, 1, 2); /* nothing is short yet */
    assert_int_equal(hits.total, 0);
    assert_int_equal(atp_load_hits_note(&hits, ATP_TEXT("bike"), ATP_TEXT("berlin")), ATP_OK);
    for (unsigned i = 0; i < ATP_LOAD_HITS_SHOWN; i++) {
        snprintf(id, sizeof id, "r%u", i);
        look(&hits, id, 3, 10 + i, 2);
    }
    look(&hits, "last", 7, 100, 2); /* gives way after all others */
    look(&hits, "first", 1, 5, 2);
    assert_int_equal(hits.total, ATP_LOAD_HITS_SHOWN + 2);
    assert_int_equal(hits.count, ATP_LOAD_HITS_SHOWN);
    assert_string_equal(hits.hits[0].id, "first");
    assert_int_equal(hits.hits[0].units, 3);     /* of both its lines there */
    assert_string_equal(hits.hits[1].id, "r19"); /* the newest */
    assert_string_equal(hits.hits[ATP_LOAD_HITS_SHOWN - 1].id, "r1");
    atp_load_hits_fini(&hits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_worth_most_stands_first),
        cmocka_unit_test(reservations_are_named_as_an_over_commitment_names_them),
        cmocka_unit_test(what_is_equal_at_any_number_of_decimals_is_the_same),
        cmocka_unit_test(the_first_command_makes_a_position_that_is_not_there),
        cmocka_unit_test(less_than_is_promised_is_told),
        cmocka_unit_test(both_buckets_of_a_row_count_together),
        cmocka_unit_test(the_largest_changes_are_kept_the_largest_first),
        cmocka_unit_test(quantities_the_scale_cannot_hold_are_told),
        cmocka_unit_test(an_empty_position_is_no_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/catalog/ledger_merge.c: two SKUs that are one. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

static atp_result_t merge(fixture_t *f, const char *from, const char *into)
{
    char words[40];

    snprintf(words, sizeof words, "sku=%s", into);
    return do_with(f, (atp_command_t){.kind = ATP_OP_MERGE_SKU, .subject = atp_text_of(from)}, words);
}

static atp_result_t limit(fixture_t *f, const char *sku, const char *node, atp_qty_t qty)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &line});
}

static atp_result_t supply(fixture_t *f, const char *id, const char *sku, atp_qty_t qty, const char *words)
{
    const atp_command_line_t line = line_of(sku, "N", qty);

    return do_with(
        f,
        (atp_command_t){.kind = ATP_OP_SUPPLY, .subject = atp_text_of(id), .line_count = 1, .lines = &line},
        words);
}

static void tell(fixture_t *f, const char *source, uint64_t sequence, atp_op_kind_t kind, const char *sku,
                 atp_qty_t qty, atp_verdict_t wanted)
{
    assert_verdict(open_batch(f, source, 1, sequence), ATP_APPLIED);
    f->in_source = true;
    assert_verdict(fact(f, kind, sku, "N", qty), wanted);
    f->in_source = false;
    fixture_end_frame(f);
}

/* Two SKUs at N, one of them at M too. */
static fixture_t two_skus(void)
{
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "old", "N", 5);
    stock(&f, "new", "N", 7);
    stock(&f, "old", "M", 2);
    return f;
}

/* ---- what goes over ---- */

static void buckets_add_up_and_the_name_becomes_an_alias(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    damage(&f, "old", "N", 1);
    reserve(&f, "r1", "old", "N", 2);
    reserve(&f, "r2", "new", "N", 3);
    atp_qty_t before = atp_of(&f, "old", "N") + atp_of(&f, "new", "N");
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    atp_position_view_t view = view_of(&f, "new", "N");
    assert_int_equal(view.on_hand, 12);
    assert_int_equal(view.unavailable, 1);
    assert_int_equal(view.reserved, 5);
    assert_int_equal(atp_of(&f, "new", "N"), before);
    assert_int_equal(view_of(&f, "new", "M").on_hand, 2);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "old", "M", 4), ATP_APPLIED);
    assert_int_equal(view_of(&f, "new", "M").on_hand, 6);
    assert_verdict(put_sku(&f, "old", 0), ATP_CONFIRMED); /* it is there, and is called new */
    assert_verdict(merge(&f, "old", "new"), ATP_CONFIRMED);
    fixture_close(&f);
}

static void reservations_go_on_under_either_name(void **state)
{
    (void)state;
    fixture_t f = two_skus();
    const atp_command_line_t lines[] = {line_of("old", "N", 2), line_of("new", "N", 3)};

    assert_verdict(reserve_lines(&f, "r1", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    merge(&f, "old", "new");
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "old", "N", 3),
                   ATP_APPLIED); /* that of 3 has as many */
    assert_verdict(step_line(&f, ATP_OP_RELEASE, "r1", "new", "N", 2), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_SHIP, "r1", "old", "N", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "new", "N").on_hand, 9);
    assert_int_equal(view_of(&f, "new", "N").reserved + view_of(&f, "new", "N").allocated, 0);
    fixture_close(&f);
}

static void what_expires_expires_where_it_is_now(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    reserve_for(&f, "r1", "old", "N", 5, 1000);
    merge(&f, "old", "new");
    assert_int_equal(atp_of(&f, "new", "N"), 7);
    f.now_ms += 1000;
    pulse(&f, 100);
    assert_int_equal(atp_of(&f, "new", "N"), 12);
    fixture_close(&f);
}

/* The line had ended when its SKU was merged: it is found at the row that its row leads to. */
static void what_was_shipped_before_comes_back_after(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    reserve(&f, "r1", "old", "N", 5);
    step_all(&f, ATP_OP_ALLOCATE, "r1");
    step_all(&f, ATP_OP_SHIP, "r1");
    merge(&f, "old", "new");
    stock(&f, "newest", "N", 1);
    merge(&f, "new", "newest");
    assert_verdict(step_fact(&f, ATP_OP_DELIVER, "r1", "old", "N", 5), ATP_APPLIED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r1", "new", "N", 2, "disposition=restock"),
                   ATP_APPLIED);
    assert_int_equal(view_of(&f, "newest", "N").on_hand, 10);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void a_refused_step_of_it_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    reserve(&f, "r1", "old", "N", 5);
    step_all(&f, ATP_OP_RELEASE, "r1");
    merge(&f, "old", "new");
    uint64_t before = atp_table_hash(&f.ledger->reservations.lines);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "old", "N", 1), ATP_ALREADY_RELEASED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "new", "M", 1), ATP_UNKNOWN_LINE);
    assert_true(atp_table_hash(&f.ledger->reservations.lines) == before);
    fixture_close(&f);
}

/* Whose reservation is older stands first, whatever the SKU was called; stock that is free fills them in the op. */
static void those_who_wait_keep_their_order(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "old", "N", 0);
    stock(&f, "new", "N", 0);
    limit(&f, "old", "N", 10);
    limit(&f, "new", "N", 5);
    reserve(&f, "first", "new", "N", 1);
    f.now_ms += 10;
    reserve(&f, "second", "old", "N", 1);
    f.now_ms += 10;
    reserve(&f, "third", "new", "N", 1);
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "new", "N").backordered, 3);
    assert_int_equal(view_of(&f, "new", "N").backorder_limit, 15);
    fact(&f, ATP_OP_RECEIVE, "old", "N", 2);
    assert_int_equal(line_units(&f, "second", 0, ATP_LINE_RESERVED), 1);
    assert_int_equal(line_units(&f, "third", 0, ATP_LINE_BACKORDERED), 1);
    fixture_close(&f);
}

static void stock_of_the_one_fills_who_waits_for_the_other(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "old", "N", 0);
    stock(&f, "new", "N", 3);
    limit(&f, "old", "N", 10);
    reserve(&f, "r1", "old", "N", 2);
    merge(&f, "old", "new");
    assert_int_equal(line_units(&f, "r1", 0, ATP_LINE_RESERVED), 2);
    assert_int_equal(atp_of(&f, "new", "N"), 1);
    fixture_close(&f);
}

static void supplies_go_over_with_who_was_promised_of_them(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    char due[40];

    stock(&f, "old", "N", 0);
    stock(&f, "new", "N", 0);
    snprintf(due, sizeof due, "due=%lld", (long long)(f.now_ms + 3 * ATP_DAY_MS));
    assert_verdict(supply(&f, "po-1", "old", 8, due), ATP_APPLIED);
    assert_verdict(supply(&f, "po-2", "new", 4, due), ATP_APPLIED);
    snprintf(due, sizeof due, "needed_by=%lld", (long long)(f.now_ms + 4 * ATP_DAY_MS));
    assert_verdict(reserve_with(&f, "r1", "old", "N", 6, ATP_RESERVE_ALL_OR_NOTHING, due), ATP_APPLIED);
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    const atp_command_line_t line = line_of("new", "N", 8);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_RECEIVE_SUPPLY,
                                                  .is_fact = true,
                                                  .subject = atp_text_of("po-1"),
                                                  .line_count = 1,
                                                  .lines = &line}),
                   ATP_APPLIED);
    assert_int_equal(line_units(&f, "r1", 0, ATP_LINE_RESERVED), 6);
    assert_int_equal(atp_of(&f, "new", "N"), 2);
    fixture_close(&f);
}

static void what_a_channel_has_promised_counts_for_the_other_sku(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    put_channel(&f, "web", 0);
    assert_verdict(quota(&f, "q", "sku=new channel=web amount=6"), ATP_APPLIED);
    assert_verdict(sell(&f, "web", "r1", "old", "N", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "new"), 6);
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "new"), 2);
    fixture_close(&f);
}

/* Two are promised more than there are: of the one alone that was so already, of both it is not. */
static void over_commitment_is_that_of_both(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    reserve(&f, "r1", "new", "N", 7);
    reserve(&f, "r2", "old", "N", 5);
    fact(&f, ATP_OP_SALE, "new", "N", 2);
    uint64_t told = counts_of(&f).exceptions;
    merge(&f, "old", "new");
    assert_int_equal(counts_of(&f).exceptions, told); /* told of the position before */
    f.now_ms += 1;
    fact(&f, ATP_OP_RECEIVE, "old", "N", 2);
    assert_int_equal(atp_of(&f, "new", "N"), 0);
    fixture_close(&f);
}

static void over_commitment_that_comes_along_is_told(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    reserve(&f, "r1", "old", "N", 5);
    fact(&f, ATP_OP_SALE, "old", "N", 4);
    fact(&f, ATP_OP_SALE, "new", "N", 6);
    uint64_t told = counts_of(&f).exceptions;
    merge(&f, "old", "new");
    assert_int_equal(counts_of(&f).exceptions, told + 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_int_equal(newest_exception(&f)->qty, -3);
    fixture_close(&f);
}

/* A record of the comparison of the SKU that is, by its place in the table. */
static const atp_difference_t *difference_of(const fixture_t *f, const char *sku)
{
    const atp_differences_t *differences = atp_ledger_differences(f->ledger);
    const atp_difference_t *found = NULL;

    for (uint64_t i = 0; i < atp_table_count(&differences->records); i++) {
        const atp_difference_t *record = atp_table_at(&differences->records, i);
        if (record->round != 0 &&
            atp_text_equal(atp_catalog_sku_id(atp_ledger_catalog(f->ledger), record->sku),
                           atp_text_of(sku))) {
            assert_null(found);
            found = record;
        }
    }
    return found;
}

static fixture_t two_skus_in_shadow(void)
{
    fixture_t f = two_skus();
    const atp_command_t put = {.kind = ATP_OP_REGISTER_SOURCE, .subject = ATP_TEXT("erp")};
    const atp_command_t shadow = {.kind = ATP_OP_REGISTER_SOURCE, .subject = ATP_TEXT("erp-2")};

    assert_verdict(do_with(&f, put, "claim=on_hand claim=sales"), ATP_APPLIED);
    assert_verdict(do_with(&f, shadow, "claim=on_hand claim=sales shadow_of=erp"), ATP_APPLIED);
    return f;
}

/* The one tells of it before the merge, the other after it, each by its own name. */
static void what_two_sources_tell_of_both_is_compared_as_of_one(void **state)
{
    (void)state;
    fixture_t f = two_skus_in_shadow();

    tell(&f, "erp", 1, ATP_OP_SALE, "old", 2, ATP_APPLIED);
    tell(&f, "erp", 2, ATP_OP_SALE, "new", 1, ATP_APPLIED);
    tell(&f, "erp-2", 1, ATP_OP_SALE, "new", 1, ATP_CONFIRMED);
    merge(&f, "old", "new");
    assert_null(difference_of(&f, "old"));
    assert_int_equal(difference_of(&f, "new")->applied, -3);
    assert_int_equal(difference_of(&f, "new")->shadowed, -1);
    tell(&f, "erp-2", 2, ATP_OP_SALE, "old", 2, ATP_CONFIRMED);
    assert_false(atp_difference_is_one(difference_of(&f, "new")));
    tell(&f, "erp", 3, ATP_OP_COUNT, "new", 8, ATP_APPLIED);
    assert_true(atp_difference_is_one(difference_of(&f, "new")));
    fixture_close(&f);
}

static void a_comparison_of_the_old_one_alone_goes_over_as_it_is(void **state)
{
    (void)state;
    fixture_t f = two_skus_in_shadow();
    const atp_command_t shadow = {.kind = ATP_OP_REGISTER_SOURCE, .subject = ATP_TEXT("erp-2")};

    tell(&f, "erp", 1, ATP_OP_COUNT, "old", 4, ATP_APPLIED);
    tell(&f, "erp-2", 1, ATP_OP_COUNT, "old", 3, ATP_CONFIRMED);
    tell(&f, "erp", 2, ATP_OP_COUNT, "new", 6, ATP_APPLIED);
    tell(&f, "erp-2", 2, ATP_OP_COUNT, "new", 7, ATP_CONFIRMED);
    stock(&f, "newest", "N", 1);
    merge(&f, "old", "newest"); /* of which nothing was told */
    assert_int_equal(difference_of(&f, "newest")->applied_count, 4);
    merge(&f, "new", "newest");
    assert_int_equal(difference_of(&f, "newest")->applied_count, 10); /* of both */
    assert_int_equal(difference_of(&f, "newest")->shadowed_count, 10);
    assert_false(atp_difference_is_one(difference_of(&f, "newest")));
    assert_verdict(do_with(&f, shadow, "cut_over=yes"), ATP_APPLIED); /* another round */
    tell(&f, "erp-2", 3, ATP_OP_SALE, "old", 1, ATP_APPLIED);
    fixture_close(&f);
}

static void an_alias_of_the_old_one_means_the_new_one(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    do_with(&f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = ATP_TEXT("4711")}, "sku=old told_by=wms");
    do_with(&f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = ATP_TEXT("4712")}, "sku=old");
    merge(&f, "old", "new");
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "4712", "N", 1), ATP_APPLIED);
    assert_int_equal(view_of(&f, "new", "N").on_hand, 13);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = ATP_TEXT("4711")},
                           "sku=new told_by=wms"),
                   ATP_CONFIRMED);
    fixture_close(&f);
}

/* ---- what is refused: nothing has changed ---- */

static void what_names_the_sku_holds_it(void **state)
{
    (void)state;
    fixture_t f = two_skus();
    const atp_command_line_t part = {.sku = ATP_TEXT("old"), .mantissa = 1};

    put_channel(&f, "web", 0);
    assert_verdict(
        fixture_do(
            &f,
            (atp_command_t){.kind = ATP_OP_KIT, .subject = ATP_TEXT("new"), .line_count = 1, .lines = &part}),
        ATP_APPLIED);
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    stock(&f, "a", "N", 1);
    assert_refused(merge(&f, "a", "new"), ATP_SKU_IN_USE, ATP_FIELD_ATTRIBUTE); /* a kit */
    rule(&f, "r", "channel=web sku=a buffer=1");
    stock(&f, "b", "N", 1);
    assert_refused(merge(&f, "a", "b"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    rule(&f, "r", "channel=web sku=a dropped=yes");
    limit(&f, "a", "", 3);
    assert_refused(merge(&f, "a", "b"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    limit(&f, "b", "", 3);
    assert_verdict(merge(&f, "b", "a"), ATP_SKU_IN_USE);
    fixture_close(&f);
}

static void put_case(fixture_t *f, const char *words)
{
    assert_verdict(do_with(f, (atp_command_t){.kind = ATP_OP_UNIT, .subject = ATP_TEXT("CS")}, words),
                   ATP_APPLIED);
}

static void a_unit_that_is_something_else_of_the_other_holds_it(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    put_case(&f, "sku=old is=12");
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    put_case(&f, "sku=new is=10");
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    put_case(&f, "sku=new is=12");
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    fixture_close(&f);
}

/* What nobody has a unit for has none that is another one. */
static void a_unit_that_only_the_other_has_does_not_hold_it(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    put_case(&f, "sku=new is=12");
    put_case(&f, "is=10"); /* of the old one, too */
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    put_case(&f, "is=10 dropped=yes");
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    fixture_close(&f);
}

/* To all it is the same of both; to one who has a word of its own it would be another one from then on. */
static void a_unit_is_compared_as_each_teller_has_it(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    put_case(&f, "sku=old is=12 told_by=acme");
    put_case(&f, "sku=new is=12");
    put_case(&f, "sku=old is=12");
    put_case(&f, "sku=new is=24 told_by=bolt");
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    put_case(&f, "sku=old is=24 told_by=bolt");
    put_case(&f, "is=6 told_by=acme"); /* of the new one acme would say so */
    assert_refused(merge(&f, "old", "new"), ATP_SKU_IN_USE, ATP_FIELD_SUBJECT);
    put_case(&f, "sku=new is=12 told_by=acme");
    assert_verdict(merge(&f, "old", "new"), ATP_APPLIED);
    fixture_close(&f);
}

static void names_that_are_not_there_and_other_scales_are_refused(void **state)
{
    (void)state;
    fixture_t f = two_skus();

    put_sku(&f, "rice", 3);
    assert_refused(merge(&f, "none", "new"), ATP_UNKNOWN_SKU, ATP_FIELD_SUBJECT);
    assert_refused(merge(&f, "old", "none"), ATP_UNKNOWN_SKU, ATP_FIELD_ATTRIBUTE);
    assert_refused(merge(&f, "old", "rice"), ATP_SCALE_IN_USE, ATP_FIELD_ATTRIBUTE);
    assert_verdict(merge(&f, "new", "new"), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "old", "N").on_hand, 5);
    fixture_close(&f);
}

static void more_than_one_op_merges_is_refused(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    char id[24];

    config.reservations = ATP_MERGE_WORK_MAX + 10;
    config.lines = ATP_MERGE_WORK_MAX + 10;
    config.outcomes = 2 * ATP_MERGE_WORK_MAX;
    config.ids_per_client = 2 * ATP_MERGE_WORK_MAX;
    fixture_t f = fixture_open(&config);
    stock(&f, "old", "N", 2 * ATP_MERGE_WORK_MAX);
    stock(&f, "new", "N", 1);
    f.is_unchecked = true; /* each of so many would be checked with all before it */
    for (uint32_t i = 0; i < ATP_MERGE_WORK_MAX; i++) {
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve(&f, id, "old", "N", 1), ATP_APPLIED);
    }
    f.is_unchecked = false;
    assert_refused(merge(&f, "old", "new"), ATP_MERGE_TOO_LARGE, ATP_FIELD_SUBJECT);
    assert_int_equal(view_of(&f, "old", "N").reserved, ATP_MERGE_WORK_MAX);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buckets_add_up_and_the_name_becomes_an_alias),
        cmocka_unit_test(reservations_go_on_under_either_name),
        cmocka_unit_test(what_expires_expires_where_it_is_now),
        cmocka_unit_test(what_was_shipped_before_comes_back_after),
        cmocka_unit_test(a_refused_step_of_it_changes_nothing),
        cmocka_unit_test(those_who_wait_keep_their_order),
        cmocka_unit_test(stock_of_the_one_fills_who_waits_for_the_other),
        cmocka_unit_test(supplies_go_over_with_who_was_promised_of_them),
        cmocka_unit_test(what_a_channel_has_promised_counts_for_the_other_sku),
        cmocka_unit_test(over_commitment_is_that_of_both),
        cmocka_unit_test(over_commitment_that_comes_along_is_told),
        cmocka_unit_test(what_two_sources_tell_of_both_is_compared_as_of_one),
        cmocka_unit_test(a_comparison_of_the_old_one_alone_goes_over_as_it_is),
        cmocka_unit_test(an_alias_of_the_old_one_means_the_new_one),
        cmocka_unit_test(what_names_the_sku_holds_it),
        cmocka_unit_test(a_unit_that_is_something_else_of_the_other_holds_it),
        cmocka_unit_test(a_unit_that_only_the_other_has_does_not_hold_it),
        cmocka_unit_test(a_unit_is_compared_as_each_teller_has_it),
        cmocka_unit_test(names_that_are_not_there_and_other_scales_are_refused),
        cmocka_unit_test(more_than_one_op_merges_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Where numbers and tables end, in the middle of something else: the refusal names what is at its end, and nothing has changed. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include <stdio.h>

static atp_result_t put_with(fixture_t *f, atp_op_kind_t kind, const char *sku, const char *node,
                             atp_qty_t qty, const char *words)
{
    const atp_command_line_t line = line_of(sku, node, qty);

    return do_with(f, (atp_command_t){.kind = kind, .line_count = 1, .lines = &line}, words);
}

/* ---- rules, tags, quotas ---- */

static void a_rule_of_a_new_tag_needs_room_for_the_tag(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.tags = 1;
    fixture_t f = fixture_open_journaled(&config);

    put_channel(&f, "web", 0);
    assert_verdict(tag_sku(&f, "S", 0, "tag=t"), ATP_APPLIED);
    assert_refused(rule(&f, "r", "channel=web buffer=1 tag=u"), ATP_TAGS_FULL, ATP_FIELD_ATTRIBUTE);
    assert_verdict(rule(&f, "r", "channel=web buffer=1 tag=t"), ATP_APPLIED);
    assert_refused(rule(&f, "r", "channel=web buffer=1 tag=u"), ATP_TAGS_FULL, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void so_many_rules_stand_over_one_sku_in_a_channel(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    char id[8];

    put_channel(&f, "web", 0);
    stock(&f, "S", "N", 99);
    put_sku(&f, "T", 0);
    for (unsigned i = 0; i < ATP_RULES_PER_ACCOUNT_MAX; i++) {
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(rule(&f, id, "channel=web buffer=1 sku=S"), ATP_APPLIED);
    }
    atp_qty_t seen = sees(&f, "web", "S");
    assert_refused(rule(&f, "one-more", "channel=web buffer=1 sku=S"), ATP_RULES_FULL, ATP_FIELD_SUBJECT);
    assert_int_equal(sees(&f, "web", "S"), seen);
    assert_verdict(rule(&f, "one-more", "channel=web buffer=1 sku=T"), ATP_APPLIED);
    assert_refused(rule(&f, "one-more", "channel=web buffer=1 sku=S"), ATP_RULES_FULL, ATP_FIELD_SUBJECT);
    assert_verdict(rule(&f, "r0", "channel=web buffer=2 sku=S"), ATP_APPLIED); /* it has its place */
    assert_int_equal(sees(&f, "web", "S"), seen - 1);
    fixture_close(&f);
}

static void a_sku_has_so_many_tags(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    assert_verdict(tag_sku(&f, "S", 0, "tag=a tag=b tag=c tag=d tag=e tag=f"), ATP_APPLIED);
    assert_refused(tag_sku(&f, "T", 0, "tag=a tag=b tag=c tag=d tag=e tag=f tag=g"), ATP_TAGS_FULL,
                   ATP_FIELD_ATTRIBUTE);
    assert_verdict(tag_sku(&f, "S", 0, "tag=f tag=e"), ATP_APPLIED); /* they are replaced */
    fixture_close(&f);
}

static void names_of_tags_and_quotas_need_room_for_their_text(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.string_bytes = 4096;
    config.skus = 4096;
    fixture_t f = fixture_open_journaled(&config);
    char id[ATP_ID_SIZE_MAX + 1];
    unsigned i = 0;

    put_channel(&f, "web", 0);
    do {
        snprintf(id, sizeof id, "a-name-of-which-not-many-fit-in-the-room-that-there-is-%06u", i++);
    } while (put_sku(&f, id, 0).verdict == ATP_APPLIED);
    assert_verdict(f.result, ATP_STRINGS_FULL);
    snprintf(id, sizeof id, "a-name-of-which-not-many-fit-in-the-room-that-there-is-%06u", 0u);
    char words[ATP_ID_SIZE_MAX + 40];
    snprintf(words, sizeof words, "amount=1 sku=%s", id);
    assert_refused(quota(&f, "a-quota-with-a-name-as-long-as-the-others-that-filled-the-room", words),
                   ATP_STRINGS_FULL, ATP_FIELD_SUBJECT);
    snprintf(words, sizeof words, "channel=web buffer=1 sku=%s", id);
    assert_refused(rule(&f, "a-rule-with-a-name-as-long-as-the-others-that-filled-the-room!", words),
                   ATP_STRINGS_FULL, ATP_FIELD_SUBJECT);
    assert_refused(tag_sku(&f, id, 0, "tag=a-tag-with-a-name-as-long-as-the-others-that-filled-the-room"),
                   ATP_STRINGS_FULL, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* ---- reservations ---- */

static void an_edit_asks_for_no_longer_than_there_may_be(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    char words[32];

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    int64_t deadline_ms = atp_line_deadline_ms(line_at(&f, "r", 0));
    snprintf(words, sizeof words, "ttl_ms=%lld", (long long)atp_ledger_config(f.ledger)->ttl_max_ms + 1);
    assert_refused(edit(&f, "r", "S", "N", 2, words), ATP_TTL_OUT_OF_RANGE, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(view_of(&f, "S", "N").reserved, 1);
    assert_true(atp_line_deadline_ms(line_at(&f, "r", 0)) == deadline_ms);
    fixture_close(&f);
}

static void what_waits_beyond_stock_needs_its_records(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.limits = 2;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "S", "N", 1);
    assert_verdict(put_with(&f, ATP_OP_LIMIT, "S", "N", 5, ""), ATP_APPLIED);
    assert_refused(reserve(&f, "r", "S", "N", 3), ATP_LIMITS_FULL, ATP_FIELD_LINES);
    assert_int_equal(view_of(&f, "S", "N").reserved, 0);
    fixture_close(&f);
}

static void a_kit_needs_a_record_for_each_component(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.progress = 1;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "A", "N", 5);
    stock(&f, "B", "N", 5);
    put_sku(&f, "K", 0);
    assert_verdict(put_kit(&f, "K", "A=1 B=1"), ATP_APPLIED);
    assert_refused(reserve(&f, "r", "K", "N", 1), ATP_PROGRESS_FULL, ATP_FIELD_LINES);
    assert_int_equal(view_of(&f, "A", "N").reserved, 0);
    assert_int_equal(view_of(&f, "B", "N").reserved, 0);
    fixture_close(&f);
}

static void units_of_no_reservation_go_nowhere(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "A", 5);
    stock(&f, "S", "B", 5);
    assert_refused(step_with(&f, ATP_OP_REASSIGN, false, "none", "S", "A", 1, "B"), ATP_UNKNOWN_RESERVATION,
                   ATP_FIELD_RESERVATION);
    assert_refused(step_with(&f, ATP_OP_REASSIGN, false, "", "S", "A", 1, "order_id=none"),
                   ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* ---- facts and their range ---- */

static void what_comes_back_has_to_fit(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    const atp_command_line_t lines[] = {line_of("S", "M", ATP_QTY_MAX), line_of("S", "M", ATP_QTY_MAX)};
    const atp_command_t all = {.kind = ATP_OP_RETURN, .is_fact = true, .line_count = 2, .lines = lines};

    stock(&f, "S", "N", ATP_QTY_MAX);
    stock(&f, "S", "M", 0);
    assert_refused(step_with(&f, ATP_OP_RETURN, true, "", "S", "N", 1, "disposition=restock"),
                   ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    assert_refused(do_with(&f, all, "disposition=restock"), ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    assert_int_equal(newest_exception(&f)->verdict, ATP_QTY_OUT_OF_RANGE);
    assert_int_equal(view_of(&f, "S", "N").on_hand, ATP_QTY_MAX);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 0);
    fixture_close(&f);
}

static void what_left_has_to_fit(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    const atp_command_line_t lines[] = {line_of("S", "N", ATP_QTY_MAX), line_of("S", "N", ATP_QTY_MAX)};

    stock(&f, "S", "N", 3);
    assert_refused(
        fixture_do(&f,
                   (atp_command_t){.kind = ATP_OP_SHIP, .is_fact = true, .line_count = 2, .lines = lines}),
        ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    assert_int_equal(newest_exception(&f)->verdict, ATP_QTY_OUT_OF_RANGE);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 3);
    fixture_close(&f);
}

static void a_quantity_in_a_unit_has_to_fit_in_the_skus_own(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 30);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_UNIT, .subject = ATP_TEXT("CS")}, "is=12"),
                   ATP_APPLIED);
    for (int sign = -1; sign <= 1; sign += 2) {
        const atp_command_line_t line = line_of("S", "N", sign * (ATP_QTY_MAX / 12 + 1));
        assert_refused(
            do_with(&f,
                    (atp_command_t){.kind = ATP_OP_ADJUST, .is_fact = true, .line_count = 1, .lines = &line},
                    "unit=CS"),
            ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    }
    assert_int_equal(view_of(&f, "S", "N").on_hand, 30);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_of_a_new_tag_needs_room_for_the_tag),
        cmocka_unit_test(so_many_rules_stand_over_one_sku_in_a_channel),
        cmocka_unit_test(a_sku_has_so_many_tags),
        cmocka_unit_test(names_of_tags_and_quotas_need_room_for_their_text),
        cmocka_unit_test(an_edit_asks_for_no_longer_than_there_may_be),
        cmocka_unit_test(what_waits_beyond_stock_needs_its_records),
        cmocka_unit_test(a_kit_needs_a_record_for_each_component),
        cmocka_unit_test(units_of_no_reservation_go_nowhere),
        cmocka_unit_test(what_comes_back_has_to_fit),
        cmocka_unit_test(what_left_has_to_fit),
        cmocka_unit_test(a_quantity_in_a_unit_has_to_fit_in_the_skus_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

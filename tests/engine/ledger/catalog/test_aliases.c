/* engine/ledger/catalog/aliases.h, units.h: what a text means to who tells it, and what a quantity in a unit is. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

static atp_result_t alias(fixture_t *f, const char *text, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = atp_text_of(text)}, words);
}

static atp_result_t unit(fixture_t *f, const char *name, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_UNIT, .subject = atp_text_of(name)}, words);
}

static atp_result_t receive_with(fixture_t *f, const char *sku, atp_qty_t mantissa, uint8_t decimals,
                                 const char *words)
{
    atp_command_line_t line = line_of(sku, "N", mantissa);

    line.decimals = decimals;
    return do_with(
        f, (atp_command_t){.kind = ATP_OP_RECEIVE, .is_fact = true, .line_count = 1, .lines = &line}, words);
}

static atp_result_t receive_in(fixture_t *f, const char *sku, atp_qty_t mantissa, uint8_t decimals,
                               const char *unit_name)
{
    char words[40];

    snprintf(words, sizeof words, "unit=%s", unit_name);
    return receive_with(f, sku, mantissa, decimals, words);
}

/* The next batch of the source, with so many cases of the SKU in it. */
static atp_result_t source_tells_cases(fixture_t *f, const char *source, uint64_t sequence, const char *sku,
                                       atp_qty_t cases)
{
    assert_verdict(open_batch(f, source, 1, sequence), ATP_APPLIED);
    f->in_source = true;
    atp_result_t result = receive_in(f, sku, cases, 0, "CS");
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

static atp_result_t replay(fixture_t *f, const char *number)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = atp_text_of(number)},
                   "settle=replay");
}

/* ---- aliases ---- */

static void an_alias_is_taken_wherever_an_id_is(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "berlin", 5);
    assert_verdict(alias(&f, "4006381333931", "sku=bike"), ATP_APPLIED);
    assert_verdict(alias(&f, "0001", "node=berlin"), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "4006381333931", "0001", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "bike", "berlin").on_hand, 8);
    assert_verdict(reserve(&f, "r1", "4006381333931", "berlin", 8), ATP_APPLIED);
    assert_verdict(step_line(&f, ATP_OP_ALLOCATE, "r1", "4006381333931", "0001", 8), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "r1", "bike", "0001", 8), ATP_APPLIED);
    assert_verdict(put_group(&f, "stores", "0001"), ATP_APPLIED);
    assert_int_equal(counts_of(&f).skus, 1);
    fixture_close(&f);
}

/* Storage location 1 is another place to each who counts so. */
static void each_teller_has_its_own(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "berlin", 5);
    stock(&f, "bike", "hamburg", 5);
    alias(&f, "1", "node=berlin told_by=wms");
    assert_verdict(alias(&f, "1", "node=hamburg told_by=shop"), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "bike", "1", 10); /* the client of the test is the shop */
    open_batch(&f, "wms", 1, 1);
    f.in_source = true;
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "bike", "1", 100), ATP_APPLIED);
    f.in_source = false;
    fixture_end_frame(&f);
    f.client = "others";
    assert_refused(fact(&f, ATP_OP_RECEIVE, "bike", "1", 1000), ATP_UNKNOWN_NODE, ATP_FIELD_NODE);
    assert_int_equal(view_of(&f, "bike", "berlin").on_hand, 105);
    assert_int_equal(view_of(&f, "bike", "hamburg").on_hand, 15);
    fixture_close(&f);
}

static void a_tellers_own_comes_before_that_of_all(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "N", 0);
    stock(&f, "tube", "N", 0);
    alias(&f, "123", "sku=bike");
    assert_verdict(alias(&f, "123", "sku=tube told_by=shop"), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "123", "N", 1);
    assert_verdict(alias(&f, "123", "sku=tube told_by=shop dropped=yes"), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "123", "N", 10);
    assert_int_equal(view_of(&f, "tube", "N").on_hand, 1);
    assert_int_equal(view_of(&f, "bike", "N").on_hand, 10);
    fixture_close(&f);
}

static void an_alias_that_contradicts_an_id_or_an_alias_is_refused(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "N", 1);
    stock(&f, "tube", "N", 1);
    assert_refused(alias(&f, "tube", "sku=bike"), ATP_ALIAS_CONFLICT, ATP_FIELD_SUBJECT);
    assert_refused(alias(&f, "tube", "sku=bike told_by=wms"), ATP_ALIAS_CONFLICT, ATP_FIELD_SUBJECT);
    assert_verdict(alias(&f, "N", "sku=bike"), ATP_APPLIED); /* a node's id is no SKU's */
    assert_verdict(alias(&f, "N", "sku=bike"), ATP_CONFIRMED);
    assert_refused(alias(&f, "N", "sku=tube"), ATP_ALIAS_CONFLICT, ATP_FIELD_SUBJECT);
    assert_refused(alias(&f, "x", "sku=none"), ATP_UNKNOWN_SKU, ATP_FIELD_ATTRIBUTE);
    assert_refused(alias(&f, "x", "told_by=wms"), ATP_ATTRIBUTE_MISSING, ATP_FIELD_ATTRIBUTE);
    assert_refused(alias(&f, "x", "sku=bike node=N"), ATP_ATTRIBUTE_MISSING, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void nothing_is_made_under_a_name_that_means_something(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "N", 1);
    alias(&f, "old-bike", "sku=bike");
    alias(&f, "77", "sku=bike told_by=wms");
    assert_verdict(put_sku(&f, "old-bike", 3), ATP_CONFIRMED); /* it is there, and is called bike */
    assert_refused(put_sku(&f, "77", 0), ATP_ALIAS_CONFLICT, ATP_FIELD_SKU);
    alias(&f, "77", "sku=bike told_by=wms dropped=yes");
    assert_verdict(put_sku(&f, "77", 0), ATP_APPLIED);
    assert_refused(alias(&f, "77", "sku=bike told_by=wms"), ATP_ALIAS_CONFLICT, ATP_FIELD_SUBJECT);
    assert_int_equal(counts_of(&f).skus, 2);
    fixture_close(&f);
}

static void a_dropped_alias_can_mean_something_else(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "bike", "N", 0);
    stock(&f, "tube", "N", 0);
    alias(&f, "x", "sku=bike");
    assert_verdict(alias(&f, "x", "sku=bike dropped=yes"), ATP_APPLIED);
    assert_verdict(alias(&f, "x", "sku=bike dropped=yes"), ATP_CONFIRMED);
    assert_verdict(alias(&f, "x", "sku=tube"), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "x", "N", 4);
    assert_int_equal(view_of(&f, "tube", "N").on_hand, 4);
    fixture_close(&f);
}

static void what_waits_for_a_name_is_applied_when_it_gets_a_meaning(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.unknown_names = ATP_UNKNOWN_PARK;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "bike", "N", 0);
    fact(&f, ATP_OP_RECEIVE, "401", "N", 4);
    alias(&f, "401", "sku=bike told_by=somebody");
    assert_int_equal(counts_of(&f).exceptions_parked, 1); /* not for who told it */
    alias(&f, "401", "sku=bike told_by=shop");
    assert_int_equal(view_of(&f, "bike", "N").on_hand, 4);
    assert_int_equal(counts_of(&f).exceptions_parked, 0);
    fixture_close(&f);
}

static void aliases_have_room_for_so_many(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.aliases = 3;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "bike", "N", 0);
    assert_verdict(alias(&f, "a", "sku=bike told_by=wms"), ATP_APPLIED); /* and a record for all */
    assert_refused(alias(&f, "b", "sku=bike told_by=wms"), ATP_STRINGS_FULL, ATP_FIELD_SUBJECT);
    assert_verdict(alias(&f, "b", "sku=bike"), ATP_APPLIED);
    assert_refused(alias(&f, "c", "sku=bike"), ATP_STRINGS_FULL, ATP_FIELD_SUBJECT);
    fixture_close(&f);
}

/* ---- units ---- */

static void ten_cases_of_twelve_are_120(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    atp_command_line_t line = line_of("S", "N", 2);

    stock(&f, "S", "N", 0);
    unit(&f, "CS", "sku=S is=12");
    assert_verdict(receive_in(&f, "S", 10, 0, "CS"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 120);
    assert_verdict(receive_in(&f, "S", 5, 1, "CS"), ATP_APPLIED); /* half a case */
    assert_int_equal(view_of(&f, "S", "N").on_hand, 126);
    assert_verdict(
        do_with(&f,
                (atp_command_t){.kind = ATP_OP_RESERVE, .id = ATP_TEXT("r"), .line_count = 1, .lines = &line},
                "unit=CS"),
        ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 24);
    fixture_close(&f);
}

static void a_unit_of_all_counts_where_the_sku_has_none(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    stock(&f, "T", "N", 0);
    unit(&f, "PK", "is=10");
    unit(&f, "PK", "sku=T is=6");
    receive_in(&f, "S", 1, 0, "PK");
    receive_in(&f, "T", 1, 0, "PK");
    assert_int_equal(view_of(&f, "S", "N").on_hand, 10);
    assert_int_equal(view_of(&f, "T", "N").on_hand, 6);
    assert_verdict(unit(&f, "PK", "sku=T dropped=yes"), ATP_APPLIED);
    assert_refused(unit(&f, "PK", "sku=T dropped=yes"), ATP_UNIT_UNKNOWN, ATP_FIELD_SUBJECT);
    receive_in(&f, "T", 1, 0, "PK");
    assert_int_equal(view_of(&f, "T", "N").on_hand, 16);
    fixture_close(&f);
}

static void what_is_not_exact_is_not_guessed(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    unit(&f, "TH", "is=1 for=3");
    assert_refused(receive_in(&f, "S", 10, 0, "TH"), ATP_QTY_TOO_PRECISE, ATP_FIELD_QTY);
    assert_verdict(receive_in(&f, "S", 9, 0, "TH"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 3);
    unit(&f, "HUGE", "is=1000000000000");
    assert_refused(receive_in(&f, "S", 1000, 0, "HUGE"), ATP_QTY_OUT_OF_RANGE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void a_fact_in_an_unknown_unit_is_replayed_when_it_is_known(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    assert_refused(receive_in(&f, "S", 10, 0, "CS"), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(newest_exception(&f)->verdict, ATP_UNIT_UNKNOWN);
    unit(&f, "CS", "is=12");
    assert_verdict(replay(&f, "1"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 120);
    fixture_close(&f);
}

/* ---- units of tellers ---- */

static void the_case_of_each_supplier_is_its_own(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    assert_verdict(unit(&f, "CS", "sku=S is=12 told_by=acme"), ATP_APPLIED);
    assert_verdict(unit(&f, "CS", "sku=S is=24 told_by=bolt"), ATP_APPLIED);
    assert_verdict(unit(&f, "CS", "sku=S is=24 told_by=bolt"), ATP_CONFIRMED);
    assert_verdict(source_tells_cases(&f, "acme", 1, "S", 10), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 120);
    assert_verdict(source_tells_cases(&f, "bolt", 1, "S", 10), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 360);
    fixture_close(&f);
}

/* Four of one name: each that is put is nearer than those before, and each that is dropped leaves the next one. */
static void the_nearest_unit_counts(void **state)
{
    static const char *const nearer[] = {"is=1", "sku=S is=2", "is=3 told_by=acme",
                                         "sku=S is=4 told_by=acme"};
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    uint64_t sequence = 0;
    char words[64];

    stock(&f, "S", "N", 0);
    for (int i = 0; i < 4; i++) {
        assert_verdict(unit(&f, "CS", nearer[i]), ATP_APPLIED);
        assert_int_equal(source_tells_cases(&f, "acme", ++sequence, "S", 1).qty, i + 1);
        assert_int_equal(source_tells_cases(&f, "bolt", sequence, "S", 1).qty, i == 0 ? 1 : 2);
    }
    for (int i = 3; i >= 0; i--) {
        assert_int_equal(source_tells_cases(&f, "acme", ++sequence, "S", 1).qty, i + 1);
        snprintf(words, sizeof words, "%s dropped=yes", nearer[i]);
        assert_verdict(unit(&f, "CS", words), ATP_APPLIED);
    }
    assert_refused(source_tells_cases(&f, "acme", ++sequence, "S", 1), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* The exception keeps whose fact it was: it is replayed in that one's words. */
static void a_fact_in_a_unit_of_others_waits_for_its_tellers_own(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    unit(&f, "CS", "sku=S is=12 told_by=acme");
    assert_refused(source_tells_cases(&f, "bolt", 1, "S", 10), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    assert_int_equal(newest_exception(&f)->verdict, ATP_UNIT_UNKNOWN);
    assert_refused(receive_in(&f, "S", 10, 0, "CS"), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE); /* of a client */
    assert_refused(replay(&f, "1"), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    unit(&f, "CS", "is=24 told_by=bolt");
    assert_verdict(replay(&f, "1"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 240);
    assert_refused(replay(&f, "2"), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void a_client_has_units_of_its_own_for_what_it_asks(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);
    atp_command_line_t line = line_of("S", "N", 2);
    atp_command_t command = {.kind = ATP_OP_RESERVE, .id = ATP_TEXT("r1"), .line_count = 1, .lines = &line};

    stock(&f, "S", "N", 100);
    unit(&f, "CS", "sku=S is=12 told_by=others");
    assert_refused(do_with(&f, command, "unit=CS"), ATP_UNIT_UNKNOWN, ATP_FIELD_ATTRIBUTE);
    f.client = "others";
    command.id = ATP_TEXT("r2");
    assert_verdict(do_with(&f, command, "unit=CS"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").reserved, 24);
    fixture_close(&f);
}

/* A file is told by a client; what it counts in are the units of whose file it is. */
static void a_fact_may_say_whose_unit_it_is_counted_in(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    unit(&f, "CS", "is=6");
    assert_int_equal(receive_with(&f, "S", 1, 0, "unit=CS told_by=acme").qty, 6);
    unit(&f, "CS", "is=12 told_by=acme");
    assert_int_equal(receive_with(&f, "S", 1, 0, "unit=CS told_by=acme").qty, 12);
    assert_int_equal(receive_with(&f, "S", 1, 0, "unit=CS").qty, 6);
    assert_refused(receive_with(&f, "S", 1, 0, "unit=PK told_by=acme"), ATP_UNIT_UNKNOWN,
                   ATP_FIELD_ATTRIBUTE);
    unit(&f, "PK", "is=3 told_by=acme");
    assert_verdict(replay(&f, "1"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 27);
    fixture_close(&f);
}

static void a_renamed_sku_keeps_the_units_of_tellers(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 0);
    alias(&f, "401", "sku=S told_by=acme");
    unit(&f, "CS", "sku=S is=12 told_by=acme");
    assert_int_equal(source_tells_cases(&f, "acme", 1, "401", 2).qty, 24);
    fixture_close(&f);
}

static void units_have_room_for_so_many(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.units = 1;
    fixture_t f = fixture_open_journaled(&config);

    assert_verdict(unit(&f, "CS", "is=12"), ATP_APPLIED);
    assert_verdict(unit(&f, "CS", "is=12"), ATP_CONFIRMED);
    assert_verdict(unit(&f, "CS", "is=24"), ATP_APPLIED);
    assert_refused(unit(&f, "EA", ""), ATP_STRINGS_FULL, ATP_FIELD_SUBJECT);
    assert_refused(unit(&f, "EA", "sku=none"), ATP_UNKNOWN_SKU, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void broken_aliases_and_units_are_named(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_why_t why = {""};

    stock(&f, "S", "N", 0);
    alias(&f, "a", "sku=S told_by=wms");
    unit(&f, "CS", "is=12 told_by=wms");
    atp_alias_record_t *all = atp_table_at(&f.ledger->catalog.aliases, 0);
    atp_unit_record_t *cases = atp_table_at(&f.ledger->units.records, 0);
    all->told++;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "A2", 2);
    all->told--;
    cases->denominator = 0;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "U1", 2);
    cases->denominator = 1;
    f.ledger->units.told = 0;
    assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);
    assert_memory_equal(why.text, "U2", 2);
    f.ledger->units.told = 1;
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_alias_is_taken_wherever_an_id_is),
        cmocka_unit_test(each_teller_has_its_own),
        cmocka_unit_test(a_tellers_own_comes_before_that_of_all),
        cmocka_unit_test(an_alias_that_contradicts_an_id_or_an_alias_is_refused),
        cmocka_unit_test(nothing_is_made_under_a_name_that_means_something),
        cmocka_unit_test(a_dropped_alias_can_mean_something_else),
        cmocka_unit_test(what_waits_for_a_name_is_applied_when_it_gets_a_meaning),
        cmocka_unit_test(aliases_have_room_for_so_many),
        cmocka_unit_test(ten_cases_of_twelve_are_120),
        cmocka_unit_test(a_unit_of_all_counts_where_the_sku_has_none),
        cmocka_unit_test(what_is_not_exact_is_not_guessed),
        cmocka_unit_test(a_fact_in_an_unknown_unit_is_replayed_when_it_is_known),
        cmocka_unit_test(the_case_of_each_supplier_is_its_own),
        cmocka_unit_test(the_nearest_unit_counts),
        cmocka_unit_test(a_fact_in_a_unit_of_others_waits_for_its_tellers_own),
        cmocka_unit_test(a_client_has_units_of_its_own_for_what_it_asks),
        cmocka_unit_test(a_fact_may_say_whose_unit_it_is_counted_in),
        cmocka_unit_test(a_renamed_sku_keeps_the_units_of_tellers),
        cmocka_unit_test(units_have_room_for_so_many),
        cmocka_unit_test(broken_aliases_and_units_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Components that begin and end: the pulse that is due then says which kits have changed. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/ledger_priv.h"

static fixture_t open_with_kits(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "A", "N", 5);
    stock(&f, "B", "N", 3);
    put_sku(&f, "K", 0);
    put_sku(&f, "L", 0);
    return f;
}

static const atp_kits_t *kits_of(const fixture_t *f)
{
    return atp_ledger_kits(f->ledger);
}

/* The SKU whose recipe was the last to change. */
static uint32_t last_changed(const fixture_t *f)
{
    uint32_t sku = 0;

    assert_true(atp_kits_changed(kits_of(f), atp_kits_changes(kits_of(f)) - 1, &sku));
    return sku;
}

static uint32_t sku_of(const fixture_t *f, const char *sku)
{
    uint32_t number = 0;

    assert_true(atp_catalog_find_sku(atp_ledger_catalog(f->ledger), atp_text_of(sku),
                                     atp_hash_text(atp_text_of(sku), atp_ledger_seed(f->ledger)), &number));
    return number;
}

static void a_pulse_is_due_when_a_component_begins_and_when_it_ends(void **state)
{
    (void)state;
    fixture_t f = open_with_kits();
    const int64_t begun_ms = f.now_ms;

    put_kit_dated(&f, "K", begun_ms + 1000, begun_ms + 3000);
    uint64_t changes = atp_kits_changes(kits_of(&f));
    f.now_ms = begun_ms + 999;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_int_equal(kits_at(&f, "K", "N"), 5);
    f.now_ms++;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(kits_at(&f, "K", "N"), 3);
    assert_int_equal(atp_kits_changes(kits_of(&f)), changes + 1);
    assert_int_equal(last_changed(&f), sku_of(&f, "K"));
    f.now_ms = begun_ms + 2999;
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    f.now_ms++;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(atp_kits_changes(kits_of(&f)), changes + 2);
    f.now_ms += 1000000;
    assert_false(atp_kits_is_date_due(kits_of(&f), f.now_ms)); /* nothing more comes */
    fixture_close(&f);
}

static void only_the_kits_that_have_changed_are_told(void **state)
{
    (void)state;
    fixture_t f = open_with_kits();
    const int64_t begun_ms = f.now_ms;

    put_kit_dated(&f, "K", begun_ms + 5000, 0);
    put_kit_dated(&f, "L", begun_ms + 1000, 0);
    uint64_t changes = atp_kits_changes(kits_of(&f));
    f.now_ms = begun_ms + 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(atp_kits_changes(kits_of(&f)), changes + 1);
    assert_int_equal(last_changed(&f), sku_of(&f, "L"));
    f.now_ms = begun_ms + 5000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(atp_kits_changes(kits_of(&f)), changes + 2);
    assert_int_equal(last_changed(&f), sku_of(&f, "K"));
    fixture_close(&f);
}

static void a_pulse_looks_at_so_many_kits_and_the_next_goes_on(void **state)
{
    (void)state;
    fixture_t f = open_with_kits();
    const int64_t begun_ms = f.now_ms;

    put_kit_dated(&f, "K", begun_ms + 1000, 0);
    put_kit_dated(&f, "L", begun_ms + 1000, begun_ms + 2000);
    uint64_t changes = atp_kits_changes(kits_of(&f));
    f.now_ms = begun_ms + 1000;
    assert_verdict(pulse(&f, 1), ATP_APPLIED);
    assert_int_equal(atp_kits_changes(kits_of(&f)), changes + 1);
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    put_kit_dated(&f, "K", begun_ms + 1500, 0); /* it was looked at: its new date is not lost */
    assert_verdict(pulse(&f, 1), ATP_APPLIED);
    assert_int_equal(last_changed(&f), sku_of(&f, "L"));
    assert_false(atp_kits_is_date_due(kits_of(&f), f.now_ms));
    f.now_ms = begun_ms + 1500;
    assert_true(atp_kits_is_date_due(kits_of(&f), f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(last_changed(&f), sku_of(&f, "K"));
    fixture_close(&f);
}

static void dates_are_found_again_after_a_restart(void **state)
{
    (void)state;
    fixture_t f = open_with_kits();
    const int64_t begun_ms = f.now_ms;

    put_kit_dated(&f, "K", begun_ms - 1000, begun_ms + 3000);
    assert_false(atp_kits_is_date_due(kits_of(&f), f.now_ms)); /* begun before: told with the recipe */
    atp_kits_find_dates(&f.ledger->kits, f.now_ms);
    assert_false(atp_kits_is_date_due(kits_of(&f), begun_ms + 2999));
    assert_true(atp_kits_is_date_due(kits_of(&f), begun_ms + 3000));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pulse_is_due_when_a_component_begins_and_when_it_ends),
        cmocka_unit_test(only_the_kits_that_have_changed_are_told),
        cmocka_unit_test(a_pulse_looks_at_so_many_kits_and_the_next_goes_on),
        cmocka_unit_test(dates_are_found_again_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

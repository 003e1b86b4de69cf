/* engine/ledger/facts/fates.h: what was decided of facts that came in numbered batches. */
#include "tests/engine/ledger/check/check_fixture.h"

#include "engine/ledger/ledger_priv.h"

/* One fact of the batch opened last. */
static atp_result_t tell(fixture_t *f, atp_op_kind_t kind, const char *sku, const char *correlation)
{
    const atp_command_line_t line = line_of(sku, "N", 2);

    f->in_source = true;
    atp_result_t result = fixture_do(
        f, (atp_command_t){
               .kind = kind, .correlation = atp_text_of(correlation), .line_count = 1, .lines = &line});
    f->in_source = false;
    return result;
}

static atp_result_t tell_ship(fixture_t *f, const char *reservation)
{
    f->in_source = true;
    atp_result_t result =
        fixture_do(f, (atp_command_t){.kind = ATP_OP_SHIP, .reservation = atp_text_of(reservation)});
    f->in_source = false;
    return result;
}

static const atp_fate_t *fate_of(const fixture_t *f, uint64_t op)
{
    return atp_fates_find(atp_ledger_fates(f->ledger), op);
}

static fixture_t open_small(uint64_t history)
{
    atp_ledger_config_t config = fixture_config();

    config.history = history;
    fixture_t f = fixture_open_journaled(&config);
    stock(&f, "S", "N", 100);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    return f;
}

static void a_fact_that_was_applied_is_told_so(void **state)
{
    (void)state;
    fixture_t f = open_small(100);

    atp_result_t sold = tell(&f, ATP_OP_SALE, "S", "W-1");
    assert_verdict(sold, ATP_APPLIED);
    assert_non_null(fate_of(&f, sold.op));
    assert_int_equal(fate_of(&f, sold.op)->verdict, ATP_APPLIED);
    assert_int_equal(fate_of(&f, sold.op)->exception, 0);
    fixture_close(&f);
}

static void a_fact_that_was_refused_leads_to_the_exception_that_keeps_it(void **state)
{
    (void)state;
    fixture_t f = open_small(100);

    atp_result_t first = tell(&f, ATP_OP_SALE, "missing", "W-1");
    atp_result_t second = tell(&f, ATP_OP_SALE, "missing too", "W-2");
    assert_int_equal(fate_of(&f, first.op)->verdict, ATP_UNKNOWN_SKU);
    assert_int_equal(fate_of(&f, first.op)->exception, 1);
    assert_int_equal(fate_of(&f, second.op)->exception, 2);
    assert_int_equal(atp_exceptions_get(atp_ledger_exceptions(f.ledger), 2)->op, second.op);
    fixture_close(&f);
}

/* Of the second one, not of the first. */
static void what_a_fact_has_raised_is_told_though_it_was_applied(void **state)
{
    (void)state;
    fixture_t f = open_small(100);
    f.in_source = false;
    assert_verdict(reserve(&f, "r", "S", "N", 98), ATP_APPLIED);

    atp_result_t fits = tell(&f, ATP_OP_SALE, "S", "W-1");
    atp_result_t beyond = tell(&f, ATP_OP_SALE, "S", "W-2");
    assert_int_equal(fate_of(&f, fits.op)->exception, 0);
    assert_int_equal(fate_of(&f, beyond.op)->verdict, ATP_APPLIED);
    assert_int_equal(fate_of(&f, beyond.op)->exception, newest_exception(&f)->number);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    fixture_close(&f);
}

static void what_no_trace_finds_has_no_fate(void **state)
{
    (void)state;
    fixture_t f = open_small(100);

    atp_result_t told = tell(&f, ATP_OP_SALE, "S", "");
    assert_null(fate_of(&f, told.op));
    atp_result_t asked = reserve(&f, "r", "S", "N", 1); /* remembered by its id */
    assert_null(fate_of(&f, asked.op));
    assert_int_equal(atp_fates_kept(atp_ledger_fates(f.ledger)), 0);
    fixture_close(&f);
}

static void what_is_told_of_a_reservation_needs_no_correlation_id(void **state)
{
    (void)state;
    fixture_t f = open_small(100);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);

    atp_result_t shipped = tell_ship(&f, "r");
    assert_int_equal(fate_of(&f, shipped.op)->verdict, shipped.verdict);
    atp_result_t unknown = tell_ship(&f, "nobody's");
    assert_false(atp_verdict_is_success((atp_verdict_t)unknown.verdict));
    assert_int_equal(fate_of(&f, unknown.op)->verdict, unknown.verdict);
    fixture_close(&f);
}

/* Its outcome says how, the fate by which exception. */
static void a_fact_with_an_id_that_was_refused_leads_to_its_exception(void **state)
{
    (void)state;
    fixture_t f = open_small(100);
    const atp_command_line_t lines[] = {line_of("missing", "N", 2), line_of("S", "N", 2)};
    atp_command_t told = {
        .kind = ATP_OP_SALE, .is_fact = true, .correlation = ATP_TEXT("W-1"), .line_count = 1};

    told.lines = &lines[0];
    atp_result_t refused = fixture_do(&f, told);
    told.lines = &lines[1];
    atp_result_t applied = fixture_do(&f, told);
    assert_int_equal(fate_of(&f, refused.op)->verdict, ATP_UNKNOWN_SKU);
    assert_int_equal(fate_of(&f, refused.op)->exception, newest_exception(&f)->number);
    assert_verdict(applied, ATP_APPLIED);
    assert_null(fate_of(&f, applied.op));
    fixture_close(&f);
}

static void a_batch_that_comes_twice_decides_nothing(void **state)
{
    (void)state;
    fixture_t f = open_small(100);
    atp_result_t first = tell(&f, ATP_OP_SALE, "S", "W-1");
    fixture_end_frame(&f);

    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_DUPLICATE_IGNORED);
    assert_verdict(tell(&f, ATP_OP_SALE, "S", "W-1"), ATP_DUPLICATE_IGNORED);
    assert_int_equal(atp_fates_kept(atp_ledger_fates(f.ledger)), 1);
    assert_int_equal(fate_of(&f, first.op)->verdict, ATP_APPLIED);
    fixture_close(&f);
}

static void the_oldest_fate_makes_room(void **state)
{
    (void)state;
    fixture_t f = open_small(4);
    uint64_t ops[7];

    for (unsigned i = 0; i < 7; i++) {
        ops[i] = tell(&f, ATP_OP_SALE, i % 2 == 0 ? "S" : "missing", "W-1").op;
    }
    assert_int_equal(atp_fates_kept(atp_ledger_fates(f.ledger)), 4);
    for (unsigned i = 0; i < 7; i++) {
        const atp_fate_t *fate = fate_of(&f, ops[i]);
        assert_int_equal(fate != NULL, i >= 3);
        assert_true(fate == NULL || fate->verdict == (i % 2 == 0 ? ATP_APPLIED : ATP_UNKNOWN_SKU));
    }
    assert_null(fate_of(&f, ops[6] + 1));
    fixture_close(&f);
}

static void fates_that_are_out_of_order_are_named(void **state)
{
    (void)state;
    fixture_t f = open_small(100);
    tell(&f, ATP_OP_SALE, "S", "W-1");
    tell(&f, ATP_OP_SALE, "missing", "W-1");
    atp_fate_t *applied = atp_table_at(&f.ledger->fates.ring, 0);
    atp_fate_t *refused = atp_table_at(&f.ledger->fates.ring, 1);

    expect_broken(&f, atp_check_feeds, "F7", *f.ledger->fates.heads, f.ledger->fates.heads->newest++);
    expect_broken(&f, atp_check_feeds, "F7", *applied, applied->op = refused->op);
    expect_broken(&f, atp_check_feeds, "F7", *refused, refused->op = 999999);
    expect_broken(&f, atp_check_feeds, "F8", *refused, refused->exception = 0);
    expect_broken(&f, atp_check_feeds, "F8", *refused, refused->exception = 999999);
    expect_broken(&f, atp_check_feeds, "F8", *applied, applied->exception = 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fact_that_was_applied_is_told_so),
        cmocka_unit_test(a_fact_that_was_refused_leads_to_the_exception_that_keeps_it),
        cmocka_unit_test(what_a_fact_has_raised_is_told_though_it_was_applied),
        cmocka_unit_test(what_no_trace_finds_has_no_fate),
        cmocka_unit_test(what_is_told_of_a_reservation_needs_no_correlation_id),
        cmocka_unit_test(a_fact_with_an_id_that_was_refused_leads_to_its_exception),
        cmocka_unit_test(a_batch_that_comes_twice_decides_nothing),
        cmocka_unit_test(the_oldest_fate_makes_room),
        cmocka_unit_test(fates_that_are_out_of_order_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

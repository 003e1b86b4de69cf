/* Exceptions of facts that were refused, and how they are settled: replayed, told anew, discarded. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/facts/quarantine.h"

#include <stdio.h>
#include <string.h>

static uint64_t last_number(const fixture_t *f)
{
    return counts_of(f).exceptions;
}

static const atp_exception_t *exception_at(const fixture_t *f, uint64_t number)
{
    const atp_exception_t *exception = atp_exceptions_get(atp_ledger_exceptions(f->ledger), number);

    assert_non_null(exception);
    return exception;
}

/* Settles with attributes in words, and a line if there is a SKU. */
static atp_result_t settle_with(fixture_t *f, uint64_t number, const char *sku, const char *node,
                                atp_qty_t qty, const char *words)
{
    char subject[32];
    atp_command_line_t line = line_of(sku, node, qty);

    (void)snprintf(subject, sizeof subject, "%llu", (unsigned long long)number);
    atp_command_t command = {.kind = ATP_OP_SETTLE_EXCEPTION,
                             .subject = atp_text_of(subject),
                             .lines = &line,
                             .line_count = sku[0] != '\0'};
    return do_with(f, command, words);
}

static atp_result_t replay(fixture_t *f, uint64_t number)
{
    return settle_with(f, number, "", "", 0, "settle=replay");
}

/* A receipt of a SKU that nobody knows, in a numbered batch. Returns the number of its exception. */
static uint64_t receive_unknown(fixture_t *f, const char *sku, atp_qty_t qty, uint64_t sequence)
{
    assert_verdict(open_batch(f, "wms", 7, sequence), ATP_APPLIED);
    f->in_source = true;
    assert_verdict(fact(f, ATP_OP_RECEIVE, sku, "N", qty), ATP_UNKNOWN_SKU);
    f->in_source = false;
    return last_number(f);
}

static void a_refused_fact_is_kept_with_all_that_is_needed_to_act(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    uint64_t number = receive_unknown(&f, "NEW", 3, 12);
    const atp_exception_t *exception = exception_at(&f, number);
    assert_int_equal(exception->kind, ATP_EXCEPTION_FACT_REFUSED);
    assert_int_equal(exception->verdict, ATP_UNKNOWN_SKU);
    assert_int_equal(exception->state, ATP_EXCEPTION_OPEN);
    assert_int_equal(exception->epoch, 7);
    assert_int_equal(exception->sequence, 12);
    assert_int_equal(exception->count, 1);
    assert_true(exception->source != 0 && exception->fact_first != 0);
    assert_int_equal(counts_of(&f).exceptions_open, 1);
    fixture_close(&f);
}

static void a_replay_applies_the_fact_exactly_once(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    uint64_t number = receive_unknown(&f, "NEW", 3, 1);
    assert_verdict(replay(&f, number), ATP_UNKNOWN_SKU); /* nothing has changed */
    assert_int_equal(exception_at(&f, number)->count, 2);
    assert_int_equal(exception_at(&f, number)->state, ATP_EXCEPTION_OPEN);
    f.now_ms += 1000;
    assert_verdict(put_sku(&f, "NEW", 0), ATP_APPLIED);
    assert_verdict(replay(&f, number), ATP_APPLIED);
    assert_int_equal(f.result.qty, 3);
    assert_int_equal(view_of(&f, "NEW", "N").on_hand, 3);
    const atp_exception_t *exception = exception_at(&f, number);
    assert_int_equal(exception->state, ATP_EXCEPTION_REPLAYED);
    assert_int_equal(exception->settled_op, f.result.op);
    assert_int_equal(exception->settled_ms, f.now_ms);
    assert_verdict(replay(&f, number), ATP_ALREADY_SETTLED);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=discard cause=late"), ATP_ALREADY_SETTLED);
    assert_int_equal(view_of(&f, "NEW", "N").on_hand, 3);
    assert_int_equal(counts_of(&f).exceptions_open, 0);
    fixture_close(&f);
}

static void a_replay_that_is_asked_again_has_its_first_answer(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    char subject[] = "1";
    atp_command_t command = {
        .kind = ATP_OP_SETTLE_EXCEPTION, .id = ATP_TEXT("settle-1"), .subject = atp_text_of(subject)};

    stock(&f, "S", "N", 5);
    assert_int_equal(receive_unknown(&f, "NEW", 3, 1), 1);
    assert_verdict(put_sku(&f, "NEW", 0), ATP_APPLIED);
    f.issued_ms = f.now_ms;
    assert_verdict(do_with(&f, command, "settle=replay"), ATP_APPLIED);
    uint64_t op = f.result.op;
    assert_verdict(do_with(&f, command, "settle=replay"), ATP_APPLIED);
    assert_true(f.result.is_repeat && f.result.op == op && f.result.qty == 3 && !f.took_op);
    assert_int_equal(view_of(&f, "NEW", "N").on_hand, 3);
    assert_verdict(do_with(&f, command, "settle=discard cause=no"), ATP_CONFLICT);
    fixture_close(&f);
}

static void a_fact_may_be_told_anew(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    uint64_t number = receive_unknown(&f, "TYPO", 3, 1);
    assert_verdict(settle_with(&f, number, "S", "N", 0, "settle=replay"), ATP_MALFORMED); /* of a receipt */
    assert_verdict(settle_with(&f, number, "S", "N", -1, "settle=replay"), ATP_MALFORMED);
    assert_verdict(settle_with(&f, number, "S", "", 3, "settle=replay"), ATP_MALFORMED);
    assert_verdict(settle_with(&f, number, "OTHER", "N", 3, "settle=replay"), ATP_UNKNOWN_SKU);
    assert_int_equal(exception_at(&f, number)->state, ATP_EXCEPTION_OPEN);
    assert_verdict(settle_with(&f, number, "S", "N", 4, "settle=replay cause=typo"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 9);
    assert_int_equal(exception_at(&f, number)->cause_size, 4);
    fixture_close(&f);
}

static void a_shipment_may_be_told_anew_of_another_reservation(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r1", "S", "N", 2), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r1"), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "r2", "GONE", "N", 2), ATP_UNKNOWN_SKU);
    uint64_t number = last_number(&f);
    assert_verdict(settle_with(&f, number, "S", "N", 2, "settle=replay reservation=r1"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 3);
    assert_int_equal(view_of(&f, "S", "N").allocated, 0);
    assert_int_equal(last_number(&f), number); /* nothing new had to be told */
    uint64_t other = receive_unknown(&f, "NEW", 1, 1);
    assert_verdict(settle_with(&f, other, "", "", 0, "settle=replay reservation=r1"), ATP_MALFORMED);
    fixture_close(&f);
}

static void a_discard_needs_a_cause_and_keeps_it(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    uint64_t number = receive_unknown(&f, "NEW", 3, 1);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=discard"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(settle_with(&f, number, "S", "N", 1, "settle=discard cause=x"), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=discard cause=booked"), ATP_APPLIED);
    const atp_exception_t *exception = exception_at(&f, number);
    assert_int_equal(exception->state, ATP_EXCEPTION_DISCARDED);
    assert_memory_equal(exception->cause, "booked", 6);
    assert_true(exception->settled_by != 0 && exception->fact_first == 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    fixture_close(&f);
}

static void what_keeps_no_fact_can_only_be_discarded(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r1", "S", "N", 4), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 3), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    uint64_t number = last_number(&f);
    assert_verdict(replay(&f, number), ATP_NO_FACT_KEPT);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=discard cause=called"), ATP_APPLIED);
    assert_verdict(replay(&f, 99), ATP_UNKNOWN_EXCEPTION);
    assert_verdict(do_with(&f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("1x")},
                           "settle=replay"),
                   ATP_UNKNOWN_EXCEPTION);
    assert_verdict(
        do_with(&f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("1")}, ""),
        ATP_ATTRIBUTE_MISSING);
    fixture_close(&f);
}

/* The replayed fact raises an exception of its own, and the table has room for one: its own makes room. */
static void a_replay_may_raise_what_takes_the_place_of_its_exception(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.exceptions = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 5);
    assert_verdict(reserve(&f, "r1", "S", "N", 4), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "NEW", "N", 3), ATP_UNKNOWN_SKU);
    assert_verdict(settle_with(&f, 1, "S", "N", 3, "settle=replay"), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_verdict(replay(&f, 1), ATP_UNKNOWN_EXCEPTION);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 2);
    fixture_close(&f);
}

static void a_poison_fact_does_not_keep_the_next_ones_from_being_applied(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 0);
    for (uint64_t sequence = 1; sequence <= 200; sequence++) { /* more than exceptions are kept */
        assert_verdict(open_batch(&f, "wms", 1, sequence), ATP_APPLIED);
        f.in_source = true;
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "POISON", "N", 1), ATP_UNKNOWN_SKU);
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
        f.in_source = false;
    }
    assert_int_equal(view_of(&f, "S", "N").on_hand, 200);
    assert_int_equal(counts_of(&f).exceptions, 200);
    assert_int_equal(counts_of(&f).exceptions_open, fixture_config().exceptions);
    assert_int_equal(atp_ledger_exceptions(f.ledger)->heads->lost, 200 - fixture_config().exceptions);
    fixture_close(&f);
}

/* ---- what could not be read ---- */

static atp_result_t quarantine(fixture_t *f, const void *bytes, size_t size, const char *source)
{
    const atp_refused_bytes_t refused = {.bytes = bytes,
                                         .size = size,
                                         .source = atp_text_of(source),
                                         .verdict = ATP_MALFORMED,
                                         .field = ATP_FIELD_LINES,
                                         .in_source = f->in_source};

    assert_true(atp_op_encode_quarantine(f->record, ATP_OP_QUARANTINE_SIZE_MAX, &refused) > 0);
    return fixture_apply(f, f->record);
}

static void what_nobody_can_read_is_kept_with_its_bytes(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    static unsigned char rubbish[70000];
    static unsigned char kept[ATP_EXCEPTION_FACT_MAX];

    memset(rubbish, 0xa5, sizeof rubbish);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    const size_t sizes[] = {0, 1, 7, 60, 1000, ATP_QUARANTINE_KEPT_MAX, sizeof rubbish};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_verdict(quarantine(&f, rubbish, sizes[i], "wms"), ATP_APPLIED);
        const atp_exception_t *exception = newest_exception(&f);
        uint32_t expected = (uint32_t)(sizes[i] < ATP_EXCEPTION_FACT_MAX ? sizes[i] : ATP_EXCEPTION_FACT_MAX);
        assert_int_equal(exception->kind, ATP_EXCEPTION_QUARANTINED);
        assert_int_equal(exception->verdict, ATP_MALFORMED);
        assert_int_equal(exception->number, i + 1);
        assert_int_equal(exception->whole_size, sizes[i]);
        assert_int_equal(exception->fact_size, expected);
        assert_true(exception->source == 1);
        if (expected > 0) {
            atp_exceptions_fact(atp_ledger_exceptions(f.ledger), exception, kept, expected);
            assert_memory_equal(kept, rubbish, expected);
        }
    }
    assert_verdict(replay(&f, 3), ATP_NO_FACT_KEPT);
    assert_verdict(settle_with(&f, 3, "", "", 0, "settle=discard cause=rubbish"), ATP_APPLIED);
    fixture_close(&f);
}

static void the_same_rubbish_again_is_counted(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    for (unsigned i = 1; i <= 100; i++) {
        assert_verdict(quarantine(&f, "rubbish", 7, ""), ATP_APPLIED);
        assert_int_equal(newest_exception(&f)->count, i);
    }
    assert_verdict(quarantine(&f, "rubbish", 6, ""), ATP_APPLIED);
    assert_int_equal(last_number(&f), 2);
    assert_verdict(settle_with(&f, 1, "", "", 0, "settle=discard cause=x"), ATP_APPLIED);
    assert_verdict(quarantine(&f, "rubbish", 7, ""), ATP_APPLIED); /* and still it comes */
    assert_int_equal(last_number(&f), 3);
    fixture_close(&f);
}

static void a_batch_that_comes_twice_is_kept_once(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    for (unsigned i = 0; i < 2; i++) {
        assert_verdict(open_batch(&f, "wms", 3, 4), i == 0 ? ATP_APPLIED : ATP_DUPLICATE_IGNORED);
        f.in_source = true;
        assert_verdict(quarantine(&f, "rubbish", 7, "wms"), i == 0 ? ATP_APPLIED : ATP_DUPLICATE_IGNORED);
        f.in_source = false;
    }
    assert_int_equal(newest_exception(&f)->count, 1);
    fixture_close(&f);
}

static void a_quarantine_that_was_damaged_is_no_record(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    const atp_refused_bytes_t refused = {
        .bytes = "rubbish", .size = 7, .source = ATP_TEXT("wms"), .verdict = ATP_MALFORMED};
    unsigned char *bytes = f.record;

    assert_int_equal(atp_op_encode_quarantine(f.record, 100, &refused), 0);
    size_t size = atp_op_encode_quarantine(f.record, 128, &refused);
    assert_int_equal(size, 128);
    atp_op_t *op = f.record;
    atp_op_quarantine_t *told = (atp_op_quarantine_t *)(void *)(op + 1);
    assert_true(atp_op_is_well_formed(op, size));
    for (size_t shorter = 0; shorter < size; shorter++) {
        assert_false(atp_op_is_well_formed(op, shorter));
    }
#define damaged_by(change, mend)                                                                             \
    do {                                                                                                     \
        change;                                                                                              \
        assert_false(atp_op_is_well_formed(op, size));                                                       \
        mend;                                                                                                \
        assert_true(atp_op_is_well_formed(op, size));                                                        \
    } while (0)
    damaged_by(told->kept = 6000, told->kept = 7);
    damaged_by(told->size = 6, told->size = 7);
    damaged_by(told->verdict = ATP_APPLIED, told->verdict = ATP_MALFORMED);
    damaged_by(told->verdict = 9, told->verdict = ATP_MALFORMED);
    damaged_by(told->field = 200, told->field = 0);
    damaged_by(op->flags = ATP_OP_HAS_ID, op->flags = 0);
    damaged_by(op->line_count = 1, op->line_count = 0);
    damaged_by(bytes[112] = 200, bytes[112] = 3);
    damaged_by(bytes[127] = 1, bytes[127] = 0);
#undef damaged_by
    fixture_close(&f);
}

/* ---- put right in place ---- */

static void what_is_edited_is_replayed_as_it_was_put_right(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 5);
    put_node(&f, "M", ATP_NODE_OPEN);
    uint64_t number = receive_unknown(&f, "SS", 3, 1);
    uint32_t first = exception_at(&f, number)->fact_first;
    f.client = "ann";
    f.now_ms += 1000;
    assert_verdict(settle_with(&f, number, "S", "N", 4, "settle=edit cause=misspelt"), ATP_APPLIED);
    const atp_exception_t *exception = exception_at(&f, number);
    assert_int_equal(exception->state, ATP_EXCEPTION_OPEN);
    assert_int_equal(exception->edited_op, f.result.op);
    assert_int_equal(exception->edited_ms, f.now_ms);
    assert_true(exception->edited_by != 0);
    assert_int_equal(exception->edit_count, 1);
    assert_memory_equal(exception->edit_cause, "misspelt", 9);
    assert_memory_equal(exception->sku, "SS", 2); /* as it was told */
    assert_int_equal(exception->fact_first, first);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5); /* nothing has happened yet */
    assert_verdict(settle_with(&f, number, "S", "M", 2, "settle=edit cause=elsewhere"), ATP_APPLIED);
    assert_int_equal(exception_at(&f, number)->edit_count, 2);
    assert_verdict(replay(&f, number), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 2);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 5);
    exception = exception_at(&f, number);
    assert_int_equal(exception->state, ATP_EXCEPTION_REPLAYED);
    assert_true(exception->edited_first == 0 && exception->fact_first == 0);
    assert_memory_equal(exception->edit_cause, "elsewhere", 10); /* who, when and why stays */
    assert_verdict(settle_with(&f, number, "S", "M", 2, "settle=edit cause=late"), ATP_ALREADY_SETTLED);
    fixture_close(&f);
}

static void an_edit_goes_on_from_the_one_before_it(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 500);
    do_with(&f, (atp_command_t){.kind = ATP_OP_UNIT, .subject = ATP_TEXT("CS")}, "is=12");
    uint64_t number = receive_unknown(&f, "SS", 3, 1);
    assert_verdict(settle_with(&f, number, "S", "N", 4, "settle=edit cause=sku"), ATP_APPLIED);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=edit cause=cases unit=CS"), ATP_APPLIED);
    assert_verdict(replay(&f, number), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 500 + 4 * 12);
    fixture_close(&f);
}

static void an_edit_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "N", 5);
    uint64_t number = receive_unknown(&f, "SS", 3, 1);
    assert_verdict(settle_with(&f, number, "S", "N", 4, "settle=edit"), ATP_ATTRIBUTE_MISSING);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=edit cause=x"), ATP_LINES_MISSING);
    assert_verdict(settle_with(&f, number, "S", "N", -4, "settle=edit cause=x"), ATP_MALFORMED);
    assert_verdict(settle_with(&f, number, "", "", 0, "settle=edit cause=x reservation=r"), ATP_MALFORMED);
    assert_verdict(settle_with(&f, 77, "S", "N", 4, "settle=edit cause=x"), ATP_UNKNOWN_EXCEPTION);
    assert_int_equal(exception_at(&f, number)->edit_count, 0);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "N", 5), ATP_APPLIED);
    assert_verdict(ship_fact(&f, "", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION);
    assert_verdict(settle_with(&f, last_number(&f), "S", "N", 4, "settle=edit cause=x"), ATP_NO_FACT_KEPT);
    fixture_close(&f);
}

/* The room is for two facts of the largest size beside four pieces each: what is edited has room, at the cost of others. */
static void an_edit_finds_room_at_the_cost_of_other_facts(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.exceptions = 16;
    fixture_t f = fixture_open_journaled(&config);
    static atp_command_line_t lines[ATP_LINES_PER_OP_MAX];

    stock(&f, "S", "N", 5);
    for (unsigned i = 0; i < ATP_LINES_PER_OP_MAX; i++) {
        lines[i] = line_of("a-sku-that-nobody-knows", "N", 1);
    }
    for (unsigned i = 0; i < 8; i++) {
        fixture_do(&f, (atp_command_t){.kind = ATP_OP_SHIP,
                                       .is_fact = true,
                                       .lines = lines,
                                       .line_count = ATP_LINES_PER_OP_MAX});
    }
    uint64_t number = last_number(&f);
    assert_true(exception_at(&f, number)->fact_first != 0);
    for (unsigned i = 0; i < 3; i++) {
        char subject[32];
        (void)snprintf(subject, sizeof subject, "%llu", (unsigned long long)number);
        assert_verdict(do_with(&f,
                               (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION,
                                               .subject = atp_text_of(subject),
                                               .lines = lines,
                                               .line_count = ATP_LINES_PER_OP_MAX - i},
                               "settle=edit cause=x"),
                       ATP_APPLIED);
    }
    assert_true(exception_at(&f, number)->fact_first != 0 && exception_at(&f, number)->edited_first != 0);
    assert_int_equal(exception_at(&f, number - 7)->fact_first, 0); /* it made room */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_can_read_is_kept_with_its_bytes),
        cmocka_unit_test(the_same_rubbish_again_is_counted),
        cmocka_unit_test(a_batch_that_comes_twice_is_kept_once),
        cmocka_unit_test(a_quarantine_that_was_damaged_is_no_record),
        cmocka_unit_test(a_refused_fact_is_kept_with_all_that_is_needed_to_act),
        cmocka_unit_test(a_replay_applies_the_fact_exactly_once),
        cmocka_unit_test(a_replay_that_is_asked_again_has_its_first_answer),
        cmocka_unit_test(a_fact_may_be_told_anew),
        cmocka_unit_test(a_shipment_may_be_told_anew_of_another_reservation),
        cmocka_unit_test(a_discard_needs_a_cause_and_keeps_it),
        cmocka_unit_test(what_keeps_no_fact_can_only_be_discarded),
        cmocka_unit_test(a_replay_may_raise_what_takes_the_place_of_its_exception),
        cmocka_unit_test(a_poison_fact_does_not_keep_the_next_ones_from_being_applied),
        cmocka_unit_test(what_is_edited_is_replayed_as_it_was_put_right),
        cmocka_unit_test(an_edit_goes_on_from_the_one_before_it),
        cmocka_unit_test(an_edit_that_cannot_be_is_refused_and_changes_nothing),
        cmocka_unit_test(an_edit_finds_room_at_the_cost_of_other_facts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

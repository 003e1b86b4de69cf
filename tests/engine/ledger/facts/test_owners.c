/* Who settles exceptions: by which rule, by when, and what is counted of them. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/facts/exception_owners.h"
#include "engine/ledger/ledger_priv.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)

static atp_result_t put_owner(fixture_t *f, const char *owner, const char *words)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_EXCEPTION_OWNER, .subject = atp_text_of(owner)}, words);
}

/* A sale of a SKU that nobody knows, told by a source ("": by none). Returns the number of its exception. */
static uint64_t refuse(fixture_t *f, const char *source, uint64_t sequence, const char *node)
{
    if (source[0] != '\0') {
        assert_verdict(open_batch(f, source, 1, sequence), ATP_APPLIED);
        f->in_source = true;
    }
    assert_verdict(fact(f, ATP_OP_SALE, "nobody-knows-it", node, 1), ATP_UNKNOWN_SKU);
    f->in_source = false;
    fixture_end_frame(f);
    return counts_of(f).exceptions;
}

static const atp_exceptions_t *book_of(const fixture_t *f)
{
    return atp_ledger_exceptions(f->ledger);
}

static const atp_exception_t *exception_at(const fixture_t *f, uint64_t number)
{
    const atp_exception_t *exception = atp_exceptions_get(book_of(f), number);

    assert_non_null(exception);
    return exception;
}

static void assert_owner(const fixture_t *f, uint64_t number, const char *expected)
{
    uint8_t owner = exception_at(f, number)->owner;
    atp_text_t id =
        owner != 0 ? atp_exception_owner_id(atp_exception_owner(book_of(f), owner - 1u)) : ATP_TEXT("nobody");

    assert_true(atp_text_equal(id, atp_text_of(expected)));
}

static atp_tally_figures_t of_owner(const fixture_t *f, const char *owner)
{
    uint32_t number;

    assert_true(atp_exception_owner_find(book_of(f), atp_text_of(owner), &number));
    return atp_tallies_read(book_of(f), ATP_TALLY_OWNER, number + 1);
}

static void settle_it(fixture_t *f, uint64_t number)
{
    char subject[32];

    (void)snprintf(subject, sizeof subject, "%llu", (unsigned long long)number);
    assert_verdict(do_with(f,
                           (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = atp_text_of(subject)},
                           "settle=discard cause=done"),
                   ATP_APPLIED);
}

/* Nodes A and B, SKU S; group near has A. */
static fixture_t open_with_nodes(void)
{
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 10);
    assert_verdict(put_group(&f, "near", "A"), ATP_APPLIED);
    return f;
}

/* ---- rules ---- */

static void the_first_rule_that_fits_names_the_owner(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    (void)refuse(&f, "wms", 1, "A");
    assert_owner(&f, 1, "nobody");
    assert_verdict(put_owner(&f, "all", "order=100"), ATP_APPLIED);
    assert_verdict(put_owner(&f, "refusals", "exception_kind=fact_refused order=50"), ATP_APPLIED);
    assert_verdict(put_owner(&f, "warehouse", "source=wms order=10"), ATP_APPLIED);
    assert_verdict(put_owner(&f, "store-a", "group=near order=20"), ATP_APPLIED);
    assert_verdict(put_owner(&f, "late", "node=A order=20"), ATP_APPLIED); /* made after store-a */
    assert_owner(&f, refuse(&f, "wms", 2, "A"), "warehouse");
    assert_owner(&f, refuse(&f, "pos", 1, "A"), "store-a");
    assert_owner(&f, refuse(&f, "", 0, "B"), "refusals");
    assert_owner(&f, refuse(&f, "", 0, "not-there"), "refusals");
    assert_verdict(reserve(&f, "r", "S", "A", 10), ATP_APPLIED);
    assert_verdict(damage(&f, "S", "B", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT);
    assert_owner(&f, newest_exception(&f)->number, "store-a");
    assert_verdict(ship_fact(&f, "", "S", "B", 1), ATP_APPLIED);
    assert_owner(&f, newest_exception(&f)->number, "all");
    fixture_close(&f);
}

static void an_alias_of_a_node_is_that_node(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    do_with(&f, (atp_command_t){.kind = ATP_OP_ALIAS, .subject = ATP_TEXT("0001")}, "node=B told_by=wms");
    assert_verdict(put_owner(&f, "b", "node=B"), ATP_APPLIED);
    assert_owner(&f, refuse(&f, "wms", 1, "0001"), "b");
    assert_owner(&f, refuse(&f, "pos", 1, "0001"), "nobody"); /* it calls nothing so */
    fixture_close(&f);
}

static void rules_that_change_go_for_what_is_open_and_not_for_what_is_settled(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    (void)refuse(&f, "wms", 1, "A");
    (void)refuse(&f, "wms", 2, "B");
    settle_it(&f, 1);
    assert_verdict(put_owner(&f, "ann", ""), ATP_APPLIED);
    assert_owner(&f, 1, "nobody");
    assert_owner(&f, 2, "ann");
    assert_int_equal(of_owner(&f, "ann").count, 1);
    settle_it(&f, 2);
    (void)refuse(&f, "wms", 3, "A");
    assert_verdict(put_owner(&f, "ann", "dropped=yes"), ATP_APPLIED);
    assert_owner(&f, 2, "ann"); /* she had it */
    assert_owner(&f, 3, "nobody");
    assert_int_equal(of_owner(&f, "ann").count, 0);
    assert_verdict(put_owner(&f, "ann", "dropped=yes"), ATP_UNKNOWN_OWNER);
    assert_verdict(put_owner(&f, "ann", "node=A"), ATP_APPLIED); /* again */
    assert_owner(&f, 3, "ann");
    fixture_close(&f);
}

static void a_group_that_changes_is_heeded(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_owner(&f, "near", "group=near"), ATP_APPLIED);
    uint64_t at_b = refuse(&f, "", 0, "B");
    assert_owner(&f, at_b, "nobody");
    assert_verdict(put_group(&f, "near", "B"), ATP_APPLIED);
    assert_owner(&f, at_b, "near");
    fixture_close(&f);
}

static void what_is_wrong_with_a_rule_is_named(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    char words[400] = "";

    assert_verdict(put_owner(&f, "x", "exception_kind=bad_weather"), ATP_ATTRIBUTE_OUT_OF_RANGE);
    assert_verdict(put_owner(&f, "x", "source=nobody"), ATP_UNKNOWN_SOURCE);
    assert_verdict(put_owner(&f, "x", "node=nowhere"), ATP_UNKNOWN_NODE);
    assert_verdict(put_owner(&f, "x", "group=nowhere"), ATP_UNKNOWN_GROUP);
    for (unsigned i = 0; i < ATP_OWNER_NODES_MAX + 1; i++) {
        (void)snprintf(words + strlen(words), sizeof words - strlen(words), "node=A ");
    }
    assert_verdict(put_owner(&f, "x", words), ATP_TOO_MANY_ATTRIBUTES);
    assert_verdict(put_owner(&f, "x", "dropped=yes"), ATP_UNKNOWN_OWNER);
    for (unsigned i = 0; i < ATP_EXCEPTION_OWNERS_MAX; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "o%u", i);
        assert_verdict(put_owner(&f, name, "exception_sla_ms=1000"), ATP_APPLIED);
    }
    assert_verdict(put_owner(&f, "one-too-many", ""), ATP_RULES_FULL);
    assert_int_equal(book_of(&f)->heads->owner_count, ATP_EXCEPTION_OWNERS_MAX);
    fixture_close(&f);
}

/* ---- in time ---- */

/* Pulses as long as one is due. */
static void let_pass(fixture_t *f, int64_t ms)
{
    f->now_ms += ms;
    while (atp_ledger_is_pulse_due(f->ledger, f->now_ms)) {
        pulse(f, 1000);
    }
}

static uint64_t told_overdue(const fixture_t *f, uint64_t *last)
{
    const atp_notices_t *notices = atp_ledger_notices(f->ledger);
    uint64_t found = 0;
    atp_notice_t notice;

    for (uint64_t i = 1; i <= atp_notices_newest(notices); i++) {
        if (atp_notices_read(notices, i, &notice) && notice.what == ATP_NOTICE_OVERDUE) {
            *last = notice.number;
            found++;
        }
    }
    return found;
}

static void one_that_is_not_settled_in_time_is_told_once(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    uint64_t last = 0;

    (void)refuse(&f, "wms", 1, "A");
    assert_verdict(put_owner(&f, "ann", "source=wms exception_sla_ms=14400000"), ATP_APPLIED);
    (void)refuse(&f, "pos", 1, "A");
    f.now_ms += HOUR_MS;
    (void)refuse(&f, "wms", 2, "A");
    let_pass(&f, 3 * HOUR_MS - 1);
    assert_int_equal(told_overdue(&f, &last), 0);
    let_pass(&f, 1); /* to the millisecond */
    assert_int_equal(told_overdue(&f, &last), 1);
    assert_int_equal(last, 1);
    assert_true(exception_at(&f, 1)->is_overdue && !exception_at(&f, 3)->is_overdue);
    let_pass(&f, 10 * HOUR_MS);
    assert_int_equal(told_overdue(&f, &last), 2);
    assert_int_equal(last, 3);
    let_pass(&f, 100 * HOUR_MS);
    assert_int_equal(told_overdue(&f, &last), 2); /* that of nobody never gets overdue */
    assert_int_equal(of_owner(&f, "ann").overdue, 2);
    assert_int_equal(of_owner(&f, "ann").oldest_ms, exception_at(&f, 1)->time_ms);
    assert_int_equal(atp_tallies_read(book_of(&f), ATP_TALLY_KIND, ATP_EXCEPTION_FACT_REFUSED).overdue, 2);
    assert_int_equal(atp_tallies_read(book_of(&f), ATP_TALLY_KIND, ATP_EXCEPTION_FACT_REFUSED).count, 3);
    assert_int_equal(atp_tallies_read(book_of(&f), ATP_TALLY_SOURCE, exception_at(&f, 1)->source).overdue, 2);
    settle_it(&f, 1);
    assert_int_equal(of_owner(&f, "ann").overdue, 1);
    assert_int_equal(of_owner(&f, "ann").oldest_ms, exception_at(&f, 3)->time_ms);
    assert_true(exception_at(&f, 1)->is_overdue); /* it was */
    fixture_close(&f);
}

static void one_that_is_settled_in_time_is_never_told(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    uint64_t last = 0;

    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=1000"), ATP_APPLIED);
    (void)refuse(&f, "", 0, "A");
    f.now_ms += 999;
    settle_it(&f, 1);
    let_pass(&f, HOUR_MS);
    assert_int_equal(told_overdue(&f, &last), 0);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    fixture_close(&f);
}

static void another_time_is_that_of_what_is_open_as_well(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    uint64_t last = 0;

    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=1000"), ATP_APPLIED);
    (void)refuse(&f, "", 0, "A");
    let_pass(&f, 1000);
    assert_int_equal(of_owner(&f, "ann").overdue, 1);
    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=5000"), ATP_APPLIED);
    assert_int_equal(of_owner(&f, "ann").overdue, 0);
    assert_false(exception_at(&f, 1)->is_overdue);
    let_pass(&f, 4000);
    assert_int_equal(told_overdue(&f, &last), 2); /* overdue again, and told again */
    assert_verdict(put_owner(&f, "ann", ""), ATP_APPLIED);
    assert_int_equal(of_owner(&f, "ann").overdue, 0);
    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=2000"), ATP_APPLIED);
    let_pass(&f, 0);
    assert_int_equal(told_overdue(&f, &last), 3);
    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=1999"), ATP_APPLIED);
    let_pass(&f, HOUR_MS);
    assert_int_equal(told_overdue(&f, &last), 3); /* it was, and is */
    fixture_close(&f);
}

/* ---- many ---- */

#define MANY 5000

static fixture_t open_with_many(void)
{
    atp_ledger_config_t config = fixture_config();
    config.exceptions = MANY + 100;
    config.outcomes = config.ids_per_client = 3 * MANY;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "S", "A", 10);
    f.is_unchecked = true;
    for (unsigned i = 0; i < MANY; i++) {
        (void)refuse(&f, "", 0, "A");
    }
    f.is_unchecked = false;
    return f;
}

static void many_are_given_anew_in_pieces_and_none_is_forgotten(void **state)
{
    (void)state;
    fixture_t f = open_with_many();

    assert_verdict(put_owner(&f, "ann", ""), ATP_APPLIED);
    uint32_t after_one = of_owner(&f, "ann").count;
    assert_true(after_one > 0 && after_one < MANY);
    settle_it(&f, 1);                                             /* given */
    settle_it(&f, MANY);                                          /* not given yet */
    settle_it(&f, MANY - 1);                                      /* the same */
    assert_verdict(put_owner(&f, "ben", "order=1"), ATP_APPLIED); /* meanwhile */
    uint64_t raised = refuse(&f, "", 0, "A");
    assert_owner(&f, raised, "ann");
    unsigned pulses = 0;
    while (atp_ledger_is_pulse_due(f.ledger, f.now_ms)) {
        pulse(&f, 1000);
        pulses++;
    }
    assert_true(pulses >= 3 && pulses <= 8);
    assert_int_equal(of_owner(&f, "ann").count, MANY - 2);
    assert_int_equal(of_owner(&f, "ben").count, 0);
    assert_owner(&f, raised, "ann");
    fixture_close(&f);
}

static void many_that_get_overdue_are_told_in_pieces(void **state)
{
    (void)state;
    fixture_t f = open_with_many();

    assert_verdict(put_owner(&f, "ann", "exception_sla_ms=1000"), ATP_APPLIED);
    f.is_unchecked = true;
    f.now_ms += HOUR_MS;
    pulse(&f, 1000);
    uint32_t overdue = of_owner(&f, "ann").overdue;
    assert_true(overdue > 0 && overdue < MANY);
    let_pass(&f, 0);
    f.is_unchecked = false;
    fixture_check(&f);
    assert_int_equal(of_owner(&f, "ann").overdue, MANY);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_fits_names_the_owner),
        cmocka_unit_test(an_alias_of_a_node_is_that_node),
        cmocka_unit_test(rules_that_change_go_for_what_is_open_and_not_for_what_is_settled),
        cmocka_unit_test(a_group_that_changes_is_heeded),
        cmocka_unit_test(what_is_wrong_with_a_rule_is_named),
        cmocka_unit_test(one_that_is_not_settled_in_time_is_told_once),
        cmocka_unit_test(one_that_is_settled_in_time_is_never_told),
        cmocka_unit_test(another_time_is_that_of_what_is_open_as_well),
        cmocka_unit_test(many_are_given_anew_in_pieces_and_none_is_forgotten),
        cmocka_unit_test(many_that_get_overdue_are_told_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

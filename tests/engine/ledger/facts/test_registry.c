/* Registered sources: what they claim, who is paused, who is silent. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>
#include <string.h>

static atp_result_t put_source(fixture_t *f, const char *source, const char *words)
{
    atp_command_t command = {.kind = ATP_OP_REGISTER_SOURCE, .subject = atp_text_of(source)};

    return do_with(f, command, words);
}

static uint32_t number_of(const fixture_t *f, const char *source)
{
    atp_text_t name = atp_text_of(source);
    uint32_t number;

    assert_true(atp_catalog_find_source(atp_ledger_catalog(f->ledger), name,
                                        atp_hash_text(name, atp_ledger_seed(f->ledger)), &number));
    return number;
}

static const atp_registration_t *registration_of(const fixture_t *f, const char *source)
{
    atp_source_record_t *record = atp_table_at(&atp_ledger_catalog(f->ledger)->sources, number_of(f, source));
    uint32_t link = atp_load_relaxed(&record->registration);

    assert_true(link != 0);
    return atp_registration_at(atp_ledger_registry(f->ledger), link - 1);
}

/* One fact in a batch of its own. */
static atp_result_t tell(fixture_t *f, const char *source, uint64_t sequence, atp_op_kind_t kind,
                         const char *sku, const char *node, atp_qty_t qty)
{
    atp_result_t opened = open_batch(f, source, 1, sequence);

    if (opened.verdict != ATP_APPLIED) {
        return opened;
    }
    f->in_source = true;
    atp_result_t result = fact(f, kind, sku, node, qty);
    f->in_source = false;
    fixture_end_frame(f);
    return result;
}

static bool is_stale(const fixture_t *f, const char *node)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(f->ledger);
    uint16_t number;

    assert_true(atp_catalog_find_node(catalog, atp_text_of(node),
                                      atp_hash_text(atp_text_of(node), atp_ledger_seed(f->ledger)), &number));
    atp_node_record_t *record = atp_table_at(&catalog->nodes, number);
    return (atp_load_relaxed(&record->state) & ATP_NODE_IS_STALE) != 0;
}

/* SKU S with 10 at each of A, B and C; group AB. */
static fixture_t open_with_nodes(void)
{
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 10);
    stock(&f, "S", "C", 10);
    assert_verdict(put_group(&f, "AB", "A B"), ATP_APPLIED);
    return f;
}

/* ---- claims ---- */

static void what_a_source_does_not_claim_is_kept_and_changes_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "wms", "claim=receipts node=A claim=sales group=AB"), ATP_APPLIED);
    assert_verdict(tell(&f, "wms", 1, ATP_OP_RECEIVE, "S", "A", 1), ATP_APPLIED);
    assert_verdict(tell(&f, "wms", 2, ATP_OP_SALE, "S", "B", 1), ATP_APPLIED);
    assert_verdict(tell(&f, "wms", 3, ATP_OP_RECEIVE, "S", "B", 1), ATP_OUTSIDE_AUTHORITY);
    assert_verdict(tell(&f, "wms", 4, ATP_OP_COUNT, "S", "A", 1), ATP_OUTSIDE_AUTHORITY);
    assert_verdict(tell(&f, "wms", 5, ATP_OP_SALE, "S", "C", 1), ATP_OUTSIDE_AUTHORITY);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 11);
    assert_int_equal(view_of(&f, "S", "B").on_hand, 9);
    assert_int_equal(view_of(&f, "S", "C").on_hand, 10);
    const atp_exception_t *exception = newest_exception(&f);
    assert_int_equal(exception->kind, ATP_EXCEPTION_OUTSIDE_AUTHORITY);
    assert_int_equal(exception->verdict, ATP_OUTSIDE_AUTHORITY);
    assert_int_equal(exception->source, number_of(&f, "wms") + 1);
    assert_int_equal(exception->sequence, 5);
    assert_true(exception->fact_first != 0);
    assert_int_equal(registration_of(&f, "wms")->facts, 5);
    assert_int_equal(registration_of(&f, "wms")->outside, 3);
    fixture_close(&f);
}

static void a_fact_is_replayed_when_the_claims_have_changed(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    atp_command_t replay = {.kind = ATP_OP_SETTLE_EXCEPTION, .subject = ATP_TEXT("1")};

    assert_verdict(put_source(&f, "pos", "claim=sales node=A"), ATP_APPLIED);
    assert_verdict(tell(&f, "pos", 1, ATP_OP_SALE, "S", "C", 4), ATP_OUTSIDE_AUTHORITY);
    assert_verdict(do_with(&f, replay, "settle=replay"), ATP_OUTSIDE_AUTHORITY);
    assert_int_equal(newest_exception(&f)->count, 2);
    assert_verdict(put_source(&f, "pos", "claim=sales node=A node=C"), ATP_APPLIED);
    assert_verdict(do_with(&f, replay, "settle=replay"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "C").on_hand, 6);
    assert_int_equal(registration_of(&f, "pos")->facts, 1);
    fixture_close(&f);
}

static void two_sources_do_not_claim_the_same_unless_both_share_it(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "erp", "claim=on_hand claim=receipts shared=yes"), ATP_APPLIED);
    assert_refused(put_source(&f, "wms", "claim=on_hand node=A"), ATP_AUTHORITY_TAKEN, ATP_FIELD_SOURCE);
    assert_int_equal(f.result.line, number_of(&f, "erp")); /* who has it */
    assert_verdict(put_source(&f, "wms", "claim=receipts node=A"), ATP_AUTHORITY_TAKEN);
    assert_verdict(put_source(&f, "wms", "claim=receipts shared=yes node=A"), ATP_APPLIED);
    assert_refused(put_source(&f, "pos", "claim=on_hand shared=yes"), ATP_ATTRIBUTE_NOT_TAKEN,
                   ATP_FIELD_ATTRIBUTE); /* counts are never shared */
    assert_verdict(put_source(&f, "erp", "claim=on_hand node=B"), ATP_APPLIED);
    assert_verdict(put_source(&f, "wms", "claim=on_hand group=AB"), ATP_AUTHORITY_TAKEN);
    assert_verdict(put_source(&f, "wms", "claim=on_hand node=A"), ATP_APPLIED);
    assert_verdict(put_source(&f, "erp", "dropped=yes"), ATP_APPLIED);
    assert_verdict(put_source(&f, "wms", "claim=on_hand group=AB"), ATP_APPLIED);
    fixture_close(&f);
}

static void a_group_does_not_grow_into_what_another_source_claims(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "erp", "claim=on_hand group=AB"), ATP_APPLIED);
    assert_verdict(put_source(&f, "wms", "claim=on_hand node=C"), ATP_APPLIED);
    assert_refused(put_group(&f, "AB", "A C"), ATP_AUTHORITY_TAKEN, ATP_FIELD_SOURCE);
    assert_int_equal(f.result.line, number_of(&f, "wms"));
    assert_verdict(put_group(&f, "AB", "B"), ATP_APPLIED);
    assert_verdict(tell(&f, "erp", 1, ATP_OP_COUNT, "S", "A", 1), ATP_OUTSIDE_AUTHORITY);
    assert_verdict(tell(&f, "erp", 2, ATP_OP_COUNT, "S", "B", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void what_is_said_badly_registers_nothing(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_refused(put_source(&f, "erp", "sla_ms=1000"), ATP_ATTRIBUTE_MISSING, ATP_FIELD_ATTRIBUTE);
    assert_refused(put_source(&f, "erp", "state=paused"), ATP_UNKNOWN_SOURCE, ATP_FIELD_SUBJECT);
    assert_refused(put_source(&f, "erp", "state=open"), ATP_UNKNOWN_SOURCE, ATP_FIELD_SUBJECT);
    assert_verdict(put_source(&f, "erp", "node=A claim=sales"), ATP_ATTRIBUTE_NOT_TAKEN);
    assert_verdict(put_source(&f, "erp", "claim=sales node=X"), ATP_UNKNOWN_NODE);
    assert_verdict(put_source(&f, "erp", "claim=sales group=X"), ATP_UNKNOWN_GROUP);
    assert_verdict(put_source(&f, "erp", "claim=sales shadow_of=nobody"), ATP_UNKNOWN_SOURCE);
    assert_verdict(put_source(&f, "erp", "dropped=yes"), ATP_UNKNOWN_SOURCE);
    assert_int_equal(counts_of(&f).sources, 0);
    fixture_close(&f);
}

static void steps_of_a_whole_reservation_are_claimed_where_its_lines_are(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();
    const atp_command_line_t lines[] = {line_of("S", "A", 2), line_of("S", "B", 1)};

    assert_verdict(reserve(&f, "one", "S", "A", 2), ATP_APPLIED);
    assert_verdict(reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "one"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "two"), ATP_APPLIED);
    assert_verdict(put_source(&f, "wms", "claim=steps node=A"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED);
    f.in_source = true;
    atp_command_t ship = {.kind = ATP_OP_SHIP, .is_fact = true, .reservation = ATP_TEXT("one")};
    assert_verdict(fixture_do(&f, ship), ATP_APPLIED);
    ship.reservation = ATP_TEXT("two");
    assert_verdict(fixture_do(&f, ship), ATP_OUTSIDE_AUTHORITY);
    ship.reservation = ATP_TEXT("three"); /* refused for what it names */
    assert_verdict(fixture_do(&f, ship), ATP_UNKNOWN_RESERVATION);
    f.in_source = false;
    fixture_close(&f);
}

static void sources_that_must_be_registered_are_not_listened_to_before(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.sources_must_be_registered = 1;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "S", "A", 10);
    assert_verdict(tell(&f, "new", 1, ATP_OP_SALE, "S", "A", 1), ATP_OUTSIDE_AUTHORITY);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 10);
    assert_verdict(put_source(&f, "new", "claim=sales"), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 2, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "dropped=yes"), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 3, ATP_OP_SALE, "S", "A", 1), ATP_OUTSIDE_AUTHORITY);
    fixture_close(&f);
}

/* ---- paused ---- */

static void too_many_facts_that_cannot_be_applied_pause_a_source_and_no_other(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "bad", "claim=sales shared=yes breaker=2 breaker_window_ms=8000"),
                   ATP_APPLIED);
    assert_verdict(put_source(&f, "good", "claim=sales shared=yes"), ATP_APPLIED);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_verdict(tell(&f, "bad", i, ATP_OP_SALE, "X", "A", 1), ATP_UNKNOWN_SKU);
    }
    assert_int_equal(registration_of(&f, "bad")->pause, ATP_PAUSE_BREAKER);
    assert_int_equal(counts_of(&f).exceptions_open, 4); /* three facts, and that it is paused */
    assert_verdict(tell(&f, "bad", 4, ATP_OP_SALE, "S", "A", 1), ATP_SOURCE_PAUSED);
    assert_false(f.took_op);
    assert_verdict(tell(&f, "bad", 3, ATP_OP_SALE, "S", "A", 1), ATP_DUPLICATE_IGNORED);
    assert_verdict(tell(&f, "good", 1, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    assert_verdict(put_source(&f, "bad", "state=open"), ATP_APPLIED);
    assert_verdict(tell(&f, "bad", 4, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED); /* its number was not taken */
    assert_int_equal(view_of(&f, "S", "A").on_hand, 8);
    fixture_close(&f);
}

static void what_is_older_than_the_window_does_not_pause(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "bad", "claim=sales breaker=2 breaker_window_ms=8000"), ATP_APPLIED);
    for (uint64_t i = 1; i <= 12; i++) {
        assert_verdict(tell(&f, "bad", i, ATP_OP_SALE, "X", "A", 1), ATP_UNKNOWN_SKU);
        f.now_ms += 5000;
    }
    assert_int_equal(registration_of(&f, "bad")->pause, ATP_PAUSE_NONE);
    assert_int_equal(registration_of(&f, "bad")->refused, 12);
    fixture_close(&f);
}

static void a_poison_fact_does_not_keep_the_rest_of_its_batch_from_being_applied(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "bad", "claim=sales breaker=1"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "bad", 1, 1), ATP_APPLIED);
    f.in_source = true;
    for (unsigned i = 0; i < 3; i++) {
        assert_verdict(fact(&f, ATP_OP_SALE, "X", "A", 1), ATP_UNKNOWN_SKU);
        assert_verdict(fact(&f, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    }
    f.in_source = false;
    assert_int_equal(view_of(&f, "S", "A").on_hand, 7);
    assert_int_equal(registration_of(&f, "bad")->pause, ATP_PAUSE_BREAKER);
    fixture_close(&f);
}

static void one_that_starts_over_is_asked_for_if_it_is_to_be(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "wms", "claim=sales restarts=asked"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 3, 1), ATP_APPLIED); /* the first epoch is any */
    assert_verdict(open_batch(&f, "wms", 4, 1), ATP_SOURCE_PAUSED);
    assert_true(f.took_op);
    f.in_source = true;
    assert_verdict(fact(&f, ATP_OP_SALE, "S", "A", 1), ATP_SOURCE_PAUSED);
    f.in_source = false;
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SOURCE_PAUSED);
    assert_int_equal(newest_exception(&f)->epoch, 4);
    assert_verdict(open_batch(&f, "wms", 4, 1), ATP_SOURCE_PAUSED);
    assert_false(f.took_op); /* told once */
    assert_verdict(put_source(&f, "wms", "state=open"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 4, 1), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 5, 1), ATP_SOURCE_PAUSED); /* that is another one */
    fixture_close(&f);
}

/* ---- silent ---- */

static void a_source_that_is_not_heard_makes_its_nodes_stale_once(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "wms", "claim=on_hand group=AB claim=sales sla_ms=60000"), ATP_APPLIED);
    f.now_ms += 59999;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_false(is_stale(&f, "A"));
    f.now_ms += 1;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_true(is_stale(&f, "A") && is_stale(&f, "B"));
    assert_false(is_stale(&f, "C")); /* it does not count there */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SOURCE_SILENT);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms + 59999));
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_int_equal(counts_of(&f).exceptions_open, 1);
    assert_verdict(put_group(&f, "AB", "B C"), ATP_APPLIED);
    assert_true(!is_stale(&f, "A") && is_stale(&f, "C"));
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_APPLIED); /* nothing in it: it is there */
    assert_true(!is_stale(&f, "B") && !is_stale(&f, "C"));
    assert_int_equal(counts_of(&f).exceptions_open, 0);
    f.now_ms += 60000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_true(is_stale(&f, "B"));
    assert_verdict(put_source(&f, "wms", "dropped=yes"), ATP_APPLIED);
    assert_false(is_stale(&f, "B"));
    assert_int_equal(counts_of(&f).exceptions_open, 0);
    fixture_close(&f);
}

static void a_paused_source_gets_silent_too(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "wms", "claim=on_hand sla_ms=1000 state=paused"), ATP_APPLIED);
    assert_verdict(open_batch(&f, "wms", 1, 1), ATP_SOURCE_PAUSED);
    f.now_ms += 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_true(is_stale(&f, "A"));
    put_channel(&f, "web", 0);
    assert_int_equal(view(&f, "web", "S").stock, 30); /* what is stale is still sold */
    assert_verdict(put_node(&f, "D", ATP_NODE_OPEN), ATP_APPLIED);
    assert_true(is_stale(&f, "D")); /* it claims counts everywhere */
    assert_verdict(put_source(&f, "wms", "sla_ms=0"), ATP_APPLIED);
    assert_false(is_stale(&f, "A"));
    fixture_close(&f);
}

/* ---- what channels do where it is stale ---- */

/* 10 at A, where counts are stale, and 4 at B; channels that go on, hold 3 and a quarter back, stop. */
static fixture_t open_stale(void)
{
    fixture_t f = fixture_open_journaled(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 4);
    assert_verdict(put_channel_with(&f, "on", ""), ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "held", "on_stale=buffer stale_buffer=3 stale_percent=25"),
                   ATP_APPLIED);
    assert_verdict(put_channel_with(&f, "stop", "on_stale=stop"), ATP_APPLIED);
    assert_verdict(put_source(&f, "wms", "claim=on_hand node=A sla_ms=1000"), ATP_APPLIED);
    assert_int_equal(sees(&f, "stop", "S"), 14);
    f.now_ms += 1000;
    assert_verdict(pulse(&f, 100), ATP_APPLIED);
    assert_true(is_stale(&f, "A"));
    return f;
}

static void a_channel_goes_on_holds_back_or_stops_where_it_is_stale(void **state)
{
    (void)state;
    fixture_t f = open_stale();

    assert_int_equal(sees(&f, "on", "S"), 14);
    assert_int_equal(sees(&f, "held", "S"), 8); /* 10 less 3 and less 3, and 4 */
    assert_int_equal(sees(&f, "stop", "S"), 4);
    assert_verdict(sell(&f, "on", "r1", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(sell(&f, "held", "r2", "S", "A", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "held", "r3", "S", "A", 3, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_verdict(sell(&f, "held", "r4", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "stop", "r5", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "on", "r6", "S", "A", 6, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").reserved, 10);
    fixture_close(&f);
}

static void an_answer_says_that_it_was_decided_where_it_is_stale(void **state)
{
    (void)state;
    fixture_t f = open_stale();

    assert_verdict(sell(&f, "on", "r1", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(f.result.is_stale, 1);
    assert_verdict(sell(&f, "on", "r1", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_true(f.result.is_repeat && f.result.is_stale); /* the first answer again */
    assert_verdict(sell(&f, "held", "r2", "S", "A", 9, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(f.result.is_stale, 1);
    assert_verdict(sell(&f, "stop", "r3", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(f.result.is_stale, 1);
    assert_verdict(sell(&f, "stop", "r4", "S", "B", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(f.result.is_stale, 0);
    assert_verdict(tell(&f, "wms", 1, ATP_OP_COUNT, "S", "A", 7), ATP_APPLIED);
    assert_verdict(sell(&f, "on", "r5", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(f.result.is_stale, 0);
    fixture_close(&f);
}

static void what_is_left_open_is_served_where_it_is_not_stale(void **state)
{
    (void)state;
    fixture_t f = open_stale();

    assert_verdict(sell(&f, "stop", "r1", "S", "", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "B").reserved, 4);
    assert_verdict(sell(&f, "stop", "r2", "S", "", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(f.result.is_stale,
                     1); /* refused by what the channel sees, before a node was looked at */
    assert_verdict(sell(&f, "held", "r3", "S", "", 9, ATP_RESERVE_PARTIAL), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.qty, 4);
    fixture_close(&f);
}

static void when_the_source_is_heard_again_all_is_as_before(void **state)
{
    (void)state;
    fixture_t f = open_stale();

    assert_verdict(tell(&f, "wms", 1, ATP_OP_COUNT, "S", "A", 7), ATP_APPLIED);
    assert_int_equal(sees(&f, "held", "S"), 11);
    assert_verdict(sell(&f, "stop", "r1", "S", "A", 7, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

static void beyond_stock_goes_on_where_stock_is_held_back_and_ends_where_it_stops(void **state)
{
    (void)state;
    fixture_t f = open_stale();
    const atp_command_line_t line = line_of("S", "A", 5);
    atp_command_t limit = {.kind = ATP_OP_LIMIT, .lines = &line, .line_count = 1};

    assert_verdict(fixture_do(&f, limit), ATP_APPLIED);
    assert_verdict(sell(&f, "stop", "r1", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING), ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "held", "r2", "S", "A", 10, ATP_RESERVE_ALL_OR_NOTHING),
                   ATP_NOT_ENOUGH_AVAILABLE);
    assert_verdict(sell(&f, "held", "r3", "S", "A", 9, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- shadows ---- */

static const atp_difference_t *difference_at(const fixture_t *f, uint32_t number)
{
    const atp_differences_t *differences = atp_ledger_differences(f->ledger);

    assert_true(number < atp_table_count(&differences->records));
    return atp_table_at(&differences->records, number);
}

static void a_shadow_is_compared_and_not_applied_until_it_is_cut_over(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "old", "claim=on_hand claim=sales claim=receipts"), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "claim=on_hand claim=sales claim=receipts"), ATP_AUTHORITY_TAKEN);
    assert_verdict(put_source(&f, "new", "claim=on_hand claim=sales claim=receipts shadow_of=old"),
                   ATP_APPLIED);
    assert_verdict(tell(&f, "old", 1, ATP_OP_SALE, "S", "A", 2), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 1, ATP_OP_SALE, "S", "A", 2), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 8);
    assert_false(atp_difference_is_one(difference_at(&f, 0)));
    assert_verdict(tell(&f, "new", 2, ATP_OP_RECEIVE, "S", "A", 5), ATP_CONFIRMED);
    assert_true(atp_difference_is_one(difference_at(&f, 0)));
    assert_int_equal(difference_at(&f, 0)->applied, -2);
    assert_int_equal(difference_at(&f, 0)->shadowed, 3);
    assert_verdict(tell(&f, "new", 3, ATP_OP_COUNT, "S", "B", 4), ATP_CONFIRMED);
    assert_true(atp_difference_is_one(difference_at(&f, 1)));
    assert_verdict(tell(&f, "old", 2, ATP_OP_COUNT, "S", "B", 4), ATP_APPLIED);
    assert_false(atp_difference_is_one(difference_at(&f, 1)));
    assert_verdict(tell(&f, "new", 4, ATP_OP_SALE, "X", "A", 1),
                   ATP_CONFIRMED); /* nothing to compare it with */
    assert_int_equal(registration_of(&f, "new")->not_compared, 1);
    assert_int_equal(registration_of(&f, "new")->compared, 5);
    assert_verdict(put_source(&f, "new", "cut_over=yes"), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 5, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    assert_verdict(tell(&f, "old", 3, ATP_OP_SALE, "S", "A", 1), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 7);
    assert_int_equal(registration_of(&f, "old")->compared, 2);                 /* begun anew */
    assert_verdict(put_source(&f, "new", "cut_over=yes"), ATP_UNKNOWN_SOURCE); /* it is no shadow */
    assert_verdict(put_source(&f, "old", "cut_over=yes"), ATP_APPLIED);        /* and back */
    assert_verdict(tell(&f, "old", 4, ATP_OP_SALE, "S", "A", 1), ATP_APPLIED);
    fixture_close(&f);
}

static atp_verdict_t replay(fixture_t *f, const char *number)
{
    return do_with(f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = atp_text_of(number)},
                   "settle=replay")
        .verdict;
}

/* What the old one told was to be applied, what the new one told was told by the old one too: whoever is applied when a
 * person has put it right. */
static void what_is_replayed_after_a_cut_over_is_neither_lost_nor_applied_twice(void **state)
{
    (void)state;
    fixture_t f = open_with_nodes();

    assert_verdict(put_source(&f, "old", "claim=sales claim=receipts"), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "claim=receipts shadow_of=old"), ATP_APPLIED);
    assert_verdict(tell(&f, "old", 1, ATP_OP_RECEIVE, "T", "A", 5), ATP_UNKNOWN_SKU);
    assert_verdict(tell(&f, "new", 1, ATP_OP_RECEIVE, "T", "A", 5), ATP_CONFIRMED);
    assert_verdict(tell(&f, "old", 2, ATP_OP_SALE, "S", "A", 2), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 2, ATP_OP_SALE, "S", "A", 2), ATP_OUTSIDE_AUTHORITY);
    assert_verdict(put_source(&f, "new", "cut_over=yes"), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "claim=receipts claim=sales"), ATP_APPLIED);
    assert_verdict(put_sku(&f, "T", 0), ATP_APPLIED);
    assert_int_equal(replay(&f, "1"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "T", "A").on_hand, 5);
    assert_int_equal(replay(&f, "2"), ATP_CONFIRMED);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 8);
    fixture_close(&f);
}

static void what_finds_no_room_to_be_compared_is_counted(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.differences = 1;
    fixture_t f = fixture_open_journaled(&config);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 10);
    assert_verdict(put_source(&f, "old", "claim=sales"), ATP_APPLIED);
    assert_verdict(put_source(&f, "new", "claim=sales shadow_of=old"), ATP_APPLIED);
    assert_verdict(tell(&f, "old", 1, ATP_OP_SALE, "S", "A", 2), ATP_APPLIED);
    assert_verdict(tell(&f, "new", 1, ATP_OP_SALE, "S", "B", 2), ATP_CONFIRMED);
    assert_int_equal(registration_of(&f, "new")->not_compared, 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_source_does_not_claim_is_kept_and_changes_nothing),
        cmocka_unit_test(a_fact_is_replayed_when_the_claims_have_changed),
        cmocka_unit_test(two_sources_do_not_claim_the_same_unless_both_share_it),
        cmocka_unit_test(a_group_does_not_grow_into_what_another_source_claims),
        cmocka_unit_test(what_is_said_badly_registers_nothing),
        cmocka_unit_test(steps_of_a_whole_reservation_are_claimed_where_its_lines_are),
        cmocka_unit_test(sources_that_must_be_registered_are_not_listened_to_before),
        cmocka_unit_test(too_many_facts_that_cannot_be_applied_pause_a_source_and_no_other),
        cmocka_unit_test(what_is_older_than_the_window_does_not_pause),
        cmocka_unit_test(a_poison_fact_does_not_keep_the_rest_of_its_batch_from_being_applied),
        cmocka_unit_test(one_that_starts_over_is_asked_for_if_it_is_to_be),
        cmocka_unit_test(a_source_that_is_not_heard_makes_its_nodes_stale_once),
        cmocka_unit_test(a_paused_source_gets_silent_too),
        cmocka_unit_test(a_shadow_is_compared_and_not_applied_until_it_is_cut_over),
        cmocka_unit_test(what_is_replayed_after_a_cut_over_is_neither_lost_nor_applied_twice),
        cmocka_unit_test(what_finds_no_room_to_be_compared_is_counted),
        cmocka_unit_test(an_answer_says_that_it_was_decided_where_it_is_stale),
        cmocka_unit_test(a_channel_goes_on_holds_back_or_stops_where_it_is_stale),
        cmocka_unit_test(what_is_left_open_is_served_where_it_is_not_stale),
        cmocka_unit_test(when_the_source_is_heard_again_all_is_as_before),
        cmocka_unit_test(beyond_stock_goes_on_where_stock_is_held_back_and_ends_where_it_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Archived reservations: when they are, what returns find of them, what becomes of the oldest ones. */
#include "tests/engine/ledger/kits/kit_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>

#define AFTER_MS (INT64_C(30) * 24 * 3600 * 1000) /* as the fixture is configured */

/* r: `qty` units of S from N, allocated and shipped; M has some too. */
static void ship(fixture_t *f, const char *id, const char *words, atp_qty_t qty)
{
    assert_verdict(reserve_with(f, id, "S", "N", qty, ATP_RESERVE_ALL_OR_NOTHING, words), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_ALLOCATE, id), ATP_APPLIED);
    assert_verdict(step_all(f, ATP_OP_SHIP, id), ATP_APPLIED);
}

static fixture_t shipped(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 100);
    stock(&f, "S", "M", 0);
    ship(&f, "r", "", qty);
    return f;
}

/* One whose postings were reconciled long ago. */
static fixture_t archived(atp_qty_t qty)
{
    fixture_t f = shipped(qty);

    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    assert_verdict(pulse(&f, 1000), ATP_APPLIED);
    assert_non_null(atp_ledger_find_archived(f.ledger, ATP_TEXT("r")));
    return f;
}

static bool is_here(const fixture_t *f, const char *id)
{
    uint32_t number;

    return atp_ledger_find_reservation(f->ledger, atp_text_of(id), &number);
}

static bool is_archived(const fixture_t *f, const char *id)
{
    return atp_ledger_find_archived(f->ledger, atp_text_of(id)) != NULL;
}

/* Line `i` of an archived reservation. */
static const atp_archived_line_t *kept(const fixture_t *f, const char *id, uint32_t i)
{
    const atp_archived_t *found = atp_ledger_find_archived(f->ledger, atp_text_of(id));

    assert_non_null(found);
    return atp_archive_line(&atp_ledger_reservations(f->ledger)->archive, found, i);
}

static atp_result_t give_back(fixture_t *f, bool is_fact, const char *id, const char *node, atp_qty_t qty)
{
    return step_with(f, ATP_OP_RETURN, is_fact, id, "S", node, qty, "disposition=restock");
}

/* ---- when ---- */

static void it_is_archived_when_its_postings_have_been_reconciled_for_the_stated_time(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    f.now_ms += 2 * AFTER_MS;
    pulse(&f, 1000);
    assert_true(is_here(&f, "r")); /* nobody has confirmed the shipment */
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS - 1;
    pulse(&f, 1000);
    assert_true(is_here(&f, "r"));
    f.now_ms++;
    pulse(&f, 1000);
    assert_false(is_here(&f, "r"));
    assert_true(is_archived(&f, "r"));
    assert_int_equal(kept(&f, "r", 0)->shipped, 3);
    assert_int_equal(counts_of(&f).reservations_archived, 1);
    assert_int_equal(counts_of(&f).reservations_ended, 0);
    fixture_close(&f);
}

static void a_pulse_is_due_for_it(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    int64_t due_ms = f.now_ms + AFTER_MS;
    f.now_ms += 8 * 24 * 3600 * 1000;
    pulse(&f, 1000); /* outcomes are forgotten on the way */
    assert_false(atp_ledger_is_pulse_due(f.ledger, due_ms - 1));
    assert_true(atp_ledger_is_pulse_due(f.ledger, due_ms));
    fixture_close(&f);
}

static void what_comes_back_meanwhile_has_to_be_reconciled_first(void **state)
{
    (void)state;
    fixture_t f = shipped(3);

    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS - 1;
    assert_verdict(give_back(&f, false, "r", "N", 1), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_true(is_here(&f, "r"));
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_true(is_archived(&f, "r"));
    assert_int_equal(kept(&f, "r", 0)->returned, 1);
    fixture_close(&f);
}

static void one_of_which_nothing_left_is_not_archived(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", 10);
    assert_verdict(reserve(&f, "r", "S", "N", 3), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_true(is_here(&f, "r"));
    assert_refused(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_ALREADY_RELEASED, ATP_FIELD_RESERVATION);
    fixture_close(&f);
}

static void a_pulse_archives_no_more_than_its_limit(void **state)
{
    (void)state;
    fixture_t f = shipped(1);

    ship(&f, "s", "", 1);
    ship(&f, "t", "", 1);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "t"), ATP_APPLIED); /* they go in this order */
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "s"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 3); /* a reservation and its line: two of them */
    assert_true(is_archived(&f, "t") && is_archived(&f, "r") && is_here(&f, "s"));
    pulse(&f, 3);
    assert_true(is_archived(&f, "s"));
    fixture_close(&f);
}

static void the_stated_time_can_be_changed(void **state)
{
    (void)state;
    fixture_t f = shipped(1);
    atp_ledger_config_t config = *atp_ledger_config(f.ledger);

    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    config.archive_after_ms = 1000;
    atp_op_encode_config(f.record, ATP_OP_CONFIGURE, &config);
    assert_verdict(fixture_apply(&f, f.record), ATP_APPLIED);
    f.now_ms += 1000;
    pulse(&f, 1000);
    assert_true(is_archived(&f, "r"));
    config.archive_after_ms = -1;
    atp_op_encode_config(f.record, ATP_OP_CONFIGURE, &config);
    assert_verdict(fixture_apply(&f, f.record), ATP_MALFORMED);
    fixture_close(&f);
}

/* ---- room ---- */

static void where_room_is_needed_the_one_goes_that_ended_or_was_reconciled_longest_ago(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.reservations = 4;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 100);
    ship(&f, "shipped", "", 2);
    f.now_ms++;
    ship(&f, "r", "", 3);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms++;
    assert_verdict(reserve(&f, "released", "S", "N", 1), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RELEASE, "released"), ATP_APPLIED);
    f.now_ms++;
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "N", 1), ATP_APPLIED);
    assert_true(
        is_archived(&f, "shipped")); /* nobody has confirmed that it left: returns find it all the same */
    assert_verdict(give_back(&f, false, "shipped", "N", 2), ATP_APPLIED);
    assert_true(is_here(&f, "r"));
    assert_verdict(reserve(&f, "c", "S", "N", 1), ATP_APPLIED);
    assert_true(is_archived(&f, "r") && is_here(&f, "released")); /* before its time */
    assert_verdict(reserve(&f, "d", "S", "N", 1), ATP_APPLIED);
    assert_true(!is_here(&f, "released") && !is_archived(&f, "released"));
    assert_refused(reserve(&f, "e", "S", "N", 1), ATP_RESERVATIONS_FULL, ATP_FIELD_NONE);
    fixture_close(&f);
}

static void when_the_archive_is_full_the_oldest_goes_and_is_counted(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.archive = 2;
    fixture_t f = fixture_open(&config);
    int64_t first_ms = 0;

    stock(&f, "S", "N", 100);
    for (unsigned i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        ship(&f, id, "", 1);
        assert_verdict(step_all(&f, ATP_OP_RECONCILE, id), ATP_APPLIED);
        f.now_ms += AFTER_MS;
        pulse(&f, 1000);
        first_ms = i == 2 ? f.now_ms : first_ms;
    }
    assert_true(is_archived(&f, "r4") && is_archived(&f, "r3") && !is_archived(&f, "r2"));
    assert_int_equal(counts_of(&f).reservations_archived, 2);
    assert_int_equal(counts_of(&f).archive_forgotten, 3);
    assert_int_equal(counts_of(&f).archive_floor_ms, first_ms);
    assert_refused(give_back(&f, false, "r0", "N", 1), ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    assert_verdict(give_back(&f, true, "r0", "N", 1),
                   ATP_APPLIED); /* a blind one, and a person looks at it */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT);
    assert_memory_equal(newest_exception(&f)->reservations[0], "r0", 2);
    fixture_close(&f);
}

static void when_its_lines_are_full_as_many_go_as_need_be(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.archive = 2; /* eight lines */
    fixture_t f = fixture_open(&config);
    static const char *const nodes[] = {"N", "M", "O", "P", "Q", "R", "T", "U", "V"};
    static const unsigned counts[] = {3, 4, 7, 9};

    for (unsigned i = 0; i < 9; i++) {
        stock(&f, "S", nodes[i], 10);
    }
    for (unsigned i = 0; i < 4; i++) {
        atp_command_line_t lines[9];
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        for (unsigned line = 0; line < counts[i]; line++) {
            lines[line] = line_of("S", nodes[line], 1);
        }
        assert_verdict(reserve_lines(&f, id, ATP_RESERVE_ALL_OR_NOTHING, counts[i], lines), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_ALLOCATE, id), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_SHIP, id), ATP_APPLIED);
        assert_verdict(step_all(&f, ATP_OP_RECONCILE, id), ATP_APPLIED);
        f.now_ms += AFTER_MS;
        pulse(&f, 1000);
        if (i == 1) {
            assert_true(is_archived(&f, "r0") && is_archived(&f, "r1"));
        } else if (i == 2) {
            assert_true(!is_archived(&f, "r0") && !is_archived(&f, "r1") && is_archived(&f, "r2"));
        }
    }
    assert_false(is_archived(&f, "r3")); /* no archive of this size has room for it */
    assert_true(is_archived(&f, "r2"));
    assert_int_equal(counts_of(&f).archive_forgotten, 3);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r2", "S", "N", 7, ""), ATP_APPLIED);
    fixture_close(&f);
}

/* ---- returns ---- */

static void a_return_finds_it_and_checks_the_quantities(void **state)
{
    (void)state;
    fixture_t f = archived(3);

    assert_refused(give_back(&f, false, "r", "N", 4), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    put_sku(&f, "other", 0);
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "other", "N", 1, ""), ATP_UNKNOWN_LINE,
                   ATP_FIELD_LINES);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 97);
    assert_verdict(give_back(&f, false, "r", "M", 2), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "M").on_hand, 2);
    assert_int_equal(kept(&f, "r", 0)->returned, 2);
    assert_refused(give_back(&f, false, "r", "N", 2), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_int_equal(step_with(&f, ATP_OP_RETURN, false, "r", "S", "N", 0, "disposition=restock").qty, 1);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 98);
    assert_refused(give_back(&f, false, "r", "N", 1), ATP_ALREADY_RETURNED, ATP_FIELD_LINES);
    assert_refused(step_all(&f, ATP_OP_RETURN, "r"), ATP_ALREADY_RETURNED, ATP_FIELD_RESERVATION);
    assert_int_equal(counts_of(&f).exceptions, 0);
    fixture_close(&f);
}

static void of_a_fact_a_second_report_confirms_and_more_than_left_is_an_exception(void **state)
{
    (void)state;
    fixture_t f = archived(3);

    assert_verdict(give_back(&f, true, "r", "N", 2), ATP_APPLIED);
    assert_verdict(give_back(&f, true, "r", "N", 1), ATP_APPLIED);
    assert_verdict(give_back(&f, true, "r", "N", 3), ATP_CONFIRMED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, true, "r", "S", "N", 0, ""), ATP_CONFIRMED);
    assert_int_equal(counts_of(&f).exceptions, 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 100);
    assert_verdict(give_back(&f, true, "r", "N", 5), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 105); /* it is there, whatever the ledger thinks */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT);
    assert_int_equal(newest_exception(&f)->qty, 5);
    assert_memory_equal(newest_exception(&f)->reservations[0], "r", 1);
    fixture_close(&f);
}

static void any_other_step_is_told_that_it_is_archived(void **state)
{
    (void)state;
    static const atp_op_kind_t kinds[] = {ATP_OP_ALLOCATE, ATP_OP_RELEASE,   ATP_OP_CANCEL, ATP_OP_SHIP,
                                          ATP_OP_DELIVER,  ATP_OP_RECONCILE, ATP_OP_SHORT};
    fixture_t f = archived(3);

    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        assert_refused(step_all(&f, kinds[i], "r"), ATP_ARCHIVED, ATP_FIELD_RESERVATION);
        assert_refused(step_all(&f, kinds[i], "unknown"), ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    }
    assert_refused(extend(&f, "r", 1000), ATP_ARCHIVED, ATP_FIELD_RESERVATION);
    assert_refused(edit(&f, "r", "S", "N", 2, ""), ATP_ARCHIVED, ATP_FIELD_RESERVATION);
    assert_verdict(step_fact(&f, ATP_OP_RECONCILE, "r", "S", "N", 1), ATP_ARCHIVED); /* and is kept */
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_FACT_REFUSED);
    assert_int_equal(newest_exception(&f)->verdict, ATP_ARCHIVED);
    fixture_close(&f);
}

static void its_id_may_be_used_again_and_then_means_the_newer_one(void **state)
{
    (void)state;
    fixture_t f = archived(3);

    ship(&f, "r", "", 5);
    assert_verdict(give_back(&f, false, "r", "N", 4), ATP_APPLIED); /* of the one that is here */
    assert_int_equal(kept(&f, "r", 0)->returned, 0);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_int_equal(counts_of(&f).reservations_archived, 2);
    assert_int_equal(kept(&f, "r", 0)->shipped, 5);
    fixture_close(&f);
}

static void kits_come_back_by_their_components(void **state)
{
    (void)state;
    fixture_t f = open_with_kit(); /* K = 2 A + 1 B */

    stock(&f, "A", "N", 20);
    stock(&f, "K", "N", 1);
    assert_verdict(reserve(&f, "r", "K", "N", 4), ATP_APPLIED); /* one stocked, three put together */
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 14);
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 5, ""), ATP_NOT_THAT_MANY,
                   ATP_FIELD_QTY);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 2, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "K", "N").on_hand, 1);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 16);
    assert_int_equal(view_of(&f, "B", "N").on_hand, 7);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "A", "N", 1, "disposition=restock"), ATP_APPLIED);
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 2, ""), ATP_NOT_THAT_MANY,
                   ATP_FIELD_QTY);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 1, "disposition=restock"), ATP_APPLIED);
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 0, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "A", "N").on_hand, 20);
    assert_int_equal(view_of(&f, "B", "N").on_hand, 9);
    fixture_close(&f);
}

/* One kit brought back the parts of one from each node where kits of the reservation had been put together. */
static void kits_of_several_nodes_come_back_one_by_one(void **state)
{
    (void)state;
    fixture_t f = open_with_kit(); /* K = 2 A + 1 B */
    const atp_command_line_t line = line_of("K", "N", 1);

    stock(&f, "A", "N", 20);
    stock(&f, "A", "M", 20);
    stock(&f, "B", "M", 9);
    assert_verdict(reserve(&f, "r", "K", "N", 3), ATP_APPLIED);
    assert_verdict(
        do_with(&f,
                (atp_command_t){
                    .kind = ATP_OP_REASSIGN, .reservation = ATP_TEXT("r"), .line_count = 1, .lines = &line},
                "M"),
        ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    assert_true(is_archived(&f, "r"));
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "K", "N", 4, ""), ATP_NOT_THAT_MANY,
                   ATP_FIELD_QTY);
    for (atp_qty_t back = 1; back <= 3; back++) {
        assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "K", "M", 1, "disposition=restock"),
                       ATP_APPLIED);
        assert_int_equal(view_of(&f, "A", "M").on_hand, 18 + 2 * back);
        assert_int_equal(view_of(&f, "B", "M").on_hand, 8 + back);
    }
    assert_refused(step_with(&f, ATP_OP_RETURN, false, "r", "K", "M", 1, ""), ATP_ALREADY_RETURNED,
                   ATP_FIELD_LINES);
    fixture_check(&f);
    fixture_close(&f);
}

/* ---- finding ---- */

static unsigned archived_of_order(const fixture_t *f, const char *order)
{
    const atp_archive_t *archive = &atp_ledger_reservations(f->ledger)->archive;
    atp_text_t text = atp_text_of(order);
    const atp_archived_t *found =
        atp_archive_find_order(archive, text, atp_hash_text(text, atp_ledger_seed(f->ledger)));
    unsigned count = 0;

    for (; found != NULL; found = atp_archive_next_of_order(archive, found)) {
        count++;
    }
    return count;
}

static void it_is_found_by_its_order(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.archive = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 100);
    for (unsigned i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        ship(&f, id, i == 3 ? "order_id=o-2" : "order_id=o-1", 1);
        assert_verdict(step_all(&f, ATP_OP_RECONCILE, id), ATP_APPLIED);
    }
    f.now_ms += AFTER_MS;
    pulse(&f, 4);
    assert_int_equal(archived_of_order(&f, "o-1"), 2);
    pulse(&f, 1000);
    assert_int_equal(archived_of_order(&f, "o-1"), 2); /* r2 and r4: the others are gone */
    assert_int_equal(archived_of_order(&f, "o-2"), 1);
    assert_int_equal(archived_of_order(&f, "o-3"), 0);
    assert_refused(step_with(&f, ATP_OP_CANCEL, false, "", "S", "N", 0, "order_id=o-1"), ATP_ARCHIVED,
                   ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

static void its_history_is_kept_as_long_as_the_steps_are(void **state)
{
    (void)state;
    fixture_t f = archived(3);
    const atp_archived_t *found = atp_ledger_find_archived(f.ledger, ATP_TEXT("r"));
    const atp_history_t *history = &atp_ledger_reservations(f.ledger)->history;
    static const atp_step_t steps[] = {ATP_STEP_RECONCILE, ATP_STEP_SHIP, ATP_STEP_ALLOCATE,
                                       ATP_STEP_RESERVE};
    const atp_history_step_t *step = atp_history_step(history, found->last_step);

    for (unsigned i = 0; i < 4; i++) {
        assert_non_null(step);
        assert_int_equal(step->step, steps[i]);
        step = atp_history_before(history, step);
    }
    assert_null(step);
    fixture_close(&f);
}

static void a_restored_ledger_has_the_same_archive(void **state)
{
    (void)state;
    fixture_t f = archived(3);
    fixture_t g = fixture_open_empty(NULL);
    atp_table_t *from[ATP_LEDGER_TABLES];
    atp_table_t *to[ATP_LEDGER_TABLES];
    atp_why_t why = {""};

    ship(&f, "r", "order_id=o", 5); /* the same id again */
    ship(&f, "s", "order_id=o", 1);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "r"), ATP_APPLIED);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "s"), ATP_APPLIED);
    f.now_ms += AFTER_MS;
    pulse(&f, 1000);
    atp_ledger_tables(f.ledger, from);
    atp_ledger_tables(g.ledger, to);
    for (unsigned i = 0; i < ATP_LEDGER_TABLES; i++) {
        uint32_t size = atp_table_piece_size(from[i]);
        for (uint64_t piece = 0; piece < atp_table_piece_count(from[i]); piece++) {
            assert_int_equal(atp_table_restore_piece(to[i], piece, from[i]->base + piece * size, size),
                             ATP_OK);
        }
        assert_int_equal(atp_table_restore_count(to[i], atp_table_count(from[i])), ATP_OK);
    }
    assert_int_equal(atp_ledger_rebuild(g.ledger, &why), ATP_OK);
    assert_int_equal(atp_ledger_hash(f.ledger), atp_ledger_hash(g.ledger));
    g.now_ms = f.now_ms;
    fixture_check(&g);
    assert_int_equal(archived_of_order(&g, "o"), 2);
    assert_int_equal(kept(&g, "r", 0)->shipped, 5);
    assert_verdict(give_back(&g, false, "r", "N", 5), ATP_APPLIED);
    fixture_close(&g);
    fixture_close(&f);
}

/* What atp_ledger_check says of it once `record` is spoilt. */
#define broken_by(number, record, change)                                                                    \
    do {                                                                                                     \
        atp_why_t why = {""};                                                                                \
        __typeof__(record) before = (record);                                                                \
        change;                                                                                              \
        assert_int_equal(atp_ledger_check(f.ledger, &why), ATP_ERR_CORRUPT);                                 \
        assert_memory_equal(why.text, number, 2);                                                            \
        (record) = before;                                                                                   \
    } while (0)

static void its_invariants_are_checked(void **state)
{
    (void)state;
    fixture_t f = archived(3);
    atp_archive_t *archive = &f.ledger->reservations.archive;
    atp_archived_t *record = atp_table_at(&archive->records, 0);
    atp_archived_line_t *line = atp_table_at(&archive->lines, 0);

    ship(&f, "s", "", 1);
    assert_verdict(step_all(&f, ATP_OP_RECONCILE, "s"), ATP_APPLIED);
    atp_reservation_heads_t *heads = f.ledger->reservations.heads;
    atp_reservation_t *reservation =
        atp_reservation_at(atp_ledger_reservations(f.ledger), reservation_of(&f, "s"));
    broken_by("A1", *record, record->number++);
    broken_by("A1", *record, record->archived_ms = f.now_ms + 1);
    broken_by("A2", *record, record->id[0] = 'x');
    broken_by("A3", *line, line->returned = 4);
    broken_by("A3", *line, line->returned = -1);
    broken_by("H1", *heads, heads->reconciled_count++);
    broken_by("H1", *heads, heads->reconciled_last = 0);
    broken_by("H6", *reservation, reservation->is_reconciled = 0);
    broken_by("H6", *reservation, reservation->deadline_ms = f.now_ms + 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_archived_when_its_postings_have_been_reconciled_for_the_stated_time),
        cmocka_unit_test(a_pulse_is_due_for_it),
        cmocka_unit_test(what_comes_back_meanwhile_has_to_be_reconciled_first),
        cmocka_unit_test(one_of_which_nothing_left_is_not_archived),
        cmocka_unit_test(a_pulse_archives_no_more_than_its_limit),
        cmocka_unit_test(the_stated_time_can_be_changed),
        cmocka_unit_test(where_room_is_needed_the_one_goes_that_ended_or_was_reconciled_longest_ago),
        cmocka_unit_test(when_the_archive_is_full_the_oldest_goes_and_is_counted),
        cmocka_unit_test(when_its_lines_are_full_as_many_go_as_need_be),
        cmocka_unit_test(a_return_finds_it_and_checks_the_quantities),
        cmocka_unit_test(of_a_fact_a_second_report_confirms_and_more_than_left_is_an_exception),
        cmocka_unit_test(any_other_step_is_told_that_it_is_archived),
        cmocka_unit_test(its_id_may_be_used_again_and_then_means_the_newer_one),
        cmocka_unit_test(kits_come_back_by_their_components),
        cmocka_unit_test(kits_of_several_nodes_come_back_one_by_one),
        cmocka_unit_test(it_is_found_by_its_order),
        cmocka_unit_test(its_history_is_kept_as_long_as_the_steps_are),
        cmocka_unit_test(a_restored_ledger_has_the_same_archive),
        cmocka_unit_test(its_invariants_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

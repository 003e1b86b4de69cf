/* Units that go to other nodes: because somebody asks, because their node cannot fulfil them, because stock shrank. */
#include "tests/engine/ledger/sourcing/reassign_fixture.h"

#include "engine/ledger/ledger_priv.h"

static atp_qty_t reserved_at(const fixture_t *f, const char *node)
{
    return view_of(f, "S", node).reserved;
}

static atp_qty_t allocated_at(const fixture_t *f, const char *node)
{
    return view_of(f, "S", node).allocated;
}

/* Three nodes with 10, 10 and 4 of S, and a reservation "r" of 6 at A. */
static fixture_t three_nodes(void)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "A", 10);
    stock(&f, "S", "B", 10);
    stock(&f, "S", "C", 4);
    assert_verdict(reserve(&f, "r", "S", "A", 6), ATP_APPLIED);
    return f;
}

static void a_line_moves_as_it_is(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    int64_t deadline = atp_line_deadline_ms(line_at(&f, "r", 0));

    atp_result_t result = move(&f, "r", "S", "A", 0, "B");
    assert_verdict(result, ATP_APPLIED);
    assert_int_equal(result.qty, 6);
    assert_int_equal(reserved_at(&f, "A"), 0);
    assert_int_equal(reserved_at(&f, "B"), 6);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 10);
    assert_int_equal(line_at(&f, "r", 0)->granted, 6);
    assert_int_equal(line_at(&f, "r", 0)->next, 0); /* no trace of the old line but in the history */
    assert_true(atp_line_deadline_ms(line_at(&f, "r", 0)) == deadline);
    assert_verdict(step_all(&f, ATP_OP_ALLOCATE, "r"), ATP_APPLIED);
    assert_int_equal(allocated_at(&f, "B"), 6);
    fixture_close(&f);
}

static void it_expires_where_it_is(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    move(&f, "r", "S", "A", 2, "C");
    f.now_ms += atp_ledger_config(f.ledger)->ttl_default_ms;
    assert_int_equal(atp_of(&f, "S", "C"), 4);
    assert_int_equal(atp_of(&f, "S", "A"), 10);
    assert_refused(move(&f, "r", "S", "C", 0, "B"), ATP_ALREADY_EXPIRED, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void what_was_allocated_is_allocated_again(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(move(&f, "r", "S", "A", 4, "B"), ATP_APPLIED);
    assert_int_equal(allocated_at(&f, "A"), 2);
    assert_int_equal(allocated_at(&f, "B"), 4);
    assert_int_equal(reserved_at(&f, "B"), 0);
    f.now_ms += INT64_C(1) << 40;
    assert_int_equal(atp_of(&f, "S", "B"), 6); /* it is firm there too */
    assert_verdict(step_all(&f, ATP_OP_SHIP, "r"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 8);
    assert_int_equal(view_of(&f, "S", "B").on_hand, 6);
    fixture_close(&f);
}

static void without_a_target_the_channel_chooses_but_not_the_node_it_leaves(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    assert_verdict(move(&f, "r", "", "", 0, "strategy=stock"), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "B"), 6);
    assert_verdict(move(&f, "r", "", "", 0, "strategy=stock"), ATP_APPLIED); /* and back again */
    assert_int_equal(reserved_at(&f, "A"), 6);
    assert_refused(move(&f, "r", "S", "A", 0, "A"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void several_nodes_may_take_it_and_the_answer_says_which(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    assert_verdict(reserve(&f, "other", "S", "B", 7), ATP_APPLIED);
    assert_verdict(move(&f, "r", "S", "A", 5, "B C"), ATP_APPLIED);
    assert_int_equal(f.result.plan_count, 2);
    assert_int_equal(f.grants[0].qty, 3);
    assert_int_equal(f.grants[1].qty, 2);
    assert_int_equal(reserved_at(&f, "A"), 1);
    assert_int_equal(reserved_at(&f, "B"), 10);
    assert_int_equal(reserved_at(&f, "C"), 2);
    fixture_close(&f);
}

static void it_is_all_or_nothing(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    assert_refused(move(&f, "r", "S", "A", 0, "C"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(reserved_at(&f, "A"), 6);
    assert_int_equal(reserved_at(&f, "C"), 0);
    assert_refused(move(&f, "r", "S", "A", 0, "B C split=no splits=1 D"), ATP_UNKNOWN_NODE,
                   ATP_FIELD_ATTRIBUTE);
    assert_refused(move(&f, "r", "S", "B", 0, "C"), ATP_UNKNOWN_LINE, ATP_FIELD_LINES);
    assert_refused(move(&f, "r", "S", "A", 7, "B"), ATP_NOT_THAT_MANY, ATP_FIELD_QTY);
    assert_refused(move(&f, "none", "S", "A", 1, "B"), ATP_UNKNOWN_RESERVATION, ATP_FIELD_RESERVATION);
    put_node(&f, "B", ATP_NODE_PAUSED);
    assert_refused(move(&f, "r", "S", "A", 5, "B"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(reserved_at(&f, "A"), 6);
    fixture_close(&f);
}

static void a_line_without_room_elsewhere_is_the_one_at_fault(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    atp_command_line_t lines[] = {line_of("S", "A", 1), line_of("T", "A", 1)};
    atp_command_line_t told[] = {line_of("S", "A", 0), line_of("T", "A", 0)};

    stock(&f, "T", "A", 1);
    assert_verdict(reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    atp_result_t result = do_with(
        &f,
        (atp_command_t){
            .kind = ATP_OP_REASSIGN, .reservation = atp_text_of("two"), .line_count = 2, .lines = told},
        "B");
    assert_refused(result, ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_int_equal(result.line, 1);
    assert_int_equal(reserved_at(&f, "B"), 0);
    fixture_close(&f);
}

/* Each leaves what the other one needs. */
static void lines_may_change_places(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t lines[] = {line_of("S", "A", 3), line_of("S", "B", 3)};
    atp_command_line_t told[] = {line_of("S", "A", 0), line_of("S", "B", 0)};

    stock(&f, "S", "A", 3);
    stock(&f, "S", "B", 3);
    assert_verdict(reserve_lines(&f, "two", ATP_RESERVE_ALL_OR_NOTHING, 2, lines), ATP_APPLIED);
    assert_verdict(do_with(&f,
                           (atp_command_t){.kind = ATP_OP_REASSIGN,
                                           .reservation = atp_text_of("two"),
                                           .line_count = 2,
                                           .lines = told},
                           "A B"),
                   ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "A"), 3);
    assert_int_equal(reserved_at(&f, "B"), 3);
    fixture_close(&f);
}

static void asked_twice_it_happens_once(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    atp_command_line_t line = line_of("S", "A", 2);
    atp_command_t command = {.kind = ATP_OP_REASSIGN,
                             .id = ATP_TEXT("m-1"),
                             .reservation = ATP_TEXT("r"),
                             .line_count = 1,
                             .lines = &line};

    f.issued_ms = f.now_ms;
    atp_result_t first = do_with(&f, command, "B C");
    assert_verdict(first, ATP_APPLIED);
    assert_int_equal(first.plan_count, 1);
    f.now_ms += 1000;
    atp_result_t again = do_with(&f, command, "B C");
    assert_verdict(again, ATP_APPLIED);
    assert_true(again.is_repeat);
    assert_int_equal(again.op, first.op);
    assert_int_equal(again.plan_count, 1);
    assert_int_equal(f.grants[0].qty, 2);
    assert_int_equal(reserved_at(&f, "B"), 2);
    assert_refused(do_with(&f, command, "C"), ATP_CONFLICT, ATP_FIELD_OPTION);
    fixture_close(&f);
}

static void picked_units_do_not_move(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_line(&f, ATP_OP_PICK, "r", "S", "A", 6);
    assert_refused(move(&f, "r", "S", "A", 0, "B"), ATP_ALREADY_PICKED, ATP_FIELD_LINES);
    step_all(&f, ATP_OP_SHIP, "r");
    assert_refused(move(&f, "r", "S", "A", 0, "B"), ATP_ALREADY_SHIPPED, ATP_FIELD_LINES);
    fixture_close(&f);
}

static void an_order_is_moved_by_its_number(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    assert_verdict(reserve_with(&f, "o", "S", "C", 2, ATP_RESERVE_ALL_OR_NOTHING, "order_id=77"),
                   ATP_APPLIED);
    assert_verdict(reserve_with(&f, "p", "S", "A", 1, ATP_RESERVE_ALL_OR_NOTHING, "order_id=77"),
                   ATP_APPLIED);
    assert_verdict(move(&f, "", "S", "C", 0, "B order_id=77"), ATP_APPLIED);
    assert_int_equal(f.result.plan_count, 1);
    assert_verdict(move(&f, "", "S", "A", 0, "B order_id=77"), ATP_APPLIED); /* of the second one */
    assert_int_equal(f.result.line, 0);
    assert_int_equal(reserved_at(&f, "A"), 6);
    assert_verdict(move(&f, "", "S", "B", 1, "A order_id=77"), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "B"), 2);
    assert_int_equal(reserved_at(&f, "A"), 7);
    assert_refused(move(&f, "", "S", "C", 0, "B order_id=78"), ATP_UNKNOWN_RESERVATION, ATP_FIELD_ATTRIBUTE);
    fixture_close(&f);
}

/* The channel has promised as many before and after: neither its quota nor a cap is asked again. */
static void quotas_do_not_notice(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    put_channel_with(&f, "web", "");
    quota(&f, "q", "sku=S");
    quota(&f, "qw", "parent=q channel=web amount=5 period_ms=60000");
    assert_verdict(sell(&f, "web", "w", "S", "A", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 1);
    step_all(&f, ATP_OP_ALLOCATE, "w");
    f.now_ms += 61000; /* a new period */
    atp_qty_t seen = sees(&f, "web", "S");
    assert_verdict(move(&f, "w", "S", "A", 0, "B"), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), seen);
    fixture_close(&f);
}

static void a_channel_is_moved_within_its_group_only(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    put_group(&f, "g", "A C");
    put_channel_with(&f, "web", "ship_group=g");
    assert_verdict(sell(&f, "web", "w", "S", "A", 2, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_refused(move(&f, "w", "S", "A", 0, "B"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(move(&f, "w", "S", "A", 0, ""), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "C"), 2);
    fixture_close(&f);
}

static void capacity_is_booked_where_it_goes_and_given_back_where_it_leaves(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    atp_command_t node = {.kind = ATP_OP_NODE};

    node.lines = &(atp_command_line_t){.node = ATP_TEXT("A")};
    node.line_count = 1;
    assert_verdict(do_with(&f, node, "capacity_units=5"), ATP_APPLIED);
    node.lines = &(atp_command_line_t){.node = ATP_TEXT("B")};
    assert_verdict(do_with(&f, node, "capacity_units=5"), ATP_APPLIED);
    fact(&f, ATP_OP_RECEIVE, "S", "A", 10);
    assert_verdict(reserve(&f, "a", "S", "A", 4), ATP_APPLIED);
    assert_verdict(reserve(&f, "b", "S", "B", 3), ATP_APPLIED);
    assert_refused(move(&f, "a", "S", "A", 3, "B"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    assert_verdict(move(&f, "a", "S", "A", 2, "B"), ATP_APPLIED);
    assert_refused(reserve(&f, "c", "S", "B", 1), ATP_NODE_AT_CAPACITY, ATP_FIELD_NODE);
    assert_verdict(reserve(&f, "d", "S", "A", 3), ATP_APPLIED); /* 5 a day, 2 of a are left */
    assert_refused(move(&f, "a", "S", "A", 1, "B"), ATP_NOT_ENOUGH_AVAILABLE, ATP_FIELD_QTY);
    fixture_close(&f);
}

static void the_history_says_where_it_was(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    const atp_history_t *history = &atp_ledger_reservations(f.ledger)->history;

    step_all(&f, ATP_OP_ALLOCATE, "r");
    move(&f, "r", "S", "A", 6, "B");
    const atp_history_step_t *step = atp_history_newest(history, reservation_of(&f, "r"));
    assert_int_equal(step->step, ATP_STEP_ALLOCATE);
    step = atp_history_before(history, step);
    assert_int_equal(step->step, ATP_STEP_RESERVE);
    step = atp_history_before(history, step);
    assert_int_equal(step->step, ATP_STEP_REASSIGN);
    assert_int_equal(step->qty, 6);
    assert_int_equal(step->op, f.result.op);
    fixture_close(&f);
}

/* ---- short ---- */

static void short_units_are_missing_until_they_are_counted(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "A", 2), ATP_APPLIED);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHORT);
    assert_int_equal(view_of(&f, "S", "A").on_hand, 10);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 2);
    assert_int_equal(atp_of(&f, "S", "A"), 4);                        /* nobody is promised them again */
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 8), ATP_APPLIED); /* they are gone */
    assert_int_equal(view_of(&f, "S", "A").unavailable, 0);
    assert_int_equal(atp_of(&f, "S", "A"), 4);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "A", 1), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 8), ATP_APPLIED); /* it was there */
    assert_int_equal(view_of(&f, "S", "A").unavailable, 0);
    assert_int_equal(atp_of(&f, "S", "A"), 5);
    fixture_close(&f);
}

static atp_result_t adjust(fixture_t *f, atp_bucket_t bucket, atp_reason_t reason, atp_qty_t qty)
{
    atp_command_line_t line = line_of("S", "A", qty);

    return fixture_do(f, (atp_command_t){.kind = ATP_OP_ADJUST,
                                         .is_fact = true,
                                         .option = (uint8_t)bucket,
                                         .reason = (uint8_t)reason,
                                         .line_count = 1,
                                         .lines = &line});
}

static void what_is_missing_is_written_off_found_or_left(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    damage(&f, "S", "A", 1);
    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_line(&f, ATP_OP_SHORT, "r", "S", "A", 3);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 4);
    adjust(&f, ATP_BUCKET_ON_HAND, ATP_REASON_DAMAGE, -1); /* another one */
    assert_int_equal(view_of(&f, "S", "A").unavailable, 4);
    adjust(&f, ATP_BUCKET_ON_HAND, ATP_REASON_LOSS, -1);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 3);
    adjust(&f, ATP_BUCKET_UNAVAILABLE, ATP_REASON_FOUND, -1);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 2);
    assert_verdict(step_line(&f, ATP_OP_CANCEL, "r", "S", "A", 1), ATP_APPLIED);
    atp_command_line_t seen = line_of("S", "A", 1);
    assert_verdict(fixture_do(&f, (atp_command_t){.kind = ATP_OP_COUNT,
                                                  .is_fact = true,
                                                  .option = ATP_BUCKET_UNAVAILABLE,
                                                  .line_count = 1,
                                                  .lines = &seen}),
                   ATP_CONFIRMED); /* a count of damaged goods does not see what is not there */
    assert_int_equal(view_of(&f, "S", "A").unavailable, 2);
    fact(&f, ATP_OP_COUNT, "S", "A", 8);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 1); /* the damaged one */
    fixture_close(&f);
}

static void more_than_can_be_unavailable_is_not_missing(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    step_all(&f, ATP_OP_ALLOCATE, "r");
    adjust(&f, ATP_BUCKET_UNAVAILABLE, ATP_REASON_DAMAGE, ATP_QTY_MAX - 1);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "A", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").unavailable, ATP_QTY_MAX);
    fixture_close(&f);
}

/* There is no room to note how many: they are unavailable all the same. */
static void without_room_for_a_record_they_are_unavailable(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.limits = 1;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "A", 10);
    assert_verdict(tag_sku(&f, "T", 0, "minimum=2"), ATP_APPLIED); /* has the one record */
    reserve(&f, "r", "S", "A", 4);
    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "A", 3), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 3);
    fact(&f, ATP_OP_COUNT, "S", "A", 9);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 3); /* somebody has to say so */
    fixture_close(&f);
}

static void goods_that_are_there_after_all_are_free(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    step_all(&f, ATP_OP_ALLOCATE, "r");
    assert_verdict(step_with(&f, ATP_OP_SHORT, false, "r", "S", "A", 2, "goods=there"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 0);
    assert_int_equal(atp_of(&f, "S", "A"), 6);
    fixture_close(&f);
}

static void short_units_are_served_by_others_where_that_is_the_policy(void **state)
{
    (void)state;
    fixture_t f = three_nodes();
    uint64_t exceptions = counts_of(&f).exceptions;

    put_channel_with(&f, "default", "on_short=re_source strategy=stock");
    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_line(&f, ATP_OP_PICK, "r", "S", "A", 5);
    assert_verdict(step_line(&f, ATP_OP_SHORT, "r", "S", "A", 6), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "A").unavailable, 6);
    assert_int_equal(allocated_at(&f, "A"), 0);
    assert_int_equal(allocated_at(&f, "B"), 6);
    assert_int_equal(atp_of(&f, "S", "A"), 4);
    assert_int_equal(counts_of(&f).exceptions, exceptions);
    /* 4 are left at B and 4 at C: of 10 at A what they cannot serve is short */
    reserve(&f, "q", "S", "A", 4);
    step_all(&f, ATP_OP_ALLOCATE, "q");
    reserve(&f, "o", "S", "B", 3);
    reserve(&f, "p", "S", "C", 3);
    assert_verdict(step_fact(&f, ATP_OP_SHORT, "q", "S", "A", 4), ATP_APPLIED);
    assert_int_equal(allocated_at(&f, "B"), 7);
    assert_int_equal(allocated_at(&f, "C"), 1);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_SHORT);
    assert_int_equal(newest_exception(&f)->qty, 2);
    fixture_close(&f);
}

/* ---- stock shrank ---- */

static void over_committed_units_are_served_by_others_where_that_is_the_policy(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    put_channel_with(&f, "default", "over_commitment=re_source strategy=stock");
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 4), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "A"), 4);
    assert_int_equal(reserved_at(&f, "B"), 2);
    assert_int_equal(newest_exception(&f)->kind, ATP_EXCEPTION_OVER_COMMITMENT); /* it is told all the same */
    fixture_close(&f);
}

static void what_nobody_can_serve_is_left_to_a_person(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    put_channel_with(&f, "default", "over_commitment=re_source strategy=stock");
    reserve(&f, "b", "S", "B", 9);
    reserve(&f, "c", "S", "C", 4);
    assert_verdict(reserve(&f, "s", "S", "A", 2), ATP_APPLIED);
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 3), ATP_APPLIED); /* 5 too few: the newest first */
    assert_int_equal(reserved_at(&f, "B"), 10);
    assert_int_equal(reserved_at(&f, "A"), 7);
    assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "C", 1), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "C"), 4); /* nobody looks again */
    fixture_close(&f);
}

/* A buffer that a channel keeps is not used up to mend what is not there. */
static void re_sourcing_keeps_within_what_the_channel_sees(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    put_channel_with(&f, "web", "over_commitment=re_source shortage=re_source");
    rule(&f, "b", "channel=web buffer=12");
    assert_verdict(sell(&f, "web", "w", "S", "A", 4, ATP_RESERVE_ALL_OR_NOTHING), ATP_APPLIED);
    assert_int_equal(sees(&f, "web", "S"), 2); /* 0 + 10 + 4 - 12 */
    assert_verdict(fact(&f, ATP_OP_COUNT, "S", "A", 7), ATP_APPLIED);
    assert_int_equal(reserved_at(&f, "A"), 8); /* 2 of 3 went */
    assert_int_equal(sees(&f, "web", "S"), 0);
    fixture_close(&f);
}

static void a_return_comes_back_for_a_reassigned_line(void **state)
{
    (void)state;
    fixture_t f = three_nodes();

    move(&f, "r", "S", "A", 4, "B");
    step_all(&f, ATP_OP_ALLOCATE, "r");
    step_all(&f, ATP_OP_SHIP, "r");
    assert_verdict(step_with(&f, ATP_OP_RETURN, false, "r", "S", "C", 5, "disposition=restock"), ATP_APPLIED);
    assert_int_equal(view_of(&f, "S", "C").on_hand, 9);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_moves_as_it_is),
        cmocka_unit_test(it_expires_where_it_is),
        cmocka_unit_test(what_was_allocated_is_allocated_again),
        cmocka_unit_test(without_a_target_the_channel_chooses_but_not_the_node_it_leaves),
        cmocka_unit_test(several_nodes_may_take_it_and_the_answer_says_which),
        cmocka_unit_test(it_is_all_or_nothing),
        cmocka_unit_test(a_line_without_room_elsewhere_is_the_one_at_fault),
        cmocka_unit_test(lines_may_change_places),
        cmocka_unit_test(asked_twice_it_happens_once),
        cmocka_unit_test(picked_units_do_not_move),
        cmocka_unit_test(an_order_is_moved_by_its_number),
        cmocka_unit_test(quotas_do_not_notice),
        cmocka_unit_test(a_channel_is_moved_within_its_group_only),
        cmocka_unit_test(capacity_is_booked_where_it_goes_and_given_back_where_it_leaves),
        cmocka_unit_test(the_history_says_where_it_was),
        cmocka_unit_test(short_units_are_missing_until_they_are_counted),
        cmocka_unit_test(what_is_missing_is_written_off_found_or_left),
        cmocka_unit_test(more_than_can_be_unavailable_is_not_missing),
        cmocka_unit_test(without_room_for_a_record_they_are_unavailable),
        cmocka_unit_test(goods_that_are_there_after_all_are_free),
        cmocka_unit_test(short_units_are_served_by_others_where_that_is_the_policy),
        cmocka_unit_test(over_committed_units_are_served_by_others_where_that_is_the_policy),
        cmocka_unit_test(what_nobody_can_serve_is_left_to_a_person),
        cmocka_unit_test(re_sourcing_keeps_within_what_the_channel_sees),
        cmocka_unit_test(a_return_comes_back_for_a_reassigned_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

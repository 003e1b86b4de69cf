/* engine/ledger/lifecycle/lifecycle.h: the table itself, and every step from every state on a ledger. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/lifecycle/lifecycle.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

/* ---- the table ---- */

static bool is_reserved(unsigned state)
{
    return state == ATP_LINE_RESERVED;
}

static bool is_allocated(unsigned state)
{
    return state == ATP_LINE_ALLOCATED || state == ATP_LINE_PICKED || state == ATP_LINE_PACKED;
}

/* Units that have left, whatever became of them. */
static bool is_out(unsigned state)
{
    return state == ATP_LINE_SHIPPED || (state >= ATP_LINE_DELIVERED && state <= ATP_LINE_RETURN_RECONCILED);
}

static void units_move_between_states_and_buckets_alike(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATP_STEP_COUNT; i++) {
        assert_non_null(atp_steps[i].name);
        assert_in_range(atp_steps[i].row_count, 1, ATP_STEP_ROWS_MAX);
        for (unsigned k = 0; k < atp_steps[i].row_count; k++) {
            const atp_transition_t *row = &atp_steps[i].rows[k];
            assert_int_equal(row->reserved, is_reserved(row->to) - is_reserved(row->from));
            assert_int_equal(row->allocated, is_allocated(row->to) - is_allocated(row->from));
            assert_int_equal(row->on_hand,
                             -(is_out(row->to) && !is_out(row->from))); /* nothing else moves on-hand */
            assert_int_not_equal(row->from, row->to);
        }
    }
}

static void units_that_came_back_change_on_hand_only_if_they_are_kept(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATP_DISPOSITION_COUNT; i++) {
        const atp_disposition_rule_t *rule = &atp_dispositions[i];
        assert_int_equal(rule->on_hand, i == ATP_DISPOSITION_SCRAP ? 0 : 1);
        assert_int_equal(rule->on_hand - rule->unavailable, i == ATP_DISPOSITION_RESTOCK ? 1 : 0);
    }
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATP_LINE_STATE_COUNT; i++) {
        assert_non_null(atp_line_state_name(i));
    }
    assert_null(atp_line_state_name(ATP_LINE_STATE_COUNT));
}

static void a_step_is_past_for_its_own_end_and_all_that_follows(void **state)
{
    (void)state;
    assert_true(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_PICKED));
    assert_true(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_RETURN_RECONCILED));
    assert_false(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_ALLOCATED));
    assert_false(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_CANCELLED)); /* that ended it */
    assert_false(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_SHORT));
    assert_true(atp_lifecycle_is_past(ATP_STEP_SHIP, ATP_LINE_DELIVERED));
    assert_false(atp_lifecycle_is_past(ATP_STEP_SHIP, ATP_LINE_PACKED));
    assert_false(atp_lifecycle_is_past(ATP_STEP_RETURN, ATP_LINE_DELIVERED));
    assert_true(atp_lifecycle_is_past(ATP_STEP_RETURN, ATP_LINE_RETURN_RECONCILED));
    assert_true(atp_lifecycle_is_past(ATP_STEP_SHORT, ATP_LINE_SHORT));
    assert_false(atp_lifecycle_is_past(ATP_STEP_PICK, ATP_LINE_RESERVED)); /* a reassigned one begins anew */
}

/* ---- every step from every state, by all lines and by name ---- */

/* The states that a line gets to by the steps below, in the order of the columns. */
static const atp_line_state_t states[] = {
    ATP_LINE_ACCEPTED,   ATP_LINE_RESERVED,
    ATP_LINE_ALLOCATED,  ATP_LINE_PICKED,
    ATP_LINE_PACKED,     ATP_LINE_SHIPPED,
    ATP_LINE_DELIVERED,  ATP_LINE_RETURNED,
    ATP_LINE_RECONCILED, ATP_LINE_RETURN_RECONCILED,
    ATP_LINE_RELEASED,   ATP_LINE_EXPIRED,
    ATP_LINE_CANCELLED,  ATP_LINE_SHORT,
};
#define STATES (sizeof states / sizeof states[0])

/* What a request does to a line of 3 units in each state: 0 = applied, or why not. Of a fact only that of the whole
 * reservation is told here: what it names line by line is below. */
#define NONE  ATP_NOT_THAT_MANY
#define RSV   ATP_NOT_ALLOCATED
#define ALC   ATP_ALREADY_ALLOCATED
#define PCK   ATP_ALREADY_PICKED
#define PKD   ATP_ALREADY_PACKED
#define OUT   ATP_NOT_SHIPPED
#define SHP   ATP_ALREADY_SHIPPED
#define DLV   ATP_ALREADY_DELIVERED
#define RET   ATP_ALREADY_RETURNED
#define REC   ATP_ALREADY_RECONCILED
#define ENDS  ATP_ALREADY_RELEASED, ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED, ATP_ALREADY_SHORT
#define AGAIN ATP_CONFIRMED

static const struct {
    atp_op_kind_t kind;
    bool is_fact;
    atp_verdict_t verdicts[STATES];
} expected[] = {
    {ATP_OP_ALLOCATE, false, {NONE, 0, ALC, PCK, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_RELEASE, false, {NONE, 0, ALC, PCK, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_EXTEND, false, {NONE, 0, ALC, PCK, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_PICK, false, {NONE, RSV, 0, PCK, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_PACK, false, {NONE, RSV, 0, 0, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_CANCEL, false, {NONE, RSV, 0, 0, 0, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_SHORT, false, {NONE, RSV, 0, 0, 0, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_REASSIGN, false, {NONE, 0, 0, PCK, PKD, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_SHIP, false, {NONE, RSV, 0, 0, 0, SHP, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_DELIVER, false, {NONE, RSV, OUT, OUT, OUT, 0, DLV, RET, REC, REC, ENDS}},
    {ATP_OP_RETURN, false, {NONE, RSV, OUT, OUT, OUT, 0, 0, RET, 0, REC, ENDS}},
    {ATP_OP_RECONCILE, false, {NONE, RSV, OUT, OUT, OUT, 0, 0, 0, REC, REC, ENDS}},
    {ATP_OP_PICK, true, {NONE, RSV, 0, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, ENDS}},
    {ATP_OP_PACK, true, {NONE, RSV, 0, 0, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, ENDS}},
    {ATP_OP_SHIP, true, {NONE, 0, 0, 0, 0, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN, ENDS}},
    {ATP_OP_DELIVER, true, {NONE, RSV, OUT, OUT, OUT, 0, AGAIN, AGAIN, AGAIN, AGAIN, ENDS}},
    {ATP_OP_RETURN, true, {NONE, RSV, OUT, OUT, OUT, 0, 0, AGAIN, 0, AGAIN, ENDS}},
    {ATP_OP_RECONCILE, true, {NONE, RSV, OUT, OUT, OUT, 0, 0, 0, AGAIN, AGAIN, ENDS}},
    {ATP_OP_SHORT,
     true,
     {NONE, RSV, 0, 0, 0, SHP, DLV, RET, REC, REC, ATP_ALREADY_RELEASED, ATP_ALREADY_EXPIRED,
      ATP_ALREADY_CANCELLED, AGAIN}},
};

/* The steps that lead to a state. */
static const struct {
    atp_line_state_t state;
    atp_op_kind_t way[5]; /* 0 ends it */
} ways[] = {
    {ATP_LINE_RELEASED, {ATP_OP_RELEASE}},
    {ATP_LINE_ALLOCATED, {ATP_OP_ALLOCATE}},
    {ATP_LINE_PICKED, {ATP_OP_ALLOCATE, ATP_OP_PICK}},
    {ATP_LINE_PACKED, {ATP_OP_ALLOCATE, ATP_OP_PICK, ATP_OP_PACK}},
    {ATP_LINE_CANCELLED, {ATP_OP_ALLOCATE, ATP_OP_PICK, ATP_OP_CANCEL}},
    {ATP_LINE_SHORT, {ATP_OP_ALLOCATE, ATP_OP_SHORT}},
    {ATP_LINE_SHIPPED, {ATP_OP_ALLOCATE, ATP_OP_PICK, ATP_OP_PACK, ATP_OP_SHIP}},
    {ATP_LINE_DELIVERED, {ATP_OP_ALLOCATE, ATP_OP_SHIP, ATP_OP_DELIVER}},
    {ATP_LINE_RETURNED, {ATP_OP_ALLOCATE, ATP_OP_SHIP, ATP_OP_RETURN}},
    {ATP_LINE_RECONCILED, {ATP_OP_ALLOCATE, ATP_OP_SHIP, ATP_OP_DELIVER, ATP_OP_RECONCILE}},
    {ATP_LINE_RETURN_RECONCILED, {ATP_OP_ALLOCATE, ATP_OP_SHIP, ATP_OP_RETURN, ATP_OP_RECONCILE}},
};

/* A reservation "r" of the order "o" whose line at S is in the given state; where that is ACCEPTED, another line at T has units. */
static fixture_t line_in_state(atp_line_state_t wanted)
{
    fixture_t f = fixture_open(NULL);
    atp_command_line_t partial[] = {line_of("T", "N", 3), line_of("S", "N", 3)};

    stock(&f, "S", "N", wanted == ATP_LINE_ACCEPTED ? 0 : 10);
    stock(&f, "T", "N", 3);
    stock(&f, "S", "M", 3); /* for what is reassigned */
    if (wanted == ATP_LINE_ACCEPTED) {
        assert_verdict(do_with(&f,
                               (atp_command_t){.kind = ATP_OP_RESERVE,
                                               .id = ATP_TEXT("r"),
                                               .option = ATP_RESERVE_PARTIAL,
                                               .line_count = 2,
                                               .lines = partial},
                               "order_id=o"),
                       ATP_APPLIED_IN_PART);
        assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "T", "N", 3), ATP_APPLIED);
        return f;
    }
    assert_verdict(do_with(&f,
                           (atp_command_t){.kind = ATP_OP_RESERVE,
                                           .id = ATP_TEXT("r"),
                                           .ttl_ms = 1000,
                                           .line_count = 1,
                                           .lines = &partial[1]},
                           "order_id=o"),
                   ATP_APPLIED);
    f.now_ms += wanted == ATP_LINE_EXPIRED ? 1000 : 0;
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        for (unsigned k = 0; ways[i].state == wanted && ways[i].way[k] != 0; k++) {
            assert_verdict(step_all(&f, ways[i].way[k], "r"), ATP_APPLIED);
        }
    }
    return f;
}

static void every_step_from_every_state_does_what_the_table_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < STATES; from++) {
            fixture_t f = line_in_state(states[from]);
            uint16_t line = states[from] == ATP_LINE_ACCEPTED ? 1 : 0;
            assert_int_equal(line_state(&f, "r", line), states[from]);
            atp_result_t result = fixture_do(&f, (atp_command_t){.kind = expected[i].kind,
                                                                 .is_fact = expected[i].is_fact,
                                                                 .reservation = ATP_TEXT("r")});
            /* all lines: the other line, which was released, speaks for one that never had units */
            assert_verdict(result, states[from] == ATP_LINE_ACCEPTED ? ATP_ALREADY_RELEASED
                                                                     : expected[i].verdicts[from]);
            fixture_close(&f);
        }
    }
}

static void every_step_of_a_named_line_does_what_the_table_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < STATES; from++) {
            if (expected[i].kind == ATP_OP_EXTEND ||
                (expected[i].is_fact && expected[i].kind == ATP_OP_SHIP) ||
                (expected[i].is_fact && expected[i].kind == ATP_OP_RETURN)) {
                continue; /* an extension names no lines; what has left or come back has */
            }
            fixture_t f = line_in_state(states[from]);
            atp_position_view_t before = view_of(&f, "S", "N");
            uint64_t exceptions = counts_of(&f).exceptions;
            atp_command_line_t line = line_of("S", "N", 3);
            atp_result_t result = fixture_do(&f, (atp_command_t){.kind = expected[i].kind,
                                                                 .is_fact = expected[i].is_fact,
                                                                 .reservation = ATP_TEXT("r"),
                                                                 .line_count = 1,
                                                                 .lines = &line});
            atp_verdict_t verdict = expected[i].verdicts[from];
            assert_verdict(result, verdict);
            if (verdict != ATP_APPLIED && states[from] != ATP_LINE_EXPIRED) {
                atp_position_view_t after = view_of(&f, "S", "N");
                assert_int_equal(before.version, after.version); /* refused: not even looked at */
            }
            bool is_told = verdict == ATP_APPLIED ? expected[i].kind == ATP_OP_SHORT
                                                  : expected[i].is_fact && verdict != ATP_CONFIRMED;
            assert_int_equal(counts_of(&f).exceptions, exceptions + is_told); /* a fact is never lost */
            fixture_close(&f);
        }
    }
}

static void a_named_line_that_has_left_is_booked_from_every_state(void **state)
{
    (void)state;
    for (unsigned from = 0; from < STATES; from++) {
        fixture_t f = line_in_state(states[from]);
        uint64_t exceptions = counts_of(&f).exceptions;
        bool is_covered = is_reserved(states[from]) || is_allocated(states[from]);
        atp_qty_t on_hand = view_of(&f, "S", "N").on_hand;
        assert_verdict(ship_fact(&f, "r", "S", "N", 2), ATP_APPLIED);
        assert_int_equal(view_of(&f, "S", "N").on_hand, on_hand - 2);
        assert_int_equal(counts_of(&f).exceptions, exceptions + (is_covered ? 0 : 1));
        fixture_close(&f);
    }
}

static void a_named_line_that_came_back_is_booked_from_every_state_once(void **state)
{
    (void)state;
    for (unsigned from = 0; from < STATES; from++) {
        fixture_t f = line_in_state(states[from]);
        uint64_t exceptions = counts_of(&f).exceptions;
        atp_position_view_t before = view_of(&f, "S", "N");
        bool is_second = states[from] == ATP_LINE_RETURNED || states[from] == ATP_LINE_RETURN_RECONCILED;
        atp_result_t result = step_with(&f, ATP_OP_RETURN, true, "r", "S", "N", 2, "disposition=restock");
        assert_verdict(result, is_second ? ATP_CONFIRMED : ATP_APPLIED);
        atp_position_view_t after = view_of(&f, "S", "N");
        assert_int_equal(after.on_hand, before.on_hand + (is_second ? 0 : 2));
        assert_int_equal(after.unavailable, before.unavailable);
        assert_int_equal(counts_of(&f).exceptions, exceptions + (is_second || is_out(states[from]) ? 0 : 1));
        fixture_close(&f);
    }
}

/* ---- the same with part of the units, once more, and by the order ---- */

static void a_step_of_a_part_moves_that_part_from_every_state(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < STATES; from++) {
            atp_op_kind_t kind = expected[i].kind;
            if (expected[i].verdicts[from] != ATP_APPLIED || kind == ATP_OP_EXTEND ||
                kind == ATP_OP_REASSIGN) {
                continue; /* neither leaves the line in another state */
            }
            fixture_t f = line_in_state(states[from]);
            atp_result_t result =
                step_with(&f, kind, expected[i].is_fact, "r", "S", "N", 1,
                          kind == ATP_OP_RETURN && expected[i].is_fact ? "disposition=restock" : "");
            assert_verdict(result, ATP_APPLIED);
            if (kind == ATP_OP_ALLOCATE) { /* what it leaves out is free: C8 */
                assert_int_equal(line_units(&f, "r", 0, ATP_LINE_ALLOCATED), 1);
                assert_int_equal(line_units(&f, "r", 0, ATP_LINE_RESERVED), 0);
                assert_int_equal(atp_of(&f, "S", "N"), 9);
            } else {
                assert_int_equal(line_units(&f, "r", 0, states[from]), 2);
            }
            fixture_close(&f);
        }
    }
}

static void every_step_again_by_its_own_id_is_the_first_answer_and_no_change(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < STATES; from++) {
            fixture_t f = line_in_state(states[from]);
            atp_command_line_t line = line_of("S", "N", 1);
            atp_command_t command = {.kind = expected[i].kind,
                                     .is_fact = expected[i].is_fact,
                                     .id = ATP_TEXT("own"),
                                     .issued_ms = f.now_ms,
                                     .reservation = ATP_TEXT("r"),
                                     .line_count = expected[i].kind == ATP_OP_EXTEND ? 0 : 1,
                                     .lines = &line};
            atp_result_t first = fixture_do(&f, command);
            uint64_t hash = atp_ledger_hash(f.ledger);
            atp_result_t again = fixture_do(&f, command);
            assert_false(f.took_op);
            assert_true(again.is_repeat);
            assert_verdict(again, first.verdict);
            assert_int_equal(again.op, first.op);
            assert_int_equal(again.qty, first.qty);
            line.mantissa = 2;
            command.ttl_ms = expected[i].kind == ATP_OP_EXTEND ? 77 : 0;
            assert_verdict(fixture_do(&f, command), ATP_CONFLICT);
            assert_true(atp_ledger_hash(f.ledger) == hash);
            fixture_close(&f);
        }
    }
}

static void a_step_that_names_the_order_does_what_that_of_its_reservation_does(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        bool takes_orders = expected[i].kind == ATP_OP_RELEASE || expected[i].kind == ATP_OP_CANCEL ||
                            expected[i].kind == ATP_OP_REASSIGN;
        for (unsigned from = 0; from < STATES && takes_orders; from++) {
            fixture_t f = line_in_state(states[from]);
            const atp_command_t command = {.kind = expected[i].kind, .is_fact = expected[i].is_fact};
            atp_result_t result = do_with(&f, command, "order_id=o");
            assert_verdict(result, states[from] == ATP_LINE_ACCEPTED ? ATP_ALREADY_RELEASED
                                                                     : expected[i].verdicts[from]);
            fixture_close(&f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_move_between_states_and_buckets_alike),
        cmocka_unit_test(units_that_came_back_change_on_hand_only_if_they_are_kept),
        cmocka_unit_test(every_state_has_a_name),
        cmocka_unit_test(a_step_is_past_for_its_own_end_and_all_that_follows),
        cmocka_unit_test(every_step_from_every_state_does_what_the_table_says),
        cmocka_unit_test(every_step_of_a_named_line_does_what_the_table_says),
        cmocka_unit_test(a_named_line_that_has_left_is_booked_from_every_state),
        cmocka_unit_test(a_named_line_that_came_back_is_booked_from_every_state_once),
        cmocka_unit_test(a_step_of_a_part_moves_that_part_from_every_state),
        cmocka_unit_test(every_step_again_by_its_own_id_is_the_first_answer_and_no_change),
        cmocka_unit_test(a_step_that_names_the_order_does_what_that_of_its_reservation_does),
    };

    (void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); /* a ledger for every case, of many small tables */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

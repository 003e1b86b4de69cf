/* engine/ledger/lifecycle.h: the table itself, and every step from every state on a ledger. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/lifecycle.h"

#include <stdio.h>
#include <string.h>

static void units_move_between_states_and_buckets_alike(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ATP_STEP_COUNT; i++) {
        const atp_transition_t *step = &atp_transitions[i];
        bool from_reserved = step->from == ATP_LINE_RESERVED;
        assert_non_null(step->name);
        assert_true(from_reserved || step->from == ATP_LINE_ALLOCATED);
        assert_int_equal(step->reserved, from_reserved ? -1 : 0);
        assert_int_equal(step->allocated,
                         (step->to == ATP_LINE_ALLOCATED) - (step->from == ATP_LINE_ALLOCATED));
        assert_int_equal(step->on_hand,
                         step->to == ATP_LINE_SHIPPED ? -1 : 0); /* nothing else moves on-hand */
        assert_int_not_equal(step->from, step->to);
    }
}

static void every_state_has_a_name_and_a_refusal(void **state)
{
    (void)state;
    static const atp_verdict_t refusals[ATP_LINE_STATE_COUNT] = {
        ATP_NOT_THAT_MANY,    ATP_NOT_ALLOCATED,   ATP_ALREADY_ALLOCATED, ATP_ALREADY_SHIPPED,
        ATP_ALREADY_RELEASED, ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED};

    for (unsigned i = 0; i < ATP_LINE_STATE_COUNT; i++) {
        assert_non_null(atp_line_state_name(i));
        assert_int_equal(atp_lifecycle_refusal((atp_line_state_t)i), refusals[i]);
    }
    assert_null(atp_line_state_name(ATP_LINE_STATE_COUNT));
}

/* ---- every step from every state, by all lines and by name ---- */

/* What a request does to a line of 3 units in each state: APPLIED, or why not. */
static const struct {
    atp_op_kind_t kind;
    bool is_fact;
    atp_verdict_t verdicts[ATP_LINE_STATE_COUNT];
} expected[] = {
    {ATP_OP_ALLOCATE,
     false,
     {ATP_NOT_THAT_MANY, ATP_APPLIED, ATP_ALREADY_ALLOCATED, ATP_ALREADY_SHIPPED, ATP_ALREADY_RELEASED,
      ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED}},
    {ATP_OP_RELEASE,
     false,
     {ATP_NOT_THAT_MANY, ATP_APPLIED, ATP_ALREADY_ALLOCATED, ATP_ALREADY_SHIPPED, ATP_ALREADY_RELEASED,
      ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED}},
    {ATP_OP_EXTEND,
     false,
     {ATP_NOT_THAT_MANY, ATP_APPLIED, ATP_ALREADY_ALLOCATED, ATP_ALREADY_SHIPPED, ATP_ALREADY_RELEASED,
      ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED}},
    {ATP_OP_CANCEL,
     false,
     {ATP_NOT_THAT_MANY, ATP_NOT_ALLOCATED, ATP_APPLIED, ATP_ALREADY_SHIPPED, ATP_ALREADY_RELEASED,
      ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED}},
    {ATP_OP_SHIP,
     false,
     {ATP_NOT_THAT_MANY, ATP_NOT_ALLOCATED, ATP_APPLIED, ATP_ALREADY_SHIPPED, ATP_ALREADY_RELEASED,
      ATP_ALREADY_EXPIRED, ATP_ALREADY_CANCELLED}},
    {ATP_OP_SHIP,
     true,
     {ATP_NOT_THAT_MANY, ATP_APPLIED, ATP_APPLIED, ATP_CONFIRMED, ATP_ALREADY_RELEASED, ATP_ALREADY_EXPIRED,
      ATP_ALREADY_CANCELLED}},
};

/* A reservation "r" whose line at S is in the given state; where that is NOTHING, another line at T has units. */
static fixture_t line_in_state(atp_line_state_t wanted)
{
    fixture_t f = fixture_open(NULL);
    atp_command_line_t partial[] = {line_of("T", "N", 3), line_of("S", "N", 3)};

    stock(&f, "S", "N", wanted == ATP_LINE_NOTHING ? 0 : 10);
    stock(&f, "T", "N", 3);
    if (wanted == ATP_LINE_NOTHING) {
        assert_verdict(reserve_lines(&f, "r", ATP_RESERVE_PARTIAL, 2, partial), ATP_APPLIED_IN_PART);
        assert_verdict(step_line(&f, ATP_OP_RELEASE, "r", "T", "N", 3), ATP_APPLIED);
        return f;
    }
    assert_verdict(reserve_for(&f, "r", "S", "N", 3, 1000), ATP_APPLIED);
    if (wanted == ATP_LINE_RELEASED) {
        step_all(&f, ATP_OP_RELEASE, "r");
    } else if (wanted == ATP_LINE_EXPIRED) {
        f.now_ms += 1000;
    } else if (wanted != ATP_LINE_RESERVED) {
        step_all(&f, ATP_OP_ALLOCATE, "r");
        if (wanted != ATP_LINE_ALLOCATED) {
            step_all(&f, wanted == ATP_LINE_SHIPPED ? ATP_OP_SHIP : ATP_OP_CANCEL, "r");
        }
    }
    return f;
}

static void every_step_from_every_state_does_what_the_table_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < ATP_LINE_STATE_COUNT; from++) {
            fixture_t f = line_in_state((atp_line_state_t)from);
            uint16_t line = from == ATP_LINE_NOTHING ? 1 : 0;
            assert_int_equal(atp_ledger_line_state(line_at(&f, "r", line), f.now_ms), from);
            atp_result_t result = fixture_do(&f, (atp_command_t){.kind = expected[i].kind,
                                                                 .is_fact = expected[i].is_fact,
                                                                 .reservation = ATP_TEXT("r")});
            /* all lines: the other line, which was released, speaks for one that never had units */
            assert_verdict(result,
                           from == ATP_LINE_NOTHING ? ATP_ALREADY_RELEASED : expected[i].verdicts[from]);
            fixture_close(&f);
        }
    }
}

static void every_step_of_a_named_line_does_what_the_table_says(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        for (unsigned from = 0; from < ATP_LINE_STATE_COUNT; from++) {
            if (expected[i].kind == ATP_OP_EXTEND || expected[i].is_fact) {
                continue; /* an extension names no lines; a named line that has left has left */
            }
            fixture_t f = line_in_state((atp_line_state_t)from);
            atp_position_view_t before = view_of(&f, "S", "N");
            assert_verdict(step_line(&f, expected[i].kind, "r", "S", "N", 3), expected[i].verdicts[from]);
            if (expected[i].verdicts[from] != ATP_APPLIED && from != ATP_LINE_EXPIRED) {
                atp_position_view_t after = view_of(&f, "S", "N");
                assert_int_equal(before.version, after.version); /* refused: not even looked at */
            }
            fixture_close(&f);
        }
    }
}

static void a_named_line_that_has_left_is_booked_from_every_state(void **state)
{
    (void)state;
    for (unsigned from = 0; from < ATP_LINE_STATE_COUNT; from++) {
        fixture_t f = line_in_state((atp_line_state_t)from);
        bool is_covered = from == ATP_LINE_RESERVED || from == ATP_LINE_ALLOCATED;
        atp_qty_t on_hand = view_of(&f, "S", "N").on_hand;
        assert_verdict(ship_fact(&f, "r", "S", "N", 2), ATP_APPLIED);
        assert_int_equal(view_of(&f, "S", "N").on_hand, on_hand - 2);
        assert_int_equal(counts_of(&f).exceptions, is_covered ? 0 : 1);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_move_between_states_and_buckets_alike),
        cmocka_unit_test(every_state_has_a_name_and_a_refusal),
        cmocka_unit_test(every_step_from_every_state_does_what_the_table_says),
        cmocka_unit_test(every_step_of_a_named_line_does_what_the_table_says),
        cmocka_unit_test(a_named_line_that_has_left_is_booked_from_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

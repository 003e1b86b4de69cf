/* Accounts of the reserves of a reservation, as a replay takes them: which are kept, and what they say of what was due. */
#include "tests/engine/ledger/explain/explain_fixture.h"

#include "engine/past_account.h"

static atp_past_accounts_t accounts;

static int begin(void **state)
{
    atp_why_t why;

    (void)set_up(state);
    stock(&f, "S", "N", 4);
    assert_int_equal(atp_past_accounts_init(&accounts, &why), ATP_OK);
    return 0;
}

static int end(void **state)
{
    atp_past_accounts_fini(&accounts);
    return tear_down(state);
}

/* A reserve as a replay does it. */
static atp_result_t replay_reserve(const char *id, atp_qty_t qty)
{
    const atp_command_line_t line = line_of("S", "N", qty);
    const atp_command_t command = {.kind = ATP_OP_RESERVE,
                                   .option = ATP_RESERVE_ALL_OR_NOTHING,
                                   .id = atp_text_of(id),
                                   .issued_ms = f.now_ms,
                                   .line_count = 1,
                                   .lines = &line};
    atp_result_t result;

    assert_int_equal(fixture_encode(&f, command, &result), ATP_APPLIED);
    atp_past_accounts_take(&accounts, f.ledger, (const atp_op_t *)f.record, f.now_ms);
    result = fixture_apply(&f, f.record);
    atp_past_accounts_keep(&accounts, &result);
    return result;
}

static void the_last_refused_one_and_the_granted_one_are_kept_in_their_order(void **state)
{
    (void)state;
    assert_int_equal(atp_past_accounts_count(&accounts), 0);
    assert_verdict(replay_reserve("a", 9), ATP_NOT_ENOUGH_AVAILABLE);
    uint64_t refused = replay_reserve("b", 8).op;
    uint64_t granted = replay_reserve("c", 3).op;
    assert_int_equal(atp_past_accounts_count(&accounts), 2);
    const atp_past_account_t *first = atp_past_accounts_at(&accounts, 0);
    const atp_past_account_t *second = atp_past_accounts_at(&accounts, 1);
    assert_int_equal(first->op, refused);
    assert_int_equal(first->verdict, ATP_NOT_ENOUGH_AVAILABLE);
    assert_int_equal(first->parts[first->part_count - 1].code, ATP_EXPLAIN_CODE_NOT_ENOUGH);
    assert_int_equal(first->parts[first->part_count - 1].qty, 4);
    assert_int_equal(second->op, granted);
    assert_int_equal(second->parts[second->part_count - 1].code, ATP_EXPLAIN_CODE_ENOUGH);
    assert_int_equal(second->parts[second->part_count - 1].qty, 1);
    assert_string_equal(second->skus[0], "S");
    assert_false(second->had_due);

    uint64_t later = replay_reserve("d", 2).op;
    assert_int_equal(atp_past_accounts_count(&accounts), 2);
    assert_int_equal(atp_past_accounts_at(&accounts, 0)->op, granted);
    assert_int_equal(atp_past_accounts_at(&accounts, 1)->op, later);
}

static void an_op_that_is_answered_by_its_id_changes_nothing_that_is_kept(void **state)
{
    (void)state;
    uint64_t op = replay_reserve("a", 1).op;
    assert_int_equal(replay_reserve("a", 1).is_repeat, 1);
    assert_int_equal(atp_past_accounts_count(&accounts), 1);
    assert_int_equal(atp_past_accounts_at(&accounts, 0)->op, op);
}

/* The op clears first what is over; its account is taken before, and says so. */
static void what_the_op_settles_first_is_said_to_have_been_due(void **state)
{
    (void)state;
    assert_verdict(reserve_for(&f, "short", "S", "N", 4, 1000), ATP_APPLIED);
    f.now_ms += 1000;
    assert_verdict(replay_reserve("a", 4), ATP_APPLIED);
    const atp_past_account_t *account = atp_past_accounts_at(&accounts, 0);
    assert_true(account->had_due);
    assert_int_equal(account->parts[account->part_count - 1].code, ATP_EXPLAIN_CODE_NOT_ENOUGH);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_last_refused_one_and_the_granted_one_are_kept_in_their_order),
        TEST(an_op_that_is_answered_by_its_id_changes_nothing_that_is_kept),
        TEST(what_the_op_settles_first_is_said_to_have_been_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* engine/ledger/ops/outcomes.h: the ring, the floor, the window, and which field is named in a conflict. */
#include "tests/test.h"

#include "engine/ledger/ops/outcomes.h"

#include <string.h>

typedef struct rig {
    atp_outcomes_t outcomes;
    atp_outcome_heads_t heads;
    atp_table_t clients;
} rig_t;

static rig_t rig;

static void make_rig(uint64_t capacity)
{
    memset(&rig, 0, sizeof rig);
    rig.outcomes.clients = &rig.clients;
    rig.outcomes.heads = &rig.heads;
    assert_int_equal(atp_table_init(&rig.clients, "clients", 6, sizeof(atp_client_record_t), 3), ATP_OK);
    atp_table_append(&rig.clients, 3);
    assert_int_equal(atp_table_init(&rig.outcomes.records, "outcomes", 11, sizeof(atp_outcome_t), capacity),
                     ATP_OK);
    assert_int_equal(atp_index_init(&rig.outcomes.index, capacity + 1), ATP_OK);
}

static void drop_rig(void)
{
    atp_table_fini(&rig.clients);
    atp_table_fini(&rig.outcomes.records);
    atp_index_fini(&rig.outcomes.index);
}

static atp_fingerprint_t id_of(uint64_t number)
{
    return (atp_fingerprint_t){number % 5, number}; /* many of one low half */
}

static void add(uint64_t number, uint32_t client, int64_t issued_ms)
{
    atp_outcome_t outcome = {.id = id_of(number), .op = number, .client = client, .issued_ms = issued_ms};
    atp_outcomes_add(&rig.outcomes, &outcome);
}

static bool is_known(uint64_t number)
{
    const atp_outcome_t *outcome = atp_outcomes_find(&rig.outcomes, id_of(number));

    assert_true(outcome == NULL || outcome->op == number);
    return outcome != NULL;
}

static uint64_t count_of(uint32_t client)
{
    return ((const atp_client_record_t *)atp_table_at(&rig.clients, client))->outcomes;
}

static void the_newest_are_known_and_the_oldest_go(void **state) /* O2 */
{
    (void)state;
    make_rig(10);
    for (uint64_t i = 1; i <= 100; i++) {
        add(i, 0, (int64_t)i);
        for (uint64_t j = 1; j <= 100; j++) {
            assert_int_equal(is_known(j), j <= i && j + 10 > i);
        }
    }
    drop_rig();
}

static void the_floor_is_above_all_that_is_forgotten_and_never_falls(void **state) /* O1 */
{
    (void)state;
    static int64_t issued[1000];
    uint64_t seed = 0xf100;
    int64_t floor_ms = 0;

    make_rig(16);
    for (uint64_t i = 0; i < 1000; i++) {
        issued[i] = (int64_t)(i + test_random(&seed) % 50);
        add(i, 1, issued[i]);
        assert_true(rig.heads.floor_ms >= floor_ms);
        floor_ms = rig.heads.floor_ms;
        for (uint64_t j = 0; j <= i; j++) {
            assert_true(is_known(j) || issued[j] < floor_ms);
        }
    }
    drop_rig();
}

static void outcomes_are_counted_at_their_client(void **state) /* O3 */
{
    (void)state;
    make_rig(4);
    add(1, 0, 1);
    add(2, 1, 1);
    add(3, 1, 1);
    assert_int_equal(count_of(0), 1);
    assert_int_equal(count_of(1), 2);
    add(4, 2, 1);
    add(5, 2, 1); /* that of client 0 goes */
    assert_int_equal(count_of(0), 0);
    assert_int_equal(count_of(2), 2);
    drop_rig();
}

static void what_is_past_the_window_goes_oldest_first_up_to_a_limit(void **state)
{
    (void)state;
    make_rig(10);
    for (uint64_t i = 1; i <= 7; i++) {
        add(i, 0, (int64_t)i * 10);
    }
    assert_false(atp_outcomes_has_before(&rig.outcomes, 10));
    assert_true(atp_outcomes_has_before(&rig.outcomes, 11));
    atp_outcomes_forget_before(&rig.outcomes, 41, 3);
    assert_false(is_known(3));
    assert_true(is_known(4));
    assert_int_equal(rig.heads.floor_ms, 31);
    atp_outcomes_forget_before(&rig.outcomes, 41, 100);
    assert_false(is_known(4));
    assert_true(is_known(5));
    atp_outcomes_forget_before(&rig.outcomes, 1000, 100);
    assert_false(atp_outcomes_has_before(&rig.outcomes, 1000)); /* empty */
    assert_int_equal(count_of(0), 0);
    for (uint64_t i = 8; i <= 30; i++) { /* and the ring goes on where it was */
        add(i, 0, (int64_t)i * 10);
        assert_true(is_known(i));
        assert_int_equal(count_of(0), i - 7 < 10 ? i - 7 : 10);
    }
    drop_rig();
}

static void a_rebuilt_index_knows_the_same(void **state)
{
    (void)state;
    make_rig(8);
    for (uint64_t i = 1; i <= 21; i++) {
        add(i, 0, (int64_t)i);
    }
    atp_outcomes_forget_before(&rig.outcomes, 17, 100);
    atp_index_fini(&rig.outcomes.index);
    assert_int_equal(atp_index_init(&rig.outcomes.index, 9), ATP_OK);
    atp_outcomes_rebuild(&rig.outcomes);
    for (uint64_t i = 1; i <= 21; i++) {
        assert_int_equal(is_known(i), i >= 17);
    }
    add(22, 0, 22);
    assert_true(is_known(22));
    drop_rig();
}

static atp_field_t conflict(uint8_t kind, uint64_t differing)
{
    atp_outcome_t outcome = {.kind = ATP_OP_RESERVE, .field_digests = UINT64_C(0x1122334455667788)};
    atp_op_t op = {.kind = kind, .field_digests = outcome.field_digests ^ differing};

    outcome.kind = kind;
    return atp_outcomes_conflict(&outcome, &op);
}

static void the_first_differing_field_is_named_in_the_order_of_what_was_asked(void **state)
{
    (void)state;
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0xff00000000000000)), ATP_FIELD_QTY);
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0x01ff000000000000)), ATP_FIELD_LINES);
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0xffff000000000000)), ATP_FIELD_LINES);
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0x0000ff0000000000)), ATP_FIELD_TTL);
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0x000000ff00000000)), ATP_FIELD_OWNER);
    assert_int_equal(conflict(ATP_OP_RESERVE, UINT64_C(0x00000000ff000000)), ATP_FIELD_CHANNEL);
    assert_int_equal(conflict(ATP_OP_SHIP, UINT64_C(0x0000000000ff0000)), ATP_FIELD_RESERVATION);
    assert_int_equal(conflict(ATP_OP_SHIP, UINT64_C(0x000000000000ff00)), ATP_FIELD_ID);
    assert_int_equal(conflict(ATP_OP_SHIP, UINT64_C(0x00000000000000ff)), ATP_FIELD_OPTION);
    assert_int_equal(conflict(ATP_OP_SHIP, UINT64_C(0x000000000000ffff)), ATP_FIELD_OPTION);
    assert_int_equal(conflict(ATP_OP_SKU, UINT64_C(0x000000ff00000000)), ATP_FIELD_NAME);
    assert_int_equal(conflict(ATP_OP_SKU, UINT64_C(0x00ff000000000000)), ATP_FIELD_SKU);
    assert_int_equal(conflict(ATP_OP_NODE, UINT64_C(0x00ff000000000000)), ATP_FIELD_NODE);
    assert_int_equal(conflict(ATP_OP_SHIP, 0), ATP_FIELD_ID); /* all eight bits agree by chance */
}

static void the_issue_time_is_named_exactly_and_only_when_nothing_else_differs(void **state)
{
    (void)state;
    atp_outcome_t outcome = {.kind = ATP_OP_COUNT, .issued_ms = 1000};

    for (int64_t later = 1; later <= 1000; later++) {
        atp_op_t op = {.kind = ATP_OP_COUNT, .issued_ms = outcome.issued_ms + later};
        assert_int_equal(atp_outcomes_conflict(&outcome, &op), ATP_FIELD_ISSUED);
        op.field_digests = UINT64_C(0x100); /* the rest as a whole differs, no field does by its eight bits */
        assert_int_equal(atp_outcomes_conflict(&outcome, &op), ATP_FIELD_ID);
    }
}

static void another_kind_is_named_before_any_field(void **state)
{
    (void)state;
    atp_outcome_t outcome = {.kind = ATP_OP_SHIP};
    atp_op_t op = {.kind = ATP_OP_CANCEL, .field_digests = UINT64_MAX};

    assert_int_equal(atp_outcomes_conflict(&outcome, &op), ATP_FIELD_KIND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_known_and_the_oldest_go),
        cmocka_unit_test(the_floor_is_above_all_that_is_forgotten_and_never_falls),
        cmocka_unit_test(outcomes_are_counted_at_their_client),
        cmocka_unit_test(what_is_past_the_window_goes_oldest_first_up_to_a_limit),
        cmocka_unit_test(a_rebuilt_index_knows_the_same),
        cmocka_unit_test(the_first_differing_field_is_named_in_the_order_of_what_was_asked),
        cmocka_unit_test(the_issue_time_is_named_exactly_and_only_when_nothing_else_differs),
        cmocka_unit_test(another_kind_is_named_before_any_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

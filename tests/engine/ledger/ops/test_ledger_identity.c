/* Identity: the same id again, another content under it, too old, too new, too many. Acceptance C1, C2, C11. */
#include "tests/engine/ledger/ledger_fixture.h"

#include <stdio.h>
#include <string.h>

static atp_command_line_t line_five;

static atp_command_t command_of(const char *id)
{
    line_five = line_of("S", "N", 5);
    return (atp_command_t){.kind = ATP_OP_RESERVE,
                           .id = atp_text_of(id),
                           .issued_ms = FIXTURE_START_MS,
                           .ttl_ms = 5000,
                           .owner = ATP_TEXT("cart"),
                           .line_count = 1,
                           .lines = &line_five};
}

static fixture_t with_stock(atp_qty_t qty)
{
    fixture_t f = fixture_open(NULL);

    stock(&f, "S", "N", qty);
    put_channel(&f, "web", 0);
    return f;
}

static void the_same_request_again_gets_the_same_answer_and_one_effect(void **state) /* C1 */
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_result_t first = fixture_do(&f, command_of("r"));

    assert_verdict(first, ATP_APPLIED);
    f.now_ms += 4000;
    atp_result_t again = fixture_do(&f, command_of("r"));
    assert_false(f.took_op);
    assert_int_equal(again.is_repeat, 1);
    again.is_repeat = 0;
    assert_memory_equal(&first, &again, sizeof first);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    fixture_close(&f);
}

static void a_repeat_of_several_lines_gets_its_grants_again(void **state)
{
    (void)state;
    fixture_t f = with_stock(7);
    atp_command_line_t lines[] = {line_of("S", "N", 5), line_of("S", "N", 5)};
    atp_command_t command = command_of("r");

    command.option = ATP_RESERVE_PARTIAL;
    command.line_count = 2;
    command.lines = lines;
    assert_verdict(fixture_do(&f, command), ATP_APPLIED_IN_PART);
    memset(f.grants, 0, 2 * sizeof *f.grants);
    assert_verdict(fixture_do(&f, command), ATP_APPLIED_IN_PART);
    assert_int_equal(f.result.is_repeat, 1);
    assert_int_equal(f.result.line_count, 2);
    assert_int_equal(f.grants[0].qty, 5);
    assert_int_equal(f.grants[1].qty, 2);
    fixture_close(&f);
}

static void another_content_under_the_same_id_names_the_field(void **state) /* C1 */
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_command_line_t other_qty = line_of("S", "N", 4);
    atp_command_line_t other_node = line_of("S", "M", 5);
    atp_command_line_t two[] = {line_of("S", "N", 5), line_of("S", "N", 5)};
    atp_command_t command = command_of("r");

    fixture_do(&f, command);
    command.ttl_ms = 6000;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_TTL);
    command = command_of("r");
    command.owner = ATP_TEXT("another cart");
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_OWNER);
    command = command_of("r");
    command.channel = ATP_TEXT("web");
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_CHANNEL);
    command = command_of("r");
    command.option = ATP_RESERVE_PARTIAL;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_OPTION);
    command = command_of("r");
    command.issued_ms--;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_ISSUED);
    command = command_of("r");
    command.lines = &other_qty;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_QTY);
    command.lines = &other_node;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_LINES);
    command.lines = two;
    command.line_count = 2;
    assert_refused(fixture_do(&f, command), ATP_CONFLICT, ATP_FIELD_LINES);
    assert_int_equal(view_of(&f, "S", "N").reserved, 5);
    assert_true(f.result.op > 0); /* the op that has the id */
    fixture_close(&f);
}

static void conflicts_of_catalogue_ops_name_what_they_are_about(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL);
    atp_command_line_t a = line_of("a", "x", 0);
    atp_command_line_t b = line_of("b", "y", 0);
    atp_command_t sku = {.kind = ATP_OP_SKU,
                         .id = ATP_TEXT("1"),
                         .issued_ms = f.now_ms,
                         .name = ATP_TEXT("a name"),
                         .line_count = 1,
                         .lines = &a};

    assert_verdict(fixture_do(&f, sku), ATP_APPLIED);
    sku.name = ATP_TEXT("another name");
    assert_refused(fixture_do(&f, sku), ATP_CONFLICT, ATP_FIELD_NAME);
    sku.lines = &b;
    assert_refused(fixture_do(&f, sku), ATP_CONFLICT, ATP_FIELD_SKU);
    sku.kind = ATP_OP_NODE;
    assert_refused(fixture_do(&f, sku), ATP_CONFLICT, ATP_FIELD_KIND);
    sku.id = ATP_TEXT("2");
    assert_verdict(fixture_do(&f, sku), ATP_APPLIED);
    sku.lines = &a;
    assert_refused(fixture_do(&f, sku), ATP_CONFLICT, ATP_FIELD_NODE);
    fixture_close(&f);
}

static void five_and_five_point_zero_are_the_same_request(void **state)
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_command_line_t with_decimals = {ATP_TEXT("S"), ATP_TEXT("N"), 500, 2};
    atp_command_t command = command_of("r");

    fixture_do(&f, command);
    command.lines = &with_decimals;
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    assert_int_equal(f.result.is_repeat, 1);
    fixture_close(&f);
}

static void a_refusal_is_remembered_with_its_field_and_line(void **state) /* C2 */
{
    (void)state;
    fixture_t f = with_stock(3);
    atp_command_line_t lines[] = {line_of("S", "N", 1), line_of("S", "N", 5)};
    atp_command_t command = command_of("r");

    command.lines = lines;
    command.line_count = 2;
    atp_result_t first = fixture_do(&f, command);
    assert_verdict(first, ATP_NOT_ENOUGH_AVAILABLE);
    fact(&f, ATP_OP_RECEIVE, "S", "N", 100);
    atp_result_t again = fixture_do(&f, command);
    assert_int_equal(again.is_repeat, 1);
    again.is_repeat = 0;
    assert_memory_equal(&first, &again, sizeof first);
    assert_int_equal(again.line, 1);
    assert_int_equal(again.field, ATP_FIELD_QTY);
    command.id = ATP_TEXT("a new one");
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    fixture_close(&f);
}

static void reservation_ids_are_everybodys_and_other_ids_each_clients_own(void **state)
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_command_line_t line = line_of("S", "N", 1);
    atp_command_t receive = {
        .kind = ATP_OP_RECEIVE, .id = ATP_TEXT("x"), .issued_ms = f.now_ms, .line_count = 1, .lines = &line};

    fixture_do(&f, command_of("r"));
    assert_verdict(fixture_do(&f, receive), ATP_APPLIED);
    f.client = "orchestrator";
    assert_verdict(fixture_do(&f, command_of("r")), ATP_APPLIED);
    assert_int_equal(f.result.is_repeat, 1);
    assert_verdict(fixture_do(&f, receive), ATP_APPLIED);
    assert_int_equal(f.result.is_repeat, 0);
    assert_int_equal(view_of(&f, "S", "N").on_hand, 22);
    receive.id = ATP_TEXT("r"); /* a request may be called like a reservation */
    assert_verdict(fixture_do(&f, receive), ATP_APPLIED);
    assert_int_equal(f.result.is_repeat, 0);
    fixture_close(&f);
}

static void an_outcome_can_be_asked_for_by_id(void **state) /* C11 */
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_result_t first = fixture_do(&f, command_of("r"));
    atp_result_t found;

    assert_true(atp_ledger_find_outcome(f.ledger, true, ATP_TEXT("shop"), ATP_TEXT("r"), &found));
    assert_verdict(found, ATP_APPLIED);
    assert_int_equal(found.op, first.op);
    assert_int_equal(found.qty, 5);
    assert_int_equal(found.deadline_ms, first.deadline_ms);
    assert_false(atp_ledger_find_outcome(f.ledger, true, ATP_TEXT("shop"), ATP_TEXT("q"), &found));
    assert_refused(found, ATP_UNKNOWN_ID, ATP_FIELD_ID);
    assert_false(atp_ledger_find_outcome(f.ledger, false, ATP_TEXT("shop"), ATP_TEXT("r"), &found));
    f.now_ms += 5000; /* nothing of it is left past its time to live */
    assert_int_equal(atp_of(&f, "S", "N"), 20);
    fixture_close(&f);
}

static void too_old_and_too_new_are_refused_without_a_trace(void **state)
{
    (void)state;
    fixture_t f = with_stock(20);
    const atp_ledger_config_t *config = atp_ledger_config(f.ledger);
    atp_command_t command = command_of("r");

    command.issued_ms = f.now_ms + config->issued_skew_ms + 1;
    assert_refused(fixture_do(&f, command), ATP_ISSUED_IN_FUTURE, ATP_FIELD_ISSUED);
    assert_false(f.took_op);
    command.issued_ms = f.now_ms - config->outcome_window_ms - 1;
    assert_refused(fixture_do(&f, command), ATP_ISSUED_BEFORE_FLOOR, ATP_FIELD_ISSUED);
    assert_false(f.took_op);
    command.issued_ms = f.now_ms - config->outcome_window_ms;
    assert_verdict(fixture_do(&f, command), ATP_APPLIED); /* refused ones were not remembered under the id */
    command.id = ATP_TEXT("r2");
    command.issued_ms = f.now_ms + config->issued_skew_ms;
    assert_verdict(fixture_do(&f, command), ATP_APPLIED);
    fixture_close(&f);
}

static void when_outcomes_are_full_the_floor_rises_above_the_oldest(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = 4;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50); /* three outcomes */
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(counts_of(&f).floor_ms, 0);
    f.now_ms += 10;
    assert_verdict(reserve(&f, "s", "S", "N", 1), ATP_APPLIED); /* the oldest goes */
    assert_int_equal(counts_of(&f).floor_ms, FIXTURE_START_MS + 1);
    f.issued_ms = FIXTURE_START_MS;
    assert_refused(reserve(&f, "r", "S", "N", 1), ATP_ISSUED_BEFORE_FLOOR, ATP_FIELD_ISSUED);
    f.issued_ms = FIXTURE_START_MS + 1;
    assert_refused(reserve(&f, "r", "S", "N", 1), ATP_CONFLICT, ATP_FIELD_ISSUED);
    assert_int_equal(counts_of(&f).outcomes, 4);
    fixture_close(&f);
}

static void an_outcome_issued_ahead_of_time_raises_the_floor_ahead_of_time(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = 2;
    fixture_t f = fixture_open(&config);

    f.issued_ms = f.now_ms + config.issued_skew_ms;
    put_node(&f, "a", ATP_NODE_OPEN);
    f.issued_ms = 0;
    put_node(&f, "b", ATP_NODE_OPEN);
    put_node(&f, "c", ATP_NODE_OPEN); /* the first is forgotten: its retry must not run */
    assert_verdict(put_node(&f, "d", ATP_NODE_OPEN), ATP_ISSUED_BEFORE_FLOOR);
    f.now_ms += config.issued_skew_ms + 1;
    assert_verdict(put_node(&f, "d", ATP_NODE_OPEN), ATP_APPLIED);
    fixture_close(&f);
}

static void a_reservation_whose_outcome_is_forgotten_still_has_its_id(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = 3;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50);
    f.now_ms += 10;
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    for (unsigned i = 0; i < 3; i++) {
        f.now_ms += 10;
        assert_verdict(fact(&f, ATP_OP_RECEIVE, "S", "N", 1), ATP_APPLIED);
    }
    assert_refused(reserve(&f, "r", "S", "N", 1), ATP_CONFLICT, ATP_FIELD_ID);
    assert_true(f.took_op);
    assert_int_equal(view_of(&f, "S", "N").reserved, 1);
    fixture_close(&f);
}

static void a_client_has_only_so_many_ids(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.ids_per_client = 5;
    fixture_t f = fixture_open(&config);

    f.client = "other";
    stock(&f, "S", "N", 50);
    f.client = "shop";
    for (unsigned i = 0; i < 5; i++) {
        char id[8];
        snprintf(id, sizeof id, "r%u", i);
        assert_verdict(reserve(&f, id, "S", "N", 1), ATP_APPLIED);
    }
    assert_refused(reserve(&f, "r5", "S", "N", 1), ATP_TOO_MANY_IDS, ATP_FIELD_CLIENT);
    assert_false(f.took_op);
    assert_verdict(reserve(&f, "r4", "S", "N", 1), ATP_APPLIED); /* a repeat takes no new one */
    f.client = "other";
    assert_verdict(reserve(&f, "r6", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void ids_inside_the_window_stay_whatever_the_wall_clock_says(void **state)
{
    (void)state;
    fixture_t f = fixture_open(NULL); /* its time is years ago */

    stock(&f, "S", "N", 5);
    f.issued_ms = f.now_ms;
    assert_verdict(reserve(&f, "r", "S", "N", 2), ATP_APPLIED);
    f.now_ms += fixture_config().outcome_window_ms - 1;
    pulse(&f, 1000);
    assert_int_equal(reserve(&f, "r", "S", "N", 2).is_repeat, 1);
    fixture_close(&f);
}

static void ids_past_the_window_are_given_back_by_a_pulse(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.ids_per_client = 3;
    config.outcome_window_ms = 10000;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50);
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_TOO_MANY_IDS);
    f.now_ms += 10001 + 60 * 1000;
    assert_true(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    pulse(&f, 2); /* no more than its limit */
    assert_int_equal(counts_of(&f).outcomes, 1);
    pulse(&f, 2);
    assert_int_equal(counts_of(&f).outcomes, 0);
    assert_false(atp_ledger_is_pulse_due(f.ledger, f.now_ms));
    assert_verdict(reserve(&f, "r", "S", "N", 1), ATP_APPLIED);
    fixture_close(&f);
}

static void a_client_number_that_does_not_exist_is_malformed(void **state)
{
    (void)state;
    fixture_t f = with_stock(20);
    atp_result_t fault;

    assert_int_equal(fixture_encode(&f, command_of("r"), &fault), ATP_APPLIED);
    ((atp_op_t *)f.record)->client = 100;
    assert_refused(fixture_apply(&f, f.record), ATP_MALFORMED, ATP_FIELD_CLIENT);
    assert_false(f.took_op);
    fixture_close(&f);
}

static void clients_are_named_once_and_beyond_the_limit_they_share_one_count(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();
    config.clients = 2;
    fixture_t f = fixture_open(&config);

    stock(&f, "S", "N", 50);
    f.client = "second";
    assert_verdict(reserve(&f, "a", "S", "N", 1), ATP_APPLIED);
    assert_int_equal(counts_of(&f).clients, 3); /* with the engine itself */
    atp_op_encode_client(f.record, ATP_TEXT("second"), atp_ledger_seed(f.ledger));
    assert_verdict(fixture_apply(&f, f.record), ATP_CONFIRMED);
    atp_op_encode_client(f.record, ATP_TEXT("third"), atp_ledger_seed(f.ledger));
    assert_verdict(fixture_apply(&f, f.record), ATP_CLIENTS_FULL);
    fixture_end_frame(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_request_again_gets_the_same_answer_and_one_effect),
        cmocka_unit_test(a_repeat_of_several_lines_gets_its_grants_again),
        cmocka_unit_test(another_content_under_the_same_id_names_the_field),
        cmocka_unit_test(conflicts_of_catalogue_ops_name_what_they_are_about),
        cmocka_unit_test(five_and_five_point_zero_are_the_same_request),
        cmocka_unit_test(a_refusal_is_remembered_with_its_field_and_line),
        cmocka_unit_test(reservation_ids_are_everybodys_and_other_ids_each_clients_own),
        cmocka_unit_test(an_outcome_can_be_asked_for_by_id),
        cmocka_unit_test(too_old_and_too_new_are_refused_without_a_trace),
        cmocka_unit_test(when_outcomes_are_full_the_floor_rises_above_the_oldest),
        cmocka_unit_test(an_outcome_issued_ahead_of_time_raises_the_floor_ahead_of_time),
        cmocka_unit_test(a_reservation_whose_outcome_is_forgotten_still_has_its_id),
        cmocka_unit_test(a_client_has_only_so_many_ids),
        cmocka_unit_test(ids_inside_the_window_stay_whatever_the_wall_clock_says),
        cmocka_unit_test(ids_past_the_window_are_given_back_by_a_pulse),
        cmocka_unit_test(a_client_number_that_does_not_exist_is_malformed),
        cmocka_unit_test(clients_are_named_once_and_beyond_the_limit_they_share_one_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

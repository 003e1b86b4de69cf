/* Bulk beside others: it is taken in pieces, others go between them, and neither waits for ever. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FACTS  1000u
#define PIECES 5u

static sim_engine_t sim;

static int open_engine(void **state)
{
    (void)state;
    sim_engine_init(&sim, 1);
    sim.options.segment_size = UINT64_C(8) << 20;
    if (sim_engine_open(&sim) != ATP_OK) {
        return -1;
    }
    sim_engine_stock(&sim, "S", "N", 500);
    sim_engine_stock(&sim, "fed", "N", 1);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

static sim_request_t *reserve(const char *id)
{
    sim_request_t *request = sim_request_create(1);

    sim_request_reserve(request, &sim, id, "S", "N", 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    return request;
}

static sim_request_t *submitted_facts(uint32_t count, bool is_divisible)
{
    sim_request_t *request = sim_request_create(count);
    char id[32];

    for (uint32_t i = 0; i < count; i++) {
        snprintf(id, sizeof id, "fact-%u", i);
        sim_request_fact(request, &sim, ATP_OP_RECEIVE, id, "fed", "N", 1);
    }
    assert_false(request->has_client_op);
    request->batch.is_divisible = is_divisible;
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_BULK, request), ATP_OK);
    return request;
}

static atp_qty_t fed(void)
{
    return sim_engine_view(&sim, "fed", "N").on_hand;
}

/* ---- E4, E5 ---- */

static void others_wait_for_one_piece_at_most_and_bulk_has_one_a_frame(void **state)
{
    sim_request_t *bulk = submitted_facts(FACTS, true);
    unsigned frames = 0;
    char id[32];

    (void)state;
    while (bulk->answers == 0) {
        atp_qty_t before = fed();
        snprintf(id, sizeof id, "reserve-%u", frames++);
        sim_request_t *request = reserve(id);
        assert_true(atp_engine_step_ledger(sim.engine));
        assert_true(fed() - before <= ATP_BULK_PIECE_LINES);
        assert_true(fed() > before || frames == 1); /* the first frame begins with the highest class */
        (void)atp_engine_step_journal(sim.engine);
        assert_int_equal(request->answers, 1);
        assert_int_equal(sim_request_result(request, 0)->verdict, ATP_APPLIED);
        sim_request_destroy(request);
    }
    assert_int_equal(frames, 1 + (FACTS + ATP_BULK_PIECE_LINES - 1) / ATP_BULK_PIECE_LINES);
    assert_int_equal(fed(), 1 + FACTS);
    for (uint32_t i = 0; i < FACTS; i++) {
        assert_int_equal(sim_request_result(bulk, i)->verdict, ATP_APPLIED);
    }
    sim_request_destroy(bulk);
}

static void alone_bulk_fills_a_frame(void **state)
{
    sim_request_t *bulk = submitted_facts(FACTS, true);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    assert_int_equal(fed(), 1 + FACTS);
    (void)atp_engine_step_journal(sim.engine);
    assert_int_equal(bulk->answers, 1);
    sim_request_destroy(bulk);
}

static void what_is_not_divisible_is_one_piece(void **state)
{
    sim_request_t *first = reserve("first");
    sim_request_t *bulk = submitted_facts(FACTS, false);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    assert_int_equal(fed(), 1); /* the frame of the reserve does not wait for it */
    sim_request_t *second = reserve("second");
    assert_true(atp_engine_step_ledger(sim.engine));
    assert_int_equal(fed(), 1 + FACTS);
    sim_engine_settle(&sim);
    assert_true(sim_request_result(bulk, FACTS - 1)->op < sim_request_result(second, 0)->op);
    sim_request_destroy(first);
    sim_request_destroy(bulk);
    sim_request_destroy(second);
}

static void in_one_frame_others_are_answered_before_bulk(void **state)
{
    sim_request_t *first = reserve("first");
    sim_request_t *bulk = submitted_facts(1, true);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    sim_request_t *second = reserve("second");
    sim_engine_settle(&sim);
    assert_true(sim_request_result(bulk, 0)->op < sim_request_result(second, 0)->op);
    assert_true(first->order < second->order);
    assert_true(second->order < bulk->order);
    sim_request_destroy(first);
    sim_request_destroy(bulk);
    sim_request_destroy(second);
}

/* ---- questions in pieces ---- */

typedef struct asked {
    unsigned pieces;
    sim_request_t *request; /* that comes while the third piece is asked */
} asked_t;

static void ask_piece(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    asked_t *asked = batch->context;

    (void)ledger;
    (void)now_ms;
    assert_int_equal(batch->piece, asked->pieces);
    if (asked->pieces++ == 2) {
        asked->request = reserve("between");
    }
}

static sim_request_t *submitted_question(asked_t *asked)
{
    sim_request_t *question = sim_request_create(1);

    question->batch.question = ask_piece;
    question->batch.question_pieces = PIECES;
    question->batch.line_count = PIECES * ATP_BULK_PIECE_LINES;
    question->batch.context = asked;
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_BULK, question), ATP_OK);
    return question;
}

static void what_comes_while_a_long_question_is_asked_goes_between_two_pieces(void **state)
{
    asked_t asked = {0, NULL};
    sim_request_t *question = submitted_question(&asked);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    assert_int_equal(asked.pieces, 3);
    (void)atp_engine_step_journal(sim.engine);
    assert_int_equal(asked.request->answers, 1);
    assert_int_equal(question->answers, 0);
    sim_engine_settle(&sim);
    assert_int_equal(asked.pieces, PIECES);
    assert_int_equal(question->answers, 1);
    sim_request_destroy(asked.request);
    sim_request_destroy(question);
}

static void a_question_in_pieces_of_another_class_is_asked_at_once(void **state)
{
    asked_t asked = {0, NULL};
    sim_request_t *question = sim_request_create(1);

    (void)state;
    question->batch.question = ask_piece;
    question->batch.question_pieces = 2;
    question->batch.context = &asked;
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, question), ATP_OK);
    assert_true(atp_engine_step_ledger(sim.engine));
    assert_int_equal(asked.pieces, 2);
    sim_engine_settle(&sim);
    sim_request_destroy(question);
}

/* ---- ends in the middle ---- */

static void what_is_left_of_bulk_when_the_engine_closes_is_answered_once(void **state)
{
    asked_t asked = {0, NULL};
    sim_request_t *question = submitted_question(&asked);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    sim_engine_close(&sim);
    assert_int_equal(question->answers, 1);
    assert_int_equal(question->err, ATP_ERR_CLOSED);
    assert_int_equal(asked.request->answers, 1);
    sim_request_destroy(asked.request);
    sim_request_destroy(question);
}

static void of_bulk_that_was_cut_by_a_power_cut_nothing_is_done_twice(void **state)
{
    sim_request_t *first = reserve("first");
    sim_request_t *bulk = submitted_facts(FACTS, true);

    (void)state;
    assert_true(atp_engine_step_ledger(sim.engine));
    sim_request_t *second = reserve("second");
    assert_true(atp_engine_step_ledger(sim.engine));
    (void)atp_engine_step_journal(sim.engine);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(bulk->err, ATP_ERR_CLOSED);
    sim_request_destroy(bulk);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(fed(), 1 + ATP_BULK_PIECE_LINES);
    bulk = submitted_facts(FACTS, true);
    sim_engine_settle(&sim);
    assert_int_equal(fed(), 1 + FACTS);
    assert_int_equal(sim_request_result(bulk, 0)->is_repeat, 1);
    assert_int_equal(sim_request_result(bulk, FACTS - 1)->is_repeat, 0);
    sim_request_destroy(first);
    sim_request_destroy(second);
    sim_request_destroy(bulk);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(others_wait_for_one_piece_at_most_and_bulk_has_one_a_frame),
        TEST(alone_bulk_fills_a_frame),
        TEST(what_is_not_divisible_is_one_piece),
        TEST(in_one_frame_others_are_answered_before_bulk),
        TEST(what_comes_while_a_long_question_is_asked_goes_between_two_pieces),
        TEST(a_question_in_pieces_of_another_class_is_asked_at_once),
        TEST(what_is_left_of_bulk_when_the_engine_closes_is_answered_once),
        TEST(of_bulk_that_was_cut_by_a_power_cut_nothing_is_done_twice),
    };
    return cmocka_run_group_tests_name("engine.bulk", tests, NULL, NULL);
}

/* Much that is due at one moment: pulses clear it, who may meet it waits, all others go on. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sim_engine_t sim;

static int open_engine(void **state)
{
    (void)state;
    sim_engine_init(&sim, 1);
    return sim_engine_open(&sim) == ATP_OK ? 0 : -1;
}

static int close_engine(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

#define CROWD 3000u

/* All of S is in reservations that end at the same moment, and that has come. */
static void let_a_crowd_be_due(void)
{
    sim_request_t *crowd = sim_request_create(CROWD);
    char id[16];

    sim_engine_close(&sim);
    sim.options.segment_size = UINT64_C(8) << 20;
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    sim_engine_stock(&sim, "S", "N", CROWD);
    sim_engine_stock(&sim, "other", "N", 5);
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(id, sizeof id, "crowd-%u", i);
        sim_request_reserve(crowd, &sim, id, "S", "N", 1);
    }
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, crowd), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, CROWD);
    sim_clock_pass(&sim.clock, sim.config.ttl_default_ms);
    sim_request_destroy(crowd);
}

static uint64_t expired(void)
{
    atp_ledger_counts_t counts;

    atp_ledger_counts(atp_engine_ledger(sim.engine), &counts);
    return counts.expired;
}

static sim_request_t *submitted_reserve(const char *id, const char *sku, atp_qty_t qty)
{
    sim_request_t *request = sim_request_create(1);

    sim_request_reserve(request, &sim, id, sku, "N", qty);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    return request;
}

static void what_meets_much_that_is_due_waits_for_pulses_and_others_go_on(void **state)
{
    (void)state;
    let_a_crowd_be_due();
    sim_request_t *other = submitted_reserve("before", "other", 1);
    sim_request_t *meets = submitted_reserve("meets", "S", CROWD); /* all of it is free again */
    sim_request_t *behind = submitted_reserve("behind", "other", 1);
    sim_request_t *fact = sim_request_create(1);
    sim_request_fact(fact, &sim, ATP_OP_RECEIVE, "fact", "other", "N", 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_FACT, fact), ATP_OK);
    for (uint64_t before = 0; expired() < CROWD; before = expired()) {
        assert_true(atp_engine_step_ledger(sim.engine));
        (void)atp_engine_step_journal(sim.engine);
        assert_true(expired() > before);
        assert_true(expired() - before <= (uint64_t)(1 + meets->answers) * ATP_CROWD_LIMIT); /* an op each */
        assert_int_equal(other->answers, 1);
        assert_int_equal(fact->answers, 1); /* another class does not wait */
        assert_int_equal(meets->answers, expired() == CROWD);
    }
    sim_engine_settle(&sim);
    assert_int_equal(sim_request_result(meets, 0)->verdict, ATP_APPLIED);
    assert_int_equal(expired(), CROWD);
    assert_true(sim_request_result(behind, 0)->op > sim_request_result(meets, 0)->op); /* in their order */
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, CROWD);
    sim_request_destroy(other);
    sim_request_destroy(meets);
    sim_request_destroy(behind);
    sim_request_destroy(fact);
}

/* Settling for a reader waits too, and holds nobody up. */
static void a_reader_that_meets_much_waits_alone(void **state)
{
    (void)state;
    let_a_crowd_be_due();
    sim_request_t *reader = sim_request_create(1);
    sim_request_t *release = sim_request_create(1);
    atp_position_view_t view = sim_engine_view(&sim, "S", "N");
    reader->batch.ops_size = atp_op_encode_settle(reader->ops, view.sku, view.node);
    reader->batch.op_count = 1;
    reader->batch.line_count = 1;
    reader->batch.ops = reader->ops;
    reader->batch.results = reader->results;
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RELEASE, reader), ATP_OK);
    sim_request_fact(release, &sim, ATP_OP_RECEIVE, "fact", "other", "N", 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RELEASE, release), ATP_OK);
    assert_true(atp_engine_step_ledger(sim.engine));
    (void)atp_engine_step_journal(sim.engine);
    assert_int_equal(release->answers, 1);
    assert_int_equal(reader->answers, 0);
    sim_engine_settle(&sim);
    assert_int_equal(reader->answers, 1);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, 0);
    sim_request_destroy(reader);
    sim_request_destroy(release);
}

static void what_waits_for_pulses_when_the_engine_closes_is_answered(void **state)
{
    (void)state;
    let_a_crowd_be_due();
    sim_request_t *meets = submitted_reserve("meets", "S", CROWD);
    assert_true(atp_engine_step_ledger(sim.engine));
    sim_engine_close(&sim);
    assert_int_equal(meets->answers, 1);
    assert_int_equal(meets->err, ATP_ERR_CLOSED);
    sim_request_destroy(meets);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_meets_much_that_is_due_waits_for_pulses_and_others_go_on),
        TEST(a_reader_that_meets_much_waits_alone),
        TEST(what_waits_for_pulses_when_the_engine_closes_is_answered),
    };
    return cmocka_run_group_tests_name("engine.crowd", tests, NULL, NULL);
}

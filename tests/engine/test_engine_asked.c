/* Questions of ops: each is answered in the turn of its op, which finds what the question saw. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
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

/* What was seen at S@N, of each op that was asked about. */
static atp_position_view_t seen[8];
static uint32_t asked;

static void look(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    (void)ledger;
    (void)now_ms;
    assert_int_equal(batch->piece, asked);
    seen[asked++] = sim_engine_view(&sim, "S", "N");
}

static sim_request_t *request_of(unsigned count, const char *prefix)
{
    sim_request_t *request = sim_request_create(count);
    char id[16];

    for (unsigned i = 0; i < count; i++) {
        snprintf(id, sizeof id, "%s-%u", prefix, i);
        sim_request_reserve(request, &sim, id, "S", "N", 1);
    }
    asked = 0;
    request->batch.question = look;
    return request;
}

/* Indexes of commands; an op that names the client may stand before them. */
static void ask_of(sim_request_t *request, uint32_t *ops, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        ops[i] += request->has_client_op;
    }
    request->batch.asked_ops = ops;
    request->batch.asked_count = count;
}

static void each_sees_what_the_ops_before_it_have_left(void **state)
{
    (void)state;
    sim_engine_stock(&sim, "S", "N", 10);
    sim_request_t *other = request_of(2, "other");
    other->batch.question = NULL;
    sim_request_t *request = request_of(4, "r");
    uint32_t ops[] = {0, 2, 3};

    ask_of(request, ops, 3);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, other), ATP_OK);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(asked, 3);
    assert_int_equal(seen[0].reserved, 2);
    assert_int_equal(seen[1].reserved, 4);
    assert_int_equal(seen[2].reserved, 5);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, 6);
    assert_int_equal(request->answers, 1);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(sim_request_result(request, i)->verdict, ATP_APPLIED);
    }
    sim_request_destroy(request);
    sim_request_destroy(other);
}

/* The op would have it expire first, so the question sees it expired; and what was done so is in the journal. */
static void what_is_due_is_settled_before_it_is_seen(void **state)
{
    (void)state;
    sim_engine_stock(&sim, "S", "N", 10);
    assert_int_equal(sim_engine_reserve(&sim, "old", "S", "N", 10).verdict, ATP_APPLIED);
    sim_clock_pass(&sim.clock, sim.config.ttl_default_ms);
    sim_request_t *request = request_of(1, "r");
    uint32_t ops[] = {0};

    ask_of(request, ops, 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(asked, 1);
    assert_int_equal(seen[0].reserved, 0);
    assert_int_equal(sim_request_result(request, 0)->verdict, ATP_APPLIED);
    uint64_t hash = atp_ledger_hash(atp_engine_ledger(sim.engine));
    sim_engine_close(&sim);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_true(atp_ledger_hash(atp_engine_ledger(sim.engine)) == hash);
    sim_request_destroy(request);
}

static void a_batch_without_room_for_what_is_settled_is_refused(void **state)
{
    (void)state;
    sim_engine_stock(&sim, "S", "N", 10);
    sim_request_t *request = request_of(1, "r");
    uint32_t ops[] = {0};

    size_t size = request->batch.ops_size;
    request->batch.ops_size = sim.engine->batch_size - ATP_ENGINE_ASKED_ROOM + 8;
    ask_of(request, ops, 1);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_ERR_LIMIT);
    request->batch.ops_size = size;
    assert_int_equal(asked, 0);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, request), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(asked, 1);
    sim_request_destroy(request);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_engine, close_engine)
    const struct CMUnitTest tests[] = {
        TEST(each_sees_what_the_ops_before_it_have_left),
        TEST(what_is_due_is_settled_before_it_is_seen),
        TEST(a_batch_without_room_for_what_is_settled_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The disk is full: promises stop, facts and releases go on in the room kept for them, nothing is lost, and all goes
 * on by itself when there is space again. */
#include "tests/test.h"

#include "engine/engine_priv.h"
#include "tests/sim/sim_engine.h"

#include <stdio.h>
#include <stdlib.h>

static sim_engine_t sim;

static int open_engine(void **state)
{
    (void)state;
    sim_engine_init(&sim, 2);
    sim.options.segments_ahead = 3;
    sim.options.reserve_bytes = ATP_SEGMENT_SIZE_MIN;
    if (sim_engine_open(&sim) != ATP_OK) {
        return -1;
    }
    sim_engine_stock(&sim, "S", "N", 100000);
    return 0;
}

static int close_engine(void **state)
{
    (void)state;
    sim_engine_fini(&sim);
    return 0;
}

static void fill_disk(void)
{
    sim_disk_stats_t stats;

    sim_engine_settle(&sim);
    sim_disk_stats(sim.disk, &stats);
    sim_disk_set_capacity(sim.disk, stats.used_size);
}

static atp_err_t try_reserve(unsigned number, atp_class_t class)
{
    sim_request_t *request = sim_request_create(1);
    char id[32];

    snprintf(id, sizeof id, "r-%u", number);
    sim_request_reserve(request, &sim, id, "S", "N", 1);
    atp_err_t err = sim_engine_submit(&sim, class, request);
    if (err == ATP_OK) {
        sim_engine_settle(&sim);
        assert_int_equal(request->answers, 1);
        assert_int_equal(request->err, ATP_OK);
    }
    sim_request_destroy(request);
    return err;
}

/* Reserves until refused; how many were granted. */
static unsigned reserve_until_refused(void)
{
    for (unsigned i = 0; i < 10000; i++) {
        atp_err_t err = try_reserve(i, ATP_CLASS_RESERVE);
        if (err != ATP_OK) {
            assert_int_equal(err, ATP_ERR_NO_SPACE);
            return i;
        }
    }
    fail_msg("a full disk never stopped the promises");
    return 0;
}

static void a_full_disk_stops_promises_and_says_so(void **state)
{
    atp_engine_stats_t stats;

    (void)state;
    fill_disk();
    assert_true(reserve_until_refused() > 100);
    atp_engine_stats(sim.engine, &stats);
    assert_false(stats.is_granting);
    assert_true(sim_engine_has_event(&sim, "grants_stopped"));
    assert_int_equal(try_reserve(20000, ATP_CLASS_FIRM), ATP_ERR_NO_SPACE);
    assert_int_equal(try_reserve(20001, ATP_CLASS_BULK), ATP_ERR_NO_SPACE);
    assert_int_equal(sim.fatals, 0);
}

static void facts_releases_and_time_go_on(void **state)
{
    sim_request_t *release = sim_request_create(1);
    sim_request_t *fact = sim_request_create(1);

    (void)state;
    fill_disk();
    unsigned granted = reserve_until_refused();
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, granted);
    sim_request_step(release, &sim, ATP_OP_RELEASE, "release", "r-0");
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RELEASE, release), ATP_OK);
    sim_request_fact(fact, &sim, ATP_OP_SALE, "sale", "S", "N", 5);
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_FACT, fact), ATP_OK);
    sim_engine_settle(&sim);
    assert_int_equal(release->err, ATP_OK);
    assert_int_equal(fact->err, ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, granted - 1);
    assert_int_equal(sim_engine_view(&sim, "S", "N").on_hand, 99995);
    sim_clock_pass(&sim.clock, sim.config.ttl_default_ms + 2000);
    for (int i = 0; i < 100; i++) {
        sim_clock_pass(&sim.clock, 10);
        sim_engine_settle(&sim);
    }
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, 0);
    sim_request_destroy(release);
    sim_request_destroy(fact);
}

static void promises_resume_by_themselves_when_space_returns(void **state)
{
    (void)state;
    fill_disk();
    unsigned granted = reserve_until_refused();
    sim_disk_set_capacity(sim.disk, 0);
    sim_engine_settle(&sim);
    assert_true(sim_engine_has_event(&sim, "grants_resumed"));
    assert_int_equal(try_reserve(30000, ATP_CLASS_RESERVE), ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, granted + 1);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, granted + 1);
}

/* Even the room that was kept is used up: the last facts wait, unanswered, and are done when space returns. */
static void facts_wait_when_all_room_is_used_and_none_is_lost(void **state)
{
    enum { FACTS = 3000 };
    static sim_request_t *facts[FACTS];
    unsigned submitted = 0;
    unsigned answered = 0;
    char id[32];

    (void)state;
    fill_disk();
    (void)reserve_until_refused();
    for (; submitted < FACTS; submitted++) {
        facts[submitted] = sim_request_create(1);
        snprintf(id, sizeof id, "sale-%u", submitted);
        sim_request_fact(facts[submitted], &sim, ATP_OP_SALE, id, "S", "N", 1);
        assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_FACT, facts[submitted]), ATP_OK);
        sim_engine_settle(&sim);
    }
    for (unsigned i = 0; i < FACTS; i++) {
        assert_true(facts[i]->answers == 0 || facts[i]->err == ATP_OK);
        assert_true(i == 0 || facts[i]->answers <= facts[i - 1]->answers);
        answered += facts[i]->answers;
    }
    assert_in_range(answered, 1, FACTS - 1);
    assert_int_equal(sim.fatals, 0);
    sim_disk_set_capacity(sim.disk, 0);
    sim_engine_settle(&sim);
    for (unsigned i = 0; i < FACTS; i++) {
        assert_int_equal(facts[i]->answers, 1);
        assert_int_equal(facts[i]->err, ATP_OK);
        sim_request_destroy(facts[i]);
    }
    assert_int_equal(sim_engine_view(&sim, "S", "N").on_hand, 100000 - FACTS);
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").on_hand, 100000 - FACTS);
}

static void a_power_cut_on_a_full_disk_loses_nothing(void **state)
{
    sim_disk_stats_t stats;

    (void)state;
    fill_disk();
    unsigned granted = reserve_until_refused();
    sim_engine_crash(&sim, SIM_CRASH_LOSE);
    sim_disk_stats(sim.disk, &stats);
    sim_disk_set_capacity(sim.disk, stats.used_size);
    assert_int_equal(sim_engine_open(&sim), ATP_OK);
    assert_int_equal(sim_engine_view(&sim, "S", "N").reserved, granted);
    assert_int_equal(try_reserve(30000, ATP_CLASS_RESERVE), ATP_ERR_NO_SPACE);
    sim_disk_set_capacity(sim.disk, 0);
    sim_engine_settle(&sim);
    assert_int_equal(try_reserve(30000, ATP_CLASS_RESERVE), ATP_OK);
}

static void answer_nothing(atp_batch_t *batch, const atp_ledger_t *ledger, int64_t now_ms)
{
    (void)ledger;
    (void)now_ms;
    *(bool *)batch->context = true;
}

static void questions_go_on(void **state)
{
    bool is_asked = false;
    sim_request_t *question = sim_request_create(1);

    (void)state;
    fill_disk();
    (void)reserve_until_refused();
    question->batch.question = answer_nothing;
    question->batch.context = &is_asked;
    assert_int_equal(sim_engine_submit(&sim, ATP_CLASS_RESERVE, question), ATP_OK);
    sim_engine_settle(&sim);
    assert_true(is_asked);
    assert_int_equal(question->err, ATP_OK);
    sim_request_destroy(question);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_engine, close_engine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_stops_promises_and_says_so),
        TEST(facts_releases_and_time_go_on),
        TEST(questions_go_on),
        TEST(promises_resume_by_themselves_when_space_returns),
        TEST(facts_wait_when_all_room_is_used_and_none_is_lost),
        TEST(a_power_cut_on_a_full_disk_loses_nothing),
    };
    return cmocka_run_group_tests_name("engine.room", tests, NULL, NULL);
}

/* When a load goes gently, and when it goes fast again. */
#include "tests/test.h"

#include "tools/atp/load/load_pace.h"
#include "tools/atp/load/load_run_priv.h"

#include <stdlib.h>

typedef struct world {
    atp_load_pace_t pace;
    int64_t now_ms;
    uint64_t requests;
    uint64_t own;
} world_t;

/* One look, after `others` requests a second of others and as many of its own as it likes. */
static void look(world_t *world, uint64_t others_per_s)
{
    world->now_ms += ATP_LOAD_LOOK_MS;
    world->own += 40;
    world->requests += 40 + others_per_s * ATP_LOAD_LOOK_MS / 1000;
    assert_true(atp_load_pace_is_look_due(&world->pace, world->now_ms));
    atp_load_pace_note(&world->pace, world->now_ms, world->requests, world->own);
}

/* A load that has looked once, at an engine that has had many requests before it. */
static world_t begun(void)
{
    world_t world = {.now_ms = 5000, .requests = 1000000};

    assert_false(atp_load_pace_is_look_due(&world.pace, world.now_ms));
    look(&world, 50000);
    assert_int_equal(atp_load_pace_rows(&world.pace), ATP_LOAD_FAST_ROWS);
    return world;
}

static void assert_is_gentle(const world_t *world, bool is_gentle)
{
    assert_int_equal(atp_load_pace_rows(&world->pace), is_gentle ? ATP_LOAD_GENTLE_ROWS : ATP_LOAD_FAST_ROWS);
    assert_int_equal(atp_load_pace_rest_ns(&world->pace), is_gentle ? ATP_LOAD_REST_NS : 0);
}

static void a_load_looks_after_a_while_and_not_before(void **state)
{
    atp_load_pace_t pace = {0};

    (void)state;
    assert_false(atp_load_pace_is_look_due(&pace, 7));
    assert_false(atp_load_pace_is_look_due(&pace, 7 + ATP_LOAD_LOOK_MS - 1));
    assert_true(atp_load_pace_is_look_due(&pace, 7 + ATP_LOAD_LOOK_MS));
    atp_load_pace_note(&pace, 7 + ATP_LOAD_LOOK_MS, 1, 1);
    assert_false(atp_load_pace_is_look_due(&pace, 7 + 2 * ATP_LOAD_LOOK_MS - 1));
}

/* P1: what was before the load is nobody beside it. */
static void alone_it_goes_fast_whatever_it_sends_itself(void **state)
{
    world_t world = begun();

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        look(&world, 0);
        assert_is_gentle(&world, false);
    }
}

static void others_are_given_way_at_the_first_look_that_finds_them(void **state)
{
    world_t world = begun();

    (void)state;
    look(&world, ATP_LOAD_OTHERS_MIN);
    assert_is_gentle(&world, true);
}

static void a_few_requests_are_nobody(void **state)
{
    world_t world = begun();

    (void)state;
    look(&world, ATP_LOAD_OTHERS_MIN - 10);
    assert_is_gentle(&world, false);
}

/* P2 */
static void when_the_others_have_been_gone_for_a_while_it_goes_fast_again(void **state)
{
    world_t world = begun();

    (void)state;
    look(&world, 5000);
    for (unsigned i = 1; i < ATP_LOAD_CALM_LOOKS; i++) {
        look(&world, 0);
        assert_is_gentle(&world, true);
    }
    look(&world, 0);
    assert_is_gentle(&world, false);
}

static void others_that_come_and_go_keep_it_gentle(void **state)
{
    world_t world = begun();

    (void)state;
    for (unsigned i = 0; i < 5 * ATP_LOAD_CALM_LOOKS; i++) {
        look(&world, i % ATP_LOAD_CALM_LOOKS == 0 ? 5000 : 0);
        assert_is_gentle(&world, true);
    }
}

/* Its own messages are counted before they are sent: a look may know of more than the engine has had. */
static void own_messages_on_their_way_are_nobody(void **state)
{
    world_t world = begun();

    (void)state;
    world.own += 4;
    look(&world, 0);
    assert_is_gentle(&world, false);
    world.requests += 4;
    look(&world, 0);
    assert_is_gentle(&world, false);
}

static void an_engine_that_does_not_count_or_was_started_anew_is_nobody(void **state)
{
    world_t world = begun();

    (void)state;
    world.requests = 0;
    look(&world, 0);
    assert_is_gentle(&world, false);
    atp_load_pace_note(&world.pace, world.now_ms, 0, world.own); /* a second look at the same moment */
    assert_is_gentle(&world, false);
}

/* ---- rows of a run, some at a time ---- */

#define ROWS (2 * ATP_LOAD_GENTLE_ROWS + 44)

static atp_load_row_t rows[ROWS];
static uint32_t taken[ROWS];
static unsigned takes;
static unsigned takes_most; /* then one fails */

static atp_err_t take(atp_load_run_t *run, const atp_load_row_t *some, uint32_t count)
{
    uint32_t before = takes > 0 ? taken[takes - 1] : 0;

    (void)run;
    assert_ptr_equal(some, &rows[before]);
    taken[takes++] = before + count;
    return takes == takes_most ? ATP_ERR_IO : ATP_OK;
}

/* One that does not look around while the test runs. */
static atp_err_t take_rows(bool is_gentle, unsigned most)
{
    atp_load_run_t *run = calloc(1, sizeof *run);

    assert_non_null(run);
    run->pace = (atp_load_pace_t){
        .has_begun = true, .looked_ms = INT64_MAX / 2, .gentle_looks = is_gentle ? ATP_LOAD_CALM_LOOKS : 0};
    takes = 0;
    takes_most = most;
    atp_err_t err = atp_load_run_take_paced(run, rows, ROWS, take);
    free(run);
    return err;
}

static void a_gentle_load_takes_few_rows_at_a_time_and_all_of_them(void **state)
{
    (void)state;
    assert_int_equal(take_rows(true, ROWS), ATP_OK);
    assert_int_equal(takes, 3);
    assert_int_equal(taken[0], ATP_LOAD_GENTLE_ROWS);
    assert_int_equal(taken[1], 2 * ATP_LOAD_GENTLE_ROWS);
    assert_int_equal(taken[2], ROWS);
}

static void a_fast_load_takes_them_at_once(void **state)
{
    (void)state;
    assert_int_equal(take_rows(false, ROWS), ATP_OK);
    assert_int_equal(takes, 1);
    assert_int_equal(taken[0], ROWS);
}

static void what_fails_ends_it(void **state)
{
    (void)state;
    assert_int_equal(take_rows(true, 2), ATP_ERR_IO);
    assert_int_equal(takes, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_load_looks_after_a_while_and_not_before),
        cmocka_unit_test(alone_it_goes_fast_whatever_it_sends_itself),
        cmocka_unit_test(others_are_given_way_at_the_first_look_that_finds_them),
        cmocka_unit_test(a_few_requests_are_nobody),
        cmocka_unit_test(when_the_others_have_been_gone_for_a_while_it_goes_fast_again),
        cmocka_unit_test(others_that_come_and_go_keep_it_gentle),
        cmocka_unit_test(own_messages_on_their_way_are_nobody),
        cmocka_unit_test(an_engine_that_does_not_count_or_was_started_anew_is_nobody),
        cmocka_unit_test(a_gentle_load_takes_few_rows_at_a_time_and_all_of_them),
        cmocka_unit_test(a_fast_load_takes_them_at_once),
        cmocka_unit_test(what_fails_ends_it),
    };
    return cmocka_run_group_tests_name("tools.atp.load_pace", tests, NULL, NULL);
}

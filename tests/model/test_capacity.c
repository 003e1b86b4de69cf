/* Random requests to a ledger and to the model of capacity, side by side: every answer, and what is published of every node,
 * must be the same. The seed is printed when they differ. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "tests/model/model_capacity.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 1500
#define HOUR  INT64_C(3600000)

typedef struct run {
    fixture_t f;
    capacity_model_t model;
    uint64_t seed;
    uint64_t first_seed;
    unsigned seen[ATP_VERDICT_LIMIT];
    unsigned stranded;
    unsigned step;
} run_t;

static const char *const skus[CAPACITY_SKUS] = {"A", "B", "C"};
static const char *const nodes[CAPACITY_NODES] = {"N0", "N1", "N2"};
static const char *const zones[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "PST8PDT,M3.2.0,M11.1.0",
                                    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"};

static uint64_t draw(run_t *run, uint64_t below)
{
    return test_random(&run->seed) % below;
}

static void differ(const run_t *run, const char *what, long long has, long long expected)
{
    fail_msg("seed %llu, step %u: %s is %lld, the model says %lld", (unsigned long long)run->first_seed,
             run->step, what, has, expected);
}

/* ---- a node changes ---- */

static void put(run_t *run, int number, const char *words)
{
    atp_command_line_t line = line_of("", nodes[number], 0);
    atp_command_t command = {.kind = ATP_OP_NODE,
                             .option = (uint8_t)run->model.nodes[number].state,
                             .line_count = 1,
                             .lines = &line};
    assert_verdict(do_with(&run->f, command, words), ATP_APPLIED);
}

static void change_calendar(run_t *run, int number)
{
    capacity_node_t *node = &run->model.nodes[number];
    char words[400];
    int used;

    if (!node->has_calendar) {
        *node = (capacity_node_t){.state = node->state, .has_calendar = true};
    }
    node->zone = zones[draw(run, 4)];
    node->cut_off = (int)(draw(run, 3) == 0 ? 1440 : draw(run, 18) * 60 + 330);
    node->cut_off = node->cut_off > 1440 ? 1440 : node->cut_off;
    node->working_days = draw(run, 2) == 0 ? 127 : (unsigned)draw(run, 127) + 1;
    node->handling_days = (int)draw(run, 4);
    node->ready_minute = (int)(draw(run, 2) == 0 ? 1440 : draw(run, 18) * 60 + 330);
    node->ready_minute = node->ready_minute > 1440 ? 1440 : node->ready_minute;
    node->units = draw(run, 4) == 0 ? 0 : (int64_t)(draw(run, 40) + 1) * 100;
    node->orders = draw(run, 2) == 0 ? 0 : (int64_t)draw(run, 6) + 1;
    node->closed_count = 0;
    used =
        snprintf(words, sizeof words,
                 "time_zone=%s cut_off=%d working_days=%u handling_days=%d ready_minute=%d capacity_units=%d "
                 "capacity_orders=%d",
                 node->zone, node->cut_off, node->working_days, node->handling_days, node->ready_minute,
                 (int)(node->units / 100), (int)node->orders);
    for (uint64_t left = draw(run, CAPACITY_CLOSED); left > 0; left--) {
        int64_t day = 20231100 + (int64_t)draw(run, 2) * 100 + (int64_t)draw(run, 30) + 1;
        node->closed[node->closed_count++] = day;
        used += snprintf(words + used, sizeof words - (size_t)used, " closed_day=%d", (int)day);
    }
    if (node->closed_count == 0) {
        (void)snprintf(words + used, sizeof words - (size_t)used, " closed_day=0");
    }
    put(run, number, words);
}

/* One day gets limits of its own, or none any more. */
static void change_day(run_t *run, int number)
{
    capacity_node_t *node = &run->model.nodes[number];
    char words[100];

    if (!node->has_calendar || node->own_count == CAPACITY_OWN) {
        return;
    }
    int64_t day = 20231100 + (int64_t)draw(run, 2) * 100 + (int64_t)draw(run, 30) + 1;
    int64_t units = draw(run, 2) == 0 ? -1 : (int64_t)draw(run, 40) * 100;
    int64_t orders = draw(run, 2) == 0 ? -1 : (int64_t)draw(run, 6);
    int used = snprintf(words, sizeof words, "capacity_day=%d", (int)day);
    if (units >= 0) {
        used += snprintf(words + used, sizeof words - (size_t)used, " capacity_units=%d", (int)(units / 100));
    }
    if (orders >= 0) {
        (void)snprintf(words + used, sizeof words - (size_t)used, " capacity_orders=%d", (int)orders);
    }
    put(run, number, words);
    node->own[node->own_count].day = day;
    node->own[node->own_count].units = units;
    node->own[node->own_count++].orders = orders;
}

/* What is stranded at a node: on hand, in hundredths, and the reservations that have something there. */
static int64_t stranded_at(const run_t *run, int node, int *ret_reservations)
{
    int64_t on_hand = 0;

    *ret_reservations = 0;
    for (int sku = 0; sku < CAPACITY_SKUS; sku++) {
        on_hand += run->model.on_hand[sku][node] * (run->model.scales[sku] == 2 ? 1 : 100);
    }
    for (int i = 0; i < run->model.reservation_count; i++) {
        const capacity_reservation_t *reservation = &run->model.reservations[i];
        bool is_there = false;
        for (int j = 0; j < reservation->line_count; j++) {
            const capacity_line_t *line = &reservation->lines[j];
            is_there = is_there || (line->node == node && line->reserved + line->allocated > 0);
        }
        *ret_reservations += is_there;
    }
    return on_hand;
}

static void change_state(run_t *run, int number)
{
    capacity_node_t *node = &run->model.nodes[number];
    atp_node_state_t was = node->state;
    uint64_t before = counts_of(&run->f).exceptions;
    int reservations;

    node->state = draw(run, 2) == 0 ? ATP_NODE_OPEN : (atp_node_state_t)draw(run, 4);
    capacity_expire(&run->model, run->f.now_ms);
    put(run, number, "");
    int64_t on_hand = stranded_at(run, number, &reservations);
    bool is_told =
        node->state == ATP_NODE_CLOSED && was != ATP_NODE_CLOSED && (on_hand != 0 || reservations > 0);
    if (counts_of(&run->f).exceptions != before + is_told) {
        differ(run, "whether something is stranded", (long long)(counts_of(&run->f).exceptions - before),
               is_told);
    }
    if (is_told) {
        const atp_exception_t *exception = newest_exception(&run->f);
        assert_int_equal(exception->kind, ATP_EXCEPTION_STRANDED);
        assert_int_equal(exception->qty, on_hand);
        assert_int_equal(exception->scale, 2);
        assert_int_equal(exception->reservation_total, reservations);
        run->stranded++;
    }
}

/* ---- reservations ---- */

static void reserve_some(run_t *run)
{
    capacity_request_t request = {.is_partial = draw(run, 3) == 0,
                                  .ttl_ms = (int64_t)draw(run, 60) * HOUR / 2 + 1000,
                                  .line_count = (int)draw(run, CAPACITY_LINES) + 1};
    atp_command_line_t lines[CAPACITY_LINES];
    char id[32];
    char words[64] = "";

    if (draw(run, 3) == 0) {
        request.ready_by_ms = run->f.now_ms - HOUR + (int64_t)draw(run, 15 * 24) * HOUR;
        snprintf(words, sizeof words, "ready_by=%lld", (long long)request.ready_by_ms);
    }
    for (int i = 0; i < request.line_count; i++) {
        int sku = (int)draw(run, CAPACITY_SKUS);
        int64_t qty = (int64_t)draw(run, 12) * (run->model.scales[sku] == 2 ? 37 : 1) + 1;
        request.lines[i] =
            (capacity_line_t){.sku = sku, .node = (int)draw(run, CAPACITY_NODES), .reserved = qty};
        lines[i] = (atp_command_line_t){atp_text_of(skus[sku]), atp_text_of(nodes[request.lines[i].node]),
                                        qty, (uint8_t)run->model.scales[sku]};
    }
    snprintf(id, sizeof id, "r%d-%u", run->model.reservation_count, run->step);
    int number = run->model.reservation_count;
    capacity_answer_t wanted = capacity_reserve(&run->model, &request, run->f.now_ms);
    if (number != run->model.reservation_count) {
        snprintf(id, sizeof id, "r%d", number); /* granted: steps find it by its number */
    }
    atp_command_t command = {.kind = ATP_OP_RESERVE,
                             .id = atp_text_of(id),
                             .option = request.is_partial ? ATP_RESERVE_PARTIAL : ATP_RESERVE_ALL_OR_NOTHING,
                             .ttl_ms = request.ttl_ms,
                             .line_count = (uint32_t)request.line_count,
                             .lines = lines};
    atp_result_t result = do_with(&run->f, command, words);
    run->seen[wanted.verdict]++;
    if (result.verdict != wanted.verdict) {
        fail_msg("seed %llu, step %u: %s, the model says %s", (unsigned long long)run->first_seed, run->step,
                 atp_verdict_name(result.verdict), atp_verdict_name(wanted.verdict));
    }
    if (!atp_verdict_is_success(wanted.verdict)) {
        if (result.line != wanted.line) {
            differ(run, "the line at fault", result.line, wanted.line);
        }
        return;
    }
    if (result.ready_ms != wanted.ready_ms) {
        differ(run, "ready_ms", result.ready_ms, wanted.ready_ms);
    }
    for (int i = 0; i < request.line_count && request.line_count > 1; i++) {
        if (run->f.grants[i].qty != wanted.granted[i]) {
            differ(run, "a grant", run->f.grants[i].qty, wanted.granted[i]);
        }
    }
}

/* One step of one whole reservation: release, allocate, cancel, ship; refused by both or done by both. */
static void step_some(run_t *run)
{
    static const atp_op_kind_t kinds[] = {ATP_OP_RELEASE, ATP_OP_ALLOCATE, ATP_OP_CANCEL, ATP_OP_SHIP};
    atp_op_kind_t kind = kinds[draw(run, 4)];
    char id[32];

    if (run->model.reservation_count == 0) {
        return;
    }
    int number =
        run->model.reservation_count - 1 -
        (int)draw(run, run->model.reservation_count < 12 ? (uint64_t)run->model.reservation_count : 12);
    capacity_reservation_t *reservation = &run->model.reservations[number];
    capacity_expire(&run->model, run->f.now_ms);
    bool is_done = false;
    for (int i = 0; i < reservation->line_count; i++) {
        capacity_line_t *line = &reservation->lines[i];
        int64_t *from =
            kind == ATP_OP_RELEASE || kind == ATP_OP_ALLOCATE ? &line->reserved : &line->allocated;
        int64_t qty = *from;
        is_done = is_done || qty > 0;
        *from = 0;
        line->allocated += kind == ATP_OP_ALLOCATE ? qty : 0;
        if (kind == ATP_OP_SHIP) {
            capacity_booking_t *booking = &reservation->bookings[line->node];
            static const int64_t factors[] = {100, 10, 1};
            booking->shipped += booking->is_there ? qty * factors[run->model.scales[line->sku]] : 0;
            run->model.on_hand[line->sku][line->node] -= qty;
        }
    }
    snprintf(id, sizeof id, "r%d", number);
    bool has_done = atp_verdict_is_success(step_all(&run->f, kind, id).verdict);
    if (has_done != is_done) {
        differ(run, "whether the step was made", has_done, is_done);
    }
}

/* ---- looking ---- */

static void compare(run_t *run)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(run->f.ledger);

    capacity_expire(&run->model, run->f.now_ms);
    for (uint16_t i = 0; i < CAPACITY_NODES; i++) {
        if (!run->model.nodes[i].has_calendar) {
            continue;
        }
        for (int sku = 0; sku < CAPACITY_SKUS; sku++) {
            (void)settle(&run->f, skus[sku], nodes[i]); /* as a reader has it settled */
        }
        int64_t left = atp_catalog_node_ready(catalog, i).capacity_left;
        int64_t expected = capacity_left_now(&run->model, i, run->f.now_ms);
        if ((left == INT64_MAX ? left : left / 10000) != expected) {
            differ(run, "what is left of a node", left, expected);
        }
    }
}

static void one_step(run_t *run)
{
    static const int64_t pauses[] = {0, 1, 1000, HOUR, 7 * HOUR, 24 * HOUR};
    uint64_t what = draw(run, 100);

    run->f.now_ms += pauses[draw(run, draw(run, 4) == 0 ? 6 : 3)];
    if (what < 60) {
        reserve_some(run);
    } else if (what < 90) {
        step_some(run);
    } else if (what < 93) {
        change_calendar(run, (int)draw(run, CAPACITY_NODES - 1)); /* the last one never has one */
    } else if (what < 94) {
        for (int i = 0; i < 4; i++) {
            change_day(run, (int)draw(run, CAPACITY_NODES - 1));
        }
    } else if (what < 96) {
        change_state(run, (int)draw(run, CAPACITY_NODES));
    } else {
        int sku = (int)draw(run, CAPACITY_SKUS);
        int node = (int)draw(run, CAPACITY_NODES);
        int64_t qty = (int64_t)draw(run, 60) + 1;
        run->model.on_hand[sku][node] += qty * (run->model.scales[sku] == 2 ? 100 : 1);
        assert_true(
            atp_verdict_is_success(fact(&run->f, ATP_OP_RECEIVE, skus[sku], nodes[node], qty).verdict));
    }
}

static void run_seed(uint64_t seed, unsigned seen[ATP_VERDICT_LIMIT])
{
    atp_ledger_config_t config = fixture_config();
    run_t *run = calloc(1, sizeof *run);

    assert_non_null(run);
    config.reservations = config.bookings = CAPACITY_RESERVATIONS;
    config.lines = CAPACITY_RESERVATIONS * CAPACITY_LINES;
    config.outcome_window_ms = INT64_C(365) * 24 * HOUR;
    config.outcomes = 8192;
    config.ids_per_client = 100000;
    run->f = fixture_open_journaled(&config);
    run->seed = run->first_seed = seed;
    run->model.scales[2] = 2;
    for (int i = 0; i < CAPACITY_SKUS; i++) {
        put_sku(&run->f, skus[i], (uint8_t)run->model.scales[i]);
    }
    for (int i = 0; i < CAPACITY_NODES; i++) {
        put_node(&run->f, nodes[i], ATP_NODE_OPEN);
    }
    for (int i = 0; i < CAPACITY_SKUS * CAPACITY_NODES; i++) {
        run->model.on_hand[i % CAPACITY_SKUS][i / CAPACITY_SKUS] =
            run->model.scales[i % CAPACITY_SKUS] == 2 ? 5000 : 50;
        fact(&run->f, ATP_OP_COUNT, skus[i % CAPACITY_SKUS], nodes[i / CAPACITY_SKUS], 50);
    }
    run->f.is_unchecked = true; /* and checked every so often */
    for (run->step = 0; run->step < STEPS; run->step++) {
        one_step(run);
        if (run->step % 8 == 0) {
            fixture_check(&run->f);
        }
        if (run->step % 16 == 0) {
            run->f.now_ms +=
                40; /* the slot of what is due is over: settling rows does not need it, what is left does */
            pulse(&run->f, 10000);
            compare(run);
        }
    }
    assert_true(run->stranded > 0);
    for (unsigned i = 0; i < ATP_VERDICT_LIMIT; i++) {
        seen[i] += run->seen[i];
    }
    fixture_close(&run->f);
    free(run);
}

static void the_ledger_says_what_the_model_says(void **state)
{
    static const atp_verdict_t reached[] = {ATP_APPLIED,          ATP_APPLIED_IN_PART,
                                            ATP_NODE_NOT_OPEN,    ATP_NOT_ENOUGH_AVAILABLE,
                                            ATP_NODE_AT_CAPACITY, ATP_NOT_READY_IN_TIME};
    unsigned seen[ATP_VERDICT_LIMIT] = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        run_seed(seed * 7919, seen);
    }
    for (size_t i = 0; i < sizeof reached / sizeof reached[0]; i++) {
        if (seen[reached[i]] < 20) {
            fail_msg("%s was reached %u times only", atp_verdict_name(reached[i]), seen[reached[i]]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_says_what_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Dated supply in the ledger beside its reference model, on random ops.
 *
 *     test_supply [SEED [OPS]]
 *
 * After each op the answers are compared; now and then the whole of it: buckets, what may be promised on each day, what is
 * open and pegged of each supply, and the units of each reservation. */
#include "tests/engine/ledger/ledger_fixture.h"
#include "tests/model/model_supply.h"

#include "engine/base/attribute.h"
#include "engine/ledger/supply/ledger_schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS         INT64_C(86400000)
#define OPS_PER_LEDGER 1200u

static uint64_t seed = 20261121;
static uint64_t ops_wanted = 6000;
static uint64_t reached[ATP_VERDICT_LIMIT];
static uint64_t reached_at_risk;
static uint64_t reached_overdue;

typedef struct pair {
    uint64_t random;
    fixture_t f;
    supply_model_t *model;
    unsigned supply_count;
    unsigned hold_count;
    atp_command_line_t line;
    atp_attribute_t attributes[3];
    char id[24];
    char node[8];
} supply_pair_t;

static uint64_t below(supply_pair_t *p, uint64_t limit)
{
    return test_random(&p->random) % limit;
}

static int32_t today(const supply_pair_t *p)
{
    return (int32_t)(p->f.now_ms / DAY_MS);
}

static const char *node_name(unsigned node)
{
    static const char *const names[] = {"A", "B", "C"};
    return names[node];
}

/* ---- one op on both sides ---- */

static void compare(supply_pair_t *p, const char *what, supply_answer_t expected)
{
    reached[expected.verdict]++;
    if (p->f.result.verdict != expected.verdict ||
        (atp_verdict_is_success(expected.verdict) && expected.verdict != ATP_CONFIRMED &&
         p->f.result.qty != expected.qty)) {
        fail_msg("op %llu: %s %s: %s of %lld, the model says %s of %lld", (unsigned long long)p->model->op,
                 what, p->id, atp_verdict_name(p->f.result.verdict), (long long)p->f.result.qty,
                 atp_verdict_name(expected.verdict), (long long)expected.qty);
    }
}

static void begin(supply_pair_t *p)
{
    p->model->now_ms = p->f.now_ms;
    p->model->op = counts_of(&p->f).op + 1;
}

static void command(supply_pair_t *p, atp_op_kind_t kind, bool has_line, unsigned node, atp_qty_t qty,
                    uint32_t attributes)
{
    p->line = line_of("S", node_name(node), qty);
    (void)fixture_do(&p->f, (atp_command_t){.kind = kind,
                                            .is_fact = kind == ATP_OP_RECEIVE_SUPPLY,
                                            .subject = atp_text_of(p->id),
                                            .line_count = has_line,
                                            .lines = &p->line,
                                            .attribute_count = attributes,
                                            .attributes = p->attributes});
}

static atp_attribute_t number_of(uint8_t key, int64_t number)
{
    return (atp_attribute_t){.key = key, .line = ATP_WHOLE_OP, .number = number};
}

/* A day on which nothing is due at the node yet. */
static int32_t free_day(supply_pair_t *p, unsigned node)
{
    int32_t day;

    do {
        day = today(p) - 3 + (int32_t)below(p, below(p, 10) == 0 ? 740 : 40);
    } while (supply_model_day_is_taken(p->model, node, day));
    return day;
}

/* One of the supplies there are, an open one if it is found in a few tries. */
static unsigned some_supply(supply_pair_t *p)
{
    unsigned id = 0;

    for (unsigned i = 0; i < 6; i++) {
        id = (unsigned)below(p, p->supply_count);
        if (p->model->supplies[id].is_open) {
            break;
        }
    }
    snprintf(p->id, sizeof p->id, "supply%u", id);
    return id;
}

static void put(supply_pair_t *p)
{
    bool is_new = p->supply_count < MODEL_SUPPLIES && (p->supply_count == 0 || below(p, 2) == 0);
    unsigned id = is_new ? p->supply_count++ : some_supply(p);
    const model_supply_t *s = &p->model->supplies[id];
    unsigned node = is_new || below(p, 20) == 0 ? (unsigned)below(p, MODEL_NODES) : s->node;
    int32_t day = is_new || below(p, 2) == 0 ? free_day(p, node) : s->day;
    atp_qty_t qty = is_new || below(p, 2) == 0 ? 1 + (atp_qty_t)below(p, 20) : s->ordered;

    snprintf(p->id, sizeof p->id, "supply%u", id);
    begin(p);
    p->attributes[0] = number_of(ATP_KEY_DUE, (int64_t)day * DAY_MS);
    command(p, ATP_OP_SUPPLY, true, node, qty, 1);
    compare(p, "supply", supply_model_put(p->model, id, node, qty, day));
}

static void cancel(supply_pair_t *p)
{
    unsigned id = some_supply(p);

    if (below(p, 20) == 0) { /* one that never was */
        id = MODEL_SUPPLIES - 1;
        snprintf(p->id, sizeof p->id, "supply%u", id);
    }
    begin(p);
    p->attributes[0] = number_of(ATP_KEY_SUPPLY_STATUS, 1);
    command(p, ATP_OP_SUPPLY, false, 0, 0, 1);
    compare(p, "cancel", supply_model_cancel(p->model, id));
}

static void receive(supply_pair_t *p)
{
    unsigned id = some_supply(p);
    const model_supply_t *s = &p->model->supplies[id];
    unsigned node = below(p, 20) == 0 ? (unsigned)below(p, MODEL_NODES) : s->node;
    bool is_final = below(p, 4) == 0;
    atp_qty_t open = supply_model_open(p->model, id);
    atp_qty_t qty = open > 0 && below(p, 2) == 0 ? open : (atp_qty_t)below(p, 12);

    begin(p);
    p->attributes[0] = number_of(ATP_KEY_FINAL, 1);
    command(p, ATP_OP_RECEIVE_SUPPLY, true, node, qty, is_final);
    compare(p, "receive", supply_model_receive(p->model, id, node, qty, is_final));
}

static void stock_moves(supply_pair_t *p)
{
    unsigned node = (unsigned)below(p, MODEL_NODES);
    atp_qty_t qty = 1 + (atp_qty_t)below(p, 8);
    bool is_sale = below(p, 2) == 0;

    begin(p);
    fact(&p->f, is_sale ? ATP_OP_SALE : ATP_OP_RECEIVE, "S", node_name(node), qty);
    compare(p, "stock", supply_model_stock(p->model, node, is_sale ? -qty : qty));
}

/* How many may wait for stock, and how many are kept back. */
static void set_rule(supply_pair_t *p)
{
    unsigned node = (unsigned)below(p, MODEL_NODES);
    bool is_limit = below(p, 3) > 0;
    atp_qty_t qty = (atp_qty_t)below(p, is_limit ? 12 : 4);

    begin(p);
    if (is_limit) {
        p->line = line_of("S", node_name(node), qty);
        (void)fixture_do(&p->f, (atp_command_t){.kind = ATP_OP_LIMIT, .line_count = 1, .lines = &p->line});
        compare(p, "limit", supply_model_limit(p->model, node, qty));
    } else {
        fact(&p->f, ATP_OP_SAFETY, "S", node_name(node), qty);
        compare(p, "safety", supply_model_safety(p->model, node, qty));
    }
}

static void reserve_by(supply_pair_t *p)
{
    unsigned id = p->hold_count++;
    unsigned node = (unsigned)below(p, MODEL_NODES);
    atp_qty_t qty = 1 + (atp_qty_t)below(p, 12);
    int32_t day = today(p) - 1 + (int32_t)below(p, below(p, 10) == 0 ? 780 : 45);
    bool is_partial = below(p, 3) == 0;
    int64_t ttl_ms = below(p, 2) == 0 ? DAY_MS / 2 : 20 * DAY_MS;

    snprintf(p->id, sizeof p->id, "hold%u", id);
    begin(p);
    p->line = line_of("S", node_name(node), qty);
    unsigned priority = below(p, 3) == 0 ? (unsigned)below(p, 8) : 3;
    p->attributes[0] = number_of(ATP_KEY_PRIORITY, (int64_t)priority);
    p->attributes[1] = number_of(ATP_KEY_NEEDED_BY, (int64_t)day * DAY_MS + 5);
    p->attributes[1].line = below(p, 2) == 0 ? 0 : ATP_WHOLE_OP;
    (void)fixture_do(&p->f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                            .id = atp_text_of(p->id),
                                            .option = is_partial,
                                            .ttl_ms = ttl_ms,
                                            .line_count = 1,
                                            .lines = &p->line,
                                            .attribute_count = 2,
                                            .attributes = p->attributes});
    compare(p, "reserve", supply_model_reserve(p->model, id, node, qty, day, priority, is_partial, ttl_ms));
}

/* Of the one line of a reservation, in part or in whole, or one more. */
static void allocate_named(supply_pair_t *p)
{
    unsigned id = (unsigned)below(p, p->hold_count);

    begin(p);
    supply_model_expire(p->model);
    atp_qty_t most = supply_model_allocatable(p->model, id);
    atp_qty_t qty = below(p, 2) == 0 ? most : 1 + (atp_qty_t)below(p, (uint64_t)most + 1);
    if (!p->model->holds[id].is_known || most == 0) {
        return;
    }
    snprintf(p->id, sizeof p->id, "hold%u", id);
    (void)step_line(&p->f, ATP_OP_ALLOCATE, p->id, "S", node_name(p->model->holds[id].node), qty);
    compare(p, "allocate named", supply_model_allocate(p->model, id, qty));
}

static void step(supply_pair_t *p)
{
    static const atp_op_kind_t kinds[] = {ATP_OP_ALLOCATE, ATP_OP_RELEASE, ATP_OP_CANCEL, ATP_OP_SHIP};
    atp_op_kind_t kind = kinds[below(p, 4)];
    unsigned id = (unsigned)below(p, p->hold_count);
    const model_hold_t *hold = &p->model->holds[id];

    begin(p);
    supply_model_expire(p->model);
    atp_qty_t to_come = supply_model_pegged_of(p->model, id) + hold->waiting;
    bool goes = kind == ATP_OP_ALLOCATE  ? supply_model_allocatable(p->model, id) > 0
                : kind == ATP_OP_RELEASE ? hold->reserved + to_come > 0
                : kind == ATP_OP_CANCEL  ? hold->allocated + to_come > 0
                                         : hold->allocated > 0;
    if (!hold->is_known || !goes) {
        return; /* why not is tested in engine.ledger.lifecycle */
    }
    snprintf(p->id, sizeof p->id, "hold%u", id);
    (void)step_all(&p->f, kind, p->id);
    compare(p, atp_op_kind_name(kind), supply_model_step(p->model, kind, id));
}

static void transfer(supply_pair_t *p)
{
    unsigned id = p->supply_count;
    unsigned from = (unsigned)below(p, MODEL_NODES);
    unsigned to = (from + 1 + (unsigned)below(p, MODEL_NODES - 1)) % MODEL_NODES;
    atp_qty_t qty = 1 + (atp_qty_t)below(p, 8);
    int32_t day = free_day(p, to);

    if (id == MODEL_SUPPLIES) {
        return;
    }
    snprintf(p->id, sizeof p->id, "supply%u", id);
    begin(p);
    p->attributes[0] =
        (atp_attribute_t){.key = ATP_KEY_TO, .line = ATP_WHOLE_OP, .text = atp_text_of(node_name(to))};
    p->attributes[1] = number_of(ATP_KEY_DUE, (int64_t)day * DAY_MS);
    command(p, ATP_OP_TRANSFER, true, from, qty, 2);
    supply_answer_t answer = supply_model_transfer(p->model, id, from, to, qty, day);
    p->supply_count += answer.verdict == ATP_APPLIED;
    compare(p, "transfer", answer);
}

static void transfer_step(supply_pair_t *p)
{
    unsigned id = some_supply(p);
    const model_supply_t *s = &p->model->supplies[id];
    atp_qty_t qty = below(p, 2) == 0 ? s->left : 1 + (atp_qty_t)below(p, 8);

    if (!s->is_transfer) {
        return;
    }
    begin(p);
    if (below(p, 3) == 0) {
        command(p, ATP_OP_TRANSFER_CANCEL, false, 0, 0, 0);
        compare(p, "give back", supply_model_give_back(p->model, id));
    } else if (qty > 0) {
        command(p, ATP_OP_TRANSFER_SHIP, true, s->source, qty, 0);
        compare(p, "ship", supply_model_ship(p->model, id, qty));
    }
}

/* ---- the whole of it ---- */

static void compare_node(supply_pair_t *p, unsigned node)
{
    atp_qty_t by[45];
    uint32_t row = 0;
    atp_position_view_t view = view_of(&p->f, "S", node_name(node));

    assert_true(atp_positions_find(atp_ledger_positions(p->f.ledger), view.sku, view.node, &row));
    assert_int_equal(view.on_hand, p->model->nodes[node].on_hand);
    assert_int_equal(atp_view_atp(&view), supply_model_atp(p->model, node));
    atp_ledger_schedule(p->f.ledger, row, p->f.now_ms, today(p), 45, by);
    for (int32_t i = (int32_t)below(p, 5); i < 45; i += 5) { /* the model takes its time */
        assert_int_equal(by[i], supply_model_by(p->model, node, today(p) + i));
    }
}

static void compare_all(supply_pair_t *p)
{
    const atp_supply_book_t *book = atp_ledger_supplies(p->f.ledger);
    const atp_reservations_t *reservations = atp_ledger_reservations(p->f.ledger);
    char id[24];

    (void)pulse(&p->f, 1000);
    p->model->now_ms = p->f.now_ms;
    supply_model_pulse(p->model);
    for (unsigned i = 0; i < MODEL_NODES; i++) {
        compare_node(p, i);
    }
    for (unsigned i = 0; i < p->supply_count; i++) {
        uint32_t number = 0;
        snprintf(id, sizeof id, "supply%u", i);
        assert_true(atp_supplies_find(book, atp_text_of(id),
                                      atp_hash_text(atp_text_of(id), atp_ledger_seed(p->f.ledger)), &number));
        assert_int_equal(atp_supply_at(book, number)->open, supply_model_open(p->model, i));
        assert_int_equal(atp_supply_at(book, number)->pegged, supply_model_pegged(p->model, (int)i));
    }
    for (unsigned i = 0; i < p->hold_count; i++) {
        uint32_t number;
        snprintf(id, sizeof id, "hold%u", i);
        if (!atp_ledger_find_reservation(p->f.ledger, atp_text_of(id), &number)) {
            continue; /* refused */
        }
        uint32_t at = atp_reservation_at(reservations, number)->first_line - 1;
        const atp_progress_t *progress = atp_line_progress(reservations, at);
        assert_int_equal(atp_line_at(reservations, at)->reserved, p->model->holds[i].reserved);
        assert_int_equal(atp_line_at(reservations, at)->allocated, p->model->holds[i].allocated);
        assert_int_equal(progress != NULL ? progress->pegged : 0, supply_model_pegged_of(p->model, i));
        assert_int_equal(progress != NULL ? progress->backordered : 0, p->model->holds[i].waiting);
    }
    uint64_t at_risk = 0;
    uint64_t overdue = 0;
    for (uint64_t i = 1; i <= counts_of(&p->f).exceptions; i++) {
        const atp_exception_t *exception = atp_exceptions_get(atp_ledger_exceptions(p->f.ledger), i);
        at_risk += exception->kind == ATP_EXCEPTION_PROMISE_AT_RISK;
        overdue += exception->kind == ATP_EXCEPTION_SUPPLY_OVERDUE;
    }
    assert_int_equal(at_risk, p->model->at_risk);
    assert_int_equal(overdue, p->model->overdue);
}

static void one_op(supply_pair_t *p)
{
    uint64_t dice = below(p, 100);

    p->f.now_ms += (int64_t)below(p, below(p, 12) == 0 ? 3 * DAY_MS : DAY_MS / 20);
    if (dice < 20 || p->supply_count == 0 || p->hold_count == 0) {
        dice % 2 == 0 || p->hold_count == MODEL_HOLDS ? put(p) : reserve_by(p);
    } else if (dice < 45 && p->hold_count < MODEL_HOLDS) {
        reserve_by(p);
    } else if (dice < 48) {
        set_rule(p);
    } else if (dice < 52) {
        allocate_named(p);
    } else if (dice < 61) {
        step(p);
    } else if (dice < 75) {
        receive(p);
    } else if (dice < 80) {
        stock_moves(p);
    } else if (dice < 85) {
        cancel(p);
    } else if (dice < 92) {
        transfer(p);
    } else {
        transfer_step(p);
    }
}

static void ledger_and_model_answer_alike(void **state)
{
    (void)state;
    atp_ledger_config_t config = fixture_config();

    config.supplies = MODEL_SUPPLIES;
    config.reservations = MODEL_HOLDS + MODEL_SUPPLIES;
    config.pegs = MODEL_PEGS;
    config.progress = MODEL_HOLDS;
    config.exceptions = 8 * OPS_PER_LEDGER;
    config.outcomes = 8 * OPS_PER_LEDGER;
    config.ids_per_client = 8 * OPS_PER_LEDGER;
    config.ttl_max_ms = 30 * DAY_MS;
    for (uint64_t done = 0; done < ops_wanted; done += OPS_PER_LEDGER) {
        supply_pair_t p = {.random = seed * 1000003 + done, .f = fixture_open_journaled(&config)};
        p.model = calloc(1, sizeof *p.model);
        assert_non_null(p.model);
        p.f.is_unchecked = true;
        for (unsigned i = 0; i < MODEL_NODES; i++) {
            stock(&p.f, "S", node_name(i), 0);
        }
        for (unsigned i = 0; i < OPS_PER_LEDGER; i++) {
            one_op(&p);
            if (i % 29 == 0) {
                compare_all(&p);
                fixture_check(&p.f);
            }
        }
        compare_all(&p);
        reached_at_risk += p.model->at_risk;
        reached_overdue += p.model->overdue;
        free(p.model);
        fixture_close(&p.f);
    }
    for (unsigned verdict = 0; verdict < ATP_VERDICT_LIMIT; verdict++) {
        if (reached[verdict] > 0) {
            printf("%s %llu\n", atp_verdict_name(verdict), (unsigned long long)reached[verdict]);
        }
    }
}

static void every_answer_of_supply_is_reached(void **state)
{
    static const atp_verdict_t verdicts[] = {
        ATP_APPLIED,         ATP_APPLIED_IN_PART,      ATP_CONFIRMED,
        ATP_APPLIED_BEYOND,  ATP_SUPPLY_ENDED,         ATP_SUPPLY_ELSEWHERE,
        ATP_UNKNOWN_SUPPLY,  ATP_NOT_ENOUGH_AVAILABLE, ATP_NOT_THAT_MANY,
        ATP_ALREADY_SHIPPED, ATP_QTY_MUST_BE_POSITIVE, ATP_ATTRIBUTE_OUT_OF_RANGE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
        assert_true(reached[verdicts[i]] > 0);
    }
    assert_true(reached_at_risk > 0 && reached_overdue > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ledger_and_model_answer_alike),
        cmocka_unit_test(every_answer_of_supply_is_reached),
    };

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    ops_wanted = argc > 2 ? strtoull(argv[2], NULL, 10) : ops_wanted;
    printf("seed %llu, %llu ops: test_supply SEED OPS runs others\n", (unsigned long long)seed,
           (unsigned long long)ops_wanted);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Lines that leave their node open, on random ledgers, against plain loops over every subset of the nodes.
 *
 *     test_sourcing [SEED [ROUNDS]]
 *
 * The model keeps its own figures of what is there and promised. It says for each reserve whether an allowed split serves it, and
 * of the plan what must hold: who may serve, no more than there is, the order of the strategy, the fewest nodes. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/base/attribute.h"
#include "engine/ledger/sourcing/sourcing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES     6
#define SKUS      3
#define LINES_MAX 3
#define HOLDS     12

static uint64_t seed = 20261121;
static unsigned rounds_wanted = 6000;

typedef struct hold {
    bool is_live;
    char id[24];
    atp_qty_t taken[SKUS][NODES];
} hold_t;

typedef struct world {
    fixture_t f;
    uint64_t random;
    atp_qty_t on_hand[SKUS][NODES];
    atp_qty_t reserved[SKUS][NODES];
    unsigned group_size;
    unsigned group[NODES]; /* in order of preference */
    int64_t group_cost[NODES];
    hold_t holds[HOLDS];
    unsigned next_id;
} world_t;

/* One request, and what is known about it. */
typedef struct request {
    bool is_grouped;
    unsigned strategy, split, splits;
    atp_qty_t least;
    unsigned line_count;
    unsigned skus[LINES_MAX];
    atp_qty_t wanted[LINES_MAX];
} request_t;

static unsigned reached_strategies[ATP_STRATEGY_COUNT][3];
static unsigned reached[ATP_VERDICT_LIMIT];

static unsigned below(world_t *w, unsigned limit)
{
    return (unsigned)(test_random(&w->random) % limit);
}

static const char *sku_of(unsigned sku)
{
    static const char *const names[] = {"S", "T", "U"};
    return names[sku];
}

static const char *node_of(unsigned node)
{
    static const char *const names[] = {"A", "B", "C", "D", "E", "F"};
    return names[node];
}

/* ---- changing the world ---- */

static void count_stock(world_t *w)
{
    unsigned sku = below(w, SKUS);
    unsigned node = below(w, NODES);
    atp_qty_t qty = w->reserved[sku][node] + below(w, 9);

    assert_true(atp_verdict_is_success(fact(&w->f, ATP_OP_COUNT, sku_of(sku), node_of(node), qty).verdict));
    w->on_hand[sku][node] = qty;
}

static void replace_group(world_t *w)
{
    char words[64] = "";
    unsigned order[NODES];

    for (unsigned i = 0; i < NODES; i++) {
        unsigned at = below(w, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    w->group_size = below(w, NODES + 1);
    for (unsigned i = 0; i < w->group_size; i++) {
        size_t used = strlen(words);
        w->group[i] = order[i];
        w->group_cost[order[i]] = below(w, 4);
        snprintf(words + used, sizeof words - used, "%s%s:%lld", i > 0 ? " " : "", node_of(order[i]),
                 (long long)w->group_cost[order[i]]);
    }
    assert_verdict(put_group(&w->f, "g", words), ATP_APPLIED);
}

static void release_one(world_t *w)
{
    hold_t *hold = &w->holds[below(w, HOLDS)];

    if (!hold->is_live) {
        return;
    }
    assert_verdict(step_all(&w->f, ATP_OP_RELEASE, hold->id), ATP_APPLIED);
    for (unsigned sku = 0; sku < SKUS; sku++) {
        for (unsigned node = 0; node < NODES; node++) {
            w->reserved[sku][node] -= hold->taken[sku][node];
        }
    }
    hold->is_live = false;
}

/* ---- what may be ---- */

static atp_qty_t free_of(const world_t *w, const request_t *r, unsigned sku, unsigned node)
{
    bool is_asked = !r->is_grouped;

    for (unsigned i = 0; r->is_grouped && i < w->group_size; i++) {
        is_asked = is_asked || w->group[i] == node;
    }
    return is_asked ? w->on_hand[sku][node] - w->reserved[sku][node] : 0;
}

/* Whether the nodes of `set`, all of them, may serve `wanted`. */
static bool may_serve(const world_t *w, const request_t *r, unsigned sku, atp_qty_t wanted, unsigned set)
{
    atp_qty_t pieces = __builtin_popcount(set);
    unsigned most = r->split == ATP_SPLIT_YES ? r->splits : 1;
    atp_qty_t sum = 0;

    for (unsigned node = 0; node < NODES; node++) {
        atp_qty_t free = free_of(w, r, sku, node);
        if (set >> node & 1) {
            if (free <= 0 || (pieces > 1 && free < r->least)) {
                return false;
            }
            sum += free;
        }
    }
    return pieces >= 1 && pieces <= (atp_qty_t)most && (pieces == 1 || pieces * r->least <= wanted) &&
           sum >= wanted;
}

/* The verdict for one line by itself; the smallest number of nodes to *ret_fewest. */
static atp_verdict_t verdict_of_line(const world_t *w, const request_t *r, unsigned line, int *ret_fewest)
{
    atp_qty_t sum = 0;

    *ret_fewest = 0;
    for (unsigned node = 0; node < NODES; node++) {
        sum += free_of(w, r, r->skus[line], node);
    }
    for (unsigned set = 1; set < 1u << NODES; set++) {
        int size = __builtin_popcount(set);
        if (may_serve(w, r, r->skus[line], r->wanted[line], set) &&
            (*ret_fewest == 0 || size < *ret_fewest)) {
            *ret_fewest = size;
        }
    }
    return *ret_fewest > 0          ? ATP_APPLIED
           : sum >= r->wanted[line] ? ATP_SPLIT_NOT_ALLOWED
                                    : ATP_NOT_ENOUGH_AVAILABLE;
}

/* Lines are of different SKUs, so each is decided by itself, unless all go together. */
static atp_verdict_t verdict_of(const world_t *w, const request_t *r)
{
    for (unsigned node = 0; r->split == ATP_SPLIT_TOGETHER && node < NODES; node++) {
        bool serves_all = true;
        for (unsigned line = 0; line < r->line_count; line++) {
            serves_all = serves_all && free_of(w, r, r->skus[line], node) >= r->wanted[line];
        }
        if (serves_all) {
            return ATP_APPLIED;
        }
    }
    for (unsigned line = 0; line < r->line_count; line++) {
        int fewest;
        atp_verdict_t verdict = verdict_of_line(w, r, line, &fewest);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        if (r->split == ATP_SPLIT_TOGETHER) {
            return ATP_SPLIT_NOT_ALLOWED; /* told at the first line that has enough, but not there */
        }
    }
    return ATP_APPLIED;
}

/* ---- what the plan must be ---- */

typedef struct plan_view {
    unsigned count;
    unsigned nodes[ATP_SPLITS_PER_LINE_MAX];
    atp_qty_t qtys[ATP_SPLITS_PER_LINE_MAX];
} plan_view_t;

static plan_view_t plan_of_line(const world_t *w, unsigned line)
{
    const atp_result_t *result = &w->f.result;
    plan_view_t plan = {0};

    for (uint32_t i = 0; i < result->plan_count; i++) {
        const atp_grant_t *grant = &w->f.grants[result->line_count + i];
        if (grant->line == line) {
            plan.nodes[plan.count] = grant->node;
            plan.qtys[plan.count++] = grant->qty;
        }
    }
    return plan;
}

/* The place of a node in the order of the strategy: lower comes first. */
static int64_t key_of(const world_t *w, const request_t *r, unsigned sku, unsigned node)
{
    switch (r->strategy) {
    case ATP_STRATEGY_STOCK:
        return -free_of(w, r, sku, node);
    case ATP_STRATEGY_COST:
        return r->is_grouped ? w->group_cost[node] : 0;
    case ATP_STRATEGY_BALANCE:
        return w->reserved[sku][node];
    default:
        for (unsigned i = 0; r->is_grouped && i < w->group_size; i++) {
            if (w->group[i] == node) {
                return i;
            }
        }
        return node;
    }
}

/* Without bounds on the splits: each node that comes before the last of the plan gives all it has. */
static void expect_order(const world_t *w, const request_t *r, unsigned line, const plan_view_t *plan)
{
    unsigned sku = r->skus[line];

    for (unsigned i = 0; i < plan->count; i++) {
        int64_t key = key_of(w, r, sku, plan->nodes[i]);
        assert_true(i + 1 == plan->count || plan->qtys[i] == free_of(w, r, sku, plan->nodes[i]));
        for (unsigned node = 0; node < NODES; node++) {
            bool is_before = false;
            for (unsigned j = 0; j <= i; j++) {
                is_before = is_before || plan->nodes[j] == node;
            }
            int64_t other = key_of(w, r, sku, node);
            assert_true(is_before || free_of(w, r, sku, node) <= 0 || other > key ||
                        (other == key && node > plan->nodes[i]));
        }
    }
}

static void check_line(const world_t *w, const request_t *r, unsigned line)
{
    plan_view_t plan = plan_of_line(w, line);
    atp_qty_t sum = 0;
    int fewest;

    assert_true(plan.count >= 1 && plan.count <= (r->split == ATP_SPLIT_YES ? r->splits : 1));
    for (unsigned i = 0; i < plan.count; i++) {
        assert_true(plan.qtys[i] > 0 && plan.qtys[i] <= free_of(w, r, r->skus[line], plan.nodes[i]));
        assert_true(plan.count == 1 || plan.qtys[i] >= r->least);
        sum += plan.qtys[i];
    }
    assert_int_equal(sum, r->wanted[line]);
    (void)verdict_of_line(w, r, line, &fewest);
    if (r->strategy == ATP_STRATEGY_FEWEST && r->line_count == 1) {
        assert_int_equal(plan.count, fewest);
    } else if (r->strategy != ATP_STRATEGY_FEWEST && r->split == ATP_SPLIT_YES && r->splits == 16 &&
               r->least == 0) {
        expect_order(w, r, line, &plan);
    }
}

/* Several lines: no smaller set of nodes serves all of them. */
static void expect_fewest(const world_t *w, const request_t *r)
{
    unsigned used = 0;

    for (unsigned line = 0; line < r->line_count; line++) {
        plan_view_t plan = plan_of_line(w, line);
        for (unsigned i = 0; i < plan.count; i++) {
            used |= 1u << plan.nodes[i];
        }
    }
    for (unsigned set = 1; set < 1u << NODES; set++) {
        bool serves_all = __builtin_popcount(set) < __builtin_popcount(used);
        for (unsigned line = 0; serves_all && line < r->line_count; line++) {
            bool is_served = false;
            for (unsigned part = set; part != 0; part = (part - 1) & set) {
                is_served = is_served || may_serve(w, r, r->skus[line], r->wanted[line], part);
            }
            serves_all = is_served;
        }
        assert_false(serves_all);
    }
}

static void take_plan(world_t *w, const request_t *r, hold_t *hold)
{
    memset(hold->taken, 0, sizeof hold->taken);
    for (unsigned line = 0; line < r->line_count; line++) {
        plan_view_t plan = plan_of_line(w, line);
        for (unsigned i = 0; i < plan.count; i++) {
            hold->taken[r->skus[line]][plan.nodes[i]] += plan.qtys[i];
            w->reserved[r->skus[line]][plan.nodes[i]] += plan.qtys[i];
        }
    }
    hold->is_live = true;
}

/* ---- a round ---- */

static request_t draw(world_t *w)
{
    request_t r = {.is_grouped = below(w, 2) == 0,
                   .strategy = below(w, ATP_STRATEGY_COUNT),
                   .split = below(w, 3) == 0 ? below(w, 3) : ATP_SPLIT_YES,
                   .splits = below(w, 3) == 0 ? 1 + below(w, 4) : 16,
                   .least = below(w, 4) == 0 ? 1 + below(w, 4) : 0,
                   .line_count = 1 + below(w, LINES_MAX)};
    unsigned first = below(w, SKUS);

    for (unsigned line = 0; line < r.line_count; line++) {
        r.skus[line] = (first + line) % SKUS;
        r.wanted[line] = 1 + below(w, 12);
    }
    return r;
}

static void source(world_t *w, hold_t *hold, const request_t *r)
{
    static const char *const strategies[] = {"priority", "fewest", "stock", "cost", "balance"};
    static const char *const splits[] = {"yes", "no", "together"};
    atp_command_line_t lines[LINES_MAX];
    atp_attribute_t attributes[FIXTURE_ATTRIBUTES_MAX];
    char words[128];

    snprintf(words, sizeof words, "%sstrategy=%s split=%s splits=%u split_least=%lld",
             r->is_grouped ? "group=g " : "", strategies[r->strategy], splits[r->split], r->splits,
             (long long)r->least);
    for (unsigned line = 0; line < r->line_count; line++) {
        lines[line] = line_of(sku_of(r->skus[line]), "", r->wanted[line]);
    }
    snprintf(hold->id, sizeof hold->id, "r%u", w->next_id++);
    fixture_do(&w->f, (atp_command_t){.kind = ATP_OP_RESERVE,
                                      .id = atp_text_of(hold->id),
                                      .line_count = r->line_count,
                                      .lines = lines,
                                      .attribute_count = attributes_of(words, ATP_WHOLE_OP, attributes),
                                      .attributes = attributes});
}

static void reserve_round(world_t *w)
{
    hold_t *hold = &w->holds[below(w, HOLDS)];
    request_t r = draw(w);

    if (hold->is_live) {
        return;
    }
    atp_verdict_t expected = verdict_of(w, &r);
    source(w, hold, &r);
    assert_verdict(w->f.result, expected);
    reached[expected]++;
    if (expected != ATP_APPLIED) {
        return;
    }
    reached_strategies[r.strategy][r.split]++;
    for (unsigned line = 0; line < r.line_count; line++) {
        check_line(w, &r, line);
    }
    if (r.strategy == ATP_STRATEGY_FEWEST) {
        expect_fewest(w, &r);
    }
    for (unsigned line = 1; r.split == ATP_SPLIT_TOGETHER && line < r.line_count; line++) {
        assert_int_equal(plan_of_line(w, line).nodes[0], plan_of_line(w, 0).nodes[0]);
    }
    take_plan(w, &r, hold);
}

static void plans_are_what_plain_loops_say(void **state)
{
    (void)state;
    world_t *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->random = seed;
    atp_ledger_config_t config = fixture_config();
    config.outcomes = 2 * rounds_wanted + 64;
    config.ids_per_client = config.outcomes;
    w->f = fixture_open_journaled(&config);
    w->f.is_unchecked = true;
    for (unsigned node = 0; node < NODES; node++) {
        assert_verdict(put_node(&w->f, node_of(node), ATP_NODE_OPEN), ATP_APPLIED);
    }
    for (unsigned sku = 0; sku < SKUS; sku++) {
        assert_verdict(put_sku(&w->f, sku_of(sku), 0), ATP_APPLIED);
    }
    replace_group(w);
    for (unsigned round = 0; round < rounds_wanted; round++) {
        unsigned dice = below(w, 100);
        if (dice < 30) {
            count_stock(w);
        } else if (dice < 35) {
            replace_group(w);
        } else if (dice < 50) {
            release_one(w);
        } else {
            reserve_round(w);
        }
        if (round % 500 == 0) {
            fixture_check(&w->f);
        }
    }
    fixture_close(&w->f);
    free(w);
    for (unsigned strategy = 0; strategy < ATP_STRATEGY_COUNT; strategy++) {
        printf("strategy %u: %u split, %u not, %u together\n", strategy, reached_strategies[strategy][0],
               reached_strategies[strategy][1], reached_strategies[strategy][2]);
        assert_true(reached_strategies[strategy][0] > 0 && reached_strategies[strategy][2] > 0);
    }
    assert_true(reached[ATP_NOT_ENOUGH_AVAILABLE] > 100 && reached[ATP_SPLIT_NOT_ALLOWED] > 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plans_are_what_plain_loops_say)};

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    rounds_wanted = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : rounds_wanted;
    printf("seed %llu, %u rounds: test_sourcing SEED ROUNDS runs others\n", (unsigned long long)seed,
           rounds_wanted);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

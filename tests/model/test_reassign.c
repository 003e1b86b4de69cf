/* Units that go to other nodes, on random ledgers, against plain loops.
 *
 *     test_reassign [SEED [STEPS]]
 *
 * The model keeps for each reservation what it has at each node. Which node serves what is moved is the ledger's choice; the model
 * says whether it can be moved, how much of it, and that nothing else changes. Every op is applied to a second ledger
 * from its record: both must be the same in the end, as after a replay. */
#include "tests/engine/ledger/ledger_fixture.h"

#include "engine/ledger/ledger_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 5
#define HOLDS 8

static uint64_t seed = 20261121;
static unsigned steps_wanted = 6000;
static const char *const nodes[NODES] = {"A", "B", "C", "D", "E"};

typedef struct hold {
    char id[16];
    uint64_t version; /* the op that granted or moved it last; 0 = there is none */
    atp_qty_t reserved[NODES];
    atp_qty_t allocated[NODES];
} hold_t;

typedef struct world {
    fixture_t f;
    fixture_t twin;
    uint64_t random;
    atp_qty_t on_hand[NODES];
    atp_qty_t unavailable[NODES];
    atp_qty_t missing[NODES];
    hold_t holds[HOLDS];
    uint64_t exceptions;
    unsigned next_id;
    bool may_re_source;
} world_t;

static unsigned reached_moves, reached_refusals, reached_short_moves, reached_short_rests, reached_mended,
    reached_persons;

static unsigned below(world_t *w, unsigned limit)
{
    return (unsigned)(test_random(&w->random) % limit);
}

/* The second ledger gets what the first one has just applied. */
static void mirror(world_t *w)
{
    if (w->f.took_op) {
        w->twin.now_ms = w->f.now_ms;
        atp_result_t result = fixture_apply(&w->twin, w->f.record);
        assert_memory_equal(&result, &w->f.result, sizeof result);
    }
}

/* ---- the model's figures ---- */

static atp_qty_t promised(const world_t *w, unsigned node)
{
    atp_qty_t sum = 0;

    for (unsigned i = 0; i < HOLDS; i++) {
        sum += w->holds[i].reserved[node] + w->holds[i].allocated[node];
    }
    return sum;
}

static atp_qty_t uncommitted(const world_t *w, unsigned node)
{
    return w->on_hand[node] - w->unavailable[node] - promised(w, node);
}

static atp_qty_t free_at(const world_t *w, unsigned node)
{
    atp_qty_t free = uncommitted(w, node);
    return free > 0 ? free : 0;
}

/* What other nodes of the set have. */
static atp_qty_t free_elsewhere(const world_t *w, unsigned node, unsigned set)
{
    atp_qty_t sum = 0;

    for (unsigned other = 0; other < NODES; other++) {
        sum += other != node && (set >> other & 1) != 0 ? free_at(w, other) : 0;
    }
    return sum;
}

/* What the ledger has of a hold. */
static hold_t read_hold(const world_t *w, const hold_t *hold)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(w->f.ledger);
    const atp_reservation_t *reservation = atp_reservation_at(reservations, reservation_of(&w->f, hold->id));
    hold_t read = {.version = hold->version};

    memcpy(read.id, hold->id, sizeof read.id);
    for (uint32_t at = reservation->first_line; at != 0; at = atp_line_at(reservations, at - 1)->next) {
        const atp_line_t *line = atp_line_at(reservations, at - 1);
        unsigned node = atp_positions_at(&w->f.ledger->positions, line->row)->node;
        read.reserved[node] += line->reserved;
        read.allocated[node] += line->allocated;
    }
    return read;
}

/* Takes over where `qty` units of a hold went that left `node`: nowhere beyond `set`, no more than was free. */
static void follow(world_t *w, hold_t *hold, unsigned node, atp_qty_t qty, bool is_firm, unsigned set)
{
    hold_t now = read_hold(w, hold);
    atp_qty_t soft = is_firm ? 0 : qty < hold->reserved[node] ? qty : hold->reserved[node];
    atp_qty_t came_soft = 0;
    atp_qty_t came = 0;

    assert_int_equal(now.reserved[node], hold->reserved[node] - soft);
    assert_int_equal(now.allocated[node], hold->allocated[node] - (qty - soft));
    for (unsigned other = 0; other < NODES; other++) {
        if (other == node) {
            continue;
        }
        atp_qty_t more_soft = now.reserved[other] - hold->reserved[other];
        atp_qty_t more = more_soft + now.allocated[other] - hold->allocated[other];
        assert_true(more_soft >= 0 && more >= more_soft && more <= free_at(w, other));
        assert_true(more == 0 || (set >> other & 1) != 0);
        came_soft += more_soft;
        came += more;
    }
    assert_int_equal(came, qty);
    assert_int_equal(came_soft, soft);
    now.version = w->f.result.op;
    *hold = now;
}

static void compare(world_t *w)
{
    for (unsigned node = 0; node < NODES; node++) {
        atp_position_view_t view = view_of(&w->f, "S", nodes[node]);
        assert_int_equal(view.on_hand, w->on_hand[node]);
        assert_int_equal(view.unavailable, w->unavailable[node]);
        assert_int_equal(view.reserved + view.allocated, promised(w, node));
    }
    for (unsigned i = 0; i < HOLDS; i++) {
        if (w->holds[i].version != 0) {
            hold_t now = read_hold(w, &w->holds[i]);
            assert_memory_equal(now.reserved, w->holds[i].reserved, sizeof now.reserved);
            assert_memory_equal(now.allocated, w->holds[i].allocated, sizeof now.allocated);
        }
    }
    assert_int_equal(counts_of(&w->f).exceptions, w->exceptions);
}

/* ---- what happens ---- */

static atp_qty_t units_of(const hold_t *hold)
{
    atp_qty_t sum = 0;

    for (unsigned node = 0; node < NODES; node++) {
        sum += hold->reserved[node] + hold->allocated[node];
    }
    return sum;
}

static hold_t *any_hold(world_t *w)
{
    hold_t *hold = &w->holds[below(w, HOLDS)];
    return hold->version != 0 ? hold : NULL;
}

static void reserve_some(world_t *w)
{
    hold_t *hold = &w->holds[below(w, HOLDS)];
    unsigned node = below(w, NODES);
    atp_qty_t qty = 1 + below(w, 6);

    if (hold->version != 0) {
        return;
    }
    atp_qty_t free = free_at(w, node);
    snprintf(hold->id, sizeof hold->id, "r%u", w->next_id++);
    atp_result_t result = reserve(&w->f, hold->id, "S", nodes[node], qty);
    assert_verdict(result, qty <= free ? ATP_APPLIED : ATP_NOT_ENOUGH_AVAILABLE);
    if (qty <= free) {
        hold->version = result.op;
        hold->reserved[node] = qty;
    }
}

static void allocate_all(world_t *w)
{
    hold_t *hold = any_hold(w);

    if (hold == NULL) {
        return;
    }
    (void)step_all(&w->f, ATP_OP_ALLOCATE, hold->id);
    for (unsigned node = 0; node < NODES; node++) {
        hold->allocated[node] += hold->reserved[node];
        hold->reserved[node] = 0;
    }
}

static void end_one(world_t *w)
{
    hold_t *hold = any_hold(w);

    if (hold == NULL) {
        return;
    }
    bool is_soft = false;
    for (unsigned node = 0; node < NODES; node++) {
        is_soft = is_soft || hold->reserved[node] > 0;
    }
    bool is_shipped = !is_soft && below(w, 2) == 0;
    atp_op_kind_t kind = is_soft ? ATP_OP_RELEASE : is_shipped ? ATP_OP_SHIP : ATP_OP_CANCEL;
    assert_verdict(step_all(&w->f, kind, hold->id), ATP_APPLIED);
    for (unsigned node = 0; node < NODES; node++) {
        w->on_hand[node] -= is_shipped ? hold->allocated[node] : 0;
        hold->reserved[node] = 0;
        hold->allocated[node] = is_soft ? hold->allocated[node] : 0;
    }
    hold->version = units_of(hold) > 0 ? hold->version : 0;
}

/* One line of a hold to some nodes. */
static void reassign_some(world_t *w)
{
    static const char *const strategies[] = {"priority", "fewest", "stock", "cost", "balance"};
    hold_t *hold = any_hold(w);
    unsigned node = below(w, NODES);
    unsigned set = 1 + below(w, (1u << NODES) - 1);
    atp_qty_t told = below(w, 5);
    char words[80] = "";

    if (hold == NULL) {
        return;
    }
    for (unsigned other = 0; other < NODES; other++) {
        size_t used = strlen(words);
        if (set >> other & 1) {
            snprintf(words + used, sizeof words - used, "%s ", nodes[other]);
        }
    }
    size_t used = strlen(words);
    snprintf(words + used, sizeof words - used, "strategy=%s", strategies[below(w, 5)]);
    atp_qty_t here = hold->reserved[node] + hold->allocated[node];
    atp_qty_t qty = told == 0 ? here : told;
    bool can = here > 0 && qty <= here && qty <= free_elsewhere(w, node, set);
    atp_command_line_t line = line_of("S", nodes[node], told);
    atp_result_t result = do_with(
        &w->f,
        (atp_command_t){
            .kind = ATP_OP_REASSIGN, .reservation = atp_text_of(hold->id), .line_count = 1, .lines = &line},
        words);
    assert_int_equal(atp_verdict_is_success(result.verdict), can);
    reached_refusals += !can;
    if (can) {
        assert_int_equal(result.qty, qty);
        follow(w, hold, node, qty, false, set);
        reached_moves++;
    }
}

/* Units that a node cannot fulfil; the rest of them than others serve is short. */
static void short_some(world_t *w)
{
    hold_t *hold = any_hold(w);
    unsigned node = below(w, NODES);
    bool is_there = below(w, 3) == 0;

    if (hold == NULL || hold->allocated[node] == 0) {
        return;
    }
    atp_qty_t qty = 1 + below(w, (unsigned)hold->allocated[node]);
    atp_qty_t elsewhere = w->may_re_source ? free_elsewhere(w, node, ~0u) : 0;
    /* of several lines there one is meant: the first that has as many, which need not be there */
    atp_result_t result =
        step_with(&w->f, ATP_OP_SHORT, true, hold->id, "S", nodes[node], qty, is_there ? "goods=there" : "");
    assert_verdict(result, ATP_APPLIED);
    atp_qty_t moved = qty < elsewhere ? qty : elsewhere;
    hold_t before = *hold;
    hold->allocated[node] -= qty - moved;
    if (moved > 0) {
        follow(w, hold, node, moved, true, ~0u);
        reached_short_moves++;
    }
    uint64_t told = counts_of(&w->f).exceptions - w->exceptions; /* one for each line */
    assert_int_equal(told > 0, moved < qty);
    assert_true(told <= (uint64_t)before.allocated[node]);
    w->exceptions += told;
    reached_short_rests += moved < qty;
    w->unavailable[node] += is_there ? 0 : qty;
    w->missing[node] += is_there ? 0 : qty;
    hold->version = units_of(hold) > 0 ? hold->version : 0;
}

/* A line with units at a node, in the order in which lines give way: the newest first. */
typedef struct given_way {
    uint64_t version;
    uint32_t line;
    unsigned hold;
    atp_qty_t units;
} given_way_t;

#define LINES_MAX (HOLDS * 64)

static int compare_given_way(const void *a_line, const void *b_line)
{
    const given_way_t *a = a_line;
    const given_way_t *b = b_line;

    if (a->version != b->version) {
        return a->version > b->version ? -1 : 1;
    }
    return a->line > b->line ? -1 : 1;
}

static unsigned list_lines(const world_t *w, unsigned node, given_way_t *ret_lines)
{
    const atp_reservations_t *reservations = atp_ledger_reservations(w->f.ledger);
    unsigned count = 0;

    for (unsigned i = 0; i < HOLDS; i++) {
        uint32_t at =
            w->holds[i].version == 0
                ? 0
                : atp_reservation_at(reservations, reservation_of(&w->f, w->holds[i].id))->first_line;
        for (; at != 0; at = atp_line_at(reservations, at - 1)->next) {
            const atp_line_t *line = atp_line_at(reservations, at - 1);
            atp_qty_t units = line->reserved + line->allocated;
            if (atp_positions_at(&w->f.ledger->positions, line->row)->node == node && units > 0) {
                assert_true(count < LINES_MAX);
                ret_lines[count++] = (given_way_t){w->holds[i].version, at - 1, i, units};
            }
        }
    }
    qsort(ret_lines, count, sizeof ret_lines[0], compare_given_way);
    return count;
}

/* What of `deficit` units others serve, line by line. */
static void mend(world_t *w, unsigned node, atp_qty_t deficit, const given_way_t *lines, unsigned count)
{
    atp_qty_t moved[HOLDS] = {0};
    atp_qty_t elsewhere = free_elsewhere(w, node, ~0u);

    for (unsigned i = 0; i < count && deficit > 0; i++) {
        atp_qty_t units = lines[i].units < deficit ? lines[i].units : deficit;
        atp_qty_t goes = units < elsewhere ? units : elsewhere;
        moved[lines[i].hold] += goes;
        elsewhere -= goes;
        deficit -= goes == deficit ? goes : lines[i].units; /* the rest of it is a person's */
        reached_persons += goes < units;
    }
    for (unsigned i = 0; i < HOLDS; i++) {
        if (moved[i] > 0) {
            follow(w, &w->holds[i], node, moved[i], false, ~0u);
            reached_mended++;
        }
    }
}

/* A physical count: nothing is missing any more, and what is too little is served by others. */
static void count_some(world_t *w)
{
    unsigned node = below(w, NODES);
    atp_qty_t qty = below(w, 8);
    bool was_over = view_of(&w->f, "S", nodes[node]).flags & ATP_POSITION_OVER_COMMITTED;

    given_way_t lines[LINES_MAX];
    unsigned count = list_lines(w, node, lines);

    (void)fact(&w->f, ATP_OP_COUNT, "S", nodes[node], qty);
    bool is_noticed = qty != w->on_hand[node];
    w->on_hand[node] = qty;
    w->unavailable[node] -= w->missing[node];
    w->missing[node] = 0;
    atp_qty_t deficit = -uncommitted(w, node);
    if (deficit <= 0 || promised(w, node) == 0 || !is_noticed) {
        return;
    }
    w->exceptions += !was_over;
    if (w->may_re_source) {
        mend(w, node, deficit, lines, count);
    }
}

static void switch_policy(world_t *w)
{
    w->may_re_source = below(w, 3) != 0;
    assert_verdict(put_channel_with(&w->f, "default",
                                    w->may_re_source ? "over_commitment=re_source on_short=re_source"
                                                     : "over_commitment=person on_short=person"),
                   ATP_APPLIED);
}

static void open_world(world_t *w)
{
    *w = (world_t){.f = fixture_open_journaled(NULL), .twin = fixture_open(NULL), .random = seed};
    w->twin.now_ms = w->f.now_ms;
    atp_op_encode_client(w->twin.record, atp_text_of(w->f.client), atp_ledger_seed(w->twin.ledger));
    assert_verdict(fixture_apply(&w->twin, w->twin.record), ATP_APPLIED);
    put_sku(&w->f, "S", 0);
    mirror(w);
    for (unsigned node = 0; node < NODES; node++) {
        put_node(&w->f, nodes[node], ATP_NODE_OPEN);
        mirror(w);
        fact(&w->f, ATP_OP_RECEIVE, "S", nodes[node], 6);
        mirror(w);
        w->on_hand[node] = 6;
    }
}

static void moves_agree_with_plain_loops(void **state)
{
    static void (*const acts[])(world_t * w) = {reserve_some, reserve_some,  reserve_some,  allocate_all,
                                                end_one,      reassign_some, reassign_some, short_some,
                                                count_some,   switch_policy};
    world_t w;
    (void)state;

    open_world(&w);
    for (unsigned i = 0; i < steps_wanted; i++) {
        w.f.took_op = false;
        acts[below(&w, sizeof acts / sizeof acts[0])](&w);
        mirror(&w);
        compare(&w);
    }
    assert_true(atp_ledger_hash(w.f.ledger) == atp_ledger_hash(w.twin.ledger));
    assert_true(reached_moves > 0 && reached_refusals > 0 && reached_short_moves > 0);
    assert_true(reached_short_rests > 0 && reached_mended > 0 && reached_persons > 0);
    fixture_close(&w.f);
    fixture_close(&w.twin);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(moves_agree_with_plain_loops)};

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    steps_wanted = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : steps_wanted;
    (void)printf("seed %llu, %u steps\n", (unsigned long long)seed, steps_wanted);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/model/feeds_world.h"

#include <stdio.h>

const char *const world_sources[SOURCES] = {"wms", "pos", "store"};
const char *const world_skus[SKUS] = {"S", "T"};
const char *const world_other_names[SKUS] = {"S-1", "T-1"};
const char *const world_nodes[NODES] = {"N", "M"};

int world_draw(run_t *run, int below)
{
    return (int)(test_random(&run->seed) % (uint64_t)below);
}

/* ---- what is under way ---- */

static void send(run_t *run, int batch, int feed)
{
    int delay = world_draw(run, 3) == 0 ? world_draw(run, 60) : world_draw(run, 4);
    int times = world_draw(run, 6) == 0 ? 2 : 1;

    for (int i = 0; i < times && run->post_count < POST_MAX; i++) {
        run->posts[run->post_count++] =
            (post_t){(int64_t)run->step + delay + world_draw(run, 1 + 8 * i), batch, feed};
    }
}

/* ---- the world ---- */

/* One fact that could truly happen; false: this one could not. */
static bool draw_stock_fact(run_t *run, world_fact_t *fact)
{
    static const atp_op_kind_t kinds[] = {ATP_OP_RECEIVE, ATP_OP_SALE, ATP_OP_ADJUST};
    bool is_damaged = world_draw(run, 5) == 0;

    fact->position = world_draw(run, POSITIONS);
    fact->kind = is_damaged ? ATP_OP_ADJUST : kinds[world_draw(run, 3)];
    fact->qty = 1 + world_draw(run, 9);
    if (is_damaged) { /* it stays where it is */
        fact->change.unavailable = fact->qty;
        return true;
    }
    if (fact->kind == ATP_OP_ADJUST && world_draw(run, 2) == 0) {
        fact->qty = -fact->qty;
    }
    fact->change.on_hand = fact->kind == ATP_OP_SALE ? -fact->qty : fact->qty;
    return true;
}

static bool draw_step(run_t *run, world_fact_t *fact)
{
    order_t *order = run->order_count > 0 ? &run->orders[world_draw(run, run->order_count)] : NULL;

    if (order == NULL || order->allocated == 0) {
        return false;
    }
    fact->order = (int)(order - run->orders);
    fact->position = order->position;
    fact->qty = 1 + world_draw(run, (int)order->allocated);
    bool is_pick = world_draw(run, 3) == 0 && order->allocated > order->picked;
    if (is_pick) {
        atp_qty_t left = order->allocated - order->picked;
        fact->kind = ATP_OP_PICK;
        fact->qty = fact->qty < left ? fact->qty : left;
        fact->change.picked = fact->qty;
        order->last_pick = run->batch_count + 1;
    } else { /* what is picked leaves first */
        fact->kind = ATP_OP_SHIP;
        fact->change.on_hand = fact->change.allocated = -fact->qty;
        fact->change.picked = -(fact->qty < order->picked ? fact->qty : order->picked);
    }
    order->picked += fact->change.picked;
    order->allocated += fact->change.allocated;
    return true;
}

/* Some of a transfer leaves its source. */
static void draw_departure(run_t *run, world_transfer_t *transfer, world_fact_t *fact)
{
    fact->kind = ATP_OP_TRANSFER_SHIP;
    fact->position = transfer->from;
    fact->qty = 1 + world_draw(run, (int)transfer->left);
    fact->change.on_hand = fact->change.allocated = fact->change.outbound = -fact->qty;
    transfer->left -= fact->qty;
    transfer->moving += fact->qty;
    transfer->is_untouched = false;
}

/* Some of it comes in; of what was the last of it, now and then a part is never seen again. */
static void draw_arrival(run_t *run, world_transfer_t *transfer, world_fact_t *fact)
{
    fact->kind = ATP_OP_TRANSFER_RECEIVE;
    fact->position = transfer->to;
    fact->qty = 1 + world_draw(run, (int)transfer->moving);
    fact->is_final = transfer->left == 0 && world_draw(run, 3) == 0;
    fact->change.on_hand = fact->qty;
    fact->change.inbound = fact->is_final ? -transfer->moving : -fact->qty;
    transfer->moving += fact->change.inbound;
}

/* ret_other: what happens at the other node. */
static bool draw_move(run_t *run, world_fact_t *fact, world_fact_t *ret_other)
{
    world_transfer_t *transfer =
        run->transfer_count > 0 ? &run->transfers[world_draw(run, run->transfer_count)] : NULL;

    if (transfer == NULL || (transfer->left == 0 && transfer->moving == 0)) {
        return false;
    }
    fact->transfer = (int)(transfer - run->transfers);
    if (transfer->left > 0 && (transfer->moving == 0 || world_draw(run, 2) == 0)) {
        draw_departure(run, transfer, fact);
        *ret_other = (world_fact_t){
            .position = transfer->to, .is_other = true, .order = -1, .change.inbound = fact->qty};
    } else {
        draw_arrival(run, transfer, fact);
    }
    return true;
}

static void add_fact(run_t *run, batch_t *batch, const world_fact_t *fact)
{
    world_add(&run->there[fact->position], &fact->change);
    batch->facts[batch->fact_count++] = *fact;
}

void world_stock_up(run_t *run)
{
    batch_t *batch = &run->batches[run->batch_count];

    *batch = (batch_t){.source = 1, .sequence = ++run->sequences[1], .time_ms = run->f.now_ms};
    for (int position = 0; position < POSITIONS; position++) {
        const world_fact_t fact = {.position = position,
                                   .kind = ATP_OP_RECEIVE,
                                   .order = -1,
                                   .transfer = -1,
                                   .qty = 30,
                                   .change.on_hand = 30};
        add_fact(run, batch, &fact);
    }
    send(run, run->batch_count++, 0);
}

void world_happen(run_t *run)
{
    batch_t *batch = &run->batches[run->batch_count];

    *batch = (batch_t){.source = world_draw(run, SOURCES), .time_ms = run->f.now_ms};
    for (int wanted = 1 + world_draw(run, FACTS_MAX); wanted > 0; wanted--) {
        world_fact_t fact = {.order = -1, .transfer = -1};
        world_fact_t other = {.is_other = false};
        /* One source tells the steps, in an order of its own. */
        bool is_step = batch->source == 0 && world_draw(run, 2) == 0;
        bool is_move = is_step && run->has_transfers && world_draw(run, 3) != 0;
        if (!(is_move   ? draw_move(run, &fact, &other)
              : is_step ? draw_step(run, &fact)
                        : draw_stock_fact(run, &fact))) {
            continue;
        }
        add_fact(run, batch, &fact);
        if (other.is_other) {
            add_fact(run, batch, &other);
        }
    }
    if (batch->fact_count == 0) {
        return;
    }
    batch->sequence = ++run->sequences[batch->source];
    send(run, run->batch_count++, 0);
}

void world_vanish(run_t *run)
{
    int position = world_draw(run, POSITIONS);
    atp_qty_t qty = world_draw(run, 7) - 4;

    run->there[position].on_hand += qty;
    run->untold[position] += qty;
}

atp_qty_t world_counted(const run_t *run, const atp_change_t *there)
{
    switch (run->basis) {
    case ATP_BASIS_LESS_PICKED:
        return there->on_hand - there->picked;
    case ATP_BASIS_LESS_ALLOCATED:
        return there->on_hand - there->allocated;
    case ATP_BASIS_SELLABLE:
        return there->on_hand - there->unavailable;
    case ATP_BASIS_AVAILABLE:
        return there->on_hand - there->unavailable - there->allocated;
    case ATP_BASIS_WITH_INBOUND:
        return there->on_hand + there->inbound;
    case ATP_BASIS_LESS_OUTBOUND:
        return there->on_hand - there->outbound;
    case ATP_BASIS_ON_HAND:
    case ATP_BASIS_COUNT:
        break;
    }
    return there->on_hand;
}

void world_add(atp_change_t *sum, const atp_change_t *change)
{
    sum->on_hand += change->on_hand;
    sum->unavailable += change->unavailable;
    sum->allocated += change->allocated;
    sum->picked += change->picked;
    sum->inbound += change->inbound;
    sum->outbound += change->outbound;
}

void world_take_feed(run_t *run)
{
    if (run->feed_count == FEEDS_MAX) {
        return;
    }
    world_feed_t *feed = &run->feeds[run->feed_count];
    *feed = (world_feed_t){.time_ms = run->f.now_ms};
    snprintf(feed->id, sizeof feed->id, "feed%d", run->feed_count);
    feed->as_of_ms = run->style == BY_NUMBERS ? 0 : run->f.now_ms;
    for (int source = 0; source < SOURCES; source++) {
        feed->names[source] = run->style == BY_NUMBERS || run->style == BY_BOTH ||
                              (run->style == BY_SOME && world_draw(run, 2) == 0);
        feed->sequences[source] = run->sequences[source];
    }
    for (int position = 0; position < POSITIONS; position++) {
        atp_qty_t qty = world_counted(run, &run->there[position]);
        feed->on_hand[position] = run->there[position].on_hand;
        feed->qty[position] = qty;
        feed->counts[position] = qty >= 0 && world_draw(run, 5) != 0; /* nobody counts less than nothing */
    }
    send(run, -1, run->feed_count++);
}

static void allocate(run_t *run, int position, atp_qty_t qty, atp_qty_t outbound)
{
    allocation_t *allocation = &run->allocations[run->allocation_count++];

    *allocation = (allocation_t){run->f.now_ms, position, {.allocated = qty, .outbound = outbound}};
    world_add(&run->there[position], &allocation->change);
}

/* An order is reserved, and some of it allocated, in the ledger at once: it is the ledger that decides that. */
void world_place_order(run_t *run)
{
    if (run->order_count == ORDERS_MAX) {
        return;
    }
    order_t *order = &run->orders[run->order_count];
    *order = (order_t){.position = world_draw(run, POSITIONS), .reserved = 1 + world_draw(run, 9)};
    const char *sku = world_skus[order->position / NODES];
    const char *node = world_nodes[order->position % NODES];
    snprintf(order->id, sizeof order->id, "order%d", run->order_count);
    assert_verdict(reserve_with(&run->f, order->id, sku, node, order->reserved, ATP_RESERVE_TRACK_ONLY, ""),
                   ATP_APPLIED);
    run->order_count++;
    if (world_draw(run, 4) != 0) {
        assert_verdict(step_all(&run->f, ATP_OP_ALLOCATE, order->id), ATP_APPLIED);
        order->allocated = order->reserved;
        allocate(run, order->position, order->allocated, 0);
    }
}

static void begin_transfer(run_t *run)
{
    world_transfer_t *transfer = &run->transfers[run->transfer_count];
    char words[64];

    *transfer = (world_transfer_t){.from = world_draw(run, POSITIONS), .is_untouched = true};
    transfer->to = transfer->from / NODES * NODES + (transfer->from + 1) % NODES;
    transfer->left = 1 + world_draw(run, 9);
    snprintf(transfer->id, sizeof transfer->id, "transfer%d", run->transfer_count);
    snprintf(words, sizeof words, "to=%s due=%lld", world_nodes[transfer->to % NODES],
             (long long)run->f.now_ms + 86400000);
    const atp_command_line_t line =
        line_of(world_skus[transfer->from / NODES], world_nodes[transfer->from % NODES], transfer->left);
    atp_result_t result = do_with(
        &run->f,
        (atp_command_t){
            .kind = ATP_OP_TRANSFER, .subject = atp_text_of(transfer->id), .line_count = 1, .lines = &line},
        words);
    if (result.verdict == ATP_APPLIED) {
        allocate(run, transfer->from, transfer->left, transfer->left);
        run->transfer_count++;
    } else {
        assert_verdict(result, ATP_NOT_ENOUGH_AVAILABLE); /* it is the ledger that decides that */
    }
}

/* What nothing has left of will not go at all. */
static void cancel_transfer(run_t *run, world_transfer_t *transfer)
{
    assert_verdict(fixture_do(&run->f, (atp_command_t){.kind = ATP_OP_TRANSFER_CANCEL,
                                                       .subject = atp_text_of(transfer->id)}),
                   ATP_APPLIED);
    allocate(run, transfer->from, -transfer->left, -transfer->left);
    transfer->left = 0;
    transfer->is_untouched = false;
}

void world_transfer(run_t *run)
{
    world_transfer_t *newest = run->transfer_count > 0 ? &run->transfers[run->transfer_count - 1] : NULL;

    if (newest != NULL && newest->is_untouched && world_draw(run, 4) == 0) {
        cancel_transfer(run, newest);
    } else if (run->transfer_count < MOVES_MAX) {
        begin_transfer(run);
    }
}

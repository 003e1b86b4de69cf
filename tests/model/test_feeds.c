/* Full feeds meet live deltas and open orders: random facts of several sources, reservations, shipments, and feeds of random points in
 * the past, told late, twice and in another order; a ledger beside an oracle that knows the true order of things.
 *
 * The world goes on step by step; each step has a time of its own. Sources tell what happened in numbered batches, which arrive some
 * time later. Now and then units vanish, or are found, and nobody tells: only the next feed knows. A feed is what is truly there
 * at one point, in the terms of its basis, and arrives some time later too.
 *
 *     what a feed counts of a position  =  its count + what arrived of that which it does not include
 *
 * holds after every arrival, whatever came in which order; the oracle adds it up from the world, and knows nothing of movements,
 * chains or variances. Some counts are told as lines of the feed: those that the ledger agrees with are told no further, and
 * what they have in them may still arrive late. When all has arrived, what is on hand is what is truly there, but for what vanished since the last
 * feed. Steps of orders are made however late they are told. Some facts name their SKU by a name that means nothing yet: they wait for it,
 * or are replayed by a person when it is there, and have happened when they were told all the same. In the end all ops are done again: I8.
 *
 * By hand: test_feeds SEED RUNS */
#include "tests/model/feeds_world.h"

#include "engine/base/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void same(const run_t *run, const char *what, int position, long long has, long long expected)
{
    if (has != expected) {
        fail_msg("seed %llu, step %u: %s of %s@%s is %lld, it should be %lld",
                 (unsigned long long)run->first_seed, run->step, what, world_skus[position / NODES],
                 world_nodes[position % NODES], has, expected);
    }
}

/* ---- the oracle ---- */

static bool is_included(const world_feed_t *feed, const batch_t *batch)
{
    if (feed->names[batch->source]) {
        return batch->sequence <= feed->sequences[batch->source];
    }
    return batch->time_ms <= feed->as_of_ms;
}

/* What the ledger has to say of what is counted at a position, from what has arrived. */
static atp_qty_t expected_of(const run_t *run, int position)
{
    const world_feed_t *feed = run->newest[position] > 0 ? &run->feeds[run->newest[position] - 1] : NULL;
    atp_qty_t sum = feed != NULL ? feed->qty[position] : 0;

    for (int i = 0; i < run->batch_count; i++) {
        const batch_t *batch = &run->batches[i];
        bool is_of_sum = batch->has_arrived && (feed == NULL || !is_included(feed, batch));
        for (int k = 0; is_of_sum && k < batch->fact_count; k++) {
            const world_fact_t *fact = &batch->facts[k];
            sum += fact->position == position && !fact->waits ? world_counted(run, &fact->change) : 0;
        }
    }
    for (int i = 0; i < run->allocation_count; i++) {
        const allocation_t *allocation = &run->allocations[i];
        if (allocation->position == position && (feed == NULL || allocation->time_ms > feed->as_of_ms)) {
            sum += world_counted(run, &allocation->change);
        }
    }
    return sum;
}

/* What was told of a position, and arrived. */
static atp_change_t arrived_at(const run_t *run, int position)
{
    atp_change_t sum = {0};

    for (int i = 0; i < run->batch_count; i++) {
        for (int k = 0; run->batches[i].has_arrived && k < run->batches[i].fact_count; k++) {
            const world_fact_t *fact = &run->batches[i].facts[k];
            if (fact->position == position && !fact->waits) {
                world_add(&sum, &fact->change);
            }
        }
    }
    for (int i = 0; i < run->allocation_count; i++) {
        if (run->allocations[i].position == position) {
            world_add(&sum, &run->allocations[i].change);
        }
    }
    return sum;
}

static void compare(const run_t *run)
{
    for (int position = 0; position < POSITIONS; position++) {
        atp_position_view_t view =
            view_of(&run->f, world_skus[position / NODES], world_nodes[position % NODES]);
        /* Of picks that arrive after what they led to the ledger knows less; who counts them tells them in order. */
        atp_change_t there = arrived_at(run, position);
        there.on_hand = view.on_hand;
        there.unavailable = view.unavailable;
        there.allocated = view.allocated;
        same(run, "what is counted", position, world_counted(run, &there), expected_of(run, position));
    }
    for (int i = 0; i < run->order_count; i++) {
        same(run, "what is shipped of an order", run->orders[i].position,
             line_units(&run->f, run->orders[i].id, 0, ATP_LINE_SHIPPED), run->orders[i].told_shipped);
    }
}

/* ---- arrivals ---- */

static bool has_all_before(const run_t *run, const batch_t *batch)
{
    for (int i = 0; i < batch - run->batches; i++) {
        if (run->batches[i].source == batch->source && !run->batches[i].has_arrived) {
            return false;
        }
    }
    return true;
}

static void tell_fact(run_t *run, world_fact_t *fact)
{
    bool is_other_name = fact->order < 0 && fact->transfer < 0 && world_draw(run, 4) == 0;
    const char *const *names = is_other_name ? world_other_names : world_skus;
    const atp_command_line_t line =
        line_of(names[fact->position / NODES], world_nodes[fact->position % NODES], fact->qty);
    atp_bucket_t bucket = fact->change.unavailable != 0 ? ATP_BUCKET_UNAVAILABLE : ATP_BUCKET_ON_HAND;
    atp_result_t result = do_with(
        &run->f,
        (atp_command_t){.kind = fact->kind,
                        .option = (uint8_t)bucket,
                        .reservation = atp_text_of(fact->order >= 0 ? run->orders[fact->order].id : ""),
                        .subject = atp_text_of(fact->transfer >= 0 ? run->transfers[fact->transfer].id : ""),
                        .line_count = 1,
                        .lines = &line},
        fact->is_final ? "final=1" : "");
    fact->waits = is_other_name && !run->has_names;
    run->waited += fact->waits;
    if (fact->waits) {
        assert_true(result.verdict == ATP_PARKED || result.verdict == ATP_UNKNOWN_SKU);
    } else if (!atp_verdict_is_success(result.verdict) && fact->kind != ATP_OP_PICK) {
        fail_msg("seed %llu, step %u: %s is answered %s", (unsigned long long)run->first_seed, run->step,
                 atp_op_kind_name(fact->kind), atp_verdict_name(result.verdict));
    }
}

static void arrive_batch(run_t *run, batch_t *batch)
{
    atp_op_source_t numbers = {.epoch = 1, .sequence = batch->sequence, .as_of_ms = batch->time_ms};

    fixture_end_frame(&run->f);
    atp_op_encode_source(run->f.record, atp_text_of(world_sources[batch->source]), &numbers,
                         atp_ledger_seed(run->f.ledger));
    atp_result_t result = fixture_apply(&run->f, run->f.record);
    assert_verdict(result, batch->has_arrived ? ATP_DUPLICATE_IGNORED : ATP_APPLIED);
    run->f.in_source = true;
    for (int i = 0; i < batch->fact_count && !batch->has_arrived; i++) {
        world_fact_t *fact = &batch->facts[i];
        const world_feed_t *feed =
            run->newest[fact->position] > 0 ? &run->feeds[run->newest[fact->position] - 1] : NULL;
        bool is_late = feed != NULL && is_included(feed, batch);
        run->late += is_late;
        run->late_of_agreed += is_late && run->has_agreed[fact->position];
        run->moved += fact->transfer >= 0;
        if (!fact->is_other) {
            tell_fact(run, fact);
        }
        if (fact->kind == ATP_OP_SHIP) {
            run->orders[fact->order].told_shipped += fact->qty;
        }
    }
    run->f.in_source = false;
    batch->has_arrived = true;
    fixture_end_frame(&run->f);
}

/* ---- names that come and go ---- */

/* Facts of which nobody waits any more: with the name they were applied, by themselves or by a person. */
static void note_applied(run_t *run)
{
    for (int i = 0; i < run->batch_count; i++) {
        batch_t *batch = &run->batches[i];
        for (int k = 0; k < batch->fact_count; k++) {
            world_fact_t *fact = &batch->facts[k];
            int newest = run->newest[fact->position];
            run->late_of_waiting += fact->waits && newest > 0 && is_included(&run->feeds[newest - 1], batch);
            fact->waits = false;
        }
    }
}

/* A person replays what was refused for the name. */
static void replay_refused(run_t *run)
{
    const atp_exceptions_t *exceptions = atp_ledger_exceptions(run->f.ledger);
    char number[24];

    for (uint64_t i = 1; i <= counts_of(&run->f).exceptions; i++) {
        const atp_exception_t *exception = atp_exceptions_get(exceptions, i);
        if (exception == NULL || exception->state != ATP_EXCEPTION_OPEN ||
            exception->verdict != ATP_UNKNOWN_SKU) {
            continue;
        }
        snprintf(number, sizeof number, "%llu", (unsigned long long)i);
        atp_result_t result =
            do_with(&run->f, (atp_command_t){.kind = ATP_OP_SETTLE_EXCEPTION, .subject = atp_text_of(number)},
                    "settle=replay");
        assert_true(atp_verdict_is_success(result.verdict));
    }
}

static void change_names(run_t *run, bool are_there)
{
    char words[32];

    for (int i = 0; i < SKUS && run->has_names != are_there; i++) {
        snprintf(words, sizeof words, are_there ? "sku=%s" : "sku=%s dropped=yes", world_skus[i]);
        assert_verdict(
            do_with(&run->f,
                    (atp_command_t){.kind = ATP_OP_ALIAS, .subject = atp_text_of(world_other_names[i])},
                    words),
            ATP_APPLIED);
    }
    run->has_names = are_there;
    if (are_there) {
        replay_refused(run);
        note_applied(run);
    }
}

/* Tells of the feed, with so many of its counts. */
static atp_result_t announce(run_t *run, const world_feed_t *feed, const atp_command_line_t *lines,
                             uint32_t line_count)
{
    char words[256];
    size_t used = (size_t)snprintf(words, sizeof words, "basis=%s", atp_basis_name(run->basis));

    if (feed->as_of_ms != 0) {
        used += (size_t)snprintf(words + used, sizeof words - used, " as_of=%lld", (long long)feed->as_of_ms);
    }
    for (int source = 0; source < SOURCES; source++) {
        if (feed->names[source]) {
            used += (size_t)snprintf(words + used, sizeof words - used, " includes=%s epoch=1 sequence=%llu",
                                     world_sources[source], (unsigned long long)feed->sequences[source]);
        }
    }
    return do_with(
        &run->f,
        (atp_command_t){
            .kind = ATP_OP_FEED, .subject = atp_text_of(feed->id), .line_count = line_count, .lines = lines},
        words);
}

/* True if the feed is of an earlier point than the one that counted the position. */
static bool is_stale(const run_t *run, const world_feed_t *feed, int position)
{
    const world_feed_t *before = run->newest[position] > 0 ? &run->feeds[run->newest[position] - 1] : NULL;
    bool is_earlier = before != NULL && feed->as_of_ms < before->as_of_ms;

    for (int source = 0; before != NULL && source < SOURCES; source++) {
        is_earlier = is_earlier || (feed->names[source] && before->names[source] &&
                                    feed->sequences[source] < before->sequences[source]);
    }
    return is_earlier;
}

/* What became of a count that was told as a line of its feed. */
typedef enum told { NOT_TOLD, LEFT_ALONE, AGREED } told_t;

/* Tells some of the counts with the feed itself: those that the ledger agrees with need no count of their own. */
static void tell_lines(run_t *run, int number, told_t ret_told[POSITIONS])
{
    const world_feed_t *feed = &run->feeds[number];
    atp_command_line_t lines[POSITIONS];
    int places[POSITIONS];
    uint32_t count = 0;

    for (int position = 0; position < POSITIONS; position++) {
        ret_told[position] = NOT_TOLD;
        if (feed->counts[position] && world_draw(run, 3) != 0) {
            places[count] = position;
            lines[count++] =
                line_of(world_skus[position / NODES], world_nodes[position % NODES], feed->qty[position]);
        }
    }
    atp_result_t result = announce(run, feed, lines, count);
    assert_true(atp_verdict_is_success(result.verdict));
    assert_int_equal(result.line_count, count);
    for (uint32_t i = 0; i < count; i++) {
        int position = places[i];
        ret_told[position] = run->f.grants[i].qty != ATP_COUNT_LEFT ? AGREED : LEFT_ALONE;
        if (ret_told[position] == LEFT_ALONE) {
            continue;
        }
        bool was_corrected = run->f.grants[i].qty == ATP_COUNT_CORRECTED;
        if (is_stale(run, feed, position) || (was_corrected && run->newest[position] != number + 1)) {
            fail_msg("seed %llu, step %u: a line of %s is answered %lld", (unsigned long long)run->first_seed,
                     run->step, feed->id, (long long)run->f.grants[i].qty);
        }
        run->newest[position] = number + 1;
        run->has_agreed[position] = run->has_agreed[position] || !was_corrected;
        run->agreed += !was_corrected;
    }
}

static void tell_count(run_t *run, int number, int position, told_t told)
{
    const world_feed_t *feed = &run->feeds[number];
    const atp_command_line_t line =
        line_of(world_skus[position / NODES], world_nodes[position % NODES], feed->qty[position]);
    bool is_old = is_stale(run, feed, position);
    char words[32];

    snprintf(words, sizeof words, "feed=%s", feed->id);
    atp_result_t result = do_with(
        &run->f, (atp_command_t){.kind = ATP_OP_COUNT, .is_fact = true, .line_count = 1, .lines = &line},
        words);
    if (atp_verdict_is_success(result.verdict) == is_old ||
        (told == LEFT_ALONE && result.verdict == ATP_CONFIRMED)) {
        fail_msg("seed %llu, step %u: a count of %s is answered %s", (unsigned long long)run->first_seed,
                 run->step, feed->id, atp_verdict_name(result.verdict));
    }
    run->stale += is_old;
    run->corrected += result.verdict == ATP_APPLIED;
    run->newest[position] = is_old ? run->newest[position] : number + 1;
    run->has_agreed[position] = run->has_agreed[position] && is_old;
}

static void arrive_feed(run_t *run, int number)
{
    told_t told[POSITIONS];

    tell_lines(run, number, told);
    for (int position = 0; position < POSITIONS; position++) {
        if (run->feeds[number].counts[position] && told[position] != AGREED) {
            tell_count(run, number, position, told[position]);
        }
    }
}

static void arrive(run_t *run, bool is_all)
{
    for (int i = 0; i < run->post_count;) {
        post_t post = run->posts[i];
        batch_t *batch = post.batch >= 0 ? &run->batches[post.batch] : NULL;
        bool has_order = run->basis == ATP_BASIS_LESS_PICKED || run->has_transfers;
        bool must_wait = batch != NULL && has_order && batch->source == 0 && !has_all_before(run, batch);
        if ((post.due > (int64_t)run->step && !is_all) || must_wait) {
            i++;
            continue;
        }
        run->posts[i] = run->posts[--run->post_count]; /* the rest in no order */
        if (batch != NULL) {
            arrive_batch(run, batch);
        } else {
            arrive_feed(run, post.feed);
        }
        compare(run);
        i = 0;
    }
}

/* ---- runs ---- */

static run_t *begin(uint64_t seed)
{
    static const atp_basis_t by_numbers[] = {ATP_BASIS_ON_HAND, ATP_BASIS_WITH_INBOUND};
    run_t *run = calloc(1, sizeof *run);
    atp_ledger_config_t config = fixture_config();

    assert_non_null(run);
    config.reservations = 128;
    config.lines = 256;
    config.progress = 256;
    config.exceptions = 512;
    run->seed = run->first_seed = seed;
    config.unknown_names = seed % 2 == 0 ? ATP_UNKNOWN_PARK : ATP_UNKNOWN_REFUSE;
    run->style = world_draw(run, STYLES);
    run->basis = run->style == BY_NUMBERS ? by_numbers[world_draw(run, 2)]
                                          : (atp_basis_t)world_draw(run, ATP_BASIS_COUNT);
    run->has_transfers = run->basis >= ATP_BASIS_WITH_INBOUND || world_draw(run, 3) == 0;
    run->f = fixture_open_journaled(&config);
    run->f.is_unchecked = true;
    for (int position = 0; position < POSITIONS; position++) {
        if (position % NODES == 0) {
            assert_verdict(put_sku(&run->f, world_skus[position / NODES], 0), ATP_APPLIED);
        }
        assert_true(
            atp_verdict_is_success(put_node(&run->f, world_nodes[position % NODES], ATP_NODE_OPEN).verdict));
    }
    for (int position = 0; position < POSITIONS;
         position++) { /* the positions are there from the beginning */
        assert_verdict(
            fact(&run->f, ATP_OP_SAFETY, world_skus[position / NODES], world_nodes[position % NODES], 1),
            ATP_APPLIED);
    }
    return run;
}

/* Only what vanished since the newest feed that counted a position is not known. */
static void look_at_end(run_t *run)
{
    for (int position = 0; position < POSITIONS; position++) {
        atp_position_view_t view =
            view_of(&run->f, world_skus[position / NODES], world_nodes[position % NODES]);
        same(run, "what is unavailable in the end", position, view.unavailable,
             run->there[position].unavailable);
        same(run, "what is allocated in the end", position, view.allocated, run->there[position].allocated);
        if (run->newest[position] > 0) {
            const world_feed_t *feed = &run->feeds[run->newest[position] - 1];
            atp_qty_t on_hand = feed->on_hand[position];
            for (int i = 0; i < run->batch_count; i++) {
                for (int k = 0; run->batches[i].time_ms > feed->time_ms && k < run->batches[i].fact_count;
                     k++) {
                    const world_fact_t *fact = &run->batches[i].facts[k];
                    on_hand += fact->position == position ? fact->change.on_hand : 0;
                }
            }
            same(run, "what is on hand in the end", position, view.on_hand, on_hand);
        } else {
            same(run, "what is on hand in the end, never counted", position, view.on_hand,
                 run->there[position].on_hand - run->untold[position]);
        }
    }
}

static run_t *play(uint64_t seed)
{
    run_t *run = begin(seed);

    if (run->has_transfers) {
        world_stock_up(run);
    }
    for (run->step = 0; run->step < STEPS; run->step++) {
        run->f.now_ms += 2 + world_draw(run, 50);
        int dice = world_draw(run, 100);
        if (dice < 50) {
            world_happen(run);
        } else if (dice < 70) {
            bool is_transfer = run->has_transfers && world_draw(run, 2) == 0;
            is_transfer ? world_transfer(run) : world_place_order(run);
        } else if (dice < 80) {
            world_vanish(run);
        } else if (dice < 92) {
            if (world_draw(run, 2) == 0) {
                world_happen(run); /* in the same moment, and counted */
            }
            world_take_feed(run);
        } else {
            change_names(run, !run->has_names);
            compare(run);
        }
        run->f.now_ms += 1; /* what arrives now had happened before */
        arrive(run, false);
        if (run->step % 16 == 0) {
            fixture_check(&run->f);
        }
    }
    run->f.now_ms += 1;
    arrive(run, true);
    change_names(run, true);
    compare(run);
    look_at_end(run);
    return run;
}

static uint64_t seed = 1;
static unsigned runs_wanted = 40;

static void the_ledger_is_what_an_oracle_of_the_true_order_says(void **state)
{
    (void)state;
    unsigned long long late = 0;
    unsigned long long stale = 0;
    unsigned long long corrected = 0;
    unsigned long long agreed = 0;
    unsigned long long late_of_agreed = 0;
    unsigned long long moved = 0;
    unsigned long long waited = 0;
    unsigned long long late_of_waiting = 0;

    for (unsigned i = 0; i < runs_wanted; i++) {
        run_t *run = play(seed + i);
        late += run->late;
        stale += run->stale;
        corrected += run->corrected;
        agreed += run->agreed;
        late_of_agreed += run->late_of_agreed;
        moved += run->moved;
        waited += run->waited;
        late_of_waiting += run->late_of_waiting;
        fixture_close(&run->f); /* all of it again: the same answers, the same state */
        free(run);
    }
    printf("%u runs: %llu facts that a feed had counted before, %llu of them in a line that agreed, %llu "
           "counts of stale feeds, "
           "%llu corrections, %llu lines that agreed, %llu facts of transfers, %llu that waited for a name, "
           "%llu of them counted meanwhile\n",
           runs_wanted, late, late_of_agreed, stale, corrected, agreed, moved, waited, late_of_waiting);
    assert_true(runs_wanted < 10 || (late > 0 && stale > 0 && corrected > 0 && agreed > 0 &&
                                     late_of_agreed > 0 && moved > 0 && late_of_waiting > 0));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_is_what_an_oracle_of_the_true_order_says),
    };

    seed = argc > 1 ? strtoull(argv[1], NULL, 10) : seed;
    runs_wanted = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : runs_wanted;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

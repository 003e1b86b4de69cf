/* Movements and feeds, recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"
#include "engine/ledger/facts/ledger_feeds.h"

#include <stdlib.h>

/* ---- F1 and F2 ---- */

/* Follows the chain of a position; *ret_length: its movements. */
static atp_err_t check_chain(const atp_ledger_t *ledger, uint32_t row, uint64_t *ret_length,
                             atp_why_t *ret_why)
{
    const atp_movements_t *movements = &ledger->movements;
    const atp_standing_t standing = atp_movements_standing(movements, row);
    const atp_movement_t *movement = atp_movements_get(movements, standing.newest);

    for (*ret_length = 0; movement != NULL; ++*ret_length) {
        if (movement->row != row || !atp_movement_is_needed(movement) ||
            movement->previous >= movement->number) {
            return ATP_BROKEN(ret_why, "F1",
                              "movement %llu in the chain of row %u is of row %u, before it %llu",
                              (ull_t)movement->number, row, movement->row, (ull_t)movement->previous);
        }
        movement = atp_movements_get(movements, movement->previous);
    }
    return ATP_OK;
}

static atp_err_t check_movements(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_movements_t *movements = &ledger->movements;
    uint64_t rows = atp_table_count(&movements->standings);
    uint64_t kept = atp_table_count(&movements->ring);
    uint64_t needed = 0;
    uint64_t chained = 0;
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; i < kept; i++) {
        const atp_movement_t *movement = atp_table_at(&movements->ring, i);
        if (movement->number == 0 || atp_movements_get(movements, movement->number) != movement ||
            movement->op > ledger->root->op || movement->row >= atp_table_count(&ledger->positions.rows)) {
            return ATP_BROKEN(ret_why, "F2", "movement %llu stands at place %llu, of row %u and op %llu",
                              (ull_t)movement->number, (ull_t)i, movement->row, (ull_t)movement->op);
        }
        needed += atp_movement_is_needed(movement);
    }
    for (uint64_t row = 0; err == ATP_OK && row < rows; row++) {
        uint64_t length = 0;
        err = check_chain(ledger, (uint32_t)row, &length, ret_why);
        chained += length;
    }
    if (err == ATP_OK && chained != needed) {
        err = ATP_BROKEN(ret_why, "F2", "%llu movements are needed, the chains have %llu", (ull_t)needed,
                         (ull_t)chained);
    }
    return err;
}

/* ---- F3 ---- */

static atp_err_t check_picked(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_progress_book_t *book = &ledger->reservations.progress;
    uint64_t rows = atp_table_count(&ledger->positions.rows);
    atp_qty_t *picked = calloc(rows + 1, sizeof *picked);
    atp_err_t err = ATP_OK;

    if (picked == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for %llu positions", (ull_t)rows);
    }
    for (uint64_t i = 0; i < atp_table_count(&book->records); i++) {
        const atp_progress_t *progress = atp_table_at(&book->records, i);
        if (progress->line != 0) {
            picked[atp_line_at(&ledger->reservations, progress->line - 1)->row] +=
                progress->picked + progress->packed;
        }
    }
    for (uint64_t row = 0; err == ATP_OK && row < rows; row++) {
        atp_qty_t noted = atp_movements_standing(&ledger->movements, (uint32_t)row).picked;
        if (noted != picked[row]) {
            err = ATP_BROKEN(ret_why, "F3", "row %llu notes %lld units picked, its lines have %lld",
                             (ull_t)row, (long long)noted, (long long)picked[row]);
        }
    }
    free(picked);
    return err;
}

/* ---- F4 ---- */

static atp_err_t check_feed(const atp_ledger_t *ledger, uint64_t place, atp_why_t *ret_why)
{
    const atp_feed_t *feed = atp_table_at(&ledger->feeds.records, place);

    if (atp_feeds_find(&ledger->feeds, (atp_text_t){feed->id, feed->id_size}) != feed ||
        atp_feeds_get(&ledger->feeds, feed->number) != feed) {
        return ATP_BROKEN(ret_why, "F4", "feed %llu is not found", (ull_t)feed->number);
    }
    for (unsigned i = 0; i < feed->source_count; i++) {
        if (feed->points[i].source == 0 ||
            feed->points[i].source > atp_table_count(&ledger->catalog.sources)) {
            return ATP_BROKEN(ret_why, "F4", "feed %llu names source %u", (ull_t)feed->number,
                              feed->points[i].source);
        }
    }
    return ATP_OK;
}

/* ---- F5 and F6 ---- */

static void add_sums(atp_drift_sums_t *all, const atp_drift_sums_t *sums)
{
    all->up += sums->up;
    all->down += sums->down;
    all->value_up = atp_amount_add(all->value_up, sums->value_up);
    all->value_down = atp_amount_add(all->value_down, sums->value_down);
    all->rows += sums->rows;
    all->corrected += sums->corrected;
    all->late += sums->late;
}

static bool is_same(const atp_drift_sums_t *one, const atp_drift_sums_t *other)
{
    return one->up == other->up && one->down == other->down && one->value_up == other->value_up &&
           one->value_down == other->value_down && one->rows == other->rows &&
           one->corrected == other->corrected && one->late == other->late;
}

/* `all`: by place of the feed. */
static atp_err_t check_sums(const atp_ledger_t *ledger, atp_drift_sums_t *all, atp_why_t *ret_why)
{
    const atp_drift_t *drift = &ledger->drift;
    uint64_t kept = atp_table_count(&drift->records);
    bool is_any_gone = *drift->newest > kept;

    for (uint64_t place = 0; place < kept; place++) {
        const atp_drift_node_t *sums = atp_table_at(&drift->records, place);
        const atp_feed_t *feed = atp_feeds_get(&ledger->feeds, sums->feed);
        if (atp_drift_get(drift, sums->number) != sums ||
            atp_drift_find(drift, sums->feed, (uint16_t)sums->node) != sums) {
            return ATP_BROKEN(ret_why, "F5", "the sums of feed %llu at node %u are not found",
                              (ull_t)sums->feed, sums->node);
        }
        if (feed != NULL) {
            add_sums(&all[(feed->number - 1) % ledger->feeds.records.capacity], &sums->sums);
        }
    }
    for (uint64_t place = 0; !is_any_gone && place < atp_table_count(&ledger->feeds.records); place++) {
        const atp_feed_t *feed = atp_table_at(&ledger->feeds.records, place);
        if (!is_same(&feed->sums, &all[place])) {
            return ATP_BROKEN(ret_why, "F6", "feed %llu counted %llu rows, its nodes %llu",
                              (ull_t)feed->number, (ull_t)feed->sums.rows, (ull_t)all[place].rows);
        }
    }
    return ATP_OK;
}

static atp_err_t check_drift(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t feeds = atp_table_count(&ledger->feeds.records);
    atp_drift_sums_t *all = calloc(feeds + 1, sizeof *all);

    if (all == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory for %llu feeds", (ull_t)feeds);
    }
    atp_err_t err = check_sums(ledger, all, ret_why);
    free(all);
    return err == ATP_OK ? atp_check_index(&ledger->drift.index, "drift",
                                           atp_table_count(&ledger->drift.records), ret_why)
                         : err;
}

static bool is_fate_right(const atp_ledger_t *ledger, const atp_fate_t *fate)
{
    const atp_exception_t *keeps = atp_exceptions_get(&ledger->exceptions, fate->exception);

    if (fate->exception == 0) {
        return atp_verdict_is_success((atp_verdict_t)fate->verdict);
    }
    return fate->exception <= ledger->exceptions.heads->newest && (keeps == NULL || keeps->op == fate->op);
}

/* F7, F8. */
static atp_err_t check_fates(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t kept = atp_fates_kept(&ledger->fates);
    uint64_t op = 0;

    if (atp_table_count(&ledger->fates.ring) != kept) {
        return ATP_BROKEN(ret_why, "F7", "%llu fates are kept of %llu",
                          (ull_t)atp_table_count(&ledger->fates.ring), (ull_t)ledger->fates.heads->newest);
    }
    for (uint64_t i = 0; i < kept; i++) {
        const atp_fate_t *fate = atp_fates_at(&ledger->fates, i);
        if (fate->op <= op || fate->op > ledger->root->op) {
            return ATP_BROKEN(ret_why, "F7", "the fate of op %llu stands after that of op %llu",
                              (ull_t)fate->op, (ull_t)op);
        }
        if (!is_fate_right(ledger, fate)) {
            return ATP_BROKEN(ret_why, "F8", "the fate of op %llu names exception %llu", (ull_t)fate->op,
                              (ull_t)fate->exception);
        }
        op = fate->op;
    }
    return ATP_OK;
}

atp_err_t atp_check_feeds(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_movements_t *movements = &ledger->movements;
    uint64_t feeds = atp_table_count(&ledger->feeds.records);
    atp_err_t err = ATP_OK;

    if (movements->capacity > 0) {
        err = check_movements(ledger, ret_why);
        err = err == ATP_OK ? check_picked(ledger, ret_why) : err;
    }
    for (uint64_t row = 0; err == ATP_OK && row < atp_table_count(&movements->standings); row++) {
        const atp_standing_t standing = atp_movements_standing(movements, (uint32_t)row);
        for (unsigned bucket = 0; err == ATP_OK && bucket < ATP_COUNTED_BUCKETS; bucket++) {
            if (atp_standing_feed(&standing, bucket) > ledger->feeds.heads->newest) {
                err = ATP_BROKEN(ret_why, "F4", "row %llu was counted by feed %llu, which is still to come",
                                 (ull_t)row, (ull_t)atp_standing_feed(&standing, bucket));
            }
        }
    }
    for (uint64_t place = 0; err == ATP_OK && place < feeds; place++) {
        err = check_feed(ledger, place, ret_why);
    }
    err = err == ATP_OK ? check_drift(ledger, ret_why) : err;
    err = err == ATP_OK ? check_fates(ledger, ret_why) : err;
    return err == ATP_OK ? atp_check_index(&ledger->feeds.index, "feeds", feeds, ret_why) : err;
}

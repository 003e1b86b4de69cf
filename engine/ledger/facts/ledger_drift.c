/* Drift: what feeds corrected, summed up, and what tells of the cause. */
#include "engine/ledger/facts/ledger_feeds.h"

/* True if a feed that counted the bucket would have counted the movement, which was told before it. */
static bool is_seen(const atp_feed_t *feed, const atp_movement_t *movement, unsigned bucket)
{
    atp_qty_t counted = bucket == ATP_COUNTED_ON_HAND
                            ? atp_feed_counted((atp_basis_t)feed->basis, &movement->change)
                            : movement->change.unavailable;

    return counted != 0 && (movement->included >> bucket & 1) == 0 &&
           atp_feed_side(feed, &movement->event) == ATP_SIDE_INCLUDED;
}

/* What was told of the position since the feed before, up to the point of this one. It is what look_back has walked already. */
static atp_drift_reason_t tellers_of(const atp_ledger_t *ledger, const atp_feed_t *feed, uint64_t newest,
                                     unsigned bucket)
{
    atp_drift_reason_t found = {.cause = ATP_DRIFT_UNTOLD};
    uint32_t walk_left = ATP_FEED_WALK_MAX;

    for (const atp_movement_t *movement = atp_movements_get(&ledger->movements, newest);
         movement != NULL && walk_left > 0 && found.cause != ATP_DRIFT_SEVERAL; walk_left--) {
        if (is_seen(feed, movement, bucket)) {
            bool is_other = found.cause == ATP_DRIFT_TOLD && found.teller != movement->event.source;
            found.cause = is_other ? ATP_DRIFT_SEVERAL : ATP_DRIFT_TOLD;
            found.teller = is_other ? 0 : movement->event.source;
        }
        movement = atp_movements_get(&ledger->movements, movement->previous);
    }
    return found;
}

atp_drift_reason_t atp_ledger_drift_cause(const atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row,
                                          unsigned bucket)
{
    const atp_standing_t standing = atp_movements_standing(&ledger->movements, row);

    if (atp_standing_feed(&standing, bucket) == 0) {
        return (atp_drift_reason_t){.cause = ATP_DRIFT_FIRST};
    }
    if ((standing.feeds[bucket] & ATP_STANDING_GONE) != 0) {
        return (atp_drift_reason_t){.cause = ATP_DRIFT_GONE};
    }
    return tellers_of(ledger, feed, standing.newest, bucket);
}

static void add(atp_drift_sums_t *sums, bool is_new, atp_qty_t change, uint8_t scale, atp_value_t value)
{
    sums->rows += is_new;
    sums->corrected += change != 0;
    atp_drift_add(sums, change, scale, value);
}

void atp_ledger_note_drift(atp_ledger_t *ledger, uint64_t feed, uint32_t row, bool is_new, atp_qty_t change)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    uint8_t scale = atp_positions_scale(&ledger->positions, position->sku);
    atp_value_t value = change != 0 ? atp_catalog_sku_value(&ledger->catalog, position->sku) : 0;

    add(&atp_feeds_change(&ledger->feeds, feed)->sums, is_new, change, scale, value);
    add(&atp_drift_need(&ledger->drift, feed, position->node)->sums, is_new, change, scale, value);
}

void atp_ledger_note_late(atp_ledger_t *ledger, uint64_t feed, uint32_t row)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    const atp_drift_node_t *sums = atp_drift_find(&ledger->drift, feed, position->node);

    atp_feeds_change(&ledger->feeds, feed)->sums.late++;
    if (sums != NULL) {
        atp_drift_need(&ledger->drift, feed, position->node)->sums.late++;
    }
}

#include "engine/ledger/facts/feeds.h"

#include "engine/base/hash.h"

#include <string.h>

/* ---- points ---- */

static const atp_feed_point_t *point_of(const atp_feed_t *feed, uint32_t source)
{
    for (unsigned i = 0; i < feed->source_count; i++) {
        if (feed->points[i].source == source) {
            return &feed->points[i];
        }
    }
    return NULL;
}

/* Below 0, 0 or above 0, as the first number is before, the same as or after the second. */
static int compare_numbers(uint64_t epoch, uint64_t sequence, uint64_t other_epoch, uint64_t other_sequence)
{
    if (epoch != other_epoch) {
        return epoch < other_epoch ? -1 : 1;
    }
    return (sequence > other_sequence) - (sequence < other_sequence);
}

atp_side_t atp_feed_side(const atp_feed_t *feed, const atp_event_t *event)
{
    const atp_feed_point_t *point = event->source != 0 ? point_of(feed, event->source) : NULL;

    if (point != NULL) {
        return compare_numbers(event->epoch, event->sequence, point->epoch, point->sequence) <= 0
                   ? ATP_SIDE_INCLUDED
                   : ATP_SIDE_LATER;
    }
    if (feed->as_of_ms == 0) {
        return ATP_SIDE_UNDECIDED;
    }
    return event->time_ms <= feed->as_of_ms ? ATP_SIDE_INCLUDED : ATP_SIDE_LATER;
}

/* The part of a comparison that one source of the feed before has a say in. A feed was made before it was told, so that whoever is
 * of a time after that includes all of it. */
static atp_feed_order_t compare_point(const atp_feed_t *feed, const atp_feed_t *before,
                                      const atp_feed_point_t *of_before)
{
    const atp_feed_point_t *point = point_of(feed, of_before->source);

    if (point != NULL) {
        return compare_numbers(point->epoch, point->sequence, of_before->epoch, of_before->sequence) < 0
                   ? ATP_FEED_BEFORE
                   : ATP_FEED_AFTER;
    }
    int64_t latest_ms = before->as_of_ms != 0 ? before->as_of_ms : before->time_ms;
    return feed->as_of_ms != 0 && feed->as_of_ms >= latest_ms ? ATP_FEED_AFTER : ATP_FEED_APART;
}

atp_feed_order_t atp_feed_compare(const atp_feed_t *feed, const atp_feed_t *before)
{
    atp_feed_order_t order = ATP_FEED_AFTER;

    if (feed->as_of_ms != 0 && before->as_of_ms != 0 && feed->as_of_ms < before->as_of_ms) {
        return ATP_FEED_BEFORE;
    }
    if (feed->as_of_ms == 0 && before->as_of_ms != 0) {
        order = ATP_FEED_APART;
    }
    for (unsigned i = 0; i < before->source_count; i++) {
        atp_feed_order_t of_source = compare_point(feed, before, &before->points[i]);
        if (of_source == ATP_FEED_BEFORE) {
            return ATP_FEED_BEFORE;
        }
        order = of_source == ATP_FEED_APART ? ATP_FEED_APART : order;
    }
    return order;
}

atp_qty_t atp_feed_counted(atp_basis_t basis, const atp_change_t *change)
{
    switch (basis) {
    case ATP_BASIS_LESS_PICKED:
        return change->on_hand - change->picked;
    case ATP_BASIS_LESS_ALLOCATED:
        return change->on_hand - change->allocated;
    case ATP_BASIS_SELLABLE:
        return change->on_hand - change->unavailable;
    case ATP_BASIS_AVAILABLE:
        return change->on_hand - change->unavailable - change->allocated;
    case ATP_BASIS_WITH_INBOUND:
        return change->on_hand + change->inbound;
    case ATP_BASIS_LESS_OUTBOUND:
        return change->on_hand - change->outbound;
    case ATP_BASIS_ON_HAND:
    case ATP_BASIS_COUNT:
        break;
    }
    return change->on_hand;
}

const char *atp_basis_name(unsigned basis)
{
    static const char *const names[ATP_BASIS_COUNT] = {
        "on_hand", "less_picked", "less_allocated", "sellable", "available", "with_inbound", "less_outbound"};

    return basis < ATP_BASIS_COUNT ? names[basis] : NULL;
}

/* ---- the ring ---- */

static atp_text_t id_of(const atp_feed_t *feed)
{
    return (atp_text_t){feed->id, feed->id_size};
}

const atp_feed_t *atp_feeds_get(const atp_feeds_t *feeds, uint64_t number)
{
    uint64_t newest = feeds->heads->newest;
    uint64_t capacity = feeds->records.capacity;

    if (number == 0 || number > newest || number + capacity <= newest) {
        return NULL;
    }
    return atp_table_at(&feeds->records, (number - 1) % capacity);
}

const atp_feed_t *atp_feeds_find(const atp_feeds_t *feeds, atp_text_t id)
{
    atp_index_probe_t probe = atp_index_probe(&feeds->index, atp_hash_text(id, *feeds->seed));
    uint32_t place;

    while (atp_index_next(&probe, &place)) {
        const atp_feed_t *feed = atp_table_at(&feeds->records, place);
        if (atp_text_equal(id_of(feed), id)) {
            return feed;
        }
    }
    return NULL;
}

atp_feed_t *atp_feeds_change(atp_feeds_t *feeds, uint64_t number)
{
    return atp_table_change(&feeds->records, (number - 1) % feeds->records.capacity);
}

void atp_feeds_add(atp_feeds_t *feeds, const atp_feed_t *feed)
{
    uint64_t number = ++feeds->heads->newest;
    uint64_t capacity = feeds->records.capacity;
    uint32_t place = (uint32_t)((number - 1) % capacity);

    if (number <= capacity) {
        atp_table_append(&feeds->records, 1);
    } else {
        const atp_feed_t *oldest = atp_table_at(&feeds->records, place);
        atp_index_remove(&feeds->index, atp_hash_text(id_of(oldest), *feeds->seed), place);
    }
    atp_feed_t *record = atp_table_change(&feeds->records, place);
    memcpy(record, feed, sizeof *record);
    record->number = number;
    atp_index_insert(&feeds->index, atp_hash_text(id_of(record), *feeds->seed), place);
}

void atp_feeds_rebuild(atp_feeds_t *feeds)
{
    uint64_t count = atp_table_count(&feeds->records);

    for (uint32_t place = 0; place < count; place++) {
        const atp_feed_t *feed = atp_table_at(&feeds->records, place);
        atp_index_insert(&feeds->index, atp_hash_text(id_of(feed), *feeds->seed), place);
    }
}

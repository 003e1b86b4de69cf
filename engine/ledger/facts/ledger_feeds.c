/* Counts of a point in the past: what moved since then is no part of what they say. */
#include "engine/ledger/facts/ledger_feeds.h"

#include "engine/base/attribute.h"

#include <string.h>

_Static_assert(ATP_BUCKET_ON_HAND == ATP_COUNTED_ON_HAND && ATP_BUCKET_UNAVAILABLE == ATP_COUNTED_UNAVAILABLE,
               "buckets are numbered alike");

/* ---- tables ---- */

atp_err_t atp_ledger_init_feeds(atp_ledger_t *ledger, const atp_ledger_config_t *config,
                                atp_table_t **ret_tables)
{
    atp_movements_t *movements = &ledger->movements;
    /* One movement more, because a table has room for something. */
    atp_err_t err = atp_table_init(&movements->ring, "movements", ATP_TABLE_MOVEMENTS, sizeof(atp_movement_t),
                                   config->movements + 1);

    movements->capacity = config->movements;
    err = err == ATP_OK ? atp_table_init(&movements->standings, "standings", ATP_TABLE_STANDINGS,
                                         sizeof(atp_standing_t), config->positions)
                        : err;
    err = err == ATP_OK ? atp_table_init(&ledger->feeds.records, "feeds", ATP_TABLE_FEEDS, sizeof(atp_feed_t),
                                         config->feeds)
                        : err;
    ret_tables[0] = &movements->ring;
    ret_tables[1] = &movements->standings;
    err = err == ATP_OK ? atp_table_init(&ledger->drift.records, "drift", ATP_TABLE_DRIFT,
                                         sizeof(atp_drift_node_t), config->feeds * ATP_DRIFT_NODES_PER_FEED)
                        : err;
    ret_tables[2] = &ledger->feeds.records;
    ret_tables[3] = &ledger->drift.records;
    return err;
}

void atp_ledger_connect_feeds(atp_ledger_t *ledger)
{
    ledger->movements.heads = &ledger->root->movements;
    ledger->feeds.heads = &ledger->root->feeds;
    ledger->feeds.seed = &ledger->root->config.hash_seed;
    ledger->drift.newest = &ledger->root->feeds.newest_node;
    ledger->drift.seed = &ledger->root->config.hash_seed;
}

uint64_t atp_ledger_feed_bytes(const atp_ledger_config_t *config)
{
    return config->movements * sizeof(atp_movement_t) +
           (config->movements > 0 ? config->positions * sizeof(atp_standing_t) : 0) +
           config->feeds * (sizeof(atp_feed_t) + 4 * sizeof(uint64_t)) + /* with an index entry */
           config->feeds * ATP_DRIFT_NODES_PER_FEED * (sizeof(atp_drift_node_t) + 4 * sizeof(uint64_t));
}

const atp_feeds_t *atp_ledger_feeds(const atp_ledger_t *ledger)
{
    return &ledger->feeds;
}

const atp_drift_t *atp_ledger_drift(const atp_ledger_t *ledger)
{
    return &ledger->drift;
}

const atp_movements_t *atp_ledger_movements(const atp_ledger_t *ledger)
{
    return &ledger->movements;
}

/* ---- what moves ---- */

/* Who tells what the op does, and when it happened: as the batch says, or the one who tells it; not later than now. */
static atp_event_t event_of(const atp_ledger_t *ledger, bool is_told)
{
    const atp_op_t *op = ledger->cause;
    atp_event_t event = {.time_ms = ledger->root->time_ms};
    int64_t told_ms = 0;

    if (!is_told || (op->flags & ATP_OP_FACT) == 0) {
        return event; /* a request is decided when it is applied */
    }
    if ((op->flags & ATP_OP_IN_SOURCE) != 0 && ledger->frame_source != 0) {
        event.source = ledger->frame_source;
        event.epoch = ledger->frame_epoch;
        event.sequence = ledger->frame_sequence;
        told_ms = ledger->frame_as_of_ms;
    } else {
        told_ms = op->issued_ms;
    }
    event.time_ms = told_ms > 0 && told_ms < event.time_ms ? told_ms : event.time_ms;
    return event;
}

/* The newest feed that counted the bucket; NULL: none, or it is not kept any more. */
static const atp_feed_t *newest_feed(const atp_ledger_t *ledger, const atp_standing_t *standing,
                                     unsigned bucket)
{
    return atp_feeds_get(&ledger->feeds, atp_standing_feed(standing, bucket));
}

static bool was_counted(const atp_ledger_t *ledger, const atp_movement_t *movement, unsigned bucket)
{
    const atp_standing_t standing = atp_movements_standing(&ledger->movements, movement->row);
    const atp_feed_t *feed = newest_feed(ledger, &standing, bucket);

    return (atp_movement_needs(movement) >> bucket & 1) != 0 && feed != NULL &&
           atp_feed_side(feed, &movement->event) == ATP_SIDE_INCLUDED;
}

/* What a feed counts at the position is to stay as it is, whatever changes beside on-hand: on-hand follows. */
static void follow(const atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row, atp_change_t *made)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_qty_t now = atp_load_relaxed(&position->on_hand);

    made->on_hand -= atp_feed_counted((atp_basis_t)feed->basis, made);
    made->on_hand = atp_qty_in_range(now + made->on_hand) ? made->on_hand : 0; /* P2 */
}

/* What the newest feed had counted is not done again. */
static void withhold(atp_ledger_t *ledger, atp_movement_t *movement, atp_change_t *made)
{
    const atp_standing_t standing = atp_movements_standing(&ledger->movements, movement->row);

    if (was_counted(ledger, movement, ATP_COUNTED_UNAVAILABLE)) {
        const atp_feed_t *feed = newest_feed(ledger, &standing, ATP_COUNTED_UNAVAILABLE);
        made->unavailable = 0;
        movement->included |= 1u << ATP_COUNTED_UNAVAILABLE;
        atp_ledger_note_late(ledger, feed->number, movement->row);
    }
    if (was_counted(ledger, movement, ATP_COUNTED_ON_HAND)) {
        const atp_feed_t *feed = newest_feed(ledger, &standing, ATP_COUNTED_ON_HAND);
        follow(ledger, feed, movement->row, made);
        movement->included |= 1u << ATP_COUNTED_ON_HAND;
        if (made->on_hand != movement->change.on_hand) {
            atp_ledger_note_late(ledger, feed->number, movement->row);
        }
    }
}

/* Any feed after that one knows of its correction. So does the newest one that counted what can be sold there, if it is of that point,
 * or of a later one. */
static void note_correction(const atp_ledger_t *ledger, atp_movement_t *movement, atp_change_t *made)
{
    const atp_standing_t standing = atp_movements_standing(&ledger->movements, movement->row);
    const atp_feed_t *feed = atp_feeds_get(&ledger->feeds, movement->feed);
    const atp_feed_t *newest = newest_feed(ledger, &standing, ATP_COUNTED_ON_HAND);

    movement->included = (uint8_t)atp_movement_needs(movement);
    movement->cause = ledger->counting_reason.cause;
    movement->teller = ledger->counting_reason.teller;
    movement->bucket = movement->change.on_hand != 0 ? ATP_COUNTED_ON_HAND : ATP_COUNTED_UNAVAILABLE;
    if (movement->bucket == ATP_COUNTED_UNAVAILABLE && newest != NULL && feed != NULL &&
        atp_feed_compare(newest, feed) == ATP_FEED_AFTER) {
        follow(ledger, newest, movement->row, made);
    }
}

/* A movement that is still needed makes room: its source says so from now on. */
static void note_lost(atp_ledger_t *ledger)
{
    const atp_movement_t *lost = atp_movements_next_lost(&ledger->movements);

    if (lost == NULL || lost->event.source == 0) {
        return;
    }
    atp_source_record_t *source = atp_table_change(&ledger->catalog.sources, lost->event.source - 1);
    if (lost->event.epoch > source->gone_epoch ||
        (lost->event.epoch == source->gone_epoch && lost->event.sequence > source->gone_sequence)) {
        source->gone_epoch = lost->event.epoch;
        source->gone_sequence = lost->event.sequence;
    }
}

atp_change_t atp_ledger_note_movement(atp_ledger_t *ledger, uint32_t row, const atp_change_t *change,
                                      bool is_told)
{
    atp_change_t made = *change;

    if (ledger->movements.capacity == 0 || ledger->is_missing) {
        return made; /* nobody's count sees units that are missing, or that are missing no more */
    }
    atp_movement_t movement = {.op = ledger->root->op,
                               .event = event_of(ledger, is_told),
                               .change = *change,
                               .row = row,
                               .feed = ledger->counting_feed,
                               .op_kind = ledger->cause->kind};
    if (ledger->counting_feed != 0) {
        note_correction(ledger, &movement, &made);
    } else {
        withhold(ledger, &movement, &made);
    }
    movement.on_hand = made.on_hand;
    note_lost(ledger);
    atp_movements_add(&ledger->movements, &movement);
    if (change->picked != 0) {
        atp_movements_change_standing(&ledger->movements, row)->picked += change->picked;
    }
    return made;
}

void atp_ledger_prefetch_standing(const atp_ledger_t *ledger, uint32_t row)
{
    if (row < atp_table_count(&ledger->movements.standings)) {
        __builtin_prefetch(atp_table_at(&ledger->movements.standings, row), 1);
    }
}

/* ---- what a count says ---- */

atp_verdict_t atp_ledger_named_feed(apply_t *apply, const atp_feed_t **ret_feed)
{
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_FEED, ATP_WHOLE_OP);

    *ret_feed = apply->asked_feed;
    if (named == NULL || apply->asked_feed != NULL) {
        return ATP_APPLIED;
    }
    *ret_feed = atp_feeds_find(&apply->ledger->feeds, atp_op_attribute_text(apply->op, named));
    return *ret_feed != NULL ? ATP_APPLIED : atp_ledger_refuse_key(apply, ATP_UNKNOWN_FEED, ATP_KEY_FEED, 0);
}

static atp_verdict_t refuse_count(apply_t *apply, atp_verdict_t verdict, atp_exception_kind_t kind)
{
    apply->refused_as = (uint8_t)kind;
    return atp_ledger_refuse_key(apply, verdict, apply->op->kind == ATP_OP_FEED ? ATP_KEY_NONE : ATP_KEY_FEED,
                                 0);
}

/* True if all that the ring had to let go of is included in the feed. */
static bool includes_gone(const atp_ledger_t *ledger, const atp_feed_t *feed)
{
    for (unsigned i = 0; i < feed->source_count; i++) {
        const atp_feed_point_t *point = &feed->points[i];
        if (point->source == 0) {
            continue; /* of a question: it was never heard of */
        }
        const atp_source_record_t *source = atp_table_at(&ledger->catalog.sources, point->source - 1);
        if (source->gone_epoch > point->epoch ||
            (source->gone_epoch == point->epoch && source->gone_sequence > point->sequence)) {
            return false;
        }
    }
    return feed->as_of_ms != 0 && ledger->root->movements.gone_ms <= feed->as_of_ms;
}

static atp_qty_t counted_of(const atp_feed_t *feed, const atp_movement_t *movement, unsigned bucket)
{
    if ((movement->included >> bucket & 1) != 0) {
        return 0;
    }
    return bucket == ATP_COUNTED_ON_HAND ? atp_feed_counted((atp_basis_t)feed->basis, &movement->change)
                                         : movement->change.unavailable;
}

/* Sums up what moved at the position after the feed's point; takes what it walks off *walk_left. */
static atp_verdict_t look_back(apply_t *apply, const atp_feed_t *feed, uint32_t row, unsigned bucket,
                               uint32_t *walk_left, atp_qty_t *ret_later)
{
    const atp_movements_t *movements = &apply->ledger->movements;
    const atp_standing_t standing = atp_movements_standing(movements, row);
    const atp_movement_t *movement = atp_movements_get(movements, standing.newest);
    bool is_undecided = false;

    for (*ret_later = 0; movement != NULL && *walk_left > 0; --*walk_left) {
        atp_qty_t counted = counted_of(feed, movement, bucket);
        atp_side_t side = counted == 0 ? ATP_SIDE_INCLUDED : atp_feed_side(feed, &movement->event);
        is_undecided = is_undecided || side == ATP_SIDE_UNDECIDED;
        *ret_later += side == ATP_SIDE_LATER ? counted : 0;
        movement = atp_movements_get(movements, movement->previous);
    }
    if (movement != NULL ||
        ((standing.feeds[bucket] & ATP_STANDING_GONE) != 0 && !includes_gone(apply->ledger, feed))) {
        return refuse_count(apply, ATP_FEED_UNDECIDED, ATP_EXCEPTION_FEED_TOO_OLD);
    }
    return is_undecided ? refuse_count(apply, ATP_FEED_UNDECIDED, ATP_EXCEPTION_FEED_UNDECIDED) : ATP_APPLIED;
}

static atp_verdict_t look_at_order(apply_t *apply, const atp_feed_t *feed, uint32_t row, unsigned bucket)
{
    const atp_standing_t standing = atp_movements_standing(&apply->ledger->movements, row);
    const atp_feed_t *before = newest_feed(apply->ledger, &standing, bucket);

    if (before == NULL || before->number == feed->number) {
        return ATP_APPLIED;
    }
    switch (atp_feed_compare(feed, before)) {
    case ATP_FEED_BEFORE:
        return refuse_count(apply, ATP_FEED_STALE, ATP_EXCEPTION_FEED_STALE);
    case ATP_FEED_APART:
        return refuse_count(apply, ATP_FEED_UNDECIDED, ATP_EXCEPTION_FEED_UNDECIDED);
    case ATP_FEED_AFTER:
        break;
    }
    return ATP_APPLIED;
}

/* What is there now of what the feed counts. */
static atp_qty_t counted_now(const atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row,
                             unsigned bucket)
{
    atp_position_t *position = atp_positions_at(&ledger->positions, row);

    if (bucket == ATP_COUNTED_UNAVAILABLE) {
        return atp_load_relaxed(&position->unavailable);
    }
    atp_change_t all = {.on_hand = atp_load_relaxed(&position->on_hand),
                        .unavailable =
                            atp_load_relaxed(&position->unavailable) - atp_ledger_missing(ledger, row),
                        .allocated = atp_load_relaxed(&position->allocated),
                        .picked = atp_movements_standing(&ledger->movements, row).picked};
    const atp_supply_row_t *sums =
        feed->basis == ATP_BASIS_WITH_INBOUND || feed->basis == ATP_BASIS_LESS_OUTBOUND
            ? atp_supply_row(&ledger->supplies, row)
            : NULL;
    if (sums != NULL) {
        all.inbound = sums->inbound;
        all.outbound = sums->outbound;
    }
    return atp_feed_counted((atp_basis_t)feed->basis, &all);
}

static atp_verdict_t find_variance(apply_t *apply, const atp_feed_t *feed, const resolved_line_t *line,
                                   atp_bucket_t bucket, atp_qty_t unseen, uint32_t *walk_left,
                                   atp_qty_t *ret_change)
{
    atp_qty_t later = 0;

    *ret_change = line->qty;
    if (line->row == NO_ROW) {
        return ATP_APPLIED; /* nothing ever moved there */
    }
    atp_verdict_t verdict = look_at_order(apply, feed, line->row, bucket);
    verdict = verdict == ATP_APPLIED ? look_back(apply, feed, line->row, bucket, walk_left, &later) : verdict;
    if (verdict == ATP_APPLIED) {
        *ret_change = line->qty - (counted_now(apply->ledger, feed, line->row, bucket) - unseen - later);
    }
    return verdict;
}

atp_verdict_t atp_ledger_feed_variance(apply_t *apply, const atp_feed_t *feed, const resolved_line_t *line,
                                       atp_bucket_t bucket, atp_qty_t unseen, atp_qty_t *ret_change)
{
    uint32_t walk_left = ATP_FEED_WALK_MAX;

    return find_variance(apply, feed, line, bucket, unseen, &walk_left, ret_change);
}

void atp_ledger_note_fed(atp_ledger_t *ledger, const atp_feed_t *feed, uint32_t row, atp_bucket_t bucket,
                         atp_qty_t change)
{
    atp_movements_t *movements = &ledger->movements;
    atp_standing_t *standing = atp_movements_change_standing(movements, row);
    uint64_t number = standing->newest;
    uint64_t newer = 0;
    bool is_first = atp_standing_feed(standing, bucket) != feed->number;
    bool was_corrected = !is_first && (standing->feeds[bucket] & ATP_STANDING_CORRECTED) != 0;

    standing->feeds[bucket] = (uint32_t)(feed->number << ATP_STANDING_SHIFT) |
                              (change != 0 || was_corrected ? ATP_STANDING_CORRECTED : 0);
    for (const atp_movement_t *at = atp_movements_get(movements, number); at != NULL;
         at = atp_movements_get(movements, number)) {
        uint64_t previous = at->previous;
        bool is_included = (atp_movement_needs(at) >> bucket & 1) != 0 &&
                           atp_feed_side(feed, &at->event) == ATP_SIDE_INCLUDED;
        bool has_left = is_included && atp_movements_include(movements, row, newer, number, bucket);
        newer = has_left ? newer : number;
        number = previous;
    }
    atp_ledger_note_drift(ledger, feed->number, row, is_first, change);
}

/* ---- lines that agree ---- */

/* What the lines of one op share. */
typedef struct agreeing {
    const atp_feed_t *feed;
    atp_bucket_t bucket;
    uint32_t walk_left; /* movements that all of them together look back over */
    bool has_counted;   /* one that the feed had not counted before */
} agreeing_t;

/* Counts the line, if the ledger agrees with it: ATP_LINE_... A position that is not there needs a count, which makes it. */
static atp_qty_t count_line(apply_t *apply, agreeing_t *agreeing, const resolved_line_t *line)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_qty_t change = 0;

    if (line->row == NO_ROW) {
        return ATP_COUNT_LEFT;
    }
    atp_qty_t unseen = agreeing->bucket == ATP_BUCKET_UNAVAILABLE ? atp_ledger_missing(ledger, line->row) : 0;
    atp_verdict_t verdict =
        find_variance(apply, agreeing->feed, line, agreeing->bucket, unseen, &agreeing->walk_left, &change);
    if (verdict != ATP_APPLIED || change != 0) {
        return ATP_COUNT_LEFT;
    }
    const atp_standing_t standing = atp_movements_standing(&ledger->movements, line->row);
    if (atp_standing_feed(&standing, agreeing->bucket) != agreeing->feed->number) {
        atp_ledger_note_fed(ledger, agreeing->feed, line->row, agreeing->bucket, 0);
        agreeing->has_counted = true;
        return ATP_COUNT_AGREES;
    }
    return (standing.feeds[agreeing->bucket] & ATP_STANDING_CORRECTED) != 0 ? ATP_COUNT_CORRECTED
                                                                            : ATP_COUNT_AGREES;
}

/* Finds the positions of all lines, so that what is kept of one is on its way while others are looked at. A line that names what is
 * not there has no row. */
static void resolve_lines(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    line_names_t names = atp_ledger_line_names(apply->op);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t *line = &ledger->lines[i];
        if (atp_ledger_resolve_line(apply, &names, i, line) != ATP_APPLIED) {
            line->row = NO_ROW;
        }
        if (line->row != NO_ROW) {
            __builtin_prefetch(atp_positions_at(&ledger->positions, line->row));
            atp_ledger_prefetch_standing(ledger, line->row);
        }
    }
}

/* Counts the lines that the ledger agrees with; the grants say which. True if that changed something. */
static bool count_agreeing(apply_t *apply, const atp_feed_t *feed)
{
    const atp_op_attribute_t *bucket = atp_op_attribute(apply->op, ATP_KEY_BUCKET, ATP_WHOLE_OP);
    agreeing_t agreeing = {.feed = feed,
                           .bucket = bucket != NULL ? (atp_bucket_t)bucket->number : ATP_BUCKET_ON_HAND,
                           .walk_left = ATP_FEED_WALK_MAX};
    atp_result_t answer = *apply->result; /* a line that is left alone is no refusal */

    resolve_lines(apply);
    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        apply->grants[i] = (atp_grant_t){.qty = count_line(apply, &agreeing, &apply->ledger->lines[i])};
        answer.qty += apply->grants[i].qty != ATP_COUNT_LEFT;
    }
    *apply->result = answer;
    apply->result->line_count = apply->op->line_count;
    apply->refused_as = 0;
    return agreeing.has_counted;
}

/* ---- what a feed says of itself ---- */

/* Reads one source with its epoch and number at attribute *at, and moves it on. */
static atp_verdict_t read_point(apply_t *apply, uint32_t *at, atp_text_t *ret_source,
                                atp_feed_point_t *ret_point)
{
    const atp_op_t *op = apply->op;
    const atp_op_attribute_t *attributes = atp_op_attributes(op);
    uint32_t count = atp_op_attribute_count(op);

    if (attributes[*at].key != ATP_KEY_INCLUDES) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, attributes[*at].key, 0);
    }
    if (*at + 2 >= count || attributes[*at + 1].key != ATP_KEY_EPOCH ||
        attributes[*at + 2].key != ATP_KEY_SEQUENCE) {
        bool has_epoch = *at + 1 < count && attributes[*at + 1].key == ATP_KEY_EPOCH;
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING,
                                     has_epoch ? ATP_KEY_SEQUENCE : ATP_KEY_EPOCH, 0);
    }
    *ret_source = atp_op_attribute_text(op, &attributes[*at]);
    ret_point->epoch = (uint64_t)attributes[*at + 1].number;
    ret_point->sequence = (uint64_t)attributes[*at + 2].number;
    *at += 2;
    return ATP_APPLIED;
}

/* The sources of the op and up to which number each is in it. Those that were never heard of have source 0. */
static atp_verdict_t read_points(apply_t *apply, atp_feed_t *feed, atp_text_t *ret_sources)
{
    const atp_ledger_t *ledger = apply->ledger;
    uint32_t count = atp_op_attribute_count(apply->op);

    for (uint32_t at = 0; at < count; at++) {
        unsigned key = atp_op_attributes(apply->op)[at].key;
        atp_feed_point_t *point = &feed->points[feed->source_count];
        if (key != ATP_KEY_INCLUDES && key != ATP_KEY_EPOCH && key != ATP_KEY_SEQUENCE) {
            continue;
        }
        if (feed->source_count == ATP_FEED_SOURCES_MAX) {
            return atp_ledger_refuse_key(apply, ATP_TOO_MANY_ATTRIBUTES, ATP_KEY_INCLUDES, 0);
        }
        atp_text_t *name = &ret_sources[feed->source_count];
        atp_verdict_t verdict = read_point(apply, &at, name, point);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        for (unsigned i = 0; i < feed->source_count; i++) {
            if (atp_text_equal(ret_sources[i], *name)) {
                return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_INCLUDES, 0);
            }
        }
        uint32_t number;
        bool is_known = atp_catalog_find_source(&ledger->catalog, *name,
                                                atp_hash_text(*name, atp_ledger_seed(ledger)), &number);
        point->source = is_known ? number + 1 : 0;
        feed->source_count++;
    }
    return ATP_APPLIED;
}

/* Whether there is room for the sources that were never heard of. */
static atp_verdict_t look_for_sources(apply_t *apply, const atp_feed_t *feed)
{
    const atp_catalog_t *catalog = &apply->ledger->catalog;
    uint64_t missing = 0;

    for (unsigned i = 0; i < feed->source_count; i++) {
        missing += feed->points[i].source == 0;
    }
    if (!atp_table_has_room(&catalog->sources, missing)) {
        return atp_ledger_refuse_key(apply, ATP_SOURCES_FULL, ATP_KEY_INCLUDES, 0);
    }
    return atp_table_has_room(&catalog->strings, missing * (ATP_ID_SIZE_MAX / ATP_STRING_GRANULE + 2))
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_STRINGS_FULL, ATP_KEY_INCLUDES, 0);
}

static void need_sources(apply_t *apply, atp_feed_t *feed, const atp_text_t *names)
{
    atp_ledger_t *ledger = apply->ledger;

    for (unsigned i = 0; i < feed->source_count; i++) {
        if (feed->points[i].source == 0) {
            uint64_t hash = atp_hash_text(names[i], atp_ledger_seed(ledger));
            feed->points[i].source =
                atp_catalog_add(&ledger->catalog, &ledger->root->strings, &ledger->catalog.sources,
                                &ledger->catalog.source_index, names[i], hash, ledger->root->op) +
                1;
        }
    }
}

/* Told again: the same, or something else under the id of another one. */
static atp_verdict_t compare_told(apply_t *apply, const atp_feed_t *told, const atp_feed_t *known)
{
    bool is_same = told->basis == known->basis && told->as_of_ms == known->as_of_ms &&
                   told->source_count == known->source_count &&
                   memcmp(told->points, known->points, sizeof told->points) == 0;

    return is_same ? ATP_CONFIRMED : atp_ledger_refuse(apply, ATP_CONFLICT, ATP_FIELD_SUBJECT, 0);
}

static atp_verdict_t look_at_point(apply_t *apply, const atp_feed_t *feed)
{
    if (apply->ledger->movements.capacity == 0) {
        return refuse_count(apply, ATP_FEED_UNDECIDED, ATP_EXCEPTION_FEED_TOO_OLD); /* nothing is kept */
    }
    if (feed->source_count == 0 && feed->as_of_ms == 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_MISSING, ATP_KEY_AS_OF, 0);
    }
    /* Of what is still to happen nobody can have counted. */
    return feed->as_of_ms < apply->now_ms
               ? ATP_APPLIED
               : atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_AS_OF, 0);
}

/* What the op says of its feed, and the names of the sources that it includes. */
static atp_verdict_t read_feed(apply_t *apply, atp_feed_t *ret_feed, atp_text_t *ret_sources)
{
    const char *cursor = atp_op_text_begin(apply->op);
    atp_text_t id = atp_op_text_next(&cursor);
    const atp_op_attribute_t *basis = atp_op_attribute(apply->op, ATP_KEY_BASIS, ATP_WHOLE_OP);
    const atp_op_attribute_t *as_of = atp_op_attribute(apply->op, ATP_KEY_AS_OF, ATP_WHOLE_OP);

    *ret_feed = (atp_feed_t){.op = apply->ledger->root->op,
                             .time_ms = apply->now_ms,
                             .as_of_ms = as_of != NULL ? as_of->number : 0,
                             .basis = (uint8_t)basis->number,
                             .id_size = (uint8_t)id.size};
    memcpy(ret_feed->id, id.bytes, id.size);
    atp_verdict_t verdict = read_points(apply, ret_feed, ret_sources);
    return verdict == ATP_APPLIED ? look_at_point(apply, ret_feed) : verdict;
}

/* Keeps the feed that the op tells of, if it is not there yet. */
static atp_verdict_t keep_feed(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_text_t sources[ATP_FEED_SOURCES_MAX];
    atp_feed_t feed;

    atp_verdict_t verdict = read_feed(apply, &feed, sources);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    const atp_feed_t *known = atp_feeds_find(&ledger->feeds, (atp_text_t){feed.id, feed.id_size});
    if (known != NULL) {
        apply->result->ready_ms = known->time_ms;
        return compare_told(apply, &feed, known);
    }
    apply->result->ready_ms = feed.time_ms;
    verdict = look_for_sources(apply, &feed);
    if (verdict == ATP_APPLIED) {
        need_sources(apply, &feed, sources);
        atp_feeds_add(&ledger->feeds, &feed);
    }
    return verdict;
}

/* It is no feed: its id is all of it, and what stands in the document goes with the answer that is remembered. */
static atp_verdict_t note_document(apply_t *apply, const atp_op_attribute_t *content)
{
    if (apply->op->line_count > 0) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_DOCUMENT, 0);
    }
    apply->result->qty = content != NULL ? content->number : 0;
    return ATP_CONFIRMED;
}

atp_verdict_t atp_ledger_put_feed(apply_t *apply)
{
    const char *cursor = atp_op_text_begin(apply->op);
    const atp_op_attribute_t *content = atp_op_attribute(apply->op, ATP_KEY_CONTENT, ATP_WHOLE_OP);

    if (atp_op_attribute(apply->op, ATP_KEY_DOCUMENT, ATP_WHOLE_OP) != NULL) {
        return note_document(apply, content);
    }
    if (content != NULL) {
        return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_NOT_TAKEN, ATP_KEY_CONTENT, 0);
    }
    atp_verdict_t verdict = keep_feed(apply);
    if (!atp_verdict_is_success(verdict) || apply->op->line_count == 0) {
        return verdict;
    }
    const atp_feed_t *feed = atp_feeds_find(&apply->ledger->feeds, atp_op_text_next(&cursor));
    return count_agreeing(apply, feed) ? ATP_APPLIED : verdict;
}

atp_verdict_t atp_ledger_read_feed(apply_t *apply, atp_feed_t *ret_feed)
{
    atp_text_t sources[ATP_FEED_SOURCES_MAX];

    atp_verdict_t verdict = read_feed(apply, ret_feed, sources);
    const atp_feed_t *known =
        atp_feeds_find(&apply->ledger->feeds, (atp_text_t){ret_feed->id, ret_feed->id_size});
    if (verdict == ATP_APPLIED && known != NULL) {
        verdict = compare_told(apply, ret_feed, known);
        *ret_feed = *known;
    }
    return verdict;
}

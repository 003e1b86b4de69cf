/* Postings as ops make them, and what becomes of those that nobody hears in time.
 *
 * They are written where buckets change: by steps of lines, which all pass atp_ledger_note_step, and by facts about stock,
 * which all pass atp_ledger_change_bucket. */
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/base/attribute.h"
#include "engine/ledger/ledger_priv.h"

#include <string.h>

/* ---- who hears what ---- */

static bool is_at_node(const atp_ledger_t *ledger, const atp_subscriber_t *subscriber, uint32_t row)
{
    uint16_t node = atp_positions_at(&ledger->positions, row)->node;

    if (subscriber->group == 0 && subscriber->node_count == 0) {
        return true;
    }
    for (unsigned i = 0; i < subscriber->node_count; i++) {
        if (subscriber->nodes[i] == node) {
            return true;
        }
    }
    return subscriber->group != 0 && atp_groups_has(&ledger->groups, (uint16_t)(subscriber->group - 1), node);
}

bool atp_ledger_is_posted_to(const atp_ledger_t *ledger, const atp_subscriber_t *subscriber,
                             const atp_posting_t *posting)
{
    return (subscriber->kinds == 0 || (subscriber->kinds >> posting->kind & 1) != 0) &&
           is_at_node(ledger, subscriber, posting->row);
}

/* True if the posting waits for the subscriber: it hears of it, and has not settled it. */
static bool is_open(const atp_ledger_t *ledger, uint32_t number, const atp_posting_t *posting)
{
    const atp_subscriber_t *subscriber = atp_subscriber_at(&ledger->postings, number);

    return atp_subscriber_has_open(subscriber, number, posting) &&
           atp_ledger_is_posted_to(ledger, subscriber, posting);
}

void atp_ledger_pass_settled(atp_ledger_t *ledger, uint32_t number, unsigned limit)
{
    atp_postings_t *postings = &ledger->postings;
    uint64_t kept = atp_postings_oldest(postings) - 1;
    const atp_subscriber_t *subscriber = atp_subscriber_at(postings, number);
    uint64_t settled = subscriber->settled > kept ? subscriber->settled : kept;

    if (!subscriber->confirms && subscriber->acknowledged > settled) {
        settled = subscriber->acknowledged;
    }
    for (unsigned i = 0; i < limit && settled < postings->heads->newest; i++) {
        if (is_open(ledger, number, atp_postings_at(postings, settled + 1))) {
            break;
        }
        settled++;
    }
    if (settled != subscriber->settled) {
        atp_subscriber_t *record = atp_table_change(&postings->subscribers, number);
        record->settled = settled;
    }
}

/* ---- the ring ---- */

/* The oldest posting makes room: who has not settled it loses it. */
static void lose_oldest(atp_ledger_t *ledger)
{
    atp_postings_t *postings = &ledger->postings;
    uint64_t next = postings->heads->newest + 1;
    const atp_posting_t *oldest = next > postings->records.capacity
                                      ? atp_postings_at(postings, next - postings->records.capacity)
                                      : NULL;

    if (oldest == NULL || oldest->number < postings->heads->first) {
        return;
    }
    for (uint32_t i = 0; i < atp_subscriber_count(postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        if (!subscriber->is_live || subscriber->settled >= oldest->number || !is_open(ledger, i, oldest)) {
            continue;
        }
        atp_subscriber_t *record = atp_table_change(&postings->subscribers, i);
        record->lost++;
        if (!record->is_losing) {
            record->is_losing = 1;
            ledger->losing |= UINT64_C(1) << i;
        }
    }
}

/* Two for each new one: what is settled, or for others, never lies before the first open one for long. */
#define PASSED_EACH 2

static atp_posting_t *add(atp_ledger_t *ledger, const atp_posting_t *posting)
{
    lose_oldest(ledger);
    atp_posting_t *added = atp_postings_add(&ledger->postings, posting);
    for (uint32_t i = 0; i < atp_subscriber_count(&ledger->postings); i++) {
        if (atp_subscriber_at(&ledger->postings, i)->is_live) {
            atp_ledger_pass_settled(ledger, i, PASSED_EACH);
        }
    }
    return added;
}

static void name_subject(atp_posting_t *posting, atp_posting_subject_t kind, atp_text_t id)
{
    if (id.size > 0) {
        ATP_ASSERT(id.size <= ATP_ID_SIZE_MAX);
        posting->subject_kind = (uint8_t)kind;
        posting->subject_size = (uint8_t)id.size;
        memcpy(posting->subject, id.bytes, id.size);
    }
}

/* What every posting says of the op that makes it. */
static atp_posting_t begin_posting(const atp_ledger_t *ledger, const atp_op_t *op, atp_posting_kind_t kind,
                                   uint32_t row)
{
    atp_text_t correlation = atp_op_correlation(op);
    atp_posting_t posting = {
        .op = ledger->root->op,
        .time_ms = ledger->root->time_ms,
        .row = row,
        .source = op->flags & ATP_OP_IN_SOURCE ? ledger->frame_source : 0,
        .client = op->client == ATP_CLIENT_NAMED ? ledger->frame_client : op->client,
        .line = ATP_POSTING_NO_LINE,
        .kind = (uint8_t)kind,
        .step = ATP_POSTING_NO_WORD,
        .disposition = ATP_POSTING_NO_WORD,
        .op_kind = op->kind,
        .correlation_size = (uint8_t)correlation.size,
    };

    memcpy(posting.correlation, correlation.bytes, correlation.size);
    return posting;
}

/* ---- steps ---- */

/* + 1; 0: a step that makes no promise and ends none. It has a posting where a count has yet to be told of it. */
static const uint8_t kinds_of_steps[ATP_STEP_COUNT] = {
    [ATP_STEP_RESERVE] = ATP_POSTING_RESERVED + 1,  [ATP_STEP_FILL] = ATP_POSTING_RESERVED + 1,
    [ATP_STEP_LAND] = ATP_POSTING_RESERVED + 1,     [ATP_STEP_RELEASE] = ATP_POSTING_RELEASED + 1,
    [ATP_STEP_EXPIRE] = ATP_POSTING_RELEASED + 1,   [ATP_STEP_BACKORDER] = ATP_POSTING_RELEASED + 1,
    [ATP_STEP_REASSIGN] = ATP_POSTING_RELEASED + 1, [ATP_STEP_RE_SOURCE] = ATP_POSTING_RELEASED + 1,
    [ATP_STEP_CANCEL] = ATP_POSTING_CANCELLED + 1,  [ATP_STEP_SHORT] = ATP_POSTING_CANCELLED + 1,
    [ATP_STEP_REVOKE] = ATP_POSTING_CANCELLED + 1,  [ATP_STEP_ALLOCATE] = ATP_POSTING_ALLOCATED + 1,
    [ATP_STEP_SHIP] = ATP_POSTING_SHIPPED + 1,      [ATP_STEP_SHIP_RESERVED] = ATP_POSTING_SHIPPED + 1,
};

static atp_posting_kind_t kind_of_step(unsigned step)
{
    return kinds_of_steps[step] == 0 ? ATP_POSTING_ADJUSTED : (atp_posting_kind_t)(kinds_of_steps[step] - 1);
}

static bool is_nothing(const atp_posting_change_t *change)
{
    return change->on_hand == 0 && change->unavailable == 0 && change->reserved == 0 &&
           change->allocated == 0;
}

/* The units that a step moves: those that are promised no more, newly, or firmly. */
static atp_qty_t units_promised(const atp_posting_change_t *change)
{
    atp_qty_t units = change->reserved + change->allocated;

    units = units != 0 ? units : change->allocated;
    return units < 0 ? -units : units;
}

void atp_ledger_post_step(atp_ledger_t *ledger, const atp_line_t *line, const atp_history_step_t *step)
{
    const atp_reservation_t *reservation = atp_reservation_at(&ledger->reservations, line->reservation);
    atp_posting_t posting = begin_posting(ledger, ledger->cause, kind_of_step(step->step), line->row);

    posting.change = ledger->posted;
    ledger->posted = (atp_posting_change_t){0};
    posting.change.reserved += step->step == ATP_STEP_RESERVE ? step->qty : 0;
    if (is_nothing(&posting.change)) {
        return; /* units that wait, or were handled: no bucket knows of it */
    }
    if (step->step == ATP_STEP_EXPIRE) { /* whichever op met it: time did it */
        posting.client = ATP_CLIENT_ENGINE;
        posting.source = 0;
        posting.correlation_size = 0;
        memset(posting.correlation, 0, sizeof posting.correlation);
    }
    posting.qty = units_promised(&posting.change);
    if (posting.kind == ATP_POSTING_ADJUSTED) {
        posting.qty = posting.change.on_hand;
    }
    posting.line = (uint16_t)line->number;
    posting.step = step->step;
    name_subject(&posting, ATP_POSTING_OF_RESERVATION,
                 atp_strings_get(ledger->reservations.strings, reservation->id_ref));
    (void)add(ledger, &posting);
}

/* ---- facts ---- */

static atp_posting_kind_t kind_of_fact(unsigned op_kind)
{
    switch (op_kind) {
    case ATP_OP_RECEIVE:
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_RECEIVE:
        return ATP_POSTING_RECEIVED;
    case ATP_OP_SALE:
        return ATP_POSTING_SOLD;
    case ATP_OP_COUNT:
        return ATP_POSTING_COUNTED;
    case ATP_OP_SHIP:
    case ATP_OP_TRANSFER_SHIP:
        return ATP_POSTING_SHIPPED;
    case ATP_OP_RETURN:
        return ATP_POSTING_RETURNED;
    default:
        return ATP_POSTING_ADJUSTED;
    }
}

/* The reservation or supply that a fact names. */
static void name_fact(atp_posting_t *posting, const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);

    switch (op->kind) {
    case ATP_OP_SHIP:
    case ATP_OP_RETURN:
    case ATP_OP_SHORT:
        name_subject(posting, ATP_POSTING_OF_RESERVATION, atp_op_text_next(&cursor));
        break;
    case ATP_OP_RECEIVE_SUPPLY:
    case ATP_OP_TRANSFER_SHIP:
    case ATP_OP_TRANSFER_RECEIVE:
        name_subject(posting, ATP_POSTING_OF_SUPPLY, atp_op_text_next(&cursor));
        break;
    default:
        break;
    }
}

static atp_posting_t begin_fact(const apply_t *apply, uint32_t row)
{
    const atp_op_t *op = apply->op;
    atp_posting_t posting = begin_posting(apply->ledger, op, kind_of_fact(op->kind), row);

    if (op->kind == ATP_OP_ADJUST || op->kind == ATP_OP_COUNT) {
        posting.reason = op->reason;
    }
    if (op->kind == ATP_OP_DISPOSE) {
        const atp_op_attribute_t *disposition = atp_op_attribute(op, ATP_KEY_DISPOSITION, ATP_WHOLE_OP);
        posting.disposition = disposition != NULL ? (uint8_t)disposition->number : ATP_POSTING_NO_WORD;
    }
    name_fact(&posting, op);
    return posting;
}

/* The newest posting, if it is of the same fact at that row and says nothing of the bucket yet; NULL otherwise. */
static atp_posting_t *open_fact(const apply_t *apply, uint32_t row, atp_bucket_t bucket)
{
    atp_postings_t *postings = &apply->ledger->postings;
    const atp_posting_t *newest = atp_postings_at(postings, postings->heads->newest);

    if (newest == NULL || newest->op != apply->ledger->root->op || newest->row != row ||
        newest->step != ATP_POSTING_NO_WORD || newest->op_kind != apply->op->kind ||
        (bucket == ATP_BUCKET_ON_HAND ? newest->change.on_hand : newest->change.unavailable) != 0) {
        return NULL;
    }
    return atp_postings_change(postings, newest->number);
}

/* What a fact says of units: signed where it may be either way. */
static atp_qty_t units_of(const atp_posting_t *posting, const atp_change_t *told)
{
    atp_qty_t units = told->on_hand != 0 ? told->on_hand : told->unavailable;
    bool is_signed = posting->kind == ATP_POSTING_ADJUSTED || posting->kind == ATP_POSTING_COUNTED;

    return units < 0 && !is_signed ? -units : units;
}

void atp_ledger_post_change(apply_t *apply, uint32_t row, atp_bucket_t bucket, const atp_change_t *told,
                            atp_qty_t change)
{
    atp_posting_t *posting = open_fact(apply, row, bucket);

    if (posting == NULL) {
        atp_posting_t begun = begin_fact(apply, row);
        posting = add(apply->ledger, &begun);
    }
    if (bucket == ATP_BUCKET_ON_HAND) {
        posting->change.on_hand = change;
    } else {
        posting->change.unavailable = change;
    }
    if (posting->kind != ATP_POSTING_RETURNED && (posting->qty == 0 || bucket == ATP_BUCKET_ON_HAND)) {
        posting->qty = units_of(posting, told);
    }
}

void atp_ledger_post_returned(apply_t *apply, uint32_t row, atp_disposition_t disposition, atp_qty_t qty)
{
    atp_posting_t posting = begin_fact(apply, row);

    posting.qty = qty;
    posting.disposition = (uint8_t)disposition;
    (void)add(apply->ledger, &posting);
}

void atp_ledger_post_merged(apply_t *apply, uint32_t row, const atp_posting_change_t *change)
{
    atp_posting_t posting = begin_fact(apply, row);

    if (!is_nothing(change)) {
        posting.change = *change;
        posting.qty = change->on_hand;
        (void)add(apply->ledger, &posting);
    }
}

/* ---- too full ---- */

/* Promises wait while this much of the ring is not settled; facts, and steps of what is promised, have the rest. */
static uint64_t most_open(const atp_postings_t *postings)
{
    return postings->records.capacity / 4 * 3;
}

static bool makes_promises(const atp_op_t *op)
{
    switch (op->kind) {
    case ATP_OP_RESERVE:
        return op->option != ATP_RESERVE_TRACK_ONLY;
    case ATP_OP_EDIT:
    case ATP_OP_ALLOCATE:
    case ATP_OP_REASSIGN:
    case ATP_OP_TRANSFER:
        return true;
    default:
        return false;
    }
}

atp_verdict_t atp_ledger_look_for_postings(apply_t *apply)
{
    const atp_postings_t *postings = &apply->ledger->postings;

    if ((apply->op->flags & (ATP_OP_FACT | ATP_OP_IN_SOURCE)) != 0 || !makes_promises(apply->op)) {
        return ATP_APPLIED;
    }
    for (uint32_t i = 0; i < atp_subscriber_count(postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        if (subscriber->is_live && subscriber->when_full == ATP_WHEN_FULL_WAIT &&
            postings->heads->newest - subscriber->settled >= most_open(postings)) {
            return ATP_POSTINGS_FULL;
        }
    }
    return ATP_APPLIED;
}

/* ---- exceptions ---- */

/* An exception that is about no position, but about a subscriber. */
static void raise_for(apply_t *apply, atp_exception_kind_t kind, uint32_t number, atp_qty_t qty)
{
    const atp_subscriber_t *subscriber = atp_subscriber_at(&apply->ledger->postings, number);
    atp_exception_t *exception = atp_ledger_raise_of(apply, kind, 0, qty);

    exception->reservation_count = 1;
    atp_exception_name(exception->reservations[0], &exception->reservation_sizes[0],
                       atp_subscriber_id(subscriber));
}

void atp_ledger_tell_lost(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < atp_subscriber_count(&ledger->postings); i++) {
        if ((ledger->losing >> i & 1) != 0) {
            const atp_subscriber_t *subscriber = atp_subscriber_at(&ledger->postings, i);
            raise_for(apply, ATP_EXCEPTION_POSTINGS_LOST, i, (atp_qty_t)subscriber->lost);
        }
    }
    ledger->losing = 0;
}

#define LOOKED_AT 1024 /* postings, for one subscriber and pulse */

/* The first posting that may be open for the subscriber; NULL if none is. */
static const atp_posting_t *first_unsettled(const atp_ledger_t *ledger, const atp_subscriber_t *subscriber)
{
    uint64_t oldest = atp_postings_oldest(&ledger->postings);
    uint64_t next = subscriber->settled + 1;

    return atp_postings_at(&ledger->postings, next > oldest ? next : oldest);
}

static bool is_late(const atp_subscriber_t *subscriber, const atp_posting_t *posting, int64_t now_ms)
{
    return posting != NULL && posting->time_ms + subscriber->sla_ms <= now_ms;
}

static atp_qty_t count_late(const atp_ledger_t *ledger, uint32_t number, const atp_posting_t *first,
                            int64_t now_ms)
{
    const atp_subscriber_t *subscriber = atp_subscriber_at(&ledger->postings, number);
    const atp_posting_t *posting = first;
    atp_qty_t count = 0;

    for (unsigned i = 0; i < LOOKED_AT && is_late(subscriber, posting, now_ms); i++) {
        count += is_open(ledger, number, posting);
        posting = atp_postings_at(&ledger->postings, posting->number + 1);
    }
    return count;
}

static void look_at_late(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;

    atp_ledger_pass_settled(ledger, number, LOOKED_AT);
    const atp_subscriber_t *subscriber = atp_subscriber_at(&ledger->postings, number);
    const atp_posting_t *first = first_unsettled(ledger, subscriber);
    bool has_late = subscriber->sla_ms > 0 && is_late(subscriber, first, apply->now_ms);
    if (has_late == subscriber->is_late || (has_late && !is_open(ledger, number, first))) {
        return;
    }
    if (has_late) {
        raise_for(apply, ATP_EXCEPTION_POSTINGS_LATE, number,
                  count_late(ledger, number, first, apply->now_ms));
    }
    atp_subscriber_t *record = atp_table_change(&ledger->postings.subscribers, number);
    record->is_late = has_late;
}

void atp_ledger_tell_late(apply_t *apply)
{
    for (uint32_t i = 0; i < atp_subscriber_count(&apply->ledger->postings); i++) {
        if (atp_subscriber_at(&apply->ledger->postings, i)->is_live) {
            look_at_late(apply, i);
        }
    }
}

bool atp_ledger_is_posting_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    for (uint32_t i = 0; i < atp_subscriber_count(&ledger->postings); i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(&ledger->postings, i);
        if (!subscriber->is_live || subscriber->sla_ms == 0) {
            continue;
        }
        const atp_posting_t *first = first_unsettled(ledger, subscriber);
        bool has_late = is_late(subscriber, first, now_ms);
        if (has_late != subscriber->is_late || (has_late && !is_open(ledger, i, first))) {
            return true;
        }
    }
    return false;
}

void atp_ledger_rebuild_postings(atp_ledger_t *ledger)
{
    ledger->has_postings = ledger->root->postings.live > 0;
}

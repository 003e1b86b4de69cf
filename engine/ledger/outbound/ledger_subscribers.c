/* Who hears postings: the ops `subscriber` and `subscriber_position`, and the reconcile that names postings. */
#include "engine/base/attribute.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/ledger_priv.h"
#include "engine/ledger/lifecycle/ledger_steps.h"
#include "engine/ledger/outbound/ledger_postings.h"
#include "engine/ledger/reservations/line_units.h"

#include <string.h>

static atp_text_t subject_of(const atp_op_t *op)
{
    const char *cursor = atp_op_text_begin(op);
    return atp_op_text_next(&cursor);
}

/* ---- the op `subscriber` ---- */

/* The kinds that the op names, a bit each. */
static uint16_t kinds_of(const atp_op_t *op)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(op, ATP_KEY_POSTS, ATP_WHOLE_OP);
    unsigned kinds = 0;

    while (attribute != NULL) {
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(op)) + 1;
        kinds |= 1u << attribute->number;
        attribute = atp_op_attribute_from(op, next, ATP_KEY_POSTS, ATP_WHOLE_OP);
    }
    return (uint16_t)kinds;
}

/* The nodes that the op names, into `wanted`. */
static atp_verdict_t take_nodes(apply_t *apply, atp_subscriber_t *wanted)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_attribute_t *attribute = atp_op_attribute(apply->op, ATP_KEY_NODE, ATP_WHOLE_OP);

    while (attribute != NULL) {
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(apply->op)) + 1;
        atp_text_t id = atp_op_attribute_text(apply->op, attribute);
        uint16_t node;
        if (!atp_catalog_find_node(&ledger->catalog, id, atp_hash_text(id, atp_ledger_seed(ledger)), &node)) {
            return atp_ledger_refuse_key(apply, ATP_UNKNOWN_NODE, ATP_KEY_NODE, 0);
        }
        if (wanted->node_count == ATP_SUBSCRIBER_NODES_MAX) {
            return atp_ledger_refuse_key(apply, ATP_TOO_MANY_ATTRIBUTES, ATP_KEY_NODE, 0);
        }
        wanted->nodes[wanted->node_count++] = node;
        attribute = atp_op_attribute_from(apply->op, next, ATP_KEY_NODE, ATP_WHOLE_OP);
    }
    return ATP_APPLIED;
}

/* What the op says of the subscriber. */
static atp_verdict_t take_subscriber(apply_t *apply, atp_subscriber_t *ret_wanted)
{
    uint16_t group;

    *ret_wanted = (atp_subscriber_t){
        .kinds = kinds_of(apply->op),
        .rate = (uint64_t)atp_ledger_attribute_number(apply, ATP_KEY_POSTING_RATE, 0),
        .sla_ms = atp_ledger_attribute_number(apply, ATP_KEY_POSTING_SLA, 0),
        .confirms = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_CONFIRMS, 0),
        .when_full = (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_WHEN_FULL, 0),
    };
    atp_verdict_t verdict = atp_ledger_named_group(apply, ATP_KEY_GROUP, ATP_WHOLE_OP, &group);
    if (verdict == ATP_APPLIED) {
        ret_wanted->group = group == ATP_NO_GROUP ? 0 : (uint16_t)(group + 1);
        verdict = take_nodes(apply, ret_wanted);
    }
    return verdict;
}

/* True if a new subscriber may have the record of one that was dropped: nothing that is kept was confirmed by that one, or it is
 * the same again. */
static bool is_free(const atp_postings_t *postings, const atp_subscriber_t *subscriber, atp_text_t id)
{
    return !subscriber->is_live &&
           (postings->heads->live == 0 || atp_postings_oldest(postings) > subscriber->dropped ||
            atp_text_equal(atp_subscriber_id(subscriber), id));
}

/* The record for a new subscriber: that of the same id, else a free one, else a new one. False: there is none. */
static bool find_place(const atp_postings_t *postings, atp_text_t id, uint32_t *ret_number)
{
    uint32_t count = atp_subscriber_count(postings);
    uint32_t found = count;

    for (uint32_t i = 0; i < count; i++) {
        const atp_subscriber_t *subscriber = atp_subscriber_at(postings, i);
        if (!is_free(postings, subscriber, id)) {
            continue;
        }
        if (atp_text_equal(atp_subscriber_id(subscriber), id)) {
            *ret_number = i;
            return true;
        }
        found = found == count ? i : found;
    }
    *ret_number = found;
    return found < ATP_SUBSCRIBERS_MAX;
}

/* What is told of a subscriber, over what its record has beside that. */
static void write_subscriber(atp_subscriber_t *record, const atp_subscriber_t *wanted)
{
    record->kinds = wanted->kinds;
    record->group = wanted->group;
    record->rate = wanted->rate;
    record->sla_ms = wanted->sla_ms;
    record->when_full = wanted->when_full;
    record->node_count = wanted->node_count;
    memcpy(record->nodes, wanted->nodes, sizeof record->nodes);
    if (wanted->confirms && !record->confirms) {
        record->from = record->acknowledged; /* what it has heard without confirming is settled */
    }
    record->confirms = wanted->confirms;
    record->settled = record->confirms ? record->from : record->acknowledged; /* it may hear of others now */
}

static atp_verdict_t add_subscriber(apply_t *apply, const atp_subscriber_t *wanted, atp_text_t id)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_postings_t *postings = &ledger->postings;
    uint32_t number;

    if (!find_place(postings, id, &number)) {
        return atp_ledger_refuse(apply, ATP_SUBSCRIBERS_FULL, ATP_FIELD_SUBJECT, 0);
    }
    if (postings->heads->live == 0) {
        postings->heads->first = postings->heads->newest + 1; /* what was not written is not missed */
    }
    if (number == atp_subscriber_count(postings)) {
        atp_table_append(&postings->subscribers, 1);
    }
    bool is_from_oldest = atp_ledger_attribute_number(apply, ATP_KEY_BEGIN, 0) != 0;
    uint64_t begin = is_from_oldest ? atp_postings_oldest(postings) - 1 : postings->heads->newest;
    atp_subscriber_t *record = atp_table_change(&postings->subscribers, number);
    *record = (atp_subscriber_t){.acknowledged = begin, .from = begin, .is_live = 1};
    record->id_size = (uint8_t)id.size;
    memcpy(record->id, id.bytes, id.size);
    write_subscriber(record, wanted);
    postings->heads->live++;
    ledger->has_postings = true;
    return ATP_APPLIED;
}

static atp_verdict_t drop_subscriber(apply_t *apply, uint32_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_subscriber_t *record = atp_table_change(&ledger->postings.subscribers, number);

    record->is_live = 0;
    record->dropped = ledger->postings.heads->newest;
    ledger->postings.heads->live--;
    ledger->has_postings = ledger->postings.heads->live > 0;
    return ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_subscriber(apply_t *apply)
{
    atp_postings_t *postings = &apply->ledger->postings;
    atp_text_t id = subject_of(apply->op);
    atp_subscriber_t wanted;
    uint32_t number;
    bool is_there = atp_subscribers_find(postings, id, &number);

    if (atp_ledger_attribute_number(apply, ATP_KEY_DROPPED, 0) != 0) {
        return is_there ? drop_subscriber(apply, number)
                        : atp_ledger_refuse(apply, ATP_UNKNOWN_SUBSCRIBER, ATP_FIELD_SUBJECT, 0);
    }
    atp_verdict_t verdict = take_subscriber(apply, &wanted);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (!is_there) {
        return add_subscriber(apply, &wanted, id);
    }
    write_subscriber(atp_table_change(&postings->subscribers, number), &wanted);
    return ATP_APPLIED;
}

/* ---- the op `subscriber_position` ---- */

#define PASSED_AT_ONCE 1024

/* It keeps up again when half of the ring is before it. */
static void look_at_losing(atp_postings_t *postings, atp_subscriber_t *record)
{
    if (postings->heads->newest - record->settled < postings->records.capacity / 2) {
        record->is_losing = 0;
    }
}

atp_verdict_t atp_ledger_acknowledge(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_postings_t *postings = &ledger->postings;
    uint64_t told = (uint64_t)atp_ledger_attribute_number(apply, ATP_KEY_ACKNOWLEDGED, 0);
    uint32_t number;

    if (!atp_subscribers_find(postings, subject_of(apply->op), &number)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SUBSCRIBER, ATP_FIELD_SUBJECT, 0);
    }
    if (told > postings->heads->newest) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_POSTING, ATP_KEY_ACKNOWLEDGED, 0);
    }
    if (told <= atp_subscriber_at(postings, number)->acknowledged) {
        return ATP_CONFIRMED;
    }
    atp_subscriber_t *record = atp_table_change(&postings->subscribers, number);
    record->acknowledged = told;
    record->acknowledged_op = ledger->root->op;
    record->acknowledged_ms = ledger->root->time_ms;
    atp_ledger_pass_settled(ledger, number, PASSED_AT_ONCE);
    look_at_losing(postings, record);
    return ATP_APPLIED;
}

/* ---- what is booked ---- */

#define CONFIRMED_AT_ONCE 128 /* bounds the work of one op */

/* The state in which units of a posting wait to be reconciled, in the order in which they are taken; 0: in none. */
static unsigned states_of(const atp_posting_t *posting, atp_line_state_t ret_states[2])
{
    if (posting->kind == ATP_POSTING_SHIPPED) {
        ret_states[0] = ATP_LINE_DELIVERED;
        ret_states[1] = ATP_LINE_SHIPPED;
        return 2;
    }
    ret_states[0] = ATP_LINE_RETURNED;
    return posting->kind == ATP_POSTING_RETURNED ? 1 : 0;
}

/* True if the units of the posting may be those of the line. What came back may do so at any node, of what the SKU's lines had. */
static bool is_of_line(const atp_ledger_t *ledger, const atp_posting_t *posting, const atp_line_t *line)
{
    const atp_positions_t *positions = &ledger->positions;
    uint32_t row = atp_positions_now(positions, line->row);
    uint32_t posted = atp_positions_now(positions, posting->row);

    return posting->kind == ATP_POSTING_RETURNED
               ? atp_positions_at(positions, row)->sku == atp_positions_at(positions, posted)->sku
               : row == posted;
}

/* Reconciles up to `qty` units of a line; returns how many. A line beside which there is no room for a record has none. */
static atp_qty_t reconcile_line(atp_ledger_t *ledger, uint32_t number, const atp_posting_t *posting,
                                atp_qty_t qty)
{
    atp_line_state_t states[2];
    unsigned count = states_of(posting, states);
    atp_qty_t left = qty;

    for (unsigned i = 0; i < count && left > 0; i++) {
        atp_qty_t units = atp_line_units(&ledger->reservations, number, states[i]);
        atp_qty_t moved = units < left ? units : left;
        if (moved > 0) {
            atp_ledger_move_from(ledger, number, ATP_STEP_RECONCILE, states[i], moved);
            left -= moved;
        }
    }
    return qty - left;
}

/* The units of a posting make the step, as many of them as are in the state for it. */
static void reconcile_units(atp_ledger_t *ledger, const atp_posting_t *posting, uint32_t reservation)
{
    uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line;
    atp_qty_t left = posting->qty;

    while (at != 0 && left > 0) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        uint32_t next = line->next;
        if (is_of_line(ledger, posting, line)) {
            left -= reconcile_line(ledger, at - 1, posting, left);
        }
        at = next;
    }
    atp_ledger_tidy(ledger, reservation);
}

/* The reservation that a posting is of; false: of none, or it is no more. */
static bool find_reservation(const atp_ledger_t *ledger, const atp_posting_t *posting, uint32_t *ret_number)
{
    atp_text_t id = atp_posting_subject_of(posting);

    return posting->subject_kind == ATP_POSTING_OF_RESERVATION &&
           atp_reservations_find(&ledger->reservations, id, atp_hash_text(id, atp_ledger_seed(ledger)),
                                 ret_number);
}

/* Room for the records that lines which have left need beside them. */
static bool make_room(atp_ledger_t *ledger, uint32_t reservation)
{
    uint32_t records = 0;

    for (uint32_t at = atp_reservation_at(&ledger->reservations, reservation)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        records += !line->has_progress && line->shipped > 0;
        at = line->next;
    }
    return atp_reservations_make_progress_room(&ledger->reservations, records, reservation);
}

/* True if the posting could be confirmed now; its units make the step. */
static bool confirm(apply_t *apply, uint32_t subscriber, uint64_t number)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_posting_t *posting = atp_postings_change(&ledger->postings, number);
    atp_line_state_t states[2];
    uint32_t reservation;

    if (!posting->is_reconciled && states_of(posting, states) > 0 &&
        find_reservation(ledger, posting, &reservation)) {
        if (!make_room(ledger, reservation)) {
            return false;
        }
        reconcile_units(ledger, posting, reservation);
    }
    posting->is_reconciled = 1;
    posting->confirmed |= UINT64_C(1) << subscriber;
    posting->confirmed_op = ledger->root->op;
    posting->confirmed_ms = ledger->root->time_ms;
    return true;
}

/* The numbers of the postings that the op names, all of them there and for the subscriber; those it has confirmed are left out. */
static atp_verdict_t choose_postings(apply_t *apply, uint32_t subscriber, uint64_t numbers[CONFIRMED_AT_ONCE],
                                     uint32_t *ret_count)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    const atp_op_attribute_t *attribute = atp_op_attribute(op, ATP_KEY_POSTING, ATP_WHOLE_OP);
    uint32_t told = 0;

    *ret_count = 0;
    for (; attribute != NULL; told++) {
        uint32_t next = (uint32_t)(attribute - atp_op_attributes(op)) + 1;
        uint64_t number = atp_postings_find(&ledger->postings, atp_op_attribute_text(op, attribute));
        const atp_posting_t *posting = atp_postings_at(&ledger->postings, number);
        if (told == CONFIRMED_AT_ONCE) {
            return atp_ledger_refuse_key(apply, ATP_TOO_MANY_ATTRIBUTES, ATP_KEY_POSTING, 0);
        }
        if (posting == NULL ||
            !atp_ledger_is_posted_to(ledger, atp_subscriber_at(&ledger->postings, subscriber), posting)) {
            return atp_ledger_refuse_key(apply, ATP_UNKNOWN_POSTING, ATP_KEY_POSTING, told);
        }
        if ((posting->confirmed >> subscriber & 1) == 0) {
            numbers[(*ret_count)++] = number;
        }
        attribute = atp_op_attribute_from(op, next, ATP_KEY_POSTING, ATP_WHOLE_OP);
    }
    return ATP_APPLIED;
}

/* Who confirms: the one that the op names. */
static bool find_confirming(const apply_t *apply, uint32_t *ret_number)
{
    const atp_op_attribute_t *named = atp_op_attribute(apply->op, ATP_KEY_SUBSCRIBER, ATP_WHOLE_OP);
    const atp_postings_t *postings = &apply->ledger->postings;

    return named != NULL &&
           atp_subscribers_find(postings, atp_op_attribute_text(apply->op, named), ret_number) &&
           atp_subscriber_at(postings, *ret_number)->confirms;
}

atp_verdict_t atp_ledger_confirm_postings(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    uint64_t numbers[CONFIRMED_AT_ONCE];
    uint32_t subscriber;
    uint32_t count;
    uint32_t done = 0;

    if (!find_confirming(apply, &subscriber)) {
        return atp_ledger_refuse_key(apply, ATP_UNKNOWN_SUBSCRIBER, ATP_KEY_SUBSCRIBER, 0);
    }
    atp_verdict_t verdict = choose_postings(apply, subscriber, numbers, &count);
    if (verdict != ATP_APPLIED || count == 0) {
        return verdict == ATP_APPLIED ? ATP_CONFIRMED : verdict;
    }
    while (done < count && (atp_postings_at(&ledger->postings, numbers[done])->confirmed >> subscriber & 1
                                ? true
                                : confirm(apply, subscriber, numbers[done]))) {
        done++;
    }
    if (done == 0) {
        return atp_ledger_refuse_key(apply, ATP_PROGRESS_FULL, ATP_KEY_POSTING, 0);
    }
    atp_ledger_pass_settled(ledger, subscriber, PASSED_AT_ONCE);
    look_at_losing(&ledger->postings, atp_table_change(&ledger->postings.subscribers, subscriber));
    return done == count ? ATP_APPLIED : ATP_APPLIED_IN_PART;
}

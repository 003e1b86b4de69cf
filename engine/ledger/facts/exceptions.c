#include "engine/ledger/facts/exceptions.h"

#include "engine/base/hash.h"
#include "engine/ledger/facts/exception_pieces.h"
#include "engine/ledger/facts/exception_tallies.h"

#include <string.h>

static const char *const kind_names[ATP_EXCEPTION_KIND_LIMIT] = {
    [ATP_EXCEPTION_OVER_COMMITMENT] = "over_commitment",
    [ATP_EXCEPTION_BACKORDER_FILLED] = "backorder_filled",
    [ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION] = "shipped_without_reservation",
    [ATP_EXCEPTION_FACT_REFUSED] = "fact_refused",
    [ATP_EXCEPTION_SEQUENCE_LOST] = "sequence_lost",
    [ATP_EXCEPTION_SHORT] = "short",
    [ATP_EXCEPTION_STEP_NOT_POSSIBLE] = "step_not_possible",
    [ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT] = "returned_without_shipment",
    [ATP_EXCEPTION_PROMISE_AT_RISK] = "promise_at_risk",
    [ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY] = "received_without_supply",
    [ATP_EXCEPTION_TRANSFER_DISCREPANCY] = "transfer_discrepancy",
    [ATP_EXCEPTION_SUPPLY_OVERDUE] = "supply_overdue",
    [ATP_EXCEPTION_STRANDED] = "stranded",
    [ATP_EXCEPTION_OUTSIDE_AUTHORITY] = "outside_authority",
    [ATP_EXCEPTION_SOURCE_PAUSED] = "source_paused",
    [ATP_EXCEPTION_SOURCE_SILENT] = "source_silent",
    [ATP_EXCEPTION_POSTINGS_LOST] = "postings_lost",
    [ATP_EXCEPTION_POSTINGS_LATE] = "postings_late",
    [ATP_EXCEPTION_QUARANTINED] = "quarantined",
    [ATP_EXCEPTION_FEED_UNDECIDED] = "feed_undecided",
    [ATP_EXCEPTION_FEED_STALE] = "feed_stale",
    [ATP_EXCEPTION_FEED_TOO_OLD] = "feed_too_old",
    [ATP_EXCEPTION_CREATED] = "created",
};

static const char *const state_names[ATP_EXCEPTION_STATE_LIMIT] = {
    [ATP_EXCEPTION_OPEN] = "open",
    [ATP_EXCEPTION_REPLAYED] = "replayed",
    [ATP_EXCEPTION_DISCARDED] = "discarded",
    [ATP_EXCEPTION_PARKED] = "parked",
};

/* ---- lists ---- */

static atp_exception_t *change(atp_exceptions_t *exceptions, uint32_t place)
{
    return atp_table_change(&exceptions->records, place - 1);
}

static void link_all(atp_exceptions_t *exceptions, uint32_t place)
{
    atp_exception_list_t *list = &exceptions->heads->all;
    atp_exception_t *record = change(exceptions, place);

    record->previous = list->last;
    record->next = 0;
    if (list->last != 0) {
        change(exceptions, list->last)->next = place;
    } else {
        list->first = place;
    }
    list->last = place;
}

static void unlink_all(atp_exceptions_t *exceptions, uint32_t place)
{
    atp_exception_list_t *list = &exceptions->heads->all;
    const atp_exception_t *record = atp_table_at(&exceptions->records, place - 1);

    if (exceptions->heads->owning_at == place) {
        exceptions->heads->owning_at = record->next;
    }
    *(record->previous != 0 ? &change(exceptions, record->previous)->next : &list->first) = record->next;
    *(record->next != 0 ? &change(exceptions, record->next)->previous : &list->last) = record->previous;
}

static void link_alike(atp_exceptions_t *exceptions, atp_exception_list_t *list, uint32_t place)
{
    atp_exception_t *record = change(exceptions, place);

    record->previous_alike = list->last;
    record->next_alike = 0;
    if (list->last != 0) {
        change(exceptions, list->last)->next_alike = place;
    } else {
        list->first = place;
    }
    list->last = place;
}

static void unlink_alike(atp_exceptions_t *exceptions, atp_exception_list_t *list, uint32_t place)
{
    const atp_exception_t *record = atp_table_at(&exceptions->records, place - 1);
    uint32_t next = record->next_alike;
    uint32_t previous = record->previous_alike;

    *(previous != 0 ? &change(exceptions, previous)->next_alike : &list->first) = next;
    *(next != 0 ? &change(exceptions, next)->previous_alike : &list->last) = previous;
}

/* ---- those that wait for a name ---- */

static atp_exception_t *first_waiting(const atp_exceptions_t *exceptions, uint64_t hash, uint32_t *ret_place)
{
    atp_index_probe_t probe = atp_index_probe(&exceptions->waiting_index, hash);
    uint32_t found;

    while (atp_index_next(&probe, &found)) {
        atp_exception_t *record = atp_table_at(&exceptions->records, found);
        if (record->waits_for == hash) {
            *ret_place = found + 1;
            return record;
        }
    }
    return NULL;
}

/* The first of a name goes: the next one takes its place. */
static void replace_first(atp_exceptions_t *exceptions, const atp_exception_t *record, uint32_t place)
{
    atp_index_remove(&exceptions->waiting_index, record->waits_for, place - 1);
    if (record->next_waiting != 0) {
        atp_exception_t *next = change(exceptions, record->next_waiting);
        next->last_waiting = record->last_waiting;
        atp_index_insert(&exceptions->waiting_index, record->waits_for, record->next_waiting - 1);
    }
}

/* The last of a list goes, which is not the first of a name. */
static void shorten(atp_exceptions_t *exceptions, const atp_exception_t *record, uint32_t place)
{
    atp_exception_list_t *due = &exceptions->heads->due;
    uint32_t first;

    if (due->last == place) {
        due->last = record->previous_waiting;
    } else if (record->previous_waiting != 0) {
        ATP_ASSERT(first_waiting(exceptions, record->waits_for, &first) != NULL);
        change(exceptions, first)->last_waiting = record->previous_waiting;
    }
}

static void unlink_waiting(atp_exceptions_t *exceptions, uint32_t place)
{
    atp_exception_list_t *due = &exceptions->heads->due;
    atp_exception_t *record = change(exceptions, place);

    if (record->previous_waiting == 0 && due->first != place) {
        replace_first(exceptions, record, place);
    } else if (due->first == place) {
        due->first = record->next_waiting;
    }
    if (record->next_waiting == 0) {
        shorten(exceptions, record, place);
    } else {
        change(exceptions, record->next_waiting)->previous_waiting = record->previous_waiting;
    }
    if (record->previous_waiting != 0) {
        change(exceptions, record->previous_waiting)->next_waiting = record->next_waiting;
    }
    record->next_waiting = record->previous_waiting = record->last_waiting = 0;
    record->waits_for = 0;
    if (due->first == 0) {
        exceptions->heads->due_marks = 0;
    }
}

/* It is parked no more. */
static void leave(atp_exceptions_t *exceptions, uint32_t place)
{
    unlink_waiting(exceptions, place);
    exceptions->heads->parked--;
}

static void link_behind(atp_exceptions_t *exceptions, uint32_t last, uint32_t place)
{
    change(exceptions, last)->next_waiting = place;
    change(exceptions, place)->previous_waiting = last;
}

/* ---- facts that are kept ---- */

static void free_fact(atp_exceptions_t *exceptions, uint32_t place)
{
    atp_exception_t *record = change(exceptions, place);

    atp_pieces_free(exceptions, &record->fact_first);
    atp_pieces_free(exceptions, &record->edited_first);
    unlink_alike(exceptions, &exceptions->heads->kept, place);
}

/* A fact that has to make room: what was to be tried by itself cannot be. */
static void lose_fact(atp_exceptions_t *exceptions, uint32_t place)
{
    atp_exception_t *record = change(exceptions, place);

    if (record->state == ATP_EXCEPTION_PARKED) {
        leave(exceptions, place);
        record->state = ATP_EXCEPTION_OPEN;
        exceptions->heads->open[record->kind]++;
    }
    free_fact(exceptions, place);
}

/* Room for so many pieces, at the cost of the oldest facts, but not of that of `but`. */
static void make_pieces(atp_exceptions_t *exceptions, uint32_t pieces, uint32_t but)
{
    const atp_exception_list_t *kept = &exceptions->heads->kept;

    while (!atp_pieces_have_room(exceptions, pieces)) {
        const atp_exception_t *oldest = atp_table_at(&exceptions->records, kept->first - 1);
        lose_fact(exceptions, kept->first != but ? kept->first : oldest->next_alike);
        exceptions->heads->facts_lost++;
    }
}

void atp_exceptions_keep(atp_exceptions_t *exceptions, atp_exception_t *exception, const void *fact,
                         uint32_t size)
{
    ATP_ASSERT(exception->number == exceptions->heads->newest && exception->fact_size == 0 && size > 0);
    exception->fact_size = size;
    if (size > ATP_EXCEPTION_FACT_MAX) {
        return;
    }
    make_pieces(exceptions, atp_pieces_for(size), 0);
    atp_pieces_write(exceptions, &exception->fact_first, fact, size);
    link_alike(exceptions, &exceptions->heads->kept, exceptions->heads->all.last);
}

void atp_exceptions_fact(const atp_exceptions_t *exceptions, const atp_exception_t *exception, void *buffer,
                         uint32_t size)
{
    ATP_ASSERT(exception->fact_first != 0 && size <= exception->fact_size);
    atp_pieces_read(exceptions, exception->fact_first, buffer, size);
}

void atp_exceptions_form(const atp_exceptions_t *exceptions, const atp_exception_t *exception, void *buffer)
{
    if (exception->edited_first == 0) {
        atp_exceptions_fact(exceptions, exception, buffer, exception->fact_size);
        return;
    }
    atp_pieces_read(exceptions, exception->edited_first, buffer, exception->edited_size);
}

/* ---- records ---- */

static uint64_t hash_of(uint64_t number)
{
    return atp_mix32((uint32_t)number);
}

static uint32_t place_of(const atp_exceptions_t *exceptions, uint64_t number)
{
    atp_index_probe_t probe = atp_index_probe(&exceptions->index, hash_of(number));
    uint32_t found;

    while (atp_index_next(&probe, &found)) {
        const atp_exception_t *record = atp_table_at(&exceptions->records, found);
        if (record->number == number) {
            return found + 1;
        }
    }
    return 0;
}

static bool is_settled(const atp_exception_t *record)
{
    return record->state != ATP_EXCEPTION_OPEN && record->state != ATP_EXCEPTION_PARKED;
}

/* The place of a record that goes: of the one settled longest ago, else the oldest of the kind of which there are most. */
static uint32_t make_room(atp_exceptions_t *exceptions)
{
    atp_exception_heads_t *heads = exceptions->heads;
    uint32_t place =
        heads->settled.first != 0 ? heads->settled.first : atp_tallies_oldest_of_most(exceptions);
    const atp_exception_t *record = atp_table_at(&exceptions->records, place - 1);

    if (is_settled(record)) {
        unlink_alike(exceptions, &heads->settled, place);
    } else {
        if (record->fact_first != 0) {
            lose_fact(exceptions, place);
        }
        heads->open[record->kind]--;
        heads->lost++;
        atp_tallies_leave(exceptions, place);
    }
    unlink_all(exceptions, place);
    atp_index_remove(&exceptions->index, hash_of(record->number), place - 1);
    return place;
}

atp_exception_t *atp_exceptions_add(atp_exceptions_t *exceptions, const atp_exception_t *exception)
{
    atp_exception_heads_t *heads = exceptions->heads;
    uint32_t place = atp_table_has_room(&exceptions->records, 1)
                         ? (uint32_t)atp_table_append(&exceptions->records, 1) + 1
                         : make_room(exceptions);
    atp_exception_t *record = change(exceptions, place);

    *record = *exception;
    record->number = ++heads->newest;
    record->state = ATP_EXCEPTION_OPEN;
    record->last_op = record->op;
    record->last_ms = record->time_ms;
    record->count = 1;
    heads->open[record->kind]++;
    link_all(exceptions, place);
    atp_tallies_join(exceptions, place);
    atp_index_insert(&exceptions->index, hash_of(record->number), place - 1);
    return record;
}

atp_exception_t *atp_exceptions_change(atp_exceptions_t *exceptions, uint64_t number)
{
    uint32_t place = place_of(exceptions, number);

    ATP_ASSERT(place != 0);
    return change(exceptions, place);
}

atp_exception_t *atp_exceptions_settle(atp_exceptions_t *exceptions, uint64_t number,
                                       atp_exception_state_t state)
{
    uint32_t place = place_of(exceptions, number);

    ATP_ASSERT(place != 0 && state != ATP_EXCEPTION_OPEN && state != ATP_EXCEPTION_PARKED);
    atp_exception_t *record = change(exceptions, place);
    ATP_ASSERT(!is_settled(record));
    if (record->state == ATP_EXCEPTION_PARKED) {
        atp_exceptions_unpark(exceptions, number);
    }
    if (record->fact_first != 0) {
        free_fact(exceptions, place);
    }
    atp_tallies_leave(exceptions, place);
    record->state = (uint8_t)state;
    exceptions->heads->open[record->kind]--;
    link_alike(exceptions, &exceptions->heads->settled, place);
    return record;
}

atp_exception_t *atp_exceptions_edit(atp_exceptions_t *exceptions, uint64_t number, const void *fact,
                                     uint32_t size)
{
    uint32_t place = place_of(exceptions, number);

    ATP_ASSERT(place != 0 && size > 0 && size <= ATP_EXCEPTION_FACT_MAX);
    atp_exception_t *record = change(exceptions, place);
    ATP_ASSERT(record->fact_first != 0);
    atp_pieces_free(exceptions, &record->edited_first);
    make_pieces(exceptions, atp_pieces_for(size), place);
    atp_pieces_write(exceptions, &record->edited_first, fact, size);
    record->edited_size = size;
    record->edit_count++;
    return record;
}

/* ---- parking ---- */

/* It is parked, in no list yet. */
static uint32_t begin_parking(atp_exceptions_t *exceptions, uint64_t number)
{
    uint32_t place = place_of(exceptions, number);

    ATP_ASSERT(place != 0);
    atp_exception_t *record = change(exceptions, place);
    ATP_ASSERT(!is_settled(record) && record->fact_first != 0);
    if (record->state == ATP_EXCEPTION_PARKED) {
        unlink_waiting(exceptions, place);
        return place;
    }
    record->state = ATP_EXCEPTION_PARKED;
    exceptions->heads->open[record->kind]--;
    exceptions->heads->parked++;
    return place;
}

void atp_exceptions_park(atp_exceptions_t *exceptions, uint64_t number, uint64_t hash)
{
    uint32_t place = begin_parking(exceptions, number);
    uint32_t first_place;
    atp_exception_t *first = first_waiting(exceptions, hash, &first_place);
    atp_exception_t *record = change(exceptions, place);

    record->waits_for = hash;
    if (first == NULL) {
        record->last_waiting = place;
        atp_index_insert(&exceptions->waiting_index, hash, place - 1);
        return;
    }
    link_behind(exceptions, first->last_waiting, place);
    change(exceptions, first_place)->last_waiting = place;
}

void atp_exceptions_park_behind(atp_exceptions_t *exceptions, uint64_t number)
{
    atp_exception_list_t *due = &exceptions->heads->due;
    uint32_t place = begin_parking(exceptions, number);

    ATP_ASSERT(due->first != 0);
    link_behind(exceptions, due->last, place);
    due->last = place;
}

void atp_exceptions_unpark(atp_exceptions_t *exceptions, uint64_t number)
{
    uint32_t place = place_of(exceptions, number);

    ATP_ASSERT(place != 0);
    atp_exception_t *record = change(exceptions, place);
    ATP_ASSERT(record->state == ATP_EXCEPTION_PARKED);
    leave(exceptions, place);
    record->state = ATP_EXCEPTION_OPEN;
    exceptions->heads->open[record->kind]++;
}

void atp_exceptions_arrived(atp_exceptions_t *exceptions, uint64_t hash, uint64_t marks)
{
    atp_exception_list_t *due = &exceptions->heads->due;
    uint32_t place;
    const atp_exception_t *found = first_waiting(exceptions, hash, &place);

    if (found == NULL) {
        return;
    }
    atp_exception_t *first = change(exceptions, place);
    uint32_t last = first->last_waiting;
    atp_index_remove(&exceptions->waiting_index, hash, place - 1);
    first->last_waiting = 0;
    if (due->first == 0) {
        due->first = place;
    } else {
        link_behind(exceptions, due->last, place);
    }
    due->last = last;
    exceptions->heads->due_marks |= marks;
}

const atp_exception_t *atp_exceptions_first_due(const atp_exceptions_t *exceptions)
{
    uint32_t place = exceptions->heads->due.first;

    return place != 0 ? atp_table_at(&exceptions->records, place - 1) : NULL;
}

/* ---- reading ---- */

const atp_exception_t *atp_exceptions_get(const atp_exceptions_t *exceptions, uint64_t number)
{
    uint32_t place = place_of(exceptions, number);

    return place != 0 ? atp_table_at(&exceptions->records, place - 1) : NULL;
}

uint64_t atp_exceptions_from(const atp_exceptions_t *exceptions, uint64_t number)
{
    if (place_of(exceptions, number) != 0) {
        return number;
    }
    for (uint32_t place = exceptions->heads->all.first; place != 0;) {
        const atp_exception_t *record = atp_table_at(&exceptions->records, place - 1);
        if (record->number >= number) {
            return record->number;
        }
        place = record->next;
    }
    return 0;
}

uint64_t atp_exceptions_open(const atp_exceptions_t *exceptions)
{
    uint64_t sum = 0;

    for (unsigned kind = 0; kind < ATP_EXCEPTION_KINDS_MAX; kind++) {
        sum += exceptions->heads->open[kind];
    }
    return sum;
}

void atp_exceptions_rebuild(atp_exceptions_t *exceptions)
{
    uint64_t count = atp_table_count(&exceptions->records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_exception_t *record = atp_table_at(&exceptions->records, i);
        atp_index_insert(&exceptions->index, hash_of(record->number), i);
        if (record->last_waiting != 0) {
            atp_index_insert(&exceptions->waiting_index, record->waits_for, i);
        }
    }
}

const char *atp_exception_state_name(unsigned state)
{
    return state < ATP_EXCEPTION_STATE_LIMIT ? state_names[state] : NULL;
}

void atp_exception_name(char *field, uint8_t *ret_size, atp_text_t text)
{
    ATP_ASSERT(text.size <= ATP_ID_SIZE_MAX);
    memset(field, 0, ATP_ID_SIZE_MAX);
    if (text.size > 0) {
        memcpy(field, text.bytes, text.size);
    }
    *ret_size = (uint8_t)text.size;
}

const char *atp_exception_kind_name(unsigned kind)
{
    return kind < ATP_EXCEPTION_KIND_LIMIT ? kind_names[kind] : NULL;
}

/* ---- the check ---- */

static atp_err_t broken(atp_why_t *ret_why, const char *what, uint64_t number)
{
    return atp_fail(ret_why, ATP_ERR_CORRUPT, "%s: exception %llu", what, (unsigned long long)number);
}

/* What the record itself says, and where it should be found. */
static atp_err_t check_record(const atp_exceptions_t *exceptions, const atp_exception_t *record,
                              atp_why_t *ret_why)
{
    bool is_open = !is_settled(record);

    if (atp_exceptions_get(exceptions, record->number) != record) {
        return broken(ret_why, "E1: not in the index", record->number);
    }
    if (state_names[record->state < ATP_EXCEPTION_STATE_LIMIT ? record->state : 0] == NULL ||
        is_open != (record->settled_op == 0)) {
        return broken(ret_why, "E2: neither open nor settled", record->number);
    }
    if (record->state == ATP_EXCEPTION_PARKED && record->fact_first == 0) {
        return broken(ret_why, "E4: parked without a fact", record->number);
    }
    if (record->fact_first != 0 &&
        (!is_open || atp_pieces_count(exceptions, record->fact_first) != atp_pieces_for(record->fact_size))) {
        return broken(ret_why, "E3: a fact in too many pieces, or too few", record->number);
    }
    if (record->edited_first != 0 &&
        (record->fact_first == 0 ||
         atp_pieces_count(exceptions, record->edited_first) != atp_pieces_for(record->edited_size))) {
        return broken(ret_why, "E3: an edited fact in too many pieces, or too few", record->number);
    }
    return ATP_OK;
}

static bool is_list_whole(const atp_exceptions_t *exceptions, const atp_exception_list_t *list,
                          bool is_of_facts, uint64_t expected)
{
    uint32_t previous = 0;
    uint64_t found = 0;

    for (uint32_t at = list->first; at != 0 && found <= expected; found++) {
        if (at > atp_table_count(&exceptions->records)) {
            return false;
        }
        const atp_exception_t *record = atp_table_at(&exceptions->records, at - 1);
        bool belongs = is_of_facts ? record->fact_first != 0 : is_settled(record);
        if (!belongs || record->previous_alike != previous) {
            return false;
        }
        previous = at;
        at = record->next_alike;
    }
    return found == expected && list->last == previous;
}

typedef struct exception_sums {
    uint64_t all;
    uint64_t settled;
    uint64_t facts;
    uint64_t pieces;
    uint64_t parked;
    uint64_t waiting; /* those that are reached through the first of their name */
    uint64_t names;
    uint32_t open[ATP_EXCEPTION_KINDS_MAX];
} exception_sums_t;

/* Counts a list of parked ones from `first` on; its last is `last`. False: it is not whole. */
static bool count_waiting(const atp_exceptions_t *exceptions, uint32_t first, uint32_t last, uint64_t *count)
{
    uint32_t previous = 0;

    for (uint32_t at = first; at != 0;) {
        const atp_exception_t *record = atp_table_at(&exceptions->records, at - 1);
        if (at > atp_table_count(&exceptions->records) || record->state != ATP_EXCEPTION_PARKED ||
            record->previous_waiting != previous || ++*count > exceptions->heads->parked) {
            return false;
        }
        previous = at;
        at = record->next_waiting;
    }
    return previous == last;
}

/* Those that wait for one name. */
static atp_err_t check_name(const atp_exceptions_t *exceptions, uint32_t first, uint64_t *count,
                            atp_why_t *ret_why)
{
    const atp_exception_t *record = atp_table_at(&exceptions->records, first - 1);
    uint32_t found = 0;

    return first_waiting(exceptions, record->waits_for, &found) == record && found == first &&
                   count_waiting(exceptions, first, record->last_waiting, count)
               ? ATP_OK
               : broken(ret_why, "E4: those that wait for its name are not in a list", record->number);
}

static atp_err_t check_all(const atp_exceptions_t *exceptions, exception_sums_t *sums, atp_why_t *ret_why)
{
    uint32_t previous = 0;
    uint64_t number = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t at = exceptions->heads->all.first; at != 0 && err == ATP_OK;) {
        if (at > atp_table_count(&exceptions->records)) {
            return broken(ret_why, "E1: the list leads to no record, after", number);
        }
        const atp_exception_t *record = atp_table_at(&exceptions->records, at - 1);
        if (record->previous != previous || record->number <= number ||
            record->number > exceptions->heads->newest || record->kind >= ATP_EXCEPTION_KIND_LIMIT) {
            return broken(ret_why, "E1: out of its place in the list", record->number);
        }
        err = check_record(exceptions, record, ret_why);
        sums->all++;
        sums->settled += is_settled(record);
        sums->parked += record->state == ATP_EXCEPTION_PARKED;
        if (record->last_waiting != 0 && err == ATP_OK) {
            sums->names++;
            err = check_name(exceptions, at, &sums->waiting, ret_why);
        }
        sums->open[record->kind] += record->state == ATP_EXCEPTION_OPEN;
        sums->facts += record->fact_first != 0;
        sums->pieces += record->fact_first != 0 ? atp_pieces_for(record->fact_size) : 0;
        sums->pieces += record->edited_first != 0 ? atp_pieces_for(record->edited_size) : 0;
        number = record->number;
        previous = at;
        at = record->next;
    }
    return err;
}

atp_err_t atp_exceptions_check(const atp_exceptions_t *exceptions, atp_why_t *ret_why)
{
    const atp_exception_heads_t *heads = exceptions->heads;
    exception_sums_t sums = {0};
    atp_err_t err = check_all(exceptions, &sums, ret_why);

    if (err != ATP_OK) {
        return err;
    }
    const atp_exception_t *last = exceptions->heads->all.last != 0
                                      ? atp_table_at(&exceptions->records, exceptions->heads->all.last - 1)
                                      : NULL;
    if ((last != NULL ? last->number : 0) != heads->newest ||
        sums.all != atp_table_count(&exceptions->records) ||
        memcmp(sums.open, heads->open, sizeof sums.open) != 0) {
        return broken(ret_why, "E1: as many are not in the list as there are, or the newest is not last",
                      sums.all);
    }
    if (!is_list_whole(exceptions, &heads->settled, false, sums.settled) ||
        !is_list_whole(exceptions, &heads->kept, true, sums.facts)) {
        return broken(ret_why, "E2: a list of settled ones, or of facts, is not whole", sums.settled);
    }
    if (!count_waiting(exceptions, heads->due.first, heads->due.last, &sums.waiting) ||
        sums.waiting != sums.parked || sums.parked != heads->parked ||
        sums.names != atp_index_count(&exceptions->waiting_index) ||
        (heads->due.first == 0 && heads->due_marks != 0)) {
        return broken(ret_why, "E4: parked ones are in no list, or in two", sums.parked);
    }
    if (sums.pieces + heads->free_pieces != atp_table_count(&exceptions->pieces)) {
        return broken(ret_why, "E3: pieces are neither free nor part of a fact", sums.pieces);
    }
    return atp_tallies_check(exceptions, ret_why);
}

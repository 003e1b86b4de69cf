#include "engine/ledger/facts/exception_tallies.h"

#include "engine/ledger/facts/exception_owners.h"

/* ---- which ---- */

static uint32_t number_of(atp_tally_by_t by, uint32_t which)
{
    switch (by) {
    case ATP_TALLY_KIND:
        return which;
    case ATP_TALLY_OWNER:
        return ATP_EXCEPTION_KINDS_MAX + which;
    default:
        return ATP_EXCEPTION_KINDS_MAX + ATP_EXCEPTION_OWNERS_MAX + 1 + which;
    }
}

static uint32_t which_of(const atp_exception_t *record, atp_tally_by_t by)
{
    return by == ATP_TALLY_KIND ? record->kind : by == ATP_TALLY_OWNER ? record->owner : record->source;
}

/* That of the record, made if it is not there yet. */
static atp_exception_tally_t *tally_of(atp_exceptions_t *exceptions, const atp_exception_t *record,
                                       atp_tally_by_t by)
{
    uint32_t number = number_of(by, which_of(record, by));
    uint64_t count = atp_table_count(&exceptions->tallies);

    if (number >= count) {
        atp_table_append(&exceptions->tallies, number + 1 - count);
    }
    return atp_table_change(&exceptions->tallies, number);
}

static atp_exception_t *record_at(const atp_exceptions_t *exceptions, uint32_t place)
{
    return atp_table_at(&exceptions->records, place - 1);
}

static atp_exception_t *change(atp_exceptions_t *exceptions, uint32_t place)
{
    return atp_table_change(&exceptions->records, place - 1);
}

atp_tally_figures_t atp_tallies_read(const atp_exceptions_t *exceptions, atp_tally_by_t by, uint32_t which)
{
    uint32_t number = number_of(by, which);

    if (number >= atp_table_count(&exceptions->tallies)) {
        return (atp_tally_figures_t){0, 0, 0};
    }
    /* Relaxed: each figure is right by itself, and nothing is read because of it. */
    atp_exception_tally_t *tally = atp_table_at(&exceptions->tallies, number);
    return (atp_tally_figures_t){atp_load_relaxed(&tally->count), atp_load_relaxed(&tally->overdue),
                                 atp_load_relaxed(&tally->oldest_ms)};
}

uint32_t atp_tallies_oldest_of_most(const atp_exceptions_t *exceptions)
{
    const atp_exception_tally_t *kinds = atp_table_at(&exceptions->tallies, 0);
    uint64_t count = atp_table_count(&exceptions->tallies);
    uint32_t most = 0;

    for (uint32_t kind = 1; kind < ATP_EXCEPTION_KIND_LIMIT && kind < count; kind++) {
        most = atp_load_relaxed(&kinds[kind].count) > atp_load_relaxed(&kinds[most].count) ? kind : most;
    }
    ATP_ASSERT(kinds[most].first != 0);
    return kinds[most].first;
}

/* ---- joining and leaving ---- */

static void show(const atp_exceptions_t *exceptions, atp_exception_tally_t *tally, uint32_t count,
                 uint32_t overdue)
{
    int64_t oldest_ms = tally->first != 0 ? record_at(exceptions, tally->first)->time_ms : 0;

    atp_store_relaxed(&tally->count, count);
    atp_store_relaxed(&tally->overdue, overdue);
    atp_store_relaxed(&tally->oldest_ms, oldest_ms);
}

static void link_in(atp_exceptions_t *exceptions, uint32_t place, atp_tally_by_t by)
{
    atp_exception_t *record = change(exceptions, place);
    atp_exception_tally_t *tally = tally_of(exceptions, record, by);

    record->next_in[by] = 0;
    record->previous_in[by] = tally->last;
    *(tally->last != 0 ? &change(exceptions, tally->last)->next_in[by] : &tally->first) = place;
    tally->last = place;
    if (by == ATP_TALLY_OWNER && tally->on_time == 0) {
        tally->on_time = place;
    }
    show(exceptions, tally, atp_load_relaxed(&tally->count) + 1,
         atp_load_relaxed(&tally->overdue) + record->is_overdue);
}

static void unlink_in(atp_exceptions_t *exceptions, uint32_t place, atp_tally_by_t by)
{
    atp_exception_t *record = change(exceptions, place);
    atp_exception_tally_t *tally = tally_of(exceptions, record, by);
    uint32_t next = record->next_in[by];
    uint32_t previous = record->previous_in[by];

    *(previous != 0 ? &change(exceptions, previous)->next_in[by] : &tally->first) = next;
    *(next != 0 ? &change(exceptions, next)->previous_in[by] : &tally->last) = previous;
    tally->on_time = tally->on_time == place ? next : tally->on_time;
    record->next_in[by] = record->previous_in[by] = 0;
    show(exceptions, tally, atp_load_relaxed(&tally->count) - 1,
         atp_load_relaxed(&tally->overdue) - record->is_overdue);
}

/* True if its owner was given by the rules that there are now. */
static bool is_given(const atp_exceptions_t *exceptions, const atp_exception_t *record)
{
    uint32_t at = exceptions->heads->owning_at;

    return at == 0 || record->number < record_at(exceptions, at)->number;
}

int64_t atp_exception_due_ms(const atp_exceptions_t *exceptions, const atp_exception_t *exception)
{
    int64_t sla_ms =
        exception->owner != 0 ? atp_exception_owner(exceptions, exception->owner - 1u)->sla_ms : 0;

    return sla_ms > 0 ? exception->time_ms + sla_ms : INT64_MAX;
}

static void look_at(atp_exceptions_t *exceptions, int64_t due_ms)
{
    int64_t *look_ms = &exceptions->heads->overdue_look_ms;

    if (due_ms != INT64_MAX && (*look_ms == 0 || due_ms < *look_ms)) {
        *look_ms = due_ms;
    }
}

static void join_owner(atp_exceptions_t *exceptions, uint32_t place)
{
    link_in(exceptions, place, ATP_TALLY_OWNER);
    look_at(exceptions, atp_exception_due_ms(exceptions, record_at(exceptions, place)));
}

void atp_tallies_join(atp_exceptions_t *exceptions, uint32_t place)
{
    link_in(exceptions, place, ATP_TALLY_KIND);
    link_in(exceptions, place, ATP_TALLY_SOURCE);
    if (exceptions->heads->owning_at == 0) { /* else its turn comes */
        join_owner(exceptions, place);
    }
}

void atp_tallies_leave(atp_exceptions_t *exceptions, uint32_t place)
{
    unlink_in(exceptions, place, ATP_TALLY_KIND);
    unlink_in(exceptions, place, ATP_TALLY_SOURCE);
    if (is_given(exceptions, record_at(exceptions, place))) {
        unlink_in(exceptions, place, ATP_TALLY_OWNER);
    }
}

/* ---- owners given anew ---- */

void atp_tallies_begin_owning(atp_exceptions_t *exceptions)
{
    uint64_t count = atp_table_count(&exceptions->tallies);

    for (uint32_t owner = 0; owner <= ATP_EXCEPTION_OWNERS_MAX; owner++) {
        uint32_t number = number_of(ATP_TALLY_OWNER, owner);
        if (number < count) {
            atp_exception_tally_t *tally = atp_table_change(&exceptions->tallies, number);
            tally->first = tally->last = tally->on_time = 0;
            show(exceptions, tally, 0, 0);
        }
    }
    exceptions->heads->owning_at = exceptions->heads->all.first;
    exceptions->heads->overdue_look_ms = 0;
}

/* Marked as overdue or not, in the tallies that have it. */
static void mark(atp_exceptions_t *exceptions, uint32_t place, bool is_overdue, atp_tally_by_t last)
{
    static const atp_tally_by_t tallies[] = {ATP_TALLY_KIND, ATP_TALLY_SOURCE, ATP_TALLY_OWNER};
    atp_exception_t *record = change(exceptions, place);

    for (unsigned i = 0; i < ATP_TALLY_COUNT; i++) {
        atp_exception_tally_t *tally = tally_of(exceptions, record, tallies[i]);
        uint32_t overdue = atp_load_relaxed(&tally->overdue);
        atp_store_relaxed(&tally->overdue, is_overdue ? overdue + 1 : overdue - 1);
        if (tallies[i] == last) {
            break;
        }
    }
    record->is_overdue = is_overdue;
}

void atp_tallies_own(atp_exceptions_t *exceptions, uint8_t owner, int64_t now_ms)
{
    uint32_t place = exceptions->heads->owning_at;
    atp_exception_t *record = change(exceptions, place);

    if (record->state == ATP_EXCEPTION_OPEN || record->state == ATP_EXCEPTION_PARKED) {
        record->owner = owner;
        if (record->is_overdue && atp_exception_due_ms(exceptions, record) > now_ms) {
            mark(exceptions, place, false, ATP_TALLY_SOURCE);
        }
        join_owner(exceptions, place);
    }
    exceptions->heads->owning_at = record->next;
}

/* ---- getting overdue ---- */

/* The first of the owner that has got overdue; 0: none, and it is said when to look again. */
static uint32_t take_of(atp_exceptions_t *exceptions, uint32_t number, int64_t now_ms)
{
    atp_exception_tally_t *tally = atp_table_change(&exceptions->tallies, number);

    while (tally->on_time != 0) {
        uint32_t place = tally->on_time;
        const atp_exception_t *record = record_at(exceptions, place);
        int64_t due_ms = atp_exception_due_ms(exceptions, record);
        if (due_ms > now_ms) {
            look_at(exceptions, due_ms);
            return 0;
        }
        tally->on_time = record->next_in[ATP_TALLY_OWNER];
        if (!record->is_overdue) {
            return place;
        }
    }
    return 0;
}

const atp_exception_t *atp_tallies_take_overdue(atp_exceptions_t *exceptions, int64_t now_ms)
{
    uint64_t count = atp_table_count(&exceptions->tallies);
    int64_t look_ms = exceptions->heads->overdue_look_ms;

    if (look_ms == 0 || look_ms > now_ms) {
        return NULL;
    }
    exceptions->heads->overdue_look_ms = 0;
    for (uint32_t owner = 1; owner <= ATP_EXCEPTION_OWNERS_MAX; owner++) {
        uint32_t number = number_of(ATP_TALLY_OWNER, owner);
        uint32_t place = number < count ? take_of(exceptions, number, now_ms) : 0;
        if (place != 0) {
            mark(exceptions, place, true, ATP_TALLY_OWNER);
            exceptions->heads->overdue_look_ms = look_ms; /* there may be more */
            return record_at(exceptions, place);
        }
    }
    return NULL;
}

/* ---- the check ---- */

static atp_err_t broken(atp_why_t *ret_why, const char *what, uint64_t number)
{
    return atp_fail(ret_why, ATP_ERR_CORRUPT, "%s: tally %llu", what, (unsigned long long)number);
}

static bool is_unsettled(const atp_exception_t *record)
{
    return record->state == ATP_EXCEPTION_OPEN || record->state == ATP_EXCEPTION_PARKED;
}

/* Where the list of an owner stands between those that were looked at and those that were not. */
static bool is_in_time_order(const atp_exceptions_t *exceptions, const atp_exception_tally_t *tally,
                             uint32_t place, bool *is_past)
{
    const atp_exception_t *record = record_at(exceptions, place);
    int64_t look_ms = exceptions->heads->overdue_look_ms;

    *is_past = *is_past || place == tally->on_time;
    if (!*is_past) {
        return record->is_overdue;
    }
    int64_t due_ms = atp_exception_due_ms(exceptions, record);
    return due_ms == INT64_MAX ? !record->is_overdue : look_ms != 0 && look_ms <= due_ms;
}

static atp_err_t check_tally(const atp_exceptions_t *exceptions, atp_tally_by_t by, uint32_t which,
                             uint64_t *total, atp_why_t *ret_why)
{
    uint32_t number = number_of(by, which);
    atp_exception_tally_t *tally = atp_table_at(&exceptions->tallies, number);
    uint32_t count = 0;
    uint32_t overdue = 0;
    uint32_t previous = 0;
    bool is_past = false;

    for (uint32_t at = tally->first; at != 0; at = record_at(exceptions, at)->next_in[by]) {
        const atp_exception_t *record = record_at(exceptions, at);
        if (at > atp_table_count(&exceptions->records) || !is_unsettled(record) ||
            which_of(record, by) != which || record->previous_in[by] != previous ||
            (by == ATP_TALLY_OWNER && !is_given(exceptions, record)) ||
            (previous != 0 && record_at(exceptions, previous)->number >= record->number)) {
            return broken(ret_why, "E5: one that does not belong there", number);
        }
        if (by == ATP_TALLY_OWNER && !is_in_time_order(exceptions, tally, at, &is_past)) {
            return broken(ret_why, "E6: one that is overdue, or on time, in the wrong place", number);
        }
        count++;
        overdue += record->is_overdue;
        previous = at;
    }
    int64_t oldest_ms = tally->first != 0 ? record_at(exceptions, tally->first)->time_ms : 0;
    *total += count;
    return previous == tally->last && count == atp_load_relaxed(&tally->count) &&
                   overdue == atp_load_relaxed(&tally->overdue) &&
                   oldest_ms == atp_load_relaxed(&tally->oldest_ms)
               ? ATP_OK
               : broken(ret_why, "E5: other figures than its list has", number);
}

/* All tallies of one sort have what they should have between them. */
static atp_err_t check_sort(const atp_exceptions_t *exceptions, atp_tally_by_t by, uint64_t expected,
                            atp_why_t *ret_why)
{
    uint64_t tallies = atp_table_count(&exceptions->tallies);
    uint64_t end = by == ATP_TALLY_SOURCE ? tallies : number_of((atp_tally_by_t)(by + 1), 0);
    uint64_t total = 0;
    atp_err_t err = ATP_OK;

    for (uint32_t which = 0; err == ATP_OK && number_of(by, which) < end && number_of(by, which) < tallies;
         which++) {
        err = check_tally(exceptions, by, which, &total, ret_why);
    }
    return err != ATP_OK || total == expected ? err
                                              : broken(ret_why, "E5: some are in no tally, or in two", by);
}

atp_err_t atp_tallies_check(const atp_exceptions_t *exceptions, atp_why_t *ret_why)
{
    uint64_t unsettled = 0;
    uint64_t given = 0;

    for (uint32_t at = exceptions->heads->all.first; at != 0; at = record_at(exceptions, at)->next) {
        const atp_exception_t *record = record_at(exceptions, at);
        unsettled += is_unsettled(record);
        given += is_unsettled(record) && is_given(exceptions, record);
    }
    atp_err_t err = check_sort(exceptions, ATP_TALLY_KIND, unsettled, ret_why);
    err = err == ATP_OK ? check_sort(exceptions, ATP_TALLY_SOURCE, unsettled, ret_why) : err;
    return err == ATP_OK ? check_sort(exceptions, ATP_TALLY_OWNER, given, ret_why) : err;
}

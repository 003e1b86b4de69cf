/* How many exceptions are not settled, how many of them are overdue, and since when the oldest waits: by kind, by owner, by
 * source. Open and parked ones count; one that waits for a SKU gets overdue, too.
 *
 * A tally is a list of records by ascending number, which is the order in which they were raised, with its figures. All of an owner
 * have the same time, so that in its list those that are overdue come first: the next one is found without looking.
 *
 * When owners change, those of the exceptions that are not settled are given anew, in the order of their numbers, some an op
 * (ledger_owners.c). Meanwhile the tallies of owners have those that were given already, the other tallies have all.
 *
 * Threads     figures: any, each right by itself.   All else: ledger thread.
 * Memory      32 bytes a kind, owner and source, reserved at init.
 * Invariants  E5  one that is not settled is in the tally of its kind, in that of its source, and, when it was given, in that of its
 *                 owner, once; no other is. The figures are those of the list.
 *             E6  none before the first of an owner that was not looked at is on time, none from it on is overdue. */
#ifndef ATP_LEDGER_EXCEPTION_TALLIES_H
#define ATP_LEDGER_EXCEPTION_TALLIES_H

#include "engine/base/atomics.h"
#include "engine/ledger/facts/exceptions.h"

typedef struct atp_exception_tally {
    _Atomic int64_t oldest_ms; /* when the oldest was raised; 0 = there is none */
    _Atomic uint32_t count;
    _Atomic uint32_t overdue;
    uint32_t first;   /* record + 1 */
    uint32_t last;    /* the same */
    uint32_t on_time; /* of an owner: the first that may be on time; 0 = none is */
    uint32_t unused;
} atp_exception_tally_t;

_Static_assert(sizeof(atp_exception_tally_t) == 32, "stored: no padding");

#define ATP_EXCEPTION_OWNERS_MAX 64

/* Tallies for so many sources: owner and source 0 are none. */
#define ATP_EXCEPTION_TALLIES(sources)                                                                       \
    (ATP_EXCEPTION_KINDS_MAX + ATP_EXCEPTION_OWNERS_MAX + 1 + (sources) + 1)

/* The figures of one kind, owner (number + 1; 0 = of none) or source (the same). Thread: any. */
typedef struct atp_tally_figures {
    uint32_t count;
    uint32_t overdue;
    int64_t oldest_ms; /* 0 = there is none */
} atp_tally_figures_t;
atp_tally_figures_t atp_tallies_read(const atp_exceptions_t *exceptions, atp_tally_by_t by, uint32_t which);

/* The place of the oldest of the kind of which most are not settled; of equal ones of the first kind. There is one. */
uint32_t atp_tallies_oldest_of_most(const atp_exceptions_t *exceptions);

/* A record that was added, not settled, comes into its tallies; one that is settled, or goes, leaves them. */
void atp_tallies_join(atp_exceptions_t *exceptions, uint32_t place);
void atp_tallies_leave(atp_exceptions_t *exceptions, uint32_t place);

/* Owners are to be given anew, from the oldest exception on. */
void atp_tallies_begin_owning(atp_exceptions_t *exceptions);
/* The record at heads->owning_at, if it is not settled, is of this owner from now on, and the next one is looked at. `now_ms`: it is
 * overdue no more if its new owner has time until later. */
void atp_tallies_own(atp_exceptions_t *exceptions, uint8_t owner, int64_t now_ms);

/* When an exception is to be settled; INT64_MAX: whenever. */
int64_t atp_exception_due_ms(const atp_exceptions_t *exceptions, const atp_exception_t *exception);

/* The next one that has got overdue by `now_ms`, marked as such; NULL: none has, and overdue_look_ms says when to look again. */
const atp_exception_t *atp_tallies_take_overdue(atp_exceptions_t *exceptions, int64_t now_ms);

/* Looks at E5 and E6. */
ATP_MUST_USE atp_err_t atp_tallies_check(const atp_exceptions_t *exceptions, atp_why_t *ret_why);

#endif

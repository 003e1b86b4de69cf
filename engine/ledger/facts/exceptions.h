/* Exceptions: facts and events that a person or a rule must settle, kept in the ledger.
 *
 * Numbered without gaps as they are raised. One is open until it is settled: replayed, or discarded with a reason. The
 * names in it are copies, so that it can be read whatever became of SKU, node or reservation. Of a fact that was
 * refused the whole record is kept while the exception is open, in pieces of a table of their own.
 *
 * When the records are all in use the one settled longest ago goes; when none is settled, the oldest of the kind of which
 * there are most, and that is counted: many of one kind, as of an old feed, do not drive out the few of others. When the
 * pieces are, the oldest fact goes; its exception stays, and says how large it was.
 *
 * A fact that names what is not there may be parked: it waits with others for that name, by the hash of it, in the order they came.
 * When the name has arrived all of them are due, and tried first to last. A hash that two names have costs a try, nothing else.
 *
 * A fact that a person has put right (edited) is kept beside the fact as it was told, and is what is replayed.
 *
 * Who settles one, by when, and how many there are by kind, owner and source: exception_owners.h, exception_tallies.h.
 *
 * Threads     ledger thread only.
 * Invariants  E1  every record in use is in the list of all, by ascending number, and in the index.
 *             E2  the settled ones are in a list of their own, by when they were settled; so are the open ones that
 *                 keep a fact, by number. No record is in both.
 *             E3  each piece is part of one fact, told or edited, or free; what is edited was told.
 *             E4  a parked one keeps its fact, and waits in one list: that of its name, or that of those that are due. */
#ifndef ATP_LEDGER_EXCEPTIONS_H
#define ATP_LEDGER_EXCEPTIONS_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdint.h>

typedef enum atp_exception_kind {
    ATP_EXCEPTION_OVER_COMMITMENT = 1,             /* uncommitted < 0: names the reservations hit */
    ATP_EXCEPTION_SHIPPED_WITHOUT_RESERVATION = 2, /* more left than was reserved or allocated for it */
    ATP_EXCEPTION_FACT_REFUSED = 3,                /* a fact that could not be applied: see its verdict */
    ATP_EXCEPTION_SEQUENCE_LOST = 4,               /* numbers of a source that will never be seen */
    ATP_EXCEPTION_PROMISE_AT_RISK = 5,             /* promised from supply that fell away or comes too late */
    ATP_EXCEPTION_RECEIVED_WITHOUT_SUPPLY =
        6, /* received more than was expected, or of no open supply: how much */
    ATP_EXCEPTION_TRANSFER_DISCREPANCY = 7, /* received other than shipped: how many more (fewer: negative) */
    ATP_EXCEPTION_SUPPLY_OVERDUE = 8,     /* supply was due and has not come: names who was promised of it */
    ATP_EXCEPTION_SHORT = 10,             /* the node cannot fulfil units of a reservation */
    ATP_EXCEPTION_STEP_NOT_POSSIBLE = 11, /* a step told of more units than there are to make it */
    ATP_EXCEPTION_RETURNED_WITHOUT_SHIPMENT = 12, /* more came back for a reservation than had left */
    ATP_EXCEPTION_STRANDED = 15,                  /* a node was closed with stock, promises or supply */
    ATP_EXCEPTION_BACKORDER_FILLED = 16,          /* stock was there for units that waited for it */
    ATP_EXCEPTION_OUTSIDE_AUTHORITY = 17,         /* a fact that its source does not claim */
    ATP_EXCEPTION_SOURCE_PAUSED = 18, /* too many of its facts could not be applied, or it started over */
    ATP_EXCEPTION_SOURCE_SILENT = 19, /* it was not heard for longer than its SLA */
    ATP_EXCEPTION_QUARANTINED = 20,   /* a source sent what could not be read: see its verdict */
    ATP_EXCEPTION_CREATED = 22,       /* a fact named a SKU or node that was not there, and made it */
    ATP_EXCEPTION_FEED_UNDECIDED =
        24,                          /* a count of a feed that does not say whether it has what moved there */
    ATP_EXCEPTION_FEED_STALE = 25,   /* a count of a feed that is older than the one that counted there */
    ATP_EXCEPTION_FEED_TOO_OLD = 26, /* a count of a point that the kept movements do not reach */
    ATP_EXCEPTION_POSTINGS_LOST = 27, /* a subscriber will not hear postings that had to make room */
    ATP_EXCEPTION_POSTINGS_LATE = 28, /* a subscriber has not settled postings within its SLA */
    ATP_EXCEPTION_KIND_LIMIT
} atp_exception_kind_t;

#define ATP_EXCEPTION_RESERVATIONS_MAX 8
#define ATP_EXCEPTION_CAUSE_MAX        255
#define ATP_EXCEPTION_FACT_MAX         65536 /* bytes of a fact that is kept */

/* What the exceptions that are not settled are counted by: exception_tallies.h. */
typedef enum atp_tally_by {
    ATP_TALLY_KIND,
    ATP_TALLY_OWNER,
    ATP_TALLY_SOURCE,
    ATP_TALLY_COUNT
} atp_tally_by_t;

/* Frozen numbers: they are on the wire. */
typedef enum atp_exception_state {
    ATP_EXCEPTION_OPEN = 1,
    ATP_EXCEPTION_REPLAYED = 2,
    ATP_EXCEPTION_DISCARDED = 3,
    ATP_EXCEPTION_PARKED = 4, /* it waits for a SKU or node, and is tried by itself when that is there */
    ATP_EXCEPTION_STATE_LIMIT
} atp_exception_state_t;

typedef struct atp_exception {
    uint64_t number; /* from 1 */
    uint64_t op;
    int64_t time_ms;
    int64_t told_ms;  /* when that happened of which the op tells, as far as it says so; else time_ms */
    uint64_t last_op; /* that tried it last */
    int64_t last_ms;
    uint64_t count;    /* how often it was tried, and refused */
    uint64_t epoch;    /* of the batch the fact came in; 0 = in none */
    uint64_t sequence; /* the same */
    uint64_t settled_op;
    int64_t settled_ms;
    atp_qty_t qty;   /* over-commitment: uncommitted; excess shipped; the fact's quantity; numbers lost */
    uint64_t digest; /* of what was quarantined */
    uint8_t kind;
    uint8_t verdict;
    uint8_t scale;
    uint8_t op_kind;
    uint32_t source;            /* number + 1; 0 = none */
    uint32_t reservation_total; /* how many are hit */
    uint8_t reservation_count;  /* how many are named below */
    uint8_t sku_size;
    uint8_t node_size;
    uint8_t correlation_size;
    uint8_t state; /* atp_exception_state_t */
    uint8_t cause_size;
    uint8_t owner;          /* number + 1 of who is to settle it; 0 = nobody in particular */
    uint8_t is_overdue : 1; /* it was not settled within the time that its owner has */
    uint8_t
        is_of_shadow : 1; /* its source was a shadow when it told the fact: it is compared, never applied */
    uint8_t unused : 6;
    uint32_t fact_first;   /* piece + 1 of the fact that is kept; 0 = none is */
    uint32_t fact_size;    /* bytes of the fact, kept or not; of what was quarantined those that are kept */
    uint32_t client;       /* that told the fact; in an exception without a fact 0 */
    uint32_t settled_by;   /* client + 1 */
    uint32_t whole_size;   /* bytes of what was quarantined */
    uint32_t last_waiting; /* of the first that waits for a name: the last */
    uint32_t next;         /* of all: record + 1 */
    uint32_t previous;
    uint32_t next_alike; /* of the settled ones, or of those that keep a fact */
    uint32_t previous_alike;
    uint64_t waits_for;    /* parked: the hash of the name that was missing */
    uint32_t next_waiting; /* parked: for the same name, or of those that are due */
    uint32_t previous_waiting;
    char sku[ATP_ID_SIZE_MAX];
    char node[ATP_ID_SIZE_MAX];
    uint8_t reservation_sizes[ATP_EXCEPTION_RESERVATIONS_MAX];
    char reservations[ATP_EXCEPTION_RESERVATIONS_MAX][ATP_ID_SIZE_MAX];
    char correlation[ATP_ID_SIZE_MAX];       /* of the op that raised it */
    char cause[ATP_EXCEPTION_CAUSE_MAX + 1]; /* why it was discarded */
    uint32_t next_in[ATP_TALLY_COUNT];       /* of those not settled, of the same kind, owner, source */
    uint32_t previous_in[ATP_TALLY_COUNT];
    uint64_t edited_op; /* the last edit; 0 = it stands as it was told */
    int64_t edited_ms;
    uint32_t edited_first; /* piece + 1 of the fact as it was edited, while it is not settled */
    uint32_t edited_size;
    uint32_t edited_by; /* client + 1 */
    uint32_t edit_count;
    uint8_t edit_cause_size;
    char edit_cause[ATP_EXCEPTION_CAUSE_MAX]; /* why it was edited */
} atp_exception_t;

_Static_assert(sizeof(atp_exception_t) == 1464, "stored: no padding");

#define ATP_EXCEPTION_PIECE_BYTES 60

typedef struct atp_exception_piece {
    uint32_t next; /* piece + 1 */
    uint8_t bytes[ATP_EXCEPTION_PIECE_BYTES];
} atp_exception_piece_t;

_Static_assert(sizeof(atp_exception_piece_t) == 64, "stored: no padding");

/* Pieces for `exceptions` records: 4 each, and two facts of the largest size. */
#define ATP_EXCEPTION_PIECES(exceptions)                                                                     \
    (4 * (exceptions) + 2 * (ATP_EXCEPTION_FACT_MAX / ATP_EXCEPTION_PIECE_BYTES + 1))

typedef struct atp_exception_list {
    uint32_t first; /* record + 1; 0 = it is empty */
    uint32_t last;
} atp_exception_list_t;

#define ATP_EXCEPTION_KINDS_MAX 32

typedef struct atp_exception_heads {
    uint64_t newest;     /* number of the newest exception; 0 = none yet */
    uint64_t lost;       /* open and parked ones that had to go */
    uint64_t facts_lost; /* facts of open ones that had to go */
    uint64_t free_pieces;
    uint64_t parked;
    uint64_t
        due_marks; /* a bit for each SKU and node that those which are due are of; one may stand for several */
    atp_exception_list_t all;
    atp_exception_list_t settled;
    atp_exception_list_t kept; /* open and parked ones with a fact */
    atp_exception_list_t due;  /* parked ones whose name has arrived */
    uint32_t free_first;       /* piece + 1 */
    uint32_t owning_at;        /* record + 1: from it on owners are given anew; 0 = all are */
    int64_t overdue_look_ms;   /* none gets overdue before; 0: none does */
    uint32_t owner_count;      /* owners that count */
    uint32_t unused;
    uint32_t open[ATP_EXCEPTION_KINDS_MAX]; /* by kind */
} atp_exception_heads_t;

_Static_assert(sizeof(atp_exception_heads_t) == 104 + 4 * ATP_EXCEPTION_KINDS_MAX, "stored: no padding");
_Static_assert(ATP_EXCEPTION_KIND_LIMIT <= ATP_EXCEPTION_KINDS_MAX, "a count for each kind");

typedef struct atp_exceptions {
    atp_table_t records;
    atp_table_t pieces;
    atp_table_t owners;           /* exception_owners.h */
    atp_table_t tallies;          /* exception_tallies.h */
    atp_index_t index;            /* by number */
    atp_index_t waiting_index;    /* the first that waits for a name, by its hash */
    atp_exception_heads_t *heads; /* borrowed */
} atp_exceptions_t;

/* Adds an open exception (its number is filled in; kind, owner and source are given) and returns the record for naming
 * reservations in. */
atp_exception_t *atp_exceptions_add(atp_exceptions_t *exceptions, const atp_exception_t *exception);

/* Keeps the fact of the exception added last: `size` bytes. One that is larger than ATP_EXCEPTION_FACT_MAX is not kept,
 * only its size. */
void atp_exceptions_keep(atp_exceptions_t *exceptions, atp_exception_t *exception, const void *fact,
                         uint32_t size);

/* Copies the first `size` bytes of the fact that is kept (at most fact_size) to `buffer`. */
void atp_exceptions_fact(const atp_exceptions_t *exceptions, const atp_exception_t *exception, void *buffer,
                         uint32_t size);

/* Keeps the fact of an exception as it was put right, in the place of an earlier edit: at most ATP_EXCEPTION_FACT_MAX bytes. The
 * fact as it was told is kept still. Returns the record, for op, time and cause to be noted in. */
atp_exception_t *atp_exceptions_edit(atp_exceptions_t *exceptions, uint64_t number, const void *fact,
                                     uint32_t size);

/* Copies the fact that a replay applies to `buffer`, which has room for the largest: as it was edited, else as it was told. */
void atp_exceptions_form(const atp_exceptions_t *exceptions, const atp_exception_t *exception, void *buffer);

/* An open exception that keeps a fact, or a parked one, waits (again) for the name with that hash. */
void atp_exceptions_park(atp_exceptions_t *exceptions, uint64_t number, uint64_t hash);

/* An open one that keeps a fact is due after all that are. */
void atp_exceptions_park_behind(atp_exceptions_t *exceptions, uint64_t number);

/* A parked one waits no more: a person settles it. */
void atp_exceptions_unpark(atp_exceptions_t *exceptions, uint64_t number);

/* The name with that hash has arrived: what waits for it is due, after what is due already. `marks`: of what it is. */
void atp_exceptions_arrived(atp_exceptions_t *exceptions, uint64_t hash, uint64_t marks);

/* The first that is due; NULL: none is. */
const atp_exception_t *atp_exceptions_first_due(const atp_exceptions_t *exceptions);

/* An open or parked exception is settled: the record, announced for a change, for op, time and cause to be noted in. The fact is
 * kept no longer. */
atp_exception_t *atp_exceptions_settle(atp_exceptions_t *exceptions, uint64_t number,
                                       atp_exception_state_t state);

/* The record of an exception that is there, announced for a change. */
atp_exception_t *atp_exceptions_change(atp_exceptions_t *exceptions, uint64_t number);

/* The number of the first exception there is from `number` on; 0: there is none. */
uint64_t atp_exceptions_from(const atp_exceptions_t *exceptions, uint64_t number);

/* Open ones of all kinds. */
uint64_t atp_exceptions_open(const atp_exceptions_t *exceptions);

/* Builds the index from the records. */
void atp_exceptions_rebuild(atp_exceptions_t *exceptions);

/* Looks at E1 to E4. */
ATP_MUST_USE atp_err_t atp_exceptions_check(const atp_exceptions_t *exceptions, atp_why_t *ret_why);

/* Copies a text into a name field of at most ATP_ID_SIZE_MAX bytes. */
void atp_exception_name(char *field, uint8_t *ret_size, atp_text_t text);

/* The exception of that number, or NULL if there is none (any more). */
const atp_exception_t *atp_exceptions_get(const atp_exceptions_t *exceptions, uint64_t number);

/* "over_commitment", ...; NULL for a number that is no kind. */
const char *atp_exception_kind_name(unsigned kind);

/* "open", "replayed", "discarded", "parked"; NULL for a number that is no state. */
const char *atp_exception_state_name(unsigned state);

#endif

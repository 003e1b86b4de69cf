/* Reservations and their lines: records, identity, and where free ones come from.
 *
 * A reservation is live while a line has reserved, allocated or waiting units, then ended. Ended ones stay, so that late questions and
 * steps get a true answer, until their place is needed: then the oldest ended one goes.
 *
 * The lines of a position form a search tree in deadline order (atp_lines_*), so that what is due on one
 * position is found at once whatever else is there. The tree is a treap whose priorities are a hash of the
 * line's number, with the ledger's secret seed, so that nobody can choose deadlines that make it deep: depth
 * O(log n) expected, the same on every replay. The position knows its last line, since that is where nearly
 * every new one goes: beside it in O(1) expected, d lines before it in O(log d); a line leaves in O(1) expected.
 *
 * An ended one of which something has left and all postings are reconciled stands in a queue of its own; after the stated time it
 * is archived (engine/ledger/reservations/archive.h). Both queues are in the order of when their reservations came there. Where room is needed
 * the one goes that came first; it is archived too if something of it has left.
 *
 * Threads     ledger thread only.
 * Memory      64 bytes a reservation, 64 a line, plus the id (and owner) as strings and an index entry.
 * Invariants  H1  a live reservation is found by its id, and at one place.
 *             H2  granted = reserved + allocated + shipped + what waits or ended otherwise, for each line (Q3).
 *             H3  a line is in the tree of its position exactly while reserved + allocated + waiting > 0.
 *             H4  a reservation stands in the wheel exactly while one of its lines has units that expire.
 *             H5  the tree of a position is ordered by (deadline, line) and heap-ordered by priority; each line knows the
 *                 one above it, and the position its last.
 *             H6  a reservation has is_reconciled, and stands in that queue, exactly while it is ended, no transfer, something of it
 *                 has left, and of all that left is reconciled that it left or that it came back. */
#ifndef ATP_LEDGER_RESERVATIONS_H
#define ATP_LEDGER_RESERVATIONS_H

#include "engine/base/command.h"
#include "engine/base/hash.h"
#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/ledger/capacity/capacity.h"
#include "engine/ledger/lifecycle/lifecycle.h"
#include "engine/ledger/reservations/archive.h"
#include "engine/ledger/reservations/history.h"
#include "engine/ledger/reservations/orders.h"
#include "engine/ledger/reservations/progress.h"
#include "engine/ledger/stock/positions.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/strings.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum atp_reservation_status {
    ATP_RESERVATION_FREE = 0, /* the record is not in use */
    ATP_RESERVATION_LIVE = 1,
    ATP_RESERVATION_ENDED = 2
} atp_reservation_status_t;

/* Links are record number + 1; 0 = none. */
typedef struct atp_reservation {
    uint32_t id_ref;
    uint32_t owner_ref;
    uint32_t first_line;
    uint32_t next; /* wheel slot (live, reserved), ended queue (ended), free chain (free) */
    uint32_t previous;
    uint32_t client;
    uint64_t id_hash;
    uint64_t version; /* number of the op that granted it, or last edited it */
    int64_t created_ms;
    int64_t deadline_ms; /* of an ended one: when it ended, or the last of its postings was reconciled */
    uint16_t line_count;
    uint16_t channel;
    uint8_t status;
    uint8_t is_in_wheel;
    uint8_t flags; /* ATP_RESERVATION_ACCOUNTED_... */
    uint8_t priority : 3;
    uint8_t is_track_only : 1; /* sold before it came here: it may go beyond what there is */
    uint8_t has_order : 1;     /* engine/ledger/reservations/orders.h has a record for it */
    uint8_t is_reconciled : 1; /* ended, and all its postings are reconciled */
    uint8_t unused : 2;
} atp_reservation_t;

/* Who keeps account of what the reservation's lines promise: engine/ledger/channels/ledger_accounts.h. */
#define ATP_RESERVATION_ACCOUNTED_CHANNEL  0x01u
#define ATP_RESERVATION_ACCOUNTED_CAPACITY 0x10u /* has bookings: engine/ledger/capacity/capacity.h */
#define ATP_RESERVATION_UNBOOKED           0x20u /* there was no room for one of them */
#define ATP_RESERVATION_ACCOUNTED_TRANSFER 0x80u /* is the source of a transfer */

/* Deadlines are packed (atp_line_deadline_ms): ledger time ends in the year 4199. */
#define ATP_LINE_DEADLINE_BITS 46
#define ATP_LINE_NUMBER_BITS   10
#define ATP_LINE_NEVER         ((UINT64_C(1) << ATP_LINE_DEADLINE_BITS) - 1)

typedef struct atp_line {
    uint32_t reservation; /* record number */
    uint32_t row;         /* of its position */
    uint32_t above;       /* tree of the position */
    uint32_t left;
    uint32_t right;
    uint32_t next;                              /* next line of the reservation, or of the free chain */
    uint64_t deadline : ATP_LINE_DEADLINE_BITS; /* ATP_LINE_NEVER once nothing of it is merely reserved */
    uint64_t number
        : ATP_LINE_NUMBER_BITS; /* of the request it serves: index, from 0, never falling along the lines */
    uint64_t ended_as : 5;      /* atp_line_state_t of the units that ended last; NOTHING if none did */
    uint64_t is_in_tree : 1;
    uint64_t has_progress : 1; /* a record of engine/ledger/reservations/progress.h belongs to it */
    uint64_t is_firm : 1;      /* what waits of it does not expire, and is allocated as it comes */
    int64_t granted;
    int64_t reserved;
    int64_t allocated;
    int64_t shipped;
} atp_line_t;

_Static_assert(sizeof(atp_reservation_t) == 64 && sizeof(atp_line_t) == 64, "stored: no padding");
_Static_assert(ATP_LINES_PER_OP_MAX <= 1 << ATP_LINE_NUMBER_BITS, "a line's number has its bits");

/* The part of the root record that belongs to reservations. */
typedef struct atp_reservation_heads {
    uint32_t free_reservation;
    uint32_t free_line;
    uint32_t ended_first; /* oldest */
    uint32_t ended_last;
    uint32_t reconciled_first;
    uint32_t reconciled_last;
    uint64_t free_line_count;
    uint64_t live_count;
    uint64_t ended_count; /* in both queues */
    uint64_t reconciled_count;
    uint64_t reserved_lines; /* lines with reserved units */
    uint64_t allocated_lines;
} atp_reservation_heads_t;

typedef struct atp_reservations {
    atp_table_t records;
    atp_table_t lines;
    atp_index_t index;
    atp_progress_book_t progress;
    atp_capacity_t capacity;
    atp_orders_t orders;
    atp_history_t history;
    atp_archive_t archive;
    /* borrowed */
    atp_table_t *strings;
    atp_string_heads_t *string_heads;
    atp_reservation_heads_t *heads;
    const uint64_t *seed;
    const uint64_t *op; /* the op being applied, and ledger time */
    const int64_t *time_ms;
} atp_reservations_t;

static inline atp_reservation_t *atp_reservation_at(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_table_at(&reservations->records, number);
}

static inline atp_line_t *atp_line_at(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_table_at(&reservations->lines, number);
}

static inline int64_t atp_line_deadline_ms(const atp_line_t *line)
{
    return line->deadline == ATP_LINE_NEVER ? ATP_NEVER_MS : (int64_t)line->deadline;
}

static inline void atp_line_set_deadline_ms(atp_line_t *line, int64_t deadline_ms)
{
    ATP_ASSERT(deadline_ms >= 0 && (deadline_ms == ATP_NEVER_MS || (uint64_t)deadline_ms < ATP_LINE_NEVER));
    line->deadline = (uint64_t)deadline_ms & ATP_LINE_NEVER; /* "never" has all bits set */
}

/* The record beside the line; NULL for a plain one. */
static inline const atp_progress_t *atp_line_progress(const atp_reservations_t *reservations, uint32_t number)
{
    return atp_line_at(reservations, number)->has_progress
               ? atp_progress_find(&reservations->progress, number)
               : NULL;
}

/* The same for writing: the record is made if the line has none. There is room (atp_reservations_make_progress_room). */
atp_progress_t *atp_line_change_progress(atp_reservations_t *reservations, uint32_t number);

/* Units that wait: backordered or pegged. A reservation with such units is live. */
static inline atp_qty_t atp_line_waiting(const atp_reservations_t *reservations, uint32_t number)
{
    const atp_progress_t *progress = atp_line_progress(reservations, number);
    return progress != NULL ? progress->backordered + progress->pegged : 0;
}

/* Units that end at the deadline of the reservation: what is reserved, and what waits and is not firm. */
static inline atp_qty_t atp_line_expiring(const atp_reservations_t *reservations, uint32_t number)
{
    const atp_line_t *line = atp_line_at(reservations, number);
    return line->reserved + (line->is_firm ? 0 : atp_line_waiting(reservations, number));
}

/* Finds by id, live or ended. */
bool atp_reservations_find(const atp_reservations_t *reservations, atp_text_t id, uint64_t hash,
                           uint32_t *ret_number);

/* Makes room for one reservation of `lines` lines with these strings, at the cost of the oldest ended ones.
 * ATP_APPLIED, or ATP_RESERVATIONS_FULL or ATP_STRINGS_FULL with as much room made as there was. */
atp_verdict_t atp_reservations_make_room(atp_reservations_t *reservations, uint32_t lines, uint32_t id_size,
                                         uint32_t owner_size);

/* Makes room for `records` more records beside lines, at the cost of the oldest ended reservations, but not of `keep`.
 * False: as much room was made as there was. */
bool atp_reservations_make_progress_room(atp_reservations_t *reservations, uint32_t records, uint32_t keep);

/* Makes room for so many bookings of capacity, at the cost of the oldest ended reservations. False: there is not. */
bool atp_reservations_make_booking_room(atp_reservations_t *reservations, uint32_t bookings);

/* Takes a free record (room was made) and enters it in the index as live, without lines. */
uint32_t atp_reservations_take(atp_reservations_t *reservations, atp_text_t id, uint64_t hash,
                               atp_text_t owner);

/* Takes a free line (room was made), puts it after line `after` (number + 1; 0 = first) of the reservation. */
uint32_t atp_reservations_take_line(atp_reservations_t *reservations, uint32_t reservation, uint32_t after);

/* Frees a line that has nothing and never had, but not the only one of the reservation (asserted). */
void atp_reservations_drop_line(atp_reservations_t *reservations, uint32_t number);

/* Moves a live reservation without reserved or allocated units to the ended queue. */
void atp_reservations_end(atp_reservations_t *reservations, uint32_t number);

/* Moves an ended reservation to the queue of those whose postings are all reconciled, as of now, or back to the end of the others. */
void atp_reservations_set_reconciled(atp_reservations_t *reservations, uint32_t number, bool is_reconciled);

/* True if the first of them was reconciled by `until_ms`. */
bool atp_reservations_has_to_archive(const atp_reservations_t *reservations, int64_t until_ms);
/* Archives those that were, in their order, until about `limit` reservations and lines have been looked at. */
void atp_reservations_archive(atp_reservations_t *reservations, int64_t until_ms, uint64_t limit);

/* ---- the deadline order of a position: `last` is atp_position_t.last_line ---- */

void atp_lines_insert(atp_reservations_t *reservations, uint32_t *last, uint32_t number);
void atp_lines_remove(atp_reservations_t *reservations, uint32_t *last, uint32_t number);
/* The line with the soonest deadline + 1, or 0. */
uint32_t atp_lines_first(const atp_reservations_t *reservations, uint32_t last);
/* Calls `visit` for up to `limit` lines of the position, latest deadline (allocated ones) last: lines that
 * are merely reserved come first. Returns how many lines the tree has been walked for. */
uint32_t atp_lines_walk(const atp_reservations_t *reservations, uint32_t last, uint32_t limit,
                        void (*visit)(void *context, uint32_t line), void *context);

/* The place of a line in the heap order of its tree (H5): the parent's is higher. No two are equal. */
static inline uint32_t atp_line_priority(const atp_reservations_t *reservations, uint32_t line)
{
    uint64_t seed = *reservations->seed;
    return atp_mix32(atp_mix32(line ^ (uint32_t)seed) ^ (uint32_t)(seed >> 32));
}

/* Builds the index from the records. */
void atp_reservations_rebuild(atp_reservations_t *reservations);

#endif

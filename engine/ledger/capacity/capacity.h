/* What nodes can pick a day, and what is booked of it.
 *
 * A node with a calendar has a record here: its calendar and, where it has limits, how many units and how many orders it
 * can make ready on one of its days. A reservation that takes something from such a node has a booking: one for each
 * such node, for one day, with the units that it promises there. What it takes counts on that day; what is released,
 * cancelled or expires is given back; what ships was picked, and stays counted until the day is forgotten.
 *
 * Days are kept in a ring by node: ATP_CAPACITY_DAYS places, the place of a day is its number modulo that. A day that
 * comes to the place of an earlier one takes it over: by then that one is over. Days ahead cannot meet (see
 * ATP_CAPACITY_AHEAD_DAYS).
 *
 * A day may have limits of its own, beside those of all days.
 *
 * Units are counted in millionths, whatever the scale of their SKU, so that nothing is rounded, and in 128 bits, so that nothing
 * overflows: what was sold already is booked whatever it is, and 10^14 whole units are 10^20 millionths.
 *
 * Threads     ledger thread only.
 * Memory      1.4 KiB and 6 KiB a node with a calendar, 48 a booking and an index entry; nothing is
 *             allocated after init.
 * Invariants  Y1  units and orders of a day equal the sums over the bookings of that day; none is negative.
 *             Y2  a booking has the units that its reservation has reserved, allocated and pegged at its node; where the table of
 *                 bookings was full once (ATP_RESERVATION_UNBOOKED), at most those.
 *             Y3  what is published of a node is what its record and its days say. */
#ifndef ATP_LEDGER_CAPACITY_H
#define ATP_LEDGER_CAPACITY_H

#include "engine/base/hash.h"
#include "engine/base/qty.h"
#include "engine/ledger/capacity/calendar.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#define ATP_CAPACITY_DAYS       128 /* of one node that are told apart */
#define ATP_CAPACITY_AHEAD_DAYS 31  /* beyond the first ready day that a later one is looked for */
#define ATP_CAPACITY_SCALE      6   /* units are counted in millionths */
#define ATP_CAPACITY_UNITS_MAX  INT64_C(1000000000000) /* a day; in whole units */
#define ATP_CAPACITY_NO_LIMIT   INT64_MAX              /* of orders, and of quantities */

/* Millionths of a whole unit. What a node with a limit has left of a day is at most 10^18. */
__extension__ typedef __int128 atp_units_t;
#define ATP_UNITS_NO_LIMIT ((atp_units_t)1 << 120)

_Static_assert(ATP_READY_DAYS_MAX + ATP_CAPACITY_AHEAD_DAYS + 2 < ATP_CAPACITY_DAYS,
               "days ahead do not meet");

#define ATP_OWN_DAYS_MAX 64

/* What a node can make ready on one day. */
typedef struct atp_capacity_limits {
    int64_t units;  /* millionths; 0 = no limit */
    int64_t orders; /* 0 = no limit */
} atp_capacity_limits_t;

#define ATP_LIMIT_AS_USUAL (-1) /* of a day of its own: what all days have */

/* A day that has limits of its own. */
typedef struct atp_own_day {
    int64_t day;
    atp_capacity_limits_t limits;
} atp_own_day_t;

typedef struct atp_node_calendar {
    atp_calendar_t calendar;
    uint32_t days;         /* of its ring: record of the first */
    int64_t units_a_day;   /* millionths; 0 = no limit */
    uint32_t orders_a_day; /* 0 = no limit */
    uint32_t node;
    uint64_t own_count;
    atp_own_day_t own[ATP_OWN_DAYS_MAX]; /* days that are not as others, ascending */
} atp_node_calendar_t;

typedef struct atp_capacity_day {
    int32_t day;
    uint32_t orders;      /* bookings that have units */
    uint32_t orders_done; /* those all of whose units have left, or ended after some had */
    uint32_t unused;
    atp_units_t units; /* promised and still here */
    atp_units_t units_done;
} atp_capacity_day_t;

/* What one reservation takes of one node. */
typedef struct atp_booking {
    uint32_t reservation; /* number + 1; 0 = the record is free */
    uint32_t next;        /* of the reservation, or of the free chain: record + 1 */
    int32_t day;
    uint16_t node;
    uint8_t has_left; /* some of it has shipped */
    uint8_t is_first; /* of its reservation: the index names it */
    atp_units_t units;
    int64_t ready_ms; /* when it is ready at the node, as promised */
    int64_t unused;
} atp_booking_t;

_Static_assert(sizeof(atp_node_calendar_t) == 384 + 8 + 24 * ATP_OWN_DAYS_MAX &&
                   sizeof(atp_capacity_day_t) == 48 && sizeof(atp_booking_t) == 48,
               "stored: no padding");

typedef struct atp_capacity_heads {
    uint32_t free; /* booking + 1 */
    uint32_t unused;
    uint64_t free_count;
} atp_capacity_heads_t;

typedef struct atp_capacity {
    atp_table_t nodes; /* atp_node_calendar_t */
    atp_table_t days;
    atp_table_t bookings;
    atp_index_t index;           /* of the first booking of each reservation */
    atp_capacity_heads_t *heads; /* borrowed */
} atp_capacity_t;

/* What is left on a day of a node: ATP_UNITS_NO_LIMIT and ATP_CAPACITY_NO_LIMIT without a limit; negative where more is booked
 * than there is, after a limit was lowered. */
typedef struct atp_capacity_left {
    atp_units_t units;
    int64_t orders;
} atp_capacity_left_t;

static inline atp_node_calendar_t *atp_capacity_node(const atp_capacity_t *capacity, uint32_t record)
{
    return atp_table_at(&capacity->nodes, record);
}

/* A record, and a ring of days, for a node that has none yet. Its number. */
uint32_t atp_capacity_add_node(atp_capacity_t *capacity, uint16_t node);

/* What the node can make ready on a day: its own limits, else those of all days. */
atp_capacity_limits_t atp_capacity_limits(const atp_node_calendar_t *node, int32_t day);

/* Notes the limits of a day; with both as usual it is as others again. Days before `oldest` are forgotten. False: there is no room. */
bool atp_capacity_put_day(atp_node_calendar_t *node, const atp_own_day_t *own, int32_t oldest);

atp_capacity_left_t atp_capacity_left(const atp_capacity_t *capacity, const atp_node_calendar_t *node,
                                      int32_t day);

/* What is booked of a day; all zero if nothing is. */
atp_capacity_day_t atp_capacity_booked(const atp_capacity_t *capacity, const atp_node_calendar_t *node,
                                       int32_t day);

/* ---- bookings ---- */

/* True if `bookings` more fit. */
bool atp_capacity_has_room(const atp_capacity_t *capacity, uint64_t bookings);

/* The booking of a reservation at a node; NULL if it has none. */
const atp_booking_t *atp_capacity_find(const atp_capacity_t *capacity, uint32_t reservation, uint16_t node);
/* Its first one, and the one after. */
const atp_booking_t *atp_capacity_first(const atp_capacity_t *capacity, uint32_t reservation);
const atp_booking_t *atp_capacity_next(const atp_capacity_t *capacity, const atp_booking_t *booking);

/* A booking of no units yet, where there is none (there is room: asserted). */
void atp_capacity_book(atp_capacity_t *capacity, uint32_t reservation, uint16_t node, int32_t day,
                       int64_t ready_ms);

/* What a booking has goes to another day; what has shipped of it stays where it is. `record`: of its node. */
void atp_capacity_move(atp_capacity_t *capacity, uint32_t record, const atp_booking_t *booking, int32_t day,
                       int64_t ready_ms);

/* Changes the units of a booking, and of its day: `units` more are promised, `done` of those that are not any more have
 * shipped. More than it has is not taken. `record`: of its node. */
void atp_capacity_change(atp_capacity_t *capacity, uint32_t record, const atp_booking_t *booking,
                         atp_units_t units, atp_units_t done);

/* Frees all bookings of a reservation that is forgotten: it has no units left (asserted). */
void atp_capacity_forget(atp_capacity_t *capacity, uint32_t reservation);

/* Builds the index from the records. */
void atp_capacity_rebuild(atp_capacity_t *capacity);

/* Millionths of so many smallest units of a SKU, exactly; and back, rounded down, floored at 0: ATP_CAPACITY_NO_LIMIT without a
 * limit. */
atp_units_t atp_capacity_units(atp_qty_t qty, uint8_t scale);
atp_qty_t atp_capacity_qty(atp_units_t units, uint8_t scale);

/* As 64 bits hold them, for records that readers read and for people: what is beyond is INT64_MAX, as is no limit. */
static inline int64_t atp_units_told(atp_units_t units)
{
    return units > INT64_MAX ? INT64_MAX : units < -INT64_MAX ? -INT64_MAX : (int64_t)units;
}

#endif

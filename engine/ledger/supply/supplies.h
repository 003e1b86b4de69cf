/* Supplies: what is on its way to a position, by the day it is due, and who was promised of it.
 *
 * A supply is one line of a purchase order, a shipping notice, a transfer or a production order: so many of a SKU, due at a
 * node on a day. It is open until it is received, closed or cancelled; ended ones stay until their place is needed.
 *
 * A position with open supplies, or with promises whose supply fell away, has one record of sums here, found by its row,
 * and below it one record a day that has supplies, in the order of the days. So what may be promised for a day is a walk
 * over days, however many supplies there are, and a position without dated supply knows nothing of all this.
 *
 * A peg ties units of a reservation line to the supply that is to serve them. A peg without a supply is unbacked: the
 * promise stands, what it was promised from fell away; it is served first by whatever comes in. Pegs stand in the order in
 * which they are served: firm ones first, then by priority, then the oldest. Who stands last loses first.
 *
 * Days are counted from 1970-01-01 in UTC. A supply is overdue from the day after the one it was due on: then it counts
 * for nothing, while its pegs still count as promised, until it comes or has a new day. That is reckoned by the day of who
 * asks: nothing has to happen at midnight for it to be so. The first pulse of the day tells of what became overdue; from then
 * on promises of it are at risk as unbacked ones are: whatever makes stock free there serves them (ledger_at_risk.c).
 *
 * Formula     atp(d) = min over t in [d, horizon] of
 *                      ( atp + supply due by t - pegged to supply due by t - unbacked - backordered )
 * Threads     ledger thread only.
 * Memory      104 bytes a supply, 48 a day, 40 a peg, 80 a position with supplies; index entries for supplies and
 *             positions. Nothing is allocated after init.
 * Invariants  D1  open and pegged of a day are the sums over its supplies, of a position over its days; unbacked is the sum
 *                 over its unbacked pegs.
 *             D2  the days of a position rise, and each has a supply.
 *             D3  an open supply is found by its id, stands at the day it is due and has open = ordered - received > 0;
 *                 no other has open units or pegs.
 *             D4  pegged of a supply is the sum over its pegs, and at most what is open of it.
 *             D5  pegged of a line is the sum over its pegs.
 *             D6  the rank of a peg is that of its line.
 *             D7  a position with promises at risk (unbacked, or of supply that was told overdue) is flagged
 *                 (ATP_POSITION_HAS_AT_RISK); while one of them could be served from its stock, or is still to
 *                 look for other supply, it is listed as due.
 *             D8  of the supplies of a day those promised in part come first, up to last_partly, then those of which nothing
 *                 is promised, then those promised whole.
 *             D9  inbound of a position is the sum over the open transfers to it of what has left and not come in, outbound what
 *                 is allocated at it to open transfers from it. */
#ifndef ATP_LEDGER_SUPPLIES_H
#define ATP_LEDGER_SUPPLIES_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/base/verdict.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/strings.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_DAY_MS         INT64_C(86400000)
#define ATP_SUPPLY_HORIZON 730 /* days from today that a promise may reach */
#define ATP_DAY_MAX        UINT16_MAX

/* Frozen numbers: the words of the attributes supply_kind and supply_status. */
typedef enum atp_supply_kind {
    ATP_SUPPLY_PURCHASE_ORDER = 0,
    ATP_SUPPLY_ASN = 1, /* an advance shipping notice: it is on the road */
    ATP_SUPPLY_PRODUCTION = 2,
    ATP_SUPPLY_TRANSFER = 3,
    ATP_SUPPLY_KIND_LIMIT
} atp_supply_kind_t;

typedef enum atp_supply_status {
    ATP_SUPPLY_FREE = 0, /* the record is not in use */
    ATP_SUPPLY_OPEN = 1,
    ATP_SUPPLY_RECEIVED = 2, /* all that was ordered, or more */
    ATP_SUPPLY_CLOSED = 3,   /* less came than was ordered, and no more will */
    ATP_SUPPLY_CANCELLED = 4,
    ATP_SUPPLY_STATUS_LIMIT
} atp_supply_status_t;

/* Links are record number + 1; 0 = none. */
typedef struct atp_supply {
    uint32_t id_ref;
    uint32_t row;
    uint64_t id_hash;
    uint64_t created_op;
    int64_t due_ms;
    int64_t ordered;
    int64_t received;
    int64_t open;
    int64_t pegged;
    int64_t shipped; /* of a transfer: has left its source */
    uint32_t day;    /* the record of its day, while open */
    uint32_t next;   /* of its day (open), ended queue, free chain */
    uint32_t previous;
    uint32_t first_peg;
    uint32_t last_peg;
    uint32_t source_line; /* of a transfer: the reservation line at its source */
    uint8_t kind;
    uint8_t status;
    uint8_t unused[6];
} atp_supply_t;

typedef struct atp_supply_day {
    uint32_t next; /* later day, or free chain */
    uint32_t previous;
    uint32_t first; /* supplies, in three groups: D8 */
    uint32_t last;
    int32_t day;
    uint32_t supply_count;
    uint32_t last_partly; /* of the supplies that are promised in part; 0 = there are none */
    uint32_t unused;
    int64_t open;
    int64_t pegged;
} atp_supply_day_t;

/* Whether a position is listed because its promises at risk may be served (D7). Between ops none is due, or goes on. */
typedef enum atp_supply_due {
    ATP_SUPPLY_NOT_DUE = 0,
    ATP_SUPPLY_DUE = 1,    /* this op has set stock free there: first it is the op's own */
    ATP_SUPPLY_GOES_ON = 2 /* its promises take the stock that is free there: it is nobody else's */
} atp_supply_due_t;

/* The sums of one position. */
typedef struct atp_supply_row {
    uint32_t row;  /* + 1; 0 = the record is free */
    uint32_t next; /* free chain */
    uint32_t first_day;
    uint32_t last_day;
    uint32_t first_unbacked;
    uint32_t last_unbacked;
    uint32_t next_due; /* record + 1 */
    uint32_t due;      /* atp_supply_due_t */
    uint32_t
        look_from; /* unbacked peg + 1 that has not looked for other supply yet, and none behind it has; 0 = all have */
    uint32_t spare; /* 0 */
    int64_t open;
    int64_t pegged;
    int64_t unbacked;
    int64_t inbound; /* of transfers */
    int64_t outbound;
} atp_supply_row_t;

typedef struct atp_peg {
    uint32_t line;   /* + 1; 0 = the record is free */
    uint32_t supply; /* 0 = unbacked */
    uint32_t next;   /* of the supply, of the unbacked ones of the position, or of the free chain */
    uint32_t previous;
    uint32_t next_of_line;
    uint16_t needed_by; /* day */
    uint8_t is_told;    /* unbacked, and an exception told of it */
    uint8_t rank;       /* of who stands in line, the highest first: atp_peg_rank */
    uint64_t age;       /* op that made the reservation */
    int64_t qty;
} atp_peg_t;

_Static_assert(sizeof(atp_supply_t) == 104 && sizeof(atp_supply_day_t) == 48 &&
                   sizeof(atp_supply_row_t) == 80 && sizeof(atp_peg_t) == 40,
               "stored: no padding");

/* Part of the root record. */
typedef struct atp_supply_heads {
    uint32_t free_supply;
    uint32_t free_day;
    uint32_t free_row;
    uint32_t free_peg;
    uint32_t ended_first; /* oldest */
    uint32_t ended_last;
    uint64_t free_pegs;
    uint64_t open_count;
    uint64_t ended_count;
    int32_t told_before;  /* what was due before this day has been told overdue */
    int32_t telling;      /* the same, of the round that is under way; 0 = none is */
    uint32_t telling_row; /* the record of sums that it looks at next */
    uint32_t first_due;   /* the positions whose promises at risk are being served: record of sums + 1 */
} atp_supply_heads_t;

typedef struct atp_supply_book {
    atp_table_t supplies;
    atp_table_t days;
    atp_table_t rows;
    atp_table_t pegs;
    atp_index_t index;     /* supplies by id */
    atp_index_t row_index; /* sums by row */
    /* borrowed */
    atp_table_t *strings;
    atp_string_heads_t *string_heads;
    atp_supply_heads_t *heads;
} atp_supply_book_t;

static inline atp_supply_t *atp_supply_at(const atp_supply_book_t *book, uint32_t number)
{
    return atp_table_at(&book->supplies, number);
}

static inline atp_supply_day_t *atp_supply_day_at(const atp_supply_book_t *book, uint32_t number)
{
    return atp_table_at(&book->days, number);
}

static inline atp_peg_t *atp_peg_at(const atp_supply_book_t *book, uint32_t number)
{
    return atp_table_at(&book->pegs, number);
}

/* The day of a time, 0 to ATP_DAY_MAX. */
static inline int32_t atp_day_of(int64_t time_ms)
{
    int64_t day = time_ms / ATP_DAY_MS;
    return day < 0 ? 0 : day > ATP_DAY_MAX ? ATP_DAY_MAX : (int32_t)day;
}

/* ---- supplies ---- */

/* Finds by id, open or ended. */
bool atp_supplies_find(const atp_supply_book_t *book, atp_text_t id, uint64_t hash, uint32_t *ret_number);

/* Makes room for one supply with an id of that size, at the cost of the oldest ended ones. ATP_APPLIED,
 * ATP_SUPPLIES_FULL or ATP_STRINGS_FULL. */
atp_verdict_t atp_supplies_make_room(atp_supply_book_t *book, uint32_t id_size);

/* Takes a free record (room was made): open, of nothing yet, at no day. */
uint32_t atp_supplies_take(atp_supply_book_t *book, atp_text_t id, uint64_t hash, uint32_t row);

/* Puts an open supply at the day of `due_ms`, from where it stands, if anywhere. Its pegs go with it. */
void atp_supplies_put_at(atp_supply_book_t *book, uint32_t number, int64_t due_ms);

/* How many open supplies, and promises without supply, the row has: up to `most`. */
uint32_t atp_supplies_count_at(const atp_supply_book_t *book, uint32_t row, uint32_t most);

/* All open supplies and promises without supply of row `from` are of row `to` from now on. Neither is due (asserted). */
void atp_supplies_merge(atp_supply_book_t *book, uint32_t from, uint32_t to);

/* Changes what is open of a supply that stands at a day. The result is not below what is pegged of it (asserted). */
void atp_supplies_change_open(atp_supply_book_t *book, uint32_t number, atp_qty_t change);

/* Units of a transfer that have left its source and not come in, `open` of it being expected. */
static inline atp_qty_t atp_supply_inbound(const atp_supply_t *supply, atp_qty_t open)
{
    atp_qty_t left = supply->shipped - supply->received;

    return supply->kind != ATP_SUPPLY_TRANSFER || left < 0 ? 0 : left < open ? left : open;
}

/* Changes what transfers have under way to the row, and what they have still to take away from it. */
void atp_supplies_note_moving(atp_supply_book_t *book, uint32_t row, atp_qty_t inbound, atp_qty_t outbound);

/* Ends an open supply without open units and pegs. */
void atp_supplies_end(atp_supply_book_t *book, uint32_t number, atp_supply_status_t status);

/* ---- positions ---- */

/* The sums of a row; NULL if it has none. */
const atp_supply_row_t *atp_supply_row(const atp_supply_book_t *book, uint32_t row);

/* What supply adds to atp on each day from `first` on, `count` of them, `today` being today: the least of it from that day
 * to the end of the horizon. Never positive where more was promised than is expected. */
void atp_supply_schedule(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t first,
                         uint32_t count, atp_qty_t *ret_added);

/* The same for one day. */
atp_qty_t atp_supply_added_by(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day);

/* What that is made of: due - pegged - unbacked. (No later day has less: of what is to come no more is pegged than is open.) */
typedef struct atp_supply_parts {
    atp_qty_t due;      /* of the days from today to that one */
    atp_qty_t pegged;   /* to supply of those days, and to what is overdue */
    atp_qty_t unbacked; /* promises without supply */
} atp_supply_parts_t;
atp_supply_parts_t atp_supply_parts(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day);

/* ---- pegs ---- */

bool atp_pegs_have_room(const atp_supply_book_t *book, uint64_t pegs);

/* The latest supply due from `today` to `day` with units that nobody was promised, with how many; 0 if there is none.
 * Latest first: what is due sooner stays for those who need it sooner. */
uint32_t atp_pegs_latest_free(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day);

static inline atp_qty_t atp_supply_free(const atp_supply_t *supply)
{
    return supply->open - supply->pegged;
}

/* How many supplies it takes to serve `qty` at `row` by `day`, or all there is of it; limit + 1 if more than `limit`. */
uint32_t atp_pegs_count_needed(const atp_supply_book_t *book, uint32_t row, int32_t today, int32_t day,
                               atp_qty_t qty, uint32_t limit);

/* Where units stand among those promised of the same supply. */
static inline uint8_t atp_peg_rank(bool is_firm, unsigned priority)
{
    return (uint8_t)((is_firm ? 8u : 0u) + priority);
}

/* A new peg as `seed` says (line, needed_by, age, qty), to supply `supply` (number + 1; 0: unbacked, at `row`).
 * There is room, and as much is free of the supply (asserted). `*chain` is the first peg of the line. */
void atp_pegs_add(atp_supply_book_t *book, uint32_t row, uint32_t supply, const atp_peg_t *seed,
                  uint32_t *chain);

/* Takes `qty` off peg `number` of `row`; an empty one goes. */
void atp_pegs_take(atp_supply_book_t *book, uint32_t row, uint32_t number, atp_qty_t qty, uint32_t *chain);

/* Another rank for peg `number` of `row`. */
void atp_pegs_put_rank(atp_supply_book_t *book, uint32_t row, uint32_t number, uint8_t rank);

/* ---- what is overdue ---- */

/* Supply of a position that did not come: what was due on days from `from` on, before `before`. */
typedef struct atp_overdue {
    uint32_t row;
    int32_t from;
    int32_t before;
    atp_qty_t open;
} atp_overdue_t;

/* To be called before a supply is taken: what is put while nothing is open was not overlooked before. */
void atp_supplies_note_today(atp_supply_book_t *book, int32_t today);
/* True if a day has begun since what is overdue was told, and supplies are open. */
bool atp_supplies_are_untold(const atp_supply_book_t *book, int32_t today);
/* The next position of which supply became overdue since that was told, after looking at up to `*limit` positions, which is
 * lowered. False: none was found within the limit; the next call goes on from there. */
bool atp_supplies_next_overdue(atp_supply_book_t *book, int32_t today, uint64_t *limit,
                               atp_overdue_t *ret_overdue);

/* ---- promises at risk ---- */

/* The peg of the row that is served next when stock is free: the first unbacked one, then those of the supply longest told
 * overdue. Number + 1; 0 = nobody's promise is at risk there. */
uint32_t atp_supplies_first_at_risk(const atp_supply_book_t *book, uint32_t row);

/* All unbacked promises of the row are to look for other supply. */
void atp_supplies_begin_look(atp_supply_book_t *book, uint32_t row);
/* The next that is to look, number + 1; from now on it has. 0 = all have. */
uint32_t atp_supplies_take_look(atp_supply_book_t *book, uint32_t row);
bool atp_supplies_is_looking(const atp_supply_book_t *book, uint32_t row);

/* Lists a row as due, first; one that is listed already stays where it is. False: it has no sums. */
bool atp_supplies_list_due(atp_supply_book_t *book, uint32_t row, atp_supply_due_t due);
/* Takes the row that is due first off the list; it stays noted until its due is ended. False: none is. */
bool atp_supplies_take_due(atp_supply_book_t *book, uint32_t *ret_row);
/* A row that was taken off the list: it is due no more, or goes on, first. */
void atp_supplies_end_due(atp_supply_book_t *book, uint32_t row, bool goes_on);

/* Builds the indexes from the records. */
void atp_supplies_rebuild(atp_supply_book_t *book);

#endif

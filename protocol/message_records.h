/* Reservations, positions, exceptions, figures and the catalog: what people and tools look at.
 *
 *     reservation    request   [id, ...]                                              response  [record, ...]
 *     order          request   [order, ...]                                           response  [record, ...]
 *     history        request   [id]                                                   response  [step, ...], newest first
 *     reservations   request   [cursor, limit, older_than_ms, owner, channel, states]  response  page of records
 *     positions      request   [cursor, limit]                                        response  page of positions
 *     exceptions     request   [cursor, limit, older_than_ms, kind, source, sku, states]  response  page of exceptions
 *     crossings      request   [cursor, limit]                                        response  page of crossings
 *     catalog        request   [cursor, limit, what]                                  response  page of entries
 *     stat           request   []                                                     response  [[name, value], ...]
 *
 *     page           [[row, ...], next_cursor]
 *     record         [verdict, id, owner, channel, created_ms, version, deadline_ms, state, [record line, ...], order,
 *                     status]
 *     record line    [sku, node, granted, reserved, allocated, shipped]  and where any of them is not zero
 *                    [..., [picked, packed, delivered, returned, reconciled, return_reconciled, short, backordered,
 *                     pegged]]
 *     step           [op, time_ms, step, line, sku, node, qty, kind, client, has_more, correlation]
 *     position       [sku, node, on_hand, unavailable, reserved, allocated, safety, version]
 *     exception      [number, op, time_ms, kind, verdict, source, sku, node, qty, total_reservations, [id, ...],
 *                     correlation]
 *     crossing       [number, op, time_ms, channel, sku, from, to, available]
 *     entry          [id, name, value]  and of a node with a calendar
 *                    [..., time_zone, cut_off, working_days, closed_days, handling_days, ready_minute, capacity_orders,
 *                     booked_orders, ready_ms, capacity_units, booked_units]
 *
 * A cursor is 0 to begin with, then what the last page said; next_cursor 0 means there is no more. It is a
 * place, not a snapshot: what changes between two pages may be seen in neither state or twice.
 * A page may hold fewer rows than its limit. */
#ifndef ATP_PROTOCOL_MESSAGE_RECORDS_H
#define ATP_PROTOCOL_MESSAGE_RECORDS_H

#include "protocol/message_envelope.h"

/* ---- asking for a page ---- */

typedef enum atp_catalog_what {
    ATP_CATALOG_SKUS = 1,       /* value is the scale */
    ATP_CATALOG_NODES = 2,      /* value is the state, atp_node_state_t */
    ATP_CATALOG_CHANNELS = 3,   /* value is the time to live in ms, name its attributes in words */
    ATP_CATALOG_RULES = 4,      /* name is its attributes in words; those dropped are left out */
    ATP_CATALOG_QUOTAS = 5,     /* the same, and what is in use */
    ATP_CATALOG_DEMAND = 6,     /* that was not met: id is the SKU, value how often, name the rest in words */
    ATP_CATALOG_COMPONENTS = 7, /* of kits: id is the kit, name a component in words */
    ATP_CATALOG_GROUP_NODES = 8, /* of groups: id is the group, name its place and the node, value the cost */
    ATP_CATALOG_SOURCES = 9, /* heard of or registered: name is its attributes in words, value its number */
    ATP_CATALOG_SOURCE_STATES = 10, /* id is the source, name how it is and what it has told in words */
    ATP_CATALOG_SOURCE_CLAIMS = 11, /* id is the source, name a place and what it claims there in words */
    ATP_CATALOG_DIFFERENCES = 12,   /* of shadows: id is the SKU, name the rest in words */
    ATP_CATALOG_ALIASES =
        13, /* id is the text, name what it means to whom in words, value the size of the id in them */
    ATP_CATALOG_UNITS =
        14, /* id is the unit, name what it is of what and to whom, value the size of the SKU */
    ATP_CATALOG_LIMITS = 15, /* id is the SKU, name a limit, cap or quantities of it in words */
    ATP_CATALOG_SUBSCRIBERS =
        20, /* of postings: name is how far it is and what it hears in words, value what it has
                                     acknowledged */
    ATP_CATALOG_FEEDS = 21,       /* value is its number, name what it is of and what it corrected in words */
    ATP_CATALOG_DRIFT_NODES = 22, /* what feeds corrected at nodes: id is the node, value the feed */
    ATP_CATALOG_CORRECTIONS = 23, /* one by one: id is the SKU, value the feed, name the rest in words */
    ATP_CATALOG_EXCEPTION_OWNERS =
        24, /* value is how many are theirs, name how many are overdue, since when the oldest
                                         waits (0: there is none), and their rule in words */
    ATP_CATALOG_SKU_TAGS = 25, /* id is the tag, name the SKU */
    ATP_CATALOG_SKU_VALUES =
        26 /* value is what a unit is worth, in millionths; those of which it is not said are left out */
} atp_catalog_what_t;

/* Fields that the type of request does not have are zero. */
typedef struct atp_page_ask {
    uint64_t cursor;
    uint32_t limit;  /* as read: 1 to ATP_PAGE_LIMIT_MAX; 0 is written as 0 and read as the default */
    uint32_t states; /* reservations: bit 1 << atp_record_state_t for each wanted; 0 = all. Exceptions: the
                              * same by atp_exception_row_state_t */
    int64_t older_than_ms;   /* reservations, exceptions: made at least this long ago; 0 = any */
    atp_text_t owner;        /* reservations, exceptions: "" = any */
    atp_text_t channel;      /* reservations: "" = any */
    atp_catalog_what_t what; /* catalog */
    atp_text_t kind;         /* exceptions: "" = any; so are source and sku */
    atp_text_t source;
    atp_text_t sku;
    bool beyond_sla; /* exceptions: only those that were not settled within the time of their owner */
} atp_page_ask_t;

/* For reservations, positions, exceptions, crossings and catalog; which of them, the request's type says (reader->type).
 * Refuses option_unknown (limit above ATP_PAGE_LIMIT_MAX, no such `what`), id_invalid (owner, channel). */
ATP_MUST_USE bool atp_read_page_ask(atp_reader_t *reader, atp_page_ask_t *ret_ask);
void atp_write_page_ask(atp_writer_t *writer, atp_message_type_t type, const atp_page_ask_t *ask);

/* The answer: begin, rows of the type, end. next_cursor comes last because only then it is known. */
ATP_MUST_USE bool atp_read_page(atp_reader_t *reader, uint32_t *ret_row_count);
ATP_MUST_USE bool atp_read_page_end(atp_reader_t *reader, uint64_t *ret_next_cursor);
void atp_write_page_begin(atp_writer_t *writer);
void atp_write_page_end(atp_writer_t *writer, uint64_t next_cursor);

/* ---- reservations ---- */

/* What a reservation is as a whole: the first, in the order of life (backordered, reserved, allocated, picked, packed,
 * shipped, delivered, returned, reconciled), that one of its units is in; when there is none, how it ended. Frozen numbers. */
typedef enum atp_record_state {
    ATP_RECORD_RESERVED = 1,
    ATP_RECORD_ALLOCATED = 2,
    ATP_RECORD_SHIPPED = 3,
    ATP_RECORD_RELEASED = 4,
    ATP_RECORD_CANCELLED = 5,
    ATP_RECORD_EXPIRED = 6,
    ATP_RECORD_BACKORDERED = 7, /* or promised from supply */
    ATP_RECORD_PICKED = 8,
    ATP_RECORD_PACKED = 9,
    ATP_RECORD_DELIVERED = 10,
    ATP_RECORD_RETURNED = 11,
    ATP_RECORD_RECONCILED = 12,
    ATP_RECORD_SHORT = 13,
    ATP_RECORD_ARCHIVED = 14, /* whatever its units were; it is found by its id and order, and in no page */
    ATP_RECORD_STATE_LIMIT
} atp_record_state_t;

/* "reserved", ...; NULL for a number that is no state. Thread: any. */
const char *atp_record_state_name(unsigned state);

/* How far the units of a line are, beyond the plain sums. */
typedef enum atp_record_part {
    ATP_PART_PICKED, /* of allocated */
    ATP_PART_PACKED,
    ATP_PART_DELIVERED, /* of shipped */
    ATP_PART_RETURNED,
    ATP_PART_RECONCILED,
    ATP_PART_RETURN_RECONCILED,
    ATP_PART_SHORT, /* of what ended */
    ATP_PART_BACKORDERED,
    ATP_PART_PEGGED,
    ATP_PART_COUNT
} atp_record_part_t;

/* "picked", ...; NULL for a number that is no part. Thread: any. */
const char *atp_record_part_name(unsigned part);

typedef struct atp_record_line {
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t granted;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t shipped;
    atp_qty_t parts[ATP_PART_COUNT];
    uint8_t scale;
} atp_record_line_t;

typedef struct atp_record {
    uint8_t verdict; /* applied, or unknown_reservation: then only the id counts */
    uint8_t state;   /* atp_record_state_t */
    atp_text_t id;
    atp_text_t owner;
    atp_text_t channel;
    int64_t created_ms;
    uint64_t version;
    int64_t deadline_ms; /* 0 = never */
    uint32_t line_count;
    const atp_record_line_t *lines;
    atp_text_t order;  /* "" = none */
    atp_text_t status; /* what a customer is told, in the words configured */
    uint8_t priority;  /* who comes first when there is too little: 7 first */
} atp_record_t;

/* What of a line may still be called off: reserved units by a release, those not shipped by a cancel. */
static inline atp_qty_t atp_record_line_releasable(const atp_record_line_t *line)
{
    return line->reserved;
}
static inline atp_qty_t atp_record_line_cancellable(const atp_record_line_t *line)
{
    return line->allocated;
}

/* The ids of a reservation request: at most ATP_RESERVATIONS_MAX, each 1 to 64 clean bytes. */
ATP_MUST_USE bool atp_read_reservation_ids(atp_reader_t *reader, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_reservation_id(atp_reader_t *reader, atp_text_t *ret_id);
void atp_write_reservation_id(atp_writer_t *writer, atp_text_t id); /* element of the list */

/* Orders are asked for as reservations are, up to so many ids; the answer is the records of all reservations that name
 * them, and for an order that none does one with its id as `order` and unknown_reservation. */

/* The answer to a reservation or order request is a plain list of records, in the order of the ids. */
ATP_MUST_USE bool atp_read_records(atp_reader_t *reader, uint32_t *ret_count);

/* One record, in a list or a page. Lines go to `lines`; more than `line_capacity` are refused
 * (too_many_lines; ATP_LINES_PER_OP_MAX always suffice). */
ATP_MUST_USE bool atp_read_record(atp_reader_t *reader, atp_record_t *ret_record, atp_record_line_t *lines,
                                  uint32_t line_capacity);
void atp_write_record(atp_writer_t *writer, const atp_record_t *record); /* element of the list */

/* ---- history ---- */

typedef struct atp_step_row {
    uint64_t op;
    int64_t time_ms;
    atp_text_t step; /* "reserve", "pick", ... */
    uint32_t line;   /* of the request it served, from 0 */
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t qty;
    uint8_t scale;
    atp_text_t kind;        /* of the op that caused it */
    atp_text_t client;      /* who asked; "" = the engine itself */
    bool has_more;          /* there was a step before it; of the last row: it is gone */
    atp_text_t correlation; /* of that op; "" = none */
} atp_step_row_t;

ATP_MUST_USE bool atp_read_steps(atp_reader_t *reader, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_step(atp_reader_t *reader, atp_step_row_t *ret_row);
void atp_write_step(atp_writer_t *writer, const atp_step_row_t *row); /* element of the list */

/* ---- positions ---- */

typedef struct atp_position_row {
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    uint8_t scale;
    uint64_t version;
} atp_position_row_t;

ATP_MUST_USE bool atp_read_position(atp_reader_t *reader, atp_position_row_t *ret_row);
void atp_write_position(atp_writer_t *writer, const atp_position_row_t *row); /* element of the list */

/* ---- exceptions ---- */

/* Frozen numbers. */
typedef enum atp_exception_row_state {
    ATP_EXCEPTION_ROW_OPEN = 1,
    ATP_EXCEPTION_ROW_REPLAYED = 2,
    ATP_EXCEPTION_ROW_DISCARDED = 3,
    ATP_EXCEPTION_ROW_PARKED = 4, /* it waits for a SKU or node */
    ATP_EXCEPTION_ROW_STATE_LIMIT
} atp_exception_row_state_t;

/* "open", "replayed", "discarded", "parked"; NULL for a number that is no state. */
const char *atp_exception_row_state_name(unsigned state);

typedef struct atp_exception_row {
    uint64_t number; /* dense, from 1 */
    uint64_t op;
    int64_t time_ms;
    atp_text_t kind; /* stable lower-case name, e.g. "over_commitment" */
    uint8_t verdict; /* why a rejected fact was rejected; 0 = it was applied */
    uint8_t scale;
    atp_text_t source;
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t qty;
    uint32_t total_reservations; /* how many are hit, of which the first ones are named */
    uint32_t id_count;
    const atp_text_t *ids;
    atp_text_t correlation; /* of the op that raised it; "" = none */
    uint8_t state;          /* atp_exception_row_state_t */
    uint64_t count;         /* how often its fact was tried, and refused */
    int64_t last_ms;        /* when last */
    uint64_t epoch;         /* of the batch that its fact came in; 0 = in none */
    uint64_t sequence;
    atp_text_t op_kind; /* of the op that raised it */
    uint32_t fact_size; /* bytes of the fact that was refused; 0 = it is of none */
    atp_text_t fact;    /* in words, up to ATP_FACT_TEXT_MAX; "" = it is not kept (any more) */
    int64_t settled_ms; /* 0 = it is open; so are the three below */
    uint64_t settled_op;
    atp_text_t settled_by; /* a client */
    atp_text_t cause;      /* why it was settled so */
    atp_text_t owner;      /* who settles it; "" = nobody in particular */
    int64_t due_ms;        /* by when; 0 = whenever */
    bool is_overdue;
    uint32_t edit_count; /* how often its fact was put right; 0 = never, and nothing of the rest is said */
    int64_t edited_ms;   /* when last */
    uint64_t edited_op;
    atp_text_t edited_by;   /* a client */
    atp_text_t edit_cause;  /* why */
    atp_text_t edited_fact; /* what a replay applies, in words; "" = it is not kept (any more) */
} atp_exception_row_t;

/* Ids go to `ids`, at most `id_capacity` (ATP_EXCEPTION_IDS_MAX always suffice). */
ATP_MUST_USE bool atp_read_exception(atp_reader_t *reader, atp_exception_row_t *ret_row, atp_text_t *ids,
                                     uint32_t id_capacity);
void atp_write_exception(atp_writer_t *writer, const atp_exception_row_t *row); /* element of the list */

/* ---- crossings ---- */

/* A channel's level on a SKU changed: the last are kept, to be asked for by who missed the event. Cursor: the number before
 * the first wanted. */
typedef struct atp_crossing_row {
    uint64_t number; /* dense, from 1 */
    uint64_t op;     /* that changed it */
    int64_t time_ms;
    atp_text_t channel;
    atp_text_t sku;
    atp_qty_t available; /* what is left for the channel */
    uint8_t scale;
    uint8_t from; /* see ATP_LEVELS */
    uint8_t to;
} atp_crossing_row_t;

ATP_MUST_USE bool atp_read_crossing(atp_reader_t *reader, atp_crossing_row_t *ret_row);
void atp_write_crossing(atp_writer_t *writer, const atp_crossing_row_t *row); /* element of the list */

/* ---- catalog ---- */

/* Of a node that has one: see engine/ledger/capacity/capacity.h. What is booked, and of how many, is of the day on which an order
 * placed now is ready. */
typedef struct atp_catalog_calendar {
    atp_text_t time_zone;  /* its rule; "" = UTC */
    uint32_t cut_off;      /* minutes of the day */
    uint32_t working_days; /* 1 = Sunday, 2 = Monday, 4, ... */
    uint32_t closed_days;  /* how many are told */
    uint32_t handling_days;
    uint32_t ready_minute;
    uint32_t capacity_orders; /* 0 = no limit */
    uint32_t booked_orders;
    int64_t ready_ms;         /* of an order placed now; 0 = never */
    atp_qty_t capacity_units; /* 0 = no limit */
    atp_qty_t booked_units;
    uint8_t scale; /* of both */
} atp_catalog_calendar_t;

typedef struct atp_catalog_entry {
    atp_text_t id;
    atp_text_t name;
    int64_t value; /* see atp_catalog_what_t */
    bool has_calendar;
    atp_catalog_calendar_t calendar;
} atp_catalog_entry_t;

ATP_MUST_USE bool atp_read_catalog_entry(atp_reader_t *reader, atp_catalog_entry_t *ret_entry);
void atp_write_catalog_entry(atp_writer_t *writer,
                             const atp_catalog_entry_t *entry); /* element of the list */

/* ---- stat ---- */

typedef struct atp_stat {
    atp_text_t name;
    atp_text_t text; /* the value when is_text */
    int64_t value;   /* else */
    bool is_text;
} atp_stat_t;

/* The request has an empty body; the answer is a plain list. */
void atp_write_stat_ask(atp_writer_t *writer);
ATP_MUST_USE bool atp_read_stat_ask(atp_reader_t *reader);
ATP_MUST_USE bool atp_read_stats(atp_reader_t *reader, uint32_t *ret_count);
ATP_MUST_USE bool atp_read_stat(atp_reader_t *reader, atp_stat_t *ret_stat);
void atp_write_stat(atp_writer_t *writer, const atp_stat_t *stat); /* element of the list */

#endif

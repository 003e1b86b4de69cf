/* Postings: what systems of record must hear, in one numbered order, and who hears it.
 *
 * Every change of a bucket is a posting: what was reserved, released, cancelled, allocated, shipped, returned, adjusted, counted,
 * sold and received, with the change it made. Who adds up the changes has the ledger's buckets. They are written to a ring while
 * there is a subscriber, and only then; all of them, whoever wants which. A posting is known outside by its key, the op that made
 * it and its place among those of that op: the same op makes the same postings, whoever listens.
 *
 * A subscriber says up to which number it has heard them (at least once: it may ask again from any number that is kept), and, if
 * it confirms, which of them are booked. A posting is settled for it when it is acknowledged, or confirmed where it confirms.
 * What is not settled and has to make room is lost to it; that is counted and told by an exception.
 *
 * Threads     ledger thread only.
 * Memory      248 bytes a posting, 184 bytes a subscriber.
 * Invariants  J1  postings are numbered without gaps; those of one op stand together, in the order of their places from 1.
 *             J2  what a subscriber has acknowledged, what is settled for it and where it began is not above the newest number.
 *             J3  a posting is confirmed by subscribers that there are, or were.
 *             J4  as many subscribers are live as the heads say. */
#ifndef ATP_LEDGER_POSTINGS_H
#define ATP_LEDGER_POSTINGS_H

#include "engine/base/command.h"
#include "engine/base/qty.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_SUBSCRIBERS_MAX      64 /* a bit of a word each */
#define ATP_SUBSCRIBER_NODES_MAX 16 /* named one by one; more make a group */

/* Frozen numbers: they are the words of the attribute "posts", and on the wire. */
typedef enum atp_posting_kind {
    ATP_POSTING_RESERVED = 0,
    ATP_POSTING_RELEASED = 1,  /* reserved no more: let go, expired, or gone to another node */
    ATP_POSTING_CANCELLED = 2, /* a firm promise is taken back, or cannot be kept by the node */
    ATP_POSTING_ALLOCATED = 3,
    ATP_POSTING_SHIPPED = 4,
    ATP_POSTING_RETURNED = 5,
    ATP_POSTING_ADJUSTED = 6,
    ATP_POSTING_COUNTED = 7, /* what a count changed */
    ATP_POSTING_SOLD = 8,
    ATP_POSTING_RECEIVED = 9,
    ATP_POSTING_KIND_COUNT
} atp_posting_kind_t;

/* "reserved", ...; NULL for a number that is no kind. */
const char *atp_posting_kind_name(unsigned kind);

/* What a posting refers to. Frozen numbers. */
typedef enum atp_posting_subject {
    ATP_POSTING_OF_NOTHING = 0,
    ATP_POSTING_OF_RESERVATION = 1,
    ATP_POSTING_OF_SUPPLY = 2 /* or of a transfer */
} atp_posting_subject_t;

/* What it did to the buckets of its position. */
typedef struct atp_posting_change {
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
} atp_posting_change_t;

#define ATP_POSTING_NO_LINE UINT16_MAX
#define ATP_POSTING_NO_WORD UINT8_MAX

typedef struct atp_posting {
    uint64_t number; /* from 1, dense */
    uint64_t op;
    int64_t time_ms;
    atp_qty_t qty; /* units; adjusted and counted: signed */
    atp_posting_change_t change;
    uint64_t confirmed;    /* a bit for each subscriber that has */
    uint64_t confirmed_op; /* of the last of them */
    int64_t confirmed_ms;
    uint32_t row;
    uint32_t index;  /* among those of its op, from 1 */
    uint32_t source; /* number + 1 of who told it; 0 = nobody */
    uint32_t client; /* who asked */
    uint16_t line;   /* of the reservation's request; ATP_POSTING_NO_LINE */
    uint8_t kind;
    uint8_t step;        /* atp_step_t that made it; ATP_POSTING_NO_WORD = none */
    uint8_t disposition; /* the same */
    uint8_t reason;      /* atp_reason_t */
    uint8_t op_kind;
    uint8_t subject_kind;
    uint8_t subject_size;
    uint8_t correlation_size;
    uint8_t is_reconciled; /* its units have made the step */
    uint8_t unused[5];
    char subject[ATP_ID_SIZE_MAX];
    char correlation[ATP_ID_SIZE_MAX];
} atp_posting_t;

_Static_assert(sizeof(atp_posting_t) == 248, "stored: no padding");

/* Frozen numbers. */
typedef enum atp_when_full { ATP_WHEN_FULL_LOSE = 0, ATP_WHEN_FULL_WAIT = 1 } atp_when_full_t;

typedef struct atp_subscriber {
    uint64_t acknowledged; /* number of a posting: it and all before it have arrived */
    uint64_t acknowledged_op;
    int64_t acknowledged_ms;
    uint64_t from;    /* of one that confirms: what is up to here need not be */
    uint64_t settled; /* those up to it were looked at: none is open. Those after it may be settled too */
    uint64_t dropped; /* newest number when it was dropped */
    uint64_t lost;    /* postings, in all */
    uint64_t rate;    /* postings a second; 0 = any */
    int64_t sla_ms;   /* 0 = none */
    uint16_t kinds;   /* a bit each; 0 = all */
    uint16_t group;   /* + 1; 0 = none */
    uint8_t node_count;
    uint8_t confirms;
    uint8_t when_full; /* atp_when_full_t */
    uint8_t is_live;
    uint8_t is_late;   /* and it is told */
    uint8_t is_losing; /* the same */
    uint8_t id_size;
    uint8_t unused[5];
    uint16_t nodes[ATP_SUBSCRIBER_NODES_MAX];
    char id[ATP_ID_SIZE_MAX];
} atp_subscriber_t;

_Static_assert(sizeof(atp_subscriber_t) == 184, "stored: no padding");

/* The part of the root record that belongs to the postings. */
typedef struct atp_posting_heads {
    uint64_t newest; /* 0 = there never was one */
    uint64_t
        first; /* number of the first that was written since there is a subscriber: the stream has no gap from it on */
    uint64_t live; /* subscribers */
} atp_posting_heads_t;

typedef struct atp_postings {
    atp_table_t records;
    atp_table_t subscribers;
    atp_posting_heads_t *heads; /* borrowed */
} atp_postings_t;

/* Reserves room for `capacity` postings, and for the subscribers. The numbers are those of the two tables. */
ATP_MUST_USE atp_err_t atp_postings_init(atp_postings_t *postings, uint32_t records_id,
                                         uint32_t subscribers_id, uint64_t capacity);

/* Adds a posting; its number and its place in its op are filled in. */
atp_posting_t *atp_postings_add(atp_postings_t *postings, const atp_posting_t *posting);

/* The one of that number; NULL if there is none, or it had to make room. */
const atp_posting_t *atp_postings_at(const atp_postings_t *postings, uint64_t number);
/* The same, announced for a change; it is there (asserted). */
atp_posting_t *atp_postings_change(atp_postings_t *postings, uint64_t number);

/* The number of the oldest that is kept and belongs to the stream; newest + 1 if there is none. */
uint64_t atp_postings_oldest(const atp_postings_t *postings);

/* The first of those kept that is of op `op` or a later one; newest + 1 if there is none. */
uint64_t atp_postings_of_op(const atp_postings_t *postings, uint64_t op);

#define ATP_POSTING_KEY_SIZE 40

/* "OP.INDEX", as text with a zero byte; returns the length. */
uint32_t atp_posting_key(const atp_posting_t *posting, char ret_key[ATP_POSTING_KEY_SIZE]);
/* The number of the posting with that key; 0 if none is kept. */
uint64_t atp_postings_find(const atp_postings_t *postings, atp_text_t key);

static inline atp_text_t atp_posting_subject_of(const atp_posting_t *posting)
{
    return (atp_text_t){posting->subject, posting->subject_size};
}

static inline atp_text_t atp_posting_correlation(const atp_posting_t *posting)
{
    return (atp_text_t){posting->correlation, posting->correlation_size};
}

/* ---- subscribers ---- */

static inline const atp_subscriber_t *atp_subscriber_at(const atp_postings_t *postings, uint32_t number)
{
    return atp_table_at(&postings->subscribers, number);
}

static inline uint32_t atp_subscriber_count(const atp_postings_t *postings)
{
    return (uint32_t)atp_table_count(&postings->subscribers);
}

static inline atp_text_t atp_subscriber_id(const atp_subscriber_t *subscriber)
{
    return (atp_text_t){subscriber->id, subscriber->id_size};
}

/* The live subscriber of that id. */
bool atp_subscribers_find(const atp_postings_t *postings, atp_text_t id, uint32_t *ret_number);

/* True if the posting is open for a subscriber that wants it. */
static inline bool atp_subscriber_has_open(const atp_subscriber_t *subscriber, uint32_t number,
                                           const atp_posting_t *posting)
{
    return subscriber->confirms
               ? posting->number > subscriber->from && (posting->confirmed >> number & 1) == 0
               : posting->number > subscriber->acknowledged;
}

#endif

/* A command in words: what a client asks or a source tells, with its names as text, and the answer to it.
 *
 * The client library takes it, the wire carries it, the daemon turns it into an op record
 * (engine/ledger/ops/op.h), the ledger answers with a result. Which fields a kind uses is said at the kind;
 * fields it does not use are zero.
 *
 * Times are milliseconds since 1970-01-01 UTC; 0 means "not given". */
#ifndef ATP_BASE_COMMAND_H
#define ATP_BASE_COMMAND_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/base/verdict.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_OPS_PER_MESSAGE_MAX   8192 /* ops, and lines of all its ops together, in one message */
#define ATP_LINES_PER_OP_MAX      1024 /* lines of one reservation or step */
#define ATP_OP_KIND_LIMIT         64
#define ATP_FIELD_DIGESTS_PER_OP  8
#define ATP_ATTRIBUTES_PER_OP_MAX 1024 /* see engine/base/attribute.h */

/* Frozen numbers: they are on the wire and in the journal. Kinds below ATP_FIRST_CLIENT_KIND are the
 * engine's own and are refused from outside. */
typedef enum atp_op_kind {
    ATP_OP_GENESIS = 1,    /* first op of a ledger: its configuration (engine/ledger/config.h) */
    ATP_OP_CONFIGURE = 2,  /* a later configuration */
    ATP_OP_PULSE = 3,      /* time passes: expire what is due, a bounded number */
    ATP_OP_SETTLE = 4,     /* expire what is due on one position, because a reader asks */
    ATP_OP_CLIENT = 5,     /* a client name is seen for the first time */
    ATP_OP_SOURCE = 6,     /* opens a numbered batch of facts: name = source, epoch, sequence */
    ATP_OP_QUARANTINE = 7, /* what a source sent and nobody could read: engine/ledger/facts/quarantine.h */

    ATP_FIRST_CLIENT_KIND = 16,
    ATP_OP_SKU = 16,     /* create or change a SKU: sku, name, scale */
    ATP_OP_NODE = 17,    /* create or change a node: node, name, state */
    ATP_OP_CHANNEL = 18, /* create or change a channel: channel, ttl_ms (its default) */
    ATP_OP_SAFETY = 19,  /* set the safety stock of one position: one line, qty >= 0 */
    ATP_OP_LIMIT =
        21, /* how many units a position (or a SKU, in a channel or in all) may be promised beyond stock: one line */
    ATP_OP_GROUP =
        20, /* create a group of nodes or replace its members: subject, nodes in order of preference */
    ATP_OP_KIT = 24, /* subject, lines: the components of one whole kit, without node; none: a kit no more */

    /* Supply: the subject is the id of the supply or transfer. */
    ATP_OP_SUPPLY = 25, /* create or change: at most one line, the whole quantity; due, status */
    ATP_OP_TRANSFER =
        26, /* one line, at the source: allocated there and on its way to another node, in one op */
    ATP_OP_TRANSFER_SHIP = 27,    /* at most one qty (without: all that is left): it has left the source */
    ATP_OP_TRANSFER_RECEIVE = 28, /* as receive_supply */
    ATP_OP_TRANSFER_CANCEL = 29,  /* what has not left the source */
    ATP_OP_RULE = 22,  /* create, change or drop a rule of a channel: subject; see its attributes */
    ATP_OP_QUOTA = 23, /* create, change or drop a quota: subject; see its attributes */

    ATP_OP_RESERVE = 32,  /* id is the reservation's id; channel, owner, ttl_ms, mode, lines */
    ATP_OP_EXTEND = 33,   /* reservation, ttl_ms from now */
    ATP_OP_ALLOCATE = 34, /* reservation, lines; a line allocated in part frees its rest at once */
    ATP_OP_RELEASE = 35,  /* reservation, lines: reserved units only */
    ATP_OP_CANCEL = 36,   /* reservation, lines: allocated units only */
    ATP_OP_SHIP = 37,     /* reservation, lines. As a fact the reservation may be empty or over */
    ATP_OP_PICK = 38,     /* reservation, lines: allocated units */
    ATP_OP_PACK = 39,     /* reservation, lines: picked or allocated units */
    ATP_OP_DELIVER = 40,  /* reservation, lines: units that left have arrived */
    ATP_OP_RETURN = 41,   /* reservation or none, lines: at which node units came back; disposition */
    ATP_OP_RECONCILE =
        42, /* reservation, lines: the ERP has booked what left, or what came back; or its postings */
    ATP_OP_SHORT = 43, /* reservation, lines: the node cannot fulfil allocated, picked or packed units */
    ATP_OP_REASSIGN =
        44, /* reservation, lines (qty 0: all of it): reserved and allocated units go to other nodes */
    /* subject: a complete set of counts is coming; basis, and what it includes of whom. Lines: counts of it, each taken where
     * the ledger agrees with it, and left alone where it does not: ATP_COUNT_... */
    ATP_OP_FEED = 45,
    ATP_OP_EDIT = 46, /* reservation, lines: what each is to have reserved; 0 takes it out */

    ATP_OP_RECEIVE = 48, /* one line, qty > 0: on-hand up */
    ATP_OP_SALE = 49,    /* one line, qty > 0: sold over the counter, on-hand down */
    ATP_OP_ADJUST = 50,  /* one line, qty signed, bucket, reason */
    ATP_OP_DISPOSE = 55, /* one line, qty > 0: unavailable units are restocked or scrapped; disposition */
    ATP_OP_REGISTER_SOURCE =
        56, /* subject: a source; what it claims, how it is treated; what is not said stays. See its attributes */
    ATP_OP_ALIAS = 57,     /* subject: another name of a SKU or node; told_by, sku or node, dropped */
    ATP_OP_MERGE_SKU = 58, /* subject: a SKU that is another one, `sku`, from now on */
    ATP_OP_UNIT = 59,  /* subject: a unit of quantities; of one SKU or of all: told_by, is, for, dropped */
    ATP_OP_COUNT = 51, /* one line, qty: the bucket is this much now, or as of its feed; variance is booked */
    ATP_OP_SETTLE_EXCEPTION =
        60, /* subject: its number; lines: the fact's, as they should have been; settle or edit, cause */
    ATP_OP_SUBSCRIBER = 61, /* create, change or drop who hears postings: subject; see its attributes */
    ATP_OP_SUBSCRIBER_POSITION = 62, /* subject: it has all postings up to the one acknowledged */
    ATP_OP_EXCEPTION_OWNER =
        63, /* create, change or drop who settles exceptions: subject; see its attributes */
    ATP_OP_RECEIVE_SUPPLY = 52 /* subject, one line, qty > 0: supply down and on-hand up */
} atp_op_kind_t;

typedef enum atp_reserve_mode {
    ATP_RESERVE_ALL_OR_NOTHING = 0,
    ATP_RESERVE_PARTIAL = 1,   /* each line takes what there is, down to nothing on some lines but not all */
    ATP_RESERVE_TRACK_ONLY = 2 /* sold already, elsewhere: granted whatever there is */
} atp_reserve_mode_t;

/* How the customer gets the goods. A channel may have a group of nodes for each. */
typedef enum atp_method { ATP_METHOD_SHIP = 0, ATP_METHOD_PICKUP = 1, ATP_METHOD_COUNT } atp_method_t;

typedef enum atp_node_state {
    ATP_NODE_OPEN = 0,     /* promises and ships */
    ATP_NODE_PAUSED = 1,   /* promises nothing for now */
    ATP_NODE_DRAINING = 2, /* ships what it owes, promises nothing */
    ATP_NODE_CLOSED = 3
} atp_node_state_t;

/* What becomes of promises that stock shrank under. */
typedef enum atp_over_commitment {
    ATP_OVER_COMMITMENT_PERSON = 1, /* a person settles it */
    ATP_OVER_COMMITMENT_BACKORDER = 2,
    ATP_OVER_COMMITMENT_CANCEL = 3,
    ATP_OVER_COMMITMENT_RE_SOURCE = 4 /* other nodes serve them; what cannot be is left to a person */
} atp_over_commitment_t;

/* What a channel does at nodes whose source of counts is silent. */
typedef enum atp_on_stale {
    ATP_ON_STALE_GO_ON = 0,
    ATP_ON_STALE_BUFFER = 1,
    ATP_ON_STALE_STOP = 2
} atp_on_stale_t;

/* What becomes of an exception. */
typedef enum atp_settle {
    ATP_SETTLE_REPLAY = 0,
    ATP_SETTLE_DISCARD = 1,
    ATP_SETTLE_EDIT = 2 /* it stays open; a replay applies its fact as it was put right */
} atp_settle_t;

/* Whether units that a node cannot fulfil are there. */
typedef enum atp_goods { ATP_GOODS_MISSING = 0, ATP_GOODS_THERE = 1 } atp_goods_t;

/* What becomes of units that a node cannot fulfil. */
typedef enum atp_on_short {
    ATP_ON_SHORT_PERSON = 1,   /* they are short, and an exception tells it */
    ATP_ON_SHORT_RE_SOURCE = 2 /* other nodes serve them; the rest is short */
} atp_on_short_t;

/* What became of a count that was told as a line of its feed: the line's quantity in the answer. */
typedef enum atp_count_line {
    ATP_COUNT_LEFT = 0,     /* nothing: the ledger does not agree, or cannot tell. To be told as a count */
    ATP_COUNT_AGREES = 1,   /* counted */
    ATP_COUNT_CORRECTED = 2 /* counted before, by a count of this very feed that corrected the bucket */
} atp_count_line_t;

typedef enum atp_bucket {
    ATP_BUCKET_ON_HAND = 0,
    ATP_BUCKET_UNAVAILABLE = 1 /* damaged or on quality hold: part of on-hand that cannot be sold */
} atp_bucket_t;

typedef enum atp_reason {
    ATP_REASON_NONE = 0,
    ATP_REASON_CORRECTION = 1,
    ATP_REASON_DAMAGE = 2,
    ATP_REASON_LOSS = 3,
    ATP_REASON_FOUND = 4,
    ATP_REASON_RETURN = 5,
    ATP_REASON_CYCLE_COUNT = 6,
    ATP_REASON_COUNT
} atp_reason_t;

/* A field at fault, or in conflict. Frozen numbers. */
typedef enum atp_field {
    ATP_FIELD_NONE = 0,
    ATP_FIELD_KIND = 1,
    ATP_FIELD_ID = 2,
    ATP_FIELD_ISSUED = 3,
    ATP_FIELD_RESERVATION = 4,
    ATP_FIELD_CHANNEL = 5,
    ATP_FIELD_OWNER = 6,
    ATP_FIELD_TTL = 7,
    ATP_FIELD_OPTION = 8, /* mode, state, bucket, reason, scale */
    ATP_FIELD_SKU = 9,
    ATP_FIELD_NODE = 10,
    ATP_FIELD_QTY = 11,
    ATP_FIELD_LINES = 12,
    ATP_FIELD_NAME = 13,
    ATP_FIELD_SOURCE = 14,
    ATP_FIELD_EPOCH = 15,
    ATP_FIELD_SEQUENCE = 16,
    ATP_FIELD_CLIENT = 17,
    ATP_FIELD_TOKEN = 18,
    ATP_FIELD_CORRELATION = 19,
    ATP_FIELD_SUBJECT = 20,
    ATP_FIELD_ATTRIBUTE = 21,
    ATP_FIELD_COUNT
} atp_field_t;

/* "sku", "qty", ...; NULL for a number that is no field. */
const char *atp_field_name(unsigned field);
/* "reserve", "ship", ...; NULL for a number that is no kind. */
const char *atp_op_kind_name(unsigned kind);
/* "open", "paused", "draining", "closed"; NULL for a number that is no state. */
const char *atp_node_state_name(unsigned state);
/* "none", "correction", ...; NULL for a number that is no reason. */
const char *atp_reason_name(unsigned reason);

/* A key and a value that belong to the op, or to one of its lines: engine/base/attribute.h. */
#define ATP_WHOLE_OP UINT16_MAX

typedef struct atp_attribute {
    uint8_t key;      /* atp_attribute_key_t */
    uint8_t decimals; /* of a quantity */
    uint16_t line;    /* index of its line, or ATP_WHOLE_OP */
    int64_t number;   /* number, choice, time in ms, or mantissa of a quantity */
    atp_text_t text;  /* id or text */
} atp_attribute_t;

/* One SKU at one node and how many of it. The quantity is mantissa * 10^-decimals, brought to the SKU's
 * scale by the ledger, exactly or not at all. Without a node ("") the ledger chooses, where the kind allows it. */
typedef struct atp_command_line {
    atp_text_t sku;
    atp_text_t node;
    atp_qty_t mantissa;
    uint8_t decimals;
} atp_command_line_t;

typedef struct atp_command {
    atp_op_kind_t kind;
    bool is_fact;      /* told by an authority: applied whatever the reservations say */
    uint8_t option;    /* mode of reserve, state of node, bucket of adjust and count, scale of sku */
    uint8_t reason;    /* atp_reason_t, of adjust and count */
    atp_text_t id;     /* identity of this request, chosen by the client; reserve: the reservation's id */
    int64_t issued_ms; /* when the client first issued this id */
    atp_text_t reservation;
    atp_text_t subject; /* what the op is about where that is neither reservation, SKU, node nor channel */
    atp_text_t channel;
    atp_text_t owner;
    atp_text_t name;   /* display name of a SKU or node; source of ATP_OP_SOURCE */
    int64_t ttl_ms;    /* 0 = the channel's, else the default */
    uint64_t epoch;    /* of ATP_OP_SOURCE, from 1 */
    uint64_t sequence; /* of ATP_OP_SOURCE, from 1 */
    uint32_t line_count;
    const atp_command_line_t *lines;
    uint32_t attribute_count;
    const atp_attribute_t *attributes;
    atp_text_t
        correlation; /* what ties it to what else was done for the same end; "" = none. No part of its content */
    bool
        explains; /* its answer is to have the account by which it was decided. No part of its content, either */
} atp_command_t;

/* The answer to one op. */
typedef struct atp_result {
    uint64_t op;   /* number of the op that decided; of the first one when an id is asked again; 0 if none */
    atp_qty_t qty; /* units granted or moved, over all lines when their scales are equal, else 0 */
    int64_t deadline_ms; /* when the reservation expires; 0 = never, or not a reservation */
    int64_t ready_ms;    /* when all of it is ready; 0 = at once. Of a feed: when it was told first */
    uint8_t verdict;     /* atp_verdict_t */
    uint8_t field;       /* atp_field_t at fault */
    uint8_t scale;       /* of qty */
    uint8_t is_repeat;   /* 1: this id had been answered before, this is that answer */
    uint16_t line;       /* index of the line at fault */
    uint16_t line_count; /* how many per-line quantities follow (grants), 0 where they say nothing more */
    uint16_t plan_count; /* how many lines of a plan follow them: where the ledger chose the nodes */
    uint8_t
        is_stale; /* 1: a node that was asked has a silent source, and the channel's rule for that decided there */
    uint8_t
        key; /* atp_attribute_key_t at fault, where the field is ATP_FIELD_ATTRIBUTE and one attribute is to blame; else 0 */
    /* of an answer over the wire to a command that explains: how many parts its account has (engine/base/explain.h), and whether
     * there were more */
    uint16_t part_count;
    uint8_t is_cut;
    uint8_t is_of_line; /* 1: the attribute at fault is that line's own; else the op's */
} atp_result_t;         /* without padding: answers are compared byte by byte */

/* One per-line quantity of an answer: what the line was granted, or moved by the step. Or one line of a plan: what one
 * node gives to a line that left the node open. */
typedef struct atp_grant {
    atp_qty_t qty;
    uint8_t scale;
    /* of a plan only */
    uint16_t line; /* index of the line it serves */
    uint16_t node; /* inside the engine: their numbers */
    uint32_t sku;
    atp_text_t sku_id; /* outside: their ids */
    atp_text_t node_id;
} atp_grant_t;

#define ATP_SPLITS_PER_LINE_MAX 16 /* nodes that may serve one line */
#define ATP_GRANTS_PER_OP_MAX   (2 * ATP_LINES_PER_OP_MAX)

#endif

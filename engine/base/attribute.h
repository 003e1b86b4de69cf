/* Attributes: what an op may say beyond the fields that every op has.
 *
 * An attribute is a key and a value, of the whole op or of one of its lines. All keys are in one table, and so is which
 * kind of op takes which: the wire, the ledger, the command line and docs/protocol.md read these two tables, there
 * is no other list.
 *
 * Numbers are frozen: they are on the wire and in the journal. Keys are added, never renumbered or reused.
 *
 * Threads     pure. */
#ifndef ATP_BASE_ATTRIBUTE_H
#define ATP_BASE_ATTRIBUTE_H

#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

/* What the value of a key is. */
typedef enum atp_attribute_type {
    ATP_ATTRIBUTE_NUMBER = 1, /* an integer within the key's range */
    ATP_ATTRIBUTE_CHOICE,     /* the number of a word of the key's list, from 0 */
    ATP_ATTRIBUTE_TIME,       /* milliseconds since 1970-01-01 UTC; 0 = not given */
    ATP_ATTRIBUTE_QTY,        /* an exact quantity, 0 or more */
    ATP_ATTRIBUTE_ID,         /* 1 to 64 bytes, as any id */
    ATP_ATTRIBUTE_TEXT        /* up to 255 bytes */
} atp_attribute_type_t;

/* X(number, NAME, name, TYPE, least, most, words of a choice, what it says) */
#define ATP_ATTRIBUTES(X)                                                                                    \
    X(1, NODE, "node", ID, 0, 0, "", "a node, in order of preference where several are given")               \
    X(2, GROUP, "group", ID, 0, 0, "", "a group of nodes")                                                   \
    X(3, COST, "cost", NUMBER, 0, ATP_QTY_MAX, "",                                                           \
      "what serving an order from the node named before it costs")                                           \
    X(4, METHOD, "method", CHOICE, 0, 0, "ship|pickup", "how the customer gets the goods")                   \
    X(5, SHIP_GROUP, "ship_group", ID, 0, 0, "", "the group whose nodes serve what is shipped")              \
    X(6, PICKUP_GROUP, "pickup_group", ID, 0, 0, "", "the group whose nodes serve what is picked up")        \
    X(7, STRATEGY, "strategy", CHOICE, 0, 0, "priority|fewest|stock|cost|balance", "which nodes come first") \
    X(8, SPLIT, "split", CHOICE, 0, 0, "yes|no|together",                                                    \
      "whether several nodes serve a line, or one all lines")                                                \
    X(9, SPLITS, "splits", NUMBER, 1, 16, "", "nodes that serve one line at most")                           \
    X(10, SPLIT_LEAST, "split_least", QTY, 0, 0, "", "the least that one of several nodes gives")            \
    X(11, ON_SHORT, "on_short", CHOICE, 0, 0, "unset|person|re_source",                                      \
      "what becomes of units that a node cannot fulfil")                                                     \
    X(12, GOODS, "goods", CHOICE, 0, 0, "missing|there",                                                     \
      "whether what a node cannot fulfil is there after all")                                                \
    X(16, MULTIPLE, "multiple", QTY, 0, 0, "", "grant whole multiples of this only")                         \
    X(17, REPLACES, "replaces", ID, 0, 0, "", "the reservation that this one takes the place of")            \
    X(18, EXPECTED_VERSION, "expected_version", NUMBER, 1, INT64_MAX, "", "the version that is changed")     \
    X(19, PRIORITY, "priority", NUMBER, 0, 7, "",                                                            \
      "who comes first when there is too little: 7 first, 3 if not given")                                   \
    X(20, MINIMUM, "minimum", QTY, 0, 0, "", "the least quantity of a line; 0 = none")                       \
    X(21, MAXIMUM, "maximum", QTY, 0, 0, "", "the greatest quantity of a line; 0 = none")                    \
    X(22, INCREMENT, "increment", QTY, 0, 0, "", "a line is a whole multiple of this; 0 = of anything")      \
    X(23, TTL, "ttl_ms", NUMBER, 1, INT64_MAX, "", "lives so long from now")                                 \
    X(24, UNLIMITED, "unlimited", CHOICE, 0, 0, "no|yes",                                                    \
      "as many as anybody wants, whatever the quantity says")                                                \
    X(25, FOR_SALE, "for_sale", CHOICE, 0, 0, "no|yes",                                                      \
      "whether anything of the position is promised at all")                                                 \
    X(26, OVER_COMMITMENT, "over_commitment", CHOICE, 0, 0, "unset|person|backorder|cancel|re_source",       \
      "what becomes of promises that stock shrank under")                                                    \
    X(32, CHANNEL, "channel", ID, 0, 0, "", "the channel it is for")                                         \
    X(33, SKU, "sku", ID, 0, 0, "", "the SKU it is for")                                                     \
    X(34, TAG, "tag", ID, 0, 0, "", "a mark that several SKUs share")                                        \
    X(35, STATE, "state", CHOICE, 0, 0, "open|paused", "a paused channel promises nothing")                  \
    X(36, BUFFERS, "buffers", CHOICE, 0, 0, "stacked|first_match",                                           \
      "whether buffers add up or the first rule counts")                                                     \
    X(37, BUFFER, "buffer", QTY, 0, 0, "", "units held back from the channel")                               \
    X(38, BUFFER_PERCENT, "buffer_percent", NUMBER, 0, 100, "",                                              \
      "held back of stock and consumption, rounded down")                                                    \
    X(39, EXCLUDED, "excluded", CHOICE, 0, 0, "no|yes", "yes: the channel does not sell it")                 \
    X(40, THRESHOLD, "threshold", QTY, 0, 0, "", "the last units that are never promised to the channel")    \
    X(41, CAP, "cap", QTY, 0, 0, "", "the most that one reservation takes of a SKU")                         \
    X(42, ORDER, "order", NUMBER, 0, 65535, "", "which rule comes first: the lowest")                        \
    X(43, DROPPED, "dropped", CHOICE, 0, 0, "no|yes", "yes: it is no more")                                  \
    X(44, PARENT, "parent", ID, 0, 0, "", "the quota that this one is a part of")                            \
    X(45, GUARANTEED, "guaranteed", QTY, 0, 0, "", "units kept for it while it does not use them")           \
    X(46, AMOUNT, "amount", QTY, 0, 0, "", "the most it may have out: a fixed number")                       \
    X(47, PERCENT, "percent", NUMBER, 0, 100, "", "the most it may have out: of its parent, rounded down")   \
    X(48, REMAINDER, "remainder", CHOICE, 0, 0, "no|yes", "yes: it may have what its siblings do not claim") \
    X(49, BORROWS, "borrows", CHOICE, 0, 0, "no|yes",                                                        \
      "yes: beyond its own it takes what its parent has to spare")                                           \
    X(50, PERIOD, "period_ms", NUMBER, 1, 31622400000, "",                                                   \
      "a cap: what it takes counts until the period ends")                                                   \
    X(51, SHORTAGE, "shortage", CHOICE, 0, 0, "keep|re_source",                                              \
      "re_source: promises short at a node count against the group")                                         \
    X(52, UNTAGGED, "untagged", CHOICE, 0, 0, "no|yes",                                                      \
      "yes: the SKU has no tags any more; else those not told stay")                                         \
    X(53, LOW, "low", QTY, 0, 0, "", "at or below this the channel is low on it")                            \
    X(54, LOW_CLEAR, "low_clear", QTY, 0, 0, "", "from this on it is low no more; else from just above low") \
    X(56, START, "start", TIME, 0, 0, "", "from when on a component belongs to its kit; else from ever")     \
    X(57, END, "end", TIME, 0, 0, "", "from when on it does no more; else for ever")                         \
    X(64, DUE, "due", TIME, 0, 0, "", "the day on which it is expected, in UTC")                             \
    X(65, SUPPLY_KIND, "supply_kind", CHOICE, 0, 0, "purchase_order|asn|production|transfer",                \
      "what a supply comes from")                                                                            \
    X(66, SUPPLY_STATUS, "supply_status", CHOICE, 0, 0, "open|cancelled", "what becomes of a supply")        \
    X(67, FINAL, "final", NUMBER, 0, 1, "", "1: nothing more will come of it, the rest is closed")           \
    X(68, NEEDED_BY, "needed_by", TIME, 0, 0, "", "may be promised from supply due by that day, in UTC")     \
    X(69, TO, "to", ID, 0, 0, "", "the node that a transfer goes to")                                        \
    X(96, ORDER_ID, "order_id", ID, 0, 0, "", "the order that it is for, as its own system calls it")        \
    X(97, DISPOSITION, "disposition", CHOICE, 0, 0, "restock|quarantine|damaged|scrap",                      \
      "what becomes of units that came back or were set aside")                                              \
    X(80, TIME_ZONE, "time_zone", TEXT, 0, 0, "",                                                            \
      "a rule as in TZ: CET-1CEST,M3.5.0,M10.5.0/3; UTC if empty")                                           \
    X(81, CUT_OFF, "cut_off", NUMBER, 0, 1440, "",                                                           \
      "minute of the node's day from which an order counts for the next day")                                \
    X(82, WORKING_DAYS, "working_days", NUMBER, 1, 127, "",                                                  \
      "days of the week that are worked: 1 = Sunday, 2 = Monday, 4, ... added up")                           \
    X(83, CLOSED_DAY, "closed_day", NUMBER, 0, 99991231, "",                                                 \
      "a day that is not worked, as 20261225; 0 alone = none")                                               \
    X(84, HANDLING_DAYS, "handling_days", NUMBER, 0, 30, "",                                                 \
      "working days from the order's day until it is ready")                                                 \
    X(85, READY_MINUTE, "ready_minute", NUMBER, 0, 1440, "",                                                 \
      "minute of the day at which what is ready that day is ready")                                          \
    X(86, CAPACITY_UNITS, "capacity_units", QTY, 0, 0, "",                                                   \
      "units the node can make ready a day; 0 = no limit")                                                   \
    X(87, CAPACITY_ORDERS, "capacity_orders", NUMBER, 0, 1000000000, "",                                     \
      "orders the node can make ready a day; 0 = no limit")                                                  \
    X(150, CAPACITY_DAY, "capacity_day", NUMBER, 19700101, 99991231, "",                                     \
      "capacity_units and capacity_orders are of that day alone, as 20261224; without them it is as others") \
    X(88, READY_BY, "ready_by", TIME, 0, 0, "",                                                              \
      "a later day will do, as long as it is ready at the node by then")                                     \
    X(99, SOURCE_KIND, "source_kind", CHOICE, 0, 0,                                                          \
      "erp|wms|pos|marketplace|store|3pl|supplier|returns|oms", "what system a source is")                   \
    X(100, CLASS, "class", CHOICE, 0, 0, "live|urgent|bulk", "which queue the facts of a source go through") \
    X(101, RATE, "rate", NUMBER, 0, 1000000000, "", "facts a second that a source may send; 0 = no limit")   \
    X(102, SLA, "sla_ms", NUMBER, 0, 31622400000, "",                                                        \
      "a source that is not heard for so long is silent; 0 = it may be")                                     \
    X(103, BREAKER, "breaker", NUMBER, 0, 1000000000, "",                                                    \
      "more facts than this that cannot be applied within the window pause a source; 0 = never")             \
    X(104, SETTLE, "settle", CHOICE, 0, 0, "replay|discard|edit", "what becomes of an exception")            \
    X(105, CAUSE, "cause", TEXT, 0, 0, "", "why; needed to discard and to edit")                             \
    X(106, RESERVATION, "reservation", ID, 0, 0, "", "the reservation that the fact should have named")      \
    X(108, BASIS, "basis", CHOICE, 0, 0,                                                                     \
      "on_hand|less_picked|less_allocated|sellable|available|with_inbound|less_outbound",                    \
      "what the counts of a feed are of: all on hand, or without what is picked, or allocated, for orders; " \
      "or without what is unavailable, and without that and what is allocated; or with what transfers have " \
      "on the road to it, or without what they have still to take away")                                     \
    X(109, AS_OF, "as_of", TIME, 0, 0, "", "the counts of a feed include what had happened by then")         \
    X(110, INCLUDES, "includes", ID, 0, 0, "",                                                               \
      "a source whose facts the counts of a feed include up to the epoch and number that follow it")         \
    X(111, EPOCH, "epoch", NUMBER, 1, INT64_MAX, "", "of the source named before it")                        \
    X(151, EXPLAIN, "explain", CHOICE, 0, 0, "no|yes",                                                       \
      "the answer has the account by which it was decided; no part of its content")                          \
    X(160, SEQUENCE, "sequence", NUMBER, 0, INT64_MAX, "", "of the source named before it; 0 = nothing yet") \
    X(162, VALUE, "value", QTY, 0, 0, "",                                                                    \
      "what one unit of a SKU is worth, in the money the books are kept in, with up to 6 decimals; 0 = it "  \
      "is not said")                                                                                         \
    X(161, FEED, "feed", ID, 0, 0, "", "the feed that a count is of")                                        \
    X(170, BUCKET, "bucket", CHOICE, 0, 0, "on_hand|unavailable", "what the lines of a feed count")          \
    X(175, DOCUMENT, "document", ID, 0, 0, "",                                                               \
      "the interchange or IDoc that is told, or all of which was: nothing changes, the id of the op is "     \
      "remembered")                                                                                          \
    X(190, CONTENT, "content", NUMBER, 0, INT64_MAX, "",                                                     \
      "stands for what that document says; the answer, then and later, has it as its quantity")              \
    X(107, UNIT, "unit", ID, 0, 0, "", "what the quantity is counted in; else in the SKU's own unit")        \
    X(140, NUMERATOR, "is", NUMBER, 1, 1000000000000, "",                                                    \
      "how many of the SKU's own unit it is; 1 if not given")                                                \
    X(141, DENOMINATOR, "for", NUMBER, 1, 1000000000000, "", "for so many of it; 1 if not given")            \
    X(143, UNKNOWN_NAMES, "unknown_names", CHOICE, 0, 0, "unset|refuse|park|create",                         \
      "what becomes of its facts that name an unknown SKU or node")                                          \
    X(142, TOLD_BY, "told_by", ID, 0, 0, "",                                                                 \
      "the source or client whose it is, else of all; of a fact: whose unit it is counted in")               \
    X(120, POSTS, "posts", CHOICE, 0, 0,                                                                     \
      "reserved|released|cancelled|allocated|shipped|returned|adjusted|counted|sold|received",               \
      "a kind of posting that a subscriber hears; all if none is told")                                      \
    X(121, POSTING_RATE, "posting_rate", NUMBER, 0, 10000000, "",                                            \
      "postings a second that a subscriber is given at most; 0 = any")                                       \
    X(122, POSTING_SLA, "posting_sla_ms", NUMBER, 0, 31622400000, "",                                        \
      "a posting is settled within so long, else an exception tells it; 0 = whenever")                       \
    X(123, BEGIN, "begin", CHOICE, 0, 0, "now|oldest", "where a new subscriber begins")                      \
    X(180, WHEN_FULL, "when_full", CHOICE, 0, 0, "lose|wait",                                                \
      "what it has not heard makes room, and an exception tells it; or new promises wait")                   \
    X(181, CONFIRMS, "confirms", CHOICE, 0, 0, "no|yes",                                                     \
      "whether postings are settled when confirmed, or when acknowledged")                                   \
    X(182, ACKNOWLEDGED, "acknowledged", NUMBER, 0, INT64_MAX, "",                                           \
      "number of a posting: it and all before it have arrived")                                              \
    X(183, POSTING, "posting", ID, 0, 0, "", "the key of a posting that is booked")                          \
    X(184, SUBSCRIBER, "subscriber", ID, 0, 0, "", "who has booked it")                                      \
    X(112, CORRELATION, "correlation", ID, 0, 0, "",                                                         \
      "ties the op to what else is done for the same end; no part of its content")                           \
    X(113, EXCEPTION_KIND, "exception_kind", ID, 0, 0, "", "a kind of exception, by its name")               \
    X(114, SOURCE, "source", ID, 0, 0, "", "a source of facts")                                              \
    X(115, EXCEPTION_SLA, "exception_sla_ms", NUMBER, 0, 31622400000, "",                                    \
      "an exception is settled within so long, else it is overdue; 0 = whenever")                            \
    X(128, BREAKER_WINDOW, "breaker_window_ms", NUMBER, 1000, 2678400000, "",                                \
      "the time in which they are counted; a minute if not given")                                           \
    X(129, RESTARTS, "restarts", CHOICE, 0, 0, "allowed|asked",                                              \
      "asked: a source that starts over is paused until a person resumes it")                                \
    X(130, CLAIM, "claim", CHOICE, 0, 0,                                                                     \
      "on_hand|unavailable|receipts|sales|steps|returns|adjustments|supply|catalogue",                       \
      "what a source is the authority for: at the nodes and groups named behind it, or everywhere")          \
    X(131, SHARED, "shared", CHOICE, 0, 0, "no|yes",                                                         \
      "yes: other sources may claim the same, if they share it as well; of the claim before it")             \
    X(132, SHADOW_OF, "shadow_of", ID, 0, 0, "",                                                             \
      "the source that this one is compared with; what it tells is not applied")                             \
    X(133, ON_STALE, "on_stale", CHOICE, 0, 0, "go_on|buffer|stop",                                          \
      "what a channel does at nodes whose source of counts is silent")                                       \
    X(134, STALE_BUFFER, "stale_buffer", QTY, 0, 0, "", "buffer: units held back at each such node")         \
    X(135, STALE_PERCENT, "stale_percent", NUMBER, 0, 100, "",                                               \
      "buffer: held back of what is on hand at each such node, rounded up")                                  \
    X(136, CUT_OVER, "cut_over", CHOICE, 0, 0, "no|yes",                                                     \
      "yes: a shadow is applied from now on, and the source that it was compared with is its shadow")

typedef enum atp_attribute_key {
    ATP_KEY_NONE = 0,
#define ATP_ATTRIBUTE_ENUM(number, NAME, name, type, least, most, words, sentence) ATP_KEY_##NAME = number,
    ATP_ATTRIBUTES(ATP_ATTRIBUTE_ENUM)
#undef ATP_ATTRIBUTE_ENUM
        ATP_KEY_LIMIT = 192 /* every key is below */
} atp_attribute_key_t;

/* How a kind of op takes a key. */
#define ATP_TAKES_ONE       0x01u /* once for the whole op */
#define ATP_TAKES_MANY      0x02u /* any number of times for the whole op; their order counts */
#define ATP_TAKES_NEEDED    0x04u /* the op must have it */
#define ATP_TAKES_LINE      0x08u /* once for each line */
#define ATP_TAKES_MANY_LINE 0x10u /* any number of times for each line; their order counts */

/* X(KIND, KEY, how): one row for each key that a kind takes. A kind with needed keys has a row (KIND, NONE, NEEDED) too.
 * Every kind that a client may send takes CORRELATION once, without a row. */
#define ATP_KIND_ATTRIBUTES(X)                                                                               \
    X(SKU, TAG, ATP_TAKES_MANY)                                                                              \
    X(SKU, UNTAGGED, ATP_TAKES_ONE)                                                                          \
    X(CHANNEL, STATE, ATP_TAKES_ONE)                                                                         \
    X(CHANNEL, BUFFERS, ATP_TAKES_ONE)                                                                       \
    X(CHANNEL, SHORTAGE, ATP_TAKES_ONE)                                                                      \
    X(RULE, CHANNEL, ATP_TAKES_ONE)                                                                          \
    X(RULE, SKU, ATP_TAKES_ONE)                                                                              \
    X(RULE, TAG, ATP_TAKES_ONE)                                                                              \
    X(RULE, BUFFER, ATP_TAKES_ONE)                                                                           \
    X(RULE, BUFFER_PERCENT, ATP_TAKES_ONE)                                                                   \
    X(RULE, EXCLUDED, ATP_TAKES_ONE)                                                                         \
    X(RULE, THRESHOLD, ATP_TAKES_ONE)                                                                        \
    X(RULE, LOW, ATP_TAKES_ONE)                                                                              \
    X(RULE, LOW_CLEAR, ATP_TAKES_ONE)                                                                        \
    X(RULE, CAP, ATP_TAKES_ONE)                                                                              \
    X(RULE, MINIMUM, ATP_TAKES_ONE)                                                                          \
    X(RULE, MAXIMUM, ATP_TAKES_ONE)                                                                          \
    X(RULE, INCREMENT, ATP_TAKES_ONE)                                                                        \
    X(RULE, ORDER, ATP_TAKES_ONE)                                                                            \
    X(RULE, DROPPED, ATP_TAKES_ONE)                                                                          \
    X(SUBSCRIBER, POSTS, ATP_TAKES_MANY)                                                                     \
    X(SUBSCRIBER, NODE, ATP_TAKES_MANY)                                                                      \
    X(SUBSCRIBER, GROUP, ATP_TAKES_ONE)                                                                      \
    X(SUBSCRIBER, POSTING_RATE, ATP_TAKES_ONE)                                                               \
    X(SUBSCRIBER, POSTING_SLA, ATP_TAKES_ONE)                                                                \
    X(SUBSCRIBER, BEGIN, ATP_TAKES_ONE)                                                                      \
    X(SUBSCRIBER, WHEN_FULL, ATP_TAKES_ONE)                                                                  \
    X(SUBSCRIBER, CONFIRMS, ATP_TAKES_ONE)                                                                   \
    X(SUBSCRIBER, DROPPED, ATP_TAKES_ONE)                                                                    \
    X(SUBSCRIBER_POSITION, NONE, ATP_TAKES_NEEDED)                                                           \
    X(SUBSCRIBER_POSITION, ACKNOWLEDGED, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                   \
    X(RECONCILE, POSTING, ATP_TAKES_MANY)                                                                    \
    X(RECONCILE, SUBSCRIBER, ATP_TAKES_ONE)                                                                  \
    X(QUOTA, PARENT, ATP_TAKES_ONE)                                                                          \
    X(QUOTA, SKU, ATP_TAKES_ONE)                                                                             \
    X(QUOTA, TAG, ATP_TAKES_ONE)                                                                             \
    X(QUOTA, CHANNEL, ATP_TAKES_ONE)                                                                         \
    X(QUOTA, GUARANTEED, ATP_TAKES_ONE)                                                                      \
    X(QUOTA, AMOUNT, ATP_TAKES_ONE)                                                                          \
    X(QUOTA, PERCENT, ATP_TAKES_ONE)                                                                         \
    X(QUOTA, REMAINDER, ATP_TAKES_ONE)                                                                       \
    X(QUOTA, BORROWS, ATP_TAKES_ONE)                                                                         \
    X(QUOTA, PERIOD, ATP_TAKES_ONE)                                                                          \
    X(QUOTA, DROPPED, ATP_TAKES_ONE)                                                                         \
    X(KIT, START, ATP_TAKES_LINE)                                                                            \
    X(KIT, END, ATP_TAKES_LINE)                                                                              \
    X(GROUP, NODE, ATP_TAKES_MANY)                                                                           \
    X(GROUP, COST, ATP_TAKES_MANY)                                                                           \
    X(CHANNEL, SHIP_GROUP, ATP_TAKES_ONE)                                                                    \
    X(CHANNEL, PICKUP_GROUP, ATP_TAKES_ONE)                                                                  \
    X(RESERVE, NODE, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                   \
    X(CHANNEL, STRATEGY, ATP_TAKES_ONE)                                                                      \
    X(CHANNEL, SPLIT, ATP_TAKES_ONE)                                                                         \
    X(CHANNEL, SPLITS, ATP_TAKES_ONE)                                                                        \
    X(RESERVE, COST, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                   \
    X(RESERVE, METHOD, ATP_TAKES_ONE)                                                                        \
    X(RESERVE, STRATEGY, ATP_TAKES_ONE)                                                                      \
    X(RESERVE, SPLIT, ATP_TAKES_ONE)                                                                         \
    X(RESERVE, SPLITS, ATP_TAKES_ONE)                                                                        \
    X(RESERVE, SPLIT_LEAST, ATP_TAKES_ONE)                                                                   \
    X(RESERVE, GROUP, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                        \
    X(NODE, ON_SHORT, ATP_TAKES_ONE)                                                                         \
    X(CHANNEL, ON_SHORT, ATP_TAKES_ONE)                                                                      \
    X(SHORT, GOODS, ATP_TAKES_ONE)                                                                           \
    X(REASSIGN, NODE, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                  \
    X(REASSIGN, COST, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                  \
    X(REASSIGN, GROUP, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                       \
    X(REASSIGN, METHOD, ATP_TAKES_ONE)                                                                       \
    X(REASSIGN, STRATEGY, ATP_TAKES_ONE)                                                                     \
    X(REASSIGN, SPLIT, ATP_TAKES_ONE)                                                                        \
    X(REASSIGN, SPLITS, ATP_TAKES_ONE)                                                                       \
    X(REASSIGN, SPLIT_LEAST, ATP_TAKES_ONE)                                                                  \
    X(REASSIGN, READY_BY, ATP_TAKES_ONE)                                                                     \
    X(REASSIGN, ORDER_ID, ATP_TAKES_ONE)                                                                     \
    X(RESERVE, EXPLAIN, ATP_TAKES_ONE)                                                                       \
    X(RESERVE, MULTIPLE, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                     \
    X(RESERVE, REPLACES, ATP_TAKES_ONE)                                                                      \
    X(RESERVE, PRIORITY, ATP_TAKES_ONE)                                                                      \
    X(NODE, OVER_COMMITMENT, ATP_TAKES_ONE)                                                                  \
    X(CHANNEL, OVER_COMMITMENT, ATP_TAKES_ONE)                                                               \
    X(LIMIT, CHANNEL, ATP_TAKES_ONE)                                                                         \
    X(LIMIT, UNLIMITED, ATP_TAKES_ONE)                                                                       \
    X(LIMIT, FOR_SALE, ATP_TAKES_ONE)                                                                        \
    X(EDIT, EXPECTED_VERSION, ATP_TAKES_ONE)                                                                 \
    X(EDIT, PRIORITY, ATP_TAKES_ONE)                                                                         \
    X(EDIT, TTL, ATP_TAKES_ONE)                                                                              \
    X(EDIT, METHOD, ATP_TAKES_ONE)                                                                           \
    X(EDIT, STRATEGY, ATP_TAKES_ONE)                                                                         \
    X(EDIT, SPLIT, ATP_TAKES_ONE)                                                                            \
    X(EDIT, SPLITS, ATP_TAKES_ONE)                                                                           \
    X(EDIT, NODE, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                      \
    X(EDIT, COST, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                      \
    X(EDIT, SPLIT_LEAST, ATP_TAKES_ONE)                                                                      \
    X(EDIT, GROUP, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                           \
    X(EDIT, MULTIPLE, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                        \
    X(EDIT, READY_BY, ATP_TAKES_ONE)                                                                         \
    X(EDIT, NEEDED_BY, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                       \
    X(SKU, MINIMUM, ATP_TAKES_ONE)                                                                           \
    X(SKU, MAXIMUM, ATP_TAKES_ONE)                                                                           \
    X(SKU, VALUE, ATP_TAKES_ONE)                                                                             \
    X(SKU, INCREMENT, ATP_TAKES_ONE)                                                                         \
    X(CHANNEL, MINIMUM, ATP_TAKES_ONE)                                                                       \
    X(CHANNEL, MAXIMUM, ATP_TAKES_ONE)                                                                       \
    X(CHANNEL, INCREMENT, ATP_TAKES_ONE)                                                                     \
    X(SUPPLY, DUE, ATP_TAKES_ONE)                                                                            \
    X(SUPPLY, SUPPLY_KIND, ATP_TAKES_ONE)                                                                    \
    X(SUPPLY, SUPPLY_STATUS, ATP_TAKES_ONE)                                                                  \
    X(RECEIVE_SUPPLY, FINAL, ATP_TAKES_ONE)                                                                  \
    X(RESERVE, ORDER_ID, ATP_TAKES_ONE)                                                                      \
    X(RELEASE, ORDER_ID, ATP_TAKES_ONE)                                                                      \
    X(CANCEL, ORDER_ID, ATP_TAKES_ONE)                                                                       \
    X(RETURN, DISPOSITION, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                   \
    X(DISPOSE, NONE, ATP_TAKES_NEEDED)                                                                       \
    X(DISPOSE, DISPOSITION, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                                \
    X(TRANSFER, NONE, ATP_TAKES_NEEDED)                                                                      \
    X(TRANSFER, TO, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                                        \
    X(TRANSFER, DUE, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                                       \
    X(TRANSFER_RECEIVE, FINAL, ATP_TAKES_ONE)                                                                \
    X(RESERVE, NEEDED_BY, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                    \
    X(NODE, TIME_ZONE, ATP_TAKES_ONE)                                                                        \
    X(NODE, CUT_OFF, ATP_TAKES_ONE)                                                                          \
    X(NODE, WORKING_DAYS, ATP_TAKES_ONE)                                                                     \
    X(NODE, CLOSED_DAY, ATP_TAKES_MANY)                                                                      \
    X(NODE, HANDLING_DAYS, ATP_TAKES_ONE)                                                                    \
    X(NODE, READY_MINUTE, ATP_TAKES_ONE)                                                                     \
    X(NODE, CAPACITY_UNITS, ATP_TAKES_ONE)                                                                   \
    X(NODE, CAPACITY_ORDERS, ATP_TAKES_ONE)                                                                  \
    X(NODE, CAPACITY_DAY, ATP_TAKES_ONE)                                                                     \
    X(RESERVE, READY_BY, ATP_TAKES_ONE)                                                                      \
    X(FEED, NONE, ATP_TAKES_NEEDED)                                                                          \
    X(FEED, BASIS, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                                         \
    X(FEED, AS_OF, ATP_TAKES_ONE)                                                                            \
    X(FEED, INCLUDES, ATP_TAKES_MANY)                                                                        \
    X(FEED, EPOCH, ATP_TAKES_MANY)                                                                           \
    X(FEED, SEQUENCE, ATP_TAKES_MANY)                                                                        \
    X(FEED, BUCKET, ATP_TAKES_ONE)                                                                           \
    X(FEED, DOCUMENT, ATP_TAKES_ONE)                                                                         \
    X(FEED, CONTENT, ATP_TAKES_ONE)                                                                          \
    X(COUNT, FEED, ATP_TAKES_ONE)                                                                            \
    X(MERGE_SKU, NONE, ATP_TAKES_NEEDED)                                                                     \
    X(MERGE_SKU, SKU, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                                      \
    X(ALIAS, SKU, ATP_TAKES_ONE)                                                                             \
    X(ALIAS, NODE, ATP_TAKES_ONE)                                                                            \
    X(ALIAS, TOLD_BY, ATP_TAKES_ONE)                                                                         \
    X(ALIAS, DROPPED, ATP_TAKES_ONE)                                                                         \
    X(UNIT, SKU, ATP_TAKES_ONE)                                                                              \
    X(UNIT, TOLD_BY, ATP_TAKES_ONE)                                                                          \
    X(UNIT, NUMERATOR, ATP_TAKES_ONE)                                                                        \
    X(UNIT, DENOMINATOR, ATP_TAKES_ONE)                                                                      \
    X(UNIT, DROPPED, ATP_TAKES_ONE)                                                                          \
    X(SAFETY, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                          \
    X(SUPPLY, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                          \
    X(RECEIVE_SUPPLY, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                  \
    X(TRANSFER, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                        \
    X(TRANSFER_SHIP, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                   \
    X(TRANSFER_RECEIVE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                \
    X(RESERVE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                         \
    X(EDIT, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                            \
    X(ALLOCATE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                        \
    X(RELEASE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                         \
    X(CANCEL, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                          \
    X(SHIP, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                            \
    X(PICK, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                            \
    X(PACK, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                            \
    X(DELIVER, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                         \
    X(RETURN, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                          \
    X(RECONCILE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                       \
    X(SHORT, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                           \
    X(DISPOSE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                         \
    X(RECEIVE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                         \
    X(RECEIVE, TOLD_BY, ATP_TAKES_ONE)                                                                       \
    X(SALE, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                            \
    X(SALE, TOLD_BY, ATP_TAKES_ONE)                                                                          \
    X(ADJUST, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                          \
    X(ADJUST, TOLD_BY, ATP_TAKES_ONE)                                                                        \
    X(COUNT, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                           \
    X(SETTLE_EXCEPTION, NONE, ATP_TAKES_NEEDED)                                                              \
    X(SETTLE_EXCEPTION, SETTLE, ATP_TAKES_ONE | ATP_TAKES_NEEDED)                                            \
    X(SETTLE_EXCEPTION, CAUSE, ATP_TAKES_ONE)                                                                \
    X(SETTLE_EXCEPTION, RESERVATION, ATP_TAKES_ONE)                                                          \
    X(SETTLE_EXCEPTION, UNIT, ATP_TAKES_ONE | ATP_TAKES_LINE)                                                \
    X(EXCEPTION_OWNER, EXCEPTION_KIND, ATP_TAKES_MANY)                                                       \
    X(EXCEPTION_OWNER, SOURCE, ATP_TAKES_MANY)                                                               \
    X(EXCEPTION_OWNER, NODE, ATP_TAKES_MANY)                                                                 \
    X(EXCEPTION_OWNER, GROUP, ATP_TAKES_MANY)                                                                \
    X(EXCEPTION_OWNER, EXCEPTION_SLA, ATP_TAKES_ONE)                                                         \
    X(EXCEPTION_OWNER, ORDER, ATP_TAKES_ONE)                                                                 \
    X(EXCEPTION_OWNER, DROPPED, ATP_TAKES_ONE)                                                               \
    X(CHANNEL, ON_STALE, ATP_TAKES_ONE)                                                                      \
    X(CHANNEL, STALE_BUFFER, ATP_TAKES_ONE)                                                                  \
    X(CHANNEL, STALE_PERCENT, ATP_TAKES_ONE)                                                                 \
    X(REGISTER_SOURCE, SOURCE_KIND, ATP_TAKES_ONE)                                                           \
    X(REGISTER_SOURCE, CLASS, ATP_TAKES_ONE)                                                                 \
    X(REGISTER_SOURCE, RATE, ATP_TAKES_ONE)                                                                  \
    X(REGISTER_SOURCE, SLA, ATP_TAKES_ONE)                                                                   \
    X(REGISTER_SOURCE, BREAKER, ATP_TAKES_ONE)                                                               \
    X(REGISTER_SOURCE, BREAKER_WINDOW, ATP_TAKES_ONE)                                                        \
    X(REGISTER_SOURCE, RESTARTS, ATP_TAKES_ONE)                                                              \
    X(REGISTER_SOURCE, CLAIM, ATP_TAKES_MANY)                                                                \
    X(REGISTER_SOURCE, SHARED, ATP_TAKES_MANY)                                                               \
    X(REGISTER_SOURCE, NODE, ATP_TAKES_MANY)                                                                 \
    X(REGISTER_SOURCE, GROUP, ATP_TAKES_MANY)                                                                \
    X(REGISTER_SOURCE, UNKNOWN_NAMES, ATP_TAKES_ONE)                                                         \
    X(REGISTER_SOURCE, SHADOW_OF, ATP_TAKES_ONE)                                                             \
    X(REGISTER_SOURCE, CUT_OVER, ATP_TAKES_ONE)                                                              \
    X(REGISTER_SOURCE, STATE, ATP_TAKES_ONE)                                                                 \
    X(REGISTER_SOURCE, DROPPED, ATP_TAKES_ONE)

/* One row of the table of keys; NULL for a number that is no key. */
typedef struct atp_attribute_rule {
    const char *name;
    const char *words; /* of a choice: "ship|pickup" */
    const char *sentence;
    int64_t least;
    int64_t most;
    uint8_t type; /* atp_attribute_type_t */
} atp_attribute_rule_t;

const atp_attribute_rule_t *atp_attribute_rule(unsigned key);

/* How `kind` takes `key`: ATP_TAKES_*, 0 = not at all. */
unsigned atp_attribute_takes(unsigned kind, unsigned key);

/* The key of that name, 0 if there is none. */
unsigned atp_attribute_find(atp_text_t name);

/* The word number `choice` of a choice (its size to `ret_word`); false if there is no such word. And back: the number
 * of a word, -1 if it is not one. */
bool atp_attribute_word(const atp_attribute_rule_t *rule, int64_t choice, atp_text_t *ret_word);
int64_t atp_attribute_choice(const atp_attribute_rule_t *rule, atp_text_t word);

/* Whether an op of that kind and so many lines takes this attribute: its key there, and its value. */
ATP_MUST_USE atp_verdict_t atp_attribute_check(unsigned kind, uint32_t line_count,
                                               const atp_attribute_t *attribute);

/* Whether the attributes of a command are such as its kind takes: known keys, values in range, lines that exist, those of
 * the op first, then by line, nothing twice that goes once, nothing missing. ATP_APPLIED, or the verdict with the key and line at fault (ATP_KEY_NONE: no one key; ATP_WHOLE_OP: of the op). */
ATP_MUST_USE atp_verdict_t atp_attributes_check(const atp_command_t *command, unsigned *ret_key,
                                                uint32_t *ret_line);

/* The first attribute of the command with that key for that line (ATP_WHOLE_OP: of the op); NULL if it has none. */
const atp_attribute_t *atp_attributes_find(const atp_command_t *command, unsigned key, unsigned line);

#endif

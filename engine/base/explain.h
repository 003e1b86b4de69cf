/* Explanations: what an availability figure is made of, part by part, and the rule that decided.
 *
 * An explanation is a list of parts in the order in which they are reckoned. A part has a stable code, a quantity, where it
 * is of one node the node, and a detail where there is more to say. Within one node it is a running account: PLUS adds, MINUS and
 * LIMIT take off, EQUALS is the result so far. The `free` parts of the nodes of a line make `all_nodes`, and the account goes
 * on from there. Of several lines that are one reserve each counts what those before it take, and the last part of all says what would
 * become of the whole. This holds always: what no other code names is `other_limit` or `other_room`.
 *
 * Codes are frozen numbers: added, never reused.
 *
 * Threads     pure. */
#ifndef ATP_BASE_EXPLAIN_H
#define ATP_BASE_EXPLAIN_H

#include "engine/base/qty.h"
#include "engine/base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* How a part enters. */
typedef enum atp_explain_effect {
    ATP_EXPLAIN_PLUS = 1, /* adds its quantity */
    ATP_EXPLAIN_MINUS,    /* takes its quantity off */
    ATP_EXPLAIN_EQUALS,   /* the result so far */
    ATP_EXPLAIN_LIMIT,    /* takes its quantity off, whatever there is */
    ATP_EXPLAIN_DECIDED   /* what came of it; the detail names the part that decided */
} atp_explain_effect_t;

/* X(number, NAME, name, EFFECT, sentence). */
#define ATP_EXPLANATIONS(X)                                                                                  \
    X(1, ON_HAND, "on_hand", PLUS, "what is physically there")                                               \
    X(2, UNAVAILABLE, "unavailable", MINUS, "damaged or on quality hold")                                    \
    X(3, RESERVED, "reserved", MINUS, "promised until a deadline")                                           \
    X(4, ALLOCATED, "allocated", MINUS, "promised firmly")                                                   \
    X(5, SAFETY, "safety", MINUS, "kept back by rule")                                                       \
    X(6, ATP, "atp", EQUALS, "what can be sold; below 0 where more is promised than is there")               \
    X(7, NODE_NOT_OPEN, "node_not_open", LIMIT, "the node promises nothing now")                             \
    X(8, OTHER_LIMIT, "other_limit", LIMIT, "held back by another rule of the SKU or the node")              \
    X(9, OTHER_ROOM, "other_room", PLUS, "more by another rule of the SKU or the node")                      \
    X(10, BELOW_ZERO, "below_zero", PLUS, "more is promised than is there: it counts as nothing")            \
    X(11, FREE, "free", EQUALS, "what a reserve may take at the node")                                       \
    X(12, ASSEMBLABLE, "assemblable", PLUS, "kits that components there make up")                            \
    X(13, NOT_FOR_SALE, "not_for_sale", LIMIT, "the position is withdrawn from sale")                        \
    X(14, BEYOND_STOCK, "beyond_stock", PLUS, "what may be promised beyond stock, less what waits already")  \
    X(15, CAPACITY, "capacity", LIMIT, "the node cannot make more ready on the day")                         \
    X(16, SUPPLY_DUE, "supply_due", PLUS, "expected by the day asked for, not overdue")                      \
    X(17, PEGGED, "pegged", MINUS, "promised from supply due by then, or overdue")                           \
    X(18, AT_RISK, "at_risk", MINUS, "promised from supply that fell away")                                  \
    X(19, BACKORDERED, "backordered", MINUS, "waits for stock")                                              \
    X(20, ATP_BY_DATE, "atp_by_date", EQUALS, "what may be promised for the day asked for")                  \
    X(21, MISSING, "missing", MINUS, "could not be found; until it is counted, nobody gets it")              \
    X(22, TAKEN_BEFORE, "taken_before", MINUS, "taken by the lines before it of the same reserve")           \
    X(23, NOT_SEEN, "not_seen", LIMIT, "the channel's group for the method does not have the node")          \
    X(24, GIVEN_BACK, "given_back", PLUS,                                                                    \
      "given back by the reservation that it takes the place of, or edits")                                  \
    X(25, STALE, "stale", LIMIT, "held back by the channel: the source that counts there is silent")         \
    X(32, ALL_NODES, "all_nodes", EQUALS, "over the nodes considered")                                       \
    X(33, SHORT_NODES, "short_nodes", MINUS, "promised at nodes that do not have it")                        \
    X(34, GUARANTEED, "guaranteed", MINUS, "guaranteed to other channels, and not used by them")             \
    X(35, BUFFER, "buffer", MINUS, "held back from the channel")                                             \
    X(36, THRESHOLD, "threshold", MINUS, "the last units, never promised to the channel")                    \
    X(37, CHANNEL_PAUSED, "channel_paused", LIMIT, "the channel promises nothing now")                       \
    X(38, EXCLUDED, "excluded", LIMIT, "the channel does not sell it")                                       \
    X(39, QUOTA, "quota", LIMIT, "more than its quotas leave the channel")                                   \
    X(40, CAP, "cap", LIMIT, "more than one reservation of the channel may have")                            \
    X(41, CHANNEL_OTHER, "channel_other", LIMIT, "held back by other rules of the channel")                  \
    X(42, CHANNEL_LEFT, "channel_left", EQUALS, "what one reserve through the channel may take")             \
    X(43, COMPONENT, "component", LIMIT, "the channel's rules leave too little of a component")              \
    X(44, COMPONENT_EXCLUDED, "component_excluded", LIMIT, "the channel does not sell a component of it")    \
    X(45, BEYOND_CAP, "beyond_cap", LIMIT, "more than may wait of it, in the channel or in all")             \
    X(64, ENOUGH, "enough", DECIDED, "a reserve of that many would be granted; so many are left then")       \
    X(65, NOT_ENOUGH, "not_enough", DECIDED, "so many are missing; the part named decided")                  \
    X(66, GRANTED, "granted", DECIDED, "a reserve of all these lines would be granted")                      \
    X(67, REFUSED, "refused", DECIDED, "a reserve of all these lines would be refused, at this line first")  \
    X(68, NOT_GRANTED, "not_granted", DECIDED, "there is enough, but not for such a reserve: it is refused")

typedef enum atp_explain_code {
#define ATP_EXPLAIN_ENUM(number, NAME, name, effect, sentence) ATP_EXPLAIN_CODE_##NAME = number,
    ATP_EXPLANATIONS(ATP_EXPLAIN_ENUM)
#undef ATP_EXPLAIN_ENUM
        ATP_EXPLAIN_CODE_LIMIT = 128
} atp_explain_code_t;

typedef struct atp_explanation {
    uint16_t line; /* index of the line asked about */
    uint8_t code;  /* atp_explain_code_t */
    uint8_t scale;
    atp_qty_t qty;
    atp_text_t node; /* "" = of the whole line */
    atp_text_t
        detail; /* "" = none: the state of a node, a rule, a component, a verdict, the part that decided */
} atp_explanation_t;

#define ATP_EXPLAIN_LINES_MAX 16   /* lines of one question, or of one op, that are told of */
#define ATP_EXPLAIN_PARTS_MAX 8192 /* parts of one message; what is beyond is cut, and is_cut says so */
#define ATP_EXPLAIN_TOLD_MAX  64   /* lines of all ops of one message that are told of, the first ones */

/* Of so many lines of an op, those that are told of. */
static inline uint32_t atp_explain_told(uint32_t line_count)
{
    return line_count < ATP_EXPLAIN_LINES_MAX ? line_count : ATP_EXPLAIN_LINES_MAX;
}

/* Room for parts. What does not fit is left out, and is_cut says so. */
typedef struct atp_explain_room {
    atp_explanation_t *parts;
    uint32_t capacity;
    uint32_t count;
    bool is_cut;
} atp_explain_room_t;

/* "on_hand", ...; NULL for a number that is no code. */
const char *atp_explain_name(unsigned code);
const char *atp_explain_sentence(unsigned code);
/* 0 for a number that is no code. */
unsigned atp_explain_effect(unsigned code);

#endif

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
    X(2, GROUP, "group", ID, 0, 0, "", "a group of nodes")                                                        \
    X(3, COST, "cost", NUMBER, 0, ATP_QTY_MAX, "", "what serving an order from the node named before it costs") \
    X(4, METHOD, "method", CHOICE, 0, 0, "ship|pickup", "how the customer gets the goods")                   \
    X(5, SHIP_GROUP, "ship_group", ID, 0, 0, "", "the group whose nodes serve what is shipped")              \
    X(6, PICKUP_GROUP, "pickup_group", ID, 0, 0, "", "the group whose nodes serve what is picked up")

typedef enum atp_attribute_key {
    ATP_KEY_NONE = 0,
#define ATP_ATTRIBUTE_ENUM(number, NAME, name, type, least, most, words, sentence) ATP_KEY_##NAME = number,
    ATP_ATTRIBUTES(ATP_ATTRIBUTE_ENUM)
#undef ATP_ATTRIBUTE_ENUM
        ATP_KEY_LIMIT = 128 /* every key is below */
} atp_attribute_key_t;

/* How a kind of op takes a key. */
#define ATP_TAKES_ONE       0x01u /* once for the whole op */
#define ATP_TAKES_MANY      0x02u /* any number of times for the whole op; their order counts */
#define ATP_TAKES_NEEDED    0x04u /* the op must have it */
#define ATP_TAKES_LINE      0x08u /* once for each line */
#define ATP_TAKES_MANY_LINE 0x10u /* any number of times for each line; their order counts */

/* X(KIND, KEY, how): one row for each key that a kind takes. A kind with needed keys has a row (KIND, NONE, NEEDED) too. */
#define ATP_KIND_ATTRIBUTES(X)                                                                               \
    X(GROUP, NODE, ATP_TAKES_MANY)                                                                           \
    X(GROUP, COST, ATP_TAKES_MANY)                                                                           \
    X(CHANNEL, SHIP_GROUP, ATP_TAKES_ONE)                                                                    \
    X(CHANNEL, PICKUP_GROUP, ATP_TAKES_ONE)                                                                  \
    X(RESERVE, NODE, ATP_TAKES_MANY | ATP_TAKES_MANY_LINE)                                                   \
    X(RESERVE, GROUP, ATP_TAKES_ONE | ATP_TAKES_LINE)

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
 * the op first, then by line, nothing twice that goes once, nothing missing. ATP_APPLIED, or the verdict with the field and line at fault. */
ATP_MUST_USE atp_verdict_t atp_attributes_check(const atp_command_t *command, atp_field_t *ret_field,
                                                uint32_t *ret_line);

/* The first attribute of the command with that key for that line (ATP_WHOLE_OP: of the op); NULL if it has none. */
const atp_attribute_t *atp_attributes_find(const atp_command_t *command, unsigned key, unsigned line);

#endif

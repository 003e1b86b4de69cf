/* The life of a reservation line: every legal step and what it does, in one table.
 *
 *     accepted -> reserved -> allocated -> picked -> packed -> shipped -> delivered -> returned -> reconciled
 *     reserved -> released | expired        allocated, picked, packed -> cancelled | short
 *
 * A line holds its units by state; a step moves some of them from one state to another and changes the buckets of the
 * position by that many, times the factor in the table. A step that several states allow takes from them in the order of
 * its rows. There is no other copy of this logic; docs/domain.md shows the table, and a test compares it.
 *
 * Threads     pure. */
#ifndef ATP_LEDGER_LIFECYCLE_H
#define ATP_LEDGER_LIFECYCLE_H

#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

/* Frozen numbers: they are in lines. */
typedef enum atp_line_state {
    ATP_LINE_ACCEPTED = 0, /* asked for; of a line that got nothing, what it stays */
    ATP_LINE_RESERVED = 1,
    ATP_LINE_ALLOCATED = 2,
    ATP_LINE_SHIPPED = 3,
    ATP_LINE_RELEASED = 4,
    ATP_LINE_EXPIRED = 5,
    ATP_LINE_CANCELLED = 6,
    ATP_LINE_PICKED = 7,
    ATP_LINE_PACKED = 8,
    ATP_LINE_DELIVERED = 9,
    ATP_LINE_RETURNED = 10,
    ATP_LINE_RECONCILED = 11,        /* that they left is confirmed by the ERP */
    ATP_LINE_RETURN_RECONCILED = 12, /* that they came back is */
    ATP_LINE_SHORT = 13,             /* the node could not fulfil them */
    ATP_LINE_BACKORDERED = 14,
    ATP_LINE_PEGGED = 15, /* promised from supply that is not here yet */
    ATP_LINE_STATE_COUNT
} atp_line_state_t;

/* Frozen numbers: they are in the history. */
typedef enum atp_step {
    ATP_STEP_ALLOCATE = 0,
    ATP_STEP_RELEASE = 1,
    ATP_STEP_EXPIRE = 2,
    ATP_STEP_CANCEL = 3,
    ATP_STEP_SHIP = 4,
    ATP_STEP_SHIP_RESERVED = 5, /* only as a fact: what was reserved but not allocated has left */
    ATP_STEP_RESERVE = 6,
    ATP_STEP_PICK = 7,
    ATP_STEP_PACK = 8,
    ATP_STEP_DELIVER = 9,
    ATP_STEP_RETURN = 10,
    ATP_STEP_RECONCILE = 11,
    ATP_STEP_SHORT = 12,
    ATP_STEP_PEG = 13,       /* promised from supply that is on its way */
    ATP_STEP_LAND = 14,      /* that supply is here */
    ATP_STEP_BACKORDER = 15, /* promised beyond stock: they wait for it */
    ATP_STEP_FILL = 16,      /* stock is there for them */
    ATP_STEP_REVOKE = 17,    /* stock shrank under the promise, and policy is to cancel */
    ATP_STEP_REASSIGN = 18,  /* they go from this node to another one, where they are reserved anew */
    ATP_STEP_RE_SOURCE = 19, /* the same of units that this node could not fulfil */
    ATP_STEP_COUNT
} atp_step_t;

/* One row of the table. */
typedef struct atp_transition {
    uint8_t from; /* atp_line_state_t */
    uint8_t to;
    int8_t reserved; /* change of the bucket for each unit moved */
    int8_t allocated;
    int8_t on_hand;
} atp_transition_t;

#define ATP_STEP_ROWS_MAX 5

typedef struct atp_step_rule {
    const char *name;
    uint8_t row_count;
    atp_transition_t rows[ATP_STEP_ROWS_MAX];
} atp_step_rule_t;

extern const atp_step_rule_t atp_steps[ATP_STEP_COUNT];

/* What units that came back do to the buckets of the position where they came back. */
typedef struct atp_disposition_rule {
    const char *name;
    int8_t on_hand;
    int8_t unavailable;
} atp_disposition_rule_t;

/* Frozen numbers: they are the words of the attribute "disposition". */
typedef enum atp_disposition {
    ATP_DISPOSITION_RESTOCK = 0,
    ATP_DISPOSITION_QUARANTINE = 1,
    ATP_DISPOSITION_DAMAGED = 2,
    ATP_DISPOSITION_SCRAP = 3,
    ATP_DISPOSITION_COUNT
} atp_disposition_t;

extern const atp_disposition_rule_t atp_dispositions[ATP_DISPOSITION_COUNT];

/* The verdict for a step whose units are in none of its `from` states but in `found`. */
atp_verdict_t atp_lifecycle_refusal(atp_step_t step, atp_line_state_t found);

/* True if units in `state` have made the step already: it leads there, or to where they came from. */
bool atp_lifecycle_is_past(atp_step_t step, atp_line_state_t state);

/* "reserved", "allocated", ...; NULL for a number that is no state. */
const char *atp_line_state_name(unsigned state);

#endif

/* The life of a reservation line: every legal step and what it does, in one table.
 *
 *     reserved -> allocated -> shipped        reserved -> released | expired        allocated -> cancelled
 *
 * A line holds its units by state; a step moves some of them from one state to another and changes the
 * buckets of the position by that many, times the factor in the table. There is no other copy of this logic.
 *
 * Threads     pure. */
#ifndef ATP_LEDGER_LIFECYCLE_H
#define ATP_LEDGER_LIFECYCLE_H

#include "engine/base/command.h"

#include <stdint.h>

typedef enum atp_line_state {
    ATP_LINE_NOTHING = 0, /* never had units: a line of a partial reservation that got none */
    ATP_LINE_RESERVED = 1,
    ATP_LINE_ALLOCATED = 2,
    ATP_LINE_SHIPPED = 3,
    ATP_LINE_RELEASED = 4,
    ATP_LINE_EXPIRED = 5,
    ATP_LINE_CANCELLED = 6,
    ATP_LINE_STATE_COUNT
} atp_line_state_t;

typedef enum atp_step {
    ATP_STEP_ALLOCATE,
    ATP_STEP_RELEASE,
    ATP_STEP_EXPIRE,
    ATP_STEP_CANCEL,
    ATP_STEP_SHIP,
    ATP_STEP_SHIP_RESERVED, /* only as a fact: what was reserved but not allocated has left */
    ATP_STEP_COUNT
} atp_step_t;

typedef struct atp_transition {
    const char *name;
    uint8_t from; /* atp_line_state_t */
    uint8_t to;
    int8_t reserved; /* change of the bucket for each unit moved */
    int8_t allocated;
    int8_t on_hand;
} atp_transition_t;

extern const atp_transition_t atp_transitions[ATP_STEP_COUNT];

/* The verdict for a step whose units are not in its `from` state but in `found`. */
atp_verdict_t atp_lifecycle_refusal(atp_line_state_t found);

/* "reserved", "allocated", ...; NULL for a number that is no state. */
const char *atp_line_state_name(unsigned state);

#endif

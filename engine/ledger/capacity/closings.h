/* Nodes that were closed: what is stranded there is looked for, so many positions by one op, the rest by pulses.
 *
 * A node has a record here from the first time it is closed; while its positions are looked at it is listed. What was found
 * is kept in the record, names too, until all are looked at; then one exception tells it. A node that is opened
 * before that is not told of.
 *
 * Threads     ledger thread only.
 * Memory      560 bytes a node, in a table.
 * Invariants  V1  the nodes being looked at are listed, each once. */
#ifndef ATP_LEDGER_CLOSINGS_H
#define ATP_LEDGER_CLOSINGS_H

#include "engine/ledger/facts/exceptions.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_closing {
    atp_qty_t on_hand; /* of all SKUs; in `scale` */
    uint32_t next_row; /* the first that was not looked at yet */
    uint32_t end_row;  /* so many there were when it was closed */
    uint32_t next;     /* the next node in the list + 1 */
    uint32_t reservation_total;
    uint8_t is_listed;
    uint8_t has_some;
    uint8_t scale;
    uint8_t reservation_count; /* how many are named */
    uint8_t unused[4];
    uint8_t reservation_sizes[ATP_EXCEPTION_RESERVATIONS_MAX];
    char reservations[ATP_EXCEPTION_RESERVATIONS_MAX][ATP_ID_SIZE_MAX];
} atp_closing_t;

_Static_assert(sizeof(atp_closing_t) == 40 + 8 * 64, "stored: no padding");

typedef struct atp_closing_heads {
    uint32_t first; /* node + 1; 0 = none is looked at */
    uint32_t last;
} atp_closing_heads_t;

typedef struct atp_closings {
    atp_table_t nodes;          /* by number of the node */
    atp_closing_heads_t *heads; /* borrowed */
} atp_closings_t;

static inline const atp_closing_t *atp_closing_at(const atp_closings_t *closings, uint16_t node)
{
    return atp_table_at(&closings->nodes, node);
}

/* Lists a node that was closed; it is looked at from its first row on, also if it was before. There are `rows`. */
void atp_closings_begin(atp_closings_t *closings, uint16_t node, uint32_t rows);

/* Takes the first node off the list. */
void atp_closings_end_first(atp_closings_t *closings);

#endif

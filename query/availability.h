/* How many can be sold: the read side of the ledger, on the thread that asks, without a lock.
 *
 * A row is read as it stands between two of its changes. Many rows are as of one op when no op was applied while
 * they were read; the caller looks at the stamp before and after (atp_ledger_stamp) and decides whether to read
 * again or to ask the ledger thread.
 *
 * Formulas    atp = on_hand - unavailable - reserved - allocated - safety      (positions.h)
 *             shown = max(0, atp) at an open node, 0 at any other
 *             promisable = shown          what a reserve for this position is granted at most; with a backorder limit so
 *                          much more as limit and caps leave
 *             of a SKU over all nodes: the sum of shown, and of promisable, over its nodes; unsplit: the greatest of them
 * A node with a calendar shows no more than what it can make ready of an order placed now (engine/ledger/capacity/capacity.h).
 * Threads     any.
 * Expiry      A position whose soonest deadline has passed still counts what has expired. Such rows are told by
 *             is_due: the caller has them settled (ATP_OP_SETTLE) and reads again, or answers by the op that it
 *             began with. */
#ifndef ATP_QUERY_AVAILABILITY_H
#define ATP_QUERY_AVAILABILITY_H

#include "engine/base/command.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct atp_availability {
    atp_qty_t shown;
    atp_qty_t promisable;
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    atp_qty_t atp; /* signed */
    int64_t
        ready_ms; /* of an order placed now, at a node with a calendar; of a sum the soonest; 0 = at once, or never */
    uint32_t version; /* of the position; 0 for a sum, or where there is no position */
    uint8_t scale;
    uint8_t level; /* of the channel that looks, see atp_level_t; 0 = no rule says */
    bool is_stale; /* the source of counts is silent there; of a sum: at one of its nodes */
    bool is_due;   /* counts something that has expired by now_ms, or the node's day has changed */
} atp_availability_t;

#define ATP_ANY_CHANNEL UINT16_MAX

/* SKU at node, by number. A pair without a position is all zero. */
void atp_availability_read(const atp_ledger_t *ledger, uint32_t sku, uint16_t node, int64_t now_ms,
                           atp_availability_t *ret_availability);
/* The same for a channel: less what it keeps back where the node is stale. Its rules and quotas are of the view (views.h). */
void atp_availability_read_for(const atp_ledger_t *ledger, uint32_t sku, uint16_t node, uint16_t channel,
                               int64_t now_ms, atp_availability_t *ret_availability);

/* The rows of a SKU, to walk over: numbers in `ret_rows`, at most `capacity`; returns how many there are. */
uint32_t atp_availability_rows(const atp_ledger_t *ledger, uint32_t sku, uint32_t *ret_rows,
                               uint32_t capacity);

/* One row by its number. */
void atp_availability_read_row(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms,
                               atp_availability_t *ret_availability);

void atp_availability_read_row_for(const atp_ledger_t *ledger, uint32_t row, uint16_t channel, int64_t now_ms,
                                   atp_availability_t *ret_availability);

/* No more beyond stock than the caps of the SKU leave, in all and in the channel (ATP_ANY_CHANNEL: in all). A row read is so
 * for any channel; a sum of rows, or what a channel sees, is to be made so. */
void atp_availability_within_caps(const atp_ledger_t *ledger, uint32_t sku, uint16_t channel,
                                  atp_availability_t *availability);

/* What the channel may have of what its nodes show, one or all that it sees: as a reserve through it is decided. */
void atp_availability_look_through(const atp_ledger_t *ledger, uint32_t sku, uint16_t channel,
                                   const atp_channel_view_t *view, atp_availability_t *availability);

/* Adds a row to the sum of its SKU. */
void atp_availability_add(atp_availability_t *sum, const atp_availability_t *row);

/* Keeps of a SKU's rows the one that can give most by itself: what one node alone can serve. */
void atp_availability_keep_most(atp_availability_t *most, const atp_availability_t *row);

#endif

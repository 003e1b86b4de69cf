/* Spreads the safety stock of a SKU over its nodes.
 *
 * An ERP keeps one level for a product; the ledger keeps one for a position. Set in full at every node, the
 * level would count as often as there are nodes and nearly nothing would stay sellable. So it is spread in
 * proportion to stock, by largest remainders (Hamilton's method): each node gets the whole part of level *
 * stock / total stock, and the units left over go one each to the largest fractions, ties to the earlier
 * node.
 *
 * Invariants  F1  the shares sum to the level exactly, or all are 0 when no node has stock.
 *             F2  a node without stock gets 0.
 *             F3  while the level is at most the total stock, no share passes the stock of its node. */
#ifndef ATP_LOADERS_SAFETY_H
#define ATP_LOADERS_SAFETY_H

#include "engine/base/qty.h"

#include <stdbool.h>
#include <stddef.h>

/* Spreads `level` over `count` (at most 65,536) nodes that have `stock[i]` each, all in the same scale, all
 * at most ATP_QTY_MAX; stock below zero counts as none. Writes `ret_shares[i]`, and to *ret_spread what was
 * spread: `level`, or 0 when there is no stock. Returns false, outputs void, when there is no memory for 16
 * bytes a node. Thread: any. Time in the order of count * log(count). */
ATP_MUST_USE bool atp_safety_spread(atp_qty_t level, const atp_qty_t *stock, size_t count,
                                    atp_qty_t *ret_shares, atp_qty_t *ret_spread);

#endif

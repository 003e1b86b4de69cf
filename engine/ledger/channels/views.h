/* The view of a channel: how many of a SKU it may sell, and why not more.
 *
 *     stock       for each open node of the channel's group, max(0, atp), at most what the node can make ready of an order
 *                 placed now (capacity.h); at a stale node (registry.h) less what the channel keeps back there; summed
 *                 of a kit also what can be put together there of what the channel may have of its components
 *     short       units promised at those nodes that are not there, where the channel lets them be re-sourced
 *     held        what quotas guarantee to other channels and those have not used
 *     buffer      of the channel's rules: absolute, and of a hundred of (stock + consumed), rounded down
 *     threshold   the last units that are never promised to the channel: the greatest of its rules
 *     quota_left  what the channel's quotas leave it
 *
 *     available = min(stock - short - held - buffer - threshold, quota_left), floored at 0
 *                 0 while the channel is paused, and of what it does not sell
 *
 * The view of a day is the same with max(0, atp(d)) of each node (supplies.h) for max(0, atp): each rule counts once, on what
 * may be promised for that day.
 *
 * What a position promises beyond its stock (limits.h) widens what stock gives, and only that: quotas bind it, and a channel
 * that is paused or does not sell the SKU has none of it (atp_channel_view_with).
 *
 * One function says it to the reserve decision and to queries, so that what availability says is what a reserve is granted.
 * A SKU's rules are those of (channel, SKU), (channel, each of its tags) and (channel, all). Buffers of several rules add up,
 * or the first rule with one counts, by the channel's choice: lowest order first, then SKU before tag before all.
 *
 * Threads     any; what it says is of one op if the stamp held (atp_ledger_stamp). Views of a day: ledger thread. */
#ifndef ATP_LEDGER_VIEWS_H
#define ATP_LEDGER_VIEWS_H

#include "engine/ledger/ledger.h"

typedef struct atp_channel_view {
    atp_qty_t available;
    atp_qty_t stock;
    atp_qty_t short_units;
    atp_qty_t held;
    atp_qty_t consumed; /* the channel's own: reserved, allocated, pegged, backordered */
    atp_qty_t buffer;
    atp_qty_t threshold;
    atp_qty_t of_stock;   /* what is left of stock, whatever quotas leave; floored at 0 */
    atp_qty_t quota_left; /* ATP_NO_LIMIT: no quota limits it */
    atp_qty_t cap;        /* of one reservation; ATP_NO_LIMIT */
    atp_qty_t low;        /* the greatest of its rules; 0 = none */
    atp_qty_t low_clear;  /* where low ends: the greatest of its rules, above low */
    atp_qty_t quota_told; /* the same without the quotas that say nothing but: of what there is */
    uint8_t scale;
    bool is_paused;
    bool is_excluded;
    bool is_due;     /* a row counts what has expired */
    bool has_levels; /* a rule says when the channel is low on it, or out of it (levels.h) */
    bool is_pooled;  /* quotas of tags: what expired at other SKUs may count in them */
    bool is_bound;   /* rules, a quota or the channel itself bear on how many there are: atp_channel_binds */
} atp_channel_view_t;

/* True if the view can differ from what the nodes have: rules, a pause, or guarantees to others. A group alone does not. */
bool atp_channel_view_is_limited(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

/* True if rules and quotas of the SKU, its tags or all SKUs, or the channel itself, have a say in how many there are for it: those of
 * a kit are then taken off what there is of it in all. Thread: any. */
bool atp_channel_binds(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

/* True if the view needs to know what there is of the SKU at all nodes, whatever the channel sees: a quota says a part of it, or how
 * much of it others are to have. Thread: any. */
bool atp_channel_needs_all(const atp_ledger_t *ledger, uint32_t sku);

/* What an op that is being decided has taken already; below 0: what it is to give back. And what rows do not say of a kit. */
typedef struct atp_channel_taken {
    bool may_be_later;  /* what a node can make ready of an order placed now does not limit the op */
    uint16_t needed_by; /* the view of that day, which only the ledger thread reads; 0 = of what is here */
    atp_qty_t of_sku;
    atp_qty_t beyond;    /* those of them that are not of the stock that the channel sees */
    atp_qty_t of_others; /* given back by another channel: that widens no quota of this one */
    atp_qty_t of_tags[ATP_TAGS_PER_SKU_MAX]; /* of other SKUs with the SKU's tags, in their order */
    atp_qty_t assembled; /* what components make up at nodes the channel sees, and what the op took of that */
    atp_qty_t assembled_of_all; /* the same of all nodes, whatever the channel may have of components */
} atp_channel_taken_t;

/* How many of `free` units of a SKU of that scale at a node the channel keeps back because the source of counts is silent
 * there; `usable` units are on hand and not unavailable. 0 at a node that is not stale. Thread: any. */
atp_qty_t atp_channel_kept_back(const atp_ledger_t *ledger, uint16_t channel, uint16_t node, uint8_t scale,
                                atp_qty_t usable, atp_qty_t free);

/* False if a rule of the channel for the SKU, one of its tags or all SKUs excludes it. Thread: any. */
bool atp_channel_sells(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

/* The rule that excludes it, by number; false if none does. Thread: any. */
bool atp_channel_excluded_by(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint32_t *ret_rule);

/* Narrows the quantities of a line of the SKU, which has `scale`, by all rules of the channel for it. Thread: any. */
void atp_channel_narrow(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint8_t scale,
                        atp_bounds_t *bounds);

/* True if a rule of the channel gives the SKU levels. Thread: any. */
bool atp_channel_has_levels(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku);

/* What the quotas over a tag leave the channel; ATP_NO_LIMIT where none limits it. Thread: any. */
atp_qty_t atp_channel_tag_left(const atp_ledger_t *ledger, uint16_t channel, uint32_t tag, int64_t now_ms);

/* The level of a view that was read just now, after what it was before; none without levels. Thread: any. */
atp_level_t atp_channel_level(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku,
                              const atp_channel_view_t *view);

/* The view of `channel` on `sku`. `group`: whose nodes count, ATP_NO_GROUP: all. `rows`: those of the SKU
 * (atp_positions_list). `taken` is off what the view leaves; NULL: nothing. */
void atp_channel_view_read(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint16_t group,
                           int64_t now_ms, const uint32_t *rows, uint32_t row_count,
                           const atp_channel_taken_t *taken, atp_channel_view_t *ret_view);

/* What the view leaves where `beyond` units more than there are may be promised. Thread: any. */
atp_qty_t atp_channel_view_with(const atp_channel_view_t *view, atp_qty_t beyond);

#endif

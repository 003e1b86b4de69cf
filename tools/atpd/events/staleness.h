/* What subscribers were told of stale nodes (engine/ledger/facts/registry.h), and what is news to them.
 *
 * A source may be the authority for millions of positions, but it claims nodes: one event a node says that all that was told of it
 * is stale, or fresh again. Beside it one a node and channel, where the channel sees the node and keeps something back there: what
 * it may promise has changed at every position of the node. So it has when the channel keeps back something else, or begins or
 * ceases to see the node, by any method, while that is stale. A key is a node, or a channel at a node. Of a key only what is not as
 * it was told last is news, however often it changed meanwhile.
 *
 * Work comes in pieces: a round over all keys, a number of them a call. What changes during a round begins another one.
 *
 * Threads     one; the ledger may be running.
 * Memory      a byte a node, 50 a channel. And one for each node and channel, touched only where a channel keeps something back at a
 *             stale node.
 * Invariants  S1  of a key what is told differs from what was told of it before: the node in being stale, the channel there in what
 *                 it does, how much it keeps back, or by which methods it sees the node. */
#ifndef ATP_ATPD_STALENESS_H
#define ATP_ATPD_STALENESS_H

#include "engine/base/arena.h"
#include "query/availability.h"

typedef struct atp_staleness_news {
    uint16_t node;
    uint16_t channel; /* ATP_ANY_CHANNEL: the node itself */
    bool is_stale;
    uint8_t on_stale; /* atp_on_stale_t: what the channel does there now */
} atp_staleness_news_t;

typedef enum atp_staleness_step {
    ATP_STALENESS_NO_NEWS, /* of no key */
    ATP_STALENESS_NEWS,
    ATP_STALENESS_MORE /* a piece is done: call again */
} atp_staleness_step_t;

/* What a channel does at stale nodes; how much it keeps back is 0 unless that is by a buffer. */
typedef struct atp_stale_rule {
    int64_t buffer;
    uint8_t decimals;
    uint8_t percent;
    uint8_t on_stale; /* atp_on_stale_t */
} atp_stale_rule_t;

typedef struct atp_staleness {
    const atp_ledger_t *ledger;
    uint8_t *told_nodes;   /* by node: 1 = stale */
    atp_arena_t told_ways; /* bytes by channel and node: the methods by which it keeps something back there */
    atp_stale_rule_t *told_rules; /* by channel */
    atp_stale_rule_t *rules;      /* by channel: as of the begin of the round */
    uint16_t *channels;           /* those that have a rule, or were told to have one */
    uint32_t channel_count;
    uint64_t changes; /* as of the begin of the round */
    uint32_t node;    /* where the round is: at this node, */
    uint32_t at;      /* 0: at the node itself, else at the channel before it in the list */
    uint8_t is_stale; /* the node */
    bool is_under_way;
} atp_staleness_t;

/* What is now counts as told. */
ATP_MUST_USE atp_err_t atp_staleness_init(atp_staleness_t *staleness, const atp_ledger_t *ledger);
/* Of one that is all zero, too. */
void atp_staleness_fini(atp_staleness_t *staleness);

/* Goes on. NEWS: *ret_news is to be told, and counts as told. */
atp_staleness_step_t atp_staleness_next(atp_staleness_t *staleness, atp_staleness_news_t *ret_news);

#endif

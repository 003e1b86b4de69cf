/* Sourcing: which of the nodes that could serve a line do, and with how much each. The arithmetic alone; what is free where, and
 * who is asked, is in ledger_source.c and ledger_plan.c.
 *
 * Strategies (one request or channel has one); ties go to the lower node number:
 *     priority   in the order in which the nodes are named, in the group, or by number
 *     fewest     as few nodes as it takes, over all lines of the op
 *     stock      where there is most first
 *     cost       where serving costs least first
 *     balance    where least of the SKU is promised already first
 * The order is kept as far as the allowed splits let it: if it does not get there, the nodes with most are taken. So a line
 * is refused only if no allowed split serves it.
 *
 * Threads     pure. */
#ifndef ATP_LEDGER_SOURCING_H
#define ATP_LEDGER_SOURCING_H

#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

/* Frozen numbers: the words of the attribute "strategy". */
typedef enum atp_strategy {
    ATP_STRATEGY_PRIORITY = 0,
    ATP_STRATEGY_FEWEST = 1,
    ATP_STRATEGY_STOCK = 2,
    ATP_STRATEGY_COST = 3,
    ATP_STRATEGY_BALANCE = 4,
    ATP_STRATEGY_COUNT
} atp_strategy_t;

/* Frozen numbers: the words of the attribute "split". */
typedef enum atp_split {
    ATP_SPLIT_YES = 0,     /* several nodes may serve a line */
    ATP_SPLIT_NO = 1,      /* one node serves a line */
    ATP_SPLIT_TOGETHER = 2 /* one node serves all lines that leave their node open */
} atp_split_t;

typedef struct atp_sourcing {
    atp_strategy_t strategy;
    atp_split_t split;
    uint32_t splits; /* nodes that may serve one line: 1 to ATP_SPLITS_PER_LINE_MAX */
    atp_qty_t least; /* of what one of several nodes gives; 0 = anything */
} atp_sourcing_t;

#define ATP_CANDIDATES_MAX 1024 /* nodes looked at for one line */

/* A node that could give something. */
typedef struct atp_candidate {
    int64_t key;    /* the strategy's order: the least comes first */
    atp_qty_t free; /* > 0 */
    uint16_t node;
    uint8_t tier; /* before the key: 0 is preferred */
    bool is_picked;
} atp_candidate_t;

typedef struct atp_pick {
    uint16_t node;
    atp_qty_t qty;
} atp_pick_t;

/* Picks among `candidates` for `wanted` units, first pick first. Their sum is `wanted`, or, if *ret_is_whole is false, what an
 * allowed split can give at most, which may be nothing. Returns how many picks there are. */
uint32_t atp_sourcing_choose(atp_candidate_t *candidates, uint32_t count, const atp_sourcing_t *sourcing,
                             atp_qty_t wanted, atp_pick_t ret_picks[ATP_SPLITS_PER_LINE_MAX],
                             bool *ret_is_whole);

/* ---- the fewest nodes for several lines ---- */

#define ATP_SEARCH_LINES_MAX 16
#define ATP_SEARCH_NODES_MAX 16   /* nodes tried: those that serve most lines */
#define ATP_SEARCH_SETS_MAX  2048 /* sets of them tried, smallest first; all there are of up to 11 nodes */

typedef struct atp_search {
    uint32_t line_count;
    uint32_t node_count;
    uint32_t splits;
    atp_qty_t wanted[ATP_SEARCH_LINES_MAX];
    atp_qty_t least[ATP_SEARCH_LINES_MAX]; /* of what one of several nodes gives */
    atp_qty_t free[ATP_SEARCH_LINES_MAX][ATP_SEARCH_NODES_MAX];
} atp_search_t;

/* The smallest set of nodes that serves all lines, with the nodes of `base` for nothing: a bit a node. Of equal ones the one
 * whose nodes come first. 0: none was found within the bound. */
uint32_t atp_sourcing_search(const atp_search_t *search, uint32_t base);

#endif

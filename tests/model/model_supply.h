/* The reference model of dated supply: what is expected, promised from it, and on its way between nodes.
 *
 * Arrays and loops over all of them. One SKU at a few nodes, reservations of one line; a day has one supply at most at a
 * node (which of two on a day is pegged first is not told by any rule, only that it is the same on every replay). */
#ifndef ATP_TESTS_MODEL_MODEL_SUPPLY_H
#define ATP_TESTS_MODEL_MODEL_SUPPLY_H

#include "engine/base/command.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_NODES    3
#define MODEL_SUPPLIES 400
#define MODEL_HOLDS    400
#define MODEL_PEGS     4000

typedef struct supply_node {
    atp_qty_t on_hand;
    atp_qty_t safety;
    atp_qty_t limit; /* of what may wait for stock */
} supply_node_t;

typedef struct model_supply {
    bool is_known;
    bool is_open;
    bool is_transfer;
    unsigned node;
    int32_t day;
    atp_qty_t ordered;
    atp_qty_t received;
    atp_qty_t shipped;
    unsigned source; /* of a transfer: the node it comes from */
    atp_qty_t left;  /* of a transfer: allocated at its source */
    bool is_cancelled;
} model_supply_t;

typedef struct model_hold {
    bool is_known;
    unsigned node;
    int64_t deadline_ms;
    bool is_firm;
    int32_t needed_by;
    uint64_t age;
    unsigned priority;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t waiting; /* backordered */
} model_hold_t;

typedef struct model_peg {
    atp_qty_t qty; /* 0 = not in use */
    unsigned hold;
    int supply; /* -1 = unbacked */
    bool is_told;
    uint64_t born; /* order among pegs of one age */
} model_peg_t;

typedef struct supply_answer {
    atp_verdict_t verdict;
    atp_qty_t qty;
} supply_answer_t;

typedef struct supply_model {
    int64_t now_ms;
    uint64_t op;
    uint64_t born;
    uint64_t at_risk;    /* exceptions of the kind */
    uint64_t overdue;    /* the same */
    int32_t told_before; /* what was due before that day has been told overdue */
    supply_node_t nodes[MODEL_NODES];
    model_supply_t supplies[MODEL_SUPPLIES];
    model_hold_t holds[MODEL_HOLDS];
    model_peg_t pegs[MODEL_PEGS];
} supply_model_t;

/* One op each, at model->now_ms, numbered model->op. A day is counted as the ledger's; qty < 0: not told. */
supply_answer_t supply_model_put(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty, int32_t day);
supply_answer_t supply_model_cancel(supply_model_t *m, unsigned id);
supply_answer_t supply_model_receive(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty,
                                     bool is_final);
supply_answer_t supply_model_stock(supply_model_t *m, unsigned node, atp_qty_t change);
supply_answer_t supply_model_limit(supply_model_t *m, unsigned node, atp_qty_t limit);
supply_answer_t supply_model_safety(supply_model_t *m, unsigned node, atp_qty_t safety);
supply_answer_t supply_model_reserve(supply_model_t *m, unsigned id, unsigned node, atp_qty_t qty,
                                     int32_t needed_by, unsigned priority, bool is_partial, int64_t ttl_ms);
/* Allocation of so many units of the reservation's line. */
supply_answer_t supply_model_allocate(supply_model_t *m, unsigned id, atp_qty_t qty);
supply_answer_t supply_model_step(supply_model_t *m, atp_op_kind_t kind, unsigned id);
supply_answer_t supply_model_transfer(supply_model_t *m, unsigned id, unsigned from, unsigned to,
                                      atp_qty_t qty, int32_t day);
supply_answer_t supply_model_ship(supply_model_t *m, unsigned id, atp_qty_t qty);
supply_answer_t supply_model_give_back(supply_model_t *m, unsigned id);

#define SUPPLY_MODEL_DAY_MS  INT64_C(86400000)
#define SUPPLY_MODEL_HORIZON 730

static inline int32_t supply_model_today(const supply_model_t *m)
{
    return (int32_t)(m->now_ms / SUPPLY_MODEL_DAY_MS);
}

/* All that is due expires; what that makes free goes to those who wait. */
void supply_model_expire(supply_model_t *m);
/* A pulse: the same, and what became overdue is told. */
void supply_model_pulse(supply_model_t *m);

atp_qty_t supply_model_uncommitted(const supply_model_t *m, unsigned node);
/* Backordered. */
atp_qty_t supply_model_waiting(const supply_model_t *m, unsigned node);
atp_qty_t supply_model_atp(const supply_model_t *m, unsigned node);
/* atp(d) = min over t in [d, horizon] of (atp + supply due by t - pegged to supply by t - backordered) */
atp_qty_t supply_model_by(const supply_model_t *m, unsigned node, int32_t day);
/* Units of a line that an allocation may be asked for. */
atp_qty_t supply_model_allocatable(const supply_model_t *m, unsigned id);
atp_qty_t supply_model_pegged(const supply_model_t *m, int supply);
atp_qty_t supply_model_pegged_of(const supply_model_t *m, unsigned hold);
atp_qty_t supply_model_open(const supply_model_t *m, unsigned supply);
bool supply_model_day_is_taken(const supply_model_t *m, unsigned node, int32_t day);

#endif

/* Why a figure is what it is: the parts of what a reserve may take, asked of the functions that decide.
 *
 * Threads     ledger thread, between two ops: a question. No state changes.
 * Memory      the caller's; nothing is allocated.
 * Invariants  G1  `free` of a node is what atp_ledger_free_at says there (of kits, the rules of the channel left out), and the parts
 *                 before it add up to it.
 *             G2  with a reserve to ask about, the last part is `enough` if and only if that reserve would be granted.
 *             G3  of an op that is told of just before it is applied, all or nothing, each line ends in `enough` if and only if it is granted. */
#ifndef ATP_LEDGER_LEDGER_EXPLAIN_H
#define ATP_LEDGER_LEDGER_EXPLAIN_H

#include "engine/base/explain.h"
#include "engine/ledger/ledger.h"

#define ATP_EXPLAIN_ALL_NODES  UINT16_MAX
#define ATP_EXPLAIN_NO_CHANNEL UINT16_MAX

/* One SKU, at one node or all, seen through a channel or none. */
typedef struct atp_ledger_explain_ask {
    uint32_t sku;
    uint16_t node;
    uint16_t channel;
    uint16_t line;      /* of the answer's parts */
    uint16_t needed_by; /* day: what may be promised for it; 0 = from what is here */
    atp_qty_t qty;      /* asked for, in the SKU's scale; 0 = only what there is */
    /* The reserve that is asked about, of this line alone, all or nothing; with a quantity of 0 only how it would be asked for counts
     * (its attributes). NULL: what comes of it goes by the account. */
    const atp_op_t *reserve;
    atp_grant_t *grants;          /* room for those of it */
    const struct node_set *nodes; /* of all, those that are asked; NULL: all are */
} atp_ledger_explain_ask_t;

/* The lines of one reserve. `whole` is that reserve, all or nothing; `before[i]`, for i from 1, takes as many as can be had of the lines
 * before line i. All are ops of the same channel and day as the lines. */
typedef struct atp_ledger_explain_reserve {
    const atp_ledger_explain_ask_t *lines;
    uint32_t count;
    const atp_op_t *whole;
    const atp_op_t *const *before;
    atp_grant_t *grants; /* room for those of `whole` */
} atp_ledger_explain_reserve_t;

/* Adds the parts of one line to `room`, as of now. What is due on its rows has been settled before: what is due all the same
 * still counts as reserved. */
void atp_ledger_explain(const atp_ledger_t *ledger, const atp_ledger_explain_ask_t *ask, int64_t now_ms,
                        atp_explain_room_t *room);

/* What the account of one line comes to, without telling its parts: what one reserve of the channel may take of the SKU, by the
 * day. `qty` is 0. */
atp_qty_t atp_ledger_explain_sum(const atp_ledger_t *ledger, const atp_ledger_explain_ask_t *ask,
                                 int64_t now_ms);

/* The same of the lines of one reserve, each after those before it; the last part, of the line that is refused first, says what would
 * become of the whole. */
void atp_ledger_explain_reserve(const atp_ledger_t *ledger, const atp_ledger_explain_reserve_t *reserve,
                                int64_t now_ms, atp_explain_room_t *room);

/* True if the op will be decided, not answered by its id, and has an account. */
bool atp_ledger_has_account(const atp_ledger_t *ledger, const atp_op_t *op);

/* Tells of the first ATP_EXPLAIN_LINES_MAX lines of a reserve as the op, applied now, finds them, each after those before it, up to one
 * behind which nothing can be planned. Nothing that is due at `now_ms` is left to be settled. */
void atp_ledger_explain_op(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms,
                           atp_explain_room_t *room);

#endif

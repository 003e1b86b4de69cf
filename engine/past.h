/* The past: what was promised at a time, and why. The journal read again up to that time, in a ledger of its own.
 *
 * It begins at the newest snapshot that is not younger than the window asked for, else at op 1; so it takes the time of a
 * start at most. It needs no lock and changes nothing, so it may run beside a living atpd.
 *
 * An op is told when it changed the position or the reservation asked for, or named it and was refused; whatever its kind:
 * what stands before and after it is compared. Of a reservation it is told, too, what its reserves were decided by: the account of each
 * is taken where the op is replayed, just before it is applied.
 *
 * Threads     the caller's.
 * Memory      one more ledger of the folder's capacities (address space; what is used of it is what the ledger has), and
 *             ATP_PAST_OPS_MAX ops: of more, the newest. Of a reservation, three accounts of ATP_EXPLAIN_PARTS_MAX parts.
 * Failures    ATP_ERR_NOT_FOUND: the time is before all that is kept, or no such SKU, node or reservation was known then.
 *             Else as atp_engine_audit. *ret_why says it. */
#ifndef ATP_ENGINE_PAST_H
#define ATP_ENGINE_PAST_H

#include "engine/base/err.h"
#include "engine/base/explain.h"
#include "engine/ledger/ledger.h"

#define ATP_PAST_OPS_MAX 1000

typedef struct atp_past_ask {
    int64_t at_ms;     /* as things stood at the end of that millisecond; 0 = now */
    int64_t window_ms; /* ops of so long before are told */
    /* one of the two */
    atp_text_t sku; /* and node: a position */
    atp_text_t node;
    atp_text_t reservation;
} atp_past_ask_t;

/* An op that touched it. The texts are of the ledger's, or the op's own, and live as long as the past. */
typedef struct atp_past_op {
    uint64_t op;
    int64_t time_ms;
    uint8_t kind;    /* atp_op_kind_t */
    uint8_t verdict; /* atp_verdict_t */
    uint8_t field;
    char subject[ATP_ID_SIZE_MAX +
                 1]; /* the reservation of a reserve or step; of others what they are about; may be "" */
    char correlation[ATP_ID_SIZE_MAX + 1]; /* "" = none */
    /* What it changed; of a reservation, over its lines. */
    atp_qty_t on_hand;
    atp_qty_t unavailable;
    atp_qty_t reserved;
    atp_qty_t allocated;
    atp_qty_t safety;
    atp_qty_t shipped;
} atp_past_op_t;

/* By what a reserve was decided: what it found, and the part that decided, as an answer that explains says it. Texts as above. */
typedef struct atp_past_account {
    uint64_t op;
    int64_t time_ms;
    uint8_t verdict;
    uint8_t field;
    bool is_cut; /* there is more to it */
    bool
        had_due; /* something was due that the op may have settled first: in the account it still counts as it did */
    uint32_t line_count; /* that have parts */
    uint32_t part_count;
    const atp_explanation_t *parts;
    char skus[ATP_EXPLAIN_LINES_MAX][ATP_ID_SIZE_MAX + 1]; /* of the lines, as the op says them */
} atp_past_account_t;

typedef struct atp_past atp_past_t;

/* Reads up to that time. Free it with atp_past_close. */
ATP_MUST_USE atp_err_t atp_past_open(const char *folder, const atp_past_ask_t *ask, atp_past_t **ret_past,
                                     atp_why_t *ret_why);
void atp_past_close(atp_past_t *past);

typedef struct atp_past_report {
    const atp_ledger_t *ledger; /* as of then; what was due is settled */
    int64_t at_ms;
    uint64_t op; /* the last one at that time */
    int64_t op_ms;
    uint64_t from_op; /* ops before it are not told: they are in a snapshot */
    int64_t from_ms;  /* from when on ops are told */
    uint64_t replayed;
    /* of a position */
    uint32_t sku;
    uint16_t node;
    /* of a reservation */
    uint32_t reservation;
    bool is_there;     /* the reservation was known then; what touched it is told in any case */
    uint64_t op_count; /* that touched it in the window */
    uint32_t told;     /* of them, the newest */
} atp_past_report_t;

const atp_past_report_t *atp_past_report(const atp_past_t *past);
/* The op number `i` of those told, oldest first. */
const atp_past_op_t *atp_past_op(const atp_past_t *past, uint32_t i);

/* The accounts of the reserves of a reservation, among the ops that were read: of the one that was granted, and of the last one
 * that was refused. Oldest first. Of a position there are none. */
uint32_t atp_past_account_count(const atp_past_t *past);
const atp_past_account_t *atp_past_account(const atp_past_t *past, uint32_t i);

#endif

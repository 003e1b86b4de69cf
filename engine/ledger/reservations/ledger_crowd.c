/* Much that is due at once: which ops can go on before pulses have cleared it.
 *
 * An op settles all that is due where it looks, which takes as long as there is much. So while more than ATP_CROWD_LIMIT
 * reservations are due only ops go on that look at nothing due; those that may, wait for a few pulses, each of so many reservations.
 * Only the order of ops depends on what is said here, never an answer: what is not sure is said to meet something. */
#include "engine/ledger/channels/views.h"
#include "engine/ledger/ledger_priv.h"

bool atp_ledger_is_crowded(atp_ledger_t *ledger, int64_t now_ms)
{
    return ledger->root->op > 0 && atp_wheel_is_crowded(&ledger->wheel, now_ms, ATP_CROWD_LIMIT);
}

static bool is_due_at(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms)
{
    return atp_load_relaxed(&atp_positions_at(&ledger->positions, row)->soonest_deadline_ms) <= now_ms;
}

/* A line that names a position by its numbers, where nothing but the position has a say. */
static bool line_may_meet(const atp_ledger_t *ledger, const atp_op_line_t *line, int64_t now_ms)
{
    uint32_t row;

    if (line->flags != 0 || line->sku >= atp_table_count(&ledger->catalog.skus) ||
        line->node >= atp_table_count(&ledger->catalog.nodes) ||
        atp_positions_sku_has(&ledger->positions, line->sku, ATP_SKU_IS_KIT | ATP_SKU_IS_RATIONED) ||
        atp_catalog_has_calendar(&ledger->catalog, line->node)) {
        return true;
    }
    return atp_positions_find(&ledger->positions, line->sku, line->node, &row) &&
           is_due_at(ledger, row, now_ms);
}

static bool lines_may_meet(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms)
{
    const atp_op_line_t *lines = atp_op_lines(op);

    for (uint32_t i = 0; i < op->line_count; i++) {
        if (line_may_meet(ledger, &lines[i], now_ms)) {
            return true;
        }
    }
    return false;
}

/* With rules of its channel the reserve looks at the SKU wherever it is; with attributes, at who knows what. */
static bool reserve_may_meet(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms)
{
    return (op->flags & (ATP_OP_HAS_ATTRIBUTES | ATP_OP_CHANNEL_NAMED | ATP_OP_CHOOSES)) != 0 ||
           op->channel >= atp_table_count(&ledger->catalog.channels) || lines_may_meet(ledger, op, now_ms) ||
           atp_channel_view_is_limited(ledger, op->channel, atp_op_lines(op)->sku);
}

/* A step settles the positions at which units of the reservation wait; one that is told, all of them. */
static bool step_may_meet(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms)
{
    const char *cursor = atp_op_text_begin(op);
    uint32_t number;

    if (!atp_reservations_find(&ledger->reservations, atp_op_text_next(&cursor), op->subject_hash, &number)) {
        return true;
    }
    for (uint32_t at = atp_reservation_at(&ledger->reservations, number)->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        bool settles = (op->flags & ATP_OP_FACT) != 0 || line->has_progress;
        if (settles && is_due_at(ledger, line->row, now_ms)) {
            return true;
        }
        at = line->next;
    }
    return false;
}

bool atp_ledger_may_meet_due(const atp_ledger_t *ledger, const atp_op_t *op, int64_t now_ms)
{
    switch ((atp_op_kind_t)op->kind) {
    case ATP_OP_CLIENT:
    case ATP_OP_SOURCE:
    case ATP_OP_QUARANTINE:
        return false;
    case ATP_OP_RESERVE:
        return ledger->has_levels || reserve_may_meet(ledger, op, now_ms);
    case ATP_OP_RECEIVE:
    case ATP_OP_SALE:
    case ATP_OP_ADJUST:
    case ATP_OP_COUNT:
    case ATP_OP_SAFETY:
        return ledger->has_levels || lines_may_meet(ledger, op, now_ms);
    case ATP_OP_EXTEND:
    case ATP_OP_ALLOCATE:
    case ATP_OP_RELEASE:
    case ATP_OP_CANCEL:
    case ATP_OP_PICK:
    case ATP_OP_PACK:
    case ATP_OP_SHIP:
    case ATP_OP_DELIVER:
        return ledger->has_levels || step_may_meet(ledger, op, now_ms);
    default:
        return true;
    }
}

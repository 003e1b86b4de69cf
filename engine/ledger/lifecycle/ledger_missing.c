/* Units that a node could not fulfil: on hand by the books, and not to be found.
 *
 * They count as unavailable, so that nobody is promised them again, and how many of the unavailable units of a position they are
 * is kept beside its row. They do not stay so for ever:
 *
 *     a count of on-hand         tells what is there, found or not: nothing is missing any more
 *     an adjust of on-hand down  for loss, correction or cycle_count writes them off, up to what it takes
 *     an adjust of unavailable   for found makes them available
 *
 * A count of unavailable is of what can be seen: the missing ones are not among what it tells, and stay.
 *
 * Invariants  B5  0 <= missing <= unavailable of each position; ATP_POSITION_HAS_MISSING exactly while missing > 0. */
#include "engine/ledger/ledger_priv.h"

/* The number of the record of what is missing at the row; false: nothing is. */
static bool find_record(const atp_ledger_t *ledger, uint32_t row, uint32_t *ret_number)
{
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);

    return atp_position_has(position, ATP_POSITION_HAS_MISSING) &&
           atp_limits_find(&ledger->positions.limits, ATP_LIMIT_MISSING, position->sku, position->node,
                           ret_number);
}

atp_qty_t atp_ledger_missing(const atp_ledger_t *ledger, uint32_t row)
{
    uint32_t number;

    return find_record(ledger, row, &number) ? atp_limits_at(&ledger->positions.limits, number)->missing : 0;
}

void atp_ledger_miss(apply_t *apply, uint32_t row, atp_qty_t qty)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_limits_t *limits = &ledger->positions.limits;
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_qty_t most = ATP_QTY_MAX - atp_load_relaxed(&position->unavailable); /* P2: more is all the same */
    uint32_t number;

    qty = qty < most ? qty : most;
    if (qty <= 0) {
        return;
    }
    bool is_noted = atp_limits_find(limits, ATP_LIMIT_MISSING, position->sku, position->node, &number) ||
                    atp_table_has_room(&limits->records, 1);
    ledger->is_missing = is_noted;
    atp_ledger_change_bucket(apply, row, ATP_BUCKET_UNAVAILABLE, qty);
    ledger->is_missing = false;
    if (!is_noted) {
        return; /* they are unavailable all the same, until somebody says otherwise of that bucket */
    }
    number = atp_limits_need(limits, ATP_LIMIT_MISSING, position->sku, position->node);
    atp_limit_t *record = atp_table_change(&limits->records, number);
    record->missing += qty;
    position = atp_table_change(&ledger->positions.rows, row);
    atp_position_set(position, ATP_POSITION_HAS_MISSING, true);
}

void atp_ledger_settle_missing(atp_ledger_t *ledger, uint32_t row, atp_qty_t qty)
{
    uint32_t number;

    if (qty <= 0 || !find_record(ledger, row, &number)) {
        return;
    }
    atp_limit_t *record = atp_table_change(&ledger->positions.limits.records, number);
    record->missing -= qty < record->missing ? qty : record->missing;
    if (record->missing == 0) {
        atp_position_set(atp_table_change(&ledger->positions.rows, row), ATP_POSITION_HAS_MISSING, false);
    }
}

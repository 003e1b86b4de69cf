/* Limits (B) and unmet demand (U), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

static bool is_known(const atp_ledger_t *ledger, const atp_limit_t *record)
{
    uint64_t skus = atp_table_count(&ledger->catalog.skus);
    uint64_t channels = atp_table_count(&ledger->catalog.channels);

    switch ((atp_limit_scope_t)record->scope) {
    case ATP_LIMIT_POSITION:
    case ATP_LIMIT_MISSING:
        return record->sku < skus && record->place < atp_table_count(&ledger->catalog.nodes);
    case ATP_LIMIT_CHANNEL:
        return record->sku < skus && record->place < channels;
    case ATP_LIMIT_SKU:
    case ATP_LIMIT_SKU_QUANTITIES:
        return record->sku < skus && record->place == 0;
    case ATP_LIMIT_CHANNEL_QUANTITIES:
        return record->sku == 0 && record->place < channels;
    }
    return false;
}

/* True if whoever decides by the record is told that there is one. */
static bool is_flagged(const atp_ledger_t *ledger, const atp_limit_t *record)
{
    const atp_channel_record_t *channel;

    switch ((atp_limit_scope_t)record->scope) {
    case ATP_LIMIT_SKU_QUANTITIES:
        return atp_positions_sku_has(&ledger->positions, record->sku, ATP_SKU_HAS_QUANTITIES);
    case ATP_LIMIT_CHANNEL_QUANTITIES:
        channel = atp_table_at(&ledger->catalog.channels, record->place);
        return channel->has_quantities;
    case ATP_LIMIT_POSITION:
    case ATP_LIMIT_CHANNEL:
    case ATP_LIMIT_SKU:
    case ATP_LIMIT_MISSING:
        break;
    }
    return true;
}

/* The limits of a position whose SKU was merged: there are none any more. */
static atp_err_t check_left(atp_limit_t *record, uint32_t number, atp_why_t *ret_why)
{
    bool has_queue = false;

    for (unsigned priority = 0; priority < ATP_PRIORITIES; priority++) {
        has_queue = has_queue || record->queues[priority].first != 0 || record->queues[priority].last != 0;
    }
    return has_queue || record->is_due || atp_load_relaxed(&record->limit) != 0 ||
                   atp_load_relaxed(&record->backordered) != 0
               ? ATP_BROKEN(ret_why, "B1", "limit %u is of a position that was merged", number)
               : ATP_OK;
}

/* B2 and the order of the queues (B3): what waits at the position, by walking its queues. */
static atp_err_t check_queues(const atp_ledger_t *ledger, uint32_t number, atp_why_t *ret_why)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    atp_limit_t *record = atp_limits_at(&ledger->positions.limits, number);
    uint64_t lines = atp_table_count(&reservations->lines);
    atp_qty_t waiting = 0;
    uint32_t row;

    if (atp_catalog_sku_now(&ledger->catalog, record->sku) != record->sku) {
        return check_left(record, number, ret_why);
    }
    if (!atp_positions_find(&ledger->positions, record->sku, record->place, &row)) {
        return ATP_BROKEN(ret_why, "B1", "limit %u is of no position", number);
    }
    for (unsigned priority = 0; priority < ATP_PRIORITIES; priority++) {
        uint32_t previous = 0;
        uint64_t seen = 0;
        for (uint32_t at = record->queues[priority].first; at != 0; seen++) {
            const atp_progress_t *progress =
                at <= lines && seen <= lines ? atp_line_progress(reservations, at - 1) : NULL;
            if (progress == NULL || progress->backordered <= 0 || progress->queue != priority ||
                progress->queue_previous != previous || atp_line_at(reservations, at - 1)->row != row) {
                return ATP_BROKEN(ret_why, "B3", "line %u stands in the queue of limit %u by mistake", at - 1,
                                  number);
            }
            waiting += progress->backordered;
            previous = at;
            at = progress->queue_next;
        }
        if (record->queues[priority].last != previous) {
            return ATP_BROKEN(ret_why, "B3", "a queue of limit %u does not end at its last line", number);
        }
    }
    if (waiting != atp_load_relaxed(&record->backordered)) {
        return ATP_BROKEN(ret_why, "B2", "limit %u counts %lld units that wait, its queues have %lld", number,
                          (long long)atp_load_relaxed(&record->backordered), (long long)waiting);
    }
    const atp_position_t *position = atp_positions_at(&ledger->positions, row);
    if (!atp_position_has(position, ATP_POSITION_HAS_LIMITS) ||
        atp_position_has(position, ATP_POSITION_HAS_QUEUE) != (waiting > 0)) {
        return ATP_BROKEN(ret_why, "B1", "row %u does not know of its limits", row);
    }
    if (waiting > 0 && atp_ledger_promisable(ledger, row) > 0 && !record->is_due) {
        return ATP_BROKEN(ret_why, "B3", "units wait at row %u while stock is free", row);
    }
    return ATP_OK;
}

/* B2 of all caps: what positions of the SKU count together is what its cap in all counts, and what its channels do. */
static atp_err_t check_caps(const atp_ledger_t *ledger, uint32_t number, atp_why_t *ret_why)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    atp_limit_t *record = atp_limits_at(limits, number);
    uint64_t count = atp_table_count(&limits->records);
    atp_qty_t by_scope[ATP_LIMIT_SKU + 1] = {0};

    for (uint32_t i = 0; i < count; i++) {
        atp_limit_t *other = atp_limits_at(limits, i);
        if (other->sku == record->sku && other->scope <= ATP_LIMIT_SKU) {
            by_scope[other->scope] += atp_load_relaxed(&other->backordered);
        }
    }
    if (by_scope[ATP_LIMIT_POSITION] != by_scope[ATP_LIMIT_SKU] ||
        by_scope[ATP_LIMIT_CHANNEL] != by_scope[ATP_LIMIT_SKU]) {
        return ATP_BROKEN(ret_why, "B2",
                          "SKU %u: %lld units wait at positions, %lld are counted, %lld by channels",
                          record->sku, (long long)by_scope[ATP_LIMIT_POSITION],
                          (long long)by_scope[ATP_LIMIT_SKU], (long long)by_scope[ATP_LIMIT_CHANNEL]);
    }
    return ATP_OK;
}

/* B5. */
static atp_err_t check_missing(const atp_ledger_t *ledger, const atp_limit_t *record, atp_why_t *ret_why)
{
    uint32_t row;

    if (record->missing == 0 && atp_catalog_sku_now(&ledger->catalog, record->sku) != record->sku) {
        return ATP_OK;
    }
    if (!atp_positions_find(&ledger->positions, record->sku, record->place, &row)) {
        return ATP_BROKEN(ret_why, "B1", "units of SKU %u are missing at no position", record->sku);
    }
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_qty_t unavailable = atp_load_relaxed(&position->unavailable);
    if (record->missing < 0 || record->missing > unavailable ||
        atp_position_has(position, ATP_POSITION_HAS_MISSING) != (record->missing > 0)) {
        return ATP_BROKEN(ret_why, "B5", "row %u: %lld units are missing, %lld are unavailable", row,
                          (long long)record->missing, (long long)unavailable);
    }
    return ATP_OK;
}

static atp_err_t check_record(const atp_ledger_t *ledger, uint32_t number, atp_why_t *ret_why)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    const atp_limit_t *record = atp_limits_at(limits, number);
    uint32_t found;

    if (!is_known(ledger, record) ||
        !atp_limits_find(limits, (atp_limit_scope_t)record->scope, record->sku, record->place, &found) ||
        found != number) {
        return ATP_BROKEN(ret_why, "B1", "limit %u is not found by what it limits", number);
    }
    if (!is_flagged(ledger, record)) {
        return ATP_BROKEN(ret_why, "B1", "nothing tells of limit %u", number);
    }
    if (record->scope == ATP_LIMIT_POSITION) {
        return check_queues(ledger, number, ret_why);
    }
    if (record->scope == ATP_LIMIT_MISSING) {
        return check_missing(ledger, record, ret_why);
    }
    return record->scope == ATP_LIMIT_SKU ? check_caps(ledger, number, ret_why) : ATP_OK;
}

/* B3, the other way round: every line that waits stands in the queue of its position. The sums were compared. */
static atp_err_t check_waiting_lines(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_progress_book_t *book = &ledger->reservations.progress;
    uint64_t count = atp_table_count(&book->records);
    atp_qty_t by_lines = 0;
    atp_qty_t by_limits = 0;

    for (uint64_t i = 0; i < count; i++) {
        by_lines += ((const atp_progress_t *)atp_table_at(&book->records, i))->backordered;
    }
    count = atp_table_count(&ledger->positions.limits.records);
    for (uint32_t i = 0; i < count; i++) {
        atp_limit_t *record = atp_limits_at(&ledger->positions.limits, i);
        by_limits += record->scope == ATP_LIMIT_POSITION ? atp_load_relaxed(&record->backordered) : 0;
    }
    return by_lines == by_limits
               ? ATP_OK
               : ATP_BROKEN(ret_why, "B2", "lines have %lld units that wait, limits count %lld",
                            (long long)by_lines, (long long)by_limits);
}

/* B4: what is listed says so, and nothing else does. */
static atp_err_t check_due(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    uint64_t count = atp_table_count(&limits->records);
    uint32_t listed = 0;
    uint32_t noted = 0;

    for (uint32_t at = limits->heads->first_due; at != 0 && listed <= count; listed++) {
        const atp_limit_t *record = at <= count ? atp_limits_at(limits, at - 1) : NULL;
        if (record == NULL || record->scope != ATP_LIMIT_POSITION || record->is_due != ATP_LIMIT_GOES_ON) {
            return ATP_BROKEN(ret_why, "B4", "limit %u is listed as due and is not", at - 1);
        }
        at = record->next_due;
    }
    for (uint32_t i = 0; i < count; i++) {
        const atp_limit_t *record = atp_limits_at(limits, i);
        noted += record->scope == ATP_LIMIT_POSITION && record->is_due;
    }
    return listed == noted && listed == limits->heads->due_count
               ? ATP_OK
               : ATP_BROKEN(ret_why, "B4", "%u queues are listed as due, %u are, %u are counted", listed,
                            noted, limits->heads->due_count);
}

atp_err_t atp_check_limits(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->positions.limits.records);
    atp_err_t err = ATP_OK;

    for (uint32_t i = 0; err == ATP_OK && i < count; i++) {
        err = check_record(ledger, i, ret_why);
    }
    err = err == ATP_OK ? check_waiting_lines(ledger, ret_why) : err;
    err = err == ATP_OK ? check_due(ledger, ret_why) : err;
    return err == ATP_OK ? atp_check_index(&ledger->positions.limits.index, "limits", count, ret_why) : err;
}

atp_err_t atp_check_demand(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->demand.records);

    for (uint32_t i = 0; i < count; i++) {
        const atp_demand_record_t *record = atp_table_at(&ledger->demand.records, i);
        if ((record->sku == ATP_DEMAND_NO_SKU) != (i == 0) || !atp_demand_is_found(&ledger->demand, i)) {
            return ATP_BROKEN(ret_why, "U1", "record %u of unmet demand is not found by what it counts", i);
        }
    }
    return atp_check_index(&ledger->demand.index, "unmet demand", count, ret_why);
}

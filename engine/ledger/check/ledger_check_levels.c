/* Levels of channels, recomputed: V1 to V3. */
#include "engine/ledger/channels/ledger_kit_levels.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/check/ledger_check_priv.h"

static atp_err_t check_ring(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_crossings_t *crossings = &ledger->crossings;
    uint64_t newest = atp_crossings_newest(crossings);
    uint64_t count = atp_table_count(&crossings->records);
    uint64_t capacity = crossings->records.capacity;

    if (count != (newest < capacity ? newest : capacity)) {
        return ATP_BROKEN(ret_why, "V3", "%llu crossings are kept of %llu", (ull_t)count, (ull_t)newest);
    }
    for (uint64_t number = newest - count + 1; number <= newest; number++) {
        atp_crossing_t crossing;
        if (!atp_crossings_read(crossings, number, &crossing) || crossing.op > ledger->root->op ||
            crossing.sku >= atp_table_count(&ledger->catalog.skus) ||
            crossing.channel >= atp_table_count(&ledger->catalog.channels) || crossing.from == crossing.to ||
            crossing.to == ATP_LEVEL_NONE || crossing.to >= ATP_LEVEL_LIMIT) {
            return ATP_BROKEN(ret_why, "V3", "crossing %llu is not at its place", (ull_t)number);
        }
    }
    return ATP_OK;
}

static atp_err_t check_rules(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t count = atp_table_count(&ledger->rulebook.rules);
    uint32_t rules = 0;

    for (uint64_t i = 0; i < count; i++) {
        atp_rule_record_t *rule = atp_rule_at(&ledger->rulebook, (uint32_t)i);
        rules += atp_load_relaxed(&rule->account) != 0 && atp_rule_has_levels(rule);
    }
    return rules == ledger->root->levels.rules
               ? ATP_OK
               : ATP_BROKEN(ret_why, "V1", "%u rules with levels are counted, there are %u",
                            ledger->root->levels.rules, rules);
}

/* True if no time has passed that a view could follow, and none is still to be looked at. */
static bool is_settled(const atp_ledger_t *ledger)
{
    uint64_t quotas = atp_table_count(&ledger->rulebook.quotas);

    for (uint64_t i = 0; i < quotas; i++) {
        int64_t period_ms = atp_load_relaxed(&atp_quota_at(&ledger->rulebook, (uint32_t)i)->period_ms);
        if (period_ms > 0 && period_ms < 1000) {
            return false; /* looked at once a second */
        }
    }
    return ledger->has_levels && !atp_ledger_is_level_due(ledger, ledger->root->time_ms);
}

static bool has_due(const atp_ledger_t *ledger, const uint32_t *rows, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (atp_positions_stock(&ledger->positions, rows[i]).soonest_deadline_ms <= ledger->root->time_ms) {
            return true;
        }
    }
    return false;
}

static atp_err_t check_level(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, const uint32_t *rows,
                             uint32_t count, atp_why_t *ret_why)
{
    uint16_t group = atp_catalog_channel_group(&ledger->catalog, channel, ATP_METHOD_SHIP);
    atp_level_t level = ATP_LEVEL_NONE;
    atp_channel_view_t view;
    uint32_t number;

    if (atp_rulebook_find_account(&ledger->rulebook, channel, ATP_SCOPE_SKU, sku, &number)) {
        level = (atp_level_t)atp_load_relaxed(&atp_account_at(&ledger->rulebook, number)->level);
    } else if (!atp_table_has_room(&ledger->rulebook.accounts, 1)) {
        return ATP_OK; /* none is kept */
    }
    if (!atp_channel_has_levels(ledger, channel, sku)) {
        return level == ATP_LEVEL_NONE
                   ? ATP_OK
                   : ATP_BROKEN(ret_why, "V1", "SKU %u is %s for channel %u, and no rule says so", sku,
                                atp_level_name(level), channel);
    }
    atp_channel_view_read(ledger, channel, sku, group, ledger->root->time_ms, rows, count, NULL, &view);
    if (atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT)) {
        view.available = atp_ledger_kit_seen(ledger, channel, sku);
    }
    atp_level_t now = atp_channel_level(ledger, channel, sku, &view);
    if (now != (level == ATP_LEVEL_NONE ? ATP_LEVEL_OK : level)) {
        return ATP_BROKEN(ret_why, "V2", "SKU %u is %s for channel %u, with %lld left: it stands as %s", sku,
                          atp_level_name(now), channel, (long long)view.available, atp_level_name(level));
    }
    return ATP_OK;
}

/* Of the SKU and, of a kit, what it is put together from: at how many positions they are, and whether something is due there. */
static bool look_for_due(const atp_ledger_t *ledger, uint32_t sku, uint32_t *rows, uint32_t *ret_count)
{
    atp_bill_t *bill = &((atp_ledger_t *)(uintptr_t)ledger)->bill; /* scratch: no state */
    bool is_due = false;

    *ret_count = 0;
    (void)atp_bill_lay_out(bill, &ledger->kits, &ledger->positions, sku, ledger->root->time_ms);
    for (uint32_t i = bill->part_count; i-- > 0;) { /* the SKU itself last: its rows are asked for */
        uint32_t count = atp_positions_list(&ledger->positions, bill->parts[i].sku, rows, ATP_VIEW_ROWS_MAX);
        is_due = is_due || has_due(ledger, rows, count);
        *ret_count += count;
    }
    ((atp_ledger_t *)(uintptr_t)ledger)->bill_op = 0;
    if (atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT) && bill->parts[0].edge_count == 0) {
        ++*ret_count; /* a kit no more */
    }
    return is_due;
}

atp_err_t atp_check_levels(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint32_t *rows = ((atp_ledger_t *)(uintptr_t)ledger)->view_rows; /* scratch: no state */
    uint64_t skus = atp_table_count(&ledger->catalog.skus);
    atp_err_t err = check_ring(ledger, ret_why);

    err = err == ATP_OK ? check_rules(ledger, ret_why) : err;
    for (uint64_t sku = is_settled(ledger) ? 0 : skus; err == ATP_OK && sku < skus; sku++) {
        bool is_kit = atp_positions_sku_has(&ledger->positions, (uint32_t)sku, ATP_SKU_IS_KIT);
        uint32_t count;
        if (look_for_due(ledger, (uint32_t)sku, rows, &count) || count == 0) {
            continue;
        }
        for (uint32_t i = 0; err == ATP_OK && i < ledger->level_channels; i++) {
            err = check_level(ledger, ledger->level_channel[i], (uint32_t)sku, rows, is_kit ? 0 : count,
                              ret_why);
        }
    }
    return err;
}

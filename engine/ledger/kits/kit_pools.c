#include "engine/ledger/kits/kit_pools.h"

#include "engine/ledger/channels/views.h"
#include "engine/ledger/ledger_priv.h"

static bool has_tag(const atp_ledger_t *ledger, uint32_t sku, uint16_t tag)
{
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);

    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        if (atp_load_relaxed(&record->tags[i]) == tag) {
            return true;
        }
    }
    return false;
}

/* The parts with the tag count in that pool. */
static void join(const atp_ledger_t *ledger, atp_bill_t *bill, uint32_t pool, uint16_t tag)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].pools |= has_tag(ledger, bill->parts[i].sku, tag) ? 1ull << pool : 0;
    }
}

static bool is_shared(const atp_ledger_t *ledger, const atp_bill_t *bill, uint32_t first, uint16_t tag)
{
    for (uint32_t i = first + 1; i < bill->part_count; i++) {
        if (has_tag(ledger, bill->parts[i].sku, tag)) {
            return true;
        }
    }
    return false;
}

static bool is_laid(const atp_bill_t *bill, uint16_t tag)
{
    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        if (bill->pools[pool].tag == tag - 1u) {
            return true;
        }
    }
    return false;
}

/* Pools of the tags that part `i` shares with those after it. */
static void lay_part(const atp_ledger_t *ledger, uint16_t channel, int64_t now_ms, atp_bill_t *bill,
                     uint32_t i)
{
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, bill->parts[i].sku);

    for (unsigned k = 0; k < ATP_TAGS_PER_SKU_MAX; k++) {
        uint16_t tag = atp_load_relaxed(&record->tags[k]);
        if (tag == 0) {
            break;
        }
        atp_qty_t left = atp_channel_tag_left(ledger, channel, tag - 1u, now_ms);
        if (left == ATP_NO_LIMIT || is_laid(bill, tag) || !is_shared(ledger, bill, i, tag)) {
            continue;
        }
        bool is_full = bill->pool_count == ATP_BILL_POOLS_MAX;
        uint32_t pool = is_full ? ATP_BILL_POOLS_MAX - 1 : bill->pool_count++;
        bill->pools[pool] = (atp_bill_pool_t){.tag = tag - 1u, .left = is_full ? 0 : left};
        join(ledger, bill, pool, tag);
    }
}

void atp_kit_pools_lay(const atp_ledger_t *ledger, uint16_t channel, int64_t now_ms, atp_bill_t *bill)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);

    bill->pool_count = 0;
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].pools = 0;
    }
    for (uint32_t i = 0; i < bill->part_count; i++) {
        if (ATP_UNLIKELY(atp_positions_sku_has(positions, bill->parts[i].sku, ATP_SKU_IS_RATIONED))) {
            lay_part(ledger, channel, now_ms, bill, i);
        }
    }
}

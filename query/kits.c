#include "query/kits.h"

#include "engine/ledger/catalog/catalog.h"

bool atp_availability_is_kit(const atp_ledger_t *ledger, uint32_t sku)
{
    return atp_positions_sku_has(atp_ledger_positions(ledger), sku, ATP_SKU_IS_KIT);
}

void atp_availability_lay_out(const atp_ledger_t *ledger, uint32_t sku, int64_t now_ms, atp_bill_t *ret_bill)
{
    (void)atp_bill_lay_out(ret_bill, atp_ledger_kits(ledger), atp_ledger_positions(ledger), sku, now_ms);
}

/* How many whole kits the components at the node may make at most; 0: too little of one. */
static int64_t look_at_parts(const atp_ledger_t *ledger, atp_bill_t *bill, uint16_t node, int64_t now_ms,
                             atp_availability_due_fn due, void *context)
{
    (void)atp_bill_take(bill, 0);
    if (bill->parts[0].edge_count == 0) {
        return 0;
    }
    for (uint32_t i = 1; i < bill->part_count; i++) {
        atp_availability_t part;
        atp_availability_read_for(ledger, bill->parts[i].sku, node, (uint16_t)bill->channel, now_ms, &part);
        /* What is there: no component waits for a kit. */
        bill->parts[i].free = part.shown < bill->parts[i].limit ? part.shown : bill->parts[i].limit;
        if (part.is_due) {
            due(context, bill->parts[i].sku, node);
        } else if (atp_bill_is_short(bill, i)) {
            return 0;
        }
    }
    return UINT32_MAX;
}

/* What the node can make ready of an order placed now. */
static atp_units_t room_at(const atp_ledger_t *ledger, uint16_t node)
{
    const atp_catalog_t *catalog = atp_ledger_catalog(ledger);

    if (!atp_catalog_has_calendar(catalog, node)) {
        return ATP_UNITS_NO_LIMIT;
    }
    int64_t left = atp_catalog_node_ready(catalog, node).capacity_left;
    return left == ATP_CAPACITY_NO_LIMIT ? ATP_UNITS_NO_LIMIT : left;
}

void atp_availability_read_kit(const atp_ledger_t *ledger, atp_bill_t *bill, uint16_t node, int64_t now_ms,
                               atp_availability_due_fn due, void *context,
                               atp_availability_t *ret_availability)
{
    atp_bill_part_t *kit = &bill->parts[0];

    atp_availability_read_for(ledger, kit->sku, node, (uint16_t)bill->channel, now_ms, ret_availability);
    ret_availability->is_stale = atp_catalog_is_stale(atp_ledger_catalog(ledger), node);
    atp_qty_t here = ret_availability->shown < kit->limit ? ret_availability->shown : kit->limit;
    atp_qty_t beyond = ret_availability->promisable - ret_availability->shown;
    int64_t most = look_at_parts(ledger, bill, node, now_ms, due, context);
    atp_bill_given_t given = atp_bill_give(bill, here, most, beyond > 0 ? beyond : 0, room_at(ledger, node));
    ret_availability->promisable = atp_bill_given(bill, &given);
    ret_availability->shown = ret_availability->promisable - given.beyond;
    kit->taken = given.here;
}

void atp_availability_limit_part(const atp_ledger_t *ledger, atp_bill_t *bill, uint32_t i, uint16_t channel,
                                 const atp_channel_view_t *view)
{
    bill->parts[i].limit = view->available < ATP_QTY_MAX ? view->available : ATP_QTY_MAX;
    if (i == 0 && !atp_channel_sells(ledger, channel, bill->parts[0].sku)) {
        bill->parts[0].edge_count = 0; /* what the channel does not sell is not put together for it */
    }
}

void atp_availability_limit_beyond(const atp_ledger_t *ledger, uint32_t sku, uint16_t channel,
                                   const atp_channel_view_t *view, atp_qty_t here,
                                   atp_availability_t *availability)
{
    atp_availability_within_caps(ledger, sku, channel, availability);
    atp_qty_t beyond = availability->promisable - availability->shown;
    if (view != NULL && beyond > 0) {
        atp_qty_t left = atp_channel_view_with(view, beyond) - here;
        availability->promisable = availability->shown + (left < 0 ? 0 : left < beyond ? left : beyond);
    }
}

void atp_availability_use_limits(atp_bill_t *bill)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].limit -= bill->parts[i].taken;
    }
}

uint8_t atp_availability_kit_level(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    const atp_rulebook_t *rulebook = atp_ledger_rulebook(ledger);
    uint8_t level = ATP_LEVEL_NONE;
    uint32_t account;

    if (!atp_channel_has_levels(ledger, channel, sku)) {
        return ATP_LEVEL_NONE;
    }
    if (atp_rulebook_find_account(rulebook, channel, ATP_SCOPE_SKU, sku, &account)) {
        level = atp_load_relaxed(&atp_account_at(rulebook, account)->level);
    }
    return level == ATP_LEVEL_NONE ? ATP_LEVEL_OK : level;
}

typedef struct climb {
    const atp_kits_t *kits;
    uint64_t revision;
    atp_availability_kit_fn tell;
    void *context;
} climb_t;

/* While the revision holds levels rise (K2): no deeper than kits nest. */
static bool climb_from(const climb_t *climb, uint32_t sku, unsigned depth)
{
    atp_uses_walk_t walk = atp_kits_uses(climb->kits, sku);
    uint32_t kit;

    while (depth < ATP_KIT_DEPTH_MAX && atp_kits_next_use(&walk, &kit)) {
        if (!atp_kits_revision_holds(climb->kits, climb->revision)) {
            return false;
        }
        climb->tell(climb->context, kit);
        if (!climb_from(climb, kit, depth + 1)) {
            return false;
        }
    }
    return atp_kits_revision_holds(climb->kits, climb->revision);
}

bool atp_availability_kits_above(const atp_ledger_t *ledger, uint32_t sku, atp_availability_kit_fn tell,
                                 void *context)
{
    const atp_kits_t *kits = atp_ledger_kits(ledger);
    const climb_t climb = {kits, atp_kits_revision(kits), tell, context};

    return climb_from(&climb, sku, 0);
}

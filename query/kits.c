#include "query/kits.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/kits/kit_pools.h"

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
    atp_qty_t here = ret_availability->shown;
    atp_qty_t beyond = ret_availability->promisable - here;
    int64_t most = look_at_parts(ledger, bill, node, now_ms, due, context);
    atp_bill_given_t given = atp_bill_give(bill, here, most, beyond > 0 ? beyond : 0, room_at(ledger, node));
    ret_availability->promisable = atp_bill_given(bill, &given);
    ret_availability->shown = ret_availability->promisable - given.beyond;
    kit->taken = given.here;
}

/* ---- what a channel may have ---- */

/* What is there of a SKU at a node, whoever looks. */
static atp_qty_t stock_at(const atp_ledger_t *ledger, uint32_t sku, uint16_t node)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    atp_position_view_t view;
    uint32_t row;

    if (atp_catalog_node_state(atp_ledger_catalog(ledger), node) != ATP_NODE_OPEN ||
        !atp_positions_find(positions, sku, node, &row)) {
        return 0;
    }
    atp_positions_read(positions, row, &view);
    atp_qty_t stock = atp_view_for_sale(&view) - view.backordered;
    return stock > 0 && !view.is_withdrawn ? stock : 0;
}

static atp_qty_t seen_at(const atp_kit_look_t *look, uint32_t sku, uint16_t node)
{
    atp_availability_t read;

    atp_availability_read_for(look->ledger, sku, node, look->channel, look->now_ms, &read);
    if (read.is_due) {
        look->due(look->context, sku, node);
    }
    return read.shown;
}

/* Whole ones of part `root` that the node makes up beside those on its shelf. `is_of_all`: whoever looks. */
static int64_t build_at(const atp_kit_look_t *look, atp_bill_t *bill, uint32_t root, uint16_t node,
                        bool is_of_all)
{
    atp_units_t room = is_of_all ? ATP_UNITS_NO_LIMIT : room_at(look->ledger, node);

    for (uint32_t i = 1; i < bill->part_count; i++) {
        atp_bill_part_t *part = &bill->parts[i];
        if (i != root && part->level < bill->parts[root].level) {
            atp_qty_t free =
                is_of_all ? stock_at(look->ledger, part->sku, node) : seen_at(look, part->sku, node);
            part->free = free < part->limit ? free : part->limit;
        }
    }
    atp_qty_t here = room == ATP_UNITS_NO_LIMIT ? 0 : seen_at(look, bill->parts[root].sku, node);
    return atp_bill_build(bill, root, here, room);
}

static bool sees(const atp_kit_look_t *look, uint16_t node)
{
    atp_group_node_t member;

    return look->group == ATP_NO_GROUP ||
           atp_groups_find(atp_ledger_groups(look->ledger), look->group, node, &member);
}

/* The same over the nodes that the channel sees, or over all; the limits are as before. In the scale of the part. */
static atp_qty_t build_anywhere(const atp_kit_look_t *look, const atp_bill_t *limited, uint32_t root,
                                bool is_of_all)
{
    uint64_t nodes = atp_table_count(&atp_ledger_catalog(look->ledger)->nodes);
    atp_bill_t bill = *limited;
    int64_t built = 0;

    if (bill.parts[root].edge_count == 0) {
        return 0;
    }
    if (is_of_all) {
        atp_bill_forget_limits(&bill);
    }
    for (uint64_t node = 0; node < nodes; node++) {
        if (is_of_all || sees(look, (uint16_t)node)) {
            built += build_at(look, &bill, root, (uint16_t)node, is_of_all);
        }
    }
    atp_qty_t unit = atp_kit_unit(bill.parts[root].scale);
    return built < ATP_QTY_MAX / unit ? built * unit : ATP_QTY_MAX;
}

static void read_kit_view(const atp_kit_look_t *look, const atp_bill_t *bill, uint32_t root,
                          atp_channel_view_t *ret_view)
{
    uint32_t sku = bill->parts[root].sku;
    const atp_channel_taken_t taken = {
        .assembled = build_anywhere(look, bill, root, false),
        .assembled_of_all =
            atp_channel_needs_all(look->ledger, sku) ? build_anywhere(look, bill, root, true) : 0,
    };

    look->read_view(look->context, sku, &taken, ret_view);
}

bool atp_availability_limit_kit(const atp_kit_look_t *look, atp_bill_t *bill, atp_channel_view_t *ret_view)
{
    atp_bill_forget_limits(bill);
    atp_kit_pools_lay(look->ledger, look->channel, look->now_ms, bill);
    for (uint32_t k = bill->part_count;
         k-- > 0;) { /* the lowest first: those above are made of what is left of them */
        atp_bill_part_t *part = &bill->parts[bill->order[k]];
        bool is_component = bill->order[k] != 0 && part->edge_count == 0;
        atp_channel_view_t view;
        if (!is_component && !atp_channel_binds(look->ledger, look->channel, part->sku)) {
            continue;
        }
        if (is_component) {
            look->read_view(look->context, part->sku, NULL, &view);
        } else {
            read_kit_view(look, bill, bill->order[k], &view);
        }
        atp_qty_t left = view.available < ATP_QTY_MAX ? view.available : ATP_QTY_MAX;
        *(is_component ? &part->limit : &part->bound) = left;
        *ret_view = view; /* the kit itself comes last */
    }
    return atp_channel_binds(look->ledger, look->channel, bill->parts[0].sku);
}

void atp_availability_within_kit_rules(const atp_ledger_t *ledger, const atp_bill_t *bill, uint16_t channel,
                                       const atp_channel_view_t *view, atp_qty_t here,
                                       atp_availability_t *availability)
{
    atp_qty_t unit = atp_kit_unit(bill->parts[0].scale);

    atp_availability_within_caps(ledger, bill->parts[0].sku, channel, availability);
    if (view == NULL) {
        return;
    }
    atp_bill_given_t given = {here, (availability->shown - here) / unit,
                              availability->promisable - availability->shown};
    given = atp_bill_within(bill, given, view->available, atp_channel_view_with(view, given.beyond));
    availability->promisable = atp_bill_given(bill, &given);
    availability->shown = availability->promisable - given.beyond;
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

#include "engine/ledger/kits/bill.h"

/* ---- laying out ---- */

static uint8_t level_of(const atp_kits_t *kits, uint32_t sku)
{
    uint32_t kit;

    return atp_kits_of_sku(kits, sku, &kit) ? (uint8_t)atp_kits_level(kits, kit) : 0;
}

/* The part of the SKU, added with that level if it is new. */
static uint16_t part_of(atp_bill_t *bill, const atp_positions_t *positions, uint32_t sku, uint8_t level)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        if (bill->parts[i].sku == sku) {
            return (uint16_t)i;
        }
    }
    bill->parts[bill->part_count] = (atp_bill_part_t){.sku = sku,
                                                      .scale = atp_positions_scale(positions, sku),
                                                      .level = level,
                                                      .limit = ATP_QTY_MAX,
                                                      .bound = ATP_QTY_MAX};
    return (uint16_t)bill->part_count++;
}

/* Adds an edge to `part`, whose edges are the last ones; the same component twice is one with the sum. */
static void add_edge(atp_bill_t *bill, atp_bill_part_t *part, uint16_t component, atp_qty_t qty)
{
    for (uint32_t i = 0; i < part->edge_count; i++) {
        atp_bill_edge_t *edge = &bill->edges[part->edges_at + i];
        if (edge->part == component) {
            edge->qty = edge->qty + qty < ATP_QTY_MAX ? edge->qty + qty : ATP_QTY_MAX;
            return;
        }
    }
    bill->edges[bill->edge_count++] = (atp_bill_edge_t){component, qty};
    part->edge_count++;
}

static void lay_out_part(atp_bill_t *bill, const atp_kits_t *kits, const atp_positions_t *positions,
                         atp_bill_part_t *part, int64_t now_ms)
{
    uint64_t skus = atp_table_count(kits->skus);
    atp_recipe_line_t line;
    uint32_t kit;

    part->edges_at = (uint16_t)bill->edge_count;
    if (!atp_kits_of_sku(kits, part->sku, &kit)) {
        return;
    }
    atp_recipe_walk_t walk = atp_kits_recipe(kits, kit);
    while (atp_kits_next(&walk, &line) && bill->edge_count < ATP_KIT_ENTRIES_MAX) {
        /* A recipe read while it changes may name anything; the stamp tells the reader that it did. */
        if (!atp_recipe_line_is_valid(&line, now_ms) || line.sku >= skus || line.qty <= 0) {
            continue;
        }
        uint8_t level = level_of(kits, line.sku);
        if (level < part->level) {
            add_edge(bill, part, part_of(bill, positions, line.sku, level), line.qty);
        }
    }
}

bool atp_bill_lay_out(atp_bill_t *bill, const atp_kits_t *kits, const atp_positions_t *positions,
                      uint32_t sku, int64_t now_ms)
{
    uint32_t ordered = 0;

    bill->channel = UINT16_MAX;
    bill->part_count = 0;
    bill->edge_count = 0;
    bill->pool_count = 0;
    bill->whole = 0;
    (void)part_of(bill, positions, sku, level_of(kits, sku));
    /* From the top down: all that a part is used in stands higher, and has been laid out before it. */
    for (uint32_t level = bill->parts[0].level + 1u; level-- > 0;) {
        for (uint32_t i = 0; i < bill->part_count; i++) {
            if (bill->parts[i].level == level) {
                bill->order[ordered++] = (uint16_t)i;
                lay_out_part(bill, kits, positions, &bill->parts[i], now_ms);
            }
        }
    }
    return bill->parts[0].edge_count > 0;
}

void atp_bill_forget_limits(atp_bill_t *bill)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].limit = ATP_QTY_MAX;
        bill->parts[i].bound = ATP_QTY_MAX;
    }
    bill->pool_count = 0;
    bill->whole = 0;
}

/* ---- counting ---- */

static bool take(atp_bill_t *bill, uint32_t root, int64_t count)
{
    bill->root = root;
    bill->count = count;
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].need = 0;
        bill->parts[i].taken = 0;
    }
    for (uint32_t i = 0; i < bill->part_count; i++) {
        atp_bill_part_t *part = &bill->parts[bill->order[i]];
        int64_t built = count;
        if (bill->order[i] != root) {
            if (part->need > part->bound) {
                return false;
            }
            part->taken = part->free < part->need ? part->free : part->need;
            atp_qty_t unit = atp_kit_unit(part->scale);
            built = (part->need - part->taken + unit - 1) / unit;
        }
        if (built > 0 && part->edge_count == 0) {
            return false;
        }
        for (uint32_t k = 0; built > 0 && k < part->edge_count; k++) {
            const atp_bill_edge_t *edge = &bill->edges[part->edges_at + k];
            atp_bill_part_t *component = &bill->parts[edge->part];
            if (edge->qty > (ATP_QTY_MAX - component->need) / built) {
                return false; /* more than there can be of anything */
            }
            component->need += built * edge->qty;
        }
    }
    return true;
}

bool atp_bill_take(atp_bill_t *bill, int64_t count)
{
    return take(bill, 0, count);
}

/* What could be had of a part if nothing else wanted anything: never less than what can be. */
static atp_qty_t reach_of(const atp_bill_t *bill, const atp_bill_part_t *part, const atp_qty_t *reach)
{
    int64_t kits = INT64_MAX;
    atp_qty_t unit = atp_kit_unit(part->scale);

    for (uint32_t k = 0; k < part->edge_count; k++) {
        const atp_bill_edge_t *edge = &bill->edges[part->edges_at + k];
        int64_t made = reach[edge->part] / edge->qty;
        kits = made < kits ? made : kits;
    }
    kits = part->edge_count == 0 ? 0 : kits;
    atp_qty_t all = kits > (ATP_QTY_MAX - part->free) / unit ? ATP_QTY_MAX : part->free + kits * unit;
    return all < part->bound ? all : part->bound;
}

bool atp_bill_is_short(const atp_bill_t *bill, uint32_t i)
{
    const atp_bill_part_t *kit = &bill->parts[0];

    for (uint32_t k = 0; bill->parts[i].edge_count == 0 && k < kit->edge_count; k++) {
        const atp_bill_edge_t *edge = &bill->edges[kit->edges_at + k];
        if (edge->part == i && bill->parts[i].free < edge->qty) {
            return true;
        }
    }
    return false;
}

atp_units_t atp_bill_units(const atp_bill_t *bill)
{
    atp_units_t units = 0;

    for (uint32_t i = 1; i < bill->part_count; i++) {
        units += atp_capacity_units(bill->parts[i].taken, bill->parts[i].scale);
    }
    return units;
}

/* What part `i` adds to the pools it counts in. */
static atp_qty_t counted_of(const atp_bill_t *bill, uint32_t i)
{
    const atp_bill_part_t *part = &bill->parts[i];
    atp_qty_t unit = atp_kit_unit(part->scale);
    atp_qty_t whole = i == 0 ? bill->whole : 0;

    if (i == bill->root) {
        return bill->count < ATP_QTY_MAX / unit ? whole + bill->count * unit : ATP_QTY_MAX;
    }
    int64_t built = part->edge_count == 0 ? 0 : (part->need - part->taken + unit - 1) / unit;
    return whole + part->taken + built * unit;
}

static atp_qty_t left_of_pool(const atp_bill_t *bill, uint32_t pool)
{
    atp_qty_t left = bill->pools[pool].left;

    for (uint32_t i = 0; i < bill->part_count && left >= 0; i++) {
        left -= (bill->parts[i].pools >> pool & 1) != 0 ? counted_of(bill, i) : 0;
    }
    return left;
}

static bool is_within_pools(const atp_bill_t *bill)
{
    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        if (left_of_pool(bill, pool) < 0) {
            return false;
        }
    }
    return true;
}

/* Of `qty` more of the kit itself what the pools leave. */
static atp_qty_t whole_within_pools(const atp_bill_t *bill, atp_qty_t qty)
{
    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        if ((bill->parts[0].pools >> pool & 1) != 0) {
            atp_qty_t left = left_of_pool(bill, pool);
            qty = left < qty ? left : qty;
        }
    }
    return qty > 0 ? qty : 0;
}

/* The more are made, the more is taken of each part. */
static bool can_make(atp_bill_t *bill, uint32_t root, int64_t count, atp_units_t room)
{
    return take(bill, root, count) && is_within_pools(bill) &&
           (room == ATP_UNITS_NO_LIMIT || atp_bill_units(bill) <= room);
}

static int64_t most_of(atp_bill_t *bill, uint32_t root, int64_t limit, atp_units_t room)
{
    atp_qty_t reach[ATP_KIT_ENTRIES_MAX + 1];

    bill->parts[root].free = 0; /* stocked kits are not put together */
    for (uint32_t i = bill->part_count; i-- > 0;) {
        reach[bill->order[i]] = reach_of(bill, &bill->parts[bill->order[i]], reach);
    }
    int64_t most = reach[root] / atp_kit_unit(bill->parts[root].scale);
    most = most < limit ? most : limit;
    if (most == 0 || can_make(bill, root, most, room)) {
        return most; /* as good as always: no two parts want the same, or there is enough for both */
    }
    int64_t least = 0; /* that many can be made; `most` cannot */
    while (most - least > 1) {
        int64_t middle = least + (most - least) / 2;
        if (can_make(bill, root, middle, room)) {
            least = middle;
        } else {
            most = middle;
        }
    }
    (void)take(bill, root, least);
    return least;
}

int64_t atp_bill_most(atp_bill_t *bill, int64_t limit, atp_units_t room)
{
    bill->whole = 0;
    return most_of(bill, 0, limit, room);
}

int64_t atp_bill_build(atp_bill_t *bill, uint32_t root, atp_qty_t here, atp_units_t room)
{
    if (room != ATP_UNITS_NO_LIMIT) {
        atp_units_t of_shelf = atp_capacity_units(here, bill->parts[root].scale);
        room = of_shelf < room ? room - of_shelf : 0;
    }
    bill->whole = 0;
    int64_t built = most_of(bill, root, UINT32_MAX, room);
    if (built > 0) {
        atp_bill_use_limits(bill);
    }
    return built;
}

/* `qty` of the kit itself, or as many as can be made ready; takes them off the room. */
static atp_qty_t give_whole(const atp_bill_t *bill, atp_qty_t qty, atp_units_t *room)
{
    atp_qty_t most = atp_capacity_qty(*room, bill->parts[0].scale);
    atp_qty_t given = qty < most ? qty : most;

    *room -= *room == ATP_UNITS_NO_LIMIT ? 0 : atp_capacity_units(given, bill->parts[0].scale);
    return given;
}

atp_bill_given_t atp_bill_give(atp_bill_t *bill, atp_qty_t here, int64_t limit, atp_qty_t beyond,
                               atp_units_t room)
{
    atp_bill_given_t given = {0, 0, 0};

    bill->whole = 0;
    if (ATP_UNLIKELY(bill->pool_count > 0)) {
        (void)take(bill, 0, 0);
        here = whole_within_pools(bill, here);
    }
    given.here = give_whole(bill, here, &room);
    bill->whole = given.here;
    given.built = limit == 0 ? 0 : most_of(bill, 0, limit, room);
    room -= room == ATP_UNITS_NO_LIMIT || given.built == 0 ? 0 : atp_bill_units(bill);
    given.beyond = give_whole(bill, whole_within_pools(bill, beyond), &room);
    bill->whole += given.beyond;
    return given;
}

/* `most` of those on the shelf and put together. */
static atp_bill_given_t cut(const atp_bill_t *bill, atp_bill_given_t given, atp_qty_t most)
{
    atp_qty_t unit = atp_kit_unit(bill->parts[0].scale);
    atp_qty_t here = given.here < most ? given.here : most;
    int64_t built = (most - here + unit - 1) / unit;

    if (built <= given.built && built * unit <= most) {
        return (atp_bill_given_t){most - built * unit, built, given.beyond};
    }
    built = (most - here) / unit; /* not in whole: what there is, in whole kits */
    return (atp_bill_given_t){here, built < given.built ? built : given.built, given.beyond};
}

atp_bill_given_t atp_bill_within(const atp_bill_t *bill, atp_bill_given_t given, atp_qty_t in_stock,
                                 atp_qty_t in_all)
{
    atp_qty_t beyond = given.beyond;

    if (atp_bill_given(bill, &given) - beyond > in_stock) {
        given = cut(bill, given, in_stock);
    }
    atp_qty_t left = in_all - (atp_bill_given(bill, &given) - beyond);
    given.beyond = left < 0 ? 0 : left < beyond ? left : beyond;
    return given;
}

void atp_bill_use_limits(atp_bill_t *bill)
{
    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        atp_qty_t left = left_of_pool(bill, pool);
        bill->pools[pool].left = left > 0 ? left : 0;
    }
    for (uint32_t i = 1; i < bill->part_count; i++) {
        bill->parts[i].limit -= bill->parts[i].taken;
        bill->parts[i].bound -= bill->parts[i].bound == ATP_QTY_MAX ? 0 : bill->parts[i].need;
    }
}

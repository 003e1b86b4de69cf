/* What the rules of a channel leave of a kit, over all nodes.
 *
 * The view of a kit (views.h) is that of a SKU of which there are so many: those on shelves, and those that can be put together, node
 * by node, of what the views of its components leave. Kits in the kit have views of their own; the lowest come first, since those
 * above are made of what is left of them. */
#include "engine/ledger/channels/ledger_accounts.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/kits/kit_pools.h"
#include "engine/ledger/kits/ledger_kits.h"
#include "engine/ledger/lifecycle/ledger_steps.h"

/* ---- quotas that parts share ---- */

/* What a reservation that the op replaces gives back of SKUs with the tag, as far as it is of the same channel. */
static atp_qty_t given_back_of_tag(const apply_t *apply, uint32_t tag)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *replaced = atp_ledger_replaced(apply);
    const atp_bill_t *bill = &ledger->bill;
    atp_qty_t units = 0;

    if (replaced == NULL || replaced->channel != apply->channel) {
        return 0;
    }
    for (uint32_t at = replaced->first_line; at != 0; at = atp_line_at(&ledger->reservations, at - 1)->next) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        if (atp_ledger_sku_has_tag(ledger, atp_positions_at(&ledger->positions, line->row)->sku, tag)) {
            units += line->reserved + atp_line_waiting(&ledger->reservations, at - 1);
        }
        for (uint32_t i = 0; atp_ledger_kits_of(ledger, at - 1) != 0 && i < bill->part_count; i++) {
            units += atp_ledger_sku_has_tag(ledger, bill->parts[i].sku, tag)
                         ? atp_ledger_kits_in_use(ledger, at - 1, NULL, 0) *
                               atp_ledger_kits_of_sku(ledger, at - 1, bill->parts[i].sku)
                         : 0;
        }
    }
    return units;
}

/* Lays what quotas of tags leave of several parts together into the bill, less what the plan takes of all SKUs with the tag. */
static void lay_pools(apply_t *apply, atp_bill_t *bill)
{
    const atp_ledger_t *ledger = apply->ledger;

    if (apply->is_track_only || (apply->unheeded & (UNHEEDED_CHANNEL | UNHEEDED_COMPONENTS)) != 0) {
        return;
    }
    atp_kit_pools_lay(ledger, apply->channel, apply->now_ms, bill);
    if (ATP_LIKELY(bill->pool_count == 0)) {
        return;
    }
    atp_ledger_settle_due(apply->ledger, apply->now_ms, UINT64_MAX);
    atp_kit_pools_lay(ledger, apply->channel, apply->now_ms, bill); /* what is due counts no more */
    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        atp_qty_t left = bill->pools[pool].left + given_back_of_tag(apply, bill->pools[pool].tag);
        for (uint32_t i = 0; i < ledger->plan_count; i++) {
            const resolved_line_t *line = &ledger->lines[i];
            bool is_counted = atp_ledger_sku_has_tag(ledger, line->sku, bill->pools[pool].tag);
            left -= is_counted ? atp_ledger_granted(line) : 0;
        }
        bill->pools[pool].left = left;
    }
}

/* ---- limits of the parts ---- */

/* What the channel leaves the op of each part that is there as such, wherever that is. */
static void limit_leaves(apply_t *apply, atp_bill_t *bill)
{
    atp_bill_forget_limits(bill);
    lay_pools(apply, bill);
    for (uint32_t i = 1; i < bill->part_count; i++) {
        if (bill->parts[i].edge_count == 0 &&
            (apply->unheeded & (UNHEEDED_CHANNEL | UNHEEDED_COMPONENTS)) == 0) {
            bill->parts[i].limit = atp_ledger_channel_left(apply, bill->parts[i].sku);
        }
    }
}

typedef struct limits {
    atp_qty_t limit[ATP_KIT_ENTRIES_MAX + 1];
    atp_qty_t bound[ATP_KIT_ENTRIES_MAX + 1];
    atp_qty_t pool[ATP_BILL_POOLS_MAX];
    uint32_t pool_count;
} limits_t;

static void keep_limits(const atp_bill_t *bill, limits_t *ret_kept)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        ret_kept->limit[i] = bill->parts[i].limit;
        ret_kept->bound[i] = bill->parts[i].bound;
    }
    ret_kept->pool_count = bill->pool_count;
    for (uint32_t i = 0; i < bill->pool_count; i++) {
        ret_kept->pool[i] = bill->pools[i].left;
    }
}

static void restore_limits(atp_bill_t *bill, const limits_t *kept)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].limit = kept->limit[i];
        bill->parts[i].bound = kept->bound[i];
    }
    bill->pool_count = kept->pool_count;
    for (uint32_t i = 0; i < kept->pool_count; i++) {
        bill->pools[i].left = kept->pool[i];
    }
}

/* ---- what can be put together ---- */

/* Whole ones of part `root` that the node makes up of what is free there, beside those on its shelf. */
static int64_t build_at(apply_t *apply, atp_bill_t *bill, uint32_t root, uint16_t node)
{
    bool may_backorder = apply->may_backorder;
    atp_verdict_t why;
    uint32_t row;

    apply->may_backorder = false;
    atp_qty_t here = atp_ledger_stock_at(apply, bill->parts[root].sku, node, &row);
    for (uint32_t i = 1; i < bill->part_count; i++) {
        atp_bill_part_t *part = &bill->parts[i];
        if (i != root && part->level < bill->parts[root].level) {
            atp_qty_t free = atp_ledger_stock_at(apply, part->sku, node, &row);
            part->free = free < part->limit ? free : part->limit;
        }
    }
    apply->may_backorder = may_backorder;
    return atp_bill_build(bill, root, here, atp_ledger_room_at(apply, node, ATP_UNITS_NO_LIMIT, &why));
}

/* The same over the nodes that the channel sees, or over all; the limits are as before. In the scale of the part. */
static atp_qty_t build_anywhere(apply_t *apply, atp_bill_t *bill, uint32_t root, bool is_of_all)
{
    uint64_t nodes = atp_table_count(&apply->ledger->catalog.nodes);
    uint8_t unheeded = apply->unheeded;
    int64_t built = 0;
    limits_t kept;

    keep_limits(bill, &kept);
    if (is_of_all) {
        atp_bill_forget_limits(bill);
    }
    apply->unheeded |= UNHEEDED_CHANNEL | (is_of_all ? UNHEEDED_CAPACITY | UNHEEDED_STALE : 0);
    for (uint64_t node = 0; node < nodes; node++) {
        if (is_of_all || atp_ledger_channel_sees(apply, (uint16_t)node)) {
            built += build_at(apply, bill, root, (uint16_t)node);
        }
    }
    apply->unheeded = unheeded;
    restore_limits(bill, &kept);
    atp_qty_t unit = atp_kit_unit(bill->parts[root].scale);
    return built < ATP_QTY_MAX / unit ? built * unit : ATP_QTY_MAX;
}

/* ---- what the op takes of that ---- */

typedef struct planned {
    atp_qty_t seen; /* of the nodes that the channel sees */
    atp_qty_t all;
    atp_qty_t of_others; /* given back by another channel */
} planned_t;

static void add_planned(apply_t *apply, planned_t *planned, uint16_t node, atp_qty_t qty)
{
    planned->all += qty;
    planned->seen += atp_ledger_channel_sees(apply, node) ? qty : 0;
}

static const atp_position_t *position_of(const atp_ledger_t *ledger, uint32_t line)
{
    return atp_positions_at(&ledger->positions, atp_line_at(&ledger->reservations, line)->row);
}

/* Kits that an edit takes apart: lines `i` and those after it that are components of the same kit. Returns how many lines. */
static uint32_t add_given_back(apply_t *apply, uint32_t sku, uint32_t i, planned_t *planned)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t kit_line = atp_line_progress(&ledger->reservations, ledger->lines[i].line)->kit_parent - 1;
    uint32_t count = 1;

    while (i + count < ledger->plan_count && ledger->lines[i + count].is_component &&
           ledger->lines[i + count].granted < 0 &&
           atp_line_progress(&ledger->reservations, ledger->lines[i + count].line)->kit_parent ==
               kit_line + 1) {
        count++;
    }
    const atp_position_t *position = position_of(ledger, kit_line);
    int64_t before = atp_ledger_kits_in_use(ledger, kit_line, NULL, 0);
    int64_t after = atp_ledger_kits_in_use(ledger, kit_line, &ledger->lines[i], count);
    add_planned(apply, planned, position->node,
                -(before - after) * atp_ledger_kits_of_sku(ledger, kit_line, sku));
    return count;
}

/* Kits of a reservation that the op replaces. */
static void add_replaced(apply_t *apply, uint32_t sku, planned_t *planned)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *replaced = atp_ledger_replaced(apply);

    for (uint32_t at = replaced != NULL ? replaced->first_line : 0; at != 0;
         at = atp_line_at(&ledger->reservations, at - 1)->next) {
        atp_qty_t qty = atp_ledger_kits_of(ledger, at - 1) == 0
                            ? 0
                            : atp_ledger_kits_in_use(ledger, at - 1, NULL, 0) *
                                  atp_ledger_kits_of_sku(ledger, at - 1, sku);
        add_planned(apply, planned, position_of(ledger, at - 1)->node, -qty);
        planned->of_others += replaced->channel != apply->channel ? qty : 0;
    }
}

/* What the plan puts together of the SKU so far, less what it gives back. */
static planned_t planned_of(apply_t *apply, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    planned_t planned = {0, 0, 0};

    for (uint32_t i = 0; i < ledger->plan_count;) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->is_component && line->granted < 0) {
            i += add_given_back(apply, sku, i, &planned);
            continue;
        }
        if (line->sku == sku && line->kits > 0) {
            add_planned(apply, &planned, line->node, atp_ledger_granted(line) - line->granted);
        }
        i++;
    }
    add_replaced(apply, sku, &planned);
    return planned;
}

/* ---- the view ---- */

/* Adds what rows do not say of part `root` to what the op has taken: what can be put together, and what it has of that. No bill: it
 * is put together of nothing now. */
static void add_assembled(apply_t *apply, atp_bill_t *bill, uint32_t root, uint32_t sku,
                          atp_channel_taken_t *taken)
{
    planned_t planned = planned_of(apply, sku);

    taken->assembled = (bill != NULL ? build_anywhere(apply, bill, root, false) : 0) + planned.seen;
    if (atp_channel_needs_all(apply->ledger, sku)) {
        taken->assembled_of_all = (bill != NULL ? build_anywhere(apply, bill, root, true) : 0) + planned.all;
    }
    taken->of_sku += planned.all;
    taken->beyond += planned.all - planned.seen;
    taken->of_others += planned.of_others;
}

static bool heeds(const apply_t *apply, unsigned unheeded)
{
    return !apply->is_track_only && (apply->unheeded & (UNHEEDED_CHANNEL | unheeded)) == 0;
}

/* Lays what the rules leave of each part into the bill, the lowest kits first. */
static void limit_parts(apply_t *apply, atp_bill_t *bill)
{
    limit_leaves(apply, bill);
    for (uint32_t k = bill->part_count; k-- > 1;) {
        atp_bill_part_t *part = &bill->parts[bill->order[k]];
        if (part->edge_count > 0 && heeds(apply, UNHEEDED_COMPONENTS) &&
            atp_channel_binds(apply->ledger, apply->channel, part->sku)) {
            atp_channel_taken_t taken = {0};
            atp_channel_view_t view;
            add_assembled(apply, bill, bill->order[k], part->sku, &taken);
            (void)atp_ledger_read_view_with(apply, part->sku, &taken, &view);
            part->bound = view.available < ATP_QTY_MAX ? view.available : ATP_QTY_MAX;
        }
    }
}

/* True if rules have a say in the kit, or in one that is in it. */
static bool is_ruled(const apply_t *apply, const atp_bill_t *bill, uint32_t from)
{
    for (uint32_t i = from; i < bill->part_count; i++) {
        if ((i == 0 || bill->parts[i].edge_count > 0) &&
            heeds(apply, i == 0 ? UNHEEDED_KIT : UNHEEDED_COMPONENTS) &&
            atp_channel_binds(apply->ledger, apply->channel, bill->parts[i].sku)) {
            return true;
        }
    }
    return false;
}

void atp_ledger_read_kit_rules(apply_t *apply, uint32_t sku, atp_kit_rules_t *ret_rules)
{
    atp_bill_t *bill = atp_ledger_bill_of(apply, sku);
    atp_channel_taken_t taken = {0};

    ret_rules->is_bound = false;
    atp_bill_forget_limits(bill);
    lay_pools(apply, bill);
    if (ATP_LIKELY(!is_ruled(apply, bill, 0))) {
        return;
    }
    atp_ledger_settle_due(apply->ledger, apply->now_ms,
                          UINT64_MAX); /* what is due counts no more, at any node */
    limit_parts(apply, bill);
    if (heeds(apply, UNHEEDED_KIT) && atp_channel_binds(apply->ledger, apply->channel, sku)) {
        add_assembled(apply, bill->parts[0].edge_count > 0 ? bill : NULL, 0, sku, &taken);
        (void)atp_ledger_read_view_with(apply, sku, &taken, &ret_rules->view);
        ret_rules->is_bound = true;
    }
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].limit = ATP_QTY_MAX; /* where a node is looked at, what is there of a component is */
    }
}

/* True if it is put together of something now. */
static bool is_made_now(const apply_t *apply, uint32_t sku)
{
    const atp_kits_t *kits = &apply->ledger->kits;
    atp_recipe_line_t line;
    uint32_t kit;

    if (!atp_kits_of_sku(kits, sku, &kit)) {
        return false;
    }
    atp_recipe_walk_t walk = atp_kits_recipe(kits, kit);
    while (atp_kits_next(&walk, &line)) {
        if (atp_recipe_line_is_valid(&line, apply->now_ms)) {
            return true;
        }
    }
    return false;
}

void atp_ledger_add_assembled(apply_t *apply, uint32_t sku, atp_channel_taken_t *taken)
{
    if (!atp_channel_binds(apply->ledger, apply->channel, sku)) {
        return;
    }
    if (!is_made_now(apply, sku)) { /* and may be a component itself: the bill is that of the kit above it */
        add_assembled(apply, NULL, 0, sku, taken);
        return;
    }
    atp_bill_t *bill = atp_ledger_bill_of(apply, sku);
    limit_parts(apply, bill);
    add_assembled(apply, bill, 0, sku, taken);
    atp_bill_forget_limits(bill);
}

atp_bill_given_t atp_ledger_within_kit_rules(const atp_kit_rules_t *rules, const atp_bill_t *bill,
                                             atp_bill_given_t given)
{
    return rules->is_bound ? atp_bill_within(bill, given, rules->view.available,
                                             atp_channel_view_with(&rules->view, given.beyond))
                           : given;
}

/* ---- wherever it is, as a question ---- */

/* What one node adds; the next ones share what is left of the limits. */
static void add_node(apply_t *apply, atp_bill_t *bill, uint16_t node, atp_bill_given_t *sum)
{
    uint8_t unheeded = apply->unheeded;

    apply->unheeded |= UNHEEDED_CHANNEL;
    kit_at_t at = atp_ledger_look_at_node(apply, bill->parts[0].sku, node);
    apply->unheeded = unheeded;
    atp_bill_given_t given = atp_bill_give(bill, at.here, at.most, at.beyond, at.room);
    if (given.built > 0 || bill->pool_count > 0) {
        atp_bill_use_limits(bill);
    }
    sum->here += given.here;
    sum->built += given.built;
    sum->beyond += given.beyond;
}

atp_qty_t atp_ledger_kit_free_anywhere(apply_t *apply, uint32_t sku)
{
    uint64_t nodes = atp_table_count(&apply->ledger->catalog.nodes);
    atp_bill_given_t sum = {0, 0, 0};
    atp_kit_rules_t rules;

    atp_ledger_read_kit_rules(apply, sku, &rules);
    atp_bill_t *bill = atp_ledger_bill_of(apply, sku);
    limit_parts(apply, bill);
    for (uint64_t node = 0; node < nodes; node++) {
        if (atp_ledger_channel_sees(apply, (uint16_t)node)) {
            add_node(apply, bill, (uint16_t)node, &sum);
        }
    }
    atp_bill_forget_limits(bill);
    atp_qty_t cap = atp_ledger_beyond_left(apply, sku);
    sum.beyond = sum.beyond < cap ? sum.beyond : cap;
    sum = atp_ledger_within_kit_rules(&rules, bill, sum);
    return atp_bill_given(bill, &sum);
}

/* What one whole kit takes of each part, nothing being on a shelf. */
static void look_at_needs(atp_bill_t *bill)
{
    for (uint32_t i = 0; i < bill->part_count; i++) {
        bill->parts[i].bound = ATP_QTY_MAX;
        bill->parts[i].free = bill->parts[i].edge_count == 0 ? ATP_QTY_MAX : 0;
    }
    (void)atp_bill_take(bill, 1);
}

/* Of part `i` as many kits as the quotas leave that it shares with others. */
static int64_t kits_of_pools(const atp_bill_t *bill, uint32_t i)
{
    int64_t least = ATP_NO_LIMIT;

    for (uint32_t pool = 0; pool < bill->pool_count; pool++) {
        atp_qty_t need = 0;
        for (uint32_t k = 0; k < bill->part_count; k++) {
            bool is_counted = (bill->parts[k].pools >> pool & 1) != 0;
            need += is_counted ? k == 0 ? atp_kit_unit(bill->parts[0].scale) : bill->parts[k].need : 0;
        }
        if ((bill->parts[i].pools >> pool & 1) != 0 && need > 0) {
            int64_t kits = bill->pools[pool].left / need;
            least = kits < least ? kits : least;
        }
    }
    return least;
}

bool atp_ledger_scarce_component(apply_t *apply, uint32_t sku, uint32_t *ret_sku)
{
    atp_bill_t *bill = atp_ledger_bill_of(apply, sku);
    const atp_bill_part_t *scarce = NULL;
    atp_qty_t least = ATP_NO_LIMIT;
    limits_t kept;

    limit_parts(apply, bill);
    keep_limits(bill, &kept);
    look_at_needs(bill);
    for (uint32_t i = 1; i < bill->part_count; i++) {
        const atp_bill_part_t *part = &bill->parts[i];
        atp_qty_t left = part->edge_count > 0 ? kept.bound[i] : kept.limit[i];
        if (left >= ATP_QTY_MAX) {
            continue;
        }
        atp_qty_t kits = left / (part->need > 0 ? part->need : 1);
        int64_t of_pools = kits_of_pools(bill, i);
        kits = of_pools < kits ? of_pools : kits;
        bool is_sold = atp_channel_sells(apply->ledger, apply->channel, part->sku);
        if (!is_sold || kits < least) {
            scarce = part;
            least = is_sold ? kits : -1;
        }
    }
    atp_bill_forget_limits(bill);
    *ret_sku = scarce != NULL ? scarce->sku : sku;
    return scarce != NULL;
}

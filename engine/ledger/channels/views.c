#include "engine/ledger/channels/views.h"

#include "engine/ledger/ledger_priv.h"

#include <limits.h>
#include <string.h>

static atp_channel_record_t *channel_of(const atp_ledger_t *ledger, uint16_t channel)
{
    return atp_table_at(&ledger->catalog.channels, channel);
}

bool atp_channel_view_is_limited(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    atp_channel_record_t *record = channel_of(ledger, channel);

    return atp_load_relaxed(&record->is_accounted) != 0 ||
           atp_load_relaxed(&record->state) != ATP_CHANNEL_OPEN ||
           atp_load_relaxed(&record->may_re_source) != 0 ||
           atp_load_relaxed(&record->on_stale) != ATP_ON_STALE_GO_ON ||
           atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_RATIONED);
}

/* ---- stock ---- */

/* Rounded up: what is held back. */
static atp_qty_t stale_buffer(atp_channel_record_t *record, uint8_t scale, atp_qty_t usable)
{
    atp_u128_t percent = atp_load_relaxed(&record->stale_percent);
    atp_qty_t of_hand = usable > 0 ? (atp_qty_t)(((atp_u128_t)usable * percent + 99) / 100) : 0;

    return of_hand + atp_rulebook_to_scale(atp_load_relaxed(&record->stale_buffer),
                                           atp_load_relaxed(&record->stale_decimals), scale, true);
}

atp_qty_t atp_channel_kept_back(const atp_ledger_t *ledger, uint16_t channel, uint16_t node, uint8_t scale,
                                atp_qty_t usable, atp_qty_t free)
{
    atp_channel_record_t *record = channel_of(ledger, channel);
    uint8_t on_stale = atp_load_relaxed(&record->on_stale);

    if (on_stale == ATP_ON_STALE_GO_ON || free <= 0 || !atp_catalog_is_stale(&ledger->catalog, node)) {
        return 0;
    }
    atp_qty_t kept = on_stale == ATP_ON_STALE_STOP ? free : stale_buffer(record, scale, usable);
    return kept < free ? kept : free;
}

/* What all nodes have, and those of the group. */
typedef struct stock {
    uint16_t channel;
    atp_qty_t of_group;
    atp_qty_t of_all;
    atp_qty_t short_units;
    bool is_due;
    bool may_be_later;  /* what nodes can make ready now does not count */
    uint16_t needed_by; /* stock is what may be promised for that day; 0 = what is here */
    uint8_t scale;
} stock_t;

/* Whether the position is not for sale; and how many units wait there. */
static bool is_withdrawn(const atp_ledger_t *ledger, uint32_t sku, const atp_position_stock_t *at,
                         atp_qty_t *ret_waiting)
{
    const atp_limits_t *limits = &ledger->positions.limits;
    uint32_t number;

    *ret_waiting = 0;
    if (!ATP_UNLIKELY((at->flags & ATP_POSITION_HAS_LIMITS) != 0) ||
        !atp_limits_find(limits, ATP_LIMIT_POSITION, sku, at->node, &number)) {
        return false;
    }
    *ret_waiting = atp_load_relaxed(&atp_limits_at(limits, number)->backordered);
    return atp_load_relaxed(&atp_limits_at(limits, number)->is_withdrawn) != 0;
}

/* Units promised there that are short, with `added` of supply. */
static atp_qty_t short_at(const atp_position_stock_t *at, atp_qty_t added)
{
    atp_qty_t missing = -at->uncommitted - (added > 0 ? added : 0);

    return missing <= 0 ? 0 : missing < at->promised ? missing : at->promised;
}

/* No more than what the node can make ready of an order placed now. */
static atp_qty_t ready_at(const atp_ledger_t *ledger, uint16_t node, int64_t now_ms, atp_qty_t qty,
                          stock_t *stock)
{
    atp_node_ready_t ready = atp_catalog_node_ready(&ledger->catalog, node);
    atp_qty_t left = atp_capacity_qty(ready.capacity_left, stock->scale);

    stock->is_due = stock->is_due || atp_node_ready_is_due(&ready, now_ms);
    return left < qty && !stock->may_be_later ? left : qty;
}

/* What supply adds to atp of a row for the day of the view. */
static atp_qty_t added_by(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms, const stock_t *stock)
{
    return stock->needed_by == 0
               ? 0
               : atp_supply_added_by(&ledger->supplies, row, atp_day_of(now_ms), (int32_t)stock->needed_by);
}

/* One position at which more than its buckets counts: limits, promises at risk, a node that is not open or has a calendar,
 * or supply for the day of the view. */
static void add_special(const atp_ledger_t *ledger, uint32_t sku, uint32_t row,
                        const atp_position_stock_t *at, bool is_member, int64_t now_ms, stock_t *stock)
{
    atp_qty_t waiting;

    if (atp_catalog_node_state(&ledger->catalog, at->node) != ATP_NODE_OPEN ||
        is_withdrawn(ledger, sku, at, &waiting)) {
        return;
    }
    bool is_serving = (at->flags & ATP_POSITION_IS_SERVING) != 0;
    atp_qty_t added = added_by(ledger, row, now_ms, stock);
    atp_qty_t atp = is_serving ? 0 : at->uncommitted - at->safety - waiting + added;
    atp_qty_t floored = atp > 0 ? atp : 0;
    stock->of_all += floored;
    if (is_member) {
        floored -= atp_channel_kept_back(ledger, stock->channel, at->node, stock->scale,
                                         at->uncommitted + at->promised, floored);
        if (atp_catalog_has_calendar(&ledger->catalog, at->node) && floored > 0) {
            floored = ready_at(ledger, at->node, now_ms, floored, stock);
        }
        stock->of_group += floored;
        stock->short_units += short_at(at, added);
    }
}

#define NO_PLAIN_STATE UINT_MAX /* no node is in it: each row is looked at */

/* Runs over hundreds of rows for one answer: what is the same for all of them is looked up before. */
static void add_rows(const atp_ledger_t *ledger, uint32_t sku, uint16_t group, int64_t now_ms,
                     const uint32_t *rows, uint32_t row_count, stock_t *ret_stock)
{
    const atp_positions_t *positions = &ledger->positions;
    atp_node_record_t *nodes = atp_table_at(&ledger->catalog.nodes, 0);
    _Atomic uint64_t *bits = group == ATP_NO_GROUP ? NULL : atp_groups_bits(&ledger->groups, group);
    stock_t stock = *ret_stock;
    int64_t soonest_ms = ATP_NEVER_MS;
    unsigned plain_state = stock.needed_by == 0 ? ATP_NODE_OPEN : NO_PLAIN_STATE;

    for (uint32_t i = 0; i < row_count; i++) {
        atp_position_stock_t at = atp_positions_stock(positions, rows[i]);
        bool is_member = bits == NULL || (atp_load_relaxed(&bits[at.node / 64]) >> at.node % 64 & 1) != 0;
        soonest_ms = at.soonest_deadline_ms < soonest_ms ? at.soonest_deadline_ms : soonest_ms;
        if (ATP_UNLIKELY((at.flags & (ATP_POSITION_HAS_LIMITS | ATP_POSITION_IS_SERVING)) != 0 ||
                         atp_load_relaxed(&nodes[at.node].state) != plain_state)) {
            add_special(ledger, sku, rows[i], &at, is_member, now_ms, &stock);
            continue;
        }
        atp_qty_t atp = at.uncommitted - at.safety;
        atp_qty_t floored = atp > 0 ? atp : 0;
        stock.of_all += floored;
        stock.of_group += is_member ? floored : 0;
        if (ATP_UNLIKELY(at.uncommitted < 0 && is_member)) {
            stock.short_units += short_at(&at, 0);
        }
    }
    stock.is_due = stock.is_due || soonest_ms <= now_ms;
    *ret_stock = stock;
}

/* ---- rules ---- */

typedef struct limits {
    const atp_ledger_t *ledger;
    uint8_t scale;
    bool is_first_match;
    bool is_counting;     /* nobody knows yet what the channel has in use */
    bool has_match;       /* a buffer counts already, and it is the first that does */
    uint16_t match_order; /* its rule's */
    atp_qty_t base;       /* of percents */
    const atp_channel_taken_t *taken;
    atp_channel_view_t *view;
} limits_t;

static void take_buffer(limits_t *limits, atp_rule_record_t *rule)
{
    atp_qty_t mantissa = atp_load_relaxed(&rule->buffer);
    uint8_t percent = atp_load_relaxed(&rule->buffer_percent);
    uint16_t order = atp_load_relaxed(&rule->order);

    if (mantissa == 0 && percent == 0) {
        return;
    }
    limits->view->is_bound = true;
    atp_qty_t buffer =
        atp_rulebook_to_scale(mantissa, atp_load_relaxed(&rule->buffer_decimals), limits->scale, true);
    buffer += limits->is_counting && percent > 0 ? limits->base
                                                 : (atp_qty_t)((atp_u128_t)limits->base * percent / 100);
    if (!limits->is_first_match) {
        limits->view->buffer += buffer;
    } else if (!limits->has_match || order < limits->match_order) {
        limits->has_match = true;
        limits->match_order = order;
        limits->view->buffer = buffer;
    }
}

static void take_low(limits_t *limits, atp_rule_record_t *rule)
{
    atp_channel_view_t *view = limits->view;
    atp_qty_t low = atp_load_relaxed(&rule->low);
    atp_qty_t clear = atp_load_relaxed(&rule->low_clear);

    if (low == 0) {
        return;
    }
    low = atp_rulebook_to_scale(low, atp_load_relaxed(&rule->low_decimals), limits->scale, true);
    clear = atp_rulebook_to_scale(clear, atp_load_relaxed(&rule->low_clear_decimals), limits->scale, true);
    clear = clear > low ? clear : low + 1;
    view->low = low > view->low ? low : view->low;
    view->low_clear = clear > view->low_clear ? clear : view->low_clear;
    view->has_levels = true;
}

static void take_rule(limits_t *limits, atp_rule_record_t *rule)
{
    atp_channel_view_t *view = limits->view;
    atp_qty_t threshold = atp_rulebook_to_scale(
        atp_load_relaxed(&rule->threshold), atp_load_relaxed(&rule->threshold_decimals), limits->scale, true);
    atp_qty_t cap = atp_load_relaxed(&rule->cap);

    take_buffer(limits, rule);
    take_low(limits, rule);
    view->is_bound = view->is_bound || threshold > 0 || atp_load_relaxed(&rule->is_excluded) != 0;
    view->has_levels = view->has_levels || threshold > 0;
    view->threshold = threshold > view->threshold ? threshold : view->threshold;
    view->is_excluded = view->is_excluded || atp_load_relaxed(&rule->is_excluded) != 0;
    if (cap > 0) {
        cap = atp_rulebook_to_scale(cap, atp_load_relaxed(&rule->cap_decimals), limits->scale, false);
        view->cap = cap < view->cap ? cap : view->cap;
    }
}

static void take_rules(limits_t *limits, uint16_t channel, atp_scope_t scope, uint32_t subject)
{
    const atp_rulebook_t *rulebook = &limits->ledger->rulebook;
    uint32_t number;

    if (!atp_rulebook_find_account(rulebook, channel, scope, subject, &number)) {
        return;
    }
    uint32_t at = atp_load_relaxed(&atp_account_at(rulebook, number)->first_rule);
    for (unsigned i = 0; at != 0 && i < ATP_RULES_PER_ACCOUNT_MAX; i++) {
        atp_rule_record_t *rule = atp_rule_at(rulebook, at - 1);
        take_rule(limits, rule);
        at = atp_load_relaxed(&rule->next);
    }
}

/* ---- what rules say, whatever there is ---- */

/* `context`: of whoever asks. */
typedef bool (*says_fn)(atp_rule_record_t *rule, void *context);

static bool excludes(atp_rule_record_t *rule, void *context)
{
    (void)context;
    return atp_load_relaxed(&rule->is_excluded) != 0;
}

static bool has_levels(atp_rule_record_t *rule, void *context)
{
    (void)context;
    return atp_rule_has_levels(rule);
}

static bool account_says(const atp_rulebook_t *rulebook, uint16_t channel, atp_scope_t scope,
                         uint32_t subject, says_fn says, void *context, uint32_t *ret_rule)
{
    uint32_t number;

    if (!atp_rulebook_find_account(rulebook, channel, scope, subject, &number)) {
        return false;
    }
    uint32_t at = atp_load_relaxed(&atp_account_at(rulebook, number)->first_rule);
    for (unsigned i = 0; at != 0 && i < ATP_RULES_PER_ACCOUNT_MAX; i++) {
        atp_rule_record_t *rule = atp_rule_at(rulebook, at - 1);
        if (says(rule, context)) {
            *ret_rule = at - 1;
            return true;
        }
        at = atp_load_relaxed(&rule->next);
    }
    return false;
}

/* Whether a rule of the channel for the SKU, one of its tags or all SKUs says so, and which: the first that does. */
static bool any_rule_says(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, says_fn says,
                          void *context, uint32_t *ret_rule)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);

    if (account_says(rulebook, channel, ATP_SCOPE_SKU, sku, says, context, ret_rule) ||
        account_says(rulebook, channel, ATP_SCOPE_ALL, 0, says, context, ret_rule)) {
        return true;
    }
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        uint16_t tag = atp_load_relaxed(&record->tags[i]);
        if (tag == 0) {
            break;
        }
        if (account_says(rulebook, channel, ATP_SCOPE_TAG, tag - 1u, says, context, ret_rule)) {
            return true;
        }
    }
    return false;
}

bool atp_channel_excluded_by(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint32_t *ret_rule)
{
    return any_rule_says(ledger, channel, sku, excludes, NULL, ret_rule);
}

bool atp_channel_sells(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    uint32_t rule;

    return !atp_channel_excluded_by(ledger, channel, sku, &rule);
}

/* ---- quantities of a line ---- */

typedef struct narrowing {
    atp_bounds_t *bounds;
    uint8_t scale;
} narrowing_t;

/* Has its say, and leaves it to the others to have theirs. */
static bool narrow(atp_rule_record_t *rule, void *context)
{
    const narrowing_t *narrowing = context;
    const atp_told_bounds_t told = {
        .minimum = {atp_load_relaxed(&rule->minimum), atp_load_relaxed(&rule->minimum_decimals)},
        .maximum = {atp_load_relaxed(&rule->maximum), atp_load_relaxed(&rule->maximum_decimals)},
        .increment = {atp_load_relaxed(&rule->increment), atp_load_relaxed(&rule->increment_decimals)}};

    atp_bounds_within(narrowing->bounds, &told, narrowing->scale);
    return false;
}

void atp_channel_narrow(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint8_t scale,
                        atp_bounds_t *bounds)
{
    narrowing_t narrowing = {bounds, scale};
    uint32_t rule;

    (void)any_rule_says(ledger, channel, sku, narrow, &narrowing, &rule);
}

/* ---- levels ---- */

bool atp_channel_has_levels(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    uint32_t rule;

    return any_rule_says(ledger, channel, sku, has_levels, NULL, &rule);
}

atp_level_t atp_channel_level(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku,
                              const atp_channel_view_t *view)
{
    uint32_t number;
    atp_level_t before = ATP_LEVEL_NONE;

    if (!view->has_levels) {
        return ATP_LEVEL_NONE;
    }
    if (atp_rulebook_find_account(&ledger->rulebook, channel, ATP_SCOPE_SKU, sku, &number)) {
        before = (atp_level_t)atp_load_relaxed(&atp_account_at(&ledger->rulebook, number)->level);
    }
    return atp_level_of(before, view->available, view->low, view->low_clear);
}

/* ---- quotas ---- */

/* What the tree over the SKU, or over a tag, leaves the channel, and keeps from it. */
static void take_tree(limits_t *limits, uint32_t root, uint16_t channel, atp_scope_t scope, uint32_t subject,
                      atp_qty_t stock, atp_qty_t taken, int64_t now_ms)
{
    const atp_rulebook_t *rulebook = &limits->ledger->rulebook;
    atp_channel_view_t *view = limits->view;
    uint32_t number;
    uint32_t leaf = 0;

    if (root == 0) {
        return;
    }
    view->is_bound = true;
    if (atp_rulebook_find_account(rulebook, channel, scope, subject, &number)) {
        leaf = atp_load_relaxed(&atp_account_at(rulebook, number)->quota);
    }
    view->held += atp_quota_held_from(rulebook, root - 1, leaf);
    if (leaf != 0) {
        atp_qty_t told;
        atp_qty_t left = atp_quota_left(rulebook, leaf - 1, stock, now_ms, &told);
        left = left == ATP_NO_LIMIT ? left : left - taken;
        told = told == ATP_NO_LIMIT ? told : told - taken - limits->taken->of_others;
        view->quota_left = left < view->quota_left ? left : view->quota_left;
        view->quota_told = told < view->quota_told ? told : view->quota_told;
    }
    if (ATP_UNLIKELY(leaf != 0 && atp_load_relaxed(&atp_quota_at(rulebook, root - 1)->is_counting))) {
        view->quota_left = 0;
        view->quota_told = 0;
    }
}

atp_qty_t atp_channel_tag_left(const atp_ledger_t *ledger, uint16_t channel, uint32_t tag, int64_t now_ms)
{
    static const atp_channel_taken_t nothing;
    atp_channel_view_t view = {.quota_left = ATP_NO_LIMIT, .quota_told = ATP_NO_LIMIT};
    limits_t limits = {.ledger = ledger, .taken = &nothing, .view = &view};

    take_tree(&limits, atp_load_relaxed(&atp_tag_at(&ledger->rulebook, tag)->quota), channel, ATP_SCOPE_TAG,
              tag, ATP_NO_LIMIT, 0, now_ms);
    return view.quota_left < view.quota_told ? view.quota_left : view.quota_told;
}

/* Rules and trees of the SKU, of each of its tags, and rules of all. */
static void take_limits(limits_t *limits, uint16_t channel, uint32_t sku, const stock_t *stock,
                        int64_t now_ms)
{
    const atp_rulebook_t *rulebook = &limits->ledger->rulebook;
    atp_sku_record_t *record = atp_table_at(&limits->ledger->catalog.skus, sku);
    bool has_rules = atp_load_relaxed(&channel_of(limits->ledger, channel)->is_accounted) != 0;

    if (has_rules) {
        take_rules(limits, channel, ATP_SCOPE_SKU, sku);
    }
    take_tree(limits, atp_load_relaxed(&record->quota), channel, ATP_SCOPE_SKU, sku, stock->of_all,
              limits->taken->of_sku, now_ms);
    for (unsigned i = 0; i < ATP_TAGS_PER_SKU_MAX; i++) {
        uint16_t tag = atp_load_relaxed(&record->tags[i]);
        if (tag == 0) {
            break;
        }
        uint32_t root = atp_load_relaxed(&atp_tag_at(rulebook, tag - 1u)->quota);
        if (has_rules) {
            take_rules(limits, channel, ATP_SCOPE_TAG, tag - 1u);
        }
        take_tree(limits, root, channel, ATP_SCOPE_TAG, tag - 1u, ATP_NO_LIMIT,
                  limits->taken->of_sku + limits->taken->of_tags[i], now_ms);
        limits->view->is_pooled = limits->view->is_pooled || root != 0;
    }
    if (has_rules) {
        take_rules(limits, channel, ATP_SCOPE_ALL, 0);
    }
}

/* ---- the view ---- */

static atp_qty_t consumed_by(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    uint32_t number;

    return atp_rulebook_find_account(&ledger->rulebook, channel, ATP_SCOPE_SKU, sku, &number)
               ? atp_load_relaxed(&atp_account_at(&ledger->rulebook, number)->promised)
               : 0;
}

atp_qty_t atp_channel_view_with(const atp_channel_view_t *view, atp_qty_t beyond)
{
    atp_qty_t stock = view->of_stock < view->quota_left ? view->of_stock : view->quota_left;
    atp_qty_t most = (stock > 0 ? stock : 0) + beyond;
    atp_qty_t least = most < view->quota_told ? most : view->quota_told;

    return view->is_paused || view->is_excluded || least < 0 ? 0 : least;
}

static void add_up(atp_channel_view_t *view, const atp_channel_taken_t *taken)
{
    atp_qty_t free = view->stock - view->short_units - view->held - view->buffer - view->threshold -
                     (taken->of_sku - taken->beyond);

    view->of_stock = free > 0 ? free : 0;
    view->available = atp_channel_view_with(view, 0);
}

void atp_channel_view_read(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint16_t group,
                           int64_t now_ms, const uint32_t *rows, uint32_t row_count,
                           const atp_channel_taken_t *taken, atp_channel_view_t *ret_view)
{
    static const atp_channel_taken_t nothing;
    atp_channel_record_t *record = channel_of(ledger, channel);
    stock_t stock = {.channel = channel, .scale = atp_positions_scale(&ledger->positions, sku)};

    taken = taken != NULL ? taken : &nothing;
    stock.may_be_later = taken->may_be_later;
    stock.needed_by = taken->needed_by;
    memset(ret_view, 0, sizeof *ret_view);
    add_rows(ledger, sku, group, now_ms, rows, row_count, &stock);
    stock.of_group += taken->assembled;
    stock.of_all += taken->assembled_of_all;
    ret_view->scale = stock.scale;
    ret_view->stock = stock.of_group;
    ret_view->short_units = atp_load_relaxed(&record->may_re_source) ? stock.short_units : 0;
    ret_view->is_due = stock.is_due;
    ret_view->is_paused = atp_load_relaxed(&record->state) != ATP_CHANNEL_OPEN;
    ret_view->is_bound = ret_view->is_paused || atp_load_relaxed(&record->may_re_source) != 0;
    ret_view->quota_left = ATP_NO_LIMIT;
    ret_view->quota_told = ATP_NO_LIMIT;
    ret_view->cap = ATP_NO_LIMIT;
    if (atp_channel_view_is_limited(ledger, channel, sku)) {
        limits_t limits = {
            .ledger = ledger,
            .scale = ret_view->scale,
            .is_first_match = atp_load_relaxed(&record->is_first_match) != 0,
            .is_counting = atp_load_relaxed(&record->is_accounted) == ATP_ACCOUNTED_SOON,
            .taken = taken,
            .view = ret_view,
        };
        ret_view->consumed = consumed_by(ledger, channel, sku);
        limits.base = ret_view->stock + ret_view->consumed;
        take_limits(&limits, channel, sku, &stock, now_ms);
    }
    add_up(ret_view, taken);
}

bool atp_channel_binds(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    atp_channel_view_t view;

    if (!atp_channel_view_is_limited(ledger, channel, sku)) {
        return false;
    }
    atp_channel_view_read(ledger, channel, sku, ATP_NO_GROUP, 0, NULL, 0, NULL, &view);
    return view.is_bound;
}

bool atp_channel_needs_all(const atp_ledger_t *ledger, uint32_t sku)
{
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
    uint32_t root = atp_load_relaxed(&record->quota);

    return root != 0 &&
           atp_load_relaxed(&atp_quota_at(&ledger->rulebook, root - 1)->share) != ATP_QUOTA_FIXED;
}

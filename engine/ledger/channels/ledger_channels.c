/* What a channel may still take, for the op that is being decided: the view of views.h, as of now and less what the op has
 * taken already; of the day that the line being planned is needed by, if it says one. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/channels/views.h"
#include "engine/ledger/facts/ledger_registry.h"
#include "engine/ledger/sourcing/ledger_plan.h"

#include "engine/base/attribute.h"

#include <string.h>

uint16_t atp_ledger_view_group(const apply_t *apply)
{
    int64_t method = atp_ledger_attribute_number(apply, ATP_KEY_METHOD, ATP_METHOD_SHIP);
    return atp_catalog_channel_group(&apply->ledger->catalog, apply->channel, (atp_method_t)method);
}

/* All that is due anywhere, since the quota of a tag counts what other SKUs have. It is work that has to be done anyway. */
static void settle_all(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;

    atp_ledger_settle_due(ledger, apply->now_ms, UINT64_MAX);
}

const atp_reservation_t *atp_ledger_replaced(const apply_t *apply)
{
    const atp_reservations_t *reservations = &apply->ledger->reservations;
    const atp_op_attribute_t *replaces = atp_op_attribute(apply->op, ATP_KEY_REPLACES, ATP_WHOLE_OP);
    uint32_t number;

    if (replaces == NULL || apply->moving != 0) {
        return NULL;
    }
    atp_text_t id = atp_op_attribute_text(apply->op, replaces);
    bool is_there =
        atp_reservations_find(reservations, id, atp_hash_text(id, atp_ledger_seed(apply->ledger)), &number);
    return is_there ? atp_reservation_at(reservations, number) : NULL;
}

/* What a reservation of another channel gives back that this op replaces. */
static atp_qty_t given_by_others(const apply_t *apply, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_reservation_t *replaced = atp_ledger_replaced(apply);
    atp_qty_t units = 0;

    if (replaced == NULL || replaced->channel == apply->channel) {
        return 0;
    }
    for (uint32_t at = replaced->first_line; at != 0;) {
        const atp_line_t *line = atp_line_at(&ledger->reservations, at - 1);
        units += atp_positions_at(&ledger->positions, line->row)->sku == sku
                     ? line->reserved + atp_line_waiting(&ledger->reservations, at - 1)
                     : 0;
        at = line->next;
    }
    return units;
}

/* Brings the rows of the SKU up to date and adds up what the op has taken of them. */
static void settle_rows(apply_t *apply, uint32_t count, atp_channel_taken_t *taken)
{
    atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < count; i++) {
        uint16_t node = atp_positions_at(&ledger->positions, ledger->view_rows[i])->node;
        if (ATP_UNLIKELY(atp_catalog_has_calendar(&ledger->catalog, node)) && !ledger->is_asking) {
            atp_ledger_refresh_node(ledger, node, apply->now_ms);
            atp_ledger_settle_capacity(apply);
        }
        atp_ledger_settle_row(ledger, ledger->view_rows[i], apply->now_ms);
        atp_qty_t qty = atp_ledger_taken_qty(apply, ledger->view_rows[i]);
        taken->of_sku += qty;
        if (qty != 0) {
            bool is_seen = atp_ledger_channel_sees(apply, node);
            taken->beyond += is_seen ? qty - atp_ledger_stock_taken(apply, ledger->view_rows[i]) : qty;
        }
    }
}

/* What earlier lines of the op have taken of other SKUs with the same tags. */
static void add_tags(const apply_t *apply, uint32_t sku, atp_channel_taken_t *taken)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (line->sku == sku) {
            continue;
        }
        for (unsigned k = 0; k < ATP_TAGS_PER_SKU_MAX; k++) {
            uint16_t tag = atp_load_relaxed(&record->tags[k]);
            if (tag != 0 && atp_ledger_sku_has_tag(ledger, line->sku, tag - 1u)) {
                taken->of_tags[k] += atp_ledger_granted(line);
            }
        }
    }
}

/* The op may be made ready on another day than an order placed now, or has a part of that day already: then the nodes decide
 * alone. */
static bool may_be_later(const apply_t *apply)
{
    return apply->op->kind != ATP_OP_RESERVE ||
           atp_op_attribute(apply->op, ATP_KEY_READY_BY, ATP_WHOLE_OP) != NULL ||
           atp_op_attribute(apply->op, ATP_KEY_REPLACES, ATP_WHOLE_OP) != NULL;
}

atp_qty_t atp_ledger_read_view_with(apply_t *apply, uint32_t sku, atp_channel_taken_t *taken,
                                    atp_channel_view_t *ret_view)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_sku_record_t *record = atp_table_at(&ledger->catalog.skus, sku);
    uint32_t count = atp_positions_list(&ledger->positions, sku, ledger->view_rows, ATP_VIEW_ROWS_MAX);

    taken->may_be_later = may_be_later(apply);
    taken->needed_by = apply->needed_by;
    if (atp_load_relaxed(&record->tags[0]) != 0 &&
        atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_RATIONED)) {
        settle_all(apply);
        add_tags(apply, sku, taken);
    }
    settle_rows(apply, count, taken);
    taken->of_others += given_by_others(apply, sku);
    atp_channel_view_read(ledger, apply->channel, sku, atp_ledger_view_group(apply), apply->now_ms,
                          ledger->view_rows, count, taken, ret_view);
    return taken->of_sku - taken->beyond;
}

atp_qty_t atp_ledger_read_view(apply_t *apply, uint32_t sku, atp_channel_view_t *ret_view)
{
    atp_channel_taken_t taken = {0};

    if (ATP_UNLIKELY(atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_IS_KIT))) {
        atp_ledger_add_assembled(apply, sku, &taken);
    }
    return atp_ledger_read_view_with(apply, sku, &taken, ret_view);
}

static void read_view(apply_t *apply, uint32_t sku, atp_channel_view_t *ret_view)
{
    (void)atp_ledger_read_view(apply, sku, ret_view);
}

atp_qty_t atp_ledger_channel_left(apply_t *apply, uint32_t sku)
{
    atp_channel_view_t view;

    if (apply->is_track_only || !atp_channel_view_is_limited(apply->ledger, apply->channel, sku)) {
        return ATP_NO_LIMIT;
    }
    read_view(apply, sku, &view);
    return view.available;
}

atp_qty_t atp_ledger_within_channel(apply_t *apply, uint32_t sku, uint16_t node, uint32_t row, atp_qty_t free)
{
    atp_channel_view_t view;

    if (apply->is_track_only || free == 0 || (apply->unheeded & UNHEEDED_CHANNEL) != 0) {
        return free;
    }
    if (!atp_ledger_channel_sees(apply, node)) {
        return 0;
    }
    if (!atp_channel_view_is_limited(apply->ledger, apply->channel, sku)) {
        return free;
    }
    read_view(apply, sku, &view);
    atp_qty_t left = atp_channel_view_with(&view, atp_ledger_allowance(apply, row, free));
    return left < free ? left : free;
}

atp_qty_t atp_ledger_beyond_anywhere(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;
    bool may_backorder = apply->may_backorder;
    atp_qty_t beyond = 0;
    uint32_t row;

    if (!atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_HAS_BACKORDERS)) {
        return 0;
    }
    uint32_t count = atp_positions_list(&ledger->positions, sku, ledger->view_rows, ATP_VIEW_ROWS_MAX);
    apply->may_backorder = true;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t node = atp_positions_at(&ledger->positions, ledger->view_rows[i])->node;
        if (atp_ledger_channel_sees(apply, node)) {
            atp_qty_t free = atp_ledger_stock_at(apply, sku, node, &row);
            beyond += atp_ledger_allowance(apply, ledger->view_rows[i], free);
        }
    }
    apply->may_backorder = may_backorder;
    atp_qty_t most = atp_ledger_beyond_left(apply, sku);
    return beyond < most ? beyond : most;
}

/* The rules are looked at where a kit is planned; but at a node that may promise it beyond its stock, what they leave on the shelf is
 * taken before that, and the node could promise as many once more. */
static atp_qty_t kits_left_anywhere(apply_t *apply, uint32_t sku)
{
    bool may_backorder = apply->may_backorder;

    if (!atp_positions_sku_has(&apply->ledger->positions, sku, ATP_SKU_HAS_BACKORDERS)) {
        return ATP_NO_LIMIT;
    }
    apply->may_backorder = true;
    atp_qty_t left = atp_ledger_kit_free_anywhere(apply, sku);
    apply->may_backorder = may_backorder;
    return left;
}

/* A line without a node asks all that the channel sees; what the channel keeps back at the stale ones may end it before a node is
 * looked at. */
static void note_stale(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;

    if (!ATP_UNLIKELY(ledger->root->registry.silent > 0) || apply->result == NULL) {
        return;
    }
    uint32_t count = atp_positions_list(&ledger->positions, sku, ledger->view_rows, ATP_VIEW_ROWS_MAX);
    for (uint32_t i = 0; i < count && apply->result->is_stale == 0; i++) {
        uint16_t node = atp_positions_at(&ledger->positions, ledger->view_rows[i])->node;
        apply->result->is_stale = atp_catalog_is_stale(&ledger->catalog, node) &&
                                  atp_catalog_node_state(&ledger->catalog, node) == ATP_NODE_OPEN &&
                                  atp_ledger_channel_sees(apply, node);
    }
}

atp_qty_t atp_ledger_channel_left_anywhere(apply_t *apply, uint32_t sku)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_channel_view_t view;

    if (apply->is_track_only || !atp_channel_view_is_limited(ledger, apply->channel, sku)) {
        return ATP_NO_LIMIT;
    }
    if (ATP_UNLIKELY(atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT))) {
        return kits_left_anywhere(apply, sku);
    }
    read_view(apply, sku, &view);
    note_stale(apply, sku);
    return atp_channel_view_with(&view, atp_ledger_beyond_anywhere(apply, sku));
}

atp_qty_t atp_ledger_channel_left_moving(apply_t *apply, uint32_t sku, atp_qty_t qty, atp_qty_t missing)
{
    atp_channel_view_t view;

    if (!atp_channel_view_is_limited(apply->ledger, apply->channel, sku)) {
        return ATP_NO_LIMIT;
    }
    read_view(apply, sku, &view);
    atp_qty_t mended = missing < qty ? missing : qty;
    mended = view.short_units < mended ? view.short_units : mended;
    atp_qty_t free = view.stock - view.short_units + mended - view.held - view.buffer - view.threshold;
    atp_qty_t of_quota = view.quota_left == ATP_NO_LIMIT ? ATP_NO_LIMIT : view.quota_left + qty;
    atp_qty_t least = free < of_quota ? free : of_quota;
    return view.is_paused || view.is_excluded || least < 0 ? 0 : least;
}

atp_qty_t atp_ledger_kept_back(const apply_t *apply, uint32_t row, atp_qty_t free)
{
    const atp_ledger_t *ledger = apply->ledger;
    atp_position_t *position = atp_positions_at(&ledger->positions, row);
    atp_qty_t usable = atp_load_relaxed(&position->on_hand) - atp_load_relaxed(&position->unavailable);

    if (atp_position_has(position, ATP_POSITION_HAS_LIMITS) && apply->needed_by == 0) {
        atp_position_view_t view;
        atp_positions_read(&ledger->positions, row, &view);
        free -= view.backordered; /* as the view counts it; atp(d) has taken it off */
    }
    return atp_channel_kept_back(ledger, apply->channel, position->node,
                                 atp_positions_scale(&ledger->positions, position->sku), usable, free);
}

bool atp_ledger_stops_at(const apply_t *apply, uint16_t node)
{
    atp_channel_record_t *record = atp_table_at(&apply->ledger->catalog.channels, apply->channel);

    return atp_load_relaxed(&record->on_stale) == ATP_ON_STALE_STOP &&
           atp_catalog_is_stale(&apply->ledger->catalog, node);
}

bool atp_ledger_channel_sees(apply_t *apply, uint16_t node)
{
    uint16_t group = atp_ledger_view_group(apply);
    atp_group_node_t member;

    return group == ATP_NO_GROUP || atp_groups_find(&apply->ledger->groups, group, node, &member);
}

/* ---- caps ---- */

/* Units of the SKU that the plan has so far, kits as such. */
static atp_qty_t planned(const atp_ledger_t *ledger, uint32_t sku)
{
    atp_qty_t sum = 0;

    for (uint32_t i = 0; i < ledger->plan_count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        sum += line->sku == sku && !line->is_component ? atp_ledger_granted(line) : 0;
    }
    return sum;
}

atp_qty_t atp_ledger_cap_of(apply_t *apply, uint32_t sku)
{
    atp_channel_view_t view;
    atp_channel_record_t *channel = atp_table_at(&apply->ledger->catalog.channels, apply->channel);

    if (apply->is_track_only || atp_load_relaxed(&channel->is_accounted) == 0) {
        return ATP_NO_LIMIT;
    }
    atp_channel_view_read(apply->ledger, apply->channel, sku, ATP_NO_GROUP, apply->now_ms, NULL, 0, NULL,
                          &view);
    return view.cap;
}

atp_qty_t atp_ledger_cap_left(apply_t *apply, uint32_t sku)
{
    atp_qty_t cap = atp_ledger_cap_of(apply, sku);

    if (cap == ATP_NO_LIMIT) {
        return ATP_NO_LIMIT;
    }
    atp_qty_t left = cap - planned(apply->ledger, sku);
    return left > 0 ? left : 0;
}

/* ---- room ---- */

/* True if an earlier line of the plan is of the same SKU and grants some of it. */
static bool is_planned_before(const atp_ledger_t *ledger, uint32_t i)
{
    for (uint32_t before = 0; before < i; before++) {
        if (ledger->lines[before].sku == ledger->lines[i].sku &&
            atp_ledger_granted(&ledger->lines[before]) > 0) {
            return true;
        }
    }
    return false;
}

atp_verdict_t atp_ledger_look_for_accounts(apply_t *apply, uint32_t count)
{
    const atp_ledger_t *ledger = apply->ledger;
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    atp_channel_record_t *channel = atp_table_at(&ledger->catalog.channels, apply->channel);
    uint64_t missing = 0;
    uint32_t account;

    for (uint32_t i = 0; atp_load_relaxed(&channel->is_accounted) != 0 && i < count; i++) {
        const resolved_line_t *line = &ledger->lines[i];
        if (atp_ledger_granted(line) <= 0 ||
            atp_rulebook_find_account(rulebook, apply->channel, ATP_SCOPE_SKU, line->sku, &account) ||
            is_planned_before(ledger, i)) {
            continue;
        }
        if (!atp_table_has_room(&rulebook->accounts, ++missing)) {
            return atp_ledger_refuse(apply, ATP_ACCOUNTS_FULL, ATP_FIELD_CHANNEL, line->asked);
        }
    }
    return ATP_APPLIED; /* they are made when the lines are counted */
}

/* ---- the switches of a channel ---- */

static void switch_stale(const apply_t *apply, atp_channel_record_t *record)
{
    const atp_op_attribute_t *buffer = atp_op_attribute(apply->op, ATP_KEY_STALE_BUFFER, ATP_WHOLE_OP);

    atp_store_relaxed(&record->on_stale,
                      (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_ON_STALE, ATP_ON_STALE_GO_ON));
    atp_store_relaxed(&record->stale_buffer, buffer != NULL ? buffer->number : 0);
    atp_store_relaxed(&record->stale_decimals, buffer != NULL ? buffer->detail : 0);
    atp_store_relaxed(&record->stale_percent,
                      (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_STALE_PERCENT, 0));
}

void atp_ledger_switch_channel(const apply_t *apply, uint16_t number)
{
    atp_channel_record_t *record = atp_table_change(&apply->ledger->catalog.channels, number);

    switch_stale(apply, record);
    atp_store_relaxed(&record->state,
                      (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_STATE, ATP_CHANNEL_OPEN));
    atp_store_relaxed(&record->is_first_match,
                      (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_BUFFERS, 0));
    atp_store_relaxed(&record->may_re_source,
                      (uint8_t)atp_ledger_attribute_number(apply, ATP_KEY_SHORTAGE, 0));
}

#include "query/availability.h"

#include "engine/ledger/catalog/catalog.h"
#include "engine/ledger/channels/views.h"

#include <string.h>

/* A node with a calendar: no more than what it can still make ready of an order placed now, whoever orders it. */
static void limit_by_capacity(const atp_ledger_t *ledger, uint16_t node, int64_t now_ms,
                              atp_availability_t *availability)
{
    atp_node_ready_t ready = atp_catalog_node_ready(atp_ledger_catalog(ledger), node);
    atp_qty_t left = atp_capacity_qty(ready.capacity_left, availability->scale);

    availability->shown = availability->shown < left ? availability->shown : left;
    availability->promisable = availability->promisable < left ? availability->promisable : left;
    availability->ready_ms = ready.ready_ms;
    availability->is_due = availability->is_due || atp_node_ready_is_due(&ready, now_ms);
}

void atp_availability_within_caps(const atp_ledger_t *ledger, uint32_t sku, uint16_t channel,
                                  atp_availability_t *availability)
{
    atp_qty_t beyond = availability->promisable - availability->shown;

    if (beyond > 0) {
        atp_qty_t left = atp_limits_cap_left(&atp_ledger_positions(ledger)->limits, sku, channel);
        availability->promisable = availability->shown + (beyond < left ? beyond : left);
    }
}

void atp_availability_look_through(const atp_ledger_t *ledger, uint32_t sku, uint16_t channel,
                                   const atp_channel_view_t *view, atp_availability_t *availability)
{
    atp_availability_within_caps(ledger, sku, channel, availability);
    /* What may be promised beyond stock widens what stock gives (views.h). */
    atp_qty_t most = atp_channel_view_with(view, availability->promisable - availability->shown);
    availability->shown = availability->shown < view->available ? availability->shown : view->available;
    availability->promisable = availability->promisable < most ? availability->promisable : most;
    availability->level = (uint8_t)atp_channel_level(ledger, channel, sku, view);
}

/* A stale node: less what the channel keeps back, and nothing beyond stock where it stops. */
static void keep_back(const atp_ledger_t *ledger, const atp_position_view_t *view, uint16_t channel,
                      atp_availability_t *availability)
{
    atp_qty_t usable = view->on_hand - view->unavailable;

    availability->is_stale = true;
    if (channel == ATP_ANY_CHANNEL) {
        return;
    }
    atp_channel_record_t *record = atp_table_at(&atp_ledger_catalog(ledger)->channels, channel);
    bool is_stopped = atp_load_relaxed(&record->on_stale) == ATP_ON_STALE_STOP;
    atp_qty_t kept =
        atp_channel_kept_back(ledger, channel, view->node, availability->scale, usable, availability->shown);
    availability->shown -= kept;
    availability->promisable = is_stopped ? 0 : availability->promisable - kept;
}

static void from_view(const atp_ledger_t *ledger, const atp_position_view_t *view, uint16_t channel,
                      int64_t now_ms, atp_availability_t *ret_availability)
{
    bool is_open = atp_catalog_node_state(atp_ledger_catalog(ledger), view->node) == ATP_NODE_OPEN;
    atp_qty_t atp = atp_view_atp(view);
    atp_qty_t sellable =
        atp_view_for_sale(view) - view->backordered; /* stock that a queue will take is not for sale */
    atp_qty_t promisable = atp_view_promisable(view);

    *ret_availability = (atp_availability_t){
        .shown = is_open && sellable > 0 && !view->is_withdrawn ? sellable : 0,
        .promisable = is_open && promisable > 0 ? promisable : 0,
        .on_hand = view->on_hand,
        .unavailable = view->unavailable,
        .reserved = view->reserved,
        .allocated = view->allocated,
        .safety = view->safety,
        .atp = atp,
        .version = view->version,
        .scale = atp_positions_scale(atp_ledger_positions(ledger), view->sku),
        .is_due = view->soonest_deadline_ms <= now_ms,
    };
    if (ATP_UNLIKELY(atp_catalog_is_stale(atp_ledger_catalog(ledger), view->node))) {
        keep_back(ledger, view, channel, ret_availability);
    }
    if (ATP_UNLIKELY(atp_catalog_has_calendar(atp_ledger_catalog(ledger), view->node))) {
        limit_by_capacity(ledger, view->node, now_ms, ret_availability);
    }
    if (ATP_UNLIKELY(view->backorder_limit > 0)) {
        atp_availability_within_caps(ledger, view->sku, ATP_ANY_CHANNEL, ret_availability);
    }
}

void atp_availability_read_row_for(const atp_ledger_t *ledger, uint32_t row, uint16_t channel, int64_t now_ms,
                                   atp_availability_t *ret_availability)
{
    atp_position_view_t view;

    atp_positions_read(atp_ledger_positions(ledger), row, &view);
    from_view(ledger, &view, channel, now_ms, ret_availability);
}

void atp_availability_read_row(const atp_ledger_t *ledger, uint32_t row, int64_t now_ms,
                               atp_availability_t *ret_availability)
{
    atp_availability_read_row_for(ledger, row, ATP_ANY_CHANNEL, now_ms, ret_availability);
}

void atp_availability_read(const atp_ledger_t *ledger, uint32_t sku, uint16_t node, int64_t now_ms,
                           atp_availability_t *ret_availability)
{
    atp_availability_read_for(ledger, sku, node, ATP_ANY_CHANNEL, now_ms, ret_availability);
}

void atp_availability_read_for(const atp_ledger_t *ledger, uint32_t sku, uint16_t node, uint16_t channel,
                               int64_t now_ms, atp_availability_t *ret_availability)
{
    const atp_positions_t *positions = atp_ledger_positions(ledger);
    uint32_t row;

    if (atp_positions_find(positions, sku, node, &row)) {
        atp_availability_read_row_for(ledger, row, channel, now_ms, ret_availability);
        return;
    }
    memset(ret_availability, 0, sizeof *ret_availability);
    ret_availability->scale = atp_positions_scale(positions, sku);
}

uint32_t atp_availability_rows(const atp_ledger_t *ledger, uint32_t sku, uint32_t *ret_rows,
                               uint32_t capacity)
{
    return atp_positions_list(atp_ledger_positions(ledger), sku, ret_rows, capacity);
}

void atp_availability_add(atp_availability_t *sum, const atp_availability_t *row)
{
    sum->shown += row->shown;
    sum->promisable += row->promisable;
    sum->on_hand += row->on_hand;
    sum->unavailable += row->unavailable;
    sum->reserved += row->reserved;
    sum->allocated += row->allocated;
    sum->safety += row->safety;
    sum->atp += row->atp;
    sum->scale = row->scale;
    sum->is_due = sum->is_due || row->is_due;
    sum->is_stale = sum->is_stale || row->is_stale;
    if (row->ready_ms != 0 && row->promisable > 0 && (sum->ready_ms == 0 || row->ready_ms < sum->ready_ms)) {
        sum->ready_ms = row->ready_ms;
    }
}

void atp_availability_keep_most(atp_availability_t *most, const atp_availability_t *row)
{
    bool is_due = most->is_due || row->is_due;
    bool is_stale = most->is_stale || row->is_stale;
    bool is_more = row->promisable > most->promisable ||
                   (row->promisable == most->promisable && row->shown > most->shown);

    if (is_more) {
        *most = *row;
        most->version = 0; /* of no position: another may come first next time */
    }
    most->scale = row->scale;
    most->is_due = is_due;
    most->is_stale = is_stale;
}

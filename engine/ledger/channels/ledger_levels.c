/* When the view of a channel crosses a level: looked at where an op may have changed it, at the end of that op.
 *
 * What changes at the rows of a SKU, or by a rule or quota of that SKU, is looked at with the op. What may change the views of
 * many SKUs (the state of a node, a group, a rule of a tag or of all) begins a sweep over all SKUs: some with the op itself,
 * the rest with pulses, which are due until the sweep is done. Ops that change the views of many by the way (a booking at a
 * node with limits, units taken from the quota of a tag) leave all of it to pulses.
 *
 * What moves changes what there is of the kits above it: ledger_kit_levels.c.
 *
 * Where no rule has levels nothing of this costs anything: has_levels. What is not state here (which SKUs are marked, which
 * channels are listed) only says where there is nothing to look at. */
#include "engine/ledger/capacity/ledger_capacity.h"
#include "engine/ledger/channels/ledger_kit_levels.h"
#include "engine/ledger/channels/ledger_rules.h"
#include "engine/ledger/channels/views.h"

#include <stdlib.h>
#include <string.h>

#define SWEPT_BY_OP  256           /* SKUs */
#define LEAST_DUE_MS INT64_C(1000) /* between two sweeps for the sake of time */

/* ---- which views ---- */

void atp_ledger_note_own_view(atp_ledger_t *ledger, uint32_t sku)
{
    bool is_watched =
        ledger->levels_of_all > 0 || atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_WATCHED);

    if (!is_watched || ledger->next_view[sku] != 0) {
        return;
    }
    if (ledger->first_view == 0) {
        ledger->first_view = sku + 1;
    } else {
        ledger->next_view[ledger->last_view - 1] = sku + 1;
    }
    ledger->last_view = sku + 1;
    ledger->next_view[sku] = UINT32_MAX;
}

void atp_ledger_note_view(atp_ledger_t *ledger, uint32_t sku)
{
    atp_ledger_note_own_view(ledger, sku);
    if (ATP_UNLIKELY(atp_table_count(&ledger->kits.records) > 0)) {
        atp_ledger_note_kits_above(ledger, sku);
    }
}

static uint32_t take_view(atp_ledger_t *ledger)
{
    uint32_t sku = ledger->first_view - 1;
    uint32_t next = ledger->next_view[sku];

    ledger->next_view[sku] = 0;
    ledger->first_view = next == UINT32_MAX ? 0 : next;
    return sku;
}

void atp_ledger_note_all_views(atp_ledger_t *ledger)
{
    if (ledger->has_levels) {
        ledger->root->levels.sweep_left = (uint32_t)atp_table_count(&ledger->catalog.skus);
        atp_ledger_note_all_kits(ledger);
    }
}

void atp_ledger_note_views_of(atp_ledger_t *ledger, atp_scope_t scope, uint32_t subject)
{
    if (!ledger->has_levels) {
        return;
    }
    if (scope == ATP_SCOPE_SKU) {
        atp_ledger_note_view(ledger, subject);
    } else {
        atp_ledger_note_all_views(ledger);
    }
}

/* The next part of the sweep joins those to be looked at; kits have a sweep of their own. */
static void sweep(atp_ledger_t *ledger)
{
    atp_level_heads_t *heads = &ledger->root->levels;
    uint32_t skus = (uint32_t)atp_table_count(&ledger->catalog.skus);

    for (unsigned i = 0; heads->sweep_left > 0 && i < SWEPT_BY_OP; i++) {
        heads->sweep_at = heads->sweep_at < skus ? heads->sweep_at : 0;
        if (!atp_positions_sku_has(&ledger->positions, heads->sweep_at, ATP_SKU_IS_KIT)) {
            atp_ledger_note_own_view(ledger, heads->sweep_at);
        }
        heads->sweep_at++;
        heads->sweep_left--;
    }
}

/* ---- which rules ---- */

static void list_channel(atp_ledger_t *ledger, uint16_t channel)
{
    uint32_t at = 0;

    while (at < ledger->level_channels && ledger->level_channel[at] < channel) {
        at++;
    }
    if (at < ledger->level_channels && ledger->level_channel[at] == channel) {
        return;
    }
    memmove(&ledger->level_channel[at + 1], &ledger->level_channel[at],
            (ledger->level_channels - at) * sizeof ledger->level_channel[0]);
    ledger->level_channel[at] = channel;
    ledger->level_channels++;
}

static void mark_skus_of(atp_ledger_t *ledger, uint32_t tag)
{
    uint64_t skus = atp_table_count(&ledger->catalog.skus);

    for (uint64_t sku = 0; sku < skus; sku++) {
        if (atp_ledger_sku_has_tag(ledger, (uint32_t)sku, tag)) {
            atp_positions_set_sku(&ledger->positions, (uint32_t)sku, ATP_SKU_IS_WATCHED);
        }
    }
}

/* What is not state follows from the rule. */
static void note_rule(atp_ledger_t *ledger, const atp_account_t *account, int change)
{
    list_channel(ledger, account->channel);
    if (account->scope == ATP_SCOPE_ALL) {
        ledger->levels_of_all += (uint32_t)change;
    } else if (account->scope == ATP_SCOPE_SKU) {
        atp_positions_set_sku(&ledger->positions, account->subject, ATP_SKU_IS_WATCHED);
    } else {
        mark_skus_of(ledger, account->subject);
    }
}

static int64_t soonest_due(const atp_ledger_t *ledger, int64_t now_ms);

void atp_ledger_count_levels(atp_ledger_t *ledger, uint32_t rule, int change)
{
    atp_rule_record_t *record = atp_rule_at(&ledger->rulebook, rule);
    atp_level_heads_t *heads = &ledger->root->levels;

    if (!atp_rule_has_levels(record)) {
        return;
    }
    note_rule(ledger, atp_account_at(&ledger->rulebook, atp_load_relaxed(&record->account) - 1), change);
    heads->rules += (uint32_t)change;
    if (!ledger->has_levels) {
        ledger->has_levels = true;
        heads->due_ms = soonest_due(ledger, ledger->root->time_ms);
        heads->kits_due_ms = 0; /* nobody has followed their dates */
    }
}

/* ---- time alone ---- */

/* When a quota's period, or a node's day, ends next. */
static int64_t soonest_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    uint64_t quotas = atp_table_count(&ledger->rulebook.quotas);
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
    int64_t soonest = ATP_NEVER_MS;

    for (uint64_t i = 0; i < quotas; i++) {
        atp_quota_record_t *quota = atp_quota_at(&ledger->rulebook, (uint32_t)i);
        int64_t period_ms = atp_load_relaxed(&quota->period_ms);
        int64_t start_ms = atp_load_relaxed(&quota->period_start_ms);
        if (period_ms > 0) {
            int64_t end_ms = start_ms + (1 + (now_ms - start_ms) / period_ms) * period_ms;
            soonest = end_ms < soonest ? end_ms : soonest;
        }
    }
    for (uint64_t i = 0; i < nodes; i++) {
        atp_node_ready_t ready = atp_catalog_node_ready(&ledger->catalog, (uint16_t)i);
        if (atp_catalog_has_calendar(&ledger->catalog, (uint16_t)i) && ready.until_ms > now_ms) {
            soonest = ready.until_ms < soonest ? ready.until_ms : soonest;
        }
    }
    return soonest < now_ms + LEAST_DUE_MS ? now_ms + LEAST_DUE_MS : soonest;
}

static void look_at_time(atp_ledger_t *ledger, int64_t now_ms)
{
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);

    for (uint64_t i = 0; i < nodes; i++) {
        atp_ledger_refresh_node(ledger, (uint16_t)i, now_ms);
    }
    atp_ledger_note_all_views(ledger);
    ledger->root->levels.due_ms = soonest_due(ledger, now_ms);
}

bool atp_ledger_is_level_due(const atp_ledger_t *ledger, int64_t now_ms)
{
    const atp_level_heads_t *heads = &ledger->root->levels;

    return heads->sweep_left > 0 || heads->kits_left > 0 || now_ms >= heads->due_ms ||
           now_ms >= heads->kits_due_ms;
}

/* ---- one view ---- */

static atp_level_t level_before(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    uint32_t number;

    return atp_rulebook_find_account(&ledger->rulebook, channel, ATP_SCOPE_SKU, sku, &number)
               ? (atp_level_t)atp_load_relaxed(&atp_account_at(&ledger->rulebook, number)->level)
               : ATP_LEVEL_NONE;
}

/* Where the accounts are full no level is kept, and nothing is told. */
static void cross(atp_ledger_t *ledger, uint16_t channel, uint32_t sku, atp_level_t before, atp_level_t level,
                  atp_qty_t qty)
{
    atp_rulebook_t *rulebook = &ledger->rulebook;
    uint32_t number;

    if (!atp_rulebook_find_account(rulebook, channel, ATP_SCOPE_SKU, sku, &number) &&
        !atp_table_has_room(&rulebook->accounts, 1)) {
        return;
    }
    number = atp_rulebook_need_account(rulebook, channel, ATP_SCOPE_SKU, sku);
    atp_account_t *account = atp_table_change(&rulebook->accounts, number);
    atp_store_relaxed(&account->level, (uint8_t)(level == ATP_LEVEL_OK ? ATP_LEVEL_NONE : level));
    if (level != ATP_LEVEL_OK) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_IS_WATCHED);
    }
    const atp_crossing_t crossing = {
        .op = ledger->root->op,
        .time_ms = ledger->root->time_ms,
        .qty = qty,
        .sku = sku,
        .channel = channel,
        .from = before == ATP_LEVEL_NONE ? ATP_LEVEL_OK : before,
        .to = level,
        .scale = atp_positions_scale(&ledger->positions, sku),
    };
    atp_crossings_add(&ledger->crossings, &crossing);
}

/* A SKU that never was anywhere has no level, nor a kit of which nothing ever was. */
static void look_at_view(atp_ledger_t *ledger, uint16_t channel, uint32_t sku, uint32_t rows)
{
    atp_level_t before = level_before(ledger, channel, sku);
    bool is_kit = atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT);
    uint16_t group = atp_catalog_channel_group(&ledger->catalog, channel, ATP_METHOD_SHIP);
    atp_channel_view_t view;

    if (before == ATP_LEVEL_NONE && (rows == 0 || !atp_channel_has_levels(ledger, channel, sku))) {
        return;
    }
    atp_channel_view_read(ledger, channel, sku, group, ledger->root->time_ms, ledger->view_rows,
                          is_kit ? 0 : rows, NULL, &view);
    if (is_kit) {
        view.available = atp_ledger_kit_seen(ledger, channel, sku);
    }
    atp_level_t level =
        view.has_levels ? atp_level_of(before, view.available, view.low, view.low_clear) : ATP_LEVEL_OK;
    if (level != (before == ATP_LEVEL_NONE ? ATP_LEVEL_OK : before)) {
        cross(ledger, channel, sku, before, level, view.available);
    }
}

/* True if a channel has a level on it. */
static bool has_level(const atp_ledger_t *ledger, uint32_t sku)
{
    for (uint32_t i = 0; i < ledger->level_channels; i++) {
        if (atp_channel_has_levels(ledger, ledger->level_channel[i], sku)) {
            return true;
        }
    }
    return false;
}

static bool had_level(const atp_ledger_t *ledger, uint32_t sku)
{
    for (uint32_t i = 0; i < ledger->level_channels; i++) {
        if (level_before(ledger, ledger->level_channel[i], sku) != ATP_LEVEL_NONE) {
            return true;
        }
    }
    return false;
}

static void look_at_views(atp_ledger_t *ledger, uint32_t sku, uint32_t rows)
{
    if (ledger->next_view[sku] != 0) {
        return; /* it comes again, settled */
    }
    for (uint32_t i = 0; i < ledger->level_channels; i++) {
        look_at_view(ledger, ledger->level_channel[i], sku, rows);
    }
}

/* What is due counts no more. */
static void look_at_kit(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;

    if ((has_level(ledger, sku) || had_level(ledger, sku)) && atp_ledger_may_look_at_kit(ledger, sku)) {
        look_at_views(ledger, sku, atp_ledger_settle_kit(apply, sku));
    }
}

static void look_at_sku(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;

    if (ATP_UNLIKELY(atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT))) {
        look_at_kit(apply, sku);
        return;
    }
    uint32_t rows = atp_positions_list(&ledger->positions, sku, ledger->view_rows, ATP_VIEW_ROWS_MAX);
    if (has_level(ledger, sku)) {
        if (atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_RATIONED)) {
            atp_ledger_settle_due(ledger, apply->now_ms, UINT64_MAX); /* quotas of tags count other SKUs */
        }
        for (uint32_t i = 0; i < rows; i++) {
            atp_ledger_settle_row(ledger, ledger->view_rows[i],
                                  apply->now_ms); /* what is due counts no more */
        }
    }
    look_at_views(ledger, sku, rows);
}

static void look_at_noted(apply_t *apply)
{
    while (apply->ledger->first_view != 0) {
        look_at_sku(apply, take_view(apply->ledger));
    }
}

static void sweep_kits(apply_t *apply)
{
    uint32_t sku;

    for (uint32_t swept = 0; atp_ledger_next_kit(apply->ledger, swept, &sku); swept++) {
        look_at_kit(apply, sku);
        look_at_noted(apply);
    }
}

/* ---- an op ---- */

/* Ops that change the views of many, as their purpose: they begin the sweep themselves. */
static bool is_sweeping(unsigned kind)
{
    return kind == ATP_OP_PULSE || kind == ATP_OP_NODE || kind == ATP_OP_CHANNEL || kind == ATP_OP_GROUP ||
           kind == ATP_OP_RULE || kind == ATP_OP_QUOTA;
}

/* Of the kit that the op has put. */
static void note_recipe(atp_ledger_t *ledger)
{
    uint32_t kit;

    atp_ledger_note_view(ledger, ledger->kits.planned_sku);
    if (atp_kits_of_sku(&ledger->kits, ledger->kits.planned_sku, &kit)) {
        atp_ledger_note_kit_dates(ledger, kit);
    }
}

static void note_cause(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    unsigned kind = apply->op->kind;

    if (kind == ATP_OP_NODE || kind == ATP_OP_CHANNEL || kind == ATP_OP_GROUP) {
        atp_ledger_note_all_views(ledger);
    } else if (kind == ATP_OP_KIT) {
        note_recipe(ledger);
    } else if (kind == ATP_OP_LIMIT) {
        atp_ledger_note_view(ledger, ledger->lines[0].sku);
    }
    if (kind == ATP_OP_NODE || kind == ATP_OP_QUOTA) {
        ledger->root->levels.due_ms = soonest_due(ledger, apply->now_ms);
    }
}

void atp_ledger_follow_levels(apply_t *apply, atp_verdict_t verdict)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_level_heads_t *heads = &ledger->root->levels;

    if (atp_verdict_is_success((uint8_t)verdict)) {
        note_cause(apply);
    }
    if (apply->now_ms >= heads->due_ms) {
        look_at_time(ledger, apply->now_ms);
    }
    atp_ledger_begin_kits(apply);
    if (is_sweeping(apply->op->kind)) {
        sweep(ledger);
    }
    look_at_noted(apply);
    if (is_sweeping(apply->op->kind)) {
        sweep_kits(apply);
    }
    ledger->has_levels = heads->rules > 0 || heads->sweep_left > 0 || heads->kits_left > 0;
}

/* ---- keeping ---- */

atp_err_t atp_ledger_init_levels(atp_ledger_t *ledger, const atp_ledger_config_t *config)
{
    ledger->next_view = calloc(config->skus, sizeof *ledger->next_view);
    ledger->level_channel = calloc(config->channels + 2, sizeof *ledger->level_channel);
    return ledger->next_view != NULL && ledger->level_channel != NULL ? ATP_OK : ATP_ERR_MEMORY;
}

void atp_ledger_fini_levels(atp_ledger_t *ledger)
{
    free(ledger->next_view);
    free(ledger->level_channel);
}

void atp_ledger_rebuild_levels(atp_ledger_t *ledger)
{
    const atp_rulebook_t *rulebook = &ledger->rulebook;
    uint64_t rules = atp_table_count(&rulebook->rules);
    uint64_t accounts = atp_table_count(&rulebook->accounts);

    for (uint64_t i = 0; i < rules; i++) {
        atp_rule_record_t *rule = atp_rule_at(rulebook, (uint32_t)i);
        uint32_t account = atp_load_relaxed(&rule->account);
        if (account != 0 && atp_rule_has_levels(rule)) {
            note_rule(ledger, atp_account_at(rulebook, account - 1), 1);
        }
    }
    for (uint64_t i = 0; i < accounts; i++) {
        atp_account_t *account = atp_account_at(rulebook, (uint32_t)i);
        if (atp_load_relaxed(&account->level) != ATP_LEVEL_NONE) {
            list_channel(ledger, account->channel);
            atp_positions_set_sku(&ledger->positions, account->subject, ATP_SKU_IS_WATCHED);
        }
    }
    const atp_level_heads_t *heads = &ledger->root->levels;
    ledger->has_levels = heads->rules > 0 || heads->sweep_left > 0 || heads->kits_left > 0;
}

/* Levels of kits: what a channel has of a kit follows what there is of its components, at every node.
 *
 * A movement of a component is looked at with the op, for each of the kits above it, where these are few (KITS_BY_OP) and small
 * (ROWS_BY_OP). Else a sweep over all kits begins, or begins anew: each pulse looks at so many kits (KITS_SWEPT) and so many
 * positions (ROWS_SWEPT), one kit at least. Such a pulse is due at once, until each kit was looked at after the last movement. How far
 * it is, and when components begin or end next, is state: a restart goes on there. */
#include "engine/ledger/channels/ledger_kit_levels.h"

#include "engine/ledger/sourcing/ledger_plan.h"

#define KITS_BY_OP 16
#define KITS_SWEPT 256
#define ROWS_BY_OP 4096 /* positions, if each SKU of the kit were at each node */
#define ROWS_SWEPT 16384

/* ---- which kits ---- */

/* In how many ways kits stand above the SKU: at most one more than `most`. */
static uint32_t count_above(const atp_kits_t *kits, uint32_t sku, uint32_t most)
{
    atp_uses_walk_t walk = atp_kits_uses(kits, sku);
    uint32_t count = 0;
    uint32_t kit;

    while (count <= most && atp_kits_next_use(&walk, &kit)) {
        count += 1 + count_above(kits, kit, most - count);
    }
    return count;
}

static void note_above(atp_ledger_t *ledger, uint32_t sku)
{
    atp_uses_walk_t walk = atp_kits_uses(&ledger->kits, sku);
    uint32_t kit;

    while (atp_kits_next_use(&walk, &kit)) {
        atp_ledger_note_own_view(ledger, kit);
        note_above(ledger, kit);
    }
}

void atp_ledger_note_kits_above(atp_ledger_t *ledger, uint32_t sku)
{
    const atp_level_heads_t *heads = &ledger->root->levels;

    if (!atp_kits_is_used(&ledger->kits, sku) ||
        heads->kits_left == (uint32_t)atp_table_count(&ledger->kits.records)) {
        return; /* all of them are looked at anyway */
    }
    if (count_above(&ledger->kits, sku, KITS_BY_OP) > KITS_BY_OP) {
        atp_ledger_note_all_kits(ledger);
        return;
    }
    note_above(ledger, sku);
}

void atp_ledger_note_all_kits(atp_ledger_t *ledger)
{
    ledger->root->levels.kits_left = (uint32_t)atp_table_count(&ledger->kits.records);
}

/* ---- one kit ---- */

/* Positions that looking at the kit takes at most. */
static uint64_t rows_of(const atp_ledger_t *ledger, uint32_t sku)
{
    uint64_t nodes = atp_table_count(&ledger->catalog.nodes);
    uint32_t kit;

    return atp_kits_of_sku(&ledger->kits, sku, &kit)
               ? nodes * (1 + atp_kits_entries(&ledger->kits, kit)) * ledger->level_channels
               : nodes;
}

bool atp_ledger_may_look_at_kit(atp_ledger_t *ledger, uint32_t sku)
{
    uint64_t rows = rows_of(ledger, sku);

    if (rows > ledger->kit_rows_left && !ledger->must_look_at_kit) {
        atp_ledger_note_all_kits(ledger);
        return false;
    }
    ledger->must_look_at_kit = false;
    ledger->kit_rows_left -= rows < ledger->kit_rows_left ? rows : ledger->kit_rows_left;
    return true;
}

static uint32_t settle_rows(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t count = atp_positions_list(&ledger->positions, sku, ledger->view_rows, ATP_VIEW_ROWS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        atp_ledger_settle_row(ledger, ledger->view_rows[i], apply->now_ms);
    }
    return count;
}

uint32_t atp_ledger_settle_kit(apply_t *apply, uint32_t sku)
{
    atp_ledger_t *ledger = apply->ledger;
    uint32_t skus[ATP_KIT_ENTRIES_MAX + 1];
    bool is_rationed = false;
    uint32_t rows = 0;

    (void)atp_bill_lay_out(&ledger->bill, &ledger->kits, &ledger->positions, sku, apply->now_ms);
    uint32_t count = ledger->bill.part_count;
    bool is_none_now = ledger->bill.parts[0].edge_count == 0;
    for (uint32_t i = 0; i < count; i++) { /* what is settled may have use for the bill */
        skus[i] = ledger->bill.parts[i].sku;
        is_rationed = is_rationed || atp_positions_sku_has(&ledger->positions, skus[i], ATP_SKU_IS_RATIONED);
    }
    ledger->bill_op = 0;
    if (is_rationed) {
        atp_ledger_settle_due(ledger, apply->now_ms, UINT64_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        rows += settle_rows(apply, skus[i]);
    }
    return is_none_now ? rows + 1 : rows;
}

atp_qty_t atp_ledger_kit_seen(const atp_ledger_t *ledger, uint16_t channel, uint32_t sku)
{
    /* As a reserve of the channel that says nothing else: the deciding functions work in the scratch of an op, which is no state. */
    static const atp_op_t op = {.size = sizeof op, .kind = ATP_OP_RESERVE};
    atp_ledger_t *scratch = (atp_ledger_t *)(uintptr_t)ledger;
    atp_result_t result = {0};
    apply_t apply = {
        .ledger = scratch, .op = &op, .now_ms = ledger->root->time_ms, .result = &result, .channel = channel};
    uint32_t plan_count = scratch->plan_count;
    bool is_asking = scratch->is_asking;

    atp_ledger_forget_scratch(scratch);
    scratch->plan_count = 0;
    scratch->is_asking = true;
    atp_qty_t seen = atp_ledger_kit_free_anywhere(&apply, sku);
    scratch->is_asking = is_asking;
    scratch->plan_count = plan_count;
    atp_ledger_forget_scratch(scratch);
    return seen;
}

/* ---- the sweep ---- */

void atp_ledger_note_kit_dates(atp_ledger_t *ledger, uint32_t kit)
{
    atp_level_heads_t *heads = &ledger->root->levels;
    int64_t next_ms = atp_kits_next_date(&ledger->kits, kit, ledger->root->time_ms);

    if (next_ms != 0 && next_ms < heads->kits_due_ms) {
        heads->kits_due_ms = next_ms;
    }
}

void atp_ledger_begin_kits(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    atp_level_heads_t *heads = &ledger->root->levels;

    ledger->kit_rows_left = apply->op->kind == ATP_OP_PULSE ? ROWS_SWEPT : ROWS_BY_OP;
    if (apply->now_ms >= heads->kits_due_ms) { /* some kit is put together of something else now */
        heads->kits_due_ms = ATP_NEVER_MS;
        atp_ledger_note_all_kits(ledger);
    }
}

bool atp_ledger_next_kit(atp_ledger_t *ledger, uint32_t swept, uint32_t *ret_sku)
{
    atp_level_heads_t *heads = &ledger->root->levels;
    uint32_t kits = (uint32_t)atp_table_count(&ledger->kits.records);

    if (heads->kits_left == 0 || swept == KITS_SWEPT) {
        return false;
    }
    heads->kits_at = heads->kits_at < kits ? heads->kits_at : 0;
    *ret_sku = atp_kits_sku(&ledger->kits, heads->kits_at);
    if (swept > 0 && rows_of(ledger, *ret_sku) > ledger->kit_rows_left) {
        return false; /* its turn is with the next op */
    }
    atp_ledger_note_kit_dates(ledger, heads->kits_at);
    heads->kits_at++;
    heads->kits_left--;
    ledger->must_look_at_kit = swept == 0;
    return true;
}

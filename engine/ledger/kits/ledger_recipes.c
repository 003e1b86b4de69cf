/* Kits in the ledger: the op that puts a recipe. */
#include "engine/ledger/ledger_priv.h"

#include "engine/base/attribute.h"

/* A date of one line of the op; 0 = not given. */
static int64_t date_of(const atp_op_t *op, unsigned key, uint32_t line)
{
    const atp_op_attribute_t *attribute = atp_op_attribute(op, key, line);

    return attribute == NULL ? 0 : attribute->number;
}

/* ---- the op ---- */

static atp_verdict_t read_recipe(apply_t *apply, atp_recipe_line_t *recipe)
{
    line_names_t names = atp_ledger_line_names(apply->op);

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        resolved_line_t line;
        atp_verdict_t verdict = atp_ledger_resolve_line(apply, &names, i, &line);
        if (verdict != ATP_APPLIED) {
            return verdict;
        }
        recipe[i] = (atp_recipe_line_t){line.sku, line.qty, date_of(apply->op, ATP_KEY_START, i),
                                        date_of(apply->op, ATP_KEY_END, i)};
        if (recipe[i].end_ms != 0 && recipe[i].end_ms <= recipe[i].start_ms) {
            return atp_ledger_refuse_key(apply, ATP_ATTRIBUTE_OUT_OF_RANGE, ATP_KEY_END, i);
        }
    }
    return ATP_APPLIED;
}

static bool has_recipe(const atp_kits_t *kits, uint32_t sku)
{
    uint32_t kit;

    return atp_kits_of_sku(kits, sku, &kit) && atp_kits_level(kits, kit) > 0;
}

static bool is_whole(const atp_ledger_t *ledger, const atp_recipe_line_t *component)
{
    return component->qty % atp_kit_unit(atp_positions_scale(&ledger->positions, component->sku)) == 0;
}

/* True if a recipe has a part of one `sku` in it. */
static bool is_used_in_parts(const atp_ledger_t *ledger, uint32_t sku)
{
    const atp_kits_t *kits = &ledger->kits;
    atp_uses_walk_t uses = atp_kits_uses(kits, sku);
    uint32_t user;
    uint32_t kit;

    while (atp_kits_next_use(&uses, &user)) {
        atp_recipe_line_t line;
        bool is_kit = atp_kits_of_sku(kits, user, &kit);
        ATP_ASSERT(is_kit); /* K3 */
        atp_recipe_walk_t recipe = atp_kits_recipe(kits, kit);
        while (atp_kits_next(&recipe, &line)) {
            if (line.sku == sku && !is_whole(ledger, &line)) {
                return true;
            }
        }
    }
    return false;
}

/* Kits are put together whole, and so are those that are in them: K6. */
static atp_verdict_t look_for_parts_of_kits(apply_t *apply, uint32_t sku, const atp_recipe_line_t *recipe)
{
    const atp_ledger_t *ledger = apply->ledger;

    for (uint32_t i = 0; i < apply->op->line_count; i++) {
        if (has_recipe(&ledger->kits, recipe[i].sku) && !is_whole(ledger, &recipe[i])) {
            return atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_QTY, i);
        }
    }
    return apply->op->line_count > 0 && is_used_in_parts(ledger, sku)
               ? atp_ledger_refuse(apply, ATP_NOT_IN_INCREMENTS, ATP_FIELD_SUBJECT, 0)
               : ATP_APPLIED;
}

atp_verdict_t atp_ledger_put_kit(apply_t *apply)
{
    atp_ledger_t *ledger = apply->ledger;
    const atp_op_t *op = apply->op;
    const char *cursor = atp_op_text_begin(op);
    uint32_t line = 0;
    uint32_t sku;

    if (op->line_count > ATP_KIT_ENTRIES_MAX) {
        return atp_ledger_refuse(apply, ATP_KIT_TOO_LARGE, ATP_FIELD_LINES, ATP_KIT_ENTRIES_MAX);
    }
    if (!atp_ledger_means_sku(apply, atp_op_text_next(&cursor), &sku)) {
        return atp_ledger_refuse(apply, ATP_UNKNOWN_SKU, ATP_FIELD_SUBJECT, 0);
    }
    atp_verdict_t verdict = read_recipe(apply, ledger->recipe);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    verdict = atp_kits_look(&ledger->kits, sku, ledger->recipe, op->line_count, &line);
    if (verdict != ATP_APPLIED) {
        return atp_ledger_refuse(apply, verdict, ATP_FIELD_LINES, line);
    }
    verdict = look_for_parts_of_kits(apply, sku, ledger->recipe);
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    atp_kits_replace(&ledger->kits, sku, ledger->recipe, op->line_count);
    atp_kits_note_dates(&ledger->kits, ledger->recipe, op->line_count, apply->now_ms);
    if (op->line_count > 0) {
        atp_positions_set_sku(&ledger->positions, sku, ATP_SKU_IS_KIT);
    }
    return ATP_APPLIED;
}

void atp_ledger_rebuild_kits(atp_ledger_t *ledger)
{
    uint64_t count = atp_table_count(&ledger->kits.records);

    for (uint64_t i = 0; i < count; i++) {
        atp_kit_t *kit = atp_table_at(&ledger->kits.records, i);
        atp_positions_set_sku(&ledger->positions, atp_load_relaxed(&kit->sku), ATP_SKU_IS_KIT);
    }
    atp_arena_note_used(&ledger->kits.marks_arena, count * sizeof(atp_kit_mark_t));
    atp_kits_find_dates(&ledger->kits, ledger->root->time_ms);
}

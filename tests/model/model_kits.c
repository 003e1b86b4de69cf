#include "tests/model/model_kits.h"

#include <string.h>

static bool is_valid(const model_kits_t *model, const model_component_t *component)
{
    return component->start_ms <= model->now_ms &&
           (component->end_ms == 0 || model->now_ms < component->end_ms);
}

/* ---- recipes ---- */

static bool contains(const model_kits_t *model, unsigned kit, unsigned wanted)
{
    for (unsigned i = 0; i < model->recipes[kit].count; i++) {
        unsigned sku = model->recipes[kit].components[i].sku;
        if (sku == wanted || contains(model, sku, wanted)) {
            return true;
        }
    }
    return false;
}

bool model_kits_has_cycle(const model_kits_t *model, unsigned kit, const model_recipe_t *recipe)
{
    for (unsigned i = 0; i < recipe->count; i++) {
        unsigned sku = recipe->components[i].sku;
        if (sku == kit || contains(model, sku, kit)) {
            return true;
        }
    }
    return false;
}

unsigned model_kits_depth(const model_kits_t *model, unsigned kit)
{
    unsigned deepest = 0;

    for (unsigned i = 0; i < model->recipes[kit].count; i++) {
        unsigned depth = 1 + model_kits_depth(model, model->recipes[kit].components[i].sku);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest;
}

unsigned model_kits_entries(const model_kits_t *model, unsigned kit)
{
    unsigned entries = 0;

    for (unsigned i = 0; i < model->recipes[kit].count; i++) {
        entries += 1 + model_kits_entries(model, model->recipes[kit].components[i].sku);
    }
    return entries;
}

/* ---- stock ---- */

void model_kits_expire(model_kits_t *model)
{
    for (unsigned i = 0; i < MODEL_KIT_RECORDS; i++) {
        model_kit_reservation_t *record = &model->reservations[i];
        if (!record->is_shipped && record->deadline_ms <= model->now_ms) {
            record->is_live = false;
        }
    }
}

atp_qty_t model_kits_held(const model_kit_line_t *line, unsigned sku)
{
    return (line->sku == sku ? line->stocked : 0) + line->parts[sku] * line->left;
}

atp_qty_t model_kits_free(const model_kits_t *model, unsigned node, unsigned sku)
{
    atp_qty_t free = model->on_hand[node][sku];

    for (unsigned i = 0; i < MODEL_KIT_RECORDS; i++) {
        const model_kit_reservation_t *record = &model->reservations[i];
        for (unsigned k = 0; record->is_live && k < record->line_count; k++) {
            free -= record->lines[k].node == node ? model_kits_held(&record->lines[k], sku) : 0;
        }
    }
    return free;
}

/* ---- what a reservation has ---- */

static bool is_of(const model_kit_line_t *line, unsigned sku, unsigned node)
{
    return line->sku == sku && (node == MODEL_KIT_NODES || line->node == node);
}

atp_qty_t model_kits_has(const model_kit_reservation_t *record, unsigned sku, unsigned node)
{
    atp_qty_t has = 0;

    for (unsigned i = 0; i < record->line_count; i++) {
        const model_kit_line_t *line = &record->lines[i];
        has += is_of(line, sku, node) ? line->stocked + line->left : 0;
    }
    return has;
}

void model_kits_give_back(model_kit_reservation_t *record, unsigned sku, unsigned node, atp_qty_t qty)
{
    for (unsigned i = record->line_count; i-- > 0;) {
        for (; is_of(&record->lines[i], sku, node) && qty > 0 && record->lines[i].left > 0; qty--) {
            record->lines[i].left--;
        }
    }
    for (unsigned i = record->line_count; i-- > 0;) {
        for (; is_of(&record->lines[i], sku, node) && qty > 0 && record->lines[i].stocked > 0; qty--) {
            record->lines[i].stocked--;
        }
    }
}

/* ---- putting together ---- */

bool model_kits_is_kit(const model_kits_t *model, unsigned sku)
{
    for (unsigned i = 0; i < model->recipes[sku].count; i++) {
        if (is_valid(model, &model->recipes[sku].components[i])) {
            return true;
        }
    }
    return false;
}

void model_kits_take_all(const model_kits_t *model, unsigned sku, atp_qty_t qty, atp_qty_t *free,
                         atp_qty_t *taken)
{
    bool is_kit = model_kits_is_kit(model, sku);

    for (; qty > 0 && (free[sku] > 0 || !is_kit); qty--) {
        free[sku]--;
        taken[sku]++;
    }
    for (; qty > 0; qty--) {
        for (unsigned i = 0; i < model->recipes[sku].count; i++) {
            const model_component_t *component = &model->recipes[sku].components[i];
            if (is_valid(model, component)) {
                model_kits_take_all(model, component->sku, component->qty, free, taken);
            }
        }
    }
}

/* Puts one kit together, depth first. */
static bool build_one(const model_kits_t *model, unsigned kit, atp_qty_t *free, atp_qty_t *taken)
{
    bool has_any = false;

    for (unsigned i = 0; i < model->recipes[kit].count; i++) {
        const model_component_t *component = &model->recipes[kit].components[i];
        if (!is_valid(model, component)) {
            continue;
        }
        has_any = true;
        if (!model_kits_take(model, component->sku, component->qty, free, taken)) {
            return false;
        }
    }
    return has_any;
}

bool model_kits_take(const model_kits_t *model, unsigned sku, atp_qty_t qty, atp_qty_t *free,
                     atp_qty_t *taken)
{
    for (; qty > 0 && free[sku] > 0; qty--) {
        free[sku]--;
        taken[sku]++;
    }
    for (; qty > 0; qty--) {
        if (!build_one(model, sku, free, taken)) {
            return false;
        }
    }
    return true;
}

atp_qty_t model_kits_available(const model_kits_t *model, unsigned node, unsigned sku)
{
    atp_qty_t free[MODEL_KIT_SKUS];
    atp_qty_t taken[MODEL_KIT_SKUS] = {0};
    atp_qty_t count = 0;

    for (unsigned i = 0; i < MODEL_KIT_SKUS; i++) {
        free[i] = model_kits_free(model, node, i);
        free[i] = free[i] > 0 ? free[i] : 0;
    }
    while (model_kits_take(model, sku, 1, free, taken)) {
        count++;
    }
    return count;
}

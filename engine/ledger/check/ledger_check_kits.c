/* Kits (K), recomputed. */
#include "engine/ledger/check/ledger_check_priv.h"

#include <stdlib.h>

typedef struct kit_marks {
    const atp_ledger_t *ledger;
    unsigned char *is_on_chain; /* a byte a component */
    uint64_t in_kits;
    uint64_t free;
} kit_marks_t;

static atp_component_t *component_at(const kit_marks_t *marks, uint32_t at)
{
    return atp_table_at(&marks->ledger->kits.components, at - 1);
}

static bool mark(kit_marks_t *marks, uint32_t at)
{
    if (at > atp_table_count(&marks->ledger->kits.components) || marks->is_on_chain[at - 1]) {
        return false;
    }
    marks->is_on_chain[at - 1] = 1;
    return true;
}

static const atp_kit_t *kit_of_sku(const atp_ledger_t *ledger, uint32_t sku)
{
    uint32_t number;

    if (!atp_kits_of_sku(&ledger->kits, sku, &number) || number >= atp_table_count(&ledger->kits.records)) {
        return NULL;
    }
    return atp_table_at(&ledger->kits.records, number);
}

/* What one component adds to the size of its kit. */
static atp_err_t check_component(const kit_marks_t *marks, uint64_t number, uint32_t at, atp_kit_size_t *size,
                                 atp_why_t *ret_why)
{
    const atp_ledger_t *ledger = marks->ledger;
    atp_kit_t *kit = atp_table_at(&ledger->kits.records, number);
    atp_component_t *component = component_at(marks, at);
    uint32_t sku = atp_load_relaxed(&component->sku);

    if (atp_load_relaxed(&component->kit) != number || sku == atp_load_relaxed(&kit->sku) ||
        sku >= atp_table_count(&ledger->catalog.skus) || atp_load_relaxed(&component->qty) <= 0) {
        return ATP_BROKEN(ret_why, "K1", "component %u is none that kit %llu can have", at - 1,
                          (ull_t)number);
    }
    const atp_kit_t *nested = kit_of_sku(ledger, sku);
    uint32_t level = nested == NULL ? 0 : atp_load_relaxed(&((atp_kit_t *)nested)->level);
    atp_qty_t unit = atp_kit_unit(atp_positions_scale(&ledger->positions, sku));
    if (level > 0 && atp_load_relaxed(&component->qty) % unit != 0) {
        return ATP_BROKEN(ret_why, "K6", "component %u of kit %llu is a part of a kit", at - 1,
                          (ull_t)number);
    }
    size->level = level + 1 > size->level ? level + 1 : size->level;
    size->entries += 1 + (nested == NULL ? 0 : nested->entries);
    return ATP_OK;
}

static atp_err_t check_kit(kit_marks_t *marks, uint64_t number, atp_why_t *ret_why)
{
    const atp_ledger_t *ledger = marks->ledger;
    atp_kit_t *kit = atp_table_at(&ledger->kits.records, number);
    atp_kit_size_t size = {0, 0};
    uint32_t count = 0;

    uint32_t sku = atp_load_relaxed(&kit->sku);
    if (sku >= atp_table_count(&ledger->catalog.skus) || kit_of_sku(ledger, sku) != kit ||
        !atp_positions_sku_has(&ledger->positions, sku, ATP_SKU_IS_KIT)) {
        return ATP_BROKEN(ret_why, "K1", "kit %llu is not that of its SKU", (ull_t)number);
    }
    for (uint32_t at = atp_load_relaxed(&kit->first); at != 0; count++) {
        if (!mark(marks, at)) {
            return ATP_BROKEN(ret_why, "K4", "component %u of kit %llu is on another chain", at - 1,
                              (ull_t)number);
        }
        atp_err_t err = check_component(marks, number, at, &size, ret_why);
        if (err != ATP_OK) {
            return err;
        }
        at = atp_load_relaxed(&component_at(marks, at)->next);
    }
    marks->in_kits += count;
    if (count != atp_load_relaxed(&kit->count)) {
        return ATP_BROKEN(ret_why, "K1", "kit %llu counts %u components, it has %u", (ull_t)number,
                          atp_load_relaxed(&kit->count), count);
    }
    if (size.level != atp_load_relaxed(&kit->level) || size.entries != kit->entries ||
        size.level > ATP_KIT_DEPTH_MAX || size.entries > ATP_KIT_ENTRIES_MAX) {
        return ATP_BROKEN(ret_why, "K2", "kit %llu stands at %u of %u, with %u of %u entries", (ull_t)number,
                          atp_load_relaxed(&kit->level), size.level, kit->entries, size.entries);
    }
    return ATP_OK;
}

static atp_err_t check_free_components(kit_marks_t *marks, atp_why_t *ret_why)
{
    const atp_kit_heads_t *heads = marks->ledger->kits.heads;

    for (uint32_t at = heads->free; at != 0; marks->free++) {
        if (!mark(marks, at)) {
            return ATP_BROKEN(ret_why, "K4", "free component %u is on another chain", at - 1);
        }
        at = atp_load_relaxed(&component_at(marks, at)->next);
    }
    if (marks->free != heads->free_count ||
        marks->free + marks->in_kits != atp_table_count(&marks->ledger->kits.components)) {
        return ATP_BROKEN(ret_why, "K4", "%llu components are free, %llu in kits, of %llu",
                          (ull_t)marks->free, (ull_t)marks->in_kits,
                          (ull_t)atp_table_count(&marks->ledger->kits.components));
    }
    return ATP_OK;
}

/* K3: the uses of every SKU are its own, linked both ways, and all components are among them. */
static atp_err_t check_uses(const kit_marks_t *marks, atp_why_t *ret_why)
{
    uint64_t skus = atp_table_count(&marks->ledger->catalog.skus);
    uint64_t uses = 0;

    for (uint64_t sku = 0; sku < skus; sku++) {
        atp_sku_record_t *record = atp_table_at(&marks->ledger->catalog.skus, sku);
        uint32_t previous = 0;
        for (uint32_t at = atp_load_relaxed(&record->first_use); at != 0;) {
            atp_component_t *component = component_at(marks, at);
            if (++uses > marks->in_kits || at > atp_table_count(&marks->ledger->kits.components) ||
                atp_load_relaxed(&component->sku) != sku || component->previous_use != previous) {
                return ATP_BROKEN(ret_why, "K3", "component %u is not a use of SKU %llu", at - 1, (ull_t)sku);
            }
            previous = at;
            at = atp_load_relaxed(&component->next_use);
        }
    }
    return uses == marks->in_kits ? ATP_OK
                                  : ATP_BROKEN(ret_why, "K3", "%llu uses of %llu components", (ull_t)uses,
                                               (ull_t)marks->in_kits);
}

/* K5 of one line that is a component: its kit's line is of the same reservation and stands before it. */
static atp_err_t check_component_line(const atp_ledger_t *ledger, const atp_progress_t *progress,
                                      atp_why_t *ret_why)
{
    const atp_reservations_t *reservations = &ledger->reservations;
    uint32_t number = progress->line - 1;
    uint32_t parent = progress->kit_parent - 1;

    if (parent >= atp_table_count(&reservations->lines) || progress->kits == 0 ||
        atp_line_at(reservations, parent)->reservation != atp_line_at(reservations, number)->reservation ||
        atp_ledger_kits_of(ledger, parent) != progress->kits) {
        return ATP_BROKEN(ret_why, "K5", "line %u is no component of line %u", number, parent);
    }
    return ATP_OK;
}

static atp_err_t check_component_lines(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    const atp_table_t *records = &ledger->reservations.progress.records;
    uint64_t count = atp_table_count(records);
    atp_err_t err = ATP_OK;

    for (uint64_t i = 0; err == ATP_OK && i < count; i++) {
        const atp_progress_t *progress = atp_table_at(records, i);
        if (progress->line != 0 && progress->kit_parent != 0) {
            err = check_component_line(ledger, progress, ret_why);
        }
    }
    return err;
}

atp_err_t atp_check_kits(const atp_ledger_t *ledger, atp_why_t *ret_why)
{
    uint64_t kits = atp_table_count(&ledger->kits.records);
    kit_marks_t marks = {.ledger = ledger,
                         .is_on_chain = calloc(atp_table_count(&ledger->kits.components) + 1, 1)};
    atp_err_t err = ATP_OK;

    if (marks.is_on_chain == NULL) {
        return atp_fail(ret_why, ATP_ERR_MEMORY, "no memory to look at the components of kits");
    }
    for (uint64_t i = 0; err == ATP_OK && i < kits; i++) {
        err = check_kit(&marks, i, ret_why);
    }
    err = err == ATP_OK ? check_free_components(&marks, ret_why) : err;
    err = err == ATP_OK ? check_uses(&marks, ret_why) : err;
    err = err == ATP_OK ? check_component_lines(ledger, ret_why) : err;
    free(marks.is_on_chain);
    return err;
}

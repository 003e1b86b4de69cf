#include "engine/ledger/kits/kits.h"

#include "engine/ledger/catalog/catalog.h"

#include <string.h>

atp_err_t atp_kits_init_marks(atp_kits_t *kits, uint64_t kit_capacity)
{
    atp_err_t err = atp_arena_reserve(&kits->marks_arena, kit_capacity * sizeof(atp_kit_mark_t));

    kits->marks = (atp_kit_mark_t *)(void *)kits->marks_arena.base;
    return err;
}

void atp_kits_fini_marks(atp_kits_t *kits)
{
    atp_arena_release(&kits->marks_arena);
}

static atp_kit_t *kit_at(const atp_kits_t *kits, uint32_t number)
{
    return atp_table_at(&kits->records, number);
}

static atp_component_t *component_at(const atp_kits_t *kits, uint32_t number)
{
    return atp_table_at(&kits->components, number);
}

static atp_sku_record_t *sku_at(const atp_kits_t *kits, uint32_t sku)
{
    return atp_table_at(kits->skus, sku);
}

/* ---- reading ---- */

bool atp_kits_of_sku(const atp_kits_t *kits, uint32_t sku, uint32_t *ret_kit)
{
    /* Acquire pairs with the release in kit_of: the record before its number. */
    uint32_t link = atp_load_acquire(&sku_at(kits, sku)->kit);

    if (link == 0) {
        return false;
    }
    *ret_kit = link - 1;
    return true;
}

uint32_t atp_kits_level(const atp_kits_t *kits, uint32_t kit)
{
    uint32_t level = atp_load_relaxed(&kit_at(kits, kit)->level);

    return level < ATP_KIT_DEPTH_MAX ? level : ATP_KIT_DEPTH_MAX;
}

atp_recipe_walk_t atp_kits_recipe(const atp_kits_t *kits, uint32_t kit)
{
    uint32_t count = atp_load_relaxed(&kit_at(kits, kit)->count);

    return (atp_recipe_walk_t){kits, atp_load_relaxed(&kit_at(kits, kit)->first),
                               count < ATP_KIT_ENTRIES_MAX ? count : ATP_KIT_ENTRIES_MAX};
}

bool atp_kits_next(atp_recipe_walk_t *walk, atp_recipe_line_t *ret_line)
{
    /* A chain that is being replaced may lead anywhere in the table, never out of it. */
    if (walk->at == 0 || walk->left == 0) {
        return false;
    }
    atp_component_t *component = component_at(walk->kits, walk->at - 1);
    /* Relaxed: the stamp of the ledger says whether all that was read is of one op. */
    *ret_line =
        (atp_recipe_line_t){atp_load_relaxed(&component->sku), atp_load_relaxed(&component->qty),
                            atp_load_relaxed(&component->start_ms), atp_load_relaxed(&component->end_ms)};
    walk->at = atp_load_relaxed(&component->next);
    walk->left--;
    return true;
}

/* ---- reading upwards ---- */

uint64_t atp_kits_revision(const atp_kits_t *kits)
{
    /* KITS-R1 (acquire) pairs with KITS-W2. Orders: the revision before the chains read after it. Without it a reader
     * walks a chain of before under the revision of after. */
    return atp_load_acquire(&((atp_kits_t *)kits)->revision);
}

bool atp_kits_revision_holds(const atp_kits_t *kits, uint64_t revision)
{
    /* KITS-R2 (acquire fence) pairs with KITS-W1. Orders: the chains before the second look at the revision. Without it
     * a reader takes a link of a chain that is being replaced under a revision that seems to hold. */
    atp_fence_acquire();
    return (revision & 1) == 0 && atp_load_relaxed(&((atp_kits_t *)kits)->revision) == revision;
}

static void begin_replace(atp_kits_t *kits)
{
    atp_store_relaxed(&kits->revision, atp_load_relaxed(&kits->revision) + 1);
    /* KITS-W1 (release fence) pairs with KITS-R2. Orders: the odd revision before the chains. */
    atp_fence_release();
}

static void end_replace(atp_kits_t *kits, uint32_t sku)
{
    uint64_t revision = atp_load_relaxed(&kits->revision);

    atp_store_relaxed(&kits->changed[revision / 2 % ATP_KITS_CHANGED_MAX], sku);
    /* KITS-W2 (release) pairs with KITS-R1. Orders: the chains before the even revision. */
    atp_store_release(&kits->revision, revision + 1);
}

void atp_kits_note_changed(atp_kits_t *kits, uint32_t sku)
{
    begin_replace(kits);
    end_replace(kits, sku);
}

atp_uses_walk_t atp_kits_uses(const atp_kits_t *kits, uint32_t sku)
{
    /* Relaxed, here and in next_use: the revision says whether all that was read is of one state. */
    return (atp_uses_walk_t){kits, atp_load_relaxed(&sku_at(kits, sku)->first_use)};
}

bool atp_kits_next_use(atp_uses_walk_t *walk, uint32_t *ret_sku)
{
    if (walk->at == 0) {
        return false;
    }
    atp_component_t *component = component_at(walk->kits, walk->at - 1);
    *ret_sku = atp_load_relaxed(&kit_at(walk->kits, atp_load_relaxed(&component->kit))->sku);
    walk->at = atp_load_relaxed(&component->next_use);
    return true;
}

bool atp_kits_is_used(const atp_kits_t *kits, uint32_t sku)
{
    return atp_load_relaxed(&sku_at(kits, sku)->first_use) != 0;
}

uint64_t atp_kits_changes(const atp_kits_t *kits)
{
    return atp_kits_revision(kits) / 2;
}

bool atp_kits_changed(const atp_kits_t *kits, uint64_t change, uint32_t *ret_sku)
{
    *ret_sku = atp_load_relaxed(&((atp_kits_t *)kits)->changed[change % ATP_KITS_CHANGED_MAX]);
    atp_fence_acquire(); /* KITS-R2: the SKU before the second look */
    /* One that is being replaced may already have written over the oldest. */
    return atp_load_relaxed(&((atp_kits_t *)kits)->revision) / 2 < change + ATP_KITS_CHANGED_MAX;
}

/* ---- looking: what a new recipe makes of the kits above it ---- */

static bool is_marked(const atp_kits_t *kits, uint32_t kit)
{
    return kits->marks[kit].round == kits->round;
}

/* Finds every kit that has the SKU in it, at any depth. The walk goes up and levels rise: it is at most ATP_KIT_DEPTH_MAX deep. */
static void mark_kits_above(atp_kits_t *kits, uint32_t sku)
{
    for (uint32_t at = atp_load_relaxed(&sku_at(kits, sku)->first_use); at != 0;) {
        atp_component_t *component = component_at(kits, at - 1);
        uint32_t kit = atp_load_relaxed(&component->kit);
        if (!is_marked(kits, kit)) {
            uint32_t place = kits->found++;
            kits->marks[kit].round = kits->round;
            kits->marks[kit].is_done = false;
            kits->marks[place].kit = kit;
            mark_kits_above(kits, atp_load_relaxed(&kit_at(kits, kit)->sku));
        }
        at = atp_load_relaxed(&component->next_use);
    }
}

/* Adds one component to the size of what it is in. Far above the limits nothing more is added. */
static void grow(atp_kit_size_t *size, atp_kit_size_t component)
{
    size->level = component.level + 1 > size->level ? component.level + 1 : size->level;
    size->entries += size->entries > ATP_KIT_ENTRIES_MAX ? 0 : 1 + component.entries;
}

/* The size of a SKU once the change is made. Marked kits are worked out anew, each once. */
static atp_kit_size_t size_of(atp_kits_t *kits, uint32_t sku)
{
    uint32_t link = atp_load_relaxed(&sku_at(kits, sku)->kit);
    atp_kit_size_t size = {0, 0};

    if (sku == kits->planned_sku) {
        return kits->planned;
    }
    if (link == 0) {
        return size;
    }
    const atp_kit_t *kit = kit_at(kits, link - 1);
    atp_kit_mark_t *mark = &kits->marks[link - 1];
    if (!is_marked(kits, link - 1)) {
        return (atp_kit_size_t){atp_kits_level(kits, link - 1), kit->entries};
    }
    if (!mark->is_done) {
        for (uint32_t at = atp_load_relaxed(&((atp_kit_t *)kit)->first); at != 0;) {
            atp_component_t *component = component_at(kits, at - 1);
            grow(&size, size_of(kits, atp_load_relaxed(&component->sku)));
            at = atp_load_relaxed(&component->next);
        }
        mark->size = size;
        mark->is_done = true;
    }
    return mark->size;
}

static bool is_too_large(atp_kit_size_t size)
{
    return size.level > ATP_KIT_DEPTH_MAX || size.entries > ATP_KIT_ENTRIES_MAX;
}

static atp_verdict_t look_for_cycle(const atp_kits_t *kits, uint32_t sku, const atp_recipe_line_t *lines,
                                    uint32_t count, uint32_t *ret_line)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t link = atp_load_relaxed(&sku_at(kits, lines[i].sku)->kit);
        if (lines[i].sku == sku || (link != 0 && is_marked(kits, link - 1))) {
            *ret_line = i;
            return ATP_KIT_CYCLE;
        }
    }
    return ATP_APPLIED;
}

static atp_verdict_t look_for_size(atp_kits_t *kits, const atp_recipe_line_t *lines, uint32_t count,
                                   uint32_t *ret_line)
{
    atp_kit_size_t size = {0, 0};

    for (uint32_t i = 0; i < count; i++) {
        grow(&size, size_of(kits, lines[i].sku));
        if (is_too_large(size)) {
            *ret_line = i;
            return ATP_KIT_TOO_LARGE;
        }
    }
    kits->planned = size;
    *ret_line = 0;
    for (uint32_t i = 0; i < kits->found; i++) {
        if (is_too_large(size_of(kits, atp_load_relaxed(&kit_at(kits, kits->marks[i].kit)->sku)))) {
            return ATP_KIT_TOO_LARGE;
        }
    }
    return ATP_APPLIED;
}

static uint32_t count_of(const atp_kits_t *kits, uint32_t sku)
{
    uint32_t link = atp_load_relaxed(&sku_at(kits, sku)->kit);

    return link == 0 ? 0 : atp_load_relaxed(&kit_at(kits, link - 1)->count);
}

atp_verdict_t atp_kits_look(atp_kits_t *kits, uint32_t sku, const atp_recipe_line_t *lines, uint32_t count,
                            uint32_t *ret_line)
{
    kits->round++;
    kits->found = 0;
    kits->planned_sku = sku;
    kits->planned = (atp_kit_size_t){0, 0};
    mark_kits_above(kits, sku);
    atp_verdict_t verdict = look_for_cycle(kits, sku, lines, count, ret_line);
    verdict = verdict == ATP_APPLIED ? look_for_size(kits, lines, count, ret_line) : verdict;
    if (verdict != ATP_APPLIED) {
        return verdict;
    }
    if (count > 0 && atp_load_relaxed(&sku_at(kits, sku)->kit) == 0 &&
        !atp_table_has_room(&kits->records, 1)) {
        return ATP_KITS_FULL;
    }
    uint32_t kept = kits->heads->free_count + count_of(kits, sku);
    bool fits = count <= kept || atp_table_has_room(&kits->components, count - kept);
    return fits ? ATP_APPLIED : ATP_COMPONENTS_FULL;
}

/* ---- changing ---- */

/* The record of the SKU, added if it has none. */
static uint32_t kit_of(atp_kits_t *kits, uint32_t sku)
{
    uint32_t link = atp_load_relaxed(&sku_at(kits, sku)->kit);

    if (link == 0) {
        uint32_t number = (uint32_t)atp_table_count(&kits->records);
        ATP_ASSERT(atp_table_has_room(&kits->records, 1)); /* looked at */
        atp_store_relaxed(&((atp_kit_t *)atp_table_change(&kits->records, number))->sku, sku);
        atp_table_append(&kits->records, 1);
        atp_arena_note_used(&kits->marks_arena, ((size_t)number + 1) * sizeof(atp_kit_mark_t));
        atp_sku_record_t *record = atp_table_change(kits->skus, sku);
        link = number + 1;
        atp_store_release(&record->kit, link);
    }
    return link - 1;
}

/* Puts a component at the head of the uses of its SKU, and takes it out again. */
static void add_use(atp_kits_t *kits, uint32_t number)
{
    atp_component_t *component = component_at(kits, number);
    atp_sku_record_t *sku = atp_table_change(kits->skus, atp_load_relaxed(&component->sku));

    uint32_t first = atp_load_relaxed(&sku->first_use);

    atp_store_relaxed(&component->next_use, first);
    component->previous_use = 0;
    if (first != 0) {
        atp_component_t *next = atp_table_change(&kits->components, first - 1);
        next->previous_use = number + 1;
    }
    atp_store_relaxed(&sku->first_use, number + 1);
}

static void drop_use(atp_kits_t *kits, atp_component_t *component)
{
    uint32_t next_use = atp_load_relaxed(&component->next_use);

    if (next_use != 0) {
        atp_component_t *next = atp_table_change(&kits->components, next_use - 1);
        next->previous_use = component->previous_use;
    }
    if (component->previous_use != 0) {
        atp_component_t *previous = atp_table_change(&kits->components, component->previous_use - 1);
        atp_store_relaxed(&previous->next_use, next_use);
        return;
    }
    atp_sku_record_t *sku = atp_table_change(kits->skus, atp_load_relaxed(&component->sku));
    atp_store_relaxed(&sku->first_use, next_use);
}

static void clear(atp_kits_t *kits, atp_kit_t *kit)
{
    uint32_t at = atp_load_relaxed(&kit->first);

    atp_store_relaxed(&kit->first, 0);
    atp_store_relaxed(&kit->count, 0);
    while (at != 0) {
        atp_component_t *component = atp_table_change(&kits->components, at - 1);
        uint32_t next = atp_load_relaxed(&component->next);
        drop_use(kits, component);
        atp_store_relaxed(&component->kit, 0);
        atp_store_relaxed(&component->next_use, 0);
        component->previous_use = 0;
        atp_store_relaxed(&component->sku, 0);
        atp_store_relaxed(&component->qty, 0);
        atp_store_relaxed(&component->start_ms, 0);
        atp_store_relaxed(&component->end_ms, 0);
        atp_store_relaxed(&component->next, kits->heads->free);
        kits->heads->free = at;
        kits->heads->free_count++;
        at = next;
    }
}

static uint32_t take_component(atp_kits_t *kits)
{
    uint32_t number = kits->heads->free;

    if (number == 0) {
        return (uint32_t)atp_table_append(&kits->components, 1);
    }
    kits->heads->free = atp_load_relaxed(&component_at(kits, number - 1)->next);
    kits->heads->free_count--;
    return number - 1;
}

static uint32_t add_component(atp_kits_t *kits, uint32_t kit, const atp_recipe_line_t *line)
{
    uint32_t number = take_component(kits);
    atp_component_t *component = atp_table_change(&kits->components, number);

    atp_store_relaxed(&component->kit, kit);
    atp_store_relaxed(&component->next, 0);
    atp_store_relaxed(&component->sku, line->sku);
    atp_store_relaxed(&component->qty, line->qty);
    atp_store_relaxed(&component->start_ms, line->start_ms);
    atp_store_relaxed(&component->end_ms, line->end_ms);
    add_use(kits, number);
    return number;
}

/* Writes the sizes that atp_kits_look worked out for the kits above. */
static void resize_kits_above(atp_kits_t *kits)
{
    for (uint32_t i = 0; i < kits->found; i++) {
        uint32_t number = kits->marks[i].kit;
        const atp_kit_mark_t *mark = &kits->marks[number];
        atp_kit_t *kit = atp_table_change(&kits->records, number);
        ATP_ASSERT(is_marked(kits, number) && mark->is_done);
        atp_store_relaxed(&kit->level, mark->size.level);
        kit->entries = mark->size.entries;
    }
}

static void put_components(atp_kits_t *kits, uint32_t number, const atp_recipe_line_t *lines, uint32_t count)
{
    atp_kit_t *kit = atp_table_change(&kits->records, number);
    uint32_t last = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t added = add_component(kits, number, &lines[i]) + 1;
        if (last == 0) {
            atp_store_relaxed(&kit->first, added);
        } else {
            atp_store_relaxed(&component_at(kits, last - 1)->next, added);
        }
        last = added;
    }
}

void atp_kits_replace(atp_kits_t *kits, uint32_t sku, const atp_recipe_line_t *lines, uint32_t count)
{
    ATP_ASSERT(kits->planned_sku == sku); /* looked at */
    if (count == 0 && atp_load_relaxed(&sku_at(kits, sku)->kit) == 0) {
        return; /* it never was one */
    }
    begin_replace(kits);
    uint32_t number = kit_of(kits, sku);
    atp_kit_t *kit = atp_table_change(&kits->records, number);
    clear(kits, kit);
    put_components(kits, number, lines, count);
    atp_store_relaxed(&kit->count, count);
    atp_store_relaxed(&kit->level, kits->planned.level);
    kit->entries = kits->planned.entries;
    resize_kits_above(kits);
    end_replace(kits, sku);
}

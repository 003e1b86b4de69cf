/* Kits: what a SKU is put together from.
 *
 * A SKU that is a kit has a recipe, a chain of components: so many of that SKU for one whole kit, each valid from a
 * start to an end. A component may be a kit itself. A recipe is replaced as a whole; an empty one means that the SKU is a
 * kit no more. What can be assembled from what is there is bill.h.
 *
 * Threads     plan, replace, rebuild: ledger thread.   of_sku, recipe, next: any thread, no lock; what they say is of one op
 *             if the stamp of the ledger held (atp_ledger_stamp), else it may mix two recipes. Walks are bounded either way.
 *             uses, changed: any thread, no lock; what they say counts while the revision holds.
 * Memory      24 bytes a kit (and 24 of scratch), 48 a component; reserved at init.
 * Invariants  K1  the chain of a kit has as many components as its record counts, none of them the kit.
 *             K2  level = 1 + the highest level of its components (a plain SKU: 0), at most ATP_KIT_DEPTH_MAX;
 *                 entries = the sum over its components of 1 + their entries, at most ATP_KIT_ENTRIES_MAX.
 *                 So no kit contains itself.
 *             K3  a component is in the chain of uses of its SKU, and nothing else is.
 *             K4  every component is on one chain: of its kit, or of the free ones.
 *             K5  a reservation's line that is a component names a line of the same reservation, for as many kits as its
 *                 fellows; they stand right after that line.
 *             K6  a component that has a recipe of its own is in another's in whole units: each kit is put together whole. */
#ifndef ATP_LEDGER_KITS_H
#define ATP_LEDGER_KITS_H

#include "engine/base/atomics.h"
#include "engine/base/qty.h"
#include "engine/base/verdict.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_KIT_DEPTH_MAX   8   /* kits in kits in kits */
#define ATP_KIT_ENTRIES_MAX 512 /* components of one kit, with those of its kits, and of theirs */

/* Never removed: once a kit, a SKU keeps its record, with or without a recipe. */
typedef struct atp_kit {
    _Atomic uint32_t sku;
    _Atomic uint32_t first; /* component + 1; 0 = no kit any more */
    _Atomic uint32_t count;
    _Atomic uint32_t level;
    uint32_t entries;
    uint32_t unused;
} atp_kit_t;

typedef struct atp_component {
    _Atomic uint32_t sku;
    _Atomic uint32_t next;     /* of the kit, or of the free chain: component + 1 */
    _Atomic uint32_t kit;      /* number */
    _Atomic uint32_t next_use; /* of its SKU: component + 1 */
    uint32_t previous_use;
    uint32_t unused;
    _Atomic int64_t qty;      /* for one whole kit, in the scale of `sku` */
    _Atomic int64_t start_ms; /* valid from then on; 0 = from ever */
    _Atomic int64_t end_ms;   /* and no more from then on; 0 = for ever */
} atp_component_t;

_Static_assert(sizeof(atp_kit_t) == 24 && sizeof(atp_component_t) == 48, "stored: no padding");

typedef struct atp_kit_heads {
    uint32_t free; /* component + 1 */
    uint32_t free_count;
} atp_kit_heads_t;

typedef struct atp_kit_size {
    uint32_t level;
    uint32_t entries;
} atp_kit_size_t;

/* What a change of a recipe would make of a kit above it; ledger thread, not state. */
typedef struct atp_kit_mark {
    uint64_t round; /* counts in that round only */
    uint32_t kit;   /* the list of those found in the round: the number of entry i */
    bool is_done;
    atp_kit_size_t size;
} atp_kit_mark_t;

#define ATP_KITS_CHANGED_MAX 1024 /* a power of two */

/* When components begin and end: from such a moment on their kits are put together of something else. Ledger thread, not state. */
typedef struct atp_kit_dates {
    int64_t next_ms; /* none comes before; 0 = none comes */
    int64_t told_ms; /* those up to then have been told */
    int64_t to_ms;   /* of the look that is under way */
    int64_t later_ms;
    uint64_t at; /* the kit it looks at next; 0 = none is under way */
} atp_kit_dates_t;

typedef struct atp_kits {
    atp_table_t records;
    atp_table_t components;
    atp_table_t *skus; /* borrowed */
    atp_kit_heads_t *heads;
    atp_arena_t marks_arena;
    atp_kit_mark_t *marks; /* one a kit */
    uint64_t round;
    uint32_t found;
    uint32_t planned_sku; /* whose recipe was looked at last, and its size with that */
    atp_kit_size_t planned;
    atp_kit_dates_t dates;
    /* read by any thread; not state */
    _Atomic uint64_t revision; /* twice the recipes replaced since the start; odd: one is being replaced */
    _Atomic uint32_t changed[ATP_KITS_CHANGED_MAX]; /* the SKU of change i at i modulo the size */
} atp_kits_t;

/* One component as the op names it or a reader reads it. */
typedef struct atp_recipe_line {
    uint32_t sku;
    atp_qty_t qty;
    int64_t start_ms;
    int64_t end_ms;
} atp_recipe_line_t;

/* Scratch for so many kits. ATP_ERR_MEMORY: the address space was refused. */
ATP_MUST_USE atp_err_t atp_kits_init_marks(atp_kits_t *kits, uint64_t kit_capacity);
void atp_kits_fini_marks(atp_kits_t *kits);

/* ---- reading, any thread ---- */

/* The kit's number, if the SKU is or was one. */
bool atp_kits_of_sku(const atp_kits_t *kits, uint32_t sku, uint32_t *ret_kit);

/* How high the kit stands: 0 = it has no recipe; else 1 + the highest of its components, at most ATP_KIT_DEPTH_MAX. */
uint32_t atp_kits_level(const atp_kits_t *kits, uint32_t kit);

/* Walks a recipe, in its order:
 *     atp_recipe_walk_t walk = atp_kits_recipe(kits, kit);
 *     while (atp_kits_next(&walk, &line)) { ... } */
typedef struct atp_recipe_walk {
    const atp_kits_t *kits;
    uint32_t at;
    uint32_t left;
} atp_recipe_walk_t;

atp_recipe_walk_t atp_kits_recipe(const atp_kits_t *kits, uint32_t kit);
bool atp_kits_next(atp_recipe_walk_t *walk, atp_recipe_line_t *ret_line);

static inline bool atp_recipe_line_is_valid(const atp_recipe_line_t *line, int64_t now_ms)
{
    return line->start_ms <= now_ms && (line->end_ms == 0 || now_ms < line->end_ms);
}

/* Walks the kits that a SKU is a component of, one level up:
 *     uint64_t revision = atp_kits_revision(kits);
 *     atp_uses_walk_t walk = atp_kits_uses(kits, sku);
 *     while (atp_kits_next_use(&walk, &kit_sku)) {
 *         if (!atp_kits_revision_holds(kits, revision)) { begin again; what came so far may be wrong, and not all }
 *     }
 * A walk through chains that are being replaced leads nowhere out of the tables, but need not end. */
typedef struct atp_uses_walk {
    const atp_kits_t *kits;
    uint32_t at;
} atp_uses_walk_t;

uint64_t atp_kits_revision(const atp_kits_t *kits);
bool atp_kits_revision_holds(const atp_kits_t *kits, uint64_t revision);
atp_uses_walk_t atp_kits_uses(const atp_kits_t *kits, uint32_t sku);
bool atp_kits_next_use(atp_uses_walk_t *walk, uint32_t *ret_sku);

/* True if the SKU is in a recipe. */
bool atp_kits_is_used(const atp_kits_t *kits, uint32_t sku);

/* How many recipes have been replaced, or have become another by a date, since the start, and the SKU of the one numbered `change` (from 0). False: it is no
 * longer kept, ATP_KITS_CHANGED_MAX newer ones are. */
uint64_t atp_kits_changes(const atp_kits_t *kits);
bool atp_kits_changed(const atp_kits_t *kits, uint64_t change, uint32_t *ret_sku);

/* ---- the records, ledger thread ---- */

static inline uint32_t atp_kits_sku(const atp_kits_t *kits, uint32_t kit)
{
    return atp_load_relaxed(&((atp_kit_t *)atp_table_at(&kits->records, kit))->sku);
}

/* Components of the kit, with those of its kits, and of theirs. */
static inline uint32_t atp_kits_entries(const atp_kits_t *kits, uint32_t kit)
{
    return ((const atp_kit_t *)atp_table_at(&kits->records, kit))->entries;
}

/* ---- changing, ledger thread ---- */

/* Whether the recipe of `sku` can become these lines: KIT_TOO_LARGE, KIT_CYCLE (the line at fault in *ret_line), KITS_FULL,
 * COMPONENTS_FULL, or ATP_APPLIED. Changes no state. */
ATP_MUST_USE atp_verdict_t atp_kits_look(atp_kits_t *kits, uint32_t sku, const atp_recipe_line_t *lines,
                                         uint32_t count, uint32_t *ret_line);

/* Makes it so: atp_kits_look has just said ATP_APPLIED for the same. */
void atp_kits_replace(atp_kits_t *kits, uint32_t sku, const atp_recipe_line_t *lines, uint32_t count);

/* Says that the recipe of a kit is another from now on. */
void atp_kits_note_changed(atp_kits_t *kits, uint32_t sku);

/* ---- components that begin or end: kit_dates.c ---- */

/* Notes the dates of a new recipe, and of all recipes. */
void atp_kits_note_dates(atp_kits_t *kits, const atp_recipe_line_t *lines, uint32_t count, int64_t now_ms);
void atp_kits_find_dates(atp_kits_t *kits, int64_t now_ms);
/* The first moment after `after_ms` at which a component of the kit begins or ends; 0 = none. */
int64_t atp_kits_next_date(const atp_kits_t *kits, uint32_t kit, int64_t after_ms);
/* True if a component has begun or ended since that was looked at. */
bool atp_kits_is_date_due(const atp_kits_t *kits, int64_t now_ms);
/* Notes the kits of those as changed, after looking at up to `limit` kits; the next call goes on. */
void atp_kits_tell_dates(atp_kits_t *kits, int64_t now_ms, uint64_t limit);

#endif

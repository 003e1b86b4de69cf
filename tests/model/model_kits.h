/* The reference model of kits: what can be put together, written as plainly as it can be.
 *
 * It takes kits apart one by one, component by component, each time from a copy of what is there; no levels, no bill. SKUs
 * and nodes are small numbers, all scales are 0. */
#ifndef ATP_TESTS_MODEL_MODEL_KITS_H
#define ATP_TESTS_MODEL_MODEL_KITS_H

#include "engine/base/qty.h"

#include <stdbool.h>
#include <stdint.h>

#define MODEL_KIT_SKUS       10
#define MODEL_KIT_NODES      3
#define MODEL_KIT_COMPONENTS 4
#define MODEL_KIT_RECORDS    64 /* reservations that live, or were shipped last */
#define MODEL_KIT_LINES      64

typedef struct model_component {
    unsigned sku;
    atp_qty_t qty;
    int64_t start_ms;
    int64_t end_ms;
} model_component_t;

typedef struct model_recipe {
    unsigned count;
    model_component_t components[MODEL_KIT_COMPONENTS];
} model_recipe_t;

/* One line of a reservation: so many taken as such, and `left` kits that were put together of `parts` each. */
typedef struct model_kit_line {
    unsigned sku;
    unsigned node;
    atp_qty_t stocked;
    atp_qty_t left;
    atp_qty_t parts[MODEL_KIT_SKUS];
} model_kit_line_t;

typedef struct model_kit_reservation {
    bool is_live;
    bool is_shipped; /* and can come back */
    bool is_track_only;
    unsigned number; /* its id */
    int64_t deadline_ms;
    unsigned line_count;
    model_kit_line_t lines[MODEL_KIT_LINES];
} model_kit_reservation_t;

typedef struct model_kits {
    int64_t now_ms;
    model_recipe_t recipes[MODEL_KIT_SKUS];
    atp_qty_t on_hand[MODEL_KIT_NODES][MODEL_KIT_SKUS];
    model_kit_reservation_t reservations[MODEL_KIT_RECORDS];
} model_kits_t;

typedef atp_qty_t model_shelf_t[MODEL_KIT_NODES][MODEL_KIT_SKUS];

/* The verdict for a recipe; applied if it is good. */
bool model_kits_has_cycle(const model_kits_t *model, unsigned kit, const model_recipe_t *recipe);
unsigned model_kits_depth(const model_kits_t *model, unsigned kit);
unsigned model_kits_entries(const model_kits_t *model, unsigned kit);

void model_kits_expire(model_kits_t *model);

/* What is free of a SKU as such: signed. */
atp_qty_t model_kits_free(const model_kits_t *model, unsigned node, unsigned sku);

/* How many of the SKU can be had at the node, stocked or put together. */
atp_qty_t model_kits_available(const model_kits_t *model, unsigned node, unsigned sku);

/* Takes `qty` of the SKU from `free` (and notes it in `taken`), stocked ones first; false if there are not as many. */
bool model_kits_take(const model_kits_t *model, unsigned sku, atp_qty_t qty, atp_qty_t *free,
                     atp_qty_t *taken);

/* The same of what was sold already: what is there first, then whatever its components have, below 0 too. */
void model_kits_take_all(const model_kits_t *model, unsigned sku, atp_qty_t qty, atp_qty_t *free,
                         atp_qty_t *taken);

/* True if the SKU has a recipe with something in it now. */
bool model_kits_is_kit(const model_kits_t *model, unsigned sku);

/* Units that one line holds of a SKU. */
atp_qty_t model_kits_held(const model_kit_line_t *line, unsigned sku);

/* What the reservation has of a SKU asked for as such, at a node (MODEL_KIT_NODES: anywhere). */
atp_qty_t model_kits_has(const model_kit_reservation_t *record, unsigned sku, unsigned node);

/* Gives back `qty` of that: kits before stocked ones, the last line first. */
void model_kits_give_back(model_kit_reservation_t *record, unsigned sku, unsigned node, atp_qty_t qty);

/* One line that is asked for. */
typedef struct model_kit_wanted {
    unsigned sku;
    unsigned node; /* MODEL_KIT_NODES: any */
    atp_qty_t qty;
} model_kit_wanted_t;

/* What is free of everything everywhere; not below 0, unless that is told. */
void model_kits_copy_free(const model_kits_t *model, bool is_signed, model_shelf_t free);

/* Adds what there is of the line to the record: node by node if that is enough, else where there is most first. `own`: from those
 * nodes only. Returns how many. */
atp_qty_t model_kits_take_line(const model_kits_t *model, const model_kit_wanted_t *wanted, const bool *own,
                               bool is_edit, model_shelf_t free, model_kit_reservation_t *record);

#endif

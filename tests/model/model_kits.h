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
#define MODEL_KIT_RECORDS    64 /* reservations that live */

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

/* What one reservation has reserved. */
typedef struct model_kit_reservation {
    bool is_live;
    unsigned number; /* its id */
    int64_t deadline_ms;
    atp_qty_t units[MODEL_KIT_NODES][MODEL_KIT_SKUS];
} model_kit_reservation_t;

typedef struct model_kits {
    int64_t now_ms;
    model_recipe_t recipes[MODEL_KIT_SKUS];
    atp_qty_t on_hand[MODEL_KIT_NODES][MODEL_KIT_SKUS];
    model_kit_reservation_t reservations[MODEL_KIT_RECORDS];
} model_kits_t;

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

#endif

/* What a shadow and the source that it is compared with say of a SKU at a node.
 *
 * A record for each shadow, SKU and node of which either has told something: the sums of the changes of on-hand that each has
 * told, and the last count of each. What they tell is compared, not what became of it. A record counts for the comparison that it
 * was made in (its round): when another begins it is as if it were not there. Records stay; when all are in use, what has none is not
 * compared, and its shadow counts that. Of two SKUs that are merged what was told of both is one.
 *
 * Threads     ledger thread only.
 * Memory      56 bytes a record and an index entry, reserved at init.
 * Invariants  N7  each (shadow, SKU, node) is found through the index at exactly one record. */
#ifndef ATP_LEDGER_DIFFERENCES_H
#define ATP_LEDGER_DIFFERENCES_H

#include "engine/base/qty.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/table.h"

#include <stdbool.h>
#include <stdint.h>

#define ATP_COUNTED_APPLIED 0x01u
#define ATP_COUNTED_SHADOW  0x02u

typedef struct atp_difference {
    uint64_t round;           /* of the comparison that it counts for */
    atp_qty_t applied;        /* changes that the source has told, added up; stops at +-ATP_QTY_MAX */
    atp_qty_t shadowed;       /* the shadow's */
    atp_qty_t applied_count;  /* the last count of the source */
    atp_qty_t shadowed_count; /* the shadow's */
    uint32_t sku;
    uint32_t shadow; /* number of the source */
    uint16_t node;
    uint8_t counted; /* ATP_COUNTED_* */
    uint8_t unused[5];
} atp_difference_t;

_Static_assert(sizeof(atp_difference_t) == 56, "stored: no padding");

typedef struct atp_differences {
    atp_table_t records;
    atp_index_t index;
    const uint64_t *seed; /* borrowed */
} atp_differences_t;

/* One quantity that was told. */
typedef struct atp_compared {
    uint64_t round;
    uint32_t shadow;
    uint32_t sku;
    uint16_t node;
    bool is_count;
    bool is_by_shadow;
    atp_qty_t qty; /* the count, or the change */
} atp_compared_t;

/* Notes it. False: there is no room for a record. */
bool atp_differences_note(atp_differences_t *differences, const atp_compared_t *told);

/* What was told of SKU `from` was told of `to`, from now on and before. */
void atp_differences_merge(atp_differences_t *differences, uint32_t from, uint32_t to);

/* True if the two do not say the same. */
static inline bool atp_difference_is_one(const atp_difference_t *difference)
{
    return difference->applied != difference->shadowed ||
           (difference->counted != 0 && (difference->counted != (ATP_COUNTED_APPLIED | ATP_COUNTED_SHADOW) ||
                                         difference->applied_count != difference->shadowed_count));
}

void atp_differences_rebuild(atp_differences_t *differences);
/* True if record `number` is found by what it names (N7). */
bool atp_differences_is_found(const atp_differences_t *differences, uint32_t number);

#endif

/* Units of quantities: what a case, a dozen or a pack of twelve is of a SKU.
 *
 * A unit is a fraction: `is` of the SKU's own unit for `for` of it, exactly. One of a SKU comes before one of all SKUs with the same
 * name. A quantity in a unit becomes one in the SKU's scale, or there is none: nothing is rounded.
 *
 * Records are never removed: one that is dropped keeps its name and can be used anew.
 *
 * Threads     ledger thread only.
 * Invariants  U1  each record is found through the index by its name and SKU, and nothing else is. */
#ifndef ATP_LEDGER_UNITS_H
#define ATP_LEDGER_UNITS_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/strings.h"
#include "engine/ledger/tables/table.h"

#define ATP_UNIT_OF_ALL UINT32_MAX /* of every SKU that has none of that name itself */

typedef struct atp_unit_record {
    uint32_t id_ref; /* its name */
    uint32_t sku;    /* or ATP_UNIT_OF_ALL */
    uint64_t hash;   /* of name and SKU */
    uint64_t created_op;
    int64_t numerator; /* 0 = dropped */
    int64_t denominator;
} atp_unit_record_t;

_Static_assert(sizeof(atp_unit_record_t) == 40, "stored: no padding");

typedef struct atp_units {
    atp_table_t records;
    atp_index_t index;
    const atp_table_t *strings; /* borrowed, as is the seed */
    const uint64_t *seed;
} atp_unit_book_t;

/* The record of exactly this name and SKU (or ATP_UNIT_OF_ALL), dropped or not; NULL: there is none. */
const atp_unit_record_t *atp_units_get(const atp_unit_book_t *units, atp_text_t name, uint32_t sku);

/* What the unit is of the SKU; NULL: nothing says it. */
const atp_unit_record_t *atp_units_find(const atp_unit_book_t *units, atp_text_t name, uint32_t sku);

/* The record of that name and SKU for a change, added if it is not there: `id_ref` is then its name. There is room (asserted). */
atp_unit_record_t *atp_units_need(atp_unit_book_t *units, atp_text_t name, uint32_t sku, uint32_t id_ref,
                                  uint64_t op);

/* mantissa * 10^-decimals of the unit, in `scale` of the SKU: exactly, or not at all. */
atp_rescale_t atp_unit_convert(const atp_unit_record_t *unit, atp_qty_t mantissa, uint8_t decimals,
                               uint8_t scale, atp_qty_t *ret_qty);

void atp_units_rebuild(atp_unit_book_t *units);

/* Looks at U1. */
ATP_MUST_USE atp_err_t atp_units_check(const atp_unit_book_t *units, atp_why_t *ret_why);

#endif

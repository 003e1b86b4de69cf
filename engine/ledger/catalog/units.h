/* Units of quantities: what a case, a dozen or a pack of twelve is of a SKU, of one teller or of all.
 *
 * A unit is a fraction: `is` of the SKU's own unit for `for` of it, exactly. A teller is a source or a client by its name, as of an alias
 * (aliases.h). Its own units come before those of all, and of either that of the SKU before that of every SKU: a unit is a word, and means
 * what who says it has told that it means (docs/decisions/0020-units-of-sources.md). A quantity in a unit becomes one in the SKU's
 * scale, or there is none: nothing is rounded.
 *
 * Records are never removed: one that is dropped keeps its name and can be used anew.
 *
 * Threads     ledger thread only.
 * Invariants  U1  each record is found through the index by its name, teller and SKU, and nothing else is.
 *             U2  `told` counts the records of tellers. */
#ifndef ATP_LEDGER_UNITS_H
#define ATP_LEDGER_UNITS_H

#include "engine/base/qty.h"
#include "engine/base/text.h"
#include "engine/ledger/tables/index.h"
#include "engine/ledger/tables/strings.h"
#include "engine/ledger/tables/table.h"

#define ATP_UNIT_OF_ALL UINT32_MAX /* of every SKU that has none of that name itself */

typedef struct atp_unit_record {
    uint32_t id_ref;     /* its name */
    uint32_t teller_ref; /* 0 = of all */
    uint64_t hash;       /* of name, teller and SKU */
    uint64_t created_op;
    int64_t numerator; /* 0 = dropped */
    int64_t denominator;
    uint32_t sku; /* or ATP_UNIT_OF_ALL */
    uint32_t unused;
} atp_unit_record_t;

_Static_assert(sizeof(atp_unit_record_t) == 48, "stored: no padding");

typedef struct atp_units {
    atp_table_t records;
    atp_index_t index;
    uint64_t told;              /* 0: what the teller is called need not be known */
    const atp_table_t *strings; /* borrowed, as is the seed */
    const uint64_t *seed;
} atp_unit_book_t;

/* A unit as it is told: its name, whose it is ("" = of all), and the SKU that it is of (or ATP_UNIT_OF_ALL). */
typedef struct atp_unit_key {
    atp_text_t name;
    atp_text_t teller;
    uint32_t sku;
} atp_unit_key_t;

/* The record of exactly that, dropped or not; NULL: there is none. */
const atp_unit_record_t *atp_units_get(const atp_unit_book_t *units, atp_unit_key_t key);

/* What the unit is of the SKU to the teller; NULL: nothing says it. */
const atp_unit_record_t *atp_units_find(const atp_unit_book_t *units, atp_unit_key_t key);

/* The record of exactly that for a change, added if it is not there: `refs` are then the names of the unit and of whose it is, 0 = of
 * all. There is room (asserted). */
atp_unit_record_t *atp_units_need(atp_unit_book_t *units, atp_unit_key_t key, const uint32_t refs[2],
                                  uint64_t op);

/* mantissa * 10^-decimals of the unit, in `scale` of the SKU: exactly, or not at all. */
atp_rescale_t atp_unit_convert(const atp_unit_record_t *unit, atp_qty_t mantissa, uint8_t decimals,
                               uint8_t scale, atp_qty_t *ret_qty);

void atp_units_rebuild(atp_unit_book_t *units);

/* Looks at U1 and U2. */
ATP_MUST_USE atp_err_t atp_units_check(const atp_unit_book_t *units, atp_why_t *ret_why);

#endif

/* What the names and units in a file mean: the ledger's aliases and units, as they were when they were asked for.
 *
 * A file is of a source, or of nobody in particular. A name in it is an id, an alias of its source, or an alias of all; no text is both an id
 * and an alias. A quantity in a unit becomes one in the SKU's own, exactly or not at all, by what the ledger says of the unit: that of the
 * source comes before that of all, and of either what it is of the SKU before what it is of all; then come what the profile says are the
 * SKU's own units. What nobody says anything of is a bad row.
 *
 * Threads     one fills; then any looks.
 * Memory      21 to 43 bytes an alias, unit or id; 24 more of an alias or unit, and the text that an alias means.
 * Invariants  N1  the same aliases and units (the source's and those of all) have the same digest, in whatever order they were added. */
#ifndef ATP_LOADERS_NAMES_H
#define ATP_LOADERS_NAMES_H

#include "loaders/load.h"

typedef enum atp_names_of { ATP_NAMES_OF_SKU = 1, ATP_NAMES_OF_NODE = 2 } atp_names_of_t;

/* `source`: whose file it is; "" = nobody's in particular. ATP_ERR_MEMORY. */
ATP_MUST_USE atp_err_t atp_names_create(atp_text_t source, atp_names_t **ret_names);
void atp_names_destroy(atp_names_t *names);

/* To `teller` ("" = all) `text` means the SKU, or node, `id`. ATP_ERR_MEMORY, ATP_ERR_LIMIT. */
ATP_MUST_USE atp_err_t atp_names_add_alias(atp_names_t *names, atp_names_of_t of, atp_text_t text,
                                           atp_text_t teller, atp_text_t id);
/* To `teller` ("" = all) `denominator` of the unit are `numerator` of the SKU's own; `sku` "" = of all. */
ATP_MUST_USE atp_err_t atp_names_add_unit(atp_names_t *names, atp_text_t unit, atp_text_t teller,
                                          atp_text_t sku, int64_t numerator, int64_t denominator);
/* There is such a SKU, or node. All of them are added where `atp_names_wants_ids`. */
ATP_MUST_USE atp_err_t atp_names_add_id(atp_names_t *names, atp_names_of_t of, atp_text_t id);
/* Whether rows are judged by which SKUs and nodes there are; whether units are asked about at all. */
bool atp_names_wants_ids(const atp_profile_t *profile);
bool atp_names_wants_units(const atp_profile_t *profile);

/* What a name in the file means: itself, unless it is an alias. Valid as long as `names`, or `name`. */
atp_text_t atp_names_meaning(const atp_names_t *names, atp_names_of_t of, atp_text_t name);

/* Puts ids in the place of names, and quantities in the SKU's own unit in the place of those in others. A row of aliases or units is
 * looked at: `is_there` when the ledger has it just so. `names` NULL: the ledger has none. Returns why the row cannot be taken,
 * ATP_REJECT_NONE: it can. */
atp_map_fault_t atp_names_resolve(const atp_names_t *names, const atp_profile_t *profile,
                                  atp_load_row_t *row);

/* N1 */
uint64_t atp_names_digest(const atp_names_t *names);

#endif

/* Aliases and units as the engine tells of them, taken apart.
 *
 * Threads     any.   Memory  texts are those of the entry. */
#ifndef ATP_CLI_ALIAS_ROWS_H
#define ATP_CLI_ALIAS_ROWS_H

#include "tools/atp/cli.h"

/* What `alias` means: a SKU or a node; the other one is "". */
typedef struct atp_alias_row {
    atp_text_t alias;
    atp_text_t sku;
    atp_text_t node;
    atp_text_t told_by; /* "" = to all */
} atp_alias_row_t;

/* `is` of the SKU's own unit for `per` of this one. */
typedef struct atp_unit_row {
    atp_text_t unit;
    atp_text_t sku;     /* "" = of all */
    atp_text_t told_by; /* "" = to all */
    uint64_t is;
    uint64_t per;
} atp_unit_row_t;

/* False: the words are not of this kind. */
ATP_MUST_USE bool atp_alias_row_read(const atp_catalog_entry_t *entry, atp_alias_row_t *ret_row);
ATP_MUST_USE bool atp_unit_row_read(const atp_catalog_entry_t *entry, atp_unit_row_t *ret_row);

#endif

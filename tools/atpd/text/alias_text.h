/* Aliases and units in words: "sku=bike-28 told_by=wms", "is=12 sku=bike-28 told_by=acme".
 *
 * Thread: ledger. */
#ifndef ATP_TOOLS_ATPD_ALIAS_TEXT_H
#define ATP_TOOLS_ATPD_ALIAS_TEXT_H

#include "engine/ledger/ledger.h"
#include "tools/atpd/text/rule_text.h"

/* The alias, or unit, with that number: its text, and the words. False: it means nothing now. An id may have blanks in it: that of the SKU
 * or node has *ret_size bytes (0: it is of all), and whose it is comes last. */
bool atp_alias_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id, int64_t *ret_size,
                    atp_rule_text_t *ret_text);
bool atp_unit_text(const atp_ledger_t *ledger, uint32_t number, atp_text_t *ret_id, int64_t *ret_size,
                   atp_rule_text_t *ret_text);

#endif

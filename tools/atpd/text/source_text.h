/* Sources in words: what `atp source` shows of them, and takes back. */
#ifndef ATP_TOOLS_ATPD_SOURCE_TEXT_H
#define ATP_TOOLS_ATPD_SOURCE_TEXT_H

#include "engine/ledger/catalog/catalog.h"
#include "protocol/message_records.h"
#include "tools/atpd/text/rule_text.h"

/* All of these: ledger thread. */

/* How many claims there are to ask for, those that are none counted. */
uint64_t atp_source_claim_texts(const atp_ledger_t *ledger);

/* One row of a list of sources: what it is of (a source, or a SKU), what the row's value is, and the rest in words:
 *     SOURCES         how it is registered: "kind=wms class=live sla_ms=60000", or "registered=no"
 *     SOURCE_STATES   how it is, and what it has told: "state=open epoch=3 missing=2 facts=40"
 *     SOURCE_CLAIMS   what it claims at a place: "node:berlin on_hand receipts:shared"
 *     DIFFERENCES     what a shadow and its source tell of a SKU at a node: "shadow=new-erp node=berlin applied=5 shadowed=4";
 *                     the value is how much more the shadow tells
 * False: there is nothing to tell. */
bool atp_source_row_text(const atp_ledger_t *ledger, atp_catalog_what_t what, uint64_t index,
                         const atp_named_record_t **ret_record, int64_t *ret_value,
                         atp_rule_text_t *ret_text);

#endif

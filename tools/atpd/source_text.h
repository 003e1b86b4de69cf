/* Sources in words: what `atp source` shows of them, and takes back. */
#ifndef ATP_TOOLS_ATPD_SOURCE_TEXT_H
#define ATP_TOOLS_ATPD_SOURCE_TEXT_H

#include "engine/ledger/catalog.h"
#include "tools/atpd/rule_text.h"

/* All of these: ledger thread. */

/* How it is registered: "kind=wms class=live sla_ms=60000". "registered=no" for one that is not. */
void atp_source_text(const atp_ledger_t *ledger, uint32_t source, atp_rule_text_t *ret_text);

/* How it is, and what it has told: "state=open epoch=3 low=17 missing=0 facts=40". */
void atp_source_state_text(const atp_ledger_t *ledger, uint32_t source, atp_rule_text_t *ret_text);

/* How many claims there are to ask for, those that are none counted; and one of them: "node:berlin on_hand receipts:shared".
 * False: that one is none. */
uint64_t atp_source_claim_texts(const atp_ledger_t *ledger);
bool atp_source_claim_text(const atp_ledger_t *ledger, uint64_t index, const atp_named_record_t **ret_source,
                           atp_rule_text_t *ret_text);

#endif
